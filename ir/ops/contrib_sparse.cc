// com.microsoft: attention to entries that an indexer selected, and the indexers.
//
// Which entries are selected is data; how many there can be is not. Per query at most as many count
// as a row of selected_indices holds (and as there are), and in mode local_plus_selected those of
// the local window beside them:
//
//   macs = query heads * (selected pairs + local pairs) * (head size of Q + of V)
//
// An indexer scores every query against every entry by all its heads, macs = queries * entries *
// heads * head size, and takes the k best. Policy `qsa` pools compress_ratio keys into an entry by
// their mean, `csa` by a softmax over 2 compress_ratio slots. Source: ONNX Runtime's
// ContribOperators.md.
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/ops/contrib_attention.h"
#include "ir/ops/matmul.h"
#include "ir/ops/normalization.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

// RMS normalisation of `rows` rows of `size`, with a scale.
void AddRmsNorm(OpContext& op, Dim rows, Dim size) {
  AddFlops(op, (kRmsFlops + 1) * Size(op, rows) * size + kGroupFlops * Size(op, rows));
  AddTranscendentals(op, rows);
}

// Where the operands stand that the two attentions have in common, and which axis of the auxiliary
// cache counts entries.
struct SparsePlaces {
  int key_cache, value_cache, indices, aux_key, cos, sin, sink, q_norm, k_norm, aux_axis;
};
constexpr SparsePlaces kDynamic = {3, 4, 7, 5, 11, 12, 16, 14, 15, 2};
constexpr SparsePlaces kPaged = {3, 4, 9, 11, 14, 15, 16, 17, 18, 1};

struct Selection {
  bool local = false, auxiliary = false;
  int64_t window = -1;
};

absl::StatusOr<Selection> ReadSelection(OpContext& op) {
  const absl::string_view mode = op.string_attr("attention_mode", "selected_only");
  const absl::string_view source = op.string_attr("selected_kv_source", "main");
  if (mode != "selected_only" && mode != "local_plus_selected") {
    return OpError(
        absl::StrCat("attention_mode is `", mode, "`; use selected_only or local_plus_selected"));
  }
  if (source != "main" && source != "auxiliary") {
    return OpError(absl::StrCat("selected_kv_source is `", source, "`; use main or auxiliary"));
  }
  Selection s;
  s.local = mode == "local_plus_selected";
  s.auxiliary = source == "auxiliary";
  s.window = op.int_attr("local_window_size", -1);
  return s;
}

// Counts the attention of `a` to at most `limit` keys per query; exactly, where positions are known
// (a causal mask), as the limit then works like a window.
void CountLimited(OpContext& op, AttentionSizes a, AttentionMask mask, std::optional<Dim> limit,
                  bool capped) {
  if (limit.has_value() && mask.right == 0 && limit->known() && limit->value() > 0) {
    mask.left = limit->value() - 1;
  } else if (limit.has_value()) {
    a.keys = Min(Size(op, a.keys), *limit);
    mask = {};
  }
  CountAttention(op, a, mask, capped ? 2 : 0, capped ? 1 : 0);
  if (limit.has_value()) op.work().nest->n = Min(Size(op, a.keys), *limit);
}

// Rows of a cache that `tokens` queries read, each at most `limit` of `all`.
Size RowsRead(OpContext& op, Dim all, Dim tokens, std::optional<Dim> limit) {
  return limit.has_value() ? Min(Size(op, tokens) * *limit, all) : Size(op, all);
}

