#include "passes/fusion_optimal.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/numeric/bits.h"
#include "absl/strings/str_cat.h"
#include "passes/disjoint_sets.h"
#include "passes/kernel_rules.h"
#include "passes/kernel_space.h"
#include "passes/pattern.h"
#include "passes/region_search.h"

namespace assay {
namespace {

constexpr int kMaxNodes = 64;  // of a NodeSet

// A piece of a region, seen by the search: its nodes numbered from 0, what each reads and writes.
class Piece {
 public:
  struct Read {
    int32_t value;  // numbered within the piece
    int32_t writer = -1;
    double bytes, whole;
  };
  struct Write {
    double bytes;
    NodeSet readers = 0;
    bool leaves = false;  // whatever the kernel
  };

  Piece(const KernelSpace& space, const Flow& flow, const FusionKey& key,
        std::vector<int32_t> nodes)
      : space_(space), key_(key), nodes_(std::move(nodes)), reads_(size()), writes_(size()) {
    absl::flat_hash_map<int32_t, int32_t> values;
    for (int i = 0; i < size(); ++i) {
      const KernelNode& node = space.nodes[nodes_[i]];
      for (const KernelNode::Read& r : node.reads) {
        const auto [it, added] =
            values.try_emplace(r.value.index, static_cast<int32_t>(values.size()));
        reads_[i].push_back(
            {.value = it->second, .writer = IndexOf(r.writer), .bytes = r.bytes, .whole = r.whole});
      }
      for (const KernelNode::Write& w : node.writes) {
        Write& write = writes_[i].emplace_back(Write{.bytes = w.bytes, .leaves = w.escapes});
        const absl::Span<const int32_t> readers = flow.readers(w.value);
        for (size_t r = 0; r < readers.size() && !write.leaves; ++r) {
          const int32_t reader = space.node_of[readers[r]];
          if (reader == nodes_[i]) continue;
          const int at = IndexOf(reader);
          if (at < 0) {
            write.leaves = true;
          } else {
            write.readers |= Bit(at);
          }
        }
      }
    }
    read_by_.assign(values.size(), 0);
    read_bytes_.assign(values.size(), 0);
  }

  int size() const { return static_cast<int>(nodes_.size()); }
  const std::vector<int32_t>& nodes() const { return nodes_; }
  int IndexOf(int32_t node) const {
    const auto it = std::lower_bound(nodes_.begin(), nodes_.end(), node);
    return it != nodes_.end() && *it == node ? static_cast<int>(it - nodes_.begin()) : -1;
  }

  // External traffic of a kernel of these nodes, x multiplicity. kNoGroup when there is none such.
  double Traffic(NodeSet set) {
    ++stamp_;
    double bytes = 0, internal = 0;
    int inputs = 0;
    absl::InlinedVector<int32_t, 16> ids;
    absl::InlinedVector<uint8_t, 16> leaves;
    ForEach(set, [&](int i) {
      const KernelNode& node = space_.nodes[nodes_[i]];
      internal += node.internal;
      bool some_leave = false;
      for (const Write& w : writes_[i]) {
        if (w.leaves || (w.readers & ~set) != 0) {
          bytes += w.bytes;
          some_leave = true;
        } else {
          internal += w.bytes;
        }
      }
      for (const Read& r : reads_[i]) {
        if ((r.writer >= 0 && (set & Bit(r.writer)) != 0) || r.bytes == 0) continue;
        if (read_by_[r.value] != stamp_) {
          read_by_[r.value] = stamp_;
          read_bytes_[r.value] = 0;
          ++inputs;
        }
        const double together = ReadTogether(read_bytes_[r.value], r.bytes, r.whole);
        bytes += together - read_bytes_[r.value];
        read_bytes_[r.value] = together;
      }
      ids.push_back(nodes_[i]);
      leaves.push_back(some_leave);
    });
    if (ids.size() > 1) {
      if (key_.scratchpad_bytes > 0 && internal > key_.scratchpad_bytes) return kNoGroup;
      if (key_.max_inputs > 0 && inputs > key_.max_inputs) return kNoGroup;
      if (!LegalKernel(space_, ids, leaves)) return kNoGroup;
    }
    return bytes * space_.nodes[ids[0]].multiplicity;
  }

