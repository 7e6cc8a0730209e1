// Elementwise operators: out[i] depends on the operands at i, after broadcasting.
//
// Arithmetic per element is a row's data: an addition, product, division, negation or rounding is
// one floating operation (an integer one when the tensor is integer); exp, log, tanh, erf, sqrt,
// pow and kin are transcendentals, counted apart; what selects (max, clip, compare, where) is a
// comparison. A fused form counts as its arithmetic: sigmoid(x) = 1 / (1 + exp(-x)) is one exp, one
// addition and one division, as the sign costs nothing inside an exp.
//
// Shapes and contents: numpy broadcasting, and folding by ir/ops/fold.h.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "ir/ops/elem.h"
#include "ir/ops/families.h"
#include "ir/ops/fold.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

// Value rules. A variadic operator folds from the left.
template <Elem (ElemMath::*kFunction)(const Elem&, const Elem&)>
absl::Status FoldArithmetic(OpContext& op) {
  ElemMath math(op.dims(), op.out(0).dtype);
  return FoldPointwise(op, 1, [&](absl::Span<const Elem> args) {
    Elem result = args[0];
    for (size_t i = 1; i < args.size(); ++i) result = (math.*kFunction)(result, args[i]);
    return result;
  });
}

template <Elem (ElemMath::*kFunction)(const Elem&)>
absl::Status FoldUnary(OpContext& op) {
  ElemMath math(op.dims(), op.out(0).dtype);
  return FoldEach(op, [&](const Elem& e) { return (math.*kFunction)(e); });
}

template <double (*kFunction)(double)>
absl::Status FoldReal(OpContext& op) {
  ElemMath math(op.dims(), op.out(0).dtype);
  return FoldEach(op, [&](const Elem& e) { return math.Apply(kFunction, e); });
}

template <std::optional<bool> (ElemMath::*kFunction)(const Elem&, const Elem&)>
absl::Status FoldCompare(OpContext& op) {
  ElemMath math(op.dims(), op.dtype(0));
  return FoldPointwise(op, 2, [&](absl::Span<const Elem> args) {
    return BoolElem((math.*kFunction)(args[0], args[1]));
  });
}

// Greater is Less with the operands exchanged.
template <std::optional<bool> (ElemMath::*kFunction)(const Elem&, const Elem&)>
absl::Status FoldCompareSwapped(OpContext& op) {
  ElemMath math(op.dims(), op.dtype(0));
  return FoldPointwise(op, 2, [&](absl::Span<const Elem> args) {
    return BoolElem((math.*kFunction)(args[1], args[0]));
  });
}

using Maybe = std::optional<bool>;
Maybe And(Maybe a, Maybe b) {
  if (a == false || b == false) return false;
  return a.has_value() && b.has_value() ? Maybe(true) : std::nullopt;
}
Maybe Or(Maybe a, Maybe b) {
  if (a == true || b == true) return true;
  return a.has_value() && b.has_value() ? Maybe(false) : std::nullopt;
}
Maybe Xor(Maybe a, Maybe b) {
  return a.has_value() && b.has_value() ? Maybe(*a != *b) : std::nullopt;
}

template <Maybe (*kFunction)(Maybe, Maybe)>
absl::Status FoldLogic(OpContext& op) {
  return FoldPointwise(op, 2, [&](absl::Span<const Elem> args) {
    return BoolElem(kFunction(Truth(op.dims(), args[0]), Truth(op.dims(), args[1])));
  });
}

absl::Status FoldNot(OpContext& op) {
  return FoldEach(op, [&](const Elem& e) {
    const Maybe truth = Truth(op.dims(), e);
    return truth.has_value() ? BoolElem(!*truth) : Elem();
  });
}

