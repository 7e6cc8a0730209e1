// The operator table: one row per operator, and the row does every job (lookup, rules, listing,
// help, suggestion, coverage test).
//
// To add an operator, add a row to the family's file under ir/ops/. A row states what differs from
// the defaults; most need no function of their own:
//
//   {.name = "Relu", .versions = "1 6 13 14", .family = Family::kElementwise,
//    .role = Role::kPointwise, .shape = SameAsFirst, .per_element = {.comparisons = 1},
//    .inplace = 0, .formula = "max(x, 0)"},
//
// Rules are plain functions over an OpContext (ir/op_context.h), the only way they see anything.
#ifndef ASSAY_IR_OP_TABLE_H_
#define ASSAY_IR_OP_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace assay {

class OpContext;
struct CustomOp;  // hw/custom_ops.h

enum class Family : uint8_t {
  kElementwise,
  kReduction,
  kMovement,
  kShape,  // shape arithmetic and constants
  kConvolution,
  kPooling,
  kMatMul,
  kNormalization,
  kAttention,
  kRecurrent,
  kQuantization,
  kDetection,
  kControl,
  kSequence,
  kSignal,
  kRandom,
  kString,
  kTraining,
  kClassical,  // ai.onnx.ml
  kCustom,     // from the user's YAML
};
absl::string_view Name(Family family);

// What an op is to a fusion pattern.
enum class Role : uint8_t {
  kOther,
  kContraction,  // anchors a kernel: convolution, matrix product, recurrence
  kPointwise,    // out[i] depends on the operands at i (with broadcasting)
  kReduction,
  kNormalization,
  kPooling,
  kMovement,  // moves elements, computes nothing
  kView,      // renames a buffer: no traffic
  kAttention,
  kControl,
  kConstant,  // produces data from no input
};
absl::string_view Name(Role role);
// What a kernel is made around.
inline bool IsHeavy(Role role) { return role == Role::kContraction || role == Role::kAttention; }

// A rule reads and writes through its context. An error means that the model contradicts itself at
// this op ("rows of A (64) and B (32) differ"); what is merely not known is left unknown.
using Rule = absl::Status (*)(OpContext& op);

// Arithmetic per element of the first output (see PerElementOf), for the default work rule.
struct PerElement {
  double flops = 0;  // counted as int_ops when the result is an integer tensor
  double transcendentals = 0;
  double comparisons = 0;
};

enum class PerElementOf : uint8_t { kOutput, kInput };

struct OpRow {
  absl::string_view name;
  absl::string_view domain = "";     // "" is ai.onnx
  absl::string_view versions = "1";  // opsets at which it changed, ascending: "1 6 13"
  Family family = Family::kElementwise;
  Role role = Role::kOther;
  Rule shape = nullptr;
  // Elements of the results, where they can be known. Runs after `shape`.
  Rule value = nullptr;
  // Null: per_element, every present operand read once, every result written once.
  Rule work = nullptr;
  PerElement per_element = {};
  PerElementOf per = PerElementOf::kOutput;
  int inplace = -1;     // the operand whose buffer the first result may take over
  bool random = false;  // a new result at every run: never folded
  absl::string_view
      formula;  // in words: "2 * macs; macs = N * Cout * Hout * Wout * Cin / group * kh * kw"
  absl::string_view source = "ONNX operator specification";
  const CustomOp* custom = nullptr;  // of a row that a user declared
};

// The newest version of the ONNX operators that the built-in rows know of.
inline constexpr int64_t kNewestOpset = 28;

class OpTable {
 public:
  // The built-in operators, made on first use.
  static const OpTable& BuiltIn();

  explicit OpTable(absl::Span<const absl::Span<const OpRow>> families);
  // Null when there is none. Domain "ai.onnx" is the same as "".
  const OpRow* Find(absl::string_view domain, absl::string_view name) const;
  // By domain, then name.
  std::vector<const OpRow*> rows() const;
  // Of those rows; a name in several domains comes as often.
  std::vector<absl::string_view> names() const;
  // Adds a row, which must outlive the table; there may be none of that name yet.
  void Add(const OpRow& row);

 private:
  std::vector<const OpRow*> rows_;
  absl::flat_hash_map<std::pair<absl::string_view, absl::string_view>, const OpRow*> index_;
};

}  // namespace assay

#endif  // ASSAY_IR_OP_TABLE_H_
