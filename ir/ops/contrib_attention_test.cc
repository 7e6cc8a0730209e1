// Attention in all its spellings, on the same sizes: the same MACs.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

using ::testing::ElementsAre;

constexpr char kX[] = "f32[2, 10, 64]";  // 4 heads of 16
constexpr char kCache[] = "f32[2, 4, 6, 16]";

Dim Macs(OpTester& t, absl::string_view op, std::vector<std::string> operands,
         absl::string_view attrs) {
  OpRun r = t.Run(op, std::move(operands), attrs);
  EXPECT_TRUE(r.status.ok()) << op << ": " << r.status;
  return r.work.macs;
}

TEST(AttentionSpellings, Full) {
  OpTester t;
  const int64_t macs = 2 * 4 * 10 * 10 * (16 + 16);
  const int64_t projection = 2 * 10 * 64 * 192;
  // Decomposed: Q K^T, then P V.
  const Dim qk = Macs(t, "MatMul@13", {"f32[2, 4, 10, 16]", "f32[2, 4, 16, 10]"}, "");
  const Dim pv = Macs(t, "MatMul@13", {"f32[2, 4, 10, 10]", "f32[2, 4, 10, 16]"}, "");
  EXPECT_EQ(qk.value() + pv.value(), macs);
  EXPECT_EQ(Macs(t, "Attention@23", {kX, kX, kX}, "q_num_heads=4, kv_num_heads=4"), Dim(macs));
  EXPECT_EQ(Macs(t, "com.microsoft::MultiHeadAttention@1", {kX, kX, kX}, "num_heads=4"), Dim(macs));
  EXPECT_EQ(Macs(t, "com.microsoft::GroupQueryAttention@1", {kX, kX, kX},
                 "num_heads=4, kv_num_heads=4, causal=0"),
            Dim(macs));
  EXPECT_EQ(Macs(t, "com.microsoft::Attention@1", {kX, "f32[64, 192]", "f32[192]"}, "num_heads=4"),
            Dim(macs + projection));
  EXPECT_EQ(Macs(t, "com.microsoft::QAttention@1",
                 {"u8[2, 10, 64]", "i8[64, 192]", "f32[192]", "f32[]", "f32[]"}, "num_heads=4"),
            Dim(macs + projection));
  EXPECT_EQ(Macs(t, "com.microsoft::QOrderedAttention@1",
                 {"i8[2, 10, 64]", "f32[]", "f32[]", "f32[]", "f32[]", "i8[64, 64]", "i8[64, 64]",
                  "i8[64, 64]"},
                 "num_heads=4"),
            Dim(macs + projection));
  // Two sequences of ten tokens, none of them padding.
  EXPECT_EQ(Macs(t, "com.microsoft::PackedMultiHeadAttention@1",
                 {"f32[20, 64]", "f32[20, 64]", "f32[20, 64]", "", "i32[2, 10]", "i32[3]"},
                 "num_heads=4"),
            Dim(macs));
  EXPECT_EQ(
      Macs(t, "com.microsoft::PackedAttention@1",
           {"f32[20, 64]", "f32[64, 192]", "f32[192]", "i32[2, 10]", "i32[3]"}, "num_heads=4"),
      Dim(macs + projection));
  // [S, B, C], K and V projected from the query.
  EXPECT_EQ(Macs(t, "com.microsoft::DecoderAttention@1",
                 {"f32[10, 2, 64]", "f32[10, 2, 64]", "f32[64, 64]", "f32[64, 128]", "f32[192]"},
                 "num_heads=4"),
            Dim(macs + projection));
}

