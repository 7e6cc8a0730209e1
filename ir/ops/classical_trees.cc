// Tree ensembles (ai.onnx.ml): forests and boosted trees.
//
// A row of the table walks down each tree, one comparison per level, and adds up the weights of the
// leaves where it arrives. How deep it gets depends on what it holds; counted is each tree's
// longest path, the most there can be:
//
//   comparisons = rows * sum over trees of depth
//   flops       = rows * (sum over trees of the weights at its fullest leaf + base values)
//
// and what aggregate_function and post_transform take. A test for membership in a set counts as one
// comparison, by hash. Depth comes from the node arrays in the attributes, which are never traffic
// between operators.
//
// Before version 5, nodes are named by (tree, node) pairs in any order, and a leaf is a node. In
// TreeEnsemble a node is its place, and two flags say which of its children are leaves.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "ir/ops/classical.h"
#include "ir/ops/families.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

constexpr int64_t kLeaf = -1;

// Nodes by place. Children are places, or kLeaf.
struct Forest {
  std::vector<int64_t> on_true, on_false;
  std::vector<int64_t> roots;
};

// Comparisons on the longest way down from each node; an error where the way has no end.
absl::StatusOr<std::vector<int64_t>> HeightsOf(const Forest& forest) {
  constexpr int64_t kNew = -1, kOpen = -2;
  std::vector<int64_t> heights(forest.on_true.size(), kNew);
  std::vector<int64_t> path;
  for (size_t start = 0; start < heights.size(); ++start) {
    if (heights[start] >= 0) continue;
    path.assign(1, static_cast<int64_t>(start));
    while (!path.empty()) {
      const int64_t node = path.back();
      const int64_t children[] = {forest.on_true[node], forest.on_false[node]};
      int64_t height = 0;
      const size_t depth = path.size();
      for (int64_t child : children) {
        if (child == kLeaf) {
          height = std::max<int64_t>(height, 1);
        } else if (heights[child] >= 0) {
          height = std::max(height, heights[child] + 1);
        } else if (heights[child] == kOpen || child == node) {
          return OpError(absl::StrCat("tree node ", child,
                                      " is its own descendant; the nodes of a tree must not form "
                                      "a circle"));
        } else if (path.size() == depth) {
          path.push_back(child);  // the other child waits for the second visit
        }
      }
      heights[node] = kOpen;
      if (path.size() > depth) continue;
      heights[node] = height;
      path.pop_back();
    }
  }
  return heights;
}

absl::StatusOr<int64_t> SumOfDepths(const Forest& forest) {
  absl::StatusOr<std::vector<int64_t>> heights = HeightsOf(forest);
  if (!heights.ok()) return heights.status();
  int64_t sum = 0;
  for (int64_t root : forest.roots) sum += (*heights)[root];
  return sum;
}

absl::Status SameLength(absl::string_view a, size_t n, absl::string_view b, size_t m) {
  if (n == m) return absl::OkStatus();
  return OpError(absl::StrCat("attributes `", a, "` and `", b, "` have ", n, " and ", m,
                              " entries; give as many of both"));
}

// --- Up to version 4: (tree, node) pairs ---

// Where a (tree, node) pair stands. Converters write tree after tree, each with nodes 0, 1, 2, ...:
// then one entry per tree does; else one per node.
class NodePlaces {
 public:
  static absl::StatusOr<NodePlaces> Make(const std::vector<int64_t>& trees,
                                         const std::vector<int64_t>& nodes) {
    NodePlaces places;
    for (size_t i = 0; i < trees.size() && places.regular_; ++i) {
      if (i == 0 || trees[i] != trees[i - 1]) {
        places.regular_ = places.blocks_.try_emplace(trees[i], i, i).second;
      }
      std::pair<int64_t, int64_t>& block = places.blocks_[trees[i]];
      places.regular_ &= nodes[i] == block.second - block.first;
      ++block.second;
    }
    if (places.regular_) return places;
    for (size_t i = 0; i < trees.size(); ++i) {
      if (places.nodes_.try_emplace(std::make_pair(trees[i], nodes[i]), i).second) continue;
      return OpError(absl::StrCat("node ", nodes[i], " of tree ", trees[i],
                                  " is there twice; give each node of a tree its own number"));
    }
    return places;
  }

