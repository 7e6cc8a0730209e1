// Convolutions: every output element is a sum over a window of the input, over the input channels
// of its group:
//
//   Y[n, m, p...] = B[m] + sum_{c, k...} W[m, c, k...] * X[n, g(m) * C / group + c, p * s + k * d -
//   pad]
//
//   macs = N * M * outputs of one image * C / group * elements of the kernel
//
// Positions in the padding count as if they were multiplied, as implementations and published
// figures count them. A transposed convolution runs the same loop nest backwards: every input
// element is multiplied with each kernel element, so its macs follow the input's size.
//
// Input, weights and bias are read once, the result is written once.
#include "ir/ops/convolution.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/ops/families.h"
#include "ir/ops/interpolation.h"
#include "ir/ops/operands.h"
#include "ir/ops/size.h"
#include "ir/ops/window.h"

namespace assay {
namespace {

// Spatial axes of a convolution of x with w: 0 when neither rank is known; an error when they
// disagree or leave no spatial axis.
absl::StatusOr<int> SpatialRank(OpContext& op, int x, int w) {
  int rank = 0;
  for (int i : {x, w}) {
    if (!op.ranked(i)) continue;
    if (op.rank(i) < 3) {
      return OpError(absl::StrCat("operand ", i, " has rank ", op.rank(i),
                                  "; a convolution needs rank 3 or more"));
    }
    if (rank != 0 && op.rank(i) != rank) {
      return OpError(absl::StrCat("input of rank ", op.rank(x), " and weights of rank ", op.rank(w),
                                  " differ; give both the same rank"));
    }
    rank = op.rank(i);
  }
  return rank == 0 ? 0 : rank - 2;
}

absl::StatusOr<int64_t> ReadGroup(OpContext& op) {
  int64_t group = op.int_attr("group", 1);
  if (absl::Status s = RequirePositive(op, "group", group); !s.ok()) return s;
  return group;
}

// The kernel sizes as the weights' shape gives them.
Dims WeightKernel(OpContext& op, int w) {
  if (!op.ranked(w)) return {};
  const Dims& dims = op.in(w).dims;
  return Dims(dims.begin() + 2, dims.end());
}

absl::Status CheckDivides(int64_t group, Dim channels, absl::string_view what) {
  if (!channels.known() || channels.value() % group == 0) return absl::OkStatus();
  return OpError(absl::StrCat(what, " (", channels.value(), ") do not divide into ", group,
                              " groups; check the attribute `group` and the weights"));
}

// The bias, when there, has one entry per output channel.
absl::Status CheckBias(OpContext& op, int b, Type& out) {
  if (absl::Status s = RequireRank(op, b, "bias", {1}); !s.ok()) return s;
  if (!out.ranked) return absl::OkStatus();
  return Merge(op, &out.dims[1], op.dim(b, 0), "output channels and size of the bias");
}

// Loop nest of window sizes and types; false when the kernel is not known in numbers.
bool DescribeWindow(const Window& window, DType dtype, Nest* nest) {
  for (int i = 0; i < window.spatial(); ++i) {
    if (!window.kernel[i].known()) return false;
    nest->kernel.push_back(window.kernel[i].value());
    nest->stride.push_back(window.stride[i]);
    nest->dilation.push_back(window.dilation[i]);
  }
  nest->shared_b = true;
  nest->multiply = dtype;
  nest->accumulate = AccumulateType(dtype);
  return true;
}

void AddBias(OpContext& op, int b) {
  if (op.has(b)) op.work().flops = op.dims().Add(op.work().flops, op.out_elements(0));
}

// --- Conv, ConvInteger ---

absl::Status ConvIntegerShape(OpContext& op) {
  absl::StatusOr<Type> out = ConvType(op, 0, 1, DType::kI32);
  if (!out.ok()) return out.status();
  op.SetOut(0, *std::move(out));
  return absl::OkStatus();
}

absl::Status ConvIntegerWork(OpContext& op) {
  if (absl::Status s = CountConv(op, 0, 1); !s.ok()) return s;
  Size centred(op, 0);
  if (op.has(2)) centred += op.in_elements(0);
  if (op.has(3)) centred += op.in_elements(1);
  op.work().int_ops = centred;
  return absl::OkStatus();
}

// --- ConvTranspose ---

absl::StatusOr<Dim> TransposedSize(OpContext& op, const Window& w, int axis, Dim in,
                                   int64_t output_padding) {
  const Size whole = (Size(op, in) - 1) * w.stride[axis] + output_padding + Extent(op, w, axis);
  // SAME pads down to in * stride, but never up.
  if (w.auto_pad == AutoPad::kSame) return Min(whole, Size(op, in) * w.stride[axis]).dim;
  const Size out = whole - w.pad_begin[axis] - w.pad_end[axis];
  if (!out.dim.unknown() && !out.dim.overflow() && op.dims().BoundsOf(out).high < 0) {
    return OpError(absl::StrCat("the pads ", w.pad_begin[axis], " + ", w.pad_end[axis],
                                " of spatial axis ", axis, " cut away more than there is (",
                                Text(op, out), " would be left); check `pads`"));
  }
  return out.dim;
}

absl::Status ConvTransposeShape(OpContext& op) {
  const DType dtype = op.dtype(0);
  absl::StatusOr<int> spatial = SpatialRank(op, 0, 1);
  if (!spatial.ok()) return spatial.status();
  absl::StatusOr<int64_t> group = ReadGroup(op);
  if (!group.ok()) return group.status();
  if (*spatial == 0) {
    op.SetOut(0, Type::Unranked(dtype));
    return absl::OkStatus();
  }
  absl::StatusOr<Window> window = ReadWindow(op, *spatial, WeightKernel(op, 1));
  if (!window.ok()) return window.status();

  Dim channels = op.dim(0, 1);
  if (absl::Status s =
          Merge(op, &channels, op.dim(1, 0), "channels of the input and of the weights");
      !s.ok()) {
    return s;
  }
  if (absl::Status s = CheckDivides(*group, channels, "input channels"); !s.ok()) return s;

  const std::vector<int64_t> output_padding =
      op.ints_attr("output_padding").value_or(std::vector<int64_t>(*spatial, 0));
  // The wanted size per spatial axis; some exporters write the whole shape, with batch and
  // channels.
  const std::vector<int64_t> output_shape =
      op.ints_attr("output_shape").value_or(std::vector<int64_t>());
  if (!output_padding.empty() && static_cast<int>(output_padding.size()) != *spatial) {
    return OpError(absl::StrCat("attribute `output_padding` has ", output_padding.size(),
                                " entries for ", *spatial, " spatial axes; give one per axis"));
  }
  const int wanted = static_cast<int>(output_shape.size());
  if (wanted != 0 && wanted != *spatial && wanted != *spatial + 2) {
    return OpError(absl::StrCat("attribute `output_shape` has ", wanted, " entries for ", *spatial,
                                " spatial axes; give one per axis"));
  }

  Type out = Type::Tensor(dtype, {op.dim(0, 0), (Size(op, op.dim(1, 1)) * *group).dim});
  for (int i = 0; i < *spatial; ++i) {
    if (wanted != 0) {
      int64_t size = output_shape[wanted - *spatial + i];
      if (size < 0) {
        return OpError(
            absl::StrCat("attribute `output_shape` holds ", size, "; give sizes of at least 0"));
      }
      out.dims.push_back(Dim(size));
      continue;
    }
    absl::StatusOr<Dim> size = TransposedSize(op, *window, i, op.dim(0, 2 + i),
                                              output_padding.empty() ? 0 : output_padding[i]);
    if (!size.ok()) return size.status();
    out.dims.push_back(*size);
  }
  if (absl::Status s = CheckBias(op, 2, out); !s.ok()) return s;
  op.SetOut(0, std::move(out));
  return absl::OkStatus();
}

absl::Status ConvTransposeWork(OpContext& op) {
  Work& work = op.work();
  if (!op.ranked(0) || !op.ranked(1)) {
    work.macs = work.flops = Dim();
    return absl::OkStatus();
  }
  const int spatial = op.rank(1) - 2;
  absl::StatusOr<int64_t> group = ReadGroup(op);
  if (!group.ok()) return group.status();
  absl::StatusOr<Window> window = ReadWindow(op, spatial, WeightKernel(op, 1));
  if (!window.ok()) return window.status();
  const Size kernel = WindowElements(op, *window);
  const Size columns = kernel * op.dim(1, 1);
  const Size macs = columns * op.in_elements(0);
  work.macs = macs;
  work.flops = 2 * macs;
  AddBias(op, 2);
  Nest nest;
  nest.kind = Nest::Kind::kConvTranspose;
  nest.batch = op.dim(0, 0);
  nest.groups = Dim(*group);
  nest.m = ProductOf(op, op.in(0).dims, 2, op.rank(0));
  nest.n = columns;
  nest.k = op.dims().FloorDiv(op.dim(0, 1), Dim(*group));
  if (DescribeWindow(*window, op.dtype(0), &nest)) work.nest = std::move(nest);
  return absl::OkStatus();
}

// --- DeformConv: X, W, offset, bias, mask ---

absl::Status DeformConvShape(OpContext& op) {
  absl::StatusOr<Type> out = ConvType(op, 0, 1, op.dtype(0));
  if (!out.ok()) return out.status();
  if (absl::Status s = CheckBias(op, 3, *out); !s.ok()) return s;
  const int64_t offset_group = op.int_attr("offset_group", 1);
  if (absl::Status s = RequirePositive(op, "offset_group", offset_group); !s.ok()) return s;
  if (absl::Status s = CheckDivides(offset_group, op.dim(0, 1), "input channels"); !s.ok())
    return s;
  if (out->ranked && op.ranked(2)) {
    if (op.rank(2) != out->rank()) {
      return OpError(absl::StrCat("the offsets have rank ", op.rank(2), "; give them the input's, ",
                                  out->rank()));
    }
    for (int i = 2; i < out->rank(); ++i) {
      absl::Status s = Merge(op, &out->dims[i], op.dim(2, i), "output positions and offsets");
      if (!s.ok()) return s;
    }
  }
  op.SetOut(0, *std::move(out));
  return absl::OkStatus();
}

// On top of the convolution: an interpolated input for every channel, window element and output
// position; its weights once per offset group.
absl::Status DeformConvWork(OpContext& op) {
  if (absl::Status s = CountConv(op, 0, 1); !s.ok()) return s;
  AddBias(op, 3);
  if (!op.ranked(0) || !op.ranked(1) || !op.out(0).ranked) return absl::OkStatus();
  const int axes = op.rank(1) - 2;
  const Size samples = Size(op, op.dim(0, 0)) * ProductOf(op, op.out(0).dims, 2, op.rank(1)) *
                       ProductOf(op, op.in(1).dims, 2, op.rank(1));
  const Interpolation linear = InterpolationOf(op, 2, axes);
  const int64_t offset_group = op.int_attr("offset_group", 1);
  const int64_t modulation = op.has(4) ? 1 : 0;
  AddFlops(op, samples * (offset_group * (linear.weight_flops + axes) +
                          op.dim(0, 1) * (linear.sum_flops + modulation)));
  return absl::OkStatus();
}

// --- CausalConvWithState: input [B, C, L], weight [C, 1, k], bias, past_state [B, C, k - 1] ---

absl::Status CausalConvShape(OpContext& op) {
  for (int i : {0, 1, 3}) {
    absl::string_view name = i == 0 ? "input" : i == 1 ? "weight" : "past_state";
    if (absl::Status s = RequireRank(op, i, name, {3}); !s.ok()) return s;
  }
  Dim batch = op.dim(0, 0), channels = op.dim(0, 1);
  Dim kept = (Size(op, op.dim(1, 2)) - 1).dim;
  absl::Status s = Merge(op, &channels, op.dim(1, 0), "channels of the input and of the weights");
  if (s.ok()) s = Merge(op, &batch, op.dim(3, 0), "batch of the input and of past_state");
  if (s.ok()) s = Merge(op, &channels, op.dim(3, 1), "channels of the input and of past_state");
  if (s.ok()) s = Merge(op, &kept, op.dim(3, 2), "kernel size - 1 and length of past_state");
  if (!s.ok()) return s;
  op.SetOut(0, op.dtype(0), {batch, channels, op.dim(0, 2)});
  op.SetOut(1, op.dtype(0), {batch, channels, kept});
  return absl::OkStatus();
}

absl::Status CausalConvWork(OpContext& op) {
  const Dim channels = op.dim(0, 1), kernel = op.dim(1, 2);
  const Size out(op, op.out_elements(0));
  Work& work = op.work();
  const Size macs = out * kernel;
  work.macs = macs;
  const absl::string_view activation = op.string_attr("activation", "none");
  const bool silu = activation == "silu" || activation == "swish";
  work.flops = 2 * macs + out * ((op.has(2) ? 1 : 0) + (silu ? 3 : 0));
  if (silu) work.transcendentals = out;
  if (!kernel.known()) return absl::OkStatus();
  Nest nest;
  nest.kind = Nest::Kind::kConv;
  nest.batch = op.dim(0, 0);
  nest.groups = channels;
  nest.m = op.dim(0, 2);
  nest.k = kernel;
  nest.kernel = {kernel.value()};
  nest.stride = {1};
  nest.dilation = {1};
  nest.shared_b = true;
  nest.multiply = op.dtype(0);
  nest.accumulate = AccumulateType(op.dtype(0));
  work.nest = std::move(nest);
  return absl::OkStatus();
}

}  // namespace

absl::Status ConvShape(OpContext& op) {
  absl::StatusOr<Type> out = ConvType(op, 0, 1, op.dtype(0));
  if (!out.ok()) return out.status();
  if (absl::Status s = CheckBias(op, 2, *out); !s.ok()) return s;
  op.SetOut(0, *std::move(out));
  return absl::OkStatus();
}

absl::Status ConvWork(OpContext& op) {
  if (absl::Status s = CountConv(op, 0, 1); !s.ok()) return s;
  AddBias(op, 2);
  return absl::OkStatus();
}

absl::StatusOr<Type> ConvType(OpContext& op, int x, int w, DType dtype) {
  absl::StatusOr<int> spatial = SpatialRank(op, x, w);
  if (!spatial.ok()) return spatial.status();
  absl::StatusOr<int64_t> group = ReadGroup(op);
  if (!group.ok()) return group.status();
  if (*spatial == 0) return Type::Unranked(dtype);
  absl::StatusOr<Window> window = ReadWindow(op, *spatial, WeightKernel(op, w));
  if (!window.ok()) return window.status();

  Dim channels = op.dim(x, 1);
  absl::Status s = Merge(op, &channels, Size(op, op.dim(w, 1)) * *group,
                         "channels of the input and of the weights, times group");
  if (!s.ok()) return s;
  if (s = CheckDivides(*group, op.dim(w, 0), "output channels"); !s.ok()) return s;

  Dims dims = {op.dim(x, 0), op.dim(w, 0)};
  for (int i = 0; i < *spatial; ++i) {
    absl::StatusOr<Dim> count = WindowCount(op, *window, i, op.dim(x, 2 + i));
    if (!count.ok()) return count.status();
    dims.push_back(*count);
  }
  return Type::Tensor(dtype, std::move(dims));
}

absl::Status CountConv(OpContext& op, int x, int w) {
  Work& work = op.work();
  const Type& out = op.out(0);
  if (!out.ranked || !op.ranked(w) || out.rank() != op.rank(w)) {
    work.macs = work.flops = Dim();
    return absl::OkStatus();
  }
  const int spatial = out.rank() - 2;
  absl::StatusOr<int64_t> group = ReadGroup(op);
  if (!group.ok()) return group.status();
  absl::StatusOr<Window> window = ReadWindow(op, spatial, WeightKernel(op, w));
  if (!window.ok()) return window.status();

  const Size depth = WindowElements(op, *window) * op.dim(w, 1);
  const Size macs = depth * op.elements(out);
  work.macs = macs;
  work.flops = 2 * macs;

  Nest nest;
  nest.kind = Nest::Kind::kConv;
  nest.batch = out.dims[0];
  nest.groups = Dim(*group);
  nest.m = ProductOf(op, out.dims, 2, out.rank());
  nest.n = op.dims().FloorDiv(out.dims[1], Dim(*group));
  nest.k = depth;
  if (DescribeWindow(*window, op.dtype(x), &nest)) work.nest = std::move(nest);
  return absl::OkStatus();
}

absl::Span<const OpRow> ConvolutionOps() {
  static const OpRow kRows[] = {
      {.name = "Conv",
       .versions = "1 11 22",
       .family = Family::kConvolution,
       .role = Role::kContraction,
       .shape = ConvShape,
       .work = ConvWork,
       .formula = "macs = N * M * outputs * (C / group) * kernel elements; flops = 2 * macs + one "
                  "addition of the bias per output; padding counts as data"},
      {.name = "ConvInteger",
       .versions = "10",
       .family = Family::kConvolution,
       .role = Role::kContraction,
       .shape = ConvIntegerShape,
       .work = ConvIntegerWork,
       .formula =
           "as Conv, 8-bit operands into 32-bit sums; int_ops = one subtraction per element of "
           "an operand with zero point"},
      {.name = "ConvTranspose",
       .versions = "1 11 22",
       .family = Family::kConvolution,
       .role = Role::kContraction,
       .shape = ConvTransposeShape,
       .work = ConvTransposeWork,
       .formula = "macs = N * C * inputs * (M / group) * kernel elements; flops = 2 * macs + one "
                  "addition of the bias per output"},
      {.name = "DeformConv",
       .versions = "19 22",
       .family = Family::kConvolution,
       .role = Role::kContraction,
       .shape = DeformConvShape,
       .work = DeformConvWork,
       .formula =
           "as Conv, plus per image, output and kernel element: 2^axes * 2 - 1 flops per "
           "channel to interpolate (1 more with a mask), and per offset group the sample's place "
           "and weights (in two dimensions 2 + 8)"},
      {.name = "CausalConvWithState",
       .versions = "27",
       .family = Family::kConvolution,
       .role = Role::kContraction,
       .shape = CausalConvShape,
       .work = CausalConvWork,
       .formula =
           "macs = B * C * L * kernel; flops = 2 * macs + 1 per output for the bias, 3 and one "
           "exponential for SiLU"},
  };
  return kRows;
}

}  // namespace assay
