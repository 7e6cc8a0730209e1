#include "analyzer/zoo/scorer.h"

#include <cmath>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "analyzer/pipeline.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/folder_test_util.h"

namespace assay {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kMlp[] = "testdata/models/mlp.onnx";

Scorer Make(ScorerOptions options) {
  absl::StatusOr<Scorer> scorer = Scorer::Make(std::move(options));
  EXPECT_TRUE(scorer.ok()) << scorer.status();
  return *std::move(scorer);
}

TEST(Scorer, RowsAreTheReports) {
  const AnalyzeOptions analyze = {.targets = {"t4", "l4"}};
  Scorer scorer = Make({.analyze = analyze});
  EXPECT_EQ(scorer.rows_per_model(), 2u);
  const std::vector<ScoreRow> rows = scorer.Score(kMlp, "mlp");
  ASSERT_THAT(rows, SizeIs(2));
  const absl::StatusOr<Report> report = AnalyzeModel(kMlp, *MakePlan(analyze));
  ASSERT_TRUE(report.ok());
  for (size_t i = 0; i < rows.size(); ++i) {
    const ModelEstimate& e = *report->analysis.estimates[i];
    EXPECT_EQ(rows[i].text("path"), "mlp");
    EXPECT_EQ(rows[i].text("target"), e.platform->target->name);
    EXPECT_EQ(rows[i].text("runtime"), e.platform->runtime->name);
    EXPECT_EQ(rows[i].text("status"), kScored);
    EXPECT_EQ(rows[i].number("latency_s"), e.latency_s);
    EXPECT_EQ(rows[i].number("latency_high_s"), e.latency_high_s);
    EXPECT_EQ(rows[i].number("macs"), report->analysis.numbers->total.macs);
    EXPECT_EQ(rows[i].number("memory_bytes"), e.memory_needed_bytes);
    EXPECT_EQ(rows[i].number("file_bytes"), std::filesystem::file_size(kMlp));
    EXPECT_EQ(rows[i].text("verdict"), "PASS");
    EXPECT_NEAR(rows[i].number("score"), 100 * 10e-3 / e.latency_s, 1e-6);
  }
}

TEST(Scorer, CopiesHaveRowsOfTheirOwn) {
  const std::string copy = TestFolder() + "copy.onnx";
  std::filesystem::copy_file(kMlp, copy, std::filesystem::copy_options::overwrite_existing);
  Scorer scorer = Make({.analyze = {.targets = {"t4"}}});
  std::vector<ScoreRow> first = scorer.Score(kMlp, "a");
  const std::vector<ScoreRow> second = scorer.Score(copy, "b");
  EXPECT_EQ(second[0].text("path"), "b");
  EXPECT_EQ(second[0].text("graph"), first[0].text("graph"));
  first[0].at("path") = std::string("b");
  EXPECT_EQ(first[0], second[0]);
}

TEST(Scorer, WhatFailsSaysWhyAndHasEveryKey) {
  Scorer scorer = Make({.analyze = {.targets = {"t4", "l4"}}});
  const std::vector<ScoreRow> rows = scorer.Score("testdata/README.md", "README.md");
  ASSERT_THAT(rows, SizeIs(2));
  for (const ScoreRow& row : rows) {
    EXPECT_EQ(row.text("status"), kFailed);
    EXPECT_NE(row.text("error"), "");
    EXPECT_THAT(std::string(row.text("error")), Not(HasSubstr("testdata")));
    EXPECT_TRUE(std::isnan(row.number("macs")));
  }
  EXPECT_EQ(rows[0].text("target"), "t4");
  EXPECT_EQ(rows[1].text("target"), "l4");
}

TEST(Scorer, WithoutTargetsWorkAlone) {
  Scorer scorer = Make({});
  const std::vector<ScoreRow> rows = scorer.Score(kMlp, "mlp");
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].text("target"), "");
  EXPECT_NEAR(rows[0].number("score"), 100 * 1e9 / rows[0].number("macs"), 1e-6);
  EXPECT_TRUE(std::isnan(rows[0].number("latency_s")));
}

