#include "passes/resample.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "hw/runtime.h"
#include "hw/target.h"
#include "passes/pass_manager.h"
#include "passes/passes_test_util.h"

namespace assay {
namespace {

std::vector<EstimateRequest> On(const char* target, const char* runtime) {
  return {{.target = *FindTarget(target), .runtime = *FindRuntime(runtime)}};
}

std::vector<Sample> Samples(const Graph& graph, const std::vector<Point>& points,
                            const char* runtime = "ideal") {
  auto r = Resampler::Make(graph, {}, On("h100-sxm", runtime));
  EXPECT_TRUE(r.ok()) << r.status();
  if (!r.ok()) return {};
  auto samples = (*r)->Run(points, 1);
  EXPECT_TRUE(samples.ok()) << samples.status();
  return samples.ok() ? *samples : std::vector<Sample>();
}

TEST(Resample, ByHand) {
  // y = x w: 2 * b * 8 * 128 operations; 8 * 128 weights; b * (8 + 128) activations, of 4 bytes.
  const auto graph = GraphOf(R"(
    arg %x: f32[b, 8]
    weight %w = f32[8, 128]
    %y = MatMul(%x, %w)
    return %y
  )");
  const std::vector<Sample> s = Samples(*graph, {{1}, {1000}, {1'000'000}});
  ASSERT_EQ(s.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    const double b = i == 0 ? 1 : i == 1 ? 1000 : 1'000'000;
    EXPECT_EQ(s[i].batch, b);
    EXPECT_EQ(s[i].kernels, 1);
    EXPECT_FALSE(s[i].redone);
    EXPECT_EQ(s[i].weights_bytes, 8 * 128 * 4);
    EXPECT_EQ(s[i].activation_bytes, b * (8 + 128) * 4);
    EXPECT_DOUBLE_EQ(s[i].throughput_per_s, b / s[i].latency_s);
  }
  // The largest is limited by its 544 MB at 3.35 TB/s, behind a launch.
  EXPECT_EQ(s[2].limit, "HBM3");
  EXPECT_EQ(s[0].limit, "launch");
  EXPECT_NEAR(s[2].latency_s - s[0].latency_s, 1e6 * (8 + 128) * 4 / 3.35e12, 1e-6);
}

// A fusion that depends on a size: what is added must be smaller than the product, or as large.
TEST(Resample, AFusionThatFlipsIsRedone) {
  const auto graph = GraphOf(R"(
    arg %x: f32[b, 64]
    arg %z: f32[n, 128]
    weight %w = f32[64, 128]
    %y = MatMul(%x, %w)
    %a = Add(%y, %z)
    return %a
  )");
  auto r = Resampler::Make(*graph, {}, On("h100-sxm", "tensorrt"));
  ASSERT_TRUE(r.ok()) << r.status();
  const std::vector<Point> points = {{1, 8}, {8, 8}, {1, 4}, {1, 8}};
  auto samples = (*r)->Run(points, 1);
  if (!samples.ok()) GTEST_SKIP() << samples.status();
  for (size_t p = 0; p < points.size(); ++p) {
    absl::StatusOr<Analysis> full = RunPasses(*graph, {.point = points[p],
                                                       .fusions = {},
                                                       .estimates = On("h100-sxm", "tensorrt"),
                                                       .wanted = {Fact::kEstimates}});
    ASSERT_TRUE(full.ok());
    EXPECT_DOUBLE_EQ((*samples)[p].latency_s, full->estimates[0]->latency_s) << p;
    EXPECT_EQ((*samples)[p].kernels, static_cast<int>(full->estimates[0]->kernels.size()));
    EXPECT_EQ((*samples)[p].redone, (*samples)[p].kernels != (*samples)[0].kernels);
  }
}

// An If whose condition is known once the size is a number.
TEST(Resample, ABranchThatFlipsIsRedone) {
  const auto graph = GraphOf(R"(
    arg %x: f32[b, 64]
    weight %w = f32[64, 64]
    weight %zero = i64[] {0}
    weight %ten = i64[] {10}
    %s = Shape(%x)
    %n = Gather(%s, %zero) {axis = 0}
    %c = Less(%n, %ten)
    %y = If(%c) {
      then_branch = { %p = Relu(%x) return %p },
      else_branch = { %q = MatMul(%x, %w) return %q }
    }
    return %y
  )");
  ASSERT_NE(graph, nullptr);
  // Undecided, it takes the product; below 10 it is the Relu.
  const std::vector<Sample> s = Samples(*graph, {{16}, {9}, {10}, {1}});
  ASSERT_EQ(s.size(), 4u);
  EXPECT_FALSE(s[0].redone);
  EXPECT_TRUE(s[1].redone);
  EXPECT_FALSE(s[2].redone);
  EXPECT_TRUE(s[3].redone);
  // (And the 8 bytes of the ten.)
  EXPECT_EQ(s[0].weights_bytes, 64 * 64 * 4 + 8);
  EXPECT_EQ(s[1].weights_bytes, 0);
  EXPECT_EQ(s[2].weights_bytes, 64 * 64 * 4 + 8);
}

TEST(Resample, SaysWhatCannotBe) {
  const auto graph = GraphOf(R"(
    arg %x: f32[1, 1, h, 8]
    weight %w = f32[1, 1, 3, 3]
    %y = Conv(%x, %w)
    return %y
  )");
  auto r = Resampler::Make(*graph, {}, On("h100-sxm", "ideal"));
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_TRUE((*r)->Run({{3}}, 1).ok());
  const auto bad = (*r)->Run({{8}, {1}}, 1);
  ASSERT_FALSE(bad.ok());
  EXPECT_NE(bad.status().message().find("at h=1: "), std::string::npos) << bad.status();
}

TEST(Resample, ThreadsMakeNoDifference) {
  const auto graph = GraphOf(R"(
    arg %x: f32[b, 64]
    weight %w = f32[64, 128]
    %y = MatMul(%x, %w)
    %z = Relu(%y)
    return %z
  )");
  std::vector<Point> points;
  for (int64_t b = 1; b <= 500; ++b) points.push_back({b});
  auto one = Resampler::Make(*graph, {}, On("i7-12700k", "ideal"));
  auto many = Resampler::Make(*graph, {}, On("i7-12700k", "ideal"));
  ASSERT_TRUE(one.ok() && many.ok());
  const auto a = (*one)->Run(points, 1), b = (*many)->Run(points, 4);
  ASSERT_TRUE(a.ok() && b.ok());
  for (size_t i = 0; i < a->size(); ++i) EXPECT_EQ((*a)[i].latency_s, (*b)[i].latency_s);
}

}  // namespace
}  // namespace assay
