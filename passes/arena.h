// Packing buffers into one arena: an offset for each, so that no two that are alive at the same
// step overlap. The arena can be no smaller than the most bytes alive at once; to reach that bound
// is NP-hard in general, so several heuristics are tried, and the search ends at the first plan
// that reaches it.
//
//   time ->   0  1  2  3
//   a 10      ######
//   b 20      #########            b at 0, a at 20, c at 20: 45 bytes,
//   c 25            ######         which are b and c, alive together at step 2
//
// First fit in some order of preference: by size as TFLite's greedy-by-size memory planner
// (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020), by
// breadth as the same paper's greedy-by-breadth, by area, by birth. Then repair, in the spirit of
// TVM's hill climb: what sticks out at the top is preferred over all else and the rest packed anew.
//
// Cost: pairs of buffers that are alive together, no more of them than `max_pairs`, and once more
// per try until half of `max_pairs` is used up; beyond that one pass by birth over the gaps of
// what is alive (best fit), in n log n, or by breadth for the largest buffers alone and best fit
// for the rest.
#ifndef ASSAY_PASSES_ARENA_H_
#define ASSAY_PASSES_ARENA_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "passes/facts.h"

namespace assay {

struct ArenaPlan {
  double bytes = 0;
  std::vector<double> offsets;  // by buffer; of one without bytes 0
  absl::string_view heuristic;
};

// `least`: the most bytes alive at once.
ArenaPlan PackArena(absl::Span<const Memory::Buffer> buffers, double least, int64_t max_pairs);

}  // namespace assay

#endif  // ASSAY_PASSES_ARENA_H_
