#include "hw/mapping.h"

#include <algorithm>
#include <vector>

#include "hw/tiling.h"

namespace assay {
namespace {

using Mapper = Mapping (*)(const Kernel&, const Target&, const Engine&, absl::Span<const Workers>,
                           Math);

// By kind of machine; a new kind's mapping is a file and a row.
Mapper MapperOf(TargetKind kind) {
  switch (kind) {
    case TargetKind::kGpu:
      return MapOnGpu;
    case TargetKind::kCpu:
      return MapOnCpu;
    case TargetKind::kSystolic:
      return MapOnSystolic;
    case TargetKind::kKpu:
      return MapOnKpu;
    case TargetKind::kNpu:
      break;
  }
  return MapOnNpu;
}

}  // namespace

void Mapping::Multiply(absl::string_view name, double value) {
  value = std::clamp(value, 1e-12, 1.0);
  factors.push_back({name, value});
  utilization *= value;
}

Mapping MapOnClass(const Kernel& kernel, const Target& target, EngineClass engine_class,
                   Math math) {
  const std::vector<Workers> workers = WorkersOf(target, engine_class, math);
  const auto engine = std::find_if(target.engines.begin(), target.engines.end(),
                                   [&](const Engine& e) { return e.engine_class == engine_class; });
  if (engine == target.engines.end() || workers.empty()) {
    return {.engine = engine_class, .math = math, .units_used = target.unit_count()};
  }
  // Beside an array, what is no contraction or does not run on it falls to lanes.
  const bool has_array = target.kind != TargetKind::kGpu && target.kind != TargetKind::kCpu;
  const bool on_array = kernel.loops.has_value() && engine_class == EngineClass::kMatrix;
  const Mapper map = has_array && !on_array ? MapOnLanes : MapperOf(target.kind);
  return map(kernel, target, *engine, workers, math);
}

Mapping MapKernel(const Kernel& kernel, const Target& target, Math math) {
  double matrix = target.Rate(EngineClass::kMatrix, math);
  double vector = target.Rate(EngineClass::kVector, math);
  if (!kernel.loops) {
    return MapOnClass(kernel, target, vector > 0 ? EngineClass::kVector : EngineClass::kMatrix,
                      math);
  }
  if (matrix <= 0) return MapOnClass(kernel, target, EngineClass::kVector, math);
  Mapping best = MapOnClass(kernel, target, EngineClass::kMatrix, math);
  if (vector <= 0) return best;
  // A depthwise convolution can fill vector lanes better than a matrix engine.
  Mapping other = MapOnClass(kernel, target, EngineClass::kVector, math);
  return vector * other.utilization > matrix * best.utilization ? other : best;
}

}  // namespace assay