 private:
  const KernelSpace& space_;
  const FusionKey& key_;
  const std::vector<int32_t> nodes_;  // ascending
  std::vector<absl::InlinedVector<Read, 4>> reads_;
  std::vector<absl::InlinedVector<Write, 1>> writes_;
  int64_t stamp_ = 0;
  std::vector<int64_t> read_by_;    // by value: the last question that met it
  std::vector<double> read_bytes_;  // by value, of that question
};

class Optimizer {
 public:
  Optimizer(const Flow& flow, const FusionKey& key, const KernelSpace& space,
            const LeastTrafficEffort& effort)
      : flow_(flow),
        key_(key),
        effort_(effort),
        space_(space),
        pairs_(size()),
        regions_(static_cast<size_t>(size())),
        kernel_(size()),
        met_(size(), -1),
        hard_(size(), 0),
        from_(size(), 0),
        scanned_(size(), 0) {
    std::iota(kernel_.begin(), kernel_.end(), 0);
    steps_ = std::max(effort.steps_at_least, effort.steps_per_kernel * size());
    visits_ = std::max(effort.steps_at_least, effort.visits_per_kernel * size());
  }

  // By node: the smallest node of its kernel.
  std::vector<int32_t> Run(LeastTraffic* out) {
    FindPairs();
    for (int32_t n = 0; n < size(); ++n) {
      for (int32_t m : pairs_[n]) regions_.Join(n, m);
    }
    std::vector<std::vector<int32_t>> regions(size());
    for (int32_t n = 0; n < size(); ++n) regions[regions_.Of(n)].push_back(n);
    regions.erase(
        std::remove_if(regions.begin(), regions.end(), [](const auto& r) { return r.size() < 2; }),
        regions.end());
    std::stable_sort(regions.begin(), regions.end(),
                     [](const auto& a, const auto& b) { return a.size() < b.size(); });
    out->regions = static_cast<int>(regions.size());
    std::vector<uint8_t> exact(regions.size(), 0);
    for (size_t r = 0; r < regions.size(); ++r) exact[r] = SolveAll(regions[r]);
    BreakCycles(&regions, &exact);
    for (size_t r = 0; r < regions.size(); ++r) {
      out->regions_not_exact += !regions[r].empty() && exact[r] == 0;
    }
    return kernel_;
  }

 private:
  int32_t size() const { return static_cast<int32_t>(space_.nodes.size()); }

  // Two that can be in no kernel, whatever else is in it: by themselves, or by an edge.
  bool IsHard(int32_t from, int32_t to) const {
    const KernelNode &a = space_.nodes[from], &b = space_.nodes[to];
    if (NeverTogether(a, b)) return true;
    for (const KernelNode::Read& r : b.reads) {
      if (r.writer == from && !MayPass(a, b, r)) return true;
    }
    return false;
  }

  // pairs_, by the smaller node: those that hang together and may be in one kernel.
  void FindPairs() {
    hard_edge_.resize(size());
    for (int32_t n = 0; n < size(); ++n) {
      const KernelNode& node = space_.nodes[n];
      for (int32_t p : space_.preds[n]) {
        hard_edge_[n].push_back(IsHard(p, n));
        if (hard_edge_[n].back() == 0) pairs_[p].push_back(n);
      }
      if (node.kind == KernelKind::kAlone) continue;
      for (const KernelNode::Read& r : node.reads) {
        const absl::Span<const int32_t> readers = flow_.readers(r.value);
        if (static_cast<int>(readers.size()) > effort_.siblings) continue;
        for (int32_t slot : readers) {
          const int32_t m = space_.node_of[slot];
          if (m < n && Siblings(m, n, r)) pairs_[m].push_back(n);
        }
      }
    }
    for (int32_t n = 0; n < size(); ++n) {
      std::vector<int32_t>& pairs = pairs_[n];
      std::sort(pairs.begin(), pairs.end());
      pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
      if (!pairs.empty()) DropSeparated(n);
    }
  }

