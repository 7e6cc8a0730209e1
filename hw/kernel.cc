#include "hw/kernel.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace assay {
namespace {

constexpr absl::string_view kClassNames[] = {
    "conv-dense-1x1", "conv-dense", "conv-grouped", "conv-depthwise", "conv-stem", "gemm",
    "batched-matmul", "recurrence", "attention",    "reduction",      "other",
};

}  // namespace

absl::string_view Name(Kernel::Operand::What what) {
  switch (what) {
    case Kernel::Operand::What::kWeight:
      return "weight";
    case Kernel::Operand::What::kActivationIn:
      return "in";
    case Kernel::Operand::What::kActivationOut:
      return "out";
    case Kernel::Operand::What::kExtra:
      return "extra";
  }
  return "?";
}

double Kernel::bytes() const {
  double sum = 0;
  for (const Operand& operand : operands) sum += operand.bytes;
  return sum;
}

double Kernel::bytes(Operand::What what) const {
  double sum = 0;
  for (const Operand& operand : operands) {
    if (operand.what == what) sum += operand.bytes;
  }
  return sum;
}

double Kernel::largest_elements() const {
  double most = 0;
  for (const Operand& operand : operands) most = std::max(most, operand.elements);
  return most;
}

std::string ToString(const Kernel& kernel) {
  std::string text = kernel.pattern.empty() ? "kernel" : kernel.pattern;
  if (kernel.loops) {
    const Kernel::Loops& l = *kernel.loops;
    absl::StrAppend(&text, " ", Name(l.kind), " batch=", l.batch);
    if (l.groups != 1) absl::StrAppend(&text, " groups=", l.groups);
    absl::StrAppend(&text, " m=", l.m, " n=", l.n, " k=", l.k);
    if (l.steps != 1) absl::StrAppend(&text, " steps=", l.steps);
    if (!l.kernel.empty()) absl::StrAppend(&text, " kernel=", absl::StrJoin(l.kernel, "x"));
    if (!l.stride.empty()) absl::StrAppend(&text, " stride=", absl::StrJoin(l.stride, "x"));
    if (!l.dilation.empty()) absl::StrAppend(&text, " dilation=", absl::StrJoin(l.dilation, "x"));
    absl::StrAppend(&text, " ", Name(l.multiply), "->", Name(l.accumulate));
  }
  auto count = [&text](absl::string_view name, double value) {
    if (value != 0) absl::StrAppend(&text, "; ", name, "=", value);
  };
  count("macs", kernel.macs);
  count("flops", kernel.flops);
  count("transcendentals", kernel.transcendentals);
  count("int_ops", kernel.int_ops);
  count("comparisons", kernel.comparisons);
  for (const Kernel::Operand& operand : kernel.operands) {
    absl::StrAppend(&text, "; ", Name(operand.what), " ", Name(operand.dtype), " ", operand.bytes,
                    " B");
    if (operand.reuse_distance != Kernel::Operand::kNever) {
      absl::StrAppend(&text, " after ", operand.reuse_distance, " B");
    }
  }
  return text;
}

absl::string_view Name(KernelClass c) { return kClassNames[static_cast<size_t>(c)]; }

std::vector<absl::string_view> KernelClassNames() {
  return {std::begin(kClassNames), std::end(kClassNames)};
}

static_assert(std::size(kClassNames) == kNumKernelClasses);

std::optional<KernelClass> ParseKernelClass(absl::string_view name) {
  for (size_t i = 0; i < std::size(kClassNames); ++i) {
    if (kClassNames[i] == name) return static_cast<KernelClass>(i);
  }
  return std::nullopt;
}

KernelClass ClassOf(const Kernel& kernel) {
  if (!kernel.loops) return kernel.reduces ? KernelClass::kReduction : KernelClass::kOther;
  const Kernel::Loops& l = *kernel.loops;
  switch (l.kind) {
    case Nest::Kind::kMatMul:
      return l.shared_b || (l.batch == 1 && l.groups == 1) ? KernelClass::kGemm
                                                           : KernelClass::kBatchedMatMul;
    case Nest::Kind::kRecurrence:
      return KernelClass::kRecurrence;
    case Nest::Kind::kAttention:
      return KernelClass::kAttention;
    case Nest::Kind::kConv:
    case Nest::Kind::kConvTranspose:
      break;
  }
  int64_t positions = 1;
  for (int64_t extent : l.kernel) positions *= std::max<int64_t>(extent, 1);
  int64_t channels = l.k / std::max<int64_t>(positions, 1);  // of one group
  if (l.groups > 1) {
    return channels == 1 ? KernelClass::kConvDepthwise : KernelClass::kConvGrouped;
  }
  if (positions == 1) return KernelClass::kConvDense1x1;
  return channels <= 4 ? KernelClass::kConvStem : KernelClass::kConvDense;
}

}  // namespace assay
