#include "passes/estimate.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hw/fill.h"
#include "hw/tiling.h"
#include "hw/units.h"
#include "ir/op_table.h"
#include "passes/evaluate.h"
#include "passes/fallback.h"
#include "passes/flow.h"
#include "passes/memory.h"
#include "passes/pattern.h"
#include "passes/residency.h"
#include "passes/streams.h"
#include "passes/totals.h"
#include "passes/work.h"

namespace assay {
namespace {

// A count of a loop nest at the point, 1 where it is not known: it then says nothing of the
// mapping.
int64_t CountAt(const Shapes& shapes, const Numbers& numbers, Dim d) {
  if (d.known()) return d.value();
  absl::StatusOr<int64_t> n = shapes.pool->Evaluate(d, numbers.point);
  return n.ok() ? *n : 1;
}

Kernel::Loops LoopsAt(const Shapes& shapes, const Numbers& numbers, const Nest& nest) {
  auto at = [&](Dim d) { return CountAt(shapes, numbers, d); };
  Kernel::Loops out;
  out.kind = nest.kind;
  out.batch = at(nest.batch);
  out.groups = at(nest.groups);
  out.m = at(nest.m);
  out.n = at(nest.n);
  out.k = at(nest.k);
  out.steps = at(nest.steps);
  out.kernel = nest.kernel;
  out.stride = nest.stride;
  out.dilation = nest.dilation;
  out.shared_b = nest.shared_b;
  out.multiply = nest.multiply;
  out.accumulate = nest.accumulate;
  return out;
}

// Several heavy ops as one nest: an attention's two products (ir/work.h, Nest), or siblings with
// their columns side by side. A depthwise convolution in front of a 1 x 1 one leaves its nest.
void AddLoops(const Shapes& shapes, const Numbers& numbers, const Works& works,
              const Partition::KernelOps& ops, Kernel::Loops* loops) {
  if (loops->kind != Nest::Kind::kMatMul) return;
  const bool attention = absl::StartsWith(ops.pattern, "attention");
  for (OpId op : ops.more_anchors) {
    const Work& work = works.of(op);
    if (!work.nest.has_value()) continue;
    const Kernel::Loops more = LoopsAt(shapes, numbers, *work.nest);
    if (attention) {
      loops->kind = Nest::Kind::kAttention;
      loops->k += more.n;
    } else {
      loops->n += more.n;
    }
  }
}

bool Reduces(const Graph& graph, OpId op) {
  const OpRow* row = graph.op(op).row;
  return row != nullptr && (row->role == Role::kReduction ||
                            (row->role == Role::kPooling && absl::StartsWith(row->name, "Global")));
}

}  // namespace

DType ElementDType(const Type& type) {
  const Type* t = &type;
  while (t->element != nullptr) t = t->element.get();
  return t->dtype;
}

double ElementsIn(double bytes, DType dtype) {
  const int bits = Bits(dtype);
  return bits > 0 ? bytes * 8 / bits : 0;
}

double BytesInForce(double bytes, DType dtype, DType in_force) {
  return in_force == dtype ? bytes : BytesAt(ElementsIn(bytes, dtype), Bits(in_force));
}

std::vector<double> ValueBytes(const Graph& graph, const Shapes& shapes, const Execution& execution,
                               const Numbers& numbers, const Platform& platform) {
  std::vector<double> out = numbers.value_bytes;
  for (ValueId v(0); v.index < graph.num_values(); ++v.index) {
    if (out[v.index] <= 0) continue;
    const DType dtype = ElementDType(shapes.type(v));
    out[v.index] =
        BytesInForce(out[v.index], dtype, platform.ElementType(dtype, execution.is_weight(v)));
  }
  return out;
}

namespace {

std::optional<Fill> FillOf(const Partition& partition, const ModelEstimate& e) {
  // Contractions that are alike map alike.
  struct Alike {
    const Kernel* kernel;
    Math math;
    double macs;
  };
  absl::flat_hash_map<Kernel::Loops, size_t> seen;
  std::vector<Alike> contractions;
  std::vector<std::pair<double, double>> units;  // in use, and all that could be
  double macs = 0, share_now = 0;
  for (size_t i = 0; i < e.kernels.size(); ++i) {
    const Kernel& kernel = e.kernels[i];
    if (!kernel.loops || kernel.macs <= 0 || e.results[i].fallback) continue;
    const Mapping& mapping = e.results[i].mapping;
    const double n = kernel.macs * partition.kernels[i].multiplicity;
    macs += n;
    share_now += n * FilledShare(mapping);
    units.emplace_back(mapping.units_used,
                       CrewOf(WorkersOf(*e.platform->target, mapping.engine, mapping.math)).units);
    const auto [at, is_new] = seen.try_emplace(*kernel.loops, contractions.size());
    if (is_new) contractions.push_back({&kernel, mapping.math, 0});
    contractions[at->second].macs += n;
  }
  if (units.empty()) return std::nullopt;
  const auto median = units.begin() + static_cast<std::ptrdiff_t>(units.size() / 2);
  std::nth_element(units.begin(), median, units.end());
  Fill fill{.share = share_now / macs, .median_units = median->first, .units = median->second};
  for (int64_t samples = 1; samples <= kMostFillBatch && fill.batch == 0; samples *= 2) {
    double share = 0;
    for (const Alike& c : contractions) {
      const Kernel scaled = ScaledBatch(*c.kernel, static_cast<double>(samples) / e.batch);
      share += c.macs * FilledShare(MapKernel(scaled, *e.platform->target, c.math));
    }
    if (share >= kFilledShare * macs) fill.batch = samples;
  }
  return fill;
}

absl::StatusOr<std::shared_ptr<const Platform>> PlatformOf(const EstimateRequest& request,
                                                           int64_t batch) {
  auto make = [&] {
    return MakePlatform(request.target, request.runtime,
                        {.precision = request.precision,
                         .batch = batch,
                         .calibration = request.calibration,
                         .share = request.share});
  };
  if (request.cache != nullptr) return request.cache->PlatformAt(batch, make);
  absl::StatusOr<Platform> made = make();
  if (!made.ok()) return made.status();
  return std::make_shared<const Platform>(*std::move(made));
}

// How much of the model is on the host; behind the latency.
void AddFallback(const Numbers& numbers, const Partition& partition, ModelEstimate* e) {
  Fallback& f = *e->fallback;
  for (size_t i = 0; i < e->results.size(); ++i) {
    if (!e->results[i].fallback) continue;
    const Partition::KernelOps& kernel = partition.kernels[i];
    f.ops += static_cast<int>(kernel.ops.size());
    f.bytes += kernel.multiplicity * e->results[i].crossing_bytes;
    if (e->latency_s > 0) {
      f.time_share += kernel.multiplicity * e->results[i].seconds / e->latency_s;
    }
    if (numbers.total.macs > 0) f.mac_share += numbers.Sum(kernel.ops).macs / numbers.total.macs;
  }
}

}  // namespace

FusionKey KeyOf(const EstimateRequest& request) {
  return FusionKey{.policy = request.runtime->fusion, .operators = request.target->operators};
}

absl::StatusOr<const FusionPolicyRow*> PolicyOf(const Runtime& runtime) {
  absl::StatusOr<const FusionPolicyRow*> policy = FindFusionPolicy(runtime.fusion);
  if (policy.ok()) return policy;
  const std::string where = runtime.file.empty()
                                ? absl::StrCat("runtime ", runtime.name)
                                : absl::StrCat(runtime.file, ":", runtime.fusion_place.line, ":",
                                               runtime.fusion_place.column);
  return absl::Status(policy.status().code(), absl::StrCat(where, ": ", policy.status().message()));
}

Dim BatchOf(const Graph& graph, const Shapes& shapes) {
  const Region& main = graph.region(Graph::kMain);
  if (main.args.empty()) return Dim(1);
  const Type& input = shapes.type(main.args[0]);
  if (!input.is_tensor() || !input.ranked || input.rank() == 0) return Dim(1);
  for (ValueId v : main.results) {
    if (!v.has_value()) continue;
    const Type& result = shapes.type(v);
    const bool known = result.is_tensor() && result.ranked;
    if (!known || (result.rank() > 0 && result.dims[0] == input.dims[0])) return input.dims[0];
  }
  return Dim(1);
}

std::vector<Kernel> MakeKernels(const Graph& graph, const Shapes& shapes,
                                const Execution& execution, const Works& works,
                                const Numbers& numbers, const Partition& partition,
                                const Platform& platform) {
  std::vector<Kernel> out(partition.kernels.size());
  for (size_t i = 0; i < out.size(); ++i) {
    const Partition::KernelOps& ops = partition.kernels[i];
    Kernel& k = out[i];
    k.ops = static_cast<int>(ops.ops.size());
    k.pattern = std::string(ops.pattern);
    k.in_place = std::all_of(ops.ops.begin(), ops.ops.end(), [&](OpId op) {
      const OpRow* row = graph.op(op).row;
      return row != nullptr && absl::c_linear_search(platform.runtime->in_place, row->name);
    });
    for (OpId op : ops.ops) {
      const OpNumbers& n = numbers.of(op);
      k.reduces |= Reduces(graph, op);
      if (!n.known || n.multiplicity <= 0) continue;
      k.macs += n.macs / n.multiplicity;
      k.flops += n.flops / n.multiplicity;
      k.transcendentals += n.transcendentals / n.multiplicity;
      k.int_ops += n.int_ops / n.multiplicity;
      k.comparisons += n.comparisons / n.multiplicity;
    }
    if (ops.anchor.has_value()) {
      if (const Work& work = works.of(ops.anchor); work.nest.has_value()) {
        k.loops = LoopsAt(shapes, numbers, *work.nest);
        AddLoops(shapes, numbers, works, ops, &*k.loops);
      }
    }
    k.operands.reserve(ops.reads.size() + ops.writes.size());
    auto add = [&](ValueId v, double bytes, bool is_write) {
      const bool weight = execution.is_weight(v);
      const DType dtype = ElementDType(shapes.type(v));
      const double elements = ElementsIn(bytes, dtype);
      const DType in_force = platform.ElementType(dtype, weight);
      k.operands.push_back({.what = is_write ? Kernel::Operand::What::kActivationOut
                                    : weight ? Kernel::Operand::What::kWeight
                                             : Kernel::Operand::What::kActivationIn,
                            .dtype = in_force,
                            .elements = elements,
                            .bytes = BytesInForce(bytes, dtype, in_force)});
    };
    for (size_t r = 0; r < ops.reads.size(); ++r) add(ops.reads[r], ops.read_bytes[r], false);
    for (size_t w = 0; w < ops.writes.size(); ++w) add(ops.writes[w], ops.write_bytes[w], true);
    // Numbers in attributes keep their width: no runtime of ai.onnx.ml converts them.
    int64_t stored = 0;
    for (OpId op : ops.ops) {
      if (numbers.of(op).known) stored += NumbersInAttributes(graph, op).bytes;
    }
    if (stored > 0) {
      const double bytes = static_cast<double>(stored);
      k.operands.push_back({.what = Kernel::Operand::What::kWeight,
                            .dtype = DType::kF32,
                            .elements = bytes / 4,
                            .bytes = bytes});
    }
  }
  SetReuseDistances(graph, partition, platform, &out);
  return out;
}

absl::StatusOr<ModelEstimate> EstimateModel(const Graph& graph, const Shapes& shapes,
                                            const Execution& execution, const Works& works,
                                            const Numbers& numbers, const Flow& flow,
                                            const Partition& partition, const Memory& memory,
                                            const EstimateRequest& request) {
  ModelEstimate out;
  const int64_t batch = std::max<int64_t>(1, CountAt(shapes, numbers, BatchOf(graph, shapes)));
  out.batch = static_cast<double>(batch);
  absl::StatusOr<std::shared_ptr<const Platform>> platform = PlatformOf(request, batch);
  if (!platform.ok()) return platform.status();
  out.platform = *std::move(platform);
  out.assumptions = out.platform->assumptions;

  out.kernels = MakeKernels(graph, shapes, execution, works, numbers, partition, *out.platform);
  const bool as_is = out.platform->precision->as_is();
  std::vector<double> in_force;
  if (!as_is) in_force = ValueBytes(graph, shapes, execution, numbers, *out.platform);
  const std::vector<double>& bytes = as_is ? numbers.value_bytes : in_force;

  HostKernels host;
  if (!out.platform->target->operators.empty()) {
    host = FindHostKernels(graph, execution, flow, partition, *out.platform, bytes);
  }
  if (!host.on_host.empty()) {
    absl::StatusOr<HostSide> side = HostOf(*out.platform, batch);
    if (!side.ok()) return side.status();
    out.fallback = Fallback{.lacking = host.lacking, .host = *std::move(side)};
    out.assumptions.push_back(out.fallback->host.assumption);
  }
  out.results.reserve(out.kernels.size());
  Totals totals;
  for (size_t i = 0; i < out.kernels.size(); ++i) {
    const bool falls = !host.on_host.empty() && host.on_host[i];
    out.results.push_back(
        falls ? EstimateOnHost(out.kernels[i], host.crossings[i], *out.platform, out.fallback->host)
        : request.cache != nullptr ? request.cache->Estimate(out.kernels[i], *out.platform)
                                   : EstimateKernel(out.kernels[i], *out.platform));
    totals.Add(partition.kernels[i], out.results.back());
    out.unknown_kernels += !partition.kernels[i].known;
  }
  if (const int streams = out.platform->runtime->streams; streams > 1) {
    totals.RunTogether(
        SecondsOnStreams(graph, partition, *out.platform->target, out.results, streams));
  }
  totals.Finish(*out.platform, &out);
  const auto slowed =
      absl::c_count_if(out.results, [](const KernelEstimate& e) { return e.limit == "power"; });
  if (slowed > 0) {
    out.assumptions.push_back(absl::StrCat(
        slowed, " kernels are slowed so that they draw no more than the design power of ",
        FormatQuantity(out.platform->target->design_power.value, Unit::kWatts),
        "; energies per operation and byte are estimates"));
  }
  if (out.fallback.has_value()) AddFallback(numbers, partition, &out);

  out.weights_bytes = as_is ? memory.weights_bytes : WeightBytes(graph, execution, bytes, flow);
  out.activation_bytes = PeakActivationBytes(graph, execution, bytes, flow, partition);
  FitLevels(&out);
  if (request.fill) out.fill = FillOf(partition, out);
  return out;
}

}  // namespace assay
