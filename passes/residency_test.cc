#include "passes/residency.h"

#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ir/folder_test_util.h"
#include "passes/passes_test_util.h"

namespace assay {
namespace {

constexpr double kNever = Kernel::Operand::kNever, kStays = -kNever;

// Two layers with 1 MiB of weights each in int8, and a third of 4 KiB.
constexpr absl::string_view kLayers = R"(
    arg %x: f32[4, 1024]
    weight %w1 = f32[1024, 1024]
    weight %w2 = f32[1024, 1024]
    weight %w3 = f32[1024, 4]
    %h = MatMul(%x, %w1)
    %g = MatMul(%h, %w2)
    %y = MatMul(%g, %w3)
    return %y
)";

void Write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

// On a Coral with `sram` of memory, under a runtime that keeps things so.
std::vector<Kernel> KernelsOn(const std::string& sram, const std::string& residency) {
  const std::string target = TestFolder() + "coral.yaml";
  const std::string runtime = TestFolder() + "keeps.yaml";
  Write(target, absl::StrCat("schema: target/1\nname: coral\nextends: coral-edge-tpu\n",
                             "sources: {test: made up}\nsource: test\n",
                             "memory:\n  SRAM:\n    size: {value: ", sram,
                             ", basis: estimate, reason: made up}\n"));
  Write(runtime, absl::StrCat("schema: runtime/1\nname: keeps\nextends: edgetpu\n",
                              "residency: ", residency, "\n"));
  PassRequest request;
  const auto t = FindTarget(target);
  const auto r = FindRuntime(runtime);
  EXPECT_TRUE(t.ok()) << t.status();
  EXPECT_TRUE(r.ok()) << r.status();
  if (!t.ok() || !r.ok()) return {};
  request.estimates.push_back({.target = *t, .runtime = *r});
  Analyzed run(kLayers, request);
  EXPECT_TRUE(run.ok());
  return run.ok() ? run->estimates[0]->kernels : std::vector<Kernel>{};
}

std::vector<double> Distances(const std::vector<Kernel>& kernels, Kernel::Operand::What what) {
  std::vector<double> out;
  for (const Kernel& k : kernels) {
    for (const Kernel::Operand& operand : k.operands) {
      if (operand.what == what) out.push_back(operand.reuse_distance);
    }
  }
  return out;
}

using What = Kernel::Operand::What;

TEST(Residency, WeightsOfAScratchpadComeInEveryRun) {
  const std::vector<Kernel> kernels = KernelsOn("8 MiB", "scratchpad");
  EXPECT_EQ(Distances(kernels, What::kWeight), std::vector<double>({kNever, kNever, kNever}));
  // From the caller; then each is read by the next kernel.
  EXPECT_EQ(Distances(kernels, What::kActivationIn), std::vector<double>({kNever, 0, 0}));
  EXPECT_EQ(Distances(kernels, What::kActivationOut), std::vector<double>({0, 0, kNever}));
}

TEST(Residency, PinnedWeightsAreTheFirstThatFit) {
  const double mib = 1024 * 1024;
  // Room for one of 1 MiB and for the small one.
  const std::vector<Kernel> kernels = KernelsOn("1.5 MiB", "pinned");
  EXPECT_EQ(Distances(kernels, What::kWeight), std::vector<double>({kStays, kNever, kStays}));
  // Activations lie behind 1 MiB + 4 KiB of weights.
  EXPECT_EQ(Distances(kernels, What::kActivationIn),
            std::vector<double>({kNever, mib + 4096, mib + 4096}));
}

TEST(Residency, AllInOneContext) {
  const std::vector<Kernel> kernels = KernelsOn("8 MiB", "contexts");
  EXPECT_EQ(Distances(kernels, What::kWeight), std::vector<double>({kStays, kStays, kStays}));
  EXPECT_EQ(Distances(kernels, What::kActivationIn), std::vector<double>({kNever, kStays, kStays}));
}

TEST(Residency, BetweenContextsThingsLeaveTheChip) {
  // 2 MiB + 4 KiB of weights in parts of 1.5 MiB: two contexts; the second layer begins with 1 MiB
  // ahead of it, which is just below half: it still belongs to the first.
  const std::vector<Kernel> kernels = KernelsOn("1.5 MiB", "contexts");
  EXPECT_EQ(Distances(kernels, What::kWeight), std::vector<double>({kNever, kNever, kNever}));
  EXPECT_EQ(Distances(kernels, What::kActivationIn), std::vector<double>({kNever, kStays, kNever}));
  EXPECT_EQ(Distances(kernels, What::kActivationOut),
            std::vector<double>({kStays, kNever, kNever}));
}

}  // namespace
}  // namespace assay
