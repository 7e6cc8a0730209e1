// Normalisations: subtract a mean, divide by a spread, scale and shift. They are counted alike, per
// element of the normalised tensor:
//
//   1  adding to the mean          \  (the last addition's place is taken by the scaling by 1 / n)
//   1  subtracting the mean         |
//   2  squaring, adding             |  "whitening": 5
//   1  multiplying by 1 / spread   /
//   1  scale, 1 shift              where there are such operands
//
// and per group of elements that share a mean: 2 flops (adding epsilon, the reciprocal) and one
// square root. RMS and L2 normalisation know no mean: 3 per element. A BatchNormalization at
// inference has its statistics given, and is one scale and one shift: 2 per element. Exporters'
// decompositions of LayerNormalization come to the same 7 per element.
//
// Every operand is read once and every result written once.
#include "ir/ops/normalization.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/ops/families.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

absl::Status RequireChannels(OpContext& op, int min_rank) {
  if (!op.ranked(0) || op.rank(0) >= min_rank) return absl::OkStatus();
  return OpError(absl::StrCat("the input has rank ", op.rank(0), "; it needs rank ", min_rank,
                              " or more (N, C, ...)"));
}

// Result 0 is as the input, whose channels (axis 1) number as the entries of operands `first` to
// `last`.
absl::Status PerChannelShape(OpContext& op, int first, int last, Dim* channels) {
  Type out = op.in(0);
  *channels = op.dim(0, 1);
  for (int i = first; i <= last; ++i) {
    if (absl::Status s = RequireRank(op, i, "per channel", {1}); !s.ok()) return s;
    absl::Status s = Merge(op, channels, op.dim(i, 0),
                           "channels of the input and entries of an operand per channel");
    if (!s.ok()) return s;
  }
  if (out.ranked && out.rank() > 1) out.dims[1] = *channels;
  op.SetOut(0, std::move(out));
  return absl::OkStatus();
}

// --- BatchNormalization: X, scale, B, mean, var ---

absl::Status BatchNormShape(OpContext& op) {
  // A vector or a scalar has one channel.
  Dim channels(1);
  if (op.ranked(0) && op.rank(0) < 2) {
    op.SetOut(0, op.in(0));
  } else if (absl::Status s = PerChannelShape(op, 1, 4, &channels); !s.ok()) {
    return s;
  }
  for (int i = 1; i < op.num_outputs(); ++i) {
    const DType dtype = op.has(4) ? op.dtype(4) : op.dtype(0);
    op.SetOut(i, dtype, {channels});
  }
  return absl::OkStatus();
}

absl::Status BatchNormWork(OpContext& op) {
  const Size elements(op, op.in_elements(0));
  if (op.int_attr("training_mode", 0) == 0) {
    op.work().flops = 2 * elements;
    return absl::OkStatus();
  }
  const Size channels(op, op.in_elements(1));
  CountNormalization(op, op.in_elements(0), kWhitenFlops + 2, channels);
  // running = running * momentum + current * (1 - momentum), for the mean and for the variance.
  AddFlops(op, 6 * channels);
  return absl::OkStatus();
}

// --- InstanceNormalization: X, scale, B ---

absl::Status InstanceNormShape(OpContext& op) {
  if (absl::Status s = RequireChannels(op, 3); !s.ok()) return s;
  Dim channels;
  return PerChannelShape(op, 1, 2, &channels);
}

absl::Status InstanceNormWork(OpContext& op) {
  CountNormalization(op, op.in_elements(0), kWhitenFlops + 2,
                     Size(op, op.dim(0, 0)) * op.dim(0, 1));
  return absl::OkStatus();
}

// --- GroupNormalization: X, scale, bias (one entry per channel; before opset 21 per group) ---

absl::Status GroupNormShape(OpContext& op) {
  if (absl::Status s = RequireChannels(op, 2); !s.ok()) return s;
  const int64_t groups = op.int_attr("num_groups", 0);
  if (absl::Status s = RequirePositive(op, "num_groups", groups); !s.ok()) return s;
  Dim channels;
  if (op.opset() >= 21) {
    if (absl::Status s = PerChannelShape(op, 1, 2, &channels); !s.ok()) return s;
  } else {
    channels = op.dim(0, 1);
    op.SetOut(0, op.in(0));
  }
  if (channels.known() && channels.value() % groups != 0) {
    return OpError(absl::StrCat("the channels (", channels.value(),
                                ") do not divide into num_groups (", groups,
                                "); check the attribute"));
  }
  return absl::OkStatus();
}

