#include "passes/concurrency.h"

#include <algorithm>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "passes/passes_test_util.h"

namespace assay {
namespace {

using Edges = std::vector<std::pair<int32_t, int32_t>>;

// The obvious way: try every set of nodes.
int SlowLargestAntichain(int n, const Edges& edges) {
  std::vector<std::vector<bool>> reaches(n, std::vector<bool>(n, false));
  for (auto [u, v] : edges) reaches[u][v] = true;
  for (int k = 0; k < n; ++k) {
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < n; ++j) {
        if (reaches[i][k] && reaches[k][j]) reaches[i][j] = true;
      }
    }
  }
  int best = 0;
  for (int set = 0; set < (1 << n); ++set) {
    bool independent = true;
    for (int i = 0; i < n && independent; ++i) {
      for (int j = 0; j < n && independent; ++j) {
        independent = !((set >> i & 1) && (set >> j & 1) && reaches[i][j]);
      }
    }
    if (independent) best = std::max(best, __builtin_popcount(static_cast<unsigned>(set)));
  }
  return best;
}

TEST(LargestAntichain, IsThatOfEverySetTried) {
  std::mt19937 random(7);
  for (int round = 0; round < 400; ++round) {
    const int n = 1 + static_cast<int>(random() % 10);
    const int density = 1 + static_cast<int>(random() % 9);
    Edges edges;
    for (int u = 0; u < n; ++u) {
      for (int v = u + 1; v < n; ++v) {
        if (static_cast<int>(random() % 10) < density) edges.emplace_back(u, v);
      }
    }
    const Antichain found = LargestAntichain(n, edges, 1'000'000);
    ASSERT_TRUE(found.exact);
    ASSERT_EQ(found.at_most, SlowLargestAntichain(n, edges))
        << "round " << round << ", " << n << " nodes, " << edges.size() << " edges";
  }
}

TEST(LargestAntichain, KnownShapes) {
  EXPECT_EQ(LargestAntichain(0, {}, 1000).at_most, 0);
  EXPECT_EQ(LargestAntichain(5, {}, 1000).at_most, 5);
  EXPECT_EQ(LargestAntichain(3, Edges{{0, 1}, {1, 2}}, 1000).at_most, 1);
  // Two forks one after the other, joined by one node.
  const Edges forks = {{0, 1}, {0, 2}, {1, 3}, {2, 3}, {3, 4}, {3, 5}, {4, 6}, {5, 6}};
  EXPECT_EQ(LargestAntichain(7, forks, 1000).at_most, 2);
}

