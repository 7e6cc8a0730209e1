#include "passes/fusion.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "passes/fusion_guards.h"
#include "passes/passes_test_util.h"
#include "passes/spelling.h"

namespace assay {
namespace {

PassRequest WithPolicies(std::vector<FusionKey> keys) {
  PassRequest request;
  request.fusions = std::move(keys);
  request.verify = true;  // each op in one kernel, no cycle, traffic adds up
  return request;
}

// A residual block of ResNet with BatchNormalization kept apart: 8 channels of 4 x 4.
constexpr absl::string_view kBlock = R"(
    arg %x: f32[1, 8, 4, 4]
    weight %w1 = f32[8, 8, 3, 3]
    weight %w2 = f32[8, 8, 3, 3]
    weight %g = f32[8]
    weight %b = f32[8]
    weight %m = f32[8]
    weight %v = f32[8]
    %c1 = Conv(%x, %w1) {pads = [1, 1, 1, 1]}
    %n1 = BatchNormalization(%c1, %g, %b, %m, %v)
    %r1 = Relu(%n1)
    %c2 = Conv(%r1, %w2) {pads = [1, 1, 1, 1]}
    %n2 = BatchNormalization(%c2, %g, %b, %m, %v)
    %a = Add(%n2, %x)
    %r2 = Relu(%a)
    return %r2
)";

TEST(Fusion, AResidualBlockIsThreeKernels) {
  Analyzed run(kBlock, WithPolicies({{.policy = "greedy"}}));
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run.kernels(), "Conv+BatchNormalization+Relu Conv+BatchNormalization Add+Relu");
  const Partition& p = *run->partitions[0];
  EXPECT_EQ(p.kernels[0].pattern, "conv+bn+act");
  EXPECT_EQ(p.kernels[2].pattern, "add+act");
  EXPECT_EQ(p.kernels[0].anchor, run.op("Conv", 0));
  EXPECT_FALSE(p.kernels[2].anchor.has_value());
  const double t = 4 * 8 * 4 * 4;                // bytes of any activation here
  EXPECT_EQ(p.bytes_internal, t * (2 + 1 + 1));  // c1, n1; c2; a
  EXPECT_EQ(p.internal_writes, t * 4);
  EXPECT_EQ(p.internal_reads, t * 4);
  EXPECT_EQ(p.shared_reads, 0);
  // Reads of activations: c1 c2 n1 n2 r1 r2 read one each, a reads two; one result each; weights.
  const double weights = 2 * (4 * 8 * 8 * 9) + 2 * (4 * 4 * 8);
  EXPECT_EQ(p.bytes_unfused, t * (6 + 2) + t * 7 + weights);
  EXPECT_EQ(p.bytes_fused, p.bytes_unfused - 8 * t);
  EXPECT_EQ(p.kernels[0].bytes_read, t);
  EXPECT_EQ(p.kernels[0].bytes_written, t);
  EXPECT_EQ(p.kernels[0].bytes_weights, weights / 2);
  EXPECT_EQ(p.kernels[2].reads, (std::vector<ValueId>{run.value("n2"), run.value("x")}));
}

TEST(Fusion, NoneLeavesEveryOpByItself) {
  Analyzed run(kBlock, WithPolicies({{.policy = "none"}}));
  ASSERT_TRUE(run.ok());
  const Partition& p = *run->partitions[0];
  EXPECT_EQ(p.kernels.size(), 7u);
  EXPECT_EQ(p.bytes_fused, p.bytes_unfused);
  EXPECT_EQ(p.bytes_internal, 0);
  for (const Partition::KernelOps& k : p.kernels) EXPECT_EQ(k.pattern, "single");
  EXPECT_EQ(p.bytes_unfused, run->numbers->total.bytes());
}

TEST(Fusion, AResultThatIsReadTwiceOrGivenOutEndsAKernel) {
  Analyzed run(R"(
    arg %x: f32[4, 8]
    weight %w = f32[8, 8]
    %m = MatMul(%x, %w)
    %r = Relu(%m)
    %n = MatMul(%x, %w)
    %s = Sigmoid(%n)
    %e = Exp(%n)
    return %m, %r, %s, %e
  )",
               WithPolicies({{}}));
  EXPECT_EQ(run.kernels(), "MatMul Relu MatMul Sigmoid Exp");
}

