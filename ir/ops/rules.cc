#include "ir/ops/rules.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/ops/fold.h"

namespace assay {
namespace {

bool DependsOnContents(const DimPool& pool, Dim d) {
  std::vector<int> symbols;
  pool.CollectSymbols(d, &symbols);
  for (int s : symbols) {
    if (pool.symbols()[s].data_dependent) return true;
  }
  return false;
}

// One axis of a broadcast.
absl::StatusOr<Dim> BroadcastDim(OpContext& op, Dim a, Dim b) {
  DimPool& pool = op.dims();
  if (a == b || b.is(1)) return a;
  if (a.is(1)) return b;
  if (a.overflow() || b.overflow()) return Dim::Overflow();
  for (auto [x, y] : {std::pair(a, b), std::pair(b, a)}) {
    if (!x.unknown()) continue;
    // The unknown one is 1 or equal to the other.
    return y.known() || (y.symbolic() && pool.BoundsOf(y).low > 1) ? y : Dim();
  }
  if (a.known() && b.known()) {
    return OpError(absl::StrCat("sizes ", a.value(), " and ", b.value(),
                                " do not broadcast; make them equal, or one of them 1"));
  }
  for (auto [x, y] : {std::pair(a, b), std::pair(b, a)}) {
    if (!y.known()) continue;
    const Bounds bounds = pool.BoundsOf(x);
    if (bounds.low > 1 || bounds.high < 1) break;  // cannot be 1
    if (bounds.high < y.value()) return y;         // must be 1
    // A size of an input, named by whoever exported the model, is meant to fit; a size that depends
    // on contents may well be 1.
    if (!DependsOnContents(pool, x)) break;
    op.Assume(absl::StrCat(pool.ToString(x), " is 1 or ", y.value(), ", to broadcast"));
    return y;
  }
  for (auto [x, y] : {std::pair(a, b), std::pair(b, a)}) {
    // min(512, s) against s: a table of 512 rows, cut to s, serves up to 512.
    if (!x.symbolic()) continue;
    const int64_t most = pool.BoundsOf(x).high;
    if (most == Bounds::kNoBound || pool.Min(y, Dim(most)) != x) continue;
    op.Assume(absl::StrCat(pool.ToString(y), " is at most ", most, ", to broadcast"));
    return y;
  }
  return op.Unify(a, b, "they broadcast against each other, and neither is 1");
}

// Opsets before 7 align operand 1 at an axis of operand 0, when `broadcast` is set.
Dims AlignOld(OpContext& op, int i) {
  Dims dims = op.in(i).dims;
  if (i != 1 || op.opset() >= 7 || !op.row().domain.empty() || !op.has_attr("axis") ||
      !op.ranked(0)) {
    return dims;
  }
  const absl::StatusOr<int> begin = op.Axis(op.int_attr("axis", 0), op.rank(0));
  while (begin.ok() && *begin + static_cast<int>(dims.size()) < op.rank(0)) dims.push_back(Dim(1));
  return dims;
}

absl::Status BroadcastAs(OpContext& op, DType dtype) {
  absl::StatusOr<std::optional<Dims>> dims = BroadcastOperands(op, 0, op.num_inputs());
  if (!dims.ok()) return dims.status();
  if (!dims->has_value()) return Unranked(op, 0, dtype);
  op.SetOut(0, dtype, **std::move(dims));
  return absl::OkStatus();
}

}  // namespace

absl::Status SameAsFirst(OpContext& op) {
  op.SetOut(0, op.in(0));
  return absl::OkStatus();
}

absl::Status RetypeFirst(OpContext& op, DType dtype) {
  Type type = op.in(0);
  if (!type.is_tensor()) return Unranked(op, 0, dtype);
  type.dtype = dtype;
  op.SetOut(0, std::move(type));
  return absl::OkStatus();
}

absl::Status Broadcast(OpContext& op) { return BroadcastAs(op, op.dtype(0)); }

absl::Status BroadcastBool(OpContext& op) { return BroadcastAs(op, DType::kBool); }

absl::Status SameContents(OpContext& op) { return FoldSameOrder(op); }

absl::Status ReadsNothing(OpContext& op) {
  for (Dim& d : op.work().reads) d = Dim(0);
  return absl::OkStatus();
}

absl::StatusOr<Dims> BroadcastDims(OpContext& op, const Dims& a, const Dims& b) {
  const size_t rank = std::max(a.size(), b.size());
  Dims out(rank);
  for (size_t i = 0; i < rank; ++i) {
    // Aligned at the last axis.
    const Dim x = i < rank - a.size() ? Dim(1) : a[i - (rank - a.size())];
    const Dim y = i < rank - b.size() ? Dim(1) : b[i - (rank - b.size())];
    absl::StatusOr<Dim> d = BroadcastDim(op, x, y);
    if (!d.ok()) return d.status();
    out[i] = *d;
  }
  return out;
}

absl::StatusOr<std::optional<Dims>> BroadcastOperands(OpContext& op, int begin, int end) {
  std::optional<Dims> out;
  for (int i = begin; i < end; ++i) {
    if (!op.has(i)) continue;
    if (!op.ranked(i)) return std::optional<Dims>();
    if (!out.has_value()) {
      out = AlignOld(op, i);
      continue;
    }
    absl::StatusOr<Dims> both = BroadcastDims(op, *out, AlignOld(op, i));
    if (!both.ok()) return both.status();
    out = *std::move(both);
  }
  return out;
}

std::optional<Dims> IntsOperand(OpContext& op, int i, absl::string_view attr) {
  Dims out;
  if (!op.has(i)) {
    std::optional<std::vector<int64_t>> ints;
    if (!attr.empty()) ints = op.ints_attr(attr);
    if (!ints.has_value()) return std::nullopt;
    for (int64_t v : *ints) out.push_back(Dim(v));
    return out;
  }
  const int64_t n = FoldableSize(op.in(i));
  if (n < 0) return std::nullopt;
  const TensorValue* value = op.may_have_value(i) ? op.value(i) : nullptr;
  if (value != nullptr && value->size() != n) value = nullptr;
  for (int64_t k = 0; k < n; ++k) {
    out.push_back(value != nullptr && value->at(k).is_int() ? value->at(k).num : Dim());
  }
  return out;
}

bool HasOperandOrAttr(OpContext& op, int i, absl::string_view attr) {
  if (op.has(i)) return !op.in_elements(i).is(0);
  return op.has_attr(attr);
}

Dim OrFresh(OpContext& op, int i, Dim d, int64_t low, Dim high, absl::string_view what) {
  if (!d.unknown()) return d;
  Bounds bounds{.low = low, .high = Bounds::kNoBound};
  if (high.known() || high.symbolic()) bounds.high = op.dims().BoundsOf(high).high;
  bounds.high = std::max(bounds.high, bounds.low);
  return op.Fresh(i, bounds, what);
}

int64_t LowOf(OpContext& op, Dim d) {
  return d.known() || d.symbolic() ? std::max<int64_t>(op.dims().BoundsOf(d).low, 0) : 0;
}

absl::StatusOr<Dim> DivideWhole(OpContext& op, Dim a, Dim b, absl::string_view what) {
  DimPool& pool = op.dims();
  if (a.unknown() || b.unknown()) return Dim();
  if (b.is(0)) return OpError(absl::StrCat(what, " cannot be divided by 0"));
  if (std::optional<Dim> exact = pool.DivideExactly(a, b)) return *exact;
  const Dim rest = pool.Mod(a, b);
  if (rest.known() && !rest.is(0)) {
    return OpError(
        absl::StrCat(what, " (", pool.ToString(a), ") is not a multiple of ", pool.ToString(b)));
  }
  if (!rest.is(0) && !a.overflow() && !b.overflow()) {
    op.Assume(absl::StrCat(pool.ToString(a), " is a multiple of ", pool.ToString(b)));
  }
  return pool.FloorDiv(a, b);
}

int64_t SortRounds(OpContext& op, Dim n) {
  const int64_t most = n.unknown() || n.overflow() ? Bounds::kNoBound : op.dims().BoundsOf(n).high;
  if (most == Bounds::kNoBound) return 1;
  int64_t rounds = 0;
  while (rounds < 62 && (int64_t{1} << rounds) < most) ++rounds;
  return rounds;
}

int64_t PositionOf(absl::Span<const int64_t> index, absl::Span<const int64_t> strides) {
  int64_t at = 0;
  for (size_t i = 0; i < strides.size() && i < index.size(); ++i) at += index[i] * strides[i];
  return at;
}

absl::Status Unranked(OpContext& op, int i, DType dtype) {
  op.SetOut(i, Type::Unranked(dtype));
  return absl::OkStatus();
}

}  // namespace assay
