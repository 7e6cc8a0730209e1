// The graph of kernels as one SVG, laid out in layers (Sugiyama, Tagawa, Toda: "Methods for Visual
// Understanding of Hierarchical System Structures", 1981, without their dummy nodes):
//
//   1. A kernel's layer is its longest path from the inputs.
//   2. Within a layer kernels stand by the barycentre of their neighbours: a few sweeps down and
//   up.
//   3. An edge to the next layer is a curve. A longer one runs down a lane beside the boxes that it
//      passes, which it shares with the others from its source; lanes that overlap in height get
//      different places.
//
//        [input]
//           |
//      [#k0 Conv+Relu]--.
//           |          |     lane
//      [#k1 Conv+Relu]  |
//           |          |
//      [#k2 Conv+Add+Relu]
//
// Dummy nodes would make a mask that every layer of a transformer reads cost the square of the
// layers. As it is: n log n, the same bytes for the same report, 10,000 kernels in well under a
// second.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <queue>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "analyzer/chart.h"
#include "analyzer/export.h"
#include "analyzer/kernel_graph.h"
#include "analyzer/text_table.h"
#include "ir/type.h"

namespace assay {
namespace {

// In user units, which are pixels at first.
constexpr int kBoxWidth = 190, kBoxHeight = 40, kGapX = 24, kGapY = 40;
constexpr int kTop = 84, kMargin = 24, kLane = 10, kMostLanes = 24;
constexpr int kLabel = 30;  // columns of a line in a box
constexpr int kSweeps = 4;

// The largest of a range, after n log n of preparation.
class RangeMax {
 public:
  explicit RangeMax(std::vector<int> values) {
    rows_.push_back(std::move(values));
    for (size_t width = 1; 2 * width <= rows_[0].size(); width *= 2) {
      const std::vector<int>& last = rows_.back();
      std::vector<int> row(last.size() - width);
      for (size_t i = 0; i < row.size(); ++i) row[i] = std::max(last[i], last[i + width]);
      rows_.push_back(std::move(row));
    }
  }
  // Over [from, to], which is not empty.
  int Of(int32_t from, int32_t to) const {
    const auto first = static_cast<size_t>(from), n = static_cast<size_t>(to - from) + 1;
    size_t row = 0;
    while (size_t{2} << row <= n) ++row;
    return std::max(rows_[row][first], rows_[row][first + n - (size_t{1} << row)]);
  }

 private:
  std::vector<std::vector<int>> rows_;
};

// Where everything stands.
struct Layout {
  std::vector<std::vector<int32_t>> layers;  // nodes from left to right
  std::vector<int> x, y;                     // by node: middle of the box, its upper edge
  std::vector<int> lane_x;                   // by node: of its long edges; 0: it has none
  int width = 0, height = 0;
};

// Positions count from the middle of a layer, so that layers of different sizes compare.
double PlaceOf(size_t at, size_t size) {
  return static_cast<double>(at) - static_cast<double>(size - 1) / 2;
}

void OrderLayers(const KernelGraph& g, Layout* l) {
  const size_t n = g.nodes.size();
  std::vector<std::vector<int32_t>> above(n), below(n);
  for (const KernelGraph::Edge& e : g.edges) {
    below[static_cast<size_t>(e.from)].push_back(e.to);
    above[static_cast<size_t>(e.to)].push_back(e.from);
  }
  l->layers.resize(static_cast<size_t>(g.levels));
  for (size_t i = 0; i < n; ++i) {
    l->layers[static_cast<size_t>(g.nodes[i].level)].push_back(static_cast<int32_t>(i));
  }
  std::vector<double> place(n);
  auto keep = [&](const std::vector<int32_t>& layer) {
    for (size_t i = 0; i < layer.size(); ++i) {
      place[static_cast<size_t>(layer[i])] = PlaceOf(i, layer.size());
    }
  };
  for (const std::vector<int32_t>& layer : l->layers) keep(layer);
  std::vector<double> wish(n);
  auto sort = [&](std::vector<int32_t>* layer, const std::vector<std::vector<int32_t>>& by) {
    for (int32_t node : *layer) {
      const auto i = static_cast<size_t>(node);
      double sum = 0;
      for (int32_t other : by[i]) sum += place[static_cast<size_t>(other)];
      wish[i] = by[i].empty() ? place[i] : sum / static_cast<double>(by[i].size());
    }
    std::stable_sort(layer->begin(), layer->end(), [&](int32_t a, int32_t b) {
      return wish[static_cast<size_t>(a)] < wish[static_cast<size_t>(b)];
    });
    keep(*layer);
  };
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    if (sweep % 2 == 0) {
      for (std::vector<int32_t>& layer : l->layers) sort(&layer, above);
    } else {
      for (auto it = l->layers.rbegin(); it != l->layers.rend(); ++it) sort(&*it, below);
    }
  }
}

bool IsLong(const KernelGraph& g, const KernelGraph::Edge& e) {
  return g.nodes[static_cast<size_t>(e.to)].level - g.nodes[static_cast<size_t>(e.from)].level != 1;
}

// A lane for each source of long edges, from its own layer to the last that it leads to; those that
// overlap get different numbers, the smallest that is free, up to a number that stays readable.
void AddLanes(const KernelGraph& g, Layout* l) {
  struct Span {
    int32_t from = 0, to = 0, node = 0;
  };
  std::vector<int32_t> last(g.nodes.size(), -1);
  for (const KernelGraph::Edge& e : g.edges) {
    if (!IsLong(g, e)) continue;
    int32_t& to = last[static_cast<size_t>(e.from)];
    to = std::max(to, g.nodes[static_cast<size_t>(e.to)].level);
  }
  std::vector<Span> spans;
  for (size_t i = 0; i < last.size(); ++i) {
    if (last[i] >= 0) spans.push_back({g.nodes[i].level, last[i], static_cast<int32_t>(i)});
  }
  if (spans.empty()) return;
  std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) {
    return std::tuple(a.from, a.to, a.node) < std::tuple(b.from, b.to, b.node);
  });
  std::vector<int> right;  // of the boxes of a layer
  for (const std::vector<int32_t>& layer : l->layers) {
    right.push_back(layer.empty() ? 0 : l->x[static_cast<size_t>(layer.back())] + kBoxWidth / 2);
  }
  const RangeMax widest(std::move(right));
  std::priority_queue<int, std::vector<int>, std::greater<>> free;
  std::priority_queue<std::pair<int32_t, int>, std::vector<std::pair<int32_t, int>>,
                      std::greater<>>
      busy;  // by the layer at which they end
  int lanes = 0;
  for (const Span& s : spans) {
    while (!busy.empty() && busy.top().first <= s.from) {
      free.push(busy.top().second);
      busy.pop();
    }
    int lane = lanes;
    if (free.empty()) {
      ++lanes;
    } else {
      lane = free.top();
      free.pop();
    }
    busy.emplace(s.to, lane);
    const int at =
        widest.Of(std::min(s.from, s.to), std::max(s.from, s.to)) + kLane * (1 + lane % kMostLanes);
    l->lane_x[static_cast<size_t>(s.node)] = at;
    l->width = std::max(l->width, at + kMargin);
  }
}

