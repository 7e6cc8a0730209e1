#include "analyzer/export.h"

#include <vector>

#include "absl/strings/string_view.h"
#include "analyzer/rows.h"

namespace assay {
namespace {

constexpr ExportRow kExports[] = {
    {"dot", ".dot", "a drawing in Graphviz's language; `dot -Tsvg` renders it", ExportDot},
};

}  // namespace

std::vector<absl::string_view> ExportNames() { return NamesOf(kExports); }
const ExportRow* FindExport(absl::string_view name) { return FindRow(kExports, name); }
const ExportRow& ExportForFile(absl::string_view path) { return RowForFile(kExports, path); }

}  // namespace assay
