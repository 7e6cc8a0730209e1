#include "passes/arena.h"

#include <algorithm>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "passes/memory.h"

namespace assay {
namespace {

using Buffers = std::vector<Memory::Buffer>;

double Least(const Buffers& buffers) {
  double least = 0;
  for (const Memory::Buffer& at : buffers) {
    double live = 0;
    for (const Memory::Buffer& b : buffers) {
      if (b.from <= at.from && at.from <= b.to) live += b.bytes;
    }
    least = std::max(least, live);
  }
  return least;
}

// No two that live together overlap, and the top is what the plan says.
void ExpectSound(const Buffers& buffers, const ArenaPlan& plan) {
  ASSERT_EQ(plan.offsets.size(), buffers.size());
  double top = 0;
  for (size_t i = 0; i < buffers.size(); ++i) {
    const Memory::Buffer& a = buffers[i];
    EXPECT_GE(plan.offsets[i], 0);
    top = std::max(top, plan.offsets[i] + a.bytes);
    for (size_t j = 0; j < i; ++j) {
      const Memory::Buffer& b = buffers[j];
      if (a.to < b.from || b.to < a.from || a.bytes == 0 || b.bytes == 0) continue;
      EXPECT_TRUE(plan.offsets[i] + a.bytes <= plan.offsets[j] ||
                  plan.offsets[j] + b.bytes <= plan.offsets[i])
          << i << " and " << j << " overlap";
    }
  }
  EXPECT_EQ(top, plan.bytes);
}

Buffers RandomBuffers(std::mt19937& random, int n, int steps) {
  Buffers buffers;
  for (int i = 0; i < n; ++i) {
    Memory::Buffer b;
    b.bytes = static_cast<double>(random() % 64);
    b.from = static_cast<int32_t>(random() % steps);
    b.to = std::min<int32_t>(steps - 1, b.from + static_cast<int32_t>(random() % 6));
    buffers.push_back(b);
  }
  return buffers;
}

// Every order of placing by first fit: the best of them is the best plan there is (some order of
// any optimal plan's buffers by offset leads first fit to one that is as small).
double BestOfAllOrders(const Buffers& buffers) {
  std::vector<int> order(buffers.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
  double best = 1e300;
  do {
    std::vector<double> offset(buffers.size(), -1);
    double top = 0;
    for (int i : order) {
      double low = 0;
      for (bool moved = true; moved;) {
        moved = false;
        for (size_t j = 0; j < buffers.size(); ++j) {
          const bool apart = buffers[j].to < buffers[i].from || buffers[i].to < buffers[j].from;
          if (offset[j] < 0 || apart || low >= offset[j] + buffers[j].bytes ||
              low + buffers[i].bytes <= offset[j]) {
            continue;
          }
          low = offset[j] + buffers[j].bytes;
          moved = true;
        }
      }
      offset[i] = low;
      top = std::max(top, low + buffers[i].bytes);
    }
    best = std::min(best, top);
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

TEST(PackArena, ExampleOfTheHeader) {
  // 10 and 20 together, then 20 and 25: 25 does not fit where 10 was.
  const Buffers buffers = {{.bytes = 10, .from = 0, .to = 1},
                           {.bytes = 20, .from = 0, .to = 2},
                           {.bytes = 25, .from = 2, .to = 3}};
  const ArenaPlan plan = PackArena(buffers, 20 + 25, 100);
  ExpectSound(buffers, plan);
  EXPECT_EQ(plan.bytes, 20 + 25);
  EXPECT_EQ(PackArena({}, 0, 100).bytes, 0);
}

TEST(PackArena, BeyondItsBoundItPacksByBirth) {
  const Buffers buffers = {{.bytes = 10, .from = 0, .to = 1},
                           {.bytes = 20, .from = 0, .to = 2},
                           {.bytes = 25, .from = 2, .to = 3}};
  const ArenaPlan plan = PackArena(buffers, 45, 1);
  ExpectSound(buffers, plan);
  EXPECT_EQ(plan.heuristic, "best fit");
  EXPECT_EQ(plan.bytes, 10 + 20 + 25);  // 25 comes when 10 and 20 have their places
}

TEST(PackArena, NeverOverlapsAndIsNearTheBest) {
  std::mt19937 random(5);
  int best = 0;
  constexpr int kRounds = 200;
  for (int round = 0; round < kRounds; ++round) {
    const Buffers buffers = RandomBuffers(random, 6, 5);
    const ArenaPlan plan = PackArena(buffers, Least(buffers), 10'000);
    ExpectSound(buffers, plan);
    const double least = BestOfAllOrders(buffers);
    EXPECT_GE(plan.bytes, least);
    EXPECT_GE(least, Least(buffers));
    best += plan.bytes == least;
  }
  EXPECT_GE(best, kRounds * 9 / 10);
}

TEST(PackArena, LargeOnesAreSoundUnderEveryBound) {
  std::mt19937 random(6);
  for (int64_t pairs : {0, 1000, 100'000}) {
    const Buffers buffers = RandomBuffers(random, 400, 120);
    const ArenaPlan plan = PackArena(buffers, Least(buffers), pairs);
    ExpectSound(buffers, plan);
    EXPECT_GE(plan.bytes, Least(buffers));
  }
}

}  // namespace
}  // namespace assay
