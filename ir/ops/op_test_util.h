// Runs one operator's rules on operands written as text; what the tests of the families use.
//
//   OpTester t;
//   t.Symbol("past", 0);                                     // bounds [0, ..); others are >= 1
//   OpRun r = t.Run("Reshape@21", {"f32[b, 197, 768]", "i64[4]{b, -1, 12, 64}"});
//   EXPECT_EQ(r.types[0], "f32[b, 197, 12, 64]");
//
// An operand is "" (absent), the name of an earlier result or of a Let(), or a literal:
//
//   f32[b, 3, h + 1]      a computed tensor; f32[*] has no rank, f32[?, 3] an unknown size
//   i64[2]{b, -1}         with contents: expressions, reals (0.5), ratios (h/w), unknown (?)
//   i64[n]{0...}          a splat
//   stored f32[64, 3]     a weight; with contents when given
//   seq<f32[?, 4]>#3      a sequence of three; seq<...> of unknown length; opt<...>
//
// Attributes are one string: "axis=1, mode=linear, axes=[0, 1], scales=[1.0, 2.0],
// value=f32[1]{0.5}"; a number with a point is a float, a bare word a string. Results are named by
// the last argument, so that exporters' chains can be written as such:
//
//   t.Let("x", "f32[b, 3, h, w]");
//   t.Run("Shape@17", {"x"}, "", {"s"});
//   t.Run("Gather@13", {"s", "i64[]{2}"}, "", {"h"});
//   EXPECT_EQ(t.value("h"), "{h}");
#ifndef ASSAY_IR_OPS_OP_TEST_UTIL_H_
#define ASSAY_IR_OPS_OP_TEST_UTIL_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "ir/graph.h"
#include "ir/op_context.h"
#include "ir/op_table.h"
#include "ir/ops/seen_work_test_util.h"

namespace assay {

// What the rules of one op answered. Texts are as the operands are written; contents that are not
// known are "-".
struct OpRun {
  absl::Status status;
  std::vector<std::string> types;
  std::vector<std::string> values;
  SeenWork work;
  std::vector<std::string> assumptions;
};

namespace op_test_internal {

struct Known {
  Type type;
  std::optional<TensorValue> value;
  bool stored = false;
};

// Splits at commas outside of brackets and quotes.
inline std::vector<std::string> SplitTop(absl::string_view text) {
  std::vector<std::string> parts;
  int depth = 0;
  bool quoted = false;
  std::string part;
  for (char c : text) {
    quoted ^= c == '"';
    if (quoted) {
      part += c;
      continue;
    }
    if (c == '[' || c == '{' || c == '(' || c == '<') ++depth;
    if (c == ']' || c == '}' || c == ')' || c == '>') --depth;
    if (c == ',' && depth == 0) {
      parts.emplace_back(absl::StripAsciiWhitespace(part));
      part.clear();
    } else {
      part += c;
    }
  }
  absl::string_view last = absl::StripAsciiWhitespace(part);
  if (!last.empty() || !parts.empty()) parts.emplace_back(last);
  return parts;
}

class Environment : public OpEnvironment {
 public:
  Environment(DimPool& pool, std::map<std::string, Known>& known) : pool_(pool), known_(known) {}
  void set_graph(const Graph* graph) { graph_ = graph; }

  DimPool& pool() override { return pool_; }
  const Type& TypeOf(ValueId v) override { return at(v).type; }
  const TensorValue* ValueOf(ValueId v) override {
    Known& k = at(v);
    return k.value ? &*k.value : nullptr;
  }
  bool MayHaveValue(ValueId v) override { return at(v).value.has_value(); }
  absl::Status InferRegion(RegionId, absl::Span<const Type>,
                           absl::Span<const TensorValue* const>) override {
    return absl::UnimplementedError("OpTester infers no regions");
  }
  void SetType(ValueId v, Type type) override { at(v).type = std::move(type); }
  void SetValue(ValueId v, TensorValue contents) override { at(v).value = std::move(contents); }
  void SetStoredValue(ValueId, const Constant&) override {}
  void DecideBranch(OpId, int) override {}
  void SetTrips(OpId, Dim) override {}
  std::optional<Type> ClaimOf(ValueId) override { return std::nullopt; }
  absl::StatusOr<Dim> Unify(OpId, Dim a, Dim b, absl::string_view why) override {
    if (a == b || pool_.Equal(a, b) == true) return a;
    if (pool_.Equal(a, b) == false) {
      return OpError(
          absl::StrCat(pool_.ToString(a), " and ", pool_.ToString(b), " cannot be equal: ", why));
    }
    assumptions_.push_back(absl::StrCat(pool_.ToString(a), " = ", pool_.ToString(b)));
    for (auto [from, to] : {std::pair(a, b), std::pair(b, a)}) {
      std::vector<int> symbols;
      pool_.CollectSymbols(to, &symbols);
      int s = pool_.SymbolIndex(from);
      if (s < 0 || std::count(symbols.begin(), symbols.end(), s) > 0) continue;
      pool_.Define(s, to);
      return pool_.Resolve(to);
    }
    return a;
  }
  void Assume(OpId, std::string text) override { assumptions_.push_back(std::move(text)); }