Layout MakeLayout(const KernelGraph& g) {
  Layout l;
  OrderLayers(g, &l);
  size_t most = 1;
  for (const std::vector<int32_t>& layer : l.layers) most = std::max(most, layer.size());
  const int inside = static_cast<int>(most) * (kBoxWidth + kGapX) - kGapX;
  l.width = std::max(inside + 2 * kMargin, 5 * kBoxWidth);
  l.height = kTop + static_cast<int>(l.layers.size()) * (kBoxHeight + kGapY) + kMargin;
  l.x.resize(g.nodes.size());
  l.y.resize(g.nodes.size());
  l.lane_x.resize(g.nodes.size(), 0);
  for (size_t level = 0; level < l.layers.size(); ++level) {
    const std::vector<int32_t>& layer = l.layers[level];
    for (size_t i = 0; i < layer.size(); ++i) {
      const auto node = static_cast<size_t>(layer[i]);
      l.x[node] = l.width / 2 +
                  static_cast<int>(std::lround(PlaceOf(i, layer.size()) * (kBoxWidth + kGapX)));
      l.y[node] = kTop + static_cast<int>(level) * (kBoxHeight + kGapY);
    }
  }
  AddLanes(g, &l);
  return l;
}

class Page {
 public:
  Page(const KernelGraph& g, ColorBy by, Sink sink)
      : g_(g), by_(by), sink_(sink), layout_(MakeLayout(g)) {}

  absl::Status Write() {
    Head();
    for (const KernelGraph::Edge& e : g_.edges) {
      Edge(e);
      if (absl::Status s = Pass(); !s.ok()) return s;
    }
    for (size_t i = 0; i < g_.nodes.size(); ++i) {
      Node(i);
      if (absl::Status s = Pass(); !s.ok()) return s;
    }
    out_ += "</svg>\n";
    return sink_(out_);
  }

 private:
  absl::Status Pass() {
    constexpr size_t kPiece = 64 << 10;
    if (out_.size() < kPiece) return absl::OkStatus();
    absl::Status status = sink_(out_);
    out_.clear();
    return status;
  }

