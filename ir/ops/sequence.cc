// Sequences and optionals: lists of tensors, and tensors that may be missing.
//
// A sequence type has one element type, in which sizes that differ from element to element are
// unknown. What is taken out of a sequence at a known place is looked up where the sequence was
// made, so that a split into unequal parts, or a list of sizes, keeps its exact shapes and
// contents:
//
//   SequenceAt(SplitToSequence(x: [b, 10], [3, 7]), 1)     [b, 7]
//
// Making, extending and indexing a list moves no tensor; splitting and joining do.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/ops/families.h"
#include "ir/ops/fold.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

// What holds for tensors of both types.
Type CommonType(const Type& a, const Type& b) {
  if (!a.is_tensor() || !b.is_tensor()) return a == b ? a : Type();
  if (a.dtype != b.dtype) return {};
  if (!a.ranked || !b.ranked || a.rank() != b.rank()) return Type::Unranked(a.dtype);
  Type common = a;
  for (int i = 0; i < a.rank(); ++i) {
    if (a.dims[i] != b.dims[i]) common.dims[i] = Dim();
  }
  return common;
}

Type ElementOf(const Type& type) { return type.element != nullptr ? *type.element : Type(); }

// The op that made operand i, when it is an op of that name.
std::optional<OpContext> MadeBy(OpContext& op, int i, absl::string_view name) {
  if (!op.has(i)) return std::nullopt;
  const Value& value = op.graph().value(op.input_id(i));
  if (value.def != Value::Def::kOp) return std::nullopt;
  OpContext maker(op.graph(), value.op, op.env());
  if (maker.type() != name) return std::nullopt;
  return maker;
}

absl::Status EmptyShape(OpContext& op) {
  op.SetOut(0, Type::Sequence(Type::Unranked(TypeAttr(op, "dtype", DType::kF32)), Dim(0)));
  return absl::OkStatus();
}

absl::Status ConstructShape(OpContext& op) {
  Type element = op.in(0);
  for (int i = 1; i < op.num_inputs(); ++i) element = CommonType(element, op.in(i));
  op.SetOut(0, Type::Sequence(std::move(element), Dim(op.num_inputs())));
  return absl::OkStatus();
}

absl::Status InsertShape(OpContext& op) {
  const Type& sequence = op.in(0);
  const bool empty = sequence.length.is(0);
  op.SetOut(0, Type::Sequence(empty ? op.in(1) : CommonType(ElementOf(sequence), op.in(1)),
                              op.dims().Add(sequence.length, Dim(1))));
  return absl::OkStatus();
}

absl::Status EraseShape(OpContext& op) {
  const Type& sequence = op.in(0);
  if (sequence.length.is(0)) return OpError("the sequence is empty; nothing can be erased");
  op.SetOut(0, Type::Sequence(ElementOf(sequence), op.dims().Sub(sequence.length, Dim(1))));
  return absl::OkStatus();
}

absl::Status LengthShape(OpContext& op) {
  op.SetOut(0, DType::kI64, {});
  const Dim length = op.in(0).length;
  if (!length.unknown()) SetElems(op, 0, {Elem::Int(length)});
  return absl::OkStatus();
}

// SplitToSequence, seen from itself and from those who take its parts.
struct Parts {
  int axis = 0;
  bool keep = true;
  Dim n;                      // size of the axis
  Dim chunk;                  // size of each part but the last; unknown when `sizes` says
  std::optional<Dims> sizes;  // one per part, when given so
  Dim count;
};

absl::StatusOr<Parts> PartsOf(OpContext& split) {
  Parts parts;
  absl::StatusOr<int> axis = split.Axis(split.int_attr("axis", 0), split.rank(0));
  if (!axis.ok()) return axis.status();
  parts.axis = *axis;
  parts.n = split.dim(0, *axis);
  if (!split.has(1)) {
    parts.keep = split.int_attr("keepdims", 1) != 0;
    parts.chunk = Dim(1);
    parts.count = parts.n;
    return parts;
  }
  const std::optional<Dims> given = IntsOperand(split, 1);
  if (!given.has_value() || !split.ranked(1)) return parts;
  if (split.rank(1) > 0) {
    parts.sizes = given;
    parts.count = Dim(static_cast<int64_t>(given->size()));
    return parts;
  }
  parts.chunk = (*given)[0];
  if (parts.chunk.known() && parts.chunk.value() < 1) {
    return OpError(
        absl::StrCat("the size of a part is ", parts.chunk.value(), "; give at least 1"));
  }
  parts.count = split.dims().CeilDiv(parts.n, parts.chunk);
  return parts;
}

