#include "analyzer/sweep_range.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace assay {
namespace {

absl::Status Bad(absl::string_view text, absl::string_view what, StepKind kind) {
  return absl::InvalidArgumentError(absl::StrCat(
      "`", text, "` ", what, "; write ",
      kind == StepKind::kWhole ? "1..256, 1..10:3, 1..100*10 or 1,2,8" : "0.5x..4x or 1x,2x,3x"));
}

absl::Status ReadNumber(absl::string_view text, absl::string_view whole, StepKind kind,
                        double* out) {
  if (kind == StepKind::kFactor) absl::ConsumeSuffix(&text, "x");
  if (!absl::SimpleAtod(text, out) || !std::isfinite(*out)) {
    return Bad(whole, absl::StrCat("has no number at `", text, "`"), kind);
  }
  if (kind == StepKind::kFactor && (*out < 1e-6 || *out > 1e6)) {
    return Bad(whole, "has a factor outside of 0.000001 to 1000000", kind);
  }
  if (kind == StepKind::kWhole && (*out < 0 || *out > 9e15 || *out != std::floor(*out))) {
    return Bad(whole, absl::StrCat("has `", text, "`, which is no whole number"), kind);
  }
  return absl::OkStatus();
}

// "1..256", "1..10:3", "1..100*10" or a number.
absl::Status AddPart(absl::string_view part, absl::string_view whole, StepKind kind,
                     std::vector<double>* out) {
  const size_t dots = part.find("..");
  double from = 0;
  if (dots == absl::string_view::npos) {
    absl::Status s = ReadNumber(part, whole, kind, &from);
    out->push_back(from);
    return s;
  }
  absl::Status s = ReadNumber(part.substr(0, dots), whole, kind, &from);
  if (!s.ok()) return s;
  absl::string_view rest = part.substr(dots + 2);
  double step = 0, factor = 2, to = 0;
  if (const size_t at = rest.find_first_of(":*"); at != absl::string_view::npos) {
    absl::string_view by = rest.substr(at + 1);
    if (kind == StepKind::kFactor) absl::ConsumeSuffix(&by, "x");
    double n = 0;
    if (!absl::SimpleAtod(by, &n) || !std::isfinite(n)) {
      return Bad(whole, absl::StrCat("has no number at `", by, "`"), kind);
    }
    if (rest[at] == ':') {
      if (!(n > 0) || (kind == StepKind::kWhole && n != std::floor(n))) {
        return Bad(whole, "needs steps above 0", kind);
      }
      step = n;
    } else {
      if (!(n > 1)) return Bad(whole, "needs a factor above 1", kind);
      factor = n;
    }
    rest = rest.substr(0, at);
  }
  if (s = ReadNumber(rest, whole, kind, &to); !s.ok()) return s;
  if (to < from) return Bad(whole, "goes down; write the smaller end first", kind);
  if (step == 0 && from == 0) {
    out->push_back(0);
    from = 1;
  }
  // (The last step is not lost to rounding.)
  const double end = kind == StepKind::kWhole ? to : to * (1 + 1e-12);
  for (int64_t i = 0;; ++i) {
    double value = step > 0 ? from + static_cast<double>(i) * step
                            : from * std::pow(factor, static_cast<double>(i));
    if (kind == StepKind::kWhole) value = std::round(value);
    if (value > end) break;
    out->push_back(value);
    if (out->size() > kMostSweepPoints) {
      return Bad(whole,
                 absl::StrCat("has more than ", kMostSweepPoints, " values; take larger steps"),
                 kind);
    }
  }
  if (step == 0 && (out->empty() || out->back() < to / (1 + 1e-12))) out->push_back(to);
  return absl::OkStatus();
}

}  // namespace

bool IsRange(absl::string_view text) {
  return text.find("..") != absl::string_view::npos || text.find(',') != absl::string_view::npos;
}

absl::StatusOr<std::vector<double>> ParseSteps(absl::string_view text, StepKind kind) {
  std::vector<double> out;
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    if (absl::Status s = AddPart(absl::StripAsciiWhitespace(part), text, kind, &out); !s.ok()) {
      return s;
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace assay
