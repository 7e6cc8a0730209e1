// The two walks behind Execution (passes/execution.h has the rules).
//
// Forward, in op order: what is constant, whose buffer a view renames, how often an op runs, and
// which branch of an If counts. Backward: what of each value is wanted (its contents, or a size
// made of it), and from that the class of each op. A region is walked where its owner stands, so
// that a want on a result of an If or Loop reaches the ops of the body before they are classified.
#include "passes/execution.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "ir/op_table.h"
#include "passes/shapes.h"
#include "passes/work.h"

namespace assay {

absl::string_view Name(Exec exec) {
  switch (exec) {
    case Exec::kRuns:
      return "runs";
    case Exec::kFolded:
      return "folded";
    case Exec::kShape:
      return "shape";
    case Exec::kView:
      return "view";
    case Exec::kDead:
      return "dead";
  }
  return "?";
}

namespace {

// Operands whose contents set sizes: read on the host before the op starts. Operator names
// separated by spaces, then a mask of operands.
struct SizeOperands {
  absl::string_view ops;
  uint32_t mask;
};
constexpr SizeOperands kSizeOperands[] = {
    {"Reshape Expand Tile Squeeze Unsqueeze Split SplitToSequence TopK OneHot Trilu CumSum", 0b10},
    {"Upsample CenterCropPad AffineGrid SequenceAt SequenceErase", 0b10},
    {"ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2", 0b10},
    {"ReduceLogSum ReduceLogSumExp ReduceSumSquare", 0b10},
    {"ConstantOfShape HannWindow HammingWindow BlackmanWindow", 0b1},
    {"Range MelWeightMatrix", 0b11111},
    {"Slice", 0b11110},
    {"Pad", 0b1010},
    {"Resize", 0b1110},
    {"Dropout Col2Im DFT", 0b110},
    {"STFT", 0b1010},
    {"NonMaxSuppression MaxUnpool SequenceInsert", 0b100},
};
// Of these only the shape of operand 0 matters, not what is in it.
constexpr absl::string_view kShapeOnly = "Shape Size EyeLike RandomNormalLike RandomUniformLike";

// What the classification needs to know of an operator; looked up once per operator of the model.
struct Traits {
  uint32_t size_operands = 0;
  bool shape_only = false;
  bool dequantize = false, cast = false, transpose = false, expand = false, is_if = false,
       is_loop = false;
  bool view = false;
  bool heavy = false;  // contraction or attention
  bool host = false;   // may be computed on the host when it is small and feeds sizes alone
};

bool Lists(absl::string_view list, absl::string_view name) {
  for (absl::string_view s : absl::StrSplit(list, ' ')) {
    if (s == name) return true;
  }
  return false;
}

Traits MakeTraits(const OpRow& row) {
  Traits t;
  t.heavy = IsHeavy(row.role);
  t.view = row.role == Role::kView;
  t.host = !t.heavy && row.role != Role::kNormalization && row.role != Role::kPooling &&
           row.role != Role::kControl;
  if (!row.domain.empty()) return t;
  for (const SizeOperands& s : kSizeOperands) {
    if (Lists(s.ops, row.name)) t.size_operands = s.mask;
  }
  t.shape_only = Lists(kShapeOnly, row.name);
  t.dequantize = row.name == "DequantizeLinear";
  t.cast = row.name == "Cast" || row.name == "CastLike";
  t.transpose = row.name == "Transpose";
  t.expand = row.name == "Expand";
  t.is_if = row.name == "If";
  t.is_loop = row.name == "Loop";
  return t;
}

// What is known of a value's contents.
enum class Contents : uint8_t { kUnknown, kExpressions, kNumbers };

// What is wanted of a value.
constexpr uint8_t kWantContents = 1;
constexpr uint8_t kWantSize = 2;

class Classifier {
 public:
  Classifier(const Graph& graph, const Shapes& shapes) : graph_(graph), shapes_(shapes) {}

