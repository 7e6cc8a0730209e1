// Matrix products: out[batch, m, n] = sum_k a[batch, m, k] * b[batch, k, n].
//
//   macs = batch * M * N * K; flops = 2 * macs + what Gemm adds and scales
//
// A second matrix without batch axes (a weight, mostly) makes one tall product: all rows of the
// activations are M, the nest's batch is 1. Each operand is read once, the result written once.
//
// The Einsum rules are in einsum.cc.
#include "ir/ops/matmul.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ir/ops/einsum.h"
#include "ir/ops/families.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

// A matmul operand, taken apart. A vector stands for a row (on the left) or a column (on the
// right).
struct Matrix {
  Dims batch;
  Dim rows = Dim(1), columns = Dim(1);
  bool vector = false;
};

absl::StatusOr<Matrix> TakeApart(OpContext& op, int i, bool transposed, bool left) {
  const Dims& dims = op.in(i).dims;
  Matrix m;
  if (dims.empty()) {
    return OpError(
        absl::StrCat("operand ", i, " is a scalar; a matrix product needs rank 1 or more"));
  }
  if (dims.size() == 1) {
    m.vector = true;
    (left ? m.columns : m.rows) = dims[0];
    return m;
  }
  m.batch.assign(dims.begin(), dims.end() - 2);
  m.rows = dims[dims.size() - 2];
  m.columns = dims[dims.size() - 1];
  if (transposed) std::swap(m.rows, m.columns);
  return m;
}

// --- MatMul, MatMulInteger ---

absl::Status MatMulShape(OpContext& op) { return SetMatMul(op, {}, op.dtype(0)); }

absl::Status MatMulWork(OpContext& op) { return CountMatMul(op, {}); }

absl::Status MatMulIntegerShape(OpContext& op) { return SetMatMul(op, {}, DType::kI32); }

absl::Status MatMulIntegerWork(OpContext& op) {
  Size centred(op, 0);
  if (op.has(2)) centred += op.in_elements(0);
  if (op.has(3)) centred += op.in_elements(1);
  op.work().int_ops = centred;
  return CountMatMul(op, {});
}

// --- Gemm: alpha * A' * B' + beta * C ---

struct GemmSizes {
  Dim m, k_of_a, k_of_b, n;
};

GemmSizes SizesOfGemm(OpContext& op) {
  const int trans_a = op.int_attr("transA", 0) != 0 ? 1 : 0;
  const int trans_b = op.int_attr("transB", 0) != 0 ? 1 : 0;
  return {op.dim(0, trans_a), op.dim(0, 1 - trans_a), op.dim(1, trans_b), op.dim(1, 1 - trans_b)};
}

// --- Det: [..., M, M] ---

absl::Status DetShape(OpContext& op) {
  if (!op.ranked(0)) {
    op.SetOut(0, Type::Unranked(op.dtype(0)));
    return absl::OkStatus();
  }
  Dims dims = op.in(0).dims;
  if (dims.size() < 2) {
    return OpError(absl::StrCat("the input has rank ", dims.size(),
                                "; a determinant needs square matrices, rank 2 or more"));
  }
  absl::Status s =
      Merge(op, &dims[dims.size() - 1], dims[dims.size() - 2], "rows and columns of the matrices");
  if (!s.ok()) return s;
  dims.resize(dims.size() - 2);
  op.SetOut(0, op.dtype(0), std::move(dims));
  return absl::OkStatus();
}

// Gaussian elimination: below pivot k are j = M - k rows; each takes one division and j products
// and subtractions. sum over j < M of j + 2 j^2 = M (M - 1) (4 M + 1) / 6, then M - 1 products of
// pivots.
absl::Status DetWork(OpContext& op) {
  const Size m(op, op.dim(0, -1));
  op.work().flops = (FloorDiv(m * (m - 1) * (4 * m + 1), 6) + m - 1) * op.out_elements(0);
  return absl::OkStatus();
}

}  // namespace

absl::Status GemmShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "A", {2}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 1, "B", {2}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 2, "C", {0, 1, 2}); !s.ok()) return s;
  GemmSizes size = SizesOfGemm(op);
  absl::Status s = Merge(op, &size.k_of_a, size.k_of_b, "columns of A and rows of B");
  if (!s.ok()) return s;
  // C broadcasts one way: each of its axes is 1 or as long as the product's.
  Dim* const of_product[] = {&size.n, &size.m};
  for (int i = 0; op.ranked(2) && i < op.rank(2); ++i) {
    const Dim c = op.dim(2, -1 - i);
    if (c.is(1) || c.unknown()) continue;
    s = Merge(op, of_product[i], c, i == 0 ? "columns of B and of C" : "rows of A and of C");
    if (!s.ok()) return s;
  }
  op.SetOut(0, op.dtype(0), {size.m, size.n});
  return absl::OkStatus();
}

absl::Status GemmWork(OpContext& op) {
  const GemmSizes size = SizesOfGemm(op);
  const Type& out = op.out(0);
  const Dim m = out.ranked ? out.dims[0] : size.m, n = out.ranked ? out.dims[1] : size.n;
  CountProduct(op, m, size.k_of_a.unknown() ? size.k_of_b : size.k_of_a, n, op.dtype(0));
  const Size results = Size(op, m) * n;
  Size flops(op, op.work().flops);
  if (op.float_attr("alpha", 1) != 1) flops += results;
  if (op.has(2) && op.float_attr("beta", 1) != 0) {
    flops += results;
    if (op.float_attr("beta", 1) != 1) flops += op.in_elements(2);
  }
  op.work().flops = flops;
  return absl::OkStatus();
}

