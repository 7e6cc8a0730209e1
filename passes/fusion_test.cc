#include "passes/fusion.h"

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "passes/passes_test_util.h"

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
  EXPECT_EQ(p.bytes_unfused, run->numbers->total.bytes_in + run->numbers->total.bytes_out +
                                 run->numbers->total.bytes_weights);
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

TEST(Fusion, UnknownPolicyNamesTheNearest) {
  absl::StatusOr<const FusionPolicyRow*> row = FindFusionPolicy("gredy");
  ASSERT_FALSE(row.ok());
  EXPECT_TRUE(absl::StrContains(row.status().message(), "`greedy`")) << row.status();
}

TEST(Fusion, TablesNameOnlyWhatThereIs) {
  std::set<std::string> patterns, steps;
  for (const PatternRow& row : FusionPatterns()) {
    EXPECT_TRUE(patterns.insert(std::string(row.name)).second) << row.name;
    for (absl::string_view type : absl::StrSplit(row.start, ' ')) {
      if (type != "spelling") {
        EXPECT_NE(OpTable::BuiltIn().Find("", type), nullptr) << type;
      }
    }
  }
  for (const StepRow& row : FusionSteps()) steps.insert(std::string(row.name));
  for (const PatternRow& row : FusionPatterns()) {
    for (absl::string_view s : absl::StrSplit(row.steps, ' ', absl::SkipEmpty())) {
      EXPECT_EQ(steps.count(std::string(s)), 1u) << s;
    }
  }
  for (const FusionPolicyRow& row : FusionPolicies()) {
    for (absl::string_view p : absl::StrSplit(row.patterns, ' ', absl::SkipEmpty())) {
      EXPECT_EQ(patterns.count(std::string(p)), 1u) << p;
    }
  }
}

}  // namespace
}  // namespace assay
