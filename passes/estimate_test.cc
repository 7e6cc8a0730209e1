#include "passes/estimate.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "passes/passes_test_util.h"

namespace assay {
namespace {

std::shared_ptr<const Target> TargetOf(absl::string_view name) {
  absl::StatusOr<std::shared_ptr<const Target>> target = FindTarget(name);
  EXPECT_TRUE(target.ok()) << target.status();
  return target.ok() ? *target : nullptr;
}

PassRequest On(absl::string_view target, absl::string_view precision = "") {
  PassRequest request;
  request.estimates.push_back({.target = TargetOf(target), .precision = std::string(precision)});
  return request;
}

// Two layers: 4096 x 4096 weights, a batch of 64.
constexpr absl::string_view kLayers = R"(
    arg %x: f32[64, 4096]
    weight %w1 = f32[4096, 4096]
    weight %w2 = f32[4096, 4096]
    %h = MatMul(%x, %w1)
    %r = Relu(%h)
    %y = MatMul(%r, %w2)
    return %y
)";

TEST(Estimate, KernelsCarryTheirWorkAndOperands) {
  Analyzed run(kLayers, On("h100-sxm"));
  ASSERT_TRUE(run.ok());
  ASSERT_EQ(run->estimates.size(), 1u);
  const ModelEstimate& e = *run->estimates[0];
  ASSERT_EQ(e.kernels.size(), 2u);
  const Kernel& k = e.kernels[0];
  EXPECT_EQ(k.macs, 64.0 * 4096 * 4096);
  EXPECT_EQ(k.flops, 2 * 64.0 * 4096 * 4096);
  EXPECT_EQ(k.comparisons, 64 * 4096);
  EXPECT_EQ(k.ops, 2);
  ASSERT_TRUE(k.loops.has_value());
  EXPECT_EQ(k.loops->m * k.loops->batch, 64);
  EXPECT_EQ(k.loops->n, 4096);
  EXPECT_EQ(k.loops->k, 4096);
  ASSERT_EQ(k.operands.size(), 3u);
  EXPECT_EQ(k.operands[0].what, Kernel::Operand::What::kActivationIn);
  EXPECT_EQ(k.operands[0].bytes, 4 * 64 * 4096);
  EXPECT_EQ(k.operands[1].what, Kernel::Operand::What::kWeight);
  EXPECT_EQ(k.operands[1].bytes, 4.0 * 4096 * 4096);
  EXPECT_EQ(k.operands[2].what, Kernel::Operand::What::kActivationOut);
}

TEST(Estimate, ReuseDistancesAreTheTrafficBetween) {
  Analyzed run(kLayers, On("h100-sxm"));
  ASSERT_TRUE(run.ok());
  const ModelEstimate& e = *run->estimates[0];
  const double act = 4.0 * 64 * 4096, weight = 4.0 * 4096 * 4096, never = Kernel::Operand::kNever;
  const Kernel &first = e.kernels[0], &second = e.kernels[1];
  EXPECT_EQ(first.operands[0].reuse_distance, never);             // the model's input
  EXPECT_EQ(first.operands[1].reuse_distance, 2 * act + weight);  // once per run: the other kernel
  EXPECT_EQ(first.operands[2].reuse_distance, 0);                 // read next
  EXPECT_EQ(second.operands[0].reuse_distance, 0);
  EXPECT_EQ(second.operands[1].reuse_distance, 2 * act + weight);
  EXPECT_EQ(second.operands[2].reuse_distance, never);  // the model's output
}

TEST(Estimate, TheModelIsTheSumOfItsKernels) {
  Analyzed run(kLayers, On("h100-sxm"));
  ASSERT_TRUE(run.ok());
  const ModelEstimate& e = *run->estimates[0];
  double seconds = 0, low = 0, high = 0;
  for (const KernelEstimate& k : e.results) {
    seconds += k.seconds;
    low += k.low;
    high += k.high;
  }
  EXPECT_DOUBLE_EQ(e.latency_s, seconds);
  EXPECT_DOUBLE_EQ(e.latency_low_s, low);
  EXPECT_DOUBLE_EQ(e.latency_high_s, high);
  EXPECT_LT(e.latency_low_s, e.latency_s);
  EXPECT_EQ(e.batch, 64);
  EXPECT_DOUBLE_EQ(e.throughput_per_s, 64 / e.latency_s);
  EXPECT_NEAR(e.time_share[0] + e.time_share[1] + e.time_share[2], 1, 1e-12);
  EXPECT_NEAR(e.op_share[0] + e.op_share[1] + e.op_share[2], 1, 1e-12);
  double shares = 0;
  for (const BoundShare& share : e.bounds) shares += share.time_share;
  EXPECT_NEAR(shares, 1, 1e-12);
  EXPECT_GT(e.utilization, 0);
  EXPECT_LE(e.utilization, 1);
  EXPECT_EQ(e.platform->calibration_label, "uncalibrated");
  EXPECT_FALSE(e.assumptions.empty());
}

TEST(Estimate, NeverFasterThanTheRoofline) {
  for (const char* target : {"h100-sxm", "i7-12700k"}) {
    Analyzed run(kLayers, On(target));
    ASSERT_TRUE(run.ok());
    const ModelEstimate& e = *run->estimates[0];
    const double flops = 2 * 2 * 64.0 * 4096 * 4096;
    EXPECT_GE(e.latency_s, flops / e.platform->target->BestRate(Math::kFp32)) << target;
  }
}

TEST(Estimate, MemoryIsWeightsAndPeakAtTheWidthInForce) {
  const double act = 4.0 * 64 * 4096, weight = 4.0 * 4096 * 4096;
  Analyzed run(kLayers, On("h100-sxm"));
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->estimates[0]->memory_needed_bytes, 2 * weight + 2 * act);
  EXPECT_TRUE(run->estimates[0]->fits.value());
  Analyzed half(kLayers, On("h100-sxm", "fp16"));
  ASSERT_TRUE(half.ok());
  EXPECT_EQ(half->estimates[0]->memory_needed_bytes, weight + act);
  EXPECT_EQ(half->estimates[0]->kernels[0].operands[1].bytes, weight / 2);
  EXPECT_EQ(half->estimates[0]->kernels[0].operands[1].dtype, DType::kF16);
  EXPECT_LT(half->estimates[0]->latency_s, run->estimates[0]->latency_s);
}