// Where part `i` begins along the axis and how long it is; unknown when not known.
std::pair<Dim, Dim> PartAt(OpContext& split, const Parts& parts, int64_t i) {
  DimPool& pool = split.dims();
  if (parts.sizes.has_value()) {
    if (i >= static_cast<int64_t>(parts.sizes->size())) return {};
    Dim begin(0);
    for (int64_t k = 0; k < i; ++k) begin = pool.Add(begin, (*parts.sizes)[k]);
    return {begin, (*parts.sizes)[i]};
  }
  const Dim begin = pool.Mul(parts.chunk, Dim(i));
  if (parts.count == Dim(1) && i == 0) return {begin, parts.n};
  if (pool.DivideExactly(parts.n, parts.chunk).has_value()) return {begin, parts.chunk};
  return {begin, pool.Min(parts.chunk, pool.Sub(parts.n, begin))};
}

Type PartType(OpContext& split, const Parts& parts, Dim size) {
  Type type = split.in(0);
  if (parts.keep) {
    type.dims[parts.axis] = size;
  } else {
    type.dims.erase(type.dims.begin() + parts.axis);
  }
  return type;
}

absl::Status SplitToSequenceShape(OpContext& op) {
  if (!op.ranked(0)) {
    op.SetOut(0, Type::Sequence(Type::Unranked(op.dtype(0))));
    return absl::OkStatus();
  }
  absl::StatusOr<Parts> parts = PartsOf(op);
  if (!parts.ok()) return parts.status();
  Dim size;
  if (parts->sizes.has_value()) {
    const Dims& all = *parts->sizes;
    const bool same =
        std::adjacent_find(all.begin(), all.end(), std::not_equal_to<Dim>()) == all.end();
    if (same && !all.empty()) size = all[0];
  } else if (!parts->chunk.unknown() && !parts->n.unknown() &&
             op.dims().DivideExactly(parts->n, parts->chunk).has_value()) {
    size = parts->chunk;
  }
  op.SetOut(0, Type::Sequence(PartType(op, *parts, size), parts->count));
  return absl::OkStatus();
}

absl::Status SplitToSequenceWork(OpContext& op) {
  op.work().writes[0] = op.in_elements(0);
  return absl::OkStatus();
}

// The place that operand 1 says, in [0, length).
std::optional<int64_t> PlaceOf(OpContext& op, Dim length) {
  const std::optional<Dim> place = op.may_have_value(1) ? op.int_value(1) : std::nullopt;
  if (!place.has_value() || !place->known()) return std::nullopt;
  const int64_t i = place->value();
  if (i < 0) {
    if (!length.known() || i + length.value() < 0) return std::nullopt;
    return i + length.value();
  }
  if (length.known() && i >= length.value()) return std::nullopt;
  return i;
}

absl::Status AtShape(OpContext& op) {
  const Type& sequence = op.in(0);
  const std::optional<int64_t> place = PlaceOf(op, sequence.length);
  Type type = ElementOf(sequence);
  if (place.has_value()) {
    if (std::optional<OpContext> list = MadeBy(op, 0, "SequenceConstruct")) {
      if (*place < list->num_inputs()) type = list->in(static_cast<int>(*place));
    } else if (std::optional<OpContext> split = MadeBy(op, 0, "SplitToSequence")) {
      if (split->ranked(0)) {
        absl::StatusOr<Parts> parts = PartsOf(*split);
        if (!parts.ok()) return parts.status();
        if (!parts->count.unknown()) {
          type = PartType(*split, *parts, PartAt(*split, *parts, *place).second);
        }
      }
    }
  }
  // What differs from element to element depends on which one it is.
  if (type.is_tensor() && type.ranked) {
    for (Dim& d : type.dims) d = OrFresh(op, 0, d, 0, Dim(), "size of an element");
  }
  op.SetOut(0, std::move(type));
  return absl::OkStatus();
}

