// One model over a grid of points: sizes, targets, runtimes, precisions, and data of a target.
#ifndef ASSAY_ANALYZER_SWEEP_H_
#define ASSAY_ANALYZER_SWEEP_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analyzer/document.h"
#include "analyzer/options.h"
#include "analyzer/sweep_range.h"

namespace assay {

struct SweepOptions {
  std::vector<SweepAxis> dims;  // --dim NAME=1..256
  SweepAxis batch;              // --batch 1..256; empty: not swept
  SweepAxis tokens;             // --tokens 128..32768; empty: not asked for
  std::vector<SweepAxis> vary;  // --vary PATH=0.5x..4x
  double max_latency_s = 0;     // 0: no limit

  // As written: "--dim batch=1..256".
  std::vector<std::string> ranges() const;
};

// Throughput stops growing at the first point that reaches this share of the best of its series.
inline constexpr double kKneeShare = 0.9;

// An error of code kNotFound is about a name on the command line, as of AnalyzeModel. `path` and
// `targets` as the user wrote them.
// `by`: also the time by groups (analyzer/groups.h) at the first point, `depth` levels of it.
absl::StatusOr<Document> Sweep(const std::string& path, const AnalyzeOptions& analyze,
                               const SweepOptions& options, const std::string& by = "",
                               int depth = 0);

// Its part for --tokens (analyzer/sweep_tokens.cc).
absl::StatusOr<Document> SweepTokens(const std::string& path, const AnalyzeOptions& analyze,
                                     const SweepOptions& options);

}  // namespace assay

#endif  // ASSAY_ANALYZER_SWEEP_H_
