#include "analyzer/export.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "analyzer/text_table.h"
#include "cli/commands.h"
#include "cli/models.h"
#include "cli/output.h"

namespace assay {
namespace {

// Empty, or what the command line lacks for this kind of export.
std::string Lacks(const Request& request, const ExportRow& row, const Plan& plan, const Io& io) {
  const size_t columns = plan.request.estimates.size();
  if (row.needs_target && columns == 0) {
    return absl::StrCat("--as ", row.name, ": needs a machine; name one with --target");
  }
  if (!row.many_targets && columns > 1) {
    return absl::StrCat("--as ", row.name,
                        ": shows one target under one runtime in one precision, ", "not ", columns,
                        "; give one of each");
  }
  if (!row.colors && !request.color_by.empty()) {
    return absl::StrCat("--color-by ", request.color_by, ": --as ", row.name,
                        " is no drawing and has no colours; leave it out");
  }
  if (columns == 0 && (request.color_by == "bound" || request.color_by == "time")) {
    return absl::StrCat("--color-by ", request.color_by,
                        ": needs a machine; name one with --target");
  }
  if (row.rewrites && request.output.empty() && io.terminal_width() > 0) {
    return absl::StrCat("--as ", row.name,
                        ": is binary, and this is a terminal; write it to a file with -o");
  }
  return "";
}

}  // namespace

ExitCode RunExport(const Request& request, Io& io) {
  const ExportRow& row =
      request.as.empty() ? ExportForFile(request.output) : *FindExport(request.as);
  std::optional<Plan> plan = PlanFor(request.analyze, request, io);
  if (!plan.has_value()) return kUsage;
  if (const std::string lacks = Lacks(request, row, *plan, io); !lacks.empty()) {
    SayError(lacks, io);
    return kUsage;
  }
  plan->keep_source = row.rewrites;
  absl::StatusOr<Report> report = AnalyzeModel(request.args[0], *plan);
  if (!report.ok()) return ModelFailed(report.status(), io);
  SayOf(*report, request, io);

  std::vector<std::string> notes;
  absl::StatusOr<Analysis> any_size = absl::NotFoundError("");
  if (row.rewrites) {
    any_size = ShapesAtAnySize(*report, *plan);
    if (!any_size.ok()) {
      notes.push_back(absl::StrCat(any_size.status().message(),
                                   "; the output has no types beyond those that the model has"));
    }
  }
  const ExportInput input{
      .report = *report,
      .options = {.color_by = FindColorBy(request.color_by), .output = request.output},
      .at_any_size = any_size.ok() ? any_size->shapes.get() : nullptr,
      .notes = &notes};
  Output output(request, io);
  absl::Status status = output.Open();
  if (status.ok()) {
    status = row.make(input, [&](absl::string_view piece) {
      output.text.append(piece.data(), piece.size());
      return output.Pass();
    });
  }
  if (status.ok()) status = output.Finish();
  for (const std::string& note : notes) {
    if (status.ok() && !request.quiet) io.Err(absl::StrCat(Printable(note), "\n"));
  }
  return status.ok() ? kDone : WriteFailed(status, io);
}

}  // namespace assay
