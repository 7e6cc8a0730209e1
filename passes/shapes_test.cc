#include "passes/shapes.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/text.h"

namespace assay {
namespace {

using testing::AllOf;
using testing::HasSubstr;

struct Inferred {
  Graph graph;
  Shapes shapes;

  ValueId Value(absl::string_view name) const {
    for (ValueId v(0); v.index < graph.num_values(); ++v.index) {
      if (graph.name(v) == name) return v;
    }
    ADD_FAILURE() << "no value " << name;
    return ValueId();
  }
  std::string Type(absl::string_view name) const {
    return ToString(shapes.type(Value(name)), *shapes.pool);
  }
  int64_t At(absl::string_view symbol) const {
    const Point point = DefaultPoint(shapes);
    absl::StatusOr<int64_t> v = shapes.pool->Evaluate(*shapes.pool->FindSymbol(symbol), point);
    return v.ok() ? *v : -1;
  }
};

absl::StatusOr<Inferred> Infer(absl::string_view body, const Bindings& bindings = {}) {
  absl::StatusOr<Graph> graph =
      ParseGraph(absl::StrCat("assay-ir 1\nfile \"m.onnx\"\nopset \"\" 17\ngraph {\n", body, "}\n"),
                 OpTable::BuiltIn());
  if (!graph.ok()) return graph.status();
  absl::StatusOr<Shapes> shapes = InferShapes(*graph, bindings);
  if (!shapes.ok()) return shapes.status();
  return Inferred{*std::move(graph), *std::move(shapes)};
}

std::string ErrorOf(absl::string_view body, const Bindings& bindings = {}) {
  absl::StatusOr<Inferred> inferred = Infer(body, bindings);
  return inferred.ok() ? "no error" : std::string(inferred.status().message());
}

constexpr char kAttention[] = R"(
  arg %mask: f32[batch, total]
  arg %new: f32[batch, seq]
  arg %cache: f32[batch, past]
  %all = Concat(%cache, %new) {axis = 1}
  %y = Add(%all, %mask)
  return %y
)";

TEST(ShapesTest, EquationsEliminateTheSymbolThatStandsAlone) {
  absl::StatusOr<Inferred> i = Infer(kAttention);
  ASSERT_TRUE(i.ok()) << i.status();
  EXPECT_EQ(i->Type("all"), "f32[batch, past + seq]");
  EXPECT_EQ(i->Type("y"), "f32[batch, past + seq]");
  EXPECT_EQ(i->Type("mask"), "f32[batch, past + seq]");  // seen before the equation was
  ASSERT_EQ(i->shapes.assumptions.size(), 1u);
  EXPECT_THAT(i->shapes.assumptions[0].text, HasSubstr("total = past + seq"));
  // A cache may be empty; a sequence may not.
  const int past = i->shapes.pool->SymbolIndex(*i->shapes.pool->FindSymbol("past"));
  EXPECT_EQ(i->shapes.pool->symbols()[past].bounds.low, 0);
}

TEST(ShapesTest, BoundDimensionsSolveEquations) {
  Bindings bindings;
  bindings.dims = {{"total", 100}, {"seq", 30}};
  absl::StatusOr<Inferred> i = Infer(kAttention, bindings);
  ASSERT_TRUE(i.ok()) << i.status();
  EXPECT_EQ(i->Type("cache"), "f32[batch, 70]");  // 100 - 30
}

TEST(ShapesTest, ADimThatBreaksAnEquationIsAnError) {
  Bindings bindings;
  bindings.dims = {{"total", 100}, {"seq", 30}, {"past", 60}};
  EXPECT_THAT(ErrorOf(kAttention, bindings),
              AllOf(HasSubstr("m.onnx: Add"), HasSubstr("100"), HasSubstr("90")));
  bindings.dims = {{"total", 20}, {"seq", 30}};  // past would be -10
  EXPECT_THAT(ErrorOf(kAttention, bindings), HasSubstr("m.onnx: "));
}

TEST(ShapesTest, UnknownNamesListWhatThereIs) {
  Bindings bindings;
  bindings.dims = {{"bathc", 1}};
  EXPECT_THAT(ErrorOf(kAttention, bindings), HasSubstr("did you mean `batch`?"));
  bindings.dims.clear();
  bindings.shapes = {{"nothing", {1, 2}}};
  EXPECT_THAT(ErrorOf(kAttention, bindings), HasSubstr("its inputs are mask, new, cache"));
  bindings.shapes = {{"mask", {1, 2, 3}}};
  EXPECT_THAT(ErrorOf(kAttention, bindings), HasSubstr("it has 2 dimensions, not 3"));
}

TEST(ShapesTest, BatchAppliesToFixedExportsAndNamesWhatForbidsIt) {
  constexpr char kFixed[] = R"(
  arg %x: f32[1, 8, 4]
  weight %shape = i64[2] {1, 32}
  weight %free = i64[2] {-1, 32}
  %a = Reshape(%x, %free) at /flat
  %b = Reshape(%x, %shape) at /fixed
  return %a, %b
)";
  Bindings bindings;
  bindings.batch = 5;
  EXPECT_THAT(ErrorOf(kFixed, bindings), HasSubstr("m.onnx: Reshape `/fixed`"));
  constexpr char kFree[] = R"(
  arg %x: f32[1, 8, 4]
  weight %free = i64[2] {-1, 32}
  %a = Reshape(%x, %free) at /flat
  return %a
)";
  absl::StatusOr<Inferred> i = Infer(kFree, bindings);
  ASSERT_TRUE(i.ok()) << i.status();
  EXPECT_EQ(i->Type("a"), "f32[5, 32]");
}

