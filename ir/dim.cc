// Canonical form. An expression is a sum of terms; a term is an integer coefficient times a product
// of atoms with powers. Terms are sorted by their atoms' ids and no coefficient is zero, so one
// polynomial has one spelling and interning makes its handle unique. Everything that is not a sum
// or a product (floordiv, min, max) is an atom over two expressions, simplified before it is made:
//
//   floordiv(6*b + 5, 3)                    2*b + 1
//   floordiv(floordiv(h - 1, 2), 2)         floordiv(h - 1, 4)
//   min(s, s + 1)                           s
//
// so that chains of strided convolutions and clamped slices stay short. Bounds of every atom and
// expression are found once, when it is made.
#include "ir/dim.h"

#include <algorithm>
#include <deque>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace assay {
namespace {

constexpr int64_t kInf = Bounds::kNoBound;
constexpr int64_t kNegInf = Bounds::kNoLowBound;

// Limits that keep hostile input small. The widest expression seen in a real model is a sum of 92
// counts (SSD's candidates over 91 classes), and its square.
constexpr size_t kMaxTerms = 1000;
constexpr size_t kMaxExpanded = 400;  // terms; a wider product stays a product of sums
constexpr int kMaxDegree = 32;
constexpr int64_t kMaxWeight = 20'000;      // atoms in the fully written-out expression
constexpr int64_t kMaxEffort = 20'000'000;  // terms made over the life of a pool

// kSum is a sum that stands as one factor, because multiplying it out would be too wide.
enum class AtomKind : uint8_t { kSymbol, kFloorDiv, kMin, kMax, kSum };

struct Factor {
  int32_t atom;
  int32_t power;
  friend bool operator==(Factor a, Factor b) { return a.atom == b.atom && a.power == b.power; }
  friend bool operator<(Factor a, Factor b) {
    return a.atom != b.atom ? a.atom < b.atom : a.power < b.power;
  }
  template <class H>
  friend H AbslHashValue(H h, Factor f) {
    return H::combine(std::move(h), f.atom, f.power);
  }
};

using Factors = absl::InlinedVector<Factor, 3>;

struct Term {
  Factors factors;  // ascending by atom; empty for the constant
  int64_t coef = 0;
  friend bool operator==(const Term& a, const Term& b) {
    return a.coef == b.coef && a.factors == b.factors;
  }
  template <class H>
  friend H AbslHashValue(H h, const Term& t) {
    return H::combine(std::move(h), t.factors, t.coef);
  }
};

using Terms = std::vector<Term>;  // ascending by factors

bool FactorsLess(const Factors& a, const Factors& b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

struct Expr {
  Terms terms;
  Bounds bounds;
  int64_t weight = 0;
  int32_t next = -1;  // next expression with the same hash
};

struct Atom {
  AtomKind kind;
  int32_t symbol = -1;
  Dim a, b;
  Bounds bounds;
  int64_t weight = 1;
};

// Saturating interval arithmetic. kInf and kNegInf absorb.
int64_t SatAdd(int64_t a, int64_t b) {
  if (a == kInf || b == kInf) return kInf;
  if (a == kNegInf || b == kNegInf) return kNegInf;
  int64_t r;
  if (__builtin_add_overflow(a, b, &r)) return a > 0 ? kInf : kNegInf;
  return r;
}

int64_t SatMul(int64_t a, int64_t b) {
  if (a == 0 || b == 0) return 0;
  const bool negative = (a < 0) != (b < 0);
  const bool infinite = a == kInf || a == kNegInf || b == kInf || b == kNegInf;
  int64_t r;
  if (infinite || __builtin_mul_overflow(a, b, &r)) return negative ? kNegInf : kInf;
  return r;
}

Bounds MulBounds(Bounds x, Bounds y) {
  const int64_t c[] = {SatMul(x.low, y.low), SatMul(x.low, y.high), SatMul(x.high, y.low),
                       SatMul(x.high, y.high)};
  return {*std::min_element(c, c + 4), *std::max_element(c, c + 4)};
}

int64_t FloorDivInt(int64_t a, int64_t b) {
  int64_t q = a / b;
  return (a % b != 0 && ((a < 0) != (b < 0))) ? q - 1 : q;
}

int64_t SatFloorDiv(int64_t a, int64_t b) {
  if (a == kInf || a == kNegInf) return b > 0 ? a : (a == kInf ? kNegInf : kInf);
  if (b == kInf) return a >= 0 ? 0 : -1;
  return FloorDivInt(a, b);
}

}  // namespace

struct DimPool::Impl {
  std::deque<Expr> exprs;
  absl::flat_hash_map<size_t, int32_t> by_hash;
  std::deque<Atom> atoms;
  std::vector<int32_t> symbol_atoms;
  absl::flat_hash_map<std::pair<int, std::pair<Dim, Dim>>, int32_t> atom_index;
  std::vector<SymbolInfo> symbols;
  absl::flat_hash_map<std::string, int32_t> symbol_index;
  bool any_defined = false;
  int64_t effort = 0;
  absl::flat_hash_map<int32_t, Dim> resolved;  // by expression; since the last Define
  // Products already made: a model multiplies the same few dimensions for every op.
  absl::flat_hash_map<std::pair<Dim, Dim>, Dim> products;

