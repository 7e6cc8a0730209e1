#include "analyzer/onnx/rewrite.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "analyzer/onnx/schema.h"
#include "analyzer/onnx/wire.h"
#include "analyzer/onnx/wire_writer.h"

namespace assay {
namespace {

using AttributeP = onnx::AttributeProto;
using EntryP = onnx::StringStringEntryProto;
using GraphP = onnx::GraphProto;
using ModelP = onnx::ModelProto;
using NodeP = onnx::NodeProto;
using SparseP = onnx::SparseTensorProto;
using TensorP = onnx::TensorProto;
using TypeP = onnx::TypeProto;
using ValueP = onnx::ValueInfoProto;

int ElementNumber(DType dtype) {
  for (const ElementTypeRow& row : ElementTypeRows()) {
    if (row.dtype == dtype) return row.number;
  }
  return 0;
}

// A size as the file has it, or as it is to be written.
struct Size {
  std::optional<int64_t> value;
  std::string param;
  bool open() const { return !value.has_value() && param.empty(); }
  friend bool operator==(const Size& a, const Size& b) {
    return a.value == b.value && a.param == b.param;
  }
};

struct TensorType {
  int element = 0;
  bool ranked = false;
  std::vector<Size> sizes;
  friend bool operator==(const TensorType& a, const TensorType& b) {
    return a.element == b.element && a.ranked == b.ranked && a.sizes == b.sizes;
  }
};

std::optional<TensorType> Known(const Type& type, const DimPool& pool) {
  if (!type.is_tensor() || ElementNumber(type.dtype) == 0) return std::nullopt;
  TensorType t{.element = ElementNumber(type.dtype), .ranked = type.ranked};
  if (!type.ranked) return t;
  for (Dim d : type.dims) {
    Size& size = t.sizes.emplace_back();
    if (d.known()) size.value = d.value();
    if (d.symbolic()) size.param = pool.ToString(d);
  }
  return t;
}

void Write(const TensorType& t, WireWriter* out) {
  out->Int(TypeP::Tensor::kElemTypeFieldNumber, t.element);
  if (!t.ranked) return;
  WireWriter shape;
  for (const Size& size : t.sizes) {
    WireWriter dim;
    if (size.value.has_value()) {
      dim.Int(onnx::TensorShapeProto::Dimension::kDimValueFieldNumber, *size.value);
    } else if (!size.param.empty()) {
      dim.Bytes(onnx::TensorShapeProto::Dimension::kDimParamFieldNumber, size.param);
    }
    shape.Message(onnx::TensorShapeProto::kDimFieldNumber, dim);
  }
  out->Message(TypeP::Tensor::kShapeFieldNumber, shape);
}

bool Write(const Type& type, const DimPool& pool, WireWriter* out) {
  auto element = [&](int field) {
    WireWriter inner, holder;
    if (type.element == nullptr || !Write(*type.element, pool, &inner)) return false;
    holder.Message(1, inner);  // elem_type of sequences and optionals alike
    out->Message(field, holder);
    return true;
  };
  switch (type.kind) {
    case TypeKind::kUnknown:
      return false;
    case TypeKind::kTensor: {
      const std::optional<TensorType> t = Known(type, pool);
      if (!t.has_value()) return false;
      WireWriter tensor;
      Write(*t, &tensor);
      out->Message(
          type.sparse ? TypeP::kSparseTensorTypeFieldNumber : TypeP::kTensorTypeFieldNumber,
          tensor);
      return true;
    }
    case TypeKind::kSequence:
      return element(TypeP::kSequenceTypeFieldNumber);
    case TypeKind::kOptional:
      return element(TypeP::kOptionalTypeFieldNumber);
    case TypeKind::kMap: {
      WireWriter value, map;
      const int key = ElementNumber(type.dtype);
      if (key == 0 || type.element == nullptr || !Write(*type.element, pool, &value)) return false;
      map.Int(TypeP::Map::kKeyTypeFieldNumber, key);
      map.Message(TypeP::Map::kValueTypeFieldNumber, value);
      out->Message(TypeP::kMapTypeFieldNumber, map);
      return true;
    }
  }
  return false;
}

// What the output is made of, in order.
class Pieces {
 public:
  void Copy(uint64_t begin, uint64_t end) {
    if (begin == end) return;
    size_ += end - begin;
    if (!pieces_.empty() && pieces_.back().kind == Kind::kCopy &&
        pieces_.back().offset + pieces_.back().length == begin) {
      pieces_.back().length += end - begin;
      return;
    }
    pieces_.push_back({Kind::kCopy, begin, end - begin});
  }
  void Add(absl::string_view bytes) {
    if (bytes.empty()) return;
    size_ += bytes.size();
    if (!pieces_.empty() && pieces_.back().kind == Kind::kNew) {
      pieces_.back().length += bytes.size();
    } else {
      pieces_.push_back({Kind::kNew, new_.size(), bytes.size()});
    }
    new_.append(bytes.data(), bytes.size());
  }
  // A submessage: what comes between.
  size_t Begin(int field) {
    pieces_.push_back({Kind::kHeader, static_cast<uint64_t>(field), size_});
    return pieces_.size() - 1;
  }
  void End(size_t header) {
    Piece& piece = pieces_[header];
    piece.length = size_ - piece.length;  // of the message
    size_ += Header(piece).size();
  }

