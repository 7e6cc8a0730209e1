#include "hw/target.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hw/calibration.h"
#include "hw/kernel.h"
#include "hw/runtime.h"
#include "hw/schema.h"
#include "hw/target_keys.h"
#include "hw/yaml_tree.h"
#include "ir/folder_test_util.h"

namespace assay {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

// A file of the user's, gone when the test is over.
class UserFile {
 public:
  explicit UserFile(absl::string_view text, absl::string_view name = "mine.yaml")
      : path_(absl::StrCat(TestFolder(), name)) {
    std::ofstream(path_) << text;
  }
  ~UserFile() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

constexpr absl::string_view kHead =
    "schema: target/1\nextends: h100-sxm\nname: mine\nsources: {sheet: my sheet}\nsource: sheet\n";

// Everything but places, which a packed form does not hold.
std::string Packed(const Target& target) {
  std::string record, texts;
  Pack(TargetRows(), &target, &record, &texts);
  return absl::StrCat(record, "|", texts);
}

std::shared_ptr<const Target> Load(absl::string_view name) {
  auto target = FindTarget(name);
  EXPECT_TRUE(target.ok()) << target.status();
  return target.ok() ? *target : std::make_shared<const Target>();
}

TEST(FindTarget, KnowsTheShippedOnes) {
  EXPECT_THAT(TargetNames(), Contains("h100-sxm"));
  EXPECT_THAT(TargetNames(), Contains("i7-12700k"));
  std::vector<absl::string_view> names = TargetNames(true);
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  for (absl::string_view name : names) EXPECT_EQ(Load(name)->name, name);
}

TEST(FindTarget, EveryFileIsShipped) {
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator("hw/targets")) {
    files.insert(entry.path().stem().string());
  }
  std::vector<absl::string_view> names = TargetNames();
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), files);
}

std::vector<std::string> Expanded(const std::vector<std::string>& words) {
  absl::StatusOr<TargetChoice> choice = ExpandTargets(words);
  EXPECT_TRUE(choice.ok()) << choice.status();
  return choice.ok() ? choice->names : std::vector<std::string>();
}

TEST(ExpandTargets, WordsForMany) {
  EXPECT_EQ(Expanded({"t4", "./mine.yaml", "t4"}), std::vector<std::string>({"t4", "./mine.yaml"}));
  EXPECT_EQ(Expanded({"all", "t4"}).size(), TargetNames().size());
  EXPECT_FALSE(ExpandTargets(std::vector<std::string>{"t4"})->open);
  EXPECT_TRUE(ExpandTargets(std::vector<std::string>{"rtx-*"})->open);
  EXPECT_THAT(Expanded({"npu"}), Not(IsEmpty()));
  for (const std::string& name : Expanded({"npu"})) EXPECT_EQ(Load(name)->kind, TargetKind::kNpu);
  for (const std::string& name : Expanded({"rtx-*"})) EXPECT_THAT(name, StartsWith("rtx-"));
  const std::vector<std::string> modes = Expanded({"jetson-orin-nano@*"});
  EXPECT_EQ(modes.size(), 1 + Load("jetson-orin-nano")->modes.size());
  EXPECT_EQ(modes[0], "jetson-orin-nano");
  EXPECT_THAT(modes[1], StartsWith("jetson-orin-nano@"));
}

TEST(ExpandTargets, WordsForNone) {
  EXPECT_EQ(ExpandTargets(std::vector<std::string>{"gtx-*"}).status().message(),
            "no target is called `gtx-*`; `assay targets` lists them");
  EXPECT_FALSE(ExpandTargets(std::vector<std::string>{"h100-smx@*"}).ok());
}

TEST(FindTarget, OffersTheNearestName) {
  EXPECT_EQ(
      FindTarget("h100-smx").status().message(),
      "unknown target `h100-smx` (did you mean `h100-sxm`?); `assay targets` lists them, and a "
      "path to a YAML file serves too");
  EXPECT_FALSE(FindTarget("").ok());
  EXPECT_FALSE(FindTarget("@").ok());
  EXPECT_FALSE(FindTarget("h100-sxm@nonesuch").ok());
}

TEST(FindTarget, WhatIsShippedIsWhatTheFileSays) {
  for (absl::string_view name : TargetNames()) {
    std::string path = absl::StrCat("hw/targets/", name, ".yaml");
    EXPECT_THAT(CheckTargetFile(path), IsEmpty());
    EXPECT_EQ(Packed(*Load(name)), Packed(*Load(path))) << name;
  }
}

TEST(FindTarget, EveryNumberCitesItsSource) {
  for (absl::string_view name : TargetNames(true)) {
    auto target = Load(name);
    std::string yaml = ToYaml(*target);
    EXPECT_THAT(yaml, testing::Not(HasSubstr("source: \"\""))) << name;
    for (const UnitClass& unit : target->units) EXPECT_FALSE(unit.clock.source.empty());
  }
}

