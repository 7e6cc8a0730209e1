#include "hw/units.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/charconv.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "ir/suggest.h"

namespace assay {
namespace {

constexpr UnitRow kRows[] = {
    {Unit::kCount, "number", "132"},
    {Unit::kRatio, "share", "87 %"},
    {Unit::kHertz, "frequency", "1.83 GHz"},
    {Unit::kBytes, "bytes", "50 MiB"},
    {Unit::kBytesPerSecond, "bytes per second", "3.35 TB/s"},
    {Unit::kBytesPerClock, "bytes per clock", "128 B/clock"},
    {Unit::kSeconds, "time", "2.2 us"},
    {Unit::kWatts, "power", "700 W"},
    {Unit::kOpsPerClock, "operations per clock", "4096 op/clock"},
    {Unit::kOpsPerSecond, "operations per second", "989 TFLOP/s"},
    {Unit::kOps, "operations", "2 MFLOP"},
    {Unit::kJoulesPerOp, "energy per operation", "0.5 pJ/op"},
    {Unit::kJoulesPerByte, "energy per byte", "4 pJ/B"},
    {Unit::kMetres, "length", "4 nm"},
    {Unit::kDollars, "price", "30000 USD"},
    {Unit::kBits, "bits", "256 bit"},
};

// A spelling: prefixes that may stand before the base, none meaning "" alone. FormatQuantity writes
// the first spelling of a unit.
struct Spelling {
  Unit unit;
  absl::string_view prefixes;  // one letter each; ' ' is no prefix, 'i' allows Ki Mi Gi Ti
  absl::string_view base;
  double factor;
};

constexpr Spelling kSpellings[] = {
    {Unit::kRatio, " ", "%", 0.01},
    {Unit::kHertz, " kMG", "Hz", 1},
    {Unit::kBytes, " ikMGT", "B", 1},
    {Unit::kBytesPerSecond, " kMGT", "B/s", 1},
    {Unit::kBytesPerSecond, "i", "B/s", 1},
    {Unit::kBytesPerClock, " ", "B/clock", 1},
    {Unit::kSeconds, " munp", "s", 1},
    {Unit::kWatts, " mk", "W", 1},
    {Unit::kOpsPerClock, " ", "op/clock", 1},
    {Unit::kOpsPerSecond, " kMGTP", "FLOP/s", 1},
    {Unit::kOpsPerSecond, " kMGTP", "OP/s", 1},
    {Unit::kOps, " kMGTP", "FLOP", 1},
    {Unit::kOps, " kMGTP", "OP", 1},
    {Unit::kJoulesPerOp, " munpf", "J/op", 1},
    {Unit::kJoulesPerByte, " munpf", "J/B", 1},
    {Unit::kMetres, " munp", "m", 1},
    {Unit::kDollars, " ", "USD", 1},
    {Unit::kBits, " ", "bit", 1},
};

struct Prefix {
  char letter;
  double factor;
};
constexpr Prefix kPrefixes[] = {{' ', 1},    {'k', 1e3},   {'M', 1e6},  {'G', 1e9},
                                {'T', 1e12}, {'P', 1e15},  {'m', 1e-3}, {'u', 1e-6},
                                {'n', 1e-9}, {'p', 1e-12}, {'f', 1e-15}};
constexpr Prefix kBinary[] = {{'K', 1024.0},
                              {'M', 1024.0 * 1024},
                              {'G', 1024.0 * 1024 * 1024},
                              {'T', 1024.0 * 1024 * 1024 * 1024}};

// A way of writing a unit, prefix and all, and what it is worth in base units.
struct Written {
  std::string text;
  Unit unit;
  double factor;
};

const std::vector<Written>& AllWritten() {
  static const std::vector<Written>* const all = [] {
    auto* list = new std::vector<Written>;
    for (const Spelling& spelling : kSpellings) {
      for (char letter : spelling.prefixes) {
        if (letter == 'i') {
          for (const Prefix& p : kBinary) {
            list->push_back({absl::StrCat(std::string(1, p.letter), "i", spelling.base),
                             spelling.unit, p.factor * spelling.factor});
          }
          continue;
        }
        for (const Prefix& p : kPrefixes) {
          if (p.letter != letter) continue;
          std::string prefix = letter == ' ' ? "" : std::string(1, letter);
          list->push_back(
              {absl::StrCat(prefix, spelling.base), spelling.unit, p.factor * spelling.factor});
        }
      }
    }
    return list;
  }();
  return *all;
}

absl::Status Wrong(absl::string_view text, absl::string_view problem, Unit unit) {
  const UnitRow& row = RowOf(unit);
  return absl::InvalidArgumentError(
      absl::StrCat("`", text, "` ", problem, "; write ", row.what, " like `", row.example, "`"));
}

double Rounded(double value, int digits) {
  char text[40];
  std::snprintf(text, sizeof text, "%.*g", digits, value);
  return std::strtod(text, nullptr);
}

// The shortest decimal text of a double.
std::string Shortest(double value) {
  char text[40];
  if (value == std::floor(value) && std::abs(value) < 1e15) {
    std::snprintf(text, sizeof text, "%.0f", value);
    return text;
  }
  // As many digits as the shortest text has, laid out as %g does.
  char* const end =
      std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  const char* exponent = std::find(text, end, 'e');
  auto digits = static_cast<int>(std::count_if<const char*>(text, exponent, absl::ascii_isdigit));
  for (; digits <= 17; ++digits) {
    std::snprintf(text, sizeof text, "%.*g", digits, value);
    if (std::strtod(text, nullptr) == value) break;
  }
  return text;
}

}  // namespace

const UnitRow& RowOf(Unit unit) { return kRows[static_cast<size_t>(unit)]; }

absl::StatusOr<double> ParseQuantity(absl::string_view text, Unit unit) {
  size_t space = text.find(' ');
  absl::string_view number = text.substr(0, space);
  if (number.empty() || !(absl::ascii_isdigit(number[0]) || number[0] == '-' || number[0] == '.' ||
                          number[0] == '+')) {
    return Wrong(text, "is not a number", unit);
  }
  if (absl::StrContains(number, 'x') || absl::StrContains(number, 'X')) {  // from_chars takes 0x10
    return Wrong(text, "is not a decimal number", unit);
  }
  double value = 0;
  absl::from_chars_result parsed =
      absl::from_chars(number.data(), number.data() + number.size(), value);
  const char* end = number.data() + number.size();
  if (parsed.ec == std::errc::result_out_of_range) return Wrong(text, "is out of range", unit);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    if (parsed.ec == std::errc() && absl::ascii_isalpha(*parsed.ptr)) {
      return Wrong(text, "needs one space between number and unit", unit);
    }
    return Wrong(text, "is not a number", unit);
  }
  if (value < 0) return Wrong(text, "is negative", unit);
  if (unit == Unit::kCount) {
    if (space != absl::string_view::npos) return Wrong(text, "has a unit where none belongs", unit);
    return value;
  }
  if (space == absl::string_view::npos) return Wrong(text, "lacks its unit", unit);
  absl::string_view suffix = text.substr(space + 1);
  const Written* elsewhere = nullptr;
  std::vector<absl::string_view> names;
  for (const Written& written : AllWritten()) {
    if (written.unit == unit) {
      if (written.text == suffix) {
        // Dividing by a power of ten rounds once where multiplying by its inverse rounds twice.
        double inverse = std::round(1 / written.factor);
        double result =
            written.factor < 1 && inverse <= 1e15 ? value / inverse : value * written.factor;
        if (!std::isfinite(result)) return Wrong(text, "is out of range", unit);
        return result;
      }
      names.push_back(written.text);
    } else if (written.text == suffix) {
      elsewhere = &written;
    }
  }
  if (elsewhere != nullptr) {
    return Wrong(text, absl::StrCat("is ", RowOf(elsewhere->unit).what, ", not ", RowOf(unit).what),
                 unit);
  }
  // Case matters in prefixes and nearly all slips are of case: "gb/s".
  return Wrong(text, absl::StrCat("has an unknown unit `", suffix, "`", DidYouMean(suffix, names)),
               unit);
}

