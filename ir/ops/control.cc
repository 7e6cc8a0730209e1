// Control flow: If, Loop, Scan, SequenceMap.
//
// The owner itself costs nothing; the ops of its regions are counted with the trip count as
// multiplicity. Values that a loop carries from one trip to the next must have one type for all
// trips, so it is found as a fixed point: infer the body with the types so far, widen what came out
// different (a size that changes becomes a symbol, a rank that changes is given up), and go on
// until nothing changes. A type can only be widened once per axis and once in rank, so this ends.
#include <algorithm>
#include <list>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/op_context.h"
#include "ir/ops/families.h"
#include "ir/ops/operands.h"
#include "ir/ops/trip_count.h"

namespace assay {
namespace {

// The narrowest type that covers both. Sizes that differ become a fresh symbol named after result
// `i`: between their bounds where it is one or the other, without an upper bound where it `grows`
// by trips.
Type Covering(OpContext& op, int i, const Type& a, const Type& b, bool grows) {
  if (a == b) return a;
  if (a.kind == TypeKind::kUnknown) return b;
  if (b.kind == TypeKind::kUnknown) return a;
  if (a.kind == TypeKind::kOptional && b.kind != TypeKind::kOptional) {
    return Type::Optional(Covering(op, i, *a.element, b, grows));
  }
  if (b.kind == TypeKind::kOptional && a.kind != TypeKind::kOptional) {
    return Type::Optional(Covering(op, i, a, *b.element, grows));
  }
  if (a.kind != b.kind) return Type();
  if (a.kind == TypeKind::kTensor) {
    if (!a.ranked || !b.ranked || a.rank() != b.rank()) return Type::Unranked(a.dtype);
    Type out = a;
    for (int k = 0; k < a.rank(); ++k) {
      if (a.dims[k] == b.dims[k]) continue;
      const Bounds x = op.dims().BoundsOf(a.dims[k]), y = op.dims().BoundsOf(b.dims[k]);
      // A symbol that already covers the other size stays.
      const int s = op.dims().SymbolIndex(a.dims[k]);
      if (s >= 0 && op.dims().symbols()[s].data_dependent && x.low <= y.low && y.high <= x.high) {
        continue;
      }
      out.dims[k] = op.Fresh(i,
                             {std::max<int64_t>(0, std::min(x.low, y.low)),
                              grows ? Bounds::kNoBound : std::max(x.high, y.high)},
                             "size that control flow changes");
    }
    return out;
  }
  Type out = a;
  // An empty sequence says nothing of the elements that a trip puts in.
  if (a.kind == TypeKind::kSequence && a.length.is(0) && b.element != nullptr) {
    out.element = b.element;
  } else if (a.kind == TypeKind::kSequence && b.length.is(0) && a.element != nullptr) {
    out.element = a.element;
  } else if (a.element != nullptr && b.element != nullptr) {
    out.element = std::make_shared<const Type>(Covering(op, i, *a.element, *b.element, grows));
  }
  if (a.length != b.length) out.length = Dim();
  return out;
}

const std::vector<ValueId>& Results(OpContext& op, RegionId region) {
  return op.graph().region(region).results;
}

absl::Status InferBranch(OpContext& op, RegionId branch) {
  return op.env().InferRegion(branch, {}, {});
}

Type ResultType(OpContext& op, RegionId region, int i) {
  const std::vector<ValueId>& results = Results(op, region);
  return i < static_cast<int>(results.size()) && results[i].has_value()
             ? op.env().TypeOf(results[i])
             : Type();
}

absl::Status IfShape(OpContext& op) {
  const RegionId branches[] = {op.region_attr("then_branch"), op.region_attr("else_branch")};
  for (int b : {0, 1}) {
    if (!branches[b].has_value()) {
      return OpError(b == 0 ? "it has no then_branch" : "it has no else_branch");
    }
    if (static_cast<int>(Results(op, branches[b]).size()) < op.num_outputs()) {
      return OpError("a branch has fewer results than the op");
    }
  }
  int taken = -1;
  if (std::optional<Dim> c = op.int_value(0); c.has_value() && c->known()) {
    taken = c->value() != 0 ? 0 : 1;
  }
  absl::Status status[2];
  if (taken < 0) {
    status[0] = InferBranch(op, branches[0]);
    status[1] = InferBranch(op, branches[1]);
    if (!status[0].ok() && !status[1].ok()) return status[0];
    // A branch that cannot run with these shapes is not the one taken.
    if (!status[0].ok() || !status[1].ok()) {
      taken = status[0].ok() ? 0 : 1;
      op.Assume(absl::StrCat("takes its ", taken == 0 ? "then" : "else",
                             " branch: the other one does not fit the shapes"));
    } else {
      // Exporters guard Squeeze with "is this axis 1?". Where the size is only known when the model
      // runs, the two branches differ in rank and the general case is the branch that leaves the
      // rank alone; unless no later op could take its results.
      for (int i = 0; i < op.num_outputs() && taken < 0; ++i) {
        const Type a = ResultType(op, branches[0], i), b = ResultType(op, branches[1], i);
        if (!a.is_tensor() || !b.is_tensor() || !a.ranked || !b.ranked || a.rank() == b.rank()) {
          continue;
        }
        const bool smaller = op.env().TakesSmallerRank();
        taken = (a.rank() > b.rank()) != smaller ? 0 : 1;
        op.Assume(absl::StrCat(
            "takes its ", taken == 0 ? "then" : "else", " branch: its condition is not known, and ",
            smaller ? "the other one, which keeps the rank, fits no later operator"
                    : "this branch keeps the rank"));
      }
    }
  } else {
    absl::Status s = InferBranch(op, branches[taken]);
    if (!s.ok()) return s;
  }
  if (taken >= 0) op.env().DecideBranch(op.id(), taken);
  for (int i = 0; i < op.num_outputs(); ++i) {
    if (taken >= 0) {
      op.SetOut(i, ResultType(op, branches[taken], i));
    } else {
      op.SetOut(i, Covering(op, i, ResultType(op, branches[0], i), ResultType(op, branches[1], i),
                            false));
    }
  }
  if (taken < 0) return absl::OkStatus();  // `execution` counts the branch with more work
  for (int i = 0; i < op.num_outputs(); ++i) {
    const ValueId result = Results(op, branches[taken])[i];
    if (!result.has_value() || !op.env().MayHaveValue(result)) continue;
    if (const TensorValue* v = op.env().ValueOf(result)) op.SetValue(i, *v);
  }
  return absl::OkStatus();
}

// Infers `body` until the types of the carried values repeat. `args` are the types of all
// arguments, and `values` their contents where known in every trip; those from `first` on are
// carried, `results` of the body from `first_result` on are their next values.
absl::Status FixedPoint(OpContext& op, RegionId body, int first, int carried, int first_result,
                        std::vector<Type>* args, std::vector<const TensorValue*> values = {}) {
  const std::vector<ValueId>& results = Results(op, body);
  constexpr int kMaxRounds = 12;
  for (int round = 0;; ++round) {
    absl::Status s = op.env().InferRegion(body, *args, values);
    if (!s.ok()) return s;
    bool changed = false;
    for (int i = 0; i < carried; ++i) {
      const Type next = op.env().TypeOf(results[first_result + i]);
      Type& now = (*args)[first + i];
      Type merged = Covering(op, i, now, next, true);
      if (round >= kMaxRounds && !(merged == now)) merged = Type::Unranked(now.dtype);
      if (merged == now) continue;
      // Give up an axis for good rather than chase a size that changes in every trip.
      now = std::move(merged);
      changed = true;
    }
    if (!changed || round > kMaxRounds + 1) return absl::OkStatus();
  }
}

absl::Status LoopShape(OpContext& op) {
  const RegionId body = op.region_attr("body");
  if (!body.has_value()) return OpError("it has no body");
  const Region& region = op.graph().region(body);
  const int carried = std::max(0, op.num_inputs() - 2);
  if (static_cast<int>(region.args.size()) != carried + 2) {
    return OpError(absl::StrCat("its body takes ", region.args.size(), " arguments where ",
                                carried + 2, " are given (trip number, condition, ", carried,
                                " carried)"));
  }
  const int scans = static_cast<int>(region.results.size()) - 1 - carried;
  if (scans < 0 || op.num_outputs() > carried + scans) {
    return OpError(absl::StrCat("its body has ", region.results.size(), " results; it carries ",
                                carried, " values and has ", op.num_outputs(), " results itself"));
  }
  for (ValueId r : region.results) {
    if (!r.has_value()) return OpError("a result of its body is missing");
  }
  std::vector<Type> args = {Type::Tensor(DType::kI64, {}), Type::Tensor(DType::kBool, {})};
  for (int i = 0; i < carried; ++i) args.push_back(op.in(2 + i));
  // A trip happens only while the condition is true: inside the body it is.
  const TensorValue yes = {.dims = {}, .splat = false, .elems = {Elem::Int(1)}};
  std::vector<const TensorValue*> values(args.size(), nullptr);
  values[1] = &yes;
  // What no trip changes is known inside when it is known outside. Copies: inference may move what
  // it knows.
  std::list<TensorValue> kept;
  for (int i = 2; i < static_cast<int>(args.size()); ++i) {
    const TensorValue* value = KeepsArgument(op.graph(), region, i) ? op.value(i) : nullptr;
    if (value != nullptr) values[i] = &kept.emplace_back(*value);
  }
  absl::Status s = FixedPoint(op, body, 2, carried, 1, &args, values);
  if (!s.ok()) return s;

  const TripCount count = CountTrips(op, body);
  Dim trips = count.exact;
  if (trips.unknown()) {
    Bounds bounds{0, Bounds::kNoBound};
    if (!count.most.unknown()) {
      bounds.high = std::max<int64_t>(0, op.dims().BoundsOf(count.most).high);
    }
    trips = op.Fresh(0, bounds, "trip count");
    op.Assume(absl::StrCat("the number of its trips is not known: `", op.dims().ToString(trips),
                           "` stands for it"));
  }
  op.env().SetTrips(op.id(), trips);
  for (int i = 0; i < carried; ++i) {
    // What begins as an optional and leaves every trip with its element has the element.
    const TypeKind left = op.env().TypeOf(region.results[1 + i]).kind;
    const bool filled = args[2 + i].kind == TypeKind::kOptional && left != TypeKind::kOptional &&
                        left != TypeKind::kUnknown && args[2 + i].element != nullptr;
    op.SetOut(i, filled ? *args[2 + i].element : args[2 + i]);
  }
  for (int i = 0; i < scans; ++i) {
    Type t = op.env().TypeOf(region.results[1 + carried + i]);
    if (t.is_tensor() && t.ranked) t.dims.insert(t.dims.begin(), trips);
    op.SetOut(carried + i, std::move(t));
  }
  return absl::OkStatus();
}

absl::Status ScanShape(OpContext& op) {
  const RegionId body = op.region_attr("body");
  if (!body.has_value()) return OpError("it has no body");
  const Region& region = op.graph().region(body);
  const bool batched =
      op.opset() < 9;  // Scan-8: operand 0 is sequence lengths, axis 0 is the batch
  const int first = batched ? 1 : 0;
  const int scan_inputs = static_cast<int>(op.int_attr("num_scan_inputs", 0));
  const int states = op.num_inputs() - first - scan_inputs;
  const int scan_outputs = static_cast<int>(region.results.size()) - states;
  if (scan_inputs < 1 || states < 0 || scan_outputs < 0 ||
      static_cast<int>(region.args.size()) != states + scan_inputs) {
    return OpError(absl::StrCat("num_scan_inputs ", scan_inputs, ", ", op.num_inputs(),
                                " operands and a body of ", region.args.size(), " arguments and ",
                                region.results.size(), " results do not fit together"));
  }
  for (ValueId r : region.results) {
    if (!r.has_value()) return OpError("a result of its body is missing");
  }
  const std::vector<int64_t> in_axes =
      op.ints_attr("scan_input_axes").value_or(std::vector<int64_t>());
  const std::vector<int64_t> out_axes =
      op.ints_attr("scan_output_axes").value_or(std::vector<int64_t>());
  std::vector<Type> args;
  Dim batch;
  auto drop_batch = [&](Type t) {
    if (batched && t.is_tensor() && t.ranked && t.rank() > 0) {
      batch = t.dims[0];
      t.dims.erase(t.dims.begin());
    }
    return t;
  };
  for (int i = 0; i < states; ++i) args.push_back(drop_batch(op.in(first + i)));
  Dim trips;
  for (int i = 0; i < scan_inputs; ++i) {
    Type t = drop_batch(op.in(first + states + i));
    if (t.is_tensor() && t.ranked) {
      absl::StatusOr<int> axis =
          op.Axis(i < static_cast<int>(in_axes.size()) ? in_axes[i] : 0, t.rank());
      if (!axis.ok()) return axis.status();
      if (absl::Status s = Merge(op, &trips, t.dims[*axis], "lengths of scanned operands");
          !s.ok()) {
        return s;
      }
      t.dims.erase(t.dims.begin() + *axis);
    }
    args.push_back(std::move(t));
  }
  absl::Status s = FixedPoint(op, body, 0, states, 0, &args);
  if (!s.ok()) return s;
  if (trips.unknown()) trips = op.Fresh(0, {0, Bounds::kNoBound}, "trip count");
  op.env().SetTrips(op.id(), batched && !batch.unknown() ? op.dims().Mul(batch, trips) : trips);
  auto add_batch = [&](Type t) {
    if (batched && t.is_tensor() && t.ranked) t.dims.insert(t.dims.begin(), batch);
    return t;
  };
  for (int i = 0; i < states; ++i) op.SetOut(i, add_batch(args[i]));
  for (int i = 0; i < scan_outputs; ++i) {
    Type t = op.env().TypeOf(region.results[states + i]);
    if (t.is_tensor() && t.ranked) {
      absl::StatusOr<int> axis =
          op.Axis(i < static_cast<int>(out_axes.size()) ? out_axes[i] : 0, t.rank() + 1);
      if (!axis.ok()) return axis.status();
      t.dims.insert(t.dims.begin() + *axis, trips);
    }
    op.SetOut(states + i, add_batch(std::move(t)));
  }
  return absl::OkStatus();
}

absl::Status SequenceMapShape(OpContext& op) {
  const RegionId body = op.region_attr("body");
  if (!body.has_value()) return OpError("it has no body");
  const Region& region = op.graph().region(body);
  if (static_cast<int>(region.args.size()) != op.num_inputs() ||
      static_cast<int>(region.results.size()) < op.num_outputs()) {
    return OpError("its body's arguments and results do not match its own");
  }
  std::vector<Type> args;
  for (int i = 0; i < op.num_inputs(); ++i) {
    const Type& t = op.in(i);
    args.push_back(t.kind == TypeKind::kSequence && t.element != nullptr ? *t.element : t);
  }
  absl::Status s = op.env().InferRegion(body, args, {});
  if (!s.ok()) return s;
  Dim trips = op.in(0).length;
  if (trips.unknown()) trips = op.Fresh(0, {0, Bounds::kNoBound}, "length of the sequence");
  op.env().SetTrips(op.id(), trips);
  for (int i = 0; i < op.num_outputs(); ++i) {
    op.SetOut(i, Type::Sequence(ResultType(op, body, i), trips));
  }
  return absl::OkStatus();
}

constexpr OpRow kRows[] = {
    {.name = "If",
     .versions = "1 11 13 16 19 21 23 24 25",
     .family = Family::kControl,
     .role = Role::kControl,
     .shape = IfShape,
     .formula = "the branch taken, where the condition is known; else the branch with more work"},
    {.name = "Loop",
     .versions = "1 11 13 16 19 21 23 24 25",
     .family = Family::kControl,
     .role = Role::kControl,
     .shape = LoopShape,
     .formula = "trip count x body; trips are M where the condition stays true, or until a counter "
                "that changes by a known number per trip passes its bound"},
    {.name = "Scan",
     .versions = "8 9 11 16 19 21 23 24 25",
     .family = Family::kControl,
     .role = Role::kControl,
     .shape = ScanShape,
     .formula = "length of the scanned axis x body"},
    {.name = "SequenceMap",
     .versions = "17",
     .family = Family::kControl,
     .role = Role::kControl,
     .shape = SequenceMapShape,
     .formula = "length of the sequence x body"},
};

}  // namespace

absl::Span<const OpRow> ControlOps() { return kRows; }

}  // namespace assay
