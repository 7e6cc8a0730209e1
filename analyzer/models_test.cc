// Every model of testdata/models, through the whole pipeline, against the manifest: MACs as counted
// by hooks on the original library's modules, parameters as counted from the file by another
// reader, every shape resolved with only the input's symbols free.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "analyzer/formats.h"
#include "analyzer/models_test_util.h"
#include "analyzer/pipeline.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

// One line of CSV; quoted fields may hold commas and doubled quotes, no line breaks.
std::vector<std::string> SplitCsv(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') {
      if (quoted && i + 1 < line.size() && line[i + 1] == '"') {
        fields.back() += line[i++];
      } else {
        quoted = !quoted;
      }
    } else if (line[i] == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += line[i];
    }
  }
  return fields;
}

struct Row : std::map<std::string, std::string> {};

void PrintTo(const Row& row, std::ostream* os) { *os << row.at("file"); }

std::vector<Row> Manifest() {
  std::ifstream in(absl::StrCat(kModelFolder, "manifest.csv"));
  std::string line;
  std::getline(in, line);
  const std::vector<std::string> header = SplitCsv(line);
  std::vector<Row> rows;
  while (std::getline(in, line)) {
    const std::vector<std::string> fields = SplitCsv(line);
    EXPECT_EQ(fields.size(), header.size()) << line;
    Row row;
    for (size_t i = 0; i < std::min(fields.size(), header.size()); ++i) row[header[i]] = fields[i];
    rows.push_back(std::move(row));
  }
  return rows;
}

