#include "analyzer/onnx/onnx_text.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/types/span.h"
#include "analyzer/onnx/schema.h"
#include "analyzer/onnx/text_scanner.h"
#include "analyzer/onnx/wire_writer.h"

#define RETURN_IF_ERROR(expr) \
  if (absl::Status status_ = (expr); !status_.ok()) return status_

namespace assay {
namespace {

using AttributeP = onnx::AttributeProto;
using FunctionP = onnx::FunctionProto;
using GraphP = onnx::GraphProto;
using ModelP = onnx::ModelProto;
using NodeP = onnx::NodeProto;
using TensorP = onnx::TensorProto;
using TypeP = onnx::TypeProto;
using Entry = onnx::StringStringEntryProto;

const ElementTypeRow* PrimitiveType(absl::string_view name) {
  if (name.empty()) return nullptr;
  for (const ElementTypeRow& row : ElementTypeRows()) {
    if (row.syntax_name == name) return &row;
  }
  return nullptr;
}

constexpr absl::string_view kCompositeTypes[] = {"seq", "map", "optional", "sparse_tensor",
                                                 "opaque"};

// A type as read: its wire form, and what a tensor constant needs to know of it.
struct TextType {
  WireWriter wire;
  const ElementTypeRow* element = nullptr;  // of a dense tensor
  bool ranked = false;
  bool numeric = true;  // all dimensions are numbers
  std::vector<int64_t> dims;
};

bool IsInteger(absl::string_view number) {
  int64_t ignored;
  uint64_t large;
  return absl::SimpleAtoi(number, &ignored) || absl::SimpleAtoi(number, &large);
}

// Reals that are written as words.
bool IsSpecial(absl::string_view word) {
  return absl::EqualsIgnoreCase(word, "inf") || absl::EqualsIgnoreCase(word, "infinity") ||
         absl::EqualsIgnoreCase(word, "nan");
}

class OnnxText {
 public:
  OnnxText(absl::string_view text, absl::string_view file, int max_depth)
      : in_(text, file), max_depth_(max_depth) {}

  absl::Status ReadModel(WireWriter* out) {
    if (in_.Accept('<')) {
      do {
        RETURN_IF_ERROR(ReadModelHeader(out));
      } while (in_.Accept(','));
      RETURN_IF_ERROR(in_.Expect('>'));
    }
    const size_t graph = out->Begin(ModelP::kGraphFieldNumber);
    RETURN_IF_ERROR(ReadGraph(0, out));
    out->End(graph);
    while (!in_.AtEnd()) {
      const size_t function = out->Begin(ModelP::kFunctionsFieldNumber);
      RETURN_IF_ERROR(ReadFunction(out));
      out->End(function);
    }
    return absl::OkStatus();
  }

 private:
  absl::Status ReadModelHeader(WireWriter* out) {
    absl::string_view key = in_.Word();
    RETURN_IF_ERROR(in_.Expect(':'));
    if (key == "opset_import") return ReadOpsets(ModelP::kOpsetImportFieldNumber, out);
    if (key == "metadata_props") return ReadEntries(ModelP::kMetadataPropsFieldNumber, out);
    const FieldRow* field = FindField(Msg::kModel, key);
    if (field != nullptr && field->kind == FieldKind::kInt) {
      int64_t number = 0;
      RETURN_IF_ERROR(ReadInt(&number));
      out->Int(field->number, number);
      return absl::OkStatus();
    }
    if (field != nullptr && field->kind == FieldKind::kBytes) {
      absl::StatusOr<std::string> text = in_.OnnxString();
      if (!text.ok()) return text.status();
      out->Bytes(field->number, *text);
      return absl::OkStatus();
    }
    return in_.Error("a model's header has no `", key, "`");
  }

