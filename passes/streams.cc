#include "passes/streams.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace assay {
namespace {

// The busiest resource's time.
double LeastSeconds(const Partition& partition, const Target& target,
                    absl::Span<const KernelEstimate> results) {
  const double units = target.unit_count();
  absl::flat_hash_map<absl::string_view, double> busy;
  for (size_t k = 0; k < results.size(); ++k) {
    const KernelEstimate& e = results[k];
    const double in_use = units > 0 ? std::min(1.0, e.units_used / units) : 1;
    for (const ResourceUse& part : e.parts) {
      const bool shared =
          part.outside ||
          (part.is_memory && target.memory[static_cast<size_t>(part.level)].scope == "shared");
      busy[part.name] += partition.kernels[k].multiplicity * part.seconds * (shared ? 1 : in_use);
    }
  }
  double most = 0;
  for (const auto& [name, seconds] : busy) most = std::max(most, seconds);
  return most;
}

}  // namespace

StreamSchedule ScheduleOnStreams(const Graph& graph, const Partition& partition,
                                 const Target& target, absl::Span<const KernelEstimate> results,
                                 int streams) {
  StreamSchedule out;
  out.stream.resize(results.size(), 0);
  out.start.resize(results.size(), 0);
  out.seconds.resize(results.size(), 0);
  std::vector<double> free_at(static_cast<size_t>(std::max(streams, 1)), 0), ready_at;
  if (streams > 1) ready_at.resize(graph.num_values(), 0);
  for (size_t k = 0; k < results.size(); ++k) {
    const Partition::KernelOps& ops = partition.kernels[k];
    const auto stream = std::min_element(free_at.begin(), free_at.end());
    double at = *stream;
    if (streams > 1) {
      for (ValueId v : ops.reads) at = std::max(at, ready_at[v.index]);
    }
    out.stream[k] = static_cast<int>(stream - free_at.begin());
    out.start[k] = at;
    out.seconds[k] = ops.multiplicity * results[k].seconds;
    at += out.seconds[k];
    if (streams > 1) {
      for (ValueId v : ops.writes) ready_at[v.index] = at;
    }
    *stream = at;
    out.end = std::max(out.end, at);
  }
  if (streams <= 1 || out.end <= 0) return out;
  const double least = LeastSeconds(partition, target, results);
  if (least <= out.end) return out;
  for (std::vector<double>* times : {&out.start, &out.seconds}) {
    for (double& t : *times) t *= least / out.end;
  }
  out.end = least;
  return out;
}

double SecondsOnStreams(const Graph& graph, const Partition& partition, const Target& target,
                        absl::Span<const KernelEstimate> results, int streams) {
  return ScheduleOnStreams(graph, partition, target, results, streams).end;
}

}  // namespace assay
