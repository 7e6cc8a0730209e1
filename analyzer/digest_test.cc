#include "analyzer/digest.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(DigestTest, TermsOfTheOutermostSum) {
  EXPECT_EQ(CountTerms("7"), 1);
  EXPECT_EQ(CountTerms("-7"), 1);
  EXPECT_EQ(CountTerms("a*b"), 1);
  EXPECT_EQ(CountTerms("a*floordiv(b + 3, 4) - 3"), 2);
  EXPECT_EQ(CountTerms("min(a - 1, b + c)"), 1);
  EXPECT_EQ(CountTerms("a + b - c + 1"), 4);
}

TEST(DigestTest, AFormulaThatFitsIsItself) {
  EXPECT_EQ(FormulaDigest("1024*batch + 7", {"batch"}, 20), "1024*batch + 7");
}

TEST(DigestTest, ALongFormulaIsCountedAndFits) {
  std::vector<std::string> terms;
  for (int i = 1; i <= 4278; ++i) terms.push_back(absl::StrCat(i, "*batch*seq"));
  const std::string text = absl::StrJoin(terms, " + ");
  EXPECT_EQ(FormulaDigest(text, {"batch", "seq"}, 68),
            "4,278 terms in batch, seq; --format json has them");
  EXPECT_EQ(FormulaDigest(text, {"batch", "height", "width", "seq"}, 68),
            "4,278 terms in batch, height, width, seq; --format json has them");
  std::vector<std::string> symbols;
  for (int i = 0; i < 40; ++i) symbols.push_back(absl::StrCat("/roi_heads/NonZero_", i));
  const std::string digest = FormulaDigest(text, symbols, 90);
  EXPECT_LE(digest.size(), 92u) << digest;
  EXPECT_THAT(digest, HasSubstr("/roi_heads/NonZero_0"));
  EXPECT_THAT(digest, HasSubstr(" others; --format json has them"));
  EXPECT_EQ(FormulaDigest(text, symbols, 68), "4,278 terms in 40 symbols; --format json has them");
  EXPECT_EQ(FormulaDigest(std::string(80, 'x'), {"x"}, 60), "one term in x; --format json has it");
  EXPECT_EQ(FormulaDigest(text, {"batch"}, 68, "`analyze`"),
            "4,278 terms in batch; `analyze` has them");
}

TEST(DigestTest, Point) {
  EXPECT_EQ(PointDigest({}), "at the sizes that the file fixes");
  EXPECT_EQ(PointDigest({{.symbol = "batch", .value = 8, .bound = true}}), "at batch = 8");
  EXPECT_EQ(PointDigest({{.symbol = "batch", .value = 1}}),
            "at assumed batch = 1; --dim batch=N sets it");
  EXPECT_EQ(PointDigest({{.symbol = "batch", .value = 8, .bound = true},
                         {.symbol = "seq", .value = 1},
                         {.symbol = "past", .value = 2}}),
            "at batch = 8; assumed seq = 1, past = 2; --dim NAME=N sets one");
}

TEST(DigestTest, SizesThatDependOnContentsAreCounted) {
  std::vector<PointEntry> point;
  for (int i = 0; i < 182; ++i) {
    point.push_back({.symbol = absl::StrCat("n", i), .value = 1, .data_dependent = true});
  }
  EXPECT_EQ(PointDigest(point),
            "at 182 sizes that depend on tensor contents taken as 1, such as n0 and n1; --dim "
            "NAME=N sets one");
  point[3].value = 4;
  EXPECT_THAT(PointDigest(point), HasSubstr("taken as 1 to 4"));
  point[0].bound = true;  // the user said so: it is named
  EXPECT_THAT(PointDigest(point), HasSubstr("at n0 = 1; 181 sizes"));
}

TEST(DigestTest, ShortSignaturesStay) {
  std::vector<NameAndType> rows(12, {"x", "f32[4]"});
  EXPECT_EQ(SignatureDigest(rows).size(), 12u);
}

TEST(DigestTest, LongSignaturesJoinNeighboursOfOneType) {
  std::vector<NameAndType> rows = {{"ids", "i64[seq]"}, {"mask", "i64[seq]"}};
  for (int i = 0; i < 12; ++i) {
    rows.push_back({absl::StrCat("past_key.", i), "f32[past, 64]"});
    rows.push_back({absl::StrCat("past_value.", i), "f32[past, 64]"});
  }
  std::vector<NameAndType> out = SignatureDigest(rows);
  ASSERT_EQ(out.size(), 3u);  // two inputs are no run
  EXPECT_EQ(out[1].name, "mask");
  EXPECT_EQ(out[2].name, "past_key.0 ... past_value.11");
  EXPECT_EQ(out[2].type, absl::StrCat(2 * 12, " x f32[past, 64]"));
}

TEST(DigestTest, SignaturesOfManyTypesEnd) {
  std::vector<NameAndType> rows;
  for (int i = 0; i < 1000; ++i)
    rows.push_back({absl::StrCat("x", i), absl::StrCat("f32[", i, "]")});
  std::vector<NameAndType> out = SignatureDigest(rows);
  ASSERT_EQ(out.size(), 24u);
  EXPECT_EQ(out[22].name, "x22");
  EXPECT_EQ(out[23].name, absl::StrCat("(", 1000 - 23, " more rows)"));
}

TEST(DigestTest, RemarksOfOneTextAreCounted) {
  EXPECT_THAT(
      RemarkDigest({{"If `a`", "takes its else branch"},
                    {"Concat `c`", "2 = n"},
                    {"If `b`", "takes its else branch"},
                    {"", "about all"},
                    {"If `d`", "takes its else branch"}}),
      ElementsAre("If `a` and 2 others: takes its else branch", "Concat `c`: 2 = n", "about all"));
  EXPECT_THAT(RemarkDigest({{"a\x1b[31m", "x"}})[0], Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace assay
