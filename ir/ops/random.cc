// Random generators. The result is new at every run, so nothing here is folded.
//
// Counted per element: drawing from a uniform distribution scales and shifts (2 flops), from a
// normal one also takes a logarithm, a root and a cosine for each pair of numbers (Box and Muller,
// 1958: counted as 2 transcendentals). The generator's own integer steps differ by runtime and are
// not counted.
#include <optional>
#include <utility>
#include <vector>

#include "ir/ops/families.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

absl::Status OfShapeAttr(OpContext& op) {
  const DType dtype = TypeAttr(op, "dtype", DType::kF32);
  const std::optional<std::vector<int64_t>> shape = op.ints_attr("shape");
  if (!shape.has_value()) return Unranked(op, 0, dtype);
  Dims dims;
  for (int64_t d : *shape) {
    if (d < 0) return OpError("attribute `shape` has a negative size");
    dims.push_back(Dim(d));
  }
  op.SetOut(0, dtype, std::move(dims));
  return absl::OkStatus();
}

absl::Status LikeFirst(OpContext& op) {
  Type type = op.in(0);
  if (!type.is_tensor()) type = Type::Unranked(DType::kUndefined);
  type.dtype = TypeAttr(op, "dtype", type.dtype);
  op.SetOut(0, std::move(type));
  return absl::OkStatus();
}

absl::Status LikeWork(OpContext& op, int64_t flops, int64_t transcendentals) {
  const Size n(op, op.out_elements(0));
  if (op.num_inputs() > 0) op.work().reads[0] = Dim(0);
  op.work().flops = flops * n;
  op.work().transcendentals = transcendentals * n;
  return absl::OkStatus();
}

absl::Status NormalLikeWork(OpContext& op) { return LikeWork(op, 2, 2); }
absl::Status UniformLikeWork(OpContext& op) { return LikeWork(op, 2, 0); }

// Multinomial: [batch, classes] of log-probabilities to [batch, sample_size] of classes.
absl::Status MultinomialShape(OpContext& op) {
  const int64_t samples = op.int_attr("sample_size", 1);
  absl::Status s = RequirePositive(op, "sample_size", samples);
  if (s.ok()) s = RequireRank(op, 0, "input", {2});
  if (!s.ok()) return s;
  op.SetOut(0, TypeAttr(op, "dtype", DType::kI32), {op.dim(0, 0), Dim(samples)});
  return absl::OkStatus();
}

// exp and running sum of each row, then a binary search per sample.
absl::Status MultinomialWork(OpContext& op) {
  const Size n(op, op.in_elements(0));
  op.work().transcendentals = n;
  op.work().flops = n;
  op.work().comparisons = SortRounds(op, op.dim(0, 1)) * Size(op, op.out_elements(0));
  return absl::OkStatus();
}

constexpr OpRow Random(absl::string_view name, absl::string_view versions, Rule shape, Rule work,
                       PerElement per, absl::string_view formula) {
  return {.name = name,
          .versions = versions,
          .family = Family::kRandom,
          .role = Role::kConstant,
          .shape = shape,
          .work = work,
          .per_element = per,
          .random = true,
          .formula = formula};
}

constexpr OpRow As(OpRow row, Role role) {
  row.role = role;
  return row;
}

constexpr OpRow kRows[] = {
    Random("RandomNormal", "1 22", OfShapeAttr, nullptr, {.flops = 2, .transcendentals = 2},
           "mean + scale * normal"),
    Random("RandomNormalLike", "1 22", LikeFirst, NormalLikeWork, {}, "mean + scale * normal"),
    Random("RandomUniform", "1 22", OfShapeAttr, nullptr, {.flops = 2},
           "low + (high - low) * uniform"),
    Random("RandomUniformLike", "1 22", LikeFirst, UniformLikeWork, {},
           "low + (high - low) * uniform"),
    As(Random("Bernoulli", "15 22", LikeFirst, nullptr, {.comparisons = 1},
              "uniform < p: a comparison"),
       Role::kPointwise),
    As(Random(
           "Multinomial", "7 22", MultinomialShape, MultinomialWork, {},
           "classes drawn: exp and addition per class, ceil(log2 classes) comparisons per sample"),
       Role::kOther),
};

}  // namespace

absl::Span<const OpRow> RandomOps() { return kRows; }

}  // namespace assay