  absl::Status ReadOpsets(int number, WireWriter* out) {
    RETURN_IF_ERROR(in_.Expect('['));
    if (in_.Accept(']')) return absl::OkStatus();
    do {
      WireWriter opset;
      absl::StatusOr<std::string> domain = in_.OnnxString();
      if (!domain.ok()) return domain.status();
      opset.Bytes(onnx::OperatorSetIdProto::kDomainFieldNumber, *domain);
      RETURN_IF_ERROR(in_.Expect(':'));
      int64_t version = 0;
      RETURN_IF_ERROR(ReadInt(&version));
      opset.Int(onnx::OperatorSetIdProto::kVersionFieldNumber, version);
      out->Message(number, opset);
    } while (in_.Accept(','));
    return in_.Expect(']');
  }

  // ["key": "value", ...], the opening bracket included.
  absl::Status ReadEntries(int number, WireWriter* out) {
    RETURN_IF_ERROR(in_.Expect('['));
    if (in_.Accept(']')) return absl::OkStatus();
    do {
      absl::StatusOr<std::string> key = in_.OnnxString();
      if (!key.ok()) return key.status();
      RETURN_IF_ERROR(in_.Expect(':'));
      absl::StatusOr<std::string> value = in_.OnnxString();
      if (!value.ok()) return value.status();
      WireWriter entry;
      entry.Bytes(Entry::kKeyFieldNumber, *key);
      entry.Bytes(Entry::kValueFieldNumber, *value);
      out->Message(number, entry);
    } while (in_.Accept(','));
    return in_.Expect(']');
  }

  absl::Status ReadInt(int64_t* value) {
    in_.Peek();
    const size_t at = in_.position();
    absl::string_view number = in_.Number();
    uint64_t large = 0;
    if (absl::SimpleAtoi(number, value)) return absl::OkStatus();
    if (absl::SimpleAtoi(number, &large)) {
      *value = static_cast<int64_t>(large);
      return absl::OkStatus();
    }
    in_.Return(at);
    return in_.Expected("an integer of 64 bits");
  }

  absl::StatusOr<std::string> ReadName() {
    if (in_.Peek() == '"') return in_.OnnxString();
    absl::string_view word = in_.Word();
    if (word.empty()) return in_.Expected("a name");
    return std::string(word);
  }

  // Names in a row, "" or nothing before a comma standing for an omitted one; a comma at the end is
  // let pass.
  absl::Status ReadNames(int number, WireWriter* out) {
    do {
      std::string name;
      if (in_.Peek() == '"') {
        absl::StatusOr<std::string> quoted = in_.OnnxString();
        if (!quoted.ok()) return quoted.status();
        name = *std::move(quoted);
      } else {
        name = std::string(in_.Word());
        if (name.empty() && in_.Peek() != ',') break;
      }
      out->Bytes(number, name);
    } while (in_.Accept(','));
    return absl::OkStatus();
  }

  bool TypeComes() {
    absl::string_view word = in_.PeekWord();
    if (PrimitiveType(word) != nullptr) return true;
    for (absl::string_view name : kCompositeTypes) {
      if (word == name) return true;
    }
    return false;
  }

  // float is a scalar, float[] of unknown rank, float[2, N, ?] has three dimensions.
  absl::Status ReadTensorType(TextType* type, WireWriter* out) {
    absl::string_view word = in_.Word();
    type->element = PrimitiveType(word);
    if (type->element == nullptr) return in_.Error("`", word, "` is no element type");
    out->Int(onnx::TypeProto_Tensor::kElemTypeFieldNumber, type->element->number);
    WireWriter shape;
    if (in_.Accept('[')) {
      if (in_.Accept(']')) return absl::OkStatus();
      do {
        WireWriter dim;
        if (in_.Accept('?')) {
          type->numeric = false;
        } else if (in_.Peek() == '"' || !in_.PeekWord().empty()) {
          absl::StatusOr<std::string> name = ReadName();
          if (!name.ok()) return name.status();
          dim.Bytes(onnx::TensorShapeProto_Dimension::kDimParamFieldNumber, *name);
          type->numeric = false;
        } else {
          int64_t size = 0;
          RETURN_IF_ERROR(ReadInt(&size));
          dim.Int(onnx::TensorShapeProto_Dimension::kDimValueFieldNumber, size);
          type->dims.push_back(size);
        }
        shape.Message(onnx::TensorShapeProto::kDimFieldNumber, dim);
      } while (in_.Accept(','));
      RETURN_IF_ERROR(in_.Expect(']'));
    }
    type->ranked = true;
    out->Message(onnx::TypeProto_Tensor::kShapeFieldNumber, shape);
    return absl::OkStatus();
  }

