#include "passes/rule_trace.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "ir/op_context.h"
#include "ir/op_table.h"
#include "passes/work.h"

namespace assay {
namespace {

// The usual letters of axes: operands divided by "|", "" where there are none.
struct AxisLetters {
  absl::string_view ops, operands, results;
};
constexpr AxisLetters kLetters[] = {
    {"Conv ConvInteger QLinearConv", "N C H W|M Cg kH kW|M", "N M oH oW"},
    {"Conv ConvInteger", "N C L|M Cg kL|M", "N M oL"},
    {"QLinearConv", "N C H W|||M Cg kH kW", "N M oH oW"},
    {"ConvTranspose", "N C H W|C Mg kH kW|Mg", "N M oH oW"},
    {"MaxPool AveragePool LpPool", "N C H W", "N C oH oW"},
    {"GlobalAveragePool GlobalMaxPool", "N C H W", "N C oH oW"},
    {"Resize", "N C H W", "N C oH oW"},
    {"MatMul MatMulInteger", "M K|K N", "M N"},
    {"MatMul MatMulInteger", "B M K|K N", "B M N"},
    {"MatMul MatMulInteger", "B M K|B K N", "B M N"},
    {"MatMul MatMulInteger", "B H M K|K N", "B H M N"},
    {"MatMul MatMulInteger", "B H M K|B H K N", "B H M N"},
    {"Gemm", "M K", "M N"},
    {"MatMulNBits", "M K", "M N"},
    {"MatMulNBits", "B M K", "B M N"},
    {"LSTM GRU RNN", "T B I|D G I|D G H", "T D B H"},
    {"LayerNormalization RMSNormalization", "T C|C|C", "T C"},
    {"LayerNormalization RMSNormalization", "B T C|C|C", "B T C"},
    {"BatchNormalization", "N C H W|C|C|C|C", "N C H W"},
};

// The letters of one operand of an op, when they fit its rank.
std::vector<absl::string_view> LettersOf(absl::string_view type, const OpRow* row, bool result,
                                         int index, int rank) {
  if (row == nullptr) return {};
  for (const AxisLetters& letters : kLetters) {
    const std::vector<absl::string_view> ops = absl::StrSplit(letters.ops, ' ');
    if (std::find(ops.begin(), ops.end(), type) == ops.end()) continue;
    const std::vector<absl::string_view> operands =
        absl::StrSplit(result ? letters.results : letters.operands, '|');
    if (index >= static_cast<int>(operands.size())) continue;
    std::vector<absl::string_view> axes = absl::StrSplit(operands[index], ' ', absl::SkipEmpty());
    if (static_cast<int>(axes.size()) == rank) return axes;
  }
  return {};
}

bool IsNameChar(char c) {
  return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '/' || c == ':' || c == '#' ||
         c == '$' || c == '@' || static_cast<unsigned char>(c) >= 0x80;
}

// Which sizes of operands and results are given names.
enum class Naming { kAll, kNotOne, kNone };
constexpr std::array<Naming, 3> kNamings = {Naming::kAll, Naming::kNotOne, Naming::kNone};

class Tracer final : public OpEnvironment {
 public:
  Tracer(const Graph& graph, const Shapes& shapes, const Point& point, OpId op, Naming naming,
         bool with_results)
      : graph_(graph), shapes_(shapes), point_(point), op_(op), naming_(naming) {
    const absl::Span<const ValueId> in = graph.inputs(op), out = graph.outputs(op);
    for (size_t i = 0; i < in.size(); ++i) AddOperand(in[i], false, static_cast<int>(i));
    for (size_t i = 0; with_results && i < out.size(); ++i) {
      AddOperand(out[i], true, static_cast<int>(i));
    }
  }

