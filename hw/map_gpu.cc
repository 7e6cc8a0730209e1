// Kernels on a GPU.
//
// A contraction is cut into blocks of the output (at most the engine's tile, for tensor cores 128 x
// 128), one per streaming multiprocessor at a time; blocks run in waves, and the last wave is
// seldom full. Small products take smaller blocks, or cut the sum too (split-K) and add up the
// parts.
//
// Smaller blocks reuse less: per step of the sum, a block of tm x tn brings in tm + tn operands,
// which are written to shared memory once and read once, while it does 2 tm tn operations. Where
// shared memory cannot keep up, the factor `feed` says so. On an H100 in bf16: 128 x 128 takes 2 *
// 128 * 128 / 4096 = 8 clocks to compute and 2 * (128 + 128) * 2 / 128 = 8 to feed; 64 x 64 takes 2
// and 4.
//
// Not modelled: occupancy limits, what clusters share, L2 reuse between blocks.
#include <algorithm>

#include "hw/mapping.h"
#include "hw/tiling.h"

namespace assay {

Mapping MapOnGpu(const Kernel& kernel, const Target& target, const Engine& engine,
                 absl::Span<const Workers> workers, Math math) {
  const UnitClass& unit = *target.unit(engine.unit);
  if (!kernel.loops) {
    return MapElements(kernel.largest_elements(), std::max(1.0, unit.threads.value_or(1)), workers,
                       engine.engine_class, math);
  }
  double clock = engine.clock.value_or(unit.clock.value);
  double feed_rate = 0, split_rate = 0;  // bytes per clock of one unit; bytes per second of all
  for (const MemoryLevel& level : target.memory) {
    if (level.scope == engine.unit && level.role == MemoryRole::kScratchpad && feed_rate == 0) {
      feed_rate = target.Bandwidth(level) / unit.count.value / clock;
    }
    if (level.scope == "shared" && split_rate == 0) split_rate = target.Bandwidth(level);
  }
  double macs_per_clock = workers[0].speed / clock;
  double bytes = RowOf(math).bits / 8.0;
  auto feed = [&](double tm, double tn) {
    if (feed_rate <= 0) return 1.0;
    double compute = tm * tn / macs_per_clock;
    double bring = 2 * (tm + tn) * bytes / feed_rate;
    // Peaks are rounded in datasheets: do not let a fraction of a percent decide.
    return compute >= bring * 0.99 ? 1.0 : compute / bring;
  };
  TileLimits limits = LimitsOf(engine, 0);
  limits.max_split = 64;
  Tiling tiling = ChooseTiling(ProductOf(*kernel.loops), limits, workers, feed, split_rate);
  return MappingOf(tiling, limits, workers, engine.engine_class, math);
}

}  // namespace assay
