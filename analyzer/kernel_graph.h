// Kernels as nodes, and the tensors between them as edges: what drawings show.
//
// With a target the kernels are those of its runtime, with the time each takes; without one those
// of --fuse. Inputs and outputs of the model are nodes too. A kernel in the body of a Loop or a
// Scan that reads what the loop hands it hangs on the loop's own node.
#ifndef ASSAY_ANALYZER_KERNEL_GRAPH_H_
#define ASSAY_ANALYZER_KERNEL_GRAPH_H_

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "analyzer/export.h"
#include "analyzer/report.h"
#include "ir/op_table.h"
#include "passes/estimate.h"
#include "passes/facts.h"

namespace assay {

struct KernelGraph {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

  struct Node {
    int32_t kernel = -1;  // of `partition`; -1: an input or output
    ValueId value;        // the input or output
    bool output = false;
    int32_t level = 0;  // longest path from the inputs
    // x multiplicity; kUnknown without a target, and of inputs and outputs.
    double seconds = kUnknown;
    double share = kUnknown;  // of the latency
  };
  struct Edge {
    int32_t from = 0, to = 0;
    ValueId value;
    bool body = false;  // from a loop to what is in its body
  };

  const Report* report = nullptr;
  const Partition* partition = nullptr;
  const ModelEstimate* estimate = nullptr;  // null: no target
  std::vector<Node> nodes;                  // inputs, kernels in order, outputs
  std::vector<Edge> edges;                  // by `to`, then `from`; each pair once
  int32_t first_kernel = 0;                 // nodes[first_kernel + k] is kernel k
  int32_t levels = 0;
  double most_seconds = 0;  // of one kernel

  const Partition::KernelOps& kernel(const Node& node) const {
    return partition->kernels[static_cast<size_t>(node.kernel)];
  }
  // Of a kernel with an estimate; else null.
  const KernelEstimate* result(const Node& node) const {
    return estimate == nullptr || node.kernel < 0
               ? nullptr
               : &estimate->results[static_cast<size_t>(node.kernel)];
  }
};

KernelGraph MakeKernelGraph(const Report& report);

// "#k3 Conv+Relu"; the name of an input or output. Printable.
std::string TitleOf(const KernelGraph& graph, const KernelGraph::Node& node);
// "12.30 us, 4.5 %"; "" where no time is known.
std::string TimeOf(const KernelGraph::Node& node);
// Everything worth knowing about it, a fact a line: what hovering shows.
std::string DetailsOf(const KernelGraph& graph, const KernelGraph::Node& node);
// "resnet18.onnx on h100-sxm under ideal in fp16: 1.234 ms"; the file alone without a target.
std::string HeadingOf(const Report& report);

// A fill and the word for it in a legend; `name` is an identifier.
struct FillRow {
  absl::string_view name;
  absl::string_view light, dark;  // "#cfe2f3"
  absl::string_view meaning;
};
// What the report's drawing is coloured by: kAuto resolved.
ColorBy ColorsOf(const Report& report, ColorBy wanted);
const FillRow& FillOf(ColorBy by, const KernelGraph& graph, const KernelGraph::Node& node);
const FillRow& FillOfRole(Role role);
// The rows that can occur, in the order of a legend.
std::vector<const FillRow*> LegendOf(ColorBy by);

}  // namespace assay

#endif  // ASSAY_ANALYZER_KERNEL_GRAPH_H_
