// The graph as text with what the passes know behind each line: `assay ir --after PASS`.
#ifndef ASSAY_ANALYZER_REPORT_IR_H_
#define ASSAY_ANALYZER_REPORT_IR_H_

#include <string>

#include "analyzer/report.h"

namespace assay {

// Types after `shapes`; class and multiplicity after `execution`; work after `work`; kernels after
// `fusion`. Facts that were not made are left out; without any it is the graph as imported.
std::string PrintIr(const Report& report);

}  // namespace assay

#endif  // ASSAY_ANALYZER_REPORT_IR_H_
