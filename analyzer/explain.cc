#include "analyzer/explain.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "analyzer/digest.h"
#include "analyzer/explain_estimate.h"
#include "analyzer/explain_steps.h"
#include "analyzer/report_blocks.h"
#include "ir/suggest.h"

namespace assay {
namespace {

constexpr size_t kListed = 8;  // of several nodes that fit

absl::Status NotFound(const Report& report, std::string message) {
  return absl::NotFoundError(absl::StrCat(ShownFile(report.file), ": ", message));
}

// Every name that an op goes by, none empty.
std::vector<absl::string_view> NamesOfOp(const Graph& graph, OpId op) {
  std::vector<absl::string_view> names;
  if (const absl::string_view name = graph.str(graph.op(op).location.name); !name.empty()) {
    names.push_back(name);
  }
  for (ValueId v : graph.outputs(op)) {
    if (v.has_value() && !graph.name(v).empty()) names.push_back(graph.name(v));
  }
  return names;
}

template <class Fits>
std::vector<OpId> OpsWhere(const Graph& graph, Fits fits) {
  std::vector<OpId> ops;
  for (OpId op(0); op.index < graph.num_ops(); ++op.index) {
    for (absl::string_view name : NamesOfOp(graph, op)) {
      if (!fits(name)) continue;
      ops.push_back(op);
      break;
    }
  }
  return ops;
}

absl::Status Ambiguous(const Report& report, absl::string_view name, const std::vector<OpId>& ops) {
  std::string list;
  for (size_t i = 0; i < ops.size() && i < kListed; ++i) {
    absl::StrAppend(&list, i == 0 ? "" : ", ", "#", ops[i].index, " ",
                    Place(*report.graph, ops[i]));
  }
  if (ops.size() > kListed) absl::StrAppend(&list, ", and ", ops.size() - kListed, " more");
  return NotFound(report, absl::StrCat("`", name, "` may be any of ", ops.size(), " nodes: ", list,
                                       "; name one by its #id"));
}

// Symbols that the numbers of these ops depend on, by name.
std::vector<std::string> SymbolsOf(const Report& report, const std::vector<OpId>& ops) {
  const Graph& graph = *report.graph;
  const Analysis& a = report.analysis;
  std::vector<int> found;
  auto add = [&](Dim d) {
    if (d.symbolic()) a.shapes->pool->CollectSymbols(d, &found);
  };
  for (OpId op : ops) {
    const Work& work = a.works->of(op);
    for (Dim d : {work.macs, work.flops, work.transcendentals, work.int_ops, work.comparisons}) {
      add(d);
    }
    for (Dim d : work.reads) add(d);
    for (Dim d : work.writes) add(d);
    add(a.execution->multiplicity[op.index]);
    for (const absl::Span<const ValueId> values : {graph.inputs(op), graph.outputs(op)}) {
      for (ValueId v : values) {
        if (!v.has_value()) continue;
        for (Dim d : a.shapes->type(v).dims) add(d);
      }
    }
  }
  std::vector<std::string> names;
  for (int s : found) names.push_back(a.shapes->pool->symbols()[s].name);
  return names;
}

}  // namespace

absl::StatusOr<NodeRef> FindNode(const Report& report, absl::string_view name) {
  const Graph& graph = *report.graph;
  const Partition* partition = FirstPartition(report);
  absl::string_view id = name;
  const bool number = absl::ConsumePrefix(&id, "#");
  int index = 0;
  if (number && absl::SimpleAtoi(id, &index)) {
    if (index >= 0 && index < graph.num_ops()) return NodeRef{OpId(index)};
    return NotFound(report, absl::StrCat("there is no node ", name, "; ",
                                         graph.num_ops() == 0 ? "the model has none"
                                                              : absl::StrCat("ids go from #0 to #",
                                                                             graph.num_ops() - 1)));
  }
  if (absl::ConsumePrefix(&id, "k") && absl::SimpleAtoi(id, &index) && partition != nullptr &&
      (number || OpsWhere(graph, [&](absl::string_view n) { return n == name; }).empty())) {
    const int n = static_cast<int>(partition->kernels.size());
    if (index >= 0 && index < n) return NodeRef{partition->kernels[index].main(), true};
    return NotFound(report,
                    absl::StrCat("there is no kernel ", name, "; fusion ", partition->key.policy,
                                 " makes ", n == 0 ? "none" : absl::StrCat("#k0 to #k", n - 1)));
  }

  std::vector<OpId> found = OpsWhere(graph, [&](absl::string_view n) { return n == name; });
  if (found.empty() && !name.empty()) {
    found = OpsWhere(graph, [&](absl::string_view n) { return absl::EndsWith(n, name); });
  }
  if (found.empty() && !name.empty()) {
    found = OpsWhere(graph, [&](absl::string_view n) {
      return absl::StrContains(absl::AsciiStrToLower(n), absl::AsciiStrToLower(name));
    });
  }
  if (found.size() == 1) return NodeRef{found[0]};
  if (!found.empty()) return Ambiguous(report, name, found);
  std::vector<absl::string_view> names;
  for (OpId op(0); op.index < graph.num_ops(); ++op.index) {
    for (absl::string_view n : NamesOfOp(graph, op)) names.push_back(n);
  }
  return NotFound(report, absl::StrCat("no node `", name, "`", DidYouMean(name, names),
                                       "; `assay analyze MODEL --ops` lists them with their ids"));
}

Table NumbersTable(std::string key, std::string title, bool cited) {
  return {.key = std::move(key),
          .title = std::move(title),
          .columns = {{"name", ""},
                      {"shown", "value"},
                      {"value", "number", Quantity::kRatio, true},
                      {"unit", "", Quantity::kText, true},
                      {"formula", ""},
                      {"filled", "="},
                      {"symbolic", "for any size:"},
                      {"source", "from", Quantity::kText, !cited}},
          .stacked_from = kNumbersStackedFrom};
}

void AddNumber(const ExplainedNumber& n, Table* table) {
  const std::string shown = Shown(n.value, n.quantity);
  // (What is its own formula needs none.)
  const bool trivial = n.filled == n.formula || n.filled == StepText(n.value);
  table->rows.push_back(
      {{n.name, shown, n.value, n.unit, n.formula.empty() ? Cell() : Cell(n.formula),
        n.filled.empty() || trivial ? Cell() : Cell(n.filled),
        n.symbolic.empty() ? Cell() : Cell(n.symbolic),
        n.source.empty() ? Cell() : Cell(n.source)}});
}

absl::StatusOr<Document> ExplainNode(const Report& report, absl::string_view name,
                                     const ExplainOptions& options) {
  const absl::StatusOr<NodeRef> node = FindNode(report, name);
  if (!node.ok()) return node.status();
  const OpId op = node->op;
  const Partition* partition = FirstPartition(report);
  const int kernel = partition == nullptr ? -1 : partition->kernel_of[op.index];
  const bool whole = options.kernel || node->kernel;
  if (whole && kernel < 0) {
    return NotFound(
        report, absl::StrCat(Place(*report.graph, op), " is in no kernel: ", WhyClass(report, op),
                             "; leave --kernel out to have it explained"));
  }

  Document d{.schema = "assay.explain/1", .subtitle = PointDigest(report.point)};
  if (whole) {
    d.title = absl::StrCat("kernel #k", kernel, " ", partition->kernels[kernel].name, " of ",
                           ShownFile(report.file));
    d.Add(Facts{.figures = {{"file", "", report.file}, {"kernel_id", "", kernel}}});
  } else {
    d.title =
        absl::StrCat(Place(*report.graph, op), " (#", op.index, ") of ", ShownFile(report.file));
    d.Add(Facts{.figures = {{"file", "", report.file}}});
    ExplainOp(report, op, &d);
  }
  if (kernel >= 0 && whole) ExplainKernel(report, *partition, kernel, &d);
  const ModelEstimate* estimate = FirstEstimate(report);
  if (kernel >= 0 && estimate != nullptr) ExplainEstimate(report, *estimate, kernel, &d);

  Notes assumed{.key = "assumptions", .title = "assumed"};
  for (const Assumption& a : report.analysis.assumptions()) {
    bool mine = !a.op.has_value() || a.op == op;
    if (whole && a.op.has_value()) mine = partition->kernel_of[a.op.index] == kernel;
    if (mine) assumed.notes.push_back(a.text);
  }
  if (estimate != nullptr) {
    for (const std::string& text : estimate->assumptions) assumed.notes.push_back(text);
  }
  const std::vector<std::string> symbols =
      SymbolsOf(report, whole ? partition->kernels[kernel].ops : std::vector<OpId>{op});
  for (const PointEntry& p : report.point) {
    if (std::find(symbols.begin(), symbols.end(), p.symbol) == symbols.end()) continue;
    if (p.bound) continue;
    assumed.notes.push_back(
        absl::StrCat(p.symbol, " = ", p.value,
                     p.data_dependent ? ", a count that depends on contents" : "; --dim sets it"));
  }
  d.Add(std::move(assumed));
  return d;
}

}  // namespace assay