  Terms TermsOf(Dim d) const {
    if (d.known()) {
      if (d.value() == 0) return {};
      Term t;
      t.coef = d.value();
      return {t};
    }
    return exprs[d.expr_].terms;
  }

  Bounds BoundsOf(Dim d) const {
    if (d.known()) return {d.value(), d.value()};
    if (d.symbolic()) return exprs[d.expr_].bounds;
    return {kNegInf, kInf};
  }

  int64_t WeightOf(Dim d) const { return d.symbolic() ? exprs[d.expr_].weight : 1; }

  Bounds BoundsOfTerms(const Terms& terms) const {
    Bounds sum{0, 0};
    for (const Term& t : terms) {
      Bounds product{t.coef, t.coef};
      for (Factor f : t.factors) {
        Bounds b = atoms[f.atom].bounds;
        Bounds power = b;
        for (int i = 1; i < f.power; ++i) power = MulBounds(power, b);
        if (f.power % 2 == 0) power.low = std::max<int64_t>(power.low, 0);
        product = MulBounds(product, power);
      }
      sum.low = SatAdd(sum.low, product.low);
      sum.high = SatAdd(sum.high, product.high);
    }
    return sum;
  }

  // The handle of a sum whose terms are sorted and non-zero.
  Dim Intern(Terms terms) {
    if (terms.empty()) return Dim(0);
    if (terms.size() == 1 && terms[0].factors.empty()) return Dim(terms[0].coef);
    effort += static_cast<int64_t>(terms.size());
    if (terms.size() > kMaxTerms || effort > kMaxEffort) return Dim::Unknown();
    int64_t weight = 0;
    for (const Term& t : terms) {
      int degree = 0;
      for (Factor f : t.factors) {
        degree += f.power;
        weight += atoms[f.atom].weight * f.power;
      }
      weight += 1;
      if (degree > kMaxDegree) return Dim::Unknown();
    }
    if (weight > kMaxWeight) return Dim::Unknown();
    const size_t hash = absl::Hash<Terms>()(terms);
    auto [it, is_new] = by_hash.try_emplace(hash, static_cast<int32_t>(exprs.size()));
    int32_t chain = -1;
    if (!is_new) {
      for (int32_t i = it->second; i >= 0; i = exprs[i].next) {
        if (exprs[i].terms == terms) return Dim(0, i);
      }
      chain = it->second;
      it->second = static_cast<int32_t>(exprs.size());
    }
    Expr e;
    e.bounds = BoundsOfTerms(terms);
    e.weight = weight;
    e.next = chain;
    e.terms = std::move(terms);
    exprs.push_back(std::move(e));
    return Dim(0, static_cast<int32_t>(exprs.size()) - 1);
  }

  Dim OfAtom(int32_t atom) {
    Term t;
    t.factors.push_back({atom, 1});
    t.coef = 1;
    return Intern({t});
  }

  Dim MakeAtom(AtomKind kind, Dim a, Dim b, Bounds bounds) {
    int64_t weight = 1 + WeightOf(a) + WeightOf(b);
    if (weight > kMaxWeight) return Dim::Unknown();
    auto [it, is_new] = atom_index.try_emplace({static_cast<int>(kind), {a, b}},
                                               static_cast<int32_t>(atoms.size()));
    if (is_new) {
      Atom atom;
      atom.kind = kind;
      atom.a = a;
      atom.b = b;
      atom.bounds = bounds;
      atom.weight = weight;
      atoms.push_back(atom);
    }
    return OfAtom(it->second);
  }

  // The single atom that d is, or null.
  const Atom* AsAtom(Dim d) const {
    if (!d.symbolic()) return nullptr;
    const Terms& t = exprs[d.expr_].terms;
    if (t.size() != 1 || t[0].coef != 1 || t[0].factors.size() != 1 || t[0].factors[0].power != 1) {
      return nullptr;
    }
    return &atoms[t[0].factors[0].atom];
  }

  // sum + factor * addend; false on overflow.
  static bool AddScaled(const Terms& x, const Terms& y, int64_t scale, Terms* out) {
    size_t i = 0, j = 0;
    out->reserve(x.size() + y.size());
    while (i < x.size() || j < y.size()) {
      if (j == y.size() || (i < x.size() && FactorsLess(x[i].factors, y[j].factors))) {
        out->push_back(x[i++]);
        continue;
      }
      int64_t c;
      if (__builtin_mul_overflow(y[j].coef, scale, &c)) return false;
      if (i < x.size() && x[i].factors == y[j].factors) {
        if (__builtin_add_overflow(x[i].coef, c, &c)) return false;
        ++i;
      }
      if (c != 0) {
        out->push_back(y[j]);
        out->back().coef = c;
      }
      ++j;
    }
    return true;
  }

  // Neither of them a number that Mul answers by itself.
  Dim MulExpressions(DimPool* pool, Dim a, Dim b);

