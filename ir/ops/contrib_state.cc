// com.microsoft: layers that carry a state from call to call, and AttnLSTM.
//
//   CausalConvWithState    macs = outputs * kernel elements: each channel by itself
//   GatedDeltaNet          macs = tokens * value heads * dk * dv * products
//   AttnLSTM               an LSTM whose input is [X, attention], attention of Bahdanau's kind
//
// Per token and value head of a gated delta net a state of dk x dv is kept: scaled by the decay,
// corrected (delta rules: one product with the key), and added an outer product; the query then
// takes one product with it. Source: ONNX Runtime's ContribOperators.md.
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/ops/contrib.h"
#include "ir/ops/contrib_attention.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

// --- CausalConvWithState: input [B, C, D...] (channels_last: [B, L, C...]), weight [C, 1, k...],
// bias, past_state [W, B, C, D..., (k - 1) * dilation], of which W is left out when it is 0 ---

struct CausalConv {
  int64_t spatial = 1, dilation = 1, window = 0;
  bool channels_last = false;
  int causal_axis() const { return channels_last ? 1 : static_cast<int>(spatial) + 1; }
};

absl::StatusOr<CausalConv> ReadCausalConv(OpContext& op) {
  CausalConv c;
  c.spatial = op.int_attr("ndim", 1);
  c.dilation = op.int_attr("dilation", 1);
  c.window = op.int_attr("state_window", 0);
  c.channels_last = op.int_attr("channels_last", 0) != 0;
  if (c.spatial < 1 || c.spatial > 3 || (c.channels_last && c.spatial != 1)) {
    return OpError(
        absl::StrCat("ndim is ", c.spatial, "; use 1, 2 or 3, and 1 where channels are last"));
  }
  if (absl::Status s = RequirePositive(op, "dilation", c.dilation); !s.ok()) return s;
  if (c.window < 0) return OpError("state_window is negative; give 0 or more");
  const int rank = static_cast<int>(c.spatial) + 2;
  if (absl::Status s = RequireRank(op, 1, "weight", {rank}); !s.ok()) return s;
  if (op.ranked(0) && (c.channels_last ? op.rank(0) < 3 : op.rank(0) != rank)) {
    return OpError(absl::StrCat("the input has rank ", op.rank(0), "; give it rank ", rank));
  }
  return c;
}

// Positions of the past that a state holds.
Size StateLength(OpContext& op, int64_t dilation) {
  return (Size(op, op.dim(1, -1)) - 1) * dilation;
}

// Work of outputs that are sums over the kernel of operand 1, channel by channel.
void CountDepthwise(OpContext& op, int bias, Dim batch, Dim positions, int64_t dilation) {
  const Size out(op, op.out_elements(0));
  if (!op.ranked(1) || op.rank(1) < 3) {
    op.work().macs = op.work().flops = Dim();
    return;
  }
  const Size kernel(op, ProductOf(op, op.in(1).dims, 2, op.rank(1)));
  const Size macs = out * kernel;
  const absl::string_view activation = op.string_attr("activation", "none");
  const bool silu = activation == "silu" || activation == "swish";
  Work& work = op.work();
  work.macs = macs;
  work.flops = 2 * macs + out * ((op.has(bias) ? 1 : 0) + (silu ? 3 : 0));
  if (silu) work.transcendentals = out;
  if (!kernel.dim.known()) return;
  Nest nest;
  nest.kind = Nest::Kind::kConv;
  nest.batch = batch;
  nest.groups = op.dim(1, 0);
  nest.m = positions;
  nest.k = kernel;
  for (int i = 2; i < op.rank(1); ++i) {
    nest.kernel.push_back(op.dim(1, i).value());
    nest.stride.push_back(1);
    nest.dilation.push_back(i + 1 == op.rank(1) ? dilation : 1);
  }
  nest.shared_b = true;
  nest.multiply = op.dtype(0);
  nest.accumulate = AccumulateType(op.dtype(0));
  work.nest = std::move(nest);
}

}  // namespace

