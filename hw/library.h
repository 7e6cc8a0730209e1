// Where targets, runtimes, calibrations, priors and intervals come from: constants of the program,
// which hw/embed_main.cc made of the shipped YAML at build time, or a user's YAML file. Both ways
// go through the same reader.
#ifndef ASSAY_HW_LIBRARY_H_
#define ASSAY_HW_LIBRARY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "hw/calibration.h"
#include "hw/other_keys.h"
#include "hw/runtime.h"
#include "hw/schema.h"
#include "hw/target.h"
#include "hw/target_keys.h"
#include "hw/yaml_tree.h"

namespace assay {

enum class FileKind : uint8_t { kTarget, kRuntime, kCalibration, kPrior, kIntervals };

// What there is to know of each kind of file, one row each.
template <class T>
struct KindOfFile;
template <>
struct KindOfFile<Target> {
  static constexpr FileKind kKind = FileKind::kTarget;
  static constexpr absl::string_view kWord = "target", kSchema = kTargetSchema;
  static absl::Span<const KeyRow> Rows() { return TargetRows(); }
};
template <>
struct KindOfFile<Runtime> {
  static constexpr FileKind kKind = FileKind::kRuntime;
  static constexpr absl::string_view kWord = "runtime", kSchema = kRuntimeSchema;
  static absl::Span<const KeyRow> Rows() { return RuntimeRows(); }
};
template <>
struct KindOfFile<Calibration> {
  static constexpr FileKind kKind = FileKind::kCalibration;
  static constexpr absl::string_view kWord = "calibration", kSchema = kCalibrationSchema;
  static absl::Span<const KeyRow> Rows() { return CalibrationRows(); }
};
template <>
struct KindOfFile<Prior> {
  static constexpr FileKind kKind = FileKind::kPrior;
  static constexpr absl::string_view kWord = "prior", kSchema = kPriorSchema;
  static absl::Span<const KeyRow> Rows() { return PriorRows(); }
};
template <>
struct KindOfFile<IntervalTable> {
  static constexpr FileKind kKind = FileKind::kIntervals;
  static constexpr absl::string_view kWord = "intervals", kSchema = kIntervalSchema;
  static absl::Span<const KeyRow> Rows() { return IntervalRows(); }
};

// Sorted by kind, then name. Power modes are records of their own, "NAME@MODE".
struct EmbeddedRecord {
  FileKind kind;
  absl::string_view name;
  absl::string_view bytes;  // packed by hw/schema.h
};
// Defined in a generated file; see hw/embed.cmake.
absl::Span<const EmbeddedRecord> EmbeddedRecords();
absl::string_view EmbeddedTexts();

// Reads one file's tree, or one power mode of it (targets only). `find_base` gives what `extends`
// names.
template <class T>
using FindBase = absl::FunctionRef<absl::StatusOr<T>(absl::string_view name)>;
Target ReadTarget(const YamlNode& file, absl::string_view mode, FindBase<Target> find_base,
                  std::vector<Problem>* problems);
Runtime ReadRuntime(const YamlNode& file, FindBase<Runtime> find_base,
                    std::vector<Problem>* problems);
Calibration ReadCalibration(const YamlNode& file, FindBase<Calibration> find_base,
                            std::vector<Problem>* problems);
Prior ReadPrior(const YamlNode& file, FindBase<Prior> find_base, std::vector<Problem>* problems);
IntervalTable ReadIntervals(const YamlNode& file, FindBase<IntervalTable> find_base,
                            std::vector<Problem>* problems);

}  // namespace assay

#endif  // ASSAY_HW_LIBRARY_H_
