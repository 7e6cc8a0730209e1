// Writes a model anew with more in it: types of tensors (value_info) and remarks on nodes, graphs
// and the model (metadata_props). All else is copied byte for byte, fields that this program does
// not know included; weights pass through a small buffer.
//
//   ModelProto  |ir_version|producer|graph ------------------------------------|opset_import|
//   pieces       copy                header  copy  header  copy  new   copy new copy         new
//                                    of the graph  of a node
//
// A message's length stands in front of it, so the pieces of the whole are collected first (three a
// node) and then written in one go.
#ifndef ASSAY_ANALYZER_ONNX_REWRITE_H_
#define ASSAY_ANALYZER_ONNX_REWRITE_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "analyzer/onnx/model_source.h"
#include "ir/type.h"

namespace assay {

using Remarks = std::vector<std::pair<std::string, std::string>>;  // key, value

struct Additions {
  // Keys of remarks begin so; those that the file has already are replaced.
  std::string prefix;
  Remarks model;
  // On what these nodes became: a node, or a graph's nodes together. No remark for no nodes.
  std::function<Remarks(absl::Span<const ModelSource::Node>)> on;
  // Null: nothing is said of types. The types of values outside functions.
  std::function<const Type&(ValueId)> type_of;
  const DimPool* pool = nullptr;
  // The place of external data for the written file, from its place for the file that was read.
  // Null: it stays.
  std::function<std::string(absl::string_view location)> moved;
};

// An entry of value_info that is there keeps all but its type, and that too where nothing is known
// better: a size that we know goes over the file's, an expression over its name, and where we know
// nothing the file's stays. A graph's outputs keep what they declare; sizes that they do not
// declare are filled in. Inputs stay as they are.
//
// `file` begins messages. `sink` takes the next piece.
absl::Status RewriteModel(const ModelSource& source, const std::string& file,
                          const Additions& additions,
                          absl::FunctionRef<absl::Status(absl::string_view)> sink);

// An entry's types as the wire has it, for tests: the bytes of a TypeProto. False when ONNX has no
// such type.
bool WriteType(const Type& type, const DimPool& pool, std::string* out);

}  // namespace assay

#endif  // ASSAY_ANALYZER_ONNX_REWRITE_H_
