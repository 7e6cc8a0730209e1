// Names of files, and names with wildcards.
#ifndef ASSAY_IR_PATHS_H_
#define ASSAY_IR_PATHS_H_

#include "absl/strings/string_view.h"

namespace assay {

// "vit.onnx" of "models/vit.onnx".
absl::string_view FileName(absl::string_view path);
// "models/" of "models/vit.onnx", "" of "vit.onnx".
absl::string_view FolderOf(absl::string_view path);

// Whether a word is the path of a YAML file, not the name of something shipped.
bool IsYamlPath(absl::string_view word);

// As a shell matches file names: `*` stands for any text, `?` for any letter, `[ab]` for one of
// them.
bool MatchesPattern(absl::string_view pattern, absl::string_view name);

}  // namespace assay

#endif  // ASSAY_IR_PATHS_H_
