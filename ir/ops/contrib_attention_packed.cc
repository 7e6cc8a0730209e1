// com.microsoft attention on tokens without padding, behind caches in blocks or shared buffers, and
// with other masks. How long each sequence is, how much of a buffer is in use and which blocks are
// full is data; where the model does not say, the count is the largest that the shapes allow.
// Source: ONNX Runtime's ContribOperators.md.
#include <cstdint>
#include <optional>

#include "ir/ops/contrib_attention.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {
// --- DecoderMaskedMultiHeadAttention: query, key, value, mask_index, attention_bias, past_key,
// past_value, past_sequence_length, beam_width, cache_indirection, bias ---

namespace {

struct Decoder {
  AttentionSizes sizes;
  Dim cached;  // length of the present
};

absl::StatusOr<Decoder> ReadDecoder(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "query", {3}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 1, "key", {3, 4}); !s.ok()) return s;
  absl::StatusOr<AttentionSizes> a = ReadHeads(op, /*grouped=*/false, !op.has(1));
  if (!a.ok()) return a.status();
  Decoder d;
  d.sizes = *a;
  d.sizes.batch = op.dim(0, 0);
  d.sizes.queries = op.dim(0, 1);
  if (op.ranked(1) && op.rank(1) == 4) {  // cross attention: the key is the whole cache
    d.sizes.past = Dim(0);
    d.sizes.keys = d.cached = op.dim(1, 2);
    return d;
  }
  if (absl::Status s = ReadCache(op, 5, 6, &d.sizes); !s.ok()) return s;
  d.cached = d.sizes.keys = Size(op, d.sizes.past) + d.sizes.queries;
  if (op.has(5) && op.int_attr("past_present_share_buffer", 0) != 0) {
    d.cached = d.sizes.keys = d.sizes.past;
    absl::StatusOr<Dim> used = LengthOperand(op, 7, "past_sequence_length");
    if (!used.ok()) return used.status();
    if (!used->unknown()) d.sizes.keys = Size(op, *used) + d.sizes.queries;
  }
  return d;
}

}  // namespace

absl::Status DecoderMultiHeadShape(OpContext& op) {
  absl::StatusOr<Decoder> d = ReadDecoder(op);
  if (!d.ok()) return d.status();
  const AttentionSizes& a = d->sizes;
  const DType dtype = op.dtype(0);
  op.SetOut(0, dtype, {a.batch, a.queries, Size(op, a.q_heads) * a.v_size});
  op.SetOut(1, dtype, {a.batch, a.kv_heads, d->cached, a.qk_size});
  op.SetOut(2, dtype, {a.batch, a.kv_heads, d->cached, a.v_size});
  op.SetOut(3, dtype, {a.batch, a.q_heads, a.queries, a.keys});
  return absl::OkStatus();
}

absl::Status DecoderMultiHeadWork(OpContext& op) {
  absl::StatusOr<Decoder> d = ReadDecoder(op);
  if (!d.ok()) return d.status();
  // One query at the end sees everything.
  CountAttention(op, d->sizes, {}, (op.has(3) ? 1 : 0) + (op.has(4) ? 1 : 0), 0);
  if (op.has(10)) {
    Size biased(op, op.in_elements(0));
    for (int i : {1, 2}) {
      if (op.has(i) && op.ranked(i) && op.rank(i) == 3) biased += op.in_elements(i);
    }
    AddFlops(op, biased);
  }
  return absl::OkStatus();
}

// --- SparseAttention: query, key, value, past_key, past_value, block_row_indices,
// block_col_indices, total_sequence_length, key_total_sequence_lengths, cos_cache, sin_cache ---

namespace {

absl::StatusOr<AttentionSizes> ReadSparse(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "query", {3}); !s.ok()) return s;
  if (absl::Status s =
          RequirePositive(op, "sparse_block_size", op.int_attr("sparse_block_size", 64));
      !s.ok()) {
    return s;
  }
  absl::StatusOr<AttentionSizes> a = ReadHeads(op, /*grouped=*/true, !op.has(1));
  if (!a.ok()) return a.status();
  a->batch = op.dim(0, 0);
  a->queries = op.dim(0, 1);
  if (absl::Status s = ReadCache(op, 3, 4, &*a); !s.ok()) return s;
  absl::StatusOr<Dim> total = LengthOperand(op, 7, "total_sequence_length");
  if (!total.ok()) return total.status();
  a->keys = total->unknown() ? a->past : *total;  // the buffer, as long as it may get
  a->past = Size(op, a->keys) - a->queries;
  return *a;
}

}  // namespace

