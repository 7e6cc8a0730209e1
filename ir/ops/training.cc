// Losses (ai.onnx) and optimizers (ai.onnx.preview.training).
//
// Negative log likelihood picks one log-probability per target, and changes its sign:
//
//   flops = T          targets: the sign
//         + T          weights: a product
//         + T - 1      reduction sum, mean: additions
//         + 1          mean: the division; with weights by their sum, of T - 1 additions
//
// Weights that a label picks (and ignore_index: a comparison and a weight of zero or one) count as
// weights. SoftmaxCrossEntropyLoss is LogSoftmax along axis 1 and the same.
//
// Optimizers count per element of the tensors they update as the specification's pseudo code does,
// whatever the coefficients are, and once for the learning rate.
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/ops/families.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

// --- NegativeLogLikelihoodLoss: [N, C, d...], target [N, d...], weight [C] ---

// Sets the loss, and the resolved shape of the scores in *scores, where the rank is known.
absl::Status LossShape(OpContext& op, Type* scores) {
  *scores = op.in(0).is_tensor() ? op.in(0) : Type::Unranked(op.dtype(0));
  const absl::string_view reduction = op.string_attr("reduction", "mean");
  if (reduction != "none" && reduction != "sum" && reduction != "mean") {
    return OpError(absl::StrCat("reduction ", reduction, " is not known; give none, sum or mean"));
  }
  if (absl::Status s = RequireRank(op, 2, "weight", {1}); !s.ok()) return s;
  Dims targets;
  bool ranked = false;
  if (op.ranked(0)) {
    Dims& dims = scores->dims;
    if (dims.size() < 2) {
      return OpError(absl::StrCat("the scores have rank ", dims.size(),
                                  "; give them as [N, C] or [N, C, d1, ...]"));
    }
    if (op.ranked(1) && op.rank(1) != op.rank(0) - 1) {
      return OpError(absl::StrCat("scores of rank ", op.rank(0), " and labels of rank ", op.rank(1),
                                  " do not go together; labels have no class axis"));
    }
    absl::Status s = Merge(op, &dims[1], op.dim(2, 0), "classes of the scores and of the weights");
    for (int i = 0; s.ok() && i < op.rank(0); ++i) {
      if (i != 1) s = Merge(op, &dims[i], op.dim(1, i > 1 ? i - 1 : i), "scores and labels");
    }
    if (!s.ok()) return s;
    targets = dims;
    targets.erase(targets.begin() + 1);
    ranked = true;
  } else if (op.ranked(1)) {
    targets = op.in(1).dims;
    ranked = true;
  }
  if (reduction != "none") {
    op.SetOut(0, op.dtype(0), {});
  } else if (ranked) {
    op.SetOut(0, op.dtype(0), std::move(targets));
  } else {
    return Unranked(op, 0, op.dtype(0));
  }
  return absl::OkStatus();
}

absl::Status NllShape(OpContext& op) {
  Type scores;
  return LossShape(op, &scores);
}

// Log-probabilities to loss.
void CountLoss(OpContext& op) {
  Work& work = op.work();
  const Size targets(op, op.in_elements(1));
  const absl::string_view reduction = op.string_attr("reduction", "mean");
  const bool ignores = op.has_attr("ignore_index");
  const bool weighs = op.has(2) || ignores;
  Size flops = targets * (weighs ? 2 : 1);
  const Size additions = Max(targets - 1, Dim(0));
  if (reduction != "none") flops += additions;
  if (reduction == "mean") flops += weighs ? additions + 1 : Size(op, 1);
  work.flops = flops;
  if (ignores) work.comparisons = targets;
}

absl::Status NllWork(OpContext& op) {
  CountLoss(op);
  op.work().reads[0] = op.in_elements(1);
  return absl::OkStatus();
}

absl::Status CrossEntropyShape(OpContext& op) {
  Type scores;
  absl::Status s = LossShape(op, &scores);
  if (s.ok()) op.SetOut(1, std::move(scores));
  return s;
}

absl::Status CrossEntropyWork(OpContext& op) {
  CountLoss(op);
  const Size n(op, op.in_elements(0));
  AddFlops(op, 3 * n);
  op.work().transcendentals = n + op.in_elements(1);  // exponentials; a logarithm per row
  AddComparisons(op, n);
  return absl::OkStatus();
}

// --- Optimizers: R, T, then k times X, G and what is remembered of each ---

struct Optimizer {
  int lists;  // of tensors in operands 2 and on: X, G, V, ...
  int64_t element_flops, element_transcendentals;
  int64_t scalar_flops, scalar_transcendentals, scalar_comparisons;
};

