#include "passes/parallel.h"

#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace assay {
namespace {

// Runs fn with that many threads at its disposal, also where the machine has fewer.
template <class F>
void WithThreads(int threads, F&& fn) {
  threads = ResolveThreads(threads);
  tbb::global_control allow(tbb::global_control::max_allowed_parallelism,
                            static_cast<size_t>(threads));
  tbb::task_arena(threads).execute(fn);
}

// Tasks spawn those that wait for them alone; a task runs when its count comes to zero.
class TaskRun {
 public:
  explicit TaskRun(absl::Span<const Task> tasks)
      : tasks_(tasks), waiting_(tasks.size()), then_(tasks.size()) {
    for (size_t i = 0; i < tasks.size(); ++i) {
      waiting_[i].store(static_cast<int>(tasks[i].after.size()), std::memory_order_relaxed);
      for (int before : tasks[i].after) then_[before].push_back(static_cast<int>(i));
    }
  }
  void Run() {
    for (size_t i = 0; i < tasks_.size(); ++i) {
      if (tasks_[i].after.empty()) Spawn(static_cast<int>(i));
    }
    group_.wait();
  }

 private:
  void Spawn(int i) {
    group_.run([this, i] {
      tasks_[i].run();
      for (int next : then_[i]) {
        if (waiting_[next].fetch_sub(1, std::memory_order_acq_rel) == 1) Spawn(next);
      }
    });
  }

  absl::Span<const Task> tasks_;
  std::vector<std::atomic<int>> waiting_;
  std::vector<std::vector<int>> then_;
  tbb::task_group group_;
};

}  // namespace

int ResolveThreads(int threads) {
  if (threads > 0) return threads;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

void ParallelFor(int64_t n, int64_t grain, int threads,
                 absl::FunctionRef<void(int64_t begin, int64_t end)> fn) {
  if (n <= 0) return;
  if (threads == 1 || n <= grain) {
    fn(0, n);
    return;
  }
  const int64_t pieces = (n + grain - 1) / grain;
  WithThreads(threads, [&] {
    tbb::parallel_for(
        tbb::blocked_range<int64_t>(0, pieces, 1),
        [&](const tbb::blocked_range<int64_t>& r) {
          for (int64_t i = r.begin(); i < r.end(); ++i) fn(i * grain, std::min(n, (i + 1) * grain));
        },
        tbb::simple_partitioner());
  });
}

void RunTasks(absl::Span<const Task> tasks, int threads) {
  if (threads == 1 || tasks.size() < 2) {
    for (const Task& task : tasks) task.run();
    return;
  }
  WithThreads(threads, [&] { TaskRun(tasks).Run(); });
}

}  // namespace assay
