// `compare`: models x targets x runtimes x precisions, side by side.
#include "analyzer/compare.h"

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "analyzer/pipeline.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace assay {

ExitCode RunCompare(const Request& request, Io& io) {
  AnalyzeOptions options = request.analyze;
  options.skip_impossible = true;
  absl::StatusOr<Plan> plan = MakePlan(options);
  Comparison comparison(request.compare, request.report);
  absl::Status status = plan.status();
  if (status.ok()) status = comparison.Check(request.args, *plan);
  if (status.ok() && !options.targets.empty() && plan->request.estimates.empty()) {
    status = absl::InvalidArgumentError(
        absl::StrCat("--target: none of those named can run so: ", plan->skipped.front()));
  }
  if (!status.ok()) {
    SayError(status, io);
    return kUsage;
  }
  ExitCode exit = kDone;
  size_t failed = 0;
  for (const std::string& path : request.args) {
    absl::StatusOr<Report> report = AnalyzeModel(path, *plan);
    if (!report.ok()) {
      const ExitCode why = ModelFailed(report.status(), io);
      if (exit != kInputFailed) exit = why;
      ++failed;
      continue;
    }
    if (options.timings) SayTimings(*report, io);
    if (!request.quiet) SayDiagnostics(*report, io);
    comparison.Add(*report);
  }
  if (failed > 0 && request.args.size() > 1) {
    SayError(absl::StrCat(failed, " of ", request.args.size(), " models failed"), io);
  }
  if (comparison.empty()) return exit;
  const ExitCode printed = Print(request, comparison.Make(plan->skipped), io);
  return printed == kDone ? exit : printed;
}

}  // namespace assay