  // The formula of an answer, when it says `counted` with numbers put in.
  std::optional<Formula> FormulaOf(Dim answer, int64_t counted) {
    if (!answer.known() && !answer.symbolic()) return std::nullopt;
    return Checked(pool_.ToString(answer), counted);
  }
  // 2 x macs + the rest, where the rest is no negative number.
  std::optional<Formula> WithMacs(Dim flops, Dim macs, int64_t counted, int64_t counted_macs) {
    if (counted_macs == 0) return FormulaOf(flops, counted);
    const Dim rest = pool_.Sub(flops, pool_.Mul(macs, Dim(2)));
    if (!rest.known() && !rest.symbolic()) return std::nullopt;
    std::string text = "2*macs";
    if (!rest.is(0)) absl::StrAppend(&text, " + ", pool_.ToString(rest));
    numbers_["macs"] = counted_macs;
    return Checked(std::move(text), counted);
  }
  const Type* ResultOf(int i) const {
    const absl::Span<const ValueId> out = graph_.outputs(op_);
    const auto it = types_.find(out[i].index);
    return it == types_.end() ? nullptr : &it->second;
  }
  RuleReads seen() const {
    RuleReads reads{.attributes = attributes_};
    const absl::Span<const ValueId> in = graph_.inputs(op_);
    for (size_t i = 0; i < in.size(); ++i) {
      if (std::find(contents_.begin(), contents_.end(), in[i]) != contents_.end()) {
        reads.contents.push_back(static_cast<int>(i));
      }
    }
    return reads;
  }

  DimPool& pool() override { return pool_; }
  const Type& TypeOf(ValueId v) override {
    static const Type& unknown = *new Type();
    const auto it = types_.find(v.index);
    return it == types_.end() ? unknown : it->second;
  }
  const TensorValue* ValueOf(ValueId v) override {
    const TensorValue* value = shapes_.value(v);
    if (value == nullptr) return nullptr;
    if (std::find(contents_.begin(), contents_.end(), v) == contents_.end()) {
      contents_.push_back(v);
    }
    auto [it, added] = values_.try_emplace(v.index);
    if (added) it->second = std::make_unique<TensorValue>(Translated(*value));
    return it->second.get();
  }
  bool MayHaveValue(ValueId v) override { return shapes_.value(v) != nullptr; }
  absl::Status InferRegion(RegionId, absl::Span<const Type>,
                           absl::Span<const TensorValue* const>) override {
    return absl::OkStatus();
  }
  void SetType(ValueId v, Type type) override { types_[v.index] = std::move(type); }
  void SetValue(ValueId, TensorValue) override {}
  void SetStoredValue(ValueId, const Constant&) override {}
  void DecideBranch(OpId, int) override {}
  void SetTrips(OpId, Dim) override {}
  std::optional<Type> ClaimOf(ValueId) override { return std::nullopt; }
  absl::StatusOr<Dim> Unify(OpId, Dim a, Dim b, absl::string_view) override {
    return a.unknown() ? b : a;
  }
  void Assume(OpId, std::string) override {}
  void OnAttribute(absl::string_view name) override {
    if (graph_.FindAttr(op_, name) == nullptr) return;
    if (std::find(attributes_.begin(), attributes_.end(), name) == attributes_.end()) {
      attributes_.emplace_back(name);
    }
  }

 private:
  void AddOperand(ValueId v, bool result, int index) {
    if (!v.has_value()) return;
    Type type = shapes_.type(v);
    // Of a tensor whose contents are known (a shape, axes) the length says how many: no name fits.
    if (type.is_tensor() && type.ranked && shapes_.value(v) == nullptr) {
      for (int axis = 0; axis < type.rank(); ++axis) {
        type.dims[axis] = Named(type.dims[axis], result, index, axis);
      }
    } else {
      Translate(&type);
    }
    // (An operand that stands in two places goes by its first.)
    types_.try_emplace(v.index, std::move(type));
  }

  Dim Named(Dim size, bool result, int index, int axis) {
    const absl::StatusOr<int64_t> value = At(size);
    const bool keep =
        naming_ == Naming::kNone || (naming_ == Naming::kNotOne && value.ok() && *value == 1);
    if (keep || !value.ok()) return Translated(size);
    const std::string name = NameOfAxis(graph_, shapes_, op_, result, index, axis);
    numbers_[name] = *value;
    return pool_.Symbol(name, {.name = name, .bounds = {.low = *value >= 1 ? 1 : 0}});
  }

  absl::StatusOr<int64_t> At(Dim d) const {
    if (d.known()) return d.value();
    return shapes_.pool->Evaluate(d, point_);
  }

