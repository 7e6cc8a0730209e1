// Convolutions and pools on channels-last tensors [N, D..., C]: com.microsoft's Nhwc* and QLinear*
// with channels_last, and com.ms.internal.nhwc, which is what ONNX Runtime makes of standard
// operators for providers that want that layout. Weights stay [M, C / group, k...]. The rules are
// the standard ones, seen through a View (contrib.h). Source: ONNX Runtime's ContribOperators.md
// and layout transformation.
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/ops/contrib.h"
#include "ir/ops/convolution.h"
#include "ir/ops/families.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"
#include "ir/ops/window.h"

namespace assay {
namespace {

const OpRow& Standard(absl::string_view name) { return *OpTable::BuiltIn().Find("", name); }

// --- NhwcConv, NhwcFusedConv (X, W, B, Z), NhwcMaxPool ---

absl::Status NhwcConvShape(OpContext& op) {
  return RunShape(op, ConvShape, ChannelsFirstView(op, {0}));
}

absl::Status NhwcConvWork(OpContext& op) {
  return RunWork(op, ConvWork, ChannelsFirstView(op, {0}));
}

absl::Status NhwcFusedConvWork(OpContext& op) {
  if (absl::Status s = NhwcConvWork(op); !s.ok()) return s;
  if (op.has(3)) AddFlops(op, op.out_elements(0));
  return AddActivation(op);
}

absl::Status NhwcMaxPoolShape(OpContext& op) {
  return RunShape(op, Standard("MaxPool").shape, ChannelsFirstView(op, {0}));
}

absl::Status NhwcMaxPoolWork(OpContext& op) {
  return RunWork(op, Standard("MaxPool").work, ChannelsFirstView(op, {0}));
}

// --- QLinearConv, QLinearAveragePool: attribute channels_last ---

View ByAttribute(OpContext& op) {
  return op.int_attr("channels_last", 0) != 0 ? ChannelsFirstView(op, {0}) : View();
}

absl::Status QLinearConvShape(OpContext& op) {
  return RunShape(op, Standard("QLinearConv").shape, ByAttribute(op));
}

absl::Status QLinearConvWork(OpContext& op) {
  return RunWork(op, Standard("QLinearConv").work, ByAttribute(op));
}

absl::Status QLinearPoolShape(OpContext& op) {
  return RunShape(op, Standard("AveragePool").shape, ByAttribute(op));
}

// The window's additions are of integers; 3 flops and 2 comparisons per result scale it back.
absl::Status CountQLinearPool(OpContext& op, View view) {
  if (absl::Status s = RunWork(op, Standard("AveragePool").work, std::move(view)); !s.ok()) {
    return s;
  }
  const Size out(op, op.out_elements(0));
  op.work().int_ops = op.work().flops;
  op.work().flops = 3 * out;
  op.work().comparisons = 2 * out;
  return absl::OkStatus();
}

absl::Status QLinearPoolWork(OpContext& op) { return CountQLinearPool(op, ByAttribute(op)); }

// --- QLinearGlobalAveragePool: X, x_scale, x_zero_point, y_scale, y_zero_point ---

absl::Status QLinearGlobalPoolShape(OpContext& op) {
  Type out = op.in(0);
  const bool channels_last = op.int_attr("channels_last", 0) != 0;
  for (int i = 1; i < out.rank(); ++i) {
    if (i != (channels_last ? out.rank() - 1 : 1)) out.dims[i] = Dim(1);
  }
  op.SetOut(0, std::move(out));
  return absl::OkStatus();
}

absl::Status QLinearGlobalPoolWork(OpContext& op) {
  const Size out(op, op.out_elements(0));
  op.work().int_ops = op.in_elements(0);
  op.work().flops = 3 * out;
  op.work().comparisons = 2 * out;
  return absl::OkStatus();
}

// --- MaxpoolWithMask: X, M ---

constexpr char kMaxPool[] = "MaxPool";

// What the mask hides is set to the smallest number: one comparison per element.
absl::Status MaskedPoolWork(OpContext& op) {
  if (absl::Status s = StandardWork<kMaxPool>(op); !s.ok()) return s;
  AddComparisons(op, op.in_elements(0));
  return absl::OkStatus();
}

// --- ConvTransposeWithDynamicPads: X, W, Pads, B ---

absl::Status DynamicPadsShape(OpContext& op) {
  const DType dtype = op.dtype(0);
  if (!op.ranked(0) || !op.ranked(1)) return Unranked(op, 0, dtype);
  const int rank = op.rank(0);
  if (rank < 3 || op.rank(1) != rank) {
    return OpError(absl::StrCat("X of rank ", rank, " and weights of rank ", op.rank(1),
                                " do not fit; give both the same rank, 3 or more"));
  }
  const int64_t group = op.int_attr("group", 1);
  if (absl::Status s = RequirePositive(op, "group", group); !s.ok()) return s;
  const Dims& weights = op.in(1).dims;
  absl::StatusOr<Window> w = ReadWindow(op, rank - 2, absl::MakeConstSpan(weights).subspan(2));
  if (!w.ok()) return w.status();
  const std::optional<std::vector<Dim>> pads =
      op.has(2) ? op.ints_value(2) : std::vector<Dim>(2 * (rank - 2), Dim(0));
  const std::vector<int64_t> extra =
      op.ints_attr("output_padding").value_or(std::vector<int64_t>());
  Dims dims = {op.dim(0, 0), Size(op, weights[1]) * group};
  for (int i = 0; i < rank - 2; ++i) {
    const size_t end = static_cast<size_t>(i + rank - 2);
    Dim size;
    if (pads.has_value() && end < pads->size()) {
      size = (Size(op, op.dim(0, 2 + i)) - 1) * w->stride[i] + Extent(op, *w, i) - (*pads)[i] -
             (*pads)[end];
      if (static_cast<size_t>(i) < extra.size()) size = op.dims().Add(size, Dim(extra[i]));
      if (size.known() && size.value() < 0) {
        return OpError(absl::StrCat("the pads of spatial axis ", i,
                                    " cut away more than there is; check `Pads`"));
      }
    } else {
      size = op.Fresh(0, {0, Bounds::kNoBound}, "size by dynamic pads");
    }
    dims.push_back(size);
  }
  op.SetOut(0, dtype, std::move(dims));
  return absl::OkStatus();
}

// Every element of the input meets every element of the kernel.
absl::Status DynamicPadsWork(OpContext& op) {
  if (!op.ranked(1) || op.rank(1) < 3) {
    op.work().macs = op.work().flops = Dim();
    return absl::OkStatus();
  }
  const Size macs = Size(op, op.in_elements(0)) * ProductOf(op, op.in(1).dims, 1, op.rank(1));
  op.work().macs = macs;
  op.work().flops = 2 * macs;
  if (op.has(3)) AddFlops(op, op.out_elements(0));
  return absl::OkStatus();
}

// --- com.ms.internal.nhwc: the standard operator of the same name, channels last ---

absl::Status InternalShape(OpContext& op) {
  return RunShape(op, Standard(op.type()).shape, ChannelsFirstView(op, {0}));
}

absl::Status InternalWork(OpContext& op) {
  absl::Status s = RunWork(op, Standard(op.type()).work, ChannelsFirstView(op, {0}));
  return s.ok() ? AddActivation(op) : s;
}

absl::Status InternalUnpoolShape(OpContext& op) {
  if (op.has(2)) return Unranked(op, 0, op.dtype(0));  // its output_shape is in the other order
  return RunShape(op, Standard("MaxUnpool").shape, ChannelsFirstView(op, {0, 1}));
}

// Resize has its scales and sizes per axis in the layout at hand, so nothing is to be moved.
constexpr char kResize[] = "Resize";

absl::Status InternalQLinearPoolShape(OpContext& op) {
  return RunShape(op, Standard("AveragePool").shape, ChannelsFirstView(op, {0}));
}
absl::Status InternalQLinearPoolWork(OpContext& op) {
  return CountQLinearPool(op, ChannelsFirstView(op, {0}));
}

OpRow Internal(OpRow row) {
  row.domain = "com.ms.internal.nhwc";
  row.formula = "as the ai.onnx operator of that name, on [N, D..., C]";
  row.source = "ONNX Runtime, layout transformation";
  row.shape = row.name == "MaxUnpool" ? InternalUnpoolShape
              : row.name == kResize   ? StandardShape<kResize>
                                      : InternalShape;
  if (row.work != nullptr) row.work = row.name == kResize ? StandardWork<kResize> : InternalWork;
  row.value = nullptr;
  row.inplace = -1;
  return row;
}

}  // namespace

absl::Span<const OpRow> ContribNhwcOps() {
  static const OpRow kRows[] = {
      Contrib("NhwcConv", Family::kConvolution, Role::kContraction, NhwcConvShape, NhwcConvWork,
              "as Conv, on [N, D..., C]"),
      Contrib("NhwcFusedConv", Family::kConvolution, Role::kContraction, NhwcConvShape,
              NhwcFusedConvWork,
              "as Conv, on [N, D..., C]; one addition per output for Z, and the activation"),
      Contrib("NhwcMaxPool", Family::kPooling, Role::kPooling, NhwcMaxPoolShape, NhwcMaxPoolWork,
              "as MaxPool, on [N, D..., C]"),
      Contrib("QLinearConv", Family::kQuantization, Role::kContraction, QLinearConvShape,
              QLinearConvWork, "as ai.onnx QLinearConv; on [N, D..., C] with channels_last"),
      Contrib("QLinearAveragePool", Family::kQuantization, Role::kPooling, QLinearPoolShape,
              QLinearPoolWork,
              "int_ops = outputs * window elements; 3 flops and 2 comparisons per result to scale "
              "it back"),
      Contrib("QLinearGlobalAveragePool", Family::kQuantization, Role::kPooling,
              QLinearGlobalPoolShape, QLinearGlobalPoolWork,
              "one integer addition per element; 3 flops and 2 comparisons per result to scale it "
              "back"),
      Contrib("MaxpoolWithMask", Family::kPooling, Role::kPooling, StandardShape<kMaxPool>,
              MaskedPoolWork, "as MaxPool; one comparison per element for the mask"),
      Contrib("ConvTransposeWithDynamicPads", Family::kConvolution, Role::kContraction,
              DynamicPadsShape, DynamicPadsWork,
              "macs = elements of the input * output channels of a group * kernel elements"),
  };
  return kRows;
}

absl::Span<const OpRow> InternalNhwcOps() {
  static const std::vector<OpRow>& rows = *[] {
    static constexpr absl::string_view kNames[] = {
        "AveragePool",  "BatchNormalization",
        "Conv",         "ConvTranspose",
        "DepthToSpace", "GlobalAveragePool",
        "GlobalLpPool", "GlobalMaxPool",
        "GridSample",   "InstanceNormalization",
        "LRN",          "LpPool",
        "MaxPool",      "MaxUnpool",
        "QLinearConv",  "Resize",
        "SpaceToDepth",
    };
    auto* made = new std::vector<OpRow>();
    for (absl::Span<const OpRow> family :
         {ConvolutionOps(), PoolingOps(), NormalizationOps(), QuantizationOps(), ResizeOps(),
          MovementOps(), ViewOps(), IndexingOps(), DetectionOps(), ReductionOps()}) {
      for (const OpRow& row : family) {
        for (absl::string_view name : kNames) {
          if (row.domain.empty() && row.name == name) made->push_back(Internal(row));
        }
      }
    }
    OpRow pool = Contrib("QLinearAveragePool", Family::kQuantization, Role::kPooling,
                         InternalQLinearPoolShape, InternalQLinearPoolWork,
                         "as com.microsoft QLinearAveragePool, on [N, D..., C]");
    pool.domain = "com.ms.internal.nhwc";
    made->push_back(pool);
    return made;
  }();
  return rows;
}

}  // namespace assay
