// Trip counts of loops that end on a counter's comparison with a bound (ir/ops/trip_count.h).
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ir/text.h"
#include "passes/execution.h"
#include "passes/shapes.h"
#include "passes/work.h"

namespace assay {
namespace {

// A Loop over a counter %i, an unchanged bound %b and a state of 4 x 8 that a product renews.
struct LoopText {
  std::string limit = "%forever";  // M, or _
  std::string start = "%zero";     // of the counter
  std::string bound = "%five";
  std::string first = "%true";           // the condition at the start
  std::string step = "Add(%i, %one)";    // the counter's next value, %next
  std::string cond = "Less(%next, %b)";  // the condition's next value
  std::string before;                    // ops before the Loop
};

std::string ToText(const LoopText& t) {
  return absl::StrCat(R"(assay-ir 1
file "m.onnx"
opset "" 17
graph {
  arg %h0: f32[4, 8]
  arg %frames: f32[seq, 2]
  arg %anything: i32[]
  arg %stop: bool[]
  weight %w = f32[8, 8]
  weight %true = bool[] {1}
  weight %false = bool[] {0}
  weight %zero = i32[] {0}
  weight %one = i32[] {1}
  weight %two = i32[] {2}
  weight %three = i32[] {3}
  weight %five = i32[] {5}
  weight %ten = i32[] {10}
  weight %forever = i64[] {9223372036854775807}
  weight %four = i64[] {4}
  weight %rows = i64[1] {0}
)",
                      t.before, "  %counter, %limits, %h, %hs = Loop(", t.limit, ", ", t.first,
                      ", ", t.start, ", ", t.bound, R"(, %h0) {
    body = {
      arg %trip: i64[]
      arg %going: bool[]
      arg %i: i32[]
      arg %b: i32[]
      arg %state: f32[?, ?]
      %next = )",
                      t.step, R"(
      %bound = Identity(%b)
      %new = MatMul(%state, %w)
      %cond = )",
                      t.cond, R"(
      return %cond, %next, %bound, %new, %new
    }
  }
  return %h, %hs
}
)");
}

struct Counted {
  std::string trips, macs, scanned;
  int assumptions = 0;
  Bounds bounds;
};

absl::StatusOr<Counted> Count(const LoopText& text) {
  absl::StatusOr<Graph> graph = ParseGraph(ToText(text), OpTable::BuiltIn());
  if (!graph.ok()) return graph.status();
  absl::StatusOr<Shapes> shapes = InferShapes(*graph, {});
  if (!shapes.ok()) return shapes.status();
  absl::StatusOr<Execution> execution = ClassifyOps(*graph, *shapes);
  if (!execution.ok()) return execution.status();
  absl::StatusOr<Works> works = CountWork(*graph, *shapes, *execution, 1);
  if (!works.ok()) return works.status();
  Counted out;
  const DimPool& pool = *shapes->pool;
  for (OpId op(0); op.index < graph->num_ops(); ++op.index) {
    if (graph->str(graph->op(op).type) != "Loop") continue;
    out.trips = pool.ToString(shapes->trips[op.index]);
    out.bounds = pool.BoundsOf(shapes->trips[op.index]);
    out.scanned = ToString(shapes->type(graph->outputs(op)[3]), pool);
  }
  out.macs = pool.ToString(works->macs);
  out.assumptions = static_cast<int>(shapes->assumptions.size());
  return out;
}

void ExpectTrips(const LoopText& text, int64_t trips) {
  SCOPED_TRACE(absl::StrCat(text.start, " ", text.step, " ", text.cond, " from ", text.first));
  absl::StatusOr<Counted> c = Count(text);
  ASSERT_TRUE(c.ok()) << c.status();
  EXPECT_EQ(c->trips, absl::StrCat(trips));
  EXPECT_EQ(c->macs, absl::StrCat(trips * 4 * 8 * 8));
  EXPECT_EQ(c->scanned, absl::StrCat("f32[", trips, ", 4, 8]"));
  EXPECT_EQ(c->assumptions, 0);
}

