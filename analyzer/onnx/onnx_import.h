// Reads an ONNX model into the IR. Accepts the binary form of any IR version and opset, protobuf's
// text form (.textproto, .pbtxt, .prototxt) and ONNX's own (.onnxtxt); which one it is shows in the
// content.
//
// Weight bytes are never read: a stored tensor becomes a name, a type, a shape and a place, and the
// graph's ConstantReader fetches the small ones that shapes depend on. Missing external data is
// normal. Local functions are inlined where they are called. Old operator spellings are lifted to
// the newest (lift.h), so rules see one spelling; Op::opset stays the file's.
//
// An error is one line that begins with the file (and the node, where there is one) and ends with
// what to do. What the import could live with is a diagnostic of the graph.
#ifndef ASSAY_ANALYZER_ONNX_ONNX_IMPORT_H_
#define ASSAY_ANALYZER_ONNX_ONNX_IMPORT_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "ir/graph.h"
#include "ir/op_table.h"

namespace assay {

struct ModelSource;  // analyzer/onnx/model_source.h

struct ImportOptions {
  int64_t max_ops = 4'000'000;  // after inlining functions
  int max_depth = 200;          // subgraphs in subgraphs, functions in functions, types in types
  uint64_t max_text_bytes = uint64_t{256} << 20;  // of a text form, which is held in memory
  // Filled with where each node went; null: not wanted.
  ModelSource* source = nullptr;
  bool drop_claims = false;  // what the file declares of outputs and inner values is not read
};

// "-" is standard input. The table gives ops their rows; it must outlive the graph.
absl::StatusOr<Graph> ImportOnnx(const std::string& path, const OpTable& table,
                                 const ImportOptions& options = {});

// As above, from bytes in memory. External data is not looked for. `name` stands for the file in
// messages; its ending helps to tell the text forms apart.
absl::StatusOr<Graph> ImportOnnxBytes(std::string bytes, const std::string& name,
                                      const OpTable& table, const ImportOptions& options = {});

}  // namespace assay

#endif  // ASSAY_ANALYZER_ONNX_ONNX_IMPORT_H_
