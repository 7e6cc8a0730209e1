// The models of testdata/models, which several tests go through.
#ifndef ASSAY_ANALYZER_MODELS_TEST_UTIL_H_
#define ASSAY_ANALYZER_MODELS_TEST_UTIL_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace assay {

inline constexpr char kModelFolder[] = "testdata/models/";

// Names of the folder's .onnx files, sorted.
std::vector<std::string> ModelFiles();

// A file's name as part of a test's: letters, digits and underscores.
std::string TestNameOf(absl::string_view file);

}  // namespace assay

#endif  // ASSAY_ANALYZER_MODELS_TEST_UTIL_H_
