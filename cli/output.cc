#include "cli/output.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "analyzer/text_table.h"
#include "analyzer/units.h"

namespace assay {
namespace {

constexpr size_t kPiece = 64 << 10;

}  // namespace

absl::Status Output::Send() {
  absl::Status status = path_.empty() ? io_.Out(text) : file_.Write(text);
  text.clear();
  return status;
}

absl::Status Output::Pass() { return text.size() < kPiece ? absl::OkStatus() : Send(); }

absl::Status Output::Finish() {
  absl::Status status = text.empty() ? absl::OkStatus() : Send();
  if (status.ok() && !path_.empty()) status = file_.Commit();
  return status;
}

const FormatRow& FormatOf(const Request& request) {
  return request.format.empty() ? FormatForFile(request.output) : *FindFormat(request.format);
}

TextStyle StyleFor(const Request& request, const Io& io) {
  TextStyle style;
  const int width = request.output.empty() ? io.terminal_width() : 0;
  if (width > 0) style.width = width;
  style.color =
      request.color == "always" || (request.color == "auto" && width > 0 && !io.no_color());
  return style;
}

void SayError(absl::string_view message, Io& io) {
  io.Err(absl::StrCat("assay: ", Printable(message), "\n"));
}

void SayError(const absl::Status& status, Io& io) {
  if (!absl::IsCancelled(status)) SayError(status.message(), io);
}

ExitCode ModelFailed(const absl::Status& status, Io& io) {
  SayError(status, io);
  return absl::IsNotFound(status) ? kUsage : kInputFailed;
}

ExitCode WriteFailed(const absl::Status& status, Io& io) {
  SayError(status, io);
  return absl::IsCancelled(status) ? kDone : kInputFailed;
}

ExitCode Print(const Request& request, std::string text, Io& io) {
  Output output(request, io);
  absl::Status status = output.Open();
  output.text = std::move(text);
  if (status.ok()) status = output.Finish();
  return status.ok() ? kDone : WriteFailed(status, io);
}

ExitCode Print(const Request& request, const Document& document, Io& io) {
  std::string text;
  const std::unique_ptr<DocumentPrinter> printer =
      FormatOf(request).printer(StyleFor(request, io), &text);
  printer->Add(document);
  printer->End();
  return Print(request, std::move(text), io);
}

void SayTimings(const Report& report, Io& io) {
  std::string text;
  TextTable table({{""}, {"", Align::kRight}});
  for (const StepTiming& t : report.timings) table.Add({t.step, Seconds(t.seconds)});
  table.Print({}, 2, &text);
  io.Err(absl::StrCat(Printable(ShownFile(report.file)), ":\n", text));
}

void SayDiagnostics(const Report& report, Io& io) {
  for (const Diagnostic& d : report.diagnostics) {
    const std::string line =
        absl::StrCat(ShownFile(report.file), ": ", d.where, d.where.empty() ? "" : ": ", d.message);
    io.Err(absl::StrCat(Printable(line), "\n"));
  }
}

}  // namespace assay