  // The same expression in this pool, over the model's symbols.
  Dim Translated(Dim d) {
    if (!d.symbolic()) return d;
    std::vector<int> symbols;
    shapes_.pool->CollectSymbols(d, &symbols);
    for (int s : symbols) {
      if (static_cast<size_t>(s) < point_.size()) {
        numbers_[shapes_.pool->symbols()[s].name] = point_[s];
      }
    }
    const absl::StatusOr<Dim> same = pool_.Parse(shapes_.pool->ToString(d));
    return same.ok() ? *same : Dim();
  }
  void Translate(Type* type) {
    for (Dim& d : type->dims) d = Translated(d);
    type->length = Translated(type->length);
    if (type->element != nullptr) {
      Type element = *type->element;
      Translate(&element);
      type->element = std::make_shared<const Type>(std::move(element));
    }
  }
  TensorValue Translated(const TensorValue& value) {
    TensorValue out = value;
    for (Dim& d : out.dims) d = Translated(d);
    for (Elem& e : out.elems) {
      e.num = Translated(e.num);
      e.den = Translated(e.den);
    }
    return out;
  }

  std::optional<Formula> Checked(std::string text, int64_t counted) {
    std::string filled;
    for (size_t i = 0; i < text.size();) {
      size_t end = i;
      while (end < text.size() && IsNameChar(text[end])) ++end;
      if (end == i) {
        filled += text[i++];
        continue;
      }
      const std::string word = text.substr(i, end - i);
      const auto it = numbers_.find(word);
      absl::StrAppend(&filled, it == numbers_.end() ? word : absl::StrCat(it->second));
      i = end;
    }
    const absl::StatusOr<Dim> read = pool_.Parse(
        filled,
        [](absl::string_view name) -> absl::StatusOr<Dim> { return absl::NotFoundError(name); });
    if (!read.ok() || !read->is(counted)) return std::nullopt;
    return Formula{.text = std::move(text), .filled = std::move(filled), .value = counted};
  }

