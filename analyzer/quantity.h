// What a number in a result is, hence how a person reads it.
#ifndef ASSAY_ANALYZER_QUANTITY_H_
#define ASSAY_ANALYZER_QUANTITY_H_

#include <cstdint>
#include <string>

namespace assay {

enum class Quantity : uint8_t {
  kText,            // no number
  kCount,           // "1.814 G"
  kExact,           // "1,814,073,344"
  kBytes,           // "46.76 MB"
  kBytesPerSecond,  // "3.35 TB/s"
  kSeconds,         // "2.130 ms"
  kJoules,          // "1.2 mJ"
  kWatts,           // "350 W"
  kHertz,           // "1.83 GHz"
  kPerSecond,       // "469.5 /s"
  kOpsPerSecond,    // "989.4 T/s"
  kRatio,           // "1.25"
  kFactor,          // "1.25x"
  kShare,           // "32.7 %"; held as 0.327
  kPercent,         // "32.7", under a heading of "%"; held as 0.327
  kBar,             // "########": a share drawn, 32 columns for 1; held as 0.25
  kId,              // "#12": an operator
  kKernelId,        // "#k12"
  kIndex,           // "1234": a place in a list
  kDollars,         // "0.25 USD"
};

// Numbers stand on the right of a column; texts and bars on the left.
constexpr bool OnTheRight(Quantity q) { return q != Quantity::kText && q != Quantity::kBar; }

// "?" for NaN.
std::string Shown(double number, Quantity quantity);

}  // namespace assay

#endif  // ASSAY_ANALYZER_QUANTITY_H_
