// Signal processing: windows, Fourier transforms, mel filters.
//
// A Fourier transform of N points is counted by the convention of FFT benchmarks (Frigo and
// Johnson, benchFFT, for every N):
//
//   complex to complex              5 N log2 N flops
//   real to complex, or the inverse 2.5 N log2 N
//
// which is what a radix-2 algorithm takes (N / 2 log2 N butterflies of 10 flops). Transforms of
// other lengths take somewhat more; their useful work is the same. For lengths that are not powers
// of two log2 N is rounded to a thousandth. The roots of unity come from tables. The inverse also
// divides by N: a flop per number.
//
// A size known only as a symbol has no logarithm: the work is then unknown.
//
// Windows count per element as their ONNX function bodies do, without the term that Hann and
// Hamming windows have with a factor of zero.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/ops/families.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

// The size that the one number of operand i says, at least `low`; a new symbol of result 0 where
// that is not known.
absl::StatusOr<Dim> SizeOperand(OpContext& op, int i, int64_t low, absl::string_view what) {
  const Dim size = op.int_value(i).value_or(Dim());
  if (size.known() && size.value() < low) {
    return OpError(absl::StrCat("the ", what, " is ", size.value(), "; give at least ", low));
  }
  return OrFresh(op, 0, size, low, Dim(), what);
}

// --- HannWindow, HammingWindow, BlackmanWindow: size -> [size] ---

absl::Status WindowShape(OpContext& op) {
  absl::StatusOr<Dim> size = SizeOperand(op, 0, 0, "size of the window");
  if (!size.ok()) return size.status();
  op.SetOut(0, TypeAttr(op, "output_datatype", DType::kF32), {*size});
  return absl::OkStatus();
}

// --- Flops of Fourier transforms ---

// Twice the flops of one real transform, or the flops of one complex one: 5 N log2 N.
Dim ComplexFlops(OpContext& op, Dim n) {
  if (!n.known()) return n.overflow() ? n : Dim();
  if (n.value() <= 1) return Dim(0);
  const int64_t thousandths = std::llround(1000 * std::log2(static_cast<double>(n.value())));
  return FloorDiv(Size(op, n) * 5 * thousandths, 1000);
}

Size FourierFlops(OpContext& op, Dim transforms, Dim n, bool real) {
  const Size flops(op, ComplexFlops(op, n));
  return (real ? FloorDiv(flops, 2) : flops) * transforms;
}

// Real numbers have a last axis of 1, complex ones of 2.
bool IsReal(OpContext& op, int i) { return op.dim(i, -1).is(1); }

Dim OneSided(OpContext& op, Dim n) { return op.dims().Add(op.dims().FloorDiv(n, Dim(2)), Dim(1)); }

// --- DFT: [..., N, ..., 1 or 2], dft_length; the axis is an operand since opset 20 ---

struct Dft {
  bool inverse = false, onesided = false;
  std::optional<int> axis;  // of a ranked input; nullopt when its operand is not known
};

absl::StatusOr<Dft> DftOf(OpContext& op) {
  Dft dft{.inverse = op.int_attr("inverse", 0) != 0, .onesided = op.int_attr("onesided", 0) != 0};
  if (!op.ranked(0)) return dft;
  if (op.rank(0) < 2) {
    return OpError(absl::StrCat("the input has rank ", op.rank(0),
                                "; give [..., signal, 1] for real and [..., signal, 2] for complex "
                                "numbers"));
  }
  std::optional<int64_t> given = op.opset() < 20 ? op.int_attr("axis", 1) : -2;
  if (op.opset() >= 20 && op.has(2)) {
    const std::optional<Dim> value = op.int_value(2);
    given = value.has_value() && value->known() ? std::optional(value->value()) : std::nullopt;
  }
  if (!given.has_value()) return dft;
  absl::StatusOr<int> axis = op.Axis(*given, op.rank(0));
  if (!axis.ok()) return axis.status();
  if (*axis == op.rank(0) - 1) {
    return OpError(absl::StrCat("axis ", *given,
                                " holds the real and imaginary parts; give one of the axes before "
                                "the last"));
  }
  dft.axis = *axis;
  return dft;
}

