// Bad files through the whole program. Every file of testdata/errors/ (a directory among them),
// given to `analyze`, ends with exit status 1 and one line on standard error, which begins with the
// file and ends with what to do; nothing is on standard output; within a second.
//
// What the importer says of them is compared in analyzer/onnx/errors_test.cc. Those that it lets
// pass and shape inference refuses (later_*) are compared here, with
// testdata/golden/shape_errors.tsv, lines of FILE and message; ASSAY_UPDATE=1 rewrites it.
#include <algorithm>
#include <ctime>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "cli/cli_test_util.h"
#include "cli/command.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace assay {
namespace {

constexpr char kFolder[] = "testdata/errors";
constexpr char kShapeErrors[] = "testdata/golden/shape_errors.tsv";

// Sanitizers slow everything down by a factor, and say nothing about users' machines.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double kMostSeconds = 30;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer) || __has_feature(undefined_behavior_sanitizer)
constexpr double kMostSeconds = 30;
#else
constexpr double kMostSeconds = 1;
#endif
#else
constexpr double kMostSeconds = 1;
#endif

std::vector<std::string> BadFiles() {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder, error)) {
    if (entry.path().filename() != "expected.txt") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

class BadFileTest : public testing::TestWithParam<std::string> {};

TEST_P(BadFileTest, OneClearMessage) {
  const std::string& file = GetParam();
  const std::clock_t start = std::clock();  // of this process, whatever else the machine does
  const Outcome outcome = RunWords({"analyze", file, "--target", "h100-sxm"});
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  EXPECT_EQ(outcome.exit, kInputFailed);
  EXPECT_EQ(outcome.out, "");
  EXPECT_TRUE(absl::StartsWith(outcome.err, absl::StrCat("assay: ", file, ":"))) << outcome.err;
  EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << outcome.err;
  EXPECT_TRUE(absl::StrContains(outcome.err, "; ")) << "no advice: " << outcome.err;
  EXPECT_LE(outcome.err.size(), 1000u);
  for (char c : outcome.err.substr(0, outcome.err.size() - 1)) {
    EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) << outcome.err;
  }
  EXPECT_LT(seconds, kMostSeconds);
}

// A program that reads the report finds the model in it, with the reason.
TEST_P(BadFileTest, IsInTheJsonReport) {
  const std::string& file = GetParam();
  const Outcome outcome = RunWords({"analyze", file, "--format", "json"});
  EXPECT_EQ(outcome.exit, kInputFailed);
  const rapidjson::Document doc = ParseJson(outcome.out);
  ASSERT_FALSE(doc.HasParseError());
  ASSERT_EQ(doc["models"].Size(), 1u);
  EXPECT_EQ(doc["models"][0]["file"].GetString(), file);
  EXPECT_EQ(absl::StrCat("assay: ", doc["models"][0]["error"].GetString(), "\n"), outcome.err);
}

std::string TestName(const testing::TestParamInfo<std::string>& info) {
  std::string name = std::filesystem::path(info.param).filename().string();
  for (char& c : name) c = isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Errors, BadFileTest, testing::ValuesIn(BadFiles()), TestName);

TEST(ErrorsTest, ThereAreEnough) {
  EXPECT_GE(BadFiles().size(), 100u);
  EXPECT_TRUE(std::filesystem::is_directory(absl::StrCat(kFolder, "/directory.onnx")));
}

TEST(ErrorsTest, WhatShapeInferenceSays) {
  std::string actual;
  for (const std::string& file : BadFiles()) {
    absl::string_view name = absl::string_view(file).substr(sizeof(kFolder));
    if (!absl::StartsWith(name, "later_")) continue;
    absl::StrAppend(&actual, name, "\t", RunWords({"analyze", file}).err);
  }
  if (Updating()) {
    WriteFile(kShapeErrors, actual);
  } else {
    EXPECT_EQ(actual, ReadFile(kShapeErrors)) << "run again with ASSAY_UPDATE=1 to take it over";
  }
}

}  // namespace
}  // namespace assay
