#include "analyzer/group_table.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

namespace assay {
namespace {

// More lines than this are no summary.
constexpr size_t kReadable = 40;
constexpr int kDeepest = 64;
constexpr size_t kWidest = 70;  // of all titles together

template <class T>
std::optional<T> At(const std::vector<std::optional<T>>& v, size_t i) {
  return i < v.size() ? v[i] : std::nullopt;
}

}  // namespace

void GroupTable::Add(const Report& report, absl::Span<const double> op_seconds) {
  const size_t column = columns_++;
  if (grouping_.empty()) return;
  std::vector<int> path = {0};
  for (const Group& group : RollUp(report, grouping_, kDeepest, op_seconds)) {
    path.resize(static_cast<size_t>(group.level) + 1);
    const int parent = path.back();
    if (group.own) {
      Node& node = nodes_[parent];
      node.own.resize(column + 1);
      node.own[column] = group.cost;
      continue;
    }
    auto [at, fresh] = index_.try_emplace({parent, group.name}, static_cast<int>(nodes_.size()));
    if (fresh) {
      nodes_[parent].children.push_back(at->second);
      nodes_.push_back({.name = group.name, .path = group.path, .level = group.level});
    }
    Node& node = nodes_[at->second];
    node.all.resize(column + 1);
    node.all[column] = group.cost;
    path.push_back(at->second);
  }
}

void GroupTable::List(const Node& node, int depth, std::vector<Line>* out) const {
  if (node.children.empty()) return;
  const bool root = &node == &nodes_[0];
  const int level = root ? 0 : node.level + 1;
  if (level >= depth) return;
  // In a column where nothing stands deeper, all is its own.
  Line own{.name = "(own)", .path = node.path, .level = level, .own = true};
  bool any = false;
  for (size_t c = 0; c < columns_ && !root; ++c) {
    bool deeper = false;
    for (int child : node.children) deeper |= At(nodes_[child].all, c).has_value();
    own.costs.push_back(deeper ? At(node.own, c) : At(node.all, c));
    any |= own.costs.back().has_value();
  }
  if (any) out->push_back(std::move(own));
  for (int i : node.children) {
    const Node& child = nodes_[i];
    Line line{.name = child.name, .path = child.path, .level = level};
    for (size_t c = 0; c < columns_; ++c) line.costs.push_back(At(child.all, c));
    out->push_back(std::move(line));
    List(child, depth, out);
  }
}

std::vector<GroupTable::Line> GroupTable::Lines() const {
  std::vector<Line> lines;
  if (depth_ > 0) {
    List(nodes_[0], depth_, &lines);
    return lines;
  }
  for (int depth = 1; depth <= kDeepest; ++depth) {
    std::vector<Line> deeper;
    List(nodes_[0], depth, &deeper);
    if (depth > 1 && (deeper.size() > kReadable || deeper.size() == lines.size())) break;
    lines = std::move(deeper);
  }
  return lines;
}

Table GroupTable::AsTable(absl::Span<const Shown> shown, bool seconds) const {
  Table table{.key = absl::StrCat("by_", grouping_),
              .title = absl::StrCat(seconds ? "time" : "MACs", " by ", grouping_),
              .columns = {{grouping_, grouping_},
                          {"path", "path", Quantity::kText, true},
                          {"own", "own", Quantity::kText, true}}};
  size_t width = 0;
  for (const Shown& s : shown) width += s.title.size() + 2;
  for (size_t i = 0; i < shown.size(); ++i) {
    // Programs find a column by the row's number.
    table.columns.push_back({absl::StrCat("row_", i + 1),
                             width > kWidest ? absl::StrCat("#", i + 1) : shown[i].title,
                             seconds ? Quantity::kSeconds : Quantity::kCount});
  }
  for (const Line& line : Lines()) {
    TableRow out{.cells = {line.name, line.path, line.own}, .level = line.level};
    for (const Shown& s : shown) {
      const std::optional<GroupCost>& cost = line.costs[s.column];
      out.cells.push_back(!cost.has_value() ? Cell()
                          : seconds         ? Cell(cost->seconds)
                                            : Cell(cost->macs));
    }
    table.rows.push_back(std::move(out));
  }
  return table;
}

}  // namespace assay