// `caches` is how many sequences the main cache holds, beside sizes.batch images of queries.
void CountSparse(OpContext& op, const SparsePlaces& at, const Selection& selection,
                 const AttentionSizes& a, const AttentionMask& mask, Dim caches) {
  const Dim selected = op.dim(at.indices, -1), aux_keys = op.dim(at.aux_key, at.aux_axis);
  const bool capped = op.float_attr("softcap", 0) != 0;
  const Size tokens = Size(op, a.batch) * a.queries;
  const std::optional<Dim> window =
      selection.window > 0 ? std::optional<Dim>(selection.window) : std::nullopt;

  Work& work = op.work();
  Size main_rows(op, 0), aux_rows(op, 0);
  if (selection.auxiliary) {
    AttentionSizes aux = a;
    aux.keys = aux_keys;
    CountLimited(op, aux, {}, selected, capped);
    aux_rows = RowsRead(op, Size(op, op.dim(at.aux_key, 0)) * aux_keys, tokens, selected);
  } else {
    CountLimited(op, a, mask, selected, capped);
    main_rows = RowsRead(op, Size(op, caches) * a.keys, tokens, selected);
  }
  if (selection.local) {  // one softmax over both
    const Work chosen = work;
    CountLimited(op, a, mask, window, capped);
    work.macs = Size(op, work.macs) + chosen.macs;
    work.nest->n = Size(op, work.nest->n) + chosen.nest->n;
    AddFlops(op, chosen.flops);
    AddTranscendentals(op, chosen.transcendentals);
    AddComparisons(op, chosen.comparisons);
    main_rows = Min(main_rows + RowsRead(op, Size(op, caches) * a.keys, tokens, window),
                    Size(op, caches) * a.keys);
  }
  // A sink is one more entry per query and head, without a key or a value.
  if (op.has(at.sink) || op.int_attr("smooth_softmax", 0) != 0) {
    const Size rows = tokens * a.q_heads;
    AddFlops(op, 2 * rows);
    AddTranscendentals(op, rows);
    AddComparisons(op, rows);
  }
  if (op.has(at.q_norm)) AddRmsNorm(op, tokens * a.q_heads, a.qk_size);
  if (op.has(at.k_norm)) AddRmsNorm(op, tokens * a.kv_heads, a.qk_size);
  if (op.int_attr("do_rotary", 0) != 0) {
    const Size width = op.has(at.cos) ? 2 * Size(op, op.dim(at.cos, -1)) : Size(op, a.qk_size);
    AddFlops(op, 3 * tokens * (Size(op, a.q_heads) + a.kv_heads) * width);
    for (int i : {at.cos, at.sin}) {
      if (op.has(i)) work.reads[i] = tokens * op.dim(i, -1);
    }
  }
  // Of the caches the rows that are seen are read, and the new ones written.
  const Dim sizes[] = {a.qk_size, a.v_size};
  for (int i : {0, 1}) {
    if (op.has(at.key_cache + i)) {
      work.reads[at.key_cache + i] = main_rows * a.kv_heads * sizes[i];
      if (op.has_out(1 + i)) work.writes[1 + i] = tokens * a.kv_heads * sizes[i];
    }
    if (op.has(at.aux_key + i)) work.reads[at.aux_key + i] = aux_rows * a.kv_heads * sizes[i];
  }
}

// --- DynamicSparseAttention ---

absl::StatusOr<AttentionSizes> ReadDynamic(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "query", {3}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 5, "auxiliary_key", {4}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 7, "selected_indices", {2}); !s.ok()) return s;
  absl::StatusOr<AttentionSizes> a = ReadHeads(op, /*grouped=*/true, !op.has(1));
  if (!a.ok()) return a.status();
  a->batch = op.dim(0, 0);
  a->queries = op.dim(0, 1);
  if (absl::Status s = ReadCache(op, 3, 4, &*a); !s.ok()) return s;
  // The cache is a buffer, as long as it may get; what is in use is a value.
  a->keys = op.has(3) ? a->past : a->queries;
  absl::StatusOr<Dim> total = LengthOperand(op, 10, "total_sequence_length");
  if (!total.ok()) return total.status();
  if (!total->unknown()) a->keys = *total;
  a->past = Size(op, a->keys) - a->queries;
  return *a;
}

// --- SparsePagedAttention ---

