#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "analyzer/pipeline.h"
#include "analyzer/report_ir.h"
#include "cli/commands.h"
#include "cli/models.h"
#include "cli/output.h"

namespace assay {

ExitCode RunIr(const Request& request, Io& io) {
  const std::optional<Plan> plan = PlanFor(request.analyze, request, io);
  if (!plan.has_value()) return kUsage;
  const std::string& path = request.args[0];
  const absl::StatusOr<Report> report =
      request.analyze.after.empty() ? ImportModel(path, *plan) : AnalyzeModel(path, *plan);
  if (!report.ok()) return ModelFailed(report.status(), io);
  SayOf(*report, request, io);
  return Print(request, PrintIr(*report), io);
}

}  // namespace assay
