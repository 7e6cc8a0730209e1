#include "passes/spelling.h"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "ir/op_table.h"

namespace assay {
namespace {

// An expression as a tree; an op that has a name is one node.
struct Node {
  enum class Kind : uint8_t { kOp, kInput, kConstant };
  Kind kind = Kind::kOp;
  absl::string_view type;
  bool commutes = false;
  int16_t input = -1;                        // kInput: which
  absl::InlinedVector<int16_t, 3> operands;  // indices of nodes
};
struct Tree {
  std::vector<Node> nodes;
  int16_t root = -1;
  int inputs = 0;
};

// Reads one expression; the rows are ours, so what is not one is a bug that the tests find.
class Parser {
 public:
  // Bit i of `omitted`: the i-th optional op is left out.
  Parser(absl::string_view text, int omitted) : text_(text), omitted_(omitted) {}

  Tree Parse() {
    while (true) {
      Skip();
      // "d = Sub(...);" gives its op a name.
      if (text_.size() > 3 && text_.substr(1, 3) == " = ") {
        const char name = text_[0];
        text_.remove_prefix(4);
        named_[name] = Expression();
        Skip();
        continue;
      }
      tree_.root = Expression();
      return std::move(tree_);
    }
  }

 private:
  void Skip() {
    while (!text_.empty() && (text_[0] == ' ' || text_[0] == ',' || text_[0] == ';')) {
      text_.remove_prefix(1);
    }
  }

  int16_t Expression() {
    Skip();
    size_t n = 0;
    while (n < text_.size() && std::isalnum(static_cast<unsigned char>(text_[n]))) ++n;
    const absl::string_view word = text_.substr(0, n);
    text_.remove_prefix(n);
    const bool optional = !text_.empty() && text_[0] == '?';
    if (optional) text_.remove_prefix(1);
    if (text_.empty() || text_[0] != '(') return Leaf(word);
    const bool omit = optional && ((omitted_ >> optionals_++) & 1) != 0;
    text_.remove_prefix(1);
    Node node;
    node.type = word;
    node.commutes = word == "Add" || word == "Mul" || word == "Max" || word == "Min";
    while (true) {
      Skip();
      if (text_.empty() || text_[0] == ')') break;
      node.operands.push_back(Expression());
    }
    if (!text_.empty()) text_.remove_prefix(1);
    if (omit) return node.operands[0];
    tree_.nodes.push_back(std::move(node));
    return static_cast<int16_t>(tree_.nodes.size() - 1);
  }

  int16_t Leaf(absl::string_view word) {
    Node node;
    if (word == "c") {
      node.kind = Node::Kind::kConstant;
    } else {
      auto [it, added] = named_.try_emplace(word.empty() ? '\0' : word[0],
                                            static_cast<int16_t>(tree_.nodes.size()));
      if (!added) return it->second;
      node.kind = Node::Kind::kInput;
      node.input = static_cast<int16_t>(tree_.inputs++);
    }
    tree_.nodes.push_back(std::move(node));
    return static_cast<int16_t>(tree_.nodes.size() - 1);
  }

  absl::string_view text_;
  const int omitted_;
  int optionals_ = 0;
  absl::flat_hash_map<char, int16_t> named_;  // letter to node
  Tree tree_;
};

struct Pattern {
  const SpellingRow* row;
  Tree tree;
};

// All rows, read on first use.
const std::vector<Pattern>& Patterns() {
  static const auto* const kPatterns = [] {
    auto* out = new std::vector<Pattern>();
    for (const SpellingRow& row : Spellings()) {
      const auto optionals = std::count(row.expression.begin(), row.expression.end(), '?');
      for (int omitted = 0; omitted < (1 << optionals); ++omitted) {
        out->push_back({&row, Parser(row.expression, omitted).Parse()});
      }
    }
    return out;
  }();
  return *kPatterns;
}

class Matcher {
 public:
  Matcher(const Graph& graph, const Execution& execution, const Flow& flow)
      : graph_(graph), execution_(execution), flow_(flow) {}