// Points of a transform: dft_length, else what the signal has; unknown when neither is.
absl::StatusOr<Dim> DftLength(OpContext& op, const Dft& dft) {
  if (op.has(1)) {
    const Dim length = op.int_value(1).value_or(Dim());
    if (!length.known() || length.value() >= 1) return length;
    return OpError(absl::StrCat("dft_length is ", length.value(), "; give at least 1"));
  }
  if (!dft.axis.has_value()) return Dim();
  const Size signal(op, op.dim(0, *dft.axis));
  return dft.inverse && dft.onesided ? Max(2 * (signal - 1), Dim(0)) : signal;
}

absl::Status DftShape(OpContext& op) {
  absl::StatusOr<Dft> dft = DftOf(op);
  if (!dft.ok()) return dft.status();
  if (!op.ranked(0)) return Unranked(op, 0, op.dtype(0));
  absl::StatusOr<Dim> length = DftLength(op, *dft);
  if (!length.ok()) return length.status();
  const Dim parts = op.dim(0, -1);
  if (parts.known() && !parts.is(1) && !parts.is(2)) {
    return OpError(absl::StrCat("the last axis has size ", parts.value(),
                                "; give 1 for real and 2 for complex numbers"));
  }
  Dims dims = op.in(0).dims;
  dims.back() = Dim(dft->inverse && dft->onesided ? 1 : 2);
  if (dft->axis.has_value()) {
    Dim size = OrFresh(op, 0, *length, 1, Dim(), "length of the transform");
    if (dft->onesided && !dft->inverse) size = OneSided(op, size);
    dims[*dft->axis] = size;
  } else if (op.has(1) || dft->onesided) {
    std::fill(dims.begin(), dims.end() - 1, Dim());  // one of them changes, who knows which
  }
  op.SetOut(0, op.dtype(0), std::move(dims));
  return absl::OkStatus();
}

absl::Status DftWork(OpContext& op) {
  absl::StatusOr<Dft> dft = DftOf(op);
  if (!dft.ok()) return dft.status();
  absl::StatusOr<Dim> length = DftLength(op, *dft);
  if (!length.ok()) return length.status();
  if (!dft->axis.has_value()) {
    op.work().flops = Dim();
    return absl::OkStatus();
  }
  Dims others = op.in(0).dims;
  others.pop_back();
  others.erase(others.begin() + *dft->axis);
  const bool real = IsReal(op, 0) || (dft->inverse && dft->onesided);
  Size flops = FourierFlops(op, op.dims().Product(others), *length, real);
  if (dft->inverse) flops += op.out_elements(0);
  op.work().flops = flops;
  // Points past dft_length are not looked at.
  if (length->known() && op.dim(0, *dft->axis).known()) {
    const Dim read = Min(Size(op, *length), op.dim(0, *dft->axis));
    op.work().reads[0] = Size(op, op.dims().Product(others)) * read * op.dim(0, -1);
  }
  return absl::OkStatus();
}

// --- STFT: signal [B, L, 1 or 2] (or [B, L]), frame_step, window [N], frame_length N ---

absl::StatusOr<Dim> FrameLength(OpContext& op) {
  Dim length;
  if (op.has(3)) {
    length = op.int_value(3).value_or(Dim());
    if (length.known() && length.value() < 1) {
      return OpError(absl::StrCat("frame_length is ", length.value(), "; give at least 1"));
    }
  }
  if (op.has(2)) {
    absl::Status s = Merge(op, &length, op.dim(2, 0), "frame_length and size of the window");
    if (!s.ok()) return s;
  }
  if (!op.has(2) && !op.has(3)) length = op.dim(0, 1);
  return length;
}

absl::Status StftShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "signal", {2, 3}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 2, "window", {1}); !s.ok()) return s;
  absl::StatusOr<Dim> found = FrameLength(op);
  if (!found.ok()) return found.status();
  const Dim length = OrFresh(op, 0, *found, 1, op.dim(0, 1), "frame length");
  const Dim step = op.int_value(1).value_or(Dim());
  if (step.known() && step.value() < 1) {
    return OpError(absl::StrCat("frame_step is ", step.value(), "; give at least 1"));
  }
  const Dim signal = op.dim(0, 1);
  if (op.dims().Less(signal, length) == true) {
    return OpError(absl::StrCat("a frame of ", Text(op, length), " is longer than the signal of ",
                                Text(op, signal), "; give a frame that fits"));
  }
  Dim frames;
  if (!step.unknown() && !signal.unknown()) {
    frames = op.dims().Add(op.dims().FloorDiv(op.dims().Sub(signal, length), step), Dim(1));
  }
  frames = OrFresh(op, 0, frames, 1, signal, "number of frames");
  const Dim bins = op.int_attr("onesided", 1) != 0 ? OneSided(op, length) : length;
  op.SetOut(0, op.dtype(0), {op.dim(0, 0), frames, bins, Dim(2)});
  return absl::OkStatus();
}

