#include "ir/op_context.h"

#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

const Type& UnknownType() {
  static const Type& type = *new Type();
  return type;
}

}  // namespace

OpContext::OpContext(const Graph& graph, OpId op, OpEnvironment& env)
    : graph_(graph), id_(op), env_(env), inputs_(graph.inputs(op)), outputs_(graph.outputs(op)) {}

absl::string_view OpContext::type() const { return graph_.str(graph_.op(id_).type); }
int OpContext::opset() const { return graph_.op(id_).opset; }
const OpRow& OpContext::row() const { return *graph_.op(id_).row; }

bool OpContext::has(int i) const { return i >= 0 && i < num_inputs() && inputs_[i].has_value(); }

const Type& OpContext::in(int i) const { return has(i) ? env_.TypeOf(inputs_[i]) : UnknownType(); }

Dim OpContext::dim(int i, int axis) const {
  const Type& t = in(i);
  if (!t.is_tensor() || !t.ranked) return Dim();
  if (axis < 0) axis += t.rank();
  return axis >= 0 && axis < t.rank() ? t.dims[axis] : Dim();
}

const TensorValue* OpContext::value(int i) const {
  return has(i) ? env_.ValueOf(inputs_[i]) : nullptr;
}

bool OpContext::may_have_value(int i) const { return has(i) && env_.MayHaveValue(inputs_[i]); }

std::optional<std::vector<Dim>> OpContext::ints_value(int i) const {
  const TensorValue* v = value(i);
  if (v == nullptr) return std::nullopt;
  int64_t n = v->size();
  if (n < 0 || n > TensorValue::kMaxElements) return std::nullopt;
  std::vector<Dim> out;
  out.reserve(n);
  for (int64_t k = 0; k < n; ++k) {
    const Elem& e = v->at(k);
    if (!e.is_int() || e.num.unknown()) return std::nullopt;
    out.push_back(e.num);
  }
  return out;
}

std::optional<std::vector<int64_t>> OpContext::known_ints_value(int i) const {
  std::optional<std::vector<Dim>> dims = ints_value(i);
  if (!dims.has_value()) return std::nullopt;
  std::vector<int64_t> out;
  out.reserve(dims->size());
  for (Dim d : *dims) {
    if (!d.known()) return std::nullopt;
    out.push_back(d.value());
  }
  return out;
}

std::optional<Dim> OpContext::int_value(int i) const {
  const TensorValue* v = value(i);
  if (v == nullptr || v->size() != 1 || !v->at(0).is_int() || v->at(0).num.unknown()) {
    return std::nullopt;
  }
  return v->at(0).num;
}

std::optional<double> OpContext::real_value(int i) const {
  const TensorValue* v = value(i);
  if (v == nullptr || v->size() != 1 || !v->at(0).constant()) return std::nullopt;
  return v->at(0).AsReal();
}

bool OpContext::is_stored(int i) const {
  return has(i) && graph_.value(inputs_[i]).def == Value::Def::kWeight;
}

const Attr* OpContext::attr(absl::string_view name) const {
  env_.OnAttribute(name);
  return graph_.FindAttr(id_, name);
}
bool OpContext::has_attr(absl::string_view name) const { return attr(name) != nullptr; }

const Attr* OpContext::AttrOf(AttrKind kind, absl::string_view name) const {
  const Attr* a = attr(name);
  if (a == nullptr || a->kind == kind) return a;
  mistyped_ = a;
  wanted_ = kind;
  return nullptr;
}

absl::Status OpContext::CheckAttributes() const {
  if (mistyped_ == nullptr) return absl::OkStatus();
  return OpError(absl::StrCat("attribute `", graph_.str(mistyped_->name), "` is ",
                              Name(mistyped_->kind), ", and the operator takes ", Name(wanted_),
                              "; correct the node, or export the model again"));
}

int64_t OpContext::int_attr(absl::string_view name, int64_t fallback) const {
  const Attr* a = AttrOf(AttrKind::kInt, name);
  return a != nullptr ? a->i : fallback;
}

double OpContext::float_attr(absl::string_view name, double fallback) const {
  const Attr* a = AttrOf(AttrKind::kFloat, name);
  return a != nullptr ? a->f : fallback;
}

absl::string_view OpContext::string_attr(absl::string_view name, absl::string_view fallback) const {
  const Attr* a = AttrOf(AttrKind::kString, name);
  return a != nullptr ? graph_.str(a->s) : fallback;
}

std::optional<std::vector<int64_t>> OpContext::ints_attr(absl::string_view name) const {
  const Attr* a = AttrOf(AttrKind::kInts, name);
  if (a == nullptr) return std::nullopt;
  return a->ints;
}

std::optional<std::vector<double>> OpContext::floats_attr(absl::string_view name) const {
  const Attr* a = AttrOf(AttrKind::kFloats, name);
  if (a == nullptr) return std::nullopt;
  return a->floats;
}

