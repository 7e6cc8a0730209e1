// What of a model runs.
//
// Exporters write much that no runtime executes: of Swin-B's 13,185 nodes, 1,187 run. Every op gets
// exactly one class, and the first of these that holds:
//
//   dead    no result reaches a graph output (or the result of a body that runs) as contents or as
//   a
//           size; or it stands in a branch that is not taken. Shape(x) asks for no contents of x,
//           unless the size it reads depends on contents (NonZero's count).
//   folded  all operands are constants, and it is deterministic: its result is a weight. Constants
//   are
//           stored weights, results of folded ops, and contents made of sizes that are numbers. But
//           DequantizeLinear stays (the weight is stored at its narrow width), and a contraction of
//           anything but stored weights stays (so MACs do not depend on which symbols are bound).
//   view    renames a buffer: a row of role `view`, and what turns out to move nothing (a Transpose
//   of
//           axes of size 1, a Cast to the same type, an Expand to the same shape, an If whose
//           branch is known).
//   shape   the contents of its results are few and known to inference (numbers, or expressions
//   over
//           symbols), or are wanted only as sizes: by a shape op, or by an operand that sets sizes
//           (Reshape's shape, Slice's starts, ...; the table is in execution.cc), and everything it
//           reads is small too.
//   runs    the rest.
//
// An If that inference could not decide takes the costlier branch (by FLOPs at the default point,
// then bytes, then the first), which is an assumption; the other branch is dead.
#ifndef ASSAY_PASSES_EXECUTION_H_
#define ASSAY_PASSES_EXECUTION_H_

#include "absl/status/statusor.h"
#include "ir/graph.h"
#include "passes/facts.h"

namespace assay {

absl::StatusOr<Execution> ClassifyOps(const Graph& graph, const Shapes& shapes);

}  // namespace assay

#endif  // ASSAY_PASSES_EXECUTION_H_