TEST(Fusion, BiasIsAWeightAndAnActivationIsNot) {
  Analyzed run(R"(
    arg %x: f32[4, 8]
    arg %y: f32[4, 8]
    weight %w = f32[8, 8]
    weight %b = f32[8]
    %m = MatMul(%x, %w)
    %a = Add(%b, %m)
    %t = Tanh(%a)
    %n = MatMul(%t, %w)
    %s = Add(%n, %y)
    return %s
  )",
               WithPolicies({{}}));
  EXPECT_EQ(run.kernels(), "MatMul+Add+Tanh MatMul Add");
}

TEST(Fusion, EdgesPassThroughViews) {
  Analyzed run(R"(
    arg %x: f32[4, 8]
    weight %w = f32[8, 8]
    weight %b = f32[8]
    weight %shape = i64[3] {2, 2, 8}
    %m = MatMul(%x, %w)
    %v = Reshape(%m, %shape)
    %a = Add(%v, %b)
    %i = Identity(%a)
    %r = Relu(%i)
    return %r
  )",
               WithPolicies({{}}));
  EXPECT_EQ(run.kernels(), "MatMul+Add+Relu");
  const Partition& p = *run->partitions[0];
  EXPECT_EQ(p.internal_writes, 2 * 4 * 4 * 8);
  EXPECT_EQ(p.internal_reads, 2 * 4 * 4 * 8);
}

TEST(Fusion, AForkThatRejoinsIsAnActivation) {
  Analyzed run(R"(
    arg %x: f32[4, 8]
    weight %w = f32[8, 8]
    weight %k = f32[] {1.702}
    weight %s2 = f32[] {1.4142}
    weight %one = f32[] {1.0}
    weight %half = f32[] {0.5}
    %m = MatMul(%x, %w)
    %s = Sigmoid(%m)
    %silu = Mul(%m, %s)
    %n = MatMul(%silu, %w)
    %kn = Mul(%n, %k)
    %sn = Sigmoid(%kn)
    %quick = Mul(%n, %sn)
    %p = MatMul(%quick, %w)
    %d = Div(%p, %s2)
    %e = Erf(%d)
    %e1 = Add(%e, %one)
    %pe = Mul(%p, %e1)
    %gelu = Mul(%pe, %half)
    return %gelu
  )",
               WithPolicies({{}}));
  EXPECT_EQ(run.kernels(), "MatMul+SiLU MatMul+QuickGelu MatMul+Gelu");
  const double t = 4 * 4 * 8;
  // m, s; n, kn, sn; p, d, e, e1, pe. m is read twice, n twice, p twice.
  EXPECT_EQ(run->partitions[0]->internal_writes, 10 * t);
  EXPECT_EQ(run->partitions[0]->internal_reads, 13 * t);
}

TEST(Fusion, AnActivationByItselfIsOneKernel) {
  Analyzed run(R"(
    arg %x: f32[4, 8]
    %s = Sigmoid(%x)
    %y = Mul(%s, %x)
    return %y
  )",
               WithPolicies({{}}));
  EXPECT_EQ(run.kernels(), "SiLU");
  const Partition& p = *run->partitions[0];
  EXPECT_EQ(p.shared_reads, 4 * 4 * 8);  // x is read by both ops, and once by the kernel
  EXPECT_EQ(p.bytes_fused, 2 * 4 * 4 * 8);
}

TEST(Fusion, AnActivationWhoseInsideIsReadElsewhereIsNone) {
  Analyzed run(R"(
    arg %x: f32[4, 8]
    %s = Sigmoid(%x)
    %y = Mul(%s, %x)
    %z = Exp(%s)
    return %y, %z
  )",
               WithPolicies({{}}));
  EXPECT_EQ(run.kernels(), "Sigmoid Mul Exp");
}

