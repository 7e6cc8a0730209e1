// Indexing: operators that pick elements out of a tensor, or put some into one, by position.
//
// What picks reads only what it picks, and its indices. What puts (the Scatter family) copies the
// tensor, as the graph says, with the updates in place.
//
// Slice follows numpy: negative positions count from the end, positions outside are clamped. Over
// symbols the clamps are min and max, which bounds mostly remove:
//
//   x[b, s], [:, :-1]            [b, s - 1]
//   x[b, 512], [:, :s]           [b, min(512, s)]
//   x[b, 512], [:, p:p + s]      [b, s], assuming that p + s is at most 512
//   x[b, s], [:, 0:INT64_MAX]    [b, s]
#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/ops/elem.h"
#include "ir/ops/families.h"
#include "ir/ops/fold.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

// Slice.

struct Range {
  Dim start, step, length;  // unknown when not known
};

// Exporters write "to the end" as a number like these.
constexpr int64_t kFarAway = std::numeric_limits<int32_t>::max() - 1;

// A position as numpy means it, clamped into [low, high]; `inside` says that it is assumed to be at
// most `high` where that depends on symbols.
Dim Clamp(OpContext& op, Dim position, Dim n, Dim low, Dim high, bool inside) {
  DimPool& pool = op.dims();
  if (position.known()) {
    if (position.value() >= kFarAway) return high;
    if (position.value() <= -kFarAway) return low;
    if (position.value() < 0) position = pool.Add(position, n);
  } else {
    const Bounds bounds = pool.BoundsOf(position);
    if (bounds.high < 0) {
      position = pool.Add(position, n);
    } else if (bounds.low < 0) {
      op.Assume(absl::StrCat(pool.ToString(position), " is not negative, as a position"));
    }
  }
  position = pool.Max(position, low);
  // A symbolic begin that lies outside would leave nothing, which nobody writes.
  if (inside && position.symbolic() && !pool.LessEqual(position, high).has_value()) {
    op.Assume(absl::StrCat(pool.ToString(position), " is at most ", pool.ToString(high),
                           ", as a position"));
    return position;
  }
  return pool.Min(position, high);
}

Range RangeOf(OpContext& op, Dim n, Dim start, Dim end, Dim step) {
  DimPool& pool = op.dims();
  if (!step.known() || n.unknown()) return {};
  Range range{.step = step};
  if (step.value() > 0) {
    range.start = start.unknown() ? Dim() : Clamp(op, start, n, Dim(0), n, true);
    if (start.unknown() || end.unknown()) return range;
    const Dim stop = Clamp(op, end, n, Dim(0), n, range.start.symbolic());
    range.length = pool.CeilDiv(pool.Sub(stop, range.start), step);
  } else {
    const Dim last = pool.Sub(n, Dim(1));
    range.start = start.unknown() ? Dim() : Clamp(op, start, n, Dim(0), last, false);
    if (start.unknown() || end.unknown()) return range;
    const Dim stop = Clamp(op, end, n, Dim(-1), last, false);
    range.length = pool.CeilDiv(pool.Sub(range.start, stop), pool.Sub(Dim(0), step));
  }
  range.length = pool.Max(range.length, Dim(0));
  return range;
}

