// Published or own measurements of whole models, as a CSV file, and what the estimator says of the
// same runs. Used by `assay validate` (how far off are we) and `assay calibrate` (fit to them).
//
// The file has a header; columns by name, in any order, others are ignored. In brackets the names
// that collections of published figures use for the same:
//
//   model        [canonical_model]  file MODELS/model.onnx, or a path to a file
//   target       [hw_key]           a name of `assay targets`, or an entry of a target's `aliases`
//   runtime      [runtime_class]    a name of `assay runtimes`, or, with `software`, an entry of a
//                                   runtime's `measured_as`
//   software     [runtimes]         version or versions, as published
//   precision                       a name of --precision; "": as the model is
//   batch                           axis 0 of every input; "": 1, or as `input` says
//   input                           224x224 (height x width), seq128; or sizes by name, joined by
//                                   `;`: seq=128 as --dim, ids=1x128 as --shape; "": as the model
//                                   says
//   cores                           of a CPU, as --cores: threads of one instance, or 4x8 for 8
//                                   instances on 4 cores each; "": one instance on all of them
//   latency_ms   [lat_ms_median]    one run of the batch, of one instance
//   latency_ms_min, latency_ms_max  [lat_ms_min, lat_ms_max]  of several sources
//   throughput_per_s [thr_per_s_median]  samples of all instances; used where there is no latency
//   family                          of models, left out together; "": by MODELS/manifest.csv, else
//                                   the model's name
//   source                          where the figure stands
#ifndef ASSAY_ANALYZER_MEASURED_H_
#define ASSAY_ANALYZER_MEASURED_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hw/calibration.h"
#include "hw/fit.h"
#include "hw/runtime.h"
#include "hw/share_out.h"
#include "hw/target.h"

namespace assay {

struct MeasuredRow {
  int line = 0;
  std::string model, target, runtime, software, precision, input, family, source;
  int64_t batch = 1;
  bool batch_given = false;  // the column holds it
  CoreShare share;
  double seconds = 0;                        // of one run
  double seconds_low = 0, seconds_high = 0;  // over its sources; 0: one figure
  bool is_throughput = false;                // from the throughput: of a pipeline, not a latency

  // Its own sources contradict each other: shown, not scored.
  bool unstable() const { return seconds_low > 0 && seconds_high > 1.3 * seconds_low; }
};

// Errors: no such file, no such column, a number that is none; FILE:LINE: what, and what to do.
absl::StatusOr<std::vector<MeasuredRow>> ReadMeasured(const std::string& path);

// A row with what the estimator knows of the same run.
struct MeasuredModel {
  MeasuredRow row;
  std::shared_ptr<const Target> target;
  std::shared_ptr<const Runtime> runtime;
  std::string problem;  // why it cannot be compared; else empty and all of the below is there
  MeasuredRun run;
  double predicted_s = 0;  // with the calibration that is shipped, or asked for
};

struct MeasuredOptions {
  std::string models;           // folder of MODEL.onnx
  std::string target, runtime;  // only these; empty: all
  // For MeasuredModel::predicted_s, instead of the shipped ones.
  std::shared_ptr<const Calibration> calibration;
  int threads = 0;
};

// In the order of the file; rows of other targets or runtimes than asked for are left out. Models
// are analysed in parallel, each once per row.
std::vector<MeasuredModel> AnalyzeMeasured(const std::vector<MeasuredRow>& rows,
                                           const MeasuredOptions& options);

}  // namespace assay

#endif  // ASSAY_ANALYZER_MEASURED_H_
