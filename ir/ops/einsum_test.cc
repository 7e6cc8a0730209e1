#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

std::string Equation(const std::string& text) { return "equation=\"" + text + "\""; }

TEST(Einsum, ShapesAndWork) {
  OpTester t;
  struct Case {
    std::string equation;
    std::vector<std::string> operands;
    std::string out;
    int64_t macs, flops;  // flops beside 2 x macs
  };
  const Case cases[] = {
      {"ij,jk->ik", {"f32[2, 3]", "f32[3, 4]"}, "f32[2, 4]", 2 * 3 * 4, 0},
      {"ij,jk", {"f32[2, 3]", "f32[3, 4]"}, "f32[2, 4]", 2 * 3 * 4, 0},
      {"bhid,bhjd->bhij",
       {"f32[2, 8, 5, 16]", "f32[2, 8, 6, 16]"},
       "f32[2, 8, 5, 6]",
       2 * 8 * 5 * 6 * 16,
       0},
      {"i,j->ij", {"f32[5]", "f32[7]"}, "f32[5, 7]", 0, 5 * 7},
      {"ij,ij->ij", {"f32[5, 7]", "f32[5, 7]"}, "f32[5, 7]", 0, 5 * 7},
      {"ij,ij->", {"f32[5, 7]", "f32[5, 7]"}, "f32[]", 5 * 7, 0},
      // Transpositions add nothing, sums all but one of the terms of each result.
      {"ij->ji", {"f32[2, 3]"}, "f32[3, 2]", 0, 0},
      {"ij->i", {"f32[2, 3]"}, "f32[2]", 0, 2 * 3 - 2},
      {"ii->", {"f32[4, 4]"}, "f32[]", 0, 4 - 1},
      {"ii->i", {"f32[4, 4]"}, "f32[4]", 0, 0},
      // No arrow: letters that occur once, alphabetically, capitals first.
      {"ba", {"f32[2, 3]"}, "f32[3, 2]", 0, 0},
      {"aB", {"f32[2, 3]"}, "f32[3, 2]", 0, 0},
      {"ii", {"f32[4, 4]"}, "f32[]", 0, 4 - 1},
      // Ellipses align at their ends and broadcast.
      {"...ij,...jk->...ik",
       {"f32[7, 1, 2, 3]", "f32[5, 3, 4]"},
       "f32[7, 5, 2, 4]",
       7 * 5 * 2 * 3 * 4,
       0},
      {"...ij,jk", {"f32[6, 2, 3]", "f32[3, 4]"}, "f32[6, 2, 4]", 6 * 2 * 3 * 4, 0},
      {"i...->...", {"f32[2, 3, 4]"}, "f32[3, 4]", 0, 2 * 3 * 4 - 3 * 4},
      {" i j , j k -> i k ", {"f32[2, 3]", "f32[3, 4]"}, "f32[2, 4]", 2 * 3 * 4, 0},
      // Sizes of 1 broadcast.
      {"ij,ij->ij", {"f32[5, 1]", "f32[5, 7]"}, "f32[5, 7]", 0, 5 * 7},
      {"i->i", {"f32[1]"}, "f32[1]", 0, 0},
      // Three: [2, 3] x [3, 4] -> [2, 4], then x [4, 5].
      {"ij,jk,kl->il",
       {"f32[2, 3]", "f32[3, 4]", "f32[4, 5]"},
       "f32[2, 5]",
       2 * 3 * 4 + 2 * 4 * 5,
       0},
      // j is needed again by the third: the first step is a product of elements.
      {"ij,j,j->i", {"f32[2, 3]", "f32[3]", "f32[3]"}, "f32[2]", 2 * 3, 2 * 3},
      {",ij->ij", {"f32[]", "f32[2, 3]"}, "f32[2, 3]", 0, 2 * 3},
  };
  for (const Case& c : cases) {
    std::string attrs = Equation(c.equation);
    OpRun r = t.Run("Einsum@12", c.operands, attrs);
    ASSERT_TRUE(r.status.ok()) << c.equation << ": " << r.status;
    EXPECT_EQ(r.types[0], c.out) << c.equation;
    EXPECT_EQ(r.work.macs, Dim(c.macs)) << c.equation;
    EXPECT_EQ(r.work.flops, Dim(2 * c.macs + c.flops)) << c.equation;
  }
}

TEST(Einsum, TheNestFollowsFromWhereIndicesOccur) {
  OpTester t;
  OpRun r =
      t.Run("Einsum@12", {"f32[2, 8, 5, 16]", "f32[2, 8, 6, 16]"}, Equation("bhid,bhjd->bhij"));
  const Nest& n = *r.work.nest;
  EXPECT_EQ(n.batch, Dim(2 * 8));
  EXPECT_EQ(n.m, Dim(5));
  EXPECT_EQ(n.n, Dim(6));
  EXPECT_EQ(n.k, Dim(16));
  EXPECT_FALSE(n.shared_b);
  EXPECT_TRUE(t.Run("Einsum@12", {"f32[b, 5, 16]", "stored f32[16, 9]"}, Equation("bik,kj->bij"))
                  .work.nest->shared_b);
}

TEST(Einsum, UnknownRanks) {
  OpTester t;
  EXPECT_EQ(t.Run("Einsum@12", {"f32[*]", "f32[3, 4]"}, Equation("ij,jk->ik")).types[0],
            "f32[?, 4]");
  EXPECT_EQ(t.Run("Einsum@12", {"f32[*]", "f32[3, 4]"}, Equation("...j,jk->...k")).types[0],
            "f32[*]");
  EXPECT_EQ(t.Run("Einsum@12", {"f32[*]", "f32[3, 4]"}, Equation("...j,jk->k")).types[0], "f32[4]");
  // An unknown size may yet broadcast.
  EXPECT_EQ(t.Run("Einsum@12", {"f32[?]", "f32[1]"}, Equation("i,i->i")).types[0], "f32[?]");
}

TEST(Einsum, BadEquationsAreErrors) {
  OpTester t;
  struct Case {
    std::string equation;
    std::vector<std::string> operands;
    std::string message;
  };
  const Case cases[] = {
      {"ij,jk->ik", {"f32[2, 3]"}, "2 terms for 1 operands"},
      {"ij->ij", {"f32[2]"}, "rank 1"},
      {"i->i", {"f32[2, 3]"}, "rank 2"},
      {"ij,jk->ik", {"f32[2, 3]", "f32[5, 4]"}, "index `j`"},
      {"ij->iz", {"f32[2, 3]"}, "no operand has"},
      {"ij->ii", {"f32[2, 3]"}, "twice"},
      {"i1->i", {"f32[2, 3]"}, "unexpected `1`"},
      {"......i->i", {"f32[2, 3]"}, "unexpected"},
      {"i..->i", {"f32[2, 3]"}, "unexpected `.`"},
      {"i->i->i", {"f32[2]"}, "unexpected `-`"},
  };
  for (const Case& c : cases) {
    OpRun r = t.Run("Einsum@12", c.operands, Equation(c.equation));
    EXPECT_FALSE(r.status.ok()) << c.equation;
    EXPECT_THAT(std::string(r.status.message()), HasSubstr(c.message)) << c.equation;
  }
  EXPECT_FALSE(t.Run("Einsum@12", {"f32[2]"}).status.ok());  // no equation
}

}  // namespace
}  // namespace assay
