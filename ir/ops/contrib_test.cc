#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

using ::testing::ElementsAre;

TEST(FusedConv, AddsTheResidualAndTheActivation) {
  OpTester t;
  OpRun r =
      t.Run("com.microsoft::FusedConv@1",
            {"f32[1, 8, 6, 6]", "f32[4, 8, 1, 1]", "f32[4]", "f32[1, 4, 6, 6]"}, "activation=Relu");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[1, 4, 6, 6]");
  const int64_t outputs = 4 * 6 * 6;
  EXPECT_EQ(r.work.macs, Dim(outputs * 8));
  EXPECT_EQ(r.work.flops, Dim(2 * outputs * 8 + outputs + outputs));
  EXPECT_EQ(r.work.comparisons, Dim(outputs));
  EXPECT_FALSE(
      t.Run("com.microsoft::FusedConv@1", {"f32[1, 8, 6, 6]", "f32[4, 8, 1, 1]"}, "activation=Cube")
          .status.ok());
}

TEST(FusedMatMul, TransposesTheLastAxes) {
  OpTester t;
  OpRun r = t.Run("com.microsoft::FusedMatMul@1", {"f32[b, 5, 4]", "f32[b, 6, 4]"},
                  "transB=1, alpha=0.125");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[b, 5, 6]");
  EXPECT_EQ(r.work.flops, t.Parse("b * 5 * 6 * (2 * 4 + 1)"));
}

TEST(FusedGemm, AddsTheActivation) {
  OpTester t;
  OpRun r =
      t.Run("com.microsoft::FusedGemm@1", {"f32[2, 4]", "f32[4, 3]", "f32[3]"}, "activation=Tanh");
  EXPECT_EQ(r.work.flops, Dim(2 * 2 * 4 * 3 + 2 * 3));
  EXPECT_EQ(r.work.transcendentals, Dim(2 * 3));
}

TEST(MatMulNBits, ReadsPackedWeights) {
  OpTester t;
  OpRun r = t.Run("com.microsoft::MatMulNBits@1",
                  {"f16[b, s, 4096]", "stored u8[11008, 128, 16]", "stored f16[1409024]"},
                  "K=4096, N=11008, bits=4, block_size=32");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f16[b, s, 11008]");
  EXPECT_EQ(r.work.macs, t.Parse("b * s * 4096 * 11008"));
  EXPECT_EQ(r.work.flops, t.Parse("2 * b * s * 4096 * 11008 + 2 * 4096 * 11008"));
  EXPECT_EQ(r.work.reads[1], Dim(4096 * 11008 / 2));  // two per byte
  EXPECT_FALSE(t.Run("com.microsoft::MatMulNBits@1", {"f16[2, 40]", "u8[8, 1, 16]"}, "K=32, N=8")
                   .status.ok());
  EXPECT_FALSE(t.Run("com.microsoft::MatMulNBits@1", {"f16[2, 40]", "u8[8, 1, 16]"}).status.ok());
}

