// Arithmetic on sizes that reads like the formula it stands for.
//
// A Size is a Dim together with the pool that computes with it:
//
//   Size out(op, op.out_elements(0));
//   op.work().flops = 2 * out * channels + bias;     // Size op Size, Dim or integer
//
// Overflow and unknown sizes propagate as they do in DimPool.
#ifndef ASSAY_IR_OPS_SIZE_H_
#define ASSAY_IR_OPS_SIZE_H_

#include <cstdint>
#include <string>

#include "absl/types/span.h"
#include "ir/dim.h"
#include "ir/op_context.h"

namespace assay {

struct Size {
  DimPool* pool;
  Dim dim;

  Size(DimPool& pool, Dim dim) : pool(&pool), dim(dim) {}
  Size(OpContext& op, Dim dim) : pool(&op.dims()), dim(dim) {}
  Size(OpContext& op, int64_t value) : pool(&op.dims()), dim(value) {}
  operator Dim() const { return dim; }  // NOLINT(google-explicit-constructor): that is its purpose
  Size& operator+=(Dim b) {
    dim = pool->Add(dim, b);
    return *this;
  }
  Size& operator*=(Dim b) {
    dim = pool->Mul(dim, b);
    return *this;
  }
};

// One row per operator: the operands may be Size, Dim or integer as long as one is a Size.
#define ASSAY_SIZE_OPERATOR(symbol, Function)                                               \
  inline Size operator symbol(Size a, Size b) { return {*a.pool, a.pool->Function(a, b)}; } \
  inline Size operator symbol(Size a, Dim b) { return {*a.pool, a.pool->Function(a, b)}; }  \
  inline Size operator symbol(Dim a, Size b) { return {*b.pool, b.pool->Function(a, b)}; }  \
  inline Size operator symbol(Size a, int64_t b) {                                          \
    return {*a.pool, a.pool->Function(a, Dim(b))};                                          \
  }                                                                                         \
  inline Size operator symbol(int64_t a, Size b) { return {*b.pool, b.pool->Function(Dim(a), b)}; }
ASSAY_SIZE_OPERATOR(+, Add)
ASSAY_SIZE_OPERATOR(-, Sub)
ASSAY_SIZE_OPERATOR(*, Mul)
#undef ASSAY_SIZE_OPERATOR

inline Size Min(Size a, Dim b) { return {*a.pool, a.pool->Min(a, b)}; }
inline Size Max(Size a, Dim b) { return {*a.pool, a.pool->Max(a, b)}; }
inline Size FloorDiv(Size a, int64_t b) { return {*a.pool, a.pool->FloorDiv(a, Dim(b))}; }
inline Size CeilDiv(Size a, int64_t b) { return {*a.pool, a.pool->CeilDiv(a, Dim(b))}; }
inline Size Product(OpContext& op, absl::Span<const Dim> dims) {
  return {op, op.dims().Product(dims)};
}

// "12", "batch + 1": a size for a message.
inline std::string Text(OpContext& op, Dim dim) { return op.dims().ToString(dim); }

}  // namespace assay

#endif  // ASSAY_IR_OPS_SIZE_H_
