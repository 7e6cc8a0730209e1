// Element types, one row each: the row gives the name used in every text we read or write, the
// width, and the kind of arithmetic.
#ifndef ASSAY_IR_DTYPE_H_
#define ASSAY_IR_DTYPE_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace assay {

enum class DType : uint8_t {
  kUndefined,
  kF64,
  kF32,
  kF16,
  kBF16,
  kF8E4M3FN,
  kF8E4M3FNUZ,
  kF8E5M2,
  kF8E5M2FNUZ,
  kF8E8M0,
  kF4E2M1,
  kI64,
  kI32,
  kI16,
  kI8,
  kI4,
  kI2,
  kU64,
  kU32,
  kU16,
  kU8,
  kU4,
  kU2,
  kU1,
  kBool,
  kString,
  kC64,
  kC128,
};

enum class DTypeKind : uint8_t { kNone, kFloat, kSigned, kUnsigned, kBool, kString, kComplex };

struct DTypeRow {
  DType dtype;
  absl::string_view name;  // "f32"
  int bits;                // storage per element; a string counts its 16-byte reference as 128
  DTypeKind kind;
};

absl::Span<const DTypeRow> DTypeRows();
const DTypeRow& RowOf(DType dtype);
inline absl::string_view Name(DType dtype) { return RowOf(dtype).name; }
inline int Bits(DType dtype) { return RowOf(dtype).bits; }
inline DTypeKind KindOf(DType dtype) { return RowOf(dtype).kind; }
std::optional<DType> ParseDType(absl::string_view name);

inline bool IsFloat(DType t) { return KindOf(t) == DTypeKind::kFloat; }
inline bool IsInteger(DType t) {
  return KindOf(t) == DTypeKind::kSigned || KindOf(t) == DTypeKind::kUnsigned;
}
// A stored tensor of this type counts as parameters: floating, or an integer of at most 8 bits.
inline bool IsWeightType(DType t) { return IsFloat(t) || (IsInteger(t) && Bits(t) <= 8); }

}  // namespace assay

#endif  // ASSAY_IR_DTYPE_H_