TEST(Scorer, SizesOfNamesThatAModelLacksBindNothing) {
  AnalyzeOptions analyze = {.targets = {"t4"}};
  analyze.bindings.dims = {{"no_such_axis", 8}};
  const std::vector<ScoreRow> rows = Make({.analyze = analyze}).Score(kMlp, "mlp");
  EXPECT_EQ(rows[0].text("status"), kScored) << rows[0].text("error");
  EXPECT_EQ(rows[0].text("dims"), "no_such_axis=8");
}

TEST(Scorer, LimitsAreJudged) {
  ScorerOptions options{.analyze = {.targets = {"t4"}}};
  options.fit.limits.Set(LimitKind::kLatency, 1e-9);
  Scorer scorer = Make(options);
  EXPECT_TRUE(scorer.limited());
  const std::vector<ScoreRow> rows = scorer.Score(kMlp, "mlp");
  EXPECT_EQ(rows[0].text("verdict"), "FAIL");
  EXPECT_EQ(rows[0].text("binding"), "latency");
  // A limit is the reference.
  EXPECT_NEAR(rows[0].number("score"), 100 * 1e-9 / rows[0].number("latency_s"), 1e-9);
}

TEST(Scorer, SettingsTellWhatRowsAreMadeWith) {
  const auto settings = [](const ScorerOptions& options) { return Make(options).settings(); };
  const ScorerOptions t4{.analyze = {.targets = {"t4"}}, .version = "assay 1"};
  EXPECT_EQ(settings(t4), settings(t4));
  ScorerOptions other = t4;
  other.version = "assay 2";
  EXPECT_NE(settings(t4), settings(other));
  other = t4;
  other.analyze.targets = {"l4"};
  EXPECT_NE(settings(t4), settings(other));
  other = t4;
  other.analyze.bindings.batch = 8;
  EXPECT_NE(settings(t4), settings(other));
  other = t4;
  other.weights = {*ParseWeight("latency=1"), *ParseWeight("memory")};
  EXPECT_NE(settings(t4), settings(other));
  other = t4;
  other.fit.limits.Set(LimitKind::kLatency, 1);
  EXPECT_NE(settings(t4), settings(other));
}

TEST(Score, IsTheGeometricMeanOfMerits) {
  ScoreRow row;
  row.at("latency_s") = 5e-3;          // twice as good as 10 ms
  row.at("memory_bytes") = 400e6;      // a quarter as good as 100 MB
  row.at("throughput_per_s") = 300.0;  // three times as good as 100/s
  const auto score = [&](const std::vector<absl::string_view>& texts, Limits limits = {}) {
    std::vector<Weight> weights;
    for (absl::string_view text : texts) weights.push_back(*ParseWeight(text));
    return ScoreOf(row, weights, limits);
  };
  EXPECT_NEAR(score({"latency"}), 200, 1e-9);
  EXPECT_NEAR(score({"throughput=7"}), 300, 1e-9);
  EXPECT_NEAR(score({"latency=2", "memory=1"}), 100, 1e-9);  // (2 x 2 / 4) ^ (1/3)
  EXPECT_TRUE(std::isnan(score({"latency", "energy"})));
  Limits limits;
  limits.Set(LimitKind::kLatency, 20e-3);
  EXPECT_NEAR(score({"latency"}, limits), 400, 1e-9);
}

TEST(Score, WeightsAreNamesAndNumbers) {
  EXPECT_EQ(ParseWeight("energy=0.5")->weight, 0.5);
  EXPECT_THAT(ParseWeight("speed").status().message(), HasSubstr("there are latency, "));
  for (absl::string_view bad :
       {"latency=", "latency=0", "latency=-1", "latency=x", "latency=1=2"}) {
    EXPECT_FALSE(ParseWeight(bad).ok()) << bad;
  }
}

TEST(Score, DimsInAnOrderOfTheirOwn) {
  Bindings bindings;
  bindings.dims = {{"seq", 128}, {"batch", 8}};
  EXPECT_EQ(DimsText(bindings), "batch=8 seq=128");
  bindings.batch = 4;
  bindings.shapes = {{"x", {1, 3}}};
  EXPECT_EQ(DimsText(bindings), "batch=8 seq=128 --batch 4 --shape x=1x3");
}

}  // namespace
}  // namespace assay
