// Charts as SVG: axes with ticks at 1, 2 and 5 times powers of ten, a grid, series, a legend.
//
// Layout, in user units from the top left:
//
//      +-- legend: a mark and a name per series, in as many lines as it takes --+
//      |  y title                                                               |
//   t  |  |                                                                     |
//   i  |  |      the plot: grid, series, nothing outside                        |
//   c  |  |                                                                     |
//   ks |  +---------------------------------------------------------------------|
//      |        ticks of x                                                      |
//      +--------------------------- x title ------------------------------------+
//
// Every mark has a <title>: browsers show it on hovering without any script. A line of thousands of
// points has as many marks to hover over as fit side by side. Cost: linear in the points.
#include "analyzer/chart.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "analyzer/text_table.h"

namespace assay {
namespace {

constexpr double kFont = 12;        // height of letters
constexpr double kLetter = 7.2;     // mean width of one
constexpr int kLongestName = 34;    // letters of a name beside an axis
constexpr size_t kMostMarks = 240;  // to hover over along one line
constexpr double kInf = std::numeric_limits<double>::infinity();

// Distinct to most eyes, on white (after Okabe and Ito). The page has its own, by class.
constexpr absl::string_view kColours[] = {"#0072b2", "#d55e00", "#009e73", "#a2528f",
                                          "#b8860b", "#3a9bd5", "#7f7f7f", "#8c3b2a"};

double TextWidth(absl::string_view text) { return kLetter * DisplayWidth(text); }

// "100 MB" for what tables align as "100.0 MB".
std::string TickText(double value, Quantity quantity) {
  std::string text = Shown(value, quantity);
  const size_t point = text.find('.');
  if (point == std::string::npos) return text;
  size_t end = point + 1;
  while (end < text.size() && absl::ascii_isdigit(static_cast<unsigned char>(text[end]))) ++end;
  size_t keep = end;
  while (text[keep - 1] == '0') --keep;
  if (text[keep - 1] == '.') --keep;
  return text.erase(keep, end - keep);
}

// Maps values of an axis to [0, 1].
class Scale {
 public:
  Scale(const Axis& axis, double low, double high, bool from_zero, double room)
      : log_(axis.log && axis.names.empty()) {
    if (!axis.names.empty()) {
      low_ = -0.5;
      high_ = static_cast<double>(axis.names.size()) - 0.5;
      for (size_t i = 0; i < axis.names.size(); ++i) {
        ticks_.push_back({static_cast<double>(i), Shorten(Printable(axis.names[i]), kLongestName)});
      }
    } else if (log_) {
      Logarithmic(axis, low, high, room);
    } else {
      Linear(axis, low, high, from_zero, room);
    }
  }

  struct Tick {
    double value;
    std::string text;  // empty: a line of the grid alone
  };
  const std::vector<Tick>& ticks() const { return ticks_; }
  double low() const { return low_; }
  bool Shows(double v) const { return std::isfinite(v) && (!log_ || v > 0); }
  double At(double v) const {
    return log_ ? (std::log10(v) - std::log10(low_)) / (std::log10(high_) - std::log10(low_))
                : (v - low_) / (high_ - low_);
  }

 private:
  static double Step(double rough) {
    const double power = std::pow(10, std::floor(std::log10(rough)));
    for (double m : {1.0, 2.0, 5.0}) {
      if (m * power >= rough * 0.999) return m * power;
    }
    return 10 * power;
  }

  void Linear(const Axis& axis, double low, double high, bool from_zero, double room) {
    if (!(low <= high)) low = 0, high = 1;
    if (from_zero) low = std::min(low, 0.0), high = std::max(high, 0.0);
    if (low == high) {
      const double half = low == 0 ? 1 : std::fabs(low) / 2;
      high += half;
      if (!from_zero || low != 0) low -= from_zero ? 0 : half;
    }
    double step = Step((high - low) / std::max(2.0, room));
    if (axis.quantity == Quantity::kExact || axis.quantity == Quantity::kCount ||
        axis.quantity == Quantity::kIndex) {
      step = std::max(step, 1.0);
    }
    low_ = std::floor(low / step + 1e-9) * step;
    high_ = std::ceil(high / step - 1e-9) * step;
    for (double i = std::round(low_ / step); i * step <= high_ + step / 2; ++i) {
      ticks_.push_back({i * step, TickText(i * step, axis.quantity)});
    }
  }

