// The report for reading.
//
//   resnet18.onnx: graph `main_graph` by pytorch 2.1.0, IR version 8, opset 17
//   at assumed batch = 1; --dim batch=N sets it
//   ...
//   type    runs     MACs      %  ...
//   h100-sxm: ...
//   most expensive kernels by time on h100-sxm ...
//   unknown and assumed ...
//
// What is asked first stands first; rows of a table add up to its last line; what is not known has
// a line of its own. analyzer/README.md explains every column.
#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "analyzer/digest.h"
#include "analyzer/document.h"
#include "analyzer/formats.h"
#include "analyzer/report.h"
#include "analyzer/report_blocks.h"
#include "analyzer/text_table.h"
#include "passes/analysis.h"

namespace assay {
namespace {

constexpr size_t kMostRemarks = 12;      // of one sort
constexpr size_t kMostPeakBuffers = 12;  // rows

class TextReport : public ReportWriter {
 public:
  TextReport(const ReportOptions& options, std::string* out)
      : options_(options), style_(options.style), out_(*out) {}

  void Model(const Report& report) override;

 private:
  void Header(const Report& r);
  void Signature(const Report& r);
  void Totals(const Report& r);
  void AllOps(const Report& r);
  // A blank line, then the block; nothing where it is empty.
  template <class B>
  void Show(const B& block) {
    std::string text;
    PrintText(block, style_, &text);
    if (!text.empty()) absl::StrAppend(&out_, "\n", text);
  }

  ReportOptions options_;
  TextStyle style_;
  std::string& out_;
  bool first_ = true;
};

void TextReport::Header(const Report& r) {
  const std::string line = absl::StrCat(Printable(ShownFile(r.file)), ": ", SourceText(r));
  absl::StrAppend(&out_, Paint(style_, Ink::kHeading, Wrap(line, style_.width, 2)), "\n");
  if (r.point.empty() && r.analysis.numbers == nullptr) return;
  absl::StrAppend(&out_, Wrap(PointDigest(r.point), style_.width, 2), "\n");
}

// Of inputs and of outputs the first row says which they are.
void TextReport::Signature(const Report& r) {
  TextTable table({{""}, {"", Align::kLeft, true}, {"", Align::kLeft, true}});
  std::string last;
  for (const TableRow& row : SignatureTable(r).rows) {
    const std::string& kind = *row.cells[0].text();
    table.Add({kind == last ? "" : kind, *row.cells[1].text(), *row.cells[2].text()});
    last = kind;
  }
  out_ += '\n';
  table.Print(style_, 0, &out_);
}

void TextReport::Totals(const Report& r) {
  TextTable table({{""}, {"", Align::kRight}, {"", Align::kLeft}});
  const Facts facts = TotalFacts(r, static_cast<size_t>(std::max(style_.width - 32, 20)));
  size_t names = 0, values = 0;
  for (const Figure& f : facts.figures) {
    names = std::max(names, f.title.size());
    values = std::max(values, Shown(f.value, f.quantity).size());
  }
  const int beside = style_.width - static_cast<int>(names + values) - 4;
  const int room = beside < 20 ? style_.width - 2 : beside;
  for (const Figure& f : facts.figures) {
    const std::string remark = Wrap(f.remark, room, 0);
    std::vector<std::string> cells = {f.title, Shown(f.value, f.quantity), ""};
    for (absl::string_view line : absl::StrSplit(remark, '\n')) {
      cells[2] = std::string(line);
      table.Add(std::move(cells), f.ink);
      cells = {"", "", ""};
    }
  }
  out_ += '\n';
  table.Print(style_, 0, &out_);
}

// For a terminal a node is called by its name, and its time stands in other tables.
void TextReport::AllOps(const Report& r) {
  Table table = OperatorTable(r, /*all=*/true);
  auto column = [&](absl::string_view key) {
    return static_cast<size_t>(std::find_if(table.columns.begin(), table.columns.end(),
                                            [&](const Column& c) { return c.key == key; }) -
                               table.columns.begin());
  };
  const size_t module = column("module");
  for (OpId op(0); op.index < r.graph->num_ops(); ++op.index) {
    table.rows[op.index].cells[module] = Where(*r.graph, op, /*node=*/true);
  }
  table.columns[module].title = "node";
  Show(table);
}

void TextReport::Model(const Report& r) {
  if (!first_) out_ += "\n\n";
  first_ = false;
  const Analysis& a = r.analysis;
  Header(r);
  if (a.shapes != nullptr) Signature(r);
  if (a.numbers != nullptr) {
    Totals(r);
    Show(TypeTable(r));
    if (!options_.by.empty() && options_.by != "type") {
      Show(RollUpTable(r, options_.by, options_.depth));
    }
  }
  Show(StructureFacts(r));
  for (const auto& estimate : a.estimates) Show(TargetFacts(r, *estimate));
  if (a.numbers != nullptr) Show(DearestTable(r, static_cast<size_t>(options_.top)));
  if (a.numbers != nullptr && options_.all_ops) AllOps(r);
  if (r.partition != nullptr && options_.kernels) Show(KernelTable(r));
  for (const auto& estimate : a.estimates) {
    if (options_.kernels) Show(MappingTable(r, *estimate));
  }
  if (r.partition != nullptr && r.partition->key.explain) {
    Show(UnfusedReasonFacts(r));
    Show(UnfusedTable(r));
  }
  if (r.plan != nullptr && options_.stages) {
    Show(StageTable(r));
    Show(SpeedupTable(r));
  }
  if (r.plan != nullptr && options_.memory) {
    Show(PeakTable(r, kMostPeakBuffers));
    Show(TimelineTable(r));
  }
  Show(RemarkNotes(r, kMostRemarks));
}

}  // namespace

std::unique_ptr<ReportWriter> MakeTextWriter(const ReportOptions& options, std::string* out) {
  return std::make_unique<TextReport>(options, out);
}

}  // namespace assay
