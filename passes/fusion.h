// Fusion: the partition of what runs into kernels, by the rows of passes/pattern.h.
//
// A policy's patterns are tried one after another, each over all ops in op order. Where one starts,
// the kernel absorbs in front what feeds nothing but the kernel, and behind it, step by step, what
// consumes its result. Views and folded ops are no ops of a kernel; edges pass through them.
//
// No cycle: every result that leaves a kernel depends on every activation that the kernel reads.
// For then, if kernels waited for each other in a circle, a result would depend on itself. A kernel
// keeps to this because it grows forwards only while its result so far has no other way out (so
// what it absorbs is the one way out, and that depends on all), or, where a policy lets a result be
// given out on the way (`forks`), it reads no further activation from then on. What is absorbed in
// front has its only way out through the kernel. Siblings are joined where they read the same.
//
// Cost: linear in ops and operands.
#ifndef ASSAY_PASSES_FUSION_H_
#define ASSAY_PASSES_FUSION_H_

#include <vector>

#include "absl/status/statusor.h"
#include "ir/graph.h"
#include "passes/facts.h"
#include "passes/flow.h"
#include "passes/fusion_guards.h"
#include "passes/pattern.h"

namespace assay {

absl::StatusOr<Partition> FuseOps(const Graph& graph, const Shapes& shapes,
                                  const Execution& execution, const Works& works,
                                  const Numbers& numbers, const Flow& flow, const FusionKey& key,
                                  std::vector<SizeComparison>* compared = nullptr);

// Every decision on sizes is then in `compared`: of policies that search for the least traffic, and
// of partitions with a limit in bytes, it is not.
bool ComparesSizesOnly(const FusionPolicyRow& policy, const FusionKey& key);

}  // namespace assay

#endif  // ASSAY_PASSES_FUSION_H_
