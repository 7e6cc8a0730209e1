#include "gtest/gtest.h"
#include "ir/ops/work_cases_test_util.h"

namespace assay {
namespace {

TEST(ChannelsLast, CountsAsTheStandardOperator) {
  OpTester t;
  const int64_t macs = 5 * 5 * 4 * 8 * 3 * 3;  // 7 x 7, kernel 3, no padding
  for (absl::string_view op : {"com.microsoft::NhwcConv@1", "com.microsoft::NhwcFusedConv@1",
                               "com.ms.internal.nhwc::Conv@11"}) {
    OpRun r = t.Run(op, {"f32[b, 7, 7, 8]", "f32[4, 8, 3, 3]"});
    ASSERT_TRUE(r.status.ok()) << op << r.status;
    EXPECT_EQ(r.types[0], "f32[b, 5, 5, 4]") << op;
    EXPECT_EQ(r.work.macs, t.pool().Mul(Dim(macs), t.Parse("b"))) << op;
  }
  OpRun r = t.Run("com.microsoft::NhwcMaxPool@1", {"u8[1, 6, 6, 8]"},
                  "kernel_shape=[2, 2], strides=[2, 2]");
  EXPECT_EQ(r.types[0], "u8[1, 3, 3, 8]");
  EXPECT_EQ(r.work.comparisons, Dim(3 * 3 * 8 * (4 - 1)));
  r = t.Run("com.microsoft::QLinearAveragePool@1", {"u8[1, 6, 6, 8]", "f32[]", "u8[]", "f32[]"},
            "kernel_shape=[2, 2], strides=[2, 2], channels_last=1");
  EXPECT_EQ(r.types[0], "u8[1, 3, 3, 8]");
  EXPECT_EQ(r.work.int_ops, Dim(3 * 3 * 8 * 4));
}

// Every operator of the internal domain on [N, H, W, C] counts as the standard one on [N, C, H, W].
TEST(ChannelsLast, InternalOperatorsAreTheStandardOnes) {
  struct Case {
    std::string name, first, last;
    std::vector<std::string> others;
    std::string attrs;
  };
  const std::string first = "f32[2, 8, 6, 10]", last = "f32[2, 6, 10, 8]", v = "f32[8]";
  const std::string pool = "kernel_shape=[2, 2], strides=[2, 2]", s = "f32[]", z = "u8[]";
  const std::vector<Case> cases = {
      {"AveragePool", first, last, {}, pool},
      {"BatchNormalization", first, last, {v, v, v, v}, ""},
      {"Conv", first, last, {"f32[4, 8, 3, 3]", "f32[4]"}, "pads=[1, 1, 1, 1]"},
      {"ConvTranspose", first, last, {"f32[8, 4, 3, 3]"}, "strides=[2, 2]"},
      {"DepthToSpace", first, last, {}, "blocksize=2"},
      {"GlobalAveragePool", first, last, {}, ""},
      {"GlobalLpPool", first, last, {}, ""},
      {"GlobalMaxPool", first, last, {}, ""},
      {"GridSample", first, last, {"f32[2, 5, 7, 2]"}, ""},
      {"InstanceNormalization", first, last, {v, v}, ""},
      {"LRN", first, last, {}, "size=3"},
      {"LpPool", first, last, {}, pool},
      {"MaxPool", first, last, {}, pool},
      {"QLinearConv",
       "u8[2, 8, 6, 10]",
       "u8[2, 6, 10, 8]",
       {s, z, "u8[4, 8, 3, 3]", s, z, s, z, "i32[4]"},
       ""},
      {"SpaceToDepth", first, last, {}, "blocksize=2"},
  };
  for (const Case& c : cases) {
    OpTester t;
    std::vector<std::string> standard = c.others, internal = c.others;
    standard.insert(standard.begin(), c.first);
    internal.insert(internal.begin(), c.last);
    OpRun a = t.Run(absl::StrCat(c.name, "@20"), standard, c.attrs, {"a"});
    OpRun b =
        t.Run(absl::StrCat("com.ms.internal.nhwc::", c.name, "@20"), internal, c.attrs, {"b"});
    ASSERT_TRUE(a.status.ok() && b.status.ok()) << c.name << a.status << b.status;
    EXPECT_EQ(a.work.macs, b.work.macs) << c.name;
    EXPECT_EQ(a.work.flops, b.work.flops) << c.name;
    EXPECT_EQ(a.work.transcendentals, b.work.transcendentals) << c.name;
    EXPECT_EQ(a.work.int_ops, b.work.int_ops) << c.name;
    EXPECT_EQ(a.work.comparisons, b.work.comparisons) << c.name;
    EXPECT_EQ(a.work.reads[0], b.work.reads[0]) << c.name;
    EXPECT_EQ(a.work.writes[0], b.work.writes[0]) << c.name;
  }
  // Scales are given in the order of the axes at hand: 4 products and 3 sums per result.
  OpTester t;
  OpRun r =
      t.Run("com.ms.internal.nhwc::Resize@13", {last, "", "f32[4]{1, 2, 2, 1}"}, "mode=linear");
  EXPECT_EQ(r.types[0], "f32[2, 12, 20, 8]");
  EXPECT_EQ(r.work.flops, Dim(2 * 12 * 20 * 8 * (4 + 3)));
  r = t.Run("com.ms.internal.nhwc::MaxUnpool@11", {last, "i64[2, 6, 10, 8]"}, pool);
  EXPECT_EQ(r.types[0], "f32[2, 12, 20, 8]");
  EXPECT_EQ(r.work.writes[0], Dim(2 * 12 * 20 * 8));
  r = t.Run("com.ms.internal.nhwc::QLinearAveragePool@1", {"u8[2, 6, 10, 8]", s, z, s, z}, pool);
  EXPECT_EQ(r.types[0], "u8[2, 3, 5, 8]");
  EXPECT_EQ(r.work.int_ops, Dim(2 * 3 * 5 * 8 * 4));
}

TEST(ContribPoolsAndConvolutions, CountAsTheStandardOnes) {
  const std::string s = "f32[]", z = "u8[]";
  const int64_t in = 2 * 8 * 6 * 10, pooled = in / 4;
  ExpectWork({
      // 6 x 10, kernel 3, no padding: 4 x 8; the result scaled and rounded, with bias and zero
      // point.
      {"com.microsoft::QLinearConv@1",
       {"u8[2, 6, 10, 8]", s, z, "u8[4, 8, 3, 3]", s, z, s, z, "i32[4]"},
       "channels_last=1",
       {.macs = 2 * 4 * 8 * 4 * (8 * 9),
        .flops = (2 * 72 + 2) * 2 * 4 * 8 * 4,
        .int_ops = 2 * 2 * 4 * 8 * 4,
        .comparisons = 2 * 2 * 4 * 8 * 4}},
      // Sums of integers; a product, a rounding and the zero point per result.
      {"com.microsoft::QLinearAveragePool@1",
       {"u8[2, 8, 6, 10]", s, z, s, z},
       "kernel_shape=[2, 2], strides=[2, 2]",
       {.flops = 3 * pooled, .int_ops = 4 * pooled, .comparisons = 2 * pooled}},
      {"com.microsoft::QLinearGlobalAveragePool@1",
       {"u8[2, 8, 6, 10]", s, z, s, z},
       "",
       {.flops = 3 * 2 * 8, .int_ops = in, .comparisons = 2 * 2 * 8}},
      // The mask decides of each element first.
      {"com.microsoft::MaxpoolWithMask@1",
       {"f32[2, 8, 6, 10]", "i32[2, 8, 6, 10]"},
       "kernel_shape=[2, 2], strides=[2, 2]",
       {.comparisons = in + (4 - 1) * pooled}},
      // Each element of the input spreads over 8 x 8 positions of 4 channels.
      {"com.microsoft::ConvTransposeWithDynamicPads@1",
       {"f32[2, 3, 4, 8]", "f32[3, 4, 8, 8]", "i64[4]{0, 0, 0, 0}"},
       "",
       {.macs = 2 * 3 * 4 * 8 * (4 * 8 * 8), .flops = 2 * 2 * 3 * 4 * 8 * (4 * 8 * 8)}},
  });
  OpTester t;
  // 3 * 2 + 8 - 1 - 1 rows, 7 * 2 + 8 columns.
  OpRun r = t.Run("com.microsoft::ConvTransposeWithDynamicPads@1",
                  {"f32[2, 3, 4, 8]", "f32[3, 4, 8, 8]", "i64[4]{1, 0, 1, 0}", "f32[4]"},
                  "strides=[2, 2]");
  EXPECT_EQ(r.types[0], "f32[2, 4, 12, 22]");
  EXPECT_EQ(r.work.flops, Dim(2 * 2 * 3 * 4 * 8 * (4 * 8 * 8) + 2 * 4 * 12 * 22));
  // The NHWC form with a residual and an activation.
  r = t.Run("com.microsoft::NhwcFusedConv@1",
            {"f16[1, 6, 6, 8]", "f16[4, 8, 1, 1]", "f16[4]", "f16[1, 6, 6, 4]"}, "activation=Relu");
  EXPECT_EQ(r.work.flops, Dim((2 * 8 + 1 + 1) * 6 * 6 * 4));
  EXPECT_EQ(r.work.comparisons, Dim(6 * 6 * 4));
}

// Exporters write two domains for the same plugins.
TEST(Plugins, WorkInBothDomains) {
  for (std::string domain : {"TRT::", "trt.plugins::"}) {
    const int64_t n = 2 * 8 * 6 * 10, scores = 2 * 100 * 80, samples = 3 * 4;
    ExpectWork({
        // One comparison of each score with the threshold.
        {domain + "EfficientNMS_TRT@1",
         {"f32[2, 100, 4]", "f32[2, 100, 80]"},
         "",
         {.comparisons = scores},
         {"n", "b", "s", "c"}},
        {domain + "BatchedNMS_TRT@1",
         {"f32[2, 100, 1, 4]", "f32[2, 100, 80]"},
         "keepTopK=20",
         {.comparisons = scores},
         {"n", "b", "s", "c"}},
        {domain + "BatchedNMSDynamic_TRT@1",
         {"f32[2, 100, 1, 4]", "f32[2, 100, 80]"},
         "",
         {.comparisons = scores},
         {"n", "b", "s", "c"}},
        // As InstanceNormalization: 7 per element, 2 and a root per image and channel.
        {domain + "InstanceNormalization_TRT@1",
         {"f32[2, 8, 6, 10]", "f32[8]", "f32[8]"},
         "",
         {.flops = 7 * n + 2 * 2 * 8, .transcendentals = 2 * 8}},
        // 5 queries, 2 heads of 16, 3 levels of 4 points: 4 products and 3 sums to interpolate, a
        // product and a sum to weigh.
        {domain + "MultiscaleDeformableAttnPlugin_TRT@1",
         {"f32[1, 50, 2, 16]", "i64[3, 2]", "i64[3]", "f32[1, 5, 2, 3, 4, 2]",
          "f32[1, 5, 2, 3, 4]"},
         "",
         {.flops = (4 + 3 + 2) * samples * 5 * 2 * 16}},
    });
  }
}

// What contents decide is said to be unknown, not 0.
TEST(Extensions, WorkIsUnknown) {
  for (absl::string_view name :
       {"GPT2Tokenizer", "CLIPTokenizer", "RobertaTokenizer", "BertTokenizer", "BpeDecoder",
        "DecodeImage", "EncodeImage", "AudioDecoder", "StringUpper", "StringLower",
        "StringRegexReplace"}) {
    OpTester t;
    OpRun r = t.Run(absl::StrCat("ai.onnx.contrib::", name, "@1"), {"string[n]"});
    ASSERT_TRUE(r.status.ok()) << name << r.status;
    EXPECT_TRUE(r.work.flops.unknown()) << name;
    EXPECT_TRUE(r.work.comparisons.unknown()) << name;
  }
}

TEST(Plugins, FixedNumbersOfDetections) {
  OpTester t;
  OpRun r = t.Run("TRT::EfficientNMS_TRT@1", {"f32[b, 8400, 4]", "f32[b, 8400, 80]"},
                  "max_output_boxes=50", {"n", "boxes", "scores", "classes"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "i32[b, 1]");
  EXPECT_EQ(r.types[1], "f32[b, 50, 4]");
  EXPECT_EQ(r.work.comparisons, t.Parse("b * 8400 * 80"));
}

}  // namespace
}  // namespace assay
