// com.microsoft: matrix products with what ONNX Runtime fuses into them, or with weights packed to
// a few bits.
//
// A packed weight is unpacked as it is read: one subtraction (of the zero point) and one product
// (by the scale) per weight, beside macs = rows of A * K * N. Source: ONNX Runtime's
// ContribOperators.md.
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "ir/ops/contrib.h"
#include "ir/ops/convolution.h"
#include "ir/ops/families.h"
#include "ir/ops/matmul.h"
#include "ir/ops/normalization.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

constexpr char kMatMul[] = "MatMul";
constexpr char kMatMulInteger[] = "MatMulInteger";

// --- FusedConv (X, W, B, Z), FusedGemm ---

absl::Status FusedConvWork(OpContext& op) {
  if (absl::Status s = ConvWork(op); !s.ok()) return s;
  if (op.has(3)) AddFlops(op, op.out_elements(0));
  return AddActivation(op);
}

absl::Status FusedGemmWork(OpContext& op) {
  if (absl::Status s = GemmWork(op); !s.ok()) return s;
  return AddActivation(op);
}

// --- FusedMatMul, TransposeMatMul, FusedMatMulActivation, SparseToDenseMatMul ---

// [M, B..., K] to [B..., M, K], as transBatchA and transBatchB ask.
Type BatchFirst(Type type) {
  if (!type.is_tensor() || !type.ranked || type.rank() < 3) return type;
  const Dim rows = type.dims[0];
  type.dims.erase(type.dims.begin());
  type.dims.insert(type.dims.end() - 1, rows);
  return type;
}

absl::StatusOr<View> TransposedBatches(OpContext& op) {
  const bool batch_a = op.int_attr("transBatchA", 0) != 0;
  const bool batch_b = op.int_attr("transBatchB", 0) != 0;
  View view;
  if (batch_a != batch_b && op.has(0) && op.has(1) && op.input_id(0) == op.input_id(1)) {
    return OpError(
        "A and B are one tensor, and only one of transBatchA and transBatchB is set; set both or "
        "neither");
  }
  if (batch_a && op.has(0)) view.operands.emplace_back(op.input_id(0), BatchFirst(op.in(0)));
  if (batch_b && op.has(1)) view.operands.emplace_back(op.input_id(1), BatchFirst(op.in(1)));
  return view;
}

MatMulOperands Transposed(OpContext& op) {
  return {.transpose_a = op.int_attr("transA", 0) != 0,
          .transpose_b = op.int_attr("transB", 0) != 0};
}

absl::Status PlainFusedShape(OpContext& op) { return SetMatMul(op, Transposed(op), op.dtype(0)); }

absl::Status PlainFusedWork(OpContext& op) {
  if (absl::Status s = CountMatMul(op, Transposed(op)); !s.ok()) return s;
  if (op.float_attr("alpha", 1) != 1) AddFlops(op, op.out_elements(0));
  return absl::OkStatus();
}

absl::Status FusedMatMulShape(OpContext& op) {
  absl::StatusOr<View> view = TransposedBatches(op);
  if (!view.ok()) return view.status();
  return RunShape(op, PlainFusedShape, *std::move(view));
}

absl::Status FusedMatMulWork(OpContext& op) {
  absl::StatusOr<View> view = TransposedBatches(op);
  if (!view.ok()) return view.status();
  return RunWork(op, PlainFusedWork, *std::move(view));
}

absl::Status FusedMatMulActivationWork(OpContext& op) {
  if (absl::Status s = FusedMatMulWork(op); !s.ok()) return s;
  return AddActivation(op);
}

// --- GemmFastGelu: X, W, bias ---

absl::Status GemmFastGeluWork(OpContext& op) {
  if (absl::Status s = CountMatMul(op, {}); !s.ok()) return s;
  const Size out(op, op.out_elements(0));
  AddFlops(op, (op.has(2) ? 9 : 8) * out);
  op.work().transcendentals = out;
  return absl::OkStatus();
}

// --- GemmFloat8: A, B, C, scaleA, scaleB, scaleY ---

