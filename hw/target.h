// A target: one machine, hardware only, as its YAML file describes it (hw/targets/*.yaml; the keys
// are rows of hw/target_keys.cc, which `assay targets --keys` prints).
//
// The picture is the same for every kind of machine. A target has classes of *units* (streaming
// multiprocessors; P-cores and E-cores; tiles), each with a count and a clock. In a unit sit
// *engines* (matrix, vector, special functions), each doing so many operations per clock in each
// number format. Around them lie *memory levels*, innermost first, in each unit or shared. Peaks
// are stated apart and must equal units x ops/clock x clock.
//
// Shipped targets are constants of the program, decoded when asked for (microseconds); only a
// user's own file is parsed.
#ifndef ASSAY_HW_TARGET_H_
#define ASSAY_HW_TARGET_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "hw/datum.h"
#include "hw/key_doc.h"
#include "hw/precision.h"

namespace assay {

enum class TargetKind : uint8_t { kGpu, kCpu, kSystolic, kKpu, kNpu };
enum class EngineClass : uint8_t {
  kMatrix,   // multiplies small matrices: tensor cores, AMX, systolic arrays
  kVector,   // one operation per lane; a fused multiply-add counts as two
  kSpecial,  // exp, log, tanh, sqrt, ...
};
enum class MemoryRole : uint8_t {
  kRegisters,
  kScratchpad,  // moved by the program
  kCache,       // moved by the hardware
  kDram,        // the outermost: what a model must fit into
  kHost,        // outermost too: the host's memory across a link, for machines without DRAM
};
enum class LinkRole : uint8_t { kHost, kPeer };
absl::string_view Name(TargetKind kind);
absl::string_view Name(EngineClass c);
absl::string_view Name(MemoryRole role);
absl::string_view Name(LinkRole role);

struct MathDatum {
  Math math = Math::kFp32;
  Datum datum;
};

struct UnitClass {
  std::string name;  // "SM", "P-core"
  Place place;
  Datum count;
  Datum clock;  // sustained, all units busy
  // Of a GPU's, what one holds at a time: threads, in blocks of so many warps each.
  Datum threads, blocks;
  Datum warp;  // threads that run in step
};

struct Engine {
  std::string name;  // "tensor core", "AVX2"
  Place place;
  std::string unit;  // the UnitClass it sits in
  EngineClass engine_class = EngineClass::kVector;
  std::vector<MathDatum> ops;  // operations per clock of one unit; a multiply-accumulate is two
  Datum clock;                 // where it differs from its unit's
  // The block of the output that one unit works on at a time (rows, columns) and the step along the
  // sum; and the smallest block without waste. Unknown: any shape is as good.
  Datum tile_m, tile_n, tile_k;
  Datum min_tile_m, min_tile_n, min_tile_k;
  Datum width;  // of a vector register, in bits
};

// Operations per second of all engines of one class together, by format.
struct Peaks {
  std::vector<MathDatum> matrix, vector, special;

