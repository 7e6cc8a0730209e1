// Ops that repeat another one: the same operator with the same attributes on the same operands,
// where weights are the same if they are one stored tensor or are made in the same way (old models
// fill all their weights with ConstantOfShape). A runtime that looks for common subexpressions
// computes them once.
//
// Cost: linear in ops, operands and attributes.
#ifndef ASSAY_PASSES_TWINS_H_
#define ASSAY_PASSES_TWINS_H_

#include <cstdint>
#include <vector>

#include "ir/graph.h"
#include "passes/facts.h"
#include "passes/flow.h"

namespace assay {

// By slot: the first op that computes the same; -1 where that is the op itself.
std::vector<int32_t> FindTwins(const Graph& graph, const Shapes& shapes, const Flow& flow);

}  // namespace assay

#endif  // ASSAY_PASSES_TWINS_H_