// Per axis of operand 0; nullopt when the axes are not known.
absl::StatusOr<std::optional<std::vector<Range>>> SliceRanges(OpContext& op) {
  const std::optional<Dims> starts = IntsOperand(op, 1, "starts"),
                            ends = IntsOperand(op, 2, "ends");
  if (!starts.has_value() || !ends.has_value()) return std::optional<std::vector<Range>>();
  const size_t count = starts->size();
  Dims axes, steps(count, Dim(1));
  for (size_t i = 0; i < count; ++i) axes.push_back(Dim(static_cast<int64_t>(i)));
  if (op.has(3) || op.has_attr("axes")) {
    const std::optional<Dims> given = IntsOperand(op, 3, "axes");
    if (!given.has_value()) return std::optional<std::vector<Range>>();
    axes = *given;
  }
  if (op.has(4)) steps = IntsOperand(op, 4).value_or(Dims(count, Dim()));
  if (ends->size() != count || axes.size() != count || steps.size() != count) {
    return OpError(absl::StrCat("starts, ends, axes and steps differ in number: ", count, ", ",
                                ends->size(), ", ", axes.size(), " and ", steps.size()));
  }
  std::vector<Range> ranges;
  for (Dim n : op.in(0).dims) ranges.push_back({.start = Dim(0), .step = Dim(1), .length = n});
  for (size_t i = 0; i < count; ++i) {
    if (!axes[i].known()) return std::optional<std::vector<Range>>();
    absl::StatusOr<int> axis = op.Axis(axes[i].value(), op.rank(0));
    if (!axis.ok()) return axis.status();
    if (steps[i].is(0)) return OpError("a step is 0; give steps that are not");
    const Dim n = op.dim(0, *axis);
    ranges[*axis] = RangeOf(op, n, (*starts)[i], (*ends)[i], steps[i]);
    if (ranges[*axis].length.unknown() && !n.unknown()) {
      ranges[*axis].length = OrFresh(op, 0, Dim(), 0, n, "sliced size");
    }
  }
  return std::optional(std::move(ranges));
}

absl::Status SliceShape(OpContext& op) {
  if (!op.ranked(0)) return Unranked(op, 0, op.dtype(0));
  absl::StatusOr<std::optional<std::vector<Range>>> ranges = SliceRanges(op);
  if (!ranges.ok()) return ranges.status();
  Dims dims;
  for (int i = 0; i < op.rank(0); ++i) {
    const Dim n = op.dim(0, i);
    dims.push_back(ranges->has_value() ? (**ranges)[i].length
                                       : OrFresh(op, 0, Dim(), 0, n, "sliced size"));
  }
  op.SetOut(0, op.dtype(0), std::move(dims));
  return absl::OkStatus();
}

absl::Status FoldSlice(OpContext& op) {
  if (!op.may_have_value(0) || !op.ranked(0)) return absl::OkStatus();
  const auto dims = KnownDims(op.in(0).dims);
  std::vector<int64_t> scale, strides;
  int64_t base = 0;
  if (dims.has_value()) {
    if (FoldableSize(op.out(0)) < 0) return absl::OkStatus();
    absl::StatusOr<std::optional<std::vector<Range>>> ranges = SliceRanges(op);
    if (!ranges.ok() || !ranges->has_value()) return ranges.status();
    strides = StridesOf(*dims);
    for (size_t i = 0; i < strides.size(); ++i) {
      const Range& r = (**ranges)[i];
      if (!r.start.known() || !r.step.known()) return absl::OkStatus();
      base += r.start.value() * strides[i];
      strides[i] *= op.out(0).dims[i].value() > 1 ? r.step.value() : 0;
    }
  }
  FoldByIndex(op, 0,
              [&](absl::Span<const int64_t> index) { return base + PositionOf(index, strides); });
  return absl::OkStatus();
}

// Reads what it picks.
absl::Status PickWork(OpContext& op) {
  op.work().reads[0] = op.out_elements(0);
  return absl::OkStatus();
}

// A known index in [0, n), or -1.
int64_t IndexAt(const TensorValue* indices, int64_t at, int64_t n) {
  if (indices == nullptr || at < 0) return -1;
  const Elem& e = indices->at(at);
  if (!e.is_int() || !e.num.known()) return -1;
  const int64_t i = e.num.value() < 0 ? e.num.value() + n : e.num.value();
  return i >= 0 && i < n ? i : -1;
}

const TensorValue* IndicesOf(OpContext& op, int i) {
  return Foldable(op, {i}) && FoldableSize(op.in(i)) >= 0 ? op.value(i) : nullptr;
}

// Gather: the axis is replaced by the indices' axes.
absl::Status GatherShape(OpContext& op) {
  if (!op.ranked(0) || !op.ranked(1)) return Unranked(op, 0, op.dtype(0));
  absl::StatusOr<int> axis = op.Axis(op.int_attr("axis", 0), op.rank(0));
  if (!axis.ok()) return axis.status();
  const Dims &data = op.in(0).dims, &indices = op.in(1).dims;
  Dims dims(data.begin(), data.begin() + *axis);
  dims.insert(dims.end(), indices.begin(), indices.end());
  dims.insert(dims.end(), data.begin() + *axis + 1, data.end());
  op.SetOut(0, op.dtype(0), std::move(dims));
  return absl::OkStatus();
}

