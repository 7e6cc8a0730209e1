#include "passes/region_search.h"

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/numeric/bits.h"
#include "absl/types/span.h"

namespace assay {
namespace {

// A group that may still grow. `before` and `behind` hold nodes of open groups.
struct Open {
  NodeSet nodes = 0;
  NodeSet before = 0;  // it waits for them
  NodeSet behind = 0;  // subset of before: it waits for a finished group that waits for them
};

// A node of a finished group that a node to come waits for.
struct Live {
  int node = 0;
  NodeSet before = 0;  // nodes of open groups that its group waits for; never empty
};

// One way to have placed the nodes so far.
struct Way {
  absl::InlinedVector<Open, 4> open;  // by smallest node
  absl::InlinedVector<Live, 2> live;  // by node
  double bytes = 0;                   // of the finished groups
  int groups = 0;                     // finished ones
  int32_t history = -1;               // the last group finished
};

using Key = absl::InlinedVector<NodeSet, 16>;

Key KeyOf(const Way& way) {
  Key key;
  for (const Open& g : way.open) key.insert(key.end(), {g.nodes, g.before, g.behind});
  for (const Live& l : way.live) {
    key.insert(key.end(), {NodeSet{0}, static_cast<NodeSet>(l.node), l.before});
  }
  return key;
}

class Solver {
 public:
  Solver(const RegionProblem& problem, const RegionLimits& limits)
      : problem_(problem), limits_(limits), readers_(problem.size(), 0) {
    for (int i = 0; i < problem.size(); ++i) {
      ForEach(problem.preds[i], [&](int p) { readers_[p] |= Bit(i); });
    }
  }

  RegionSolution Run() {
    ways_.emplace_back();
    for (int i = 0; i < problem_.size(); ++i) {
      next_.clear();
      index_.clear();
      to_come_ = i + 1 < 64 ? ~NodeSet{0} << (i + 1) : 0;
      const int64_t before = steps_;
      for (const Way& way : ways_) Place(way, i);
      const int64_t per_way = (steps_ - before) / static_cast<int64_t>(ways_.size());
      ways_.swap(next_);
      Trim(MayKeep(problem_.size() - i - 1, std::max<int64_t>(1, per_way)));
    }
    // Every group is finished now, so there is one way left.
    RegionSolution out;
    out.cost = ways_[0].bytes;
    for (int32_t h = ways_[0].history; h >= 0; h = history_[h].second) {
      out.groups.push_back(history_[h].first);
    }
    std::sort(out.groups.begin(), out.groups.end(),
              [](NodeSet a, NodeSet b) { return absl::countr_zero(a) < absl::countr_zero(b); });
    out.exact = exact_;
    out.steps = steps_;
    return out;
  }

 private:
  NodeSet Union(const std::vector<NodeSet>& sets, NodeSet nodes) const {
    NodeSet out = 0;
    ForEach(nodes, [&](int i) { out |= sets[i]; });
    return out;
  }

  double Cost(NodeSet nodes) {
    const auto [it, added] = costs_.try_emplace(nodes, 0);
    if (added) it->second = problem_.cost(nodes);
    return it->second;
  }

  // Node i as a group of its own, and joined with any of the open groups that it may join.
  void Place(const Way& way, int i) {
    absl::InlinedVector<int, 8> may;
    for (size_t g = 0; g < way.open.size(); ++g) {
      const NodeSet nodes = way.open[g].nodes;
      if ((problem_.joins[i] & nodes) != 0 && (problem_.conflicts[i] & nodes) == 0) {
        may.push_back(static_cast<int>(g));
      }
    }
    if (may.size() > 16) {
      may.resize(16);
      exact_ = false;
    }
    // What i itself waits for.
    NodeSet before = 0, behind = 0;
    for (const Open& g : way.open) {
      if ((problem_.preds[i] & g.nodes) == 0) continue;
      before |= g.nodes | g.before;
      behind |= g.behind;
    }
    for (const Live& l : way.live) {
      if ((problem_.preds[i] & Bit(l.node)) != 0) behind |= l.before;
    }
    before |= behind;
    for (uint32_t choice = 0; choice < (uint32_t{1} << may.size()); ++choice) {
      // Out of steps: one way to go on per way is enough, and the cheapest of the joins is not
      // known; by itself is always possible.
      if (steps_ >= limits_.steps && choice > 0) {
        exact_ = false;
        return;
      }
      Join(way, i, choice, may, before, behind);
    }
  }

  void Join(const Way& way, int i, uint32_t choice, absl::Span<const int> may, NodeSet before,
            NodeSet behind) {
    Open group{.nodes = Bit(i), .before = before, .behind = behind};
    NodeSet merged = 0;
    for (size_t m = 0; m < may.size(); ++m) {
      if ((choice >> m & 1) == 0) continue;
      const Open& g = way.open[may[m]];
      if ((Union(problem_.conflicts, g.nodes) & group.nodes) != 0) return;
      group.nodes |= g.nodes;
      group.before |= g.before;
      group.behind |= g.behind;
      merged |= Bit(may[m]);
    }
    steps_ += 1 + static_cast<int64_t>(way.open.size() + way.live.size()) / 2;
    if ((group.behind & group.nodes) != 0) return;
    group.before &= ~group.nodes;
    Way to;
    to.bytes = way.bytes;
    to.groups = way.groups;
    to.history = way.history;
    for (size_t g = 0; g < way.open.size(); ++g) {
      if ((merged >> g & 1) != 0) continue;
      Open& o = to.open.emplace_back(way.open[g]);
      if ((o.behind & group.nodes) != 0) o.behind |= group.nodes | group.before;
      if ((o.before & group.nodes) != 0) {
        o.before |= group.nodes | group.before;
        o.behind |= group.behind;
      }
      o.before &= ~o.nodes;
      if ((o.behind & o.nodes) != 0) return;
      // Two that wait for each other must become one.
      if ((o.before & group.nodes) != 0 && (group.before & o.nodes) != 0 &&
          (Union(problem_.conflicts, o.nodes) & group.nodes) != 0) {
        return;
      }
    }
    for (const Live& l : way.live) {
      Live& copy = to.live.emplace_back(l);
      if ((l.before & group.nodes) != 0) copy.before |= group.nodes | group.before;
    }
    const auto at = std::find_if(to.open.begin(), to.open.end(), [&](const Open& o) {
      return absl::countr_zero(o.nodes) > absl::countr_zero(group.nodes);
    });
    to.open.insert(at, group);
    if (Finish(&to)) Keep(std::move(to));
  }