  static Factors MulFactors(const Factors& x, const Factors& y) {
    Factors out;
    size_t i = 0, j = 0;
    while (i < x.size() || j < y.size()) {
      if (j == y.size() || (i < x.size() && x[i].atom < y[j].atom)) {
        out.push_back(x[i++]);
      } else if (i == x.size() || y[j].atom < x[i].atom) {
        out.push_back(y[j++]);
      } else {
        out.push_back({x[i].atom, x[i].power + y[j].power});
        ++i, ++j;
      }
    }
    return out;
  }

  // x / y, or false when y does not divide x.
  static bool DivFactors(const Factors& x, const Factors& y, Factors* out) {
    size_t j = 0;
    for (Factor f : x) {
      if (j < y.size() && y[j].atom < f.atom) return false;
      if (j < y.size() && y[j].atom == f.atom) {
        if (y[j].power > f.power) return false;
        if (f.power > y[j].power) out->push_back({f.atom, f.power - y[j].power});
        ++j;
      } else {
        out->push_back(f);
      }
    }
    return j == y.size();
  }

  // Sorts and merges; false on overflow.
  static bool Normalize(Terms* terms) {
    std::sort(terms->begin(), terms->end(),
              [](const Term& a, const Term& b) { return FactorsLess(a.factors, b.factors); });
    size_t n = 0;
    for (size_t i = 0; i < terms->size();) {
      Term t = std::move((*terms)[i++]);
      for (; i < terms->size() && (*terms)[i].factors == t.factors; ++i) {
        if (__builtin_add_overflow(t.coef, (*terms)[i].coef, &t.coef)) return false;
      }
      if (t.coef != 0) (*terms)[n++] = std::move(t);
    }
    terms->resize(n);
    return true;
  }

  std::string AtomText(const Atom& atom) const {
    switch (atom.kind) {
      case AtomKind::kSymbol:
        return symbols[atom.symbol].name;
      case AtomKind::kFloorDiv:
        return absl::StrCat("floordiv(", Text(atom.a), ", ", Text(atom.b), ")");
      case AtomKind::kSum:
        return absl::StrCat("(", Text(atom.a), ")");
      case AtomKind::kMin:
      case AtomKind::kMax: {
        // The two sides in the order of their text: handles depend on history, text does not.
        std::string a = Text(atom.a), b = Text(atom.b);
        if (b < a) std::swap(a, b);
        return absl::StrCat(atom.kind == AtomKind::kMin ? "min(" : "max(", a, ", ", b, ")");
      }
    }
    return "?";
  }

  std::string Text(Dim d) const {
    if (d.known()) return absl::StrCat(d.value());
    if (d.overflow()) return "overflow";
    if (!d.symbolic()) return "?";
    struct Piece {
      int degree;
      std::string product;
      int64_t coef;
    };
    std::vector<Piece> pieces;
    for (const Term& t : exprs[d.expr_].terms) {
      Piece piece{0, "", t.coef};
      std::vector<std::string> factors;
      for (Factor f : t.factors) {
        for (int i = 0; i < f.power; ++i) factors.push_back(AtomText(atoms[f.atom]));
        piece.degree += f.power;
      }
      std::sort(factors.begin(), factors.end());
      for (const std::string& f : factors) {
        absl::StrAppend(&piece.product, piece.product.empty() ? "" : "*", f);
      }
      pieces.push_back(std::move(piece));
    }
    // Positive terms first, so that nothing begins with a minus when it need not.
    std::sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) {
      if (a.degree != b.degree) return a.degree > b.degree;
      return a.product < b.product;
    });
    std::stable_partition(pieces.begin(), pieces.end(), [](const Piece& p) { return p.coef > 0; });
    std::string out;
    for (const Piece& p : pieces) {
      // INT64_MIN has no positive twin; its text without the sign is still right.
      std::string magnitude = absl::StrCat(p.coef);
      if (p.coef < 0) magnitude.erase(0, 1);
      if (out.empty()) {
        if (p.coef < 0) out += '-';
      } else {
        out += p.coef < 0 ? " - " : " + ";
      }
      if (p.product.empty()) {
        out += magnitude;
      } else {
        if (magnitude != "1") absl::StrAppend(&out, magnitude, "*");
        out += p.product;
      }
    }
    return out;
  }
};

DimPool::DimPool() : impl_(std::make_unique<Impl>()) {}
DimPool::~DimPool() = default;

Dim DimPool::Symbol(absl::string_view name, SymbolInfo info) {
  auto it = impl_->symbol_index.find(name);
  if (it != impl_->symbol_index.end())
    return Resolve(impl_->OfAtom(impl_->symbol_atoms[it->second]));
  const int32_t index = static_cast<int32_t>(impl_->symbols.size());
  info.name = std::string(name);
  Atom atom;
  atom.kind = AtomKind::kSymbol;
  atom.symbol = index;
  atom.bounds = info.bounds;
  impl_->symbols.push_back(std::move(info));
  impl_->symbol_index.emplace(std::string(name), index);
  impl_->symbol_atoms.push_back(static_cast<int32_t>(impl_->atoms.size()));
  impl_->atoms.push_back(atom);
  if (atom.bounds.low == atom.bounds.high) {
    impl_->symbols[index].definition = Dim(atom.bounds.low);
    impl_->any_defined = true;
    return Dim(atom.bounds.low);
  }
  return impl_->OfAtom(impl_->symbol_atoms.back());
}

