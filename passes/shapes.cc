#include "passes/shapes.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ir/op_context.h"
#include "ir/op_table.h"
#include "ir/ops/fold.h"
#include "ir/suggest.h"

namespace assay {
namespace {

// A tensor of more elements than this cannot exist; products of its size with a width stay in 64
// bits.
constexpr int64_t kMaxElements = int64_t{1} << 58;

class Inference : public OpEnvironment {
 public:
  Inference(const Graph& graph, const Bindings& bindings, bool smaller_rank)
      : graph_(graph), bindings_(bindings), smaller_rank_(smaller_rank) {}

  absl::StatusOr<Shapes> Run() {
    out_.pool = std::make_shared<DimPool>();
    out_.types.resize(graph_.num_values());
    out_.value_index.assign(graph_.num_values(), kNoContents);
    out_.branch.assign(graph_.num_ops(), -1);
    out_.trips.assign(graph_.num_ops(), Dim(1));
    stored_.assign(graph_.num_values(), nullptr);
    budget_ = 50 * static_cast<int64_t>(graph_.num_ops()) + 10'000;
    for (int i = 0; i < graph_.num_values(); ++i) {
      const Value& v = graph_.value(ValueId(i));
      if (v.def == Value::Def::kWeight) SetWeightType(ValueId(i), graph_.constant(v.constant));
    }
    if (absl::Status s = SetInputs(); !s.ok()) return s;
    if (absl::Status s = Walk(Graph::kMain); !s.ok()) {
      stopped_ = true;
      return s;
    }
    if (absl::Status s = CheckBindings(); !s.ok()) return s;
    if (absl::Status s = ResolveAll(); !s.ok()) return s;
    CompareClaims();
    out_.assumptions.insert(out_.assumptions.end(), equations_.begin(), equations_.end());
    // Only now are the indexes of undecoded contents meaningless to others.
    for (int32_t& index : out_.value_index) index = std::max(index, kNoContents);
    return std::move(out_);
  }

  // An op has an error, and a branch was taken whose condition is not known.
  bool may_go_otherwise() const { return stopped_ && chose_by_rank_; }

  // OpEnvironment.
  DimPool& pool() override { return *out_.pool; }
  const Type& TypeOf(ValueId v) override { return out_.types[v.index]; }

  bool MayHaveValue(ValueId v) override {
    const int32_t index = out_.value_index[v.index];
    return index >= 0 || index == kUndecoded;
  }

  const TensorValue* ValueOf(ValueId v) override {
    if (out_.value_index[v.index] == kUndecoded) Decode(v);
    const int32_t index = out_.value_index[v.index];
    return index >= 0 ? &out_.values[index] : nullptr;
  }

  absl::Status InferRegion(RegionId region, absl::Span<const Type> args,
                           absl::Span<const TensorValue* const> values) override {
    const std::vector<ValueId>& formal = graph_.region(region).args;
    for (size_t i = 0; i < formal.size() && i < args.size(); ++i) {
      out_.types[formal[i].index] = args[i];
      out_.value_index[formal[i].index] = kNoContents;
      if (i < values.size() && values[i] != nullptr) SetValue(formal[i], *values[i]);
    }
    return Walk(region);
  }

  void SetType(ValueId v, Type type) override { out_.types[v.index] = std::move(type); }

  void SetValue(ValueId v, TensorValue contents) override {
    int32_t& index = out_.value_index[v.index];
    if (index >= 0) {
      out_.values[index] = std::move(contents);
      return;
    }
    index = static_cast<int32_t>(out_.values.size());
    out_.values.push_back(std::move(contents));
  }

  void SetStoredValue(ValueId v, const Constant& contents) override {
    stored_[v.index] = &contents;
    out_.value_index[v.index] = MayDecode(contents) ? kUndecoded : kNoContents;
  }

  void DecideBranch(OpId op, int branch) override {
    out_.branch[op.index] = static_cast<int8_t>(branch);
  }
  bool TakesSmallerRank() override {
    chose_by_rank_ = true;
    return smaller_rank_;
  }
  void SetTrips(OpId op, Dim trips) override { out_.trips[op.index] = trips; }

  std::optional<Type> ClaimOf(ValueId v) override {
    const ClaimedType* claim = graph_.claim_of(v);
    if (claim == nullptr) return std::nullopt;
    return FromClaim(*claim, absl::StrCat("declared for `", graph_.name(v), "`"));
  }

