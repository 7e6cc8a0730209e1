#include <string>
#include <vector>

#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

TEST(IndexingTest, Slice) {
  const std::string max = "9223372036854775807", min = "-9223372036854775808";
  ExpectCases({
      {"Slice@13", {"f32[b, 9]", "i64[1]{2}", "i64[1]{5}", "i64[1]{1}"}, "", {"f32[b, 3]"}},
      {"Slice@13", {"f32[9, 8]", "i64[2]{1, 2}", "i64[2]{3, 5}"}, "", {"f32[2, 3]"}},
      {"Slice@13", {"f32[b, s]", "i64[1]{0}", "i64[1]{-1}", "i64[1]{1}"}, "", {"f32[b, s - 1]"}},
      {"Slice@13",
       {"f32[b, s]", "i64[1]{0}", "i64[1]{" + max + "}", "i64[1]{1}"},
       "",
       {"f32[b, s]"}},
      {"Slice@13",
       {"f32[b, s]", "i64[1]{0}", "i64[1]{2147483647}", "i64[1]{-1}"},
       "",
       {"f32[b, s]"}},
      {"Slice@13",
       {"f32[b, s]", "i64[1]{-1}", "i64[1]{" + max + "}", "i64[1]{1}"},
       "",
       {"f32[b, 1]"}},
      {"Slice@13",
       {"f32[512, 8]", "i64[1]{0}", "i64[1]{s}", "i64[1]{0}"},
       "",
       {"f32[min(512, s), 8]"}},
      {"Slice@13",
       {"f32[past + s, 8]", "i64[1]{past}", "i64[1]{past + s}", "i64[1]{0}"},
       "",
       {"f32[s, 8]"}},
      {"Slice@13",
       {"f32[past + s, 8]", "i64[1]{-s}", "i64[1]{" + max + "}", "i64[1]{0}"},
       "",
       {"f32[s, 8]"}},
      {"Slice@13",
       {"f32[2*s]", "i64[1]{0}", "i64[1]{" + max + "}", "i64[1]{0}", "i64[1]{2}"},
       "",
       {"f32[s]"}},
      {"Slice@13", {"f32[9]", "i64[1]{1}", "i64[1]{8}", "i64[1]{0}", "i64[1]{3}"}, "", {"f32[3]"}},
      // Backwards.
      {"Slice@13",
       {"f32[s]", "i64[1]{-1}", "i64[1]{" + min + "}", "i64[1]{0}", "i64[1]{-1}"},
       "",
       {"f32[s]"}},
      {"Slice@13", {"f32[9]", "i64[1]{7}", "i64[1]{1}", "i64[1]{0}", "i64[1]{-2}"}, "", {"f32[3]"}},
      // Outside.
      {"Slice@13", {"f32[9]", "i64[1]{20}", "i64[1]{30}"}, "", {"f32[0]"}},
      {"Slice@13", {"f32[9]", "i64[1]{5}", "i64[1]{3}"}, "", {"f32[0]"}},
      {"Slice@13",
       {"f32[0]", "i64[1]{-1}", "i64[1]{" + min + "}", "i64[1]{0}", "i64[1]{-1}"},
       "",
       {"f32[0]"}},
      // Attributes; unknown ends, steps, axes.
      {"Slice@1", {"f32[b, 9]"}, "starts=[2], ends=[5], axes=[1]", {"f32[b, 3]"}},
      {"Slice@13", {"f32[b, 9]", "i64[1]{0}", "i64[1]", "i64[1]{1}"}, "", {"f32[b, y0]"}},
      {"Slice@13", {"f32[b, 9]", "i64[1]{0}", "i64[1]{2}", "i64[1]"}, "", {"f32[y0, y0.1]"}},
      {"Slice@13", {"f32[*]", "i64[1]{0}", "i64[1]{2}"}, "", {"f32[*]"}},
  });
  EXPECT_FALSE(OpTester()
                   .Run("Slice@13", {"f32[9]", "i64[1]{0}", "i64[1]{5}", "i64[1]{0}", "i64[1]{0}"})
                   .status.ok());
  EXPECT_FALSE(OpTester().Run("Slice@13", {"f32[9]", "i64[1]{0}", "i64[2]{5, 5}"}).status.ok());
  EXPECT_FALSE(
      OpTester().Run("Slice@13", {"f32[9]", "i64[1]{0}", "i64[1]{5}", "i64[1]{1}"}).status.ok());
}

