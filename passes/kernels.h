// Concurrency and memory of a partition's kernels: what `concurrency` and `memory` are to ops. A
// kernel is one node, what stays inside it needs no buffer, and it has threads of its own.
#ifndef ASSAY_PASSES_KERNELS_H_
#define ASSAY_PASSES_KERNELS_H_

#include "ir/graph.h"
#include "passes/facts.h"
#include "passes/flow.h"

namespace assay {

KernelPlan PlanKernels(const Graph& graph, const Shapes& shapes, const Execution& execution,
                       const Works& works, const Numbers& numbers, const Flow& flow,
                       const Partition& partition);

}  // namespace assay

#endif  // ASSAY_PASSES_KERNELS_H_
