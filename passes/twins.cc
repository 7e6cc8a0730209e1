#include "passes/twins.h"

#include <bit>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "ir/op_table.h"

namespace assay {
namespace {

constexpr int64_t kSmall = 64;  // elements of a tensor that is told by its contents

std::string TextOf(absl::Span<const Elem> elems) {
  std::string out;
  for (const Elem& e : elems) {
    if (e.is_int() && e.num.known()) {
      absl::StrAppend(&out, e.num.value(), ",");
    } else if (e.kind == Elem::Kind::kReal) {
      absl::StrAppend(&out, std::bit_cast<uint64_t>(e.real), ",");
    } else {
      return "";
    }
  }
  return out;
}

class Numbering {
 public:
  Numbering(const Graph& graph, const Shapes& shapes)
      : graph_(graph), shapes_(shapes), of_(graph.num_values(), -1) {}

  // Equal texts, equal numbers.
  int32_t Of(std::string text) {
    return numbers_.try_emplace(std::move(text), static_cast<int32_t>(numbers_.size()))
        .first->second;
  }

  int32_t OfValue(ValueId v) {
    if (!v.has_value()) return -2;
    int32_t& n = of_[v.index];
    if (n < 0) {
      const Value& value = graph_.value(v);
      n = Of(value.def == Value::Def::kWeight ? OfConstant(value.constant, v)
                                              : absl::StrCat("value ", v.index));
    }
    return n;
  }
  void Set(ValueId v, int32_t number) { of_[v.index] = number; }

  // The op with its attributes and operands; empty: like no other.
  std::string TextOf(OpId id) {
    const Op& op = graph_.op(id);
    if (op.row == nullptr || op.row->random || op.subtree_end.index != id.index + 1) return "";
    std::string out = absl::StrCat("op ", op.domain.index, " ", op.type.index, " ", op.opset, " ",
                                   op.region.index, "(");
    for (ValueId v : graph_.inputs(id)) absl::StrAppend(&out, OfValue(v), ",");
    for (const Attr& a : graph_.attrs(id)) {
      if (a.kind == AttrKind::kRegion || a.kind == AttrKind::kRegions) return "";
      absl::StrAppend(&out, ";", a.name.index, "=", static_cast<int>(a.kind), ":");
      if (a.kind == AttrKind::kTensor) {
        absl::StrAppend(&out, OfConstant(ConstantId(a.i), ValueId()));
        continue;
      }
      absl::StrAppend(&out, a.i, " ", std::bit_cast<uint64_t>(a.f), " ", a.s.index);
      for (int64_t i : a.ints) absl::StrAppend(&out, " ", i);
      for (double f : a.floats) absl::StrAppend(&out, " ", std::bit_cast<uint64_t>(f));
      for (NameId s : a.strings) absl::StrAppend(&out, " ", s.index);
    }
    return out;
  }

 private:
  // Small tensors by what they hold, where that can be had.
  std::string OfConstant(ConstantId id, ValueId v) const {
    const Constant& c = graph_.constant(id);
    std::string elements;
    if (c.stored_elements <= kSmall && !c.sparse) {
      if (v.has_value() && shapes_.value(v) != nullptr) {
        elements = assay::TextOf(shapes_.value(v)->elems);
      } else if (const auto stored = StoredElements(graph_, c); stored.ok()) {
        elements = assay::TextOf(*stored);
      }
    }
    if (elements.empty()) return absl::StrCat("constant ", id.index);
    std::string out = absl::StrCat("tensor ", static_cast<int>(c.dtype), "[");
    for (int64_t d : c.dims) absl::StrAppend(&out, d, ",");
    return absl::StrCat(out, "]", elements);
  }

  const Graph& graph_;
  const Shapes& shapes_;
  std::vector<int32_t> of_;  // by ValueId
  absl::flat_hash_map<std::string, int32_t> numbers_;
};

}  // namespace

std::vector<int32_t> FindTwins(const Graph& graph, const Shapes& shapes, const Flow& flow) {
  std::vector<int32_t> out(flow.ops.size(), -1);
  Numbering numbering(graph, shapes);
  absl::flat_hash_map<int32_t, int32_t> first;  // slot of the first op, by number
  for (OpId op(0); op.index < graph.num_ops(); ++op.index) {
    const std::string text = numbering.TextOf(op);
    if (text.empty()) continue;
    const int32_t number = numbering.Of(text);
    const absl::Span<const ValueId> results = graph.outputs(op);
    for (size_t i = 0; i < results.size(); ++i) {
      if (results[i].has_value()) {
        numbering.Set(results[i], numbering.Of(absl::StrCat("result ", number, " ", i)));
      }
    }
    const int32_t s = flow.slot[op.index];
    if (s < 0) continue;
    const auto [it, added] = first.try_emplace(number, s);
    if (!added && flow.writes(s).size() == flow.writes(it->second).size()) out[s] = it->second;
  }
  return out;
}

}  // namespace assay
