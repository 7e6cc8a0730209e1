#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

// "name=[1.0, 1.0, ...]"
std::string Ones(absl::string_view name, int n) {
  return absl::StrCat(name, "=[", absl::StrJoin(std::vector<std::string>(n, "1.0"), ", "), "]");
}

std::string Join(std::initializer_list<std::string> attrs) { return absl::StrJoin(attrs, ", "); }

TEST(LinearModelTest, Classifier) {
  OpTester t;
  OpRun r = t.Run("ai.onnx.ml::LinearClassifier@1", {"f32[b, 4]"},
                  Join({"classlabels_strings=[x, y, z]", Ones("coefficients", 3 * 4),
                        Ones("intercepts", 3), "post_transform=SOFTMAX"}),
                  {"label", "scores"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "string[b]");
  EXPECT_EQ(r.types[1], "f32[b, 3]");
  EXPECT_EQ(t.Text(r.work.macs), absl::StrCat(3 * 4, "*b"));
  // Products and sums, intercepts, softmax.
  EXPECT_EQ(t.Text(r.work.flops), absl::StrCat(2 * 3 * 4 + 3 + 3 * 3, "*b"));
  EXPECT_EQ(t.Text(r.work.transcendentals), absl::StrCat(3, "*b"));
  EXPECT_EQ(t.Text(r.work.comparisons), absl::StrCat((3 - 1) + 3, "*b"));
  ASSERT_TRUE(r.work.nest.has_value());
  EXPECT_EQ(t.Text(r.work.nest->m), "b");
  EXPECT_EQ(t.Text(r.work.nest->k), "4");
  EXPECT_EQ(t.Text(r.work.nest->n), "3");
}

// Two classes may share one row of coefficients; there are still two scores.
TEST(LinearModelTest, BinaryClassifier) {
  OpTester t;
  OpRun r = t.Run("ai.onnx.ml::LinearClassifier@1", {"f64[4]"},
                  Join({"classlabels_ints=[0, 1]", Ones("coefficients", 4), Ones("intercepts", 1),
                        "post_transform=LOGISTIC"}),
                  {"label", "scores"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "i64[1]");
  EXPECT_EQ(r.types[1], "f32[1, 2]");
  EXPECT_EQ(t.Text(r.work.macs), "4");
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(2 * 4 + 1 + 2 * 2));
  EXPECT_EQ(t.Text(r.work.transcendentals), "2");
  EXPECT_EQ(t.Text(r.work.comparisons), "1");
  r = t.Run("ai.onnx.ml::LinearClassifier@1", {"f32[b, 3]"},
            Join({"classlabels_ints=[0, 1]", Ones("coefficients", 3)}), {"label", "scores"});
  EXPECT_EQ(r.types[1], "f32[b, 2]");
  EXPECT_EQ(t.Text(r.work.macs), "3*b");
}

TEST(LinearModelTest, Regressor) {
  OpTester t;
  OpRun r = t.Run("ai.onnx.ml::LinearRegressor@1", {"f32[b, 5]"},
                  Join({"targets=2", Ones("coefficients", 2 * 5), Ones("intercepts", 2)}));
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[b, 2]");
  EXPECT_EQ(t.Text(r.work.macs), absl::StrCat(2 * 5, "*b"));
  EXPECT_EQ(t.Text(r.work.flops), absl::StrCat(2 * 2 * 5 + 2, "*b"));
  // The coefficients say how many features there are where the operand does not.
  r = t.Run("ai.onnx.ml::LinearRegressor@1", {"f32[b, ?]"}, Ones("coefficients", 7));
  EXPECT_EQ(t.Text(r.work.macs), "7*b");
}

struct SvmCase {
  std::string kernel;
  int64_t flops, transcendentals;  // per row, beside 2 * macs and the weighing
};

// 6 vectors of 3 features.
TEST(SvmTest, KernelsOfARegressor) {
  const SvmCase cases[] = {
      {"LINEAR", 0, 0},
      {"POLY", 2 * 6, 6},         // gamma s + c, and a power
      {"SIGMOID", 2 * 6, 6},      // gamma s + c, and a tanh
      {"RBF", 6 * 3 + 1 * 6, 6},  // differences; - gamma s, and an exponential
  };
  for (const SvmCase& c : cases) {
    SCOPED_TRACE(c.kernel);
    OpTester t;
    OpRun r = t.Run("ai.onnx.ml::SVMRegressor@1", {"f32[b, 3]"},
                    Join({"n_supports=6", Ones("support_vectors", 6 * 3), Ones("coefficients", 6),
                          Ones("rho", 1), absl::StrCat("kernel_type=", c.kernel)}));
    ASSERT_TRUE(r.status.ok()) << r.status;
    EXPECT_EQ(r.types[0], "f32[b, 1]");
    EXPECT_EQ(t.Text(r.work.macs), absl::StrCat(6 * 3, "*b"));
    EXPECT_EQ(t.Text(r.work.flops), absl::StrCat(2 * 6 * 3 + c.flops + 2 * 6 + 1, "*b"));
    EXPECT_EQ(t.Text(r.work.transcendentals),
              c.transcendentals == 0 ? "0" : absl::StrCat(c.transcendentals, "*b"));
  }
}

TEST(SvmTest, LinearRegressorAndOneClass) {
  OpTester t;
  OpRun r = t.Run("ai.onnx.ml::SVMRegressor@1", {"f32[10, 3]"},
                  Join({"n_supports=0, one_class=1", Ones("coefficients", 3), Ones("rho", 1)}));
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[10, 1]");
  EXPECT_EQ(t.Text(r.work.macs), std::to_string(10 * 3));
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(10 * (2 * 3 + 1)));
  EXPECT_EQ(t.Text(r.work.comparisons), "10");
}

