// The invariants of a graph, numbered, and a check of them all.
//
// Whoever walks a graph relies on these. GraphBuilder::Finish checks them in debug builds,
// ParseGraph always; a violation is a bug of whoever built the graph, never of the user's file.
#ifndef ASSAY_IR_VERIFY_H_
#define ASSAY_IR_VERIFY_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ir/graph.h"

namespace assay {

struct InvariantRow {
  int number;
  absl::string_view text;
};

// Every invariant, from V1 up.
absl::Span<const InvariantRow> InvariantRows();

// Ok, or the first violation: "V6: #12 Add, operand 1: ...". Linear in the size of the graph (times
// the nesting of regions). Safe on any contents: what one check needs, an earlier one has made sure
// of.
absl::Status VerifyGraph(const Graph& graph);

}  // namespace assay

#endif  // ASSAY_IR_VERIFY_H_
