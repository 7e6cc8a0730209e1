#include "analyzer/export.h"

#include "absl/status/statusor.h"
#include "analyzer/pipeline.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace assay {

ExitCode RunExport(const Request& request, Io& io) {
  absl::StatusOr<Plan> plan = MakePlan(request.analyze);
  if (!plan.ok()) {
    SayError(plan.status(), io);
    return kUsage;
  }
  const ExportRow& row =
      request.as.empty() ? ExportForFile(request.output) : *FindExport(request.as);
  absl::StatusOr<Report> report = AnalyzeModel(request.args[0], *plan);
  if (!report.ok()) {
    SayError(report.status(), io);
    return absl::IsNotFound(report.status()) ? kUsage : kInputFailed;
  }
  if (request.analyze.timings) SayTimings(*report, io);
  if (!request.quiet) SayDiagnostics(*report, io);
  return Print(request, row.make(*report), io);
}

}  // namespace assay
