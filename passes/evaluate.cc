#include "passes/evaluate.h"

#include <cmath>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "passes/work.h"

namespace assay {

const OpNumbers& Numbers::of(OpId op) const {
  static constexpr OpNumbers kNone;
  const int32_t i = slot[op.index];
  return i < 0 ? kNone : ops[i];
}

void OpNumbers::Add(const OpNumbers& other) {
  macs += other.macs;
  flops += other.flops;
  transcendentals += other.transcendentals;
  int_ops += other.int_ops;
  comparisons += other.comparisons;
  bytes_in += other.bytes_in;
  bytes_out += other.bytes_out;
  bytes_weights += other.bytes_weights;
}

OpNumbers Numbers::Sum(absl::Span<const OpId> several) const {
  OpNumbers sum;
  for (OpId op : several) sum.Add(of(op));
  return sum;
}

double ValueAt(const Shapes& shapes, const Numbers& numbers, Dim d, double otherwise) {
  if (d.known()) return static_cast<double>(d.value());
  const absl::StatusOr<int64_t> n = shapes.pool->Evaluate(d, numbers.point);
  return n.ok() ? static_cast<double>(*n) : otherwise;
}

double BytesAt(double elements, int bits) {
  return bits % 8 == 0 ? elements * (bits >> 3) : std::ceil(elements * bits / 8);
}

Evaluator::Amount Evaluator::AmountOf(Dim d) {
  if (d.known()) return {static_cast<double>(d.value()), Amount::kNumber};
  if (!d.symbolic()) return {0, Amount::kUnknown};
  auto [it, added] = slot_of_.try_emplace(d, static_cast<int32_t>(exprs_.size()));
  if (added) exprs_.push_back(d);
  return {0, it->second};
}

void Evaluator::AddValue(ValueId v) {
  const Type* type = &shapes_.type(v);
  SymbolicValue value{.value = v, .elements = 1};
  auto multiply = [&](Dim d) {
    const Amount a = AmountOf(d);
    if (a.slot == Amount::kUnknown) return false;
    if (a.slot == Amount::kNumber) {
      value.elements *= a.number;
    } else {
      value.slots.push_back(a.slot);
    }
    return true;
  };
  for (; type->kind == TypeKind::kSequence || type->kind == TypeKind::kOptional;
       type = type->element.get()) {
    if (type->element == nullptr) return;
    if (type->kind == TypeKind::kSequence && !multiply(type->length)) return;
  }
  if (!type->is_tensor() || !type->ranked) return;
  for (Dim d : type->dims) {
    if (!multiply(d)) return;
  }
  value.bits = Bits(type->dtype);
  if (value.slots.empty()) {
    value_bytes_[v.index] = BytesAt(value.elements, value.bits);
  } else {
    symbolic_values_.push_back(std::move(value));
  }
}

Evaluator::Evaluator(const Graph& graph, const Shapes& shapes, const Execution& execution,
                     const Works& works)
    : graph_(graph), shapes_(shapes), works_(works) {
  ops_.reserve(works.works.size());
  for (OpId op(0); op.index < graph.num_ops(); ++op.index) {
    const int32_t slot = works.slot[op.index];
    if (slot < 0) continue;
    const Work& w = works.works[slot];
    RunningOp o;
    o.op = op;
    o.multiplicity = AmountOf(execution.multiplicity[op.index]);
    o.known = !works.unknown[slot] && o.multiplicity.slot != Amount::kUnknown;
    o.macs = AmountOf(w.macs);
    o.flops = AmountOf(w.flops);
    o.transcendentals = AmountOf(w.transcendentals);
    o.int_ops = AmountOf(w.int_ops);
    o.comparisons = AmountOf(w.comparisons);
    o.traffic_begin = static_cast<uint32_t>(traffic_.size());
    const absl::Span<const ValueId> in = graph.inputs(op), out = graph.outputs(op);
    for (size_t i = 0; i < in.size() && i < w.reads.size(); ++i) {
      if (!in[i].has_value()) continue;
      traffic_.push_back({AmountOf(w.reads[i]),
                          static_cast<int16_t>(Bits(shapes.type(in[i]).dtype)),
                          execution.is_weight(in[i]) ? Kind::kWeight : Kind::kIn});
    }
    for (size_t i = 0; i < out.size() && i < w.writes.size(); ++i) {
      if (!out[i].has_value()) continue;
      traffic_.push_back({AmountOf(w.writes[i]),
                          static_cast<int16_t>(Bits(shapes.type(out[i]).dtype)), Kind::kOut});
    }
    if (const int64_t bytes = NumbersInAttributes(graph, op).bytes; bytes > 0) {
      traffic_.push_back({AmountOf(Dim(bytes)), 8, Kind::kWeight});
    }
    o.traffic_end = static_cast<uint32_t>(traffic_.size());
    ops_.push_back(o);
  }
  value_bytes_.assign(graph.num_values(), -1);
  for (ValueId v(0); v.index < graph.num_values(); ++v.index) AddValue(v);
}

absl::StatusOr<Numbers> Evaluator::At(const Point& point) const {
  Numbers out;
  Values values;
  if (absl::Status s = At(point, &values, &out); !s.ok()) return s;
  return out;
}

absl::Status Evaluator::At(const Point& point, Values* evaluated, Numbers* numbers) const {
  Numbers& out = *numbers;
  out.point = point;
  if (out.slot.size() != works_.slot.size()) out.slot = works_.slot;
  out.ops.assign(ops_.size(), OpNumbers());
  out.value_bytes = value_bytes_;
  out.total = OpNumbers();
  out.running_ops = out.unknown_ops = 0;

  // Where an expression overflows, so does its place in `overflows`; the op that has it is named.
  evaluated->values.assign(exprs_.size(), 0);
  evaluated->overflows.assign(exprs_.size(), 0);
  std::vector<double>& values = evaluated->values;
  std::vector<uint8_t>& overflows = evaluated->overflows;
  for (size_t i = 0; i < exprs_.size(); ++i) {
    absl::StatusOr<int64_t> v = shapes_.pool->Evaluate(exprs_[i], point);
    if (v.ok()) {
      values[i] = static_cast<double>(*v);
    } else {
      overflows[i] = 1;
    }
  }
  for (const SymbolicValue& v : symbolic_values_) {
    double elements = v.elements;
    bool known = true;
    for (int32_t slot : v.slots) {
      elements *= values[slot];
      known &= !overflows[slot];
    }
    if (known) out.value_bytes[v.value.index] = BytesAt(elements, v.bits);
  }

  out.total.known = true;
  for (size_t i = 0; i < ops_.size(); ++i) {
    const RunningOp& o = ops_[i];
    ++out.running_ops;
    if (!o.known) {
      ++out.unknown_ops;
      continue;
    }
    bool overflow = false;
    auto number = [&](const Amount& a) {
      if (a.slot == Amount::kNumber) return a.number;
      overflow |= overflows[a.slot] != 0;
      return values[a.slot];
    };
    OpNumbers& n = out.ops[i];
    n.known = true;
    n.multiplicity = number(o.multiplicity);
    n.macs = n.multiplicity * number(o.macs);
    n.flops = n.multiplicity * number(o.flops);
    n.transcendentals = n.multiplicity * number(o.transcendentals);
    n.int_ops = n.multiplicity * number(o.int_ops);
    n.comparisons = n.multiplicity * number(o.comparisons);
    for (uint32_t t = o.traffic_begin; t < o.traffic_end; ++t) {
      const double bytes = n.multiplicity * BytesAt(number(traffic_[t].elements), traffic_[t].bits);
      switch (traffic_[t].kind) {
        case Kind::kIn:
          n.bytes_in += bytes;
          break;
        case Kind::kOut:
          n.bytes_out += bytes;
          break;
        case Kind::kWeight:
          n.bytes_weights += bytes;
          break;
      }
    }
    if (overflow) {
      return absl::InvalidArgumentError(
          absl::StrCat(graph_.Describe(o.op),
                       ": its work does not fit in 64 bits at these dimensions; bind smaller ones "
                       "with --dim"));
    }
    out.total.Add(n);
  }
  return absl::OkStatus();
}

absl::StatusOr<Numbers> EvaluateAt(const Graph& graph, const Shapes& shapes,
                                   const Execution& execution, const Works& works,
                                   const Point& point) {
  return Evaluator(graph, shapes, execution, works).At(point);
}

}  // namespace assay
