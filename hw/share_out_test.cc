#include "hw/share_out.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hw/calibration.h"
#include "hw/estimate.h"
#include "hw/kernel.h"

namespace assay {
namespace {

using testing::Contains;
using testing::HasSubstr;

constexpr double kMiB = 1 << 20;

std::shared_ptr<const Target> Whole(absl::string_view name) {
  auto target = FindTarget(name);
  EXPECT_TRUE(target.ok()) << target.status();
  return *target;
}

std::shared_ptr<const Target> Part(std::shared_ptr<const Target> whole, absl::string_view cores) {
  auto share = ParseCoreShare(cores);
  EXPECT_TRUE(share.ok()) << share.status();
  auto part = ShareOut(std::move(whole), *share);
  EXPECT_TRUE(part.ok()) << part.status();
  return *part;
}

const MemoryLevel& Level(const Target& target, absl::string_view name) {
  return *std::find_if(target.memory.begin(), target.memory.end(),
                       [&](const MemoryLevel& level) { return level.name == name; });
}

Platform On(absl::string_view target, absl::string_view cores, absl::string_view runtime = "") {
  EstimateOptions options;
  if (!cores.empty()) options.share = *ParseCoreShare(cores);
  auto platform =
      MakePlatform(Whole(target), runtime.empty() ? nullptr : *FindRuntime(runtime), options);
  EXPECT_TRUE(platform.ok()) << platform.status();
  return *std::move(platform);
}

// Reads and writes so many floats, one operation each.
Kernel Elementwise(double elements) {
  using What = Kernel::Operand::What;
  Kernel kernel;
  kernel.flops = elements;
  kernel.operands = {{What::kActivationIn, DType::kF32, elements, 4 * elements},
                     {What::kActivationOut, DType::kF32, elements, 4 * elements}};
  return kernel;
}

Kernel MatMul(int64_t m, int64_t n, int64_t k) {
  Kernel kernel;
  kernel.loops = {.m = m, .n = n, .k = k, .shared_b = true};
  kernel.macs = static_cast<double>(m * n * k);
  kernel.flops = 2 * kernel.macs;
  return kernel;
}

TEST(ParseCoreShare, CoresAndInstances) {
  EXPECT_EQ(*ParseCoreShare("4"), (CoreShare{.cores = 4, .instances = 1}));
  EXPECT_EQ(*ParseCoreShare("4x8"), (CoreShare{.cores = 4, .instances = 8}));
  EXPECT_EQ(ToString(*ParseCoreShare("4x8")), "4x8");
  EXPECT_EQ(ToString(*ParseCoreShare("4x1")), "4");
  EXPECT_EQ(ToString(CoreShare()), "");
  for (const char* bad : {"", "x", "4x", "x8", "0", "4x0", "-1", "4x-8", "4x8x2", "four", "1.5",
                          "4*8", "99999999999999999999"}) {
    EXPECT_EQ(ParseCoreShare(bad).status().message(),
              absl::StrCat("`", bad, "` is no number of cores; write 4, or 4x8 for 8 instances of ",
                           "4 cores each"));
  }
}

// The Xeon: 40 cores at 2.3 GHz, 60 MiB of L3 at 920 GB/s, 4 TB at 204.8 GB/s, 270 W.
TEST(ShareOut, OneOfSeveralInstances) {
  const auto part = Part(Whole("xeon-8380"), "4x8");
  EXPECT_EQ(part->name, "xeon-8380");
  EXPECT_EQ(part->unit_count(), 4);
  EXPECT_DOUBLE_EQ(part->Rate(EngineClass::kVector, Math::kFp32), 4 * 64 * 2.3e9);
  EXPECT_DOUBLE_EQ(part->Rate(EngineClass::kVector, Math::kInt16), 4 * 128 * 2.3e9);
  EXPECT_DOUBLE_EQ(part->Rate(EngineClass::kSpecial, Math::kFp32), 4 * 2 * 2.3e9);
  EXPECT_DOUBLE_EQ(part->Capacity(Level(*part, "L2")), 4 * 1.25 * kMiB);
  EXPECT_DOUBLE_EQ(part->Bandwidth(Level(*part, "L2")), 4 * 64 * 2.3e9);
  EXPECT_DOUBLE_EQ(part->Capacity(Level(*part, "L3")), 60 * kMiB / 8);
  // 32 of 40 ports are busy, and an eighth of what they deliver is this instance's.
  EXPECT_DOUBLE_EQ(part->Bandwidth(Level(*part, "L3")), 920e9 * 32 / 40 / 8);
  EXPECT_DOUBLE_EQ(part->Capacity(part->dram()), 4e12 / 8);
  EXPECT_DOUBLE_EQ(part->Bandwidth(part->dram()), 204.8e9 / 8);
  EXPECT_DOUBLE_EQ(part->design_power.value, 270.0 / 8);
  EXPECT_FALSE(part->idle_power.known);
}

TEST(ShareOut, OneInstanceHasAllThatIsShared) {
  const auto part = Part(Whole("xeon-8380"), "4");
  EXPECT_DOUBLE_EQ(part->Capacity(Level(*part, "L3")), 60 * kMiB);
  EXPECT_DOUBLE_EQ(part->Bandwidth(Level(*part, "L3")), 920e9 * 4 / 40);
  EXPECT_DOUBLE_EQ(part->Bandwidth(part->dram()), 204.8e9);
  EXPECT_EQ(part->design_power.value, 270);
}

TEST(ShareOut, AllCoresAreTheWhole) {
  const auto whole = Whole("i7-12700k");
  EXPECT_EQ(Part(whole, "12"), whole);
  EXPECT_EQ(*ShareOut(whole, {}), whole);
  const auto gpu = Whole("h100-sxm");
  EXPECT_EQ(*ShareOut(gpu, {}), gpu);
}

// The i7: 8 P-cores with 32 operations per clock at 4.7 GHz, 4 E-cores with 16 at 3.6 GHz.
TEST(ShareOut, FastCoresAreTakenFirst) {
  const auto few = Part(Whole("i7-12700k"), "6");
  EXPECT_NEAR(few->Rate(EngineClass::kVector, Math::kFp32), 6 * 32 * 4.7e9, 1);
  EXPECT_NEAR(few->Rate(EngineClass::kVector, Math::kInt8), 6 * 128 * 4.7e9, 1);
  ASSERT_EQ(few->units.size(), 1u);
  EXPECT_EQ(few->units[0].name, "P-core");
  for (const Engine& engine : few->engines) EXPECT_EQ(engine.unit, "P-core") << engine.name;
  for (const MemoryLevel& level : few->memory) EXPECT_NE(level.scope, "E-core") << level.name;

  const auto more = Part(Whole("i7-12700k"), "10");
  EXPECT_NEAR(more->Rate(EngineClass::kVector, Math::kFp32), 8 * 32 * 4.7e9 + 2 * 16 * 3.6e9, 1);
  EXPECT_EQ(more->unit("E-core")->count.value, 2);

  Target turned = *Whole("i7-12700k");
  std::reverse(turned.units.begin(), turned.units.end());
  EXPECT_EQ(Part(std::make_shared<Target>(turned), "8")->units[0].name, "P-core");
}

TEST(ShareOut, WhatIsSharedPerClockStaysWhenItsClockIsGone) {
  Target target = *Whole("i7-12700k");
  std::reverse(target.units.begin(), target.units.end());  // E-cores first, at 3.6 GHz
  for (MemoryLevel& level : target.memory) {
    if (level.name != "L3") continue;
    level.bandwidth = {};
    level.bytes_per_clock = {.value = 120, .known = true};
  }
  const auto part = Part(std::make_shared<Target>(target), "2");
  EXPECT_DOUBLE_EQ(part->Bandwidth(Level(*part, "L3")), 120 * 3.6e9 * 2 / 12);
}

TEST(ShareOut, SaysWhatCannotBe) {
  const auto message = [](absl::string_view target, absl::string_view cores) {
    return std::string(ShareOut(Whole(target), *ParseCoreShare(cores)).status().message());
  };
  EXPECT_EQ(message("i7-12700k", "4x8"),
            "--cores 4x8: i7-12700k has 12 cores; ask for no more than that");
  EXPECT_EQ(message("i7-12700k", "13"),
            "--cores 13: i7-12700k has 12 cores; ask for no more than that");
  EXPECT_EQ(message("i7-12700k", "4000000000000000000x4000000000000000000"),
            "--cores 4000000000000000000x4000000000000000000: i7-12700k has 12 cores; ask for no "
            "more than that");
  EXPECT_EQ(
      message("h100-sxm", "4"),
      "--cores 4: h100-sxm is a gpu, and --cores shares out the cores of a CPU; leave it out");
}

TEST(ShareOut, AnInstanceHasItsShareOfTheMemory) {
  const Kernel kernel = Elementwise(1e8);  // in no cache
  const Platform one = On("xeon-8380", "20"), two = On("xeon-8380", "20x2");
  // 8 us to start; 800 MB at 204.8 GB/s.
  EXPECT_NEAR(EstimateKernel(kernel, one).seconds, 8e-6 + 8e8 / 204.8e9, 1e-9);
  EXPECT_NEAR(EstimateKernel(kernel, two).seconds, 8e-6 + 2 * 8e8 / 204.8e9, 1e-9);
  // 5 of 40 ports of the L3 bring less than that.
  EXPECT_NEAR(EstimateKernel(kernel, On("xeon-8380", "5")).seconds, 8e-6 + 8e8 / (920e9 * 5 / 40),
              1e-9);
}

TEST(ShareOut, AnInstanceCarriesItsShareOfTheIdlePower) {
  const Kernel kernel = MatMul(4096, 4096, 4096);
  const KernelEstimate one = EstimateKernel(kernel, On("i7-12700k", "4"));
  const KernelEstimate three = EstimateKernel(kernel, On("i7-12700k", "4x3"));
  EXPECT_EQ(one.energy.parts[0].name, "idle");
  EXPECT_DOUBLE_EQ(*one.energy.parts[0].joules, 36 * one.seconds);
  EXPECT_DOUBLE_EQ(*three.energy.parts[0].joules, 36.0 / 3 * three.seconds);
}

TEST(ShareOut, CalibrationsStillMatchAndAssumptionsAreNamed) {
  const Platform platform = On("i9-10940x", "2x7", "torch-inductor");
  EXPECT_EQ(platform.calibration_label, On("i9-10940x", "", "torch-inductor").calibration_label);
  EXPECT_THAT(platform.calibration_label, HasSubstr("(target)"));
  EXPECT_THAT(platform.assumptions,
              Contains("--cores 2x7: clocks as when all 14 cores are busy; shared caches deliver "
                       "to each core alike, DDR4-2933 as much to few cores as to all"));
  EXPECT_THAT(On("i7-12700k", "4x3").assumptions,
              Contains(HasSubstr("counts as the one on the fastest cores, of which there are 8")));
  EXPECT_EQ(AssumedOf(*Whole("i7-12700k"), {}), "");
}

// More cores are never slower, on every CPU; all of them are the whole machine.
TEST(ShareOut, MoreCoresAreNeverSlower) {
  int cpus = 0;
  for (absl::string_view name : TargetNames(/*with_modes=*/true)) {
    const auto whole = Whole(name);
    if (whole->kind != TargetKind::kCpu) continue;
    ++cpus;
    for (const Kernel& kernel : {MatMul(100, 1000, 500), MatMul(1, 64, 64), Elementwise(1e6)}) {
      const double all = whole->unit_count();
      double before = std::numeric_limits<double>::infinity();
      for (double cores = 1; cores < 2 * all; cores *= 2) {
        cores = std::min(cores, all);
        const double seconds = EstimateKernel(kernel, On(name, absl::StrCat(cores))).seconds;
        EXPECT_LE(seconds, before * (1 + 1e-9)) << name << " " << cores;
        before = seconds;
      }
      EXPECT_EQ(before, EstimateKernel(kernel, On(name, "")).seconds) << name;
    }
  }
  EXPECT_GE(cpus, 14);
}

}  // namespace
}  // namespace assay
