// What a rule sees of the op it is asked about: operand types, folded operand contents, attributes,
// and the places for its answers. Nothing else is reachable, so a recorder can watch a rule at
// work.
#ifndef ASSAY_IR_OP_CONTEXT_H_
#define ASSAY_IR_OP_CONTEXT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ir/dim.h"
#include "ir/graph.h"
#include "ir/op_table.h"
#include "ir/type.h"
#include "ir/work.h"

namespace assay {

// What the surrounding pass provides to a context.
class OpEnvironment {
 public:
  virtual ~OpEnvironment() = default;
  virtual DimPool& pool() = 0;
  virtual const Type& TypeOf(ValueId value) = 0;
  // Null when the contents are not known. Decodes a stored tensor on first request.
  virtual const TensorValue* ValueOf(ValueId value) = 0;
  // ValueOf would not be null (it may still be, when a payload turns out to be missing). Cheap.
  virtual bool MayHaveValue(ValueId value) = 0;
  // Infers a nested region with its arguments typed so (and, where given, with known contents).
  // Returns the types of its results; ValueOf() then serves for results too. May be called again
  // with other types (a fixed point over carried shapes); the last call stays.
  virtual absl::Status InferRegion(RegionId region, absl::Span<const Type> args,
                                   absl::Span<const TensorValue* const> values) = 0;
  virtual void SetType(ValueId value, Type type) = 0;
  virtual void SetValue(ValueId value, TensorValue contents) = 0;
  // As SetValue, with the contents of a stored tensor, decoded when somebody asks (Constant's
  // rule).
  virtual void SetStoredValue(ValueId value, const Constant& contents) = 0;
  // Which branch an If takes (0 then, 1 else), once known.
  virtual void DecideBranch(OpId op, int branch) = 0;
  // Whether an If whose condition is not known, and whose branches' results differ in rank, takes
  // the branch of smaller rank.
  virtual bool TakesSmallerRank() { return false; }
  // How often each region of the op runs per execution of the op: trip counts.
  virtual void SetTrips(OpId op, Dim trips) = 0;
  // The claimed type of a result, as a type over the pool's symbols; nullopt when nothing is
  // claimed.
  virtual std::optional<Type> ClaimOf(ValueId value) = 0;
  // a and b must be equal for the model to make sense. Returns their common resolved value;
  // equating unequal expressions eliminates a symbol and records an assumption. An error when they
  // cannot be equal; `why` completes "cannot be equal: ...".
  virtual absl::StatusOr<Dim> Unify(OpId op, Dim a, Dim b, absl::string_view why) = 0;
  // The report's reader should know that this was assumed.
  virtual void Assume(OpId op, std::string text) = 0;
  // The rule asks for the attribute of that name, which may be absent. For recorders.
  virtual void OnAttribute(absl::string_view name) { (void)name; }
};

class OpContext {
 public:
  OpContext(const Graph& graph, OpId op, OpEnvironment& env);

  OpId id() const { return id_; }
  absl::string_view type() const;
  int opset() const;
  const OpRow& row() const;
  DimPool& dims() { return env_.pool(); }

  // Operands. An index past the end is an absent operand.
  int num_inputs() const { return static_cast<int>(inputs_.size()); }
  bool has(int i) const;
  const Type& in(int i) const;  // an unknown type when absent
  DType dtype(int i) const { return in(i).dtype; }
  bool ranked(int i) const { return in(i).is_tensor() && in(i).ranked; }
  int rank(int i) const { return in(i).rank(); }  // only when ranked
  Dim dim(int i, int axis) const;  // negative axes count from the end; unknown outside
  // Contents, or null. Prefer may_have_value() on the cheap operands first: contents of a stored
  // tensor are decoded when asked for.
  const TensorValue* value(int i) const;
  bool may_have_value(int i) const;
  // Contents as integers (expressions); nullopt when absent or any is unknown or not an integer.
  std::optional<std::vector<Dim>> ints_value(int i) const;
  // As above, all known numbers.
  std::optional<std::vector<int64_t>> known_ints_value(int i) const;
  std::optional<Dim> int_value(int i) const;      // of a one-element tensor
  std::optional<double> real_value(int i) const;  // of a one-element tensor
  // Is the operand a weight, or computed from weights alone (recorded by the graph, not by type)?
  bool is_stored(int i) const;