Dim DimPool::Fresh(absl::string_view hint, SymbolInfo info) {
  std::string name(hint);
  for (int i = 1; impl_->symbol_index.contains(name); ++i) name = absl::StrCat(hint, ".", i);
  return Symbol(name, std::move(info));
}

std::optional<Dim> DimPool::FindSymbol(absl::string_view name) const {
  auto it = impl_->symbol_index.find(name);
  if (it == impl_->symbol_index.end()) return std::nullopt;
  const SymbolInfo& info = impl_->symbols[it->second];
  if (!info.definition.unknown()) return info.definition;
  return impl_->OfAtom(impl_->symbol_atoms[it->second]);
}

absl::Span<const SymbolInfo> DimPool::symbols() const { return impl_->symbols; }
SymbolInfo& DimPool::symbol(int index) { return impl_->symbols[index]; }

int DimPool::SymbolIndex(Dim d) const {
  const Atom* atom = impl_->AsAtom(d);
  return atom != nullptr && atom->kind == AtomKind::kSymbol ? atom->symbol : -1;
}

void DimPool::Define(int symbol, Dim definition) {
  impl_->symbols[symbol].definition = definition;
  impl_->any_defined = true;
  impl_->resolved.clear();
  // Earlier definitions may mention the symbol.
  for (SymbolInfo& info : impl_->symbols) {
    if (info.definition.symbolic()) info.definition = Resolve(info.definition);
  }
}

Dim DimPool::Resolve(Dim d) {
  if (!d.symbolic() || !impl_->any_defined) return d;
  auto it = impl_->resolved.find(d.expr_);
  if (it != impl_->resolved.end()) return it->second;
  // A copy: interning may move nothing (deque), but recursion adds expressions.
  const Terms terms = impl_->exprs[d.expr_].terms;
  bool changed = false;
  auto resolve_atom = [&](int32_t index) -> Dim {
    const Atom atom = impl_->atoms[index];
    if (atom.kind == AtomKind::kSymbol) {
      const Dim definition = impl_->symbols[atom.symbol].definition;
      if (definition.unknown()) return impl_->OfAtom(index);
      changed = true;
      return Resolve(definition);
    }
    Dim a = Resolve(atom.a), b = Resolve(atom.b);
    if (a == atom.a && b == atom.b) return impl_->OfAtom(index);
    changed = true;
    switch (atom.kind) {
      case AtomKind::kFloorDiv:
        return FloorDiv(a, b);
      case AtomKind::kSum:
        return a;
      case AtomKind::kMin:
        return Min(a, b);
      default:
        return Max(a, b);
    }
  };
  Dim sum(0);
  for (const Term& t : terms) {
    Dim product(t.coef);
    for (Factor f : t.factors) {
      Dim atom = resolve_atom(f.atom);
      for (int i = 0; i < f.power; ++i) product = Mul(product, atom);
    }
    sum = Add(sum, product);
  }
  if (!changed) sum = d;
  impl_->resolved[d.expr_] = sum;
  return sum;
}

Dim DimPool::Add(Dim a, Dim b) {
  if (a.overflow() || b.overflow()) return Dim::Overflow();
  if (a.unknown() || b.unknown()) return Dim();
  if (a.known() && b.known()) {
    int64_t r;
    return __builtin_add_overflow(a.value(), b.value(), &r) ? Dim::Overflow() : Dim(r);
  }
  if (a.is(0)) return b;
  if (b.is(0)) return a;
  Terms out;
  if (!Impl::AddScaled(impl_->TermsOf(a), impl_->TermsOf(b), 1, &out)) return Dim::Overflow();
  return impl_->Intern(std::move(out));
}

Dim DimPool::Sub(Dim a, Dim b) {
  if (a.overflow() || b.overflow()) return Dim::Overflow();
  if (a.unknown() || b.unknown()) return Dim();
  if (a.known() && b.known()) {
    int64_t r;
    return __builtin_sub_overflow(a.value(), b.value(), &r) ? Dim::Overflow() : Dim(r);
  }
  if (b.is(0)) return a;
  if (a == b) return Dim(0);
  Terms out;
  if (!Impl::AddScaled(impl_->TermsOf(a), impl_->TermsOf(b), -1, &out)) return Dim::Overflow();
  return impl_->Intern(std::move(out));
}

Dim DimPool::Mul(Dim a, Dim b) {
  if (a.is(0) || b.is(0)) return Dim(0);
  if (a.overflow() || b.overflow()) return Dim::Overflow();
  if (a.unknown() || b.unknown()) return Dim();
  if (a.known() && b.known()) {
    int64_t r;
    return __builtin_mul_overflow(a.value(), b.value(), &r) ? Dim::Overflow() : Dim(r);
  }
  if (a.is(1)) return b;
  if (b.is(1)) return a;
  auto made = impl_->products.find({a, b});
  if (made != impl_->products.end()) return made->second;
  const Dim product = impl_->MulExpressions(this, a, b);
  impl_->products.emplace(std::make_pair(a, b), product);
  return product;
}

