// The policy `optimal`: of all ways to put the kernels of a grouping (greedy's) together into
// larger ones, the one with the least external traffic, in bytes x multiplicity; among equals the
// one with the fewest kernels. Never more traffic than the grouping it starts from, whose kernels
// stay whole.
//
//   greedy     [Conv+Relu] -> [Add+Relu]      [ReduceMean] -> [Sub] -> [Pow] -> [ReduceMean] ...
//   optimal    [Conv+Relu+Add+Relu]           [ReduceMean+Sub+Pow+ReduceMean ...]
//
// Which kernels may be one is said in passes/kernel_rules.h. Pairs that may, along an edge or as
// siblings, hold a graph together in regions; nothing outside a region can change what is best
// inside, but for cycles. Each region is solved by itself, exactly, by dynamic programming
// (passes/region_search.h). Where the solutions of two regions would make kernels wait for each
// other in a circle, the regions are solved again as one.
//
// Exact on regions of up to 64 kernels, as long as the effort lasts: small regions first, each with
// at most a quarter of what is left. A larger region is solved by pieces of 64: the kernels that
// begin in a piece's first half are kept, the others decided again with the next piece. Regions
// that are not proven to have the least traffic are counted (regions_not_exact). A tensor with more
// than LeastTrafficEffort::siblings readers makes no siblings: that is a rule, and not counted.
//
// Cost: linear in ops and operands, and the effort: bounded by a number per kernel.
#ifndef ASSAY_PASSES_FUSION_OPTIMAL_H_
#define ASSAY_PASSES_FUSION_OPTIMAL_H_

#include <cstdint>

#include "ir/graph.h"
#include "passes/facts.h"
#include "passes/flow.h"
#include "passes/partition.h"
#include "passes/region_search.h"

namespace assay {

// A kernel that holds several of another policy's. Its members' own patterns are no longer told
// apart, unless one takes several heavy ops, whose name stays.
inline constexpr absl::string_view kLeastTrafficPattern = "least-traffic";

struct LeastTrafficEffort {
  int region_nodes = 64;          // kernels of a region that is solved in one piece; at most 64
  RegionLimits region;            // of one piece
  int64_t steps_per_kernel = 16;  // of the search, on average over all kernels ...
  int64_t steps_at_least = 32768;
  int64_t visits_per_kernel = 256;  // edges followed to see who waits for whom, likewise
  int siblings = 16;                // a tensor with more readers makes no siblings
};

struct LeastTraffic {
  Grouping grouping;
  int regions = 0;            // sets of two kernels and more of which some may be one
  int regions_not_exact = 0;  // of those: the effort ended before the proof
};

LeastTraffic MinimizeTraffic(const Graph& graph, const Shapes& shapes, const Execution& execution,
                             const Works& works, const Numbers& numbers, const Flow& flow,
                             const FusionKey& key, const Grouping& from,
                             const LeastTrafficEffort& effort = {});

}  // namespace assay

#endif  // ASSAY_PASSES_FUSION_OPTIMAL_H_
