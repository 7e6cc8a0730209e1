#include "hw/mapping.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "hw/target.h"
#include "hw/tiling.h"
#include "ir/folder_test_util.h"

namespace assay {
namespace {

Kernel MatMul(int64_t batch, int64_t m, int64_t n, int64_t k, bool shared_b = false) {
  Kernel kernel;
  kernel.loops = {.batch = batch, .m = m, .n = n, .k = k, .shared_b = shared_b};
  kernel.macs = static_cast<double>(batch) * static_cast<double>(m) * static_cast<double>(n) *
                static_cast<double>(k);
  kernel.flops = 2 * kernel.macs;
  return kernel;
}

std::shared_ptr<const Target> Get(absl::string_view name) {
  auto target = FindTarget(name);
  EXPECT_TRUE(target.ok()) << target.status();
  return *target;
}

double FactorOf(const Mapping& mapping, absl::string_view name) {
  for (const Factor& factor : mapping.factors) {
    if (factor.name == name) return factor.value;
  }
  return 1;
}

TEST(Makespan, OneKindOfWorkerGoesInWaves) {
  Workers sms[] = {{.count = 132, .speed = 1}};
  EXPECT_EQ(Makespan(1, sms), 1);
  EXPECT_EQ(Makespan(132, sms), 1);
  EXPECT_EQ(Makespan(133, sms), 2);
  EXPECT_EQ(Makespan(64 * 64, sms), 32);
  EXPECT_EQ(Makespan(0, sms), 0);
}

TEST(Makespan, FastWorkersTakeMore) {
  // Two that do 3 tasks per second and one that does 1: in 2/3 s the fast have done 2 * 2, in 1 s
  // 2 * 3 + 1.
  Workers cores[] = {{.count = 2, .speed = 3}, {.count = 1, .speed = 1}};
  EXPECT_NEAR(Makespan(2, cores), 1.0 / 3, 1e-9);
  EXPECT_NEAR(Makespan(4, cores), 2.0 / 3, 1e-9);
  EXPECT_NEAR(Makespan(5, cores), 1, 1e-9);
  EXPECT_NEAR(Makespan(7, cores), 1, 1e-9);
  EXPECT_NEAR(Makespan(8, cores), 4.0 / 3, 1e-9);
}

// The slow obvious twin: hand out one task after another to whoever is done first.
double GreedyMakespan(int tasks, const std::vector<Workers>& workers) {
  std::vector<std::pair<double, double>> each;  // next completion, time per task
  for (const Workers& w : workers) {
    for (int i = 0; i < static_cast<int>(w.count); ++i) each.push_back({1 / w.speed, 1 / w.speed});
  }
  double last = 0;
  for (int i = 0; i < tasks; ++i) {
    auto it = std::min_element(each.begin(), each.end());
    last = std::max(last, it->first);
    it->first += it->second;
  }
  return last;
}

TEST(Makespan, IsThatOfHandingOutOneByOne) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<Workers> workers;
    for (int classes = 1 + static_cast<int>(random() % 3); classes > 0; --classes) {
      workers.push_back({1.0 + static_cast<double>(random() % 9),
                         0.1 + static_cast<double>(random() % 100) / 10});
    }
    int tasks = 1 + static_cast<int>(random() % 500);
    double want = GreedyMakespan(tasks, workers);
    EXPECT_NEAR(Makespan(tasks, workers), want, want * 1e-9);
  }
}

TEST(MapOnGpu, CountsTilesAndWaves) {
  auto h100 = Get("h100-sxm");
  // 8192 / 128 = 64 tiles each way; 64 * 64 = 4096 over 132 SMs is 31.03 waves, so 32.
  Mapping m = MapKernel(MatMul(1, 8192, 8192, 8192), *h100, Math::kBf16);
  EXPECT_EQ(m.engine, EngineClass::kMatrix);
  EXPECT_EQ(m.tile_m, 128);
  EXPECT_EQ(m.tile_n, 128);
  EXPECT_EQ(m.tasks, 64 * 64);
  EXPECT_EQ(m.waves, 32);
  EXPECT_EQ(m.units_used, 132);
  EXPECT_EQ(m.split_k, 1);
  EXPECT_NEAR(FactorOf(m, "wave"), 64.0 * 64 / 132 / 32, 1e-6);
  EXPECT_NEAR(m.utilization, 64.0 * 64 / 132 / 32, 1e-6);
}

