// Pools: a window slides over the spatial axes of [N, C, D...] (ir/ops/window.h), and of its w
// elements
//
//   average   w - 1 additions and one multiplication by 1 / w: w flops per output
//   max       w - 1 comparisons per output
//   Lp        w powers, w - 1 additions and the p-th root; p = 1 takes absolute values and no root,
//             p = 2 squares; other powers and every root are transcendental
//
// Windows count in full where they reach into the padding. A global pool is a pool whose one window
// is the whole image. Input read once, result written once.
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/ops/families.h"
#include "ir/ops/operands.h"
#include "ir/ops/size.h"
#include "ir/ops/window.h"

namespace assay {
namespace {

absl::StatusOr<Window> PoolWindow(OpContext& op, int spatial) {
  if (!op.has_attr("kernel_shape")) {
    return OpError("attribute `kernel_shape` is missing; give the window's size per spatial axis");
  }
  return ReadWindow(op, spatial, {});
}

absl::Status RequireSpatial(OpContext& op, int i) {
  if (!op.ranked(i) || op.rank(i) >= 3) return absl::OkStatus();
  return OpError(absl::StrCat("the input has rank ", op.rank(i),
                              "; a pool needs rank 3 or more (N, C, D...)"));
}

// --- sliding pools ---

absl::Status PoolShape(OpContext& op) {
  const DType dtype = op.dtype(0);
  if (absl::Status s = RequireSpatial(op, 0); !s.ok()) return s;
  if (!op.ranked(0)) {
    op.SetOut(0, Type::Unranked(dtype));
    op.SetOut(1, Type::Unranked(DType::kI64));
    return absl::OkStatus();
  }
  const int spatial = op.rank(0) - 2;
  absl::StatusOr<Window> window = PoolWindow(op, spatial);
  if (!window.ok()) return window.status();
  Dims dims = {op.dim(0, 0), op.dim(0, 1)};
  for (int i = 0; i < spatial; ++i) {
    absl::StatusOr<Dim> count = WindowCount(op, *window, i, op.dim(0, 2 + i));
    if (!count.ok()) return count.status();
    dims.push_back(*count);
  }
  op.SetOut(1, DType::kI64, dims);
  op.SetOut(0, dtype, std::move(dims));
  return absl::OkStatus();
}

absl::Status GlobalPoolShape(OpContext& op) {
  if (absl::Status s = RequireSpatial(op, 0); !s.ok()) return s;
  Type out = op.in(0);
  for (int i = 2; i < out.rank(); ++i) out.dims[i] = Dim(1);
  op.SetOut(0, std::move(out));
  return absl::OkStatus();
}

// Elements of a window; unknown when the input's rank is.
absl::StatusOr<Dim> PooledElements(OpContext& op) {
  if (!op.ranked(0)) return Dim();
  absl::StatusOr<Window> window = PoolWindow(op, op.rank(0) - 2);
  if (!window.ok()) return window.status();
  return WindowElements(op, *window).dim;
}

void CountMax(OpContext& op, Dim window) {
  op.work().comparisons = (Size(op, window) - 1) * op.out_elements(0);
}

void CountAverage(OpContext& op, Dim window) {
  op.work().flops = Size(op, window) * op.out_elements(0);
}

void CountLp(OpContext& op, Dim window) {
  const int64_t p = op.int_attr("p", 2);
  const Size out(op, op.out_elements(0));
  const Size elements = out * window;
  Work& work = op.work();
  const bool cheap_power = p == 1 || p == 2;
  work.flops = (elements - out) + (cheap_power ? elements : Size(op, 0));
  work.transcendentals = (cheap_power ? Size(op, 0) : elements) + (p == 1 ? Size(op, 0) : out);
}

template <void (*kCount)(OpContext&, Dim)>
absl::Status PoolWork(OpContext& op) {
  absl::StatusOr<Dim> window = PooledElements(op);
  if (!window.ok()) return window.status();
  kCount(op, *window);
  return absl::OkStatus();
}

template <void (*kCount)(OpContext&, Dim)>
absl::Status GlobalPoolWork(OpContext& op) {
  kCount(op, op.ranked(0) ? ProductOf(op, op.in(0).dims, 2, op.rank(0)) : Dim());
  return absl::OkStatus();
}

// --- MaxUnpool: X, I, output_shape ---

absl::Status MaxUnpoolShape(OpContext& op) {
  const DType dtype = op.dtype(0);
  if (absl::Status s = RequireSpatial(op, 0); !s.ok()) return s;
  if (!op.ranked(0)) {
    op.SetOut(0, Type::Unranked(dtype));
    return absl::OkStatus();
  }
  const int rank = op.rank(0);
  Dims dims = {op.dim(0, 0), op.dim(0, 1)};
  dims.resize(rank);
  if (op.has(2)) {
    std::optional<std::vector<Dim>> shape = op.ints_value(2);
    if (shape.has_value() && static_cast<int>(shape->size()) != rank) {
      return OpError(absl::StrCat("output_shape has ", shape->size(),
                                  " entries for an input of rank ", rank, "; give one per axis"));
    }
    for (int i = 0; i < rank && shape.has_value(); ++i) {
      if (op.dims().BoundsOf((*shape)[i]).high < 0) {
        return OpError(absl::StrCat("output_shape holds ", Text(op, (*shape)[i]),
                                    "; give sizes of at least 0"));
      }
      dims[i] = (*shape)[i];
    }
  } else {
    absl::StatusOr<Window> w = PoolWindow(op, rank - 2);
    if (!w.ok()) return w.status();
    for (int i = 0; i < rank - 2; ++i) {
      dims[2 + i] = (Size(op, op.dim(0, 2 + i)) - 1) * w->stride[i] + w->kernel[i] -
                    (Size(op, w->pad_begin[i]) + w->pad_end[i]);
      if (dims[2 + i].known() && dims[2 + i].value() < 0) {
        return OpError(absl::StrCat("the pads of spatial axis ", i,
                                    " cut away more than there is; check `pads`"));
      }
    }
  }
  op.SetOut(0, dtype, std::move(dims));
  return absl::OkStatus();
}

// --- MaxRoiPool: X [N, C, H, W], rois [R, 5] ---

absl::Status MaxRoiPoolShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "X", {4}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 1, "rois", {2}); !s.ok()) return s;
  const std::vector<int64_t> pooled = op.ints_attr("pooled_shape").value_or(std::vector<int64_t>());
  if (pooled.size() != 2 || pooled[0] < 1 || pooled[1] < 1) {
    return OpError("attribute `pooled_shape` must hold a height and a width of at least 1");
  }
  op.SetOut(0, op.dtype(0), {op.dim(1, 0), op.dim(0, 1), Dim(pooled[0]), Dim(pooled[1])});
  return absl::OkStatus();
}

