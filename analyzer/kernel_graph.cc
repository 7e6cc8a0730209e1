#include "analyzer/kernel_graph.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "analyzer/report_blocks.h"
#include "analyzer/text_table.h"
#include "analyzer/units.h"
#include "ir/rows.h"
#include "ir/type.h"

namespace assay {
namespace {

struct ColorByRow {
  absl::string_view name;
  ColorBy by;
};
constexpr ColorByRow kColorBys[] = {
    {"role", ColorBy::kRole}, {"bound", ColorBy::kBound}, {"time", ColorBy::kTime}};

constexpr FillRow kPlain = {"plain", "#ffffff", "#2b2b2b", "inputs, outputs and others"};

constexpr FillRow kBounds[] = {
    {"compute", "#cfe2f3", "#1f4e79", "compute"},
    {"bandwidth", "#fce5cd", "#7a4510", "bandwidth"},
    {"overhead", "#dddddd", "#555555", "overhead"},
};

// From little to much, in shares of the kernel that takes longest.
constexpr FillRow kTimes[] = {
    {"time0", "#fff7f3", "#33292b", "below 1/8 of the longest"},
    {"time1", "#fde0dd", "#46292f", "1/8"},
    {"time2", "#fcc5c0", "#5a2a35", "2/8"},
    {"time3", "#fab0b4", "#6e2a3b", "3/8"},
    {"time4", "#f998b0", "#822a42", "4/8"},
    {"time5", "#f780a8", "#962a49", "5/8"},
    {"time6", "#f468a1", "#ab2a50", "6/8"},
    {"time7", "#ee4f98", "#c02a57", "7/8 and above"},
};
constexpr int kNumTimes = static_cast<int>(std::size(kTimes));

constexpr FillRow kContractions = {"contraction", "#cfe2f3", "#1f4e79", "contraction"};
constexpr FillRow kPointwise = {"pointwise", "#fff2cc", "#6b5710", "pointwise"};
constexpr FillRow kReductions = {"reduction", "#d9ead3", "#2f5a26", "reduction, norm, pooling"};
constexpr FillRow kMovements = {"movement", "#ead1dc", "#653049", "movement"};

}  // namespace

std::vector<absl::string_view> ColorByNames() { return NamesOf(kColorBys); }

ColorBy FindColorBy(absl::string_view name) {
  const ColorByRow* row = FindRow(kColorBys, name);
  return row == nullptr ? ColorBy::kAuto : row->by;
}

namespace {

// Whose argument it is: the loop around a body. None: no argument of a body.
OpId LoopOf(const Graph& graph, ValueId v) {
  const Value& value = graph.value(v);
  return value.def == Value::Def::kArg ? graph.region(value.region).owner : OpId();
}

// By the longest path. What nothing leads to stands right above the first that needs it. An edge
// that would lead up in a cycle (there is none in a partition) would be left out of the count.
void SetLevels(KernelGraph* g) {
  const size_t n = g->nodes.size();
  std::vector<std::vector<int32_t>> next(n);
  std::vector<int32_t> waits(n, 0), ready;
  for (const KernelGraph::Edge& e : g->edges) {
    next[static_cast<size_t>(e.from)].push_back(e.to);
    ++waits[static_cast<size_t>(e.to)];
  }
  std::vector<bool> free(n);
  for (size_t i = 0; i < n; ++i) {
    free[i] = waits[i] == 0;
    if (free[i]) ready.push_back(static_cast<int32_t>(i));
  }
  for (size_t i = 0; i < ready.size(); ++i) {
    const auto from = static_cast<size_t>(ready[i]);
    for (int32_t to : next[from]) {
      KernelGraph::Node& node = g->nodes[static_cast<size_t>(to)];
      node.level = std::max(node.level, g->nodes[from].level + 1);
      if (--waits[static_cast<size_t>(to)] == 0) ready.push_back(to);
    }
  }
  for (size_t i = 0; i < n; ++i) {
    if (!free[i] || next[i].empty()) continue;
    int32_t first = g->nodes[static_cast<size_t>(next[i][0])].level;
    for (int32_t to : next[i]) first = std::min(first, g->nodes[static_cast<size_t>(to)].level);
    g->nodes[i].level = first - 1;
  }
  for (const KernelGraph::Node& node : g->nodes) g->levels = std::max(g->levels, node.level + 1);
}

}  // namespace

KernelGraph MakeKernelGraph(const Report& report) {
  KernelGraph g;
  g.report = &report;
  g.partition = FirstPartition(report);
  g.estimate = FirstEstimate(report);
  const Graph& graph = *report.graph;
  const Execution& execution = *report.analysis.execution;
  const Region& main = graph.region(Graph::kMain);
  const std::vector<Partition::KernelOps>& kernels = g.partition->kernels;

  std::vector<int32_t> node_of(static_cast<size_t>(graph.num_values()), -1);  // that makes it
  for (ValueId v : main.args) {
    node_of[static_cast<size_t>(v.index)] = static_cast<int32_t>(g.nodes.size());
    g.nodes.push_back({.value = v});
  }
  g.first_kernel = static_cast<int32_t>(g.nodes.size());
  for (size_t k = 0; k < kernels.size(); ++k) {
    KernelGraph::Node node{.kernel = static_cast<int32_t>(k)};
    if (g.estimate != nullptr) {
      node.seconds = kernels[k].multiplicity * g.estimate->results[k].seconds;
      node.share = ShareOfLatency(*g.estimate, node.seconds);
      g.most_seconds = std::max(g.most_seconds, node.seconds);
    }
    for (ValueId v : kernels[k].writes) {
      node_of[static_cast<size_t>(v.index)] = static_cast<int32_t>(g.nodes.size());
    }
    g.nodes.push_back(node);
  }
  auto add = [&](ValueId root, int32_t to) {
    const int32_t from = node_of[static_cast<size_t>(root.index)];
    if (from >= 0) {
      if (from != to) g.edges.push_back({from, to, root, false});
      return;
    }
    const OpId loop = LoopOf(graph, root);
    if (!loop.has_value()) return;
    const int32_t kernel = g.partition->kernel_of[static_cast<size_t>(loop.index)];
    if (kernel >= 0 && g.first_kernel + kernel != to) {
      g.edges.push_back({g.first_kernel + kernel, to, root, true});
    }
  };
  for (size_t k = 0; k < kernels.size(); ++k) {
    for (ValueId v : kernels[k].reads) add(v, g.first_kernel + static_cast<int32_t>(k));
  }
  for (ValueId v : main.results) {
    if (!v.has_value()) continue;
    const auto node = static_cast<int32_t>(g.nodes.size());
    g.nodes.push_back({.value = v, .output = true});
    add(execution.root[static_cast<size_t>(v.index)], node);
  }
  // A kernel may read several results of another: one edge, with the first.
  std::stable_sort(g.edges.begin(), g.edges.end(),
                   [](const KernelGraph::Edge& a, const KernelGraph::Edge& b) {
                     return std::pair(a.to, a.from) < std::pair(b.to, b.from);
                   });
  g.edges.erase(std::unique(g.edges.begin(), g.edges.end(),
                            [](const KernelGraph::Edge& a, const KernelGraph::Edge& b) {
                              return a.to == b.to && a.from == b.from;
                            }),
                g.edges.end());
  SetLevels(&g);
  return g;
}

std::string TitleOf(const KernelGraph& graph, const KernelGraph::Node& node) {
  if (node.kernel < 0) return Printable(graph.report->graph->name(node.value));
  return Printable(absl::StrCat("#k", node.kernel, " ", graph.kernel(node).name));
}

std::string TimeOf(const KernelGraph::Node& node) {
  if (std::isnan(node.seconds)) return "";
  return absl::StrCat(Seconds(node.seconds),
                      std::isnan(node.share) ? "" : absl::StrCat(", ", Percent(node.share)));
}

std::string DetailsOf(const KernelGraph& graph, const KernelGraph::Node& node) {
  const Report& r = *graph.report;
  if (node.kernel < 0) {
    const std::string type =
        ToString(r.analysis.shapes->type(node.value), *r.analysis.shapes->pool);
    return absl::StrCat(node.output ? "output " : "input ", TitleOf(graph, node), "\n",
                        Printable(type));
  }
  const Partition::KernelOps& kernel = graph.kernel(node);
  std::string out = TitleOf(graph, node);
  auto line = [&](const auto&... parts) { absl::StrAppend(&out, "\n", parts...); };
  if (const std::string where = Where(*r.graph, kernel.main()); !where.empty()) {
    line(Printable(where));
  }
  const OpNumbers sum = r.analysis.numbers->Sum(kernel.ops);
  if (const KernelEstimate* e = graph.result(node)) {
    line(TimeOf(node));
    line("bound by ", Name(e->bound), ": ", e->limit);
  }
  if (kernel.multiplicity != 1) line("runs ", Count(kernel.multiplicity), " times");
  if (kernel.known) {
    line(Count(sum.flops), " FLOP");
    line(Bytes(kernel.bytes_external() * kernel.multiplicity), " moved");
  } else {
    line("work not known");
  }
  constexpr size_t kMostOps = 12;
  line(Plural(static_cast<int64_t>(kernel.ops.size()), "operator"), ":");
  for (size_t i = 0; i < std::min(kMostOps, kernel.ops.size()); ++i) {
    line("  ", Shorten(Printable(r.graph->Describe(kernel.ops[i])), 100));
  }
  if (kernel.ops.size() > kMostOps) line("  and ", kernel.ops.size() - kMostOps, " more");
  return out;
}

std::string HeadingOf(const Report& report) {
  std::string file = Printable(ShownFile(report.file));
  const ModelEstimate* e = FirstEstimate(report);
  if (e == nullptr) return file;
  return absl::StrCat(file, " on ", Printable(e->platform->target->name), " under ",
                      Printable(e->platform->runtime->name),
                      e->platform->precision->name == "model"
                          ? ""
                          : absl::StrCat(" in ", e->platform->precision->name),
                      ": ", Seconds(e->latency_s));
}

ColorBy ColorsOf(const Report& report, ColorBy wanted) {
  if (wanted != ColorBy::kAuto) return wanted;
  return FirstEstimate(report) == nullptr ? ColorBy::kRole : ColorBy::kBound;
}

const FillRow& FillOfRole(Role role) {
  switch (role) {
    case Role::kContraction:
    case Role::kAttention:
      return kContractions;
    case Role::kPointwise:
      return kPointwise;
    case Role::kReduction:
    case Role::kPooling:
    case Role::kNormalization:
      return kReductions;
    case Role::kMovement:
      return kMovements;
    default:
      return kPlain;
  }
}

const FillRow& FillOf(ColorBy by, const KernelGraph& graph, const KernelGraph::Node& node) {
  const KernelEstimate* e = graph.result(node);
  if (node.kernel < 0) return kPlain;
  if (by == ColorBy::kBound && e != nullptr) return kBounds[static_cast<size_t>(e->bound)];
  if (by == ColorBy::kTime && e != nullptr && graph.most_seconds > 0) {
    const int step = static_cast<int>(node.seconds / graph.most_seconds * kNumTimes);
    return kTimes[std::clamp(step, 0, kNumTimes - 1)];
  }
  const OpRow* row = graph.report->graph->op(graph.kernel(node).main()).row;
  return by == ColorBy::kRole && row != nullptr ? FillOfRole(row->role) : kPlain;
}

std::vector<const FillRow*> LegendOf(ColorBy by) {
  std::vector<const FillRow*> rows;
  if (by == ColorBy::kBound) {
    for (const FillRow& row : kBounds) rows.push_back(&row);
  } else if (by == ColorBy::kTime) {
    for (const FillRow& row : kTimes) rows.push_back(&row);
  } else {
    rows = {&kContractions, &kPointwise, &kReductions, &kMovements};
  }
  rows.push_back(&kPlain);
  return rows;
}

}  // namespace assay
