// The manual page and the completions, shown to the programs that read them where they are there.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "cli/cli_test_util.h"
#include "cli/command.h"
#include "gtest/gtest.h"
#include "ir/folder_test_util.h"

namespace assay {
namespace {

// What a shell command prints, errors too.
std::string Shell(const std::string& command) {
  std::string out;
  FILE* pipe = popen(absl::StrCat("{ ", command, "\n} 2>&1").c_str(), "r");
  std::array<char, 4096> piece;
  while (size_t n = fread(piece.data(), 1, piece.size(), pipe)) out.append(piece.data(), n);
  pclose(pipe);
  return out;
}

bool Has(const std::string& program) {
  return !Shell(absl::StrCat("command -v ", program)).empty();
}

// A file with what `assay ARGS` prints.
std::string FileOf(absl::string_view args, absl::string_view name) {
  const Outcome outcome = RunCommand(args);
  EXPECT_EQ(outcome.exit, kDone) << outcome.err;
  std::string path = absl::StrCat(TestFolder(), name);
  WriteFile(path, outcome.out);
  return path;
}

TEST(Man, HoldsEveryRow) {
  const std::string page = RunCommand("help --man").out;
  for (const CommandRow& row : CommandTable()) {
    EXPECT_TRUE(absl::StrContains(page, absl::StrCat(".SS assay ", row.name))) << row.name;
  }
  if (!Has("groff")) GTEST_SKIP() << "no groff";
  const std::string path = FileOf("help --man", "assay.1");
  const std::string shown = Shell(absl::StrCat("groff -man -Tascii -P-cbou ", path));
  for (const OptionRow& row : OptionTable()) {
    EXPECT_TRUE(absl::StrContains(shown, row.name)) << row.name;
  }
  EXPECT_EQ(Shell(absl::StrCat("groff -man -Tascii -ww -z ", path)), "");
}

TEST(Man, HasNoFaultThatMandocSees) {
  if (!Has("mandoc")) GTEST_SKIP() << "no mandoc";
  // A page without a date is meant: the same bytes every day.
  EXPECT_EQ(Shell(absl::StrCat("mandoc -Tlint -Wwarning ", FileOf("help --man", "lint.1"),
                               " | grep -v 'missing date'")),
            "");
}

// The words that bash offers for the last of `words`.
std::string Offered(const std::string& script, const std::string& words) {
  return Shell(absl::StrCat("bash -c 'source ", script, "; COMP_WORDS=(", words,
                            "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _assay; "
                            "echo \"${COMPREPLY[*]}\"'"));
}

TEST(Completion, BashOffersCommandsOptionsNamesAndModels) {
  if (!Has("bash")) GTEST_SKIP() << "no bash";
  const std::string script = FileOf("help --completion bash", "assay.bash");
  EXPECT_EQ(Offered(script, "assay calib"), "calibrate\n");
  EXPECT_EQ(Offered(script, "assay analyze --calib"), "--calibration\n");
  EXPECT_EQ(Offered(script, "assay analyze --format j"), "json\n");
  EXPECT_EQ(Offered(script, "assay analyze --format = j"), "json\n");
  EXPECT_EQ(Offered(script, "assay analyze --target h100-sx"), "h100-sxm\n");
  EXPECT_EQ(Offered(script, "assay analyze --target a10,h100-sx"), "a10,h100-sxm\n");
  EXPECT_EQ(Offered(script, "assay analyze --by mod"), "module\n");
  EXPECT_EQ(Offered(script, "assay analyze testdata/models/mobilenet_v2.o"),
            "testdata/models/mobilenet_v2.onnx\n");
  EXPECT_EQ(Offered(script, "assay analyze testdata/models/manif"), "\n");  // no model
  EXPECT_EQ(Offered(script, "assay targets kpu-t64"), "kpu-t64\n");
  EXPECT_EQ(Offered(script, "assay help analy"), "analyze\n");
  EXPECT_EQ(Offered(script, "assay analyze -o testdata/models/manif"),
            "testdata/models/manifest.csv\n");
}

TEST(Completion, ZshKnowsLettersAndHelp) {
  const std::string script = RunCommand("help --completion zsh").out;
  for (const char* spec :
       {"'(-o --output)--output=[", "'(-o --output)-o+[", "'(-q --quiet)--quiet[",
        "'(-q --quiet)-q[", "'(- *)--help[", "'(- *)-h[", "'*--target=[", "'--runtime=["}) {
    EXPECT_TRUE(absl::StrContains(script, spec)) << spec;
  }
}

TEST(Completion, TheOtherShellsTakeTheirScripts) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    if (!Has(shell)) continue;
    const std::string script =
        FileOf(absl::StrCat("help --completion ", shell), absl::StrCat("check.", shell));
    EXPECT_EQ(Shell(absl::StrCat(shell, " -n ", script)), "") << shell;
  }
}

}  // namespace
}  // namespace assay
