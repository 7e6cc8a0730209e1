#include "ir/verify.h"

#include <functional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/graph_internals.h"
#include "ir/op_table.h"

namespace assay {
namespace {

using ::testing::StartsWith;

// x, w -> Add -> If { Neg } else { w } -> y, with an attribute of each kind that holds an id.
Graph MakeGraph() {
  static const OpTable& table = *new OpTable({});
  GraphBuilder b(table);
  ValueId c = b.AddArg("c", {.kind = TypeKind::kTensor, .dtype = DType::kBool, .ranked = true});
  ValueId x = b.AddArg("x", {.kind = TypeKind::kTensor, .dtype = DType::kF32});
  ValueId w = b.AddWeight("w", b.AddReals({2}, {1, 2}));
  b.BeginOp("Add", "", 17, {x, w}, {.name = b.Intern("add")});
  ValueId sum = b.AddResult("sum");
  b.AddStringAttr("mode", "m");
  b.AddTensorAttr("value", b.AddInts({}, {7}));
  b.EndOp();
  b.BeginOp("If", "", 17, {c}, {});
  b.BeginRegion("then_branch");
  b.BeginOp("Neg", "", 17, {sum}, {});
  ValueId neg = b.AddResult("neg");
  b.EndOp();
  b.EndRegion({neg});
  b.BeginRegion("else_branch");
  b.EndRegion({w});
  ValueId y = b.AddResult("y");
  b.EndOp();
  absl::StatusOr<Graph> graph = std::move(b).Finish({y});
  EXPECT_TRUE(graph.ok()) << graph.status();
  return *std::move(graph);
}

using I = GraphInternals;

struct Break {
  int invariant;
  const char* what;
  std::function<void(Graph&)> apply;
};

// Ops: 0 Add, 1 If, 2 Neg. Values: 0 c, 1 x, 2 w, 3 sum, 4 neg, 5 y. Regions: 0 main, 1 then, 2
// else. Operands: x w | sum | c | neg's result ..., in the builder's order.
const Break kBreaks[] = {
    {1, "op type", [](Graph& g) { I::ops(g)[0].type = NameId(10'000); }},
    {1, "no op type", [](Graph& g) { I::ops(g)[0].type = NameId(); }},
    {1, "op region", [](Graph& g) { I::ops(g)[2].region = RegionId(3); }},
    {1, "location", [](Graph& g) { I::ops(g)[0].location.module = NameId(10'000); }},
    {1, "value name", [](Graph& g) { I::values(g)[1].name = NameId(); }},
    {1, "value region", [](Graph& g) { I::values(g)[1].region = RegionId(-7); }},
    {1, "value claim", [](Graph& g) { I::values(g)[1].claim = 99; }},
    {1, "value op", [](Graph& g) { I::values(g)[3].op = OpId(3); }},
    {1, "value constant", [](Graph& g) { I::values(g)[2].constant = ConstantId(2); }},
    {1, "no main region",
     [](Graph& g) {
       I::regions(g).clear();
       I::values(g).clear();
       I::ops(g).clear();
     }},
    {1, "argument", [](Graph& g) { I::regions(g)[0].args[0] = ValueId(); }},
    {1, "result", [](Graph& g) { I::regions(g)[0].results[0] = ValueId(6); }},
    {1, "operand", [](Graph& g) { I::operands(g)[0] = ValueId(6); }},
    {1, "constant name", [](Graph& g) { I::constants(g)[0].name = NameId(10'000); }},
    {1, "attribute name", [](Graph& g) { I::attrs(g)[0].name = NameId(); }},
    {1, "attribute string", [](Graph& g) { I::attrs(g)[0].s = NameId(); }},
    {1, "attribute tensor", [](Graph& g) { I::attrs(g)[1].i = 2; }},
    {1, "attribute region", [](Graph& g) { I::attrs(g).back().i = 3; }},
    {2, "inputs past the store", [](Graph& g) { I::ops(g)[2].inputs_end = 1000; }},
    {2, "inputs reversed",
     [](Graph& g) { std::swap(I::ops(g)[0].inputs_begin, I::ops(g)[0].inputs_end); }},
    {2, "outputs past the store", [](Graph& g) { I::ops(g)[2].outputs_end = 1000; }},
    {2, "attributes past the store", [](Graph& g) { I::ops(g)[0].attrs_end = 1000; }},
    {3, "subtree ends in itself", [](Graph& g) { I::ops(g)[0].subtree_end = OpId(0); }},
    {3, "subtree too short", [](Graph& g) { I::ops(g)[1].subtree_end = OpId(2); }},
    {3, "subtree too long", [](Graph& g) { I::ops(g)[0].subtree_end = OpId(2); }},
    {3, "subtree past its region", [](Graph& g) { I::ops(g)[2].subtree_end = OpId(4); }},
    {3, "op in another region", [](Graph& g) { I::ops(g)[2].region = RegionId(2); }},
    {3, "main too short", [](Graph& g) { I::regions(g)[0].end = OpId(2); }},
    {3, "region begins late", [](Graph& g) { I::regions(g)[1].begin = OpId(3); }},
    {4, "main is owned", [](Graph& g) { I::regions(g)[0].owner = OpId(1); }},
    {4, "owner differs", [](Graph& g) { I::regions(g)[1].owner = OpId(0); }},
    {4, "region held twice", [](Graph& g) { I::attrs(g).back().i = 1; }},
    {4, "region held by none", [](Graph& g) { I::regions(g).push_back(I::regions(g)[2]); }},
    {5, "result says another op", [](Graph& g) { I::values(g)[3].op = OpId(1); }},
    {5, "result says another place", [](Graph& g) { I::values(g)[3].index = 1; }},
    {5, "result says another region", [](Graph& g) { I::values(g)[4].region = RegionId(0); }},
    {5, "argument is a weight",
     [](Graph& g) {
       I::values(g)[1].def = Value::Def::kWeight;
       I::values(g)[1].constant = ConstantId(0);
     }},
    {5, "argument twice", [](Graph& g) { I::regions(g)[0].args.push_back(ValueId(1)); }},
    {5, "nothing defines it",
     [](Graph& g) {
       I::values(g).push_back(I::values(g)[3]);
       I::use_begin(g).push_back(I::use_begin(g).back());
     }},
    {6, "used before", [](Graph& g) { I::operands(g)[I::ops(g)[0].inputs_begin] = ValueId(5); }},
    {6, "used by itself", [](Graph& g) { I::operands(g)[I::ops(g)[0].inputs_begin] = ValueId(3); }},
    {6, "used inside its op",
     [](Graph& g) { I::operands(g)[I::ops(g)[2].inputs_begin] = ValueId(5); }},
    {6, "used outside its region", [](Graph& g) { I::regions(g)[0].results[0] = ValueId(4); }},
    {6, "used in the other branch", [](Graph& g) { I::regions(g)[2].results[0] = ValueId(4); }},
    {7, "use of another op", [](Graph& g) { I::uses(g)[0].op = OpId(2); }},
    {7, "use of another operand", [](Graph& g) { I::uses(g)[0].operand = 5; }},
    {7, "use missing",
     [](Graph& g) {
       I::uses(g).pop_back();
       I::use_begin(g).back() -= 1;
     }},
    {7, "use too many",
     [](Graph& g) {
       I::uses(g).push_back(I::uses(g)[0]);
       I::use_begin(g).back() += 1;
     }},
    {7, "lists overlap", [](Graph& g) { I::use_begin(g)[2] = 0; }},
    {7, "lists do not fill", [](Graph& g) { I::uses(g).push_back(I::uses(g)[0]); }},
    {8, "negative dimension", [](Graph& g) { I::constants(g)[0].dims = {-2}; }},
    {8, "product overflows",
     [](Graph& g) {
       I::constants(g)[0].dims = {int64_t{1} << 32, int64_t{1} << 31};
     }},
    {8, "too few stored", [](Graph& g) { I::constants(g)[0].dims = {3}; }},
    {8, "contents differ", [](Graph& g) { I::constants(g)[0].payload.reals.pop_back(); }},
    {8, "contents in a file",
     [](Graph& g) { I::constants(g)[0].payload.kind = Payload::Kind::kFile; }},
    {9, "dimension", [](Graph& g) { I::claims(g)[0].dims.push_back({.value = -2}); }},
    {9, "dimension's name",
     [](Graph& g) { I::claims(g)[0].dims.push_back({.symbol = NameId(10'000)}); }},
    {9, "two element types", [](Graph& g) { I::claims(g)[0].element.resize(2); }},
    {9, "kind", [](Graph& g) { I::claims(g)[0].kind = static_cast<TypeKind>(77); }},
};

TEST(VerifyTest, AcceptsWhatTheBuilderMakes) {
  EXPECT_EQ(VerifyGraph(MakeGraph()), absl::OkStatus());
}

TEST(VerifyTest, FindsEveryBreak) {
  for (const Break& broken : kBreaks) {
    Graph g = MakeGraph();
    broken.apply(g);
    absl::Status s = VerifyGraph(g);
    EXPECT_FALSE(s.ok()) << broken.what;
    EXPECT_THAT(std::string(s.message()), StartsWith(absl::StrCat("V", broken.invariant, ": ")))
        << broken.what;
  }
}

TEST(VerifyTest, EveryInvariantIsBrokenByATest) {
  std::set<int> broken, listed;
  for (const Break& b : kBreaks) broken.insert(b.invariant);
  int expected = 1;
  for (const InvariantRow& row : InvariantRows()) {
    EXPECT_EQ(row.number, expected++);
    listed.insert(row.number);
  }
  EXPECT_EQ(broken, listed);
}

// No single changed word may make the verifier itself fail: every index of every store, one at a
// time.
TEST(VerifyTest, SurvivesAnyWord) {
  const Graph clean = MakeGraph();
  auto try_words = [](auto&& word_of) {
    for (int64_t word :
         {int64_t{-2}, int64_t{-1}, int64_t{0}, int64_t{1}, int64_t{3}, int64_t{1'000'000}}) {
      Graph g = MakeGraph();
      word_of(g, static_cast<int32_t>(word));
      absl::Status s = VerifyGraph(g);  // any answer will do
      EXPECT_LE(s.message().size(), 1000u);
    }
  };
  for (int i = 0; i < clean.num_ops(); ++i) {
    try_words([i](Graph& g, int32_t w) { I::ops(g)[i].subtree_end.index = w; });
    try_words([i](Graph& g, int32_t w) { I::ops(g)[i].region.index = w; });
    try_words([i](Graph& g, int32_t w) { I::ops(g)[i].inputs_begin = w; });
    try_words([i](Graph& g, int32_t w) { I::ops(g)[i].outputs_end = w; });
    try_words([i](Graph& g, int32_t w) { I::ops(g)[i].attrs_begin = w; });
  }
  for (int i = 0; i < clean.num_values(); ++i) {
    try_words([i](Graph& g, int32_t w) { I::values(g)[i].op.index = w; });
    try_words([i](Graph& g, int32_t w) { I::values(g)[i].region.index = w; });
    try_words([i](Graph& g, int32_t w) { I::use_begin(g)[i] = w; });
    try_words([i](Graph& g, int32_t w) { I::values(g)[i].def = static_cast<Value::Def>(w & 3); });
  }
  for (int i = 0; i < clean.num_regions(); ++i) {
    try_words([i](Graph& g, int32_t w) { I::regions(g)[i].begin.index = w; });
    try_words([i](Graph& g, int32_t w) { I::regions(g)[i].end.index = w; });
    try_words([i](Graph& g, int32_t w) { I::regions(g)[i].owner.index = w; });
  }
}

}  // namespace
}  // namespace assay
