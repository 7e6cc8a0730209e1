#include "passes/residency.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "hw/streaming.h"

namespace assay {
namespace {

using Operand = Kernel::Operand;

// It is there whatever else is, and whatever its size.
constexpr double kStays = -std::numeric_limits<double>::infinity();

// Calls visit(kernel, operand, value) for each operand in order of execution; no value: numbers in
// attributes, behind what the partition reads and writes.
template <class Visit>
void ForEachOperand(const Partition& partition, std::vector<Kernel>* kernels, Visit&& visit) {
  for (size_t k = 0; k < kernels->size(); ++k) {
    const Partition::KernelOps& ops = partition.kernels[k];
    std::vector<Operand>& operands = (*kernels)[k].operands;
    const size_t reads = ops.reads.size();
    for (size_t i = 0; i < operands.size(); ++i) {
      const size_t w = i - reads;
      const ValueId v = i < reads               ? ops.reads[i]
                        : w < ops.writes.size() ? ops.writes[w]
                                                : ValueId();
      visit(k, operands[i], v);
    }
  }
}

// By ValueId: the kernel that used it last, and the operand that wrote it while its next use is
// open.
struct Use {
  int64_t kernel = -1;
  Operand* written_as = nullptr;
};

// Sets the distances of activations: distance(kernel of the previous use, kernel of this use).
template <class Distance>
void SetActivations(const Graph& graph, const Partition& partition, std::vector<Kernel>* kernels,
                    Distance&& distance) {
  std::vector<Use> last(graph.num_values());
  ForEachOperand(partition, kernels, [&](size_t k, Operand& operand, ValueId v) {
    if (!v.has_value() || operand.what == Operand::What::kWeight) return;
    Use& use = last[v.index];
    if (operand.what == Operand::What::kActivationOut) {
      use = {static_cast<int64_t>(k), &operand};
      return;
    }
    if (use.kernel >= 0) {
      operand.reuse_distance = distance(static_cast<size_t>(use.kernel), k);
      if (use.written_as != nullptr) use.written_as->reuse_distance = operand.reuse_distance;
    }
    use = {static_cast<int64_t>(k), nullptr};
  });
}

// before[k]: bytes of a run ahead of kernel k; the last entry: of all.
std::vector<double> TrafficBefore(const Partition& partition, const std::vector<Kernel>& kernels,
                                  bool with_weights) {
  std::vector<double> before(kernels.size() + 1, 0);
  for (size_t k = 0; k < kernels.size(); ++k) {
    const double weights = with_weights ? 0 : kernels[k].bytes(Operand::What::kWeight);
    before[k + 1] = before[k] + partition.kernels[k].multiplicity * (kernels[k].bytes() - weights);
  }
  return before;
}

// Distances as in a cache.
void SetCached(const Graph& graph, const Partition& partition, std::vector<Kernel>* kernels) {
  const std::vector<double> before = TrafficBefore(partition, *kernels, true);
  SetActivations(graph, partition, kernels,
                 [&](size_t from, size_t to) { return before[to] - before[from + 1]; });
  std::vector<int64_t> last(graph.num_values(), -1);
  ForEachOperand(partition, kernels, [&](size_t k, Operand& operand, ValueId v) {
    if (operand.what != Operand::What::kWeight) return;
    int64_t used = -1;
    if (v.has_value()) used = std::exchange(last[v.index], static_cast<int64_t>(k));
    operand.reuse_distance = used >= 0 ? before[k] - before[static_cast<size_t>(used) + 1]
                                       : before.back() - (before[k + 1] - before[k]);
  });
}

void SetScratchpad(const Graph& graph, const Partition& partition, double pin,
                   std::vector<Kernel>* kernels) {
  double pinned = 0;
  std::vector<bool> seen(graph.num_values()), stays(graph.num_values());
  ForEachOperand(partition, kernels, [&](size_t, Operand& operand, ValueId v) {
    if (operand.what != Operand::What::kWeight || !v.has_value()) return;
    if (!seen[v.index]) {
      seen[v.index] = true;
      stays[v.index] = pinned + operand.bytes <= pin;
      if (stays[v.index]) pinned += operand.bytes;
    }
    if (stays[v.index]) operand.reuse_distance = kStays;
  });
  const std::vector<double> before = TrafficBefore(partition, *kernels, false);
  SetActivations(graph, partition, kernels,
                 [&](size_t from, size_t to) { return pinned + before[to] - before[from + 1]; });
}

void SetContexts(const Graph& graph, const Partition& partition, double capacity,
                 std::vector<Kernel>* kernels) {
  // Weights ahead of each kernel, each counted where it is read first.
  std::vector<double> ahead(kernels->size(), -1);
  std::vector<bool> seen(graph.num_values());
  double weights = 0;
  ForEachOperand(partition, kernels, [&](size_t k, Operand& operand, ValueId v) {
    if (ahead[k] < 0) ahead[k] = weights;
    if (operand.what != Operand::What::kWeight || (v.has_value() && seen[v.index])) return;
    if (v.has_value()) seen[v.index] = true;
    weights += operand.bytes;
  });
  const double contexts = std::max(1.0, std::ceil(weights / capacity));
  auto context = [&](size_t k) {
    return weights > 0 ? std::min(contexts - 1, std::floor(ahead[k] / weights * contexts)) : 0;
  };
  ForEachOperand(partition, kernels, [&](size_t, Operand& operand, ValueId) {
    if (operand.what == Operand::What::kWeight && contexts == 1) operand.reuse_distance = kStays;
  });
  SetActivations(graph, partition, kernels, [&](size_t from, size_t to) {
    return context(from) == context(to) ? kStays : Operand::kNever;
  });
}

}  // namespace

void SetReuseDistances(const Graph& graph, const Partition& partition, const Platform& platform,
                       std::vector<Kernel>* kernels) {
  const MemoryLevel* chip = OnChip(*platform.target);
  const double capacity = chip != nullptr ? platform.target->Capacity(*chip) : 0;
  const Residency residency = platform.runtime->residency;
  if (residency == Residency::kCache || capacity <= 0) {
    SetCached(graph, partition, kernels);
  } else if (residency == Residency::kContexts) {
    SetContexts(graph, partition, capacity, kernels);
  } else {
    SetScratchpad(graph, partition, residency == Residency::kPinned ? capacity : 0, kernels);
  }
}

}  // namespace assay