absl::Status GemmFloat8Shape(OpContext& op) {
  if (absl::Status s = GemmShape(op); !s.ok()) return s;
  Type out = op.out(0);
  out.dtype = TypeAttr(op, "dtype", DType::kF32);
  op.SetOut(0, std::move(out));
  return absl::OkStatus();
}

absl::Status GemmFloat8Work(OpContext& op) {
  if (absl::Status s = GemmWork(op); !s.ok()) return s;
  const Size out(op, op.out_elements(0));
  for (int i : {3, 4, 5}) {
    if (op.has(i)) AddFlops(op, out);
  }
  return op.string_attr("activation", "NONE") == "NONE" ? absl::OkStatus() : AddActivation(op);
}

// --- packed weights: A [..., K] times K x N ---

// Result i: operand 0 with `n` columns for its `k`.
absl::Status SetColumns(OpContext& op, int i, Dim k, Dim n, absl::string_view what) {
  Type out = op.in(0);
  if (out.ranked) {
    if (out.rank() < 1) return OpError("operand A is a scalar; give it rank 1 or more");
    Dim depth = out.dims.back();
    if (absl::Status s = Merge(op, &depth, k, what); !s.ok()) return s;
    out.dims.back() = n;
  }
  op.SetOut(i, std::move(out));
  return absl::OkStatus();
}

void CountPacked(OpContext& op, Dim k, Dim n, bool bias) {
  const Dim rows = RowsOfFirst(op);
  CountProduct(op, rows, k, n, op.dtype(0));
  AddFlops(op, 2 * Size(op, k) * n);
  if (bias) AddFlops(op, Size(op, rows) * n);
}

absl::Status RequireSizes(OpContext& op, absl::Span<const absl::string_view> attrs) {
  for (absl::string_view attr : attrs) {
    if (absl::Status s = RequirePositive(op, attr, op.int_attr(attr, 0)); !s.ok()) return s;
  }
  return absl::OkStatus();
}

Dim SizeAttr(OpContext& op, absl::string_view attr) { return Dim(op.int_attr(attr, 0)); }

constexpr absl::string_view kColumnsAndK = "columns of A and the attribute `K`";

// MatMulNBits, MatMulBnb4: the sizes are attributes.
absl::Status PackedMatMulShape(OpContext& op) {
  if (absl::Status s = RequireSizes(op, {"K", "N"}); !s.ok()) return s;
  return SetColumns(op, 0, SizeAttr(op, "K"), SizeAttr(op, "N"), kColumnsAndK);
}

absl::Status PackedMatMulWork(OpContext& op) {
  CountPacked(op, SizeAttr(op, "K"), SizeAttr(op, "N"), op.has(5));
  return absl::OkStatus();
}

// MatMulFpQ4: B_shape holds K and N.
std::pair<Dim, Dim> ShapeOperand(OpContext& op) {
  const std::optional<std::vector<Dim>> shape = op.ints_value(2);
  if (!shape.has_value() || shape->size() != 2) return {op.dim(0, -1), Dim()};
  return {(*shape)[0], (*shape)[1]};
}

absl::Status MatMulFpQ4Shape(OpContext& op) {
  auto [k, n] = ShapeOperand(op);
  if ((k.known() && k.value() < 1) || (n.known() && n.value() < 1)) {
    return OpError("B_shape holds a size below 1; give K and N");
  }
  return SetColumns(op, 0, k, n, "columns of A and the first entry of B_shape");
}

absl::Status MatMulFpQ4Work(OpContext& op) {
  auto [k, n] = ShapeOperand(op);
  CountPacked(op, k, n, /*bias=*/false);
  return absl::OkStatus();
}

// MatMulBlockQuantizedFp4Weight: B [N, K / 2]; MatMulBlockQuantizedFp8Weight: B [N, K].
template <int kPerByte>
absl::Status BlockShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 1, "B", {2}); !s.ok()) return s;
  return SetColumns(op, 0, kPerByte * Size(op, op.dim(1, 1)), op.dim(1, 0),
                    "columns of A and of B, unpacked");
}

template <int kPerByte, int kBias>
absl::Status BlockWork(OpContext& op) {
  const Size k = kPerByte * Size(op, op.dim(1, 1)), n(op, op.dim(1, 0));
  CountProduct(op, RowsOfFirst(op), k, n, op.dtype(0));
  AddFlops(op, k * n);  // one scale per weight; there are no zero points
  if (op.has(kBias)) AddFlops(op, op.out_elements(0));
  return absl::OkStatus();
}

