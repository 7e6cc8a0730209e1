#include "analyzer/profile_match.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "analyzer/pipeline.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Report Analyze(const std::string& model, const std::string& target, const std::string& runtime,
               std::vector<std::pair<std::string, int64_t>> dims = {{"batch", 1}}) {
  AnalyzeOptions options;
  options.targets = {target};
  options.runtime = runtime;
  options.bindings.dims = std::move(dims);
  absl::StatusOr<Plan> plan = MakePlan(options);
  EXPECT_TRUE(plan.ok()) << plan.status();
  absl::StatusOr<Report> report = AnalyzeModel(absl::StrCat("testdata/models/", model), *plan);
  EXPECT_TRUE(report.ok()) << report.status();
  return *std::move(report);
}

ProfileMatch Match(const Profile& profile, const Report& report) {
  return MatchProfile(profile, *report.graph, report.analysis, *report.analysis.estimates[0]);
}

// An entry of 1 s; its result's shape where that matters.
ProfileEntry Entry(std::string name, std::string type = "", std::vector<int64_t> shape = {}) {
  ProfileEntry entry{.name = std::move(name), .op_type = std::move(type), .seconds = 1};
  if (!shape.empty()) entry.shape = std::move(shape);
  return entry;
}

Profile Of(ProfileKind kind, std::vector<ProfileEntry> entries) {
  Profile p{.kind = kind, .runs = 1, .entries = std::move(entries)};
  for (const ProfileEntry& e : p.entries) p.seconds += e.seconds;
  return p;
}

// The MLP's kernels under ONNX Runtime: 0 is /0/Gemm + /1/Relu, 1 is /2/Gemm + /3/Relu, 2 is
// /4/Gemm.
const Report& Mlp() {
  static const Report* report =
      new Report(Analyze("mlp.onnx", "xeon-8480", "onnxruntime-cpu", {{"batch", 32}}));
  return *report;
}

// Kernels that one entry alone is matched to.
std::vector<int> KernelsOf(ProfileKind kind, ProfileEntry entry) {
  const ProfileMatch m = Match(Of(kind, {std::move(entry)}), Mlp());
  return m.groups.empty() ? std::vector<int>{} : m.groups[0].kernels;
}

TEST(ProfileMatch, KnowsWhatOnnxRuntimeAddsToNames) {
  const ProfileEntry entries[] = {
      Entry("/2/Gemm"),
      Entry("fused /2/Gemm"),
      Entry("/2/Gemm_token_17"),
      Entry("/2/Gemm/MatMulAddFusion"),
      Entry("/2/Gemm/MatmulTransposeFusion//MatMulScaleFusion/"),
      Entry("/3/Relu_output_0_nchwc"),
      Entry("/2/Gemm_output_0_bn_nchwc"),
      Entry("/3/Relu_output_0/duplicated"),
      // The runtime's own name: by type and size.
      Entry("FusedGemm_token_3", "FusedGemm", {32, 256}),
  };
  for (const ProfileEntry& entry : entries) {
    EXPECT_THAT(KernelsOf(ProfileKind::kOnnxRuntime, entry), ElementsAre(1)) << entry.name;
  }
  for (const ProfileEntry& entry :
       {Entry("/9/Gemm"), Entry("/2/Gemmy"), Entry("/2/Gemm_token_"), Entry("Gelu", "Gelu"),
        Entry("Gemm_token_3", "Gemm", {32, 257}), Entry("Gelu", "Gelu", {32, 256}), Entry("")}) {
    EXPECT_THAT(KernelsOf(ProfileKind::kOnnxRuntime, entry), IsEmpty()) << entry.name;
  }
}

