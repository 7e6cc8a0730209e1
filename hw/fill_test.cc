#include "hw/fill.h"

#include <cstdint>
#include <limits>
#include <memory>

#include "gtest/gtest.h"
#include "hw/mapping.h"
#include "hw/target.h"
#include "hw/tiling.h"

namespace assay {
namespace {

std::shared_ptr<const Target> Get(absl::string_view name) {
  auto target = FindTarget(name);
  EXPECT_TRUE(target.ok()) << target.status();
  return *target;
}

// So many rows of 512 sums of 2048 with a weight.
Kernel Linear(int64_t rows) {
  using What = Kernel::Operand::What;
  const auto m = static_cast<double>(rows);
  Kernel kernel;
  kernel.loops = {.m = rows, .n = 512, .k = 2048, .shared_b = true};
  kernel.macs = m * 512 * 2048;
  kernel.flops = 2 * kernel.macs + m * 512;
  kernel.operands = {{What::kActivationIn, DType::kF32, m * 2048, 4 * m * 2048},
                     {What::kWeight, DType::kF32, 512 * 2048, 4 * 512 * 2048},
                     {What::kActivationOut, DType::kF32, m * 512, 4 * m * 512}};
  return kernel;
}

TEST(ScaledBatch, RowsAreSamplesWhereTheSecondMatrixIsAWeight) {
  EXPECT_EQ(ScaledBatch(Linear(3), 8), Linear(24));
  EXPECT_EQ(ScaledBatch(Linear(24), 1.0 / 8), Linear(3));
  for (int64_t rows : {3, 7, 49, 1000003}) {
    EXPECT_EQ(ScaledBatch(Linear(rows), 1.0 / static_cast<double>(rows)).loops->m, 1) << rows;
  }
}

TEST(ScaledBatch, ImagesAndStacksScaleTheirBatch) {
  Kernel conv;
  conv.loops = {.kind = Nest::Kind::kConv,
                .batch = 2,
                .m = 49,
                .n = 512,
                .k = 4608,
                .kernel = {3, 3},
                .shared_b = true};
  EXPECT_EQ(ScaledBatch(conv, 4).loops->batch, 8);
  EXPECT_EQ(ScaledBatch(conv, 4).loops->m, 49);
  Kernel scores;
  scores.loops = {.batch = 12, .m = 128, .n = 128, .k = 64};
  EXPECT_EQ(ScaledBatch(scores, 4).loops->batch, 48);
  scores.loops->kind = Nest::Kind::kAttention;
  EXPECT_EQ(ScaledBatch(scores, 0.5).loops->batch, 6);
  EXPECT_EQ(ScaledBatch(scores, 1e-9).loops->batch, 1);
  scores.loops->batch = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(ScaledBatch(scores, 65536).loops->batch, 1'000'000'000'000'000'000);
  EXPECT_FALSE(ScaledBatch(Kernel(), 2).loops.has_value());
}

// 40 cores of 32 multiply-accumulates per clock in 16 lanes, whose blocks halve down to 1 x 16. L2
// holds the panels of a sum of 2048 and gives 64 B per clock, so that a step of r x 16 takes the
// larger of r * 16 / 32 and (r + 16) * 4 / 64 clocks: 1.0625, 1.125, 2, 4, 8 of 1, 2, 4, 8, 16
// rows.
//   1 row     32 blocks of 1 x 16                               1.0625
//   2 rows    32 of 2 x 16                                      1.125
//   4 rows    32 of 4 x 16: 2, 64 of 2 x 16: 2 waves of 1.125   2
//   8 rows    32 of 8 x 16, or 64 of 4 x 16: 2 waves of 2       4: the larger
//   16 rows   32 of 16 x 16: 8, 256 of 2 x 16: 7 waves          7.875: more blocks than cores
TEST(FilledShare, ABlockForEveryCore) {
  const auto xeon = Get("xeon-8380");
  for (int64_t rows : {1, 2, 4, 8}) {
    EXPECT_DOUBLE_EQ(FilledShare(MapKernel(Linear(rows), *xeon, Math::kFp32)), 32.0 / 40) << rows;
  }
  EXPECT_EQ(FilledShare(MapKernel(Linear(16), *xeon, Math::kFp32)), 1);
}

TEST(FilledShare, WhatIsNotPublishedCountsAsFull) {
  EXPECT_EQ(FilledShare(MapKernel(Linear(1), *Get("hailo-8"), Math::kInt8)), 1);
}

TEST(FilledShare, IsTheShareOfUnitsInUseOnEveryTarget) {
  for (absl::string_view name : TargetNames()) {
    const auto target = Get(name);
    for (int64_t rows : {1, 64, 100'000}) {
      const Math math = target->maths().front();
      const Mapping mapping = MapKernel(Linear(rows), *target, math);
      const double units = CrewOf(WorkersOf(*target, mapping.engine, math)).units;
      const double share = FilledShare(mapping);
      EXPECT_GT(share, 0) << name;
      EXPECT_LE(share, mapping.units_used / units) << name;
      EXPECT_TRUE(rows < 100'000 || share == 1) << name;
    }
  }
}

}  // namespace
}  // namespace assay
