#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

// Node arrays as they are written into attributes. A node with no children is a leaf.
struct Node {
  int64_t tree, id, on_true, on_false;
};
constexpr int64_t kNone = -1;

std::string List(absl::string_view name, const std::vector<std::string>& items) {
  return absl::StrCat(name, "=[", absl::StrJoin(items, ", "), "]");
}

std::string Arrays(const std::vector<Node>& nodes) {
  std::vector<std::string> trees, ids, on_true, on_false, modes;
  for (const Node& n : nodes) {
    const bool leaf = n.on_true == kNone;
    trees.push_back(absl::StrCat(n.tree));
    ids.push_back(absl::StrCat(n.id));
    on_true.push_back(absl::StrCat(leaf ? 0 : n.on_true));  // as converters write it
    on_false.push_back(absl::StrCat(leaf ? 0 : n.on_false));
    modes.push_back(leaf ? "LEAF" : "BRANCH_LEQ");
  }
  return absl::StrJoin(
      {List("nodes_treeids", trees), List("nodes_nodeids", ids), List("nodes_truenodeids", on_true),
       List("nodes_falsenodeids", on_false), List("nodes_modes", modes)},
      ", ");
}

// Tree 0: node 0 asks, then a leaf or node 2, which asks again: depth 2. Tree 1: depth 1.
const std::vector<Node>& TwoTrees() {
  static const auto& nodes = *new std::vector<Node>{
      {0, 0, 1, 2},         {0, 1, kNone, kNone}, {0, 2, 3, 4},         {0, 3, kNone, kNone},
      {0, 4, kNone, kNone}, {1, 0, 1, 2},         {1, 1, kNone, kNone}, {1, 2, kNone, kNone},
  };
  return nodes;
}

TEST(TreesTest, Classifier) {
  // Leaf 4 of tree 0 has weights for two classes, all others for one: at most 2 + 1 per row.
  const std::string attrs = absl::StrCat(
      Arrays(TwoTrees()),
      ", class_treeids=[0, 0, 0, 0, 1, 1], class_nodeids=[1, 3, 4, 4, 1, 2], "
      "classlabels_strings=[x, y, z], post_transform=SOFTMAX, base_values=[0.5, 0.5, 0.5]");
  OpTester t;
  OpRun r =
      t.Run("ai.onnx.ml::TreeEnsembleClassifier@3", {"f64[b, 4]"}, attrs, {"label", "scores"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "string[b]");
  EXPECT_EQ(r.types[1], "f32[b, 3]");
  // Levels of both trees, the largest for softmax, the highest score.
  EXPECT_EQ(t.Text(r.work.comparisons), absl::StrCat((2 + 1) + 3 + (3 - 1), "*b"));
  // Weights, base values, softmax.
  EXPECT_EQ(t.Text(r.work.flops), absl::StrCat((2 + 1) + 3 + 3 * 3, "*b"));
  EXPECT_EQ(t.Text(r.work.transcendentals), absl::StrCat(3, "*b"));
  EXPECT_EQ(t.Text(r.work.macs), "0");
}

TEST(TreesTest, Regressor) {
  const std::string attrs =
      absl::StrCat(Arrays(TwoTrees()),
                   ", target_treeids=[0, 0, 0, 1, 1], target_nodeids=[1, 3, 4, 1, 2], n_targets=1");
  OpTester t;
  OpRun r = t.Run("ai.onnx.ml::TreeEnsembleRegressor@1", {"f64[10, 4]"}, attrs);
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[10, 1]");
  EXPECT_EQ(t.Text(r.work.comparisons), std::to_string(10 * (2 + 1)));
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(10 * (1 + 1)));
  r = t.Run("ai.onnx.ml::TreeEnsembleRegressor@1", {"f32[10, 4]"},
            attrs + ", aggregate_function=AVERAGE");
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(10 * (1 + 1 + 1)));
  r = t.Run("ai.onnx.ml::TreeEnsembleRegressor@1", {"f32[10, 4]"},
            attrs + ", aggregate_function=MAX");
  EXPECT_EQ(t.Text(r.work.flops), "0");
  EXPECT_EQ(t.Text(r.work.comparisons), std::to_string(10 * (2 + 1 + 1 + 1)));
  r = t.Run("ai.onnx.ml::TreeEnsembleRegressor@1", {"f32[4]"}, attrs);
  EXPECT_EQ(r.types[0], "f32[1, 1]");
}

// Numbers may have gaps, and trees may be mixed: the same forest, in another order.
TEST(TreesTest, NodesInAnyOrder) {
  std::vector<Node> nodes;
  for (const Node& n : TwoTrees()) {
    auto renamed = [](int64_t id) { return id == kNone ? kNone : 7 * id + 3; };
    nodes.insert(nodes.begin() + nodes.size() / 2,
                 {n.tree * 5, renamed(n.id), renamed(n.on_true), renamed(n.on_false)});
  }
  const std::string attrs =
      absl::StrCat(Arrays(nodes), ", target_treeids=[0, 5], target_nodeids=[10, 10]");
  OpTester t;
  OpRun r = t.Run("ai.onnx.ml::TreeEnsembleRegressor@3", {"f32[b, 4]"}, attrs);
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(t.Text(r.work.comparisons), "3*b");
  EXPECT_EQ(t.Text(r.work.flops), "2*b");
}

