// Einsum's rules, referred to by matmul.cc.
#ifndef ASSAY_IR_OPS_EINSUM_H_
#define ASSAY_IR_OPS_EINSUM_H_

#include "absl/status/status.h"
#include "ir/op_context.h"

namespace assay {

absl::Status EinsumShape(OpContext& op);
absl::Status EinsumWork(OpContext& op);

}  // namespace assay

#endif  // ASSAY_IR_OPS_EINSUM_H_
