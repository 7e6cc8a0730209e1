// How much of a model could run side by side, on its real edges.
//
// Nodes are the ops that run; edges are the buffers between them. A Loop, a Scan or an If that is
// decided at run time is one node together with its body: what goes on inside is serial to the
// outside. A branch that is known is no wall: its ops are nodes like all others.
//
// Width is the largest set of nodes of which none waits for another (an antichain). By Dilworth's
// theorem it equals the fewest chains that cover all nodes, and that is a minimum flow with lower
// bound 1 on every node (paths may share nodes, which stands for the transitive closure that is
// never built). A greedy cover comes first; then each path found in the residual network takes one
// chain away, and when there is none left the cover is minimal. Linear for each round, and the
// rounds are bounded: width is -1 when the bound was met.
#ifndef ASSAY_PASSES_CONCURRENCY_H_
#define ASSAY_PASSES_CONCURRENCY_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "ir/graph.h"
#include "passes/facts.h"

namespace assay {

Concurrency MeasureConcurrency(const Graph& graph, const Shapes& shapes, const Execution& execution,
                               const Works& works, const Numbers& numbers);

// The largest antichain of the graph with nodes 0..n-1 and these edges (from < to); -1 when it
// takes more than `max_steps` visits of an edge or node to find out.
int LargestAntichain(int n, absl::Span<const std::pair<int32_t, int32_t>> edges, int64_t max_steps);

}  // namespace assay

#endif  // ASSAY_PASSES_CONCURRENCY_H_
