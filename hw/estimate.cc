#include "hw/estimate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hw/units.h"
#include "hw/winograd.h"
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

// Adds what the engines are asked for, at mapped rates.
void AddEngines(const Kernel& kernel, const Platform& platform, KernelCost* cost) {
  using Scale = KernelCost::Scale;
  const Target& target = *platform.target;
  double contraction = kernel.loops ? 2 * kernel.macs : 0;
  double rest = std::max(0.0, kernel.flops - contraction) + kernel.int_ops + kernel.comparisons;
  double special = kernel.transcendentals;
  if (contraction > 0 && SuitsWinograd(kernel) &&
      absl::c_linear_search(platform.runtime->winograd, Name(cost->mapping.math))) {
    contraction *= kWinogradShare;
    rest += WinogradTransforms(*kernel.loops);
  }
  Math rest_math = kernel.loops
                       ? platform.PointwiseMath(ElementTypeOf(kernel), &cost->replaced_math)
                       : cost->mapping.math;
  // Machines without vector engines do it in their matrix engines' pipelines.
  EngineClass rest_engine = target.Rate(EngineClass::kVector, rest_math) > 0 ? EngineClass::kVector
                                                                             : EngineClass::kMatrix;
  double special_peak = target.Rate(EngineClass::kSpecial, rest_math);
  Math special_math = rest_math;
  if (special_peak <= 0) {
    special_math = Math::kFp32;
    special_peak = target.Rate(EngineClass::kSpecial, Math::kFp32);
  }
  if (special_peak <= 0) rest += std::exchange(special, 0);  // no such engine: one slot each

  double rest_peak = target.Rate(rest_engine, rest_math);
  double spread = kernel.loops ? 1 : cost->mapping.utilization;
  bool same_lanes = false;
  if (contraction > 0) {
    const Mapping& mapping = cost->mapping;
    double peak = target.Rate(mapping.engine, mapping.math);
    cost->parts.push_back(
        {EngineUse(mapping.engine, mapping.math, contraction, peak, peak * mapping.utilization),
         Scale::kContraction});
    same_lanes = mapping.engine == rest_engine && mapping.math == rest_math;
  }
  if (rest > 0) {
    cost->parts.push_back(
        {EngineUse(rest_engine, rest_math, rest, rest_peak, rest_peak / 2 * spread), Scale::kRest,
         same_lanes});
  }
  if (special > 0) {
    cost->parts.push_back({EngineUse(EngineClass::kSpecial, special_math, special, special_peak,
                                     special_peak * spread),
                           Scale::kRest});
  }
}

// Adds what the memory levels are asked for, innermost first.
void AddMemory(const Kernel& kernel, const Target& target, KernelCost* cost) {
  int last = static_cast<int>(target.memory.size()) - 1;
  std::vector<double> bytes(target.memory.size());
  for (const Kernel::Operand& operand : kernel.operands) {
    int from = ResidentLevel(target, operand.bytes, operand.reuse_distance);
    for (int i = 0; i <= from; ++i) bytes[static_cast<size_t>(i)] += operand.bytes;
  }
  if (cost->mapping.extra_bytes > 0) {
    int i = 0;
    while (i < last && target.memory[static_cast<size_t>(i)].scope != "shared") ++i;
    bytes[static_cast<size_t>(i)] += cost->mapping.extra_bytes;
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
      // Where nothing is multiplied, the fullest unit is done last, as in AddEngines.
      rate *= std::clamp(
          kernel.loops ? cost->mapping.units_used / target.unit_count() : cost->mapping.utilization,
          1e-12, 1.0);
      amount *= unit->count.value / target.unit_count();
    }
    cost->parts.push_back({{.name = level.name,
                            .is_memory = true,
                            .level = i,
                            .amount = amount,
                            .unit = "B",
                            .peak = peak,
                            .rate = rate,
                            .seconds = amount / rate},
                           i == last ? KernelCost::Scale::kBandwidth : KernelCost::Scale::kNone});
  }
}

// Energy of what a kernel asks of one resource; unset: the target has no such datum.
std::optional<double> JoulesOf(const Target& target, const ResourceUse& part) {
  if (part.outside) return std::nullopt;
  if (part.is_memory) {
    const Datum& per_byte = target.memory[static_cast<size_t>(part.level)].energy;
    if (!per_byte.known) return std::nullopt;
    return per_byte.value * part.amount;
  }
  // A special function is taken for one operation of the same format.
  const Datum* per_op = nullptr;
  for (const MathDatum& d : target.energy_per_op) {
    if (d.math == part.math) per_op = &d.datum;
  }
  if (per_op == nullptr) return std::nullopt;
  const double ratio =
      part.engine == EngineClass::kMatrix ? target.matrix_energy_ratio.value_or(1) : 1;
  return per_op->value * ratio * part.amount;
}