Bindings BindingsOf(const Row& row) {
  Bindings bindings;
  for (absl::string_view item : absl::StrSplit(row.at("dims"), ';', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> kv = absl::StrSplit(item, '=');
    int64_t value = 0;
    EXPECT_TRUE(absl::SimpleAtoi(kv.second, &value)) << item;
    bindings.dims.emplace_back(std::string(kv.first), value);
  }
  return bindings;
}

absl::StatusOr<Report> Analyze(const std::string& file, Bindings bindings, int threads = 1,
                               std::vector<std::string> targets = {}) {
  AnalyzeOptions options;
  options.bindings = std::move(bindings);
  options.threads = threads;
  options.targets = std::move(targets);
  absl::StatusOr<Plan> plan = MakePlan(options);
  if (!plan.ok()) return plan.status();
  plan->request.parallel_from = 0;  // the parallel paths, on small models too
  return AnalyzeModel(kModelFolder + file, *plan);
}

class ModelsTest : public testing::TestWithParam<Row> {};

TEST_P(ModelsTest, CountsAreTheManifests) {
  const Row& row = GetParam();
  absl::StatusOr<Report> report = Analyze(row.at("file"), BindingsOf(row));
  ASSERT_TRUE(report.ok()) << report.status();
  if (!row.at("macs").empty()) {
    int64_t macs = 0;
    ASSERT_TRUE(absl::SimpleAtoi(row.at("macs"), &macs));
    EXPECT_EQ(report->analysis.numbers->total.macs, static_cast<double>(macs));
  }
  int64_t parameters = 0;
  ASSERT_TRUE(absl::SimpleAtoi(row.at("parameters"), &parameters));
  EXPECT_EQ(report->analysis.works->parameters, parameters);
}

TEST_P(ModelsTest, EveryShapeIsResolved) {
  // Nothing bound: all axes that the export left free are symbols.
  absl::StatusOr<Report> report = Analyze(GetParam().at("file"), {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->opaque.empty());
  EXPECT_EQ(report->analysis.numbers->unknown_ops, 0);
  const Graph& graph = *report->graph;
  const Analysis& facts = report->analysis;
  std::set<int> free_symbols;
  for (OpId op(0); op.index < graph.num_ops(); ++op.index) {
    if (facts.execution->exec[op.index] == Exec::kDead) continue;
    for (ValueId v : graph.outputs(op)) {
      if (!v.has_value()) continue;
      const Type& type = facts.shapes->type(v);
      EXPECT_TRUE(type.resolved())
          << graph.Describe(op) << " makes " << ToString(type, *facts.shapes->pool);
      std::vector<int> symbols;
      for (Dim d : type.dims) facts.shapes->pool->CollectSymbols(d, &symbols);
      free_symbols.insert(symbols.begin(), symbols.end());
    }
  }
  // Free symbols come from the inputs; a detector's counts are bounded. Sizes that it computes from
  // the coordinates of its boxes (pasting masks into the image) have no bound that anybody could
  // know.
  const bool detector = absl::StrContains(GetParam().at("file"), "mask_rcnn");
  const auto from_coordinates = [](absl::string_view origin) {
    return absl::StartsWith(origin, "resized size") || absl::StartsWith(origin, "sliced size") ||
           absl::StartsWith(origin, "size of a filled tensor") ||
           absl::StartsWith(origin, "size that control flow changes of Loop");
  };
  for (int s : free_symbols) {
    const SymbolInfo& info = facts.shapes->pool->symbols()[s];
    if (!info.data_dependent) {
      EXPECT_TRUE(absl::StartsWith(info.origin, "input ")) << info.name << ": " << info.origin;
    } else {
      EXPECT_TRUE(detector) << info.name << ": " << info.origin;
      EXPECT_GE(info.bounds.low, 0) << info.name << ": " << info.origin;
      if (from_coordinates(info.origin)) continue;
      EXPECT_LT(info.bounds.high, Bounds::kNoBound) << info.name << ": " << info.origin;
    }
  }
}

TEST_P(ModelsTest, SymbolicTotalsAgreeWithBoundRuns) {
  // The expressions of an unbound run, evaluated with every input symbol at 7 times its default,
  // against the totals of a run with the same numbers bound.
  absl::StatusOr<Report> free = Analyze(GetParam().at("file"), {});
  ASSERT_TRUE(free.ok()) << free.status();
  const Shapes& shapes = *free->analysis.shapes;
  Point point = free->analysis.numbers->point;
  Bindings bindings;
  for (size_t s = 0; s < point.size(); ++s) {
    const SymbolInfo& info = shapes.pool->symbols()[s];
    if (!info.definition.unknown() || info.data_dependent) continue;
    if (info.batch_axis) point[s] = 7 * point[s];
    bindings.dims.emplace_back(info.name, point[s]);
  }
  const Works& works = *free->analysis.works;
  absl::StatusOr<Report> bound = Analyze(GetParam().at("file"), bindings);
  ASSERT_TRUE(bound.ok()) << bound.status();
  const OpNumbers& total = bound->analysis.numbers->total;
  auto at = [&](Dim d) {
    absl::StatusOr<int64_t> v = shapes.pool->Evaluate(d, point);
    EXPECT_TRUE(v.ok()) << v.status();
    return v.ok() ? static_cast<double>(*v) : -1;
  };
  EXPECT_EQ(at(works.macs), total.macs);
  // With its sizes bound, what was made of sizes alone (a mask, a table of positions) is a constant
  // and folds; contractions never do.
  EXPECT_GE(at(works.flops), total.flops);
  EXPECT_GE(at(works.bytes_out), total.bytes_out);
}

TEST_P(ModelsTest, SameBytesForAnyNumberOfThreads) {
  std::string first;
  for (int threads : {1, 2, 16}) {
    absl::StatusOr<Report> report =
        Analyze(GetParam().at("file"), {}, threads, {"h100-sxm", "i7-12700k"});
    ASSERT_TRUE(report.ok()) << report.status();
    std::string text;
    std::unique_ptr<ReportWriter> json = MakeJsonWriter({}, &text);
    json->Begin();
    json->Model(*report);
    json->End();
    if (first.empty()) first = text;
    EXPECT_EQ(text, first) << threads << " threads";
  }
}

INSTANTIATE_TEST_SUITE_P(All, ModelsTest, testing::ValuesIn(Manifest()),
                         [](const auto& info) { return TestNameOf(info.param.at("file")); });

// The manifest lists the folder, and the folder holds what the manifest lists.
TEST(ManifestTest, ListsEveryModel) {
  const std::vector<std::string> files = ModelFiles();
  const std::set<std::string> there(files.begin(), files.end());
  std::set<std::string> listed;
  for (const Row& row : Manifest()) listed.insert(row.at("file"));
  EXPECT_EQ(listed, there);
  EXPECT_GE(there.size(), 30u);
}

}  // namespace
}  // namespace assay