  // Attributes, with the default for absence.
  bool has_attr(absl::string_view name) const;
  int64_t int_attr(absl::string_view name, int64_t fallback) const;
  double float_attr(absl::string_view name, double fallback) const;
  absl::string_view string_attr(absl::string_view name, absl::string_view fallback) const;
  std::optional<std::vector<int64_t>> ints_attr(absl::string_view name) const;
  std::optional<std::vector<double>> floats_attr(absl::string_view name) const;
  std::vector<absl::string_view> strings_attr(absl::string_view name) const;
  const Constant* tensor_attr(absl::string_view name) const;
  RegionId region_attr(absl::string_view name) const;
  const Attr* attr(absl::string_view name) const;
  // An error when one of those asked for is there with another type, which its reader took for
  // absent.
  absl::Status CheckAttributes() const;

  // Normalises an axis into [0, rank); an error that names the axis when outside.
  absl::StatusOr<int> Axis(int64_t axis, int rank) const;
  absl::StatusOr<std::vector<int>> Axes(absl::Span<const int64_t> axes, int rank) const;

  // Results.
  int num_outputs() const { return static_cast<int>(outputs_.size()); }
  bool has_out(int i) const;
  void SetOut(int i, Type type);  // ignored for a result that is not there
  void SetOut(int i, DType dtype, Dims dims) { SetOut(i, Type::Tensor(dtype, std::move(dims))); }
  void SetValue(int i, TensorValue value);
  void SetStoredValue(int i, const Constant& contents) {
    if (has_out(i)) env_.SetStoredValue(outputs_[i], contents);
  }
  // Shape and value rules after SetOut, and work rules.
  const Type& out(int i) const;
  // The claimed type of a result; see OpEnvironment::ClaimOf.
  std::optional<Type> claim(int i) const;

  // A new symbol for a size that depends on contents, named after result `i`.
  Dim Fresh(int i, Bounds bounds, absl::string_view what);
  absl::StatusOr<Dim> Unify(Dim a, Dim b, absl::string_view why) {
    return env_.Unify(id_, a, b, why);
  }
  void Assume(std::string text) { env_.Assume(id_, std::move(text)); }

  // Number of elements; unknown when not ranked.
  Dim elements(const Type& type) { return type.ranked ? dims().Product(type.dims) : Dim(); }
  Dim in_elements(int i) { return elements(in(i)); }
  Dim out_elements(int i) { return elements(out(i)); }

  const Graph& graph() const { return graph_; }
  OpEnvironment& env() { return env_; }
  ValueId input_id(int i) const { return i < num_inputs() ? inputs_[i] : ValueId(); }
  ValueId output_id(int i) const { return i < num_outputs() ? outputs_[i] : ValueId(); }

  // Work rules fill this. It comes with reads and writes already set to the default (every operand
  // read once, every result written once).
  Work& work() { return work_; }

 private:
  const Attr* AttrOf(AttrKind kind, absl::string_view name) const;

  const Graph& graph_;
  OpId id_;
  OpEnvironment& env_;
  absl::Span<const ValueId> inputs_;
  absl::Span<const ValueId> outputs_;
  Work work_;
  mutable const Attr* mistyped_ =
      nullptr;  // the last one that was asked for, and what it was to be
  mutable AttrKind wanted_ = AttrKind::kInt;
};

// Runs the op's work rule, or the default from its row, on a context whose types are final. An op
// without a row gets default reads and writes and all else unknown.
absl::Status ComputeWork(OpContext& op);

// An error that says what is wrong with the op; the caller adds file and node.
absl::Status OpError(absl::string_view message);

}  // namespace assay

#endif  // ASSAY_IR_OP_CONTEXT_H_