  bool Siblings(int32_t m, int32_t n, const KernelNode::Read& r) const {
    const KernelNode &a = space_.nodes[m], &b = space_.nodes[n];
    if (IsHard(m, n)) return false;
    for (const KernelNode::Read& of_a : a.reads) {
      if (of_a.value == r.value) return MayShare(a, of_a, b, r);
    }
    return false;
  }

  // Drops the pairs of n with a path between them that no kernel can hold. What it drops could
  // never be in one kernel, so it matters to the size of regions alone, and may end early.
  void DropSeparated(int32_t n) {
    std::vector<int32_t>& pairs = pairs_[n];
    size_t at = 0, kept = 0;
    for (int32_t x = n + 1; at < pairs.size(); ++x) {
      if (visits_ <= 0) {
        while (at < pairs.size()) pairs[kept++] = pairs[at++];
        break;
      }
      bool reached = false, hard = false;
      const std::vector<int32_t>& preds = space_.preds[x];
      visits_ -= static_cast<int64_t>(preds.size()) + 1;
      for (size_t p = 0; p < preds.size(); ++p) {
        if (preds[p] < n || (preds[p] != n && met_[preds[p]] != n)) continue;
        reached = true;
        hard |= hard_edge_[x][p] != 0 || (preds[p] != n && hard_[preds[p]] != 0);
      }
      if (reached) {
        met_[x] = n;
        hard_[x] = hard || NeverTogether(space_.nodes[n], space_.nodes[x]);
      }
      if (pairs[at] == x) {
        if (!reached || hard_[x] == 0) pairs[kept++] = x;
        ++at;
      }
    }
    pairs.resize(kept);
  }

  // A region, in one piece or several. False when that is not proven to be the least traffic.
  bool SolveAll(const std::vector<int32_t>& region) {
    const size_t most = std::clamp(effort_.region_nodes, 2, kMaxNodes);
    if (region.size() <= most) return Solve(region, region.size());
    std::vector<int32_t> left = region;
    while (left.size() > 1) {
      const std::vector<int32_t> piece(left.begin(), left.begin() + std::min(most, left.size()));
      const bool last = piece.size() == left.size();
      const int32_t middle = last ? left.back() + 1 : piece[piece.size() / 2];
      Solve(piece, last ? piece.size() : piece.size() / 2);
      left.erase(
          std::remove_if(left.begin(), left.end(), [&](int32_t n) { return kernel_[n] < middle; }),
          left.end());
    }
    return false;
  }

  // Decides on kernel_ of the nodes; those of kernels whose first node is not among the first
  // `keep` stay single. False when not proven to be the least traffic.
  bool Solve(const std::vector<int32_t>& nodes, size_t keep) {
    for (int32_t n : nodes) kernel_[n] = n;
    if (steps_ <= 0 || visits_ <= 0) return false;
    Piece piece(space_, flow_, key_, nodes);
    auto cost = [&](NodeSet set) { return piece.Traffic(set); };
    RegionProblem problem{.preds = std::vector<NodeSet>(nodes.size(), 0),
                          .joins = std::vector<NodeSet>(nodes.size(), 0),
                          .conflicts = std::vector<NodeSet>(nodes.size(), 0),
                          .cost = cost};
    FindOrder(piece, &problem);
    for (int i = 0; i < piece.size(); ++i) {
      for (int j = 0; j < i; ++j) {
        if (IsHard(nodes[j], nodes[i])) {
          problem.conflicts[i] |= Bit(j);
          problem.conflicts[j] |= Bit(i);
        }
      }
    }
    for (int i = 0; i < piece.size(); ++i) {
      for (int32_t m : pairs_[nodes[i]]) {
        const int j = piece.IndexOf(m);
        if (j < 0 || (problem.conflicts[i] & Bit(j)) != 0) continue;
        problem.joins[i] |= Bit(j);
        problem.joins[j] |= Bit(i);
      }
    }
    RegionLimits limits = effort_.region;
    // A region that is too hard must leave something for those after it.
    limits.steps = std::min(limits.steps, 1 + steps_ / 4);
    const RegionSolution solution = SolveRegion(problem, limits);
    steps_ -= solution.steps;
    double apart = 0;
    for (int i = 0; i < piece.size(); ++i) apart += piece.Traffic(Bit(i));
    if (solution.cost > apart) return false;
    for (NodeSet group : solution.groups) {
      const int first = absl::countr_zero(group);
      if (static_cast<size_t>(first) >= keep) continue;
      ForEach(group, [&](int i) { kernel_[nodes[i]] = nodes[first]; });
    }
    return solution.exact;
  }

