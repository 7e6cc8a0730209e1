// The IR: an SSA graph of ops and values, frozen once built.
//
// Everything lives in flat vectors addressed by typed ids. Op ids are file order, depth first: the
// ops of a nested region (the branches of an If, the body of a Loop or Scan) follow their owner
// directly, so the ops of a region are those met by
//
//   for (OpId op : graph.ops(region)) ...
//
// and "op and all that is nested in it" is [op, graph.op(op).subtree_end). A value is defined once:
// by an op, as an argument of a region, or as a stored weight. A value of an outer region may be
// used inside a nested one.
//
// Weights are described, not held: a Constant has a type, a shape and says where its bytes are; a
// ConstantReader fetches the few small ones that shapes depend on.
//
// GraphBuilder is the only way to make a graph. ir/verify.h lists the invariants; ir/text.h prints
// and parses.
#ifndef ASSAY_IR_GRAPH_H_
#define ASSAY_IR_GRAPH_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ir/dtype.h"
#include "ir/ids.h"
#include "ir/type.h"

namespace assay {

struct OpRow;
class OpTable;

// Where an op comes from. `scope` is the path of function calls it was inlined through ("" for
// none), `module` the exporter's module path ("layer1.0.conv1"), when there is one.
struct Location {
  NameId name;    // the node's own name; may be empty and need not be unique
  NameId scope;   // "call1/call2"
  NameId module;  // no value: unknown
};

// A dimension as a file claims it: a number, a name, or nothing.
struct ClaimedDim {
  int64_t value = -1;
  NameId symbol;
};

// A type as a file claims it. Never a source for inference, except for graph inputs; see DESIGN.
struct ClaimedType {
  TypeKind kind = TypeKind::kUnknown;
  DType dtype = DType::kUndefined;  // map: key type
  bool ranked = false;
  bool sparse = false;
  std::vector<ClaimedDim> dims;
  std::vector<ClaimedType> element;  // zero or one
};

// Where the bytes of a stored tensor are.
struct Payload {
  enum class Kind : uint8_t {
    kAbsent,    // not stored anywhere we can reach (stripped weights)
    kFile,      // in the model file itself: [offset, offset + bytes), little-endian raw
    kTyped,     // in the model file as a protobuf typed-data field: span of the tensor message
    kExternal,  // in another file: `path`, offset, bytes
    kInline,    // in `ints`, `reals` or `strings` (made by lifting, or read from a text form)
  };
  Kind kind = Kind::kAbsent;
  uint64_t offset = 0;
  uint64_t bytes = 0;
  NameId path;                  // kExternal: relative to the model's folder
  std::vector<int64_t> ints;    // kInline: integers and booleans
  std::vector<double> reals;    // kInline: floating types
  std::vector<NameId> strings;  // kInline: strings
};

// A stored tensor: an initializer, or a tensor attribute.
struct Constant {
  NameId name;
  DType dtype = DType::kUndefined;
  std::vector<int64_t> dims;
  bool sparse = false;
  int64_t stored_elements = 0;  // as dims say; of a sparse tensor the non-zeros
  Payload payload;
};

enum class AttrKind : uint8_t {
  kInt,
  kFloat,
  kString,
  kInts,
  kFloats,
  kStrings,
  kTensor,   // Constant
  kTensors,  // Constants, as ints
  kRegion,
  kRegions,  // as ints
  kType,
};

absl::string_view Name(AttrKind kind);  // "an integer", "integers", "a string", ...

struct Attr {
  NameId name;
  AttrKind kind = AttrKind::kInt;
  int64_t i = 0;  // kInt; kTensor: constant index; kRegion: region index; kType: index of a claim
  double f = 0;   // kFloat
  NameId s;       // kString
  std::vector<int64_t> ints;
  std::vector<double> floats;
  std::vector<NameId> strings;
};

struct Op {
  NameId type;
  NameId domain;  // "" is ai.onnx
  int32_t opset = 0;
  const OpRow* row = nullptr;  // null: opaque
  RegionId region;             // the region it stands in
  OpId subtree_end;            // one past the last op nested in it; op + 1 when none is
  uint32_t inputs_begin = 0, inputs_end = 0;
  uint32_t outputs_begin = 0, outputs_end = 0;
  uint32_t attrs_begin = 0, attrs_end = 0;
  Location location;
};

struct Value {
  enum class Def : uint8_t { kOp, kArg, kWeight };
  NameId name;
  Def def = Def::kOp;
  OpId op;              // kOp
  RegionId region;      // where it is defined
  int32_t index = 0;    // result, argument or weight number
  ConstantId constant;  // kWeight
  int32_t claim = -1;   // index into claims; -1 when the file says nothing
};

struct Region {
  OpId owner;   // none for the main region
  NameId name;  // attribute that holds it ("then_branch"); main: the graph's name
  OpId begin, end;
  std::vector<ValueId> args;
  std::vector<ValueId> results;
};

// One use of a value. `op` is none when the use is result number `operand` of `region`.
struct Use {
  OpId op;
  int32_t operand = 0;
  RegionId region;
};

// What the file says of itself.
struct SourceInfo {
  std::string file;
  std::string name;  // of the graph
  std::string producer;
  std::string producer_version;
  int64_t ir_version = 0;
  std::vector<std::pair<std::string, int64_t>> opsets;  // domain, version; file order
  std::vector<std::pair<std::string, std::string>> metadata;
};

// Went on, but you should know.
struct Diagnostic {
  std::string where;    // node, value or empty
  std::string message;  // ends with what to do, where something can be done
};

// Fetches the elements of a stored tensor, or an error when they cannot be had. Only asked for
// small tensors. Thread-safe.
class ConstantReader {
 public:
  virtual ~ConstantReader() = default;
  // Elements in row-major order; integers and booleans as kInt, floats as kReal.
  virtual absl::StatusOr<std::vector<Elem>> Read(const Constant& constant) const = 0;
};

class Graph {
 public:
  static constexpr RegionId kMain{0};

