#include "hw/vary.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hw/estimate.h"
#include "hw/runtime.h"
#include "hw/target_keys.h"
#include "hw/yaml_tree.h"

namespace assay {
namespace {

using testing::Contains;
using testing::HasSubstr;

Target Shipped(absl::string_view name) {
  auto target = FindTarget(name);
  EXPECT_TRUE(target.ok()) << target.status();
  return **target;
}

Target With(absl::string_view name, absl::string_view path, double factor) {
  auto varied = Varied(Shipped(name), path, factor);
  EXPECT_TRUE(varied.ok()) << varied.status();
  return **varied;
}

Target WithAbsolute(absl::string_view name, absl::string_view path, absl::string_view value) {
  auto varied = VariedTo(Shipped(name), path, value);
  EXPECT_TRUE(varied.ok()) << varied.status();
  return **varied;
}

const MemoryLevel& Level(const Target& target, absl::string_view name) {
  return *std::find_if(target.memory.begin(), target.memory.end(),
                       [&](const MemoryLevel& level) { return level.name == name; });
}

double Stated(const std::vector<MathDatum>& peaks, Math math) {
  for (const MathDatum& peak : peaks) {
    if (peak.math == math) return peak.datum.value;
  }
  return 0;
}

// What its file would say of it.
bool AgreesWithItself(const Target& target) {
  YamlNode file;
  file.kind = YamlNode::Kind::kMap;
  std::vector<Problem> problems;
  CheckTarget(target, file, &problems);
  for (const Problem& problem : problems) ADD_FAILURE() << problem.message;
  return problems.empty();
}

TEST(Varied, MemoryBandwidthAlone) {
  for (const char* path : {"memory.HBM3.bandwidth", "dram.bandwidth", "hbm3.Bandwidth"}) {
    const Target t = With("h100-sxm", path, 2);
    EXPECT_DOUBLE_EQ(t.Bandwidth(t.dram()), 2 * 3.35e12) << path;
    EXPECT_DOUBLE_EQ(t.Rate(EngineClass::kMatrix, Math::kFp16), 989e12);
    EXPECT_THAT(t.dram().bandwidth.reason, HasSubstr("varied: 2 x the 3.35 TB/s of h100-sxm"));
    EXPECT_EQ(t.dram().bandwidth.source, Shipped("h100-sxm").dram().bandwidth.source);
    EXPECT_EQ(t.name, "h100-sxm");
  }
}

TEST(Varied, AbsoluteValues) {
  EXPECT_NEAR(WithAbsolute("h100-sxm", "dram.bandwidth", "200 GB/s").dram().bandwidth.value, 200e9,
              1);
  EXPECT_NEAR(WithAbsolute("h100-sxm", "dram.size", "40 GB").dram().size.value, 40e9, 1);
  EXPECT_EQ(WithAbsolute("h100-sxm", "units", "66").unit_count(), 66);
  EXPECT_NEAR(WithAbsolute("h100-sxm", "power", "350 W").design_power.value, 350, 1e-9);
  EXPECT_NEAR(WithAbsolute("h100-sxm", "launch", "1 us").launch.value, 1e-6, 1e-15);
}

TEST(Varied, ClockTakesPeaksAndBandwidthsOnTheChipAlong) {
  const Target before = Shipped("h100-sxm");
  for (const char* path : {"clock", "units.SM.clock"}) {
    const Target t = With("h100-sxm", path, 0.5);
    EXPECT_DOUBLE_EQ(t.units[0].clock.value, 1.83e9 / 2);
    EXPECT_DOUBLE_EQ(t.engines[1].clock.value, 1.98e9 / 2);  // CUDA cores: a clock of their own
    EXPECT_DOUBLE_EQ(t.Rate(EngineClass::kMatrix, Math::kFp16), 989e12 / 2);
    EXPECT_DOUBLE_EQ(Stated(t.peaks.vector, Math::kFp32), 67e12 / 2);
    EXPECT_DOUBLE_EQ(Stated(t.sparse_peaks.matrix, Math::kFp16), 1979e12 / 2);
    // 132 x 128 B/clock, per clock; 9.9 TB/s, per second.
    EXPECT_DOUBLE_EQ(t.Bandwidth(Level(t, "L1")), 132 * 128 * 1.83e9 / 2);
    EXPECT_DOUBLE_EQ(t.Bandwidth(Level(t, "L2")), 9.9e12 / 2);
    EXPECT_DOUBLE_EQ(t.Bandwidth(t.dram()), 3.35e12);
    EXPECT_DOUBLE_EQ(t.design_power.value, before.design_power.value);
    EXPECT_DOUBLE_EQ(t.launch.value, before.launch.value);
    EXPECT_TRUE(AgreesWithItself(t));
  }
}

TEST(Varied, CountTakesPeaksAndWhatEachUnitHasAlong) {
  const Target t = With("h100-sxm", "units.sm.count", 0.5);
  EXPECT_EQ(t.unit_count(), 66);
  EXPECT_DOUBLE_EQ(t.Rate(EngineClass::kMatrix, Math::kFp16), 989e12 / 2);
  EXPECT_DOUBLE_EQ(t.Bandwidth(Level(t, "L1")), 66 * 128 * 1.83e9);
  EXPECT_DOUBLE_EQ(t.Bandwidth(Level(t, "L2")), 9.9e12);  // shared
  EXPECT_TRUE(AgreesWithItself(t));
  // 8 x 0.3 = 2.4 units are 2, and peaks follow the 2.
  const Target few = With("jetson-orin-nano", "units", 0.3);
  EXPECT_EQ(few.unit_count(), 2);
  EXPECT_DOUBLE_EQ(few.Rate(EngineClass::kMatrix, Math::kFp16), 10.24e12 * 2 / 8);
  EXPECT_EQ(With("jetson-orin-nano", "units", 0.001).unit_count(), 1);
}

TEST(Varied, SeveralClassesOfUnits) {
  const Target clocks = With("i7-12700k", "clock", 2);
  EXPECT_DOUBLE_EQ(clocks.unit("P-core")->clock.value, 9.4e9);
  EXPECT_DOUBLE_EQ(clocks.unit("E-core")->clock.value, 7.2e9);
  EXPECT_DOUBLE_EQ(Stated(clocks.peaks.vector, Math::kFp32), 2 * 1.4336e12);
  EXPECT_DOUBLE_EQ(Level(clocks, "L3").bandwidth.value, 800e9);
  // One class alone: 8 x 32 x 9.4 + 4 x 16 x 3.6 GHz.
  const Target p = With("i7-12700k", "units.P-core.clock", 2);
  EXPECT_NEAR(Stated(p.peaks.vector, Math::kFp32), 8 * 32 * 9.4e9 + 4 * 16 * 3.6e9, 1e6);
  EXPECT_TRUE(AgreesWithItself(p));
  EXPECT_DOUBLE_EQ(FindVariable(p, "units")->value, 8 + 4);
  EXPECT_DOUBLE_EQ(FindVariable(p, "clock")->value, 9.4e9);
}

TEST(Varied, PeakWidensTheEnginesOfOneFormat) {
  for (const char* path : {"peak.fp16", "PEAK.FP16"}) {
    const Target t = With("h100-sxm", path, 2);
    EXPECT_DOUBLE_EQ(t.Rate(EngineClass::kMatrix, Math::kFp16), 2 * 989e12);
    EXPECT_DOUBLE_EQ(t.Rate(EngineClass::kVector, Math::kFp16), 2 * 132 * 512 * 1.98e9);
    EXPECT_DOUBLE_EQ(t.Rate(EngineClass::kMatrix, Math::kBf16), 989e12);
    EXPECT_DOUBLE_EQ(t.units[0].clock.value, 1.83e9);
    EXPECT_TRUE(AgreesWithItself(t));
  }
  const Target one = With("h100-sxm", "peaks.matrix.fp16", 2);
  EXPECT_DOUBLE_EQ(one.Rate(EngineClass::kMatrix, Math::kFp16), 2 * 989e12);
  EXPECT_DOUBLE_EQ(one.Rate(EngineClass::kVector, Math::kFp16), 132 * 512 * 1.98e9);
  EXPECT_TRUE(AgreesWithItself(one));
  // By operations per clock: the stated peak follows.
  const Target ops = With("h100-sxm", "engines.tensor core.ops.fp16", 2);
  EXPECT_DOUBLE_EQ(ops.Rate(EngineClass::kMatrix, Math::kFp16), 2 * 989e12);
  EXPECT_TRUE(AgreesWithItself(ops));
  // All of them; one that is only stated.
  const Target all = With("h100-sxm", "peak", 3);
  EXPECT_DOUBLE_EQ(all.Rate(EngineClass::kMatrix, Math::kInt8), 3 * 1979e12);
  EXPECT_DOUBLE_EQ(all.Rate(EngineClass::kSpecial, Math::kFp32), 3 * 132 * 16 * 1.83e9);
  EXPECT_TRUE(AgreesWithItself(all));
  EXPECT_DOUBLE_EQ(With("hailo-8", "peak.int8", 2).Rate(EngineClass::kMatrix, Math::kInt8), 52e12);
}

TEST(Varied, MemoriesByRole) {
  EXPECT_DOUBLE_EQ(Level(With("h100-sxm", "cache.size", 2), "L2").size.value, 2 * 50 * 1048576.0);
  EXPECT_DOUBLE_EQ(Level(With("kpu-t64", "cache.size", 2), "L2").size.value, 2 * 4 * 1048576.0);
  EXPECT_DOUBLE_EQ(Level(With("hailo-8", "cache.size", 2), "SRAM").size.value, 2 * 25.7e6);
  const Target l1 = With("h100-sxm", "l1.size", 0.5);
  EXPECT_DOUBLE_EQ(Level(l1, "L1").size.value, 128 * 1024);
  EXPECT_DOUBLE_EQ(Level(l1, "L1").programmable.value, 114 * 1024);
  // The host's memory is behind the link.
  for (const char* path : {"dram.bandwidth", "link.bandwidth"}) {
    const Target t = With("hailo-8", path, 2);
    EXPECT_DOUBLE_EQ(t.dram().bandwidth.value, 2 * 3.94e9);
    EXPECT_DOUBLE_EQ(t.links[0].bandwidth.value, 2 * 3.94e9);
  }
  EXPECT_DOUBLE_EQ(With("h100-sxm", "link.bandwidth", 2).links[1].bandwidth.value, 128e9);
}

TEST(Varied, EstimatesSaySo) {
  auto target = Varied(Shipped("rtx-4090"), "dram.bandwidth", 2);
  ASSERT_TRUE(target.ok());
  auto platform = MakePlatform(*target, *FindRuntime("torch-inductor"), {});
  ASSERT_TRUE(platform.ok());
  EXPECT_EQ(platform->calibration->target, "rtx-4090");
  EXPECT_THAT(platform->assumptions,
              Contains("varied: dram.bandwidth at 2 x the 1.008 TB/s of rtx-4090; all else, its "
                       "calibration included, stays that of rtx-4090"));
}

TEST(Varied, LaunchScalesWhatACalibrationFitted) {
  auto runtime = *FindRuntime("torch-inductor");
  auto whole = MakePlatform(*FindTarget("rtx-4090"), runtime, {});
  auto half = MakePlatform(*Varied(Shipped("rtx-4090"), "launch", 0.5), runtime, {});
  ASSERT_TRUE(whole.ok() && half.ok());
  EXPECT_GT(whole->achieved.launch, 0);
  EXPECT_DOUBLE_EQ(half->achieved.launch, whole->achieved.launch / 2);
}

TEST(Varied, TwiceInARow) {
  const Target once = With("h100-sxm", "dram.bandwidth", 2);
  auto twice = Varied(once, "clock", 0.5);
  ASSERT_TRUE(twice.ok());
  EXPECT_DOUBLE_EQ((*twice)->dram().bandwidth.value, 6.7e12);
  EXPECT_DOUBLE_EQ((*twice)->Rate(EngineClass::kMatrix, Math::kFp16), 989e12 / 2);
  EXPECT_EQ((*twice)->varied.size(), 2U);
}

TEST(Varied, Errors) {
  const Target t = Shipped("h100-sxm");
  EXPECT_THAT(Varied(t, "dram.bandwith", 2).status().message(),
              HasSubstr("`dram.bandwith` is no number that h100-sxm states (did you mean "
                        "`dram.bandwidth`?); it has dram.bandwidth, link.bandwidth, dram.size"));
  EXPECT_THAT(Varied(t, "clock", 0).status().message(), HasSubstr("`clock` cannot become 0 times"));
  EXPECT_FALSE(Varied(t, "clock", -1).ok());
  EXPECT_THAT(VariedTo(t, "clock", "2 GB").status().message(),
              HasSubstr("`clock`: `2 GB` is bytes, not frequency"));
  EXPECT_THAT(Varied(t, "power", 0.01).status().message(),
              HasSubstr("below its idle power of 50 W"));
  // Hailo states no bandwidth of its SRAM.
  EXPECT_FALSE(Varied(Shipped("hailo-8"), "cache.bandwidth", 2).ok());
}

// Every path can be varied, changes its value by the factor, and leaves the target one that its
// checks accept. A target of each kind.
TEST(Varied, EveryPath) {
  for (absl::string_view name : {"h100-sxm", "jetson-orin-nano@7w", "i7-12700k", "tpu-v4",
                                 "kpu-t64", "hailo-8", "ethos-u55"}) {
    const Target target = Shipped(name);
    for (const Variable& v : VariablesOf(target)) {
      EXPECT_GT(v.value, 0) << name << " " << v.path;
      auto twice = Varied(target, v.path, 2);
      // The smallest block of a product may not outgrow the largest, and so on.
      if (!twice.ok() || absl::StrContains(v.path, "tile_")) continue;
      EXPECT_NEAR(FindVariable(**twice, v.path)->value, 2 * v.value, 1e-9 * v.value)
          << name << " " << v.path;
      EXPECT_TRUE(AgreesWithItself(**twice)) << name << " " << v.path;
    }
  }
}

}  // namespace
}  // namespace assay
