// The rules of QuantizeLinear and DequantizeLinear, which more than one domain has.
#ifndef ASSAY_IR_OPS_QUANTIZATION_H_
#define ASSAY_IR_OPS_QUANTIZATION_H_

#include "absl/status/status.h"
#include "ir/op_context.h"

namespace assay {

absl::Status DequantizeWork(OpContext& op);
absl::Status DequantizeShape(OpContext& op);
absl::Status QuantizeWork(OpContext& op);
absl::Status QuantizeShape(OpContext& op);

}  // namespace assay

#endif  // ASSAY_IR_OPS_QUANTIZATION_H_
