#include <string>

#include "absl/strings/str_cat.h"
#include "cli/cli_test_util.h"
#include "cli/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kPair[] = "testdata/models/resnet18.onnx testdata/models/resnet18_pruned.onnx";

// The rows between old and new add up; so do the changes, of which JSON has all.
TEST(DiffCommand, TablesAddUp) {
  const Outcome o = RunCommand(absl::StrCat("diff ", kPair, " --target t4 --format json"));
  ASSERT_EQ(o.exit, kDone) << o.err;
  const rapidjson::Document d = ParseJson(o.out);
  EXPECT_STREQ(d["schema"].GetString(), "assay.diff/1");
  const auto& ledger = d["ledger"];
  double macs = 0, bytes = 0;
  for (rapidjson::SizeType i = 0; i + 1 < ledger.Size(); ++i) {
    macs += ledger[i]["macs"].GetDouble();
    bytes += ledger[i]["bytes"].GetDouble();
  }
  const auto& last = ledger[ledger.Size() - 1];
  EXPECT_EQ(macs, last["macs"].GetDouble());
  EXPECT_EQ(bytes, last["bytes"].GetDouble());
  double changes = ledger[0]["macs"].GetDouble();
  for (const auto& row : d["changes"].GetArray()) changes += row["macs"].GetDouble();
  EXPECT_EQ(changes, last["macs"].GetDouble());
}

TEST(DiffCommand, EqualModelsAreEqual) {
  const Outcome o = RunCommand("diff testdata/models/mlp.onnx testdata/models/mlp.onnx");
  EXPECT_EQ(o.exit, kDone);
  EXPECT_THAT(o.out, HasSubstr("the two are equal"));
  EXPECT_THAT(o.out, Not(HasSubstr("what makes the difference")));
}

// `batch` is a symbol of the first alone; what neither has is an error.
TEST(DiffCommand, SizesHoldForBoth) {
  const std::string pair =
      "diff testdata/models/resnet18.onnx testdata/models/resnet18_bn.onnx --dim ";
  EXPECT_EQ(RunCommand(absl::StrCat(pair, "batch=1")).exit, kDone);
  const Outcome o = RunCommand(absl::StrCat(pair, "nothing=1"));
  EXPECT_EQ(o.exit, kUsage);
  EXPECT_THAT(o.err, HasSubstr("--dim nothing: neither"));
}

// The name that one model lacks is left out for that model; the other keeps its size.
TEST(DiffCommand, ASizeOfOneModelAlone) {
  const Outcome o = RunCommand(
      "diff testdata/models/resnet18.onnx testdata/models/bert_base.onnx --dim batch=2 --dim "
      "seq=16");
  EXPECT_EQ(o.exit, kDone) << o.err;
  EXPECT_THAT(o.out, HasSubstr("OLD at batch = 2"));
  EXPECT_THAT(o.out, HasSubstr("NEW at batch = 2, seq = 16"));
}

TEST(DiffCommand, BadInput) {
  EXPECT_EQ(RunCommand("diff testdata/models/mlp.onnx").exit, kUsage);
  EXPECT_EQ(RunCommand("diff testdata/models/mlp.onnx nowhere.onnx").exit, kInputFailed);
}

}  // namespace
}  // namespace assay