// Names as TensorRT writes them, by hand, after public logs.
TEST(ProfileMatch, ReadsNamesOfTensorRt) {
  const std::pair<const char*, std::vector<int>> cases[] = {
      {"/2/Gemm", {1}},
      {"/2/Gemm + /3/Relu", {1}},
      {"/0/Gemm || /2/Gemm", {0, 1}},
      {"/2/Gemm + PWN(PWN(/3/Relu), /4/Gemm)", {1, 2}},
      {"PWN((Unnamed Layer* 16) [Shuffle], /3/Relu)", {1}},
      {"node_of_/3/Relu_output_0", {1}},
      {"{ForeignNode[/0/Gemm.../3/Relu]}", {0, 1}},
      {"{ForeignNode[ONNXTRT_ShapeShuffle_3_output[Constant].../3/Relu]}", {0, 1}},
      {"{ForeignNode[/2/Gemm...unheard_of]}", {1, 2}},
      {"{ForeignNode[unheard_of...of]}", {}},
      {"__myl_MulSum_myl68_8", {}},
      {"Reformatting CopyNode for Input Tensor 0 to /2/Gemm + /3/Relu", {}},
      {"/3/Relu_output_0 copy", {}},
  };
  for (const auto& [name, kernels] : cases) {
    EXPECT_EQ(KernelsOf(ProfileKind::kTrtexec, Entry(name)), kernels) << name;
  }
}

TEST(ProfileMatch, ARangeLeavesWhatOthersName) {
  const ProfileMatch m = Match(
      Of(ProfileKind::kTrtexec, {Entry("{ForeignNode[/0/Gemm.../4/Gemm]}"), Entry("/2/Gemm")}),
      Mlp());
  ASSERT_EQ(m.groups.size(), 2u);
  EXPECT_THAT(m.groups[0].kernels, ElementsAre(0, 2));
  EXPECT_THAT(m.groups[0].entries, ElementsAre(0));
  EXPECT_THAT(m.groups[1].kernels, ElementsAre(1));
}

TEST(ProfileMatch, GroupsToACommonDenominator) {
  // Two entries of kernel 0; one entry of kernels 1 and 2.
  const ProfileMatch m =
      Match(Of(ProfileKind::kTrtexec,
               {Entry("/0/Gemm"), Entry("/2/Gemm + /3/Relu + /4/Gemm"), Entry("/1/Relu"),
                Entry("/3/Relu_output_0 copy"), Entry("mystery")}),
            Mlp());
  const ModelEstimate& e = *Mlp().analysis.estimates[0];
  ASSERT_EQ(m.groups.size(), 2u);
  EXPECT_THAT(m.groups[0].kernels, ElementsAre(0));
  EXPECT_THAT(m.groups[0].entries, ElementsAre(0, 2));
  EXPECT_EQ(m.groups[0].measured_s, 2);
  EXPECT_EQ(m.groups[0].estimated_s, e.results[0].seconds);
  EXPECT_THAT(m.groups[1].kernels, ElementsAre(1, 2));
  EXPECT_THAT(m.groups[1].entries, ElementsAre(1));
  EXPECT_EQ(m.groups[1].measured_s, 1);
  EXPECT_EQ(m.groups[1].estimated_s, e.results[1].seconds + e.results[2].seconds);
  EXPECT_EQ(m.groups[1].kernel_class, KernelClass::kGemm);
  EXPECT_THAT(m.added, ElementsAre(3));
  EXPECT_THAT(m.unmatched, ElementsAre(4));
  EXPECT_THAT(m.kernels_left, IsEmpty());
  EXPECT_EQ(m.measured_s, 2 + 1);
}

TEST(ProfileMatch, SaysWhereSizesDiffer) {
  const ProfileMatch m =
      Match(Of(ProfileKind::kOnnxRuntime,
               {Entry("/2/Gemm", "Gemm", {8, 256}), Entry("/4/Gemm", "Gemm", {32, 10}),
                Entry("/0/Gemm", "FusedGemm", {8, 512}),
                Entry("/3/Relu_output_0_nchwc", "Relu", {8, 256})}),
            Mlp());
  // What another type made, or was renamed, may have another layout: not compared.
  EXPECT_EQ(m.sizes_compared, 2);
  EXPECT_EQ(m.sizes_differ, 1);
  EXPECT_EQ(m.size_that_differs, "`/2/Gemm` made 8x256, here 32x256");
}

struct Shipped {
  const char *model, *profile, *target, *runtime;
  std::vector<std::pair<std::string, int64_t>> dims;
};