// Adds what the kernel takes of the power that the machine is designed for: it slows down rather
// than draw more. What has no known energy is left out, so that this is the least.
void AddPower(const Target& target, KernelCost* cost) {
  const double watts = target.design_power.value_or(0) - target.idle_power.value_or(0);
  if (watts <= 0) return;
  double joules = 0;
  for (const KernelCost::Part& part : cost->parts) {
    joules += JoulesOf(target, part.use).value_or(0);
  }
  if (joules <= 0) return;
  cost->parts.push_back({{.name = "power",
                          .outside = true,
                          .amount = joules,
                          .unit = "J",
                          .peak = watts,
                          .rate = watts,
                          .seconds = joules / watts}});
}

// Seconds of one part under these efficiencies.
double PartSeconds(const KernelCost::Part& part, const Achieved& achieved, KernelClass c) {
  const Achieved::OfClass& own = achieved.classes[static_cast<size_t>(c)];
  switch (part.scale) {
    case KernelCost::Scale::kContraction:
      // Saturating: half of the efficiency at `half_saturation` operations.
      return part.use.seconds / own.compute *
             (part.use.amount > 0 ? 1 + own.half_saturation / part.use.amount : 1);
    case KernelCost::Scale::kRest:
      return part.use.seconds / achieved.classes[static_cast<size_t>(KernelClass::kOther)].compute;
    case KernelCost::Scale::kBandwidth:
      return part.use.seconds / own.bandwidth;
    case KernelCost::Scale::kNone:
      return part.use.seconds;
  }
  return 0;
}

// Calls visit(part, seconds) for each resource: parts on the same lanes as the one before are one.
template <class Visit>
void ForEachResource(const KernelCost& cost, const Achieved& achieved, Visit&& visit) {
  for (size_t i = 0; i < cost.parts.size(); ++i) {
    double seconds = PartSeconds(cost.parts[i], achieved, cost.kernel_class);
    size_t first = i;
    while (i + 1 < cost.parts.size() && cost.parts[i + 1].same_lanes) {
      seconds += PartSeconds(cost.parts[++i], achieved, cost.kernel_class);
    }
    visit(absl::MakeConstSpan(cost.parts).subspan(first, i + 1 - first), seconds);
  }
}

// Of resources that work side by side: the slowest, or the p-norm of all where they are known to
// get in each other's way.
class Together {
 public:
  explicit Together(double exponent) : exponent_(exponent) {}
  void Add(double seconds) {
    slowest_ = std::max(slowest_, seconds);
    if (exponent_ > 0 && seconds > 0) sum_ += std::pow(seconds, exponent_);
  }
  double seconds() const {
    return exponent_ > 0 && sum_ > 0 ? std::max(slowest_, std::pow(sum_, 1 / exponent_)) : slowest_;
  }

 private:
  double exponent_, slowest_ = 0, sum_ = 0;
};

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

std::string NameOf(const Platform& platform) {
  std::string name = platform.target->name;
  if (platform.share.cores > 0) absl::StrAppend(&name, " --cores ", ToString(platform.share));
  return name;
}

