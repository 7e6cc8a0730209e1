#include <string>
#include <vector>

#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

TEST(ElementwiseTest, ShapesBroadcast) {
  ExpectCases({
      {"Add@14", {"f32[b, 3, h, w]", "f32[3, 1, 1]"}, "", {"f32[b, 3, h, w]"}},
      {"Add@14", {"f32[5]", "f32[]"}, "", {"f32[5]"}},
      {"Mul@14", {"f32[b, 1, s]", "f32[1, 12, 1]"}, "", {"f32[b, 12, s]"}},
      {"Add@14", {"f32[n, 4]", "f32[1, 4]"}, "", {"f32[n, 4]"}},
      {"Add@14", {"f32[*]", "f32[4]"}, "", {"f32[*]"}},
      {"Add@14", {"f32[?, 4]", "f32[7, 4]"}, "", {"f32[7, 4]"}},
      {"Add@14", {"f32[?, 4]", "f32[s, 1]"}, "", {"f32[?, 4]"}},
      // Opset 6: aligned at an axis.
      {"Add@6", {"f32[b, 3, h, w]", "f32[3]"}, "broadcast=1, axis=1", {"f32[b, 3, h, w]"}},
      {"Sum@13", {"f32[b, 1]", "f32[4]", "f32[3, 1, 1]"}, "", {"f32[3, b, 4]"}},
      {"Less@13", {"f32[b, 1]", "f32[1, 9]"}, "", {"bool[b, 9]"}},
      {"And@7", {"bool[b, 1]", "bool[9]"}, "", {"bool[b, 9]"}},
      {"Not@1", {"bool[b]"}, "", {"bool[b]"}},
      {"IsNaN@20", {"f16[b]"}, "", {"bool[b]"}},
      {"Where@16", {"bool[b, 1, 1]", "f32[s, 1]", "f32[4]"}, "", {"f32[b, s, 4]"}},
      {"Pow@15", {"f32[b, 4]", "i64[]"}, "", {"f32[b, 4]"}},
      {"PRelu@16", {"f32[b, 4, h]", "f32[4, 1]"}, "", {"f32[b, 4, h]"}},
      {"Cast@19", {"f32[b, 4]"}, "to=f16", {"f16[b, 4]"}},
      {"Cast@19", {"f32[*]"}, "to=i64", {"i64[*]"}},
      {"CastLike@19", {"f32[b, 4]", "bf16[]"}, "", {"bf16[b, 4]"}},
      {"BitCast@26", {"f32[b, 4]"}, "to=i32", {"i32[b, 4]"}},
      {"Identity@19", {"seq<f32[2]>#3"}, "", {"seq<f32[2]>"}},
      {"Dropout@13", {"f16[b, 4]", "f32[]", "bool[]"}, "", {"f16[b, 4]", "bool[b, 4]"}},
      {"Dropout@7", {"f32[b, 4]"}, "", {"f32[b, 4]", "f32[b, 4]"}},
      {"SwiGLU@28", {"f32[b, ?]", "f32[b, 64]"}, "", {"f32[b, 64]"}},
  });
}

TEST(ElementwiseTest, BroadcastAssumesWhatItMust) {
  OpTester t;
  OpRun r = t.Run("Add@14", {"f32[s, 8]", "f32[total, 8]"});
  EXPECT_EQ(r.assumptions, std::vector<std::string>{"s = total"});
  EXPECT_EQ(t.Text(t.Parse("s - total")), "0");

  OpTester one;  // a size of an input is meant to fit
  r = one.Run("Add@14", {"f32[n]", "f32[5]"});
  EXPECT_EQ(r.types[0], "f32[5]");
  EXPECT_EQ(r.assumptions, std::vector<std::string>{"n = 5"});
  EXPECT_EQ(one.Text(one.Parse("n")), "5");

  OpTester found;  // one that depends on contents may well be 1, and stays free
  found.pool().Symbol("n", {.bounds = {.low = 0}, .data_dependent = true});
  r = found.Run("Add@14", {"f32[n]", "f32[5]"});
  EXPECT_EQ(r.types[0], "f32[5]");
  EXPECT_EQ(r.assumptions, std::vector<std::string>{"n is 1 or 5, to broadcast"});
  EXPECT_EQ(found.Text(found.Parse("n")), "n");

  OpTester two;  // at least 2, so 5
  two.Symbol("n", 2);
  r = two.Run("Add@14", {"f32[n]", "f32[5]"});
  EXPECT_EQ(r.types[0], "f32[5]");
  EXPECT_EQ(two.Text(two.Parse("n")), "5");

  OpTester small;  // at most 3, so 1
  small.Symbol("n", 0, 3);
  r = small.Run("Add@14", {"f32[n]", "f32[5]"});
  EXPECT_EQ(r.types[0], "f32[5]");
  EXPECT_TRUE(r.assumptions.empty());

  EXPECT_FALSE(OpTester().Run("Add@14", {"f32[3]", "f32[4]"}).status.ok());
}

