// Linear models and support vector machines (ai.onnx.ml).
//
// A linear model is a product of the table [rows, features] with its coefficients
// [models, features]:
//
//   macs = rows * models * features
//
// A support vector machine compares each row with S support vectors by a kernel k, then weighs what
// came out:
//
//   macs = rows * S * features         the inner products; RBF also subtracts: as many flops
//   per row and vector                 LINEAR nothing more; POLY (gamma s + c)^d: 2 flops, a power;
//                                      SIGMOID tanh(gamma s + c): 2 flops, a tanh; RBF
//                                      exp(-gamma s): a flop, an exponential
//   per row, regression                2 S flops to weigh and add, 1 for rho
//   per row, classification            each vector takes part in the classes - 1 pairs of its
//   class:
//                                      2 S (classes - 1) flops; per pair of classes rho and a vote,
//                                      then classes - 1 comparisons for the winner
//
// Probabilities take a sigmoid of a * score + b per pair. Joining those of more than two classes is
// iterative (Wu, Lin and Weng 2004), ends when it has converged, and is not counted.
//
// Coefficients stand in attributes: they count as work, not as traffic between operators.
#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/ops/classical.h"
#include "ir/ops/families.h"
#include "ir/ops/matmul.h"
#include "ir/ops/operands.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

// The features of the table, which `coefficients` coefficients of `models` models must fit.
absl::StatusOr<Dim> FeaturesOf(OpContext& op, Dim features, int64_t coefficients, int64_t models,
                               absl::string_view attr) {
  if (coefficients == 0 || models <= 0) return features;
  if (coefficients % models != 0) {
    return OpError(absl::StrCat("attribute `", attr, "` has ", coefficients,
                                " numbers, which is not a multiple of the ", models,
                                " rows they stand for"));
  }
  absl::Status s =
      Merge(op, &features, Dim(coefficients / models),
            absl::StrCat("features of the operand and numbers per row of attribute `", attr, "`"));
  if (!s.ok()) return s;
  return features;
}

// --- LinearClassifier, LinearRegressor ---

// Rows of coefficients of a classifier. Two classes may share one.
int64_t ModelsOf(OpContext& op, int64_t classes, Dim features) {
  if (classes != 2) return classes;
  const int64_t coefficients = CountOf(op, "coefficients");
  const bool one = coefficients > 0 && features.is(coefficients);
  return one || CountOf(op, "intercepts") == 1 ? 1 : classes;
}

absl::Status CountLinear(OpContext& op, const Table& table, int64_t models) {
  absl::StatusOr<Dim> features =
      FeaturesOf(op, table.features, CountOf(op, "coefficients"), models, "coefficients");
  if (!features.ok()) return features.status();
  CountProduct(op, table.rows, *features, Dim(models), DType::kF32);
  return absl::OkStatus();
}

absl::Status SetClassified(OpContext& op, const Labels& labels, Dim rows, Dim scores) {
  op.SetOut(0, labels.dtype, {rows});
  op.SetOut(1, DType::kF32, {rows, scores});
  return absl::OkStatus();
}

absl::Status LinearClassifierShape(OpContext& op) {
  absl::StatusOr<Labels> labels = LabelsOf(op, "classlabels_ints", "classlabels_strings");
  if (!labels.ok()) return labels.status();
  absl::StatusOr<Table> table = TableOperand(op, 0);
  if (!table.ok()) return table.status();
  absl::StatusOr<Dim> features =
      FeaturesOf(op, table->features, CountOf(op, "coefficients"),
                 ModelsOf(op, labels->count, table->features), "coefficients");
  if (!features.ok()) return features.status();
  return SetClassified(op, *labels, table->rows, Dim(labels->count));
}

