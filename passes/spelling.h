// Functions that exporters write in several operators, as expressions over operator names:
//
//   {"SiLU", "Mul(x, Sigmoid(x))"}
//
// x is the one tensor that comes from outside and c any constant (a weight, or a size). Operands of
// Add and Mul match in either order. A spelling is found when nothing outside it reads a result
// inside it. To add one, add a row in spelling.cc.
#ifndef ASSAY_PASSES_SPELLING_H_
#define ASSAY_PASSES_SPELLING_H_

#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ir/graph.h"
#include "passes/facts.h"
#include "passes/flow.h"

namespace assay {

struct SpellingRow {
  absl::string_view name;
  absl::string_view expression;
};
// Longer spellings stand before those that they contain.
absl::Span<const SpellingRow> Activations();

struct Spelled {
  const SpellingRow* row = nullptr;
  ValueId input;                        // x: a root
  absl::InlinedVector<int32_t, 8> ops;  // slots, ascending; the last gives the result
};

// All that are written so, none overlapping another, in order of their results.
std::vector<Spelled> FindSpellings(const Graph& graph, const Execution& execution, const Flow& flow,
                                   absl::Span<const SpellingRow> rows);

// Known before the model runs: a weight, or the result of a shape op.
bool IsConstantOperand(const Graph& graph, const Execution& execution, ValueId v);

}  // namespace assay

#endif  // ASSAY_PASSES_SPELLING_H_
