// Kernels on a KPU, a domain-flow machine of tiles.
//
// A tile is a fabric of processing elements with a scratchpad of its own. It takes a block of the
// output, tm x tn (multiples of the fabric), keeps weights, and streams rows of the activations
// past them. The scratchpad is double-buffered: what a tile works on fits half of it, while the
// other half fills. In that half lie
//
//   tk x tn weights, as many rows of tk activations as the fabric has, and the sums in 32 bits:
//   those of the rows at work when tk is all of K (rows then stream without end), else all tm x tn
//
// Blocks go to tiles in waves. Larger blocks reuse more: all blocks together bring in (tm + tn) * K
// operands each, which is the factor `feed` where a memory on the chip that all tiles share states
// its bandwidth and cannot keep up. Beyond the chip, what one tile fetches serves all that work on
// it, as operands flow from tile to neighbour: only what is larger than that memory (without one,
// than all scratchpads) is fetched again (hw/streaming.h), the factor `stream`.
//
// Not modelled: the first block of a kernel coming in, groups of a convolution side by side in the
// fabric.
#include <algorithm>
#include <cmath>
#include <limits>

#include "hw/mapping.h"
#include "hw/precision.h"
#include "hw/streaming.h"
#include "hw/tiling.h"

namespace assay {
namespace {

constexpr double kSumBytes = 4;  // 32 bits, in fixed or floating point
// Blocks double from the fabric's size so many times. Fixed, so that the least time over them grows
// with the product.
constexpr int kDoublingsM = 16;
constexpr int kDoublingsN = 5;

struct Fabric {
  double rows = 1, columns = 1;
  double room = 0;   // bytes of half a scratchpad
  double width = 1;  // bytes of an operand

  // Steps of the sum whose weights stay at a time for a block of m x n; 0: it does not fit.
  double StepsHeld(double m, double n, double k) const {
    double operands = (n + rows) * width;  // per step
    if (k * operands + kSumBytes * rows * n <= room) return k;
    double steps = std::floor((room - kSumBytes * m * n) / operands);
    return steps >= std::min(k, columns) ? std::min(steps, k) : 0;
  }
};

// Bytes per second at which scratchpads fill from memory on the chip; 0: not known.
double FeedRate(const Target& target) {
  const MemoryLevel* level = OnChip(target);
  return level != nullptr && level->scope == "shared" ? target.Bandwidth(*level) : 0;
}

Fabric FabricOf(const Target& target, const Engine& engine, Math math) {
  Fabric fabric{.rows = std::max(1.0, engine.tile_m.value_or(1)),
                .columns = std::max(1.0, engine.tile_n.value_or(1)),
                .room = std::numeric_limits<double>::infinity(),
                .width = RowOf(math).bits / 8.0};
  for (const MemoryLevel& level : target.memory) {
    if (level.scope == engine.unit && level.role == MemoryRole::kScratchpad && level.size) {
      fabric.room = level.size.value / 2;
    }
  }
  return fabric;
}

}  // namespace

Mapping MapOnKpu(const Kernel& kernel, const Target& target, const Engine& engine,
                 absl::Span<const Workers> workers, Math math) {
  Mapping mapping{.engine = engine.engine_class, .math = math};
  mapping.units_used = target.unit_count();
  // Its shape is not published: taken at its peak.
  if (!engine.tile_m || !engine.tile_n) return mapping;

  const Fabric fabric = FabricOf(target, engine, math);
  const double feed_rate = FeedRate(target);
  const auto [units, speed] = CrewOf(workers);

  const Product p = ProductOf(*kernel.loops);
  double best = std::numeric_limits<double>::infinity();
  double tasks = 0, macs = 0, compute = 0;
  for (int i = kDoublingsM; i >= 0; --i) {
    for (int j = kDoublingsN; j >= 0; --j) {
      const double tm = std::ldexp(fabric.rows, i), tn = std::ldexp(fabric.columns, j);
      const double m = std::min(tm, RoundUp(p.m, fabric.rows));
      const double n = std::min(tn, RoundUp(p.n, fabric.columns));
      double held = fabric.StepsHeld(m, n, p.k);
      if (i == 0 && j == 0) held = std::max(held, 1.0);  // however small the scratchpad is
      if (held <= 0) continue;
      const double count = p.batch * CeilDiv(p.m, tm) * CeilDiv(p.n, tn);
      const double busy = Makespan(count, workers) * m * n * p.k;
      const double bring = feed_rate > 0 ? count * (m + n) * p.k * fabric.width / feed_rate : 0;
      if (std::max(busy, bring) >= best * (1 - 1e-9)) continue;  // ties: the larger block
      best = std::max(busy, bring);
      tasks = count;
      macs = m * n * p.k;
      compute = busy;
      mapping.tile_m = WholeSize(m);
      mapping.tile_n = WholeSize(n);
      mapping.tile_k = WholeSize(held);
    }
  }

  mapping.tasks = tasks;
  mapping.slots = units;
  mapping.units_used = std::min(tasks, units);
  mapping.waves = std::ceil(tasks / units);
  mapping.Multiply("tile", p.batch * p.m * p.n * p.k / (tasks * macs));
  mapping.Multiply("wave", tasks * macs / speed / compute);
  if (compute < best) mapping.Multiply("feed", compute / best);
  MultiplyStream(kernel, target, &mapping);
  return mapping;
}

}  // namespace assay
