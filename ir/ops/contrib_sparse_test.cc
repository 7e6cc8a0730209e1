// com.microsoft's attention to selected entries, and its indexers. Shapes were compared with ONNX
// Runtime's own inference.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/ops/work_cases_test_util.h"

namespace assay {
namespace {

using ::testing::ElementsAre;

constexpr char kDynamic[] = "com.microsoft::DynamicSparseAttention@1";
constexpr char kPaged[] = "com.microsoft::SparsePagedAttention@1";
constexpr char kIndexer[] = "com.microsoft::SparseAttentionIndexer@1";
constexpr char kPackedIndexer[] = "com.microsoft::PackedSparseAttentionIndexer@1";

TEST(DynamicSparseAttention, SeesAtMostWhatIsSelected) {
  // 3 queries at the end of 6 positions see 4, 5 and 6 keys; 5 can be selected.
  const std::string cache = "f32[2, 2, 6, 16]";
  const std::vector<std::string> operands = {
      "f32[2, 3, 64]", "f32[2, 3, 32]", "f32[2, 3, 32]", cache,   cache, "", "",
      "i32[6, 5]",     "i32[6]",        "i32[2]",        "i32[1]"};
  const std::string heads = "num_heads=4, kv_num_heads=2";
  const int64_t pairs = 2 * 4 * (4 + 5 + 5);
  ExpectWork({{kDynamic,
               operands,
               heads + ", attention_mode=selected_only, selected_kv_source=main",
               {.macs = pairs * 32,
                .flops = pairs * (2 * 32 + 4),
                .transcendentals = pairs,
                .comparisons = pairs},
               {"y", "k", "v"}}});
  OpTester t;
  OpRun r = t.Run(kDynamic, operands, heads, {"y", "k", "v"});
  EXPECT_THAT(r.types, ElementsAre("f32[2, 3, 64]", cache, cache));
  EXPECT_EQ(r.work.reads[3], Dim(2 * 6 * 2 * 16));   // all 6 rows are seen
  EXPECT_EQ(r.work.writes[1], Dim(2 * 3 * 2 * 16));  // three are new
  // Q, K and V in one, no cache: the present is what is new.
  r = t.Run(kDynamic,
            {"f32[b, s, 128]", "", "", "", "", "", "", "i32[?, 5]", "i32[?]", "i32[b]", "i32[1]"},
            heads, {"y", "k", "v"});
  EXPECT_THAT(r.types, ElementsAre("f32[b, s, 64]", "f32[b, 2, s, 16]", "f32[b, 2, s, 16]"));
  EXPECT_FALSE(t.Run(kDynamic, operands, heads + ", attention_mode=all").status.ok());
  EXPECT_FALSE(t.Run(kDynamic, operands, heads + ", selected_kv_source=disk").status.ok());
}

TEST(DynamicSparseAttention, LocalAndSelectedShareASoftmax) {
  // A window of 2 beside 5 of 9 auxiliary entries; a sink; Q and K normalised and 8 of 16 channels
  // rotated.
  const std::string cache = "f32[2, 2, 6, 16]", v = "f32[16]";
  const std::vector<std::string> operands = {"f32[2, 3, 64]",
                                             "f32[2, 3, 32]",
                                             "f32[2, 3, 32]",
                                             cache,
                                             cache,
                                             "f32[2, 2, 9, 16]",
                                             "",
                                             "i32[6, 5]",
                                             "i32[6]",
                                             "i32[2]",
                                             "i32[1]{6}",
                                             "f32[100, 4]",
                                             "f32[100, 4]",
                                             "",
                                             v,
                                             v,
                                             "f32[4]"};
  const std::string attrs =
      "num_heads=4, kv_num_heads=2, attention_mode=local_plus_selected, local_window_size=2, "
      "selected_kv_source=auxiliary, auxiliary_kv_shared=1, do_rotary=1";
  const int64_t pairs = 2 * 4 * 3 * (2 + 5), sinks = 2 * 4 * 3;
  const int64_t rows = 2 * 3 * (4 + 2);  // heads of Q and K
  ExpectWork({{kDynamic,
               operands,
               attrs,
               {.macs = pairs * 32,
                .flops = pairs * (2 * 32 + 4) + 2 * sinks + rows * (4 * 16 + 2) + 3 * rows * 8,
                .transcendentals = pairs + sinks + rows,
                .comparisons = pairs + sinks}}});
  OpTester t;
  OpRun r = t.Run(kDynamic, operands, attrs);
  EXPECT_EQ(r.work.reads[5], Dim(2 * 9 * 2 * 16));
  EXPECT_EQ(r.work.reads[11], Dim(2 * 3 * 4));
}

TEST(SparsePagedAttention, ReadsTheRowsThatAreSelected) {
  const std::string cache = "f16[100, 16, 2, 16]";
  const std::vector<std::string> operands = {"f16[7, 64]", "f16[7, 32]", "f16[7, 32]", cache,
                                             cache,        "i32[4]",     "i32[3]",     "i32[3, 5]",
                                             "",           "i32[7, 6]",  "i32[7]"};
  const std::string heads = "num_heads=4, kv_num_heads=2";
  const int64_t selected = 4 * 7 * 6;
  std::vector<std::string> both = operands;
  both.push_back("f16[3, 30, 2, 16]");
  const int64_t pairs = 4 * 7 * (20 + 6), all = 4 * 7 * (5 * 16 + 6);
  ExpectWork({
      {kPaged,
       operands,
       heads + ", attention_mode=selected_only, selected_kv_source=main",
       {.macs = selected * 32,
        .flops = selected * (2 * 32 + 4),
        .transcendentals = selected,
        .comparisons = selected}},
      // A cap takes 2 flops and a tanh per pair.
      {kPaged,
       both,
       heads + ", attention_mode=local_plus_selected, selected_kv_source=auxiliary, softcap=30.0, "
               "local_window_size=20",
       {.macs = pairs * 32,
        .flops = pairs * (2 * 32 + 4 + 2),
        .transcendentals = 2 * pairs,
        .comparisons = pairs}},
      // Without a window a token sees at most the 5 blocks of 16 of its sequence.
      {kPaged,
       both,
       heads + ", attention_mode=local_plus_selected, selected_kv_source=auxiliary",
       {.macs = all * 32, .flops = all * (2 * 32 + 4), .transcendentals = all, .comparisons = all}},
  });
  OpTester t;
  OpRun r = t.Run(kPaged, operands, heads, {"y", "k", "v"});
  EXPECT_THAT(r.types, ElementsAre("f16[7, 64]", cache, cache));
  EXPECT_EQ(r.work.reads[3], Dim(7 * 6 * 2 * 16));
  EXPECT_EQ(r.work.writes[2], Dim(7 * 2 * 16));
  // 8-bit keys: a product per element read; the new ones divided, rounded and saturated.
  std::vector<std::string> narrow = operands;
  narrow[3] = "i8[100, 16, 2, 16]";
  narrow.resize(19);
  narrow.push_back("f32[1]");
  r = t.Run(kPaged, narrow, heads + ", k_quant_type=PER_TENSOR", {"y", "k", "v"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.work.flops, Dim(selected * (2 * 32 + 4) + 7 * 6 * 2 * 16 + 2 * 7 * 2 * 16));
  EXPECT_EQ(r.work.comparisons, Dim(selected + 2 * 7 * 2 * 16));
}

std::vector<std::string> QsaOperands(const std::string& past, const std::string& used) {
  return {"f32[2, 3, 64]",
          "f32[2, 3, 16]",
          "f32[16]",
          "f32[16]",
          "f32[100, 8]",
          "f32[100, 8]",
          "",
          past,
          "",
          "",
          "",
          "",
          used};
}

std::vector<std::string> CsaOperands(const std::string& s, int buffer) {
  return {"f32[2, " + s + ", 64]",
          "f32[2, " + s + ", 32]",
          "f32[16]",
          "f32[16]",
          "f32[100, 4]",
          "f32[100, 4]",
          "",
          "f32[2, 6, 16]",
          "f32[2, " + s + ", 32]",
          "f32[4, 32]",
          "f32[2, " + s + ", 4]",
          "i64[2, " + s + "]",
          "",
          absl::StrCat("f32[2, 2, ", buffer, ", 32]")};
}

constexpr char kQsa[] = "policy_mode=qsa, compress_ratio=4, token_budget=8";
constexpr char kCsa[] = "policy_mode=csa, compress_ratio=4, index_topk=5";

TEST(SparseAttentionIndexer, Shapes) {
  ExpectCases({
      {kIndexer, QsaOperands("f32[2, 6, 16]", ""), kQsa, {"i32[2, 3, 11]", "f32[2, 9, 16]"}},
      // In a buffer as long as it may get.
      {kIndexer,
       QsaOperands("f32[2, 50, 16]", "i32[1]"),
       kQsa,
       {"i32[2, 3, 11]", "f32[2, 50, 16]"}},
      // Of 6 held, 4 are the window before and 2 + 3 make one window of 4 and leave 1.
      {kIndexer, CsaOperands("3", 6), kCsa, {"i32[2, 3, 5]", "f32[2, 7, 16]", "f32[2, 2, 5, 32]"}},
      {kIndexer, CsaOperands("3", 1), kCsa, {"i32[2, 3, 5]", "f32[2, 7, 16]", "f32[2, 2, 4, 32]"}},
      {kIndexer, CsaOperands("9", 7), kCsa, {"i32[2, 9, 5]", "f32[2, 9, 16]", "f32[2, 2, 4, 32]"}},
      {kIndexer, CsaOperands("8", 0), kCsa, {"i32[2, 8, 5]", "f32[2, 8, 16]", "f32[2, 2, 4, 32]"}},
      // No window is complete: none is made, and all is kept.
      {kIndexer, CsaOperands("1", 6), kCsa, {"i32[2, 1, 5]", "f32[2, 6, 16]", "f32[2, 2, 7, 32]"}},
      {kIndexer, CsaOperands("2", 1), kCsa, {"i32[2, 2, 5]", "f32[2, 6, 16]", "f32[2, 2, 3, 32]"}},
      {kIndexer,
       CsaOperands("s", 4),
       kCsa,
       {"i32[2, s, 5]", "f32[2, floordiv(s, 4) + 6, 16]",
        "f32[2, 2, s + 4 - 4*floordiv(s, 4), 32]"}},
  });
  OpTester t;
  EXPECT_FALSE(t.Run(kIndexer, CsaOperands("3", 6), "policy_mode=best").status.ok());
  EXPECT_FALSE(t.Run(kIndexer, CsaOperands("3", 6), "policy_mode=csa, index_topk=5").status.ok());
  EXPECT_FALSE(t.Run(kIndexer, QsaOperands("f32[2, 6, 16]", ""),
                     "policy_mode=qsa, compress_ratio=4, token_budget=6")
                   .status.ok());
}

TEST(SparseAttentionIndexer, ScoresEveryEntryByEveryHead) {
  // Queries, and entries as they are made, are normalised (4 flops per element, 2 and a root per
  // row) and 8 of 16 channels rotated (3 flops).
  const int64_t row = 4 * 16 + 2 + 3 * 8;
  // qsa: 2 * 3 queries of 4 heads; 9 tokens make 2 entries, pooled by 4 flops per channel.
  const int64_t rows = 2 * 3 * 4, entries = 2 * 2, pairs = 2 * 3 * 2;
  // csa: 2 * 9 queries meet 6 + 3 entries, of which 3 are made from 8 slots each.
  const int64_t csa_rows = 2 * 9 * 4, made = 2 * 3, csa_pairs = 2 * 9 * 9, slots = 8 * made * 16;
  ExpectWork({
      // Per pair 4 ReLUs, 4 products by the scale and 3 sums; the best 2 of each row as in TopK.
      {kIndexer,
       QsaOperands("f32[2, 6, 16]", ""),
       kQsa,
       {.macs = pairs * 4 * 16,
        .flops = 2 * pairs * 4 * 16 + (rows + entries) * row + 4 * entries * 16 + pairs * (4 + 3),
        .transcendentals = rows + entries,
        .comparisons = pairs * 4 + pairs + 2 * 3 * 2 * 1}},
      // Per slot and channel a bias, softmax's 3, a product and a sum; per pair also the weights
      // of the heads, which are scaled once per query.
      {kIndexer,
       CsaOperands("9", 7),
       kCsa,
       {.macs = csa_pairs * 4 * 16,
        .flops = 2 * csa_pairs * 4 * 16 + (csa_rows + made) * row + slots * (1 + 3 + 2) + csa_rows +
                 csa_pairs * (4 + 4 + 3),
        .transcendentals = csa_rows + made + slots,
        .comparisons = slots + csa_pairs * 4 + csa_pairs + 2 * 9 * 5 * 3}},
  });
}

TEST(PackedSparseAttentionIndexer, OnTokensWithoutPadding) {
  const std::string state = "f32[3, 20, 16]", buffer = "f32[3, 7, 16]";
  const std::vector<std::string> operands = {"f32[7, 64]",
                                             "f32[7, 16]",
                                             "f32[16]",
                                             "f32[16]",
                                             "f32[100, 8]",
                                             "f32[100, 8]",
                                             "i32[4]",
                                             "i32[3]",
                                             "",
                                             "",
                                             "",
                                             "",
                                             state,
                                             buffer,
                                             "",
                                             "i32[3, 2]",
                                             "i32[3]"};
  const std::string attrs = absl::StrCat(kQsa, ", state_capacity=20, state_update_capacity=2");
  OpTester t;
  OpRun r = t.Run(kPackedIndexer, operands, attrs, {"i", "n", "k", "p", "", "l", "u"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_THAT(r.types,
              ElementsAre("i32[7, 11]", "i32[7]", state, buffer, "", "i32[3, 2]", "f32[3, 2, 16]"));
  // 7 tokens and at most 3 kept back of each of 3 requests make at most 4 entries.
  const int64_t row = 4 * 16 + 2 + 3 * 8, rows = 7 * 4, pairs = 7 * 20;
  ExpectWork({{kPackedIndexer,
               operands,
               attrs,
               {.macs = pairs * 4 * 16,
                .flops = 2 * pairs * 4 * 16 + (rows + 4) * row + 4 * 4 * 16 + pairs * (4 + 3),
                .transcendentals = rows + 4,
                .comparisons = pairs * 4 + pairs + 7 * 2 * 1}}});
}

}  // namespace
}  // namespace assay
