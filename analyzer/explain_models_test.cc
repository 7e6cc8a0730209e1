// What holds of `explain` on every model of testdata/models: it succeeds on ops of every type and
// class, its numbers are the report's, every step of an estimate gives the estimate's number, and
// its JSON keeps to the schema.
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "analyzer/explain.h"
#include "analyzer/explain_estimate.h"
#include "analyzer/models_test_util.h"
#include "analyzer/pipeline.h"
#include "analyzer/schema_test_util.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace assay {
namespace {

constexpr int kPerType = 2;  // ops of each type and class
constexpr int kKernels = 40;

const Table* FindTable(const Document& d, absl::string_view key) {
  for (const Block& block : d.blocks) {
    const Table* table = std::get_if<Table>(&block);
    if (table != nullptr && table->key == key) return table;
  }
  return nullptr;
}

// The number of that name; -1 when there is none.
double NumberOf(const Table& table, absl::string_view name) {
  for (const TableRow& row : table.rows) {
    if (*row.cells[0].text() == name) return *row.cells[2].number();
  }
  return -1;
}

void ExpectValid(const Document& d) {
  std::string text;
  MakeJsonPrinter({}, &text)->Add(d);
  rapidjson::Document json;
  json.Parse(text.c_str());
  ASSERT_FALSE(json.HasParseError()) << d.title;
  SCOPED_TRACE(d.title);
  ExpectKeepsToSchema(json);
}

double OrNothing(double found) { return found < 0 ? 0 : found; }

class ExplainModelsTest : public testing::TestWithParam<std::string> {};

TEST_P(ExplainModelsTest, NumbersAreTheReports) {
  // Machines in turn, so that every kind is met.
  const std::vector<std::string> targets = {"h100-sxm", "i7-12700k",        "hailo-8",
                                            "tpu-v4",   "jetson-orin-nano", "kpu-t64"};
  size_t turn = 0;
  for (char c : GetParam()) turn += static_cast<unsigned char>(c);
  AnalyzeOptions options;
  options.targets = {targets[turn % targets.size()]};
  options.explain_fusion = true;
  options.threads = 1;
  absl::StatusOr<Plan> plan = MakePlan(options);
  ASSERT_TRUE(plan.ok()) << plan.status();
  absl::StatusOr<Report> report = AnalyzeModel(absl::StrCat(kModelFolder, GetParam()), *plan);
  ASSERT_TRUE(report.ok()) << report.status();
  const Graph& graph = *report->graph;
  const Analysis& a = report->analysis;

  std::map<std::pair<std::string, Exec>, int> seen;
  for (OpId op(0); op.index < graph.num_ops(); ++op.index) {
    const Exec exec = a.execution->exec[op.index];
    if (++seen[{QualifiedType(graph, op), exec}] > kPerType) continue;
    const std::string id = absl::StrCat("#", op.index);
    absl::StatusOr<Document> d = ExplainNode(*report, id, {});
    ASSERT_TRUE(d.ok()) << id << ": " << d.status();
    ExpectValid(*d);
    const Table* numbers = FindTable(*d, "numbers");
    ASSERT_NE(numbers, nullptr) << id;
    const OpNumbers& n = a.numbers->of(op);
    if (!n.known || n.multiplicity <= 0) continue;
    const double times = n.multiplicity;
    EXPECT_EQ(OrNothing(NumberOf(*numbers, "MACs")), n.macs / times) << id;
    EXPECT_EQ(OrNothing(NumberOf(*numbers, "FLOPs")), n.flops / times) << id;
    EXPECT_EQ(OrNothing(NumberOf(*numbers, "transcendentals")), n.transcendentals / times) << id;
    EXPECT_EQ(OrNothing(NumberOf(*numbers, "integer operations")), n.int_ops / times) << id;
    EXPECT_EQ(OrNothing(NumberOf(*numbers, "comparisons")), n.comparisons / times) << id;
    EXPECT_EQ(OrNothing(NumberOf(*numbers, "bytes read")), n.bytes_in / times) << id;
    EXPECT_EQ(OrNothing(NumberOf(*numbers, "bytes of weights")), n.bytes_weights / times) << id;
    EXPECT_EQ(OrNothing(NumberOf(*numbers, "bytes written")), n.bytes_out / times) << id;

    // The formula, numbers put in, was read back to the same number; here: that there is one.
    const WorkTrace trace = TraceWork(graph, *a.shapes, a.numbers->point, op);
    const std::string what = absl::StrCat(id, " ", QualifiedType(graph, op));
    if (n.macs > 0) {
      ASSERT_TRUE(trace.macs.has_value()) << what;
      EXPECT_EQ(static_cast<double>(trace.macs->value), n.macs / times) << what;
    }
    ASSERT_TRUE(trace.flops.has_value()) << what;
    EXPECT_EQ(static_cast<double>(trace.flops->value), n.flops / times) << what;
  }

  const ModelEstimate& e = *a.estimates[0];
  const size_t step = std::max<size_t>(1, e.results.size() / kKernels);
  for (size_t k = 0; k < e.results.size(); k += step) {
    Document d;
    EXPECT_EQ(ExplainEstimate(*report, e, static_cast<int>(k), &d), 0)
        << e.platform->target->name << " #k" << k << " " << ToString(e.kernels[k]);
    const Table* time = FindTable(d, "time");
    ASSERT_NE(time, nullptr);
    EXPECT_EQ(NumberOf(*time, "seconds"), e.results[k].seconds) << "#k" << k;
    absl::StatusOr<Document> whole = ExplainNode(*report, absl::StrCat("#k", k), {});
    ASSERT_TRUE(whole.ok()) << whole.status();
    ExpectValid(*whole);
  }
}

// The totals: each is the report's, and every step of the estimate gives the estimate's number.
TEST_P(ExplainModelsTest, TotalsAreTheReports) {
  AnalyzeOptions options;
  options.threads = 1;
  for (const char* target : {"h100-sxm", "xeon-8480", "hailo-8", "tpu-v4", "jetson-orin-nano"}) {
    options.targets = {target};
    absl::StatusOr<Plan> plan = MakePlan(options);
    ASSERT_TRUE(plan.ok()) << plan.status();
    absl::StatusOr<Report> report = AnalyzeModel(absl::StrCat(kModelFolder, GetParam()), *plan);
    ASSERT_TRUE(report.ok()) << report.status();
    int wrong = -1;
    const Document d = ExplainModel(*report, &wrong);
    EXPECT_EQ(wrong, 0) << target;
    ExpectValid(d);
    const Analysis& a = report->analysis;
    const ModelEstimate& e = *a.estimates[0];
    const Table* numbers = FindTable(d, "numbers");
    EXPECT_EQ(OrNothing(NumberOf(*numbers, "MACs")), a.numbers->total.macs);
    EXPECT_EQ(OrNothing(NumberOf(*numbers, "FLOPs")), a.numbers->total.flops);
    EXPECT_EQ(OrNothing(NumberOf(*numbers, "bytes fused")), report->partition->bytes_fused);
    const Table* time = FindTable(d, "time");
    EXPECT_EQ(NumberOf(*time, "latency"), e.latency_s);
    EXPECT_EQ(NumberOf(*time, "low"), e.latency_low_s);
    EXPECT_EQ(NumberOf(*time, "high"), e.latency_high_s);
    EXPECT_EQ(NumberOf(*FindTable(d, "memory"), "needed"), e.memory_needed_bytes);
    // Tables end in a total of what stands above it.
    for (const auto& [key, column] : {std::pair("types", 3), std::pair("kernels", 4)}) {
      const Table* table = FindTable(d, key);
      double sum = 0;
      for (const TableRow& row : table->rows) sum += *row.cells[column].number();
      const double total = *table->rows.back().cells[column].number();
      EXPECT_NEAR(sum, 2 * total, 1e-9 * sum) << key;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, ExplainModelsTest, testing::ValuesIn(ModelFiles()),
                         [](const testing::TestParamInfo<std::string>& info) {
                           return TestNameOf(info.param);
                         });

}  // namespace
}  // namespace assay
