// The models of a command line, analysed one after another: what every command that reads some does
// alike.
#ifndef ASSAY_CLI_MODELS_H_
#define ASSAY_CLI_MODELS_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "analyzer/document.h"
#include "analyzer/options.h"
#include "analyzer/pipeline.h"
#include "analyzer/report.h"
#include "cli/command.h"
#include "cli/io.h"

namespace assay {

// The plan, and on standard error what it leaves out; none: kUsage, and why has been said.
std::optional<Plan> PlanFor(const AnalyzeOptions& options, const Request& request, Io& io);

// What a model's analysis says besides its report, on standard error: --timings, and diagnostics
// unless --quiet.
void SayOf(const Report& report, const Request& request, Io& io);

struct ModelsDone {
  ExitCode exit = kDone;  // of the worst model, or of the write that failed
  size_t failed = 0;
  bool all_failed = false;
  bool stopped = false;  // by a write
};

// Analyses each model and gives it to `each`, or why it failed, which has been said. An error of
// `each` is one of writing, and ends the run. At the end says how many failed.
ModelsDone ForEachModel(
    const Request& request, const Plan& plan, Io& io,
    absl::FunctionRef<absl::Status(const std::string& path, const absl::StatusOr<Report>&)> each);

}  // namespace assay

#endif  // ASSAY_CLI_MODELS_H_
