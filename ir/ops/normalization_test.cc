#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(BatchNormalization, InferenceScalesAndShifts) {
  OpTester t;
  OpRun r = t.Run("BatchNormalization@15", {"f32[b, 64, 56, 56]", "stored f32[64]",
                                            "stored f32[64]", "stored f32[64]", "stored f32[64]"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[b, 64, 56, 56]");
  EXPECT_EQ(r.work.flops, t.Parse("2 * b * 64 * 56 * 56"));
  EXPECT_EQ(r.work.transcendentals, Dim(0));
  EXPECT_EQ(r.work.reads[4], Dim(64));
}

TEST(BatchNormalization, TrainingNormalisesAndKeepsStatistics) {
  OpTester t;
  OpRun r = t.Run("BatchNormalization@15", {"f32[2, 3, 4]", "f32[3]", "f32[3]", "f32[3]", "f32[3]"},
                  "training_mode=1", {"y", "mean", "var"});
  EXPECT_THAT(r.types, ElementsAre("f32[2, 3, 4]", "f32[3]", "f32[3]"));
  EXPECT_EQ(r.work.flops, Dim(7 * 2 * 3 * 4 + (2 + 6) * 3));
  EXPECT_EQ(r.work.transcendentals, Dim(3));
}

TEST(BatchNormalization, ChannelsMustAgree) {
  OpTester t;
  OpRun r =
      t.Run("BatchNormalization@15", {"f32[2, 3, 4]", "f32[3]", "f32[5]", "f32[3]", "f32[3]"});
  EXPECT_THAT(std::string(r.status.message()), HasSubstr("3 and 5"));
  EXPECT_EQ(
      t.Run("BatchNormalization@15", {"f32[*]", "f32[3]", "f32[3]", "f32[3]", "f32[3]"}).types[0],
      "f32[*]");
}

TEST(Normalizations, SevenFlopsPerElementAndARootPerGroup) {
  OpTester t;
  OpRun r = t.Run("InstanceNormalization@22", {"f32[2, 6, 5, 5]", "f32[6]", "f32[6]"});
  EXPECT_EQ(r.types[0], "f32[2, 6, 5, 5]");
  EXPECT_EQ(r.work.flops, Dim(7 * 2 * 6 * 5 * 5 + 2 * (2 * 6)));
  EXPECT_EQ(r.work.transcendentals, Dim(2 * 6));

  r = t.Run("GroupNormalization@21", {"f32[2, 6, 5, 5]", "f32[6]", "f32[6]"}, "num_groups=3");
  EXPECT_EQ(r.work.flops, Dim(7 * 2 * 6 * 5 * 5 + 2 * (2 * 3)));
  EXPECT_EQ(r.work.transcendentals, Dim(2 * 3));
  // Before opset 21 scale and bias are per group.
  EXPECT_TRUE(
      t.Run("GroupNormalization@18", {"f32[2, 6, 5, 5]", "f32[3]", "f32[3]"}, "num_groups=3")
          .status.ok());
  EXPECT_FALSE(
      t.Run("GroupNormalization@21", {"f32[2, 6, 5, 5]", "f32[3]", "f32[3]"}, "num_groups=3")
          .status.ok());
  EXPECT_FALSE(
      t.Run("GroupNormalization@21", {"f32[2, 6, 5, 5]", "f32[6]", "f32[6]"}, "num_groups=4")
          .status.ok());
  EXPECT_FALSE(t.Run("GroupNormalization@21", {"f32[2, 6, 5]", "f32[6]", "f32[6]"}).status.ok());
}

TEST(LayerNormalization, PerRow) {
  OpTester t;
  OpRun r =
      t.Run("LayerNormalization@17", {"f16[b, 197, 768]", "stored f16[768]", "stored f16[768]"}, "",
            {"y", "mean", "deviation"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_THAT(r.types, ElementsAre("f16[b, 197, 768]", "f32[b, 197, 1]", "f32[b, 197, 1]"));
  EXPECT_EQ(r.work.flops, t.Parse("b * 197 * (7 * 768 + 2)"));
  EXPECT_EQ(r.work.transcendentals, t.Parse("b * 197"));
  EXPECT_THAT(r.work.reads, ElementsAre(t.Parse("b * 197 * 768"), Dim(768), Dim(768)));

  r = t.Run("LayerNormalization@17", {"f32[2, 3, 4, 5]", "f32[4, 5]"}, "axis=2, stash_type=f64",
            {"y", "mean"});
  EXPECT_THAT(r.types, ElementsAre("f32[2, 3, 4, 5]", "f64[2, 3, 1, 1]"));
  EXPECT_EQ(r.work.flops, Dim(6 * 2 * 3 * 4 * 5 + 2 * (2 * 3)));
  EXPECT_FALSE(t.Run("LayerNormalization@17", {"f32[2, 3]", "f32[3]"}, "axis=2").status.ok());
  EXPECT_FALSE(t.Run("LayerNormalization@17", {"f32[2, 3]", "f32[4]"}).status.ok());
  EXPECT_FALSE(t.Run("LayerNormalization@17", {"f32[3]", "f32[2, 3]"}).status.ok());
}

TEST(LayerNormalization, AxisSizesAreSharedWithTheScale) {
  OpTester t;
  OpRun r = t.Run("LayerNormalization@17", {"f32[b, ?]", "f32[768]"});
  EXPECT_EQ(r.types[0], "f32[b, 768]");
}

TEST(RMSNormalization, KnowsNoMean) {
  OpTester t;
  OpRun r = t.Run("RMSNormalization@23", {"f32[b, s, 4096]", "stored f32[4096]"});
  EXPECT_EQ(r.types[0], "f32[b, s, 4096]");
  EXPECT_EQ(r.work.flops, t.Parse("b * s * (4 * 4096 + 2)"));
  EXPECT_EQ(r.work.transcendentals, t.Parse("b * s"));
}

TEST(LpNormalization, ARootPerRowWhenPIsTwo) {
  OpTester t;
  OpRun r = t.Run("LpNormalization@22", {"f32[2, 3, 4]"}, "axis=1, p=2");
  EXPECT_EQ(r.types[0], "f32[2, 3, 4]");
  EXPECT_EQ(r.work.flops, Dim(3 * 2 * 3 * 4));
  EXPECT_EQ(r.work.transcendentals, Dim(2 * 4));
  EXPECT_EQ(t.Run("LpNormalization@22", {"f32[2, 3, 4]"}, "p=1").work.transcendentals, Dim(0));
  EXPECT_FALSE(t.Run("LpNormalization@22", {"f32[2, 3, 4]"}, "axis=3").status.ok());
}

TEST(MeanVarianceNormalization, OverTheGivenAxes) {
  OpTester t;
  OpRun r = t.Run("MeanVarianceNormalization@13", {"f32[2, 3, 4, 5]"});
  EXPECT_EQ(r.work.flops, Dim(5 * 2 * 3 * 4 * 5 + 2 * 3));
  EXPECT_EQ(r.work.transcendentals, Dim(3));
  EXPECT_EQ(
      t.Run("MeanVarianceNormalization@13", {"f32[2, 3, 4]"}, "axes=[-1]").work.transcendentals,
      Dim(2 * 3));
  EXPECT_FALSE(t.Run("MeanVarianceNormalization@13", {"f32[2, 3]"}, "axes=[2]").status.ok());
}

TEST(LRN, SumsOverNeighbouringChannels) {
  OpTester t;
  OpRun r = t.Run("LRN@13", {"f32[1, 64, 7, 7]"}, "size=5");
  EXPECT_EQ(r.types[0], "f32[1, 64, 7, 7]");
  // A square, 4 additions, scale, shift, product; a power.
  EXPECT_EQ(r.work.flops, Dim((1 + 4 + 1 + 1 + 1) * 64 * 7 * 7));
  EXPECT_EQ(r.work.transcendentals, Dim(64 * 7 * 7));
  EXPECT_FALSE(t.Run("LRN@13", {"f32[1, 64, 7, 7]"}).status.ok());
}

}  // namespace
}  // namespace assay