  const Graph& graph_;
  const Shapes& shapes_;
  const Point& point_;
  const OpId op_;
  const Naming naming_;
  DimPool pool_;
  absl::flat_hash_map<int32_t, Type> types_;  // by ValueId
  absl::flat_hash_map<int32_t, std::unique_ptr<TensorValue>> values_;
  absl::flat_hash_map<std::string, int64_t> numbers_;  // of names, at the point
  std::vector<ValueId> contents_;
  std::vector<std::string> attributes_;
};

void Merge(const RuleReads& from, RuleReads* to) {
  if (to->attributes.empty()) to->attributes = from.attributes;
  if (to->contents.empty()) to->contents = from.contents;
}

}  // namespace

std::string NameOfAxis(const Graph& graph, const Shapes& shapes, OpId op, bool result, int index,
                       int axis) {
  const Op& o = graph.op(op);
  std::string generic = absl::StrCat(result ? "out" : "in", index, ".", axis);
  const absl::Span<const ValueId> in = graph.inputs(op), out = graph.outputs(op);
  const ValueId value = result ? out[index] : in[index];
  const Type& type = shapes.type(value);
  const std::vector<absl::string_view> letters =
      LettersOf(graph.str(o.type), o.row, result, index, type.rank());
  if (letters.empty()) return generic;
  const absl::string_view letter = letters[axis];
  if (shapes.pool->FindSymbol(letter).has_value()) return generic;
  // One letter, one size: else the later operand goes by number.
  for (int r = 0; r <= (result ? 1 : 0); ++r) {
    const absl::Span<const ValueId> values = r == 1 ? out : in;
    for (int i = 0; i < static_cast<int>(values.size()); ++i) {
      if (!values[i].has_value() || (r == result && i > index)) continue;
      const Type& other = shapes.type(values[i]);
      if (!other.is_tensor() || !other.ranked) continue;
      const std::vector<absl::string_view> others =
          LettersOf(graph.str(o.type), o.row, r == 1, i, other.rank());
      for (size_t a = 0; a < others.size(); ++a) {
        if (r == result && i == index && static_cast<int>(a) >= axis) break;
        if (others[a] == letter && other.dims[a] != type.dims[axis]) return generic;
      }
    }
  }
  return std::string(letter);
}

WorkTrace TraceWork(const Graph& graph, const Shapes& shapes, const Point& point, OpId op) {
  WorkTrace trace;
  auto at = [&](Dim d) -> std::optional<int64_t> {
    if (d.known()) return d.value();
    const absl::StatusOr<int64_t> n = shapes.pool->Evaluate(d, point);
    return n.ok() ? std::optional<int64_t>(*n) : std::nullopt;
  };
  const absl::StatusOr<Work> work = WorkOf(graph, shapes, op);
  if (!work.ok()) return trace;
  trace.reads.resize(work->reads.size());
  trace.writes.resize(work->writes.size());
  for (Naming naming : kNamings) {
    Tracer tracer(graph, shapes, point, op, naming, /*with_results=*/true);
    OpContext context(graph, op, tracer);
    if (!ComputeWork(context).ok()) continue;
    const Work& named = context.work();
    Merge(tracer.seen(), &trace.seen);
    auto fill = [&](std::optional<Formula>* to, Dim mine, Dim theirs) {
      const std::optional<int64_t> number = at(theirs);
      if (!to->has_value() && number.has_value()) *to = tracer.FormulaOf(mine, *number);
    };
    fill(&trace.macs, named.macs, work->macs);
    fill(&trace.transcendentals, named.transcendentals, work->transcendentals);
    fill(&trace.int_ops, named.int_ops, work->int_ops);
    fill(&trace.comparisons, named.comparisons, work->comparisons);
    for (size_t i = 0; i < trace.reads.size() && i < named.reads.size(); ++i) {
      fill(&trace.reads[i], named.reads[i], work->reads[i]);
    }
    for (size_t i = 0; i < trace.writes.size() && i < named.writes.size(); ++i) {
      fill(&trace.writes[i], named.writes[i], work->writes[i]);
    }
    const std::optional<int64_t> macs = at(work->macs), flops = at(work->flops);
    if (!trace.flops.has_value() && macs.has_value() && flops.has_value()) {
      trace.flops = tracer.WithMacs(named.flops, named.macs, *flops, *macs);
    }
  }
  return trace;
}

ShapeTrace TraceShapes(const Graph& graph, const Shapes& shapes, const Point& point, OpId op) {
  ShapeTrace trace;
  const absl::Span<const ValueId> out = graph.outputs(op);
  trace.results.resize(out.size());
  for (size_t i = 0; i < out.size(); ++i) {
    if (!out[i].has_value()) continue;
    const Type& type = shapes.type(out[i]);
    if (!type.is_tensor() || !type.ranked) continue;
    for (int axis = 0; axis < type.rank(); ++axis) {
      trace.results[i].push_back(
          {.name = NameOfAxis(graph, shapes, op, true, static_cast<int>(i), axis)});
    }
  }
  const OpRow* row = graph.op(op).row;
  // What a region gives out is known to inference alone.
  if (row == nullptr || row->shape == nullptr || !graph.regions(op).empty()) return trace;
  for (Naming naming : kNamings) {
    Tracer tracer(graph, shapes, point, op, naming, /*with_results=*/false);
    OpContext context(graph, op, tracer);
    if (!row->shape(context).ok()) continue;
    Merge(tracer.seen(), &trace.seen);
    for (size_t i = 0; i < out.size(); ++i) {
      if (!out[i].has_value()) continue;
      const Type* named = tracer.ResultOf(static_cast<int>(i));
      const Type& type = shapes.type(out[i]);
      std::vector<ShapeTrace::Axis>& axes = trace.results[i];
      if (named == nullptr || !named->ranked || named->dims.size() != axes.size()) continue;
      for (size_t a = 0; a < axes.size(); ++a) {
        const absl::StatusOr<int64_t> size = shapes.pool->Evaluate(type.dims[a], point);
        if (!axes[a].formula.has_value() && size.ok()) {
          axes[a].formula = tracer.FormulaOf(named->dims[a], *size);
        }
      }
    }
  }
  return trace;
}

}  // namespace assay
