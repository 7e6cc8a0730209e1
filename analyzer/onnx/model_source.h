// Where each node of a file went: what is needed to write something about a node, or about a tensor
// that it makes, back into the file. Only kept when asked for (ImportOptions::source).
#ifndef ASSAY_ANALYZER_ONNX_MODEL_SOURCE_H_
#define ASSAY_ANALYZER_ONNX_MODEL_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "analyzer/onnx/byte_source.h"
#include "ir/ids.h"

namespace assay {

struct ModelSource {
  // A node, once per time that it was built: one in a function's body stands here for every call,
  // in order of the ops.
  struct Node {
    uint64_t offset = 0;  // of the NodeProto's bytes
    OpId begin, end;      // what it became: one op with all that is nested in it, or a call's ops
    // Of a node outside functions: its outputs in order, into `results`.
    uint32_t results_begin = 0, results_end = 0;
  };

  std::shared_ptr<const ByteSource> bytes;  // the wire form, also of a model that is text
  bool has_folder = false;                  // false: standard input
  std::string folder;                       // of the model's file; "" is the working directory
  std::vector<Node> nodes;                  // sorted once the import is done
  std::vector<ValueId> results;             // an omitted output has none

  void Sort();  // by offset, then in the order in which they were built
  absl::Span<const Node> At(uint64_t offset) const;
};

}  // namespace assay

#endif  // ASSAY_ANALYZER_ONNX_MODEL_SOURCE_H_
