#include "analyzer/figures.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "analyzer/digest.h"
#include "analyzer/units.h"
#include "hw/estimate.h"
#include "hw/target.h"

namespace assay {
namespace {

ResourceSum& Of(std::vector<ResourceSum>& sums, absl::string_view name) {
  for (ResourceSum& s : sums) {
    if (s.name == name) return s;
  }
  sums.push_back({.name = std::string(name)});
  return sums.back();
}

std::vector<ResourceSum> Resources(const ModelEstimate& e) {
  std::vector<ResourceSum> sums;
  const size_t levels = e.platform->target->memory.size();
  for (const ResourceUse& use : e.parts) {
    sums.push_back({.name = std::string(use.name),
                    .kind = use.is_memory ? ResourceSum::Kind::kMemory
                            : use.outside ? ResourceSum::Kind::kOther
                                          : ResourceSum::Kind::kEngine,
                    .outermost = use.is_memory && static_cast<size_t>(use.level) + 1 == levels,
                    .amount = use.amount,
                    .peak = use.peak});
  }
  for (const BoundShare& b : e.bounds) {
    ResourceSum& s = Of(sums, b.resource);
    s.bound = b.bound;
    s.limited_seconds += b.time_share * e.latency_s;
  }
  std::stable_sort(sums.begin(), sums.end(), [](const ResourceSum& a, const ResourceSum& b) {
    return a.limited_seconds > b.limited_seconds;
  });
  return sums;
}

// What limits most within a class; null when nothing does.
const ResourceSum* Dominant(const EstimateFigures& e, Bound bound) {
  for (const ResourceSum& r : e.resources) {
    if (r.bound == bound && r.limited_seconds > 0) return &r;
  }
  return nullptr;
}

// What does the same on another machine: the level of that name, else the outermost; the engine
// that limits most, else the one of that name.
const ResourceSum* Counterpart(const EstimateFigures& e, const ResourceSum& of) {
  if (of.kind == ResourceSum::Kind::kOther) return nullptr;
  for (const ResourceSum& r : e.resources) {
    if (r.name == of.name && r.kind == of.kind) return &r;
  }
  for (const ResourceSum& r : e.resources) {
    if (r.kind != of.kind || r.amount <= 0) continue;
    if (r.kind == ResourceSum::Kind::kEngine || r.outermost == of.outermost) return &r;
  }
  return nullptr;
}

std::string Rate(const ResourceSum& r) {
  return r.kind == ResourceSum::Kind::kMemory
             ? absl::StrCat(Bytes(r.peak), "/s")
             : absl::StrCat(Count(r.peak), r.peak < 10000 ? " op/s" : "op/s");
}

// "vector fp32 does 67.00 Top/s for h100-sxm, 8.100 Top/s for t4, 8.3 times as much".
std::string RateReason(const EstimateFigures& fast, absl::string_view fast_name,
                       const EstimateFigures& slow, absl::string_view slow_name, Bound bound) {
  const ResourceSum* there = Dominant(slow, bound);
  if (there == nullptr) return "";
  const ResourceSum* here = Counterpart(fast, *there);
  if (here == nullptr || here->peak <= 0 || there->peak <= 0) {
    return absl::StrCat(there->name, " for ", slow_name);
  }
  const absl::string_view does = here->kind == ResourceSum::Kind::kMemory ? "moves" : "does";
  if (here->peak == there->peak && here->name == there->name) {
    std::string text = absl::StrCat(here->name, ", the same in both");
    if (here->amount < 0.95 * there->amount) {
      absl::StrAppend(&text, ", is asked for ", Times(there->amount / here->amount), " less");
    }
    return text;
  }
  std::string text =
      absl::StrCat(here->name, " ", does, " ", Rate(*here), " for ", fast_name, ", ");
  if (here->name != there->name) absl::StrAppend(&text, there->name, " ");
  absl::StrAppend(&text, Rate(*there), " for ", slow_name);
  if (here->peak > there->peak) {
    absl::StrAppend(&text, ", ", Times(here->peak / there->peak), " as much");
  }
  if (here->amount > 0 && here->amount < 0.8 * there->amount) {
    absl::StrAppend(&text, ", and is asked for ", Times(there->amount / here->amount), " less");
  }
  return text;
}

std::string ClassReason(const EstimateFigures& fast, absl::string_view fast_name,
                        const EstimateFigures& slow, absl::string_view slow_name, Bound bound) {
  if (bound != Bound::kOverhead) return RateReason(fast, fast_name, slow, slow_name, bound);
  if (slow.launches == fast.launches) {
    return absl::StrCat("of ", Count(slow.launches), " kernels");
  }
  return absl::StrCat("of ", Count(fast.launches), " kernels against ", Count(slow.launches));
}

}  // namespace

std::string BoundTime(Bound bound) { return absl::StrCat(Name(bound), "-bound time"); }

std::string SecondsOrNone(double seconds) { return seconds > 0 ? Seconds(seconds) : "none"; }

std::string Times(double ratio) {
  if (!(ratio < 1e6)) return "very many times";
  const int digits = ratio < 9.95 ? 2 : ratio < 99.5 ? 1 : 0;
  return absl::StrFormat("%.*f times", digits, ratio);
}

std::string EnergyGaps(const ModelEstimate& e) {
  std::vector<absl::string_view> gaps;
  for (const EnergyPart& part : e.energy.parts) {
    if (!part.joules.has_value()) gaps.push_back(part.name);
  }
  return e.energy.joules.has_value() ? absl::StrJoin(gaps, ", ") : "";
}

std::string EnergyNote(absl::Span<const MachineGaps> machines) {
  std::vector<std::string> told;
  for (const auto& [machine, gaps] : machines) {
    std::string text = absl::StrCat(machine, " (", gaps, ")");
    if (!gaps.empty() && !absl::c_linear_search(told, text)) told.push_back(std::move(text));
  }
  if (told.empty()) return "";
  return absl::StrCat(
      "energy is the least that it can be, as the target does not state all of it: ",
      absl::StrJoin(told, "; "));
}

EstimateFigures FiguresOf(const Report& report, const ModelEstimate& e) {
  const Partition& partition = *report.analysis.partitions[e.partition];
  EstimateFigures f{.target = e.platform->target->name,
                    .runtime = e.platform->runtime->name,
                    .precision = std::string(e.platform->precision->name),
                    .calibration = e.platform->calibration_label,
                    .machine = NameOf(*e.platform),
                    .calibrated = e.platform->calibration != nullptr,
                    .latency_s = e.latency_s,
                    .latency_low_s = e.latency_low_s,
                    .latency_high_s = e.latency_high_s,
                    .throughput_per_s = e.throughput_per_s,
                    .energy_j = e.energy.joules.value_or(NAN),
                    .power_w = e.power_w.value_or(NAN),
                    .no_energy = EnergyGaps(e),
                    .utilization = e.utilization,
                    .resources = Resources(e),
                    .memory_needed_bytes = e.memory_needed_bytes,
                    .memory_bytes = e.memory_bytes,
                    .fits = e.fits,
                    .unknown_kernels = e.unknown_kernels};
  for (int c = 0; c < 3; ++c) f.class_seconds[c] = e.time_share[c] * e.latency_s;
  if (e.fallback.has_value()) {
    f.fallback_macs = e.fallback->mac_share;
    f.fallback_time = e.fallback->time_share;
  }
  for (size_t k = 0; k < e.results.size(); ++k) {
    if (e.results[k].seconds > 0) f.launches += partition.kernels[k].multiplicity;
  }
  return f;
}

std::string UnknownNote(const ModelFigures& m) {
  if (m.unknown_ops <= 0) return "";
  return absl::StrCat(m.file, ": the work of ",
                      Plural(static_cast<int64_t>(m.unknown_ops), "operator"),
                      " is not known, and in no number");
}

ModelFigures FiguresOf(const Report& report) {
  const Analysis& a = report.analysis;
  const OpNumbers& total = a.numbers->total;
  ModelFigures f{.file = ShownFile(report.file),
                 .point = report.point.empty() ? "" : PointDigest(report.point),
                 .ops = static_cast<double>(a.numbers->running_ops),
                 .unknown_ops = static_cast<double>(a.numbers->unknown_ops),
                 .macs = total.macs,
                 .flops = total.flops,
                 .parameters = static_cast<double>(a.works->parameters),
                 .weight_bytes = static_cast<double>(a.works->weight_bytes),
                 .bytes = total.bytes(),
                 .bytes_fused = report.partition->bytes_fused,
                 .peak_bytes = report.plan->memory.peak_activation_bytes,
                 .kernels = static_cast<double>(report.partition->kernels.size())};
  if (a.concurrency->width >= 0) f.width = a.concurrency->width;
  for (const auto& estimate : a.estimates) f.estimates.push_back(FiguresOf(report, *estimate));
  return f;
}

bool Overlap(const EstimateFigures& a, const EstimateFigures& b) {
  return a.latency_low_s <= b.latency_high_s && b.latency_low_s <= a.latency_high_s;
}

std::string WhyFaster(const EstimateFigures& fast, absl::string_view fast_name,
                      const EstimateFigures& slow, absl::string_view slow_name) {
  const double gain = slow.latency_s - fast.latency_s;
  if (!(gain > 0)) return "";
  std::vector<int> classes = {0, 1, 2};
  const auto gain_of = [&](int c) { return slow.class_seconds[c] - fast.class_seconds[c]; };
  std::stable_sort(classes.begin(), classes.end(),
                   [&](int a, int b) { return gain_of(a) > gain_of(b); });
  std::vector<std::string> parts;
  for (int c : classes) {
    const double share = gain_of(c) / gain;
    const auto bound = static_cast<Bound>(c);
    const std::string amounts = absl::StrCat(SecondsOrNone(fast.class_seconds[c]), " against ",
                                             SecondsOrNone(slow.class_seconds[c]));
    if (share >= 0.2) {
      std::string text =
          absl::StrCat(share > 0.995 ? std::string("the whole difference") : Percent(share), " ",
                       parts.empty() && share <= 0.995 ? "of the difference is " : "is ",
                       BoundTime(bound), ", ", amounts);
      if (!parts.empty()) text = absl::StrCat(Percent(share), " ", BoundTime(bound), ", ", amounts);
      const std::string reason = ClassReason(fast, fast_name, slow, slow_name, bound);
      if (!reason.empty()) absl::StrAppend(&text, " (", reason, ")");
      parts.push_back(std::move(text));
    } else if (share <= -0.1) {
      parts.push_back(absl::StrCat("against it ", BoundTime(bound), ", ", amounts));
    }
  }
  if (slow.calibrated != fast.calibrated) {
    parts.push_back(absl::StrCat(
        "the time of ", fast.calibrated ? fast_name : slow_name, " rests on measurements, that of ",
        fast.calibrated ? slow_name : fast_name, " on the data sheet alone"));
  }
  if (slow.fallback_time > fast.fallback_time + 0.1) {
    parts.push_back(absl::StrCat(slow_name, " leaves ", Percent(slow.fallback_macs),
                                 " of the MACs to its host, which takes ",
                                 Percent(slow.fallback_time), " of its time"));
  }
  return absl::StrJoin(parts, "; ");
}

}  // namespace assay
