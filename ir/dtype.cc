#include "ir/dtype.h"

#include <optional>

namespace assay {
namespace {

constexpr DTypeRow kRows[] = {
    {DType::kUndefined, "undefined", 0, DTypeKind::kNone},
    {DType::kF64, "f64", 64, DTypeKind::kFloat},
    {DType::kF32, "f32", 32, DTypeKind::kFloat},
    {DType::kF16, "f16", 16, DTypeKind::kFloat},
    {DType::kBF16, "bf16", 16, DTypeKind::kFloat},
    {DType::kF8E4M3FN, "f8e4m3fn", 8, DTypeKind::kFloat},
    {DType::kF8E4M3FNUZ, "f8e4m3fnuz", 8, DTypeKind::kFloat},
    {DType::kF8E5M2, "f8e5m2", 8, DTypeKind::kFloat},
    {DType::kF8E5M2FNUZ, "f8e5m2fnuz", 8, DTypeKind::kFloat},
    {DType::kF8E8M0, "f8e8m0", 8, DTypeKind::kFloat},
    {DType::kF4E2M1, "f4e2m1", 4, DTypeKind::kFloat},
    {DType::kI64, "i64", 64, DTypeKind::kSigned},
    {DType::kI32, "i32", 32, DTypeKind::kSigned},
    {DType::kI16, "i16", 16, DTypeKind::kSigned},
    {DType::kI8, "i8", 8, DTypeKind::kSigned},
    {DType::kI4, "i4", 4, DTypeKind::kSigned},
    {DType::kI2, "i2", 2, DTypeKind::kSigned},
    {DType::kU64, "u64", 64, DTypeKind::kUnsigned},
    {DType::kU32, "u32", 32, DTypeKind::kUnsigned},
    {DType::kU16, "u16", 16, DTypeKind::kUnsigned},
    {DType::kU8, "u8", 8, DTypeKind::kUnsigned},
    {DType::kU4, "u4", 4, DTypeKind::kUnsigned},
    {DType::kU2, "u2", 2, DTypeKind::kUnsigned},
    {DType::kU1, "u1", 1, DTypeKind::kUnsigned},
    {DType::kBool, "bool", 8, DTypeKind::kBool},
    {DType::kString, "string", 128, DTypeKind::kString},
    {DType::kC64, "c64", 64, DTypeKind::kComplex},
    {DType::kC128, "c128", 128, DTypeKind::kComplex},
};

constexpr bool InEnumOrder() {
  int i = 0;
  for (const DTypeRow& row : kRows) {
    if (static_cast<int>(row.dtype) != i++) return false;
  }
  return true;
}
static_assert(InEnumOrder(), "RowOf() indexes by enum value");

}  // namespace

absl::Span<const DTypeRow> DTypeRows() { return kRows; }

const DTypeRow& RowOf(DType dtype) { return kRows[static_cast<int>(dtype)]; }

std::optional<DType> ParseDType(absl::string_view name) {
  for (const DTypeRow& row : kRows) {
    if (row.name == name) return row.dtype;
  }
  return std::nullopt;
}

}  // namespace assay
