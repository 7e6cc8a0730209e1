// What it costs to look a target up, to prepare a platform and to estimate a kernel.
#include "benchmark/benchmark.h"
#include "hw/estimate.h"

namespace assay {
namespace {

Kernel MatMul(int64_t m) {
  using What = Kernel::Operand::What;
  constexpr double kN = 768, kK = 3072;
  auto rows = static_cast<double>(m);
  Kernel kernel;
  kernel.loops = {.m = m, .n = 768, .k = 3072, .shared_b = true};
  kernel.macs = rows * kN * kK;
  kernel.flops = 2 * kernel.macs;
  kernel.operands = {{What::kActivationIn, DType::kF32, rows * kK, 4 * rows * kK},
                     {What::kWeight, DType::kF32, kN * kK, 4 * kN * kK},
                     {What::kActivationOut, DType::kF32, rows * kN, 4 * rows * kN}};
  return kernel;
}

void BM_FindTarget(benchmark::State& state, absl::string_view name) {
  for (auto _ : state) benchmark::DoNotOptimize(FindTarget(name));
}
BENCHMARK_CAPTURE(BM_FindTarget, h100, "h100-sxm");

void BM_MakePlatform(benchmark::State& state, absl::string_view name) {
  auto target = FindTarget(name);
  for (auto _ : state) benchmark::DoNotOptimize(MakePlatform(*target, nullptr, {}));
}
BENCHMARK_CAPTURE(BM_MakePlatform, h100, "h100-sxm");

void BM_EstimateKernel(benchmark::State& state, absl::string_view name) {
  auto platform = MakePlatform(*FindTarget(name), nullptr, {});
  int64_t m = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(EstimateKernel(MatMul(1 + m % 4096), *platform));
    m += 37;
  }
}
BENCHMARK_CAPTURE(BM_EstimateKernel, h100, "h100-sxm");
BENCHMARK_CAPTURE(BM_EstimateKernel, i7, "i7-12700k");

}  // namespace
}  // namespace assay
