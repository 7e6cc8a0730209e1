// One kernel's time and energy on one machine, step by step: `explain --target`.
//
//   matrix tf32   8.1 us   2 * MACs, / (peak * mapping) / efficiency
//                          = 236027904 / (494.5 Top/s * 0.97) / 0.6
//                          from peak of matrix tf32 495 TFLOP/s: NVIDIA H100 ... Datasheet, 2023
//
// Every step is computed again from what the formula shows; it is shown with its values only where
// that gives the estimate's number, and rows that it does not give are counted (a test wants none).
#ifndef ASSAY_ANALYZER_EXPLAIN_ESTIMATE_H_
#define ASSAY_ANALYZER_EXPLAIN_ESTIMATE_H_

#include "analyzer/document.h"
#include "analyzer/report.h"
#include "passes/estimate.h"

namespace assay {

// Appends the blocks; returns how many steps did not give the estimate's own number.
int ExplainEstimate(const Report& report, const ModelEstimate& estimate, int kernel, Document* out);

}  // namespace assay

#endif  // ASSAY_ANALYZER_EXPLAIN_ESTIMATE_H_
