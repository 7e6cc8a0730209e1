// The tables of keys of runtimes, calibrations, priors and intervals, and the rules between keys.
#ifndef ASSAY_HW_OTHER_KEYS_H_
#define ASSAY_HW_OTHER_KEYS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "hw/calibration.h"
#include "hw/runtime.h"
#include "hw/schema.h"
#include "hw/yaml_tree.h"

namespace assay {

// hw/intervals/*.yaml.
struct IntervalTable {
  std::string name;
  std::vector<UncalibratedInterval> intervals;
};

inline constexpr absl::string_view kRuntimeSchema = "runtime/1";
inline constexpr absl::string_view kCalibrationSchema = "calibration/1";
inline constexpr absl::string_view kIntervalSchema = "intervals/1";
inline constexpr absl::string_view kPriorSchema = "prior/1";
absl::Span<const KeyRow> RuntimeRows();
absl::Span<const KeyRow> CalibrationRows();
absl::Span<const KeyRow> IntervalRows();
absl::Span<const KeyRow> PriorRows();

// `file` is the tree that the struct was read from: texts have no place of their own.
void CheckRuntime(const Runtime& runtime, const YamlNode& file, std::vector<Problem>* problems);
void CheckCalibration(const Calibration& calibration, const YamlNode& file,
                      std::vector<Problem>* problems);
void CheckPrior(const Prior& prior, const YamlNode& file, std::vector<Problem>* problems);
void CheckIntervals(const IntervalTable& table, std::vector<Problem>* problems);

}  // namespace assay

#endif  // ASSAY_HW_OTHER_KEYS_H_