TEST(MapOnGpu, EdgesArePadded) {
  auto h100 = Get("h100-sxm");
  // 130 rows need two blocks of 128 or three of 64; the sum of 20 is padded to 32.
  Mapping m = MapKernel(MatMul(132, 130, 128, 20), *h100, Math::kFp16);
  double tiles = FactorOf(m, "tile");
  EXPECT_LE(tiles, 130.0 / 192 * 20 / 32 + 1e-9);
  EXPECT_GE(m.waves, 2);
}

TEST(MapOnGpu, FewTilesAndALongSumAreSplit) {
  auto h100 = Get("h100-sxm");
  Mapping m = MapKernel(MatMul(1, 64, 64, 1 << 20), *h100, Math::kBf16);
  EXPECT_GT(m.split_k, 1);
  EXPECT_GT(m.units_used, 1);
  // Every part's 64 x 64 sums are written and read in fp32.
  EXPECT_EQ(m.extra_bytes, 2.0 * 4 * static_cast<double>(m.split_k) * 64 * 64);
  // A short sum is not.
  EXPECT_EQ(MapKernel(MatMul(1, 64, 64, 16), *h100, Math::kBf16).split_k, 1);
}

void ExpectOccupancy(const Mapping& mapping, double blocks, double share, absl::string_view limit) {
  EXPECT_EQ(mapping.occupancy.blocks, blocks);
  EXPECT_DOUBLE_EQ(mapping.occupancy.share, share);
  EXPECT_EQ(mapping.occupancy.limit, limit);
}

// One block of that size for every unit: nothing is gained by smaller ones.
Mapping MapBlocks(absl::string_view name, EngineClass engine, Math math, int64_t m, int64_t n) {
  auto target = Get(name);
  const auto units = static_cast<int64_t>(target->unit_count());
  Mapping mapping = MapOnClass(MatMul(units, m, n, 4096), *target, engine, math);
  EXPECT_EQ(mapping.tile_m, m);
  EXPECT_EQ(mapping.tile_n, n);
  return mapping;
}

TEST(MapOnGpu, AUnitHoldsAsManyBlocksAsHaveRoom) {
  // 128 x 128 x 64 in bf16: 128 * 128 / 128 = 128 of 2048 threads; 2 * (128 + 128) * 64 * 2 B = 64
  // of 228 KiB; 128 * 128 * 4 B = 64 of 256 KiB of registers.
  ExpectOccupancy(MapBlocks("h100-sxm", EngineClass::kMatrix, Math::kBf16, 128, 128), 3,
                  3.0 * 128 / 2048, "shared memory");
  // 128 x 256 x 32 in fp16: 256 of 2048 threads, 2 * (128 + 256) * 32 * 2 B = 48 of 96 KiB, 128 *
  // 256
  // * 4 B = 128 of 256 KiB of registers, which come first.
  ExpectOccupancy(MapBlocks("v100-sxm", EngineClass::kMatrix, Math::kFp16, 128, 256), 2,
                  2.0 * 256 / 2048, "registers");
  // 128 x 128 x 8 in fp32 lanes: 128 * 128 / 64 = 256 of 2048 threads, 2 * (128 + 128) * 8 * 4 B =
  // 16 of 164 KiB, 64 of 256 KiB of registers.
  ExpectOccupancy(MapBlocks("a100-sxm-40gb", EngineClass::kVector, Math::kFp32, 128, 128), 4,
                  4.0 * 256 / 2048, "registers");
}

TEST(MapOnGpu, StepsThatDoNotFitAreHalved) {
  // 128 x 256 x 64 in tf32: 2 * (128 + 256) * 64 * 4 B = 192 KiB, half of which fits 100 KiB. 256
  // of 1536 threads.
  ExpectOccupancy(MapBlocks("a10", EngineClass::kMatrix, Math::kTf32, 128, 256), 1, 256.0 / 1536,
                  "shared memory");
}

TEST(MapOnGpu, SmallBlocksHaveAWarpEach) {
  // 16 x 8: one warp of 32; 16 blocks are the most, of 1536 threads.
  const Mapping m =
      MapOnClass(MatMul(1, 16, 8, 16), *Get("a10"), EngineClass::kMatrix, Math::kFp16);
  EXPECT_EQ(m.tile_m, 16);
  EXPECT_EQ(m.tile_n, 8);
  ExpectOccupancy(m, 16, 16 * 32 / 1536.0, "blocks");
}

