#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Conv, CountsOneProductPerOutputAndWeightOfAFilter) {
  OpTester t;
  OpRun r =
      t.Run("Conv@22", {"f32[1, 64, 56, 56]", "stored f32[64, 64, 3, 3]"}, "pads=[1, 1, 1, 1]");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[1, 64, 56, 56]");
  const int64_t macs = int64_t{64} * 56 * 56 * 64 * 3 * 3;
  EXPECT_EQ(r.work.macs, Dim(macs));
  EXPECT_EQ(r.work.flops, Dim(2 * macs));
  EXPECT_THAT(r.work.reads, ElementsAre(Dim(64 * 56 * 56), Dim(64 * 64 * 3 * 3)));
  EXPECT_THAT(r.work.writes, ElementsAre(Dim(64 * 56 * 56)));
  ASSERT_TRUE(r.work.nest.has_value());
  const Nest& nest = *r.work.nest;
  EXPECT_EQ(nest.kind, Nest::Kind::kConv);
  EXPECT_EQ(nest.batch, Dim(1));
  EXPECT_EQ(nest.groups, Dim(1));
  EXPECT_EQ(nest.m, Dim(56 * 56));
  EXPECT_EQ(nest.n, Dim(64));
  EXPECT_EQ(nest.k, Dim(64 * 3 * 3));
  EXPECT_THAT(nest.kernel, ElementsAre(3, 3));
  EXPECT_TRUE(nest.shared_b);
}

