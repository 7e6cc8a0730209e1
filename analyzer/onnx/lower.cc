#include "analyzer/onnx/lower.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "analyzer/onnx/lift.h"
#include "analyzer/onnx/model_source.h"
#include "analyzer/onnx/module_path.h"
#include "analyzer/onnx/order.h"
#include "ir/op_table.h"
#include "ir/suggest.h"

namespace assay {
namespace {

// Paths of calls are text per call; a file of few bytes must not make gigabytes of them.
constexpr size_t kMaxScopeText = 32 << 20;

struct Binding {
  ValueId id;          // none: an operand that a function's call omits
  NameId weight;       // of a stored weight: its name
  bool fixed = false;  // an argument or a weight: its type is its own, no claim touches it
};

struct Frame;

// An attribute as a call or node has it, references followed.
struct BoundAttr {
  NameId name;
  RawAttr* raw = nullptr;
  Frame* frame = nullptr;  // in which its graphs' names are looked up
};

// One name space: the main graph with all that is nested in it, or one call of a function.
struct Frame {
  const RawFunction* function = nullptr;         // null: the main graph
  absl::flat_hash_map<NameId, BoundAttr> attrs;  // of the call, and the function's defaults
  absl::flat_hash_map<NameId, int64_t> opsets;   // of the function
  absl::flat_hash_map<NameId, Binding> bindings;
  absl::flat_hash_map<NameId, NameId> renamed;  // a function's results, to the names at the call
  NameId scope;
  NameId module;
};

// What a nested graph's definitions hide, to be brought back at its end.
using Undo = std::vector<std::pair<NameId, std::optional<Binding>>>;

class Lowerer {
 public:
  Lowerer(const std::string& file, const OpTable& table, const ImportOptions& options,
          RawModel model, GraphBuilder* builder)
      : file_(file),
        table_(table),
        options_(options),
        model_(std::move(model)),
        builder_(*builder),
        order_(model_, *builder),
        constants_(model_.constants.size()),
        claims_(model_.claims.size(), -1) {
    for (const auto& [domain, version] : model_.opsets) opsets_.try_emplace(domain, version);
  }

  absl::StatusOr<std::vector<ValueId>> Run() {
    Frame frame;
    frame.scope = builder_.Intern("");
    std::vector<ValueId> results;
    absl::Status s = LowerGraph(model_.graphs[model_.main], frame, nullptr, 0, &results);
    if (!s.ok()) return s;
    Doubt(results);
    return results;
  }

 private:
  template <class... Args>
  absl::Status Error(const Args&... what) const {
    return absl::InvalidArgumentError(absl::StrCat(file_, ": ", what...));
  }
  absl::Status NodeError(const Frame& frame, const RawNode& node, int64_t index,
                         absl::string_view what) const {
    absl::string_view scope = builder_.str(frame.scope);
    return Error(DescribeNode(model_, builder_, node, index), scope.empty() ? "" : " in `", scope,
                 scope.empty() ? "" : "`", ": ", what);
  }
  // Says what is odd about the model, though it can be read.
  void Doubt(const std::vector<ValueId>& results) {
    const int64_t opset = Opset(builder_.Intern(""), Frame());
    if (opset == 0 && builder_.source().ir_version >= 3) {
      builder_.AddDiagnostic({.message = "the model imports no version of the ONNX operators "
                                         "(opset_import), which are read as of "
                                         "version 1; export it again"});
    }
    if (opset > kNewestOpset) {
      builder_.AddDiagnostic(
          {.message =
               absl::StrCat("the model is of opset ", opset, ", and the newest known here is ",
                            kNewestOpset, ": its operators are read as of that one")});
    }
    if (results.empty() && !model_.graphs[model_.main].nodes.empty()) {
      builder_.AddDiagnostic(
          {.message =
               "the model has no outputs, so nothing in it needs to run; export it again with its "
               "results as outputs"});
    }
  }
  bool IsMain(const RawGraph& graph) const { return &graph == &model_.graphs[model_.main]; }

