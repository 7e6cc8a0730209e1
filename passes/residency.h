// What of a model stays on the chip between two uses: the reuse distances of its kernels' operands.
#ifndef ASSAY_PASSES_RESIDENCY_H_
#define ASSAY_PASSES_RESIDENCY_H_

#include <vector>

#include "hw/estimate.h"
#include "hw/kernel.h"
#include "ir/graph.h"
#include "passes/facts.h"

namespace assay {

// Sets Operand::reuse_distance of `kernels` (those of `partition`, in its order, with operands as
// MakeKernels adds them) as the platform's runtime keeps things (Residency in hw/runtime.h):
//   cache       the traffic of all kernels between the previous use and this one; weights come
//               round once per run
//   scratchpad  that of their activations only; weights: kNever
//   pinned      the same behind the pinned weights; those: 0
//   contexts    nothing moves within one; else kNever
// Kernels run in id order. Inputs and outputs of the model come from and go to outside.
void SetReuseDistances(const Graph& graph, const Partition& partition, const Platform& platform,
                       std::vector<Kernel>* kernels);

}  // namespace assay

#endif  // ASSAY_PASSES_RESIDENCY_H_