TEST(Fusion, LimitsBind) {
  const double t = 4 * 8 * 4 * 4;
  Analyzed run(kBlock,
               WithPolicies({{.scratchpad_bytes = t}, {.max_inputs = 6}, {.max_inputs = 2}}));
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run.kernels(0), "Conv+BatchNormalization Relu Conv+BatchNormalization Add+Relu");
  EXPECT_EQ(run.kernels(1), "Conv+BatchNormalization+Relu Conv+BatchNormalization Add+Relu");
  EXPECT_EQ(run.kernels(2), "Conv BatchNormalization Relu Conv BatchNormalization Add+Relu");
}

TEST(Fusion, LoopsMultiplyTraffic) {
  Analyzed run(R"(
    arg %x: f32[4]
    weight %n = i64[] {5}
    weight %yes = bool[] {1}
    %y = Loop(%n, %yes, %x) {
      body = {
        arg %i: i64[]
        arg %c: bool[]
        arg %s: f32[4]
        %v = Add(%s, %s)
        %w = Relu(%v)
        return %c, %w
      }
    }
    return %y
  )",
               WithPolicies({{}}));
  EXPECT_EQ(run.kernels(), "Loop Add+Relu");
  const Partition& p = *run->partitions[0];
  EXPECT_EQ(p.kernels[1].multiplicity, 5);
  EXPECT_EQ(p.bytes_unfused, 5 * 16 * (3 + 2));
  EXPECT_EQ(p.shared_reads, 5 * 16);
  EXPECT_EQ(p.internal_writes, 5 * 16);
}

TEST(Fusion, AResidualIsAnEpilogueWhereThePolicySaysSo) {
  Analyzed run(kBlock, WithPolicies({{.policy = "tensorrt"}}));
  EXPECT_EQ(run.kernels(), "Conv+BatchNormalization+Relu Conv+BatchNormalization+Add+Relu");
  const double t = 4 * 8 * 4 * 4;
  EXPECT_EQ(run->partitions[0]->bytes_internal, t * (2 + 3));  // c1, n1; c2, n2, a
}

TEST(Fusion, AResidualThatIsReadyLaterMovesTheKernelBehindIt) {
  // The first convolution takes the sum, and so has to wait for the second one.
  Analyzed run(R"(
    arg %x: f32[1, 8, 4, 4]
    weight %w = f32[8, 8, 1, 1]
    %c = Conv(%x, %w)
    %d = Conv(%x, %w)
    %a = Add(%c, %d)
    return %a
  )",
               WithPolicies({{.policy = "tensorrt"}}));
  EXPECT_EQ(run.kernels(), "Conv Conv+Add");
  EXPECT_EQ(run->partitions[0]->kernels[1].anchor, run.op("Conv", 0));
}

TEST(Fusion, AnAdditionOfAnotherSizeIsNoResidual) {
  Analyzed run(R"(
    arg %x: f32[1, 8, 4, 4]
    arg %y: f32[2, 8, 4, 4]
    weight %w = f32[8, 8, 1, 1]
    %c = Conv(%x, %w)
    %a = Add(%c, %y)
    return %a
  )",
               WithPolicies({{.policy = "tensorrt"}}));
  EXPECT_EQ(run.kernels(), "Conv Add");
}

TEST(Fusion, WhereForksMayBeGivenOutTheyAre) {
  constexpr absl::string_view kFork = R"(
    arg %x: f32[4, 8]
    arg %y: f32[4, 8]
    weight %c = f32[] {2.0}
    %a = Mul(%x, %c)
    %b = Exp(%a)
    %m = MatMul(%a, %y)
    %z = Add(%b, %y)
    return %m, %z
  )";
  const std::string text = absl::StrReplaceAll(kFork, {{"MatMul(%a, %y)", "Softmax(%a)"}});
  Analyzed run(text, WithPolicies({{.policy = "greedy"}, {.policy = "inductor"}}));
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run.kernels(0), "Mul Exp Softmax Add");
  // The softmax takes the fork's other branch: a is read by both, so it is written once. Behind
  // that, nothing that waits for y may join: y could depend on a.
  EXPECT_EQ(run.kernels(1), "Mul+Exp Softmax Add");
  const double t = 4 * 4 * 8;
  const Partition& p = *run->partitions[1];
  EXPECT_EQ(p.kernels[0].writes, (std::vector<ValueId>{run.value("a"), run.value("b")}));
  EXPECT_EQ(p.internal_reads, t);
  EXPECT_EQ(p.internal_writes, 0);
}

