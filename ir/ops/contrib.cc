// com.microsoft: pointwise operators with what ONNX Runtime's optimiser fuses into them, and
// variants of standard operators. Each counts as the operators it stands for. The other families
// have files of their own: contrib_attention.cc, contrib_matmul.cc, contrib_normalization.cc,
// contrib_quantization.cc, contrib_nhwc.cc, contrib_moe.cc, contrib_decoding.cc. Source: ONNX
// Runtime's ContribOperators.md.
//
// Two operators have no rows, since what they do is not in the model: EPContext and Snpe hold a
// graph compiled for another engine. They stay opaque, with the shapes that the model claims.
#include "ir/ops/contrib.h"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/ops/families.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

// --- pointwise with a bias: the bias broadcasts along the last axis ---

absl::Status FastGeluWork(OpContext& op) {
  const Size n(op, op.out_elements(0));
  op.work().flops = (op.has(1) ? 9 : 8) * n;
  op.work().transcendentals = n;
  return absl::OkStatus();
}

// BiasSplitGelu: X [N, S, D], bias [D]: left * Gelu(right).
absl::Status BiasSplitGeluShape(OpContext& op) {
  Type out = op.in(0);
  if (out.ranked) {
    if (out.rank() < 1) return OpError("X is a scalar; give it rank 3");
    absl::Status s = Merge(op, &out.dims.back(), op.dim(1, 0), "last axis of X and size of bias");
    if (!s.ok()) return s;
    absl::StatusOr<Dim> half = DivideWhole(op, out.dims.back(), Dim(2), "last axis of X");
    if (!half.ok()) return half.status();
    out.dims.back() = *half;
  }
  op.SetOut(0, std::move(out));
  return absl::OkStatus();
}

// BiasSoftmax: data, bias. As Softmax over the axes from `axis` on, one addition per element.
absl::Status BiasSoftmaxWork(OpContext& op) {
  const Size n(op, op.in_elements(0));
  op.work().flops = 4 * n;
  op.work().transcendentals = n;
  op.work().comparisons = n;
  return absl::OkStatus();
}

// BiasAdd: X, bias, skip. BiasDropout: data, bias, residual, at inference two additions.
absl::Status BiasAddWork(OpContext& op) {
  op.work().flops = (op.has(2) ? 2 : 1) * Size(op, op.out_elements(0));
  return absl::OkStatus();
}

absl::Status BiasDropoutShape(OpContext& op) {
  Type mask = op.in(0);
  mask.dtype = DType::kBool;
  op.SetOut(1, std::move(mask));
  return SameAsFirst(op);
}

// One bit per element, in words of 32.
absl::Status BitmaskShape(OpContext& op) {
  op.SetOut(1, DType::kU32, {CeilDiv(Size(op, op.in_elements(0)), 32)});
  return SameAsFirst(op);
}

// ComplexMul: A, B [..., 2], real and imaginary parts side by side.
absl::Status ComplexMulWork(OpContext& op) {
  op.work().flops = 3 * Size(op, op.out_elements(0));
  return absl::OkStatus();
}

// LinearAttentionGate: a [B, T, H], dt_bias, decay_scale, b.
absl::Status LinearGateShape(OpContext& op) {
  op.SetOut(1, op.in(3));
  return SameAsFirst(op);
}

absl::Status LinearGateWork(OpContext& op) {
  const Size n(op, op.in_elements(0));
  op.work().flops = 3 * n + 2 * Size(op, op.has(3) ? op.in_elements(3) : Dim(0));
  op.work().transcendentals = 2 * n + Size(op, op.has(3) ? op.in_elements(3) : Dim(0));
  return absl::OkStatus();
}

