// The parser of the text form: recursive descent, one function per rule of the grammar in
// ir/text.h. A rule returns false once something is wrong; the first error stays.
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "ir/text.h"
#include "ir/text_lexer.h"
#include "ir/verify.h"

namespace assay {
namespace {

constexpr int kMaxDepth = 200;
// Ids have 31 bits, and every entry of the graph takes a byte of text at least.
constexpr size_t kMaxBytes = size_t{1} << 30;

class Parser {
 public:
  Parser(absl::string_view text, const OpTable& table)
      : text_(text), lexer_(text), builder_(table) {}

  absl::StatusOr<Graph> Parse() && {
    if (text_.size() > kMaxBytes) {
      return absl::InvalidArgumentError("1:1: the text is larger than 1 GiB; split the model");
    }
    std::vector<ValueId> results;
    if (!(Advance() && Header() && Body(0, &results) && AtEnd())) {
      const TextPosition at = PositionOf(text_, error_offset_);
      return absl::InvalidArgumentError(absl::StrCat(at.line, ":", at.column, ": ", error_));
    }
    absl::StatusOr<Graph> graph = std::move(builder_).Finish(std::move(results));
    if (!graph.ok()) return graph.status();
    if (absl::Status s = VerifyGraph(*graph); !s.ok()) return s;
    return graph;
  }

 private:
  // A value is known by its name and the number after it.
  using Key = std::pair<NameId, int64_t>;
  struct Definition {
    Key key;
    size_t offset = 0;
    bool omitted = false;
    ClaimedType claim;
  };

  bool Fail(size_t offset, std::string message) {
    if (error_.empty()) {
      error_offset_ = offset;
      error_ = std::move(message);
    }
    return false;
  }
  bool Expected(absl::string_view what) {
    return Fail(token_.offset, token_.kind == TokenKind::kEnd
                                   ? absl::StrCat("the text ends where ", what, " is expected")
                                   : absl::StrCat("expected ", what, ", found `",
                                                  token_.spelling.substr(0, 40), "`"));
  }

  bool Advance() {
    token_ = lexer_.Next();
    return token_.kind != TokenKind::kBad || Fail(token_.offset, token_.text);
  }
  bool Is(absl::string_view punct_or_word) const { return token_.Is(punct_or_word); }
  bool Is(TokenKind kind) const { return token_.kind == kind; }
  bool Expect(absl::string_view punct_or_word) {
    if (!Is(punct_or_word)) return Expected(absl::StrCat("`", punct_or_word, "`"));
    return Advance();
  }
  // If the token stands there, takes it and sets *there. False only on an error.
  bool Accept(absl::string_view punct_or_word, bool* there) {
    *there = Is(punct_or_word);
    return !*there || Advance();
  }
  bool AtEnd() { return Is(TokenKind::kEnd) || Expected("the end of the text"); }

  // item { "," item } up to `close`, which is taken; nothing at all is fine.
  template <class Item>
  bool List(absl::string_view close, Item item) {
    while (!Is(close)) {
      if (!item()) return false;
      bool comma = false;
      if (!Accept(",", &comma)) return false;
      if (!comma) break;
    }
    return Expect(close);
  }

  template <class T>
  bool Int(T* out) {
    if (!Is(TokenKind::kInt)) return Expected("an integer");
    const char* first = token_.spelling.data();
    const char* last = first + token_.spelling.size();
    auto [end, error] = std::from_chars(first, last, *out);
    if (error != std::errc() || end != last) {
      return Fail(token_.offset, "the number is out of range here");
    }
    return Advance();
  }
  bool Real(double* out) {
    if (!ParseReal(token_.spelling, out)) return Fail(token_.offset, "the number is out of range");
    return Advance();
  }
  bool IsReal() const { return Is(TokenKind::kReal) || Is("nan") || Is("inf"); }
  bool Name(std::string* out) {
    if (!Is(TokenKind::kName) && !Is(TokenKind::kString)) return Expected("a name");
    *out = std::move(token_.text);
    return Advance();
  }
  bool Name(NameId* out) {
    std::string name;
    if (!Name(&name)) return false;
    *out = builder_.Intern(name);
    return true;
  }

