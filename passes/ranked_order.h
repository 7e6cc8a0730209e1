// One order of a graph's nodes, the same whatever their numbers: what the order of kernels, of
// steps and of the nodes that `optimal` puts together all come from.
#ifndef ASSAY_PASSES_RANKED_ORDER_H_
#define ASSAY_PASSES_RANKED_ORDER_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"

namespace assay {

// Nodes 0..n-1, of which `rank` has one entry each, such that every edge (from, to) points onwards;
// among those that are free the one of the smallest rank, then of the smallest number. Edges may
// repeat. Nodes on a circle, and those behind one, are left out.
//
// Cost: linear in nodes and edges, times the logarithm of the number of nodes.
std::vector<int32_t> RankedOrder(absl::Span<const int32_t> rank,
                                 absl::Span<const std::pair<int32_t, int32_t>> edges);

}  // namespace assay

#endif  // ASSAY_PASSES_RANKED_ORDER_H_