absl::Status FoldAt(OpContext& op) {
  const std::optional<int64_t> place = PlaceOf(op, op.in(0).length);
  if (!place.has_value()) return absl::OkStatus();
  if (std::optional<OpContext> list = MadeBy(op, 0, "SequenceConstruct")) {
    const int i = static_cast<int>(std::min<int64_t>(*place, list->num_inputs()));
    if (!Foldable(*list, {i}) || FoldableSize(list->in(i)) < 0) return absl::OkStatus();
    if (const TensorValue* value = list->value(i)) op.SetValue(0, *value);
    return absl::OkStatus();
  }
  std::optional<OpContext> split = MadeBy(op, 0, "SplitToSequence");
  if (!split.has_value() || !split->ranked(0) || !Foldable(*split, {0})) return absl::OkStatus();
  const auto dims = KnownDims(split->in(0).dims);
  const TensorValue* value = FoldableSize(split->in(0)) >= 0 ? split->value(0) : nullptr;
  absl::StatusOr<Parts> parts = PartsOf(*split);
  if (!parts.ok()) return parts.status();
  if (value == nullptr || !dims.has_value() || parts->count.unknown()) return absl::OkStatus();
  const auto [begin_dim, size] = PartAt(*split, *parts, *place);
  const Dim begin = begin_dim;
  if (!begin.known() || !size.known() || begin.value() < 0 ||
      begin.value() + size.value() > (*dims)[parts->axis]) {
    return absl::OkStatus();
  }
  std::vector<int64_t> part = *dims;
  part[parts->axis] = size.value();
  const std::vector<int64_t> strides = StridesOf(*dims);
  std::vector<Elem> elems;
  ForEachIndex(part, [&](absl::Span<const int64_t> index) {
    elems.push_back(value->at(PositionOf(index, strides) + begin.value() * strides[parts->axis]));
  });
  SetElems(op, 0, std::move(elems));
  return absl::OkStatus();
}

// ConcatFromSequence: joined along an axis, or stacked along a new one.
absl::Status ConcatFromSequenceShape(OpContext& op) {
  const Type element = ElementOf(op.in(0));
  if (!element.is_tensor() || !element.ranked) return Unranked(op, 0, element.dtype);
  const bool stack = op.int_attr("new_axis", 0) != 0;
  absl::StatusOr<int> axis = op.Axis(op.int_attr("axis", 0), element.rank() + (stack ? 1 : 0));
  if (!axis.ok()) return axis.status();
  const Dim length = op.in(0).length;
  Dims dims = element.dims;
  if (stack) {
    dims.insert(dims.begin() + *axis, OrFresh(op, 0, length, 0, Dim(), "length of the sequence"));
    op.SetOut(0, element.dtype, std::move(dims));
    return absl::OkStatus();
  }
  Dim joined = op.dims().Mul(length, dims[*axis]);
  if (std::optional<OpContext> list = MadeBy(op, 0, "SequenceConstruct")) {
    joined = Dim(0);
    for (int i = 0; i < list->num_inputs(); ++i) {
      joined = op.dims().Add(joined, list->dim(i, *axis));
    }
  } else if (std::optional<OpContext> split = MadeBy(op, 0, "SplitToSequence")) {
    absl::StatusOr<Parts> parts = PartsOf(*split);
    if (!parts.ok()) return parts.status();
    if (parts->keep && parts->axis == *axis) joined = parts->n;
  }
  dims[*axis] = OrFresh(op, 0, joined, 0, Dim(), "size of the joined sequence");
  op.SetOut(0, element.dtype, std::move(dims));
  return absl::OkStatus();
}

// Along the first axis the elements of a list simply follow each other.
absl::Status FoldConcatFromSequence(OpContext& op) {
  const int64_t n = FoldableSize(op.out(0));
  std::optional<OpContext> list = MadeBy(op, 0, "SequenceConstruct");
  if (n < 0 || !list.has_value() || op.int_attr("axis", 0) != 0) return absl::OkStatus();
  std::vector<Elem> elems;
  for (int i = 0; i < list->num_inputs(); ++i) {
    const int64_t size = FoldableSize(list->in(i));
    const TensorValue* value = size >= 0 && Foldable(*list, {i}) ? list->value(i) : nullptr;
    for (int64_t k = 0; k < size; ++k) {
      elems.push_back(value != nullptr ? value->at(k) : Elem());
    }
  }
  if (static_cast<int64_t>(elems.size()) == n) SetElems(op, 0, std::move(elems));
  return absl::OkStatus();
}

absl::Status ConcatFromSequenceWork(OpContext& op) {
  op.work().reads[0] = op.out_elements(0);
  return absl::OkStatus();
}

// Optionals.

