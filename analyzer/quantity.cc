#include "analyzer/quantity.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "analyzer/units.h"

namespace assay {
namespace {

constexpr int kBar = 32;  // columns

}  // namespace

std::string Shown(double number, Quantity quantity) {
  if (std::isnan(number)) return "?";
  switch (quantity) {
    case Quantity::kText:
    case Quantity::kRatio:
      return Ratio(number);
    case Quantity::kCount:
      return Count(number);
    case Quantity::kExact:
      return std::fabs(number) < 9e18 ? Exact(std::llround(number)) : Count(number);
    case Quantity::kBytes:
      return Bytes(number);
    case Quantity::kBytesPerSecond:
      return absl::StrCat(Bytes(number), "/s");
    case Quantity::kSeconds:
      return Seconds(number);
    case Quantity::kJoules:
      return Joules(number);
    case Quantity::kWatts:
      return Watts(number);
    case Quantity::kHertz:
      return Hertz(number);
    case Quantity::kPerSecond:
    case Quantity::kOpsPerSecond:
      return PerSecond(number);
    case Quantity::kFactor:
      return absl::StrCat(Ratio(number), "x");
    case Quantity::kShare:
      return Percent(number);
    case Quantity::kPercent:
      return PercentDigits(number);
    case Quantity::kBar:
      return std::string(static_cast<size_t>(std::lround(kBar * std::clamp(number, 0.0, 1.0))),
                         '#');
    case Quantity::kId:
      return absl::StrCat("#", std::llround(number));
    case Quantity::kKernelId:
      return absl::StrCat("#k", std::llround(number));
    case Quantity::kIndex:
      return absl::StrCat(std::llround(number));
    case Quantity::kDollars:
      return absl::StrCat(Ratio(number), " USD");
  }
  return "?";
}

}  // namespace assay
