// Parts of the text report that stand in files of their own.
#ifndef ASSAY_ANALYZER_REPORT_TEXT_H_
#define ASSAY_ANALYZER_REPORT_TEXT_H_

#include <string>

#include "analyzer/report.h"
#include "analyzer/text_table.h"
#include "passes/estimate.h"

namespace assay {

// One target's section: latency with its interval, what limits it, energy, fit.
void PrintTarget(const Report& report, const ModelEstimate& estimate, const TextStyle& style,
                 std::string* out);

}  // namespace assay

#endif  // ASSAY_ANALYZER_REPORT_TEXT_H_
