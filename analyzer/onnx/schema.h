// What an ONNX file may contain: one row per field of its protobuf messages. The row serves the
// binary reader (which wire type to expect, what to call the field in a message) and the text forms
// (name to number).
//
// Field numbers come from the ONNX package's header where it has them. The package in use may be
// older than the files: the constants below are newer than its 1.12 and cite onnx.proto of
// ONNX 1.20.
#ifndef ASSAY_ANALYZER_ONNX_SCHEMA_H_
#define ASSAY_ANALYZER_ONNX_SCHEMA_H_

#ifndef ONNX_ML
#define ONNX_ML 1
#endif
#ifndef ONNX_NAMESPACE
#define ONNX_NAMESPACE onnx
#endif
#include <onnx/onnx_pb.h>

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ir/dtype.h"

namespace assay {

// Newer than the package: onnx.proto, IR version 10 (2024-03) and later.
inline constexpr int kNodeOverload = 8;             // NodeProto.overload
inline constexpr int kNodeMetadata = 9;             // NodeProto.metadata_props
inline constexpr int kNodeDevices = 10;             // NodeProto.device_configurations
inline constexpr int kValueInfoMetadata = 4;        // ValueInfoProto.metadata_props
inline constexpr int kGraphMetadata = 16;           // GraphProto.metadata_props
inline constexpr int kTensorMetadata = 16;          // TensorProto.metadata_props
inline constexpr int kModelConfiguration = 26;      // ModelProto.configuration
inline constexpr int kFunctionOverload = 13;        // FunctionProto.overload
inline constexpr int kFunctionValueInfo = 12;       // FunctionProto.value_info
inline constexpr int kFunctionMetadata = 14;        // FunctionProto.metadata_props
inline constexpr int kFunctionAttributeProto = 11;  // FunctionProto.attribute_proto

enum class Msg : uint8_t {
  kModel,
  kGraph,
  kNode,
  kAttribute,
  kTensor,
  kSparseTensor,
  kValueInfo,
  kType,
  kTypeTensor,
  kTypeSequence,
  kTypeMap,
  kTypeOptional,
  kTypeSparseTensor,
  kTypeOpaque,
  kShape,
  kDimension,
  kOpset,
  kFunction,
  kEntry,  // StringStringEntryProto
  kSegment,
  kAnnotation,
  kTraining,
  kOther,  // read past, never into
};
inline constexpr int kNumMsgs = static_cast<int>(Msg::kOther) + 1;

// "NodeProto".
absl::string_view Name(Msg message);

enum class FieldKind : uint8_t {
  kInt,     // varint: int32, int64, uint64
  kEnum,    // varint with names; see EnumNumber
  kFloat,   // 4 bytes
  kDouble,  // 8 bytes
  kBytes,   // string or bytes
  kMessage,
};

struct FieldRow {
  Msg message;
  int number;
  absl::string_view name;
  FieldKind kind;
  bool repeated = false;
  Msg child = Msg::kOther;  // of a kMessage
};

absl::Span<const FieldRow> FieldRows();
// Null when the message has no field of that number (newer than this table: read past).
const FieldRow* FindField(Msg message, uint32_t number);
const FieldRow* FindField(Msg message, absl::string_view name);
// The number of an enumerator by its name in onnx.proto ("FLOAT", "INTS", "EXTERNAL").
std::optional<int> EnumNumber(const FieldRow& field, absl::string_view enumerator);

// Element types: ONNX's number, its name in onnx.proto, in ONNX's textual syntax, and ours.
struct ElementTypeRow {
  int number;
  absl::string_view proto_name;   // "FLOAT"
  absl::string_view syntax_name;  // "float"
  DType dtype;
};
absl::Span<const ElementTypeRow> ElementTypeRows();
// Null for a number that onnx.proto does not have.
const ElementTypeRow* FindElementType(int64_t number);

}  // namespace assay

#endif  // ASSAY_ANALYZER_ONNX_SCHEMA_H_
