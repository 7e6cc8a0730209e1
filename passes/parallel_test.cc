#include "passes/parallel.h"

#include <atomic>
#include <vector>

#include "gtest/gtest.h"

namespace assay {
namespace {

TEST(ParallelFor, CoversEachIndexOnceInPiecesOfTheGrain) {
  for (int threads : {1, 2, 16}) {
    std::vector<int> times(10'007, 0);
    std::atomic<int> bad_pieces{0};
    ParallelFor(10'007, 100, threads, [&](int64_t begin, int64_t end) {
      if (threads > 1 && (begin % 100 != 0 || end - begin > 100)) ++bad_pieces;
      for (int64_t i = begin; i < end; ++i) ++times[i];
    });
    EXPECT_EQ(bad_pieces, 0);
    for (int t : times) ASSERT_EQ(t, 1);
  }
}

TEST(ParallelFor, LittleWorkIsOneCall) {
  int calls = 0;
  ParallelFor(100, 100, 16, [&](int64_t begin, int64_t end) {
    ++calls;
    EXPECT_EQ(begin, 0);
    EXPECT_EQ(end, 100);
  });
  ParallelFor(0, 100, 16, [&](int64_t, int64_t) { ++calls; });
  EXPECT_EQ(calls, 1);
}

TEST(RunTasks, EachOnceAndAfterThoseItWaitsFor) {
  for (int threads : {1, 2, 16}) {
    // A ladder: task i waits for i - 1 and i - 3.
    constexpr int kTasks = 200;
    std::vector<std::atomic<int>> done(kTasks);
    std::atomic<int> early{0};
    std::vector<Task> tasks;
    for (int i = 0; i < kTasks; ++i) {
      std::vector<int> after;
      if (i >= 1 && i % 5 != 0) after.push_back(i - 1);
      if (i >= 3) after.push_back(i - 3);
      tasks.push_back({[&, i, after] {
                         for (int b : after) early += done[b].load() != 1;
                         ++done[i];
                       },
                       after});
    }
    RunTasks(tasks, threads);
    EXPECT_EQ(early, 0);
    for (const std::atomic<int>& d : done) ASSERT_EQ(d.load(), 1);
  }
}

TEST(ResolveThreads, ZeroMeansTheMachine) {
  EXPECT_GE(ResolveThreads(0), 1);
  EXPECT_EQ(ResolveThreads(3), 3);
}

}  // namespace
}  // namespace assay