// Every slice of a small axis, against a walk over the positions. Unlike Python, ONNX clamps the
// start of a backward slice to the first position, so that it is never empty for being before it.
TEST(IndexingTest, SliceOfKnownSizesAgreesWithSpecification) {
  for (int64_t n : {0, 1, 4}) {
    OpTester t;
    for (int64_t start = -6; start <= 6; ++start) {
      for (int64_t end = -6; end <= 6; ++end) {
        for (int64_t step : {-3, -1, 1, 2}) {
          const int64_t low = step > 0 ? 0 : -1, high = step > 0 ? n : n - 1;
          const int64_t from = std::min(std::max(start < 0 ? start + n : start, int64_t{0}), high);
          const int64_t to = std::clamp(end < 0 ? end + n : end, low, high);
          int64_t count = 0;
          std::vector<std::string> picked;
          for (int64_t i = from; step > 0 ? i < to : i > to; i += step, ++count) {
            picked.push_back(absl::StrCat(10 + i));
          }
          std::vector<std::string> data;
          for (int64_t i = 0; i < n; ++i) data.push_back(absl::StrCat(10 + i));
          auto one = [](int64_t v) { return absl::StrCat("i64[1]{", v, "}"); };
          OpRun r =
              t.Run("Slice@13", {absl::StrCat("i64[", n, "]{", absl::StrJoin(data, ", "), "}"),
                                 one(start), one(end), one(0), one(step)});
          SCOPED_TRACE(absl::StrCat("[", start, ":", end, ":", step, "] of ", n));
          ASSERT_TRUE(r.status.ok()) << r.status;
          EXPECT_EQ(r.types[0], absl::StrCat("i64[", count, "]"));
          EXPECT_EQ(r.values[0], absl::StrCat("{", absl::StrJoin(picked, ", "), "}"));
        }
      }
    }
  }
}

TEST(IndexingTest, GatherAndScatterShapes) {
  ExpectCases({
      {"Gather@13", {"f32[30522, 768]", "i64[b, s]"}, "", {"f32[b, s, 768]"}},
      {"Gather@13", {"f32[b, s, 768]", "i64[]"}, "axis=1", {"f32[b, 768]"}},
      {"Gather@13", {"f32[b, s]", "i64[1]"}, "axis=-1", {"f32[b, 1]"}},
      {"Gather@13", {"f32[b, s]", "i64[*]"}, "", {"f32[*]"}},
      {"GatherElements@13", {"f32[b, 9]", "i64[b, k]"}, "axis=1", {"f32[b, k]"}},
      {"GatherND@13", {"f32[2, 3, 4]", "i64[s, 2]"}, "", {"f32[s, 4]"}},
      {"GatherND@13", {"f32[2, 3, 4]", "i64[s, 3]"}, "", {"f32[s]"}},
      {"GatherND@13", {"f32[b, 3, 4]", "i64[b, 1]"}, "batch_dims=1", {"f32[b, 4]"}},
      {"GatherND@13", {"f32[b, 3, 4]", "i64[b, ?]"}, "", {"f32[*]"}},
      {"ScatterElements@18", {"f32[b, 9]", "i64[b, 2]", "f32[b, 2]"}, "axis=1", {"f32[b, 9]"}},
      {"ScatterND@18", {"f32[b, 9]", "i64[s, 1]", "f32[s, 9]"}, "", {"f32[b, 9]"}},
      {"TensorScatter@24",
       {"f32[b, 8, m, 64]", "f32[b, 8, 1, 64]", "i64[b]"},
       "",
       {"f32[b, 8, m, 64]"}},
  });
  EXPECT_FALSE(OpTester().Run("Gather@13", {"f32[2]", "i64[1]"}, "axis=1").status.ok());
  EXPECT_FALSE(OpTester().Run("GatherND@13", {"f32[2]", "i64[1, 2]"}).status.ok());
  EXPECT_FALSE(OpTester().Run("GatherND@13", {"f32[2]", "i64[]"}).status.ok());
  EXPECT_FALSE(OpTester()
                   .Run("ScatterND@18", {"f32[2]", "i64[1, 1]", "f32[1]"}, "reduction=sum")
                   .status.ok());
}

