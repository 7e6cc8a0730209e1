// What `validate` and `calibrate` share between tables of measured models (--measured;
// calibrate.cc) and measured profiles of one model (--profile; profile.cc).
#ifndef ASSAY_CLI_CALIBRATE_H_
#define ASSAY_CLI_CALIBRATE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cli/command.h"
#include "cli/io.h"
#include "hw/calibration.h"
#include "hw/fit.h"
#include "hw/target.h"

namespace assay {

// What a calibration is to hold for: one target, or all of a kind.
struct Scope {
  std::string target;  // empty: the whole kind
  TargetKind kind = TargetKind::kGpu;
};

// The runs of that kind of machine, and which of them the calibration is for: one at least.
struct FitInput {
  std::vector<MeasuredRun> runs;
  std::vector<bool> own;
  std::string what = "measured runs";  // for people
};

// Fits and sums up how far off the fit is. `data`: the file that the runs are from.
Calibration Calibrate(const FitInput& input, const Scope& scope, const FitPrior& prior,
                      const std::string& runtime, const std::string& data);

// Exactly one of --measured and --profile is given, and nothing that only goes with the other.
absl::Status CheckMeasurements(const Request& request);

// With --profile.
ExitCode ValidateProfile(const Request& request, Io& io);
ExitCode CalibrateProfile(const Request& request, Io& io);

}  // namespace assay

#endif  // ASSAY_CLI_CALIBRATE_H_
