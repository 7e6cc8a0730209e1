// What convolutions share with their quantised and fused twins, whose operands stand in other
// places.
#ifndef ASSAY_IR_OPS_CONVOLUTION_H_
#define ASSAY_IR_OPS_CONVOLUTION_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ir/op_context.h"

namespace assay {

// The result of convolving operand x [N, C, D...] with the weights w [M, C / group, k...]: type
// `dtype`, shape [N, M, windows...], as far as known.
absl::StatusOr<Type> ConvType(OpContext& op, int x, int w, DType dtype);

// Sets macs, flops = 2 x macs and the loop nest of that convolution from operand and result types.
absl::Status CountConv(OpContext& op, int x, int w);

// The rules of Conv: operands X, W, B.
absl::Status ConvWork(OpContext& op);
absl::Status ConvShape(OpContext& op);

}  // namespace assay

#endif  // ASSAY_IR_OPS_CONVOLUTION_H_
