// Activations that fused and recurrent operators name in an attribute, and what each costs per
// element. The counts are those of the elementwise operators of the same name.
#ifndef ASSAY_IR_OPS_ACTIVATION_H_
#define ASSAY_IR_OPS_ACTIVATION_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "ir/op_context.h"

namespace assay {

struct Activation {
  absl::string_view name;
  int64_t flops = 0, transcendentals = 0, comparisons = 0;
};

inline constexpr Activation kActivations[] = {
    {"Relu", 0, 0, 1},      {"Tanh", 0, 1, 0},       {"Sigmoid", 2, 1, 0},
    {"Affine", 2, 0, 0},    {"LeakyRelu", 1, 0, 1},  {"ThresholdedRelu", 0, 0, 1},
    {"Clip", 0, 0, 2},      {"ScaledTanh", 2, 1, 0}, {"HardSigmoid", 2, 0, 2},
    {"Elu", 2, 1, 1},       {"Softsign", 3, 0, 0},   {"Softplus", 1, 2, 0},
    {"HardSwish", 3, 0, 2}, {"Gelu", 4, 1, 0},
};

// By name, whatever its case.
inline absl::StatusOr<Activation> FindActivation(absl::string_view name) {
  for (const Activation& a : kActivations) {
    if (absl::EqualsIgnoreCase(a.name, name)) return a;
  }
  return OpError(absl::StrCat("the activation `", name,
                              "` is not known; use one that the operator's specification names"));
}

}  // namespace assay

#endif  // ASSAY_IR_OPS_ACTIVATION_H_
