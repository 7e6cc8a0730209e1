// Small things that rules ask of their operands.
#ifndef ASSAY_IR_OPS_OPERANDS_H_
#define ASSAY_IR_OPS_OPERANDS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ir/dim.h"
#include "ir/dtype.h"
#include "ir/op_context.h"

namespace assay {

// Requires *a and b to be the same size and stores what is known of it in *a. An unknown size takes
// the other's; unequal expressions are unified (OpContext::Unify), where `why` names both sizes.
absl::Status Merge(OpContext& op, Dim* a, Dim b, absl::string_view why);

// An error unless operand i is absent, of unknown rank, or of one of these ranks. `name` is what
// the specification calls it.
absl::Status RequireRank(OpContext& op, int i, absl::string_view name, absl::Span<const int> ranks);

// An error unless the value of an attribute is at least 1.
absl::Status RequirePositive(OpContext& op, absl::string_view attr, int64_t value);

// An element type given by attribute (the importer hands it over by name); `fallback` when absent.
DType TypeAttr(OpContext& op, absl::string_view attr, DType fallback);

// The type that sums of products of such elements are kept in: f64 for f64, i64 for 64-bit
// integers, i32 for narrower integers, f32 for all narrower floating types.
DType AccumulateType(DType dtype);

// Product of a stretch of a shape, from axis `begin` up to but not including `end`.
Dim ProductOf(OpContext& op, const Dims& dims, int begin, int end);
// Product of all axes of operand 0 but the last; unknown for a scalar.
Dim RowsOfFirst(OpContext& op);

// Add to what the op's work has of them.
void AddFlops(OpContext& op, Dim flops);
void AddTranscendentals(OpContext& op, Dim transcendentals);
void AddComparisons(OpContext& op, Dim comparisons);

}  // namespace assay

#endif  // ASSAY_IR_OPS_OPERANDS_H_