absl::Status SparseAttentionShape(OpContext& op) {
  absl::StatusOr<AttentionSizes> a = ReadSparse(op);
  if (!a.ok()) return a.status();
  op.SetOut(0, op.dtype(0), {a->batch, a->queries, Size(op, a->q_heads) * a->v_size});
  op.SetOut(1, op.in(3));
  op.SetOut(2, op.in(4));
  return absl::OkStatus();
}

absl::Status SparseAttentionWork(OpContext& op) {
  absl::StatusOr<AttentionSizes> a = ReadSparse(op);
  if (!a.ok()) return a.status();
  AttentionMask mask;
  mask.right = 0;
  mask.offset = a->past;
  const Size block(op, op.int_attr("sparse_block_size", 64));
  if (op.ranked(6)) mask.most_pairs = Size(op, op.dim(6, -1)) * block * block;
  CountAttention(op, *a, mask, 0, 0);
  if (op.int_attr("do_rotary", 0) != 0) {
    AddFlops(op, 3 * Size(op, a->batch) * a->queries * (Size(op, a->q_heads) + a->kv_heads) *
                     a->qk_size);
  }
  return absl::OkStatus();
}

// --- PackedAttention: input [T, C], weights, bias, token_offset [B, S], cumulative lengths,
// attention_bias; PackedMultiHeadAttention: query, key, value, bias, token_offset, ... ---

namespace {

// T tokens, each of which sees its own sequence, of at most S tokens.
void CountPackedPairs(OpContext& op, AttentionSizes a, int offsets, bool attention_bias) {
  a.batch = Dim(1);
  a.queries = op.dim(0, 0);
  a.keys = op.dim(offsets, 1);
  CountAttention(op, a, {}, attention_bias ? 1 : 0, 0);
}

absl::StatusOr<AttentionSizes> ReadPackedHeads(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "query", {2, 4}); !s.ok()) return s;
  if (op.ranked(0) && op.rank(0) == 4) {  // [T, heads, 3, size]
    absl::StatusOr<Dim> heads = Heads(op, "num_heads");
    if (!heads.ok()) return heads.status();
    AttentionSizes a;
    a.q_heads = a.kv_heads = *heads;
    a.qk_size = a.v_size = op.dim(0, 3);
    return a;
  }
  absl::StatusOr<AttentionSizes> a = ReadHeads(op, /*grouped=*/false, /*packed=*/false);
  if (!a.ok() || !op.ranked(2)) return a;
  absl::StatusOr<Dim> v_size = HeadSize(op, op.dim(2, -1), a->q_heads);
  if (!v_size.ok()) return v_size.status();
  a->v_size = *v_size;
  return a;
}

}  // namespace

absl::Status PackedAttentionShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "input", {2}); !s.ok()) return s;
  absl::StatusOr<Projection> p = ReadProjection(op);
  if (!p.ok()) return p.status();
  op.SetOut(0, op.dtype(0), {op.dim(0, 0), Size(op, p->sizes.q_heads) * p->sizes.v_size});
  return absl::OkStatus();
}

absl::Status PackedAttentionWork(OpContext& op) {
  absl::StatusOr<Projection> p = ReadProjection(op);
  if (!p.ok()) return p.status();
  CountPackedPairs(op, p->sizes, 3, op.has(5));
  AddProjection(op, op.dim(0, 0), p->input, p->columns, op.has(2));
  return absl::OkStatus();
}

absl::Status PackedMultiHeadShape(OpContext& op) {
  absl::StatusOr<AttentionSizes> a = ReadPackedHeads(op);
  if (!a.ok()) return a.status();
  op.SetOut(0, op.dtype(0), {op.dim(0, 0), Size(op, a->q_heads) * a->v_size});
  return absl::OkStatus();
}

absl::Status PackedMultiHeadWork(OpContext& op) {
  absl::StatusOr<AttentionSizes> a = ReadPackedHeads(op);
  if (!a.ok()) return a.status();
  CountPackedPairs(op, *a, 4, op.has(6));
  if (op.has(3)) {
    for (int i : {0, 1, 2}) {
      if (op.has(i)) AddFlops(op, op.in_elements(i));
    }
  }
  return absl::OkStatus();
}

// --- PagedAttention: query [T, ...], key, value, key_cache [blocks, block size, heads, size],
// value_cache, cumulative_sequence_length, past_seqlens, block_table [B, blocks], cos, sin ---

