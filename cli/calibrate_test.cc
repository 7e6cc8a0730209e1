#include <string>

#include "absl/strings/str_cat.h"
#include "cli/cli_test_util.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hw/calibration.h"
#include "ir/folder_test_util.h"

namespace assay {
namespace {

using testing::HasSubstr;

constexpr char kTable[] = "testdata/measured/few.csv";

TEST(Calibrate, WritesAFileThatAnalyzeTakes) {
  const std::string path = TestFolder() + "rtx.yaml";
  Outcome made = RunCommand(absl::StrCat("calibrate --measured ", kTable,
                                         " --target rtx-4090 --runtime torch-inductor -o ", path));
  ASSERT_EQ(made.exit, 0) << made.err;
  auto calibration = LoadCalibration(path);
  ASSERT_TRUE(calibration.ok()) << calibration.status();
  EXPECT_EQ((*calibration)->target, "rtx-4090");
  EXPECT_EQ((*calibration)->data, "few.csv");
  // Five rows, one of a model that is not there, one whose sources differ.
  EXPECT_EQ((*calibration)->rows.value, 3);
  EXPECT_LT((*calibration)->error_in_sample.value, 0.5);
  EXPECT_LE((*calibration)->low.value, 1);
  EXPECT_GE((*calibration)->high.value, 1);

  const std::string run =
      "analyze testdata/zoo/resnet18.onnx --dim batch=64 --dim height=224 --dim width=224 "
      "--precision amp "
      "--target rtx-4090 --runtime torch-inductor --calibration ";
  Outcome used = RunCommand(absl::StrCat(run, path));
  ASSERT_EQ(used.exit, 0) << used.err;
  EXPECT_THAT(used.out, HasSubstr("rtx-4090.torch-inductor (target)"));
  EXPECT_EQ(RunCommand(absl::StrCat(run, kTable)).exit, 2);
}

TEST(Validate, TakesACalibrationOfOnesOwn) {
  const std::string path = TestFolder() + "own.yaml";
  ASSERT_EQ(RunCommand(absl::StrCat("calibrate --measured ", kTable,
                                    " --target rtx-4090 --runtime torch-inductor -o ", path))
                .exit,
            0);
  const std::string run = absl::StrCat("validate --measured ", kTable, " --target rtx-4090");
  Outcome shipped = RunCommand(run), own = RunCommand(absl::StrCat(run, " --calibration ", path));
  EXPECT_EQ(own.exit, 0) << own.err;
  EXPECT_THAT(own.out, HasSubstr(absl::StrCat("with ", path)));
  EXPECT_NE(own.out, shipped.out);
  Outcome both = RunCommand(absl::StrCat(run, " --leave-out family --calibration ", path));
  EXPECT_EQ(both.exit, 2);
  EXPECT_THAT(both.err, HasSubstr("leave one of them out"));
  EXPECT_EQ(
      RunCommand(absl::StrCat("calibrate --measured ", kTable,
                              " --target rtx-4090 --runtime torch-inductor --calibration ", path))
          .exit,
      2);
}

TEST(Calibrate, NeedsOneTargetAndOneRuntime) {
  for (const char* words : {"--target t4", "--runtime tensorrt", "--target t4,a10 --runtime ideal",
                            "--target t5 --runtime ideal", "--target t4 --runtime idael"}) {
    Outcome o = RunCommand(absl::StrCat("calibrate --measured ", kTable, " ", words));
    EXPECT_EQ(o.exit, 2) << words;
    EXPECT_EQ(o.out, "") << words;
  }
}

TEST(Validate, DrawsAndRefusesBadTables) {
  const std::string plot = TestFolder() + "plot.svg";
  Outcome o = RunCommand(absl::StrCat("validate --measured ", kTable, " --plot ", plot));
  EXPECT_EQ(o.exit, 0) << o.err;
  const std::string svg = ReadFile(plot);
  EXPECT_THAT(svg, testing::StartsWith("<svg "));
  EXPECT_THAT(svg, HasSubstr("resnet50 224x224 x64"));
  const std::string table = TestFolder() + "bad.csv";
  WriteFile(table, "model,target\nx,t4\n");
  o = RunCommand(absl::StrCat("validate --measured ", table));
  EXPECT_EQ(o.exit, 1);
  EXPECT_THAT(o.err, HasSubstr("bad.csv:1: no column `runtime`"));
  WriteFile(table, "model,target,runtime,latency_ms\nx,t4,tensorrt,fast\n");
  o = RunCommand(absl::StrCat("validate --measured ", table));
  EXPECT_EQ(o.exit, 1);
  EXPECT_THAT(o.err, HasSubstr("bad.csv:2: `fast` in column `latency_ms` is no number above 0"));
  EXPECT_EQ(RunCommand("validate --measured no.csv").exit, 1);
  for (const char* words : {"--leave-out all", "--target t5", "--target t4,a10", "--runtime no"}) {
    EXPECT_EQ(RunCommand(absl::StrCat("validate --measured ", kTable, " ", words)).exit, 2)
        << words;
  }
}

}  // namespace
}  // namespace assay