// Every entry and every kernel stands in one place, sums add up, and nearly all time is matched.
// (The profile of trtexec is written by hand in its format, with times that are made up.)
TEST(ProfileMatch, DropsNothingOfWholeProfiles) {
  const Shipped cases[] = {
      {"resnet18.onnx", "resnet18.json", "xeon-8480", "onnxruntime-cpu", {{"batch", 1}}},
      {"mobilenet_v2.onnx", "mobilenet_v2.json", "xeon-8480", "onnxruntime-cpu", {{"batch", 1}}},
      {"t5_small_encoder.onnx",
       "t5_small_encoder.json",
       "xeon-8480",
       "onnxruntime-cpu",
       {{"batch", 1}, {"seq", 128}}},
      {"mlp.onnx", "mlp_raw.json", "xeon-8480", "onnxruntime-cpu", {{"batch", 32}}},
      {"resnet18.onnx", "resnet18_trtexec.json", "t4", "tensorrt", {{"batch", 1}}},
  };
  for (const Shipped& c : cases) {
    SCOPED_TRACE(c.profile);
    absl::StatusOr<Profile> profile = ReadProfile(absl::StrCat("testdata/profiles/", c.profile));
    ASSERT_TRUE(profile.ok()) << profile.status();
    const Report report = Analyze(c.model, c.target, c.runtime, c.dims);
    const ModelEstimate& e = *report.analysis.estimates[0];
    const ProfileMatch m = Match(*profile, report);
    std::vector<int> kernels = m.kernels_left, entries;
    for (const auto* list : {&m.added, &m.free, &m.unmatched}) {
      entries.insert(entries.end(), list->begin(), list->end());
    }
    double measured = 0, estimated = 0;
    for (const ProfileGroup& g : m.groups) {
      kernels.insert(kernels.end(), g.kernels.begin(), g.kernels.end());
      entries.insert(entries.end(), g.entries.begin(), g.entries.end());
      measured += g.measured_s;
      estimated += g.estimated_s;
    }
    std::sort(kernels.begin(), kernels.end());
    std::sort(entries.begin(), entries.end());
    ASSERT_EQ(kernels.size(), e.kernels.size());
    ASSERT_EQ(entries.size(), profile->entries.size());
    for (size_t i = 0; i < kernels.size(); ++i) EXPECT_EQ(kernels[i], static_cast<int>(i));
    for (size_t i = 0; i < entries.size(); ++i) EXPECT_EQ(entries[i], static_cast<int>(i));
    EXPECT_NEAR(measured, m.measured_s, 1e-12 * measured);
    EXPECT_NEAR(estimated, m.estimated_s, 1e-12 * estimated);
    EXPECT_GE(m.measured_s, 0.95 * profile->seconds);
    EXPECT_THAT(m.kernels_left, IsEmpty());
    EXPECT_EQ(m.sizes_differ, 0);
  }
}

TEST(ProfileMatch, RunsAreWhatAFitTakes) {
  absl::StatusOr<Profile> profile = ReadProfile("testdata/profiles/resnet18.json");
  ASSERT_TRUE(profile.ok()) << profile.status();
  const Report report = Analyze("resnet18.onnx", "xeon-8480", "onnxruntime-cpu");
  const ModelEstimate& e = *report.analysis.estimates[0];
  const ProfileMatch m = Match(*profile, report);
  const std::vector<MeasuredRun> runs = RunsOf(m, report.analysis, e);
  ASSERT_EQ(runs.size(), m.groups.size());
  double sum = 0;
  for (size_t i = 0; i < runs.size(); ++i) {
    sum += runs[i].seconds;
    EXPECT_EQ(runs[i].kernels.size(), m.groups[i].kernels.size());
    EXPECT_EQ(runs[i].machine, "xeon-8480");
    // With what the platform achieves, a run takes what was estimated.
    EXPECT_NEAR(SecondsOf(runs[i], AchievedBy(*e.platform)), m.groups[i].estimated_s,
                1e-9 * m.groups[i].estimated_s);
    for (size_t j = 0; j < i; ++j) {
      const auto a = static_cast<size_t>(m.groups[i].main),
                 b = static_cast<size_t>(m.groups[j].main);
      if (ToString(e.kernels[a]) == ToString(e.kernels[b])) {
        EXPECT_EQ(runs[i].family, runs[j].family) << "alike kernels are left out together";
      }
    }
  }
  EXPECT_NEAR(sum, m.measured_s, 1e-12 * sum);
}

}  // namespace
}  // namespace assay