namespace {

absl::StatusOr<AttentionSizes> ReadPaged(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "query", {2}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 7, "block_table", {2}); !s.ok()) return s;
  absl::StatusOr<AttentionSizes> a = ReadHeads(op, /*grouped=*/true, !op.has(1));
  if (!a.ok()) return a.status();
  const int64_t v_size = op.int_attr("v_head_size", 0);
  if (v_size > 0) a->v_size = Dim(v_size);
  a->batch = Dim(1);
  a->queries = op.dim(0, 0);
  a->keys = Size(op, op.dim(7, 1)) * op.dim(3, 1);
  return a;
}

}  // namespace

absl::Status PagedAttentionShape(OpContext& op) {
  absl::StatusOr<AttentionSizes> a = ReadPaged(op);
  if (!a.ok()) return a.status();
  op.SetOut(0, op.dtype(0), {a->queries, Size(op, a->q_heads) * a->v_size});
  op.SetOut(1, op.in(3));
  op.SetOut(2, op.in(4));
  return absl::OkStatus();
}

absl::Status PagedAttentionWork(OpContext& op) {
  absl::StatusOr<AttentionSizes> a = ReadPaged(op);
  if (!a.ok()) return a.status();
  const int64_t window = op.int_attr("local_window_size", -1);
  const Dim blocks = a->keys;
  if (window > 0) a->keys = Min(Size(op, a->keys), Dim(window));
  const bool capped = op.float_attr("softcap", 0) != 0;
  CountAttention(op, *a, {}, capped ? 2 : 0, capped ? 1 : 0);
  Work& work = op.work();
  if (op.int_attr("do_rotary", 0) != 0) {
    AddFlops(op, 3 * Size(op, a->queries) * (Size(op, a->q_heads) + a->kv_heads) * a->qk_size);
    for (int i : {8, 9}) {
      if (op.has(i)) work.reads[i] = Size(op, a->queries) * op.dim(i, 1);
    }
  }
  // Of the caches the blocks of the table are read, and the new tokens written.
  const Size cached = Size(op, op.dim(7, 0)) * blocks * a->kv_heads;
  const Size fresh = Size(op, a->queries) * a->kv_heads;
  if (op.has(3)) work.reads[3] = cached * a->qk_size;
  if (op.has(4)) work.reads[4] = cached * a->v_size;
  if (op.has_out(1)) work.writes[1] = fresh * a->qk_size;
  if (op.has_out(2)) work.writes[2] = fresh * a->v_size;
  return absl::OkStatus();
}

// --- DecoderAttention: query [S, B, C], key [T, B, C], q_weight, kv_weight, bias,
// key_padding_mask, key_cache, value_cache, static_kv, use_past, has_layer_state, ... ---

namespace {

struct Cross {
  AttentionSizes sizes;
  Dim projected;  // rows that K and V are projected from
};

absl::StatusOr<Cross> ReadCross(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "query", {3}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 1, "key", {3}); !s.ok()) return s;
  absl::StatusOr<AttentionSizes> a = ReadHeads(op, /*grouped=*/false, /*packed=*/false);
  if (!a.ok()) return a.status();
  Cross c;
  c.sizes = *a;
  c.sizes.queries = op.dim(0, 0);
  c.sizes.batch = op.dim(0, 1);
  // The flags are operands; they may be absent or computed, and then mean 0.
  const auto flag = [&](int i) {
    const std::optional<Dim> v = op.int_value(i);
    return v.has_value() && v->known() && v->value() != 0;
  };
  const bool crossed = flag(8), cached = flag(9) && flag(10);
  c.sizes.past = Dim(0);
  if (cached) {
    if (absl::Status s = ReadCache(op, 6, 7, &c.sizes); !s.ok()) return s;
  }
  if (crossed) {
    c.sizes.keys = cached ? c.sizes.past : op.dim(1, 0);
    c.projected = cached ? Dim(0) : op.dim(1, 0);
  } else {
    c.sizes.keys = Size(op, c.sizes.past) + c.sizes.queries;
    c.projected = c.sizes.queries;
  }
  return c;
}

}  // namespace

absl::Status DecoderAttentionShape(OpContext& op) {
  absl::StatusOr<Cross> c = ReadCross(op);
  if (!c.ok()) return c.status();
  const AttentionSizes& a = c->sizes;
  op.SetOut(0, op.in(0));
  for (int i : {1, 2}) op.SetOut(i, op.dtype(0), {a.batch, a.q_heads, a.keys, a.qk_size});
  return absl::OkStatus();
}

