#include "analyzer/compare.h"

#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "analyzer/figures.h"
#include "analyzer/models_test_util.h"
#include "analyzer/pipeline.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using testing::HasSubstr;

const Table& TableOf(const Document& d, absl::string_view key) {
  for (const Block& block : d.blocks) {
    const Table* table = std::get_if<Table>(&block);
    if (table != nullptr && table->key == key) return *table;
  }
  static const Table* const kNone = new Table();
  ADD_FAILURE() << "no table " << key;
  return *kNone;
}

const Cell& CellOf(const Table& table, size_t row, absl::string_view column) {
  for (size_t c = 0; c < table.columns.size(); ++c) {
    if (table.columns[c].key == column) return table.rows.at(row).cells.at(c);
  }
  static const Cell* const kNone = new Cell();
  ADD_FAILURE() << "no column " << column;
  return *kNone;
}

double Number(const Table& table, size_t row, absl::string_view column) {
  const double* number = CellOf(table, row, column).number();
  EXPECT_NE(number, nullptr) << column;
  return number == nullptr ? -1 : *number;
}

Document Compare(const std::vector<std::string>& models, AnalyzeOptions options,
                 CompareOptions compare = {}, const ReportOptions& report = {}) {
  options.skip_impossible = true;
  absl::StatusOr<Plan> plan = MakePlan(options);
  EXPECT_TRUE(plan.ok()) << plan.status();
  Comparison comparison(std::move(compare), report);
  for (const std::string& model : models) {
    absl::StatusOr<Report> r = AnalyzeModel(absl::StrCat(kModelFolder, model), *plan);
    EXPECT_TRUE(r.ok()) << r.status();
    comparison.Add(*r);
  }
  return comparison.Make(plan->skipped);
}

TEST(Compare, WorkByHand) {
  const Document d = Compare({"mlp.onnx", "resnet18.onnx"}, {});
  const Table& rows = TableOf(d, "rows");
  const double mlp = 784 * 512 + 512 * 256 + 256 * 10;
  EXPECT_EQ(Number(rows, 0, "macs"), mlp);
  EXPECT_EQ(Number(rows, 0, "macs_ratio"), 1);
  EXPECT_DOUBLE_EQ(Number(rows, 1, "macs_ratio"), 1814073344 / mlp);
  EXPECT_EQ(Number(rows, 0, "parameters"), mlp + 512 + 256 + 10);
}

TEST(Compare, CrossesAndSortsAndDividesByTheBaseline) {
  AnalyzeOptions options;
  options.targets = {"t4", "h100-sxm"};
  options.precision = "fp32,fp16";
  const Document d =
      Compare({"resnet18.onnx"}, options, {.sort = "latency", .baseline = {"h100-sxm", "fp32"}});
  const Table& rows = TableOf(d, "rows");
  ASSERT_EQ(rows.rows.size(), 2u * 2u);
  double base = 0;
  for (size_t r = 0; r < 4; ++r) {
    if (Number(rows, r, "latency_ratio") == 1) {
      base = Number(rows, r, "latency_s");
      EXPECT_EQ(*CellOf(rows, r, "target").text(), "h100-sxm");
      EXPECT_EQ(*CellOf(rows, r, "precision").text(), "fp32");
    }
    if (r > 0) {
      EXPECT_LE(Number(rows, r - 1, "latency_s"), Number(rows, r, "latency_s"));
    }
  }
  ASSERT_GT(base, 0);
  for (size_t r = 0; r < 4; ++r) {
    EXPECT_DOUBLE_EQ(Number(rows, r, "latency_ratio"), Number(rows, r, "latency_s") / base);
  }
}

