// Reductions: sums, extremes and positions along axes, running sums, the softmax family, and TopK.
//
// A reduction of n elements to m takes n - m combining steps (additions, comparisons ...); what it
// does to each element first (square, exp) counts n times, what it does to each result (division by
// the number, root, logarithm) m times. Each operator's cost is one ReduceCost.
//
// The axes are operand 1 in the newest opset and an attribute before; no axes means all of them,
// unless `noop_with_empty_axes` says none.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "ir/ops/elem.h"
#include "ir/ops/families.h"
#include "ir/ops/fold.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

// Which axes are reduced, by axis; nullopt when that is not known. Operand 0 has a rank.
absl::StatusOr<std::optional<std::vector<bool>>> ReducedAxes(OpContext& op) {
  const int rank = op.rank(0);
  if (!HasOperandOrAttr(op, 1, "axes")) {
    const bool none = op.int_attr("noop_with_empty_axes", 0) != 0;
    return std::optional(std::vector<bool>(rank, !none));
  }
  const std::optional<Dims> given = IntsOperand(op, 1, "axes");
  if (!given.has_value()) return std::optional<std::vector<bool>>();
  std::vector<bool> reduced(rank, false);
  for (Dim axis : *given) {
    if (!axis.known()) {
      // As many axes as there are means all of them.
      if (static_cast<int>(given->size()) == rank) return std::optional(std::vector(rank, true));
      return std::optional<std::vector<bool>>();
    }
    absl::StatusOr<int> a = op.Axis(axis.value(), rank);
    if (!a.ok()) return a.status();
    reduced[*a] = true;
  }
  return std::optional(std::move(reduced));
}

absl::Status ReduceTo(OpContext& op, DType dtype) {
  if (!op.ranked(0)) return Unranked(op, 0, dtype);
  const bool keep = op.int_attr("keepdims", 1) != 0;
  absl::StatusOr<std::optional<std::vector<bool>>> reduced = ReducedAxes(op);
  if (!reduced.ok()) return reduced.status();
  Dims dims;
  if (reduced->has_value()) {
    for (int i = 0; i < op.rank(0); ++i) {
      if (!(**reduced)[i]) {
        dims.push_back(op.dim(0, i));
      } else if (keep) {
        dims.push_back(Dim(1));
      }
    }
  } else if (keep) {
    for (Dim d : op.in(0).dims) {
      dims.push_back(d.is(1) ? d : OrFresh(op, 0, Dim(), 0, d, "size after reduction"));
    }
  } else {
    const std::optional<Dims> axes = IntsOperand(op, 1, "axes");
    if (!axes.has_value()) return Unranked(op, 0, dtype);
    for (int i = static_cast<int>(axes->size()); i < op.rank(0); ++i) {
      dims.push_back(OrFresh(op, 0, Dim(), 0, Dim(), "size after reduction"));
    }
  }
  op.SetOut(0, dtype, std::move(dims));
  return absl::OkStatus();
}

absl::Status ReduceShape(OpContext& op) { return ReduceTo(op, op.dtype(0)); }

// Contents. Each element of the operand is combined into the element of the result that it falls
// on; `empty` is the result of no element, and may be unknown.
absl::Status FoldReduce(OpContext& op, Elem empty,
                        absl::FunctionRef<Elem(ElemMath&, const Elem&, const Elem&)> combine,
                        absl::FunctionRef<Elem(ElemMath&, const Elem&, int64_t)> finish) {
  if (!op.ranked(0) || !op.out(0).ranked || !op.may_have_value(0)) return absl::OkStatus();
  const int64_t n = FoldableSize(op.in(0)), m = FoldableSize(op.out(0));
  if (n < 0 || m < 0 || !Foldable(op, {0})) return absl::OkStatus();
  absl::StatusOr<std::optional<std::vector<bool>>> reduced = ReducedAxes(op);
  if (!reduced.ok() || !reduced->has_value()) return reduced.status();
  const TensorValue* value = op.value(0);
  if (value == nullptr) return absl::OkStatus();
  const std::vector<int64_t> dims = *KnownDims(op.in(0).dims);
  // Strides of the result along the operand's axes: 0 where it is reduced.
  std::vector<int64_t> strides(dims.size(), 0);
  int64_t stride = 1;
  for (int i = static_cast<int>(dims.size()) - 1; i >= 0; --i) {
    if ((**reduced)[i]) continue;
    strides[i] = stride;
    stride *= dims[i];
  }
  ElemMath math(op.dims(), op.dtype(0));
  std::vector<Elem> results(m, empty);
  std::vector<bool> begun(m, false);
  int64_t at = 0;
  ForEachIndex(dims, [&](absl::Span<const int64_t> index) {
    int64_t to = 0;
    for (size_t i = 0; i < dims.size(); ++i) to += index[i] * strides[i];
    const Elem& e = value->at(at++);
    if (to < m) {
      results[to] = begun[to] ? combine(math, results[to], e) : e;
      begun[to] = true;
    }
  });
  if (m > 0) {
    for (Elem& e : results) e = finish(math, e, n / m);
  }
  SetElems(op, 0, std::move(results));
  return absl::OkStatus();
}

