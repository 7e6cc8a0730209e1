#include "ir/ops/elem.h"

#include <cmath>
#include <limits>
#include <random>

#include "gtest/gtest.h"

namespace assay {
namespace {

class ElemTest : public testing::Test {
 protected:
  DimPool pool_;
  Dim s_ = pool_.Symbol("s");                                                     // >= 1
  Dim p_ = pool_.Symbol("p", {.bounds = {.low = 0}});                             // >= 0
  Dim z_ = pool_.Symbol("z", {.bounds = {.low = -8, .high = Bounds::kNoBound}});  // any sign
  ElemMath f32_{pool_, DType::kF32};
  ElemMath i64_{pool_, DType::kI64};
  Elem Sym(Dim d) { return Elem::Int(d); }
  // A float that is the symbolic size d.
  Elem Float(Dim d) { return f32_.Cast(Elem::Int(d)); }
  std::string Text(const Elem& e) {
    if (e.unknown()) return "?";
    if (e.kind == Elem::Kind::kReal) return std::to_string(e.real);
    if (e.is_int()) return pool_.ToString(e.num);
    return pool_.ToString(e.num) + " / " + pool_.ToString(e.den);
  }
};

TEST_F(ElemTest, FloatOfASizeIsExactUntilRounded) {
  const Elem half = f32_.Mul(Float(s_), Elem::Real(0.5));
  EXPECT_EQ(Text(half), "s / 2");
  EXPECT_EQ(Text(f32_.Floor(half)), "floordiv(s, 2) / 1");
  EXPECT_EQ(Text(i64_.Cast(half)), "floordiv(s, 2)");
  EXPECT_EQ(i64_.Cast(f32_.Ceil(half)), Elem::Int(pool_.CeilDiv(s_, Dim(2))));
  EXPECT_EQ(i64_.Cast(f32_.Mul(half, Elem::Real(2))), Elem::Int(s_));
  EXPECT_EQ(i64_.Cast(f32_.Add(half, half)), Elem::Int(s_));
  EXPECT_EQ(i64_.Cast(f32_.Sub(Float(s_), half)), i64_.Cast(half));
  EXPECT_EQ(f32_.Sub(half, half), Elem::Real(0));
}

TEST_F(ElemTest, RatiosCancel) {
  // The scale an exporter computes, and what Resize makes of it.
  const Elem scale = f32_.Div(Float(pool_.Mul(Dim(2), s_)), Float(s_));
  EXPECT_EQ(scale, Elem::Real(2));
  const Elem to_fixed = f32_.Div(Elem::Real(224), Float(s_));
  EXPECT_EQ(f32_.Mul(to_fixed, Float(s_)), Elem::Real(224));
  EXPECT_TRUE(f32_.Div(Float(s_), Float(p_)).unknown());  // p may be 0
}

TEST_F(ElemTest, DecimalScalesMeanTheirSimplestFraction) {
  // 0.35f is below 7/20, yet 20 * 0.35f rounds to 7.
  EXPECT_EQ(f32_.Mul(Elem::Real(20), Elem::Real(0.35f)), Elem::Real(7));
  const Elem scaled = i64_.Cast(f32_.Mul(Float(s_), Elem::Real(0.35f)));
  EXPECT_EQ(scaled, Elem::Int(pool_.FloorDiv(pool_.Mul(Dim(7), s_), Dim(20))));
  const Elem third = i64_.Cast(f32_.Mul(Float(s_), Elem::Real(1.0f / 3)));
  EXPECT_EQ(third, Elem::Int(pool_.FloorDiv(s_, Dim(3))));
  EXPECT_TRUE(f32_.Mul(Float(s_), Elem::Real(std::numeric_limits<double>::infinity())).unknown());
}

TEST_F(ElemTest, CastTruncatesTowardsZero) {
  EXPECT_EQ(i64_.Cast(Elem::Real(2.9)), Elem::Int(2));
  EXPECT_EQ(i64_.Cast(Elem::Real(-2.9)), Elem::Int(-2));
  EXPECT_EQ(ElemMath(pool_, DType::kI32).Cast(Elem::Int(int64_t{1} << 32 | 5)), Elem::Int(5));
  EXPECT_EQ(ElemMath(pool_, DType::kI32).Cast(Elem::Int(std::numeric_limits<int64_t>::max())),
            Elem::Int(-1));
  EXPECT_EQ(ElemMath(pool_, DType::kU8).Cast(Elem::Int(-1)), Elem::Int(255));
  EXPECT_TRUE(i64_.Cast(Elem::Real(1e300)).unknown());
  EXPECT_TRUE(i64_.Cast(Elem::Real(std::nan(""))).unknown());
  EXPECT_EQ(ElemMath(pool_, DType::kBool).Cast(Sym(s_)), Elem::Int(1));
  EXPECT_TRUE(ElemMath(pool_, DType::kBool).Cast(Sym(p_)).unknown());
}

// The symbolic result of an integer operation, evaluated, is the operation on numbers.
TEST_F(ElemTest, IntegerDivisionAndRoundingAgreeWithNumbers) {
  ElemMath f64(pool_, DType::kF64);
  for (int64_t divisor : {-7, -4, -3, -2, -1, 1, 2, 3, 4, 6, 7}) {
    const Elem quotient = i64_.Div(Sym(z_), Elem::Int(divisor));
    const Elem modulo = i64_.Mod(Sym(z_), Elem::Int(divisor));
    const Elem fmod = i64_.Fmod(Sym(z_), Elem::Int(divisor));
    const Elem ratio = f64.Div(f64.Cast(Sym(z_)), Elem::Real(static_cast<double>(divisor)));
    const Elem truncated = i64_.Cast(ratio), rounded = i64_.Cast(f64.Round(ratio));
    const Elem floored = i64_.Cast(f64.Floor(ratio)), ceiled = i64_.Cast(f64.Ceil(ratio));
    ASSERT_FALSE(quotient.unknown() || modulo.unknown() || fmod.unknown() || truncated.unknown() ||
                 rounded.unknown() || floored.unknown() || ceiled.unknown());
    for (int64_t z = -8; z <= 40; ++z) {
      SCOPED_TRACE(testing::Message() << z << " / " << divisor);
      Point point(3, 1);
      point[pool_.SymbolIndex(z_)] = z;
      auto at = [&](const Elem& e) { return *pool_.Evaluate(e.num, point); };
      const double exact = static_cast<double>(z) / static_cast<double>(divisor);
      EXPECT_EQ(at(quotient), z / divisor);
      EXPECT_EQ(at(fmod), z % divisor);
      EXPECT_EQ(at(modulo), ((z % divisor) + divisor) % divisor);
      EXPECT_EQ(at(truncated), static_cast<int64_t>(std::trunc(exact)));
      EXPECT_EQ(at(rounded), static_cast<int64_t>(std::nearbyint(exact)));
      EXPECT_EQ(at(floored), static_cast<int64_t>(std::floor(exact)));
      EXPECT_EQ(at(ceiled), static_cast<int64_t>(std::ceil(exact)));
    }
  }
}

TEST_F(ElemTest, ComparisonsAreThreeValued) {
  EXPECT_EQ(i64_.Equal(Sym(s_), Elem::Int(-1)), false);
  EXPECT_EQ(i64_.Equal(Sym(s_), Elem::Int(1)), std::nullopt);
  EXPECT_EQ(i64_.Less(Sym(p_), Sym(pool_.Add(p_, Dim(1)))), true);
  EXPECT_EQ(i64_.LessOrEqual(Elem::Int(0), Sym(p_)), true);
  EXPECT_EQ(i64_.Less(Elem::Int(0), Sym(p_)), std::nullopt);
  EXPECT_EQ(f32_.Less(f32_.Mul(Float(s_), Elem::Real(0.5)), Float(s_)), true);
  EXPECT_EQ(i64_.Less(Elem(), Elem::Int(1)), std::nullopt);
}

TEST_F(ElemTest, ExtremesUseBounds) {
  EXPECT_EQ(i64_.Max(Sym(s_), Elem::Int(1)), Sym(s_));
  EXPECT_EQ(i64_.Min(Sym(s_), Elem::Int(0)), Elem::Int(0));
  EXPECT_EQ(i64_.Abs(Sym(s_)), Sym(s_));
  EXPECT_EQ(i64_.Sign(Sym(s_)), Elem::Int(1));
  EXPECT_EQ(i64_.Neg(i64_.Neg(Sym(z_))), Sym(z_));
  EXPECT_EQ(i64_.Pow(Sym(s_), Elem::Int(2)), Sym(pool_.Mul(s_, s_)));
  EXPECT_EQ(i64_.Mul(Elem(), Elem::Int(0)), Elem::Int(0));
  EXPECT_TRUE(i64_.Div(Sym(s_), Elem::Int(0)).unknown());
  EXPECT_TRUE(i64_.Mod(Sym(s_), Elem::Int(0)).unknown());
}

TEST_F(ElemTest, NumbersRoundToTheirType) {
  EXPECT_EQ(f32_.Add(Elem::Real(16777216), Elem::Real(1)), Elem::Real(16777216));
  ElemMath f16(pool_, DType::kF16), bf16(pool_, DType::kBF16);
  EXPECT_EQ(f16.Add(Elem::Real(2048), Elem::Real(1)), Elem::Real(2048));
  EXPECT_EQ(f16.Add(Elem::Real(2048), Elem::Real(3)), Elem::Real(2052));
  EXPECT_EQ(bf16.Cast(Elem::Int(257)), Elem::Real(256));
  EXPECT_EQ(f32_.Apply(std::sqrt, Elem::Real(196)), Elem::Real(14));
  EXPECT_TRUE(f32_.Apply(std::sqrt, Float(s_)).unknown());
}

// Nothing here may overflow silently, divide by zero or hang, whatever the numbers.
TEST_F(ElemTest, ExtremeOperandsAreSurvived) {
  const double inf = std::numeric_limits<double>::infinity();
  const int64_t big = std::numeric_limits<int64_t>::max(),
                low = std::numeric_limits<int64_t>::min();
  const Elem all[] = {Elem(),
                      Elem::Int(0),
                      Elem::Int(big),
                      Elem::Int(low),
                      Elem::Int(-1),
                      Sym(z_),
                      Elem::Real(inf),
                      Elem::Real(-inf),
                      Elem::Real(std::nan("")),
                      Elem::Real(0),
                      Elem::Real(1e-300),
                      Elem::Real(1e300),
                      Elem::Ratio(s_, Dim(3)),
                      Elem::Ratio(Dim::Overflow(), Dim(3)),
                      Elem::Int(Dim::Overflow())};
  for (DType dtype : {DType::kF32, DType::kF16, DType::kI64, DType::kI8, DType::kBool}) {
    ElemMath m(pool_, dtype);
    for (const Elem& a : all) {
      m.Cast(a), m.Neg(a), m.Abs(a), m.Sign(a), m.Floor(a), m.Ceil(a), m.Round(a);
      for (const Elem& b : all) {
        m.Add(a, b), m.Sub(a, b), m.Mul(a, b), m.Div(a, b), m.Mod(a, b), m.Fmod(a, b);
        m.Pow(a, b), m.Min(a, b), m.Max(a, b), m.Equal(a, b), m.Less(a, b), m.LessOrEqual(a, b);
      }
    }
  }
}

}  // namespace
}  // namespace assay
