#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

TEST(NonMaxSuppression, SelectsABoundedNumber) {
  OpTester t;
  OpRun r = t.Run("NonMaxSuppression@11", {"f32[2, 1000, 4]", "f32[2, 80, 1000]", "i64[]{100}",
                                           "f32[]{0.5}", "f32[]{0.1}"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "i64[y, 3]");
  const SymbolInfo& selected = t.pool().symbols().back();
  EXPECT_EQ(selected.bounds.low, 0);
  EXPECT_EQ(selected.bounds.high, 2 * 80 * 100);
  EXPECT_TRUE(selected.data_dependent);
  // The first kept box meets 999 others, the hundredth 900.
  const int64_t pairs = 2 * 80 * (999 + 900) * 100 / 2;
  EXPECT_EQ(r.work.flops, Dim(6 * pairs));
  EXPECT_EQ(r.work.comparisons, Dim(6 * pairs + 2 * 80 * 1000));
}

TEST(NonMaxSuppression, TheLimitMayBeLargeUnknownOrAbsent) {
  OpTester t;
  const std::string boxes = "f32[1, 10, 4]", scores = "f32[1, 3, 10]";
  t.Run("NonMaxSuppression@11", {boxes, scores, "i64[]{9223372036854775807}"});
  EXPECT_EQ(t.pool().symbols().back().bounds.high, 3 * 10);
  t.Run("NonMaxSuppression@11", {boxes, scores, "i64[1]"});
  EXPECT_EQ(t.pool().symbols().back().bounds.high, 3 * 10);
  EXPECT_EQ(t.Run("NonMaxSuppression@11", {boxes, scores}).types[0], "i64[0, 3]");
  EXPECT_EQ(t.Run("NonMaxSuppression@11", {boxes, scores, "i64[]{-1}"}).types[0], "i64[0, 3]");
  t.Run("NonMaxSuppression@11", {"f32[1, n, 4]", "f32[1, 1, n]", "i64[]{7}"});
  EXPECT_EQ(t.pool().symbols().back().bounds.high, 7);
}

TEST(NonMaxSuppression, ContradictionsAreErrors) {
  OpTester t;
  OpRun r = t.Run("NonMaxSuppression@11", {"f32[1, 10, 4]", "f32[1, 3, 11]", "i64[]{7}"});
  EXPECT_THAT(std::string(r.status.message()), HasSubstr("10 and 11"));
  EXPECT_FALSE(
      t.Run("NonMaxSuppression@11", {"f32[1, 10, 5]", "f32[1, 3, 10]", "i64[]{7}"}).status.ok());
  EXPECT_FALSE(t.Run("NonMaxSuppression@11", {"f32[10, 4]", "f32[1, 3, 10]"}).status.ok());
}

TEST(RoiAlign, SamplesEveryBin) {
  OpTester t;
  t.Symbol("r", 0);
  OpRun r = t.Run("RoiAlign@16", {"f32[1, 256, 200, 272]", "f32[r, 4]", "i64[r]"},
                  "output_height=7, output_width=7, sampling_ratio=2");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[r, 256, 7, 7]");
  // Per bin 4 samples: 12 flops for place and weights; per channel a sum of 4 products, and the
  // mean.
  EXPECT_EQ(r.work.flops, t.Parse("r * 7 * 7 * 4 * (12 + 256 * (4 + 3 + 1))"));
  EXPECT_EQ(r.work.reads[0], t.Parse("min(256 * 200 * 272, r * 256 * 7 * 7 * 4 * 4)"));
  r = t.Run("RoiAlign@22", {"f32[1, 8, 9, 9]", "f32[5, 4]", "i64[5]"}, "mode=max");
  EXPECT_EQ(r.types[0], "f32[5, 8, 1, 1]");
  EXPECT_EQ(r.work.flops, Dim(5 * 4 * (12 + 8 * 4)));
  EXPECT_EQ(r.work.comparisons, Dim(5 * 8 * (4 * 4 - 1)));
  EXPECT_FALSE(t.Run("RoiAlign@16", {"f32[1, 8, 9, 9]", "f32[5, 4]", "i64[5]"}, "output_height=0")
                   .status.ok());
  EXPECT_FALSE(t.Run("RoiAlign@16", {"f32[1, 8, 9, 9]", "f32[5, 4]", "i64[6]"}).status.ok());
}

TEST(GridSample, NeighboursByMode) {
  OpTester t;
  const std::vector<std::string> plane = {"f32[2, 3, 8, 9]", "f32[2, 5, 6, 2]"};
  const int64_t points = 2 * 5 * 6, outputs = points * 3;
  OpRun r = t.Run("GridSample@20", plane);
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[2, 3, 5, 6]");
  EXPECT_EQ(r.work.flops, Dim(points * (2 * 2 + 4 + 4) + outputs * (4 + 3)));
  EXPECT_EQ(t.Run("GridSample@20", plane, "mode=nearest").work.flops, Dim(points * 2 * 2));
  EXPECT_EQ(t.Run("GridSample@16", plane, "mode=bicubic").work.flops,
            Dim(points * (2 * 2 + 2 * 22 + 16) + outputs * (16 + 15)));
  EXPECT_EQ(t.Run("GridSample@20", {"f32[1, 3, 4, 4, 4]", "f32[1, 2, 3, 5, 3]"}).types[0],
            "f32[1, 3, 2, 3, 5]");
  EXPECT_FALSE(t.Run("GridSample@20", {"f32[1, 3, 4, 4]", "f32[1, 2, 3, 3]"}).status.ok());
  EXPECT_FALSE(t.Run("GridSample@20", {"f32[1, 3, 4, 4]", "f32[2, 2, 3, 2]"}).status.ok());
  EXPECT_FALSE(t.Run("GridSample@20", {"f32[1, 3, 4, 4]", "f32[1, 2, 3, 5, 3]"}).status.ok());
}

TEST(AffineGrid, AProductPerPoint) {
  OpTester t;
  OpRun r = t.Run("AffineGrid@20", {"f32[b, 2, 3]", "i64[4]{b, 3, 8, w}"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[b, 8, w, 2]");
  EXPECT_EQ(r.work.macs, t.Parse("b * 8 * w * 2 * 3"));
  EXPECT_EQ(t.Run("AffineGrid@20", {"f32[2, 3, 4]", "i64[5]"}).types[0], "f32[2, ?, ?, ?, 3]");
  EXPECT_FALSE(t.Run("AffineGrid@20", {"f32[2, 3, 4]", "i64[4]{2, 1, 8, 8}"}).status.ok());
  EXPECT_FALSE(t.Run("AffineGrid@20", {"f32[2, 3, 4]", "i64[1]{2}"}).status.ok());
}

TEST(ImageDecoder, SizesAreNewSymbolsAndTheWorkIsNotKnown) {
  OpTester t;
  OpRun r = t.Run("ImageDecoder@20", {"u8[n]"}, "pixel_format=Grayscale");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "u8[y, y.1, 1]");
  EXPECT_EQ(t.pool().symbols().back().bounds.low, 1);
  EXPECT_TRUE(r.work.int_ops.unknown());
}

}  // namespace
}  // namespace assay
