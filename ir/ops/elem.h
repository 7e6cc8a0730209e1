// Arithmetic on the elements of folded tensors (ir/type.h), as the operators of a shape chain do
// it.
//
// An integer is an expression over the model's symbols. A float is a plain number as long as it can
// be; computed from a symbolic size it is a ratio of two expressions, exact until something rounds
// it:
//
//   Cast(h) * 0.5     h/2
//   Floor, Ceil       floordiv(h, 2), ceildiv(h, 2)
//   Cast to integer   rounds towards zero: floordiv(h, 2), as h is not negative
//
// Plain numbers are rounded to their element type after each step, as a runtime would; where a
// number meets a ratio it stands for the simplest fraction of that spelling (0.35f is 7/20).
//
// What cannot be said is unknown, and an unknown operand makes an unknown result unless the other
// decides it (0 and x). Nothing here fails.
#ifndef ASSAY_IR_OPS_ELEM_H_
#define ASSAY_IR_OPS_ELEM_H_

#include <cstdint>
#include <optional>

#include "ir/dim.h"
#include "ir/dtype.h"
#include "ir/type.h"

namespace assay {

// The arithmetic of one element type.
class ElemMath {
 public:
  ElemMath(DimPool& pool, DType dtype) : pool_(pool), dtype_(dtype), floating_(IsFloat(dtype)) {}

  // The element as one of this type: Cast. A float becomes an integer by truncation, anything
  // becomes a boolean by comparison with 0, integers wrap to the width of the type.
  Elem Cast(const Elem& a);

  // Operands and result are of this type.
  Elem Add(const Elem& a, const Elem& b);
  Elem Sub(const Elem& a, const Elem& b);
  Elem Mul(const Elem& a, const Elem& b);
  Elem Div(const Elem& a, const Elem& b);   // integers: towards zero
  Elem Mod(const Elem& a, const Elem& b);   // sign of b
  Elem Fmod(const Elem& a, const Elem& b);  // sign of a
  Elem Pow(const Elem& a, const Elem& b);
  Elem Min(const Elem& a, const Elem& b);
  Elem Max(const Elem& a, const Elem& b);
  Elem Neg(const Elem& a);
  Elem Abs(const Elem& a);
  Elem Sign(const Elem& a);
  Elem Floor(const Elem& a);
  Elem Ceil(const Elem& a);
  Elem Round(const Elem& a);  // ties to even
  // A function of reals; unknown for anything else.
  Elem Apply(double (*function)(double), const Elem& a);

  // Three-valued; operands of any one type. The results are booleans.
  std::optional<bool> Equal(const Elem& a, const Elem& b);
  std::optional<bool> Less(const Elem& a, const Elem& b);
  std::optional<bool> LessOrEqual(const Elem& a, const Elem& b);

  // The element as numerator and denominator (> 0); nullopt when it is unknown or not a fraction.
  struct Fraction {
    Dim num, den;
  };
  std::optional<Fraction> AsFraction(const Elem& a);

  DimPool& pool() { return pool_; }
  DType dtype() const { return dtype_; }

 private:
  Elem Real(double value) const;
  Elem MakeInt(Dim d) const;
  Elem MakeRatio(Dim num, Dim den);
  std::optional<int> SignOf(Dim d) const;  // -1, 0, 1 when it is the same for all symbols
  Dim TruncDiv(Dim a, Dim b);              // unknown when the sign of b is

  DimPool& pool_;
  DType dtype_;
  bool floating_;
};

// A boolean element; unknown for nullopt.
Elem BoolElem(std::optional<bool> b);
// What a boolean element says; nullopt when it depends.
std::optional<bool> Truth(DimPool& pool, const Elem& a);

}  // namespace assay

#endif  // ASSAY_IR_OPS_ELEM_H_