absl::Status ContribCausalConvShape(OpContext& op) {
  absl::StatusOr<CausalConv> c = ReadCausalConv(op);
  if (!c.ok()) return c.status();
  op.SetOut(0, op.in(0));
  if (!op.ranked(0)) return Unranked(op, 1, op.dtype(0));
  Dims state = op.in(0).dims;
  state[c->causal_axis()] = StateLength(op, c->dilation);
  if (c->window > 0) state.insert(state.begin(), Dim(c->window));
  if (op.ranked(3)) {
    if (op.rank(3) != static_cast<int>(state.size())) {
      return OpError(
          absl::StrCat("past_state has rank ", op.rank(3), "; give it rank ", state.size()));
    }
    for (int i = 0; i < op.rank(3); ++i) {
      absl::Status s = Merge(op, &state[i], op.dim(3, i), "sizes of the input and of past_state");
      if (!s.ok()) return s;
    }
  }
  op.SetOut(1, op.dtype(0), std::move(state));
  return absl::OkStatus();
}

absl::Status ContribCausalConvWork(OpContext& op) {
  absl::StatusOr<CausalConv> c = ReadCausalConv(op);
  if (!c.ok()) return c.status();
  const Dims& in = op.in(0).dims;
  const int end = c->channels_last ? 2 : static_cast<int>(in.size());
  const Dim positions = op.ranked(0) ? ProductOf(op, in, c->channels_last ? 1 : 2, end) : Dim();
  CountDepthwise(op, 2, op.dim(0, 0), positions, c->dilation);
  return absl::OkStatus();
}

// --- VarlenCausalConvWithState: input [T, C], weight [C, 1, k], cumulative lengths [B + 1], bias,
// initial_state [B, C, (k - 1) * dilation] ---

absl::Status VarlenConvShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "input", {2}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 1, "weight", {3}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 4, "initial_state", {3}); !s.ok()) return s;
  const int64_t dilation = op.int_attr("dilation", 1);
  if (absl::Status s = RequirePositive(op, "dilation", dilation); !s.ok()) return s;
  Dim channels = op.dim(0, 1), batch = op.dim(4, 0), kept = StateLength(op, dilation);
  absl::Status s = Merge(op, &channels, op.dim(1, 0), "channels of the input and of the weights");
  if (s.ok()) s = Merge(op, &channels, op.dim(4, 1), "channels of the input and of the state");
  if (s.ok()) s = Merge(op, &kept, op.dim(4, 2), "(kernel size - 1) * dilation and the state");
  if (s.ok() && batch.unknown()) batch = Size(op, op.dim(2, 0)) - 1;
  if (!s.ok()) return s;
  op.SetOut(0, op.dtype(0), {op.dim(0, 0), channels});
  op.SetOut(1, op.dtype(0), {batch, channels, kept});
  op.SetOut(2, op.dtype(0), {batch, Dim(op.int_attr("state_update_capacity", 0)), channels});
  return absl::OkStatus();
}

absl::Status VarlenConvWork(OpContext& op) {
  CountDepthwise(op, 3, Dim(1), op.dim(0, 0), op.int_attr("dilation", 1));
  return absl::OkStatus();
}

// --- GatedDeltaNet: query [T, heads, dk] (or [B, S, heads, dk], or all three side by side), key,
// value [T, value heads, dv], cumulative lengths, decay, beta, initial_state [B, value heads, dv,
// dk], a_log, dt_bias ---