absl::StatusOr<AttentionSizes> ReadSparsePaged(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "query", {2}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 7, "block_table", {2}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 9, "selected_indices", {2}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 11, "auxiliary_key", {4}); !s.ok()) return s;
  absl::StatusOr<AttentionSizes> a = ReadHeads(op, /*grouped=*/true, !op.has(1));
  if (!a.ok()) return a.status();
  a->batch = Dim(1);
  a->queries = op.dim(0, 0);
  a->keys = Size(op, op.dim(7, 1)) * op.dim(3, 1);
  return *a;
}

// --- the indexers ---

struct Indexer {
  bool compressed = false;  // policy csa
  int64_t ratio = 1;        // tokens of an entry
  int64_t best = 0;         // entries kept per query
  Dim queries;              // of all requests
  Dim heads, size;
  Dim entries;  // that a query meets, at most
  Dim pooled;   // entries made by this call, of all requests
  Dim capacity() const { return Dim(compressed ? best : (best + 1) * ratio - 1); }
};

// What the attributes and the widths of the operands say; `entries` and `pooled` are left open.
absl::StatusOr<Indexer> ReadIndexer(OpContext& op) {
  Indexer x;
  const absl::string_view policy = op.string_attr("policy_mode", "");
  if (policy != "qsa" && policy != "csa") {
    return OpError(absl::StrCat("policy_mode is `", policy, "`; use qsa or csa"));
  }
  x.compressed = policy == "csa";
  x.ratio = op.int_attr("compress_ratio", 0);
  if (absl::Status s = RequirePositive(op, "compress_ratio", x.ratio); !s.ok()) return s;
  const absl::string_view budget = x.compressed ? "index_topk" : "token_budget";
  const int64_t kept = op.int_attr(budget, 0);
  if (absl::Status s = RequirePositive(op, budget, kept); !s.ok()) return s;
  constexpr int64_t kMost = int64_t{1} << 31;  // positions are 32-bit integers
  if (kept >= kMost || x.ratio >= kMost || (!x.compressed && kept % x.ratio != 0)) {
    return OpError(absl::StrCat(budget, " is ", kept, " and compress_ratio ", x.ratio,
                                "; give 32-bit numbers, token_budget a multiple of the ratio"));
  }
  x.best = x.compressed ? kept : kept / x.ratio;
  x.size = op.dim(2, 0);
  if (absl::Status s = Merge(op, &x.size, op.dim(3, 0), "sizes of the two norm weights"); !s.ok()) {
    return s;
  }
  if (x.size.known() && x.size.value() < 1) return OpError("query_norm_weight is empty");
  absl::StatusOr<Dim> heads = DivideWhole(op, op.dim(0, -1), x.size, "columns of the query");
  if (!heads.ok()) return heads.status();
  x.heads = op.has(1) ? *heads : (Size(op, *heads) - 1).dim;
  return x;
}

void CountIndexer(OpContext& op, const Indexer& x) {
  const Size queries(op, x.queries), pooled(op, x.pooled), heads(op, x.heads);
  const Size rows = queries * x.heads, pairs = queries * x.entries;
  CountProduct(op, rows, x.size, x.entries, op.dtype(0));
  if (op.work().nest.has_value()) op.work().nest->shared_b = false;
  // Queries and new entries are normalised and rotated.
  const Size width = (x.compressed ? 2 : 1) * Size(op, op.dim(4, -1));
  AddRmsNorm(op, rows + pooled, x.size);
  AddFlops(op, 3 * (rows + pooled) * width);
  for (int i : {4, 5}) {
    if (op.has(i)) op.work().reads[i] = (queries + pooled) * op.dim(i, -1);
  }
  if (x.compressed) {
    // Per slot and channel: a bias, softmax's 3 flops, a product and a sum.
    const Size slots = 2 * x.ratio * pooled * x.size;
    AddFlops(op, 6 * slots + rows);  // and the heads' weights are scaled
    AddTranscendentals(op, slots);
    AddComparisons(op, slots);
  } else {
    AddFlops(op, x.ratio * pooled * x.size);
  }
  // Per pair and head ReLU, scale, weight; then the sum over the heads, and the best as in TopK.
  AddFlops(op, pairs * ((x.compressed ? 3 : 2) * heads - 1));
  AddComparisons(op, pairs * heads + pairs + x.best * queries * SortRounds(op, Dim(x.best)));
}

