// LargestAntichain (passes/concurrency.h): minimum flow with a lower bound of 1 on every node.
//
// The state is a flow from a source to a sink: `starts` and `ends` units enter and leave at each
// node, `through` units pass it (at least 1), `along` units pass each edge. The flow's value is the
// number of chains. A walk in the residual network from where a chain ends to where one starts,
// forward along any edge or back along one that carries flow, takes one chain away: the chain that
// ended goes on as the other.
#include <algorithm>
#include <vector>

#include "passes/concurrency.h"

namespace assay {
namespace {

class MinimumFlow {
 public:
  MinimumFlow(int n, absl::Span<const std::pair<int32_t, int32_t>> edges, int64_t max_steps)
      : n_(n), steps_left_(max_steps), starts_(n, 0), ends_(n, 0), through_(n, 0) {
    std::vector<std::pair<int32_t, int32_t>> sorted(edges.begin(), edges.end());
    if (!std::is_sorted(sorted.begin(), sorted.end())) std::sort(sorted.begin(), sorted.end());
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    out_begin_.assign(n + 1, 0);
    in_begin_.assign(n + 1, 0);
    for (auto [u, v] : sorted) {
      ++out_begin_[u + 1];
      ++in_begin_[v + 1];
    }
    for (int i = 0; i < n; ++i) {
      out_begin_[i + 1] += out_begin_[i];
      in_begin_[i + 1] += in_begin_[i];
    }
    from_.resize(sorted.size());
    to_.resize(sorted.size());
    in_.resize(sorted.size());
    along_.assign(sorted.size(), 0);
    std::vector<int32_t> next(in_begin_.begin(), in_begin_.end() - 1);
    for (size_t e = 0; e < sorted.size(); ++e) {
      from_[e] = sorted[e].first;
      to_[e] = sorted[e].second;
      in_[next[to_[e]]++] = static_cast<int32_t>(e);
    }
  }

  Antichain Run() {
    Cover();
    while (true) {
      switch (TakeOneAway()) {
        case Round::kTaken:
          break;
        case Round::kMinimal:
          return {.at_most = chains_, .exact = true};
        case Round::kGaveUp:
          return {.at_most = chains_, .exact = false};
      }
    }
  }

 private:
  enum class Round { kTaken, kMinimal, kGaveUp };

  // A first cover. A node goes on with the chains that wait at its predecessors: with all of them
  // where it is the last that could, else with one; without any it starts a chain.
  void Cover() {
    for (int32_t v = 0; v < n_; ++v) {
      for (int32_t i = in_begin_[v]; i < in_begin_[v + 1]; ++i) {
        const int32_t e = in_[i], u = from_[e];
        const bool last = e + 1 == out_begin_[u + 1];
        const int32_t take = last ? ends_[u] : std::min(ends_[u], through_[v] == 0 ? 1 : 0);
        along_[e] += take;
        ends_[u] -= take;
        through_[v] += take;
      }
      if (through_[v] == 0) {
        through_[v] = starts_[v] = 1;
        ++chains_;
      }
      ends_[v] = through_[v];
    }
  }

  // States of the search: 2v is the entry of node v, 2v + 1 its exit.
  Round TakeOneAway() {
    constexpr int32_t kNew = -1, kRoot = -2;
    came_from_.assign(2 * n_, kNew);
    came_by_.resize(2 * n_);
    queue_.clear();
    for (int32_t v = 0; v < n_; ++v) {
      if (ends_[v] > 0) {
        came_from_[2 * v + 1] = kRoot;
        queue_.push_back(2 * v + 1);
      }
    }
    steps_left_ -= n_;
    auto reach = [&](int32_t state, int32_t from, int32_t edge) {
      if (came_from_[state] != kNew) return;
      came_from_[state] = from;
      came_by_[state] = edge;
      queue_.push_back(state);
    };
    for (size_t head = 0; head < queue_.size(); ++head) {
      if (steps_left_ < 0) return Round::kGaveUp;
      const int32_t state = queue_[head], v = state / 2;
      if (state % 2 == 1) {
        if (through_[v] > 1) reach(2 * v, state, -1);
        for (int32_t e = out_begin_[v]; e < out_begin_[v + 1]; ++e) reach(2 * to_[e], state, e);
        steps_left_ -= out_begin_[v + 1] - out_begin_[v] + 1;
      } else {
        if (starts_[v] > 0) {
          Undo(state);
          return Round::kTaken;
        }
        reach(2 * v + 1, state, -1);
        for (int32_t i = in_begin_[v]; i < in_begin_[v + 1]; ++i) {
          if (along_[in_[i]] > 0) reach(2 * from_[in_[i]] + 1, state, in_[i]);
        }
        steps_left_ -= in_begin_[v + 1] - in_begin_[v] + 1;
      }
    }
    return Round::kMinimal;
  }

  void Undo(int32_t state) {
    --starts_[state / 2];
    --chains_;
    while (came_from_[state] >= 0) {
      const int32_t from = came_from_[state], edge = came_by_[state];
      const bool at_exit = from % 2 == 1;
      if (edge >= 0) {
        along_[edge] += at_exit ? 1 : -1;  // forward leaves an exit, back leaves an entry
      } else {
        through_[from / 2] += at_exit ? -1 : 1;
      }
      state = from;
    }
    --ends_[state / 2];
  }

  const int32_t n_;
  int64_t steps_left_;
  int chains_ = 0;
  std::vector<int32_t> starts_, ends_, through_;    // by node
  std::vector<int32_t> from_, to_, along_;          // by edge, in order of its ends
  std::vector<int32_t> out_begin_, in_begin_, in_;  // edges by node; in_ lists them by their target
  std::vector<int32_t> came_from_, came_by_, queue_;
};

}  // namespace

Antichain LargestAntichain(int n, absl::Span<const std::pair<int32_t, int32_t>> edges,
                           int64_t max_steps) {
  return n == 0 ? Antichain() : MinimumFlow(n, edges, max_steps).Run();
}

}  // namespace assay