absl::Status FoldGather(OpContext& op) {
  if (!op.may_have_value(0) || !op.ranked(0) || !op.ranked(1)) return absl::OkStatus();
  const auto dims = KnownDims(op.in(0).dims), index_dims = KnownDims(op.in(1).dims);
  if (!dims.has_value() || !index_dims.has_value()) {
    FoldByIndex(op, 0, [](absl::Span<const int64_t>) { return int64_t{-1}; });
    return absl::OkStatus();
  }
  absl::StatusOr<int> axis = op.Axis(op.int_attr("axis", 0), op.rank(0));
  if (!axis.ok()) return axis.status();
  const TensorValue* indices = IndicesOf(op, 1);
  const std::vector<int64_t> strides = StridesOf(*dims), index_strides = StridesOf(*index_dims);
  const size_t q = index_dims->size();
  FoldByIndex(op, 0, [&](absl::Span<const int64_t> index) -> int64_t {
    const int64_t pick =
        IndexAt(indices, PositionOf(index.subspan(*axis, q), index_strides), (*dims)[*axis]);
    if (pick < 0) return -1;
    return PositionOf(index.subspan(0, *axis), strides) + pick * strides[*axis] +
           PositionOf(index.subspan(*axis + q), absl::MakeConstSpan(strides).subspan(*axis + 1));
  });
  return absl::OkStatus();
}

// GatherElements: out[i, j, ...] = data[index[i, j, ...], j, ...] along the axis.
absl::Status GatherElementsShape(OpContext& op) {
  Type type = op.in(1);
  if (!type.is_tensor()) type = Type::Unranked(op.dtype(0));
  type.dtype = op.dtype(0);
  op.SetOut(0, std::move(type));
  return absl::OkStatus();
}

absl::Status FoldGatherElements(OpContext& op) {
  if (!op.may_have_value(0) || !op.ranked(0) || !op.ranked(1) || op.rank(0) != op.rank(1)) {
    return absl::OkStatus();
  }
  const auto dims = KnownDims(op.in(0).dims), index_dims = KnownDims(op.in(1).dims);
  if (!dims.has_value() || !index_dims.has_value()) return absl::OkStatus();
  absl::StatusOr<int> axis = op.Axis(op.int_attr("axis", 0), op.rank(0));
  if (!axis.ok()) return axis.status();
  const TensorValue* indices = IndicesOf(op, 1);
  const std::vector<int64_t> strides = StridesOf(*dims), index_strides = StridesOf(*index_dims);
  FoldByIndex(op, 0, [&](absl::Span<const int64_t> index) -> int64_t {
    const int64_t pick = IndexAt(indices, PositionOf(index, index_strides), (*dims)[*axis]);
    if (pick < 0) return -1;
    return PositionOf(index, strides) + (pick - index[*axis]) * strides[*axis];
  });
  return absl::OkStatus();
}

// GatherND: the last axis of the indices holds positions in the axes after the first `batch_dims`.
absl::Status GatherNdShape(OpContext& op) {
  if (!op.ranked(0) || !op.ranked(1)) return Unranked(op, 0, op.dtype(0));
  const int64_t batch = op.int_attr("batch_dims", 0);
  const Dim width = op.dim(1, -1);
  if (op.rank(1) == 0 || batch < 0 || batch >= op.rank(1)) {
    return OpError(
        absl::StrCat("attribute `batch_dims` is ", batch, ", of indices of rank ", op.rank(1)));
  }
  if (!width.known()) return Unranked(op, 0, op.dtype(0));
  if (width.value() < 0 || width.value() > op.rank(0) - batch) {
    return OpError(absl::StrCat("indices have ", width.value(), " positions for the ",
                                op.rank(0) - batch, " axes of the data"));
  }
  const Dims &data = op.in(0).dims, &indices = op.in(1).dims;
  Dims dims(indices.begin(), indices.end() - 1);
  dims.insert(dims.end(), data.begin() + batch + width.value(), data.end());
  op.SetOut(0, op.dtype(0), std::move(dims));
  return absl::OkStatus();
}

