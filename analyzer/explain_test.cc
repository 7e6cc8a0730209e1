#include "analyzer/explain.h"

#include <cmath>
#include <cstdio>
#include <fstream>
#include <string>
#include <variant>

#include "analyzer/explain_estimate.h"
#include "analyzer/kernel_graph.h"
#include "analyzer/pipeline.h"
#include "analyzer/report_blocks.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/folder_test_util.h"

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
  absl::StatusOr<Report> report =
      AnalyzeModel(file.find('/') == std::string::npos ? "testdata/models/" + file : file, *plan);
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

TEST(Explain, WhatIsNotKnownIsNoNumber) {
  // Relu -> Frobnicate -> Frobnicate -> Relu: of the second kernel neither work nor results.
  const Report report = Analysed("testdata/golden/opaque.onnxtxt");
  const absl::StatusOr<Document> d = ExplainNode(report, "#k1", {});
  ASSERT_TRUE(d.ok()) << d.status();
  for (const char* name : {"FLOPs", "bytes read", "bytes written", "bytes"}) {
    EXPECT_TRUE(std::isnan(Value(Row(*d, "numbers", name)))) << name;
  }
  const TableRow* op = Row(*d, "ops", "#1");
  ASSERT_NE(op, nullptr);
  for (size_t cell : {5, 6, 7}) EXPECT_TRUE(std::isnan(*op->cells[cell].number()));
  EXPECT_EQ(*Row(*d, "tensors", "read")->cells[3].number(), 4.0 * 64);  // at N = 1
  EXPECT_TRUE(std::isnan(*Row(*d, "tensors", "written")->cells[3].number()));
}

// Five turns of a Loop whose body is one Tanh of four numbers: numbers of a run are of all turns.
TEST(Explain, NumbersOfARunAreOfEveryTurn) {
  const std::string file = TestFolder() + "explain_loop.onnxtxt";
  std::ofstream(file) << R"(<ir_version: 8, opset_import: ["" : 17]>
      g (float[4] x) => (float[4] y) {
        n = Constant <value_int = 5> ()
        c = Constant <value = bool {1}> ()
        y = Loop (n, c, x) <body = b (int64 i, bool ci, float[4] v) => (co, vo) {
          co = Identity (ci)
          vo = Tanh (v)
        }>
      })";
  const Report report = Analysed(file);
  const absl::StatusOr<Document> d = ExplainNode(report, "vo", {.kernel = true});
  ASSERT_TRUE(d.ok()) << d.status();
  EXPECT_EQ(Value(Row(*d, "numbers", "transcendentals")), 5.0 * 4);
  EXPECT_EQ(Value(Row(*d, "numbers", "bytes read")), 5.0 * 4 * 4);
  EXPECT_EQ(Text(Row(*d, "numbers", "bytes read"), 5), "5 * 16");
  EXPECT_EQ(Value(Row(*d, "numbers", "bytes")), 5.0 * (4 * 4 + 4 * 4));
  std::remove(file.c_str());
}

TEST(Explain, NamesOfTensorsAreWhole) {
  const Report report = Analysed("resnet18.onnx");
  for (const char* node : {"#0", "#k0"}) {
    const absl::StatusOr<Document> d = ExplainNode(report, node, {});
    ASSERT_TRUE(d.ok()) << d.status();
    const bool kernel = node[1] == 'k';
    const TableRow* row = Row(*d, "tensors", kernel ? "written" : "out0");
    EXPECT_EQ(Text(row, 1), kernel ? "/relu/Relu_output_0" : "/conv1/Conv_output_0");
  }
}

TEST(Explain, AModelWithoutNodesHasNoIds) {
  const std::string file = TestFolder() + "explain_empty.onnxtxt";
  std::ofstream(file) << "<ir_version: 8, opset_import: [\"\" : 17]>\n"
                         "g (float[4] x) => (float[4] x) {}\n";
  const Report report = Analysed(file);
  EXPECT_THAT(std::string(FindNode(report, "#0").status().message()),
              HasSubstr("there is no node #0; the model has none"));
  EXPECT_THAT(std::string(FindNode(report, "#k0").status().message()), HasSubstr("makes none"));
  std::remove(file.c_str());
}

// Of the latency everywhere: its tables of kernels, drawings and explanations.
TEST(Explain, SharesOfTimeAreOfTheLatency) {
  // The host dispatches more slowly than the device computes.
  AnalyzeOptions options;
  options.threads = 1;
  options.targets = {"rtx-4090"};
  options.runtime = "pytorch-eager";
  const absl::StatusOr<Plan> plan = MakePlan(options);
  ASSERT_TRUE(plan.ok()) << plan.status();
  const absl::StatusOr<Report> report = AnalyzeModel("testdata/models/mlp.onnx", *plan);
  ASSERT_TRUE(report.ok()) << report.status();
  const ModelEstimate& e = *FirstEstimate(*report);
  const double share = e.results[0].seconds / e.latency_s;
  const absl::StatusOr<Document> d = ExplainNode(*report, "#k0", {});
  ASSERT_TRUE(d.ok()) << d.status();
  EXPECT_DOUBLE_EQ(Value(Row(*d, "time", "share")), share);
  const KernelGraph g = MakeKernelGraph(*report);
  EXPECT_DOUBLE_EQ(g.nodes[static_cast<size_t>(g.first_kernel)].share, share);
  const Table dearest = DearestTable(*report, 100);
  for (const TableRow& row : dearest.rows) {
    EXPECT_DOUBLE_EQ(*row.cells[8].number(), *row.cells[7].number() / e.latency_s);
  }
}

}  // namespace
}  // namespace assay
