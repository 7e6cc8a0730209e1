// What `assay export` can make of an analysed model, one row each.
#ifndef ASSAY_ANALYZER_EXPORT_H_
#define ASSAY_ANALYZER_EXPORT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "analyzer/report.h"

namespace assay {

struct ExportRow {
  absl::string_view name;    // "dot": what --as takes
  absl::string_view ending;  // of file names that mean it: ".dot"
  absl::string_view doc;
  std::string (*make)(const Report& report);
};

std::vector<absl::string_view> ExportNames();
// Null when there is none.
const ExportRow* FindExport(absl::string_view name);
// By the ending of a file name; the first row when none fits.
const ExportRow& ExportForFile(absl::string_view path);

// The graph in Graphviz's language: the operators that run, those of one kernel of --fuse in one
// box, bodies of control flow in boxes around them, and the tensors between them as edges with
// their types. Weights, views and what does not run are left out. Needs all of a report's facts up
// to its partition. Linear in ops and operands, and the same bytes for the same report.
std::string ExportDot(const Report& report);

}  // namespace assay

#endif  // ASSAY_ANALYZER_EXPORT_H_
