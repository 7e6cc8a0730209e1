// Numbers that wear their unit: "3.35 TB/s", "1.83 GHz", "50 MiB", "2.2 us", "4096 op/clock".
//
// A quantity is a decimal number, one space and a unit. Prefixes are those of SI (k M G T P, m u n
// p) and, for bytes, Ki Mi Gi Ti. Values are held in base units.
#ifndef ASSAY_HW_UNITS_H_
#define ASSAY_HW_UNITS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assay {

enum class Unit : uint8_t {
  kCount,           // a bare number
  kRatio,           // "87 %"
  kHertz,           // "1.83 GHz"
  kBytes,           // "50 MiB"
  kBytesPerSecond,  // "3.35 TB/s"
  kBytesPerClock,   // "128 B/clock"
  kSeconds,         // "2.2 us"
  kWatts,           // "700 W"
  kOpsPerClock,     // "4096 op/clock"; a multiply-accumulate is two operations
  kOpsPerSecond,    // "989 TFLOP/s", "1979 TOP/s"
  kOps,             // "2 MFLOP"
  kJoulesPerOp,     // "0.5 pJ/op"
  kJoulesPerByte,   // "4 pJ/B"
  kMetres,          // "4 nm"
  kDollars,         // "30000 USD"
  kBits,            // "256 bit"
};

struct UnitRow {
  Unit unit;
  absl::string_view what;     // "bytes per second"
  absl::string_view example;  // "3.35 TB/s"
};
const UnitRow& RowOf(Unit unit);

// An error says what is wrong and how such a quantity is written. Negative, infinite and
// not-a-number values are errors.
absl::StatusOr<double> ParseQuantity(absl::string_view text, Unit unit);

// The shortest text that ParseQuantity reads as the same value: "3.35 TB/s".
std::string FormatQuantity(double value, Unit unit);

}  // namespace assay

#endif  // ASSAY_HW_UNITS_H_