TEST(Estimate, FitsLevelByLevel) {
  const double act = 4.0 * 64 * 4096, weight = 4.0 * 4096 * 4096, mib = 1 << 20;
  Analyzed run(kLayers, On("i7-12700k"));
  ASSERT_TRUE(run.ok());
  const ModelEstimate& e = *run->estimates[0];
  EXPECT_EQ(e.weights_bytes, 2 * weight);  // 128 MiB
  EXPECT_EQ(e.activation_bytes, 2 * act);  // 2 MiB
  struct Row {
    const char* level;
    double bytes;
    bool weights, activations, both;
  };
  // Of each core's own, one counts.
  const Row rows[] = {
      {"L1 P", 48 * 1024, false, false, false},  {"L1 E", 32 * 1024, false, false, false},
      {"L2 P", 1.25 * mib, false, false, false}, {"L2 E", 0.5 * mib, false, false, false},
      {"L3", 25 * mib, false, true, false},      {"DDR5-4800", 128e9, true, true, true}};
  ASSERT_EQ(e.levels.size(), std::size(rows));
  for (size_t i = 0; i < std::size(rows); ++i) {
    const LevelFit& fit = e.levels[i];
    EXPECT_EQ(e.platform->target->memory[fit.level].name, rows[i].level);
    EXPECT_EQ(fit.bytes, rows[i].bytes) << rows[i].level;
    EXPECT_EQ(fit.weights, rows[i].weights) << rows[i].level;
    EXPECT_EQ(fit.activations, rows[i].activations) << rows[i].level;
    EXPECT_EQ(fit.both, rows[i].both) << rows[i].level;
  }
  // Registers hold nothing; a host's memory has no size.
  Analyzed gpu(kLayers, On("h100-sxm")), edge(kLayers, On("coral-edge-tpu"));
  EXPECT_EQ(gpu->estimates[0]->levels.size(), 3u);
  EXPECT_EQ(edge->estimates[0]->levels.back().both, std::nullopt);
  EXPECT_EQ(edge->estimates[0]->fits, std::nullopt);
}

