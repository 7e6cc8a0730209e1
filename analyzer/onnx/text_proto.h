// Protobuf's text form of a model (.textproto, .pbtxt, .prototxt), translated to the wire form by
// the schema's rows:
//
//   ir_version: 8
//   opset_import { domain: "" version: 17 }
//   graph { node { input: "x" output: "y" op_type: "Relu" } }
//
// https://protobuf.dev/reference/protobuf/textformat-spec/. Extensions and Any are read past.
#ifndef ASSAY_ANALYZER_ONNX_TEXT_PROTO_H_
#define ASSAY_ANALYZER_ONNX_TEXT_PROTO_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assay {

// Errors: "FILE:LINE:COLUMN: what; what to do".
absl::StatusOr<std::string> TextProtoToWire(absl::string_view text, absl::string_view file,
                                            int max_depth);

}  // namespace assay

#endif  // ASSAY_ANALYZER_ONNX_TEXT_PROTO_H_
