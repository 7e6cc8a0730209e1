// Operators of detectors: choosing boxes, and sampling feature maps at fractional places
// (ir/ops/interpolation.h).
//
// What they do depends on the contents of boxes and regions. Counts of results are new symbols with
// bounds; work is given for the most there can be, where the row says so.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/ops/families.h"
#include "ir/ops/interpolation.h"
#include "ir/ops/operands.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

// --- NonMaxSuppression: boxes [B, N, 4], scores [B, C, N], max_output_boxes_per_class ---

// Boxes kept of one class of one image, at most: N, or the limit where its value is known.
Size MostKept(OpContext& op) {
  const Size boxes(op, op.dim(0, 1));
  if (!op.has(2)) return Size(op, 0);  // the default of the limit
  const std::optional<Dim> limit = op.int_value(2);
  if (!limit.has_value()) return boxes;
  if (op.dims().BoundsOf(*limit).high <= 0) return Size(op, 0);
  return Min(boxes, *limit);
}

absl::Status NmsShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "boxes", {3}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 1, "scores", {3}); !s.ok()) return s;
  Dim images = op.dim(0, 0), boxes = op.dim(0, 1), corners(4);
  absl::Status s = Merge(op, &images, op.dim(1, 0), "images of boxes and of scores");
  if (s.ok()) s = Merge(op, &boxes, op.dim(1, 2), "number of boxes and of scores");
  if (s.ok()) s = Merge(op, &corners, op.dim(0, 2), "numbers per box");
  if (!s.ok()) return s;
  const Size most = Size(op, images) * op.dim(1, 1) * MostKept(op);
  if (most.dim.is(0)) {
    op.SetOut(0, DType::kI64, {Dim(0), Dim(3)});
    return absl::OkStatus();
  }
  const int64_t high = op.dims().BoundsOf(most).high;
  const Dim selected =
      op.Fresh(0, {.low = 0, .high = std::max<int64_t>(high, 0)}, "number of selected boxes");
  op.SetOut(0, DType::kI64, {selected, Dim(3)});
  return absl::OkStatus();
}

// Of N boxes by falling score, K are kept, and each is compared with all that come after it:
// K N - K (K + 1) / 2 pairs, the most there can be. A pair costs 6 flops (width, height, two
// products, the union's sum and difference) and 6 comparisons (4 for the overlap's corners, whether
// there is one, whether it is too much). Sorting is not counted.
absl::Status NmsWork(OpContext& op) {
  const Size classes = Size(op, op.dim(0, 0)) * op.dim(1, 1);
  const Size boxes(op, op.dim(0, 1));
  const Size kept = MostKept(op);
  const Size six_pairs = classes * (6 * kept * boxes - 3 * kept * (kept + 1));
  op.work().flops = six_pairs;
  op.work().comparisons = six_pairs + (op.has(4) ? classes * boxes : Size(op, 0));
  return absl::OkStatus();
}

// --- RoiAlign: X [N, C, H, W], rois [R, 4], batch_indices [R] ---

// With sampling_ratio 0 the number of samples follows from each region's size. Detectors that leave
// it to the region see mostly 2 per axis and bin; that is what is counted.
constexpr int64_t kAdaptiveSamples = 2;

absl::Status RoiAlignShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "X", {4}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 1, "rois", {2}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 2, "batch_indices", {1}); !s.ok()) return s;
  const int64_t height = op.int_attr("output_height", 1), width = op.int_attr("output_width", 1);
  absl::Status s = RequirePositive(op, "output_height", height);
  if (s.ok()) s = RequirePositive(op, "output_width", width);
  Dim regions = op.dim(1, 0);
  if (s.ok()) s = Merge(op, &regions, op.dim(2, 0), "number of rois and of batch_indices");
  if (!s.ok()) return s;
  op.SetOut(0, op.dtype(0), {regions, op.dim(0, 1), Dim(height), Dim(width)});
  return absl::OkStatus();
}