namespace {

struct DeltaSizes {
  Dims tokens;  // [T], or [B, S]
  Dim batch, heads, value_heads, k_size, v_size;
};

absl::StatusOr<DeltaSizes> ReadDelta(OpContext& op) {
  const bool packed = !op.has(1);
  if (absl::Status s = RequireRank(op, 6, "initial_state", {4}); !s.ok()) return s;
  DeltaSizes r;
  if (packed) {
    if (!op.has(6)) return OpError("Q, K and V are one operand; give an initial_state");
    if (absl::Status s = RequireRank(op, 0, "query", {2, 3}); !s.ok()) return s;
    r.value_heads = op.dim(6, 1);
    r.v_size = op.dim(6, 2);
    r.k_size = op.dim(6, 3);
    const Size keys = Size(op, op.dim(0, -1)) - Size(op, r.value_heads) * r.v_size;
    absl::StatusOr<Dim> heads = DivideWhole(op, keys, 2 * Size(op, r.k_size), "columns of Q and K");
    if (!heads.ok()) return heads.status();
    r.heads = *heads;
  } else {
    for (int i : {0, 1, 2}) {
      if (absl::Status s = RequireRank(op, i, "query, key or value", {3, 4}); !s.ok()) return s;
    }
    r.heads = op.dim(0, -2);
    r.k_size = op.dim(0, -1);
    r.value_heads = op.dim(2, -2);
    r.v_size = op.dim(2, -1);
    absl::Status s = Merge(op, &r.k_size, op.dim(1, -1), "head sizes of query and key");
    if (s.ok()) s = Merge(op, &r.heads, op.dim(1, -2), "heads of query and key");
    if (s.ok()) s = Merge(op, &r.value_heads, op.dim(6, 1), "heads of value and state");
    if (!s.ok()) return s;
  }
  if (op.ranked(0)) {
    const Dims& dims = op.in(0).dims;
    r.tokens.assign(dims.begin(), dims.end() - (packed ? 1 : 2));
  }
  if (op.has(6)) {
    r.batch = op.dim(6, 0);
  } else if (op.has(3)) {
    r.batch = Size(op, op.dim(3, 0)) - 1;
  } else if (r.tokens.size() == 2) {
    r.batch = r.tokens[0];
  }
  return r;
}

}  // namespace

absl::Status GatedDeltaShape(OpContext& op) {
  absl::StatusOr<DeltaSizes> read = ReadDelta(op);
  if (!read.ok()) return read.status();
  const DeltaSizes& r = *read;
  if (op.ranked(0)) {
    Dims out = r.tokens;
    out.push_back(Max(Size(op, r.heads), r.value_heads));
    out.push_back(r.v_size);
    op.SetOut(0, op.dtype(0), std::move(out));
  } else {
    op.SetOut(0, Type::Unranked(op.dtype(0)));
  }
  op.SetOut(1, DType::kF32, {r.batch, r.value_heads, r.v_size, r.k_size});
  const Size row =
      Size(op, r.value_heads) + Size(op, r.heads) * r.k_size + Size(op, r.value_heads) * r.v_size;
  op.SetOut(2, DType::kF32, {r.batch, op.int_attr("state_update_capacity", 0) * row});
  return absl::OkStatus();
}

absl::Status GatedDeltaWork(OpContext& op) {
  absl::StatusOr<DeltaSizes> read = ReadDelta(op);
  if (!read.ok()) return read.status();
  const DeltaSizes& r = *read;
  const absl::string_view rule = op.string_attr("update_rule", "gated_delta");
  const bool gated = rule == "gated" || rule == "gated_delta";
  const bool delta = rule == "delta" || rule == "gated_delta";
  const Size tokens = op.ranked(0) ? Product(op, r.tokens) : Size(op, Dim());
  const Size products = (delta ? 3 : 2) * Size(op, r.value_heads);
  const Size macs = tokens * products * r.k_size * r.v_size;
  const Size values = tokens * r.value_heads * r.v_size;
  Size flops = 2 * macs + values;  // scaling the result
  Size transcendentals(op, 0);
  if (gated) {
    flops += values * r.k_size;
    if (op.has(4)) transcendentals += op.in_elements(4);
    if (op.string_attr("gate_activation", "none") == "qwen" && op.has(4)) {
      // -exp(a_log) * softplus(decay + dt_bias)
      flops += 3 * Size(op, op.in_elements(4));
      transcendentals += 2 * Size(op, op.in_elements(4));
      if (op.has(7)) {
        flops += op.in_elements(7);
        transcendentals += op.in_elements(7);
      }
    }
  }
  if (delta) {
    flops += 2 * values;  // the difference, and beta times it
    if (op.string_attr("beta_activation", "none") == "sigmoid" && op.has(5)) {
      flops += 2 * Size(op, op.in_elements(5));
      transcendentals += op.in_elements(5);
    }
  }
  if (op.int_attr("qk_l2_norm", 0) !=
      0) {  // per vector of Q and K squares, a sum, a root, quotients
    const Size vectors = 2 * tokens * r.heads;
    flops += 3 * vectors * r.k_size;
    transcendentals += vectors;
  }
  Work& work = op.work();
  work.macs = macs;
  work.flops = flops;
  work.transcendentals = transcendentals;
  Nest nest;
  nest.kind = Nest::Kind::kRecurrence;
  std::optional<Dim> steps;
  if (!r.batch.unknown() && !tokens.dim.unknown()) steps = op.dims().DivideExactly(tokens, r.batch);
  if (steps.has_value()) nest.batch = r.batch;
  nest.groups = products;
  nest.n = r.v_size;
  nest.k = r.k_size;
  nest.steps = steps.value_or(tokens.dim);
  nest.multiply = op.dtype(0);
  nest.accumulate = AccumulateType(nest.multiply);
  work.nest = std::move(nest);
  return absl::OkStatus();
}

