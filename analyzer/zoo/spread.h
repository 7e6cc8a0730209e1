// Percentiles and a histogram of numbers that are not kept.
#ifndef ASSAY_ANALYZER_ZOO_SPREAD_H_
#define ASSAY_ANALYZER_ZOO_SPREAD_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/container/btree_map.h"

namespace assay {

inline constexpr int kSteps = 120;    // of a Spread, per decade
inline constexpr int kMostBins = 20;  // of a histogram

// How numbers are spread: counts of steps of equal ratio, and of zeros. Below zero as above.
class Spread {
 public:
  void Add(double value) {
    ++count_;
    least_ = std::min(least_, value);
    most_ = std::max(most_, value);
    if (value > 0) ++above_[StepOf(value)];
    if (value < 0) ++below_[StepOf(-value)];
    if (value == 0) ++zeros_;
  }

  int64_t count() const { return count_; }

  // The value of which a share of all are no larger; within 1 %. NaN of none.
  double Percentile(double share) const {
    int64_t left = std::max<int64_t>(1, std::llround(std::ceil(share * count_ - 1e-9)));
    for (auto it = below_.rbegin(); it != below_.rend(); ++it) {
      if ((left -= it->second) <= 0) return Held(-MiddleOf(it->first));
    }
    if (zeros_ > 0 && (left -= zeros_) <= 0) return 0;
    for (const auto& [step, count] : above_) {
      if ((left -= count) <= 0) return Held(MiddleOf(step));
    }
    return std::numeric_limits<double>::quiet_NaN();
  }

  struct Bin {
    double from, to;
    int64_t count;
  };
  // Bins of equal ratio, from the smallest number above zero to the largest; before them one of
  // what is below zero and one of zeros, where there are any. Of whole numbers the ends are whole,
  // and bins without one are left out.
  std::vector<Bin> Bins(bool whole) const {
    std::vector<Bin> bins;
    int64_t negative = 0;
    for (const auto& [step, count] : below_) negative += count;
    if (negative > 0) bins.push_back({least_, 0, negative});
    if (zeros_ > 0) bins.push_back({0, 0, zeros_});
    if (above_.empty()) return bins;
    const int first = above_.begin()->first, last = above_.rbegin()->first;
    const int width = Width(first, last);
    auto at = above_.begin();
    for (int bin = Floor(first, width); bin <= Floor(last, width); ++bin) {
      double from = EdgeOf(bin * width), to = EdgeOf((bin + 1) * width);
      if (whole) from = std::ceil(from), to = std::ceil(to);
      int64_t count = 0;
      for (; at != above_.end() && at->first < (bin + 1) * width; ++at) count += at->second;
      if (from < to) bins.push_back({from, to, count});
    }
    return bins;
  }

 private:
  static int StepOf(double value) {
    // What is a power of ten but for rounding begins its decade.
    return static_cast<int>(std::floor(std::log10(value) * kSteps + 1e-9));
  }
  static double EdgeOf(int step) {
    using Limits = std::numeric_limits<double>;
    return std::clamp(std::pow(10, static_cast<double>(step) / kSteps), Limits::denorm_min(),
                      Limits::max());
  }
  // As far, as a share, from the one end as from the other: 0.96 % of either.
  static double MiddleOf(int step) {
    const double from = EdgeOf(step), to = EdgeOf(step + 1);
    return 2 * from / (1 + from / to);
  }
  double Held(double value) const { return std::clamp(value, least_, most_); }
  static int Floor(int a, int b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }
  // Steps of a bin: as few as make no more than kMostBins, and parts or multiples of a decade.
  static int Width(int first, int last) {
    int width = 1;
    for (int w : {1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 24, 30, 40, 60, 120}) {
      width = w;
      if (Floor(last, width) - Floor(first, width) < kMostBins) return width;
    }
    while (Floor(last, width) - Floor(first, width) >= kMostBins) width += kSteps;
    return width;
  }

  int64_t count_ = 0, zeros_ = 0;
  double least_ = std::numeric_limits<double>::infinity(), most_ = -least_;
  absl::btree_map<int, int64_t> above_, below_;  // by step of the number without its sign
};

}  // namespace assay

#endif  // ASSAY_ANALYZER_ZOO_SPREAD_H_
