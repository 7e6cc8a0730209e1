#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "hw/runtime.h"
#include "hw/target_keys.h"
#include "hw/units.h"
#include "ir/dtype.h"
#include "ir/op_table.h"
#include "ir/suggest.h"

namespace assay {
namespace {

constexpr double kPeakTolerance = 0.02;

class Checker {
 public:
  Checker(const Target& target, const YamlNode& file, std::vector<Problem>* problems)
      : target_(target), file_(file), out_(*problems) {
    for (const UnitClass& unit : target.units) unit_names_.push_back(unit.name);
  }

  ~Checker() { out_.insert(out_.end(), problems_.begin(), problems_.end()); }

  void Run() {
    CheckName();
    CheckDTypes();
    CheckOperators();
    for (const UnitClass& unit : target_.units) {
      Whole(unit.count, absl::StrCat("units.", unit.name, ".count"));
      Positive(unit.clock, absl::StrCat("units.", unit.name, ".clock"));
    }
    for (const Engine& engine : target_.engines) CheckEngine(engine);
    CheckMemory();
    if (!problems_.empty()) return;  // what follows would only repeat it
    for (EngineClass c : {EngineClass::kMatrix, EngineClass::kVector, EngineClass::kSpecial}) {
      for (const MathDatum& peak : target_.peaks.of(c)) CheckPeak(c, peak);
    }
    if (target_.maths().empty() && !target_.engines.empty()) {
      Say(target_.engines[0].place, "no engine has a rate; add `ops` to one, or state `peaks`");
    }
    if (target_.idle_power && target_.design_power &&
        target_.idle_power.value > target_.design_power.value) {
      Say(target_.idle_power.place, "idle_power is above design_power; one of them is wrong");
    }
  }

 private:
  void Say(Place place, std::string message) { problems_.push_back({place, std::move(message)}); }

  Place PlaceOf(absl::string_view key) const {
    const YamlNode* node = file_.Find(key);
    return node == nullptr ? file_.place : node->place;
  }

  void CheckDTypes() {
    std::vector<absl::string_view> names;
    for (const DTypeRow& row : DTypeRows()) names.push_back(row.name);
    for (const std::string& dtype : target_.dtypes) {
      if (ParseDType(dtype)) continue;
      Say(PlaceOf("dtypes"),
          absl::StrCat("unknown element type `", dtype, "`", DidYouMean(dtype, names),
                       "; use one of ", absl::StrJoin(names, ", ")));
    }
  }

  void CheckOperators() {
    std::vector<absl::string_view> names;
    for (const std::string& op : target_.operators) {
      if (names.empty()) names = OpTable::BuiltIn().names();
      // One of a domain of its own is declared elsewhere.
      if (std::find(names.begin(), names.end(), op) != names.end()) continue;
      if (op.find('.') != std::string::npos && op.back() != '.') continue;
      Say(PlaceOf("operators"),
          absl::StrCat("unknown operator `", op, "`", DidYouMean(op, names),
                       "; `assay ops` lists them, and one of your own is written DOMAIN.NAME"));
    }
  }

  void CheckName() {
    const std::vector<std::string> parts = absl::StrSplit(target_.name, '@');  // with its mode
    if (!target_.name.empty() && !std::all_of(parts.begin(), parts.end(), IsTargetName)) {
      Say(PlaceOf("name"),
          absl::StrCat("name `", target_.name,
                       "` must be lower case letters, digits and hyphens, like `h100-sxm`"));
    }
  }

  void Whole(const Datum& datum, absl::string_view key) {
    if (!datum) return;
    if (datum.value < 1 || datum.value > 1e9 || datum.value != std::floor(datum.value)) {
      Say(datum.place, absl::StrCat("`", key, "` must be a whole number, 1 or more"));
    }
  }

  void Positive(const Datum& datum, absl::string_view key) {
    if (datum && datum.value <= 0) {
      Say(datum.place, absl::StrCat("`", key, "` must be above zero"));
    }
  }

  void CheckEngine(const Engine& engine) {
    std::string key = absl::StrCat("engines.", engine.name);
    if (!engine.unit.empty() && target_.unit(engine.unit) == nullptr) {
      Say(engine.place,
          absl::StrCat("`", key, ".unit` is `", engine.unit, "`, which is not in `units`",
                       DidYouMean(engine.unit, unit_names_), "; name one of them"));
    }
    for (const MathDatum& ops : engine.ops) {
      Positive(ops.datum, absl::StrCat(key, ".ops.", Name(ops.math)));
    }
    Positive(engine.clock, absl::StrCat(key, ".clock"));
    Positive(engine.width, absl::StrCat(key, ".width"));
    for (const Datum* tile : {&engine.tile_m, &engine.tile_n, &engine.tile_k, &engine.min_tile_m,
                              &engine.min_tile_n, &engine.min_tile_k}) {
      Whole(*tile, absl::StrCat(key, "'s tile"));
    }
    auto ordered = [&](const Datum& least, const Datum& most, absl::string_view axis) {
      if (least && most && least.value > most.value) {
        Say(least.place, absl::StrCat("`", key, ".min_tile_", axis, "` is above its tile_", axis));
      }
    };
    ordered(engine.min_tile_m, engine.tile_m, "m");
    ordered(engine.min_tile_n, engine.tile_n, "n");
    ordered(engine.min_tile_k, engine.tile_k, "k");
  }

