#include "ir/ops/window.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/ops/operands.h"

namespace assay {
namespace {

// An attribute with one entry per spatial axis, each at least 1.
absl::StatusOr<std::vector<int64_t>> PositivePerAxis(OpContext& op, absl::string_view name,
                                                     int spatial) {
  std::optional<std::vector<int64_t>> ints = op.ints_attr(name);
  if (!ints.has_value() || ints->empty()) return std::vector<int64_t>(spatial, 1);
  if (static_cast<int>(ints->size()) != spatial) {
    return OpError(absl::StrCat("attribute `", name, "` has ", ints->size(), " entries for ",
                                spatial, " spatial axes; give one per axis"));
  }
  for (int64_t v : *ints) {
    if (v < 1) {
      return OpError(absl::StrCat("attribute `", name, "` holds ", v, "; use sizes of at least 1"));
    }
  }
  return *std::move(ints);
}

absl::StatusOr<AutoPad> ReadAutoPad(OpContext& op) {
  absl::string_view name = op.string_attr("auto_pad", "NOTSET");
  if (name == "NOTSET" || name.empty()) return AutoPad::kExplicit;
  if (name == "SAME_UPPER" || name == "SAME_LOWER") return AutoPad::kSame;
  if (name == "VALID") return AutoPad::kValid;
  return OpError(
      absl::StrCat("auto_pad is `", name, "`; use NOTSET, SAME_UPPER, SAME_LOWER or VALID"));
}

}  // namespace

absl::StatusOr<Window> ReadWindow(OpContext& op, int spatial, absl::Span<const Dim> weight_kernel) {
  Window w;
  w.kernel.assign(weight_kernel.begin(), weight_kernel.end());
  w.kernel.resize(spatial);
  if (op.has_attr("kernel_shape")) {
    absl::StatusOr<std::vector<int64_t>> kernel = PositivePerAxis(op, "kernel_shape", spatial);
    if (!kernel.ok()) return kernel.status();
    for (int i = 0; i < spatial; ++i) {
      absl::Status s =
          Merge(op, &w.kernel[i], Dim((*kernel)[i]), "kernel of the weights and kernel_shape");
      if (!s.ok()) return s;
    }
  }
  for (Dim size : w.kernel) {
    if (size.known() && size.value() < 1) {
      return OpError(
          absl::StrCat("the kernel has a size of ", size.value(), "; use sizes of at least 1"));
    }
  }
  absl::StatusOr<std::vector<int64_t>> stride = PositivePerAxis(op, "strides", spatial);
  if (!stride.ok()) return stride.status();
  w.stride = *std::move(stride);
  absl::StatusOr<std::vector<int64_t>> dilation = PositivePerAxis(op, "dilations", spatial);
  if (!dilation.ok()) return dilation.status();
  w.dilation = *std::move(dilation);

  absl::StatusOr<AutoPad> auto_pad = ReadAutoPad(op);
  if (!auto_pad.ok()) return auto_pad.status();
  w.auto_pad = *auto_pad;
  w.pad_begin.assign(spatial, 0);
  w.pad_end.assign(spatial, 0);
  std::optional<std::vector<int64_t>> pads = op.ints_attr("pads");
  if (w.auto_pad == AutoPad::kExplicit && pads.has_value() && !pads->empty()) {
    if (pads->size() != 2 * static_cast<size_t>(spatial)) {
      return OpError(absl::StrCat("attribute `pads` has ", pads->size(), " entries for ", spatial,
                                  " spatial axes; give the begins of all axes, then the ends"));
    }
    w.pad_begin.assign(pads->begin(), pads->begin() + spatial);
    w.pad_end.assign(pads->begin() + spatial, pads->end());
  }
  w.ceil = op.int_attr("ceil_mode", 0) != 0;
  return w;
}

Size Extent(OpContext& op, const Window& w, int axis) {
  return (Size(op, w.kernel[axis]) - 1) * w.dilation[axis] + 1;
}

absl::StatusOr<Dim> WindowCount(OpContext& op, const Window& w, int axis, Dim in) {
  const int64_t stride = w.stride[axis];
  const Size input(op, in);
  if (w.auto_pad == AutoPad::kSame) return CeilDiv(input, stride).dim;
  const Size extent = Extent(op, w, axis);
  const Size room = input + w.pad_begin[axis] + w.pad_end[axis] - extent;  // for the first to move
  if (room.dim.unknown() || room.dim.overflow()) return room.dim;
  if (op.dims().BoundsOf(room).high < 0) {
    return OpError(absl::StrCat("a window of ", Text(op, extent), " does not fit spatial axis ",
                                axis, ", which has ", Text(op, in), " elements and ",
                                w.pad_begin[axis], " + ", w.pad_end[axis],
                                " of padding; check kernel, dilations, pads and the input's size"));
  }
  if (!w.ceil) return (FloorDiv(room, stride) + 1).dim;
  const Size rounded_up = CeilDiv(room, stride) + 1;
  // The last window must start at or before the last element that is not trailing pad. That holds
  // of itself when the windows reach at least stride - 1 further than the trailing pad.
  if (op.dims().BoundsOf(extent - 1 - w.pad_end[axis] - (stride - 1)).low >= 0) {
    return rounded_up.dim;
  }
  const Size inside = input + w.pad_begin[axis] - 1;  // last allowed start
  if (rounded_up.dim.known() && inside.dim.known()) {
    const Size last_start = (rounded_up - 1) * stride;
    return op.dims().Less(inside, last_start) == true ? (rounded_up - 1).dim : rounded_up.dim;
  }
  return Min(rounded_up, FloorDiv(inside, stride) + 1).dim;
}

Size WindowElements(OpContext& op, const Window& w) { return Product(op, w.kernel); }

}  // namespace assay
