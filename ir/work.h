// What one execution of an op does, as expressions over the model's symbols. Work knows no machine
// and no precision: it counts, and whoever estimates divides.
#ifndef ASSAY_IR_WORK_H_
#define ASSAY_IR_WORK_H_

#include <cstdint>
#include <optional>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "ir/dim.h"
#include "ir/dtype.h"

namespace assay {

// The loop nest of a contraction: out[batch, g, m, n] += a[batch, g, m, k] * b[batch, g, k, n].
//
//   matrix product: groups 1, kernel empty; M rows of the activations, N columns, K the sum.
//   convolution:    batch = images; groups; M = output positions of one image, N = output channels
//   of
//                   one group, K = input channels of one group x kernel positions.
//   recurrence:     one step's gate products with `steps` sequential repetitions.
//   attention:      the two products QK^T and PV as one: batch = images x heads, M = queries,
//                   N = keys, K = head size of Q plus head size of V.
//
// macs = batch * groups * M * N * K * steps, unless a mask leaves part of it out.
struct Nest {
  enum class Kind : uint8_t { kMatMul, kConv, kConvTranspose, kRecurrence, kAttention };
  Kind kind = Kind::kMatMul;
  Dim batch = Dim(1), groups = Dim(1), m = Dim(1), n = Dim(1), k = Dim(1), steps = Dim(1);
  // Convolutions: spatial kernel, strides, dilations; one entry per spatial axis.
  absl::InlinedVector<int64_t, 3> kernel, stride, dilation;
  // True when the second matrix is the same for the whole batch (a weight): its rows are read once.
  bool shared_b = false;
  DType multiply = DType::kF32;    // type of the multiplied operands
  DType accumulate = DType::kF32;  // type of the sum
};

absl::string_view Name(Nest::Kind kind);

struct Work {
  Dim macs = Dim(0);             // multiply-accumulates of contractions
  Dim flops = Dim(0);            // 2 x macs + floating-point arithmetic of all else
  Dim transcendentals = Dim(0);  // exp, log, tanh, erf, sqrt, ... ; not in flops
  Dim int_ops = Dim(0);          // integer arithmetic of elementwise and reduction operators
  Dim comparisons = Dim(0);      // min, max, compares, selects
  // Elements read per operand and written per result, in order. Omitted operands read 0. Bytes
  // follow from these and the element type in force.
  absl::InlinedVector<Dim, 6> reads;
  absl::InlinedVector<Dim, 2> writes;
  std::optional<Nest> nest;
};

}  // namespace assay

#endif  // ASSAY_IR_WORK_H_
