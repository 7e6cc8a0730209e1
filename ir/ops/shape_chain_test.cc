// Chains of operators as exporters write them, with the sizes left symbolic.
#include <string>
#include <vector>

#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

// x.view(x.size(0), -1, heads, d).transpose(1, 2), by the TorchScript exporter.
TEST(ShapeChainTest, AttentionHeads) {
  OpTester t;
  t.Let("x", "f32[batch, seq, 768]");
  t.Run("Shape@17", {"x"}, "", {"s"});
  t.Run("Gather@17", {"s", "stored i64[]{0}"}, "axis=0", {"b"});
  t.Run("Unsqueeze@17", {"b", "stored i64[1]{0}"}, "", {"b1"});
  t.Run("Concat@17", {"b1", "stored i64[1]{-1}", "stored i64[1]{12}", "stored i64[1]{64}"},
        "axis=0", {"target"});
  EXPECT_EQ(t.value("target"), "{batch, -1, 12, 64}");
  t.Run("Reshape@17", {"x", "target"}, "", {"heads"});
  EXPECT_EQ(t.type("heads"), "f32[batch, seq, 12, 64]");
  t.Run("Transpose@17", {"heads"}, "perm=[0, 2, 1, 3]", {"q"});
  EXPECT_EQ(t.type("q"), "f32[batch, 12, seq, 64]");
  // ... and the scale: sqrt(float(q.size(-1))).
  t.Run("Shape@17", {"q"}, "", {"qs"});
  t.Run("Slice@17", {"qs", "stored i64[1]{-1}", "stored i64[1]{9223372036854775807}"}, "", {"d"});
  t.Run("Cast@17", {"d"}, "to=f32", {"df"});
  t.Run("Sqrt@17", {"df"}, "", {"root"});
  EXPECT_EQ(t.value("root"), "{8}");
}

// torch.expand: -1 keeps a size, which the exporter spells as Where(target == -1, 1, target).
TEST(ShapeChainTest, ExpandKeepsMinusOne) {
  OpTester t;
  t.Let("mask", "bool[batch, 1, 1, seq]");
  t.Let("x", "f32[batch, seq, 768]");
  t.Run("Shape@17", {"x"}, "", {"s"});
  t.Run("Slice@17", {"s", "i64[1]{1}", "i64[1]{2}"}, "", {"n"});
  t.Run("Concat@17", {"i64[1]{-1}", "i64[1]{1}", "n", "i64[1]{-1}"}, "axis=0", {"target"});
  t.Run("Shape@17", {"target"}, "", {"rank"});
  t.Run("ConstantOfShape@17", {"rank"}, "value=i64[1]{1}", {"ones"});
  t.Run("Mul@17", {"ones", "i64[]{-1}"}, "", {"minus"});
  t.Run("Equal@17", {"target", "minus"}, "", {"keep"});
  EXPECT_EQ(t.value("keep"), "{1, 0, 0, 1}");
  t.Run("Where@17", {"keep", "ones", "target"}, "", {"shape"});
  EXPECT_EQ(t.value("shape"), "{1, 1, seq, 1}");
  OpRun r = t.Run("Expand@17", {"mask", "shape"});
  EXPECT_EQ(r.types[0], "bool[batch, 1, seq, seq]");
}

// A causal mask over a cache: arange(past + seq), sliced from past on.
TEST(ShapeChainTest, CausalMaskWithCache) {
  OpTester t;
  t.Symbol("past", 0);
  t.Let("k_past", "f32[batch, 12, past, 64]");
  t.Let("k_new", "f32[batch, 12, seq, 64]");
  t.Run("Concat@17", {"k_past", "k_new"}, "axis=2", {"k"});
  EXPECT_EQ(t.type("k"), "f32[batch, 12, past + seq, 64]");
  t.Run("Shape@17", {"k"}, "start=2, end=3", {"total1"});
  t.Run("Squeeze@17", {"total1", "i64[1]{0}"}, "", {"total"});
  t.Run("Shape@17", {"k_new"}, "start=2, end=3", {"new1"});
  t.Run("Squeeze@17", {"new1", "i64[1]{0}"}, "", {"new"});
  t.Run("Sub@17", {"total", "new"}, "", {"begin"});
  EXPECT_EQ(t.value("begin"), "{past}");
  t.Run("Range@17", {"begin", "total", "i64[]{1}"}, "", {"rows"});
  EXPECT_EQ(t.type("rows"), "i64[seq]");
  t.Let("bias", "stored bool[1, 1, 1024, 1024]");
  t.Run("Unsqueeze@17", {"begin", "i64[1]{0}"}, "", {"begin1"});
  t.Run("Slice@17", {"bias", "begin1", "total1", "i64[1]{2}"}, "", {"part"});
  t.Run("Slice@17", {"part", "i64[1]{0}", "total1", "i64[1]{3}"}, "", {"mask"});
  EXPECT_EQ(t.type("mask"), "bool[1, 1, seq, min(1024, past + seq)]");
  t.Let("scores", "f32[batch, 12, seq, past + seq]");
  OpRun r = t.Run("Where@17", {"mask", "scores", "f32[]{-1e9}"}, "", {"masked"});
  EXPECT_EQ(r.types[0], "f32[batch, 12, seq, past + seq]");
  EXPECT_EQ(r.assumptions, std::vector<std::string>{"past + seq is at most 1024, to broadcast"});
}