Elem Unfinished(ElemMath&, const Elem& e, int64_t) { return e; }

Elem NumberOf(OpContext& op, int64_t value) {
  return ElemMath(op.dims(), op.dtype(0)).Cast(Elem::Int(value));
}

absl::Status FoldSum(OpContext& op) {
  return FoldReduce(
      op, NumberOf(op, 0), [](ElemMath& m, const Elem& a, const Elem& b) { return m.Add(a, b); },
      Unfinished);
}

absl::Status FoldProd(OpContext& op) {
  return FoldReduce(
      op, NumberOf(op, 1), [](ElemMath& m, const Elem& a, const Elem& b) { return m.Mul(a, b); },
      Unfinished);
}

absl::Status FoldMax(OpContext& op) {
  return FoldReduce(
      op, Elem(), [](ElemMath& m, const Elem& a, const Elem& b) { return m.Max(a, b); },
      Unfinished);
}

absl::Status FoldMin(OpContext& op) {
  return FoldReduce(
      op, Elem(), [](ElemMath& m, const Elem& a, const Elem& b) { return m.Min(a, b); },
      Unfinished);
}

absl::Status FoldMean(OpContext& op) {
  return FoldReduce(
      op, Elem(), [](ElemMath& m, const Elem& a, const Elem& b) { return m.Add(a, b); },
      [](ElemMath& m, const Elem& e, int64_t n) { return m.Div(e, m.Cast(Elem::Int(n))); });
}

// Operations per element, per combining step and per result.
struct ReduceCost {
  int element_flops = 0, element_transcendentals = 0;
  int step_flops = 0, step_comparisons = 0;
  int result_flops = 0, result_transcendentals = 0;
};

Size StepsOf(OpContext& op, int result) {
  const Size steps = Size(op, op.in_elements(0)) - op.out_elements(result);
  return steps.dim.known() ? Max(steps, Dim(0)) : steps;
}

template <ReduceCost kCost>
absl::Status ReduceWork(OpContext& op) {
  const Size n(op, op.in_elements(0)), m(op, op.out_elements(0)), steps = StepsOf(op, 0);
  Dim& arithmetic = IsFloat(op.dtype(0)) ? op.work().flops : op.work().int_ops;
  arithmetic = kCost.element_flops * n + kCost.step_flops * steps + kCost.result_flops * m;
  op.work().transcendentals = kCost.element_transcendentals * n + kCost.result_transcendentals * m;
  op.work().comparisons = kCost.step_comparisons * steps;
  return absl::OkStatus();
}

constexpr ReduceCost kSum = {.step_flops = 1};
constexpr ReduceCost kMean = {.step_flops = 1, .result_flops = 1};
constexpr ReduceCost kExtreme = {.step_comparisons = 1};
constexpr ReduceCost kSumOfMapped = {.element_flops = 1, .step_flops = 1};
constexpr ReduceCost kL2 = {.element_flops = 1, .step_flops = 1, .result_transcendentals = 1};
constexpr ReduceCost kLogSum = {.step_flops = 1, .result_transcendentals = 1};
constexpr ReduceCost kLogSumExp = {.element_flops = 1,
                                   .element_transcendentals = 1,
                                   .step_flops = 1,
                                   .step_comparisons = 1,
                                   .result_flops = 1,
                                   .result_transcendentals = 1};

// ArgMax and ArgMin: one axis, positions as result.

absl::StatusOr<int> AxisAttr(OpContext& op, int64_t fallback) {
  return op.Axis(op.int_attr("axis", fallback), op.rank(0));
}

absl::Status ArgShape(OpContext& op) {
  if (!op.ranked(0)) return Unranked(op, 0, DType::kI64);
  absl::StatusOr<int> axis = AxisAttr(op, 0);
  if (!axis.ok()) return axis.status();
  Dims dims = op.in(0).dims;
  if (op.int_attr("keepdims", 1) != 0) {
    dims[*axis] = Dim(1);
  } else {
    dims.erase(dims.begin() + *axis);
  }
  op.SetOut(0, DType::kI64, std::move(dims));
  return absl::OkStatus();
}