  void Head() {
    absl::StrAppend(&out_, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
                    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", layout_.width,
                    "\" height=\"", layout_.height, "\" viewBox=\"0 0 ", layout_.width, " ",
                    layout_.height, "\" font-family=\"sans-serif\" font-size=\"11\">\n");
    absl::StrAppend(&out_, "<title>", EscapeMarkup(HeadingOf(*g_.report)), "</title>\n");
    Style();
    out_ +=
        "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"6\" "
        "markerHeight=\"6\" orient=\"auto\"><path class=\"head\" d=\"M0,0 L8,4 L0,8 Z\"/></marker>"
        "</defs>\n";
    out_ += "<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n";
    absl::StrAppend(&out_, "<text x=\"", kMargin, "\" y=\"28\" font-size=\"15\">",
                    EscapeMarkup(Shorten(HeadingOf(*g_.report), 90)), "</text>\n");
    int x = kMargin;
    for (const FillRow* row : LegendOf(by_)) {
      absl::StrAppend(&out_, "<rect class=\"box ", row->name, "\" x=\"", x,
                      "\" y=\"44\" width=\"14\" height=\"14\"/><text x=\"", x + 20, "\" y=\"55\">",
                      row->meaning, "</text>\n");
      x += 40 + 6 * DisplayWidth(row->meaning);
    }
  }

  // Colours by class, so that a reader who likes it dark gets it dark.
  void Style() {
    out_ += "<style type=\"text/css\">\n";
    auto rules = [&](bool dark) {
      const absl::string_view page = dark ? "#1b1b1b" : "#ffffff";
      const absl::string_view text = dark ? "#e8e8e8" : "#222222";
      const absl::string_view line = dark ? "#8c8c8c" : "#888888";
      absl::StrAppend(&out_, ".page{fill:", page, "} text{fill:", text, "} .box{stroke:", line,
                      "} .edge{stroke:", line, "} .head{fill:", line, "}\n");
      for (const FillRow* row : LegendOf(by_)) {
        absl::StrAppend(&out_, ".", row->name, "{fill:", dark ? row->dark : row->light, "}\n");
      }
    };
    rules(false);
    out_ += ".edge{fill:none;stroke-width:1.2} .body{stroke-dasharray:4 3}\n";
    out_ += "g:hover .box{stroke-width:2.5}\n@media (prefers-color-scheme: dark) {\n";
    rules(true);
    out_ += "}\n</style>\n";
  }

  void Edge(const KernelGraph::Edge& e) {
    const auto from = static_cast<size_t>(e.from), to = static_cast<size_t>(e.to);
    const int x1 = layout_.x[from], y1 = layout_.y[from] + kBoxHeight;
    const int x2 = layout_.x[to], y2 = layout_.y[to];
    absl::StrAppend(&out_, "<path class=\"edge", e.body ? " body" : "",
                    "\" marker-end=\"url(#arrow)\" d=\"M", x1, ",", y1);
    constexpr int kBend = kGapY / 2;
    if (IsLong(g_, e)) {
      const int lane = layout_.lane_x[from];
      absl::StrAppend(&out_, " C", x1, ",", y1 + kBend, " ", lane, ",", y1, " ", lane, ",",
                      y1 + kBend, " L", lane, ",", y2 - kBend, " C", lane, ",", y2, " ", x2, ",",
                      y2 - kBend, " ", x2, ",", y2);
    } else {
      absl::StrAppend(&out_, " C", x1, ",", y1 + kBend, " ", x2, ",", y2 - kBend, " ", x2, ",", y2);
    }
    const Shapes& shapes = *g_.report->analysis.shapes;
    absl::StrAppend(
        &out_, "\"><title>",
        EscapeMarkup(Printable(absl::StrCat(g_.report->graph->name(e.value), " ",
                                            ToString(shapes.type(e.value), *shapes.pool)))),
        "</title></path>\n");
  }

  void Text(int x, int y, absl::string_view text) {
    absl::StrAppend(&out_, "<text text-anchor=\"middle\" x=\"", x, "\" y=\"", y, "\">",
                    EscapeMarkup(Shorten(text, kLabel)), "</text>");
  }

  void Node(size_t i) {
    const KernelGraph::Node& node = g_.nodes[i];
    const int x = layout_.x[i], y = layout_.y[i];
    absl::StrAppend(&out_, "<g><title>", EscapeMarkup(DetailsOf(g_, node)),
                    "</title><rect class=\"box ", FillOf(by_, g_, node).name, "\" x=\"",
                    x - kBoxWidth / 2, "\" y=\"", y, "\" width=\"", kBoxWidth, "\" height=\"",
                    kBoxHeight, "\" rx=\"", node.kernel < 0 ? kBoxHeight / 2 : 4, "\"/>");
    std::string second = TimeOf(node);
    if (node.kernel < 0) {
      const Shapes& shapes = *g_.report->analysis.shapes;
      second = ToString(shapes.type(node.value), *shapes.pool);
    }
    if (second.empty()) {
      Text(x, y + kBoxHeight / 2 + 4, TitleOf(g_, node));
    } else {
      Text(x, y + 17, TitleOf(g_, node));
      Text(x, y + 31, Printable(second));
    }
    out_ += "</g>\n";
  }

  const KernelGraph& g_;
  const ColorBy by_;
  Sink sink_;
  const Layout layout_;
  std::string out_;
};

}  // namespace

absl::Status ExportSvg(const ExportInput& input, Sink sink) {
  const KernelGraph g = MakeKernelGraph(input.report);
  return Page(g, ColorsOf(input.report, input.options.color_by), sink).Write();
}

}  // namespace assay