TEST(ToYaml, ReadsBackTheSame) {
  for (absl::string_view name : TargetNames(true)) {
    auto target = Load(name);
    UserFile file(ToYaml(*target));
    EXPECT_THAT(CheckTargetFile(file.path()), IsEmpty());
    Target without_modes = *target;
    without_modes.modes.clear();
    EXPECT_EQ(Packed(without_modes), Packed(*Load(file.path()))) << ToYaml(*target);
  }
}

TEST(Extends, ReplacesWhatIsGivenAndKeepsTheRest) {
  UserFile file(absl::StrCat(kHead,
                             "memory:\n  HBM3: {bandwidth: 4.8 TB/s, size: 141 GB}\n"
                             "launch: {value: 2 us, basis: estimate, reason: hope}\n"
                             "links:\n  NVLink 4: ~\nprice: 1 USD\n"));
  auto base = Load("h100-sxm"), mine = Load(file.path());
  EXPECT_EQ(mine->name, "mine");
  EXPECT_EQ(mine->title, base->title);
  EXPECT_EQ(mine->dram().bandwidth.value, 4.8e12);
  EXPECT_EQ(mine->dram().bandwidth.source, "my sheet");
  EXPECT_EQ(mine->dram().role, MemoryRole::kDram);
  EXPECT_EQ(mine->dram().energy.value, base->dram().energy.value);
  EXPECT_EQ(mine->launch.value, 2e-6);
  EXPECT_EQ(mine->launch.reason, "hope");
  EXPECT_EQ(mine->links.size(), base->links.size() - 1);
  EXPECT_EQ(mine->Rate(EngineClass::kMatrix, Math::kFp16),
            base->Rate(EngineClass::kMatrix, Math::kFp16));
}

TEST(Extends, StatedPeaksFollowUnitsAndClocks) {
  UserFile file(absl::StrCat(kHead, "units:\n  SM: {count: 66}\n"));
  auto base = Load("h100-sxm"), half = Load(file.path());
  for (Math math : base->maths()) {
    EXPECT_DOUBLE_EQ(half->BestRate(math), base->BestRate(math) / 2) << Name(math);
  }
  EXPECT_THAT(half->peaks.matrix[0].datum.reason, HasSubstr("scaled"));
}

TEST(PowerModes, OverrideAnyDatum) {
  UserFile file(absl::StrCat(kHead,
                             "modes:\n"
                             "  350w:\n"
                             "    design_power: 350 W\n"
                             "    units: {SM: {clock: 0.915 GHz}}\n"
                             "    engines: {CUDA core: {clock: 0.99 GHz}}\n"));
  auto full = Load(file.path()), low = Load(file.path() + "@350w");
  EXPECT_THAT(full->modes, ElementsAre("350w"));
  EXPECT_EQ(full->design_power.value, 700);
  EXPECT_EQ(low->name, "mine@350w");
  EXPECT_EQ(low->design_power.value, 350);
  EXPECT_DOUBLE_EQ(low->Rate(EngineClass::kMatrix, Math::kFp16),
                   full->Rate(EngineClass::kMatrix, Math::kFp16) / 2);
  EXPECT_DOUBLE_EQ(low->Rate(EngineClass::kVector, Math::kFp32),
                   full->Rate(EngineClass::kVector, Math::kFp32) / 2);
  EXPECT_THAT(FindTarget(file.path() + "@35w").status().message(),
              HasSubstr("has no power mode `35w` (did you mean `350w`?); it has 350w"));
}

TEST(Target, RatesAreUnitsTimesOpsTimesClock) {
  auto i7 = Load("i7-12700k");
  // No peak is stated for int8: 8 cores x 128 x 4.7 GHz + 4 cores x 64 x 3.6 GHz.
  EXPECT_DOUBLE_EQ(i7->Rate(EngineClass::kVector, Math::kInt8), 8 * 128 * 4.7e9 + 4 * 64 * 3.6e9);
  EXPECT_NEAR(i7->RateOfUnits(EngineClass::kVector, Math::kFp32, "E-core"), 4 * 16 * 3.6e9, 1e3);
  EXPECT_EQ(i7->Rate(EngineClass::kMatrix, Math::kFp32), 0);
  EXPECT_EQ(i7->unit_count(), 12);
  EXPECT_EQ(i7->Bandwidth(i7->memory[0]), 8 * 96 * 4.7e9);
  EXPECT_EQ(i7->Capacity(i7->memory[0]), 8 * 48 * 1024);
  auto h100 = Load("h100-sxm");
  EXPECT_EQ(h100->Rate(EngineClass::kMatrix, Math::kFp16), 989e12);  // dense, not 1979
  EXPECT_THAT(h100->maths(), ElementsAre(Math::kFp64, Math::kFp32, Math::kTf32, Math::kBf16,
                                         Math::kFp16, Math::kFp8, Math::kInt32, Math::kInt8));
}

