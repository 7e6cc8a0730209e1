// Attention: out = softmax(scale * Q K^T + mask) V, per image and head.
//
//   macs = batch * query heads * visible pairs * (head size of Q + head size of V)
//
// A pair is a query and a key. Without a mask known from the attributes every pair is visible:
// queries * keys. A causal query sees the cached keys, itself and what stands before it: with S
// queries behind a cache of P keys that is S P + S (S + 1) / 2 pairs. A window of w keys to the
// left leaves about w per query, exactly counted. (A decomposed export multiplies everything and
// masks afterwards, and is counted so; runtimes that know the mask skip whole tiles of it.) Masks
// that come as tensors hide nothing from the count, since their contents are data.
//
// Heads of K and V that several query heads share (grouped queries) are read once; the arithmetic
// is that of the query heads.
//
// Per visible pair, beside the macs: 1 flop for the scale, 1 when a mask is added, 2 and a tanh
// when the scores are capped, and softmax's 3 flops (subtract, add, divide), one exponential and
// one comparison.
#include "ir/ops/attention.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/ops/families.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

bool NeverNegative(OpContext& op, Dim d) { return op.dims().BoundsOf(d).low >= 0; }
bool NeverPositive(OpContext& op, Dim d) { return op.dims().BoundsOf(d).high <= 0; }

// min(max(d, 0), n) for n >= 0, without asking for more than is open.
Size ClampTo(OpContext& op, Size d, Dim n) {
  if (NeverPositive(op, d)) return Size(op, 0);
  const Size low = NeverNegative(op, d) ? d : Max(d, Dim(0));
  return Min(low, n);
}

// Twice the sum over i in [0, n) of the number of keys, out of `keys`, that stand before position a
// + i, which is min(max(a + i, 0), keys): 0 for i < z, a + i for z <= i < c, and `keys` from c on.
Size TwiceSumOfPrefixes(OpContext& op, Dim n, Size a, Dim keys) {
  const Size z = ClampTo(op, 0 - a, n);
  const Size c = ClampTo(op, Size(op, keys) - a + 1, n);
  return 2 * (c - z) * a + c * (c - 1) - z * (z - 1) + 2 * (Size(op, n) - c) * keys;
}

// Twice the pairs of a query and a key it sees, per head: halves are taken last, so that sizes stay
// polynomials.
Size TwiceVisiblePairs(OpContext& op, const AttentionSizes& sizes, const AttentionMask& mask) {
  const Dim n = sizes.queries, keys = sizes.keys;
  const Size offset(op, mask.offset);
  Size pairs = 2 * Size(op, n) * keys;
  if (mask.right >= 0) pairs = TwiceSumOfPrefixes(op, n, offset + mask.right + 1, keys);
  if (mask.left >= 0) pairs = pairs - TwiceSumOfPrefixes(op, n, offset - mask.left, keys);
  return pairs;
}

// --- Attention: Q, K, V, attn_mask, past_key, past_value, nonpad_kv_seqlen ---

