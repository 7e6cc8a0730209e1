#include <string>
#include <vector>

#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

TEST(ViewTest, Reshape) {
  ExpectCases({
      {"Reshape@14", {"f32[2, 3, 4]", "i64[2]{6, 4}"}, "", {"f32[6, 4]"}},
      {"Reshape@14", {"f32[2, 3, 4]", "i64[2]{-1, 8}"}, "", {"f32[3, 8]"}},
      {"Reshape@14", {"f32[2, 3, 4]", "i64[3]{0, -1, 2}"}, "", {"f32[2, 6, 2]"}},
      {"Reshape@14", {"f32[1, 1]", "i64[0]{}"}, "", {"f32[]"}},
      {"Reshape@5", {"f32[2, 3]", "i64[1]{6}"}, "", {"f32[6]"}},
      {"Reshape@1", {"f32[2, 3]"}, "shape=[3, -1]", {"f32[3, 2]"}},
      // Symbols: heads of a transformer, and back.
      {"Reshape@14", {"f32[b, s, 768]", "i64[4]{b, s, 12, 64}"}, "", {"f32[b, s, 12, 64]"}},
      {"Reshape@14", {"f32[b, s, 768]", "i64[4]{b, -1, 12, 64}"}, "", {"f32[b, s, 12, 64]"}},
      {"Reshape@14", {"f32[b, s, 768]", "i64[4]{0, 0, 12, 64}"}, "", {"f32[b, s, 12, 64]"}},
      {"Reshape@14", {"f32[b, s, 768]", "i64[4]{0, 0, 12, -1}"}, "", {"f32[b, s, 12, 64]"}},
      {"Reshape@14", {"f32[b, s, 12, 64]", "i64[3]{b, s, -1}"}, "", {"f32[b, s, 768]"}},
      {"Reshape@14", {"f32[b, s, 768]", "i64[2]{-1, 768}"}, "", {"f32[b*s, 768]"}},
      {"Reshape@14", {"f32[b*s, 768]", "i64[3]{b, -1, 768}"}, "", {"f32[b, s, 768]"}},
      {"Reshape@14",
       {"f32[b, 12, past + s, 64]", "i64[3]{12*b, -1, 64}"},
       "",
       {"f32[12*b, past + s, 64]"}},
      // A cache may be empty: cancelling does not divide by it.
      {"Reshape@14",
       {"f32[b, past, 768]", "i64[4]{0, past, 12, -1}"},
       "",
       {"f32[b, past, 12, 64]"}},
      // One size that is not known follows from the others.
      {"Reshape@14", {"f32[b, s, 768]", "i64[3]{b, ?, 768}"}, "", {"f32[b, s, 768]"}},
      // Two do not: new symbols.
      {"Reshape@14", {"f32[b, s, 768]", "i64[3]{?, ?, 768}"}, "", {"f32[y0, y0.1, 768]"}},
      {"Reshape@14", {"f32[b, s, 768]", "i64[2]"}, "", {"f32[y0, y0.1]"}},
      // The rank follows from the length of the target alone; without it, nothing.
      {"Reshape@14", {"f32[*]", "i64[3]{2, 3, -1}"}, "", {"f32[2, 3, ?]"}},
      {"Reshape@14", {"f32[6]", "i64[r]"}, "", {"f32[*]"}},
      // No elements.
      {"Reshape@14", {"f32[0, 3]", "i64[2]{3, 0}"}, "allowzero=1", {"f32[3, 0]"}},
      {"Reshape@14", {"f32[2, 0, 3]", "i64[2]{-1, 3}"}, "", {"f32[0, 3]"}},
      {"Reshape@14", {"f32[0, 3]", "i64[2]{0, 3}"}, "", {"f32[0, 3]"}},
      // Windows of a padded picture.
      {"Reshape@14",
       {"f32[b, 7*ceildiv(h, 7), 7*ceildiv(w, 7), 96]",
        "i64[6]{b, ceildiv(h, 7), 7, ceildiv(w, 7), 7, 96}"},
       "",
       {"f32[b, -floordiv(-h, 7), 7, -floordiv(-w, 7), 7, 96]"}},
  });
}

