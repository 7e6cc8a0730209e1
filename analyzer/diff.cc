#include "analyzer/diff.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "analyzer/figures.h"
#include "analyzer/group_table.h"
#include "analyzer/report_blocks.h"
#include "analyzer/units.h"
#include "ir/graph.h"
#include "passes/evaluate.h"

namespace assay {
namespace {

using Kind = OpChange::Kind;

// Seconds of every op, by estimate.
using OpTimes = std::vector<std::vector<double>>;
OpTimes TimesOf(const Report& r) {
  OpTimes times;
  for (const auto& e : r.analysis.estimates) times.push_back(SecondsByOp(r, *e));
  return times;
}

DiffCost CostOf(const Report& r, const OpTimes& times, OpId op) {
  const OpNumbers& n = r.analysis.numbers->of(op);
  DiffCost c{.ops = 1,
             .macs = n.macs,
             .flops = n.flops,
             .transcendentals = n.transcendentals,
             .int_ops = n.int_ops,
             .comparisons = n.comparisons,
             .bytes = n.bytes()};
  for (const std::vector<double>& t : times) c.seconds.push_back(t[op.index]);
  return c;
}

bool WorkIsZero(const DiffCost& c) {
  return c.macs == 0 && c.flops == 0 && c.transcendentals == 0 && c.int_ops == 0 &&
         c.comparisons == 0 && c.bytes == 0;
}

// "f32 64x3x7x7".
std::string TypeText(const Report& r, ValueId v) {
  if (!v.has_value()) return "nothing";
  const Type& type = r.analysis.shapes->type(v);
  if (!type.is_tensor()) return "no tensor";
  std::vector<std::string> dims;
  for (Dim d : type.dims) {
    const double size = ValueAt(*r.analysis.shapes, *r.analysis.numbers, d, -1);
    dims.push_back(size < 0 ? "?" : absl::StrCat(static_cast<int64_t>(size)));
  }
  return absl::StrCat(Name(type.dtype), " ",
                      !type.ranked   ? "of any shape"
                      : dims.empty() ? "scalar"
                                     : absl::StrJoin(dims, "x"));
}

std::string AttrText(const Graph& g, const Attr& a) {
  switch (a.kind) {
    case AttrKind::kInt:
      return absl::StrCat(a.i);
    case AttrKind::kFloat:
      return absl::StrCat(a.f);
    case AttrKind::kString:
      return std::string(g.str(a.s));
    case AttrKind::kInts:
      return absl::StrJoin(a.ints, ",");
    case AttrKind::kFloats:
      return absl::StrJoin(a.floats, ",");
    default:
      return "(" + std::string(g.str(a.name)) + ")";
  }
}

// What is not the same in a pair, the most telling first; the first three.
std::string WhatChanged(const Report& from, OpId x, const Report& to, OpId y) {
  const Graph &g = *from.graph, &h = *to.graph;
  std::vector<std::string> parts;
  const auto add = [&](absl::string_view what, absl::string_view old_text,
                       absl::string_view new_text) {
    if (old_text != new_text) parts.push_back(absl::StrCat(what, " ", old_text, " -> ", new_text));
  };
  add("type", QualifiedType(g, x), QualifiedType(h, y));
  add("runs", absl::StrCat(from.analysis.numbers->of(x).multiplicity, " times"),
      absl::StrCat(to.analysis.numbers->of(y).multiplicity, " times"));
  const auto xi = g.inputs(x), yi = h.inputs(y);
  const auto weight = [](const Report& r, ValueId v) {
    return v.has_value() && r.analysis.execution->is_weight(v);
  };
  for (int weights = 1; weights >= 0; --weights) {
    for (size_t i = 0; i < std::max(xi.size(), yi.size()); ++i) {
      const ValueId v = i < xi.size() ? xi[i] : ValueId(), w = i < yi.size() ? yi[i] : ValueId();
      if ((weight(from, v) || weight(to, w)) != (weights == 1)) continue;
      add(weights == 1 ? "weight" : "input", TypeText(from, v), TypeText(to, w));
    }
    if (weights == 0) break;
    const auto xo = g.outputs(x), yo = h.outputs(y);
    for (size_t i = 0; i < std::min(xo.size(), yo.size()); ++i) {
      add("result", TypeText(from, xo[i]), TypeText(to, yo[i]));
    }
    for (const Attr& a : g.attrs(x)) {
      const Attr* b = h.FindAttr(y, g.str(a.name));
      add(g.str(a.name), AttrText(g, a), b == nullptr ? "not given" : AttrText(h, *b));
    }
    for (const Attr& b : h.attrs(y)) {
      if (g.FindAttr(x, h.str(b.name)) == nullptr) {
        add(h.str(b.name), "not given", AttrText(h, b));
      }
    }
  }
  if (parts.empty()) return "";
  constexpr size_t kMost = 3;
  const size_t more = parts.size() > kMost ? parts.size() - kMost : 0;
  parts.resize(std::min(parts.size(), kMost));
  return absl::StrCat(absl::StrJoin(parts, ", "),
                      more > 0 ? absl::StrCat(", and ", more, " more") : "");
}

// Who writes what the op reads; none where nobody that runs does.
OpId WriterOf(const Report& r, ValueId v) {
  if (!v.has_value() || r.analysis.execution->is_weight(v)) return {};
  const int32_t slot = r.analysis.flow->writer(r.analysis.execution->root[v.index]);
  return slot < 0 ? OpId() : r.analysis.flow->ops[slot];
}

bool Rewired(const Report& from, OpId x, const Report& to, OpId y, const GraphMatch& match) {
  const auto xi = from.graph->inputs(x), yi = to.graph->inputs(y);
  for (size_t i = 0; i < std::min(xi.size(), yi.size()); ++i) {
    const OpId v = WriterOf(from, xi[i]), w = WriterOf(to, yi[i]);
    if (v.has_value() != w.has_value()) return true;
    if (v.has_value() && match.to_of[v.index] != w) return true;
  }
  return false;
}

}  // namespace

void DiffCost::Add(const DiffCost& other, double sign) {
  ops += sign < 0 ? -other.ops : other.ops;
  macs += sign * other.macs;
  flops += sign * other.flops;
  transcendentals += sign * other.transcendentals;
  int_ops += sign * other.int_ops;
  comparisons += sign * other.comparisons;
  bytes += sign * other.bytes;
  seconds.resize(std::max(seconds.size(), other.seconds.size()));
  for (size_t i = 0; i < other.seconds.size(); ++i) seconds[i] += sign * other.seconds[i];
}

Diff MakeDiff(const Report& from, const Report& to) {
  Diff d;
  d.match = MatchGraphs(from, to);
  const OpTimes old_times = TimesOf(from), new_times = TimesOf(to);
  d.equal = true;
  for (DiffCost* sum : {&d.from, &d.to, &d.removed, &d.added, &d.changed, &d.same}) {
    sum->seconds.resize(old_times.size());
  }
  for (OpId x : from.analysis.flow->ops) {
    const DiffCost old_cost = CostOf(from, old_times, x);
    d.from.Add(old_cost, 1);
    OpChange change{.from = x, .to = d.match.to_of[x.index]};
    change.cost.Add(old_cost, -1);
    if (!change.to.has_value()) {
      change.kind = Kind::kRemoved;
      d.removed.Add(change.cost, 1);
      d.equal = false;
    } else {
      change.cost.Add(CostOf(to, new_times, change.to), 1);
      if (d.match.alike[x.index] == 0) change.what = WhatChanged(from, x, to, change.to);
      change.kind = WorkIsZero(change.cost) ? Kind::kSame : Kind::kChanged;
      (change.kind == Kind::kSame ? d.same : d.changed).Add(change.cost, 1);
      const bool rewired = Rewired(from, x, to, change.to, d.match);
      d.rewired += rewired ? 1 : 0;
      d.equal = d.equal && change.kind == Kind::kSame && d.match.alike[x.index] != 0 && !rewired;
    }
    d.ops.push_back(std::move(change));
  }
  for (OpId y : to.analysis.flow->ops) {
    const DiffCost cost = CostOf(to, new_times, y);
    d.to.Add(cost, 1);
    if (d.match.from_of[y.index].has_value()) continue;
    d.equal = false;
    d.added.Add(cost, 1);
    d.ops.push_back({.kind = Kind::kAdded, .to = y, .cost = cost});
  }
  for (size_t e = 0; e < from.analysis.estimates.size(); ++e) {
    const double latency =
        to.analysis.estimates[e]->latency_s - from.analysis.estimates[e]->latency_s;
    d.outside.push_back(latency - (d.to.seconds[e] - d.from.seconds[e]));
  }
  return d;
}

namespace {

double ChangeOf(double from, double to) { return from == to ? 0 : from == 0 ? NAN : to / from - 1; }

// "31.0 % fewer MACs", "12.0 % more MACs", "as many MACs".
std::string MoreOrLess(double from, double to, absl::string_view less, absl::string_view more,
                       absl::string_view same) {
  if (from == to) return std::string(same);
  if (from <= 0) return absl::StrCat("some ", more);
  const double change = std::fabs(to / from - 1);
  if (change < 0.0005) return std::string(same);
  if (to > 2 * from)
    return absl::StrCat(Times(to / from), " the ", more.substr(more.find(' ') + 1));
  return absl::StrCat(Percent(change), " ", to < from ? less : more);
}

// Why the time changed less, or more, than the multiply-accumulates.
std::string WhyNotAsTheMacs(const EstimateFigures& from, const EstimateFigures& to,
                            double macs_ratio) {
  const double ratio = to.latency_s / from.latency_s;
  if (std::fabs(ratio - macs_ratio) < 0.03) return ", as the MACs suggest";
  // What each class takes beyond its share of the work.
  const double sign = ratio > macs_ratio ? 1 : -1;
  int most = 0;
  double beyond[3];
  for (int c = 0; c < 3; ++c) {
    beyond[c] = sign * (to.class_seconds[c] - macs_ratio * from.class_seconds[c]);
    if (beyond[c] > beyond[most]) most = c;
  }
  std::string text;
  if (macs_ratio < 0.9995) {
    text = sign > 0 ? ", less than the MACs suggest: " : ", more than the MACs suggest: ";
  } else if (macs_ratio > 1.0005) {
    text = sign > 0 ? ", more than the MACs suggest: " : ", less than the MACs suggest: ";
  } else {
    text = ": ";
  }
  const auto bound = static_cast<Bound>(most);
  absl::StrAppend(&text, BoundTime(bound), " ", SecondsOrNone(from.class_seconds[most]), " -> ",
                  SecondsOrNone(to.class_seconds[most]));
  if (bound == Bound::kOverhead) {
    absl::StrAppend(&text, from.launches == to.launches
                               ? absl::StrCat(", with ", Count(to.launches), " launches in both")
                               : absl::StrCat(", with ", Count(from.launches), " -> ",
                                              Count(to.launches), " launches"));
  } else if (bound == Bound::kCompute && std::fabs(to.utilization - from.utilization) > 0.005) {
    absl::StrAppend(&text, ", at ", Percent(from.utilization), " -> ", Percent(to.utilization),
                    " of the peak over all of the time");
  }
  return text;
}

Notes Verdict(const ModelFigures& from, const ModelFigures& to, const Diff& diff) {
  Notes notes{.key = "verdict"};
  if (diff.equal) {
    notes.notes.push_back(
        "the two are equal: every operator that runs has its like, at the same cost");
    return notes;
  }
  notes.notes.push_back(absl::StrCat(
      "NEW needs ", MoreOrLess(from.macs, to.macs, "fewer MACs", "more MACs", "as many MACs"), ", ",
      MoreOrLess(from.parameters, to.parameters, "fewer parameters", "more parameters",
                 "as many parameters"),
      " and ",
      MoreOrLess(from.bytes_fused, to.bytes_fused, "less traffic of kernels",
                 "more traffic of kernels", "as much traffic of kernels")));
  for (size_t e = 0; e < from.estimates.size(); ++e) {
    const EstimateFigures &x = from.estimates[e], &y = to.estimates[e];
    std::string text =
        absl::StrCat("on ", y.machine, " under ", y.runtime, " it takes ",
                     MoreOrLess(x.latency_s, y.latency_s, "less time", "more time", "as long"),
                     " (", Seconds(x.latency_s), " -> ", Seconds(y.latency_s), ")");
    if (from.macs > 0 && x.latency_s > 0) {
      absl::StrAppend(&text, WhyNotAsTheMacs(x, y, to.macs / from.macs));
    }
    notes.notes.push_back(std::move(text));
  }
  return notes;
}

Table Summary(const ModelFigures& from, const ModelFigures& to) {
  Table table{.key = "summary",
              .columns = {{"what", "", Quantity::kText, true},
                          {"title", ""},
                          {"target", "", Quantity::kText, true},
                          {"old", "old", Quantity::kCount},
                          {"new", "new", Quantity::kCount},
                          {"difference", "difference", Quantity::kCount},
                          {"change", "change", Quantity::kShare}}};
  const auto add = [&](absl::string_view key, std::string title, double x, double y, Quantity q,
                       const std::string& target = "") {
    table.rows.push_back({{key, std::move(title), target.empty() ? Cell() : Cell(target),
                           Cell::Of(x, q), Cell::Of(y, q), Cell::Of(y - x, q), ChangeOf(x, y)}});
  };
  add("ops", "operators", from.ops, to.ops, Quantity::kCount);
  add("macs", "MACs", from.macs, to.macs, Quantity::kCount);
  add("flops", "FLOPs", from.flops, to.flops, Quantity::kCount);
  add("parameters", "parameters", from.parameters, to.parameters, Quantity::kCount);
  add("weight_bytes", "weights", from.weight_bytes, to.weight_bytes, Quantity::kBytes);
  add("bytes", "traffic, unfused", from.bytes, to.bytes, Quantity::kBytes);
  add("bytes_fused", "traffic of kernels", from.bytes_fused, to.bytes_fused, Quantity::kBytes);
  add("peak_activation_bytes", "peak of activations", from.peak_bytes, to.peak_bytes,
      Quantity::kBytes);
  add("kernels", "kernels", from.kernels, to.kernels, Quantity::kCount);
  for (size_t e = 0; e < from.estimates.size(); ++e) {
    const EstimateFigures &x = from.estimates[e], &y = to.estimates[e];
    const std::string on = absl::StrCat(" on ", y.machine);
    const std::string target = absl::StrCat(y.machine, " ", y.runtime, " ", y.precision);
    add("latency_s", absl::StrCat("latency", on), x.latency_s, y.latency_s, Quantity::kSeconds,
        target);
    add("energy_j", absl::StrCat("energy", on), x.energy_j, y.energy_j, Quantity::kJoules, target);
    add("memory_needed_bytes", absl::StrCat("memory", on), x.memory_needed_bytes,
        y.memory_needed_bytes, Quantity::kBytes, target);
    add("launches", absl::StrCat("kernels", on), x.launches, y.launches, Quantity::kCount, target);
  }
  return table;
}

// Columns of amounts, and of seconds by target.
void AddCostColumns(const std::vector<EstimateFigures>& estimates, Table* table) {
  table->columns.push_back({"macs", "MACs", Quantity::kCount});
  table->columns.push_back({"flops", "FLOPs", Quantity::kCount});
  table->columns.push_back({"bytes", "bytes", Quantity::kBytes});
  for (size_t e = 0; e < estimates.size(); ++e) {
    table->columns.push_back({absl::StrCat("seconds_", e + 1),
                              estimates.size() == 1
                                  ? std::string("time")
                                  : absl::StrCat(estimates[e].machine, " ", estimates[e].precision),
                              Quantity::kSeconds});
  }
}
void AddCostCells(const DiffCost& c, size_t estimates, TableRow* row) {
  row->cells.emplace_back(c.macs);
  row->cells.emplace_back(c.flops);
  row->cells.emplace_back(c.bytes);
  for (size_t e = 0; e < estimates; ++e) {
    row->cells.emplace_back(e < c.seconds.size() ? c.seconds[e] : 0.0);
  }
}

Table Ledger(const Diff& d, const ModelFigures& x, const ModelFigures& y) {
  const std::vector<EstimateFigures>& estimates = y.estimates;
  Table table{.key = "ledger",
              .title = "what makes the difference",
              .columns = {{"what", ""}, {"ops", "operators", Quantity::kExact}}};
  AddCostColumns(estimates, &table);
  const auto add = [&](absl::string_view what, const DiffCost& c, int ops, Ink ink) {
    TableRow row{.cells = {what, ops}, .ink = ink};
    AddCostCells(c, estimates.size(), &row);
    table.rows.push_back(std::move(row));
  };
  int changed = 0, same = 0;
  for (const OpChange& c : d.ops) {
    changed += c.kind == Kind::kChanged ? 1 : 0;
    same += c.kind == Kind::kSame ? 1 : 0;
  }
  DiffCost from = d.from, to = d.to, outside;
  outside.seconds = d.outside;
  from.seconds.resize(estimates.size());
  to.seconds.resize(estimates.size());
  // The latencies: what is outside of kernels is in both.
  bool any = false;
  for (size_t e = 0; e < estimates.size(); ++e) {
    any |= std::fabs(d.outside[e]) > 1e-9 * y.estimates[e].latency_s;
    from.seconds[e] = x.estimates[e].latency_s;
    to.seconds[e] = y.estimates[e].latency_s;
  }
  add("old", from, from.ops, Ink::kHeading);
  add("removed", d.removed, d.removed.ops, Ink::kPlain);
  add("added", d.added, d.added.ops, Ink::kPlain);
  add("changed", d.changed, changed, Ink::kPlain);
  add("same work", d.same, same, Ink::kPlain);
  if (any) add("outside of kernels", outside, 0, Ink::kPlain);
  add("new", to, to.ops, Ink::kHeading);
  return table;
}

absl::string_view Word(Kind kind) {
  constexpr absl::string_view kWords[] = {"removed", "added", "changed", "same"};
  return kWords[static_cast<size_t>(kind)];
}

// The changes, the dearest first; what is cut off is summed up.
Table Changes(const Report& from, const Report& to, const Diff& d,
              const std::vector<EstimateFigures>& estimates, size_t most) {
  Table table{.key = "changes",
              .title = "changes by their cost",
              .columns = {{"change", "change"},
                          {"op_type", "operator"},
                          {"where", "where"},
                          {"what", "what"},
                          {"old_name", "old name", Quantity::kText, true},
                          {"new_name", "new name", Quantity::kText, true},
                          {"matched_by", "matched by", Quantity::kText, true}}};
  AddCostColumns(estimates, &table);
  std::vector<const OpChange*> changes;
  for (const OpChange& c : d.ops) {
    if (c.kind != Kind::kSame || !c.what.empty()) changes.push_back(&c);
  }
  std::stable_sort(changes.begin(), changes.end(), [](const OpChange* a, const OpChange* b) {
    const auto key = [](const OpChange* c) {
      const double seconds = c->cost.seconds.empty() ? 0 : std::fabs(c->cost.seconds[0]);
      return std::make_tuple(seconds, std::fabs(c->cost.flops), std::fabs(c->cost.bytes));
    };
    return key(a) > key(b);
  });
  DiffCost others;
  for (size_t i = 0; i < changes.size(); ++i) {
    const OpChange& c = *changes[i];
    if (i >= most) {
      others.Add(c.cost, 1);
      continue;
    }
    const bool old_one = !c.to.has_value();
    const Graph& g = old_one ? *from.graph : *to.graph;
    const OpId op = old_one ? c.from : c.to;
    const auto name = [](const Graph& graph, OpId id) {
      return id.has_value() ? Cell(Where(graph, id, true)) : Cell();
    };
    TableRow row{.cells = {Word(c.kind), QualifiedType(g, op), Where(g, op), c.what,
                           name(*from.graph, c.from), name(*to.graph, c.to),
                           c.from.has_value() && c.to.has_value()
                               ? Cell(Name(d.match.how[c.from.index]))
                               : Cell()}};
    AddCostCells(c.cost, estimates.size(), &row);
    table.rows.push_back(std::move(row));
  }
  if (changes.size() > most) {
    TableRow row{.cells = {absl::StrCat("(", changes.size() - most, " others)"), "", "", "", Cell(),
                           Cell(), Cell()},
                 .ink = Ink::kFaint};
    AddCostCells(others, estimates.size(), &row);
    table.rows.push_back(std::move(row));
  }
  return table;
}

// Kernels by name of which there are more, or fewer.
Table Kernels(const Report& from, const Report& to) {
  std::map<std::string, std::pair<double, double>> count;
  for (const Partition::KernelOps& k : from.partition->kernels) ++count[k.name].first;
  for (const Partition::KernelOps& k : to.partition->kernels) ++count[k.name].second;
  Table table{.key = "kernels",
              .title = "kernels of which the number changed",
              .columns = {{"kernel", "kernel"},
                          {"old", "old", Quantity::kExact},
                          {"new", "new", Quantity::kExact}}};
  for (const auto& [name, n] : count) {
    if (n.first != n.second) table.rows.push_back({{name, n.first, n.second}});
  }
  return table;
}

Table Limits(const ModelFigures& from, const ModelFigures& to) {
  Table table{.key = "limits",
              .title = "time by what limits it",
              .columns = {{"target", "target"},
                          {"resource", "limited by"},
                          {"old_s", "old", Quantity::kSeconds},
                          {"new_s", "new", Quantity::kSeconds},
                          {"difference_s", "difference", Quantity::kSeconds}}};
  for (size_t e = 0; e < from.estimates.size(); ++e) {
    std::vector<std::string> names;
    std::map<std::string, std::pair<double, double>> seconds;
    for (const ResourceSum& r : from.estimates[e].resources) {
      if (r.limited_seconds <= 0) continue;
      names.push_back(r.name);
      seconds[r.name].first = r.limited_seconds;
    }
    for (const ResourceSum& r : to.estimates[e].resources) {
      if (r.limited_seconds <= 0) continue;
      if (!seconds.contains(r.name)) names.push_back(r.name);
      seconds[r.name].second = r.limited_seconds;
    }
    for (const std::string& name : names) {
      const auto [x, y] = seconds[name];
      table.rows.push_back({{to.estimates[e].machine, name, x, y, y - x}});
    }
  }
  return table;
}

Table Groups(const Report& from, const Report& to, const ReportOptions& options) {
  GroupTable groups(options.by, options.depth);
  groups.Add(from, from.op_seconds);
  groups.Add(to, to.op_seconds);
  const bool timed = !from.op_seconds.empty();
  Table table{.key = absl::StrCat("by_", options.by),
              .title = absl::StrCat("by ", options.by),
              .columns = {{options.by, options.by},
                          {"path", "path", Quantity::kText, true},
                          {"old_macs", "MACs", Quantity::kCount},
                          {"new_macs", "new", Quantity::kCount},
                          {"old_bytes", "bytes", Quantity::kBytes},
                          {"new_bytes", "new", Quantity::kBytes}}};
  if (timed) {
    table.columns.push_back({"old_s", "time", Quantity::kSeconds});
    table.columns.push_back({"new_s", "new", Quantity::kSeconds});
  }
  table.columns.push_back({"change", "change", Quantity::kShare});
  for (const GroupTable::Line& line : groups.Lines()) {
    const GroupCost x = line.costs[0].value_or(GroupCost()),
                    y = line.costs[1].value_or(GroupCost());
    TableRow row{.cells = {line.name, line.path, x.macs, y.macs, x.bytes, y.bytes},
                 .level = line.level};
    if (timed) {
      row.cells.emplace_back(x.seconds);
      row.cells.emplace_back(y.seconds);
    }
    const double change = timed ? ChangeOf(x.seconds, y.seconds) : ChangeOf(x.flops, y.flops);
    row.cells.push_back(std::isnan(change) ? Cell(line.costs[0].has_value() ? "" : "added")
                        : !line.costs[1].has_value() ? Cell("removed")
                                                     : Cell(change));
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

Document MakeDiffDocument(const Report& from, const Report& to, const ReportOptions& options,
                          bool all) {
  const Diff diff = MakeDiff(from, to);
  const ModelFigures x = FiguresOf(from), y = FiguresOf(to);
  Document d{.schema = "assay.diff/1", .title = absl::StrCat("OLD ", x.file, ", NEW ", y.file)};
  if (x.point == y.point || y.point.empty()) d.subtitle = x.point;
  if (x.point.empty()) d.subtitle = y.point;
  d.Add(Verdict(x, y, diff));
  d.Add(Summary(x, y));
  if (!diff.equal) {
    d.Add(Ledger(diff, x, y));
    const size_t most = all ? diff.ops.size() : static_cast<size_t>(std::max(options.top, 0));
    d.Add(Changes(from, to, diff, y.estimates, most));
    d.Add(Kernels(from, to));
    if (!y.estimates.empty()) d.Add(Limits(x, y));
  }
  if (!options.by.empty()) d.Add(Groups(from, to, options));

  Notes notes{.title = "to know"};
  int how[5] = {}, form = 0, same = 0;
  for (const OpChange& c : diff.ops) {
    if (c.kind == Kind::kRemoved || c.kind == Kind::kAdded) continue;
    ++how[static_cast<size_t>(diff.match.how[c.from.index])];
    same += c.kind == Kind::kSame ? 1 : 0;
    form += c.kind == Kind::kSame && !c.what.empty() ? 1 : 0;
  }
  std::vector<std::string> by;
  for (size_t i = 1; i < 5; ++i) {
    if (how[i] > 0)
      by.push_back(absl::StrCat(how[i], " by ", Name(static_cast<GraphMatch::How>(i))));
  }
  notes.notes.push_back(
      absl::StrCat(Plural(same, "operator"), " of the same work",
                   form > 0 ? absl::StrCat(", ", form, " of them in another form") : "",
                   by.empty() ? "" : absl::StrCat("; matched ", absl::StrJoin(by, ", ")),
                   "; contents of weights are not read"));
  if (diff.rewired > 0 && !diff.equal) {
    notes.notes.push_back(absl::StrCat(Plural(diff.rewired, "operator"),
                                       " read other operators' results than before"));
  }
  if (x.point != y.point && !x.point.empty() && !y.point.empty()) {
    notes.notes.push_back(absl::StrCat("OLD ", x.point));
    notes.notes.push_back(absl::StrCat("NEW ", y.point));
  }
  for (const ModelFigures* m : {&x, &y}) {
    if (std::string note = UnknownNote(*m); !note.empty()) notes.notes.push_back(std::move(note));
  }
  std::vector<MachineGaps> gaps;
  for (const EstimateFigures& e : y.estimates) gaps.push_back({e.machine, e.no_energy});
  if (std::string note = EnergyNote(gaps); !note.empty()) notes.notes.push_back(std::move(note));
  for (size_t e = 0; e < x.estimates.size(); ++e) {
    if (!diff.equal && Overlap(x.estimates[e], y.estimates[e])) {
      notes.notes.push_back(absl::StrCat(
          y.estimates[e].machine, ": the intervals of the two latencies overlap (",
          Seconds(x.estimates[e].latency_low_s), " to ", Seconds(x.estimates[e].latency_high_s),
          " and ", Seconds(y.estimates[e].latency_low_s), " to ",
          Seconds(y.estimates[e].latency_high_s),
          "); what is off in one is off in the other alike, so the difference is surer than "
          "either"));
    }
  }
  d.Add(std::move(notes));
  return d;
}

}  // namespace assay
