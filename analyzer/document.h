// A result as data: what `compare`, `sweep`, `fit`, `diff` and `explain` find out, and what a
// format of theirs shows. A command fills a Document and knows no format; a format prints any
// Document and knows no command, so that each command has every format.
//
//   Document d{.schema = "assay.compare/1", .title = "2 models on 3 targets"};
//   d.Add(Facts{.figures = {{"winner", "winner", "h100-sxm", Quantity::kText}}});
//   d.Add(Table{.key = "rows", .columns = {{"model", "model"}, {"latency_s", "latency",
//               Quantity::kSeconds}}, .rows = {{{"a.onnx", 0.002}}}});
//
// What each format makes of the blocks:
//
//             Facts               Table                          Notes           Chart
//   text      names and values    aligned columns                "  - ..."       left out
//   markdown  a list              a table                        a list          left out
//   html      a list              a table to sort and filter     a list          SVG, hover
//   json      fields              an array of objects by key     an array        left out
//   csv       left out            the first table alone          left out        left out
//
// Numbers are held in SI base units (s, B, J, W, 1/s; shares as 0..1): programs get them so, people
// with a prefix.
#ifndef ASSAY_ANALYZER_DOCUMENT_H_
#define ASSAY_ANALYZER_DOCUMENT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "analyzer/chart.h"
#include "analyzer/quantity.h"
#include "analyzer/text_table.h"

namespace assay {

// Nothing to say (empty; null in JSON), a text, a number (NaN: not known), yes or no.
class Cell {
 public:
  Cell() = default;
  Cell(std::string text) : value_(std::move(text)) {}            // NOLINT: a cell is a value
  Cell(absl::string_view text) : value_(std::string(text)) {}    // NOLINT
  Cell(const char* text) : value_(std::string(text)) {}          // NOLINT
  Cell(double number) : value_(number) {}                        // NOLINT
  Cell(int number) : value_(static_cast<double>(number)) {}      // NOLINT
  Cell(int64_t number) : value_(static_cast<double>(number)) {}  // NOLINT
  Cell(bool yes) : value_(yes) {}                                // NOLINT
  // Another quantity than the rest of its column: "allowed" of a latency, of a memory.
  static Cell Of(double number, Quantity quantity) {
    Cell cell(number);
    cell.own_ = quantity;
    return cell;
  }

  bool empty() const { return std::holds_alternative<std::monostate>(value_); }
  // Null when it is something else.
  const std::string* text() const { return std::get_if<std::string>(&value_); }
  const double* number() const { return std::get_if<double>(&value_); }
  const bool* yes() const { return std::get_if<bool>(&value_); }
  Quantity quantity(Quantity of_column) const { return own_.value_or(of_column); }

 private:
  std::variant<std::monostate, std::string, double, bool> value_;
  std::optional<Quantity> own_;
};

// For people: "2.130 ms", "yes", "?" for what is not known.
std::string Shown(const Cell& cell, Quantity quantity);

struct Figure {
  std::string key;    // of programs; "": people only
  std::string title;  // for people
  Cell value;
  Quantity quantity = Quantity::kText;
  std::string remark;     // behind the value, for people: "1814073344*batch"
  Ink ink = Ink::kPlain;  // warning: not known, or too much
};

struct Facts {
  std::string key;  // of the object that holds them; "": they are fields of the document
  std::string title;
  std::vector<Figure> figures;

  void Add(std::string of_programs, std::string of_people, Cell value,
           Quantity quantity = Quantity::kText, std::string remark = "", Ink ink = Ink::kPlain) {
    figures.push_back({std::move(of_programs), std::move(of_people), std::move(value), quantity,
                       std::move(remark), ink});
  }
};

struct Column {
  std::string key;
  std::string title;
  Quantity quantity = Quantity::kText;
  bool detail = false;  // for programs and for HTML; too much for a terminal
  bool whole = false;   // a text that is never shortened
};

struct TableRow {
  std::vector<Cell> cells;  // by column; missing ones are empty
  int level = 0;            // how far the first text stands in: trees of modules
  Ink ink = Ink::kPlain;    // headings: totals; faint: what does not count
};

// Rows in the order in which they are to be shown. Where all columns are details, text and markdown
// leave it out.
struct Table {
  std::string key;  // of the array: "rows"
  std::string title;
  std::vector<Column> columns;
  std::vector<TableRow> rows;
  // Text only: columns from this one on stand below each other beside the rest, wrapped, each
  // behind its title: for formulas and sources, which are too long for a line. -1: none.
  int stacked_from = -1;
};

struct Notes {
  std::string key = "notes";
  std::string title;
  std::vector<std::string> notes;
};

using Block = std::variant<Facts, Table, Notes, Chart>;

struct Document {
  std::string schema;  // "assay.compare/1": name and version of the JSON form
  std::string title;
  std::string subtitle;  // where the numbers hold, for people
  std::vector<Block> blocks;

  void Add(Block block) { blocks.push_back(std::move(block)); }
};

// Prints documents one after another: several of a run are pages of one file. Each call appends to
// the string given at construction; the caller may send it on and clear it. JSON is one value per
// document.
class DocumentPrinter {
 public:
  virtual ~DocumentPrinter() = default;
  virtual void Add(const Document& document) = 0;
  virtual void End() {}
};

// The formats, each in its own file; rows of analyzer/formats.h.
std::unique_ptr<DocumentPrinter> MakeTextPrinter(const TextStyle& style, std::string* out);
std::unique_ptr<DocumentPrinter> MakeJsonPrinter(const TextStyle& style, std::string* out);
std::unique_ptr<DocumentPrinter> MakeCsvPrinter(const TextStyle& style, std::string* out);
std::unique_ptr<DocumentPrinter> MakeMarkdownPrinter(const TextStyle& style, std::string* out);
std::unique_ptr<DocumentPrinter> MakeHtmlPrinter(const TextStyle& style, std::string* out);

// Columns for people: those in which some row has something to say.
std::vector<size_t> ShownColumns(const Table& table, bool details);

// What stands above a column in HTML and Markdown, where a heading without words says nothing: its
// title, else its key.
std::string HeadingOf(const Column& column);

// Blocks as the text format prints them, for writers of text that show more around them.
void PrintText(const Facts& facts, const TextStyle& style, std::string* out);
void PrintText(const Table& table, const TextStyle& style, std::string* out);
void PrintText(const Notes& notes, const TextStyle& style, std::string* out);

}  // namespace assay

#endif  // ASSAY_ANALYZER_DOCUMENT_H_
