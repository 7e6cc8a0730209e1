// Which module of the exported program a node came from, as a dotted path: "layer1.0.conv1".
//
// Exporters leave it in different places:
//   TorchDynamo     node metadata `namespace` and `pkg.torch.onnx.name_scopes`
//   TorchScript     the node's name: "/layer1/layer1.0/conv1/Conv"
//   older, others   only the names of weights: "layer1.0.conv1.weight"
#ifndef ASSAY_ANALYZER_ONNX_MODULE_PATH_H_
#define ASSAY_ANALYZER_ONNX_MODULE_PATH_H_

#include <string>

#include "absl/strings/string_view.h"

namespace assay {

// The metadata keys that ModuleFromMetadata understands; higher is better, 0 is not one.
int ModuleKeyRank(absl::string_view key);
// "" when the value names no module.
std::string ModuleFromMetadata(absl::string_view key, absl::string_view value);
std::string ModuleFromNodeName(absl::string_view name);
std::string ModuleFromWeightName(absl::string_view name);

}  // namespace assay

#endif  // ASSAY_ANALYZER_ONNX_MODULE_PATH_H_
