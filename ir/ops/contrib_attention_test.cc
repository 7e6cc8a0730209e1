// Attention in all its spellings, on the same sizes: the same MACs.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/ops/work_cases_test_util.h"

namespace assay {
namespace {

using ::testing::ElementsAre;

// One way to write an attention; `beside` are the macs of projections that are part of the
// operator.
struct Spelling {
  std::string op;
  std::vector<std::string> operands;
  std::string attrs;
  int64_t beside = 0;
};

// The same attention in all spellings that can say it: 2 images, 4 heads of 16 for Q, K and V.
// `seen` are the pairs of a query and a key it sees, of one image and head. Written in pieces, Q
// K^T and P V multiply all pairs, `all`, and a mask is added in between.
struct Configuration {
  std::string name;
  int64_t seen, all;
  std::vector<Spelling> pieces;
  std::vector<Spelling> spellings;
};

constexpr char kX[] = "f32[2, 10, 64]";
constexpr char kOne[] = "f32[2, 1, 64]";
constexpr char kTwoHeads[] = "f32[2, 10, 32]";  // of K or V
constexpr char kCache[] = "f32[2, 4, 6, 16]";
constexpr char kBuffer[] = "f32[2, 4, 64, 16]";
constexpr char kPast[] = "f32[2, 2, 4, 6, 16]";  // keys and values in one
constexpr int64_t kProjection = 2 * 10 * 64 * 192;

constexpr char kStandard[] = "Attention@25";
constexpr char kFlex[] = "ai.onnx.preview::FlexAttention@1";
constexpr char kContrib[] = "com.microsoft::Attention@1";
constexpr char kQuantized[] = "com.microsoft::QAttention@1";
constexpr char kOrdered[] = "com.microsoft::QOrderedAttention@1";
constexpr char kMultiHead[] = "com.microsoft::MultiHeadAttention@1";
constexpr char kGrouped[] = "com.microsoft::GroupQueryAttention@1";
constexpr char kSparse[] = "com.microsoft::SparseAttention@1";
constexpr char kDynamicSparse[] = "com.microsoft::DynamicSparseAttention@1";
constexpr char kPacked[] = "com.microsoft::PackedAttention@1";
constexpr char kPackedMultiHead[] = "com.microsoft::PackedMultiHeadAttention@1";
constexpr char kPaged[] = "com.microsoft::PagedAttention@1";
constexpr char kSparsePaged[] = "com.microsoft::SparsePagedAttention@1";
constexpr char kDecoder[] = "com.microsoft::DecoderAttention@1";
constexpr char kMasked[] = "com.microsoft::DecoderMaskedMultiHeadAttention@1";
constexpr char kMaskedSelf[] = "com.microsoft::DecoderMaskedSelfAttention@1";

// Q K^T, softmax, P V for heads of 16.
std::vector<Spelling> Pieces(int64_t queries, int64_t keys) {
  const std::string scores = absl::StrCat("f32[2, 4, ", queries, ", ", keys, "]");
  return {
      {"MatMul@13",
       {absl::StrCat("f32[2, 4, ", queries, ", 16]"), absl::StrCat("f32[2, 4, 16, ", keys, "]")},
       ""},
      {"Softmax@13", {scores}, "axis=-1"},
      {"MatMul@13", {scores, absl::StrCat("f32[2, 4, ", keys, ", 16]")}, ""}};
}

// As above, two query heads to each of two key heads, which broadcasting repeats.
std::vector<Spelling> GroupedPieces() {
  const std::string scores = "f32[2, 2, 2, 10, 10]";
  return {{"MatMul@13", {"f32[2, 2, 2, 10, 16]", "f32[2, 2, 1, 16, 10]"}, ""},
          {"Softmax@13", {scores}, "axis=-1"},
          {"MatMul@13", {scores, "f32[2, 2, 1, 10, 16]"}, ""}};
}

std::vector<Spelling> OrderedAndQuantized(const std::string& causal) {
  return {{kContrib, {kX, "f32[64, 192]", "f32[192]"}, "num_heads=4" + causal, kProjection},
          {kQuantized,
           {"u8[2, 10, 64]", "i8[64, 192]", "f32[192]", "f32[]", "f32[]"},
           "num_heads=4" + causal,
           kProjection},
          {kOrdered,
           {"i8[2, 10, 64]", "f32[]", "f32[]", "f32[]", "f32[]", "i8[64, 64]", "i8[64, 64]",
            "i8[64, 64]"},
           "num_heads=4" + causal,
           kProjection}};
}

std::vector<Spelling> Joined(std::vector<Spelling> a, const std::vector<Spelling>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<Configuration> Configurations() {
  const std::string heads = "num_heads=4", both = "num_heads=4, kv_num_heads=4";
  const std::string standard = "q_num_heads=4, kv_num_heads=4";
  const std::string grouped = "num_heads=4, kv_num_heads=2";
  const std::string standard_grouped = "q_num_heads=4, kv_num_heads=2";
  const std::string h = "f32[2, 4, 10, 16]", other = "f32[2, 7, 64]", i = "i32[2]";
  return {
      {"full", 10 * 10, 10 * 10, Pieces(10, 10),
       Joined({{kStandard, {kX, kX, kX}, standard},
               {kStandard, {h, h, h}, ""},
               {kFlex, {h, h, h}, ""},
               {kMultiHead, {kX, kX, kX}, heads},
               {kMultiHead, {"f32[2, 10, 4, 3, 16]"}, heads},
               {kGrouped, {kX, kX, kX}, both + ", causal=0"},
               // Two sequences of ten tokens, none of them padding.
               {kPackedMultiHead,
                {"f32[20, 64]", "f32[20, 64]", "f32[20, 64]", "", "i32[2, 10]", "i32[3]"},
                heads},
               {kPacked,
                {"f32[20, 64]", "f32[64, 192]", "f32[192]", "i32[2, 10]", "i32[3]"},
                heads,
                kProjection},
               // In blocks of five tokens, two to a sequence.
               {kPaged,
                {"f16[20, 64]", "f16[20, 64]", "f16[20, 64]", "f16[9, 5, 4, 16]",
                 "f16[9, 5, 4, 16]", "i32[3]", "i32[2]", "i32[2, 2]"},
                both},
               {kSparsePaged,
                {"f16[20, 64]", "f16[20, 64]", "f16[20, 64]", "f16[9, 5, 4, 16]",
                 "f16[9, 5, 4, 16]", "i32[3]", "i32[2]", "i32[2, 2]", "", "i32[20, 10]", "i32[20]"},
                both},
               // [S, B, C], K and V projected from the query.
               {kDecoder,
                {"f32[10, 2, 64]", "f32[10, 2, 64]", "f32[64, 64]", "f32[64, 128]", "f32[192]"},
                heads,
                kProjection}},
              OrderedAndQuantized(""))},
      {"cross",
       10 * 7,
       10 * 7,
       Pieces(10, 7),
       {{kStandard, {kX, other, other}, standard},
        {kFlex, {h, "f32[2, 4, 7, 16]", "f32[2, 4, 7, 16]"}, ""},
        {kMultiHead, {kX, other, other}, heads},
        {kMultiHead, {kX, "f32[2, 4, 7, 16]", "f32[2, 4, 7, 16]"}, heads},
        {kGrouped, {kX, other, other}, both + ", causal=0"},
        {kDecoder,
         {"f32[10, 2, 64]", "f32[7, 2, 64]", "f32[64, 64]", "f32[64, 128]", "f32[192]", "", "", "",
          "bool[1]{1}"},
         heads,
         2 * 10 * 64 * 64 + 2 * 7 * 64 * 128}}},
      // Query i of ten sees itself and the i before it.
      {"causal", 10 * 11 / 2, 10 * 10, Pieces(10, 10),
       Joined({{kStandard, {kX, kX, kX}, standard + ", is_causal=1"},
               {kStandard, {kX, kX, kX}, standard + ", right_window_size=0"},
               {kMultiHead, {kX, kX, kX}, heads + ", unidirectional=1"},
               {kGrouped, {kX, kX, kX}, both},
               {kGrouped, {"f32[2, 10, 192]"}, both},
               {kSparse,
                {kX, kX, kX, kBuffer, kBuffer, "", "", "i32[]{10}"},
                both + ", sparse_block_size=64"},
               {kDynamicSparse,
                {kX, kX, kX, "", "", "", "", "i32[20, 10]", "i32[20]", i, "i32[1]"},
                both}},
              OrderedAndQuantized(", unidirectional=1"))},
      // It sees the six cached keys too.
      {"causal behind a cache",
       10 * 6 + 10 * 11 / 2,
       10 * 16,
       Pieces(10, 16),
       {{kStandard, {kX, kX, kX, "", kCache, kCache}, standard + ", is_causal=1"},
        {kMultiHead, {kX, kX, kX, "", "", "", kCache, kCache}, heads + ", unidirectional=1"},
        {kGrouped, {kX, kX, kX, kCache, kCache, i, "i32[]"}, both},
        {kContrib,
         {kX, "f32[64, 192]", "f32[192]", "", kPast},
         heads + ", unidirectional=1",
         kProjection},
        {kQuantized,
         {"u8[2, 10, 64]", "i8[64, 192]", "f32[192]", "f32[]", "f32[]", "", "", "", kPast},
         heads + ", unidirectional=1",
         kProjection},
        {kSparse,
         {kX, kX, kX, kBuffer, kBuffer, "", "", "i32[]{16}"},
         both + ", sparse_block_size=64"},
        {kDynamicSparse,
         {kX, kX, kX, kBuffer, kBuffer, "", "", "i32[20, 16]", "i32[20]", i, "i32[1]{16}"},
         both}}},
      {"full behind a cache",
       10 * 16,
       10 * 16,
       Pieces(10, 16),
       {{kStandard, {kX, kX, kX, "", kCache, kCache}, standard},
        {kMultiHead, {kX, kX, kX, "", "", "", kCache, kCache}, heads},
        {kGrouped, {kX, kX, kX, kCache, kCache, i, "i32[]"}, both + ", causal=0"},
        {kContrib, {kX, "f32[64, 192]", "f32[192]", "", kPast}, heads, kProjection}}},
      {"grouped queries",
       10 * 10,
       10 * 10,
       GroupedPieces(),
       {{kStandard, {kX, kTwoHeads, kTwoHeads}, standard_grouped},
        {kFlex, {h, "f32[2, 2, 10, 16]", "f32[2, 2, 10, 16]"}, ""},
        {kGrouped, {kX, kTwoHeads, kTwoHeads}, grouped + ", causal=0"},
        {kPaged,
         {"f16[20, 64]", "f16[20, 32]", "f16[20, 32]", "f16[9, 5, 2, 16]", "f16[9, 5, 2, 16]",
          "i32[3]", "i32[2]", "i32[2, 2]"},
         grouped}}},
      {"grouped queries, causal",
       10 * 11 / 2,
       10 * 10,
       GroupedPieces(),
       {{kStandard, {kX, kTwoHeads, kTwoHeads}, standard_grouped + ", is_causal=1"},
        {kGrouped, {kX, kTwoHeads, kTwoHeads}, grouped},
        {kGrouped, {"f32[2, 10, 128]"}, grouped},
        {kDynamicSparse,
         {kX, kTwoHeads, kTwoHeads, "", "", "", "", "i32[20, 10]", "i32[20]", i, "i32[1]"},
         grouped}}},
      // Four keys with its own; the first three queries see fewer. As many selected keys, wherever
      // they stand, are as much work.
      {"sliding window",
       1 + 2 + 3 + 7 * 4,
       10 * 10,
       GroupedPieces(),
       {{kStandard,
         {kX, kTwoHeads, kTwoHeads},
         standard_grouped + ", is_causal=1, left_window_size=3"},
        {kGrouped, {kX, kTwoHeads, kTwoHeads}, grouped + ", local_window_size=4"},
        {kDynamicSparse,
         {kX, kTwoHeads, kTwoHeads, "", "", "", "", "i32[20, 4]", "i32[20]", i, "i32[1]"},
         grouped},
        {kDynamicSparse,
         {kX, kTwoHeads, kTwoHeads, "", "", "f32[2, 2, 1, 16]", "", "i32[20, 0]", "i32[20]", i,
          "i32[1]"},
         grouped + ", attention_mode=local_plus_selected, selected_kv_source=auxiliary, "
                   "local_window_size=4"}}},
      {"sliding window behind a cache",
       10 * 4,
       10 * 16,
       Pieces(10, 16),
       {{kStandard,
         {kX, kX, kX, "", kCache, kCache},
         standard + ", is_causal=1, left_window_size=3"},
        {kGrouped, {kX, kX, kX, kCache, kCache, i, "i32[]"}, both + ", local_window_size=4"},
        {kDynamicSparse,
         {kX, kX, kX, kBuffer, kBuffer, "", "", "i32[20, 4]", "i32[20]", i, "i32[1]{16}"},
         both}}},
      {"one token behind a cache",
       7,
       7,
       Pieces(1, 7),
       {{kStandard, {kOne, kOne, kOne, "", kCache, kCache}, standard + ", is_causal=1"},
        {kMultiHead, {kOne, kOne, kOne, "", "", "", kCache, kCache}, heads + ", unidirectional=1"},
        {kGrouped, {kOne, kOne, kOne, kCache, kCache, i, "i32[]"}, both},
        {kMasked, {kOne, kOne, kOne, "", "", kCache, kCache}, heads},
        {kMasked,
         {kOne, kOne, kOne, "", "", kBuffer, kBuffer, "i32[1]{6}"},
         heads + ", past_present_share_buffer=1"},
        {kMasked, {kOne, "f32[2, 4, 7, 16]", "f32[2, 4, 7, 16]"}, heads},
        {kMaskedSelf, {kOne, "f32[64, 192]", "f32[192]", "", kPast}, heads, 2 * 1 * 64 * 192},
        {kSparse,
         {kOne, kOne, kOne, kBuffer, kBuffer, "", "", "i32[]{7}"},
         both + ", sparse_block_size=64"},
        {kDynamicSparse,
         {kOne, kOne, kOne, kBuffer, kBuffer, "", "", "i32[2, 7]", "i32[2]", i, "i32[1]{7}"},
         both},
        {kPaged,
         {"f16[2, 64]", "f16[2, 64]", "f16[2, 64]", "f16[9, 7, 4, 16]", "f16[9, 7, 4, 16]",
          "i32[3]", "i32[2]", "i32[2, 1]"},
         both}}},
  };
}

TEST(AttentionSpellings, TheSameMacs) {
  for (const Configuration& c : Configurations()) {
    int64_t pieces = 0;
    for (const Spelling& s : c.pieces) {
      OpTester t;
      OpRun r = t.Run(s.op, s.operands, s.attrs);
      ASSERT_TRUE(r.status.ok()) << c.name << ", " << s.op << ": " << r.status;
      pieces += r.work.macs.value();
    }
    EXPECT_EQ(pieces, 2 * 4 * c.all * (16 + 16)) << c.name << ", in pieces";
    for (const Spelling& s : c.spellings) {
      OpTester t;
      OpRun r = t.Run(s.op, s.operands, s.attrs);
      ASSERT_TRUE(r.status.ok()) << c.name << ", " << s.op << ": " << r.status;
      EXPECT_EQ(t.Text(r.work.macs), std::to_string(2 * 4 * c.seen * (16 + 16) + s.beside))
          << c.name << ", " << s.op << "(" << absl::StrJoin(s.operands, "; ") << ") " << s.attrs;
    }
  }
}

TEST(DecoderMaskedMultiHeadAttention, OneBufferForPastAndPresent) {
  OpTester t;
  OpRun r = t.Run(kMasked, {kOne, kOne, kOne, "", "", kBuffer, kBuffer, "i32[1]{6}"},
                  "num_heads=4, past_present_share_buffer=1", {"y", "k", "v"});
  EXPECT_THAT(r.types, ElementsAre(kOne, kBuffer, kBuffer));
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
  // A query sees 30 keys on average: 2 heads of 128 x 30 x 32 are as many products.
  EXPECT_EQ(r.work.nest->batch, Dim(2));
  EXPECT_EQ(r.work.nest->m, Dim(128));
  EXPECT_EQ(r.work.nest->n, Dim(15 * 16 * 16 / 128));
  EXPECT_EQ(r.work.nest->k, Dim(32));
  // Blocks for more pairs than there are leave the triangle, and all keys.
  r = t.Run("com.microsoft::SparseAttention@1",
            {"f16[1, 128, 96]", "", "", "f16[1, 2, 128, 16]", "f16[1, 2, 128, 16]", "i32[1, 9]",
             "i32[1, 64]", "i32[]{128}", "i32[1]"},
            "num_heads=2, kv_num_heads=2, sparse_block_size=16", {"y", "k", "v"});
  EXPECT_EQ(r.work.macs, Dim(2 * 128 * 129 / 2 * 32));
  EXPECT_EQ(r.work.nest->n, Dim(128));
}

TEST(ProjectedAttention, SizesOfTheWeightsAndOfTheAttributeAgree) {
  const std::string ok = "num_heads=4, qkv_hidden_sizes=[64, 64, 32]";
  const std::string wrong = "num_heads=4, qkv_hidden_sizes=[64, 64, 64]";
  const std::vector<std::string> input = {kX, "f32[64, 160]", "f32[160]"};
  const std::vector<std::string> packed = {"f32[20, 64]", "f32[64, 160]", "f32[160]", "i32[2, 10]",
                                           "i32[3]"};
  OpTester t;
  EXPECT_EQ(t.Run(kContrib, input, ok).types[0], "f32[2, 10, 32]");
  EXPECT_EQ(t.Run(kPacked, packed, ok).types[0], "f32[20, 32]");
  EXPECT_FALSE(t.Run(kContrib, input, wrong).status.ok());
  EXPECT_FALSE(t.Run(kPacked, packed, wrong).status.ok());
  // Where the weights' width is not known, the attribute gives it.
  OpRun r = t.Run(kPacked, {"f32[20, 64]", "f32[64, ?]", "", "i32[2, 10]", "i32[3]"}, ok);
  EXPECT_EQ(r.work.macs, Dim(4 * 20 * 10 * (16 + 8) + 20 * 64 * 160));
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

TEST(QOrderedLongformerAttention, HasAScaleBehindEachOperand) {
  OpTester t;
  OpRun r = t.Run("com.microsoft::QOrderedLongformerAttention@1",
                  {"i8[1, 8, 32]", "f32[]", "i8[32, 96]", "f32[]", "f32[96]", "f32[]", "f32[]",
                   "f16[1, 8]", "i8[32, 96]", "f32[]", "f32[96]", "f32[]", "i32[1, 8]", "f32[]"},
                  "num_heads=2, window=2");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "i8[1, 8, 32]");
  const int64_t pairs = 2 * (3 + 4 + 5 * 4 + 4 + 3);
  EXPECT_EQ(r.work.macs, Dim(pairs * 32 + 8 * 32 * 96 + 8 * 32 * 64));
}

// x cos + rotated x sin: two products and a sum per element.
TEST(ContribRotaries, ThreeFlopsPerElement) {
  ExpectWork({
      {"com.microsoft::MRotaryEmbedding@1",
       {"f32[2, 5, 64]", "i64[3, 2, 5]", "f32[100, 8]", "f32[100, 8]"},
       "num_heads=4",
       {.flops = 3 * 2 * 5 * 64}},
      // Q and K of 3 heads of 16; the sine and the cosine of each angle.
      {"com.microsoft::GemmaRotaryEmbedding@1",
       {"f32[2, 5, 16]", "f16[2, 3, 5, 16]", "f16[2, 3, 5, 16]", "f16[2, 3, 5, 16]",
        "f16[2, 3, 5, 16]"},
       "",
       {.flops = 2 * 3 * 2 * 3 * 5 * 16, .transcendentals = 2 * 2 * 5 * 16},
       {"q", "k"}},
  });
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
