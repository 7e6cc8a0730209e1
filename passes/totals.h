// From estimates of kernels to that of a model: what a full run (passes/estimate.h) and a sweep
// (passes/resample.h) share, so that they say the same.
#ifndef ASSAY_PASSES_TOTALS_H_
#define ASSAY_PASSES_TOTALS_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "hw/estimate.h"
#include "passes/estimate.h"
#include "passes/facts.h"

namespace assay {

// Sums of the kernels' estimates, in id order.
class Totals {
 public:
  void Add(const Partition::KernelOps& ops, const KernelEstimate& e) {
    Add(ops.multiplicity, static_cast<double>(ops.ops.size()), e);
  }
  // A kernel of so many operators that runs so often.
  void Add(double multiplicity, double ops, const KernelEstimate& e);

  // The kernels are done after `device` seconds, some side by side: each counts for as much less.
  void RunTogether(double device);

  void Finish(const Platform& platform, ModelEstimate* out);

 private:
  BoundShare& ShareOf(absl::string_view resource, Bound bound);

  double device_ = 0, low_ = 0, high_ = 0, host_ = 0, busy_ = 0, ops_ = 0;
  std::vector<BoundShare> shares_;
  std::vector<ResourceUse> parts_;
};

// What fits where: from `weights_bytes` and `activation_bytes`.
void FitLevels(ModelEstimate* e);

}  // namespace assay

#endif  // ASSAY_PASSES_TOTALS_H_