// MatMulNBitsQkv (A, skip, norm_scale, then B, scales, bias for each of Q, K and V) and
// MatMulNBitsMlp (A, skip, norm_scale, then the same for gate and up): a normalisation, and
// products that share its result.
absl::Status QkvShape(OpContext& op) {
  if (absl::Status s = RequireSizes(op, {"K", "Nq", "Nkv"}); !s.ok()) return s;
  for (int i : {0, 1, 2}) {
    absl::Status s =
        SetColumns(op, i, SizeAttr(op, "K"), SizeAttr(op, i == 0 ? "Nq" : "Nkv"), kColumnsAndK);
    if (!s.ok()) return s;
  }
  op.SetOut(3, op.in(0));
  return absl::OkStatus();
}

absl::Status MlpShape(OpContext& op) {
  if (absl::Status s = RequireSizes(op, {"K", "N"}); !s.ok()) return s;
  absl::Status s = SetColumns(op, 0, SizeAttr(op, "K"), SizeAttr(op, "N"), kColumnsAndK);
  op.SetOut(1, op.in(0));
  return s;
}

// As SimplifiedLayerNormalization of A, with `skip` added first.
void AddNormalized(OpContext& op) {
  const Size elements(op, op.in_elements(0)), rows(op, RowsOfFirst(op));
  if (op.has(1)) AddFlops(op, elements);
  if (!op.has(2)) return;
  AddFlops(op, (kRmsFlops + 1) * elements + kGroupFlops * rows);
  AddTranscendentals(op, rows);
}

absl::Status QkvWork(OpContext& op) {
  const Size rows(op, RowsOfFirst(op)), nq(op, SizeAttr(op, "Nq")), nkv(op, SizeAttr(op, "Nkv"));
  CountPacked(op, SizeAttr(op, "K"), nq + 2 * nkv, /*bias=*/false);
  if (op.has(5)) AddFlops(op, rows * nq);
  for (int i : {8, 11}) {
    if (op.has(i)) AddFlops(op, rows * nkv);
  }
  AddNormalized(op);
  return absl::OkStatus();
}

// Y = silu(gate) * up: 4 flops and an exponential per element.
absl::Status MlpWork(OpContext& op) {
  const Size n(op, SizeAttr(op, "N")), out = Size(op, RowsOfFirst(op)) * n;
  CountPacked(op, SizeAttr(op, "K"), 2 * n, /*bias=*/false);
  for (int i : {5, 8}) {
    if (op.has(i)) AddFlops(op, out);
  }
  AddFlops(op, 4 * out);
  op.work().transcendentals = out;
  AddNormalized(op);
  return absl::OkStatus();
}

// --- CDist: A [m, k], B [n, k] ---

absl::Status CDistShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "A", {2}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 1, "B", {2}); !s.ok()) return s;
  Dim depth = op.dim(0, 1);
  if (absl::Status s = Merge(op, &depth, op.dim(1, 1), "columns of A and of B"); !s.ok()) return s;
  op.SetOut(0, op.dtype(0), {op.dim(0, 0), op.dim(1, 0)});
  return absl::OkStatus();
}

absl::Status CDistWork(OpContext& op) {
  const Size pairs = Size(op, op.dim(0, 0)) * op.dim(1, 0);
  const Dim depth = op.dim(0, 1).unknown() ? op.dim(1, 1) : op.dim(0, 1);
  op.work().flops = 3 * pairs * depth - pairs;
  if (op.string_attr("metric", "sqeuclidean") == "euclidean") op.work().transcendentals = pairs;
  return absl::OkStatus();
}

// --- Inverse: [..., M, M] ---

absl::Status InverseShape(OpContext& op) {
  Type out = op.in(0);
  if (out.ranked) {
    if (out.rank() < 2) return OpError("the input is no matrix; give it rank 2 or more");
    Dims& d = out.dims;
    absl::Status s =
        Merge(op, &d[d.size() - 2], d[d.size() - 1], "rows and columns of the matrices");
    if (!s.ok()) return s;
    d[d.size() - 1] = d[d.size() - 2];
  }
  op.SetOut(0, std::move(out));
  return absl::OkStatus();
}

