#include "passes/fusion.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "ir/op_table.h"
#include "ir/suggest.h"
#include "passes/flow.h"
#include "passes/spelling.h"

namespace assay {

absl::Span<const StepRow> FusionSteps() {
  static constexpr StepRow kRows[] = {
      {.name = "bn",
       .ops = "BatchNormalization",
       .what = "a normalisation by stored statistics: scale and shift per channel"},
      {.name = "bias", .ops = "Add", .what = "the addition of a weight", .tail_operand = -1},
      {.name = "act",
       .ops = "Relu Clip LeakyRelu PRelu ThresholdedRelu Elu Selu Celu Sigmoid HardSigmoid Tanh "
              "Softplus Softsign HardSwish Swish Mish Gelu FastGelu QuickGelu Silu",
       .what = "an activation, in one op or spelled in several",
       .spellings = true},
  };
  return kRows;
}

absl::Span<const PatternRow> FusionPatterns() {
  static constexpr PatternRow kRows[] = {
      {.name = "conv+bn+act",
       .start = "Conv ConvTranspose",
       .steps = "bn bias act",
       .what = "a convolution with normalisation, bias and activation applied to its tile",
       .example = "Conv -> BatchNormalization -> Relu"},
      {.name = "matmul+bias+act",
       .start = "MatMul Gemm",
       .steps = "bias bn act",
       .what = "a matrix product with bias and activation applied to its tile",
       .example = "MatMul -> Add -> Div, Erf, Add, Mul, Mul (a GELU)"},
      {.name = "add+act",
       .start = "Add",
       .steps = "act",
       .what = "the end of a residual block",
       .example = "Add -> Relu"},
      {.name = "act",
       .start = "spelling",
       .steps = "",
       .what = "an activation spelled in several ops",
       .example = "Sigmoid, Mul (a SiLU)"},
  };
  return kRows;
}

absl::Span<const FusionPolicyRow> FusionPolicies() {
  static constexpr FusionPolicyRow kRows[] = {
      {.name = "none", .patterns = "", .what = "every op is a kernel"},
      {.name = "greedy",
       .patterns = "conv+bn+act matmul+bias+act add+act act",
       .what = "grow along single-consumer edges, in op order"},
  };
  return kRows;
}

absl::StatusOr<const FusionPolicyRow*> FindFusionPolicy(absl::string_view name) {
  std::vector<absl::string_view> names;
  for (const FusionPolicyRow& row : FusionPolicies()) {
    if (row.name == name) return &row;
    names.push_back(row.name);
  }
  return absl::NotFoundError(absl::StrCat("unknown fusion policy `", name, "`",
                                          DidYouMean(name, names),
                                          "; `assay patterns` lists them"));
}

bool operator==(const FusionKey& a, const FusionKey& b) {
  return a.policy == b.policy && a.scratchpad_bytes == b.scratchpad_bytes &&
         a.max_inputs == b.max_inputs;
}

namespace {

std::vector<absl::string_view> Words(absl::string_view list) {
  return absl::StrSplit(list, ' ', absl::SkipEmpty());
}

bool Lists(absl::string_view list, absl::string_view word) {
  for (absl::string_view w : Words(list)) {
    if (w == word) return true;
  }
  return false;
}

class Fuser {
 public:
  Fuser(const Graph& graph, const Shapes& shapes, const Execution& execution, const Works& works,
        const Numbers& numbers, const FusionKey& key, const FusionPolicyRow& policy)
      : graph_(graph),
        execution_(execution),
        numbers_(numbers),
        key_(key),
        flow_(Flow::Build(graph, shapes, execution, works, numbers)),
        kernel_of_(flow_.ops.size(), -1) {
    for (absl::string_view name : Words(policy.patterns)) {
      for (const PatternRow& row : FusionPatterns()) {
        if (row.name == name) patterns_.push_back(MakePattern(row));
      }
    }
    if (patterns_.empty()) return;
    spelled_ = FindSpellings(graph, execution, flow_, Activations());
    spelled_at_.assign(flow_.ops.size(), -1);
    spelled_from_.assign(graph.num_values(), -1);
    for (size_t i = 0; i < spelled_.size(); ++i) {
      spelled_at_[spelled_[i].ops.front()] = static_cast<int32_t>(i);
      spelled_from_[spelled_[i].input.index] = static_cast<int32_t>(i);
    }
  }

  Partition Run() {
    for (int32_t s = 0; s < static_cast<int32_t>(flow_.ops.size()); ++s) {
      if (kernel_of_[s] < 0) Grow(s);
    }
    Partition out;
    out.key = key_;
    out.kernel_of.assign(graph_.num_ops(), -1);
    for (size_t s = 0; s < flow_.ops.size(); ++s) {
      out.kernel_of[flow_.ops[s].index] = kernel_of_[s];
    }
    out.kernels.reserve(grown_.size());
    for (size_t k = 0; k < grown_.size(); ++k) Finish(static_cast<int32_t>(k), &out);
    out.bytes_fused += out.extra_reads + out.inserted;
    return out;
  }

