// Named conditions of steps and patterns, beyond what an op is.
#ifndef ASSAY_PASSES_FUSION_GUARDS_H_
#define ASSAY_PASSES_FUSION_GUARDS_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ir/graph.h"
#include "passes/facts.h"
#include "passes/flow.h"
#include "passes/spelling.h"

namespace assay {

// Sizes that a partition's decisions compared, and how that came out. Where all of them come out
// the same, fusion decides the same (what else it reads does not depend on the point).
struct SizeComparison {
  ValueId a, b;
  int order = 0;  // of their elements: -1 a has fewer, 0 as many, 1 a has more
};

// -1, 0 or 1.
inline int Order(double a, double b) { return a < b ? -1 : a > b ? 1 : 0; }

// Elements behind a tensor's bytes; -1 when not known.
double ElementsAt(const Shapes& shapes, const Numbers& numbers, ValueId v);

// All that fusion reads. Borrowed.
struct FusionInput {
  const Graph& graph;
  const Shapes& shapes;
  const Execution& execution;
  const Works& works;
  const Numbers& numbers;
  const Flow& flow;
  const FusionKey& key;
  std::vector<SizeComparison>* compared = nullptr;  // null: nobody asks

  bool IsConstant(ValueId operand) const { return IsConstantOperand(graph, execution, operand); }
  // Elements at the point; -1 when not known.
  double Elements(ValueId v) const;
  // How the elements of two tensors compare: a decision, noted in `compared`.
  int Compare(ValueId a, ValueId b) const;
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