TEST(Fusion, BranchesThatMeetAreATree) {
  Analyzed run(R"(
    arg %x: f32[4, 8]
    arg %y: f32[4, 8]
    weight %c = f32[] {2.0}
    %a = Mul(%x, %c)
    %s = Sigmoid(%a)
    %b = Tanh(%y)
    %d = Neg(%b)
    %z = Mul(%s, %d)
    return %z
  )",
               WithPolicies({{.policy = "greedy"}, {.policy = "inductor"}}));
  EXPECT_EQ(run.kernels(0), "Mul+Sigmoid Tanh+Neg Mul");
  EXPECT_EQ(run->partitions[1]->kernels.size(), 1u);
  EXPECT_EQ(run->partitions[1]->kernels[0].pattern, "pointwise-strided");
  EXPECT_EQ(run->partitions[1]->bytes_fused, 4 * (3 * 4 * 8 + 1));
}

TEST(Fusion, ResidualsAreKernelsOfTheirOwnToPaddle) {
  Analyzed run(R"(
    arg %x: f32[2, 3, 4, 4]
    weight %w = f32[3, 3, 1, 1]
    %c = Conv(%x, %w)
    %a = Add(%c, %x)
    %r = Relu(%a)
    return %r
  )",
               WithPolicies({{.policy = "tensorrt"}, {.policy = "paddle-tensorrt"}}));
  EXPECT_EQ(run.kernels(0), "Conv+Add+Relu");
  EXPECT_EQ(run.kernels(1), "Conv Add+Relu");
}

TEST(Fusion, AnotherOrderOfAxesIsAViewToInductor) {
  Analyzed run(R"(
    arg %x: f32[2, 3, 4, 5]
    weight %w = f32[6, 3, 1, 1]
    weight %g = f32[6]
    %c = Conv(%x, %w)
    %t = Transpose(%c) {perm = [0, 2, 3, 1]}
    %n = LayerNormalization(%t, %g)
    %r = Relu(%n)
    %u = Transpose(%r) {perm = [0, 3, 1, 2]}
    return %u
  )",
               WithPolicies({{.policy = "tensorrt"}, {.policy = "inductor"}}));
  ASSERT_EQ(run->partitions[1]->kernels.size(), 2u);
  EXPECT_EQ(run->partitions[1]->kernels[0].pattern, "conv-strided");
  EXPECT_EQ(run->partitions[1]->kernels[1].pattern, "reduction-strided");
  // Image, weights, the convolution's result twice, scale, result: no copy in between.
  EXPECT_EQ(run->partitions[1]->bytes_fused, 4 * (2 * 3 * 20 + 6 * 3 + 2 * 240 + 6 + 240));
  EXPECT_GT(run->partitions[0]->bytes_fused, run->partitions[1]->bytes_fused);
}

TEST(Fusion, ANormalizationTakesTheAdditionInFrontOfIt) {
  Analyzed run(R"(
    arg %x: f32[4, 8]
    arg %y: f32[4, 8]
    weight %g = f32[8]
    weight %b = f32[8]
    weight %w = f32[8, 8]
    %a = Add(%x, %y)
    %n = LayerNormalization(%a, %g, %b) {axis = -1}
    %m = MatMul(%n, %w)
    %c = Add(%m, %b)
    %k = LayerNormalization(%c, %g, %b) {axis = -1}
    return %k
  )",
               WithPolicies({{}}));
  // The second addition is a bias, which belongs to the product.
  EXPECT_EQ(run.kernels(), "Add+LayerNormalization MatMul+Add LayerNormalization");
}

