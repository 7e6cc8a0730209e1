// Windows that slide over the spatial axes of a tensor [N, C, D1, D2, ...]: what convolutions and
// pools have in common.
//
// Along one axis, with e = dilation * (kernel - 1) + 1 elements from a window's first to its last:
//
//   explicit pads   out = floor((in + begin + end - e) / stride) + 1
//   SAME_*          out = ceil(in / stride)
//   VALID           out = floor((in - e) / stride) + 1
//
// With ceil_mode the division rounds up, but a window that would start beyond the input and its
// leading pad is dropped: ONNX does so, because PyTorch does.
#ifndef ASSAY_IR_OPS_WINDOW_H_
#define ASSAY_IR_OPS_WINDOW_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ir/dim.h"
#include "ir/op_context.h"
#include "ir/ops/size.h"

namespace assay {

enum class AutoPad : uint8_t { kExplicit, kSame, kValid };

struct Window {
  // One entry per spatial axis. Kernel sizes may be symbolic or unknown (weights computed in the
  // graph).
  Dims kernel;
  std::vector<int64_t> stride, dilation, pad_begin, pad_end;
  AutoPad auto_pad = AutoPad::kExplicit;
  bool ceil = false;

  int spatial() const { return static_cast<int>(kernel.size()); }
};

// Reads kernel_shape, strides, dilations, pads, auto_pad and ceil_mode. `weight_kernel` holds the
// kernel as the weights' shape gives it, one entry per spatial axis; empty when there are no
// weights. Errors: an attribute of the wrong length, a size below 1, a kernel_shape that the
// weights contradict.
absl::StatusOr<Window> ReadWindow(OpContext& op, int spatial, absl::Span<const Dim> weight_kernel);

// Elements from a window's first to its last along the axis.
Size Extent(OpContext& op, const Window& window, int axis);

// Windows along the axis of an input of that size; an error when not one fits.
absl::StatusOr<Dim> WindowCount(OpContext& op, const Window& window, int axis, Dim in);

// Elements of one window: the product of the kernel sizes.
Size WindowElements(OpContext& op, const Window& window);

}  // namespace assay

#endif  // ASSAY_IR_OPS_WINDOW_H_