// A type as a file spells it in an attribute; sizes that it names are not known here.
Type TypeOfClaim(const ClaimedType& claim) {
  switch (claim.kind) {
    case TypeKind::kTensor: {
      if (!claim.ranked) return Type::Unranked(claim.dtype);
      Dims dims;
      for (const ClaimedDim& d : claim.dims) dims.push_back(d.value >= 0 ? Dim(d.value) : Dim());
      return Type::Tensor(claim.dtype, std::move(dims));
    }
    case TypeKind::kSequence:
      return Type::Sequence(claim.element.empty() ? Type() : TypeOfClaim(claim.element[0]));
    case TypeKind::kOptional:
      return Type::Optional(claim.element.empty() ? Type() : TypeOfClaim(claim.element[0]));
    case TypeKind::kMap:
    case TypeKind::kUnknown:
      return {};
  }
  return {};
}

absl::Status OptionalShape(OpContext& op) {
  Type element = op.in(0);
  if (const Attr* type = op.attr("type"); !op.has(0) && type != nullptr) {
    if (type->kind == AttrKind::kType) {
      element = TypeOfClaim(op.graph().claim(static_cast<int32_t>(type->i)));
    }
  }
  op.SetOut(0, Type::Optional(std::move(element)));
  return absl::OkStatus();
}

absl::Status GetElementShape(OpContext& op) {
  op.SetOut(0, op.in(0).kind == TypeKind::kOptional ? ElementOf(op.in(0)) : op.in(0));
  return absl::OkStatus();
}

absl::Status FoldGetElement(OpContext& op) {
  if (op.in(0).kind != TypeKind::kOptional) return SameContents(op);
  std::optional<OpContext> maker = MadeBy(op, 0, "Optional");
  if (!maker.has_value() || !maker->has(0) || !Foldable(*maker, {0})) return absl::OkStatus();
  if (FoldableSize(maker->in(0)) < 0) return absl::OkStatus();
  if (const TensorValue* value = maker->value(0)) op.SetValue(0, *value);
  return absl::OkStatus();
}

// Whether there is an element is known of what is no optional, and of an optional made here.
absl::Status HasElementShape(OpContext& op) {
  op.SetOut(0, DType::kBool, {});
  std::optional<bool> has;
  if (!op.has(0)) {
    has = false;
  } else if (std::optional<OpContext> maker = MadeBy(op, 0, "Optional")) {
    has = maker->has(0);
  } else if (op.in(0).kind == TypeKind::kTensor || op.in(0).kind == TypeKind::kSequence) {
    has = true;
  }
  if (has.has_value()) SetElems(op, 0, {Elem::Int(*has ? 1 : 0)});
  return absl::OkStatus();
}

constexpr OpRow Sequence(absl::string_view name, absl::string_view versions, Role role, Rule shape,
                         absl::string_view formula, Rule value = nullptr, Rule work = nullptr) {
  return {.name = name,
          .versions = versions,
          .family = Family::kSequence,
          .role = role,
          .shape = shape,
          .value = value,
          .work = work,
          .formula = formula};
}

constexpr OpRow kRows[] = {
    Sequence("SequenceEmpty", "11", Role::kView, EmptyShape, "an empty list"),
    Sequence("SequenceConstruct", "11", Role::kView, ConstructShape, "a list of the operands"),
    Sequence("SequenceInsert", "11", Role::kView, InsertShape, "a list with one more tensor"),
    Sequence("SequenceErase", "11", Role::kView, EraseShape, "a list with one tensor less"),
    Sequence("SequenceAt", "11", Role::kView, AtShape, "one tensor of a list", FoldAt),
    Sequence("SequenceLength", "11", Role::kOther, LengthShape, "number of tensors: reads none",
             nullptr, ReadsNothing),
    Sequence("SplitToSequence", "11 24", Role::kMovement, SplitToSequenceShape,
             "cut along an axis: reads and writes every element", nullptr, SplitToSequenceWork),
    Sequence("ConcatFromSequence", "11", Role::kMovement, ConcatFromSequenceShape,
             "joined along an axis: reads and writes every element", FoldConcatFromSequence,
             ConcatFromSequenceWork),
    Sequence("Optional", "15 28", Role::kView, OptionalShape, "the operand, which may be missing"),
    Sequence("OptionalGetElement", "15 18 28", Role::kView, GetElementShape, "what is there",
             FoldGetElement),
    Sequence("OptionalHasElement", "15 18 28", Role::kOther, HasElementShape,
             "whether something is there", nullptr, ReadsNothing),
};

}  // namespace

absl::Span<const OpRow> SequenceOps() { return kRows; }

}  // namespace assay
