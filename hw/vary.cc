#include "hw/vary.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hw/target_keys.h"
#include "ir/suggest.h"

namespace assay {
namespace {

// A number of the target's file.
struct Leaf {
  std::string path;
  Unit unit;
  Datum* datum;
};

// A path and the numbers that change with it.
struct Group {
  std::string path;
  Unit unit = Unit::kCount;
  bool by_role = false;
  bool sum = false;  // the value is the sum of the numbers, else the largest
  std::vector<Leaf> shown;
  std::vector<Datum*> behind;  // change too, and are not the value

  double value() const {
    double value = 0;
    for (const Leaf& leaf : shown) {
      value = sum ? value + leaf.datum->value : std::max(value, leaf.datum->value);
    }
    return value;
  }
};

// Keys that no estimate reads.
bool HasNoEffect(absl::string_view key) { return key == "process" || key == "sparse_peaks"; }

void AddLeaves(absl::Span<const KeyRow> rows, void* object, const std::string& prefix,
               std::vector<Leaf>* out) {
  for (const KeyRow& row : rows) {
    void* field = row.field(object);
    const std::string path = absl::StrCat(prefix, row.name);
    if (HasNoEffect(path)) continue;
    switch (row.type) {
      case KeyType::kQuantity:
        if (auto* datum = static_cast<Datum*>(field); datum->known && datum->value > 0) {
          out->push_back({path, row.unit, datum});
        }
        break;
      case KeyType::kByMath:
        for (MathDatum& d : *static_cast<std::vector<MathDatum>*>(field)) {
          if (d.datum.value > 0) {
            out->push_back({absl::StrCat(path, ".", Name(d.math)), row.unit, &d.datum});
          }
        }
        break;
      case KeyType::kObject:
        AddLeaves(row.rows(), field, path + ".", out);
        break;
      case KeyType::kNamed:
        for (size_t i = 0; i < row.list->size(field); ++i) {
          void* item = row.list->at(field, i);
          AddLeaves(row.rows(), item, absl::StrCat(path, ".", *row.list->name(item), "."), out);
        }
        break;
      default:
        break;
    }
  }
}

bool IsOutermost(const MemoryLevel& level) {
  return level.role == MemoryRole::kDram || level.role == MemoryRole::kHost;
}

constexpr EngineClass kEngineClasses[] = {EngineClass::kMatrix, EngineClass::kVector,
                                          EngineClass::kSpecial};

std::vector<MathDatum>& PeaksOf(Peaks& peaks, EngineClass c) {
  return c == EngineClass::kMatrix   ? peaks.matrix
         : c == EngineClass::kVector ? peaks.vector
                                     : peaks.special;
}

// The numbers of one target, which must not be copied while this is in use.
class Numbers {
 public:
  explicit Numbers(Target* target) : target_(*target) {
    AddLeaves(TargetRows(), target, "", &leaves_);
    AddRoles();
    for (const Leaf& leaf : leaves_) AddPlain(leaf);
  }

  const std::vector<Group>& groups() const { return groups_; }
  const Group* Find(absl::string_view path) const {
    const auto it = by_path_.find(absl::AsciiStrToLower(path));
    return it == by_path_.end() ? nullptr : &groups_[it->second];
  }
  absl::Status NotFound(absl::string_view path) const {
    std::vector<absl::string_view> names, roles;
    for (const Group& group : groups_) {
      names.push_back(group.path);
      if (group.by_role) roles.push_back(group.path);
    }
    return absl::NotFoundError(absl::StrCat(
        "`", path, "` is no number that ", target_.name, " states", DidYouMean(path, names),
        "; it has ", absl::StrJoin(roles, ", "), " and those of its file (`assay targets ",
        target_.name, "`), such as ", leaves_.front().path));
  }

 private:
  // The number at this place, if it is known.
  void Show(Datum* datum, Group* group) const {
    const auto it = absl::c_find_if(leaves_, [&](const Leaf& leaf) { return leaf.datum == datum; });
    if (it == leaves_.end()) return;
    group->unit = it->unit;
    group->shown.push_back(*it);
  }
  void Add(Group group) {
    if (group.shown.empty()) return;
    if (by_path_.try_emplace(absl::AsciiStrToLower(group.path), groups_.size()).second) {
      groups_.push_back(std::move(group));
    }
  }
  void AddRole(absl::string_view path, std::initializer_list<Datum*> data) {
    Group group{.path = std::string(path), .by_role = true};
    for (Datum* datum : data) Show(datum, &group);
    Add(std::move(group));
  }