absl::Status StftWork(OpContext& op) {
  absl::StatusOr<Dim> length = FrameLength(op);
  if (!length.ok()) return length.status();
  const Type& out = op.out(0);
  if (!out.ranked || !op.ranked(0)) {
    op.work().flops = Dim();
    return absl::OkStatus();
  }
  const bool real = op.rank(0) == 2 || IsReal(op, 0);
  const Size frames = Size(op, out.dims[0]) * out.dims[1];
  Size flops = FourierFlops(op, frames, *length, real);
  if (op.has(2)) flops += frames * *length * (real ? 1 : 2);
  op.work().flops = flops;
  return absl::OkStatus();
}

// --- MelWeightMatrix: [dft_length / 2 + 1, mel bins] ---

absl::Status MelShape(OpContext& op) {
  absl::StatusOr<Dim> bins = SizeOperand(op, 0, 0, "number of mel bins");
  if (!bins.ok()) return bins.status();
  absl::StatusOr<Dim> length = SizeOperand(op, 1, 0, "DFT length");
  if (!length.ok()) return length.status();
  op.SetOut(0, TypeAttr(op, "output_datatype", DType::kF32), {OneSided(op, *length), *bins});
  return absl::OkStatus();
}

// The scale's ends: 2 (a division, an addition, a product, a logarithm) and 2 flops for the step.
// Each of the bins + 2 corners: place on the scale (2), in hertz (a power and 3), as bin of the
// spectrum (3). Each bin of the spectrum lies in at most two triangles: a difference and a division
// in each.
absl::Status MelWork(OpContext& op) {
  const Type& out = op.out(0);
  if (!out.ranked || out.rank() != 2) {
    op.work().flops = Dim();
    return absl::OkStatus();
  }
  const Size corners = Size(op, out.dims[1]) + 2;
  op.work().flops = 8 * corners + 4 * Size(op, out.dims[0]) + 2 * 3 + 2;
  op.work().transcendentals = corners + 2;
  return absl::OkStatus();
}

constexpr OpRow Signal(absl::string_view name, absl::string_view versions, Rule shape, Rule work,
                       PerElement per, absl::string_view formula) {
  return {.name = name,
          .versions = versions,
          .family = Family::kSignal,
          .shape = shape,
          .work = work,
          .per_element = per,
          .formula = formula};
}

constexpr OpRow FromBenchFft(OpRow row) {
  row.source = "ONNX operator specification; benchFFT (Frigo and Johnson) for 5 N log2 N";
  return row;
}

constexpr PerElement kOneCosine = {.flops = 3, .transcendentals = 1};
constexpr PerElement kTwoCosines = {.flops = 6, .transcendentals = 2};

constexpr OpRow kRows[] = {
    Signal("HannWindow", "17", WindowShape, nullptr, kOneCosine,
           "0.5 - 0.5 * cos(2 pi n / N): angle, cosine, product, difference"),
    Signal("HammingWindow", "17", WindowShape, nullptr, kOneCosine,
           "25/46 - 21/46 * cos(2 pi n / N): angle, cosine, product, difference"),
    Signal("BlackmanWindow", "17", WindowShape, nullptr, kTwoCosines,
           "0.42 - 0.5 * cos(2 pi n / N) + 0.08 * cos(4 pi n / N)"),
    FromBenchFft(Signal("DFT", "17 20", DftShape, DftWork, {},
                        "5 N log2 N flops per transform, half of it when input or result is real; "
                        "the inverse also divides each number")),
    FromBenchFft(Signal("STFT", "17", StftShape, StftWork, {},
                        "per frame 5 N log2 N flops, half of it for a real signal, and a product "
                        "per number with the window")),
    Signal("MelWeightMatrix", "17", MelShape, MelWork, {},
           "a power and 8 flops per corner of a triangle, 4 flops per bin of the spectrum"),
};

}  // namespace

absl::Span<const OpRow> SignalOps() { return kRows; }

}  // namespace assay
