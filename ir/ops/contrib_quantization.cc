// com.microsoft: operators on 8-bit numbers. Each counts as what it computes, at its width, and
// what it takes to come from and go back to quantised numbers: 2 flops to dequantise an element
// (subtract, scale), 3 flops and 2 comparisons to quantise one (divide, round, add; saturate).
// Source: ONNX Runtime's ContribOperators.md.
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/ops/contrib.h"
#include "ir/ops/families.h"
#include "ir/ops/matmul.h"
#include "ir/ops/operands.h"
#include "ir/ops/quantization.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

// Result 0 has the common broadcast shape of these operands.
absl::Status BroadcastOf(OpContext& op, absl::Span<const int> operands, DType dtype) {
  Dims dims;
  for (int i : operands) {
    if (!op.ranked(i)) return Unranked(op, 0, dtype);
    absl::StatusOr<Dims> both = BroadcastDims(op, dims, op.in(i).dims);
    if (!both.ok()) return both.status();
    dims = *std::move(both);
  }
  op.SetOut(0, dtype, std::move(dims));
  return absl::OkStatus();
}

// --- DynamicQuantizeMatMul (A, B, b_scale, b_zero_point, bias) and
//     MatMulIntegerToFloat (A, B, a_scale, b_scale, a_zero_point, b_zero_point, bias) ---

absl::Status ToFloatShape(OpContext& op) {
  const DType dtype = IsFloat(op.dtype(0)) ? op.dtype(0) : op.dtype(2);
  return SetMatMul(op, {}, dtype);
}

absl::Status ToFloatWork(OpContext& op) {
  if (absl::Status s = CountMatMul(op, {}); !s.ok()) return s;
  const bool dynamic = IsFloat(op.dtype(0));
  const Size out(op, op.out_elements(0)), in(op, op.in_elements(0));
  Work& work = op.work();
  if (work.nest.has_value()) {
    work.nest->multiply = op.dtype(1);
    work.nest->accumulate = DType::kI32;
  }
  AddFlops(op, out * (op.has(dynamic ? 4 : 6) ? 2 : 1));
  if (dynamic) {  // A is quantised first: as DynamicQuantizeLinear
    AddFlops(op, 3 * in + 5);
    work.comparisons = 4 * in + 2;
  }
  return absl::OkStatus();
}

// --- QLinearAdd, QLinearMul: A, A_scale, A_zero_point, B, B_scale, B_zero_point, C_scale,
// C_zero_point

absl::Status QLinearBinaryShape(OpContext& op) { return BroadcastOf(op, {0, 3}, op.dtype(0)); }

// Both operands dequantised (2 flops each), the operator (1), the result quantised (3, 2
// comparisons).
absl::Status QLinearBinaryWork(OpContext& op) {
  const Size n(op, op.out_elements(0));
  op.work().flops = 8 * n;
  op.work().comparisons = 2 * n;
  return absl::OkStatus();
}

// --- QLinearConcat: Y_scale, Y_zero_point, then (X, scale, zero_point) for each operand ---

absl::Status QLinearConcatShape(OpContext& op) {
  const int operands = (op.num_inputs() - 2) / 3;
  if (operands < 1 || op.num_inputs() != 2 + 3 * operands) {
    return OpError(absl::StrCat("QLinearConcat has ", op.num_inputs(),
                                " operands; give a scale and a zero point, then three per tensor"));
  }
  const DType dtype = op.dtype(2);
  for (int k = 0; k < operands; ++k) {
    if (op.ranked(2 + 3 * k)) continue;
    op.SetOut(0, Type::Unranked(dtype));
    return absl::OkStatus();
  }
  Dims dims = op.in(2).dims;
  const int rank = static_cast<int>(dims.size());
  absl::StatusOr<int> axis = op.Axis(op.int_attr("axis", 0), rank);
  if (!axis.ok()) return axis.status();
  for (int k = 1; k < operands; ++k) {
    const int i = 2 + 3 * k;
    if (op.rank(i) != rank) {
      return OpError(absl::StrCat("operands of rank ", rank, " and ", op.rank(i),
                                  " cannot be concatenated; give all the same rank"));
    }
    for (int d = 0; d < rank; ++d) {
      if (d == *axis) {
        dims[d] = op.dims().Add(dims[d], op.dim(i, d));
      } else if (absl::Status s =
                     Merge(op, &dims[d], op.dim(i, d), "sizes of concatenated operands");
                 !s.ok()) {
        return s;
      }
    }
  }
  op.SetOut(0, dtype, std::move(dims));
  return absl::OkStatus();
}

