#include "analyzer/report.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "analyzer/groups.h"
#include "ir/graph.h"
#include "passes/analysis.h"

namespace assay {
namespace {

std::vector<OpaqueOps> Opaque(const Graph& graph, const Execution& execution) {
  std::vector<OpaqueOps> all;
  absl::flat_hash_map<std::string, size_t> index;
  for (int i = 0; i < graph.num_ops(); ++i) {
    OpId op(i);
    if (graph.op(op).row != nullptr || !execution.runs(op)) continue;
    std::string type = QualifiedType(graph, op);
    auto [at, fresh] = index.try_emplace(type, all.size());
    if (fresh) all.push_back({.type = type, .first = op});
    ++all[at->second].count;
  }
  return all;
}

}  // namespace

const ModelEstimate* FirstEstimate(const Report& report) {
  return report.analysis.estimates.empty() ? nullptr : report.analysis.estimates[0].get();
}

const Partition* FirstPartition(const Report& report) {
  const ModelEstimate* estimate = FirstEstimate(report);
  return estimate == nullptr ? report.partition
                             : report.analysis.partitions[estimate->partition].get();
}

double ShareOfLatency(const ModelEstimate& estimate, double seconds) {
  return estimate.latency_s > 0 ? seconds / estimate.latency_s : NAN;
}

std::vector<double> SecondsByOp(const Report& report, const ModelEstimate& estimate) {
  const Partition& partition = *report.analysis.partitions[estimate.partition];
  std::vector<double> seconds(report.graph->num_ops());
  for (size_t k = 0; k < partition.kernels.size(); ++k) {
    const Partition::KernelOps& kernel = partition.kernels[k];
    seconds[kernel.main().index] += estimate.results[k].seconds * kernel.multiplicity;
  }
  return seconds;
}

std::vector<OpId> DearestOps(const Report& r) {
  const Analysis& a = r.analysis;
  std::vector<OpId> ops;
  for (int i = 0; i < r.graph->num_ops(); ++i) {
    if (a.execution->runs(OpId(i)) && a.numbers->of(OpId(i)).known) ops.emplace_back(i);
  }
  auto cost = [&](OpId op) {
    const OpNumbers& n = a.numbers->of(op);
    double seconds = r.op_seconds.empty() ? 0 : r.op_seconds[op.index];
    return std::make_tuple(-seconds, -n.flops, -n.bytes(), op.index);
  };
  std::sort(ops.begin(), ops.end(), [&](OpId x, OpId y) { return cost(x) < cost(y); });
  return ops;
}

std::vector<Group> TypesOf(const Report& report) {
  std::vector<Group> types = RollUp(report, "type", 1);
  std::stable_sort(types.begin(), types.end(), Dearer);
  return types;
}

std::string QualifiedType(const Graph& graph, OpId op) {
  const Op& o = graph.op(op);
  absl::string_view domain = graph.str(o.domain);
  return domain.empty() ? std::string(graph.str(o.type))
                        : absl::StrCat(domain, ".", graph.str(o.type));
}

double Report::bytes() const {
  return analysis.numbers == nullptr ? 0 : analysis.numbers->total.bytes();
}

std::string ShownFile(const std::string& file) { return file == "-" ? "<stdin>" : file; }

absl::Status WithFile(const std::string& file, const absl::Status& error) {
  const std::string shown = ShownFile(file);
  if (absl::StartsWith(error.message(), shown)) return error;
  return absl::Status(error.code(), absl::StrCat(shown, ": ", error.message()));
}

void Summarize(Report* report) {
  const Graph& graph = *report->graph;
  const Analysis& a = report->analysis;
  if (a.shapes != nullptr) {
    report->diagnostics.insert(report->diagnostics.end(), a.shapes->diagnostics.begin(),
                               a.shapes->diagnostics.end());
  }
  if (a.execution != nullptr) report->opaque = Opaque(graph, *a.execution);
  if (a.execution == nullptr || a.numbers == nullptr) return;
  if (const ModelEstimate* estimate = FirstEstimate(*report); estimate != nullptr) {
    report->op_seconds = SecondsByOp(*report, *estimate);
  }
}

}  // namespace assay
