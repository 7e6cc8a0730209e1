#include "analyzer/report_document.h"

#include <cmath>
#include <string>
#include <utility>

#include "analyzer/report_text.h"

namespace assay {
namespace {

Table Operators(const Report& r) {
  Table table{.key = "ops",
              .title = "operators",
              .columns = {{"model", "model", Quantity::kText, true},
                          {"id", "id", Quantity::kExact},
                          {"name", "name", Quantity::kText, true},
                          {"op_type", "operator"},
                          {"module", "module"},
                          {"macs", "MACs", Quantity::kCount},
                          {"flops", "FLOPs", Quantity::kCount},
                          {"bytes", "bytes", Quantity::kBytes}}};
  for (OpId op(0); op.index < r.graph->num_ops(); ++op.index) {
    if (!r.analysis.execution->runs(op)) continue;
    const OpNumbers& n = r.analysis.numbers->of(op);
    const Op& o = r.graph->op(op);
    table.rows.push_back({{r.file, op.index, std::string(r.graph->str(o.location.name)),
                           QualifiedType(*r.graph, op), Where(*r.graph, op), n.known ? n.macs : NAN,
                           n.known ? n.flops : NAN, n.known ? n.bytes() : NAN}});
  }
  return table;
}

}  // namespace

Document MakeReportDocument(const Report& report, const ReportOptions& options) {
  (void)options;
  Document d{.schema = "", .title = ShownFile(report.file)};
  if (report.analysis.numbers != nullptr) d.Add(Operators(report));
  return d;
}

}  // namespace assay
