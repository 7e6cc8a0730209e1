#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Attention, CountsBothProductsInFull) {
  OpTester t;
  const std::string qkv = "f16[b, 12, 197, 64]";
  OpRun r = t.Run("Attention@23", {qkv, qkv, qkv});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], qkv);
  EXPECT_EQ(r.work.macs, t.Parse("b * 12 * 197 * 197 * (64 + 64)"));
  // Scale, and softmax's subtraction, addition and division.
  EXPECT_EQ(r.work.flops, t.Parse("b * 12 * 197 * 197 * (2 * 128 + 4)"));
  EXPECT_EQ(r.work.transcendentals, t.Parse("b * 12 * 197 * 197"));
  EXPECT_EQ(r.work.comparisons, t.Parse("b * 12 * 197 * 197"));
  const Nest& n = *r.work.nest;
  EXPECT_EQ(n.kind, Nest::Kind::kAttention);
  EXPECT_EQ(n.batch, t.Parse("b * 12"));
  EXPECT_EQ(n.m, Dim(197));
  EXPECT_EQ(n.n, Dim(197));
  EXPECT_EQ(n.k, Dim(128));
  EXPECT_EQ(n.multiply, DType::kF16);
}

TEST(Attention, FlexAttentionCountsEveryPair) {
  OpTester t;
  // 8 query heads of 32 with 2 key heads, whose values have 48 numbers; 5 queries see 7 keys.
  OpRun r = t.Run("ai.onnx.preview::FlexAttention@1",
                  {"f32[b, 8, 5, 32]", "f32[b, 2, 7, 32]", "f32[b, 2, 7, 48]"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[b, 8, 5, 48]");
  EXPECT_EQ(r.work.macs, t.Parse("b * 8 * 5 * 7 * (32 + 48)"));
  EXPECT_EQ(r.work.transcendentals, t.Parse("b * 8 * 5 * 7"));
  EXPECT_THAT(std::string(t.Run("ai.onnx.preview::FlexAttention@1",
                                {"f32[5, 32]", "f32[7, 32]", "f32[7, 32]"})
                              .status.message()),
              HasSubstr("rank"));
}

TEST(Attention, RankThreeNeedsTheHeads) {
  OpTester t;
  // Cross attention of 8 query heads of 32 with 2 key heads, whose values have 48 numbers.
  const std::vector<std::string> operands = {"f32[2, 5, 256]", "f32[2, 7, 64]", "f32[2, 7, 96]"};
  OpRun r = t.Run("Attention@23", operands, "q_num_heads=8, kv_num_heads=2",
                  {"y", "key", "value", "scores"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_THAT(r.types, ElementsAre("f32[2, 5, 384]", "f32[2, 2, 7, 32]", "f32[2, 2, 7, 48]",
                                   "f32[2, 8, 5, 7]"));
  EXPECT_EQ(r.work.macs, Dim(2 * 8 * 5 * 7 * (32 + 48)));
  // Grouped heads are read once.
  EXPECT_THAT(r.work.reads, ElementsAre(Dim(2 * 5 * 256), Dim(2 * 7 * 64), Dim(2 * 7 * 96)));
  EXPECT_FALSE(t.Run("Attention@23", operands).status.ok());
  EXPECT_FALSE(t.Run("Attention@23", operands, "q_num_heads=8, kv_num_heads=3").status.ok());
  EXPECT_FALSE(t.Run("Attention@23", operands, "q_num_heads=7, kv_num_heads=2").status.ok());
}

TEST(Attention, CausalCountsWhatAQuerySees) {
  OpTester t;
  const std::string qkv = "f32[1, 1, s, 64]";
  OpRun r = t.Run("Attention@23", {qkv, qkv, qkv}, "is_causal=1");
  // 1 + 2 + ... + s = s (s + 1) / 2 pairs of 64 + 64 macs
  EXPECT_EQ(r.work.macs, t.Parse("64 * s * (s + 1)"));
  EXPECT_EQ(r.work.flops, t.Parse("2 * 64 * s * (s + 1) + 2 * s * (s + 1)"));
}

TEST(Attention, CausalBehindACacheSeesAllOfIt) {
  OpTester t;
  t.Symbol("past", 0);
  const std::string now = "f32[b, 8, s, 64]", cache = "f32[b, 8, past, 64]";
  OpRun r = t.Run("Attention@23", {now, now, now, "", cache, cache}, "is_causal=1",
                  {"y", "key", "value"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_THAT(r.types, ElementsAre(now, "f32[b, 8, past + s, 64]", "f32[b, 8, past + s, 64]"));
  EXPECT_EQ(r.work.macs, t.Parse("b * 8 * 64 * (2 * s * past + s * (s + 1))"));
  // One new token: it sees the cache and itself.
  const std::string one = "f32[b, 8, 1, 64]";
  r = t.Run("Attention@23", {one, one, one, "", cache, cache}, "is_causal=1");
  EXPECT_EQ(r.work.macs, t.Parse("b * 8 * 128 * (past + 1)"));
}

// Every pair asked one by one.
int64_t BruteForcePairs(int64_t queries, int64_t keys, int64_t offset, int64_t left,
                        int64_t right) {
  int64_t pairs = 0;
  for (int64_t i = 0; i < queries; ++i) {
    for (int64_t j = 0; j < keys; ++j) {
      if (left >= 0 && j < offset + i - left) continue;
      if (right >= 0 && j > offset + i + right) continue;
      ++pairs;
    }
  }
  return pairs;
}

TEST(Attention, WindowsAndCachesAgreeWithCountingPairs) {
  for (int64_t queries : {1, 2, 5, 9}) {
    for (int64_t fresh : {1, 3, 5, 9}) {
      for (int64_t past : {0, 1, 4}) {
        for (int64_t left : {-1, 0, 1, 3, 20}) {
          for (int64_t right : {-1, 0, 2, 20}) {
            for (int causal : {0, 1}) {
              OpTester t;
              std::string q = absl::StrCat("f32[1, 1, ", queries, ", 4]");
              std::string k = absl::StrCat("f32[1, 1, ", fresh, ", 4]");
              std::string cache = absl::StrCat("f32[1, 1, ", past, ", 4]");
              std::string attrs = absl::StrCat(
                  "left_window_size=", left, ", right_window_size=", right, ", is_causal=", causal);
              OpRun r = t.Run("Attention@25", {q, k, k, "", cache, cache}, attrs);
              ASSERT_TRUE(r.status.ok()) << r.status;
              const int64_t bound = causal ? 0 : right;
              EXPECT_EQ(r.work.comparisons,
                        Dim(BruteForcePairs(queries, past + fresh, past, left, bound)))
                  << queries << " " << fresh << " " << past << " " << attrs;
            }
          }
        }
      }
    }
  }
}

TEST(Attention, CacheKeptOutside) {
  OpTester t;
  // 3 queries at the end of 10 positions: they see 8, 9 and 10.
  OpRun r = t.Run("Attention@24",
                  {"f32[1, 2, 3, 4]", "f32[1, 2, 10, 4]", "f32[1, 2, 10, 4]", "", "", "", "i64[1]"},
                  "is_causal=1");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.work.macs, Dim(2 * (8 + 9 + 10) * 8));
}

TEST(Attention, MasksAndCapsCostPerPair) {
  OpTester t;
  const std::string x = "f32[1, 2, 3, 4]";
  const int64_t pairs = 2 * 3 * 3;
  OpRun r = t.Run("Attention@23", {x, x, x, "f32[3, 3]"}, "softcap=50.0");
  EXPECT_EQ(r.work.flops, Dim(pairs * (2 * 8 + 4 + 1 + 2)));
  EXPECT_EQ(r.work.transcendentals, Dim(pairs * 2));
  EXPECT_EQ(r.work.reads[3], Dim(3 * 3));
  // A boolean mask selects; it adds nothing.
  EXPECT_EQ(t.Run("Attention@23", {x, x, x, "bool[3, 3]"}).work.flops, Dim(pairs * (2 * 8 + 4)));
}

TEST(Attention, ContradictionsAreErrors) {
  OpTester t;
  const std::string x = "f32[1, 2, 3, 4]";
  EXPECT_THAT(std::string(t.Run("Attention@23", {x, "f32[1, 2, 3, 5]", x}).status.message()),
              HasSubstr("4 and 5"));
  EXPECT_FALSE(t.Run("Attention@23", {x, x, "f32[1, 2, 6, 4]"}).status.ok());
  EXPECT_FALSE(t.Run("Attention@23", {x, x, x, "", x}).status.ok());
  EXPECT_FALSE(t.Run("Attention@23", {"f32[1, 2]", x, x}).status.ok());
  EXPECT_EQ(t.Run("Attention@23", {"f32[*]", x, x}).types[0], "f32[*]");
}

TEST(RotaryEmbedding, ThreeFlopsPerRotatedElement) {
  OpTester t;
  OpRun r = t.Run("RotaryEmbedding@23",
                  {"f32[b, 8, s, 64]", "f32[2048, 32]", "f32[2048, 32]", "i64[b, s]"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[b, 8, s, 64]");
  EXPECT_EQ(r.work.flops, t.Parse("3 * b * 8 * s * 64"));
  EXPECT_EQ(r.work.reads[1], t.Parse("b * s * 32"));  // the rows picked
  r = t.Run("RotaryEmbedding@23", {"f32[2, 5, 96]", "f32[2, 5, 8]", "f32[2, 5, 8]"},
            "num_heads=3, rotary_embedding_dim=16");
  EXPECT_EQ(r.work.flops, Dim(3 * 2 * 5 * 3 * 16));
  EXPECT_EQ(r.work.reads[1], Dim(2 * 5 * 8));
  EXPECT_FALSE(
      t.Run("RotaryEmbedding@23", {"f32[2, 5, 96]", "f32[2, 5, 8]", "f32[2, 5, 8]"}).status.ok());
  EXPECT_FALSE(t.Run("RotaryEmbedding@23", {"f32[2, 5, 96]", "f32[2, 5, 8]", "f32[2, 5, 8]"},
                     "num_heads=3, rotary_embedding_dim=40")
                   .status.ok());
}

TEST(LinearAttention, UpdatesAStatePerToken) {
  OpTester t;
  const std::vector<std::string> operands = {"f32[b, s, 128]",   "f32[b, s, 64]", "f32[b, s, 32]",
                                             "f32[b, 4, 16, 8]", "f32[b, s, 64]", "f32[b, s, 4]"};
  OpRun r = t.Run("LinearAttention@27", operands, "q_num_heads=8, kv_num_heads=4", {"y", "state"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_THAT(r.types, ElementsAre("f32[b, s, 64]", "f32[b, 4, 16, 8]"));
  // q S per query head; k (x) v and the correction S k per key head.
  EXPECT_EQ(r.work.macs, t.Parse("b * s * (8 + 2 * 4) * 16 * 8"));
  EXPECT_EQ(r.work.flops,
            t.Parse("2 * b * s * 16 * 16 * 8 + b * s * (8 * 8 + 4 * 16 * 8 + 2 * 4 * 8)"));
  EXPECT_EQ(r.work.transcendentals, t.Parse("b * s * 64"));
  r = t.Run("LinearAttention@27", operands, "q_num_heads=8, kv_num_heads=4, update_rule=linear");
  EXPECT_EQ(r.work.macs, t.Parse("b * s * (8 + 4) * 16 * 8"));
  EXPECT_EQ(r.work.nest->steps, t.Parse("s"));
}

}  // namespace
}  // namespace assay
