// A document for a terminal: the title, then block after block.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "analyzer/document.h"
#include "analyzer/text_table.h"

namespace assay {
namespace {

constexpr int kStackedName = 24;  // columns of a text beside stacked ones, at most
constexpr int kStackedNarrowest = 8;
constexpr int kStackedLeast = 30;  // columns for stacked texts beside the others

void Heading(absl::string_view title, const TextStyle& style, std::string* out) {
  if (title.empty()) return;
  // On a narrow terminal it wraps; else a line that nothing wraps stays one, for what reads lines.
  std::string line = Printable(title);
  if (style.width < TextStyle().width) line = Wrap(line, style.width, 2);
  absl::StrAppend(out, Paint(style, Ink::kHeading, line), "\n");
}

// Short cells in columns, the long ones below each other behind them:
//
//   macs  118,013,952  Cg*M*N*kH*kW*oH*oW
//                      = 3*64*1*7*7*112*112
void PrintStacked(const Table& table, const TextStyle& style, std::string* out) {
  const auto from = static_cast<size_t>(table.stacked_from);
  auto text = [&](const TableRow& row, size_t c) {
    std::string cell =
        c < row.cells.size() ? Printable(Shown(row.cells[c], table.columns[c].quantity)) : "";
    // Long names leave room for what stands beside them.
    const Column& column = table.columns[c];
    if (c < from && column.quantity == Quantity::kText && !column.whole) {
      cell = Shorten(cell, kStackedName);
    }
    if (c == 0) cell.insert(0, 2 * static_cast<size_t>(row.level), ' ');
    return cell;
  };
  const int indent = table.title.empty() ? 0 : 2;
  std::vector<int> widths(from);
  int column = indent;
  for (size_t c = 0; c < from; ++c) {
    if (table.columns[c].detail) continue;
    for (const TableRow& row : table.rows) {
      widths[c] = std::max(widths[c], DisplayWidth(text(row, c)));
    }
    if (widths[c] > 0) column += widths[c] + 2;
  }
  // Names give way to a narrow terminal, the widest first.
  while (column - 2 > style.width) {
    size_t widest = from;
    for (size_t c = 0; c < from; ++c) {
      if (table.columns[c].quantity != Quantity::kText || table.columns[c].whole) continue;
      if (widths[c] > (widest < from ? widths[widest] : kStackedNarrowest)) widest = c;
    }
    if (widest == from) break;
    --widths[widest];
    --column;
  }
  // Where the others leave no room, stacked texts begin on the next line.
  const bool below = style.width - column < kStackedLeast;
  if (below) column = indent + 4;
  Heading(table.title, style, out);
  for (const TableRow& row : table.rows) {
    std::string line(static_cast<size_t>(indent), ' ');
    for (size_t c = 0; c < from; ++c) {
      if (table.columns[c].detail || widths[c] == 0) continue;
      const std::string cell = Shorten(text(row, c), widths[c]);
      const std::string blanks(static_cast<size_t>(widths[c] - DisplayWidth(cell)), ' ');
      const bool left = table.columns[c].quantity == Quantity::kText;
      absl::StrAppend(&line, left ? cell : blanks, left ? blanks : cell, "  ");
    }
    std::string stack;
    for (size_t c = from; c < table.columns.size(); ++c) {
      const std::string cell = table.columns[c].detail ? "" : text(row, c);
      if (cell.empty()) continue;
      const std::string& title = table.columns[c].title;
      absl::StrAppend(&stack, stack.empty() ? "" : "\n",
                      Wrap(absl::StrCat(title, title.empty() ? "" : " ", cell),
                           style.width - column, static_cast<int>(title.size()) + 1));
    }
    if (below && !stack.empty()) {
      line.erase(line.find_last_not_of(' ') + 1);
      stack.insert(0, "\n");
    }
    absl::StrReplaceAll({{"\n", absl::StrCat("\n", std::string(column, ' '))}}, &stack);
    line += stack;
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(out, Paint(style, row.ink, line), "\n");
  }
}

class TextPrinter : public DocumentPrinter {
 public:
  TextPrinter(const TextStyle& style, std::string* out) : style_(style), out_(*out) {}

