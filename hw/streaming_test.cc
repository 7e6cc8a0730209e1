#include "hw/streaming.h"

#include <cmath>
#include <memory>
#include <utility>

#include "gtest/gtest.h"
#include "hw/estimate.h"

namespace assay {
namespace {

using What = Kernel::Operand::What;

TEST(BytesReadAgain, IsNothingWhenAllFit) {
  EXPECT_EQ(BytesReadAgain(10, 10, 30, 30, 40, 100), 0);
  EXPECT_EQ(BytesReadAgain(10, 10, 0, 0, 0, 0), 0);
  // What streams past once is not read again, however large.
  EXPECT_EQ(BytesReadAgain(1e6, 10, 1e9, 50, 1e9, 100), 0);
  EXPECT_EQ(BytesReadAgain(10, 1e6, 50, 1e9, 1e9, 100), 0);
}

TEST(BytesReadAgain, IsTheLeastOfThreePlans) {
  // Halves of 4096 bytes; sums of 32 x 32 fill one (32 * 32 * 4).
  const double capacity = 8192;
  // B in two halves, A of 5000 twice; A in two halves, B of 8000 twice; 4 x 4 blocks of sums.
  EXPECT_EQ(BytesReadAgain(128, 128, 5000, 8000, 65536, capacity), 5000);
  EXPECT_EQ(BytesReadAgain(128, 128, 8000, 5000, 65536, capacity), 5000);
  // Long sums, 40 halves each: 2 x 2 blocks of sums read A and B once more each.
  const double large = 40 * 4096;
  EXPECT_EQ(BytesReadAgain(64, 64, large, large, 16384, capacity), 2 * large);
  // A single block of sums: once.
  EXPECT_EQ(BytesReadAgain(32, 32, large, large, 4096, capacity), 0);
}

Platform Coral() {
  auto target = FindTarget("coral-edge-tpu");
  EXPECT_TRUE(target.ok()) << target.status();
  auto platform = MakePlatform(*target, nullptr, {});
  EXPECT_TRUE(platform.ok()) << platform.status();
  return *std::move(platform);
}

Kernel WithOperands(Kernel kernel, double in, double weights, double out) {
  kernel.operands = {{What::kActivationIn, DType::kI8, in, in},
                     {What::kWeight, DType::kI8, weights, weights},
                     {What::kActivationOut, DType::kI8, out, out}};
  return kernel;
}

// 8 MB on the chip, 500 MB/s to the host.
TEST(MultiplyStream, TheHostLinkLimitsWhatIsReadAgain) {
  Kernel kernel;
  kernel.loops = {.m = 4096, .n = 4096, .k = 4096, .shared_b = true, .multiply = DType::kI8};
  kernel.macs = std::pow(4096, 3);
  kernel.flops = 2 * kernel.macs;
  const double each = 4096.0 * 4096;
  kernel = WithOperands(kernel, each, each, each);
  // Weights in five parts of at most 4 MB: the input passes five times, instead of once.
  const double bytes = (5 + 1 + 1) * each;
  const Platform coral = Coral();
  const KernelEstimate e = EstimateKernel(kernel, coral);
  EXPECT_NEAR(e.seconds - e.overhead, bytes / 500e6, 1e-9);
  EXPECT_EQ(e.mapping.factors.back().name, "stream");
  EXPECT_NEAR(e.mapping.factors.back().value, kernel.flops / 4e12 / (bytes / 500e6), 1e-9);
  // Nothing is said of a kernel whose operands are not known.
  kernel.operands.clear();
  EXPECT_EQ(EstimateKernel(kernel, coral).mapping.utilization, 1);
}

TEST(MultiplyStream, ARecurrenceFetchesInEveryStepWhatDoesNotFit) {
  Kernel kernel;
  kernel.loops = {.kind = Nest::Kind::kRecurrence,
                  .m = 1,
                  .n = 3000,
                  .k = 4000,
                  .steps = 10,
                  .multiply = DType::kI8};
  kernel.macs = 3000.0 * 4000 * 10;
  kernel.flops = 2 * kernel.macs;
  kernel = WithOperands(kernel, 10 * 4000, 12e6, 10 * 3000);
  // 12 MB of weights and a step's 7 kB exceed 8 MB by 4.007 MB, nine times again.
  const KernelEstimate e = EstimateKernel(kernel, Coral());
  // The results and inputs could wait on the chip, but nothing says that they do.
  EXPECT_NEAR(e.seconds - e.overhead, (12e6 + 70e3 + 9 * 4.007e6) / 500e6, 1e-9);
  // Weights that fit are fetched once.
  kernel = WithOperands(kernel, 10 * 4000, 7e6, 10 * 3000);
  EXPECT_NEAR(EstimateKernel(kernel, Coral()).seconds - e.overhead, (7e6 + 70e3) / 500e6, 1e-9);
}

}  // namespace
}  // namespace assay
