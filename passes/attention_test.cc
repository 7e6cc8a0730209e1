#include "passes/attention.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "passes/partition.h"
#include "passes/passes_test_util.h"

namespace assay {
namespace {

PassRequest Greedy(double scratchpad = 0) {
  PassRequest request;
  request.fusions = {{.policy = "greedy", .scratchpad_bytes = scratchpad}};
  request.verify = true;
  return request;
}

// Two heads of 4 over 6 tokens.
constexpr absl::string_view kProjections = R"(
    arg %x: f32[1, 6, 8]
    arg %mask: f32[1, 1, 6, 6]
    weight %wq = f32[8, 8]
    weight %wk = f32[8, 8]
    weight %wv = f32[8, 8]
    weight %wo = f32[8, 8]
    weight %b = f32[8]
    weight %c = f32[] {0.5}
    weight %zero = f32[] {0.0}
    weight %last = i64[1] {3}
    weight %heads = i64[4] {1, 6, 2, 4}
    weight %flat = i64[3] {1, 6, 8}
    %mq = MatMul(%x, %wq)
    %aq = Add(%mq, %b)
    %rq = Reshape(%aq, %heads)
    %q = Transpose(%rq) {perm = [0, 2, 1, 3]}
    %mk = MatMul(%x, %wk)
    %rk = Reshape(%mk, %heads)
    %k = Transpose(%rk) {perm = [0, 2, 3, 1]}
    %mv = MatMul(%x, %wv)
    %av = Add(%mv, %b)
    %rv = Reshape(%av, %heads)
    %v = Transpose(%rv) {perm = [0, 2, 1, 3]}
)";
constexpr absl::string_view kOutput = R"(
    %t = Transpose(%o) {perm = [0, 2, 1, 3]}
    %r = Reshape(%t, %flat)
    %y = MatMul(%r, %wo)
    %z = Add(%y, %b)
    return %z
)";
std::string Model(absl::string_view heart) { return absl::StrCat(kProjections, heart, kOutput); }

TEST(Attention, ProjectionsHeartAndOutputAreThreeKernels) {
  Analyzed run(Model(R"(
    %s = MatMul(%q, %k)
    %s2 = Mul(%s, %c)
    %s3 = Add(%s2, %mask)
    %p = Softmax(%s3) {axis = -1}
    %o = MatMul(%p, %v)
  )"),
               Greedy());
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run.kernels(), "MatMul+Add|MatMul|MatMul+Add Attention MatMul+Add");
  const Partition& p = *run->partitions[0];
  const Partition::KernelOps &qkv = p.kernels[0], &attention = p.kernels[1];
  const double tokens = 4 * 6 * 8, matrix = 4 * 8 * 8, bias = 4 * 8;
  EXPECT_EQ(qkv.pattern, "qkv-projection");
  EXPECT_EQ(qkv.bytes_read, tokens);  // x once, not three times
  EXPECT_EQ(qkv.bytes_weights, 3 * matrix + bias);
  EXPECT_EQ(qkv.bytes_written, 3 * tokens);
  EXPECT_EQ(qkv.more_anchors.size(), 2u);
  // Reads q, k, v and the mask, and writes the result: scores never leave the kernel.
  EXPECT_EQ(attention.pattern, "attention");
  EXPECT_EQ(attention.bytes_read, 3 * tokens + 4 * 6 * 6);
  EXPECT_EQ(attention.bytes_written, tokens);
  EXPECT_EQ(attention.anchor, run.op("MatMul", 3));
  EXPECT_EQ(attention.more_anchors, (std::vector<OpId>{run.op("MatMul", 4)}));
}

TEST(Attention, ScaleMayStandOnQAndKAndGuardsBehindTheSoftmax) {
  Analyzed run(Model(R"(
    %q2 = Mul(%q, %c)
    %k2 = Mul(%k, %c)
    %s = MatMul(%q2, %k2)
    %s3 = Add(%s, %mask)
    %p = Softmax(%s3) {axis = -1}
    %n = IsNaN(%p)
    %p2 = Where(%n, %zero, %p)
    %o = MatMul(%p2, %v)
  )"),
               Greedy());
  EXPECT_EQ(run.kernels(), "MatMul+Add|MatMul|MatMul+Add Attention MatMul+Add");
}

