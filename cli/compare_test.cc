#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/cli_test_util.h"
#include "cli/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace assay {
namespace {

using testing::HasSubstr;

constexpr char kMlp[] = "testdata/models/mlp.onnx";
constexpr char kTwo[] = "testdata/models/mlp.onnx testdata/models/resnet18.onnx";

TEST(CompareCommand, OneBadModelDoesNotStopTheOthers) {
  const Outcome o = RunCommand(absl::StrCat("compare nowhere.onnx ", kMlp, " --target t4"));
  EXPECT_EQ(o.exit, kInputFailed);
  EXPECT_THAT(o.err, HasSubstr("nowhere.onnx"));
  EXPECT_THAT(o.err, HasSubstr("1 of 2 models failed"));
  EXPECT_THAT(o.out, HasSubstr("mlp.onnx"));
}

TEST(CompareCommand, Usage) {
  EXPECT_EQ(RunCommand(absl::StrCat("compare ", kMlp, " --sort fastest")).exit, kUsage);
  EXPECT_EQ(RunCommand("compare").exit, kUsage);
  Outcome o = RunCommand(absl::StrCat("compare ", kMlp, " --target t4 --baseline h100"));
  EXPECT_EQ(o.exit, kUsage);
  EXPECT_THAT(o.err, HasSubstr("--baseline h100: no model, target, runtime or precision"));
  o = RunCommand(absl::StrCat("compare ", kMlp, " --sort latency"));
  EXPECT_EQ(o.exit, kUsage);
  EXPECT_THAT(o.err, HasSubstr("name one with --target"));
  o = RunCommand(absl::StrCat("compare ", kMlp, " --target t4 --runtime onnxruntime-cpu"));
  EXPECT_EQ(o.exit, kUsage);
  EXPECT_THAT(o.err, HasSubstr("none of those named can run so"));
}

// Two runtimes of one target are called by their own names.
TEST(CompareCommand, WhyNamesTheRows) {
  const Outcome o = RunCommand(
      "compare testdata/models/resnet18.onnx --target t4 --runtime ideal,pytorch-eager --quiet");
  EXPECT_EQ(o.exit, kDone) << o.err;
  EXPECT_THAT(o.out, Not(HasSubstr("that of t4 on")));
}

// One share of the cores is all that a row is about.
TEST(CompareCommand, CoresAreSaid) {
  const Outcome o =
      RunCommand("compare testdata/models/mlp.onnx --target xeon-8480 --cores 4x2 --format csv");
  EXPECT_EQ(o.exit, kDone) << o.err;
  EXPECT_THAT(o.out, HasSubstr("xeon-8480 --cores 4x2"));
}

// Energy is one number in every command; where the target does not state all of it, that is said.
TEST(CompareCommand, EnergyIsThatOfAnalyze) {
  const std::string model = "testdata/models/mlp.onnx --batch 2 --target h100-sxm --quiet";
  const rapidjson::Document report =
      ParseJson(RunCommand(absl::StrCat("analyze ", model, " --format json")).out);
  const rapidjson::Value& estimate = report["models"][0]["targets"][0];
  ASSERT_FALSE(estimate["energy_complete"].GetBool());
  const double joules = estimate["energy_j"].GetDouble();
  for (const char* command : {"compare", "sweep"}) {
    const Outcome o = RunCommand(absl::StrCat(command, " ", model, " --format json"));
    ASSERT_EQ(o.exit, kDone) << o.err;
    EXPECT_EQ(ParseJson(o.out)["rows"][0]["energy_j"].GetDouble(), joules) << command;
    EXPECT_THAT(o.out, HasSubstr("energy is the least that it can be")) << command;
    EXPECT_THAT(o.out, HasSubstr("h100-sxm (L1, L2)")) << command;
  }
}

TEST(CompareCommand, EveryFormat) {
  const std::string command =
      absl::StrCat("compare ", kTwo, " --target t4,i7-12700k --by module --format ");
  const Outcome json = RunCommand(absl::StrCat(command, "json"));
  ASSERT_EQ(json.exit, kDone);
  const rapidjson::Document d = ParseJson(json.out);
  EXPECT_STREQ(d["schema"].GetString(), "assay.compare/1");
  ASSERT_EQ(d["rows"].Size(), 4u);
  EXPECT_EQ(d["rows"][0]["macs"].GetDouble(), 784 * 512 + 512 * 256 + 256 * 10);
  EXPECT_EQ(d["configurations"].Size(), 2u);
  for (const char* format : {"text", "csv", "markdown"}) {
    const Outcome o = RunCommand(absl::StrCat(command, format));
    EXPECT_EQ(o.exit, kDone);
    EXPECT_THAT(o.out, HasSubstr("i7-12700k")) << format;
  }
}

// The same bytes for any number of threads.
TEST(CompareCommand, Deterministic) {
  const std::string command = absl::StrCat("compare ", kTwo, " --target t4,i7-12700k --threads ");
  EXPECT_EQ(RunCommand(absl::StrCat(command, "1")).out, RunCommand(absl::StrCat(command, "4")).out);
}

}  // namespace
}  // namespace assay