  void CheckMemory() {
    for (size_t i = 0; i < target_.memory.size(); ++i) {
      const MemoryLevel& level = target_.memory[i];
      std::string key = absl::StrCat("memory.", level.name);
      bool last = i + 1 == target_.memory.size();
      bool outermost = level.role == MemoryRole::kDram || level.role == MemoryRole::kHost;
      if (last != outermost) {
        Say(level.place,
            last ? absl::StrCat("`", key,
                                "` is the last level, so its role must be dram or host; order "
                                "levels innermost first")
                 : absl::StrCat("`", key, "` has role ", Name(level.role),
                                " but is not the last level; move it to the end"));
      }
      if (!level.scope.empty() && level.scope != "shared" && target_.unit(level.scope) == nullptr) {
        Say(level.place, absl::StrCat("`", key, ".scope` is `", level.scope,
                                      "`, which is neither `shared` nor in `units`",
                                      DidYouMean(level.scope, unit_names_)));
      }
      if (level.bandwidth && level.bytes_per_clock) {
        Say(level.bytes_per_clock.place,
            absl::StrCat("`", key, "` gives both bandwidth and bytes_per_clock; keep one"));
      }
      if (outermost && !level.bandwidth) {
        Say(level.place, absl::StrCat("`", key, ".bandwidth` is missing; add it"));
      }
      if (level.role == MemoryRole::kDram && !level.size) {
        Say(level.place, absl::StrCat("`", key, ".size` is missing; add it"));
      }
      Positive(level.size, absl::StrCat(key, ".size"));
      Positive(level.bandwidth, absl::StrCat(key, ".bandwidth"));
      Positive(level.bytes_per_clock, absl::StrCat(key, ".bytes_per_clock"));
    }
  }

  void CheckPeak(EngineClass c, const MathDatum& peak) {
    std::string key = absl::StrCat("peaks.", Name(c), ".", Name(peak.math));
    Positive(peak.datum, key);
    if (peak.datum.basis == Basis::kUndisclosed || peak.datum.basis == Basis::kMixed) return;
    double product = 0;
    std::string terms;
    for (const Engine& engine : target_.engines) {
      const UnitClass* unit = target_.unit(engine.unit);
      if (engine.engine_class != c || unit == nullptr) continue;
      for (const MathDatum& ops : engine.ops) {
        if (ops.math != peak.math) continue;
        double clock = engine.clock.value_or(unit->clock.value);
        product += unit->count.value * ops.datum.value * clock;
        absl::StrAppend(&terms, terms.empty() ? "" : " + ", unit->count.value, " x ",
                        ops.datum.value, " op/clock x ", FormatQuantity(clock, Unit::kHertz));
      }
    }
    if (terms.empty()) {
      Say(peak.datum.place, absl::StrCat("`", key, "` is stated but no ", Name(c),
                                         " engine has `ops.", Name(peak.math),
                                         "`; add it, or mark the peak `basis: undisclosed` with a "
                                         "reason"));
    } else if (std::abs(product / peak.datum.value - 1) > kPeakTolerance) {
      // Rounded: digits beyond these only distract.
      double tera = std::round(product / 1e9) / 1e3;
      Say(peak.datum.place,
          absl::StrCat("`", key, "` is ", FormatQuantity(peak.datum.value, Unit::kOpsPerSecond),
                       " but ", terms, " is ", tera,
                       " TFLOP/s, more than 2 % off; correct one, or mark the peak `basis: mixed` "
                       "with a reason"));
    }
  }

  const Target& target_;
  const YamlNode& file_;
  std::vector<Problem>& out_;
  std::vector<Problem> problems_;
  std::vector<absl::string_view> unit_names_;
};

}  // namespace

bool IsTargetName(absl::string_view name) {
  return !name.empty() && name[0] != '-' && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
  });
}

void CheckTarget(const Target& target, const YamlNode& file, std::vector<Problem>* problems) {
  Checker(target, file, problems).Run();
}

void ScalePeaks(const Target& before, Target* after) {
  // What a peak is proportional to: units x ops x clock, or units x clock where ops are not
  // disclosed.
  auto product = [](const Target& target, EngineClass c, Math math, bool with_ops) {
    double sum = 0;
    for (const Engine& engine : target.engines) {
      const UnitClass* unit = target.unit(engine.unit);
      if (engine.engine_class != c || unit == nullptr) continue;
      double pace = unit->count.value * engine.clock.value_or(unit->clock.value);
      if (!with_ops) sum += pace;
      for (const MathDatum& ops : engine.ops) {
        if (with_ops && ops.math == math) sum += pace * ops.datum.value;
      }
    }
    return sum;
  };
  auto scale = [&](const Peaks& old_peaks, Peaks& peaks, EngineClass c,
                   std::vector<MathDatum> Peaks::*member) {
    for (MathDatum& peak : peaks.*member) {
      for (const MathDatum& old : old_peaks.*member) {
        bool inherited = old.math == peak.math && old.datum.value == peak.datum.value &&
                         old.datum.place.line == peak.datum.place.line;
        if (!inherited) continue;
        bool with_ops = product(before, c, peak.math, true) > 0;
        double was = product(before, c, peak.math, with_ops);
        double is = product(*after, c, peak.math, with_ops);
        if (was <= 0 || is <= 0 || was == is) continue;
        peak.datum.value *= is / was;
        if (peak.datum.basis == Basis::kDatasheet) peak.datum.basis = Basis::kDerived;
        absl::StrAppend(&peak.datum.reason, peak.datum.reason.empty() ? "" : "; ",
                        "scaled with units and clocks from ", before.name);
      }
    }
  };
  for (Peaks Target::*table : {&Target::peaks, &Target::sparse_peaks}) {
    scale(before.*table, after->*table, EngineClass::kMatrix, &Peaks::matrix);
    scale(before.*table, after->*table, EngineClass::kVector, &Peaks::vector);
    scale(before.*table, after->*table, EngineClass::kSpecial, &Peaks::special);
  }
}

}  // namespace assay
