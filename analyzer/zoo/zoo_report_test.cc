#include "analyzer/zoo/zoo_report.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "analyzer/document.h"
#include "analyzer/schema_test_util.h"
#include "analyzer/zoo/score_row.h"
#include "analyzer/zoo/store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/folder_test_util.h"
#include "rapidjson/document.h"

namespace assay {
namespace {

using ::testing::Contains;
using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

using Values = std::vector<std::pair<absl::string_view, ScoreValue>>;

// A scored row with a graph of its own.
ScoreRow Row(const std::string& path, const Values& values) {
  ScoreRow row;
  for (const ScoreColumn& c : ScoreColumns()) {
    if (c.key) row.at(c.name) = std::string();
  }
  row.at("path") = path;
  row.at("status") = std::string(kScored);
  row.at("graph") = absl::StrCat("graph of ", path);
  row.at("settings") = std::string("s");
  for (const auto& [column, value] : values) row.at(column) = value;
  return row;
}

std::string Text(absl::string_view text) { return std::string(text); }

ScoreRow Failed(const std::string& path, absl::string_view error,
                absl::string_view status = kFailed) {
  return Row(path, {{"status", Text(status)}, {"error", Text(error)}, {"graph", ScoreValue()}});
}

std::unique_ptr<ScoreStore> Store(const std::vector<ScoreRow>& rows) {
  static int n = 0;
  const std::string path = absl::StrCat(TestFolder(), "zoo", ++n, ".db");
  absl::StatusOr<std::unique_ptr<ScoreStore>> store =
      ScoreStore::Open(path, ScoreStore::Mode::kWrite);
  EXPECT_TRUE(store.ok()) << store.status();
  EXPECT_TRUE((*store)->Add({.name = "any"}, "s", rows, 0, false).ok());
  EXPECT_TRUE((*store)->Commit().ok());
  return *std::move(store);
}

// Every document of these tests keeps to the schema, and every format prints it.
void ExpectSound(const Document& d) {
  for (const auto make : {MakeTextPrinter, MakeMarkdownPrinter, MakeHtmlPrinter, MakeCsvPrinter}) {
    std::string out;
    const std::unique_ptr<DocumentPrinter> printer = make(TextStyle(), &out);
    printer->Add(d);
    printer->End();
    EXPECT_THAT(out, Not(IsEmpty()));
  }
  std::string out;
  MakeJsonPrinter(TextStyle(), &out)->Add(d);
  rapidjson::Document json;
  json.Parse(out.c_str());
  ASSERT_FALSE(json.HasParseError()) << out;
  EXPECT_STREQ(json["schema"].GetString(), "assay.zoo/1");
  ExpectKeepsToSchema(json);
}

Document Zoo(const std::vector<ScoreRow>& rows, const ZooOptions& options = {}) {
  absl::StatusOr<Document> d = ZooReport(*Store(rows), "zoo.db", options);
  EXPECT_TRUE(d.ok()) << d.status();
  if (!d.ok()) return {};
  ExpectSound(*d);
  return *std::move(d);
}

absl::Status ErrorOf(const std::vector<ScoreRow>& rows, const ZooOptions& options = {}) {
  return ZooReport(*Store(rows), "zoo.db", options).status();
}

template <class B>
const B* Find(const Document& d, absl::string_view key) {
  for (const Block& block : d.blocks) {
    const B* found = std::get_if<B>(&block);
    if (found != nullptr && found->key == key) return found;
  }
  return nullptr;
}

const Table& TableOf(const Document& d, absl::string_view key) {
  static const Table* const kNone = new Table();
  const Table* table = Find<Table>(d, key);
  EXPECT_NE(table, nullptr) << key;
  return table != nullptr ? *table : *kNone;
}

double Fact(const Document& d, absl::string_view facts, absl::string_view key) {
  const Facts* found = Find<Facts>(d, facts);
  for (const Figure& f : found != nullptr ? found->figures : std::vector<Figure>()) {
    if (f.key == key && f.value.number() != nullptr) return *f.value.number();
  }
  ADD_FAILURE() << "no number " << key << " of " << facts;
  return NAN;
}

// "rank path value", and such: cells as programs get them.
std::vector<std::string> Lines(const Table& table, const std::vector<absl::string_view>& columns) {
  std::vector<std::string> lines;
  for (const TableRow& row : table.rows) {
    std::string line;
    for (absl::string_view column : columns) {
      absl::StrAppend(&line, line.empty() ? "" : " ");
      for (size_t c = 0; c < table.columns.size(); ++c) {
        if (table.columns[c].key != column) continue;
        const Cell& cell = row.cells.at(c);
        if (const double* number = cell.number()) absl::StrAppend(&line, *number);
        if (const std::string* text = cell.text()) absl::StrAppend(&line, *text);
      }
    }
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> NotesOf(const Document& d) {
  const Notes* notes = Find<Notes>(d, "notes");
  return notes != nullptr ? notes->notes : std::vector<std::string>();
}

std::vector<std::string> ShownKeys(const Table& table) {
  std::vector<std::string> keys;
  for (size_t c : ShownColumns(table, /*details=*/false)) keys.push_back(table.columns[c].key);
  return keys;
}

TEST(ZooReport, CountsWhatThereIs) {
  const auto scored = [](const std::string& path, absl::string_view target,
                         absl::string_view verdict, absl::string_view graph) {
    return Row(path, {{"target", Text(target)},
                      {"runtime", Text("tensorrt")},
                      {"verdict", Text(verdict)},
                      {"graph", Text(graph)},
                      {"latency_s", 1.0},
                      {"macs", 1.0}});
  };
  std::vector<ScoreRow> rows = {scored("a", "t4", "PASS", "1"), scored("a", "l4", "PASS", "1"),
                                scored("copy of a", "t4", "PARTIAL", "1"),
                                scored("copy of a", "l4", "FAIL", "1"),
                                scored("b", "t4", "PASS", "2")};
  rows.push_back(Failed("c", "took longer than 60.00 s", kTimedOut));
  rows.push_back(Failed("d", "is empty"));
  rows.push_back(rows.back());
  rows.back().at("target") = Text("t4");
  const Document d = Zoo(rows);
  EXPECT_EQ(d.title, "zoo.db: 5 models on 3 targets");  // one is no name: of what has no target
  const std::map<std::string, double> want = {{"models", 5},  {"graphs", 2},   {"rows", 8},
                                              {"scored", 5},  {"failed", 3},   {"failed_models", 2},
                                              {"targets", 2}, {"runtimes", 1}, {"precisions", 0}};
  for (const auto& [key, number] : want) EXPECT_EQ(Fact(d, "counts", key), number) << key;
  EXPECT_EQ(Fact(d, "status", "ok"), 5);
  EXPECT_EQ(Fact(d, "status", "failed"), 2);
  EXPECT_EQ(Fact(d, "status", "timeout"), 1);
  EXPECT_EQ(Fact(d, "verdicts", "pass"), 3);
  EXPECT_EQ(Fact(d, "verdicts", "partial"), 1);
  EXPECT_EQ(Fact(d, "verdicts", "fail"), 1);
  std::string text;
  MakeTextPrinter(TextStyle(), &text)->Add(d);
  EXPECT_THAT(text, HasSubstr("3 (2 failed, 1 timeout), of 2 models"));
  EXPECT_THAT(text, HasSubstr("2 (l4, t4)"));
  EXPECT_THAT(text, HasSubstr("3 PASS, 1 PARTIAL, 1 FAIL"));
}

TEST(ZooReport, BestAndLastByAColumnTiesByKey) {
  std::vector<ScoreRow> rows;
  const std::pair<const char*, double> latencies[] = {{"d", 2}, {"a", 3}, {"c", 1}, {"f", 3},
                                                      {"b", 2}, {"e", 9}, {"g", 3}};
  for (const auto& [path, latency] : latencies) rows.push_back(Row(path, {{"latency_s", latency}}));
  rows.push_back(Row("0 has none", {}));
  rows.push_back(Failed("1 failed", "why"));
  rows.back().at("latency_s") = 0.5;
  Document d = Zoo(rows, {.rank = "latency_s", .top = 3});
  EXPECT_THAT(Lines(TableOf(d, "top"), {"rank", "path", "latency_s"}),
              ElementsAre("1 c 1", "2 b 2", "3 d 2"));
  EXPECT_EQ(TableOf(d, "top").title, "best 3 by latency");
  EXPECT_THAT(Lines(TableOf(d, "worst"), {"rank", "path", "latency_s"}),
              ElementsAre("6 g 3", "7 e 9"));
  EXPECT_THAT(NotesOf(d), Contains("1 of 8 scored rows have no `latency_s` and are not ranked"));
  EXPECT_EQ(Fact(d, "ranked", "rows"), 7);

  // Never a row in both.
  d = Zoo(rows, {.rank = "latency_s", .top = 6});
  EXPECT_THAT(Lines(TableOf(d, "worst"), {"rank", "path"}), ElementsAre("7 e"));
  for (int all : {0, 7, 100}) {
    d = Zoo(rows, {.rank = "latency_s", .top = all});
    EXPECT_THAT(Lines(TableOf(d, "top"), {"path"}), ElementsAre("c", "b", "d", "a", "f", "g", "e"));
    EXPECT_THAT(TableOf(d, "worst").rows, IsEmpty());
  }
  d = Zoo(rows, {.rank = "latency_s", .top = 1});
  EXPECT_THAT(Lines(TableOf(d, "top"), {"path"}), ElementsAre("c"));
  EXPECT_THAT(Lines(TableOf(d, "worst"), {"path"}), ElementsAre("e"));
}

TEST(ZooReport, RanksByTheScoreElseByMacs) {
  std::vector<ScoreRow> rows = {Row("a", {{"score", 50.0}, {"macs", 1.0}}),
                                Row("b", {{"score", 200.0}, {"macs", 3.0}}),
                                Row("c", {{"score", 100.0}, {"macs", 2.0}})};
  Document d = Zoo(rows);
  EXPECT_THAT(Lines(TableOf(d, "top"), {"path"}), ElementsAre("b", "c", "a"));
  for (ScoreRow& row : rows) row.at("score") = ScoreValue();
  d = Zoo(rows);
  EXPECT_THAT(Lines(TableOf(d, "top"), {"path"}), ElementsAre("a", "c", "b"));
}

TEST(ZooReport, WithoutTargetsItIsOfTheModels) {
  const Document d = Zoo({Row("small", {{"macs", 10.0}, {"memory_bytes", 100.0}}),
                          Row("thin", {{"macs", 90.0}, {"memory_bytes", 20.0}}),
                          Row("large", {{"macs", 95.0}, {"memory_bytes", 100.0}})});
  EXPECT_EQ(d.title, "zoo.db: 3 models");
  EXPECT_THAT(Lines(TableOf(d, "top"), {"path"}), ElementsAre("small", "thin", "large"));
  EXPECT_THAT(Lines(TableOf(d, "pareto"), {"path"}), ElementsAre("small", "thin"));
  EXPECT_EQ(TableOf(d, "histogram").title, "histogram of MACs");
  EXPECT_EQ(Find<Table>(d, "targets"), nullptr);
  EXPECT_THAT(ShownKeys(TableOf(d, "top")), ElementsAre("rank", "model", "memory_bytes", "macs"));
}

// A runtime that goes with its target tells nothing.
TEST(ZooReport, KeysThatTellNothingAreDetails) {
  const auto shown = [](const std::vector<std::array<const char*, 3>>& machines) {
    std::vector<ScoreRow> rows;
    for (const auto& [target, runtime, precision] : machines) {
      rows.push_back(Row("a", {{"target", Text(target)},
                               {"runtime", Text(runtime)},
                               {"precision", Text(precision)},
                               {"latency_s", 1.0}}));
    }
    std::vector<std::string> keys = ShownKeys(TableOf(Zoo(rows, {.rank = "latency_s"}), "top"));
    return absl::StrJoin(keys, " ");
  };
  EXPECT_EQ(shown({{"t4", "trt", "fp16"}}), "rank model latency_s");
  EXPECT_EQ(shown({{"t4", "trt", "fp16"}, {"t4", "trt", "int8"}}),
            "rank model precision latency_s");
  EXPECT_EQ(shown({{"t4", "trt", "fp16"}, {"t4", "ort", "fp16"}}), "rank model runtime latency_s");
  EXPECT_EQ(shown({{"t4", "trt", "fp16"}, {"t4", "ort", "fp32"}}), "rank model runtime latency_s");
  EXPECT_EQ(shown({{"t4", "trt", "fp16"}, {"hailo-8", "hailort", "int8"}}),
            "rank model target latency_s");
}

TEST(ZooReport, ModelsOfOneFileNameKeepTheirFolders) {
  const Document d =
      Zoo({Row("bert/model.onnx", {{"macs", 1.0}}), Row("vit/model.onnx", {{"macs", 2.0}}),
           Row("cnn/vgg16.onnx", {{"macs", 3.0}})});
  EXPECT_THAT(Lines(TableOf(d, "top"), {"model"}),
              ElementsAre("bert/model.onnx", "vit/model.onnx", "vgg16.onnx"));
}

// The 10th of 1 to 100 is 10.
TEST(ZooReport, PercentilesAreWithinOnePercent) {
  std::vector<ScoreRow> rows;
  for (int i = 1; i <= 100; ++i) {
    rows.push_back(Row(absl::StrFormat("%03d", (i * 37) % 101),
                       {{"latency_s", i * 1e-3}, {"score", i * i * i * 1e6}, {"margin", 0.5}}));
  }
  Document d = Zoo(rows, {.rank = "latency_s"});
  EXPECT_NEAR(Fact(d, "ranked", "p10"), 10e-3, 10e-5);
  EXPECT_NEAR(Fact(d, "ranked", "median"), 50e-3, 50e-5);
  EXPECT_NEAR(Fact(d, "ranked", "p90"), 90e-3, 90e-5);
  d = Zoo(rows, {.rank = "score"});
  EXPECT_NEAR(Fact(d, "ranked", "median"), 125e9, 125e7);
  // One value alone is itself.
  d = Zoo(rows, {.rank = "margin"});
  EXPECT_EQ(Fact(d, "ranked", "p10"), 0.5);
  EXPECT_EQ(Fact(d, "ranked", "p90"), 0.5);
}

TEST(ZooReport, PercentilesGoThroughZero) {
  std::vector<ScoreRow> rows;
  for (double margin : {-300.0, -2.0, -1.0, 0.0, 0.0, 0.25}) {
    rows.push_back(Row(absl::StrCat("m", rows.size()), {{"margin", margin}}));
  }
  const auto percentiles = [&] {
    const Document d = Zoo(rows, {.rank = "margin", .histogram = "margin"});
    return std::tuple(Fact(d, "ranked", "p10"), Fact(d, "ranked", "median"),
                      Fact(d, "ranked", "p90"));
  };
  auto [p10, median, p90] = percentiles();
  EXPECT_NEAR(p10, -300, 3);
  EXPECT_NEAR(median, -1, 0.01);  // the third of six
  EXPECT_NEAR(p90, 0.25, 0.0025);
  rows.resize(4);  // the second of four
  std::tie(p10, median, p90) = percentiles();
  EXPECT_NEAR(median, -2, 0.02);
  EXPECT_EQ(p90, 0);
}

TEST(ZooReport, FrontByHand) {
  std::vector<ScoreRow> rows;
  const auto add = [&](const std::string& path, double latency, double macs) {
    rows.push_back(Row(path, {{"latency_s", latency}, {"macs", macs}}));
  };
  add("h", 1, 9);
  add("a", 1, 10);  // as fast as h, with more MACs
  add("b", 3, 7);   // c has less of both
  add("c", 2, 5);
  add("d", 4, 5);  // as many MACs as c, slower
  add("e", 5, 1);
  add("f", 2, 5);  // as c
  add("g", 2, 5);
  rows.push_back(Row("no latency", {{"macs", 0.0}}));
  rows.push_back(Failed("failed", "why"));
  const Document d = Zoo(rows);
  EXPECT_THAT(Lines(TableOf(d, "pareto"), {"path", "latency_s", "macs", "equal"}),
              ElementsAre("h 1 9 0", "c 2 5 2", "e 5 1 0"));
  const Chart* chart = Find<Chart>(d, "pareto");
  ASSERT_NE(chart, nullptr);
  EXPECT_TRUE(chart->x.log && chart->y.log);
  ASSERT_THAT(chart->series, SizeIs(2));
  EXPECT_EQ(chart->series[0].name, "(no target)");
  EXPECT_THAT(chart->series[0].points, SizeIs(8));
  EXPECT_THAT(chart->series[1].points, SizeIs(3));
  EXPECT_EQ(chart->series[1].points[0].label, "h\nlatency 1 s, MACs 9");
}

// Of what is better when larger, the larger; the best of the first column comes first.
TEST(ZooReport, FrontOfColumnsThatAreBetterWhenLarger) {
  const std::vector<ScoreRow> rows = {Row("a", {{"score", 100.0}, {"utilization", 0.1}}),
                                      Row("b", {{"score", 50.0}, {"utilization", 0.0}}),
                                      Row("c", {{"score", 70.0}, {"utilization", 0.5}}),
                                      Row("d", {{"score", 100.0}, {"utilization", 0.05}})};
  const Document d = Zoo(rows, {.pareto = {"score", "utilization"}});
  EXPECT_THAT(Lines(TableOf(d, "pareto"), {"path"}), ElementsAre("a", "c"));
  const Chart* chart = Find<Chart>(d, "pareto");
  ASSERT_NE(chart, nullptr);
  EXPECT_TRUE(chart->x.log && chart->y.log);
  EXPECT_THAT(NotesOf(d), Contains("the drawing leaves out 1 row with a `utilization` of 0"));
}

TEST(ZooReport, AxesAreLogarithmicWhereMostNumbersCanBe) {
  const Document d = Zoo({Row("a", {{"margin", -1.0}, {"unknown_operators", 0.0}}),
                          Row("b", {{"margin", 0.5}, {"unknown_operators", 2.0}})},
                         {.pareto = {"margin", "unknown_operators"}});
  const Chart* chart = Find<Chart>(d, "pareto");
  ASSERT_NE(chart, nullptr);
  EXPECT_FALSE(chart->x.log);
  EXPECT_FALSE(chart->y.log);
}

// Against the definition, in any order of keys; the drawing keeps to its size.
TEST(ZooReport, FrontOfManyIsAsDefined) {
  std::vector<ScoreRow> rows;
  std::vector<std::pair<double, double>> points;
  uint64_t random = 1;
  for (int i = 0; i < 2500; ++i) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    const double x = 1 + static_cast<double>((random >> 33) % 97);
    const double y = 1 + static_cast<double>((random >> 45) % 89) + 200 / x;
    points.emplace_back(x, y);
    rows.push_back(Row(absl::StrFormat("%05d", i), {{"latency_s", x}, {"macs", std::floor(y)}}));
    points.back().second = std::floor(y);
    rows.back().at("target") = absl::StrCat("target ", i % 11);
  }
  std::vector<std::string> want;
  std::map<double, std::pair<std::string, int>> front;  // the first row, and equal ones
  for (size_t i = 0; i < points.size(); ++i) {
    bool beaten = false;
    for (const auto& [x, y] : points) {
      beaten |= x <= points[i].first && y <= points[i].second &&
                (x < points[i].first || y < points[i].second);
    }
    if (beaten) continue;
    const auto [at, first] = front.try_emplace(points[i].first, absl::StrFormat("%05d", i), 0);
    at->second.second += !first;
  }
  for (const auto& [x, row] : front) want.push_back(absl::StrCat(row.first, " ", row.second));
  ASSERT_GT(want.size(), 4u);
  ASSERT_TRUE(absl::c_any_of(front, [](const auto& f) { return f.second.second > 0; }));
  const auto store = Store(rows);
  const absl::StatusOr<Document> d = ZooReport(*store, "zoo.db", {});
  ASSERT_TRUE(d.ok());
  EXPECT_EQ(Lines(TableOf(*d, "pareto"), {"path", "equal"}), want);

  const Chart* chart = Find<Chart>(*d, "pareto");
  ASSERT_NE(chart, nullptr);
  ASSERT_THAT(chart->series, SizeIs(8));  // six targets, the others, the front
  EXPECT_EQ(chart->series[6].name, "(other targets)");
  EXPECT_EQ(chart->series[7].name, "(front)");
  EXPECT_THAT(chart->series[7].points, SizeIs(want.size()));
  size_t drawn = 0;
  for (size_t s = 0; s < 7; ++s) drawn += chart->series[s].points.size();
  EXPECT_EQ(drawn, 2000u);
  EXPECT_THAT(NotesOf(*d), Contains(HasSubstr("2,000 of 2,500 rows")));
  // The same again.
  const absl::StatusOr<Document> again = ZooReport(*store, "zoo.db", {});
  const Chart* chart_again = Find<Chart>(*again, "pareto");
  for (size_t p = 0; p < chart->series[0].points.size(); ++p) {
    EXPECT_EQ(chart->series[0].points[p].label, chart_again->series[0].points[p].label);
  }
}

// All on the front: it is listed in part, and the note says of how many.
TEST(ZooReport, ListOfTheFrontIsBounded) {
  std::vector<ScoreRow> rows;
  for (int i = 0; i < 1100; ++i) {
    rows.push_back(Row(absl::StrFormat("%04d", i), {{"latency_s", 1.0 + i}, {"macs", 2000.0 - i}}));
  }
  Document d = Zoo(rows);
  EXPECT_THAT(TableOf(d, "pareto").rows, SizeIs(1000));
  EXPECT_THAT(NotesOf(d), Contains("100 more points lie on the front than are listed"));
  // One that beats all of them clears the list.
  rows.push_back(Row("9", {{"latency_s", 1.0}, {"macs", 1.0}}));
  d = Zoo(rows);
  EXPECT_THAT(Lines(TableOf(d, "pareto"), {"path"}), ElementsAre("9"));
  EXPECT_THAT(NotesOf(d), Not(Contains(HasSubstr("on the front"))));
}

// Two decades make 13 bins of 1/12 of a decade.
TEST(ZooReport, HistogramByHand) {
  std::vector<ScoreRow> rows;
  for (double latency : {1e-3, 1e-3, 1e-3, 1.5e-3, 9.9e-3, 1e-2}) {
    rows.push_back(Row(absl::StrCat("m", rows.size()), {{"latency_s", latency}}));
  }
  const Document d = Zoo(rows, {.rank = "latency_s"});
  const Table& table = TableOf(d, "histogram");
  EXPECT_THAT(Lines(table, {"count"}),
              ElementsAre("3", "0", "1", "0", "0", "0", "0", "0", "0", "0", "0", "1", "1"));
  EXPECT_THAT(*table.rows[0].cells[0].number(), DoubleEq(1e-3));
  EXPECT_THAT(*table.rows[0].cells[1].number(), DoubleEq(1e-3 * std::pow(10, 1 / 12.0)));
  EXPECT_THAT(*table.rows[12].cells[0].number(), DoubleEq(1e-2));
  EXPECT_EQ(*table.rows[0].cells[3].number(), 1);
  EXPECT_EQ(*table.rows[2].cells[3].number(), 1 / 3.0);
  const Chart* chart = Find<Chart>(d, "histogram");
  ASSERT_NE(chart, nullptr);
  EXPECT_THAT(chart->y.names, SizeIs(13));
  EXPECT_EQ(chart->y.names[0], "1.000 ms .. 1.212 ms");
  EXPECT_EQ(chart->series[0].points[0].x, 3);
}

TEST(ZooReport, HistogramOfWholeNumbersAndZeros) {
  std::vector<ScoreRow> rows;
  for (double unknown : {0.0, 3.0, 1.0, 2.0, 0.0, 3.0}) {
    rows.push_back(Row(absl::StrCat("m", rows.size()), {{"unknown_operators", unknown}}));
  }
  const Document d = Zoo(rows, {.histogram = "unknown_operators"});
  EXPECT_THAT(Lines(TableOf(d, "histogram"), {"from", "to", "count"}),
              ElementsAre("0 0 2", "1 2 1", "2 3 1", "3 4 2"));
  EXPECT_THAT(NotesOf(d), Contains(HasSubstr("4 rows of models with operators whose work is not")));
}

TEST(ZooReport, HistogramOfAnyRangeHasFewBins) {
  std::vector<ScoreRow> rows;
  for (double margin : {-1e300, -5.0, 0.0, 1e-300, 7.0, 1e300}) {
    rows.push_back(Row(absl::StrCat("m", rows.size()), {{"margin", margin}, {"score", 12.5}}));
  }
  Document d = Zoo(rows, {.histogram = "margin"});
  const Table& table = TableOf(d, "histogram");
  EXPECT_LE(table.rows.size(), 22u);
  EXPECT_EQ(Lines(table, {"from", "to", "count"})[0], "-1e+300 0 2");
  EXPECT_EQ(Lines(table, {"from", "to", "count"})[1], "0 0 1");
  double sum = 0;
  for (const TableRow& row : table.rows) sum += *row.cells[2].number();
  EXPECT_EQ(sum, 6);
  // Of one value, one.
  d = Zoo(rows, {.histogram = "score"});
  ASSERT_THAT(TableOf(d, "histogram").rows, SizeIs(1));
  const TableRow& bin = TableOf(d, "histogram").rows[0];
  EXPECT_LE(*bin.cells[0].number(), 12.5);
  EXPECT_GT(*bin.cells[1].number(), 12.5);
}

TEST(ZooReport, FailuresOfOneKindAreOneCause) {
  std::vector<ScoreRow> rows = {
      Failed("x/a.onnx",
             "ends inside ModelProto.graph at byte 19, which says it has 59091 bytes "
             "where 48816 are left; the file is truncated: copy or export it again"),
      Failed("x/b.onnx",
             "ends inside ModelProto.graph at byte 7, which says it has 20 bytes where "
             "1.5 are left; the file is truncated: copy or export it again"),
      Failed("x/c.onnx", "is empty; export or copy the model again"),
      Failed("x/d.onnx",
             "operator `Foo` of node /layer1/conv/Conv (did you mean `Bar`?) has shape "
             "[1, -3, 224x224]"),
      Failed("x/e.onnx", "operator `Pow` of node model/dense/Mul has shape [8]; what next"),
      Failed("x/f.onnx", "weights of f.onnx: int8 at x/f.onnx, opset 17."),
      Failed("x/g.onnx", "weights of g.onnx: int8 at x/g.onnx, opset 9."),
      Failed("x/h.onnx", "is empty", kCrashed),
      Failed("i", "is no use of isles, op #12 -3"),  // not its name
      Failed("y", "is no use of isles, op 7 4")};
  // Another row of the same model is no other model.
  rows.push_back(rows[2]);
  rows.back().at("target") = Text("t4");
  const Document d = Zoo(rows);
  EXPECT_THAT(
      Lines(TableOf(d, "failures"), {"models", "status", "path", "cause"}),
      ElementsAre("2 failed x/a.onnx ends inside ModelProto.graph at byte #, which says it has # "
                  "bytes where # are left",
                  "2 failed i is no use of isles, op # #",
                  "2 failed x/d.onnx operator `...` of node ... has shape [#]",
                  "2 failed x/f.onnx weights of ...: int8 at ..., opset #.",
                  "1 crashed x/h.onnx is empty", "1 failed x/c.onnx is empty"));
  // No scored row: nothing but failures, and no error.
  EXPECT_THAT(TableOf(d, "top").rows, IsEmpty());
  EXPECT_EQ(Find<Chart>(d, "pareto"), nullptr);
}

TEST(ZooReport, FailuresOneByOne) {
  std::vector<ScoreRow> rows = {Failed("b", "is empty; copy it"),
                                Failed("a", "took 3 s", kTimedOut), Row("c", {{"macs", 1.0}})};
  rows.push_back(rows[0]);
  rows.back().at("target") = Text("t4");
  const Document d = Zoo(rows, {.failures = true});
  EXPECT_THAT(Lines(TableOf(d, "failures"), {"path", "status", "error"}),
              ElementsAre("a timeout took 3 s", "b failed is empty; copy it"));
  std::string csv;
  MakeCsvPrinter(TextStyle(), &csv)->Add(d);
  EXPECT_THAT(csv, HasSubstr("took 3 s"));
}

TEST(ZooReport, CausesAreBounded) {
  std::vector<ScoreRow> rows;
  for (int i = 0; i < 1005; ++i) {
    std::string word;
    for (int n = i; n > 0; n /= 26) word += static_cast<char>('a' + n % 26);
    rows.push_back(Failed(absl::StrFormat("%04d", i), absl::StrCat("no ", word)));
  }
  const Document d = Zoo(rows);
  EXPECT_THAT(TableOf(d, "failures").rows, SizeIs(1001));
  EXPECT_THAT(Lines(TableOf(d, "failures"), {"cause", "models"}), Contains("(others) 5"));
  EXPECT_THAT(NotesOf(d), Contains(HasSubstr("more causes of failure")));
}

TEST(ZooReport, TargetsSideBySide) {
  std::vector<ScoreRow> rows;
  const auto add = [&](const std::string& path, absl::string_view target, double latency,
                       absl::string_view verdict) {
    rows.push_back(Row(path, {{"target", Text(target)},
                              {"runtime", Text("trt")},
                              {"precision", Text("fp16")},
                              {"calibration", Text(target == "t4" ? "uncalibrated" : "measured")},
                              {"latency_s", latency},
                              {"verdict", Text(verdict)}}));
  };
  add("a", "t4", 4, "FAIL");
  add("b", "t4", 2, "PASS");
  add("c", "t4", 3, "PARTIAL");
  add("a", "h100", 2, "PASS");
  add("b", "h100", 1, "PASS");
  rows.push_back(Failed("d", "is empty"));
  rows.back().at("target") = Text("h100");
  rows.back().at("runtime") = Text("trt");
  rows.back().at("precision") = Text("fp16");
  const Document d = Zoo(rows, {.rank = "latency_s"});
  const Table& table = TableOf(d, "targets");
  EXPECT_THAT(
      Lines(table, {"target", "rows", "failed", "pass", "partial", "fail", "best", "best_path"}),
      ElementsAre("h100 3 1 2 0 0 1 b", "t4 3 0 1 1 1 2 b"));
  EXPECT_NEAR(*table.rows[0].cells[8].number(), 1, 0.01);  // the median of two is the first
  EXPECT_NEAR(*table.rows[1].cells[8].number(), 3, 0.03);
  EXPECT_THAT(ShownKeys(table), Not(Contains("runtime")));
  EXPECT_THAT(NotesOf(d), Contains("uncalibrated, hence wide intervals: 3 of 5 scored rows"));
}

TEST(ZooReport, ColumnsThatNoRowHasAreSaid) {
  const Document d =
      Zoo({Row("a", {{"macs", 1.0}})},
          {.rank = "energy_j", .pareto = {"latency_s", "macs"}, .histogram = "power_w"});
  EXPECT_THAT(NotesOf(d), ElementsAre("no row has `energy_j` to rank by",
                                      "no row has both `latency_s` and `macs`",
                                      "no row has `power_w` for a histogram"));
}

TEST(ZooReport, ConditionsChooseRows) {
  const std::vector<ScoreRow> rows = {Row("a", {{"macs", 1.0}, {"score", 1.0}}),
                                      Row("b", {{"macs", 2.0}}), Row("c", {{"macs", 3.0}})};
  const Document d = Zoo(rows, {.where = "macs >= 2 OR path = 'z;-- )'"});
  EXPECT_THAT(Lines(TableOf(d, "top"), {"path"}), ElementsAre("b", "c"));  // no scores among them
  EXPECT_THAT(d.subtitle, HasSubstr("macs >= 2"));
}

TEST(ZooReport, WhatIsMoreThanAConditionIsRefused) {
  const auto store = Store({Row("a", {{"macs", 1.0}}), Row("b", {{"macs", 2.0}})});
  for (const char* where :
       {"staus = 'ok'", "macs >", "1; DROP TABLE scores", "1); DROP TABLE scores; --",
        "1)); DROP TABLE scores; --", "1) LIMIT 1 --", "1)) LIMIT 1 --", "1) --", "1 /*", ")", "(",
        "'", "1) UNION SELECT * FROM scores WHERE (1", "1 ORDER BY path", ";", "--"}) {
    const absl::Status status = ZooReport(*store, "zoo.db", {.where = where}).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << where << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(where));
  }
  EXPECT_EQ(Fact(*ZooReport(*store, "zoo.db", {}), "counts", "rows"), 2);
}

TEST(ZooReport, ErrorsSayWhatToDo) {
  absl::Status status = ErrorOf({});
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("zoo.db: holds no rows; `assay score FOLDER -o zoo.db` adds some"));
  const std::vector<ScoreRow> rows = {Row("a", {{"macs", 1.0}})};
  status = ErrorOf(rows, {.where = "macs > 1"});
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("no row of which --where macs > 1 is true"));

