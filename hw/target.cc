#include "hw/target.h"

#include <algorithm>

#include "hw/target_keys.h"

namespace assay {
namespace {

const Datum* Find(const std::vector<MathDatum>& data, Math math) {
  for (const MathDatum& d : data) {
    if (d.math == math) return &d.datum;
  }
  return nullptr;
}

// Units x ops/clock x clock of one engine.
double EngineRate(const Target& target, const Engine& engine, Math math) {
  const Datum* ops = Find(engine.ops, math);
  const UnitClass* unit = target.unit(engine.unit);
  if (ops == nullptr || unit == nullptr) return 0;
  return unit->count.value * ops->value * engine.clock.value_or(unit->clock.value);
}

}  // namespace

absl::string_view Name(TargetKind kind) { return TargetKindNames()[static_cast<size_t>(kind)]; }
absl::string_view Name(EngineClass c) { return EngineClassNames()[static_cast<size_t>(c)]; }
absl::string_view Name(MemoryRole role) { return MemoryRoleNames()[static_cast<size_t>(role)]; }
absl::string_view Name(LinkRole role) { return LinkRoleNames()[static_cast<size_t>(role)]; }

const std::vector<MathDatum>& Peaks::of(EngineClass c) const {
  switch (c) {
    case EngineClass::kMatrix:
      return matrix;
    case EngineClass::kVector:
      return vector;
    case EngineClass::kSpecial:
      break;
  }
  return special;
}

double Target::Rate(EngineClass c, Math math) const {
  if (const Datum* stated = Find(peaks.of(c), math)) return stated->value;
  double sum = 0;
  for (const Engine& engine : engines) {
    if (engine.engine_class == c) sum += EngineRate(*this, engine, math);
  }
  return sum;
}

double Target::RateOfUnits(EngineClass c, Math math, absl::string_view unit_name) const {
  double all = 0, here = 0, seats = 0, seats_here = 0;
  for (const Engine& engine : engines) {
    if (engine.engine_class != c) continue;
    double rate = EngineRate(*this, engine, math);
    const UnitClass* in = unit(engine.unit);
    double count = in == nullptr ? 0 : in->count.value;
    all += rate;
    seats += count;
    if (engine.unit == unit_name) {
      here += rate;
      seats_here += count;
    }
  }
  // A stated peak is shared out as ops and clocks say, or evenly when they are not disclosed.
  if (all > 0) return Rate(c, math) * here / all;
  return seats > 0 ? Rate(c, math) * seats_here / seats : 0;
}

double Target::BestRate(Math math) const {
  return std::max(Rate(EngineClass::kMatrix, math), Rate(EngineClass::kVector, math));
}

std::vector<Math> Target::maths() const {
  std::vector<Math> found;
  for (const MathRow& row : MathRows()) {
    if (BestRate(row.math) > 0) found.push_back(row.math);
  }
  return found;
}

const UnitClass* Target::unit(absl::string_view unit_name) const {
  for (const UnitClass& candidate : units) {
    if (candidate.name == unit_name) return &candidate;
  }
  return nullptr;
}

double Target::unit_count() const {
  double sum = 0;
  for (const UnitClass& unit : units) sum += unit.count.value;
  return sum;
}

double Target::Bandwidth(const MemoryLevel& level) const {
  const UnitClass* in = unit(level.scope);
  double instances = in == nullptr ? 1 : in->count.value;
  if (level.bandwidth) return level.bandwidth.value * instances;
  // Per clock: of its unit, or of the first class of units when shared.
  const UnitClass& clocked = in == nullptr ? units.front() : *in;
  return level.bytes_per_clock.value_or(0) * clocked.clock.value * instances;
}

double Target::Capacity(const MemoryLevel& level) const {
  const UnitClass* in = unit(level.scope);
  return level.size.value_or(0) * (in == nullptr ? 1 : in->count.value);
}

double Target::RidgePoint(Math math) const {
  double bandwidth = Bandwidth(dram());
  return bandwidth > 0 ? BestRate(math) / bandwidth : 0;
}

}  // namespace assay