TEST(ElementwiseTest, ContentsFold) {
  ExpectCases({
      {"Add@14", {"i64[2]{s, 3}", "i64[]{1}"}, "", {"i64[2]"}, {"{s + 1, 4}"}},
      {"Sub@14", {"i64[2]{s, 3}", "i64[2]{1, s}"}, "", {"i64[2]"}, {"{s - 1, 3 - s}"}},
      {"Mul@14", {"i64[2, 1]{2, s}", "i64[2]{3, s}"}, "", {"i64[2, 2]"}, {"{6, 2*s, 3*s, s*s}"}},
      {"Mul@14", {"i64[2]{0, 1}", "i64[2]{?, ?}"}, "", {"i64[2]"}, {"{0, ?}"}},
      {"Div@14", {"i64[3]{-7, 7, s}", "i64[]{2}"}, "", {"i64[3]"}, {"{-3, 3, floordiv(s, 2)}"}},
      {"Mod@13", {"i64[2]{-7, s}", "i64[]{4}"}, "", {"i64[2]"}, {"{1, s - 4*floordiv(s, 4)}"}},
      {"Mod@13", {"i64[1]{-7}", "i64[]{4}"}, "fmod=1", {"i64[1]"}, {"{-3}"}},
      {"Pow@15", {"f32[]{3}", "i64[]{2}"}, "", {"f32[]"}, {"{9}"}},
      {"Pow@15", {"i64[]{s}", "i64[]{2}"}, "", {"i64[]"}, {"{s*s}"}},
      {"Sum@13", {"i64[]{1}", "i64[]{s}", "i64[]{3}"}, "", {"i64[]"}, {"{s + 4}"}},
      {"Mean@13", {"f32[]{1}", "f32[]{2}", "f32[]{6}"}, "", {"f32[]"}, {"{3}"}},
      {"Max@13", {"i64[]{s}", "i64[]{1}", "i64[]{0}"}, "", {"i64[]"}, {"{s}"}},
      {"Min@13", {"i64[]{1000}", "i64[]{s}"}, "", {"i64[]"}, {"{min(1000, s)}"}},
      {"Neg@13", {"i64[]{s}"}, "", {"i64[]"}, {"{-s}"}},
      {"Abs@13", {"i64[2]{-4, s}"}, "", {"i64[2]"}, {"{4, s}"}},
      {"Sign@13", {"i64[3]{-4, 0, s}"}, "", {"i64[3]"}, {"{-1, 0, 1}"}},
      {"Floor@13", {"f32[3]{1.5, -1.5, s/2}"}, "", {"f32[3]"}, {"{1, -2, floordiv(s, 2)}"}},
      {"Ceil@13", {"f32[2]{1.5, -1.5}"}, "", {"f32[2]"}, {"{2, -1}"}},
      {"Round@22", {"f32[4]{0.5, 1.5, 2.5, -0.6}"}, "", {"f32[4]"}, {"{0, 2, 2, -1}"}},
      {"Sqrt@13", {"f32[]{196}"}, "", {"f32[]"}, {"{14}"}},
      {"Reciprocal@13", {"f32[]{s/2}"}, "", {"f32[]"}, {"{(2)/(s)}"}},
      {"Relu@14", {"i64[2]{-3, s}"}, "", {"i64[2]"}, {"{0, s}"}},
      {"Clip@13", {"i64[3]{-3, 5, s}", "i64[]{0}", ""}, "", {"i64[3]"}, {"{0, 5, s}"}},
      {"Clip@6", {"f32[2]{-3, 9}"}, "min=0.0, max=6.0", {"f32[2]"}, {"{0, 6}"}},
      {"Cast@13", {"i64[2]{s, 3}"}, "to=f32", {"f32[2]"}, {"{s, 3}"}},
      {"Cast@13", {"f32[3]{s/2, 3.7, -3.7}"}, "to=i64", {"i64[3]"}, {"{floordiv(s, 2), 3, -3}"}},
      {"Cast@13", {"i64[3]{0, 2, s}"}, "to=bool", {"bool[3]"}, {"{0, 1, 1}"}},
      {"Cast@13", {"f32[4]"}, "to=i64", {"i64[4]"}, {"-"}},
      {"CastLike@19", {"i64[1]{s}", "i32[?]"}, "", {"i32[1]"}, {"{s}"}},
      {"Equal@19", {"i64[3]{s, 2, s}", "i64[3]{-1, 2, 4}"}, "", {"bool[3]"}, {"{0, 1, ?}"}},
      {"Less@13", {"i64[2]{0, s}", "i64[2]{s, s}"}, "", {"bool[2]"}, {"{1, 0}"}},
      {"LessOrEqual@16", {"i64[]{1}", "i64[]{s}"}, "", {"bool[]"}, {"{1}"}},
      {"Greater@13", {"i64[]{s}", "i64[]{0}"}, "", {"bool[]"}, {"{1}"}},
      {"GreaterOrEqual@16", {"i64[]{n}", "i64[]{1}"}, "", {"bool[]"}, {"-"}},
      {"And@7", {"bool[4]{0, ?, 1, 1}", "bool[4]{?, 0, 1, ?}"}, "", {"bool[4]"}, {"{0, 0, 1, ?}"}},
      {"Or@7", {"bool[4]{0, ?, 1, 0}", "bool[4]{?, 1, ?, 0}"}, "", {"bool[4]"}, {"{?, 1, 1, 0}"}},
      {"Xor@7", {"bool[3]{0, 1, ?}", "bool[3]{1, 1, 1}"}, "", {"bool[3]"}, {"{1, 0, ?}"}},
      {"Not@1", {"bool[3]{0, 1, ?}"}, "", {"bool[3]"}, {"{1, 0, ?}"}},
      {"Where@16",
       {"bool[4]{1, 0, ?, ?}", "i64[4]{s, s, s, 7}", "i64[]{7}"},
       "",
       {"i64[4]"},
       {"{s, 7, ?, 7}"}},
      {"BitwiseAnd@18", {"i64[]{12}", "i64[]{10}"}, "", {"i64[]"}, {"{8}"}},
      {"BitwiseOr@18", {"i64[]{12}", "i64[]{10}"}, "", {"i64[]"}, {"{14}"}},
      {"BitwiseXor@18", {"i64[]{12}", "i64[]{10}"}, "", {"i64[]"}, {"{6}"}},
      {"BitwiseNot@18", {"u8[]{1}"}, "", {"u8[]"}, {"{254}"}},
      {"BitShift@11", {"u8[2]{200, 3}", "u8[]{1}"}, "direction=LEFT", {"u8[2]"}, {"{144, 6}"}},
      {"BitShift@11", {"u8[2]{200, 3}", "u8[]{1}"}, "direction=RIGHT", {"u8[2]"}, {"{100, 1}"}},
      // Splats stay splats; beside others they are spelled out when few, dropped when many.
      {"Mul@14", {"i64[s]{1...}", "i64[]{-1}"}, "", {"i64[s]"}, {"{-1...}"}},
      {"Add@14", {"i64[3]{1...}", "i64[3]{1, 2, s}"}, "", {"i64[3]"}, {"{2, 3, s + 1}"}},
      {"Add@14", {"i64[s, 3]{1...}", "i64[3]{1, 2, 3}"}, "", {"i64[s, 3]"}, {"-"}},
      {"Identity@14", {"i64[2]{s, 3}"}, "", {"i64[2]"}, {"{s, 3}"}},
      // Nothing is known of one operand, or it has no elements.
      {"Add@14", {"i64[2]{s, 3}", "i64[2]"}, "", {"i64[2]"}, {"-"}},
      {"Add@14", {"i64[0]{}", "i64[1]{3}"}, "", {"i64[0]"}, {"{}"}},
  });
}

