#include <string>

#include "absl/status/statusor.h"
#include "analyzer/pipeline.h"
#include "analyzer/report_ir.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace assay {

ExitCode RunIr(const Request& request, Io& io) {
  absl::StatusOr<Plan> plan = MakePlan(request.analyze);
  if (!plan.ok()) {
    SayError(plan.status(), io);
    return kUsage;
  }
  const std::string& path = request.args[0];
  absl::StatusOr<Report> report =
      request.analyze.after.empty() ? ImportModel(path, *plan) : AnalyzeModel(path, *plan);
  if (!report.ok()) {
    SayError(report.status(), io);
    return absl::IsNotFound(report.status()) ? kUsage : kInputFailed;
  }
  if (request.analyze.timings) SayTimings(*report, io);
  if (!request.quiet) SayDiagnostics(*report, io);
  return Print(request, PrintIr(*report), io);
}

}  // namespace assay
