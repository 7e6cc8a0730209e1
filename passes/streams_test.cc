#include "passes/streams.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "gtest/gtest.h"
#include "passes/passes_test_util.h"

namespace assay {
namespace {

std::shared_ptr<const Runtime> WithStreams(int streams) {
  absl::StatusOr<std::shared_ptr<const Runtime>> ideal = FindRuntime("ideal");
  EXPECT_TRUE(ideal.ok());
  auto runtime = std::make_shared<Runtime>(**ideal);
  runtime->fusion = "none";
  runtime->streams = streams;
  return runtime;
}

// The same model on 1, 2 and 8 streams of an H100.
std::vector<ModelEstimate> OnStreams(absl::string_view text) {
  PassRequest request;
  const auto target = FindTarget("h100-sxm");
  EXPECT_TRUE(target.ok());
  for (int streams : {1, 2, 8}) {
    request.estimates.push_back({.target = *target, .runtime = WithStreams(streams)});
  }
  Analyzed run(text, request);
  EXPECT_TRUE(run.ok());
  std::vector<ModelEstimate> out;
  for (const auto& e : run->estimates) out.push_back(*e);
  return out;
}

// Four small kernels: a; b and c behind it; d behind both.
TEST(Streams, SmallBranchesRunSideBySide) {
  const std::vector<ModelEstimate> e = OnStreams(R"(
    arg %x: f32[64]
    %a = Exp(%x)
    %b = Sin(%a)
    %c = Cos(%a)
    %d = Add(%b, %c)
    return %d
  )");
  ASSERT_EQ(e.size(), 3u);
  ASSERT_EQ(e[0].results.size(), 4u);
  const double a = e[0].results[0].seconds, b = e[0].results[1].seconds,
               c = e[0].results[2].seconds, d = e[0].results[3].seconds;
  EXPECT_DOUBLE_EQ(e[0].latency_s, a + b + c + d);
  EXPECT_DOUBLE_EQ(e[1].latency_s, a + std::max(b, c) + d);
  EXPECT_DOUBLE_EQ(e[2].latency_s, e[1].latency_s);
  for (const ModelEstimate& each : e) {
    double shares = 0;
    for (const BoundShare& share : each.bounds) shares += share.time_share;
    EXPECT_NEAR(shares, 1, 1e-12);
    EXPECT_LE(each.latency_low_s, each.latency_s);
    EXPECT_GE(each.latency_high_s, each.latency_s);
  }
}

TEST(Streams, AChainGainsNothing) {
  const std::vector<ModelEstimate> e = OnStreams(R"(
    arg %x: f32[64]
    %a = Exp(%x)
    %b = Sin(%a)
    return %b
  )");
  EXPECT_DOUBLE_EQ(e[1].latency_s, e[0].latency_s);
}

// Four sums of 2^28 numbers each: the memory is what they share.
TEST(Streams, TheMemoryIsShared) {
  const std::vector<ModelEstimate> e = OnStreams(R"(
    arg %x: f32[268435456]
    arg %y: f32[268435456]
    %a = Add(%x, %y)
    %b = Sub(%x, %y)
    %c = Mul(%x, %y)
    %d = Div(%x, %y)
    return %a, %b, %c, %d
  )");
  double memory = 0;
  for (const KernelEstimate& k : e[0].results) {
    for (const ResourceUse& part : k.parts) {
      if (part.is_memory && part.name == "HBM3") memory += part.seconds;
    }
  }
  EXPECT_GT(memory, 0);
  EXPECT_DOUBLE_EQ(e[2].latency_s, memory);
  EXPECT_LT(e[2].latency_s, e[0].latency_s);  // launches are hidden
}

}  // namespace
}  // namespace assay