absl::Status RoiAlignWork(OpContext& op) {
  const int64_t ratio = op.int_attr("sampling_ratio", 0);
  const Size samples_per_bin =
      Size(op, ratio > 0 ? ratio : kAdaptiveSamples) * Dim(ratio > 0 ? ratio : kAdaptiveSamples);
  const Size out(op, op.out_elements(0));
  const Size bins =
      Size(op, op.dim(1, 0)) * op.int_attr("output_height", 1) * op.int_attr("output_width", 1);
  const Size samples = out * samples_per_bin;
  const Interpolation linear = InterpolationOf(op, 2, 2);
  // Each sample's place: a product and an addition per axis.
  Size flops = bins * samples_per_bin * (linear.weight_flops + 4);
  Work& work = op.work();
  if (op.string_attr("mode", "avg") == "max") {
    // The largest of the weighted neighbours, not of their sums.
    flops += samples * linear.neighbours;
    work.comparisons = samples * linear.neighbours - out;
  } else {
    flops += samples * linear.sum_flops + samples;  // additions, and one scaling per bin
  }
  work.flops = flops;
  work.reads[0] = Min(Size(op, op.in_elements(0)), samples * linear.neighbours);
  return absl::OkStatus();
}

// --- GridSample: X [N, C, D...], grid [N, O..., axes] -> [N, C, O...] ---

absl::Status GridSampleShape(OpContext& op) {
  if (!op.ranked(0) && !op.ranked(1)) {
    op.SetOut(0, Type::Unranked(op.dtype(0)));
    return absl::OkStatus();
  }
  const int rank = op.ranked(0) ? op.rank(0) : op.rank(1);
  if (rank < 3 || (op.ranked(1) && op.rank(1) != rank)) {
    return OpError(absl::StrCat("an input of rank ", rank, " and a grid of rank ",
                                op.ranked(1) ? op.rank(1) : rank,
                                " do not go together; give both the same rank, 3 or more"));
  }
  Dim images = op.dim(0, 0), axes(rank - 2);
  absl::Status s = Merge(op, &images, op.dim(1, 0), "images of the input and of the grid");
  if (s.ok()) s = Merge(op, &axes, op.dim(1, -1), "spatial axes and coordinates of a grid point");
  if (!s.ok()) return s;
  Dims dims = {images, op.dim(0, 1)};
  for (int i = 1; i + 1 < rank; ++i) dims.push_back(op.dim(1, i));
  op.SetOut(0, op.dtype(0), std::move(dims));
  return absl::OkStatus();
}

absl::Status GridSampleWork(OpContext& op) {
  Work& work = op.work();
  if (!op.ranked(0) || !op.out(0).ranked) {
    work.flops = Dim();
    return absl::OkStatus();
  }
  const absl::string_view mode = op.string_attr("mode", "linear");
  const int neighbours = mode == "nearest" ? 1 : mode == "cubic" || mode == "bicubic" ? 4 : 2;
  const int axes = op.rank(0) - 2;
  const Interpolation sampling = InterpolationOf(op, neighbours, axes);
  const Size out(op, op.out_elements(0));
  const Size points =
      Size(op, op.out(0).dims[0]) * ProductOf(op, op.out(0).dims, 2, op.out(0).rank());
  // Each point's place: a product and an addition per axis.
  work.flops = points * (sampling.weight_flops + 2 * Size(op, axes)) + out * sampling.sum_flops;
  work.reads[0] = Min(Size(op, op.in_elements(0)), out * sampling.neighbours);
  return absl::OkStatus();
}

// --- AffineGrid: theta [N, axes, axes + 1], size -> [N, D..., axes] ---

absl::Status AffineGridShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "theta", {3}); !s.ok()) return s;
  std::optional<std::vector<Dim>> size = op.ints_value(1);
  Dim images = op.dim(0, 0);
  int axes = 0;
  if (size.has_value()) {
    axes = static_cast<int>(size->size()) - 2;
  } else if (op.dim(0, 1).known()) {
    axes = static_cast<int>(std::clamp<int64_t>(op.dim(0, 1).value(), -1, 4));
  } else if (op.dim(1, 0).known()) {
    axes = static_cast<int>(std::clamp<int64_t>(op.dim(1, 0).value(), 0, 6)) - 2;
  } else {
    op.SetOut(0, Type::Unranked(op.dtype(0)));
    return absl::OkStatus();
  }
  if (axes != 2 && axes != 3) {
    return OpError(
        "the size must be (N, C, H, W) or (N, C, D, H, W), with theta [N, 2, 3] or [N, 3, 4]");
  }
  Dim rows(axes), columns(axes + 1);
  absl::Status s = Merge(op, &rows, op.dim(0, 1), "spatial axes and rows of theta");
  if (s.ok()) s = Merge(op, &columns, op.dim(0, 2), "spatial axes + 1 and columns of theta");
  if (s.ok() && size.has_value()) s = Merge(op, &images, (*size)[0], "images of theta and of size");
  if (!s.ok()) return s;
  Dims dims = {images};
  for (int i = 0; i < axes; ++i) dims.push_back(size.has_value() ? (*size)[2 + i] : Dim());
  dims.push_back(Dim(axes));
  op.SetOut(0, op.dtype(0), std::move(dims));
  return absl::OkStatus();
}