TEST(ShapesTest, InputContentsDecideShapes) {
  constexpr char kReshape[] = R"(
  arg %x: f32[2, 6]
  arg %shape: i64[n]
  %y = Reshape(%x, %shape)
  return %y
)";
  Bindings bindings;
  bindings.values = {{"shape", {3, -1}, {3, -1}}};
  absl::StatusOr<Inferred> i = Infer(kReshape, bindings);
  ASSERT_TRUE(i.ok()) << i.status();
  EXPECT_EQ(i->Type("y"), "f32[3, 4]");
}

TEST(ShapesTest, InputContentsBindTheirLengthEverywhere) {
  constexpr char kShared[] = R"(
  arg %y: f32[N, M]
  arg %x: i64[N]
  %z = Relu(%y)
  return %z, %x
)";
  Bindings bindings;
  bindings.values = {{"x", {1, 2, 3}, {1, 2, 3}}};
  absl::StatusOr<Inferred> i = Infer(kShared, bindings);
  ASSERT_TRUE(i.ok()) << i.status();
  EXPECT_EQ(i->Type("y"), "f32[3, M]");
  EXPECT_EQ(i->Type("z"), "f32[3, M]");
  const SymbolInfo& n = i->shapes.pool->symbols()[0];
  EXPECT_EQ(n.name, "N");
  EXPECT_EQ(n.bounds.low, 3);
  EXPECT_EQ(n.bounds.high, 3);
}

TEST(ShapesTest, OptionsThatContradictEachOtherAreErrors) {
  constexpr char kShared[] = R"(
  arg %x: f32[N, 8]
  arg %y: f32[N]
  arg %z: f32[2, 8]
  return %x, %y, %z
)";
  Bindings bindings;
  bindings.dims = {{"N", 4}};
  bindings.shapes = {{"x", {3, 8}}};
  EXPECT_THAT(ErrorOf(kShared, bindings),
              AllOf(HasSubstr("m.onnx: --shape x=3x8: axis 0"), HasSubstr("4 by --dim N=4")));
  bindings.shapes = {{"x", {4, 5}}, {"z", {1, 8}}};  // a fixed size may be another
  EXPECT_EQ(ErrorOf(kShared, bindings), "no error");
  bindings.shapes.clear();
  bindings.batch = 3;
  EXPECT_THAT(ErrorOf(kShared, bindings),
              AllOf(HasSubstr("m.onnx: --batch 3: axis 0"), HasSubstr("4 by --dim N=4")));
  bindings.batch = 4;
  EXPECT_EQ(ErrorOf(kShared, bindings), "no error");
  bindings.dims.clear();
  bindings.batch.reset();
  bindings.shapes = {{"x", {3, 8}}, {"y", {5}}};
  EXPECT_THAT(ErrorOf(kShared, bindings),
              AllOf(HasSubstr("--shape y=5: axis 0"), HasSubstr("3 by --shape x=3x8")));
  bindings.shapes = {{"y", {3}}};
  bindings.batch = 4;
  EXPECT_THAT(ErrorOf(kShared, bindings),
              AllOf(HasSubstr("--shape y=3: axis 0"), HasSubstr("4 by --batch 4")));
}

