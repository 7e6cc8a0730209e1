#include "ir/ops/elem.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace assay {
namespace {

constexpr double kInt64Limit = 9223372036854775808.0;  // 2^63

bool BothReal(const Elem& a, const Elem& b) {
  return a.kind == Elem::Kind::kReal && b.kind == Elem::Kind::kReal;
}

bool BothInt(const Elem& a, const Elem& b) { return a.is_int() && b.is_int(); }

// The nearest number with so many significant bits.
double RoundToBits(double value, int bits) {
  if (value == 0 || !std::isfinite(value)) return value;
  int exponent;
  const double mantissa = std::frexp(value, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(mantissa, bits)), exponent - bits);
}

double RoundTo(DType dtype, double value) {
  switch (dtype) {
    case DType::kF64:
      return value;
    case DType::kF16:
      return RoundToBits(value, 11);
    case DType::kBF16:
      return RoundToBits(value, 8);
    default:
      return static_cast<double>(static_cast<float>(value));
  }
}

// The fraction of smallest denominator that a number of this type stands for, by continued
// fractions: what its writer meant, if he meant anything. Else the number itself, when its
// denominator is small enough to compute with.
std::optional<std::pair<int64_t, int64_t>> SimplestFraction(DType dtype, double value) {
  constexpr int64_t kMaxDenominator = 10000;
  if (!std::isfinite(value)) return std::nullopt;
  if (std::fabs(value) > 1e6) {  // larger terms could overflow below; a whole number needs none
    if (value != std::floor(value) || std::fabs(value) > 1e15) return std::nullopt;
    return std::pair(static_cast<int64_t>(value), int64_t{1});
  }
  double rest = value;
  int64_t p0 = 1, q0 = 0, p1 = static_cast<int64_t>(std::floor(rest)), q1 = 1;
  while (q1 <= kMaxDenominator) {
    if (RoundTo(dtype, static_cast<double>(p1) / static_cast<double>(q1)) == value) {
      return std::pair(p1, q1);
    }
    const double fraction = rest - std::floor(rest);
    if (fraction == 0) break;
    rest = 1 / fraction;
    if (rest > 1e8) break;
    const int64_t term = static_cast<int64_t>(std::floor(rest));
    const int64_t p2 = term * p1 + p0, q2 = term * q1 + q0;
    p0 = p1, q0 = q1, p1 = p2, q1 = q2;
  }
  for (int64_t q = 1; q <= (int64_t{1} << 24); q *= 2) {
    const double p = value * static_cast<double>(q);
    if (p == std::floor(p) && std::fabs(p) < 1e15) return std::pair(static_cast<int64_t>(p), q);
  }
  return std::nullopt;
}

int64_t Wrap(DType dtype, int64_t value) {
  const int bits = Bits(dtype);
  if (bits >= 64) return value;
  const uint64_t mask = (uint64_t{1} << bits) - 1;
  uint64_t low = static_cast<uint64_t>(value) & mask;
  if (KindOf(dtype) == DTypeKind::kSigned && (low >> (bits - 1)) != 0) low |= ~mask;
  return static_cast<int64_t>(low);
}

}  // namespace

Elem BoolElem(std::optional<bool> b) { return b.has_value() ? Elem::Int(*b ? 1 : 0) : Elem(); }

std::optional<bool> Truth(DimPool& pool, const Elem& a) {
  switch (a.kind) {
    case Elem::Kind::kReal:
      return a.real != 0;
    case Elem::Kind::kInt:
    case Elem::Kind::kRatio: {
      std::optional<bool> zero = pool.Equal(a.num, Dim(0));
      if (!zero.has_value()) return std::nullopt;
      return !*zero;
    }
    case Elem::Kind::kUnknown:
      return std::nullopt;
  }
  return std::nullopt;
}

Elem ElemMath::Real(double value) const { return Elem::Real(RoundTo(dtype_, value)); }

Elem ElemMath::MakeInt(Dim d) const { return d.unknown() ? Elem() : Elem::Int(d); }

std::optional<int> ElemMath::SignOf(Dim d) const {
  const Bounds b = pool_.BoundsOf(d);
  if (b.low > 0) return 1;
  if (b.high < 0) return -1;
  if (b.low == 0 && b.high == 0) return 0;
  return std::nullopt;
}