TEST(Fusion, AReductionTakesWhatIsElementwiseInFrontOfIt) {
  Analyzed run(R"(
    arg %x: f32[4, 8]
    weight %axes = i64[1] {1}
    %s = Exp(%x)
    %r = ReduceSum(%s, %axes)
    return %r
  )",
               WithPolicies({{}}));
  EXPECT_EQ(run.kernels(), "Exp+ReduceSum");
}

TEST(Fusion, QuantizationIsFoldedIntoTheKernelBetween) {
  Analyzed run(R"(
    arg %x: u8[1, 8, 4, 4]
    weight %s = f32[] {0.1}
    weight %z = u8[] {0}
    weight %w = u8[8, 8, 1, 1]
    %dx = DequantizeLinear(%x, %s, %z)
    %dw = DequantizeLinear(%w, %s, %z)
    %c = Conv(%dx, %dw)
    %r = Relu(%c)
    %q = QuantizeLinear(%r, %s, %z)
    return %q
  )",
               WithPolicies({{.policy = "greedy"}, {.policy = "tensorrt"}, {.policy = "npu"}}));
  for (int p = 0; p < 3; ++p) {
    ASSERT_EQ(run->partitions[p]->kernels.size(), 1u) << run.kernels(p);
    // Bytes in, bytes out: nothing wider leaves the chip.
    EXPECT_EQ(run->partitions[p]->bytes_fused, 8 * 4 * 4 + 8 * 8 + (4 + 1) + 8 * 4 * 4);
  }
}

TEST(Fusion, ADepthwiseRowStaysInTheScratchpadThatHoldsIt) {
  constexpr absl::string_view kSeparable = R"(
    arg %x: f32[1, 8, 4, 6]
    weight %d = f32[8, 1, 3, 3]
    weight %p = f32[16, 8, 1, 1]
    %a = Conv(%x, %d) {group = 8, pads = [1, 1, 1, 1]}
    %r = Relu(%a)
    %b = Conv(%r, %p)
    %s = Relu(%b)
    return %s
  )";
  const double row = 4 * 8 * 6;  // bytes of a row of r in all channels
  Analyzed run(kSeparable, WithPolicies({{.policy = "npu", .scratchpad_bytes = row},
                                         {.policy = "npu", .scratchpad_bytes = row - 1},
                                         {.policy = "npu"}}));
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run.kernels(0), "Conv+Relu+Conv+Relu");
  EXPECT_EQ(run->partitions[0]->kernels[0].pattern, "dwconv+pwconv");
  EXPECT_EQ(run->partitions[0]->kernels[0].more_anchors, (std::vector<OpId>{run.op("Conv", 1)}));
  EXPECT_EQ(run->partitions[1]->kernels.size(), 4u);  // no room for a whole image either
  EXPECT_EQ(run.kernels(2), "Conv+Relu Conv+Relu");
}

TEST(Fusion, EagerRunsFrameworkOperators) {
  Analyzed run(kBlock, WithPolicies({{.policy = "eager"}}));
  EXPECT_EQ(run->partitions[0]->kernels.size(), 7u);
  Analyzed gelu(R"(
    arg %x: f32[4, 8]
    weight %w = f32[8, 8]
    weight %b = f32[8]
    weight %s2 = f32[] {1.4142}
    weight %one = f32[] {1.0}
    weight %half = f32[] {0.5}
    %m = MatMul(%x, %w)
    %p = Add(%m, %b)
    %d = Div(%p, %s2)
    %e = Erf(%d)
    %e1 = Add(%e, %one)
    %pe = Mul(%p, %e1)
    %gelu = Mul(%pe, %half)
    return %gelu
  )",
                WithPolicies({{.policy = "eager"}}));
  EXPECT_EQ(gelu.kernels(), "MatMul+Add Gelu");
}

TEST(Fusion, OnnxRuntimeLevels) {
  Analyzed run(kBlock, WithPolicies({{.policy = "onnxruntime-cpu-basic"},
                                     {.policy = "onnxruntime-cpu-extended"}}));
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run.kernels(0), "Conv+BatchNormalization Relu Conv+BatchNormalization Add Relu");
  EXPECT_EQ(run.kernels(1), "Conv+BatchNormalization+Relu Conv+BatchNormalization Add Relu");
}

