#include "analyzer/onnx/lift.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "analyzer/onnx/import_test_util.h"

namespace assay {
namespace {

using testing::ElementsAre;

// The ops and weights that one node of that opset becomes.
std::vector<std::string> Lifted(int opset, absl::string_view node,
                                absl::string_view inputs = "float[2, 3] x") {
  absl::StatusOr<Graph> graph =
      ImportText(absl::StrCat("<ir_version: 8, opset_import: [\"\" : ", opset, "]>\ng (", inputs,
                              ") => (y) { [n] y = ", node, " }"));
  if (!graph.ok()) return {std::string(graph.status().message())};
  std::vector<std::string> lines = Lines(*graph);
  std::vector<std::string> rest;
  for (std::string& line : lines) {
    if (line.substr(0, 4) != "arg ") rest.push_back(std::move(line));
  }
  return rest;
}

TEST(LiftTest, AttributesThatBecameInputs) {
  EXPECT_THAT(Lifted(1, "Reshape <shape = [3, 2]> (x)"),
              ElementsAre("weight %n/shape = i64[2] {3, 2}", "%y = Reshape(%x, %n/shape) at n"));
  EXPECT_THAT(Lifted(11, "Unsqueeze <axes = [0]> (x)"),
              ElementsAre("weight %n/axes = i64[1] {0}", "%y = Unsqueeze(%x, %n/axes) at n"));
  EXPECT_THAT(Lifted(6, "Clip <min = 0.0, max = 6.0> (x)"),
              ElementsAre("weight %n/min = f32[] {0.0}", "weight %n/max = f32[] {6.0}",
                          "%y = Clip(%x, %n/min, %n/max) at n"));
  EXPECT_THAT(Lifted(6, "Clip <max = 6.0> (x)"),
              ElementsAre("weight %n/max = f32[] {6.0}", "%y = Clip(%x, _, %n/max) at n"));
  EXPECT_THAT(Lifted(9, "TopK <axis = 1, k = 5> (x)"),
              ElementsAre("weight %n/k = i64[1] {5}", "%y = TopK(%x, %n/k) {axis = 1} at n"));
  EXPECT_THAT(Lifted(9, "Slice <starts = [0], ends = [2]> (x)"),
              ElementsAre("weight %n/starts = i64[1] {0}", "weight %n/ends = i64[1] {2}",
                          "%y = Slice(%x, %n/starts, %n/ends) at n"));
  EXPECT_THAT(Lifted(13, "ReduceMean <axes = [1], keepdims = 0> (x)"),
              ElementsAre("weight %n/axes = i64[1] {1}",
                          "%y = ReduceMean(%x, %n/axes) {keepdims = 0} at n"));
}

TEST(LiftTest, NewSpellingsStay) {
  EXPECT_THAT(Lifted(17, "Reshape <allowzero = 0> (x, s)", "float[2, 3] x, int64[2] s"),
              ElementsAre("%y = Reshape(%x, %s) {allowzero = 0} at n"));
  EXPECT_THAT(Lifted(17, "Clip (x)"), ElementsAre("%y = Clip(%x) at n"));
  // An operand that is there stays, whatever an attribute says.
  EXPECT_THAT(Lifted(1, "Split <split = [1, 1]> (x, s)", "float[2, 3] x, int64[2] s"),
              ElementsAre("%y = Split(%x, %s) at n"));
}

TEST(LiftTest, UpsampleAndResize) {
  EXPECT_THAT(Lifted(1, "Upsample <height_scale = 2.0, width_scale = 3.0, mode = \"nearest\"> (x)"),
              ElementsAre("weight %n/scales = f32[4] {1.0, 1.0, 2.0, 3.0}",
                          "%y = Upsample(%x, %n/scales) {mode = \"nearest\"} at n"));
  EXPECT_THAT(Lifted(7, "Upsample <scales = [1.0, 1.0, 2.0, 2.0]> (x)"),
              ElementsAre("weight %n/scales = f32[4] {1.0, 1.0, 2.0, 2.0}",
                          "%y = Upsample(%x, %n/scales) at n"));
  EXPECT_THAT(Lifted(10, "Resize (x, s)", "float[2, 3] x, float[2] s"),
              ElementsAre("%y = Resize(%x, _, %s) at n"));
  EXPECT_THAT(Lifted(11, "Resize (x, r, s)", "float[2, 3] x, float[4] r, float[2] s"),
              ElementsAre("%y = Resize(%x, %r, %s) at n"));
}

TEST(LiftTest, DftAxis) {
  EXPECT_THAT(Lifted(17, "DFT <axis = 2> (x)"),
              ElementsAre("weight %n/axis = i64[] {2}", "%y = DFT(%x, _, %n/axis) at n"));
  EXPECT_THAT(Lifted(17, "DFT (x)"),
              ElementsAre("weight %n/axis = i64[] {1}", "%y = DFT(%x, _, %n/axis) at n"));
  EXPECT_THAT(Lifted(20, "DFT (x)"), ElementsAre("%y = DFT(%x) at n"));
}

TEST(LiftTest, LegacyBroadcast) {
  const char* inputs = "float[2, 3, 4] x, float[3] b";
  EXPECT_THAT(Lifted(6, "Add <axis = 1, broadcast = 1> (x, b)", inputs),
              ElementsAre("%y = Add(%x, %b) {axis = 1} at n"));
  EXPECT_THAT(Lifted(6, "Add <axis = 1, broadcast = 0> (x, b)", inputs),
              ElementsAre("%y = Add(%x, %b) at n"));
  EXPECT_THAT(Lifted(6, "Gemm <broadcast = 1, transB = 1> (x, b)", inputs),
              ElementsAre("%y = Gemm(%x, %b) {transB = 1} at n"));
}

TEST(LiftTest, ElementTypesBecomeNames) {
  EXPECT_THAT(Lifted(13, "Cast <to = 10> (x)"), ElementsAre("%y = Cast(%x) {to = \"f16\"} at n"));
  EXPECT_THAT(Lifted(1, "Cast <to = \"INT64\"> (x)"),
              ElementsAre("%y = Cast(%x) {to = \"i64\"} at n"));
  EXPECT_THAT(Lifted(26, "BitCast <to = 6> (x)"),
              ElementsAre("%y = BitCast(%x) {to = \"i32\"} at n"));
  EXPECT_THAT(Lifted(24, "Cast <to = 23> (x)"),
              ElementsAre("%y = Cast(%x) {to = \"f4e2m1\"} at n"));
  EXPECT_THAT(Lifted(21, "QuantizeLinear <output_dtype = 0> (x, x)"),
              ElementsAre("%y = QuantizeLinear(%x, %x) at n"));
  EXPECT_THAT(Lifted(17, "EyeLike <dtype = 7, k = 1> (x)"),
              ElementsAre("%y = EyeLike(%x) {dtype = \"i64\", k = 1} at n"));
  EXPECT_THAT(
      Lifted(13, "Cast <to = 77> (x)"),
      ElementsAre("test.onnxtxt: Cast `n`: attribute `to` is 77, which is no element type of "
                  "ONNX; export the model again"));
}

// Taken for absent, they would give other shapes and costs.
TEST(LiftTest, AttributesOfAnotherTypeAreErrors) {
  EXPECT_THAT(Lifted(13, "Cast <to = [1]> (x)"),
              ElementsAre("test.onnxtxt: Cast `n`: attribute `to` is integers, and the operator "
                          "takes the number of an element type; correct the node, or export the "
                          "model again"));
  EXPECT_THAT(Lifted(11, "Squeeze <axes = \"0\"> (x)"),
              ElementsAre("test.onnxtxt: Squeeze `n`: attribute `axes` is a string, and the "
                          "operator takes integers; correct the node, or export the model again"));
  EXPECT_THAT(Lifted(6, "Clip <min = 0> (x)"),
              ElementsAre("test.onnxtxt: Clip `n`: attribute `min` is an integer, and the operator "
                          "takes a number; correct the node, or export the model again"));
}

TEST(LiftTest, WeightsAreNamedAfterTheResultOfANamelessNode) {
  EXPECT_THAT(
      LinesOf("<ir_version: 8, opset_import: [\"\" : 11]>\n"
              "g (float[2] x) => (y) { y = Squeeze <axes = [0]> (x) }"),
      ElementsAre("arg %x: f32[2]", "weight %y/axes = i64[1] {0}", "%y = Squeeze(%x, %y/axes)"));
}

// A twin of Lift() that may only say no where Lift() does nothing.
TEST(LiftTest, MayNeedLiftCoversTheTable) {
  for (absl::string_view type :
       {"Reshape", "Clip", "Upsample", "Resize", "DFT", "Add", "Gemm", "Cast"}) {
    EXPECT_TRUE(MayNeedLift("", type)) << type;
  }
  EXPECT_FALSE(MayNeedLift("", "Conv"));
  EXPECT_FALSE(MayNeedLift("com.microsoft", "Reshape"));
  EXPECT_TRUE(MayNeedLift("com.microsoft", "QuantizeLinear"));
}

}  // namespace
}  // namespace assay
