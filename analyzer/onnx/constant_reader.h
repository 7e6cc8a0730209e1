// Fetches the contents of stored tensors: raw bytes and typed fields in the model's file, and
// external files in its folder. Elements of any width down to one bit.
#ifndef ASSAY_ANALYZER_ONNX_CONSTANT_READER_H_
#define ASSAY_ANALYZER_ONNX_CONSTANT_READER_H_

#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "analyzer/onnx/byte_source.h"
#include "ir/graph.h"

namespace assay {

// `folder` is that of the model's file ("" for the working folder); with no folder external data is
// not looked for. `external_paths` gives the path behind each payload's path id.
struct ExternalData {
  bool has_folder = false;
  std::string folder;
  absl::flat_hash_map<NameId, std::string> paths;
};

std::shared_ptr<const ConstantReader> MakeConstantReader(std::shared_ptr<const ByteSource> source,
                                                         std::string file, ExternalData external);

}  // namespace assay

#endif  // ASSAY_ANALYZER_ONNX_CONSTANT_READER_H_