// Swin: pad to windows of 7, cut into windows, and back.
TEST(ShapeChainTest, SwinWindows) {
  OpTester t;
  t.Let("x", "f32[batch, h, w, 96]");
  t.Run("Shape@17", {"x"}, "", {"s"});
  auto padded = [&](const std::string& name, int axis) {
    t.Run("Gather@17", {"s", absl::StrCat("i64[]{", axis, "}")}, "", {name});
    t.Run("Mod@17", {name, "i64[]{7}"}, "", {name + "_mod"});
    t.Run("Sub@17", {"i64[]{7}", name + "_mod"}, "", {name + "_rest"});
    t.Run("Mod@17", {name + "_rest", "i64[]{7}"}, "", {name + "_pad"});
    t.Run("Unsqueeze@17", {name + "_pad", "i64[1]{0}"}, "", {name + "_pad1"});
  };
  padded("h_", 1);
  padded("w_", 2);
  t.Run("Concat@17", {"i64[5]{0, 0, 0, 0, 0}", "h__pad1", "w__pad1", "i64[1]{0}"}, "axis=0",
        {"pads"});
  t.Run("Pad@17", {"x", "pads"}, "", {"p"});
  EXPECT_EQ(t.type("p"), "f32[batch, -7*floordiv(-h, 7), -7*floordiv(-w, 7), 96]");
  t.Run("Shape@17", {"p"}, "", {"ps"});
  t.Run("Gather@17", {"ps", "i64[1]{1}"}, "", {"ph"});
  t.Run("Gather@17", {"ps", "i64[1]{2}"}, "", {"pw"});
  t.Run("Gather@17", {"ps", "i64[1]{0}"}, "", {"pb"});
  t.Run("Div@17", {"ph", "i64[]{7}"}, "", {"rows"});
  t.Run("Div@17", {"pw", "i64[]{7}"}, "", {"columns"});
  t.Run("Concat@17", {"pb", "rows", "i64[1]{7}", "columns", "i64[1]{7}", "i64[1]{96}"}, "axis=0",
        {"six"});
  t.Run("Reshape@17", {"p", "six"}, "", {"grid"});
  EXPECT_EQ(t.type("grid"), "f32[batch, -floordiv(-h, 7), 7, -floordiv(-w, 7), 7, 96]");
  t.Run("Transpose@17", {"grid"}, "perm=[0, 1, 3, 2, 4, 5]", {"turned"});
  t.Run("Mul@17", {"rows", "columns"}, "", {"count"});
  t.Run("Mul@17", {"pb", "count"}, "", {"windows"});
  t.Run("Concat@17", {"windows", "i64[1]{49}", "i64[1]{96}"}, "axis=0", {"flat"});
  OpRun r = t.Run("Reshape@17", {"turned", "flat"}, "", {"y"});
  EXPECT_EQ(r.types[0], "f32[batch*floordiv(-h, 7)*floordiv(-w, 7), 49, 96]");
  EXPECT_TRUE(r.assumptions.empty());
}

// torch.nn.functional.interpolate(scale_factor=2): sizes through floats.
TEST(ShapeChainTest, Interpolate) {
  OpTester t;
  t.Let("x", "f32[batch, 256, h, w]");
  t.Run("Shape@13", {"x"}, "", {"s"});
  std::vector<std::string> sizes;
  for (int axis : {2, 3}) {
    const std::string n = absl::StrCat("n", axis);
    t.Run("Gather@13", {"s", absl::StrCat("i64[]{", axis, "}")}, "", {n});
    t.Run("Cast@13", {n}, "to=f32", {n + "_f"});
    t.Run("Mul@13", {n + "_f", "stored f32[]{2}"}, "", {n + "_m"});
    t.Run("Cast@13", {n + "_m"}, "to=f32", {n + "_c"});
    t.Run("Floor@13", {n + "_c"}, "", {n + "_r"});
    t.Run("Cast@13", {n + "_r"}, "to=i64", {n + "_i"});
    t.Run("Unsqueeze@13", {n + "_i", "i64[1]{0}"}, "", {n + "_u"});
  }
  t.Run("Slice@13", {"s", "i64[1]{0}", "i64[1]{2}"}, "", {"head"});
  t.Run("Concat@13", {"head", "n2_u", "n3_u"}, "axis=0", {"sizes"});
  EXPECT_EQ(t.value("sizes"), "{batch, 256, 2*h, 2*w}");
  OpRun r = t.Run("Resize@13", {"x", "", "", "sizes"}, "mode=linear");
  EXPECT_EQ(r.types[0], "f32[batch, 256, 2*h, 2*w]");
  EXPECT_EQ(t.Text(r.work.flops), t.Text(t.Parse("7*256*4*batch*h*w")));
}

