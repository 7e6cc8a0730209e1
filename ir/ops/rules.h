// Rules that several families share.
#ifndef ASSAY_IR_OPS_RULES_H_
#define ASSAY_IR_OPS_RULES_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ir/op_context.h"

namespace assay {

// Result 0 has the type of operand 0.
absl::Status SameAsFirst(OpContext& op);
// Result 0 has the shape of operand 0 and this element type; no rank where that is no tensor.
absl::Status RetypeFirst(OpContext& op, DType dtype);
// Result 0 has the operands' common broadcast shape and the type of operand 0.
absl::Status Broadcast(OpContext& op);
// As Broadcast, result is boolean.
absl::Status BroadcastBool(OpContext& op);
// Result 0 has the contents of operand 0, which has as many elements in the same order. A value
// rule.
absl::Status SameContents(OpContext& op);

// Of the operands only types and places matter; no element is read. A work rule.
absl::Status ReadsNothing(OpContext& op);

// The multidirectional (numpy) broadcast of two shapes; symbolic sizes that differ are unified,
// unless one is 1. A size that depends on contents and may be 1 takes the other's number without
// being bound to it; min(n, s) against s is s, assuming that s is at most n.
absl::StatusOr<Dims> BroadcastDims(OpContext& op, const Dims& a, const Dims& b);

// The common broadcast shape of operands [begin, end), absent ones left out. nullopt when a rank is
// not known.
absl::StatusOr<std::optional<Dims>> BroadcastOperands(OpContext& op, int begin, int end);

// The integers of operand i, or of the attribute (how old opsets spell it) when there is no such
// operand. What is not known is an unknown entry: contents that are not known at all are as many
// unknowns as the operand's size says. nullopt when not even their number is known, or when neither
// operand nor attribute is there.
std::optional<Dims> IntsOperand(OpContext& op, int i, absl::string_view attr = "");
// True when operand i or the attribute is there, and not a tensor of no elements.
bool HasOperandOrAttr(OpContext& op, int i, absl::string_view attr);

// A size of result i that depends on contents: `d` when it is known, else a new symbol in [low,
// high] with `high` unknown for no bound. `what` says what it is: "number of non-zeros".
Dim OrFresh(OpContext& op, int i, Dim d, int64_t low, Dim high, absl::string_view what);

// The lowest value of d for any of its symbols, at least 0: whether a size may be empty.
int64_t LowOf(OpContext& op, Dim d);

// a / b where the operator needs it to be whole: exact where it can be shown, an error for numbers
// that do not divide, else rounded down with an assumption. `what` is what a counts.
absl::StatusOr<Dim> DivideWhole(OpContext& op, Dim a, Dim b, absl::string_view what);

// Sizes up to this one are sorted in so many rounds: ceil(log2 n), of a symbolic size by its upper
// bound; 1 when it has none.
int64_t SortRounds(OpContext& op, Dim n);

// Row-major position of an index in a tensor of those strides.
int64_t PositionOf(absl::Span<const int64_t> index, absl::Span<const int64_t> strides);

// Result i is a tensor of that element type and unknown rank.
absl::Status Unranked(OpContext& op, int i, DType dtype);

}  // namespace assay

#endif  // ASSAY_IR_OPS_RULES_H_