absl::Status FoldGatherNd(OpContext& op) {
  if (!op.may_have_value(0) || !op.ranked(0) || !op.ranked(1) || op.rank(1) == 0) {
    return absl::OkStatus();
  }
  const auto dims = KnownDims(op.in(0).dims), index_dims = KnownDims(op.in(1).dims);
  if (!dims.has_value() || !index_dims.has_value()) return absl::OkStatus();
  const TensorValue* indices = IndicesOf(op, 1);
  const size_t batch = static_cast<size_t>(op.int_attr("batch_dims", 0));
  const size_t lead = index_dims->size() - 1, width = static_cast<size_t>(index_dims->back());
  if (batch + width > dims->size()) return absl::OkStatus();
  const std::vector<int64_t> strides = StridesOf(*dims), index_strides = StridesOf(*index_dims);
  FoldByIndex(op, 0, [&](absl::Span<const int64_t> index) -> int64_t {
    int64_t at = PositionOf(index.subspan(0, batch), strides);
    const int64_t tuple = PositionOf(index.subspan(0, lead), index_strides);
    for (size_t k = 0; k < width; ++k) {
      const int64_t pick = IndexAt(indices, tuple + static_cast<int64_t>(k), (*dims)[batch + k]);
      if (pick < 0) return -1;
      at += pick * strides[batch + k];
    }
    return at +
           PositionOf(index.subspan(lead), absl::MakeConstSpan(strides).subspan(batch + width));
  });
  return absl::OkStatus();
}

// Scatter. An update either replaces what is there or is combined with it.

absl::StatusOr<Elem (ElemMath::*)(const Elem&, const Elem&)> Combiner(OpContext& op) {
  const absl::string_view how = op.string_attr("reduction", "none");
  if (how == "none") return nullptr;
  if (how == "add") return &ElemMath::Add;
  if (how == "mul") return &ElemMath::Mul;
  if (how == "max") return &ElemMath::Max;
  if (how == "min") return &ElemMath::Min;
  return OpError(
      absl::StrCat("attribute `reduction` is `", how, "`; it may be none, add, mul, max or min"));
}

absl::Status ScatterShape(OpContext& op) {
  absl::Status s = Combiner(op).status();
  return s.ok() ? SameAsFirst(op) : s;
}

absl::Status ScatterWork(OpContext& op) {
  const absl::string_view how = op.string_attr("reduction", "none");
  const Dim updates = op.in_elements(2);
  if (how == "add" || how == "mul") {
    (IsFloat(op.dtype(0)) ? op.work().flops : op.work().int_ops) = updates;
  } else if (how == "max" || how == "min") {
    op.work().comparisons = updates;
  }
  return absl::OkStatus();
}

// Calls `put(position in data, position in updates)` for each update; false when a position is not
// known.
using Put = absl::FunctionRef<void(int64_t, int64_t)>;

bool VisitScatterElements(OpContext& op, absl::Span<const int64_t> dims,
                          absl::Span<const int64_t> index_dims, const TensorValue* indices,
                          Put put) {
  const absl::StatusOr<int> axis = op.Axis(op.int_attr("axis", 0), static_cast<int>(dims.size()));
  if (!axis.ok() || index_dims.size() != dims.size()) return false;
  const std::vector<int64_t> strides = StridesOf(dims);
  bool known = true;
  int64_t update = 0;
  ForEachIndex(index_dims, [&](absl::Span<const int64_t> index) {
    const int64_t pick = IndexAt(indices, update, dims[*axis]);
    known = known && pick >= 0;
    if (known) put(PositionOf(index, strides) + (pick - index[*axis]) * strides[*axis], update);
    ++update;
  });
  return known;
}

