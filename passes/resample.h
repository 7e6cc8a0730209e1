// Estimates at many points of a model's symbols and on many targets, at the cost of the arithmetic.
//
// What does not depend on the point is kept from the first one, the reference: graph, shapes and
// work as expressions, kernels, their order, when each buffer is alive. A point is then one
// evaluation of the expressions, one estimate per kernel, and sums. The numbers are those of a full
// run (RunPasses) at that point, by the same functions:
//
//   Resampler r = ...;                      // resnet50, h100-sxm
//   r.Run({{1}, {2}, ..., {10000}}, 0);     // under a second
//
// What could be decided otherwise at another point, and how that is noticed:
//
//   - fusion compares the sizes of two tensors (a bias is smaller than what it is added to): every
//     comparison that the partition took is recorded, and made again at each point, as is whether a
//     read is empty. Where one comes out otherwise, the partition is made anew there; points that
//     agree with it share it. A policy that searches for the least traffic is asked at every point.
//   - an If whose condition is not known takes its costlier branch, and may have a known condition
//     where sizes are numbers: in models that have one, each point's branches are decided anew, and
//     where one differs, the point is a full run of its own.
//   - order and lifetimes follow from the partition; the host's kernels too.
//
// A sample whose kernels or branches are not those of the reference says `redone`.
//
// Cost per point and target: about a microsecond per kernel; points run side by side.
#ifndef ASSAY_PASSES_RESAMPLE_H_
#define ASSAY_PASSES_RESAMPLE_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ir/graph.h"
#include "passes/analysis.h"
#include "passes/estimate.h"
#include "passes/facts.h"
#include "passes/shapes.h"

namespace assay {

// What a sweep keeps of a ModelEstimate; fields as there.
struct Sample {
  double latency_s = 0, latency_low_s = 0, latency_high_s = 0;
  double throughput_per_s = 0, batch = 1;
  std::optional<double> energy_j, power_w;
  double utilization = 0;
  std::string limit;  // the resource that limits the largest share of the time
  Bound bound = Bound::kOverhead;
  double limit_share = 0;  // of the time
  double time_share[3] = {};
  double weights_bytes = 0, activation_bytes = 0, memory_needed_bytes = 0;
  std::optional<bool> fits;
  int kernels = 0;
  bool redone = false;  // with other kernels or branches than the reference
};

Sample SampleOf(const ModelEstimate& estimate);

class Resampler {
 public:
  // The graph outlives the resampler. `bindings`: what is fixed at all points; other symbols stay
  // symbols. An error is the user's, as of RunPasses.
  static absl::StatusOr<std::unique_ptr<Resampler>> Make(const Graph& graph,
                                                         const Bindings& bindings,
                                                         std::vector<EstimateRequest> requests);
  ~Resampler();

  const Shapes& shapes() const;
  const std::vector<EstimateRequest>& requests() const;
  // In force for samples of this batch.
  const Platform& platform(size_t request, double batch = 1) const;

  // Why the model cannot be at this point: a dimension below zero, an equation that does not hold,
  // a symbol out of its bounds.
  absl::Status Check(const Point& point) const;

  // By point, then by request; the first point is the reference. An error is that of the first
  // point that has one.
  absl::StatusOr<std::vector<Sample>> Run(absl::Span<const Point> points, int threads);

 private:
  struct Impl;
  explicit Resampler(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace assay

#endif  // ASSAY_PASSES_RESAMPLE_H_