  // The spelling that ends in the op of that slot, which is of the root's type, or one without ops.
  Spelled Match(const Pattern& pattern, int32_t slot) {
    tree_ = &pattern.tree;
    if (!MayMatch(tree_->nodes[tree_->root], slot)) return {};
    state_.ops.clear();
    state_.changes.clear();
    state_.inputs.assign(tree_->inputs, ValueId());
    state_.bound.assign(tree_->nodes.size(), -1);
    if (!MatchOp(tree_->root, slot)) return {};
    Spelled found{.row = pattern.row};
    for (ValueId v : state_.inputs) {
      if (!v.has_value()) return {};
      if (std::find(found.inputs.begin(), found.inputs.end(), v) != found.inputs.end()) return {};
      found.inputs.push_back(v);
    }
    found.ops.assign(state_.ops.begin(), state_.ops.end());
    std::sort(found.ops.begin(), found.ops.end());
    found.ops.erase(std::unique(found.ops.begin(), found.ops.end()), found.ops.end());
    if (!IsClosed(graph_, flow_, found.ops, slot)) return {};
    return found;
  }

 private:
  // A quick look at the operands: most attempts end here, before anything is remembered.
  bool MayMatch(const Node& node, int32_t slot) const {
    for (int16_t operand : node.operands) {
      const Node& n = tree_->nodes[operand];
      if (n.kind != Node::Kind::kOp) continue;
      bool found = false;
      for (const Flow::Access& a : flow_.reads(slot)) {
        const int32_t w = flow_.writer(a.value);
        const OpRow* row = w < 0 ? nullptr : graph_.op(flow_.ops[w]).row;
        found |= row != nullptr && (row->name == n.type || row->name == "Cast");
      }
      if (!found) return false;
    }
    return true;
  }

  // What has been taken for what, and in which order, so that it can be taken back.
  struct State {
    absl::InlinedVector<int32_t, 16> ops;
    absl::InlinedVector<ValueId, 3> inputs;
    absl::InlinedVector<int32_t, 24> bound;    // by node: the slot that it is
    absl::InlinedVector<int16_t, 24> changes;  // a node that was bound; ~i: input i that was
  };
  struct Mark {
    size_t ops, changes;
  };
  Mark Here() const { return {state_.ops.size(), state_.changes.size()}; }
  void BackTo(const Mark& mark) {
    state_.ops.resize(mark.ops);
    while (state_.changes.size() > mark.changes) {
      const int16_t change = state_.changes.back();
      state_.changes.pop_back();
      if (change >= 0) {
        state_.bound[change] = -1;
      } else {
        state_.inputs[~change] = ValueId();
      }
    }
  }
  void Bind(int16_t node, int32_t slot) {
    state_.bound[node] = slot;
    state_.changes.push_back(node);
  }

  ValueId BufferOf(ValueId operand) const { return flow_.buffer(execution_.root[operand.index]); }

  bool MatchValue(int16_t node, ValueId operand) {
    const ValueId v = BufferOf(operand);
    const Node& n = tree_->nodes[node];
    switch (n.kind) {
      case Node::Kind::kInput:
        if (state_.inputs[n.input].has_value()) return state_.inputs[n.input] == v;
        if (IsConstantOperand(graph_, execution_, operand)) return false;
        state_.inputs[n.input] = v;
        state_.changes.push_back(static_cast<int16_t>(~n.input));
        return true;
      case Node::Kind::kConstant:
        return IsConstantOperand(graph_, execution_, operand);
      case Node::Kind::kOp: {
        const int32_t writer = flow_.writer(v);
        return writer >= 0 && MatchOp(node, writer);
      }
    }
    return false;
  }

