#include "passes/kernels.h"

#include "gtest/gtest.h"
#include "passes/cache.h"
#include "passes/passes_test_util.h"

namespace assay {
namespace {

TEST(Kernels, WhatStaysInsideNeedsNoBuffer) {
  Analyzed run(R"(
    arg %x: f32[1, 8, 4, 4]
    weight %w = f32[8, 8, 1, 1]
    %c = Conv(%x, %w)
    %r = Relu(%c)
    %d = Conv(%r, %w)
    return %d
  )");
  ASSERT_TRUE(run.ok());
  const double tensor = 4 * 8 * 16;
  const KernelPlan& plan = *run->kernel_plans[0];
  ASSERT_EQ(run.kernels(), "Conv+Relu Conv");
  EXPECT_EQ(run->memory->buffers.size(), 4u);  // x c r d
  EXPECT_EQ(plan.memory.buffers.size(), 3u);   // x r d
  EXPECT_EQ(plan.memory.peak_activation_bytes, 2 * tensor);
  EXPECT_EQ(plan.memory.live, (std::vector<double>{2 * tensor, 2 * tensor}));
  EXPECT_EQ(plan.concurrency.stages, 2);
  EXPECT_EQ(plan.concurrency.critical_nodes, (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(plan.concurrency.profile[0].flops, 2 * 8 * 8 * 16);
}

TEST(Kernels, UnfusedTheyAreTheOps) {
  PassRequest request;
  request.fusions = {{.policy = "none"}};
  Analyzed run(R"(
    arg %x: f32[1, 8, 4, 4]
    weight %w = f32[8, 8, 1, 1]
    %c = Conv(%x, %w)
    %a = Relu(%c)
    %b = Exp(%c)
    %d = Add(%a, %b)
    return %d
  )",
               request);
  ASSERT_TRUE(run.ok());
  const KernelPlan& plan = *run->kernel_plans[0];
  EXPECT_EQ(plan.memory.peak_activation_bytes, run->memory->peak_activation_bytes);
  EXPECT_EQ(plan.memory.peak_inplace_bytes, run->memory->peak_inplace_bytes);
  EXPECT_EQ(plan.memory.live, run->memory->live);
  EXPECT_EQ(plan.concurrency.width, run->concurrency->width);
  EXPECT_EQ(plan.concurrency.critical_flops, run->concurrency->critical_flops);
}

// A kernel stands where its first op does in the partition, and runs when all that it reads is
// there.
TEST(Kernels, RunWhenWhatTheyReadIsThere) {
  Analyzed run(R"(
    arg %x: f32[4, 8]
    weight %w = f32[8, 8]
    %m = MatMul(%x, %w)
    %e = Exp(%x)
    %s = Add(%m, %e)
    %t = Relu(%s)
    return %t
  )");
  ASSERT_TRUE(run.ok());
  const KernelPlan& plan = *run->kernel_plans[0];
  std::vector<int32_t> place(plan.memory.order.size());
  for (size_t i = 0; i < place.size(); ++i) place[plan.memory.order[i]] = static_cast<int32_t>(i);
  const Partition& p = *run->partitions[0];
  const int32_t exp = p.kernel_of[run.op("Exp").index], add = p.kernel_of[run.op("Add").index];
  EXPECT_LT(place[exp], place[add]);
}

TEST(Kernels, ThreadsLieAlongTheAxesOfTheResult) {
  Analyzed run(R"(
    arg %x: f32[2, 8, 6, 6]
    arg %q: f32[2, 4, 16, 32]
    arg %k: f32[2, 4, 32, 20]
    weight %w = f32[12, 4, 3, 3]
    %c = Conv(%x, %w) {group = 2}
    %s = MatMul(%q, %k)
    %p = MaxPool(%x) {kernel_shape = [2, 2], strides = [2, 2]}
    return %c, %s, %p
  )");
  ASSERT_TRUE(run.ok());
  const std::vector<KernelPlan::Threads>& t = run->kernel_plans[0]->threads;
  ASSERT_EQ(t.size(), 3u);
  EXPECT_EQ(t[0].batch, 2);
  EXPECT_EQ(t[0].channel, 12);
  EXPECT_EQ(t[0].space, 4 * 4);
  EXPECT_EQ(t[0].all(), 2 * 12 * 4 * 4);
  EXPECT_EQ(t[1].batch, 2);
  EXPECT_EQ(t[1].heads, 4);
  EXPECT_EQ(t[1].space, 16);
  EXPECT_EQ(t[1].channel, 20);
  EXPECT_EQ(t[2].all(), 2 * 8 * 3 * 3);
}

TEST(Caches, AreFoundByWhatContinuesThem) {
  Analyzed run(R"(
    arg %x: f32[1, 2, 1, 8]
    arg %past_k: f32[1, 2, 5, 8]
    arg %state: f32[1, 2, 5, 8]
    arg %other: f32[1, 2, 5, 8]
    weight %at = i64[1, 1] {0}
    weight %new = f32[1, 2, 5, 8]
    %now = Concat(%past_k, %x) {axis = 2}
    %used = Exp(%now)
    %written = ScatterND(%state, %at, %new)
    %gathered = Concat(%other, %x) {axis = 2}
    return %now, %used, %written, %gathered
  )");
  ASSERT_TRUE(run.ok());
  // `gathered` is read by nothing else: its inputs are no cache.
  ASSERT_EQ(run->memory->caches.size(), 2u);
  EXPECT_EQ(run->memory->caches[0].past, run.value("past_k"));
  EXPECT_EQ(run->memory->caches[0].present, run.value("now"));
  EXPECT_EQ(run->memory->caches[0].past_bytes, 4 * 2 * 5 * 8);
  EXPECT_EQ(run->memory->caches[0].present_bytes, 4 * 2 * 6 * 8);
  EXPECT_EQ(run->memory->caches[1].past, run.value("state"));
  EXPECT_EQ(run->memory->caches[1].present, run.value("written"));
}

TEST(Caches, AreFoundByName) {
  Analyzed run(R"(
    arg %past_key_values.0.key: f32[1, 2]
    arg %past_key_values.1.key: f32[1, 2]
    arg %x: f32[1, 2]
    %present.1.key = Add(%past_key_values.1.key, %x)
    %present.0.key = Add(%past_key_values.0.key, %x)
    return %present.0.key, %present.1.key
  )");
  ASSERT_TRUE(run.ok());
  ASSERT_EQ(run->memory->caches.size(), 2u);
  EXPECT_EQ(run->memory->caches[0].present, run.value("present.0.key"));
  EXPECT_EQ(run->memory->caches[1].present, run.value("present.1.key"));
}

}  // namespace
}  // namespace assay
