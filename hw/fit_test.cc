#include "hw/fit.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace assay {
namespace {

// A kernel that takes so long at peak on the engine and in memory.
KernelCost CostOf(KernelClass c, double compute_s, double memory_s) {
  KernelCost cost;
  cost.kernel_class = c;
  if (compute_s > 0) {
    cost.parts.push_back(
        {{.amount = compute_s * 1e12, .peak = 1e12, .rate = 1e12, .seconds = compute_s},
         KernelCost::Scale::kContraction});
  }
  cost.parts.push_back(
      {{.is_memory = true, .amount = memory_s * 1e9, .peak = 1e9, .rate = 1e9, .seconds = memory_s},
       KernelCost::Scale::kBandwidth});
  return cost;
}

Achieved Truth() {
  Achieved a;
  for (Achieved::OfClass& c : a.classes) c = {.compute = 0.7, .bandwidth = 0.8};
  a.classes[static_cast<size_t>(KernelClass::kGemm)].compute = 0.5;
  a.classes[static_cast<size_t>(KernelClass::kOther)].bandwidth = 0.6;
  a.launch = 5e-6;
  a.dispatch = 1e-9;
  return a;
}

FitPrior LoosePrior() {
  FitPrior prior;
  for (Achieved::OfClass& c : prior.mean.classes) c = {.compute = 0.7, .bandwidth = 0.8};
  prior.mean.launch = 4e-6;
  prior.mean.dispatch = 1e-9;
  prior.compute_spread = prior.bandwidth_spread = prior.launch_spread = 3;
  prior.noise = 0.01;
  return prior;
}

// Runs of made-up models, `seconds` as the truth has it.
std::vector<MeasuredRun> RunsOf(const Achieved& truth, const std::string& machine) {
  std::vector<MeasuredRun> runs;
  for (int i = 1; i <= 12; ++i) {
    MeasuredRun run{.graph_capture = true,
                    .family = std::string(1, static_cast<char>('a' + i % 4)),
                    .machine = machine};
    run.kernels = {{CostOf(KernelClass::kGemm, 1e-4 * i, 1e-6), 10},
                   {CostOf(KernelClass::kOther, 0, 2e-5 * (13 - i)), 20.0 + i},
                   {CostOf(KernelClass::kOther, 0, 1e-9), 30.0 * (i % 5)}};
    run.seconds = SecondsOf(run, truth);
    runs.push_back(run);
  }
  return runs;
}

TEST(SecondsOf, IsLaunchesAndBusyTimesOrTheHostsDispatch) {
  Achieved a;
  a.launch = 1e-3;
  a.dispatch = 2e-3;
  a.classes[static_cast<size_t>(KernelClass::kGemm)] = {.compute = 0.5, .bandwidth = 0.25};
  MeasuredRun run{.kernels = {{CostOf(KernelClass::kGemm, 4e-3, 1e-3), 3}}, .graph_capture = true};
  // 3 x (1 ms + the larger of 4 ms / 0.5 and 1 ms / 0.25)
  EXPECT_DOUBLE_EQ(SecondsOf(run, a), 3 * (1e-3 + 8e-3));
  run.graph_capture = false;
  run.host_per_run = 5e-3;
  EXPECT_DOUBLE_EQ(SecondsOf(run, a), 5e-3 + 27e-3);
  a.dispatch = 10e-3;
  EXPECT_DOUBLE_EQ(SecondsOf(run, a), 5e-3 + 30e-3);
  // Resources in each other's way: the 1-norm is their sum.
  a.overlap = 1;
  a.dispatch = 0;
  EXPECT_NEAR(SecondsOf(run, a), 5e-3 + 3 * (1e-3 + 8e-3 + 4e-3), 1e-12);
}

TEST(Fit, FindsWhatMadeTheMeasurements) {
  const Achieved truth = Truth();
  const Fitted fitted = Fit(RunsOf(truth, "m"), LoosePrior());
  const Achieved& found = fitted.of("m");
  auto at = [](const Achieved& a, KernelClass c) { return a.classes[static_cast<size_t>(c)]; };
  EXPECT_NEAR(at(found, KernelClass::kGemm).compute, 0.5, 0.01);
  EXPECT_NEAR(at(found, KernelClass::kOther).bandwidth, 0.6, 0.01);
  EXPECT_NEAR(found.launch, 5e-6, 1e-7);
  // Of what no run says anything, the prior stays.
  EXPECT_NEAR(at(found, KernelClass::kAttention).compute, 0.7, 1e-6);
}

TEST(Fit, AnOutlierPullsWithBoundedForce) {
  std::vector<MeasuredRun> runs = RunsOf(Truth(), "m");
  runs[3].seconds *= 20;
  const Achieved found = Fit(runs, LoosePrior()).of("m");
  EXPECT_NEAR(found.classes[static_cast<size_t>(KernelClass::kGemm)].compute, 0.5, 0.05);
}

TEST(Fit, NothingBeatsThePeaks) {
  Achieved truth = Truth();
  truth.classes[static_cast<size_t>(KernelClass::kGemm)].compute = 1.6;
  const Achieved found = Fit(RunsOf(truth, "m"), LoosePrior()).of("m");
  for (const Achieved::OfClass& c : found.classes) {
    EXPECT_LE(c.compute, 1);
    EXPECT_LE(c.bandwidth, 1);
  }
}

TEST(Fit, AMachineWithFewRunsStaysWithItsKin) {
  std::vector<MeasuredRun> runs = RunsOf(Truth(), "many");
  MeasuredRun one = runs[0];
  one.machine = "few";
  runs.push_back(one);
  const Fitted fitted = Fit(runs, LoosePrior());
  EXPECT_EQ(fitted.machines.size(), 2u);
  EXPECT_NEAR(fitted.of("few").classes[static_cast<size_t>(KernelClass::kGemm)].compute, 0.5, 0.02);
  // A machine that was never seen is taken for the kin's.
  EXPECT_EQ(&fitted.of("none"), &fitted.all);
}

TEST(HeldOutErrors, SeeNothingOfWhatTheyPredict) {
  std::vector<MeasuredRun> runs = RunsOf(Truth(), "m");
  for (double e : HeldOutErrors(runs, LoosePrior(), LeaveOut::kFamily)) EXPECT_NEAR(e, 0, 0.01);
  // A family that is twice as slow as all else: the rest cannot know.
  for (MeasuredRun& run : runs) {
    if (run.family == "b") run.seconds *= 2;
  }
  const std::vector<double> errors = HeldOutErrors(runs, LoosePrior(), LeaveOut::kFamily);
  for (size_t i = 0; i < runs.size(); ++i) {
    if (runs[i].family != "b") continue;
    EXPECT_NEAR(errors[i], std::log(0.5), 0.02) << i;
  }
  // With its only machine left out, what remains is the prior.
  const FitPrior prior = LoosePrior();
  const std::vector<double> unseen = HeldOutErrors(runs, prior, LeaveOut::kMachine);
  EXPECT_DOUBLE_EQ(unseen[0], std::log(SecondsOf(runs[0], prior.mean) / runs[0].seconds));
}

// Two machines; one is asked for, and the other is seen all the same.
TEST(HeldOutErrors, OfTheRunsWantedAlone) {
  std::vector<MeasuredRun> runs = RunsOf(Truth(), "m");
  const size_t own = runs.size();
  Achieved slower = Truth();
  slower.launch *= 3;
  for (MeasuredRun& run : RunsOf(slower, "other")) runs.push_back(std::move(run));
  std::vector<bool> wanted(runs.size(), false);
  std::fill_n(wanted.begin(), own, true);
  for (LeaveOut what : {LeaveOut::kFamily, LeaveOut::kMachine}) {
    const std::vector<double> all = HeldOutErrors(runs, LoosePrior(), what);
    const std::vector<double> some = HeldOutErrors(runs, LoosePrior(), what, wanted);
    for (size_t i = 0; i < runs.size(); ++i) EXPECT_EQ(some[i], i < own ? all[i] : 0) << i;
  }
  const Fitted fitted = Fit(runs, LoosePrior(), wanted);
  EXPECT_EQ(fitted.machines.size(), 1u);
  EXPECT_EQ(fitted.of("m").launch, Fit(runs, LoosePrior()).of("m").launch);
}

TEST(PriorOf, NothingOverlapsBetweenContexts) {
  const Prior npu = *PriorFor(TargetKind::kNpu);
  EXPECT_EQ(PriorOf(npu, **FindRuntime("hailort")).mean.overlap, 1);
  EXPECT_EQ(PriorOf(npu, **FindRuntime("qnn")).mean.overlap, npu.overlap.value);
}

TEST(PriorOf, EveryKindWithMeasurementsHasOne) {
  for (TargetKind kind : {TargetKind::kGpu, TargetKind::kCpu, TargetKind::kNpu}) {
    const FitPrior prior = PriorOf(*PriorFor(kind), **FindRuntime("pytorch-eager"));
    EXPECT_GT(prior.noise, 0) << Name(kind);
    EXPECT_DOUBLE_EQ(prior.mean.dispatch, 30e-6);  // the runtime's host_per_op
    for (const Achieved::OfClass& c : prior.mean.classes) {
      EXPECT_LT(c.compute, 1);  // every class is named in the file
      EXPECT_LT(c.bandwidth, 1);
    }
  }
}

}  // namespace
}  // namespace assay