// A long chain is walked without recursion; a tree that is one leaf asks nothing.
TEST(TreesTest, ChainAndStump) {
  constexpr int64_t kLength = 20000;
  std::vector<Node> nodes;
  for (int64_t i = 0; i < kLength; ++i) nodes.push_back({0, i, i + 1, kLength});
  nodes.push_back({0, kLength, kNone, kNone});
  nodes.push_back({1, 0, kNone, kNone});
  const std::string attrs =
      absl::StrCat(Arrays(nodes), ", target_treeids=[0, 1], target_nodeids=[20000, 0]");
  OpTester t;
  OpRun r = t.Run("ai.onnx.ml::TreeEnsembleRegressor@3", {"f32[3, 4]"}, attrs);
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(t.Text(r.work.comparisons), std::to_string(3 * kLength));
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(3 * 2));
}

// TreeEnsemble names places: node 0 goes to node 1 or node 2, these to the leaves.
TEST(TreesTest, EnsembleOfVersion5) {
  const std::string attrs =
      "n_targets=2, tree_roots=[0, 2], nodes_truenodeids=[1, 0, 2], nodes_falsenodeids=[2, 1, 3], "
      "nodes_trueleafs=[0, 1, 1], nodes_falseleafs=[0, 1, 1]";
  OpTester t;
  OpRun r = t.Run("ai.onnx.ml::TreeEnsemble@5", {"f16[b, 4]"}, attrs);
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f16[b, 2]");
  EXPECT_EQ(t.Text(r.work.comparisons), absl::StrCat(2 + 1, "*b"));
  EXPECT_EQ(t.Text(r.work.flops), absl::StrCat(1 + 1, "*b"));
  // 0 is AVERAGE; 2 is LOGISTIC.
  r = t.Run("ai.onnx.ml::TreeEnsemble@5", {"f16[b, 4]"},
            attrs + ", aggregate_function=0, post_transform=2");
  EXPECT_EQ(t.Text(r.work.flops), absl::StrCat((1 + 1) + 2 + 2 * 2, "*b"));
  EXPECT_EQ(t.Text(r.work.transcendentals), "2*b");
}

TEST(TreesTest, WithoutNodesTheWorkIsUnknown) {
  OpTester t;
  OpRun r = t.Run("ai.onnx.ml::TreeEnsembleRegressor@3", {"f32[b, 4]"}, "n_targets=2");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[b, 2]");
  EXPECT_TRUE(r.work.comparisons.unknown());
  EXPECT_TRUE(r.work.flops.unknown());
}

TEST(TreesTest, Refusals) {
  const std::string weights = ", target_treeids=[0], target_nodeids=[0]";
  const std::string flags = ", nodes_trueleafs=[0, 1], nodes_falseleafs=[1, 1]";
  const OpCase cases[] = {
      // Circles, of one and of two.
      {"TreeEnsembleRegressor", {"f32[2, 3]"}, Arrays({{0, 0, 0, 0}}) + weights},
      {"TreeEnsembleRegressor", {"f32[2, 3]"}, Arrays({{0, 0, 1, 1}, {0, 1, 0, 0}}) + weights},
      // A child that is not there, a node that is there twice, a weight of no node.
      {"TreeEnsembleRegressor", {"f32[2, 3]"}, Arrays({{0, 0, 7, 0}}) + weights},
      {"TreeEnsembleRegressor",
       {"f32[2, 3]"},
       Arrays({{0, 0, kNone, kNone}, {0, 0, kNone, kNone}}) + weights},
      {"TreeEnsembleRegressor",
       {"f32[2, 3]"},
       Arrays({{0, 0, kNone, kNone}}) + ", target_treeids=[0], target_nodeids=[-9]"},
      {"TreeEnsembleRegressor",
       {"f32[2, 3]"},
       "nodes_treeids=[0, 0], nodes_nodeids=[0], nodes_truenodeids=[0], nodes_falsenodeids=[0]"},
      {"TreeEnsembleRegressor", {"f32[2, 3]"}, "n_targets=-1"},
      {"TreeEnsembleRegressor",
       {"f32[2, 3]"},
       Arrays(TwoTrees()) + weights + ", aggregate_function=MEDIAN"},
      {"TreeEnsembleClassifier", {"f32[2, 3]"}, Arrays(TwoTrees())},  // no labels
      {"TreeEnsemble",
       {"f32[2, 3]"},
       "tree_roots=[2], nodes_truenodeids=[1, 0], nodes_falsenodeids=[0, 0]" + flags},
      {"TreeEnsemble",
       {"f32[2, 3]"},
       "tree_roots=[0], nodes_truenodeids=[-1, 0], nodes_falsenodeids=[0, 0]" + flags},
      {"TreeEnsemble",
       {"f32[2, 3]"},
       "tree_roots=[0], nodes_truenodeids=[0, 0], nodes_falsenodeids=[0, 0]" + flags},
      {"TreeEnsemble",
       {"f32[2, 3]"},
       "aggregate_function=9, tree_roots=[0], nodes_truenodeids=[1, 0], nodes_falsenodeids=[0, 0]" +
           flags},
  };
  for (const OpCase& c : cases) {
    EXPECT_FALSE(OpTester().Run("ai.onnx.ml::" + c.op + "@5", c.operands, c.attrs).status.ok())
        << c.op << " {" << c.attrs << "}";
  }
}

}  // namespace
}  // namespace assay