 private:
  struct Pattern {
    const PatternRow* row;
    std::vector<const StepRow*> steps;
  };
  // A kernel while it grows.
  struct Grown {
    absl::InlinedVector<int32_t, 4> ops;  // slots
    absl::string_view pattern = "single";
    std::string name;
    ValueId tail;  // its result so far
    double internal = 0;
    int inputs = 0;
  };
  // What the tables say of one operator: where it can start a pattern, which steps absorb it.
  struct Kind {
    int pattern = -1;
    std::vector<const StepRow*> steps;
  };

  static Pattern MakePattern(const PatternRow& row) {
    Pattern p{&row, {}};
    for (absl::string_view name : Words(row.steps)) {
      for (const StepRow& step : FusionSteps()) {
        if (step.name == name) p.steps.push_back(&step);
      }
    }
    return p;
  }

  const Kind& KindOf(int32_t slot) {
    const OpRow* row = graph_.op(flow_.ops[slot]).row;
    auto [it, added] = kinds_.try_emplace(row);
    if (added) {
      it->second = std::make_unique<Kind>();
      if (row != nullptr) {
        for (size_t i = 0; i < patterns_.size() && it->second->pattern < 0; ++i) {
          if (Lists(patterns_[i].row->start, row->name)) it->second->pattern = static_cast<int>(i);
        }
        for (const StepRow& step : FusionSteps()) {
          if (Lists(step.ops, row->name)) it->second->steps.push_back(&step);
        }
      }
    }
    return *it->second;
  }

  const Pattern* SpellingPattern() const {
    for (const Pattern& p : patterns_) {
      if (p.row->start == "spelling") return &p;
    }
    return nullptr;
  }

  absl::string_view TypeOf(int32_t slot) const {
    return graph_.str(graph_.op(flow_.ops[slot]).type);
  }
  RegionId RegionOf(int32_t slot) const { return graph_.op(flow_.ops[slot]).region; }
  ValueId ResultOf(int32_t slot) const {
    const absl::Span<const Flow::Access> writes = flow_.writes(slot);
    return writes.empty() ? ValueId() : writes[0].value;
  }

  // Takes the ops into the kernel, which then results in the last one's result.
  void Take(Grown* k, absl::Span<const int32_t> slots, absl::string_view name) {
    const int32_t id = static_cast<int32_t>(grown_.size());
    for (int32_t s : slots) {
      kernel_of_[s] = id;
      k->ops.push_back(s);
    }
    k->tail = ResultOf(slots.back());
    if (k->name.empty()) {
      k->name = std::string(name);
    } else {
      absl::StrAppend(&k->name, "+", name);
    }
  }

  int InputsOf(absl::Span<const int32_t> slots, ValueId tail) const {
    int n = 0;
    for (int32_t s : slots) {
      for (const Flow::Access& a : flow_.reads(s))
        n += a.value != tail && flow_.writer(a.value) < 0;
    }
    return n;
  }

  // Whether the kernel may take these ops, which consume its result and whatever else is constant.
  bool MayTake(Grown* k, absl::Span<const int32_t> slots) {
    for (int32_t s : slots) {
      if (kernel_of_[s] >= 0 || RegionOf(s) != RegionOf(k->ops[0])) return false;
    }
    for (int32_t reader : flow_.readers(k->tail)) {
      if (std::find(slots.begin(), slots.end(), reader) == slots.end()) return false;
    }
    // What stays inside: the kernel's result so far, and all results but the last of what comes.
    double internal = k->internal + std::max(0.0, numbers_.value_bytes[k->tail.index]);
    for (size_t i = 0; i + 1 < slots.size(); ++i) {
      if (const ValueId v = ResultOf(slots[i]); v.has_value()) {
        internal += std::max(0.0, numbers_.value_bytes[v.index]);
      }
    }
    const int inputs = k->inputs + InputsOf(slots, k->tail);
    if (key_.scratchpad_bytes > 0 && internal > key_.scratchpad_bytes) return false;
    if (key_.max_inputs > 0 && inputs > key_.max_inputs) return false;
    k->internal = internal;
    k->inputs = inputs;
    return true;
  }