// --- QGemm: A, a_scale, a_zero_point, B, b_scale, b_zero_point, C, y_scale, y_zero_point ---

MatMulOperands QGemmOperands(OpContext& op) {
  return {.a = 0,
          .b = 3,
          .transpose_a = op.int_attr("transA", 0) != 0,
          .transpose_b = op.int_attr("transB", 0) != 0};
}

absl::Status QGemmShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "A", {2}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 3, "B", {2}); !s.ok()) return s;
  // Without a scale of its own the result is what the scales of A and B make it: float.
  const DType dtype = op.has(8) ? op.dtype(8) : op.has(7) ? op.dtype(0) : op.dtype(1);
  return SetMatMul(op, QGemmOperands(op), dtype);
}

// One flop per output to scale, one to round; int_ops for bias and zero point.
absl::Status QGemmWork(OpContext& op) {
  if (absl::Status s = CountMatMul(op, QGemmOperands(op)); !s.ok()) return s;
  const Size out(op, op.out_elements(0));
  Work& work = op.work();
  AddFlops(op, (op.has(7) ? 2 : 1) * out);
  Size int_ops(op, 0);
  if (op.has(6)) int_ops += out;
  if (op.has(8)) int_ops += out;
  work.int_ops = int_ops;
  if (op.has(7)) work.comparisons = 2 * out;
  return absl::OkStatus();
}

// --- QLinearSoftmax: X, X_scale, x_zero_point, y_scale, y_zero_point ---

// The exponentials come from a table of 256 entries; a sum and a division per element, and what
// quantising takes.
absl::Status QLinearSoftmaxWork(OpContext& op) {
  const Size n(op, op.out_elements(0));
  op.work().flops = (2 + 2) * n;
  op.work().comparisons = 3 * n;
  return absl::OkStatus();
}

// --- QLinearWhere: condition, X, x_scale, x_zero_point, Y, y_scale, y_zero_point, z_scale,
// z_zero_point ---

absl::Status QLinearWhereShape(OpContext& op) { return BroadcastOf(op, {0, 1, 4}, op.dtype(1)); }

// --- QLinearReduceMean: data, data_scale, data_zero_point, reduced_scale, reduced_zero_point, and
// ReduceSumInteger: data ---

absl::Status ReduceAxesShape(OpContext& op, DType dtype) {
  if (!op.ranked(0)) return Unranked(op, 0, dtype);
  const int rank = op.rank(0);
  const std::vector<int64_t> given = op.ints_attr("axes").value_or(std::vector<int64_t>());
  absl::StatusOr<std::vector<int>> axes = op.Axes(given, rank);
  if (!axes.ok()) return axes.status();
  std::vector<bool> reduced(rank, given.empty());
  for (int axis : *axes) reduced[axis] = true;
  const bool keep = op.int_attr("keepdims", 1) != 0;
  Dims dims;
  for (int i = 0; i < rank; ++i) {
    if (!reduced[i]) {
      dims.push_back(op.dim(0, i));
    } else if (keep) {
      dims.push_back(Dim(1));
    }
  }
  op.SetOut(0, dtype, std::move(dims));
  return absl::OkStatus();
}

absl::Status QLinearReduceMeanShape(OpContext& op) { return ReduceAxesShape(op, op.dtype(0)); }

absl::Status QLinearReduceMeanWork(OpContext& op) {
  const Size out(op, op.out_elements(0));
  op.work().int_ops = op.in_elements(0);
  op.work().flops = 3 * out;
  op.work().comparisons = 2 * out;
  return absl::OkStatus();
}