template <int64_t (*kFunction)(int64_t, int64_t)>
absl::Status FoldBits(OpContext& op) {
  ElemMath math(op.dims(), op.out(0).dtype);
  return FoldPointwise(op, 2, [&](absl::Span<const Elem> args) {
    if (!args[0].is_int() || !args[1].is_int()) return Elem();
    if (!args[0].num.known() || !args[1].num.known()) return Elem();
    return math.Cast(Elem::Int(kFunction(args[0].num.value(), args[1].num.value())));
  });
}

int64_t BitAnd(int64_t a, int64_t b) { return a & b; }
int64_t BitOr(int64_t a, int64_t b) { return a | b; }
int64_t BitXor(int64_t a, int64_t b) { return a ^ b; }

absl::Status FoldBitNot(OpContext& op) {
  ElemMath math(op.dims(), op.out(0).dtype);
  return FoldEach(op, [&](const Elem& e) { return math.Cast(math.Sub(Elem::Int(-1), e)); });
}

absl::Status FoldBitShift(OpContext& op) {
  ElemMath math(op.dims(), op.out(0).dtype);
  const bool left = op.string_attr("direction", "LEFT") == "LEFT";
  return FoldPointwise(op, 2, [&](absl::Span<const Elem> args) {
    if (!args[0].is_int() || !args[1].is_int() || !args[1].num.known()) return Elem();
    const int64_t shift = args[1].num.value();
    if (shift < 0 || shift > 62) return Elem();
    const Elem power = Elem::Int(int64_t{1} << shift);
    return math.Cast(left ? math.Mul(args[0], power) : math.Div(args[0], power));
  });
}

absl::Status FoldMod(OpContext& op) {
  return op.int_attr("fmod", 0) != 0 ? FoldArithmetic<&ElemMath::Fmod>(op)
                                     : FoldArithmetic<&ElemMath::Mod>(op);
}

absl::Status FoldPow(OpContext& op) {
  ElemMath math(op.dims(), op.out(0).dtype);
  return FoldPointwise(op, 2, [&](absl::Span<const Elem> args) {
    // The exponent may be of another type than the base.
    return math.Pow(args[0], IsFloat(math.dtype()) ? math.Cast(args[1]) : args[1]);
  });
}

absl::Status FoldMean(OpContext& op) {
  ElemMath math(op.dims(), op.out(0).dtype);
  return FoldPointwise(op, 1, [&](absl::Span<const Elem> args) {
    Elem sum = args[0];
    for (size_t i = 1; i < args.size(); ++i) sum = math.Add(sum, args[i]);
    return math.Div(sum, Elem::Real(static_cast<double>(args.size())));
  });
}

absl::Status FoldRelu(OpContext& op) {
  ElemMath math(op.dims(), op.out(0).dtype);
  const Elem zero = math.Cast(Elem::Int(0));
  return FoldEach(op, [&](const Elem& e) { return math.Max(e, zero); });
}

absl::Status FoldReciprocal(OpContext& op) {
  ElemMath math(op.dims(), op.out(0).dtype);
  return FoldEach(op, [&](const Elem& e) { return math.Div(Elem::Real(1), e); });
}

// Opsets before 11 give the bounds as attributes.
absl::Status FoldClip(OpContext& op) {
  if (!Foldable(op)) return absl::OkStatus();
  ElemMath math(op.dims(), op.out(0).dtype);
  auto bound = [&](int i, absl::string_view attr) -> std::optional<Elem> {
    if (op.has(i)) {
      const TensorValue* v = op.value(i);
      return v != nullptr && v->size() == 1 ? v->at(0) : Elem();
    }
    if (op.has_attr(attr)) return Elem::Real(op.float_attr(attr, 0));
    return std::nullopt;
  };
  const std::optional<Elem> low = bound(1, "min"), high = bound(2, "max");
  return FoldEach(op, [&](const Elem& e) {
    Elem out = e;
    if (low.has_value()) out = math.Max(out, *low);
    if (high.has_value()) out = math.Min(out, *high);
    return out;
  });
}

