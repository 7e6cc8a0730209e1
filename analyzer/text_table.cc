#include "analyzer/text_table.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "analyzer/utf8.h"

namespace assay {
namespace {

constexpr int kGap = 2;         // columns between columns
constexpr int kNarrowest = 12;  // a flexible column keeps this much

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

std::string Paint(const TextStyle& style, Ink ink, absl::string_view text) {
  if (!style.color || ink == Ink::kPlain || text.empty()) return std::string(text);
  absl::string_view code = ink == Ink::kHeading ? "1" : ink == Ink::kFaint ? "2" : "33";
  return absl::StrCat("\x1b[", code, "m", text, "\x1b[0m");
}

int DisplayWidth(absl::string_view text) {
  return static_cast<int>(
      std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); }));
}

std::string Shorten(absl::string_view text, int width) {
  int have = DisplayWidth(text);
  if (have <= width) return std::string(text);
  if (width < 4) return std::string(static_cast<size_t>(std::max(width, 0)), '.');
  int tail = (width - 3) / 2;
  int head = width - 3 - tail;
  size_t begin = 0, end = text.size();
  for (int i = 0; i < head; ++i) {
    do ++begin;
    while (begin < text.size() && IsContinuation(text[begin]));
  }
  for (int i = 0; i < tail; ++i) {
    do --end;
    while (end > 0 && IsContinuation(text[end]));
  }
  return absl::StrCat(text.substr(0, begin), "...", text.substr(end));
}

std::string Printable(absl::string_view text) {
  std::string out;
  while (!text.empty()) {
    int length = Utf8Length(text);
    unsigned char c = static_cast<unsigned char>(text[0]);
    // C1 controls (0xC2 0x80-0x9F) are commands to some terminals.
    bool control = c < 0x20 || c == 0x7F ||
                   (length == 2 && c == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0);
    if (length == 0 || control) {
      size_t bytes = length == 0 ? 1 : static_cast<size_t>(length);
      for (char b : text.substr(0, bytes)) {
        absl::StrAppendFormat(&out, "\\x%02x", static_cast<unsigned char>(b));
      }
      text.remove_prefix(bytes);
    } else {
      absl::StrAppend(&out, text.substr(0, static_cast<size_t>(length)));
      text.remove_prefix(static_cast<size_t>(length));
    }
  }
  return out;
}

std::string Wrap(absl::string_view text, int width, int indent) {
  std::string out;
  int column = 0;
  while (!text.empty()) {
    size_t space = text.find(' ');
    absl::string_view word = text.substr(0, space);
    text.remove_prefix(space == absl::string_view::npos ? text.size() : space + 1);
    if (word.empty()) continue;
    int w = DisplayWidth(word);
    if (column > 0 && column + 1 + w > width) {
      absl::StrAppend(&out, "\n", std::string(static_cast<size_t>(indent), ' '));
      column = indent;
    } else if (column > 0) {
      out += ' ';
      ++column;
    }
    absl::StrAppend(&out, word);
    column += w;
  }
  return out;
}

TextTable::TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

void TextTable::Add(std::vector<std::string> cells, Ink ink) {
  cells.resize(columns_.size());
  rows_.push_back({std::move(cells), ink});
}

void TextTable::Print(const TextStyle& style, int indent, std::string* out) const {
  const size_t n = columns_.size();
  std::vector<int> widths(n);
  std::vector<char> used(n, 0);
  bool titled = false;
  for (size_t c = 0; c < n; ++c) {
    for (const Row& row : rows_) {
      widths[c] = std::max(widths[c], DisplayWidth(row.cells[c]));
      if (!row.cells[c].empty()) used[c] = 1;
    }
    widths[c] = std::max(widths[c], DisplayWidth(columns_[c].title));
    if (used[c] && !columns_[c].title.empty()) titled = true;
  }
  int total = indent;
  for (size_t c = 0; c < n; ++c) total += used[c] ? widths[c] + kGap : 0;
  total -= kGap;
  while (total > style.width) {
    size_t widest = n;
    for (size_t c = 0; c < n; ++c) {
      if (!used[c] || !columns_[c].flexible || widths[c] <= kNarrowest) continue;
      if (widest == n || widths[c] > widths[widest]) widest = c;
    }
    if (widest == n) break;
    --widths[widest];
    --total;
  }
  // What still does not fit a narrow terminal goes onto further lines of its row, a little further
  // in. A line that nothing wraps stays one, for what reads lines.
  const bool folds = style.width < TextStyle().width;
  std::vector<char> breaks(n, 0);
  int column = indent;
  for (size_t c = 0; c < n; ++c) {
    if (!used[c]) continue;
    if (folds && column > indent && column + widths[c] > style.width) {
      breaks[c] = 1;
      column = indent + kGap;
    }
    column += widths[c] + kGap;
  }
  auto print_row = [&](auto cell, Ink ink) {
    std::string line(static_cast<size_t>(indent), ' ');
    int owed = 0;  // blanks that only count when something follows
    for (size_t c = 0; c < n; ++c) {
      if (!used[c]) continue;
      if (breaks[c]) {
        if (line.find_first_not_of(' ') != std::string::npos) {
          absl::StrAppend(out, Paint(style, ink, line), "\n");
        }
        line.assign(static_cast<size_t>(indent) + kGap, ' ');
        owed = 0;
      }
      std::string text = Shorten(cell(c), widths[c]);
      int blank = widths[c] - DisplayWidth(text);
      bool right = columns_[c].align == Align::kRight;
      if (right) owed += blank;
      if (!text.empty()) {
        line.append(static_cast<size_t>(owed), ' ');
        line += text;
        owed = 0;
      }
      owed += (right ? 0 : blank) + kGap;
    }
    const bool empty = line.find_first_not_of(' ') == std::string::npos;
    if (!empty || std::find(breaks.begin(), breaks.end(), 1) == breaks.end()) {
      absl::StrAppend(out, Paint(style, ink, line), "\n");
    }
  };
  if (titled) print_row([&](size_t c) { return columns_[c].title; }, Ink::kHeading);
  for (const Row& row : rows_) print_row([&](size_t c) { return row.cells[c]; }, row.ink);
}

void FactList::Add(std::string name, std::string text, Ink ink) {
  facts_.push_back({std::move(name), std::move(text), ink});
}

void FactList::Print(const TextStyle& style, int indent, std::string* out) const {
  int names = 0;
  for (const Fact& fact : facts_) names = std::max(names, DisplayWidth(fact.name));
  int column = indent + names + kGap;
  // Where names leave no room beside them, what is said stands below.
  const bool below = style.width - column < kNarrowest;
  if (below) column = indent + 2 * kGap;
  for (const Fact& fact : facts_) {
    std::string line(static_cast<size_t>(indent), ' ');
    absl::StrAppend(&line, fact.name);
    if (below) {
      absl::StrAppend(
          &line, fact.name.empty() ? "" : "\n",
          std::string(static_cast<size_t>(fact.name.empty() ? column - indent : column), ' '));
    } else {
      line.append(static_cast<size_t>(column - indent - DisplayWidth(fact.name)), ' ');
    }
    std::string text = Wrap(fact.text, std::max(style.width - column, kNarrowest), 0);
    absl::StrReplaceAll({{"\n", absl::StrCat("\n", std::string(column, ' '))}}, &text);
    absl::StrAppend(out, Paint(style, fact.ink, absl::StrCat(line, text)), "\n");
  }
}

}  // namespace assay
