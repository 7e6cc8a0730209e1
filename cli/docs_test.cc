// Commands in documents are executed, and what the documents show is what they print.
//
// In a ```console block, a line `$ scripts/run ARGS` runs the program in process; the lines up to
// the next
// `$` or the block's end are its output. `| head -N` at the end of the command is understood.
// ASSAY_UPDATE=1 rewrites the output. Commands of other programs need a place in the list below.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "cli/cli_test_util.h"
#include "cli/command.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

// Not run here, because the tests themselves are what it runs, or because it builds.
constexpr absl::string_view kElsewhere[] = {"scripts/test",   "git clone", "cd assay",
                                            "ASSAY_UPDATE=1", "cmake",     "ninja"};

std::string FirstLines(const std::string& text, int n) {
  std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  if (static_cast<int>(lines.size()) > n) lines.resize(n);
  std::string out = absl::StrJoin(lines, "\n");
  if (!absl::EndsWith(out, "\n")) out += '\n';
  return out;
}

// The output of one console command, as the document should show it.
std::string RunShown(absl::string_view command) {
  int lines = 0;
  size_t bar = command.find(" | head -");
  if (bar != absl::string_view::npos) {
    EXPECT_TRUE(absl::SimpleAtoi(command.substr(bar + 9), &lines)) << command;
    command = command.substr(0, bar);
  }
  Outcome outcome = RunCommand(absl::StripPrefix(absl::StripPrefix(command, "scripts/run"), " "));
  std::string shown = absl::StrCat(outcome.out, outcome.err);
  if (lines == 0) {
    EXPECT_EQ(outcome.exit, kDone) << command;
  }
  return lines > 0 ? FirstLines(shown, lines) : shown;
}

class DocsTest : public testing::TestWithParam<const char*> {};

TEST_P(DocsTest, CommandsPrintWhatTheDocumentShows) {
  const std::string text = ReadFile(GetParam());
  ASSERT_FALSE(text.empty()) << GetParam();
  std::string actual;
  bool console = false, skip_output = false;
  int commands = 0;
  std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  if (lines.back().empty()) lines.pop_back();
  for (absl::string_view line : lines) {
    if (absl::StartsWith(line, "```")) {
      console = !console && line == "```console";
      skip_output = false;
    } else if (console && absl::StartsWith(line, "$ ")) {
      absl::string_view command = line.substr(2);
      skip_output = absl::StartsWith(command, "scripts/run");
      if (skip_output) {
        absl::StrAppend(&actual, line, "\n", RunShown(command));
        ++commands;
        continue;
      }
      bool elsewhere = false;
      for (absl::string_view known : kElsewhere) elsewhere |= absl::StartsWith(command, known);
      EXPECT_TRUE(elsewhere) << "nothing runs `" << command << "`";
    } else if (skip_output) {
      continue;
    }
    absl::StrAppend(&actual, line, "\n");
  }
  EXPECT_GT(commands, 0) << "the document shows no run";
  if (Updating()) {
    if (actual != text) WriteFile(GetParam(), actual);
  } else {
    EXPECT_EQ(actual, text) << "run again with ASSAY_UPDATE=1 to take it over";
  }
}

INSTANTIATE_TEST_SUITE_P(Docs, DocsTest,
                         testing::Values("README.md", "cli/README.md", "analyzer/README.md"),
                         [](const testing::TestParamInfo<const char*>& info) -> std::string {
                           std::string name;
                           for (char c : std::string(info.param)) name += isalnum(c) ? c : '_';
                           return name;
                         });

}  // namespace
}  // namespace assay
