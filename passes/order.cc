#include "passes/order.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <queue>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace assay {
namespace {

constexpr size_t kKept = 128;       // sets of one size that a search goes on from
constexpr int32_t kLongest = 4096;  // units of a stretch that is searched beyond the list schedule

// Lists by index, in one piece.
struct Lists {
  std::vector<uint32_t> begin;
  std::vector<int32_t> all;
  absl::Span<const int32_t> of(int32_t i) const {
    return absl::MakeConstSpan(all).subspan(begin[i], begin[i + 1] - begin[i]);
  }
  static Lists Make(int32_t n, absl::Span<const std::pair<int32_t, int32_t>> pairs) {
    Lists l;
    l.begin.assign(n + 1, 0);
    for (auto [i, x] : pairs) ++l.begin[i + 1];
    for (int32_t i = 0; i < n; ++i) l.begin[i + 1] += l.begin[i];
    l.all.resize(pairs.size());
    std::vector<uint32_t> next(l.begin.begin(), l.begin.end() - 1);
    for (auto [i, x] : pairs) l.all[next[i]++] = x;
    return l;
  }
};

// A stretch of units [begin, end), and what is alive when it begins.
struct Stretch {
  int32_t begin = 0, end = 0;
  double live = 0;  // before its first unit
  double peak = 0;  // in file order
};

class Orderer {
 public:
  Orderer(const Steps& steps, int64_t effort)
      : steps_(steps), n_(steps.units()), effort_(effort), during_(n_, 0), made_(n_, 0) {
    ReadBuffers();
    FindCuts();
  }

  Order Run() {
    Order out;
    out.steps.resize(steps_.size());
    std::iota(out.steps.begin(), out.steps.end(), 0);
    // What is inside a loop's body keeps its order, and its needs are rounded up.
    bool least = steps_.size() == n_;
    std::vector<int32_t> units(n_);
    std::iota(units.begin(), units.end(), 0);
    std::vector<const Stretch*> high;
    for (const Stretch& s : stretches_) {
      if (s.peak > floor_) high.push_back(&s);
    }
    std::stable_sort(high.begin(), high.end(),
                     [](const Stretch* a, const Stretch* b) { return a->peak > b->peak; });
    for (const Stretch* s : high) {
      if (s->peak <= floor_) break;
      std::vector<int32_t> found;
      double peak = s->peak;
      least &= Search(*s, &found, &peak);
      if (!found.empty()) std::copy(found.begin(), found.end(), units.begin() + s->begin);
      floor_ = std::max(floor_, peak);
    }
    size_t i = 0;
    for (int32_t u : units) {
      for (int32_t s = steps_.unit_begin[u]; s < steps_.unit_begin[u + 1]; ++s) out.steps[i++] = s;
    }
    out.least = least;
    return out;
  }

