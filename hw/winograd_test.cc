#include "hw/winograd.h"

#include "gtest/gtest.h"
#include "hw/estimate.h"

namespace assay {
namespace {

// 64 -> 128 channels, 3 x 3, over 28 x 28 positions.
Kernel Conv() {
  Kernel kernel;
  Kernel::Loops loops;
  loops.kind = Nest::Kind::kConv;
  loops.m = 28 * 28;
  loops.n = 128;
  loops.k = 64 * 9;
  loops.kernel = {3, 3};
  loops.stride = {1, 1};
  loops.dilation = {1, 1};
  kernel.loops = loops;
  kernel.macs = 28.0 * 28 * 128 * 64 * 9;
  kernel.flops = 2 * kernel.macs;
  return kernel;
}

TEST(Winograd, IsForThreeByThreeOfStrideOne) {
  EXPECT_TRUE(SuitsWinograd(Conv()));
  Kernel other = Conv();
  other.loops->stride = {2, 2};
  EXPECT_FALSE(SuitsWinograd(other));
  other = Conv();
  other.loops->dilation = {2, 2};
  EXPECT_FALSE(SuitsWinograd(other));
  other = Conv();
  other.loops->kernel = {5, 5};
  EXPECT_FALSE(SuitsWinograd(other));
  other = Conv();
  other.loops->kernel = {3};
  EXPECT_FALSE(SuitsWinograd(other));
  other = Conv();
  other.loops->groups = 32;
  EXPECT_FALSE(SuitsWinograd(other));
  other = Conv();
  other.loops->kind = Nest::Kind::kMatMul;
  EXPECT_FALSE(SuitsWinograd(other));
}

TEST(Winograd, TakesSixteenProductsInsteadOfThirtySix) {
  const auto target = FindTarget("v100-sxm");
  const auto runtime = FindRuntime("tensorrt");
  ASSERT_TRUE(target.ok() && runtime.ok());
  const auto fp32 = MakePlatform(*target, *runtime, {.precision = "fp32"});
  const auto fp16 = MakePlatform(*target, *runtime, {.precision = "fp16"});
  ASSERT_TRUE(fp32.ok() && fp16.ok());
  const Kernel kernel = Conv();
  const KernelCost in32 = CostOf(kernel, *fp32), in16 = CostOf(kernel, *fp16);
  ASSERT_GE(in32.parts.size(), 2u);
  EXPECT_DOUBLE_EQ(in32.parts[0].use.amount, 2 * kernel.macs * 16 / 36);
  // 14 x 14 tiles of 2 x 2: 32 additions for each of 64 channels in, 24 for each of 128 out.
  EXPECT_DOUBLE_EQ(in32.parts[1].use.amount, 14.0 * 14 * (32 * 64 + 24 * 128));
  ASSERT_GE(in16.parts.size(), 1u);
  EXPECT_DOUBLE_EQ(in16.parts[0].use.amount, 2 * kernel.macs);
}

TEST(InPlace, TakesNoTime) {
  const auto target = FindTarget("v100-sxm");
  const auto runtime = FindRuntime("tensorrt");
  ASSERT_TRUE(target.ok() && runtime.ok());
  const auto platform = MakePlatform(*target, *runtime, {});
  ASSERT_TRUE(platform.ok());
  Kernel kernel;
  kernel.operands = {{Kernel::Operand::What::kActivationIn, DType::kF32, 1000, 4000},
                     {Kernel::Operand::What::kActivationOut, DType::kF32, 1000, 4000}};
  EXPECT_GT(EstimateKernel(kernel, *platform).seconds, 0);
  kernel.in_place = true;
  const KernelEstimate e = EstimateKernel(kernel, *platform);
  EXPECT_EQ(e.seconds, 0);
  EXPECT_EQ(e.host_seconds, 0);
  EXPECT_EQ(e.limit, "in place");
}

}  // namespace
}  // namespace assay