// 1000 sums stand beside what Relu makes of them, unless the two are one kernel.
TEST(Estimate, FitsByThePeakOfTheRuntimesKernels) {
  constexpr absl::string_view kChain = R"(
    arg %x: f32[1, 10]
    weight %w = f32[10, 1000]
    %y = MatMul(%x, %w)
    %z = Relu(%y)
    return %z
  )";
  PassRequest request = On("h100-sxm");
  request.estimates.push_back(request.estimates[0]);
  request.estimates[1].runtime = *FindRuntime("pytorch-eager");
  Analyzed run(kChain, request);
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->estimates[0]->activation_bytes, 4 * 10 + 4 * 1000);
  EXPECT_EQ(run->estimates[1]->activation_bytes, 2 * 4 * 1000);
}

TEST(Estimate, InstancesSideBySide) {
  PassRequest request = On("xeon-8380");
  request.estimates.push_back(request.estimates[0]);
  request.estimates[0].share = {.cores = 5, .instances = 8};
  request.estimates[1].share = {.cores = 5};
  Analyzed run(kLayers, request);
  ASSERT_TRUE(run.ok());
  const ModelEstimate &e = *run->estimates[0], &alone = *run->estimates[1];
  EXPECT_EQ(e.platform->target->unit_count(), 5);
  EXPECT_GE(e.latency_s, alone.latency_s);
  EXPECT_DOUBLE_EQ(e.throughput_per_s, 8 * 64 / e.latency_s);
  EXPECT_DOUBLE_EQ(alone.throughput_per_s, 64 / alone.latency_s);
  EXPECT_DOUBLE_EQ(e.memory_bytes, 4e12 / 8);
  EXPECT_EQ(e.memory_needed_bytes, alone.memory_needed_bytes);
}

// The power is that of the machine: of all instances and all that idles.
TEST(Estimate, PowerIsOfAllInstances) {
  auto known = std::make_shared<Target>(*TargetOf("i7-12700k"));
  for (MemoryLevel& level : known->memory) level.energy = {.value = 1e-12, .known = true};
  PassRequest request;
  request.estimates = {{.target = known, .share = {.cores = 4, .instances = 3}}};
  Analyzed run(kLayers, request);
  ASSERT_TRUE(run.ok());
  const ModelEstimate& e = *run->estimates[0];
  ASSERT_TRUE(e.power_w.has_value());
  EXPECT_DOUBLE_EQ(*e.power_w, 3 * *e.energy.joules / e.latency_s);
  EXPECT_DOUBLE_EQ(*e.energy.parts[0].joules, 36.0 / 3 * e.latency_s);
  EXPECT_EQ(e.above_design_power, *e.power_w > 190);
}

