#include "hw/kernel.h"

#include "absl/hash/hash_testing.h"
#include "gtest/gtest.h"
#include "hw/precision.h"

namespace assay {
namespace {

Kernel Conv(int64_t groups, int64_t channels_of_group, int64_t n,
            std::initializer_list<int64_t> k) {
  Kernel kernel;
  int64_t positions = 1;
  for (int64_t extent : k) positions *= extent;
  kernel.loops = {.kind = Nest::Kind::kConv,
                  .groups = groups,
                  .m = 49,
                  .n = n,
                  .k = channels_of_group * positions};
  kernel.loops->kernel.assign(k.begin(), k.end());
  return kernel;
}

TEST(Kernel, Classes) {
  EXPECT_EQ(ClassOf(Conv(1, 64, 64, {1, 1})), KernelClass::kConvDense1x1);
  EXPECT_EQ(ClassOf(Conv(1, 64, 64, {3, 3})), KernelClass::kConvDense);
  EXPECT_EQ(ClassOf(Conv(1, 3, 64, {7, 7})), KernelClass::kConvStem);
  EXPECT_EQ(ClassOf(Conv(32, 4, 4, {3, 3})), KernelClass::kConvGrouped);
  EXPECT_EQ(ClassOf(Conv(64, 1, 1, {3, 3})), KernelClass::kConvDepthwise);
  EXPECT_EQ(ClassOf(Kernel()), KernelClass::kOther);
  Kernel matmul;
  matmul.loops = {.batch = 8, .m = 10, .n = 10, .k = 10};
  EXPECT_EQ(ClassOf(matmul), KernelClass::kBatchedMatMul);
  matmul.loops->shared_b = true;
  EXPECT_EQ(ClassOf(matmul), KernelClass::kGemm);
  for (absl::string_view name : KernelClassNames()) {
    ASSERT_TRUE(ParseKernelClass(name).has_value());
    EXPECT_EQ(Name(*ParseKernelClass(name)), name);
  }
  EXPECT_FALSE(ParseKernelClass("gem").has_value());
}

TEST(Kernel, IsAValue) {
  Kernel a = Conv(1, 64, 64, {3, 3}), b = a, c = a, d = a;
  b.macs = 1;
  c.loops->stride = {2, 2};
  d.operands.push_back({.elements = 4, .bytes = 16});
  Kernel e = d;
  e.operands[0].reuse_distance = 100;
  EXPECT_EQ(a, Conv(1, 64, 64, {3, 3}));
  EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly({a, b, c, d, e, Kernel()}));
}

TEST(Kernel, SumsAndPrints) {
  using What = Kernel::Operand::What;
  Kernel kernel = Conv(1, 3, 64, {7, 7});
  kernel.pattern = "Conv+Relu";
  kernel.macs = 100;
  kernel.operands = {{What::kActivationIn, DType::kF32, 10, 40},
                     {What::kWeight, DType::kI8, 5, 5},
                     {What::kActivationOut, DType::kF32, 20, 80, 1000}};
  EXPECT_EQ(kernel.bytes(), 40 + 5 + 80);
  EXPECT_EQ(kernel.bytes(What::kWeight), 5);
  EXPECT_EQ(kernel.largest_elements(), 20);
  EXPECT_EQ(ToString(kernel),
            "Conv+Relu conv batch=1 m=49 n=64 k=147 kernel=7x7 f32->f32; macs=100; in f32 40 B; "
            "weight i8 5 B; out f32 80 B after 1000 B");
}

TEST(Precision, RowsAgreeWithTheirEnums) {
  for (size_t i = 0; i < MathRows().size(); ++i) {
    EXPECT_EQ(static_cast<size_t>(MathRows()[i].math), i);
    EXPECT_EQ(ParseMath(MathRows()[i].name), MathRows()[i].math);
  }
  for (const Precision& precision : Precisions()) {
    auto found = FindPrecision(precision.name);
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(*found, &precision);
  }
  EXPECT_EQ(ParseMath("bf16"), Math::kBf16);
  EXPECT_EQ(ParseMath("f8e5m2"), Math::kFp8);
  EXPECT_FALSE(ParseMath("string").has_value());
  EXPECT_EQ(MathOf(DType::kU8), Math::kInt8);
  EXPECT_EQ(MathOf(DType::kI64), Math::kInt32);
  EXPECT_EQ(MathOf(DType::kBool), Math::kInt8);
}

TEST(Precision, ChangesFloatingPointTensorsOnly) {
  const Precision& w4a16 = **FindPrecision("w4a16");
  EXPECT_EQ(ElementTypeInForce(w4a16, DType::kF32, true), DType::kI4);
  EXPECT_EQ(ElementTypeInForce(w4a16, DType::kF32, false), DType::kF16);
  EXPECT_EQ(ElementTypeInForce(w4a16, DType::kI64, false), DType::kI64);
  EXPECT_EQ(ElementTypeInForce(**FindPrecision("model"), DType::kF32, true), DType::kF32);
  EXPECT_EQ(ElementTypeInForce(**FindPrecision("tf32"), DType::kF32, true), DType::kF32);
}

}  // namespace
}  // namespace assay
