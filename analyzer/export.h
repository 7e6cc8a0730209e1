// What `assay export` can make of an analysed model, one row each.
//
//             what                                           with a target also
//   dot       Graphviz: operators in boxes, one a kernel     colours by bound or time, times
//   svg       a page of its own: kernels by layers           the same
//   mermaid   a flowchart for Markdown: kernels or modules   the same
//   onnx      the model itself, with shapes and costs in it  latency and bound of every node
//   trace     a timeline for Perfetto and chrome://tracing   (needs one, takes several)
//
// What is made goes out in pieces, through a sink: a model is copied with its weights, and the
// weights are never held.
#ifndef ASSAY_ANALYZER_EXPORT_H_
#define ASSAY_ANALYZER_EXPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "analyzer/report.h"

namespace assay {

// What a drawing's colours say.
enum class ColorBy : uint8_t { kAuto, kRole, kBound, kTime };
std::vector<absl::string_view> ColorByNames();  // "role", "bound", "time"
ColorBy FindColorBy(absl::string_view name);    // kAuto when there is none

struct ExportOptions {
  ColorBy color_by = ColorBy::kAuto;  // by bound where there is a target, else by role
  std::string output;                 // the file that is written; empty: none that has a folder
};

struct ExportInput {
  const Report& report;
  ExportOptions options;
  // Types that hold at every size, without those that the user gave; null: not known.
  const Shapes* at_any_size = nullptr;
  std::vector<std::string>* notes = nullptr;  // what people should know of the result
};

// Takes the next piece.
using Sink = absl::FunctionRef<absl::Status(absl::string_view)>;

struct ExportRow {
  absl::string_view name;    // "dot": what --as takes
  absl::string_view ending;  // of file names that mean it: ".dot"
  absl::string_view doc;
  absl::Status (*make)(const ExportInput& input, Sink sink) = nullptr;
  bool colors = false;  // takes --color-by
  bool needs_target = false;
  bool many_targets = false;  // else at most one column of the report
  bool rewrites = false;      // needs Report::source and `at_any_size`
};

std::vector<absl::string_view> ExportNames();
// Null when there is none.
const ExportRow* FindExport(absl::string_view name);
// By the ending of a file name; the first row when none fits.
const ExportRow& ExportForFile(absl::string_view path);

// The graph in Graphviz's language: the operators that run, those of one kernel in one box, bodies
// of control flow in boxes around them, and the tensors between them as edges with their types.
// Weights, views and what does not run are left out. Kernels are those of the target's runtime, or
// without a target those of --fuse. Linear in ops and operands.
absl::Status ExportDot(const ExportInput& input, Sink sink);

// Kernels and the tensors between them, in layers by the longest path from the inputs, as one SVG
// that a browser shows by itself, in light and dark. Cost: n log n in kernels and edges.
absl::Status ExportSvg(const ExportInput& input, Sink sink);

// A flowchart in Mermaid's language, of kernels or, where they are too many for Mermaid's limits
// (500 edges, 50,000 characters), of modules or runs of kernels, which a comment says.
absl::Status ExportMermaid(const ExportInput& input, Sink sink);

// Chrome's trace event format: a process per target, a track per stream, per unit that is busy and
// for the host's dispatch.
absl::Status ExportTrace(const ExportInput& input, Sink sink);

// The model's own bytes with value_info of every tensor whose type is known and costs in
// metadata_props; all else, weights above all, is copied as it is. See analyzer/export_onnx.cc.
absl::Status ExportOnnx(const ExportInput& input, Sink sink);

}  // namespace assay

#endif  // ASSAY_ANALYZER_EXPORT_H_
