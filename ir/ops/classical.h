// What the files of ai.onnx.ml share: rows of a table, class labels, and what is done to scores.
#ifndef ASSAY_IR_OPS_CLASSICAL_H_
#define ASSAY_IR_OPS_CLASSICAL_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "ir/op_context.h"
#include "ir/ops/size.h"

namespace assay {

// These operators take a table [rows, features]; a vector is a table of one row.
struct Table {
  Dim rows, features;
};
// Unknown sizes when the operand's rank is not known; an error that names the operand above rank 2.
absl::StatusOr<Table> TableOperand(OpContext& op, int i);

// The classes of a classifier, from whichever of its two label attributes is there.
struct Labels {
  DType dtype = DType::kUndefined;
  int64_t count = 0;
};
absl::StatusOr<Labels> LabelsOf(OpContext& op, absl::string_view ints, absl::string_view strings);

// Numbers in a list attribute (floats, or a tensor under `tensor`); 0 when absent.
int64_t CountOf(OpContext& op, absl::string_view floats, absl::string_view tensor = "");

// Adds what `post_transform` does to `rows` rows of `scores` scores to the op's work:
//
//   SOFTMAX, SOFTMAX_ZERO   3 flops, an exponential and a comparison per score, as Softmax
//   LOGISTIC                2 flops and an exponential per score, as Sigmoid
//   PROBIT                  sqrt 2 * erfinv(2 x - 1): 3 flops, a transcendental per score
//
// An error for any other name.
absl::Status CountPostTransform(OpContext& op, absl::string_view name, Dim rows, Dim scores);

}  // namespace assay

#endif  // ASSAY_IR_OPS_CLASSICAL_H_
