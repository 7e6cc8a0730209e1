#include "analyzer/assess.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "analyzer/pipeline.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hw/vary.h"

namespace assay {
namespace {

using testing::Contains;
using testing::HasSubstr;

Report On(absl::string_view model, std::vector<std::string> targets, std::string precision = "",
          std::string runtime = "") {
  AnalyzeOptions options;
  options.targets = std::move(targets);
  options.precision = std::move(precision);
  options.runtime = std::move(runtime);
  options.bindings.batch = 1;
  const auto plan = MakePlan(options);
  EXPECT_TRUE(plan.ok()) << plan.status();
  auto report = AnalyzeModel(absl::StrCat("testdata/models/", model, ".onnx"), *plan);
  EXPECT_TRUE(report.ok()) << report.status();
  return *std::move(report);
}

const ModelEstimate& EstimateOf(const Report& report) { return *report.analysis.estimates[0]; }

Assessment Judge(const Report& report, const Limits& limits) {
  const ModelEstimate& e = EstimateOf(report);
  return Assess(e, *report.analysis.partitions[static_cast<size_t>(e.partition)], limits);
}

Limits At(LimitKind kind, double value) {
  Limits limits;
  limits.Set(kind, value);
  return limits;
}

TEST(Assess, VerdictFollowsEstimateAndInterval) {
  const Report report = On("resnet50", {"h100-sxm"});
  const ModelEstimate& e = EstimateOf(report);
  ASSERT_LT(e.latency_s, e.latency_high_s);
  const Assessment pass = Judge(report, At(LimitKind::kLatency, 2 * e.latency_high_s));
  EXPECT_EQ(pass.verdict, Verdict::kPass);
  EXPECT_DOUBLE_EQ(pass.limits[0].margin, 1 - e.latency_s / (2 * e.latency_high_s));
  EXPECT_TRUE(pass.why.empty());
  const Assessment partial = Judge(report, At(LimitKind::kLatency, 1.5 * e.latency_s));
  EXPECT_EQ(partial.verdict, Verdict::kPartial);
  EXPECT_NEAR(partial.limits[0].margin, (1.5 - 1) / 1.5, 1e-12);
  EXPECT_THAT(partial.why[0], HasSubstr("latency up to"));
  const Assessment fail = Judge(report, At(LimitKind::kLatency, 0.5 * e.latency_s));
  EXPECT_EQ(fail.verdict, Verdict::kFail);
  EXPECT_NEAR(fail.limits[0].margin, (0.5 - 1) / 0.5, 1e-12);  // twice the limit: -100 %
  // Exactly at the limit holds.
  EXPECT_EQ(Judge(report, At(LimitKind::kLatency, e.latency_high_s)).verdict, Verdict::kPass);
}

TEST(Assess, ThroughputIsAtLeast) {
  const Report report = On("resnet50", {"h100-sxm"});
  const ModelEstimate& e = EstimateOf(report);
  const Assessment half = Judge(report, At(LimitKind::kThroughput, e.throughput_per_s / 2));
  EXPECT_NEAR(half.limits[0].margin, (1 - 0.5) / 0.5, 1e-12);
  EXPECT_NEAR(half.limits[0].slow, e.batch / e.latency_high_s, 1e-9);
  EXPECT_EQ(Judge(report, At(LimitKind::kThroughput, 2 * e.throughput_per_s)).verdict,
            Verdict::kFail);
}

// ResNet-50 has 25,530,472 numbers of 4 bytes, in fp16 of 2; activations halve likewise.
TEST(Assess, MemoryIsAtThePrecisionInForce) {
  const Report fp32 = On("resnet50", {"h100-sxm"}, "fp32");
  const Report fp16 = On("resnet50", {"h100-sxm"}, "fp16");
  const double weights = 25530472;
  EXPECT_NEAR(EstimateOf(fp32).weights_bytes, 4 * weights, 1e4);
  const double memory = 4 * weights + EstimateOf(fp32).activation_bytes;
  const Limits limits = At(LimitKind::kMemory, 0.6 * memory);
  EXPECT_EQ(Judge(fp32, limits).verdict, Verdict::kFail);
  EXPECT_EQ(Judge(fp16, limits).verdict, Verdict::kPass);
  EXPECT_NEAR(AmountOf(LimitKind::kMemory, EstimateOf(fp16), limits), memory / 2, 1e4);
}

TEST(Assess, TheTargetsMemoryIsALimit) {
  const Report report = On("resnet18", {"h100-sxm"});
  const Assessment a = Judge(report, Limits());
  ASSERT_EQ(a.limits.size(), 1U);
  EXPECT_EQ(a.limits[0].row, nullptr);
  EXPECT_DOUBLE_EQ(a.limits[0].allowed, 80e9);
  EXPECT_NEAR(a.limits[0].margin, 1 - EstimateOf(report).memory_needed_bytes / 80e9, 1e-12);
}

TEST(Assess, PriceOfHardwareAndEnergy) {
  const Report report = On("resnet50", {"rtx-4090"});
  const ModelEstimate& e = EstimateOf(report);
  const double dollars = e.platform->target->price.value;
  ASSERT_GT(dollars, 0);
  Limits limits;
  EXPECT_TRUE(std::isnan(AmountOf(LimitKind::kPrice, e, limits)));
  const double years = 3 * 365.25 * 86400;
  limits.lifetime_s = years;
  const double hardware = 1e6 * dollars / years / e.throughput_per_s;
  EXPECT_NEAR(AmountOf(LimitKind::kPrice, e, limits), hardware, 1e-9 * hardware);
  limits.dollars_per_kwh = 0.3;
  // It states no energy of its caches: the design power counts, all the time.
  ASSERT_FALSE(e.energy.complete);
  const double joules = e.platform->target->design_power.value * e.latency_s;
  EXPECT_NEAR(AmountOf(LimitKind::kEnergy, e, limits), joules, 1e-9 * joules);
  const double energy = 1e6 * joules / 3.6e6 * 0.3;
  EXPECT_NEAR(AmountOf(LimitKind::kPrice, e, limits), hardware + energy, 1e-9 * hardware);
  // Of a machine without a price, only energy has one.
  const Report h100 = On("resnet50", {"h100-sxm"});
  EXPECT_TRUE(std::isnan(AmountOf(LimitKind::kPrice, EstimateOf(h100), limits)));
  limits.Set(LimitKind::kPrice, 1);
  const Assessment a = Judge(h100, limits);
  EXPECT_EQ(a.verdict, Verdict::kPartial);
  EXPECT_EQ(a.why[0], "price not known: h100-sxm states none");
}

TEST(Assess, WhatIsNotKnownIsPartial) {
  const Report report = On("resnet18", {"tpu-v5e"});
  EXPECT_FALSE(EstimateOf(report).platform->target->design_power);
  EXPECT_EQ(Judge(report, At(LimitKind::kPower, 1)).verdict, Verdict::kPartial);
}

TEST(Assess, OperatorsOnTheHost) {
  const Report report = On("vit_b_16", {"hailo-8"});
  ASSERT_TRUE(EstimateOf(report).fallback.has_value());
  Limits limits;
  const Assessment partial = Judge(report, limits);
  EXPECT_EQ(partial.verdict, Verdict::kPartial);
  EXPECT_EQ(partial.lacking[0].what, "on the host in all");
  EXPECT_DOUBLE_EQ(partial.lacking[0].time_share, EstimateOf(report).fallback->time_share);
  EXPECT_EQ(partial.lacking[1].what, "operator Gather");
  limits.require_operators = true;
  EXPECT_EQ(Judge(report, limits).verdict, Verdict::kFail);
}

TEST(Assess, ElementTypesThatAreNotListed) {
  const Report report = On("resnet18", {"ethos-u55"});
  const Assessment a = Judge(report, Limits());
  EXPECT_EQ(a.verdict, Verdict::kPartial);
  ASSERT_FALSE(a.lacking.empty());
  EXPECT_EQ(a.lacking.back().what, "element type f32");
  EXPECT_NEAR(a.lacking.back().mac_share, 1, 1e-12);
}

// What a change says is what an estimate of the changed target says, and a little less does not do.
TEST(FindChanges, AreTheLeastThatSuffice) {
  const Report report = On("resnet50", {"jetson-orin-nano"});
  const ModelEstimate& e = EstimateOf(report);
  const Limits limits = At(LimitKind::kLatency, e.latency_s / 2);
  const std::vector<Change> changes = FindChanges(report.analysis, e, limits);
  const auto it = std::find_if(changes.begin(), changes.end(),
                               [](const Change& c) { return c.what == "clock"; });
  ASSERT_NE(it, changes.end());
  ASSERT_NE(it->verdict, Verdict::kFail);
  const auto latency_at = [&](double factor) {
    EstimateRequest request = report.analysis.estimate_requests[0];
    request.target = *Varied(*request.target, "clock", factor);
    const Analysis& a = report.analysis;
    const auto again =
        EstimateModel(*a.graph, *a.shapes, *a.execution, *a.works, *a.numbers, *a.flow,
                      *a.partitions[static_cast<size_t>(e.partition)], *a.memory, request);
    return again->latency_s;
  };
  EXPECT_DOUBLE_EQ(latency_at(1), e.latency_s);
  EXPECT_LE(latency_at(it->factor), e.latency_s / 2);
  EXPECT_GT(latency_at(it->factor / 1.01), e.latency_s / 2);
  EXPECT_DOUBLE_EQ(it->to, it->from * it->factor);
  // Launches of 5 us take only some of it.
  const auto launch = std::find_if(changes.begin(), changes.end(),
                                   [](const Change& c) { return c.what == "launch"; });
  ASSERT_NE(launch, changes.end());
  EXPECT_EQ(launch->verdict, Verdict::kFail);
  EXPECT_GT(latency_at(1) - 5e-6 * static_cast<double>(e.kernels.size()), e.latency_s / 2);
}

// Where the design power stands for a draw that is not known, less of it is no change to offer.
TEST(FindChanges, NotTheDesignPowerForItself) {
  const Report report = On("resnet18", {"xeon-8480"});
  const ModelEstimate& e = EstimateOf(report);
  ASSERT_FALSE(e.power_w.has_value());
  const Limits limits = At(LimitKind::kPower, 100);
  EXPECT_EQ(
      Assess(e, *report.analysis.partitions[static_cast<size_t>(e.partition)], limits).verdict,
      Verdict::kFail);
  for (const Change& c : FindChanges(report.analysis, e, limits)) EXPECT_NE(c.what, "power");
}

// A model of bandwidth alone needs exactly as much more of it.
TEST(FindChanges, DramSizeOfAModelThatDoesNotFit) {
  Report report = On("resnet50", {"h100-sxm"});
  const ModelEstimate& e = EstimateOf(report);
  // A machine with a hundredth of the model's memory.
  auto& requests = report.analysis.estimate_requests;
  const double share = e.memory_needed_bytes / 100 / 80e9;
  requests[0].target = *Varied(*requests[0].target, "dram.size", share);
  const Analysis& a = report.analysis;
  const auto small =
      EstimateModel(*a.graph, *a.shapes, *a.execution, *a.works, *a.numbers, *a.flow,
                    *a.partitions[static_cast<size_t>(e.partition)], *a.memory, requests[0]);
  ASSERT_TRUE(small.ok());
  ASSERT_FALSE(*small->fits);
  const std::vector<Change> changes = FindChanges(a, *small, Limits());
  ASSERT_FALSE(changes.empty());
  EXPECT_EQ(changes[0].what, "dram.size");
  EXPECT_NEAR(changes[0].factor, 100, 1);
  EXPECT_GE(changes[0].to, e.memory_needed_bytes);
}

TEST(FindChanges, OtherPrecisionsAndModes) {
  const Report report = On("resnet50", {"jetson-orin-nano"});
  const double latency = EstimateOf(report).latency_s;
  const std::vector<Change> changes =
      FindChanges(report.analysis, EstimateOf(report), At(LimitKind::kLatency, latency / 1.3));
  std::vector<std::string> what;
  for (const Change& c : changes) what.push_back(c.what);
  EXPECT_THAT(what, Contains("--precision fp16"));
  // 0.918 instead of 0.625 GHz is 1.47 times.
  EXPECT_THAT(what, Contains("--target jetson-orin-nano@25w"));
  EXPECT_THAT(what, testing::Not(Contains("--target jetson-orin-nano@7w")));
}

}  // namespace
}  // namespace assay
