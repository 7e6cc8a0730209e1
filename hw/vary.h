// One number of a target changed, all else as it is: "what if the memory were twice as fast".
//
//   auto faster = Varied(*target, "dram.bandwidth", 2);          // 2 x what the file says
//   auto slower = VariedTo(*target, "dram.bandwidth", "200 GB/s");
//
// A path names a number as the YAML nests it, keys joined by dots: `memory.HBM3.bandwidth`,
// `units.SM.clock`, `peaks.matrix.fp16`, `design_power`. Paths by role mean the same on every
// target, so that one sweep serves several:
//
//   dram.bandwidth dram.size    the outermost memory; where that is the host's, its link too
//   cache.size cache.bandwidth  the outermost memory on the chip
//   LEVEL.size, LEVEL.bandwidth a memory level by its name: l2.size
//   clock units                 the clocks and the counts of all classes of units
//   peak peak.FORMAT            operations per second of all engines
//   link.bandwidth              to the host; where the outermost memory is the host's, that too
//   power                       design_power
//
// Upper and lower case are the same. A path by role stands for all numbers that it means; its value
// is the largest of them (of `units`, their sum) and all change by the same factor.
//
// What follows of itself, in proportion:
//   - stated peaks, dense and sparse, from counts, clocks and operations per clock;
//   - operations per clock from a peak, as if the engines were wider: the clock stays;
//   - clocks of engines from that of their unit, where they have one of their own;
//   - bandwidths on the chip from the clock (of their unit; of the first class of units where the
//     level is shared), whether they are stated per clock or per second. What each unit has of its
//     own comes with the count; shared levels do not;
//   - `programmable` from the size of its level.
// What does not: powers and energies per operation (no voltage is known), launch times, sizes of
// other levels, latencies. Counts are rounded to whole numbers, at least 1.
//
// The number keeps its source and gets a reason, "varied: 2 x the 3.35 TB/s of h100-sxm". The
// target keeps its name and so its calibration; an estimate says both among its assumptions. Where
// a calibration has fitted the launch time, `launch` scales that.
#ifndef ASSAY_HW_VARY_H_
#define ASSAY_HW_VARY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hw/target.h"
#include "hw/units.h"

namespace assay {

// A number that can be varied.
struct Variable {
  std::string path;   // "dram.bandwidth", "memory.HBM3.bandwidth"
  std::string means;  // of a path by role: what it stands for here, "memory.HBM3.bandwidth"
  double value = 0;   // in base units
  Unit unit = Unit::kCount;
};

// Those that this target has: by role, then as in its file. What its file does not state is not
// there.
std::vector<Variable> VariablesOf(const Target& target);

// An error begins with the path and offers the nearest and all by role.
absl::StatusOr<Variable> FindVariable(const Target& target, absl::string_view path);

// `factor` x what it is; above 0. An error begins with the path.
absl::StatusOr<std::shared_ptr<const Target>> Varied(const Target& target, absl::string_view path,
                                                     double factor);
// The number itself, with its unit: "200 GB/s".
absl::StatusOr<std::shared_ptr<const Target>> VariedTo(const Target& target, absl::string_view path,
                                                       absl::string_view quantity);

}  // namespace assay

#endif  // ASSAY_HW_VARY_H_
