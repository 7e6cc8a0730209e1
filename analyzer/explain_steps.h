// What the explanations of an estimate share: steps that are computed again, and sources.
#ifndef ASSAY_ANALYZER_EXPLAIN_STEPS_H_
#define ASSAY_ANALYZER_EXPLAIN_STEPS_H_

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "analyzer/document.h"
#include "analyzer/explain.h"
#include "hw/estimate.h"
#include "hw/provenance.h"
#include "hw/target.h"

namespace assay {

// But for rounding.
bool SameNumber(double a, double b);

// A number in a formula: whole as it is, else in six digits.
std::string StepText(double x);

// Of those that are known, divided by semicolons.
std::string Citations(const std::vector<Cited>& data);

// The machine that the numbers are of, and what runs on it.
Facts EstimateFacts(const Platform& platform);

// Rows whose formula is computed again: shown with its values only where it gives the very number.
class CheckedSteps {
 public:
  // `again`: from what `n.filled` shows.
  void Add(ExplainedNumber n, double again, Table* table);
  // Rows that their formula did not give; a test wants none.
  int wrong() const { return wrong_; }

 private:
  int wrong_ = 0;
};

// A row of seconds.
ExplainedNumber SecondsRow(std::string name, double value, std::string formula,
                           std::string filled = "", std::string source = "");

// An energy part by part: what each resource was asked for, over so many seconds.
Table EnergyTable(std::string title, const Target& target, const Energy& energy,
                  absl::Span<const ResourceUse> parts, double seconds, CheckedSteps* steps);

}  // namespace assay

#endif  // ASSAY_ANALYZER_EXPLAIN_STEPS_H_
