#include "passes/work.h"

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "passes/evaluate.h"
#include "passes/passes_test_util.h"

namespace assay {
namespace {

constexpr absl::string_view kLinear = R"(
    arg %x: f32[batch, 10]
    weight %w = f32[10, 30]
    weight %b = f32[30]
    %h = MatMul(%x, %w)
    %s = Add(%h, %b)
    %y = Relu(%s)
    return %y
)";

TEST(Work, TotalsAreExpressions) {
  Analyzed run(kLinear);
  ASSERT_TRUE(run.ok());
  const Works& w = *run->works;
  EXPECT_EQ(run.text(w.macs), absl::StrCat(10 * 30, "*batch"));
  EXPECT_EQ(run.text(w.flops), absl::StrCat(2 * 10 * 30 + 30, "*batch"));
  EXPECT_EQ(run.text(w.comparisons), "30*batch");
  // x, h, s; then h, s, y; the weights once.
  EXPECT_EQ(run.text(w.bytes_in), absl::StrCat(4 * (10 + 30 + 30), "*batch"));
  EXPECT_EQ(run.text(w.bytes_out), absl::StrCat(4 * (30 + 30 + 30), "*batch"));
  EXPECT_EQ(run.text(w.bytes_weights), absl::StrCat(4 * (10 * 30 + 30)));
  EXPECT_EQ(w.parameters, 10 * 30 + 30);
  EXPECT_EQ(w.weight_bytes, 4 * (10 * 30 + 30));
  EXPECT_EQ(w.unknown_ops, 0);
}

TEST(Work, NumbersAtAPointAreTheExpressionsThere) {
  Analyzed run(kLinear);
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->numbers->total.macs, 10 * 30);  // batch counts as 1 by default
  Evaluator evaluator(run.graph(), *run->shapes, *run->execution, *run->works);
  for (int64_t batch : {1, 7, 1000}) {
    absl::StatusOr<Numbers> n = evaluator.At({batch});
    ASSERT_TRUE(n.ok());
    EXPECT_EQ(n->total.macs, batch * 10 * 30);
    EXPECT_EQ(n->total.bytes_out, batch * 4 * 90);
    EXPECT_EQ(n->value_bytes[run.value("h").index], batch * 4 * 30);
    PassRequest bound;
    bound.bindings.dims = {{"batch", batch}};
    Analyzed same(kLinear, bound);
    EXPECT_EQ(same->numbers->total.macs, n->total.macs);
    EXPECT_EQ(same->numbers->total.flops, n->total.flops);
    EXPECT_EQ(same->numbers->total.bytes_in, n->total.bytes_in);
    EXPECT_TRUE(same->works->macs.known());
  }
}

TEST(Work, OverflowAtAPointNamesTheOp) {
  Analyzed run(kLinear);
  ASSERT_TRUE(run.ok());
  Evaluator evaluator(run.graph(), *run->shapes, *run->execution, *run->works);
  absl::StatusOr<Numbers> n = evaluator.At({int64_t{1} << 60});
  ASSERT_FALSE(n.ok());
  EXPECT_TRUE(absl::StrContains(n.status().message(), "MatMul")) << n.status();
  EXPECT_TRUE(absl::StrContains(n.status().message(), "64 bits")) << n.status();
}

TEST(Work, NarrowElementsTakeNarrowBytes) {
  Analyzed run(R"(
    arg %x: f16[3, 5]
    weight %w = i4[3, 5]
    weight %scale = f16[] {0.5}
    %d = DequantizeLinear(%w, %scale)
    %y = Mul(%x, %d)
    return %y
  )");
  ASSERT_TRUE(run.ok());
  const OpNumbers& n = run->numbers->of(run.op("DequantizeLinear"));
  EXPECT_EQ(n.bytes_weights, 8 + 2);  // 15 elements of 4 bits, rounded up; the scale
  EXPECT_EQ(n.bytes_out, 15 * 2);
  EXPECT_EQ(run->works->parameters, 15);  // the scale has rank 0
  EXPECT_EQ(run->works->weight_bytes, 8);
}

TEST(Work, ParametersCountEachStoredTensorOnce) {
  Analyzed run(R"(
    arg %x: f32[4, 4]
    weight %w = f32[4, 4]
    weight %unused = f32[7]
    weight %indices = i64[9]
    weight %scalar = f32[]
    weight %dims = i64[2] {4, 4}
    %alias = Identity(%w)
    %c = Constant() {value = tensor f32[3]}
    %old = ConstantOfShape(%dims)
    %mask = ConstantOfShape(%dims)
    %filled = Neg(%mask)
    %a = MatMul(%x, %w)
    %b = MatMul(%a, %alias)
    %d = MatMul(%b, %old)
    %e = Add(%d, %filled)
    return %e
  )");
  ASSERT_TRUE(run.ok());
  // w, unused, the Constant's tensor, and a weight stored as ConstantOfShape.
  EXPECT_EQ(run->works->parameters, 4 * 4 + 7 + 3 + 4 * 4);
  EXPECT_EQ(run->works->weight_bytes, 4 * (4 * 4 + 7 + 3 + 4 * 4));
}

