// Folding of small tensors: what the value rules of the families are made of.
//
// A value rule asks first whether its operands have contents (Foldable, cheap), then computes the
// elements of the result: pointwise with broadcasting, or by saying for each element of the result
// which element of the operand it is. Splats stay splats. Contents that are too many to matter are
// not followed: more than TensorValue::kMaxElements, of floating types more than kMaxFloats.
#ifndef ASSAY_IR_OPS_FOLD_H_
#define ASSAY_IR_OPS_FOLD_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "ir/op_context.h"
#include "ir/ops/elem.h"
#include "ir/type.h"

namespace assay {

// Scales, ranges and the like; a larger floating tensor is data.
inline constexpr int64_t kMaxFloats = 16;

// Number of elements when every dimension is known and the contents are few enough to follow; else
// -1.
int64_t FoldableSize(const Type& type);

// True when each of the operands may have contents worth following. Does not decode stored tensors.
bool Foldable(OpContext& op, absl::Span<const int> operands);
// All present operands.
bool Foldable(OpContext& op);

// Known dimensions as numbers; nullopt when one is not, or their product is too large to follow.
std::optional<std::vector<int64_t>> KnownDims(const Dims& dims);

// Calls visit(index) for every index of a tensor, in row-major order.
void ForEachIndex(absl::Span<const int64_t> dims,
                  absl::FunctionRef<void(absl::Span<const int64_t>)> visit);
// Elements between neighbours along each axis, row-major.
std::vector<int64_t> StridesOf(absl::Span<const int64_t> dims);

// Sets the contents of result `i`, whose type is set; nothing when no element is known.
void SetElems(OpContext& op, int i, std::vector<Elem> elems);
// All elements the same, however many.
void SetSplat(OpContext& op, int i, Elem elem);

// Result 0 by `fn` on the broadcast operands' elements; the span has one entry per operand, unknown
// for an absent one. An op of fewer operands than `at_least` is left alone.
absl::Status FoldPointwise(OpContext& op, int at_least,
                           absl::FunctionRef<Elem(absl::Span<const Elem>)> fn);

// Result 0 by `fn` on each element of operand 0, which has the same shape.
absl::Status FoldEach(OpContext& op, absl::FunctionRef<Elem(const Elem&)> fn);

// Result `i` with elements of operand 0: for the result's element at `index`, `source` gives the
// row-major position in the operand, or -1 for one that is not known. Only called when the operand
// has contents and the result is small; a splat stays one without asking.
void FoldByIndex(OpContext& op, int i,
                 absl::FunctionRef<int64_t(absl::Span<const int64_t> index)> source);

// Result 0 has the elements of operand 0 in the same row-major order, as Reshape has.
absl::Status FoldSameOrder(OpContext& op);

// A stored tensor's contents where they are few enough to follow and can be had.
std::optional<TensorValue> ReadConstant(const Graph& graph, const Constant& constant);

}  // namespace assay

#endif  // ASSAY_IR_OPS_FOLD_H_
