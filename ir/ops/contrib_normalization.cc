// com.microsoft: normalisations with what ONNX Runtime fuses into them: the sum before (Skip*), the
// lookup before (Embed*), the activation after (GroupNorm). Each counts as normalization.cc counts
// its kin, and what was fused beside it. Source: ONNX Runtime's ContribOperators.md.
#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/ops/contrib.h"
#include "ir/ops/families.h"
#include "ir/ops/normalization.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

// --- SkipLayerNormalization (input, skip, gamma, beta, bias), SkipSimplifiedLayerNormalization
//     (input, skip, gamma, bias): the normalised sum of input, skip and bias ---

absl::Status SkipNormShape(OpContext& op) {
  Type out = op.in(0);
  if (out.ranked && out.rank() > 0) {
    absl::Status s =
        Merge(op, &out.dims.back(), op.dim(2, 0), "last axis of the input and size of gamma");
    if (!s.ok()) return s;
  }
  Type statistics = out;
  statistics.dtype = DType::kF32;
  if (statistics.ranked && statistics.rank() > 0) statistics.dims.back() = Dim(1);
  op.SetOut(1, statistics);
  op.SetOut(2, std::move(statistics));
  op.SetOut(3, out);
  op.SetOut(0, std::move(out));
  return absl::OkStatus();
}

absl::Status CountSkipNorm(OpContext& op, int64_t per_element, bool bias) {
  CountNormalization(op, op.in_elements(0), per_element + 1 + (bias ? 1 : 0), RowsOfFirst(op));
  return absl::OkStatus();
}

absl::Status SkipLayerNormWork(OpContext& op) {
  return CountSkipNorm(op, kWhitenFlops + 1 + (op.has(3) ? 1 : 0), op.has(4));
}

absl::Status SkipRmsNormWork(OpContext& op) { return CountSkipNorm(op, kRmsFlops + 1, op.has(3)); }

// --- EmbedLayerNormalization (input_ids, segment_ids, word, position, segment embeddings, gamma,
// beta,
//     mask, position_ids) ---

absl::Status EmbedShapeAs(OpContext& op, DType dtype) {
  if (absl::Status s = RequireRank(op, 0, "input_ids", {2}); !s.ok()) return s;
  Dim hidden = op.dim(2, 1);
  absl::Status s = Merge(op, &hidden, op.dim(5, 0), "columns of the embedding and size of gamma");
  if (!s.ok()) return s;
  const Dims dims = {op.dim(0, 0), op.dim(0, 1), hidden};
  op.SetOut(0, dtype, dims);
  op.SetOut(1, DType::kI32, {op.dim(0, 0)});
  op.SetOut(2, dtype, dims);
  return absl::OkStatus();
}

absl::Status EmbedNormShape(OpContext& op) { return EmbedShapeAs(op, op.dtype(2)); }

absl::Status EmbedNormWork(OpContext& op) {
  const Dim elements = op.out_elements(0);
  const Size tokens = Size(op, op.dim(0, 0)) * op.dim(0, 1);
  const int64_t sums = op.has(4) ? 2 : 1;
  CountNormalization(op, elements, kWhitenFlops + 2 + sums, tokens);
  for (int i : {2, 3, 4}) {
    if (op.has(i)) op.work().reads[i] = elements;  // one row of each table per token
  }
  return absl::OkStatus();
}

// --- QEmbedLayerNormalization (input_ids, segment_ids, word, position, segment embeddings, gamma,
// beta, mask, then scales and zero points): the tables are of 8 bits ---

absl::Status QEmbedNormShape(OpContext& op) { return EmbedShapeAs(op, op.dtype(8)); }

// Two flops to dequantise each element that is looked up, and each of gamma and beta.
absl::Status QEmbedNormWork(OpContext& op) {
  if (absl::Status s = EmbedNormWork(op); !s.ok()) return s;
  AddFlops(op, (op.has(4) ? 6 : 4) * Size(op, op.out_elements(0)) +
                   2 * (Size(op, op.in_elements(5)) + op.in_elements(6)));
  return absl::OkStatus();
}

