#include <string>
#include <vector>

#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

TEST(ReductionTest, Shapes) {
  ExpectCases({
      {"ReduceSum@13", {"f32[b, 3, h]", "i64[1]{1}"}, "", {"f32[b, 1, h]"}},
      {"ReduceSum@13", {"f32[b, 3, h]", "i64[1]{-1}"}, "keepdims=0", {"f32[b, 3]"}},
      {"ReduceSum@13", {"f32[b, 3, h]", "i64[2]{0, -1}"}, "keepdims=0", {"f32[3]"}},
      {"ReduceSum@13", {"f32[b, 3, h]"}, "", {"f32[1, 1, 1]"}},
      {"ReduceSum@13", {"f32[b, 3, h]"}, "keepdims=0", {"f32[]"}},
      {"ReduceSum@13", {"f32[b, 3]", "i64[0]{}"}, "", {"f32[1, 1]"}},
      {"ReduceSum@13", {"f32[b, 3]"}, "noop_with_empty_axes=1", {"f32[b, 3]"}},
      {"ReduceSum@13", {"f32[b, 3]", "i64[0]{}"}, "noop_with_empty_axes=1", {"f32[b, 3]"}},
      {"ReduceMean@13", {"f16[b, 3, h]"}, "axes=[1, 2], keepdims=0", {"f16[b]"}},
      {"ReduceMean@18", {"f16[*]", "i64[1]{1}"}, "", {"f16[*]"}},
      // Axes whose contents are not known: as many as there are, or fewer.
      {"ReduceMax@18", {"f32[b, 3]", "i64[2]"}, "", {"f32[1, 1]"}},
      {"ReduceMax@18", {"f32[b, 3]", "i64[2]"}, "keepdims=0", {"f32[]"}},
      {"ReduceMax@18", {"f32[b, 3]", "i64[1]"}, "keepdims=0", {"f32[y0]"}},
      {"ReduceMax@18", {"f32[1, 3]", "i64[1]"}, "", {"f32[1, y0]"}},
      {"ReduceMax@18", {"f32[b, 3]", "i64[k]"}, "keepdims=0", {"f32[*]"}},
      {"ArgMax@13", {"f32[b, 3, h]"}, "axis=1", {"i64[b, 1, h]"}},
      {"ArgMax@13", {"f32[b, 3, h]"}, "axis=-1, keepdims=0", {"i64[b, 3]"}},
      {"ArgMin@13", {"f32[b, 3]"}, "keepdims=0", {"i64[3]"}},
      {"CumSum@14", {"f32[b, 3]", "i64[]{1}"}, "", {"f32[b, 3]"}},
      {"CumProd@26", {"f32[b, 3]", "i64[]{1}"}, "", {"f32[b, 3]"}},
      {"Softmax@13", {"f32[b, 12, s, s]"}, "axis=-1", {"f32[b, 12, s, s]"}},
      {"TopK@11", {"f32[b, 1000]", "i64[1]{5}"}, "", {"f32[b, 5]", "i64[b, 5]"}},
      {"TopK@11", {"f32[b, 9]", "i64[1]{k}"}, "axis=0", {"f32[k, 9]", "i64[k, 9]"}},
      {"TopK@11", {"f32[b, 9]", "i64[1]"}, "", {"f32[b, y0]", "i64[b, y0]"}},
      {"TopK@1", {"f32[b, 9]"}, "k=3, axis=1", {"f32[b, 3]", "i64[b, 3]"}},
  });
}

TEST(ReductionTest, FreshSizesAreBounded) {
  OpTester t;
  t.Run("TopK@11", {"f32[b, 9]", "i64[1]"});
  const Bounds k = t.pool().BoundsOf(t.Parse("y"));
  EXPECT_EQ(k.low, 0);
  EXPECT_EQ(k.high, 9);
}

TEST(ReductionTest, ContradictionsAreErrors) {
  EXPECT_FALSE(OpTester().Run("ReduceSum@13", {"f32[2, 3]", "i64[1]{2}"}).status.ok());
  EXPECT_FALSE(OpTester().Run("ArgMax@13", {"f32[2, 3]"}, "axis=2").status.ok());
  EXPECT_FALSE(OpTester().Run("TopK@11", {"f32[2, 3]", "i64[1]{4}"}).status.ok());
  EXPECT_FALSE(OpTester().Run("TopK@11", {"f32[2, 3]", "i64[1]{-1}"}).status.ok());
}