bool VisitScatterNd(OpContext&, absl::Span<const int64_t> dims,
                    absl::Span<const int64_t> index_dims, const TensorValue* indices, Put put) {
  if (index_dims.empty() || index_dims.back() > static_cast<int64_t>(dims.size())) return false;
  const size_t width = static_cast<size_t>(index_dims.back());
  const std::vector<int64_t> strides = StridesOf(dims);
  int64_t block = 1;  // elements that one tuple addresses
  for (size_t i = width; i < dims.size(); ++i) block *= dims[i];
  int64_t tuples = 1;
  for (size_t i = 0; i + 1 < index_dims.size(); ++i) tuples *= index_dims[i];
  if (block * tuples > TensorValue::kMaxElements) return false;
  for (int64_t t = 0; t < tuples; ++t) {
    int64_t at = 0;
    for (size_t k = 0; k < width; ++k) {
      const int64_t tuple = t * static_cast<int64_t>(width);
      const int64_t pick = IndexAt(indices, tuple + static_cast<int64_t>(k), dims[k]);
      if (pick < 0) return false;
      at += pick * strides[k];
    }
    for (int64_t i = 0; i < block; ++i) put(at + i, t * block + i);
  }
  return true;
}

template <bool (*kVisit)(OpContext&, absl::Span<const int64_t>, absl::Span<const int64_t>,
                         const TensorValue*, Put)>
absl::Status FoldScatter(OpContext& op) {
  if (!Foldable(op, {0, 1, 2}) || !op.ranked(0) || !op.ranked(1)) return absl::OkStatus();
  const int64_t n = FoldableSize(op.in(0)), count = FoldableSize(op.in(2));
  const TensorValue *data = op.value(0), *updates = op.value(2), *indices = IndicesOf(op, 1);
  if (n < 0 || count < 0 || data == nullptr || updates == nullptr || indices == nullptr) {
    return absl::OkStatus();
  }
  auto combine = Combiner(op);
  if (!combine.ok()) return combine.status();
  ElemMath math(op.dims(), op.dtype(0));
  std::vector<Elem> out;
  for (int64_t i = 0; i < n; ++i) out.push_back(data->at(i));
  const bool known = kVisit(op, *KnownDims(op.in(0).dims), *KnownDims(op.in(1).dims), indices,
                            [&](int64_t to, int64_t from) {
                              if (to < 0 || to >= n || from >= count) return;
                              const Elem& e = updates->at(from);
                              out[to] = *combine == nullptr ? e : (math.**combine)(out[to], e);
                            });
  if (known) SetElems(op, 0, std::move(out));
  return absl::OkStatus();
}

// Sizes that depend on contents.

// NonZero: positions of the elements that are not 0, a column each.
absl::Status NonZeroShape(OpContext& op) {
  if (!op.ranked(0)) {
    op.SetOut(0, DType::kI64, {Dim(), OrFresh(op, 0, Dim(), 0, Dim(), "number of non-zeros")});
    return absl::OkStatus();
  }
  Dim count;
  const TensorValue* value = Foldable(op, {0}) ? op.value(0) : nullptr;
  if (value != nullptr && value->splat) {
    // NonZero(ConstantOfShape(n)) is how some exporters spell a range.
    const std::optional<bool> truth = Truth(op.dims(), value->elems[0]);
    if (truth.has_value()) count = *truth ? op.in_elements(0) : Dim(0);
  } else if (value != nullptr) {
    int64_t found = 0;
    bool known = true;
    for (const Elem& e : value->elems) {
      const std::optional<bool> truth = Truth(op.dims(), e);
      known = known && truth.has_value();
      found += truth == true;
    }
    if (known) count = Dim(found);
  }
  op.SetOut(0, DType::kI64,
            {Dim(op.rank(0)), OrFresh(op, 0, count, 0, op.in_elements(0), "number of non-zeros")});
  return absl::OkStatus();
}

