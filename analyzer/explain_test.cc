#include "analyzer/explain.h"

#include <string>
#include <variant>

#include "analyzer/explain_estimate.h"
#include "analyzer/pipeline.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

Report Analysed(const std::string& file, const std::string& target = "") {
  AnalyzeOptions options;
  options.threads = 1;
  options.explain_fusion = true;
  if (!target.empty()) options.targets = {target};
  absl::StatusOr<Plan> plan = MakePlan(options);
  EXPECT_TRUE(plan.ok()) << plan.status();
  absl::StatusOr<Report> report = AnalyzeModel("testdata/models/" + file, *plan);
  EXPECT_TRUE(report.ok()) << report.status();
  return *std::move(report);
}

// The row of that name; null when there is none.
const TableRow* Row(const Document& d, absl::string_view table, absl::string_view name) {
  for (const Block& block : d.blocks) {
    const Table* t = std::get_if<Table>(&block);
    if (t == nullptr || t->key != table) continue;
    for (const TableRow& row : t->rows) {
      if (*row.cells[0].text() == name) return &row;
    }
  }
  return nullptr;
}

double Value(const TableRow* row) { return row == nullptr ? -1 : *row->cells[2].number(); }
std::string Text(const TableRow* row, size_t cell) {
  return row == nullptr || row->cells[cell].text() == nullptr ? "" : *row->cells[cell].text();
}

TEST(Explain, FindsNodes) {
  const Report report = Analysed("resnet18.onnx");
  EXPECT_EQ(FindNode(report, "/conv1/Conv")->op, OpId(0));
  EXPECT_EQ(FindNode(report, "#1")->op, OpId(1));
  EXPECT_EQ(FindNode(report, "/relu/Relu_output_0")->op, OpId(1));
  EXPECT_EQ(FindNode(report, "layer4.1/conv2/Conv")->op,
            FindNode(report, "/layer4/layer4.1/conv2/Conv")->op);
  EXPECT_TRUE(FindNode(report, "#k0")->kernel);
  EXPECT_THAT(std::string(FindNode(report, "/conv1/Cnov").status().message()),
              HasSubstr("did you mean `/conv1/Conv`?"));
  EXPECT_THAT(std::string(FindNode(report, "conv2/Conv").status().message()),
              HasSubstr("may be any of 8 nodes"));
  EXPECT_TRUE(absl::IsNotFound(FindNode(report, "#9999").status()));
  EXPECT_TRUE(absl::IsNotFound(FindNode(report, "#k9999").status()));
  EXPECT_FALSE(FindNode(report, "").ok());
}

TEST(Explain, AnOpByItsRulesFormulas) {
  const Report report = Analysed("resnet18.onnx");
  const absl::StatusOr<Document> d = ExplainNode(report, "/conv1/Conv", {});
  ASSERT_TRUE(d.ok()) << d.status();
  const TableRow* macs = Row(*d, "numbers", "MACs");
  EXPECT_EQ(Value(macs), 1.0 * 64 * 112 * 112 * 3 * 7 * 7);
  EXPECT_EQ(Text(macs, 4), "Cg*M*N*kH*kW*oH*oW");
  EXPECT_EQ(Text(macs, 5), "3*64*1*7*7*112*112");
  EXPECT_EQ(Text(macs, 6), "118013952*batch");
  // f32: four bytes of each element; the weights are 64 kernels of 3 x 7 x 7 and 64 biases.
  EXPECT_EQ(Value(Row(*d, "numbers", "bytes read")), 4.0 * 3 * 224 * 224);
  EXPECT_EQ(Value(Row(*d, "numbers", "bytes of weights")), 4.0 * (64 * 3 * 7 * 7 + 64));
  EXPECT_EQ(Value(Row(*d, "numbers", "bytes written")), 4.0 * 64 * 112 * 112);
}

TEST(Explain, AnEstimateStepByStep) {
  const Report report = Analysed("resnet18.onnx", "h100-sxm");
  const absl::StatusOr<Document> d = ExplainNode(report, "#k0", {});
  ASSERT_TRUE(d.ok()) << d.status();
  const ModelEstimate& e = *report.analysis.estimates[0];
  const KernelEstimate& k = e.results[0];
  // 392 blocks of 128 x 16 over 132 units: 3 rounds.
  EXPECT_DOUBLE_EQ(Value(Row(*d, "utilization", "wave")), 392.0 / (3 * 132));
  const TableRow* peak = Row(*d, "resources", "  peak");
  EXPECT_EQ(Value(peak), 67e12);
  EXPECT_THAT(Text(peak, 7), HasSubstr("NVIDIA H100 Tensor Core GPU Datasheet"));
  const double busy = Value(Row(*d, "time", "busy"));
  EXPECT_DOUBLE_EQ(
      busy, (2.0 * 118013952 / (67e12 * 392 / (3 * 132))) + (64.0 * 112 * 112 * 2) / (67e12 / 2));
  EXPECT_EQ(Value(Row(*d, "time", "seconds")), k.seconds);
  EXPECT_DOUBLE_EQ(k.seconds, Value(Row(*d, "time", "overhead")) + busy);
  EXPECT_EQ(Value(Row(*d, "energy", "joules")), *k.energy.joules);
}

TEST(Explain, KernelOfWhatDoesNotRun) {
  const Report report = Analysed("bert_base.onnx");
  const absl::StatusOr<Document> d = ExplainNode(report, "#0", {.kernel = true});
  EXPECT_THAT(std::string(d.status().message()), HasSubstr("is in no kernel"));
  EXPECT_TRUE(ExplainNode(report, "#0", {}).ok());
}

}  // namespace
}  // namespace assay