TEST(Conv, BiasAddsOncePerOutputAndIsRead) {
  OpTester t;
  OpRun r = t.Run("Conv@11", {"f32[2, 3, 8, 8]", "stored f32[4, 3, 1, 1]", "stored f32[4]"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  const int64_t outputs = 2 * 4 * 8 * 8;
  EXPECT_EQ(r.work.macs, Dim(outputs * 3));
  EXPECT_EQ(r.work.flops, Dim(2 * outputs * 3 + outputs));
  EXPECT_EQ(r.work.reads[2], Dim(4));
}

TEST(Conv, DepthwiseHasOneGroupPerChannel) {
  OpTester t;
  OpRun r = t.Run("Conv@22", {"f32[b, 32, 112, 112]", "stored f32[32, 1, 3, 3]"},
                  "group=32, strides=[2, 2], pads=[1, 1, 1, 1]");
  ASSERT_TRUE(r.status.ok()) << r.status;
  // (112 + 2 - 3) / 2 = 55.5
  EXPECT_EQ(r.types[0], "f32[b, 32, 56, 56]");
  EXPECT_EQ(t.Text(r.work.macs), t.Text(t.Parse("32 * 56 * 56 * 3 * 3 * b")));
  EXPECT_EQ(r.work.nest->groups, Dim(32));
  EXPECT_EQ(r.work.nest->n, Dim(1));
  EXPECT_EQ(r.work.nest->k, Dim(9));
  EXPECT_THAT(r.work.nest->stride, ElementsAre(2, 2));
}

TEST(Conv, SizesFollowSymbols) {
  OpTester t;
  OpRun r = t.Run("Conv@22", {"f32[b, 3, h, w]", "stored f32[16, 3, 3, 3]"},
                  "strides=[2, 2], pads=[1, 1, 1, 1]");
  ASSERT_TRUE(r.status.ok()) << r.status;
  // (h + 2 - 3) // 2 + 1
  EXPECT_EQ(r.types[0], "f32[b, 16, " + t.Text(t.Parse("floordiv(h - 1, 2) + 1")) + ", " +
                            t.Text(t.Parse("floordiv(w - 1, 2) + 1")) + "]");
  EXPECT_EQ(r.work.macs,
            t.Parse("b * 16 * (floordiv(h - 1, 2) + 1) * (floordiv(w - 1, 2) + 1) * 3 * 9"));
}

TEST(Conv, AutoPadKeepsOrDividesTheSize) {
  OpTester t;
  const std::vector<std::string> operands = {"f32[1, 1, 10, 11]", "stored f32[1, 1, 3, 4]"};
  // ceil(10 / 3), ceil(11 / 3)
  EXPECT_EQ(t.Run("Conv@22", operands, "auto_pad=SAME_UPPER, strides=[3, 3]").types[0],
            "f32[1, 1, 4, 4]");
  EXPECT_EQ(t.Run("Conv@22", operands, "auto_pad=SAME_LOWER").types[0], "f32[1, 1, 10, 11]");
  // (10 - 3) // 2 + 1, (11 - 4) // 2 + 1; pads do not count
  EXPECT_EQ(
      t.Run("Conv@22", operands, "auto_pad=VALID, strides=[2, 2], pads=[9, 9, 9, 9]").types[0],
      "f32[1, 1, 4, 4]");
}

TEST(Conv, AnySpatialRank) {
  OpTester t;
  // (20 + 3 + 1 - (2 * 4 + 1)) // 1 + 1 = 16
  OpRun line = t.Run("Conv@22", {"f32[1, 2, 20]", "stored f32[6, 1, 5]"},
                     "group=2, dilations=[2], pads=[3, 1]");
  EXPECT_EQ(line.types[0], "f32[1, 6, 16]");
  EXPECT_EQ(line.work.macs, Dim(6 * 16 * 1 * 5));
  EXPECT_THAT(line.work.nest->dilation, ElementsAre(2));
  OpRun volume = t.Run("Conv@22", {"f32[1, 3, 8, 9, 10]", "stored f32[4, 3, 2, 3, 4]"});
  EXPECT_EQ(volume.types[0], "f32[1, 4, 7, 7, 7]");
  EXPECT_EQ(volume.work.macs, Dim(4 * 7 * 7 * 7 * 3 * 2 * 3 * 4));
}

TEST(Conv, UnknownSizesStayUnknown) {
  OpTester t;
  EXPECT_EQ(t.Run("Conv@22", {"f32[*]", "f32[*]"}).types[0], "f32[*]");
  EXPECT_EQ(t.Run("Conv@22", {"f32[*]", "stored f32[8, 3, 3, 3]"}).types[0], "f32[?, 8, ?, ?]");
  OpRun r = t.Run("Conv@22", {"f32[1, 3, 9, 9]", "f32[*]"});
  EXPECT_EQ(r.types[0], "f32[1, ?, ?, ?]");
  EXPECT_TRUE(r.work.macs.unknown());
  // The kernel is an attribute, the weights are computed: the size is known, the work is not.
  EXPECT_EQ(t.Run("Conv@22", {"f32[1, 3, 9, 9]", "f32[*]"}, "kernel_shape=[3, 3]").types[0],
            "f32[1, ?, 7, 7]");
}

TEST(Conv, ContradictionsNameBothNumbers) {
  OpTester t;
  struct Case {
    std::vector<std::string> operands;
    std::string attrs;
    std::string message;
  };
  const Case cases[] = {
      {{"f32[1, 3, 8, 8]", "f32[4, 5, 3, 3]"}, "", "3 and 5"},
      {{"f32[1, 6, 8, 8]", "f32[4, 2, 3, 3]"}, "group=3", "(4)"},
      {{"f32[1, 3, 8, 8]", "f32[4, 3, 3, 3]"}, "group=0", "`group` is 0"},
      {{"f32[1, 3, 8, 8]", "f32[4, 3, 3, 3]"}, "strides=[0, 1]", "`strides` holds 0"},
      {{"f32[1, 3, 8, 8]", "f32[4, 3, 3, 3]"}, "dilations=[1]", "1 entries for 2"},
      {{"f32[1, 3, 8, 8]", "f32[4, 3, 3, 3]"}, "pads=[1, 1]", "2 entries for 2"},
      {{"f32[1, 3, 8, 8]", "f32[4, 3, 3, 3]"}, "kernel_shape=[3, 5]", "3 and 5"},
      {{"f32[1, 3, 8, 8]", "f32[4, 3, 3, 3]"}, "kernel_shape=[-1, 3]", "-1"},
      {{"f32[1, 3, 8, 8]", "f32[4, 3, 3, 3]"}, "auto_pad=SOME", "`SOME`"},
      {{"f32[1, 3, 8, 8]", "f32[4, 3, 9, 3]"}, "", "window of 9 does not fit"},
      {{"f32[1, 3, 8, 8]", "f32[4, 3, 3]"}, "", "rank 4 and weights of rank 3"},
      {{"f32[3, 8]", "f32[4, 3]"}, "", "rank 2"},
      {{"f32[1, 3, 8, 8]", "f32[4, 3, 3, 3]", "f32[5]"}, "", "4 and 5"},
      {{"f32[1, 3, 8, 8]", "f32[4, 3, 3, 3]", "f32[4, 1]"}, "", "(bias) has rank 2"},
  };
  for (const Case& c : cases) {
    OpRun r = t.Run("Conv@22", c.operands, c.attrs);
    EXPECT_FALSE(r.status.ok()) << c.attrs;
    EXPECT_THAT(std::string(r.status.message()), HasSubstr(c.message));
  }
}

TEST(Conv, HugeAttributesOverflowWithoutHarm) {
  OpTester t;
  OpRun r = t.Run("Conv@22", {"f32[1, 3, 8, 8]", "f32[4, 3, 3, 3]"},
                  "pads=[9223372036854775807, 0, 9223372036854775807, 0]");
  ASSERT_TRUE(r.status.ok());
  EXPECT_TRUE(r.work.macs.overflow());
  EXPECT_FALSE(t.Run("Conv@22", {"f32[1, 3, 8, 8]", "f32[4, 3, 3, 3]"},
                     "pads=[-9223372036854775808, 0, 0, 0]")
                   .status.ok());
}

TEST(ConvTranspose, SizeGrowsByTheStride) {
  OpTester t;
  OpRun r =
      t.Run("ConvTranspose@22", {"f32[1, 6, 5, 7]", "stored f32[6, 2, 3, 4]", "stored f32[4]"},
            "group=2, strides=[2, 3], pads=[1, 0, 1, 1], output_padding=[1, 0]");
  ASSERT_TRUE(r.status.ok()) << r.status;
  // 2 * 4 + 1 + 3 - 2 and 3 * 6 + 0 + 4 - 1
  EXPECT_EQ(r.types[0], "f32[1, 4, 10, 21]");
  // Each input element meets its group's 2 output channels and 3 x 4 kernel positions.
  const int64_t macs = 6 * 5 * 7 * 2 * 3 * 4;
  EXPECT_EQ(r.work.macs, Dim(macs));
  EXPECT_EQ(r.work.flops, Dim(2 * macs + 4 * 10 * 21));
  const Nest& nest = *r.work.nest;
  EXPECT_EQ(nest.kind, Nest::Kind::kConvTranspose);
  EXPECT_EQ(nest.m.value() * nest.n.value() * nest.k.value() * nest.groups.value(), macs);
}

TEST(ConvTranspose, TheSizeMayBeGiven) {
  OpTester t;
  const std::vector<std::string> operands = {"f32[1, 1, 3, 3]", "stored f32[1, 2, 3, 3]"};
  EXPECT_EQ(t.Run("ConvTranspose@11", operands, "strides=[3, 2], output_shape=[10, 8]").types[0],
            "f32[1, 2, 10, 8]");
  EXPECT_EQ(
      t.Run("ConvTranspose@11", operands, "strides=[3, 2], output_shape=[1, 2, 10, 8]").types[0],
      "f32[1, 2, 10, 8]");
  EXPECT_EQ(t.Run("ConvTranspose@11", operands, "strides=[3, 2], auto_pad=SAME_UPPER").types[0],
            "f32[1, 2, 9, 6]");
  // A kernel shorter than the stride leaves the end out: 4 * 2 + 3.
  EXPECT_EQ(t.Run("ConvTranspose@11", operands, "strides=[4, 2], auto_pad=SAME_UPPER").types[0],
            "f32[1, 2, 11, 6]");
  EXPECT_EQ(t.Run("ConvTranspose@11", {"f32[b, 1, h]", "f32[1, 2, 3]"},
                  "strides=[2], auto_pad=SAME_LOWER")
                .types[0],
            "f32[b, 2, 2*h]");
  EXPECT_EQ(t.Run("ConvTranspose@11", operands, "dilations=[2, 2]").types[0], "f32[1, 2, 7, 7]");
  EXPECT_FALSE(t.Run("ConvTranspose@11", operands, "output_shape=[10]").status.ok());
  EXPECT_FALSE(t.Run("ConvTranspose@11", operands, "output_shape=[10, -8]").status.ok());
  EXPECT_FALSE(t.Run("ConvTranspose@11", operands, "pads=[9, 9, 9, 9]").status.ok());
  EXPECT_FALSE(t.Run("ConvTranspose@11", operands, "output_padding=[1]").status.ok());
}

TEST(ConvInteger, SumsIn32Bits) {
  OpTester t;
  OpRun r = t.Run("ConvInteger@10", {"u8[1, 1, 3, 3]", "stored i8[1, 1, 2, 2]", "stored u8[]{1}"},
                  "pads=[1, 1, 1, 1]");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "i32[1, 1, 4, 4]");
  EXPECT_EQ(r.work.macs, Dim(4 * 4 * 2 * 2));
  EXPECT_EQ(r.work.int_ops, Dim(3 * 3));
  EXPECT_EQ(r.work.nest->multiply, DType::kU8);
  EXPECT_EQ(r.work.nest->accumulate, DType::kI32);
}

TEST(DeformConv, InterpolatesEverySample) {
  OpTester t;
  OpRun r = t.Run("DeformConv@22",
                  {"f32[1, 4, 6, 6]", "stored f32[8, 4, 3, 3]", "f32[1, 36, 4, 4]", "stored f32[8]",
                   "f32[1, 18, 4, 4]"},
                  "offset_group=2");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[1, 8, 4, 4]");
  const int64_t macs = 8 * 4 * 4 * 4 * 9, samples = 4 * 4 * 9;
  EXPECT_EQ(r.work.macs, Dim(macs));
  // Per sample: 2 offset groups of 2 + 8 flops; 4 channels of 7 flops and one for the mask.
  EXPECT_EQ(r.work.flops, Dim(2 * macs + 8 * 4 * 4 + samples * (2 * 10 + 4 * 8)));
  EXPECT_FALSE(t.Run("DeformConv@22", {"f32[1, 4, 6, 6]", "f32[8, 4, 3, 3]", "f32[1, 18, 5, 4]"})
                   .status.ok());
}

TEST(CausalConvWithState, KeepsTheLastInputs) {
  OpTester t;
  OpRun r = t.Run("CausalConvWithState@27",
                  {"f32[b, 6, L]", "stored f32[6, 1, 4]", "stored f32[6]", "f32[b, 6, 3]"},
                  "activation=silu", {"y", "state"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_THAT(r.types, ElementsAre("f32[b, 6, L]", "f32[b, 6, 3]"));
  EXPECT_EQ(r.work.macs, t.Parse("b * 6 * L * 4"));
  EXPECT_EQ(r.work.flops, t.Parse("b * 6 * L * (2 * 4 + 1 + 3)"));
  EXPECT_EQ(r.work.transcendentals, t.Parse("b * 6 * L"));
  EXPECT_FALSE(t.Run("CausalConvWithState@27", {"f32[b, 6, L]", "f32[6, 1, 4]", "", "f32[b, 6, 4]"})
                   .status.ok());
}

}  // namespace
}  // namespace assay