  absl::Status ReadType(int depth, TextType* type) {
    if (depth > max_depth_) return in_.Error("types are nested deeper than ", max_depth_);
    absl::string_view word = in_.PeekWord();
    WireWriter inner;
    if (PrimitiveType(word) != nullptr) {
      RETURN_IF_ERROR(ReadTensorType(type, &inner));
      type->wire.Message(TypeP::kTensorTypeFieldNumber, inner);
      return absl::OkStatus();
    }
    if (!TypeComes()) return in_.Expected("a type");
    in_.Word();
    RETURN_IF_ERROR(in_.Expect('('));
    if (word == "seq" || word == "optional") {
      TextType element;
      RETURN_IF_ERROR(ReadType(depth + 1, &element));
      inner.Message(onnx::TypeProto_Sequence::kElemTypeFieldNumber, element.wire);
      type->wire.Message(
          word == "seq" ? TypeP::kSequenceTypeFieldNumber : TypeP::kOptionalTypeFieldNumber, inner);
    } else if (word == "map") {
      absl::string_view key = in_.Word();
      const ElementTypeRow* row = PrimitiveType(key);
      if (row == nullptr) return in_.Error("`", key, "` is no type of a map's key");
      inner.Int(onnx::TypeProto_Map::kKeyTypeFieldNumber, row->number);
      RETURN_IF_ERROR(in_.Expect(','));
      TextType element;
      RETURN_IF_ERROR(ReadType(depth + 1, &element));
      inner.Message(onnx::TypeProto_Map::kValueTypeFieldNumber, element.wire);
      type->wire.Message(TypeP::kMapTypeFieldNumber, inner);
    } else if (word == "sparse_tensor") {
      TextType tensor;
      RETURN_IF_ERROR(ReadTensorType(&tensor, &inner));
      type->wire.Message(TypeP::kSparseTensorTypeFieldNumber, inner);
    } else {  // opaque(), opaque(name), opaque(domain, name), names dotted
      while (!in_.Word().empty() || in_.Accept('.') || in_.Accept(',')) {
      }
      type->wire.Message(TypeP::kOpaqueTypeFieldNumber, inner);
    }
    return in_.Expect(')');
  }

  // A name with its type before it, where there is one.
  absl::Status ReadValueInfo(TextType* type, std::string* name, WireWriter* out) {
    if (TypeComes()) {
      RETURN_IF_ERROR(ReadType(0, type));
      out->Message(onnx::ValueInfoProto::kTypeFieldNumber, type->wire);
    }
    absl::StatusOr<std::string> read = ReadName();
    if (!read.ok()) return read.status();
    *name = *std::move(read);
    const char next = in_.Peek();
    if (next == '[' || next == '"' || !in_.PeekWord().empty()) {
      return in_.Error("`", *name, "` is no type");
    }
    out->Bytes(onnx::ValueInfoProto::kNameFieldNumber, *name);
    return absl::OkStatus();
  }

