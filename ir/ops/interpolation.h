// Sampling a grid at fractional places: each sample is a weighted sum of the neighbours of its
// place.
//
// Per axis a sample has 1 (nearest), 2 (linear) or 4 (cubic) neighbours; over several axes, as many
// as the product. What it costs:
//
//   weights, once per sample and shared by its channels:
//     per axis: linear 2 (fraction and its complement), cubic 22 (two polynomials of degree 3 at
//     two places each, by Horner's scheme); then one product per neighbour and further axis
//   sum, per sample and channel: one product per neighbour, one addition between two
#ifndef ASSAY_IR_OPS_INTERPOLATION_H_
#define ASSAY_IR_OPS_INTERPOLATION_H_

#include "ir/op_context.h"
#include "ir/ops/size.h"

namespace assay {

struct Interpolation {
  Size neighbours;    // elements read per sample and channel
  Size weight_flops;  // per sample
  Size sum_flops;     // per sample and channel
};

inline Interpolation InterpolationOf(OpContext& op, int neighbours_per_axis, int axes) {
  Size n(op, 1);
  for (int i = 0; i < axes; ++i) n *= Dim(neighbours_per_axis);
  if (neighbours_per_axis == 1) return {n, Size(op, 0), Size(op, 0)};
  const int64_t per_axis = neighbours_per_axis == 2 ? 2 : 22;
  return {n, per_axis * Size(op, axes) + n * (axes - 1), 2 * n - 1};
}

}  // namespace assay

#endif  // ASSAY_IR_OPS_INTERPOLATION_H_
