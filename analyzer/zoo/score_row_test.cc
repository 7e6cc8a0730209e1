#include "analyzer/zoo/score_row.h"

#include <cmath>
#include <string>
#include <variant>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

ScoreRow Example() {
  ScoreRow row;
  row.at("path") = std::string("a, \"b\"\n\x01.onnx");
  row.at("target") = std::string("t4");
  row.at("status") = std::string(kScored);
  row.at("latency_s") = 0.1 + 0.2;  // has no short decimal
  row.at("macs") = 4.1e9;
  return row;
}

TEST(ScoreRow, ComesBackFromJson) {
  std::string line;
  AppendJsonLine(Example(), &line);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_THAT(line, HasSubstr("\"macs\":4100000000}"));
  const absl::StatusOr<ScoreRow> back = ParseJsonLine(line);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, Example());
  EXPECT_TRUE(std::holds_alternative<std::monostate>(back->at("energy_j")));
  EXPECT_TRUE(std::isnan(back->number("energy_j")));
  EXPECT_EQ(back->text("latency_s"), "");
}

TEST(ScoreRow, OddLinesAreErrors) {
  EXPECT_THAT(ParseJsonLine("{").status().message(), HasSubstr("no JSON object"));
  EXPECT_THAT(ParseJsonLine("[1]").status().message(), HasSubstr("no JSON object"));
  EXPECT_THAT(ParseJsonLine("{\"macs\":1}").status().message(), HasSubstr("lacks its path"));
}

TEST(ScoreRow, AsCsv) {
  std::string text;
  AppendCsvHeader(&text);
  EXPECT_THAT(text, StartsWith("path,target,runtime,precision,dims,status,error,score,"));
  EXPECT_THAT(text, EndsWith(",settings\n"));
  text.clear();
  AppendCsvLine(Example(), &text);
  EXPECT_THAT(text, StartsWith("\"a, \"\"b\"\"\\x0a\\x01.onnx\",t4"));
  EXPECT_THAT(text, HasSubstr(",t4,,,,ok,,"));
  EXPECT_THAT(text, HasSubstr(",0.30000000000000004,"));
}

TEST(ScoreColumns, AreFoundByNameAndSuggested) {
  EXPECT_EQ(ScoreColumns()[*ScoreColumnOf("macs", true)].name, "macs");
  EXPECT_THAT(ScoreColumnOf("latency").status().message(), HasSubstr("latency_s"));
  EXPECT_THAT(ScoreColumnOf("path", true).status().message(), HasSubstr("no column of numbers"));
}

}  // namespace
}  // namespace assay
