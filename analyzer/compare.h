// `assay compare`: models x targets x runtimes x precisions, a row each, against a baseline; who
// wins, and why.
//
//   model             target          latency   base  ...
//   resnet18.onnx     h100-sxm       159.5 us  1.000x
//   resnet18.onnx     jetson-orin-nano  5.2 ms  32.6x
//
// A row keeps numbers alone (analyzer/figures.h), so that any number of models take the memory of
// one. Without a target the models' work is compared.
#ifndef ASSAY_ANALYZER_COMPARE_H_
#define ASSAY_ANALYZER_COMPARE_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "analyzer/document.h"
#include "analyzer/figures.h"
#include "analyzer/group_table.h"
#include "analyzer/options.h"
#include "analyzer/pipeline.h"
#include "analyzer/report.h"

namespace assay {

struct CompareOptions {
  std::string sort;                   // a name of CompareSorts(); empty: in the order given
  std::vector<std::string> baseline;  // words that name a row; empty: the first
};

// What rows can be sorted by.
std::vector<absl::string_view> CompareSorts();

class Comparison {
 public:
  // Of `report_options` only `by` and `depth` count.
  Comparison(CompareOptions options, const ReportOptions& report_options)
      : options_(std::move(options)),
        by_(report_options.by),
        modules_(report_options.by, report_options.depth) {}

  // Whether the run has what it is to be sorted by, and every word of the baseline names something
  // of it: a model, a target, a runtime or a precision.
  absl::Status Check(absl::Span<const std::string> models, const Plan& plan) const;

  void Add(const Report& report);

  // `skipped`: combinations that cannot be (Plan::skipped).
  Document Make(const std::vector<std::string>& skipped) const;

 private:
  struct Row {
    const ModelFigures* model;
    const EstimateFigures* estimate;  // null without targets
  };
  std::vector<Row> Rows() const;
  bool Names(const Row& row, absl::string_view word) const;
  std::string ShortName(const ModelFigures& model) const;
  std::string Machine(const Row& row) const;
  std::string Label(const Row& row) const;
  Table RowTable(const std::vector<Row>& rows, const Row& baseline) const;
  Table ModuleTable(const std::vector<Row>& rows) const;
  void AddWinners(const std::vector<Row>& rows, const Row& baseline, Document* d) const;

  CompareOptions options_;
  std::string by_;
  std::vector<ModelFigures> models_;
  absl::flat_hash_map<std::string, int> base_names_;                  // how many models have it
  absl::flat_hash_set<std::string> targets_, runtimes_, precisions_;  // of the rows
  GroupTable modules_;
};

}  // namespace assay

#endif  // ASSAY_ANALYZER_COMPARE_H_
