// Old operator spellings, lifted to the newest once, here: attributes that became inputs are made
// small stored weights, spellings that said nothing are dropped, and numbers of ONNX element types
// become our type names. Rules then see one spelling per operator; what differs in meaning between
// opsets (Softmax before 13, say) they tell by Op::opset, which stays the file's.
#ifndef ASSAY_ANALYZER_ONNX_LIFT_H_
#define ASSAY_ANALYZER_ONNX_LIFT_H_

#include <cstdint>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "ir/graph.h"

namespace assay {

struct PendingAttr : Attr {
  void* context = nullptr;  // the caller's, kept
};

// An op about to be built.
struct PendingOp {
  absl::string_view type;
  absl::string_view domain;  // "" is ai.onnx
  int64_t opset = 0;
  absl::string_view label;  // names the weights that lifting makes: LABEL/axes
  absl::InlinedVector<ValueId, 8> inputs;
  std::vector<PendingAttr> attrs;
};

// Whether Lift() could change an op of this type; cheap to ask once per type.
bool MayNeedLift(absl::string_view domain, absl::string_view type);

// An error says what is wrong with the op; the caller adds file and node.
absl::Status Lift(PendingOp* op, GraphBuilder* builder);

}  // namespace assay

#endif  // ASSAY_ANALYZER_ONNX_LIFT_H_
