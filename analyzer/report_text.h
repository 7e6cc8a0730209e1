// Parts of the text report that stand in files of their own.
#ifndef ASSAY_ANALYZER_REPORT_TEXT_H_
#define ASSAY_ANALYZER_REPORT_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "analyzer/report.h"
#include "analyzer/text_table.h"
#include "passes/estimate.h"

namespace assay {

// One target's section: latency with its interval, what limits it, energy, fit.
void PrintTarget(const Report& report, const ModelEstimate& estimate, const TextStyle& style,
                 std::string* out);

// The lines on what runs together. `plan` may be null.
void AddFusion(const Partition& partition, FactList* facts);
void AddConcurrency(const Concurrency& concurrency, const KernelPlan* plan, FactList* facts);
void AddMemory(const Report& report, FactList* facts);  // of a report with memory facts

// The table of --explain-fusion: why edges between kernels stayed edges. Needs a partition whose
// key asks for it.
void PrintUnfused(const Report& report, const TextStyle& style, std::string* out);
// The table of --kernels for one target: how each kernel of its runtime lands on its units.
void PrintMappings(const Report& report, const ModelEstimate& estimate, const TextStyle& style,
                   std::string* out);
// The tables of --kernels, --stages and --memory. The last two need the report's kernel plan.
void PrintKernels(const Report& report, const TextStyle& style, std::string* out);
void PrintStages(const Report& report, const TextStyle& style, std::string* out);
void PrintMemory(const Report& report, const TextStyle& style, std::string* out);

// A blank line, then the line above a part of the report.
void PrintHeading(const TextStyle& style, absl::string_view text, std::string* out);

// What to call an op in a table: its module, or in a list of all ops the node itself.
std::string Where(const Graph& graph, OpId op, bool node = false);
// An op in running text: what inlining made of its name can be lines long.
std::string Place(const Graph& graph, OpId op);
// "-19.0 %", "+0.3 %", "unchanged"; of less than nothing, too.
std::string Change(double from, double to);

}  // namespace assay

#endif  // ASSAY_ANALYZER_REPORT_TEXT_H_