absl::Status DecoderAttentionWork(OpContext& op) {
  absl::StatusOr<Cross> c = ReadCross(op);
  if (!c.ok()) return c.status();
  const AttentionSizes& a = c->sizes;
  CountAttention(op, a, {}, op.has(5) ? 1 : 0, 0);
  const Size hidden = Size(op, a.q_heads) * a.qk_size, batch(op, a.batch);
  AddProjection(op, batch * a.queries, hidden, hidden, op.has(4));
  AddProjection(op, batch * c->projected, hidden, 2 * hidden, op.has(4));
  return absl::OkStatus();
}

// --- LongformerAttention: input, weight, bias, mask, global_weight, global_bias, global;
// QOrderedLongformerAttention has a scale after each of the first ---

namespace {

absl::Status CountLongformer(OpContext& op, int weight, int bias, int mask_operand) {
  absl::StatusOr<AttentionSizes> a = ReadHeads(op, /*grouped=*/false, /*packed=*/false);
  if (!a.ok()) return a.status();
  a->batch = op.dim(0, 0);
  a->queries = a->keys = op.dim(0, 1);
  a->past = Dim(0);
  AttentionMask mask;
  mask.left = mask.right = op.int_attr("window", 1);
  CountAttention(op, *a, mask, op.has(mask_operand) ? 1 : 0, 0);
  const Size hidden(op, op.dim(0, 2)), tokens = Size(op, a->batch) * a->queries;
  AddProjection(op, tokens, hidden, op.dim(weight, 1), op.has(bias));
  AddProjection(op, tokens, hidden, 2 * hidden, op.has(bias));
  return absl::OkStatus();
}

}  // namespace

absl::Status LongformerShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "input", {3}); !s.ok()) return s;
  if (absl::Status s = RequirePositive(op, "window", op.int_attr("window", 0)); !s.ok()) return s;
  absl::StatusOr<AttentionSizes> a = ReadHeads(op, /*grouped=*/false, /*packed=*/false);
  if (!a.ok()) return a.status();
  return SameAsFirst(op);
}

absl::Status LongformerWork(OpContext& op) { return CountLongformer(op, 1, 2, 3); }
absl::Status QOrderedLongformerWork(OpContext& op) { return CountLongformer(op, 2, 4, 7); }

// --- QOrderedAttention: input, 4 scales, weights of Q, K and V, 3 scales, biases of Q, K and V, 3
// scales, mask_index, past, attention_bias ---

absl::Status QOrderedAttentionShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "input", {3}); !s.ok()) return s;
  for (int i : {5, 6, 7}) {
    if (absl::Status s = RequireRank(op, i, "weight", {2}); !s.ok()) return s;
  }
  absl::StatusOr<Dim> heads = Heads(op, "num_heads");
  if (!heads.ok()) return heads.status();
  for (int i : {5, 7}) {
    absl::StatusOr<Dim> size = HeadSize(op, op.dim(i, 1), *heads);
    if (!size.ok()) return size.status();
  }
  op.SetOut(0, op.dtype(0), {op.dim(0, 0), op.dim(0, 1), op.dim(7, 1)});
  return absl::OkStatus();
}

absl::Status QOrderedAttentionWork(OpContext& op) {
  absl::StatusOr<Dim> heads = Heads(op, "num_heads");
  if (!heads.ok()) return heads.status();
  AttentionSizes a;
  a.batch = op.dim(0, 0);
  a.queries = a.keys = op.dim(0, 1);
  a.past = Dim(0);
  a.q_heads = a.kv_heads = *heads;
  absl::StatusOr<Dim> qk_size = HeadSize(op, op.dim(5, 1), *heads);
  if (!qk_size.ok()) return qk_size.status();
  absl::StatusOr<Dim> v_size = HeadSize(op, op.dim(7, 1), *heads);
  if (!v_size.ok()) return v_size.status();
  a.qk_size = *qk_size;
  a.v_size = *v_size;
  AttentionMask mask;
  if (op.int_attr("unidirectional", 0) != 0) mask.right = 0;
  CountAttention(op, a, mask, op.has(17) ? 1 : 0, 0);
  for (int i : {5, 6, 7}) {
    AddProjection(op, Size(op, a.batch) * a.queries, op.dim(0, 2), op.dim(i, 1), op.has(i + 6));
  }
  return absl::OkStatus();
}

}  // namespace assay
