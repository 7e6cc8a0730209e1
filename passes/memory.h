// What has to be in memory at once, running op after op in file order.
//
// A buffer is born at the op that writes it (a graph input: at the start) and dies after the last
// op that reads it or one of its views (a graph output: at the end). A loop runs its body many
// times, so what the body reads from outside, and what the loop was given, lives to the loop's end;
// what the body gives out lives to the end of the body. The carried values that a body sees as
// arguments are buffers counted already, as what the loop was given or as what the body gave out.
//
// Two peaks: every result in a buffer of its own (what a runtime without in-place operators
// allocates), and with in-place results: the first result takes over the buffer of the operand that
// its operator's row names, when the op is that buffer's last use, sizes are equal, and it is not
// the caller's.
#ifndef ASSAY_PASSES_MEMORY_H_
#define ASSAY_PASSES_MEMORY_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "ir/graph.h"
#include "passes/facts.h"
#include "passes/flow.h"

namespace assay {

// A buffer and the ops, as indices in op order, during which it lives: [from, to], both inclusive.
struct Lifetime {
  ValueId value;
  double bytes = 0;
  int32_t from = 0, to = 0;
  // The buffer whose place it may take at `from`: an index into the list of lifetimes; -1: none.
  int32_t takes_over = -1;
};

// In order of birth, then of value. `unknown` counts buffers whose size is not known and that are
// left out.
std::vector<Lifetime> Lifetimes(const Graph& graph, const Execution& execution,
                                absl::Span<const double> value_bytes, const Flow& flow,
                                int* unknown);

Memory PlanMemory(const Graph& graph, const Shapes& shapes, const Execution& execution,
                  const Works& works, const Numbers& numbers);

// Bytes of a packed plan: each buffer, largest first, goes to the lowest gap that it fits into
// among those it lives together with. -1 when more than `max_pairs` pairs of buffers live together.
double PackArena(absl::Span<const Lifetime> lifetimes, int64_t max_pairs);

// Memory::peak_activation_bytes with other sizes: a what-if on precision.
double PeakActivationBytes(const Graph& graph, const Execution& execution,
                           absl::Span<const double> value_bytes, const Flow& flow);

}  // namespace assay

#endif  // ASSAY_PASSES_MEMORY_H_
