#include "analyzer/document.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "analyzer/quantity.h"

namespace assay {

std::string Shown(const Cell& cell, Quantity quantity) {
  if (const std::string* text = cell.text()) return *text;
  if (const double* number = cell.number()) return Shown(*number, cell.quantity(quantity));
  if (const bool* yes = cell.yes()) return *yes ? "yes" : "no";
  return "";
}

std::vector<size_t> ShownColumns(const Table& table, bool details) {
  std::vector<size_t> shown;
  for (size_t c = 0; c < table.columns.size(); ++c) {
    if (table.columns[c].detail && !details) continue;
    const bool used = std::any_of(table.rows.begin(), table.rows.end(), [&](const TableRow& row) {
      if (c >= row.cells.size() || row.cells[c].empty()) return false;
      const std::string* text = row.cells[c].text();
      return text == nullptr || !text->empty();
    });
    if (used) shown.push_back(c);
  }
  return shown;
}

std::string HeadingOf(const Column& column) {
  return column.title.empty() ? absl::StrReplaceAll(column.key, {{"_", " "}}) : column.title;
}

}  // namespace assay
