#include "hw/custom_ops.h"

#include <fstream>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/folder_test_util.h"
#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::shared_ptr<const CustomOps> LoadText(const std::string& text) {
  const std::string path = TestFolder() + "ops.yaml";
  std::ofstream(path) << text;
  absl::StatusOr<std::shared_ptr<const CustomOps>> ops = CustomOps::Load({path});
  EXPECT_TRUE(ops.ok()) << ops.status();
  return ops.ok() ? *ops : nullptr;
}

TEST(CustomOpsTest, TheExampleFile) {
  absl::StatusOr<std::shared_ptr<const CustomOps>> ops =
      CustomOps::Load({"testdata/ops/pointcloud.yaml"});
  ASSERT_TRUE(ops.ok()) << ops.status();
  OpTester t((*ops)->table());
  OpRun r = t.Run("mmdet3d::PointPillarsScatter@1", {"f32[p, 64]", "i32[p, 4]"}, "nx=200, ny=100");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[1, 64, 100, 200]");
  EXPECT_EQ(r.work.int_ops, t.Parse("2 * p"));
  EXPECT_EQ(r.work.writes[0], Dim(64 * 100 * 200));

  r = t.Run("spconv::SubMConv3d@1", {"f16[s, 16]", "i32[s, 4]", "stored f16[32, 3, 3, 3, 16]"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f16[s, 32]");
  EXPECT_EQ(r.work.macs, t.Parse("s * 32 * 27 * 16"));
  EXPECT_EQ(r.work.flops, t.Parse("2 * s * 32 * 27 * 16"));
  EXPECT_EQ(r.work.reads[0], t.Parse("s * 27 * 16"));
  EXPECT_EQ(r.work.reads[2], Dim(32 * 27 * 16));

  r = t.Run("mmdeploy::MultiScaleDeformableAttn@1",
            {"f32[b, 1000, 8, 32]", "i64[4, 2]", "i64[4]", "f32[b, 900, 8, 4, 4, 2]",
             "f32[b, 900, 8, 4, 4]"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[b, 900, 256]");
  EXPECT_EQ(r.work.flops, t.Parse("9 * b * 900 * 8 * 32 * 4 * 4"));
  EXPECT_EQ(r.work.reads[0], t.Parse("4 * b * 900 * 8 * 32 * 4 * 4"));

  r = t.Run("mmdet3d::Voxelization@1", {"f32[20000, 5]"}, "", {"v", "c", "n"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[1].substr(0, 4), "i32[");
  const int symbol = t.pool().SymbolIndex(t.Parse("v"));
  ASSERT_GE(symbol, 0);
  EXPECT_EQ(t.pool().symbols()[symbol].bounds.high, 20000);
  EXPECT_EQ(t.pool().symbols()[symbol].bounds.low, 0);
  EXPECT_EQ(r.work.flops, Dim(6 * 20000));
}

TEST(CustomOpsTest, SizesOfEveryKind) {
  auto ops = LoadText(R"yaml(schema: operators/1
operators:
  Mixed:
    domain: my
    inputs: {a: [n, 3, _], grid: any, b: [n]}
    attributes: {k: ~, step: 2}
    outputs:
      y: {shape: [n * k, a.d2 - 1, "grid.v1", "floordiv(x0.d2, step)"], dtype: f16}
      z: {shape: [], dtype: bool}
    macs: n * k
    flops: a.size
    comparisons: grid.size
)yaml");
  ASSERT_NE(ops, nullptr);
  OpTester t(ops->table());
  OpRun r = t.Run("my::Mixed@1", {"f32[b, 3, 9]", "i64[2]{5, 7}", "f32[b]"}, "k=4", {"y", "z"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_THAT(r.types, ElementsAre("f16[4*b, 8, 7, 4]", "bool[]"));
  EXPECT_EQ(r.work.macs, t.Parse("4 * b"));
  EXPECT_EQ(r.work.flops, t.Parse("2 * 4 * b + b * 3 * 9"));
  EXPECT_EQ(r.work.comparisons, Dim(2));
  EXPECT_EQ(ops->table().Find("my", "Mixed")->family, Family::kCustom);
  // The built-in operators are there as before.
  EXPECT_EQ(ops->table().Find("", "Conv"), OpTable::BuiltIn().Find("", "Conv"));
  EXPECT_EQ(OpTable::BuiltIn().Find("my", "Mixed"), nullptr);
}

TEST(CustomOpsTest, ModelsThatContradictTheDeclaration) {
  auto ops = LoadText(R"yaml(schema: operators/1
operators:
  Pair:
    domain: my
    inputs: {a: [n, 3], b: [n]}
    attributes: {k: ~}
    outputs: {y: {shape: [n - k]}}
    flops: n - k
)yaml");
  ASSERT_NE(ops, nullptr);
  OpTester t(ops->table());
  const auto run = [&](std::vector<std::string> operands, absl::string_view attrs) {
    return std::string(t.Run("my::Pair@1", std::move(operands), attrs).status.message());
  };
  EXPECT_EQ(run({"f32[5, 3]", "f32[5]"}, "k=1"), "");
  EXPECT_THAT(run({"f32[5, 3]", "f32[6]"}, "k=1"), HasSubstr("5 and 6 cannot be equal"));
  EXPECT_THAT(run({"f32[5, 4]", "f32[5]"}, "k=1"), HasSubstr("4 and 3 cannot be equal"));
  EXPECT_THAT(run({"f32[5]", "f32[5]"}, "k=1"), HasSubstr("rank 1; its declaration says 2"));
  EXPECT_THAT(run({"f32[5, 3]", "f32[5]"}, ""), HasSubstr("attribute `k` is missing"));
  EXPECT_THAT(run({"f32[5, 3]", "f32[5]"}, "k=6"), HasSubstr("`n - k` of result `y` is -1"));
  EXPECT_THAT(run({"f32[5, 3]", "f32[5]"}, "k=-9223372036854775807"),
              HasSubstr("does not fit into 64 bits"));
  // Nothing known is nothing wrong.
  EXPECT_EQ(run({"f32[*]", "f32[*]"}, "k=1"), "");
  EXPECT_EQ(run({}, "k=1"), "");
}

TEST(CustomOpsTest, FilesMayNotRepeatEachOther) {
  const std::string path = "testdata/ops/pointcloud.yaml";
  absl::StatusOr<std::shared_ptr<const CustomOps>> ops = CustomOps::Load({path, path});
  EXPECT_THAT(std::string(ops.status().message()), HasSubstr("declared by an earlier file"));
  EXPECT_THAT(std::string(CustomOps::Load({"testdata/none.yaml"}).status().message()),
              HasSubstr("testdata/none.yaml: No such file"));
}

}  // namespace
}  // namespace assay
