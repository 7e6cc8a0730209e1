#include "analyzer/accuracy.h"

#include <string>
#include <vector>

#include "analyzer/csv.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/folder_test_util.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(AccuracyOf, CountsSharesAndRanks) {
  // Ratios 1, 1.05, 0.8, 1.5, 3: errors 0, 5 %, 20 %, 50 %, 200 %.
  const Accuracy a = AccuracyOf({1, 2.1, 2.4, 6, 15}, {1, 2, 3, 4, 5});
  EXPECT_EQ(a.rows, 5);
  EXPECT_NEAR(a.median_error, 0.2, 1e-12);
  EXPECT_DOUBLE_EQ(a.within_10, 2.0 / 5);
  EXPECT_DOUBLE_EQ(a.within_25, 3.0 / 5);
  EXPECT_DOUBLE_EQ(a.within_1_5x, 4.0 / 5);
  EXPECT_DOUBLE_EQ(a.rank_correlation, 1);  // the same order
  EXPECT_DOUBLE_EQ(AccuracyOf({3, 2, 1}, {10, 20, 30}).rank_correlation, -1);
  // Spearman with one swap of neighbours among four: 1 - 6 * 2 / (4 * 15).
  EXPECT_NEAR(AccuracyOf({1, 3, 2, 4}, {1, 2, 3, 4}).rank_correlation, 1 - 12.0 / 60, 1e-12);
}

TEST(ParseCsv, QuotesAndWidths) {
  auto csv = ParseCsv("a,b\n1,\"x,\"\"y\"\"\"\n\n2,\n", "t.csv");
  ASSERT_TRUE(csv.ok()) << csv.status();
  EXPECT_THAT(csv->header, ElementsAre("a", "b"));
  EXPECT_THAT(csv->rows, ElementsAre(ElementsAre("1", "x,\"y\""), ElementsAre("2", "")));
  EXPECT_THAT(csv->lines, ElementsAre(2, 4));
  EXPECT_EQ(csv->Column("b"), 1);
  auto dos = ParseCsv("a,b\r\n1,2\r\n\r\n3,4\r\n", "t.csv");
  ASSERT_TRUE(dos.ok()) << dos.status();
  EXPECT_THAT(dos->lines, ElementsAre(2, 4));
  EXPECT_EQ(csv->Column("c"), -1);
  EXPECT_THAT(std::string(ParseCsv("a,b\n1\n", "t.csv").status().message()),
              HasSubstr("t.csv:2: 1 fields where the header has 2"));
  EXPECT_THAT(std::string(ParseCsv("", "t.csv").status().message()), HasSubstr("needs a header"));
  EXPECT_THAT(std::string(ParseCsv("a\n\"x\n", "t.csv").status().message()), HasSubstr("t.csv:"));
}

// A table of one model of testdata/zoo under names of our own and of published collections.
std::vector<MeasuredModel> Analyze(const std::string& table) {
  const std::string path = TestFolder() + "measured.csv";
  FILE* file = fopen(path.c_str(), "w");
  fputs(table.c_str(), file);
  fclose(file);
  auto rows = ReadMeasured(path);
  EXPECT_TRUE(rows.ok()) << rows.status();
  return rows.ok() ? AnalyzeMeasured(*rows, {.models = "testdata/zoo"})
                   : std::vector<MeasuredModel>();
}