// Sizes out of operands of rank 4 [B, heads, S, size] or 3 [B, S, heads * size].
absl::StatusOr<AttentionSizes> ReadSizes(OpContext& op) {
  for (int i : {0, 1, 2}) {
    static constexpr absl::string_view kNames[] = {"Q", "K", "V"};
    if (absl::Status s = RequireRank(op, i, kNames[i], {3, 4}); !s.ok()) return s;
  }
  for (int i : {4, 5}) {
    absl::Status s = RequireRank(op, i, i == 4 ? "past_key" : "past_value", {4});
    if (!s.ok()) return s;
  }
  if (op.has(4) != op.has(5)) {
    return OpError("past_key and past_value belong together; give both or neither");
  }
  struct Side {
    Dim batch, heads, rows, size;
  } side[3];
  for (int i : {0, 1, 2}) {
    if (!op.ranked(i)) continue;
    Side& x = side[i];
    x.batch = op.dim(i, 0);
    x.rows = op.dim(i, -2);
    if (op.rank(i) == 4) {
      x.heads = op.dim(i, 1);
      x.size = op.dim(i, 3);
      continue;
    }
    const absl::string_view attr = i == 0 ? "q_num_heads" : "kv_num_heads";
    const int64_t heads = op.int_attr(attr, 0);
    if (absl::Status s = RequirePositive(op, attr, heads); !s.ok()) return s;
    absl::StatusOr<Dim> size = HeadSize(op, op.dim(i, 2), Dim(heads));
    if (!size.ok()) return size.status();
    x.heads = Dim(heads);
    x.size = *size;
  }
  auto& [q, k, v] = side;
  absl::Status s = Merge(op, &q.batch, k.batch, "batch of Q and K");
  if (s.ok()) s = Merge(op, &q.batch, v.batch, "batch of Q and V");
  if (s.ok()) s = Merge(op, &k.rows, v.rows, "sequence lengths of K and V");
  if (s.ok()) s = Merge(op, &k.heads, v.heads, "heads of K and V");
  if (s.ok()) s = Merge(op, &q.size, k.size, "head sizes of Q and K");

  AttentionSizes sizes;
  sizes.past = Dim(0);
  if (op.has(4)) {
    sizes.past = op.dim(4, 2);
    if (s.ok()) s = Merge(op, &sizes.past, op.dim(5, 2), "lengths of past_key and past_value");
    if (s.ok()) s = Merge(op, &q.batch, op.dim(4, 0), "batch of Q and past_key");
    if (s.ok()) s = Merge(op, &k.heads, op.dim(4, 1), "heads of K and past_key");
    if (s.ok()) s = Merge(op, &q.size, op.dim(4, 3), "head sizes of K and past_key");
    if (s.ok()) s = Merge(op, &v.size, op.dim(5, 3), "head sizes of V and past_value");
  }
  if (!s.ok()) return s;
  if (q.heads.known() && k.heads.known() &&
      (k.heads.value() < 1 || q.heads.value() % k.heads.value() != 0)) {
    return OpError(absl::StrCat("the query heads (", q.heads.value(),
                                ") are no multiple of the key heads (", k.heads.value(),
                                "); check q_num_heads and kv_num_heads"));
  }
  sizes.batch = q.batch;
  sizes.q_heads = q.heads;
  sizes.kv_heads = k.heads;
  sizes.queries = q.rows;
  sizes.keys = Size(op, sizes.past) + k.rows;
  sizes.qk_size = q.size;
  sizes.v_size = v.size;
  return sizes;
}

absl::Status AttentionShape(OpContext& op) {
  absl::StatusOr<AttentionSizes> read = ReadSizes(op);
  if (!read.ok()) return read.status();
  const AttentionSizes& s = *read;
  const DType dtype = op.dtype(0);
  if (!op.ranked(0)) {
    op.SetOut(0, Type::Unranked(dtype));
  } else if (op.rank(0) == 4) {
    op.SetOut(0, dtype, {s.batch, s.q_heads, s.queries, s.v_size});
  } else {
    op.SetOut(0, dtype, {s.batch, s.queries, Size(op, s.q_heads) * s.v_size});
  }
  op.SetOut(1, op.dtype(1), {s.batch, s.kv_heads, s.keys, s.qk_size});
  op.SetOut(2, op.dtype(2), {s.batch, s.kv_heads, s.keys, s.v_size});
  op.SetOut(3, dtype, {s.batch, s.q_heads, s.queries, s.keys});
  return absl::OkStatus();
}

absl::Status AttentionWork(OpContext& op) {
  absl::StatusOr<AttentionSizes> sizes = ReadSizes(op);
  if (!sizes.ok()) return sizes.status();
  AttentionMask mask;
  mask.left = op.int_attr("left_window_size", -1);
  mask.right = op.int_attr("right_window_size", -1);
  if (op.int_attr("is_causal", 0) != 0) mask.right = 0;
  mask.offset = sizes->past;
  // A cache kept outside: the lengths in use are data; counted as if all of it were in use.
  if (op.has(6)) mask.offset = Size(op, sizes->keys) - sizes->queries;
  const bool added_mask = op.has(3) && op.dtype(3) != DType::kBool;
  const bool capped = op.float_attr("softcap", 0) != 0;
  CountAttention(op, *sizes, mask, (added_mask ? 1 : 0) + (capped ? 2 : 0), capped ? 1 : 0);
  return absl::OkStatus();
}