// HyperConnectionPreMix: streams [..., C, H] or [..., C * H], pre_mix -> [..., H].
absl::Status PreMixShape(OpContext& op) {
  Type out = op.in(0);
  const int64_t branches = op.int_attr("num_branches", 0);
  if (out.ranked) {
    if (out.rank() < 1) return OpError("streams is a scalar; give it rank 2 or more");
    if (branches > 0) {
      absl::StatusOr<Dim> h = DivideWhole(op, out.dims.back(), Dim(branches), "width of streams");
      if (!h.ok()) return h.status();
      out.dims.back() = *h;
    } else {
      if (out.rank() < 2) return OpError("streams has rank 1; give num_branches, or rank 2");
      out.dims.erase(out.dims.end() - 2);
    }
  }
  op.SetOut(0, std::move(out));
  return absl::OkStatus();
}

absl::Status PreMixWork(OpContext& op) {
  op.work().flops = 2 * Size(op, op.in_elements(0));
  return absl::OkStatus();
}

// HyperConnectionPostMix: streams, block_output, post_mix, stream_mix [..., C, C].
absl::Status PostMixWork(OpContext& op) {
  const Size n(op, op.in_elements(0));
  op.work().flops = op.has(3) ? 2 * n * op.dim(3, -1) + 2 * n : 2 * n;
  return absl::OkStatus();
}

// --- UnfoldTensor: windows of `size` along `dim`, as a new last axis ---

absl::Status UnfoldShape(OpContext& op) {
  if (!op.ranked(0)) return Unranked(op, 0, op.dtype(0));
  absl::StatusOr<int> axis = op.Axis(op.int_attr("dim", -1), op.rank(0));
  if (!axis.ok()) return axis.status();
  const int64_t size = op.int_attr("size", 0), step = op.int_attr("step", 1);
  if (absl::Status s = RequirePositive(op, "size", size); !s.ok()) return s;
  if (absl::Status s = RequirePositive(op, "step", step); !s.ok()) return s;
  Dims dims = op.in(0).dims;
  const Size room = Size(op, dims[*axis]) - size;
  if (room.dim.known() && room.dim.value() < 0) {
    return OpError(absl::StrCat("a window of ", size, " does not fit an axis of ",
                                Text(op, dims[*axis]), "; check `size`"));
  }
  dims[*axis] = FloorDiv(room, step) + 1;
  dims.push_back(Dim(size));
  op.SetOut(0, op.dtype(0), std::move(dims));
  return absl::OkStatus();
}

// --- ExpandDims: X, axis ---

absl::Status ExpandDimsShape(OpContext& op) {
  const std::optional<Dim> given = op.int_value(1);
  if (!op.ranked(0) || !given.has_value() || !given->known()) {
    return Unranked(op, 0, op.dtype(0));
  }
  absl::StatusOr<int> axis = op.Axis(given->value(), op.rank(0) + 1);
  if (!axis.ok()) return axis.status();
  Dims dims = op.in(0).dims;
  dims.insert(dims.begin() + *axis, Dim(1));
  op.SetOut(0, op.dtype(0), std::move(dims));
  return absl::OkStatus();
}

// --- TorchEmbedding: weight [N, M], indices ---

absl::Status EmbeddingShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "weight", {2}); !s.ok()) return s;
  if (!op.ranked(1)) return Unranked(op, 0, op.dtype(0));
  Dims dims = op.in(1).dims;
  dims.push_back(op.dim(0, 1));
  op.SetOut(0, op.dtype(0), std::move(dims));
  return absl::OkStatus();
}

absl::Status EmbeddingWork(OpContext& op) {
  if (op.has(0)) op.work().reads[0] = op.out_elements(0);
  return absl::OkStatus();
}

// --- CropAndResize: X [N, C, H, W], rois [R, 4], batch_indices, crop_size ---

