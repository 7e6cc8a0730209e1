// What errors of one kind have in common.
#ifndef ASSAY_ANALYZER_ZOO_CAUSE_H_
#define ASSAY_ANALYZER_ZOO_CAUSE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace assay {

// The text of an error of the model `path` up to its advice, without what tells errors of one kind
// apart: what is quoted, numbers, and paths.
//
//   axis `k` of a/b.onnx is 3; export it again        axis `...` of ... is #
std::string CauseOf(absl::string_view error, absl::string_view path);

}  // namespace assay

#endif  // ASSAY_ANALYZER_ZOO_CAUSE_H_
