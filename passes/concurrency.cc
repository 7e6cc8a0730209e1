#include "passes/concurrency.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "passes/flow.h"

namespace assay {
namespace {

// Edges and nodes that the search for the width may visit: a few milliseconds, and a few times what
// there is.
constexpr int64_t kWidthSteps = 2'000'000, kWidthRounds = 8;
constexpr int kMostProcessors = 1 << 16;

struct Length {
  double flops = 0, macs = 0;
  int nodes = 0;
  friend bool operator<(const Length& a, const Length& b) {
    return std::tie(a.flops, a.macs, a.nodes) < std::tie(b.flops, b.macs, b.nodes);
  }
};

std::vector<Concurrency::Speedup> Speedups(double work, double span, int width) {
  std::vector<Concurrency::Speedup> out;
  if (span <= 0) return out;
  for (int p = 1; p <= kMostProcessors; p *= 2) {
    out.push_back({.processors = p,
                   .at_least = work / (work / p + (1 - 1.0 / p) * span),
                   .at_most = std::min<double>(p, work / span)});
    if (p >= width) break;
  }
  return out;
}

}  // namespace

Concurrency MeasureSteps(const Steps& steps, absl::Span<const StepWork> work, int nodes) {
  Concurrency out;
  const int n = steps.units();
  out.nodes = n;
  std::vector<StepWork> own(n);
  StepWork total;
  for (int s = 0; s < steps.size(); ++s) {
    for (StepWork* w : {&own[steps.unit[s]], &total}) {
      w->macs += work[s].macs;
      w->flops += work[s].flops;
      w->bytes += work[s].bytes;
    }
  }

  // Longest chains, unit by unit: all that a unit reads was written by units before it.
  const std::vector<std::pair<int32_t, int32_t>> edges = steps.UnitEdges();
  std::vector<int32_t> stage(n, 0), before(n, -1);
  std::vector<Length> longest(n);               // up to the unit, without its own work
  std::vector<double> macs(n, 0), bytes(n, 0);  // likewise, each of its own chain
  auto with_own = [&](int32_t v) {
    Length l = longest[v];
    l.flops += own[v].flops;
    l.macs += own[v].macs;
    ++l.nodes;
    return l;
  };
  // Edges are in order of where they begin, and a unit's chains are complete when its turn comes.
  for (auto [u, v] : edges) {
    stage[v] = std::max(stage[v], stage[u] + 1);
    macs[v] = std::max(macs[v], macs[u] + own[u].macs);
    bytes[v] = std::max(bytes[v], bytes[u] + own[u].bytes);
    if (const Length l = with_own(u); longest[v] < l) {
      longest[v] = l;
      before[v] = u;
    }
  }

  int32_t last = -1;
  Length best;
  for (int32_t v = 0; v < n; ++v) {
    out.stages = std::max(out.stages, stage[v] + 1);
    out.profile.resize(out.stages);
    Concurrency::Stage& s = out.profile[stage[v]];
    ++s.nodes;
    s.macs += own[v].macs;
    s.flops += own[v].flops;
    s.bytes += own[v].bytes;
    out.widest_stage = std::max(out.widest_stage, s.nodes);
    out.critical_macs = std::max(out.critical_macs, macs[v] + own[v].macs);
    out.critical_bytes = std::max(out.critical_bytes, bytes[v] + own[v].bytes);
    if (const Length l = with_own(v); best < l) {
      best = l;
      last = v;
    }
  }
  out.stage_of.assign(nodes, -1);
  for (int s = 0; s < steps.size(); ++s) out.stage_of[steps.node[s]] = stage[steps.unit[s]];
  for (int32_t v = last; v >= 0; v = before[v]) {
    out.critical_nodes.push_back(steps.node[steps.unit_begin[v]]);
  }
  std::reverse(out.critical_nodes.begin(), out.critical_nodes.end());
  out.critical_path_ops = out.stages;
  out.critical_flops = best.flops;
  out.average_parallelism = best.flops > 0 ? total.flops / best.flops : 0;
  const Antichain widest = LargestAntichain(
      n, edges, kWidthSteps + kWidthRounds * (n + static_cast<int64_t>(edges.size())));
  out.width_at_most = widest.at_most;
  if (widest.exact) out.width = widest.at_most;
  out.speedups = Speedups(total.flops, best.flops, widest.at_most);
  return out;
}

Concurrency MeasureConcurrency(const Graph& graph, const Execution& execution,
                               const Numbers& numbers, const Flow& flow) {
  const Steps steps = Steps::OfOps(graph, execution, flow, numbers.value_bytes);
  std::vector<StepWork> work;
  work.reserve(steps.size());
  for (OpId op : steps.op) {
    const OpNumbers& o = numbers.of(op);
    work.push_back({.macs = o.macs, .flops = o.flops, .bytes = o.bytes()});
  }
  return MeasureSteps(steps, work, graph.num_ops());
}

}  // namespace assay
