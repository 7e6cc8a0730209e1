// com.microsoft operators that stand around attention: position biases, rotary embeddings, padding.
// Source: ONNX Runtime's ContribOperators.md.
#include <cstdint>
#include <optional>

#include "ir/ops/contrib_attention.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {

// --- GatedRelativePositionBias: query_layer [B, S, C] or [T, C], query_bias, rel_pos [1, heads, S,
// S], weight [size, D], bias, eco_a, token_offset [B, S] ---

absl::Status GatedBiasShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "query_layer", {2, 3}); !s.ok()) return s;
  absl::StatusOr<Dim> heads = Heads(op, "num_heads");
  if (!heads.ok()) return heads.status();
  absl::StatusOr<Dim> size = HeadSize(op, op.dim(0, -1), *heads);
  if (!size.ok()) return size.status();
  if (absl::Status s = Merge(op, &*size, op.dim(3, 0), "head size and rows of the weight");
      !s.ok()) {
    return s;
  }
  const bool packed = op.has(6);
  const Dim batch = packed ? op.dim(6, 0) : op.dim(0, 0);
  const Dim tokens = packed ? op.dim(6, 1) : op.ranked(0) && op.rank(0) == 3 ? op.dim(0, 1) : Dim();
  op.SetOut(0, op.dtype(0), {batch, *heads, tokens, tokens});
  return absl::OkStatus();
}

absl::Status GatedBiasWork(OpContext& op) {
  absl::StatusOr<Dim> heads = Heads(op, "num_heads");
  if (!heads.ok()) return heads.status();
  const Type& out = op.out(0);
  const Size rows =
      out.ranked && out.rank() == 4 ? Size(op, ProductOf(op, out.dims, 0, 3)) : Size(op, Dim());
  const Dim columns = op.dim(3, 1);
  AddProjection(op, rows, op.dim(3, 0), columns, op.has(4));
  // The halves of D are summed, go through a sigmoid (2 flops each), then u * (r * a - 1) + 2.
  AddFlops(op, op.in_elements(0) + rows * (Size(op, columns) - 2) + 8 * rows + op.out_elements(0));
  op.work().transcendentals = 2 * rows;
  return absl::OkStatus();
}

// --- RelativePositionBias: bias_table [buckets, heads], query_length, key_length ---

absl::Status RelativeBiasShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "bias_table", {2}); !s.ok()) return s;
  Dim lengths[2];
  for (int i : {1, 2}) {
    const std::optional<Dim> length = op.int_value(i);
    if (length.has_value() && length->known() && length->value() < 1) {
      return OpError("query_length or key_length is below 1");
    }
    lengths[i - 1] = OrFresh(op, 0, length.value_or(Dim()), 1, Dim(), "length of a sequence");
  }
  op.SetOut(0, op.dtype(0), {Dim(1), op.dim(0, 1), lengths[0], lengths[1]});
  return absl::OkStatus();
}

absl::Status RelativeBiasWork(OpContext& op) {
  const Type& out = op.out(0);
  const Size pairs =
      out.ranked && out.rank() == 4 ? Size(op, ProductOf(op, out.dims, 2, 4)) : Size(op, Dim());
  op.work().int_ops = 4 * pairs;
  op.work().transcendentals = pairs;
  if (op.has(0)) op.work().reads[0] = op.out_elements(0);
  return absl::OkStatus();
}

// --- RemovePadding (input [B, S, C], counts [B]), RestorePadding (input [T, C], offsets [B, S])
// ---

absl::Status RemovePaddingShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "input", {3}); !s.ok()) return s;
  const Dim batch = op.dim(0, 0), length = op.dim(0, 1);
  const Dim tokens =
      OrFresh(op, 0, Dim(), 0, Size(op, batch) * length, "tokens that are no padding");
  op.SetOut(0, op.dtype(0), {tokens, op.dim(0, 2)});
  op.SetOut(1, DType::kI32, {batch, length});
  op.SetOut(2, DType::kI32, {Size(op, batch) + 1});
  op.SetOut(3, DType::kI32, {Dim(1)});
  return absl::OkStatus();
}

absl::Status RestorePaddingShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "input", {2}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 1, "token_offset", {2}); !s.ok()) return s;
  op.SetOut(0, op.dtype(0), {op.dim(1, 0), op.dim(1, 1), op.dim(0, 1)});
  return absl::OkStatus();
}

// --- GemmaRotaryEmbedding: emb [B, S, D], q, q_rot, k, k_rot [B, heads, S, D] ---

absl::Status GemmaRotaryShape(OpContext& op) {
  op.SetOut(0, op.in(1));
  op.SetOut(1, op.in(3));
  return absl::OkStatus();
}

absl::Status GemmaRotaryWork(OpContext& op) {
  op.work().flops = 3 * (Size(op, op.in_elements(1)) + op.in_elements(3));
  op.work().transcendentals = 2 * Size(op, op.in_elements(0));
  return absl::OkStatus();
}

}  // namespace assay