// Four classes, 2 + 1 + 1 + 1 vectors of 3 features: 6 pairs of classes.
TEST(SvmTest, Classifier) {
  const std::string machine =
      Join({"classlabels_ints=[0, 1, 2, 3], vectors_per_class=[2, 1, 1, 1], kernel_type=RBF",
            Ones("support_vectors", 5 * 3), Ones("coefficients", 5 * 3), Ones("rho", 6)});
  OpTester t;
  OpRun r = t.Run("ai.onnx.ml::SVMClassifier@1", {"f32[b, 3]"}, machine, {"label", "scores"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "i64[b]");
  EXPECT_EQ(r.types[1], "f32[b, 6]");
  EXPECT_EQ(t.Text(r.work.macs), absl::StrCat(5 * 3, "*b"));
  const int64_t kernels = 2 * 5 * 3 + 5 * 3 + 5;  // products, differences, gamma
  const int64_t weighing = 2 * 5 * (4 - 1) + 6;   // each vector in three pairs; rho
  EXPECT_EQ(t.Text(r.work.flops), absl::StrCat(kernels + weighing, "*b"));
  EXPECT_EQ(t.Text(r.work.transcendentals), "5*b");
  EXPECT_EQ(t.Text(r.work.comparisons), absl::StrCat(6 + 4 - 1, "*b"));

  // With probabilities there is one per class, from a sigmoid per pair.
  r = t.Run("ai.onnx.ml::SVMClassifier@1", {"f32[b, 3]"},
            Join({machine, Ones("prob_a", 6), Ones("prob_b", 6)}), {"label", "scores"});
  EXPECT_EQ(r.types[1], "f32[b, 4]");
  EXPECT_EQ(t.Text(r.work.flops), absl::StrCat(kernels + weighing + 4 * 6, "*b"));
  EXPECT_EQ(t.Text(r.work.transcendentals), absl::StrCat(5 + 6, "*b"));
}

TEST(SvmTest, ClassifiersOfTwoClassesAndWithoutVectors) {
  OpTester t;
  OpRun r = t.Run("ai.onnx.ml::SVMClassifier@1", {"f32[b, 3]"},
                  Join({"classlabels_strings=[x, y], vectors_per_class=[2, 2]",
                        Ones("support_vectors", 4 * 3), Ones("coefficients", 4)}),
                  {"label", "scores"});
  EXPECT_EQ(r.types[0], "string[b]");
  EXPECT_EQ(r.types[1], "f32[b, 2]");
  r = t.Run("ai.onnx.ml::SVMClassifier@1", {"f32[b, 3]"},
            Join({"classlabels_ints=[0, 1, 2, 3]", Ones("coefficients", 4 * 3)}),
            {"label", "scores"});
  EXPECT_EQ(r.types[1], "f32[b, 4]");
  EXPECT_EQ(t.Text(r.work.macs), absl::StrCat(4 * 3, "*b"));
  EXPECT_EQ(t.Text(r.work.flops), absl::StrCat(2 * 4 * 3 + 4, "*b"));
  EXPECT_EQ(t.Text(r.work.comparisons), absl::StrCat(4 - 1, "*b"));
}

TEST(LinearModelTest, Refusals) {
  const OpCase cases[] = {
      {"LinearClassifier", {"f32[2, 3]"}, Ones("coefficients", 6)},  // no labels
      {"LinearClassifier",
       {"f32[2, 3]"},
       Join({"classlabels_ints=[0, 1]", Ones("coefficients", 5)})},
      {"LinearClassifier",
       {"f32[2, 3]"},
       Join({"classlabels_ints=[0, 1]", Ones("coefficients", 8)})},
      {"LinearClassifier", {"f32[2, 3]"}, "classlabels_ints=[0, 1], post_transform=SIMPLY"},
      {"LinearRegressor", {"f32[2, 3]"}, "targets=0"},
      {"LinearRegressor", {"f32[2, 3, 4]"}, Ones("coefficients", 3)},
      {"SVMRegressor", {"f32[2, 3]"}, Join({"n_supports=2", Ones("support_vectors", 8)})},
      {"SVMRegressor",
       {"f32[2, 3]"},
       Join({"n_supports=2, kernel_type=BEST", Ones("support_vectors", 6)})},
      {"SVMClassifier", {"f32[2, 3]"}, "classlabels_ints=[0, 1], vectors_per_class=[-1, 2]"},
      {"SVMClassifier",
       {"f32[2, 3]"},
       "classlabels_ints=[0, 1], vectors_per_class=[9223372036854775807, 9223372036854775807]"},
  };
  for (const OpCase& c : cases) {
    EXPECT_FALSE(OpTester().Run("ai.onnx.ml::" + c.op + "@1", c.operands, c.attrs).status.ok())
        << c.op << " {" << c.attrs << "}";
  }
}

}  // namespace
}  // namespace assay
