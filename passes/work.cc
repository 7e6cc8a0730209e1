#include "passes/work.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "ir/op_context.h"
#include "ir/op_table.h"
#include "passes/parallel.h"

namespace assay {

const Work& Works::of(OpId op) const {
  static const Work& empty = *new Work();
  const int32_t i = slot[op.index];
  return i < 0 ? empty : works[i];
}

namespace {

constexpr int64_t kWorkGrain = 512;  // ops per piece: a few hundred microseconds

// A rule's view of types and contents that are final.
class FrozenEnvironment final : public OpEnvironment {
 public:
  explicit FrozenEnvironment(const Shapes& shapes) : shapes_(shapes) {}
  DimPool& pool() override { return *shapes_.pool; }
  const Type& TypeOf(ValueId value) override { return shapes_.type(value); }
  const TensorValue* ValueOf(ValueId value) override { return shapes_.value(value); }
  bool MayHaveValue(ValueId value) override { return shapes_.value(value) != nullptr; }
  absl::Status InferRegion(RegionId, absl::Span<const Type>,
                           absl::Span<const TensorValue* const>) override {
    return absl::OkStatus();
  }
  void SetType(ValueId, Type) override {}
  void SetValue(ValueId, TensorValue) override {}
  void SetStoredValue(ValueId, const Constant&) override {}
  void DecideBranch(OpId, int) override {}
  void SetTrips(OpId, Dim) override {}
  std::optional<Type> ClaimOf(ValueId) override { return std::nullopt; }
  absl::StatusOr<Dim> Unify(OpId, Dim a, Dim, absl::string_view) override { return a; }
  void Assume(OpId, std::string) override {}

 private:
  const Shapes& shapes_;
};

// A sum of many terms, most of which are numbers or occur again and again.
class Sum {
 public:
  // Adds factor x term x times, the last being a multiplicity.
  void Add(DimPool& pool, Dim term, int64_t factor, Dim times) {
    if (term.is(0)) return;
    if (!times.is(1)) term = pool.Mul(term, times);
    if (term.known()) {
      known_ = pool.Add(known_, pool.Mul(term, Dim(factor)));
      return;
    }
    auto [it, added] = index_.try_emplace(term, terms_.size());
    if (added) terms_.push_back({term, 0});
    terms_[it->second].second += factor;  // at most 16 x operands of a graph: no overflow
  }
  Dim Total(DimPool& pool) const { return pool.Add(known_, Part(pool, 0, terms_.size())); }

 private:
  // The sum of a range of terms, by halves: one by one, n different symbols would cost n^2.
  Dim Part(DimPool& pool, size_t begin, size_t end) const {
    if (begin == end) return Dim(0);
    if (end - begin == 1) return pool.Mul(terms_[begin].first, Dim(terms_[begin].second));
    const size_t middle = begin + (end - begin) / 2;
    return pool.Add(Part(pool, begin, middle), Part(pool, middle, end));
  }

