// Kernels on vector engines that stand beside a matrix engine, as in TPUs and NPUs: what the matrix
// engine's format or shape does not suit. Lanes fill as a CPU's registers do (hw/map_cpu.cc), but
// that the outputs of a depthwise convolution, each a sum of its own over one channel, lie side by
// side in lanes whichever channel they belong to.
#include <algorithm>
#include <limits>

#include "hw/mapping.h"

namespace assay {
namespace {

int64_t Times(int64_t a, int64_t b) {
  a = std::max<int64_t>(a, 1);
  b = std::max<int64_t>(b, 1);
  return a > std::numeric_limits<int64_t>::max() / b ? std::numeric_limits<int64_t>::max() : a * b;
}

}  // namespace

Mapping MapOnLanes(const Kernel& kernel, const Target& target, const Engine& engine,
                   absl::Span<const Workers> workers, Math math) {
  if (ClassOf(kernel) != KernelClass::kConvDepthwise) {
    return MapOnCpu(kernel, target, engine, workers, math);
  }
  Kernel flat;
  flat.loops = *kernel.loops;
  flat.loops->m = Times(flat.loops->m, flat.loops->groups);
  flat.loops->groups = 1;
  return MapOnCpu(flat, target, engine, workers, math);
}

}  // namespace assay
