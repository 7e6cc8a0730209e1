#include "analyzer/onnx/schema.h"

#include <array>

namespace assay {
namespace {

using Attribute = onnx::AttributeProto;
using Entry = onnx::StringStringEntryProto;
using Function = onnx::FunctionProto;
using GraphP = onnx::GraphProto;
using Model = onnx::ModelProto;
using Node = onnx::NodeProto;
using Opset = onnx::OperatorSetIdProto;
using Sparse = onnx::SparseTensorProto;
using Tensor = onnx::TensorProto;
using TypeP = onnx::TypeProto;
using ValueInfo = onnx::ValueInfoProto;
using Shape = onnx::TensorShapeProto;
using Dimension = onnx::TensorShapeProto_Dimension;

constexpr FieldKind kInt = FieldKind::kInt, kEnum = FieldKind::kEnum, kFloat = FieldKind::kFloat,
                    kDouble = FieldKind::kDouble, kBytes = FieldKind::kBytes,
                    kMessage = FieldKind::kMessage;
constexpr bool kRepeated = true;

// clang-format off
constexpr FieldRow kFields[] = {
    {Msg::kModel, Model::kIrVersionFieldNumber, "ir_version", kInt},
    {Msg::kModel, Model::kOpsetImportFieldNumber, "opset_import", kMessage, kRepeated, Msg::kOpset},
    {Msg::kModel, Model::kProducerNameFieldNumber, "producer_name", kBytes},
    {Msg::kModel, Model::kProducerVersionFieldNumber, "producer_version", kBytes},
    {Msg::kModel, Model::kDomainFieldNumber, "domain", kBytes},
    {Msg::kModel, Model::kModelVersionFieldNumber, "model_version", kInt},
    {Msg::kModel, Model::kDocStringFieldNumber, "doc_string", kBytes},
    {Msg::kModel, Model::kGraphFieldNumber, "graph", kMessage, false, Msg::kGraph},
    {Msg::kModel, Model::kMetadataPropsFieldNumber, "metadata_props", kMessage, kRepeated, Msg::kEntry},
    {Msg::kModel, Model::kTrainingInfoFieldNumber, "training_info", kMessage, kRepeated, Msg::kTraining},
    {Msg::kModel, Model::kFunctionsFieldNumber, "functions", kMessage, kRepeated, Msg::kFunction},
    {Msg::kModel, kModelConfiguration, "configuration", kMessage, kRepeated, Msg::kOther},

    {Msg::kGraph, GraphP::kNodeFieldNumber, "node", kMessage, kRepeated, Msg::kNode},
    {Msg::kGraph, GraphP::kNameFieldNumber, "name", kBytes},
    {Msg::kGraph, GraphP::kInitializerFieldNumber, "initializer", kMessage, kRepeated, Msg::kTensor},
    {Msg::kGraph, GraphP::kSparseInitializerFieldNumber, "sparse_initializer", kMessage, kRepeated, Msg::kSparseTensor},
    {Msg::kGraph, GraphP::kDocStringFieldNumber, "doc_string", kBytes},
    {Msg::kGraph, GraphP::kInputFieldNumber, "input", kMessage, kRepeated, Msg::kValueInfo},
    {Msg::kGraph, GraphP::kOutputFieldNumber, "output", kMessage, kRepeated, Msg::kValueInfo},
    {Msg::kGraph, GraphP::kValueInfoFieldNumber, "value_info", kMessage, kRepeated, Msg::kValueInfo},
    {Msg::kGraph, GraphP::kQuantizationAnnotationFieldNumber, "quantization_annotation", kMessage, kRepeated, Msg::kAnnotation},
    {Msg::kGraph, kGraphMetadata, "metadata_props", kMessage, kRepeated, Msg::kEntry},

    {Msg::kNode, Node::kInputFieldNumber, "input", kBytes, kRepeated},
    {Msg::kNode, Node::kOutputFieldNumber, "output", kBytes, kRepeated},
    {Msg::kNode, Node::kNameFieldNumber, "name", kBytes},
    {Msg::kNode, Node::kOpTypeFieldNumber, "op_type", kBytes},
    {Msg::kNode, Node::kDomainFieldNumber, "domain", kBytes},
    {Msg::kNode, kNodeOverload, "overload", kBytes},
    {Msg::kNode, Node::kAttributeFieldNumber, "attribute", kMessage, kRepeated, Msg::kAttribute},
    {Msg::kNode, Node::kDocStringFieldNumber, "doc_string", kBytes},
    {Msg::kNode, kNodeMetadata, "metadata_props", kMessage, kRepeated, Msg::kEntry},
    {Msg::kNode, kNodeDevices, "device_configurations", kMessage, kRepeated, Msg::kOther},

    {Msg::kAttribute, Attribute::kNameFieldNumber, "name", kBytes},
    {Msg::kAttribute, Attribute::kRefAttrNameFieldNumber, "ref_attr_name", kBytes},
    {Msg::kAttribute, Attribute::kDocStringFieldNumber, "doc_string", kBytes},
    {Msg::kAttribute, Attribute::kTypeFieldNumber, "type", kEnum},
    {Msg::kAttribute, Attribute::kFFieldNumber, "f", kFloat},
    {Msg::kAttribute, Attribute::kIFieldNumber, "i", kInt},
    {Msg::kAttribute, Attribute::kSFieldNumber, "s", kBytes},
    {Msg::kAttribute, Attribute::kTFieldNumber, "t", kMessage, false, Msg::kTensor},
    {Msg::kAttribute, Attribute::kGFieldNumber, "g", kMessage, false, Msg::kGraph},
    {Msg::kAttribute, Attribute::kSparseTensorFieldNumber, "sparse_tensor", kMessage, false, Msg::kSparseTensor},
    {Msg::kAttribute, Attribute::kTpFieldNumber, "tp", kMessage, false, Msg::kType},
    {Msg::kAttribute, Attribute::kFloatsFieldNumber, "floats", kFloat, kRepeated},
    {Msg::kAttribute, Attribute::kIntsFieldNumber, "ints", kInt, kRepeated},
    {Msg::kAttribute, Attribute::kStringsFieldNumber, "strings", kBytes, kRepeated},
    {Msg::kAttribute, Attribute::kTensorsFieldNumber, "tensors", kMessage, kRepeated, Msg::kTensor},
    {Msg::kAttribute, Attribute::kGraphsFieldNumber, "graphs", kMessage, kRepeated, Msg::kGraph},
    {Msg::kAttribute, Attribute::kSparseTensorsFieldNumber, "sparse_tensors", kMessage, kRepeated, Msg::kSparseTensor},
    {Msg::kAttribute, Attribute::kTypeProtosFieldNumber, "type_protos", kMessage, kRepeated, Msg::kType},

    {Msg::kTensor, Tensor::kDimsFieldNumber, "dims", kInt, kRepeated},
    {Msg::kTensor, Tensor::kDataTypeFieldNumber, "data_type", kEnum},
    {Msg::kTensor, Tensor::kSegmentFieldNumber, "segment", kMessage, false, Msg::kSegment},
    {Msg::kTensor, Tensor::kFloatDataFieldNumber, "float_data", kFloat, kRepeated},
    {Msg::kTensor, Tensor::kInt32DataFieldNumber, "int32_data", kInt, kRepeated},
    {Msg::kTensor, Tensor::kStringDataFieldNumber, "string_data", kBytes, kRepeated},
    {Msg::kTensor, Tensor::kInt64DataFieldNumber, "int64_data", kInt, kRepeated},
    {Msg::kTensor, Tensor::kNameFieldNumber, "name", kBytes},
    {Msg::kTensor, Tensor::kDocStringFieldNumber, "doc_string", kBytes},
    {Msg::kTensor, Tensor::kRawDataFieldNumber, "raw_data", kBytes},
    {Msg::kTensor, Tensor::kExternalDataFieldNumber, "external_data", kMessage, kRepeated, Msg::kEntry},
    {Msg::kTensor, Tensor::kDataLocationFieldNumber, "data_location", kEnum},
    {Msg::kTensor, Tensor::kDoubleDataFieldNumber, "double_data", kDouble, kRepeated},
    {Msg::kTensor, Tensor::kUint64DataFieldNumber, "uint64_data", kInt, kRepeated},
    {Msg::kTensor, kTensorMetadata, "metadata_props", kMessage, kRepeated, Msg::kEntry},

    {Msg::kSparseTensor, Sparse::kValuesFieldNumber, "values", kMessage, false, Msg::kTensor},
    {Msg::kSparseTensor, Sparse::kIndicesFieldNumber, "indices", kMessage, false, Msg::kTensor},
    {Msg::kSparseTensor, Sparse::kDimsFieldNumber, "dims", kInt, kRepeated},

    {Msg::kValueInfo, ValueInfo::kNameFieldNumber, "name", kBytes},
    {Msg::kValueInfo, ValueInfo::kTypeFieldNumber, "type", kMessage, false, Msg::kType},
    {Msg::kValueInfo, ValueInfo::kDocStringFieldNumber, "doc_string", kBytes},
    {Msg::kValueInfo, kValueInfoMetadata, "metadata_props", kMessage, kRepeated, Msg::kEntry},

    {Msg::kType, TypeP::kTensorTypeFieldNumber, "tensor_type", kMessage, false, Msg::kTypeTensor},
    {Msg::kType, TypeP::kSequenceTypeFieldNumber, "sequence_type", kMessage, false, Msg::kTypeSequence},
    {Msg::kType, TypeP::kMapTypeFieldNumber, "map_type", kMessage, false, Msg::kTypeMap},
    {Msg::kType, TypeP::kOptionalTypeFieldNumber, "optional_type", kMessage, false, Msg::kTypeOptional},
    {Msg::kType, TypeP::kSparseTensorTypeFieldNumber, "sparse_tensor_type", kMessage, false, Msg::kTypeSparseTensor},
    {Msg::kType, TypeP::kOpaqueTypeFieldNumber, "opaque_type", kMessage, false, Msg::kTypeOpaque},
    {Msg::kType, TypeP::kDenotationFieldNumber, "denotation", kBytes},
    {Msg::kTypeTensor, onnx::TypeProto_Tensor::kElemTypeFieldNumber, "elem_type", kEnum},
    {Msg::kTypeTensor, onnx::TypeProto_Tensor::kShapeFieldNumber, "shape", kMessage, false, Msg::kShape},
    {Msg::kTypeSequence, onnx::TypeProto_Sequence::kElemTypeFieldNumber, "elem_type", kMessage, false, Msg::kType},
    {Msg::kTypeMap, onnx::TypeProto_Map::kKeyTypeFieldNumber, "key_type", kEnum},
    {Msg::kTypeMap, onnx::TypeProto_Map::kValueTypeFieldNumber, "value_type", kMessage, false, Msg::kType},
    {Msg::kTypeOptional, onnx::TypeProto_Optional::kElemTypeFieldNumber, "elem_type", kMessage, false, Msg::kType},
    {Msg::kTypeSparseTensor, onnx::TypeProto_SparseTensor::kElemTypeFieldNumber, "elem_type", kEnum},
    {Msg::kTypeSparseTensor, onnx::TypeProto_SparseTensor::kShapeFieldNumber, "shape", kMessage, false, Msg::kShape},
    {Msg::kTypeOpaque, onnx::TypeProto_Opaque::kDomainFieldNumber, "domain", kBytes},
    {Msg::kTypeOpaque, onnx::TypeProto_Opaque::kNameFieldNumber, "name", kBytes},
    {Msg::kShape, Shape::kDimFieldNumber, "dim", kMessage, kRepeated, Msg::kDimension},
    {Msg::kDimension, Dimension::kDimValueFieldNumber, "dim_value", kInt},
    {Msg::kDimension, Dimension::kDimParamFieldNumber, "dim_param", kBytes},
    {Msg::kDimension, Dimension::kDenotationFieldNumber, "denotation", kBytes},

    {Msg::kOpset, Opset::kDomainFieldNumber, "domain", kBytes},
    {Msg::kOpset, Opset::kVersionFieldNumber, "version", kInt},

    {Msg::kFunction, Function::kNameFieldNumber, "name", kBytes},
    {Msg::kFunction, Function::kInputFieldNumber, "input", kBytes, kRepeated},
    {Msg::kFunction, Function::kOutputFieldNumber, "output", kBytes, kRepeated},
    {Msg::kFunction, Function::kAttributeFieldNumber, "attribute", kBytes, kRepeated},
    {Msg::kFunction, kFunctionAttributeProto, "attribute_proto", kMessage, kRepeated, Msg::kAttribute},
    {Msg::kFunction, Function::kNodeFieldNumber, "node", kMessage, kRepeated, Msg::kNode},
    {Msg::kFunction, Function::kDocStringFieldNumber, "doc_string", kBytes},
    {Msg::kFunction, Function::kOpsetImportFieldNumber, "opset_import", kMessage, kRepeated, Msg::kOpset},
    {Msg::kFunction, Function::kDomainFieldNumber, "domain", kBytes},
    {Msg::kFunction, kFunctionOverload, "overload", kBytes},
    {Msg::kFunction, kFunctionValueInfo, "value_info", kMessage, kRepeated, Msg::kValueInfo},
    {Msg::kFunction, kFunctionMetadata, "metadata_props", kMessage, kRepeated, Msg::kEntry},

    {Msg::kEntry, Entry::kKeyFieldNumber, "key", kBytes},
    {Msg::kEntry, Entry::kValueFieldNumber, "value", kBytes},
    {Msg::kSegment, onnx::TensorProto_Segment::kBeginFieldNumber, "begin", kInt},
    {Msg::kSegment, onnx::TensorProto_Segment::kEndFieldNumber, "end", kInt},
    {Msg::kAnnotation, onnx::TensorAnnotation::kTensorNameFieldNumber, "tensor_name", kBytes},
    {Msg::kAnnotation, onnx::TensorAnnotation::kQuantParameterTensorNamesFieldNumber, "quant_parameter_tensor_names", kMessage, kRepeated, Msg::kEntry},
    {Msg::kTraining, onnx::TrainingInfoProto::kInitializationFieldNumber, "initialization", kMessage, false, Msg::kGraph},
    {Msg::kTraining, onnx::TrainingInfoProto::kAlgorithmFieldNumber, "algorithm", kMessage, false, Msg::kGraph},
    {Msg::kTraining, onnx::TrainingInfoProto::kInitializationBindingFieldNumber, "initialization_binding", kMessage, kRepeated, Msg::kEntry},
    {Msg::kTraining, onnx::TrainingInfoProto::kUpdateBindingFieldNumber, "update_binding", kMessage, kRepeated, Msg::kEntry},
};

// The numbers after BFLOAT16 are from TensorProto.DataType of onnx.proto, ONNX 1.20 (IR version 13).
constexpr ElementTypeRow kElementTypes[] = {
    {Tensor::UNDEFINED, "UNDEFINED", "", DType::kUndefined},
    {Tensor::FLOAT, "FLOAT", "float", DType::kF32},
    {Tensor::UINT8, "UINT8", "uint8", DType::kU8},
    {Tensor::INT8, "INT8", "int8", DType::kI8},
    {Tensor::UINT16, "UINT16", "uint16", DType::kU16},
    {Tensor::INT16, "INT16", "int16", DType::kI16},
    {Tensor::INT32, "INT32", "int32", DType::kI32},
    {Tensor::INT64, "INT64", "int64", DType::kI64},
    {Tensor::STRING, "STRING", "string", DType::kString},
    {Tensor::BOOL, "BOOL", "bool", DType::kBool},
    {Tensor::FLOAT16, "FLOAT16", "float16", DType::kF16},
    {Tensor::DOUBLE, "DOUBLE", "double", DType::kF64},
    {Tensor::UINT32, "UINT32", "uint32", DType::kU32},
    {Tensor::UINT64, "UINT64", "uint64", DType::kU64},
    {Tensor::COMPLEX64, "COMPLEX64", "complex64", DType::kC64},
    {Tensor::COMPLEX128, "COMPLEX128", "complex128", DType::kC128},
    {Tensor::BFLOAT16, "BFLOAT16", "bfloat16", DType::kBF16},
    {17, "FLOAT8E4M3FN", "float8e4m3fn", DType::kF8E4M3FN},
    {18, "FLOAT8E4M3FNUZ", "float8e4m3fnuz", DType::kF8E4M3FNUZ},
    {19, "FLOAT8E5M2", "float8e5m2", DType::kF8E5M2},
    {20, "FLOAT8E5M2FNUZ", "float8e5m2fnuz", DType::kF8E5M2FNUZ},
    {21, "UINT4", "uint4", DType::kU4},
    {22, "INT4", "int4", DType::kI4},
    {23, "FLOAT4E2M1", "float4e2m1", DType::kF4E2M1},
    {24, "FLOAT8E8M0", "float8e8m0", DType::kF8E8M0},
    {25, "UINT2", "uint2", DType::kU2},
    {26, "INT2", "int2", DType::kI2},
};

constexpr struct {
  absl::string_view name;
  int number;
} kAttributeTypes[] = {
    {"UNDEFINED", 0}, {"FLOAT", 1}, {"INT", 2}, {"STRING", 3}, {"TENSOR", 4}, {"GRAPH", 5},
    {"FLOATS", 6}, {"INTS", 7}, {"STRINGS", 8}, {"TENSORS", 9}, {"GRAPHS", 10},
    {"SPARSE_TENSOR", 11}, {"SPARSE_TENSORS", 12}, {"TYPE_PROTO", 13}, {"TYPE_PROTOS", 14},
};
// clang-format on

constexpr absl::string_view kMessageNames[] = {
    "ModelProto",
    "GraphProto",
    "NodeProto",
    "AttributeProto",
    "TensorProto",
    "SparseTensorProto",
    "ValueInfoProto",
    "TypeProto",
    "TypeProto.Tensor",
    "TypeProto.Sequence",
    "TypeProto.Map",
    "TypeProto.Optional",
    "TypeProto.SparseTensor",
    "TypeProto.Opaque",
    "TensorShapeProto",
    "TensorShapeProto.Dimension",
    "OperatorSetIdProto",
    "FunctionProto",
    "StringStringEntryProto",
    "TensorProto.Segment",
    "TensorAnnotation",
    "TrainingInfoProto",
    "message",
};
static_assert(std::size(kMessageNames) == kNumMsgs);

// By message and number, for the binary reader.
constexpr int kMaxNumber = 31;
struct ByNumber {
  int16_t row[kNumMsgs][kMaxNumber + 1];
};
constexpr ByNumber MakeByNumber() {
  ByNumber table{};
  for (auto& message : table.row) {
    for (int16_t& row : message) row = -1;
  }
  int16_t i = 0;
  for (const FieldRow& field : kFields) {
    table.row[static_cast<int>(field.message)][field.number] = i++;
  }
  return table;
}
constexpr ByNumber kByNumber = MakeByNumber();

}  // namespace

absl::string_view Name(Msg message) { return kMessageNames[static_cast<int>(message)]; }

absl::Span<const FieldRow> FieldRows() { return kFields; }

const FieldRow* FindField(Msg message, uint32_t number) {
  if (number > kMaxNumber) return nullptr;
  int row = kByNumber.row[static_cast<int>(message)][number];
  return row < 0 ? nullptr : &kFields[row];
}

const FieldRow* FindField(Msg message, absl::string_view name) {
  for (const FieldRow& field : kFields) {
    if (field.message == message && field.name == name) return &field;
  }
  return nullptr;
}

std::optional<int> EnumNumber(const FieldRow& field, absl::string_view enumerator) {
  if (field.message == Msg::kAttribute) {
    for (const auto& type : kAttributeTypes) {
      if (type.name == enumerator) return type.number;
    }
    return std::nullopt;
  }
  if (field.name == "data_location") {
    if (enumerator == "DEFAULT") return Tensor::DEFAULT;
    if (enumerator == "EXTERNAL") return Tensor::EXTERNAL;
    return std::nullopt;
  }
  for (const ElementTypeRow& type : kElementTypes) {
    if (type.proto_name == enumerator) return type.number;
  }
  return std::nullopt;
}

absl::Span<const ElementTypeRow> ElementTypeRows() { return kElementTypes; }

const ElementTypeRow* FindElementType(int64_t number) {
  if (number < 0 || number >= static_cast<int64_t>(std::size(kElementTypes))) return nullptr;
  return &kElementTypes[number];
}

}  // namespace assay
