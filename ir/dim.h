// Symbolic sizes.
//
// A Dim is a known integer, an interned expression over symbols (`batch`, `past + seq`,
// `floordiv(h - 1, 2) + 1`), or unknown. Expressions are canonical polynomials with integer
// coefficients over atoms; an atom is a symbol, floordiv(a, b), min(a, b) or max(a, b). Equal
// expressions of one pool have equal handles, so operator== is equality of polynomials.
//
//   DimPool pool;
//   Dim b = pool.Symbol("batch", {.low = 1});
//   pool.ToString(pool.Mul(Dim(1000), b));          // "1000*batch"
//   pool.Sub(pool.Add(b, Dim(3)), b) == Dim(3);     // true
//
// Arithmetic checks overflow: a result outside int64 is Dim::Overflow(), which is sticky, and
// whoever needs the number reports it. An unknown operand makes an unknown result, and so does an
// expression that would grow past a fixed size (no real model comes near; a hostile one must not
// use up memory).
//
// A pool serves one model. Arithmetic on known integers touches no shared state and may run on any
// thread; arithmetic that makes expressions may not run concurrently; const members may run
// concurrently with each other. Printing and order go by content, never by handle.
#ifndef ASSAY_IR_DIM_H_
#define ASSAY_IR_DIM_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace assay {

class Dim {
 public:
  constexpr Dim() : value_(0), expr_(kUnknown) {}  // unknown
  constexpr explicit Dim(int64_t value) : value_(value), expr_(kKnown) {}
  static constexpr Dim Unknown() { return Dim(); }
  static constexpr Dim Overflow() { return Dim(0, kOverflow); }

  constexpr bool known() const { return expr_ == kKnown; }
  constexpr bool unknown() const { return expr_ == kUnknown; }
  constexpr bool overflow() const { return expr_ == kOverflow; }
  constexpr bool symbolic() const { return expr_ >= 0; }
  // Only when known().
  constexpr int64_t value() const { return value_; }
  constexpr bool is(int64_t v) const { return known() && value_ == v; }

  friend constexpr bool operator==(Dim a, Dim b) {
    return a.expr_ == b.expr_ && a.value_ == b.value_;
  }
  friend constexpr bool operator!=(Dim a, Dim b) { return !(a == b); }
  template <class H>
  friend H AbslHashValue(H h, Dim d) {
    return H::combine(std::move(h), d.value_, d.expr_);
  }

 private:
  friend class DimPool;
  static constexpr int32_t kKnown = -1, kUnknown = -2, kOverflow = -3;
  constexpr Dim(int64_t value, int32_t expr) : value_(value), expr_(expr) {}
  int64_t value_;  // when known; else 0
  int32_t expr_;   // index into the pool's expressions, or one of the constants above
};

using Dims = absl::InlinedVector<Dim, 4>;

// Inclusive bounds; kNoBound and kNoLowBound stand for "no bound is known".
struct Bounds {
  static constexpr int64_t kNoBound = std::numeric_limits<int64_t>::max();
  static constexpr int64_t kNoLowBound = std::numeric_limits<int64_t>::min();
  int64_t low = 1;
  int64_t high = kNoBound;
};

struct SymbolInfo {
  std::string name;
  std::string origin;  // what introduced it: "input `x` axis 0", "op #12 NonZero"
  Bounds bounds;
  bool batch_axis = false;      // axis 0 of an input: counts as 1 where a number is needed
  bool data_dependent = false;  // depends on tensor contents
  Dim definition;               // when an equation eliminated it; else unknown
};

// A value for every symbol of a pool, by symbol index.
using Point = std::vector<int64_t>;

class DimPool {
 public:
  DimPool();
  ~DimPool();
  DimPool(const DimPool&) = delete;
  DimPool& operator=(const DimPool&) = delete;

  // The symbol of that name; made on first use (`info` is then taken), found afterwards.
  Dim Symbol(absl::string_view name, SymbolInfo info = {});
  // A new symbol; when `hint` is taken, "hint.1", "hint.2", ...
  Dim Fresh(absl::string_view hint, SymbolInfo info);
  std::optional<Dim> FindSymbol(absl::string_view name) const;
  absl::Span<const SymbolInfo> symbols() const;
  SymbolInfo& symbol(int index);
  // The index of a Dim that is exactly one symbol; else -1.
  int SymbolIndex(Dim d) const;

  // From now on Resolve() (and every arithmetic result) replaces the symbol by `definition`, which
  // must not contain it.
  void Define(int symbol, Dim definition);
  Dim Resolve(Dim d);

  Dim Add(Dim a, Dim b);
  Dim Sub(Dim a, Dim b);
  Dim Mul(Dim a, Dim b);
  Dim FloorDiv(Dim a, Dim b);  // rounds down, as Python's //; by zero: Overflow()
  Dim CeilDiv(Dim a, Dim b);
  Dim Mod(Dim a, Dim b);  // sign of b, as Python's %
  Dim Min(Dim a, Dim b);
  Dim Max(Dim a, Dim b);
  Dim Product(absl::Span<const Dim> dims);
  // The exact quotient when b divides a as polynomials; else nullopt.
  std::optional<Dim> DivideExactly(Dim a, Dim b);

  // What holds for every value of the symbols within their bounds.
  Bounds BoundsOf(Dim d) const;
  // Three-valued comparisons: nullopt means that it depends on the symbols.
  std::optional<bool> Equal(Dim a, Dim b);
  std::optional<bool> Less(Dim a, Dim b);
  std::optional<bool> LessEqual(Dim a, Dim b);

  // Symbols that occur in d, ascending by index.
  void CollectSymbols(Dim d, std::vector<int>* out) const;

  // The number at a point; an error on overflow or an unknown.
  absl::StatusOr<int64_t> Evaluate(Dim d, const Point& point) const;

  // One grammar for text form, JSON, --dim and YAML: + - * ( ) integers, names, floordiv(a, b),
  // ceildiv(a, b), mod(a, b), min(a, b), max(a, b). Unknown prints "?".
  std::string ToString(Dim d) const;
  absl::StatusOr<Dim> Parse(absl::string_view text);
  // As Parse, but names are looked up by the caller.
  absl::StatusOr<Dim> Parse(absl::string_view text,
                            absl::FunctionRef<absl::StatusOr<Dim>(absl::string_view name)> lookup);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace assay

#endif  // ASSAY_IR_DIM_H_
