// What matrix products share with their quantised and fused twins.
#ifndef ASSAY_IR_OPS_MATMUL_H_
#define ASSAY_IR_OPS_MATMUL_H_

#include "absl/status/status.h"
#include "ir/op_context.h"

namespace assay {

// The two matrices of a product; the flags exchange their last two axes first.
struct MatMulOperands {
  int a = 0, b = 1;
  bool transpose_a = false, transpose_b = false;
};

// Result 0 is numpy's matmul of the operands: type `dtype`, shape as far as known.
absl::Status SetMatMul(OpContext& op, const MatMulOperands& operands, DType dtype);

// Sets macs, flops = 2 x macs and the loop nest of that product from operand and result types.
absl::Status CountMatMul(OpContext& op, const MatMulOperands& operands);

// A plain product [m, k] x [k, n] with a second matrix that all rows share.
void CountProduct(OpContext& op, Dim m, Dim k, Dim n, DType multiply);

// The rules of Gemm: operands A, B, C.
absl::Status GemmWork(OpContext& op);
absl::Status GemmShape(OpContext& op);

}  // namespace assay

#endif  // ASSAY_IR_OPS_MATMUL_H_
