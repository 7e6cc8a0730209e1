#ifndef ASSAY_ANALYZER_SCHEMA_TEST_UTIL_H_
#define ASSAY_ANALYZER_SCHEMA_TEST_UTIL_H_

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"
#include "rapidjson/pointer.h"
#include "rapidjson/schema.h"
#include "rapidjson/stringbuffer.h"

namespace assay {

// Expects that a document keeps to the schema in analyzer/schemas/ that its field `schema` names;
// documents without the field are free.
inline void ExpectKeepsToSchema(const rapidjson::Document& json) {
  if (!json.IsObject() || !json.HasMember("schema") || !json["schema"].IsString()) return;
  // Destroyed at exit: RapidJSON packs pointers so that the leak sanitizer would not see them.
  static std::map<std::string, rapidjson::SchemaDocument> compiled;
  const std::string name = json["schema"].GetString();
  auto schema = compiled.find(name);
  if (schema == compiled.end()) {
    const std::string path =
        absl::StrCat("analyzer/schemas/", absl::StrReplaceAll(name, {{"/", "-"}}), ".json");
    std::ifstream in(path);
    rapidjson::Document rules;
    rules.Parse(std::string(std::istreambuf_iterator<char>(in), {}).c_str());
    ASSERT_FALSE(rules.HasParseError()) << path << ": not there, or no JSON";
    schema = compiled.emplace(name, rules).first;
  }
  rapidjson::SchemaValidator validator(schema->second);
  const bool valid = json.Accept(validator);
  rapidjson::StringBuffer at, rule;
  validator.GetInvalidDocumentPointer().Stringify(at);
  validator.GetInvalidSchemaPointer().Stringify(rule);
  EXPECT_TRUE(valid) << name << ": at " << at.GetString() << " the document breaks "
                     << validator.GetInvalidSchemaKeyword() << " of " << rule.GetString();
}

}  // namespace assay

#endif  // ASSAY_ANALYZER_SCHEMA_TEST_UTIL_H_