absl::StatusOr<Platform> MakePlatform(std::shared_ptr<const Target> target,
                                      std::shared_ptr<const Runtime> runtime,
                                      const EstimateOptions& options) {
  Platform platform;
  absl::StatusOr<std::shared_ptr<const Target>> share = ShareOut(target, options.share);
  if (!share.ok()) return share.status();
  platform.target = *std::move(share);
  platform.share = options.share;
  if (options.share.cores > 0) platform.assumptions.push_back(AssumedOf(*target, options.share));
  const Target& t = *platform.target;
  if (runtime == nullptr) {
    auto found = RuntimeOf(t);
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
  const auto lacks = [&t](const Precision& p) {
    return p.contraction && t.BestRate(*p.contraction) <= 0;
  };
  if (lacks(**precision)) {
    // What the runtime makes of it.
    for (const MathReplacement& replaced : r.replaces) {
      const absl::StatusOr<const Precision*> other = FindPrecision(Name(replaced.runs_as));
      if (replaced.math != (*precision)->contraction || !other.ok() || lacks(**other)) continue;
      platform.assumptions.push_back(
          absl::StrCat("runtime ", r.name, " runs ", (*precision)->name, " as ", (*other)->name));
      precision = other;
      break;
    }
  }
  platform.precision = *precision;
  if (lacks(**precision)) {
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
    const std::vector<std::string> calibrated = CalibratedRuntimes(t);
    platform.assumptions.push_back(absl::StrCat(
        "uncalibrated: no measurement of ", t.name, " under ", r.name,
        " stands behind these times; the interval reaches from the bare roofline to ",
        FormatQuantity(platform.high_factor, Unit::kCount), " times the busy time plus overhead",
        interval.high.source.empty() ? "" : absl::StrCat(" (", interval.high.source, ")"),
        calibrated.empty() ? ""
                           : absl::StrCat("; under --runtime ", absl::StrJoin(calibrated, " or "),
                                          " estimates rest on measurements")));
  }
  if (!t.varied.empty()) {
    platform.assumptions.push_back(
        absl::StrCat("varied: ", absl::StrJoin(t.varied, "; "), "; all else, ",
                     platform.calibration != nullptr ? "its calibration" : "its interval",
                     " included, stays that of ", t.name));
  }
  platform.achieved = AchievedBy(platform);
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
  auto add = [&energy](absl::string_view name, std::optional<double> joules) {
    energy.parts.push_back({name, joules});
    if (joules.has_value()) energy.joules = energy.joules.value_or(0) + *joules;
    energy.complete = energy.complete && joules.has_value();
  };
  const Datum& idle = target.idle_power;
  add("idle", idle.known ? std::optional<double>(idle.value * seconds) : std::nullopt);
  for (const ResourceUse& part : parts) {
    if (part.unit == "J") continue;  // the limit that all others share
    add(part.name, JoulesOf(target, part));
  }
  return energy;
}

void Achieved::Set(const std::vector<ClassEfficiency>& of) {
  for (const ClassEfficiency& c : of) {
    const std::optional<KernelClass> at = ParseKernelClass(c.name);
    if (!at.has_value()) continue;
    classes[static_cast<size_t>(*at)] = {c.compute.value_or(1), c.bandwidth.value_or(1),
                                         c.half_saturation.value_or(0)};
  }
}

Achieved AchievedBy(const Platform& platform) {
  Achieved out;
  out.launch = platform.target->launch.value_or(0) + platform.runtime->kernel_overhead.value_or(0);
  out.dispatch = platform.runtime->host_per_op.value_or(0);
  const Calibration* calibration = platform.calibration.get();
  if (calibration == nullptr) return out;
  out.Set(calibration->classes);
  out.overlap = calibration->overlap.value_or(0);
  if (calibration->launch) out.launch = calibration->launch.value * platform.target->launch_factor;
  out.dispatch = calibration->dispatch.value_or(out.dispatch);
  return out;
}

KernelCost CostOf(const Kernel& kernel, const Platform& platform) {
  const Target& target = *platform.target;
  KernelCost cost;
  cost.kernel_class = ClassOf(kernel);
  cost.in_place = kernel.in_place;
  if (cost.in_place) return cost;
  Math math = kernel.loops ? platform.ContractionMath(kernel.loops->multiply, &cost.replaced_math)
                           : platform.PointwiseMath(ElementTypeOf(kernel), &cost.replaced_math);
  cost.mapping = MapKernel(kernel, target, math);
  AddEngines(kernel, platform, &cost);
  AddMemory(kernel, target, &cost);
  AddPower(target, &cost);
  return cost;
}

double BusySeconds(const KernelCost& cost, const Achieved& achieved) {
  Together together(achieved.overlap);
  ForEachResource(cost, achieved, [&](absl::Span<const KernelCost::Part>, double seconds) {
    together.Add(seconds);
  });
  return together.seconds();
}

KernelEstimate EstimateKernel(const Kernel& kernel, const Platform& platform) {
  const Target& target = *platform.target;
  const Achieved& achieved = platform.achieved;
  const KernelCost cost = CostOf(kernel, platform);

  KernelEstimate e;
  e.mapping = cost.mapping;
  e.replaced_math = cost.replaced_math;
  if (cost.in_place) {
    e.limit = "in place";
    return e;
  }
  e.units_used = e.mapping.units_used;
  e.overhead = achieved.launch;
  if (!platform.runtime->graph_capture) e.host_seconds = achieved.dispatch;

  Together together(achieved.overlap);
  ForEachResource(cost, achieved, [&](absl::Span<const KernelCost::Part> parts, double seconds) {
    ResourceUse& use = e.parts.emplace_back(parts[0].use);
    for (const KernelCost::Part& more : parts.subspan(1)) use.amount += more.use.amount;
    // (Of one part: exactly the mapped rate where nothing slows it.)
    const bool one = parts.size() == 1 && seconds > 0;
    use.rate = one ? use.rate * (use.seconds / seconds) : seconds > 0 ? use.amount / seconds : 0;
    use.seconds = seconds;
    together.Add(seconds);
  });
  const ResourceUse* slowest = nullptr;
  for (const ResourceUse& part : e.parts) {
    if (slowest == nullptr || part.seconds > slowest->seconds) slowest = &part;
    if (part.peak > 0 && !part.outside) e.roofline = std::max(e.roofline, part.amount / part.peak);
  }
  double busy = together.seconds();
  e.seconds = e.overhead + busy;
  bool overhead_bound = slowest == nullptr || e.overhead > busy;
  e.limit = overhead_bound ? absl::string_view("launch") : slowest->name;
  e.bound = overhead_bound       ? Bound::kOverhead
            : slowest->is_memory ? Bound::kBandwidth
                                 : Bound::kCompute;
  const bool calibrated = platform.calibration != nullptr;
  e.low = (calibrated ? e.seconds : e.roofline) * platform.low_factor;
  e.high = calibrated ? e.seconds * platform.high_factor : e.overhead + busy * platform.high_factor;

  double useful = kernel.flops + kernel.int_ops + kernel.comparisons + kernel.transcendentals;
  double peak = target.Rate(e.mapping.engine, e.mapping.math);
  if (peak > 0 && e.seconds > 0) e.utilization = std::min(1.0, useful / (e.seconds * peak));
  e.energy = EnergyOf(target, e.seconds, e.parts);
  return e;
}

}  // namespace assay
