#include "hw/estimate.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hw/units.h"
#include "ir/suggest.h"

namespace assay {
namespace {

// "matrix fp16" and so on, for as long as the program runs.
absl::string_view EngineLabel(EngineClass c, Math math) {
  static const auto* const labels = [] {
    auto* all = new std::array<std::vector<std::string>, 3>;
    for (size_t c = 0; c < all->size(); ++c) {
      for (const MathRow& row : MathRows()) {
        (*all)[c].push_back(absl::StrCat(Name(static_cast<EngineClass>(c)), " ", row.name));
      }
    }
    return all;
  }();
  return (*labels)[static_cast<size_t>(c)][static_cast<size_t>(math)];
}

// What executes `math` on the target: itself, or the next best that it has.
Math Available(const Target& target, Math math, bool* replaced) {
  if (target.BestRate(math) > 0) return math;
  if (replaced != nullptr) *replaced = true;
  for (Math other : RowOf(math).instead) {
    if (target.BestRate(other) > 0) return other;
  }
  std::vector<Math> maths = target.maths();
  return maths.empty() ? math : maths.front();
}

ResourceUse EngineUse(EngineClass c, Math math, double amount, double peak, double rate) {
  return {.name = EngineLabel(c, math),
          .engine = c,
          .math = math,
          .amount = amount,
          .unit = "op",
          .peak = peak,
          .rate = rate,
          .seconds = rate > 0 ? amount / rate : 0};
}

// The element type that stands for a kernel's arithmetic outside its contraction: that of its
// largest floating-point operand, else of its largest.
DType ElementTypeOf(const Kernel& kernel) {
  const Kernel::Operand* best = nullptr;
  for (const Kernel::Operand& operand : kernel.operands) {
    if (best == nullptr || std::pair(IsFloat(operand.dtype), operand.elements) >
                               std::pair(IsFloat(best->dtype), best->elements)) {
      best = &operand;
    }
  }
  return best == nullptr ? DType::kF32 : best->dtype;
}

// Saturating: half of the efficiency at `half_saturation` operations.
double ComputeEfficiency(const ClassEfficiency* efficiency, double amount) {
  if (efficiency == nullptr) return 1;
  double half = efficiency->half_saturation.value_or(0);
  return efficiency->compute.value_or(1) * (amount > 0 ? amount / (amount + half) : 1);
}

void AddEngines(const Kernel& kernel, const Platform& platform, const ClassEfficiency* efficiency,
                KernelEstimate* e) {
  const Target& target = *platform.target;
  double contraction = kernel.loops ? 2 * kernel.macs : 0;
  double rest = std::max(0.0, kernel.flops - contraction) + kernel.int_ops + kernel.comparisons;
  double special = kernel.transcendentals;
  Math rest_math = kernel.loops ? platform.PointwiseMath(ElementTypeOf(kernel), &e->replaced_math)
                                : e->mapping.math;
  // Machines without vector engines do it in their matrix engines' pipelines.
  auto engine_of = [&](Math math) {
    return target.Rate(EngineClass::kVector, math) > 0 ? EngineClass::kVector
                                                       : EngineClass::kMatrix;
  };
  double special_peak = target.Rate(EngineClass::kSpecial, rest_math);
  Math special_math = rest_math;
  if (special_peak <= 0) {
    special_math = Math::kFp32;
    special_peak = target.Rate(EngineClass::kSpecial, Math::kFp32);
  }
  if (special_peak <= 0) rest += std::exchange(special, 0);  // no such engine: one slot each

  EngineClass rest_engine = engine_of(rest_math);
  double rest_peak = target.Rate(rest_engine, rest_math);
  double spread = kernel.loops ? 1 : e->mapping.utilization;
  double rest_rate = rest_peak / 2 * spread;
  if (contraction > 0) {
    EngineClass engine = e->mapping.engine;
    double peak = target.Rate(engine, e->mapping.math);
    double rate = peak * e->mapping.utilization * ComputeEfficiency(efficiency, contraction);
    ResourceUse use = EngineUse(engine, e->mapping.math, contraction, peak, rate);
    if (engine == rest_engine && e->mapping.math == rest_math && rest > 0) {
      // The same lanes: one after the other.
      use.seconds += rest_rate > 0 ? rest / rest_rate : 0;
      use.amount += std::exchange(rest, 0);
      use.rate = use.seconds > 0 ? use.amount / use.seconds : 0;
    }
    e->parts.push_back(use);
  }
  if (rest > 0) {
    e->parts.push_back(EngineUse(rest_engine, rest_math, rest, rest_peak, rest_rate));
  }
  if (special > 0) {
    e->parts.push_back(EngineUse(EngineClass::kSpecial, special_math, special, special_peak,
                                 special_peak * spread));
  }
}

void AddMemory(const Kernel& kernel, const Platform& platform, const ClassEfficiency* efficiency,
               KernelEstimate* e) {
  const Target& target = *platform.target;
  int last = static_cast<int>(target.memory.size()) - 1;
  std::vector<double> bytes(target.memory.size());
  for (const Kernel::Operand& operand : kernel.operands) {
    int from = ResidentLevel(target, operand.bytes, operand.reuse_distance);
    for (int i = 0; i <= from; ++i) bytes[static_cast<size_t>(i)] += operand.bytes;
  }
  if (e->mapping.extra_bytes > 0) {
    int i = 0;
    while (i < last && target.memory[static_cast<size_t>(i)].scope != "shared") ++i;
    bytes[static_cast<size_t>(i)] += e->mapping.extra_bytes;
  }
  for (int i = 0; i <= last; ++i) {
    const MemoryLevel& level = target.memory[static_cast<size_t>(i)];
    double peak = target.Bandwidth(level);
    double amount = bytes[static_cast<size_t>(i)];
    if (level.role == MemoryRole::kRegisters || peak <= 0 || amount <= 0) continue;
    double rate = peak;
    if (const UnitClass* unit = target.unit(level.scope)) {
      // Only the units in use move data; the innermost level of each class of units takes its
      // share.
      rate *= std::clamp(e->units_used / target.unit_count(), 1e-12, 1.0);
      amount *= unit->count.value / target.unit_count();
    }
    if (i == last && efficiency != nullptr) rate *= efficiency->bandwidth.value_or(1);
    e->parts.push_back({.name = level.name,
                        .is_memory = true,
                        .level = i,
                        .amount = amount,
                        .unit = "B",
                        .peak = peak,
                        .rate = rate,
                        .seconds = amount / rate});
  }
}

}  // namespace

absl::string_view Name(Bound bound) {
  switch (bound) {
    case Bound::kCompute:
      return "compute";
    case Bound::kBandwidth:
      return "bandwidth";
    case Bound::kOverhead:
      return "overhead";
  }
  return "?";
}

Math Platform::ContractionMath(DType dtype, bool* replaced) const {
  Math math = MathOf(dtype);
  if (IsFloat(dtype) && precision->contraction) {
    math = *precision->contraction;
  } else {
    for (const MathReplacement& r : runtime->replaces) {
      if (r.math == math && target->BestRate(r.runs_as) > 0) {
        math = r.runs_as;
        break;
      }
    }
  }
  return Available(*target, math, replaced);
}

Math Platform::PointwiseMath(DType dtype, bool* replaced) const {
  Math math = IsFloat(dtype) && precision->pointwise ? *precision->pointwise : MathOf(dtype);
  // 8-bit and narrower tensors are computed with in the lanes that the machine has; nothing is
  // missing.
  bool narrow = RowOf(math).bits <= 8 || !IsFloat(dtype);
  if (target->Rate(EngineClass::kVector, math) > 0) return math;
  for (Math other : RowOf(math).instead) {
    if (target->Rate(EngineClass::kVector, other) > 0) {
      if (replaced != nullptr && !narrow) *replaced = true;
      return other;
    }
  }
  return Available(*target, math, replaced);
}

std::vector<absl::string_view> PrecisionsOf(const Target& target) {
  std::vector<absl::string_view> names;
  for (const Precision& precision : Precisions()) {
    if (!precision.contraction || target.BestRate(*precision.contraction) > 0) {
      names.push_back(precision.name);
    }
  }
  return names;
}

absl::StatusOr<Platform> MakePlatform(std::shared_ptr<const Target> target,
                                      std::shared_ptr<const Runtime> runtime,
                                      const EstimateOptions& options) {
  Platform platform;
  platform.target = std::move(target);
  const Target& t = *platform.target;
  if (runtime == nullptr) {
    auto found = FindRuntime(t.runtime.empty() ? "ideal" : t.runtime);
    if (!found.ok()) return found.status();
    runtime = *std::move(found);
  }
  platform.runtime = std::move(runtime);
  const Runtime& r = *platform.runtime;
  if (!r.kinds.empty() &&
      std::find(r.kinds.begin(), r.kinds.end(), Name(t.kind)) == r.kinds.end()) {
    return absl::InvalidArgumentError(absl::StrCat("runtime `", r.name, "` does not run on ",
                                                   t.name, ", which is a ", Name(t.kind),
                                                   "; it runs on ", absl::StrJoin(r.kinds, ", ")));
  }

  bool asked = !options.precision.empty();
  absl::StatusOr<const Precision*> precision =
      FindPrecision(asked ? absl::string_view(options.precision) : r.precision);
  if (!precision.ok()) return precision.status();
  platform.precision = *precision;
  if ((*precision)->contraction && t.BestRate(*(*precision)->contraction) <= 0) {
    std::vector<absl::string_view> names = PrecisionsOf(t);
    if (asked) {
      return absl::InvalidArgumentError(
          absl::StrCat(t.name, " has no ", Name(*(*precision)->contraction), " for --precision ",
                       (*precision)->name, "; use one of ", absl::StrJoin(names, ", ")));
    }
    platform.assumptions.push_back(absl::StrCat("runtime ", r.name, " would run in ",
                                                (*precision)->name, ", which ", t.name,
                                                " does not have: run as in the model"));
    platform.precision = *FindPrecision("model");
  }

  double fp32 = t.Rate(EngineClass::kVector, Math::kFp32);
  double tf32 = t.Rate(EngineClass::kMatrix, Math::kTf32);
  if (platform.ContractionMath(DType::kF32) == Math::kFp32 && tf32 > fp32 && fp32 > 0 &&
      t.Rate(EngineClass::kMatrix, Math::kFp32) <= 0) {
    platform.assumptions.push_back(absl::StrCat(
        "f32 contractions run in fp32 on vector engines at ",
        FormatQuantity(fp32, Unit::kOpsPerSecond), "; --precision tf32 uses matrix engines at ",
        FormatQuantity(tf32, Unit::kOpsPerSecond)));
  }

  platform.calibration =
      options.calibration != nullptr ? options.calibration : FindCalibration(t, r);
  if (const Calibration* c = platform.calibration.get()) {
    absl::string_view by = !c->target.empty() ? "target" : !c->family.empty() ? "family" : "kind";
    platform.calibration_label = absl::StrCat(c->name, " (", by, ")");
    platform.low_factor = c->low.value_or(1);
    platform.high_factor = c->high.value_or(1);
  } else {
    platform.calibration_label = "uncalibrated";
    UncalibratedInterval interval = UncalibratedFor(t.kind, std::max<int64_t>(options.batch, 1));
    platform.low_factor = interval.low.value_or(1);
    platform.high_factor = interval.high.value_or(1);
    platform.assumptions.push_back(absl::StrCat(
        "uncalibrated: no measurement of ", t.name, " under ", r.name,
        " stands behind these times; the interval reaches from the bare roofline to ",
        FormatQuantity(platform.high_factor, Unit::kCount), " times the busy time plus overhead",
        interval.high.source.empty() ? "" : absl::StrCat(" (", interval.high.source, ")")));
  }
  return platform;
}

int ResidentLevel(const Target& target, double bytes, double reuse_distance) {
  int last = static_cast<int>(target.memory.size()) - 1;
  for (int i = 0; i < last; ++i) {
    const MemoryLevel& level = target.memory[static_cast<size_t>(i)];
    // What a unit holds for itself, another unit cannot read in the next kernel.
    if (level.scope != "shared" || level.role == MemoryRole::kRegisters) continue;
    if (reuse_distance + bytes <= target.Capacity(level)) return i;
  }
  return last;
}

Energy EnergyOf(const Target& target, double seconds, absl::Span<const ResourceUse> parts) {
  Energy energy;
  auto add = [&energy](absl::string_view name, bool known, double joules) {
    energy.parts.push_back({name, known ? std::optional<double>(joules) : std::nullopt});
    if (known) energy.joules = energy.joules.value_or(0) + joules;
    energy.complete = energy.complete && known;
  };
  add("idle", target.idle_power.known, target.idle_power.value * seconds);
  for (const ResourceUse& part : parts) {
    if (part.is_memory) {
      const Datum& per_byte = target.memory[static_cast<size_t>(part.level)].energy;
      add(part.name, per_byte.known, per_byte.value * part.amount);
      continue;
    }
    // A special function is taken for one operation of the same format.
    const Datum* per_op = nullptr;
    for (const MathDatum& d : target.energy_per_op) {
      if (d.math == part.math) per_op = &d.datum;
    }
    double ratio = part.engine == EngineClass::kMatrix ? target.matrix_energy_ratio.value_or(1) : 1;
    add(part.name, per_op != nullptr, per_op == nullptr ? 0 : per_op->value * ratio * part.amount);
  }
  return energy;
}

KernelEstimate EstimateKernel(const Kernel& kernel, const Platform& platform) {
  const Target& target = *platform.target;
  const Calibration* calibration = platform.calibration.get();
  const ClassEfficiency* efficiency =
      calibration == nullptr ? nullptr : calibration->Find(ClassOf(kernel));

  KernelEstimate e;
  Math math = kernel.loops ? platform.ContractionMath(kernel.loops->multiply, &e.replaced_math)
                           : platform.PointwiseMath(ElementTypeOf(kernel), &e.replaced_math);
  e.mapping = MapKernel(kernel, target, math);
  e.units_used = e.mapping.units_used;
  AddEngines(kernel, platform, efficiency, &e);
  AddMemory(kernel, platform, efficiency, &e);

  e.overhead = target.launch.value_or(0) + platform.runtime->kernel_overhead.value_or(0);
  double dispatch = platform.runtime->host_per_op.value_or(0);
  if (calibration != nullptr) {
    e.overhead = calibration->launch.value_or(e.overhead);
    dispatch = calibration->dispatch.value_or(dispatch);
  }
  if (!platform.runtime->graph_capture) e.host_seconds = dispatch * kernel.ops;

  const ResourceUse* slowest = nullptr;
  for (const ResourceUse& part : e.parts) {
    if (slowest == nullptr || part.seconds > slowest->seconds) slowest = &part;
    if (part.peak > 0) e.roofline = std::max(e.roofline, part.amount / part.peak);
  }
  double busy = slowest == nullptr ? 0 : slowest->seconds;
  e.seconds = e.overhead + busy;
  bool overhead_bound = slowest == nullptr || e.overhead > busy;
  e.limit = overhead_bound ? absl::string_view("launch") : slowest->name;
  e.bound = overhead_bound       ? Bound::kOverhead
            : slowest->is_memory ? Bound::kBandwidth
                                 : Bound::kCompute;
  e.low =
      calibration == nullptr ? e.roofline * platform.low_factor : e.seconds * platform.low_factor;
  e.high = calibration == nullptr ? e.overhead + busy * platform.high_factor
                                  : e.seconds * platform.high_factor;

  double useful = kernel.flops + kernel.int_ops + kernel.comparisons + kernel.transcendentals;
  double peak = target.Rate(e.mapping.engine, e.mapping.math);
  if (peak > 0 && e.seconds > 0) e.utilization = std::min(1.0, useful / (e.seconds * peak));
  e.energy = EnergyOf(target, e.seconds, e.parts);
  return e;
}

}  // namespace assay
