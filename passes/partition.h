// From a grouping (which op that runs goes into which kernel) to a Partition: what every kernel
// reads and writes, and the traffic of all of them. Whatever decides on kernels ends here, so the
// traffic identity of passes/facts.h is kept in one place.
//
// Cost: linear in ops and operands.
#ifndef ASSAY_PASSES_PARTITION_H_
#define ASSAY_PASSES_PARTITION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "ir/graph.h"
#include "passes/facts.h"
#include "passes/flow.h"

namespace assay {

// Kernels in any order, each with at least one op, all of one region. No cycle among them.
struct Grouping {
  struct Group {
    std::string name;                      // "Conv+Relu"
    absl::string_view pattern = "single";  // as Partition::KernelOps
    double extra_reads = 0;                // bytes of one execution that the pattern reads again
  };
  std::vector<int32_t> kernel_of;  // by slot of the flow: index into groups
  std::vector<Group> groups;
  std::vector<Partition::Inserted> inserted;  // `before` and `after` are ops, so they need no id
};

// Kernels are numbered in an order in which they can run, of those that can by first op.
Partition FinishPartition(const Graph& graph, const Execution& execution, const Numbers& numbers,
                          const Flow& flow, const FusionKey& key, const Grouping& grouping);

// Bytes that two reads of a tensor are together in one kernel: parts count each, up to the whole
// tensor (-1: its size is not known, and the larger read counts). Neither the order of more than
// two reads nor how they are taken together makes a difference.
double ReadTogether(double a, double b, double whole);

// The invariants: each op that runs in exactly one kernel, ops ascending, every kernel behind
// those that it reads from, no kernels that wait for each other in a circle (a loop waits for its
// body), one heavy op per kernel unless the pattern takes more, the traffic identity of
// passes/facts.h. For tests and --verify.
absl::Status VerifyPartition(const Graph& graph, const Execution& execution,
                             const Partition& partition);

}  // namespace assay

#endif  // ASSAY_PASSES_PARTITION_H_
