// Where a command's results go: standard output, or the file of --output.
#ifndef ASSAY_CLI_OUTPUT_H_
#define ASSAY_CLI_OUTPUT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "analyzer/document.h"
#include "analyzer/formats.h"
#include "analyzer/report.h"
#include "cli/command.h"
#include "cli/io.h"

namespace assay {

// Text gathers in `text` and goes on in large pieces.
class Output {
 public:
  Output(const Request& request, Io& io) : path_(request.output), io_(io) {}

  absl::Status Open() { return path_.empty() ? absl::OkStatus() : file_.Open(path_); }
  // Sends `text` on when it is large.
  absl::Status Pass();
  // Sends all and makes the file appear.
  absl::Status Finish();

  std::string text;

 private:
  absl::Status Send();
  std::string path_;
  Io& io_;
  AtomicFile file_;
};

// The format of --format, else by the ending of --output.
const FormatRow& FormatOf(const Request& request);

// How text is to be set for this request.
TextStyle StyleFor(const Request& request, const Io& io);

// "assay: MESSAGE\n" on standard error, printable whatever a model's bytes put into it. A reader
// that went away (kCancelled) needs no words.
void SayError(absl::string_view message, Io& io);
void SayError(const absl::Status& status, Io& io);

// Says why a model could not be used. A name that the model does not have (kNotFound) is wrong on
// the command line, not in the model.
ExitCode ModelFailed(const absl::Status& status, Io& io);

// The exit code of a failed write: that a pipe's reader had enough is no failure.
ExitCode WriteFailed(const absl::Status& status, Io& io);

// What --timings shows, and the report's diagnostics, on standard error; printable too.
void SayTimings(const Report& report, Io& io);
void SayDiagnostics(const Report& report, Io& io);

// Text that is all of a command's result.
ExitCode Print(const Request& request, std::string text, Io& io);

// A document that is all of a command's result, in the format asked for.
ExitCode Print(const Request& request, const Document& document, Io& io);

}  // namespace assay

#endif  // ASSAY_CLI_OUTPUT_H_
