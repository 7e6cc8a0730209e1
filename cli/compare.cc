// `compare`: models x targets x runtimes x precisions, side by side.
#include "analyzer/compare.h"

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/commands.h"
#include "cli/models.h"
#include "cli/output.h"

namespace assay {

ExitCode RunCompare(const Request& request, Io& io) {
  AnalyzeOptions options = request.analyze;
  options.skip_impossible = true;
  absl::StatusOr<Plan> plan = MakePlan(options);
  Comparison comparison(request.compare, request.report);
  absl::Status status = plan.status();
  if (status.ok()) status = comparison.Check(request.args, *plan);
  if (!status.ok()) {
    SayError(status, io);
    return kUsage;
  }
  const ModelsDone done = ForEachModel(
      request, *plan, io, [&](const std::string&, const absl::StatusOr<Report>& report) {
        if (report.ok()) {
          SayOf(*report, request, io);
          comparison.Add(*report);
        }
        return absl::OkStatus();
      });
  if (done.all_failed) return done.exit;
  const ExitCode printed = Print(request, comparison.Make(plan->skipped), io);
  return printed == kDone ? done.exit : printed;
}

}  // namespace assay
