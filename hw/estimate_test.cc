#include "hw/estimate.h"

#include <cmath>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using testing::HasSubstr;

Platform On(absl::string_view target, std::string precision = "", int64_t batch = 1) {
  auto found = FindTarget(target);
  EXPECT_TRUE(found.ok()) << found.status();
  auto platform =
      MakePlatform(*found, nullptr, {.precision = std::move(precision), .batch = batch});
  EXPECT_TRUE(platform.ok()) << platform.status();
  return *std::move(platform);
}

Kernel::Operand Operand(Kernel::Operand::What what, DType dtype, double elements) {
  return {what, dtype, elements, elements * Bits(dtype) / 8};
}

Kernel MatMul(int64_t m, int64_t n, int64_t k, DType dtype) {
  using What = Kernel::Operand::What;
  auto d = [](int64_t x) { return static_cast<double>(x); };
  Kernel kernel;
  kernel.loops = {.m = m, .n = n, .k = k, .shared_b = true, .multiply = dtype};
  kernel.macs = d(m) * d(n) * d(k);
  kernel.flops = 2 * kernel.macs;
  kernel.operands = {Operand(What::kActivationIn, dtype, d(m) * d(k)),
                     Operand(What::kWeight, dtype, d(k) * d(n)),
                     Operand(What::kActivationOut, dtype, d(m) * d(n))};
  return kernel;
}

Kernel Elementwise(double elements, double flops_each, DType dtype) {
  using What = Kernel::Operand::What;
  Kernel kernel;
  kernel.flops = elements * flops_each;
  kernel.operands = {Operand(What::kActivationIn, dtype, elements),
                     Operand(What::kActivationOut, dtype, elements)};
  return kernel;
}

TEST(EstimateKernel, LargeMatMulIsBoundByTheMatrixEngine) {
  Platform h100 = On("h100-sxm");
  KernelEstimate e = EstimateKernel(MatMul(8192, 8192, 8192, DType::kBF16), h100);
  double peak = 2 * std::pow(8192, 3) / 989e12;
  double wave = 64.0 * 64 / 132 / 32;
  EXPECT_EQ(e.bound, Bound::kCompute);
  EXPECT_EQ(e.limit, "matrix bf16");
  EXPECT_NEAR(e.seconds, 3e-6 + peak / wave, 1e-9);
  EXPECT_NEAR(e.roofline, peak, 1e-12);
  EXPECT_NEAR(e.low, peak, 1e-12);
  EXPECT_NEAR(e.high, 3e-6 + 28.4 * peak / wave, 1e-9);
}

TEST(EstimateKernel, MatrixTimesVectorIsBoundByMemory) {
  Platform h100 = On("h100-sxm");
  KernelEstimate e = EstimateKernel(MatMul(1, 16384, 16384, DType::kF16), h100);
  double bytes = 2 * (16384.0 * 16384 + 2 * 16384.0);
  EXPECT_EQ(e.bound, Bound::kBandwidth);
  EXPECT_EQ(e.limit, "HBM3");
  EXPECT_NEAR(e.seconds, 3e-6 + bytes / 3.35e12, 1e-12);
}

TEST(EstimateKernel, TinyKernelsAreOverhead) {
  const Platform platform = On("h100-sxm");
  KernelEstimate e = EstimateKernel(Elementwise(1000, 1, DType::kF32), platform);
  EXPECT_EQ(e.bound, Bound::kOverhead);
  EXPECT_EQ(e.limit, "launch");
  EXPECT_NEAR(e.seconds, 3e-6, 3e-7);
  EXPECT_EQ(e.overhead, 3e-6);
}

TEST(EstimateKernel, ElementwiseOnACpuIsBoundByDram) {
  const Platform platform = On("i7-12700k");
  KernelEstimate e = EstimateKernel(Elementwise(1e8, 1, DType::kF32), platform);
  EXPECT_EQ(e.limit, "DDR5-4800");
  EXPECT_NEAR(e.seconds, 5e-6 + 2 * 4e8 / 76.8e9, 1e-9);
}

