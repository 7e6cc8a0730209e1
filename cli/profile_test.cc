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

constexpr char kModel[] = "testdata/models/resnet18.onnx";
constexpr char kRun[] =
    " testdata/models/resnet18.onnx --profile testdata/profiles/resnet18.json --target xeon-8480 "
    "--runtime onnxruntime-cpu --dim batch=1 --cores 1";

TEST(CalibrateProfile, WritesAFileThatValidateTakes) {
  const std::string path = TestFolder() + "xeon.yaml";
  Outcome made = RunCommand(absl::StrCat("calibrate", kRun, " -o ", path));
  ASSERT_EQ(made.exit, 0) << made.err;
  auto calibration = LoadCalibration(path);
  ASSERT_TRUE(calibration.ok()) << calibration.status();
  EXPECT_EQ((*calibration)->target, "xeon-8480");
  EXPECT_EQ((*calibration)->runtime, "onnxruntime-cpu");
  EXPECT_EQ((*calibration)->data, "resnet18.json");
  EXPECT_EQ((*calibration)->rows.value, 23);  // a group per kernel of the model
  EXPECT_LT((*calibration)->error_in_sample.value, 0.2);
  EXPECT_LT((*calibration)->error_held_out.value, 0.3);
  EXPECT_THAT((*calibration)->notes, HasSubstr("a profile of resnet18.onnx"));
  Outcome used = RunCommand(absl::StrCat("validate", kRun, " --calibration ", path));
  ASSERT_EQ(used.exit, 0) << used.err;
  EXPECT_THAT(used.out, HasSubstr("xeon-8480.onnxruntime-cpu (target)"));
}

TEST(ValidateProfile, TheProfileNamesTheRuntime) {
  Outcome o = RunCommand(absl::StrCat("validate ", kModel,
                                      " --profile testdata/profiles/resnet18_trtexec.json "
                                      "--target t4"));
  ASSERT_EQ(o.exit, 0) << o.err;
  EXPECT_THAT(o.out, HasSubstr("on t4 under tensorrt"));
}

TEST(ValidateProfile, RefusesWhatDoesNotGoTogether) {
  const std::string profile = "--profile testdata/profiles/resnet18.json ";
  const std::string table = "--measured testdata/measured/few.csv ";
  struct {
    std::string words;
    int exit;
    const char* says;
  } cases[] = {
      {absl::StrCat(kModel, " ", profile), 2, "name one --target"},
      {absl::StrCat(kModel, " ", profile, "--target t4,a10"), 2, "name one --target"},
      {absl::StrCat(kModel, " ", profile, "--target t5"), 2, "t5"},
      {absl::StrCat(kModel, " ", profile, "--target xeon-8480 --dim nobatch=1"), 2, "nobatch"},
      {absl::StrCat(profile, "--target xeon-8480"), 2, "MODEL is missing"},
      {absl::StrCat(kModel, " ", table), 2, "`MODEL` goes with --profile"},
      {absl::StrCat(table, "--batch 2"), 2, "`--batch` goes with --profile"},
      {"testdata/models/mlp.onnx --target xeon-8480 " + profile, 1, "name the model that was"},
      {absl::StrCat("testdata/errors/none.onnx --target xeon-8480 ", profile), 1, "none.onnx"},
      {absl::StrCat(kModel, " --target xeon-8480 --profile no.json"), 1, "no.json: cannot be read"},
  };
  for (const auto& c : cases) {
    for (const char* command : {"validate ", "calibrate "}) {
      Outcome o = RunCommand(absl::StrCat(command, c.words));
      EXPECT_EQ(o.exit, c.exit) << command << c.words << "\n" << o.err;
      EXPECT_THAT(o.err, HasSubstr(c.says)) << command << c.words;
      EXPECT_EQ(o.out, "") << command << c.words;
    }
  }
  for (const char* words : {" --plot p.svg", " --leave-out family", " --models ."}) {
    Outcome o = RunCommand(absl::StrCat("validate", kRun, words));
    EXPECT_EQ(o.exit, 2) << words;
    EXPECT_THAT(o.err, HasSubstr("goes with --measured")) << words;
  }
}

}  // namespace
}  // namespace assay
