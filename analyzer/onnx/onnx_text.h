// ONNX's own textual syntax (.onnxtxt; docs/Syntax.md of the ONNX repository), translated to the
// wire form:
//
//   <ir_version: 8, opset_import: ["" : 17]>
//   agraph (float[N, 128] X, float[128, 10] W) => (float[N, 10] C) {
//     T = MatMul(X, W)
//     C = Softmax <axis = -1> (T)
//   }
#ifndef ASSAY_ANALYZER_ONNX_ONNX_TEXT_H_
#define ASSAY_ANALYZER_ONNX_ONNX_TEXT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assay {

// Errors: "FILE:LINE:COLUMN: what; what to do".
absl::StatusOr<std::string> OnnxTextToWire(absl::string_view text, absl::string_view file,
                                           int max_depth);

}  // namespace assay

#endif  // ASSAY_ANALYZER_ONNX_ONNX_TEXT_H_
