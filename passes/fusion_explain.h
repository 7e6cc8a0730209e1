// Why edges between kernels stayed edges: `assay analyze --explain-fusion`.
#ifndef ASSAY_PASSES_FUSION_EXPLAIN_H_
#define ASSAY_PASSES_FUSION_EXPLAIN_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "passes/facts.h"
#include "passes/fusion_guards.h"

namespace assay {

// One entry per value and kernel that reads it, for every value that one kernel writes and another
// reads. `refused`: by ValueId, the reason that was found while kernels grew; "" where the edge was
// not tried. Every reason is a row of UnfusedReasons().
std::vector<Partition::Unfused> ExplainEdges(const FusionInput& in, const Partition& partition,
                                             absl::Span<const absl::string_view> refused);

}  // namespace assay

#endif  // ASSAY_PASSES_FUSION_EXPLAIN_H_
