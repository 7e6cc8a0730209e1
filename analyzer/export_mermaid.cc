// Mermaid, as GitHub and many wikis draw it in Markdown:
//
//   flowchart TD
//     n0(["x"])
//     n1["#35;k0 Conv+Relu<br/>12.3 us, 4.5 %"]:::compute
//     n0 --> n1
//
// Mermaid refuses more than 500 edges and 50,000 characters unless it is configured otherwise, so
// what does not fit is drawn by module, at the greatest depth that does; without modules as runs of
// neighbouring kernels.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "analyzer/export.h"
#include "analyzer/kernel_graph.h"
#include "analyzer/text_table.h"
#include "analyzer/units.h"

namespace assay {
namespace {

constexpr size_t kMostEdges = 500, kMostText = 50'000, kMostNodes = 400;
constexpr int kLabel = 40;  // columns of a line in a box

// Inside quotes of Mermaid: what could mean anything to it or to HTML as #CODE;.
std::string Escaped(absl::string_view printable) {
  std::string out;
  for (size_t i = 0; i < printable.size();) {
    const auto c = static_cast<unsigned char>(printable[i]);
    if (c < 0x80) {
      const bool plain = isalnum(c) != 0 || absl::string_view(" _./+,:=-%").find(printable[i]) !=
                                                absl::string_view::npos;
      if (plain) {
        out += printable[i];
      } else {
        absl::StrAppend(&out, "#", static_cast<int>(c), ";");
      }
      ++i;
      continue;
    }
    // Printable text is valid UTF-8.
    const int length = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    uint32_t code = c & (0x7F >> length);
    for (int j = 1; j < length; ++j) {
      code = code << 6 | (static_cast<unsigned char>(printable[i + static_cast<size_t>(j)]) & 0x3F);
    }
    absl::StrAppend(&out, "#", code, ";");
    i += static_cast<size_t>(length);
  }
  return out;
}

struct Box {
  std::string title;
  std::string more;  // second line
  const FillRow* fill = nullptr;
  bool round = false;  // an input or output
  int kernels = 0;
  double seconds = 0, share = 0;
};

struct Chart {
  std::vector<Box> boxes;
  std::vector<std::pair<int32_t, int32_t>> edges;
};

std::string Print(const Chart& chart, ColorBy by, absl::string_view heading,
                  absl::string_view note) {
  std::string out = "flowchart TD\n";
  absl::StrAppend(&out, "  %% ", heading, "\n");
  if (!note.empty()) absl::StrAppend(&out, "  %% ", note, "\n");
  for (size_t i = 0; i < chart.boxes.size(); ++i) {
    const Box& box = chart.boxes[i];
    absl::StrAppend(&out, "  n", i, box.round ? "([\"" : "[\"",
                    Escaped(Shorten(box.title, kLabel)));
    if (!box.more.empty()) absl::StrAppend(&out, "<br/>", Escaped(Shorten(box.more, kLabel)));
    absl::StrAppend(&out, box.round ? "\"])" : "\"]", ":::", box.fill->name, "\n");
  }
  for (const auto& [from, to] : chart.edges) absl::StrAppend(&out, "  n", from, " --> n", to, "\n");
  for (const FillRow* row : LegendOf(by)) {
    absl::StrAppend(&out, "  classDef ", row->name, " fill:", row->light,
                    ",stroke:#888888,color:#222222\n");
  }
  return out;
}

Chart OfKernels(const KernelGraph& g, ColorBy by) {
  Chart chart;
  for (const KernelGraph::Node& node : g.nodes) {
    chart.boxes.push_back({.title = TitleOf(g, node),
                           .more = TimeOf(node),
                           .fill = &FillOf(by, g, node),
                           .round = node.kernel < 0});
  }
  for (const KernelGraph::Edge& e : g.edges) chart.edges.emplace_back(e.from, e.to);
  return chart;
}

// Names of groups by what they are of: a module may be called `inputs`, too.
constexpr absl::string_view kOwn = "=", kModule = ".";

// Nodes of one group as one box, in order of the first; a group's colour is that of its dearest
// kernel, or of its first without a target.
Chart OfGroups(const KernelGraph& g, ColorBy by, const std::vector<std::string>& group_of) {
  Chart chart;
  absl::flat_hash_map<absl::string_view, int32_t> box_of;
  std::vector<int32_t> box(g.nodes.size());
  std::vector<double> dearest;
  for (size_t i = 0; i < g.nodes.size(); ++i) {
    const KernelGraph::Node& node = g.nodes[i];
    auto [it, is_new] = box_of.try_emplace(group_of[i], static_cast<int32_t>(chart.boxes.size()));
    box[i] = it->second;
    if (is_new) {
      chart.boxes.push_back({.title = group_of[i].substr(1), .fill = &FillOf(by, g, node)});
      chart.boxes.back().round = node.kernel < 0;
      dearest.push_back(-1);
    }
    Box& b = chart.boxes[static_cast<size_t>(it->second)];
    if (node.kernel < 0) continue;
    ++b.kernels;
    if (std::isnan(node.seconds)) continue;
    b.seconds += node.seconds;
    b.share += std::isnan(node.share) ? 0 : node.share;
    if (node.seconds > dearest[static_cast<size_t>(it->second)]) {
      dearest[static_cast<size_t>(it->second)] = node.seconds;
      b.fill = &FillOf(by, g, node);
    }
  }
  for (Box& b : chart.boxes) {
    if (b.kernels == 0) continue;
    b.more = Plural(b.kernels, "kernel");
    if (g.estimate != nullptr) {
      absl::StrAppend(&b.more, ", ", Seconds(b.seconds), ", ", Percent(b.share));
    }
  }
  for (const KernelGraph::Edge& e : g.edges) {
    const int32_t from = box[static_cast<size_t>(e.from)], to = box[static_cast<size_t>(e.to)];
    if (from != to) chart.edges.emplace_back(from, to);
  }
  std::sort(chart.edges.begin(), chart.edges.end());
  chart.edges.erase(std::unique(chart.edges.begin(), chart.edges.end()), chart.edges.end());
  return chart;
}

std::string Prefix(absl::string_view path, size_t depth) {
  std::vector<absl::string_view> parts = absl::StrSplit(path, '.');
  if (parts.size() > depth) parts.resize(depth);
  return absl::StrJoin(parts, ".");
}

}  // namespace

absl::Status ExportMermaid(const ExportInput& input, Sink sink) {
  const Report& report = input.report;
  const ColorBy by = ColorsOf(report, input.options.color_by);
  const KernelGraph g = MakeKernelGraph(report);
  const std::string heading = HeadingOf(report);
  auto fits = [](const Chart& chart, const std::string& text) {
    return chart.boxes.size() <= kMostNodes && chart.edges.size() <= kMostEdges &&
           text.size() <= kMostText;
  };
  const std::string kernels = Plural(static_cast<int64_t>(g.partition->kernels.size()), "kernel");
  if (g.nodes.size() <= kMostNodes && g.edges.size() <= kMostEdges) {
    const Chart chart = OfKernels(g, by);
    const std::string text = Print(chart, by, heading, "");
    if (fits(chart, text)) return sink(text);
  }

  // By module, as deep as fits; a kernel is in the module of the op that stands for it.
  std::vector<absl::string_view> module(g.nodes.size());
  size_t deepest = 0;
  for (size_t i = 0; i < g.nodes.size(); ++i) {
    if (g.nodes[i].kernel < 0) continue;
    const Op& op = report.graph->op(g.kernel(g.nodes[i]).main());
    module[i] = report.graph->str(op.location.module);
    deepest =
        std::max(deepest, static_cast<size_t>(std::count(module[i].begin(), module[i].end(), '.')) +
                              (module[i].empty() ? 0 : 1));
  }
  std::vector<std::string> group_of(g.nodes.size());
  for (size_t depth = std::min<size_t>(deepest, 16); depth > 0; --depth) {
    for (size_t i = 0; i < g.nodes.size(); ++i) {
      const KernelGraph::Node& node = g.nodes[i];
      const bool own = node.kernel < 0 || module[i].empty();
      group_of[i] = absl::StrCat(own ? kOwn : kModule,
                                 node.kernel < 0     ? node.output ? "outputs" : "inputs"
                                 : module[i].empty() ? "outside modules"
                                                     : Printable(Prefix(module[i], depth)));
    }
    const Chart chart = OfGroups(g, by, group_of);
    if (chart.boxes.size() < 5) break;  // says nothing
    const std::string text =
        Print(chart, by, heading,
              absl::StrCat(kernels, " are more than Mermaid draws: by module, ",
                           Plural(static_cast<int64_t>(depth), "level")));
    if (fits(chart, text)) return sink(text);
  }

  // Neighbours together, twice as many each time until it fits (one box always does).
  for (size_t together = 2;; together *= 2) {
    for (size_t i = 0; i < g.nodes.size(); ++i) {
      const KernelGraph::Node& node = g.nodes[i];
      if (node.kernel < 0) {
        group_of[i] = absl::StrCat(kOwn, node.output ? "outputs" : "inputs");
        continue;
      }
      const size_t first = static_cast<size_t>(node.kernel) / together * together;
      const size_t last = std::min(first + together, g.partition->kernels.size()) - 1;
      group_of[i] = absl::StrCat(kOwn, "#k", first, " to #k", last);
    }
    const Chart chart = OfGroups(g, by, group_of);
    const std::string text = Print(chart, by, heading,
                                   absl::StrCat(kernels, " are more than Mermaid draws: ", together,
                                                " neighbours in each box"));
    if (fits(chart, text)) return sink(text);
  }
}

}  // namespace assay
