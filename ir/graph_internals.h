// The stores of a Graph, for ir/verify.cc to check and for ir/verify_test.cc to break. Nothing else
// may include this.
#ifndef ASSAY_IR_GRAPH_INTERNALS_H_
#define ASSAY_IR_GRAPH_INTERNALS_H_

#include "ir/graph.h"

namespace assay {

// G is Graph or const Graph.
struct GraphInternals {
  template <class G>
  static auto& ops(G& g) {
    return g.ops_;
  }
  template <class G>
  static auto& values(G& g) {
    return g.values_;
  }
  template <class G>
  static auto& regions(G& g) {
    return g.regions_;
  }
  template <class G>
  static auto& constants(G& g) {
    return g.constants_;
  }
  template <class G>
  static auto& claims(G& g) {
    return g.claims_;
  }
  template <class G>
  static auto& operands(G& g) {
    return g.operands_;
  }
  template <class G>
  static auto& attrs(G& g) {
    return g.attrs_;
  }
  template <class G>
  static auto& uses(G& g) {
    return g.uses_;
  }
  template <class G>
  static auto& use_begin(G& g) {
    return g.use_begin_;
  }
  template <class G>
  static auto& names(G& g) {
    return g.names_;
  }
};

}  // namespace assay

#endif  // ASSAY_IR_GRAPH_INTERNALS_H_
