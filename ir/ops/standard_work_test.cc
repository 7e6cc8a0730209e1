// Work of the operators of ai.onnx and ai.onnx.ml that their families' tests do not count, from the
// formula of the specification.
#include "gtest/gtest.h"
#include "ir/ops/work_cases_test_util.h"

namespace assay {
namespace {

constexpr int64_t kN = 2 * 3;  // elements of a f32[2, 3]

TEST(StandardWork, Arithmetic) {
  const std::string x = "f32[2, 3]", row = "f32[3]", i = "i32[2, 3]", u = "u8[2, 3]";
  ExpectWork({
      {"Sub@14", {x, row}, "", {.flops = kN}},
      {"Mul@14", {x, row}, "", {.flops = kN}},
      {"Div@14", {x, row}, "", {.flops = kN}},
      {"Mul@14", {i, i}, "", {.int_ops = kN}},
      {"Mod@13", {i, i}, "", {.int_ops = kN}},
      {"Mod@13", {x, x}, "fmod=1", {.flops = kN}},
      {"Min@13", {x, x, row}, "", {.comparisons = (3 - 1) * kN}},
      {"Abs@13", {x}, "", {.flops = kN}},
      {"Abs@13", {i}, "", {.int_ops = kN}},
      {"Sign@13", {x}, "", {.comparisons = 2 * kN}},  // below 0, above 0
      {"Floor@13", {x}, "", {.flops = kN}},
      {"Ceil@13", {x}, "", {.flops = kN}},
      {"Round@22", {x}, "", {.flops = kN}},
      {"Reciprocal@13", {x}, "", {.flops = kN}},
      {"BitwiseAnd@18", {u, u}, "", {.int_ops = kN}},
      {"BitwiseOr@18", {u, u}, "", {.int_ops = kN}},
      {"BitwiseXor@18", {u, u}, "", {.int_ops = kN}},
      {"BitwiseNot@18", {u}, "", {.int_ops = kN}},
      {"BitShift@11", {u, u}, "direction=LEFT", {.int_ops = kN}},
  });
}

TEST(StandardWork, OneTranscendentalEach) {
  std::vector<WorkCase> cases;
  for (std::string name : {"Exp", "Log", "Erf", "Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh",
                           "Cosh", "Tanh", "Asinh", "Acosh", "Atanh", "Sqrt"}) {
    cases.push_back({name + "@22", {"f32[2, 3]"}, "", {.transcendentals = kN}});
  }
  ExpectWork(cases);
}

TEST(StandardWork, Activations) {
  const std::string x = "f32[2, 3]";
  ExpectWork({
      // Which side of 0, and the product on one of them.
      {"LeakyRelu@16", {x}, "", {.flops = kN, .comparisons = kN}},
      {"PRelu@16", {x, "f32[3]"}, "", {.flops = kN, .comparisons = kN}},
      {"ThresholdedRelu@22", {x}, "", {.comparisons = kN}},
      {"Shrink@9", {x}, "", {.flops = kN, .comparisons = 2 * kN}},
      {"HardSigmoid@22", {x}, "", {.flops = 2 * kN, .comparisons = 2 * kN}},
      {"Softplus@22", {x}, "", {.flops = kN, .transcendentals = 2 * kN}},
      // |x|, 1 + ., the quotient.
      {"Softsign@22", {x}, "", {.flops = 3 * kN}},
      // exp(x) - 1, times alpha.
      {"Elu@22", {x}, "", {.flops = 2 * kN, .transcendentals = kN, .comparisons = kN}},
      // alpha exp(x), less alpha, times gamma.
      {"Selu@22", {x}, "", {.flops = 3 * kN, .transcendentals = kN, .comparisons = kN}},
      // x / alpha, exp(.) - 1, times alpha; the sum of a maximum and a minimum.
      {"Celu@12", {x}, "", {.flops = 4 * kN, .transcendentals = kN, .comparisons = 2 * kN}},
  });
}

TEST(StandardWork, ComparisonsAndLogic) {
  const std::string x = "f32[2, 3]", b = "bool[2, 3]";
  std::vector<WorkCase> cases;
  for (std::string name : {"Less@13", "LessOrEqual@16", "Greater@13", "GreaterOrEqual@16"}) {
    cases.push_back({name, {x, x}, "", {.comparisons = kN}});
  }
  for (std::string name : {"IsNaN@20", "IsInf@20"}) {
    cases.push_back({name, {x}, "", {.comparisons = kN}});
  }
  for (std::string name : {"And@7", "Or@7", "Xor@7"}) {
    cases.push_back({name, {b, b}, "", {.int_ops = kN}});
  }
  cases.push_back({"Not@1", {b}, "", {.int_ops = kN}});
  ExpectWork(cases);
}

TEST(StandardWork, ReductionsAndScans) {
  ExpectWork({
      // Of each row of 3 the least: 2 comparisons.
      {"ArgMin@13", {"f32[2, 3]"}, "axis=1", {.comparisons = 2 * (3 - 1)}},
      {"ReduceMin@20", {"f32[2, 3]", "i64[1]{1}"}, "", {.comparisons = 2 * (3 - 1)}},
      {"CumProd@26", {"f32[2, 3]", "i64[]{1}"}, "", {.flops = kN}},
      {"OneHot@11", {"i64[2, 3]", "i64[]{5}", "f32[2]"}, "", {.comparisons = kN * 5}},
      // 4 products and 3 sums of neighbours for each of twice as many rows and columns.
      {"Upsample@9",
       {"f32[1, 2, 3, 4]", "f32[4]{1, 1, 2, 2}"},
       "mode=linear",
       {.flops = 2 * (2 * 3) * (2 * 4) * (4 + 3)}},
  });
}

TEST(StandardWork, RandomNumbers) {
  ExpectWork({
      // low + (high - low) * u; mean + scale * z, and z of a logarithm and a sine.
      {"RandomUniform@22", {}, "shape=[2, 3]", {.flops = 2 * kN}},
      {"RandomUniformLike@22", {"f32[2, 3]"}, "", {.flops = 2 * kN}},
      {"RandomNormal@22", {}, "shape=[2, 3]", {.flops = 2 * kN, .transcendentals = 2 * kN}},
      {"Bernoulli@22", {"f32[2, 3]"}, "", {.comparisons = kN}},
  });
}

TEST(StandardWork, WhatIsPickedIsRead) {
  OpTester t;
  EXPECT_EQ(t.Run("GatherElements@13", {"f32[9, 9]", "i64[2, 3]"}).work.reads[0], Dim(kN));
  EXPECT_EQ(t.Run("GatherND@13", {"f32[9, 5]", "i64[7, 1]"}).work.reads[0], Dim(7 * 5));
  OpRun r = t.Run("Compress@11", {"f32[9, 5]", "bool[9]"}, "axis=0");
  EXPECT_EQ(r.work.reads[0], t.Parse("5 * y"));
  // Of a shape or a length no element is read.
  EXPECT_EQ(t.Run("Size@21", {"f32[9, 5]"}).work.reads[0], Dim(0));
  EXPECT_EQ(t.Run("EyeLike@22", {"f32[9, 5]"}).work.reads[0], Dim(0));
  EXPECT_EQ(t.Run("SequenceLength@11", {"seq<f32[2]>#3"}).work.reads[0], Dim(0));
  EXPECT_EQ(t.Run("OptionalHasElement@18", {"opt<f32[2]>"}).work.reads[0], Dim(0));
}

TEST(StandardWork, ScattersCombineWhatTheyWrite) {
  const std::vector<std::string> operands = {"f32[9, 9]", "i64[2, 3]", "f32[2, 3]"};
  ExpectWork({
      {"ScatterElements@18", operands, "", {}},
      {"ScatterElements@18", operands, "reduction=add", {.flops = kN}},
      {"ScatterElements@18", operands, "reduction=max", {.comparisons = kN}},
      {"Scatter@9", operands, "", {}},
  });
}

TEST(StandardWork, MapsAreSearchedPerEntryWritten) {
  ExpectWork({{"ai.onnx.ml::CastMap@1", {""}, "map_form=SPARSE, max_map=12", {.comparisons = 12}}});
}

}  // namespace
}  // namespace assay
