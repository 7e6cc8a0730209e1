#include "analyzer/export.h"

#include <vector>

#include "absl/strings/match.h"

namespace assay {
namespace {

constexpr ExportRow kExports[] = {
    {"dot", ".dot", "a drawing in Graphviz's language; `dot -Tsvg` renders it", ExportDot},
};

}  // namespace

absl::Span<const ExportRow> ExportTable() { return kExports; }

std::vector<absl::string_view> ExportNames() {
  std::vector<absl::string_view> names;
  for (const ExportRow& row : kExports) names.push_back(row.name);
  return names;
}

const ExportRow* FindExport(absl::string_view name) {
  for (const ExportRow& row : kExports) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

const ExportRow& ExportForFile(absl::string_view path) {
  for (const ExportRow& row : kExports) {
    if (absl::EndsWithIgnoreCase(path, row.ending)) return row;
  }
  return kExports[0];
}

}  // namespace assay