TEST(MapOnGpu, ElementsFillAllThreads) {
  Kernel add;
  add.operands = {{Kernel::Operand::What::kActivationOut, DType::kF16, 1e6, 2e6}};
  ExpectOccupancy(MapKernel(add, *Get("h100-sxm"), Math::kFp16), 1, 1, "threads");
  ExpectOccupancy(MapKernel(add, *Get("xeon-8380"), Math::kFp32), 0, 0, "");
}

TEST(MapOnGpu, DepthwiseConvolutionsLeaveTheMatrixEngine) {
  auto h100 = Get("h100-sxm");
  Kernel depthwise;
  depthwise.loops = {.kind = Nest::Kind::kConv,
                     .batch = 1,
                     .groups = 512,
                     .m = 56 * 56,
                     .n = 1,
                     .k = 9,
                     .kernel = {3, 3}};
  depthwise.macs = 512.0 * 56 * 56 * 9;
  Mapping m = MapKernel(depthwise, *h100, Math::kFp16);
  double matrix = MapOnClass(depthwise, *h100, EngineClass::kMatrix, Math::kFp16).utilization;
  double vector = MapOnClass(depthwise, *h100, EngineClass::kVector, Math::kFp16).utilization;
  // One of 8 columns and 9 of 16 steps are of use in a matrix engine.
  EXPECT_LE(matrix, 1.0 / 8 * 9 / 16 + 1e-9);
  bool on_vector = h100->Rate(EngineClass::kVector, Math::kFp16) * vector >
                   h100->Rate(EngineClass::kMatrix, Math::kFp16) * matrix;
  EXPECT_EQ(m.engine, on_vector ? EngineClass::kVector : EngineClass::kMatrix);
}

TEST(MapOnCpu, HybridCoresShareTheWork) {
  auto i7 = Get("i7-12700k");
  Mapping m = MapKernel(MatMul(1, 4096, 4096, 512), *i7, Math::kFp32);
  EXPECT_EQ(m.units_used, 12);
  EXPECT_GT(m.utilization, 0.97);
  EXPECT_LE(m.utilization, 1);
  // One row block: one core, one of the fast, at its share of the peak. Its panels, 9 * 4096 * 4 B,
  // lie in L2, which takes 9 * 4 / 64 clocks for what is computed in 8 / 16.
  Mapping one = MapKernel(MatMul(1, 1, 8, 4096), *i7, Math::kFp32);
  EXPECT_EQ(one.units_used, 1);
  const double feed = 8.0 / 16 / (9 * 4 / 64.0);
  EXPECT_NEAR(FactorOf(one, "feed"), feed, 1e-9);
  EXPECT_NEAR(one.utilization, feed * 32 * 4.7 / (8 * 32 * 4.7 + 4 * 16 * 3.6), 1e-6);
}

// 14 cores of 32 multiply-accumulates per clock; 192 B per clock from 32 KiB of L1, 64 from 1 MiB
// of L2.
TEST(MapOnCpu, ThinBlocksWaitForTheirCache) {
  auto i9 = Get("i9-10940x");
  auto map = [&](int64_t m, int64_t n, int64_t k) {
    return MapKernel(MatMul(1, m, n, k), *i9, Math::kFp32);
  };
  // The panels of a row of 64, 65 * 512 * 4 B = 133 kB, lie in L2.
  Mapping row = map(1, 14 * 64, 512);
  EXPECT_EQ(row.tile_n, 64);
  EXPECT_NEAR(row.utilization, 64.0 / 32 / (65 * 4 / 64.0), 1e-9);
  // Those of 16 steps, 65 * 16 * 4 B, in L1, which takes 65 * 4 / 192 < 2 clocks.
  EXPECT_NEAR(map(1, 14 * 64, 16).utilization, 1, 1e-9);
  // Those of 8192, 65 * 8192 * 4 B = 2.1 MB and 33 * 8192 * 4 B = 1.08 MB, in the share of L3,
  // those of 17 in L2.
  Mapping narrow = map(1, 14 * 64, 8192);
  EXPECT_EQ(narrow.tile_n, 16);
  EXPECT_NEAR(narrow.utilization, 16.0 / 32 / (17 * 4 / 64.0), 1e-9);
  // 64 x 64 is fed in 128 * 4 / 64 = 8 clocks of 128.
  EXPECT_NEAR(map(14 * 64, 64, 512).utilization, 1, 1e-9);
}

