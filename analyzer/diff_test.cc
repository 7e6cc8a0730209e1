#include "analyzer/diff.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "analyzer/models_test_util.h"
#include "analyzer/pipeline.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

Report Analyze(const std::string& path, const std::vector<std::string>& targets = {}) {
  AnalyzeOptions options;
  options.targets = targets;
  absl::StatusOr<Plan> plan = MakePlan(options);
  EXPECT_TRUE(plan.ok()) << plan.status();
  absl::StatusOr<Report> report = AnalyzeModel(path, *plan);
  EXPECT_TRUE(report.ok()) << report.status();
  return *std::move(report);
}
Report Model(const std::string& name, const std::vector<std::string>& targets = {}) {
  return Analyze(absl::StrCat(kModelFolder, name, ".onnx"), targets);
}

// old - removed + added + changed + same = new, to the unit. Costs of removed ones are negative.
void ExpectAddsUp(const Diff& d, const Report& from, const Report& to) {
  const auto sum = [&](auto member) {
    return d.from.*member + d.removed.*member + d.added.*member + d.changed.*member +
           d.same.*member;
  };
  EXPECT_EQ(sum(&DiffCost::macs), to.analysis.numbers->total.macs);
  EXPECT_EQ(sum(&DiffCost::flops), to.analysis.numbers->total.flops);
  EXPECT_EQ(sum(&DiffCost::bytes), to.analysis.numbers->total.bytes());
  EXPECT_EQ(sum(&DiffCost::transcendentals), to.analysis.numbers->total.transcendentals);
  EXPECT_EQ(d.from.macs, from.analysis.numbers->total.macs);
  EXPECT_EQ(d.same.macs, 0);
  EXPECT_EQ(d.same.bytes, 0);
  for (size_t e = 0; e < d.outside.size(); ++e) {
    const double seconds = from.analysis.estimates[e]->latency_s + d.removed.seconds[e] +
                           d.added.seconds[e] + d.changed.seconds[e] + d.same.seconds[e] +
                           d.outside[e];
    const double latency = to.analysis.estimates[e]->latency_s;
    EXPECT_NEAR(seconds, latency, 1e-9 * latency);
  }
}

class DiffModels : public testing::TestWithParam<std::string> {};

TEST_P(DiffModels, NothingChangedAgainstItself) {
  const Report r = Analyze(absl::StrCat(kModelFolder, GetParam()));
  const Diff d = MakeDiff(r, r);
  EXPECT_TRUE(d.equal);
  for (const OpChange& c : d.ops) {
    ASSERT_EQ(c.kind, OpChange::Kind::kSame);
    ASSERT_EQ(c.from, c.to) << r.graph->Describe(c.from);
    ASSERT_EQ(c.what, "");
  }
}

INSTANTIATE_TEST_SUITE_P(All, DiffModels, testing::ValuesIn(ModelFiles()),
                         [](const testing::TestParamInfo<std::string>& info) {
                           return TestNameOf(info.param);
                         });

TEST(Diff, AddsUpBothWays) {
  const std::pair<const char*, const char*> kPairs[] = {
      {"resnet18", "resnet34"},        {"resnet18", "resnet18_bn"},
      {"vit_b_16", "vit_b_16_dynamo"}, {"mobilenet_v2", "mobilenet_v2_bn"},
      {"resnet18", "resnet18_int8"},   {"resnet18", "mlp"}};
  for (const auto& [x, y] : kPairs) {
    SCOPED_TRACE(absl::StrCat(x, " ", y));
    const Report from = Model(x, {"t4"}), to = Model(y, {"t4"});
    const Diff d = MakeDiff(from, to), back = MakeDiff(to, from);
    ExpectAddsUp(d, from, to);
    ExpectAddsUp(back, to, from);
    EXPECT_FALSE(d.equal);
    const auto all = [](const Diff& z) { return z.removed.macs + z.added.macs + z.changed.macs; };
    EXPECT_EQ(all(d), -all(back));
  }
}

// Every one of the 18-layer network's operators is in the 34-layer one, at the same cost. That has
// 2 + 2 + 4 + 6 - ... = (3 + 4 + 6 + 3) - (2 + 2 + 2 + 2) = 8 blocks more, of two convolutions, two
// activations and a sum each; a 3x3 convolution of a block is 115,605,504 MACs in each stage.
TEST(Diff, AddedBlocks) {
  const Diff d = MakeDiff(Model("resnet18"), Model("resnet34"));
  EXPECT_EQ(d.removed.ops, 0);
  EXPECT_EQ(d.added.ops, 8 * 5);
  EXPECT_EQ(d.added.macs, 8.0 * 2 * 64 * 64 * 9 * 56 * 56);
  EXPECT_EQ(d.changed.macs, 0);
}

// One exporter folds the batch normalisations that the other leaves in.
TEST(Diff, BatchNormalizationsAdded) {
  const Diff d = MakeDiff(Model("resnet18"), Model("resnet18_bn"));
  EXPECT_EQ(d.removed.ops, 0);
  EXPECT_EQ(d.added.ops, 20);
  EXPECT_EQ(d.added.macs, 0);
}

}  // namespace
}  // namespace assay
