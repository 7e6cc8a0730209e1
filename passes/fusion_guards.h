// Named conditions of steps and patterns, beyond what an op is.
#ifndef ASSAY_PASSES_FUSION_GUARDS_H_
#define ASSAY_PASSES_FUSION_GUARDS_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ir/graph.h"
#include "passes/facts.h"
#include "passes/flow.h"
#include "passes/spelling.h"

namespace assay {

// All that fusion reads. Borrowed.
struct FusionInput {
  const Graph& graph;
  const Shapes& shapes;
  const Execution& execution;
  const Works& works;
  const Numbers& numbers;
  const Flow& flow;
  const FusionKey& key;

  bool IsConstant(ValueId operand) const { return IsConstantOperand(graph, execution, operand); }
  // Elements at the point; -1 when not known.
  double Elements(ValueId v) const;
};

// What is asked about: an op that a kernel may start from or absorb.
struct Candidate {
  int32_t slot = -1;                 // the op; of a spelling its last
  const Spelled* spelled = nullptr;  // when it is one
  ValueId tail;                      // the kernel's result so far; none at the start
};

struct GuardRow {
  absl::string_view name;
  absl::string_view what;
  bool (*holds)(const FusionInput& in, const Candidate& candidate);
};
absl::Span<const GuardRow> FusionGuards();
// Null for "" and for a name that is none.
const GuardRow* FindGuard(absl::string_view name);

}  // namespace assay

#endif  // ASSAY_PASSES_FUSION_GUARDS_H_
