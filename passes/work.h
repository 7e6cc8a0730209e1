// The work of every op that runs, and the totals, as expressions.
//
// Bytes of an operand: elements read (the op's work rule says how many) at the width of its type.
// Sums gather equal expressions first, so that a model of 10^5 ops over one free symbol makes a few
// hundred polynomials, not 10^6.
#ifndef ASSAY_PASSES_WORK_H_
#define ASSAY_PASSES_WORK_H_

#include "absl/status/statusor.h"
#include "ir/graph.h"
#include "ir/work.h"
#include "passes/facts.h"

namespace assay {

// An error names the op whose shapes contradict its work rule. `threads` > 1 is used only where no
// symbol is free: expressions are interned, and the interner is serial.
absl::StatusOr<Works> CountWork(const Graph& graph, const Shapes& shapes,
                                const Execution& execution, int threads = 1);

// One op's work, one execution. Whatever its class.
absl::StatusOr<Work> WorkOf(const Graph& graph, const Shapes& shapes, OpId op);

// Numbers that an op of ai.onnx.ml keeps in its attributes: thresholds and leaf weights of trees,
// coefficients, support vectors, scales. They are weights: parameters of the model, read once per
// run of the op. Lists and tensors of floating numbers count; integers (node and feature ids,
// labels) are structure, as integer tensors are elsewhere.
struct AttributeNumbers {
  int64_t elements = 0, bytes = 0;
};
AttributeNumbers NumbersInAttributes(const Graph& graph, OpId op);

// Bytes of `elements` elements of that type, as an expression.
Dim BytesOf(DimPool& pool, Dim elements, DType dtype);

}  // namespace assay

#endif  // ASSAY_PASSES_WORK_H_