TEST(ViewTest, ReshapeAssumesAndRefuses) {
  OpTester t;
  OpRun r = t.Run("Reshape@14", {"f32[b, 197, 768]", "i64[3]{1, 197, 768}"});
  EXPECT_EQ(r.types[0], "f32[1, 197, 768]");
  EXPECT_EQ(t.Text(t.Parse("b")), "1");

  OpTester divided;
  r = divided.Run("Reshape@14", {"f32[s]", "i64[2]{-1, 4}"});
  EXPECT_EQ(r.types[0], "f32[floordiv(s, 4), 4]");
  ASSERT_EQ(r.assumptions.size(), 1u);
  EXPECT_EQ(r.assumptions[0], "s is a multiple of 4");

  EXPECT_FALSE(OpTester().Run("Reshape@14", {"f32[2, 3]", "i64[2]{-1, 4}"}).status.ok());
  EXPECT_FALSE(OpTester().Run("Reshape@14", {"f32[2, 3]", "i64[2]{-1, -1}"}).status.ok());
  EXPECT_FALSE(OpTester().Run("Reshape@14", {"f32[2, 3]", "i64[2]{-2, 3}"}).status.ok());
  EXPECT_FALSE(OpTester().Run("Reshape@14", {"f32[2, 3]", "i64[1]{7}"}).status.ok());
  EXPECT_FALSE(OpTester().Run("Reshape@14", {"f32[6]", "i64[2]{6, 0}"}).status.ok());
}

TEST(ViewTest, FlattenSqueezeUnsqueeze) {
  ExpectCases({
      {"Flatten@13", {"f32[b, 512, 7, 7]"}, "", {"f32[b, 25088]"}},
      {"Flatten@13", {"f32[b, 3, h]"}, "axis=2", {"f32[3*b, h]"}},
      {"Flatten@13", {"f32[b, 3, h]"}, "axis=0", {"f32[1, 3*b*h]"}},
      {"Flatten@13", {"f32[b, 3, h]"}, "axis=-1", {"f32[3*b, h]"}},
      {"Flatten@13", {"f32[b, 3]"}, "axis=2", {"f32[3*b, 1]"}},
      {"Squeeze@13", {"f32[b, 1, h, 1]", "i64[1]{1}"}, "", {"f32[b, h, 1]"}},
      {"Squeeze@13", {"f32[b, 1, h, 1]", "i64[2]{-1, 1}"}, "", {"f32[b, h]"}},
      {"Squeeze@11", {"f32[b, 1, h, 1]"}, "axes=[3]", {"f32[b, 1, h]"}},
      {"Squeeze@13", {"f32[3, 1, 5, 1]"}, "", {"f32[3, 5]"}},
      {"Squeeze@13", {"f32[3, 1]", "i64[0]{}"}, "", {"f32[3, 1]"}},
      {"Squeeze@13", {"f32[?, 3]"}, "", {"f32[*]"}},
      {"Squeeze@13", {"f32[b, 1, 3]", "i64[1]"}, "", {"f32[y0, y0.1]"}},
      {"Unsqueeze@13", {"f32[b, 3]", "i64[2]{0, -1}"}, "", {"f32[1, b, 3, 1]"}},
      {"Unsqueeze@13", {"f32[]", "i64[1]{0}"}, "", {"f32[1]"}},
      {"Unsqueeze@11", {"f32[b, 3]"}, "axes=[1]", {"f32[b, 1, 3]"}},
      {"Unsqueeze@13", {"f32[b]", "i64[]{1}"}, "", {"f32[b, 1]"}},
  });
  EXPECT_FALSE(OpTester().Run("Squeeze@13", {"f32[3, 2]", "i64[1]{1}"}).status.ok());
  EXPECT_FALSE(OpTester().Run("Unsqueeze@13", {"f32[3]", "i64[2]{0, 0}"}).status.ok());
  EXPECT_FALSE(OpTester().Run("Unsqueeze@13", {"f32[3]", "i64[1]{3}"}).status.ok());
  EXPECT_FALSE(OpTester().Run("Flatten@13", {"f32[3]"}, "axis=2").status.ok());
}

TEST(ViewTest, ContentsPassAndNothingIsPaid) {
  ExpectCases({
      {"Reshape@14", {"i64[4]{1, 2, 3, s}", "i64[2]{2, 2}"}, "", {"i64[2, 2]"}, {"{1, 2, 3, s}"}},
      {"Unsqueeze@13", {"i64[]{s}", "i64[1]{0}"}, "", {"i64[1]"}, {"{s}"}},
      {"Squeeze@13", {"i64[1]{s}", "i64[1]{0}"}, "", {"i64[]"}, {"{s}"}},
      {"Flatten@13", {"i64[2]{s, 1}"}, "axis=0", {"i64[1, 2]"}, {"{s, 1}"}},
      {"Reshape@14", {"i64[b, s]{1...}", "i64[1]{-1}"}, "", {"i64[b*s]"}, {"{1...}"}},
  });
  OpTester t;
  OpRun r = t.Run("Reshape@14", {"f32[b, 4]", "i64[2]{-1, 2}"});
  EXPECT_EQ(t.Text(r.work.reads[0]), "0");
  EXPECT_EQ(t.Text(r.work.writes[0]), "0");
}

}  // namespace
}  // namespace assay
