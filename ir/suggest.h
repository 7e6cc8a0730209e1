// The near spelling of a mistyped name, for messages: "unknown target `h100` (did you mean
// `h100-sxm`?)".
#ifndef ASSAY_IR_SUGGEST_H_
#define ASSAY_IR_SUGGEST_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace assay {

// The candidate that is nearest to `name`, or "" when none is near: case ignored, by edits
// (insert, delete, replace, swap of neighbours; at most one per three characters), or a candidate
// that begins with `name`. Ties go to the first candidate.
absl::string_view NearestName(absl::string_view name,
                              absl::Span<const absl::string_view> candidates);

// " (did you mean `h100-sxm`?)", or "" when none is near.
std::string DidYouMean(absl::string_view name, absl::Span<const absl::string_view> candidates);

}  // namespace assay

#endif  // ASSAY_IR_SUGGEST_H_
