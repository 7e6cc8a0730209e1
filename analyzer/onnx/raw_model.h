// An ONNX model as its file has it, names interned, before names are resolved: what decode.h makes
// and lower.h turns into a Graph. In a file nodes come before the inputs they use, functions after
// the graph that calls them, and nodes in any order; here everything can be looked up.
#ifndef ASSAY_ANALYZER_ONNX_RAW_MODEL_H_
#define ASSAY_ANALYZER_ONNX_RAW_MODEL_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "ir/graph.h"
#include "ir/ids.h"

namespace assay {

// An attribute; tensors and graphs are named by their place in the RawModel (attr.i, attr.ints).
struct RawAttr {
  Attr attr;
  NameId ref;  // in a function: the call's attribute that this one stands for
};

struct RawNode {
  NameId type, domain, overload, name;
  NameId module;        // from metadata_props; none when they have none
  uint64_t offset = 0;  // of its bytes in the file
  int32_t callee = -1;  // the function it calls; -1: an operator
  uint32_t inputs_begin = 0, outputs_begin = 0, names_end = 0;  // into RawModel::names
  uint32_t attrs_begin = 0, attrs_end = 0;                      // into RawModel::attrs
};

struct RawValue {
  NameId name;
  int32_t claim = -1;  // into RawModel::claims
};

struct RawInitializer {
  NameId name;
  int32_t constant = -1;  // into RawModel::constants
};

struct RawGraph {
  NameId name;
  std::vector<RawNode> nodes;
  std::vector<RawValue> inputs, outputs, value_info;
  std::vector<RawInitializer> initializers;
  // A nested graph: names it uses and does not define.
  std::vector<NameId> captures;
};

struct RawFunction {
  NameId domain, name, overload;
  std::vector<NameId> inputs, outputs;
  int32_t body = -1;                              // into RawModel::graphs
  uint32_t defaults_begin = 0, defaults_end = 0;  // attribute defaults, into RawModel::attrs
  std::vector<std::pair<NameId, int64_t>> opsets;
};

struct RawModel {
  std::vector<RawGraph> graphs;
  int32_t main = -1;  // into graphs
  std::vector<RawFunction> functions;
  std::vector<std::pair<NameId, int64_t>> opsets;
  std::vector<NameId> names;
  std::vector<RawAttr> attrs;
  std::vector<Constant> constants;
  std::vector<ClaimedType> claims;
  // Folder-relative paths of external data, by NameId of the payload's path.
  absl::flat_hash_map<NameId, std::string> external_paths;

  absl::Span<const NameId> inputs(const RawNode& n) const {
    return absl::MakeConstSpan(names).subspan(n.inputs_begin, n.outputs_begin - n.inputs_begin);
  }
  absl::Span<const NameId> outputs(const RawNode& n) const {
    return absl::MakeConstSpan(names).subspan(n.outputs_begin, n.names_end - n.outputs_begin);
  }
  absl::Span<RawAttr> attributes(const RawNode& n) {
    return absl::MakeSpan(attrs).subspan(n.attrs_begin, n.attrs_end - n.attrs_begin);
  }
  absl::Span<const RawAttr> attributes(const RawNode& n) const {
    return absl::MakeConstSpan(attrs).subspan(n.attrs_begin, n.attrs_end - n.attrs_begin);
  }
  // Calls visit(graph) for each graph in the node's attributes, in order.
  template <class F>
  void ForEachGraph(const RawNode& n, F&& visit) const {
    for (const RawAttr& a : attributes(n)) {
      if (a.ref.has_value()) continue;
      if (a.attr.kind == AttrKind::kRegion) visit(graphs[a.attr.i]);
      if (a.attr.kind == AttrKind::kRegions) {
        for (int64_t g : a.attr.ints) visit(graphs[g]);
      }
    }
  }
  // Calls visit(name) for each name that the node reads: its operands, and what its nested graphs
  // take from outside.
  template <class F>
  void ForEachUse(const RawNode& n, F&& visit) const {
    for (NameId name : inputs(n)) visit(name);
    ForEachGraph(n, [&](const RawGraph& nested) {
      for (NameId name : nested.captures) visit(name);
    });
  }
};

}  // namespace assay

#endif  // ASSAY_ANALYZER_ONNX_RAW_MODEL_H_
