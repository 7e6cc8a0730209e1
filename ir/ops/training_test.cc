#include <string>

#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

TEST(TrainingTest, Shapes) {
  ExpectCases({
      {"NegativeLogLikelihoodLoss@13", {"f32[b, 5]", "i64[b]"}, "", {"f32[]"}},
      {"NegativeLogLikelihoodLoss@13",
       {"f16[b, 5, h, w]", "i64[b, h, w]", "f16[5]"},
       "reduction=none",
       {"f16[b, h, w]"}},
      {"NegativeLogLikelihoodLoss@22", {"f32[*]", "i64[b, 7]"}, "reduction=none", {"f32[b, 7]"}},
      {"SoftmaxCrossEntropyLoss@12",
       {"f32[?, 5, 7]", "i64[3, ?]"},
       "reduction=none",
       {"f32[3, 7]", "f32[3, 5, 7]"}},
      {"SoftmaxCrossEntropyLoss@13", {"f32[b, 5]", "i32[b]"}, "", {"f32[]", "f32[b, 5]"}},
      {"ai.onnx.preview.training::Adagrad@1",
       {"f32[]", "i64[]", "f32[3]", "f64[4, 5]", "f32[3]", "f64[4, 5]", "f32[3]", "f64[4, 5]"},
       "",
       {"f32[3]", "f64[4, 5]", "f32[3]", "f64[4, 5]"}},
      {"ai.onnx.preview.training::Momentum@1",
       {"f32[]", "i64[]", "f32[3]", "f32[3]", "f32[3]"},
       "",
       {"f32[3]", "f32[3]"}},
      {"ai.onnx.preview.training::Adam@1",
       {"f32[]", "i64[]", "f32[3]", "f32[3]", "f32[3]", "f32[3]"},
       "",
       {"f32[3]", "f32[3]", "f32[3]"}},
      {"ai.onnx.preview.training::Gradient@1",
       {"f32[3]", "f32[b, 4]"},
       "xs=[x, w], y=z",
       {"f32[3]", "f32[b, 4]"}},
  });
}

// 3 * 7 targets of 5 classes.
TEST(TrainingTest, LikelihoodWork) {
  const std::string op = "NegativeLogLikelihoodLoss@13";
  constexpr int64_t kTargets = 3 * 7;
  OpTester t;
  OpRun r = t.Run(op, {"f32[3, 5, 7]", "i64[3, 7]"}, "reduction=none");
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(kTargets));
  EXPECT_EQ(t.Text(r.work.reads[0]), std::to_string(kTargets));
  r = t.Run(op, {"f32[3, 5, 7]", "i64[3, 7]"}, "reduction=sum");
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(kTargets + (kTargets - 1)));
  r = t.Run(op, {"f32[3, 5, 7]", "i64[3, 7]"}, "reduction=mean");
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(kTargets + (kTargets - 1) + 1));
  r = t.Run(op, {"f32[3, 5, 7]", "i64[3, 7]", "f32[5]"}, "reduction=mean");
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(2 * kTargets + 2 * (kTargets - 1) + 1));
  r = t.Run(op, {"f32[3, 5, 7]", "i64[3, 7]"}, "reduction=none, ignore_index=2");
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(2 * kTargets));
  EXPECT_EQ(t.Text(r.work.comparisons), std::to_string(kTargets));
}

TEST(TrainingTest, CrossEntropyIsLogSoftmaxAndLikelihood) {
  OpTester t;
  t.Let("scores", "f32[3, 7, 5]");
  OpRun softmax = t.Run("LogSoftmax@13", {"scores"});
  OpRun loss = t.Run("NegativeLogLikelihoodLoss@13", {"f32[3, 5, 7]", "i64[3, 7]"}, "", {"l"});
  OpRun both =
      t.Run("SoftmaxCrossEntropyLoss@13", {"f32[3, 5, 7]", "i64[3, 7]"}, "", {"both", "log_prob"});
  EXPECT_EQ(both.work.flops, t.pool().Add(softmax.work.flops, loss.work.flops));
  EXPECT_EQ(both.work.transcendentals, softmax.work.transcendentals);
  EXPECT_EQ(both.work.comparisons, softmax.work.comparisons);
  EXPECT_EQ(t.Text(both.work.flops), std::to_string(3 * 105 + 21 + 20 + 1));
  EXPECT_EQ(t.Text(both.work.transcendentals), std::to_string(105 + 21));
}

TEST(TrainingTest, OptimizerWork) {
  OpTester t;
  const std::string domain = "ai.onnx.preview.training::";
  // Two tensors, n = 3 + 20 elements.
  OpRun r = t.Run(domain + "Adagrad@1", {"f32[]", "i64[]", "f32[3]", "f32[4, 5]", "f32[3]",
                                         "f32[4, 5]", "f32[3]", "f32[4, 5]"});
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(23 * 8 + 3));
  EXPECT_EQ(t.Text(r.work.transcendentals), "23");
  r = t.Run(domain + "Adam@1", {"f32[]", "i64[]", "f32[3]", "f32[3]", "f32[3]", "f32[3]"});
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(3 * 14 + 7));
  EXPECT_EQ(t.Text(r.work.transcendentals), std::to_string(3 + 3));
  EXPECT_EQ(t.Text(r.work.comparisons), "1");
  r = t.Run(domain + "Momentum@1", {"f32[]", "i64[]", "f32[3]", "f32[3]", "f32[3]"});
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(3 * 7));
  r = t.Run(domain + "Momentum@1", {"f32[]", "i64[]", "f32[3]", "f32[3]", "f32[3]"},
            "mode=nesterov");
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(3 * 9));
  r = t.Run(domain + "Gradient@1", {"f32[3]"}, "y=z, xs=[x]");
  EXPECT_TRUE(r.work.flops.unknown());
  EXPECT_TRUE(r.work.macs.unknown());
}

TEST(TrainingTest, Refusals) {
  const OpCase cases[] = {
      {"NegativeLogLikelihoodLoss@13", {"f32[3, 5]", "i64[4]"}, ""},
      {"NegativeLogLikelihoodLoss@13", {"f32[3, 5]", "i64[3, 1]"}, ""},
      {"NegativeLogLikelihoodLoss@13", {"f32[3]", "i64[]"}, ""},
      {"NegativeLogLikelihoodLoss@13", {"f32[3, 5]", "i64[3]", "f32[4]"}, ""},
      {"SoftmaxCrossEntropyLoss@13", {"f32[3, 5]", "i64[3]"}, "reduction=median"},
      {"ai.onnx.preview.training::Adam@1", {"f32[]", "i64[]", "f32[3]"}, ""},
      {"ai.onnx.preview.training::Adagrad@1", {"f32[]"}, ""},
  };
  for (const OpCase& c : cases) {
    EXPECT_FALSE(OpTester().Run(c.op, c.operands, c.attrs).status.ok())
        << c.op << " {" << c.attrs << "}";
  }
}

}  // namespace
}  // namespace assay