 private:
  // Buffers between units. What begins and ends in one unit counts in `during_` alone.
  void ReadBuffers() {
    std::vector<std::pair<int32_t, int32_t>> reads;  // buffer, unit
    std::vector<double> change(steps_.size() + 1, 0);
    std::vector<int32_t> readers;
    for (int32_t b = 0; b < static_cast<int32_t>(steps_.buffers.size()); ++b) {
      const Steps::Buffer& buffer = steps_.buffers[b];
      if (buffer.bytes <= 0) continue;
      const int32_t writer = buffer.born < 0 ? -1 : steps_.unit[buffer.born];
      readers.clear();
      int32_t last_inside = buffer.born;
      for (int32_t end : steps_.ends(b)) {
        if (steps_.unit[end] == writer) {
          last_inside = std::max(last_inside, end);
        } else {
          readers.push_back(steps_.unit[end]);
        }
      }
      std::sort(readers.begin(), readers.end());
      readers.erase(std::unique(readers.begin(), readers.end()), readers.end());
      const bool leaves = buffer.stays || !readers.empty();
      if (writer >= 0) {
        // Until its unit is done, or it is needed no more.
        change[buffer.born] += buffer.bytes;
        change[leaves ? steps_.unit_begin[writer + 1] : last_inside + 1] -= buffer.bytes;
        if (leaves) made_[writer] += buffer.bytes;
      } else {
        start_ += buffer.bytes;
      }
      if (!leaves) continue;
      const int32_t index = static_cast<int32_t>(bytes_.size());
      bytes_.push_back(buffer.bytes);
      writer_.push_back(writer);
      last_.push_back(buffer.stays ? n_ : readers.back());
      for (int32_t u : readers) reads.emplace_back(index, u);
    }
    to_go_.resize(bytes_.size());
    double live = 0;
    for (int32_t s = 0; s < steps_.size(); ++s) {
      live += change[s];
      during_[steps_.unit[s]] = std::max(during_[steps_.unit[s]], live);
    }
    readers_ = Lists::Make(static_cast<int32_t>(bytes_.size()), reads);
    for (auto& [b, u] : reads) std::swap(b, u);
    reads_ = Lists::Make(n_, reads);
    // Each once, however many buffers pass along it: Do() frees a unit when its last edge is met.
    std::vector<std::pair<int32_t, int32_t>> edges = steps_.UnitEdges();
    after_ = Lists::Make(n_, edges);
    for (auto& [u, v] : edges) std::swap(u, v);
    before_ = Lists::Make(n_, edges);
  }

  // Every unit before v leads to v when each has a successor not behind v (follow them: they only
  // go up, and stop at v); likewise every unit behind v comes from it.
  void FindCuts() {
    std::vector<uint8_t> cut(n_, 1);
    int32_t furthest = -1;
    for (int32_t v = 0; v < n_; ++v) {
      if (furthest > v) cut[v] = 0;
      int32_t nearest = n_;
      for (int32_t w : after_.of(v)) nearest = std::min(nearest, w);
      furthest = std::max(furthest, nearest);
    }
    int32_t nearest = n_;
    for (int32_t v = n_ - 1; v >= 0; --v) {
      if (nearest < v) cut[v] = 0;
      int32_t furthest_before = -1;
      for (int32_t u : before_.of(v)) furthest_before = std::max(furthest_before, u);
      nearest = std::min(nearest, furthest_before);
    }
    // Stretches between cuts, what is alive along file order, and the bound of each unit.
    double live = start_;
    int32_t open = -1;
    for (int32_t v = 0; v < n_; ++v) {
      if (cut[v]) {
        open = -1;
        floor_ = std::max(floor_, live + during_[v]);
      } else {
        if (open < 0) {
          open = static_cast<int32_t>(stretches_.size());
          stretches_.push_back({.begin = v, .end = v, .live = live});
        }
        stretches_[open].end = v + 1;
        stretches_[open].peak = std::max(stretches_[open].peak, live + during_[v]);
      }
      live += made_[v];
      for (int32_t b : reads_.of(v)) {
        if (last_[b] == v) live -= bytes_[b];
      }
    }
    for (const Stretch& s : stretches_) {
      // What is alive at its start and read by none of it, or by something behind it, passes by.
      double freed = 0;
      for (int32_t v = s.begin; v < s.end; ++v) {
        for (int32_t b : reads_.of(v)) {
          if (writer_[b] < s.begin && last_[b] == v) freed += bytes_[b];
        }
      }
      const double passing = s.live - freed;
      for (int32_t v = s.begin; v < s.end; ++v) {
        double needs = passing + during_[v];
        for (int32_t b : reads_.of(v)) {
          if (writer_[b] >= s.begin || last_[b] < s.end) needs += bytes_[b];
        }
        floor_ = std::max(floor_, needs);
      }
    }
  }

