#include "analyzer/report_document.h"

#include <cstddef>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "analyzer/digest.h"
#include "analyzer/report_blocks.h"
#include "analyzer/units.h"

namespace assay {
namespace {

constexpr size_t kFormula = 60;  // columns
constexpr size_t kMostRemarks = 100;
constexpr size_t kMostPeakBuffers = 50;

// The first target's answer stands before the model's own figures.
Facts Summary(const Report& r) {
  Facts facts = TotalFacts(r, kFormula);
  if (r.analysis.estimates.empty()) return facts;
  const ModelEstimate& e = *FirstEstimate(r);
  std::vector<Figure> first = {
      {"", absl::StrCat("latency on ", e.platform->target->name), e.latency_s, Quantity::kSeconds,
       absl::StrCat("between ", Seconds(e.latency_low_s), " and ", Seconds(e.latency_high_s))},
      {"", "samples", e.throughput_per_s, Quantity::kPerSecond,
       absl::StrCat("of batch ", Count(e.batch), ", back to back")}};
  facts.figures.insert(facts.figures.begin(), std::make_move_iterator(first.begin()),
                       std::make_move_iterator(first.end()));
  return facts;
}

template <class B>
B Titled(B block, std::string title) {
  block.title = std::move(title);
  return block;
}

}  // namespace

Document MakeOperatorDocument(const Report& r, const ReportOptions& options) {
  Document d;
  if (r.analysis.numbers != nullptr) d.Add(OperatorTable(r, options.all_ops));
  return d;
}

Document MakeReportDocument(const Report& r, const ReportOptions& options, bool page) {
  const Analysis& a = r.analysis;
  Document d{.title = ShownFile(r.file), .subtitle = SourceText(r)};
  if (!r.point.empty() || a.numbers != nullptr) {
    absl::StrAppend(&d.subtitle, "; ", PointDigest(r.point));
  }
  const std::string by = !options.by.empty() ? options.by : page ? "module" : "type";
  if (a.numbers != nullptr) d.Add(Summary(r));
  if (!a.estimates.empty()) d.Add(TargetTable(r));
  for (const auto& e : a.estimates) {
    d.Add(TargetFacts(r, *e));
    if (!page) continue;
    d.Add(RooflineChart(r, *e));
    d.Add(KernelTimeChart(r, *e));
    d.Add(MappingTable(r, *e));
  }
  if (a.numbers != nullptr) {
    d.Add(Titled(TypeTable(r), "by operator type"));
    if (by != "type") {
      if (page) d.Add(GroupChart(r, by, options.depth));
      d.Add(Titled(RollUpTable(r, by, options.depth), absl::StrCat("by ", by)));
    }
  }
  d.Add(Titled(StructureFacts(r), "structure"));
  if (page && a.memory != nullptr) d.Add(MemoryChart(r));
  if (page && a.concurrency != nullptr) d.Add(ConcurrencyChart(r));
  if (a.shapes != nullptr) d.Add(SignatureTable(r));
  if (a.numbers != nullptr) {
    d.Add(DearestTable(r, static_cast<size_t>(options.top)));
    if (page || options.all_ops) d.Add(OperatorTable(r, options.all_ops));
  }
  if (r.partition != nullptr && options.kernels) {
    d.Add(KernelTable(r));
    for (const auto& e : a.estimates) {
      if (!page) d.Add(MappingTable(r, *e));
    }
  }
  if (r.partition != nullptr && r.partition->key.explain) {
    d.Add(UnfusedReasonFacts(r));
    d.Add(UnfusedTable(r));
  }
  if (r.plan != nullptr && options.stages) {
    d.Add(StageTable(r));
    d.Add(SpeedupTable(r));
  }
  if (r.plan != nullptr && options.memory) {
    d.Add(PeakTable(r, kMostPeakBuffers));
    d.Add(TimelineTable(r));
  }
  d.Add(RemarkNotes(r, kMostRemarks));
  return d;
}

}  // namespace assay