absl::Status ReduceSumIntegerShape(OpContext& op) {
  return ReduceAxesShape(op, op.dtype(0) == DType::kU8 ? DType::kU32 : DType::kI32);
}

absl::Status ReduceSumIntegerWork(OpContext& op) {
  op.work().int_ops = Size(op, op.in_elements(0)) - op.out_elements(0);
  return absl::OkStatus();
}

// --- MulInteger: A, A_zero_point, B, B_zero_point ---

absl::Status MulIntegerShape(OpContext& op) { return BroadcastOf(op, {0, 2}, DType::kI32); }

absl::Status MulIntegerWork(OpContext& op) {
  const int64_t centred = (op.has(1) ? 1 : 0) + (op.has(3) ? 1 : 0);
  op.work().int_ops = (1 + centred) * Size(op, op.out_elements(0));
  return absl::OkStatus();
}

// --- QOrdered*: int8 in cuBLASLt's orders; what they compute does not depend on the order ---

absl::Status QuantizeOrderShape(OpContext& op) { return RetypeFirst(op, DType::kI8); }

absl::Status DequantizeOrderShape(OpContext& op) {
  return RetypeFirst(op, TypeAttr(op, "to", op.dtype(1)));
}

// No zero points: 1 flop to dequantise, 2 flops and 2 comparisons to quantise.
absl::Status QuantizeOrderWork(OpContext& op) {
  const Size n(op, op.in_elements(0));
  op.work().flops = 2 * n;
  op.work().comparisons = 2 * n;
  return absl::OkStatus();
}

absl::Status QOrderedGeluWork(OpContext& op) {
  const Size n(op, op.in_elements(0));
  op.work().flops = (1 + 4 + 2) * n;
  op.work().transcendentals = n;
  op.work().comparisons = 2 * n;
  return absl::OkStatus();
}

// QOrderedMatMul: A, scale_A, B, scale_B, scale_Y, bias, C, scale_C
constexpr MatMulOperands kQOrdered = {.a = 0, .b = 2};

absl::Status QOrderedMatMulShape(OpContext& op) { return SetMatMul(op, kQOrdered, op.dtype(0)); }

absl::Status QOrderedMatMulWork(OpContext& op) {
  if (absl::Status s = CountMatMul(op, kQOrdered); !s.ok()) return s;
  const Size out(op, op.out_elements(0));
  const int64_t extra = (op.has(5) ? 1 : 0) + (op.has(6) ? 2 : 0);
  AddFlops(op, (2 + extra) * out);
  op.work().comparisons = 2 * out;
  return absl::OkStatus();
}

// --- GatherBlockQuantized: data, indices, scales, zero_points ---

absl::Status GatherBlocksShape(OpContext& op) {
  const DType dtype = op.dtype(2);
  if (!op.ranked(0) || !op.ranked(1)) return Unranked(op, 0, dtype);
  Dims dims = op.in(0).dims;
  absl::StatusOr<int> axis = op.Axis(op.int_attr("gather_axis", 0), op.rank(0));
  if (!axis.ok()) return axis.status();
  const int64_t bits = op.int_attr("bits", 4);
  if (op.dtype(0) == DType::kU8) {  // packed along the last axis
    if (bits != 2 && bits != 4 && bits != 8) {
      return OpError(absl::StrCat("attribute `bits` is ", bits, "; use 2, 4 or 8"));
    }
    dims.back() = 8 / bits * Size(op, dims.back());
  }
  const Dims& indices = op.in(1).dims;
  dims.erase(dims.begin() + *axis);
  dims.insert(dims.begin() + *axis, indices.begin(), indices.end());
  op.SetOut(0, dtype, std::move(dims));
  return absl::OkStatus();
}

