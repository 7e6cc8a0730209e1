// Scores one model after another: import, identity, passes, rows.
//
// The score of a row says how good the model is beside references, by what the user weighs:
//
//   score = 100 x (product of merit ^ weight) ^ (1 / sum of weights)
//   merit = reference / value, of a throughput value / reference
//
// so 100 is as good as the references, and 200 twice as good. A limit is the reference of what it
// limits. Where a weighed value is not known, neither is the score.
#ifndef ASSAY_ANALYZER_ZOO_SCORER_H_
#define ASSAY_ANALYZER_ZOO_SCORER_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "analyzer/fitness.h"
#include "analyzer/limits.h"
#include "analyzer/options.h"
#include "analyzer/pipeline.h"
#include "analyzer/zoo/score_row.h"

namespace assay {

// What can be weighed.
struct WeightRow {
  absl::string_view name;    // "latency", of --weight
  absl::string_view column;  // "latency_s"
  double reference;          // in the column's unit
  int limit;                 // LimitKind whose limit takes the reference's place; -1: none
};
absl::Span<const WeightRow> WeightRows();

struct Weight {
  const WeightRow* row = nullptr;
  double weight = 1;
};
// "latency=2", "energy".
absl::StatusOr<Weight> ParseWeight(absl::string_view text);

// NaN: a value is not known.
double ScoreOf(const ScoreRow& row, absl::Span<const Weight> weights, const Limits& limits);

struct ScorerOptions {
  AnalyzeOptions analyze;
  FitOptions fit;               // limits, and the file of requirements
  std::vector<Weight> weights;  // none: latency; without targets MACs
  std::string version;          // of the program
};

class Scorer {
 public:
  // An error is of the command line.
  static absl::StatusOr<Scorer> Make(ScorerOptions options);

  // What was left out as impossible: Plan::skipped.
  const std::vector<std::string>& skipped() const { return plan_.skipped; }
  bool limited() const { return limited_; }
  // What rows are made with, as a hash.
  const std::string& settings() const { return settings_; }
  size_t rows_per_model() const { return keys_.size(); }

  // Of each target, runtime and precision a row: scored, or why it could not be. A graph that is
  // equal to one of the last thousands is not estimated again. `name` is the path in the rows.
  std::vector<ScoreRow> Score(const std::string& path, const std::string& name);

  // Rows of a model that was not scored.
  std::vector<ScoreRow> Failed(const std::string& name, absl::string_view status,
                               absl::string_view error) const;

 private:
  struct Key {
    std::string target, runtime, precision;
  };
  // `any_names`: whether the rows would be the same if everything inside had other names.
  std::vector<ScoreRow> Estimate(Report imported, bool* any_names);
  void SetKey(size_t i, const std::string& name, ScoreRow* row) const;
  absl::Status MakeSettings();

  ScorerOptions options_;
  Plan plan_;
  Requirements requirements_;
  bool limited_ = false;
  std::string dims_, settings_;
  std::vector<Key> keys_;
  // By the graph's hash; without what is the file's own.
  absl::flat_hash_map<std::string, std::vector<ScoreRow>> known_;
};

// "dim batch=8, shape x=1x3": what sizes are given, in an order of its own.
std::string DimsText(const Bindings& bindings);

}  // namespace assay

#endif  // ASSAY_ANALYZER_ZOO_SCORER_H_
