#include "passes/arena.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

namespace assay {
namespace {

using Buffer = Memory::Buffer;

// First fit in an order of preference, over the pairs that live together.
class Packer {
 public:
  // `by_birth`: buffers with bytes, ascending by their first step.
  Packer(absl::Span<const Buffer> buffers, std::vector<int32_t> by_birth)
      : buffers_(buffers), by_birth_(std::move(by_birth)), begin_(buffers.size() + 1, 0) {}

  // False when more than `max_pairs` pairs live together.
  bool FindPairs(int64_t max_pairs) {
    std::vector<std::pair<int32_t, int32_t>> pairs;
    std::vector<int32_t> alive;
    breadth_.assign(buffers_.size(), 0);
    double live = 0;
    for (int32_t i : by_birth_) {
      size_t kept = 0;
      for (int32_t j : alive) {
        if (buffers_[j].to < buffers_[i].from) {
          live -= buffers_[j].bytes;
        } else {
          alive[kept++] = j;
        }
      }
      alive.resize(kept);
      if (static_cast<int64_t>(pairs.size() + kept) > max_pairs) return false;
      live += buffers_[i].bytes;
      breadth_[i] = live;
      for (int32_t j : alive) {
        pairs.emplace_back(i, j);
        breadth_[j] = std::max(breadth_[j], live);
      }
      alive.push_back(i);
    }
    for (auto [i, j] : pairs) ++begin_[i + 1], ++begin_[j + 1];
    for (size_t i = 0; i + 1 < begin_.size(); ++i) begin_[i + 1] += begin_[i];
    together_.resize(2 * pairs.size());
    std::vector<uint32_t> next(begin_.begin(), begin_.end() - 1);
    for (auto [i, j] : pairs) {
      together_[next[i]++] = j;
      together_[next[j]++] = i;
    }
    return true;
  }

  size_t pairs() const { return together_.size() / 2; }

  // The buffers, those of the largest key first, of equal keys by birth.
  template <class Key>
  std::vector<int32_t> Largest(Key key) const {
    std::vector<std::pair<double, int32_t>> keyed;
    keyed.reserve(by_birth_.size());
    for (size_t i = 0; i < by_birth_.size(); ++i) {
      keyed.emplace_back(-key(by_birth_[i]), static_cast<int32_t>(i));
    }
    std::sort(keyed.begin(), keyed.end());
    std::vector<int32_t> order;
    order.reserve(keyed.size());
    for (const auto& [k, i] : keyed) order.push_back(by_birth_[i]);
    return order;
  }
  std::vector<int32_t> BySize() const {
    return Largest([&](int32_t i) { return buffers_[i].bytes; });
  }
  std::vector<int32_t> ByArea() const {
    return Largest(
        [&](int32_t i) { return buffers_[i].bytes * (buffers_[i].to - buffers_[i].from + 1); });
  }
  std::vector<int32_t> ByLifetime() const {
    return Largest([&](int32_t i) { return buffers_[i].to - buffers_[i].from + 1; });
  }
  std::vector<int32_t> ByBirth() const { return by_birth_; }
  // Those that stand where it is fullest first, there the largest first.
  std::vector<int32_t> ByBreadth() const {
    std::vector<int32_t> order = BySize();
    std::stable_sort(order.begin(), order.end(),
                     [&](int32_t a, int32_t b) { return breadth_[a] > breadth_[b]; });
    return order;
  }

  // Each to the lowest gap that it fits into among those that are placed and live with it.
  ArenaPlan Pack(absl::Span<const int32_t> order) {
    ArenaPlan plan;
    plan.offsets.assign(buffers_.size(), 0);
    placed_.assign(buffers_.size(), 0);
    for (int32_t i : order) {
      taken_.clear();
      for (uint32_t e = begin_[i]; e < begin_[i + 1]; ++e) {
        const int32_t j = together_[e];
        if (placed_[j]) taken_.emplace_back(plan.offsets[j], plan.offsets[j] + buffers_[j].bytes);
      }
      std::sort(taken_.begin(), taken_.end());
      double low = 0;
      for (const auto& [from, to] : taken_) {
        if (low + buffers_[i].bytes <= from) break;
        low = std::max(low, to);
      }
      plan.offsets[i] = low;
      placed_[i] = 1;
      plan.bytes = std::max(plan.bytes, low + buffers_[i].bytes);
    }
    return plan;
  }

