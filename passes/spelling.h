// Functions that exporters write in several operators, as expressions over operator names:
//
//   {"SiLU", "Mul(x, Sigmoid(x))"}
//   {"Softmax", "e = Exp(Sub(x, ReduceMax(x, c))); Div(e, ReduceSum(e, c))"}
//
// c is any constant (a weight, or a size), a name with `=` stands for one op that is used more than
// once, every other letter for one tensor from outside (two letters for two tensors). `Add?(e, c)`
// is `Add(e, c)` or just e. Operands of Add, Mul, Max and Min match in either order, and a Cast may
// stand anywhere. A spelling is found when nothing outside it reads a result inside it. To add one,
// add a row in spelling_rows.cc.
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
  absl::string_view classes;  // "activation gelu": words that patterns know it by
  absl::string_view expression;
};
// Longer spellings stand before those that they contain.
absl::Span<const SpellingRow> Spellings();

struct Spelled {
  const SpellingRow* row = nullptr;
  absl::InlinedVector<ValueId, 2> inputs;  // roots: x first, others in order of first mention
  absl::InlinedVector<int32_t, 8> ops;     // slots, ascending; the last gives the result
};

// All that are written in one of these ways, none overlapping another, in order of their results.
std::vector<Spelled> FindSpellings(const Graph& graph, const Execution& execution, const Flow& flow,
                                   absl::Span<const SpellingRow* const> rows);

// Known before the model runs: a weight, or the result of a shape op.
bool IsConstantOperand(const Graph& graph, const Execution& execution, ValueId v);

// No result of these ops but the one of `last` is read, or needed, by anything else.
bool IsClosed(const Graph& graph, const Flow& flow, absl::Span<const int32_t> ascending,
              int32_t last);

}  // namespace assay

#endif  // ASSAY_PASSES_SPELLING_H_