TEST(ElementwiseTest, WeightsAreNotFolded) {
  // 17 floats are data, 16 may be scales.
  std::string many = "stored f32[17]{0", few = "stored f32[16]{0";
  for (int i = 1; i < 17; ++i) absl::StrAppend(&many, ", ", i);
  for (int i = 1; i < 16; ++i) absl::StrAppend(&few, ", ", i);
  EXPECT_EQ(OpTester().Run("Neg@13", {many + "}"}).values[0], "-");
  EXPECT_NE(OpTester().Run("Neg@13", {few + "}"}).values[0], "-");
}

struct WorkCase {
  std::string op;
  std::vector<std::string> operands;
  std::string attrs;
  int64_t flops, transcendentals, comparisons, int_ops;
};

TEST(ElementwiseTest, WorkIsTheFormulaPerElement) {
  const int64_t n = 2 * 3 * 5;
  const WorkCase cases[] = {
      {"Add@14", {"f32[2, 3, 5]", "f32[5]"}, "", n, 0, 0, 0},
      {"Add@14", {"i64[2, 3, 5]", "i64[5]"}, "", 0, 0, 0, n},
      {"Neg@13", {"f32[2, 3, 5]"}, "", n, 0, 0, 0},
      {"Sqrt@13", {"f32[2, 3, 5]"}, "", 0, n, 0, 0},
      {"Relu@14", {"f32[2, 3, 5]"}, "", 0, 0, n, 0},
      {"Sigmoid@13", {"f32[2, 3, 5]"}, "", 2 * n, n, 0, 0},
      {"Mish@18", {"f32[2, 3, 5]"}, "", 2 * n, 3 * n, 0, 0},
      {"Gelu@20", {"f32[2, 3, 5]"}, "", 4 * n, n, 0, 0},
      {"Gelu@20", {"f32[2, 3, 5]"}, "approximate=tanh", 8 * n, n, 0, 0},
      {"Swish@24", {"f32[2, 3, 5]"}, "", (1 + 1 + 1) * n, n, 0, 0},
      {"Swish@24", {"f32[2, 3, 5]"}, "alpha=1.5", (1 + 1 + 1 + 1) * n, n, 0, 0},
      {"SwiGLU@28", {"f32[2, 3, 5]", "f32[2, 3, 5]"}, "", (1 + 1 + 1 + 1) * n, n, 0, 0},
      {"HardSwish@14", {"f32[2, 3, 5]"}, "", 3 * n, 0, 2 * n, 0},
      {"Sum@13", {"f32[2, 3, 5]", "f32[5]", "f32[]"}, "", 2 * n, 0, 0, 0},
      {"Mean@13", {"f32[2, 3, 5]", "f32[5]", "f32[]"}, "", 3 * n, 0, 0, 0},
      {"Max@13", {"f32[2, 3, 5]", "f32[5]", "f32[]"}, "", 0, 0, 2 * n, 0},
      {"Clip@13", {"f32[2, 3, 5]", "f32[]", "f32[]"}, "", 0, 0, 2 * n, 0},
      {"Clip@13", {"f32[2, 3, 5]", "f32[]"}, "", 0, 0, n, 0},
      {"Pow@15", {"f32[2, 3, 5]", "f32[]{2}"}, "", n, 0, 0, 0},
      {"Pow@15", {"f32[2, 3, 5]", "f32[]{3}"}, "", 2 * n, 0, 0, 0},
      {"Pow@15", {"f32[2, 3, 5]", "f32[]{0.7}"}, "", 0, n, 0, 0},
      {"Pow@15", {"f32[2, 3, 5]", "f32[5]"}, "", 0, n, 0, 0},
      {"Where@16", {"bool[2, 3, 5]", "f32[]", "f32[]"}, "", 0, 0, n, 0},
      {"Equal@19", {"i64[2, 3, 5]", "i64[]"}, "", 0, 0, n, 0},
      {"And@7", {"bool[2, 3, 5]", "bool[]"}, "", 0, 0, 0, n},
      {"Cast@19", {"f32[2, 3, 5]"}, "to=f16", 0, 0, 0, 0},
  };
  for (const WorkCase& c : cases) {
    SCOPED_TRACE(c.op + " " + c.attrs);
    OpTester t;
    OpRun r = t.Run(c.op, c.operands, c.attrs);
    ASSERT_TRUE(r.status.ok()) << r.status;
    EXPECT_EQ(t.Text(r.work.flops), std::to_string(c.flops));
    EXPECT_EQ(t.Text(r.work.transcendentals), std::to_string(c.transcendentals));
    EXPECT_EQ(t.Text(r.work.comparisons), std::to_string(c.comparisons));
    EXPECT_EQ(t.Text(r.work.int_ops), std::to_string(c.int_ops));
    EXPECT_EQ(t.Text(r.work.macs), "0");
    EXPECT_EQ(t.Text(r.work.reads[0]), std::to_string(n));
    EXPECT_EQ(t.Text(r.work.writes[0]), std::to_string(n));
  }
}