// --- FlexAttention: Q, K, V of rank 4; score_mod and prob_mod change scores and probabilities ---
//
// The two are regions from [B, heads, queries, keys] to the same, run once each; their ops are
// counted as what they are, beside the attention.

absl::Status FlexAttentionShape(OpContext& op) {
  for (int i : {0, 1, 2}) {
    if (absl::Status s = RequireRank(op, i, "Q, K and V", {4}); !s.ok()) return s;
  }
  absl::StatusOr<AttentionSizes> s = ReadSizes(op);
  if (!s.ok()) return s.status();
  const DType dtype = op.dtype(0);
  const Type scores = Type::Tensor(
      TypeAttr(op, "softmax_precision", dtype == DType::kF64 ? DType::kF64 : DType::kF32),
      {s->batch, s->q_heads, s->queries, s->keys});
  for (absl::string_view name : {"score_mod", "prob_mod"}) {
    const RegionId region = op.region_attr(name);
    if (!region.has_value()) continue;
    if (op.graph().region(region).args.size() != 1 ||
        op.graph().region(region).results.size() != 1) {
      return OpError(absl::StrCat("`", name, "` takes ", op.graph().region(region).args.size(),
                                  " and makes ", op.graph().region(region).results.size(),
                                  " tensors; give it one of each"));
    }
    if (absl::Status inferred = op.env().InferRegion(region, {scores}, {}); !inferred.ok()) {
      return inferred;
    }
  }
  op.SetOut(0, dtype, {s->batch, s->q_heads, s->queries, s->v_size});
  return absl::OkStatus();
}

absl::Status FlexAttentionWork(OpContext& op) {
  absl::StatusOr<AttentionSizes> sizes = ReadSizes(op);
  if (!sizes.ok()) return sizes.status();
  AttentionMask mask;
  mask.offset = Dim(0);
  CountAttention(op, *sizes, mask, 0, 0);
  return absl::OkStatus();
}

// --- RotaryEmbedding: X, cos_cache, sin_cache, position_ids ---

struct RotarySizes {
  Dim batch, rows, heads, head_size, rotated;
};

absl::StatusOr<RotarySizes> ReadRotary(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "X", {3, 4}); !s.ok()) return s;
  RotarySizes r;
  if (!op.ranked(0)) return r;
  r.batch = op.dim(0, 0);
  r.rows = op.dim(0, -2);
  if (op.rank(0) == 4) {
    r.heads = op.dim(0, 1);
    r.head_size = op.dim(0, 3);
  } else {
    const int64_t heads = op.int_attr("num_heads", 0);
    if (absl::Status s = RequirePositive(op, "num_heads", heads); !s.ok()) return s;
    absl::StatusOr<Dim> size = HeadSize(op, op.dim(0, 2), Dim(heads));
    if (!size.ok()) return size.status();
    r.heads = Dim(heads);
    r.head_size = *size;
  }
  const int64_t rotated = op.int_attr("rotary_embedding_dim", 0);
  if (rotated < 0 || (r.head_size.known() && rotated > r.head_size.value())) {
    return OpError(absl::StrCat("rotary_embedding_dim is ", rotated, " for heads of ",
                                Text(op, r.head_size), "; give at most the head size"));
  }
  r.rotated = rotated == 0 ? r.head_size : Dim(rotated);
  return r;
}

absl::Status RotaryShape(OpContext& op) {
  if (absl::StatusOr<RotarySizes> r = ReadRotary(op); !r.ok()) return r.status();
  return SameAsFirst(op);
}