absl::Status MaxRoiPoolWork(OpContext& op) {
  op.work().comparisons = Size(op, op.dim(1, 0)) * op.dim(0, 1) * op.dim(0, 2) * op.dim(0, 3);
  return absl::OkStatus();
}

}  // namespace

absl::Span<const OpRow> PoolingOps() {
  static const OpRow kRows[] = {
      {.name = "MaxPool",
       .versions = "1 8 10 11 12 22",
       .family = Family::kPooling,
       .role = Role::kPooling,
       .shape = PoolShape,
       .work = PoolWork<CountMax>,
       .formula = "comparisons = outputs * (window elements - 1)"},
      {.name = "AveragePool",
       .versions = "1 7 10 11 19 22",
       .family = Family::kPooling,
       .role = Role::kPooling,
       .shape = PoolShape,
       .work = PoolWork<CountAverage>,
       .formula = "flops = outputs * window elements: additions and one scaling"},
      {.name = "LpPool",
       .versions = "1 2 11 18 22",
       .family = Family::kPooling,
       .role = Role::kPooling,
       .shape = PoolShape,
       .work = PoolWork<CountLp>,
       .formula =
           "per output, window of w: p = 2: 2 w - 1 flops and a root; p = 1: 2 w - 1 flops; other "
           "p: w - 1 flops, w powers and a root"},
      {.name = "GlobalMaxPool",
       .versions = "1 22",
       .family = Family::kPooling,
       .role = Role::kPooling,
       .shape = GlobalPoolShape,
       .work = GlobalPoolWork<CountMax>,
       .formula = "comparisons = N * C * (elements of one channel - 1)"},
      {.name = "GlobalAveragePool",
       .versions = "1 22",
       .family = Family::kPooling,
       .role = Role::kPooling,
       .shape = GlobalPoolShape,
       .work = GlobalPoolWork<CountAverage>,
       .formula = "flops = elements of the input: additions and one scaling per channel"},
      {.name = "GlobalLpPool",
       .versions = "1 2 22",
       .family = Family::kPooling,
       .role = Role::kPooling,
       .shape = GlobalPoolShape,
       .work = GlobalPoolWork<CountLp>,
       .formula = "as LpPool; the window is the whole channel"},
      {.name = "MaxUnpool",
       .versions = "9 11 22",
       .family = Family::kPooling,
       .role = Role::kMovement,
       .shape = MaxUnpoolShape,
       .formula = "moves elements to their indices; zeros elsewhere"},
      {.name = "MaxRoiPool",
       .versions = "1 22",
       .family = Family::kPooling,
       .role = Role::kPooling,
       .shape = MaxRoiPoolShape,
       .work = MaxRoiPoolWork,
       .formula =
           "comparisons = regions * C * H * W: at most, when every region is the whole image"},
  };
  return kRows;
}

}  // namespace assay