TEST(MapOnCpu, PartlyFilledRegistersCostAsMuch) {
  auto i7 = Get("i7-12700k");
  // 256 bits hold 8 fp32: 5 columns and 5 rows waste 3 of 8 lanes whichever way.
  Mapping m = MapKernel(MatMul(240, 5, 5, 64), *i7, Math::kFp32);
  EXPECT_NEAR(FactorOf(m, "tile"), 5.0 / 8, 1e-9);
}

// A user's own file, as text.
std::shared_ptr<const Target> FromText(absl::string_view text) {
  std::string path = TestFolder() + "mapping.yaml";
  std::ofstream(path) << text;
  std::shared_ptr<const Target> target = Get(path);
  std::filesystem::remove(path);
  return target;
}

// Rows + (rows + columns - 2) clocks of a 128 x 128 array that nothing hides.
constexpr double kFill128 = 128 + 254;
// Stated peaks are units x op/clock x clock, rounded (275.25 to 275 TFLOP/s): a clock is not quite
// what its share of the peak takes.
constexpr double kRounded = 1e-3;

TEST(MapOnSystolic, EightArraysShareTheBlocksOfWeights) {
  // Two cores of four 128 x 128 arrays: 2 * 4 * 128 * 128 * 2 op/clock * 1.05 GHz = 275 TFLOP/s.
  auto tpu = Get("tpu-v4");
  // 2 * 2 blocks of weights; M is cut in two, so that all eight have 128 rows to stream.
  Mapping m = MapKernel(MatMul(1, 256, 256, 256), *tpu, Math::kBf16);
  EXPECT_EQ(m.tasks, 2 * 2 * 2);
  EXPECT_EQ(m.waves, 1);
  EXPECT_EQ(m.units_used, 2);
  EXPECT_EQ(m.tile_m, 128);
  EXPECT_EQ(m.tile_n, 128);
  EXPECT_EQ(m.tile_k, 128);
  EXPECT_NEAR(m.utilization, 128 / (128 + kFill128), kRounded);
  // 64 * 64 blocks, 8192 rows each: 512 waves, one after another without a gap.
  m = MapKernel(MatMul(1, 8192, 8192, 8192), *tpu, Math::kBf16);
  EXPECT_EQ(m.waves, 512);
  EXPECT_NEAR(m.utilization, 512 * 8192.0 / (512 * 8192.0 + kFill128), kRounded);
}

TEST(MapOnSystolic, FewRowsWaitForTheNextWeights) {
  auto tpu = Get("tpu-v4");
  // 16 rows past each of 64 blocks, whose successors take 128 clocks to load: 8 waves of 128.
  Mapping m = MapKernel(MatMul(1, 16, 1024, 1024), *tpu, Math::kBf16);
  EXPECT_EQ(m.waves, 8);
  EXPECT_NEAR(FactorOf(m, "load"), 16.0 / 128, 1e-9);
  EXPECT_NEAR(FactorOf(m, "fill"), 8 * 128 / (8 * 128 + kFill128), kRounded);
  EXPECT_NEAR(m.utilization * (8 * 128 + kFill128) / (8 * 16), 1, kRounded);
  // A single row is padded to the 8 sublanes of a register.
  m = MapKernel(MatMul(1, 1, 1024, 1024), *tpu, Math::kBf16);
  EXPECT_NEAR(FactorOf(m, "tile"), 1.0 / 8, 1e-9);
  EXPECT_NEAR(m.utilization * (8 * 128 + kFill128) / 8, 1, kRounded);
}