Dim DimPool::Impl::MulExpressions(DimPool* pool, Dim a, Dim b) {
  const Terms x = TermsOf(a), y = TermsOf(b);
  if (x.size() * y.size() > kMaxExpanded) {
    Dim factors[] = {a, b};
    for (Dim& d : factors) {
      if (TermsOf(d).size() > 1) {
        d = MakeAtom(AtomKind::kSum, d, Dim(0), BoundsOf(d));
      }
    }
    return pool->Mul(factors[0], factors[1]);
  }
  effort += static_cast<int64_t>(x.size() * y.size());
  Terms out;
  out.reserve(x.size() * y.size());
  for (const Term& s : x) {
    for (const Term& t : y) {
      Term p;
      if (__builtin_mul_overflow(s.coef, t.coef, &p.coef)) return Dim::Overflow();
      p.factors = MulFactors(s.factors, t.factors);
      out.push_back(std::move(p));
    }
  }
  if (!Normalize(&out)) return Dim::Overflow();
  return Intern(std::move(out));
}

Dim DimPool::Product(absl::Span<const Dim> dims) {
  // A zero anywhere makes the product zero, whatever else overflows.
  for (Dim d : dims) {
    if (d.is(0)) return Dim(0);
  }
  Dim product(1);
  for (Dim d : dims) product = Mul(product, d);
  return product;
}

std::optional<Dim> DimPool::DivideExactly(Dim a, Dim b) {
  if (a.unknown() || b.unknown() || a.overflow() || b.overflow() || b.is(0)) return std::nullopt;
  if (a.known() && b.known()) {
    if (b.is(-1)) return Sub(Dim(0), a);
    if (a.value() % b.value() != 0) return std::nullopt;
    return Dim(a.value() / b.value());
  }
  if (a == b) return Dim(1);
  if (b.is(1)) return a;
  // Long division by the last term in the order of factors by descending degree pattern. Any
  // monomial order that multiplication respects serves: compare powers atom by atom, higher first.
  auto power_less = [](const Factors& x, const Factors& y) {
    size_t i = 0, j = 0;
    while (i < x.size() || j < y.size()) {
      if (i == x.size()) return true;
      if (j == y.size()) return false;
      if (x[i].atom != y[j].atom) return x[i].atom > y[j].atom;
      if (x[i].power != y[j].power) return x[i].power < y[j].power;
      ++i, ++j;
    }
    return false;
  };
  auto leading = [&](const Terms& terms) {
    return std::max_element(terms.begin(), terms.end(), [&](const Term& s, const Term& t) {
      return power_less(s.factors, t.factors);
    });
  };
  Terms rest = impl_->TermsOf(a);
  const Terms divisor = impl_->TermsOf(b);
  const Term lead = *leading(divisor);
  Terms quotient;
  while (!rest.empty()) {
    if (quotient.size() > kMaxTerms) return std::nullopt;
    const Term top = *leading(rest);
    Term q;
    if (lead.coef == -1 ? top.coef == kNegInf : top.coef % lead.coef != 0) return std::nullopt;
    q.coef = top.coef / lead.coef;
    if (!Impl::DivFactors(top.factors, lead.factors, &q.factors)) return std::nullopt;
    Terms product;
    for (const Term& t : divisor) {
      Term p;
      if (__builtin_mul_overflow(t.coef, q.coef, &p.coef)) return std::nullopt;
      p.factors = Impl::MulFactors(t.factors, q.factors);
      product.push_back(std::move(p));
    }
    if (!Impl::Normalize(&product)) return std::nullopt;
    Terms next;
    if (!Impl::AddScaled(rest, product, -1, &next)) return std::nullopt;
    if (next.size() > kMaxTerms) return std::nullopt;
    rest = std::move(next);
    quotient.push_back(std::move(q));
  }
  if (!Impl::Normalize(&quotient)) return std::nullopt;
  return impl_->Intern(std::move(quotient));
}