  // Iterates over the ops that stand directly in a region.
  class OpRange {
   public:
    class Iterator {
     public:
      Iterator(const Graph* g, OpId id) : g_(g), id_(id) {}
      OpId operator*() const { return id_; }
      Iterator& operator++() {
        id_ = g_->op(id_).subtree_end;
        return *this;
      }
      friend bool operator!=(Iterator a, Iterator b) { return a.id_ != b.id_; }

     private:
      const Graph* g_;
      OpId id_;
    };
    OpRange(const Graph* g, OpId b, OpId e) : g_(g), b_(b), e_(e) {}
    Iterator begin() const { return {g_, b_}; }
    Iterator end() const { return {g_, e_}; }

   private:
    const Graph* g_;
    OpId b_, e_;
  };

  int num_ops() const { return static_cast<int>(ops_.size()); }
  int num_values() const { return static_cast<int>(values_.size()); }
  int num_regions() const { return static_cast<int>(regions_.size()); }
  int num_constants() const { return static_cast<int>(constants_.size()); }
  const Op& op(OpId id) const { return ops_[id.index]; }
  const Value& value(ValueId id) const { return values_[id.index]; }
  const Region& region(RegionId id) const { return regions_[id.index]; }
  const Constant& constant(ConstantId id) const { return constants_[id.index]; }
  const ClaimedType& claim(int32_t i) const { return claims_[i]; }
  // Null when the file claims nothing.
  const ClaimedType* claim_of(ValueId id) const {
    int32_t c = values_[id.index].claim;
    return c < 0 ? nullptr : &claims_[c];
  }
  OpRange ops(RegionId id) const {
    return {this, regions_[id.index].begin, regions_[id.index].end};
  }
  // Operands in order; an omitted optional operand has no value.
  absl::Span<const ValueId> inputs(OpId id) const {
    const Op& o = ops_[id.index];
    return absl::MakeConstSpan(operands_).subspan(o.inputs_begin, o.inputs_end - o.inputs_begin);
  }
  absl::Span<const ValueId> outputs(OpId id) const {
    const Op& o = ops_[id.index];
    return absl::MakeConstSpan(operands_).subspan(o.outputs_begin, o.outputs_end - o.outputs_begin);
  }
  absl::Span<const Attr> attrs(OpId id) const {
    const Op& o = ops_[id.index];
    return absl::MakeConstSpan(attrs_).subspan(o.attrs_begin, o.attrs_end - o.attrs_begin);
  }
  const Attr* FindAttr(OpId id, absl::string_view name) const;
  // Regions owned by the op, in order of its attributes.
  std::vector<RegionId> regions(OpId id) const;
  // Every use, in op order; a use as region result comes where the owner of the region stands.
  absl::Span<const Use> uses(ValueId id) const {
    return absl::MakeConstSpan(uses_).subspan(use_begin_[id.index],
                                              use_begin_[id.index + 1] - use_begin_[id.index]);
  }

  absl::string_view str(NameId id) const {
    return id.has_value() ? names_[id.index] : absl::string_view();
  }
  NameId FindName(absl::string_view s) const;
  absl::string_view name(ValueId id) const { return str(values_[id.index].name); }
  // What to call an op in a message: "Conv `/layer1/conv1/Conv`", or by its first output's name, or
  // "#12 Conv".
  std::string Describe(OpId id) const;

  const SourceInfo& source() const { return source_; }
  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }
  const ConstantReader* reader() const { return reader_.get(); }

