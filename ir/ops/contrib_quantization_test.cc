// com.microsoft's operators on 8-bit numbers. To dequantise an element takes a difference and a
// product; to quantise one a quotient, a rounding, the zero point's sum and two comparisons.
#include "gtest/gtest.h"
#include "ir/ops/work_cases_test_util.h"

namespace assay {
namespace {

TEST(ContribQuantizationWork, Pointwise) {
  const std::string x = "u8[2, 6]", s = "f32[]", z = "u8[]";
  const int64_t n = 2 * 6;
  ExpectWork({
      {"com.microsoft::QuantizeLinear@1",
       {"f32[2, 6]", s, z},
       "",
       {.flops = 3 * n, .comparisons = 2 * n}},
      {"com.microsoft::DequantizeLinear@1", {x, s, z}, "", {.flops = 2 * n}},
      // Two operands dequantised, one operation, one result quantised.
      {"com.microsoft::QLinearAdd@1",
       {x, s, z, x, s, z, s, z},
       "",
       {.flops = (2 * 2 + 1 + 3) * n, .comparisons = 2 * n}},
      {"com.microsoft::QLinearMul@1",
       {x, s, z, "u8[6]", s, z, s, z},
       "",
       {.flops = (2 * 2 + 1 + 3) * n, .comparisons = 2 * n}},
      // Tables of 256 entries are looked up.
      {"com.microsoft::QLinearSigmoid@1", {x, s, z, s, z}, "", {}},
      {"com.microsoft::QLinearLeakyRelu@1", {x, s, z, s, z}, "", {}},
      {"com.microsoft::QLinearWhere@1", {"bool[2, 6]", x, s, z, x, s, z, s, z}, "", {}},
      {"com.microsoft::QLinearConcat@1", {s, z, x, s, z, x, s, z}, "axis=0", {}},
      // The largest; exponentials from a table, their sum, a quotient, rounding, the zero point.
      {"com.microsoft::QLinearSoftmax@1",
       {x, s, z, s, z},
       "",
       {.flops = (1 + 3) * n, .comparisons = (1 + 2) * n}},
      // A product of centred numbers.
      {"com.microsoft::MulInteger@1", {x, z, x, z}, "", {.int_ops = (1 + 1 + 1) * n}},
      {"com.microsoft::MulInteger@1", {x, "", x}, "", {.int_ops = n}},
      // No zero points in cuBLASLt's orders.
      {"com.microsoft::QuantizeWithOrder@1",
       {"f32[2, 6]", s},
       "order_input=1, order_output=2",
       {.flops = 2 * n, .comparisons = 2 * n}},
      {"com.microsoft::DequantizeWithOrder@1",
       {"i8[2, 6]", s},
       "order_input=2, order_output=1",
       {.flops = n}},
      {"com.microsoft::QOrderedGelu@1",
       {"i8[2, 6]", s, s},
       "",
       {.flops = (1 + 4 + 2) * n, .transcendentals = n, .comparisons = 2 * n}},
      // The common exponent is that of the largest; scale and round.
      {"com.microsoft::QuantizeBFP@1",
       {"f32[2, 6]"},
       "bfp_type=0",
       {.flops = 2 * n, .comparisons = n},
       {"y", "shape", "strides"}},
      {"com.microsoft::DequantizeBFP@1",
       {"u8[64]", "i64[2]{2, 6}", "i64[2]"},
       "bfp_type=0",
       {.flops = n}},
  });
  OpTester t;
  EXPECT_EQ(
      t.Run("com.microsoft::QLinearWhere@1", {"bool[b, 1]", "u8[6]", s, z, "u8[b, 6]", s, z, s, z})
          .types[0],
      "u8[b, 6]");
  EXPECT_EQ(t.Run("com.microsoft::DequantizeWithOrder@1", {"i8[2, 6]", "f16[]"}).types[0],
            "f16[2, 6]");
}

TEST(ContribQuantizationWork, Reductions) {
  const int64_t n = 2 * 3 * 4, out = 2 * 3;
  ExpectWork({
      {"com.microsoft::QLinearReduceMean@1",
       {"u8[2, 3, 4]", "f32[]", "u8[]", "f32[]", "u8[]"},
       "axes=[2]",
       {.flops = 3 * out, .int_ops = n, .comparisons = 2 * out}},
      {"com.microsoft::ReduceSumInteger@1",
       {"i8[2, 3, 4]"},
       "axes=[2], keepdims=0",
       {.int_ops = n - out}},
  });
  OpTester t;
  EXPECT_EQ(
      t.Run("com.microsoft::ReduceSumInteger@1", {"u8[2, 3, 4]"}, "axes=[2], keepdims=0").types[0],
      "u32[2, 3]");
}

TEST(ContribQuantizationWork, Products) {
  const std::string s = "f32[]", z = "u8[]";
  const int64_t macs = 4 * 8 * 3, out = 4 * 3;
  ExpectWork({
      // Scaled and rounded; the bias and the zero point are integers.
      {"com.microsoft::QGemm@1",
       {"u8[4, 8]", s, z, "u8[8, 3]", s, z, "i32[3]", s, z},
       "",
       {.macs = macs, .flops = 2 * macs + 2 * out, .int_ops = 2 * out, .comparisons = 2 * out}},
      // A float result is only scaled.
      {"com.microsoft::QGemm@1",
       {"u8[8, 4]", s, z, "u8[3, 8]", s, z},
       "transA=1, transB=1",
       {.macs = macs, .flops = 2 * macs + out}},
      // alpha A B, and a bias, or beta C and its sum; then rounded and saturated.
      {"com.microsoft::QOrderedMatMul@1",
       {"i8[1, 4, 8]", s, "i8[8, 3]", s, s},
       "order_B=1",
       {.macs = macs, .flops = 2 * macs + 2 * out, .comparisons = 2 * out}},
      {"com.microsoft::QOrderedMatMul@1",
       {"i8[1, 4, 8]", s, "i8[8, 3]", s, s, "f32[3]", "i8[1, 4, 3]", s},
       "order_B=1",
       {.macs = macs, .flops = 2 * macs + (2 + 1 + 2) * out, .comparisons = 2 * out}},
      // A is quantised by its own range (5 flops and 2 comparisons for scale and zero point).
      {"com.microsoft::DynamicQuantizeMatMul@1",
       {"f32[4, 8]", "i8[8, 3]", s, "i8[]", "f32[3]"},
       "",
       {.macs = macs,
        .flops = 2 * macs + 3 * 4 * 8 + 5 + 2 * out,
        .comparisons = (2 + 2) * 4 * 8 + 2}},
      {"com.microsoft::MatMulInteger16@1",
       {"i16[4, 8]", "i16[8, 3]"},
       "",
       {.macs = macs, .flops = 2 * macs}},
  });
  OpTester t;
  EXPECT_EQ(t.Run("com.microsoft::QGemm@1", {"u8[b, 8]", s, z, "u8[8, 3]", s, z}).types[0],
            "f32[b, 3]");
  EXPECT_EQ(
      t.Run("com.microsoft::QGemm@1", {"u8[b, 8]", s, z, "i8[8, 3]", s, "i8[]", "", s, z}).types[0],
      "u8[b, 3]");
}

TEST(GatherBlockQuantized, UnpacksTheRowsItPicks) {
  OpTester t;
  // 100 rows of 16 numbers of 4 bits in 8 bytes, one scale and zero point per row.
  OpRun r = t.Run("com.microsoft::GatherBlockQuantized@1",
                  {"u8[100, 8]", "i64[2, 3]", "f32[100, 1]", "u8[100, 1]"},
                  "bits=4, block_size=16, gather_axis=0, quantize_axis=1");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[2, 3, 16]");
  EXPECT_EQ(r.work.flops, Dim(2 * 2 * 3 * 16));
  EXPECT_EQ(r.work.reads[0], Dim(2 * 3 * 16 / 2));
  EXPECT_EQ(r.work.reads[2], Dim(2 * 3));
}

TEST(DynamicQuantizeLSTM, AnLstmWhoseOperandsAreQuantisedAtEveryStep) {
  // 5 steps, 2 images, 8 inputs, 16 hidden units, one direction. Weights stand input by gate.
  const std::vector<std::string> operands = {
      "f32[5, 2, 8]", "i8[1, 8, 64]", "i8[1, 16, 64]", "",     "", "", "", "",
      "f32[1]",       "i8[1]",        "f32[1]",        "i8[1]"};
  const int64_t units = 5 * 2 * 16, macs = 5 * 2 * (4 * 16) * (8 + 16);
  const int64_t quantised = 5 * 2 * 8 + units;
  ExpectWork({{"com.microsoft::DynamicQuantizeLSTM@1",
               operands,
               "hidden_size=16",
               // 4 for the cell, three sigmoids of 2; X W and H R of four gates scaled back.
               {.macs = macs,
                .flops = 2 * macs + (4 + 3 * 2) * units + 3 * quantised + 2 * 4 * units,
                .transcendentals = (3 + 2) * units,
                .comparisons = 4 * quantised},
               {"y", "h", "c"}}});
  OpTester t;
  OpRun r =
      t.Run("com.microsoft::DynamicQuantizeLSTM@1", operands, "hidden_size=16", {"y", "h", "c"});
  EXPECT_EQ(r.types,
            (std::vector<std::string>{"f32[5, 1, 2, 16]", "f32[1, 2, 16]", "f32[1, 2, 16]"}));
  EXPECT_EQ(r.work.nest->multiply, DType::kI8);
}

}  // namespace
}  // namespace assay
