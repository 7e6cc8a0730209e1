// Kernels on fixed-function NPUs.
//
// Such an array is wired for convolutions: in a clock it takes so many positions of the output
// (min_tile_m), output channels (min_tile_n) and input channels (min_tile_k) of one position of the
// convolution's kernel. What is fewer leaves multipliers idle: the first layer's 3 input channels
// fill 3 of 8 lanes at each of its 7 x 7 positions, so its sum of 147 takes 49 * 8 steps. Blocks of
// tile_m x tile_n go to the units in waves.
//
//   3 -> 64 channels, 7 x 7, on a U65: tile 3 / 8
//
// In a depthwise convolution each output channel has an input channel of its own: the groups lie
// side by side as output channels, and one input lane of min_tile_k works. (So does Arm's compiler
// count, Vela, ethosu/vela/npu_performance.py: four positions of the kernel take four clocks for a
// block of output. Its rounding of positions and channels beyond the array's own is not modelled,
// nor is the fetching of commands.)
//
// Weights that the memory on the chip holds from run to run cost nothing; others stream in through
// the outermost memory, or the link to the host, in every run: hw/estimate.h counts them by their
// reuse distance. A layer too large for the chip is cut, and reads something again
// (hw/streaming.h): the factor `stream`.
#include <algorithm>
#include <cmath>
#include <utility>

#include "hw/mapping.h"
#include "hw/streaming.h"
#include "hw/tiling.h"

namespace assay {
namespace {

// Steps of the sum with input channels padded to a multiple of `lanes` at each position of the
// convolution's kernel.
double PaddedSum(const Kernel::Loops& loops, double k, double lanes) {
  double positions = 1;
  for (int64_t extent : loops.kernel)
    positions *= static_cast<double>(std::max<int64_t>(extent, 1));
  positions = std::min(positions, k);
  double channels = std::ceil(k / positions);
  return positions * std::ceil(channels / lanes) * lanes;
}

}  // namespace

Mapping MapOnNpu(const Kernel& kernel, const Target& target, const Engine& engine,
                 absl::Span<const Workers> workers, Math math) {
  Product p = ProductOf(*kernel.loops);
  if (ClassOf(kernel) == KernelClass::kConvDepthwise) p.n *= std::exchange(p.batch, 1);
  const double useful = p.k;
  TileLimits limits = LimitsOf(engine, 0);
  p.k = PaddedSum(*kernel.loops, p.k, limits.step_k);

  Mapping mapping{.engine = engine.engine_class, .math = math};
  if (engine.tile_m) {
    limits.min_m = limits.tile_m;  // wired
    limits.min_n = limits.tile_n;
    auto feed = [](double, double) { return 1.0; };
    Tiling tiling = ChooseTiling(p, limits, workers, feed, 0);
    tiling.edge *= useful / p.k;
    mapping = MappingOf(tiling, limits, workers, engine.engine_class, math);
  } else {
    // How it shares out the output is not published: all units, as full as the channels fill them.
    mapping.units_used = target.unit_count();
    double tile = useful / p.k * p.m / (std::ceil(p.m / limits.min_m) * limits.min_m) * p.n /
                  (std::ceil(p.n / limits.min_n) * limits.min_n);
    if (tile < 1) mapping.Multiply("tile", tile);
  }
  MultiplyStream(kernel, target, &mapping);
  return mapping;
}

}  // namespace assay