// Two layers of 512 columns (hw/fill_test.cc: 32 of 40 cores up to 8 rows, all from 16 on), and one
// of 16 times as many, which always fills them.
TEST(Estimate, TheBatchThatFillsMostUnitsByMacs) {
  constexpr absl::string_view kNarrow = R"(
    arg %x: f32[4, 2048]
    weight %w1 = f32[2048, 512]
    weight %w2 = f32[512, 512]
    %h = MatMul(%x, %w1)
    %y = MatMul(%h, %w2)
    return %y
  )";
  constexpr absl::string_view kWide = R"(
    arg %x: f32[4, 2048]
    weight %w1 = f32[2048, 8192]
    weight %w2 = f32[8192, 16]
    %h = MatMul(%x, %w1)
    %y = MatMul(%h, %w2)
    return %y
  )";
  PassRequest request = On("xeon-8380");
  Analyzed quiet(kNarrow, request);
  EXPECT_FALSE(quiet->estimates[0]->fill.has_value());
  request.estimates[0].fill = true;
  Analyzed narrow(kNarrow, request), wide(kWide, request);
  ASSERT_TRUE(narrow->estimates[0]->fill.has_value());
  EXPECT_EQ(narrow->estimates[0]->fill->batch, 16);
  EXPECT_DOUBLE_EQ(narrow->estimates[0]->fill->share, 32.0 / 40);
  EXPECT_EQ(narrow->estimates[0]->fill->median_units, 32);
  // 2048 x 8192 of 2048 x 8192 + 8192 x 16 is more than nine in ten.
  EXPECT_EQ(wide->estimates[0]->fill->batch, 1);
  Analyzed nothing("arg %x: f32[4]\n%y = Exp(%x)\nreturn %y", request);
  EXPECT_FALSE(nothing->estimates[0]->fill.has_value());
}

TEST(Estimate, AModelTooLargeDoesNotFit) {
  Analyzed run(R"(
    arg %x: f32[1, 65536]
    weight %w = f32[65536, 1048576]
    %y = MatMul(%x, %w)
    return %y
  )",
               On("h100-sxm"));
  ASSERT_TRUE(run.ok());  // 256 GiB of weights on an 80 GB device
  EXPECT_FALSE(run->estimates[0]->fits.value());
}

TEST(Estimate, LoopsCountEveryTrip) {
  auto body = [](int trips) {
    return absl::StrCat("arg %x: f32[64, 512]\nweight %w = f32[512, 512]\nweight %n = i64[] {",
                        trips,
                        R"(}
    weight %yes = bool[] {1}
    %y = Loop(%n, %yes, %x) {
      body = {
        arg %i: i64[]
        arg %c: bool[]
        arg %s: f32[64, 512]
        %v = MatMul(%s, %w)
        return %c, %v
      }
    }
    return %y)");
  };
  Analyzed one(body(1), On("h100-sxm")), ten(body(10), On("h100-sxm"));
  ASSERT_TRUE(one.ok());
  ASSERT_TRUE(ten.ok());
  ASSERT_EQ(ten->estimates[0]->results.size(), 2u);  // the Loop and its body
  const ModelEstimate &a = *one->estimates[0], &b = *ten->estimates[0];
  EXPECT_DOUBLE_EQ(b.latency_s, b.results[0].seconds + 10 * b.results[1].seconds);
  EXPECT_DOUBLE_EQ(a.latency_s, a.results[0].seconds + a.results[1].seconds);
}

TEST(Estimate, AMissingPrecisionNamesThosePresent) {
  std::unique_ptr<const Graph> graph = GraphOf(kLayers);
  ASSERT_NE(graph, nullptr);
  absl::StatusOr<Analysis> a = RunPasses(*graph, On("i7-12700k", "fp8"));
  ASSERT_FALSE(a.ok());
  EXPECT_TRUE(absl::StrContains(a.status().message(), "fp32")) << a.status();
}

TEST(Estimate, RuntimeWithUnknownPolicyIsNamedWithItsPlace) {
  auto runtime = std::make_shared<Runtime>();
  runtime->name = "mine";
  runtime->file = "mine.yaml";
  runtime->fusion = "gredy";
  runtime->fusion_place = {.line = 7, .column = 11};
  std::unique_ptr<const Graph> graph = GraphOf(kLayers);
  PassRequest request = On("h100-sxm");
  request.estimates[0].runtime = runtime;
  absl::StatusOr<Analysis> a = RunPasses(*graph, request);
  ASSERT_FALSE(a.ok());
  EXPECT_TRUE(absl::StartsWith(a.status().message(), "mine.yaml:7:11: ")) << a.status();
  EXPECT_TRUE(absl::StrContains(a.status().message(), "`greedy`")) << a.status();
}

}  // namespace
}  // namespace assay
