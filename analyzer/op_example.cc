#include "analyzer/op_example.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "hw/custom_ops.h"
#include "ir/ops/rules.h"
#include "ir/text.h"
#include "passes/shapes.h"
#include "passes/work.h"

namespace assay {
namespace {

// What a row's example is made of.
struct Parts {
  std::vector<std::string> operands;
  std::string attributes;
  int results = 1;
};

// Names of the declaration are the sizes; what it leaves to the model is 1.
Parts PartsOf(const CustomOp& custom) {
  Parts parts;
  for (const CustomOp::Input& input : custom.inputs) {
    std::vector<std::string> dims;
    for (const std::string& axis : input.axes) dims.push_back(axis == "_" ? "?" : axis);
    if (input.any_rank) dims = {absl::StrCat(input.name, "_size")};
    parts.operands.push_back(absl::StrCat("f32[", absl::StrJoin(dims, ", "), "]"));
  }
  std::vector<std::string> attributes;
  for (const CustomOp::Attribute& a : custom.attributes) {
    attributes.push_back(absl::StrCat(a.name, " = ", a.required ? 1 : a.fallback));
  }
  parts.attributes = absl::StrJoin(attributes, ", ");
  parts.results = static_cast<int>(custom.outputs.size());
  return parts;
}

std::optional<Parts> FindParts(const OpRow& row) {
  if (row.custom != nullptr) return PartsOf(*row.custom);
  for (const OpExampleRow& e : OpExamples()) {
    if (e.domain != row.domain || e.name != row.name) continue;
    Parts parts;
    for (absl::string_view operand : absl::StrSplit(e.operands, ';')) {
      parts.operands.emplace_back(absl::StripAsciiWhitespace(operand));
    }
    parts.attributes = std::string(e.attributes);
    return parts;
  }
  // Whatever takes one tensor and makes one like it.
  if (row.role == Role::kPointwise && row.shape == SameAsFirst) return Parts{{"f32[b, 64]"}, "", 1};
  return std::nullopt;
}

// The example as a graph of one op.
std::string GraphText(const OpRow& row, const Parts& parts) {
  const std::vector<absl::string_view> versions = absl::StrSplit(row.versions, ' ');
  const absl::string_view domain = row.domain.empty() ? "" : row.domain;
  std::string args, weights;
  std::vector<std::string> operands, results;
  for (const std::string& operand : parts.operands) {
    if (operand == "_" || operand.empty()) {
      operands.push_back("_");
      continue;
    }
    const std::string name = absl::StrCat("%x", operands.size());
    absl::string_view type = operand;
    if (absl::ConsumePrefix(&type, "stored ") || absl::StrContains(type, '{')) {
      absl::StrAppend(&weights, "  weight ", name, " = ", type, "\n");
    } else {
      absl::StrAppend(&args, "  arg ", name, ": ", type, "\n");
    }
    operands.push_back(name);
  }
  for (int i = 0; i < parts.results; ++i) results.push_back(absl::StrCat("%y", i));
  const std::string outputs = absl::StrJoin(results, ", ");
  return absl::StrCat("assay-ir 1\nopset \"", domain, "\" ", versions.back(), "\ngraph {\n", args,
                      weights, "  ", outputs, " = ", row.name, "<\"", domain, "\" ",
                      versions.back(), ">(", absl::StrJoin(operands, ", "), ")",
                      parts.attributes.empty() ? "" : absl::StrCat(" {", parts.attributes, "}"),
                      "\n  return ", outputs, "\n}\n");
}

absl::StatusOr<OpExample> RunExample(const OpRow& row, const Parts& parts, const OpTable& table) {
  absl::StatusOr<Graph> graph = ParseGraph(GraphText(row, parts), table);
  if (!graph.ok()) return graph.status();
  absl::StatusOr<Shapes> shapes = InferShapes(*graph, {});
  if (!shapes.ok()) return shapes.status();
  const OpId op(0);
  absl::StatusOr<Work> work = WorkOf(*graph, *shapes, op);
  if (!work.ok()) return work.status();
  const DimPool& pool = *shapes->pool;
  OpExample out;
  out.call =
      absl::StrCat(row.name, "(", absl::StrJoin(parts.operands, ", "), ")",
                   parts.attributes.empty() ? "" : absl::StrCat(" {", parts.attributes, "}"));
  std::vector<std::string> types;
  for (ValueId v : graph->outputs(op)) types.push_back(ToString(shapes->type(v), pool));
  out.result = absl::StrCat("makes ", absl::StrJoin(types, ", "));
  const std::pair<absl::string_view, Dim> amounts[] = {
      {"macs", work->macs},
      {"flops", work->flops},
      {"transcendentals", work->transcendentals},
      {"comparisons", work->comparisons},
      {"int_ops", work->int_ops},
  };
  bool any = false;
  for (const auto& [name, amount] : amounts) {
    if (amount.is(0)) continue;
    any = true;
    absl::StrAppend(&out.result, "; ", name, " = ", amount.unknown() ? "?" : pool.ToString(amount));
  }
  if (!any)
    absl::StrAppend(&out.result, row.role == Role::kView ? "; no work" : "; moves bytes only");
  return out;
}

}  // namespace

absl::StatusOr<std::optional<OpExample>> ExampleOf(const OpRow& row, const OpTable& table) {
  const std::optional<Parts> parts = FindParts(row);
  if (!parts.has_value()) return std::optional<OpExample>();
  absl::StatusOr<OpExample> example = RunExample(row, *parts, table);
  if (!example.ok()) return example.status();
  return std::optional<OpExample>(*std::move(example));
}

}  // namespace assay