absl::Status SetMatMul(OpContext& op, const MatMulOperands& operands, DType dtype) {
  if (!op.ranked(operands.a) || !op.ranked(operands.b)) return Unranked(op, 0, dtype);
  absl::StatusOr<Matrix> a = TakeApart(op, operands.a, operands.transpose_a, /*left=*/true);
  if (!a.ok()) return a.status();
  absl::StatusOr<Matrix> b = TakeApart(op, operands.b, operands.transpose_b, /*left=*/false);
  if (!b.ok()) return b.status();
  absl::Status s = Merge(op, &a->columns, b->rows, "columns of A and rows of B");
  if (!s.ok()) return s;
  absl::StatusOr<Dims> dims = BroadcastDims(op, a->batch, b->batch);
  if (!dims.ok()) return dims.status();
  if (!a->vector) dims->push_back(a->rows);
  if (!b->vector) dims->push_back(b->columns);
  op.SetOut(0, dtype, *std::move(dims));
  return absl::OkStatus();
}

absl::Status CountMatMul(OpContext& op, const MatMulOperands& operands) {
  Work& work = op.work();
  const Type& out = op.out(0);
  if (!op.ranked(operands.a) || !op.ranked(operands.b) || !out.ranked) {
    work.macs = work.flops = Dim();
    return absl::OkStatus();
  }
  absl::StatusOr<Matrix> a = TakeApart(op, operands.a, operands.transpose_a, /*left=*/true);
  if (!a.ok()) return a.status();
  absl::StatusOr<Matrix> b = TakeApart(op, operands.b, operands.transpose_b, /*left=*/false);
  if (!b.ok()) return b.status();

  const int matrix_axes = (a->vector ? 0 : 1) + (b->vector ? 0 : 1);
  const Dim batch = ProductOf(op, out.dims, 0, out.rank() - matrix_axes);
  const Dim k = a->columns.unknown() ? b->rows : a->columns;
  const bool shared = std::all_of(b->batch.begin(), b->batch.end(), [](Dim d) { return d.is(1); });
  if (shared) {
    CountProduct(op, Size(op, batch) * a->rows, k, b->columns, op.dtype(operands.a));
    return absl::OkStatus();
  }
  const Size macs = Size(op, batch) * a->rows * k * b->columns;
  work.macs = macs;
  work.flops = 2 * macs;
  Nest nest;
  nest.batch = batch;
  nest.m = a->rows;
  nest.n = b->columns;
  nest.k = k;
  nest.multiply = op.dtype(operands.a);
  nest.accumulate = AccumulateType(nest.multiply);
  work.nest = std::move(nest);
  return absl::OkStatus();
}

void CountProduct(OpContext& op, Dim m, Dim k, Dim n, DType multiply) {
  const Size macs = Size(op, m) * k * n;
  op.work().macs = macs;
  op.work().flops = 2 * macs;
  Nest nest;
  nest.m = m;
  nest.n = n;
  nest.k = k;
  nest.shared_b = true;
  nest.multiply = multiply;
  nest.accumulate = AccumulateType(multiply);
  op.work().nest = std::move(nest);
}

absl::Span<const OpRow> MatMulOps() {
  static const OpRow kRows[] = {
      {.name = "MatMul",
       .versions = "1 9 13",
       .family = Family::kMatMul,
       .role = Role::kContraction,
       .shape = MatMulShape,
       .work = MatMulWork,
       .formula = "macs = batch * M * N * K; flops = 2 * macs"},
      {.name = "Gemm",
       .versions = "1 6 7 9 11 13",
       .family = Family::kMatMul,
       .role = Role::kContraction,
       .shape = GemmShape,
       .work = GemmWork,
       .formula =
           "macs = M * N * K; flops = 2 * macs + M * N for adding C, + M * N when alpha is not 1, "
           "+ elements of C when beta is not 1"},
      {.name = "MatMulInteger",
       .versions = "10",
       .family = Family::kMatMul,
       .role = Role::kContraction,
       .shape = MatMulIntegerShape,
       .work = MatMulIntegerWork,
       .formula =
           "as MatMul, 8-bit operands into 32-bit sums; int_ops = one subtraction per element of "
           "an operand with zero point"},
      {.name = "Einsum",
       .versions = "12 28",
       .family = Family::kMatMul,
       .role = Role::kContraction,
       .shape = EinsumShape,
       .work = EinsumWork,
       .formula =
           "two operands: macs = product of all index sizes when an index is summed, else as many "
           "flops; one operand: additions; more: left to right, two at a time"},
      {.name = "Det",
       .versions = "11 22",
       .family = Family::kMatMul,
       .role = Role::kOther,
       .shape = DetShape,
       .work = DetWork,
       .formula = "flops = matrices * (M (M - 1) (4 M + 1) / 6 + M - 1), by Gaussian elimination"},
  };
  return kRows;
}

}  // namespace assay