// Each point is a product of theta with (x, y, 1): axes * (axes + 1) macs.
absl::Status AffineGridWork(OpContext& op) {
  const Type& out = op.out(0);
  Work& work = op.work();
  if (!out.ranked || !out.dims.back().known()) {
    work.macs = work.flops = Dim();
    return absl::OkStatus();
  }
  const int64_t axes = out.dims.back().value();
  const Size macs = (axes + 1) * Size(op, op.elements(out));
  work.macs = macs;
  work.flops = 2 * macs;
  Nest nest;
  nest.batch = out.dims[0];
  nest.m = ProductOf(op, out.dims, 1, out.rank() - 1);
  nest.n = Dim(axes);
  nest.k = Dim(axes + 1);
  nest.multiply = out.dtype;
  nest.accumulate = AccumulateType(out.dtype);
  work.nest = std::move(nest);
  return absl::OkStatus();
}

// --- ImageDecoder: a compressed image of bytes -> [H, W, channels] ---

absl::Status ImageDecoderShape(OpContext& op) {
  const absl::string_view format = op.string_attr("pixel_format", "RGB");
  const int64_t channels = format == "Grayscale" ? 1 : 3;
  op.SetOut(0, DType::kU8,
            {op.Fresh(0, {.low = 1}, "height"), op.Fresh(0, {.low = 1}, "width"), Dim(channels)});
  return absl::OkStatus();
}

absl::Status ImageDecoderWork(OpContext& op) {
  op.work().int_ops = Dim();
  return absl::OkStatus();
}

}  // namespace

absl::Span<const OpRow> DetectionOps() {
  static const OpRow kRows[] = {
      {.name = "NonMaxSuppression",
       .versions = "10 11",
       .family = Family::kDetection,
       .role = Role::kOther,
       .shape = NmsShape,
       .work = NmsWork,
       .formula =
           "at most: per image and class, with N boxes and K kept, K N - K (K + 1) / 2 pairs of 6 "
           "flops and 6 comparisons, and N comparisons with a score threshold"},
      {.name = "RoiAlign",
       .versions = "10 16 22",
       .family = Family::kDetection,
       .role = Role::kOther,
       .shape = RoiAlignShape,
       .work = RoiAlignWork,
       .formula =
           "per bin sampling_ratio^2 samples (0, by region: taken as 2^2), each 12 flops for place "
           "and weights, and per channel 8 (max: 4, and 4 comparisons)"},
      {.name = "GridSample",
       .versions = "16 20 22",
       .family = Family::kDetection,
       .role = Role::kOther,
       .shape = GridSampleShape,
       .work = GridSampleWork,
       .formula = "per point and channel 2 n - 1 flops of n neighbours (linear 2^axes, cubic "
                  "4^axes, nearest "
                  "none); per point 2 per axis for its place, and the weights"},
      {.name = "AffineGrid",
       .versions = "20",
       .family = Family::kDetection,
       .role = Role::kContraction,
       .shape = AffineGridShape,
       .work = AffineGridWork,
       .formula = "macs = N * points * axes * (axes + 1)"},
      {.name = "ImageDecoder",
       .versions = "20",
       .family = Family::kDetection,
       .role = Role::kOther,
       .shape = ImageDecoderShape,
       .work = ImageDecoderWork,
       .formula = "not known: it depends on the image's encoding"},
  };
  return kRows;
}

}  // namespace assay
