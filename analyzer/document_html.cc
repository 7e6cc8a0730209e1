// A document as a page for a browser and for paper: one file, which fetches nothing.
//
//   <main>
//     <section id="d1"> <h1>title</h1> <p class="sub">...
//       facts: a list; where all are numbers, tiles
//       tables: sorted by a click on a column's head, long ones with a field to filter by
//       charts: SVG with tooltips
//   <nav> contents: of several documents their titles, of one its parts
//
// Documents are written as they come, so the list of contents stands at the end of the file; the
// style shows it on top. Cells hold what a person reads, and in data-v the number to sort by. Text
// of models is hostile: all of it goes through EscapeMarkup.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "analyzer/chart.h"
#include "analyzer/document.h"
#include "analyzer/html_page.h"
#include "analyzer/text_table.h"

namespace assay {
namespace {

constexpr int kWide = 1120, kHigh = 400;  // of a chart
constexpr int kBarHigh = 24;              // of a lying bar
constexpr size_t kLongTable = 50;         // rows that paper shows of a table
constexpr size_t kLongText = 60;          // bytes of a cell that has to be wide to stay low

std::string Text(absl::string_view text) { return EscapeMarkup(Printable(text)); }

absl::string_view InkClass(Ink ink) {
  switch (ink) {
    case Ink::kPlain:
      return "";
    case Ink::kHeading:
      return "heading";
    case Ink::kFaint:
      return "faint";
    case Ink::kWarning:
      return "warning";
  }
  return "";
}

std::string Class(absl::string_view names) {
  return names.empty() ? "" : absl::StrCat(" class=\"", names, "\"");
}

// Of a detail that has the same text in all of several rows; else empty.
std::string SameText(const Table& table, size_t column) {
  if (!table.columns[column].detail || table.rows.size() < 2) return "";
  const std::string* first = nullptr;
  for (const TableRow& row : table.rows) {
    const std::string* text = column < row.cells.size() ? row.cells[column].text() : nullptr;
    if (text == nullptr || (first != nullptr && *text != *first)) return "";
    first = text;
  }
  return *first;
}

class HtmlPrinter : public DocumentPrinter {
 public:
  explicit HtmlPrinter(std::string* out) : out_(*out) {}

  void Add(const Document& document) override;
  void End() override;

 private:
  struct Entry {
    std::string id, title;
  };

  void Head(absl::string_view title);
  // A part's heading, as an entry of the contents too.
  void Heading(absl::string_view title);
  void Print(const Facts& facts);
  void Print(const Table& table);
  void Print(const Notes& notes);
  void Print(const Chart& chart);
  void Row(const Table& table, const std::vector<size_t>& columns, const TableRow& row);

