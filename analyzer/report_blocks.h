// The parts of a report as blocks (analyzer/document.h): text, csv, markdown and html print the
// same ones. Each function computes what it shows when it is called, and nothing before.
#ifndef ASSAY_ANALYZER_REPORT_BLOCKS_H_
#define ASSAY_ANALYZER_REPORT_BLOCKS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "analyzer/document.h"
#include "analyzer/groups.h"
#include "analyzer/report.h"
#include "passes/estimate.h"

namespace assay {

// "graph `main_graph` by pytorch 2.1.0, IR version 8, opset 17".
std::string SourceText(const Report& report);
// Of a report with shapes.
Table SignatureTable(const Report& report);
// Work, parameters and traffic; formulas of at most `width` columns. Of a report with numbers, as
// the following.
Facts TotalFacts(const Report& report, size_t width);
// Rows of level 0 add up to the total. Behind `most` rows there is one for all others.
Table RollUpTable(const Report& report, const std::vector<Group>& groups, absl::string_view name,
                  size_t most);
Table TypeTable(const Report& report);
// Of --by KEY.
Table RollUpTable(const Report& report, absl::string_view by, int depth);
// The `top` kernels that take longest on the first target, else the operators with most work.
Table DearestTable(const Report& report, size_t top);
// Every operator in file order; only those that run unless `all`.
Table OperatorTable(const Report& report, bool all);
// Operators without a row, assumptions, diagnostics; at most `most` of one sort.
Notes RemarkNotes(const Report& report, size_t most);

// Lines on what runs together: operators by class, fusion, concurrency, memory.
Facts StructureFacts(const Report& report);
// Of the kernels of --fuse; the last three need the report's kernel plan.
Table KernelTable(const Report& report);
Table StageTable(const Report& report);
Table SpeedupTable(const Report& report);
Table PeakTable(const Report& report, size_t most);
Table TimelineTable(const Report& report);
// Why edges between kernels stayed edges. Needs a partition whose key asks for it.
Facts UnfusedReasonFacts(const Report& report);
Table UnfusedTable(const Report& report);

// One row per target, runtime and precision.
Table TargetTable(const Report& report);
// "NVIDIA H100 SXM5 80 GB, runtime ideal, precision as in the model, uncalibrated".
std::string TargetText(const ModelEstimate& estimate);
// Latency with its interval, what limits it, energy, fit.
Facts TargetFacts(const Report& report, const ModelEstimate& estimate);
// How each kernel of the target's runtime lands on its units.
Table MappingTable(const Report& report, const ModelEstimate& estimate);

// Drawings.
Chart RooflineChart(const Report& report, const ModelEstimate& estimate);
Chart KernelTimeChart(const Report& report, const ModelEstimate& estimate);
Chart GroupChart(const Report& report, absl::string_view by, int depth);
Chart MemoryChart(const Report& report);
Chart ConcurrencyChart(const Report& report);

// What to call an op in a table: its module, or in a list of all ops the node itself.
std::string Where(const Graph& graph, OpId op, bool node = false);
// An op in running text: what inlining made of its name can be lines long.
std::string Place(const Graph& graph, OpId op);

// An expression, cut to the width as FormulaDigest does; nothing for a plain number.
std::string SymbolicText(const DimPool& pool, Dim d, size_t width,
                         absl::string_view whole = "--format json");
// "1x64x112x112": the first result's sizes at the report's point.
std::string FirstShape(const Report& report, OpId op);
// "-19.0 %", "+0.3 %", "unchanged"; of less than nothing, too.
std::string Change(double from, double to);

}  // namespace assay

#endif  // ASSAY_ANALYZER_REPORT_BLOCKS_H_