  absl::StatusOr<Dim> Unify(OpId op, Dim a, Dim b, absl::string_view why) override;

  void Assume(OpId op, std::string text) override {
    for (const Assumption& a : out_.assumptions) {
      if (a.op == op && a.text == text) return;
    }
    // Rules may run again (loops), and a thousand ops may assume the same kind of thing.
    if (out_.assumptions.size() < kMaxAssumptions)
      out_.assumptions.push_back({op, std::move(text)});
  }

 private:
  static constexpr int32_t kNoContents = -1;
  static constexpr int32_t kUndecoded = -2;
  static constexpr size_t kMaxAssumptions = 1000;

  void SetWeightType(ValueId v, const Constant& c) {
    Dims dims;
    for (int64_t d : c.dims) dims.push_back(Dim(d));
    Type t = Type::Tensor(c.dtype, std::move(dims));
    t.sparse = c.sparse;
    out_.types[v.index] = std::move(t);
    stored_[v.index] = &c;
    if (MayDecode(c)) out_.value_index[v.index] = kUndecoded;
  }

  static bool MayDecode(const Constant& c) {
    if (c.payload.kind == Payload::Kind::kAbsent || c.sparse) return false;
    const bool integral = IsInteger(c.dtype) || c.dtype == DType::kBool;
    if (!integral && !IsFloat(c.dtype)) return false;
    return c.stored_elements <= (integral ? TensorValue::kMaxElements : kMaxFloats);
  }

  void Decode(ValueId v) {
    out_.value_index[v.index] = kNoContents;
    const Constant& c = *stored_[v.index];
    absl::StatusOr<std::vector<Elem>> elems = StoredElements(graph_, c);
    if (elems.ok()) {
      TensorValue contents;
      for (int64_t d : c.dims) contents.dims.push_back(Dim(d));
      contents.elems = *std::move(elems);
      SetValue(v, std::move(contents));
    } else if (!absl::IsNotFound(elems.status())) {
      out_.diagnostics.push_back(
          {std::string(graph_.name(v)), std::string(elems.status().message())});
    }
  }

  // --- Inputs ---

  // A dimension as declared, as an expression. Names are symbols; exporters also write expressions.
  Dim FromClaimedDim(const ClaimedDim& d, absl::string_view origin, Bounds bounds, bool batch,
                     absl::string_view fallback_name) {
    if (d.value >= 0) return Dim(d.value);
    const absl::string_view name = graph_.str(d.symbol);
    auto symbol = [&](absl::string_view n) {
      SymbolInfo info;
      info.origin = std::string(origin);
      info.bounds = bounds;
      // A cache may be empty.
      if (absl::StrContains(absl::AsciiStrToLower(n), "past") ||
          absl::StrContains(absl::AsciiStrToLower(n), "cache")) {
        info.bounds.low = 0;
      }
      info.batch_axis = batch;
      for (const auto& [bound_name, value] : bindings_.dims) {
        if (bound_name != n) continue;
        if (value < info.bounds.low && binding_error_.ok()) {
          binding_error_ = absl::InvalidArgumentError(
              absl::StrCat(graph_.source().file, ": --dim ", n, "=", value, ": `", n,
                           "` is at least ", info.bounds.low, "; give it such a size"));
        }
        info.bounds = {value, value};
      }
      used_names_.insert(std::string(n));
      return pool().Symbol(n, std::move(info));
    };
    if (name.empty()) return fallback_name.empty() ? Dim() : symbol(fallback_name);
    absl::StatusOr<Dim> parsed =
        pool().Parse(name, [&](absl::string_view n) -> absl::StatusOr<Dim> { return symbol(n); });
    if (parsed.ok() && !parsed->unknown()) return *parsed;
    return symbol(name);
  }

  Type FromClaim(const ClaimedType& claim, absl::string_view origin) {
    Type t;
    t.kind = claim.kind;
    t.dtype = claim.dtype;
    t.ranked = claim.ranked;
    t.sparse = claim.sparse;
    for (const ClaimedDim& d : claim.dims) {
      t.dims.push_back(FromClaimedDim(d, origin, {0, Bounds::kNoBound}, false, ""));
    }
    if (!claim.element.empty()) {
      t.element = std::make_shared<const Type>(FromClaim(claim.element[0], origin));
    } else if (t.kind != TypeKind::kTensor && t.kind != TypeKind::kUnknown) {
      t.element = std::make_shared<const Type>();
    }
    return t;
  }