  void AddRoles() {
    MemoryLevel& outermost = target_.memory.back();
    Link* link = nullptr;
    for (Link& each : target_.links) {
      if (link == nullptr && each.role == LinkRole::kHost) link = &each;
    }
    // The host's memory and the way to it are one thing.
    if (outermost.role == MemoryRole::kHost && link != nullptr) {
      AddRole("dram.bandwidth", {&outermost.bandwidth, &link->bandwidth});
      AddRole("link.bandwidth", {&link->bandwidth, &outermost.bandwidth});
    } else {
      AddRole("dram.bandwidth", {&outermost.bandwidth});
      if (link != nullptr) AddRole("link.bandwidth", {&link->bandwidth});
    }
    AddRole("dram.size", {&outermost.size});
    for (size_t i = target_.memory.size(); i-- > 0;) {
      MemoryLevel& level = target_.memory[i];
      if (IsOutermost(level) || level.role == MemoryRole::kRegisters) continue;
      AddRole("cache.size", {&level.size});
      AddRole("cache.bandwidth", {level.bandwidth ? &level.bandwidth : &level.bytes_per_clock});
      break;
    }
    Group clocks{.path = "clock", .by_role = true}, counts{.path = "units", .by_role = true};
    counts.sum = true;
    for (UnitClass& unit : target_.units) {
      Show(&unit.clock, &clocks);
      Show(&unit.count, &counts);
    }
    Add(std::move(clocks));
    Add(std::move(counts));
    AddPeaks();
    AddRole("power", {&target_.design_power});
    for (MemoryLevel& level : target_.memory) {
      AddRole(absl::StrCat(level.name, ".size"), {&level.size});
      AddRole(absl::StrCat(level.name, ".bandwidth"),
              {level.bandwidth ? &level.bandwidth : &level.bytes_per_clock});
    }
  }

  void AddPeaks() {
    AddPeak("peak", kEngineClasses, std::nullopt);
    for (const MathRow& row : MathRows()) {
      AddPeak(absl::StrCat("peak.", row.name), kEngineClasses, row.math);
    }
  }
  // Stated peaks, else operations per clock; both change. `math` null: all formats.
  void AddPeak(const std::string& path, absl::Span<const EngineClass> classes,
               std::optional<Math> math) {
    Group stated{.path = path, .by_role = true}, ops{.path = path, .by_role = true};
    for (EngineClass c : classes) {
      for (MathDatum& peak : PeaksOf(target_.peaks, c)) {
        if (!math || peak.math == *math) Show(&peak.datum, &stated);
      }
      for (Engine& engine : target_.engines) {
        if (engine.engine_class != c) continue;
        for (MathDatum& o : engine.ops) {
          if (!math || o.math == *math) Show(&o.datum, &ops);
        }
      }
    }
    for (const Leaf& leaf : ops.shown) stated.behind.push_back(leaf.datum);
    Add(stated.shown.empty() ? std::move(ops) : std::move(stated));
  }

  void AddPlain(const Leaf& leaf) {
    Group group{.path = leaf.path, .unit = leaf.unit, .shown = {leaf}};
    for (EngineClass c : kEngineClasses) {
      for (const MathDatum& peak : PeaksOf(target_.peaks, c)) {
        if (&peak.datum != leaf.datum) continue;
        for (Engine& engine : target_.engines) {
          if (engine.engine_class != c) continue;
          for (MathDatum& ops : engine.ops) {
            if (ops.math == peak.math) group.behind.push_back(&ops.datum);
          }
        }
      }
    }
    Add(std::move(group));
  }

