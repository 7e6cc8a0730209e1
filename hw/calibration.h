// A calibration: what share of a machine's peaks one runtime achieves on it, fitted to
// measurements. No efficiency lives in code; without a calibration an estimate is marked
// `uncalibrated` and its interval is wide.
#ifndef ASSAY_HW_CALIBRATION_H_
#define ASSAY_HW_CALIBRATION_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hw/datum.h"
#include "hw/kernel.h"
#include "hw/runtime.h"
#include "hw/target.h"

namespace assay {

struct ClassEfficiency {
  std::string name;  // of a KernelClass
  Place place;
  Datum compute;          // share of the mapped peak, 0..1
  Datum bandwidth;        // share of the DRAM bandwidth, 0..1
  Datum half_saturation;  // operations at which half of `compute` is reached; optional
};

struct Calibration {
  std::string name;
  // Exactly one of these is set; the narrowest that matches is used.
  std::string target, family, kind;
  std::string runtime;
  std::vector<ClassEfficiency> classes;
  Datum launch;    // replaces the target's launch floor plus the runtime's kernel overhead
  Datum dispatch;  // replaces the runtime's host_per_op
  Datum overlap;  // exponent that joins a kernel's resources (Achieved::overlap); none: the slowest
  // The interval around an estimate: times these.
  Datum low, high;
  std::string data;  // the data set it was fitted to
  std::string date;
  Datum rows;
  Datum error_in_sample;  // medians of the absolute error
  Datum error_held_out;   // with one family of models left out at a time
  std::string notes;
};

// How far an uncalibrated estimate can be from the truth: data of hw/intervals/*.yaml.
struct UncalibratedInterval {
  std::string name;
  Place place;
  std::string kind;  // of target
  Datum batch_from;  // holds for batches from this one on
  Datum low, high;   // times the bare roofline
};

// What a fit (hw/fit.h) holds on to where measurements say little: data of hw/priors/*.yaml. A
// spread is the standard deviation of a number's logarithm.
struct Prior {
  std::string name;
  std::string kind;  // of target
  std::vector<ClassEfficiency> classes;
  Datum launch, overlap;  // as in Calibration
  Datum compute_spread, bandwidth_spread, half_saturation_spread, launch_spread, dispatch_spread;
  Datum kin_spread;  // of one machine about its kin, times those
  Datum noise;       // of one measurement
};

// How narrowly it holds for such a run: 4 for the target (in this power mode), 3 for the target (in
// another mode), 2 for the family, 1 for the kind, 0 not at all.
int MatchOf(const Calibration& calibration, const Target& target, const Runtime& runtime);

// The shipped calibration that matches best; null when none does: uncalibrated. A user's is loaded
// by LoadCalibration.
std::shared_ptr<const Calibration> FindCalibration(const Target& target, const Runtime& runtime);
// Runtimes for which there is one; sorted.
std::vector<std::string> CalibratedRuntimes(const Target& target);
absl::StatusOr<std::shared_ptr<const Calibration>> LoadCalibration(absl::string_view path);
std::vector<absl::string_view> CalibrationNames();
std::vector<std::string> CheckCalibrationFile(absl::string_view path);
std::vector<KeyDoc> CalibrationKeys();
std::string ToYaml(const Calibration& calibration);

// The shipped prior for this kind of machine; an error when there is none.
absl::StatusOr<Prior> PriorFor(TargetKind kind);

// The row for this kind of machine with the largest `batch_from` not above `batch`.
UncalibratedInterval UncalibratedFor(TargetKind kind, int64_t batch);
// Batches from which another row of any kind holds, ascending.
std::vector<int64_t> UncalibratedSteps();

}  // namespace assay

#endif  // ASSAY_HW_CALIBRATION_H_
