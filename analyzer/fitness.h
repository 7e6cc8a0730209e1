// `assay fit` as a document: models x targets, a verdict for each (analyzer/assess.h), what a FAIL
// would need, what targets lack, the targets in order, and what a project expects of its models
// (analyzer/expect.h).
//
// Nothing of a model is kept but what is shown, so that batches of any size take little memory.
#ifndef ASSAY_ANALYZER_FITNESS_H_
#define ASSAY_ANALYZER_FITNESS_H_

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/assess.h"
#include "analyzer/document.h"
#include "analyzer/expect.h"
#include "analyzer/group_table.h"
#include "analyzer/limits.h"
#include "analyzer/options.h"
#include "analyzer/report.h"

namespace assay {

// What `fit` is asked for besides the estimates.
struct FitOptions {
  Limits limits;                    // of the command line
  std::string requirements;         // a file; "": none
  std::vector<std::string> expect;  // files or names of shipped profiles, as NAME or NAME:ENTRY
  bool strict = false;              // PARTIAL counts as broken too
};

class Fitness {
 public:
  // `expectations` may be null. Targets that only they speak of are estimated and not judged. Of
  // `report_options` only `by` and `depth` count.
  Fitness(const FitOptions& options, const ReportOptions& report_options, Requirements requirements,
          const Expectations* expectations, std::vector<std::string> only_expected);

  void Add(const Report& report);
  void Failed(const std::string& file, std::string message);
  // Why a combination has no estimate.
  void Skipped(std::vector<std::string> why) { skipped_ = std::move(why); }

  Document Finish();
  // A limit or an expectation does not hold.
  bool broken() const;

 private:
  struct Judged {
    std::string model, target, runtime, precision, calibration;
    Assessment assessment;
    std::array<double, kNumLimits> amounts = {};
    double latency_low_s = 0, latency_high_s = 0;
    std::vector<Change> changes;
    bool changes_left_out = false;
    // Made by NameCells(): the target with what else tells estimates of one model apart; the
    // model's file without its folder where that tells models apart.
    std::string label, short_name;
  };
  // A target over all models.
  struct Ranked {
    std::string target;
    int pass = 0, partial = 0, fail = 0;
    const Judged* worst = nullptr;  // the model that decides
  };

  void NameCells();
  static bool Before(const Judged& a, const Judged& b);
  std::vector<const Judged*> InOrder() const;
  void AddNames(const Judged& judged, TableRow* row) const;
  std::vector<Column> NameColumns(bool always) const;
  std::string Summary() const;
  Facts LimitFacts() const;
  Table Verdicts() const;
  Table Margins() const;
  Table Changes() const;
  Notes Reasons() const;
  Notes NotEnough() const;
  Table Unsupported() const;
  Table Ranking() const;
  Table Modules() const;
  Notes MakeNotes() const;

  const FitOptions& options_;
  Requirements requirements_;
  const Expectations* expectations_;
  std::vector<std::string> only_expected_;
  std::vector<Judged> cells_;
  GroupTable modules_;  // a column per cell
  std::vector<ExpectationResult> expected_;
  std::vector<std::pair<std::string, std::string>> failed_;
  std::vector<std::string> skipped_, assumptions_;
  std::vector<std::string> uncalibrated_, at_design_power_;  // targets
  int models_ = 0;
};

}  // namespace assay

#endif  // ASSAY_ANALYZER_FITNESS_H_
