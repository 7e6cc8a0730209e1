#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "analyzer/formats.h"
#include "analyzer/pipeline.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace assay {
ExitCode RunAnalyze(const Request& request, Io& io) {
  const FormatRow& format = FormatOf(request);
  absl::StatusOr<Plan> plan = MakePlan(request.analyze);
  if (!plan.ok()) {
    SayError(plan.status(), io);
    return kUsage;
  }
  Output output(request, io);
  absl::Status status = output.Open();
  if (!status.ok()) return WriteFailed(status, io);

  std::unique_ptr<ReportWriter> writer = format.make(request.report, &output.text);
  ExitCode exit = kDone;
  size_t failed = 0;
  writer->Begin();
  for (const std::string& path : request.args) {
    absl::StatusOr<Report> report = AnalyzeModel(path, *plan);
    if (!report.ok()) {
      const ExitCode why = ModelFailed(report.status(), io);
      if (exit != kInputFailed) exit = why;
      writer->Failed(path, report.status().message());
      ++failed;
      continue;
    }
    if (request.analyze.timings) SayTimings(*report, io);
    // The text report has them at its end.
    if (!request.quiet && format.name != "text") SayDiagnostics(*report, io);
    writer->Model(*report);
    status = output.Pass();
    if (!status.ok()) return WriteFailed(status, io);
  }
  writer->End();
  if (failed > 0 && request.args.size() > 1) {
    SayError(absl::StrCat(failed, " of ", request.args.size(), " models failed"), io);
  }
  // A report about nothing is none; but a program that reads one is told of every model.
  if (failed == request.args.size() && output.text.empty()) return exit;
  status = output.Finish();
  return status.ok() ? exit : WriteFailed(status, io);
}

}  // namespace assay
