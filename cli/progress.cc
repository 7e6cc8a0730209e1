#include "cli/progress.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analyzer/units.h"

namespace assay {
namespace {

constexpr double kBetweenLines = 10;  // seconds, in a log
constexpr int kBar = 24;

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string Left(double seconds) {
  if (!std::isfinite(seconds)) return "";
  const auto s = static_cast<int64_t>(std::ceil(seconds));
  if (s < 60) return absl::StrFormat("   %d s left", s);
  if (s < 3600) return absl::StrFormat("   %d min %02d s left", s / 60, s % 60);
  return absl::StrFormat("   %d h %02d min left", s / 3600, s / 60 % 60);
}

}  // namespace

std::string ProgressText(size_t done, size_t of, size_t failed, double seconds, int bar) {
  std::string text;
  if (bar > 0) {
    const auto full = static_cast<size_t>(bar) * done / std::max<size_t>(of, 1);
    text = absl::StrCat("[", std::string(full, '#'),
                        std::string(static_cast<size_t>(bar) - full, '.'), "]  ");
  }
  absl::StrAppend(&text, Exact(static_cast<int64_t>(done)), " of ",
                  Exact(static_cast<int64_t>(of)));
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  if (done > 0) absl::StrAppend(&text, "   ", Exact(std::llround(rate)), " /s");
  if (done > 0 && done < of) absl::StrAppend(&text, Left(static_cast<double>(of - done) / rate));
  if (failed > 0) absl::StrAppend(&text, "   ", Exact(static_cast<int64_t>(failed)), " failed");
  return text;
}

Progress::Progress(Io& io, bool quiet) : io_(io), quiet_(quiet), start_(Now()), said_(start_) {}

void Progress::Show(size_t done, size_t of, size_t failed) {
  if (quiet_) return;
  const double now = Now();
  const int width = io_.error_width();
  if (width > 0) {
    const std::string text =
        ProgressText(done, of, failed, now - start_, width >= 60 + kBar ? kBar : 0);
    io_.Err(absl::StrCat("\r\x1b[K", text.substr(0, static_cast<size_t>(width - 1))));
    drawn_ = true;
  } else if (now - said_ >= kBetweenLines) {
    said_ = now;
    io_.Err(absl::StrCat("assay: ", ProgressText(done, of, failed, now - start_, 0), "\n"));
  }
}

void Progress::End() {
  if (drawn_) io_.Err("\r\x1b[K");
  drawn_ = false;
}

}  // namespace assay
