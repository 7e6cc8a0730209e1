#include "analyzer/sweep.h"

#include "absl/status/statusor.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace assay {

ExitCode RunSweep(const Request& request, Io& io) {
  const bool tokens = !request.sweep.tokens.empty();
  if (request.analyze.targets.empty()) {
    SayError("--target is missing; name a machine of `assay targets` to sweep on", io);
    return kUsage;
  }
  if (tokens && !request.report.by.empty()) {
    SayError("--tokens sweeps alone; leave out --by", io);
    return kUsage;
  }
  const std::string& path = request.args[0];
  absl::StatusOr<Document> document =
      tokens ? SweepTokens(path, request.analyze, request.sweep)
             : Sweep(path, request.analyze, request.sweep, request.report.by, request.report.depth);
  if (!document.ok()) return ModelFailed(document.status(), io);
  return Print(request, *document, io);
}

}  // namespace assay
