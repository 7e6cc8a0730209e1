#include "analyzer/csv.h"

#include <csv.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "analyzer/text_table.h"

namespace assay {
namespace {

struct Reader {
  Csv* out;
  std::vector<std::string> row;
  int line = 1;      // that the row begins at
  int newlines = 0;  // inside its fields
  std::string problem;
};

void OnField(void* bytes, size_t size, void* data) {
  auto& reader = *static_cast<Reader*>(data);
  reader.row.emplace_back(static_cast<const char*>(bytes), size);
  reader.newlines +=
      static_cast<int>(std::count(reader.row.back().begin(), reader.row.back().end(), '\n'));
}

// Empty lines are reported too (CSV_REPALL_NL), so that lines can be counted; they are no rows.
void OnRow(int end, void* data) {
  auto& reader = *static_cast<Reader*>(data);
  Csv& out = *reader.out;
  std::vector<std::string> row = std::exchange(reader.row, {});
  const int line = reader.line;
  // A line may end in two characters, of which the first ends the row.
  reader.line += (end == '\r' ? 0 : 1) + std::exchange(reader.newlines, 0);
  if (row.empty()) return;
  if (out.header.empty()) {
    out.header = std::move(row);
  } else if (row.size() != out.header.size()) {
    if (reader.problem.empty()) {
      reader.problem = absl::StrCat(line, ": ", row.size(), " fields where the header has ",
                                    out.header.size(), "; mend the row");
    }
  } else {
    out.rows.push_back(std::move(row));
    out.lines.push_back(line);
  }
}

}  // namespace

int Csv::Column(absl::string_view name) const {
  for (size_t i = 0; i < header.size(); ++i) {
    if (header[i] == name) return static_cast<int>(i);
  }
  return -1;
}

absl::StatusOr<Csv> ParseCsv(absl::string_view text, absl::string_view path) {
  Csv out;
  Reader reader{.out = &out};
  csv_parser parser;
  csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL);
  const bool good =
      csv_parse(&parser, text.data(), text.size(), OnField, OnRow, &reader) == text.size() &&
      csv_fini(&parser, OnField, OnRow, &reader) == 0;
  const int error = csv_error(&parser);
  csv_free(&parser);
  if (!good) {
    return absl::InvalidArgumentError(absl::StrCat(path, ":", reader.line, ": ",
                                                   csv_strerror(error),
                                                   "; a field with quotes or commas stands in "
                                                   "quotes, quotes inside are doubled"));
  }
  if (!reader.problem.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ":", reader.problem));
  }
  if (out.header.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": empty; it needs a header"));
  }
  return out;
}

absl::StatusOr<Csv> ReadCsv(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  if (file && file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
  if (!file.is_open() || file.bad() || text.fail()) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot be read; check the path"));
  }
  return ParseCsv(text.str(), path);
}

std::string CsvField(absl::string_view text) {
  std::string printable = Printable(text);
  if (printable.find_first_of(",\"\r\n") == std::string::npos) return printable;
  return absl::StrCat("\"", absl::StrReplaceAll(printable, {{"\"", "\"\""}}), "\"");
}

}  // namespace assay