TEST(ElementwiseTest, WorkIsSymbolicAndViewsCostNothing) {
  OpTester t;
  OpRun r = t.Run("Sigmoid@13", {"f32[b, 10]"});
  EXPECT_EQ(t.Text(r.work.flops), "20*b");
  for (const char* op : {"Identity@14", "Dropout@13"}) {
    r = t.Run(op, {"f32[b, 10]"});
    EXPECT_EQ(t.Text(r.work.reads[0]), "0");
    EXPECT_EQ(t.Text(r.work.writes[0]), "0");
  }
  r = t.Run("CastLike@19", {"f32[b, 10]", "f16[7]"});
  EXPECT_EQ(t.Text(r.work.reads[0]), "10*b");
  EXPECT_EQ(t.Text(r.work.reads[1]), "0");
}

TEST(ElementwiseTest, MissingOperandsAreSurvived) {
  for (const OpRow* row_ptr : OpTable::BuiltIn().rows()) {
    const OpRow& row = *row_ptr;
    if (row.family != Family::kElementwise || !row.domain.empty()) continue;
    for (const std::vector<std::string>& operands :
         {std::vector<std::string>{}, {""}, {"", ""}, {"i64[2]{1, 2}"}, {"", "i64[2]{1, 2}", ""}}) {
      OpTester().Run(absl::StrCat(row.name, "@28"), operands);
    }
  }
}

}  // namespace
}  // namespace assay
