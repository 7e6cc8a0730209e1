// One target's section of a report:
//
//   h100-sxm: NVIDIA H100 SXM5 80 GB, runtime ideal, precision as in the model, uncalibrated
//     latency       160.2 us, between 57.23 us and 2.003 ms; 6240 samples/s
//     limited by    vector fp32 61.7 %, launch 38.3 % of the time
//     by time       compute 61.7 %, bandwidth 0.0 %, overhead 38.3 %
//     by operators  compute 41.7 %, bandwidth 0.0 %, overhead 58.3 %
//     ridge point   fp32 20.00 FLOP/B
//     utilization   33.9 % of peak over 31 kernels (fusion greedy)
//     energy        14.22 mJ: idle 8.012 mJ, vector fp32 4.726 mJ, ..., HBM3 1.487 mJ
//     memory        weights 46.74 MB fit in L2 (52.43 MB); activations 4.014 MB fit in L2 ...
//     filled        batch 2 is the least with work for 90.0 % of the units by MACs; at batch 1 ...
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "analyzer/report_blocks.h"
#include "analyzer/text_table.h"
#include "analyzer/units.h"
#include "hw/estimate.h"
#include "hw/fill.h"

namespace assay {
namespace {

std::string Limits(const ModelEstimate& e) {
  std::vector<std::string> parts;
  for (const BoundShare& b : e.bounds) {
    parts.push_back(absl::StrCat(b.resource, " ", Percent(b.time_share)));
  }
  return absl::StrJoin(parts, ", ");
}

std::string Classes(const double (&share)[3]) {
  std::vector<std::string> parts;
  for (Bound b : {Bound::kCompute, Bound::kBandwidth, Bound::kOverhead}) {
    parts.push_back(absl::StrCat(Name(b), " ", Percent(share[static_cast<int>(b)])));
  }
  return absl::StrJoin(parts, ", ");
}

// Of the formats that the model's contractions were multiplied in.
std::string RidgePoints(const ModelEstimate& e) {
  std::vector<Math> maths;
  for (const KernelEstimate& k : e.results) {
    if (k.fallback) continue;
    if (std::find(maths.begin(), maths.end(), k.mapping.math) == maths.end()) {
      maths.push_back(k.mapping.math);
    }
  }
  std::sort(maths.begin(), maths.end());
  std::vector<std::string> parts;
  for (Math math : maths) {
    double ridge = e.platform->target->RidgePoint(math);
    if (ridge > 0) parts.push_back(absl::StrCat(Name(math), " ", Ratio(ridge), " FLOP/B"));
  }
  return absl::StrJoin(parts, ", ");
}

// "NonMaxSuppression x1, TopK x2: 0.3 % of the MACs, 4.1 % of the time; 12.3 MB over PCIe".
std::string FallbackText(const Fallback& f) {
  std::vector<std::string> lacking;
  int ops = 0;
  for (const auto& [type, count] : f.lacking) {
    lacking.push_back(absl::StrCat(Printable(type), " x", count));
    ops += count;
  }
  std::string text = absl::StrJoin(lacking, ", ");
  if (f.ops > ops) {
    absl::StrAppend(&text, " and ", Plural(f.ops - ops, "operator"), " that follow from there");
  }
  absl::StrAppend(&text, ": ", Percent(f.mac_share), " of the MACs, ", Percent(f.time_share),
                  " of the time; ");
  return absl::StrCat(text, f.host.link == nullptr
                                ? std::string("in shared memory")
                                : absl::StrCat(Bytes(f.bytes), " over ", f.host.link->name));
}

std::string EnergyText(const ModelEstimate& e) {
  if (!e.energy.joules.has_value()) return "not known: the target has no energy data";
  std::string text = Joules(*e.energy.joules);
  if (e.power_w.has_value()) {
    absl::StrAppend(&text, " at ", Ratio(*e.power_w), " W",
                    e.platform->share.instances > 1 ? " of all instances" : "",
                    e.above_design_power ? " (above the design power: not a fact)" : "");
  } else if (e.above_design_power) {
    text += " (more than the design power allows: not a fact)";
  }
  std::vector<std::string> parts;
  for (const EnergyPart& part : e.energy.parts) {
    parts.push_back(
        absl::StrCat(part.name, " ", part.joules.has_value() ? Joules(*part.joules) : "?"));
  }
  return absl::StrCat(text, ": ", absl::StrJoin(parts, ", "));
}

// "fit in L2 (52.43 MB)": the innermost level that holds it.
std::string FitsIn(const ModelEstimate& e, std::optional<bool> LevelFit::*what) {
  const std::vector<MemoryLevel>& memory = e.platform->target->memory;
  for (const LevelFit& fit : e.levels) {
    const MemoryLevel& level = memory[static_cast<size_t>(fit.level)];
    const bool outermost = &fit == &e.levels.back();
    if (outermost && !fit.both.has_value()) {
      return absl::StrCat("need ", level.name, ", of unknown size");
    }
    if (!(fit.*what).value_or(false) && !outermost) continue;
    return absl::StrCat((fit.*what).value_or(false) ? "fit in " : "do not fit in ", level.name,
                        " (", Bytes(fit.bytes),
                        level.scope == "shared" ? "" : absl::StrCat(" of each ", level.scope), ")");
  }
  return "";
}

std::string FitText(const Report& report, const ModelEstimate& e) {
  const std::string weights = FitsIn(e, &LevelFit::weights);
  const std::string activations = FitsIn(e, &LevelFit::activations);
  const std::string both = FitsIn(e, &LevelFit::both);
  std::string text =
      weights == both && activations == both
          ? absl::StrCat("weights ", Bytes(e.weights_bytes), " and activations ",
                         Bytes(e.activation_bytes), " together ", both)
          : absl::StrCat("weights ", Bytes(e.weights_bytes), " ", weights, "; activations ",
                         Bytes(e.activation_bytes), " ", activations, "; both ", both);
  if (report.analysis.memory->unknown_values > 0) {
    absl::StrAppend(&text, ", not counting what is of unknown size");
  }
  return text;
}

// "132 SMs"; of several classes "12 units".
std::string Units(const Target& target, double count) {
  return Plural(static_cast<int64_t>(count),
                target.units.size() == 1 ? absl::string_view(target.units[0].name) : "unit");
}

std::string FillText(const ModelEstimate& e) {
  return absl::StrCat(
      e.fill->batch > 0 ? absl::StrCat("batch ", e.fill->batch, " is the least with")
                        : absl::StrCat("no batch up to ", kMostFillBatch, " has"),
      " work for ", Percent(kFilledShare), " of the units by MACs; at batch ", Count(e.batch), " ",
      Percent(e.fill->share), ", in the median contraction ", Count(e.fill->median_units), " of ",
      Units(*e.platform->target, e.fill->units));
}

std::string CoresText(const CoreShare& share) {
  if (share.cores == 0) return "";
  return absl::StrCat(
      ", ", Plural(share.cores, "core"),
      share.instances > 1 ? absl::StrCat(" x ", share.instances, " instances") : "");
}

// "0.97 = tile 1 x wave 0.97"
std::string Factors(const Mapping& mapping) {
  std::vector<std::string> parts;
  for (const Factor& f : mapping.factors)
    parts.push_back(absl::StrCat(f.name, " ", Ratio(f.value)));
  return absl::StrCat(Ratio(mapping.utilization), parts.empty() ? "" : " = ",
                      absl::StrJoin(parts, " x "));
}

// "128x128x16", "64x64x16 / 4" where the sum is cut in four.
std::string TileText(const Mapping& mapping) {
  if (mapping.tile_m == 0) return "";
  return absl::StrCat(mapping.tile_m, "x", mapping.tile_n, "x", mapping.tile_k,
                      mapping.split_k > 1 ? absl::StrCat(" / ", mapping.split_k) : "");
}

// "2 blocks, 25.0 % of threads, by shared memory".
std::string Resident(const Occupancy& o) {
  if (o.blocks == 0) return "";
  return absl::StrCat(Plural(static_cast<int64_t>(o.blocks), "block"), ", ", Percent(o.share),
                      " of threads, by ", o.limit);
}

}  // namespace

Table MappingTable(const Report& report, const ModelEstimate& e) {
  const Target& target = *e.platform->target;
  const Partition& partition = *report.analysis.partitions[e.partition];
  Table table{
      .key = "kernels",
      .title = absl::StrCat("kernels on ", target.name, " (", Units(target, target.unit_count()),
                            "), fusion ", partition.key.policy),
      .columns = {
          {"id", "id", Quantity::kKernelId},
          {"kernel", "kernel"},
          {"time_s", "time", Quantity::kSeconds},
          {"limit", "limit", Quantity::kText, false, true},
          {"engine", "engine", Quantity::kText, false, true},
          {"block", "block", Quantity::kText, false, true},
          {"units_used", "units", Quantity::kCount},
          {"waves", "waves", Quantity::kCount},
          {"resident", "held by a unit", Quantity::kText, false, true},
          {"factors", "share of peak that the mapping leaves", Quantity::kText, false, true}}};
  for (size_t k = 0; k < partition.kernels.size(); ++k) {
    const Partition::KernelOps& kernel = partition.kernels[k];
    const KernelEstimate& t = e.results[k];
    const Mapping& m = t.mapping;
    table.rows.push_back(
        {{static_cast<int64_t>(k), kernel.name, t.seconds * kernel.multiplicity, t.limit,
          absl::StrCat(Name(m.engine), " ", Name(m.math)), TileText(m), m.units_used,
          m.tasks > 0 ? m.waves : NAN, Resident(m.occupancy), Factors(m)}});
  }
  return table;
}

std::string TargetText(const ModelEstimate& e) {
  const Platform& p = *e.platform;
  absl::string_view precision = p.precision->name;
  if (precision == "model") precision = "as in the model";
  return absl::StrCat(p.target->title, CoresText(p.share), ", runtime ", p.runtime->name,
                      ", precision ", precision, ", ", p.calibration_label);
}

Facts TargetFacts(const Report& report, const ModelEstimate& e) {
  const Platform& p = *e.platform;
  const Partition& partition = *report.analysis.partitions[e.partition];
  Facts facts{.title = absl::StrCat(p.target->name, ": ", TargetText(e))};
  auto add = [&](absl::string_view name, std::string text, Ink ink = Ink::kPlain) {
    facts.figures.push_back({.title = std::string(name), .value = std::move(text), .ink = ink});
  };
  add("latency",
      absl::StrCat(Seconds(e.latency_s), ", between ", Seconds(e.latency_low_s), " and ",
                   Seconds(e.latency_high_s), "; ", Count(std::round(e.throughput_per_s)),
                   " samples/s", p.share.instances > 1 ? " of all instances" : ""));
  if (!e.bounds.empty()) add("limited by", absl::StrCat(Limits(e), " of the time"));
  add("by time", Classes(e.time_share));
  add("by operators", Classes(e.op_share));
  add("ridge point", RidgePoints(e));
  add("utilization", absl::StrCat(Percent(e.utilization), " of peak over ",
                                  Plural(static_cast<int64_t>(partition.kernels.size()), "kernel"),
                                  " (fusion ", partition.key.policy, ")"));
  if (e.fallback.has_value()) add("falls back", FallbackText(*e.fallback));
  add("energy", EnergyText(e));
  add("memory", FitText(report, e), e.fits.value_or(true) ? Ink::kPlain : Ink::kWarning);
  if (e.fill.has_value()) add("filled", FillText(e));
  if (e.unknown_kernels > 0) {
    add("unknown",
        absl::StrCat(e.unknown_kernels,
                     " kernels whose work is not known: only their overhead is in the latency"),
        Ink::kWarning);
  }
  return facts;
}

Table TargetTable(const Report& report) {
  Table table{.key = "targets",
              .title = "targets",
              .columns = {{"target", "target"},
                          {"runtime", "runtime"},
                          {"precision", "precision"},
                          {"latency_s", "latency", Quantity::kSeconds},
                          {"latency_low_s", "at least", Quantity::kSeconds},
                          {"latency_high_s", "at most", Quantity::kSeconds},
                          {"throughput_per_s", "samples", Quantity::kPerSecond},
                          {"energy_j", "energy", Quantity::kJoules},
                          {"power_w", "power", Quantity::kWatts},
                          {"utilization", "of peak", Quantity::kShare},
                          {"limit", "limited by"},
                          {"fits", "fits"}}};
  for (const auto& made : report.analysis.estimates) {
    const ModelEstimate& e = *made;
    const Platform& p = *e.platform;
    table.rows.push_back({{p.target->name, p.runtime->name, p.precision->name, e.latency_s,
                           e.latency_low_s, e.latency_high_s, e.throughput_per_s,
                           e.energy.joules.value_or(NAN), e.power_w.value_or(NAN), e.utilization,
                           e.bounds.empty() ? Cell() : Cell(e.bounds[0].resource),
                           e.fits.has_value() ? Cell(*e.fits) : Cell(NAN)}});
  }
  return table;
}

}  // namespace assay
