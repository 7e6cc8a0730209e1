// CSV files with a header, in memory (RFC 4180; libcsv reads them).
#ifndef ASSAY_ANALYZER_CSV_H_
#define ASSAY_ANALYZER_CSV_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assay {

struct Csv {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  // as many fields as the header has
  std::vector<int> lines;                      // by row: the line it begins at, from 1

  // -1 when there is no such column.
  int Column(absl::string_view name) const;
};

// Errors begin with the path (and line): not readable, no header, a row of another width.
absl::StatusOr<Csv> ReadCsv(const std::string& path);
absl::StatusOr<Csv> ParseCsv(absl::string_view text, absl::string_view path);

// A text as a field: in quotes where it needs them, bytes of control spelled out, since
// spreadsheets and terminals show what they are given.
std::string CsvField(absl::string_view text);

}  // namespace assay

#endif  // ASSAY_ANALYZER_CSV_H_
