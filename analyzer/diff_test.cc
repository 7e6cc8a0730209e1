#include "analyzer/diff.h"

#include <cstdint>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "analyzer/models_test_util.h"
#include "analyzer/pipeline.h"
#include "gtest/gtest.h"
#include "ir/folder_test_util.h"

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

// Half of the channels inside each block: of the 16 convolutions of blocks (three stages begin with
// one of half the work), half of the work; what they write and read is cut, and nothing else.
TEST(Diff, PrunedChannels) {
  const Report from = Model("resnet18"), to = Model("resnet18_pruned");
  const Diff d = MakeDiff(from, to);
  ExpectAddsUp(d, from, to);
  const double conv = 64.0 * 64 * 9 * 56 * 56;
  EXPECT_EQ(d.changed.macs, -(4 * conv + 3 * (conv / 2 + 3 * conv)) / 2);
  EXPECT_EQ(d.removed.ops, 0);
  EXPECT_EQ(d.added.ops, 0);
  int changed = 0;
  for (const OpChange& c : d.ops) changed += c.kind == OpChange::Kind::kChanged ? 1 : 0;
  EXPECT_EQ(changed, 8 * 3);  // two convolutions and the activation between them
}

// A model file with every name of a node and of a tensor replaced, and without metadata.
class Renamer {
 public:
  enum Message { kModel, kGraph, kNode, kAttribute, kTensor, kValue };
  std::string Rewrite(absl::string_view in, Message m) {
    std::string out;
    while (!in.empty()) {
      const absl::string_view start = in;
      const uint64_t key = Varint(&in);
      const uint64_t field = key >> 3, wire = key & 7;
      if (wire != 2) {
        if (wire == 0) Varint(&in);
        if (wire == 1) in.remove_prefix(8);
        if (wire == 5) in.remove_prefix(4);
        absl::StrAppend(&out, start.substr(0, start.size() - in.size()));
        continue;
      }
      const uint64_t size = Varint(&in);
      std::string bytes(in.substr(0, size));
      in.remove_prefix(size);
      if (m == kModel && field == 7) bytes = Rewrite(bytes, kGraph);
      if (m == kGraph && field == 1) bytes = Rewrite(bytes, kNode);
      if (m == kGraph && field == 5) bytes = Rewrite(bytes, kTensor);
      if (m == kGraph && (field == 11 || field == 12 || field == 13))
        bytes = Rewrite(bytes, kValue);
      if (m == kNode && field == 5) bytes = Rewrite(bytes, kAttribute);
      if (m == kAttribute && field == 6) bytes = Rewrite(bytes, kGraph);
      if (m == kNode && field == 9) continue;  // metadata
      const bool name =
          (m == kNode && field <= 3) || (m == kTensor && field == 8) || (m == kValue && field == 1);
      if (name && !bytes.empty()) bytes = NewName(bytes);
      out += static_cast<char>(key);  // fields below 16
      for (uint64_t n = bytes.size();; n >>= 7) {
        out += static_cast<char>(n < 128 ? n : (n & 127) | 128);
        if (n < 128) break;
      }
      out += bytes;
    }
    return out;
  }

 private:
  static uint64_t Varint(absl::string_view* in) {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(in->front());
      in->remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 127) << shift;
      if (byte < 128) return value;
    }
  }
  std::string NewName(const std::string& old_name) {
    return names_.try_emplace(old_name, absl::StrCat("x", names_.size() * 7 % 100003))
        .first->second;
  }
  std::map<std::string, std::string> names_;
};

TEST(Diff, RenamedModelsMatchWholly) {
  for (const char* model : {"mlp", "resnet18", "googlenet", "bert_base", "mobilenet_v2_bn"}) {
    SCOPED_TRACE(model);
    std::ifstream file(absl::StrCat(kModelFolder, model, ".onnx"), std::ios::binary);
    std::stringstream bytes;
    bytes << file.rdbuf();
    const std::string path = absl::StrCat(TestFolder(), "renamed_", model, ".onnx");
    std::ofstream(path, std::ios::binary) << Renamer().Rewrite(bytes.str(), Renamer::kModel);
    const Report from = Model(model), to = Analyze(path);
    EXPECT_NE(from.graph->str(from.graph->op(OpId(0)).location.name),
              to.graph->str(to.graph->op(OpId(0)).location.name));
    const Diff d = MakeDiff(from, to);
    EXPECT_TRUE(d.equal);
    for (const OpChange& c : d.ops) {
      ASSERT_TRUE(c.to.has_value()) << from.graph->Describe(c.from);
      EXPECT_EQ(d.match.how[c.from.index], GraphMatch::How::kStructure);
    }
  }
}

TEST(Diff, AddsUpBothWays) {
  const std::pair<const char*, const char*> kPairs[] = {{"resnet18", "resnet34"},
                                                        {"resnet18", "resnet18_bn"},
                                                        {"vit_b_16", "vit_b_16_dynamo"},
                                                        {"mobilenet_v2", "mobilenet_v2_bn"},
                                                        {"resnet18", "resnet18_int8"},
                                                        {"resnet18", "resnet18_pruned"},
                                                        {"resnet18", "mlp"}};
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
