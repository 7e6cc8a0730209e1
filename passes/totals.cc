#include "passes/totals.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace assay {

void Totals::Add(double multiplicity, double ops, const KernelEstimate& e) {
  const double n = multiplicity;
  device_ += n * e.seconds;
  low_ += n * e.low;
  high_ += n * e.high;
  host_ += n * e.host_seconds;
  busy_ += n * e.seconds * e.utilization;
  if (e.seconds <= 0) return;  // in place
  BoundShare& share = ShareOf(e.limit, e.bound);
  share.time_share += n * e.seconds;
  share.op_share += ops;
  ops_ += ops;
  for (const ResourceUse& part : e.parts) {
    const auto it = std::find_if(parts_.begin(), parts_.end(),
                                 [&](const ResourceUse& p) { return p.name == part.name; });
    if (it == parts_.end()) {
      parts_.push_back(part);
      parts_.back().amount *= n;
      parts_.back().seconds *= n;
    } else {
      it->amount += n * part.amount;
      it->seconds += n * part.seconds;
      it->peak = std::max(it->peak, part.peak);
    }
  }
}

void Totals::RunTogether(double device) {
  const double together = device_ > 0 ? device / device_ : 1;
  for (double* seconds : {&device_, &low_, &high_}) *seconds *= together;
  for (BoundShare& share : shares_) share.time_share *= together;
}

void Totals::Finish(const Platform& platform, ModelEstimate* out) {
  const double per_run =
      platform.runtime->graph_capture ? 0 : platform.runtime->host_per_run.value_or(0);
  out->latency_s = per_run + std::max(device_, host_);
  out->latency_low_s = std::min(out->latency_s, per_run + low_);
  out->latency_high_s = std::max(out->latency_s, per_run + high_);
  if (const double idle = out->latency_s - device_; idle > 0) {
    ShareOf("host", Bound::kOverhead).time_share += idle;
  }
  for (BoundShare& share : shares_) {
    if (out->latency_s > 0) share.time_share /= out->latency_s;
    if (ops_ > 0) share.op_share /= ops_;
    out->time_share[static_cast<int>(share.bound)] += share.time_share;
    out->op_share[static_cast<int>(share.bound)] += share.op_share;
  }
  std::stable_sort(shares_.begin(), shares_.end(), [](const BoundShare& a, const BoundShare& b) {
    return a.time_share > b.time_share;
  });
  out->bounds = std::move(shares_);
  out->utilization = out->latency_s > 0 ? busy_ / out->latency_s : 0;
  const auto instances = static_cast<double>(platform.share.instances);
  out->throughput_per_s = out->latency_s > 0 ? instances * out->batch / out->latency_s : 0;

  out->parts = std::move(parts_);
  out->energy = EnergyOf(*platform.target, out->latency_s, out->parts);
  if (out->energy.joules.has_value() && out->latency_s > 0) {
    // What the known parts draw is the least that it can be.
    const double watts = *out->energy.joules / out->latency_s;
    if (out->energy.complete) out->power_w = watts * instances;
    const Datum& design = platform.target->design_power;
    // (Kernels at the limit add up to it but for rounding.)
    out->above_design_power = design.known && watts > design.value * (1 + 1e-9);
  }
}

BoundShare& Totals::ShareOf(absl::string_view resource, Bound bound) {
  for (BoundShare& share : shares_) {
    if (share.resource == resource && share.bound == bound) return share;
  }
  return shares_.emplace_back(BoundShare{std::string(resource), bound});
}

void FitLevels(ModelEstimate* e) {
  e->memory_needed_bytes = e->weights_bytes + e->activation_bytes;
  const std::vector<MemoryLevel>& memory = e->platform->target->memory;
  for (size_t i = 0; i < memory.size(); ++i) {
    if (memory[i].role == MemoryRole::kRegisters) continue;
    LevelFit& fit = e->levels.emplace_back(LevelFit{.level = static_cast<int>(i)});
    if (!memory[i].size.known) continue;
    fit.bytes = memory[i].size.value;
    fit.weights = e->weights_bytes <= fit.bytes;
    fit.activations = e->activation_bytes <= fit.bytes;
    fit.both = e->memory_needed_bytes <= fit.bytes;
  }
  if (e->levels.empty()) return;
  e->fits = e->levels.back().both;
  e->memory_bytes = e->levels.back().bytes;
}

}  // namespace assay