TEST(EstimateKernel, ArithmeticOutsideContractionsRunsAtHalfThePeak) {
  const Platform platform = On("i7-12700k");
  KernelEstimate e = EstimateKernel(Elementwise(1e8, 1e4, DType::kF32), platform);
  EXPECT_EQ(e.limit, "vector fp32");
  EXPECT_NEAR(e.seconds / (1e12 / (1.4336e12 / 2)), 1, 1e-3);
}

TEST(EstimateKernel, DataThatACacheHoldsComesFromThere) {
  Platform h100 = On("h100-sxm");
  Kernel kernel = Elementwise(2e6, 1, DType::kF32);
  double far = EstimateKernel(kernel, h100).seconds;
  for (Kernel::Operand& operand : kernel.operands) operand.reuse_distance = 0;
  KernelEstimate near = EstimateKernel(kernel, h100);
  EXPECT_NEAR(far, 3e-6 + 2 * 8e6 / 3.35e12, 1e-9);
  EXPECT_EQ(near.limit == "L2" || near.limit == "launch", true) << near.limit;
  EXPECT_NEAR(near.seconds, 3e-6 + 2 * 8e6 / 9.9e12, 1e-9);
  // 50 MiB of others in between: gone.
  for (Kernel::Operand& operand : kernel.operands) operand.reuse_distance = 50 << 20;
  EXPECT_NEAR(EstimateKernel(kernel, h100).seconds, far, 1e-12);
}

TEST(EstimateKernel, F32ModelsRunOnVectorEnginesUnlessToldOtherwise) {
  Kernel kernel = MatMul(4096, 4096, 4096, DType::kF32);
  Platform model = On("h100-sxm");
  EXPECT_EQ(EstimateKernel(kernel, model).limit, "vector fp32");
  EXPECT_THAT(model.assumptions, testing::Contains(HasSubstr("--precision tf32")));
  EXPECT_EQ(EstimateKernel(kernel, On("h100-sxm", "tf32")).limit, "matrix tf32");
  EXPECT_EQ(EstimateKernel(kernel, On("h100-sxm", "fp16")).limit, "matrix fp16");
  EXPECT_EQ(EstimateKernel(kernel, On("h100-sxm", "int8")).limit, "matrix int8");
  EXPECT_EQ(EstimateKernel(kernel, On("i7-12700k")).limit, "vector fp32");
}

TEST(EstimateKernel, AFormatThatIsNotThereRunsInTheNextBest) {
  Platform i7 = On("i7-12700k");
  KernelEstimate half = EstimateKernel(MatMul(1024, 1024, 1024, DType::kF16), i7);
  KernelEstimate full = EstimateKernel(MatMul(1024, 1024, 1024, DType::kF32), i7);
  EXPECT_EQ(half.limit, "vector fp32");
  EXPECT_TRUE(half.replaced_math);
  EXPECT_FALSE(full.replaced_math);
}

TEST(EstimateKernel, EnergyIsTheSumOfItsParts) {
  Platform i7 = On("i7-12700k");
  KernelEstimate e = EstimateKernel(Elementwise(1e8, 1, DType::kF32), i7);
  ASSERT_TRUE(e.energy.joules.has_value());
  double sum = 0;
  for (const EnergyPart& part : e.energy.parts) sum += part.joules.value_or(0);
  EXPECT_DOUBLE_EQ(*e.energy.joules, sum);
  EXPECT_NEAR(*e.energy.joules, 36 * e.seconds + 1e8 * 2.1e-12 + 8e8 * 120e-12, 1e-9);
  EXPECT_FALSE(e.energy.complete);  // no datum for its caches
}

