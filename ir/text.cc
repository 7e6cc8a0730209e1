// The printer. The parser is in ir/text_parser.cc, the tokens of both in ir/text_lexer.cc.
#include "ir/text.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "ir/text_lexer.h"

namespace assay {
namespace {

// Words that mean something where an op's type may stand.
constexpr absl::string_view kReserved[] = {"arg", "weight", "return", "_",     "at",
                                           "in",  "of",     "file",   "typed", "external"};

class Printer {
 public:
  Printer(const Graph& graph, const PrintOptions& options)
      : g_(graph), options_(options), suffix_(graph.num_values()), weights_(graph.num_regions()) {
    for (int i = 0; i < g_.num_values(); ++i) {
      const Value& v = g_.value(ValueId(i));
      if (v.def != Value::Def::kWeight) continue;
      weights_[v.region.index].push_back(ValueId(i));
      ++constants_[v.constant.index].met;
    }
    for (int i = 0; i < g_.num_ops(); ++i) {
      for (const Attr& attr : g_.attrs(OpId(i))) {
        if (attr.kind == AttrKind::kTensor) ++constants_[attr.i].met;
        if (attr.kind == AttrKind::kTensors) {
          for (int64_t c : attr.ints) ++constants_[c].met;
        }
      }
    }
    for (const auto& [domain, version] : g_.source().opsets) {
      opsets_.try_emplace(domain == "ai.onnx" ? std::string() : domain, version);
    }
  }

  std::string Print() && {
    PrintHeader();
    out_ += "graph ";
    PrintBody(Graph::kMain, 0);
    out_ += '\n';
    PrintLines(options_.footer);
    return std::move(out_);
  }

 private:
  // How often a constant occurs in the text, and its number once a second place needs one.
  struct ConstantUse {
    int met = 0;
    int number = 0;
  };

  void Name(NameId id) { AppendName(g_.str(id), &out_); }
  void Name(absl::string_view s) { AppendName(s, &out_); }
  template <class... T>
  void Put(const T&... t) {
    absl::StrAppend(&out_, t...);
  }
  void Indent(int depth) { out_.append(2 * depth, ' '); }

  // Prints items with commas between them.
  template <class Items, class Print>
  void List(const Items& items, Print print) {
    bool first = true;
    for (const auto& item : items) {
      if (!first) out_ += ", ";
      first = false;
      print(item);
    }
  }

  void PrintHeader() {
    const SourceInfo& s = g_.source();
    out_ += "assay-ir 1\n";
    auto line = [&](absl::string_view word, auto... names) {
      Put(word);
      ((out_ += ' ', Name(absl::string_view(names))), ...);
      out_ += '\n';
    };
    if (!s.file.empty()) line("file", s.file);
    if (!s.name.empty()) line("name", s.name);
    if (!s.producer.empty() || !s.producer_version.empty()) {
      line("producer", s.producer, s.producer_version);
    }
    if (s.ir_version != 0) Put("ir_version ", s.ir_version, "\n");
    for (const auto& [domain, version] : s.opsets) {
      Put("opset ");
      Name(domain);
      Put(" ", version, "\n");
    }
    for (const auto& [key, value] : s.metadata) line("metadata", key, value);
    for (const Diagnostic& d : g_.diagnostics()) line("diagnostic", d.where, d.message);
  }

  // A comment may hold anything but a line's end.
  void PrintComment(absl::string_view text) {
    out_ += "  // ";
    for (char c : text) out_ += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  void PrintLines(absl::string_view text) {
    if (text.empty()) return;
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      PrintComment(line);
      out_ += '\n';
    }
  }
  std::string TypeOf(ValueId v) const { return options_.type_of ? options_.type_of(v) : ""; }
  void EndLine(absl::string_view comment) {
    if (!comment.empty()) PrintComment(comment);
    out_ += '\n';
  }

  // Gives the value its number among those of its name, and prints it with its claim.
  void PrintDefinition(ValueId id) {
    suffix_[id.index] = names_met_[g_.value(id).name.index]++;
    PrintOperand(id);
    const ClaimedType* claim = g_.claim_of(id);
    if (claim == nullptr || claim->kind == TypeKind::kUnknown) return;
    out_ += ": ";
    PrintClaim(*claim);
  }
  void PrintOperand(ValueId id) {
    if (!id.has_value()) {
      out_ += '_';
    } else {
      AppendValueName(g_.name(id), suffix_[id.index], &out_);
    }
  }