 private:
  absl::Span<const Buffer> buffers_;
  const std::vector<int32_t> by_birth_;
  std::vector<uint32_t> begin_;
  std::vector<int32_t> together_;
  std::vector<double> breadth_;  // most bytes alive when a buffer of its lifetime is born
  std::vector<uint8_t> placed_;
  std::vector<std::pair<double, double>> taken_;
};

struct HeuristicRow {
  absl::string_view name;
  std::vector<int32_t> (Packer::*order)() const;
};
// In the order in which they win most often (README.md has the counts).
constexpr HeuristicRow kHeuristics[] = {
    {"breadth", &Packer::ByBreadth},   {"size", &Packer::BySize},   {"area", &Packer::ByArea},
    {"lifetime", &Packer::ByLifetime}, {"birth", &Packer::ByBirth},
};
constexpr int kRepairs = 24;

// What an allocator does that does not know the future: by birth, each into the smallest gap that
// holds it, or else on top.
ArenaPlan BestFit(absl::Span<const Buffer> buffers, absl::Span<const int32_t> by_birth) {
  ArenaPlan plan;
  plan.heuristic = "best fit";
  plan.offsets.assign(buffers.size(), 0);
  std::map<double, double> gaps;                // by offset: size
  std::set<std::pair<double, double>> by_size;  // size, offset
  std::vector<int32_t> by_death(by_birth.begin(), by_birth.end());
  std::stable_sort(by_death.begin(), by_death.end(),
                   [&](int32_t a, int32_t b) { return buffers[a].to < buffers[b].to; });
  auto remove = [&](std::map<double, double>::iterator it) {
    by_size.erase({it->second, it->first});
    return gaps.erase(it);
  };
  auto add = [&](double at, double size) {
    auto behind = gaps.lower_bound(at);
    if (behind != gaps.end() && behind->first == at + size) {
      size += behind->second;
      behind = remove(behind);
    }
    if (behind != gaps.begin()) {
      if (auto before = std::prev(behind); before->first + before->second == at) {
        at = before->first;
        size += before->second;
        remove(before);
      }
    }
    gaps.emplace(at, size);
    by_size.emplace(size, at);
  };
  size_t dead = 0;
  double top = 0;
  for (int32_t i : by_birth) {
    for (; dead < by_death.size() && buffers[by_death[dead]].to < buffers[i].from; ++dead) {
      add(plan.offsets[by_death[dead]], buffers[by_death[dead]].bytes);
    }
    const double bytes = buffers[i].bytes;
    auto fit = by_size.lower_bound({bytes, -1});
    double at = top;
    if (fit != by_size.end()) {
      at = fit->second;
    } else if (!gaps.empty() && gaps.rbegin()->first + gaps.rbegin()->second == top) {
      at = gaps.rbegin()->first;  // the gap below the top grows
    }
    if (auto it = gaps.find(at); it != gaps.end()) {
      const double rest = it->second - bytes;
      remove(it);
      if (rest > 0) add(at + bytes, rest);
    }
    plan.offsets[i] = at;
    top = std::max(top, at + bytes);
  }
  plan.bytes = top;
  return plan;
}

// When too many live together: as many of the largest as the bound allows by breadth, the rest by
// birth in a place of its own above them.
ArenaPlan PackLargest(absl::Span<const Buffer> buffers, absl::Span<const int32_t> by_birth,
                      int64_t max_pairs) {
  std::vector<int32_t> by_size(by_birth.begin(), by_birth.end());
  std::stable_sort(by_size.begin(), by_size.end(),
                   [&](int32_t a, int32_t b) { return buffers[a].bytes > buffers[b].bytes; });
  std::vector<uint8_t> large(buffers.size(), 0);
  for (size_t keep = by_size.size() / 2; keep > 0; keep /= 2) {
    std::fill(large.begin(), large.end(), 0);
    for (size_t i = 0; i < keep; ++i) large[by_size[i]] = 1;
    std::vector<int32_t> below, above;
    for (int32_t i : by_birth) (large[i] ? below : above).push_back(i);
    Packer packer(buffers, below);
    if (!packer.FindPairs(max_pairs)) continue;
    ArenaPlan plan = packer.Pack(packer.ByBreadth());
    const ArenaPlan rest = BestFit(buffers, above);
    for (int32_t i : above) plan.offsets[i] = plan.bytes + rest.offsets[i];
    plan.bytes += rest.bytes;
    plan.heuristic = "largest first";
    return plan;
  }
  return BestFit(buffers, by_birth);
}

}  // namespace

ArenaPlan PackArena(absl::Span<const Buffer> buffers, double least, int64_t max_pairs) {
  std::vector<int32_t> by_birth;
  for (size_t i = 0; i < buffers.size(); ++i) {
    if (buffers[i].bytes > 0) by_birth.push_back(static_cast<int32_t>(i));
  }
  std::stable_sort(by_birth.begin(), by_birth.end(),
                   [&](int32_t a, int32_t b) { return buffers[a].from < buffers[b].from; });
  Packer packer(buffers, by_birth);
  if (!packer.FindPairs(max_pairs)) {
    ArenaPlan plan = BestFit(buffers, by_birth);
    ArenaPlan other = PackLargest(buffers, by_birth, max_pairs);
    return other.bytes < plan.bytes ? other : plan;
  }
  ArenaPlan best;
  std::vector<int32_t> best_order;
  // The first plan may take all pairs; further tries share half as many again.
  const int64_t most = max_pairs / 2;
  int64_t effort = 0;
  auto better = [&](ArenaPlan plan, absl::string_view name) {
    effort += static_cast<int64_t>(packer.pairs());
    if (!best.heuristic.empty() && plan.bytes >= best.bytes) return false;
    best = std::move(plan);
    best.heuristic = name;
    return true;
  };
  for (const HeuristicRow& row : kHeuristics) {
    std::vector<int32_t> order = (packer.*row.order)();
    if (better(packer.Pack(order), row.name)) best_order = std::move(order);
    if (best.bytes <= least || effort > most) return best;
  }
  // Repair: whatever reaches the top goes first.
  std::vector<int32_t> order = best_order;
  std::vector<double> offsets = best.offsets;
  double bytes = best.bytes;
  for (int i = 0; i < kRepairs && best.bytes > least && effort <= most; ++i) {
    std::stable_partition(order.begin(), order.end(),
                          [&](int32_t b) { return offsets[b] + buffers[b].bytes >= bytes; });
    ArenaPlan plan = packer.Pack(order);
    offsets = plan.offsets;
    bytes = plan.bytes;
    better(std::move(plan), "repair");
  }
  return best;
}

}  // namespace assay
