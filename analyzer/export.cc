#include "analyzer/export.h"

#include <vector>

#include "absl/strings/string_view.h"
#include "ir/rows.h"

namespace assay {
namespace {

constexpr ExportRow kExports[] = {
    {.name = "dot",
     .ending = ".dot",
     .doc = "a drawing in Graphviz's language; `dot -Tsvg` renders it",
     .make = ExportDot,
     .colors = true},
    {.name = "svg",
     .ending = ".svg",
     .doc = "a drawing of the kernels that a browser shows by itself",
     .make = ExportSvg,
     .colors = true},
    {.name = "mermaid",
     .ending = ".mmd",
     .doc = "a flowchart for Markdown",
     .make = ExportMermaid,
     .colors = true},
    {.name = "onnx",
     .ending = ".onnx",
     .doc = "the model with shapes and costs in it, for Netron; weights as they are",
     .make = ExportOnnx,
     .rewrites = true},
    {.name = "trace",
     .ending = ".json",
     .doc = "a timeline for Perfetto or chrome://tracing",
     .make = ExportTrace,
     .needs_target = true,
     .many_targets = true},
};

}  // namespace

std::vector<absl::string_view> ExportNames() { return NamesOf(kExports); }
const ExportRow* FindExport(absl::string_view name) { return FindRow(kExports, name); }
const ExportRow& ExportForFile(absl::string_view path) { return RowForFile(kExports, path); }

}  // namespace assay