absl::Status CropShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "X", {4}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 1, "rois", {2}); !s.ok()) return s;
  Dim height, width;
  if (std::optional<std::vector<Dim>> size = op.ints_value(3)) {
    if (size->size() != 2) return OpError("crop_size holds a height and a width; give two");
    height = (*size)[0];
    width = (*size)[1];
    for (Dim d : *size) {
      if (d.known() && d.value() < 1) return OpError("crop_size holds a size below 1");
    }
  }
  height = OrFresh(op, 0, height, 1, Dim(), "height of the crops");
  width = OrFresh(op, 0, width, 1, Dim(), "width of the crops");
  op.SetOut(0, op.dtype(0), {op.dim(1, 0), op.dim(0, 1), height, width});
  return absl::OkStatus();
}

// Bilinear: 3 interpolations of 3 flops each (difference, product, sum), 4 elements read.
absl::Status CropWork(OpContext& op) {
  const Size n(op, op.out_elements(0));
  const bool nearest = op.string_attr("mode", "bilinear") == "nearest";
  op.work().flops = (nearest ? 0 : 9) * n;
  if (op.has(0)) op.work().reads[0] = (nearest ? 1 : 4) * n;
  return absl::OkStatus();
}

// --- Rfft [..., n] -> [..., n / 2 + 1, 2]; Irfft back ---

absl::Status RfftShape(OpContext& op) {
  Type out = op.in(0);
  if (out.ranked) {
    if (out.rank() < 1) return OpError("the input is a scalar; give it a signal axis");
    out.dims.back() = FloorDiv(Size(op, out.dims.back()), 2) + 1;
    out.dims.push_back(Dim(2));
  }
  op.SetOut(0, std::move(out));
  return absl::OkStatus();
}

absl::Status IrfftShape(OpContext& op) {
  Type out = op.in(0);
  if (out.ranked) {
    if (out.rank() < 2 || (out.dims.back().known() && !out.dims.back().is(2))) {
      return OpError("the input is no complex signal; give it [..., n / 2 + 1, 2]");
    }
    out.dims.pop_back();
    out.dims.back() = 2 * (Size(op, out.dims.back()) - 1);
    if (out.dims.back().known() && out.dims.back().value() < 0) {
      return OpError("the signal axis is empty; give it at least 1");
    }
  }
  op.SetOut(0, std::move(out));
  return absl::OkStatus();
}

// A real FFT of n points takes half of the complex one's 5 n log2 n flops.
absl::Status FftWork(OpContext& op, Dim elements, Dim n) {
  op.work().flops = FloorDiv(5 * SortRounds(op, n) * Size(op, elements), 2);
  return absl::OkStatus();
}
absl::Status RfftWork(OpContext& op) { return FftWork(op, op.in_elements(0), op.dim(0, -1)); }
absl::Status IrfftWork(OpContext& op) {
  const Type& out = op.out(0);
  return FftWork(op, op.out_elements(0), out.ranked && out.rank() > 0 ? out.dims.back() : Dim());
}

// --- MurmurHash3, IsAllFinite ---

absl::Status HashShape(OpContext& op) {
  return RetypeFirst(op, op.int_attr("positive", 1) != 0 ? DType::kU32 : DType::kI32);
}

absl::Status ScalarBool(OpContext& op) {
  op.SetOut(0, DType::kBool, {});
  return absl::OkStatus();
}

absl::Status AllFiniteWork(OpContext& op) {
  Size n(op, 0);
  for (int i = 0; i < op.num_inputs(); ++i) {
    if (op.has(i)) n += op.in_elements(i);
  }
  op.work().comparisons = n;
  return absl::OkStatus();
}

// --- DynamicTimeWarping: [M, N] or [1, M, N] -> [2, steps], max(M, N) <= steps < M + N ---

absl::Status WarpShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "input", {2, 3}); !s.ok()) return s;
  const Size m(op, op.dim(0, -2)), n(op, op.dim(0, -1));
  op.SetOut(0, DType::kI32, {Dim(2), OrFresh(op, 0, Dim(), 1, m + n, "steps of the path")});
  return absl::OkStatus();
}

absl::Status WarpWork(OpContext& op) {
  op.work().flops = op.in_elements(0);
  op.work().comparisons = 2 * Size(op, op.in_elements(0));
  return absl::OkStatus();
}

