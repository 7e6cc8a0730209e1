// `ops`, `passes` and `patterns`: the tables of the program itself.
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "analyzer/text_table.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "ir/op_table.h"
#include "ir/suggest.h"
#include "passes/fusion.h"
#include "passes/pass_manager.h"

namespace assay {
namespace {

absl::string_view DomainOf(const OpRow& row) { return row.domain.empty() ? "ai.onnx" : row.domain; }

// What the work rule counts, in words.
std::string Counted(const OpRow& row) {
  if (row.work != nullptr) return "by a rule of its own";
  std::vector<std::string> parts;
  const PerElement& per = row.per_element;
  if (per.flops != 0) parts.push_back(absl::StrCat(per.flops, " FLOPs"));
  if (per.transcendentals != 0) {
    parts.push_back(absl::StrCat(per.transcendentals, " transcendentals"));
  }
  if (per.comparisons != 0) parts.push_back(absl::StrCat(per.comparisons, " comparisons"));
  if (parts.empty()) return row.role == Role::kView ? "nothing" : "bytes moved only";
  return absl::StrCat(absl::StrJoin(parts, ", "), " per element of the ",
                      row.per == PerElementOf::kInput ? "first operand" : "first result");
}

void Describe(const OpRow& row, const TextStyle& style, std::string* out) {
  FactList facts;
  facts.Add("operator", std::string(row.name), Ink::kHeading);
  facts.Add("domain", std::string(DomainOf(row)));
  facts.Add("versions", std::string(row.versions));
  facts.Add("family", std::string(Name(row.family)));
  facts.Add("role", std::string(Name(row.role)));
  facts.Add("work", Counted(row));
  if (!row.formula.empty()) facts.Add("formula", std::string(row.formula));
  facts.Add("shape", row.shape == nullptr ? "not inferred" : "inferred");
  facts.Add("contents", row.value == nullptr ? "not followed" : "followed where small");
  if (row.inplace >= 0) {
    facts.Add("in place", absl::StrCat("the result may take over operand ", row.inplace));
  }
  if (row.random) facts.Add("random", "a new result at every run: never folded");
  facts.Add("source", std::string(row.source));
  facts.Print(style, 0, out);
}

}  // namespace

ExitCode RunOps(const Request& request, Io& io) {
  const OpTable& ops = OpTable::BuiltIn();
  const TextStyle& style = request.report.style;
  std::string out;
  if (request.args.empty()) {
    // One operator per line, however long: this is for searching in.
    TextStyle wide = style;
    wide.width = std::numeric_limits<int>::max();
    TextTable table({{"operator"}, {"domain"}, {"versions"}, {"family"}, {"role"}, {"work"}});
    for (const OpRow* row : ops.rows()) {
      table.Add({std::string(row->name), std::string(DomainOf(*row)), std::string(row->versions),
                 std::string(Name(row->family)), std::string(Name(row->role)),
                 row->formula.empty() ? Counted(*row) : std::string(row->formula)});
    }
    table.Print(wide, 0, &out);
    absl::StrAppend(&out, ops.rows().size(), " operators\n");
    return Print(request, std::move(out), io);
  }
  // "Gelu" means it in every domain, "com.microsoft.Gelu" in one.
  const std::string& wanted = request.args[0];
  std::vector<absl::string_view> names;
  for (const OpRow* row : ops.rows()) {
    names.push_back(row->name);
    if (row->name != wanted && absl::StrCat(DomainOf(*row), ".", row->name) != wanted) continue;
    if (!out.empty()) out += '\n';
    Describe(*row, style, &out);
  }
  if (out.empty()) {
    io.Err(absl::StrCat("assay: unknown operator `", wanted, "`", DidYouMean(wanted, names),
                        "; `assay ops` lists all\n"));
    return kUsage;
  }
  return Print(request, std::move(out), io);
}

ExitCode RunPassList(const Request& request, Io& io) {
  FactList passes;
  for (const PassRow& row : Passes()) {
    std::vector<absl::string_view> needs;
    for (int f = 0; f < kNumFacts; ++f) {
      if (row.needs.has(static_cast<Fact>(f))) needs.push_back(Name(static_cast<Fact>(f)));
    }
    std::string makes = absl::StrCat("makes ", Name(row.makes));
    if (!needs.empty()) absl::StrAppend(&makes, " from ", absl::StrJoin(needs, ", "));
    passes.Add(std::string(row.name), absl::StrCat(row.summary, "; ", makes));
  }
  std::string out;
  passes.Print(request.report.style, 0, &out);
  return Print(request, std::move(out), io);
}

ExitCode RunPatterns(const Request& request, Io& io) {
  const TextStyle& style = request.report.style;
  const std::string wanted = request.args.empty() ? "" : request.args[0];
  std::vector<absl::string_view> names;
  FactList patterns, policies;
  bool found = wanted.empty();
  for (const PatternRow& row : FusionPatterns()) {
    names.push_back(row.name);
    if (!wanted.empty() && row.name != wanted) continue;
    found = true;
    patterns.Add(std::string(row.name),
                 absl::StrCat(row.what, "; starts at ", row.start,
                              row.steps.empty() ? "" : ", then as far as it goes: ", row.steps,
                              row.example.empty() ? "" : "; for example ", row.example));
  }
  if (!found) {
    io.Err(absl::StrCat("assay: unknown pattern `", wanted, "`", DidYouMean(wanted, names),
                        "; `assay patterns` lists all\n"));
    return kUsage;
  }
  std::string out;
  patterns.Print(style, 0, &out);
  if (wanted.empty()) {
    for (const FusionPolicyRow& row : FusionPolicies()) {
      policies.Add(std::string(row.name),
                   absl::StrCat(row.what, row.patterns.empty() ? "" : "; ", row.patterns));
    }
    absl::StrAppend(&out, "\npolicies (--fuse), with their patterns in order of preference\n");
    policies.Print(style, 0, &out);
  }
  return Print(request, std::move(out), io);
}

}  // namespace assay