  absl::StatusOr<Execution> Run() {
    Prepare();
    for (OpId op(0); op.index < graph_.num_ops(); ++op.index) {
      CloseOwners(op.index);
      absl::Status s = Forward(op);
      if (!s.ok()) return s;
    }
    CloseOwners(graph_.num_ops());
    Backward();
    for (Exec e : out_.exec) ++out_.count[static_cast<int>(e)];
    return std::move(out_);
  }

 private:
  void Prepare();
  absl::Status Forward(OpId op);
  absl::Status OpenOwner(OpId op, const Traits& traits);
  void CloseOwners(int32_t next);
  absl::StatusOr<int> CostlierBranch(OpId op);
  void Backward();
  void WantRegionResults(OpId owner);
  Exec Classify(OpId op, const Traits& traits, uint8_t want) const;
  void WantOperands(OpId op, const Traits& traits, Exec exec, uint8_t want);
  void WantLoopOperands(OpId op);
  bool IsView(OpId op, const Traits& traits) const;
  bool MovesNothing(OpId op) const;
  bool KnownResults(OpId op) const;
  bool Small(ValueId v) const;
  bool DependsOnContents(ValueId v) const;

  const Traits& TraitsOf(OpId op) {
    const OpRow* row = graph_.op(op).row;
    if (last_traits_ != nullptr && row == last_row_) return *last_traits_;
    auto [it, added] = traits_.try_emplace(row);
    if (added) {
      it->second = std::make_unique<Traits>(row == nullptr ? Traits() : MakeTraits(*row));
    }
    last_row_ = row;
    last_traits_ = it->second.get();
    return *last_traits_;
  }

  void Want(ValueId v, uint8_t bits) {
    if (v.has_value()) want_[v.index] |= bits;
  }
  uint8_t WantOf(ValueId v) const { return v.has_value() ? want_[v.index] : 0; }
  bool OwnsRegions(OpId op) const { return is_owner_[op.index]; }