  void Logarithmic(const Axis& axis, double low, double high, double room) {
    if (!(low > 0) || !(low <= high)) low = 0.1, high = 10;
    // Out to the next 1, 2 or 5 times a power of ten.
    low_ = 1 / Step(1 / low);
    high_ = Step(high);
    if (high_ <= low_ * 1.001) low_ /= 2, high_ *= 2;
    const int first = static_cast<int>(std::floor(std::log10(low_) + 1e-9));
    const int last = static_cast<int>(std::ceil(std::log10(high_) - 1e-9));
    const double decades = std::log10(high_ / low_);
    const bool between = decades * 3 <= room + 1;  // 2 and 5 have texts too
    const int every = std::max(1, static_cast<int>(std::ceil(decades / std::max(1.0, room))));
    for (int d = first; d <= last; ++d) {
      for (int m : {1, 2, 5}) {
        const double v = m * std::pow(10, d);
        if (v < low_ * 0.999 || v > high_ * 1.001) continue;
        if (m != 1 && !between && decades > 6) continue;
        const bool text = m == 1 ? (d - first) % every == 0 : between;
        ticks_.push_back({v, text ? TickText(v, axis.quantity) : ""});
      }
    }
  }

  bool log_;
  double low_ = 0, high_ = 1;
  std::vector<Tick> ticks_;
};

class Drawing {
 public:
  Drawing(const Chart& chart, int width, int height, bool in_page)
      : c_(chart), width_(width), height_(height), in_page_(in_page), x_(MakeX()), y_(MakeY()) {}

  std::string Draw();

 private:
  bool lying() const { return !c_.y.names.empty(); }
  bool HasBars() const {
    return std::any_of(c_.series.begin(), c_.series.end(), [](const Series& s) {
      return s.form == Series::Form::kBars || s.form == Series::Form::kArea;
    });
  }
  std::pair<double, double> Range(double ChartPoint::*of, const Axis& axis) const {
    double low = kInf, high = -kInf;
    for (const Series& s : c_.series) {
      for (const ChartPoint& p : s.points) {
        if (!std::isfinite(p.*of) || (axis.log && p.*of <= 0)) continue;
        low = std::min(low, p.*of);
        high = std::max(high, p.*of);
      }
    }
    return {low, high};
  }
  Scale MakeX() const {
    const auto [low, high] = Range(&ChartPoint::x, c_.x);
    return Scale(c_.x, low, high, lying() && HasBars(), (width_ - 120.0) / 90);
  }
  Scale MakeY() const {
    const auto [low, high] = Range(&ChartPoint::y, c_.y);
    return Scale(c_.y, low, high, !lying() && HasBars(), (height_ - 90.0) / 38);
  }

  void Place();
  void Legend();
  void Grid();
  void Draw(const Series& series, size_t index);
  void Line(const Series& series);
  void Bars(const Series& series, size_t index);
  bool Shows(const ChartPoint& p) const { return x_.Shows(p.x) && y_.Shows(p.y); }
  double X(double v) const { return left_ + x_.At(v) * (right_ - left_); }
  double Y(double v) const {
    return lying() ? top_ + y_.At(v) * (bottom_ - top_) : bottom_ - y_.At(v) * (bottom_ - top_);
  }
  std::string Title(const Series& s, const ChartPoint& p) const;
  void Text(double x, double y, absl::string_view anchor, absl::string_view text) {
    absl::StrAppendFormat(&out_, "<text x=\"%.1f\" y=\"%.1f\"%s>%s</text>\n", x, y,
                          anchor.empty() ? "" : absl::StrCat(" text-anchor=\"", anchor, "\""),
                          EscapeMarkup(text));
  }
  // In the page a class, else the attribute.
  std::string Ink(absl::string_view name, absl::string_view attribute) const {
    return in_page_ ? absl::StrCat(" class=\"", name, "\"") : absl::StrCat(" ", attribute);
  }
  std::string Colour(size_t index) const {
    const size_t i = index % std::size(kColours);
    return in_page_ ? absl::StrCat(" class=\"s", i, "\"")
                    : absl::StrCat(" color=\"", kColours[i], "\"");
  }