TEST(IndexingTest, SizesThatDependOnContents) {
  ExpectCases({
      {"NonZero@13", {"bool[b, 9]"}, "", {"i64[2, y0]"}},
      {"NonZero@13", {"i64[4]{0, 3, s, 0}"}, "", {"i64[1, 2]"}, {"{1, 2}"}},
      {"NonZero@13", {"i64[2, 2]{0, 3, 4, 0}"}, "", {"i64[2, 2]"}, {"{0, 1, 1, 0}"}},
      {"NonZero@13", {"i64[s]{1...}"}, "", {"i64[1, s]"}},
      {"NonZero@13", {"i64[s]{0...}"}, "", {"i64[1, 0]"}},
      {"NonZero@13", {"i64[2]{0, ?}"}, "", {"i64[1, y0]"}},
      {"Unique@11", {"f32[b, 9]"}, "", {"f32[y0]", "i64[y0]", "i64[9*b]", "i64[y0]"}},
      {"Unique@11", {"f32[b, 9]"}, "axis=1", {"f32[b, y0]", "i64[y0]", "i64[9]", "i64[y0]"}},
      {"Unique@11", {"f32[1]"}, "", {"f32[1]", "i64[1]", "i64[1]", "i64[1]"}},
      {"Compress@11", {"f32[b, 9]", "bool[9]"}, "axis=1", {"f32[b, y0]"}},
      {"Compress@11", {"f32[b, 9]", "bool[5]"}, "", {"f32[y0]"}},
      {"Compress@11", {"f32[b, 3]", "bool[3]{0, 1, 1}"}, "axis=1", {"f32[b, 2]"}},
      {"OneHot@11", {"i64[b, s]", "i64[]{10}", "f32[2]"}, "", {"f32[b, s, 10]"}},
      {"OneHot@11", {"i64[b, s]", "f32[1]{10}", "f32[2]"}, "axis=0", {"f32[10, b, s]"}},
      {"OneHot@11", {"i64[b]", "i64[]", "f32[2]"}, "", {"f32[b, y0]"}},
  });
  struct BoundCase {
    std::string op;
    std::vector<std::string> operands;
    int64_t low, high;
  };
  const BoundCase cases[] = {
      {"NonZero@13", {"bool[7, 9]"}, 0, 7 * 9},
      {"NonZero@13", {"bool[b]"}, 0, Bounds::kNoBound},
      {"Unique@11", {"f32[7]"}, 1, 7},
      {"Compress@11", {"f32[7]", "bool[7]"}, 0, 7},
      {"Slice@13", {"f32[7]", "i64[1]", "i64[1]"}, 0, 7},
  };
  for (const BoundCase& c : cases) {
    OpTester t;
    ASSERT_TRUE(t.Run(c.op, c.operands).status.ok());
    const Bounds bounds = t.pool().BoundsOf(t.Parse("y"));
    EXPECT_EQ(bounds.low, c.low) << c.op;
    EXPECT_EQ(bounds.high, c.high) << c.op;
  }
}

