#include "hw/fallback.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"

namespace assay {
namespace {

// A platform whose every number is known: its link moves 1 GB/s after 10 us.
Platform Device(absl::string_view host, bool link) {
  absl::StatusOr<std::shared_ptr<const Target>> shipped = FindTarget("coral-edge-tpu");
  EXPECT_TRUE(shipped.ok()) << shipped.status();
  auto target = std::make_shared<Target>(**shipped);
  target->host = std::string(host);
  target->links.clear();
  if (link) {
    target->links.push_back({.name = "wire",
                             .role = LinkRole::kHost,
                             .bandwidth = {.value = 1e9, .known = true},
                             .latency = {.value = 10e-6, .known = true}});
  }
  target->memory.back().bandwidth = {.value = 4e9, .known = true};
  target->launch = {.value = 2e-6, .known = true};
  absl::StatusOr<Platform> platform = MakePlatform(target, nullptr, {.precision = "int8"});
  EXPECT_TRUE(platform.ok()) << platform.status();
  return *std::move(platform);
}

// Reads 3 MB and writes 1 MB.
Kernel Copy() {
  Kernel kernel;
  kernel.operands.push_back({.dtype = DType::kI8, .elements = 3e6, .bytes = 3e6});
  kernel.operands.push_back({.what = Kernel::Operand::What::kActivationOut,
                             .dtype = DType::kI8,
                             .elements = 1e6,
                             .bytes = 1e6});
  return kernel;
}

TEST(OperatorList, NamesOfAnyDomainAndOfOne) {
  const std::vector<std::string> names = {"Conv", "mmdet3d.VoxelMean"};
  const OperatorList list(names);
  EXPECT_FALSE(list.Lacks("", "Conv"));
  EXPECT_FALSE(list.Lacks("com.microsoft", "Conv"));
  EXPECT_FALSE(list.Lacks("mmdet3d", "VoxelMean"));
  EXPECT_TRUE(list.Lacks("", "VoxelMean"));
  EXPECT_TRUE(list.Lacks("other", "VoxelMean"));
  EXPECT_TRUE(list.Lacks("", "TopK"));
  const std::vector<std::string> none;
  EXPECT_FALSE(OperatorList(none).Lacks("", "TopK"));
}

TEST(EstimateOnHost, WithoutAHostOperandsGoAtTheLinksRate) {
  const Platform device = Device("", true);
  const absl::StatusOr<HostSide> host = HostOf(device, 1);
  ASSERT_TRUE(host.ok()) << host.status();
  EXPECT_EQ(
      host->assumption,
      "no host is named: what coral-edge-tpu lacks takes a launch of 2 us and the time of its "
      "operands at 1 GB/s over wire");
  const KernelEstimate e = EstimateOnHost(Copy(), {.bytes = 2e6, .tensors = 3}, device, *host);
  // Three tensors wait for the link, their 2 MB cross it, and a launch and 4 MB of operands count
  // for the host.
  EXPECT_NEAR(e.seconds, 3 * 10e-6 + 2e6 / 1e9 + 2e-6 + 4e6 / 1e9, 1e-15);
  EXPECT_NEAR(e.overhead, 3 * 10e-6 + 2e-6, 1e-15);
  EXPECT_NEAR(e.roofline, 2e6 / 1e9 + 4e6 / 1e9, 1e-15);
  EXPECT_TRUE(e.fallback);
  EXPECT_EQ(e.crossing_bytes, 2e6);
  EXPECT_EQ(e.limit, "host");
  EXPECT_LE(e.low, e.seconds);
  EXPECT_GE(e.high, e.seconds);
  ASSERT_EQ(e.parts.size(), 2u);
  EXPECT_EQ(e.parts[0].name, "wire");
  EXPECT_EQ(e.parts[1].name, "host");
  // Nobody says what a host draws.
  EXPECT_FALSE(e.energy.complete);
}

TEST(EstimateOnHost, InSharedMemoryNothingCrosses) {
  const Platform device = Device("", false);
  const absl::StatusOr<HostSide> host = HostOf(device, 1);
  ASSERT_TRUE(host.ok()) << host.status();
  const KernelEstimate e = EstimateOnHost(Copy(), {.bytes = 2e6, .tensors = 3}, device, *host);
  EXPECT_NEAR(e.seconds, 2e-6 + 4e6 / 4e9, 1e-15);
  EXPECT_EQ(e.crossing_bytes, 0);
  EXPECT_EQ(e.parts.size(), 1u);
}

TEST(EstimateOnHost, ANamedHostTakesWhatItTakesByItself) {
  const Platform device = Device("raspberry-pi-4", true);
  const absl::StatusOr<HostSide> host = HostOf(device, 1);
  ASSERT_TRUE(host.ok()) << host.status();
  ASSERT_NE(host->platform, nullptr);
  EXPECT_EQ(host->platform->precision->name, "int8");
  EXPECT_EQ(host->assumption,
            "what coral-edge-tpu lacks runs on raspberry-pi-4 under ideal, uncalibrated, behind "
            "wire");
  const KernelEstimate own = EstimateKernel(Copy(), *host->platform);
  const KernelEstimate e = EstimateOnHost(Copy(), {.bytes = 5e6, .tensors = 1}, device, *host);
  EXPECT_NEAR(e.seconds, 10e-6 + 5e6 / 1e9 + own.seconds, 1e-15);
  EXPECT_EQ(e.limit, own.seconds > 5e6 / 1e9 ? "host" : "wire");
  EXPECT_GT(EstimateOnHost(Copy(), {.bytes = 5e9, .tensors = 1}, device, *host).seconds, 5);
  EXPECT_EQ(EstimateOnHost(Copy(), {.bytes = 5e9, .tensors = 1}, device, *host).limit, "wire");
}

TEST(Target, EveryHostIsAShippedCpu) {
  int hosts = 0;
  for (absl::string_view name : TargetNames(true)) {
    const auto target = FindTarget(name);
    ASSERT_TRUE(target.ok()) << target.status();
    if ((*target)->host.empty()) continue;
    ++hosts;
    const auto host = FindTarget((*target)->host);
    ASSERT_TRUE(host.ok()) << name << ": " << host.status();
    EXPECT_EQ((*host)->kind, TargetKind::kCpu) << name;
    EXPECT_FALSE((*target)->operators.empty()) << name << " leaves nothing to its host";
  }
  EXPECT_GT(hosts, 0);
}

}  // namespace
}  // namespace assay