  void PrintClaim(const ClaimedType& claim) {
    switch (claim.kind) {
      case TypeKind::kUnknown:
        out_ += '?';
        return;
      case TypeKind::kTensor:
        if (claim.sparse) out_ += "sparse ";
        Put(assay::Name(claim.dtype));
        if (!claim.ranked) {
          out_ += "[*]";
          return;
        }
        out_ += '[';
        List(claim.dims, [&](const ClaimedDim& d) {
          if (d.value >= 0) {
            Put(d.value);
          } else if (d.symbol.has_value()) {
            Name(d.symbol);
          } else {
            out_ += '?';
          }
        });
        out_ += ']';
        return;
      case TypeKind::kSequence:
      case TypeKind::kOptional:
        out_ += claim.kind == TypeKind::kSequence ? "seq" : "opt";
        if (claim.element.empty()) return;
        out_ += '<';
        PrintClaim(claim.element[0]);
        out_ += '>';
        return;
      case TypeKind::kMap:
        Put("map<", assay::Name(claim.dtype));
        if (!claim.element.empty()) {
          out_ += ", ";
          PrintClaim(claim.element[0]);
        }
        out_ += '>';
        return;
    }
  }

  // The contents of a small tensor that the reader can fetch.
  std::vector<Elem> Contents(const Constant& c) const {
    if (c.sparse || c.stored_elements <= 0 || c.stored_elements > options_.max_elements ||
        c.payload.kind == Payload::Kind::kInline) {
      return {};
    }
    if (!IsFloat(c.dtype) && !IsInteger(c.dtype) && c.dtype != DType::kBool) return {};
    auto elems = StoredElements(g_, c);
    if (!elems.ok() || !absl::c_all_of(*elems, [](const Elem& e) { return e.constant(); })) {
      return {};
    }
    return *std::move(elems);
  }

  // `context` is the name that a constant without one of its own is taken to have.
  void PrintConstant(ConstantId id, absl::string_view context) {
    ConstantUse& use = constants_[id.index];
    if (use.number != 0) {
      Put("!", use.number);
      return;
    }
    if (use.met > 1) {
      use.number = ++numbered_;
      Put("!", use.number, " ");
    }
    const Constant& c = g_.constant(id);
    if (g_.str(c.name) != context) {
      AppendString(g_.str(c.name), &out_);
      out_ += ' ';
    }
    if (c.sparse) Put("sparse(", c.stored_elements, ") ");
    Put(assay::Name(c.dtype), "[");
    List(c.dims, [&](int64_t d) { Put(d); });
    out_ += ']';
    if (std::vector<Elem> elems = Contents(c); !elems.empty()) {
      out_ += " {";
      List(elems, [&](const Elem& e) {
        if (IsFloat(c.dtype)) {
          AppendReal(e.AsReal(), &out_);
        } else {
          Put(e.is_int() ? e.num.value() : static_cast<int64_t>(e.real));
        }
      });
      out_ += '}';
      return;
    }
    PrintPayload(c.payload);
  }

  void PrintPayload(const Payload& p) {
    switch (p.kind) {
      case Payload::Kind::kAbsent:
        return;
      case Payload::Kind::kFile:
        Put(" file(", p.offset, ", ", p.bytes, ")");
        return;
      case Payload::Kind::kTyped:
        Put(" typed(", p.offset, ", ", p.bytes, ")");
        return;
      case Payload::Kind::kExternal:
        out_ += " external(";
        Name(p.path);
        Put(", ", p.offset, ", ", p.bytes, ")");
        return;
      case Payload::Kind::kInline:
        out_ += " {";  // at most one of the three holds anything
        List(p.ints, [&](int64_t i) { Put(i); });
        List(p.reals, [&](double r) { AppendReal(r, &out_); });
        List(p.strings, [&](NameId s) { AppendString(g_.str(s), &out_); });
        out_ += '}';
        return;
    }
  }

  void PrintAttr(const Attr& a, int depth) {
    Name(a.name);
    out_ += " = ";
    switch (a.kind) {
      case AttrKind::kInt:
        Put(a.i);
        return;
      case AttrKind::kFloat:
        AppendReal(a.f, &out_);
        return;
      case AttrKind::kString:
        AppendString(g_.str(a.s), &out_);
        return;
      case AttrKind::kInts:
        out_ += a.ints.empty() ? "ints[" : "[";
        List(a.ints, [&](int64_t i) { Put(i); });
        out_ += ']';
        return;
      case AttrKind::kFloats:
        out_ += a.floats.empty() ? "reals[" : "[";
        List(a.floats, [&](double f) { AppendReal(f, &out_); });
        out_ += ']';
        return;
      case AttrKind::kStrings:
        out_ += a.strings.empty() ? "strings[" : "[";
        List(a.strings, [&](NameId s) { AppendString(g_.str(s), &out_); });
        out_ += ']';
        return;
      case AttrKind::kTensor:
        out_ += "tensor ";
        PrintConstant(ConstantId(a.i), "");
        return;
      case AttrKind::kTensors:
        out_ += "tensors(";
        List(a.ints, [&](int64_t c) { PrintConstant(ConstantId(c), ""); });
        out_ += ')';
        return;
      case AttrKind::kRegion:
        PrintBody(RegionId(a.i), depth);
        return;
      case AttrKind::kRegions: {
        // Several regions under one name are as many attributes.
        bool first = true;
        for (int64_t r : a.ints) {
          if (!first) {
            out_ += ",\n";
            Indent(depth);
            Name(a.name);
            out_ += " = ";
          }
          first = false;
          PrintBody(RegionId(r), depth);
        }
        return;
      }
      case AttrKind::kType:
        out_ += "type ";
        PrintClaim(g_.claim(a.i));
        return;
    }
  }

