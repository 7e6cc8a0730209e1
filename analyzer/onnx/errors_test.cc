// Replays testdata/errors (made by scripts/make_bad_models.py): every file gets one clear message,
// quickly. ASSAY_UPDATE=1 rewrites testdata/errors/expected.txt; review it with git diff.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "analyzer/onnx/onnx_import.h"
#include "ir/op_table.h"

namespace assay {
namespace {

constexpr char kFolder[] = "testdata/errors";
constexpr char kExpected[] = "testdata/errors/expected.txt";
// Imports well; the whole program refuses it at a later stage.
constexpr char kLater[] = "(later)";

std::map<std::string, std::string> Actual() {
  std::map<std::string, std::string> messages;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    const std::string path = entry.path().string();
    if (path == kExpected) continue;
    const auto start = std::chrono::steady_clock::now();
    absl::StatusOr<Graph> graph = ImportOnnx(path, OpTable::BuiltIn());
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    EXPECT_LT(seconds.count(), 1.0) << path;
    const std::string name = entry.path().filename().string();
    if (graph.ok()) {
      messages[name] = kLater;
      continue;
    }
    std::string message(graph.status().message());
    EXPECT_TRUE(absl::StartsWith(message, path)) << message;
    EXPECT_THAT(message, testing::Not(testing::HasSubstr("\n")));
    EXPECT_THAT(message, testing::HasSubstr("; ")) << "what to do?";
    messages[name] = message.substr(sizeof(kFolder));
  }
  return messages;
}

TEST(ErrorsTest, EveryBadFileGetsItsMessage) {
  const std::map<std::string, std::string> actual = Actual();
  EXPECT_GE(actual.size(), 60);
  if (std::getenv("ASSAY_UPDATE") != nullptr) {
    std::ofstream out(kExpected);
    for (const auto& [name, message] : actual) out << name << '\t' << message << '\n';
  }
  std::map<std::string, std::string> expected;
  std::ifstream in(kExpected);
  for (std::string line; std::getline(in, line);) {
    const size_t tab = line.find('\t');
    ASSERT_NE(tab, std::string::npos) << line;
    expected[line.substr(0, tab)] = line.substr(tab + 1);
  }
  for (const auto& [name, message] : actual) EXPECT_EQ(message, expected[name]) << name;
  for (const auto& [name, message] : expected) EXPECT_TRUE(actual.contains(name)) << name;
}

// Only files that say so in their name may get past the importer.
TEST(ErrorsTest, OnlyLaterErrorsImport) {
  for (const auto& [name, message] : Actual()) {
    EXPECT_EQ(message == kLater, absl::StartsWith(name, "later_")) << name << ": " << message;
  }
}

TEST(ErrorsTest, MissingFile) {
  absl::StatusOr<Graph> graph = ImportOnnx("no/such/file.onnx", OpTable::BuiltIn());
  EXPECT_EQ(graph.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(graph.status().message(), "no/such/file.onnx: no such file; check the path");
}

}  // namespace
}  // namespace assay