// A runtime of CPUs alone has a row of CPUs alone, and a word for the others.
TEST(Compare, LeavesOutWhatCannotBe) {
  AnalyzeOptions options;
  options.targets = {"t4", "i7-12700k"};
  options.runtime = "ideal,onnxruntime-cpu";
  const Document d = Compare({"mlp.onnx"}, options);
  EXPECT_EQ(TableOf(d, "rows").rows.size(), 3u);
  bool said = false;
  for (const Block& block : d.blocks) {
    const Notes* notes = std::get_if<Notes>(&block);
    if (notes == nullptr) continue;
    for (const std::string& note : notes->notes) {
      said |= note.find("left out: runtime `onnxruntime-cpu`") != std::string::npos;
    }
  }
  EXPECT_TRUE(said);
}

TEST(Compare, AllIsEveryShippedTarget) {
  AnalyzeOptions options;
  options.targets = {"all"};
  EXPECT_EQ(TableOf(Compare({"mlp.onnx"}, options), "rows").rows.size(), TargetNames().size());
}

// Groups of the outermost level add up to the kernels' time, in every column.
TEST(Compare, ModulesAddUp) {
  AnalyzeOptions options;
  options.targets = {"t4", "i7-12700k"};
  ReportOptions report;
  report.by = "module";
  const Document d = Compare({"resnet18.onnx", "resnet34.onnx"}, options, {}, report);
  const Table& rows = TableOf(d, "rows");
  const Table& modules = TableOf(d, "by_module");
  for (size_t r = 0; r < rows.rows.size(); ++r) {
    const std::string column = absl::StrCat("row_", r + 1);
    double sum = 0;
    for (size_t m = 0; m < modules.rows.size(); ++m) {
      const double* seconds = CellOf(modules, m, column).number();
      if (modules.rows[m].level == 0 && seconds != nullptr) sum += *seconds;
    }
    EXPECT_NEAR(sum, Number(rows, r, "latency_s"), 1e-9 * sum) << column;
  }
}

EstimateFigures Machine(double compute, double bandwidth, double overhead, double peak) {
  EstimateFigures e;
  e.latency_s = compute + bandwidth + overhead;
  e.latency_low_s = e.latency_s / 2;
  e.latency_high_s = e.latency_s * 2;
  e.class_seconds[0] = compute;
  e.class_seconds[1] = bandwidth;
  e.class_seconds[2] = overhead;
  e.resources = {{.name = "vector fp32",
                  .kind = ResourceSum::Kind::kEngine,
                  .bound = Bound::kCompute,
                  .limited_seconds = compute,
                  .amount = 100,
                  .peak = peak}};
  e.launches = 10;
  return e;
}

// 8 s of compute against 2 s, 1 s of overhead in both: all of the 6 s are compute, and 40 / 10.
TEST(WhyFaster, NamesTheResourceAndTheRatioOfItsRates) {
  EXPECT_EQ(
      WhyFaster(Machine(2, 0, 1, 40), "new", Machine(8, 0, 1, 10), "old"),
      "the whole difference is compute-bound time, 2 s against 8 s (vector fp32 does 40 op/s for "
      "new, 10 op/s for old, 4.00 times as much)");
}

// Of 4 s - 2 s = 2 s, compute gained 3 and overhead lost 1.
TEST(WhyFaster, SaysWhatSpeaksAgainst) {
  const std::string why = WhyFaster(Machine(0, 0, 2, 40), "new", Machine(3, 0, 1, 10), "old");
  EXPECT_THAT(why, HasSubstr("the whole difference is compute-bound time, none against 3"));
  EXPECT_THAT(why, HasSubstr("against it overhead-bound time, 2 s against 1 s"));
}

TEST(WhyFaster, Overlap) {
  EXPECT_TRUE(Overlap(Machine(1, 0, 0, 1), Machine(3, 0, 0, 1)));    // 0.5 .. 2, 1.5 .. 6
  EXPECT_FALSE(Overlap(Machine(1, 0, 0, 1), Machine(10, 0, 0, 1)));  // 0.5 .. 2, 5 .. 20
}

}  // namespace
}  // namespace assay
