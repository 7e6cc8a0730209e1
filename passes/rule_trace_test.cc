#include "passes/rule_trace.h"

#include "gtest/gtest.h"
#include "passes/passes_test_util.h"

namespace assay {
namespace {

constexpr char kConv[] = R"(
arg %x: f32[batch, 3, 224, 224]
weight %w = f32[64, 3, 7, 7]
weight %b = f32[64]
%y = Conv(%x, %w, %b) {strides = [2, 2], pads = [3, 3, 3, 3]}
return %y)";

TEST(RuleTrace, ConvolutionInItsOwnLetters) {
  Analyzed run(kConv);
  ASSERT_TRUE(run.ok());
  const Point& point = run->numbers->point;
  const WorkTrace work = TraceWork(run.graph(), *run->shapes, point, run.op("Conv"));
  ASSERT_TRUE(work.macs.has_value());
  EXPECT_EQ(work.macs->value, int64_t{1} * 64 * 112 * 112 * 3 * 7 * 7);
  EXPECT_EQ(work.macs->text, "Cg*M*N*kH*kW*oH*oW");
  EXPECT_EQ(work.macs->filled, "3*64*1*7*7*112*112");
  ASSERT_TRUE(work.flops.has_value());
  EXPECT_EQ(work.flops->text, "2*macs + M*N*oH*oW");
  EXPECT_EQ(work.flops->value, 2 * work.macs->value + 64 * 112 * 112);
  ASSERT_EQ(work.reads.size(), 3u);
  EXPECT_EQ(work.reads[0]->value, 3 * 224 * 224);
  EXPECT_EQ(work.seen.attributes, (std::vector<std::string>{"strides", "pads"}));

  const ShapeTrace shape = TraceShapes(run.graph(), *run->shapes, point, run.op("Conv"));
  ASSERT_EQ(shape.results.size(), 1u);
  ASSERT_EQ(shape.results[0].size(), 4u);
  EXPECT_EQ(shape.results[0][2].name, "oH");
  // (224 + 3 + 3 - 7) / 2 + 1 = (224 - 7) / 2 + 4, rounded down.
  EXPECT_EQ(shape.results[0][2].formula->text, "floordiv(H - kH, 2) + 4");
  EXPECT_EQ(shape.results[0][2].formula->value, (224 + 3 + 3 - 7) / 2 + 1);
}

TEST(RuleTrace, BroadcastingKeepsSizesOfOne) {
  Analyzed run(R"(
arg %a: f32[4, 1, 8]
arg %b: f32[5, 1]
%y = Add(%a, %b)
return %y)");
  ASSERT_TRUE(run.ok());
  const Point& point = run->numbers->point;
  const WorkTrace work = TraceWork(run.graph(), *run->shapes, point, run.op("Add"));
  ASSERT_TRUE(work.flops.has_value());
  EXPECT_EQ(work.flops->text, "out0.0*out0.1*out0.2");
  EXPECT_EQ(work.flops->value, 4 * 5 * 8);
  const ShapeTrace shape = TraceShapes(run.graph(), *run->shapes, point, run.op("Add"));
  ASSERT_EQ(shape.results[0].size(), 3u);
  EXPECT_EQ(shape.results[0][0].formula->text, "in0.0");
  ASSERT_TRUE(shape.results[0][1].formula.has_value());
  EXPECT_EQ(shape.results[0][1].formula->text, "in1.0");
  EXPECT_EQ(shape.results[0][1].formula->value, 5);
}

TEST(RuleTrace, ContentsThatARuleReads) {
  Analyzed run(R"(
arg %x: f32[batch, 6, 4]
weight %shape = i64[2] {0, -1}
%y = Reshape(%x, %shape)
return %y)");
  ASSERT_TRUE(run.ok());
  const ShapeTrace shape =
      TraceShapes(run.graph(), *run->shapes, run->numbers->point, run.op("Reshape"));
  EXPECT_EQ(shape.seen.contents, std::vector<int>{1});
  ASSERT_EQ(shape.results[0].size(), 2u);
  ASSERT_TRUE(shape.results[0][1].formula.has_value());
  EXPECT_EQ(shape.results[0][1].formula->value, 6 * 4);
}

// One letter stands for one size: of a product whose first operand is transposed it would not.
TEST(RuleTrace, LettersOnlyWhereTheyFit) {
  Analyzed run(R"(
arg %a: f32[16, 8]
weight %b = f32[16, 4]
%y = Gemm(%a, %b) {transA = 1}
return %y)");
  ASSERT_TRUE(run.ok());
  const WorkTrace work = TraceWork(run.graph(), *run->shapes, run->numbers->point, run.op("Gemm"));
  ASSERT_TRUE(work.macs.has_value());
  EXPECT_EQ(work.macs->value, 8 * 16 * 4);
}

}  // namespace
}  // namespace assay
