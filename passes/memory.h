// What has to be in memory at once: when each buffer is alive (passes/steps.h), the peak and what
// stands there, a packed arena (passes/arena.h), an order that needs less (passes/order.h).
//
// Two peaks: every result in a buffer of its own (what a runtime without in-place operators
// allocates), and with in-place results: the first result takes over the buffer of the operand that
// its operator's row names, when the op is that buffer's last use, sizes are equal, and it is not
// the caller's. A kernel's last result takes over what only its in-place tail reads.
#ifndef ASSAY_PASSES_MEMORY_H_
#define ASSAY_PASSES_MEMORY_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "ir/graph.h"
#include "passes/facts.h"
#include "passes/flow.h"
#include "passes/steps.h"

namespace assay {

// Of every buffer whose size is known, when the steps run in this order. By birth in the order that
// `steps` stand in.
std::vector<Memory::Buffer> Lifetimes(const Steps& steps, absl::Span<const int32_t> order);

// Bytes alive at each step; with in-place results also that of the buffers taken over left out.
std::vector<double> LiveBytes(absl::Span<const Memory::Buffer> buffers, int steps, bool in_place);

// Everything but `weights_bytes` and `caches`.
Memory PlanSteps(const Steps& steps);

Memory PlanMemory(const Graph& graph, const Execution& execution, const Numbers& numbers,
                  const Flow& flow);

// Memory::weights_bytes: the weights that a run reads, each once, and the numbers in attributes.
double WeightBytes(const Graph& graph, const Execution& execution,
                   absl::Span<const double> value_bytes, const Flow& flow);

// Memory::peak_activation_bytes of a partition's kernels with these sizes: a what-if on precision.
double PeakActivationBytes(const Graph& graph, const Execution& execution,
                           absl::Span<const double> value_bytes, const Flow& flow,
                           const Partition& partition);

}  // namespace assay

#endif  // ASSAY_PASSES_MEMORY_H_
