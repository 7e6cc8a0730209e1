// The rows at the ends of an order, and those that no other beats, of very many that come by.
#ifndef ASSAY_ANALYZER_ZOO_FRONT_H_
#define ASSAY_ANALYZER_ZOO_FRONT_H_

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/string_view.h"
#include "analyzer/zoo/score_row.h"

namespace assay {

inline constexpr size_t kMostFront = 1000;  // rows of the front's list

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

// What no other beats in two merits. A staircase: where the first rises, the second falls.
class Front {
 public:
  void Add(double x, double y, const ScoreRow& row, size_t graph_column) {
    const auto behind = points_.upper_bound(x);
    if (behind != points_.begin()) {
      auto& [near_x, near] = *std::prev(behind);
      if (near_x == x && near.y == y) {
        const bool known = absl::c_any_of(near.rows, [&](const ScoreRow& other) {
          return other.values[graph_column] == row.values[graph_column];
        });
        if (!known) Hold(row, &near);
        return;
      }
      if (near.y <= y) return;
    }
    auto beaten = points_.lower_bound(x);
    while (beaten != points_.end() && beaten->second.y >= y) {
      held_ -= beaten->second.rows.size();
      beaten = points_.erase(beaten);
    }
    Hold(row, &points_.emplace_hint(beaten, x, Point{.y = y})->second);
  }

  // Rows that are not held, since there were too many.
  int64_t more() const {
    int64_t more = 0;
    for (const auto& [x, point] : points_) more += point.more;
    return more;
  }

  // From the best of the first merit to the best of the second.
  std::vector<const ScoreRow*> Rows() const {
    std::vector<const ScoreRow*> rows;
    for (const auto& [x, point] : points_) {
      for (const ScoreRow& row : point.rows) rows.push_back(&row);
    }
    return rows;
  }

 private:
  struct Point {
    double y;
    std::vector<ScoreRow> rows = {};
    int64_t more = 0;
  };
  void Hold(const ScoreRow& row, Point* point) {
    if (held_ == kMostFront) {
      ++point->more;
      return;
    }
    ++held_;
    point->rows.push_back(row);
  }

  std::map<double, Point> points_;
  size_t held_ = 0;  // rows
};

}  // namespace assay

#endif  // ASSAY_ANALYZER_ZOO_FRONT_H_