  // Who waits for whom within the piece, directly or through what is outside; two between which
  // there is a path through the outside are never in one kernel.
  void FindOrder(const Piece& piece, RegionProblem* problem) {
    const std::vector<int32_t>& nodes = piece.nodes();
    std::vector<NodeSet> before(nodes.size(), 0), apart(nodes.size(), 0);
    ++scan_;
    int i = 0;
    for (int32_t x = nodes.front(); x <= nodes.back(); ++x) {
      const bool inside = nodes[i] == x;
      NodeSet direct = 0, around = 0;
      visits_ -= static_cast<int64_t>(space_.preds[x].size()) + 1;
      for (int32_t p : space_.preds[x]) {
        if (p < nodes.front()) continue;
        if (const int j = piece.IndexOf(p); j >= 0) {
          direct |= Bit(j);
        } else if (scanned_[p] == scan_) {
          around |= from_[p];
        }
      }
      if (!inside) {
        if ((direct | around) != 0) {
          scanned_[x] = scan_;
          from_[x] = direct | around;
        }
        continue;
      }
      problem->preds[i] = direct | around;
      ForEach(direct | around, [&](int j) {
        before[i] |= Bit(j) | before[j];
        apart[i] |= (around & Bit(j)) != 0 ? Bit(j) | before[j] : apart[j];
      });
      ForEach(apart[i], [&](int j) { problem->conflicts[j] |= Bit(i); });
      problem->conflicts[i] |= apart[i];
      ++i;
    }
  }

  // The kernels that wait for each other in circles, each circle's nodes ascending: the strongly
  // connected components of the graph of kernels (Tarjan, without recursion).
  std::vector<std::vector<int32_t>> Circles() const {
    std::vector<std::vector<int32_t>> members(size()), out;
    for (int32_t n = 0; n < size(); ++n) members[kernel_[n]].push_back(n);
    std::vector<int32_t> order(size(), -1), low(size(), 0), stack;
    std::vector<uint8_t> on_stack(size(), 0);
    struct Frame {
      int32_t kernel;
      size_t member = 0, pred = 0;
    };
    std::vector<Frame> frames;
    int32_t next = 0;
    for (int32_t root = 0; root < size(); ++root) {
      if (kernel_[root] != root || order[root] >= 0) continue;
      frames.push_back({root});
      while (!frames.empty()) {
        Frame& f = frames.back();
        const int32_t k = f.kernel;
        if (order[k] < 0) {
          order[k] = low[k] = next++;
          stack.push_back(k);
          on_stack[k] = 1;
        }
        if (f.member < members[k].size()) {
          const std::vector<int32_t>& preds = space_.preds[members[k][f.member]];
          if (f.pred == preds.size()) {
            ++f.member;
            f.pred = 0;
            continue;
          }
          const int32_t to = kernel_[preds[f.pred++]];
          if (order[to] < 0) {
            frames.push_back({to});
          } else if (on_stack[to] != 0) {
            low[k] = std::min(low[k], order[to]);
          }
          continue;
        }
        frames.pop_back();
        if (!frames.empty()) {
          low[frames.back().kernel] = std::min(low[frames.back().kernel], low[k]);
        }
        if (low[k] != order[k]) continue;
        std::vector<int32_t> circle;
        int kernels = 0;
        for (int32_t top = -1; top != k; ++kernels) {
          top = stack.back();
          stack.pop_back();
          on_stack[top] = 0;
          circle.insert(circle.end(), members[top].begin(), members[top].end());
        }
        if (kernels < 2) continue;
        std::sort(circle.begin(), circle.end());
        out.push_back(std::move(circle));
      }
    }
    return out;
  }

