#include "analyzer/op_example.h"

#include <set>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "hw/custom_ops.h"

namespace assay {
namespace {

TEST(OpExampleTest, EveryRowIsAnOperatorThatItsRulesAccept) {
  const OpTable& table = OpTable::BuiltIn();
  std::set<std::pair<std::string, std::string>> seen;
  for (const OpExampleRow& e : OpExamples()) {
    SCOPED_TRACE(absl::StrCat(e.domain, " ", e.name));
    EXPECT_TRUE(seen.emplace(e.domain, e.name).second) << "there twice";
    const OpRow* row = table.Find(e.domain, e.name);
    EXPECT_NE(row, nullptr);
    if (row == nullptr) continue;
    absl::StatusOr<std::optional<OpExample>> example = ExampleOf(*row, table);
    EXPECT_TRUE(example.ok()) << example.status();
    if (!example.ok()) continue;
    ASSERT_TRUE(example->has_value());
    EXPECT_FALSE(absl::StrContains((*example)->result, '?')) << (*example)->result;
  }
}

TEST(OpExampleTest, TheRulesFillInWhatIsMade) {
  const OpTable& table = OpTable::BuiltIn();
  absl::StatusOr<std::optional<OpExample>> example = ExampleOf(*table.Find("", "Conv"), table);
  ASSERT_TRUE(example.ok() && example->has_value());
  EXPECT_EQ((*example)->call,
            "Conv(f32[b, 64, 56, 56], stored f32[64, 64, 3, 3]) {pads = [1, 1, 1, 1]}");
  const int64_t macs = 64 * 56 * 56 * 64 * 3 * 3;
  EXPECT_EQ((*example)->result, absl::StrCat("makes f32[b, 64, 56, 56]; macs = ", macs,
                                             "*b; flops = ", 2 * macs, "*b"));
  // What takes one tensor and makes one like it needs no row.
  example = ExampleOf(*table.Find("", "Tanh"), table);
  ASSERT_TRUE(example.ok() && example->has_value());
  EXPECT_EQ((*example)->call, "Tanh(f32[b, 64])");
  // A body of its own is no example in one line.
  example = ExampleOf(*table.Find("", "Loop"), table);
  ASSERT_TRUE(example.ok());
  EXPECT_FALSE(example->has_value());
}

TEST(OpExampleTest, ADeclarationIsItsOwnExample) {
  absl::StatusOr<std::shared_ptr<const CustomOps>> custom =
      CustomOps::Load({"testdata/ops/pointcloud.yaml"});
  ASSERT_TRUE(custom.ok()) << custom.status();
  const OpTable& table = (*custom)->table();
  absl::StatusOr<std::optional<OpExample>> example =
      ExampleOf(*table.Find("mmdet3d", "PointPillarsScatter"), table);
  ASSERT_TRUE(example.ok()) << example.status();
  ASSERT_TRUE(example->has_value());
  EXPECT_EQ((*example)->call,
            "PointPillarsScatter(f32[pillars, channels], f32[pillars, 4]) {batch = 1, ny = 496, nx "
            "= 432}");
  EXPECT_EQ((*example)->result, "makes f32[1, channels, 496, 432]; int_ops = 2*pillars");
  for (const OpRow* row : table.rows()) {
    if (row->custom == nullptr) continue;
    absl::StatusOr<std::optional<OpExample>> own = ExampleOf(*row, table);
    ASSERT_TRUE(own.ok()) << row->name << ": " << own.status();
    EXPECT_FALSE(absl::StrContains((*own)->result, '?')) << row->name << ": " << (*own)->result;
  }
}

}  // namespace
}  // namespace assay