  bool Header() {
    SourceInfo& source = builder_.source();
    int version = 0;
    if (!Expect("assay-ir")) return false;
    const size_t offset = token_.offset;
    if (!Int(&version)) return false;
    if (version != 1) return Fail(offset, "only version 1 of the text form is known");
    for (bool there = false; !Is("graph");) {
      if (Accept("file", &there), there) {
        if (!Name(&source.file)) return false;
      } else if (Accept("name", &there), there) {
        if (!Name(&source.name)) return false;
      } else if (Accept("producer", &there), there) {
        if (!Name(&source.producer) || !Name(&source.producer_version)) return false;
      } else if (Accept("ir_version", &there), there) {
        if (!Int(&source.ir_version)) return false;
      } else if (Accept("opset", &there), there) {
        std::string domain;
        int64_t opset = 0;
        if (!Name(&domain) || !Int(&opset)) return false;
        opsets_.try_emplace(domain == "ai.onnx" ? std::string() : domain, opset);
        source.opsets.emplace_back(std::move(domain), opset);
      } else if (Accept("metadata", &there), there) {
        std::string key, value;
        if (!Name(&key) || !Name(&value)) return false;
        source.metadata.emplace_back(std::move(key), std::move(value));
      } else if (Accept("diagnostic", &there), there) {
        Diagnostic d;
        if (!Name(&d.where) || !Name(&d.message)) return false;
        builder_.AddDiagnostic(std::move(d));
      } else {
        return Expected("`graph`, file, name, producer, ir_version, opset, metadata or diagnostic");
      }
    }
    return Expect("graph");
  }

  bool Body(int depth, std::vector<ValueId>* results) {
    if (depth > kMaxDepth)
      return Fail(token_.offset, "regions nest more than 200 deep; flatten them");
    const size_t outer = scope_.size();
    if (!Expect("{")) return false;
    while (Is("arg")) {
      Definition d;
      if (!Advance() || !Result(&d)) return false;
      if (d.omitted) return Fail(d.offset, "this needs a value: % and its name");
      if (!Define(d, builder_.AddArg(builder_.str(d.key.first), std::move(d.claim)))) return false;
    }
    while (Is("weight")) {
      Definition d;
      if (!Advance() || !Result(&d)) return false;
      if (d.omitted) return Fail(d.offset, "this needs a value: % and its name");
      ConstantId constant;
      if (!Expect("=") || !ParseConstant(d.key.first, &constant)) return false;
      ValueId value = builder_.AddWeight(builder_.str(d.key.first), constant);
      SetClaim(value, std::move(d.claim));
      if (!Define(d, value)) return false;
    }
    while (!Is("return")) {
      if (!ParseOp(depth)) return false;
    }
    if (!Advance() || !List("}", [&] { return Operand(results); })) return false;
    // What the region defined is out of reach from here on.
    for (; scope_.size() > outer; scope_.pop_back()) values_.erase(scope_.back());
    return true;
  }

  bool Define(const Definition& d, ValueId value) {
    if (!values_.try_emplace(d.key, value).second) {
      return Fail(d.offset, "a value of that name is defined already; number it: %name~1");
    }
    scope_.push_back(d.key);
    return true;
  }
  void SetClaim(ValueId value, ClaimedType claim) {
    if (claim.kind != TypeKind::kUnknown) builder_.SetClaim(value, std::move(claim));
  }

  bool Result(Definition* d) {
    d->offset = token_.offset;
    if (Is("_")) {
      d->omitted = true;
      return Advance();
    }
    if (!Is(TokenKind::kValue)) return Expected("a value: % and its name");
    d->key = {builder_.Intern(token_.text), token_.suffix};
    bool claimed = false;
    return Advance() && Accept(":", &claimed) && (!claimed || Claim(0, &d->claim));
  }

  bool Operand(std::vector<ValueId>* out) {
    if (Is("_")) {
      out->push_back(ValueId());
      return Advance();
    }
    if (!Is(TokenKind::kValue)) return Expected("a value: % and its name, or _ for none");
    auto it = values_.find(Key(builder_.Intern(token_.text), token_.suffix));
    if (it == values_.end()) {
      return Fail(token_.offset, absl::StrCat("`", token_.spelling.substr(0, 80),
                                              "` is not defined before this, here or around"));
    }
    out->push_back(it->second);
    return Advance();
  }

  bool ParseOp(int depth) {
    std::vector<Definition> results;
    if (Is(TokenKind::kValue) || Is("_")) {
      for (bool more = true; more;) {
        results.emplace_back();
        if (!Result(&results.back()) || !Accept(",", &more)) return false;
      }
      if (!Expect("=")) return false;
    }
    std::string type, domain;
    if (!Is(TokenKind::kName) && !Is(TokenKind::kString)) return Expected("an op, or `return`");
    if (!Name(&type)) return false;
    int32_t opset = 0;
    bool there = false, has_opset = false;
    if (!Accept("<", &there)) return false;
    if (there) {
      if (!Is(TokenKind::kInt) && !Name(&domain)) return false;
      has_opset = Is(TokenKind::kInt);
      if (has_opset && !Int(&opset)) return false;
      if (!Expect(">")) return false;
    }
    if (!has_opset) {
      auto it = opsets_.find(domain == "ai.onnx" ? std::string() : domain);
      if (it != opsets_.end()) opset = static_cast<int32_t>(it->second);
    }
    std::vector<ValueId> inputs;
    if (!Expect("(") || !List(")", [&] { return Operand(&inputs); })) return false;
    const OpId op = builder_.BeginOp(type, domain, opset, inputs, Location());
    if (!Accept("{", &there)) return false;
    if (there && !List("}", [&] { return ParseAttr(depth); })) return false;
    Location at;
    if (!Place("at", &at.name) || !Place("in", &at.scope) || !Place("of", &at.module)) return false;
    builder_.SetLocation(op, at);
    for (Definition& d : results) {
      if (d.omitted) {
        builder_.AddOmittedResult();
        continue;
      }
      ValueId value = builder_.AddResult(builder_.str(d.key.first));
      SetClaim(value, std::move(d.claim));
      if (!Define(d, value)) return false;
    }
    builder_.EndOp();
    return true;
  }