// An undecided condition between equal alternatives decides nothing.
absl::Status FoldWhere(OpContext& op) {
  ElemMath math(op.dims(), op.out(0).dtype);
  return FoldPointwise(op, 3, [&](absl::Span<const Elem> args) {
    const Maybe condition = Truth(op.dims(), args[0]);
    if (condition.has_value()) return *condition ? args[1] : args[2];
    return math.Equal(args[1], args[2]) == true ? args[1] : Elem();
  });
}

absl::Status FoldCast(OpContext& op) {
  const DType to = op.out(0).dtype;
  if (to == DType::kUndefined || to == DType::kString || op.dtype(0) == DType::kString) {
    return absl::OkStatus();
  }
  ElemMath math(op.dims(), to);
  return FoldEach(op, [&](const Elem& e) { return math.Cast(e); });
}

// Shape rules.

absl::Status CastShape(OpContext& op) {
  if (!op.has_attr("to")) {
    return OpError("it has no attribute `to`, the type of its result; export the model again");
  }
  return RetypeFirst(op, TypeAttr(op, "to", DType::kUndefined));
}

absl::Status CastLikeShape(OpContext& op) { return RetypeFirst(op, op.dtype(1)); }

// condition ? x : y
absl::Status WhereShape(OpContext& op) {
  absl::StatusOr<std::optional<Dims>> dims = BroadcastOperands(op, 0, 3);
  if (!dims.ok()) return dims.status();
  const DType dtype = op.dtype(1) != DType::kUndefined ? op.dtype(1) : op.dtype(2);
  if (!dims->has_value()) return Unranked(op, 0, dtype);
  op.SetOut(0, dtype, **std::move(dims));
  return absl::OkStatus();
}

// The mask is of the data's type before opset 10, boolean from then on.
absl::Status DropoutShape(OpContext& op) {
  op.SetOut(0, op.in(0));
  Type mask = op.in(0);
  if (op.opset() >= 10) mask.dtype = DType::kBool;
  op.SetOut(1, std::move(mask));
  return absl::OkStatus();
}

// The operands have one shape; what one does not know the other may.
absl::Status SwiGluShape(OpContext& op) {
  Type type = op.ranked(0) ? op.in(0) : op.in(1);
  if (op.ranked(0) && op.ranked(1)) {
    if (op.rank(0) != op.rank(1)) return OpError("gate and linear input differ in rank");
    for (int i = 0; i < type.rank(); ++i) {
      absl::Status s = Merge(op, &type.dims[i], op.in(1).dims[i], "gate and linear input");
      if (!s.ok()) return s;
    }
  }
  op.SetOut(0, std::move(type));
  return absl::OkStatus();
}

// Work rules.

Dim& ArithmeticOf(OpContext& op) {
  return IsFloat(op.out(0).dtype) ? op.work().flops : op.work().int_ops;
}

// n operands take n - 1 steps.
absl::Status SumWork(OpContext& op) {
  ArithmeticOf(op) = std::max(op.num_inputs() - 1, 0) * Size(op, op.out_elements(0));
  return absl::OkStatus();
}

absl::Status MeanWork(OpContext& op) {
  ArithmeticOf(op) = op.num_inputs() * Size(op, op.out_elements(0));
  return absl::OkStatus();
}

absl::Status MaxWork(OpContext& op) {
  op.work().comparisons = std::max(op.num_inputs() - 1, 0) * Size(op, op.out_elements(0));
  return absl::OkStatus();
}

absl::Status ClipWork(OpContext& op) {
  const int64_t bounds = (op.has(1) || op.has_attr("min")) + (op.has(2) || op.has_attr("max"));
  op.work().comparisons = bounds * Size(op, op.out_elements(0));
  return absl::OkStatus();
}

