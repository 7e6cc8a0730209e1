#include "analyzer/zoo/worker.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace assay {
namespace {

[[noreturn]] void OutOfMemory() { _exit(kWorkerOutOfMemory); }

// Memory that is the process's own, heaps above all; files that are mapped do not count.
void LimitMemory() {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  const char* text = std::getenv(kWorkerMemory);
  int64_t bytes = 0;
  if (text == nullptr || !absl::SimpleAtoi(text, &bytes) || bytes <= 0) return;
  std::ifstream statm("/proc/self/statm");
  int64_t total = 0, resident = 0, shared = 0, program = 0, library = 0, data = 0;
  statm >> total >> resident >> shared >> program >> library >> data;
  const rlim_t limit = static_cast<rlim_t>(bytes + data * sysconf(_SC_PAGESIZE));
  const rlimit both = {limit, limit};
  setrlimit(RLIMIT_DATA, &both);
#endif
  std::set_new_handler(OutOfMemory);
}

bool WriteAll(absl::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(STDOUT_FILENO, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

// For tests of what cannot be had otherwise: "hang:NAME" does to a model whose name ends so what
// the word says.
void Misbehave(const std::string& name) {
  const char* fault = std::getenv("ASSAY_SCORE_FAULT");
  if (fault == nullptr) return;
  absl::string_view what = fault;
  const size_t colon = what.find(':');
  if (colon == what.npos || !absl::EndsWith(name, what.substr(colon + 1))) return;
  what = what.substr(0, colon);
  if (what == "crash") std::abort();
  if (what == "hang") absl::SleepFor(absl::InfiniteDuration());
  if (what == "eat") {
    for (size_t size = 1 << 20;; size *= 2) {
      char* block = new char[size];
      std::memset(block, 1, size);
    }
  }
}

}  // namespace

int RunWorker(
    absl::FunctionRef<std::vector<ScoreRow>(const std::string& path, const std::string& name)>
        score) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGINT, SIG_IGN);  // the terminal's; the run ends in good order
  const rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  LimitMemory();
  std::string in;
  char block[1 << 14];
  while (true) {
    const size_t path_end = in.find('\0');
    const size_t name_end = path_end == in.npos ? in.npos : in.find('\0', path_end + 1);
    if (name_end == in.npos) {
      const ssize_t n = read(STDIN_FILENO, block, sizeof block);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return 0;
      in.append(block, static_cast<size_t>(n));
      continue;
    }
    const std::string path = in.substr(0, path_end);
    const std::string name = in.substr(path_end + 1, name_end - path_end - 1);
    in.erase(0, name_end + 1);
    Misbehave(name);
    const auto start = std::chrono::steady_clock::now();
    std::string out;
    for (const ScoreRow& row : score(path, name)) AppendJsonLine(row, &out);
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    absl::StrAppend(&out, ".", seconds, "\n");
    if (!WriteAll(out)) return 0;
  }
}

}  // namespace assay
