// How much of a model could run side by side, on its real edges: the units of passes/steps.h.
//
// Width is the largest set of nodes of which none waits for another (an antichain). By Dilworth's
// theorem it equals the fewest chains that cover all nodes, and that is a minimum flow with lower
// bound 1 on every node (paths may share nodes, which stands for the transitive closure that is
// never built). A greedy cover comes first; then each path found in the residual network takes one
// chain away, and when there is none left the cover is minimal. Linear for each round, and the
// rounds are bounded: when the bound is met, width is not known, but no more than the chains so
// far.
//
// Work and span, in FLOPs, bound what p equal processors gain when each does one node at a time
// (a node is not divided): no schedule is faster than min(p, work / span), and any that leaves no
// processor idle while a node is free is at least as fast as Graham's bound says, T_p <= work / p +
// (1 - 1 / p) * span (R. L. Graham, "Bounds on multiprocessing timing anomalies", 1969; Brent's
// theorem is the same for unit tasks).
#ifndef ASSAY_PASSES_CONCURRENCY_H_
#define ASSAY_PASSES_CONCURRENCY_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "ir/graph.h"
#include "passes/facts.h"
#include "passes/flow.h"
#include "passes/steps.h"

namespace assay {

// What a step does, x multiplicity.
struct StepWork {
  double macs = 0, flops = 0, bytes = 0;
};

// `work` by step; nodes are numbered below `nodes`.
Concurrency MeasureSteps(const Steps& steps, absl::Span<const StepWork> work, int nodes);

Concurrency MeasureConcurrency(const Graph& graph, const Execution& execution,
                               const Numbers& numbers, const Flow& flow);

// The largest antichain of the graph with nodes 0..n-1 and these edges (from < to).
struct Antichain {
  int at_most = 0;
  bool exact = true;  // at_most is its size; else finding out takes more than `max_steps` visits
};
Antichain LargestAntichain(int n, absl::Span<const std::pair<int32_t, int32_t>> edges,
                           int64_t max_steps);

}  // namespace assay

#endif  // ASSAY_PASSES_CONCURRENCY_H_
