#include <string>
#include <vector>

#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

// The number of tensors is not part of a type's text.
Dim LengthOf(OpTester& t, absl::string_view name) {
  OpRun r = t.Run("SequenceLength@11", {std::string(name)}, "", {"length"});
  EXPECT_EQ(r.types[0], "i64[]");
  return r.values[0] == "-" ? Dim()
                            : t.Parse(t.value("length").substr(1, t.value("length").size() - 2));
}

TEST(SequenceTest, ListsKnowTheirElementsAndLength) {
  OpTester t;
  EXPECT_EQ(t.Run("SequenceEmpty@11", {}, "dtype=i64", {"e"}).types[0], "seq<i64[*]>");
  EXPECT_EQ(LengthOf(t, "e"), Dim(0));
  EXPECT_EQ(t.Run("SequenceInsert@11", {"e", "i64[b, 3]"}, "", {"one"}).types[0], "seq<i64[b, 3]>");
  EXPECT_EQ(t.Run("SequenceInsert@11", {"one", "i64[b, 4]"}, "", {"two"}).types[0],
            "seq<i64[b, ?]>");
  EXPECT_EQ(LengthOf(t, "two"), Dim(2));
  EXPECT_EQ(t.Run("SequenceErase@11", {"two"}, "", {"less"}).types[0], "seq<i64[b, ?]>");
  EXPECT_EQ(LengthOf(t, "less"), Dim(1));
  EXPECT_FALSE(t.Run("SequenceErase@11", {"e"}).status.ok());
  ExpectCases({
      {"SequenceConstruct@11", {"f32[b, 3]", "f32[b, 4]"}, "", {"seq<f32[b, ?]>"}},
      {"SequenceConstruct@11", {"f32[b, 3]", "f32[b]"}, "", {"seq<f32[*]>"}},
      {"SequenceLength@11", {"seq<f32[2]>"}, "", {"i64[]"}, {"-"}},
      {"SequenceAt@11", {"seq<f32[b, 4]>", "i64[]"}, "", {"f32[b, 4]"}},
      {"SequenceAt@11", {"seq<f32[b, ?]>", "i64[]{0}"}, "", {"f32[b, y0]"}},
      {"ConcatFromSequence@11", {"seq<f32[b, 4]>#3"}, "axis=1", {"f32[b, 12]"}},
      {"ConcatFromSequence@11", {"seq<f32[b, 4]>#3"}, "axis=1, new_axis=1", {"f32[b, 3, 4]"}},
      {"ConcatFromSequence@11", {"seq<f32[b, 4]>#3"}, "axis=-1, new_axis=1", {"f32[b, 4, 3]"}},
      {"ConcatFromSequence@11", {"seq<f32[b, ?]>#3"}, "axis=1", {"f32[b, y0]"}},
      {"SplitToSequence@11", {"f32[b, 12]", "i64[]{4}"}, "axis=1", {"seq<f32[b, 4]>"}},
      {"SplitToSequence@11", {"f32[b, 10]", "i64[]{4}"}, "axis=1", {"seq<f32[b, ?]>"}},
      {"SplitToSequence@11", {"f32[b, 10]", "i64[2]{5, 5}"}, "axis=1", {"seq<f32[b, 5]>"}},
      {"SplitToSequence@11", {"f32[b, 10]"}, "axis=1", {"seq<f32[b, 1]>"}},
      {"SplitToSequence@11", {"f32[b, 10]"}, "axis=1, keepdims=0", {"seq<f32[b]>"}},
      {"SplitToSequence@11", {"f32[*]"}, "axis=1", {"seq<f32[*]>"}},
  });
  EXPECT_FALSE(OpTester().Run("SplitToSequence@11", {"f32[4]", "i64[]{0}"}).status.ok());
}

