// com.microsoft: mixtures of experts.
//
// Each token goes to k of E experts; an expert is a feed-forward net: fc1 (and fc3, for gates), an
// activation, fc2. So of all experts' weights each token multiplies with k / E:
//
//   macs = tokens * k * weights of one expert
//
// whatever layout the weights are stored in. Weights are read of as many experts as there can be
// chosen: min(E, tokens * k). Beside that: the router's softmax and its k largest per token,
// biases, the activation, and the weighted sum of k results. Source: ONNX Runtime's
// ContribOperators.md.
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/ops/contrib.h"
#include "ir/ops/families.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

// Where the operands of MoE and of QMoE stand.
struct Places {
  int fc1, fc1_bias, fc2, fc2_bias, fc3, fc3_bias;
  bool packed;
};
constexpr Places kMoe = {2, 3, 4, 5, 6, 7, false};
constexpr Places kQMoe = {2, 4, 5, 7, 8, 10, true};

// What the activation costs per element of the inner layer.
struct Gate {
  absl::string_view name;
  int64_t flops, transcendentals, comparisons;
};
constexpr Gate kGates[] = {
    {"relu", 0, 0, 1},     {"gelu", 4, 1, 0},
    {"silu", 3, 1, 0},     {"swiglu", 6, 1, 3},  // clamps, G * sigmoid(alpha G) * (L + beta)
    {"identity", 0, 0, 0},
};

absl::StatusOr<Gate> ReadGate(OpContext& op) {
  const absl::string_view name = op.string_attr("activation_type", "relu");
  for (const Gate& g : kGates) {
    if (g.name == name) return g;
  }
  return OpError(
      absl::StrCat("activation_type is `", name, "`; use relu, gelu, silu, swiglu or identity"));
}

absl::Status MoeShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "input", {2, 3}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 1, "router_probs", {2}); !s.ok()) return s;
  if (absl::Status s = RequirePositive(op, "k", op.int_attr("k", 1)); !s.ok()) return s;
  if (absl::StatusOr<Gate> gate = ReadGate(op); !gate.ok()) return gate.status();
  return SameAsFirst(op);
}

// Weights that one byte holds, of the operand's projection.
absl::StatusOr<int64_t> PerStored(OpContext& op, const Places& at, int i) {
  if (!at.packed || (op.dtype(i) != DType::kU8 && op.dtype(i) != DType::kI8)) return 1;
  const absl::string_view own = i == at.fc1   ? "fc1_expert_weight_bits"
                                : i == at.fc2 ? "fc2_expert_weight_bits"
                                              : "fc3_expert_weight_bits";
  const bool fp4 = op.string_attr("quant_type", "int").find("fp4") != absl::string_view::npos;
  const int64_t bits = op.int_attr(own, op.int_attr("expert_weight_bits", 4));
  if (fp4) return 2;
  if (bits != 1 && bits != 2 && bits != 4 && bits != 8) {
    return OpError(absl::StrCat("the experts' weights have ", bits, " bits; use 2, 4 or 8"));
  }
  return 8 / bits;
}

absl::Status CountMoe(OpContext& op, const Places& at) {
  absl::StatusOr<Gate> gate = ReadGate(op);
  if (!gate.ok()) return gate.status();
  const Type& in = op.in(0);
  Work& work = op.work();
  if (!in.ranked || in.rank() < 1 || !op.ranked(at.fc1) || !op.ranked(at.fc2)) {
    work.macs = work.flops = work.transcendentals = work.comparisons = Dim();
    return absl::OkStatus();
  }
  const Size tokens(op, ProductOf(op, in.dims, 0, in.rank() - 1));
  const Dim hidden = in.dims.back();
  const Dim experts = op.dim(at.fc1, 0).unknown() ? op.dim(1, 1) : op.dim(at.fc1, 0);
  const Size routed = tokens * op.int_attr("k", 1);
  const Size used = Min(routed, experts);

  Size weights(op, 0), inner(op, Dim());
  for (int i : {at.fc1, at.fc2, at.fc3}) {
    if (!op.has(i) || !op.ranked(i) || op.rank(i) < 1) continue;
    absl::StatusOr<int64_t> packed = PerStored(op, at, i);
    if (!packed.ok()) return packed.status();
    const Size stored(op, ProductOf(op, op.in(i).dims, 1, op.rank(i)));
    weights += *packed * stored;
    work.reads[i] = used * stored;
    // fc2 leads from the inner layer to the hidden one.
    if (i == at.fc2) {
      if (auto width = op.dims().DivideExactly(*packed * stored, hidden)) inner.dim = *width;
    }
  }
  const Size macs = routed * weights;
  work.macs = macs;
  Size flops = 2 * macs;
  for (int i : {at.fc1_bias, at.fc2_bias, at.fc3_bias}) {
    if (op.has(i)) flops += routed * op.dim(i, 1);
  }
  const Size gated = routed * inner;
  flops += gate->flops * gated;
  flops += 2 * routed * hidden - tokens * hidden;
  flops += 3 * tokens * experts;
  work.flops = flops;
  work.transcendentals = gate->transcendentals * gated + tokens * experts;
  work.comparisons = gate->comparisons * gated + routed * experts;

  if (auto columns = op.dims().DivideExactly(weights, hidden)) {
    Nest nest;
    nest.m = routed;
    nest.k = hidden;
    nest.n = *columns;
    nest.multiply = op.dtype(0);
    nest.accumulate = AccumulateType(nest.multiply);
    work.nest = std::move(nest);
  }
  return absl::OkStatus();
}

absl::Status MoeWork(OpContext& op) { return CountMoe(op, kMoe); }

// Packed weights are unpacked as they are read: 2 flops each.
absl::Status QMoeWork(OpContext& op) {
  if (absl::Status s = CountMoe(op, kQMoe); !s.ok()) return s;
  for (int i : {kQMoe.fc1, kQMoe.fc2, kQMoe.fc3}) {
    if (!op.has(i)) continue;
    absl::StatusOr<int64_t> packed = PerStored(op, kQMoe, i);
    if (!packed.ok()) return packed.status();
    AddFlops(op, 2 * *packed * Size(op, op.work().reads[i]));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Span<const OpRow> ContribMoeOps() {
  static const OpRow kRows[] = {
      Contrib("MoE", Family::kMatMul, Role::kContraction, MoeShape, MoeWork,
              "macs = tokens * k * weights of one expert; reads the weights of min(experts, tokens "
              "* k) experts; adds biases, activation, the router's softmax and the weighted sum"),
      Contrib("QMoE", Family::kMatMul, Role::kContraction, MoeShape, QMoeWork,
              "as MoE, of packed weights; 2 flops to unpack each weight that is read"),
  };
  return kRows;
}

}  // namespace assay
