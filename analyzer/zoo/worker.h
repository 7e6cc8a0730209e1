// Models are scored in processes of their own, so that what one of them does to its process is done
// to no other: a worker that crashes, hangs or eats memory is ended, its model recorded, and a
// fresh one started in its place. A worker is this program again, by exec.
//
//   to a worker      PATH \0 NAME \0                            one model
//   from a worker    {"path": ..., ...} \n ...  . SECONDS \n    its rows, and how long it took
//
// A worker ends when its input does, and when the process that started it is gone.
#ifndef ASSAY_ANALYZER_ZOO_WORKER_H_
#define ASSAY_ANALYZER_ZOO_WORKER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "analyzer/zoo/score_row.h"

namespace assay {

// In the environment of a worker: the bytes that it may have besides what it started with.
inline constexpr char kWorkerMemory[] = "ASSAY_SCORE_WORKER";

inline constexpr int kWorkerOutOfMemory = 75;  // exit status of one that needed more

// A worker's life: reads models from standard input, writes rows to standard output. Returns the
// exit status.
int RunWorker(
    absl::FunctionRef<std::vector<ScoreRow>(const std::string& path, const std::string& name)>
        score);

struct WorkerTask {
  std::string path, name;
};

// What became of a task.
struct WorkerResult {
  absl::string_view status = kScored;  // kScored: see the rows' own; else none came
  std::string error;                   // what to say then
  std::vector<ScoreRow> rows;
  double seconds = 0;  // that it took
};

struct PoolOptions {
  std::vector<std::string> command;  // of a worker: program and arguments
  int jobs = 1;
  double time_limit_s = 60;  // of one model
  int64_t memory_bytes = 0;  // of one worker; 0: no limit
  double tick_s = 0.2;       // how often to call `tick`
  std::function<void()> tick = [] {};
  std::function<bool()> stop = [] { return false; };  // asked at every tick and result
};

// Runs all tasks, `jobs` at a time, in their order, and gives each to `done` once, as they end. An
// error: a worker cannot be started, or what `done` returned, which ends the run.
absl::Status RunInWorkers(absl::Span<const WorkerTask> tasks, const PoolOptions& options,
                          absl::FunctionRef<absl::Status(size_t task, WorkerResult result)> done);

}  // namespace assay

#endif  // ASSAY_ANALYZER_ZOO_WORKER_H_