TEST(SequenceTest, PartsAreLookedUpWhereTheyWereMade) {
  OpTester t;
  t.Let("x", "f32[b, 10]");
  t.Run("SplitToSequence@11", {"x", "i64[2]{3, 7}"}, "axis=1", {"uneven"});
  EXPECT_EQ(t.Run("SequenceAt@11", {"uneven", "i64[]{1}"}).types[0], "f32[b, 7]");
  EXPECT_EQ(t.Run("SequenceAt@11", {"uneven", "i64[]{-2}"}).types[0], "f32[b, 3]");
  EXPECT_EQ(t.Run("ConcatFromSequence@11", {"uneven"}, "axis=1").types[0], "f32[b, 10]");
  t.Run("SplitToSequence@11", {"x", "i64[]{4}"}, "axis=1", {"chunks"});
  EXPECT_EQ(LengthOf(t, "chunks"), Dim(3));
  EXPECT_EQ(t.Run("SequenceAt@11", {"chunks", "i64[]{0}"}).types[0], "f32[b, 4]");
  EXPECT_EQ(t.Run("SequenceAt@11", {"chunks", "i64[]{2}"}).types[0], "f32[b, 2]");
  EXPECT_EQ(t.Run("SequenceAt@11", {"chunks", "i64[]{-1}"}).types[0], "f32[b, 2]");

  t.Let("s", "i64[4]{b, 3, h, w}");
  t.Run("SplitToSequence@11", {"s"}, "keepdims=0", {"sizes"});
  OpRun r = t.Run("SequenceAt@11", {"sizes", "i64[]{2}"}, "", {"h_"});
  EXPECT_EQ(r.types[0], "i64[]");
  EXPECT_EQ(r.values[0], "{h}");
  t.Run("SequenceConstruct@11", {"h_", "i64[]{5}"}, "", {"list"});
  r = t.Run("SequenceAt@11", {"list", "i64[]{0}"});
  EXPECT_EQ(r.values[0], "{h}");
  r = t.Run("ConcatFromSequence@11", {"list"}, "axis=0, new_axis=1");
  EXPECT_EQ(r.types[0], "i64[2]");
  EXPECT_EQ(r.values[0], "{h, 5}");
}

TEST(SequenceTest, Optionals) {
  OpTester t;
  t.Let("x", "i64[2]{b, 3}");
  EXPECT_EQ(t.Run("Optional@15", {"x"}, "", {"o"}).types[0],
            ToString(Type::Optional(Type::Tensor(DType::kI64, {Dim(2)})), t.pool()));
  OpRun r = t.Run("OptionalGetElement@15", {"o"});
  EXPECT_EQ(r.types[0], "i64[2]");
  EXPECT_EQ(r.values[0], "{b, 3}");
  EXPECT_EQ(t.Run("OptionalHasElement@15", {"o"}).values[0], "{1}");
  EXPECT_EQ(t.Run("Optional@15", {}, "", {"none"}).status.ok(), true);
  EXPECT_EQ(t.Run("OptionalHasElement@15", {"none"}).values[0], "{0}");
  EXPECT_EQ(t.Run("OptionalHasElement@18", {}).values[0], "{0}");
  EXPECT_EQ(t.Run("OptionalHasElement@18", {"x"}).values[0], "{1}");
  EXPECT_EQ(t.Run("OptionalHasElement@18", {"opt<i64[2]>"}).values[0], "-");
  EXPECT_EQ(t.Run("OptionalGetElement@18", {"x"}).values[0], "{b, 3}");
}

TEST(SequenceTest, SplittingAndJoiningMoveListsDoNot) {
  OpTester t;
  OpRun r = t.Run("SplitToSequence@11", {"f32[b, 10]"}, "axis=1", {"parts"});
  EXPECT_EQ(t.Text(r.work.reads[0]), "10*b");
  EXPECT_EQ(t.Text(r.work.writes[0]), "10*b");
  r = t.Run("ConcatFromSequence@11", {"parts"}, "axis=1");
  EXPECT_EQ(t.Text(r.work.reads[0]), "10*b");
  EXPECT_EQ(t.Text(r.work.writes[0]), "10*b");
  r = t.Run("SequenceAt@11", {"parts", "i64[]{0}"});
  EXPECT_EQ(t.Text(r.work.writes[0]), "0");
}

}  // namespace
}  // namespace assay