TEST(LargestAntichain, GivesUpWithinItsBound) {
  Edges edges;
  for (int i = 0; i + 1 < 1000; ++i) edges.emplace_back(i, i + 1);
  EXPECT_FALSE(LargestAntichain(1000, edges, 10).exact);
  EXPECT_GE(LargestAntichain(1000, edges, 10).at_most, 1);
  EXPECT_TRUE(LargestAntichain(1000, edges, 100'000).exact);
  EXPECT_EQ(LargestAntichain(1000, edges, 100'000).at_most, 1);
}

TEST(Concurrency, ResidualBlocksHaveWidthTwo) {
  Analyzed run(R"(
    arg %x: f32[1, 8, 4, 4]
    weight %w = f32[8, 8, 1, 1]
    %c1 = Conv(%x, %w)
    %r1 = Relu(%c1)
    %c2 = Conv(%r1, %w)
    %down = Conv(%x, %w)
    %a = Add(%c2, %down)
    %r2 = Relu(%a)
    return %r2
  )");
  ASSERT_TRUE(run.ok());
  const Concurrency& c = *run->concurrency;
  EXPECT_EQ(c.stages, 5);  // c1 r1 c2 a r2
  EXPECT_EQ(c.width, 2);
  EXPECT_EQ(c.widest_stage, 2);  // c1 beside down
  EXPECT_EQ(c.stage_of[run.op("Conv", 2).index], 0);
  EXPECT_EQ(c.stage_of[run.op("Add").index], 3);
  const double conv = 8 * 8 * 16;
  EXPECT_EQ(c.critical_macs, 2 * conv);
  EXPECT_EQ(c.critical_flops, 2 * 2 * conv + 8 * 16);  // and the Add; Relu compares
  EXPECT_EQ(c.critical_nodes,
            (std::vector<int32_t>{run.op("Conv", 0).index, run.op("Relu", 0).index,
                                  run.op("Conv", 1).index, run.op("Add").index,
                                  run.op("Relu", 1).index}));
  EXPECT_EQ(c.average_parallelism, (3 * 2 * conv + 8 * 16) / c.critical_flops);
}

// Two products side by side, then one: work 3, span 2.
TEST(Concurrency, SpeedUpLiesBetweenGrahamsBoundAndWorkOverSpan) {
  Analyzed run(R"(
    arg %x: f32[4, 8]
    weight %w = f32[8, 8]
    %a = MatMul(%x, %w)
    %b = MatMul(%x, %w)
    %c = Concat(%a, %b) {axis = 0}
    %d = MatMul(%c, %w)
    return %d
  )");
  ASSERT_TRUE(run.ok());
  const Concurrency& c = *run->concurrency;
  const double one = 2 * 4 * 8 * 8;  // d has twice the rows
  EXPECT_EQ(c.critical_flops, one + 2 * one);
  ASSERT_EQ(c.profile.size(), 3u);
  EXPECT_EQ(c.profile[0].nodes, 2);
  EXPECT_EQ(c.profile[0].flops, 2 * one);
  EXPECT_EQ(c.profile[2].macs, one);
  ASSERT_EQ(c.speedups.size(), 2u);
  EXPECT_EQ(c.speedups[0].at_least, 1);
  EXPECT_EQ(c.speedups[0].at_most, 1);
  EXPECT_EQ(c.speedups[1].processors, 2);
  EXPECT_DOUBLE_EQ(c.speedups[1].at_most, 4.0 / 3);                   // work / span
  EXPECT_DOUBLE_EQ(c.speedups[1].at_least, 4 / (4 / 2.0 + 3 / 2.0));  // T2 <= 4/2 + (1 - 1/2) * 3
}

TEST(Concurrency, ViewsAndWeightsAreNoStages) {
  Analyzed run(R"(
    arg %x: f32[4, 8]
    weight %w = f32[8, 8]
    weight %shape = i64[3] {2, 2, 8}
    %t = Transpose(%w) {perm = [1, 0]}
    %m = MatMul(%x, %t)
    %v = Reshape(%m, %shape)
    %r = Relu(%v)
    return %r
  )");
  EXPECT_EQ(run->concurrency->stages, 2);
  EXPECT_EQ(run->concurrency->width, 1);
  EXPECT_EQ(run->concurrency->stage_of[run.op("Reshape").index], -1);
}

TEST(Concurrency, ALoopIsOneNodeWithItsBody) {
  Analyzed run(R"(
    arg %x: f32[4]
    weight %n = i64[] {5}
    weight %yes = bool[] {1}
    %before = Exp(%x)
    %beside = Neg(%x)
    %y = Loop(%n, %yes, %x) {
      body = {
        arg %i: i64[]
        arg %c: bool[]
        arg %s: f32[4]
        %v = Add(%s, %before)
        %w = Mul(%v, %v)
        return %c, %w
      }
    }
    %z = Add(%y, %beside)
    return %z
  )");
  ASSERT_TRUE(run.ok());
  const Concurrency& c = *run->concurrency;
  EXPECT_EQ(c.stages, 3);  // Exp, Loop, Add
  EXPECT_EQ(c.width, 2);   // Exp or the Loop, beside Neg
  EXPECT_EQ(c.stage_of[run.op("Mul").index], c.stage_of[run.op("Loop").index]);
  EXPECT_EQ(c.critical_flops, 5 * (4 + 4) + 4);
}

}  // namespace
}  // namespace assay
