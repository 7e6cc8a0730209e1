#include "passes/fallback.h"

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "hw/runtime.h"
#include "passes/passes_test_util.h"

namespace assay {
namespace {

// A device without memory of its own, behind a link of 1 GB/s; it has these operators.
std::shared_ptr<const Target> DeviceWith(std::vector<std::string> operators) {
  absl::StatusOr<std::shared_ptr<const Target>> shipped = FindTarget("coral-edge-tpu");
  EXPECT_TRUE(shipped.ok()) << shipped.status();
  auto target = std::make_shared<Target>(**shipped);
  target->operators = std::move(operators);
  target->host.clear();
  target->links = {{.name = "wire", .bandwidth = {.value = 1e9, .known = true}}};
  return target;
}

std::shared_ptr<const Runtime> RuntimeThat(AfterUnsupported after) {
  absl::StatusOr<std::shared_ptr<const Runtime>> shipped = FindRuntime("edgetpu");
  EXPECT_TRUE(shipped.ok()) << shipped.status();
  auto runtime = std::make_shared<Runtime>(**shipped);
  runtime->after_unsupported = after;
  return runtime;
}

PassRequest On(std::vector<std::string> operators,
               AfterUnsupported after = AfterUnsupported::kDevice) {
  PassRequest request;
  request.estimates.push_back(
      {.target = DeviceWith(std::move(operators)), .runtime = RuntimeThat(after)});
  return request;
}

// "Conv+Relu Sin:host ..." of the estimate's kernels.
std::string Sides(const Analyzed& run) {
  const ModelEstimate& e = *run->estimates[0];
  const Partition& partition = *run->partitions[e.partition];
  std::string out;
  for (size_t i = 0; i < partition.kernels.size(); ++i) {
    absl::StrAppend(&out, i == 0 ? "" : " ", partition.kernels[i].name,
                    e.results[i].fallback ? ":host" : "");
  }
  return out;
}

// Two convolutions of 16 channels on 8 x 8; between them what the device lacks.
constexpr absl::string_view kBetween = R"(
    arg %x: f32[1, 16, 8, 8]
    weight %w = f32[16, 16, 1, 1]
    %a = Conv(%x, %w)
    %b = Sin(%a)
    %c = Relu(%b)
    %y = Conv(%c, %w)
    return %y
)";

TEST(Fallback, WhatIsLackedCrossesAndComesBack) {
  Analyzed run(kBetween, On({"Conv", "Relu"}));
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(Sides(run), "Conv Sin:host Relu Conv");
  const ModelEstimate& e = *run->estimates[0];
  ASSERT_TRUE(e.fallback.has_value());
  ASSERT_EQ(e.fallback->lacking.size(), 1u);
  EXPECT_EQ(e.fallback->lacking[0], std::pair(std::string("Sin"), 1));
  EXPECT_EQ(e.fallback->ops, 1);
  EXPECT_EQ(e.fallback->mac_share, 0);
  // In int8: its input over the link, and its result back; then a launch, and both as operands.
  const double tensor = 16 * 8 * 8;
  EXPECT_EQ(e.fallback->bytes, 2 * tensor);
  EXPECT_NEAR(e.results[1].seconds,
              2 * tensor / 1e9 + e.platform->target->launch.value + 2 * tensor / 1e9, 1e-15);
  EXPECT_NEAR(e.fallback->time_share, e.results[1].seconds / e.latency_s, 1e-12);
  EXPECT_EQ(e.results[0].crossing_bytes, 0);
}

TEST(Fallback, ACompilerThatCutsOnceLeavesTheRestToTheHost) {
  Analyzed run(kBetween, On({"Conv", "Relu"}, AfterUnsupported::kHost));
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(Sides(run), "Conv Sin:host Relu:host Conv:host");
  const ModelEstimate& e = *run->estimates[0];
  ASSERT_TRUE(e.fallback.has_value());
  EXPECT_EQ(e.fallback->ops, 3);
  // One of two convolutions of equal work; only the first one's result crosses.
  EXPECT_NEAR(e.fallback->mac_share, 0.5, 1e-12);
  EXPECT_EQ(e.fallback->bytes, 16 * 8 * 8);
}

TEST(Fallback, BranchesThatDoNotNeedItStay) {
  Analyzed run(R"(
    arg %x: f32[1, 16, 8, 8]
    weight %w = f32[16, 16, 1, 1]
    %a = Sin(%x)
    %b = Conv(%x, %w)
    return %a, %b
)",
               On({"Conv"}, AfterUnsupported::kHost));
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(Sides(run), "Sin:host Conv");
  EXPECT_EQ(run->estimates[0]->fallback->bytes, 0);  // the model's inputs are on both sides
}

TEST(Fallback, ATensorCrossesOnceHoweverManyReadIt) {
  Analyzed run(R"(
    arg %x: f32[1, 16, 8, 8]
    weight %w = f32[16, 16, 1, 1]
    %a = Conv(%x, %w)
    %b = Sin(%a)
    %c = Cos(%a)
    %d = Add(%b, %c)
    %e = Conv(%b, %w)
    %f = Conv(%d, %w)
    return %e, %f
)",
               On({"Conv"}));
  ASSERT_TRUE(run.ok());
  // There: %a. Back: %b and %d.
  EXPECT_EQ(run->estimates[0]->fallback->bytes, 3 * 16 * 8 * 8);
}

TEST(Fallback, FusionKeepsTheSidesApart) {
  constexpr absl::string_view kChain = R"(
    arg %x: f32[1, 16, 8, 8]
    weight %w = f32[16, 16, 1, 1]
    %a = Conv(%x, %w)
    %b = Sigmoid(%a)
    %c = Relu(%b)
    return %c
)";
  Analyzed all(kChain, On({"Conv", "Sigmoid", "Relu"}));
  Analyzed some(kChain, On({"Conv", "Relu"}));
  ASSERT_TRUE(all.ok() && some.ok());
  EXPECT_FALSE(all->estimates[0]->fallback.has_value());
  EXPECT_EQ(Sides(some), "Conv Sigmoid:host Relu");
  // The report's own partition is of no target.
  EXPECT_EQ(all.kernels(), some.kernels());
}

TEST(Fallback, ViewsAndWhatNeedsNoInputStay) {
  Analyzed run(R"(
    arg %x: f32[1, 16, n, 8]
    weight %w = f32[16, 16, 1, 1]
    weight %to = i64[2] {16, -1}
    %a = Conv(%x, %w)
    %b = Reshape(%a, %to)
    %s = Shape(%x)
    %zeros = ConstantOfShape(%s)
    %c = Conv(%zeros, %w)
    return %b, %c
)",
               On({"Conv"}));
  ASSERT_TRUE(run.ok());
  EXPECT_FALSE(run->estimates[0]->fallback.has_value()) << Sides(run);
}

}  // namespace
}  // namespace assay