  // The contents of a tensor of that type: {1, 2, 3}, or ["location": "weights.bin"].
  absl::Status ReadTensor(const TextType& type, absl::string_view name, WireWriter* out) {
    if (type.element == nullptr || !type.ranked || !type.numeric) {
      return in_.Error("contents need a tensor type with known sizes");
    }
    for (int64_t d : type.dims) out->Int(TensorP::kDimsFieldNumber, d);
    out->Int(TensorP::kDataTypeFieldNumber, type.element->number);
    if (!name.empty()) out->Bytes(TensorP::kNameFieldNumber, name);
    if (in_.Peek() == '[') {
      out->Int(TensorP::kDataLocationFieldNumber, TensorP::EXTERNAL);
      return ReadEntries(TensorP::kExternalDataFieldNumber, out);
    }
    RETURN_IF_ERROR(in_.Expect('{'));
    if (in_.Accept('}')) return absl::OkStatus();
    WireWriter packed;
    int field = TensorP::kInt32DataFieldNumber;
    const DType dtype = type.element->dtype;
    if (dtype == DType::kI64) field = TensorP::kInt64DataFieldNumber;
    if (dtype == DType::kU32 || dtype == DType::kU64) field = TensorP::kUint64DataFieldNumber;
    if (dtype == DType::kF32 || dtype == DType::kC64) field = TensorP::kFloatDataFieldNumber;
    if (dtype == DType::kF64 || dtype == DType::kC128) field = TensorP::kDoubleDataFieldNumber;
    if (dtype == DType::kString) field = TensorP::kStringDataFieldNumber;
    do {
      if (field == TensorP::kStringDataFieldNumber) {
        absl::StatusOr<std::string> text = in_.OnnxString();
        if (!text.ok()) return text.status();
        out->Bytes(field, *text);
      } else if (field == TensorP::kFloatDataFieldNumber) {
        double number = 0;
        RETURN_IF_ERROR(ReadReal(&number));
        const float narrow = static_cast<float>(number);
        packed.Raw(&narrow, sizeof narrow);
      } else if (field == TensorP::kDoubleDataFieldNumber) {
        double number = 0;
        RETURN_IF_ERROR(ReadReal(&number));
        packed.Raw(&number, sizeof number);
      } else {
        int64_t number = 0;
        RETURN_IF_ERROR(ReadInt(&number));
        packed.Varint(static_cast<uint64_t>(number));
      }
    } while (in_.Accept(','));
    if (!packed.empty()) out->Message(field, packed);
    return in_.Expect('}');
  }

  absl::Status ReadReal(double* value) {
    in_.Peek();
    const size_t at = in_.position();
    if (absl::SimpleAtod(in_.Number(), value)) return absl::OkStatus();
    in_.Return(at);
    return in_.Expected("a number");
  }

  // One value of an attribute, written as the single or the repeated field of its kind. Returns the
  // attribute type (FLOAT, INT, ...), or nothing for a reference. `wanted` is the type asked for, 0
  // when none.
  absl::StatusOr<std::optional<int>> ReadAttrValue(bool repeated, int wanted, int depth,
                                                   WireWriter* out) {
    auto field = [&](int single, int many) { return repeated ? many : single; };
    const char next = in_.Peek();
    if (next == '@') {
      in_.Accept('@');
      absl::StatusOr<std::string> name = ReadName();
      if (!name.ok()) return name.status();
      out->Bytes(AttributeP::kRefAttrNameFieldNumber, *name);
      return std::nullopt;
    }
    if (next == '"') {
      absl::StatusOr<std::string> text = in_.OnnxString();
      if (!text.ok()) return text.status();
      out->Bytes(field(AttributeP::kSFieldNumber, AttributeP::kStringsFieldNumber), *text);
      return AttributeP::STRING;
    }
    absl::string_view word = in_.PeekWord();
    if (TypeComes()) {
      TextType type;
      RETURN_IF_ERROR(ReadType(0, &type));
      const char after = in_.Peek();
      if (after != '{' && after != '=' && after != '"' && in_.PeekWord().empty()) {
        out->Message(field(AttributeP::kTpFieldNumber, AttributeP::kTypeProtosFieldNumber),
                     type.wire);
        return AttributeP::TYPE_PROTO;
      }
      std::string name;
      if (after == '"' || !in_.PeekWord().empty()) {
        absl::StatusOr<std::string> read = ReadName();
        if (!read.ok()) return read.status();
        name = *std::move(read);
      }
      in_.Accept('=');
      const size_t tensor =
          out->Begin(field(AttributeP::kTFieldNumber, AttributeP::kTensorsFieldNumber));
      RETURN_IF_ERROR(ReadTensor(type, name, out));
      out->End(tensor);
      return AttributeP::TENSOR;
    }
    if (!word.empty() && !IsSpecial(word)) {
      const size_t graph =
          out->Begin(field(AttributeP::kGFieldNumber, AttributeP::kGraphsFieldNumber));
      RETURN_IF_ERROR(ReadGraph(depth + 1, out));
      out->End(graph);
      return AttributeP::GRAPH;
    }
    std::vector<absl::string_view> number(1);
    RETURN_IF_ERROR(ReadNumber(&number[0]));
    return WriteNumbers(number, repeated, wanted == AttributeP::FLOAT, out);
  }

