#include "passes/memory.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "passes/arena.h"
#include "passes/cache.h"
#include "passes/order.h"
#include "passes/work.h"

namespace assay {
namespace {

// Bounds on the two searches: what is the same for small graphs, and what grows with the graph.
// Together a fraction of what import and shapes take (README.md has the figures).
constexpr int64_t kPackPairs = 50'000, kPackPairsPerBuffer = 64;
constexpr int64_t kOrderUnits = 20'000, kOrderUnitsPerStep = 8;

// The first step with the most bytes; -1 when there are none.
int32_t PeakStep(absl::Span<const double> live) {
  const auto it = std::max_element(live.begin(), live.end());
  return it == live.end() || *it <= 0 ? -1 : static_cast<int32_t>(it - live.begin());
}

double PeakOf(absl::Span<const double> live) {
  const int32_t at = PeakStep(live);
  return at < 0 ? 0 : live[at];
}

OpId OpAt(const Steps& steps, absl::Span<const int32_t> order, int32_t place) {
  return place < 0 || order.empty() ? OpId() : steps.op[order[place]];
}

std::vector<int32_t> NodesOf(const Steps& steps, absl::Span<const int32_t> order) {
  std::vector<int32_t> nodes;
  nodes.reserve(order.size());
  for (int32_t s : order) nodes.push_back(steps.node[s]);
  return nodes;
}

std::vector<int32_t> FileOrder(const Steps& steps) {
  std::vector<int32_t> order(steps.size());
  std::iota(order.begin(), order.end(), 0);
  return order;
}

}  // namespace

std::vector<Memory::Buffer> Lifetimes(const Steps& steps, absl::Span<const int32_t> order) {
  std::vector<int32_t> place(steps.size());
  for (size_t i = 0; i < order.size(); ++i) place[order[i]] = static_cast<int32_t>(i);
  const int32_t end = std::max(0, steps.size() - 1);
  std::vector<Memory::Buffer> out;
  out.reserve(steps.buffers.size());
  std::vector<int32_t> index(steps.buffers.size(), -1);
  for (size_t b = 0; b < steps.buffers.size(); ++b) {
    const Steps::Buffer& buffer = steps.buffers[b];
    if (buffer.bytes < 0) continue;
    Memory::Buffer l{.value = buffer.value, .bytes = buffer.bytes};
    l.from = l.to = buffer.born < 0 ? 0 : place[buffer.born];
    for (int32_t s : steps.ends(static_cast<int32_t>(b))) l.to = std::max(l.to, place[s]);
    if (buffer.stays) l.to = end;
    index[b] = static_cast<int32_t>(out.size());
    out.push_back(l);
  }
  std::vector<uint8_t> taken(out.size(), 0);
  for (auto [fresh, old] : steps.reuse) {
    const int32_t f = index[fresh], o = index[old];
    if (f < 0 || o < 0 || taken[o] || out[f].takes_over >= 0 || out[o].to != out[f].from) continue;
    out[f].takes_over = o;
    taken[o] = 1;
  }
  return out;
}

std::vector<double> LiveBytes(absl::Span<const Memory::Buffer> buffers, int steps, bool in_place) {
  steps = std::max(steps, 1);  // when nothing runs, the inputs are there
  std::vector<double> change(steps + 2, 0);
  for (const Memory::Buffer& l : buffers) {
    change[l.from] += l.bytes;
    change[l.to + 1] -= l.bytes;
    // The buffer taken over is the new one from here on, not both.
    if (in_place && l.takes_over >= 0) change[l.from] -= l.bytes, change[l.from + 1] += l.bytes;
  }
  for (int i = 1; i < steps; ++i) change[i] += change[i - 1];
  change.resize(steps);
  return change;
}

Memory PlanSteps(const Steps& steps) {
  Memory out;
  for (const Steps::Buffer& b : steps.buffers) out.unknown_values += b.bytes < 0;
  const std::vector<int32_t> order = FileOrder(steps);
  out.order = NodesOf(steps, order);
  out.buffers = Lifetimes(steps, order);
  out.live = LiveBytes(out.buffers, steps.size(), false);
  const int32_t at = PeakStep(out.live);
  out.peak_activation_bytes = PeakOf(out.live);
  out.peak_at = OpAt(steps, order, at);
  out.peak_inplace_bytes = PeakOf(LiveBytes(out.buffers, steps.size(), true));
  for (size_t b = 0; b < out.buffers.size(); ++b) {
    const Memory::Buffer& l = out.buffers[b];
    if (l.bytes > 0 && l.from <= at && at <= l.to) {
      out.peak_buffers.push_back(static_cast<int32_t>(b));
    }
  }
  std::stable_sort(out.peak_buffers.begin(), out.peak_buffers.end(), [&](int32_t a, int32_t b) {
    return out.buffers[a].bytes > out.buffers[b].bytes;
  });

  const int64_t buffers = static_cast<int64_t>(out.buffers.size());
  ArenaPlan arena =
      PackArena(out.buffers, out.peak_activation_bytes, kPackPairs + kPackPairsPerBuffer * buffers);
  for (size_t b = 0; b < out.buffers.size(); ++b) out.buffers[b].offset = arena.offsets[b];
  out.arena_bytes = arena.bytes;
  out.arena_heuristic = arena.heuristic;
  out.arena_lower_bound_bytes = out.peak_activation_bytes;

  const Order found = FindOrder(steps, kOrderUnits + kOrderUnitsPerStep * steps.size());
  out.best_is_least = found.least;
  out.best_order = out.order;
  out.best_live = out.live;
  out.best_peak_bytes = out.peak_activation_bytes;
  out.best_peak_at = out.peak_at;
  if (found.steps == order) return out;
  std::vector<double> live =
      LiveBytes(Lifetimes(steps, found.steps), steps.size(), /*in_place=*/false);
  if (const double peak = PeakOf(live); peak < out.peak_activation_bytes) {
    out.best_order = NodesOf(steps, found.steps);
    out.best_peak_bytes = peak;
    out.best_peak_at = OpAt(steps, found.steps, PeakStep(live));
    out.best_live = std::move(live);
  }
  return out;
}

double WeightBytes(const Graph& graph, const Execution& execution,
                   absl::Span<const double> value_bytes, const Flow& flow) {
  double bytes = 0;
  for (ValueId v(0); v.index < graph.num_values(); ++v.index) {
    if (execution.is_weight(v) && execution.root[v.index] == v && !flow.readers(v).empty()) {
      bytes += std::max(0.0, value_bytes[v.index]);
    }
  }
  for (OpId op : flow.ops) bytes += static_cast<double>(NumbersInAttributes(graph, op).bytes);
  return bytes;
}

double PeakActivationBytes(const Graph& graph, const Execution& execution,
                           absl::Span<const double> value_bytes, const Flow& flow,
                           const Partition& partition) {
  const Steps steps = Steps::OfKernels(graph, execution, flow, value_bytes, partition);
  return PeakOf(LiveBytes(Lifetimes(steps, FileOrder(steps)), steps.size(), false));
}

Memory PlanMemory(const Graph& graph, const Execution& execution, const Numbers& numbers,
                  const Flow& flow) {
  Memory out = PlanSteps(Steps::OfOps(graph, execution, flow, numbers.value_bytes));
  out.weights_bytes = WeightBytes(graph, execution, numbers.value_bytes, flow);
  out.caches = FindCaches(graph, execution, flow, numbers.value_bytes);
  return out;
}

}  // namespace assay
