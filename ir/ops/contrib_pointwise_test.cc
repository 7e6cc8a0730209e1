// com.microsoft's pointwise operators and variants of standard ones: what each counts, from the
// formula in ONNX Runtime's ContribOperators.md.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/ops/work_cases_test_util.h"

namespace assay {
namespace {

using ::testing::ElementsAre;

constexpr int64_t kN = 2 * 6;  // elements of f32[2, 6]

TEST(ContribPointwiseWork, Activations) {
  const std::string x = "f32[2, 6]";
  ExpectWork({
      // x / sqrt 2, erf, 1 + ., x / 2, and the product.
      {"com.microsoft::Gelu@1", {x}, "", {.flops = 4 * kN, .transcendentals = kN}},
      {"com.microsoft::BiasGelu@1",
       {x, "f32[6]"},
       "",
       {.flops = (1 + 4) * kN, .transcendentals = kN}},
      // alpha x; 1 + exp(-.) and the quotient; times x.
      {"com.microsoft::QuickGelu@1",
       {x},
       "alpha=1.702",
       {.flops = (1 + 2 + 1) * kN, .transcendentals = kN}},
      {"com.microsoft::ScaledSiLU@1",
       {x, "f32[]"},
       "",
       {.flops = (1 + 2 + 1) * kN, .transcendentals = kN}},
      // 0.5 x (1 + tanh(c x + d x x x)): c x, three products for d x x x, their sum, 1 + ., 0.5 x,
      // and the product of the two.
      {"com.microsoft::FastGelu@1", {x}, "", {.flops = 8 * kN, .transcendentals = kN}},
      {"com.microsoft::FastGelu@1",
       {x, "f32[6]"},
       "",
       {.flops = (8 + 1) * kN, .transcendentals = kN}},
      // Half as many results: two sums with the bias, Gelu of one half, the product with the other.
      {"com.microsoft::BiasSplitGelu@1",
       {"f32[1, 2, 6]", "f32[6]"},
       "",
       {.flops = (2 + 4 + 1) * kN / 2, .transcendentals = kN / 2}},
  });
}

TEST(ContribPointwiseWork, SumsAndGates) {
  const std::string x = "f32[2, 6]";
  ExpectWork({
      // x + bias, then Softmax's subtraction, addition, division, exponential and comparison.
      {"com.microsoft::BiasSoftmax@1",
       {x, x},
       "axis=1, is_inner_broadcast=1",
       {.flops = (1 + 3) * kN, .transcendentals = kN, .comparisons = kN}},
      {"com.microsoft::BiasAdd@1",
       {"f32[1, 2, 6]", "f32[6]", "f32[1, 2, 6]"},
       "",
       {.flops = 2 * kN}},
      // Without a residual: one sum. Dropping is for training.
      {"com.microsoft::BiasDropout@1", {x, "f32[6]"}, "", {.flops = kN}},
      {"com.microsoft::BiasDropout@1", {x, "f32[6]", x}, "", {.flops = 2 * kN}},
      {"com.microsoft::BitmaskBiasDropout@1", {x, "f32[6]", x}, "", {.flops = 2 * kN}},
      {"com.microsoft::GatedAdd@1", {x, x, "f32[2, 1]"}, "", {.flops = 2 * kN}},
      // (a + ib)(c + id): 4 products and 2 sums for two numbers.
      {"com.microsoft::ComplexMul@1", {"f32[2, 3, 2]", "f32[3, 2]"}, "", {.flops = 6 * 2 * 3}},
      {"com.microsoft::ComplexMulConj@1", {"f32[2, 3, 2]", "f32[3, 2]"}, "", {.flops = 6 * 2 * 3}},
      // scale * ln(1 + exp(a + bias)), and a sigmoid of b.
      {"com.microsoft::LinearAttentionGate@1",
       {"f32[1, 2, 6]", "f32[6]", "f32[6]", "f32[1, 2, 6]"},
       "",
       {.flops = 3 * kN + 2 * kN, .transcendentals = 2 * kN + kN},
       {"decay", "beta"}},
      {"com.microsoft::LinearAttentionGate@1",
       {"f32[1, 2, 6]", "f32[6]", "f32[6]"},
       "",
       {.flops = 3 * kN, .transcendentals = 2 * kN}},
  });
}

TEST(HyperConnections, MixTheirStreams) {
  // 5 tokens, 4 streams of 8. Before: 4 products and 3 sums per feature, and the scale.
  const int64_t features = 5 * 8;
  ExpectWork({
      {"com.microsoft::HyperConnectionPreMix@1",
       {"f32[5, 4, 8]", "f32[5, 4]"},
       "",
       {.flops = (4 + 3 + 1) * features}},
      {"com.microsoft::HyperConnectionPreMix@1",
       {"f32[5, 32]", "f32[5, 4]"},
       "num_branches=4",
       {.flops = (4 + 3 + 1) * features}},
      // After: per element of the streams the gate's product and a sum; 4 products and sums to mix.
      {"com.microsoft::HyperConnectionPostMix@1",
       {"f32[5, 4, 8]", "f32[5, 8]", "f32[5, 4]"},
       "",
       {.flops = 2 * 4 * features}},
      {"com.microsoft::HyperConnectionPostMix@1",
       {"f32[5, 4, 8]", "f32[5, 8]", "f32[5, 4]", "f32[5, 4, 4]"},
       "",
       {.flops = (2 + 2 * 4) * 4 * features}},
  });
  OpTester t;
  EXPECT_EQ(
      t.Run("com.microsoft::HyperConnectionPreMix@1", {"f32[b, 32]", "f32[b, 4]"}, "num_branches=4")
          .types[0],
      "f32[b, 8]");
}

TEST(ContribVariants, CountAsTheStandardOperators) {
  const std::string image = "f32[2, 3, 8, 9]", grid = "f32[2, 5, 6, 2]";
  OpTester t;
  OpRun ours = t.Run("com.microsoft::GridSample@1", {image, grid});
  OpRun theirs = t.Run("GridSample@20", {image, grid});
  ASSERT_TRUE(ours.status.ok()) << ours.status;
  EXPECT_EQ(ours.types, theirs.types);
  EXPECT_EQ(ours.work.flops, theirs.work.flops);
  // Per point 12 flops for place and weights; per channel 4 products and 3 sums.
  EXPECT_EQ(ours.work.flops, Dim(2 * 5 * 6 * (12 + 3 * 7)));
  // Gathered elements are what is read of the data.
  ours = t.Run("com.microsoft::GatherND@1", {"f32[4, 5, 6]", "i64[7, 2]"});
  EXPECT_EQ(ours.types[0], "f32[7, 6]");
  EXPECT_EQ(ours.work.reads[0], Dim(7 * 6));
  ours = t.Run("com.microsoft::TorchEmbedding@1", {"f32[1000, 16]", "i64[2, 3]"});
  EXPECT_EQ(ours.types[0], "f32[2, 3, 16]");
  EXPECT_EQ(ours.work.reads[0], Dim(2 * 3 * 16));
  ours = t.Run("com.microsoft::Pad@1", {"f32[2, 3]", "i64[4]{0, 1, 0, 2}"});
  EXPECT_EQ(ours.types[0], "f32[2, 6]");
  EXPECT_EQ(ours.work.writes[0], Dim(2 * 6));
  ours = t.Run("com.microsoft::Unique@1", {"f32[16]"}, "", {"y", "idx", "counts"});
  theirs = t.Run("Unique@11", {"f32[16]"}, "", {"a", "b", "c", "d"});
  EXPECT_EQ(ours.types[1], "i64[16]");
  EXPECT_EQ(ours.work.comparisons, theirs.work.comparisons);
  ours = t.Run("com.microsoft::Range@1", {"i32[]{2}", "i32[]{11}", "i32[]{3}"});
  EXPECT_EQ(ours.types[0], "i32[3]");
  EXPECT_EQ(ours.work.int_ops, Dim(3));  // an addition per element
}

TEST(ContribSampling, CropsBilinearlyOrNot) {
  const std::vector<std::string> operands = {"f32[2, 3, 8, 8]", "f32[5, 4]", "i32[5]",
                                             "i64[2]{7, 6}"};
  const int64_t outputs = 5 * 3 * 7 * 6;
  // Three interpolations a + (b - a) t.
  ExpectWork({{"com.microsoft::CropAndResize@1", operands, "", {.flops = 3 * 3 * outputs}},
              {"com.microsoft::CropAndResize@1", operands, "mode=nearest", {}}});
  OpTester t;
  OpRun r = t.Run("com.microsoft::CropAndResize@1", operands, "mode=nearest");
  EXPECT_EQ(r.types[0], "f32[5, 3, 7, 6]");
  EXPECT_EQ(r.work.reads[0], Dim(outputs));
  EXPECT_EQ(t.Run("com.microsoft::CropAndResize@1", operands).work.reads[0], Dim(4 * outputs));
}

TEST(ContribSignals, TransformsAndPaths) {
  // 5/2 n log2 n for each of 3 real signals of 16 points.
  const int64_t fft = 3 * 5 * 16 * 4 / 2;
  ExpectWork({
      {"com.microsoft::Rfft@1", {"f32[3, 16]"}, "signal_ndim=1", {.flops = fft}},
      {"com.microsoft::Irfft@1", {"f32[3, 9, 2]"}, "signal_ndim=1", {.flops = fft}},
      // Each point takes the cheapest of three and adds its own cost.
      {"com.microsoft::DynamicTimeWarping@1",
       {"f32[1, 5, 7]"},
       "",
       {.flops = 5 * 7, .comparisons = 2 * 5 * 7}},
      {"com.microsoft::IsAllFinite@1", {"f32[2, 3]", "f32[5]"}, "", {.comparisons = 6 + 5}},
  });
  OpTester t;
  EXPECT_EQ(t.Run("com.microsoft::Rfft@1", {"f32[b, 16]"}).types[0], "f32[b, 9, 2]");
  EXPECT_EQ(t.Run("com.microsoft::Irfft@1", {"f32[b, 9, 2]"}).types[0], "f32[b, 16]");
}

TEST(WordConvEmbedding, ConvolvesTheCharactersOfAWord) {
  // 4 words of 10 characters, embedded in 8; 16 filters over windows of 3: 8 positions.
  const int64_t windows = 4 * 16 * (10 - 3 + 1), macs = windows * 3 * 8;
  const std::vector<std::string> operands = {"i32[4, 10]", "f32[16, 1, 3, 8]", "f32[16]",
                                             "f32[100, 8]"};
  // The bias, tanh, and the largest of the positions.
  ExpectWork({{"com.microsoft::WordConvEmbedding@1",
               operands,
               "",
               {.macs = macs,
                .flops = 2 * macs + windows,
                .transcendentals = windows,
                .comparisons = windows}}});
  OpTester t;
  OpRun r = t.Run("com.microsoft::WordConvEmbedding@1", operands);
  EXPECT_EQ(r.types[0], "f32[4, 16]");
  EXPECT_EQ(r.work.reads[3], Dim(4 * 10 * 8));
}

TEST(ContribMasks, DropoutWritesABitPerElement) {
  OpTester t;
  EXPECT_THAT(t.Run("com.microsoft::BitmaskDropout@1", {"f32[5, 13]"}, "", {"y", "mask"}).types,
              ElementsAre("f32[5, 13]", "u32[3]"));  // 65 bits in words of 32
}

}  // namespace
}  // namespace assay