TEST(IndexingTest, ContentsFold) {
  ExpectCases({
      {"Gather@13", {"i64[4]{b, 3, h, w}", "i64[]{2}"}, "", {"i64[]"}, {"{h}"}},
      {"Gather@13", {"i64[4]{b, 3, h, w}", "i64[2]{-1, 0}"}, "", {"i64[2]"}, {"{w, b}"}},
      {"Gather@13", {"i64[2]{b, 3}", "i64[1]{5}"}, "", {"i64[1]"}, {"-"}},
      {"Gather@13",
       {"i64[2, 3]{1, 2, 3, 4, 5, 6}", "i64[2]{2, 0}"},
       "axis=1",
       {"i64[2, 2]"},
       {"{3, 1, 6, 4}"}},
      {"Gather@13", {"i64[s]{7...}", "i64[2]"}, "", {"i64[2]"}, {"{7...}"}},
      {"Gather@13", {"i64[3]{b, ?, 5}", "i64[2]{1, 2}"}, "", {"i64[2]"}, {"{?, 5}"}},
      // x[i, j] = data[index[i, j], j]
      {"GatherElements@13",
       {"i64[2, 2]{1, 2, 3, 4}", "i64[1, 2]{1, 0}"},
       "",
       {"i64[1, 2]"},
       {"{3, 2}"}},
      {"GatherElements@13",
       {"i64[2, 2]{1, 2, 3, 4}", "i64[2, 1]{1, -2}"},
       "axis=1",
       {"i64[2, 1]"},
       {"{2, 3}"}},
      {"GatherND@13",
       {"i64[2, 2]{1, 2, 3, 4}", "i64[2, 2]{0, 0, 1, 1}"},
       "",
       {"i64[2]"},
       {"{1, 4}"}},
      {"GatherND@13", {"i64[2, 2]{1, 2, 3, 4}", "i64[1, 1]{1}"}, "", {"i64[1, 2]"}, {"{3, 4}"}},
      {"GatherND@13",
       {"i64[2, 2]{1, 2, 3, 4}", "i64[2, 1]{1, 0}"},
       "batch_dims=1",
       {"i64[2]"},
       {"{2, 3}"}},
      {"Slice@13", {"i64[4]{b, 3, h, w}", "i64[1]{2}", "i64[1]{4}"}, "", {"i64[2]"}, {"{h, w}"}},
      {"Slice@13",
       {"i64[2, 2]{1, 2, 3, 4}", "i64[1]{-1}", "i64[1]{-9}", "i64[1]{0}", "i64[1]{-1}"},
       "",
       {"i64[2, 2]"},
       {"{3, 4, 1, 2}"}},
      {"Slice@13", {"i64[s]{7...}", "i64[1]{0}", "i64[1]{1}"}, "", {"i64[1]"}, {"{7}"}},
      {"ScatterND@18",
       {"i64[4]{b, 3, h, w}", "i64[1, 1]{1}", "i64[1]{s}"},
       "",
       {"i64[4]"},
       {"{b, s, h, w}"}},
      {"ScatterND@18",
       {"i64[2, 2]{1, 2, 3, 4}", "i64[1, 1]{1}", "i64[1, 2]{8, 9}"},
       "",
       {"i64[2, 2]"},
       {"{1, 2, 8, 9}"}},
      {"ScatterND@18",
       {"i64[2]{1, 2}", "i64[2, 1]{1, 1}", "i64[2]{10, s}"},
       "reduction=add",
       {"i64[2]"},
       {"{1, s + 12}"}},
      {"ScatterND@18", {"i64[2]{1, 2}", "i64[1, 1]", "i64[1]{s}"}, "", {"i64[2]"}, {"-"}},
      {"ScatterElements@18",
       {"i64[3]{1, 2, 3}", "i64[2]{2, 0}", "i64[2]{s, 9}"},
       "",
       {"i64[3]"},
       {"{9, 2, s}"}},
      {"ScatterElements@18",
       {"i64[2, 2]{1, 2, 3, 4}", "i64[1, 2]{1, 0}", "i64[1, 2]{8, 9}"},
       "",
       {"i64[2, 2]"},
       {"{1, 9, 8, 4}"}},
      {"OneHot@11",
       {"i64[2]{1, -1}", "i64[]{3}", "i64[2]{0, 5}"},
       "",
       {"i64[2, 3]"},
       {"{0, 5, 0, 0, 0, 5}"}},
      {"OneHot@11",
       {"i64[2]{1, 0}", "i64[]{3}", "i64[2]{0, 5}"},
       "axis=0",
       {"i64[3, 2]"},
       {"{0, 5, 5, 0, 0, 0}"}},
  });
}

TEST(IndexingTest, ReadsWhatItPicks) {
  OpTester t;
  OpRun r = t.Run("Gather@13", {"stored f32[30522, 768]", "i64[b, s]"});
  EXPECT_EQ(t.Text(r.work.reads[0]), "768*b*s");
  EXPECT_EQ(t.Text(r.work.reads[1]), "b*s");
  EXPECT_EQ(t.Text(r.work.writes[0]), "768*b*s");
  r = t.Run("Slice@13", {"f32[b, 100]", "i64[1]{0}", "i64[1]{7}", "i64[1]{1}"});
  EXPECT_EQ(t.Text(r.work.reads[0]), "7*b");
  r = t.Run("ScatterND@18", {"f32[b, 9]", "i64[s, 1]", "f32[s, 9]"}, "reduction=add");
  EXPECT_EQ(t.Text(r.work.reads[0]), "9*b");
  EXPECT_EQ(t.Text(r.work.reads[2]), "9*s");
  EXPECT_EQ(t.Text(r.work.writes[0]), "9*b");
  EXPECT_EQ(t.Text(r.work.flops), "9*s");
  r = t.Run("Unique@11", {"f32[1000]"});
  EXPECT_EQ(t.Text(r.work.comparisons), std::to_string(1000 * 10));  // 2^10 >= 1000
  r = t.Run("NonZero@13", {"f32[b, 3]"});
  EXPECT_EQ(t.Text(r.work.comparisons), "3*b");
}

}  // namespace
}  // namespace assay