TEST(AttentionSpellings, CausalBehindACache) {
  OpTester t;
  // Query i of 10 sees 6 cached keys, itself and the i before it.
  const int64_t pairs = 10 * 6 + 10 * 11 / 2;
  const int64_t macs = 2 * 4 * pairs * 32;
  EXPECT_EQ(Macs(t, "Attention@23", {kX, kX, kX, "", kCache, kCache},
                 "q_num_heads=4, kv_num_heads=4, is_causal=1"),
            Dim(macs));
  EXPECT_EQ(Macs(t, "com.microsoft::MultiHeadAttention@1", {kX, kX, kX, "", "", "", kCache, kCache},
                 "num_heads=4, unidirectional=1"),
            Dim(macs));
  EXPECT_EQ(Macs(t, "com.microsoft::GroupQueryAttention@1",
                 {kX, kX, kX, kCache, kCache, "i32[2]", "i32[]"}, "num_heads=4, kv_num_heads=4"),
            Dim(macs));
  const Dim projection(2 * 10 * 64 * 192);
  EXPECT_EQ(Macs(t, "com.microsoft::Attention@1",
                 {kX, "f32[64, 192]", "f32[192]", "", "f32[2, 2, 4, 6, 16]"},
                 "num_heads=4, unidirectional=1"),
            t.pool().Add(Dim(macs), projection));
  EXPECT_EQ(Macs(t, "com.microsoft::SparseAttention@1",
                 {kX, kX, kX, "f32[2, 4, 64, 16]", "f32[2, 4, 64, 16]", "", "", "i32[]{16}"},
                 "num_heads=4, kv_num_heads=4, sparse_block_size=64"),
            Dim(macs));
}

TEST(AttentionSpellings, GroupedAndWindowed) {
  OpTester t;
  const std::string kv = "f32[2, 10, 32]";  // 2 heads of 16
  // A window of 4 with the own position: 1 + 2 + 3 + 7 * 4 keys.
  const int64_t macs = 2 * 4 * (1 + 2 + 3 + 7 * 4) * 32;
  EXPECT_EQ(Macs(t, "Attention@25", {kX, kv, kv},
                 "q_num_heads=4, kv_num_heads=2, is_causal=1, left_window_size=3"),
            Dim(macs));
  EXPECT_EQ(Macs(t, "com.microsoft::GroupQueryAttention@1", {kX, kv, kv},
                 "num_heads=4, kv_num_heads=2, local_window_size=4"),
            Dim(macs));
}

TEST(AttentionSpellings, OneTokenBehindACache) {
  OpTester t;
  const std::string x = "f32[2, 1, 64]";
  const int64_t macs = 2 * 4 * 7 * 32;
  EXPECT_EQ(Macs(t, "Attention@23", {x, x, x, "", kCache, kCache},
                 "q_num_heads=4, kv_num_heads=4, is_causal=1"),
            Dim(macs));
  EXPECT_EQ(Macs(t, "com.microsoft::DecoderMaskedMultiHeadAttention@1",
                 {x, x, x, "", "", kCache, kCache}, "num_heads=4"),
            Dim(macs));
  EXPECT_EQ(Macs(t, "com.microsoft::DecoderMaskedSelfAttention@1",
                 {x, "f32[64, 192]", "f32[192]", "", "f32[2, 2, 4, 6, 16]"}, "num_heads=4"),
            Dim(macs + 2 * 64 * 192));
  // A buffer of 32 for past and present, of which 6 are in use.
  const std::string buffer = "f32[2, 4, 32, 16]";
  OpRun r = t.Run("com.microsoft::DecoderMaskedMultiHeadAttention@1",
                  {x, x, x, "", "", buffer, buffer, "i32[1]{6}"},
                  "num_heads=4, past_present_share_buffer=1", {"y", "k", "v"});
  EXPECT_EQ(r.work.macs, Dim(macs));
  EXPECT_THAT(r.types, ElementsAre(x, buffer, buffer));
  // Cross attention: the key is the cache.
  EXPECT_EQ(Macs(t, "com.microsoft::DecoderMaskedMultiHeadAttention@1", {x, kCache, kCache},
                 "num_heads=4"),
            Dim(2 * 4 * 6 * 32));
}

