#include "hw/streaming.h"

#include <algorithm>
#include <cmath>

#include "hw/precision.h"
#include "hw/tiling.h"

namespace assay {
namespace {

// Passes over what streams by, beyond the first, when `stays` bytes are held in parts of `room`.
double MorePasses(double stays, double room) { return std::max(0.0, std::ceil(stays / room) - 1); }

// Bytes that the whole contraction reads again.
double ReadAgain(const Kernel& kernel, Math math, double capacity) {
  using What = Kernel::Operand::What;
  const Product p = ProductOf(*kernel.loops);
  const double width = RowOf(math).bits / 8.0;
  // Of one product; of one step in a recurrence, but for weights, which are those of all steps.
  const double turns = p.batch * p.steps;
  double a = p.m * p.k * width, b = p.k * p.n * width;
  if (double weights = kernel.bytes(What::kWeight); weights > 0) {
    // Overlapping windows of a convolution are one feature map in memory.
    a = kernel.bytes(What::kActivationIn) / turns;
    b = weights / p.batch;
  }
  double out = kernel.bytes(What::kActivationOut) / turns;
  double again = turns * BytesReadAgain(p.m, p.n, a, b, out, capacity);
  // Weights that stay from step to step, as far as a step's own operands leave room.
  again += p.batch * (p.steps - 1) * std::clamp(a + b + out - capacity, 0.0, b);
  return again;
}

}  // namespace

double BytesReadAgain(double m, double n, double a, double b, double out, double capacity) {
  if (a + b + out <= capacity) return 0;
  double half = capacity / 2;
  double side = std::sqrt(half / 4);
  return std::min({MorePasses(b, half) * a, MorePasses(a, half) * b,
                   MorePasses(n, side) * a + MorePasses(m, side) * b});
}

const MemoryLevel* OnChip(const Target& target) {
  if (target.memory.size() < 2) return nullptr;
  const MemoryLevel& level = target.memory[target.memory.size() - 2];
  bool holds = level.role == MemoryRole::kScratchpad || level.role == MemoryRole::kCache;
  return holds && target.Capacity(level) > 0 ? &level : nullptr;
}

void MultiplyStream(const Kernel& kernel, const Target& target, Mapping* mapping) {
  const MemoryLevel* level = OnChip(target);
  double bandwidth = target.Bandwidth(target.dram());
  double peak = target.Rate(mapping->engine, mapping->math);
  if (!kernel.loops || kernel.operands.empty() || level == nullptr || bandwidth <= 0 || peak <= 0 ||
      kernel.macs <= 0) {
    return;
  }
  double capacity = target.Capacity(*level);
  double bytes = ReadAgain(kernel, mapping->math, capacity);
  if (bytes <= 0) return;
  for (const Kernel::Operand& operand : kernel.operands) {
    bool here = level->scope == "shared" && operand.reuse_distance + operand.bytes <= capacity;
    if (!here) bytes += operand.bytes;
  }
  double compute = 2 * kernel.macs / (peak * mapping->utilization);
  double stream = bytes / bandwidth;
  if (stream > compute) mapping->Multiply("stream", compute / stream);
}

}  // namespace assay
