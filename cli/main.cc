// The program: find the command's row, parse, run. Everything below is a row's function.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "ir/rows.h"
#include "ir/suggest.h"

namespace assay {
namespace {

ExitCode UnknownCommand(absl::string_view name, Io& io) {
  SayError(absl::StrCat("unknown command `", name, "`", DidYouMean(name, NamesOf(CommandTable())),
                        "; see `assay --help`"),
           io);
  return kUsage;
}

bool AsksForHelp(absl::Span<const std::string> args) {
  for (const std::string& arg : args) {
    if (arg == "--") return false;
    if (arg == "--help" || arg == "-h") return true;
  }
  return false;
}

}  // namespace

absl::string_view VersionText() { return "assay " ASSAY_VERSION; }

ExitCode RunHelp(const Request& request, Io& io) {
  if (request.man) return Print(request, ManPage(), io);
  if (!request.completion.empty()) return Print(request, Completion(request.completion), io);
  const int width = StyleFor(request, io).width;
  if (request.args.empty()) return Print(request, HelpText(width), io);
  const CommandRow* command = FindCommand(request.args[0]);
  if (command == nullptr) return UnknownCommand(request.args[0], io);
  return Print(request, HelpText(*command, width), io);
}

ExitCode RunAssay(absl::Span<const std::string> args, Io& io) {
  Request request;
  if (args.empty()) {
    io.Err(HelpText(StyleFor(request, io).width));
    return kUsage;
  }
  if (args[0] == "--help" || args[0] == "-h") return RunHelp(request, io);
  if (args[0] == "--version") {
    return Print(request, absl::StrCat(VersionText(), "\n"), io);
  }
  const CommandRow* command = FindCommand(args[0]);
  if (command == nullptr) return UnknownCommand(args[0], io);
  args.remove_prefix(1);
  if (AsksForHelp(args)) {
    return Print(request, HelpText(*command, StyleFor(request, io).width), io);
  }
  request.words.assign(args.begin(), args.end());
  absl::Status status = ParseArgs(*command, args, &request);
  if (!status.ok()) {
    SayError(status, io);
    return kUsage;
  }
  request.report.style = StyleFor(request, io);
  return command->run(request, io);
}

}  // namespace assay
