#include "hw/estimate_cache.h"

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

Kernel Elementwise(double elements) {
  Kernel kernel;
  kernel.flops = elements;
  kernel.operands = {{Kernel::Operand::What::kActivationIn, DType::kF32, elements, 4 * elements}};
  return kernel;
}

std::shared_ptr<const Platform> T4At(EstimateCache& cache, int64_t batch, int* made) {
  auto platform = cache.PlatformAt(batch, [&] {
    ++*made;
    return MakePlatform(*FindTarget("t4"), nullptr, {.batch = batch});
  });
  EXPECT_TRUE(platform.ok()) << platform.status();
  return *platform;
}

TEST(EstimateCache, AnswersAsWithoutIt) {
  EstimateCache cache(100);
  int made = 0;
  const auto t4 = T4At(cache, 8, &made);
  for (int round = 0; round < 3; ++round) {
    for (double elements : {1e3, 1e6, 1e9}) {
      const KernelEstimate cached = cache.Estimate(Elementwise(elements), *t4);
      const KernelEstimate fresh = EstimateKernel(Elementwise(elements), *t4);
      EXPECT_EQ(cached.seconds, fresh.seconds);
      EXPECT_EQ(cached.limit, fresh.limit);
      EXPECT_EQ(cached.parts.size(), fresh.parts.size());
    }
  }
  EXPECT_EQ(cache.asked(), 3 * 3);
  EXPECT_EQ(cache.known(), 2 * 3);
}

TEST(EstimateCache, MakesAPlatformPerBatch) {
  EstimateCache cache(100);
  int made = 0;
  const auto one = T4At(cache, 1, &made), eight = T4At(cache, 8, &made);
  EXPECT_NE(one, eight);
  EXPECT_EQ(one, T4At(cache, 1, &made));
  EXPECT_EQ(made, 2);
  cache.Estimate(Elementwise(1e6), *one);
  cache.Estimate(Elementwise(1e6), *eight);
  EXPECT_EQ(cache.known(), 0);  // the interval of one may be another's
}

TEST(EstimateCache, ForgetsWhenFull) {
  EstimateCache cache(2);
  int made = 0;
  const auto t4 = T4At(cache, 1, &made);
  for (double elements : {1.0, 2.0, 3.0}) cache.Estimate(Elementwise(elements), *t4);
  cache.Estimate(Elementwise(3), *t4);
  EXPECT_EQ(cache.known(), 1);
  cache.Estimate(Elementwise(1), *t4);
  EXPECT_EQ(cache.known(), 1);
  // So are platforms, of which the first is made again after 256 others.
  for (int64_t batch = 2; batch <= 257; ++batch) T4At(cache, batch, &made);
  EXPECT_EQ(made, 257);
  T4At(cache, 1, &made);
  EXPECT_EQ(made, 258);
}

TEST(EstimateCache, AnErrorIsNoPlatform) {
  EstimateCache cache(2);
  const auto none =
      cache.PlatformAt(1, []() -> absl::StatusOr<Platform> { return absl::NotFoundError("none"); });
  EXPECT_EQ(none.status().message(), "none");
  int made = 0;
  EXPECT_NE(T4At(cache, 1, &made), nullptr);
}

}  // namespace
}  // namespace assay