  void Add(const Document& document) override {
    if (!first_) out_ += "\n\n";
    first_ = false;
    // Where a block of its own title stands first, it needs no other.
    bool open = false;  // something stands above
    if (!document.title.empty()) {
      absl::StrAppend(&out_, Paint(style_, Ink::kHeading, Wrapped(document.title)), "\n");
      open = true;
    }
    if (!document.subtitle.empty()) {
      absl::StrAppend(&out_, Paint(style_, Ink::kFaint, Wrapped(document.subtitle)), "\n");
      open = true;
    }
    for (const Block& block : document.blocks) {
      std::string text;
      std::visit([&](const auto& b) { Print(b, &text); }, block);
      if (text.empty()) continue;
      absl::StrAppend(&out_, open ? "\n" : "", text);
      open = true;
    }
  }

 private:
  std::string Wrapped(absl::string_view text) const {
    return Wrap(Printable(text), style_.width, 0);
  }

  void Print(const Facts& facts, std::string* out) const { PrintText(facts, style_, out); }
  void Print(const Table& table, std::string* out) const { PrintText(table, style_, out); }
  void Print(const Notes& notes, std::string* out) const { PrintText(notes, style_, out); }
  void Print(const Chart&, std::string*) const {}

  TextStyle style_;
  std::string& out_;
  bool first_ = true;
};

}  // namespace

void PrintText(const Facts& facts, const TextStyle& style, std::string* out) {
  FactList list;
  bool any = false;
  for (const Figure& fact : facts.figures) {
    std::string text = Printable(Shown(fact.value, fact.quantity));
    if (!fact.remark.empty())
      absl::StrAppend(&text, text.empty() ? "" : " ", Printable(fact.remark));
    if (fact.title.empty() || text.empty()) continue;
    list.Add(fact.title, std::move(text), fact.ink);
    any = true;
  }
  if (!any) return;
  Heading(facts.title, style, out);
  list.Print(style, facts.title.empty() ? 0 : 2, out);
}

void PrintText(const Table& table, const TextStyle& style, std::string* out) {
  if (table.rows.empty()) return;
  if (table.stacked_from >= 0) return PrintStacked(table, style, out);
  std::vector<TextTable::Column> columns;
  for (const Column& c : table.columns) {
    if (c.detail) continue;
    const Align align = OnTheRight(c.quantity) ? Align::kRight : Align::kLeft;
    columns.push_back({c.title, align, c.quantity == Quantity::kText && !c.whole});
  }
  if (columns.empty()) return;
  TextTable text(std::move(columns));
  for (const TableRow& row : table.rows) {
    std::vector<std::string> cells;
    for (size_t c = 0; c < table.columns.size(); ++c) {
      if (table.columns[c].detail) continue;
      std::string cell =
          c < row.cells.size() ? Printable(Shown(row.cells[c], table.columns[c].quantity)) : "";
      if (cells.empty()) cell.insert(0, 2 * static_cast<size_t>(row.level), ' ');
      cells.push_back(std::move(cell));
    }
    text.Add(std::move(cells), row.ink);
  }
  Heading(table.title, style, out);
  text.Print(style, table.title.empty() ? 0 : 2, out);
}

void PrintText(const Notes& notes, const TextStyle& style, std::string* out) {
  if (notes.notes.empty()) return;
  Heading(notes.title, style, out);
  for (const std::string& note : notes.notes) {
    absl::StrAppend(out, "  - ", Wrap(Printable(note), style.width - 4, 4), "\n");
  }
}

std::unique_ptr<DocumentPrinter> MakeTextPrinter(const TextStyle& style, std::string* out) {
  return std::make_unique<TextPrinter>(style, out);
}

}  // namespace assay
