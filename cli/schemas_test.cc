// The schemas of JSON documents are versioned files in analyzer/schemas/. Whatever a golden or a
// test parses is validated (cli_test_util.h); here: that each schema is sound, refuses what it
// should, and that the README names it.
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cli/cli_test_util.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"
#include "rapidjson/schema.h"

namespace assay {
namespace {

TEST(SchemasTest, EachHasItsNameAndStandsInTheReadme) {
  const std::string readme = ReadFile("analyzer/README.md");
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("analyzer/schemas")) {
    ++files;
    rapidjson::Document schema;
    schema.Parse(ReadFile(entry.path().string()).c_str());
    ASSERT_FALSE(schema.HasParseError()) << entry.path();
    const std::string name = schema["properties"]["schema"]["enum"][0].GetString();
    EXPECT_EQ(entry.path().filename().string(),
              absl::StrCat(absl::StrReplaceAll(name, {{"/", "-"}}), ".json"));
    EXPECT_FALSE(schema["additionalProperties"].GetBool()) << entry.path();
    EXPECT_THAT(readme, testing::HasSubstr(name));
  }
  EXPECT_GE(files, 1);
}

// A field that no schema knows is refused, at every depth of a report.
TEST(SchemasTest, ReportRefusesFieldsThatItDoesNotKnow) {
  rapidjson::Document schema;
  schema.Parse(ReadFile("analyzer/schemas/assay.report-1.json").c_str());
  const rapidjson::SchemaDocument compiled(schema);
  const std::string good =
      RunCommand(
          "analyze testdata/models/mlp.onnx --target h100-sxm --format json --stages --memory "
          "--by module --explain-fusion --fill")
          .out;
  for (const char* key : {"\"schema\"", "\"totals\": {", "\"ops_running\"", "\"critical_path\": {",
                          "\"latency_s\"", "\"levels\"", "\"waves\"", "\"op_type\""}) {
    rapidjson::Document doc = ParseJson(good);
    rapidjson::SchemaValidator validator(compiled);
    EXPECT_TRUE(doc.Accept(validator));
    std::string bad = good;
    const size_t at = bad.find(key);
    ASSERT_NE(at, std::string::npos) << key;
    const std::string object = key;
    const bool opens = object.back() == '{';
    bad.insert(opens ? at + object.size() : at, "\"not_in_the_schema\": 1, ");
    rapidjson::Document broken;
    broken.Parse(bad.c_str());
    ASSERT_FALSE(broken.HasParseError()) << key;
    rapidjson::SchemaValidator second(compiled);
    EXPECT_FALSE(broken.Accept(second)) << key;
  }
}

}  // namespace
}  // namespace assay
