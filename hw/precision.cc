#include "hw/precision.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ir/suggest.h"

namespace assay {

absl::Span<const MathRow> MathRows() {
  // In the order of the enum.
  static const std::vector<MathRow>* const rows = new std::vector<MathRow>{
      {Math::kFp64, "fp64", 64, {}},
      {Math::kFp32, "fp32", 32, {Math::kFp64}},
      {Math::kTf32, "tf32", 32, {Math::kFp32, Math::kFp64}},
      {Math::kBf16, "bf16", 16, {Math::kFp32, Math::kFp64}},
      {Math::kFp16, "fp16", 16, {Math::kFp32, Math::kFp64}},
      {Math::kFp8, "fp8", 8, {Math::kFp16, Math::kBf16, Math::kFp32}},
      {Math::kFp4, "fp4", 4, {Math::kFp8, Math::kFp16, Math::kBf16, Math::kFp32}},
      {Math::kInt32, "int32", 32, {Math::kFp32, Math::kFp64}},
      {Math::kInt16, "int16", 16, {Math::kInt32, Math::kFp32}},
      {Math::kInt8, "int8", 8, {Math::kInt16, Math::kFp16, Math::kInt32, Math::kFp32}},
      {Math::kInt4, "int4", 4, {Math::kInt8, Math::kInt16, Math::kFp16, Math::kFp32}},
      {Math::kInt2, "int2", 2, {Math::kInt4, Math::kInt8, Math::kFp16, Math::kFp32}},
      {Math::kInt1, "int1", 1, {Math::kInt2, Math::kInt4, Math::kInt8, Math::kFp16, Math::kFp32}},
  };
  return *rows;
}

const MathRow& RowOf(Math math) { return MathRows()[static_cast<size_t>(math)]; }

std::optional<Math> ParseMath(absl::string_view name) {
  for (const MathRow& row : MathRows()) {
    if (row.name == name) return row.math;
  }
  if (std::optional<DType> dtype = ParseDType(name)) {
    if (IsFloat(*dtype) || IsInteger(*dtype)) return MathOf(*dtype);
  }
  return std::nullopt;
}

Math MathOf(DType dtype) {
  switch (KindOf(dtype)) {
    case DTypeKind::kFloat:
      if (dtype == DType::kBF16) return Math::kBf16;
      switch (Bits(dtype)) {
        case 64:
          return Math::kFp64;
        case 32:
          return Math::kFp32;
        case 16:
          return Math::kFp16;
        case 8:
          return Math::kFp8;
        default:
          return Math::kFp4;
      }
    case DTypeKind::kSigned:
    case DTypeKind::kUnsigned:
      switch (Bits(dtype)) {
        case 1:
          return Math::kInt1;
        case 2:
          return Math::kInt2;
        case 4:
          return Math::kInt4;
        case 8:
          return Math::kInt8;
        case 16:
          return Math::kInt16;
        default:
          return Math::kInt32;
      }
    case DTypeKind::kBool:
      return Math::kInt8;
    case DTypeKind::kComplex:
      return Bits(dtype) == 128 ? Math::kFp64 : Math::kFp32;
    default:
      return Math::kFp32;
  }
}

absl::Span<const Precision> Precisions() {
  using M = Math;
  using D = DType;
  static const Precision kRows[] = {
      {"model", {}, {}, D::kUndefined, D::kUndefined, "everything as the file has it"},
      {"fp64", M::kFp64, M::kFp64, D::kF64, D::kF64, "all floating point in double precision"},
      {"fp32", M::kFp32, M::kFp32, D::kF32, D::kF32, "all floating point in single precision"},
      {"tf32", M::kTf32, M::kFp32, D::kF32, D::kF32,
       "contractions multiply in tf32; tensors stay f32"},
      {"bf16", M::kBf16, M::kBf16, D::kBF16, D::kBF16, "all floating point in bf16"},
      {"fp16", M::kFp16, M::kFp16, D::kF16, D::kF16, "all floating point in fp16"},
      {"amp", M::kFp16, M::kFp32, D::kF16, D::kF16,
       "automatic mixed precision: contractions and tensors in fp16, other arithmetic in fp32"},
      {"amp-bf16", M::kBf16, M::kFp32, D::kBF16, D::kBF16,
       "automatic mixed precision: contractions and tensors in bf16, other arithmetic in fp32"},
      {"fp8", M::kFp8, M::kFp16, D::kF8E4M3FN, D::kF8E4M3FN,
       "contractions and tensors in fp8, other arithmetic in fp16"},
      {"fp4", M::kFp4, M::kFp16, D::kF4E2M1, D::kF4E2M1,
       "contractions and tensors in fp4, other arithmetic in fp16"},
      {"int8", M::kInt8, M::kInt8, D::kI8, D::kI8, "weights and activations quantised to 8 bits"},
      {"int4", M::kInt4, M::kInt8, D::kI4, D::kI4, "weights and activations quantised to 4 bits"},
      {"w8a16", M::kFp16, M::kFp16, D::kI8, D::kF16, "weights stored in 8 bits, computed in fp16"},
      {"w4a16", M::kFp16, M::kFp16, D::kI4, D::kF16, "weights stored in 4 bits, computed in fp16"},
  };
  return kRows;
}

absl::StatusOr<const Precision*> FindPrecision(absl::string_view name) {
  std::vector<absl::string_view> names;
  for (const Precision& row : Precisions()) {
    if (row.name == name) return &row;
    names.push_back(row.name);
  }
  // The spelling of an element type serves too: f16, i8.
  if (std::optional<DType> dtype = ParseDType(name)) {
    if (IsFloat(*dtype) || IsInteger(*dtype)) {
      for (const Precision& row : Precisions()) {
        if (row.name == Name(MathOf(*dtype))) return &row;
      }
    }
  }
  return absl::NotFoundError(absl::StrCat("unknown precision `", name, "`", DidYouMean(name, names),
                                          "; use one of ", absl::StrJoin(names, ", ")));
}

DType ElementTypeInForce(const Precision& precision, DType dtype, bool is_weight) {
  if (!IsFloat(dtype)) return dtype;
  DType wanted = is_weight ? precision.weights : precision.activations;
  return wanted == DType::kUndefined ? dtype : wanted;
}

}  // namespace assay