TEST(ReductionTest, ContentsFold) {
  ExpectCases({
      {"ReduceProd@18", {"i64[3]{b, 3, 4}", "i64[1]{0}"}, "keepdims=0", {"i64[]"}, {"{12*b}"}},
      {"ReduceProd@18", {"i64[0]{}"}, "keepdims=0", {"i64[]"}, {"{1}"}},
      {"ReduceSum@13",
       {"i64[2, 3]{1, 2, 3, 4, 5, b}", "i64[1]{1}"},
       "keepdims=0",
       {"i64[2]"},
       {"{6, b + 9}"}},
      {"ReduceSum@13",
       {"i64[2, 3]{1, 2, 3, 4, 5, b}", "i64[1]{0}"},
       "",
       {"i64[1, 3]"},
       {"{5, 7, b + 3}"}},
      {"ReduceSum@13", {"i64[3]{2...}"}, "keepdims=0", {"i64[]"}, {"{6}"}},
      {"ReduceSum@13", {"i64[0]{}"}, "keepdims=0", {"i64[]"}, {"{0}"}},
      {"ReduceMax@20", {"i64[3]{1, b, 0}"}, "keepdims=0", {"i64[]"}, {"{b}"}},
      {"ReduceMin@20", {"i64[2]{1000, k}"}, "keepdims=0", {"i64[]"}, {"{min(1000, k)}"}},
      {"ReduceMin@20", {"i64[2]{1000, ?}"}, "keepdims=0", {"i64[]"}, {"-"}},
      {"ReduceMean@18", {"f32[4]{1, 2, 3, 6}"}, "keepdims=0", {"f32[]"}, {"{3}"}},
      {"ArgMax@13", {"i64[4]{1, 5, 5, 2}"}, "keepdims=0", {"i64[]"}, {"{1}"}},
      {"ArgMax@13", {"i64[4]{1, 5, 5, 2}"}, "keepdims=0, select_last_index=1", {"i64[]"}, {"{2}"}},
      {"ArgMin@13", {"i64[3]{b, 0, 2}"}, "", {"i64[1]"}, {"{1}"}},
      {"ArgMax@13", {"i64[2]{b, 2}"}, "", {"i64[1]"}, {"-"}},
      {"CumSum@14", {"i64[3]{1, 2, b}", "i64[]{0}"}, "", {"i64[3]"}, {"{1, 3, b + 3}"}},
      {"CumSum@14", {"i64[3]{1, 2, b}", "i64[]{0}"}, "exclusive=1", {"i64[3]"}, {"{0, 1, 3}"}},
      {"CumSum@14", {"i64[3]{1, 2, 3}", "i64[]{0}"}, "reverse=1", {"i64[3]"}, {"{6, 5, 3}"}},
      {"CumSum@14",
       {"i64[3]{1, 2, 3}", "i64[]{0}"},
       "reverse=1, exclusive=1",
       {"i64[3]"},
       {"{5, 3, 0}"}},
      {"CumProd@26",
       {"i64[3]{1, 2, 3}", "i64[]{0}"},
       "exclusive=1, reverse=1",
       {"i64[3]"},
       {"{6, 3, 1}"}},
  });
}

struct WorkCase {
  std::string op;
  std::vector<std::string> operands;
  std::string attrs;
  int64_t flops, transcendentals, comparisons, int_ops;
};

TEST(ReductionTest, Work) {
  const int64_t n = 2 * 3 * 5, m = 2 * 5;  // axis 1 of [2, 3, 5]
  const std::vector<std::string> x = {"f32[2, 3, 5]", "i64[1]{1}"};
  const WorkCase cases[] = {
      {"ReduceSum@13", x, "", n - m, 0, 0, 0},
      {"ReduceSum@13", {"i64[2, 3, 5]", "i64[1]{1}"}, "", 0, 0, 0, n - m},
      {"ReduceMean@18", x, "", n - m + m, 0, 0, 0},
      {"ReduceMax@18", x, "", 0, 0, n - m, 0},
      {"ReduceProd@18", x, "", n - m, 0, 0, 0},
      {"ReduceL1@18", x, "", n + n - m, 0, 0, 0},
      {"ReduceL2@18", x, "", n + n - m, m, 0, 0},
      {"ReduceSumSquare@18", x, "", n + n - m, 0, 0, 0},
      {"ReduceLogSum@18", x, "", n - m, m, 0, 0},
      {"ReduceLogSumExp@18", x, "", n + (n - m) + m, n + m, n - m, 0},
      {"ReduceSum@13", {"f32[2, 3, 5]"}, "noop_with_empty_axes=1", 0, 0, 0, 0},
      {"ArgMax@13", {"f32[2, 3, 5]"}, "axis=1", 0, 0, n - m, 0},
      {"CumSum@14", {"f32[2, 3, 5]", "i64[]{1}"}, "", n, 0, 0, 0},
      {"Softmax@13", {"f32[2, 3, 5]"}, "", 3 * n, n, n, 0},
      {"LogSoftmax@13", {"f32[2, 3, 5]"}, "axis=1", 3 * n, n + 2 * 5, n, 0},
      {"LogSoftmax@11", {"f32[2, 3, 5]"}, "axis=1", 3 * n, n + 2, n, 0},
      {"Hardmax@13", {"f32[2, 3, 5]"}, "", 0, 0, n, 0},
      // 4 of 100 in each of 3 rows: 100 looks, and 4 * log2(4) to sort.
      {"TopK@11", {"f32[3, 100]", "i64[1]{4}"}, "", 0, 0, 3 * 100 + 3 * 4 * 2, 0},
  };
  for (const WorkCase& c : cases) {
    SCOPED_TRACE(c.op + " " + c.attrs);
    OpTester t;
    OpRun r = t.Run(c.op, c.operands, c.attrs);
    ASSERT_TRUE(r.status.ok()) << r.status;
    EXPECT_EQ(t.Text(r.work.flops), std::to_string(c.flops));
    EXPECT_EQ(t.Text(r.work.transcendentals), std::to_string(c.transcendentals));
    EXPECT_EQ(t.Text(r.work.comparisons), std::to_string(c.comparisons));
    EXPECT_EQ(t.Text(r.work.int_ops), std::to_string(c.int_ops));
  }
}

}  // namespace
}  // namespace assay