  // The symbol that a dimension is, if it is one, has that size wherever it stands.
  void Bind(Dim d, int64_t size, absl::string_view option) {
    const int s = pool().SymbolIndex(d);
    if (s < 0) return;
    pool().symbol(s).bounds = {size, size};
    pool().Define(s, Dim(size));
    given_.try_emplace(pool().symbols()[s].name, option);
    any_equation_ = true;
  }

  absl::Status SetInputs();
  absl::Status SetInputAxis(ValueId v, size_t i, int64_t size, absl::string_view option, Dim* d);
  absl::Status SetInputShape(ValueId v, Type* type);
  absl::Status SetInputValue(const Bindings::InputValue& given);
  absl::Status CheckBindings();
  absl::Status InputError(absl::string_view option, absl::string_view name);

  // --- Ops ---

  absl::Status Walk(RegionId region) {
    for (OpId op : graph_.ops(region)) {
      if (--budget_ < 0) {
        return At(op, OpError("loops are nested too deeply to find the shapes inside; simplify the "
                              "control flow of the model"));
      }
      if (absl::Status s = Infer(op); !s.ok()) return s;
    }
    return absl::OkStatus();
  }

  absl::Status At(OpId op, const absl::Status& s) {
    if (absl::StartsWith(s.message(), absl::StrCat(graph_.source().file, ": "))) return s;
    return absl::Status(
        s.code(), absl::StrCat(graph_.source().file, ": ", graph_.Describe(op), ": ", s.message()));
  }

  absl::Status Infer(OpId op) {
    OpContext context(graph_, op, *this);
    const OpRow* row = graph_.op(op).row;
    for (ValueId v : graph_.outputs(op)) {
      if (!v.has_value()) continue;
      out_.types[v.index] = Type();
      if (out_.value_index[v.index] == kUndecoded) out_.value_index[v.index] = kNoContents;
      if (out_.value_index[v.index] >= 0) {
        // A loop body seen again: what was known in the last round may not hold in this one.
        out_.value_index[v.index] = kNoContents;
      }
    }
    if (row == nullptr || row->shape == nullptr) {
      for (int i = 0; i < context.num_outputs(); ++i) {
        if (std::optional<Type> claim = context.claim(i)) context.SetOut(i, *std::move(claim));
      }
      // Bodies of an unknown op still have shapes of their own where they do not depend on
      // arguments.
      return absl::OkStatus();
    }
    // An attribute of another type may be all that the rule lacks.
    const absl::Status inferred = row->shape(context);
    if (absl::Status s = context.CheckAttributes(); !s.ok()) return At(op, s);
    if (!inferred.ok()) return At(op, inferred);
    for (ValueId v : graph_.outputs(op)) {
      if (!v.has_value()) continue;
      if (absl::Status s = CheckSizes(out_.types[v.index]); !s.ok()) return At(op, s);
    }
    if (row->value != nullptr && !row->random) {
      if (absl::Status s = row->value(context); !s.ok()) return At(op, s);
    }
    return absl::OkStatus();
  }

  static absl::Status CheckSizes(const Type& t) {
    int64_t n = 1;
    for (Dim d : t.dims) {
      if (d.overflow()) {
        return OpError(
            "a dimension of its result does not fit into 64 bits; check the sizes it is made "
            "from");
      }
      if (!d.known()) continue;
      if (d.value() < 0) {
        return OpError(
            absl::StrCat("a dimension of its result would be ", d.value(),
                         "; check kernel, padding and slice sizes against the input's shape"));
      }
      if (n == 0) continue;
      if (__builtin_mul_overflow(n, d.value(), &n) || n > kMaxElements) {
        return OpError("its result would have more than 2^58 elements; check the declared shapes");
      }
    }
    return absl::OkStatus();
  }

  absl::Status ResolveAll();
  void CompareClaims();
  void CompareClaim(ValueId v, const ClaimedType& claim, const Type& type);

