#include "passes/order.h"

#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "passes/memory.h"
#include "passes/passes_test_util.h"

namespace assay {
namespace {

Steps StepsOf(const Analyzed& run) {
  const Analysis& a = *run;
  return Steps::OfOps(run.graph(), *a.execution, *a.flow, a.numbers->value_bytes);
}

double PeakOf(const Steps& steps, const std::vector<int32_t>& order) {
  const std::vector<double> live = LiveBytes(Lifetimes(steps, order), steps.size(), false);
  return *std::max_element(live.begin(), live.end());
}

bool Respects(const Steps& steps, const std::vector<int32_t>& order) {
  std::vector<int32_t> place(steps.size(), -1);
  for (size_t i = 0; i < order.size(); ++i) place[order[i]] = static_cast<int32_t>(i);
  for (int32_t p : place) {
    if (p < 0) return false;
  }
  for (auto [u, v] : steps.UnitEdges()) {
    if (place[steps.unit_begin[u]] >= place[steps.unit_begin[v]]) return false;
  }
  return true;
}

// The least peak of all orders, each tried.
double Least(const Steps& steps) {
  const int n = steps.size();
  std::vector<std::vector<int>> before(n);
  for (auto [u, v] : steps.UnitEdges()) before[v].push_back(u);
  double least = 1e300;
  std::vector<int32_t> order;
  std::vector<bool> done(n, false);
  const std::function<void()> extend = [&] {
    if (static_cast<int>(order.size()) == n) {
      least = std::min(least, PeakOf(steps, order));
      return;
    }
    for (int s = 0; s < n; ++s) {
      if (done[s]) continue;
      bool ready = true;
      for (int u : before[s]) ready = ready && done[u];
      if (!ready) continue;
      done[s] = true;
      order.push_back(s);
      extend();
      order.pop_back();
      done[s] = false;
    }
  };
  extend();
  return least;
}

// Products and sums of results of four different widths, and products of halves.
std::string RandomNet(std::mt19937& random, int ops) {
  std::string text = "arg %v0: f32[4, 4]\n";
  for (int from = 1; from <= 4; ++from) {
    for (int to = 1; to <= 4; ++to) {
      absl::StrAppend(&text, "weight %w", from, to, " = f32[", from, ", ", to, "]\n");
    }
  }
  std::vector<int> width = {4};
  for (int i = 1; i <= ops; ++i) {
    const int a = static_cast<int>(random() % i), b = static_cast<int>(random() % i);
    if (random() % 2 == 0 && width[a] == width[b] && a != b) {
      absl::StrAppend(&text, "%v", i, " = Add(%v", a, ", %v", b, ")\n");
      width.push_back(width[a]);
    } else if (width[a] % 2 == 0 && random() % 3 == 0) {
      // Two buffers along one edge.
      absl::StrAppend(&text, "%p", i, ", %q", i, " = Split(%v", a, ") {axis = 1}\n");
      absl::StrAppend(&text, "%v", i, " = Mul(%p", i, ", %q", i, ")\n");
      width.push_back(width[a] / 2);
    } else {
      const int to = 1 + static_cast<int>(random() % 4);
      absl::StrAppend(&text, "%v", i, " = MatMul(%v", a, ", %w", width[a], to, ")\n");
      width.push_back(to);
    }
  }
  std::vector<std::string> results;
  for (int i = std::max(1, ops - 1); i <= ops; ++i) results.push_back(absl::StrCat("%v", i));
  return absl::StrCat(text, "return ", absl::StrJoin(results, ", "));
}

TEST(FindOrder, IsTheLeastOfAllOrdersOnSmallGraphs) {
  std::mt19937 random(3);
  int lower = 0;
  for (int round = 0; round < 120; ++round) {
    Analyzed run(RandomNet(random, 3 + static_cast<int>(random() % 6)));
    ASSERT_TRUE(run.ok());
    const Steps steps = StepsOf(run);
    const Order found = FindOrder(steps, 1'000'000);
    ASSERT_TRUE(Respects(steps, found.steps)) << "round " << round;
    EXPECT_TRUE(found.least);
    const double least = Least(steps);
    EXPECT_EQ(run->memory->best_peak_bytes, least) << "round " << round;
    EXPECT_LE(least, run->memory->peak_activation_bytes);
    lower += least < run->memory->peak_activation_bytes;
  }
  EXPECT_GT(lower, 10);  // that there was something to find
}

TEST(FindOrder, NeverWorseThanFileOrderUnderAnyBound) {
  std::mt19937 random(4);
  for (int round = 0; round < 12; ++round) {
    PassRequest request;
    request.fusions = {{.policy = "none"}};
    Analyzed run(RandomNet(random, 60), request);
    ASSERT_TRUE(run.ok());
    const Steps steps = StepsOf(run);
    for (int64_t effort : {0, 50, 5'000, 500'000}) {
      const Order found = FindOrder(steps, effort);
      EXPECT_TRUE(Respects(steps, found.steps));
    }
    EXPECT_LE(run->memory->best_peak_bytes, run->memory->peak_activation_bytes);
  }
}

// Four wide branches that each end narrow, in a file that begins them all before it ends one.
TEST(FindOrder, EndsOneBranchBeforeItBeginsTheNext) {
  std::string text =
      "arg %x: f32[1, 10]\nweight %up = f32[10, 1000]\nweight %down = f32[1000, 1]\n";
  for (int i = 0; i < 4; ++i) absl::StrAppend(&text, "%u", i, " = MatMul(%x, %up)\n");
  for (int i = 0; i < 4; ++i) absl::StrAppend(&text, "%d", i, " = MatMul(%u", i, ", %down)\n");
  absl::StrAppend(&text, "%y = Sum(%d0, %d1, %d2, %d3)\nreturn %y");
  Analyzed run(text);
  ASSERT_TRUE(run.ok());
  // In file order all four wide tensors stand beside the first narrow one; x dies at the last up.
  EXPECT_EQ(run->memory->peak_activation_bytes, 4 * (4 * 1000 + 10));
  // One after the other: x, one wide tensor, the narrow ones so far and the one that it becomes; at
  // the last branch x is gone by then.
  EXPECT_EQ(run->memory->best_peak_bytes, 4 * (10 + 1000 + 3));
  EXPECT_TRUE(run->memory->best_is_least);
}

TEST(FindOrder, WhatALoopHoldsMovesAsAWhole) {
  Analyzed run(R"(
    arg %x: f32[10]
    weight %n = i64[] {5}
    weight %yes = bool[] {1}
    %wide = Concat(%x, %x, %x, %x) {axis = 0}
    %y = Loop(%n, %yes, %x) {
      body = {
        arg %i: i64[]
        arg %c: bool[]
        arg %s: f32[10]
        %u = Add(%s, %s)
        %v = Relu(%u)
        return %c, %v
      }
    }
    %sum = ReduceSum(%wide) {keepdims = 1}
    %z = Add(%y, %sum)
    return %z
  )");
  ASSERT_TRUE(run.ok());
  const Steps steps = StepsOf(run);
  EXPECT_EQ(steps.units(), 4);  // Concat, the Loop with Add and Relu, ReduceSum, Add
  EXPECT_EQ(steps.size(), 6);
  EXPECT_TRUE(Respects(steps, FindOrder(steps, 1000).steps));
  // In file order `wide` waits through the loop, where u or v and y stand beside x; summed up first
  // it is 4 bytes.
  EXPECT_EQ(run->memory->peak_activation_bytes, 40 + 160 + 3 * 40);
  EXPECT_EQ(run->memory->best_peak_bytes, 40 + 160 + 4);
}

}  // namespace
}  // namespace assay