Dim DimPool::FloorDiv(Dim a, Dim b) {
  if (b.is(0)) return Dim::Overflow();
  if (a.overflow() || b.overflow()) return Dim::Overflow();
  if (a.is(0)) return Dim(0);
  if (a.unknown() || b.unknown()) return Dim();
  if (b.is(1)) return a;
  if (a.known() && b.known()) {
    if (b.is(-1)) return Sub(Dim(0), a);
    return Dim(FloorDivInt(a.value(), b.value()));
  }
  if (std::optional<Dim> q = DivideExactly(a, b)) return *q;

  if (b.known() && b.value() < 0) {
    if (b.value() == kNegInf) return Dim();
    return FloorDiv(Sub(Dim(0), a), Dim(-b.value()));
  }
  Dim whole(0);
  Dim part = a;
  if (b.known()) {
    // c*q + r over c is q + floordiv(r, c); of the constant the part that c divides comes out too.
    const int64_t c = b.value();
    Terms out, rest;
    for (const Term& t : impl_->TermsOf(a)) {
      Term q = t, r = t;
      if (t.factors.empty()) {
        q.coef = FloorDivInt(t.coef, c);
        r.coef = t.coef - q.coef * c;
      } else if (t.coef % c == 0) {
        q.coef = t.coef / c;
        r.coef = 0;
      } else {
        q.coef = 0;
      }
      if (q.coef != 0) out.push_back(q);
      if (r.coef != 0) rest.push_back(r);
    }
    // What is common to the remaining coefficients and c cancels: floordiv(2*x + 1, 4) is
    // floordiv(x, 2).
    int64_t g = c;
    for (const Term& t : rest) {
      if (!t.factors.empty()) g = std::gcd(g, t.coef);
    }
    Terms reduced;
    for (Term t : rest) {
      t.coef = t.factors.empty() ? FloorDivInt(t.coef, g) : t.coef / g;
      if (t.coef != 0) reduced.push_back(std::move(t));
    }
    whole = impl_->Intern(std::move(out));
    part = impl_->Intern(std::move(reduced));
    b = Dim(c / g);
    if (b.is(1)) return Add(whole, part);
    if (part.known()) return Add(whole, FloorDiv(part, b));
    // floordiv(floordiv(x, m) + k, n) is floordiv(x + k*m, m*n).
    const Terms terms = impl_->TermsOf(part);
    int64_t k = 0;
    const Term* inner = nullptr;
    bool simple = terms.size() <= 2;
    for (const Term& t : terms) {
      if (t.factors.empty()) {
        k = t.coef;
      } else if (inner == nullptr && t.coef == 1 && t.factors.size() == 1 &&
                 t.factors[0].power == 1) {
        inner = &t;
      } else {
        simple = false;
      }
    }
    if (simple && inner != nullptr) {
      const Atom atom = impl_->atoms[inner->factors[0].atom];
      int64_t km, mn;
      if (atom.kind == AtomKind::kFloorDiv && atom.b.known() && atom.b.value() > 0 &&
          !__builtin_mul_overflow(k, atom.b.value(), &km) &&
          !__builtin_mul_overflow(atom.b.value(), b.value(), &mn)) {
        return Add(whole, FloorDiv(Add(atom.a, Dim(km)), Dim(mn)));
      }
    }
  } else if (impl_->TermsOf(b).size() == 1) {
    // By a product of symbols: the terms that it divides come out.
    const Term divisor = impl_->TermsOf(b)[0];
    Terms out, rest;
    for (const Term& t : impl_->TermsOf(a)) {
      Term q;
      if (divisor.coef > 0 && t.coef % divisor.coef == 0 &&
          Impl::DivFactors(t.factors, divisor.factors, &q.factors)) {
        q.coef = t.coef / divisor.coef;
        out.push_back(std::move(q));
      } else {
        rest.push_back(t);
      }
    }
    if (!Impl::Normalize(&out)) return Dim::Overflow();
    whole = impl_->Intern(std::move(out));
    part = impl_->Intern(std::move(rest));
    if (part.is(0)) return whole;
  }
  const Bounds x = impl_->BoundsOf(part), y = impl_->BoundsOf(b);
  Bounds bounds{kNegInf, kInf};
  if (y.low > 0) {
    if (x.low >= 0 && x.high < y.low) return whole;  // the rest is less than one divisor
    const int64_t c[] = {SatFloorDiv(x.low, y.low), SatFloorDiv(x.low, y.high),
                         SatFloorDiv(x.high, y.low), SatFloorDiv(x.high, y.high)};
    bounds = {*std::min_element(c, c + 4), *std::max_element(c, c + 4)};
    if (bounds.low == bounds.high && bounds.low != kNegInf && bounds.low != kInf) {
      return Add(whole, Dim(bounds.low));
    }
  }
  return Add(whole, impl_->MakeAtom(AtomKind::kFloorDiv, part, b, bounds));
}

Dim DimPool::CeilDiv(Dim a, Dim b) { return Sub(Dim(0), FloorDiv(Sub(Dim(0), a), b)); }

Dim DimPool::Mod(Dim a, Dim b) { return Sub(a, Mul(b, FloorDiv(a, b))); }

std::optional<bool> DimPool::LessEqual(Dim a, Dim b) {
  if (a.known() && b.known()) return a.value() <= b.value();
  const Dim difference = Sub(b, a);
  if (difference.unknown() || difference.overflow()) return std::nullopt;
  const Bounds bounds = BoundsOf(difference);
  if (bounds.low >= 0) return true;
  if (bounds.high < 0) return false;
  return std::nullopt;
}

std::optional<bool> DimPool::Less(Dim a, Dim b) {
  std::optional<bool> not_less = LessEqual(b, a);
  if (!not_less.has_value()) return std::nullopt;
  return !*not_less;
}