  const Graph& graph_;
  const Shapes& shapes_;
  Execution out_;
  std::vector<Contents> contents_;  // by ValueId
  std::vector<uint8_t> want_;       // by ValueId
  std::vector<uint8_t> not_taken_;  // by OpId: stands in a branch that is not taken
  std::vector<OpId> owners_;        // ops with regions, ascending
  std::vector<uint8_t> is_owner_;   // by OpId
  std::vector<OpId> open_;          // owners around the current op, outermost first
  absl::flat_hash_map<const OpRow*, std::unique_ptr<Traits>> traits_;
  const OpRow* last_row_ = nullptr;
  const Traits* last_traits_ = nullptr;
};

void Classifier::Prepare() {
  const int ops = graph_.num_ops(), values = graph_.num_values();
  out_.exec.assign(ops, Exec::kDead);
  out_.multiplicity.assign(ops, Dim(1));
  out_.branch.assign(ops, -1);
  out_.constant.assign(values, Constancy::kNone);
  out_.root.resize(values);
  contents_.assign(values, Contents::kUnknown);
  want_.assign(values, 0);
  not_taken_.assign(ops, 0);
  is_owner_.assign(ops, 0);
  for (ValueId v(0); v.index < values; ++v.index) {
    out_.root[v.index] = v;
    if (graph_.value(v).def == Value::Def::kWeight) {
      out_.constant[v.index] = Constancy::kStored;
    }
    const TensorValue* value = shapes_.value(v);
    if (value == nullptr) continue;
    bool known = true, numbers = true;
    for (const Elem& e : value->elems) {
      known &= !e.unknown() && !(e.is_int() && e.num.unknown());
      numbers &= e.constant();
    }
    if (value->splat && value->size() < 0) known = numbers = false;
    contents_[v.index] = !known    ? Contents::kUnknown
                         : numbers ? Contents::kNumbers
                                   : Contents::kExpressions;
  }
  for (RegionId r(1); r.index < graph_.num_regions(); ++r.index) {
    const OpId owner = graph_.region(r).owner;
    if (owner.has_value() && !is_owner_[owner.index]) {
      is_owner_[owner.index] = 1;
      owners_.push_back(owner);
    }
  }
  std::sort(owners_.begin(), owners_.end(), [](OpId a, OpId b) { return a.index < b.index; });
}

// Same elements in the same places, though not for sure without a look at the types.
bool Classifier::MovesNothing(OpId op) const {
  const ValueId in = graph_.inputs(op)[0], out = graph_.outputs(op)[0];
  const Type& a = shapes_.type(in);
  const Type& b = shapes_.type(out);
  if (!a.is_tensor() || !b.is_tensor() || !a.ranked || !b.ranked || a.dtype != b.dtype)
    return false;
  return a.dims == b.dims && a.resolved();
}

bool Classifier::IsView(OpId op, const Traits& traits) const {
  const absl::Span<const ValueId> in = graph_.inputs(op), out = graph_.outputs(op);
  if (in.empty() || !in[0].has_value() || out.empty() || !out[0].has_value()) return false;
  for (size_t i = 1; i < out.size(); ++i) {
    if (out[i].has_value() && !graph_.uses(out[i]).empty()) return false;
  }
  if (traits.view) return true;
  if (traits.cast || traits.expand) return MovesNothing(op);
  if (!traits.transpose) return false;
  // The order of the axes that are longer than 1 must stay.
  const Type& type = shapes_.type(in[0]);
  if (!type.is_tensor() || !type.ranked) return false;
  const Attr* perm = graph_.FindAttr(op, "perm");
  int64_t last = -1;
  for (int i = 0; i < type.rank(); ++i) {
    int64_t axis = type.rank() - 1 - i;
    if (perm != nullptr && perm->kind == AttrKind::kInts) {
      if (perm->ints.size() != type.dims.size()) return false;
      axis = perm->ints[i];
      if (axis < 0 || axis >= type.rank()) return false;
    }
    if (type.dims[axis].is(1)) continue;
    if (axis < last) return false;
    last = axis;
  }
  return true;
}

absl::Status Classifier::Forward(OpId op) {
  const Op& o = graph_.op(op);
  const Traits& traits = TraitsOf(op);
  if (const OpId owner = graph_.region(o.region).owner; owner.has_value()) {
    out_.multiplicity[op.index] =
        shapes_.pool->Mul(out_.multiplicity[owner.index], shapes_.trips[owner.index]);
    if (not_taken_[owner.index]) not_taken_[op.index] = 1;
  }
  if (OwnsRegions(op)) return OpenOwner(op, traits);
  if (o.row == nullptr) return absl::OkStatus();

  const absl::Span<const ValueId> in = graph_.inputs(op);
  if (IsView(op, traits)) {
    out_.root[graph_.outputs(op)[0].index] = out_.root[in[0].index];
  }
  if (o.row->random || traits.dequantize) return absl::OkStatus();
  bool stored = true;
  for (ValueId v : in) {
    if (!v.has_value()) continue;
    const Constancy c = out_.constant[v.index];
    if (c == Constancy::kStored) continue;
    stored = false;
    if (c == Constancy::kNone && contents_[v.index] != Contents::kNumbers) return absl::OkStatus();
  }
  if (!stored && traits.heavy) return absl::OkStatus();
  for (ValueId v : graph_.outputs(op)) {
    if (v.has_value()) {
      out_.constant[v.index] = stored ? Constancy::kStored : Constancy::kSized;
    }
  }
  return absl::OkStatus();
}

RegionId TakenRegion(const Graph& graph, OpId op, int branch) {
  const Attr* attr = graph.FindAttr(op, branch == 1 ? "else_branch" : "then_branch");
  return attr != nullptr && attr->kind == AttrKind::kRegion ? RegionId(attr->i) : RegionId();
}

absl::Status Classifier::OpenOwner(OpId op, const Traits& traits) {
  open_.push_back(op);
  if (!traits.is_if) return absl::OkStatus();
  bool takes_else = shapes_.branch[op.index] == 1;
  if (shapes_.branch[op.index] < 0 && !not_taken_[op.index]) {
    absl::StatusOr<int> costlier = CostlierBranch(op);
    if (!costlier.ok()) return costlier.status();
    takes_else = *costlier == 1;
  }
  out_.branch[op.index] = takes_else ? 1 : 0;
  const RegionId other = TakenRegion(graph_, op, 1 - out_.branch[op.index]);
  if (!other.has_value()) return absl::OkStatus();
  const Region& region = graph_.region(other);
  for (int32_t i = region.begin.index; i < region.end.index; ++i) not_taken_[i] = 1;
  return absl::OkStatus();
}

// What an If gives out is what its branch gave.
void Classifier::CloseOwners(int32_t next) {
  while (!open_.empty() && graph_.op(open_.back()).subtree_end.index <= next) {
    const OpId op = open_.back();
    open_.pop_back();
    if (!TraitsOf(op).is_if) continue;
    const RegionId taken = TakenRegion(graph_, op, out_.branch[op.index]);
    if (!taken.has_value()) continue;
    const std::vector<ValueId>& results = graph_.region(taken).results;
    const absl::Span<const ValueId> outputs = graph_.outputs(op);
    for (size_t i = 0; i < outputs.size() && i < results.size(); ++i) {
      if (!outputs[i].has_value() || !results[i].has_value()) continue;
      out_.root[outputs[i].index] = out_.root[results[i].index];
      if (shapes_.branch[op.index] >= 0) {
        out_.constant[outputs[i].index] = out_.constant[results[i].index];
      }
    }
  }
}

absl::StatusOr<int> Classifier::CostlierBranch(OpId op) {
  const Point point = DefaultPoint(shapes_);
  double flops[2] = {0, 0}, elements[2] = {0, 0};
  for (int b : {0, 1}) {
    const RegionId region = TakenRegion(graph_, op, b);
    if (!region.has_value()) continue;
    const Region& r = graph_.region(region);
    std::vector<double> trips(r.end.index - r.begin.index,
                              1.0);  // around each op, inside the branch
    for (OpId inner = r.begin; inner != r.end; ++inner.index) {
      double times = 1;
      if (graph_.op(inner).region != region) {
        const OpId owner = graph_.region(graph_.op(inner).region).owner;
        absl::StatusOr<int64_t> n = shapes_.pool->Evaluate(shapes_.trips[owner.index], point);
        times = trips[owner.index - r.begin.index] * (n.ok() ? static_cast<double>(*n) : 1.0);
      }
      trips[inner.index - r.begin.index] = times;
      absl::StatusOr<Work> work = WorkOf(graph_, shapes_, inner);
      if (!work.ok()) continue;  // it cannot run with these shapes; the walk over what runs says so
      auto number = [&](Dim d) {
        absl::StatusOr<int64_t> n = shapes_.pool->Evaluate(d, point);
        return n.ok() ? static_cast<double>(*n) : 0.0;
      };
      flops[b] += times * number(work->flops);
      for (Dim d : work->reads) elements[b] += times * number(d);
      for (Dim d : work->writes) elements[b] += times * number(d);
    }
  }
  const int branch = flops[1] > flops[0] || (flops[1] == flops[0] && elements[1] > elements[0]);
  out_.assumptions.push_back(
      {op, absl::StrCat("takes its ", branch == 0 ? "then" : "else",
                        " branch, the costlier one: its condition is only known when it runs")});
  return branch;
}

bool Classifier::DependsOnContents(ValueId v) const {
  const Type& type = shapes_.type(v);
  if (!type.is_tensor() || !type.ranked) return true;
  std::vector<int> symbols;
  for (Dim d : type.dims) {
    if (d.known()) continue;
    if (!d.symbolic()) return true;
    shapes_.pool->CollectSymbols(d, &symbols);
  }
  for (int s : symbols) {
    if (shapes_.pool->symbols()[s].data_dependent) return true;
  }
  return false;
}

bool Classifier::Small(ValueId v) const {
  const Type& type = shapes_.type(v);
  if (!type.is_tensor() || !type.ranked) return false;
  int64_t n = 1;
  for (Dim d : type.dims) {
    if (!d.known() || d.value() > TensorValue::kMaxElements) return false;
    n *= d.value();
    if (n > TensorValue::kMaxElements) return false;
  }
  return true;
}

// Inference knows the contents of every wanted result, and they are few: a large tensor of equal
// elements still has to be written by somebody.
bool Classifier::KnownResults(OpId op) const {
  bool any = false;
  for (ValueId v : graph_.outputs(op)) {
    if (WantOf(v) == 0) continue;
    if (contents_[v.index] == Contents::kUnknown) return false;
    const TensorValue* value = shapes_.value(v);
    if (value->splat && value->size() != 1 && WantOf(v) != kWantSize) return false;
    any = true;
  }
  return any;
}

Exec Classifier::Classify(OpId op, const Traits& traits, uint8_t want) const {
  if (not_taken_[op.index] || want == 0) return Exec::kDead;
  const absl::Span<const ValueId> outputs = graph_.outputs(op);
  auto constant = [&](Constancy c) {
    for (ValueId v : outputs) {
      if (v.has_value() && out_.constant[v.index] != c) return false;
    }
    return true;
  };
  if (OwnsRegions(op)) {
    if (!traits.is_if) return Exec::kRuns;
    if (KnownResults(op)) return Exec::kShape;
    return shapes_.branch[op.index] >= 0 ? Exec::kView : Exec::kRuns;
  }
  if (constant(Constancy::kStored)) return Exec::kFolded;
  if (graph_.op(op).row != nullptr && !graph_.op(op).row->random && KnownResults(op)) {
    return Exec::kShape;
  }
  if (want == kWantSize && traits.host) {
    bool small = true;
    for (ValueId v : outputs) small &= !v.has_value() || Small(v);
    if (!traits.shape_only) {
      for (ValueId v : graph_.inputs(op)) small &= !v.has_value() || Small(v);
    }
    if (small) return Exec::kShape;
  }
  if (constant(Constancy::kSized)) return Exec::kFolded;
  if (IsView(op, traits)) return Exec::kView;
  return Exec::kRuns;
}

void Classifier::WantLoopOperands(OpId op) {
  const absl::Span<const ValueId> in = graph_.inputs(op), out = graph_.outputs(op);
  const Attr* attr = graph_.FindAttr(op, "body");
  if (attr == nullptr || attr->kind != AttrKind::kRegion) return;
  const std::vector<ValueId>& args = graph_.region(RegionId(attr->i)).args;
  for (size_t i = 0; i < in.size(); ++i) {
    if (!in[i].has_value()) continue;
    if (i < 2) {  // trip count and condition
      Want(in[i], contents_[in[i].index] != Contents::kUnknown ? kWantSize : kWantContents);
      continue;
    }
    Want(in[i],
         (i < args.size() ? WantOf(args[i]) : 0) | (i - 2 < out.size() ? WantOf(out[i - 2]) : 0));
  }
}

void Classifier::WantOperands(OpId op, const Traits& traits, Exec exec, uint8_t want) {
  const absl::Span<const ValueId> in = graph_.inputs(op);
  switch (exec) {
    case Exec::kDead:
      return;
    case Exec::kFolded:
      for (ValueId v : in) Want(v, kWantSize);
      return;
    case Exec::kShape:
      for (ValueId v : in) {
        if (!v.has_value()) continue;
        if (traits.shape_only) {
          if (DependsOnContents(v)) Want(v, kWantContents);
        } else {
          Want(v, kWantSize);
        }
      }
      return;
    case Exec::kView:
    case Exec::kRuns:
      break;
  }
  if (OwnsRegions(op)) {
    if (traits.is_loop) {
      WantLoopOperands(op);
    } else {
      const uint8_t bits = exec == Exec::kView ? kWantSize : kWantContents;
      for (ValueId v : in) Want(v, bits);
    }
    return;
  }
  // Beside the tensor that a view is of there are only sizes; a sequence is a view of all it holds.
  const bool tensor_view =
      exec == Exec::kView && shapes_.type(graph_.outputs(op)[0]).kind != TypeKind::kSequence;
  for (size_t i = 0; i < in.size(); ++i) {
    const bool size = (i < 32 && ((traits.size_operands >> i) & 1)) || (tensor_view && i > 0);
    if (traits.shape_only && i == 0) {
      if (in[i].has_value() && DependsOnContents(in[i])) Want(in[i], kWantContents);
    } else {
      Want(in[i], size ? kWantSize : exec == Exec::kView ? want : kWantContents);
    }
  }
}

// Called when the walk back enters the owner's regions: all uses of its results have been seen.
void Classifier::WantRegionResults(OpId owner) {
  if (not_taken_[owner.index]) return;
  const Traits& traits = TraitsOf(owner);
  const absl::Span<const ValueId> out = graph_.outputs(owner);
  uint8_t any = 0;
  for (ValueId v : out) any |= WantOf(v);
  if (any == 0) return;
  for (RegionId r : graph_.regions(owner)) {
    const Region& region = graph_.region(r);
    if (traits.is_if) {
      if (r != TakenRegion(graph_, owner, out_.branch[owner.index])) continue;
      for (size_t i = 0; i < region.results.size() && i < out.size(); ++i) {
        Want(region.results[i], WantOf(out[i]));
      }
    } else if (traits.is_loop) {
      // condition, carried values, scan outputs; arguments are iteration, condition, carried
      // values.
      for (size_t i = 0; i < region.results.size(); ++i) {
        const ValueId v = region.results[i];
        if (!v.has_value()) continue;
        if (i == 0) {
          Want(v, contents_[v.index] != Contents::kUnknown ? kWantSize : kWantContents);
          continue;
        }
        const bool carried = i + 1 < region.args.size();
        if (carried && !graph_.uses(region.args[i + 1]).empty()) Want(v, kWantContents);
        if (i - 1 < out.size()) Want(v, WantOf(out[i - 1]));
      }
    } else {
      for (ValueId v : region.results) Want(v, kWantContents);
    }
  }
}

void Classifier::Backward() {
  for (ValueId v : graph_.region(Graph::kMain).results) Want(v, kWantContents);
  // Owners by the end of what is nested in them, outermost first.
  std::vector<OpId> by_end = owners_;
  std::stable_sort(by_end.begin(), by_end.end(), [&](OpId a, OpId b) {
    return graph_.op(a).subtree_end.index > graph_.op(b).subtree_end.index;
  });
  size_t next = 0;
  for (OpId op(graph_.num_ops() - 1); op.has_value(); --op.index) {
    for (; next < by_end.size() && graph_.op(by_end[next]).subtree_end.index == op.index + 1;
         ++next) {
      WantRegionResults(by_end[next]);
    }
    uint8_t want = 0;
    for (ValueId v : graph_.outputs(op)) want |= WantOf(v);
    const Traits& traits = TraitsOf(op);
    const Exec exec = Classify(op, traits, want);
    out_.exec[op.index] = exec;
    if (exec != Exec::kFolded) {
      for (ValueId v : graph_.outputs(op)) {
        if (v.has_value() && !OwnsRegions(op)) {
          // A shape op's result is no weight, though it may be a number.
          if (out_.constant[v.index] == Constancy::kSized) {
            out_.constant[v.index] = Constancy::kNone;
          }
        }
      }
    }
    WantOperands(op, traits, exec, want);
  }
}

}  // namespace

absl::StatusOr<Execution> ClassifyOps(const Graph& graph, const Shapes& shapes) {
  return Classifier(graph, shapes).Run();
}

}  // namespace assay
