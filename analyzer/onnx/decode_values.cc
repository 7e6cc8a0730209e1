// Types, tensors and the small messages; see model_decoder.h.
#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/numbers.h"
#include "analyzer/onnx/external_path.h"
#include "analyzer/onnx/model_decoder.h"

namespace assay {
namespace {

using TensorP = onnx::TensorProto;
using TypeP = onnx::TypeProto;

// A tensor of higher rank does not exist.
constexpr uint64_t kMaxRank = 1024;
constexpr int kMaxMisfits = 20;

}  // namespace

RawValue ModelDecoder::ReadValueInfo(Message m) {
  RawValue v;
  while (in_.Next(m)) {
    if (m.field == onnx::ValueInfoProto::kNameFieldNumber) {
      v.name = typed_ = Name(m);
    } else if (m.field == onnx::ValueInfoProto::kTypeFieldNumber) {
      ClaimedType type = ReadType(in_.Enter(m), 0);
      if (type.kind != TypeKind::kUnknown) v.claim = AddClaim(std::move(type));
    }
  }
  if (!v.name.has_value()) v.name = builder_.Intern("");
  return v;
}

ClaimedType ModelDecoder::ReadType(Message m, int depth) {
  ClaimedType type;
  if (TooDeep(depth)) return type;
  // The element's type is a field of the same number in sequences and optionals.
  auto read_element = [&](Message e, int number) {
    while (in_.Next(e)) {
      if (e.field == number) type.element.assign(1, ReadType(in_.Enter(e), depth + 1));
    }
    if (type.element.empty()) type.element.emplace_back();
  };
  while (in_.Next(m)) {
    switch (m.field) {
      case TypeP::kTensorTypeFieldNumber:
        type.kind = TypeKind::kTensor;
        ReadTensorType(in_.Enter(m), &type);
        break;
      case TypeP::kSparseTensorTypeFieldNumber:
        type.kind = TypeKind::kTensor;
        type.sparse = true;
        ReadTensorType(in_.Enter(m), &type);
        break;
      case TypeP::kSequenceTypeFieldNumber:
        type.kind = TypeKind::kSequence;
        read_element(in_.Enter(m), onnx::TypeProto_Sequence::kElemTypeFieldNumber);
        break;
      case TypeP::kOptionalTypeFieldNumber:
        type.kind = TypeKind::kOptional;
        read_element(in_.Enter(m), onnx::TypeProto_Optional::kElemTypeFieldNumber);
        break;
      case TypeP::kMapTypeFieldNumber: {
        type.kind = TypeKind::kMap;
        Message e = in_.Enter(m);
        while (in_.Next(e)) {
          if (e.field == onnx::TypeProto_Map::kKeyTypeFieldNumber) {
            type.dtype = ElementType(in_.Int(e));
          } else if (e.field == onnx::TypeProto_Map::kValueTypeFieldNumber) {
            type.element.assign(1, ReadType(in_.Enter(e), depth + 1));
          }
        }
        if (type.element.empty()) type.element.emplace_back();
        break;
      }
    }
  }
  return type;
}

void ModelDecoder::ReadTensorType(Message m, ClaimedType* type) {
  static_assert(int{onnx::TypeProto_Tensor::kShapeFieldNumber} ==
                int{onnx::TypeProto_SparseTensor::kShapeFieldNumber});
  while (in_.Next(m)) {
    if (m.field == onnx::TypeProto_Tensor::kElemTypeFieldNumber) {
      type->dtype = ElementType(in_.Int(m));
    } else if (m.field == onnx::TypeProto_Tensor::kShapeFieldNumber) {
      type->ranked = true;
      ReadShape(in_.Enter(m), type);
    }
  }
}

void ModelDecoder::ReadShape(Message m, ClaimedType* type) {
  while (in_.Next(m)) {
    if (m.field != onnx::TensorShapeProto::kDimFieldNumber) continue;
    if (type->dims.size() >= kMaxRank) {
      in_.FailField(m, absl::StrCat("is dimension number ", kMaxRank,
                                    " of a shape; the file is damaged: export it again"));
      return;
    }
    ClaimedDim dim;
    Message d = in_.Enter(m);
    while (in_.Next(d)) {
      if (d.field == onnx::TensorShapeProto_Dimension::kDimValueFieldNumber) {
        dim.value = in_.Int(d);
      } else if (d.field == onnx::TensorShapeProto_Dimension::kDimParamFieldNumber &&
                 d.length() > 0) {
        dim.symbol = Name(d);
      }
    }
    type->dims.push_back(dim);
  }
}

DType ModelDecoder::ElementType(int64_t number) {
  const ElementTypeRow* row = FindElementType(number);
  if (row != nullptr) return row->dtype;
  Fail("value `", builder_.str(typed_), "` has element type ", number,
       ", which ONNX does not have; the file is damaged, or newer than this version knows");
  return DType::kUndefined;
}

Constant ModelDecoder::ReadTensor(Message m) {
  Constant c;
  Payload& p = c.payload;
  bool external = false;
  int64_t element = 0;
  Payload elsewhere{.kind = Payload::Kind::kExternal};
  const Message message = m;
  while (in_.Next(m)) {
    switch (m.field) {
      case TensorP::kDimsFieldNumber:
        in_.AppendInts(m, &c.dims, kMaxRank);
        break;
      case TensorP::kDataTypeFieldNumber:
        element = in_.Int(m);
        break;
      case TensorP::kNameFieldNumber:
        c.name = Name(m);
        break;
      case TensorP::kRawDataFieldNumber:
        if (m.length() == 0) break;
        p.kind = Payload::Kind::kFile;
        p.offset = m.offset;
        p.bytes = m.length();
        break;
      case TensorP::kFloatDataFieldNumber:
      case TensorP::kInt32DataFieldNumber:
      case TensorP::kInt64DataFieldNumber:
      case TensorP::kDoubleDataFieldNumber:
      case TensorP::kUint64DataFieldNumber:
        if (m.wire == 2 && m.length() == 0) break;
        [[fallthrough]];
      case TensorP::kStringDataFieldNumber:
        p.kind = Payload::Kind::kTyped;
        p.offset = message.begin;
        p.bytes = message.end - message.begin;
        break;
      case TensorP::kExternalDataFieldNumber:
        ReadExternal(in_.Enter(m), &elsewhere);
        break;
      case TensorP::kDataLocationFieldNumber:
        external = in_.Int(m) == TensorP::EXTERNAL;
        break;
    }
  }
  if (!c.name.has_value()) c.name = builder_.Intern("");
  if (!in_.ok()) return c;
  const ElementTypeRow* row = FindElementType(element);
  if (row == nullptr) {
    Fail("tensor `", builder_.str(c.name), "` has element type ", element,
         ", which ONNX does not have; the file is damaged, or newer than this version knows");
    return c;
  }
  c.dtype = row->dtype;
  if (external) {
    p = std::move(elsewhere);
    if (!p.path.has_value()) p.kind = Payload::Kind::kAbsent;
    if (p.path.has_value() && EscapesFolder(builder_.str(p.path))) {
      Fail("tensor `", builder_.str(c.name), "`: its external data `", builder_.str(p.path),
           "` lies outside the model's folder, which is not followed; move the data beside the "
           "model "
           "and export again");
      return c;
    }
  }
  CheckSize(&c);
  return c;
}

// Elements by dims, and whether the bytes can hold them.
void ModelDecoder::CheckSize(Constant* c) {
  int64_t elements = 1;
  for (int64_t d : c->dims) {
    if (d < 0) {
      Fail("tensor `", builder_.str(c->name), "` has dimension ", d,
           "; a stored tensor's sizes cannot be negative: export it again");
      return;
    }
  }
  if (std::find(c->dims.begin(), c->dims.end(), 0) != c->dims.end()) {
    elements = 0;
  } else {
    for (int64_t d : c->dims) {
      if (__builtin_mul_overflow(elements, d, &elements)) elements = -1;
      if (elements < 0) break;
    }
  }
  const int64_t bits = Bits(c->dtype);
  int64_t total_bits = 0;
  if (elements < 0 || __builtin_mul_overflow(elements, bits, &total_bits) ||
      total_bits > std::numeric_limits<int64_t>::max() - 7) {
    Fail("tensor `", builder_.str(c->name),
         "` has more elements than 64 bits can count; the file is damaged: export it again");
    return;
  }
  c->stored_elements = elements;
  const uint64_t need = static_cast<uint64_t>((total_bits + 7) / 8);
  const bool sized = c->dtype != DType::kString && c->dtype != DType::kUndefined;
  if (sized && c->payload.kind == Payload::Kind::kFile && c->payload.bytes != need) {
    // A thousand of a kind tell no more than a few.
    if (++misfits_ <= kMaxMisfits)
      builder_.AddDiagnostic(
          {absl::StrCat("tensor `", builder_.str(c->name), "`"),
           absl::StrCat("has ", c->payload.bytes, " bytes of data where its shape needs ", need,
                        "; its contents are taken as unknown: check the export")});
    c->payload = Payload();
  }
}

Constant ModelDecoder::ReadSparseTensor(Message m) {
  Constant c;
  Constant values;
  std::vector<int64_t> dims;
  const Message message = m;
  while (in_.Next(m)) {
    if (m.field == onnx::SparseTensorProto::kValuesFieldNumber) {
      values = ReadTensor(in_.Enter(m));
    } else if (m.field == onnx::SparseTensorProto::kDimsFieldNumber) {
      in_.AppendInts(m, &dims, kMaxRank);
    }
  }
  c.name = values.name.has_value() ? values.name : builder_.Intern("");
  if (!in_.ok()) return c;
  c.dtype = values.dtype;
  c.dims = std::move(dims);
  c.sparse = true;
  CheckSize(&c);
  c.stored_elements = values.stored_elements;
  if (values.payload.kind == Payload::Kind::kFile || values.payload.kind == Payload::Kind::kTyped) {
    c.payload.kind = Payload::Kind::kTyped;
    c.payload.offset = message.begin;
    c.payload.bytes = message.end - message.begin;
  }
  return c;
}

std::pair<std::string, std::string> ModelDecoder::ReadEntry(Message m) {
  std::pair<std::string, std::string> entry;
  while (in_.Next(m)) {
    if (m.field == onnx::StringStringEntryProto::kKeyFieldNumber) {
      entry.first = std::string(in_.Bytes(m));
    } else if (m.field == onnx::StringStringEntryProto::kValueFieldNumber) {
      entry.second = std::string(in_.Prefix(m, WireReader::kMaxString));
    }
  }
  return entry;
}

void ModelDecoder::ReadExternal(Message m, Payload* payload) {
  enum { kOther, kLocation, kOffset, kLength } key = kOther;
  while (in_.Next(m)) {
    if (m.field == onnx::StringStringEntryProto::kKeyFieldNumber) {
      absl::string_view s = in_.Prefix(m, 16);
      key = s == "location" ? kLocation
            : s == "offset" ? kOffset
            : s == "length" ? kLength
                            : kOther;
    } else if (m.field == onnx::StringStringEntryProto::kValueFieldNumber) {
      absl::string_view value = in_.Bytes(m);
      uint64_t number = 0;
      if (key == kLocation && !value.empty()) {
        payload->path = builder_.Intern(value);
        model_.external_paths.try_emplace(payload->path, value);
      } else if (key == kOffset && absl::SimpleAtoi(value, &number)) {
        payload->offset = number;
      } else if (key == kLength && absl::SimpleAtoi(value, &number)) {
        payload->bytes = number;
      }
    }
  }
}

std::pair<NameId, int64_t> ModelDecoder::ReadOpset(Message m) {
  NameId domain;
  int64_t version = 0;
  while (in_.Next(m)) {
    if (m.field == onnx::OperatorSetIdProto::kDomainFieldNumber) {
      domain = Domain(m);
    } else if (m.field == onnx::OperatorSetIdProto::kVersionFieldNumber) {
      version = in_.Int(m);
    }
  }
  if (!domain.has_value()) domain = builder_.Intern("");
  return {domain, version};
}

}  // namespace assay
