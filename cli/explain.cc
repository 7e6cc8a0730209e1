// `explain`: one node or kernel of a model, every number with what it is made of.
#include "analyzer/explain.h"

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/commands.h"
#include "cli/models.h"
#include "cli/output.h"

namespace assay {

ExitCode RunExplain(const Request& request, Io& io) {
  AnalyzeOptions options = request.analyze;
  options.explain_fusion = true;
  if (request.explain.kernel && request.args.size() == 1) {
    SayError("--kernel: of no node; name one, or a kernel as #kID", io);
    return kUsage;
  }
  const std::optional<Plan> plan = PlanFor(options, request, io);
  if (!plan.has_value()) return kUsage;
  if (plan->request.estimates.size() > 1) {
    SayError("--target: explain goes into one estimate; name one target, runtime and precision",
             io);
    return kUsage;
  }
  absl::StatusOr<Report> report = AnalyzeModel(request.args[0], *plan);
  if (!report.ok()) return ModelFailed(report.status(), io);
  SayOf(*report, request, io);
  if (request.args.size() == 1) return Print(request, ExplainModel(*report), io);
  absl::StatusOr<Document> document = ExplainNode(*report, request.args[1], request.explain);
  if (!document.ok()) return ModelFailed(document.status(), io);
  return Print(request, *document, io);
}

}  // namespace assay