  status = ErrorOf(rows, {.rank = "latncy_s"});
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("--rank: `latncy_s` is no column of numbers (did you mean `latency_s`?)"));
  EXPECT_THAT(std::string(ErrorOf(rows, {.histogram = "path"}).message()),
              HasSubstr("--histogram: `path` is no column of numbers"));
  EXPECT_THAT(std::string(ErrorOf(rows, {.pareto = {"macs", "verdict"}}).message()),
              HasSubstr("--pareto: `verdict` is no column of numbers"));
  for (const std::vector<std::string>& pareto : std::vector<std::vector<std::string>>{
           {"macs"}, {"macs", "macs"}, {"macs", "score", "macs"}}) {
    EXPECT_THAT(std::string(ErrorOf(rows, {.pareto = pareto}).message()),
                HasSubstr("write two columns"));
  }
}

// Names and errors come from files that others made.
TEST(ZooReport, HostileTextIsText) {
  std::vector<ScoreRow> rows = {
      Row("<script>\xff\n.onnx", {{"latency_s", 1.0}, {"macs", 2.0}, {"target", Text("<b>")}}),
      Failed("<img>", "`unclosed <script> \x01 1/2")};
  const Document d = Zoo(rows, {.rank = "latency_s"});
  std::string html;
  const std::unique_ptr<DocumentPrinter> printer = MakeHtmlPrinter(TextStyle(), &html);
  printer->Add(d);
  printer->End();
  EXPECT_THAT(html, Not(HasSubstr("<script>\xff")));
  EXPECT_THAT(html, Not(HasSubstr("<img>")));
  EXPECT_THAT(html, Not(HasSubstr("<b>")));
}

}  // namespace
}  // namespace assay
