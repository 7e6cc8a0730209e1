#include "analyzer/measured.h"

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/folder_test_util.h"

namespace assay {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

std::string Write(const std::string& text) {
  std::string path = TestFolder() + "measured.csv";
  std::ofstream(path) << text;
  return path;
}

// Rows of one model on the i7, from columns batch, input, cores, latency_ms and throughput_per_s.
absl::StatusOr<std::vector<MeasuredRow>> Rows(const std::vector<std::string>& rows) {
  std::string text = "model,target,runtime,batch,input,cores,latency_ms,throughput_per_s\n";
  for (const std::string& row : rows) {
    absl::StrAppend(&text, "testdata/models/mlp.onnx,i7-12700k,ideal,", row, "\n");
  }
  return ReadMeasured(Write(text));
}

std::vector<MeasuredModel> Models(const std::vector<std::string>& rows) {
  auto read = Rows(rows);
  EXPECT_TRUE(read.ok()) << read.status();
  return AnalyzeMeasured(*read, {.models = "testdata/models", .threads = 1});
}

TEST(ReadMeasured, Cores) {
  auto rows = Rows({"8,,,10,", "8,,2,10,", "8,,4x3,10,", "8,,4x3,,200"});
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ((*rows)[0].share, CoreShare());
  EXPECT_EQ((*rows)[1].share, (CoreShare{.cores = 2}));
  EXPECT_EQ((*rows)[2].share, (CoreShare{.cores = 4, .instances = 3}));
  // A latency is of one instance, a throughput of all: 3 x 8 samples per run of the three.
  EXPECT_DOUBLE_EQ((*rows)[2].seconds, 0.010);
  EXPECT_DOUBLE_EQ((*rows)[3].seconds, 3 * 8 / 200.0);
  EXPECT_THAT(std::string(Rows({"8,,,10,", "8,,many,10,"}).status().message()),
              EndsWith("measured.csv:3: `many` is no number of cores; write 4, or 4x8 for 8 "
                       "instances of 4 cores each"));
}

TEST(AnalyzeMeasured, EstimatesOnTheCoresOfTheRow) {
  const auto models =
      Models({"512,,,10,", "512,,1,10,", "512,,4,10,", "512,,4x3,10,", "512,,4x4,10,"});
  ASSERT_EQ(models.size(), 5u);
  for (int i : {0, 1, 2, 3}) EXPECT_EQ(models[i].problem, "");
  EXPECT_LT(models[0].predicted_s, models[2].predicted_s);
  EXPECT_LT(models[2].predicted_s, models[1].predicted_s);
  EXPECT_LE(models[2].predicted_s, models[3].predicted_s);
  EXPECT_EQ(models[1].run.machine, "i7-12700k");  // fitted together
  EXPECT_EQ(models[4].problem, "--cores 4x4: i7-12700k has 12 cores; ask for no more than that");
}

TEST(AnalyzeMeasured, SizesByName) {
  const auto models = Models(
      {"8,,,10,", ",batch=8,,10,", ",input=8x784,,10,", "8,batch=8;input=8x784,,10,", ",,,10,"});
  ASSERT_EQ(models.size(), 5u);
  for (const MeasuredModel& model : models) EXPECT_EQ(model.problem, "") << model.row.input;
  for (int i : {1, 2, 3}) EXPECT_EQ(models[i].predicted_s, models[0].predicted_s) << i;
  EXPECT_EQ(models[0].run.kernels[0].first.parts[0].use.amount,
            8 * models[4].run.kernels[0].first.parts[0].use.amount);
}

TEST(AnalyzeMeasured, SizesThatAreNone) {
  const auto models = Models({",batch=,,10,", ",batch=8;,,10,", ",=8,,10,", ",batch=8x-1,,10,",
                              ",bacth=8,,10,", "4,batch=8,,10,", ",wide,,10,"});
  ASSERT_EQ(models.size(), 7u);
  EXPECT_EQ(models[0].problem, "`batch=` is no size; write seq=128 or ids=1x128, joined by `;`");
  EXPECT_THAT(models[1].problem, HasSubstr("`` is no size"));
  EXPECT_THAT(models[2].problem, HasSubstr("`=8` is no size"));
  EXPECT_THAT(models[3].problem, HasSubstr("`batch=8x-1` is no size"));
  EXPECT_THAT(models[4].problem, HasSubstr("did you mean `batch`?"));
  EXPECT_THAT(models[5].problem, HasSubstr("batch"));
  EXPECT_THAT(models[6].problem, HasSubstr("write 224x224, seq128, or NAME=SIZE"));
}

}  // namespace
}  // namespace assay