std::string FormatQuantity(double value, Unit unit) {
  if (unit == Unit::kCount) return Shortest(value);
  std::string best;
  for (const Spelling& spelling : kSpellings) {
    if (spelling.unit != unit) continue;
    for (const Written& written : AllWritten()) {
      if (written.unit != unit || !absl::EndsWith(written.text, spelling.base)) continue;
      double inverse = std::round(1 / written.factor);
      double scaled =
          written.factor < 1 && inverse <= 1e15 ? value * inverse : value / written.factor;
      // Scaling back and forth may cost the last bit: the fewest digits that read as the value.
      std::string text = absl::StrCat(Shortest(scaled), " ", written.text);
      absl::StatusOr<double> back = ParseQuantity(text, unit);
      for (int digits = 3; digits < 16; ++digits) {
        std::string fewer = absl::StrCat(Shortest(Rounded(scaled, digits)), " ", written.text);
        if (fewer.size() >= text.size() && back.ok() && *back == value) break;
        absl::StatusOr<double> read = ParseQuantity(fewer, unit);
        if (!read.ok() || *read != value) continue;
        text = std::move(fewer);
        back = read;
        break;
      }
      if (!back.ok() || *back != value) continue;
      // No exponent; then 1 to 1000 before the point; then the shorter.
      auto cost = [](absl::string_view t) {
        double v = std::strtod(std::string(t).c_str(), nullptr);
        return t.size() + (absl::StrContains(t, 'e') ? 100 : 0) +
               (v != 0 && (v < 1 || v >= 1000) ? 20 : 0);
      };
      if (best.empty() || cost(text) < cost(best)) best = text;
    }
    break;  // the first spelling serves
  }
  if (!best.empty()) return best;
  // A value that no prefix gives back exactly: the base unit with all digits.
  for (const Spelling& spelling : kSpellings) {
    if (spelling.unit == unit) {
      return absl::StrCat(Shortest(value / spelling.factor), " ", spelling.base);
    }
  }
  return Shortest(value);
}

}  // namespace assay
