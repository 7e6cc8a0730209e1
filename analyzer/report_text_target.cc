// One target's section of the text report:
//
//   h100-sxm: NVIDIA H100 SXM5 80 GB, runtime ideal, precision as in the model, uncalibrated
//     latency       160.2 us, between 57.23 us and 2.003 ms; 6240 samples/s
//     limited by    vector fp32 61.7 %, launch 38.3 % of the time
//     by time       compute 61.7 %, bandwidth 0.0 %, overhead 38.3 %
//     by operators  compute 41.7 %, bandwidth 0.0 %, overhead 58.3 %
//     ridge point   fp32 20.00 FLOP/B
//     utilization   33.9 % of peak over 31 kernels (fusion greedy)
//     energy        14.22 mJ: idle 8.012 mJ, vector fp32 4.726 mJ, ..., HBM3 1.487 mJ
//     memory        53.16 MB of weights and activations fit in 80.00 GB
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "analyzer/report_text.h"
#include "analyzer/text_table.h"
#include "analyzer/units.h"
#include "hw/estimate.h"

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

std::string EnergyText(const ModelEstimate& e) {
  if (!e.energy.joules.has_value()) return "not known: the target has no energy data";
  std::string text = Joules(*e.energy.joules);
  if (e.power_w.has_value()) {
    absl::StrAppend(&text, " at ", Ratio(*e.power_w), " W",
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

std::string FitText(const Report& report, const ModelEstimate& e) {
  std::string needed = absl::StrCat(Bytes(e.memory_needed_bytes), " of weights and activations");
  if (!e.fits.has_value()) return absl::StrCat(needed, "; the target's memory size is not known");
  std::string text =
      absl::StrCat(needed, *e.fits ? " fit in " : " do not fit in ", Bytes(e.memory_bytes));
  if (report.analysis.memory->unknown_values > 0) {
    absl::StrAppend(&text, ", not counting what is of unknown size");
  }
  return text;
}

}  // namespace

void PrintTarget(const Report& report, const ModelEstimate& e, const TextStyle& style,
                 std::string* out) {
  const Platform& p = *e.platform;
  const Partition& partition = *report.analysis.partitions[e.partition];
  absl::string_view precision = p.precision->name;
  if (precision == "model") precision = "as in the model";
  PrintHeading(style,
               absl::StrCat(p.target->name, ": ", p.target->title, ", runtime ", p.runtime->name,
                            ", precision ", precision, ", ", p.calibration_label),
               out);
  FactList facts;
  facts.Add("latency", absl::StrCat(Seconds(e.latency_s), ", between ", Seconds(e.latency_low_s),
                                    " and ", Seconds(e.latency_high_s), "; ",
                                    Count(std::round(e.throughput_per_s)), " samples/s"));
  facts.Add("limited by", absl::StrCat(Limits(e), " of the time"));
  facts.Add("by time", Classes(e.time_share));
  facts.Add("by operators", Classes(e.op_share));
  facts.Add("ridge point", RidgePoints(e));
  facts.Add("utilization",
            absl::StrCat(Percent(e.utilization), " of peak over ",
                         Plural(static_cast<int64_t>(partition.kernels.size()), "kernel"),
                         " (fusion ", partition.key.policy, ")"));
  facts.Add("energy", EnergyText(e));
  facts.Add("memory", FitText(report, e));
  if (e.unknown_kernels > 0) {
    facts.Add("unknown",
              absl::StrCat(e.unknown_kernels,
                           " kernels whose work is not known: only their overhead is "
                           "in the latency"),
              Ink::kWarning);
  }
  facts.Print(style, 2, out);
}

}  // namespace assay
