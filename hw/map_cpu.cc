// Kernels on a CPU.
//
// A contraction is cut into blocks that cores take one after another; on a hybrid CPU fast cores
// take more of them (Makespan in hw/mapping.h). Within a block a vector register holds `width /
// bits` elements along one axis of the output, whichever wastes less, and a partly filled register
// costs as much as a full one. Everything else is elements in registers.
//
// Along the sum, a block of tm x tn reads tm + tn operands per step, from the innermost cache that
// holds its panels (tm + tn of them over the whole sum; of a shared cache each core has a share),
// while it does tm tn multiply-accumulates. Where that cache cannot keep up, the factor `feed` says
// so, and larger blocks are preferred. On an i9-10940X in fp32, a row of 64 over a sum of 512: the
// panels of 65 * 512 * 4 B = 133 kB lie in L2, which takes 65 * 4 / 64 = 4.06 clocks for what is
// computed in 64 / 32 = 2; 64 x 64 takes 128 clocks to compute and 2 * 64 * 4 / 64 = 8 to feed.
//
// Not modelled: packing, slower caches of a hybrid CPU's slow cores, the two threads of a core.
#include <algorithm>
#include <limits>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "hw/mapping.h"
#include "hw/tiling.h"

namespace assay {
namespace {

// What one unit has of a cache.
struct CacheShare {
  double size = 0;  // bytes
  double rate = 0;  // bytes per second: of this cache or of one inside it, whichever is less
};

// Innermost first; none for lanes beside an array (hw/map_lanes.cc), which have memories of their
// own. A cache of unknown bandwidth is taken to be as fast as those inside it.
absl::InlinedVector<CacheShare, 4> CachesOf(const Target& target, const UnitClass& unit) {
  absl::InlinedVector<CacheShare, 4> caches;
  if (target.kind != TargetKind::kCpu) return caches;
  double rate = std::numeric_limits<double>::infinity();
  for (const MemoryLevel& level : target.memory) {
    const bool shared = level.scope == "shared";
    if (level.role != MemoryRole::kCache || (!shared && level.scope != unit.name)) continue;
    const double sharers = shared ? target.unit_count() : unit.count.value;
    const double bandwidth = target.Bandwidth(level) / sharers;
    if (bandwidth > 0) rate = std::min(rate, bandwidth);
    caches.push_back({target.Capacity(level) / sharers, rate});
  }
  return caches;
}

}  // namespace

Mapping MapOnCpu(const Kernel& kernel, const Target& target, const Engine& engine,
                 absl::Span<const Workers> workers, Math math) {
  double lanes = std::max(1.0, engine.width.value_or(0) / RowOf(math).bits);
  if (!kernel.loops) {
    return MapElements(kernel.largest_elements(), lanes, workers, engine.engine_class, math);
  }
  TileLimits limits = LimitsOf(engine, lanes);
  Product product = ProductOf(*kernel.loops);
  const auto caches = CachesOf(target, *target.unit(engine.unit));
  const double speed = workers[0].speed, bytes = RowOf(math).bits / 8.0, k = product.k;
  auto feed = [&](double tm, double tn) {
    const double operands = (tm + tn) * bytes;  // per step of the sum
    double rate = std::numeric_limits<double>::infinity();
    for (const CacheShare& cache : caches) {
      rate = cache.rate;
      if (operands * k <= cache.size) break;
    }
    return std::min(1.0, tm * tn / speed * rate / operands);
  };
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
