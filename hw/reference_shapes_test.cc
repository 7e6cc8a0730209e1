// One kernel of every class, layers of well-known networks, on every machine: a golden of what is
// said of each, so that a change of the model is one readable diff, and what must hold for all.
// ASSAY_UPDATE_GOLDENS=1 rewrites testdata/reference_shapes.txt; `git diff` is the review.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gtest/gtest.h"
#include "hw/estimate.h"

namespace assay {
namespace {

constexpr char kGolden[] = "testdata/reference_shapes.txt";

struct Shape {
  KernelClass kernel_class;
  absl::string_view layer;
  Kernel::Loops loops;            // as ir/work.h has them; f16
  double in, weights, out;        // elements of one sample
  double flops = 0, special = 0;  // besides the products, of one sample
};

// Batch 1, or what is natural for the layer.
const std::vector<Shape>& Shapes() {
  using Kind = Nest::Kind;
  static const auto* const kShapes = new std::vector<Shape>{
      {KernelClass::kConvDense1x1,
       "ResNet-50 layer3: 1x1, 1024 to 256 channels at 14x14",
       {.kind = Kind::kConv, .m = 14 * 14, .n = 256, .k = 1024, .kernel = {1, 1}},
       1024 * 14 * 14,
       1024 * 256,
       256 * 14 * 14},
      {KernelClass::kConvDense,
       "ResNet-50 layer3: 3x3, 256 to 256 channels at 14x14",
       {.kind = Kind::kConv, .m = 14 * 14, .n = 256, .k = 256 * 9, .kernel = {3, 3}},
       256 * 14 * 14,
       256 * 256 * 9,
       256 * 14 * 14},
      {KernelClass::kConvGrouped,
       "ResNeXt-50 layer3: 3x3, 32 groups of 16 to 16 channels at 14x14",
       {.kind = Kind::kConv, .groups = 32, .m = 14 * 14, .n = 16, .k = 16 * 9, .kernel = {3, 3}},
       512 * 14 * 14,
       32 * 16 * 16 * 9,
       512 * 14 * 14},
      {KernelClass::kConvDepthwise,
       "MobileNet v2: 3x3 on each of 384 channels at 14x14",
       {.kind = Kind::kConv, .groups = 384, .m = 14 * 14, .n = 1, .k = 9, .kernel = {3, 3}},
       384 * 14 * 14,
       384 * 9,
       384 * 14 * 14},
      {KernelClass::kConvStem,
       "ResNet-50 conv1: 7x7 / 2, 3 to 64 channels at 112x112",
       {.kind = Kind::kConv,
        .m = 112 * 112,
        .n = 64,
        .k = 3 * 49,
        .kernel = {7, 7},
        .stride = {2, 2}},
       3 * 224 * 224,
       3 * 64 * 49,
       64 * 112 * 112},
      {KernelClass::kGemm,
       "BERT base: 128 tokens, 768 to 3072 features",
       {.m = 128, .n = 3072, .k = 768, .shared_b = true},
       128 * 768,
       768 * 3072,
       128 * 3072},
      {KernelClass::kBatchedMatMul,
       "BERT base: scores of 12 heads of 64, 128 queries and keys",
       {.batch = 12, .m = 128, .n = 128, .k = 64},
       2 * 12 * 128 * 64,
       0,
       12 * 128 * 128},
      {KernelClass::kRecurrence,
       "LSTM: 64 steps, 16 sequences, 512 inputs and 512 states",
       {.kind = Kind::kRecurrence, .m = 16, .n = 4 * 512, .k = 2 * 512, .steps = 64},
       64 * 16 * 512,
       4 * 512 * 2 * 512,
       64 * 16 * 512,
       64 * 16 * 512 * 4,
       64 * 16 * 512 * 5},
      {KernelClass::kAttention,
       "GPT-2: 12 heads of 64, 1024 queries and keys, fused",
       {.kind = Kind::kAttention, .batch = 12, .m = 1024, .n = 1024, .k = 64 + 64},
       3 * 12 * 1024 * 64,
       0,
       12 * 1024 * 64,
       12 * 1024 * 1024 * 3,
       12 * 1024 * 1024},
      {KernelClass::kReduction,
       "ResNet-50: means of 7x7 in 2048 channels",
       {},
       2048 * 7 * 7,
       0,
       2048,
       2048 * 7 * 7},
      {KernelClass::kOther,
       "ResNet-50 layer1: sum of two tensors of 256 channels at 56x56",
       {},
       2 * 256 * 56 * 56,
       0,
       256 * 56 * 56,
       256 * 56 * 56},
  };
  return *kShapes;
}

// `samples` of them in one kernel.
Kernel KernelOf(const Shape& shape, int64_t samples = 1) {
  using What = Kernel::Operand::What;
  const auto count = static_cast<double>(samples);
  const DType dtype = DType::kF16;
  Kernel kernel;
  kernel.reduces = shape.kernel_class == KernelClass::kReduction;
  if (shape.kernel_class < KernelClass::kReduction) {
    Kernel::Loops loops = shape.loops;
    (loops.kind == Nest::Kind::kRecurrence ? loops.m : loops.batch) *= samples;
    loops.multiply = dtype;
    kernel.macs = 1;
    for (int64_t extent : {loops.batch, loops.groups, loops.m, loops.n, loops.k, loops.steps}) {
      kernel.macs *= static_cast<double>(extent);
    }
    kernel.loops = loops;
  }
  kernel.flops = 2 * kernel.macs + count * shape.flops;
  kernel.transcendentals = count * shape.special;
  const auto add = [&](What what, double elements) {
    if (elements > 0) kernel.operands.push_back({what, dtype, elements, 2 * elements});
  };
  add(What::kActivationIn, count * shape.in);
  add(What::kWeight, shape.weights);
  add(What::kActivationOut, count * shape.out);
  return kernel;
}

// Of the machine, not of what runs on it.
Platform Ideal(std::shared_ptr<const Target> target) {
  absl::StatusOr<std::shared_ptr<const Runtime>> ideal = FindRuntime("ideal");
  EXPECT_TRUE(ideal.ok()) << ideal.status();
  absl::StatusOr<Platform> platform = MakePlatform(std::move(target), *ideal, {});
  EXPECT_TRUE(platform.ok()) << platform.status();
  return *std::move(platform);
}

Platform Ideal(absl::string_view name) {
  absl::StatusOr<std::shared_ptr<const Target>> target = FindTarget(name);
  EXPECT_TRUE(target.ok()) << target.status();
  return Ideal(*target);
}

std::string ThreeDigits(double value) { return absl::StrFormat("%.3g", value); }

// "12.3 us", between 1 and 1000 of its unit.
std::string Duration(double seconds) {
  constexpr absl::string_view kUnits[] = {"ns", "us", "ms", "s"};
  double value = seconds * 1e9;
  size_t unit = 0;
  // (999.5 would be printed as 1e+03.)
  for (; value >= 999.5 && unit + 1 < std::size(kUnits); ++unit) value /= 1000;
  return absl::StrCat(ThreeDigits(value), " ", kUnits[unit]);
}

// "tile 0.766 x wave 0.5", without those that are 1.
std::string Factors(const Mapping& mapping) {
  std::string text;
  for (const Factor& factor : mapping.factors) {
    const std::string value = ThreeDigits(factor.value);
    if (value == "1") continue;
    absl::StrAppend(&text, text.empty() ? "" : " x ", factor.name, " ", value);
  }
  return text;
}

TEST(ReferenceShapes, AreOneOfEachClass) {
  ASSERT_EQ(Shapes().size(), kNumKernelClasses);
  for (size_t i = 0; i < kNumKernelClasses; ++i) {
    EXPECT_EQ(static_cast<size_t>(Shapes()[i].kernel_class), i);
    EXPECT_EQ(ClassOf(KernelOf(Shapes()[i])), Shapes()[i].kernel_class) << Shapes()[i].layer;
  }
}

TEST(ReferenceShapes, OnEveryTarget) {
  std::string actual =
      "One kernel of every class on every target under runtime `ideal`, tensors in f16, batch 1:\n"
      "format it runs in, time with launch, what limits it, units in use, factors below 1.\n\n";
  for (const Shape& shape : Shapes()) {
    absl::StrAppendFormat(&actual, "%-15s %s\n", Name(shape.kernel_class), shape.layer);
  }
  for (absl::string_view name : TargetNames()) {
    const Platform platform = Ideal(name);
    absl::StrAppend(&actual, "\n");
    for (const Shape& shape : Shapes()) {
      const KernelEstimate e = EstimateKernel(KernelOf(shape), platform);
      std::string line =
          absl::StrFormat("%-20s %-15s %-5s %8s  %-16s %5s  %s", name, Name(shape.kernel_class),
                          Name(e.mapping.math), Duration(e.seconds), e.limit,
                          ThreeDigits(e.units_used), Factors(e.mapping));
      absl::StripTrailingAsciiWhitespace(&line);
      absl::StrAppend(&actual, line, "\n");
    }
  }
  if (std::getenv("ASSAY_UPDATE_GOLDENS") != nullptr) std::ofstream(kGolden) << actual;
  std::stringstream golden;
  golden << std::ifstream(kGolden).rdbuf();
  EXPECT_EQ(actual, golden.str()) << "run again with ASSAY_UPDATE_GOLDENS=1 to take it over";
}

// No machine does more than its best format's peak, nor moves more than its outermost memory.
TEST(ReferenceShapes, NoneBeatsThePeaks) {
  for (absl::string_view name : TargetNames(/*with_modes=*/true)) {
    const Platform platform = Ideal(name);
    const Target& target = *platform.target;
    double best = 0;
    for (Math math : target.maths()) best = std::max(best, target.BestRate(math));
    for (const Shape& shape : Shapes()) {
      for (int64_t samples : {1, 16, 256}) {
        const Kernel kernel = KernelOf(shape, samples);
        const KernelEstimate e = EstimateKernel(kernel, platform);
        const double busy = e.seconds - e.overhead;
        EXPECT_GE(busy * (1 + 1e-9), 2 * kernel.macs / best) << name << " " << shape.layer;
        EXPECT_GE(busy * (1 + 1e-9), kernel.bytes() / target.Bandwidth(target.dram()))
            << name << " " << shape.layer;
        EXPECT_GE(e.roofline, 0);
        EXPECT_LE(e.roofline, busy * (1 + 1e-9)) << name << " " << shape.layer;
        EXPECT_GT(e.units_used, 0) << name << " " << shape.layer;
        EXPECT_LE(e.units_used, target.unit_count()) << name << " " << shape.layer;
        double product = 1;
        for (const Factor& factor : e.mapping.factors) {
          EXPECT_GT(factor.value, 0) << name << " " << shape.layer << " " << factor.name;
          EXPECT_LE(factor.value, 1 + 1e-9) << name << " " << shape.layer << " " << factor.name;
          product *= factor.value;
        }
        EXPECT_NEAR(product, e.mapping.utilization, 1e-9) << name << " " << shape.layer;
      }
    }
  }
}

void Scale(std::vector<MathDatum>* rates, double by) {
  for (MathDatum& rate : *rates) rate.datum.value *= by;
}

void ScaleClocksAndPeaks(Target* target, double by) {
  for (UnitClass& unit : target->units) unit.clock.value *= by;
  for (Engine& engine : target->engines) engine.clock.value *= by;
  for (auto* rates : {&target->peaks.matrix, &target->peaks.vector, &target->peaks.special}) {
    Scale(rates, by);
  }
}

void ScaleBandwidths(Target* target, double by) {
  for (MemoryLevel& level : target->memory) level.bandwidth.value *= by;
}

Platform Changed(const Platform& platform, absl::FunctionRef<void(Target*)> change) {
  auto target = std::make_shared<Target>(*platform.target);
  change(target.get());
  Platform out = platform;
  out.target = std::move(target);
  return out;
}

TEST(ReferenceShapes, TwiceTheMachineTakesHalfTheTime) {
  for (absl::string_view name : TargetNames(/*with_modes=*/true)) {
    const Platform one = Ideal(name);
    const Platform two = Changed(one, [](Target* t) {
      ScaleClocksAndPeaks(t, 2);
      ScaleBandwidths(t, 2);
      t->idle_power.value *= 2;  // the same energy in half the time
      t->design_power.value *= 2;
    });
    for (const Shape& shape : Shapes()) {
      const KernelEstimate a = EstimateKernel(KernelOf(shape), one);
      const KernelEstimate b = EstimateKernel(KernelOf(shape), two);
      const double busy = a.seconds - a.overhead;
      EXPECT_NEAR(b.seconds - b.overhead, busy / 2, busy * 1e-9) << name << " " << shape.layer;
      EXPECT_NEAR(b.roofline, a.roofline / 2, a.roofline * 1e-9) << name << " " << shape.layer;
    }
  }
}

TEST(ReferenceShapes, NoneIsSlowerOnAFasterMachine) {
  for (absl::string_view name : TargetNames(/*with_modes=*/true)) {
    const Platform base = Ideal(name);
    const Platform faster[] = {
        Changed(base, [](Target* t) { ScaleClocksAndPeaks(t, 1.25); }),
        Changed(base, [](Target* t) { ScaleBandwidths(t, 1.25); }),
        Changed(base, [](Target* t) { t->memory.back().bandwidth.value *= 1.25; }),
    };
    for (const Shape& shape : Shapes()) {
      for (int64_t samples : {1, 3, 32}) {
        const Kernel kernel = KernelOf(shape, samples);
        const double seconds = EstimateKernel(kernel, base).seconds;
        for (const Platform& platform : faster) {
          EXPECT_LE(EstimateKernel(kernel, platform).seconds, seconds * (1 + 1e-9))
              << name << " " << samples << " of " << shape.layer;
        }
      }
    }
  }
}

TEST(ReferenceShapes, MoreSamplesNeverTakeLess) {
  for (absl::string_view name : TargetNames(/*with_modes=*/true)) {
    const Platform platform = Ideal(name);
    std::vector<Shape> shapes = Shapes();  // and one that fills no machine
    shapes.push_back({KernelClass::kOther, "sum of two rows of 768", {}, 2 * 768, 0, 768, 768});
    for (const Shape& shape : shapes) {
      double before = 0;
      for (int64_t samples : {1, 2, 3, 4, 5, 7, 8, 9, 16, 31, 32, 33, 64, 127, 128, 1000}) {
        const double seconds = EstimateKernel(KernelOf(shape, samples), platform).seconds;
        EXPECT_GE(seconds * (1 + 1e-9), before) << name << " " << samples << " of " << shape.layer;
        before = seconds;
      }
    }
  }
}

// Idle power over the time, and each part's amount times what one costs; nothing else.
TEST(ReferenceShapes, EnergyIsAllItsParts) {
  for (absl::string_view name : TargetNames(/*with_modes=*/true)) {
    const Platform platform = Ideal(name);
    for (const Shape& shape : Shapes()) {
      const KernelEstimate e = EstimateKernel(KernelOf(shape), platform);
      // Idle beside every resource but the power that they share.
      const auto power = std::count_if(e.parts.begin(), e.parts.end(),
                                       [](const ResourceUse& use) { return use.name == "power"; });
      ASSERT_EQ(e.energy.parts.size() + static_cast<size_t>(power), 1 + e.parts.size()) << name;
      double sum = 0;
      bool complete = true, any = false;
      for (const EnergyPart& part : e.energy.parts) {
        sum += part.joules.value_or(0);
        complete = complete && part.joules.has_value();
        any = any || part.joules.has_value();
      }
      EXPECT_EQ(e.energy.complete, complete) << name;
      ASSERT_EQ(e.energy.joules.has_value(), any) << name;
      EXPECT_NEAR(e.energy.joules.value_or(0), sum, sum * 1e-12) << name;
      if (platform.target->idle_power.known) {
        const double idle = platform.target->idle_power.value * e.seconds;
        EXPECT_NEAR(*e.energy.parts[0].joules, idle, idle * 1e-12) << name;
      }
    }
  }
}

}  // namespace
}  // namespace assay
