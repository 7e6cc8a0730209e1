#include "passes/execution.h"

#include "gtest/gtest.h"
#include "passes/passes_test_util.h"

namespace assay {
namespace {

TEST(Execution, DataRunsConstantsFoldShapesAndViewsDoNot) {
  // Flatten as an exporter writes it, beside a transposed weight.
  Analyzed run(R"(
    arg %x: f32[batch, 8, 4]
    weight %w = f32[16, 32]
    weight %zero = i64[] {0}
    weight %rest = i64[1] {-1}
    weight %first = i64[1] {0}
    %shape = Shape(%x)
    %b = Gather(%shape, %zero)
    %b1 = Unsqueeze(%b, %first)
    %target = Concat(%b1, %rest) {axis = 0}
    %flat = Reshape(%x, %target)
    %wt = Transpose(%w) {perm = [1, 0]}
    %y = MatMul(%flat, %wt)
    %r = Relu(%y)
    return %r
  )");
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run.exec("Shape"), Exec::kShape);
  EXPECT_EQ(run.exec("Gather"), Exec::kShape);
  EXPECT_EQ(run.exec("Unsqueeze"), Exec::kShape);
  EXPECT_EQ(run.exec("Concat"), Exec::kShape);
  EXPECT_EQ(run.exec("Reshape"), Exec::kView);
  EXPECT_EQ(run.exec("Transpose"), Exec::kFolded);
  EXPECT_EQ(run.exec("MatMul"), Exec::kRuns);
  EXPECT_EQ(run.exec("Relu"), Exec::kRuns);
  EXPECT_TRUE(run->execution->is_weight(run.value("wt")));
  EXPECT_FALSE(run->execution->is_weight(run.value("flat")));
  EXPECT_EQ(run->execution->root[run.value("flat").index], run.value("x"));
  EXPECT_EQ(run->execution->root[run.value("y").index], run.value("y"));
  const int* count = run->execution->count;
  EXPECT_EQ(count[static_cast<int>(Exec::kRuns)], 2);
  EXPECT_EQ(count[static_cast<int>(Exec::kFolded)], 1);
  EXPECT_EQ(count[static_cast<int>(Exec::kShape)], 4);
  EXPECT_EQ(count[static_cast<int>(Exec::kView)], 1);
  EXPECT_EQ(count[static_cast<int>(Exec::kDead)], 0);
}

TEST(Execution, WhatNothingNeedsIsDead) {
  Analyzed run(R"(
    arg %x: f32[4, 4]
    %unused = Exp(%x)
    %only_its_shape = Tanh(%x)
    %s = Shape(%only_its_shape)
    %y = Reshape(%x, %s)
    %z = Relu(%y)
    return %z
  )");
  EXPECT_EQ(run.exec("Exp"), Exec::kDead);
  EXPECT_EQ(run.exec("Tanh"), Exec::kDead);
  EXPECT_EQ(run.exec("Shape"), Exec::kShape);
  EXPECT_EQ(run.exec("Relu"), Exec::kRuns);
}

TEST(Execution, ACountOfContentsNeedsTheContents) {
  // How many elements of x are not zero is known only when x is.
  Analyzed run(R"(
    arg %x: f32[64]
    weight %one = f32[1] {1.0}
    %where = NonZero(%x)
    %s = Shape(%where)
    %y = Expand(%one, %s)
    %z = Relu(%y)
    return %z
  )");
  EXPECT_EQ(run.exec("NonZero"), Exec::kRuns);
  EXPECT_EQ(run.exec("Shape"), Exec::kShape);
}

TEST(Execution, DequantizedWeightsKeepTheirWidth) {
  Analyzed run(R"(
    arg %x: f32[2, 8]
    weight %w = i8[8, 8]
    weight %scale = f32[] {0.5}
    weight %v = f32[8, 8]
    %wf = DequantizeLinear(%w, %scale)
    %a = MatMul(%x, %wf)
    %q = Neg(%v)
    %b = MatMul(%a, %q)
    return %b
  )");
  EXPECT_EQ(run.exec("DequantizeLinear"), Exec::kRuns);
  EXPECT_EQ(run.exec("Neg"), Exec::kFolded);
  EXPECT_FALSE(run->execution->is_weight(run.value("wf")));
}

TEST(Execution, RandomNumbersAreNeverFolded) {
  Analyzed run(R"(
    arg %x: f32[2]
    %noise = RandomNormal() {shape = [2]}
    %y = Add(%x, %noise)
    return %y
  )");
  EXPECT_EQ(run.exec("RandomNormal"), Exec::kRuns);
}

TEST(Execution, ConstantsOfSizesFoldButContractionsOfThemRun) {
  // Positions of a static export: a table. Were the product folded too, MACs would depend on
  // whether `seq` is bound.
  Analyzed run(R"(
    arg %x: f32[4, 2048, 2048]
    weight %zero = i64[] {0}
    weight %one = i64[] {1}
    weight %freq = f32[1, 64]
    weight %last = i64[1] {1}
    %s = Shape(%x)
    %n = Gather(%s, %one)
    %range = Range(%zero, %n, %one)
    %p = Unsqueeze(%range, %last)
    %grid = Less(%p, %range)
    %gf = Cast(%grid) {to = "f32"}
    %pf = Cast(%p) {to = "f32"}
    %angles = MatMul(%pf, %freq)
    %y = Add(%x, %gf)
    return %y, %angles
  )");
  EXPECT_EQ(run.exec("Range"), Exec::kShape);  // 2048 numbers: known to inference
  EXPECT_EQ(run.exec("Less"), Exec::kFolded);  // 2048 x 2048: a constant, too large to follow
  EXPECT_EQ(run.exec("Cast"), Exec::kFolded);
  EXPECT_EQ(run.exec("MatMul"), Exec::kRuns);
  EXPECT_EQ(run->execution->constant[run.value("gf").index], Constancy::kSized);
}

TEST(Execution, NothingMovesMeansView) {
  Analyzed run(R"(
    arg %x: f32[1, 8, 1, 4]
    %t = Transpose(%x) {perm = [2, 1, 0, 3]}
    %u = Transpose(%x) {perm = [0, 3, 2, 1]}
    %same = Cast(%u) {to = "f32"}
    %half = Cast(%u) {to = "f16"}
    %i = Identity(%t)
    %a = Relu(%i)
    %b = Relu(%same)
    %c = Relu(%half)
    return %a, %b, %c
  )");
  EXPECT_EQ(run.exec("Transpose", 0), Exec::kView);
  EXPECT_EQ(run.exec("Transpose", 1), Exec::kRuns);
  EXPECT_EQ(run.exec("Cast", 0), Exec::kView);
  EXPECT_EQ(run.exec("Cast", 1), Exec::kRuns);
  EXPECT_EQ(run.exec("Identity"), Exec::kView);
  EXPECT_EQ(run->execution->root[run.value("i").index], run.value("x"));
}

constexpr absl::string_view kIf = R"(
    arg %x: f32[4, 8]
    CONDITION
    weight %w = f32[8, 8]
    %y = If(%c) {
      then_branch = { %a = Relu(%x) return %a },
      else_branch = { %b = MatMul(%x, %w) return %b }
    }
    %z = Exp(%y)
    return %z
)";

