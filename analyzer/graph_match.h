// Which operator of one model is which of another: what `assay diff` rests on.
//
// Only operators that run take part, on edges through views (passes/flow.h), so that the shape
// arithmetic of one exporter or the other does not matter. In this order, each for what is left:
//
//   structure  everything upstream and everything downstream is alike: same types, attributes,
//              sizes and wiring. A model under other names matches wholly.
//   name       same type and same name, where the name says something ("/layer1/conv1/Conv", not
//              "Conv_12"); or the same place among the type's in a module
//   structure  everything upstream alike, then everything downstream: what lies before or behind a
//              change
//   neighbour  it reads or is read by a pair already found, in the same place
//   order      between two pairs, the same type in order
//
// Time and space are linear in nodes and edges, but for the last (bounded). Weights are not read:
// two that differ in their contents alone are alike.
#ifndef ASSAY_ANALYZER_GRAPH_MATCH_H_
#define ASSAY_ANALYZER_GRAPH_MATCH_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "analyzer/report.h"

namespace assay {

struct GraphMatch {
  enum class How : uint8_t { kNone, kStructure, kName, kNeighbour, kOrder };
  std::vector<OpId> to_of;    // by OpId of the first model; none: it has no partner
  std::vector<OpId> from_of;  // by OpId of the second
  std::vector<How> how;       // by OpId of the first
  // By OpId of the first, of those with a partner: type, attributes, sizes and element types are
  // those of the partner.
  std::vector<uint8_t> alike;
};
absl::string_view Name(GraphMatch::How how);  // "structure", "name", ...

GraphMatch MatchGraphs(const Report& from, const Report& to);

}  // namespace assay

#endif  // ASSAY_ANALYZER_GRAPH_MATCH_H_
