// Mapping: how one kernel lands on the units of one machine, and what share of their peak that
// leaves. One file per kind of machine: map_gpu.cc, map_cpu.cc, map_systolic.cc, map_kpu.cc,
// map_npu.cc; vector engines beside a matrix engine by map_lanes.cc.
//
//   8192 x 8192 x 8192 in bf16 on an H100: tiles of 128 x 128, 64 * 64 = 4096 of them over 132 SMs,
//   31.03 -> 32 waves: utilization = tile 1 x wave 31.03 / 32 = 0.97
//
// Utilization is a product of named factors, each in (0, 1]. It says nothing of how well a kernel
// is written: that is calibration.
#ifndef ASSAY_HW_MAPPING_H_
#define ASSAY_HW_MAPPING_H_

#include <cstdint>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "hw/kernel.h"
#include "hw/precision.h"
#include "hw/target.h"

namespace assay {

struct Factor {
  absl::string_view name;  // "tile", "wave", "lanes", "cores", ...
  double value = 1;        // in (0, 1]
};

// How many blocks one unit of a GPU holds at a time; more of them hide more of each other's
// waiting. Reported, and no part of an estimate.
struct Occupancy {
  double blocks = 0;        // 0: not known
  double share = 0;         // of the threads that the unit can hold, in (0, 1]; 0: not known
  absl::string_view limit;  // what a further block lacks: "threads", "blocks", "registers", ...
};

struct Mapping {
  EngineClass engine = EngineClass::kVector;   // that does the contraction, or else the arithmetic
  Math math = Math::kFp32;                     // that it does it in
  double units_used = 0;                       // of target.unit_count()
  double waves = 0;                            // rounds of blocks over the units
  double tasks = 0;                            // blocks of work, all equal
  double slots = 0;                            // blocks done at once; 0: not known
  int64_t tile_m = 0, tile_n = 0, tile_k = 0;  // 0: not tiled
  int64_t split_k = 1;     // parts of the sum done side by side and added up after
  double extra_bytes = 0;  // moved to do so, through the last shared level
  Occupancy occupancy;
  absl::InlinedVector<Factor, 4> factors;
  double utilization = 1;  // their product: share of the engine's peak that useful work can reach

  void Multiply(absl::string_view name, double value);
};

// `math`: what contractions multiply in, a format that the target has (see Platform in
// hw/estimate.h). For a kernel without loops: the format of its arithmetic.
Mapping MapKernel(const Kernel& kernel, const Target& target, Math math);

// The same on engines of one class; on all units at their peak when the target has none.
Mapping MapOnClass(const Kernel& kernel, const Target& target, EngineClass engine, Math math);

// Units of several speeds that take equal tasks one after another, each when it is free.
struct Workers {
  double count = 0;
  double speed = 0;  // tasks per second of one
};
// When the last of `tasks` is done: the least t with sum(count * floor(t * speed)) >= tasks. Not
// below tasks / sum(count * speed).
double Makespan(double tasks, absl::Span<const Workers> workers);

// How each kind of machine does it: the first engine of the class, and all units that have one (at
// least one class of them). On a systolic array, a KPU or an NPU: contractions on its matrix
// engine; MapOnLanes does what else there is.
Mapping MapOnGpu(const Kernel& kernel, const Target& target, const Engine& engine,
                 absl::Span<const Workers> workers, Math math);
Mapping MapOnCpu(const Kernel& kernel, const Target& target, const Engine& engine,
                 absl::Span<const Workers> workers, Math math);
Mapping MapOnLanes(const Kernel& kernel, const Target& target, const Engine& engine,
                   absl::Span<const Workers> workers, Math math);
Mapping MapOnSystolic(const Kernel& kernel, const Target& target, const Engine& engine,
                      absl::Span<const Workers> workers, Math math);
Mapping MapOnKpu(const Kernel& kernel, const Target& target, const Engine& engine,
                 absl::Span<const Workers> workers, Math math);
Mapping MapOnNpu(const Kernel& kernel, const Target& target, const Engine& engine,
                 absl::Span<const Workers> workers, Math math);

}  // namespace assay

#endif  // ASSAY_HW_MAPPING_H_
