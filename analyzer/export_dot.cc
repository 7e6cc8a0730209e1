#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "analyzer/export.h"
#include "analyzer/kernel_graph.h"
#include "analyzer/report_blocks.h"
#include "analyzer/text_table.h"
#include "ir/op_table.h"
#include "ir/type.h"

namespace assay {
namespace {

constexpr int kLabel = 48;  // columns of a line in a box

// In double quotes; a backslash and a quote mean themselves.
std::string Quoted(absl::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// Lines of a label, each cut to a readable length.
std::string Label(absl::string_view first, absl::string_view second) {
  std::string out = Quoted(Shorten(Printable(first), kLabel));
  if (second.empty()) return out;
  out.pop_back();
  return absl::StrCat(out, "\\n", Quoted(Shorten(Printable(second), kLabel)).substr(1));
}

class Drawing {
 public:
  Drawing(const Report& r, ColorBy by)
      : r_(r), g_(*r.graph), by_(ColorsOf(r, by)), kernels_(MakeKernelGraph(r)) {}

  std::string Run() {
    absl::StrAppend(&out_, "digraph ", Quoted(Printable(g_.source().name)),
                    " {\n"
                    "  graph [fontname=\"sans-serif\", fontsize=10];\n"
                    "  node [fontname=\"sans-serif\", fontsize=10, shape=box, style=filled, "
                    "fillcolor=\"white\"];\n"
                    "  edge [fontname=\"sans-serif\", fontsize=8];\n");
    if (kernels_.estimate != nullptr) Legend();
    const Region& main = g_.region(Graph::kMain);
    for (ValueId v : main.args) {
      absl::StrAppend(&out_, "  v", v.index, " [label=", Label(g_.name(v), TypeOf(v)),
                      ", shape=ellipse];\n");
    }
    Ops();
    for (size_t i = 0; i < main.results.size(); ++i) {
      if (!main.results[i].has_value()) continue;
      const ValueId v = main.results[i];
      absl::StrAppend(&out_, "  out", i, " [label=", Label(g_.name(v), TypeOf(v)),
                      ", shape=ellipse];\n");
      Edge(v, absl::StrCat("out", i));
    }
    out_ += "}\n";
    return std::move(out_);
  }

 private:
  std::string TypeOf(ValueId v) const {
    return ToString(r_.analysis.shapes->type(v), *r_.analysis.shapes->pool);
  }

  // What the colours mean, in a table above the drawing.
  void Legend() {
    absl::StrAppend(&out_, "  label=", Quoted(HeadingOf(r_)), "; labelloc=t;\n");
    absl::StrAppend(&out_, "  subgraph cluster_legend {\n    label=",
                    Quoted(by_ == ColorBy::kTime ? "time" : "colours"), "; style=\"dotted\";\n");
    for (const FillRow* row : LegendOf(by_)) {
      absl::StrAppend(&out_, "    legend_", row->name, " [label=", Quoted(row->meaning),
                      ", fillcolor=", Quoted(row->light), "];\n");
    }
    out_ += "  }\n";
  }

  const KernelGraph::Node& NodeOf(int32_t kernel) const {
    return kernels_.nodes[static_cast<size_t>(kernels_.first_kernel) + static_cast<size_t>(kernel)];
  }

  void Line(absl::string_view text) {
    absl::StrAppend(&out_, std::string(2 * (open_.size() + 1), ' '), text, "\n");
  }

  // In op order. A kernel is drawn where its first op stands, with all of its ops, which share that
  // op's region; a body's box closes behind the last op in it.
  void Ops() {
    const Partition& p = *kernels_.partition;
    for (OpId op(0); op.index < g_.num_ops(); ++op.index) {
      while (!open_.empty() && open_.back().index <= op.index) Close();
      if (!r_.analysis.execution->runs(op)) continue;
      const int32_t k = p.kernel_of[op.index];
      const Partition::KernelOps& kernel = p.kernels[k];
      if (kernel.ops.front() == op) {
        const bool box = kernel.ops.size() > 1;
        if (box) {
          Line(absl::StrCat("subgraph cluster_k", k, " {"));
          open_.push_back(op);
          const absl::string_view fill =
              by_ == ColorBy::kRole ? "#f3f3f3" : FillOf(by_, kernels_, NodeOf(k)).light;
          Line(absl::StrCat(
              "label=", Label(TitleOf(kernels_, NodeOf(k)), TimeOf(NodeOf(k))),
              "; style=\"rounded,filled\"; color=\"#888888\"; fillcolor=", Quoted(fill), ";"));
        }
        for (OpId member : kernel.ops) Node(member, k, box);
        if (box) Close();
      }
      if (const OpId end = g_.op(op).subtree_end; end.index > op.index + 1) {
        Line(absl::StrCat("subgraph cluster_b", op.index, " {"));
        open_.push_back(end);
        Line(absl::StrCat("label=", Label(absl::StrCat("body of ", g_.str(g_.op(op).type)), ""),
                          "; style=\"dashed\";"));
      }
    }
    while (!open_.empty()) Close();
    for (OpId op(0); op.index < g_.num_ops(); ++op.index) {
      if (!r_.analysis.execution->runs(op)) continue;
      for (ValueId v : g_.inputs(op)) {
        if (v.has_value()) Edge(v, absl::StrCat("op", op.index));
      }
    }
  }

  void Close() {
    open_.pop_back();
    Line("}");
  }

  // An operator by itself stands for its kernel.
  void Node(OpId op, int32_t kernel, bool in_box) {
    const OpRow* row = g_.op(op).row;
    absl::string_view fill = FillOfRole(Role::kOther).light;
    if (by_ != ColorBy::kRole) {
      if (!in_box) fill = FillOf(by_, kernels_, NodeOf(kernel)).light;
    } else if (row != nullptr) {
      fill = FillOfRole(row->role).light;
    }
    std::string label = Label(QualifiedType(g_, op), Where(g_, op));
    if (const std::string time = TimeOf(NodeOf(kernel)); !in_box && !time.empty()) {
      label.pop_back();
      absl::StrAppend(&label, "\\n", time, "\"");
    }
    Line(absl::StrCat("op", op.index, " [label=", label, ", fillcolor=", Quoted(fill), "];"));
  }

  // From what writes the value's buffer, if that is drawn; each pair of ends once.
  void Edge(ValueId v, const std::string& to) {
    const ValueId root = r_.analysis.execution->root[v.index];
    const Value& value = g_.value(root);
    std::string from;
    if (value.def == Value::Def::kOp && r_.analysis.execution->runs(value.op)) {
      from = absl::StrCat("op", value.op.index);
    } else if (value.def == Value::Def::kArg && value.region == Graph::kMain) {
      from = absl::StrCat("v", root.index);
    } else {
      return;
    }
    std::string edge = absl::StrCat("  ", from, " -> ", to);
    if (!drawn_.insert(edge).second) return;
    absl::StrAppend(&out_, edge, " [label=", Label(TypeOf(root), ""), "];\n");
  }

  const Report& r_;
  const Graph& g_;
  const ColorBy by_;
  const KernelGraph kernels_;
  std::string out_;
  std::vector<OpId> open_;  // boxes, each by the op that stands behind it
  absl::flat_hash_set<std::string> drawn_;
};

}  // namespace

absl::Status ExportDot(const ExportInput& input, Sink sink) {
  return sink(Drawing(input.report, input.options.color_by).Run());
}

}  // namespace assay
