// The only door to oneTBB. Nothing here starts it for one thread or for little work: the first task
// costs about a millisecond, more than the whole analysis of a model of a few thousand ops.
#ifndef ASSAY_PASSES_PARALLEL_H_
#define ASSAY_PASSES_PARALLEL_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"

namespace assay {

// The machine's threads when `threads` is 0; at least 1.
int ResolveThreads(int threads);

// Calls fn(begin, end) on disjoint pieces that cover [0, n), on up to `threads` threads. Pieces are
// multiples of `grain` long and depend on n and grain alone. fn writes slots of its own piece and
// reads nothing that another piece writes, so the result does not depend on the number of threads.
// Serial (one call) when threads is 1 or n <= grain.
void ParallelFor(int64_t n, int64_t grain, int threads,
                 absl::FunctionRef<void(int64_t begin, int64_t end)> fn);

// A task waits for those whose indices `after` lists; all are smaller than its own.
struct Task {
  std::function<void()> run;
  std::vector<int> after;
};

// Runs every task once, each as soon as those it waits for are done. With one thread: in order, on
// the calling thread.
void RunTasks(absl::Span<const Task> tasks, int threads);

}  // namespace assay

#endif  // ASSAY_PASSES_PARALLEL_H_
