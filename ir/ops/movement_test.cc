#include <string>
#include <vector>

#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

TEST(MovementTest, Shapes) {
  ExpectCases({
      {"Transpose@13", {"f32[b, 3, h, w]"}, "perm=[0, 2, 3, 1]", {"f32[b, h, w, 3]"}},
      {"Transpose@13", {"f32[b, 3, h]"}, "", {"f32[h, 3, b]"}},
      {"Transpose@13", {"f32[*]"}, "perm=[1, 0]", {"f32[*]"}},
      {"Expand@13", {"f32[1, 1, 768]", "i64[3]{b, -1, -1}"}, "", {"f32[b, 1, 768]"}},
      {"Expand@13", {"f32[3, 1]", "i64[3]{2, 1, 6}"}, "", {"f32[2, 3, 6]"}},
      {"Expand@13", {"f32[3, 1]", "i64[1]{6}"}, "", {"f32[3, 6]"}},
      {"Expand@13", {"f32[4, 1]", "i64[2]"}, "", {"f32[4, y0]"}},
      {"Expand@13", {"f32[4, 1]", "i64[2]{?, s}"}, "", {"f32[4, s]"}},
      {"Expand@13", {"f32[4]", "i64[r]"}, "", {"f32[*]"}},
      {"Tile@13", {"f32[b, 3]", "i64[2]{2, s}"}, "", {"f32[2*b, 3*s]"}},
      {"Tile@13", {"f32[b, 3]", "i64[2]{?, 2}"}, "", {"f32[y0, 6]"}},
      {"Tile@1", {"f32[b, 3]", "i64[]{4}", "i64[]{1}"}, "", {"f32[b, 12]"}},
      {"Concat@13", {"f32[b, past, 64]", "f32[b, s, 64]"}, "axis=1", {"f32[b, past + s, 64]"}},
      {"Concat@13", {"f32[b, 3]", "f32[b, 4]", "f32[b, 5]"}, "axis=-1", {"f32[b, 12]"}},
      {"Concat@13", {"f32[b, 3]", "f32[?, 4]"}, "axis=1", {"f32[b, 7]"}},
      {"Concat@13", {"f32[b, 3]", "f32[b, ?]"}, "axis=1", {"f32[b, ?]"}},
      {"Concat@13", {"f32[b, 3]", "f32[*]"}, "axis=1", {"f32[b, ?]"}},
      {"Concat@1", {"f32[b, 3]", "f32[b, 3]"}, "", {"f32[b, 6]"}},
      {"Split@18",
       {"f32[b, 12]"},
       "axis=1, num_outputs=3",
       {"f32[b, 4]", "f32[b, 4]", "f32[b, 4]"}},
      {"Split@18", {"f32[b, 7]"}, "axis=1, num_outputs=3", {"f32[b, 3]", "f32[b, 3]", "f32[b, 1]"}},
      {"Split@13", {"f32[b, 12]", "i64[2]{5, 7}"}, "axis=-1", {"f32[b, 5]", "f32[b, 7]"}},
      {"Split@13", {"f32[b, 6*s]"}, "axis=1", {"f32[b, 3*s]", "f32[b, 3*s]"}},
      {"Split@13", {"f32[b, 9]", "i64[2]"}, "axis=1", {"f32[b, y0]", "f32[b, y1]"}},
      {"Split@2", {"f32[b, 12]"}, "axis=1, split=[5, 7]", {"f32[b, 5]", "f32[b, 7]"}},
      {"Pad@18",
       {"f32[b, 3, h, w]", "i64[8]{0, 0, 1, 2, 0, 0, 3, 4}"},
       "",
       {"f32[b, 3, h + 4, w + 6]"}},
      {"Pad@18", {"f32[b, 9]", "i64[2]{-1, -2}", "", "i64[1]{-1}"}, "", {"f32[b, 6]"}},
      {"Pad@2", {"f32[b, 9]"}, "pads=[0, 1, 0, 2]", {"f32[b, 12]"}},
      {"Pad@18", {"f32[b, 9]", "i64[4]{0, ?, 0, 2}"}, "mode=reflect", {"f32[b, y0]"}},
      {"DepthToSpace@13", {"f32[b, 12, h, w]"}, "blocksize=2", {"f32[b, 3, 2*h, 2*w]"}},
      {"SpaceToDepth@13", {"f32[b, 3, 2*h, 4*w]"}, "blocksize=2", {"f32[b, 12, h, 2*w]"}},
      {"Trilu@14", {"f32[b, s, s]"}, "upper=0", {"f32[b, s, s]"}},
      {"ReverseSequence@10", {"f32[s, b]", "i64[b]"}, "", {"f32[s, b]"}},
      {"CenterCropPad@18", {"f32[20, 10, 3]", "i64[2]{10, s}"}, "axes=[0, 1]", {"f32[10, s, 3]"}},
      {"CenterCropPad@18", {"f32[20, 10]", "i64[2]{5, 6}"}, "", {"f32[5, 6]"}},
      {"Col2Im@18", {"f32[b, 75, 9]", "i64[2]{5, 5}", "i64[2]{5, 5}"}, "", {"f32[b, 3, 5, 5]"}},
  });
}

