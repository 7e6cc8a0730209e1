// The other end of the pipes: starts workers, hands out tasks, and watches over time and ends.
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "analyzer/units.h"
#include "analyzer/zoo/worker.h"

namespace assay {
namespace {

using Clock = std::chrono::steady_clock;

double Now() { return std::chrono::duration<double>(Clock::now().time_since_epoch()).count(); }

// A worker makes and forgets model after model of a few thousand small pieces. glibc's allocator,
// told to keep them at hand rather than merge them and give them back, does that a seventh faster.
constexpr char kAllocator[] =
    "GLIBC_TUNABLES=glibc.malloc.tcache_count=4096:glibc.malloc.trim_threshold=67108864:"
    "glibc.malloc.top_pad=4194304:glibc.malloc.mmap_threshold=1048576";

// A process, its two pipes, and the task that it has.
class Worker {
 public:
  Worker() = default;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    Close();
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      Reap();
    }
  }

  absl::Status Start(const PoolOptions& options) {
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) != 0) return Failed("pipe");
    if (pipe2(out, O_CLOEXEC) != 0) {
      absl::Status status = Failed("pipe");
      close(in[0]);
      close(in[1]);
      return status;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    std::vector<char*> words;
    for (const std::string& word : options.command)
      words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    const std::string memory = absl::StrCat(kWorkerMemory, "=", options.memory_bytes);
    std::vector<char*> variables = {const_cast<char*>(memory.c_str())};
    bool tuned = false;
    for (char** v = environ; *v != nullptr; ++v) {
      if (absl::StartsWith(*v, kWorkerMemory)) continue;
      tuned |= absl::StartsWith(*v, "GLIBC_TUNABLES=");
      variables.push_back(*v);
    }
    if (!tuned) variables.push_back(const_cast<char*>(kAllocator));
    variables.push_back(nullptr);
    const int error =
        posix_spawn(&pid_, words[0], &actions, nullptr, words.data(), variables.data());
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    to_ = in[1];
    from_ = out[0];
    if (error != 0) {
      pid_ = -1;
      errno = error;
      return Failed(options.command[0]);
    }
    return absl::OkStatus();
  }

  // A worker that is gone shows when its output ends.
  void Give(size_t task, const WorkerTask& what, double deadline) {
    task_ = task;
    busy_ = true;
    started_ = Now();
    deadline_ = deadline;
    std::string text = what.path;
    text += '\0';
    text += what.name;
    text += '\0';
    absl::string_view rest = text;
    while (!rest.empty()) {
      const ssize_t n = write(to_, rest.data(), rest.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return;
      rest.remove_prefix(static_cast<size_t>(n));
    }
  }

  enum class Read { kMore, kDone, kEnded };
  Read Take(WorkerResult* result) {
    char block[1 << 16];
    const ssize_t n = read(from_, block, sizeof block);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return Read::kMore;
    if (n <= 0) return Read::kEnded;
    text_.append(block, static_cast<size_t>(n));
    // The last line is ". SECONDS"; rows begin with a brace.
    if (text_.back() != '\n') return Read::kMore;
    const size_t last = text_.rfind('\n', text_.size() - 2) + 1;
    if (text_[last] != '.') return Read::kMore;
    absl::string_view all = text_;
    (void)absl::SimpleAtod(all.substr(last + 1, all.size() - last - 2), &result->seconds);
    for (size_t at = 0; at < last;) {
      const size_t end = all.find('\n', at);
      absl::StatusOr<ScoreRow> row = ParseJsonLine(all.substr(at, end - at));
      if (row.ok()) result->rows.push_back(*std::move(row));
      at = end + 1;
    }
    text_.clear();
    busy_ = false;
    return Read::kDone;
  }

  // Of one that ended by itself, in words.
  void SayEnd(WorkerResult* result, const PoolOptions& options) {
    const int status = Reap();
    result->status = kCrashed;
    if (WIFEXITED(status) && WEXITSTATUS(status) == kWorkerOutOfMemory) {
      result->status = kTooLarge;
      result->error =
          absl::StrCat("needs more than ", Bytes(static_cast<double>(options.memory_bytes)),
                       " of memory; give more with --memory-limit");
    } else if (WIFSIGNALED(status)) {
      result->error = absl::StrCat("its worker was ended by ", strsignal(WTERMSIG(status)),
                                   WTERMSIG(status) == SIGKILL
                                       ? "; is the machine out of memory?"
                                       : "; please report it, with the model if you can");
    } else {
      result->error = absl::StrCat("its worker ended with exit status ", WEXITSTATUS(status),
                                   "; please report it, with the model if you can");
    }
  }

  void Kill() { kill(pid_, SIGKILL); }

  bool busy() const { return busy_; }
  size_t task() const { return task_; }
  double deadline() const { return deadline_; }
  double started() const { return started_; }
  int from() const { return from_; }

 private:
  static absl::Status Failed(absl::string_view what) {
    return absl::InternalError(
        absl::StrCat("cannot start a worker: ", what, ": ", std::strerror(errno)));
  }
  void Close() {
    if (to_ >= 0) close(to_);
    if (from_ >= 0) close(from_);
    to_ = from_ = -1;
  }
  int Reap() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

  pid_t pid_ = -1;
  int to_ = -1, from_ = -1;
  std::string text_;
  bool busy_ = false;
  size_t task_ = 0;
  double started_ = 0, deadline_ = 0;
};

}  // namespace

