#include <csignal>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/io.h"

int main(int argc, char** argv) {
  // A closed pipe shows as a failed write, not as a signal.
  signal(SIGPIPE, SIG_IGN);
  std::vector<std::string> args(argv + (argc > 0 ? 1 : 0), argv + argc);
  assay::ProcessIo io;
  return assay::RunAssay(args, io);
}