  // Finishes the groups that no node to come may join. False when there may be no such group.
  bool Finish(Way* way) {
    for (size_t g = 0; g < way->open.size();) {
      const Open done = way->open[g];
      const NodeSet more = Union(problem_.joins, done.nodes) & to_come_;
      if (more != 0 && (more & ~Union(problem_.conflicts, done.nodes)) != 0) {
        ++g;
        continue;
      }
      const double bytes = Cost(done.nodes);
      if (bytes == kNoGroup) return false;
      way->bytes += bytes;
      ++way->groups;
      history_.emplace_back(done.nodes, way->history);
      way->history = static_cast<int32_t>(history_.size()) - 1;
      way->open.erase(way->open.begin() + static_cast<int>(g));
      for (Open& o : way->open) {
        if ((o.before & done.nodes) == 0) continue;
        if ((done.before & o.nodes) != 0) return false;
        o.behind |= done.before;
        o.before &= ~done.nodes;
        o.behind &= ~done.nodes;
      }
      for (Live& l : way->live) l.before &= ~done.nodes;
      if (done.before != 0) {
        ForEach(done.nodes, [&](int node) {
          if ((readers_[node] & to_come_) != 0) {
            way->live.push_back({.node = node, .before = done.before});
          }
        });
      }
    }
    auto past = [&](const Live& l) { return l.before == 0 || (readers_[l.node] & to_come_) == 0; };
    way->live.erase(std::remove_if(way->live.begin(), way->live.end(), past), way->live.end());
    std::sort(way->live.begin(), way->live.end(),
              [](const Live& a, const Live& b) { return a.node < b.node; });
    return true;
  }

  void Keep(Way way) {
    const auto [it, added] = index_.try_emplace(KeyOf(way), static_cast<int32_t>(next_.size()));
    if (added) {
      next_.push_back(std::move(way));
      return;
    }
    Way& other = next_[it->second];
    if (std::tie(way.bytes, way.groups) < std::tie(other.bytes, other.groups)) {
      other = std::move(way);
    }
  }

  // How many ways can go on: the next node may use a quarter of the steps that are left, or its
  // share, at what a way has cost at the last node.
  size_t MayKeep(int nodes_left, int64_t per_way) const {
    const int64_t left = limits_.steps - steps_;
    if (left <= 0) return 1;
    const int64_t share = std::max(left / 4, left / std::max(1, nodes_left)) / per_way;
    return static_cast<size_t>(std::clamp<int64_t>(share, 2, std::max(2, limits_.ways)));
  }

  // Keeps the ways that look cheapest, their open groups taken as they are, when there are more
  // than `most`.
  void Trim(size_t most) {
    if (ways_.size() <= most) return;
    exact_ = false;
    std::vector<std::pair<double, int32_t>> order;
    for (size_t w = 0; w < ways_.size(); ++w) {
      double bytes = ways_[w].bytes;
      for (const Open& g : ways_[w].open) {
        double c = Cost(g.nodes);
        if (c == kNoGroup) {
          c = 0;
          ForEach(g.nodes, [&](int node) { c += Cost(Bit(node)); });
        }
        bytes += c;
      }
      order.emplace_back(bytes, static_cast<int32_t>(w));
    }
    std::sort(order.begin(), order.end());
    // The way in which every node is by itself goes on from any prefix, so it is never dropped.
    std::vector<Way> kept;
    const int32_t apart = Apart();
    for (const auto& [bytes, w] : order) {
      if (kept.size() + 1 >= most) break;
      if (w != apart) kept.push_back(std::move(ways_[w]));
    }
    kept.push_back(std::move(ways_[apart]));
    ways_ = std::move(kept);
  }

  // The way whose open groups are all single nodes, with the least finished.
  int32_t Apart() const {
    int32_t best = -1;
    for (size_t w = 0; w < ways_.size(); ++w) {
      bool single = true;
      for (const Open& g : ways_[w].open) single &= (g.nodes & (g.nodes - 1)) == 0;
      if (single && (best < 0 || ways_[w].bytes < ways_[best].bytes)) {
        best = static_cast<int32_t>(w);
      }
    }
    return best;
  }

  const RegionProblem& problem_;
  const RegionLimits limits_;
  std::vector<NodeSet> readers_;  // by node
  NodeSet to_come_ = 0;
  std::vector<Way> ways_, next_;
  absl::flat_hash_map<Key, int32_t> index_;           // of next_
  std::vector<std::pair<NodeSet, int32_t>> history_;  // a group, and the one before it
  absl::flat_hash_map<NodeSet, double> costs_;
  int64_t steps_ = 0;
  bool exact_ = true;
};

}  // namespace

RegionSolution SolveRegion(const RegionProblem& problem, const RegionLimits& limits) {
  return Solver(problem, limits).Run();
}

}  // namespace assay