// LU takes 2/3 M^3, the triangular inverse and product 4/3 M^3.
absl::Status InverseWork(OpContext& op) {
  op.work().flops = 2 * Size(op, op.in_elements(0)) * op.dim(0, -1);
  return absl::OkStatus();
}

}  // namespace

absl::Span<const OpRow> ContribMatMulOps() {
  constexpr Family kF = Family::kMatMul;
  constexpr Role kC = Role::kContraction;
  static const OpRow kRows[] = {
      Contrib("FusedConv", Family::kConvolution, kC, ConvShape, FusedConvWork,
              "as Conv, one addition per output for Z, and the activation"),
      Contrib("FusedGemm", kF, kC, GemmShape, FusedGemmWork, "as Gemm, and the activation"),
      Contrib("FusedMatMul", kF, kC, FusedMatMulShape, FusedMatMulWork,
              "as MatMul; one flop per output when alpha is not 1"),
      Contrib("TransposeMatMul", kF, kC, FusedMatMulShape, FusedMatMulWork,
              "as MatMul; one flop per output when alpha is not 1"),
      Contrib("FusedMatMulActivation", kF, kC, FusedMatMulShape, FusedMatMulActivationWork,
              "as FusedMatMul, and the activation"),
      Contrib("SparseToDenseMatMul", kF, kC, PlainFusedShape, PlainFusedWork,
              "as MatMul: at most, as if no element of A were zero"),
      Contrib("GemmFastGelu", kF, kC, StandardShape<kMatMul>, GemmFastGeluWork,
              "as MatMul and FastGelu: 8 flops and a tanh per output, 1 more flop for a bias"),
      Contrib("GemmFloat8", kF, kC, GemmFloat8Shape, GemmFloat8Work,
              "as Gemm, one flop per output for each scale, and the activation"),
      Contrib("MatMulInteger16", kF, kC, StandardShape<kMatMulInteger>, StandardWork<kMatMul>,
              "as MatMul, of 16-bit operands into 32-bit sums"),
      Contrib("MatMulNBits", kF, kC, PackedMatMulShape, PackedMatMulWork,
              "macs = rows of A * K * N; flops = 2 * macs + 2 per weight to unpack it, 1 per "
              "output for a bias"),
      Contrib("MatMulBnb4", kF, kC, PackedMatMulShape, PackedMatMulWork,
              "macs = rows of A * K * N; flops = 2 * macs + 2 per weight to unpack it"),
      Contrib("MatMulFpQ4", kF, kC, MatMulFpQ4Shape, MatMulFpQ4Work,
              "macs = rows of A * K * N; flops = 2 * macs + 2 per weight to unpack it"),
      Contrib("MatMulBlockQuantizedFp4Weight", kF, kC, BlockShape<2>, (BlockWork<2, 5>),
              "macs = rows of A * K * N; flops = 2 * macs + 1 per weight to scale it, 1 per output "
              "for a bias"),
      Contrib("MatMulBlockQuantizedFp8Weight", kF, kC, BlockShape<1>, (BlockWork<1, 4>),
              "macs = rows of A * K * N; flops = 2 * macs + 1 per weight to scale it, 1 per output "
              "for a bias"),
      Contrib("MatMulNBitsQkv", kF, kC, QkvShape, QkvWork,
              "as SkipSimplifiedLayerNormalization and three MatMulNBits: macs = rows of A * K * "
              "(Nq + 2 Nkv)"),
      Contrib("MatMulNBitsMlp", kF, kC, MlpShape, MlpWork,
              "as SkipSimplifiedLayerNormalization, two MatMulNBits, and silu(gate) * up: 4 flops "
              "and an exponential per output"),
      Contrib("CDist", kF, Role::kOther, CDistShape, CDistWork,
              "flops = m * n * (3 k - 1): a difference, a square and a sum; a root per pair for "
              "the metric `euclidean`"),
      Contrib("Inverse", kF, Role::kOther, InverseShape, InverseWork,
              "flops = 2 M^3 per matrix, by LU decomposition"),
  };
  return kRows;
}

}  // namespace assay
