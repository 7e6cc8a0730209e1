#include "analyzer/groups.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "analyzer/report.h"
#include "ir/dtype.h"
#include "ir/op_table.h"
#include "ir/rows.h"

namespace assay {
namespace {

using Path = std::vector<std::string>;

// More rows than this are no summary.
constexpr int kReadable = 40;
// Deeper modules than this count for the last one; names are the file's, and may be anything.
constexpr size_t kDeepest = 32;

Path TypePath(const Report& r, OpId op) { return {QualifiedType(*r.graph, op)}; }

Path SplitPath(absl::string_view text, absl::string_view separators) {
  Path path = absl::StrSplit(text, absl::ByAnyChar(separators), absl::SkipEmpty());
  if (path.size() > kDeepest) path.resize(kDeepest);
  return path;
}

// The exporter's module; else the function calls it was inlined through; else its name without the
// last part ("/encoder/layer.0/MatMul" stands in encoder, layer, 0).
Path ModulePath(const Report& r, OpId op) {
  const Graph& g = *r.graph;
  const Location& at = g.op(op).location;
  Path path = SplitPath(g.str(at.module), ".");
  if (path.empty()) path = SplitPath(g.str(at.scope), "/");
  if (path.empty()) {
    path = SplitPath(g.str(at.name), "/.");
    if (!path.empty()) path.pop_back();
  }
  if (path.empty()) path = {"(no module)"};
  return path;
}

Path FamilyPath(const Report& r, OpId op) {
  const OpRow* row = r.graph->op(op).row;
  return {row == nullptr ? "(opaque)" : std::string(Name(row->family))};
}

Path RolePath(const Report& r, OpId op) {
  const OpRow* row = r.graph->op(op).row;
  return {row == nullptr ? "(opaque)" : std::string(Name(row->role))};
}

Path DTypePath(const Report& r, OpId op) {
  for (ValueId v : r.graph->outputs(op)) {
    if (!v.has_value()) continue;
    DType dtype = r.analysis.shapes->type(v).dtype;
    if (dtype != DType::kUndefined) return {std::string(Name(dtype))};
  }
  return {"(unknown)"};
}

Path KernelPath(const Report& r, OpId op) {
  int kernel = r.partition == nullptr ? -1 : r.partition->kernel_of[op.index];
  return {kernel < 0 ? "(none)" : r.partition->kernels[kernel].name};
}

struct Row {
  absl::string_view name;
  absl::string_view doc;
  Path (*path)(const Report& report, OpId op);
};

constexpr Row kRows[] = {
    {"module", "the exporter's module path, else the beginning of the node's name", ModulePath},
    {"type", "operator type", TypePath},
    {"family", "operator family: convolution, normalization, ...", FamilyPath},
    {"role", "what the operator is to fusion: contraction, pointwise, ...", RolePath},
    {"dtype", "element type of the first result", DTypePath},
    {"kernel", "kernel that the operator is part of, under --fuse", KernelPath},
};

struct Node {
  std::string name, path;
  std::vector<int> children;
  GroupCost own, all;
};

void AddUp(std::vector<Node>& nodes) {
  // Children stand behind their parents.
  for (size_t i = nodes.size(); i-- > 0;) {
    nodes[i].all.Add(nodes[i].own);
    for (int child : nodes[i].children) nodes[i].all.Add(nodes[child].all);
  }
}

void List(const std::vector<Node>& nodes, const Node& node, int level, int depth,
          std::vector<Group>* out) {
  bool opened = !node.children.empty() && level < depth;
  if (opened && node.own.ops > 0 && level > 0) {
    out->push_back({"(own)", node.path, level, true, node.own});
  }
  if (!opened) return;
  for (int child : node.children) {
    const Node& c = nodes[child];
    out->push_back({c.name, c.path, level, false, c.all});
    List(nodes, c, level + 1, depth, out);
  }
}

}  // namespace

void GroupCost::Add(const GroupCost& other) {
  ops += other.ops;
  unknown += other.unknown;
  macs += other.macs;
  flops += other.flops;
  bytes += other.bytes;
  seconds += other.seconds;
}

bool Dearer(const Group& x, const Group& y) {
  return std::tie(y.cost.seconds, y.cost.flops, y.cost.bytes) <
         std::tie(x.cost.seconds, x.cost.flops, x.cost.bytes);
}

std::vector<Group> RollUp(const Report& report, absl::string_view grouping, int depth) {
  return RollUp(report, grouping, depth, report.op_seconds);
}

std::vector<Group> RollUp(const Report& report, absl::string_view grouping, int depth,
                          absl::Span<const double> op_seconds) {
  const Analysis& a = report.analysis;
  std::vector<Group> groups;
  const Row* row = FindRow(kRows, grouping);
  if (row == nullptr || a.numbers == nullptr) return groups;
  std::vector<Node> nodes(1);
  absl::flat_hash_map<std::pair<int, std::string>, int> index;
  size_t deepest = 1;
  for (int i = 0; i < report.graph->num_ops(); ++i) {
    OpId op(i);
    if (!a.execution->runs(op)) continue;
    Path path = row->path(report, op);
    deepest = std::max(deepest, path.size());
    int at = 0;
    for (const std::string& part : path) {
      auto [found, fresh] = index.try_emplace({at, part}, static_cast<int>(nodes.size()));
      if (fresh) {
        std::string whole = at == 0 ? part : absl::StrCat(nodes[at].path, ".", part);
        nodes[at].children.push_back(found->second);
        nodes.push_back({.name = part, .path = std::move(whole)});
      }
      at = found->second;
    }
    const OpNumbers& n = a.numbers->of(op);
    GroupCost cost{
        .ops = 1, .unknown = n.known ? 0 : 1, .macs = n.macs, .flops = n.flops, .bytes = n.bytes()};
    if (!op_seconds.empty()) cost.seconds = op_seconds[i];
    nodes[at].own.Add(cost);
  }
  AddUp(nodes);
  if (depth > 0) {
    List(nodes, nodes[0], 0, depth, &groups);
    return groups;
  }
  for (int d = 1; d <= static_cast<int>(deepest); ++d) {
    std::vector<Group> deeper;
    List(nodes, nodes[0], 0, d, &deeper);
    if (d > 1 && deeper.size() > kReadable) break;
    groups = std::move(deeper);
  }
  return groups;
}

std::vector<absl::string_view> GroupingNames() { return NamesOf(kRows); }

}  // namespace assay
