// The functions behind the rows of the command table.
#ifndef ASSAY_CLI_COMMANDS_H_
#define ASSAY_CLI_COMMANDS_H_

#include "cli/command.h"
#include "cli/io.h"

namespace assay {

ExitCode RunAnalyze(const Request& request, Io& io);
ExitCode RunCompare(const Request& request, Io& io);
ExitCode RunFit(const Request& request, Io& io);
ExitCode RunDiff(const Request& request, Io& io);
ExitCode RunSweep(const Request& request, Io& io);
ExitCode RunScore(const Request& request, Io& io);
ExitCode RunZoo(const Request& request, Io& io);
ExitCode RunIr(const Request& request, Io& io);
ExitCode RunExplain(const Request& request, Io& io);
ExitCode RunExport(const Request& request, Io& io);
ExitCode RunOps(const Request& request, Io& io);
ExitCode RunPassList(const Request& request, Io& io);
ExitCode RunPatterns(const Request& request, Io& io);
ExitCode RunTargets(const Request& request, Io& io);
ExitCode RunRuntimes(const Request& request, Io& io);
ExitCode RunValidate(const Request& request, Io& io);
ExitCode RunCalibrate(const Request& request, Io& io);
ExitCode RunHelp(const Request& request, Io& io);

}  // namespace assay

#endif  // ASSAY_CLI_COMMANDS_H_