Elem ElemMath::MakeRatio(Dim num, Dim den) {
  if (num.unknown() || den.unknown() || num.overflow() || den.overflow()) return {};
  const std::optional<int> sign = SignOf(den);
  if (!sign.has_value() || *sign == 0) return {};
  if (num.known() && den.known()) {
    return Real(static_cast<double>(num.value()) / static_cast<double>(den.value()));
  }
  if (*sign < 0) {
    num = pool_.Sub(Dim(0), num);
    den = pool_.Sub(Dim(0), den);
  }
  if (std::optional<Dim> exact = pool_.DivideExactly(num, den)) {
    if (exact->known()) return Real(static_cast<double>(exact->value()));
    return Elem::Ratio(*exact, Dim(1));
  }
  if (std::optional<Dim> inverse = pool_.DivideExactly(den, num)) {
    if (SignOf(*inverse) == 1) return Elem::Ratio(Dim(1), *inverse);
  }
  return Elem::Ratio(num, den);
}

std::optional<ElemMath::Fraction> ElemMath::AsFraction(const Elem& a) {
  switch (a.kind) {
    case Elem::Kind::kInt:
      return Fraction{a.num, Dim(1)};
    case Elem::Kind::kRatio:
      return Fraction{a.num, a.den};
    case Elem::Kind::kReal:
      if (auto f = SimplestFraction(dtype_, a.real)) return Fraction{Dim(f->first), Dim(f->second)};
      return std::nullopt;
    case Elem::Kind::kUnknown:
      return std::nullopt;
  }
  return std::nullopt;
}

Dim ElemMath::TruncDiv(Dim a, Dim b) {
  const std::optional<int> sign_b = SignOf(b);
  if (!sign_b.has_value() || *sign_b == 0) return Dim();
  if (*sign_b < 0) {
    a = pool_.Sub(Dim(0), a);
    b = pool_.Sub(Dim(0), b);
  }
  const Bounds range = pool_.BoundsOf(a);
  if (range.low >= 0) return pool_.FloorDiv(a, b);
  if (range.high <= 0) return pool_.CeilDiv(a, b);
  return pool_.Add(pool_.Max(pool_.FloorDiv(a, b), Dim(0)), pool_.Min(pool_.CeilDiv(a, b), Dim(0)));
}

Elem ElemMath::Cast(const Elem& a) {
  if (a.unknown()) return {};
  if (dtype_ == DType::kBool) return BoolElem(Truth(pool_, a));
  if (floating_) {
    if (a.kind == Elem::Kind::kReal) return Real(a.real);
    if (a.kind == Elem::Kind::kRatio) return a;
    if (a.num.overflow()) return {};
    return a.num.known() ? Real(static_cast<double>(a.num.value())) : Elem::Ratio(a.num, Dim(1));
  }
  if (!IsInteger(dtype_)) return {};
  switch (a.kind) {
    case Elem::Kind::kInt:
      return a.num.known() ? Elem::Int(Wrap(dtype_, a.num.value())) : a;
    case Elem::Kind::kReal:
      if (!(std::fabs(a.real) < kInt64Limit)) return {};
      return Elem::Int(Wrap(dtype_, static_cast<int64_t>(a.real)));
    case Elem::Kind::kRatio:
      return MakeInt(TruncDiv(a.num, a.den));
    case Elem::Kind::kUnknown:
      return {};
  }
  return {};
}

Elem ElemMath::Add(const Elem& a, const Elem& b) {
  if (BothInt(a, b)) return MakeInt(pool_.Add(a.num, b.num));
  if (BothReal(a, b)) return Real(a.real + b.real);
  const auto x = AsFraction(a), y = AsFraction(b);
  if (!x || !y) return {};
  if (x->den == y->den) return MakeRatio(pool_.Add(x->num, y->num), x->den);
  return MakeRatio(pool_.Add(pool_.Mul(x->num, y->den), pool_.Mul(y->num, x->den)),
                   pool_.Mul(x->den, y->den));
}

Elem ElemMath::Sub(const Elem& a, const Elem& b) {
  if (BothInt(a, b)) return MakeInt(pool_.Sub(a.num, b.num));
  if (BothReal(a, b)) return Real(a.real - b.real);
  return Add(a, Neg(b));
}

