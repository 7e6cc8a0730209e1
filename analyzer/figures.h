// What comparing needs of a report, in few numbers, kept when the report itself is gone: many
// models are analysed one after another in the memory of one.
#ifndef ASSAY_ANALYZER_FIGURES_H_
#define ASSAY_ANALYZER_FIGURES_H_

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "analyzer/report.h"
#include "hw/estimate.h"
#include "passes/estimate.h"

namespace assay {

// One resource over a whole run of the model.
struct ResourceSum {
  enum class Kind : uint8_t { kEngine, kMemory, kOther };
  std::string name;  // "vector fp32", "HBM3", "launch", "host"
  Kind kind = Kind::kOther;
  Bound bound = Bound::kOverhead;
  bool outermost = false;      // memory: that which holds the model
  double limited_seconds = 0;  // of the latency, what it limits
  double amount = 0;           // operations or bytes asked of it
  double peak = 0;             // of them per second, as stated
};

// One estimate.
struct EstimateFigures {
  std::string target, runtime, precision, calibration;
  std::string machine;  // the target, and how many of its cores
  bool calibrated = false;
  double latency_s = 0, latency_low_s = 0, latency_high_s = 0;
  double throughput_per_s = 0;
  double energy_j = NAN, power_w = NAN;  // not known
  std::string no_energy;                 // whose energy is not in it: EnergyGaps()
  double utilization = 0;
  double class_seconds[3] = {};        // of the latency, by Bound
  std::vector<ResourceSum> resources;  // by what they limit, most first
  double launches = 0;                 // kernels that take time, as often as they run
  double memory_needed_bytes = 0, memory_bytes = 0;
  std::optional<bool> fits;
  double fallback_macs = 0, fallback_time = 0;  // shares, on the target's host
  int unknown_kernels = 0;
};

// One model, and its estimates in the order of the request.
struct ModelFigures {
  std::string file;
  std::string point;  // where its numbers hold; empty: it has no symbols
  double ops = 0, unknown_ops = 0;
  double macs = 0, flops = 0;
  double parameters = 0, weight_bytes = 0;
  double bytes = 0;        // of every operator by itself
  double bytes_fused = 0;  // of the kernels of --fuse
  double peak_bytes = 0;   // of activations between these kernels
  double kernels = 0;      // of --fuse
  double width = NAN;      // not computed
  std::vector<EstimateFigures> estimates;
};

// "L1, L2": the resources of which the target states no energy, so that the estimate's energy is
// the least that it can be. Empty: none, or nothing of it is known.
std::string EnergyGaps(const ModelEstimate& estimate);

// What to say where energies are the least that they can be, each machine with its gaps once:
// "h100-sxm (L1, L2)". Empty: no machine has gaps.
struct MachineGaps {
  std::string machine, gaps;
};
std::string EnergyNote(absl::Span<const MachineGaps> machines);

// "FILE: the work of 3 operators is not known, and in no number"; empty: that of all is.
std::string UnknownNote(const ModelFigures& model);

// Of a report with all facts.
ModelFigures FiguresOf(const Report& report);
EstimateFigures FiguresOf(const Report& report, const ModelEstimate& estimate);

// Whether the intervals have a latency in common: then which is faster is not certain.
bool Overlap(const EstimateFigures& a, const EstimateFigures& b);

// Where the difference of two latencies lies, the larger share first: "62.0 % of the difference is
// compute, 560.0 us against 99.00 us: vector fp32 does 8.100 Top/s there and 67.00 Top/s here".
// `slow` and `fast` are what to call the two. Empty when there is no difference.
std::string WhyFaster(const EstimateFigures& fast, absl::string_view fast_name,
                      const EstimateFigures& slow, absl::string_view slow_name);

// "overhead-bound time": of kernels that a class limits, as EstimateFigures::class_seconds.
std::string BoundTime(Bound bound);
// "none" of nothing.
std::string SecondsOrNone(double seconds);

// "4.2 times", "12.3 %": how much more `large` is, as people say it.
std::string Times(double ratio);

}  // namespace assay

#endif  // ASSAY_ANALYZER_FIGURES_H_
