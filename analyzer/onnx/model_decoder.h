// The reader behind decode.h: one method per message. decode.cc has the structure of a model
// (graphs, functions, nodes, attributes), decode_values.cc types and tensors. For these two files
// only.
#ifndef ASSAY_ANALYZER_ONNX_MODEL_DECODER_H_
#define ASSAY_ANALYZER_ONNX_MODEL_DECODER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "analyzer/onnx/onnx_import.h"
#include "analyzer/onnx/raw_model.h"
#include "analyzer/onnx/schema.h"
#include "analyzer/onnx/wire.h"
#include "ir/graph.h"

namespace assay {

class ModelDecoder {
 public:
  ModelDecoder(std::shared_ptr<const ByteSource> source, const std::string& file,
               const ImportOptions& options, GraphBuilder& builder)
      : in_(std::move(source), file), file_(file), options_(options), builder_(builder) {}

  absl::StatusOr<RawModel> Run() {
    ReadModel(in_.Whole(Msg::kModel));
    if (!in_.ok()) return in_.status();
    if (model_.main < 0) {
      return Error(
          builder_.source().ir_version > 0 || !model_.opsets.empty()
              ? "has no graph; export the model again"
              : "is not an ONNX model (no field of one is in it); give the exported .onnx file");
    }
    return std::move(model_);
  }

 private:
  template <class... Args>
  absl::Status Error(const Args&... what) const {
    return absl::InvalidArgumentError(absl::StrCat(file_, ": ", what...));
  }
  template <class... Args>
  void Fail(const Args&... what) {
    in_.Fail(Error(what...));
  }
  bool TooDeep(int depth) {
    if (depth <= options_.max_depth) return false;
    Fail("graphs or types are nested deeper than ", options_.max_depth,
         "; no exporter does that: export the model again");
    return true;
  }

  NameId Name(const Message& m) { return builder_.Intern(in_.Bytes(m)); }
  NameId Domain(const Message& m) {
    absl::string_view s = in_.Bytes(m);
    return builder_.Intern(s == "ai.onnx" ? absl::string_view() : s);
  }

  void ReadModel(Message m);
  int32_t ReadGraph(Message m, int depth);
  void ReadFunction(Message m);
  RawNode ReadNode(Message m, int depth);
  RawAttr ReadAttribute(Message m, int depth);
  RawValue ReadValueInfo(Message m);
  ClaimedType ReadType(Message m, int depth);
  void ReadTensorType(Message m, ClaimedType* type);
  void ReadShape(Message m, ClaimedType* type);
  Constant ReadTensor(Message m);
  Constant ReadSparseTensor(Message m);
  std::pair<std::string, std::string> ReadEntry(Message m);
  void ReadExternal(Message m, Payload* payload);
  std::pair<NameId, int64_t> ReadOpset(Message m);
  DType ElementType(int64_t number);
  void CheckSize(Constant* constant);
  void CountNode() {
    if (++nodes_ > options_.max_ops) {
      Fail("has more than ", options_.max_ops, " nodes; split the model");
    }
  }
  int32_t AddConstant(Constant c) {
    model_.constants.push_back(std::move(c));
    return static_cast<int32_t>(model_.constants.size()) - 1;
  }
  int32_t AddClaim(ClaimedType c) {
    model_.claims.push_back(std::move(c));
    return static_cast<int32_t>(model_.claims.size()) - 1;
  }
  void FindCaptures(RawGraph* graph);

  WireReader in_;
  const std::string& file_;
  const ImportOptions& options_;
  GraphBuilder& builder_;
  RawModel model_;
  int64_t nodes_ = 0;
  int misfits_ = 0;  // tensors whose bytes do not fit their shape
  NameId typed_;     // whose type is being read, for messages
  // Attributes of nodes being read; a nested graph's nodes stack theirs above.
  std::vector<RawAttr> attr_stack_;
};

}  // namespace assay

#endif  // ASSAY_ANALYZER_ONNX_MODEL_DECODER_H_
