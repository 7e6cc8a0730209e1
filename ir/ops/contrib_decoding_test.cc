// com.microsoft's helpers of text generation; the searches themselves are control flow and tested
// in passes/.
#include "gtest/gtest.h"
#include "ir/ops/work_cases_test_util.h"

namespace assay {
namespace {

TEST(NGramHashMapping, HashesEveryOrder) {
  // 2 x 5 tokens, n-grams of 2 and 3, 4 hashes of each order: 3 products and 2 exclusive ors per
  // token, a remainder per hash, and where there are offsets a sum.
  const int64_t tokens = 2 * 5, hashes = tokens * 2 * 4;
  const std::string attrs = "max_ngram_size=3, n_head_per_ngram=4, pad_id=0";
  ExpectWork({
      {"com.microsoft::NGramHashMapping@1",
       {"i64[2, 5]", "i64[3]", "i64[8]"},
       attrs,
       {.int_ops = tokens * (3 + 2) + hashes},
       {"ids", "last"}},
      {"com.microsoft::NGramHashMapping@1",
       {"i64[2, 5]", "i64[3]", "i64[8]", "", "i64[8]"},
       attrs,
       {.int_ops = tokens * (3 + 2) + 2 * hashes}},
      {"com.microsoft::VarlenNGramHashMapping@1",
       {"i64[10]", "i64[3]", "i64[8]", "i32[3]", "", "i64[8]"},
       attrs,
       {.int_ops = tokens * (3 + 2) + 2 * hashes}},
  });
  ExpectCases({
      {"com.microsoft::NGramHashMapping@1",
       {"i64[b, s]", "i64[3]", "i64[8]"},
       attrs,
       {"i64[b, s, 8]", "i64[b, 2]"}},
      {"com.microsoft::VarlenNGramHashMapping@1",
       {"i64[t]", "i64[3]", "i64[8]", "i32[b + 1]", "", "", "", "i32[t]", "", "i32[b]"},
       attrs + ", state_update_capacity=2",
       {"i64[t, 8]", "i64[b, 2]", "i32[b, 2]", "i64[b, 2, 2]"}},
  });
  OpTester t;
  EXPECT_FALSE(
      t.Run("com.microsoft::NGramHashMapping@1", {"i64[2, 5]"}, "max_ngram_size=1").status.ok());
}

TEST(NGramRepeatBlock, ComparesEachPlaceWithTheLast) {
  ExpectWork({{"com.microsoft::NGramRepeatBlock@1",
               {"i64[2, 5]", "f32[2, 100]"},
               "ngram_size=3",
               {.comparisons = 2 * 5 * 3}}});
  OpTester t;
  EXPECT_EQ(t.Run("com.microsoft::NGramRepeatBlock@1", {"i64[b, s]", "f32[b, v]"}, "ngram_size=3")
                .types[0],
            "f32[b, v]");
}

}  // namespace
}  // namespace assay
