#include "analyzer/units.h"

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

namespace assay {
namespace {

struct Prefix {
  double factor;
  absl::string_view name;
};

constexpr Prefix kPrefixes[] = {{1e18, "E"}, {1e15, "P"}, {1e12, "T"}, {1e9, "G"},
                                {1e6, "M"},  {1e3, "k"},  {1, ""},     {1e-3, "m"},
                                {1e-6, "u"}, {1e-9, "n"}, {1e-12, "p"}};

// Four significant digits of a number in [1, 1000).
std::string Digits(double x) {
  if (x >= 99.995) return absl::StrFormat("%.1f", x);
  if (x >= 9.9995) return absl::StrFormat("%.2f", x);
  return absl::StrFormat("%.3f", x);
}

// With a prefix no smaller than `smallest`.
std::string Scaled(double x, absl::string_view unit, double smallest) {
  if (std::isnan(x)) return "?";
  if (std::isinf(x)) return x > 0 ? "inf" : "-inf";
  if (x < 0) return absl::StrCat("-", Scaled(-x, unit, smallest));
  if (x == 0) return unit.empty() ? "0" : absl::StrCat("0 ", unit);
  for (const Prefix& p : kPrefixes) {
    // What rounds up to 1000 of a smaller prefix belongs to the larger one.
    bool last = p.factor <= smallest * 1.001;
    if (x < p.factor * 0.99995 && !last) continue;
    double y = x / p.factor;
    std::string digits =
        p.factor == 1 && y == std::floor(y) && y < 10000 ? absl::StrCat(y) : Digits(y);
    std::string suffix = absl::StrCat(p.name, unit);
    return suffix.empty() ? digits : absl::StrCat(digits, " ", suffix);
  }
  return "?";
}

}  // namespace

std::string Count(double n) {
  if (std::fabs(n) < 10000 && n == std::floor(n)) return absl::StrCat(n);
  return Scaled(n, "", 1);
}

std::string Bytes(double bytes) { return Scaled(bytes, "B", 1); }
std::string Seconds(double seconds) { return Scaled(seconds, "s", 1e-9); }
std::string Joules(double joules) { return Scaled(joules, "J", 1e-12); }
std::string Watts(double watts) { return Scaled(watts, "W", 1e-6); }
std::string Hertz(double hertz) { return Scaled(hertz, "Hz", 1); }
std::string PerSecond(double rate) { return Scaled(rate, "/s", 1e-9); }

std::string Percent(double share) {
  return std::isnan(share) ? "?" : absl::StrCat(PercentDigits(share), " %");
}

std::string PercentDigits(double share) {
  if (std::isnan(share)) return "?";
  if (share > 0 && share < 0.0005) return "<0.1";
  return absl::StrFormat("%.1f", share * 100);
}

std::string Ratio(double value) {
  if (std::isnan(value)) return "?";
  if (std::isinf(value)) return "inf";
  if (value == 0) return "0";
  if (value >= 1 && value < 1000) return Digits(value);
  return absl::StrFormat("%.4g", value);
}

std::string ShortestText(double number) {
  if (number == std::floor(number) && std::fabs(number) < 9e15) {
    return absl::StrCat(static_cast<int64_t>(number));
  }
  char buffer[32];
  const std::to_chars_result end = std::to_chars(buffer, buffer + sizeof buffer, number);
  return std::string(buffer, end.ptr);
}

std::string Plural(int64_t n, absl::string_view noun) {
  return absl::StrCat(n, " ", noun, n == 1 ? "" : "s");
}

std::string Exact(int64_t n) {
  std::string digits = absl::StrCat(n);
  size_t first = n < 0 ? 1 : 0;
  for (size_t i = digits.size(); i > first + 3;) {
    i -= 3;
    digits.insert(i, ",");
  }
  return digits;
}

}  // namespace assay
