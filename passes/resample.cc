#include "passes/resample.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hw/fallback.h"
#include "hw/runtime.h"
#include "passes/evaluate.h"
#include "passes/execution.h"
#include "passes/fallback.h"
#include "passes/flow.h"
#include "passes/fusion.h"
#include "passes/memory.h"
#include "passes/parallel.h"
#include "passes/pass_manager.h"
#include "passes/residency.h"
#include "passes/streams.h"
#include "passes/totals.h"
#include "passes/work.h"

namespace assay {
namespace {

using Amount = Evaluator::Amount;
using Values = Evaluator::Values;

// Bytes of an access of so many elements.
struct AccessSize {
  Amount elements;
  int bits = 0;

  double bytes(const Values& values) const {
    return values.known(elements) ? BytesAt(values.of(elements), bits) : 0;
  }
};

// One external tensor of a kernel: what its ops read of it, to be taken together, or one result.
struct OperandSize {
  ValueId value;
  DType dtype = DType::kF32;  // of the model
  std::vector<AccessSize> accesses;
};

// A kernel's loop nest as expressions.
struct NestSize {
  Amount batch, groups, m, n, k, steps;
  bool attention = false;
  std::vector<Amount> more_n;  // n of the anchors beside the first
};

struct KernelSize {
  std::vector<int32_t> ops;  // places in Numbers::ops
  std::vector<OperandSize> operands;
  std::optional<NestSize> nest;
};

// A buffer alive at steps [from, to] of the kernels' order.
struct Interval {
  ValueId value;
  int32_t from, to;
};

// One partition, and what follows from it: as good at every point where `comparisons` and `reads`
// come out as noted.
struct Structure {
  struct Read {
    Amount elements;
    bool some = false;
  };
  std::vector<SizeComparison> comparisons;
  std::vector<Read> reads;
  bool one_point = false;  // its policy decides by sums of sizes: good at its point only
  Flow flow;
  Partition partition;
  std::vector<KernelSize> kernels;
  std::vector<Interval> intervals;
  int steps = 0;
  bool differs = false;  // from the reference's partition
};

bool SameKernels(const Partition& a, const Partition& b) {
  if (a.kernels.size() != b.kernels.size() || a.kernel_of != b.kernel_of) return false;
  for (size_t k = 0; k < a.kernels.size(); ++k) {
    if (a.kernels[k].reads != b.kernels[k].reads || a.kernels[k].writes != b.kernels[k].writes ||
        a.kernels[k].pattern != b.kernels[k].pattern) {
      return false;
    }
  }
  return true;
}

int64_t CountOf(const Values& values, const Amount& a) {
  return values.known(a) ? static_cast<int64_t>(values.of(a)) : 1;
}

// Kernels as one platform sees them; numbers are those of the structure's point.
struct Template {
  std::vector<Kernel> kernels;
  // By kernel: the first one that was equal to it but for what the caches still hold; itself where
  // there is none before. Repeated blocks of a net need one estimate.
  std::vector<int32_t> like;
  HostKernels host;
};

// The same but for reuse distances, which find the operands at the same levels.
bool Alike(const Kernel& a, const Kernel& b, const Target& target) {
  if (a.macs != b.macs || a.flops != b.flops || a.transcendentals != b.transcendentals ||
      a.int_ops != b.int_ops || a.comparisons != b.comparisons ||
      a.operands.size() != b.operands.size() || a.loops != b.loops) {
    return false;
  }
  for (size_t i = 0; i < a.operands.size(); ++i) {
    const Kernel::Operand &x = a.operands[i], &y = b.operands[i];
    if (x.what != y.what || x.dtype != y.dtype || x.elements != y.elements || x.bytes != y.bytes ||
        (x.reuse_distance != y.reuse_distance &&
         ResidentLevel(target, x.bytes, x.reuse_distance) !=
             ResidentLevel(target, y.bytes, y.reuse_distance))) {
      return false;
    }
  }
  return a.reduces == b.reduces && a.in_place == b.in_place && a.ops == b.ops &&
         a.pattern == b.pattern;
}

// What one thread works with.
struct Scratch {
  Values values;
  Numbers numbers;
  Point at;
  bool evaluated = false;
  const Structure* structure = nullptr;
  const Template* from = nullptr;
  Partition partition;
  std::vector<Kernel> kernels;
  std::vector<KernelEstimate> results;
  std::vector<double> live, bytes;
  HostKernels host;
};

}  // namespace

Sample SampleOf(const ModelEstimate& e) {
  Sample s;
  s.latency_s = e.latency_s;
  s.latency_low_s = e.latency_low_s;
  s.latency_high_s = e.latency_high_s;
  s.throughput_per_s = e.throughput_per_s;
  s.batch = e.batch;
  s.energy_j = e.energy.joules;
  s.power_w = e.power_w;
  s.utilization = e.utilization;
  if (!e.bounds.empty()) {
    s.limit = e.bounds[0].resource;
    s.bound = e.bounds[0].bound;
    s.limit_share = e.bounds[0].time_share;
  }
  std::copy(std::begin(e.time_share), std::end(e.time_share), std::begin(s.time_share));
  s.weights_bytes = e.weights_bytes;
  s.activation_bytes = e.activation_bytes;
  s.memory_needed_bytes = e.memory_needed_bytes;
  s.fits = e.fits;
  s.kernels = static_cast<int>(e.kernels.size());
  return s;
}

struct Resampler::Impl {
  // Requests of one fusion key.
  struct Fused {
    FusionKey key;
    bool sizes_only = true;
    std::vector<std::unique_ptr<Structure>> structures;  // the first is the reference's
  };
  // Requests whose kernels are alike: of one runtime and precision.
  struct Column {
    size_t fused = 0;
    const Runtime* runtime = nullptr;
    const Precision* precision = nullptr;
    bool as_is = true;                                 // elements are as wide as in the model
    std::vector<std::unique_ptr<Template>> templates;  // by structure
  };