  Target& target_;
  std::vector<Leaf> leaves_;
  std::vector<Group> groups_;
  absl::flat_hash_map<std::string, size_t> by_path_;  // in lower case
};

Variable VariableOf(const Group& group) {
  Variable out{.path = group.path, .value = group.value(), .unit = group.unit};
  if (group.by_role) {
    out.means = absl::StrJoin(group.shown, ", ",
                              [](std::string* text, const Leaf& leaf) { *text += leaf.path; });
  }
  return out;
}

void Scale(double factor, Unit unit, absl::string_view why, Datum* datum) {
  datum->value *= factor;
  if (unit == Unit::kCount) datum->value = std::max(1.0, std::round(datum->value));
  if (datum->basis == Basis::kDatasheet) datum->basis = Basis::kDerived;
  absl::StrAppend(&datum->reason, datum->reason.empty() ? "" : "; ", why);
}

// What follows from what has been changed.
void Follow(const Target& before, const Group& changed, Target* after) {
  const auto direct = [&](const Datum* datum) {
    return absl::c_any_of(changed.shown, [&](const Leaf& leaf) { return leaf.datum == datum; }) ||
           absl::c_linear_search(changed.behind, datum);
  };
  const std::string why = absl::StrCat("varied with ", changed.path);
  const auto clock_ratio = [&](size_t unit) {
    return after->units[unit].clock.value / before.units[unit].clock.value;
  };
  for (size_t u = 0; u < after->units.size(); ++u) {
    const double ratio = clock_ratio(u);
    if (ratio == 1) continue;
    for (Engine& engine : after->engines) {
      if (engine.unit == after->units[u].name && engine.clock && !direct(&engine.clock)) {
        Scale(ratio, Unit::kHertz, why, &engine.clock);
      }
    }
    for (MemoryLevel& level : after->memory) {
      const bool clocked =
          level.scope == after->units[u].name || (level.scope == "shared" && u == 0);
      if (clocked && !IsOutermost(level) && level.bandwidth && !direct(&level.bandwidth)) {
        Scale(ratio, Unit::kBytesPerSecond, why, &level.bandwidth);
      }
    }
  }
  for (size_t i = 0; i < after->memory.size(); ++i) {
    MemoryLevel& level = after->memory[i];
    if (level.programmable && !direct(&level.programmable) && level.size.value > 0) {
      const double ratio = level.size.value / before.memory[i].size.value;
      if (ratio != 1) Scale(ratio, Unit::kBytes, why, &level.programmable);
    }
  }
  ScalePeaks(before, after);
}

absl::StatusOr<std::shared_ptr<const Target>> Apply(const Target& target, absl::string_view path,
                                                    double factor) {
  auto varied = std::make_shared<Target>(target);
  const Numbers numbers(varied.get());
  const Group* group = numbers.Find(path);
  if (group == nullptr) return numbers.NotFound(path);
  if (!(factor > 0) || !std::isfinite(factor)) {
    return absl::InvalidArgumentError(absl::StrCat("`", path, "` cannot become ", factor,
                                                   " times what it is; give a factor above 0"));
  }
  const std::string times = absl::StrCat(factor, " x the ");
  varied->varied.push_back(absl::StrCat(group->path, " at ", times,
                                        FormatQuantity(group->value(), group->unit), " of ",
                                        target.name));
  const bool of_launch = group->path == "launch";
  for (const Leaf& leaf : group->shown) {
    const std::string why = absl::StrCat(
        "varied: ", times, FormatQuantity(leaf.datum->value, leaf.unit), " of ", target.name);
    Scale(factor, leaf.unit, why, leaf.datum);
  }
  for (Datum* datum : group->behind) {
    Scale(factor, Unit::kOpsPerClock, absl::StrCat("varied with ", group->path), datum);
  }
  if (of_launch) varied->launch_factor *= factor;
  Follow(target, *group, varied.get());
  if (varied->idle_power && varied->design_power &&
      varied->idle_power.value > varied->design_power.value) {
    return absl::InvalidArgumentError(absl::StrCat(
        "`", path, "` at ", times, FormatQuantity(group->value() / factor, group->unit), " of ",
        target.name, " puts its design power below its idle power of ",
        FormatQuantity(varied->idle_power.value, Unit::kWatts), "; stay above it"));
  }
  return varied;
}

}  // namespace

std::vector<Variable> VariablesOf(const Target& target) {
  Target copy = target;  // rows give what they name as not const
  const Numbers numbers(&copy);
  std::vector<Variable> out;
  for (const Group& group : numbers.groups()) out.push_back(VariableOf(group));
  return out;
}

absl::StatusOr<Variable> FindVariable(const Target& target, absl::string_view path) {
  Target copy = target;
  const Numbers numbers(&copy);
  const Group* group = numbers.Find(path);
  if (group == nullptr) return numbers.NotFound(path);
  return VariableOf(*group);
}

absl::StatusOr<std::shared_ptr<const Target>> Varied(const Target& target, absl::string_view path,
                                                     double factor) {
  return Apply(target, path, factor);
}

absl::StatusOr<std::shared_ptr<const Target>> VariedTo(const Target& target, absl::string_view path,
                                                       absl::string_view quantity) {
  const absl::StatusOr<Variable> variable = FindVariable(target, path);
  if (!variable.ok()) return variable.status();
  const absl::StatusOr<double> value = ParseQuantity(quantity, variable->unit);
  if (!value.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("`", path, "`: ", value.status().message()));
  }
  return Apply(target, path, *value / variable->value);
}

}  // namespace assay
