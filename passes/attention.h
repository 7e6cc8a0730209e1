// Attention in pieces, found from its softmax outwards:
//
//   q ---.
//        MatMul -> scale -> mask -> Softmax -> guard -> MatMul -> out
//   k^T -'                                     v -------'
//
// What lies between the products may be any elementwise ops (Mul, Div, Add of a mask or of a table
// of positions, Where, Tanh of a soft cap, Cast), the softmax one op or several, and behind it the
// IsNaN and Where that PyTorch's TorchDynamo exporter writes. What prepares q, k, v (cutting heads
// out, transposing, scaling, repeating) and what merges the heads is the pattern's own `front` and
// `steps`; this is the heart alone.
//
// One such kernel reads q, k, v and the mask once and writes the result; the scores stay on the
// chip (Dao et al., FlashAttention, arXiv 2205.14135).
//
// Cost: linear; what lies between the products is bounded by kReach.
#ifndef ASSAY_PASSES_ATTENTION_H_
#define ASSAY_PASSES_ATTENTION_H_

#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "ir/graph.h"
#include "passes/facts.h"
#include "passes/flow.h"
#include "passes/spelling.h"

namespace assay {

struct AttentionCore {
  absl::InlinedVector<int32_t, 12> ops;  // slots, ascending; the last is `pv`
  int32_t qk = -1, pv = -1;              // the two products
};

// `softmaxes`: those spelled in several ops. In order of `pv`, none overlapping another.
std::vector<AttentionCore> FindAttention(const Graph& graph, const Execution& execution,
                                         const Flow& flow, absl::Span<const Spelled> softmaxes);

// For every core, the groups of ops that are one projection each written apart: products with
// weights whose results reach q, k or v through nothing but elementwise ops, movement, caches and
// normalisation. Slots of such products, by attention, ascending.
std::vector<std::vector<int32_t>> FindProjections(
    const Graph& graph, const Execution& execution, const Flow& flow,
    absl::Span<const absl::InlinedVector<int32_t, 8>> attention_ops);

}  // namespace assay

#endif  // ASSAY_PASSES_ATTENTION_H_
