#include "analyzer/report_ir.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace assay {

ExitCode RunIr(const Request& request, Io& io) {
  const Depth depth = request.analyze.after.empty() ? Depth::kImport : Depth::kAnalysis;
  return PrintModel(request, depth, io, PrintIr);
}

}  // namespace assay
