#include "analyzer/export.h"

#include "cli/commands.h"
#include "cli/output.h"

namespace assay {

ExitCode RunExport(const Request& request, Io& io) {
  const ExportRow& row =
      request.as.empty() ? ExportForFile(request.output) : *FindExport(request.as);
  return PrintModel(request, Depth::kAnalysis, io, row.make);
}

}  // namespace assay
