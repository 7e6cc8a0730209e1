// Shape inference: the types of all values, the contents of the few small tensors that shapes
// depend on, which branch an If takes and how often a Loop runs. One serial walk in op order;
// nested regions are walked where their owner stands.
//
// What a file declares of inner values and of outputs is never a source: it names free symbols,
// stands in for the result of an opaque op (marked as such), and is otherwise compared; a
// contradiction is a diagnostic.
#ifndef ASSAY_PASSES_SHAPES_H_
#define ASSAY_PASSES_SHAPES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "ir/graph.h"
#include "passes/facts.h"

namespace assay {

// What the user fixes of the inputs. Names that the model does not have are errors that list those
// it has; a symbol that is given two sizes is an error that names both.
struct Bindings {
  std::vector<std::pair<std::string, int64_t>> dims;  // --dim batch=8
  bool optional_dims = false;    // where the model has no dimension of a name, it binds nothing
  std::optional<int64_t> batch;  // --batch 8: axis 0 of every input
  // Axis 0 of every input is one symbol: the first input's, or "batch" where that has a number.
  bool free_batch = false;
  std::vector<std::pair<std::string, std::vector<int64_t>>> shapes;  // --shape input=1x3x224x224
  struct InputValue {
    std::string input;
    std::vector<double> reals;  // as written; integers exactly
    std::vector<int64_t> ints;  // same length as reals; rounded
  };
  std::vector<InputValue> values;  // --value input=1,3,-1
};

absl::StatusOr<Shapes> InferShapes(const Graph& graph, const Bindings& bindings);

// The point at which numbers are given: bound symbols as bound; axis 0 of an input counts as 1,
// every other symbol as the smallest power of two that keeps every dimension at least 1 and the
// equations of Shapes true (a detector that joins strides 16 and 32 wants a height of 32).
Point DefaultPoint(const Shapes& shapes);

}  // namespace assay

#endif  // ASSAY_PASSES_SHAPES_H_