absl::Status RotaryWork(OpContext& op) {
  absl::StatusOr<RotarySizes> r = ReadRotary(op);
  if (!r.ok()) return r.status();
  const Size tokens = Size(op, r->batch) * r->rows;
  op.work().flops = 3 * tokens * r->heads * r->rotated;
  if (!op.has(3)) return absl::OkStatus();
  for (int i : {1, 2}) op.work().reads[i] = tokens * op.dim(i, -1);
  return absl::OkStatus();
}

// --- LinearAttention: query, key, value, past_state, decay, beta ---
//
// Per token and key head a state of dk x dv is kept: scaled by the decay, corrected (delta rules:
// one product with the key), and added an outer product; each query head then takes one product
// with it.

struct LinearSizes {
  Dim batch, tokens, q_heads, kv_heads, k_size, v_size;
};

absl::StatusOr<LinearSizes> ReadLinear(OpContext& op) {
  for (int i : {0, 1, 2}) {
    if (absl::Status s = RequireRank(op, i, "query, key and value", {3}); !s.ok()) return s;
  }
  if (absl::Status s = RequireRank(op, 3, "past_state", {4}); !s.ok()) return s;
  const int64_t q_heads = op.int_attr("q_num_heads", 0);
  const int64_t kv_heads = op.int_attr("kv_num_heads", 0);
  absl::Status s = RequirePositive(op, "q_num_heads", q_heads);
  if (s.ok()) s = RequirePositive(op, "kv_num_heads", kv_heads);
  if (!s.ok()) return s;
  LinearSizes r;
  r.q_heads = Dim(q_heads);
  r.kv_heads = Dim(kv_heads);
  r.batch = op.dim(0, 0);
  r.tokens = op.dim(0, 1);
  s = Merge(op, &r.batch, op.dim(1, 0), "batch of query and key");
  if (s.ok()) s = Merge(op, &r.batch, op.dim(2, 0), "batch of query and value");
  if (s.ok()) s = Merge(op, &r.tokens, op.dim(1, 1), "tokens of query and key");
  if (s.ok()) s = Merge(op, &r.tokens, op.dim(2, 1), "tokens of query and value");
  if (!s.ok()) return s;
  absl::StatusOr<Dim> k_size = HeadSize(op, op.dim(0, 2), r.q_heads);
  if (!k_size.ok()) return k_size.status();
  absl::StatusOr<Dim> v_size = HeadSize(op, op.dim(2, 2), r.kv_heads);
  if (!v_size.ok()) return v_size.status();
  r.k_size = *k_size;
  r.v_size = *v_size;
  return r;
}

absl::Status LinearAttentionShape(OpContext& op) {
  absl::StatusOr<LinearSizes> r = ReadLinear(op);
  if (!r.ok()) return r.status();
  op.SetOut(0, op.dtype(0), {r->batch, r->tokens, Size(op, r->q_heads) * r->v_size});
  op.SetOut(1, op.has(3) ? op.dtype(3) : op.dtype(0),
            {r->batch, r->kv_heads, r->k_size, r->v_size});
  return absl::OkStatus();
}

absl::Status LinearAttentionWork(OpContext& op) {
  absl::StatusOr<LinearSizes> read = ReadLinear(op);
  if (!read.ok()) return read.status();
  const LinearSizes& r = *read;
  const absl::string_view rule = op.string_attr("update_rule", "gated_delta");
  const bool gated = rule == "gated" || rule == "gated_delta";
  const bool delta = rule == "delta" || rule == "gated_delta";
  const Size tokens = Size(op, r.batch) * r.tokens;
  const Size products = Size(op, r.q_heads) + (delta ? 2 : 1) * Size(op, r.kv_heads);
  const Size macs = tokens * products * r.k_size * r.v_size;
  Work& work = op.work();
  work.macs = macs;
  Size flops = 2 * macs + tokens * r.q_heads * r.v_size;  // scaling the result
  if (gated) {
    flops += tokens * r.kv_heads * r.k_size * r.v_size;
    work.transcendentals = op.in_elements(4);
  }
  if (delta) flops += 2 * tokens * r.kv_heads * r.v_size;
  work.flops = flops;
  Nest nest;
  nest.kind = Nest::Kind::kRecurrence;
  nest.batch = r.batch;
  nest.groups = products;
  nest.n = r.v_size;
  nest.k = r.k_size;
  nest.steps = r.tokens;
  nest.multiply = op.dtype(0);
  nest.accumulate = AccumulateType(nest.multiply);
  work.nest = std::move(nest);
  return absl::OkStatus();
}

}  // namespace

