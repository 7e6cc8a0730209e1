#include "cli/models.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/output.h"

namespace assay {

std::optional<Plan> PlanFor(const AnalyzeOptions& options, const Request& request, Io& io) {
  absl::StatusOr<Plan> plan = MakePlan(options);
  if (!plan.ok()) {
    SayError(plan.status(), io);
    return std::nullopt;
  }
  if (!plan->skipped.empty() && !request.quiet) {
    const size_t more = plan->skipped.size() - 1;
    SayError(absl::StrCat("left out: ", plan->skipped[0],
                          more > 0 ? absl::StrCat("; and ", more, " more") : ""),
             io);
  }
  return *std::move(plan);
}

void SayOf(const Report& report, const Request& request, Io& io) {
  if (request.analyze.timings) SayTimings(report, io);
  if (!request.quiet) SayDiagnostics(report, io);
}

ModelsDone ForEachModel(
    const Request& request, const Plan& plan, Io& io,
    absl::FunctionRef<absl::Status(const std::string& path, const absl::StatusOr<Report>&)> each) {
  ModelsDone done;
  for (const std::string& path : request.args) {
    const absl::StatusOr<Report> report = AnalyzeModel(path, plan);
    if (!report.ok()) {
      const ExitCode why = ModelFailed(report.status(), io);
      if (done.exit != kInputFailed) done.exit = why;
      ++done.failed;
    }
    const absl::Status status = each(path, report);
    if (!status.ok()) {
      done.exit = WriteFailed(status, io);
      done.stopped = true;
      return done;
    }
  }
  if (done.failed > 0 && request.args.size() > 1) {
    SayError(absl::StrCat(done.failed, " of ", request.args.size(), " models failed"), io);
  }
  done.all_failed = done.failed == request.args.size();
  return done;
}

}  // namespace assay
