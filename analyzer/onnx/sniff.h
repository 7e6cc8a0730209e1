// What a file is, by its first bytes: people hand over the checkpoint instead of the export, a Git
// LFS pointer instead of the file it stands for, a screenshot by completion.
#ifndef ASSAY_ANALYZER_ONNX_SNIFF_H_
#define ASSAY_ANALYZER_ONNX_SNIFF_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace assay {

inline constexpr size_t kSniffBytes = 4096;

// An error that names the format when `head` (a file's first bytes, kSniffBytes of them where there
// are that many) begins like a known format that is not ONNX, or cannot begin any model; else OK.
absl::Status RefuseOtherFormats(absl::string_view file, absl::string_view head);

enum class Encoding { kBinary, kProtobufText, kOnnxText };
// How the model is written. Text has no control characters; of the two text forms the file's ending
// decides (.onnxtxt; .textproto, .pbtxt, .prototxt), then how it begins.
Encoding DetectEncoding(absl::string_view file, absl::string_view head);

}  // namespace assay

#endif  // ASSAY_ANALYZER_ONNX_SNIFF_H_