// --- WordConvEmbedding: Sequence [..., word], W [M, 1, window, size], B, C [characters, size] ---

absl::Status WordConvShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 1, "W", {4}); !s.ok()) return s;
  if (!op.ranked(0)) return Unranked(op, 0, op.dtype(1));
  if (op.rank(0) < 1) return OpError("Sequence is a scalar; give it words of characters");
  Dims dims = op.in(0).dims;
  dims.back() = op.dim(1, 0);
  op.SetOut(0, op.dtype(1), std::move(dims));
  return absl::OkStatus();
}

// A convolution over each word's characters, tanh, and the largest over positions.
absl::Status WordConvWork(OpContext& op) {
  const Size positions = Size(op, op.dim(0, -1)) - op.dim(1, 2) + 1;
  const Size windows = Max(positions, Dim(0)) * op.out_elements(0);
  const Size macs = windows * op.dim(1, 2) * op.dim(1, 3);
  Work& work = op.work();
  work.macs = macs;
  work.flops = 2 * macs + windows;
  work.transcendentals = windows;
  work.comparisons = windows;
  if (op.has(3)) work.reads[3] = Size(op, op.in_elements(0)) * op.dim(3, 1);
  return absl::OkStatus();
}

// --- the standard operator under another domain ---

constexpr char kPad[] = "Pad";
constexpr char kRange[] = "Range";
constexpr char kGatherNd[] = "GatherND";
constexpr char kGridSample[] = "GridSample";
constexpr char kUnique[] = "Unique";

// Unique: x -> y, idx, counts; the standard one has a fourth result between them.
absl::Status UniqueShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "x", {1}); !s.ok()) return s;
  const Dim count =
      OrFresh(op, 0, Dim(), LowOf(op, op.dim(0, 0)) > 0 ? 1 : 0, op.dim(0, 0), "distinct elements");
  op.SetOut(0, op.dtype(0), {count});
  op.SetOut(1, DType::kI64, {op.dim(0, 0)});
  op.SetOut(2, DType::kI64, {count});
  return absl::OkStatus();
}

}  // namespace