  // Of the units that are free always the one that adds least, net; then at its height; then in
  // file order.
  double ListSchedule(const Stretch& s, std::vector<int32_t>* order) {
    const int32_t m = s.end - s.begin;
    std::vector<int32_t> waits(m, 0);
    std::vector<double> net(m);
    // Of the buffers that end in the stretch: readers to go, and the sum of their numbers, which is
    // the last one when one is left.
    for (int32_t v = s.begin; v < s.end; ++v) {
      for (int32_t b : reads_.of(v)) to_go_[b] = {0, 0};
    }
    for (int32_t v = s.begin; v < s.end; ++v) {
      net[v - s.begin] = made_[v];
      for (int32_t u : before_.of(v)) waits[v - s.begin] += u >= s.begin;
      for (int32_t b : reads_.of(v)) {
        ++to_go_[b].first;
        to_go_[b].second += v;
      }
    }
    for (int32_t v = s.begin; v < s.end; ++v) {
      for (int32_t b : reads_.of(v)) {
        if (last_[b] < s.end && to_go_[b].first == 1) net[v - s.begin] -= bytes_[b];
      }
    }
    using Entry = std::tuple<double, double, int32_t>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> free;
    std::vector<uint8_t> done(m, 0);
    auto push = [&](int32_t v) { free.emplace(net[v - s.begin], during_[v], v); };
    for (int32_t v = s.begin; v < s.end; ++v) {
      if (waits[v - s.begin] == 0) push(v);
    }
    double live = s.live, peak = 0;
    order->clear();
    while (!free.empty()) {
      const auto [key, high, v] = free.top();
      free.pop();
      if (done[v - s.begin] || key != net[v - s.begin]) continue;
      done[v - s.begin] = 1;
      order->push_back(v);
      peak = std::max(peak, live + during_[v]);
      live += net[v - s.begin];
      for (int32_t b : reads_.of(v)) {
        if (last_[b] >= s.end) continue;
        auto& [count, sum] = to_go_[b];
        sum -= v;
        if (--count != 1) continue;
        const int32_t w = static_cast<int32_t>(sum);
        net[w - s.begin] -= bytes_[b];
        if (waits[w - s.begin] == 0) push(w);
      }
      for (int32_t w : after_.of(v)) {
        if (w < s.end && --waits[w - s.begin] == 0) push(w);
      }
    }
    return peak;
  }

  // Sets of units that are done.
  struct Set {
    std::vector<uint64_t> done;
    std::vector<int32_t> free;  // ascending
    double live, peak;
    int32_t trace;
  };
  bool Has(const Set& set, const Stretch& s, int32_t v) const {
    return set.done[(v - s.begin) / 64] >> ((v - s.begin) % 64) & 1;
  }
  // Bytes that v leaves behind, less those that it sets free.
  double Net(const Set& set, const Stretch& s, int32_t v) const {
    double net = made_[v];
    for (int32_t b : reads_.of(v)) {
      if (last_[b] >= s.end) continue;
      bool last = true;
      for (int32_t r : readers_.of(b)) {
        if (r != v && r >= s.begin && !Has(set, s, r)) {
          last = false;
          break;
        }
      }
      if (last) net -= bytes_[b];
    }
    return net;
  }
  void Do(Set* set, const Stretch& s, int32_t v, double net) {
    set->peak = std::max(set->peak, set->live + during_[v]);
    set->live += net;
    set->done[(v - s.begin) / 64] |= uint64_t{1} << ((v - s.begin) % 64);
    set->free.erase(std::lower_bound(set->free.begin(), set->free.end(), v));
    for (int32_t w : after_.of(v)) {
      if (w >= s.end) continue;
      bool ready = true;
      for (int32_t u : before_.of(w)) ready &= u < s.begin || Has(*set, s, u);
      if (ready) set->free.insert(std::lower_bound(set->free.begin(), set->free.end(), w), w);
    }
    trace_.emplace_back(set->trace, v);
    set->trace = static_cast<int32_t>(trace_.size()) - 1;
  }

