// Helpers of tests that make partitions of their own.
#ifndef ASSAY_PASSES_PARTITION_TEST_UTIL_H_
#define ASSAY_PASSES_PARTITION_TEST_UTIL_H_

#include "passes/flow.h"
#include "passes/partition.h"

namespace assay {

// Tanh runs in the loop on what Add reads beside the loop's result.
inline constexpr absl::string_view kBranchInLoop = R"(
    arg %x: f32[4]
    weight %n = i64[] {5}
    weight %yes = bool[] {1}
    %a = Exp(%x)
    %y = Loop(%n, %yes, %x) {
      body = {
        arg %i: i64[]
        arg %c: bool[]
        arg %s: f32[4]
        %u = If(%yes) {
          then_branch = { %t = Tanh(%a) return %t },
          else_branch = { %e = Relu(%s) return %e }
        }
        return %c, %u
      }
    }
    %b = Add(%a, %y)
    return %b
)";

// The grouping that a partition came from, without its inserted kernels.
inline Grouping GroupingOf(const Partition& partition, const Flow& flow) {
  Grouping out;
  out.kernel_of.reserve(flow.ops.size());
  for (OpId op : flow.ops) out.kernel_of.push_back(partition.kernel_of[op.index]);
  out.groups.reserve(partition.kernels.size());
  for (const Partition::KernelOps& k : partition.kernels) {
    out.groups.push_back({.name = k.name, .pattern = k.pattern});
  }
  return out;
}

}  // namespace assay

#endif  // ASSAY_PASSES_PARTITION_TEST_UTIL_H_