  absl::StatusOr<int64_t> Find(int64_t tree, int64_t node) const {
    if (regular_) {
      auto it = blocks_.find(tree);
      if (it != blocks_.end() && node >= 0 && node < it->second.second - it->second.first) {
        return it->second.first + node;
      }
    } else if (auto it = nodes_.find(std::make_pair(tree, node)); it != nodes_.end()) {
      return it->second;
    }
    return OpError(absl::StrCat("tree ", tree, " has no node ", node,
                                "; name only nodes of attribute `nodes_nodeids`"));
  }

 private:
  bool regular_ = true;
  absl::flat_hash_map<int64_t, std::pair<int64_t, int64_t>> blocks_;  // tree to [begin, end)
  absl::flat_hash_map<std::pair<int64_t, int64_t>, int64_t> nodes_;
};

// What one row costs.
struct RowCost {
  int64_t comparisons = 0;
  int64_t weights = 0;  // of leaves that are added up
};

// nullopt when the attributes that say so are missing. `kind` is "class" or "target".
absl::StatusOr<std::optional<RowCost>> CostOfPairs(OpContext& op, absl::string_view kind) {
  const auto trees = op.ints_attr("nodes_treeids"), nodes = op.ints_attr("nodes_nodeids");
  const auto on_true = op.ints_attr("nodes_truenodeids");
  const auto on_false = op.ints_attr("nodes_falsenodeids");
  const std::vector<absl::string_view> modes = op.strings_attr("nodes_modes");
  if (!trees || !nodes || !on_true || !on_false) return std::optional<RowCost>();
  const size_t n = trees->size();
  absl::Status s = SameLength("nodes_treeids", n, "nodes_nodeids", nodes->size());
  if (s.ok()) s = SameLength("nodes_treeids", n, "nodes_truenodeids", on_true->size());
  if (s.ok()) s = SameLength("nodes_treeids", n, "nodes_falsenodeids", on_false->size());
  if (s.ok()) s = SameLength("nodes_treeids", n, "nodes_modes", modes.size());
  if (!s.ok()) return s;
  absl::StatusOr<NodePlaces> places = NodePlaces::Make(*trees, *nodes);
  if (!places.ok()) return places.status();

  Forest forest{.on_true = std::vector<int64_t>(n, kLeaf),
                .on_false = std::vector<int64_t>(n, kLeaf)};
  std::vector<bool> leaf(n), child(n);
  for (size_t i = 0; i < n; ++i) {
    leaf[i] = modes[i] == "LEAF";
    if (leaf[i]) continue;
    for (const auto& [ids, to] :
         {std::pair(&*on_true, &forest.on_true), std::pair(&*on_false, &forest.on_false)}) {
      absl::StatusOr<int64_t> place = places->Find((*trees)[i], (*ids)[i]);
      if (!place.ok()) return place.status();
      child[*place] = true;
      (*to)[i] = *place;
    }
  }
  // A leaf among the nodes takes no comparison: it is where children end.
  for (std::vector<int64_t>* to : {&forest.on_true, &forest.on_false}) {
    for (int64_t& place : *to) {
      if (place != kLeaf && leaf[place]) place = kLeaf;
    }
  }
  for (size_t i = 0; i < n; ++i) {
    if (!child[i] && !leaf[i]) forest.roots.push_back(static_cast<int64_t>(i));
  }
  absl::StatusOr<int64_t> depths = SumOfDepths(forest);
  if (!depths.ok()) return depths.status();
  RowCost cost{.comparisons = *depths};

  const auto weight_trees = op.ints_attr(absl::StrCat(kind, "_treeids"));
  const auto weight_nodes = op.ints_attr(absl::StrCat(kind, "_nodeids"));
  if (!weight_trees || !weight_nodes) return std::optional<RowCost>();
  s = SameLength(absl::StrCat(kind, "_treeids"), weight_trees->size(),
                 absl::StrCat(kind, "_nodeids"), weight_nodes->size());
  if (!s.ok()) return s;
  std::vector<int64_t> at_leaf(n);
  for (size_t i = 0; i < weight_trees->size(); ++i) {
    absl::StatusOr<int64_t> place = places->Find((*weight_trees)[i], (*weight_nodes)[i]);
    if (!place.ok()) return place.status();
    ++at_leaf[*place];
  }
  absl::flat_hash_map<int64_t, int64_t> fullest;
  for (size_t i = 0; i < n; ++i) {
    if (at_leaf[i] == 0) continue;
    int64_t& most = fullest[(*trees)[i]];
    cost.weights += std::max<int64_t>(at_leaf[i] - most, 0);
    most = std::max(most, at_leaf[i]);
  }
  return std::optional<RowCost>(cost);
}