// --- GroupNorm (X, gamma, beta), SkipGroupNorm (X, gamma, beta, skip, bias) ---

absl::Status GroupNormShape(OpContext& op) {
  if (absl::Status s = RequirePositive(op, "groups", op.int_attr("groups", 1)); !s.ok()) return s;
  Type out = op.in(0);
  if (out.ranked) {
    if (out.rank() < 3) {
      return OpError(absl::StrCat("X has rank ", out.rank(), "; give it rank 3 or more"));
    }
    const int channels = op.int_attr("channels_last", 1) != 0 ? out.rank() - 1 : 1;
    absl::Status s = Merge(op, &out.dims[channels], op.dim(1, 0), "channels and size of gamma");
    if (!s.ok()) return s;
    absl::StatusOr<Dim> whole =
        DivideWhole(op, out.dims[channels], Dim(op.int_attr("groups", 1)), "channels");
    if (!whole.ok()) return whole.status();
  }
  op.SetOut(1, out);
  op.SetOut(0, std::move(out));
  return absl::OkStatus();
}

// activation = 1 is x * sigmoid(x): 3 flops and an exponential.
absl::Status CountGroupNorm(OpContext& op, int64_t sums) {
  const bool silu = op.int_attr("activation", 0) != 0;
  const Size elements(op, op.in_elements(0));
  const Size groups = Size(op, op.dim(0, 0)) * op.int_attr("groups", 1);
  CountNormalization(op, elements, kWhitenFlops + 2 + sums + (silu ? 3 : 0), groups);
  if (silu) AddTranscendentals(op, elements);
  return absl::OkStatus();
}

absl::Status GroupNormWork(OpContext& op) { return CountGroupNorm(op, 0); }
absl::Status SkipGroupNormWork(OpContext& op) { return CountGroupNorm(op, op.has(4) ? 2 : 1); }

// --- QOrderedLayerNormalization: X, scale_X, scale, B, scale_Y ---

// As LayerNormalization of what is dequantised by one product, and quantised again: 2 flops and 2
// comparisons.
absl::Status QOrderedNormWork(OpContext& op) {
  const Size elements(op, op.in_elements(0));
  CountNormalization(op, elements, kWhitenFlops + 1 + (op.has(3) ? 1 : 0) + 3, RowsOfFirst(op));
  op.work().comparisons = 2 * elements;
  return absl::OkStatus();
}

// --- BranchwiseRMSNorm (X, scale): groups of one row, or of 1 / num_branches of it; GatedRMSNorm
// (X, scale, gate): groups as long as the scale ---

absl::Status BranchNormShape(OpContext& op) {
  if (op.ranked(0) && op.rank(0) < 1) return OpError("X is a scalar; give it rank 1 or more");
  if (op.int_attr("num_branches", 0) < 0)
    return OpError("num_branches is negative; give 0 or more");
  return SameAsFirst(op);
}

absl::Status BranchNormWork(OpContext& op) {
  const int64_t branches = std::max<int64_t>(op.int_attr("num_branches", 0), 1);
  CountNormalization(op, op.in_elements(0), kRmsFlops + (op.has(1) ? 1 : 0),
                     Size(op, RowsOfFirst(op)) * branches);
  return absl::OkStatus();
}

// The gate goes through silu (3 flops and an exponential) or sigmoid (2), then multiplies.
absl::Status GatedNormWork(OpContext& op) {
  const Size elements(op, op.in_elements(0));
  absl::StatusOr<Dim> groups = DivideWhole(op, elements, op.dim(1, 0), "elements of X");
  if (!groups.ok()) return groups.status();
  const int64_t gate = op.string_attr("activation", "silu") == "sigmoid" ? 2 : 3;
  CountNormalization(op, elements, kRmsFlops + 1 + gate + 1, *groups);
  AddTranscendentals(op, elements);
  return absl::OkStatus();
}

// --- EngramGate: key, query [B, S, C, H], value [B, S, H], scales of key, query and result [C, H]
// ---

