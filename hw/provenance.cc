#include "hw/provenance.h"

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

struct FactorRow {
  absl::string_view name;
  absl::string_view contraction;
  absl::string_view rest;
};
constexpr FactorRow kFactors[] = {
    {"tile",
     "useful share of the blocks: batch * M * N * K / (blocks * block M * block N * K padded to "
     "the step)",
     "useful share of what the blocks hold: elements / (blocks * elements of one)"},
    {"wave", "filled share of the rounds: blocks / (rounds * units), units of one speed",
     "filled share of the rounds: blocks / (rounds * units), units of one speed"},
    {"feed", "rate at which operands of a block arrive / rate at which it takes them", ""},
    {"split", "time to multiply / (that + time to add up the parts of the sum)", ""},
    {"load", "rows streamed through the array / clocks until the next weights are loaded", ""},
    {"drain", "steps of the sum / clocks until the sums have left the array", ""},
    {"fill", "time of all blocks / (that + time to fill and empty the array once)", ""},
    {"stream",
     "time to multiply / time to bring in what does not stay on the chip, where that is longer",
     ""},
};

void AddEngines(const Target& target, EngineClass c, Math math, std::vector<Cited>* out) {
  for (const Engine& engine : target.engines) {
    if (engine.engine_class != c) continue;
    const UnitClass* unit = target.unit(engine.unit);
    if (unit == nullptr) continue;
    for (const MathDatum& d : engine.ops) {
      if (d.math != math) continue;
      out->push_back({absl::StrCat("count of ", unit->name), &unit->count, Unit::kCount});
      out->push_back({absl::StrCat(engine.name, ", ", Name(math)), &d.datum, Unit::kOpsPerClock});
      const bool own = engine.clock.known;
      out->push_back({absl::StrCat("clock of ", own ? engine.name : unit->name),
                      own ? &engine.clock : &unit->clock, Unit::kHertz});
    }
  }
}

const Datum* Find(const std::vector<MathDatum>& data, Math math) {
  for (const MathDatum& d : data) {
    if (d.math == math) return &d.datum;
  }
  return nullptr;
}

}  // namespace

std::vector<Cited> DataOfPeak(const Target& target, const ResourceUse& use) {
  std::vector<Cited> out;
  if (use.unit == "J") {
    out.push_back({"design power", &target.design_power, Unit::kWatts});
    if (target.idle_power) out.push_back({"idle power", &target.idle_power, Unit::kWatts});
    return out;
  }
  if (use.outside) {
    for (const Link& link : target.links) {
      if (link.name != use.name) continue;
      out.push_back(
          {absl::StrCat("bandwidth of ", link.name), &link.bandwidth, Unit::kBytesPerSecond});
      if (link.latency) out.push_back({"its latency", &link.latency, Unit::kSeconds});
      break;
    }
    return out;
  }
  if (use.is_memory) {
    const MemoryLevel& level = target.memory[static_cast<size_t>(use.level)];
    const UnitClass* unit = target.unit(level.scope);
    if (level.bandwidth) {
      out.push_back(
          {absl::StrCat("bandwidth of ", level.name), &level.bandwidth, Unit::kBytesPerSecond});
    } else {
      const UnitClass& clocked = unit == nullptr ? target.units.front() : *unit;
      out.push_back({level.name, &level.bytes_per_clock, Unit::kBytesPerClock});
      out.push_back({absl::StrCat("clock of ", clocked.name), &clocked.clock, Unit::kHertz});
    }
    if (unit != nullptr) {
      out.push_back({absl::StrCat("count of ", unit->name), &unit->count, Unit::kCount});
    }
    return out;
  }
  if (const Datum* stated = Find(target.peaks.of(use.engine), use.math); stated != nullptr) {
    out.push_back({absl::StrCat("peak of ", use.name), stated, Unit::kOpsPerSecond});
    return out;
  }
  AddEngines(target, use.engine, use.math, &out);
  return out;
}

std::vector<Cited> DataOfEnergy(const Target& target, const ResourceUse& use) {
  std::vector<Cited> out;
  if (use.outside) return out;
  if (use.is_memory) {
    const Datum& energy = target.memory[static_cast<size_t>(use.level)].energy;
    if (energy) out.push_back({"per byte", &energy, Unit::kJoulesPerByte});
    return out;
  }
  if (const Datum* per_op = Find(target.energy_per_op, use.math); per_op != nullptr) {
    out.push_back({absl::StrCat("per operation in ", Name(use.math)), per_op, Unit::kJoulesPerOp});
    if (use.engine == EngineClass::kMatrix && target.matrix_energy_ratio) {
      out.push_back(
          {"of a matrix engine's to a vector engine's", &target.matrix_energy_ratio, Unit::kCount});
    }
  }
  return out;
}

std::vector<Cited> DataOfLaunch(const Platform& platform) {
  std::vector<Cited> out;
  if (platform.calibration != nullptr && platform.calibration->launch) {
    out.push_back({absl::StrCat("launch in ", platform.calibration->name),
                   &platform.calibration->launch, Unit::kSeconds});
    return out;
  }
  if (platform.target->launch) {
    out.push_back({"an empty kernel", &platform.target->launch, Unit::kSeconds});
  }
  if (platform.runtime->kernel_overhead) {
    out.push_back({absl::StrCat("overhead of ", platform.runtime->name),
                   &platform.runtime->kernel_overhead, Unit::kSeconds});
  }
  return out;
}

const ClassEfficiency* EfficiencyOf(const Platform& platform, KernelClass c) {
  if (platform.calibration == nullptr) return nullptr;
  for (const ClassEfficiency& e : platform.calibration->classes) {
    if (e.name == Name(c)) return &e;
  }
  return nullptr;
}

std::string Citation(const Cited& cited) {
  const Datum& d = *cited.datum;
  std::string text = absl::StrCat(cited.what, " ", FormatQuantity(d.value, cited.unit));
  if (!d.source.empty()) absl::StrAppend(&text, ": ", d.source);
  if (d.basis != Basis::kDatasheet) {
    absl::StrAppend(&text, " (", Name(d.basis), d.reason.empty() ? "" : ", ", d.reason, ")");
  }
  return text;
}

absl::string_view FactorFormula(TargetKind kind, absl::string_view factor, bool contraction) {
  if (kind == TargetKind::kSystolic && factor == "tile" && contraction) {
    return "useful share of the array's cells and clocks: batch * M * N * K / (blocks * rows "
           "streamed * cells)";
  }
  for (const FactorRow& row : kFactors) {
    if (row.name == factor) return contraction ? row.contraction : row.rest;
  }
  return "";
}

}  // namespace assay