  std::vector<std::string> assumptions_;

 private:
  Known& at(ValueId v) { return known_[std::string(graph_->name(v))]; }
  DimPool& pool_;
  std::map<std::string, Known>& known_;
  const Graph* graph_ = nullptr;
};

}  // namespace op_test_internal

class OpTester {
 public:
  explicit OpTester(const OpTable& table = OpTable::BuiltIn()) : table_(table) {}

  DimPool& pool() { return pool_; }
  void Symbol(absl::string_view name, int64_t low, int64_t high = Bounds::kNoBound) {
    pool_.Symbol(name, {.bounds = {.low = low, .high = high}});
  }
  Dim Parse(absl::string_view text) {
    absl::StatusOr<Dim> d = pool_.Parse(text);
    EXPECT_TRUE(d.ok()) << text << ": " << d.status();
    return d.ok() ? *d : Dim();
  }
  std::string Text(Dim d) { return pool_.ToString(pool_.Resolve(d)); }
  void Let(absl::string_view name, absl::string_view operand) {
    known_[std::string(name)] = ParseOperand(operand);
  }
  std::string type(absl::string_view name) { return TypeText(known_[std::string(name)].type); }
  std::string value(absl::string_view name) {
    const auto& v = known_[std::string(name)].value;
    return v ? ValueText(*v) : "-";
  }

  // `op` is "Name@opset", or "domain::Name@opset".
  OpRun Run(absl::string_view op, std::vector<std::string> operands, absl::string_view attrs = "",
            std::vector<std::string> results = {"y"}) {
    Step step;
    std::pair<absl::string_view, absl::string_view> at = absl::StrSplit(op, '@');
    std::vector<absl::string_view> qualified = absl::StrSplit(at.first, "::");
    step.type = std::string(qualified.back());
    if (qualified.size() == 2) step.domain = std::string(qualified[0]);
    if (!absl::SimpleAtoi(at.second, &step.opset)) step.opset = 25;
    step.attrs = std::string(attrs);
    step.results = std::move(results);
    for (std::string& operand : operands) {
      if (operand.empty() || known_.count(operand) > 0) {
        step.operands.push_back(operand);
        continue;
      }
      std::string name = absl::StrCat("%", ++literals_);
      known_[name] = ParseOperand(operand);
      step.operands.push_back(name);
      step.literals.push_back(name);
    }
    for (const std::string& r : step.results) known_.erase(r);
    // A result computed anew replaces the old one.
    std::erase_if(steps_, [&](const Step& s) {
      if (s.results != step.results) return false;
      for (const std::string& literal : s.literals) known_.erase(literal);
      return true;
    });
    steps_.push_back(std::move(step));
    return RunLast();
  }

 private:
  using Known = op_test_internal::Known;
  struct Step {
    std::string type, domain, attrs;
    int opset = 0;
    std::vector<std::string> operands, results, literals;
  };

  OpRun RunLast() {
    const Step& last = steps_.back();
    OpRun run;
    op_test_internal::Environment env(pool_, known_);
    absl::StatusOr<Graph> graph = Build();
    if (!graph.ok()) {
      run.status = graph.status();
      return run;
    }
    env.set_graph(&*graph);
    OpId id(graph->num_ops() - 1);
    const OpRow* row = graph->op(id).row;
    EXPECT_NE(row, nullptr) << last.type << " has no row";
    OpContext op(*graph, id, env);
    if (row != nullptr && row->shape != nullptr) run.status = row->shape(op);
    if (run.status.ok() && row != nullptr && row->value != nullptr) run.status = row->value(op);
    if (run.status.ok()) {
      OpContext counting(*graph, id, env);
      run.status = ComputeWork(counting);
      run.work = SeenWork(row, counting.work());
    }
    for (const std::string& r : last.results) {
      run.types.push_back(r.empty() ? "" : type(r));
      run.values.push_back(r.empty() ? "-" : value(r));
    }
    run.assumptions = std::move(env.assumptions_);
    return run;
  }