// --- SparseAttentionIndexer: query [B, S, C], key, norm weights, cos, sin, mask, past_key [B, P,
// size], gate, position_bias, head_weights, position_ids, past_sequence_length, past_proj_buffer
// [2, B, L, 2 size] ---

struct DenseIndexer {
  Indexer indexer;
  Dim present, buffer;
};

// `names`: sizes that depend on contents become symbols, as a shape rule makes them; else they are
// as large as they can be.
absl::StatusOr<DenseIndexer> ReadDense(OpContext& op, bool names) {
  if (absl::Status s = RequireRank(op, 0, "query", {3}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 7, "past_key", {3}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 13, "past_proj_buffer", {4}); !s.ok()) return s;
  absl::StatusOr<Indexer> x = ReadIndexer(op);
  if (!x.ok()) return x.status();
  const Size batch(op, op.dim(0, 0)), tokens(op, op.dim(0, 1)), past(op, op.dim(7, 1));
  x->queries = batch * tokens;
  DenseIndexer d;
  Size fresh = tokens;  // rows that past_key grows by
  if (x->compressed) {
    // The buffer holds the window before, once there is one, and the incomplete one.
    const Dim held = op.has(13) ? op.dim(13, 2) : Dim(0);
    const bool before = held.known() && held.value() >= x->ratio;
    const Size open = Size(op, held.known() ? held : Dim()) - (before ? x->ratio : 0) + tokens;
    fresh = FloorDiv(open, x->ratio);
    if (fresh.dim.unknown()) {
      const Size most = FloorDiv(tokens + (x->ratio - 1), x->ratio);
      fresh.dim = names ? OrFresh(op, 1, Dim(), 0, most, "entries completed") : most.dim;
    }
    const Size rest = open - x->ratio * fresh;
    if (before || LowOf(op, fresh) > 0) {
      d.buffer = x->ratio + rest;
    } else if (fresh.dim.is(0)) {
      d.buffer = rest;
    }
    if (names) d.buffer = OrFresh(op, 2, d.buffer, 0, Dim(2 * x->ratio - 1), "tokens kept back");
  }
  d.present = op.has(12) ? past : past + fresh;
  // In a buffer as long as it may get, what is in use is a value.
  Size rows(op, d.present);
  if (op.has(12)) {
    absl::StatusOr<Dim> used = LengthOperand(op, 12, "past_sequence_length");
    if (!used.ok()) return used.status();
    if (!used->unknown()) rows = fresh + *used;
  }
  x->entries = x->compressed ? rows : FloorDiv(rows, x->ratio);
  x->pooled = batch * (x->compressed ? fresh.dim : x->entries);
  d.indexer = *std::move(x);
  return d;
}

// --- PackedSparseAttentionIndexer: query [T, C], key, norm weights, cos, sin, cumulative lengths
// [B + 1], past lengths, gate, position_bias, head_weights, position_ids, past_key_state [B,
// capacity, size], past_kv_buffer, past_gate_buffer, past_state_lengths ---

absl::StatusOr<Indexer> ReadPackedIndexer(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "query", {2}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 12, "past_key_state", {3}); !s.ok()) return s;
  absl::StatusOr<Indexer> x = ReadIndexer(op);
  if (!x.ok()) return x;
  x->queries = op.dim(0, 0);
  x->entries = op.dim(12, 1);
  // Each request may hold back one token less than an entry takes.
  const Size held = (x->ratio - 1) * Size(op, op.dim(12, 0));
  x->pooled = FloorDiv(held + x->queries, x->ratio);
  return x;
}

}  // namespace