TEST(MapOnSystolic, EdgesArePadded) {
  auto tpu = FromText(R"(schema: target/1
name: my-tpu
title: My TPU
vendor: me
kind: systolic
family: mine
sources: {s: made up}
source: s
units:
  core: {count: 2, clock: 1.05 GHz}
engines:
  MXU: {unit: core, class: matrix, ops: {bf16: 131072 op/clock}, tile_n: 128, tile_k: 128}
peaks:
  matrix: {bf16: 275 TFLOP/s}
memory:
  VMEM: {role: scratchpad, scope: core, size: 16 MiB}
  HBM2: {role: dram, scope: shared, size: 32 GB, bandwidth: 1.2 TB/s}
launch: 2 us
)");
  // One block of columns, two along the sum: two of eight arrays stream 100 rows each. To cut M
  // would not help, as weights take 128 clocks to load in any case.
  Mapping m = MapKernel(MatMul(1, 100, 100, 200), *tpu, Math::kBf16);
  EXPECT_EQ(m.tasks, 2);
  EXPECT_EQ(m.units_used, 2);
  EXPECT_NEAR(FactorOf(m, "tile"), 100.0 / 128 * 200 / 256, 1e-9);
  EXPECT_NEAR(FactorOf(m, "load"), 100.0 / 128, 1e-9);
  EXPECT_NEAR(FactorOf(m, "wave"), 2.0 / 8, 1e-9);
  EXPECT_NEAR(FactorOf(m, "fill"), 128 / (128 + kFill128), kRounded);
}

TEST(MapOnSystolic, WideFormatsTakePassesAndNarrowOnesShareCells) {
  // Six passes of 1024 rows past each of 64 blocks, in 8 waves; the fill comes once.
  Mapping m = MapKernel(MatMul(1, 1024, 1024, 1024), *Get("tpu-v4"), Math::kFp32);
  EXPECT_EQ(m.waves, 8);
  EXPECT_NEAR(m.utilization, 6 * 8 * 1024 / (6 * 8 * 1024 + kFill128), kRounded);
  // Four arrays in int8 at twice the rate, not eight: 128 rows take 64 clocks.
  m = MapOnClass(MatMul(1, 128, 512, 128), *Get("tpu-v5e"), EngineClass::kMatrix, Math::kInt8);
  EXPECT_EQ(m.tasks, 4);
  EXPECT_EQ(FactorOf(m, "wave"), 1);
  EXPECT_NEAR(m.utilization, 64 / (64 + kFill128), kRounded);
}

TEST(MapOnSystolic, GroupsShareABlockOfWeights) {
  // 64 groups of 16 to 16 channels: 8 on the diagonal of each 128 x 128 block, so 8 blocks for
  // eight arrays, of which an eighth of the cells is of use.
  Kernel grouped;
  grouped.loops = {
      .kind = Nest::Kind::kConv, .groups = 64, .m = 28 * 28, .n = 16, .k = 16, .kernel = {1, 1}};
  grouped.macs = 64.0 * 28 * 28 * 16 * 16;
  Mapping m = MapOnClass(grouped, *Get("tpu-v4"), EngineClass::kMatrix, Math::kBf16);
  EXPECT_EQ(m.tasks, 8);
  EXPECT_NEAR(FactorOf(m, "tile"), 1.0 / 8, 1e-9);
  EXPECT_NEAR(m.utilization, 784 / (784 + kFill128) / 8, kRounded);
}

TEST(MapOnSystolic, SumsThatStayTakeTheirTimeToLeave) {
  // Two engines of 256 x 256: four blocks of output in two waves. After 64 clocks of streaming the
  // sums need 256 to leave; at the end, 256 + 256 + 256 - 2 that nothing hides.
  auto gaudi = Get("gaudi-2");
  Mapping m = MapOnClass(MatMul(1, 512, 512, 64), *gaudi, EngineClass::kMatrix, Math::kBf16);
  EXPECT_EQ(m.tasks, 4);
  EXPECT_EQ(m.waves, 2);
  EXPECT_EQ(m.units_used, 2);
  EXPECT_NEAR(FactorOf(m, "drain"), 64.0 / 256, 1e-9);
  EXPECT_NEAR(m.utilization, 2 * 64.0 / (2 * 256 + 766), kRounded);
  m = MapOnClass(MatMul(1, 512, 512, 4096), *gaudi, EngineClass::kMatrix, Math::kBf16);
  EXPECT_EQ(FactorOf(m, "drain"), 1);
  EXPECT_NEAR(m.utilization, 2 * 4096.0 / (2 * 4096 + 766), kRounded);
}

