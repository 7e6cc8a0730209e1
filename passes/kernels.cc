#include "passes/kernels.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "passes/concurrency.h"
#include "passes/evaluate.h"
#include "passes/flow.h"
#include "passes/memory.h"
#include "passes/steps.h"

namespace assay {
namespace {

using Threads = KernelPlan::Threads;

// A contraction computes each element of its result by itself: images or matrices, output channels
// (columns), output positions (rows). Of matrices in a stack of rank 4 the first axis is the batch
// and what is left of the stack are heads; attention likewise.
Threads OfNest(const Shapes& shapes, const Numbers& numbers, const Nest& nest, const Type& result) {
  auto at = [&](Dim d) { return ValueAt(shapes, numbers, d, 0); };
  Threads t{.batch = at(nest.batch),
            .heads = 1,
            .channel = at(nest.groups) * at(nest.n),
            .space = at(nest.m)};
  if (nest.kind == Nest::Kind::kAttention) {
    // Keys are summed over; what is independent are the queries of each head.
    t.channel = 1;
  }
  const bool stacked =
      nest.kind == Nest::Kind::kAttention ||
      (nest.kind == Nest::Kind::kMatMul && result.ranked && result.dims.size() == 4);
  if (stacked && result.ranked && !result.dims.empty()) {
    const double first = at(result.dims[0]);
    if (first > 0 && t.batch >= first && t.batch == first * static_cast<int64_t>(t.batch / first)) {
      t.heads = t.batch / first;
      t.batch = first;
    }
  }
  return t;
}

// Of anything else each element of the result: axis 0 the batch, axis 1 channels, the rest space.
Threads OfResult(const Shapes& shapes, const Numbers& numbers, const Type& result) {
  if (!result.is_tensor() || !result.ranked) return {};
  Threads t{.batch = 1, .heads = 1, .channel = 1, .space = 1};
  for (size_t i = 0; i < result.dims.size(); ++i) {
    const double size = ValueAt(shapes, numbers, result.dims[i], 0);
    (i == 0 ? t.batch : i == 1 ? t.channel : t.space) *= size;
  }
  return t;
}

}  // namespace

KernelPlan PlanKernels(const Graph& graph, const Shapes& shapes, const Execution& execution,
                       const Works& works, const Numbers& numbers, const Flow& flow,
                       const Partition& partition) {
  KernelPlan out;
  const Steps steps = Steps::OfKernels(graph, execution, flow, numbers.value_bytes, partition);
  std::vector<StepWork> work;
  work.reserve(steps.size());
  for (int32_t k : steps.node) {
    const Partition::KernelOps& kernel = partition.kernels[k];
    const OpNumbers sum = numbers.Sum(kernel.ops);
    work.push_back({.macs = sum.macs,
                    .flops = sum.flops,
                    .bytes = kernel.bytes_external() * kernel.multiplicity});
  }
  const int kernels = static_cast<int>(partition.kernels.size());
  out.concurrency = MeasureSteps(steps, work, kernels);
  out.memory = PlanSteps(steps);

  out.threads.reserve(kernels);
  for (const Partition::KernelOps& kernel : partition.kernels) {
    const Type none;
    const OpId main = kernel.anchor.has_value() ? kernel.anchor : kernel.ops.back();
    ValueId result;
    for (ValueId v : graph.outputs(main)) {
      if (v.has_value() && !result.has_value()) result = v;
    }
    const Type& type = result.has_value() ? shapes.type(result) : none;
    const Work& w = works.of(main);
    Threads t = w.nest.has_value() ? OfNest(shapes, numbers, *w.nest, type)
                                   : OfResult(shapes, numbers, type);
    if (w.nest.has_value() && !absl::StartsWith(kernel.pattern, "attention")) {
      // Siblings stand side by side as columns of one product.
      for (OpId sibling : kernel.more_anchors) {
        const Work& more = works.of(sibling);
        if (!more.nest.has_value()) continue;
        t.channel += ValueAt(shapes, numbers, more.nest->groups, 0) *
                     ValueAt(shapes, numbers, more.nest->n, 0);
      }
    }
    out.threads.push_back(t);
  }
  return out;
}

}  // namespace assay
