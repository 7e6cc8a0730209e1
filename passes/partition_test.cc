#include "passes/partition.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "passes/partition_test_util.h"
#include "passes/passes_test_util.h"

namespace assay {
namespace {

// x -> a -> b -> d, and a -> c -> d: 16 bytes each.
constexpr absl::string_view kDiamond = R"(
    arg %x: f32[4]
    %a = Exp(%x)
    %b = Neg(%a)
    %c = Abs(%a)
    %d = Add(%b, %c)
    return %d
)";

class PartitionTest : public testing::Test {
 protected:
  PartitionTest() : run_(kDiamond), flow_(*run_->flow) {}

  Partition Finish(std::vector<int32_t> kernel_of, std::vector<Grouping::Group> groups) {
    Grouping grouping;
    grouping.kernel_of = std::move(kernel_of);
    grouping.groups = std::move(groups);
    return FinishPartition(run_.graph(), *run_->execution, *run_->numbers, flow_, {}, grouping);
  }
  absl::Status Verify(const Partition& p) {
    return VerifyPartition(run_.graph(), *run_->execution, p);
  }

  Analyzed run_;
  const Flow& flow_;
};

TEST_F(PartitionTest, TrafficOfADiamondInTwoKernels) {
  const Partition p = Finish({1, 1, 1, 0}, {{.name = "end"}, {.name = "begin"}});
  EXPECT_TRUE(Verify(p).ok()) << Verify(p);
  ASSERT_EQ(p.kernels.size(), 2u);
  EXPECT_EQ(p.kernels[0].name, "begin");  // it runs first
  EXPECT_EQ(p.kernels[0].bytes_read, 16);
  EXPECT_EQ(p.kernels[0].bytes_written, 2 * 16);
  EXPECT_EQ(p.kernels[0].bytes_internal, 16);
  EXPECT_EQ(p.kernels[1].reads, (std::vector<ValueId>{run_.value("b"), run_.value("c")}));
  EXPECT_EQ(p.bytes_unfused, (5 + 4) * 16);
  EXPECT_EQ(p.bytes_fused, (1 + 2 + 2 + 1) * 16);
  EXPECT_EQ(p.internal_writes, 16);
  EXPECT_EQ(p.internal_reads, 2 * 16);
  EXPECT_EQ(p.shared_reads, 0);
}

TEST_F(PartitionTest, ExtraReadsCountAsTraffic) {
  const Partition p = Finish({0, 0, 0, 0}, {{.name = "all", .extra_reads = 7}});
  EXPECT_TRUE(Verify(p).ok()) << Verify(p);
  EXPECT_EQ(p.extra_reads, 7);
  EXPECT_EQ(p.bytes_fused, 2 * 16 + 7);
}

TEST_F(PartitionTest, ACycleIsFound) {
  // a and d together wait for b and c, which wait for a.
  const absl::Status s = Verify(Finish({0, 1, 1, 0}, {{.name = "around"}, {.name = "between"}}));
  EXPECT_TRUE(absl::StrContains(s.message(), "in a circle")) << s;
}

// What the body computes, the loop waits for: through a branch that is known, too.
TEST(Partition, ACycleThroughTheBodyOfALoopIsFound) {
  Analyzed run(kBranchInLoop);
  ASSERT_TRUE(run.ok());
  auto verify = [&](std::vector<int32_t> kernel_of, int kernels) {
    Grouping grouping;
    grouping.kernel_of = std::move(kernel_of);
    grouping.groups.resize(kernels);
    return VerifyPartition(
        run.graph(), *run->execution,
        FinishPartition(run.graph(), *run->execution, *run->numbers, *run->flow, {}, grouping));
  };
  // Exp, Loop, Tanh, Add.
  EXPECT_TRUE(verify({0, 1, 2, 3}, 4).ok());
  const absl::Status s = verify({0, 1, 2, 0}, 3);
  EXPECT_TRUE(absl::StrContains(s.message(), "in a circle")) << s;
}

TEST(Partition, PartsThatAreReadTogetherCountUpToTheWhole) {
  EXPECT_EQ(ReadTogether(3, 4, 10), 7);
  EXPECT_EQ(ReadTogether(7, 4, 10), 10);
  EXPECT_EQ(ReadTogether(12, 4, 10), 12);
  EXPECT_EQ(ReadTogether(3, 4, -1), 4);
  EXPECT_EQ(ReadTogether(0, 4, 10), 4);
}

TEST_F(PartitionTest, AWrongSumIsFound) {
  Partition p = Finish({0, 0, 1, 1}, {{.name = "one"}, {.name = "two"}});
  ASSERT_TRUE(Verify(p).ok());
  p.internal_reads += 1;
  EXPECT_TRUE(absl::StrContains(Verify(p).message(), "does not add up")) << Verify(p);
}

TEST_F(PartitionTest, AnOpInNoKernelIsFound) {
  Partition p = Finish({0, 0, 1, 1}, {{.name = "one"}, {.name = "two"}});
  p.kernels[1].ops.pop_back();
  EXPECT_FALSE(Verify(p).ok());
}

TEST_F(PartitionTest, TheGroupingComesBack) {
  const Partition p = Finish({1, 1, 0, 0}, {{.name = "two"}, {.name = "one", .pattern = "act"}});
  const Grouping back = GroupingOf(p, flow_);
  EXPECT_EQ(back.kernel_of, (std::vector<int32_t>{0, 0, 1, 1}));
  EXPECT_EQ(back.groups[0].name, "one");
  EXPECT_EQ(back.groups[0].pattern, "act");
}

}  // namespace
}  // namespace assay
