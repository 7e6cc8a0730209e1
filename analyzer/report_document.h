// A report of `analyze` as a document: what the formats without a writer of their own (csv,
// markdown, html) show of a model.
#ifndef ASSAY_ANALYZER_REPORT_DOCUMENT_H_
#define ASSAY_ANALYZER_REPORT_DOCUMENT_H_

#include "analyzer/document.h"
#include "analyzer/options.h"
#include "analyzer/report.h"

namespace assay {

// The first table is that of the operators that run, all of them: it is what CSV has.
Document MakeReportDocument(const Report& report, const ReportOptions& options);

}  // namespace assay

#endif  // ASSAY_ANALYZER_REPORT_DOCUMENT_H_