// Reads what it gathers, and its share of the scales.
absl::Status GatherBlocksWork(OpContext& op) {
  const Size out(op, op.out_elements(0));
  Work& work = op.work();
  work.flops = 2 * out;
  const int64_t bits = op.int_attr("bits", 4);
  const int64_t per_byte = op.dtype(0) == DType::kU8 && bits >= 1 && bits <= 8 ? 8 / bits : 1;
  if (op.has(0)) work.reads[0] = FloorDiv(out, per_byte);
  const int64_t block = op.int_attr("block_size", 128);
  if (block < 1) return absl::OkStatus();
  for (int i : {2, 3}) {
    if (op.has(i)) work.reads[i] = CeilDiv(out, i == 3 ? block * per_byte : block);
  }
  return absl::OkStatus();
}

// --- QuantizeBFP (x), DequantizeBFP (x, shape, strides): blocks that share an exponent ---

absl::Status QuantizeBfpShape(OpContext& op) {
  const Dim bytes = op.Fresh(0, {0, Bounds::kNoBound}, "bytes of block floating point");
  op.SetOut(0, DType::kU8, {bytes});
  const Dim rank = op.ranked(0) ? Dim(op.rank(0)) : Dim();
  op.SetOut(1, DType::kI64, {rank});
  op.SetOut(2, DType::kI64, {rank});
  return absl::OkStatus();
}

absl::Status QuantizeBfpWork(OpContext& op) {
  const Size n(op, op.in_elements(0));
  op.work().flops = 2 * n;
  op.work().comparisons = n;
  return absl::OkStatus();
}

absl::Status DequantizeBfpShape(OpContext& op) {
  const DType dtype = TypeAttr(op, "dtype", DType::kF32);
  const std::optional<std::vector<Dim>> shape = op.ints_value(1);
  if (!shape.has_value()) return Unranked(op, 0, dtype);
  for (Dim d : *shape) {
    if (d.known() && d.value() < 0) return OpError("the operand `shape` holds a negative size");
  }
  op.SetOut(0, dtype, Dims(shape->begin(), shape->end()));
  return absl::OkStatus();
}

// --- DynamicQuantizeLSTM: an LSTM whose weights W [D, I, 4 H] and R [D, H, 4 H] are of 8 bits ---

constexpr char kLstm[] = "LSTM";

// The weights as LSTM has them: gates before columns.
View GatesFirst(OpContext& op) {
  View view;
  for (int i : {1, 2}) {
    Type weights = op.in(i);
    if (!op.has(i) || !weights.ranked || weights.rank() != 3) continue;
    std::swap(weights.dims[1], weights.dims[2]);
    view.operands.emplace_back(op.input_id(i), std::move(weights));
  }
  return view;
}

absl::Status DynamicLstmShape(OpContext& op) {
  return RunShape(op, StandardShape<kLstm>, GatesFirst(op));
}