  const Chart& c_;
  double width_, height_;
  bool in_page_;
  Scale x_, y_;
  double left_ = 0, right_ = 0, top_ = 0, bottom_ = 0;
  struct Mark {
    size_t series;
    double x, y;
  };
  std::vector<Mark> legend_;
  std::string out_;
};

// Leaves room for what stands around the plot.
void Drawing::Place() {
  double widest = 0;
  for (const Scale::Tick& t : y_.ticks()) widest = std::max(widest, TextWidth(t.text));
  left_ = widest + 14;
  right_ = width_ - 16;
  double x = left_, line = 0;
  if (c_.series.size() > 1) {
    for (size_t i = 0; i < c_.series.size(); ++i) {
      const Series& s = c_.series[i];
      if (s.points.empty()) continue;
      const double wide = 30 + TextWidth(Shorten(Printable(s.name), kLongestName));
      if (x > left_ && x + wide > right_) x = left_, ++line;
      legend_.push_back({i, x, 14 + 18 * line});
      x += wide;
    }
    ++line;
  }
  top_ = 10 + 18 * line + (c_.y.title.empty() ? 0 : 20);
  bottom_ = height_ - 24 - (c_.x.title.empty() ? 0 : 18);
}

std::string Drawing::Title(const Series& s, const ChartPoint& p) const {
  if (!p.label.empty()) {
    return EscapeMarkup(p.label);
  }
  const bool named = p.y >= 0 && p.y < static_cast<double>(c_.y.names.size());
  return EscapeMarkup(
      absl::StrCat(s.name, s.name.empty() ? "" : ": ", Shown(p.x, c_.x.quantity), ", ",
                   named ? c_.y.names[static_cast<size_t>(p.y)] : Shown(p.y, c_.y.quantity)));
}

void Drawing::Legend() {
  for (const auto& [i, x, y] : legend_) {
    const Series::Form form = c_.series[i].form;
    absl::StrAppend(&out_, "<g", Colour(i), ">");
    if (form == Series::Form::kPoints) {
      absl::StrAppendFormat(
          &out_, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"currentColor\"/>", x + 8, y - 4);
    } else if (form == Series::Form::kLine || form == Series::Form::kSteps) {
      absl::StrAppendFormat(&out_,
                            "<path d=\"M%.1f %.1fh16\" stroke=\"currentColor\" "
                            "stroke-width=\"2.5\" fill=\"none\"/>",
                            x, y - 4);
    } else {
      absl::StrAppendFormat(&out_,
                            "<rect x=\"%.1f\" y=\"%.1f\" width=\"14\" height=\"10\" "
                            "fill=\"currentColor\"/>",
                            x + 1, y - 9);
    }
    out_ += "</g>\n";
    Text(x + 21, y, "", Shorten(Printable(c_.series[i].name), kLongestName));
  }
}

void Drawing::Grid() {
  std::string lines;
  for (const Scale::Tick& t : x_.ticks()) {
    absl::StrAppendFormat(&lines, "M%.1f %.1fV%.1f", X(t.value), top_, bottom_);
  }
  for (const Scale::Tick& t : y_.ticks()) {
    if (c_.y.names.empty())
      absl::StrAppendFormat(&lines, "M%.1f %.1fH%.1f", left_, Y(t.value), right_);
  }
  absl::StrAppend(&out_, "<path", Ink("grid", "stroke=\"#ddd\""), " fill=\"none\" d=\"", lines,
                  "\"/>\n");
  absl::StrAppendFormat(&out_, "<path%s fill=\"none\" d=\"M%.1f %.1fV%.1fH%.1f\"/>\n",
                        Ink("axis", "stroke=\"#888\""), left_, top_, bottom_, right_);
  double free = -kInf;  // where the next text of x has room
  for (const Scale::Tick& t : x_.ticks()) {
    const double half = TextWidth(t.text) / 2, at = X(t.value);
    if (t.text.empty() || at - half < free) continue;
    // The outermost stay inside the picture.
    const bool last = at + half > width_;
    Text(last ? width_ - 1 : at, bottom_ + 16, last ? "end" : "middle", t.text);
    free = at + half + 8;
  }
  for (const Scale::Tick& t : y_.ticks()) {
    if (!t.text.empty()) Text(left_ - 6, Y(t.value) + 4, "end", t.text);
  }
  if (!c_.y.title.empty()) Text(2, top_ - 10, "", c_.y.title);
  if (!c_.x.title.empty()) Text((left_ + right_) / 2, height_ - 5, "middle", c_.x.title);
}

// Lines, steps and areas. A step holds from its point to the next.
void Drawing::Line(const Series& s) {
  std::vector<const ChartPoint*> points;
  std::string path;
  double last = 0;
  const bool steps = s.form != Series::Form::kLine;
  // A step takes as much room as the one before it.
  const size_t n = s.points.size();
  const double wide = n > 1 ? s.points[n - 1].x - s.points[n - 2].x : 1;
  for (const ChartPoint& p : s.points) {
    if (!Shows(p)) continue;
    if (path.empty()) {
      absl::StrAppendFormat(&path, "M%.1f %.1f", X(p.x), Y(p.y));
    } else if (steps) {
      absl::StrAppendFormat(&path, "H%.1fV%.1f", X(p.x), Y(p.y));
    } else {
      absl::StrAppendFormat(&path, "L%.1f %.1f", X(p.x), Y(p.y));
    }
    last = p.x;
    points.push_back(&p);
  }
  if (points.empty()) return;
  const double end = std::min(steps ? X(last + wide) : X(last), right_);
  if (steps) absl::StrAppendFormat(&path, "H%.1f", end);
  if (s.form == Series::Form::kArea) {
    const double base = y_.low() > 0 ? bottom_ : Y(0);
    absl::StrAppendFormat(&out_,
                          "<path d=\"%sV%.1fH%.1fZ\" fill=\"currentColor\" "
                          "fill-opacity=\"0.35\"/>\n",
                          path, base, X(points[0]->x));
  }
  absl::StrAppend(&out_, "<path d=\"", path,
                  "\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\" "
                  "stroke-linejoin=\"round\"/>\n");
  // Of too many points for marks of their own, each mark is for the highest of some neighbours.
  const size_t some = (points.size() + kMostMarks - 1) / kMostMarks;
  for (size_t i = 0; i < points.size(); i += some) {
    const size_t stop = std::min(points.size(), i + some);
    const ChartPoint& top =
        **std::max_element(points.begin() + static_cast<std::ptrdiff_t>(i),
                           points.begin() + static_cast<std::ptrdiff_t>(stop),
                           [](const ChartPoint* a, const ChartPoint* b) { return a->y < b->y; });
    if (s.form == Series::Form::kArea) {
      const double from = X(points[i]->x), to = stop < points.size() ? X(points[stop]->x) : end;
      absl::StrAppendFormat(&out_,
                            "<rect%s x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\" "
                            "fill-opacity=\"0\"><title>%s</title></rect>\n",
                            Ink("hit", "fill=\"#000\""), from, top_, std::max(to - from, 0.1),
                            bottom_ - top_, Title(s, top));
    } else {
      absl::StrAppendFormat(&out_,
                            "<circle%s cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"currentColor\" "
                            "fill-opacity=\"0\"><title>%s</title></circle>\n",
                            in_page_ ? " class=\"hit\"" : "", X(top.x), Y(top.y), Title(s, top));
    }
  }
}

// Several series of bars stand side by side.
void Drawing::Bars(const Series& s, size_t index) {
  int of = 0, place = 0;
  for (size_t i = 0; i < c_.series.size(); ++i) {
    if (c_.series[i].form != Series::Form::kBars) continue;
    if (i == index) place = of;
    ++of;
  }
  double apart = lying() ? 1 : kInf;  // of neighbours, on the axis
  for (size_t i = 1; i < s.points.size() && std::isinf(apart); ++i) {
    const double gap = std::fabs(s.points[i].x - s.points[i - 1].x);
    if (gap > 0) apart = gap;
  }
  for (const ChartPoint& p : s.points) {
    if (!Shows(p)) continue;
    const double at = lying() ? Y(p.y) : X(p.x);
    double room = lying() ? (bottom_ - top_) / std::max<double>(1, c_.y.names.size()) : 24;
    if (!lying() && std::isfinite(apart) && !c_.x.log) room = std::fabs(X(p.x + apart) - at);
    const double thick = std::max(0.8 * room / of, 0.5);
    const double from = at - 0.4 * room + place * thick;
    const double base = lying() ? X(x_.low() > 0 ? x_.low() : 0) : Y(y_.low() > 0 ? y_.low() : 0);
    const double end = lying() ? X(p.x) : Y(p.y);
    const double start = std::min(base, end), length = std::max(std::fabs(end - base), 0.5);
    absl::StrAppendFormat(&out_,
                          "<rect%s x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                          "fill=\"currentColor\"><title>%s</title></rect>\n",
                          in_page_ ? " class=\"bar\"" : "", lying() ? start : from,
                          lying() ? from : start, lying() ? length : thick,
                          lying() ? thick : length, Title(s, p));
    if (lying() && place == 0 && of == 1) {
      const std::string text = Shown(p.x, c_.x.quantity);
      const bool inside = start + length + 6 + TextWidth(text) > right_;
      absl::StrAppendFormat(&out_, "<text%s x=\"%.1f\" y=\"%.1f\"%s>%s</text>\n",
                            inside ? Ink("inside", "fill=\"#fff\"") : "",
                            start + length + (inside ? -6 : 6), from + thick / 2 + 4,
                            inside ? " text-anchor=\"end\"" : "", EscapeMarkup(text));
    }
  }
}

void Drawing::Draw(const Series& s, size_t index) {
  absl::StrAppend(&out_, "<g", Colour(index), ">\n");
  if (s.form == Series::Form::kPoints) {
    // Small ones over large ones, so that each can be hovered over.
    std::vector<const ChartPoint*> points;
    for (const ChartPoint& p : s.points) {
      if (Shows(p)) points.push_back(&p);
    }
    std::stable_sort(points.begin(), points.end(), [](const ChartPoint* a, const ChartPoint* b) {
      return a->weight > b->weight;
    });
    for (const ChartPoint* p : points) {
      absl::StrAppendFormat(&out_,
                            "<circle%s cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"currentColor\" "
                            "fill-opacity=\"0.6\"><title>%s</title></circle>\n",
                            in_page_ ? " class=\"dot\"" : "", X(p->x), Y(p->y),
                            3.5 + 10 * std::sqrt(std::min(std::max(p->weight, 0.0), 1.0)),
                            Title(s, *p));
    }
  } else if (s.form == Series::Form::kBars) {
    Bars(s, index);
  } else {
    Line(s);
  }
  out_ += "</g>\n";
}

std::string Drawing::Draw() {
  Place();
  absl::StrAppendFormat(&out_,
                        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%g\" height=\"%g\" "
                        "viewBox=\"0 0 %g %g\" role=\"img\"",
                        width_, height_, width_, height_);
  if (in_page_) {
    absl::StrAppend(&out_, " class=\"chart\" aria-label=\"", EscapeMarkup(c_.title), "\">\n");
  } else {
    absl::StrAppendFormat(&out_,
                          " font-family=\"sans-serif\" font-size=\"%g\">\n<title>%s</title>\n"
                          "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
                          kFont, EscapeMarkup(c_.title));
  }
  Grid();
  for (size_t i = 0; i < c_.series.size(); ++i) Draw(c_.series[i], i);
  Legend();
  out_ += "</svg>\n";
  return std::move(out_);
}

}  // namespace

std::string EscapeMarkup(absl::string_view text) {
  const std::string printable = absl::StrJoin(
      absl::StrSplit(text, '\n'), "\n",
      [](std::string* out, absl::string_view line) { absl::StrAppend(out, Printable(line)); });
  return absl::StrReplaceAll(
      printable, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

std::string DrawSvg(const Chart& chart, int width, int height, bool in_page) {
  return Drawing(chart, width, height, in_page).Draw();
}

}  // namespace assay
