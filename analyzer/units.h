// Numbers as a person reads them. Prefixes are decimal (1 kB = 1000 B), three or four digits are
// shown, a number that is not known (NaN) is "?". ASCII only: a microsecond is "us".
//
//   Count(1814073344)  "1.814 G"       Bytes(46758056)   "46.76 MB"
//   Seconds(0.00213)   "2.130 ms"      Percent(0.327)    "32.7 %"
#ifndef ASSAY_ANALYZER_UNITS_H_
#define ASSAY_ANALYZER_UNITS_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace assay {

// Whole numbers below 10,000 as they are: "20", "1.814 G".
std::string Count(double n);
std::string Bytes(double bytes);
std::string Seconds(double seconds);
std::string Joules(double joules);
std::string Watts(double watts);
std::string Hertz(double hertz);
std::string PerSecond(double rate);  // "469.5 /s", "1.200 k/s"
// A share of 1; "<0.1 %" for what would otherwise read as nothing.
std::string Percent(double share);
// The same without the sign, under a heading of "%": "32.7".
std::string PercentDigits(double share);
// Four significant digits, no prefix: an intensity in FLOP per byte, a utilisation.
std::string Ratio(double value);
// With thousands separated: "1,814,073,344".
std::string Exact(int64_t n);

// For programs: whole numbers in full, others in as few digits as read back as the same number.
std::string ShortestText(double number);

// "1 kernel", "31 kernels".
std::string Plural(int64_t n, absl::string_view noun);

}  // namespace assay

#endif  // ASSAY_ANALYZER_UNITS_H_
