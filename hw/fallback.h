// Kernels that a target leaves to its host, as they hold an operator that it lacks
// (Target::operators).
//
//   seconds = latency x tensors that cross + their bytes / bandwidth + the host's own time
//
// What crosses goes over the first link of role host. A target without one shares its outermost
// memory with the host: nothing crosses. The host is the target that `host` names, under its own
// runtime. Where none is named, its time is that of starting a kernel on the target and of the
// kernel's operands at the link's rate (or the outermost memory's), which HostSide::assumption
// says.
#ifndef ASSAY_HW_FALLBACK_H_
#define ASSAY_HW_FALLBACK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hw/estimate.h"
#include "hw/kernel.h"
#include "hw/target.h"

namespace assay {

// The operators that a target runs: `Conv` of any domain, or `mmdet3d.VoxelMean` of that one.
// Borrows the names.
class OperatorList {
 public:
  explicit OperatorList(const std::vector<std::string>& names)
      : names_(names.begin(), names.end()) {}
  // An empty list lacks nothing.
  bool Lacks(absl::string_view domain, absl::string_view type) const;

 private:
  absl::flat_hash_set<absl::string_view> names_;
};

// The other side of a target. Borrows from the platform that it was made for.
struct HostSide {
  std::shared_ptr<const Platform> platform;  // null: none is named
  const Link* link = nullptr;                // null: shared memory
  double launch = 0;                         // seconds per kernel, without a platform
  double operand_rate = 0;                   // bytes per second of operands, without a platform
  double low_factor = 1, high_factor = 1;    // of the time at that rate
  std::string assumption;                    // what of this is assumed, in words
};

// An error when the host that the target names is not known.
absl::StatusOr<HostSide> HostOf(const Platform& platform, int64_t batch);

// What one execution of a kernel brings over the link, to the host and back.
struct Crossing {
  double bytes = 0;
  double tensors = 0;  // each pays the link's latency
};

// Never fails. The parts are the link, where something crosses, and "host"; their energy is not
// known, as no target says it of its host.
KernelEstimate EstimateOnHost(const Kernel& kernel, const Crossing& crossing,
                              const Platform& platform, const HostSide& host);

}  // namespace assay

#endif  // ASSAY_HW_FALLBACK_H_
