#include <string>
#include <vector>

#include "cli/cli_test_util.h"
#include "cli/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Request Parse(absl::string_view words) {
  Request request;
  absl::Status status = ParseArgs(*FindCommand("analyze"), SplitWords(words), &request);
  EXPECT_TRUE(status.ok()) << status;
  return request;
}

std::string Error(absl::string_view words) {
  Request request;
  absl::Status status = ParseArgs(*FindCommand("analyze"), SplitWords(words), &request);
  EXPECT_FALSE(status.ok()) << words;
  return std::string(status.message());
}

TEST(ParseTest, WordsAndOptionsMix) {
  Request r = Parse("a.onnx --target t1 b.onnx --target=t2,t3 - -o out.json");
  EXPECT_THAT(r.args, ElementsAre("a.onnx", "b.onnx", "-"));
  EXPECT_THAT(r.analyze.targets, ElementsAre("t1", "t2", "t3"));
  EXPECT_EQ(r.output, "out.json");
}

TEST(ParseTest, TwoDashesEndOptions) {
  EXPECT_THAT(Parse("-q -- --odd.onnx").args, ElementsAre("--odd.onnx"));
}

TEST(ParseTest, Bindings) {
  Request r =
      Parse("m --dim batch=8 --dim a=b=2 --batch 4 --shape x=1x3x0 --value ids=1,-3,2.5,true");
  EXPECT_THAT(r.analyze.bindings.dims,
              ElementsAre(testing::Pair("batch", 8), testing::Pair("a=b", 2)));
  EXPECT_EQ(r.analyze.bindings.batch, 4);
  ASSERT_EQ(r.analyze.bindings.shapes.size(), 1u);
  EXPECT_THAT(r.analyze.bindings.shapes[0].second, ElementsAre(1, 3, 0));
  ASSERT_EQ(r.analyze.bindings.values.size(), 1u);
  EXPECT_THAT(r.analyze.bindings.values[0].ints, ElementsAre(1, -3, 3, 1));
  EXPECT_THAT(r.analyze.bindings.values[0].reals, ElementsAre(1, -3, 2.5, 1));
}

TEST(ParseTest, LastOneCounts) {
  EXPECT_EQ(Parse("m --format json --format text").format, "text");
  EXPECT_EQ(Parse("m --top 3 --top 5").report.top, 5);
}

TEST(ParseTest, AFileBehindAFlag) {
  EXPECT_THAT(Parse("m --ops my.yaml").analyze.op_files, ElementsAre("my.yaml"));
  EXPECT_THAT(Parse("m --ops=my.yml").analyze.op_files, ElementsAre("my.yml"));
  EXPECT_FALSE(Parse("m --ops my.yaml").report.all_ops);
  for (const char* words : {"m --ops --target=my.yaml", "m --ops -omy.yaml"}) {
    Request r = Parse(words);
    EXPECT_TRUE(r.report.all_ops) << words;
    EXPECT_THAT(r.analyze.op_files, testing::IsEmpty()) << words;
  }
  EXPECT_THAT(Parse("m --ops --target=my.yaml").analyze.targets, ElementsAre("my.yaml"));
  EXPECT_EQ(Parse("m --ops -omy.yaml").output, "my.yaml");
}

TEST(ParseTest, Errors) {
  EXPECT_THAT(Error(""), HasSubstr("needs MODEL..."));
  EXPECT_THAT(Error("m --targte x"),
              HasSubstr("unknown option `--targte` (did you mean `--target`?)"));
  EXPECT_THAT(Error("m --keys"), HasSubstr("`analyze` has no option `--keys`"));
  EXPECT_THAT(Error("m --target"), HasSubstr("`--target` needs a value"));
  EXPECT_THAT(Error("m --format jsn"), HasSubstr("did you mean `json`?"));
  EXPECT_THAT(Error("m --format zzzzzz"), HasSubstr("known are text, json"));
  EXPECT_THAT(Error("m --dim batch"), HasSubstr("write NAME=N"));
  EXPECT_THAT(Error("m --dim batch=-1"), HasSubstr("at least 0"));
  EXPECT_THAT(Error("m --dim batch=99999999999999999999"), HasSubstr("whole number"));
  EXPECT_THAT(Error("m --batch 0"), HasSubstr("at least 1"));
  EXPECT_THAT(Error("m --shape x=1xx3"), HasSubstr("whole number"));
  EXPECT_THAT(Error("m --value x=1,no"), HasSubstr("neither a number"));
  EXPECT_THAT(Error("m --ops=3"), HasSubstr("`--ops` takes no value"));
  EXPECT_THAT(Error("m -z"), HasSubstr("unknown option `-z`"));
}

// Rows are consistent: what a command lists exists and is used, and every option has its words.
TEST(TableTest, EveryOptionIsOfSomeCommand) {
  for (const OptionRow& option : OptionTable()) {
    EXPECT_FALSE(option.doc.empty()) << option.name;
    EXPECT_EQ(FindOption(option.name), &option) << "listed twice";
    bool used = false;
    for (const CommandRow& command : CommandTable()) {
      for (absl::string_view name : command.options) used |= name == option.name;
    }
    EXPECT_TRUE(used) << option.name;
  }
  for (const CommandRow& command : CommandTable()) {
    EXPECT_FALSE(command.summary.empty() || command.doc.empty()) << command.name;
    EXPECT_EQ(FindCommand(command.name), &command) << "listed twice";
    for (absl::string_view name : command.options) {
      EXPECT_NE(FindOption(name), nullptr) << command.name << " lists " << name;
    }
  }
}

// Examples of --help are understood by the parser.
TEST(TableTest, ExamplesParse) {
  for (const CommandRow& command : CommandTable()) {
    for (const Example& example : command.examples) {
      std::vector<std::string> words = SplitWords(example.command);
      ASSERT_FALSE(words.empty());
      EXPECT_EQ(words[0], command.name);
      words.erase(words.begin());
      Request request;
      absl::Status status = ParseArgs(command, words, &request);
      EXPECT_TRUE(status.ok()) << example.command << ": " << status;
    }
  }
}

}  // namespace
}  // namespace assay
