// The report for reading.
//
//   resnet18.onnx: graph `main_graph` by pytorch 2.1.0, IR version 8, opset 17
//   at assumed batch = 1; --dim batch=N sets it
//   ...
//   type    runs     MACs      %  ...
//   h100-sxm: ...
//   most expensive kernels by time on h100-sxm ...
//   unknown and assumed ...
//
// What is asked first stands first; rows of a table add up to its last line; what is not known has
// a line of its own. analyzer/README.md explains every column.
#include "analyzer/report_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "analyzer/digest.h"
#include "analyzer/formats.h"
#include "analyzer/groups.h"
#include "analyzer/report.h"
#include "analyzer/text_table.h"
#include "analyzer/units.h"
#include "ir/graph.h"
#include "ir/type.h"
#include "passes/analysis.h"

namespace assay {
namespace {

constexpr Align kRight = Align::kRight;
constexpr size_t kMostTypes = 16;    // rows by type before "other"
constexpr size_t kMostGroups = 40;   // of --by, when there is no structure in them
constexpr size_t kMostRemarks = 12;  // of one sort
constexpr size_t kMostDomains = 3;   // beside ONNX's own
constexpr size_t kLongPlace = 80;    // columns

double Share(double part, double whole) { return whole > 0 ? part / whole : 0; }

std::string Intensity(double flops, double bytes) { return bytes > 0 ? Ratio(flops / bytes) : ""; }

}  // namespace

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

void PrintHeading(const TextStyle& style, absl::string_view text, std::string* out) {
  absl::StrAppend(out, "\n", Paint(style, Ink::kHeading, text), "\n");
}

namespace {

class TextReport : public ReportWriter {
 public:
  TextReport(const ReportOptions& options, std::string* out)
      : options_(options), style_(options.style), out_(*out) {}

  void Model(const Report& report) override;

 private:
  void Line(absl::string_view text) { absl::StrAppend(&out_, Wrap(text, style_.width, 2), "\n"); }
  void Header(const Report& r);
  void Signature(const Report& r);
  void Totals(const Report& r);
  void Types(const Report& r);
  void GroupTable(const Report& r, const std::vector<Group>& groups, absl::string_view title,
                  size_t most);
  void Structure(const Report& r);
  void Dearest(const Report& r);
  void AllOps(const Report& r);
  void Remarks(const Report& r);

