#include "analyzer/chart.h"

#include <cmath>
#include <string>

#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::Not;

int CountOf(absl::string_view text, absl::string_view part) {
  int n = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++n;
  return n;
}

Chart Line(std::vector<ChartPoint> points, bool log = false) {
  return {.key = "c",
          .title = "a chart",
          .x = {"x", Quantity::kRatio, log},
          .y = {"y", Quantity::kSeconds, log},
          .series = {{"s", Series::Form::kLine, std::move(points)}}};
}

TEST(ChartTest, LinearTicksAreRoundNumbers) {
  // Of 0 to 1 second: a text of y takes 38 units of the 210 between the margins, so steps of 0.2.
  const std::string svg = DrawSvg(Line({{0, 0}, {1, 1}}), 400, 300, false);
  for (absl::string_view tick : {">0 s<", ">200 ms<", ">800 ms<", ">1 s<"}) {
    EXPECT_THAT(svg, HasSubstr(tick)) << svg;
  }
}

TEST(ChartTest, PlacesInAListAreWholeNumbers) {
  Chart c = Line({{0, 1}, {1, 2}, {2, 3}});
  c.x.quantity = Quantity::kIndex;
  const std::string svg = DrawSvg(c, 800, 300, false);
  for (absl::string_view tick : {"\"middle\">0<", "\"middle\">1<", "\"middle\">2<"}) {
    EXPECT_EQ(CountOf(svg, tick), 1) << tick;
  }
}

TEST(ChartTest, LogarithmsHaveEqualSteps) {
  const std::string svg =
      DrawSvg(Line({{1, 1e-6}, {10, 1e-5}, {100, 1e-4}}, true), 400, 300, false);
  EXPECT_THAT(svg, HasSubstr(">1 us<"));
  EXPECT_THAT(svg, HasSubstr(">100 us<"));
  // The middle point lies half way between the others: "M x0 y0 L x1 y1 L x2 y2".
  const size_t at = svg.find("<path d=\"M", svg.find("currentColor") - 200);
  ASSERT_NE(at, svg.npos);
  double x0, y0, x1, y1, x2, y2;
  ASSERT_EQ(
      sscanf(svg.c_str() + at, "<path d=\"M%lf %lfL%lf %lfL%lf %lf", &x0, &y0, &x1, &y1, &x2, &y2),
      6)
      << svg;
  EXPECT_NEAR(x1 - x0, x2 - x1, 0.2);
  EXPECT_NEAR(y1 - y0, y2 - y1, 0.2);
  EXPECT_GT(y0, y2) << "y grows upwards";
}

TEST(ChartTest, LeavesOutWhatAnAxisCannotShow) {
  Chart c = Line({{1, 1}, {0, 1}, {1, -1}, {NAN, 1}, {2, INFINITY}, {10, 10}}, true);
  c.series[0].form = Series::Form::kPoints;
  const std::string svg = DrawSvg(c, 400, 300, false);
  EXPECT_EQ(CountOf(svg, "<circle"), 2);
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
  EXPECT_THAT(DrawSvg(Line({}), 400, 300, false), HasSubstr("</svg>"));
}

TEST(ChartTest, LyingBarsAreAsLongAsTheirNumbers) {
  Chart c{.key = "b",
          .title = "bars",
          .x = {"", Quantity::kSeconds},
          .y = {"", Quantity::kText, false, {"one", "two"}},
          .series = {{"time", Series::Form::kBars, {{2, 0}, {4, 1}}}}};
  const std::string svg = DrawSvg(c, 400, 120, true);
  double wide[2];
  size_t at = 0;
  for (double& w : wide) {
    at = svg.find("<rect class=\"bar\"", at + 1);
    ASSERT_NE(at, svg.npos) << svg;
    ASSERT_EQ(sscanf(svg.c_str() + svg.find("width=", at), "width=\"%lf", &w), 1);
  }
  EXPECT_NEAR(wide[1], 2 * wide[0], 0.2);  // 4 s is twice 2 s: bars begin at 0
  EXPECT_THAT(svg, HasSubstr(">one<"));
}

TEST(ChartTest, NamesAreNoMarkup) {
  Chart c = Line({{1, 1, "</title><script>alert('x')</script>"}});
  c.title = "<b>";
  c.series[0].name = "a&b\"\x01";
  c.series.push_back({"second", Series::Form::kArea, {{0, 1}, {1, 2}}});
  for (bool in_page : {false, true}) {
    const std::string svg = DrawSvg(c, 400, 300, in_page);
    EXPECT_THAT(svg, Not(HasSubstr("<script")));
    EXPECT_THAT(svg, HasSubstr("&lt;/title&gt;&lt;script&gt;"));
    EXPECT_THAT(svg, HasSubstr("a&amp;b&quot;\\x01"));
    EXPECT_EQ(CountOf(svg, "<title>"), CountOf(svg, "</title>"));
  }
}

TEST(ChartTest, ALongLineHasMarksToHoverOverAndItsHighestPoint) {
  Chart c = Line({});
  for (int i = 0; i < 10'000; ++i) {
    c.series[0].points.push_back({static_cast<double>(i), i == 5003 ? 9.0 : 1.0});
  }
  c.series[0].form = Series::Form::kSteps;
  const std::string svg = DrawSvg(c, 800, 300, true);
  EXPECT_LE(CountOf(svg, "<circle"), 240);
  EXPECT_THAT(svg, HasSubstr("5003, 9 s"));
}

}  // namespace
}  // namespace assay