  const Graph& graph_;
  const Bindings& bindings_;
  Shapes out_;
  std::vector<const Constant*> stored_;  // by ValueId: where undecoded contents are
  std::vector<Assumption> equations_;
  std::set<std::string> used_names_;
  std::map<std::string, std::string, std::less<>> given_;  // by symbol: the option that bound it
  absl::Status binding_error_;  // of the first --dim that a dimension cannot have
  bool any_equation_ = false;
  const bool smaller_rank_;
  bool chose_by_rank_ = false;  // smaller_rank_ mattered
  bool stopped_ = false;
  int64_t budget_ = 0;
};

absl::StatusOr<Dim> Inference::Unify(OpId op, Dim a, Dim b, absl::string_view why) {
  DimPool& p = pool();
  a = p.Resolve(a);
  b = p.Resolve(b);
  if (a == b || b.unknown()) return a;
  if (a.unknown()) return b;
  auto differ = [&] {
    return OpError(absl::StrCat(p.ToString(a), " and ", p.ToString(b), " cannot be equal: ", why));
  };
  if (a.overflow() || b.overflow()) return OpError(absl::StrCat("too large: ", why));
  if (p.Equal(a, b) == false) return differ();

  // Solve a - b = 0 for one symbol that occurs once and can be divided out. A side that is a symbol
  // by itself goes first, then sizes that depend on contents, then the symbol met last.
  const Dim difference = p.Sub(a, b);
  std::vector<int> symbols;
  p.CollectSymbols(difference, &symbols);
  auto rank = [&](int s) {
    const bool lone = p.SymbolIndex(a) == s || p.SymbolIndex(b) == s;
    return std::make_tuple(lone, p.symbols()[s].data_dependent, s);
  };
  std::sort(symbols.begin(), symbols.end(), [&](int x, int y) { return rank(x) > rank(y); });
  for (int s : symbols) {
    const Dim symbol = *p.FindSymbol(p.symbols()[s].name);
    // difference = c * symbol + rest with rest free of the symbol; c = difference(1) -
    // difference(0) when linear, which the test on the rest checks.
    std::optional<Dim> solution;
    for (int64_t c : {1, -1}) {
      const Dim rest = p.Sub(difference, p.Mul(Dim(c), symbol));
      std::vector<int> left;
      p.CollectSymbols(rest, &left);
      if (std::find(left.begin(), left.end(), s) != left.end()) continue;
      solution = c == 1 ? p.Sub(Dim(0), rest) : rest;
      break;
    }
    if (!solution.has_value()) {
      // One side is a multiple of the symbol, the other is not made of it: batch*768 and 1536.
      for (auto [x, y] : {std::pair(a, b), std::pair(b, a)}) {
        std::optional<Dim> factor = p.DivideExactly(x, symbol);
        if (!factor.has_value() || !factor->known() || factor->is(0)) continue;
        std::vector<int> other;
        p.CollectSymbols(y, &other);
        if (std::find(other.begin(), other.end(), s) != other.end()) continue;
        std::optional<Dim> quotient = p.DivideExactly(y, *factor);
        if (y.known() && !quotient.has_value()) return differ();
        if (quotient.has_value()) solution = quotient;
      }
    }
    if (!solution.has_value()) continue;
    const Bounds have = p.symbols()[s].bounds, need = p.BoundsOf(*solution);
    if (need.high < have.low || need.low > have.high) return differ();
    equations_.push_back(
        {op, absl::StrCat(p.ToString(symbol), " = ", p.ToString(*solution), " (", why, ")")});
    p.Define(s, *solution);
    any_equation_ = true;
    return p.Resolve(a);
  }
  Assume(op, absl::StrCat(p.ToString(a), " = ", p.ToString(b), " (", why, ")"));
  if (out_.equations.size() < kMaxAssumptions &&
      std::find(out_.equations.begin(), out_.equations.end(), std::pair(a, b)) ==
          out_.equations.end()) {
    out_.equations.emplace_back(a, b);
  }
  return b.known() ? b : a;
}

absl::Status Inference::InputError(absl::string_view option, absl::string_view name) {
  std::vector<std::string> inputs;
  for (ValueId v : graph_.region(Graph::kMain).args) inputs.emplace_back(graph_.name(v));
  std::string hint = inputs.empty() ? "the model has no inputs"
                                    : absl::StrCat("its inputs are ", absl::StrJoin(inputs, ", "));
  return absl::NotFoundError(
      absl::StrCat(graph_.source().file, ": ", option, ": no input `", name, "`; ", hint));
}

// An axis of an input takes the size that an option gives it, in place of a fixed one too. An axis
// with a name has one size only.
absl::Status Inference::SetInputAxis(ValueId v, size_t i, int64_t size, absl::string_view option,
                                     Dim* d) {
  const ClaimedType* claim = graph_.claim_of(v);
  if (claim != nullptr && i < claim->dims.size() && claim->dims[i].value < 0 && d->known() &&
      d->value() != size) {
    absl::string_view symbol = graph_.str(claim->dims[i].symbol);
    const std::string unnamed = absl::StrCat(graph_.name(v), ".", i);
    if (symbol.empty()) symbol = unnamed;
    if (const auto given = given_.find(symbol); given != given_.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          graph_.source().file, ": ", option, ": axis ", i, " of input `", graph_.name(v), "` is `",
          symbol, "`, which is ", d->value(), " by ", given->second, "; leave one of the two out"));
    }
  }
  Bind(*d, size, option);
  *d = Dim(size);
  return absl::OkStatus();
}

