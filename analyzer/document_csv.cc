// The first table of a document as CSV (RFC 4180, lines end in LF): what a spreadsheet or a shell
// script wants. The header is printed once for all documents whose columns are the same.
#include <cmath>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "analyzer/csv.h"
#include "analyzer/document.h"
#include "analyzer/units.h"

namespace assay {
namespace {

// Numbers in full, in base units; what is not known or not there is empty.
std::string Field(const Cell& cell) {
  if (const std::string* text = cell.text()) return CsvField(*text);
  if (const bool* yes = cell.yes()) return *yes ? "true" : "false";
  const double* number = cell.number();
  return number == nullptr || !std::isfinite(*number) ? "" : ShortestText(*number);
}

class CsvPrinter : public DocumentPrinter {
 public:
  explicit CsvPrinter(std::string* out) : out_(*out) {}

  void Add(const Document& document) override {
    for (const Block& block : document.blocks) {
      const Table* table = std::get_if<Table>(&block);
      if (table == nullptr) continue;
      Print(*table);
      return;
    }
  }

 private:
  void Print(const Table& table) {
    std::vector<std::string> fields;
    for (const Column& c : table.columns) fields.push_back(CsvField(c.key));
    std::string header = absl::StrJoin(fields, ",");
    if (header != header_) absl::StrAppend(&out_, header_.empty() ? "" : "\n", header, "\n");
    header_ = std::move(header);
    for (const TableRow& row : table.rows) {
      fields.clear();
      for (size_t c = 0; c < table.columns.size(); ++c) {
        fields.push_back(c < row.cells.size() ? Field(row.cells[c]) : "");
      }
      absl::StrAppend(&out_, absl::StrJoin(fields, ","), "\n");
    }
  }

  std::string& out_;
  std::string header_;
};

}  // namespace

std::unique_ptr<DocumentPrinter> MakeCsvPrinter(const TextStyle&, std::string* out) {
  return std::make_unique<CsvPrinter>(out);
}

}  // namespace assay