  bool TakeStep(Grown* k, const StepRow& step) {
    if (!k->tail.has_value() || flow_.escapes(k->tail)) return false;
    if (step.spellings) {
      if (const int32_t i = spelled_from_[k->tail.index]; i >= 0 && MayTake(k, spelled_[i].ops)) {
        Take(k, spelled_[i].ops, spelled_[i].row->name);
        return true;
      }
    }
    const absl::Span<const int32_t> readers = flow_.readers(k->tail);
    if (readers.size() != 1) return false;
    const int32_t s = readers[0];
    const std::vector<const StepRow*>& steps = KindOf(s).steps;
    if (std::find(steps.begin(), steps.end(), &step) == steps.end()) return false;
    int tails = 0;
    const absl::Span<const Flow::Access> reads = flow_.reads(s);
    for (size_t i = 0; i < reads.size(); ++i) {
      if (reads[i].value == k->tail) {
        if (step.tail_operand >= 0 && static_cast<int>(i) != step.tail_operand) return false;
        ++tails;
      } else if (!IsConstantOperand(graph_, execution_, reads[i].operand)) {
        return false;
      }
    }
    if (tails != 1 || !MayTake(k, readers)) return false;
    Take(k, readers, TypeOf(s));
    return true;
  }

  void Grow(int32_t start) {
    Grown k;
    const Pattern* pattern = nullptr;
    if (!patterns_.empty()) {
      const int32_t spelled = spelled_at_[start];
      if (spelled >= 0 && SpellingPattern() != nullptr && FreeSpelling(spelled_[spelled])) {
        pattern = SpellingPattern();
        Take(&k, spelled_[spelled].ops, spelled_[spelled].row->name);
      } else if (const int p = KindOf(start).pattern; p >= 0) {
        pattern = &patterns_[p];
      }
    }
    if (k.ops.empty()) Take(&k, {start}, TypeOf(start));
    k.inputs = InputsOf(k.ops, ValueId());
    if (pattern != nullptr) {
      for (const StepRow* step : pattern->steps) TakeStep(&k, *step);
      if (k.ops.size() > 1) k.pattern = pattern->row->name;
    }
    grown_.push_back(std::move(k));
  }

  bool FreeSpelling(const Spelled& s) const {
    for (int32_t o : s.ops) {
      if (kernel_of_[o] >= 0) return false;
    }
    return true;
  }

  // Works out what the kernel reads and writes, and adds its traffic up.
  void Finish(int32_t id, Partition* out) {
    Grown& grown = grown_[id];
    std::sort(grown.ops.begin(), grown.ops.end());
    Partition::KernelOps& k = out->kernels.emplace_back();
    k.name = std::move(grown.name);
    k.pattern = grown.pattern;
    k.multiplicity = 1;
    double unfused = 0, internal_reads = 0, external_reads = 0, internal_writes = 0;
    for (int32_t s : grown.ops) {
      const OpId op = flow_.ops[s];
      k.ops.push_back(op);
      const OpRow* row = graph_.op(op).row;
      if (!k.anchor.has_value() && row != nullptr &&
          (row->role == Role::kContraction || row->role == Role::kAttention)) {
        k.anchor = op;
      }
      k.known &= flow_.known[s] != 0;
      if (const OpNumbers& n = numbers_.of(op); n.known) k.multiplicity = n.multiplicity;
      for (const Flow::Access& a : flow_.reads(s)) {
        unfused += a.bytes;
        const int32_t writer = flow_.writer(a.value);
        if (writer >= 0 && kernel_of_[writer] == id) {
          internal_reads += a.bytes;
          continue;
        }
        if (a.bytes == 0) continue;
        external_reads += a.bytes;
        const auto it = std::find(k.reads.begin(), k.reads.end(), a.value);
        if (it == k.reads.end()) {
          k.reads.push_back(a.value);
          k.read_bytes.push_back(a.bytes);
        } else {
          double& bytes = k.read_bytes[it - k.reads.begin()];
          bytes = std::max(bytes, a.bytes);
        }
      }
      for (const Flow::Access& a : flow_.writes(s)) {
        unfused += a.bytes;
        if (Leaves(a.value, id)) {
          k.writes.push_back(a.value);
          k.write_bytes.push_back(a.bytes);
          k.bytes_written += a.bytes;
        } else {
          internal_writes += a.bytes;
          k.bytes_internal += a.bytes;
        }
      }
    }
    for (size_t i = 0; i < k.reads.size(); ++i) {
      (execution_.is_weight(k.reads[i]) ? k.bytes_weights : k.bytes_read) += k.read_bytes[i];
    }
    const double n = k.multiplicity;
    out->bytes_unfused += n * unfused;
    out->bytes_fused += n * k.bytes_external();
    out->bytes_internal += n * k.bytes_internal;
    out->internal_writes += n * internal_writes;
    out->internal_reads += n * internal_reads;
    out->shared_reads += n * (external_reads - k.bytes_read - k.bytes_weights);
  }

  bool Leaves(ValueId v, int32_t kernel) const {
    const absl::Span<const int32_t> readers = flow_.readers(v);
    if (flow_.escapes(v) || readers.empty()) return true;
    for (int32_t r : readers) {
      if (kernel_of_[r] != kernel) return true;
    }
    return false;
  }