absl::Status Inference::SetInputShape(ValueId v, Type* type) {
  for (const auto& [input, shape] : bindings_.shapes) {
    if (input != graph_.name(v)) continue;
    if (type->kind == TypeKind::kUnknown) *type = Type::Unranked(DType::kF32);
    if (type->kind != TypeKind::kTensor) {
      return absl::InvalidArgumentError(
          absl::StrCat(graph_.source().file, ": --shape ", input, ": this input is not a tensor"));
    }
    if (type->ranked && type->dims.size() != shape.size()) {
      return absl::InvalidArgumentError(absl::StrCat(
          graph_.source().file, ": --shape ", input, ": it has ", type->dims.size(),
          " dimensions, not ", shape.size(), "; it is declared ", ToString(*type, pool())));
    }
    type->ranked = true;
    type->dims.resize(shape.size());
    const std::string option = absl::StrCat("--shape ", input, "=", absl::StrJoin(shape, "x"));
    for (size_t i = 0; i < shape.size(); ++i) {
      if (absl::Status s = SetInputAxis(v, i, shape[i], option, &type->dims[i]); !s.ok()) return s;
    }
  }
  return absl::OkStatus();
}

absl::Status Inference::SetInputs() {
  for (const auto& [name, size] : bindings_.dims) {
    given_[name] = absl::StrCat("--dim ", name, "=", size);
  }
  const std::vector<ValueId>& inputs = graph_.region(Graph::kMain).args;
  Dim free_batch;
  for (ValueId v : inputs) {
    const ClaimedType* claim = graph_.claim_of(v);
    Type type;
    if (claim != nullptr && claim->kind == TypeKind::kTensor) {
      type.kind = TypeKind::kTensor;
      type.dtype = claim->dtype;
      type.ranked = claim->ranked;
      type.sparse = claim->sparse;
      for (size_t i = 0; i < claim->dims.size(); ++i) {
        const std::string origin = absl::StrCat("input `", graph_.name(v), "` axis ", i);
        ClaimedDim d = claim->dims[i];
        // An input without elements makes no sense; exporters write 0 for "unknown".
        const std::string fallback = absl::StrCat(graph_.name(v), ".", i);
        type.dims.push_back(FromClaimedDim(d, origin, {1, Bounds::kNoBound}, i == 0, fallback));
      }
    } else if (claim != nullptr) {
      type = FromClaim(*claim, absl::StrCat("input `", graph_.name(v), "`"));
    }
    if (bindings_.batch.has_value() && type.is_tensor() && type.ranked && type.rank() > 0) {
      const std::string option = absl::StrCat("--batch ", *bindings_.batch);
      if (absl::Status s = SetInputAxis(v, 0, *bindings_.batch, option, &type.dims[0]); !s.ok()) {
        return s;
      }
    }
    if (bindings_.free_batch && type.is_tensor() && type.ranked && type.rank() > 0) {
      if (free_batch.unknown()) {
        free_batch = type.dims[0];
        if (pool().SymbolIndex(free_batch) < 0) {
          used_names_.insert("batch");
          free_batch =
              pool().Symbol("batch", {.origin = absl::StrCat("input `", graph_.name(v), "` axis 0"),
                                      .bounds = {1, Bounds::kNoBound},
                                      .batch_axis = true});
        }
      }
      type.dims[0] = free_batch;
    }
    if (absl::Status s = SetInputShape(v, &type); !s.ok()) return s;
    if (absl::Status s = CheckSizes(type); !s.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(graph_.source().file, ": input `", graph_.name(v), "`: ", s.message()));
    }
    out_.types[v.index] = std::move(type);
  }
  if (!binding_error_.ok()) return binding_error_;
  for (const auto& [input, shape] : bindings_.shapes) {
    bool found = false;
    for (ValueId v : inputs) found |= graph_.name(v) == input;
    if (!found) return InputError("--shape", input);
  }
  for (const Bindings::InputValue& given : bindings_.values) {
    if (absl::Status s = SetInputValue(given); !s.ok()) return s;
  }
  for (ValueId v : inputs) {
    for (Dim& d : out_.types[v.index].dims) d = pool().Resolve(d);
  }
  return absl::OkStatus();
}

