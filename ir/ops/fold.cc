#include "ir/ops/fold.h"

#include <algorithm>
#include <utility>

namespace assay {
namespace {

bool AnyKnown(absl::Span<const Elem> elems) {
  return std::any_of(elems.begin(), elems.end(), [](const Elem& e) { return !e.unknown(); });
}

bool IsUniform(const TensorValue& v) { return v.splat || v.elems.size() == 1; }

int64_t LimitOf(DType dtype) { return IsFloat(dtype) ? kMaxFloats : TensorValue::kMaxElements; }

}  // namespace

std::optional<std::vector<int64_t>> KnownDims(const Dims& dims) {
  std::vector<int64_t> out;
  out.reserve(dims.size());
  int64_t n = 1;
  for (Dim d : dims) {
    if (!d.known() || d.value() < 0) return std::nullopt;
    out.push_back(d.value());
    if (d.value() > TensorValue::kMaxElements) return std::nullopt;
    n *= d.value();
    if (n > TensorValue::kMaxElements) return std::nullopt;
  }
  return out;
}

int64_t FoldableSize(const Type& type) {
  if (!type.is_tensor() || !type.ranked) return -1;
  std::optional<std::vector<int64_t>> dims = KnownDims(type.dims);
  if (!dims.has_value()) return -1;
  int64_t n = 1;
  for (int64_t d : *dims) n *= d;
  return n <= LimitOf(type.dtype) ? n : -1;
}

bool Foldable(OpContext& op, absl::Span<const int> operands) {
  for (int i : operands) {
    if (!op.may_have_value(i)) return false;
  }
  for (int i : operands) {
    if (op.is_stored(i) && FoldableSize(op.in(i)) < 0) return false;
  }
  return true;
}

bool Foldable(OpContext& op) {
  for (int i = 0; i < op.num_inputs(); ++i) {
    if (op.has(i) && !op.may_have_value(i)) return false;
  }
  for (int i = 0; i < op.num_inputs(); ++i) {
    if (op.has(i) && op.is_stored(i) && FoldableSize(op.in(i)) < 0) return false;
  }
  return op.num_inputs() > 0;
}

void ForEachIndex(absl::Span<const int64_t> dims,
                  absl::FunctionRef<void(absl::Span<const int64_t>)> visit) {
  for (int64_t d : dims) {
    if (d <= 0) return;
  }
  std::vector<int64_t> index(dims.size(), 0);
  while (true) {
    visit(index);
    int axis = static_cast<int>(dims.size()) - 1;
    while (axis >= 0 && ++index[axis] == dims[axis]) index[axis--] = 0;
    if (axis < 0) return;
  }
}

std::vector<int64_t> StridesOf(absl::Span<const int64_t> dims) {
  std::vector<int64_t> strides(dims.size(), 1);
  for (int i = static_cast<int>(dims.size()) - 2; i >= 0; --i) {
    strides[i] = strides[i + 1] * dims[i + 1];
  }
  return strides;
}

void SetElems(OpContext& op, int i, std::vector<Elem> elems) {
  if (!op.has_out(i) || (!elems.empty() && !AnyKnown(elems))) return;
  op.SetValue(i, {.dims = op.out(i).dims, .splat = false, .elems = std::move(elems)});
}

void SetSplat(OpContext& op, int i, Elem elem) {
  if (!op.has_out(i) || !op.out(i).ranked || elem.unknown()) return;
  const Dims& dims = op.out(i).dims;
  const bool one = std::all_of(dims.begin(), dims.end(), [](Dim d) { return d.is(1); });
  const bool none = std::any_of(dims.begin(), dims.end(), [](Dim d) { return d.is(0); });
  TensorValue value{.dims = dims, .splat = !one && !none, .elems = {}};
  if (!none) value.elems.push_back(elem);
  op.SetValue(i, std::move(value));
}

absl::Status FoldPointwise(OpContext& op, int at_least,
                           absl::FunctionRef<Elem(absl::Span<const Elem>)> fn) {
  const Type& type = op.out(0);
  const int n = op.num_inputs();
  if (!type.is_tensor() || !type.ranked || n < at_least || !Foldable(op)) return absl::OkStatus();
  absl::InlinedVector<const TensorValue*, 3> values(n, nullptr);
  bool uniform = true;
  for (int i = 0; i < n; ++i) {
    if (!op.has(i)) continue;
    values[i] = op.value(i);
    if (values[i] == nullptr) return absl::OkStatus();
    uniform = uniform && IsUniform(*values[i]);
  }
  absl::InlinedVector<Elem, 3> args(n);
  if (uniform) {
    for (int i = 0; i < n; ++i) {
      if (values[i] != nullptr) args[i] = values[i]->elems[0];
    }
    SetSplat(op, 0, fn(args));
    return absl::OkStatus();
  }
  if (FoldableSize(type) < 0) return absl::OkStatus();
  const std::vector<int64_t> dims = *KnownDims(type.dims);
  // Position of the current element in each operand, by strides that are 0 along broadcast axes.
  std::vector<std::vector<int64_t>> strides(n);
  for (int i = 0; i < n; ++i) {
    strides[i].assign(dims.size(), 0);
    if (values[i] == nullptr || IsUniform(*values[i])) continue;
    std::optional<std::vector<int64_t>> own = KnownDims(values[i]->dims);
    if (!own.has_value() || own->size() > dims.size()) return absl::OkStatus();
    const std::vector<int64_t> own_strides = StridesOf(*own);
    const size_t skip = dims.size() - own->size();
    for (size_t axis = 0; axis < own->size(); ++axis) {
      if ((*own)[axis] != 1) strides[i][skip + axis] = own_strides[axis];
    }
  }
  std::vector<Elem> elems;
  ForEachIndex(dims, [&](absl::Span<const int64_t> index) {
    for (int i = 0; i < n; ++i) {
      if (values[i] == nullptr) continue;
      int64_t at = 0;
      for (size_t axis = 0; axis < dims.size(); ++axis) at += index[axis] * strides[i][axis];
      args[i] = values[i]->at(at);
    }
    elems.push_back(fn(args));
  });
  SetElems(op, 0, std::move(elems));
  return absl::OkStatus();
}

absl::Status FoldEach(OpContext& op, absl::FunctionRef<Elem(const Elem&)> fn) {
  const Type& type = op.out(0);
  if (!type.is_tensor() || !type.ranked || !Foldable(op, {0})) return absl::OkStatus();
  const TensorValue* value = op.value(0);
  if (value == nullptr) return absl::OkStatus();
  if (IsUniform(*value)) {
    SetSplat(op, 0, fn(value->elems[0]));
  } else if (FoldableSize(type) == static_cast<int64_t>(value->elems.size())) {
    std::vector<Elem> elems;
    elems.reserve(value->elems.size());
    for (const Elem& e : value->elems) elems.push_back(fn(e));
    SetElems(op, 0, std::move(elems));
  }
  return absl::OkStatus();
}

void FoldByIndex(OpContext& op, int i,
                 absl::FunctionRef<int64_t(absl::Span<const int64_t> index)> source) {
  const Type& type = op.out(i);
  if (!op.has_out(i) || !type.is_tensor() || !type.ranked || !Foldable(op, {0})) return;
  const TensorValue* value = op.value(0);
  if (value == nullptr) return;
  if (IsUniform(*value)) return SetSplat(op, i, value->elems[0]);
  if (FoldableSize(type) < 0) return;
  std::vector<Elem> elems;
  const int64_t n = static_cast<int64_t>(value->elems.size());
  ForEachIndex(*KnownDims(type.dims), [&](absl::Span<const int64_t> index) {
    const int64_t at = source(index);
    elems.push_back(at >= 0 && at < n ? value->elems[at] : Elem());
  });
  SetElems(op, i, std::move(elems));
}

absl::Status FoldSameOrder(OpContext& op) {
  return FoldEach(op, [](const Elem& e) { return e; });
}

std::optional<TensorValue> ReadConstant(const Graph& graph, const Constant& constant) {
  if (constant.sparse || constant.stored_elements > LimitOf(constant.dtype)) return std::nullopt;
  absl::StatusOr<std::vector<Elem>> elems = StoredElements(graph, constant);
  if (!elems.ok()) return std::nullopt;
  TensorValue value;
  for (int64_t d : constant.dims) value.dims.push_back(Dim(d));
  value.elems = *std::move(elems);
  return value;
}

}  // namespace assay
