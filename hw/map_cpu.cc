// Kernels on a CPU.
//
// A contraction is cut into blocks that cores take one after another; on a hybrid CPU fast cores
// take more of them (Makespan in hw/mapping.h). Within a block a vector register holds `width /
// bits` elements along one axis of the output, whichever wastes less, and a partly filled register
// costs as much as a full one. Everything else is elements in registers.
//
// Not modelled: cache blocking, packing, the two threads of a core, Winograd's algorithm.
#include <algorithm>
#include <utility>

#include "hw/mapping.h"
#include "hw/tiling.h"

namespace assay {

Mapping MapOnCpu(const Kernel& kernel, const Target&, const Engine& engine,
                 absl::Span<const Workers> workers, Math math) {
  double lanes = std::max(1.0, engine.width.value_or(0) / RowOf(math).bits);
  if (!kernel.loops) {
    return MapElements(kernel.largest_elements(), lanes, workers, engine.engine_class, math);
  }
  TileLimits limits = LimitsOf(engine, lanes);
  auto feed = [](double, double) { return 1.0; };
  Product product = ProductOf(*kernel.loops);
  Tiling along_n = ChooseTiling(product, limits, workers, feed, 0);
  std::swap(product.m, product.n);
  Tiling along_m = ChooseTiling(product, limits, workers, feed, 0);
  if (along_n.seconds <= along_m.seconds) {
    return MappingOf(along_n, limits, workers, engine.engine_class, math);
  }
  std::swap(along_m.tile_m, along_m.tile_n);
  return MappingOf(along_m, limits, workers, engine.engine_class, math);
}

}  // namespace assay
