// Time, energy and fit of a whole model on one target under one runtime: the sum of what hw/ says
// of each kernel of the runtime's partition.
#ifndef ASSAY_PASSES_ESTIMATE_H_
#define ASSAY_PASSES_ESTIMATE_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "hw/calibration.h"
#include "hw/estimate.h"
#include "hw/estimate_cache.h"
#include "hw/fallback.h"
#include "hw/kernel.h"
#include "hw/runtime.h"
#include "hw/target.h"
#include "ir/graph.h"
#include "passes/facts.h"
#include "passes/flow.h"

namespace assay {

struct FusionPolicyRow;  // passes/pattern.h

// One column of the report.
struct EstimateRequest {
  std::shared_ptr<const Target> target;
  std::shared_ptr<const Runtime> runtime;          // null: the target's default
  std::string precision;                           // "": as the runtime says
  std::shared_ptr<const Calibration> calibration;  // null: the shipped one that fits, else none
  CoreShare share;                                 // of a CPU: what one instance has
  bool fill = false;                               // also find ModelEstimate::fill
  // Of these same settings, and of one thread: what models before this one asked. Null: none.
  std::shared_ptr<EstimateCache> cache;
};

// A resource, and the share of the model's time or of its kernels that it limits.
struct BoundShare {
  std::string resource;  // "HBM3", "matrix fp16", "launch", ...: KernelEstimate::limit
  Bound bound = Bound::kOverhead;
  double time_share = 0;  // of the sum of kernel times
  double op_share = 0;    // of the ops that run
};

// What one level of the target's memory has room for. Where each unit has one of its own, that one
// counts: no unit reads another's.
struct LevelFit {
  int level = 0;                                   // index into Target::memory
  double bytes = 0;                                // its size
  std::optional<bool> weights, activations, both;  // null: its size is not known
};

// How many samples the target needs (hw/fill.h).
struct Fill {
  // The smallest power of two of samples that gives kFilledShare of the units work, contractions
  // weighted by their multiply-accumulates; 0: not even kMostFillBatch.
  int64_t batch = 0;
  double share = 0;  // of the units, by the same weights, now
  // In use now by the median contraction, and all that have the engine which it runs on.
  double median_units = 0, units = 0;
};

// What of the model runs on the target's host (passes/fallback.h).
struct Fallback {
  // Operators that the target lacks, by name, and how many of each run, in order of first use.
  std::vector<std::pair<std::string, int>> lacking;
  HostSide host;
  int ops = 0;            // in kernels on the host, lacking or beside one
  double mac_share = 0;   // of the model's multiply-accumulates
  double time_share = 0;  // of the latency
  double bytes = 0;       // over the link, both ways
};

// Made by `estimate`, once per request.
struct ModelEstimate {
  int request = 0;    // index into PassRequest::estimates
  int partition = 0;  // index into Analysis::partitions: whose kernels these are
  // Target, runtime, precision and calibration in force; never null once made.
  std::shared_ptr<const Platform> platform;

  // One execution of the model on a single stream: kernels one after the other, in id order, each
  // as often as its multiplicity says, and the host's dispatch where it is the slower. Seconds.
  double latency_s = 0, latency_low_s = 0, latency_high_s = 0;
  double throughput_per_s = 0;    // samples of all instances: batch / latency each, back to back
  double batch = 1;               // axis 0 of the first input at the point
  Energy energy;                  // of the whole run; idle power over all of the latency
  std::optional<double> power_w;  // energy / latency, of all instances; null: energy is not known
  bool above_design_power = false;
  // Time at the stated peak of each kernel's engine / latency: 1 would be a machine never idle.
  double utilization = 0;

  std::vector<BoundShare> bounds;  // by resource, largest share of time first
  std::vector<ResourceUse> parts;  // what each resource is asked for in all
  // The same by class, indexed by Bound: each sums to 1 (when anything runs).
  double time_share[3] = {}, op_share[3] = {};

  // At the precision in force: weights, each once, and the peak of the activations between the
  // kernels of the partition.
  double weights_bytes = 0, activation_bytes = 0;
  std::vector<LevelFit> levels;  // innermost first, without registers
  // Both against the outermost level.
  std::optional<bool> fits;  // null: its size is not known
  double memory_needed_bytes = 0, memory_bytes = 0;

  std::vector<Kernel> kernels;          // by kernel of the partition: what hw/ was asked
  std::vector<KernelEstimate> results;  // by kernel: what it said, one execution
  std::optional<Fill> fill;             // null: not asked for, or no contraction runs
  std::optional<Fallback> fallback;     // null: the target has every operator
  int unknown_kernels = 0;  // whose work is not known: only their overhead is in the sums
  std::vector<std::string> assumptions;  // in order, each once
};

// The kernels that the request is about: the policy of its runtime, with the operators that the
// target has.
FusionKey KeyOf(const EstimateRequest& request);

// The runtime's policy. An unknown one is an error of its file, which it begins with.
absl::StatusOr<const FusionPolicyRow*> PolicyOf(const Runtime& runtime);

// Samples per run: axis 0 of the first input, where a result has that axis too or is not known;
// else 1 (an image without a batch axis begins with its channels).
Dim BatchOf(const Graph& graph, const Shapes& shapes);

// Of a tensor, or of what a sequence or an optional holds.
DType ElementDType(const Type& type);

// Elements behind so many bytes at the model's own width.
double ElementsIn(double bytes, DType dtype);

// Of a tensor of so many bytes at the model's own width, once its elements are of type `in_force`.
double BytesInForce(double bytes, DType dtype, DType in_force);

// By ValueId: Numbers::value_bytes with elements as wide as the platform makes them.
std::vector<double> ValueBytes(const Graph& graph, const Shapes& shapes, const Execution& execution,
                               const Numbers& numbers, const Platform& platform);

// The kernels that hw/ sees, one per kernel of the partition: work and operands of one execution at
// the numbers' point, with tensors at the width that the platform gives them. An operand's reuse
// distance is the external traffic of the kernels between its previous use and this one, in id
// order; weights come round once per run of the model.
std::vector<Kernel> MakeKernels(const Graph& graph, const Shapes& shapes,
                                const Execution& execution, const Works& works,
                                const Numbers& numbers, const Partition& partition,
                                const Platform& platform);

absl::StatusOr<ModelEstimate> EstimateModel(const Graph& graph, const Shapes& shapes,
                                            const Execution& execution, const Works& works,
                                            const Numbers& numbers, const Flow& flow,
                                            const Partition& partition, const Memory& memory,
                                            const EstimateRequest& request);

}  // namespace assay

#endif  // ASSAY_PASSES_ESTIMATE_H_
