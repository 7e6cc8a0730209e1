// Which neighbours may be one kernel, as a compiler for a GPU or a CPU would really write it. The
// policy `optimal` chooses among all of those.
//
// A kernel runs over the elements of its result. It holds
//
//   pointwise ops      over the same elements, in order or broadcast from a row (x / sum(x))
//   rows               reductions and normalisations over trailing axes, all over the same rows: a
//                      block of threads keeps its row, so what follows may use the row's result for
//                      the same row. A row that one block cannot keep (kRowElements), and a
//                      reduction over other axes, takes what stands before it, and behind it only
//                      ops over its results
//   or one anchor      a contraction or an attention, with what follows over the elements of its
//                      result: its tile is still in registers. No row: the tile does not hold it
//   or one stencil     a pooling or such, likewise
//   movement           at its edges. On load: the reader computes the address. On store: a
//                      permutation of the result. Into the operand of an anchor or a stencil only
//                      when nobody else needs the result
//
// Nothing computed goes into the operand of an anchor or a stencil: many tiles read each element,
// so it would be computed as often. A conversion (Cast, DequantizeLinear) may, as movement does.
// Siblings that share an input are one kernel when both run over its elements in order. All of a
// kernel stands in one region and runs equally often; control flow, opaque operators, recurrences,
// sorts and what has unknown sizes are alone.
#ifndef ASSAY_PASSES_KERNEL_RULES_H_
#define ASSAY_PASSES_KERNEL_RULES_H_

#include <cstdint>

#include "absl/types/span.h"
#include "passes/kernel_space.h"

namespace assay {

// What `from` writes may stay in a kernel with `to`, which reads it. Necessary; LegalKernel() sees
// the whole.
bool MayPass(const KernelNode& from, const KernelNode& to, const KernelNode::Read& read);
// Both run over the elements of the input that they read here, in order.
bool MayShare(const KernelNode& a, const KernelNode::Read& of_a, const KernelNode& b,
              const KernelNode::Read& of_b);
// They are never in one kernel, whatever else is in it.
bool NeverTogether(const KernelNode& a, const KernelNode& b);
// The rules that concern a kernel as a whole. Nodes ascending, no two of them never together and
// all edges among them such that MayPass; `leaves`, by node of the kernel: a result of it is needed
// outside. Whether they hang together is not asked.
bool LegalKernel(const KernelSpace& space, absl::Span<const int32_t> nodes,
                 absl::Span<const uint8_t> leaves);

}  // namespace assay

#endif  // ASSAY_PASSES_KERNEL_RULES_H_