// Every runtime multiplies for a square or a cube.
absl::Status PowWork(OpContext& op) {
  const std::optional<double> real = op.in_elements(1).is(1) ? op.real_value(1) : std::nullopt;
  const Size n(op, op.out_elements(0));
  if (real == 1.0 || real == 2.0 || real == 3.0) {
    ArithmeticOf(op) = static_cast<int64_t>(*real - 1) * n;
  } else {
    op.work().transcendentals = n;
  }
  return absl::OkStatus();
}

absl::Status GeluWork(OpContext& op) {
  const Size n(op, op.out_elements(0));
  op.work().flops = (op.string_attr("approximate", "none") == "tanh" ? 8 : 4) * n;
  op.work().transcendentals = n;
  return absl::OkStatus();
}

// A scale of 1 is not multiplied by.
absl::Status SwishWork(OpContext& op) {
  const Size n(op, op.out_elements(0));
  const int64_t products = (op.float_attr("alpha", 1) != 1 ? 1 : 0) + op.num_inputs();
  op.work().flops = (2 + products) * n;
  op.work().transcendentals = n;
  return absl::OkStatus();
}

// Of the other operand only the type matters.
absl::Status CastLikeWork(OpContext& op) {
  if (op.num_inputs() > 1) op.work().reads[1] = Dim(0);
  return absl::OkStatus();
}

constexpr PerElement kFlop = {.flops = 1};
constexpr PerElement kTranscendental = {.transcendentals = 1};
constexpr PerElement kComparison = {.comparisons = 1};

constexpr OpRow Unary(absl::string_view name, absl::string_view versions, PerElement per,
                      absl::string_view formula, Rule value = nullptr, Rule work = nullptr) {
  return {.name = name,
          .versions = versions,
          .family = Family::kElementwise,
          .role = Role::kPointwise,
          .shape = SameAsFirst,
          .value = value,
          .work = work,
          .per_element = per,
          .inplace = 0,
          .formula = formula};
}

constexpr OpRow Nary(absl::string_view name, absl::string_view versions, PerElement per,
                     absl::string_view formula, Rule value = nullptr, Rule work = nullptr) {
  OpRow row = Unary(name, versions, per, formula, value, work);
  row.shape = Broadcast;
  return row;
}

// Boolean result: no operand's buffer fits it.
constexpr OpRow Test(absl::string_view name, absl::string_view versions, PerElement per,
                     absl::string_view formula, Rule value = nullptr) {
  OpRow row = Unary(name, versions, per, formula, value);
  row.shape = BroadcastBool;
  row.inplace = -1;
  return row;
}

constexpr OpRow With(OpRow row, Rule shape, int inplace = 0, Role role = Role::kPointwise) {
  row.shape = shape;
  row.inplace = inplace;
  row.role = role;
  return row;
}

using M = ElemMath;

