#include "passes/spelling.h"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "ir/op_table.h"

namespace assay {

absl::Span<const SpellingRow> Activations() {
  static constexpr SpellingRow kRows[] = {
      // 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))): Hendrycks and Gimpel, arXiv 1606.08415.
      {"GeluTanh", "Mul(Mul(x, c), Add(Tanh(Mul(Add(x, Mul(Pow(x, c), c)), c)), c))"},
      {"GeluTanh", "Mul(Mul(x, Add(Tanh(Mul(Add(x, Mul(Pow(x, c), c)), c)), c)), c)"},
      {"GeluTanh", "Mul(Mul(x, c), Add(Tanh(Mul(Add(x, Mul(Mul(Mul(x, x), x), c)), c)), c))"},
      // x / 2 (1 + erf(x / sqrt(2))): the same paper, exactly.
      {"Gelu", "Mul(Mul(x, Add(Erf(Div(x, c)), c)), c)"},
      {"Gelu", "Mul(Mul(x, c), Add(Erf(Div(x, c)), c))"},
      {"Gelu", "Mul(x, Mul(Add(Erf(Div(x, c)), c), c))"},
      {"Gelu", "Mul(Mul(x, Add(Erf(Mul(x, c)), c)), c)"},
      {"Gelu", "Mul(Mul(x, c), Add(Erf(Mul(x, c)), c))"},
      {"HardSwish", "Div(Mul(x, Clip(Add(x, c), c, c)), c)"},
      {"HardSwish", "Mul(Mul(x, Clip(Add(x, c), c, c)), c)"},
      {"HardSwish", "Mul(x, Div(Clip(Add(x, c), c, c), c))"},
      {"HardSwish", "Mul(x, Mul(Clip(Add(x, c), c, c), c))"},
      {"HardSwish", "Mul(x, HardSigmoid(x))"},
      {"HardSigmoid", "Div(Clip(Add(x, c), c, c), c)"},
      {"Mish", "Mul(x, Tanh(Softplus(x)))"},
      {"QuickGelu", "Mul(x, Sigmoid(Mul(x, c)))"},
      {"SiLU", "Mul(x, Sigmoid(x))"},
  };
  return kRows;
}

namespace {

// An expression as a tree, root first.
struct Node {
  enum class Kind : uint8_t { kOp, kInput, kConstant };
  Kind kind = Kind::kOp;
  absl::string_view type;
  bool commutes = false;
  absl::InlinedVector<int16_t, 3> operands;  // indices of nodes
};
using Tree = std::vector<Node>;

// Reads one expression; the rows are ours, so what is not one is a bug that the tests find.
int16_t Parse(absl::string_view* text, Tree* tree) {
  auto skip = [&] {
    while (!text->empty() && (text->front() == ' ' || text->front() == ',')) text->remove_prefix(1);
  };
  skip();
  size_t n = 0;
  while (n < text->size() && std::isalnum(static_cast<unsigned char>((*text)[n]))) ++n;
  const absl::string_view word = text->substr(0, n);
  text->remove_prefix(n);
  const int16_t index = static_cast<int16_t>(tree->size());
  tree->emplace_back();
  if (text->empty() || text->front() != '(') {
    (*tree)[index].kind = word == "x" ? Node::Kind::kInput : Node::Kind::kConstant;
    return index;
  }
  text->remove_prefix(1);
  (*tree)[index].type = word;
  (*tree)[index].commutes = word == "Add" || word == "Mul";
  while (true) {
    skip();
    if (text->empty()) return index;
    if (text->front() == ')') {
      text->remove_prefix(1);
      return index;
    }
    const int16_t operand = Parse(text, tree);
    (*tree)[index].operands.push_back(operand);
  }
}

struct Pattern {
  const SpellingRow* row;
  Tree tree;
};

std::vector<Pattern> Compile(absl::Span<const SpellingRow> rows) {
  std::vector<Pattern> out;
  for (const SpellingRow& row : rows) {
    Pattern p{&row, {}};
    absl::string_view text = row.expression;
    Parse(&text, &p.tree);
    out.push_back(std::move(p));
  }
  return out;
}

class Matcher {
 public:
  Matcher(const Graph& graph, const Execution& execution, const Flow& flow)
      : graph_(graph), execution_(execution), flow_(flow) {}

