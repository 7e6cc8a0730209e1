// Key-value caches and other states that one run hands to the next.
//
// An input is the past of an output, its present, when one of these holds:
//   - a row of the table in cache.cc: an op that runs reads the input as the operand that the row
//     names and gives the output as the result that it names (Concat grows a cache, ScatterND
//     writes into one, GroupQueryAttention does either, LSTM hands its state on);
//   - the output is the input, or a view of it, unchanged;
//   - their names say so: the same but for the words past, present, cache, in, out ("past_key_3",
//     "present_key_3"), the input's with past or cache in it.
// Views between them do not matter.
#ifndef ASSAY_PASSES_CACHE_H_
#define ASSAY_PASSES_CACHE_H_

#include <vector>

#include "absl/types/span.h"
#include "ir/graph.h"
#include "passes/facts.h"
#include "passes/flow.h"

namespace assay {

// By past; of several outputs that continue one input the first.
std::vector<Memory::Cache> FindCaches(const Graph& graph, const Execution& execution,
                                      const Flow& flow, absl::Span<const double> value_bytes);

}  // namespace assay

#endif  // ASSAY_PASSES_CACHE_H_
