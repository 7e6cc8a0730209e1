#include "passes/memory.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "ir/op_table.h"

namespace assay {
namespace {

// Pairs of buffers alive together that packing may look at: a few milliseconds.
constexpr int64_t kPackPairs = 500'000;

// The last op of the outermost loop that stands around `op` but not around `outside`: where
// something that is made outside and read by `op` is needed no more.
int32_t EndOfUse(const Graph& graph, const Execution& execution, OpId op, RegionId outside) {
  int32_t end = execution.runs(op) ? graph.op(op).subtree_end.index - 1 : op.index;
  for (RegionId r = graph.op(op).region; r != outside;) {
    const OpId owner = graph.region(r).owner;
    if (!owner.has_value()) break;
    if (execution.branch[owner.index] < 0) end = graph.op(owner).subtree_end.index - 1;
    r = graph.op(owner).region;
  }
  return end;
}

// The region around the branches that a value comes out of as the result of its If.
RegionId HomeOf(const Graph& graph, const Execution& execution, RegionId region) {
  for (OpId owner = graph.region(region).owner;
       owner.has_value() && execution.branch[owner.index] >= 0;
       owner = graph.region(region).owner) {
    region = graph.op(owner).region;
  }
  return region;
}

double PeakOf(const std::vector<Lifetime>& lifetimes, int ops, bool in_place, int32_t* at) {
  std::vector<double> change(ops + 2, 0);
  for (const Lifetime& l : lifetimes) {
    change[l.from] += l.bytes;
    change[l.to + 1] -= l.bytes;
    // The buffer taken over is the new one from here on, not both.
    if (in_place && l.takes_over >= 0) change[l.from] -= l.bytes, change[l.from + 1] += l.bytes;
  }
  double live = 0, peak = 0;
  *at = -1;
  for (int i = 0; i < ops; ++i) {
    live += change[i];
    if (live > peak) {
      peak = live;
      *at = i;
    }
  }
  return peak;
}

}  // namespace

std::vector<Lifetime> Lifetimes(const Graph& graph, const Execution& execution,
                                absl::Span<const double> value_bytes, const Flow& flow,
                                int* unknown) {
  *unknown = 0;
  std::vector<Lifetime> out;
  std::vector<int32_t> index_of(graph.num_values(), -1);
  const int32_t end = std::max(0, graph.num_ops() - 1);
  auto add = [&](ValueId v, int32_t from) {
    const absl::Span<const int32_t> readers = flow.readers(v);
    if (value_bytes[v.index] < 0) {
      ++*unknown;
      return;
    }
    Lifetime l{.value = v, .bytes = value_bytes[v.index], .from = from, .to = from};
    const RegionId home = HomeOf(graph, execution, graph.value(v).region);
    for (int32_t s : readers) {
      l.to = std::max(l.to, EndOfUse(graph, execution, flow.ops[s], home));
    }
    if (flow.escapes(v)) {
      const OpId owner = graph.region(home).owner;
      l.to = std::max(l.to, owner.has_value() ? graph.region(home).end.index - 1 : end);
    }
    index_of[v.index] = static_cast<int32_t>(out.size());
    out.push_back(l);
  };
  for (ValueId v : graph.region(Graph::kMain).args) {
    if (!flow.readers(v).empty() || flow.escapes(v)) add(v, 0);
  }
  for (int32_t s = 0; s < static_cast<int32_t>(flow.ops.size()); ++s) {
    const OpId op = flow.ops[s];
    // What a loop gives out exists when the loop is done.
    for (const Flow::Access& w : flow.writes(s)) add(w.value, graph.op(op).subtree_end.index - 1);
    const OpRow* row = graph.op(op).row;
    const absl::Span<const Flow::Access> writes = flow.writes(s);
    if (row == nullptr || row->inplace < 0 || writes.empty()) continue;
    const absl::Span<const ValueId> in = graph.inputs(op);
    if (row->inplace >= static_cast<int>(in.size()) || !in[row->inplace].has_value()) continue;
    const ValueId source = execution.root[in[row->inplace].index];
    const int32_t old = index_of[source.index], fresh = index_of[writes[0].value.index];
    if (flow.writer(source) < 0 || old < 0 || fresh < 0) continue;
    if (out[old].to == op.index && out[old].bytes == out[fresh].bytes) out[fresh].takes_over = old;
  }
  return out;
}

double PackArena(absl::Span<const Lifetime> lifetimes, int64_t max_pairs) {
  const int32_t n = static_cast<int32_t>(lifetimes.size());
  std::vector<int32_t> order;
  for (int32_t i = 0; i < n; ++i) {
    if (lifetimes[i].bytes > 0) order.push_back(i);
  }
  // Who lives together with whom: sweep by birth, keeping those that are still alive.
  std::stable_sort(order.begin(), order.end(),
                   [&](int32_t a, int32_t b) { return lifetimes[a].from < lifetimes[b].from; });
  std::vector<std::vector<int32_t>> together(n);
  std::vector<int32_t> alive;
  for (int32_t i : order) {
    alive.erase(std::remove_if(alive.begin(), alive.end(),
                               [&](int32_t j) { return lifetimes[j].to < lifetimes[i].from; }),
                alive.end());
    max_pairs -= static_cast<int64_t>(alive.size());
    if (max_pairs < 0) return -1;
    for (int32_t j : alive) {
      together[i].push_back(j);
      together[j].push_back(i);
    }
    alive.push_back(i);
  }

  std::stable_sort(order.begin(), order.end(),
                   [&](int32_t a, int32_t b) { return lifetimes[a].bytes > lifetimes[b].bytes; });
  std::vector<double> offset(n, -1);
  std::vector<int32_t> placed;
  double arena = 0;
  for (int32_t i : order) {
    placed.clear();
    for (int32_t j : together[i]) {
      if (offset[j] >= 0) placed.push_back(j);
    }
    std::sort(placed.begin(), placed.end(), [&](int32_t a, int32_t b) {
      return offset[a] != offset[b] ? offset[a] < offset[b] : a < b;
    });
    double low = 0;
    for (int32_t j : placed) {
      if (low + lifetimes[i].bytes <= offset[j]) break;
      low = std::max(low, offset[j] + lifetimes[j].bytes);
    }
    offset[i] = low;
    arena = std::max(arena, low + lifetimes[i].bytes);
  }
  return arena;
}

double PeakActivationBytes(const Graph& graph, const Execution& execution,
                           absl::Span<const double> value_bytes, const Flow& flow) {
  int unknown;
  int32_t at;
  return PeakOf(Lifetimes(graph, execution, value_bytes, flow, &unknown), graph.num_ops(), false,
                &at);
}

Memory PlanMemory(const Graph& graph, const Shapes& shapes, const Execution& execution,
                  const Works& works, const Numbers& numbers) {
  Memory out;
  const Flow flow = Flow::Build(graph, shapes, execution, works, numbers);
  for (ValueId v(0); v.index < graph.num_values(); ++v.index) {
    if (execution.is_weight(v) && execution.root[v.index] == v && !flow.readers(v).empty()) {
      out.weights_bytes += std::max(0.0, numbers.value_bytes[v.index]);
    }
  }
  const std::vector<Lifetime> lifetimes =
      Lifetimes(graph, execution, numbers.value_bytes, flow, &out.unknown_values);
  int32_t at = -1, at_in_place = -1;
  out.peak_activation_bytes = PeakOf(lifetimes, graph.num_ops(), false, &at);
  out.peak_inplace_bytes = PeakOf(lifetimes, graph.num_ops(), true, &at_in_place);
  if (at >= 0) {
    // The peak may begin at a view or a shape op; name what runs there.
    OpId op(at);
    while (op.index < graph.num_ops() - 1 && !execution.runs(op)) ++op.index;
    out.peak_at = op;
  }
  out.arena_bytes = PackArena(lifetimes, kPackPairs);
  out.arena_lower_bound_bytes = out.peak_activation_bytes;
  return out;
}

}  // namespace assay
