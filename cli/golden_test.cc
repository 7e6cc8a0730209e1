// Goldens of the command line: each file of testdata/golden/ holds a command and all that it
// prints.
//
//   # Why this case is here.
//   $ assay ops Relu
//   [stdout]
//   ...
//   [stderr]
//   ...
//   [exit 0]
//
// ASSAY_UPDATE=1 rewrites them; `git diff` is the review. A file whose name begins with fail_ must
// end with another exit status than 0, and no other file may.
#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "cli/cli_test_util.h"
#include "cli/command.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

constexpr char kFolder[] = "testdata/golden";
constexpr absl::string_view kPrompt = "$ assay ";

std::vector<std::string> GoldenFiles() {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder, error)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The comment and the command.
struct Golden {
  std::string head;
  std::string command;
  bool found = false;
};

Golden ParseGolden(const std::string& text) {
  Golden golden;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    absl::StrAppend(&golden.head, line, "\n");
    if (absl::StartsWith(line, kPrompt)) {
      golden.command = std::string(line.substr(kPrompt.size()));
      golden.found = true;
      break;
    }
  }
  return golden;
}

class GoldenTest : public testing::TestWithParam<std::string> {};

TEST_P(GoldenTest, Matches) {
  const std::string text = ReadFile(GetParam());
  Golden golden = ParseGolden(text);
  ASSERT_TRUE(golden.found) << GetParam() << ": no line begins with `" << kPrompt << "`";
  Outcome outcome = RunCommand(golden.command);
  std::string actual = golden.head;
  if (!outcome.out.empty()) absl::StrAppend(&actual, "[stdout]\n", outcome.out);
  if (!outcome.err.empty()) absl::StrAppend(&actual, "[stderr]\n", outcome.err);
  absl::StrAppend(&actual, "[exit ", outcome.exit, "]\n");
  // JSON is valid, and as its schema says.
  // One document, or one to a line.
  if (absl::StartsWith(outcome.out, "{\"")) {
    for (absl::string_view line : absl::StrSplit(outcome.out, '\n', absl::SkipEmpty())) {
      ParseJson(std::string(line));
    }
  } else if (absl::StartsWith(outcome.out, "{")) {
    ParseJson(outcome.out);
  }
  bool fails = absl::StartsWith(std::filesystem::path(GetParam()).filename().string(), "fail_");
  EXPECT_EQ(fails, outcome.exit != 0) << "fail_ in the name means that it fails";
  if (Updating()) {
    if (actual != text) WriteFile(GetParam(), actual);
  } else {
    EXPECT_EQ(actual, text) << "run again with ASSAY_UPDATE=1 to take it over";
  }
}

std::string TestName(const testing::TestParamInfo<std::string>& info) {
  return std::filesystem::path(info.param).stem().string();
}

INSTANTIATE_TEST_SUITE_P(Cli, GoldenTest, testing::ValuesIn(GoldenFiles()), TestName);

// Every command and every option stands in a golden, in a run on a command's page (docs_test.cc),
// or here with its reason.
TEST(GoldenCoverageTest, EveryRow) {
  const std::set<std::string> exempt = {
      "--timings",     // prints times; AnalyzeTest.Timings
      "--man",         // every row in it; ManTest
      "--completion",  // likewise; CompletionTest
      "--plot",        // writes a file; Validate.DrawsAndRefusesBadTables
  };
  std::set<std::string> words;
  for (const std::string& file : GoldenFiles()) {
    for (const std::string& word : SplitWords(ParseGolden(ReadFile(file)).command)) {
      words.insert(word.substr(0, word.find('=')));
    }
  }
  for (const auto& page : std::filesystem::directory_iterator("cli/docs")) {
    const std::string text = ReadFile(page.path().string());
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      if (!absl::ConsumePrefix(&line, "$ scripts/run ")) continue;
      for (const std::string& word : SplitWords(line)) words.insert(word.substr(0, word.find('=')));
    }
  }
  for (const CommandRow& row : CommandTable()) {
    EXPECT_TRUE(words.contains(std::string(row.name))) << row.name << " has no golden";
  }
  for (const OptionRow& row : OptionTable()) {
    bool covered = words.contains(std::string(row.name)) ||
                   (!row.letter.empty() && words.contains(std::string(row.letter)));
    EXPECT_NE(covered, exempt.contains(std::string(row.name))) << row.name;
  }
}

}  // namespace
}  // namespace assay
