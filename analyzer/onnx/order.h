// The order in which a graph's nodes are built: the file's, unless a node uses what a later one
// makes.
#ifndef ASSAY_ANALYZER_ONNX_ORDER_H_
#define ASSAY_ANALYZER_ONNX_ORDER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "analyzer/onnx/raw_model.h"
#include "ir/graph.h"

namespace assay {

// "Conv `/conv1/Conv`", "Conv that makes `y`", "Conv (node 3)".
std::string DescribeNode(const RawModel& model, const GraphBuilder& names, const RawNode& node,
                         int64_t index);

class NodeOrder {
 public:
  NodeOrder(const RawModel& model, const GraphBuilder& names) : model_(model), names_(names) {}

  // A stable topological order of the nodes' places; empty when file order is one. `inputs` are the
  // names defined from outside. Errors: a name defined twice (both definitions are named), a cycle
  // (a node on it is named). Linear, unless nodes must be moved: then n log n. Messages lack the
  // file.
  absl::StatusOr<std::vector<int32_t>> Of(const RawGraph& graph, absl::Span<const NameId> inputs);

 private:
  absl::Status Define(const RawGraph& graph, NameId name, int32_t by);
  std::string Definer(const RawGraph& graph, int32_t by) const;
  absl::StatusOr<std::vector<int32_t>> Sort(const RawGraph& graph);
  int32_t DefinerOf(NameId name) const {
    return static_cast<size_t>(name.index) < definer_.size() ? definer_[name.index] : kNobody;
  }

  static constexpr int32_t kNobody = -1, kInput = -2, kInitializer = -3;
  const RawModel& model_;
  const GraphBuilder& names_;
  std::vector<int32_t> definer_;  // by name: place of the node in the graph at hand, or as above
  std::vector<NameId> defined_;   // to be reset
};

}  // namespace assay

#endif  // ASSAY_ANALYZER_ONNX_ORDER_H_