  absl::Status ReadNumber(absl::string_view* number) {
    in_.Peek();
    const size_t at = in_.position();
    *number = in_.Number();
    double real = 0;
    if (IsInteger(*number) || absl::SimpleAtod(*number, &real)) return absl::OkStatus();
    in_.Return(at);
    return in_.Expected("an attribute's value");
  }

  // Integers, unless one among them is none or reals are asked for.
  static int WriteNumbers(absl::Span<const absl::string_view> numbers, bool repeated, bool reals,
                          WireWriter* out) {
    for (absl::string_view number : numbers) reals |= !IsInteger(number);
    for (absl::string_view number : numbers) {
      int64_t i = 0;
      uint64_t large = 0;
      double f = 0;
      if (!absl::SimpleAtoi(number, &i) && absl::SimpleAtoi(number, &large)) {
        i = static_cast<int64_t>(large);
      }
      (void)absl::SimpleAtod(number, &f);
      if (reals) {
        out->Float(repeated ? AttributeP::kFloatsFieldNumber : AttributeP::kFFieldNumber,
                   static_cast<float>(f));
      } else {
        out->Int(repeated ? AttributeP::kIntsFieldNumber : AttributeP::kIFieldNumber, i);
      }
    }
    return reals ? AttributeP::FLOAT : AttributeP::INT;
  }

  static int Plural(int type) {
    switch (type) {
      case AttributeP::FLOAT:
        return AttributeP::FLOATS;
      case AttributeP::INT:
        return AttributeP::INTS;
      case AttributeP::STRING:
        return AttributeP::STRINGS;
      case AttributeP::TENSOR:
        return AttributeP::TENSORS;
      case AttributeP::GRAPH:
        return AttributeP::GRAPHS;
      default:
        return AttributeP::TYPE_PROTOS;
    }
  }

  // What follows an attribute's name: `: ints = [1, 2]`, `= 3`.
  absl::Status ReadAttr(absl::string_view name, int depth, WireWriter* out) {
    out->Bytes(AttributeP::kNameFieldNumber, name);
    int type = AttributeP::UNDEFINED;
    if (in_.Accept(':')) {
      absl::string_view word = in_.Word();
      // The syntax writes the enumerators of AttributeProto.type in lower case.
      type = EnumNumber(*FindField(Msg::kAttribute, AttributeP::kTypeFieldNumber),
                        absl::AsciiStrToUpper(word))
                 .value_or(AttributeP::UNDEFINED);
      if (type == AttributeP::UNDEFINED) return in_.Error("`", word, "` is no type of attributes");
    }
    RETURN_IF_ERROR(in_.Expect('='));
    if (!in_.Accept('[')) {
      absl::StatusOr<std::optional<int>> found = ReadAttrValue(false, type, depth, out);
      if (!found.ok()) return found.status();
      if (type == AttributeP::UNDEFINED && *found) type = **found;
    } else if (!in_.Accept(']')) {
      std::vector<absl::string_view> numbers;
      int element = AttributeP::UNDEFINED;
      do {
        const char next = in_.Peek();
        if (absl::ascii_isdigit(static_cast<unsigned char>(next)) || next == '-' || next == '+' ||
            next == '.' || IsSpecial(in_.PeekWord())) {
          RETURN_IF_ERROR(ReadNumber(&numbers.emplace_back()));
          continue;
        }
        absl::StatusOr<std::optional<int>> found =
            ReadAttrValue(true, AttributeP::UNDEFINED, depth, out);
        if (!found.ok()) return found.status();
        if (*found) element = **found;
      } while (in_.Accept(','));
      if (!numbers.empty()) {
        element = WriteNumbers(numbers, true, type == AttributeP::FLOATS, out);
      }
      if (type == AttributeP::UNDEFINED && element != AttributeP::UNDEFINED) type = Plural(element);
      RETURN_IF_ERROR(in_.Expect(']'));
    } else if (type == AttributeP::UNDEFINED) {
      return in_.Error("an empty list needs a type, such as `", name, ": ints = []`");
    }
    if (type != AttributeP::UNDEFINED) out->Int(AttributeP::kTypeFieldNumber, type);
    return absl::OkStatus();
  }