Elem ElemMath::Mul(const Elem& a, const Elem& b) {
  // 0 * x is 0 whatever the integer x.
  if (!floating_ && ((a.is_int() && a.num.is(0)) || (b.is_int() && b.num.is(0)))) {
    return Elem::Int(0);
  }
  if (BothInt(a, b)) return MakeInt(pool_.Mul(a.num, b.num));
  if (BothReal(a, b)) return Real(a.real * b.real);
  const auto x = AsFraction(a), y = AsFraction(b);
  if (!x || !y) return {};
  return MakeRatio(pool_.Mul(x->num, y->num), pool_.Mul(x->den, y->den));
}

Elem ElemMath::Div(const Elem& a, const Elem& b) {
  if (BothInt(a, b)) {
    if (b.num.is(0)) return {};
    if (a.num.known() && b.num.is(-1)) return MakeInt(pool_.Sub(Dim(0), a.num));
    if (a.num.known() && b.num.known()) return Elem::Int(a.num.value() / b.num.value());
    return MakeInt(TruncDiv(a.num, b.num));
  }
  if (BothReal(a, b)) return Real(a.real / b.real);
  const auto x = AsFraction(a), y = AsFraction(b);
  if (!x || !y) return {};
  return MakeRatio(pool_.Mul(x->num, y->den), pool_.Mul(x->den, y->num));
}

Elem ElemMath::Mod(const Elem& a, const Elem& b) {
  if (BothInt(a, b)) {
    if (b.num.is(0)) return {};
    return MakeInt(pool_.Mod(a.num, b.num));
  }
  return Fmod(a, b);
}

Elem ElemMath::Fmod(const Elem& a, const Elem& b) {
  if (BothReal(a, b)) return Real(std::fmod(a.real, b.real));
  if (!BothInt(a, b)) return {};
  const Elem quotient = Div(a, b);
  return quotient.unknown() ? Elem() : MakeInt(pool_.Sub(a.num, pool_.Mul(b.num, quotient.num)));
}

Elem ElemMath::Pow(const Elem& a, const Elem& b) {
  if (BothReal(a, b)) return Real(std::pow(a.real, b.real));
  if (!b.constant()) return {};
  const double exponent = b.AsReal();
  if (exponent == 0) return floating_ ? Elem::Real(1) : Elem::Int(1);
  if (a.unknown()) return {};
  if (exponent == -1 && floating_) return Div(Elem::Real(1), a);
  if (!(exponent >= 1 && exponent <= 64) || exponent != std::floor(exponent)) return {};
  Elem product = a;
  for (int i = 1; i < static_cast<int>(exponent); ++i) product = Mul(product, a);
  return product;
}

Elem ElemMath::Min(const Elem& a, const Elem& b) {
  if (BothInt(a, b)) return MakeInt(pool_.Min(a.num, b.num));
  if (BothReal(a, b)) return Elem::Real(std::fmin(a.real, b.real));
  if (std::optional<bool> le = LessOrEqual(a, b)) return *le ? a : b;
  const auto x = AsFraction(a), y = AsFraction(b);
  if (!x || !y) return {};
  return MakeRatio(pool_.Min(pool_.Mul(x->num, y->den), pool_.Mul(y->num, x->den)),
                   pool_.Mul(x->den, y->den));
}

Elem ElemMath::Max(const Elem& a, const Elem& b) {
  if (BothInt(a, b)) return MakeInt(pool_.Max(a.num, b.num));
  if (BothReal(a, b)) return Elem::Real(std::fmax(a.real, b.real));
  if (std::optional<bool> le = LessOrEqual(a, b)) return *le ? b : a;
  const auto x = AsFraction(a), y = AsFraction(b);
  if (!x || !y) return {};
  return MakeRatio(pool_.Max(pool_.Mul(x->num, y->den), pool_.Mul(y->num, x->den)),
                   pool_.Mul(x->den, y->den));
}

Elem ElemMath::Neg(const Elem& a) {
  switch (a.kind) {
    case Elem::Kind::kInt:
      return MakeInt(pool_.Sub(Dim(0), a.num));
    case Elem::Kind::kReal:
      return Elem::Real(-a.real);
    case Elem::Kind::kRatio:
      return Elem::Ratio(pool_.Sub(Dim(0), a.num), a.den);
    case Elem::Kind::kUnknown:
      return {};
  }
  return {};
}