template <bool kMaximum>
absl::Status FoldArg(OpContext& op) {
  if (!op.ranked(0) || !op.may_have_value(0) || op.rank(0) != 1) return absl::OkStatus();
  const int64_t n = FoldableSize(op.in(0));
  if (n <= 0) return absl::OkStatus();
  const TensorValue* value = op.value(0);
  if (value == nullptr) return absl::OkStatus();
  const bool last = op.int_attr("select_last_index", 0) != 0;
  ElemMath math(op.dims(), op.dtype(0));
  int64_t best = 0;
  for (int64_t i = 1; i < n; ++i) {
    const Elem &a = value->at(best), &b = value->at(i);
    const Elem &low = kMaximum ? a : b, &high = kMaximum ? b : a;
    const std::optional<bool> better = last ? math.LessOrEqual(low, high) : math.Less(low, high);
    if (!better.has_value()) return absl::OkStatus();
    if (*better) best = i;
  }
  SetElems(op, 0, {Elem::Int(best)});
  return absl::OkStatus();
}

// Running sums and products.

absl::Status FoldCumulative(OpContext& op, int64_t empty,
                            absl::FunctionRef<Elem(ElemMath&, const Elem&, const Elem&)> combine) {
  if (!op.ranked(0) || op.rank(0) != 1 || !Foldable(op)) return absl::OkStatus();
  const int64_t n = FoldableSize(op.in(0));
  const TensorValue* value = n > 0 ? op.value(0) : nullptr;
  if (value == nullptr) return absl::OkStatus();
  const bool reverse = op.int_attr("reverse", 0) != 0;
  const bool exclusive = op.int_attr("exclusive", 0) != 0;
  ElemMath math(op.dims(), op.dtype(0));
  std::vector<Elem> out(n);
  Elem total = math.Cast(Elem::Int(empty));
  for (int64_t k = 0; k < n; ++k) {
    const int64_t i = reverse ? n - 1 - k : k;
    const Elem next = combine(math, total, value->at(i));
    out[i] = exclusive ? total : next;
    total = next;
  }
  SetElems(op, 0, std::move(out));
  return absl::OkStatus();
}

absl::Status FoldCumSum(OpContext& op) {
  return FoldCumulative(op, 0,
                        [](ElemMath& m, const Elem& a, const Elem& b) { return m.Add(a, b); });
}

absl::Status FoldCumProd(OpContext& op) {
  return FoldCumulative(op, 1,
                        [](ElemMath& m, const Elem& a, const Elem& b) { return m.Mul(a, b); });
}

// The k largest along an axis, and where they were. k is operand 1, an attribute before opset 10.
absl::Status TopKShape(OpContext& op) {
  if (!op.ranked(0)) {
    op.SetOut(1, Type::Unranked(DType::kI64));
    return Unranked(op, 0, op.dtype(0));
  }
  absl::StatusOr<int> axis = AxisAttr(op, -1);
  if (!axis.ok()) return axis.status();
  Dim k;
  if (op.has(1)) {
    if (op.may_have_value(1)) k = op.int_value(1).value_or(Dim());
  } else {
    k = Dim(op.int_attr("k", 0));
  }
  Dims dims = op.in(0).dims;
  const Dim n = dims[*axis];
  if ((k.known() && k.value() < 0) || op.dims().Less(n, k) == true) {
    return OpError(absl::StrCat("K is ", Text(op, k), ", of an axis of size ", Text(op, n)));
  }
  dims[*axis] = OrFresh(op, 0, k, 0, n, "K");
  op.SetOut(0, op.dtype(0), dims);
  op.SetOut(1, DType::kI64, std::move(dims));
  return absl::OkStatus();
}

// Selection looks at each element once, then sorts what it selected: n + k * ceil(log2 k).
absl::Status TopKWork(OpContext& op) {
  const Size n(op, op.in_elements(0)), selected(op, op.out_elements(op.has_out(0) ? 0 : 1));
  int64_t rounds = 0;
  if (op.ranked(0)) {
    absl::StatusOr<int> axis = AxisAttr(op, -1);
    if (!axis.ok()) return axis.status();
    const Type& out = op.out(op.has_out(0) ? 0 : 1);
    const Dim k = out.ranked && *axis < out.rank() ? out.dims[*axis] : Dim();
    rounds = SortRounds(op, k);
  }
  op.work().comparisons = n + selected * rounds;
  return absl::OkStatus();
}

// Softmax subtracts the largest, exponentiates, sums and divides. LogSoftmax subtracts the
// logarithm of the sum instead. Before opset 13 the axes from `axis` on count as one.
absl::Status LogSoftmaxWork(OpContext& op) {
  const Size n(op, op.in_elements(0));
  op.work().flops = 3 * n;
  op.work().comparisons = n;
  if (!op.ranked(0)) {
    op.work().transcendentals = Dim();
    return absl::OkStatus();
  }
  Dim rows(1);
  if (op.rank(0) > 0) {
    absl::StatusOr<int> axis = AxisAttr(op, op.opset() < 13 ? 1 : -1);
    if (!axis.ok()) return axis.status();
    Dims outside = op.in(0).dims;
    outside.erase(outside.begin() + *axis,
                  op.opset() < 13 ? outside.end() : outside.begin() + *axis + 1);
    rows = op.dims().Product(outside);
  }
  op.work().transcendentals = n + rows;
  return absl::OkStatus();
}

