#include <string>
#include <vector>

#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

TEST(ShapeOpsTest, ShapeAndSize) {
  ExpectCases({
      {"Shape@15", {"f32[b, 3, 2*h]"}, "", {"i64[3]"}, {"{b, 3, 2*h}"}},
      {"Shape@15", {"f32[b, 3, 2*h]"}, "start=1", {"i64[2]"}, {"{3, 2*h}"}},
      {"Shape@15", {"f32[b, 3, 2*h]"}, "start=-2, end=-1", {"i64[1]"}, {"{3}"}},
      {"Shape@15", {"f32[b, 3, 2*h]"}, "start=-9, end=9", {"i64[3]"}, {"{b, 3, 2*h}"}},
      {"Shape@15", {"f32[b, 3]"}, "start=2, end=1", {"i64[0]"}, {"{}"}},
      {"Shape@15", {"f32[]"}, "", {"i64[0]"}, {"{}"}},
      {"Shape@15", {"f32[b, ?]"}, "", {"i64[2]"}, {"{b, ?}"}},
      {"Shape@15", {"f32[*]"}, "", {"i64[?]"}, {"-"}},
      {"Size@13", {"f32[b, 3, 2*h]"}, "", {"i64[]"}, {"{6*b*h}"}},
      {"Size@13", {"f32[]"}, "", {"i64[]"}, {"{1}"}},
      {"Size@13", {"f32[b, ?]"}, "", {"i64[]"}, {"-"}},
  });
  OpTester t;
  OpRun r = t.Run("Shape@15", {"f32[b, 3]"});
  EXPECT_EQ(t.Text(r.work.reads[0]), "0");
}

TEST(ShapeOpsTest, Constants) {
  ExpectCases({
      {"Constant@13", {}, "value=i64[2]{3, 4}", {"i64[2]"}, {"{3, 4}"}},
      {"Constant@13", {}, "value=f32[2]{0.5, 2.0}", {"f32[2]"}, {"{0.5, 2}"}},
      {"Constant@13", {}, "value=f32[64, 3]", {"f32[64, 3]"}, {"-"}},
      {"Constant@13", {}, "value_int=7", {"i64[]"}, {"{7}"}},
      {"Constant@13", {}, "value_ints=[7, 8]", {"i64[2]"}, {"{7, 8}"}},
      {"Constant@13", {}, "value_float=0.5", {"f32[]"}, {"{0.5}"}},
      {"Constant@13", {}, "value_floats=[0.5, 1.5]", {"f32[2]"}, {"{0.5, 1.5}"}},
      {"Constant@13", {}, "value_string=x", {"string[]"}},
      {"Constant@13", {}, "value_strings=[x, y]", {"string[2]"}},
      {"ConstantOfShape@9", {"i64[2]{b, 3}"}, "value=i64[1]{7}", {"i64[b, 3]"}, {"{7...}"}},
      {"ConstantOfShape@9", {"i64[0]{}"}, "value=i64[1]{7}", {"i64[]"}, {"{7}"}},
      {"ConstantOfShape@9", {"i64[1]{0}"}, "value=i64[1]{7}", {"i64[0]"}, {"{}"}},
      {"ConstantOfShape@9", {"i64[2]{b, 3}"}, "", {"f32[b, 3]"}, {"{0...}"}},
      {"ConstantOfShape@9", {"i64[2]{b, ?}"}, "", {"f32[b, y0]"}},
      {"ConstantOfShape@9", {"i64[2]"}, "", {"f32[y0, y0.1]"}},
      {"ConstantOfShape@9", {"i64[r]"}, "", {"f32[*]"}},
      {"EyeLike@9", {"i32[b, b]"}, "dtype=f32", {"f32[b, b]"}},
      {"EyeLike@9", {"i32[b, 4]"}, "", {"i32[b, 4]"}},
  });
  EXPECT_FALSE(OpTester().Run("Constant@13", {}).status.ok());
  EXPECT_FALSE(OpTester().Run("ConstantOfShape@9", {"i64[1]{-2}"}).status.ok());
  EXPECT_FALSE(OpTester().Run("EyeLike@9", {"f32[3]"}).status.ok());
}

TEST(ShapeOpsTest, Range) {
  ExpectCases({
      {"Range@11", {"i64[]{0}", "i64[]{s}", "i64[]{1}"}, "", {"i64[s]"}, {"-"}},
      {"Range@11", {"i64[]{past}", "i64[]{past + s}", "i64[]{1}"}, "", {"i64[s]"}},
      {"Range@11", {"i64[]{2}", "i64[]{9}", "i64[]{3}"}, "", {"i64[3]"}, {"{2, 5, 8}"}},
      {"Range@11", {"i64[]{9}", "i64[]{2}", "i64[]{-3}"}, "", {"i64[3]"}, {"{9, 6, 3}"}},
      {"Range@11", {"i64[]{9}", "i64[]{2}", "i64[]{1}"}, "", {"i64[0]"}, {"{}"}},
      {"Range@11", {"i64[]{s}", "i64[]{s + 3}", "i64[]{1}"}, "", {"i64[3]"}, {"{s, s + 1, s + 2}"}},
      {"Range@11",
       {"f32[]{0}", "f32[]{1}", "f32[]{0.25}"},
       "",
       {"f32[4]"},
       {"{0, 0.25, 0.5, 0.75}"}},
      {"Range@11", {"f32[]{0}", "f32[]{s/2}", "f32[]{1}"}, "", {"f32[-floordiv(-s, 2)]"}},
      {"Range@11", {"i64[]{0}", "i64[]", "i64[]{1}"}, "", {"i64[y0]"}},
  });
  EXPECT_FALSE(OpTester().Run("Range@11", {"i64[]{0}", "i64[]{3}", "i64[]{0}"}).status.ok());
  OpTester t;
  OpRun r = t.Run("Range@11", {"i64[]{0}", "i64[]{s}", "i64[]{1}"});
  EXPECT_EQ(t.Text(r.work.int_ops), "s");
}

}  // namespace
}  // namespace assay