  std::string& out_;
  size_t documents_ = 0, parts_ = 0;
  std::vector<Entry> sections_;  // documents
  std::vector<Entry> headings_;  // parts of the first document
};

void HtmlPrinter::Head(absl::string_view title) {
  absl::StrAppend(&out_,
                  "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                  "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<link rel=\"icon\" href=\"data:,\">\n<title>",
                  title.empty() ? "assay" : Text(absl::StrCat(title, " - assay")),
                  "</title>\n<style>", kHtmlStyle, "</style>\n</head>\n<body>\n<main>\n");
}

void HtmlPrinter::Heading(absl::string_view title) {
  ++parts_;
  if (title.empty()) return;
  const std::string id = absl::StrCat("d", documents_, "-", parts_);
  absl::StrAppend(&out_, "<h2 id=\"", id, "\">", Text(title), "</h2>\n");
  // "kernels on h100-sxm (132 SMs), fusion greedy": what stands behind is for the heading alone.
  if (documents_ == 1)
    headings_.push_back({id, std::string(title.substr(0, title.find_first_of(":(,")))});
}

void HtmlPrinter::Print(const Facts& facts) {
  std::vector<const Figure*> shown;
  bool numbers = true;
  for (const Figure& f : facts.figures) {
    if (f.title.empty() || (Shown(f.value, f.quantity).empty() && f.remark.empty())) continue;
    shown.push_back(&f);
    numbers &= f.value.number() != nullptr;
  }
  if (shown.empty()) return;
  Heading(facts.title);
  const bool tiles = numbers && shown.size() > 1;
  out_ += tiles ? "<ul class=\"tiles\">\n" : "<dl class=\"facts\">\n";
  for (const Figure* f : shown) {
    const std::string value = Text(Shown(f->value, f->quantity));
    const std::string remark =
        f->remark.empty() ? ""
                          : absl::StrCat("<span class=\"remark\">", Text(f->remark), "</span>");
    if (tiles) {
      absl::StrAppend(&out_, "<li", Class(InkClass(f->ink)), "><span class=\"name\">",
                      Text(f->title), "</span> <span class=\"value\">", value, "</span> ", remark,
                      "</li>\n");
    } else {
      absl::StrAppend(&out_, "<dt>", Text(f->title), "</dt><dd", Class(InkClass(f->ink)), ">",
                      value, remark, "</dd>\n");
    }
  }
  out_ += tiles ? "</ul>\n" : "</dl>\n";
}

void HtmlPrinter::Row(const Table& table, const std::vector<size_t>& columns, const TableRow& row) {
  absl::StrAppend(&out_, "<tr", Class(InkClass(row.ink)), ">");
  for (size_t c : columns) {
    const Quantity quantity = table.columns[c].quantity;
    const Cell cell = c < row.cells.size() ? row.cells[c] : Cell();
    std::string classes = OnTheRight(quantity) ? "n" : table.columns[c].whole ? "whole" : "";
    if (c == columns[0] && row.level > 0) {
      absl::StrAppend(&classes, classes.empty() ? "" : " ", "l", std::min(row.level, 6));
    }
    std::string sort_by, text = Text(Shown(cell, quantity));
    if (classes.empty() && text.size() > kLongText) classes = "long";
    if (const double* number = cell.number()) {
      if (!std::isfinite(*number)) {
        sort_by = " data-v=\"\"";
      } else {
        sort_by = absl::StrFormat(" data-v=\"%.9g\"", *number);
        if (quantity == Quantity::kBar) {
          classes = "track";
          text = absl::StrFormat("<span class=\"bar\" style=\"width:%.1f%%\"></span>",
                                 100 * std::min(std::max(*number, 0.0), 1.0));
        }
      }
    }
    absl::StrAppend(&out_, "<td", Class(classes), sort_by, ">", text, "</td>");
  }
  out_ += "</tr>\n";
}

void HtmlPrinter::Print(const Table& table) {
  if (table.rows.empty()) return;
  Heading(table.title);
  // Details that are the same in every row are said once.
  std::vector<size_t> columns;
  std::vector<std::string> same;
  for (size_t c : ShownColumns(table, /*details=*/true)) {
    const std::string text = SameText(table, c);
    if (text.empty()) {
      columns.push_back(c);
    } else {
      same.push_back(absl::StrCat(HeadingOf(table.columns[c]), " ", text));
    }
  }
  if (!same.empty()) {
    absl::StrAppend(&out_, "<p class=\"sub\">all rows: ", Text(absl::StrJoin(same, ", ")),
                    "</p>\n");
  }
  const bool is_long = table.rows.size() > kLongTable;
  absl::StrAppend(&out_, "<div class=\"wide\"", table.rows.size() > 12 ? " tabindex=\"0\"" : "",
                  "><table", is_long ? " class=\"long\"" : "", " data-title=\"", Text(table.title),
                  "\">\n<thead><tr>");
  for (size_t i : columns) {
    const Column& c = table.columns[i];
    const bool right = OnTheRight(c.quantity);
    absl::StrAppend(&out_, "<th scope=\"col\"", right ? " class=\"n\"" : "", ">",
                    Text(HeadingOf(c)), "</th>");
  }
  out_ += "</tr></thead>\n<tbody>\n";
  // Totals at the end stay there when the rest is sorted.
  size_t body = table.rows.size();
  while (body > 1 && table.rows[body - 1].ink == Ink::kHeading) --body;
  for (size_t i = 0; i < body; ++i) Row(table, columns, table.rows[i]);
  out_ += "</tbody>\n";
  if (body < table.rows.size()) {
    out_ += "<tfoot>\n";
    for (size_t i = body; i < table.rows.size(); ++i) Row(table, columns, table.rows[i]);
    out_ += "</tfoot>\n";
  }
  out_ += "</table>";
  if (is_long) {
    absl::StrAppend(&out_, "<p class=\"cut\">The first ", kLongTable, " of ", table.rows.size(),
                    " rows; the page on a screen has all.</p>");
  }
  out_ += "</div>\n";
}

void HtmlPrinter::Print(const Notes& notes) {
  if (notes.notes.empty()) return;
  Heading(notes.title);
  out_ += "<ul class=\"notes\">\n";
  for (const std::string& note : notes.notes) absl::StrAppend(&out_, "<li>", Text(note), "</li>\n");
  out_ += "</ul>\n";
}

void HtmlPrinter::Print(const Chart& chart) {
  bool any = false;
  for (const Series& s : chart.series) any |= !s.points.empty();
  if (!any) return;
  Heading(chart.title);
  const int bars = static_cast<int>(chart.y.names.size());
  const int height = bars > 0 ? 60 + kBarHigh * bars : kHigh;
  absl::StrAppend(&out_, "<figure>\n", DrawSvg(chart, kWide, height, /*in_page=*/true),
                  "</figure>\n");
}

void HtmlPrinter::Add(const Document& document) {
  if (documents_ == 0) Head(document.title);
  ++documents_;
  parts_ = 0;
  const std::string id = absl::StrCat("d", documents_);
  sections_.push_back(
      {id, document.title.empty() ? absl::StrCat("result ", documents_) : document.title});
  absl::StrAppend(&out_, "<section id=\"", id, "\">\n<h1>", Text(sections_.back().title),
                  "</h1>\n");
  if (!document.subtitle.empty()) {
    absl::StrAppend(&out_, "<p class=\"sub\">", Text(document.subtitle), "</p>\n");
  }
  for (const Block& block : document.blocks) {
    std::visit([&](const auto& b) { Print(b); }, block);
  }
  out_ += "</section>\n";
}

void HtmlPrinter::End() {
  if (documents_ == 0) return;
  out_ += "</main>\n<nav aria-label=\"contents\"><ul>\n";
  for (const Entry& entry : documents_ > 1 ? sections_ : headings_) {
    absl::StrAppend(&out_, "<li><a href=\"#", entry.id, "\">", Text(entry.title), "</a></li>\n");
  }
  absl::StrAppend(&out_, "</ul></nav>\n<script>", kHtmlScript, "</script>\n</body>\n</html>\n");
}

}  // namespace

std::unique_ptr<DocumentPrinter> MakeHtmlPrinter(const TextStyle&, std::string* out) {
  return std::make_unique<HtmlPrinter>(out);
}

}  // namespace assay
