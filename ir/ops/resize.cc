// Resize and Upsample: another sampling grid over the same field.
//
// The new sizes are given as such, or as scales: floor(size * scale), with the scale a 32-bit
// float. Both are often computed from sizes, so a scale may be a ratio of expressions; size * (out
// / size) is out again.
//
// Interpolating over k axes weighs 2^k neighbours when linear, 4^k when cubic: as many products and
// one addition less per element of the result. The weights themselves are not counted, being the
// same for all channels; nor are the further neighbours of `antialias`. Nearest computes nothing,
// and reads no more elements than it writes.
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

// The scales are operand 1 of Upsample and of Resize before opset 11, then operand 2.
int ScalesOperand(OpContext& op) {
  return op.type() == "Resize" && (op.opset() >= 11 || op.num_inputs() > 2) ? 2 : 1;
}

// The scales, one per axis that is resized, unknown where not known; nullopt when there are none.
std::optional<std::vector<Elem>> ScalesOf(OpContext& op, size_t axes) {
  std::vector<Elem> out;
  const int i = ScalesOperand(op);
  if (op.has(i) && !op.in_elements(i).is(0)) {
    out.resize(axes);
    const TensorValue* value = Foldable(op, {i}) ? op.value(i) : nullptr;
    if (value == nullptr || value->size() < 0) return out;
    out.resize(value->size());
    for (size_t k = 0; k < out.size(); ++k) out[k] = value->at(static_cast<int64_t>(k));
    return out;
  }
  if (const std::optional<std::vector<double>> given = op.floats_attr("scales")) {
    for (double s : *given) out.push_back(Elem::Real(s));
    return out;
  }
  if (op.has_attr("height_scale") && axes == 4) {  // Upsample of opset 1
    return std::vector<Elem>{Elem::Real(1), Elem::Real(1),
                             Elem::Real(op.float_attr("height_scale", 1)),
                             Elem::Real(op.float_attr("width_scale", 1))};
  }
  return std::nullopt;
}

Dim ToSize(OpContext& op, const Elem& e) {
  const Elem i = ElemMath(op.dims(), DType::kI64).Cast(e);
  return i.is_int() ? i.num : Dim();
}

// The part of an axis that tf_crop_and_resize looks at; 1 in the other modes.
Elem CropOf(OpContext& op, size_t k, size_t axes) {
  if (op.string_attr("coordinate_transformation_mode", "") != "tf_crop_and_resize") {
    return Elem::Real(1);
  }
  const TensorValue* roi = Foldable(op, {1}) ? op.value(1) : nullptr;
  if (roi == nullptr || roi->size() != static_cast<int64_t>(2 * axes)) return {};
  return ElemMath(op.dims(), DType::kF32).Sub(roi->at(k + axes), roi->at(k));
}

// One scale for all axes: the smallest (or largest) that keeps within the sizes.
std::vector<Dim> KeepAspect(OpContext& op, const std::vector<int>& axes, const Dims& sizes,
                            bool not_larger) {
  ElemMath math(op.dims(), DType::kF64);
  Elem scale;
  for (size_t k = 0; k < axes.size(); ++k) {
    const Dim n = op.dim(0, axes[k]);
    if (n.unknown() || sizes[k].unknown()) return std::vector<Dim>(axes.size());
    const Elem s = math.Div(math.Cast(Elem::Int(sizes[k])), math.Cast(Elem::Int(n)));
    scale = k == 0 ? s : not_larger ? math.Min(scale, s) : math.Max(scale, s);
  }
  std::vector<Dim> out;
  for (int axis : axes) {
    const Elem exact = math.Mul(scale, math.Cast(Elem::Int(op.dim(0, axis))));
    out.push_back(ToSize(op, math.Floor(math.Add(exact, Elem::Real(0.5)))));
  }
  return out;
}

