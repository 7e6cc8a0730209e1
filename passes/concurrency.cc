#include "passes/concurrency.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "passes/flow.h"

namespace assay {
namespace {

// Edges and nodes that the search for the width may visit: a few milliseconds.
constexpr int64_t kWidthSteps = 4'000'000;

// The op that stands for this one: the outermost op with a body that runs around it, or itself.
std::vector<OpId> NodesOf(const Graph& graph, const Execution& execution) {
  std::vector<OpId> node(graph.num_ops());
  for (OpId op(0); op.index < graph.num_ops(); ++op.index) {
    node[op.index] = op;
    const OpId owner = graph.region(graph.op(op).region).owner;
    if (!owner.has_value()) continue;
    if (node[owner.index] != owner || execution.runs(owner)) node[op.index] = node[owner.index];
  }
  return node;
}

struct Length {
  double flops = 0, macs = 0;
  int ops = 0;
  friend bool operator<(const Length& a, const Length& b) {
    return std::tie(a.flops, a.macs, a.ops) < std::tie(b.flops, b.macs, b.ops);
  }
};

}  // namespace

Concurrency MeasureConcurrency(const Graph& graph, const Shapes& shapes, const Execution& execution,
                               const Works& works, const Numbers& numbers) {
  Concurrency out;
  out.stage_of.assign(graph.num_ops(), -1);
  const Flow flow = Flow::Build(graph, shapes, execution, works, numbers);
  const int slots = static_cast<int>(flow.ops.size());
  const std::vector<OpId> node_op = NodesOf(graph, execution);

  // Nodes in op order, with all the work in them.
  std::vector<int32_t> node(slots);
  std::vector<OpId> ops;
  std::vector<double> flops, macs;
  for (int s = 0; s < slots; ++s) {
    const OpId op = flow.ops[s];
    const OpId rep = node_op[op.index];
    if (rep == op) {
      node[s] = static_cast<int32_t>(ops.size());
      ops.push_back(op);
      flops.push_back(0);
      macs.push_back(0);
    } else {
      node[s] = node[flow.slot[rep.index]];
    }
    const OpNumbers& n = numbers.of(op);
    flops[node[s]] += n.flops;
    macs[node[s]] += n.macs;
  }

  // Longest chains, in op order: all that a node reads was written by nodes before it.
  const int n = static_cast<int>(ops.size());
  std::vector<int32_t> stage(n, 0), before(n, -1);
  std::vector<Length> longest(n);  // up to the node, without its own work
  std::vector<double> most_macs(n, 0);
  std::vector<std::pair<int32_t, int32_t>> edges;
  auto with_own = [&](int32_t v) {
    Length l = longest[v];
    l.flops += flops[v];
    l.macs += macs[v];
    ++l.ops;
    return l;
  };
  for (int s = 0; s < slots; ++s) {
    const int32_t v = node[s];
    for (const Flow::Access& a : flow.reads(s)) {
      const int32_t writer = flow.writer(a.value);
      if (writer < 0 || node[writer] == v) continue;
      const int32_t u = node[writer];
      edges.emplace_back(u, v);
      stage[v] = std::max(stage[v], stage[u] + 1);
      most_macs[v] = std::max(most_macs[v], most_macs[u] + macs[u]);
      if (const Length l = with_own(u); longest[v] < l) {
        longest[v] = l;
        before[v] = u;
      }
    }
  }

  std::vector<int32_t> in_stage;
  int32_t last = -1;
  Length best;
  double total_flops = 0;
  for (int32_t v = 0; v < n; ++v) {
    out.stages = std::max(out.stages, stage[v] + 1);
    in_stage.resize(out.stages);
    ++in_stage[stage[v]];
    out.critical_macs = std::max(out.critical_macs, most_macs[v] + macs[v]);
    if (const Length l = with_own(v); best < l) {
      best = l;
      last = v;
    }
    total_flops += flops[v];
  }
  for (int32_t count : in_stage) out.widest_stage = std::max(out.widest_stage, count);
  for (int s = 0; s < slots; ++s) out.stage_of[flow.ops[s].index] = stage[node[s]];
  for (int32_t v = last; v >= 0; v = before[v]) out.critical_ops.push_back(ops[v]);
  std::reverse(out.critical_ops.begin(), out.critical_ops.end());
  out.critical_path_ops = out.stages;
  out.critical_flops = best.flops;
  out.average_parallelism = best.flops > 0 ? total_flops / best.flops : 0;
  out.width = LargestAntichain(n, edges, kWidthSteps);
  return out;
}

}  // namespace assay
