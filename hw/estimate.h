// Time and energy of one kernel on one machine under one runtime.
//
//   seconds = overhead + max over resources of amount / rate
//
// (Calibrated, the maximum may be a p-norm: resources that get in each other's way.)
//
// Resources are the engines (matrix, vector, special functions), the memory levels, and the power:
// a machine slows down rather than draw more than it is designed for, so that the known energies of
// operations and bytes take at least their sum / (design power - idle power). A rate is
// the stated peak x the mapping's utilization x the calibrated efficiency (1 when uncalibrated). A
// vector lane does one operation per slot, while peaks count a fused multiply-add as two; so
// arithmetic outside contractions runs at half the peak. An operand passes through every level from
// the one that holds it inwards, once (what a tile reads again from a cache is not modelled).
// (Williams, Waterman, Patterson: Roofline, CACM 52(4), 2009; the sum with an overhead and the
// maximum over several levels are the hierarchical form.)
//
//   auto target = FindTarget("h100-sxm");
//   auto platform = MakePlatform(*target, nullptr, {.precision = "bf16", .batch = 8});
//   KernelEstimate e = EstimateKernel(kernel, *platform);
#ifndef ASSAY_HW_ESTIMATE_H_
#define ASSAY_HW_ESTIMATE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hw/calibration.h"
#include "hw/kernel.h"
#include "hw/mapping.h"
#include "hw/precision.h"
#include "hw/runtime.h"
#include "hw/share_out.h"
#include "hw/target.h"

namespace assay {

struct EstimateOptions {
  std::string precision;  // name of a Precision; empty: the runtime's default
  int64_t batch = 1;      // of the model, at the point of estimation
  // A user's own; else the shipped one that fits, else none.
  std::shared_ptr<const Calibration> calibration;
  CoreShare share;  // of a CPU: what one instance has
};

// What a runtime achieves on a machine, as plain numbers: a calibration, or 1 throughout. What a
// fit (hw/fit.h) changes.
struct Achieved {
  struct OfClass {
    double compute = 1;          // share of the mapped peak
    double bandwidth = 1;        // share of the outermost memory's
    double half_saturation = 0;  // operations at which half of `compute` is reached
  };
  std::array<OfClass, kNumKernelClasses> classes;  // by KernelClass
  // Exponent of the norm that joins the times of a kernel's resources: they overlap perfectly at 0
  // (the slowest counts), and less the smaller it is above.
  double overlap = 0;
  double launch = 0;    // seconds of the device per kernel
  double dispatch = 0;  // seconds of the host per kernel

  void Set(const std::vector<ClassEfficiency>& of);  // those that it names
};

// A machine as it will be used: made once per (target, runtime, precision), const from then on,
// shared by threads. Keeps what it refers to alive.
struct Platform {
  std::shared_ptr<const Target> target;  // where it is shared out, one instance's share
  CoreShare share;
  std::shared_ptr<const Runtime> runtime;
  std::shared_ptr<const Calibration> calibration;  // null: uncalibrated
  const Precision* precision = nullptr;
  Achieved achieved;  // by it
  // "uncalibrated", or "rtx-4090.torch-inductor (target)": name and what it matched by.
  std::string calibration_label;
  // The interval. Calibrated: both times the estimate. Uncalibrated: low_factor x bare roofline to
  // overhead + high_factor x the slowest resource.
  double low_factor = 1, high_factor = 1;
  // What the estimate rests on, in words: the interval's origin, formats that are replaced, ...
  std::vector<std::string> assumptions;

