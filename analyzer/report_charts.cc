// Drawings of a report: each kernel in the roofline of a target, where time goes, what is alive
// when, what could run side by side.
//
// The roofline (Williams, Waterman and Patterson, "Roofline: an insightful visual performance
// model for multicore architectures", CACM 52(4), 2009): a kernel of I FLOP per byte runs at no
// more than min(peak, I x bandwidth). Bytes here are what the kernel reads and writes, each tensor
// once at the precision in force; a kernel whose tensors stay in a cache may thus stand above the
// line of the outermost memory, and never above that of the cache.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "analyzer/chart.h"
#include "analyzer/groups.h"
#include "analyzer/report.h"
#include "analyzer/report_blocks.h"
#include "analyzer/units.h"
#include "hw/estimate.h"
#include "passes/analysis.h"

namespace assay {
namespace {

constexpr size_t kMostBars = 20;
constexpr size_t kMostUprightBars = 300;  // more of them are an area

std::string KernelLabel(const Report& r, const ModelEstimate& e, size_t k) {
  const Partition::KernelOps& kernel = r.analysis.partitions[e.partition]->kernels[k];
  const KernelEstimate& t = e.results[k];
  const double seconds = t.seconds * kernel.multiplicity;
  return absl::StrCat("#k", k, " ", kernel.name, "\n", Where(*r.graph, kernel.main()), "\n",
                      Seconds(seconds), ", ", Percent(ShareOfLatency(e, seconds)),
                      " of the latency, limited by ", t.limit);
}

// A horizontal line at the peak and a slope at the bandwidth meet at the ridge.
struct Roof {
  std::string name;
  double peak = 0;
};

std::vector<Roof> PeaksInUse(const ModelEstimate& e) {
  std::vector<Roof> roofs;
  for (const KernelEstimate& k : e.results) {
    if (k.fallback) continue;
    for (const ResourceUse& u : k.parts) {
      if (u.is_memory || u.outside || u.engine == EngineClass::kSpecial || u.amount <= 0) continue;
      const bool known = std::any_of(roofs.begin(), roofs.end(),
                                     [&](const Roof& roof) { return roof.name == u.name; });
      if (!known && u.peak > 0) roofs.push_back({std::string(u.name), u.peak});
    }
  }
  std::sort(roofs.begin(), roofs.end(),
            [](const Roof& a, const Roof& b) { return a.peak > b.peak; });
  return roofs;
}

// The outermost memory, and others that limit a kernel.
std::vector<const MemoryLevel*> LevelsInUse(const ModelEstimate& e) {
  std::vector<const MemoryLevel*> levels;
  for (const MemoryLevel& level : e.platform->target->memory) {
    const bool limits = std::any_of(e.bounds.begin(), e.bounds.end(),
                                    [&](const BoundShare& b) { return b.resource == level.name; });
    if (limits || &level == &e.platform->target->memory.back()) levels.push_back(&level);
  }
  return levels;
}

// Bars of numbers, largest first; what is behind the last is one bar.
Chart Bars(std::string key, std::string title, Axis x,
           std::vector<std::pair<std::string, ChartPoint>> bars) {
  std::stable_sort(bars.begin(), bars.end(),
                   [](const auto& a, const auto& b) { return a.second.x > b.second.x; });
  Chart chart{.key = std::move(key), .title = std::move(title), .x = std::move(x)};
  Series series{.name = "", .form = Series::Form::kBars};
  ChartPoint rest;
  for (size_t i = 0; i < bars.size(); ++i) {
    ChartPoint& p = bars[i].second;
    if (p.x <= 0) continue;
    if (bars.size() > kMostBars && i + 1 >= kMostBars) {
      rest.x += p.x;
      continue;
    }
    p.y = static_cast<double>(series.points.size());
    chart.y.names.push_back(bars[i].first);
    series.points.push_back(std::move(p));
  }
  if (rest.x > 0) {
    rest.y = static_cast<double>(series.points.size());
    chart.y.names.push_back(absl::StrCat("(", bars.size() - kMostBars + 1, " others)"));
    series.points.push_back(rest);
  }
  chart.series.push_back(std::move(series));
  return chart;
}

}  // namespace

Chart RooflineChart(const Report& r, const ModelEstimate& e) {
  const Partition& partition = *r.analysis.partitions[e.partition];
  Series by_bound[3];
  double low = 1, high = 1;
  int left_out = 0;
  for (size_t k = 0; k < partition.kernels.size(); ++k) {
    const KernelEstimate& t = e.results[k];
    const double bytes = e.kernels[k].bytes(), flops = e.kernels[k].flops;
    if (!(flops > 0 && bytes > 0 && t.seconds > 0)) {
      ++left_out;
      continue;
    }
    const double x = flops / bytes, y = flops / t.seconds;
    low = std::min(low, x);
    high = std::max(high, x);
    by_bound[static_cast<int>(t.bound)].points.push_back(
        {x, y, absl::StrCat(KernelLabel(r, e, k), "\n", Ratio(x), " FLOP/B, ", Count(y), "FLOP/s"),
         ShareOfLatency(e, t.seconds * partition.kernels[k].multiplicity)});
  }
  Chart chart{
      .key = "roofline",
      .title = absl::StrCat("roofline of ", e.platform->target->name),
      .x = {"FLOP per byte that the kernel reads and writes", Quantity::kRatio, true},
      .y = {"FLOP per second; area of a point: share of the time", Quantity::kOpsPerSecond, true}};
  if (left_out > 0) {
    absl::StrAppend(&chart.title, " (", Plural(left_out, "kernel"),
                    " without arithmetic not drawn)");
  }
  for (Bound b : {Bound::kCompute, Bound::kBandwidth, Bound::kOverhead}) {
    Series& s = by_bound[static_cast<int>(b)];
    s.name = b == Bound::kOverhead ? "limited by overhead" : absl::StrCat("limited by ", Name(b));
    s.form = Series::Form::kPoints;
    chart.series.push_back(std::move(s));
  }
  const std::vector<Roof> roofs = PeaksInUse(e);
  const double outermost = e.platform->target->Bandwidth(e.platform->target->memory.back());
  for (const Roof& roof : roofs) {
    if (outermost > 0) high = std::max(high, 2 * roof.peak / outermost);
  }
  low /= 2;
  high *= 2;
  double peak = roofs.empty() ? 0 : roofs[0].peak;
  for (const MemoryLevel* level : LevelsInUse(e)) {
    const double bandwidth = e.platform->target->Bandwidth(*level);
    if (!(bandwidth > 0)) continue;
    const double end = peak > 0 ? std::min(peak / bandwidth, high) : high;
    if (end <= low) continue;
    const std::string name = absl::StrCat(level->name, " ", Bytes(bandwidth), "/s");
    chart.series.push_back(
        {name, Series::Form::kLine, {{low, low * bandwidth, name}, {end, end * bandwidth, name}}});
  }
  for (const Roof& roof : roofs) {
    // From where the fastest memory reaches it.
    double from = low;
    if (outermost > 0) from = std::clamp(roof.peak / outermost, low, high);
    for (const MemoryLevel* level : LevelsInUse(e)) {
      const double bandwidth = e.platform->target->Bandwidth(*level);
      if (bandwidth > 0) from = std::min(from, std::max(low, roof.peak / bandwidth));
    }
    const std::string name = absl::StrCat(roof.name, " ", Count(roof.peak), "FLOP/s");
    chart.series.push_back(
        {name, Series::Form::kLine, {{from, roof.peak, name}, {high, roof.peak, name}}});
  }
  return chart;
}

Chart KernelTimeChart(const Report& r, const ModelEstimate& e) {
  const Partition& partition = *r.analysis.partitions[e.partition];
  std::vector<std::pair<std::string, ChartPoint>> bars;
  for (size_t k = 0; k < partition.kernels.size(); ++k) {
    const Partition::KernelOps& kernel = partition.kernels[k];
    bars.emplace_back(
        absl::StrCat("#k", k, " ", kernel.name),
        ChartPoint{.x = e.results[k].seconds * kernel.multiplicity, .label = KernelLabel(r, e, k)});
  }
  return Bars("time_by_kernel", absl::StrCat("time by kernel on ", e.platform->target->name),
              {"", Quantity::kSeconds}, std::move(bars));
}

Chart GroupChart(const Report& r, absl::string_view by, int depth) {
  const bool timed = !r.op_seconds.empty();
  const std::vector<Group> groups = RollUp(r, by, depth);
  // The outermost level at which there is more than one.
  int level = 0;
  for (;; ++level) {
    size_t here = 0, deeper = 0;
    for (const Group& g : groups) {
      here += g.level == level;
      deeper += g.level > level;
    }
    if (here > 1 || deeper == 0) break;
  }
  std::vector<std::pair<std::string, ChartPoint>> bars;
  for (const Group& g : groups) {
    if (g.level != level) continue;
    bars.emplace_back(
        g.path, ChartPoint{.x = timed ? g.cost.seconds : g.cost.flops,
                           .label = absl::StrCat(g.path, "\n", timed ? Seconds(g.cost.seconds) : "",
                                                 timed ? ", " : "", Count(g.cost.flops), " FLOPs, ",
                                                 Plural(g.cost.ops, "operator"))});
  }
  return Bars(
      absl::StrCat("by_", by, "_chart"),
      absl::StrCat(timed ? "time" : "FLOPs", " by ", by,
                   timed ? absl::StrCat(" on ", FirstEstimate(r)->platform->target->name) : ""),
      {"", timed ? Quantity::kSeconds : Quantity::kCount}, std::move(bars));
}

Chart MemoryChart(const Report& r) {
  const bool kernels = r.plan != nullptr;
  const Memory& m = kernels ? r.plan->memory : *r.analysis.memory;
  auto series = [&](absl::string_view name, Series::Form form, const std::vector<int32_t>& order,
                    const std::vector<double>& live) {
    Series s{std::string(name), form};
    for (size_t i = 0; i < order.size(); ++i) {
      const std::string node =
          kernels ? r.partition->kernels[order[i]].name : Place(*r.graph, OpId(order[i]));
      s.points.push_back(
          {static_cast<double>(i), live[i],
           absl::StrCat("step ", i, ", ", name, "\n", node, "\n", Bytes(live[i]), " alive")});
    }
    return s;
  };
  Chart chart{.key = "memory",
              .title = absl::StrCat(
                  "activations alive, ", kernels ? "kernel by kernel (fusion " : "",
                  kernels ? r.partition->key.policy : "operator by operator", kernels ? ")" : ""),
              .x = {"step", Quantity::kIndex},
              .y = {"bytes alive", Quantity::kBytes}};
  chart.series.push_back(series("in file order", Series::Form::kArea, m.order, m.live));
  if (m.best_peak_bytes < m.peak_activation_bytes) {
    chart.series.push_back(
        series("in a better order", Series::Form::kSteps, m.best_order, m.best_live));
  }
  return chart;
}

Chart ConcurrencyChart(const Report& r) {
  const bool kernels = r.plan != nullptr;
  const Concurrency& c = kernels ? r.plan->concurrency : *r.analysis.concurrency;
  absl::string_view nodes = kernels ? "kernel" : "operator";
  Chart chart{.key = "concurrency",
              .title = absl::StrCat("what could run side by side: ", nodes, "s by stage"),
              .x = {"stage", Quantity::kIndex},
              .y = {absl::StrCat(nodes, "s of the stage"), Quantity::kExact}};
  Series s{"", c.profile.size() <= kMostUprightBars ? Series::Form::kBars : Series::Form::kArea};
  for (size_t i = 0; i < c.profile.size(); ++i) {
    const Concurrency::Stage& stage = c.profile[i];
    s.points.push_back({static_cast<double>(i), static_cast<double>(stage.nodes),
                        absl::StrCat("stage ", i, "\n", Plural(stage.nodes, nodes), ", ",
                                     Count(stage.flops), " FLOPs, ", Bytes(stage.bytes))});
  }
  chart.series.push_back(std::move(s));
  return chart;
}

}  // namespace assay