  absl::StatusOr<Graph> Build() {
    GraphBuilder b(table_);
    std::map<std::string, ValueId> ids;
    std::map<std::string, int> made;
    for (const Step& s : steps_) {
      for (const std::string& r : s.results) made[r] = 1;
    }
    for (const auto& [name, known] : known_) {
      if (made.count(name) > 0 || name.empty()) continue;
      ids[name] = known.stored ? b.AddWeight(name, MakeConstant(b, known)) : b.AddArg(name, {});
    }
    std::vector<ValueId> results;
    for (const Step& s : steps_) {
      std::vector<ValueId> inputs;
      for (const std::string& o : s.operands) inputs.push_back(o.empty() ? ValueId() : ids[o]);
      b.BeginOp(s.type, s.domain, s.opset, inputs, {});
      AddAttrs(b, s.attrs);
      for (const std::string& r : s.results) {
        if (r.empty()) {
          b.AddOmittedResult();
        } else {
          results.assign(1, ids[r] = b.AddResult(r));
        }
      }
      b.EndOp();
    }
    return std::move(b).Finish(results);
  }

  ConstantId MakeConstant(GraphBuilder& b, const Known& known) {
    Constant c;
    c.dtype = known.type.dtype;
    c.stored_elements = 1;
    for (Dim d : known.type.dims) {
      c.dims.push_back(d.known() ? d.value() : 0);
      c.stored_elements *= c.dims.back();
    }
    if (known.value) {
      c.payload.kind = Payload::Kind::kInline;
      for (int64_t i = 0; i < c.stored_elements; ++i) {
        const Elem& e = known.value->at(i);
        if (IsFloat(c.dtype)) {
          c.payload.reals.push_back(e.AsReal());
        } else {
          c.payload.ints.push_back(e.num.value());
        }
      }
    }
    return b.AddConstant(std::move(c));
  }

  void AddAttrs(GraphBuilder& b, absl::string_view text) {
    for (const std::string& item : op_test_internal::SplitTop(text)) {
      std::vector<std::string> pair = absl::StrSplit(item, absl::MaxSplits('=', 1));
      ASSERT_EQ(pair.size(), 2u) << item;
      absl::string_view name = absl::StripAsciiWhitespace(pair[0]);
      absl::string_view v = absl::StripAsciiWhitespace(pair[1]);
      int64_t i;
      double f;
      if (absl::ConsumePrefix(&v, "\"")) {
        absl::ConsumeSuffix(&v, "\"");
        b.AddStringAttr(name, v);
      } else if (absl::ConsumePrefix(&v, "[")) {
        absl::ConsumeSuffix(&v, "]");
        AddListAttr(b, name, op_test_internal::SplitTop(v));
      } else if (absl::StrContains(v, "[")) {
        b.AddTensorAttr(name, MakeConstant(b, ParseOperand(v)));
      } else if (absl::SimpleAtoi(v, &i)) {
        b.AddIntAttr(name, i);
      } else if (absl::SimpleAtod(v, &f)) {
        b.AddFloatAttr(name, f);
      } else {
        b.AddStringAttr(name, v);
      }
    }
  }

  void AddListAttr(GraphBuilder& b, absl::string_view name, const std::vector<std::string>& items) {
    Attr a;
    a.name = b.Intern(name);
    a.kind = AttrKind::kInts;
    for (const std::string& item : items) {
      int64_t i;
      double f;
      if (absl::SimpleAtoi(item, &i)) {
        a.ints.push_back(i);
      } else if (absl::SimpleAtod(item, &f)) {
        a.kind = AttrKind::kFloats;
        a.floats.push_back(f);
      } else {
        a.kind = AttrKind::kStrings;
        a.strings.push_back(b.Intern(item));
      }
    }
    b.AddAttr(std::move(a));
  }

  Known ParseOperand(absl::string_view text) {
    Known known;
    text = absl::StripAsciiWhitespace(text);
    known.stored = absl::ConsumePrefix(&text, "stored ");
    size_t brace = text.find('{');
    known.type = ParseType(absl::StripAsciiWhitespace(text.substr(0, brace)));
    if (brace == absl::string_view::npos) return known;
    absl::string_view body = text.substr(brace + 1);
    absl::ConsumeSuffix(&body, "}");
    TensorValue value;
    value.dims = known.type.dims;
    value.splat = absl::ConsumeSuffix(&body, "...");
    for (const std::string& e : op_test_internal::SplitTop(body)) {
      value.elems.push_back(ParseElem(known.type.dtype, e));
    }
    EXPECT_TRUE(value.splat || value.size() == static_cast<int64_t>(value.elems.size())) << text;
    known.value = std::move(value);
    return known;
  }