absl::Status DynamicSparseShape(OpContext& op) {
  absl::StatusOr<AttentionSizes> a = ReadDynamic(op);
  if (!a.ok()) return a.status();
  if (absl::StatusOr<Selection> s = ReadSelection(op); !s.ok()) return s.status();
  op.SetOut(0, op.dtype(0), {a->batch, a->queries, Size(op, a->q_heads) * a->v_size});
  for (int i : {1, 2}) {
    if (op.has(2 + i)) {
      op.SetOut(i, op.in(2 + i));
    } else {
      op.SetOut(i, op.dtype(0), {a->batch, a->kv_heads, a->queries, a->qk_size});
    }
  }
  return absl::OkStatus();
}

absl::Status DynamicSparseWork(OpContext& op) {
  absl::StatusOr<AttentionSizes> a = ReadDynamic(op);
  if (!a.ok()) return a.status();
  absl::StatusOr<Selection> selection = ReadSelection(op);
  if (!selection.ok()) return selection.status();
  AttentionMask mask;
  mask.right = 0;
  mask.offset = a->past;
  CountSparse(op, kDynamic, *selection, *a, mask, a->batch);
  return absl::OkStatus();
}

absl::Status SparsePagedShape(OpContext& op) {
  absl::StatusOr<AttentionSizes> a = ReadSparsePaged(op);
  if (!a.ok()) return a.status();
  if (absl::StatusOr<Selection> s = ReadSelection(op); !s.ok()) return s.status();
  op.SetOut(0, op.dtype(0), {a->queries, Size(op, a->q_heads) * a->v_size});
  op.SetOut(1, op.in(3));
  op.SetOut(2, op.in(4));
  return absl::OkStatus();
}

absl::Status SparsePagedWork(OpContext& op) {
  absl::StatusOr<AttentionSizes> a = ReadSparsePaged(op);
  if (!a.ok()) return a.status();
  absl::StatusOr<Selection> selection = ReadSelection(op);
  if (!selection.ok()) return selection.status();
  // Where a token stands in its sequence is data.
  CountSparse(op, kPaged, *selection, *a, {}, op.dim(7, 0));
  // A cache of 8 bits: one product per element read; what is new is divided, rounded, saturated.
  const Size fresh = Size(op, a->queries) * a->kv_heads * a->qk_size;
  for (int i : {0, 1}) {
    if (!op.has(19 + i)) continue;
    AddFlops(op, Size(op, op.work().reads[3 + i]) + 2 * fresh);
    AddComparisons(op, 2 * fresh);
  }
  return absl::OkStatus();
}

absl::Status SparseIndexerShape(OpContext& op) {
  absl::StatusOr<DenseIndexer> d = ReadDense(op, /*names=*/true);
  if (!d.ok()) return d.status();
  const Indexer& x = d->indexer;
  op.SetOut(0, DType::kI32, {op.dim(0, 0), op.dim(0, 1), x.capacity()});
  op.SetOut(1, op.dtype(0), {op.dim(0, 0), d->present, x.size});
  op.SetOut(2, op.dtype(0), {Dim(2), op.dim(0, 0), d->buffer, 2 * Size(op, x.size)});
  return absl::OkStatus();
}

absl::Status SparseIndexerWork(OpContext& op) {
  absl::StatusOr<DenseIndexer> d = ReadDense(op, /*names=*/false);
  if (!d.ok()) return d.status();
  CountIndexer(op, d->indexer);
  return absl::OkStatus();
}

absl::Status PackedIndexerShape(OpContext& op) {
  absl::StatusOr<Indexer> x = ReadPackedIndexer(op);
  if (!x.ok()) return x.status();
  op.SetOut(0, DType::kI32, {x->queries, x->capacity()});
  op.SetOut(1, DType::kI32, {x->queries});
  for (int i : {2, 3, 4, 5}) op.SetOut(i, op.in(10 + i));
  op.SetOut(6, op.dtype(0), {op.dim(12, 0), Dim(op.int_attr("state_update_capacity", 0)), x->size});
  return absl::OkStatus();
}

absl::Status PackedIndexerWork(OpContext& op) {
  absl::StatusOr<Indexer> x = ReadPackedIndexer(op);
  if (!x.ok()) return x.status();
  CountIndexer(op, *x);
  return absl::OkStatus();
}

}  // namespace assay