  absl::Status ReadAttrs(int depth, bool* any, WireWriter* out) {
    if (!in_.Accept('<')) return absl::OkStatus();
    *any = true;
    do {
      absl::string_view name = in_.Word();
      if (name.empty()) return in_.Expected("an attribute's name");
      const size_t attr = out->Begin(NodeP::kAttributeFieldNumber);
      RETURN_IF_ERROR(ReadAttr(name, depth, out));
      out->End(attr);
    } while (in_.Accept(','));
    return in_.Expect('>');
  }

  absl::Status ReadNode(int depth, WireWriter* out) {
    if (in_.Accept('[')) {
      if (in_.Peek() != ']') {
        absl::StatusOr<std::string> label = ReadName();
        if (!label.ok()) return label.status();
        out->Bytes(NodeP::kNameFieldNumber, *label);
      }
      RETURN_IF_ERROR(in_.Expect(']'));
    }
    RETURN_IF_ERROR(ReadNames(NodeP::kOutputFieldNumber, out));
    RETURN_IF_ERROR(in_.Expect('='));
    std::string domain;
    std::string type(in_.Word());
    while (in_.Accept('.')) {
      if (!domain.empty()) domain += ".";
      domain += type;
      type = std::string(in_.Word());
    }
    if (type.empty()) return in_.Expected("an operator");
    out->Bytes(NodeP::kOpTypeFieldNumber, type);
    if (!domain.empty()) out->Bytes(NodeP::kDomainFieldNumber, domain);
    if (in_.Accept(':')) {
      absl::string_view overload = in_.Word();
      if (overload.empty()) return in_.Expected("an overload's name");
      out->Bytes(kNodeOverload, overload);
    }
    bool attrs = false;
    RETURN_IF_ERROR(ReadAttrs(depth, &attrs, out));
    RETURN_IF_ERROR(in_.Expect('('));
    RETURN_IF_ERROR(ReadNames(NodeP::kInputFieldNumber, out));
    RETURN_IF_ERROR(in_.Expect(')'));
    if (!attrs) RETURN_IF_ERROR(ReadAttrs(depth, &attrs, out));
    return absl::OkStatus();
  }

  absl::Status ReadNodes(int number, int depth, WireWriter* out) {
    RETURN_IF_ERROR(in_.Expect('{'));
    while (!in_.Accept('}')) {
      if (in_.AtEnd()) return in_.Expected("a node or `}`");
      const size_t node = out->Begin(number);
      RETURN_IF_ERROR(ReadNode(depth, out));
      out->End(node);
    }
    return absl::OkStatus();
  }

  // Values in a row up to `close`. Those of a graph's inputs and value infos may come with
  // contents, as initializers; an input stays an input.
  enum class Contents { kNone, kDefault, kInstead };
  absl::Status ReadValues(char close, int number, Contents allowed, WireWriter* out) {
    if (in_.Accept(close)) return absl::OkStatus();
    do {
      WireWriter value;
      TextType type;
      std::string name;
      RETURN_IF_ERROR(ReadValueInfo(&type, &name, &value));
      const bool contents = allowed != Contents::kNone && in_.Accept('=');
      if (contents) {
        const size_t tensor = out->Begin(GraphP::kInitializerFieldNumber);
        RETURN_IF_ERROR(ReadTensor(type, name, out));
        out->End(tensor);
      }
      if (!contents || allowed == Contents::kDefault) out->Message(number, value);
    } while (in_.Accept(','));
    return in_.Expect(close);
  }

  absl::Status ReadArrow() {
    RETURN_IF_ERROR(in_.Expect('='));
    return in_.Expect('>');
  }

