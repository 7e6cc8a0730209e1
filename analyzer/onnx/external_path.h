// Whether the `location` of a tensor's external data stays inside the model's folder.
#ifndef ASSAY_ANALYZER_ONNX_EXTERNAL_PATH_H_
#define ASSAY_ANALYZER_ONNX_EXTERNAL_PATH_H_

#include "absl/strings/string_view.h"

namespace assay {

// True for an absolute path and for one whose `..` lead above the folder. Links are the reader's
// matter.
bool EscapesFolder(absl::string_view location);

}  // namespace assay

#endif  // ASSAY_ANALYZER_ONNX_EXTERNAL_PATH_H_
