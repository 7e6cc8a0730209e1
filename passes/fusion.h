// Fusion: the partition of what runs into kernels.
//
// A policy is a list of patterns, tried in order at every op that is not yet in a kernel, in op
// order. A pattern is a row: the ops it can start from, then steps that each absorb what consumes
// the kernel's current result, as long as nothing outside needs that result. Views and folded ops
// are no ops of a kernel; edges pass through them.
//
//   Conv -> BatchNormalization -> Relu -> Add -> Relu      (a residual block's end)
//   [ conv+bn+activation            ]    [ add+act  ]
//
// An activation in several ops (x * sigmoid(x)) is a fork that rejoins; the table of spellings in
// passes/spelling.h says which are known.
//
// No cycle: a kernel grows only along an edge that is the producer's one way out, and every other
// operand of what it absorbs is a weight or comes from the kernel itself; so the kernel's inputs
// are all inputs of its first op, and contracting it cannot close a loop.
//
// Cost: linear in ops and operands.
#ifndef ASSAY_PASSES_FUSION_H_
#define ASSAY_PASSES_FUSION_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ir/graph.h"
#include "passes/facts.h"

namespace assay {

// What a pattern's steps are made of: one way to absorb what consumes the kernel's current result.
struct StepRow {
  absl::string_view name;  // "bias"
  absl::string_view ops;   // op types that it absorbs, separated by spaces
  absl::string_view what;
  int tail_operand = 0;    // the operand that must be the kernel's result; -1: any
  bool spellings = false;  // absorbs an activation in several ops, too (passes/spelling.h)
};
absl::Span<const StepRow> FusionSteps();

struct PatternRow {
  absl::string_view name;   // "conv+bn+act"; attention patterns' names begin with "attention"
  absl::string_view start;  // op types it starts from, separated by spaces; "spelling": an
                            // activation in several ops
  absl::string_view steps;  // names of steps, in order, separated by spaces; each is optional
  absl::string_view what;   // one line for `assay patterns`
  absl::string_view example;
};
absl::Span<const PatternRow> FusionPatterns();

struct FusionPolicyRow {
  absl::string_view name;      // "greedy"
  absl::string_view patterns;  // names, in order of preference; "" leaves every op by itself
  absl::string_view what;
};
absl::Span<const FusionPolicyRow> FusionPolicies();
// An error that names the nearest policy when there is none.
absl::StatusOr<const FusionPolicyRow*> FindFusionPolicy(absl::string_view name);

absl::StatusOr<Partition> FuseOps(const Graph& graph, const Shapes& shapes,
                                  const Execution& execution, const Works& works,
                                  const Numbers& numbers, const FusionKey& key);

// The invariants: each op that runs in exactly one kernel, ops ascending, no cycle among kernels,
// the traffic identity of passes/facts.h. For tests and --verify.
absl::Status VerifyPartition(const Graph& graph, const Execution& execution,
                             const Partition& partition);

}  // namespace assay

#endif  // ASSAY_PASSES_FUSION_H_
