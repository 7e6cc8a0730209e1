// What of a partition a target leaves to its host (hw/fallback.h says what that costs).
//
//   Conv+Relu  ->  TopK  ->  Conv          the target lacks TopK
//    device    in  host  out device        its input crosses the link, and its result goes back
//
// A kernel falls back when it holds an operator that the target lacks; under a runtime with
// `after_unsupported: host`, also when it needs the result of one that did. What needs no input of
// the model (a Range over its sizes) does not: such a compiler fixes sizes and folds it. Fusion
// keeps operators of the two sides apart (FusionKey::operators). Views and folded operators are in
// no kernel and cost nothing on either side.
//
// Cost: linear in kernels and operands.
#ifndef ASSAY_PASSES_FALLBACK_H_
#define ASSAY_PASSES_FALLBACK_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "hw/estimate.h"
#include "hw/fallback.h"
#include "ir/graph.h"
#include "passes/facts.h"
#include "passes/flow.h"
#include "passes/partition.h"

namespace assay {

// Cuts groups that hold operators on both sides of `operators` into runs of one side, in op order.
// (Edges point onwards in that order, so the runs wait for each other in no circle.)
void SplitByOperators(const Graph& graph, const Flow& flow, const OperatorList& operators,
                      Grouping* grouping);

struct HostKernels {
  std::vector<bool> on_host;        // by kernel; empty: none is
  std::vector<Crossing> crossings;  // by kernel; of those on the host, one execution
  // Operators that the target lacks, by name, and how many of each run, in order of first use.
  std::vector<std::pair<std::string, int>> lacking;
};

// A tensor crosses once each way, however many read it; one that passes between kernels that run
// unequally often crosses as often as the rarer. Into a kernel on the host: activations that a
// kernel on the device wrote. Back: its results that kernels on the device read. The model's
// inputs are on both sides, weights stay where they are read, and so does what a loop's body is
// handed. `value_bytes` by ValueId, as wide as they are in memory; below zero: not known, counted
// as nothing.
HostKernels FindHostKernels(const Graph& graph, const Execution& execution, const Flow& flow,
                            const Partition& partition, const Platform& platform,
                            absl::Span<const double> value_bytes);

// Its two halves. `crossings` stay empty where nothing is on the host.
HostKernels FindOnHost(const Graph& graph, const Flow& flow, const Partition& partition,
                       const Platform& platform);
void SetCrossings(const Graph& graph, const Execution& execution, const Flow& flow,
                  const Partition& partition, absl::Span<const double> value_bytes,
                  HostKernels* host);

}  // namespace assay

#endif  // ASSAY_PASSES_FALLBACK_H_
