// How far predictions are from measurements, as `assay validate` reports it.
#ifndef ASSAY_ANALYZER_ACCURACY_H_
#define ASSAY_ANALYZER_ACCURACY_H_

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "analyzer/measured.h"
#include "analyzer/text_table.h"

namespace assay {

struct Accuracy {
  int rows = 0;
  double median_error = 0;                               // of |predicted / measured - 1|
  double within_10 = 0, within_25 = 0, within_1_5x = 0;  // shares; the last of the ratio either way
  // Spearman's: of the ranks of what was predicted and what was measured; ties share theirs.
  double rank_correlation = 0;
};
// Both by row, in seconds, above 0.
Accuracy AccuracyOf(absl::Span<const double> predicted, absl::Span<const double> measured);

// A measured run with what was said of it.
struct ScoredRun {
  const MeasuredModel* model = nullptr;
  double predicted_s = 0;
};

// Rows by runtime and class of batch (1, 2 to 15, 16 and more), the ten furthest off, what is shown
// but not scored because its own sources differ, and what could not be compared, with why.
std::string AccuracyReport(absl::string_view file, absl::string_view how,
                           absl::Span<const ScoredRun> scored, absl::Span<const MeasuredModel> all,
                           const TextStyle& style);

// Predicted against measured on logarithmic axes, a mark per run with its name, one colour per
// runtime; lines at equality and at 1.5 times either way. A complete SVG file.
std::string AccuracyPlot(absl::Span<const ScoredRun> scored);

}  // namespace assay

#endif  // ASSAY_ANALYZER_ACCURACY_H_