constexpr OpRow Reduce(absl::string_view name, absl::string_view versions, Rule work,
                       absl::string_view formula, Rule value = nullptr) {
  return {.name = name,
          .versions = versions,
          .family = Family::kReduction,
          .role = Role::kReduction,
          .shape = ReduceShape,
          .value = value,
          .work = work,
          .formula = formula};
}

constexpr OpRow kRows[] = {
    Reduce("ReduceSum", "1 11 13", ReduceWork<kSum>, "sum of x: n - m additions", FoldSum),
    Reduce("ReduceMean", "1 11 13 18", ReduceWork<kMean>,
           "sum of x / n: n - m additions, m divisions", FoldMean),
    Reduce("ReduceMax", "1 11 12 13 18 20", ReduceWork<kExtreme>, "largest x: n - m comparisons",
           FoldMax),
    Reduce("ReduceMin", "1 11 12 13 18 20", ReduceWork<kExtreme>, "smallest x: n - m comparisons",
           FoldMin),
    Reduce("ReduceProd", "1 11 13 18", ReduceWork<kSum>, "product of x: n - m products", FoldProd),
    Reduce("ReduceL1", "1 11 13 18", ReduceWork<kSumOfMapped>,
           "sum of |x|: n magnitudes, n - m additions"),
    Reduce("ReduceL2", "1 11 13 18", ReduceWork<kL2>,
           "sqrt(sum of x * x): n products, n - m additions, m roots"),
    Reduce("ReduceSumSquare", "1 11 13 18", ReduceWork<kSumOfMapped>,
           "sum of x * x: n products, n - m additions"),
    Reduce("ReduceLogSum", "1 11 13 18 28", ReduceWork<kLogSum>,
           "ln(sum of x): n - m additions, m logarithms"),
    Reduce("ReduceLogSumExp", "1 11 13 18 28", ReduceWork<kLogSumExp>,
           "max + ln(sum of exp(x - max)): n - m comparisons and additions, n differences and "
           "exps, m logarithms and additions"),
    {.name = "ArgMax",
     .versions = "1 11 12 13",
     .family = Family::kReduction,
     .role = Role::kReduction,
     .shape = ArgShape,
     .value = FoldArg<true>,
     .work = ReduceWork<kExtreme>,
     .formula = "position of the largest x: n - m comparisons"},
    {.name = "ArgMin",
     .versions = "1 11 12 13",
     .family = Family::kReduction,
     .role = Role::kReduction,
     .shape = ArgShape,
     .value = FoldArg<false>,
     .work = ReduceWork<kExtreme>,
     .formula = "position of the smallest x: n - m comparisons"},
    {.name = "CumSum",
     .versions = "11 14",
     .family = Family::kReduction,
     .role = Role::kReduction,
     .shape = SameAsFirst,
     .value = FoldCumSum,
     .per_element = {.flops = 1},
     .inplace = 0,
     .formula = "running sum: an addition per element"},
    {.name = "CumProd",
     .versions = "26",
     .family = Family::kReduction,
     .role = Role::kReduction,
     .shape = SameAsFirst,
     .value = FoldCumProd,
     .per_element = {.flops = 1},
     .inplace = 0,
     .formula = "running product: a product per element"},
    {.name = "TopK",
     .versions = "1 10 11 24",
     .family = Family::kReduction,
     .role = Role::kReduction,
     .shape = TopKShape,
     .work = TopKWork,
     .formula = "the k largest: a comparison per element, and ceil(log2 k) per selected one"},
    {.name = "Softmax",
     .versions = "1 11 13",
     .family = Family::kReduction,
     .role = Role::kReduction,
     .shape = SameAsFirst,
     .per_element = {.flops = 3, .transcendentals = 1, .comparisons = 1},
     .inplace = 0,
     .formula = "exp(x - max) / sum: difference, exp, addition, division, comparison"},
    {.name = "LogSoftmax",
     .versions = "1 11 13",
     .family = Family::kReduction,
     .role = Role::kReduction,
     .shape = SameAsFirst,
     .work = LogSoftmaxWork,
     .inplace = 0,
     .formula = "x - max - ln(sum of exp(x - max)): 3 flops, exp and comparison per element, a "
                "logarithm per row"},
    {.name = "Hardmax",
     .versions = "1 11 13",
     .family = Family::kReduction,
     .role = Role::kReduction,
     .shape = SameAsFirst,
     .per_element = {.comparisons = 1},
     .inplace = 0,
     .formula = "1 at the largest of a row, else 0: a comparison per element"},
};

}  // namespace

absl::Span<const OpRow> ReductionOps() { return kRows; }

}  // namespace assay