TEST(LoopTripsTest, ACounterPassesItsBound) {
  ExpectTrips({}, 5);                                  // 0, 1, 2, 3, 4
  ExpectTrips({.cond = "LessOrEqual(%next, %b)"}, 6);  // 0, ..., 5
  ExpectTrips({.cond = "Greater(%b, %next)"}, 5);
  ExpectTrips({.cond = "GreaterOrEqual(%b, %next)"}, 6);
  ExpectTrips({.bound = "%ten", .step = "Add(%i, %three)"}, 4);  // 0, 3, 6, 9
  ExpectTrips({.start = "%three", .step = "Add(%two, %i)"}, 1);  // 3; 5 < 5 fails
  ExpectTrips({.start = "%two", .step = "Add(%two, %i)"}, 2);    // 2, 4
  // Downwards.
  ExpectTrips(
      {.start = "%ten", .bound = "%three", .step = "Sub(%i, %two)", .cond = "Greater(%next, %b)"},
      4);  // 10, 8, 6, 4
  ExpectTrips(
      {.start = "%ten", .bound = "%two", .step = "Sub(%i, %two)", .cond = "LessOrEqual(%b, %next)"},
      5);  // 10, 8, 6, 4, 2
  ExpectTrips({.start = "%ten",
               .bound = "%two",
               .step = "Sub(%i, %two)",
               .cond = "GreaterOrEqual(%next, %b)"},
              5);
}

TEST(LoopTripsTest, TheConditionMayLookAtTheCounterBeforeItsStep) {
  // After trip t the condition compares t, not t + 1: one trip more.
  ExpectTrips({.cond = "Less(%i, %b)"}, 6);
  // The trip number itself, which is i64.
  ExpectTrips({.cond = "Less(%trip, %four)"}, 5);
  // What was true at the start and fails after the first trip.
  ExpectTrips({.start = "%ten"}, 1);
}

TEST(LoopTripsTest, AllOfSeveralConditions) {
  LoopText t;
  t.step = R"(Add(%i, %one)
      %c1 = Less(%next, %b)
      %c2 = Less(%next, %three))";
  t.cond = "And(%c1, %c2)";
  ExpectTrips(t, 3);  // the smaller of 5 and 3
  t.step = R"(Add(%i, %one)
      %c1 = GreaterOrEqual(%next, %b)
      %c2 = Greater(%next, %ten)
      %any = Or(%c1, %c2))";
  t.cond = "Not(%any)";
  ExpectTrips(t, 5);  // not (next >= 5 or next > 10)
}

TEST(LoopTripsTest, TheLimitHoldsToo) {
  ExpectTrips({.limit = "%four"}, 4);  // M = 4 before 5
  ExpectTrips({.limit = "%four", .bound = "%three"}, 3);
  ExpectTrips({.limit = "_"}, 5);
  ExpectTrips({.first = "%false"}, 0);
  ExpectTrips({.first = "_"}, 5);
  // The start is compared as every trip is, and its counter is at the bound already.
  ExpectTrips({.start = "%five", .first = "%c", .before = "  %c = Less(%five, %five)\n"}, 0);
}

TEST(LoopTripsTest, BoundsMayBeExpressions) {
  // As Keras writes a loop over time: i < Shape(x)[0], before and after every trip.
  LoopText t;
  t.before = R"(  %shape = Shape(%frames)
  %time = Gather(%shape, %zero)
  %steps = Cast(%time) {to = "i32"}
  %c = Less(%zero, %steps)
)";
  t.bound = "%steps";
  t.first = "%c";
  absl::StatusOr<Counted> c = Count(t);
  ASSERT_TRUE(c.ok()) << c.status();
  EXPECT_EQ(c->trips, "seq");
  EXPECT_EQ(c->macs, "256*seq");  // 4 x 8 x 8 per trip
  EXPECT_EQ(c->scanned, "f32[seq, 4, 8]");
  EXPECT_EQ(c->assumptions, 0);
  t.step = "Add(%i, %two)";
  c = Count(t);
  ASSERT_TRUE(c.ok()) << c.status();
  EXPECT_EQ(c->trips, "-floordiv(-seq, 2)");  // ceil(seq / 2)
}

TEST(LoopTripsTest, WhatContentsDecideIsABoundedSymbol) {
  // One condition of two is data: the other still bounds the trips.
  LoopText t;
  t.step = R"(Add(%i, %one)
      %c1 = Less(%next, %b))";
  t.cond = "And(%c1, %stop)";
  absl::StatusOr<Counted> c = Count(t);
  ASSERT_TRUE(c.ok()) << c.status();
  EXPECT_EQ(c->assumptions, 1);
  EXPECT_EQ(c->bounds.low, 0);
  EXPECT_EQ(c->bounds.high, 5);
  // Nobody knows how far the counter goes.
  for (const LoopText& open :
       {LoopText{.bound = "%anything"}, LoopText{.start = "%anything"},
        LoopText{.step = "Add(%i, %anything)"}, LoopText{.cond = "Identity(%going)"},
        LoopText{.step = "Sub(%i, %one)"}, LoopText{.first = "%stop", .cond = "Not(%going)"}}) {
    c = Count(open);
    ASSERT_TRUE(c.ok()) << c.status();
    EXPECT_EQ(c->assumptions, 1) << ToText(open);
  }
}

}  // namespace
}  // namespace assay