  // Improves on *peak, with `found` in that case. True: no order of the stretch has a lower peak
  // (above the floor, below which none needs to be).
  bool Search(const Stretch& s, std::vector<int32_t>* found, double* peak) {
    std::vector<int32_t> order;
    if (const double listed = ListSchedule(s, &order); listed < *peak) {
      *peak = listed;
      *found = order;
    }
    if (*peak <= floor_) return true;
    const int32_t m = s.end - s.begin;
    if (m > kLongest) return false;

    bool exact = true;
    trace_.clear();
    std::vector<std::vector<Set>> by_size(m + 1);
    std::vector<absl::flat_hash_map<uint64_t, std::vector<int32_t>>> index(m + 1);
    Set start{.done = std::vector<uint64_t>((m + 63) / 64, 0),
              .live = s.live,
              .peak = floor_,
              .trace = -1};
    for (int32_t v = s.begin; v < s.end; ++v) {
      bool ready = true;
      for (int32_t u : before_.of(v)) ready &= u < s.begin;
      if (ready) start.free.push_back(v);
    }
    // Runs what costs nothing, then puts the set where those of its size are.
    auto add = [&](Set set, int32_t size) {
      for (bool again = true; again;) {
        again = false;
        for (int32_t v : set.free) {
          --effort_;
          if (set.live + during_[v] > set.peak) continue;
          const double net = Net(set, s, v);
          if (net > 0) continue;
          Do(&set, s, v, net);
          ++size;
          again = true;
          break;
        }
      }
      if (set.peak >= *peak) return;
      if (size == m) {
        *peak = set.peak;
        found->clear();
        for (int32_t t = set.trace; t >= 0; t = trace_[t].first) {
          found->push_back(trace_[t].second);
        }
        std::reverse(found->begin(), found->end());
        return;
      }
      uint64_t hash = 0x9e3779b97f4a7c15;
      for (uint64_t word : set.done) hash = (hash ^ word) * 0xff51afd7ed558ccd + (hash >> 29);
      for (int32_t i : index[size][hash]) {
        Set& other = by_size[size][i];
        if (other.done != set.done) continue;
        if (set.peak < other.peak) other = std::move(set);
        return;
      }
      index[size][hash].push_back(static_cast<int32_t>(by_size[size].size()));
      by_size[size].push_back(std::move(set));
    };
    add(std::move(start), 0);
    for (int32_t size = 0; size<m&& * peak> floor_; ++size) {
      std::vector<Set> sets = std::move(by_size[size]);
      index[size] = {};
      if (sets.size() > kKept) {
        exact = false;
        std::stable_sort(sets.begin(), sets.end(), [](const Set& a, const Set& b) {
          return std::tie(a.peak, a.live) < std::tie(b.peak, b.live);
        });
        sets.resize(kKept);
      }
      for (const Set& set : sets) {
        if (set.peak >= *peak) continue;
        for (int32_t v : set.free) {
          if (effort_ < 0) return false;
          if (set.live + during_[v] >= *peak) continue;
          Set next = set;
          Do(&next, s, v, Net(set, s, v));
          add(std::move(next), size + 1);
        }
      }
    }
    return exact || *peak <= floor_;
  }

  const Steps& steps_;
  const int32_t n_;
  int64_t effort_;
  double start_ = 0;                    // alive before the first unit
  double floor_ = 0;                    // no order has a lower peak, or needs one
  std::vector<double> during_, made_;   // by unit: most bytes of its own; bytes that outlive it
  std::vector<double> bytes_;           // by buffer between units
  std::vector<int32_t> writer_, last_;  // by buffer: units; -1 the start; n_ the end
  std::vector<std::pair<int32_t, int64_t>> to_go_;  // by buffer: scratch of ListSchedule
  Lists readers_, reads_, after_, before_;          // by buffer; by unit, buffers; by unit, units
  std::vector<Stretch> stretches_;
  std::vector<std::pair<int32_t, int32_t>> trace_;  // (what came before, unit)
};

}  // namespace

Order FindOrder(const Steps& steps, int64_t effort) { return Orderer(steps, effort).Run(); }

}  // namespace assay