TEST(Keys, AreListedWithUnitAndNeed) {
  auto find = [](const std::vector<KeyDoc>& docs, absl::string_view path) {
    for (const KeyDoc& doc : docs) {
      if (doc.path == path) return doc;
    }
    ADD_FAILURE() << path;
    return KeyDoc();
  };
  KeyDoc doc = find(TargetKeys(), "memory.NAME.bandwidth");
  EXPECT_EQ(doc.type, "bytes per second");
  EXPECT_EQ(doc.example, "3.35 TB/s");
  EXPECT_FALSE(doc.required);
  EXPECT_TRUE(find(TargetKeys(), "units.NAME.count").required);
  EXPECT_EQ(find(TargetKeys(), "kind").type, "gpu|cpu|systolic|kpu|npu");
  EXPECT_EQ(find(TargetKeys(), "engines.NAME.ops.FORMAT").type, "operations per clock");
  EXPECT_TRUE(find(RuntimeKeys(), "fusion").required);
  EXPECT_TRUE(find(CalibrationKeys(), "classes.NAME.compute").required);
  for (const auto& docs : {TargetKeys(), RuntimeKeys(), CalibrationKeys()}) {
    for (const KeyDoc& each : docs) EXPECT_FALSE(each.doc.empty()) << each.path;
  }
}

TEST(Runtimes, IdealCostsNothing) {
  auto ideal = FindRuntime("ideal");
  ASSERT_TRUE(ideal.ok()) << ideal.status();
  EXPECT_EQ((*ideal)->fusion, "greedy");
  EXPECT_TRUE((*ideal)->kernel_overhead.known);
  EXPECT_EQ((*ideal)->kernel_overhead.value, 0);
  EXPECT_TRUE((*ideal)->graph_capture);
  EXPECT_THAT(FindRuntime("ideel").status().message(), HasSubstr("did you mean `ideal`?"));
  UserFile file(ToYaml(**ideal));
  EXPECT_THAT(CheckRuntimeFile(file.path()), IsEmpty());
}

TEST(Calibrations, TheNarrowestMatchIsUsed) {
  Target orin;
  orin.name = "orin@15w";
  orin.family = "ampere";
  orin.kind = TargetKind::kGpu;
  Runtime runtime;
  runtime.name = "fast";
  Calibration c{.runtime = "fast"};
  c.kind = "gpu";
  EXPECT_EQ(MatchOf(c, orin, runtime), 1);
  c.kind = "cpu";
  EXPECT_EQ(MatchOf(c, orin, runtime), 0);
  c.kind = "";
  c.family = "ampere";
  EXPECT_EQ(MatchOf(c, orin, runtime), 2);
  c.family = "";
  c.target = "orin";
  EXPECT_EQ(MatchOf(c, orin, runtime), 3);
  c.target = "orin@15w";
  EXPECT_EQ(MatchOf(c, orin, runtime), 4);
  c.target = "orin@7w";
  EXPECT_EQ(MatchOf(c, orin, runtime), 0);
  c.target = "orin";
  c.runtime = "slow";
  EXPECT_EQ(MatchOf(c, orin, runtime), 0);
}

TEST(Calibrations, AUsersFileLoads) {
  UserFile file(
      "schema: calibration/1\nname: mine\nfamily: nvidia-hopper\nruntime: ideal\n"
      "sources: {me: my bench}\nsource: me\n"
      "classes:\n  gemm: {compute: 80 %, bandwidth: 90 %, half_saturation: 2 GFLOP}\n"
      "launch: 4 us\nlow: 0.8\nhigh: 1.3\ndata: mine.csv\ndate: 2026-01-31\nrows: 12\n"
      "error_in_sample: 5 %\nerror_held_out: 8 %\n");
  auto calibration = LoadCalibration(file.path());
  ASSERT_TRUE(calibration.ok()) << calibration.status();
  ASSERT_EQ((*calibration)->classes.size(), 1u);
  const ClassEfficiency& gemm = (*calibration)->classes[0];
  EXPECT_EQ(gemm.name, Name(KernelClass::kGemm));
  EXPECT_EQ(gemm.compute.value, 0.8);
  EXPECT_EQ(gemm.half_saturation.value, 2e9);
  UserFile again(ToYaml(**calibration));
  EXPECT_THAT(CheckCalibrationFile(again.path()), IsEmpty());
}

TEST(Hostile, LargeAndOddFilesAreRefusedAtOnce) {
  std::string many = "schema: target/1\n";
  for (int i = 0; i < 100000; ++i) absl::StrAppend(&many, "k", i, ": 1\n");
  for (const std::string& text :
       {many, std::string(3 << 20, 'a'), std::string(100000, '['), std::string(100000, '{'),
        "a: " + std::string(500000, '-'), std::string(1000, '\0'), std::string("\xff\xfe\x00x", 4),
        std::string("? a\n: b\n"), std::string("a: |\n") + std::string(900000, '\n'),
        std::string("%YAML 9.9\n---\na: b\n"), std::string("'"), std::string("\"\\"),
        std::string("a: !<x> b"), std::string("- - - - -"), std::string("a: &a [*a]")}) {
    std::vector<Problem> problems;
    ParseYaml(text, &problems);
    UserFile file(text);
    EXPECT_FALSE(FindTarget(file.path()).ok());
    EXPECT_LT(CheckTargetFile(file.path()).size(), 2000u);
  }
}

}  // namespace
}  // namespace assay