absl::Status Inference::SetInputValue(const Bindings::InputValue& given) {
  for (ValueId v : graph_.region(Graph::kMain).args) {
    if (graph_.name(v) != given.input) continue;
    Type& type = out_.types[v.index];
    for (Dim& d : type.dims) d = pool().Resolve(d);
    const int64_t count = static_cast<int64_t>(given.reals.size());
    if (type.kind == TypeKind::kUnknown || (type.is_tensor() && !type.ranked)) {
      type = Type::Tensor(type.dtype == DType::kUndefined ? DType::kI64 : type.dtype, {Dim(count)});
    }
    // One free dimension takes what the number of elements leaves for it.
    if (type.is_tensor() && type.ranked) {
      int64_t known = 1;
      int free = -1, num_free = 0;
      for (int i = 0; i < type.rank(); ++i) {
        if (type.dims[i].known()) {
          known *= std::max<int64_t>(type.dims[i].value(), 0);
        } else {
          free = i;
          ++num_free;
        }
      }
      if (num_free == 1 && known > 0 && count % known == 0) {
        Bind(type.dims[free], count / known, absl::StrCat("--value ", given.input));
        type.dims[free] = Dim(count / known);
      }
    }
    TensorValue value;
    value.dims = type.dims;
    if (!type.is_tensor() || value.size() != count) {
      return absl::InvalidArgumentError(absl::StrCat(
          graph_.source().file, ": --value ", given.input, ": ", count, " elements given for ",
          ToString(type, pool()), "; give its shape with --shape, or as many elements as it has"));
    }
    if (count > TensorValue::kMaxElements) {
      return absl::InvalidArgumentError(absl::StrCat(
          graph_.source().file, ": --value ", given.input, ": ", count,
          " elements are more than the ", TensorValue::kMaxElements, " that are followed"));
    }
    for (int64_t i = 0; i < count; ++i) {
      value.elems.push_back(IsFloat(type.dtype) ? Elem::Real(given.reals[i])
                                                : Elem::Int(given.ints[i]));
    }
    SetValue(v, std::move(value));
    return absl::OkStatus();
  }
  return InputError("--value", given.input);
}

absl::Status Inference::CheckBindings() {
  for (const auto& [name, value] : bindings_.dims) {
    if (used_names_.contains(name)) continue;
    std::vector<absl::string_view> names;
    for (const SymbolInfo& s : pool().symbols()) names.push_back(s.name);
    // A size that depends on contents, or was eliminated by an equation, can be fixed like any
    // other.
    const std::optional<Dim> symbol = pool().FindSymbol(name);
    if (symbol.has_value()) {
      const int s = pool().SymbolIndex(*symbol);
      if (s >= 0) {
        const Bounds b = pool().symbols()[s].bounds;
        if (value < b.low || value > b.high) {
          return absl::InvalidArgumentError(absl::StrCat(
              graph_.source().file, ": --dim ", name, "=", value, ": it is at least ", b.low,
              b.high == Bounds::kNoBound ? "" : absl::StrCat(" and at most ", b.high)));
        }
        Bind(*symbol, value, "--dim");
        continue;
      }
      if (symbol->is(value)) continue;
      return absl::InvalidArgumentError(
          absl::StrCat(graph_.source().file, ": --dim ", name, "=", value, ": the model makes it ",
                       pool().ToString(*symbol), "; bind the symbols in that instead"));
    }
    if (bindings_.optional_dims) continue;
    const std::string did_you_mean = DidYouMean(name, names);
    // Those of the inputs come first; a detector has hundreds more.
    constexpr size_t kListed = 12;
    const size_t more = names.size() > kListed ? names.size() - kListed : 0;
    names.resize(names.size() - more);
    std::string hint = names.empty() ? "the model has no symbolic dimensions; --shape or --batch "
                                       "change fixed ones"
                                     : absl::StrCat("it has ", absl::StrJoin(names, ", "));
    if (more > 0) absl::StrAppend(&hint, " and ", more, " more");
    return absl::NotFoundError(absl::StrCat(graph_.source().file, ": --dim ", name,
                                            ": no dimension of that name", did_you_mean, "; ",
                                            hint));
  }
  return absl::OkStatus();
}