  bool Place(absl::string_view word, NameId* out) {
    bool there = false;
    return Accept(word, &there) && (!there || Name(out));
  }

  bool ParseAttr(int depth) {
    Attr a;
    if (!Name(&a.name) || !Expect("=")) return false;
    if (Is("{")) {
      std::vector<ValueId> results;
      builder_.BeginRegion(builder_.str(a.name));
      if (!Body(depth + 1, &results)) return false;
      builder_.EndRegion(std::move(results));
      return true;
    }
    if (!AttrValue(&a)) return false;
    builder_.AddAttr(std::move(a));
    return true;
  }

  bool AttrValue(Attr* a) {
    if (Is(TokenKind::kInt)) {
      a->kind = AttrKind::kInt;
      return Int(&a->i);
    }
    if (IsReal()) {
      a->kind = AttrKind::kFloat;
      return Real(&a->f);
    }
    if (Is(TokenKind::kString)) {
      a->kind = AttrKind::kString;
      return Name(&a->s);
    }
    if (Is("tensor")) {
      a->kind = AttrKind::kTensor;
      ConstantId constant;
      if (!Advance() || !ParseConstant(builder_.Intern(""), &constant)) return false;
      a->i = constant.index;
      return true;
    }
    if (Is("tensors")) {
      a->kind = AttrKind::kTensors;
      return Advance() && Expect("(") && List(")", [&] {
               ConstantId constant;
               if (!ParseConstant(builder_.Intern(""), &constant)) return false;
               a->ints.push_back(constant.index);
               return true;
             });
    }
    if (Is("type")) {
      a->kind = AttrKind::kType;
      ClaimedType claim;
      if (!Advance() || !Claim(0, &claim)) return false;
      a->i = builder_.AddClaim(std::move(claim));
      return true;
    }
    return AttrList(a);
  }

  bool AttrList(Attr* a) {
    a->kind = Is("reals")     ? AttrKind::kFloats
              : Is("strings") ? AttrKind::kStrings
                              : AttrKind::kInts;
    const bool named = Is("ints") || Is("reals") || Is("strings");
    if (named && !Advance()) return false;
    if (!named && !Is("[")) {
      return Expected("an attribute's value: a number, string, list, tensor, type or region");
    }
    if (!Expect("[")) return false;
    if (!named && IsReal()) a->kind = AttrKind::kFloats;
    if (!named && Is(TokenKind::kString)) a->kind = AttrKind::kStrings;
    return List("]", [&] {
      switch (a->kind) {
        case AttrKind::kFloats:
          if (!IsReal()) return Expected("a real number, as the first of the list is");
          return Real(&a->floats.emplace_back());
        case AttrKind::kStrings:
          if (!Is(TokenKind::kString)) return Expected("a string, as the first of the list is");
          return Name(&a->strings.emplace_back());
        default:
          return Int(&a->ints.emplace_back());
      }
    });
  }

  bool ParseDTypeName(DType* out) {
    std::optional<DType> dtype;
    if (Is(TokenKind::kName)) dtype = ParseDType(token_.spelling);
    if (!dtype) return Expected("an element type, such as f32 or i64");
    *out = *dtype;
    return Advance();
  }

  bool Claim(int depth, ClaimedType* claim) {
    if (depth > kMaxDepth) return Fail(token_.offset, "types nest more than 200 deep");
    bool there = false;
    if (Accept("?", &there), there) return true;
    if (Is("seq") || Is("opt")) {
      claim->kind = Is("seq") ? TypeKind::kSequence : TypeKind::kOptional;
      if (!Advance() || !Accept("<", &there)) return false;
      return !there || (Claim(depth + 1, &claim->element.emplace_back()) && Expect(">"));
    }
    if (Is("map")) {
      claim->kind = TypeKind::kMap;
      if (!Advance() || !Expect("<") || !ParseDTypeName(&claim->dtype)) return false;
      if (!Accept(",", &there)) return false;
      if (there && !Claim(depth + 1, &claim->element.emplace_back())) return false;
      return Expect(">");
    }
    claim->kind = TypeKind::kTensor;
    if (!Accept("sparse", &claim->sparse)) return false;
    if (!ParseDTypeName(&claim->dtype) || !Expect("[") || !Accept("*", &there)) return false;
    if (there) return Expect("]");
    claim->ranked = true;
    return List("]", [&] { return ClaimDim(&claim->dims.emplace_back()); });
  }