constexpr OpRow kRows[] = {
    // Arithmetic.
    Nary("Add", "1 6 7 13 14", kFlop, "a + b", FoldArithmetic<&M::Add>),
    Nary("Sub", "1 6 7 13 14", kFlop, "a - b", FoldArithmetic<&M::Sub>),
    Nary("Mul", "1 6 7 13 14", kFlop, "a * b", FoldArithmetic<&M::Mul>),
    Nary("Div", "1 6 7 13 14", kFlop, "a / b", FoldArithmetic<&M::Div>),
    Nary("Mod", "10 13 28", kFlop, "a mod b: one division", FoldMod),
    Nary("Pow", "1 7 12 13 15", {}, "a ^ b; a constant 2 or 3 is one or two products", FoldPow,
         PowWork),
    Nary("Sum", "1 6 8 13", {}, "a + b + ...: n - 1 additions", FoldArithmetic<&M::Add>, SumWork),
    Nary("Mean", "1 6 8 13", {}, "(a + b + ...) / n: n operations", FoldMean, MeanWork),
    Nary("Max", "1 6 8 12 13", {}, "max(a, b, ...): n - 1 comparisons", FoldArithmetic<&M::Max>,
         MaxWork),
    Nary("Min", "1 6 8 12 13", {}, "min(a, b, ...): n - 1 comparisons", FoldArithmetic<&M::Min>,
         MaxWork),
    Unary("Neg", "1 6 13", kFlop, "-x", FoldUnary<&M::Neg>),
    Unary("Abs", "1 6 13", kFlop, "|x|", FoldUnary<&M::Abs>),
    Unary("Sign", "9 13", {.comparisons = 2}, "sign of x: two comparisons", FoldUnary<&M::Sign>),
    Unary("Floor", "1 6 13", kFlop, "x rounded down", FoldUnary<&M::Floor>),
    Unary("Ceil", "1 6 13", kFlop, "x rounded up", FoldUnary<&M::Ceil>),
    Unary("Round", "11 22", kFlop, "x rounded, ties to even", FoldUnary<&M::Round>),
    Unary("Reciprocal", "1 6 13", kFlop, "1 / x", FoldReciprocal),

    // Transcendentals.
    Unary("Sqrt", "1 6 13", kTranscendental, "sqrt(x)", FoldReal<std::sqrt>),
    Unary("Exp", "1 6 13", kTranscendental, "exp(x)", FoldReal<std::exp>),
    Unary("Log", "1 6 13", kTranscendental, "ln(x)", FoldReal<std::log>),
    Unary("Erf", "9 13", kTranscendental, "erf(x)"),
    Unary("Sin", "7 22", kTranscendental, "sin(x)"),
    Unary("Cos", "7 22", kTranscendental, "cos(x)"),
    Unary("Tan", "7 22", kTranscendental, "tan(x)"),
    Unary("Asin", "7 22", kTranscendental, "asin(x)"),
    Unary("Acos", "7 22", kTranscendental, "acos(x)"),
    Unary("Atan", "7 22", kTranscendental, "atan(x)"),
    Unary("Sinh", "9 22", kTranscendental, "sinh(x)"),
    Unary("Cosh", "9 22", kTranscendental, "cosh(x)"),
    Unary("Tanh", "1 6 13", kTranscendental, "tanh(x)"),
    Unary("Asinh", "9 22", kTranscendental, "asinh(x)"),
    Unary("Acosh", "9 22", kTranscendental, "acosh(x)"),
    Unary("Atanh", "9 22", kTranscendental, "atanh(x)"),

    // Activations.
    Unary("Relu", "1 6 13 14", kComparison, "max(x, 0)", FoldRelu),
    Unary("LeakyRelu", "1 6 16", {.flops = 1, .comparisons = 1}, "x < 0 ? alpha * x : x"),
    Unary("PRelu", "1 6 7 9 16", {.flops = 1, .comparisons = 1}, "x < 0 ? slope * x : x"),
    Unary("ThresholdedRelu", "10 22", kComparison, "x > alpha ? x : 0"),
    Unary("Shrink", "9", {.flops = 1, .comparisons = 2},
          "x < -lambd ? x + bias : x > lambd ? x - bias : 0"),
    Unary("Clip", "1 6 11 12 13", {}, "min(max(x, low), high): a comparison per bound", FoldClip,
          ClipWork),
    Unary("Sigmoid", "1 6 13", {.flops = 2, .transcendentals = 1}, "1 / (1 + exp(-x))"),
    Unary("HardSigmoid", "1 6 22", {.flops = 2, .comparisons = 2},
          "max(0, min(1, alpha * x + beta))"),
    Unary("HardSwish", "14 22", {.flops = 3, .comparisons = 2}, "x * max(0, min(1, x / 6 + 0.5))"),
    Unary("Softplus", "1 22", {.flops = 1, .transcendentals = 2}, "ln(exp(x) + 1)"),
    Unary("Softsign", "1 22", {.flops = 3}, "x / (1 + |x|)"),
    Unary("Elu", "1 6 22", {.flops = 2, .transcendentals = 1, .comparisons = 1},
          "x < 0 ? alpha * (exp(x) - 1) : x"),
    Unary("Selu", "1 6 22", {.flops = 3, .transcendentals = 1, .comparisons = 1},
          "gamma * (x > 0 ? x : alpha * exp(x) - alpha)"),
    Unary("Celu", "12 28", {.flops = 4, .transcendentals = 1, .comparisons = 2},
          "max(0, x) + min(0, alpha * (exp(x / alpha) - 1))"),
    Unary("Mish", "18 22", {.flops = 2, .transcendentals = 3}, "x * tanh(ln(exp(x) + 1))"),
    Unary("Gelu", "20", {},
          "x / 2 * (1 + erf(x / sqrt 2)): 4 flops, 1 transcendental; with tanh: 8 and 1", nullptr,
          GeluWork),
    Unary("Swish", "24", {}, "x / (1 + exp(-alpha * x)); alpha = 1 costs nothing", nullptr,
          SwishWork),
    With(Unary("SwiGLU", "28", {}, "a / (1 + exp(-alpha * a)) * b", nullptr, SwishWork),
         SwiGluShape),

    // Comparisons and logic.
    Test("Equal", "1 7 11 13 19", kComparison, "a == b", FoldCompare<&M::Equal>),
    Test("Less", "1 7 9 13", kComparison, "a < b", FoldCompare<&M::Less>),
    Test("LessOrEqual", "12 16", kComparison, "a <= b", FoldCompare<&M::LessOrEqual>),
    Test("Greater", "1 7 9 13", kComparison, "a > b", FoldCompareSwapped<&M::Less>),
    Test("GreaterOrEqual", "12 16", kComparison, "a >= b", FoldCompareSwapped<&M::LessOrEqual>),
    Test("IsNaN", "9 13 20", kComparison, "x is not a number"),
    Test("IsInf", "10 20", kComparison, "x is infinite"),
    Test("And", "1 7", kFlop, "a and b: an integer operation", FoldLogic<And>),
    Test("Or", "1 7", kFlop, "a or b: an integer operation", FoldLogic<Or>),
    Test("Xor", "1 7", kFlop, "a xor b: an integer operation", FoldLogic<Xor>),
    Test("Not", "1", kFlop, "not x: an integer operation", FoldNot),
    With(Nary("Where", "9 16", kComparison, "condition ? a : b", FoldWhere), WhereShape, 1),

    // Bits.
    Nary("BitwiseAnd", "18", kFlop, "a & b", FoldBits<BitAnd>),
    Nary("BitwiseOr", "18", kFlop, "a | b", FoldBits<BitOr>),
    Nary("BitwiseXor", "18", kFlop, "a ^ b", FoldBits<BitXor>),
    Unary("BitwiseNot", "18", kFlop, "~x", FoldBitNot),
    Nary("BitShift", "11 28", kFlop, "a << b or a >> b", FoldBitShift),

    // Conversions move elements and compute nothing that is counted.
    With(Unary("Cast", "1 6 9 13 19 21 23 24 25 28", {}, "x as another type", FoldCast), CastShape,
         -1),
    With(Unary("CastLike", "15 19 21 23 24 25", {}, "x as the type of the other operand", FoldCast,
               CastLikeWork),
         CastLikeShape, -1),
    With(Unary("BitCast", "26", {}, "the bits of x as another type of that width"), CastShape, 0,
         Role::kView),

    // Names for the same buffer.
    With(Unary("Identity", "1 13 14 16 19 21 23 24 25", {}, "x", SameContents), SameAsFirst, 0,
         Role::kView),
    With(Unary("Dropout", "1 6 7 10 12 13 22", {}, "x, as at inference", SameContents),
         DropoutShape, 0, Role::kView),
};

}  // namespace

absl::Span<const OpRow> ElementwiseOps() { return kRows; }

}  // namespace assay
