// An operator at work: operands, what it makes of them, and what its rules count.
//
//   Conv(f32[b, 64, 56, 56], stored f32[64, 64, 3, 3]) {pads = [1, 1, 1, 1]}
//   makes f32[b, 64, 56, 56]; macs = 115605504*b; flops = 231211008*b
//
// Examples are rows of operands and attributes (op_example.cc); what is made and counted comes from
// the operator's own rules. An operator that a user declared has its declaration as example.
#ifndef ASSAY_ANALYZER_OP_EXAMPLE_H_
#define ASSAY_ANALYZER_OP_EXAMPLE_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ir/op_table.h"

namespace assay {

struct OpExampleRow {
  absl::string_view domain, name;  // "" is ai.onnx
  // Types as ir/text.h writes them, between semicolons; `stored` before a weight, contents in
  // braces behind it, `_` for an operand left out.
  absl::string_view operands;
  absl::string_view attributes = "";
};
absl::Span<const OpExampleRow> OpExamples();

struct OpExample {
  std::string call, result;  // as above
};

// nullopt when there is no example of the operator. An error when its rules refuse it.
absl::StatusOr<std::optional<OpExample>> ExampleOf(const OpRow& row, const OpTable& table);

}  // namespace assay

#endif  // ASSAY_ANALYZER_OP_EXAMPLE_H_