TEST(Fusion, WhatRepeatsIsComputedOnce) {
  Analyzed run(R"(
    arg %x: f32[1, 8, 4, 4]
    weight %w = f32[8, 8, 1, 1]
    weight %v = f32[8, 8, 1, 1]
    %a = Conv(%x, %w)
    %r = Relu(%a)
    %b = Conv(%x, %w)
    %s = Relu(%b)
    %c = Conv(%x, %v)
    %t = Relu(%c)
    %y = Concat(%r, %s, %t) {axis = 1}
    return %y
  )",
               WithPolicies({{.policy = "onnxruntime-cpu-extended"}, {.policy = "greedy"}}));
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run.kernels(0), "Conv+Relu Conv+Relu Concat");
  const Partition& p = *run->partitions[0];
  EXPECT_EQ(p.kernels[0].pattern, "repeated");
  EXPECT_EQ(p.kernels[0].ops.size(), 4u);
  EXPECT_EQ(p.kernels[0].more_anchors, (std::vector<OpId>{run.op("Conv", 1)}));
  EXPECT_EQ(run->partitions[1]->kernels.size(), 4u);
}

// ONNX Runtime looks for what repeats before it looks for functions in several ops.
TEST(Fusion, WhatRepeatsInsideASpellingIsNoHindrance) {
  Analyzed run(R"(
    arg %x: f32[2, 8]
    weight %two = f32[] {2.0}
    weight %w = f32[8]
    %m = ReduceMean(%x) {axes = [-1]}
    %d = Sub(%x, %m)
    %p = Pow(%d, %two)
    %v = ReduceMean(%p) {axes = [-1]}
    %e = Add(%v, %two)
    %s = Sqrt(%e)
    %again = Sub(%x, %m)
    %q = Div(%again, %s)
    %scaled = Mul(%q, %w)
    %y = Add(%scaled, %w)
    return %y
  )",
               WithPolicies({{.policy = "onnxruntime-cpu-extended"}}));
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run.kernels(0), "LayerNormalization");
  EXPECT_EQ(run->partitions[0]->kernels[0].ops.size(), 10u);
}

// 32 channels: two blocks of 16.
constexpr absl::string_view kBlocked = R"(
    arg %x: f32[1, 32, 4, 4]
    weight %w = f32[32, 32, 1, 1]
    %r = Relu(%x)
    %a = Conv(%r, %w)
    %b = Conv(%a, %w)
    %s = Add(%a, %b)
    %t = Relu(%s)
    %e = Elu(%t)
    %p = MaxPool(%e) {kernel_shape = [2, 2]}
    %g = GlobalAveragePool(%e)
    return %p, %g
)";

TEST(Fusion, BlockedLayoutInsertsReorders) {
  Analyzed run(kBlocked, WithPolicies({{.policy = "onnxruntime-cpu"}}));
  ASSERT_TRUE(run.ok());
  // b takes the sum and the activation. A global pool is not worth a reorder, a pool is.
  EXPECT_EQ(run.kernels(), "Relu Conv Conv+Add+Relu Elu MaxPool GlobalAveragePool");
  const Partition& p = *run->partitions[0];
  std::vector<std::pair<absl::string_view, ValueId>> inserted;
  for (const Partition::Inserted& i : p.inserted_kernels) inserted.push_back({i.what, i.value});
  using Row = std::pair<absl::string_view, ValueId>;
  EXPECT_EQ(inserted, (std::vector<Row>{{"ReorderInput", run.value("r")},
                                        {"ReorderInput", run.value("e")},
                                        {"ReorderOutput", run.value("t")},
                                        {"ReorderOutput", run.value("p")}}));
  const double image = 4 * 32 * 4 * 4, pooled = 4 * 32 * 3 * 3;
  EXPECT_EQ(p.inserted, 2 * (3 * image + pooled));  // each read and written
}