// --- TreeEnsemble ---

absl::StatusOr<std::optional<RowCost>> CostOfPlaces(OpContext& op) {
  const auto roots = op.ints_attr("tree_roots");
  const auto on_true = op.ints_attr("nodes_truenodeids");
  const auto on_false = op.ints_attr("nodes_falsenodeids");
  const auto true_leafs = op.ints_attr("nodes_trueleafs");
  const auto false_leafs = op.ints_attr("nodes_falseleafs");
  if (!roots || !on_true || !on_false || !true_leafs || !false_leafs) {
    return std::optional<RowCost>();
  }
  const size_t n = on_true->size();
  absl::Status s = SameLength("nodes_truenodeids", n, "nodes_falsenodeids", on_false->size());
  if (s.ok()) s = SameLength("nodes_truenodeids", n, "nodes_trueleafs", true_leafs->size());
  if (s.ok()) s = SameLength("nodes_truenodeids", n, "nodes_falseleafs", false_leafs->size());
  if (!s.ok()) return s;
  Forest forest{.on_true = *on_true, .on_false = *on_false, .roots = *roots};
  for (size_t i = 0; i < n; ++i) {
    if ((*true_leafs)[i] != 0) forest.on_true[i] = kLeaf;
    if ((*false_leafs)[i] != 0) forest.on_false[i] = kLeaf;
  }
  for (const auto& [list, may_be_leaf] :
       {std::pair(&forest.roots, false), std::pair(&forest.on_true, true),
        std::pair(&forest.on_false, true)}) {
    const auto& leafs = list == &forest.on_true ? *true_leafs : *false_leafs;
    for (size_t i = 0; i < list->size(); ++i) {
      if (may_be_leaf && leafs[i] != 0) continue;
      if ((*list)[i] >= 0 && (*list)[i] < static_cast<int64_t>(n)) continue;
      return OpError(absl::StrCat("tree node ", (*list)[i], " is not among the ", n,
                                  " nodes; name only places in attribute `nodes_truenodeids`"));
    }
  }
  absl::StatusOr<int64_t> depths = SumOfDepths(forest);
  if (!depths.ok()) return depths.status();
  // A leaf has one weight.
  return std::optional<RowCost>(
      RowCost{.comparisons = *depths, .weights = static_cast<int64_t>(roots->size())});
}

// --- Rules ---

absl::Status CountRows(OpContext& op, const absl::StatusOr<std::optional<RowCost>>& cost,
                       absl::string_view aggregate, absl::string_view post, Dim rows,
                       int64_t scores, int64_t base_values) {
  if (!cost.ok()) return cost.status();
  if (!cost->has_value()) {
    op.work().comparisons = op.work().flops = Dim();
    return absl::OkStatus();
  }
  const Size n(op, rows);
  const bool adds = aggregate == "SUM" || aggregate == "AVERAGE";
  if (!adds && aggregate != "MIN" && aggregate != "MAX") {
    return OpError(absl::StrCat("aggregate_function ", aggregate,
                                " is not known; give AVERAGE, SUM, MIN or MAX"));
  }
  op.work().comparisons = n * ((*cost)->comparisons + (adds ? 0 : (*cost)->weights));
  op.work().flops = n * (adds ? (*cost)->weights : 0) + n * base_values +
                    n * (aggregate == "AVERAGE" ? scores : 0);
  return CountPostTransform(op, post, rows, Dim(scores));
}

