#include "ir/suggest.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace assay {
namespace {

// Nobody mistypes longer names than this; it bounds the work on hostile ones.
constexpr size_t kMaxLength = 64;

// Optimal string alignment distance.
int Edits(absl::string_view a, absl::string_view b) {
  std::vector<int> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    now[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      bool same = absl::ascii_tolower(a[i - 1]) == absl::ascii_tolower(b[j - 1]);
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && absl::ascii_tolower(a[i - 1]) == absl::ascii_tolower(b[j - 2]) &&
          absl::ascii_tolower(a[i - 2]) == absl::ascii_tolower(b[j - 1])) {
        now[j] = std::min(now[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

}  // namespace

absl::string_view NearestName(absl::string_view name,
                              absl::Span<const absl::string_view> candidates) {
  if (name.empty() || name.size() > kMaxLength) return "";
  absl::string_view best;
  int best_edits = static_cast<int>(name.size() + 2) / 3 + 1;
  for (absl::string_view candidate : candidates) {
    if (candidate.size() > kMaxLength) continue;
    int edits = Edits(name, candidate);
    if (edits < best_edits) {
      best = candidate;
      best_edits = edits;
    }
  }
  if (!best.empty() || name.size() < 2) return best;
  for (absl::string_view candidate : candidates) {
    if (absl::StartsWithIgnoreCase(candidate, name)) return candidate;
  }
  return "";
}

std::string DidYouMean(absl::string_view name, absl::Span<const absl::string_view> candidates) {
  absl::string_view near = NearestName(name, candidates);
  return near.empty() ? "" : absl::StrCat(" (did you mean `", near, "`?)");
}

}  // namespace assay