// --- AttnLSTM: X [S, B, I], W [D, 4 H, I + A], R, B, sequence_lens, initial_h, initial_c, P, QW
// [D, H, attn], MW [D, depth, attn], V [D, attn], M [B, keys, depth], memory_seq_lens, AW [D, depth
// + H, A] ---

namespace {

constexpr char kLstm[] = "LSTM";

// The wrapped LSTM reads X with the attention state beside it.
View WithAttention(OpContext& op) {
  Type x = op.in(0);
  View view;
  if (!op.has(0) || !x.ranked || x.rank() != 3 || !op.ranked(1) || op.rank(1) != 3) return view;
  x.dims[2] = op.dim(1, 2);
  view.operands.emplace_back(op.input_id(0), std::move(x));
  return view;
}

}  // namespace

absl::Status AttnLstmShape(OpContext& op) {
  static constexpr absl::string_view kNames[] = {"QW", "MW", "V", "M", "", "AW"};
  for (int i : {8, 9, 10, 11, 13}) {
    if (absl::Status s = RequireRank(op, i, kNames[i - 8], {i == 10 ? 2 : 3}); !s.ok()) return s;
  }
  Dim width = Size(op, op.dim(0, 2)) + (op.has(13) ? op.dim(13, 2) : op.dim(11, 2));
  if (op.has(11)) {
    absl::Status s =
        Merge(op, &width, op.dim(1, 2), "columns of X with the attention state, and columns of W");
    if (!s.ok()) return s;
  }
  return RunShape(op, StandardShape<kLstm>, WithAttention(op));
}

absl::Status AttnLstmWork(OpContext& op) {
  if (absl::Status s = RunWork(op, StandardWork<kLstm>, WithAttention(op)); !s.ok()) return s;
  if (!op.has(8) || !op.has(9) || !op.has(10) || !op.has(11)) return absl::OkStatus();
  const Size directions(op, op.dim(1, 0)), batch(op, op.dim(0, 1)), steps(op, op.dim(0, 0));
  const Size keys = batch * op.dim(11, 1), depth(op, op.dim(11, 2));
  const Dim hidden = op.dim(2, 2), columns = op.dim(8, 2);
  const Size asked = directions * steps;  // how often the memory is looked at
  AddProjection(op, directions * keys, depth, columns, /*bias=*/false);
  AddProjection(op, asked * batch, hidden, columns, /*bias=*/false);
  AddProjection(op, asked * keys, columns, Dim(1), /*bias=*/false);  // V * tanh(...)
  AddProjection(op, asked * keys, Dim(1), depth, /*bias=*/false);    // the context
  if (op.has(13)) AddProjection(op, asked * batch, depth + hidden, op.dim(13, 2), /*bias=*/false);
  // keys + query, tanh; softmax takes 3 flops, an exponential and a comparison per key.
  AddFlops(op, asked * keys * columns + 3 * asked * keys);
  AddTranscendentals(op, asked * keys * columns + asked * keys);
  AddComparisons(op, asked * keys);
  return absl::OkStatus();
}

}  // namespace assay
