// Every command that makes a document, in every format, on three real models: the files of
// testdata/golden/formats/, which open in a browser, a spreadsheet or an editor as they are.
//
// ASSAY_UPDATE=1 rewrites them. Of an HTML page the style and the script, which are the same on
// every page, are left out.
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "analyzer/formats.h"
#include "cli/cli_test_util.h"
#include "cli/command.h"
#include "gtest/gtest.h"
#include "ir/folder_test_util.h"

namespace assay {
namespace {

constexpr char kFolder[] = "testdata/golden/formats";

struct Use {
  absl::string_view command;
  absl::string_view words;        // {model} and {folder}, of the test's own files, are replaced
  absl::string_view file = "";    // of the golden; the command where empty
  absl::string_view before = "";  // a command to run first
};
constexpr Use kUses[] = {
    {"analyze", "{model} --target h100-sxm --kernels --by module --memory"},
    {"diff", "{model} testdata/models/mlp.onnx --target t4 --top 3"},
    {"compare", "{model} --target t4,i7-12700k --by module --depth 1"},
    {"sweep",
     "{model} --batch 1..64*8 --target t4,i7-12700k --max-latency 5ms --by module --depth 1"},
    {"explain", "{model} #k1 --target h100-sxm"},
    {"explain", "{model} --target jetson-orin-nano", "explain_totals"},
    {"fit",
     "{model} --target hailo-8,jetson-orin-nano --max-latency 2ms --expect resnet --by module "
     "--depth 1"},
    {"zoo", "{folder}zoo.db --pareto latency_s,energy_j", "",
     "score testdata/models --include {name}* --target t4,hailo-8 --quiet -o {folder}zoo.db"},
};

constexpr absl::string_view kModels[] = {"resnet18", "jax_transformer", "keras_lstm"};

// What stands between <style> and </style>, <script> and </script>.
std::string WithoutScript(std::string page) {
  for (absl::string_view tag : {"style", "script"}) {
    const std::string open = absl::StrCat("<", tag, ">"), close = absl::StrCat("</", tag, ">");
    for (size_t at = 0; (at = page.find(open, at)) != std::string::npos;) {
      at += open.size();
      page.erase(at, page.find(close, at) - at);
    }
  }
  return page;
}

struct Case {
  const Use* use;
  absl::string_view model, format;
};

absl::string_view NameOf(const Use& use) { return use.file.empty() ? use.command : use.file; }

std::string FileOf(const Case& c) {
  return absl::StrCat(kFolder, "/", NameOf(*c.use), "_", c.model, FindFormat(c.format)->ending);
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const Use& use : kUses) {
    for (absl::string_view model : kModels) {
      for (absl::string_view format : FormatNames()) cases.push_back({&use, model, format});
    }
  }
  return cases;
}

class FormatsGoldenTest : public testing::TestWithParam<Case> {};

TEST_P(FormatsGoldenTest, Matches) {
  const Case& c = GetParam();
  const auto filled = [&](absl::string_view words) {
    return absl::StrReplaceAll(words,
                               {{"{model}", absl::StrCat("testdata/models/", c.model, ".onnx")},
                                {"{name}", c.model},
                                {"{folder}", TestFolder()}});
  };
  if (!c.use->before.empty()) {
    std::filesystem::remove(TestFolder() + "zoo.db");
    EXPECT_EQ(RunCommand(filled(c.use->before)).exit, kDone);
  }
  const Outcome outcome = RunCommand(
      absl::StrCat(c.use->command, " ", filled(c.use->words), " --quiet --format ", c.format));
  EXPECT_TRUE(outcome.exit == kDone || outcome.exit == kLimitBroken) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  const std::string in_markdown = absl::StrReplaceAll(TestFolder(), {{"_", "\\_"}});
  const std::string shown =
      absl::StrReplaceAll(outcome.out, {{TestFolder(), ""}, {in_markdown, ""}});
  const std::string actual = c.format == "html" ? WithoutScript(shown) : shown;
  const std::string file = FileOf(c);
  const std::string expected = ReadFile(file);
  if (Updating()) {
    if (actual != expected) WriteFile(file, actual);
  } else {
    // Not EXPECT_EQ, which takes minutes to print how two pages differ.
    EXPECT_TRUE(actual == expected) << file << ": run again with ASSAY_UPDATE=1, then git diff";
  }
}

INSTANTIATE_TEST_SUITE_P(Cli, FormatsGoldenTest, testing::ValuesIn(Cases()),
                         [](const testing::TestParamInfo<Case>& info) {
                           return absl::StrCat(NameOf(*info.param.use), "_", info.param.model, "_",
                                               info.param.format);
                         });

// No golden without a case, and no command with formats that is not here.
TEST(FormatsGoldenTest, AreComplete) {
  std::set<std::string> expected, there;
  for (const Case& c : Cases()) expected.insert(FileOf(c));
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    there.insert(entry.path().string());
  }
  EXPECT_EQ(expected, there);
  for (const CommandRow& row : CommandTable()) {
    bool formats = false, used = false;
    for (absl::string_view option : row.options) formats |= option == "--format";
    for (const Use& use : kUses) used |= use.command == row.name;
    EXPECT_EQ(formats, used) << row.name;
  }
}

}  // namespace
}  // namespace assay
