// Which data stand behind a number of an estimate: what `explain` cites. Estimates carry none of
// this; it is looked up when somebody asks.
#ifndef ASSAY_HW_PROVENANCE_H_
#define ASSAY_HW_PROVENANCE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "hw/datum.h"
#include "hw/estimate.h"
#include "hw/mapping.h"
#include "hw/target.h"
#include "hw/units.h"

namespace assay {

// One datum, and what it says: {"peak of matrix fp16", ..., kOpsPerSecond}.
struct Cited {
  std::string what;
  const Datum* datum = nullptr;
  Unit unit = Unit::kCount;
};

// Behind ResourceUse::peak. A stated peak is one datum; else the units, operations per clock and
// clocks that make it. Empty for what is outside the target.
std::vector<Cited> DataOfPeak(const Target& target, const ResourceUse& use);

// Behind the energy of a part; empty where the target does not say.
std::vector<Cited> DataOfEnergy(const Target& target, const ResourceUse& use);

// Behind KernelEstimate::overhead.
std::vector<Cited> DataOfLaunch(const Platform& platform);

// The efficiencies of a class of kernels; null: uncalibrated, or the calibration does not name it.
const ClassEfficiency* EfficiencyOf(const Platform& platform, KernelClass c);

// "989 TFLOP/s, NVIDIA H100 Tensor Core GPU Datasheet, 2023"; with its basis and reason where it
// is not from a datasheet.
std::string Citation(const Cited& cited);

// How a mapping's factor comes about, in words: "tile" on this kind of machine.
absl::string_view FactorFormula(TargetKind kind, absl::string_view factor, bool contraction);

}  // namespace assay

#endif  // ASSAY_HW_PROVENANCE_H_