std::optional<bool> DimPool::Equal(Dim a, Dim b) {
  if (a.unknown() || b.unknown() || a.overflow() || b.overflow()) return std::nullopt;
  if (a == b) return true;
  if (a.known() && b.known()) return false;
  const Dim difference = Resolve(Sub(a, b));
  if (difference.known()) return difference.value() == 0;
  const Bounds bounds = BoundsOf(difference);
  if (bounds.low > 0 || bounds.high < 0) return false;
  return std::nullopt;
}

Dim DimPool::Min(Dim a, Dim b) {
  if (a.overflow() || b.overflow()) return Dim::Overflow();
  if (a.unknown() || b.unknown()) return Dim();
  if (LessEqual(a, b) == true) return a;
  if (LessEqual(b, a) == true) return b;
  for (auto [x, y] : {std::pair(a, b), std::pair(b, a)}) {
    const Atom* atom = impl_->AsAtom(x);
    if (atom != nullptr && atom->kind == AtomKind::kMin && (atom->a == y || atom->b == y)) return x;
  }
  if (b.expr_ < a.expr_) std::swap(a, b);
  const Bounds x = impl_->BoundsOf(a), y = impl_->BoundsOf(b);
  return impl_->MakeAtom(AtomKind::kMin, a, b, {std::min(x.low, y.low), std::min(x.high, y.high)});
}

Dim DimPool::Max(Dim a, Dim b) {
  if (a.overflow() || b.overflow()) return Dim::Overflow();
  if (a.unknown() || b.unknown()) return Dim();
  if (LessEqual(a, b) == true) return b;
  if (LessEqual(b, a) == true) return a;
  for (auto [x, y] : {std::pair(a, b), std::pair(b, a)}) {
    const Atom* atom = impl_->AsAtom(x);
    if (atom != nullptr && atom->kind == AtomKind::kMax && (atom->a == y || atom->b == y)) return x;
  }
  if (b.expr_ < a.expr_) std::swap(a, b);
  const Bounds x = impl_->BoundsOf(a), y = impl_->BoundsOf(b);
  return impl_->MakeAtom(AtomKind::kMax, a, b, {std::max(x.low, y.low), std::max(x.high, y.high)});
}

Bounds DimPool::BoundsOf(Dim d) const { return impl_->BoundsOf(d); }

void DimPool::CollectSymbols(Dim d, std::vector<int>* out) const {
  if (!d.symbolic()) return;
  std::vector<Dim> todo = {d};
  while (!todo.empty()) {
    const Dim next = todo.back();
    todo.pop_back();
    if (!next.symbolic()) continue;
    for (const Term& t : impl_->exprs[next.expr_].terms) {
      for (Factor f : t.factors) {
        const Atom& atom = impl_->atoms[f.atom];
        if (atom.kind == AtomKind::kSymbol) {
          out->push_back(atom.symbol);
        } else {
          todo.push_back(atom.a);
          todo.push_back(atom.b);
        }
      }
    }
  }
  std::sort(out->begin(), out->end());
  out->erase(std::unique(out->begin(), out->end()), out->end());
}

absl::StatusOr<int64_t> DimPool::Evaluate(Dim d, const Point& point) const {
  if (d.known()) return d.value();
  const auto overflow = [] { return absl::OutOfRangeError("a size does not fit into 64 bits"); };
  if (d.overflow()) return overflow();
  if (d.unknown()) return absl::FailedPreconditionError("a size is not known");
  int64_t sum = 0;
  for (const Term& t : impl_->exprs[d.expr_].terms) {
    int64_t product = t.coef;
    for (Factor f : t.factors) {
      const Atom& atom = impl_->atoms[f.atom];
      int64_t value = 0;
      if (atom.kind == AtomKind::kSymbol) {
        const SymbolInfo& info = impl_->symbols[atom.symbol];
        if (!info.definition.unknown()) {
          absl::StatusOr<int64_t> v = Evaluate(info.definition, point);
          if (!v.ok()) return v;
          value = *v;
        } else if (static_cast<size_t>(atom.symbol) < point.size()) {
          value = point[atom.symbol];
        } else {
          return absl::FailedPreconditionError(absl::StrCat("`", info.name, "` has no value"));
        }
      } else {
        absl::StatusOr<int64_t> a = Evaluate(atom.a, point);
        if (!a.ok()) return a;
        absl::StatusOr<int64_t> b = Evaluate(atom.b, point);
        if (!b.ok()) return b;
        if (atom.kind == AtomKind::kSum) {
          value = *a;
        } else if (atom.kind == AtomKind::kFloorDiv) {
          if (*b == 0) return absl::OutOfRangeError("a size divides by zero");
          if (*b == -1 && *a == kNegInf) return overflow();
          value = FloorDivInt(*a, *b);
        } else {
          value = atom.kind == AtomKind::kMin ? std::min(*a, *b) : std::max(*a, *b);
        }
      }
      for (int i = 0; i < f.power; ++i) {
        if (__builtin_mul_overflow(product, value, &product)) return overflow();
      }
    }
    if (__builtin_add_overflow(sum, product, &sum)) return overflow();
  }
  return sum;
}

