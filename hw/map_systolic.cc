// Kernels on systolic arrays: TPU, Gaudi.
//
// A unit has one or more arrays of rows x columns cells, each of which multiplies and adds once in
// a clock (wider formats take several passes, narrower ones share a cell). One operand or the sums
// stay in the cells, and the rest streams past, one row in a clock:
//
//   tile_k known:   a block of weights stays, tile_k rows of the sum by tile_n columns of the
//                   output; M streams. The next block's weights come in behind those at work, in
//                   tile_m clocks (where not given: one row in a clock).
//   else:           tile_m x tile_n sums stay; K streams. Finished sums leave, a row in a clock,
//                   while the next block computes.
//
// So a block takes max(streamed, rows) clocks, of which `streamed` are of use: the factor `load`,
// or `drain` where sums stay. Blocks go to the arrays in waves; a long M can be cut, so that
// several arrays work on the same weights. What nothing hides comes once per product: the first
// weights in (or the last sums out) and the skew of the last block,
//
//   rows + (rows + columns - 2) clocks
//
// which is the factor `fill`. (A. Samajdar et al., SCALE-Sim: Systolic CNN Accelerator Simulator,
// 2018: a block takes 2 rows + columns + streamed - 2 clocks in either dataflow when nothing
// overlaps.)
//
// In grouped convolutions several groups share a block of weights, on its diagonal, as XLA's
// convolution group converter lays them out. Cells off the diagonal multiply by zero.
//
//   256 x 256 x 256 in bf16 on a TPU v4, eight arrays of 128 x 128: 2 * 2 blocks of weights, and M
//   cut in two: 8 tasks of 128 clocks in one wave, and 128 + 254 clocks that nothing hides:
//   utilization = fill 128 / (128 + 382) = 0.25
//
// Not modelled: other shapes that arrays can be joined into, transposes, the next kernel's weights
// coming in early.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "hw/mapping.h"
#include "hw/streaming.h"
#include "hw/tiling.h"

namespace assay {
namespace {

struct Array {
  bool weights_stay = false;
  double rows = 1, columns = 1;
  double load = 1;  // clocks in which the next block's weights are in, or the last sums out
  double step = 1;  // what streams is padded to a multiple
};

Array ArrayOf(const Engine& engine) {
  Array array;
  array.weights_stay = engine.tile_k.known;
  const Datum& rows = array.weights_stay ? engine.tile_k : engine.tile_m;
  const Datum& step = array.weights_stay ? engine.min_tile_m : engine.min_tile_k;
  array.rows = std::max(1.0, rows.value_or(1));
  array.columns = std::max(1.0, engine.tile_n.value_or(1));
  array.load = array.weights_stay ? std::max(1.0, engine.tile_m.value_or(array.rows)) : array.rows;
  array.step = std::max(1.0, step.value_or(1));
  return array;
}

// Arrays side by side in one unit: as many as the slowest format needs that keeps every cell busy
// in every clock.
double ArraysIn(const Engine& engine, const Array& array) {
  double least = std::numeric_limits<double>::infinity();
  for (const MathDatum& ops : engine.ops) {
    double arrays = std::floor(ops.datum.value / 2 / (array.rows * array.columns) * (1 + 1e-9));
    if (arrays >= 1) least = std::min(least, arrays);
  }
  return std::isfinite(least) ? least : 1;
}

// How many of the product's groups share a block of weights.
double GroupsPerBlock(const Kernel::Loops& loops, const Product& p, const Array& array) {
  bool conv = loops.kind == Nest::Kind::kConv || loops.kind == Nest::Kind::kConvTranspose;
  if (!conv || !array.weights_stay) return 1;
  return std::max(
      1.0, std::min({std::floor(array.rows / p.k), std::floor(array.columns / p.n), p.batch}));
}

}  // namespace

Mapping MapOnSystolic(const Kernel& kernel, const Target& target, const Engine& engine,
                      absl::Span<const Workers> workers, Math math) {
  Mapping mapping{.engine = engine.engine_class, .math = math};
  mapping.units_used = target.unit_count();
  // Its shape is not published: taken at its peak.
  if (!engine.tile_n || !(engine.tile_m || engine.tile_k)) return mapping;

  const Array array = ArrayOf(engine);
  const double cells = array.rows * array.columns;
  const double in_unit = ArraysIn(engine, array);
  const double clock = engine.clock.value_or(target.unit(engine.unit)->clock.value);
  std::vector<Workers> arrays(workers.begin(), workers.end());
  for (Workers& w : arrays) {
    w.count *= in_unit;
    w.speed /= in_unit;
  }
  const double units = CrewOf(workers).units;
  const auto [count, speed] = CrewOf(arrays);

  const Product p = ProductOf(*kernel.loops);
  const double packed = GroupsPerBlock(*kernel.loops, p, array);
  const double held = array.weights_stay ? p.k * packed : p.m;
  const double streamed = array.weights_stay ? p.m : p.k;
  const double blocks =
      CeilDiv(p.batch, packed) * CeilDiv(held, array.rows) * CeilDiv(p.n * packed, array.columns);
  // The candidates do not depend on the product, so that the least time grows with it.
  const double most_parts = array.weights_stay ? std::clamp(count, 1.0, 64.0) : 1;
  double best = std::numeric_limits<double>::infinity();
  double tasks = 0, length = 0, clocks = 0;
  for (double parts = 1; parts <= most_parts; ++parts) {
    double part = RoundUp(CeilDiv(streamed, parts), array.step);
    double part_clocks = std::max(part, array.load);
    double seconds = Makespan(blocks * parts, arrays) * part_clocks * cells;
    if (seconds < best * (1 - 1e-9)) {
      best = seconds;
      tasks = blocks * parts;
      length = part;
      clocks = part_clocks;
    }
  }
  // Passes of wider formats follow one another without a gap.
  const double fill = (array.load + array.rows + array.columns - 2) / clock;

  mapping.tasks = tasks;
  mapping.slots = count;
  mapping.units_used = std::min(tasks, units);
  mapping.waves = std::ceil(tasks / count);
  mapping.tile_m = WholeSize(array.weights_stay ? length : array.rows);
  mapping.tile_n = WholeSize(array.columns);
  mapping.tile_k = WholeSize(array.weights_stay ? array.rows : length);
  mapping.Multiply("tile", p.batch * p.m * p.n * p.k / (tasks * length * cells));
  mapping.Multiply(array.weights_stay ? "load" : "drain", length / clocks);
  mapping.Multiply("wave", tasks * clocks * cells / speed / best);
  mapping.Multiply("fill", best / (best + fill));
  MultiplyStream(kernel, target, &mapping);
  return mapping;
}

}  // namespace assay
