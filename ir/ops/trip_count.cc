// A condition is a conjunction of differences d(t) > 0, each linear in the trip number t. Trip t +
// 1 happens while all of them hold after trip t, so that with s = -step > 0 the loop ends after
//
//   1 + min over d of max(0, ceil(d(0) / s))      trips, when the condition holds at the start,
//       min over d of max(0, ceil(d(-1) / s))     when what decides the start is d(-1) > 0.
#include "ir/ops/trip_count.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace assay {
namespace {

// Ops looked at for one condition: what exporters write takes a dozen.
constexpr int kMaxOps = 200;
// No counter of an exporter steps further; keeps products of steps in 64 bits.
constexpr int64_t kMaxStep = int64_t{1} << 31;
// Exporters write INT64_MAX for "until the condition ends it".
constexpr int64_t kNoLimit = int64_t{1} << 31;

struct Linear {
  Dim at0;
  int64_t step = 0;
};

struct Condition {
  std::vector<Linear> differences;  // each greater than 0
  bool complete = true;             // nothing else decides
};

const OpRow* StandardOp(const Graph& graph, ValueId v, OpId* op) {
  if (graph.value(v).def != Value::Def::kOp) return nullptr;
  *op = graph.value(v).op;
  const OpRow* row = graph.op(*op).row;
  return row != nullptr && row->domain.empty() && row->custom == nullptr ? row : nullptr;
}

bool IsOneOf(absl::string_view name, std::initializer_list<absl::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class ConditionReader {
 public:
  // Without a body: what is read stands outside, and is a number.
  ConditionReader(OpContext& loop, const Region* body) : loop_(loop), body_(body) {}

  Condition Read(ValueId condition) {
    Condition out;
    std::vector<std::pair<ValueId, bool>> open = {{condition, false}};  // and whether it is negated
    while (!open.empty()) {
      const auto [v, negated] = open.back();
      open.pop_back();
      if (!v.has_value() || !Step()) return {.complete = false};
      if (const std::optional<Dim> known = NumberOf(v); known.has_value() && known->known()) {
        // A condition that fails at once is a difference that is never greater than 0.
        if ((known->value() != 0) == negated) out.differences.push_back({Dim(0), 0});
        continue;
      }
      OpId op;
      const OpRow* row = StandardOp(loop_.graph(), v, &op);
      const absl::Span<const ValueId> in =
          row == nullptr ? absl::Span<const ValueId>() : loop_.graph().inputs(op);
      if (row != nullptr && !in.empty() && in[0].has_value()) {
        if (IsOneOf(row->name, {"Identity", "Squeeze", "Unsqueeze", "Reshape"})) {
          open.emplace_back(in[0], negated);
          continue;
        }
        if (row->name == "Not") {
          open.emplace_back(in[0], !negated);
          continue;
        }
        if (row->name == (negated ? "Or" : "And") && in.size() == 2) {
          open.emplace_back(in[1], negated);
          open.emplace_back(in[0], negated);
          continue;
        }
        if (in.size() == 2 && in[1].has_value()) {
          if (const std::optional<Linear> d = Difference(row->name, in[0], in[1], negated)) {
            out.differences.push_back(*d);
            continue;
          }
        }
      }
      out.complete = false;
    }
    return out;
  }

 private:
  bool Step() { return ++ops_ <= kMaxOps; }

  // Of a tensor of one element.
  std::optional<Dim> NumberOf(ValueId v) {
    const TensorValue* value = loop_.env().ValueOf(v);
    if (value == nullptr || value->size() != 1) return std::nullopt;
    const Elem& e = value->at(0);
    if (!e.is_int() || e.num.unknown() || e.num.overflow()) return std::nullopt;
    return e.num;
  }

  // What is greater than 0 exactly when `a OP b`, of integers, is true.
  std::optional<Linear> Difference(absl::string_view op, ValueId a, ValueId b, bool negated) {
    bool less = IsOneOf(op, {"Less", "LessOrEqual"});
    bool equal = IsOneOf(op, {"LessOrEqual", "GreaterOrEqual"});
    if (!less && !IsOneOf(op, {"Greater", "GreaterOrEqual"})) return std::nullopt;
    if (negated) {
      less = !less;
      equal = !equal;
    }
    if (!less) std::swap(a, b);
    const std::optional<Linear> low = LinearOf(a), high = LinearOf(b);
    if (!low.has_value() || !high.has_value()) return std::nullopt;
    DimPool& dims = loop_.dims();
    const Dim d = dims.Sub(high->at0, low->at0);
    return Linear{dims.Add(d, Dim(equal ? 1 : 0)), high->step - low->step};
  }

  // A value of the body as its argument plus a number; no argument: the number itself.
  struct Offset {
    int arg = -1;
    Dim add = Dim(0);
  };

  std::optional<Offset> Trace(ValueId v) {
    Offset out;
    DimPool& dims = loop_.dims();
    while (v.has_value() && Step()) {
      const Type& type = loop_.env().TypeOf(v);
      if (!type.is_tensor() || !IsInteger(type.dtype) || !type.ranked ||
          !dims.Product(type.dims).is(1)) {
        return std::nullopt;
      }
      if (const std::optional<Dim> number = NumberOf(v)) {
        out.add = dims.Add(out.add, *number);
        return out;
      }
      const Value& value = loop_.graph().value(v);
      if (value.def == Value::Def::kArg) {
        if (body_ == nullptr || value.index >= static_cast<int>(body_->args.size()) ||
            body_->args[value.index] != v) {
          return std::nullopt;
        }
        out.arg = value.index;
        return out;
      }
      OpId op;
      const OpRow* row = StandardOp(loop_.graph(), v, &op);
      if (row == nullptr) return std::nullopt;
      const absl::Span<const ValueId> in = loop_.graph().inputs(op);
      if (in.empty() || !in[0].has_value()) return std::nullopt;
      if (IsOneOf(row->name, {"Identity", "Cast", "Squeeze", "Unsqueeze", "Reshape"})) {
        v = in[0];
        continue;
      }
      if (!IsOneOf(row->name, {"Add", "Sub"}) || in.size() != 2 || !in[1].has_value()) {
        return std::nullopt;
      }
      if (const std::optional<Dim> right = NumberOf(in[1])) {
        out.add = row->name == "Add" ? dims.Add(out.add, *right) : dims.Sub(out.add, *right);
        v = in[0];
      } else if (const std::optional<Dim> left = NumberOf(in[0]);
                 left.has_value() && row->name == "Add") {
        out.add = dims.Add(out.add, *left);
        v = in[1];
      } else {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  std::optional<Linear> LinearOf(ValueId v) {
    const std::optional<Offset> offset = Trace(v);
    if (!offset.has_value()) return std::nullopt;
    if (offset->arg < 0) return Linear{offset->add, 0};
    if (offset->arg == 0) return Linear{offset->add, 1};  // the trip number
    if (offset->arg == 1) return std::nullopt;            // the condition
    // Arguments from 2 on are carried: result number arg - 1 is their next value.
    const std::optional<Dim> start = loop_.int_value(offset->arg);
    const size_t next = static_cast<size_t>(offset->arg) - 1;
    if (!start.has_value() || next >= body_->results.size()) {
      return std::nullopt;
    }
    const std::optional<Offset> step = Trace(body_->results[next]);
    if (!step.has_value() || step->arg != offset->arg || !step->add.known() ||
        step->add.value() > kMaxStep || step->add.value() < -kMaxStep) {
      return std::nullopt;
    }
    return Linear{loop_.dims().Add(*start, offset->add), step->add.value()};
  }

  OpContext& loop_;
  const Region* body_;
  int ops_ = 0;
};

// The first t from 0 at which d(t) > 0 fails. Unknown: never, or nobody knows; `sure` says which.
Dim FirstFailure(DimPool& dims, const Linear& d, bool* sure) {
  *sure = true;
  if (d.at0.overflow() || d.at0.unknown()) {
    *sure = false;
    return Dim();
  }
  if (d.step < 0) return dims.Max(dims.CeilDiv(d.at0, Dim(-d.step)), Dim(0));
  const Bounds bounds = dims.BoundsOf(d.at0);
  if (bounds.high <= 0) return Dim(0);
  *sure = bounds.low > 0;
  return Dim();
}

}  // namespace

bool KeepsArgument(const Graph& graph, const Region& body, int arg) {
  if (arg < 2 || arg - 1 >= static_cast<int>(body.results.size())) return false;
  ValueId v = body.results[arg - 1];
  for (int i = 0; i < kMaxOps && v.has_value(); ++i) {
    if (v == body.args[arg]) return true;
    OpId op;
    const OpRow* row = StandardOp(graph, v, &op);
    if (row == nullptr || row->name != "Identity" || graph.inputs(op).empty()) return false;
    v = graph.inputs(op)[0];
  }
  return false;
}

TripCount CountTrips(OpContext& loop, RegionId body_id) {
  DimPool& dims = loop.dims();
  const Region& body = loop.graph().region(body_id);
  TripCount out;
  const std::optional<Dim> limit = loop.int_value(0);
  if (limit.has_value() && !(limit->known() && limit->value() >= kNoLimit)) {
    out.most = dims.Max(*limit, Dim(0));
  }
  // At the start.
  bool starts = !loop.has(1), start_known = starts;
  Condition at_start;
  if (!starts) {
    at_start = ConditionReader(loop, nullptr).Read(loop.input_id(1));
    bool holds = at_start.complete, fails = false;
    for (const Linear& d : at_start.differences) {
      const Bounds bounds = dims.BoundsOf(d.at0);
      holds &= bounds.low > 0;
      fails |= bounds.high <= 0;
    }
    if (fails) return {Dim(0), Dim(0)};
    starts = start_known = holds;
  }
  // After each trip.
  Condition condition = ConditionReader(loop, &body).Read(body.results[0]);
  if (!start_known && at_start.complete &&
      at_start.differences.size() == condition.differences.size()) {
    // The start is decided as any trip is: then it is the trip before the first.
    start_known = true;
    for (size_t i = 0; i < condition.differences.size(); ++i) {
      const Linear& d = condition.differences[i];
      start_known &= at_start.differences[i].at0 == dims.Sub(d.at0, Dim(d.step));
    }
    start_known &= condition.complete;
  }
  Dim count;
  for (Linear d : condition.differences) {
    if (start_known && !starts) d.at0 = dims.Sub(d.at0, Dim(d.step));
    bool sure = true;
    Dim first = FirstFailure(dims, d, &sure);
    condition.complete &= sure;
    if (first.unknown()) continue;
    if (starts || !start_known) first = dims.Add(first, Dim(1));
    count = count.unknown() ? first : dims.Min(count, first);
  }
  const bool limited = !loop.has(0) || !out.most.unknown() || (limit.has_value() && limit->known());
  if (!count.unknown()) out.most = out.most.unknown() ? count : dims.Min(out.most, count);
  if (condition.complete && start_known && limited) out.exact = out.most;
  return out;
}

}  // namespace assay