void CountAttention(OpContext& op, const AttentionSizes& sizes, const AttentionMask& mask,
                    int64_t extra_flops, int64_t extra_transcendentals) {
  const Size heads = Size(op, sizes.batch) * sizes.q_heads;
  Size twice_pairs = heads * TwiceVisiblePairs(op, sizes, mask);
  Dim keys = sizes.keys;
  if (mask.most_pairs.has_value()) {
    twice_pairs = Min(twice_pairs, 2 * heads * *mask.most_pairs);
    keys = Min(Size(op, keys), op.dims().CeilDiv(*mask.most_pairs, sizes.queries));
  }
  const Size depth = Size(op, sizes.qk_size) + sizes.v_size;
  Work& work = op.work();
  work.macs = FloorDiv(twice_pairs * depth, 2);
  work.flops = twice_pairs * depth + FloorDiv((4 + extra_flops) * twice_pairs, 2);
  work.transcendentals = FloorDiv((1 + extra_transcendentals) * twice_pairs, 2);
  work.comparisons = FloorDiv(twice_pairs, 2);
  Nest nest;
  nest.kind = Nest::Kind::kAttention;
  nest.batch = heads;
  nest.m = sizes.queries;
  nest.n = keys;
  nest.k = depth;
  nest.multiply = op.dtype(0);
  nest.accumulate = AccumulateType(nest.multiply);
  work.nest = std::move(nest);
}

absl::StatusOr<Dim> HeadSize(OpContext& op, Dim hidden, Dim heads) {
  if (hidden.unknown() || heads.unknown()) return Dim();
  if (std::optional<Dim> size = op.dims().DivideExactly(hidden, heads)) return *size;
  if (hidden.known() && heads.known()) {
    return OpError(absl::StrCat("a hidden size of ", hidden.value(), " does not divide into ",
                                heads.value(), " heads; check the number of heads"));
  }
  return op.dims().FloorDiv(hidden, heads);
}

absl::Span<const OpRow> AttentionOps() {
  static const OpRow kRows[] = {
      {.name = "Attention",
       .versions = "23 24 25",
       .family = Family::kAttention,
       .role = Role::kAttention,
       .shape = AttentionShape,
       .work = AttentionWork,
       .formula =
           "macs = batch * query heads * visible pairs * (head size of Q + of V); pairs = queries "
           "* "
           "keys, causal S P + S (S + 1) / 2 behind P cached keys, windows exactly; per pair 4 "
           "flops, an exponential and a comparison, 1 flop for an added mask, 2 and a tanh for a "
           "cap"},
      {.name = "FlexAttention",
       .domain = "ai.onnx.preview",
       .versions = "1",
       .family = Family::kAttention,
       .role = Role::kAttention,
       .shape = FlexAttentionShape,
       .work = FlexAttentionWork,
       .formula = "as Attention, every pair visible; score_mod and prob_mod are counted op by op"},
      {.name = "RotaryEmbedding",
       .versions = "23",
       .family = Family::kAttention,
       .role = Role::kPointwise,
       .shape = RotaryShape,
       .work = RotaryWork,
       .inplace = 0,
       .formula = "3 flops per rotated element: 4 products and 2 additions per pair; reads the "
                  "rows of the "
                  "caches that position_ids pick"},
      {.name = "LinearAttention",
       .versions = "27",
       .family = Family::kAttention,
       .role = Role::kAttention,
       .shape = LinearAttentionShape,
       .work = LinearAttentionWork,
       .formula =
           "macs = batch * tokens * dk * dv * (query heads + key heads, twice for delta rules); "
           "gates add one flop per element of the state and token"},
  };
  return kRows;
}

}  // namespace assay