TEST(AnalyzeMeasured, FindsTargetRuntimeFamilyAndInput) {
  const std::vector<MeasuredModel> models = Analyze(
      "canonical_model,hw_key,runtime_class,runtimes,precision,batch,input,lat_ms_median,"
      "lat_ms_min,lat_ms_max,thr_per_s_median\n"
      "resnet18,rtx_4090,compiled:torch.compile,PyTorch 2.9,fp16,8,224x224,2,1,3,\n"
      "resnet18,hailo8,compiled:vendor/other,HailoRT 4,int8,8,288x288,,,,400\n"
      "resnet18,rtx_4090,eager-framework,TensorFlow 2,fp16,8,224x224,2,,,\n"
      "resnet18,no_such,compiled:tensorrt,TensorRT 8,fp16,8,224x224,2,,,\n"
      "no_such,t4,compiled:tensorrt,TensorRT 8,fp16,8,224x224,2,,,\n"
      "resnet18,t4,tensorrt,,fp16,8,224,2,,,\n"
      "resnet18,t4,no-such-runtime,,fp16,8,224,2,,,\n"
      "resnet18,t4,tensorrt,,fp16,8,0x224,2,,,\n");
  ASSERT_EQ(models.size(), 8u);
  EXPECT_THAT(models[6].problem, HasSubstr("no runtime is measured as `no-such-runtime`"));
  EXPECT_THAT(models[7].problem, HasSubstr("`0x224` is no input"));
  EXPECT_EQ(models[0].problem, "");
  EXPECT_EQ(models[0].target->name, "rtx-4090");
  EXPECT_EQ(models[0].runtime->name, "torch-inductor");
  EXPECT_EQ(models[0].row.family, "ResNet");
  EXPECT_EQ(models[0].row.seconds, 2e-3);
  EXPECT_TRUE(models[0].row.unstable());  // 1 to 3
  EXPECT_GT(models[0].predicted_s, 0);
  EXPECT_EQ(models[1].problem, "");
  EXPECT_EQ(models[1].runtime->name, "hailort");
  EXPECT_TRUE(models[1].row.is_throughput);
  EXPECT_DOUBLE_EQ(models[1].row.seconds, 8.0 / 400);
  EXPECT_THAT(models[2].problem, HasSubstr("no runtime is measured as `eager-framework`"));
  EXPECT_THAT(models[3].problem, HasSubstr("no target is named `no_such`"));
  EXPECT_THAT(models[4].problem, HasSubstr("no_such.onnx"));
  EXPECT_EQ(models[5].problem, "");
  EXPECT_EQ(models[5].runtime->name, "tensorrt");
  // What the estimator sees is the batch and the size asked for: kernels of equal work, 8 images.
  double macs = 0;
  for (const auto& [cost, times] : models[5].run.kernels) {
    for (const KernelCost::Part& part : cost.parts) {
      if (part.scale == KernelCost::Scale::kContraction) macs += times * part.use.amount / 2;
    }
  }
  EXPECT_DOUBLE_EQ(macs, 8 * 1814073344.0);  // testdata/zoo/manifest.csv
}

TEST(AccuracyReport, SaysWhatWasScoredAndWhatWasNot) {
  const std::vector<MeasuredModel> models = Analyze(
      "model,target,runtime,precision,batch,latency_ms,latency_ms_min,latency_ms_max\n"
      "resnet18,t4,tensorrt,fp16,1,1,,\nresnet18,t4,tensorrt,fp16,16,5,1,9\n"
      "resnet18,t5,tensorrt,fp16,16,5,,\n");
  ASSERT_EQ(models.size(), 3u);
  const std::vector<ScoredRun> scored = {{&models[0], 1.1e-3}};
  const std::string text = AccuracyReport("m.csv", "as told", scored, models, {});
  EXPECT_THAT(text, HasSubstr("m.csv: 3 rows, 1 scored, as told"));
  EXPECT_THAT(text, HasSubstr("+10.0 %"));
  EXPECT_THAT(text, HasSubstr("1.3x: 1 row"));
  EXPECT_THAT(text, HasSubstr("no target is named `t5`"));
  const std::string plot = AccuracyPlot(scored);
  EXPECT_THAT(plot, HasSubstr("resnet18 x1, t4, tensorrt: measured 1.000 ms, predicted 1.100 ms"));
  EXPECT_THAT(plot, HasSubstr("</svg>"));
}

}  // namespace
}  // namespace assay
