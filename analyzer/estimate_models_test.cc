// What must hold of the estimate of any model on any machine, on real models and machines of every
// kind. (hw/reference_shapes_test.cc holds single kernels to the like, on all targets.)
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "analyzer/models_test_util.h"
#include "analyzer/pipeline.h"
#include "gtest/gtest.h"
#include "hw/estimate.h"
#include "hw/runtime.h"
#include "hw/target.h"

namespace assay {
namespace {

struct Model {
  const char* file;
  std::vector<std::pair<const char*, int>> dims;  // besides `batch`
};

void PrintTo(const Model& model, std::ostream* os) { *os << model.file; }

const Model kModels[] = {
    {"resnet18.onnx", {}},
    {"mobilenet_v2.onnx", {}},
    {"yolov8n.onnx", {{"height", 640}, {"width", 640}}},
    {"bert_base.onnx", {{"seq", 128}}},
    {"gpt2_kv.onnx", {{"seq", 1}, {"past", 127}, {"total", 128}}},
    {"lstm.onnx", {{"seq", 100}}},
    {"resnet18_int8.onnx", {}},
};

// Of every kind, of every mapping, with caches and without, with a device's memory and a host's.
constexpr const char* kTargets[] = {
    "h100-sxm",
    "rtx-4090",
    "jetson-orin-nano@15w",
    "mi300x",
    "i7-12700k",
    "epyc-9654",
    "apple-m1",
    "raspberry-pi-4",
    "tpu-v4",
    "gaudi-2",
    "kpu-t64",
    "kpu-t256",
    "hailo-8",
    "coral-edge-tpu",
    "ethos-u55",
    "dpu-vck190",
    "snapdragon-8-elite",
};

std::shared_ptr<const Target> TargetOf(absl::string_view name) {
  absl::StatusOr<std::shared_ptr<const Target>> target = FindTarget(name);
  EXPECT_TRUE(target.ok()) << target.status();
  return target.ok() ? *target : nullptr;
}

std::shared_ptr<const Runtime> RuntimeOf(absl::string_view name) {
  absl::StatusOr<std::shared_ptr<const Runtime>> runtime = FindRuntime(name);
  EXPECT_TRUE(runtime.ok()) << runtime.status();
  return runtime.ok() ? *runtime : nullptr;
}

std::shared_ptr<const Target> With(const Target& target, absl::FunctionRef<void(Target*)> change) {
  auto changed = std::make_shared<Target>(target);
  change(changed.get());
  return changed;
}

void ScaleClocksAndPeaks(Target* target, double by) {
  for (UnitClass& unit : target->units) unit.clock.value *= by;
  for (Engine& engine : target->engines) engine.clock.value *= by;
  for (auto* rates : {&target->peaks.matrix, &target->peaks.vector, &target->peaks.special}) {
    for (MathDatum& rate : *rates) rate.datum.value *= by;
  }
}

void ScaleBandwidths(Target* target, double by) {
  for (MemoryLevel& level : target->memory) level.bandwidth.value *= by;
}

// One run of the passes, with an estimate for each request.
absl::StatusOr<Report> Estimate(const Model& model, int batch,
                                std::vector<EstimateRequest> requests) {
  AnalyzeOptions options;
  options.threads = 1;
  options.bindings.dims.emplace_back("batch", batch);
  for (const auto& [symbol, value] : model.dims) options.bindings.dims.emplace_back(symbol, value);
  absl::StatusOr<Plan> plan = MakePlan(options);
  if (!plan.ok()) return plan.status();
  plan->request.estimates = std::move(requests);
  return AnalyzeModel(absl::StrCat(kModelFolder, model.file), *plan);
}

// All targets under their own runtime, under `ideal`, and GPUs and CPUs under one that a host
// drives.
std::vector<EstimateRequest> AllRequests() {
  std::vector<EstimateRequest> requests;
  for (const char* name : kTargets) {
    const std::shared_ptr<const Target> target = TargetOf(name);
    requests.push_back({.target = target});
    requests.push_back({.target = target, .runtime = RuntimeOf("ideal")});
    if (target->kind == TargetKind::kGpu || target->kind == TargetKind::kCpu) {
      requests.push_back({.target = target, .runtime = RuntimeOf("pytorch-eager")});
    }
  }
  return requests;
}

std::string Title(const ModelEstimate& e) {
  return absl::StrCat(e.platform->target->name, " under ", e.platform->runtime->name);
}

// Some arithmetic did not fall back to the host.
bool ComputesItself(const ModelEstimate& e) {
  bool any = false;
  for (size_t i = 0; i < e.results.size(); ++i) {
    any |= !e.results[i].fallback && e.kernels[i].flops > 0;
  }
  return any;
}

class EstimateModels : public testing::TestWithParam<Model> {};

// Products at the best rate of any format that the machine has, tensors once: recomputed from what
// the kernels are, not from what the estimate says of them.
TEST_P(EstimateModels, NoneIsFasterThanTheRoofline) {
  absl::StatusOr<Report> report = Estimate(GetParam(), 1, AllRequests());
  ASSERT_TRUE(report.ok()) << report.status();
  for (const auto& estimate : report->analysis.estimates) {
    const ModelEstimate& e = *estimate;
    const Target& target = *e.platform->target;
    const Partition& partition = *report->analysis.partitions[e.partition];
    double best = 0;
    for (Math math : target.maths()) best = std::max(best, target.BestRate(math));
    double bare = 0, stated = 0;
    for (size_t i = 0; i < e.kernels.size(); ++i) {
      const double n = partition.kernels[i].multiplicity;
      double far = 0;  // comes from the outermost memory, or goes there
      for (const Kernel::Operand& operand : e.kernels[i].operands) {
        if (operand.reuse_distance == Kernel::Operand::kNever) far += operand.bytes;
      }
      // Another machine's roofline counts for what falls back.
      if (!e.results[i].fallback) {
        bare += n * std::max(2 * e.kernels[i].macs / best, far / target.Bandwidth(target.dram()));
      }
      stated += n * e.results[i].roofline;
      EXPECT_LE(e.results[i].low, e.results[i].seconds * (1 + 1e-12)) << Title(e);
      EXPECT_GE(e.results[i].high, e.results[i].seconds * (1 - 1e-12)) << Title(e);
    }
    if (ComputesItself(e)) {
      EXPECT_GT(bare, 0) << Title(e);
    }
    EXPECT_GE(stated * (1 + 1e-9), bare) << Title(e);
    EXPECT_GE(e.latency_s * (1 + 1e-9), stated) << Title(e);
    EXPECT_LE(e.latency_low_s, e.latency_s) << Title(e);
    EXPECT_GE(e.latency_high_s, e.latency_s) << Title(e);
    if (ComputesItself(e)) {
      EXPECT_GT(e.utilization, 0) << Title(e);
    }
    EXPECT_LE(e.utilization, 1) << Title(e);
  }
}

TEST_P(EstimateModels, PartsSumToWholes) {
  absl::StatusOr<Report> report = Estimate(GetParam(), 1, AllRequests());
  ASSERT_TRUE(report.ok()) << report.status();
  for (const auto& estimate : report->analysis.estimates) {
    const ModelEstimate& e = *estimate;
    const Target& target = *e.platform->target;
    const Runtime& runtime = *e.platform->runtime;
    const Partition& partition = *report->analysis.partitions[e.partition];
    ASSERT_EQ(e.results.size(), partition.kernels.size());
    // The device and the host work side by side; one run's own time comes on top.
    double device = 0, host = 0, dynamic = 0;
    bool known = target.idle_power.known;
    for (size_t i = 0; i < e.results.size(); ++i) {
      const double n = partition.kernels[i].multiplicity;
      device += n * e.results[i].seconds;
      host += n * e.results[i].host_seconds;
      const Energy& energy = e.results[i].energy;
      known = known && energy.complete;
      for (size_t p = 1; p < energy.parts.size(); ++p) {  // behind the idle power
        dynamic += n * energy.parts[p].joules.value_or(0);
      }
    }
    const double per_run = runtime.graph_capture ? 0 : runtime.host_per_run.value_or(0);
    const double latency = per_run + std::max(device, host);
    EXPECT_NEAR(e.latency_s, latency, latency * 1e-9) << Title(e);
    EXPECT_NEAR(e.throughput_per_s * latency, e.batch, e.batch * 1e-9) << Title(e);

    double shares = 0, ops = 0;
    for (const BoundShare& share : e.bounds) {
      EXPECT_GE(share.time_share, 0) << Title(e);
      shares += share.time_share;
      ops += share.op_share;
    }
    EXPECT_NEAR(shares, 1, 1e-9) << Title(e);
    EXPECT_NEAR(ops, 1, 1e-9) << Title(e);
    EXPECT_NEAR(e.time_share[0] + e.time_share[1] + e.time_share[2], 1, 1e-9) << Title(e);
    EXPECT_NEAR(e.op_share[0] + e.op_share[1] + e.op_share[2], 1, 1e-9) << Title(e);

    // Idle power over the latency, and what the kernels took besides.
    const double joules = target.idle_power.value * latency + dynamic;
    if (e.energy.joules.has_value()) {
      EXPECT_NEAR(*e.energy.joules, joules, joules * 1e-9) << Title(e);
    } else {
      EXPECT_EQ(joules, 0) << Title(e);
    }
    EXPECT_EQ(e.energy.complete, known) << Title(e);
  }
}

// A machine of which every part of the energy is known (a picojoule for everything), which may draw
// so much.
std::shared_ptr<const Target> WithPower(const Target& target, double idle_w, double design_w) {
  return With(target, [&](Target* t) {
    const Datum picojoule = {.value = 1e-12, .known = true};
    t->idle_power = {.value = idle_w, .known = true};
    t->design_power = {.value = design_w, .known = true};
    t->energy_per_op.clear();
    for (const MathRow& row : MathRows()) t->energy_per_op.push_back({row.math, picojoule});
    for (MemoryLevel& level : t->memory) level.energy = picojoule;
  });
}

TEST_P(EstimateModels, PowerAboveDesignIsAlwaysSaid) {
  std::vector<EstimateRequest> requests = AllRequests();
  const size_t shipped = requests.size();
  for (const char* name : kTargets) {
    const std::shared_ptr<const Target> target = TargetOf(name);
    requests.push_back({.target = WithPower(*target, 10, 9.9)});   // above it when idle
    requests.push_back({.target = WithPower(*target, 10, 10)});    // by what its work takes
    requests.push_back({.target = WithPower(*target, 10, 1e12)});  // never
    // Above it by what is known alone.
    requests.push_back({.target = With(*WithPower(*target, 10, 9.9),
                                       [](Target* t) { t->energy_per_op.clear(); })});
  }
  absl::StatusOr<Report> report = Estimate(GetParam(), 8, requests);
  ASSERT_TRUE(report.ok()) << report.status();
  for (size_t i = 0; i < requests.size(); ++i) {
    const ModelEstimate& e = *report->analysis.estimates[i];
    const Datum& design = e.platform->target->design_power;
    ASSERT_EQ(e.power_w.has_value(), e.energy.complete) << Title(e);
    // Where not all is known, what is known is the least that it can be.
    const double watts = e.energy.joules.value_or(0) / e.latency_s;
    EXPECT_NEAR(e.power_w.value_or(watts), watts, watts * 1e-12) << Title(e);
    if (i < shipped) {
      // Kernels are slowed instead, as far as there is power for work at all.
      EXPECT_FALSE(e.above_design_power) << Title(e) << " " << watts << " W";
      if (design.known) {
        EXPECT_LE(watts, design.value * (1 + 1e-9)) << Title(e);
      }
    } else {
      // What the host draws is never known.
      EXPECT_EQ(e.power_w.has_value(), (i - shipped) % 4 < 3 && !e.fallback.has_value())
          << Title(e);
      if (!ComputesItself(e)) continue;
      EXPECT_EQ(e.above_design_power, (i - shipped) % 4 != 2) << Title(e) << " " << watts << " W";
    }
  }
}

TEST_P(EstimateModels, NoneIsSlowerOnAFasterMachine) {
  constexpr double kBy = 1.5;
  std::vector<EstimateRequest> requests;
  std::vector<std::string> what;
  const auto add = [&](absl::string_view name, const std::shared_ptr<const Target>& target) {
    requests.push_back({.target = target});
    what.emplace_back(name);
  };
  for (const char* name : kTargets) {
    const std::shared_ptr<const Target> base = TargetOf(name);
    add("base", base);
    add("bandwidth", With(*base, [](Target* t) { ScaleBandwidths(t, kBy); }));
    add("outermost bandwidth",
        With(*base, [](Target* t) { t->memory.back().bandwidth.value *= kBy; }));
    add("clocks and peaks", With(*base, [](Target* t) { ScaleClocksAndPeaks(t, kBy); }));
    add("launch", With(*base, [](Target* t) { t->launch.value /= kBy; }));
  }
  absl::StatusOr<Report> report = Estimate(GetParam(), 1, requests);
  ASSERT_TRUE(report.ok()) << report.status();
  const ModelEstimate* base = nullptr;
  for (size_t i = 0; i < requests.size(); ++i) {
    const ModelEstimate& e = *report->analysis.estimates[i];
    if (what[i] == "base") {
      base = &e;
      continue;
    }
    EXPECT_LE(e.latency_s, base->latency_s * (1 + 1e-9)) << Title(e) << ": " << what[i];
    EXPECT_LE(e.latency_low_s, base->latency_low_s * (1 + 1e-9)) << Title(e) << ": " << what[i];
  }
}

// With nothing but the machine in the way, twice the machine takes half the time.
TEST_P(EstimateModels, TwiceTheMachineTakesHalfTheTime) {
  auto bare = std::make_shared<Runtime>(*RuntimeOf("ideal"));
  bare->kernel_overhead.value = 0;
  bare->host_per_op.value = 0;
  bare->host_per_run = {};
  std::vector<EstimateRequest> requests;
  for (const char* name : kTargets) {
    for (double by : {1.0, 2.0}) {
      requests.push_back({.target = With(*TargetOf(name),
                                         [by](Target* t) {
                                           ScaleClocksAndPeaks(t, by);
                                           ScaleBandwidths(t, by);
                                           t->launch.value = 0;
                                           t->idle_power.value *= by;
                                           t->design_power.value *= by;
                                           t->operators.clear();  // its host stays as it is
                                         }),
                          .runtime = bare});
    }
  }
  absl::StatusOr<Report> report = Estimate(GetParam(), 1, requests);
  ASSERT_TRUE(report.ok()) << report.status();
  for (size_t i = 0; i < requests.size(); i += 2) {
    const ModelEstimate& one = *report->analysis.estimates[i];
    const ModelEstimate& two = *report->analysis.estimates[i + 1];
    EXPECT_NEAR(two.latency_s, one.latency_s / 2, one.latency_s * 1e-9) << Title(one);
    EXPECT_NEAR(two.latency_low_s, one.latency_low_s / 2, one.latency_s * 1e-9) << Title(one);
  }
}

TEST_P(EstimateModels, MoreSamplesNeverTakeLess) {
  std::vector<EstimateRequest> requests;
  for (const char* name : kTargets) requests.push_back({.target = TargetOf(name)});
  std::vector<double> before(requests.size(), 0);
  for (int batch : {1, 2, 3, 8, 33}) {
    absl::StatusOr<Report> report = Estimate(GetParam(), batch, requests);
    ASSERT_TRUE(report.ok()) << report.status();
    for (size_t i = 0; i < requests.size(); ++i) {
      const ModelEstimate& e = *report->analysis.estimates[i];
      EXPECT_GE(e.latency_s * (1 + 1e-9), before[i]) << Title(e) << " at batch " << batch;
      before[i] = e.latency_s;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, EstimateModels, testing::ValuesIn(kModels),
                         [](const auto& info) { return TestNameOf(info.param.file); });

}  // namespace
}  // namespace assay
