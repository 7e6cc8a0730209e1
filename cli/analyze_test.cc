// `analyze` as a whole, on real models: what it prints adds up, does not depend on threads, and
// survives bad company.
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "cli/cli_test_util.h"
#include "cli/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace assay {
namespace {

using testing::HasSubstr;

constexpr char kResnet[] = "testdata/models/resnet18_bn.onnx";
constexpr char kDynamic[] = "testdata/models/resnet18.onnx";
constexpr char kBert[] = "testdata/models/bert_base.onnx";

TEST(AnalyzeTest, SameBytesForAnyThreadCount) {
  for (const char* format : {"text", "json"}) {
    for (const char* model : {kResnet, kBert}) {
      std::string command = absl::StrCat("analyze ", model, " --target h100-sxm,i7-12700k --ops ",
                                         "--by module --format ", format, " --threads ");
      Outcome one = RunCommand(absl::StrCat(command, 1));
      EXPECT_EQ(one.exit, kDone) << one.err;
      EXPECT_GT(one.out.size(), 1000u);
      for (int threads : {2, 16}) {
        EXPECT_EQ(RunCommand(absl::StrCat(command, threads)).out, one.out) << threads;
      }
    }
  }
}

// ResNet-18, conv + fc: 1.814 GMAC per image (torchvision's published figure), exactly
// 1,814,073,344 by its layers.
TEST(AnalyzeTest, JsonBackbone) {
  Outcome outcome =
      RunCommand(absl::StrCat("analyze ", kResnet, " --target h100-sxm --batch 2 --format json"));
  ASSERT_EQ(outcome.exit, kDone) << outcome.err;
  rapidjson::Document doc = ParseJson(outcome.out);
  EXPECT_STREQ(doc["schema"].GetString(), "assay.report/1");
  ASSERT_EQ(doc["models"].Size(), 1u);
  const rapidjson::Value& m = doc["models"][0];
  for (const char* name : {"file",         "name",    "producer", "ir_version",  "opsets",
                           "inputs",       "outputs", "symbols",  "dims",        "parameters",
                           "weight_bytes", "totals",  "symbolic", "ops",         "fusion",
                           "concurrency",  "memory",  "targets",  "assumptions", "diagnostics"}) {
    EXPECT_TRUE(m.HasMember(name)) << name;
  }
  EXPECT_EQ(m["totals"]["macs"].GetInt64(), 2 * int64_t{1814073344});
  EXPECT_EQ(m["totals"]["unknown_ops"].GetInt(), 0);
  const rapidjson::Value& t = m["targets"][0];
  for (const char* name : {"target", "runtime", "precision", "policy", "calibration", "latency_s",
                           "latency_low_s", "latency_high_s", "throughput_per_s", "energy_j",
                           "energy", "power_w", "utilization", "bound", "fits", "kernels"}) {
    EXPECT_TRUE(t.HasMember(name)) << name;
  }
  EXPECT_LE(t["latency_low_s"].GetDouble(), t["latency_s"].GetDouble());
  EXPECT_GE(t["latency_high_s"].GetDouble(), t["latency_s"].GetDouble());
}

// Operators make types, types make totals; kernels make the fusion's totals; shares make one.
TEST(AnalyzeTest, JsonAddsUp) {
  for (const char* model : {kResnet, kBert}) {
    Outcome outcome = RunCommand(
        absl::StrCat("analyze ", model, " --target i7-12700k --by module --format json"));
    ASSERT_EQ(outcome.exit, kDone) << outcome.err;
    rapidjson::Document doc = ParseJson(outcome.out);
    const rapidjson::Value& m = doc["models"][0];
    const rapidjson::Value& totals = m["totals"];
    const double bytes = totals["bytes_in"].GetDouble() + totals["bytes_out"].GetDouble() +
                         totals["bytes_weights"].GetDouble();
    for (const char* name : {"macs", "flops", "bytes_in", "bytes_out", "bytes_weights"}) {
      double sum = 0;
      for (const auto& op : m["ops"].GetArray()) sum += op[name].GetDouble();
      EXPECT_EQ(sum, totals[name].GetDouble()) << name;
    }
    std::map<std::string, int> classes;
    for (const auto& op : m["ops"].GetArray()) ++classes[op["execution"].GetString()];
    EXPECT_EQ(classes["runs"], totals["ops_running"].GetInt());
    EXPECT_EQ(classes["view"], totals["ops_view"].GetInt());
    for (const char* groups : {"by_type", "by_module"}) {
      double macs = 0, traffic = 0;
      int ops = 0;
      for (const auto& g : m[groups].GetArray()) {
        if (g["level"].GetInt() != 0) continue;
        macs += g["macs"].GetDouble();
        traffic += g["bytes"].GetDouble();
        ops += g["ops"].GetInt();
      }
      EXPECT_EQ(macs, totals["macs"].GetDouble()) << groups;
      EXPECT_EQ(traffic, bytes) << groups;
      EXPECT_EQ(ops, totals["ops_running"].GetInt()) << groups;
    }
    // A parent is the sum of what stands directly inside it, its own part included.
    std::vector<double> open, filled;
    auto close = [&](size_t level) {
      while (open.size() > level) {
        if (filled.back() >= 0) {
          EXPECT_EQ(filled.back(), open.back());
        }
        open.pop_back();
        filled.pop_back();
      }
    };
    for (const auto& g : m["by_module"].GetArray()) {
      close(static_cast<size_t>(g["level"].GetInt()));
      if (!filled.empty()) filled.back() = std::max(filled.back(), 0.0) + g["macs"].GetDouble();
      open.push_back(g["macs"].GetDouble());
      filled.push_back(-1);
    }
    close(0);
    const rapidjson::Value& fusion = m["fusion"];
    double external = 0;
    for (const auto& k : fusion["kernels"].GetArray()) external += k["bytes_external"].GetDouble();
    EXPECT_EQ(external, fusion["bytes_fused"].GetDouble());
    EXPECT_EQ(fusion["bytes_unfused"].GetDouble() - fusion["bytes_fused"].GetDouble(),
              fusion["internal_writes"].GetDouble() + fusion["internal_reads"].GetDouble() +
                  fusion["shared_reads"].GetDouble() - fusion["extra_reads"].GetDouble() -
                  fusion["inserted"].GetDouble());
    double share = 0;
    for (const auto& b : m["targets"][0]["bound"].GetObject()) share += b.value.GetDouble();
    EXPECT_NEAR(share, 1, 1e-9);
  }
}

TEST(AnalyzeTest, ABatchGoesOnAfterABadModel) {
  Outcome outcome = RunCommand(absl::StrCat("analyze ", kResnet, " testdata/none.onnx README.md ",
                                            kResnet, " --format json"));
  EXPECT_EQ(outcome.exit, kInputFailed);
  rapidjson::Document doc = ParseJson(outcome.out);
  ASSERT_EQ(doc["models"].Size(), 4u);  // in the order given
  for (int i : {0, 3}) EXPECT_FALSE(doc["models"][i].HasMember("error"));
  EXPECT_STREQ(doc["models"][1]["file"].GetString(), "testdata/none.onnx");
  EXPECT_THAT(doc["models"][1]["error"].GetString(), HasSubstr("no such file"));
  EXPECT_STREQ(doc["models"][2]["file"].GetString(), "README.md");
  EXPECT_THAT(outcome.err, HasSubstr("assay: testdata/none.onnx: "));
  EXPECT_THAT(outcome.err, HasSubstr("assay: README.md: "));
  EXPECT_THAT(outcome.err, HasSubstr("2 of 4 models failed"));
}

TEST(AnalyzeTest, OutputFileByEnding) {
  const std::string path = std::filesystem::temp_directory_path() / "assay_analyze_test.json";
  const std::string text = absl::StrCat(path, ".txt");
  std::filesystem::remove(path);
  EXPECT_EQ(RunCommand(absl::StrCat("analyze testdata/none.onnx -o ", text)).exit, kInputFailed);
  EXPECT_FALSE(std::filesystem::exists(text)) << "a report about nothing is none";
  EXPECT_EQ(RunCommand(absl::StrCat("analyze testdata/none.onnx -o ", path)).exit, kInputFailed);
  EXPECT_TRUE(ParseJson(ReadFile(path))["models"][0].HasMember("error")) << "a program is told";
  Outcome outcome = RunCommand(absl::StrCat("analyze ", kResnet, " -o ", path));
  EXPECT_EQ(outcome.exit, kDone);
  EXPECT_EQ(outcome.out, "");
  EXPECT_STREQ(ParseJson(ReadFile(path))["schema"].GetString(), "assay.report/1");
  std::filesystem::remove(path);
}

TEST(AnalyzeTest, Timings) {
  Outcome outcome = RunCommand(absl::StrCat("analyze ", kResnet, " --timings"));
  EXPECT_EQ(outcome.exit, kDone);
  for (const char* step : {"import", "pass shapes", "pass work", "summary"}) {
    EXPECT_THAT(outcome.err, HasSubstr(step));
  }
  EXPECT_EQ(outcome.out, RunCommand(absl::StrCat("analyze ", kResnet)).out);
}

// Symbolic work at batch 7 is what a run with the batch bound finds.
TEST(AnalyzeTest, SymbolsAgreeWithBoundRuns) {
  rapidjson::Document free =
      ParseJson(RunCommand(absl::StrCat("analyze ", kDynamic, " --format json")).out);
  rapidjson::Document seven =
      ParseJson(RunCommand(absl::StrCat("analyze ", kDynamic, " --dim batch=7 --format json")).out);
  EXPECT_EQ(7 * free["models"][0]["totals"]["macs"].GetInt64(),
            seven["models"][0]["totals"]["macs"].GetInt64());
  EXPECT_STREQ(free["models"][0]["symbolic"]["macs"].GetString(), "1814073344*batch");
}

TEST(AnalyzeTest, ColorOnlyWhenAsked) {
  EXPECT_FALSE(absl::StrContains(RunCommand(absl::StrCat("analyze ", kResnet)).out, "\x1b"));
  EXPECT_TRUE(absl::StrContains(
      RunCommand(absl::StrCat("analyze ", kResnet, " --color always")).out, "\x1b"));
}

}  // namespace
}  // namespace assay