TEST(Work, NumbersInAttributesAreWeights) {
  // Two trees of one node and two leaves each, as LightGBM's converter writes them; then a linear
  // model of 2 targets.
  Analyzed run(R"(
    arg %x: f32[b, 3]
    %t = TreeEnsembleRegressor<"ai.onnx.ml">(%x) {
      n_targets = 3,
      nodes_treeids = [0, 0, 0, 1, 1, 1], nodes_nodeids = [0, 1, 2, 0, 1, 2],
      nodes_featureids = [0, 0, 0, 2, 0, 0], nodes_modes = ["BRANCH_LEQ", "LEAF", "LEAF", "BRANCH_LEQ", "LEAF", "LEAF"],
      nodes_values = [0.5, 0.0, 0.0, 1.5, 0.0, 0.0],
      nodes_truenodeids = [1, 0, 0, 1, 0, 0], nodes_falsenodeids = [2, 0, 0, 2, 0, 0],
      target_treeids = [0, 0, 1, 1], target_nodeids = [1, 2, 1, 2], target_ids = [0, 1, 2, 0],
      target_weights = [1.0, 2.0, 3.0, 4.0]
    }
    %y = LinearRegressor<"ai.onnx.ml">(%t) {
      targets = 2, coefficients = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], intercepts = [0.5, 0.25]
    }
    return %y
  )");
  ASSERT_TRUE(run.ok());
  const int64_t trees = 6 + 4;       // thresholds, leaf weights; ids and modes are structure
  const int64_t linear = 2 * 3 + 2;  // coefficients, intercepts
  EXPECT_EQ(run->works->parameters, trees + linear);
  EXPECT_EQ(run->works->weight_bytes, 4 * (trees + linear));
  // Read once per run, however many rows there are.
  EXPECT_EQ(run.text(run->works->bytes_weights), absl::StrCat(4 * (trees + linear)));
  EXPECT_EQ(run->numbers->of(run.op("TreeEnsembleRegressor")).bytes_weights, 4 * trees);
  EXPECT_EQ(run->numbers->of(run.op("LinearRegressor")).bytes_weights, 4 * linear);
  const OpNumbers& total = run->numbers->total;
  EXPECT_EQ(total.bytes_weights, 4 * (trees + linear));
  // Kernels and memory agree.
  const Partition& partition = *run->partitions[0];
  EXPECT_EQ(partition.bytes_unfused, total.bytes());
  double weights = 0;
  for (const Partition::KernelOps& k : partition.kernels) weights += k.bytes_weights;
  EXPECT_EQ(weights, total.bytes_weights);
  EXPECT_EQ(run->memory->weights_bytes, 4 * (trees + linear));
}

TEST(Work, UnknownWorkIsApart) {
  Analyzed run(R"(
    arg %x: f32[4]
    %m = Mystery<"my.domain">(%x)
    %y = Exp(%x)
    return %y, %m
  )");
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->works->unknown_ops, 1);
  EXPECT_TRUE(run->works->is_unknown(run.op("Mystery")));
  EXPECT_FALSE(run->works->is_unknown(run.op("Exp")));
  EXPECT_EQ(run->numbers->unknown_ops, 1);
  EXPECT_EQ(run->numbers->running_ops, 2);
  EXPECT_EQ(run->numbers->total.transcendentals, 4);
}

TEST(Work, TotalsAreTheSumsOfOps) {
  Analyzed run(R"(
    arg %x: f32[b, 8, s]
    weight %n = i64[] {6}
    weight %yes = bool[] {1}
    %e = Exp(%x)
    %y = Loop(%n, %yes, %e) {
      body = {
        arg %i: i64[]
        arg %c: bool[]
        arg %u: f32[b, 8, s]
        %v = Add(%u, %e)
        return %c, %v
      }
    }
    return %y
  )");
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run.text(run->works->flops), absl::StrCat(6 * 8, "*b*s"));
  EXPECT_EQ(run.text(run->works->bytes_in), absl::StrCat(4 * (8 + 6 * 2 * 8), "*b*s"));
  OpNumbers sum;
  for (const OpNumbers& n : run->numbers->ops) {
    sum.flops += n.flops;
    sum.bytes_in += n.bytes_in;
    sum.bytes_out += n.bytes_out;
  }
  EXPECT_EQ(run->numbers->total.flops, sum.flops);
  EXPECT_EQ(run->numbers->total.bytes_in, sum.bytes_in);
  EXPECT_EQ(run->numbers->total.bytes_out, sum.bytes_out);
}

}  // namespace
}  // namespace assay
