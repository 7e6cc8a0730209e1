#include "hw/share_out.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace assay {
namespace {

constexpr EngineClass kArithmetic[] = {EngineClass::kMatrix, EngineClass::kVector};

// The best rate of one unit over formats and engines, then its clock.
std::pair<double, double> SpeedOf(const Target& target, const UnitClass& unit) {
  double best = 0;
  for (Math math : target.maths()) {
    for (EngineClass c : kArithmetic) {
      best = std::max(best, target.RateOfUnits(c, math, unit.name) / unit.count.value);
    }
  }
  return {best, unit.clock.value};
}

std::vector<const UnitClass*> FastestFirst(const Target& target) {
  std::vector<const UnitClass*> units;
  for (const UnitClass& unit : target.units) units.push_back(&unit);
  std::stable_sort(units.begin(), units.end(), [&](const UnitClass* a, const UnitClass* b) {
    return SpeedOf(target, *a) > SpeedOf(target, *b);
  });
  return units;
}

// Keeps so many units, and what sits in them.
void CutUnits(const Target& whole, double cores, Target* part) {
  for (const UnitClass* unit : FastestFirst(whole)) {
    for (UnitClass& kept : part->units) {
      if (kept.name != unit->name) continue;
      kept.count.value = std::min(cores, unit->count.value);
      cores -= kept.count.value;
    }
  }
  std::erase_if(part->units, [](const UnitClass& unit) { return unit.count.value <= 0; });
  auto is_gone = [&](absl::string_view unit) {
    return whole.unit(unit) != nullptr && part->unit(unit) == nullptr;
  };
  std::erase_if(part->engines, [&](const Engine& engine) { return is_gone(engine.unit); });
  std::erase_if(part->memory, [&](const MemoryLevel& level) { return is_gone(level.scope); });
}

// The share of a stated peak that the units left make up; of the number of units, where no engine
// says who does it.
double ShareOfPeak(const Target& whole, const Target& part, EngineClass c, Math math) {
  double all = 0, kept = 0;
  for (const UnitClass& unit : whole.units) {
    const double rate = whole.RateOfUnits(c, math, unit.name);
    all += rate;
    if (const UnitClass* left = part.unit(unit.name)) {
      kept += rate * left->count.value / unit.count.value;
    }
  }
  return all > 0 ? kept / all : part.unit_count() / whole.unit_count();
}

void CutPeaks(const Target& whole, Target* part) {
  const std::pair<EngineClass, std::vector<MathDatum> Peaks::*> classes[] = {
      {EngineClass::kMatrix, &Peaks::matrix},
      {EngineClass::kVector, &Peaks::vector},
      {EngineClass::kSpecial, &Peaks::special}};
  for (const auto& [c, peaks] : classes) {
    for (Peaks* stated : {&part->peaks, &part->sparse_peaks}) {
      for (MathDatum& peak : stated->*peaks) {
        peak.datum.value *= ShareOfPeak(whole, *part, c, peak.math);
      }
    }
  }
}

void CutShared(const Target& whole, double busy, double instances, Target* part) {
  for (MemoryLevel& level : part->memory) {
    if (level.scope != "shared") continue;
    const bool outermost = level.role == MemoryRole::kDram || level.role == MemoryRole::kHost;
    const double bandwidth = whole.Bandwidth(level) * (outermost ? 1 : busy) / instances;
    level.size.value /= instances;
    // What is stated per clock is per clock of the first class of units, which may be gone.
    level.bandwidth.known = bandwidth > 0;
    level.bandwidth.value = bandwidth;
    level.bytes_per_clock = {};
  }
}

}  // namespace

absl::StatusOr<CoreShare> ParseCoreShare(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, 'x');
  CoreShare share;
  if (parts.size() > 2 || !absl::SimpleAtoi(parts[0], &share.cores) || share.cores < 1 ||
      (parts.size() == 2 &&
       (!absl::SimpleAtoi(parts[1], &share.instances) || share.instances < 1))) {
    return absl::InvalidArgumentError(absl::StrCat(
        "`", text, "` is no number of cores; write 4, or 4x8 for 8 instances of 4 cores each"));
  }
  return share;
}

std::string ToString(const CoreShare& share) {
  if (share.cores == 0) return "";
  return share.instances == 1 ? absl::StrCat(share.cores)
                              : absl::StrCat(share.cores, "x", share.instances);
}

absl::StatusOr<std::shared_ptr<const Target>> ShareOut(std::shared_ptr<const Target> target,
                                                       const CoreShare& share) {
  if (share.cores == 0) return target;
  const Target& whole = *target;
  auto bad = [&](auto&&... why) {
    return absl::InvalidArgumentError(absl::StrCat("--cores ", ToString(share), ": ", why...));
  };
  if (whole.kind != TargetKind::kCpu) {
    return bad(whole.name, " is a ", Name(whole.kind), ", and --cores shares out the cores of a ",
               "CPU; leave it out");
  }
  const double all = whole.unit_count();
  const auto cores = static_cast<double>(share.cores);
  const auto instances = static_cast<double>(share.instances);
  if (cores * instances > all) {
    return bad(whole.name, " has ", all, " cores; ask for no more than that");
  }
  if (cores == all) return target;
  auto part = std::make_shared<Target>(whole);
  CutUnits(whole, cores, part.get());
  CutPeaks(whole, part.get());
  CutShared(whole, cores * instances / all, instances, part.get());
  part->idle_power.value /= instances;
  part->design_power.value /= instances;
  return part;
}

std::string AssumedOf(const Target& whole, const CoreShare& share) {
  if (share.cores == 0) return "";
  std::string text =
      absl::StrCat("--cores ", ToString(share), ": clocks as when all ", whole.unit_count(),
                   " cores are busy; shared caches deliver to each core alike, ", whole.dram().name,
                   " as much to few cores as to all");
  const double needed = static_cast<double>(share.cores) * static_cast<double>(share.instances);
  const std::vector<const UnitClass*> units = FastestFirst(whole);
  if (share.instances > 1 && needed > units.front()->count.value) {
    absl::StrAppend(&text, "; every instance counts as the one on the fastest cores, of which ",
                    "there are ", units.front()->count.value);
  }
  return text;
}

}  // namespace assay