 private:
  friend class GraphBuilder;
  friend struct GraphInternals;  // ir/graph_internals.h: for the verifier and its test
  std::vector<Op> ops_;
  std::vector<Value> values_;
  std::vector<Region> regions_;
  std::vector<Constant> constants_;
  std::vector<ClaimedType> claims_;
  std::vector<ValueId> operands_;
  std::vector<Attr> attrs_;
  std::vector<Use> uses_;
  std::vector<uint32_t> use_begin_;
  std::vector<absl::string_view> names_;                // of `letters_`
  std::vector<std::unique_ptr<const char[]>> letters_;  // blocks; they stay where they are
  absl::flat_hash_map<absl::string_view, NameId> name_index_;
  SourceInfo source_;
  std::vector<Diagnostic> diagnostics_;
  std::shared_ptr<const ConstantReader> reader_;
};

// The elements of a stored tensor that is not sparse, in row-major order and as many as its shape
// says: its own, or else what the graph's reader fetches. NotFound when they are not to be had; the
// reader's other errors as it gives them.
absl::StatusOr<std::vector<Elem>> StoredElements(const Graph& graph, const Constant& constant);

// Builds a graph front to back. Regions nest like parentheses:
//
//   GraphBuilder b(table);
//   ValueId x = b.AddArg("x", claim);
//   b.BeginOp("Relu", "", 17, {x}, {});
//   ValueId y = b.AddResult("y");
//   b.EndOp();
//   StatusOr<Graph> g = std::move(b).Finish({y});
//
// An op's nested regions are begun between its BeginOp and EndOp. Finish() verifies (ir/verify.h).
class GraphBuilder {
 public:
  // The table gives each op its row; it must outlive the graph.
  explicit GraphBuilder(const OpTable& table);

  NameId Intern(absl::string_view s);
  absl::string_view str(NameId id) const { return graph_.str(id); }
  SourceInfo& source() { return graph_.source_; }
  void AddDiagnostic(Diagnostic d) { graph_.diagnostics_.push_back(std::move(d)); }
  void SetReader(std::shared_ptr<const ConstantReader> reader) {
    graph_.reader_ = std::move(reader);
  }

  ConstantId AddConstant(Constant constant);
  // A small constant made here: lifting an attribute to an input, for one.
  ConstantId AddInts(std::vector<int64_t> dims, std::vector<int64_t> ints,
                     DType dtype = DType::kI64, NameId name = {});
  ConstantId AddReals(std::vector<int64_t> dims, std::vector<double> reals,
                      DType dtype = DType::kF32, NameId name = {});

  int32_t AddClaim(ClaimedType claim);
  void SetClaim(ValueId value, int32_t claim) { graph_.values_[value.index].claim = claim; }
  void SetClaim(ValueId value, ClaimedType claim) { SetClaim(value, AddClaim(std::move(claim))); }

  // An argument of the innermost open region.
  ValueId AddArg(absl::string_view name, ClaimedType claim);
  // A stored weight, defined in the innermost open region.
  ValueId AddWeight(absl::string_view name, ConstantId constant);

  OpId BeginOp(absl::string_view type, absl::string_view domain, int32_t opset,
               absl::Span<const ValueId> inputs, Location location);
  void SetLocation(OpId op, const Location& location) { graph_.ops_[op.index].location = location; }
  // Of the innermost open op. Regions come through BeginRegion.
  void AddAttr(Attr attr);
  void AddIntAttr(absl::string_view name, int64_t i);
  void AddFloatAttr(absl::string_view name, double f);
  void AddStringAttr(absl::string_view name, absl::string_view s);
  void AddIntsAttr(absl::string_view name, std::vector<int64_t> ints);
  void AddTensorAttr(absl::string_view name, ConstantId constant);
  // A result of the innermost open op; an omitted one (AddOmittedResult) keeps its place.
  ValueId AddResult(absl::string_view name);
  void AddOmittedResult();
  // A region of the innermost open op, under the attribute of that name.
  RegionId BeginRegion(absl::string_view attr_name);
  void EndRegion(std::vector<ValueId> results);
  void EndOp();

  int num_ops() const { return graph_.num_ops(); }
  absl::StatusOr<Graph> Finish(std::vector<ValueId> results) &&;

 private:
  struct OpenOp {
    OpId id;
    std::vector<Attr> attrs;
    std::vector<ValueId> outputs;
  };
  absl::string_view Keep(absl::string_view s);

  const OpTable& table_;
  Graph graph_;
  absl::Span<char> letters_left_;  // of the last block of names
  std::vector<OpenOp> open_ops_;
  std::vector<RegionId> open_regions_;
  // Rows already looked up: most models use a dozen operators a thousand times.
  absl::flat_hash_map<std::pair<NameId, NameId>, const OpRow*> rows_;
};

}  // namespace assay

#endif  // ASSAY_IR_GRAPH_H_
