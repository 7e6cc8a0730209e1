#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "analyzer/formats.h"
#include "cli/commands.h"
#include "cli/models.h"
#include "cli/output.h"

namespace assay {
ExitCode RunAnalyze(const Request& request, Io& io) {
  const FormatRow& format = FormatOf(request);
  const std::optional<Plan> plan = PlanFor(request.analyze, request, io);
  if (!plan.has_value()) return kUsage;
  Output output(request, io);
  absl::Status status = output.Open();
  if (!status.ok()) return WriteFailed(status, io);

  std::unique_ptr<ReportWriter> writer = format.make(request.report, &output.text);
  writer->Begin();
  const ModelsDone done = ForEachModel(
      request, *plan, io, [&](const std::string& path, const absl::StatusOr<Report>& report) {
        if (!report.ok()) {
          writer->Failed(path, report.status().message());
          return absl::OkStatus();
        }
        if (request.analyze.timings) SayTimings(*report, io);
        // The text report has them at its end.
        if (!request.quiet && format.name != "text") SayDiagnostics(*report, io);
        writer->Model(*report);
        return output.Pass();
      });
  if (done.stopped) return done.exit;
  writer->End();
  // A report about nothing is none; but a program that reads one is told of every model.
  if (done.all_failed && output.text.empty()) return done.exit;
  status = output.Finish();
  return status.ok() ? done.exit : WriteFailed(status, io);
}

}  // namespace assay