TEST(MakePlatform, APrecisionThatIsMissingIsNamedWithThosePresent) {
  auto i7 = FindTarget("i7-12700k");
  ASSERT_TRUE(i7.ok());
  absl::Status status = MakePlatform(*i7, nullptr, {.precision = "bf16"}).status();
  EXPECT_EQ(status.message(),
            "i7-12700k has no bf16 for --precision bf16; use one of model, fp64, fp32, int8");
  EXPECT_THAT(MakePlatform(*i7, nullptr, {.precision = "fp23"}).status().message(),
              HasSubstr("did you mean `fp32`?"));
  EXPECT_EQ(On("h100-sxm", "f16").precision->name, "fp16");
}

TEST(MakePlatform, UncalibratedIsSaid) {
  Platform one = On("h100-sxm", "", 1), many = On("h100-sxm", "", 64);
  EXPECT_EQ(one.calibration_label, "uncalibrated");
  EXPECT_EQ(one.high_factor, 28.4);
  EXPECT_EQ(On("h100-sxm", "", 2).high_factor, 9.3);
  EXPECT_EQ(On("h100-sxm", "", 15).high_factor, 9.3);
  EXPECT_EQ(many.high_factor, 3.6);
  EXPECT_THAT(many.assumptions, testing::Contains(HasSubstr("uncalibrated")));
}

TEST(MakePlatform, EveryKindHasAWideInterval) {
  for (TargetKind kind : {TargetKind::kGpu, TargetKind::kCpu, TargetKind::kSystolic,
                          TargetKind::kKpu, TargetKind::kNpu}) {
    for (int64_t batch : {1, 7, 1000000}) {
      UncalibratedInterval row = UncalibratedFor(kind, batch);
      EXPECT_EQ(row.low.value, 1) << Name(kind);
      EXPECT_GT(row.high.value, 2) << Name(kind);
      EXPECT_FALSE(row.high.source.empty());
    }
  }
}

TEST(MakePlatform, ACalibrationScalesRatesAndReplacesOverhead) {
  auto calibration = std::make_shared<Calibration>();
  auto datum = [](double v) { return Datum{.value = v, .known = true}; };
  calibration->name = "test";
  calibration->target = "h100-sxm";
  calibration->runtime = "ideal";
  calibration->classes = {{.name = "gemm", .compute = datum(0.8), .bandwidth = datum(0.5)}};
  calibration->launch = datum(1e-6);
  calibration->low = datum(0.9);
  calibration->high = datum(1.2);
  auto h100 = FindTarget("h100-sxm");
  auto platform = MakePlatform(*h100, nullptr, {.calibration = calibration});
  ASSERT_TRUE(platform.ok());
  EXPECT_EQ(platform->calibration_label, "test (target)");
  Kernel large = MatMul(8192, 8192, 8192, DType::kBF16),
         thin = MatMul(1, 16384, 16384, DType::kF16);
  Platform bare = On("h100-sxm");
  KernelEstimate with = EstimateKernel(large, *platform), without = EstimateKernel(large, bare);
  EXPECT_NEAR(with.seconds - 1e-6, (without.seconds - 3e-6) / 0.8, 1e-9);
  EXPECT_NEAR(with.low, with.seconds * 0.9, 1e-12);
  EXPECT_NEAR(with.high, with.seconds * 1.2, 1e-12);
  EXPECT_NEAR(EstimateKernel(thin, *platform).seconds - 1e-6,
              (EstimateKernel(thin, bare).seconds - 3e-6) / 0.5, 1e-9);
}

TEST(Target, RidgePoint) {
  Platform h100 = On("h100-sxm");
  EXPECT_DOUBLE_EQ(h100.target->RidgePoint(Math::kBf16), 989e12 / 3.35e12);
  EXPECT_DOUBLE_EQ(h100.target->RidgePoint(Math::kFp32), 67e12 / 3.35e12);
  Platform i7 = On("i7-12700k");
  EXPECT_DOUBLE_EQ(i7.target->RidgePoint(Math::kFp32), 1.4336e12 / 76.8e9);
}