// Every step quantises its input and its state, as DynamicQuantizeLinear does per element, and
// scales the products of both with the weights back.
absl::Status DynamicLstmWork(OpContext& op) {
  if (absl::Status s = RunWork(op, StandardWork<kLstm>, GatesFirst(op)); !s.ok()) return s;
  Work& work = op.work();
  const Size directions(op, op.dim(1, 0));
  const Size in = directions * op.in_elements(0);
  const Size states = directions * op.dim(0, 0) * op.dim(0, 1) * op.dim(2, 1);
  AddFlops(op, 3 * (in + states) + 2 * 4 * states);
  AddComparisons(op, 4 * (in + states));
  if (work.nest.has_value()) {
    work.nest->multiply = op.dtype(1);
    work.nest->accumulate = DType::kI32;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Span<const OpRow> ContribQuantizationOps() {
  constexpr Family kF = Family::kQuantization;
  static const OpRow kRows[] = {
      Contrib("DynamicQuantizeMatMul", kF, Role::kContraction, ToFloatShape, ToFloatWork,
              "as DynamicQuantizeLinear, MatMulInteger and one scaling per output, one addition "
              "for a bias"),
      Contrib("MatMulIntegerToFloat", kF, Role::kContraction, ToFloatShape, ToFloatWork,
              "as MatMulInteger and one scaling per output, one addition for a bias"),
      Contrib("DynamicQuantizeLSTM", Family::kRecurrent, Role::kContraction, DynamicLstmShape,
              DynamicLstmWork,
              "as LSTM; 3 flops and 4 comparisons to quantise each element of input and state, 8 "
              "flops per hidden unit and step to scale the gates' products back"),
      Contrib("QGemm", kF, Role::kContraction, QGemmShape, QGemmWork,
              "macs as Gemm, of 8-bit operands; flops = 2 * macs + 2 per output (scale, round; 1 "
              "for a float result); int_ops 1 per output for the zero point, 1 for the bias"),
      Contrib("QuantizeLinear", kF, Role::kPointwise, QuantizeShape, QuantizeWork,
              "as ai.onnx QuantizeLinear"),
      Contrib("DequantizeLinear", kF, Role::kPointwise, DequantizeShape, DequantizeWork,
              "as ai.onnx DequantizeLinear"),
      Contrib("QLinearAdd", kF, Role::kPointwise, QLinearBinaryShape, QLinearBinaryWork,
              "8 flops per element: both operands dequantised, a sum, the result quantised"),
      Contrib("QLinearMul", kF, Role::kPointwise, QLinearBinaryShape, QLinearBinaryWork,
              "8 flops per element: both operands dequantised, a product, the result quantised"),
      Contrib("QLinearWhere", kF, Role::kPointwise, QLinearWhereShape, nullptr,
              "moves elements; operands of another scale go through a table of 256 entries"),
      ContribPointwise("QLinearSigmoid", SameAsFirst, {}, "a table of 256 entries is looked up"),
      ContribPointwise("QLinearLeakyRelu", SameAsFirst, {}, "a table of 256 entries is looked up"),
      Contrib("QLinearSoftmax", kF, Role::kReduction, SameAsFirst, QLinearSoftmaxWork,
              "per element 4 flops (add, divide, round, add) and 3 comparisons; exponentials from "
              "a table of 256 entries"),
      Contrib("QLinearConcat", kF, Role::kMovement, QLinearConcatShape, nullptr,
              "moves elements; operands of another scale go through a table of 256 entries"),
      Contrib("QLinearReduceMean", kF, Role::kReduction, QLinearReduceMeanShape,
              QLinearReduceMeanWork,
              "one integer addition per element; 3 flops and 2 comparisons per result to scale it "
              "back"),
      Contrib("ReduceSumInteger", kF, Role::kReduction, ReduceSumIntegerShape, ReduceSumIntegerWork,
              "one integer addition per element beyond the first"),
      Contrib("MulInteger", kF, Role::kPointwise, MulIntegerShape, MulIntegerWork,
              "int_ops = 1 per element, 1 more per zero point"),
      Contrib("QuantizeWithOrder", kF, Role::kPointwise, QuantizeOrderShape, QuantizeOrderWork,
              "per element 2 flops (divide, round) and 2 comparisons"),
      [] {
        OpRow row = Contrib("DequantizeWithOrder", kF, Role::kPointwise, DequantizeOrderShape,
                            nullptr, "one flop per element");
        row.per_element = {.flops = 1};
        return row;
      }(),
      Contrib("QOrderedGelu", kF, Role::kPointwise, SameAsFirst, QOrderedGeluWork,
              "7 flops, an erf and 2 comparisons per element: dequantised, Gelu, quantised"),
      Contrib("QOrderedMatMul", kF, Role::kContraction, QOrderedMatMulShape, QOrderedMatMulWork,
              "macs as MatMul, of 8-bit operands; flops = 2 * macs + 2 per output, 1 for a bias, "
              "2 for C"),
      Contrib("GatherBlockQuantized", kF, Role::kMovement, GatherBlocksShape, GatherBlocksWork,
              "reads what it gathers; 2 flops per element to unpack it"),
      Contrib("QuantizeBFP", kF, Role::kOther, QuantizeBfpShape, QuantizeBfpWork,
              "per element 2 flops and a comparison for the common exponent"),
      [] {
        OpRow row = Contrib("DequantizeBFP", kF, Role::kOther, DequantizeBfpShape, nullptr,
                            "one flop per element");
        row.per_element = {.flops = 1};
        return row;
      }(),
  };
  return kRows;
}

}  // namespace assay