  Dim known_ = Dim(0);
  std::vector<std::pair<Dim, int64_t>> terms_;  // in order of first use
  absl::flat_hash_map<Dim, size_t> index_;
};

// Whether any amount is such a one.
template <class Predicate>
bool Any(const Work& work, Predicate predicate) {
  for (Dim d : {work.macs, work.flops, work.transcendentals, work.int_ops, work.comparisons}) {
    if (predicate(d)) return true;
  }
  for (Dim d : work.reads) {
    if (predicate(d)) return true;
  }
  for (Dim d : work.writes) {
    if (predicate(d)) return true;
  }
  return false;
}

// Elements of a stored tensor that counts as parameters; else 0.
int64_t ParametersOf(const Constant& c) {
  return IsWeightType(c.dtype) && !c.dims.empty() ? c.stored_elements : 0;
}

int64_t BytesOfStored(int64_t elements, DType dtype) {
  return static_cast<int64_t>((static_cast<__int128>(elements) * Bits(dtype) + 7) / 8);
}

void CountParameters(const Graph& graph, const Shapes& shapes, const Execution& execution,
                     Works* out) {
  std::vector<uint8_t> seen(graph.num_constants(), 0);
  auto add = [&](int64_t elements, int64_t bytes) {
    if (elements <= 0) return;
    // Claims of a hostile file may add up past 64 bits; the sum then stays where it is.
    int64_t sum;
    if (!__builtin_add_overflow(out->parameters, elements, &sum)) out->parameters = sum;
    if (!__builtin_add_overflow(out->weight_bytes, bytes, &sum)) out->weight_bytes = sum;
  };
  auto add_constant = [&](int64_t index) {
    if (index < 0 || index >= graph.num_constants() || seen[index]) return;
    seen[index] = 1;
    const Constant& c = graph.constant(ConstantId(index));
    add(ParametersOf(c), BytesOfStored(ParametersOf(c), c.dtype));
  };
  for (ValueId v(0); v.index < graph.num_values(); ++v.index) {
    const Value& value = graph.value(v);
    if (value.def == Value::Def::kWeight) add_constant(value.constant.index);
  }
  for (OpId op(0); op.index < graph.num_ops(); ++op.index) {
    const AttributeNumbers numbers = NumbersInAttributes(graph, op);
    add(numbers.elements, numbers.bytes);
  }
  const NameId constant = graph.FindName("Constant"), generator = graph.FindName("ConstantOfShape");
  // Buffers that something running reads: a ConstantOfShape among them stands for a weight; one
  // that only goes into the making of another constant (a mask) does not.
  std::vector<uint8_t> read;
  if (generator.has_value()) {
    read.assign(graph.num_values(), 0);
    for (OpId op(0); op.index < graph.num_ops(); ++op.index) {
      if (!execution.runs(op)) continue;
      for (ValueId v : graph.inputs(op)) {
        if (v.has_value()) read[execution.root[v.index].index] = 1;
      }
    }
  }
  for (OpId op(0); op.index < graph.num_ops(); ++op.index) {
    const NameId type = graph.op(op).type;
    if (constant.has_value() && type == constant) {
      for (const Attr& attr : graph.attrs(op)) {
        if (attr.kind == AttrKind::kTensor) add_constant(attr.i);
        if (attr.kind == AttrKind::kFloats) {
          const int64_t n = static_cast<int64_t>(attr.floats.size());
          add(n, BytesOfStored(n, DType::kF32));
        }
      }
    } else if (generator.has_value() && type == generator && !graph.outputs(op).empty()) {
      const ValueId v = graph.outputs(op)[0];
      if (!v.has_value() || !read[v.index] || execution.constant[v.index] != Constancy::kStored) {
        continue;
      }
      const Type& t = shapes.type(v);
      if (!t.is_tensor() || !t.ranked || t.rank() == 0 || !IsFloat(t.dtype)) continue;
      const Dim n = shapes.pool->Product(t.dims);
      if (n.known()) add(n.value(), BytesOfStored(n.value(), t.dtype));
    }
  }
}

struct Totals {
  Sum macs, flops, transcendentals, int_ops, comparisons, bytes_in, bytes_out, bytes_weights;
};

void AddTraffic(DimPool& pool, Dim elements, const Type& type, Dim times, Sum* sum) {
  const int bits = Bits(type.dtype);
  if (bits % 8 == 0) {
    sum->Add(pool, elements, bits / 8, times);
  } else {
    sum->Add(pool, BytesOf(pool, elements, type.dtype), 1, times);
  }
}

void AddOp(const Graph& graph, const Shapes& shapes, const Execution& execution, OpId op,
           const Work& work, Totals* t) {
  DimPool& pool = *shapes.pool;
  const Dim times = execution.multiplicity[op.index];
  t->macs.Add(pool, work.macs, 1, times);
  t->flops.Add(pool, work.flops, 1, times);
  t->transcendentals.Add(pool, work.transcendentals, 1, times);
  t->int_ops.Add(pool, work.int_ops, 1, times);
  t->comparisons.Add(pool, work.comparisons, 1, times);
  t->bytes_weights.Add(pool, Dim(NumbersInAttributes(graph, op).bytes), 1, times);
  const absl::Span<const ValueId> in = graph.inputs(op), out = graph.outputs(op);
  for (size_t i = 0; i < in.size() && i < work.reads.size(); ++i) {
    if (!in[i].has_value()) continue;
    AddTraffic(pool, work.reads[i], shapes.type(in[i]), times,
               execution.is_weight(in[i]) ? &t->bytes_weights : &t->bytes_in);
  }
  for (size_t i = 0; i < out.size() && i < work.writes.size(); ++i) {
    if (out[i].has_value()) {
      AddTraffic(pool, work.writes[i], shapes.type(out[i]), times, &t->bytes_out);
    }
  }
}

absl::StatusOr<Work> Compute(const Graph& graph, FrozenEnvironment& env, OpId op) {
  OpContext context(graph, op, env);
  absl::Status s = ComputeWork(context);
  if (!s.ok()) {
    return absl::Status(s.code(), absl::StrCat(graph.Describe(op), ": ", s.message()));
  }
  if (Any(context.work(), [](Dim d) { return d.overflow(); })) {
    return absl::InvalidArgumentError(
        absl::StrCat(graph.Describe(op),
                     ": its work does not fit in 64 bits; check the sizes of its "
                     "operands"));
  }
  return std::move(context.work());
}

}  // namespace

AttributeNumbers NumbersInAttributes(const Graph& graph, OpId op) {
  AttributeNumbers out;
  const OpRow* row = graph.op(op).row;
  if (row == nullptr || row->domain != "ai.onnx.ml") return out;
  for (const Attr& attr : graph.attrs(op)) {
    int64_t n = 0;
    DType dtype = DType::kF32;
    if (attr.kind == AttrKind::kFloats) n = static_cast<int64_t>(attr.floats.size());
    if (attr.kind == AttrKind::kTensor) {
      const Constant& c = graph.constant(ConstantId(static_cast<int32_t>(attr.i)));
      n = ParametersOf(c);
      dtype = c.dtype;
    }
    // Claims of a hostile file may add up past 64 bits; the sum then stays where it is.
    int64_t sum;
    if (!__builtin_add_overflow(out.elements, n, &sum)) out.elements = sum;
    if (!__builtin_add_overflow(out.bytes, BytesOfStored(n, dtype), &sum)) out.bytes = sum;
  }
  return out;
}

Dim BytesOf(DimPool& pool, Dim elements, DType dtype) {
  const int bits = Bits(dtype);
  if (bits % 8 == 0) return pool.Mul(elements, Dim(bits / 8));
  return pool.CeilDiv(pool.Mul(elements, Dim(bits)), Dim(8));
}

absl::StatusOr<Work> WorkOf(const Graph& graph, const Shapes& shapes, OpId op) {
  FrozenEnvironment env(shapes);
  return Compute(graph, env, op);
}

absl::StatusOr<Works> CountWork(const Graph& graph, const Shapes& shapes,
                                const Execution& execution, int threads) {
  Works out;
  const int n = graph.num_ops();
  out.slot.assign(n, -1);
  std::vector<OpId> running;
  running.reserve(execution.count[static_cast<int>(Exec::kRuns)]);
  for (OpId op(0); op.index < n; ++op.index) {
    if (!execution.runs(op)) continue;
    out.slot[op.index] = static_cast<int32_t>(running.size());
    running.push_back(op);
  }
  out.works.resize(running.size());
  out.unknown.assign(running.size(), 0);

  // Expressions are interned by whoever makes one: a pool with symbols is one thread's.
  if (!shapes.pool->symbols().empty()) threads = 1;
  std::vector<absl::Status> errors(running.size() / kWorkGrain + 1);
  ParallelFor(static_cast<int64_t>(running.size()), kWorkGrain, threads,
              [&](int64_t begin, int64_t end) {
                FrozenEnvironment env(shapes);
                absl::Status& error = errors[begin / kWorkGrain];
                for (int64_t i = begin; i < end; ++i) {
                  absl::StatusOr<Work> work = Compute(graph, env, running[i]);
                  if (!work.ok()) {
                    if (error.ok()) error = work.status();
                    continue;
                  }
                  out.unknown[i] = Any(*work, [](Dim d) { return d.unknown(); });
                  out.works[i] = *std::move(work);
                }
              });
  for (absl::Status& s : errors) {
    if (!s.ok()) return std::move(s);
  }

  Totals totals;
  for (size_t i = 0; i < running.size(); ++i) {
    if (out.unknown[i]) {
      ++out.unknown_ops;
    } else {
      AddOp(graph, shapes, execution, running[i], out.works[i], &totals);
    }
  }
  DimPool& pool = *shapes.pool;
  out.macs = totals.macs.Total(pool);
  out.flops = totals.flops.Total(pool);
  out.transcendentals = totals.transcendentals.Total(pool);
  out.int_ops = totals.int_ops.Total(pool);
  out.comparisons = totals.comparisons.Total(pool);
  out.bytes_in = totals.bytes_in.Total(pool);
  out.bytes_out = totals.bytes_out.Total(pool);
  out.bytes_weights = totals.bytes_weights.Total(pool);
  out.bytes = pool.Add(pool.Add(out.bytes_in, out.bytes_out), out.bytes_weights);
  CountParameters(graph, shapes, execution, &out);
  return out;
}

}  // namespace assay
