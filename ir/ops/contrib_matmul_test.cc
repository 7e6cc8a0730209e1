#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/ops/work_cases_test_util.h"

namespace assay {
namespace {

using ::testing::ElementsAre;

TEST(FusedMatMul, BatchAxesBehindTheRows) {
  OpTester t;
  // A is [M, batch, K], B is [batch, K, N].
  OpRun r =
      t.Run("com.microsoft::FusedMatMul@1", {"f32[5, b, 4]", "f32[b, 4, 6]"}, "transBatchA=1");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[b, 5, 6]");
  EXPECT_EQ(r.work.macs, t.Parse("b * 5 * 4 * 6"));
  // Both, and A's matrix transposed too: [K, batch, M].
  r = t.Run("com.microsoft::FusedMatMul@1", {"f32[4, b, 5]", "f32[4, b, 6]"},
            "transBatchA=1, transA=1, transBatchB=1");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[b, 5, 6]");
  EXPECT_EQ(r.work.macs, t.Parse("b * 5 * 4 * 6"));
}

TEST(FusedMatMulActivation, CountsTheActivation) {
  OpTester t;
  OpRun r = t.Run("com.microsoft::FusedMatMulActivation@1", {"f32[2, 3]", "f32[3, 4]"},
                  "activation=Relu");
  EXPECT_EQ(r.work.flops, Dim(2 * 2 * 3 * 4));
  EXPECT_EQ(r.work.comparisons, Dim(2 * 4));
}

TEST(GemmFastGelu, EightFlopsATanhAndABias) {
  OpTester t;
  OpRun r = t.Run("com.microsoft::GemmFastGelu@1", {"f32[b, 8]", "f32[8, 4]", "f32[4]"});
  EXPECT_EQ(r.types[0], "f32[b, 4]");
  EXPECT_EQ(r.work.flops, t.Parse("2 * b * 8 * 4 + 9 * b * 4"));
  EXPECT_EQ(r.work.transcendentals, t.Parse("b * 4"));
}

TEST(PackedMatMuls, UnpackTheirWeights) {
  OpTester t;
  OpRun r = t.Run("com.microsoft::MatMulFpQ4@1", {"f32[b, 64]", "u8[1152]", "i64[2]{64, 32}"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[b, 32]");
  EXPECT_EQ(r.work.flops, t.Parse("2 * b * 64 * 32 + 2 * 64 * 32"));
  r = t.Run("com.microsoft::MatMulBlockQuantizedFp4Weight@1",
            {"f16[b, 64]", "u8[32, 32]", "u8[32, 4]", "f32[]", "", "f16[32]"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f16[b, 32]");
  EXPECT_EQ(r.work.flops, t.Parse("2 * b * 64 * 32 + 64 * 32 + b * 32"));
  r = t.Run("com.microsoft::MatMulBlockQuantizedFp8Weight@1", {"f16[b, 64]", "u8[32, 64]"});
  EXPECT_EQ(r.work.macs, t.Parse("b * 64 * 32"));
  EXPECT_FALSE(t.Run("com.microsoft::MatMulBlockQuantizedFp8Weight@1", {"f16[2, 63]", "u8[32, 64]"})
                   .status.ok());
}

TEST(ContribProducts, CountAsTheProductTheyAre) {
  const int64_t macs = 5 * 8 * 3, out = 5 * 3;
  ExpectWork({
      {"com.microsoft::TransposeMatMul@1",
       {"f32[8, 5]", "f32[3, 8]"},
       "transA=1, transB=1",
       {.macs = macs, .flops = 2 * macs}},
      // alpha takes a product per output.
      {"com.microsoft::TransposeMatMul@1",
       {"f32[5, 8]", "f32[8, 3]"},
       "alpha=0.5",
       {.macs = macs, .flops = 2 * macs + out}},
      // As if nothing in A were zero.
      {"com.microsoft::SparseToDenseMatMul@1",
       {"f32[5, 8]", "f32[8, 3]"},
       "",
       {.macs = macs, .flops = 2 * macs}},
      // Weights of four bits: code to number, times the scale of its block.
      {"com.microsoft::MatMulBnb4@1",
       {"f32[5, 8]", "u8[12]", "f32[1]"},
       "K=8, N=3, block_size=32, quant_type=1",
       {.macs = macs, .flops = 2 * macs + 2 * 8 * 3}},
      // C is added; three scales; Relu compares.
      {"com.microsoft::GemmFloat8@1",
       {"f8e4m3fn[5, 8]", "f8e4m3fn[3, 8]", "f32[5, 3]", "f32[]", "f32[]", "f32[]"},
       "transB=1, activation=RELU, beta=1.0",
       {.macs = macs, .flops = 2 * macs + (1 + 3) * out, .comparisons = out}},
  });
}

TEST(MatMulNBitsQkv, ThreeProductsOfOneNormalisedInput) {
  OpTester t;
  OpRun r = t.Run("com.microsoft::MatMulNBitsQkv@1",
                  {"f16[b, s, 64]", "f16[b, s, 64]", "f16[64]", "u8[64, 2, 16]", "f16[128]", "",
                   "u8[16, 2, 16]", "f16[32]", "", "u8[16, 2, 16]", "f16[32]"},
                  "K=64, Nq=64, Nkv=16", {"q", "k", "v", "sum"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_THAT(r.types,
              ElementsAre("f16[b, s, 64]", "f16[b, s, 16]", "f16[b, s, 16]", "f16[b, s, 64]"));
  EXPECT_EQ(r.work.macs, t.Parse("b * s * 64 * (64 + 16 + 16)"));
  // Two per weight; per element the skip, 3 + 1 of the norm; 2 and a root per row.
  EXPECT_EQ(r.work.flops,
            t.Parse("2 * b * s * 64 * 96 + 2 * 64 * 96 + b * s * 64 * (1 + 4) + 2 * b * s"));
  EXPECT_EQ(r.work.transcendentals, t.Parse("b * s"));
}

TEST(MatMulNBitsMlp, TwoProductsAndAGate) {
  OpTester t;
  OpRun r =
      t.Run("com.microsoft::MatMulNBitsMlp@1",
            {"f16[b, 64]", "", "", "u8[32, 2, 16]", "f16[64]", "", "u8[32, 2, 16]", "f16[64]"},
            "K=64, N=32");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f16[b, 32]");
  EXPECT_EQ(r.work.flops, t.Parse("2 * b * 64 * 64 + 2 * 64 * 64 + 4 * b * 32"));
}

TEST(DistancesAndInverses, InPlainArithmetic) {
  OpTester t;
  OpRun r = t.Run("com.microsoft::CDist@1", {"f32[m, 8]", "f32[10, 8]"}, "metric=euclidean");
  EXPECT_EQ(r.types[0], "f32[m, 10]");
  EXPECT_EQ(r.work.flops, t.Parse("m * 10 * (3 * 8 - 1)"));
  EXPECT_EQ(r.work.transcendentals, t.Parse("m * 10"));
  EXPECT_FALSE(t.Run("com.microsoft::CDist@1", {"f32[3, 8]", "f32[3, 7]"}).status.ok());
  r = t.Run("com.microsoft::Inverse@1", {"f32[b, 4, 4]"});
  EXPECT_EQ(r.types[0], "f32[b, 4, 4]");
  EXPECT_EQ(r.work.flops, t.Parse("b * 2 * 4 * 4 * 4"));
  EXPECT_FALSE(t.Run("com.microsoft::Inverse@1", {"f32[4, 5]"}).status.ok());
}

TEST(MoE, CountsTheExpertsThatAreChosen) {
  OpTester t;
  // Mixtral's form: 8 experts, 2 per token, gate and up apart (fc1, fc3), 512 tokens.
  OpRun r = t.Run("com.microsoft::MoE@1",
                  {"f16[512, 64]", "f16[512, 8]", "f16[8, 128, 64]", "", "f16[8, 64, 128]", "",
                   "f16[8, 128, 64]"},
                  "k=2, activation_type=silu");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f16[512, 64]");
  EXPECT_EQ(r.work.macs, Dim(512 * 2 * 3 * 64 * 128));
  EXPECT_EQ(r.work.flops, Dim(2 * 512 * 2 * 3 * 64 * 128 + 3 * 512 * 2 * 128 +
                              (2 * 2 - 1) * 512 * 64 + 3 * 512 * 8));
  EXPECT_EQ(r.work.transcendentals, Dim(512 * 2 * 128 + 512 * 8));
  EXPECT_EQ(r.work.reads[2], Dim(8 * 128 * 64));  // every expert is met
  // One token meets two of them.
  r = t.Run("com.microsoft::MoE@1",
            {"f16[1, 64]", "f16[1, 8]", "f16[8, 128, 64]", "", "f16[8, 64, 128]"}, "k=2");
  EXPECT_EQ(r.work.reads[2], Dim(2 * 128 * 64));
  EXPECT_EQ(r.work.macs, Dim(2 * 2 * 64 * 128));
  EXPECT_FALSE(t.Run("com.microsoft::MoE@1", {"f16[1, 64]"}, "k=0").status.ok());
  EXPECT_FALSE(t.Run("com.microsoft::MoE@1", {"f16[1, 64]"}, "activation_type=cube").status.ok());
}

TEST(QMoE, UnpacksWhatItReads) {
  OpTester t;
  OpRun r = t.Run("com.microsoft::QMoE@1",
                  {"f16[1, 64]", "f16[1, 8]", "u8[8, 128, 32]", "f16[8, 128]", "", "u8[8, 64, 64]",
                   "f16[8, 64]"},
                  "k=2, expert_weight_bits=4");
  ASSERT_TRUE(r.status.ok()) << r.status;
  const int64_t weights = 2 * 2 * 64 * 128;  // two experts, two matrices
  EXPECT_EQ(r.work.macs, Dim(weights));
  EXPECT_EQ(r.work.reads[2], Dim(2 * 128 * 32));
  EXPECT_EQ(r.work.flops, Dim(2 * weights + 2 * weights + (2 * 2 - 1) * 64 + 3 * 8));
}

}  // namespace
}  // namespace assay
