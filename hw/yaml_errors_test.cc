// Every bad file in testdata/yaml_errors/ is refused, with exactly the messages beside it.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "hw/calibration.h"
#include "hw/custom_ops.h"
#include "hw/runtime.h"
#include "hw/target.h"

namespace assay {
namespace {

constexpr char kFolder[] = "testdata/yaml_errors";

std::vector<std::string> Cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string Slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> Check(const std::string& name, const std::string& path) {
  if (absl::StartsWith(name, "runtime")) return CheckRuntimeFile(path);
  if (absl::StartsWith(name, "calibration")) return CheckCalibrationFile(path);
  if (absl::StartsWith(name, "operators")) return CheckOperatorsFile(path);
  return CheckTargetFile(path);
}

absl::Status Load(const std::string& name, const std::string& path) {
  if (absl::StartsWith(name, "runtime")) return FindRuntime(path).status();
  if (absl::StartsWith(name, "calibration")) return LoadCalibration(path).status();
  if (absl::StartsWith(name, "operators")) return CustomOps::Load({path}).status();
  return FindTarget(path).status();
}

class YamlErrors : public testing::TestWithParam<std::string> {};

TEST_P(YamlErrors, SaysWhatAndWhere) {
  std::string path = absl::StrCat(kFolder, "/", GetParam(), ".yaml");
  std::vector<std::string> messages = Check(GetParam(), path);
  ASSERT_FALSE(messages.empty());
  std::string said = absl::StrCat(absl::StrJoin(messages, "\n"), "\n");
  std::string golden = absl::StrCat(kFolder, "/", GetParam(), ".txt");
  if (std::getenv("ASSAY_UPDATE_GOLDENS") != nullptr) std::ofstream(golden) << said;
  EXPECT_EQ(said, Slurp(golden));
  for (const std::string& message : messages) {
    EXPECT_TRUE(absl::StartsWith(message, path + ":")) << message;
  }
  // Loading it says the first of them.
  absl::Status status = Load(GetParam(), path);
  EXPECT_TRUE(absl::StartsWith(status.message(), messages[0])) << status;
}

INSTANTIATE_TEST_SUITE_P(Files, YamlErrors, testing::ValuesIn(Cases()),
                         [](const auto& info) { return info.param; });

TEST(YamlErrors, ThereAreManyAndNoTextIsStale) {
  std::vector<std::string> cases = Cases();
  EXPECT_GE(cases.size(), 60u);
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() != ".txt") continue;
    EXPECT_NE(std::find(cases.begin(), cases.end(), entry.path().stem().string()), cases.end())
        << entry.path();
  }
}

TEST(YamlErrors, WhatIsNoFile) {
  EXPECT_EQ(FindTarget("testdata/none.yaml").status().message(),
            "testdata/none.yaml: No such file or directory; check the path");
  EXPECT_EQ(FindTarget("testdata/").status().message(),
            "testdata/: is a directory; give one YAML file in it");
}

}  // namespace
}  // namespace assay
