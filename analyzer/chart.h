// A drawing as data: points and lines over two axes. HTML and SVG draw it; formats of text leave it
// out, so whatever it shows stands in a table too.
//
//   Chart c{.key = "roofline", .title = "roofline on h100-sxm",
//           .x = {"FLOP per byte", Quantity::kRatio, /*log=*/true},
//           .y = {"FLOP per second", Quantity::kOpsPerSecond, /*log=*/true}};
//   c.series = {{"HBM3", Series::Form::kLine, {{0.1, 3.35e11}, {20, 6.7e13}}},
//               {"kernels", Series::Form::kPoints, {{4.2, 1.1e12, "Conv+Relu: 12 us", 0.3}}}};
//   std::string svg = DrawSvg(c, 860, 420, /*in_page=*/false);
#ifndef ASSAY_ANALYZER_CHART_H_
#define ASSAY_ANALYZER_CHART_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "analyzer/quantity.h"

namespace assay {

struct Axis {
  std::string title;
  Quantity quantity = Quantity::kCount;
  bool log = false;
  // Of a y axis: names of the places 0, 1, 2, ... instead of numbers. Bars along them lie down, the
  // first on top.
  std::vector<std::string> names = {};
};

struct ChartPoint {
  double x = 0, y = 0;
  std::string label = {};  // what hovering shows, lines divided by \n; empty: the coordinates
  double weight = 0;       // of 0..1: how large the point is drawn
};

struct Series {
  enum class Form { kPoints, kLine, kSteps, kArea, kBars };
  std::string name;
  Form form = Form::kLine;
  std::vector<ChartPoint> points;
};

// Names of series are distinct; points that an axis cannot show (0 on a logarithm, NaN) are left
// out.
struct Chart {
  std::string key;  // an identifier: "roofline"
  std::string title;
  Axis x, y;
  std::vector<Series> series;
};

// A whole <svg> element, `width` x `height` user units, with titles for hovering; no script and no
// fonts from elsewhere. Colours are classes of the page where `in_page`, else inline.
std::string DrawSvg(const Chart& chart, int width, int height, bool in_page);

// What would be markup in HTML and XML means itself; bytes that are no text are shown as \xNN, but
// for the ends of lines.
std::string EscapeMarkup(absl::string_view text);

}  // namespace assay

#endif  // ASSAY_ANALYZER_CHART_H_
