// Quantisation: numbers as small integers (or 8-bit floats) with a scale and a zero point.
//
//   quantize     q = saturate(round(x / scale) + zero_point)
//   dequantize   x = (q - zero_point) * scale
//
// Quantised convolutions and matrix products count as what they compute, at their width: 8-bit macs
// into 32-bit sums, then one scaling of each result back to 8 bits: a product, a rounding, the zero
// point's addition and two comparisons to saturate. `flops` includes 2 x macs, as for every
// contraction, whatever its type; the nest names the type.
#include "ir/ops/quantization.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/ops/convolution.h"
#include "ir/ops/families.h"
#include "ir/ops/matmul.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

// Scale and zero point: one number, one per entry of `axis`, or blocks along `axis`.
absl::Status CheckScale(OpContext& op, int i, absl::string_view name, Type& out) {
  if (!out.ranked || !op.ranked(i) || op.rank(i) == 0 || op.in(i).dims[0].is(1)) {
    return absl::OkStatus();
  }
  const int64_t block = op.int_attr("block_size", 0);
  if (block < 0) {
    return OpError(absl::StrCat("attribute `block_size` is ", block, "; give at least 1"));
  }
  if (block > 0) {
    if (op.rank(i) == out.rank()) return absl::OkStatus();
    return OpError(
        absl::StrCat(name, " has rank ", op.rank(i), "; blocks need the input's, ", out.rank()));
  }
  if (op.rank(i) != 1) return absl::OkStatus();
  // Of a vector the axis is its only one, whatever the attribute's default says.
  const int64_t wanted = out.rank() == 1 ? 0 : op.int_attr("axis", 1);
  absl::StatusOr<int> axis = op.Axis(wanted, out.rank());
  if (!axis.ok()) return axis.status();
  return Merge(op, &out.dims[*axis], op.dim(i, 0),
               "the quantised axis of the input and entries of its scale");
}

// --- DynamicQuantizeLinear: x -> y, y_scale, y_zero_point ---

absl::Status DynamicQuantizeShape(OpContext& op) {
  Type out = op.in(0);
  out.dtype = DType::kU8;
  op.SetOut(0, std::move(out));
  op.SetOut(1, DType::kF32, {});
  op.SetOut(2, DType::kU8, {});
  return absl::OkStatus();
}

absl::Status DynamicQuantizeWork(OpContext& op) {
  const Size elements(op, op.in_elements(0));
  op.work().flops = 3 * elements + 5;
  op.work().comparisons = 4 * elements + 2;
  return absl::OkStatus();
}

// --- quantised contractions ---

// What each result of a quantised contraction costs after its sum, and per bias.
void AddRequantize(OpContext& op, bool bias) {
  const Size out(op, op.out_elements(0));
  Work& work = op.work();
  AddFlops(op, 2 * out);
  work.int_ops = (bias ? 2 : 1) * out;
  work.comparisons = 2 * out;
}

// QLinearConv: x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, B
absl::Status QLinearConvShape(OpContext& op) {
  absl::StatusOr<Type> out = ConvType(op, 0, 3, op.has(7) ? op.dtype(7) : op.dtype(0));
  if (!out.ok()) return out.status();
  if (absl::Status s = RequireRank(op, 8, "B", {1}); !s.ok()) return s;
  if (out->ranked) {
    absl::Status s = Merge(op, &out->dims[1], op.dim(8, 0), "output channels and size of the bias");
    if (!s.ok()) return s;
  }
  op.SetOut(0, *std::move(out));
  return absl::OkStatus();
}

absl::Status QLinearConvWork(OpContext& op) {
  if (absl::Status s = CountConv(op, 0, 3); !s.ok()) return s;
  AddRequantize(op, op.has(8));
  return absl::OkStatus();
}

// QLinearMatMul: a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point
constexpr MatMulOperands kQLinearMatMul = {.a = 0, .b = 3};

absl::Status QLinearMatMulShape(OpContext& op) {
  return SetMatMul(op, kQLinearMatMul, op.has(7) ? op.dtype(7) : op.dtype(0));
}