  // The format in which operands of this element type are multiplied (contraction) or computed with
  // (all else), after precision, the runtime's replacements and what the target lacks. `replaced`
  // says whether the target lacked it.
  Math ContractionMath(DType dtype, bool* replaced = nullptr) const;
  Math PointwiseMath(DType dtype, bool* replaced = nullptr) const;
  // The element type of a tensor in memory.
  DType ElementType(DType dtype, bool is_weight) const {
    return ElementTypeInForce(*precision, dtype, is_weight);
  }
};

// "xeon-8480", "xeon-8480 --cores 4x2".
std::string NameOf(const Platform& platform);

// `runtime` null: the target's default. An error when the precision is one that the target does not
// have (it names those it has), when the name is unknown, when the runtime does not run on such a
// target, or when the target cannot be shared out so.
absl::StatusOr<Platform> MakePlatform(std::shared_ptr<const Target> target,
                                      std::shared_ptr<const Runtime> runtime,
                                      const EstimateOptions& options);
// Precisions that the target can run, by name: what an error or `assay targets NAME` lists.
std::vector<absl::string_view> PrecisionsOf(const Target& target);

enum class Bound : uint8_t { kCompute, kBandwidth, kOverhead };
absl::string_view Name(Bound bound);  // "compute", "bandwidth", "overhead"

// One resource's share in a kernel.
struct ResourceUse {
  absl::string_view name;  // "matrix fp16", "vector fp32", "special", or a memory level: "HBM3"
  bool is_memory = false;
  EngineClass engine = EngineClass::kVector;  // unless is_memory
  Math math = Math::kFp32;                    // unless is_memory
  int level = -1;                             // index into target.memory, if is_memory
  // Neither of the above: "power", the host, or the link to it (hw/fallback.h).
  bool outside = false;
  double amount = 0;       // operations, bytes or joules
  absl::string_view unit;  // "op", "B" or "J"
  double peak = 0;         // units per second, as stated
  double rate = 0;         // units per second, achieved
  double seconds = 0;      // amount / rate
};

struct EnergyPart {
  absl::string_view name;        // "idle", "matrix fp16", "HBM3", ...
  std::optional<double> joules;  // unset: the target has no such datum
};

struct Energy {
  absl::InlinedVector<EnergyPart, 6> parts;
  // Sum of the known parts; unset when none is known.
  std::optional<double> joules;
  bool complete = true;  // every part is known
};

struct KernelEstimate {
  double seconds = 0;        // overhead + the slowest resource; 0 of a kernel in place
  double low = 0, high = 0;  // the interval
  double roofline = 0;       // the slowest resource at stated peaks: nothing is faster
  double overhead = 0;       // launch, in seconds
  double host_seconds = 0;   // the host's dispatch of it; runs beside the device
  absl::InlinedVector<ResourceUse, 6> parts;  // in the order of the machine, innermost first
  Bound bound = Bound::kOverhead;
  absl::string_view limit;  // name of the limiting resource; "launch" when overhead is the larger
  Mapping mapping;
  double units_used = 0;
  double utilization = 0;  // useful operations / (seconds x peak of the engine in use)
  Energy energy;
  bool replaced_math = false;  // the target lacks the kernel's own format
  bool fallback = false;       // it runs on the host (hw/fallback.h), and not on the target
  double crossing_bytes = 0;   // over the link for it; then only
};

// Of an estimate, what no calibration changes: the mapping, and what each resource is asked for at
// mapped rates.
struct KernelCost {
  enum class Scale : uint8_t {
    kContraction,
    kRest,
    kBandwidth,
    kNone
  };  // which efficiency slows it
  struct Part {
    ResourceUse use;  // at the mapped rate
    Scale scale = Scale::kNone;
    bool same_lanes = false;  // as the part before: one after the other
  };
  KernelClass kernel_class = KernelClass::kOther;
  bool in_place = false;  // costs nothing, not even a launch
  Mapping mapping;
  bool replaced_math = false;
  absl::InlinedVector<Part, 6> parts;  // in the order of KernelEstimate::parts
};
KernelCost CostOf(const Kernel& kernel, const Platform& platform);
// Seconds of one execution, without overhead.
double BusySeconds(const KernelCost& cost, const Achieved& achieved);
Achieved AchievedBy(const Platform& platform);

// Never fails: what a kernel cannot say counts as nothing.
KernelEstimate EstimateKernel(const Kernel& kernel, const Platform& platform);

// Energy of a run of `seconds`: idle power over all of it, operations and bytes as in `parts`.
Energy EnergyOf(const Target& target, double seconds, absl::Span<const ResourceUse> parts);

// Which memory level data with this reuse distance is found in: an index into target.memory.
int ResidentLevel(const Target& target, double bytes, double reuse_distance);

}  // namespace assay

#endif  // ASSAY_HW_ESTIMATE_H_
