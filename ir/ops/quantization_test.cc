#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

using ::testing::ElementsAre;

TEST(QuantizeLinear, TheTypeIsTheZeroPointsOrTheAttributesOrU8) {
  OpTester t;
  OpRun r = t.Run("QuantizeLinear@21", {"f32[b, 3]", "f32[]", "i8[]"});
  EXPECT_EQ(r.types[0], "i8[b, 3]");
  // Divide, round, add the zero point; compare with both ends.
  EXPECT_EQ(r.work.flops, t.Parse("3 * b * 3"));
  EXPECT_EQ(r.work.comparisons, t.Parse("2 * b * 3"));
  EXPECT_EQ(t.Run("QuantizeLinear@21", {"f32[b, 3]", "f32[]"}, "output_dtype=f8e4m3fn").types[0],
            "f8e4m3fn[b, 3]");
  r = t.Run("QuantizeLinear@10", {"f32[b, 3]", "f32[]"});
  EXPECT_EQ(r.types[0], "u8[b, 3]");
  EXPECT_EQ(r.work.flops, t.Parse("2 * b * 3"));
}

TEST(DequantizeLinear, TheTypeIsTheScales) {
  OpTester t;
  OpRun r = t.Run("DequantizeLinear@21", {"i4[64, 128]", "f16[64, 4]", "i4[64, 4]"},
                  "axis=1, block_size=32");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f16[64, 128]");
  EXPECT_EQ(r.work.flops, Dim(2 * 64 * 128));
  EXPECT_THAT(r.work.reads, ElementsAre(Dim(64 * 128), Dim(64 * 4), Dim(64 * 4)));
  EXPECT_EQ(t.Run("DequantizeLinear@23", {"i8[2]", "f32[]"}, "output_dtype=bf16").types[0],
            "bf16[2]");
}

TEST(DequantizeLinear, ScalesMustMatchTheirAxis) {
  OpTester t;
  EXPECT_TRUE(t.Run("DequantizeLinear@13", {"i8[4, 6]", "f32[4]"}, "axis=0").status.ok());
  EXPECT_TRUE(t.Run("DequantizeLinear@13", {"i8[4, 6]", "f32[6]"}, "axis=-1").status.ok());
  EXPECT_TRUE(t.Run("DequantizeLinear@13", {"i8[6]", "f32[6]"}).status.ok());
  EXPECT_TRUE(t.Run("DequantizeLinear@13", {"i8[4, 6]", "f32[1]"}).status.ok());
  EXPECT_FALSE(t.Run("DequantizeLinear@13", {"i8[4, 6]", "f32[5]"}, "axis=0").status.ok());
  EXPECT_FALSE(t.Run("DequantizeLinear@13", {"i8[4, 6]", "f32[6]"}, "axis=2").status.ok());
  EXPECT_FALSE(
      t.Run("DequantizeLinear@21", {"i8[4, 6]", "f32[6]"}, "axis=1, block_size=2").status.ok());
  EXPECT_FALSE(
      t.Run("DequantizeLinear@21", {"i8[4, 6]", "f32[4, 3]"}, "axis=1, block_size=-2").status.ok());
}

TEST(DynamicQuantizeLinear, MakesScaleAndZeroPoint) {
  OpTester t;
  OpRun r = t.Run("DynamicQuantizeLinear@11", {"f32[b, 8]"}, "", {"y", "scale", "zero"});
  EXPECT_THAT(r.types, ElementsAre("u8[b, 8]", "f32[]", "u8[]"));
  // Least and greatest, with 0 among them: 2 per element; the limits of u8, 2 per element, and of
  // the zero point. Scale, round, add the zero point: 3; range / 255 and round(0 - min / scale): 5.
  EXPECT_EQ(r.work.comparisons, t.Parse("2 * b * 8 + 2 * b * 8 + 2"));
  EXPECT_EQ(r.work.flops, t.Parse("3 * b * 8 + 5"));
  EXPECT_THAT(r.work.writes, ElementsAre(t.Parse("b * 8"), Dim(1), Dim(1)));
}

TEST(FakeQuantize, StaysFloatingAndCountsPerElement) {
  OpTester t;
  OpRun r = t.Run("org.openvinotoolkit::FakeQuantize@1",
                  {"f32[b, 8, 4, 4]", "f32[1, 8, 1, 1]", "f32[1, 8, 1, 1]", "f32[1, 8, 1, 1]",
                   "f32[1, 8, 1, 1]"},
                  "levels = 256");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[b, 8, 4, 4]");
  EXPECT_EQ(r.work.flops, t.Parse("5 * b * 8 * 4 * 4"));
  EXPECT_EQ(r.work.comparisons, t.Parse("2 * b * 8 * 4 * 4"));
  EXPECT_THAT(r.work.reads, ElementsAre(t.Parse("b * 128"), Dim(8), Dim(8), Dim(8), Dim(8)));
}

TEST(QLinearConv, ComputesAConvolutionAtItsWidth) {
  OpTester t;
  OpRun r = t.Run("QLinearConv@10",
                  {"u8[1, 64, 56, 56]", "f32[]", "u8[]", "stored i8[64, 64, 3, 3]", "f32[64]",
                   "i8[64]", "f32[]", "u8[]", "stored i32[64]"},
                  "pads=[1, 1, 1, 1]");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "u8[1, 64, 56, 56]");
  const int64_t outputs = 64 * 56 * 56, macs = outputs * 64 * 9;
  EXPECT_EQ(r.work.macs, Dim(macs));
  EXPECT_EQ(r.work.flops, Dim(2 * macs + 2 * outputs));
  EXPECT_EQ(r.work.int_ops, Dim(2 * outputs));
  EXPECT_EQ(r.work.comparisons, Dim(2 * outputs));
  EXPECT_EQ(r.work.nest->multiply, DType::kU8);
  EXPECT_EQ(r.work.nest->accumulate, DType::kI32);
  EXPECT_EQ(r.work.reads[3], Dim(64 * 64 * 9));
}

TEST(QLinearMatMul, ComputesAProductAtItsWidth) {
  OpTester t;
  OpRun r = t.Run("QLinearMatMul@21", {"i8[b, 4, 8]", "f32[]", "i8[]", "stored i8[8, 3]", "f32[]",
                                       "i8[]", "f32[]", "i8[]"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "i8[b, 4, 3]");
  EXPECT_EQ(r.work.macs, t.Parse("b * 4 * 8 * 3"));
  EXPECT_EQ(r.work.int_ops, t.Parse("b * 4 * 3"));
  EXPECT_EQ(r.work.nest->multiply, DType::kI8);
  EXPECT_FALSE(t.Run("QLinearMatMul@21",
                     {"i8[4, 8]", "f32[]", "i8[]", "i8[7, 3]", "f32[]", "i8[]", "f32[]", "i8[]"})
                   .status.ok());
}

}  // namespace
}  // namespace assay