// Puts the solutions of all equations into what was inferred before they were found.
absl::Status Inference::ResolveAll() {
  if (!any_equation_) return absl::OkStatus();
  DimPool& p = pool();
  for (int i = 0; i < graph_.num_values(); ++i) {
    Type& t = out_.types[i];
    for (Dim& d : t.dims) d = p.Resolve(d);
    if (absl::Status s = CheckSizes(t); !s.ok()) {
      const Value& v = graph_.value(ValueId(i));
      if (v.def == Value::Def::kOp) return At(v.op, s);
      return absl::InvalidArgumentError(
          absl::StrCat(graph_.source().file, ": `", graph_.str(v.name), "`: ", s.message()));
    }
    t.length = p.Resolve(t.length);
    if (t.element != nullptr) {
      // One level is what sequences and optionals of tensors need.
      Type element = *t.element;
      for (Dim& d : element.dims) d = p.Resolve(d);
      t.element = std::make_shared<const Type>(std::move(element));
    }
  }
  for (TensorValue& v : out_.values) {
    for (Dim& d : v.dims) d = p.Resolve(d);
    for (Elem& e : v.elems) {
      e.num = p.Resolve(e.num);
      e.den = p.Resolve(e.den);
    }
  }
  for (Dim& d : out_.trips) d = p.Resolve(d);
  for (auto& [a, b] : out_.equations) {
    a = p.Resolve(a);
    b = p.Resolve(b);
    if (p.Equal(a, b) == false) {
      return absl::InvalidArgumentError(
          absl::StrCat(graph_.source().file, ": ", p.ToString(a), " and ", p.ToString(b),
                       " must be equal; change the sizes given with --dim"));
    }
  }
  return absl::OkStatus();
}

void Inference::CompareClaim(ValueId v, const ClaimedType& claim, const Type& type) {
  if (claim.kind != TypeKind::kTensor || !type.is_tensor() || !claim.ranked || !type.ranked) return;
  std::string problem;
  if (claim.dtype != DType::kUndefined && type.dtype != DType::kUndefined &&
      claim.dtype != type.dtype) {
    problem = absl::StrCat("declared as ", Name(claim.dtype));
  } else if (static_cast<int>(claim.dims.size()) != type.rank()) {
    problem = absl::StrCat("declared with ", claim.dims.size(),
                           claim.dims.size() == 1 ? " dimension" : " dimensions");
  } else {
    for (size_t i = 0; i < claim.dims.size(); ++i) {
      if (claim.dims[i].value < 0 || !type.dims[i].known()) continue;
      if (claim.dims[i].value == type.dims[i].value()) continue;
      problem = absl::StrCat("declared with ", claim.dims[i].value, " on axis ", i);
      break;
    }
  }
  if (problem.empty()) return;
  out_.diagnostics.push_back(
      {std::string(graph_.name(v)),
       absl::StrCat(problem, ", but its op makes ", ToString(type, pool()),
                    "; the op is believed: re-export the model to renew its declarations")});
}

