// Attention as ONNX Runtime fuses it: the same two products as everywhere (attention.h), from
// operands in other layouts, and what was fused into them: the projection of the input, biases,
// rotary embedding. Source: ONNX Runtime's ContribOperators.md.
#include "ir/ops/contrib_attention.h"

#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/ops/attention.h"
#include "ir/ops/contrib.h"
#include "ir/ops/families.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {

absl::StatusOr<Dim> Heads(OpContext& op, absl::string_view attr) {
  const int64_t heads = op.int_attr(attr, 0);
  if (absl::Status s = RequirePositive(op, attr, heads); !s.ok()) return s;
  return Dim(heads);
}

absl::StatusOr<AttentionSizes> ReadHeads(OpContext& op, bool grouped, bool packed) {
  absl::StatusOr<Dim> q_heads = Heads(op, "num_heads");
  if (!q_heads.ok()) return q_heads.status();
  absl::StatusOr<Dim> kv_heads = grouped ? Heads(op, "kv_num_heads") : q_heads;
  if (!kv_heads.ok()) return kv_heads.status();
  if (q_heads->value() % kv_heads->value() != 0) {
    return OpError(absl::StrCat("num_heads (", q_heads->value(),
                                ") is no multiple of kv_num_heads (", kv_heads->value(),
                                "); check both"));
  }
  AttentionSizes a;
  a.q_heads = *q_heads;
  a.kv_heads = *kv_heads;
  const Dim heads = packed ? (Size(op, *q_heads) + 2 * Size(op, *kv_heads)).dim : *q_heads;
  absl::StatusOr<Dim> size = HeadSize(op, op.dim(0, -1), heads);
  if (!size.ok()) return size.status();
  a.qk_size = a.v_size = *size;
  return a;
}

absl::Status ReadCache(OpContext& op, int key, int value, AttentionSizes* sizes) {
  sizes->past = Dim(0);
  for (int i : {key, value}) {
    if (absl::Status s = RequireRank(op, i, "a cache", {4}); !s.ok()) return s;
  }
  if (!op.has(key)) return absl::OkStatus();
  sizes->past = op.dim(key, 2);
  absl::Status s = Merge(op, &sizes->batch, op.dim(key, 0), "batch of the query and of past_key");
  if (s.ok()) s = Merge(op, &sizes->kv_heads, op.dim(key, 1), "key heads and heads of past_key");
  if (s.ok()) {
    s = Merge(op, &sizes->past, op.dim(value, 2), "lengths of past_key and of past_value");
  }
  return s;
}

absl::StatusOr<Dim> LengthOperand(OpContext& op, int i, absl::string_view name) {
  const Dim length = op.int_value(i).value_or(Dim());
  if (length.known() && length.value() < 0) return OpError(absl::StrCat(name, " is negative"));
  return length;
}

absl::StatusOr<Projection> ReadProjection(OpContext& op) {
  if (absl::Status s = RequireRank(op, 1, "weights", {2}); !s.ok()) return s;
  absl::StatusOr<Dim> heads = Heads(op, "num_heads");
  if (!heads.ok()) return heads.status();
  Projection p;
  p.input = op.dim(0, -1);
  p.columns = op.dim(1, 1);
  absl::Status s =
      Merge(op, &p.input, op.dim(1, 0), "columns of the input and rows of the weights");
  if (s.ok()) s = Merge(op, &p.columns, op.dim(2, 0), "columns of the weights and of the bias");
  if (!s.ok()) return s;
  Dim qk_hidden, v_hidden;
  const std::vector<int64_t> given =
      op.ints_attr("qkv_hidden_sizes").value_or(std::vector<int64_t>());
  if (given.size() == 3) {
    qk_hidden = Dim(given[0]);
    v_hidden = Dim(given[2]);
    const Size all = Size(op, given[0]) + given[1] + given[2];
    s = Merge(op, &p.columns, all, "columns of the weights and the sum of qkv_hidden_sizes");
    if (!s.ok()) return s;
  } else {
    absl::StatusOr<Dim> third = DivideWhole(op, p.columns, Dim(3), "columns of the weights");
    if (!third.ok()) return third.status();
    qk_hidden = v_hidden = *third;
  }
  absl::StatusOr<Dim> qk_size = HeadSize(op, qk_hidden, *heads);
  if (!qk_size.ok()) return qk_size.status();
  absl::StatusOr<Dim> v_size = HeadSize(op, v_hidden, *heads);
  if (!v_size.ok()) return v_size.status();
  p.sizes.q_heads = p.sizes.kv_heads = *heads;
  p.sizes.qk_size = *qk_size;
  p.sizes.v_size = *v_size;
  return p;
}

