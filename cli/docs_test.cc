// Commands in documents are executed, and what the documents show is what they print; every command
// has a page in cli/docs/, and its row in the index there is written from the command table.
//
// In a ```console block, a line `$ scripts/run ARGS` runs the program in process; the lines up to
// the next
// `$` or the block's end are its output. `| head -N` at the end of the command is understood.
// ASSAY_UPDATE=1 rewrites the output. Commands of other programs need a place in the list below.
#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "analyzer/zoo/score_row.h"
#include "cli/cli_test_util.h"
#include "cli/command.h"
#include "gtest/gtest.h"
#include "ir/folder_test_util.h"

namespace assay {
namespace {

// Not run here, because the tests themselves are what it runs, or because it builds.
constexpr absl::string_view kElsewhere[] = {"scripts/test",   "git clone", "cd assay",
                                            "ASSAY_UPDATE=1", "cmake",     "ninja"};

constexpr char kPages[] = "cli/docs";
constexpr char kIndex[] = "cli/docs/README.md";

// The pages of commands, and the documents around them.
std::vector<std::string> Pages() {
  std::vector<std::string> pages;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(kPages, error)) {
    const std::string path = entry.path().string();
    if (entry.path().extension() == ".md" && path != kIndex) pages.push_back(path);
  }
  std::sort(pages.begin(), pages.end());
  return pages;
}

std::vector<std::string> Documents() {
  std::vector<std::string> documents = Pages();
  documents.insert(documents.begin(), {"README.md", "cli/README.md", "analyzer/README.md"});
  return documents;
}

std::string PageOf(const CommandRow& row) { return absl::StrCat(kPages, "/", row.name, ".md"); }

std::string FirstLines(const std::string& text, int n) {
  std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  if (static_cast<int>(lines.size()) > n) lines.resize(n);
  std::string out = absl::StrJoin(lines, "\n");
  if (!absl::EndsWith(out, "\n")) out += '\n';
  return out;
}

// The output of one console command, as the document should show it. What it writes to /tmp goes to
// the tests' own folder.
std::string RunShown(absl::string_view shown_command) {
  const std::string with_folder = absl::StrReplaceAll(shown_command, {{"/tmp/", TestFolder()}});
  absl::string_view command = with_folder;
  int lines = 0;
  size_t bar = command.find(" | head -");
  if (bar != absl::string_view::npos) {
    EXPECT_TRUE(absl::SimpleAtoi(command.substr(bar + 9), &lines)) << command;
    command = command.substr(0, bar);
  }
  Outcome outcome = RunCommand(absl::StripPrefix(absl::StripPrefix(command, "scripts/run"), " "));
  std::string shown =
      absl::StrReplaceAll(absl::StrCat(outcome.out, outcome.err), {{TestFolder(), "/tmp/"}});
  if (lines == 0) {
    EXPECT_EQ(outcome.exit, kDone) << command;
  }
  return lines > 0 ? FirstLines(shown, lines) : shown;
}

class DocsTest : public testing::TestWithParam<std::string> {};

TEST_P(DocsTest, CommandsPrintWhatTheDocumentShows) {
  for (const auto& entry : std::filesystem::directory_iterator(TestFolder())) {
    std::filesystem::remove_all(entry.path());
  }
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

INSTANTIATE_TEST_SUITE_P(Docs, DocsTest, testing::ValuesIn(Documents()),
                         [](const testing::TestParamInfo<std::string>& info) -> std::string {
                           std::string name;
                           for (char c : info.param) name += isalnum(c) ? c : '_';
                           return name;
                         });

TEST(DocsPagesTest, EveryPageIsOfACommandAndEveryCommandHasOne) {
  const std::vector<std::string> pages = Pages();
  for (const std::string& page : pages) {
    const std::string name = std::filesystem::path(page).stem().string();
    EXPECT_NE(FindCommand(name), nullptr) << page << ": there is no command `" << name << "`";
  }
  for (const CommandRow& row : CommandTable()) {
    EXPECT_NE(std::find(pages.begin(), pages.end(), PageOf(row)), pages.end())
        << "write " << PageOf(row);
  }
}

// The rows of a document's table, which begin so, are those that are given.
void ExpectRows(const std::string& document, absl::string_view beginning, const std::string& rows) {
  const std::string text = ReadFile(document);
  const size_t begin = text.find(absl::StrCat("\n", beginning)) + 1;
  ASSERT_NE(begin, 0u) << document;
  size_t end = begin;
  while (absl::StartsWith(absl::string_view(text).substr(end), beginning)) {
    end = text.find('\n', end) + 1;
  }
  std::string actual = text;
  actual.replace(begin, end - begin, rows);
  if (Updating()) {
    if (actual != text) WriteFile(document, actual);
  } else {
    EXPECT_EQ(actual, text) << "run again with ASSAY_UPDATE=1 to take it over";
  }
}

// A row per command, in the order of `assay --help`.
TEST(DocsPagesTest, IndexListsThem) {
  std::string rows;
  for (const CommandRow& row : CommandTable()) {
    absl::StrAppend(&rows, "| [", row.name, "](", row.name, ".md) | ", row.summary, " |\n");
  }
  ExpectRows(kIndex, "| [", rows);
}

TEST(DocsPagesTest, ScoreListsItsColumns) {
  std::string rows;
  for (const ScoreColumn& c : ScoreColumns()) {
    absl::StrAppend(&rows, "| **", c.name, "** | ", c.doc, " |\n");
  }
  ExpectRows("cli/docs/score.md", "| **", rows);
}

}  // namespace
}  // namespace assay