TEST(MapOnLanes, DepthwiseChannelsLieSideBySide) {
  // 384 channels at 14 x 14 are 75264 sums; 1024 lanes on each of two cores hold 73.5 registers of
  // them, 74 in 37 waves.
  Kernel depthwise;
  depthwise.loops = {
      .kind = Nest::Kind::kConv, .groups = 384, .m = 14 * 14, .n = 1, .k = 9, .kernel = {3, 3}};
  depthwise.macs = 384.0 * 14 * 14 * 9;
  Mapping m = MapOnClass(depthwise, *Get("tpu-v4"), EngineClass::kVector, Math::kFp32);
  EXPECT_EQ(m.tasks, 74);
  EXPECT_NEAR(m.utilization, 73.5 / 74, 1e-9);
}

// Four tiles of 32 x 32 elements at 1 GHz, fed with 64 bytes a clock.
std::shared_ptr<const Target> MyKpu(absl::string_view scratchpad) {
  return FromText(absl::StrCat(R"(schema: target/1
name: my-kpu
title: My KPU
vendor: me
kind: kpu
family: mine
sources: {s: made up}
source: s
units:
  tile: {count: 4, clock: 1 GHz}
engines:
  fabric: {unit: tile, class: matrix, ops: {int8: 2048 op/clock}, tile_m: 32, tile_n: 32}
memory:
  tile memory: {role: scratchpad, scope: tile, size: )",
                               scratchpad, R"(}
  L2: {role: scratchpad, scope: shared, size: 64 MiB, bandwidth: 64 GB/s}
  DRAM: {role: dram, scope: shared, size: 8 GiB, bandwidth: 32 GB/s}
launch: 1 us
)"));
}

TEST(MapOnKpu, BlocksFitHalfAScratchpad) {
  // 1024 cubed in int8 is 2^30 / 4096 = 262144 clocks of four tiles. Blocks of m x n bring in
  // 2^30 * (1 / m + 1 / n) bytes, at 64 a clock.
  //
  // Half of 64 KiB: 64 x 64 sums take 16 KiB and leave 16 KiB / (64 + 32) = 170 steps; with 128 x
  // 64 there is no room for steps. 2^30 / 32 / 64 = 524288 clocks.
  Mapping m = MapKernel(MatMul(1, 1024, 1024, 1024), *MyKpu("64 KiB"), Math::kInt8);
  EXPECT_EQ(m.tile_m, 64);
  EXPECT_EQ(m.tile_n, 64);
  EXPECT_EQ(m.tile_k, 170);
  EXPECT_EQ(m.tasks, 16 * 16);
  EXPECT_EQ(m.waves, 64);
  EXPECT_EQ(m.units_used, 4);
  EXPECT_NEAR(FactorOf(m, "feed"), 0.5, 1e-9);
  EXPECT_NEAR(m.utilization, 0.5, 1e-9);
  // Half of 256 KiB: 128 x 128 sums take 64 KiB and leave 64 KiB / (128 + 32) = 409 steps: 2^30 /
  // 64 / 64 clocks, no more than the tiles need.
  m = MapKernel(MatMul(1, 1024, 1024, 1024), *MyKpu("256 KiB"), Math::kInt8);
  EXPECT_EQ(m.tile_m, 128);
  EXPECT_EQ(m.tile_n, 128);
  EXPECT_EQ(m.tile_k, 409);
  EXPECT_NEAR(m.utilization, 1, 1e-9);
}

TEST(MapOnKpu, RowsStreamPastWeightsThatAllFit) {
  // 128 columns of 512 steps and 32 rows of them are 80 KiB, with 16 KiB of sums: M need not be
  // cut.
  Mapping m = MapKernel(MatMul(1, 4096, 512, 512), *MyKpu("256 KiB"), Math::kInt8);
  EXPECT_EQ(m.tile_m, 4096);
  EXPECT_EQ(m.tile_n, 128);
  EXPECT_EQ(m.tile_k, 512);
  EXPECT_EQ(m.tasks, 4);
  // 33 rows are two blocks of 32; 7 columns are one.
  m = MapKernel(MatMul(1, 33, 7, 512), *Get("kpu-t64"), Math::kInt8);
  EXPECT_NEAR(FactorOf(m, "tile"), 33.0 / 64 * 7 / 32, 1e-9);
  EXPECT_NEAR(FactorOf(m, "wave"), 2.0 / 64, 1e-9);
}

TEST(MapOnNpu, InputChannelsFillLanesAtEachPosition) {
  // 3 of 8 lanes at each of 7 x 7 positions; blocks of 4 positions by 8 channels over two cores.
  Kernel stem;
  stem.loops = {.kind = Nest::Kind::kConv, .m = 112 * 112, .n = 64, .k = 3 * 49, .kernel = {7, 7}};
  stem.macs = 112.0 * 112 * 64 * 3 * 49;
  Mapping m = MapKernel(stem, *Get("ethos-u65"), Math::kInt8);
  EXPECT_EQ(m.tasks, 112 * 112 / 4 * 64 / 8);
  EXPECT_EQ(m.waves, m.tasks / 2);
  EXPECT_NEAR(m.utilization, 3.0 / 8, 1e-9);
  // Input channels come in sixteens; how outputs are shared out is not known.
  EXPECT_NEAR(MapKernel(stem, *Get("dpu-vck190"), Math::kInt8).utilization, 3.0 / 16, 1e-9);
  EXPECT_NEAR(MapKernel(MatMul(1, 49, 64, 24), *Get("dpu-vck190"), Math::kInt8).utilization,
              24.0 / 32, 1e-9);
}

TEST(MapOnNpu, DepthwiseGroupsAreOutputChannels) {
  Kernel depthwise;
  depthwise.loops = {
      .kind = Nest::Kind::kConv, .groups = 384, .m = 14 * 14, .n = 1, .k = 9, .kernel = {3, 3}};
  depthwise.macs = 384.0 * 14 * 14 * 9;
  Mapping m = MapKernel(depthwise, *Get("ethos-u65"), Math::kInt8);
  EXPECT_EQ(m.tasks, 14 * 14 / 4 * 384 / 8);
  EXPECT_NEAR(FactorOf(m, "tile"), 1.0 / 8, 1e-9);
  EXPECT_NEAR(MapKernel(depthwise, *Get("dpu-vck190"), Math::kInt8).utilization, 1.0 / 16, 1e-9);
}

TEST(MapOnNpu, AnUndisclosedMachineIsTakenAtItsWord) {
  auto npu = FromText(R"(schema: target/1
name: my-npu
title: My NPU
vendor: me
kind: npu
family: mine
sources: {s: made up}
source: s
units:
  chip: {count: 1, clock: {value: 480 MHz, basis: estimate, reason: rumour}}
engines:
  array: {unit: chip, class: matrix}
peaks:
  matrix:
    int8: {value: 4 TOP/s, basis: undisclosed, reason: size of the array is not published}
memory:
  on chip: {role: scratchpad, scope: shared, size: 8 MB}
  host memory over USB: {role: host, scope: shared, bandwidth: 500 MB/s}
launch: 100 us
operators: [Conv, Relu]
)");
  EXPECT_EQ(npu->Rate(EngineClass::kMatrix, Math::kInt8), 4e12);
  EXPECT_EQ(npu->RateOfUnits(EngineClass::kMatrix, Math::kInt8, "chip"), 4e12);
  EXPECT_EQ(MapKernel(MatMul(1, 100, 100, 100), *npu, Math::kInt8).utilization, 1);
  EXPECT_EQ(MapKernel(Kernel(), *npu, Math::kInt8).engine, EngineClass::kMatrix);
}

TEST(MapKernel, FactorsMultiplyToUtilizationAndTimeNeverFallsWithSize) {
  std::mt19937 random(7);
  for (absl::string_view name : TargetNames(true)) {
    auto target = Get(name);
    for (int round = 0; round < 150; ++round) {
      auto size = [&](int most) { return 1 + static_cast<int64_t>(random() % most); };
      int64_t b = size(40), m = size(700), n = size(700), k = size(2000);
      Math math = target->maths()[random() % target->maths().size()];
      auto seconds = [&](int64_t b2, int64_t m2, int64_t n2, int64_t k2) {
        Kernel kernel = MatMul(b2, m2, n2, k2);
        Mapping mapping = MapKernel(kernel, *target, math);
        double product = 1;
        for (const Factor& f : mapping.factors) {
          EXPECT_GT(f.value, 0);
          EXPECT_LE(f.value, 1);
          product *= f.value;
        }
        EXPECT_DOUBLE_EQ(product, mapping.utilization);
        EXPECT_LE(mapping.units_used, target->unit_count());
        EXPECT_LE(mapping.occupancy.share, 1);
        EXPECT_EQ(mapping.occupancy.share > 0, target->kind == TargetKind::kGpu) << name;
        return kernel.flops / (target->Rate(mapping.engine, math) * mapping.utilization);
      };
      double base = seconds(b, m, n, k) * (1 - 1e-6);
      EXPECT_LE(base, seconds(b + 1, m, n, k)) << name << Name(math) << b << " " << m << " " << n;
      EXPECT_LE(base, seconds(b, m + 1, n, k)) << name << Name(math) << b << " " << m << " " << n;
      EXPECT_LE(base, seconds(b, m, n + 1, k)) << name << Name(math) << b << " " << m << " " << n;
    }
  }
}

// With what it reads and writes, in f16: nothing stays on the chip from before.
Kernel WithOperands(Kernel kernel) {
  using What = Kernel::Operand::What;
  const Product p = ProductOf(*kernel.loops);
  auto add = [&](What what, double elements) {
    kernel.operands.push_back({what, DType::kF16, elements, 2 * elements});
  };
  add(What::kActivationIn, p.batch * p.m * p.k * p.steps);
  add(What::kWeight, p.batch * p.k * p.n);
  add(What::kActivationOut, p.batch * p.m * p.n * p.steps);
  return kernel;
}

TEST(MapKernel, OnArraysTimeNeverFallsAlongAnyAxis) {
  std::mt19937 random(11);
  for (absl::string_view name : TargetNames(true)) {
    auto target = Get(name);
    if (target->kind == TargetKind::kGpu || target->kind == TargetKind::kCpu) continue;
    for (int round = 0; round < 200; ++round) {
      auto size = [&](int most) { return 1 + static_cast<int64_t>(random() % most); };
      const int most = round % 2 == 0 ? 300 : 6000;
      Kernel::Loops loops = {.batch = size(8), .m = size(most), .n = size(most), .k = size(most)};
      if (round % 4 >= 2) loops.kind = Nest::Kind::kConv;
      if (round % 3 == 0) loops.groups = 2 + size(64);
      if (round % 5 == 0) loops.steps = size(64);
      Math math = target->maths()[random() % target->maths().size()];
      auto seconds = [&](const Kernel::Loops& l) {
        Kernel kernel;
        kernel.loops = l;
        const Product p = ProductOf(l);
        kernel.macs = p.batch * p.m * p.n * p.k * p.steps;
        Mapping mapping = MapKernel(WithOperands(kernel), *target, math);
        return 2 * kernel.macs / (target->Rate(mapping.engine, math) * mapping.utilization);
      };
      const double base = seconds(loops) * (1 - 1e-9);
      for (int64_t Kernel::Loops::*axis :
           {&Kernel::Loops::batch, &Kernel::Loops::groups, &Kernel::Loops::m, &Kernel::Loops::n,
            &Kernel::Loops::k, &Kernel::Loops::steps}) {
        for (int64_t more : {1, 100}) {
          Kernel::Loops larger = loops;
          larger.*axis += more;
          EXPECT_LE(base, seconds(larger))
              << name << " " << Name(math) << " " << loops.m << " " << loops.n << " " << loops.k
              << " " << larger.m << " " << larger.n << " " << larger.k;
        }
      }
    }
  }
}

TEST(MapKernel, HugeAndDegenerateSizesAreHarmless) {
  int64_t huge = std::numeric_limits<int64_t>::max();
  for (absl::string_view name : TargetNames(true)) {
    auto target = Get(name);
    for (const Kernel& kernel :
         {MatMul(huge, huge, huge, huge), MatMul(0, 0, 0, 0), MatMul(1, huge, 1, 1),
          MatMul(-1, -1, -1, -1), Kernel(), WithOperands(MatMul(huge, huge, huge, huge)),
          WithOperands(MatMul(1, 1, huge, huge)), WithOperands(MatMul(0, 0, 0, 0))}) {
      for (Math math : target->maths()) {
        Mapping m = MapKernel(kernel, *target, math);
        EXPECT_GT(m.utilization, 0);
        EXPECT_LE(m.utilization, 1);
        EXPECT_TRUE(std::isfinite(m.utilization));
      }
    }
  }
}

}  // namespace
}  // namespace assay