// Kernels of all sorts.
std::vector<Kernel> RandomKernels(int count) {
  std::mt19937 random(3);
  auto size = [&](int most) { return 1 + static_cast<int64_t>(random() % most); };
  const DType dtypes[] = {DType::kF32, DType::kF16, DType::kBF16, DType::kI8, DType::kF64};
  std::vector<Kernel> kernels;
  for (int i = 0; i < count; ++i) {
    DType dtype = dtypes[random() % 5];
    if (i % 2 == 0) {
      kernels.push_back(MatMul(size(3000), size(3000), size(3000), dtype));
      kernels.back().flops += static_cast<double>(size(1000000));
    } else {
      kernels.push_back(
          Elementwise(static_cast<double>(size(30000000)), static_cast<double>(size(20)), dtype));
    }
    kernels.back().transcendentals = static_cast<double>(random() % 1000000);
    kernels.back().comparisons = static_cast<double>(random() % 1000000);
    if (random() % 2 == 0)
      kernels.back().operands[0].reuse_distance = static_cast<double>(size(1 << 28));
  }
  return kernels;
}

TEST(Properties, NothingBeatsTheRooflineAndPartsFitTheWhole) {
  for (absl::string_view name : TargetNames(true)) {
    Platform platform = On(name);
    const Target& target = *platform.target;
    for (const Kernel& kernel : RandomKernels(200)) {
      KernelEstimate e = EstimateKernel(kernel, platform);
      double slowest = 0, sum = 0;
      for (const ResourceUse& part : e.parts) {
        sum += part.seconds;
        EXPECT_LE(part.rate, part.peak * (1 + 1e-9)) << part.name;
        EXPECT_NEAR(part.seconds, part.amount / part.rate, part.seconds * 1e-9);
        EXPECT_GE(e.seconds, part.amount / part.peak);
        slowest = std::max(slowest, part.seconds);
      }
      if (platform.achieved.overlap == 0) {
        EXPECT_DOUBLE_EQ(e.seconds, e.overhead + slowest);
      } else {  // calibrated: they get in each other's way, but no worse than one after the other
        EXPECT_GE(e.seconds, (e.overhead + slowest) * (1 - 1e-12));
        EXPECT_LE(e.seconds, (e.overhead + sum) * (1 + 1e-12));
      }
      EXPECT_LE(e.low, e.seconds);
      EXPECT_GE(e.high, e.seconds);
      if (kernel.loops) {
        Math math = platform.ContractionMath(kernel.loops->multiply);
        EXPECT_GE(e.seconds, 2 * kernel.macs / target.BestRate(math));
      }
      double far = 0;  // bytes that can come from DRAM only
      for (const Kernel::Operand& operand : kernel.operands) {
        if (operand.reuse_distance == Kernel::Operand::kNever) far += operand.bytes;
      }
      EXPECT_GE(e.seconds, far / target.Bandwidth(target.dram()));
      EXPECT_GE(e.utilization, 0);
      EXPECT_LE(e.utilization, 1);
    }
  }
}

TEST(Properties, TwiceTheWorkAndTwiceTheBytesTakeTwiceAsLong) {
  for (absl::string_view name : TargetNames(true)) {
    Platform platform = On(name);
    for (Kernel kernel : RandomKernels(100)) {
      if (kernel.loops) continue;  // those fill units unevenly
      for (Kernel::Operand& operand : kernel.operands) {
        operand.reuse_distance = Kernel::Operand::kNever;
      }
      Kernel twice = kernel;
      for (double* count : {&twice.flops, &twice.transcendentals, &twice.comparisons}) *count *= 2;
      for (Kernel::Operand& operand : twice.operands) operand.bytes *= 2;
      KernelEstimate one = EstimateKernel(kernel, platform), two = EstimateKernel(twice, platform);
      EXPECT_NEAR(two.seconds - two.overhead, 2 * (one.seconds - one.overhead), one.seconds * 1e-9);
      EXPECT_NEAR(two.roofline, 2 * one.roofline, one.roofline * 1e-9);
    }
  }
}

