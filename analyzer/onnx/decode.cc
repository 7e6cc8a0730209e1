#include "analyzer/onnx/decode.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"
#include "analyzer/onnx/model_decoder.h"
#include "analyzer/onnx/module_path.h"

namespace assay {
namespace {

using AttributeP = onnx::AttributeProto;
using FunctionP = onnx::FunctionProto;
using GraphP = onnx::GraphProto;
using ModelP = onnx::ModelProto;
using NodeP = onnx::NodeProto;

// A string attribute is an option's name, or a blob nobody reads; a blob's beginning will do.
constexpr uint64_t kMaxStringAttr = 4096;

}  // namespace

void ModelDecoder::ReadModel(Message m) {
  SourceInfo& info = builder_.source();
  while (in_.Next(m)) {
    switch (m.field) {
      case ModelP::kIrVersionFieldNumber:
        info.ir_version = in_.Int(m);
        break;
      case ModelP::kProducerNameFieldNumber:
        info.producer = std::string(in_.Bytes(m));
        break;
      case ModelP::kProducerVersionFieldNumber:
        info.producer_version = std::string(in_.Bytes(m));
        break;
      case ModelP::kOpsetImportFieldNumber: {
        auto opset = ReadOpset(in_.Enter(m));
        info.opsets.emplace_back(std::string(builder_.str(opset.first)), opset.second);
        model_.opsets.push_back(opset);
        break;
      }
      case ModelP::kGraphFieldNumber: {
        if (model_.main >= 0) {
          in_.FailField(m, "is a second graph; the file is damaged: export it again");
          break;
        }
        int32_t graph = ReadGraph(in_.Enter(m), 0);
        model_.main = graph;
        if (in_.ok()) info.name = std::string(builder_.str(model_.graphs[graph].name));
        break;
      }
      case ModelP::kMetadataPropsFieldNumber:
        info.metadata.push_back(ReadEntry(in_.Enter(m)));
        break;
      case ModelP::kFunctionsFieldNumber:
        ReadFunction(in_.Enter(m));
        break;
    }
  }
}

int32_t ModelDecoder::ReadGraph(Message m, int depth) {
  if (TooDeep(depth)) return -1;
  RawGraph graph;
  while (in_.Next(m)) {
    switch (m.field) {
      case GraphP::kNodeFieldNumber:
        CountNode();
        graph.nodes.push_back(ReadNode(in_.Enter(m), depth));
        break;
      case GraphP::kNameFieldNumber:
        graph.name = Name(m);
        break;
      case GraphP::kInitializerFieldNumber: {
        Constant c = ReadTensor(in_.Enter(m));
        NameId name = c.name;
        graph.initializers.push_back({name, AddConstant(std::move(c))});
        break;
      }
      case GraphP::kSparseInitializerFieldNumber: {
        Constant c = ReadSparseTensor(in_.Enter(m));
        NameId name = c.name;
        graph.initializers.push_back({name, AddConstant(std::move(c))});
        break;
      }
      case GraphP::kInputFieldNumber:
        graph.inputs.push_back(ReadValueInfo(in_.Enter(m)));
        break;
      case GraphP::kOutputFieldNumber:
        graph.outputs.push_back(ReadValueInfo(in_.Enter(m)));
        break;
      case GraphP::kValueInfoFieldNumber:
        graph.value_info.push_back(ReadValueInfo(in_.Enter(m)));
        break;
    }
  }
  if (!in_.ok()) return -1;
  if (depth > 0) FindCaptures(&graph);
  model_.graphs.push_back(std::move(graph));
  return static_cast<int32_t>(model_.graphs.size()) - 1;
}

void ModelDecoder::FindCaptures(RawGraph* graph) {
  absl::flat_hash_set<NameId> seen;
  for (const RawValue& v : graph->inputs) seen.insert(v.name);
  for (const RawInitializer& v : graph->initializers) seen.insert(v.name);
  for (const RawNode& n : graph->nodes) {
    for (NameId name : model_.outputs(n)) seen.insert(name);
  }
  auto use = [&](NameId name) {
    if (!builder_.str(name).empty() && seen.insert(name).second) graph->captures.push_back(name);
  };
  for (const RawNode& n : graph->nodes) model_.ForEachUse(n, use);
  for (const RawValue& v : graph->outputs) use(v.name);
}

void ModelDecoder::ReadFunction(Message m) {
  RawFunction f;
  RawGraph body;
  const size_t defaults = attr_stack_.size();
  while (in_.Next(m)) {
    switch (m.field) {
      case FunctionP::kNameFieldNumber:
        f.name = Name(m);
        break;
      case FunctionP::kDomainFieldNumber:
        f.domain = Domain(m);
        break;
      case kFunctionOverload:
        f.overload = Name(m);
        break;
      case FunctionP::kInputFieldNumber:
        f.inputs.push_back(Name(m));
        break;
      case FunctionP::kOutputFieldNumber:
        f.outputs.push_back(Name(m));
        break;
      case kFunctionAttributeProto:
        attr_stack_.push_back(ReadAttribute(in_.Enter(m), 1));
        break;
      case FunctionP::kNodeFieldNumber:
        CountNode();
        body.nodes.push_back(ReadNode(in_.Enter(m), 0));
        break;
      case FunctionP::kOpsetImportFieldNumber:
        f.opsets.push_back(ReadOpset(in_.Enter(m)));
        break;
      case kFunctionValueInfo:
        body.value_info.push_back(ReadValueInfo(in_.Enter(m)));
        break;
    }
  }
  if (!in_.ok()) return;
  // A name means another size at each call.
  for (const RawValue& v : body.value_info) {
    if (v.claim < 0) continue;
    for (ClaimedType* t = &model_.claims[v.claim]; t != nullptr;
         t = t->element.empty() ? nullptr : &t->element[0]) {
      for (ClaimedDim& d : t->dims) d.symbol = NameId();
    }
  }
  NameId none = builder_.Intern("");
  for (NameId* name : {&f.domain, &f.name, &f.overload}) {
    if (!name->has_value()) *name = none;
  }
  f.defaults_begin = static_cast<uint32_t>(model_.attrs.size());
  std::move(attr_stack_.begin() + static_cast<ptrdiff_t>(defaults), attr_stack_.end(),
            std::back_inserter(model_.attrs));
  attr_stack_.resize(defaults);
  f.defaults_end = static_cast<uint32_t>(model_.attrs.size());
  body.name = f.name;
  model_.graphs.push_back(std::move(body));
  f.body = static_cast<int32_t>(model_.graphs.size()) - 1;
  model_.functions.push_back(std::move(f));
}

RawNode ModelDecoder::ReadNode(Message m, int depth) {
  RawNode node;
  node.offset = m.begin;
  absl::InlinedVector<NameId, 8> inputs, outputs;
  const size_t attrs = attr_stack_.size();
  int module_rank = 0;
  while (in_.Next(m)) {
    switch (m.field) {
      case NodeP::kInputFieldNumber:
        inputs.push_back(Name(m));
        break;
      case NodeP::kOutputFieldNumber:
        outputs.push_back(Name(m));
        break;
      case NodeP::kNameFieldNumber:
        node.name = Name(m);
        break;
      case NodeP::kOpTypeFieldNumber:
        node.type = Name(m);
        break;
      case NodeP::kDomainFieldNumber:
        node.domain = Domain(m);
        break;
      case kNodeOverload:
        node.overload = Name(m);
        break;
      case NodeP::kAttributeFieldNumber:
        attr_stack_.push_back(ReadAttribute(in_.Enter(m), depth));
        break;
      case kNodeMetadata: {
        // Stack traces among them are long: the value is only looked at for keys that matter.
        Message entry = in_.Enter(m);
        int rank = 0;
        std::string key;
        while (in_.Next(entry)) {
          if (entry.field == onnx::StringStringEntryProto::kKeyFieldNumber) {
            key = std::string(in_.Prefix(entry, 64));
            rank = ModuleKeyRank(key);
          } else if (entry.field == onnx::StringStringEntryProto::kValueFieldNumber &&
                     rank > module_rank) {
            std::string module = ModuleFromMetadata(key, in_.Prefix(entry, 1 << 16));
            if (!module.empty()) {
              node.module = builder_.Intern(module);
              module_rank = rank;
            }
          }
        }
        break;
      }
    }
  }
  if (!in_.ok()) return node;
  NameId none = builder_.Intern("");
  for (NameId* name : {&node.type, &node.domain, &node.overload, &node.name}) {
    if (!name->has_value()) *name = none;
  }
  if (node.type == none) {
    Fail("node `", builder_.str(node.name), "` at byte ", m.begin,
         " has no op_type; the file is damaged: export it again");
  }
  std::vector<NameId>& names = model_.names;
  node.inputs_begin = static_cast<uint32_t>(names.size());
  names.insert(names.end(), inputs.begin(), inputs.end());
  node.outputs_begin = static_cast<uint32_t>(names.size());
  names.insert(names.end(), outputs.begin(), outputs.end());
  node.names_end = static_cast<uint32_t>(names.size());
  node.attrs_begin = static_cast<uint32_t>(model_.attrs.size());
  std::move(attr_stack_.begin() + static_cast<ptrdiff_t>(attrs), attr_stack_.end(),
            std::back_inserter(model_.attrs));
  attr_stack_.resize(attrs);
  node.attrs_end = static_cast<uint32_t>(model_.attrs.size());
  return node;
}

RawAttr ModelDecoder::ReadAttribute(Message m, int depth) {
  RawAttr raw;
  Attr& a = raw.attr;
  int64_t declared = AttributeP::UNDEFINED;
  AttrKind found = AttrKind::kInt;
  int64_t tensor = -1, graph = -1, type = -1;
  std::vector<int64_t> tensors, graphs;
  double f = 0;
  while (in_.Next(m)) {
    switch (m.field) {
      case AttributeP::kNameFieldNumber:
        a.name = typed_ = Name(m);
        break;
      case AttributeP::kRefAttrNameFieldNumber:
        if (m.length() > 0) raw.ref = Name(m);
        break;
      case AttributeP::kTypeFieldNumber:
        declared = in_.Int(m);
        break;
      case AttributeP::kFFieldNumber:
        f = in_.Float(m);
        found = AttrKind::kFloat;
        break;
      case AttributeP::kIFieldNumber:
        a.i = in_.Int(m);
        found = AttrKind::kInt;
        break;
      case AttributeP::kSFieldNumber:
        a.s = builder_.Intern(in_.Prefix(m, kMaxStringAttr));
        found = AttrKind::kString;
        break;
      case AttributeP::kTFieldNumber:
        tensor = AddConstant(ReadTensor(in_.Enter(m)));
        found = AttrKind::kTensor;
        break;
      case AttributeP::kSparseTensorFieldNumber:
        tensor = AddConstant(ReadSparseTensor(in_.Enter(m)));
        found = AttrKind::kTensor;
        break;
      case AttributeP::kGFieldNumber:
        graph = ReadGraph(in_.Enter(m), depth + 1);
        found = AttrKind::kRegion;
        break;
      case AttributeP::kTpFieldNumber:
        type = AddClaim(ReadType(in_.Enter(m), 0));
        found = AttrKind::kType;
        break;
      case AttributeP::kFloatsFieldNumber:
        in_.AppendFixed<float>(m, &a.floats);
        found = AttrKind::kFloats;
        break;
      case AttributeP::kIntsFieldNumber:
        in_.AppendInts(m, &a.ints);
        found = AttrKind::kInts;
        break;
      case AttributeP::kStringsFieldNumber:
        a.strings.push_back(builder_.Intern(in_.Prefix(m, kMaxStringAttr)));
        found = AttrKind::kStrings;
        break;
      case AttributeP::kTensorsFieldNumber:
        tensors.push_back(AddConstant(ReadTensor(in_.Enter(m))));
        found = AttrKind::kTensors;
        break;
      case AttributeP::kSparseTensorsFieldNumber:
        tensors.push_back(AddConstant(ReadSparseTensor(in_.Enter(m))));
        found = AttrKind::kTensors;
        break;
      case AttributeP::kGraphsFieldNumber:
        graphs.push_back(ReadGraph(in_.Enter(m), depth + 1));
        found = AttrKind::kRegions;
        break;
      case AttributeP::kTypeProtosFieldNumber:
        if (int32_t t = AddClaim(ReadType(in_.Enter(m), 0)); type < 0) type = t;
        found = AttrKind::kType;
        break;
    }
  }
  if (!in_.ok()) return raw;
  if (!a.name.has_value()) a.name = builder_.Intern("");
  // A value of 0 may be left out in the file: the declared type decides, where there is one.
  switch (declared) {
    case AttributeP::FLOAT:
      a.kind = AttrKind::kFloat;
      break;
    case AttributeP::INT:
      a.kind = AttrKind::kInt;
      break;
    case AttributeP::STRING:
      a.kind = AttrKind::kString;
      break;
    case AttributeP::TENSOR:
    case AttributeP::SPARSE_TENSOR:
      a.kind = AttrKind::kTensor;
      break;
    case AttributeP::GRAPH:
      a.kind = AttrKind::kRegion;
      break;
    case AttributeP::TYPE_PROTO:
      a.kind = AttrKind::kType;
      break;
    case AttributeP::FLOATS:
      a.kind = AttrKind::kFloats;
      break;
    case AttributeP::INTS:
      a.kind = AttrKind::kInts;
      break;
    case AttributeP::STRINGS:
      a.kind = AttrKind::kStrings;
      break;
    case AttributeP::TENSORS:
    case AttributeP::SPARSE_TENSORS:
      a.kind = AttrKind::kTensors;
      break;
    case AttributeP::GRAPHS:
      a.kind = AttrKind::kRegions;
      break;
    case AttributeP::TYPE_PROTOS:
      a.kind = AttrKind::kType;
      break;
    default:
      a.kind = found;
  }
  // One-element repeated fields and their scalar twins are told apart by the declared type alone.
  switch (a.kind) {
    case AttrKind::kFloat:
      a.f = f;
      break;
    case AttrKind::kString:
      if (!a.s.has_value()) a.s = builder_.Intern("");
      break;
    case AttrKind::kTensor:
      a.i = tensor;
      break;
    case AttrKind::kRegion:
      a.i = graph;
      break;
    case AttrKind::kType:
      a.i = type;
      break;
    case AttrKind::kTensors:
      a.ints = std::move(tensors);
      break;
    case AttrKind::kRegions:
      a.ints = std::move(graphs);
      break;
    default:
      break;
  }
  bool lacks =
      (a.kind == AttrKind::kTensor || a.kind == AttrKind::kRegion || a.kind == AttrKind::kType) &&
      a.i < 0;
  if (lacks && !raw.ref.has_value()) {
    Fail("attribute `", builder_.str(a.name), "` at byte ", m.begin,
         " says it holds a tensor, graph or type and has none; the file is damaged: export it "
         "again");
  }
  return raw;
}

absl::StatusOr<RawModel> DecodeModel(std::shared_ptr<const ByteSource> source,
                                     const std::string& file, const ImportOptions& options,
                                     GraphBuilder& builder) {
  return ModelDecoder(std::move(source), file, options, builder).Run();
}

}  // namespace assay