TEST(Fusion, ChannelsThatFillNoBlockStayPlain) {
  Analyzed run(R"(
    arg %x: f32[1, 18, 4, 4]
    arg %rgb: f32[1, 3, 4, 4]
    weight %w = f32[8, 18, 1, 1]
    weight %v = f32[8, 3, 1, 1]
    %a = Conv(%x, %w)
    %b = Conv(%rgb, %v)
    %p = MaxPool(%x) {kernel_shape = [2, 2]}
    return %a, %b, %p
  )",
               WithPolicies({{.policy = "onnxruntime-cpu"}}));
  ASSERT_TRUE(run.ok());
  // 18 is no multiple of 4; of 3 the convolution reads plain images, and writes blocks.
  const Partition& p = *run->partitions[0];
  ASSERT_EQ(p.inserted_kernels.size(), 1u);
  EXPECT_EQ(p.inserted_kernels[0].what, "ReorderOutput");
  EXPECT_EQ(p.inserted_kernels[0].value, run.value("b"));
}

TEST(Fusion, EveryEdgeThatIsLeftHasAReason) {
  FusionKey key{.policy = "greedy", .explain = true};
  auto reasons = [&](absl::string_view text, FusionKey k) {
    k.explain = true;
    Analyzed run(text, WithPolicies({k}));
    std::string out;
    if (!run.ok()) return out;
    for (const Partition::Unfused& u : run->partitions[0]->unfused) {
      absl::StrAppend(&out, out.empty() ? "" : " ", run.graph().name(u.value), ":", u.reason);
    }
    return out;
  };
  EXPECT_EQ(reasons(kBlock, key), "r1:anchor-limit n2:join");
  EXPECT_EQ(reasons(kBlock, {.policy = "greedy", .scratchpad_bytes = 1}),
            "c1:resource-limit n1:no-pattern r1:no-pattern c2:resource-limit n2:join "
            "a:resource-limit");
  EXPECT_EQ(reasons(R"(
    arg %x: f32[4, 8]
    %a = Exp(%x)
    %b = Relu(%a)
    %c = Softmax(%a)
    %d = Neg(%b)
    %m = Softmax(%d)
    return %c, %d, %m
  )",
                    key),
            "a:fork a:fork d:escapes");
}

TEST(Fusion, UnfusedEdgesAreOnlyListedWhenAskedFor) {
  Analyzed run(kBlock, WithPolicies({{}}));
  EXPECT_TRUE(run->partitions[0]->unfused.empty());
}

// Elementwise ops, products and normalisations on random operands: forks, joins and dead ends that
// no model has. The invariants are checked by the pass manager.
TEST(Fusion, InvariantsHoldOnRandomGraphs) {
  std::vector<FusionKey> keys;
  for (const FusionPolicyRow& row : FusionPolicies()) {
    keys.push_back({.policy = std::string(row.name)});
    keys.push_back({.policy = std::string(row.name), .scratchpad_bytes = 600});
    keys.push_back({.policy = std::string(row.name), .max_inputs = 3});
  }
  uint32_t state = 1;
  auto random = [&](int n) {
    state = state * 1664525 + 1013904223;  // Knuth, TAOCP 2, 3.3.4
    return static_cast<int>((state >> 8) % n);
  };
  for (int round = 0; round < 40; ++round) {
    std::string text = R"(
      arg %v0: f32[8, 8]
      weight %w = f32[8, 8]
      weight %b = f32[8]
    )";
    const int ops = 8 + random(30);
    for (int i = 1; i <= ops; ++i) {
      auto operand = [&] { return absl::StrCat("%v", std::max(0, i - 1 - random(4))); };
      std::string op;
      switch (random(8)) {
        case 0:
          op = absl::StrCat("MatMul(", operand(), ", %w)");
          break;
        case 1:
          op = absl::StrCat("MatMul(", operand(), ", ", operand(), ")");
          break;
        case 2:
          op = absl::StrCat("Add(", operand(), ", %b)");
          break;
        case 3:
          op = absl::StrCat("Add(", operand(), ", ", operand(), ")");
          break;
        case 4:
          op = absl::StrCat("Mul(", operand(), ", ", operand(), ")");
          break;
        case 5:
          op = absl::StrCat("Softmax(", operand(), ")");
          break;
        case 6:
          op = absl::StrCat("LayerNormalization(", operand(), ", %b, %b)");
          break;
        default:
          op = absl::StrCat("Sigmoid(", operand(), ")");
          break;
      }
      absl::StrAppend(&text, "%v", i, " = ", op, "\n");
    }
    absl::StrAppend(&text, "return %v", ops, ", %v", ops - 1, "\n");
    Analyzed run(text, WithPolicies(keys));
    ASSERT_TRUE(run.ok()) << text;
    for (const auto& p : run->partitions) {
      EXPECT_LE(p->bytes_fused - p->inserted, p->bytes_unfused) << p->key.policy << text;
    }
  }
}