TEST(Properties, TimeNeverGrowsWithAFasterMachine) {
  for (absl::string_view name : TargetNames(true)) {
    Platform platform = On(name);
    auto faster = [&](absl::FunctionRef<void(Target&)> change) {
      Platform other = platform;
      auto target = std::make_shared<Target>(*platform.target);
      change(*target);
      other.target = target;
      return other;
    };
    Platform more_bandwidth = faster([](Target& t) { t.memory.back().bandwidth.value *= 1.5; });
    Platform more_peak = faster([](Target& t) {
      for (std::vector<MathDatum>* peaks : {&t.peaks.matrix, &t.peaks.vector, &t.peaks.special}) {
        for (MathDatum& peak : *peaks) peak.datum.value *= 1.5;
      }
      for (Engine& engine : t.engines) {
        for (MathDatum& ops : engine.ops) ops.datum.value *= 1.5;
      }
      for (MemoryLevel& level : t.memory) level.bytes_per_clock.value *= 1.5;  // feeds them
    });
    Platform less_overhead = faster([](Target& t) { t.launch.value /= 2; });
    for (const Kernel& kernel : RandomKernels(200)) {
      double base = EstimateKernel(kernel, platform).seconds * (1 + 1e-6);
      EXPECT_LE(EstimateKernel(kernel, more_bandwidth).seconds, base) << ToString(kernel);
      EXPECT_LE(EstimateKernel(kernel, more_peak).seconds, base) << ToString(kernel);
      EXPECT_LT(EstimateKernel(kernel, less_overhead).seconds, base) << ToString(kernel);
    }
  }
}

// 2^40 operations of 1 pJ and 100 W for them: at least 1.0995 J / 100 W, whatever the peak.
TEST(EstimateKernel, SlowsDownRatherThanDrawMoreThanDesignPower) {
  auto target = std::make_shared<Target>(**FindTarget("h100-sxm"));
  target->idle_power = {.value = 50, .known = true};
  target->design_power = {.value = 150, .known = true};
  target->matrix_energy_ratio = {};
  for (MathDatum& d : target->energy_per_op) d.datum = {.value = 1e-12, .known = true};
  for (MemoryLevel& level : target->memory) level.energy = {};
  const auto runtime = FindRuntime("ideal");
  ASSERT_TRUE(runtime.ok());
  const auto platform = MakePlatform(target, *runtime, {.precision = "bf16"});
  ASSERT_TRUE(platform.ok()) << platform.status();
  Kernel kernel = MatMul(8192, 8192, 8192, DType::kBF16);
  const KernelEstimate e = EstimateKernel(kernel, *platform);
  EXPECT_NEAR(e.seconds - e.overhead, 2 * std::pow(8192.0, 3) * 1e-12 / 100, 1e-9);
  EXPECT_EQ(e.limit, "power");
  EXPECT_LT(e.roofline, e.seconds / 4);  // that is of peaks, not of estimated energies
  EXPECT_LE(*e.energy.joules / e.seconds, 150);
  target->design_power = {};
  EXPECT_NE(EstimateKernel(kernel, *MakePlatform(target, *runtime, {.precision = "bf16"})).limit,
            "power");
}

// QNN runs f32 models in fp16, so that is what fp32 means there; another runtime has no fp32 to
// give.
TEST(MakePlatform, TakesAPrecisionForWhatTheRuntimeMakesOfIt) {
  const auto target = FindTarget("snapdragon-8-elite");
  const auto qnn = FindRuntime("qnn"), ideal = FindRuntime("ideal");
  ASSERT_TRUE(target.ok() && qnn.ok() && ideal.ok());
  const auto platform = MakePlatform(*target, *qnn, {.precision = "fp32"});
  ASSERT_TRUE(platform.ok()) << platform.status();
  EXPECT_EQ(platform->precision->name, "fp16");
  EXPECT_THAT(platform->assumptions, testing::Contains("runtime qnn runs fp32 as fp16"));
  EXPECT_FALSE(MakePlatform(*target, *ideal, {.precision = "fp32"}).ok());
}

}  // namespace
}  // namespace assay