  void Define(Frame& frame, Undo* undo, NameId name, Binding binding) {
    if (builder_.str(name).empty()) return;
    auto [it, is_new] = frame.bindings.try_emplace(name, binding);
    if (undo != nullptr) {
      undo->emplace_back(name, is_new ? std::nullopt : std::optional<Binding>(it->second));
    }
    if (!is_new) it->second = binding;
  }

  absl::Status LowerGraph(const RawGraph& graph, Frame& frame, Undo* undo, int depth,
                          std::vector<ValueId>* results);
  absl::Status LowerNodes(const RawGraph& graph, absl::Span<const NameId> inputs, Frame& frame,
                          Undo* undo, int depth);
  void Remember(const RawNode& node, OpId begin, const Frame& frame);
  absl::Status LowerNode(const RawNode& node, int64_t index, Frame& frame, Undo* undo, int depth);
  absl::Status LowerOp(const RawNode& node, int64_t index, Frame& frame, Undo* undo, int depth);
  absl::Status LowerCall(const RawNode& node, int64_t index, Frame& frame, Undo* undo, int depth);
  absl::Status LowerRegion(int64_t graph, NameId attr, Frame& frame, int depth);
  std::optional<BoundAttr> Bind(RawAttr& raw, Frame& frame);
  absl::StatusOr<Binding> Resolve(const RawNode& node, int64_t index, Frame& frame, size_t operand);
  void SetClaims(const RawGraph& graph, Frame& frame);
  NameId ModuleOf(const RawNode& node, const Frame& frame);
  // The version in force of a domain's operators; 0 when neither function nor model imports it.
  int64_t Opset(NameId domain, const Frame& frame) const;
  NameId ExtendScope(const Frame& frame, const RawNode& node);
  std::string Undefined(const Frame& frame, absl::string_view name) const;

  ConstantId ConstantOf(int64_t raw) {
    std::optional<ConstantId>& id = constants_[raw];
    if (!id) id = builder_.AddConstant(std::move(model_.constants[raw]));
    return *id;
  }
  int32_t ClaimOf(int32_t raw) {
    if (claims_[raw] < 0) claims_[raw] = builder_.AddClaim(std::move(model_.claims[raw]));
    return claims_[raw];
  }
  bool NeedsLift(NameId domain, NameId type) {
    auto [it, is_new] = needs_lift_.try_emplace({domain, type}, false);
    if (is_new) it->second = MayNeedLift(builder_.str(domain), builder_.str(type));
    return it->second;
  }

