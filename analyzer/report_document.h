// A report of `analyze` as a document: what the formats without a writer of their own (csv,
// markdown, html) show of a model.
#ifndef ASSAY_ANALYZER_REPORT_DOCUMENT_H_
#define ASSAY_ANALYZER_REPORT_DOCUMENT_H_

#include "analyzer/document.h"
#include "analyzer/options.h"
#include "analyzer/report.h"

namespace assay {

// What the text report has. A page has more room: drawings, every operator, every kernel of every
// target, costs by module.
Document MakeReportDocument(const Report& report, const ReportOptions& options, bool page);

// The table of operators alone, those that run unless all are asked for: what CSV has.
Document MakeOperatorDocument(const Report& report, const ReportOptions& options);

}  // namespace assay

#endif  // ASSAY_ANALYZER_REPORT_DOCUMENT_H_
