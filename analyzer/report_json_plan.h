// Sections of the JSON report on what runs together.
#ifndef ASSAY_ANALYZER_REPORT_JSON_PLAN_H_
#define ASSAY_ANALYZER_REPORT_JSON_PLAN_H_

#include "analyzer/json_writer.h"
#include "analyzer/options.h"
#include "analyzer/report.h"

namespace assay {

// The fields `fusion`, `concurrency` and `memory` of a model; each absent when its fact is.
void WriteFusion(const Report& report, JsonWriter* json);
void WriteConcurrency(const Report& report, const ReportOptions& options, JsonWriter* json);
void WriteMemory(const Report& report, const ReportOptions& options, JsonWriter* json);

}  // namespace assay

#endif  // ASSAY_ANALYZER_REPORT_JSON_PLAN_H_
