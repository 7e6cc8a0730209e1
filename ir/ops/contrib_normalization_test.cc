// com.microsoft's normalisations. Per element: 5 to take the mean away and divide by the spread, 1
// to scale, 1 to shift; 3 instead of 5 without a mean. Per group 2 flops and a root.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/ops/work_cases_test_util.h"

namespace assay {
namespace {

using ::testing::ElementsAre;

TEST(ContribNormalizationWork, SkipsAndEmbeddings) {
  const std::string x = "f32[2, 3, 16]", v = "f32[16]";
  const int64_t rows = 2 * 3, n = rows * 16;
  ExpectWork({
      {"com.microsoft::SkipLayerNormalization@1",
       {x, x, v, v},
       "",
       {.flops = (1 + 5 + 2) * n + 2 * rows, .transcendentals = rows}},
      {"com.microsoft::SkipLayerNormalization@1",
       {x, x, v, v, v},
       "",
       {.flops = (2 + 5 + 2) * n + 2 * rows, .transcendentals = rows}},
      {"com.microsoft::SkipSimplifiedLayerNormalization@1",
       {x, x, v},
       "",
       {.flops = (1 + 3 + 1) * n + 2 * rows, .transcendentals = rows}},
      {"SimplifiedLayerNormalization@1",
       {x, v},
       "",
       {.flops = (3 + 1) * n + 2 * rows, .transcendentals = rows}},
      // Two tables are added, or three.
      {"com.microsoft::EmbedLayerNormalization@1",
       {"i32[2, 3]", "i32[2, 3]", "f32[100, 16]", "f32[32, 16]", "f32[2, 16]", v, v},
       "",
       {.flops = (2 + 5 + 2) * n + 2 * rows, .transcendentals = rows},
       {"y", "mask"}},
      // Of 8 bits: a difference and a product per element looked up, and of gamma and beta.
      {"com.microsoft::QEmbedLayerNormalization@1",
       {"i32[2, 3]", "", "u8[100, 16]", "u8[32, 16]", "", "u8[16]", "u8[16]", "", "f32[]", "f32[]"},
       "",
       {.flops = (1 + 5 + 2 + 2 * 2) * n + 2 * rows + 2 * 2 * 16, .transcendentals = rows},
       {"y", "mask"}},
      {"com.microsoft::QEmbedLayerNormalization@1",
       {"i32[2, 3]", "i32[2, 3]", "u8[100, 16]", "u8[32, 16]", "u8[2, 16]", "u8[16]", "u8[16]", "",
        "f32[]", "f32[]", "f32[]"},
       "",
       {.flops = (2 + 5 + 2 + 3 * 2) * n + 2 * rows + 2 * 2 * 16, .transcendentals = rows},
       {"y", "mask"}},
      // Dequantised by one product; quantised by a quotient and rounding, between two bounds.
      {"com.microsoft::QOrderedLayerNormalization@1",
       {"i8[2, 3, 16]", "f32[]", v, v, "f32[]"},
       "",
       {.flops = (1 + 5 + 2 + 2) * n + 2 * rows, .transcendentals = rows, .comparisons = 2 * n}},
  });
}

TEST(ContribNormalizationWork, Groups) {
  const std::string x = "f32[2, 4, 5, 12]", v = "f32[12]";
  const int64_t n = 2 * 4 * 5 * 12, groups = 2 * 3;
  ExpectWork({
      {"com.microsoft::GroupNorm@1",
       {x, v, v},
       "groups=3",
       {.flops = (5 + 2) * n + 2 * groups, .transcendentals = groups}},
      // y * sigmoid(y): 3 flops and an exponential.
      {"com.microsoft::GroupNorm@1",
       {x, v, v},
       "groups=3, activation=1",
       {.flops = (5 + 2 + 3) * n + 2 * groups, .transcendentals = groups + n}},
      {"com.microsoft::SkipGroupNorm@1",
       {x, v, v, x, v},
       "groups=3",
       {.flops = (2 + 5 + 2) * n + 2 * groups, .transcendentals = groups},
       {"y", "sum"}},
      {"com.microsoft::SkipGroupNorm@1",
       {x, v, v, "f32[2, 12]"},
       "groups=3, activation=1",
       {.flops = (1 + 5 + 2 + 3) * n + 2 * groups, .transcendentals = groups + n}},
  });
  OpTester t;
  EXPECT_THAT(
      t.Run("com.microsoft::SkipGroupNorm@1", {"f32[b, 12, h, w]", v, v, "f32[b, 12, h, w]"},
            "groups=3, channels_last=0", {"y", "sum"})
          .types,
      ElementsAre("f32[b, 12, h, w]", "f32[b, 12, h, w]"));
  EXPECT_FALSE(t.Run("com.microsoft::GroupNorm@1", {x, v, v}, "groups=5").status.ok());
}

TEST(ContribNormalizationWork, Branches) {
  const int64_t n = 5 * 4 * 8, rows = 5 * 4;
  ExpectWork({
      // 5 tokens of 4 branches of 8: grouped, or side by side.
      {"com.microsoft::BranchwiseRMSNorm@1",
       {"f32[5, 4, 8]", "f32[4, 8]"},
       "",
       {.flops = (3 + 1) * n + 2 * rows, .transcendentals = rows}},
      {"com.microsoft::BranchwiseRMSNorm@1",
       {"f32[5, 4, 8]"},
       "num_branches=0",
       {.flops = 3 * n + 2 * rows, .transcendentals = rows}},
      {"com.microsoft::BranchwiseRMSNorm@1",
       {"f32[5, 32]", "f32[8]"},
       "num_branches=4",
       {.flops = (3 + 1) * n + 2 * rows, .transcendentals = rows}},
      // Groups as long as the scale; z * sigmoid(z) takes 3 flops, sigmoid(z) 2, and the product.
      {"com.microsoft::GatedRMSNorm@1",
       {"f32[5, 32]", "f32[8]", "f32[5, 32]"},
       "",
       {.flops = (3 + 1 + 3 + 1) * n + 2 * rows, .transcendentals = rows + n}},
      {"com.microsoft::GatedRMSNorm@1",
       {"f32[5, 32]", "f32[8]", "f32[5, 32]"},
       "activation=sigmoid",
       {.flops = (3 + 1 + 2 + 1) * n + 2 * rows, .transcendentals = rows + n}},
  });
}

TEST(EngramGate, ADotProductDecidesHowMuchOfTheValuePasses) {
  // Rows of 16: two of them normalised, 16 products and 15 sums, the root of 16 divided away, |d|,
  // sign(d) * root, a sigmoid's sum and quotient; the gate times the value.
  const std::vector<std::string> operands = {"f32[2, 3, 4, 16]", "f32[2, 3, 4, 16]",
                                             "f32[2, 3, 16]",    "f32[4, 16]",
                                             "f32[4, 16]",       "f32[4, 16]"};
  const int64_t rows = 2 * 3 * 4, norm = (3 + 1) * 16 + 2;
  const int64_t gate = 16 + 15 + 1 + 1 + 1 + 2 + 16;
  ExpectWork({
      {"com.microsoft::EngramGate@1",
       operands,
       "",
       {.flops = rows * (2 * norm + gate),
        .transcendentals = rows * (2 + 2),
        .comparisons = rows * (1 + 2)}},
      {"com.microsoft::EngramGate@1",
       operands,
       "",
       {.flops = rows * (3 * norm + gate),
        .transcendentals = rows * (3 + 2),
        .comparisons = rows * (1 + 2)},
       {"y", "normed"}},
  });
  OpTester t;
  EXPECT_THAT(t.Run("com.microsoft::EngramGate@1",
                    {"f16[b, s, 4, 16]", "f16[b, s, 4, 16]", "f16[b, s, 16]", "f16[4, 16]",
                     "f16[4, 16]", "f16[4, 16]"},
                    "", {"y", "normed"})
                  .types,
              ElementsAre("f16[b, s, 4, 16]", "f16[b, s, 4, 16]"));
  EXPECT_FALSE(
      t.Run("com.microsoft::EngramGate@1", {"f32[2, 3, 4, 16]", "f32[2, 3, 5, 16]"}).status.ok());
}

}  // namespace
}  // namespace assay