TEST(MovementTest, AssumesAndRefuses) {
  OpTester t;
  OpRun r = t.Run("Concat@13", {"f32[b, 3]", "f32[c, 4]"}, "axis=1");
  EXPECT_EQ(r.assumptions, std::vector<std::string>{"b = c"});
  OpTester sum;
  r = sum.Run("Split@13", {"f32[s]", "i64[2]{3, 4}"}, "", {"p", "q"});
  EXPECT_EQ(r.types, (std::vector<std::string>{"f32[3]", "f32[4]"}));
  EXPECT_EQ(sum.Text(sum.Parse("s")), "7");

  EXPECT_FALSE(OpTester().Run("Transpose@13", {"f32[2, 3]"}, "perm=[0, 0]").status.ok());
  EXPECT_FALSE(OpTester().Run("Transpose@13", {"f32[2, 3]"}, "perm=[0, 2]").status.ok());
  EXPECT_FALSE(OpTester().Run("Transpose@13", {"f32[2, 3]"}, "perm=[0]").status.ok());
  EXPECT_FALSE(OpTester().Run("Expand@13", {"f32[3]", "i64[1]{4}"}).status.ok());
  EXPECT_FALSE(OpTester().Run("Tile@13", {"f32[3]", "i64[2]{4, 4}"}).status.ok());
  EXPECT_FALSE(OpTester().Run("Concat@13", {"f32[2, 3]", "f32[3, 3]"}, "axis=1").status.ok());
  EXPECT_FALSE(OpTester().Run("Concat@13", {"f32[2, 3]", "f32[3]"}, "axis=0").status.ok());
  EXPECT_FALSE(OpTester().Run("Split@13", {"f32[7]"}, "", {"p", "q"}).status.ok());
  EXPECT_FALSE(OpTester().Run("Split@13", {"f32[7]", "i64[2]{3, 3}"}, "", {"p", "q"}).status.ok());
  EXPECT_FALSE(OpTester().Run("Pad@18", {"f32[7]", "i64[2]{-4, -4}"}).status.ok());
  EXPECT_FALSE(OpTester().Run("Pad@18", {"f32[7, 2]", "i64[2]{1, 1}"}).status.ok());
  EXPECT_FALSE(OpTester().Run("DepthToSpace@13", {"f32[1, 6, 2, 2]"}, "blocksize=2").status.ok());
  EXPECT_FALSE(OpTester().Run("SpaceToDepth@13", {"f32[1, 6, 2, 2]"}, "blocksize=0").status.ok());
}