  void PrintAttrs(OpId id, int depth) {
    absl::Span<const Attr> attrs = g_.attrs(id);
    if (attrs.empty()) return;
    if (g_.regions(id).empty()) {
      out_ += " {";
      List(attrs, [&](const Attr& a) { PrintAttr(a, depth); });
      out_ += '}';
      return;
    }
    out_ += " {\n";
    for (size_t i = 0; i < attrs.size(); ++i) {
      Indent(depth + 1);
      PrintAttr(attrs[i], depth + 1);
      out_ += i + 1 < attrs.size() ? ",\n" : "\n";
    }
    Indent(depth);
    out_ += '}';
  }

  void PrintOp(OpId id, int depth) {
    const Op& op = g_.op(id);
    std::string comment;
    List(g_.outputs(id), [&](ValueId v) {
      if (!v.has_value()) {
        out_ += '_';
        return;
      }
      PrintDefinition(v);
      if (std::string type = TypeOf(v); !type.empty()) {
        absl::StrAppend(&comment, comment.empty() ? "" : ", ", type);
      }
    });
    if (!g_.outputs(id).empty()) out_ += " = ";
    if (absl::c_linear_search(kReserved, g_.str(op.type))) {
      AppendString(g_.str(op.type), &out_);
    } else {
      Name(op.type);
    }
    auto opset = opsets_.find(g_.str(op.domain));
    const bool usual = op.opset == (opset == opsets_.end() ? 0 : opset->second);
    if (!usual || !g_.str(op.domain).empty()) {
      out_ += '<';
      if (!g_.str(op.domain).empty()) Name(op.domain);
      if (!usual) Put(g_.str(op.domain).empty() ? "" : " ", op.opset);
      out_ += '>';
    }
    out_ += '(';
    List(g_.inputs(id), [&](ValueId v) { PrintOperand(v); });
    out_ += ')';
    PrintAttrs(id, depth);
    auto place = [&](absl::string_view word, NameId name, bool present) {
      if (!present) return;
      Put(" ", word, " ");
      Name(name);
    };
    const Location& at = op.location;
    place("at", at.name, !g_.str(at.name).empty());
    place("in", at.scope, !g_.str(at.scope).empty());
    place("of", at.module, at.module.has_value());
    if (options_.note) {
      if (std::string note = options_.note(id); !note.empty()) {
        absl::StrAppend(&comment, comment.empty() ? "" : "; ", note);
      }
    }
    EndLine(comment);
  }

  void PrintBody(RegionId id, int depth) {
    const Region& region = g_.region(id);
    out_ += "{\n";
    for (ValueId v : region.args) {
      Indent(depth + 1);
      out_ += "arg ";
      PrintDefinition(v);
      EndLine(TypeOf(v));
    }
    for (ValueId v : weights_[id.index]) {
      Indent(depth + 1);
      out_ += "weight ";
      PrintDefinition(v);
      out_ += " = ";
      PrintConstant(g_.value(v).constant, g_.name(v));
      EndLine(TypeOf(v));
    }
    for (OpId op : g_.ops(id)) {
      Indent(depth + 1);
      PrintOp(op, depth + 1);
    }
    Indent(depth + 1);
    out_ += region.results.empty() ? "return" : "return ";
    List(region.results, [&](ValueId v) { PrintOperand(v); });
    out_ += '\n';
    Indent(depth);
    out_ += '}';
  }

  const Graph& g_;
  const PrintOptions& options_;
  std::string out_;
  std::vector<int64_t> suffix_;                      // by ValueId
  std::vector<std::vector<ValueId>> weights_;        // by RegionId
  absl::flat_hash_map<int32_t, int64_t> names_met_;  // by NameId: values of that name so far
  absl::flat_hash_map<int64_t, ConstantUse> constants_;
  absl::flat_hash_map<std::string, int64_t> opsets_;
  int numbered_ = 0;
};

}  // namespace

std::string PrintGraph(const Graph& graph, const PrintOptions& options) {
  return Printer(graph, options).Print();
}

}  // namespace assay
