#include "analyzer/onnx/order.h"

#include <algorithm>
#include <functional>
#include <queue>

#include "absl/strings/str_cat.h"

namespace assay {

std::string DescribeNode(const RawModel& model, const GraphBuilder& names, const RawNode& node,
                         int64_t index) {
  absl::string_view type = names.str(node.type);
  if (absl::string_view name = names.str(node.name); !name.empty()) {
    return absl::StrCat(type, " `", name, "`");
  }
  for (NameId out : model.outputs(node)) {
    if (!names.str(out).empty()) return absl::StrCat(type, " that makes `", names.str(out), "`");
  }
  return absl::StrCat(type, " (node ", index, ")");
}

std::string NodeOrder::Definer(const RawGraph& graph, int32_t by) const {
  if (by == kInput) return "an input";
  if (by == kInitializer) return "an initializer";
  return DescribeNode(model_, names_, graph.nodes[by], by);
}

absl::Status NodeOrder::Define(const RawGraph& graph, NameId name, int32_t by) {
  if (names_.str(name).empty()) return absl::OkStatus();
  const size_t i = static_cast<size_t>(name.index);
  if (i >= definer_.size()) definer_.resize(i + i / 2 + 64, kNobody);
  int32_t& definer = definer_[i];
  // An initializer may give an input its default.
  if (definer != kNobody && !(definer == kInput && by == kInitializer)) {
    std::string who = absl::StrCat("by ", Definer(graph, definer), " and by ", Definer(graph, by));
    if (definer == by) {
      who = by == kInput         ? "by two inputs"
            : by == kInitializer ? "by two initializers"
                                 : absl::StrCat("both times by ", Definer(graph, by));
    }
    return absl::InvalidArgumentError(absl::StrCat("value `", names_.str(name),
                                                   "` is defined twice, ", who,
                                                   "; give one of them another name"));
  }
  definer = by;
  defined_.push_back(name);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<int32_t>> NodeOrder::Of(const RawGraph& graph,
                                                   absl::Span<const NameId> inputs) {
  struct Reset {
    NodeOrder& o;
    ~Reset() {
      for (NameId name : o.defined_) o.definer_[name.index] = kNobody;
      o.defined_.clear();
    }
  } reset{*this};
  for (NameId name : inputs) {
    if (absl::Status s = Define(graph, name, kInput); !s.ok()) return s;
  }
  for (const RawInitializer& v : graph.initializers) {
    if (absl::Status s = Define(graph, v.name, kInitializer); !s.ok()) return s;
  }
  const int32_t n = static_cast<int32_t>(graph.nodes.size());
  for (int32_t i = 0; i < n; ++i) {
    for (NameId name : model_.outputs(graph.nodes[i])) {
      if (absl::Status s = Define(graph, name, i); !s.ok()) return s;
    }
  }
  for (int32_t i = 0; i < n; ++i) {
    bool later = false;
    model_.ForEachUse(graph.nodes[i], [&](NameId name) { later |= DefinerOf(name) >= i; });
    if (later) return Sort(graph);
  }
  return std::vector<int32_t>();
}

// Kahn's algorithm; of the nodes that are ready, the first in the file goes first.
absl::StatusOr<std::vector<int32_t>> NodeOrder::Sort(const RawGraph& graph) {
  const int32_t n = static_cast<int32_t>(graph.nodes.size());
  std::vector<uint32_t> begin(static_cast<size_t>(n) + 1, 0);  // users of node i: users[begin[i]..]
  std::vector<int32_t> waiting(static_cast<size_t>(n), 0);
  auto for_each_edge = [&](auto&& visit) {
    for (int32_t i = 0; i < n; ++i) {
      model_.ForEachUse(graph.nodes[i], [&](NameId name) {
        if (int32_t from = DefinerOf(name); from >= 0) visit(from, i);
      });
    }
  };
  for_each_edge([&](int32_t from, int32_t to) {
    ++begin[from + 1];
    ++waiting[to];
  });
  for (int32_t i = 0; i < n; ++i) begin[i + 1] += begin[i];
  std::vector<int32_t> users(begin[n]);
  std::vector<uint32_t> next(begin.begin(), begin.end() - 1);
  for_each_edge([&](int32_t from, int32_t to) { users[next[from]++] = to; });

  std::priority_queue<int32_t, std::vector<int32_t>, std::greater<int32_t>> ready;
  for (int32_t i = 0; i < n; ++i) {
    if (waiting[i] == 0) ready.push(i);
  }
  std::vector<int32_t> order;
  order.reserve(static_cast<size_t>(n));
  while (!ready.empty()) {
    int32_t i = ready.top();
    ready.pop();
    order.push_back(i);
    for (uint32_t u = begin[i]; u < begin[i + 1]; ++u) {
      if (--waiting[users[u]] == 0) ready.push(users[u]);
    }
  }
  if (order.size() == static_cast<size_t>(n)) return order;

  // Whoever still waits, waits for one that still waits: going back along such edges ends in a
  // cycle.
  std::vector<int32_t> seen_at(static_cast<size_t>(n), -1);
  int32_t at = 0;
  while (waiting[at] == 0) ++at;
  std::vector<int32_t> path;
  while (seen_at[at] < 0) {
    seen_at[at] = static_cast<int32_t>(path.size());
    path.push_back(at);
    int32_t from = -1;
    model_.ForEachUse(graph.nodes[at], [&](NameId name) {
      int32_t d = DefinerOf(name);
      if (from < 0 && d >= 0 && waiting[d] > 0) from = d;
    });
    at = from;
  }
  path.erase(path.begin(), path.begin() + seen_at[at]);
  std::rotate(path.begin(), std::min_element(path.begin(), path.end()), path.end());
  int32_t first = path[0];
  std::string who = DescribeNode(model_, names_, graph.nodes[first], first);
  if (path.size() == 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        who, " uses its own result; a graph cannot have cycles: export the model again"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat(who, " and ", path.size() - 1, path.size() == 2 ? " other node" : " other nodes",
                   " need each other's results in a circle (it needs ",
                   DescribeNode(model_, names_, graph.nodes[path[1]], path[1]),
                   "); a graph cannot have cycles: export the model again"));
}

}  // namespace assay
