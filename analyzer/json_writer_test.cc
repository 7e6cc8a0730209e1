#include "analyzer/json_writer.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace assay {
namespace {

TEST(JsonWriterTest, RowsStandOnOneLine) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject().Field("name", "x").Key("ops").BeginArray();
  json.BeginRow().Field("id", 0).Key("in").BeginArray().Value("a").Value("b").EndArray();
  json.EndObject();
  json.BeginRow().EndObject();
  json.EndArray().Key("none").BeginArray().EndArray().Key("d").BeginList().Value(1).Null();
  json.EndArray().EndObject();
  EXPECT_EQ(out,
            "{\n"
            "  \"name\": \"x\",\n"
            "  \"ops\": [\n"
            "    {\"id\": 0, \"in\": [\"a\", \"b\"]},\n"
            "    {}\n"
            "  ],\n"
            "  \"none\": [],\n"
            "  \"d\": [1, null]\n"
            "}\n");
}

std::string Array(double value) {
  std::string out;
  JsonWriter(&out).BeginList().Value(value).EndArray();
  return out;
}

TEST(JsonWriterTest, Numbers) {
  EXPECT_EQ(Array(1814073344.0), "[1814073344]\n");
  EXPECT_EQ(Array(0.5), "[0.5]\n");
  EXPECT_EQ(Array(-3), "[-3]\n");
  EXPECT_EQ(Array(2.5e-9), "[2.5e-9]\n");
  EXPECT_EQ(Array(std::numeric_limits<double>::quiet_NaN()), "[null]\n");
  EXPECT_EQ(Array(std::numeric_limits<double>::infinity()), "[null]\n");
}

TEST(JsonWriterTest, WhatIsNotKnownIsNull) {
  std::string out;
  JsonWriter json(&out);
  json.BeginRow().Field("a", std::optional<double>()).Field("b", std::optional<bool>(true));
  json.FieldIf(false, "c", 1).FieldIf(true, "d", "text").EndObject();
  EXPECT_EQ(out, "{\"a\": null, \"b\": true, \"c\": null, \"d\": \"text\"}\n");
}

// Whatever bytes a name has, a JSON reader that checks the encoding accepts it.
TEST(JsonWriterTest, AnyBytesMakeValidStrings) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; b += 5) {
      std::string name = {'x', static_cast<char>(a), static_cast<char>(b), 'y'};
      std::string out;
      JsonWriter(&out).BeginObject().Field(name, name).EndObject();
      rapidjson::Document doc;
      doc.Parse<rapidjson::kParseValidateEncodingFlag>(out.data(), out.size());
      ASSERT_FALSE(doc.HasParseError()) << out;
    }
  }
}

TEST(JsonWriterTest, Integers) {
  std::string out;
  JsonWriter(&out).BeginList().Value(std::numeric_limits<int64_t>::min()).Value(true).EndArray();
  EXPECT_EQ(out, "[-9223372036854775808, true]\n");
}

}  // namespace
}  // namespace assay