void AddProjection(OpContext& op, Dim rows, Dim input, Dim columns, bool bias) {
  const Size results = Size(op, rows) * columns;
  const Size macs = results * input;
  op.work().macs = macs + op.work().macs;
  AddFlops(op, 2 * macs);
  if (bias) AddFlops(op, results);
}

namespace {

// --- Attention ---

struct Projected {
  Projection projection;
  Dim cached;  // length of the present
};

// Where the operands stand beside input, weights and bias.
struct ProjectedPlaces {
  int mask, past, attention_bias, past_length;  // -1: there is none
};
constexpr ProjectedPlaces kProjected = {3, 4, 5, 6};
constexpr ProjectedPlaces kQuantized = {5, 8, -1, -1};

absl::StatusOr<Projected> ReadProjected(OpContext& op, const ProjectedPlaces& at) {
  if (absl::Status s = RequireRank(op, 0, "input", {3}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, at.past, "past", {5}); !s.ok()) return s;
  absl::StatusOr<Projection> projection = ReadProjection(op);
  if (!projection.ok()) return projection.status();
  Projected p = {*projection, Dim()};
  AttentionSizes& a = p.projection.sizes;
  a.batch = op.dim(0, 0);
  a.queries = op.dim(0, 1);
  a.past = op.has(at.past) ? op.dim(at.past, 3) : Dim(0);
  p.cached = a.keys = Size(op, a.past) + a.queries;
  // One buffer for past and present: as long as it may get; what is in use is a value.
  if (op.has(at.past) && op.int_attr("past_present_share_buffer", 0) != 0) {
    p.cached = a.keys = a.past;
    a.past = Size(op, a.keys) - a.queries;
    absl::StatusOr<Dim> used = LengthOperand(op, at.past_length, "past_sequence_length");
    if (!used.ok()) return used.status();
    if (!used->unknown()) {
      a.past = *used;
      a.keys = Size(op, a.past) + a.queries;
    }
  }
  return p;
}

absl::Status ProjectedShape(OpContext& op, const ProjectedPlaces& at, DType dtype) {
  absl::StatusOr<Projected> p = ReadProjected(op, at);
  if (!p.ok()) return p.status();
  const AttentionSizes& a = p->projection.sizes;
  op.SetOut(0, dtype, {a.batch, a.queries, Size(op, a.q_heads) * a.v_size});
  op.SetOut(1, dtype, {Dim(2), a.batch, a.q_heads, p->cached, a.qk_size});
  return absl::OkStatus();
}

absl::Status ProjectedWork(OpContext& op, const ProjectedPlaces& at) {
  absl::StatusOr<Projected> p = ReadProjected(op, at);
  if (!p.ok()) return p.status();
  const AttentionSizes& a = p->projection.sizes;
  AttentionMask mask;
  mask.offset = a.past;
  if (op.int_attr("unidirectional", 0) != 0) mask.right = 0;
  CountAttention(op, a, mask, (op.has(at.mask) ? 1 : 0) + (op.has(at.attention_bias) ? 1 : 0), 0);
  AddProjection(op, Size(op, a.batch) * a.queries, p->projection.input, p->projection.columns,
                op.has(2));
  if (op.int_attr("do_rotary", 0) != 0) {
    AddFlops(op, 6 * Size(op, a.batch) * a.queries * a.q_heads * a.qk_size);
  }
  return absl::OkStatus();
}

absl::Status ProjectedAttentionShape(OpContext& op) {
  return ProjectedShape(op, kProjected, op.dtype(0));
}

absl::Status ProjectedAttentionWork(OpContext& op) { return ProjectedWork(op, kProjected); }

// --- QAttention: input, weight, bias, input_scale, weight_scale, mask_index, input_zero_point,
// weight_zero_point, past ---

absl::Status QAttentionShape(OpContext& op) { return ProjectedShape(op, kQuantized, op.dtype(3)); }

// The projection is of 8-bit numbers; each of its results is scaled.
absl::Status QAttentionWork(OpContext& op) {
  if (absl::Status s = ProjectedWork(op, kQuantized); !s.ok()) return s;
  const Size tokens = Size(op, op.dim(0, 0)) * op.dim(0, 1);
  AddFlops(op, tokens * op.dim(1, 1));
  return absl::OkStatus();
}

constexpr char kLinearAttention[] = "LinearAttention";

// --- MultiHeadAttention ---

absl::StatusOr<AttentionSizes> ReadMultiHead(OpContext& op) {
  absl::StatusOr<Dim> heads = Heads(op, "num_heads");
  if (!heads.ok()) return heads.status();
  if (absl::Status s = RequireRank(op, 0, "query", {3, 5}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 1, "key", {3, 4, 5}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 2, "value", {3, 4}); !s.ok()) return s;
  AttentionSizes a;
  a.batch = op.dim(0, 0);
  a.queries = op.dim(0, 1);
  a.q_heads = a.kv_heads = *heads;
  if (op.ranked(0) && op.rank(0) == 5) {  // [B, S, heads, 3, size]: Q, K and V in one
    a.qk_size = a.v_size = op.dim(0, 4);
    a.keys = a.queries;
  } else {
    absl::StatusOr<Dim> size = HeadSize(op, op.dim(0, 2), *heads);
    if (!size.ok()) return size.status();
    a.qk_size = a.v_size = *size;
    const int key_rank = op.ranked(1) ? op.rank(1) : 0;
    a.keys = op.dim(1, key_rank == 4 ? 2 : 1);
    if (!op.has(1)) a.keys = a.queries;
    if (op.ranked(2)) {
      absl::StatusOr<Dim> v_size =
          op.rank(2) == 4 ? op.dim(2, 3) : HeadSize(op, op.dim(2, 2), *heads);
      if (!v_size.ok()) return v_size.status();
      a.v_size = *v_size;
      absl::Status s = Merge(op, &a.keys, op.dim(2, op.rank(2) == 4 ? 2 : 1),
                             "sequence lengths of the key and of the value");
      if (!s.ok()) return s;
    }
  }
  if (op.has(1)) {
    absl::Status s = Merge(op, &a.batch, op.dim(1, 0), "batch of the query and of the key");
    if (!s.ok()) return s;
  }
  if (absl::Status s = ReadCache(op, 6, 7, &a); !s.ok()) return s;
  a.keys = Size(op, a.past) + a.keys;
  return a;
}

void SetAttentionResults(OpContext& op, const AttentionSizes& a, DType cache) {
  op.SetOut(0, op.dtype(0), {a.batch, a.queries, Size(op, a.q_heads) * a.v_size});
  op.SetOut(1, cache, {a.batch, a.kv_heads, a.keys, a.qk_size});
  op.SetOut(2, cache, {a.batch, a.kv_heads, a.keys, a.v_size});
  op.SetOut(3, op.dtype(0), {a.batch, a.q_heads, a.queries, a.keys});
}

absl::Status MultiHeadAttentionShape(OpContext& op) {
  absl::StatusOr<AttentionSizes> a = ReadMultiHead(op);
  if (!a.ok()) return a.status();
  SetAttentionResults(op, *a, op.dtype(0));
  return absl::OkStatus();
}

absl::Status MultiHeadAttentionWork(OpContext& op) {
  absl::StatusOr<AttentionSizes> a = ReadMultiHead(op);
  if (!a.ok()) return a.status();
  AttentionMask mask;
  mask.offset = a->past;
  if (op.int_attr("unidirectional", 0) != 0) mask.right = 0;
  CountAttention(op, *a, mask, (op.has(4) ? 1 : 0) + (op.has(5) ? 1 : 0), 0);
  if (op.has(3)) {
    Size biased(op, op.in_elements(0));
    for (int i : {1, 2}) {
      if (op.has(i)) biased += op.in_elements(i);
    }
    AddFlops(op, biased);
  }
  return absl::OkStatus();
}

// --- GroupQueryAttention ---

struct Grouped {
  AttentionSizes sizes;
  Dim new_keys;
};

absl::StatusOr<Grouped> ReadGrouped(OpContext& op) {
  for (int i : {0, 1, 2}) {
    if (absl::Status s = RequireRank(op, i, "query, key or value", {3}); !s.ok()) return s;
  }
  // Without a key the query holds Q, K and V side by side.
  absl::StatusOr<AttentionSizes> sizes = ReadHeads(op, /*grouped=*/true, /*packed=*/!op.has(1));
  if (!sizes.ok()) return sizes.status();
  Grouped g = {*sizes, Dim()};
  AttentionSizes& a = g.sizes;
  a.batch = op.dim(0, 0);
  a.queries = op.dim(0, 1);
  g.new_keys = op.has(1) ? op.dim(1, 1) : a.queries;
  if (absl::Status s = ReadCache(op, 3, 4, &a); !s.ok()) return s;
  a.keys = Size(op, a.past) + g.new_keys;
  return g;
}

absl::Status GroupQueryAttentionShape(OpContext& op) {
  absl::StatusOr<Grouped> g = ReadGrouped(op);
  if (!g.ok()) return g.status();
  SetAttentionResults(op, g->sizes, op.has(3) ? op.dtype(3) : op.dtype(0));
  return absl::OkStatus();
}

absl::Status GroupQueryAttentionWork(OpContext& op) {
  absl::StatusOr<Grouped> g = ReadGrouped(op);
  if (!g.ok()) return g.status();
  const AttentionSizes& a = g->sizes;
  AttentionMask mask;
  mask.offset = a.past;
  if (op.int_attr("causal", 1) != 0) mask.right = 0;
  // The window counts the query's own position.
  const int64_t window = op.int_attr("local_window_size", -1);
  if (window > 0) mask.left = window - 1;
  const bool capped = op.float_attr("softcap", 0) != 0;
  CountAttention(op, a, mask, (op.has(10) ? 1 : 0) + (capped ? 2 : 0), capped ? 1 : 0);
  if (op.int_attr("do_rotary", 0) != 0) {
    const Size rotated = Size(op, a.queries) * a.q_heads + Size(op, g->new_keys) * a.kv_heads;
    AddFlops(op, 3 * Size(op, a.batch) * rotated * a.qk_size);
    // The rows of the caches at the new positions.
    for (int i : {7, 8}) {
      if (op.has(i)) op.work().reads[i] = Size(op, a.batch) * a.queries * op.dim(i, 1);
    }
  }
  return absl::OkStatus();
}

// --- RotaryEmbedding ---

absl::Status ContribRotaryShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "input", {3, 4}); !s.ok()) return s;
  return SameAsFirst(op);
}