  absl::Status ReadGraph(int depth, WireWriter* out) {
    if (depth > max_depth_) return in_.Error("graphs are nested deeper than ", max_depth_);
    absl::StatusOr<std::string> name = ReadName();
    if (!name.ok()) return name.status();
    out->Bytes(GraphP::kNameFieldNumber, *name);
    RETURN_IF_ERROR(in_.Expect('('));
    RETURN_IF_ERROR(ReadValues(')', GraphP::kInputFieldNumber, Contents::kDefault, out));
    RETURN_IF_ERROR(ReadArrow());
    RETURN_IF_ERROR(in_.Expect('('));
    RETURN_IF_ERROR(ReadValues(')', GraphP::kOutputFieldNumber, Contents::kNone, out));
    if (in_.Accept('<')) {
      RETURN_IF_ERROR(ReadValues('>', GraphP::kValueInfoFieldNumber, Contents::kInstead, out));
    }
    return ReadNodes(GraphP::kNodeFieldNumber, depth, out);
  }

  // Inputs or outputs of a function: names, types optional.
  absl::Status ReadFormals(int number, WireWriter* out) {
    RETURN_IF_ERROR(in_.Expect('('));
    if (in_.Accept(')')) return absl::OkStatus();
    do {
      WireWriter value;
      TextType type;
      std::string name;
      RETURN_IF_ERROR(ReadValueInfo(&type, &name, &value));
      out->Bytes(number, name);
      if (!type.wire.empty()) out->Message(kFunctionValueInfo, value);
    } while (in_.Accept(','));
    return in_.Expect(')');
  }

  absl::Status ReadFunctionHeader(WireWriter* out) {
    absl::string_view key = in_.Word();
    RETURN_IF_ERROR(in_.Expect(':'));
    if (key == "opset_import") return ReadOpsets(FunctionP::kOpsetImportFieldNumber, out);
    const FieldRow* field = FindField(Msg::kFunction, key);
    if (field == nullptr || field->kind != FieldKind::kBytes || field->repeated) {
      return in_.Error("a function's header has no `", key, "`");
    }
    absl::StatusOr<std::string> text = in_.OnnxString();
    if (!text.ok()) return text.status();
    out->Bytes(field->number, *text);
    return absl::OkStatus();
  }

  absl::Status ReadFunction(WireWriter* out) {
    if (in_.Accept('<')) {
      do {
        RETURN_IF_ERROR(ReadFunctionHeader(out));
      } while (in_.Accept(','));
      RETURN_IF_ERROR(in_.Expect('>'));
    }
    absl::StatusOr<std::string> name = ReadName();
    if (!name.ok()) return name.status();
    out->Bytes(FunctionP::kNameFieldNumber, *name);
    if (in_.Accept('<')) {
      do {
        absl::StatusOr<std::string> attr = ReadName();
        if (!attr.ok()) return attr.status();
        const char next = in_.Peek();
        if (next == ':' || next == '=') {
          const size_t fallback = out->Begin(kFunctionAttributeProto);
          RETURN_IF_ERROR(ReadAttr(*attr, 0, out));
          out->End(fallback);
        } else {
          out->Bytes(FunctionP::kAttributeFieldNumber, *attr);
        }
      } while (in_.Accept(','));
      RETURN_IF_ERROR(in_.Expect('>'));
    }
    RETURN_IF_ERROR(ReadFormals(FunctionP::kInputFieldNumber, out));
    RETURN_IF_ERROR(ReadArrow());
    RETURN_IF_ERROR(ReadFormals(FunctionP::kOutputFieldNumber, out));
    if (in_.Accept('<')) {
      RETURN_IF_ERROR(ReadValues('>', kFunctionValueInfo, Contents::kNone, out));
    }
    return ReadNodes(FunctionP::kNodeFieldNumber, 0, out);
  }

  TextScanner in_;
  int max_depth_;
};

}  // namespace

absl::StatusOr<std::string> OnnxTextToWire(absl::string_view text, absl::string_view file,
                                           int max_depth) {
  WireWriter out;
  if (absl::Status s = OnnxText(text, file, max_depth).ReadModel(&out); !s.ok()) return s;
  return std::move(out).Take();
}

}  // namespace assay

#undef RETURN_IF_ERROR