// A feature pyramid: the coarse map is resized to the size of the fine one and added.
TEST(ShapeChainTest, FeaturePyramid) {
  OpTester t;
  t.Let("x", "f32[batch, 256, h, w]");
  // Two convolutions of stride 2: (n - 1) // 2 + 1 twice.
  t.Let("fine", "f32[batch, 256, floordiv(h - 1, 2) + 1, floordiv(w - 1, 2) + 1]");
  t.Let("coarse", "f32[batch, 256, floordiv(h - 1, 4) + 1, floordiv(w - 1, 4) + 1]");
  t.Run("Shape@13", {"fine"}, "start=2", {"hw"});
  t.Run("Shape@13", {"coarse"}, "", {"cs"});
  t.Run("Slice@13", {"cs", "i64[1]{0}", "i64[1]{2}"}, "", {"head"});
  t.Run("Concat@13", {"head", "hw"}, "axis=0", {"sizes"});
  t.Run("Resize@13", {"coarse", "", "", "sizes"}, "", {"up"});
  OpRun r = t.Run("Add@13", {"up", "fine"});
  EXPECT_EQ(r.types[0], t.type("fine"));
  EXPECT_TRUE(r.assumptions.empty());
}

// The pads of torch's F.pad: reversed pairs, by way of a matrix.
TEST(ShapeChainTest, TorchPads) {
  OpTester t;
  t.Let("x", "f32[batch, 3, h, w]");
  t.Let("pads", "i64[4]{1, 2, 3, 4}");  // left, right, top, bottom
  t.Run("Size@11", {"pads"}, "", {"n"});
  t.Run("Sub@11", {"i64[]{8}", "n"}, "", {"rest"});
  t.Run("Unsqueeze@13", {"rest", "i64[1]{0}"}, "", {"rest1"});
  t.Run("ConstantOfShape@11", {"rest1"}, "value=i64[1]{0}", {"zeros"});
  t.Run("Concat@11", {"pads", "zeros"}, "axis=0", {"all"});
  t.Run("Reshape@11", {"all", "i64[2]{-1, 2}"}, "", {"pairs"});
  t.Run("Slice@11",
        {"pairs", "i64[1]{-1}", "i64[1]{-9223372036854775807}", "i64[1]{0}", "i64[1]{-1}"}, "",
        {"turned"});
  t.Run("Transpose@11", {"turned"}, "perm=[1, 0]", {"rows"});
  t.Run("Reshape@11", {"rows", "i64[1]{-1}"}, "", {"flat"});
  t.Run("Cast@11", {"flat"}, "to=i64", {"onnx"});
  EXPECT_EQ(t.value("onnx"), "{0, 0, 3, 1, 0, 0, 4, 2}");
  OpRun r = t.Run("Pad@11", {"x", "onnx"});
  EXPECT_EQ(r.types[0], "f32[batch, 3, h + 7, w + 3]");
}

// A detector's top k: min(1000, number of anchors), and the range spelled as positions of
// non-zeros.
TEST(ShapeChainTest, DetectorTopK) {
  OpTester t;
  t.Let("scores", "f32[batch, 3*h*w]");
  t.Run("Shape@11", {"scores"}, "", {"s"});
  t.Run("Gather@11", {"s", "i64[]{1}"}, "", {"n"});
  t.Run("Unsqueeze@13", {"n", "i64[1]{0}"}, "", {"n1"});
  t.Run("Concat@11", {"i64[1]{1000}", "n1"}, "axis=0", {"both"});
  t.Run("Cast@11", {"both"}, "to=i32", {"both32"});
  t.Run("ReduceMin@11", {"both32"}, "keepdims=0", {"least"});
  t.Run("Cast@11", {"least"}, "to=i64", {"least64"});
  t.Run("Unsqueeze@13", {"least64", "i64[1]{0}"}, "", {"k"});
  OpRun r = t.Run("TopK@11", {"scores", "k"}, "axis=1", {"top", "which"});
  const std::string k = t.Text(t.Parse("min(1000, 3*h*w)"));
  EXPECT_EQ(r.types[1], absl::StrCat("i64[batch, ", k, "]"));
  t.Run("ConstantOfShape@11", {"k"}, "value=i64[1]{1}", {"ones"});
  t.Run("NonZero@11", {"ones"}, "", {"positions"});
  EXPECT_EQ(t.type("positions"), absl::StrCat("i64[1, ", k, "]"));
}

}  // namespace
}  // namespace assay
