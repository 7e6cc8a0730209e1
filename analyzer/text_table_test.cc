#include "analyzer/text_table.h"

#include <string>

#include "analyzer/utf8.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

std::string Print(const TextTable& table, TextStyle style = {}, int indent = 0) {
  std::string out;
  table.Print(style, indent, &out);
  return out;
}

TEST(TextTableTest, AlignsColumns) {
  TextTable table({{"type"}, {"count", Align::kRight}, {"share", Align::kRight}});
  table.Add({"Conv", "20", "99.7 %"});
  table.Add({"Gemm", "1"});
  EXPECT_EQ(Print(table),
            "type  count   share\n"
            "Conv     20  99.7 %\n"
            "Gemm      1\n");
}

TEST(TextTableTest, LeavesOutEmptyColumnsAndTitles) {
  TextTable table({{""}, {"unused"}, {""}});
  table.Add({"a", "", "b"});
  EXPECT_EQ(Print(table, {}, 2), "  a  b\n");
}

TEST(TextTableTest, FlexibleColumnsGiveWay) {
  TextTable table({{"name", Align::kLeft, true}, {"n", Align::kRight}});
  table.Add({"layer1.0.conv1.a.very.long.path", "7"});
  EXPECT_EQ(Print(table, {.width = 20}),
            "name               n\n"
            "layer1....ng.path  7\n");
}

TEST(TextTableTest, ColorWrapsTheLine) {
  TextTable table({{"a"}});
  table.Add({"x"}, Ink::kFaint);
  EXPECT_EQ(Print(table, {.color = true}), "\x1b[1ma\x1b[0m\n\x1b[2mx\x1b[0m\n");
}

TEST(FactListTest, TextWrapsBesideTheNames) {
  FactList facts;
  facts.Add("latency", "210 us");
  facts.Add("limits", "HBM3 70.2 %, launch");
  std::string out;
  facts.Print({.width = 24}, 2, &out);
  EXPECT_EQ(out,
            "  latency  210 us\n"
            "  limits   HBM3 70.2 %,\n"
            "           launch\n");
}

TEST(TextTest, Shorten) {
  EXPECT_EQ(Shorten("abcdefgh", 8), "abcdefgh");
  EXPECT_EQ(Shorten("abcdefghi", 8), "abc...hi");
  EXPECT_EQ(Shorten("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", 5), "\xC3\xA9...\xC3\xA9");
  EXPECT_EQ(Shorten("abcdef", 3), "...");
  EXPECT_EQ(Shorten("abcdef", 0), "");
}

TEST(TextTest, PrintableHidesControlAndBadBytes) {
  EXPECT_EQ(Printable("a\x1b[31mb"), "a\\x1b[31mb");
  EXPECT_EQ(Printable("a\nb\x7f"), "a\\x0ab\\x7f");
  EXPECT_EQ(Printable("\xC2\x9B"), "\\xc2\\x9b");
  EXPECT_EQ(Printable("\xFF\xC3\xA9"), "\\xff\xC3\xA9");
}

TEST(TextTest, Wrap) {
  EXPECT_EQ(Wrap("one two  three four", 9, 2), "one two\n  three\n  four");
  EXPECT_EQ(Wrap("incredibly-long", 4, 2), "incredibly-long");
}

TEST(Utf8Test, Valid) {
  EXPECT_EQ(Utf8Length("a"), 1);
  EXPECT_EQ(Utf8Length("\xC3\xA9"), 2);
  EXPECT_EQ(Utf8Length("\xE2\x82\xAC"), 3);
  EXPECT_EQ(Utf8Length("\xF0\x9F\x98\x80"), 4);
  for (absl::string_view bad : {"\x80", "\xC0\x80", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80",
                                "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"}) {
    EXPECT_EQ(Utf8Length(bad), 0);
  }
  EXPECT_EQ(ValidUtf8("a\xFF\x62"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(ValidUtf8("caf\xC3\xA9"), "caf\xC3\xA9");
}

TEST(TextTable, WhatDoesNotFitGoesOntoFurtherLines) {
  TextTable table({{"name"}, {"bytes", Align::kRight}, {"seconds", Align::kRight}});
  table.Add({"alpha", "123456", "1.5"});
  table.Add({"b", "7", "22.25"});
  std::string out;
  table.Print({.width = 16}, 0, &out);
  EXPECT_EQ(out,
            "name    bytes\n"
            "  seconds\n"
            "alpha  123456\n"
            "      1.5\n"
            "b           7\n"
            "    22.25\n");
}

TEST(FactList, TextStandsBelowNamesThatLeaveNoRoom) {
  FactList facts;
  facts.Add("a-name-that-is-long", "one two three");
  std::string out;
  facts.Print({.width = 24}, 0, &out);
  EXPECT_EQ(out, "a-name-that-is-long\n    one two three\n");
}

}  // namespace
}  // namespace assay