  // Regions are solved as if what is outside them stayed as it is. Those whose kernels wait for
  // each other in a circle are solved again as one region; where that is too large, or does not
  // end, the kernels of the circle fall apart into the nodes they were made from.
  void BreakCycles(std::vector<std::vector<int32_t>>* regions, std::vector<uint8_t>* exact) {
    std::vector<int32_t> at(size(), -1);
    for (size_t r = 0; r < regions->size(); ++r) {
      for (int32_t n : (*regions)[r]) at[n] = static_cast<int32_t>(r);
    }
    constexpr int kRounds = 4;
    for (int round = 0;; ++round) {
      const std::vector<std::vector<int32_t>> circles = Circles();
      if (circles.empty()) return;
      for (const std::vector<int32_t>& circle : circles) {
        std::vector<int32_t> ids;
        for (int32_t n : circle) {
          if (at[n] >= 0) ids.push_back(at[n]);
        }
        std::sort(ids.begin(), ids.end());
        ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
        std::vector<int32_t> all;
        for (int32_t r : ids) {
          all.insert(all.end(), (*regions)[r].begin(), (*regions)[r].end());
        }
        std::sort(all.begin(), all.end());
        if (round < kRounds && ids.size() > 1 &&
            static_cast<int>(all.size()) <= std::min(effort_.region_nodes, kMaxNodes)) {
          for (int32_t r : ids) (*regions)[r].clear();
          for (int32_t n : all) at[n] = ids[0];
          (*exact)[ids[0]] = SolveAll(all);
          (*regions)[ids[0]] = std::move(all);
          continue;
        }
        for (int32_t n : circle) {
          kernel_[n] = n;
          if (at[n] >= 0) (*exact)[at[n]] = 0;
        }
      }
    }
  }

  const Flow& flow_;
  const FusionKey& key_;
  const LeastTrafficEffort effort_;
  const KernelSpace& space_;
  std::vector<std::vector<int32_t>> pairs_;  // by node: larger ones that it may share a kernel with
  std::vector<std::vector<uint8_t>> hard_edge_;  // by node, along its preds
  DisjointSets regions_;                         // of nodes that hang together
  std::vector<int32_t> kernel_;                  // by node: the smallest node of its kernel
  std::vector<int32_t> met_;                     // by node: the last node that was seen to reach it
  std::vector<uint8_t> hard_;                    // by node: ... along a path that no kernel holds
  std::vector<NodeSet> from_;     // by node: those of the piece at hand that reach it
  std::vector<int32_t> scanned_;  // by node: the piece for which from_ is set
  int32_t scan_ = 0;
  int64_t steps_ = 0, visits_ = 0;  // left
};

}  // namespace

LeastTraffic MinimizeTraffic(const Graph& graph, const Shapes& shapes, const Execution& execution,
                             const Works& works, const Numbers& numbers, const Flow& flow,
                             const FusionKey& key, const Grouping& from,
                             const LeastTrafficEffort& effort) {
  LeastTraffic out;
  const KernelSpace space =
      KernelSpace::Build(graph, shapes, execution, works, numbers, flow, from);
  const std::vector<int32_t> kernel = Optimizer(flow, key, space, effort).Run(&out);

  std::vector<int32_t> made(kernel.size(), -1);  // by node: index of its new group
  for (size_t n = 0; n < kernel.size(); ++n) {
    const Grouping::Group& member = from.groups[space.nodes[n].group];
    const int32_t first = kernel[n];
    if (made[first] < 0) {
      made[first] = static_cast<int32_t>(out.grouping.groups.size());
      out.grouping.groups.push_back(member);
      continue;
    }
    made[n] = made[first];
    Grouping::Group& group = out.grouping.groups[made[first]];
    absl::StrAppend(&group.name, "+", member.name);
    group.extra_reads += member.extra_reads;
    if (HoldsSeveral(member.pattern)) {
      group.pattern = member.pattern;
    } else if (!HoldsSeveral(group.pattern)) {
      group.pattern = kLeastTrafficPattern;
    }
  }
  out.grouping.kernel_of.reserve(space.node_of.size());
  for (int32_t n : space.node_of) out.grouping.kernel_of.push_back(made[n]);
  out.grouping.inserted = from.inserted;
  return out;
}

}  // namespace assay
