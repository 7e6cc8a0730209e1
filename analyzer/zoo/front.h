// The rows at the ends of an order, and those that no other beats, of very many that come by.
#ifndef ASSAY_ANALYZER_ZOO_FRONT_H_
#define ASSAY_ANALYZER_ZOO_FRONT_H_

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/string_view.h"
#include "analyzer/zoo/score_row.h"

namespace assay {

inline constexpr size_t kMostFront = 1000;  // points of the front's list

// The first of all rows in an order, or the last; equal ones stay in the order in which they come.
class RowList {
 public:
  RowList(size_t most, bool last) : most_(most), last_(last) {}

  void Add(double merit, int64_t index, const ScoreRow& row) {
    const auto outer = [this](const Entry& a, const Entry& b) {
      return last_ ? b.key() < a.key() : a.key() < b.key();
    };
    if (entries_.size() == most_) {
      if (most_ == 0) return;
      const auto next = entries_.front().key(), key = std::pair(merit, index);
      if (last_ ? key < next : next < key) return;
      absl::c_pop_heap(entries_, outer);
      entries_.pop_back();
    }
    entries_.push_back({merit, index, row});
    absl::c_push_heap(entries_, outer);
  }

  // In order; no more is added then.
  std::vector<const ScoreRow*> Rows() {
    absl::c_sort(entries_, [](const Entry& a, const Entry& b) { return a.key() < b.key(); });
    std::vector<const ScoreRow*> rows;
    for (const Entry& entry : entries_) rows.push_back(&entry.row);
    return rows;
  }

 private:
  struct Entry {
    double merit;
    int64_t index;
    ScoreRow row;
    std::pair<double, int64_t> key() const { return {merit, index}; }
  };
  size_t most_;
  bool last_;
  std::vector<Entry> entries_;  // a heap, the one to go next in front
};

// What no other beats in two merits. A staircase: where the first rises, the second falls. Of
// points that are equal in both the first is kept, and how many come after it.
class Front {
 public:
  struct Point {
    double y;
    std::optional<ScoreRow> row;  // none where kMostFront are held
    int64_t equal = 0;            // more of them
  };

  void Add(double x, double y, const ScoreRow& row) {
    const auto behind = points_.upper_bound(x);
    if (behind != points_.begin()) {
      auto& [near_x, near] = *std::prev(behind);
      near.equal += near_x == x && near.y == y;
      if (near.y <= y) return;
    }
    auto beaten = points_.lower_bound(x);
    while (beaten != points_.end() && beaten->second.y >= y) {
      held_ -= beaten->second.row.has_value();
      beaten = points_.erase(beaten);
    }
    Point& point = points_.emplace_hint(beaten, x, Point{.y = y})->second;
    if (held_ == kMostFront) return;
    ++held_;
    point.row = row;
  }

  // Points whose rows are not held.
  int64_t more() const { return static_cast<int64_t>(points_.size() - held_); }

  // Those that are, from the best of the first merit to the best of the second.
  std::vector<const Point*> Points() const {
    std::vector<const Point*> points;
    for (const auto& [x, point] : points_) {
      if (point.row.has_value()) points.push_back(&point);
    }
    return points;
  }

 private:
  std::map<double, Point> points_;
  size_t held_ = 0;
};

}  // namespace assay

#endif  // ASSAY_ANALYZER_ZOO_FRONT_H_