  absl::Status WriteTo(const ByteSource& source,
                       absl::FunctionRef<absl::Status(absl::string_view)> sink) const {
    constexpr uint64_t kBuffer = 256 << 10;
    std::string buffer;
    for (const Piece& piece : pieces_) {
      absl::Status status;
      switch (piece.kind) {
        case Kind::kHeader:
          status = sink(Header(piece));
          break;
        case Kind::kNew:
          status = sink(absl::string_view(new_).substr(piece.offset, piece.length));
          break;
        case Kind::kCopy:
          for (uint64_t at = 0; at < piece.length && status.ok(); at += kBuffer) {
            const uint64_t want = std::min(kBuffer, piece.length - at);
            absl::StatusOr<absl::string_view> view = source.View(piece.offset + at, want, &buffer);
            if (!view.ok()) return view.status();
            if (view->size() != want) {
              return absl::DataLossError("the file changed while it was copied; try again");
            }
            status = sink(*view);
          }
      }
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  enum class Kind : uint8_t { kCopy, kNew, kHeader };
  struct Piece {
    Kind kind;
    uint64_t offset, length;  // of a header: field number, and length of what follows
  };
  static std::string Header(const Piece& piece) {
    WireWriter out;
    out.Varint(piece.offset << 3 | 2);
    out.Varint(piece.length);
    return std::move(out).Take();
  }
  std::vector<Piece> pieces_;
  std::string new_;
  uint64_t size_ = 0;
};

class Rewriter {
 public:
  Rewriter(const ModelSource& source, const std::string& file, const Additions& additions)
      : source_(source), additions_(additions), in_(source.bytes, file) {}

  absl::Status Run(absl::FunctionRef<absl::Status(absl::string_view)> sink) {
    Model(in_.Whole(Msg::kModel));
    if (!in_.ok()) return in_.status();
    return out_.WriteTo(*source_.bytes, sink);
  }

 private:
  // Fields in turn; `of(m)` says whether it wrote the field itself, or left it out.
  template <class F>
  void ForEachField(Message m, F&& of) {
    uint64_t begin = m.next;
    while (in_.Next(m)) {
      if (!of(m)) out_.Copy(begin, m.next);
      begin = m.next;
    }
  }

  // A remark of an earlier run.
  bool IsOurs(const Message& entry) {
    Message e = in_.Enter(entry);
    while (in_.Next(e)) {
      if (e.field == EntryP::kKeyFieldNumber) {
        return absl::StartsWith(in_.Prefix(e, additions_.prefix.size()), additions_.prefix);
      }
    }
    return false;
  }

  void Add(int field, const Remarks& remarks) {
    WireWriter out;
    for (const auto& [key, value] : remarks) {
      WireWriter entry;
      entry.Bytes(EntryP::kKeyFieldNumber, key);
      entry.Bytes(EntryP::kValueFieldNumber, value);
      out.Message(field, entry);
    }
    out_.Add(out.bytes());
  }

  void Model(Message m) {
    ForEachField(m, [&](const Message& f) {
      switch (f.field) {
        case ModelP::kGraphFieldNumber:
          Nested(f, [&] { Graph(in_.Enter(f)); });
          return true;
        case ModelP::kFunctionsFieldNumber:
          Nested(f, [&] { Function(in_.Enter(f)); });
          return true;
        case ModelP::kMetadataPropsFieldNumber:
          return IsOurs(f);
        default:
          return false;
      }
    });
    Add(ModelP::kMetadataPropsFieldNumber, additions_.model);
  }

  template <class F>
  void Nested(const Message& field, F&& write) {
    const size_t header = out_.Begin(field.field);
    write();
    out_.End(header);
  }

  void Function(Message m) {
    ForEachField(m, [&](const Message& f) {
      if (f.field != onnx::FunctionProto::kNodeFieldNumber) return false;
      Nested(f, [&] { Node(in_.Enter(f)); });
      return true;
    });
  }

  // The values that go by a name in a graph: several where the graph was built several times.
  struct Named {
    std::string name;
    std::vector<ValueId> values;
    bool declared = false;  // the graph says something of it
  };

  struct Scope {
    std::vector<Named> names;  // in order of the nodes
    absl::flat_hash_map<std::string, size_t> index;
    std::vector<ModelSource::Node> nodes;
  };

  Scope ReadScope(Message m) {
    Scope scope;
    std::vector<std::string> declared;
    while (in_.Next(m)) {
      if (m.field == GraphP::kNodeFieldNumber) {
        const Message node = in_.Enter(m);
        const absl::Span<const ModelSource::Node> built = source_.At(node.begin);
        scope.nodes.insert(scope.nodes.end(), built.begin(), built.end());
        if (additions_.type_of == nullptr) continue;
        Message f = node;
        uint32_t output = 0;
        while (in_.Next(f)) {
          if (f.field != NodeP::kOutputFieldNumber) continue;
          const std::string name(in_.Bytes(f));
          for (const ModelSource::Node& n : built) {
            if (n.results_begin + output >= n.results_end) continue;
            const ValueId value = source_.results[n.results_begin + output];
            if (!value.has_value() || name.empty()) continue;
            auto [it, is_new] = scope.index.try_emplace(name, scope.names.size());
            if (is_new) scope.names.push_back({.name = name});
            scope.names[it->second].values.push_back(value);
          }
          ++output;
        }
      } else if (m.field == GraphP::kValueInfoFieldNumber ||
                 m.field == GraphP::kOutputFieldNumber || m.field == GraphP::kInputFieldNumber) {
        declared.push_back(NameOf(m));
      }
    }
    for (const std::string& name : declared) {
      if (auto it = scope.index.find(name); it != scope.index.end()) {
        scope.names[it->second].declared = true;
      }
    }
    return scope;
  }

  std::string NameOf(const Message& value_info) {
    Message v = in_.Enter(value_info);
    while (in_.Next(v)) {
      if (v.field == ValueP::kNameFieldNumber) return std::string(in_.Bytes(v));
    }
    return "";
  }

  // Null where nothing is known, or not the same each time that the graph is built.
  const Type* TypeOf(const Named& named) const {
    const Type* type = nullptr;
    for (ValueId v : named.values) {
      const Type& t = additions_.type_of(v);
      if (type != nullptr && !(*type == t)) return nullptr;
      type = &t;
    }
    return type;
  }

  void Graph(Message m) {
    const Scope scope = ReadScope(m);
    ForEachField(m, [&](const Message& f) {
      switch (f.field) {
        case GraphP::kNodeFieldNumber:
          Nested(f, [&] { Node(in_.Enter(f)); });
          return true;
        case GraphP::kInitializerFieldNumber:
          return Moved(f, [&] { Tensor(in_.Enter(f)); });
        case GraphP::kSparseInitializerFieldNumber:
          return Moved(f, [&] { SparseTensor(in_.Enter(f)); });
        case GraphP::kValueInfoFieldNumber:
        case GraphP::kOutputFieldNumber:
          return ValueInfo(f, scope);
        case kGraphMetadata:
          return IsOurs(f);
        default:
          return false;
      }
    });
    for (const Named& named : scope.names) {
      const Type* type = named.declared ? nullptr : TypeOf(named);
      if (type == nullptr) continue;
      WireWriter type_proto, info, out;
      if (!Write(*type, *additions_.pool, &type_proto)) continue;
      info.Bytes(ValueP::kNameFieldNumber, named.name);
      info.Message(ValueP::kTypeFieldNumber, type_proto);
      out.Message(GraphP::kValueInfoFieldNumber, info);
      out_.Add(out.bytes());
    }
    if (!scope.nodes.empty()) Add(kGraphMetadata, additions_.on(scope.nodes));
  }

  // Whether it wrote the entry, with a better type.
  bool ValueInfo(const Message& f, const Scope& scope) {
    const auto it = scope.index.find(NameOf(f));
    if (it == scope.index.end()) return false;
    const Type* type = TypeOf(scope.names[it->second]);
    if (type == nullptr || type->sparse) return false;
    std::optional<TensorType> ours = Known(*type, *additions_.pool);
    if (!ours.has_value()) return false;
    bool other = false;
    const std::optional<TensorType> declared = Declared(in_.Enter(f), &other);
    if (other) return false;
    if (declared.has_value()) {
      Merge(*declared, f.field == GraphP::kOutputFieldNumber, &*ours);
      if (*ours == *declared) return false;
    }
    Nested(f, [&] {
      ForEachField(in_.Enter(f),
                   [&](const Message& v) { return v.field == ValueP::kTypeFieldNumber; });
      WireWriter tensor, type_proto, out;
      Write(*ours, &tensor);
      type_proto.Message(TypeP::kTensorTypeFieldNumber, tensor);
      out.Message(ValueP::kTypeFieldNumber, type_proto);
      out_.Add(out.bytes());
    });
    return true;
  }

  // Into `ours` what the file knows better.
  static void Merge(const TensorType& declared, bool output, TensorType* ours) {
    if (declared.element != ours->element && declared.element != 0 && output) {
      *ours = declared;
      return;
    }
    if (!declared.ranked) return;
    if (!ours->ranked) {
      ours->ranked = true;
      ours->sizes = declared.sizes;
      return;
    }
    if (ours->sizes.size() != declared.sizes.size()) {
      if (output) ours->sizes = declared.sizes;
      return;
    }
    for (size_t i = 0; i < ours->sizes.size(); ++i) {
      const Size& theirs = declared.sizes[i];
      Size& size = ours->sizes[i];
      if (theirs.open()) continue;
      // What the file has as a number is worth more than an expression.
      if (output || size.open() || (theirs.value.has_value() && !size.value.has_value())) {
        size = theirs;
      }
    }
  }

  // The type of an entry; nothing when it has none. `other`: it is no dense tensor.
  std::optional<TensorType> Declared(Message v, bool* other) {
    std::optional<TensorType> out;
    while (in_.Next(v)) {
      if (v.field != ValueP::kTypeFieldNumber) continue;
      Message type = in_.Enter(v);
      while (in_.Next(type)) {
        if (type.field == TypeP::kDenotationFieldNumber) continue;
        if (type.field != TypeP::kTensorTypeFieldNumber) {
          *other = true;
          continue;
        }
        out.emplace();
        Message tensor = in_.Enter(type);
        while (in_.Next(tensor)) {
          if (tensor.field == TypeP::Tensor::kElemTypeFieldNumber) {
            out->element = static_cast<int>(in_.Int(tensor));
          } else if (tensor.field == TypeP::Tensor::kShapeFieldNumber) {
            out->ranked = true;
            Shape(in_.Enter(tensor), &out->sizes);
          }
        }
      }
    }
    return out;
  }

  void Shape(Message shape, std::vector<Size>* sizes) {
    while (in_.Next(shape)) {
      if (shape.field != onnx::TensorShapeProto::kDimFieldNumber) continue;
      Size& size = sizes->emplace_back();
      Message dim = in_.Enter(shape);
      while (in_.Next(dim)) {
        if (dim.field == onnx::TensorShapeProto::Dimension::kDimValueFieldNumber) {
          // -1 and the like are what some exporters write for nothing.
          if (in_.Int(dim) >= 0) size.value = in_.Int(dim);
        } else if (dim.field == onnx::TensorShapeProto::Dimension::kDimParamFieldNumber) {
          size.param = std::string(in_.Bytes(dim));
        }
      }
    }
  }

  void Node(Message m) {
    ForEachField(m, [&](const Message& f) {
      if (f.field == kNodeMetadata) return IsOurs(f);
      if (f.field != NodeP::kAttributeFieldNumber || !HoldsMore(in_.Enter(f))) return false;
      Nested(f, [&] { Attribute(in_.Enter(f)); });
      return true;
    });
    if (const absl::Span<const ModelSource::Node> built = source_.At(m.begin); !built.empty()) {
      Add(kNodeMetadata, additions_.on(built));
    }
  }

  static bool HoldsGraph(const Message& f) {
    return f.field == AttributeP::kGFieldNumber || f.field == AttributeP::kGraphsFieldNumber;
  }

  // Whether something inside may have to change.
  bool HoldsMore(Message attribute) {
    if (additions_.moved != nullptr) return true;
    while (in_.Next(attribute)) {
      if (HoldsGraph(attribute)) return true;
    }
    return false;
  }

  void Attribute(Message m) {
    ForEachField(m, [&](const Message& f) {
      if (HoldsGraph(f)) {
        Nested(f, [&] { Graph(in_.Enter(f)); });
        return true;
      }
      switch (f.field) {
        case AttributeP::kTFieldNumber:
        case AttributeP::kTensorsFieldNumber:
          return Moved(f, [&] { Tensor(in_.Enter(f)); });
        case AttributeP::kSparseTensorFieldNumber:
        case AttributeP::kSparseTensorsFieldNumber:
          return Moved(f, [&] { SparseTensor(in_.Enter(f)); });
        default:
          return false;
      }
    });
  }

  // Of something that may hold the place of external data.
  template <class F>
  bool Moved(const Message& f, F&& write) {
    if (additions_.moved == nullptr) return false;
    Nested(f, write);
    return true;
  }

  void SparseTensor(Message m) {
    ForEachField(m, [&](const Message& f) {
      if (f.field != SparseP::kValuesFieldNumber && f.field != SparseP::kIndicesFieldNumber) {
        return false;
      }
      Nested(f, [&] { Tensor(in_.Enter(f)); });
      return true;
    });
  }

  void Tensor(Message m) {
    ForEachField(m, [&](const Message& f) {
      if (f.field != TensorP::kExternalDataFieldNumber) return false;
      std::string key, value;
      Message entry = in_.Enter(f);
      while (in_.Next(entry)) {
        if (entry.field == EntryP::kKeyFieldNumber) key = std::string(in_.Prefix(entry, 64));
        if (entry.field == EntryP::kValueFieldNumber) value = std::string(in_.Bytes(entry));
      }
      if (key != "location" || value.empty()) return false;
      WireWriter moved, out;
      moved.Bytes(EntryP::kKeyFieldNumber, key);
      moved.Bytes(EntryP::kValueFieldNumber, additions_.moved(value));
      out.Message(f.field, moved);
      out_.Add(out.bytes());
      return true;
    });
  }

  const ModelSource& source_;
  const Additions& additions_;
  WireReader in_;
  Pieces out_;
};

}  // namespace

absl::Status RewriteModel(const ModelSource& source, const std::string& file,
                          const Additions& additions,
                          absl::FunctionRef<absl::Status(absl::string_view)> sink) {
  return Rewriter(source, file, additions).Run(sink);
}

bool WriteType(const Type& type, const DimPool& pool, std::string* out) {
  WireWriter writer;
  if (!Write(type, pool, &writer)) return false;
  *out = std::move(writer).Take();
  return true;
}

}  // namespace assay