absl::Status EngramShape(OpContext& op) {
  for (int i : {0, 1}) {
    if (absl::Status s = RequireRank(op, i, "key or query", {4}); !s.ok()) return s;
  }
  Type out = op.in(0);
  if (out.ranked && op.ranked(1)) {
    for (int i = 0; i < 4; ++i) {
      absl::Status s = Merge(op, &out.dims[i], op.dim(1, i), "sizes of key and query");
      if (!s.ok()) return s;
    }
  }
  op.SetOut(1, out);
  op.SetOut(0, std::move(out));
  return absl::OkStatus();
}

// gate = sigmoid(sign(d) * sqrt(max(|d|, 1e-6))), d = sum(norm(key) * norm(query)) / sqrt(H):
// beside the sum |d|, the quotient, the sign's product, and sigmoid's two.
absl::Status EngramWork(OpContext& op) {
  const Type& in = op.out(0);
  const Size elements(op, op.out_elements(0));
  const Size rows(op, in.ranked && in.rank() == 4 ? ProductOf(op, in.dims, 0, 3) : Dim());
  const int64_t norms = op.has_out(1) ? 3 : 2;
  // products and sums of the dot product: 2 H - 1 per row
  const Size dot = 2 * elements - rows, gate = 5 * rows;
  Work& work = op.work();
  work.flops = norms * ((kRmsFlops + 1) * elements + kGroupFlops * rows) + dot + gate + elements;
  work.transcendentals = (norms + 2) * rows;
  work.comparisons = 3 * rows;  // the larger, and sign's two
  return absl::OkStatus();
}

}  // namespace

absl::Span<const OpRow> ContribNormalizationOps() {
  constexpr Family kF = Family::kNormalization;
  constexpr Role kN = Role::kNormalization;
  static const OpRow kRows[] = {
      Contrib("SkipLayerNormalization", kF, kN, SkipNormShape, SkipLayerNormWork,
              "as LayerNormalization, one more flop per element for the skip and one for a bias"),
      Contrib("SkipSimplifiedLayerNormalization", kF, kN, SkipNormShape, SkipRmsNormWork,
              "as RMSNormalization, one more flop per element for the skip and one for a bias"),
      Contrib("EmbedLayerNormalization", kF, kN, EmbedNormShape, EmbedNormWork,
              "gathers a row of each table per token, adds them, then as LayerNormalization"),
      Contrib(
          "QEmbedLayerNormalization", kF, kN, QEmbedNormShape, QEmbedNormWork,
          "as EmbedLayerNormalization, 2 more flops for each element looked up, and of gamma and "
          "beta"),
      Contrib("GroupNorm", kF, kN, GroupNormShape, GroupNormWork,
              "as GroupNormalization; silu takes 3 flops and an exponential per element"),
      Contrib("SkipGroupNorm", kF, kN, GroupNormShape, SkipGroupNormWork,
              "as GroupNorm, one more flop per element for the skip and one for a bias"),
      Contrib("QOrderedLayerNormalization", kF, kN, SameAsFirst, QOrderedNormWork,
              "as LayerNormalization, 3 more flops and 2 comparisons per element for the scales"),
      Contrib("BranchwiseRMSNorm", kF, kN, BranchNormShape, BranchNormWork,
              "as RMSNormalization, of num_branches groups per row"),
      Contrib("GatedRMSNorm", kF, kN, SameAsFirst, GatedNormWork,
              "as RMSNormalization of groups as long as the scale; 4 more flops and an exponential "
              "per element for the gate, 3 where it is a sigmoid"),
      Contrib("EngramGate", kF, kN, EngramShape, EngramWork,
              "per row two RMSNormalizations, a dot product of 2 flops per element, a gate of 5 "
              "flops, a root, an exponential and 3 comparisons, and one product per element; a "
              "third RMSNormalization for gated_value_normed"),
      // ONNX Runtime keeps this one in the standard domain.
      {.name = "SimplifiedLayerNormalization",
       .family = kF,
       .role = kN,
       .shape = RmsNormShape,
       .work = RmsNormWork,
       .inplace = 0,
       .formula = "as RMSNormalization",
       .source = "ONNX Runtime, contrib operators in the standard domain"},
  };
  return kRows;
}

}  // namespace assay
