// From a model file to a report: import, passes, summary. This is the table of contents of the
// program.
#ifndef ASSAY_ANALYZER_PIPELINE_H_
#define ASSAY_ANALYZER_PIPELINE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analyzer/options.h"
#include "analyzer/report.h"
#include "hw/custom_ops.h"
#include "ir/graph.h"
#include "ir/op_table.h"
#include "passes/analysis.h"

namespace assay {

// What is the same for every model of a run: all names resolved, all targets loaded.
struct Plan {
  const OpTable* ops = nullptr;
  std::shared_ptr<const CustomOps> custom_ops;  // where the user declared some; holds `ops` then
  PassRequest request;
  bool keep_source = false;  // fill Report::source
  // What was left out as impossible: why a target has no estimate under a runtime or in a
  // precision that was asked for.
  std::vector<std::string> skipped;
};

// An error here is the user's: an unknown name, a bad YAML file. No model has been read yet.
absl::StatusOr<Plan> MakePlan(const AnalyzeOptions& options);

// Reads, analyses and sums up one model; "-" is standard input. An error begins with the file and
// ends with what to do. Its code is kNotFound when a name that the user gave (--dim, --shape,
// --value) is not in the model.
absl::StatusOr<Report> AnalyzeModel(const std::string& path, const Plan& plan);

// Its two halves. The import alone gives a report without facts; the passes add them.
absl::StatusOr<Report> ImportModel(const std::string& path, const Plan& plan);
absl::StatusOr<Report> AnalyzeImported(Report imported, const Plan& plan);

// The model's types without the sizes that the plan gives: what holds at every size. Alone of what
// the passes find, so it is cheap.
absl::StatusOr<Analysis> ShapesAtAnySize(const Report& report, const Plan& plan);

}  // namespace assay

#endif  // ASSAY_ANALYZER_PIPELINE_H_
