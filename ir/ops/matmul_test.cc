#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(MatMul, FollowsNumpy) {
  OpTester t;
  struct Case {
    std::string a, b, out;
    int64_t macs;
  };
  const Case cases[] = {
      {"f32[5]", "f32[5]", "f32[]", 5},
      {"f32[4, 5]", "f32[5]", "f32[4]", 4 * 5},
      {"f32[5]", "f32[5, 3]", "f32[3]", 5 * 3},
      {"f32[4, 5]", "f32[5, 3]", "f32[4, 3]", 4 * 5 * 3},
      {"f32[5]", "f32[2, 5, 3]", "f32[2, 3]", 2 * 5 * 3},
      {"f32[2, 4, 5]", "f32[5]", "f32[2, 4]", 2 * 4 * 5},
      {"f32[2, 4, 5]", "f32[5, 3]", "f32[2, 4, 3]", 2 * 4 * 5 * 3},
      {"f32[4, 5]", "f32[2, 5, 3]", "f32[2, 4, 3]", 2 * 4 * 5 * 3},
      {"f32[7, 1, 4, 5]", "f32[2, 5, 3]", "f32[7, 2, 4, 3]", 7 * 2 * 4 * 5 * 3},
      {"f32[0, 5]", "f32[5, 3]", "f32[0, 3]", 0},
  };
  for (const Case& c : cases) {
    OpRun r = t.Run("MatMul@13", {c.a, c.b});
    ASSERT_TRUE(r.status.ok()) << r.status;
    EXPECT_EQ(r.types[0], c.out);
    EXPECT_EQ(r.work.macs, Dim(c.macs)) << c.a << c.b;
    EXPECT_EQ(r.work.flops, Dim(2 * c.macs));
    const Nest& n = *r.work.nest;
    EXPECT_EQ(n.batch.value() * n.m.value() * n.n.value() * n.k.value(), c.macs);
  }
}

TEST(MatMul, ASharedSecondMatrixMakesOneTallProduct) {
  OpTester t;
  OpRun linear = t.Run("MatMul@13", {"f16[b, 197, 768]", "stored f16[768, 3072]"});
  EXPECT_EQ(linear.types[0], "f16[b, 197, 3072]");
  EXPECT_EQ(linear.work.macs, t.Parse("b * 197 * 768 * 3072"));
  EXPECT_EQ(linear.work.nest->m, t.Parse("b * 197"));
  EXPECT_EQ(linear.work.nest->batch, Dim(1));
  EXPECT_TRUE(linear.work.nest->shared_b);
  EXPECT_EQ(linear.work.nest->multiply, DType::kF16);
  EXPECT_EQ(linear.work.nest->accumulate, DType::kF32);
  OpRun scores = t.Run("MatMul@13", {"f32[b, 12, 197, 64]", "f32[b, 12, 64, 197]"});
  EXPECT_EQ(scores.work.nest->batch, t.Parse("b * 12"));
  EXPECT_EQ(scores.work.nest->m, Dim(197));
  EXPECT_FALSE(scores.work.nest->shared_b);
}

TEST(MatMul, EquatesSymbolsAndReportsContradictions) {
  OpTester t;
  OpRun r = t.Run("MatMul@13", {"f32[b, n]", "f32[768, 10]"});
  EXPECT_TRUE(r.status.ok());
  EXPECT_THAT(r.assumptions, ElementsAre("n = 768"));
  r = t.Run("MatMul@13", {"f32[4, 64]", "f32[32, 8]"});
  EXPECT_THAT(std::string(r.status.message()), HasSubstr("64 and 32"));
  EXPECT_FALSE(t.Run("MatMul@13", {"f32[3, 4, 64]", "f32[2, 64, 8]"}).status.ok());
  EXPECT_FALSE(t.Run("MatMul@13", {"f32[]", "f32[3]"}).status.ok());
  r = t.Run("MatMul@13", {"f32[*]", "f32[3, 4]"});
  EXPECT_EQ(r.types[0], "f32[*]");
  EXPECT_TRUE(r.work.macs.unknown());
}

TEST(Gemm, TransposesScalesAndAdds) {
  OpTester t;
  OpRun r =
      t.Run("Gemm@13", {"f32[b, 512]", "stored f32[1000, 512]", "stored f32[1000]"}, "transB=1");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[b, 1000]");
  EXPECT_EQ(r.work.macs, t.Parse("b * 512 * 1000"));
  EXPECT_EQ(r.work.flops, t.Parse("2 * b * 512 * 1000 + b * 1000"));
  r = t.Run("Gemm@13", {"f32[5, 2]", "f32[5, 3]", "f32[1, 3]"}, "transA=1, alpha=0.5, beta=2.0");
  EXPECT_EQ(r.types[0], "f32[2, 3]");
  EXPECT_EQ(r.work.macs, Dim(2 * 3 * 5));
  EXPECT_EQ(r.work.flops, Dim(2 * 2 * 3 * 5 + 2 * 3 + 2 * 3 + 3));
  EXPECT_EQ(t.Run("Gemm@13", {"f32[2, 5]", "f32[5, 3]"}).work.flops, Dim(2 * 2 * 3 * 5));
  // What is missing of one operand is taken from another.
  EXPECT_EQ(t.Run("Gemm@13", {"f32[*]", "f32[5, ?]", "f32[2, 3]"}).types[0], "f32[2, 3]");
  for (const std::vector<std::string>& bad : std::vector<std::vector<std::string>>{
           {"f32[2, 5]", "f32[4, 3]"},
           {"f32[2, 5]", "f32[5, 3]", "f32[2]"},
           {"f32[2, 5]", "f32[5, 3]", "f32[1, 2, 3]"},
           {"f32[2, 5, 1]", "f32[5, 3]"},
       }) {
    EXPECT_FALSE(t.Run("Gemm@13", bad).status.ok()) << bad[0] << bad[1];
  }
}

TEST(MatMulInteger, SumsIn32Bits) {
  OpTester t;
  OpRun r = t.Run("MatMulInteger@10", {"u8[4, 3]", "stored i8[3, 2]", "u8[]{12}", "i8[2]"});
  EXPECT_EQ(r.types[0], "i32[4, 2]");
  EXPECT_EQ(r.work.macs, Dim(4 * 3 * 2));
  EXPECT_EQ(r.work.int_ops, Dim(4 * 3 + 3 * 2));
  EXPECT_EQ(r.work.nest->accumulate, DType::kI32);
}

TEST(Det, EliminationPerMatrix) {
  OpTester t;
  OpRun r = t.Run("Det@22", {"f32[b, 3, 3]"});
  EXPECT_EQ(r.types[0], "f32[b]");
  // Below the first pivot 2 rows of a division and 2 products and subtractions, below the second
  // one of each kind; then 2 products of pivots.
  EXPECT_EQ(r.work.flops, t.Parse("b * (2 * (1 + 2 * 2) + 1 * (1 + 2 * 1) + 2)"));
  EXPECT_EQ(t.Run("Det@11", {"f32[2, 2]"}).types[0], "f32[]");
  EXPECT_FALSE(t.Run("Det@11", {"f32[2, 3]"}).status.ok());
  EXPECT_FALSE(t.Run("Det@11", {"f32[2]"}).status.ok());
}

}  // namespace
}  // namespace assay