  // The spelling that ends in the op of that slot, or one without ops.
  Spelled Match(const Pattern& pattern, int32_t slot) {
    found_ = Spelled{.row = pattern.row};
    if (!MatchOp(pattern.tree, 0, slot) || !found_.input.has_value()) return {};
    std::sort(found_.ops.begin(), found_.ops.end());
    found_.ops.erase(std::unique(found_.ops.begin(), found_.ops.end()), found_.ops.end());
    return Closed(slot) ? std::move(found_) : Spelled{};
  }

 private:
  bool MatchValue(const Tree& tree, int16_t node, ValueId operand) {
    const ValueId v = execution_.root[operand.index];
    switch (tree[node].kind) {
      case Node::Kind::kInput:
        if (found_.input.has_value()) return found_.input == v;
        if (execution_.is_weight(operand)) return false;
        found_.input = v;
        return true;
      case Node::Kind::kConstant:
        return IsConstantOperand(graph_, execution_, operand);
      case Node::Kind::kOp: {
        const int32_t writer = flow_.writer(v);
        return writer >= 0 && MatchOp(tree, node, writer);
      }
    }
    return false;
  }

  bool MatchOp(const Tree& tree, int16_t node, int32_t slot) {
    const Node& n = tree[node];
    const OpRow* row = graph_.op(flow_.ops[slot]).row;
    if (row == nullptr || row->name != n.type) return false;
    const absl::Span<const ValueId> in = graph_.inputs(flow_.ops[slot]);
    if (in.size() > n.operands.size()) return false;
    const Spelled before = found_;
    for (bool swapped : {false, true}) {
      if (swapped && !n.commutes) break;
      found_ = before;
      found_.ops.push_back(slot);
      bool ok = true;
      for (size_t i = 0; i < in.size() && ok; ++i) {
        const size_t k = swapped ? in.size() - 1 - i : i;
        if (!in[i].has_value()) continue;
        ok = MatchValue(tree, n.operands[k], in[i]);
      }
      // What is missing at the end must be optional constants (the bounds of a Clip).
      for (size_t i = in.size(); i < n.operands.size() && ok; ++i) {
        ok = tree[n.operands[i]].kind == Node::Kind::kConstant;
      }
      if (ok) return true;
    }
    found_ = before;
    return false;
  }

  // All in one region, and only the last result is read outside.
  bool Closed(int32_t last) const {
    const RegionId region = graph_.op(flow_.ops[last]).region;
    for (int32_t s : found_.ops) {
      if (graph_.op(flow_.ops[s]).region != region) return false;
      if (s == last) continue;
      for (const Flow::Access& w : flow_.writes(s)) {
        if (flow_.escapes(w.value)) return false;
        for (int32_t reader : flow_.readers(w.value)) {
          if (!std::binary_search(found_.ops.begin(), found_.ops.end(), reader)) return false;
        }
      }
    }
    return found_.ops.back() == last;
  }

  const Graph& graph_;
  const Execution& execution_;
  const Flow& flow_;
  Spelled found_;
};

}  // namespace

bool IsConstantOperand(const Graph& graph, const Execution& execution, ValueId v) {
  if (execution.is_weight(v)) return true;
  const Value& value = graph.value(v);
  return value.def == Value::Def::kOp && execution.exec[value.op.index] == Exec::kShape;
}

std::vector<Spelled> FindSpellings(const Graph& graph, const Execution& execution, const Flow& flow,
                                   absl::Span<const SpellingRow> rows) {
  const std::vector<Pattern> patterns = Compile(rows);
  // The patterns that end in an operator, by its row.
  absl::flat_hash_map<const OpRow*, std::vector<const Pattern*>> by_row;
  std::vector<Spelled> out;
  std::vector<uint8_t> taken(flow.ops.size(), 0);
  Matcher matcher(graph, execution, flow);
  // From the back, so that a longer spelling is met before the shorter one inside it.
  for (int32_t s = static_cast<int32_t>(flow.ops.size()) - 1; s >= 0; --s) {
    const OpRow* row = graph.op(flow.ops[s]).row;
    if (row == nullptr || row->role != Role::kPointwise || taken[s]) continue;
    auto [it, added] = by_row.try_emplace(row);
    if (added) {
      for (const Pattern& p : patterns) {
        if (p.tree[0].type == row->name) it->second.push_back(&p);
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