// Results are the new X, then what is remembered: all lists but G, which is the second.
absl::Status OptimizerShape(OpContext& op, int lists) {
  const int tensors = op.num_inputs() - 2;
  if (tensors < lists || tensors % lists != 0) {
    return OpError(absl::StrCat("there are ", op.num_inputs(), " operands; give R, T and ", lists,
                                " for each tensor to be updated"));
  }
  const int k = tensors / lists;
  for (int i = 0; i < (lists - 1) * k; ++i) op.SetOut(i, op.in(2 + (i < k ? i : i + k)));
  return absl::OkStatus();
}

absl::Status OptimizerWork(OpContext& op, const Optimizer& o) {
  const int k = (op.num_inputs() - 2) / o.lists;
  Size n(op, 0);
  for (int i = 0; i < k; ++i) n += op.in_elements(2 + i);
  Work& work = op.work();
  work.flops = n * o.element_flops + o.scalar_flops;
  work.transcendentals = n * o.element_transcendentals + o.scalar_transcendentals;
  work.comparisons = Dim(o.scalar_comparisons);
  return absl::OkStatus();
}

absl::Status ThreeLists(OpContext& op) { return OptimizerShape(op, 3); }
absl::Status FourLists(OpContext& op) { return OptimizerShape(op, 4); }

// G' = c X + G (2); H' = H + G' G' (2); X - r G' / (sqrt(H') + e) (4); r = R / (1 + T d) (3).
absl::Status AdagradWork(OpContext& op) {
  return OptimizerWork(
      op,
      {.lists = 3, .element_flops = 2 + 2 + 4, .element_transcendentals = 1, .scalar_flops = 3});
}

// G' = c X + G (2); V' = a V + (1 - a) G' (3); H' = b H + (1 - b) G' G' (4);
// X - r V' / (sqrt(H') + e) (4), times 1 - p (1). Once: 1 - a, 1 - b, 1 - p and, for T > 0,
// r = R sqrt(1 - b^T) / (1 - a^T) (4, with two powers and a root).
absl::Status AdamWork(OpContext& op) {
  return OptimizerWork(op, {.lists = 4,
                            .element_flops = 2 + 3 + 4 + 4 + 1,
                            .element_transcendentals = 1,
                            .scalar_flops = 3 + 4,
                            .scalar_transcendentals = 3,
                            .scalar_comparisons = 1});
}

// G' = c X + G (2); V' = a V + b G' (3); X - R V' (2), or X - R (G' + a V') (4).
absl::Status MomentumWork(OpContext& op) {
  const bool nesterov = op.string_attr("mode", "standard") == "nesterov";
  return OptimizerWork(
      op, {.lists = 3, .element_flops = 2 + 3 + (nesterov ? 4 : 2), .scalar_comparisons = 1});
}

// --- Gradient: dy/dx for each of attribute `xs`, which are the first operands ---

absl::Status GradientShape(OpContext& op) {
  for (int i = 0; i < op.num_outputs(); ++i) op.SetOut(i, op.in(i));
  return absl::OkStatus();
}

// The graph between xs and y is run, and run backwards: what that takes is not told by this op.
absl::Status GradientWork(OpContext& op) {
  Work& work = op.work();
  work.macs = work.flops = work.transcendentals = work.int_ops = work.comparisons = Dim();
  return absl::OkStatus();
}

constexpr OpRow Preview(absl::string_view name, Rule shape, Rule work, absl::string_view formula) {
  return {.name = name,
          .domain = "ai.onnx.preview.training",
          .family = Family::kTraining,
          .shape = shape,
          .work = work,
          .formula = formula};
}

constexpr OpRow kRows[] = {
    {.name = "NegativeLogLikelihoodLoss",
     .versions = "12 13 22",
     .family = Family::kTraining,
     .role = Role::kReduction,
     .shape = NllShape,
     .work = NllWork,
     .formula = "per target: the sign, a product with its weight, an addition; mean divides once"},
    {.name = "SoftmaxCrossEntropyLoss",
     .versions = "12 13",
     .family = Family::kTraining,
     .role = Role::kReduction,
     .shape = CrossEntropyShape,
     .work = CrossEntropyWork,
     .formula = "LogSoftmax (3 flops, exp and comparison per score, a logarithm per target), then "
                "NegativeLogLikelihoodLoss"},
    Preview("Adagrad", ThreeLists, AdagradWork, "8 flops and a square root per element"),
    Preview("Adam", FourLists, AdamWork, "14 flops and a square root per element"),
    Preview("Momentum", ThreeLists, MomentumWork, "7 flops per element; 9 for Nesterov's"),
    Preview("Gradient", GradientShape, GradientWork,
            "unknown: the graph between its tensors, forwards and backwards"),
};

}  // namespace

absl::Span<const OpRow> TrainingOps() { return kRows; }

}  // namespace assay
