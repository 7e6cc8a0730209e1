#include "analyzer/formats.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace assay {
namespace {

constexpr FormatRow kFormats[] = {
    {"text", ".txt", "for reading: aligned tables, the most important first", MakeTextWriter},
    {"json", ".json", "for programs: every number of the report; see analyzer/README.md",
     MakeJsonWriter},
};

}  // namespace

absl::Span<const FormatRow> FormatTable() { return kFormats; }

std::vector<absl::string_view> FormatNames() {
  std::vector<absl::string_view> names;
  for (const FormatRow& row : kFormats) names.push_back(row.name);
  return names;
}

const FormatRow* FindFormat(absl::string_view name) {
  for (const FormatRow& row : kFormats) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

const FormatRow& FormatForFile(absl::string_view path) {
  for (const FormatRow& row : kFormats) {
    if (absl::EndsWithIgnoreCase(path, row.ending)) return row;
  }
  return kFormats[0];
}

}  // namespace assay
