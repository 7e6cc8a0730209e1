// Kernels on the kinds of machine that have no mapping of their own yet (systolic arrays, KPUs,
// NPUs): the output and the sum are padded to the matrix engine's tile, tiles go round the units.
// Loading of weights, scratchpads and host links are not modelled.
#include <algorithm>

#include "hw/mapping.h"
#include "hw/tiling.h"

namespace assay {

Mapping MapGeneric(const Kernel& kernel, const Target& target, const Engine& engine,
                   absl::Span<const Workers> workers, Math math) {
  if (kernel.loops && !engine.tile_m) {
    return {.engine = engine.engine_class, .math = math, .units_used = target.unit_count()};
  }
  if (!kernel.loops) {
    double lanes = std::max(1.0, engine.width.value_or(0) / RowOf(math).bits);
    return MapElements(kernel.largest_elements(), lanes, workers, engine.engine_class, math);
  }
  TileLimits limits = LimitsOf(engine, 0);
  limits.min_m = limits.tile_m;  // a fixed-size array
  limits.min_n = limits.tile_n;
  limits.step_k = std::max(limits.step_k, engine.tile_k.value_or(1));
  auto feed = [](double, double) { return 1.0; };
  Tiling tiling = ChooseTiling(ProductOf(*kernel.loops), limits, workers, feed, 0);
  return MappingOf(tiling, limits, workers, engine.engine_class, math);
}

}  // namespace assay