  Type ParseType(absl::string_view text) {
    if (absl::ConsumePrefix(&text, "seq<")) {
      size_t close = text.rfind('>');
      Dim length;
      absl::string_view tail = text.substr(close + 1);
      if (absl::ConsumePrefix(&tail, "#")) length = Parse(tail);
      return Type::Sequence(ParseType(text.substr(0, close)), length);
    }
    if (absl::ConsumePrefix(&text, "opt<")) {
      return Type::Optional(ParseType(text.substr(0, text.rfind('>'))));
    }
    size_t bracket = text.find('[');
    std::optional<DType> dtype = ParseDType(text.substr(0, bracket));
    EXPECT_TRUE(dtype.has_value()) << text;
    if (bracket == absl::string_view::npos || !dtype) return {};
    absl::string_view inside = text.substr(bracket + 1);
    absl::ConsumeSuffix(&inside, "]");
    if (inside == "*") return Type::Unranked(*dtype);
    Dims dims;
    for (const std::string& d : op_test_internal::SplitTop(inside)) {
      dims.push_back(d == "?" ? Dim() : Parse(d));
    }
    return Type::Tensor(*dtype, dims);
  }

  Elem ParseElem(DType dtype, absl::string_view text) {
    double f;
    int64_t i;
    if (text == "?") return {};
    if (!IsFloat(dtype) && absl::SimpleAtoi(text, &i)) return Elem::Int(i);
    if (IsFloat(dtype) && absl::SimpleAtod(text, &f)) return Elem::Real(f);
    std::vector<absl::string_view> parts = absl::StrSplit(text, '/');
    if (parts.size() == 2) return Elem::Ratio(Parse(parts[0]), Parse(parts[1]));
    if (IsFloat(dtype)) return Elem::Ratio(Parse(text), Dim(1));
    return Elem::Int(Parse(text));
  }

  std::string TypeText(const Type& t) {
    Type resolved = t;
    for (Dim& d : resolved.dims) d = pool_.Resolve(d);
    return ToString(resolved, pool_);
  }

  std::string ElemText(const Elem& e) {
    switch (e.kind) {
      case Elem::Kind::kUnknown:
        return "?";
      case Elem::Kind::kInt:
        return Text(e.num);
      case Elem::Kind::kReal:
        return absl::StrCat(e.real);
      case Elem::Kind::kRatio:
        if (e.den.is(1)) return Text(e.num);
        return absl::StrCat("(", Text(e.num), ")/(", Text(e.den), ")");
    }
    return "";
  }

  std::string ValueText(const TensorValue& v) {
    std::vector<std::string> parts;
    for (const Elem& e : v.elems) parts.push_back(ElemText(e));
    return absl::StrCat("{", absl::StrJoin(parts, ", "), v.splat ? "...}" : "}");
  }

  const OpTable& table_;
  DimPool pool_;
  std::map<std::string, Known> known_;
  std::vector<Step> steps_;
  int literals_ = 0;
};

// One op and what its rules must answer; `values` may be left out.
struct OpCase {
  std::string op;
  std::vector<std::string> operands;
  std::string attrs;
  std::vector<std::string> types;
  std::vector<std::string> values;
};

// Each case with symbols of its own: those named past* or n* may be 0, all others are at least 1.
inline void ExpectCases(const std::vector<OpCase>& cases) {
  for (const OpCase& c : cases) {
    SCOPED_TRACE(absl::StrCat(c.op, "(", absl::StrJoin(c.operands, "; "), ") {", c.attrs, "}"));
    OpTester t;
    for (const char* name : {"past", "n", "n0", "n1"}) t.Symbol(name, 0);
    std::vector<std::string> results;
    for (size_t i = 0; i < c.types.size(); ++i) results.push_back(absl::StrCat("y", i));
    OpRun r = t.Run(c.op, c.operands, c.attrs, results);
    EXPECT_TRUE(r.status.ok()) << r.status;
    EXPECT_EQ(r.types, c.types);
    if (!c.values.empty()) {
      EXPECT_EQ(r.values, c.values);
    }
  }
}

}  // namespace assay

#endif  // ASSAY_IR_OPS_OP_TEST_UTIL_H_