TEST(SparseAttention, CountsAtMostTheListedBlocks) {
  OpTester t;
  // 128 tokens in blocks of 16; 15 blocks are listed (36 would be all of the triangle).
  OpRun r = t.Run("com.microsoft::SparseAttention@1",
                  {"f16[1, 128, 96]", "", "", "f16[1, 2, 128, 16]", "f16[1, 2, 128, 16]",
                   "i32[1, 9]", "i32[1, 15]", "i32[]{128}", "i32[1]"},
                  "num_heads=2, kv_num_heads=2, sparse_block_size=16", {"y", "k", "v"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_THAT(r.types, ElementsAre("f16[1, 128, 32]", "f16[1, 2, 128, 16]", "f16[1, 2, 128, 16]"));
  EXPECT_EQ(r.work.macs, Dim(2 * 15 * 16 * 16 * 32));
}

TEST(PagedAttention, ReadsTheBlocksOfItsTable) {
  OpTester t;
  OpRun r = t.Run("com.microsoft::PagedAttention@1",
                  {"f16[7, 64]", "f16[7, 32]", "f16[7, 32]", "f16[100, 16, 2, 16]",
                   "f16[100, 16, 2, 16]", "i32[4]", "i32[3]", "i32[3, 5]"},
                  "num_heads=4, kv_num_heads=2", {"y", "k", "v"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f16[7, 64]");
  EXPECT_EQ(r.types[1], "f16[100, 16, 2, 16]");
  EXPECT_EQ(r.work.macs, Dim(4 * 7 * (5 * 16) * 32));
  EXPECT_EQ(r.work.reads[3], Dim(3 * 5 * 16 * 2 * 16));
  EXPECT_EQ(r.work.writes[1], Dim(7 * 2 * 16));
  r = t.Run("com.microsoft::PagedAttention@1",
            {"f16[7, 128]", "", "", "f16[100, 16, 2, 16]", "f16[100, 16, 2, 16]", "i32[4]",
             "i32[3]", "i32[3, 5]"},
            "num_heads=4, kv_num_heads=2, local_window_size=20");
  EXPECT_EQ(r.work.macs, Dim(4 * 7 * 20 * 32));
}

TEST(LongformerAttention, LooksOneWindowEachWay) {
  OpTester t;
  OpRun r = t.Run("com.microsoft::LongformerAttention@1",
                  {"f32[1, 8, 32]", "f32[32, 96]", "f32[96]", "f32[1, 8]", "f32[32, 96]", "f32[96]",
                   "i32[1, 8]"},
                  "num_heads=2, window=2");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[1, 8, 32]");
  const int64_t pairs = 2 * (3 + 4 + 5 * 4 + 4 + 3);
  EXPECT_EQ(r.work.macs, Dim(pairs * 32 + 8 * 32 * 96 + 8 * 32 * 64));
}

TEST(AttentionBiases, ShapesAndProducts) {
  OpTester t;
  OpRun r = t.Run(
      "com.microsoft::GatedRelativePositionBias@1",
      {"f32[b, s, 64]", "f32[64]", "f32[1, 4, s, s]", "f32[16, 8]", "f32[8]", "f32[1, 4, 1, 1]"},
      "num_heads=4");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[b, 4, s, s]");
  EXPECT_EQ(r.work.macs, t.Parse("b * 4 * s * 16 * 8"));
  r = t.Run("com.microsoft::RelativePositionBias@1", {"f32[32, 8]", "i64[1]{s}", "i64[1]{s}"},
            "max_distance=128");
  EXPECT_EQ(r.types[0], "f32[1, 8, s, s]");
  EXPECT_EQ(r.work.transcendentals, t.Parse("s * s"));
  EXPECT_EQ(r.work.reads[0], t.Parse("8 * s * s"));
  r = t.Run("com.microsoft::RestorePadding@1", {"f32[n, 64]", "i32[b, s]"});
  EXPECT_EQ(r.types[0], "f32[b, s, 64]");
  r = t.Run("com.microsoft::RemovePadding@1", {"f32[2, 5, 64]", "i32[2]"}, "",
            {"y", "o", "c", "m"});
  EXPECT_EQ(r.types[1], "i32[2, 5]");
  EXPECT_EQ(r.types[2], "i32[3]");
  const int tokens = t.pool().SymbolIndex(t.Parse("y"));
  ASSERT_GE(tokens, 0);
  EXPECT_EQ(t.pool().symbols()[tokens].bounds.high, 10);
}

}  // namespace
}  // namespace assay