TEST(ShapesTest, DeclaredShapesAreNeverASource) {
  absl::StatusOr<Inferred> i = Infer(R"(
  arg %x: f32[2, 6]
  %y: f32[2, 7] = Relu(%x)
  return %y
)");
  ASSERT_TRUE(i.ok()) << i.status();
  EXPECT_EQ(i->Type("y"), "f32[2, 6]");
  ASSERT_EQ(i->shapes.diagnostics.size(), 1u);
  EXPECT_THAT(i->shapes.diagnostics[0].message, HasSubstr("declared with 7 on axis 1"));
}

TEST(ShapesTest, OpaqueOpsTakeTheirDeclaredTypes) {
  absl::StatusOr<Inferred> i = Infer(R"(
  arg %x: f32[batch, 6]
  %y: f16[batch, 3] = Frobnicate<com.acme 1>(%x)
  return %y
)");
  ASSERT_TRUE(i.ok()) << i.status();
  EXPECT_EQ(i->Type("y"), "f16[batch, 3]");
}

TEST(ShapesTest, UnnamedInputDimensionsGetNames) {
  absl::StatusOr<Inferred> i = Infer("arg %x: f32[?, 3, ?]\n%y = Relu(%x)\nreturn %y\n");
  ASSERT_TRUE(i.ok()) << i.status();
  EXPECT_EQ(i->Type("y"), "f32[x.0, 3, x.2]");
}

TEST(ShapesTest, SizesThatCannotExistAreErrors) {
  EXPECT_THAT(ErrorOf(R"(
  arg %x: f32[9000000000, 9000000000]
  return %x
)"),
              AllOf(HasSubstr("m.onnx: input `x`"), HasSubstr("2^58")));
}

// Taken for absent, it would give the model other shapes and costs than it has.
TEST(ShapesTest, AttributesOfAnotherTypeAreErrors) {
  auto error = [](absl::string_view op) {
    return ErrorOf(absl::StrCat("arg %x: f32[1, 8]\n  %y = ", op, "\n  return %y\n"));
  };
  EXPECT_THAT(error("Concat(%x, %x) {axis = \"one\"}"),
              HasSubstr("m.onnx: Concat that makes `y`: attribute `axis` is a string, and the "
                        "operator takes an integer; correct the node"));
  EXPECT_THAT(error("Transpose(%x) {perm = 1}"),
              HasSubstr("attribute `perm` is an integer, and the operator takes integers"));
  EXPECT_THAT(error("Cast(%x)"), HasSubstr("it has no attribute `to`"));
  // Not that it has none.
  EXPECT_THAT(ErrorOf("arg %x: f32[1, 8, 2, 2]\n  %y = DepthToSpace(%x) {blocksize = \"2\"}\n"
                      "  return %y\n"),
              HasSubstr("attribute `blocksize` is a string, and the operator takes an integer"));
}

std::string IfModel(absl::string_view condition) {
  return absl::StrCat("arg %x: f32[4, 1]\narg %c: bool[]\nweight %axis = i64[1] {1}\n", condition,
                      R"(
  %y = If(%cond) {
    then_branch = {
      %s = Squeeze(%x, %axis)
      return %s
    },
    else_branch = {
      %r = Relu(%x)
      return %r
    }
  }
  return %y
)");
}