Elem ElemMath::Abs(const Elem& a) {
  if (a.kind == Elem::Kind::kReal) return Elem::Real(std::fabs(a.real));
  if (a.unknown()) return {};
  Elem out = a;
  out.num = pool_.Max(a.num, pool_.Sub(Dim(0), a.num));
  return out.num.unknown() ? Elem() : out;
}

Elem ElemMath::Sign(const Elem& a) {
  if (a.kind == Elem::Kind::kReal) return Elem::Real(a.real > 0 ? 1 : a.real < 0 ? -1 : 0);
  if (a.unknown()) return {};
  // Of an integer: the part of it in [-1, 1]. The denominator of a ratio is positive.
  const Dim sign = pool_.Max(Dim(-1), pool_.Min(Dim(1), a.num));
  return floating_ ? MakeRatio(sign, Dim(1)) : MakeInt(sign);
}

Elem ElemMath::Floor(const Elem& a) {
  if (a.kind == Elem::Kind::kReal) return Elem::Real(std::floor(a.real));
  if (a.kind == Elem::Kind::kRatio) return MakeRatio(pool_.FloorDiv(a.num, a.den), Dim(1));
  return a;
}

Elem ElemMath::Ceil(const Elem& a) {
  if (a.kind == Elem::Kind::kReal) return Elem::Real(std::ceil(a.real));
  if (a.kind == Elem::Kind::kRatio) return MakeRatio(pool_.CeilDiv(a.num, a.den), Dim(1));
  return a;
}

Elem ElemMath::Round(const Elem& a) {
  if (a.kind == Elem::Kind::kReal) return Elem::Real(std::nearbyint(a.real));
  if (a.kind != Elem::Kind::kRatio || a.den.is(1)) return a;
  // Half up is floordiv(x, 2d) with x = 2n + d. It is one too much where n/d is half an odd number
  // and half up gives an odd result, that is, where x mod 4d is 2d.
  const Dim twice = pool_.Mul(Dim(2), a.den);
  const Dim x = pool_.Add(pool_.Mul(Dim(2), a.num), a.den);
  Dim rounded = pool_.FloorDiv(x, twice);
  const bool may_tie = !a.den.known() || a.den.value() % 2 == 0;
  if (may_tie) {
    const Dim off = pool_.Sub(pool_.Mod(x, pool_.Mul(Dim(2), twice)), twice);
    const Dim distance = pool_.Max(off, pool_.Sub(Dim(0), off));
    rounded = pool_.Sub(rounded, pool_.Sub(Dim(1), pool_.Min(Dim(1), distance)));
  }
  return MakeRatio(rounded, Dim(1));
}

Elem ElemMath::Apply(double (*function)(double), const Elem& a) {
  if (a.kind != Elem::Kind::kReal) return {};
  return Real(function(a.real));
}

std::optional<bool> ElemMath::Equal(const Elem& a, const Elem& b) {
  if (BothReal(a, b)) return a.real == b.real;
  if (BothInt(a, b)) return pool_.Equal(a.num, b.num);
  const auto x = AsFraction(a), y = AsFraction(b);
  if (!x || !y) return std::nullopt;
  return pool_.Equal(pool_.Mul(x->num, y->den), pool_.Mul(y->num, x->den));
}

std::optional<bool> ElemMath::Less(const Elem& a, const Elem& b) {
  if (BothReal(a, b)) return a.real < b.real;
  if (BothInt(a, b)) return pool_.Less(a.num, b.num);
  const auto x = AsFraction(a), y = AsFraction(b);
  if (!x || !y) return std::nullopt;
  return pool_.Less(pool_.Mul(x->num, y->den), pool_.Mul(y->num, x->den));
}

std::optional<bool> ElemMath::LessOrEqual(const Elem& a, const Elem& b) {
  if (BothReal(a, b)) return a.real <= b.real;
  if (BothInt(a, b)) return pool_.LessEqual(a.num, b.num);
  const auto x = AsFraction(a), y = AsFraction(b);
  if (!x || !y) return std::nullopt;
  return pool_.LessEqual(pool_.Mul(x->num, y->den), pool_.Mul(y->num, x->den));
}

}  // namespace assay