TEST(Fusion, UnknownPolicyNamesTheNearest) {
  absl::StatusOr<const FusionPolicyRow*> row = FindFusionPolicy("gredy");
  ASSERT_FALSE(row.ok());
  EXPECT_TRUE(absl::StrContains(row.status().message(), "`greedy`")) << row.status();
}

// Words of a row that name nothing: no operator, no role, no class of spellings.
std::string UnknownWord(absl::string_view list) {
  static constexpr absl::string_view kRoles[] = {"pointwise", "reduction", "pooling", "movement",
                                                 "attention"};
  for (absl::string_view w : absl::StrSplit(list, ' ', absl::SkipEmpty())) {
    bool known = w == "<attention>" || w == "<siblings>" || w == "<twins>";
    for (const OpRow* row : OpTable::BuiltIn().rows()) known |= row->name == w;
    for (absl::string_view role : kRoles) known |= role == w;
    for (const SpellingRow& row : Spellings()) {
      for (absl::string_view c : absl::StrSplit(row.classes, ' ')) {
        known |= absl::StrCat("<", c, ">") == w;
      }
    }
    if (!known) return std::string(w);
  }
  return "";
}

TEST(Fusion, TablesNameOnlyWhatThereIs) {
  std::set<std::string> patterns, steps, used_patterns, used_steps, used_guards;
  for (const StepRow& row : FusionSteps()) {
    EXPECT_TRUE(steps.insert(std::string(row.name)).second) << row.name;
    EXPECT_EQ(UnknownWord(row.ops), "") << row.name;
    EXPECT_EQ(FindGuard(row.guard) != nullptr, !row.guard.empty()) << row.guard;
    used_guards.insert(std::string(row.guard));
  }
  for (const PatternRow& row : FusionPatterns()) {
    EXPECT_TRUE(patterns.insert(std::string(row.name)).second) << row.name;
    EXPECT_EQ(UnknownWord(row.start), "") << row.name;
    EXPECT_EQ(FindGuard(row.guard) != nullptr, !row.guard.empty()) << row.guard;
    EXPECT_FALSE(row.what.empty() || row.example.empty()) << row.name;
    used_guards.insert(std::string(row.guard));
    for (absl::string_view list : {row.front, row.steps}) {
      for (absl::string_view s : absl::StrSplit(list, ' ', absl::SkipEmpty())) {
        EXPECT_EQ(steps.count(std::string(s)), 1u) << s;
        used_steps.insert(std::string(s));
      }
    }
  }
  for (const FusionPolicyRow& row : FusionPolicies()) {
    for (absl::string_view p : absl::StrSplit(row.patterns, ' ', absl::SkipEmpty())) {
      EXPECT_EQ(patterns.count(std::string(p)), 1u) << p;
      used_patterns.insert(std::string(p));
    }
  }
  // Nothing stands idle. These two name what policies make without a list: `optimal`, and those
  // with twins.
  used_patterns.insert({"least-traffic", "repeated"});
  EXPECT_EQ(used_patterns, patterns);
  EXPECT_EQ(used_steps, steps);
  for (const GuardRow& row : FusionGuards()) {
    EXPECT_EQ(used_guards.count(std::string(row.name)), 1u) << row.name;
  }
  EXPECT_LE(steps.size(), 64u);  // bits of a word, in passes/fusion_rules.h
  EXPECT_LE(patterns.size(), 64u);
}

}  // namespace
}  // namespace assay