absl::Span<const OpRow> ContribOps() {
  using F = Family;
  using R = Role;
  static const OpRow kRows[] = {
      ContribPointwise("Gelu", SameAsFirst, {.flops = 4, .transcendentals = 1},
                       "x / 2 * (1 + erf(x / sqrt 2))"),
      ContribPointwise("BiasGelu", Broadcast, {.flops = 5, .transcendentals = 1}, "Gelu(x + bias)"),
      ContribPointwise("QuickGelu", SameAsFirst, {.flops = 4, .transcendentals = 1},
                       "x / (1 + exp(-alpha * x))"),
      ContribPointwise("ScaledSiLU", SameAsFirst, {.flops = 4, .transcendentals = 1},
                       "z / (1 + exp(-z)), z = scale * x"),
      Contrib("FastGelu", F::kElementwise, R::kPointwise, SameAsFirst, FastGeluWork,
              "Gelu(x + bias) by tanh: 8 flops and a tanh, 1 more flop for a bias"),
      ContribPointwise("BiasSplitGelu", BiasSplitGeluShape, {.flops = 7, .transcendentals = 1},
                       "left * Gelu(right) of x + bias: 7 flops and an erf per result"),
      Contrib("BiasSoftmax", F::kReduction, R::kReduction, SameAsFirst, BiasSoftmaxWork,
              "as Softmax, one addition per element"),
      Contrib("BiasAdd", F::kElementwise, R::kPointwise, SameAsFirst, BiasAddWork,
              "x + bias + skip: 2 flops per element"),
      Contrib("BiasDropout", F::kElementwise, R::kPointwise, BiasDropoutShape, BiasAddWork,
              "x + bias + residual, as at inference"),
      Contrib("BitmaskBiasDropout", F::kElementwise, R::kPointwise, BitmaskShape, BiasAddWork,
              "x + bias + residual, as at inference"),
      Contrib("BitmaskDropout", F::kElementwise, R::kPointwise, BitmaskShape, nullptr,
              "x, as at inference"),
      ContribPointwise("GatedAdd", SameAsFirst, {.flops = 2}, "x + y * gate"),
      Contrib("ComplexMul", F::kElementwise, R::kPointwise, Broadcast, ComplexMulWork,
              "6 flops per complex product"),
      Contrib("ComplexMulConj", F::kElementwise, R::kPointwise, Broadcast, ComplexMulWork,
              "6 flops per complex product"),
      Contrib("LinearAttentionGate", F::kElementwise, R::kPointwise, LinearGateShape,
              LinearGateWork,
              "decay: 3 flops, an exponential and a logarithm per element; beta: a sigmoid"),
      Contrib("HyperConnectionPreMix", F::kReduction, R::kReduction, PreMixShape, PreMixWork,
              "2 flops per element of the streams"),
      Contrib("HyperConnectionPostMix", F::kElementwise, R::kOther, SameAsFirst, PostMixWork,
              "2 flops per element, and 2 * branches with stream_mix"),
      Contrib("Trilu", F::kMovement, R::kMovement, SameAsFirst, nullptr,
              "a triangle, zeros elsewhere"),
      Contrib("Pad", F::kMovement, R::kMovement, StandardShape<kPad>, StandardWork<kPad>,
              "as ai.onnx Pad"),
      [] {
        OpRow row = Contrib("Range", F::kShape, R::kConstant, StandardShape<kRange>, nullptr,
                            "as ai.onnx Range: an addition per element");
        row.per_element = {.flops = 1};
        return row;
      }(),
      Contrib("GatherND", F::kMovement, R::kMovement, StandardShape<kGatherNd>,
              StandardWork<kGatherNd>, "as ai.onnx GatherND"),
      Contrib("GridSample", F::kDetection, R::kOther, StandardShape<kGridSample>,
              StandardWork<kGridSample>, "as ai.onnx GridSample"),
      Contrib("Unique", F::kMovement, R::kOther, UniqueShape, StandardWork<kUnique>,
              "as ai.onnx Unique"),
      Contrib("ExpandDims", F::kMovement, R::kView, ExpandDimsShape, nullptr,
              "a new axis of size 1"),
      Contrib("UnfoldTensor", F::kMovement, R::kMovement, UnfoldShape, nullptr,
              "windows of an axis, as a new last axis"),
      Contrib("TorchEmbedding", F::kMovement, R::kMovement, EmbeddingShape, EmbeddingWork,
              "reads a row of the table per index"),
      Contrib("CropAndResize", F::kDetection, R::kOther, CropShape, CropWork,
              "bilinear: 9 flops per result, from 4 elements; nearest: moves elements"),
      Contrib("Rfft", F::kSignal, R::kOther, RfftShape, RfftWork,
              "flops = 5/2 n log2 n per signal of n points"),
      Contrib("Irfft", F::kSignal, R::kOther, IrfftShape, IrfftWork,
              "flops = 5/2 n log2 n per signal of n points"),
      Contrib("MurmurHash3", F::kString, R::kOther, HashShape, nullptr,
              "moves elements; a hash of each is not counted"),
      Contrib("IsAllFinite", F::kReduction, R::kReduction, ScalarBool, AllFiniteWork,
              "one comparison per element"),
      Contrib("DynamicTimeWarping", F::kSignal, R::kOther, WarpShape, WarpWork,
              "one flop and two comparisons per element of the cost matrix"),
      Contrib("WordConvEmbedding", F::kConvolution, R::kContraction, WordConvShape, WordConvWork,
              "macs = words * positions * filters * window * size of a character's embedding"),
      Contrib("SampleOp", F::kMovement, R::kMovement, SameAsFirst, nullptr, "x"),
  };
  return kRows;
}

}  // namespace assay