void Inference::CompareClaims() {
  // With inputs overridden, what the file declares of a fixed size no longer holds.
  if (bindings_.batch.has_value() || bindings_.free_batch || !bindings_.shapes.empty()) return;
  size_t contradictions = 0;
  const size_t before = out_.diagnostics.size();
  constexpr size_t kShown = 10;
  for (int i = 0; i < graph_.num_values(); ++i) {
    const ValueId v(i);
    if (graph_.value(v).def != Value::Def::kOp) continue;
    const ClaimedType* claim = graph_.claim_of(v);
    if (claim == nullptr) continue;
    CompareClaim(v, *claim, out_.types[i]);
    if (out_.diagnostics.size() > before + kShown) {
      out_.diagnostics.pop_back();
      ++contradictions;
    }
  }
  if (contradictions > 0) {
    out_.diagnostics.push_back(
        {"", absl::StrCat(contradictions, " more declared shapes are wrong")});
  }
}

}  // namespace

absl::StatusOr<Shapes> InferShapes(const Graph& graph, const Bindings& bindings) {
  Inference inference(graph, bindings, /*smaller_rank=*/false);
  absl::StatusOr<Shapes> shapes = inference.Run();
  if (shapes.ok() || !inference.may_go_otherwise()) return shapes;
  // The error may come of the branch that was taken.
  absl::StatusOr<Shapes> others = Inference(graph, bindings, /*smaller_rank=*/true).Run();
  if (others.ok()) return others;
  return absl::Status(
      shapes.status().code(),
      absl::StrCat(shapes.status().message(),
                   "; or it is the branch of an If, whose condition is not known: give the sizes "
                   "that decide it by --dim or --shape"));
}

Point DefaultPoint(const Shapes& shapes) {
  const DimPool& pool = *shapes.pool;
  absl::Span<const SymbolInfo> symbols = pool.symbols();
  Point point(symbols.size(), 1);
  auto clamp = [&](size_t s, int64_t v) {
    return std::min(std::max(v, symbols[s].bounds.low), symbols[s].bounds.high);
  };
  for (size_t s = 0; s < symbols.size(); ++s) point[s] = clamp(s, 1);

  // Every different symbolic dimension once, in order of first appearance.
  std::vector<Dim> dims;
  absl::flat_hash_set<Dim> seen;
  for (const Type& t : shapes.types) {
    for (Dim d : t.dims) {
      if (d.symbolic() && seen.insert(d).second) dims.push_back(d);
    }
  }
  // What a point must satisfy, and the symbols that may move to satisfy it.
  auto holds_dim = [&](Dim d) {
    absl::StatusOr<int64_t> v = pool.Evaluate(d, point);
    return !v.ok() || *v >= 1 || pool.BoundsOf(d).high < 1;
  };
  auto holds_equation = [&](const std::pair<Dim, Dim>& e) {
    absl::StatusOr<int64_t> a = pool.Evaluate(e.first, point), b = pool.Evaluate(e.second, point);
    return !a.ok() || !b.ok() || *a == *b;
  };
  constexpr int64_t kLargest = int64_t{1} << 16;
  // Moves one of the symbols, or else all together, to the smallest power of two at which `holds`.
  auto satisfy = [&](std::vector<int> involved, auto&& holds) {
    involved.erase(
        std::remove_if(
            involved.begin(), involved.end(),
            [&](int s) { return !symbols[s].definition.unknown() || symbols[s].batch_axis; }),
        involved.end());
    const Point before = point;
    Point best;
    int64_t best_value = kLargest + 1;
    auto attempt = [&](absl::Span<const int> moved) {
      for (int64_t candidate = 2; candidate < best_value; candidate *= 2) {
        bool grows = false;
        for (int s : moved) {
          point[s] = std::max(before[s], clamp(s, candidate));
          grows |= point[s] > before[s];
        }
        if (grows && holds()) {
          best = point;
          best_value = candidate;
        }
      }
      point = before;
    };
    for (int s : involved) attempt({s});
    if (best.empty()) attempt(involved);
    if (!best.empty()) point = best;
    return !best.empty();
  };
  for (int round = 0; round < 20; ++round) {
    bool changed = false;
    for (Dim d : dims) {
      if (holds_dim(d)) continue;
      std::vector<int> involved;
      pool.CollectSymbols(d, &involved);
      changed |= satisfy(std::move(involved), [&] { return holds_dim(d); });
    }
    for (const auto& e : shapes.equations) {
      if (holds_equation(e)) continue;
      std::vector<int> involved;
      pool.CollectSymbols(e.first, &involved);
      pool.CollectSymbols(e.second, &involved);
      changed |= satisfy(std::move(involved), [&] { return holds_equation(e); });
    }
    if (!changed) break;
  }
  return point;
}

}  // namespace assay
