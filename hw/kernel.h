// All that a machine needs to know of one kernel: how much it computes and in what loop nest, and
// what it reads and writes. Plain numbers at one point of the model's symbols; no graph, no names
// of tensors. Two kernels with equal values take equal time, so a Kernel is the key of a cache.
#ifndef ASSAY_HW_KERNEL_H_
#define ASSAY_HW_KERNEL_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "ir/dtype.h"
#include "ir/work.h"

namespace assay {

struct Kernel {
  // The contraction at the kernel's heart: ir/work.h's Nest, evaluated. See there for what m, n and
  // k are of a convolution, a recurrence and attention.
  struct Loops {
    Nest::Kind kind = Nest::Kind::kMatMul;
    int64_t batch = 1, groups = 1, m = 1, n = 1, k = 1, steps = 1;
    absl::InlinedVector<int64_t, 3> kernel, stride, dilation;
    bool shared_b = false;
    DType multiply = DType::kF32;
    DType accumulate = DType::kF32;

    friend bool operator==(const Loops& a, const Loops& b) = default;
    template <class H>
    friend H AbslHashValue(H h, const Loops& l) {
      return H::combine(std::move(h), l.kind, l.batch, l.groups, l.m, l.n, l.k, l.steps, l.kernel,
                        l.stride, l.dilation, l.shared_b, l.multiply, l.accumulate);
    }
  };

  // One external tensor (or a part of it) that the kernel reads or writes once.
  struct Operand {
    enum class What : uint8_t {
      kWeight,
      kActivationIn,
      kActivationOut,
      kExtra,  // what the kernel's pattern reads or writes besides: workspaces, repeated reads
    };
    static constexpr double kNever = std::numeric_limits<double>::infinity();

    What what = What::kActivationIn;
    DType dtype = DType::kF32;  // the element type in force (hw/precision.h), not the file's
    double elements = 0;
    double bytes = 0;  // at `dtype`; 4-bit elements take half a byte
    // Bytes that other work touches between the previous use of this data and this one (for a
    // result: until its next use). A cache level that holds that much still has it. kNever: it
    // comes from, or goes to, the outermost memory.
    double reuse_distance = kNever;

    friend bool operator==(const Operand& a, const Operand& b) = default;
    template <class H>
    friend H AbslHashValue(H h, const Operand& o) {
      return H::combine(std::move(h), o.what, o.dtype, o.elements, o.bytes, o.reuse_distance);
    }
  };

  std::optional<Loops> loops;
  // Of everything in the kernel, epilogue included; counted as in ir/work.h.
  double macs = 0;
  double flops = 0;            // 2 x macs + floating-point arithmetic of all else
  double transcendentals = 0;  // not in flops
  double int_ops = 0;
  double comparisons = 0;
  std::vector<Operand> operands;
  bool reduces = false;   // it holds a reduction, or the pooling of whole images
  bool in_place = false;  // the runtime makes no kernel of it: it takes no time (hw/runtime.h)
  int ops = 1;            // operators of the graph in it: what an eager runtime dispatches
  // The fusion pattern's name, for people. Calibrations go by KernelClass, which follows from the
  // loops.
  std::string pattern;

  double bytes() const;                    // of all operands
  double bytes(Operand::What what) const;  // of those
  double largest_elements() const;         // of the largest operand: its data parallelism

  friend bool operator==(const Kernel& a, const Kernel& b) = default;
  template <class H>
  friend H AbslHashValue(H h, const Kernel& k) {
    if (k.loops) h = H::combine(std::move(h), *k.loops);
    return H::combine(std::move(h), k.loops.has_value(), k.macs, k.flops, k.transcendentals,
                      k.int_ops, k.comparisons, k.operands, k.reduces, k.in_place, k.ops,
                      k.pattern);
  }
};

absl::string_view Name(Kernel::Operand::What what);

// "matmul batch=1 m=128 n=768 k=768 f32; macs=75497472 flops=... ; weight f32 2359296 B; ..." One
// line.
std::string ToString(const Kernel& kernel);

// Kernels that reach a like share of a machine's peak; what calibrations are fitted by.
enum class KernelClass : uint8_t {
  kConvDense1x1,
  kConvDense,  // kernel larger than 1, one group
  kConvGrouped,
  kConvDepthwise,  // as many groups as input channels
  kConvStem,       // at most 4 input channels
  kGemm,           // one weight matrix for all rows
  kBatchedMatMul,
  kRecurrence,
  kAttention,
  kReduction,  // no contraction, but a reduction
  kOther,      // neither
};
inline constexpr size_t kNumKernelClasses = 11;
absl::string_view Name(KernelClass c);
std::vector<absl::string_view> KernelClassNames();
std::optional<KernelClass> ParseKernelClass(absl::string_view name);
KernelClass ClassOf(const Kernel& kernel);

}  // namespace assay

#endif  // ASSAY_HW_KERNEL_H_