absl::Status LinearClassifierWork(OpContext& op) {
  absl::StatusOr<Labels> labels = LabelsOf(op, "classlabels_ints", "classlabels_strings");
  if (!labels.ok()) return labels.status();
  absl::StatusOr<Table> table = TableOperand(op, 0);
  if (!table.ok()) return table.status();
  const int64_t models = ModelsOf(op, labels->count, table->features);
  if (absl::Status s = CountLinear(op, *table, models); !s.ok()) return s;
  const Size rows(op, table->rows);
  if (op.has_attr("intercepts")) AddFlops(op, rows * models);
  AddComparisons(op, rows * std::max<int64_t>(models - 1, 1));
  return CountPostTransform(op, op.string_attr("post_transform", "NONE"), rows, Dim(labels->count));
}

absl::Status LinearRegressorShape(OpContext& op) {
  const int64_t targets = op.int_attr("targets", 1);
  if (absl::Status s = RequirePositive(op, "targets", targets); !s.ok()) return s;
  absl::StatusOr<Table> table = TableOperand(op, 0);
  if (!table.ok()) return table.status();
  absl::StatusOr<Dim> features =
      FeaturesOf(op, table->features, CountOf(op, "coefficients"), targets, "coefficients");
  if (!features.ok()) return features.status();
  op.SetOut(0, DType::kF32, {table->rows, Dim(targets)});
  return absl::OkStatus();
}

absl::Status LinearRegressorWork(OpContext& op) {
  const int64_t targets = op.int_attr("targets", 1);
  absl::StatusOr<Table> table = TableOperand(op, 0);
  if (!table.ok()) return table.status();
  if (absl::Status s = CountLinear(op, *table, targets); !s.ok()) return s;
  if (op.has_attr("intercepts")) AddFlops(op, Size(op, table->rows) * targets);
  return CountPostTransform(op, op.string_attr("post_transform", "NONE"), table->rows,
                            Dim(targets));
}

// --- SVMClassifier, SVMRegressor ---

// Compares every row with every support vector. Without vectors the machine is `linear` models.
absl::Status CountKernel(OpContext& op, const Table& table, int64_t vectors, int64_t linear) {
  if (vectors == 0) return CountLinear(op, table, linear);
  absl::StatusOr<Dim> features =
      FeaturesOf(op, table.features, CountOf(op, "support_vectors"), vectors, "support_vectors");
  if (!features.ok()) return features.status();
  CountProduct(op, table.rows, *features, Dim(vectors), DType::kF32);
  const Size kernels = Size(op, table.rows) * vectors;
  const absl::string_view kernel = op.string_attr("kernel_type", "LINEAR");
  if (kernel == "LINEAR") return absl::OkStatus();
  op.work().transcendentals = kernels;
  if (kernel == "RBF") {
    AddFlops(op, Size(op, op.work().macs) + kernels);
  } else if (kernel == "POLY" || kernel == "SIGMOID") {
    AddFlops(op, 2 * kernels);
  } else {
    return OpError(
        absl::StrCat("kernel_type ", kernel, " is not known; give LINEAR, POLY, RBF or SIGMOID"));
  }
  return absl::OkStatus();
}

struct Svc {
  Labels labels;
  int64_t vectors = 0;  // 0: linear models, one per class
  int64_t pairs = 0;    // of classes
  bool probabilities = false;
  int64_t scores = 0;  // per row
};

absl::StatusOr<Svc> SvcOf(OpContext& op) {
  absl::StatusOr<Labels> labels = LabelsOf(op, "classlabels_ints", "classlabels_strings");
  if (!labels.ok()) return labels.status();
  Svc svc{.labels = *labels, .scores = labels->count};
  const auto per_class = op.ints_attr("vectors_per_class").value_or(std::vector<int64_t>());
  Dim vectors(0);
  for (int64_t n : per_class) {
    if (n < 0) return OpError("attribute `vectors_per_class` has a negative size");
    vectors = op.dims().Add(vectors, Dim(n));
  }
  if (!vectors.known()) return OpError("the sum of attribute `vectors_per_class` overflows");
  svc.vectors = vectors.value();
  if (svc.vectors == 0) return svc;
  svc.pairs = svc.labels.count * (svc.labels.count - 1) / 2;
  svc.probabilities = CountOf(op, "prob_a") > 0;
  // Without probabilities the score of each pair; of the only one, both signs.
  if (!svc.probabilities) svc.scores = std::max<int64_t>(svc.pairs, 2);
  return svc;
}

