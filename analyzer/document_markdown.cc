// A document for issues, pull requests and wikis: GitHub's Markdown.
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "analyzer/document.h"
#include "analyzer/text_table.h"

namespace assay {
namespace {

// What would be markup in a cell or a line means itself.
std::string Escaped(absl::string_view text) {
  std::string out;
  for (char c : Printable(text)) {
    if (absl::string_view("\\`*_[]<>|#~&$").find(c) != absl::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

class MarkdownPrinter : public DocumentPrinter {
 public:
  explicit MarkdownPrinter(std::string* out) : out_(*out) {}

  void Add(const Document& document) override {
    if (!first_) out_ += "\n";
    first_ = false;
    bool open = false;
    if (!document.title.empty()) {
      absl::StrAppend(&out_, "## ", Escaped(document.title), "\n");
      open = true;
    }
    if (!document.subtitle.empty()) {
      absl::StrAppend(&out_, open ? "\n" : "", Escaped(document.subtitle), "\n");
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
  static void Heading(absl::string_view title, std::string* out) {
    if (!title.empty()) absl::StrAppend(out, "### ", Escaped(title), "\n\n");
  }

  static void Print(const Facts& facts, std::string* out) {
    std::string list;
    for (const Figure& fact : facts.figures) {
      const std::string text = Shown(fact.value, fact.quantity);
      if (fact.title.empty() || (text.empty() && fact.remark.empty())) continue;
      absl::StrAppend(&list, "- **", Escaped(fact.title), "**: ", Escaped(text),
                      text.empty() || fact.remark.empty() ? "" : "; ", Escaped(fact.remark), "\n");
    }
    if (list.empty()) return;
    Heading(facts.title, out);
    *out += list;
  }

  static void Print(const Table& table, std::string* out) {
    if (table.rows.empty()) return;
    std::vector<std::string> titles, rules;
    const std::vector<size_t> columns = ShownColumns(table, /*details=*/false);
    for (size_t i : columns) {
      const Column& c = table.columns[i];
      titles.push_back(Escaped(HeadingOf(c)));
      rules.push_back(OnTheRight(c.quantity) ? "---:" : "---");
    }
    if (titles.empty()) return;
    Heading(table.title, out);
    absl::StrAppend(out, "| ", absl::StrJoin(titles, " | "), " |\n| ", absl::StrJoin(rules, " | "),
                    " |\n");
    for (const TableRow& row : table.rows) {
      std::vector<std::string> cells;
      for (size_t c : columns) {
        Quantity quantity = table.columns[c].quantity;
        if (quantity == Quantity::kBar) quantity = Quantity::kShare;
        std::string cell = c < row.cells.size() ? Escaped(Shown(row.cells[c], quantity)) : "";
        if (cells.empty()) {
          std::string in;
          for (int i = 0; i < row.level; ++i) in += "&nbsp;&nbsp;";
          cell.insert(0, in);
        }
        if (row.ink == Ink::kHeading && !cell.empty()) cell = absl::StrCat("**", cell, "**");
        cells.push_back(std::move(cell));
      }
      absl::StrAppend(out, "| ", absl::StrJoin(cells, " | "), " |\n");
    }
  }

  static void Print(const Notes& notes, std::string* out) {
    if (notes.notes.empty()) return;
    Heading(notes.title, out);
    for (const std::string& note : notes.notes) absl::StrAppend(out, "- ", Escaped(note), "\n");
  }

  static void Print(const Chart&, std::string*) {}

  std::string& out_;
  bool first_ = true;
};

}  // namespace

std::unique_ptr<DocumentPrinter> MakeMarkdownPrinter(const TextStyle&, std::string* out) {
  return std::make_unique<MarkdownPrinter>(out);
}

}  // namespace assay