  const std::vector<MathDatum>& of(EngineClass c) const;
};

struct MemoryLevel {
  std::string name;  // "L2", "HBM3"
  Place place;
  MemoryRole role = MemoryRole::kCache;
  std::string scope;   // "shared", or the UnitClass of which each unit has one
  Datum size;          // bytes; of one, when each unit has one
  Datum programmable;  // of the size, what programs can allocate where the rest stays a cache
  Datum bandwidth;  // bytes per second; of one, when each unit has one. Reads and writes together.
  Datum bytes_per_clock;  // instead of bandwidth: per clock of its unit
  Datum energy;           // joules per byte moved to or from this level
};

struct Link {
  std::string name;  // "PCIe 5.0 x16"
  Place place;
  LinkRole role = LinkRole::kHost;
  Datum bandwidth;  // one way
  Datum latency;
  Datum count;
};

struct Target {
  std::string name;   // "h100-sxm", or "orin-nano@15w" for a power mode
  std::string title;  // "NVIDIA H100 SXM5 80 GB"
  std::string vendor;
  TargetKind kind = TargetKind::kGpu;
  std::string family;                // architecture: what calibrations are shared across
  std::vector<std::string> aliases;  // names that collections of measurements give it
  std::string launched;
  std::string runtime;  // name of the default runtime
  std::string notes;    // what is not modelled, what to beware of
  Datum process;        // metres
  Datum price;          // US dollars
  std::vector<UnitClass> units;
  std::vector<Engine> engines;
  Peaks peaks;
  Peaks sparse_peaks;               // with structured sparsity; never used for dense work
  std::vector<MemoryLevel> memory;  // innermost first; the last, and only it, has role dram or host
  std::vector<Link> links;
  Datum launch;  // time an empty kernel takes, one after another
  Datum idle_power;
  Datum design_power;
  std::vector<MathDatum> energy_per_op;  // joules, by format; by vector engines
  Datum matrix_energy_ratio;             // of a matrix engine's operation to a vector engine's
  std::vector<std::string>
      dtypes;  // element types it computes with; empty: every one it has rates for
  // What it runs of a graph, of fixed-function machines: op types as in `assay ops`, of any domain,
  // or DOMAIN.TYPE of that one; empty: all. The rest falls back to the host (hw/fallback.h).
  std::vector<std::string> operators;
  std::string host;                // name of the shipped CPU that runs the rest; "": not said
  std::vector<std::string> modes;  // names of power modes: TARGET@MODE
  // Of a target with a number changed (hw/vary.h), in no file: what was changed, in words; and by
  // how much the launch time, for what a calibration says of it.
  std::vector<std::string> varied;
  double launch_factor = 1;

  // Operations per second of all engines of this class: as stated, else units x ops/clock x clock.
  // 0 when the machine has none.
  double Rate(EngineClass c, Math math) const;
  // The same for engines in one class of units.
  double RateOfUnits(EngineClass c, Math math, absl::string_view unit) const;
  // Best rate over matrix and vector engines.
  double BestRate(Math math) const;
  // Formats that matrix or vector engines have, in the order of the enum.
  std::vector<Math> maths() const;
  const MemoryLevel& dram() const { return memory.back(); }
  const UnitClass* unit(absl::string_view name) const;
  double unit_count() const;  // of all classes
  // Bytes per second that all its instances move together.
  double Bandwidth(const MemoryLevel& level) const;
  double Capacity(const MemoryLevel& level) const;
  // FLOP per byte of DRAM above which compute limits: BestRate / DRAM bandwidth.
  double RidgePoint(Math math) const;
};

// A shipped target by name ("h100-sxm"), one of its power modes ("NAME@MODE"), or a user's own YAML
// file by path (anything with a '/' or ending in .yaml or .yml; "./my.yaml@MODE" too). An unknown
// name is an error that offers the nearest; a bad file gives "FILE:LINE:COLUMN: what, and what to
// do".
absl::StatusOr<std::shared_ptr<const Target>> FindTarget(absl::string_view name_or_path);
// Sorted; power modes are listed after their target as NAME@MODE when asked for.
std::vector<absl::string_view> TargetNames(bool with_modes = false);

// Words of a command line as names for FindTarget, each once. "all", a kind of machine ("npu") and
// a pattern ("rtx-*") stand for the shipped targets; "NAME@*" for a target and each of its power
// modes; other words for themselves. An unknown name before "@*" and a pattern that matches nothing
// are errors.
struct TargetChoice {
  std::vector<std::string> names;
  bool open = false;  // a word stood for whatever machines there are
};
absl::StatusOr<TargetChoice> ExpandTargets(absl::Span<const std::string> words);

// Every violation in a user's file, in order: "FILE:LINE:COLUMN: message". Empty: the file is good.
std::vector<std::string> CheckTargetFile(absl::string_view path);

// The schema, one row per key, for `assay targets --keys`.
std::vector<KeyDoc> TargetKeys();

// The target as YAML, complete (after `extends` and modes), every number with its unit and source.
// Loading what this prints gives the same target.
std::string ToYaml(const Target& target);

}  // namespace assay

#endif  // ASSAY_HW_TARGET_H_