absl::Status SvmClassifierShape(OpContext& op) {
  absl::StatusOr<Svc> svc = SvcOf(op);
  if (!svc.ok()) return svc.status();
  absl::StatusOr<Table> table = TableOperand(op, 0);
  if (!table.ok()) return table.status();
  return SetClassified(op, svc->labels, table->rows, Dim(svc->scores));
}

absl::Status SvmClassifierWork(OpContext& op) {
  absl::StatusOr<Svc> svc = SvcOf(op);
  if (!svc.ok()) return svc.status();
  absl::StatusOr<Table> table = TableOperand(op, 0);
  if (!table.ok()) return table.status();
  const int64_t classes = svc->labels.count;
  if (absl::Status s = CountKernel(op, *table, svc->vectors, classes); !s.ok()) return s;
  const Size rows(op, table->rows);
  AddComparisons(op, rows * (svc->pairs + classes - 1));
  if (svc->vectors == 0) {
    AddFlops(op, rows * classes);  // rho
  } else {
    AddFlops(op, rows * svc->vectors * (classes - 1) * 2 + rows * svc->pairs);
  }
  if (svc->probabilities) {
    AddFlops(op, rows * svc->pairs * 4);
    AddTranscendentals(op, rows * svc->pairs);
  }
  return CountPostTransform(op, op.string_attr("post_transform", "NONE"), rows, Dim(svc->scores));
}

absl::Status SvmRegressorShape(OpContext& op) {
  absl::StatusOr<Table> table = TableOperand(op, 0);
  if (!table.ok()) return table.status();
  op.SetOut(0, DType::kF32, {table->rows, Dim(1)});
  return absl::OkStatus();
}

absl::Status SvmRegressorWork(OpContext& op) {
  absl::StatusOr<Table> table = TableOperand(op, 0);
  if (!table.ok()) return table.status();
  const int64_t vectors = std::max<int64_t>(op.int_attr("n_supports", 0), 0);
  if (absl::Status s = CountKernel(op, *table, vectors, 1); !s.ok()) return s;
  const Size rows(op, table->rows);
  AddFlops(op, rows * vectors * 2 + rows);
  if (op.int_attr("one_class", 0) != 0) AddComparisons(op, rows);
  return CountPostTransform(op, op.string_attr("post_transform", "NONE"), rows, Dim(1));
}

constexpr OpRow Model(absl::string_view name, Rule shape, Rule work, absl::string_view formula) {
  return {.name = name,
          .domain = "ai.onnx.ml",
          .family = Family::kClassical,
          .role = Role::kContraction,
          .shape = shape,
          .work = work,
          .formula = formula,
          .source = "ONNX operator specification (ai.onnx.ml), libsvm for what a kernel costs"};
}

constexpr OpRow kRows[] = {
    Model("LinearClassifier", LinearClassifierShape, LinearClassifierWork,
          "macs = rows * models * features; flops = 2 * macs + intercepts + post_transform; "
          "comparisons for the highest score"),
    Model("LinearRegressor", LinearRegressorShape, LinearRegressorWork,
          "macs = rows * targets * features; flops = 2 * macs + intercepts + post_transform"),
    Model(
        "SVMClassifier", SvmClassifierShape, SvmClassifierWork,
        "macs = rows * support vectors * features; per vector the kernel's transcendental and 2 * "
        "(classes - 1) flops to weigh it; per pair of classes a vote"),
    Model("SVMRegressor", SvmRegressorShape, SvmRegressorWork,
          "macs = rows * support vectors * features; per vector the kernel's transcendental and 2 "
          "flops to weigh it"),
};

}  // namespace

absl::Span<const OpRow> LinearModelOps() { return kRows; }

}  // namespace assay