absl::Status RunInWorkers(absl::Span<const WorkerTask> tasks, const PoolOptions& options,
                          absl::FunctionRef<absl::Status(size_t task, WorkerResult result)> done) {
  std::vector<std::unique_ptr<Worker>> workers;
  size_t next = 0;
  double ticked = Now();
  bool stopped = false;
  // A fresh one in the place of `worker`, or what there is to do for it.
  const auto start = [&](std::unique_ptr<Worker>* worker) -> absl::Status {
    *worker = std::make_unique<Worker>();
    return (*worker)->Start(options);
  };
  const auto give = [&](Worker* worker) {
    if (next >= tasks.size() || stopped) return;
    worker->Give(next, tasks[next], Now() + options.time_limit_s);
    ++next;
  };
  const size_t jobs = std::min(tasks.size(), static_cast<size_t>(std::max(1, options.jobs)));
  for (size_t i = 0; i < jobs; ++i) {
    workers.emplace_back();
    if (absl::Status status = start(&workers.back()); !status.ok()) return status;
    give(workers.back().get());
  }
  while (true) {
    std::vector<pollfd> waits;
    std::vector<size_t> whose;
    double until = ticked + options.tick_s;
    for (size_t i = 0; i < workers.size(); ++i) {
      if (!workers[i]->busy()) continue;
      waits.push_back({workers[i]->from(), POLLIN, 0});
      whose.push_back(i);
      until = std::min(until, workers[i]->deadline());
    }
    if (waits.empty()) return absl::OkStatus();
    const double wait_s = std::max(0.0, until - Now());
    const int ready = poll(waits.data(), waits.size(), static_cast<int>(wait_s * 1000) + 1);
    if (ready < 0 && errno != EINTR) {
      return absl::InternalError(absl::StrCat("poll: ", std::strerror(errno)));
    }
    for (size_t w = 0; w < waits.size(); ++w) {
      std::unique_ptr<Worker>& worker = workers[whose[w]];
      const size_t task = worker->task();
      WorkerResult result;
      if (ready > 0 && waits[w].revents != 0) {
        const Worker::Read read = worker->Take(&result);
        if (read == Worker::Read::kMore) continue;
        if (read == Worker::Read::kEnded) worker->SayEnd(&result, options);
      } else if (Now() >= worker->deadline()) {
        result.status = kTimedOut;
        result.error = absl::StrCat("took longer than ", Seconds(options.time_limit_s),
                                    "; give it more with --time-limit");
        worker->Kill();
      } else {
        continue;
      }
      if (result.status != kScored) result.seconds = Now() - worker->started();
      if (result.status != kScored && next < tasks.size()) {
        if (absl::Status status = start(&worker); !status.ok()) return status;
      } else if (result.status != kScored) {
        worker = std::make_unique<Worker>();  // ended, and nothing is left to do
      }
      give(worker.get());
      if (absl::Status status = done(task, std::move(result)); !status.ok()) return status;
    }
    if (Now() >= ticked + options.tick_s) {
      ticked = Now();
      options.tick();
    }
    stopped = stopped || options.stop();
  }
}

}  // namespace assay
