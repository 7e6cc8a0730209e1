// Number formats as machines know them, and what a user means by "run it in fp16".
//
// A Math is a key of a machine's rates: the format in which an engine multiplies. It is not an
// element type: tf32 multiplies f32 tensors, and int8 serves i8 and u8.
//
// A Precision is a mode of a whole run (--precision fp16): what contractions multiply in, and what
// element type weights and activations take in memory. "model" leaves everything as the file has
// it.
#ifndef ASSAY_HW_PRECISION_H_
#define ASSAY_HW_PRECISION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ir/dtype.h"

namespace assay {

enum class Math : uint8_t {
  kFp64,
  kFp32,
  kTf32,
  kBf16,
  kFp16,
  kFp8,
  kFp4,
  kInt32,
  kInt16,
  kInt8,
  kInt4,
  kInt2,
  kInt1,
};

struct MathRow {
  Math math;
  absl::string_view name;  // "fp16": in YAML, on the command line, in reports
  int bits;                // of a multiplied operand as it is stored (tf32: 32)
  // What executes this where a machine lacks it, next best first: a wider format that holds its
  // values.
  std::vector<Math> instead;
};

absl::Span<const MathRow> MathRows();
const MathRow& RowOf(Math math);
inline absl::string_view Name(Math math) { return RowOf(math).name; }
// Also takes the spellings of element types: "f16", "i8".
std::optional<Math> ParseMath(absl::string_view name);
// In what an operand of this element type is multiplied when nothing else is said: f32 in fp32, u8
// in int8, i64 in int32 (machines price 64-bit integer arithmetic alike), bool in int8.
Math MathOf(DType dtype);

struct Precision {
  absl::string_view name;
  // Unset in all four: as the model has it.
  std::optional<Math> contraction;        // matrix products, convolutions, recurrences, attention
  std::optional<Math> pointwise;          // floating-point arithmetic of everything else
  DType weights = DType::kUndefined;      // element type of floating-point weights
  DType activations = DType::kUndefined;  // element type of floating-point activations
  absl::string_view doc;

  // Every tensor stays as wide as the model has it.
  bool as_is() const { return weights == DType::kUndefined && activations == DType::kUndefined; }
};

// "model", "fp32", "tf32", "fp16", "bf16", "amp", "fp8", "int8", "int4", "w8a16", "w4a16", ...
absl::Span<const Precision> Precisions();
// An error lists the known names and the nearest spelling.
absl::StatusOr<const Precision*> FindPrecision(absl::string_view name);

// The element type that a tensor of `dtype` in the file has in memory under `precision`. Only
// floating-point tensors change; integers, booleans and strings stay.
DType ElementTypeInForce(const Precision& precision, DType dtype, bool is_weight);

}  // namespace assay

#endif  // ASSAY_HW_PRECISION_H_
