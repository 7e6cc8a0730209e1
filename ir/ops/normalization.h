// How normalisations are counted; see the head of normalization.cc.
#ifndef ASSAY_IR_OPS_NORMALIZATION_H_
#define ASSAY_IR_OPS_NORMALIZATION_H_

#include <cstdint>

#include "absl/status/status.h"
#include "ir/dim.h"
#include "ir/op_context.h"

namespace assay {

inline constexpr int64_t kWhitenFlops = 5;  // per element, with mean; scale and shift apart
inline constexpr int64_t kRmsFlops = 3;     // per element, without mean; scale apart
inline constexpr int64_t kGroupFlops = 2;   // per group of elements that share a mean

// flops = elements * per_element + groups * kGroupFlops; one square root per group.
void CountNormalization(OpContext& op, Dim elements, int64_t per_element, Dim groups);

// The rules of RMSNormalization: operands X, scale.
absl::Status RmsNormShape(OpContext& op);
absl::Status RmsNormWork(OpContext& op);

}  // namespace assay

#endif  // ASSAY_IR_OPS_NORMALIZATION_H_
