#include "analyzer/document.h"

#include <cmath>
#include <string>
#include <utility>

#include "analyzer/formats.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

Document Example() {
  Document d{.schema = "assay.example/1", .title = "two | models", .subtitle = "at batch = 1"};
  d.Add(Facts{.figures = {{"winner", "winner", "b,c.onnx", Quantity::kText, "half the time"},
                          {"", "for people", 3.0, Quantity::kCount},
                          {"unknown", "", NAN, Quantity::kSeconds}}});
  d.Add(Table{.key = "rows",
              .title = "models",
              .columns = {{"model", "model"},
                          {"latency_s", "latency", Quantity::kSeconds},
                          {"exact", "exact", Quantity::kExact, /*detail=*/true},
                          {"fits", "fits"}},
              .rows = {{{"a\n", 0.00213, 1234567.0, true}},
                       {{"b,c.onnx", NAN, 0.1, Cell()}, 1, Ink::kHeading}}});
  d.Add(Notes{.notes = {"one *note*"}});
  return d;
}

std::string Print(absl::string_view format) {
  std::string out;
  auto printer = FindFormat(format)->printer({.width = 60}, &out);
  printer->Add(Example());
  printer->End();
  return out;
}

TEST(Document, Text) {
  EXPECT_EQ(Print("text"),
            "two | models\n"
            "at batch = 1\n"
            "\n"
            "winner      b,c.onnx half the time\n"
            "for people  3\n"
            "\n"
            "models\n"
            "  model        latency  fits\n"
            "  a\\x0a       2.130 ms  yes\n"
            "    b,c.onnx         ?\n"
            "\n"
            "  - one *note*\n");
}

TEST(Document, Json) {
  EXPECT_EQ(Print("json"),
            "{\n"
            "  \"schema\": \"assay.example/1\",\n"
            "  \"winner\": \"b,c.onnx\",\n"
            "  \"unknown\": null,\n"
            "  \"rows\": [\n"
            "    {\"level\": 0, \"model\": \"a\\n\", \"latency_s\": 0.00213, \"exact\": 1234567, "
            "\"fits\": true},\n"
            "    {\"level\": 1, \"model\": \"b,c.onnx\", \"latency_s\": null, \"exact\": 0.1, "
            "\"fits\": null}\n"
            "  ],\n"
            "  \"notes\": [\n"
            "    \"one *note*\"\n"
            "  ]\n"
            "}\n");
}

TEST(Document, Csv) {
  EXPECT_EQ(Print("csv"),
            "model,latency_s,exact,fits\n"
            "a\\x0a,0.00213,1234567,true\n"
            "\"b,c.onnx\",,0.1,\n");
}

TEST(Document, CsvHasOneHeaderForAlikeTables) {
  std::string out;
  auto printer = FindFormat("csv")->printer({}, &out);
  printer->Add(Example());
  printer->Add(Example());
  EXPECT_EQ(out.find("model,latency_s"), 0);
  EXPECT_EQ(out.find("model,latency_s", 1), std::string::npos);
}

TEST(Document, Markdown) {
  EXPECT_EQ(Print("markdown"),
            "## two \\| models\n"
            "\n"
            "at batch = 1\n"
            "\n"
            "- **winner**: b,c.onnx; half the time\n"
            "- **for people**: 3\n"
            "\n"
            "### models\n"
            "\n"
            "| model | latency | fits |\n"
            "| --- | ---: | --- |\n"
            "| a\\\\x0a | 2.130 ms | yes |\n"
            "| **&nbsp;&nbsp;b,c.onnx** | **?** |  |\n"
            "\n"
            "- one \\*note\\*\n");
}

std::string PrintRow(absl::string_view format, Column column, Cell cell) {
  Document d;
  d.Add(Table{.key = "rows", .columns = {std::move(column)}, .rows = {{{std::move(cell)}}}});
  std::string out;
  auto printer = FindFormat(format)->printer({}, &out);
  printer->Add(d);
  printer->End();
  return out;
}

TEST(Document, CsvIsTextThatATerminalCanShow) {
  EXPECT_EQ(PrintRow("csv", {"name", "name"}, "\x1b[31m,\xff"), "name\n\"\\x1b[31m,\\xff\"\n");
}

TEST(Document, MarkdownShowsEntitiesAndFormulasAsTheyAre) {
  EXPECT_THAT(PrintRow("markdown", {"name", "name"}, "&lt; $x$"),
              testing::HasSubstr("| \\&lt; \\$x\\$ |"));
}

TEST(Document, ColumnsWithoutATitleAreHeadedByTheirKey) {
  EXPECT_THAT(PrintRow("markdown", {"other_side", ""}, "#k1"),
              testing::HasSubstr("| other side |\n"));
  EXPECT_THAT(PrintRow("html", {"other_side", ""}, "#k1"), testing::HasSubstr(">other side</th>"));
  EXPECT_EQ(PrintRow("text", {"other_side", ""}, "#k1"), "#k1\n");
}

TEST(Document, StackedTablesShortenNamesInTextAlone) {
  const std::string name = "/encoder/layer.11/attention/output/dense/MatMul_output_0";
  Document d;
  d.Add(Table{.key = "rows",
              .columns = {{"name", "name"}, {"formula", ""}},
              .rows = {{{name, "2*M"}}},
              .stacked_from = 1});
  std::string text, csv;
  MakeTextPrinter({}, &text)->Add(d);
  MakeCsvPrinter({}, &csv)->Add(d);
  EXPECT_LE(text.size(), 24u + 2 + 3 + 1) << text;
  EXPECT_THAT(csv, testing::HasSubstr(name));
}

}  // namespace
}  // namespace assay
