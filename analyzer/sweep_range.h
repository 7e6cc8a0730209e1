// Ranges on the command line: what --dim, --batch, --tokens and --vary sweep over.
//
//   8              8                        1..10:3     1 4 7 10
//   1..32          1 2 4 8 16 32            1..100*10   1 10 100
//   1..12          1 2 4 8 12               1,2,8..32   1 2 8 16 32
//   0.5x..4x       0.5 1 2 4                0.5x..1.5x:0.25x
//
// Ends are in. Factors may wear an x; sizes are whole. In what order they are written makes no
// difference, and neither does writing one twice.
#ifndef ASSAY_ANALYZER_SWEEP_RANGE_H_
#define ASSAY_ANALYZER_SWEEP_RANGE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assay {

// One range, as written and in full.
struct SweepAxis {
  std::string name;  // of the dimension, or the path of the number
  std::string text;
  std::vector<double> values;  // ascending, each once

  bool empty() const { return values.empty(); }
};

// How many values one range may have, and how many points a sweep.
inline constexpr size_t kMostSweepPoints = 100'000;

enum class StepKind {
  kWhole,   // sizes: whole numbers from 0 on
  kFactor,  // above 0
};

// Whether a text that could be a number is meant as a range.
bool IsRange(absl::string_view text);

// An error says what is wrong with it, and how ranges are written.
absl::StatusOr<std::vector<double>> ParseSteps(absl::string_view text, StepKind kind);

}  // namespace assay

#endif  // ASSAY_ANALYZER_SWEEP_RANGE_H_
