#include <algorithm>
#include <string>

#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

TEST(StringsTest, Shapes) {
  ExpectCases({
      {"StringConcat@20", {"string[b, 1]", "string[3]"}, "", {"string[b, 3]"}},
      {"RegexFullMatch@20", {"string[b, 3]"}, "pattern=x", {"bool[b, 3]"}},
      {"StringSplit@20", {"string[b, 3]"}, "", {"string[b, 3, y0]", "i64[b, 3]"}},
      {"StringNormalizer@10", {"string[9]"}, "case_change_action=LOWER", {"string[9]"}},
      {"StringNormalizer@10", {"string[1, 9]"}, "stopwords=[a, the]", {"string[1, y0]"}},
      {"TfIdfVectorizer@9", {"i64[12]"}, "ngram_indexes=[0, 1, 6, 5]", {"f32[7]"}},
      {"TfIdfVectorizer@9", {"string[b, s]"}, "ngram_indexes=[3, 1]", {"f32[b, 4]"}},
  });
}

TEST(StringsTest, SizesThatDependOnContentsAreBounded) {
  OpTester t;
  t.Run("StringSplit@20", {"string[3]"}, "maxsplit=2", {"parts"});
  Bounds bounds = t.pool().BoundsOf(t.Parse("parts"));
  EXPECT_EQ(bounds.low, 0);
  EXPECT_EQ(bounds.high, 2 + 1);
  t.Run("StringNormalizer@10", {"string[9]"}, "stopwords=[a]", {"kept"});
  bounds = t.pool().BoundsOf(t.Parse("kept"));
  EXPECT_EQ(bounds.low, 1);
  EXPECT_EQ(bounds.high, 9);
}

TEST(StringsTest, Work) {
  OpTester t;
  OpRun r = t.Run("RegexFullMatch@20", {"string[b, 3]"});
  EXPECT_EQ(t.Text(r.work.comparisons), "3*b");
  r = t.Run("StringSplit@20", {"string[5]"}, "", {"p", "n"});
  EXPECT_EQ(t.Text(r.work.comparisons), "5");
  r = t.Run("StringNormalizer@10", {"string[9]"}, "case_change_action=LOWER, stopwords=[a]");
  EXPECT_EQ(t.Text(r.work.comparisons), std::to_string(9 + 9));
  r = t.Run("StringConcat@20", {"string[b, 1]", "string[3]"});
  EXPECT_EQ(t.Text(r.work.comparisons), "0");
  EXPECT_EQ(t.Text(r.work.writes[0]), "3*b");
}

// n-grams of a row one by one: at every place and skip where all n items are inside.
struct Grams {
  int64_t grams = 0, items = 0;
};
Grams CountGrams(int64_t row, int64_t shortest, int64_t longest, int64_t skips) {
  Grams count;
  for (int64_t n = shortest; n <= longest; ++n) {
    for (int64_t skip = 0; skip <= (n == 1 ? 0 : skips); ++skip) {
      for (int64_t first = 0; first + (n - 1) * (skip + 1) < row; ++first) {
        count.grams += 1;
        count.items += n;
      }
    }
  }
  return count;
}

TEST(StringsTest, NGramsAreCountedAsOneByOne) {
  for (int64_t row : {0, 1, 2, 3, 6, 12, 13}) {
    for (int64_t shortest : {1, 2, 3}) {
      for (int64_t skips : {0, 1, 5, 40}) {
        OpTester t;
        OpRun r = t.Run("TfIdfVectorizer@9", {absl::StrCat("i64[2, ", row, "]")},
                        absl::StrCat("ngram_indexes=[0, 1, 2, 3], ngram_counts=[0, 1, 2], mode=TF, "
                                     "max_gram_length=3, min_gram_length=",
                                     shortest, ", max_skip_count=", skips));
        ASSERT_TRUE(r.status.ok()) << r.status;
        const Grams expected = CountGrams(row, shortest, 3, skips);
        EXPECT_EQ(t.Text(r.work.flops), std::to_string(2 * expected.grams)) << row << " " << skips;
        EXPECT_EQ(t.Text(r.work.comparisons), std::to_string(2 * expected.items));
      }
    }
  }
}

TEST(StringsTest, WeightsCountOncePerResult) {
  OpTester t;
  OpRun r = t.Run("TfIdfVectorizer@9", {"i64[b, 10]"},
                  "ngram_indexes=[0, 1, 2, 6], ngram_counts=[0], mode=TFIDF, max_gram_length=1, "
                  "min_gram_length=1, max_skip_count=0, weights=[1.0, 2.0, 3.0, 4.0]");
  EXPECT_EQ(t.Text(r.work.flops), absl::StrCat(10 + 7, "*b"));
}

TEST(StringsTest, Refusals) {
  const OpCase cases[] = {
      {"TfIdfVectorizer@9", {"i64[12]"}, ""},
      {"TfIdfVectorizer@9", {"i64[12]"}, "ngram_indexes=[-1]"},
      {"TfIdfVectorizer@9", {"i64[12]"}, "ngram_indexes=[1], min_gram_length=-3"},
      {"TfIdfVectorizer@9", {"i64[1, 2, 3]"}, "ngram_indexes=[1]"},
      {"StringNormalizer@10", {"string[2, 9]"}, ""},
      {"StringConcat@20", {"string[2]", "string[3]"}, ""},
  };
  for (const OpCase& c : cases) {
    EXPECT_FALSE(OpTester().Run(c.op, c.operands, c.attrs).status.ok())
        << c.op << " {" << c.attrs << "}";
  }
}

}  // namespace
}  // namespace assay