TEST(Attention, ASoftmaxInPiecesIsOne) {
  Analyzed run(Model(R"(
    %s = MatMul(%q, %k)
    %w = Add(%s, %mask)
    %m = ReduceMax(%w, %last)
    %d = Sub(%w, %m)
    %e = Exp(%d)
    %sum = ReduceSum(%e, %last)
    %p = Div(%e, %sum)
    %o = MatMul(%p, %v)
  )"),
               Greedy());
  ASSERT_TRUE(run.ok());
  EXPECT_TRUE(absl::StrContains(run.kernels(), " Attention ")) << run.kernels();
}

TEST(Attention, ScoresThatAreNeededOutsideAreNotHidden) {
  const std::string text = Model(R"(
    %s = MatMul(%q, %k)
    %p = Softmax(%s) {axis = -1}
    %o = MatMul(%p, %v)
  )");
  Analyzed run(text.substr(0, text.rfind("return")) + "return %z, %p\n", Greedy());
  ASSERT_TRUE(run.ok());
  EXPECT_FALSE(absl::StrContains(run.kernels(), "Attention")) << run.kernels();
}

TEST(Attention, ASoftmaxWithoutProductsIsNone) {
  Analyzed run(R"(
    arg %x: f32[4, 8]
    weight %w = f32[8, 8]
    %s = MatMul(%x, %w)
    %p = Softmax(%s)
    %y = MatMul(%p, %w)
    return %y
  )",
               Greedy());
  EXPECT_EQ(run.kernels(), "MatMul Softmax MatMul");
}

TEST(Attention, RepeatedKeysAreReadBeforeTheyAreRepeated) {
  // Four heads of queries on one head of keys and values.
  Analyzed run(R"(
    arg %q: f32[1, 4, 6, 8]
    arg %k: f32[1, 1, 6, 8]
    arg %v: f32[1, 1, 6, 8]
    weight %times = i64[4] {1, 4, 6, 8}
    %ks = Expand(%k, %times)
    %vs = Expand(%v, %times)
    %kt = Transpose(%ks) {perm = [0, 1, 3, 2]}
    %s = MatMul(%q, %kt)
    %p = Softmax(%s) {axis = -1}
    %o = MatMul(%p, %vs)
    return %o
  )",
               Greedy());
  EXPECT_EQ(run.kernels(), "Attention");
  EXPECT_EQ(run->partitions[0]->bytes_fused, 4 * (4 * 6 * 8 + 2 * 6 * 8 + 4 * 6 * 8) + 8 * 4);
}

TEST(Attention, OneTensorCutInThreeIsReadOnceAsAWhole) {
  Analyzed run(R"(
    arg %x: f32[6, 2, 24]
    weight %i0 = i64[] {0}
    weight %i1 = i64[] {1}
    weight %i2 = i64[] {2}
    weight %cut = i64[4] {3, 6, 2, 8}
    %r = Reshape(%x, %cut)
    %q = Gather(%r, %i0) {axis = 0}
    %k = Gather(%r, %i1) {axis = 0}
    %v = Gather(%r, %i2) {axis = 0}
    %qt = Transpose(%q) {perm = [1, 0, 2]}
    %kt = Transpose(%k) {perm = [1, 2, 0]}
    %vt = Transpose(%v) {perm = [1, 0, 2]}
    %s = MatMul(%qt, %kt)
    %p = Softmax(%s) {axis = -1}
    %o = MatMul(%p, %vt)
    return %o
  )",
               Greedy());
  EXPECT_EQ(run.kernels(), "Attention");
  // Three parts of 6 x 2 x 8, and the indices.
  EXPECT_EQ(run->partitions[0]->kernels[0].bytes_read, 4 * 3 * 6 * 2 * 8);
}

TEST(Attention, TheScratchpadHoldsATileOfScores) {
  const std::string text = Model(R"(
    %s = MatMul(%q, %k)
    %p = Softmax(%s) {axis = -1}
    %o = MatMul(%p, %v)
  )");
  Analyzed run(text, Greedy(/*scratchpad=*/1));
  EXPECT_TRUE(absl::StrContains(run.kernels(), " Attention ")) << run.kernels();
}

}  // namespace
}  // namespace assay