std::string IfWith(absl::string_view condition) {
  std::string text(kIf);
  text.replace(text.find("CONDITION"), 9, std::string(condition));
  return text;
}

TEST(Execution, AKnownBranchIsAViewAndTheOtherDead) {
  Analyzed run(IfWith("weight %c = bool[] {1}"));
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run.exec("If"), Exec::kView);
  EXPECT_EQ(run.exec("Relu"), Exec::kRuns);
  EXPECT_EQ(run.exec("MatMul"), Exec::kDead);
  EXPECT_EQ(run->execution->root[run.value("y").index], run.value("a"));
  EXPECT_TRUE(run->execution->assumptions.empty());
}

TEST(Execution, AnUnknownBranchIsTheCostlierOne) {
  Analyzed run(IfWith("arg %c: bool[]"));
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run.exec("If"), Exec::kRuns);
  EXPECT_EQ(run.exec("Relu"), Exec::kDead);
  EXPECT_EQ(run.exec("MatMul"), Exec::kRuns);  // 4 * 8 * 8 MACs against none
  EXPECT_EQ(run->execution->branch[run.op("If").index], 1);
  ASSERT_EQ(run->execution->assumptions.size(), 1u);
  EXPECT_EQ(run->execution->assumptions[0].op, run.op("If"));
  EXPECT_EQ(run->numbers->total.macs, 4 * 8 * 8);
}

TEST(Execution, TripsMultiply) {
  Analyzed run(R"(
    arg %x: f32[4]
    weight %outer = i64[] {3}
    weight %inner = i64[] {5}
    weight %yes = bool[] {1}
    %y = Loop(%outer, %yes, %x) {
      body = {
        arg %i: i64[]
        arg %c: bool[]
        arg %s: f32[4]
        %t = Loop(%inner, %yes, %s) {
          body = {
            arg %j: i64[]
            arg %d: bool[]
            arg %u: f32[4]
            %v = Exp(%u)
            return %d, %v
          }
        }
        %w = Relu(%t)
        return %c, %w
      }
    }
    return %y
  )");
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run.text(run->execution->multiplicity[run.op("Loop", 0).index]), "1");
  EXPECT_EQ(run.text(run->execution->multiplicity[run.op("Relu").index]), "3");
  EXPECT_EQ(run.text(run->execution->multiplicity[run.op("Exp").index]), absl::StrCat(3 * 5));
  EXPECT_EQ(run->numbers->total.transcendentals, 3 * 5 * 4);
  EXPECT_EQ(run.exec("Exp"), Exec::kRuns);
}

TEST(Execution, WhatALoopDoesNotGiveOutIsDead) {
  Analyzed run(R"(
    arg %x: f32[4]
    weight %n = i64[] {3}
    weight %yes = bool[] {1}
    %y, %unused = Loop(%n, %yes, %x) {
      body = {
        arg %i: i64[]
        arg %c: bool[]
        arg %s: f32[4]
        %w = Relu(%s)
        %e = Exp(%w)
        return %c, %w, %e
      }
    }
    return %y
  )");
  EXPECT_EQ(run.exec("Relu"), Exec::kRuns);
  EXPECT_EQ(run.exec("Exp"), Exec::kDead);
}

TEST(Execution, OpaqueOpsRun) {
  Analyzed run(R"(
    weight %w = f32[4]
    %y = Mystery<"my.domain">(%w)
    return %y
  )");
  EXPECT_EQ(run.exec("Mystery"), Exec::kRuns);
  EXPECT_EQ(run->numbers->unknown_ops, 1);
}

TEST(Execution, WhatASequenceIsGivenIsComputed) {
  // Small and of known size, as what only feeds sizes.
  Analyzed run(R"(
  arg %s: seq<f32[4]>
  arg %x: f32[4]
  %sum = Add(%x, %x)
  %product = Mul(%x, %x)
  %longer = SequenceInsert(%s, %sum)
  %made = SequenceConstruct(%x, %product)
  return %longer, %made
)");
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run.exec("Add"), Exec::kRuns);
  EXPECT_EQ(run.exec("Mul"), Exec::kRuns);
}

}  // namespace
}  // namespace assay