  const std::string& file_;
  const OpTable& table_;
  const ImportOptions& options_;
  RawModel model_;
  GraphBuilder& builder_;
  NodeOrder order_;
  std::vector<std::optional<ConstantId>> constants_;  // by place in model_.constants
  std::vector<int32_t> claims_;                       // likewise
  absl::flat_hash_map<NameId, int64_t> opsets_;       // of the model
  absl::flat_hash_map<std::pair<NameId, NameId>, bool> needs_lift_;
  absl::flat_hash_map<NameId, NameId> module_of_name_;
  absl::string_view last_folder_;  // of a node's name "/layer1/conv1/Conv": "/layer1/conv1/"
  NameId last_module_;             // and the module it stands for
  size_t scope_text_ = 0;
  int by_reference_ =
      0;  // > 0: inside a graph that came as a call's attribute, perhaps not the last time
};

absl::Status Lowerer::LowerGraph(const RawGraph& graph, Frame& frame, Undo* undo, int depth,
                                 std::vector<ValueId>* results) {
  std::vector<NameId> inputs;
  inputs.reserve(graph.inputs.size());
  for (const RawValue& v : graph.inputs) inputs.push_back(v.name);
  // A main graph's input with a stored default is a weight; a nested graph's arguments go by place.
  absl::flat_hash_map<NameId, bool> stored;
  if (IsMain(graph) && !graph.inputs.empty()) {
    for (const RawInitializer& v : graph.initializers) stored.try_emplace(v.name, true);
  }
  absl::flat_hash_map<NameId, bool> arguments;
  for (const RawValue& v : graph.inputs) {
    if (stored.contains(v.name)) continue;
    ClaimedType claim;
    if (v.claim >= 0) claim = model_.claims[v.claim];
    if (IsMain(graph)) {
      for (size_t axis = 0; axis < claim.dims.size(); ++axis) {
        int64_t value = claim.dims[axis].value;
        if (value < -1) {
          return Error("input `", builder_.str(v.name), "` has size ", value, " on axis ", axis,
                       "; sizes cannot be negative: export the model again");
        }
      }
    }
    ValueId id = builder_.AddArg(builder_.str(v.name), std::move(claim));
    Define(frame, undo, v.name, {.id = id, .fixed = true});
    if (!IsMain(graph)) arguments.try_emplace(v.name, true);
  }
  for (const RawInitializer& v : graph.initializers) {
    if (arguments.contains(v.name)) continue;
    ValueId id = builder_.AddWeight(builder_.str(v.name), ConstantOf(v.constant));
    Define(frame, undo, v.name, {.id = id, .weight = v.name, .fixed = true});
  }
  if (undo == nullptr) frame.bindings.reserve(frame.bindings.size() + graph.nodes.size());
  if (absl::Status s = LowerNodes(graph, inputs, frame, undo, depth); !s.ok()) return s;
  for (const RawValue& v : graph.outputs) {
    auto it = frame.bindings.find(v.name);
    if (it == frame.bindings.end() || !it->second.id.has_value()) {
      absl::string_view name = builder_.str(graph.name);
      return Error("graph `", name, "`: its output `", builder_.str(v.name), "` is ",
                   Undefined(frame, builder_.str(v.name)));
    }
    results->push_back(it->second.id);
  }
  SetClaims(graph, frame);
  return absl::OkStatus();
}

// Claims of graph outputs go over those of value_info.
void Lowerer::SetClaims(const RawGraph& graph, Frame& frame) {
  if (options_.drop_claims) return;
  for (const std::vector<RawValue>* list : {&graph.value_info, &graph.outputs}) {
    for (const RawValue& v : *list) {
      if (v.claim < 0) continue;
      auto it = frame.bindings.find(v.name);
      if (it == frame.bindings.end() || it->second.fixed || !it->second.id.has_value()) continue;
      builder_.SetClaim(it->second.id, ClaimOf(v.claim));
    }
  }
}

absl::Status Lowerer::LowerNodes(const RawGraph& graph, absl::Span<const NameId> inputs,
                                 Frame& frame, Undo* undo, int depth) {
  absl::StatusOr<std::vector<int32_t>> order = order_.Of(graph, inputs);
  if (!order.ok()) return Error(order.status().message());
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const size_t at = order->empty() ? i : static_cast<size_t>((*order)[i]);
    const OpId begin(builder_.num_ops());
    absl::Status s = LowerNode(graph.nodes[at], static_cast<int64_t>(at), frame, undo, depth);
    if (!s.ok()) return s;
    if (options_.source != nullptr) Remember(graph.nodes[at], begin, frame);
  }
  return absl::OkStatus();
}

// Where the node went.
void Lowerer::Remember(const RawNode& node, OpId begin, const Frame& frame) {
  ModelSource& source = *options_.source;
  ModelSource::Node& to = source.nodes.emplace_back();
  to.offset = node.offset;
  to.begin = begin;
  to.end = OpId(builder_.num_ops());
  to.results_begin = to.results_end = static_cast<uint32_t>(source.results.size());
  if (frame.function != nullptr) return;
  for (NameId name : model_.outputs(node)) {
    const auto it = frame.bindings.find(name);
    source.results.push_back(it == frame.bindings.end() ? ValueId() : it->second.id);
  }
  to.results_end = static_cast<uint32_t>(source.results.size());
}

absl::Status Lowerer::LowerNode(const RawNode& node, int64_t index, Frame& frame, Undo* undo,
                                int depth) {
  if (node.callee >= 0) return LowerCall(node, index, frame, undo, depth);
  if (builder_.num_ops() >= options_.max_ops) {
    return NodeError(frame, node, index,
                     absl::StrCat("the model has more than ", options_.max_ops,
                                  " operators once its functions are inlined; export it without "
                                  "nested functions"));
  }
  return LowerOp(node, index, frame, undo, depth);
}

std::string Lowerer::Undefined(const Frame& frame, absl::string_view name) const {
  std::vector<absl::string_view> known;
  // Of one or two letters everything is near.
  if (name.size() > 2 && frame.bindings.size() <= 20000) {
    for (const auto& [id, binding] : frame.bindings) known.push_back(builder_.str(id));
    std::sort(known.begin(), known.end());
  }
  return absl::StrCat("not defined by any node, input or initializer", DidYouMean(name, known),
                      "; export the model again");
}

absl::StatusOr<Binding> Lowerer::Resolve(const RawNode& node, int64_t index, Frame& frame,
                                         size_t operand) {
  NameId name = model_.inputs(node)[operand];
  auto it = frame.bindings.find(name);
  if (it != frame.bindings.end()) return it->second;
  if (builder_.str(name).empty()) return Binding();
  return NodeError(frame, node, index,
                   absl::StrCat("its input `", builder_.str(name), "` is ",
                                Undefined(frame, builder_.str(name))));
}

// Follows a reference to the call's attribute, then to the function's default; else it is absent.
std::optional<BoundAttr> Lowerer::Bind(RawAttr& raw, Frame& frame) {
  if (!raw.ref.has_value()) return BoundAttr{raw.attr.name, &raw, &frame};
  if (frame.function == nullptr) return std::nullopt;
  auto given = frame.attrs.find(raw.ref);
  if (given == frame.attrs.end()) return std::nullopt;
  return BoundAttr{raw.attr.name, given->second.raw, given->second.frame};
}

int64_t Lowerer::Opset(NameId domain, const Frame& frame) const {
  int64_t version = 0;
  if (auto it = frame.opsets.find(domain); it != frame.opsets.end()) version = it->second;
  if (version <= 0) {
    if (auto it = opsets_.find(domain); it != opsets_.end()) version = it->second;
  }
  return std::clamp<int64_t>(version, 0, 1 << 20);
}

NameId Lowerer::ModuleOf(const RawNode& node, const Frame& frame) {
  if (node.module.has_value()) return node.module;
  auto from = [&](NameId name, std::string (*parse)(absl::string_view)) {
    auto [it, is_new] = module_of_name_.try_emplace(name);
    if (is_new) {
      std::string module = parse(builder_.str(name));
      NameId id = module.empty() ? NameId() : builder_.Intern(module);
      module_of_name_[name] = id;
      return id;
    }
    return it->second;
  };
  absl::string_view name = builder_.str(node.name);
  if (!name.empty() && name[0] == '/') {
    // Nodes of one module follow each other.
    absl::string_view folder = name.substr(0, name.rfind('/') + 1);
    if (folder != last_folder_) {
      last_folder_ = folder;
      std::string module = ModuleFromNodeName(name);
      last_module_ = module.empty() ? NameId() : builder_.Intern(module);
    }
    if (last_module_.has_value()) return last_module_;
  }
  for (NameId operand : model_.inputs(node)) {
    auto it = frame.bindings.find(operand);
    if (it == frame.bindings.end() || !it->second.weight.has_value()) continue;
    NameId module = from(it->second.weight, ModuleFromWeightName);
    if (module.has_value()) return module;
  }
  return frame.module;  // of the call, in a function
}

absl::Status Lowerer::LowerOp(const RawNode& node, int64_t index, Frame& frame, Undo* undo,
                              int depth) {
  PendingOp op;
  op.type = builder_.str(node.type);
  op.domain = builder_.str(node.domain);
  op.opset = Opset(node.domain, frame);
  if (op.opset == 0) {
    // Some exporters forget to import a domain; of one that nobody knows, that is no model.
    if (!op.domain.empty() && table_.Find(op.domain, op.type) == nullptr) {
      return NodeError(frame, node, index,
                       absl::StrCat("its domain `", op.domain,
                                    "` is neither imported (opset_import) nor known; export the "
                                    "model again, or import the domain"));
    }
    op.opset = 1;
  }
  absl::Span<const NameId> inputs = model_.inputs(node);
  op.inputs.reserve(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    absl::StatusOr<Binding> binding = Resolve(node, index, frame, i);
    if (!binding.ok()) return binding.status();
    op.inputs.push_back(binding->id);
  }
  // Graphs among the attributes are built when the op is open.
  absl::Span<RawAttr> raws = model_.attributes(node);
  op.attrs.reserve(raws.size());
  const bool last_use = frame.function == nullptr && by_reference_ == 0;
  for (RawAttr& raw : raws) {
    std::optional<BoundAttr> bound = Bind(raw, frame);
    if (!bound) continue;
    const bool graph =
        bound->raw->attr.kind == AttrKind::kRegion || bound->raw->attr.kind == AttrKind::kRegions;
    PendingAttr& a = op.attrs.emplace_back();
    if (last_use && !graph) {
      static_cast<Attr&>(a) = std::move(bound->raw->attr);
    } else {
      static_cast<Attr&>(a) = bound->raw->attr;
    }
    a.context = bound->frame;
    a.name = bound->name;
    switch (a.kind) {
      case AttrKind::kTensor:
        if (a.i >= 0) a.i = ConstantOf(a.i).index;
        break;
      case AttrKind::kTensors:
        for (int64_t& t : a.ints) t = ConstantOf(t).index;
        break;
      case AttrKind::kType:
        if (a.i >= 0) a.i = ClaimOf(static_cast<int32_t>(a.i));
        break;
      default:
        break;
    }
  }
  absl::Span<const NameId> outputs = model_.outputs(node);
  if (NeedsLift(node.domain, node.type)) {
    op.label = builder_.str(node.name);
    if (op.label.empty() && !outputs.empty()) op.label = builder_.str(outputs[0]);
    if (absl::Status s = Lift(&op, &builder_); !s.ok()) {
      return NodeError(frame, node, index, s.message());
    }
  }
  builder_.BeginOp(
      op.type, op.domain, static_cast<int32_t>(op.opset), op.inputs,
      Location{.name = node.name, .scope = frame.scope, .module = ModuleOf(node, frame)});
  absl::InlinedVector<std::pair<NameId, Binding>, 4> made;
  for (NameId out : outputs) {
    if (builder_.str(out).empty()) {
      builder_.AddOmittedResult();
      continue;
    }
    auto renamed = frame.renamed.find(out);
    NameId name = renamed == frame.renamed.end() ? out : renamed->second;
    made.push_back({out, Binding{.id = builder_.AddResult(builder_.str(name))}});
  }
  for (PendingAttr& a : op.attrs) {
    if (a.kind != AttrKind::kRegion && a.kind != AttrKind::kRegions) {
      builder_.AddAttr(std::move(static_cast<Attr&>(a)));
      continue;
    }
    Frame* graph_frame = static_cast<Frame*>(a.context);
    const bool by_reference = graph_frame != &frame;
    by_reference_ += by_reference;
    std::vector<int64_t> graphs = a.kind == AttrKind::kRegion ? std::vector<int64_t>{a.i} : a.ints;
    for (int64_t g : graphs) {
      absl::Status s = LowerRegion(g, a.name, *graph_frame, depth + 1);
      if (!s.ok()) return s;
    }
    by_reference_ -= by_reference;
  }
  builder_.EndOp();
  for (auto& [name, binding] : made) Define(frame, undo, name, binding);
  return absl::OkStatus();
}

absl::Status Lowerer::LowerRegion(int64_t graph, NameId attr, Frame& frame, int depth) {
  if (depth > options_.max_depth) {
    return Error("graph `", builder_.str(model_.graphs[graph].name), "` is nested deeper than ",
                 options_.max_depth, "; no exporter does that: export the model again");
  }
  builder_.BeginRegion(builder_.str(attr));
  Undo undo;
  std::vector<ValueId> results;
  absl::Status s = LowerGraph(model_.graphs[graph], frame, &undo, depth, &results);
  if (!s.ok()) return s;
  builder_.EndRegion(std::move(results));
  for (auto it = undo.rbegin(); it != undo.rend(); ++it) {
    if (it->second.has_value()) {
      frame.bindings[it->first] = *it->second;
    } else {
      frame.bindings.erase(it->first);
    }
  }
  return absl::OkStatus();
}

NameId Lowerer::ExtendScope(const Frame& frame, const RawNode& node) {
  absl::string_view outer = builder_.str(frame.scope);
  absl::string_view inner = builder_.str(node.name);
  if (inner.empty()) inner = builder_.str(node.type);
  scope_text_ += outer.size() + inner.size() + 1;
  if (scope_text_ > kMaxScopeText) return frame.scope;
  return builder_.Intern(outer.empty() ? std::string(inner) : absl::StrCat(outer, "/", inner));
}

absl::Status Lowerer::LowerCall(const RawNode& node, int64_t index, Frame& frame, Undo* undo,
                                int depth) {
  const RawFunction& f = model_.functions[node.callee];
  if (depth >= options_.max_depth) {
    return NodeError(
        frame, node, index,
        absl::StrCat("functions and graphs are nested deeper than ", options_.max_depth,
                     "; export the model without nested functions"));
  }
  absl::Span<const NameId> inputs = model_.inputs(node);
  absl::Span<const NameId> outputs = model_.outputs(node);
  if (inputs.size() > f.inputs.size() || outputs.size() > f.outputs.size()) {
    return NodeError(frame, node, index,
                     absl::StrCat("it calls a function of ", f.inputs.size(), " inputs and ",
                                  f.outputs.size(), " outputs with ", inputs.size(), " and ",
                                  outputs.size(), "; export the model again"));
  }
  Frame callee;
  callee.function = &f;
  callee.scope = ExtendScope(frame, node);
  callee.module = ModuleOf(node, frame);
  for (size_t i = 0; i < f.inputs.size(); ++i) {
    Binding binding;
    if (i < inputs.size()) {
      absl::StatusOr<Binding> given = Resolve(node, index, frame, i);
      if (!given.ok()) return given.status();
      binding = *given;
    }
    callee.bindings.try_emplace(f.inputs[i], binding);
  }
  for (RawAttr& raw : model_.attributes(node)) {
    if (std::optional<BoundAttr> bound = Bind(raw, frame)) {
      callee.attrs.try_emplace(bound->name, *bound);
    }
  }
  for (uint32_t i = f.defaults_begin; i < f.defaults_end; ++i) {
    RawAttr& fallback = model_.attrs[i];
    if (fallback.ref.has_value()) continue;
    callee.attrs.try_emplace(fallback.attr.name, BoundAttr{fallback.attr.name, &fallback, &callee});
  }
  for (const auto& [domain, version] : f.opsets) callee.opsets.try_emplace(domain, version);
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (builder_.str(outputs[i]).empty()) continue;
    auto outer = frame.renamed.find(outputs[i]);
    callee.renamed.try_emplace(f.outputs[i],
                               outer == frame.renamed.end() ? outputs[i] : outer->second);
  }
  const RawGraph& body = model_.graphs[f.body];
  if (absl::Status s = LowerNodes(body, f.inputs, callee, nullptr, depth + 1); !s.ok()) return s;
  SetClaims(body, callee);
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (builder_.str(outputs[i]).empty()) continue;
    auto it = callee.bindings.find(f.outputs[i]);
    if (it == callee.bindings.end()) {
      return NodeError(frame, node, index,
                       absl::StrCat("the function's output `", builder_.str(f.outputs[i]), "` is ",
                                    Undefined(callee, builder_.str(f.outputs[i]))));
    }
    Define(frame, undo, outputs[i], it->second);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<ValueId>> LowerModel(const std::string& file, const OpTable& table,
                                                const ImportOptions& options, RawModel model,
                                                GraphBuilder* builder) {
  return Lowerer(file, table, options, std::move(model), builder).Run();
}

}  // namespace assay
