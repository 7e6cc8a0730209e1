#include "hw/winograd.h"

#include <algorithm>

#include "hw/tiling.h"

namespace assay {

bool SuitsWinograd(const Kernel& kernel) {
  if (ClassOf(kernel) != KernelClass::kConvDense || kernel.loops->kind != Nest::Kind::kConv) {
    return false;
  }
  const Kernel::Loops& l = *kernel.loops;
  const auto all = [](const auto& sizes, int64_t size) {
    return std::all_of(sizes.begin(), sizes.end(), [size](int64_t s) { return s == size; });
  };
  return l.kernel.size() == 2 && all(l.kernel, 3) && all(l.stride, 1) && all(l.dilation, 1);
}

double WinogradTransforms(const Kernel::Loops& loops) {
  const Product p = ProductOf(loops);
  const double input_channels = p.k / 9, tiles = p.m / 4;
  return p.batch * tiles * (32 * input_channels + 24 * p.n);
}

}  // namespace assay