std::vector<absl::string_view> OpContext::strings_attr(absl::string_view name) const {
  std::vector<absl::string_view> out;
  const Attr* a = AttrOf(AttrKind::kStrings, name);
  if (a == nullptr) return out;
  for (NameId s : a->strings) out.push_back(graph_.str(s));
  return out;
}

const Constant* OpContext::tensor_attr(absl::string_view name) const {
  const Attr* a = AttrOf(AttrKind::kTensor, name);
  return a != nullptr ? &graph_.constant(ConstantId(a->i)) : nullptr;
}

RegionId OpContext::region_attr(absl::string_view name) const {
  const Attr* a = AttrOf(AttrKind::kRegion, name);
  return a != nullptr ? RegionId(a->i) : RegionId();
}

absl::StatusOr<int> OpContext::Axis(int64_t axis, int rank) const {
  int64_t a = axis < 0 ? axis + rank : axis;
  if (a < 0 || a >= rank) {
    return OpError(absl::StrCat("axis ", axis, " is outside a tensor of rank ", rank));
  }
  return static_cast<int>(a);
}

absl::StatusOr<std::vector<int>> OpContext::Axes(absl::Span<const int64_t> axes, int rank) const {
  std::vector<int> out;
  out.reserve(axes.size());
  for (int64_t axis : axes) {
    absl::StatusOr<int> a = Axis(axis, rank);
    if (!a.ok()) return a.status();
    out.push_back(*a);
  }
  return out;
}

bool OpContext::has_out(int i) const {
  return i >= 0 && i < num_outputs() && outputs_[i].has_value();
}

void OpContext::SetOut(int i, Type type) {
  if (has_out(i)) env_.SetType(outputs_[i], std::move(type));
}

void OpContext::SetValue(int i, TensorValue value) {
  if (has_out(i)) env_.SetValue(outputs_[i], std::move(value));
}

const Type& OpContext::out(int i) const {
  return has_out(i) ? env_.TypeOf(outputs_[i]) : UnknownType();
}

std::optional<Type> OpContext::claim(int i) const {
  return has_out(i) ? env_.ClaimOf(outputs_[i]) : std::nullopt;
}

Dim OpContext::Fresh(int i, Bounds bounds, absl::string_view what) {
  SymbolInfo info;
  info.origin = absl::StrCat(what, " of ", graph_.Describe(id_));
  info.bounds = bounds;
  info.data_dependent = true;
  absl::string_view hint = has_out(i) ? graph_.name(outputs_[i]) : absl::string_view();
  return dims().Fresh(hint.empty() ? type() : hint, std::move(info));
}

namespace {

// factor x count for a factor that may be a fraction, rounded to the nearest number of operations.
Dim Scale(OpContext& op, double factor, Dim count) {
  if (factor == 0) return Dim(0);
  if (factor == std::floor(factor)) {
    return op.dims().Mul(Dim(static_cast<int64_t>(factor)), count);
  }
  int64_t thousandths = std::llround(factor * 1000);
  return op.dims().FloorDiv(op.dims().Mul(Dim(thousandths), count), Dim(1000));
}

}  // namespace

absl::Status ComputeWork(OpContext& op) {
  const OpRow* row = op.graph().op(op.id()).row;
  Work& work = op.work();
  work = Work();
  const bool free = row != nullptr && row->work == nullptr &&
                    (row->role == Role::kView || row->role == Role::kControl);
  for (int i = 0; i < op.num_inputs(); ++i) {
    work.reads.push_back(!op.has(i) || free ? Dim(0) : op.in_elements(i));
  }
  for (int i = 0; i < op.num_outputs(); ++i) {
    work.writes.push_back(!op.has_out(i) || free ? Dim(0) : op.out_elements(i));
  }
  if (row == nullptr) {
    work.macs = work.flops = work.transcendentals = work.int_ops = work.comparisons = Dim();
    return absl::OkStatus();
  }
  if (row->work != nullptr) return row->work(op);
  if (free) return absl::OkStatus();
  const PerElement& per = row->per_element;
  if (per.flops == 0 && per.transcendentals == 0 && per.comparisons == 0) return absl::OkStatus();
  const bool of_output = row->per == PerElementOf::kOutput;
  const Type& type = of_output ? op.out(0) : op.in(0);
  Dim n = op.elements(type);
  const bool floating = IsFloat(type.dtype) || KindOf(type.dtype) == DTypeKind::kComplex;
  (floating ? work.flops : work.int_ops) = Scale(op, per.flops, n);
  work.transcendentals = Scale(op, per.transcendentals, n);
  work.comparisons = Scale(op, per.comparisons, n);
  return absl::OkStatus();
}

absl::Status OpError(absl::string_view message) { return absl::InvalidArgumentError(message); }

}  // namespace assay