TEST(MovementTest, ContentsFold) {
  ExpectCases({
      {"Transpose@13",
       {"i64[2, 3]{1, 2, 3, 4, 5, s}"},
       "perm=[1, 0]",
       {"i64[3, 2]"},
       {"{1, 4, 2, 5, 3, s}"}},
      // index (k, j, i) of [2, 1, 3] reversed is (i, j, k)
      {"Transpose@13",
       {"i64[2, 1, 3]{1, 2, 3, 4, 5, 6}"},
       "",
       {"i64[3, 1, 2]"},
       {"{1, 4, 2, 5, 3, 6}"}},
      {"Expand@13", {"i64[2, 1]{1, s}", "i64[2]{2, 3}"}, "", {"i64[2, 3]"}, {"{1, 1, 1, s, s, s}"}},
      {"Expand@13", {"i64[]{5}", "i64[2]{b, s}"}, "", {"i64[b, s]"}, {"{5...}"}},
      {"Expand@13", {"i64[1]{b}", "i64[1]{2}"}, "", {"i64[2]"}, {"{b...}"}},
      {"Tile@13", {"i64[2]{1, s}", "i64[1]{3}"}, "", {"i64[6]"}, {"{1, s, 1, s, 1, s}"}},
      {"Tile@13",
       {"i64[2, 2]{1, 2, 3, 4}", "i64[2]{1, 2}"},
       "",
       {"i64[2, 4]"},
       {"{1, 2, 1, 2, 3, 4, 3, 4}"}},
      {"Concat@13",
       {"i64[1]{b}", "i64[2]{12, s}", "i64[1]"},
       "axis=0",
       {"i64[4]"},
       {"{b, 12, s, ?}"}},
      {"Concat@13",
       {"i64[2, 1]{1, 2}", "i64[2, 2]{3, 4, 5, 6}"},
       "axis=1",
       {"i64[2, 3]"},
       {"{1, 3, 4, 2, 5, 6}"}},
      {"Split@13",
       {"i64[4]{1, 2, 3, s}", "i64[2]{1, 3}"},
       "",
       {"i64[1]", "i64[3]"},
       {"{1}", "{2, 3, s}"}},
      {"Split@13",
       {"i64[2, 2]{1, 2, 3, s}"},
       "axis=1",
       {"i64[2, 1]", "i64[2, 1]"},
       {"{1, 3}", "{2, s}"}},
      {"Pad@18", {"i64[2]{3, s}", "i64[2]{1, 2}", "i64[]{7}"}, "", {"i64[5]"}, {"{7, 3, s, 7, 7}"}},
      {"Pad@18", {"i64[3]{3, s, 5}", "i64[2]{-1, 1}"}, "", {"i64[3]"}, {"{s, 5, 0}"}},
      {"Pad@18", {"i64[2]{3, s}", "i64[2]{1, 0}"}, "mode=edge", {"i64[3]"}, {"-"}},
      {"Trilu@14", {"i64[2, 3]{1, 2, 3, 4, 5, 6}"}, "", {"i64[2, 3]"}, {"{1, 2, 3, 0, 5, 6}"}},
      {"Trilu@14",
       {"i64[2, 3]{1, 2, 3, 4, 5, 6}", "i64[]{1}"},
       "",
       {"i64[2, 3]"},
       {"{0, 2, 3, 0, 0, 6}"}},
      {"Trilu@14", {"bool[2, 2]{1...}"}, "upper=0", {"bool[2, 2]"}, {"{1, 0, 1, 1}"}},
  });
}

TEST(MovementTest, Traffic) {
  OpTester t;
  OpRun r = t.Run("Transpose@13", {"f32[b, 3, 5]"});
  EXPECT_EQ(t.Text(r.work.reads[0]), "15*b");
  EXPECT_EQ(t.Text(r.work.writes[0]), "15*b");
  EXPECT_EQ(t.Text(r.work.flops), "0");
  r = t.Run("Expand@13", {"f32[1, 5]", "i64[2]{b, 1}"});
  EXPECT_EQ(t.Text(r.work.reads[0]), "5");
  EXPECT_EQ(t.Text(r.work.writes[0]), "5*b");
  r = t.Run("Concat@13", {"f32[b, 5]", "f32[b, 2]"}, "axis=1");
  EXPECT_EQ(t.Text(r.work.reads[0]), "5*b");
  EXPECT_EQ(t.Text(r.work.reads[1]), "2*b");
  EXPECT_EQ(t.Text(r.work.writes[0]), "7*b");
  r = t.Run("Col2Im@18", {"f32[2, 75, 9]", "i64[2]{5, 5}", "i64[2]{5, 5}"});
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(2 * 75 * 9));
}

}  // namespace
}  // namespace assay