  explicit Impl(const Graph& graph) : graph(graph) {}

  absl::Status Init(const Bindings& given, std::vector<EstimateRequest> asked);
  absl::Status AddPlatforms();
  size_t StepOf(double batch) const;
  absl::Status AddStructure(Fused* fused, const Point& point);
  void Describe(Structure* s);
  bool Holds(const Structure& s, const Scratch& at) const;
  Template MakeTemplate(const Structure& s, const Platform& platform, const Numbers& numbers) const;
  void Refresh(const Structure& s, const Template& t, const Platform& platform, Scratch* scratch);
  Sample Estimate(const Structure& s, const Template& t, const Column& column, size_t request,
                  Scratch* scratch);
  double Peak(const Structure& s, const Platform& platform, bool as_is, Scratch* scratch) const;
  double Weights(const Platform& platform, bool as_is, const Numbers& numbers) const;
  // The point's own branches, where some are not decided; true: they are the reference's.
  absl::StatusOr<bool> SameBranches(const Point& point) const;
  Bindings BindingsAt(const Point& point) const;
  std::string Shown(const Point& point) const;

  const Graph& graph;
  Bindings bindings;
  std::unique_ptr<const Shapes> shapes;
  std::unique_ptr<const Execution> execution;
  std::unique_ptr<const Works> works;
  std::unique_ptr<Evaluator> evaluator;
  std::vector<EstimateRequest> requests;
  std::vector<Fused> fused;
  std::vector<Column> columns;
  std::vector<size_t> column_of;  // by request
  std::vector<int64_t> steps;     // batches from which another platform is in force
  std::vector<std::vector<std::shared_ptr<const Platform>>> platforms;  // by request, by step
  std::vector<std::vector<std::optional<HostSide>>> hosts;              // likewise
  std::vector<ValueId> weights;                                         // that a run reads
  double attribute_bytes = 0;                                           // numbers in attributes
  Amount batch;
  bool undecided = false;  // an If takes its costlier branch
  std::vector<Dim> sizes;  // every symbolic dimension once
};

absl::Status Resampler::Impl::Init(const Bindings& given, std::vector<EstimateRequest> asked) {
  bindings = given;
  absl::StatusOr<Analysis> a =
      RunPasses(graph, {.bindings = given, .fusions = {}, .wanted = {Fact::kWorks}});
  if (!a.ok()) return a.status();
  shapes = std::move(a->shapes);
  execution = std::move(a->execution);
  works = std::move(a->works);
  evaluator = std::make_unique<Evaluator>(graph, *shapes, *execution, *works);
  batch = evaluator->AmountOf(BatchOf(graph, *shapes));
  for (OpId op(0); op.index < graph.num_ops(); ++op.index) {
    undecided |= shapes->branch[op.index] < 0 && execution->branch[op.index] >= 0;
  }
  absl::flat_hash_map<Dim, bool> seen;
  for (const Type& t : shapes->types) {
    for (Dim d : t.dims) {
      if (d.symbolic() && seen.try_emplace(d, true).second) sizes.push_back(d);
    }
  }
  requests = std::move(asked);
  steps = UncalibratedSteps();
  if (steps.empty()) steps.push_back(1);
  return AddPlatforms();
}

absl::Status Resampler::Impl::AddPlatforms() {
  for (size_t r = 0; r < requests.size(); ++r) {
    EstimateRequest& request = requests[r];
    if (request.runtime == nullptr) {
      auto runtime = RuntimeOf(*request.target);
      if (!runtime.ok()) return runtime.status();
      request.runtime = *std::move(runtime);
    }
    platforms.emplace_back();
    hosts.emplace_back();
    for (int64_t from : steps) {
      absl::StatusOr<Platform> platform = MakePlatform(request.target, request.runtime,
                                                       {.precision = request.precision,
                                                        .batch = from,
                                                        .calibration = request.calibration,
                                                        .share = request.share});
      if (!platform.ok()) return platform.status();
      platforms[r].push_back(std::make_shared<const Platform>(*std::move(platform)));
      hosts[r].emplace_back();
      if (platforms[r].back()->target->operators.empty()) continue;
      absl::StatusOr<HostSide> side = HostOf(*platforms[r].back(), from);
      if (!side.ok()) return side.status();
      hosts[r].back() = *std::move(side);
    }
    const Platform& p = *platforms[r][0];
    const FusionKey key = KeyOf(request);
    size_t f = 0;
    while (f < fused.size() && !(fused[f].key == key)) ++f;
    if (f == fused.size()) {
      absl::StatusOr<const FusionPolicyRow*> policy = PolicyOf(*p.runtime);
      if (!policy.ok()) return policy.status();
      fused.push_back({.key = key, .sizes_only = ComparesSizesOnly(**policy, key)});
    }
    size_t c = 0;
    while (c < columns.size() && !(columns[c].fused == f && columns[c].runtime == p.runtime.get() &&
                                   columns[c].precision == p.precision)) {
      ++c;
    }
    if (c == columns.size()) {
      columns.push_back({.fused = f, .runtime = p.runtime.get(), .precision = p.precision});
      columns.back().as_is = p.precision->as_is();
    }
    column_of.push_back(c);
  }
  return absl::OkStatus();
}

size_t Resampler::Impl::StepOf(double samples) const {
  size_t step = 0;
  while (step + 1 < steps.size() && static_cast<double>(steps[step + 1]) <= samples) ++step;
  return step;
}

absl::Status Resampler::Impl::AddStructure(Fused* f, const Point& point) {
  auto s = std::make_unique<Structure>();
  absl::StatusOr<Numbers> numbers = evaluator->At(point);
  if (!numbers.ok()) return numbers.status();
  s->flow = Flow::Build(graph, *shapes, *execution, *works, *numbers);
  absl::StatusOr<Partition> partition =
      FuseOps(graph, *shapes, *execution, *works, *numbers, s->flow, f->key, &s->comparisons);
  if (!partition.ok()) return partition.status();
  s->partition = *std::move(partition);
  s->one_point = !f->sizes_only;
  Describe(s.get());
  Values values;
  if (absl::Status status = evaluator->At(point, &values, &*numbers); !status.ok()) return status;
  for (Structure::Read& r : s->reads) {
    r.some = values.known(r.elements) && values.of(r.elements) > 0;
  }
  const Steps order =
      Steps::OfKernels(graph, *execution, s->flow, numbers->value_bytes, s->partition);
  std::vector<int32_t> as_they_stand(order.size());
  for (int32_t i = 0; i < order.size(); ++i) as_they_stand[i] = i;
  for (const Memory::Buffer& b : Lifetimes(order, as_they_stand)) {
    s->intervals.push_back({b.value, b.from, b.to});
  }
  s->steps = order.size();
  if (f->structures.empty()) {
    // (The same for every partition.)
    if (weights.empty() && attribute_bytes == 0) {
      for (ValueId v(0); v.index < graph.num_values(); ++v.index) {
        if (execution->is_weight(v) && execution->root[v.index] == v &&
            !s->flow.readers(v).empty()) {
          weights.push_back(v);
        }
      }
      for (OpId op : s->flow.ops) {
        attribute_bytes += static_cast<double>(NumbersInAttributes(graph, op).bytes);
      }
    }
  } else {
    s->differs = !SameKernels(s->partition, f->structures[0]->partition);
  }
  // Comparisons of numbers come out the same everywhere.
  std::vector<SizeComparison>& c = s->comparisons;
  auto fixed = [&](ValueId v) {
    const Type& t = shapes->type(v);
    if (!t.is_tensor() || !t.ranked) return false;
    return std::all_of(t.dims.begin(), t.dims.end(), [](Dim d) { return d.known(); });
  };
  std::sort(c.begin(), c.end(), [](const SizeComparison& x, const SizeComparison& y) {
    return std::pair(x.a.index, x.b.index) < std::pair(y.a.index, y.b.index);
  });
  c.erase(std::unique(c.begin(), c.end(),
                      [](const SizeComparison& x, const SizeComparison& y) {
                        return x.a == y.a && x.b == y.b;
                      }),
          c.end());
  c.erase(std::remove_if(c.begin(), c.end(),
                         [&](const SizeComparison& x) {
                           return x.a == x.b || (fixed(x.a) && fixed(x.b)) ||
                                  (shapes->type(x.a).is_tensor() && shapes->type(x.a).ranked &&
                                   shapes->type(x.a).dims == shapes->type(x.b).dims &&
                                   shapes->type(x.b).ranked);
                         }),
          c.end());
  const Structure& made = *f->structures.emplace_back(std::move(s));
  for (size_t i = 0; i < columns.size(); ++i) {
    if (&fused[columns[i].fused] != f) continue;
    const size_t request =
        static_cast<size_t>(std::find(column_of.begin(), column_of.end(), i) - column_of.begin());
    columns[i].templates.push_back(
        std::make_unique<Template>(MakeTemplate(made, *platforms[request][0], *numbers)));
  }
  return absl::OkStatus();
}

// The sizes of its kernels, as expressions.
void Resampler::Impl::Describe(Structure* s) {
  const Flow& flow = s->flow;
  auto kernel_of = [&](int32_t slot) {
    return slot < 0 ? -1 : s->partition.kernel_of[flow.ops[slot].index];
  };
  for (size_t k = 0; k < s->partition.kernels.size(); ++k) {
    const Partition::KernelOps& kernel = s->partition.kernels[k];
    KernelSize& size = s->kernels.emplace_back();
    absl::flat_hash_map<ValueId, size_t> place;
    for (ValueId v : kernel.reads) {
      place[v] = size.operands.size();
      size.operands.push_back({.value = v, .dtype = ElementDType(shapes->type(v))});
    }
    for (OpId op : kernel.ops) {
      size.ops.push_back(works->slot[op.index]);
      const Work& work = works->of(op);
      const absl::Span<const ValueId> in = graph.inputs(op), out = graph.outputs(op);
      for (size_t i = 0; i < in.size(); ++i) {
        if (!in[i].has_value() || i >= work.reads.size()) continue;
        const ValueId v = execution->root[in[i].index];
        if (kernel_of(flow.writer(v)) == static_cast<int32_t>(k)) continue;
        const AccessSize access{evaluator->AmountOf(work.reads[i]),
                                Bits(shapes->type(in[i]).dtype)};
        const auto at = place.find(v);
        if (access.elements.slot >= 0) s->reads.push_back({access.elements});
        if (at != place.end()) size.operands[at->second].accesses.push_back(access);
      }
      for (size_t i = 0; i < out.size(); ++i) {
        if (!out[i].has_value() || i >= work.writes.size()) continue;
        if (std::find(kernel.writes.begin(), kernel.writes.end(), out[i]) == kernel.writes.end()) {
          continue;
        }
        OperandSize& o = size.operands.emplace_back(
            OperandSize{.value = out[i], .dtype = ElementDType(shapes->type(out[i]))});
        o.accesses.push_back(
            {evaluator->AmountOf(work.writes[i]), Bits(shapes->type(out[i]).dtype)});
      }
    }
    // Results without a size.
    for (size_t w = 0; w < kernel.writes.size(); ++w) {
      const size_t at = kernel.reads.size() + w;
      if (at < size.operands.size() && size.operands[at].value == kernel.writes[w]) continue;
      size.operands.insert(
          size.operands.begin() + static_cast<std::ptrdiff_t>(at),
          {.value = kernel.writes[w], .dtype = ElementDType(shapes->type(kernel.writes[w]))});
    }
    if (!kernel.anchor.has_value()) continue;
    const Work& work = works->of(kernel.anchor);
    if (!work.nest.has_value()) continue;
    const Nest& n = *work.nest;
    NestSize& nest = size.nest.emplace();
    nest.batch = evaluator->AmountOf(n.batch);
    nest.groups = evaluator->AmountOf(n.groups);
    nest.m = evaluator->AmountOf(n.m);
    nest.n = evaluator->AmountOf(n.n);
    nest.k = evaluator->AmountOf(n.k);
    nest.steps = evaluator->AmountOf(n.steps);
    nest.attention = absl::StartsWith(kernel.pattern, "attention");
    if (n.kind != Nest::Kind::kMatMul) continue;
    for (OpId op : kernel.more_anchors) {
      if (works->of(op).nest.has_value()) {
        nest.more_n.push_back(evaluator->AmountOf(works->of(op).nest->n));
      }
    }
  }
}

bool Resampler::Impl::Holds(const Structure& s, const Scratch& at) const {
  if (s.one_point) return false;
  for (const SizeComparison& c : s.comparisons) {
    if (Order(ElementsAt(*shapes, at.numbers, c.a), ElementsAt(*shapes, at.numbers, c.b)) !=
        c.order) {
      return false;
    }
  }
  for (const Structure::Read& r : s.reads) {
    if ((at.values.known(r.elements) && at.values.of(r.elements) > 0) != r.some) return false;
  }
  return true;
}

Template Resampler::Impl::MakeTemplate(const Structure& s, const Platform& platform,
                                       const Numbers& numbers) const {
  Template t;
  t.kernels = MakeKernels(graph, *shapes, *execution, *works, numbers, s.partition, platform);
  if (!platform.target->operators.empty()) {
    t.host = FindOnHost(graph, s.flow, s.partition, platform);
  }
  absl::flat_hash_map<Kernel, int32_t> first;
  for (size_t i = 0; i < t.kernels.size(); ++i) {
    Kernel key = t.kernels[i];
    for (Kernel::Operand& o : key.operands) o.reuse_distance = Kernel::Operand::kNever;
    const auto at = static_cast<int32_t>(i);
    t.like.push_back(first.try_emplace(std::move(key), at).first->second);
  }
  return t;
}

// The kernels at the scratch's point.
void Resampler::Impl::Refresh(const Structure& s, const Template& t, const Platform& platform,
                              Scratch* scratch) {
  const Numbers& numbers = scratch->numbers;
  const Values& values = scratch->values;
  if (scratch->structure != &s) {
    scratch->partition = s.partition;
    scratch->structure = &s;
    scratch->from = nullptr;
  }
  if (scratch->from != &t) {
    scratch->kernels = t.kernels;
    scratch->host = t.host;
    scratch->from = &t;
  }
  for (size_t i = 0; i < s.kernels.size(); ++i) {
    const KernelSize& size = s.kernels[i];
    Partition::KernelOps& ops = scratch->partition.kernels[i];
    Kernel& k = scratch->kernels[i];
    k.macs = k.flops = k.transcendentals = k.int_ops = k.comparisons = 0;
    for (int32_t op : size.ops) {
      const OpNumbers& n = numbers.ops[op];
      if (n.known) ops.multiplicity = n.multiplicity;
      if (!n.known || n.multiplicity <= 0) continue;
      k.macs += n.macs / n.multiplicity;
      k.flops += n.flops / n.multiplicity;
      k.transcendentals += n.transcendentals / n.multiplicity;
      k.int_ops += n.int_ops / n.multiplicity;
      k.comparisons += n.comparisons / n.multiplicity;
    }
    if (size.nest.has_value()) {
      const NestSize& nest = *size.nest;
      Kernel::Loops& loops = *k.loops;
      loops.batch = CountOf(values, nest.batch);
      loops.groups = CountOf(values, nest.groups);
      loops.m = CountOf(values, nest.m);
      loops.n = CountOf(values, nest.n);
      loops.k = CountOf(values, nest.k);
      loops.steps = CountOf(values, nest.steps);
      for (const Amount& n : nest.more_n) {
        (nest.attention ? loops.k : loops.n) += CountOf(values, n);
      }
    }
    const size_t reads = ops.reads.size();
    for (size_t o = 0; o < size.operands.size(); ++o) {
      const OperandSize& operand = size.operands[o];
      double bytes = 0;
      bool first = true;
      for (const AccessSize& a : operand.accesses) {
        const double more = a.bytes(values);
        bytes = first ? more : ReadTogether(bytes, more, numbers.value_bytes[operand.value.index]);
        first = false;
      }
      (o < reads ? ops.read_bytes[o] : ops.write_bytes[o - reads]) = bytes;
      Kernel::Operand& out = k.operands[o];
      out.elements = ElementsIn(bytes, operand.dtype);
      out.bytes = BytesInForce(bytes, operand.dtype, out.dtype);
      out.reuse_distance = Kernel::Operand::kNever;
    }
    for (size_t o = size.operands.size(); o < k.operands.size(); ++o) {
      k.operands[o].reuse_distance = Kernel::Operand::kNever;
    }
  }
  SetReuseDistances(graph, scratch->partition, platform, &scratch->kernels);
}

double Resampler::Impl::Peak(const Structure& s, const Platform& platform, bool as_is,
                             Scratch* scratch) const {
  const int steps = std::max(s.steps, 1);
  std::vector<double>& change = scratch->live;
  change.assign(static_cast<size_t>(steps) + 2, 0);
  for (const Interval& i : s.intervals) {
    double bytes = scratch->numbers.value_bytes[i.value.index];
    if (!as_is && bytes > 0) {
      const DType dtype = ElementDType(shapes->type(i.value));
      bytes =
          BytesInForce(bytes, dtype, platform.ElementType(dtype, execution->is_weight(i.value)));
    }
    change[static_cast<size_t>(i.from)] += bytes;
    change[static_cast<size_t>(i.to) + 1] -= bytes;
  }
  double most = 0, now = 0;
  for (int i = 0; i < steps; ++i) {
    now += change[static_cast<size_t>(i)];
    most = std::max(most, now);
  }
  return most;
}

double Resampler::Impl::Weights(const Platform& platform, bool as_is,
                                const Numbers& numbers) const {
  double sum = 0;
  for (ValueId v : weights) {
    double bytes = std::max(0.0, numbers.value_bytes[v.index]);
    if (!as_is && bytes > 0) {
      const DType dtype = ElementDType(shapes->type(v));
      bytes = BytesInForce(bytes, dtype, platform.ElementType(dtype, true));
    }
    sum += bytes;
  }
  return sum + attribute_bytes;
}

Sample Resampler::Impl::Estimate(const Structure& s, const Template& t, const Column& column,
                                 size_t request, Scratch* scratch) {
  ModelEstimate e;
  e.batch = static_cast<double>(std::max<int64_t>(1, CountOf(scratch->values, batch)));
  const size_t step = StepOf(e.batch);
  e.platform = platforms[request][step];
  const Platform& platform = *e.platform;
  Refresh(s, t, platform, scratch);
  HostKernels& host = scratch->host;
  if (!host.on_host.empty()) {
    scratch->bytes = column.as_is
                         ? scratch->numbers.value_bytes
                         : ValueBytes(graph, *shapes, *execution, scratch->numbers, platform);
    SetCrossings(graph, *execution, s.flow, scratch->partition, scratch->bytes, &host);
  }
  scratch->results.resize(s.kernels.size());
  Totals totals;
  const int streams = platform.runtime->streams;
  for (size_t i = 0; i < s.kernels.size(); ++i) {
    const Kernel& kernel = scratch->kernels[i];
    KernelEstimate* result = &scratch->results[i];
    const auto like = static_cast<size_t>(t.like[i]);
    if (!host.on_host.empty() && host.on_host[i]) {
      *result = EstimateOnHost(kernel, host.crossings[i], platform, *hosts[request][step]);
    } else if (like < i && (host.on_host.empty() || !host.on_host[like]) &&
               Alike(kernel, scratch->kernels[like], *platform.target)) {
      if (streams > 1) {
        *result = scratch->results[like];
      } else {
        result = &scratch->results[like];
      }
    } else {
      *result = EstimateKernel(kernel, platform);
    }
    totals.Add(scratch->partition.kernels[i], *result);
  }
  if (streams > 1) {
    totals.RunTogether(
        SecondsOnStreams(graph, scratch->partition, *platform.target, scratch->results, streams));
  }
  totals.Finish(platform, &e);
  e.weights_bytes = Weights(platform, column.as_is, scratch->numbers);
  e.activation_bytes = Peak(s, platform, column.as_is, scratch);
  FitLevels(&e);
  Sample sample = SampleOf(e);
  sample.kernels = static_cast<int>(s.kernels.size());
  sample.redone = s.differs;
  return sample;
}

Bindings Resampler::Impl::BindingsAt(const Point& point) const {
  Bindings out = bindings;
  const absl::Span<const SymbolInfo> symbols = shapes->pool->symbols();
  for (size_t i = 0; i < symbols.size() && i < point.size(); ++i) {
    if (!symbols[i].definition.unknown() || symbols[i].data_dependent) continue;
    out.dims.emplace_back(symbols[i].name, point[i]);
  }
  return out;
}

std::string Resampler::Impl::Shown(const Point& point) const {
  std::vector<std::string> parts;
  const absl::Span<const SymbolInfo> symbols = shapes->pool->symbols();
  for (size_t i = 0; i < symbols.size() && i < point.size(); ++i) {
    if (!symbols[i].definition.unknown() || symbols[i].data_dependent) continue;
    parts.push_back(absl::StrCat(symbols[i].name, "=", point[i]));
  }
  return absl::StrJoin(parts, ", ");
}

absl::StatusOr<bool> Resampler::Impl::SameBranches(const Point& point) const {
  absl::StatusOr<Shapes> bound = InferShapes(graph, BindingsAt(point));
  if (!bound.ok()) return bound.status();
  absl::StatusOr<Execution> now = ClassifyOps(graph, *bound);
  if (!now.ok()) return now.status();
  for (OpId op(0); op.index < graph.num_ops(); ++op.index) {
    if (shapes->branch[op.index] < 0 && execution->branch[op.index] >= 0 &&
        now->branch[op.index] != execution->branch[op.index]) {
      return false;
    }
  }
  return true;
}

Resampler::Resampler(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Resampler::~Resampler() = default;

absl::StatusOr<std::unique_ptr<Resampler>> Resampler::Make(const Graph& graph,
                                                           const Bindings& bindings,
                                                           std::vector<EstimateRequest> requests) {
  auto impl = std::make_unique<Impl>(graph);
  if (absl::Status s = impl->Init(bindings, std::move(requests)); !s.ok()) return s;
  return std::unique_ptr<Resampler>(new Resampler(std::move(impl)));
}

const Shapes& Resampler::shapes() const { return *impl_->shapes; }
const std::vector<EstimateRequest>& Resampler::requests() const { return impl_->requests; }
const Platform& Resampler::platform(size_t request, double batch) const {
  return *impl_->platforms[request][impl_->StepOf(batch)];
}

absl::Status Resampler::Check(const Point& point) const {
  const DimPool& pool = *impl_->shapes->pool;
  auto at = [&] { return absl::StrCat("at ", impl_->Shown(point), ": "); };
  const absl::Span<const SymbolInfo> symbols = pool.symbols();
  for (size_t i = 0; i < symbols.size(); ++i) {
    if (!symbols[i].definition.unknown()) continue;
    if (point[i] < symbols[i].bounds.low || point[i] > symbols[i].bounds.high) {
      return absl::InvalidArgumentError(
          absl::StrCat(at(), "`", symbols[i].name, "` is at least ", symbols[i].bounds.low,
                       symbols[i].bounds.high == Bounds::kNoBound
                           ? ""
                           : absl::StrCat(" and at most ", symbols[i].bounds.high)));
    }
  }
  for (const auto& [a, b] : impl_->shapes->equations) {
    absl::StatusOr<int64_t> x = pool.Evaluate(a, point), y = pool.Evaluate(b, point);
    if (x.ok() && y.ok() && *x != *y) {
      return absl::InvalidArgumentError(
          absl::StrCat(at(), pool.ToString(a), " = ", *x, " and ", pool.ToString(b), " = ", *y,
                       " must be equal; leave such sizes out of the range"));
    }
  }
  for (Dim d : impl_->sizes) {
    absl::StatusOr<int64_t> n = pool.Evaluate(d, point);
    if (n.ok() && *n < 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          at(), "a dimension ", pool.ToString(d), " would be ", *n, "; begin with larger sizes"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Sample>> Resampler::Run(absl::Span<const Point> points, int threads) {
  Impl& m = *impl_;
  const size_t columns = m.requests.size();
  std::vector<Sample> out(points.size() * columns);
  if (points.empty() || columns == 0) return out;
  threads = ResolveThreads(threads);
  const auto n = static_cast<int64_t>(points.size());
  std::vector<absl::Status> status(points.size());
  auto first_error = [&] {
    for (absl::Status& s : status) {
      if (!s.ok()) return std::move(s);
    }
    return absl::OkStatus();
  };
  for (const Point& p : points) {
    if (absl::Status s = Check(p); !s.ok()) return s;
  }

  // Branches: those that differ from the reference's make a run of their own.
  std::vector<uint8_t> own(points.size(), 0);
  if (m.undecided) {
    ParallelFor(n, 1, threads, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        absl::StatusOr<bool> same = m.SameBranches(points[static_cast<size_t>(i)]);
        if (same.ok()) {
          own[static_cast<size_t>(i)] = *same ? 0 : 1;
        } else {
          status[static_cast<size_t>(i)] = same.status();
        }
      }
    });
    if (absl::Status s = first_error(); !s.ok()) return s;
  }

  // Partitions: each point finds one that holds there, or makes it.
  std::vector<std::vector<int32_t>> structure_of(m.fused.size(),
                                                 std::vector<int32_t>(points.size(), -1));
  for (size_t f = 0; f < m.fused.size(); ++f) {
    Impl::Fused& fused = m.fused[f];
    std::vector<int32_t>& of = structure_of[f];
    size_t next = 0;
    for (bool more = true; more;) {
      // (Serial: it makes expressions.)
      if (absl::Status s = m.AddStructure(&fused, points[next]); !s.ok()) return s;
      const auto made = static_cast<int32_t>(fused.structures.size()) - 1;
      of[next] = made;
      const Structure& structure = *fused.structures[static_cast<size_t>(made)];
      if (!structure.one_point) {
        ParallelFor(n, 64, threads, [&](int64_t begin, int64_t end) {
          Scratch scratch;
          for (int64_t i = begin; i < end; ++i) {
            const auto p = static_cast<size_t>(i);
            if (of[p] >= 0 || own[p] != 0) continue;
            status[p] = m.evaluator->At(points[p], &scratch.values, &scratch.numbers);
            if (status[p].ok() && m.Holds(structure, scratch)) of[p] = made;
          }
        });
        if (absl::Status s = first_error(); !s.ok()) return s;
      }
      while (next < points.size() && (of[next] >= 0 || own[next] != 0)) ++next;
      more = next < points.size();
    }
  }

  // Estimates.
  status.assign(out.size(), absl::OkStatus());
  ParallelFor(n * static_cast<int64_t>(columns), 32, threads, [&](int64_t begin, int64_t end) {
    Scratch scratch;
    for (int64_t i = begin; i < end; ++i) {
      const size_t p = static_cast<size_t>(i) / columns, r = static_cast<size_t>(i) % columns;
      if (own[p] != 0) continue;
      if (!scratch.evaluated || scratch.at != points[p]) {
        absl::Status& failed = status[static_cast<size_t>(i)];
        failed = m.evaluator->At(points[p], &scratch.values, &scratch.numbers);
        if (!failed.ok()) continue;
        scratch.at = points[p];
        scratch.evaluated = true;
      }
      const Impl::Column& column = m.columns[m.column_of[r]];
      const auto s = static_cast<size_t>(structure_of[column.fused][p]);
      out[static_cast<size_t>(i)] = m.Estimate(*m.fused[column.fused].structures[s],
                                               *column.templates[s], column, r, &scratch);
    }
  });
  if (absl::Status s = first_error(); !s.ok()) return s;

  // Points with branches of their own.
  for (size_t p = 0; p < points.size(); ++p) {
    if (own[p] == 0) continue;
    absl::StatusOr<Analysis> a = RunPasses(m.graph, {.bindings = m.BindingsAt(points[p]),
                                                     .fusions = {},
                                                     .estimates = m.requests,
                                                     .wanted = {Fact::kEstimates},
                                                     .threads = threads});
    if (!a.ok()) return a.status();
    for (size_t r = 0; r < columns; ++r) {
      Sample& s = out[p * columns + r] = SampleOf(*a->estimates[r]);
      s.redone = true;
    }
  }
  return out;
}

}  // namespace assay