TEST(ShapesTest, AKnownConditionTakesItsBranch) {
  for (const auto& [value, type] : {std::pair("1", "f32[4]"), std::pair("0", "f32[4, 1]")}) {
    absl::StatusOr<Inferred> i =
        Infer(IfModel(absl::StrCat("weight %cond = bool[] {", value, "}")));
    ASSERT_TRUE(i.ok()) << i.status();
    EXPECT_EQ(i->Type("y"), type);
  }
}

TEST(ShapesTest, AnUnknownConditionKeepsTheRankAndSaysSo) {
  absl::StatusOr<Inferred> i = Infer(IfModel("%cond = Identity(%c)"));
  ASSERT_TRUE(i.ok()) << i.status();
  EXPECT_EQ(i->Type("y"), "f32[4, 1]");
  ASSERT_EQ(i->shapes.assumptions.size(), 1u);
  EXPECT_THAT(i->shapes.assumptions[0].text, HasSubstr("else branch"));
}

// What follows takes a vector: x has 1 in axis 1 then, and the branch that squeezes it is taken.
TEST(ShapesTest, AnUnknownConditionThatMustLowerTheRank) {
  const auto model = [](absl::string_view last) {
    return absl::StrCat(R"(
  arg %x: f32[4, n]
  weight %w = f32[3, 3, 4]
  weight %axis = i64[1] {1}
  weight %where = i64[1] {1}
  weight %one = i64[1] {1}
  %shape = Shape(%x)
  %size = Gather(%shape, %where)
  %cond = Equal(%size, %one)
  %y = If(%cond) {
    then_branch = {
      %s = Squeeze(%x, %axis)
      return %s
    },
    else_branch = {
      %r = Identity(%x)
      return %r
    }
  }
  %z = )",
                        last, "\n  return %z\n");
  };
  const std::string fits = model("Einsum(%y, %w) {equation = \"i,jki->j\"}");
  absl::StatusOr<Inferred> i = Infer(fits);
  ASSERT_TRUE(i.ok()) << i.status();
  EXPECT_EQ(i->Type("y"), "f32[4]");
  EXPECT_EQ(i->Type("z"), "f32[3]");
  ASSERT_EQ(i->shapes.assumptions.size(), 2u);
  EXPECT_EQ(i->shapes.assumptions[0].text, "n is 1, to be squeezed");
  EXPECT_EQ(i->shapes.assumptions[1].text,
            "takes its then branch: its condition is not known, and the other one, which keeps the "
            "rank, fits no later operator");
  // No branch fits: the error is that of the usual branch, and says what else it may be.
  EXPECT_THAT(ErrorOf(model("Einsum(%y, %w) {equation = \"ihl,jki->j\"}")),
              HasSubstr("or it is the branch of an If, whose condition is not known: give the "
                        "sizes that decide it by --dim or --shape"));
  // Given the size, there is nothing to assume.
  Bindings bindings;
  bindings.dims = {{"n", 1}};
  i = Infer(fits, bindings);
  ASSERT_TRUE(i.ok()) << i.status();
  EXPECT_EQ(i->Type("y"), "f32[4]");
  EXPECT_TRUE(i->shapes.assumptions.empty());
}

constexpr char kLoop[] = R"(
  arg %x: f32[n, 2]
  arg %limit: i64[]
  weight %true = bool[] {1}
  weight %seven = i64[] {7}
  %last, %all = Loop(%COUNT, %true, %x) {
    body = {
      arg %i: i64[]
      arg %going: bool[]
      arg %h: f32[?, ?]
      %same = Identity(%going)
      %next = BODY
      %row = ReduceSum(%next) {keepdims = 0}
      return %same, %next, %row
    }
  }
  return %last, %all
)";

std::string LoopModel(absl::string_view count, absl::string_view body) {
  std::string text = kLoop;
  text.replace(text.find("COUNT"), 5, std::string(count));
  text.replace(text.find("BODY"), 4, std::string(body));
  return text;
}

TEST(ShapesTest, TripCountsOfALoop) {
  absl::StatusOr<Inferred> i = Infer(LoopModel("seven", "Relu(%h)"));
  ASSERT_TRUE(i.ok()) << i.status();
  EXPECT_EQ(i->Type("last"), "f32[n, 2]");
  EXPECT_EQ(i->Type("all"), "f32[7]");
  EXPECT_EQ(i->shapes.trips[0], Dim(7));
}