TEST(IntegerMatMuls, ComeBackToFloat) {
  OpTester t;
  OpRun r = t.Run("com.microsoft::DynamicQuantizeMatMul@1", {"f32[b, 8]", "i8[8, 3]", "f32[]"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[b, 3]");
  EXPECT_EQ(r.work.flops, t.Parse("2 * b * 8 * 3 + b * 3 + 3 * b * 8 + 5"));
  EXPECT_EQ(r.work.comparisons, t.Parse("4 * b * 8 + 2"));
  EXPECT_EQ(r.work.nest->multiply, DType::kI8);
  r = t.Run("com.microsoft::MatMulIntegerToFloat@1",
            {"u8[2, 8]", "u8[8, 3]", "f32[]", "f32[]", "u8[]", "u8[]", "f32[3]"});
  EXPECT_EQ(r.types[0], "f32[2, 3]");
  EXPECT_EQ(r.work.flops, Dim(2 * 2 * 8 * 3 + 2 * 3 * 2));
}

TEST(ContribAttention, AgreesWithTheStandardOneOnTheSameSizes) {
  OpTester t;
  t.Symbol("past", 0);
  const std::string x = "f32[b, s, 512]", cache = "f32[b, 8, past, 64]";
  OpRun standard = t.Run("Attention@23", {x, x, x, "", cache, cache},
                         "is_causal=1, q_num_heads=8, kv_num_heads=8", {"a0", "a1", "a2"});
  OpRun multi_head =
      t.Run("com.microsoft::MultiHeadAttention@1", {x, x, x, "", "", "", cache, cache},
            "num_heads=8, unidirectional=1", {"m0", "m1", "m2"});
  OpRun grouped =
      t.Run("com.microsoft::GroupQueryAttention@1", {x, x, x, cache, cache, "i32[b]", "i32[]"},
            "num_heads=8, kv_num_heads=8", {"g0", "g1", "g2"});
  OpRun projected = t.Run("com.microsoft::Attention@1",
                          {x, "f32[512, 1536]", "f32[1536]", "", "f32[2, b, 8, past, 64]"},
                          "num_heads=8, unidirectional=1", {"p0", "p1"});
  for (const OpRun* r : {&standard, &multi_head, &grouped, &projected}) {
    ASSERT_TRUE(r->status.ok()) << r->status;
    EXPECT_EQ(r->types[0], x);
  }
  EXPECT_EQ(multi_head.types, standard.types);
  EXPECT_EQ(grouped.types, standard.types);
  EXPECT_EQ(projected.types[1], "f32[2, b, 8, past + s, 64]");
  EXPECT_EQ(standard.work.macs, t.Parse("b * 8 * 64 * (2 * s * past + s * (s + 1))"));
  EXPECT_EQ(multi_head.work.macs, standard.work.macs);
  EXPECT_EQ(grouped.work.macs, standard.work.macs);
  EXPECT_EQ(multi_head.work.flops, standard.work.flops);
  EXPECT_EQ(projected.work.macs, t.pool().Add(standard.work.macs, t.Parse("b * s * 512 * 1536")));
}

TEST(GroupQueryAttention, PackedRotaryAndWindowed) {
  OpTester t;
  // 8 query heads, 2 key heads of 16: 12 heads side by side.
  OpRun r = t.Run("com.microsoft::GroupQueryAttention@1",
                  {"f16[1, 10, 192]", "", "", "f16[1, 2, 0, 16]", "f16[1, 2, 0, 16]", "i32[1]",
                   "i32[]", "f16[2048, 8]", "f16[2048, 8]"},
                  "num_heads=8, kv_num_heads=2, do_rotary=1, local_window_size=4", {"y", "k"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_THAT(r.types, ElementsAre("f16[1, 10, 128]", "f16[1, 2, 10, 16]"));
  const int64_t pairs = 8 * (1 + 2 + 3 + 7 * 4);
  EXPECT_EQ(r.work.macs, Dim(pairs * 32));
  EXPECT_EQ(r.work.flops, Dim(pairs * (2 * 32 + 4) + 3 * 10 * (8 + 2) * 16));
  EXPECT_EQ(r.work.reads[7], Dim(10 * 8));
  EXPECT_FALSE(t.Run("com.microsoft::GroupQueryAttention@1", {"f16[1, 10, 192]"},
                     "num_heads=8, kv_num_heads=3")
                   .status.ok());
}

TEST(MultiHeadAttention, PackedAndCrossForms) {
  OpTester t;
  EXPECT_EQ(
      t.Run("com.microsoft::MultiHeadAttention@1", {"f32[2, 5, 4, 3, 16]"}, "num_heads=4").types[0],
      "f32[2, 5, 64]");
  OpRun r = t.Run("com.microsoft::MultiHeadAttention@1",
                  {"f32[2, 5, 64]", "f32[2, 4, 7, 16]", "f32[2, 4, 7, 16]"}, "num_heads=4");
  EXPECT_EQ(r.types[0], "f32[2, 5, 64]");
  EXPECT_EQ(r.work.macs, Dim(2 * 4 * 5 * 7 * 32));
}

TEST(ContribNormalizations, CountTheSkipToo) {
  OpTester t;
  OpRun r = t.Run("com.microsoft::SkipLayerNormalization@1",
                  {"f32[b, s, 768]", "f32[b, s, 768]", "f32[768]", "f32[768]", "f32[768]"}, "",
                  {"y", "", "", "sum"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_THAT(r.types, ElementsAre("f32[b, s, 768]", "", "", "f32[b, s, 768]"));
  EXPECT_EQ(r.work.flops, t.Parse("b * s * (9 * 768 + 2)"));
  r = t.Run("com.microsoft::SkipSimplifiedLayerNormalization@1",
            {"f32[b, s, 768]", "f32[b, s, 768]", "f32[768]"});
  EXPECT_EQ(r.work.flops, t.Parse("b * s * (5 * 768 + 2)"));
  r = t.Run("SimplifiedLayerNormalization@1", {"f32[b, s, 768]", "f32[768]"});
  EXPECT_EQ(r.work.flops, t.Parse("b * s * (4 * 768 + 2)"));
  r = t.Run("com.microsoft::EmbedLayerNormalization@1",
            {"i32[b, s]", "", "f32[30522, 768]", "f32[512, 768]", "", "f32[768]", "f32[768]"}, "",
            {"y", "mask"});
  EXPECT_THAT(r.types, ElementsAre("f32[b, s, 768]", "i32[b]"));
  EXPECT_EQ(r.work.flops, t.Parse("b * s * (8 * 768 + 2)"));
  EXPECT_EQ(r.work.reads[2], t.Parse("b * s * 768"));
}

TEST(ContribPointwise, Gelus) {
  OpTester t;
  EXPECT_EQ(t.Run("com.microsoft::BiasGelu@1", {"f32[2, 3]", "f32[3]"}).work.flops, Dim(5 * 6));
  EXPECT_EQ(t.Run("com.microsoft::FastGelu@1", {"f32[2, 3]", "f32[3]"}).work.flops, Dim(9 * 6));
  EXPECT_EQ(t.Run("com.microsoft::Gelu@1", {"f32[2, 3]"}).work.transcendentals, Dim(6));
  EXPECT_EQ(t.Run("com.microsoft::QuickGelu@1", {"f32[2, 3]"}).work.flops, Dim(4 * 6));
}

TEST(QLinearOps, KeepTheirType) {
  OpTester t;
  OpRun r = t.Run("com.microsoft::QLinearAdd@1",
                  {"u8[2, 3, 4]", "f32[]", "u8[]", "u8[3, 1]", "f32[]", "u8[]", "f32[]", "u8[]"});
  EXPECT_EQ(r.types[0], "u8[2, 3, 4]");
  EXPECT_EQ(r.work.flops, Dim(8 * 2 * 3 * 4));
  EXPECT_EQ(
      t.Run("com.microsoft::QLinearConcat@1",
            {"f32[]", "u8[]", "u8[1, n]", "f32[]", "u8[]", "u8[1, 4]", "f32[]", "u8[]"}, "axis=1")
          .types[0],
      "u8[1, n + 4]");
  EXPECT_FALSE(t.Run("com.microsoft::QLinearConcat@1", {"f32[]", "u8[]", "u8[1, 3]"}).status.ok());
  EXPECT_EQ(
      t.Run("com.microsoft::QLinearGlobalAveragePool@1", {"u8[1, 7, 7, 64]"}, "channels_last=1")
          .types[0],
      "u8[1, 1, 1, 64]");
}

TEST(ContribRotary, ThreeFlopsPerElement) {
  OpTester t;
  OpRun r = t.Run("com.microsoft::RotaryEmbedding@1",
                  {"f32[b, s, 512]", "i64[b, s]", "f32[2048, 32]", "f32[2048, 32]"});
  EXPECT_EQ(r.types[0], "f32[b, s, 512]");
  EXPECT_EQ(r.work.flops, t.Parse("3 * b * s * 512"));
  EXPECT_EQ(r.work.reads[2], t.Parse("b * s * 32"));
}

}  // namespace
}  // namespace assay
