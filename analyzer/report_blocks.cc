// What every report has: where the model comes from, its signature, totals, tables by type and by
// group, the dearest kernels, all operators, what is unknown and assumed. Text and documents
// (report_text.cc, report_document.cc) say in which order.
#include "analyzer/report_blocks.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "analyzer/digest.h"
#include "analyzer/groups.h"
#include "analyzer/report.h"
#include "analyzer/text_table.h"
#include "analyzer/units.h"
#include "ir/graph.h"
#include "ir/type.h"
#include "passes/analysis.h"

namespace assay {
namespace {

constexpr size_t kMostTypes = 16;   // rows by type before "other"
constexpr size_t kMostGroups = 40;  // of --by, when there is no structure in them
constexpr size_t kMostDomains = 3;  // beside ONNX's own
constexpr size_t kLongPlace = 80;   // columns

// Nothing where there is no whole.
Cell Part(double part, double whole) { return whole > 0 ? part / whole : 0.0; }

Cell Intensity(double flops, double bytes) { return bytes > 0 ? Cell(flops / bytes) : Cell(); }

}  // namespace

std::string SymbolicText(const DimPool& pool, Dim d, size_t width, absl::string_view whole) {
  if (!d.symbolic()) return "";
  std::vector<int> symbols;
  pool.CollectSymbols(d, &symbols);
  std::vector<std::string> names;
  names.reserve(symbols.size());
  for (int s : symbols) names.push_back(pool.symbols()[s].name);
  return FormulaDigest(pool.ToString(d), names, width, whole);
}

std::string Where(const Graph& g, OpId op, bool node) {
  const Location& at = g.op(op).location;
  absl::string_view text = g.str(node ? at.name : at.module);
  if (text.empty()) text = g.str(at.name);
  for (ValueId v : g.outputs(op)) {
    if (text.empty() && v.has_value()) text = g.name(v);
  }
  return Printable(text);
}

std::string Place(const Graph& g, OpId op) {
  std::string text = Printable(g.Describe(op));
  if (static_cast<size_t>(DisplayWidth(text)) <= kLongPlace) return text;
  return absl::StrCat(Shorten(Printable(QualifiedType(g, op)), kLongPlace / 2), " #", op.index,
                      " in ", Shorten(Where(g, op), kLongPlace));
}

std::string FirstShape(const Report& r, OpId op) {
  const Shapes& shapes = *r.analysis.shapes;
  for (ValueId v : r.graph->outputs(op)) {
    if (!v.has_value()) continue;
    const Type& type = shapes.type(v);
    if (!type.is_tensor() || !type.ranked) return Printable(ToString(type, *shapes.pool));
    std::vector<std::string> sizes;
    for (Dim d : type.dims) {
      absl::StatusOr<int64_t> size = shapes.pool->Evaluate(d, r.analysis.numbers->point);
      sizes.push_back(size.ok() ? absl::StrCat(*size) : "?");
    }
    return sizes.empty() ? "scalar" : absl::StrJoin(sizes, "x");
  }
  return "";
}

std::string SourceText(const Report& r) {
  const SourceInfo& s = r.graph->source();
  std::string line;
  if (!s.name.empty()) absl::StrAppend(&line, " graph `", Printable(s.name), "`");
  if (!s.producer.empty()) absl::StrAppend(&line, " by ", Printable(s.producer));
  if (!s.producer_version.empty()) absl::StrAppend(&line, " ", Printable(s.producer_version));
  if (!line.empty()) line += ',';
  absl::StrAppend(&line, " IR version ", s.ir_version);
  // ONNX's own opset first; a model of functions imports a domain for each library behind them.
  size_t domains = 0;
  for (bool own : {true, false}) {
    for (const auto& [domain, version] : s.opsets) {
      if (domain.empty() != own || (!own && ++domains > kMostDomains)) continue;
      absl::StrAppend(&line, ", ", own ? "" : absl::StrCat(Printable(domain), " "), "opset ",
                      version);
    }
  }
  if (domains > kMostDomains) absl::StrAppend(&line, " and ", domains - kMostDomains, " more");
  return line.substr(1);
}

Table SignatureTable(const Report& r) {
  const Shapes& shapes = *r.analysis.shapes;
  Table table{
      .key = "signature",
      .title = "inputs and outputs",
      .columns = {
          {"kind", "kind", Quantity::kText, false, true}, {"name", "name"}, {"type", "type"}}};
  const Region& main = r.graph->region(Graph::kMain);
  auto add = [&](absl::string_view kind, const std::vector<ValueId>& values) {
    std::vector<NameAndType> rows;
    for (ValueId v : values) {
      rows.push_back(
          {Printable(r.graph->name(v)), Printable(ToString(shapes.type(v), *shapes.pool))});
    }
    for (NameAndType& row : SignatureDigest(std::move(rows))) {
      table.rows.push_back({{kind, std::move(row.name), std::move(row.type)}});
    }
  };
  add("inputs", main.args);
  add("outputs", main.results);
  return table;
}

Facts TotalFacts(const Report& r, size_t width) {
  const Works& w = *r.analysis.works;
  const OpNumbers& t = r.analysis.numbers->total;
  const DimPool& pool = *r.analysis.shapes->pool;
  Facts facts;
  auto work = [&](absl::string_view name, double n, Dim d) {
    std::string note = SymbolicText(pool, d, width);
    if (note.empty() && n >= 10000) note = d.known() ? Exact(d.value()) : "";
    facts.figures.push_back({"", std::string(name), n, Quantity::kCount, std::move(note)});
  };
  work("MACs", t.macs, w.macs);
  work("FLOPs", t.flops, w.flops);
  if (t.transcendentals > 0) work("transcendentals", t.transcendentals, w.transcendentals);
  if (t.int_ops > 0) work("integer ops", t.int_ops, w.int_ops);
  if (t.comparisons > 0) work("comparisons", t.comparisons, w.comparisons);
  facts.figures.push_back(
      {"", "parameters", static_cast<double>(w.parameters), Quantity::kCount,
       absl::StrCat(Exact(w.parameters), " in ", Bytes(static_cast<double>(w.weight_bytes)))});
  facts.figures.push_back(
      {"", "traffic", r.bytes(), Quantity::kBytes,
       absl::StrCat("unfused: ", Bytes(t.bytes_in), " read, ", Bytes(t.bytes_out), " written, ",
                    Bytes(t.bytes_weights), " of weights")});
  facts.figures.push_back({"", "intensity", Intensity(t.flops, r.bytes()), Quantity::kRatio,
                           "FLOP per byte of that traffic"});
  if (r.analysis.numbers->unknown_ops > 0) {
    facts.figures.push_back(
        {"", "unknown", r.analysis.numbers->unknown_ops, Quantity::kCount,
         "of the operators that run; their work is not known and is in no figure above",
         Ink::kWarning});
  }
  return facts;
}

Table RollUpTable(const Report& r, const std::vector<Group>& groups, absl::string_view name,
                  size_t most) {
  const bool timed = !r.op_seconds.empty();
  const OpNumbers& t = r.analysis.numbers->total;
  GroupCost total{.ops = r.analysis.numbers->running_ops,
                  .unknown = r.analysis.numbers->unknown_ops,
                  .macs = t.macs,
                  .flops = t.flops,
                  .bytes = r.bytes()};
  for (const Group& g : groups) total.seconds += g.level == 0 ? g.cost.seconds : 0;
  Table table{.key = absl::StrCat("by_", name),
              .columns = {{std::string(name), std::string(name)},
                          {"ops", "runs", Quantity::kCount},
                          {"macs", "MACs", Quantity::kCount},
                          {"macs_share", "%", Quantity::kPercent},
                          {"flops", "FLOPs", Quantity::kCount},
                          {"flops_share", "%", Quantity::kPercent},
                          {"bytes", "bytes", Quantity::kBytes},
                          {"bytes_share", "%", Quantity::kPercent},
                          {"intensity", "FLOP/B", Quantity::kRatio},
                          {"time_s", "time", Quantity::kSeconds},
                          {"time_share", "%", Quantity::kPercent},
                          {"unknown", ""}}};
  auto add = [&](absl::string_view group, const GroupCost& c, int level, Ink ink) {
    const bool known = c.unknown < c.ops;
    auto if_known = [&](Cell cell) { return known ? std::move(cell) : Cell(NAN); };
    // What runs, and takes no time of its own, stands in the kernels of other rows.
    const bool fused = c.seconds == 0 && c.bytes > 0;
    table.rows.push_back(
        {{group, c.ops, if_known(c.macs), if_known(Part(c.macs, total.macs)), if_known(c.flops),
          if_known(Part(c.flops, total.flops)), if_known(c.bytes),
          if_known(Part(c.bytes, total.bytes)), if_known(Intensity(c.flops, c.bytes)),
          !timed  ? Cell()
          : fused ? Cell("fused")
                  : Cell(c.seconds),
          !timed || fused ? Cell() : Part(c.seconds, total.seconds),
          c.unknown > 0 && known ? Cell(absl::StrCat("+ ", c.unknown, " unknown")) : Cell()},
         level,
         ink});
  };
  GroupCost other;
  size_t shown = 0, hidden = 0;
  for (const Group& g : groups) {
    if (groups.size() > most && shown + 1 >= most) {
      other.Add(g.cost);
      ++hidden;
      continue;
    }
    ++shown;
    add(g.name, g.cost, g.level, g.own ? Ink::kFaint : Ink::kPlain);
  }
  if (hidden > 0) add(absl::StrCat("(", hidden, " others)"), other, 0, Ink::kFaint);
  add("total", total, 0, Ink::kHeading);
  return table;
}

Table TypeTable(const Report& r) { return RollUpTable(r, TypesOf(r), "type", kMostTypes); }

Table RollUpTable(const Report& r, absl::string_view by, int depth) {
  std::vector<Group> groups = RollUp(r, by, depth);
  size_t most = groups.size();
  const bool flat =
      std::all_of(groups.begin(), groups.end(), [](const Group& g) { return g.level == 0; });
  if (flat && most > kMostGroups && depth == 0) {
    // A long list without any structure: the dearest first, and an end.
    std::stable_sort(groups.begin(), groups.end(), Dearer);
    most = kMostGroups;
  }
  return RollUpTable(r, groups, by, most);
}

Table DearestTable(const Report& r, size_t top) {
  const bool timed = !r.op_seconds.empty();
  const ModelEstimate* estimate = timed ? FirstEstimate(r) : nullptr;
  const Partition* kernels = timed ? FirstPartition(r) : nullptr;
  const OpNumbers& t = r.analysis.numbers->total;
  Table table{.key = "dearest",
              .title = timed ? absl::StrCat("most expensive kernels by time on ",
                                            estimate->platform->target->name)
                             : "most expensive operators by FLOPs",
              .columns = {{"id", "id", Quantity::kId},
                          {"name", timed ? "kernel" : "operator"},
                          {"result", "result"},
                          {"macs", "MACs", Quantity::kCount},
                          {"flops", "FLOPs", Quantity::kCount},
                          {"flops_share", "%", Quantity::kPercent},
                          {"bytes", "bytes", Quantity::kBytes},
                          {"time_s", "time", Quantity::kSeconds},
                          {"time_share", "%", Quantity::kPercent},
                          {"limit", "limit", Quantity::kText, false, true},
                          {"where", "where"}}};
  const std::vector<OpId> dearest = DearestOps(r);
  for (size_t i = 0; i < std::min(dearest.size(), top); ++i) {
    const OpId op = dearest[i];
    if (timed && r.op_seconds[op.index] == 0) break;  // the rest stands in these kernels
    const OpNumbers& n = r.analysis.numbers->of(op);
    if (!timed) {
      table.rows.push_back(
          {{op.index, QualifiedType(*r.graph, op), FirstShape(r, op), n.macs, n.flops,
            Part(n.flops, t.flops), n.bytes(), Cell(), Cell(), Cell(), Where(*r.graph, op)}});
      continue;
    }
    const int k = kernels->kernel_of[op.index];
    const Partition::KernelOps& kernel = kernels->kernels[k];
    table.rows.push_back(
        {{op.index, kernel.name, FirstShape(r, op), r.analysis.numbers->Sum(kernel.ops).macs,
          Cell(), Cell(), kernel.bytes_external() * kernel.multiplicity, r.op_seconds[op.index],
          ShareOfLatency(*estimate, r.op_seconds[op.index]), estimate->results[k].limit,
          Where(*r.graph, op)}});
  }
  return table;
}

// The columns are the same for every model; those of a target are empty without one.
Table OperatorTable(const Report& r, bool all) {
  const ModelEstimate* e = r.op_seconds.empty() ? nullptr : FirstEstimate(r);
  const Partition* kernels = FirstPartition(r);
  Table table{.key = "ops",
              .title = "operators",
              .columns = {{"model", "model", Quantity::kText, true},
                          {"id", "id", Quantity::kId},
                          {"name", "node", Quantity::kText, true},
                          {"op_type", "operator"},
                          {"does", "does", Quantity::kText, false, true},
                          {"result", "result"},
                          {"macs", "MACs", Quantity::kCount},
                          {"flops", "FLOPs", Quantity::kCount},
                          {"bytes", "bytes", Quantity::kBytes},
                          {"kernel", "kernel", Quantity::kKernelId},
                          {"target", "target", Quantity::kText, true},
                          {"time_s", "time", Quantity::kSeconds},
                          {"limit", "limit", Quantity::kText, false, true},
                          {"module", "module"}}};
  for (OpId op(0); op.index < r.graph->num_ops(); ++op.index) {
    const bool runs = r.analysis.execution->runs(op);
    if (!runs && !all) continue;
    const OpNumbers& n = r.analysis.numbers->of(op);
    const Location& at = r.graph->op(op).location;
    auto number = [&](double v) { return !runs ? Cell() : Cell(n.known ? v : NAN); };
    const int kernel = kernels == nullptr ? -1 : kernels->kernel_of[op.index];
    // Of a kernel the main operator has the time.
    const bool timed = e != nullptr && kernel >= 0 && kernels->kernels[kernel].main() == op;
    table.rows.push_back(
        {{r.file, op.index, r.graph->str(at.name), QualifiedType(*r.graph, op),
          Name(r.analysis.execution->exec[op.index]), FirstShape(r, op), number(n.macs),
          number(n.flops), number(n.bytes()), kernel < 0 ? Cell() : Cell(kernel),
          e == nullptr ? Cell() : Cell(e->platform->target->name),
          timed ? Cell(r.op_seconds[op.index]) : Cell(),
          timed ? Cell(e->results[kernel].limit) : Cell(), r.graph->str(at.module)},
         0,
         runs ? Ink::kPlain : Ink::kFaint});
  }
  return table;
}

Notes RemarkNotes(const Report& r, size_t most) {
  std::vector<std::string> opaque;
  for (const OpaqueOps& o : r.opaque) {
    opaque.push_back(absl::StrCat("unknown operator ", Printable(o.type), ", ", o.count,
                                  o.count == 1 ? " time, at " : " times, first at ",
                                  Place(*r.graph, o.first), ": its work is not counted"));
  }
  std::vector<Remark> found;
  for (const Assumption& a : r.analysis.assumptions()) {
    found.push_back({a.op.has_value() ? Place(*r.graph, a.op) : "", a.text});
  }
  for (const auto& estimate : r.analysis.estimates) {
    for (const std::string& text : estimate->assumptions) {
      found.push_back({"", absl::StrCat(estimate->platform->target->name, ": ", text)});
    }
  }
  const std::vector<std::string> assumed = RemarkDigest(found);
  found.clear();
  for (const Diagnostic& d : r.diagnostics) found.push_back({d.where, d.message});
  const std::vector<std::string> remarks = RemarkDigest(found);
  Notes notes{.key = "remarks", .title = "unknown and assumed"};
  for (const std::vector<std::string>& list : {opaque, assumed, remarks}) {
    for (size_t i = 0; i < std::min(list.size(), most); ++i) notes.notes.push_back(list[i]);
    if (list.size() > most) {
      notes.notes.push_back(
          absl::StrCat("and ", list.size() - most, " more; --format json lists all"));
    }
  }
  return notes;
}

}  // namespace assay
