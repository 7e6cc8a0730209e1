// A CPU shared out: instances of a model that run side by side, each on cores of its own.
// `--cores 4x8` is 8 instances of 4 cores each. One instance is estimated, on a machine that is its
// share of the whole:
//
//   units, peaks            its cores; of several classes the fastest first
//   on-chip, shared         1/instances of the size; cores/all of the bandwidth, as every core has
//                           a port of its own
//   outermost memory        1/instances of size and bandwidth, as if one core could draw it all
//   idle and design power   1/instances, of the whole machine's
//   clocks, launch          as of the whole machine
//
// What that leaves out (clocks that rise when cores idle, what one core can draw) is calibration's.
#ifndef ASSAY_HW_SHARE_OUT_H_
#define ASSAY_HW_SHARE_OUT_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hw/target.h"

namespace assay {

struct CoreShare {
  int64_t cores = 0;  // of one instance; 0: all that the machine has
  int64_t instances = 1;

  friend bool operator==(const CoreShare& a, const CoreShare& b) = default;
};

// "4" or "4x8". An error begins with the text and says how it is written.
absl::StatusOr<CoreShare> ParseCoreShare(absl::string_view text);
std::string ToString(const CoreShare& share);  // "4x8"; "4" of one instance; "" of all cores

// One instance's share, under the same name. An error when the target is no CPU or has fewer cores
// than that; it begins with `--cores`.
absl::StatusOr<std::shared_ptr<const Target>> ShareOut(std::shared_ptr<const Target> target,
                                                       const CoreShare& share);

// What the share rests on, in words; empty for all cores.
std::string AssumedOf(const Target& whole, const CoreShare& share);

}  // namespace assay

#endif  // ASSAY_HW_SHARE_OUT_H_
