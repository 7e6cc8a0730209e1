// What a model must keep to on a target: `assay fit --max-latency 10ms`, or the same as keys of a
// requirements file, which a project keeps beside its models:
//
//   schema: requirements/1
//   max_latency: 20 ms
//   max_memory: 2 GB
//   targets:                      # what differs there; `*` stands for any text
//     "jetson-*": {max_power: 15 W}
//   models:                       # by file name, without its folder
//     "*_large.onnx": {max_latency: 50 ms}
//
// One row per limit holds its option, its key, its unit and its direction. Of several that speak of
// the same limit, those of the model count before those of the target, these before the file's own,
// and the command line's before all.
#ifndef ASSAY_ANALYZER_LIMITS_H_
#define ASSAY_ANALYZER_LIMITS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "analyzer/quantity.h"

namespace assay {

enum class LimitKind : uint8_t {
  kLatency,     // of one run, with its whole batch
  kThroughput,  // samples per second of all instances
  kMemory,      // weights and the peak of activations, at the precision in force
  kEnergy,      // per sample
  kPower,       // of the machine while it runs the model
  kPrice,       // per million samples
};
inline constexpr size_t kNumLimits = 6;

struct LimitRow {
  LimitKind kind;
  absl::string_view option;  // "--max-latency"
  absl::string_view key;     // "max_latency"
  absl::string_view title;   // "latency"
  absl::string_view field;   // of programs: "latency_s"
  Quantity quantity;
  bool at_least;              // else at most
  absl::string_view example;  // "10ms"
};
absl::Span<const LimitRow> LimitRows();
const LimitRow& RowOf(LimitKind kind);

// "10ms", "10 ms", "100/s", "2GiB", "0.5USD", "3years". An error begins with the text and says how
// such an amount is written. kSeconds takes h, days and years too; kCount and kExact take a bare
// number or one with k, M, G or T.
absl::StatusOr<double> ParseAmount(absl::string_view text, Quantity quantity,
                                   absl::string_view example);

struct Limits {
  std::array<std::optional<double>, kNumLimits> at;  // by LimitKind
  // What a price is made of; without either none is known. Joules cost what a kWh does; the
  // target's own price is spread over a lifetime of never being idle.
  std::optional<double> dollars_per_kwh, lifetime_s;
  std::optional<bool> require_operators;  // what falls back to the host is a FAIL, not a PARTIAL

  const std::optional<double>& of(LimitKind kind) const { return at[static_cast<size_t>(kind)]; }
  void Set(LimitKind kind, double value) { at[static_cast<size_t>(kind)] = value; }
  // What `other` says counts before what this says.
  void Override(const Limits& other);
};

struct Requirements {
  Limits all;
  std::vector<std::pair<std::string, Limits>> targets, models;  // by pattern, in file order

  Limits For(absl::string_view model, absl::string_view target) const;
};

// Every error of a file: "FILE:LINE:COLUMN: what, and what to do".
absl::StatusOr<Requirements> ReadRequirements(absl::string_view path,
                                              std::vector<std::string>* errors = nullptr);

}  // namespace assay

#endif  // ASSAY_ANALYZER_LIMITS_H_
