#include "hw/mapping.h"

#include <algorithm>

namespace assay {
namespace {

using Mapper = Mapping (*)(const Kernel&, const Target&, EngineClass, Math);

// By kind of machine; a new kind's mapping is a file and a row.
Mapper MapperOf(TargetKind kind) {
  switch (kind) {
    case TargetKind::kGpu:
      return MapOnGpu;
    case TargetKind::kCpu:
      return MapOnCpu;
    case TargetKind::kSystolic:
    case TargetKind::kKpu:
    case TargetKind::kNpu:
      break;
  }
  return MapGeneric;
}

}  // namespace

void Mapping::Multiply(absl::string_view name, double value) {
  value = std::clamp(value, 1e-12, 1.0);
  factors.push_back({name, value});
  utilization *= value;
}

Mapping MapKernel(const Kernel& kernel, const Target& target, Math math) {
  Mapper map = MapperOf(target.kind);
  double matrix = target.Rate(EngineClass::kMatrix, math);
  double vector = target.Rate(EngineClass::kVector, math);
  if (!kernel.loops) {
    return map(kernel, target, vector > 0 ? EngineClass::kVector : EngineClass::kMatrix, math);
  }
  if (matrix <= 0) return map(kernel, target, EngineClass::kVector, math);
  Mapping best = map(kernel, target, EngineClass::kMatrix, math);
  if (vector <= 0) return best;
  // A depthwise convolution can fill vector lanes better than a matrix engine.
  Mapping other = map(kernel, target, EngineClass::kVector, math);
  return vector * other.utilization > matrix * best.utilization ? other : best;
}

}  // namespace assay