absl::Status GroupNormWork(OpContext& op) {
  CountNormalization(op, op.in_elements(0), kWhitenFlops + 2,
                     op.int_attr("num_groups", 1) * Size(op, op.dim(0, 0)));
  return absl::OkStatus();
}

// --- LayerNormalization and RMSNormalization: X, Scale, B, over the axes from `axis` on ---

// Elements that do not share a mean: the product of the axes before `axis`.
absl::StatusOr<Dim> Rows(OpContext& op) {
  if (!op.ranked(0)) return Dim();
  absl::StatusOr<int> axis = op.Axis(op.int_attr("axis", -1), op.rank(0));
  if (!axis.ok()) return axis.status();
  return ProductOf(op, op.in(0).dims, 0, *axis);
}

// Operand i broadcasts to the input; sizes that it shares are unified.
absl::Status CheckScale(OpContext& op, int i, Type& out) {
  if (!out.ranked || !op.ranked(i)) return absl::OkStatus();
  if (op.rank(i) > out.rank()) {
    return OpError(absl::StrCat("operand ", i, " of rank ", op.rank(i),
                                " does not broadcast to the input of rank ", out.rank(),
                                "; give it the normalised axes alone"));
  }
  for (int k = 1; k <= op.rank(i); ++k) {
    if (op.dim(i, -k).is(1)) continue;
    absl::Status s = Merge(op, &out.dims[out.rank() - k], op.dim(i, -k),
                           "a normalised axis of the input and of the scale");
    if (!s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status LayerNormShape(OpContext& op) {
  Type out = op.in(0);
  Type statistics = Type::Unranked(TypeAttr(op, "stash_type", DType::kF32));
  if (out.ranked) {
    absl::StatusOr<int> axis = op.Axis(op.int_attr("axis", -1), out.rank());
    if (!axis.ok()) return axis.status();
    for (int i : {1, 2}) {
      if (absl::Status s = CheckScale(op, i, out); !s.ok()) return s;
    }
    statistics.ranked = true;
    statistics.dims = out.dims;
    for (int i = *axis; i < out.rank(); ++i) statistics.dims[i] = Dim(1);
  }
  op.SetOut(0, std::move(out));
  op.SetOut(1, statistics);
  op.SetOut(2, std::move(statistics));
  return absl::OkStatus();
}

absl::Status LayerNormWork(OpContext& op) {
  absl::StatusOr<Dim> rows = Rows(op);
  if (!rows.ok()) return rows.status();
  CountNormalization(op, op.in_elements(0),
                     kWhitenFlops + (op.has(1) ? 1 : 0) + (op.has(2) ? 1 : 0), *rows);
  return absl::OkStatus();
}

// --- LpNormalization: x / (sum |x|^p)^(1/p) along one axis ---

absl::Status LpNormShape(OpContext& op) {
  if (op.ranked(0)) {
    absl::StatusOr<int> axis = op.Axis(op.int_attr("axis", -1), op.rank(0));
    if (!axis.ok()) return axis.status();
  }
  return SameAsFirst(op);
}

absl::Status LpNormWork(OpContext& op) {
  const Size elements(op, op.in_elements(0));
  op.work().flops = 3 * elements;
  if (op.int_attr("p", 2) == 1 || !op.ranked(0)) return absl::OkStatus();
  absl::StatusOr<int> axis = op.Axis(op.int_attr("axis", -1), op.rank(0));
  if (!axis.ok()) return axis.status();
  op.work().transcendentals = Size(op, ProductOf(op, op.in(0).dims, 0, *axis)) *
                              ProductOf(op, op.in(0).dims, *axis + 1, op.rank(0));
  return absl::OkStatus();
}

// --- MeanVarianceNormalization: (x - mean) / (deviation + epsilon) over `axes` ---

absl::Status MeanVarianceWork(OpContext& op) {
  if (!op.ranked(0)) {
    op.work().flops = op.work().transcendentals = Dim();
    return absl::OkStatus();
  }
  const std::vector<int64_t> axes = op.ints_attr("axes").value_or(std::vector<int64_t>{0, 2, 3});
  absl::StatusOr<std::vector<int>> reduced = op.Axes(axes, op.rank(0));
  if (!reduced.ok()) return reduced.status();
  Dims kept = op.in(0).dims;
  for (int axis : *reduced) kept[axis] = Dim(1);
  CountNormalization(op, op.in_elements(0), kWhitenFlops, op.dims().Product(kept));
  return absl::OkStatus();
}

// --- LRN: x / (bias + alpha / size * sum of squares over `size` neighbouring channels) ^ beta ---

absl::Status LrnShape(OpContext& op) {
  if (absl::Status s = RequireChannels(op, 2); !s.ok()) return s;
  if (absl::Status s = RequirePositive(op, "size", op.int_attr("size", 0)); !s.ok()) return s;
  return SameAsFirst(op);
}

absl::Status LrnWork(OpContext& op) {
  const Size elements(op, op.in_elements(0));
  op.work().flops = (Size(op, op.int_attr("size", 1)) + 3) * elements;
  op.work().transcendentals = elements;
  return absl::OkStatus();
}

}  // namespace

void CountNormalization(OpContext& op, Dim elements, int64_t per_element, Dim groups) {
  op.work().flops = per_element * Size(op, elements) + kGroupFlops * Size(op, groups);
  op.work().transcendentals = groups;
}

absl::Status RmsNormShape(OpContext& op) {
  if (absl::StatusOr<Dim> rows = Rows(op); !rows.ok()) return rows.status();
  Type out = op.in(0);
  if (absl::Status s = CheckScale(op, 1, out); !s.ok()) return s;
  if (op.dtype(1) != DType::kUndefined) out.dtype = op.dtype(1);
  op.SetOut(0, std::move(out));
  return absl::OkStatus();
}

absl::Status RmsNormWork(OpContext& op) {
  absl::StatusOr<Dim> rows = Rows(op);
  if (!rows.ok()) return rows.status();
  CountNormalization(op, op.in_elements(0), kRmsFlops + (op.has(1) ? 1 : 0), *rows);
  return absl::OkStatus();
}

absl::Span<const OpRow> NormalizationOps() {
  static const OpRow kRows[] = {
      {.name = "BatchNormalization",
       .versions = "1 6 7 9 14 15",
       .family = Family::kNormalization,
       .role = Role::kNormalization,
       .shape = BatchNormShape,
       .work = BatchNormWork,
       .inplace = 0,
       .formula =
           "inference: 2 flops per element (statistics folded into scale and shift); training: 7 "
           "per element, 8 and a square root per channel"},
      {.name = "InstanceNormalization",
       .versions = "1 6 22",
       .family = Family::kNormalization,
       .role = Role::kNormalization,
       .shape = InstanceNormShape,
       .work = InstanceNormWork,
       .inplace = 0,
       .formula = "7 flops per element; 2 and a square root per image and channel"},
      {.name = "GroupNormalization",
       .versions = "18 21",
       .family = Family::kNormalization,
       .role = Role::kNormalization,
       .shape = GroupNormShape,
       .work = GroupNormWork,
       .inplace = 0,
       .formula = "7 flops per element; 2 and a square root per image and group"},
      {.name = "LayerNormalization",
       .versions = "17",
       .family = Family::kNormalization,
       .role = Role::kNormalization,
       .shape = LayerNormShape,
       .work = LayerNormWork,
       .inplace = 0,
       .formula = "5 flops per element, 1 more for the scale, 1 for the bias; 2 and a square root "
                  "per row"},
      {.name = "RMSNormalization",
       .versions = "23",
       .family = Family::kNormalization,
       .role = Role::kNormalization,
       .shape = RmsNormShape,
       .work = RmsNormWork,
       .inplace = 0,
       .formula = "3 flops per element, 1 more for the scale; 2 and a square root per row"},
      {.name = "LpNormalization",
       .versions = "1 22",
       .family = Family::kNormalization,
       .role = Role::kNormalization,
       .shape = LpNormShape,
       .work = LpNormWork,
       .inplace = 0,
       .formula = "3 flops per element; p = 2: a square root per row"},
      {.name = "MeanVarianceNormalization",
       .versions = "9 13",
       .family = Family::kNormalization,
       .role = Role::kNormalization,
       .shape = SameAsFirst,
       .work = MeanVarianceWork,
       .inplace = 0,
       .formula = "5 flops per element; 2 and a square root per group that shares a mean"},
      {.name = "LRN",
       .versions = "1 13",
       .family = Family::kNormalization,
       .role = Role::kNormalization,
       .shape = LrnShape,
       .work = LrnWork,
       .formula =
           "size + 3 flops and one power per element: square, sum over the neighbours, scale, "
           "shift, product"},
  };
  return kRows;
}

}  // namespace assay
