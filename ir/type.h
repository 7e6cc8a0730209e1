// What is known of a value: its Type (kind, element type, dimensions) and, for the small tensors
// that shapes and trip counts depend on, its TensorValue (the elements themselves, as expressions).
#ifndef ASSAY_IR_TYPE_H_
#define ASSAY_IR_TYPE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ir/dim.h"
#include "ir/dtype.h"

namespace assay {

enum class TypeKind : uint8_t { kUnknown, kTensor, kSequence, kOptional, kMap };

struct Type {
  TypeKind kind = TypeKind::kUnknown;
  DType dtype = DType::kUndefined;  // tensor: element type; map: key type
  bool ranked = false;              // tensor: dims are meaningful
  bool sparse = false;
  Dims dims;
  // Sequence, optional and map: the element. A sequence of tensors of differing shapes has an
  // element with unknown dims or rank.
  std::shared_ptr<const Type> element;
  Dim length;  // sequence: number of elements, where known

  static Type Tensor(DType dtype, Dims dims);
  static Type Unranked(DType dtype);
  static Type Sequence(Type element, Dim length = Dim());
  static Type Optional(Type element);
  static Type Map(DType key, Type element);

  bool is_tensor() const { return kind == TypeKind::kTensor; }
  int rank() const { return static_cast<int>(dims.size()); }
  // Every dimension known or symbolic, down through sequences and optionals.
  bool resolved() const;
};

bool operator==(const Type& a, const Type& b);
// "f32[batch, 3, 224, 224]", "i64[]", "f32[*]" (unranked), "seq<f32[?, 4]>", "?".
std::string ToString(const Type& type, const DimPool& pool);

// One element of a folded tensor: an integer (booleans are 0 and 1) that may be an expression, a
// real number, a ratio of two expressions (what a float computed from sizes is until it is
// rounded), or unknown.
struct Elem {
  enum class Kind : uint8_t { kUnknown, kInt, kReal, kRatio };
  Kind kind = Kind::kUnknown;
  double real = 0;  // kReal
  Dim num;          // kInt: the value; kRatio: numerator
  Dim den;          // kRatio: denominator, never zero

  static Elem Int(Dim d) { return {.kind = Kind::kInt, .num = d}; }
  static Elem Int(int64_t v) { return Int(Dim(v)); }
  static Elem Real(double v) { return {.kind = Kind::kReal, .real = v}; }
  static Elem Ratio(Dim num, Dim den) { return {.kind = Kind::kRatio, .num = num, .den = den}; }
  bool unknown() const { return kind == Kind::kUnknown; }
  bool is_int() const { return kind == Kind::kInt; }
  // A plain number, integer or real.
  bool constant() const { return kind == Kind::kReal || (kind == Kind::kInt && num.known()); }
  double AsReal() const { return kind == Kind::kReal ? real : static_cast<double>(num.value()); }
};

bool operator==(const Elem& a, const Elem& b);

// The contents of a tensor, where they matter and are few. Dims are those of the value's Type.
// Elements are in row-major order; a splat has one element that stands for all.
struct TensorValue {
  // Larger tensors are not followed. Enough for shapes, axes, masks of small grids and class lists.
  static constexpr int64_t kMaxElements = 4096;

  Dims dims;
  bool splat = false;
  std::vector<Elem> elems;

  const Elem& at(int64_t i) const { return splat ? elems[0] : elems[static_cast<size_t>(i)]; }
  // Number of elements when all dims are known; else -1.
  int64_t size() const;
};

}  // namespace assay

#endif  // ASSAY_IR_TYPE_H_
