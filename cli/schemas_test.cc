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

// Columns that only some command lines write; ParseJson validates.
TEST(SchemasTest, DocumentsOfEveryCommandKeepToTheirs) {
  const std::string resnet = "testdata/models/resnet18.onnx", mlp = "testdata/models/mlp.onnx";
  for (const std::string& command : {
           // A metric beside the usual ones has a ratio of its own; groups have a column per row.
           absl::StrCat("compare ", mlp, " ", resnet, " --target t4 --sort power --by module"),
           absl::StrCat("compare ", mlp, " ", resnet, " --sort width"),
           absl::StrCat("compare ", mlp, " ", resnet, " --sort flops --by type"),
           // A size at which nothing fits, and a limit that nothing keeps.
           absl::StrCat("sweep ", resnet, " --batch 65536..131072 --target t4 --max-latency 1ns"),
           absl::StrCat("sweep ", mlp, " --vary clock=1x..2x --target t4"),
           absl::StrCat("sweep ", resnet, " --target hailo-8,t4"),
           absl::StrCat("fit ", resnet, " --target t4,hailo-8 --max-latency 1ns --max-memory 1GB"),
           absl::StrCat("fit ", mlp, " ", resnet, " --target t4 --max-price-per-million 1USD ",
                        "--lifetime 3years --price-per-kwh 0.3USD --require-operators"),
           absl::StrCat("fit ", mlp, " testdata/no_such.onnx --target t4 --expect resnet"),
           absl::StrCat("diff ", mlp, " ", resnet, " --target t4 --target l4 --by module"),
           absl::StrCat("diff ", mlp, " ", mlp, " --by type"),
           absl::StrCat("explain ", resnet),
           absl::StrCat("explain ", resnet, " --target t4"),
           absl::StrCat("explain ", resnet, " #0"),
           absl::StrCat("explain ", resnet, " #k0 --target hailo-8"),
       }) {
    const Outcome outcome = RunCommand(absl::StrCat(command, " --format json"));
    SCOPED_TRACE(absl::StrCat(command, "\n", outcome.err));
    ParseJson(outcome.out);
  }
}

}  // namespace
}  // namespace assay