  bool ClaimDim(ClaimedDim* dim) {
    bool there = false;
    if (Accept("?", &there), there) return true;
    if (!Is(TokenKind::kInt)) return Name(&dim->symbol);
    if (token_.spelling[0] == '-') return Fail(token_.offset, "a dimension is not negative");
    return Int(&dim->value);
  }

  // A constant, or the number of one that came before. `context` is its name when it states none.
  bool ParseConstant(NameId context, ConstantId* out) {
    bool there = false;
    int64_t number = -1;
    if (!Accept("!", &there)) return false;
    if (there) {
      if (!Int(&number)) return false;
      if (auto it = constants_.find(number); it != constants_.end()) {
        *out = it->second;
        return true;
      }
    }
    const size_t offset = token_.offset;
    Constant c;
    c.name = context;
    if (Is(TokenKind::kString) && !Name(&c.name)) return false;
    if (!Accept("sparse", &c.sparse)) return false;
    if (c.sparse && !(Expect("(") && Int(&c.stored_elements) && Expect(")"))) return false;
    if (!ParseDTypeName(&c.dtype) || !Expect("[")) return false;
    if (!List("]", [&] { return Int(&c.dims.emplace_back()); })) return false;
    if (!ParsePayload(&c.payload)) return false;
    if (!CheckConstant(&c, offset)) return false;
    *out = builder_.AddConstant(std::move(c));
    if (number != -1) constants_.emplace(number, *out);
    return true;
  }

  bool ParsePayload(Payload* p) {
    bool there = false;
    if (Accept("{", &there), there) {
      p->kind = Payload::Kind::kInline;
      return List("}", [&] {
        if (Is(TokenKind::kString)) return Name(&p->strings.emplace_back());
        if (IsReal()) return Real(&p->reals.emplace_back());
        return Int(&p->ints.emplace_back());
      });
    }
    if (Is("file") || Is("typed")) {
      p->kind = Is("file") ? Payload::Kind::kFile : Payload::Kind::kTyped;
      if (!Advance() || !Expect("(")) return false;
    } else if (Is("external")) {
      p->kind = Payload::Kind::kExternal;
      if (!Advance() || !Expect("(") || !Name(&p->path) || !Expect(",")) return false;
    } else {
      return true;
    }
    return Int(&p->offset) && Expect(",") && Int(&p->bytes) && Expect(")");
  }

  // Invariant V8, said of the text.
  bool CheckConstant(Constant* c, size_t offset) {
    int64_t elements = 1;
    bool overflow = false, zero = false;
    for (int64_t d : c->dims) {
      if (d < 0) return Fail(offset, "a stored tensor has a negative dimension");
      zero = zero || d == 0;
      overflow = overflow || __builtin_mul_overflow(elements, d, &elements);
    }
    if (zero) elements = 0;
    if (overflow && !zero) return Fail(offset, "a stored tensor has more than 2^63 elements");
    if (!c->sparse) c->stored_elements = elements;
    if (c->stored_elements < 0 || c->stored_elements > elements) {
      return Fail(offset, absl::StrCat("a sparse tensor of ", elements, " elements cannot store ",
                                       c->stored_elements));
    }
    const Payload& p = c->payload;
    const int kinds = !p.ints.empty() + !p.reals.empty() + !p.strings.empty();
    if (kinds > 1) return Fail(offset, "contents are all integers, all reals or all strings");
    const uint64_t held = p.ints.size() + p.reals.size() + p.strings.size();
    const auto expected = static_cast<uint64_t>(elements);
    const bool pairs = KindOf(c->dtype) == DTypeKind::kComplex;
    if (p.kind == Payload::Kind::kInline && !c->sparse && held != expected &&
        !(pairs && held == 2 * expected)) {
      return Fail(offset,
                  absl::StrCat("contents have ", held, " elements, the dimensions say ", elements));
    }
    return true;
  }

  absl::string_view text_;
  TextLexer lexer_;
  Token token_;
  GraphBuilder builder_;
  absl::flat_hash_map<Key, ValueId> values_;  // visible here
  std::vector<Key> scope_;                    // the same, in order of definition
  absl::flat_hash_map<int64_t, ConstantId> constants_;
  absl::flat_hash_map<std::string, int64_t> opsets_;
  size_t error_offset_ = 0;
  std::string error_;
};

}  // namespace

absl::StatusOr<Graph> ParseGraph(absl::string_view text, const OpTable& table) {
  return Parser(text, table).Parse();
}

}  // namespace assay