absl::Status FoldNonZero(OpContext& op) {
  const int64_t n = FoldableSize(op.in(0)), results = FoldableSize(op.out(0));
  if (n < 0 || results < 0 || !Foldable(op, {0})) return absl::OkStatus();
  const TensorValue* value = op.value(0);
  if (value == nullptr) return absl::OkStatus();
  const size_t rank = static_cast<size_t>(op.rank(0));
  const int64_t columns = op.out(0).dims[1].value();
  std::vector<Elem> elems(static_cast<size_t>(results));
  int64_t at = 0, column = 0;
  ForEachIndex(*KnownDims(op.in(0).dims), [&](absl::Span<const int64_t> index) {
    if (Truth(op.dims(), value->at(at++)) != true || column >= columns) return;
    for (size_t i = 0; i < rank; ++i) elems[i * columns + column] = Elem::Int(index[i]);
    ++column;
  });
  SetElems(op, 0, std::move(elems));
  return absl::OkStatus();
}

// Unique: the distinct elements, or slices along an axis; then where each first occurs, which one
// each element is, and how many there are of each.
absl::Status UniqueShape(OpContext& op) {
  const Dim all = op.in_elements(0);
  Dims dims;
  Dim n = all;
  int axis = 0;
  if (op.has_attr("axis")) {
    if (!op.ranked(0)) {
      for (int i = 1; i < 4; ++i) op.SetOut(i, DType::kI64, {Dim()});
      return Unranked(op, 0, op.dtype(0));
    }
    absl::StatusOr<int> a = op.Axis(op.int_attr("axis", 0), op.rank(0));
    if (!a.ok()) return a.status();
    axis = *a;
    dims = op.in(0).dims;
    n = dims[axis];
  } else {
    dims = {Dim()};
  }
  const Dim count = n.is(0) || n.is(1) ? n
                                       : OrFresh(op, 0, Dim(), std::min<int64_t>(LowOf(op, n), 1),
                                                 n, "number of distinct elements");
  dims[axis] = count;
  op.SetOut(0, op.dtype(0), std::move(dims));
  op.SetOut(1, DType::kI64, {count});
  op.SetOut(2, DType::kI64, {n});
  op.SetOut(3, DType::kI64, {count});
  return absl::OkStatus();
}

// By sorting.
absl::Status UniqueWork(OpContext& op) {
  const Dim n = op.in_elements(0);
  op.work().comparisons = Size(op, n) * SortRounds(op, n);
  return absl::OkStatus();
}

// Compress: the elements, or slices along an axis, whose condition holds.
absl::Status CompressShape(OpContext& op) {
  const bool flat = !op.has_attr("axis");
  if (!flat && !op.ranked(0)) return Unranked(op, 0, op.dtype(0));
  int axis = 0;
  Dims dims = {op.in_elements(0)};
  if (!flat) {
    absl::StatusOr<int> a = op.Axis(op.int_attr("axis", 0), op.rank(0));
    if (!a.ok()) return a.status();
    axis = *a;
    dims = op.in(0).dims;
  }
  Dim count;
  if (const std::optional<std::vector<int64_t>> condition =
          op.may_have_value(1) ? op.known_ints_value(1) : std::nullopt) {
    count =
        Dim(std::count_if(condition->begin(), condition->end(), [](int64_t c) { return c != 0; }));
  }
  dims[axis] = OrFresh(op, 0, count, 0, dims[axis], "number of elements kept");
  op.SetOut(0, op.dtype(0), std::move(dims));
  return absl::OkStatus();
}

// OneHot: a new axis of `depth`, with the second of `values` where the index points, else the
// first.
absl::Status OneHotShape(OpContext& op) {
  if (!op.ranked(0)) return Unranked(op, 0, op.dtype(2));
  absl::StatusOr<int> axis = op.Axis(op.int_attr("axis", -1), op.rank(0) + 1);
  if (!axis.ok()) return axis.status();
  Dim depth;
  if (const TensorValue* v = op.may_have_value(1) ? op.value(1) : nullptr) {
    if (v->size() == 1) {
      const Elem e = ElemMath(op.dims(), DType::kI64).Cast(v->at(0));
      if (e.is_int()) depth = e.num;
    }
  }
  Dims dims = op.in(0).dims;
  dims.insert(dims.begin() + *axis, OrFresh(op, 0, depth, 1, Dim(), "depth"));
  op.SetOut(0, op.dtype(2), std::move(dims));
  return absl::OkStatus();
}