TEST(ShapesTest, AnUnknownTripCountIsABoundedSymbol) {
  absl::StatusOr<Inferred> i = Infer(LoopModel("limit", "Relu(%h)"));
  ASSERT_TRUE(i.ok()) << i.status();
  const int s = i->shapes.pool->SymbolIndex(i->shapes.trips[0]);
  ASSERT_GE(s, 0);
  EXPECT_EQ(i->shapes.pool->symbols()[s].bounds.low, 0);
  EXPECT_TRUE(i->shapes.pool->symbols()[s].data_dependent);
  // Given its contents, it is a number.
  Bindings bindings;
  bindings.values = {{"limit", {3}, {3}}};
  i = Infer(LoopModel("limit", "Relu(%h)"), bindings);
  ASSERT_TRUE(i.ok()) << i.status();
  EXPECT_EQ(i->shapes.trips[0], Dim(3));
}

TEST(ShapesTest, ACarriedShapeThatGrowsReachesAFixedPoint) {
  absl::StatusOr<Inferred> i = Infer(LoopModel("seven", "Concat(%h, %x) {axis = 0}"));
  ASSERT_TRUE(i.ok()) << i.status();
  const Type& last = i->shapes.type(i->Value("last"));
  ASSERT_EQ(last.rank(), 2);
  EXPECT_TRUE(last.dims[0].symbolic());
  EXPECT_EQ(last.dims[1], Dim(2));
  EXPECT_NE(i->shapes.pool->ToString(last.dims[0]), "n");
}

TEST(ShapesTest, ScanRunsAlongItsAxis) {
  absl::StatusOr<Inferred> i = Infer(R"(
  arg %h0: f32[batch, 8]
  arg %x: f32[steps, batch, 8]
  %h, %ys = Scan(%h0, %x) {
    num_scan_inputs = 1,
    body = {
      arg %state: f32[?, ?]
      arg %in: f32[?, ?]
      %sum = Add(%state, %in)
      %out = Relu(%sum)
      return %sum, %out
    }
  }
  return %h, %ys
)");
  ASSERT_TRUE(i.ok()) << i.status();
  EXPECT_EQ(i->Type("h"), "f32[batch, 8]");
  EXPECT_EQ(i->Type("ys"), "f32[steps, batch, 8]");
  EXPECT_EQ(i->shapes.pool->ToString(i->shapes.trips[0]), "steps");
}

TEST(DefaultPointTest, BatchIsOneAndTheRestAsSmallAsTheModelAllows) {
  // Without padding, a 7 x 7 kernel wants 7; a power of two makes that 8.
  absl::StatusOr<Inferred> i = Infer(R"(
  arg %x: f32[batch, 3, h, 16]
  weight %w = f32[4, 3, 7, 7]
  %y = Conv(%x, %w)
  return %y
)");
  ASSERT_TRUE(i.ok()) << i.status();
  EXPECT_EQ(i->Type("y"), "f32[batch, 4, h - 6, 10]");
  EXPECT_EQ(i->At("batch"), 1);
  EXPECT_EQ(i->At("h"), 8);
}

TEST(DefaultPointTest, EquationsThatCannotBeSolvedHold) {
  // Two halvings and one doubling back meet only where the height is a multiple of four.
  absl::StatusOr<Inferred> i = Infer(R"(
  arg %x: f32[1, 3, h, 4]
  weight %w = f32[3, 3, 1, 1]
  weight %scales = f32[4] {1.0, 1.0, 2.0, 1.0}
  %half = Conv(%x, %w) {strides = [2, 1]}
  %quarter = Conv(%half, %w) {strides = [2, 1]}
  %up = Resize(%quarter, _, %scales)
  %y = Concat(%up, %half) {axis = 1}
  return %y
)");
  ASSERT_TRUE(i.ok()) << i.status();
  // half: (h - 1) // 2 + 1; quarter: (h - 1) // 4 + 1; 2 x quarter = half first at h = 3, so 4.
  EXPECT_EQ(i->At("h"), 4);
}

}  // namespace
}  // namespace assay
