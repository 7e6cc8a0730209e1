// Look-ups in a table whose rows have a `name`, and an `ending` of file names that mean the row.
#ifndef ASSAY_IR_ROWS_H_
#define ASSAY_IR_ROWS_H_

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace assay {

template <class Rows>
std::vector<absl::string_view> NamesOf(const Rows& rows) {
  std::vector<absl::string_view> names;
  for (const auto& row : rows) names.push_back(row.name);
  return names;
}

// Null when there is none.
template <class Rows>
auto FindRow(const Rows& rows, absl::string_view name) -> decltype(&rows[0]) {
  for (const auto& row : rows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

// By the ending of a file name; the first row when none fits.
template <class Rows>
auto RowForFile(const Rows& rows, absl::string_view path) -> decltype(rows[0]) {
  for (const auto& row : rows) {
    if (absl::EndsWithIgnoreCase(path, row.ending)) return row;
  }
  return rows[0];
}

}  // namespace assay

#endif  // ASSAY_IR_ROWS_H_