absl::Status QLinearMatMulWork(OpContext& op) {
  if (absl::Status s = CountMatMul(op, kQLinearMatMul); !s.ok()) return s;
  AddRequantize(op, /*bias=*/false);
  return absl::OkStatus();
}

}  // namespace

// QuantizeLinear: x, y_scale, y_zero_point
absl::Status QuantizeShape(OpContext& op) {
  Type out = op.in(0);
  if (absl::Status s = CheckScale(op, 1, "y_scale", out); !s.ok()) return s;
  out.dtype = op.has(2) ? op.dtype(2) : TypeAttr(op, "output_dtype", DType::kU8);
  op.SetOut(0, std::move(out));
  return absl::OkStatus();
}

absl::Status QuantizeWork(OpContext& op) {
  const Size elements(op, op.in_elements(0));
  op.work().flops = (op.has(2) ? 3 : 2) * elements;
  op.work().comparisons = 2 * elements;
  return absl::OkStatus();
}

// DequantizeLinear: x, x_scale, x_zero_point
absl::Status DequantizeShape(OpContext& op) {
  Type out = op.in(0);
  if (absl::Status s = CheckScale(op, 1, "x_scale", out); !s.ok()) return s;
  out.dtype = TypeAttr(op, "output_dtype", op.dtype(1));
  op.SetOut(0, std::move(out));
  return absl::OkStatus();
}

absl::Status DequantizeWork(OpContext& op) {
  op.work().flops = (op.has(2) ? 2 : 1) * Size(op, op.in_elements(0));
  return absl::OkStatus();
}

absl::Span<const OpRow> QuantizationOps() {
  static const OpRow kRows[] = {
      {.name = "QuantizeLinear",
       .versions = "10 13 19 21 23 24 25 28",
       .family = Family::kQuantization,
       .role = Role::kPointwise,
       .shape = QuantizeShape,
       .work = QuantizeWork,
       .formula = "per element 2 flops (divide, round), 1 more for a zero point, 2 comparisons to "
                  "saturate"},
      {.name = "DequantizeLinear",
       .versions = "10 13 19 21 23 24 25 28",
       .family = Family::kQuantization,
       .role = Role::kPointwise,
       .shape = DequantizeShape,
       .work = DequantizeWork,
       .formula = "per element 1 flop, 1 more for a zero point"},
      {.name = "DynamicQuantizeLinear",
       .versions = "11",
       .family = Family::kQuantization,
       .role = Role::kReduction,
       .shape = DynamicQuantizeShape,
       .work = DynamicQuantizeWork,
       .formula = "per element 2 comparisons for the range, then as QuantizeLinear; 5 flops and 2 "
                  "comparisons for scale and zero point"},
      {.name = "QLinearConv",
       .versions = "10",
       .family = Family::kQuantization,
       .role = Role::kContraction,
       .shape = QLinearConvShape,
       .work = QLinearConvWork,
       .formula = "macs as Conv, of 8-bit operands; flops = 2 * macs + 2 per output (scale, "
                  "round); int_ops "
                  "1 per output for the zero point, 1 for the bias; 2 comparisons"},
      {.name = "QLinearMatMul",
       .versions = "10 21",
       .family = Family::kQuantization,
       .role = Role::kContraction,
       .shape = QLinearMatMulShape,
       .work = QLinearMatMulWork,
       .formula = "macs as MatMul, of 8-bit operands; flops = 2 * macs + 2 per output (scale, "
                  "round); int_ops "
                  "1 per output for the zero point; 2 comparisons"},
      {.name = "FakeQuantize",
       .domain = "org.openvinotoolkit",
       .family = Family::kQuantization,
       .role = Role::kPointwise,
       .shape = SameAsFirst,
       .per_element = {.flops = 5, .comparisons = 2},
       .formula =
           "per element 5 flops (subtract the low end, times levels / range, round, times the "
           "step, add the low end), 2 comparisons with the ends",
       .source = "OpenVINO operation specification, FakeQuantize-1"},
  };
  return kRows;
}

}  // namespace assay