  ReportOptions options_;
  TextStyle style_;
  std::string& out_;
  bool first_ = true;
};

// "1x64x112x112": the first result's sizes at the report's point.
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

// An expression, cut to the width; nothing for a plain number.
std::string Formula(const DimPool& pool, Dim d, size_t width) {
  if (!d.symbolic()) return "";
  std::vector<int> symbols;
  pool.CollectSymbols(d, &symbols);
  std::vector<std::string> names;
  names.reserve(symbols.size());
  for (int s : symbols) names.push_back(pool.symbols()[s].name);
  return FormulaDigest(pool.ToString(d), names, width);
}

void TextReport::Header(const Report& r) {
  const SourceInfo& s = r.graph->source();
  std::string line = absl::StrCat(Printable(ShownFile(r.file)), ":");
  if (!s.name.empty()) absl::StrAppend(&line, " graph `", Printable(s.name), "`");
  if (!s.producer.empty()) absl::StrAppend(&line, " by ", Printable(s.producer));
  if (!s.producer_version.empty()) absl::StrAppend(&line, " ", Printable(s.producer_version));
  if (line.back() != ':') line += ',';
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
  absl::StrAppend(&out_, Paint(style_, Ink::kHeading, Wrap(line, style_.width, 2)), "\n");
  if (r.point.empty() && r.analysis.numbers == nullptr) return;
  Line(PointDigest(r.point));
}

void TextReport::Signature(const Report& r) {
  const Shapes& shapes = *r.analysis.shapes;
  TextTable table({{""}, {"", Align::kLeft, true}, {"", Align::kLeft, true}});
  const Region& main = r.graph->region(Graph::kMain);
  auto add = [&](absl::string_view title, const std::vector<ValueId>& values) {
    std::vector<NameAndType> rows;
    for (ValueId v : values) {
      rows.push_back(
          {Printable(r.graph->name(v)), Printable(ToString(shapes.type(v), *shapes.pool))});
    }
    rows = SignatureDigest(std::move(rows));
    for (size_t i = 0; i < rows.size(); ++i) {
      table.Add({i == 0 ? std::string(title) : "", rows[i].name, rows[i].type});
    }
  };
  add("inputs", main.args);
  add("outputs", main.results);
  out_ += '\n';
  table.Print(style_, 0, &out_);
}

void TextReport::Totals(const Report& r) {
  const Works& w = *r.analysis.works;
  const OpNumbers& t = r.analysis.numbers->total;
  const DimPool& pool = *r.analysis.shapes->pool;
  TextTable table({{""}, {"", kRight}, {"", Align::kLeft}});
  const size_t width = static_cast<size_t>(std::max(style_.width - 32, 20));
  auto work = [&](absl::string_view name, double n, Dim d) {
    std::string note = Formula(pool, d, width);
    if (note.empty() && n >= 10000) note = d.known() ? Exact(d.value()) : "";
    table.Add({std::string(name), Count(n), std::move(note)});
  };
  work("MACs", t.macs, w.macs);
  work("FLOPs", t.flops, w.flops);
  if (t.transcendentals > 0) work("transcendentals", t.transcendentals, w.transcendentals);
  if (t.int_ops > 0) work("integer ops", t.int_ops, w.int_ops);
  if (t.comparisons > 0) work("comparisons", t.comparisons, w.comparisons);
  table.Add(
      {"parameters", Count(static_cast<double>(w.parameters)),
       absl::StrCat(Exact(w.parameters), " in ", Bytes(static_cast<double>(w.weight_bytes)))});
  table.Add({"traffic", Bytes(r.bytes()),
             absl::StrCat("unfused: ", Bytes(t.bytes_in), " read, ", Bytes(t.bytes_out),
                          " written, ", Bytes(t.bytes_weights), " of weights")});
  table.Add({"intensity", Intensity(t.flops, r.bytes()), "FLOP per byte of that traffic"});
  if (r.analysis.numbers->unknown_ops > 0) {
    table.Add({"unknown", Count(r.analysis.numbers->unknown_ops),
               "of the operators that run; their work is not known and is in no figure above"},
              Ink::kWarning);
  }
  out_ += '\n';
  table.Print(style_, 0, &out_);
}

// Rows of level 0 add up to the total.
void TextReport::GroupTable(const Report& r, const std::vector<Group>& groups,
                            absl::string_view title, size_t most) {
  const bool timed = !r.op_seconds.empty();
  const OpNumbers& t = r.analysis.numbers->total;
  GroupCost total{.ops = r.analysis.numbers->running_ops,
                  .unknown = r.analysis.numbers->unknown_ops,
                  .macs = t.macs,
                  .flops = t.flops,
                  .bytes = r.bytes()};
  for (const Group& g : groups) total.seconds += g.level == 0 ? g.cost.seconds : 0;
  TextTable table({{std::string(title), Align::kLeft, true},
                   {"runs", kRight},
                   {"MACs", kRight},
                   {"%", kRight},
                   {"FLOPs", kRight},
                   {"%", kRight},
                   {"bytes", kRight},
                   {"%", kRight},
                   {"FLOP/B", kRight},
                   {timed ? "time" : "", kRight},
                   {timed ? "%" : "", kRight},
                   {"", kRight}});
  auto add = [&](absl::string_view name, const GroupCost& c, Ink ink) {
    bool known = c.unknown < c.ops;
    std::vector<std::string> cells = {std::string(name), Count(c.ops)};
    for (auto [part, whole, text] : {std::tuple(c.macs, total.macs, Count(c.macs)),
                                     std::tuple(c.flops, total.flops, Count(c.flops)),
                                     std::tuple(c.bytes, total.bytes, Bytes(c.bytes))}) {
      cells.push_back(known ? text : "?");
      cells.push_back(known ? PercentDigits(Share(part, whole)) : "?");
    }
    cells.push_back(known ? Intensity(c.flops, c.bytes) : "?");
    // What runs, and takes no time of its own, stands in the kernels of other rows.
    const bool fused = c.seconds == 0 && c.bytes > 0;
    cells.push_back(!timed ? "" : fused ? "fused" : Seconds(c.seconds));
    cells.push_back(!timed || fused ? "" : PercentDigits(Share(c.seconds, total.seconds)));
    cells.push_back(c.unknown > 0 && known ? absl::StrCat("+ ", c.unknown, " unknown") : "");
    table.Add(std::move(cells), ink);
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
    add(absl::StrCat(std::string(2 * static_cast<size_t>(g.level), ' '), Printable(g.name)), g.cost,
        g.own ? Ink::kFaint : Ink::kPlain);
  }
  if (hidden > 0) add(absl::StrCat("(", hidden, " others)"), other, Ink::kFaint);
  add("total", total, Ink::kHeading);
  out_ += '\n';
  table.Print(style_, 0, &out_);
}

void TextReport::Types(const Report& r) {
  GroupTable(r, r.types, "type", kMostTypes);
  if (options_.by.empty() || options_.by == "type") return;
  std::vector<Group> groups = RollUp(r, options_.by, options_.depth);
  size_t most = groups.size();
  const bool flat =
      std::all_of(groups.begin(), groups.end(), [](const Group& g) { return g.level == 0; });
  if (flat && most > kMostGroups && options_.depth == 0) {
    // A long list without any structure: the dearest first, and an end.
    std::stable_sort(groups.begin(), groups.end(), Dearer);
    most = kMostGroups;
  }
  GroupTable(r, groups, options_.by, most);
}

void TextReport::Structure(const Report& r) {
  const Analysis& a = r.analysis;
  FactList facts;
  if (a.execution != nullptr) {
    std::vector<std::string> parts;
    for (int e = 0; e < kNumExecs; ++e) {
      if (a.execution->count[e] == 0) continue;
      Exec exec = static_cast<Exec>(e);
      absl::string_view name = exec == Exec::kRuns ? "run" : Name(exec);
      parts.push_back(absl::StrCat(a.execution->count[e], " ", name));
    }
    facts.Add("operators", absl::StrCat(r.graph->num_ops(), ": ", absl::StrJoin(parts, ", ")));
  }
  if (r.partition != nullptr) AddFusion(*r.partition, &facts);
  if (a.concurrency != nullptr) AddConcurrency(*a.concurrency, r.plan, &facts);
  if (a.memory != nullptr) AddMemory(r, &facts);
  out_ += '\n';
  facts.Print(style_, 0, &out_);
}

void TextReport::Dearest(const Report& r) {
  const size_t n = std::min(r.dearest.size(), static_cast<size_t>(options_.top));
  if (n == 0) return;
  const bool timed = !r.op_seconds.empty();
  const ModelEstimate* estimate = timed ? r.analysis.estimates[0].get() : nullptr;
  const Partition* kernels = timed ? r.analysis.partitions[estimate->partition].get() : nullptr;
  const OpNumbers& t = r.analysis.numbers->total;
  double total_seconds = 0;
  for (double s : r.op_seconds) total_seconds += s;
  PrintHeading(
      style_,
      timed ? absl::StrCat("most expensive kernels by time on ", estimate->platform->target->name)
            : "most expensive operators by FLOPs",
      &out_);
  TextTable table({{"id", kRight},
                   {timed ? "kernel" : "operator", Align::kLeft, true},
                   {"result", Align::kLeft, true},
                   {"MACs", kRight},
                   {timed ? "" : "FLOPs", kRight},
                   {timed ? "" : "%", kRight},
                   {"bytes", kRight},
                   {timed ? "time" : "", kRight},
                   {timed ? "%" : "", kRight},
                   {timed ? "limit" : ""},
                   {"where", Align::kLeft, true}});
  for (size_t i = 0; i < n; ++i) {
    OpId op = r.dearest[i];
    if (timed && r.op_seconds[op.index] == 0) break;  // the rest stands in these kernels
    OpNumbers c = r.analysis.numbers->of(op);
    double bytes = c.bytes();
    std::string name = QualifiedType(*r.graph, op), time, share, limit;
    if (timed) {
      int k = kernels->kernel_of[op.index];
      const Partition::KernelOps& kernel = kernels->kernels[k];
      name = kernel.name;
      time = Seconds(r.op_seconds[op.index]);
      share = PercentDigits(Share(r.op_seconds[op.index], total_seconds));
      limit = std::string(estimate->results[k].limit);
      bytes = kernel.bytes_external() * kernel.multiplicity;
      c.macs = r.analysis.numbers->Sum(kernel.ops).macs;
    }
    table.Add({absl::StrCat("#", op.index), Printable(name), FirstShape(r, op), Count(c.macs),
               timed ? "" : Count(c.flops), timed ? "" : PercentDigits(Share(c.flops, t.flops)),
               Bytes(bytes), time, share, limit, Where(*r.graph, op)});
  }
  table.Print(style_, 2, &out_);
}

void TextReport::AllOps(const Report& r) {
  PrintHeading(style_, "operators", &out_);
  TextTable table({{"id", kRight},
                   {"operator", Align::kLeft, true},
                   {"does"},
                   {"result", Align::kLeft, true},
                   {"MACs", kRight},
                   {"FLOPs", kRight},
                   {"bytes", kRight},
                   {"kernel", kRight},
                   {"node", Align::kLeft, true}});
  for (int i = 0; i < r.graph->num_ops(); ++i) {
    OpId op(i);
    bool runs = r.analysis.execution->runs(op);
    const OpNumbers& n = r.analysis.numbers->of(op);
    auto number = [&](std::string text) -> std::string {
      return !runs ? "" : n.known ? std::move(text) : "?";
    };
    int kernel = r.partition == nullptr ? -1 : r.partition->kernel_of[i];
    table.Add({absl::StrCat("#", i), Printable(QualifiedType(*r.graph, op)),
               std::string(Name(r.analysis.execution->exec[i])), FirstShape(r, op),
               number(Count(n.macs)), number(Count(n.flops)), number(Bytes(n.bytes())),
               kernel < 0 ? "" : absl::StrCat(kernel), Where(*r.graph, op, /*node=*/true)},
              runs ? Ink::kPlain : Ink::kFaint);
  }
  table.Print(style_, 2, &out_);
}

void TextReport::Remarks(const Report& r) {
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
  if (opaque.empty() && assumed.empty() && remarks.empty()) return;
  PrintHeading(style_, "unknown and assumed", &out_);
  for (const std::vector<std::string>& list : {opaque, assumed, remarks}) {
    for (size_t i = 0; i < std::min(list.size(), kMostRemarks); ++i) {
      absl::StrAppend(&out_, "  - ", Wrap(list[i], style_.width - 4, 4), "\n");
    }
    if (list.size() > kMostRemarks) {
      absl::StrAppend(&out_, "  - and ", list.size() - kMostRemarks,
                      " more; --format json lists all\n");
    }
  }
}

void TextReport::Model(const Report& r) {
  if (!first_) out_ += "\n\n";
  first_ = false;
  const Analysis& a = r.analysis;
  Header(r);
  if (a.shapes != nullptr) Signature(r);
  if (a.numbers != nullptr) {
    Totals(r);
    Types(r);
  }
  Structure(r);
  for (const auto& estimate : a.estimates) PrintTarget(r, *estimate, style_, &out_);
  if (a.numbers != nullptr) Dearest(r);
  if (a.numbers != nullptr && options_.all_ops) AllOps(r);
  if (r.partition != nullptr && options_.kernels) PrintKernels(r, style_, &out_);
  for (const auto& estimate : a.estimates) {
    if (options_.kernels) PrintMappings(r, *estimate, style_, &out_);
  }
  if (r.partition != nullptr && r.partition->key.explain) PrintUnfused(r, style_, &out_);
  if (r.plan != nullptr && options_.stages) PrintStages(r, style_, &out_);
  if (r.plan != nullptr && options_.memory) PrintMemory(r, style_, &out_);
  Remarks(r);
}

}  // namespace

std::unique_ptr<ReportWriter> MakeTextWriter(const ReportOptions& options, std::string* out) {
  return std::make_unique<TextReport>(options, out);
}

}  // namespace assay