absl::Status ClassifierShape(OpContext& op) {
  absl::StatusOr<Labels> labels = LabelsOf(op, "classlabels_int64s", "classlabels_strings");
  if (!labels.ok()) return labels.status();
  absl::StatusOr<Table> table = TableOperand(op, 0);
  if (!table.ok()) return table.status();
  op.SetOut(0, labels->dtype, {table->rows});
  op.SetOut(1, DType::kF32, {table->rows, Dim(labels->count)});
  return absl::OkStatus();
}

absl::Status ClassifierWork(OpContext& op) {
  absl::StatusOr<Labels> labels = LabelsOf(op, "classlabels_int64s", "classlabels_strings");
  if (!labels.ok()) return labels.status();
  absl::StatusOr<Table> table = TableOperand(op, 0);
  if (!table.ok()) return table.status();
  absl::Status s =
      CountRows(op, CostOfPairs(op, "class"), "SUM", op.string_attr("post_transform", "NONE"),
                table->rows, labels->count, CountOf(op, "base_values", "base_values_as_tensor"));
  if (!s.ok()) return s;
  // The highest score.
  AddComparisons(op, Size(op, table->rows) * std::max<int64_t>(labels->count - 1, 0));
  return absl::OkStatus();
}

absl::Status EnsembleShapeAs(OpContext& op, DType dtype) {
  const int64_t targets = op.int_attr("n_targets", 1);
  if (absl::Status s = RequirePositive(op, "n_targets", targets); !s.ok()) return s;
  absl::StatusOr<Table> table = TableOperand(op, 0);
  if (!table.ok()) return table.status();
  op.SetOut(0, dtype, {table->rows, Dim(targets)});
  return absl::OkStatus();
}

absl::Status RegressorShape(OpContext& op) { return EnsembleShapeAs(op, DType::kF32); }
absl::Status EnsembleShape(OpContext& op) { return EnsembleShapeAs(op, op.dtype(0)); }

absl::Status RegressorWork(OpContext& op) {
  absl::StatusOr<Table> table = TableOperand(op, 0);
  if (!table.ok()) return table.status();
  return CountRows(op, CostOfPairs(op, "target"), op.string_attr("aggregate_function", "SUM"),
                   op.string_attr("post_transform", "NONE"), table->rows,
                   op.int_attr("n_targets", 1),
                   CountOf(op, "base_values", "base_values_as_tensor"));
}

// The same names, by number.
absl::string_view Nth(absl::Span<const absl::string_view> names, int64_t n) {
  return n >= 0 && n < static_cast<int64_t>(names.size()) ? names[n] : "of that number";
}

absl::Status EnsembleWork(OpContext& op) {
  static constexpr absl::string_view kAggregates[] = {"AVERAGE", "SUM", "MIN", "MAX"};
  static constexpr absl::string_view kTransforms[] = {"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO",
                                                      "PROBIT"};
  absl::StatusOr<Table> table = TableOperand(op, 0);
  if (!table.ok()) return table.status();
  return CountRows(op, CostOfPlaces(op), Nth(kAggregates, op.int_attr("aggregate_function", 1)),
                   Nth(kTransforms, op.int_attr("post_transform", 0)), table->rows,
                   op.int_attr("n_targets", 1), /*base_values=*/0);
}

constexpr OpRow Tree(absl::string_view name, absl::string_view versions, Rule shape, Rule work) {
  return {.name = name,
          .domain = "ai.onnx.ml",
          .versions = versions,
          .family = Family::kClassical,
          .shape = shape,
          .work = work,
          .formula =
              "comparisons = rows * sum over trees of depth; flops = rows * sum over trees of the "
              "weights at its fullest leaf, + base values, aggregation and post_transform",
          .source = "ONNX operator specification (ai.onnx.ml), node arrays of the attributes"};
}

constexpr OpRow kRows[] = {
    Tree("TreeEnsemble", "5", EnsembleShape, EnsembleWork),
    Tree("TreeEnsembleClassifier", "1 3 5", ClassifierShape, ClassifierWork),
    Tree("TreeEnsembleRegressor", "1 3 5", RegressorShape, RegressorWork),
};

}  // namespace

absl::Span<const OpRow> TreeOps() { return kRows; }

}  // namespace assay
