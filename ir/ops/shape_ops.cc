// Shape arithmetic's sources: sizes of tensors, constants, and tensors made from sizes.
//
// Shape and Size read no element. Their results are expressions, with which the chains of Gather,
// Concat, Mul and so on compute until a Reshape or a Slice takes them (ir/ops/fold.h).
#include <algorithm>
#include <cstdint>
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

// Shape: sizes of the axes from `start` up to `end` (opset 15), clamped as Python does.
absl::Status ShapeShape(OpContext& op) {
  if (!op.ranked(0)) {
    op.SetOut(0, DType::kI64, {Dim()});
    return absl::OkStatus();
  }
  const int64_t rank = op.rank(0);
  auto place = [&](absl::string_view attr, int64_t fallback) {
    const int64_t i = op.int_attr(attr, fallback);
    return std::clamp<int64_t>(i < 0 ? i + rank : i, 0, rank);
  };
  const int64_t start = place("start", 0), end = place("end", rank);
  op.SetOut(0, DType::kI64, {Dim(std::max<int64_t>(end - start, 0))});
  std::vector<Elem> elems;
  for (int64_t i = start; i < end; ++i) {
    const Dim d = op.dim(0, static_cast<int>(i));
    elems.push_back(d.unknown() ? Elem() : Elem::Int(d));
  }
  SetElems(op, 0, std::move(elems));
  return absl::OkStatus();
}

absl::Status SizeShape(OpContext& op) {
  op.SetOut(0, DType::kI64, {});
  const Dim n = op.in_elements(0);
  if (!n.unknown()) SetElems(op, 0, {Elem::Int(n)});
  return absl::OkStatus();
}

// Constant: one of several attributes holds the contents.
absl::Status ConstantShape(OpContext& op) {
  for (absl::string_view name : {"value", "sparse_value"}) {
    if (const Constant* c = op.tensor_attr(name)) {
      Dims dims;
      for (int64_t d : c->dims) dims.push_back(Dim(d));
      op.SetOut(0, c->dtype, std::move(dims));
      if (std::optional<TensorValue> value = ReadConstant(op.graph(), *c)) {
        op.SetValue(0, *std::move(value));
      }
      return absl::OkStatus();
    }
  }
  if (op.has_attr("value_int")) {
    op.SetOut(0, DType::kI64, {});
    SetElems(op, 0, {Elem::Int(op.int_attr("value_int", 0))});
  } else if (op.has_attr("value_float")) {
    op.SetOut(0, DType::kF32, {});
    SetElems(op, 0, {Elem::Real(op.float_attr("value_float", 0))});
  } else if (op.has_attr("value_string")) {
    op.SetOut(0, DType::kString, {});
  } else if (const auto ints = op.ints_attr("value_ints")) {
    op.SetOut(0, DType::kI64, {Dim(static_cast<int64_t>(ints->size()))});
    std::vector<Elem> elems;
    for (int64_t i : *ints) elems.push_back(Elem::Int(i));
    if (FoldableSize(op.out(0)) >= 0) SetElems(op, 0, std::move(elems));
  } else if (const auto floats = op.floats_attr("value_floats")) {
    op.SetOut(0, DType::kF32, {Dim(static_cast<int64_t>(floats->size()))});
    std::vector<Elem> elems;
    for (double f : *floats) elems.push_back(Elem::Real(f));
    if (FoldableSize(op.out(0)) >= 0) SetElems(op, 0, std::move(elems));
  } else if (op.has_attr("value_strings")) {
    op.SetOut(0, DType::kString,
              {Dim(static_cast<int64_t>(op.strings_attr("value_strings").size()))});
  } else {
    return OpError("no attribute gives the contents; give `value`");
  }
  return absl::OkStatus();
}

// ConstantOfShape: the one element of `value`, a float 0 when not given, in the shape that operand
// 0 says.
absl::Status ConstantOfShapeShape(OpContext& op) {
  const Constant* c = op.tensor_attr("value");
  const DType dtype = c != nullptr ? c->dtype : DType::kF32;
  std::optional<Dims> dims = IntsOperand(op, 0);
  if (!dims.has_value()) return Unranked(op, 0, dtype);
  for (Dim& d : *dims) {
    if (d.known() && d.value() < 0) {
      return OpError(absl::StrCat("the shape has size ", d.value(), "; it must not be negative"));
    }
    d = OrFresh(op, 0, d, 0, Dim(), "size of a filled tensor");
  }
  op.SetOut(0, dtype, *std::move(dims));
  if (c == nullptr) {
    SetSplat(op, 0, Elem::Real(0));
  } else if (std::optional<TensorValue> value = ReadConstant(op.graph(), *c)) {
    if (value->size() == 1) SetSplat(op, 0, value->at(0));
  }
  return absl::OkStatus();
}

