// Fitting what a runtime achieves on a machine to measured runs: robust non-linear least squares
// over the logarithms of the numbers in Achieved, each held near a prior, so that what the data do
// not determine stays there.
//
//   minimise  sum over runs of rho(ln(predicted / measured) / noise)
//           + sum over parameters of (ln(parameter / prior) / spread)^2
//
// with rho(x) = 2 (sqrt(1 + x^2) - 1), quadratic near 0 and linear far out, so that a wrong
// measurement pulls with a bounded force. Levenberg-Marquardt by Eigen, from two starts, the
// robust weights renewed four times.
//
// Several machines of one kind are fitted together first (what they share), and then each by itself
// with that as its prior: a machine with few runs stays close to its kin.
#ifndef ASSAY_HW_FIT_H_
#define ASSAY_HW_FIT_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "hw/estimate.h"

namespace assay {

// One measured run of a model on one machine under one runtime.
struct MeasuredRun {
  std::vector<std::pair<KernelCost, double>> kernels;  // and how often each runs
  double fallback = 0;                                 // seconds of those that the host runs
  double host_per_run = 0;                             // seconds besides the kernels'
  bool graph_capture = false;                          // kernels cost the host nothing
  double seconds = 0;                                  // measured
  std::string family;                                  // of models: what is left out together
  std::string machine;                                 // what is fitted by itself
};

// Seconds of the run: kernels one after the other, or the host's dispatch where it is slower.
double SecondsOf(const MeasuredRun& run, const Achieved& achieved);

// Where parameters are held, and how firmly: standard deviations of their logarithms.
struct FitPrior {
  Achieved mean;
  double compute_spread = 0.4, bandwidth_spread = 0.2, half_saturation_spread = 1;
  double launch_spread = 0.7, dispatch_spread = 0.7;
  double kin_spread = 0.5;  // of one machine about all together, times those
  double noise = 0.1;       // of a measurement, likewise
};

// Of the kind of machine; the dispatch is what the runtime says that it is (`host_per_op`), and
// where it reloads the chip between contexts, loading and computing do not overlap at all.
FitPrior PriorOf(const Prior& prior, const Runtime& runtime);

// The best of each machine by `runs` of it, and of all together.
struct Fitted {
  Achieved all;
  std::vector<std::pair<std::string, Achieved>> machines;  // in order of first appearance

  const Achieved& of(absl::string_view machine) const;  // `all` where it has none
};
// Machines are fitted by themselves when one of their runs is `wanted`; empty: all are.
Fitted Fit(absl::Span<const MeasuredRun> runs, const FitPrior& prior,
           const std::vector<bool>& wanted = {});

// By run: ln(predicted / measured), where nothing of its model family (or of its machine: `what`)
// was seen by the fit. 0 for runs that are not wanted.
enum class LeaveOut { kFamily, kMachine };
std::vector<double> HeldOutErrors(absl::Span<const MeasuredRun> runs, const FitPrior& prior,
                                  LeaveOut what, const std::vector<bool>& wanted = {});

}  // namespace assay

#endif  // ASSAY_HW_FIT_H_