  const Graph& graph_;
  const Execution& execution_;
  const Numbers& numbers_;
  const FusionKey& key_;
  const Flow flow_;
  std::vector<Pattern> patterns_;
  std::vector<Spelled> spelled_;
  std::vector<int32_t> spelled_at_;    // by slot: the spelling whose first op it is, or -1
  std::vector<int32_t> spelled_from_;  // by ValueId: the spelling whose x it is, or -1
  absl::flat_hash_map<const OpRow*, std::unique_ptr<Kind>> kinds_;
  std::vector<int32_t> kernel_of_;  // by slot
  std::vector<Grown> grown_;
};

}  // namespace

absl::StatusOr<Partition> FuseOps(const Graph& graph, const Shapes& shapes,
                                  const Execution& execution, const Works& works,
                                  const Numbers& numbers, const FusionKey& key) {
  absl::StatusOr<const FusionPolicyRow*> policy = FindFusionPolicy(key.policy);
  if (!policy.ok()) return policy.status();
  return Fuser(graph, shapes, execution, works, numbers, key, **policy).Run();
}

absl::Status VerifyPartition(const Graph& graph, const Execution& execution,
                             const Partition& partition) {
  const int kernels = static_cast<int>(partition.kernels.size());
  if (static_cast<int>(partition.kernel_of.size()) != graph.num_ops()) {
    return absl::InternalError("kernel_of has not one entry per op");
  }
  size_t held = 0;
  for (int k = 0; k < kernels; ++k) {
    const std::vector<OpId>& ops = partition.kernels[k].ops;
    if (ops.empty()) return absl::InternalError(absl::StrCat("kernel ", k, " holds no op"));
    if (k > 0 && partition.kernels[k - 1].ops[0].index >= ops[0].index) {
      return absl::InternalError(absl::StrCat("kernel ", k, " is out of order"));
    }
    for (size_t i = 0; i < ops.size(); ++i) {
      if (i > 0 && ops[i - 1].index >= ops[i].index) {
        return absl::InternalError(absl::StrCat("ops of kernel ", k, " are not ascending"));
      }
      if (graph.op(ops[i]).region != graph.op(ops[0]).region) {
        return absl::InternalError(absl::StrCat("kernel ", k, " crosses regions"));
      }
      if (partition.kernel_of[ops[i].index] != k) {
        return absl::InternalError(absl::StrCat(graph.Describe(ops[i]), " is in two kernels"));
      }
    }
    held += ops.size();
  }
  size_t running = 0;
  for (OpId op(0); op.index < graph.num_ops(); ++op.index) {
    running += execution.runs(op);
    if (execution.runs(op) != (partition.kernel_of[op.index] >= 0)) {
      return absl::InternalError(absl::StrCat(graph.Describe(op), " is in the wrong kernel"));
    }
  }
  if (held != running) return absl::InternalError("the kernels do not hold what runs");

  // No cycle: kernels can be taken away one by one once nothing that is left feeds them.
  std::vector<std::vector<int32_t>> then(kernels);
  std::vector<int32_t> waits(kernels, 0);
  for (OpId op(0); op.index < graph.num_ops(); ++op.index) {
    const int32_t k = partition.kernel_of[op.index];
    if (k < 0) continue;
    for (ValueId v : graph.inputs(op)) {
      if (!v.has_value()) continue;
      const Value& root = graph.value(execution.root[v.index]);
      if (root.def != Value::Def::kOp) continue;
      const int32_t before = partition.kernel_of[root.op.index];
      if (before < 0 || before == k) continue;
      then[before].push_back(k);
      ++waits[k];
    }
  }
  std::vector<int32_t> ready;
  for (int k = 0; k < kernels; ++k) {
    if (waits[k] == 0) ready.push_back(k);
  }
  int done = 0;
  while (!ready.empty()) {
    const int32_t k = ready.back();
    ready.pop_back();
    ++done;
    for (int32_t next : then[k]) {
      if (--waits[next] == 0) ready.push_back(next);
    }
  }
  if (done != kernels) return absl::InternalError("the kernels wait for each other in a circle");

  const double saved = partition.internal_writes + partition.internal_reads +
                       partition.shared_reads - partition.extra_reads - partition.inserted;
  const double difference = partition.bytes_unfused - partition.bytes_fused;
  // Bytes are whole numbers: exact below 2^53.
  if (difference != saved && std::abs(difference - saved) > 1e-12 * partition.bytes_unfused) {
    return absl::InternalError(absl::StrCat("traffic does not add up: ", difference, " saved, but ",
                                            saved, " accounted for"));
  }
  return absl::OkStatus();
}

}  // namespace assay