absl::Status ContribRotaryWork(OpContext& op) {
  Size rotated(op, op.in_elements(0));
  const int64_t dim = op.int_attr("rotary_embedding_dim", 0), heads = op.int_attr("num_heads", 0);
  const Size tokens = Size(op, op.dim(0, 0)) * op.dim(0, op.ranked(0) && op.rank(0) == 4 ? 2 : 1);
  if (dim > 0 && heads > 0) rotated = tokens * heads * Size(op, dim);
  op.work().flops = 3 * rotated;
  for (int i : {2, 3}) {
    if (op.has(i)) op.work().reads[i] = tokens * op.dim(i, 1);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Span<const OpRow> ContribAttentionOps() {
  constexpr Family kF = Family::kAttention;
  constexpr Role kA = Role::kAttention;
  static const OpRow kRows[] = {
      Contrib("Attention", kF, kA, ProjectedAttentionShape, ProjectedAttentionWork,
              "as ai.onnx Attention, and the projection: macs = batch * queries * input size * "
              "columns of the weights"),
      Contrib("QAttention", kF, kA, QAttentionShape, QAttentionWork,
              "as com.microsoft Attention, its projection of 8-bit numbers; one more flop per "
              "projected element"),
      Contrib("DecoderMaskedSelfAttention", kF, kA, ProjectedAttentionShape, ProjectedAttentionWork,
              "as com.microsoft Attention, of one query behind a cache, all of it where its use "
              "is not known"),
      Contrib("MultiHeadAttention", kF, kA, MultiHeadAttentionShape, MultiHeadAttentionWork,
              "as ai.onnx Attention; one addition per element for the biases"),
      Contrib("DecoderMaskedMultiHeadAttention", kF, kA, DecoderMultiHeadShape,
              DecoderMultiHeadWork,
              "as MultiHeadAttention, of one query behind a cache, all of it where its use is not "
              "known"),
      Contrib("GroupQueryAttention", kF, kA, GroupQueryAttentionShape, GroupQueryAttentionWork,
              "as ai.onnx Attention, causal unless told otherwise, behind the cache; do_rotary: 3 "
              "flops per element of Q and of the new K"),
      Contrib("SparseAttention", kF, kA, SparseAttentionShape, SparseAttentionWork,
              "as GroupQueryAttention, causal; at most the pairs of the blocks that the layout "
              "lists"),
      Contrib("PackedAttention", kF, kA, PackedAttentionShape, PackedAttentionWork,
              "as com.microsoft Attention on tokens without padding; pairs = tokens * longest "
              "sequence, at most"),
      Contrib("PackedMultiHeadAttention", kF, kA, PackedMultiHeadShape, PackedMultiHeadWork,
              "as MultiHeadAttention on tokens without padding; pairs = tokens * longest "
              "sequence, at most"),
      Contrib("PagedAttention", kF, kA, PagedAttentionShape, PagedAttentionWork,
              "as GroupQueryAttention on packed tokens; a token sees at most all blocks of its "
              "sequence, or the window"),
      Contrib("DecoderAttention", kF, kA, DecoderAttentionShape, DecoderAttentionWork,
              "as MultiHeadAttention, and the projections of Q, and of K and V where they are new"),
      Contrib("LongformerAttention", kF, kA, LongformerShape, LongformerWork,
              "as ai.onnx Attention with a window of W on each side, the projections, and that "
              "of K and V for global tokens; which tokens are global is data and adds no pairs"),
      Contrib("QOrderedLongformerAttention", kF, kA, LongformerShape, QOrderedLongformerWork,
              "as LongformerAttention, of 8-bit numbers"),
      Contrib("QOrderedAttention", kF, kA, QOrderedAttentionShape, QOrderedAttentionWork,
              "as com.microsoft Attention, of 8-bit numbers"),
      Contrib("GatedRelativePositionBias", kF, Role::kOther, GatedBiasShape, GatedBiasWork,
              "macs = batch * heads * tokens * head size * D; then D - 2 additions, 2 sigmoids "
              "and 3 flops per token and head, one product per result"),
      Contrib("RelativePositionBias", kF, Role::kMovement, RelativeBiasShape, RelativeBiasWork,
              "per pair: 4 integer operations and a logarithm for the bucket; per result one "
              "element of the table"),
      Contrib("RemovePadding", kF, Role::kMovement, RemovePaddingShape, nullptr,
              "moves the tokens that are no padding together"),
      Contrib("RestorePadding", kF, Role::kMovement, RestorePaddingShape, nullptr,
              "moves tokens back to their places, zeros elsewhere"),
      Contrib("RotaryEmbedding", kF, Role::kPointwise, ContribRotaryShape, ContribRotaryWork,
              "3 flops per rotated element"),
      Contrib("MRotaryEmbedding", kF, Role::kPointwise, ContribRotaryShape, ContribRotaryWork,
              "3 flops per rotated element"),
      Contrib("GemmaRotaryEmbedding", kF, Role::kPointwise, GemmaRotaryShape, GemmaRotaryWork,
              "3 flops per element of q and k, a sine and a cosine per element of emb"),
      Contrib("LinearAttention", kF, kA, StandardShape<kLinearAttention>,
              StandardWork<kLinearAttention>, "as ai.onnx LinearAttention"),
      Contrib("DynamicSparseAttention", kF, kA, DynamicSparseShape, DynamicSparseWork,
              "as GroupQueryAttention, causal; a query sees at most as many keys as a row of "
              "selected_indices holds, and those of its local window"),
      Contrib("SparsePagedAttention", kF, kA, SparsePagedShape, SparsePagedWork,
              "as PagedAttention; a token sees at most as many keys as a row of selected_indices "
              "holds, and those of its local window"),
      Contrib("SparseAttentionIndexer", kF, Role::kOther, SparseIndexerShape, SparseIndexerWork,
              "macs = queries * heads * entries * head size; queries and new entries normalised "
              "and rotated, entries pooled, scores summed over heads, and the k best as in TopK"),
      Contrib("PackedSparseAttentionIndexer", kF, Role::kOther, PackedIndexerShape,
              PackedIndexerWork,
              "as SparseAttentionIndexer on packed tokens, of as many entries as the state holds"),
      Contrib("GatedDeltaNet", kF, kA, GatedDeltaShape, GatedDeltaWork,
              "macs = tokens * value heads * dk * dv * 3 (2 without a delta rule); gates add one "
              "flop per element of the state and token"),
      Contrib("AttnLSTM", Family::kRecurrent, Role::kContraction, AttnLstmShape, AttnLstmWork,
              "as LSTM on the input beside the attention state; memory projected once; per step "
              "and direction the query's projection, a tanh and a macs per key and column, "
              "softmax, the context, and the attention layer"),
      Contrib("CausalConvWithState", Family::kConvolution, Role::kContraction,
              ContribCausalConvShape, ContribCausalConvWork,
              "macs = outputs * kernel elements; 1 flop per output for a bias, 3 and an "
              "exponential for silu"),
      Contrib("VarlenCausalConvWithState", Family::kConvolution, Role::kContraction,
              VarlenConvShape, VarlenConvWork, "as CausalConvWithState, on packed tokens [T, C]"),
  };
  return kRows;
}

}  // namespace assay