absl::Status ResizeShape(OpContext& op) {
  if (!op.ranked(0)) return Unranked(op, 0, op.dtype(0));
  const int rank = op.rank(0);
  std::vector<int64_t> all(rank);
  for (int i = 0; i < rank; ++i) all[i] = i;
  absl::StatusOr<std::vector<int>> axes = op.Axes(op.ints_attr("axes").value_or(all), rank);
  if (!axes.ok()) return axes.status();
  Dims dims = op.in(0).dims;
  std::vector<Dim> resized(axes->size());
  if (op.has(3) && !op.in_elements(3).is(0)) {
    const Dims sizes = IntsOperand(op, 3).value_or(Dims(axes->size(), Dim()));
    if (sizes.size() != axes->size()) {
      return OpError(
          absl::StrCat("there are ", sizes.size(), " sizes for ", axes->size(), " axes"));
    }
    const absl::string_view policy = op.string_attr("keep_aspect_ratio_policy", "stretch");
    if (policy == "stretch") {
      resized.assign(sizes.begin(), sizes.end());
    } else {
      resized = KeepAspect(op, *axes, sizes, policy == "not_larger");
    }
  } else if (const std::optional<std::vector<Elem>> scales = ScalesOf(op, axes->size())) {
    if (scales->size() != axes->size()) {
      return OpError(
          absl::StrCat("there are ", scales->size(), " scales for ", axes->size(), " axes"));
    }
    ElemMath math(op.dims(), DType::kF32);
    for (size_t k = 0; k < axes->size(); ++k) {
      const Dim n = op.dim(0, (*axes)[k]);
      if (n.unknown()) continue;
      const Elem part = math.Mul(math.Cast(Elem::Int(n)), CropOf(op, k, axes->size()));
      resized[k] = ToSize(op, math.Floor(math.Mul(part, (*scales)[k])));
    }
  } else {
    return OpError("neither scales nor sizes are given; give one of them");
  }
  for (size_t k = 0; k < axes->size(); ++k) {
    // An unknown size stays unknown; one that only contents tell is a new symbol.
    Dim& d = dims[(*axes)[k]];
    const bool untold = resized[k].unknown() && !d.unknown();
    const int64_t low = std::min<int64_t>(LowOf(op, d), 1);
    d = untold ? OrFresh(op, 0, Dim(), low, Dim(), "resized size") : resized[k];
  }
  op.SetOut(0, op.dtype(0), std::move(dims));
  return absl::OkStatus();
}

absl::Status ResizeWork(OpContext& op) {
  const Dim in = op.in_elements(0), out = op.out_elements(0);
  const absl::string_view mode = op.string_attr("mode", "nearest");
  if (mode == "nearest") {
    if (op.dims().LessEqual(out, in) == true) op.work().reads[0] = out;
    return absl::OkStatus();
  }
  if (!op.ranked(0) || !op.out(0).ranked) {
    op.work().flops = Dim();
    return absl::OkStatus();
  }
  int64_t neighbours = 1;
  for (int i = 0; i < op.rank(0) && i < op.out(0).rank() && neighbours < (int64_t{1} << 32); ++i) {
    if (op.dim(0, i) != op.out(0).dims[i]) neighbours *= mode == "cubic" ? 4 : 2;
  }
  if (neighbours > 1) op.work().flops = (2 * neighbours - 1) * Size(op, out);
  return absl::OkStatus();
}

constexpr OpRow kRows[] = {
    {.name = "Resize",
     .versions = "10 11 13 18 19",
     .family = Family::kMovement,
     .role = Role::kMovement,
     .shape = ResizeShape,
     .work = ResizeWork,
     .formula = "resampled over k axes: 2 * 2^k - 1 flops per result when linear, 2 * 4^k - 1 when "
                "cubic, none when nearest"},
    {.name = "Upsample",
     .versions = "1 7 9 10",
     .family = Family::kMovement,
     .role = Role::kMovement,
     .shape = ResizeShape,
     .work = ResizeWork,
     .formula = "as Resize"},
};

}  // namespace

absl::Span<const OpRow> ResizeOps() { return kRows; }

}  // namespace assay
