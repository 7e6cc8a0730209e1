// Operators that a user declares in YAML (`--ops FILE.yaml`): shapes and work as expressions over
// the sizes of the operands and over attributes, in the one grammar of ir/dim.h.
//
//   schema: operators/1
//   operators:
//     PointPillarsScatter:
//       domain: mmdeploy
//       inputs:                        # in order; each names its axes
//         features: [pillars, channels]
//         coords: [pillars, _]         # the same name again: the sizes must agree
//         batch_like: any              # any rank
//       attributes: {nx: ~, ny: 496}   # ~: the model must give it; else the default
//       data_dependent: {kept: pillars}    # a size that contents decide, and its upper bound
//       outputs:
//         canvas: {shape: [1, channels, ny, nx], dtype: features}
//       role: movement
//       flops: 2 * pillars * channels  # also macs, transcendentals, comparisons, int_ops
//       reads: {features: pillars * channels}   # elements, where not the whole operand
//       writes: {canvas: pillars * channels}
//       formula: writes one column per pillar
//
// Names in an expression: axes, attributes, data-dependent sizes, INPUT.dK (axis K), INPUT.size
// (elements) and INPUT.vK (element K of small known contents); x0, x1, ... also name the inputs.
#ifndef ASSAY_HW_CUSTOM_OPS_H_
#define ASSAY_HW_CUSTOM_OPS_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "hw/yaml_tree.h"
#include "ir/op_table.h"

namespace assay {

inline constexpr absl::string_view kOperatorsSchema = "operators/1";

struct CustomOp {
  struct Input {
    std::string name;
    bool any_rank = false;
    std::vector<std::string> axes;  // a name, a number, or "_"
  };
  struct Output {
    std::string name;
    std::string dtype;  // an element type, or the input whose type it has
    std::vector<std::string> shape;
  };
  struct Attribute {
    std::string name;
    bool required = false;
    int64_t fallback = 0;
  };
  using Named = std::vector<std::pair<std::string, std::string>>;  // name, expression

  std::string name, domain, formula, source;
  Role role = Role::kOther;
  std::vector<Input> inputs;
  std::vector<Attribute> attributes;
  Named data_dependent;
  std::vector<Output> outputs;
  std::string macs, flops, transcendentals, comparisons, int_ops;  // empty: none
  Named reads, writes;
};

// The built-in operators and those of the files. Owns all of it; the table points into it.
class CustomOps {
 public:
  // Reads the files. An error begins with file, line and column and ends with what to do.
  static absl::StatusOr<std::shared_ptr<const CustomOps>> Load(absl::Span<const std::string> paths);

  const OpTable& table() const { return table_; }

 private:
  std::vector<std::unique_ptr<CustomOp>> ops_;
  std::vector<std::unique_ptr<OpRow>> rows_;
  OpTable table_ = OpTable::BuiltIn();
};

// Every problem of a file, "FILE:LINE:COLUMN: message" each.
std::vector<std::string> CheckOperatorsFile(const std::string& path);

}  // namespace assay

#endif  // ASSAY_HW_CUSTOM_OPS_H_