absl::Status FoldOneHot(OpContext& op) {
  if (!op.ranked(0) || FoldableSize(op.out(0)) < 0 || !Foldable(op)) return absl::OkStatus();
  absl::StatusOr<int> axis = op.Axis(op.int_attr("axis", -1), op.rank(0) + 1);
  const auto dims = KnownDims(op.out(0).dims), index_dims = KnownDims(op.in(0).dims);
  const TensorValue *indices = IndicesOf(op, 0), *values = op.value(2);
  if (!axis.ok() || indices == nullptr || values == nullptr || values->size() != 2) {
    return axis.status();
  }
  // Strides of the indices along the result's axes: 0 along the new one.
  std::vector<int64_t> strides = StridesOf(*index_dims);
  strides.insert(strides.begin() + *axis, 0);
  std::vector<Elem> elems;
  ForEachIndex(*dims, [&](absl::Span<const int64_t> index) {
    const Elem& e = indices->at(PositionOf(index, strides));
    if (!e.is_int() || !e.num.known()) return elems.push_back(Elem());
    const int64_t depth = (*dims)[*axis];
    const int64_t hot = e.num.value() < 0 ? e.num.value() + depth : e.num.value();
    elems.push_back(values->at(index[*axis] == hot ? 1 : 0));
  });
  SetElems(op, 0, std::move(elems));
  return absl::OkStatus();
}

constexpr OpRow Indexing(absl::string_view name, absl::string_view versions, Rule shape, Rule value,
                         Rule work, absl::string_view formula, PerElement per = {}) {
  return {.name = name,
          .versions = versions,
          .family = Family::kMovement,
          .role = Role::kMovement,
          .shape = shape,
          .value = value,
          .work = work,
          .per_element = per,
          .per = PerElementOf::kInput,
          .formula = formula};
}

constexpr OpRow Scatter(absl::string_view name, absl::string_view versions, Rule value) {
  OpRow row = Indexing(name, versions, ScatterShape, value, ScatterWork,
                       "x with updates put in; with `reduction`, an operation per update");
  row.inplace = 0;
  return row;
}

constexpr OpRow OfOutput(OpRow row) {
  row.per = PerElementOf::kOutput;
  return row;
}

constexpr OpRow InPlace(OpRow row) {
  row.inplace = 0;
  return row;
}

constexpr OpRow kRows[] = {
    Indexing("Slice", "1 10 11 13", SliceShape, FoldSlice, PickWork, "reads what it slices"),
    Indexing("Gather", "1 11 13", GatherShape, FoldGather, PickWork, "reads what it gathers"),
    Indexing("GatherElements", "11 13", GatherElementsShape, FoldGatherElements, PickWork,
             "reads what it gathers"),
    Indexing("GatherND", "11 12 13", GatherNdShape, FoldGatherNd, PickWork,
             "reads what it gathers"),
    Scatter("Scatter", "9 11", FoldScatter<VisitScatterElements>),
    Scatter("ScatterElements", "11 13 16 18", FoldScatter<VisitScatterElements>),
    Scatter("ScatterND", "11 13 16 18", FoldScatter<VisitScatterNd>),
    InPlace(Indexing("TensorScatter", "24", SameAsFirst, nullptr, nullptr,
                     "a cache with an update put in")),
    Indexing("Compress", "9 11 28", CompressShape, nullptr, PickWork,
             "elements whose condition holds: reads what it keeps"),
    Indexing("NonZero", "9 13", NonZeroShape, FoldNonZero, nullptr,
             "positions of non-zeros: a comparison per element", {.comparisons = 1}),
    Indexing("Unique", "11 28", UniqueShape, nullptr, UniqueWork,
             "distinct elements by sorting: n * ceil(log2 n) comparisons"),
    OfOutput(Indexing("OneHot", "9 11 28", OneHotShape, FoldOneHot, nullptr,
                      "on where the index points, else off: a comparison per result",
                      {.comparisons = 1})),
};

}  // namespace

absl::Span<const OpRow> IndexingOps() { return kRows; }

}  // namespace assay