  bool MatchOp(int16_t node, int32_t slot) {
    if (state_.bound[node] >= 0) return state_.bound[node] == slot;
    const Node& n = tree_->nodes[node];
    const OpRow* row = graph_.op(flow_.ops[slot]).row;
    if (row == nullptr || (row->name == n.type && !MayMatch(n, slot))) return false;
    const absl::Span<const ValueId> in = graph_.inputs(flow_.ops[slot]);
    const Mark before = Here();
    if (row->name != n.type) {
      if (row->name != "Cast" || !in[0].has_value()) return false;
      const int32_t writer = flow_.writer(BufferOf(in[0]));
      if (writer < 0) return false;
      state_.ops.push_back(slot);
      if (!MatchOp(node, writer)) {
        BackTo(before);
        return false;
      }
      Bind(node, slot);
      return true;
    }
    if (in.size() > n.operands.size()) return false;
    for (bool swapped : {false, true}) {
      if (swapped && !n.commutes) break;
      BackTo(before);
      state_.ops.push_back(slot);
      Bind(node, slot);
      bool ok = true;
      for (size_t i = 0; i < in.size() && ok; ++i) {
        const size_t k = swapped ? in.size() - 1 - i : i;
        if (!in[i].has_value()) continue;
        ok = MatchValue(n.operands[k], in[i]);
      }
      // What is missing at the end must be optional constants (the bounds of a Clip).
      for (size_t i = in.size(); i < n.operands.size() && ok; ++i) {
        ok = tree_->nodes[n.operands[i]].kind == Node::Kind::kConstant;
      }
      if (ok) return true;
    }
    BackTo(before);
    return false;
  }

  const Graph& graph_;
  const Execution& execution_;
  const Flow& flow_;
  const Tree* tree_ = nullptr;
  State state_;
};

}  // namespace

bool IsConstantOperand(const Graph& graph, const Execution& execution, ValueId v) {
  if (execution.is_weight(v)) return true;
  const Value& value = graph.value(v);
  return value.def == Value::Def::kOp && execution.exec[value.op.index] == Exec::kShape;
}

bool IsClosed(const Graph& graph, const Flow& flow, absl::Span<const int32_t> ascending,
              int32_t last) {
  const RegionId region = graph.op(flow.ops[last]).region;
  for (int32_t s : ascending) {
    if (graph.op(flow.ops[s]).region != region) return false;
    if (s == last) continue;
    for (const Flow::Access& w : flow.writes(s)) {
      if (flow.escapes(w.value)) return false;
      for (int32_t reader : flow.readers(w.value)) {
        if (!std::binary_search(ascending.begin(), ascending.end(), reader)) return false;
      }
    }
  }
  return ascending.back() == last;
}

std::vector<Spelled> FindSpellings(const Graph& graph, const Execution& execution, const Flow& flow,
                                   absl::Span<const SpellingRow* const> rows) {
  // The patterns that end in an operator, by its row.
  absl::flat_hash_map<const OpRow*, std::vector<const Pattern*>> by_row;
  std::vector<Spelled> out;
  std::vector<uint8_t> taken(flow.ops.size(), 0);
  Matcher matcher(graph, execution, flow);
  // From the back, so that a longer spelling is met before the shorter one inside it.
  for (int32_t s = static_cast<int32_t>(flow.ops.size()) - 1; s >= 0; --s) {
    const OpRow* row = graph.op(flow.ops[s]).row;
    if (row == nullptr || taken[s]) continue;
    auto [it, added] = by_row.try_emplace(row);
    if (added) {
      for (const Pattern& p : Patterns()) {
        if (p.tree.nodes[p.tree.root].type == row->name &&
            std::find(rows.begin(), rows.end(), p.row) != rows.end()) {
          it->second.push_back(&p);
        }
      }
    }
    for (const Pattern* p : it->second) {
      Spelled found = matcher.Match(*p, s);
      if (found.ops.empty()) continue;
      bool free = true;
      for (int32_t o : found.ops) free &= !taken[o];
      if (!free) continue;
      for (int32_t o : found.ops) taken[o] = 1;
      out.push_back(std::move(found));
      break;
    }
  }
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace assay
