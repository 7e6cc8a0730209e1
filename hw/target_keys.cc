// The keys of a target's YAML file, one row each, in the order in which they are printed. To add a
// datum: a member in hw/target.h and a row here.
#include "hw/target_keys.h"

namespace assay {

using namespace keys;  // NOLINT(google-build-using-namespace): the rows are a small language

absl::Span<const absl::string_view> TargetKindNames() {
  static constexpr absl::string_view kNames[] = {"gpu", "cpu", "systolic", "kpu", "npu"};
  return kNames;
}
absl::Span<const absl::string_view> EngineClassNames() {
  static constexpr absl::string_view kNames[] = {"matrix", "vector", "special"};
  return kNames;
}
absl::Span<const absl::string_view> MemoryRoleNames() {
  static constexpr absl::string_view kNames[] = {"registers", "scratchpad", "cache", "dram",
                                                 "host"};
  return kNames;
}
absl::Span<const absl::string_view> LinkRoleNames() {
  static constexpr absl::string_view kNames[] = {"host", "peer"};
  return kNames;
}

namespace {

constexpr Need kMust = Need::kRequired;
constexpr Need kMay = Need::kOptional;

absl::Span<const KeyRow> UnitKeys() {
  static constexpr KeyRow kRows[] = {
      Quantity<&UnitClass::count>("count", Unit::kCount, kMust, "how many there are"),
      Quantity<&UnitClass::clock>("clock", Unit::kHertz, kMust,
                                  "the clock that all of them sustain together"),
      Quantity<&UnitClass::threads>("threads", Unit::kCount, kMay, "threads resident in one"),
      Quantity<&UnitClass::blocks>("blocks", Unit::kCount, kMay,
                                   "blocks of threads resident in one"),
      Quantity<&UnitClass::warp>("warp", Unit::kCount, kMay,
                                 "threads that run in step; a block has whole warps"),
  };
  return kRows;
}

absl::Span<const KeyRow> EngineKeys() {
  static constexpr KeyRow kRows[] = {
      Text<&Engine::unit>("unit", kMust, "the entry of `units` in each of which it sits"),
      Choice<&Engine::engine_class>("class", EngineClassNames, kMust,
                                    "what it is: multiplies matrices, works on vector lanes, or "
                                    "computes special functions such as exp and tanh"),
      ByMath<&Engine::ops>(
          "ops", Unit::kOpsPerClock, kMay,
          "dense operations per clock in one unit, as multiply-accumulates of two each "
          "(other arithmetic gets half)"),
      Quantity<&Engine::clock>("clock", Unit::kHertz, kMay, "where it differs from its unit's"),
      Quantity<&Engine::width>("width", Unit::kBits, kMay, "of a vector register"),
      Quantity<&Engine::tile_m>("tile_m", Unit::kCount, kMay,
                                "rows of the largest block of output that one unit works on"),
      Quantity<&Engine::tile_n>("tile_n", Unit::kCount, kMay, "columns of that block"),
      Quantity<&Engine::tile_k>("tile_k", Unit::kCount, kMay, "its step along the sum"),
      Quantity<&Engine::min_tile_m>("min_tile_m", Unit::kCount, kMay,
                                    "rows of the smallest block in use"),
      Quantity<&Engine::min_tile_n>("min_tile_n", Unit::kCount, kMay, "columns of that block"),
      Quantity<&Engine::min_tile_k>("min_tile_k", Unit::kCount, kMay,
                                    "the sum is padded to a multiple of this"),
  };
  return kRows;
}

absl::Span<const KeyRow> PeakKeys() {
  static constexpr KeyRow kRows[] = {
      ByMath<&Peaks::matrix>("matrix", Unit::kOpsPerSecond, kMay, "of all matrix engines"),
      ByMath<&Peaks::vector>("vector", Unit::kOpsPerSecond, kMay, "of all vector engines"),
      ByMath<&Peaks::special>("special", Unit::kOpsPerSecond, kMay,
                              "of all special-function engines"),
  };
  return kRows;
}

absl::Span<const KeyRow> MemoryKeys() {
  static constexpr KeyRow kRows[] = {
      Choice<&MemoryLevel::role>("role", MemoryRoleNames, kMust, "what it is"),
      Text<&MemoryLevel::scope>("scope", kMust,
                                "`shared`, or the entry of `units` each of which has one"),
      Quantity<&MemoryLevel::size>("size", Unit::kBytes, kMay,
                                   "capacity; of one, where each unit has one"),
      Quantity<&MemoryLevel::programmable>(
          "programmable", Unit::kBytes, kMay,
          "of the size, what programs can allocate where the rest stays a cache"),
      Quantity<&MemoryLevel::bandwidth>(
          "bandwidth", Unit::kBytesPerSecond, kMay,
          "reads and writes together; of one, where each unit has one"),
      Quantity<&MemoryLevel::bytes_per_clock>("bytes_per_clock", Unit::kBytesPerClock, kMay,
                                              "instead of bandwidth: per clock of its unit"),
      Quantity<&MemoryLevel::energy>("energy", Unit::kJoulesPerByte, kMay,
                                     "for a byte moved to or from it"),
  };
  return kRows;
}

absl::Span<const KeyRow> LinkKeys() {
  static constexpr KeyRow kRows[] = {
      Choice<&Link::role>("role", LinkRoleNames, kMust, "to the host, or to another such device"),
      Quantity<&Link::bandwidth>("bandwidth", Unit::kBytesPerSecond, kMust, "one way, of one link"),
      Quantity<&Link::latency>("latency", Unit::kSeconds, kMay, "of a small transfer"),
      Quantity<&Link::count>("count", Unit::kCount, kMay, "how many such links"),
  };
  return kRows;
}

}  // namespace

absl::Span<const KeyRow> TargetRows() {
  static constexpr KeyRow kRows[] = {
      Text<&Target::name>("name", kMust,
                          "the name, lower case with hyphens; that of the file, less .yaml"),
      Text<&Target::title>("title", kMust, "the name that people know"),
      Text<&Target::vendor>("vendor", kMust, "who makes it"),
      Choice<&Target::kind>("kind", TargetKindNames, kMust,
                            "what it is, and so how kernels are mapped on it"),
      Text<&Target::family>("family", kMust, "architecture: calibrations are shared across it"),
      Texts<&Target::aliases>("aliases", kMay, "names that collections of measurements give it"),
      Text<&Target::launched>("launched", kMay, "year, or year and month"),
      Text<&Target::runtime>("runtime", kMay, "the runtime when none is given; else `ideal`"),
      Text<&Target::notes>("notes", kMay, "what is not modelled; what to beware of"),
      Quantity<&Target::process>("process", Unit::kMetres, kMay, "node of the process"),
      Quantity<&Target::price>("price", Unit::kDollars, kMay, "of one"),
      Named<&Target::units>("units", UnitKeys, kMust,
                            "classes of units: multiprocessors, cores, tiles"),
      Named<&Target::engines>("engines", EngineKeys, kMust, "what computes inside a unit"),
      Object<&Target::peaks>("peaks", PeakKeys,
                             "stated dense peaks; must be units x ops x clock within 2 %"),
      Object<&Target::sparse_peaks>("sparse_peaks", PeakKeys,
                                    "stated peaks with structured sparsity; shown, never used"),
      Named<&Target::memory>("memory", MemoryKeys, kMust,
                             "levels, innermost first; the last has role dram or host"),
      Named<&Target::links>("links", LinkKeys, kMay, "to the host and to other devices"),
      Quantity<&Target::launch>("launch", Unit::kSeconds, kMust,
                                "time that an empty kernel takes, one after another"),
      Quantity<&Target::idle_power>("idle_power", Unit::kWatts, kMay, "drawn when nothing runs"),
      Quantity<&Target::design_power>("design_power", Unit::kWatts, kMay,
                                      "sustained limit; estimates above it are flagged"),
      ByMath<&Target::energy_per_op>("energy_per_op", Unit::kJoulesPerOp, kMay,
                                     "of vector engines"),
      Quantity<&Target::matrix_energy_ratio>("matrix_energy_ratio", Unit::kRatio, kMay,
                                             "a matrix engine's energy per operation to that"),
      Texts<&Target::dtypes>("dtypes", kMay,
                             "element types it computes with, where not all; others fall back"),
      Texts<&Target::operators>("operators", kMay,
                                "operators it runs, where not all; others fall back to the host"),
      Text<&Target::host>("host", kMay,
                          "the shipped CPU on which they then run; else their operands cross the "
                          "link to the host and no more is counted"),
      Modes<&Target::modes>("modes", "power modes: what differs, by the same keys"),
  };
  return kRows;
}

}  // namespace assay
