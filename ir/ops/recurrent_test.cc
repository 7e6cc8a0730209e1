#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(LSTM, FourGatesPerStep) {
  OpTester t;
  OpRun r = t.Run("LSTM@22",
                  {"f32[s, b, 128]", "stored f32[1, 1024, 128]", "stored f32[1, 1024, 256]",
                   "stored f32[1, 2048]"},
                  "hidden_size=256", {"y", "h", "c"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_THAT(r.types, ElementsAre("f32[s, 1, b, 256]", "f32[1, b, 256]", "f32[1, b, 256]"));
  EXPECT_EQ(r.work.macs, t.Parse("s * b * 4 * 256 * (128 + 256)"));
  // Per hidden unit and step: 2 biases for 4 gates, 4 for the states, 3 sigmoids of 2 flops.
  EXPECT_EQ(r.work.flops,
            t.Parse("2 * s * b * 4 * 256 * (128 + 256) + s * b * 256 * (2 * 4 + 4 + 3 * 2)"));
  EXPECT_EQ(r.work.transcendentals, t.Parse("s * b * 256 * 5"));
  // Weights are read once, however many steps.
  EXPECT_EQ(r.work.reads[1], Dim(1024 * 128));
  EXPECT_EQ(r.work.reads[2], Dim(1024 * 256));
  EXPECT_THAT(r.work.writes,
              ElementsAre(t.Parse("s * b * 256"), t.Parse("b * 256"), t.Parse("b * 256")));
  const Nest& n = *r.work.nest;
  EXPECT_EQ(n.kind, Nest::Kind::kRecurrence);
  EXPECT_EQ(n.steps, t.Parse("s"));
  EXPECT_EQ(n.m, t.Parse("b"));
  EXPECT_EQ(n.n, Dim(4 * 256));
  EXPECT_EQ(n.k, Dim(128 + 256));
}

TEST(LSTM, BothDirectionsBatchFirstPeepholesAndClip) {
  OpTester t;
  OpRun r = t.Run("LSTM@14",
                  {"f32[3, 7, 5]", "f32[2, 16, 5]", "f32[2, 16, 4]", "", "i32[3]", "f32[3, 2, 4]",
                   "f32[3, 2, 4]", "f32[2, 12]"},
                  "direction=bidirectional, layout=1, hidden_size=4, clip=2.0", {"y", "", "c"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_THAT(r.types, ElementsAre("f32[3, 7, 2, 4]", "", "f32[3, 2, 4]"));
  const int64_t macs = 2 * 3 * 7 * 16 * (5 + 4), units = 2 * 3 * 7 * 4;
  EXPECT_EQ(r.work.macs, Dim(macs));
  EXPECT_EQ(r.work.flops, Dim(2 * macs + units * (4 + 6 + 3 * 2)));
  EXPECT_EQ(r.work.comparisons, Dim(units * 2 * 4));
  EXPECT_EQ(r.work.nest->groups, Dim(2));
}

TEST(GRU, ThreeGates) {
  OpTester t;
  OpRun r = t.Run("GRU@22", {"f32[10, 2, 8]", "f32[1, 48, 8]", "f32[1, 48, 16]", "f32[1, 96]"},
                  "hidden_size=16, linear_before_reset=1", {"y", "h"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_THAT(r.types, ElementsAre("f32[10, 1, 2, 16]", "f32[1, 2, 16]"));
  const int64_t macs = 10 * 2 * 3 * 16 * (8 + 16), units = 10 * 2 * 16;
  EXPECT_EQ(r.work.macs, Dim(macs));
  EXPECT_EQ(r.work.flops, Dim(2 * macs + units * (2 * 3 + 5 + 2 * 2)));
  EXPECT_EQ(r.work.transcendentals, Dim(units * 3));
}

TEST(RNN, OtherActivationsCountAsWhatTheyAre) {
  OpTester t;
  const std::vector<std::string> operands = {"f32[s, 1, 3]", "f32[2, 4, 3]", "f32[2, 4, 4]"};
  OpRun r = t.Run("RNN@22", operands,
                  "direction=bidirectional, hidden_size=4, activations=[Relu, Affine]");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[s, 2, 1, 4]");
  EXPECT_EQ(r.work.macs, t.Parse("2 * s * 4 * (3 + 4)"));
  EXPECT_EQ(r.work.flops, t.Parse("2 * 2 * s * 4 * (3 + 4) + s * 4 * 2"));
  EXPECT_EQ(r.work.comparisons, t.Parse("s * 4"));
  EXPECT_EQ(r.work.transcendentals, Dim(0));
  EXPECT_FALSE(
      t.Run("RNN@22", operands, "direction=bidirectional, activations=[Relu]").status.ok());
  EXPECT_FALSE(
      t.Run("RNN@22", operands, "direction=bidirectional, activations=[Relu, Cube]").status.ok());
}

TEST(Recurrent, TheHiddenSizeMayComeFromTheWeights) {
  OpTester t;
  EXPECT_EQ(t.Run("LSTM@7", {"f32[s, b, 5]", "f32[*]", "f32[1, 16, 4]"}).types[0],
            "f32[s, 1, b, 4]");
  EXPECT_EQ(t.Run("LSTM@7", {"f32[s, b, 5]", "f32[1, 16, 5]", "f32[*]"}).types[0],
            "f32[s, 1, b, 4]");
  EXPECT_EQ(t.Run("LSTM@7", {"f32[s, b, 5]", "f32[*]", "f32[*]"}).types[0], "f32[s, 1, b, ?]");
}

TEST(Recurrent, ContradictionsNameBothNumbers) {
  OpTester t;
  struct Case {
    std::vector<std::string> operands;
    std::string attrs, message;
  };
  const Case cases[] = {
      {{"f32[s, b, 5]", "f32[1, 16, 5]", "f32[1, 16, 4]"}, "hidden_size=5", "5 and 4"},
      {{"f32[s, b, 6]", "f32[1, 16, 5]", "f32[1, 16, 4]"}, "", "6 and 5"},
      {{"f32[s, b, 5]", "f32[1, 12, 5]", "f32[1, 16, 4]"}, "", "16 and 12"},
      {{"f32[s, b, 5]", "f32[1, 16, 5]", "f32[1, 16, 4]"}, "direction=bidirectional", "2 and 1"},
      {{"f32[s, b, 5]", "f32[1, 16, 5]", "f32[1, 16, 4]"}, "direction=sideways", "`sideways`"},
      {{"f32[s, b, 5]", "f32[1, 16, 5]", "f32[1, 16, 4]"}, "hidden_size=0", "is 0"},
      {{"f32[s, 5]", "f32[1, 16, 5]", "f32[1, 16, 4]"}, "", "rank 2"},
  };
  for (const Case& c : cases) {
    OpRun r = t.Run("LSTM@7", c.operands, c.attrs);
    EXPECT_FALSE(r.status.ok()) << c.message;
    EXPECT_THAT(std::string(r.status.message()), HasSubstr(c.message));
  }
}

}  // namespace
}  // namespace assay
