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
// Occupancy is what the CUDA occupancy calculator says: a multiprocessor holds as many blocks as
// its threads, shared memory and registers have room for. Those of CUTLASS's default tiles
// (default_gemm_configuration.h) are taken: a warp of 32 has 64 x 64 sums on tensor cores and 32 x
// 64 elsewhere, 128 and 64 a thread; operands of two steps of tile_k lie in shared memory (steps
// halve until they fit); sums lie in registers. A block of 128 x 128 x 64 in bf16 on an H100:
//
//   threads         128 * 128 / 128 = 128            2048 / 128 = 16 blocks
//   shared memory   2 * (128 + 128) * 64 * 2 = 64 KiB    228 / 64 -> 3
//   registers       128 * 128 * 4 = 64 KiB               256 / 64 = 4
//
// so 3 blocks, 3 * 128 / 2048 = 18.75 % of the threads, by shared memory.
//
// Not modelled: what occupancy does to speed (calibration has it), registers besides the sums, what
// clusters share, L2 reuse between blocks.
#include <algorithm>
#include <cmath>
#include <limits>

#include "hw/mapping.h"
#include "hw/tiling.h"

namespace assay {
namespace {

constexpr double kStages = 2;          // steps of operands in shared memory
constexpr double kSumBytes = 4;        // at least: 32 bits, in fixed or floating point
constexpr double kSumsOfMatrix = 128;  // per thread
constexpr double kSumsOfVector = 64;

// `k`: terms of the sum of one block.
Occupancy OccupancyOf(const Target& target, const UnitClass& unit, const Engine& engine,
                      const Tiling& tiling, double k, double step_k, double bytes) {
  if (!unit.threads) return {};
  const double sums = tiling.tile_m * tiling.tile_n;
  const double per_thread =
      engine.engine_class == EngineClass::kMatrix ? kSumsOfMatrix : kSumsOfVector;
  const double threads = std::min(RoundUp(sums / per_thread, std::max(1.0, unit.warp.value_or(1))),
                                  unit.threads.value);

  Occupancy occupancy{.blocks = std::numeric_limits<double>::infinity()};
  auto limit = [&occupancy](absl::string_view by, double blocks) {
    blocks = std::max(1.0, std::floor(blocks));
    if (blocks < occupancy.blocks) occupancy = {.blocks = blocks, .limit = by};
  };
  limit("threads", unit.threads.value / threads);
  if (unit.blocks) limit("blocks", unit.blocks.value);
  for (const MemoryLevel& level : target.memory) {
    if (level.scope != unit.name || !level.size) continue;
    if (level.role == MemoryRole::kRegisters) {
      limit("registers", level.size.value / (sums * std::max(kSumBytes, bytes)));
    }
    if (level.role == MemoryRole::kScratchpad) {
      const double room = level.programmable.value_or(level.size.value);
      const double per_step = kStages * (tiling.tile_m + tiling.tile_n) * bytes;
      double steps = std::min(k, std::max(engine.tile_k.value_or(step_k), step_k));
      while (steps > step_k && steps * per_step > room) steps = std::max(step_k, steps / 2);
      limit("shared memory", room / (steps * per_step));
    }
  }
  occupancy.share = std::min(1.0, occupancy.blocks * threads / unit.threads.value);
  return occupancy;
}

}  // namespace

Mapping MapOnGpu(const Kernel& kernel, const Target& target, const Engine& engine,
                 absl::Span<const Workers> workers, Math math) {
  const UnitClass& unit = *target.unit(engine.unit);
  if (!kernel.loops) {
    Mapping mapping =
        MapElements(kernel.largest_elements(), std::max(1.0, unit.threads.value_or(1)), workers,
                    engine.engine_class, math);
    if (unit.threads) mapping.occupancy = {.blocks = 1, .share = 1, .limit = "threads"};
    return mapping;
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
  const Product product = ProductOf(*kernel.loops);
  const Tiling tiling = ChooseTiling(product, limits, workers, feed, split_rate);
  Mapping mapping = MappingOf(tiling, limits, workers, engine.engine_class, math);
  const double k = RoundUp(CeilDiv(product.k, static_cast<double>(tiling.split_k)), limits.step_k);
  mapping.occupancy = OccupancyOf(target, unit, engine, tiling, k, limits.step_k, bytes);
  return mapping;
}

}  // namespace assay
