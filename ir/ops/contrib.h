// What the files of com.microsoft share: how their rows are written, and how an operator runs the
// rules of the standard operator that it varies.
//
// Many contrib operators are a standard one with operands in another layout. Their rules see those
// operands through a View: types exchanged on the way in, and back again on the way out, so that
// the standard rule is the only place that knows the formula.
#ifndef ASSAY_IR_OPS_CONTRIB_H_
#define ASSAY_IR_OPS_CONTRIB_H_

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ir/op_context.h"
#include "ir/op_table.h"

namespace assay {

OpRow Contrib(absl::string_view name, Family family, Role role, Rule shape, Rule work,
              absl::string_view formula);
// One that counts per element of its result.
OpRow ContribPointwise(absl::string_view name, Rule shape, PerElement per,
                       absl::string_view formula);

// How a rule sees an op: some operands with another type than theirs, and results of rank 3 and up
// with their channels moved.
struct View {
  std::vector<std::pair<ValueId, Type>> operands;
  // The rule makes results [N, C, D...]; the op's are [N, D..., C].
  bool channels_last_results = false;
};

// Operands `activations`, where present, are seen as [N, C, D...], results are made [N, D..., C];
// those of rank below 3 stay as they are.
View ChannelsFirstView(OpContext& op, absl::Span<const int> activations);

absl::Status RunShape(OpContext& op, Rule rule, View view);
absl::Status RunWork(OpContext& op, Rule rule, View view);

// The standard operator's rules on this op, as they stand.
template <const char* kName>
absl::Status StandardShape(OpContext& op) {
  return OpTable::BuiltIn().Find("", kName)->shape(op);
}
template <const char* kName>
absl::Status StandardWork(OpContext& op) {
  const Rule rule = OpTable::BuiltIn().Find("", kName)->work;
  return rule == nullptr ? absl::OkStatus() : rule(op);
}

// The activation that the attribute names, once per result.
absl::Status AddActivation(OpContext& op);

}  // namespace assay

#endif  // ASSAY_IR_OPS_CONTRIB_H_