// Range: start, start + delta, ... short of limit; max(0, ceil((limit - start) / delta)) elements.
absl::Status RangeShape(OpContext& op) {
  const DType dtype = op.dtype(0);
  Dim count;
  if (Foldable(op, {0, 1, 2})) {
    const TensorValue *start = op.value(0), *limit = op.value(1), *delta = op.value(2);
    if (start != nullptr && limit != nullptr && delta != nullptr && start->size() == 1 &&
        limit->size() == 1 && delta->size() == 1) {
      DimPool& pool = op.dims();
      ElemMath math(pool, dtype);
      const Elem length = math.Sub(limit->at(0), start->at(0)), &step = delta->at(0);
      if (step.constant() && step.AsReal() == 0) return OpError("the step is 0");
      if (length.is_int() && step.is_int()) {
        count = pool.CeilDiv(length.num, step.num);
      } else {
        const Elem n = ElemMath(pool, DType::kI64).Cast(math.Ceil(math.Div(length, step)));
        if (n.is_int()) count = n.num;
      }
      count = pool.Max(count, Dim(0));
    }
  }
  op.SetOut(0, dtype, {OrFresh(op, 0, count, 0, Dim(), "length of a range")});
  return absl::OkStatus();
}

absl::Status FoldRange(OpContext& op) {
  const int64_t n = FoldableSize(op.out(0));
  if (n < 0 || !Foldable(op, {0, 1, 2})) return absl::OkStatus();
  const TensorValue *start = op.value(0), *delta = op.value(2);
  if (start == nullptr || delta == nullptr || start->size() != 1 || delta->size() != 1) {
    return absl::OkStatus();
  }
  ElemMath math(op.dims(), op.out(0).dtype);
  std::vector<Elem> elems;
  for (int64_t i = 0; i < n; ++i) {
    elems.push_back(math.Add(start->at(0), math.Mul(delta->at(0), math.Cast(Elem::Int(i)))));
  }
  SetElems(op, 0, std::move(elems));
  return absl::OkStatus();
}

// EyeLike: ones on a diagonal, in the operand's shape.
absl::Status EyeLikeShape(OpContext& op) {
  absl::Status s = RequireRank(op, 0, "input", {2});
  if (!s.ok()) return s;
  Type type = op.in(0);
  if (!type.is_tensor()) type = Type::Unranked(DType::kUndefined);
  type.dtype = TypeAttr(op, "dtype", type.dtype);
  op.SetOut(0, std::move(type));
  return absl::OkStatus();
}

constexpr OpRow kRows[] = {
    {.name = "Shape",
     .versions = "1 13 15 19 21 23 24 25",
     .family = Family::kShape,
     .shape = ShapeShape,
     .work = ReadsNothing,
     .formula = "sizes of the axes: reads no element"},
    {.name = "Size",
     .versions = "1 13 19 21 23 24 25",
     .family = Family::kShape,
     .shape = SizeShape,
     .work = ReadsNothing,
     .formula = "number of elements: reads none"},
    {.name = "Constant",
     .versions = "1 9 11 12 13 19 21 23 24 25",
     .family = Family::kShape,
     .role = Role::kConstant,
     .shape = ConstantShape,
     .formula = "stored contents"},
    {.name = "ConstantOfShape",
     .versions = "9 20 21 23 24 25",
     .family = Family::kShape,
     .role = Role::kConstant,
     .shape = ConstantOfShapeShape,
     .formula = "one value everywhere: writes the result"},
    {.name = "Range",
     .versions = "11 27",
     .family = Family::kShape,
     .role = Role::kConstant,
     .shape = RangeShape,
     .value = FoldRange,
     .per_element = {.flops = 1},
     .formula = "start, start + delta, ...: an addition per element"},
    {.name = "EyeLike",
     .versions = "9 22",
     .family = Family::kShape,
     .role = Role::kConstant,
     .shape = EyeLikeShape,
     .work = ReadsNothing,
     .formula = "ones on a diagonal: reads no element"},
};

}  // namespace

absl::Span<const OpRow> ShapeOps() { return kRows; }

}  // namespace assay
