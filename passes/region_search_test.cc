#include "passes/region_search.h"

#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "absl/numeric/bits.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

// The groups hang together, hold no conflict, and can run one after the other.
bool MayBe(const RegionProblem& problem, const std::vector<NodeSet>& groups) {
  for (NodeSet g : groups) {
    NodeSet met = g & -g;
    for (int i = 0; i < problem.size(); ++i) {
      if ((g & Bit(i)) == 0) continue;
      if ((problem.conflicts[i] & g) != 0) return false;
    }
    for (bool grown = true; grown;) {
      grown = false;
      for (int i = 0; i < problem.size(); ++i) {
        if ((g & Bit(i)) != 0 && (met & Bit(i)) == 0 && (problem.joins[i] & met) != 0) {
          met |= Bit(i);
          grown = true;
        }
      }
    }
    if (met != g) return false;
  }
  std::vector<NodeSet> left = groups;
  NodeSet done = 0;
  for (bool ran = true; ran;) {
    ran = false;
    for (size_t g = 0; g < left.size() && !ran; ++g) {
      NodeSet waits = 0;
      for (int i = 0; i < problem.size(); ++i) {
        if ((left[g] & Bit(i)) != 0) waits |= problem.preds[i];
      }
      if ((waits & ~left[g] & ~done) != 0) continue;
      done |= left[g];
      left.erase(left.begin() + static_cast<int>(g));
      ran = true;
    }
  }
  return left.empty();
}

// Every way to put the nodes into groups: each into one that is there, or a new one.
void Everything(const RegionProblem& problem, int node, std::vector<NodeSet>* groups,
                std::pair<double, size_t>* best) {
  if (node == problem.size()) {
    double cost = 0;
    for (NodeSet g : *groups) cost += problem.cost(g);
    const std::pair<double, size_t> here(cost, groups->size());
    if (cost < kNoGroup && here < *best && MayBe(problem, *groups)) *best = here;
    return;
  }
  for (size_t g = 0; g <= groups->size(); ++g) {
    const bool added = g == groups->size();
    if (added) groups->push_back(0);
    (*groups)[g] |= Bit(node);
    Everything(problem, node + 1, groups, best);
    (*groups)[g] &= ~Bit(node);
    if (added) {
      groups->pop_back();
      break;
    }
  }
}

// A random graph whose groups have random costs, some of them none.
struct Random {
  explicit Random(int seed, int nodes) : random(seed), salt(random()) {
    auto chance = [&](int percent) { return static_cast<int>(random() % 100) < percent; };
    const int edges = 15 + static_cast<int>(random() % 40), pairs = 30 + random() % 60;
    const int apart = random() % 20;
    preds.resize(nodes);
    joins.resize(nodes);
    conflicts.resize(nodes);
    for (int i = 0; i < nodes; ++i) {
      for (int j = 0; j < i; ++j) {
        if (chance(edges)) preds[i] |= Bit(j);
        if (chance(apart)) {
          conflicts[i] |= Bit(j);
          conflicts[j] |= Bit(i);
        } else if (chance(pairs)) {
          joins[i] |= Bit(j);
          joins[j] |= Bit(i);
        }
      }
    }
  }
  double Cost(NodeSet set) const {
    const int size = absl::popcount(set);
    if (size == 1) return 20;
    uint64_t mixed = (set ^ salt) * 0x9e3779b97f4a7c15;
    mixed = (mixed ^ mixed >> 31) * 0xbf58476d1ce4e5b9 >> 20;
    return mixed % 4 == 0 ? kNoGroup : 20 * size - static_cast<double>(mixed / 4 % (10 * size));
  }
  std::mt19937 random;
  uint64_t salt;
  std::vector<NodeSet> preds, joins, conflicts;
};

TEST(RegionSearch, IsTheBestOfAllSetPartitions) {
  int better = 0;
  for (int seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    const Random r(seed, 2 + seed % 7 + (seed % 100 == 99));
    auto cost = [&](NodeSet set) { return r.Cost(set); };
    const RegionProblem problem{r.preds, r.joins, r.conflicts, cost};
    const RegionSolution found = SolveRegion(problem, {.ways = 1 << 20, .steps = 1 << 24});
    EXPECT_TRUE(found.exact);
    EXPECT_TRUE(MayBe(problem, found.groups));
    std::vector<NodeSet> groups;
    std::pair<double, size_t> best(kNoGroup, 0);
    Everything(problem, 0, &groups, &best);
    EXPECT_EQ(found.cost, best.first);
    EXPECT_EQ(found.groups.size(), best.second);
    better += found.groups.size() + 1 < r.preds.size();
  }
  EXPECT_GT(better, 100);  // most problems have something to find
}

TEST(RegionSearch, GivesALegalAnswerWhenTheEffortEnds) {
  int gave_up = 0;
  for (int seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    const Random r(seed, 8);
    auto cost = [&](NodeSet set) { return r.Cost(set); };
    const RegionProblem problem{r.preds, r.joins, r.conflicts, cost};
    const RegionSolution best = SolveRegion(problem, {.ways = 1 << 20, .steps = 1 << 24});
    for (const RegionLimits& limits :
         {RegionLimits{.ways = 2, .steps = 1 << 20}, RegionLimits{.ways = 1024, .steps = 5}}) {
      const RegionSolution found = SolveRegion(problem, limits);
      EXPECT_TRUE(MayBe(problem, found.groups));
      EXPECT_GE(found.cost, best.cost);
      // At the end each of the 8 nodes is placed once more, among up to 8 groups, in few ways.
      EXPECT_LE(found.steps, limits.steps + 8 * (1 + 8 / 2) * 2);
      EXPECT_TRUE(!found.exact || found.cost == best.cost);
      gave_up += !found.exact;
    }
  }
  EXPECT_GT(gave_up, 50);
}

// A chain in which any stretch may be one group costs quadratically many steps, not exponentially.
TEST(RegionSearch, AChainIsCheap) {
  constexpr int kNodes = 64;
  std::vector<NodeSet> preds(kNodes), joins(kNodes);
  for (int i = 1; i < kNodes; ++i) {
    preds[i] = Bit(i - 1);
    joins[i] |= Bit(i - 1);
    joins[i - 1] |= Bit(i);
  }
  // At most 8 in a group; every group costs 1.
  auto cost = [](NodeSet set) { return absl::popcount(set) <= 8 ? 1.0 : kNoGroup; };
  const RegionProblem problem{preds, joins, std::vector<NodeSet>(kNodes), cost};
  const RegionSolution found = SolveRegion(problem, {});
  EXPECT_TRUE(found.exact);
  EXPECT_EQ(found.cost, kNodes / 8);
  EXPECT_LE(found.steps, kNodes * (kNodes + 1));
}

}  // namespace
}  // namespace assay