std::string DimPool::ToString(Dim d) const { return impl_->Text(d); }

namespace {

// Recursive descent over: sum = term {(+|-) term}; term = unary {* unary}; unary = - unary |
// primary; primary = integer | name | function ( sum , sum ) | ( sum ).
class ExprParser {
 public:
  using Lookup = absl::FunctionRef<absl::StatusOr<Dim>(absl::string_view)>;
  ExprParser(DimPool* pool, absl::string_view text, Lookup lookup)
      : pool_(*pool), text_(text), lookup_(lookup) {}

  absl::StatusOr<Dim> Run() {
    absl::StatusOr<Dim> d = Sum(0);
    if (!d.ok()) return d;
    Skip();
    if (at_ != text_.size()) return Error("unexpected text");
    if (d->overflow()) return Error("a number does not fit into 64 bits");
    return d;
  }

 private:
  static constexpr int kMaxDepth = 64;

  void Skip() {
    while (at_ < text_.size() && absl::ascii_isspace(text_[at_])) ++at_;
  }
  bool Eat(char c) {
    Skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  absl::Status Error(absl::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat("`", text_, "`, character ", at_ + 1, ": ", what));
  }

  absl::StatusOr<Dim> Sum(int depth) {
    if (depth > kMaxDepth) return Error("too deeply nested");
    absl::StatusOr<Dim> left = Term(depth);
    while (left.ok()) {
      const bool plus = Eat('+');
      if (!plus && !Eat('-')) break;
      absl::StatusOr<Dim> right = Term(depth);
      if (!right.ok()) return right;
      left = plus ? pool_.Add(*left, *right) : pool_.Sub(*left, *right);
    }
    return left;
  }

  absl::StatusOr<Dim> Term(int depth) {
    absl::StatusOr<Dim> left = Unary(depth);
    while (left.ok() && Eat('*')) {
      absl::StatusOr<Dim> right = Unary(depth);
      if (!right.ok()) return right;
      left = pool_.Mul(*left, *right);
    }
    return left;
  }

  absl::StatusOr<Dim> Unary(int depth) {
    if (depth > kMaxDepth) return Error("too deeply nested");
    if (Eat('-')) {
      absl::StatusOr<Dim> d = Unary(depth + 1);
      if (!d.ok()) return d;
      return pool_.Sub(Dim(0), *d);
    }
    return Primary(depth);
  }

  static bool IsNameChar(char c) {
    return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '/' || c == ':' || c == '#' ||
           c == '$' || c == '@' || static_cast<unsigned char>(c) >= 0x80;
  }

  absl::StatusOr<Dim> Primary(int depth) {
    Skip();
    if (Eat('(')) {
      absl::StatusOr<Dim> d = Sum(depth + 1);
      if (!d.ok()) return d;
      if (!Eat(')')) return Error("expected )");
      return d;
    }
    if (Eat('?')) return Dim();
    const size_t begin = at_;
    while (at_ < text_.size() && IsNameChar(text_[at_])) ++at_;
    const absl::string_view word = text_.substr(begin, at_ - begin);
    if (word.empty()) return Error("expected a number or a name");
    if (absl::ascii_isdigit(word[0])) {
      int64_t value;
      if (!absl::SimpleAtoi(word, &value)) {
        at_ = begin;
        return Error("not a whole number that fits into 64 bits");
      }
      return Dim(value);
    }
    if (Eat('(')) return Call(word, depth);
    return lookup_(word);
  }

  absl::StatusOr<Dim> Call(absl::string_view name, int depth) {
    using Fn = Dim (DimPool::*)(Dim, Dim);
    static constexpr std::pair<absl::string_view, Fn> kFunctions[] = {
        {"floordiv", &DimPool::FloorDiv}, {"ceildiv", &DimPool::CeilDiv}, {"mod", &DimPool::Mod},
        {"min", &DimPool::Min},           {"max", &DimPool::Max},
    };
    absl::StatusOr<Dim> a = Sum(depth + 1);
    if (!a.ok()) return a;
    if (!Eat(',')) return Error("expected ,");
    absl::StatusOr<Dim> b = Sum(depth + 1);
    if (!b.ok()) return b;
    if (!Eat(')')) return Error("expected )");
    for (const auto& [known, function] : kFunctions) {
      if (known == name) return (pool_.*function)(*a, *b);
    }
    return Error(
        absl::StrCat("no function `", name, "`; there are floordiv, ceildiv, mod, min and max"));
  }

  DimPool& pool_;
  absl::string_view text_;
  Lookup lookup_;
  size_t at_ = 0;
};

}  // namespace

absl::StatusOr<Dim> DimPool::Parse(absl::string_view text) {
  return Parse(text,
               [this](absl::string_view name) -> absl::StatusOr<Dim> { return Symbol(name); });
}

absl::StatusOr<Dim> DimPool::Parse(
    absl::string_view text, absl::FunctionRef<absl::StatusOr<Dim>(absl::string_view name)> lookup) {
  return ExprParser(this, text, lookup).Run();
}

}  // namespace assay
