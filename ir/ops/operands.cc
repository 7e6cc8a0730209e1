#include "ir/ops/operands.h"

#include <optional>
#include <string>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace assay {

absl::Status Merge(OpContext& op, Dim* a, Dim b, absl::string_view why) {
  if (b.unknown() || *a == b) return absl::OkStatus();
  if (a->unknown()) {
    *a = b;
    return absl::OkStatus();
  }
  absl::StatusOr<Dim> common = op.Unify(*a, b, why);
  if (!common.ok()) return common.status();
  *a = *common;
  return absl::OkStatus();
}

absl::Status RequireRank(OpContext& op, int i, absl::string_view name,
                         absl::Span<const int> ranks) {
  if (!op.ranked(i) || absl::c_linear_search(ranks, op.rank(i))) return absl::OkStatus();
  return OpError(absl::StrCat("operand ", i, " (", name, ") has rank ", op.rank(i),
                              "; give it rank ", absl::StrJoin(ranks, " or ")));
}

absl::Status RequirePositive(OpContext&, absl::string_view attr, int64_t value) {
  if (value >= 1) return absl::OkStatus();
  return OpError(absl::StrCat("attribute `", attr, "` is ", value, "; give at least 1"));
}

DType TypeAttr(OpContext& op, absl::string_view attr, DType fallback) {
  absl::string_view name = op.string_attr(attr, "");
  return ParseDType(name).value_or(fallback);
}

DType AccumulateType(DType dtype) {
  if (dtype == DType::kUndefined || dtype == DType::kF64) return dtype;
  if (IsInteger(dtype)) return Bits(dtype) == 64 ? DType::kI64 : DType::kI32;
  return DType::kF32;
}

Dim ProductOf(OpContext& op, const Dims& dims, int begin, int end) {
  return op.dims().Product(absl::MakeConstSpan(dims).subspan(begin, end - begin));
}

Dim RowsOfFirst(OpContext& op) {
  const Type& type = op.in(0);
  return type.ranked && type.rank() > 0 ? ProductOf(op, type.dims, 0, type.rank() - 1) : Dim();
}

void AddFlops(OpContext& op, Dim flops) { op.work().flops = op.dims().Add(op.work().flops, flops); }

void AddTranscendentals(OpContext& op, Dim transcendentals) {
  op.work().transcendentals = op.dims().Add(op.work().transcendentals, transcendentals);
}

void AddComparisons(OpContext& op, Dim comparisons) {
  op.work().comparisons = op.dims().Add(op.work().comparisons, comparisons);
}

}  // namespace assay
