// Every model of testdata/models under the policy `optimal`: never more traffic than `greedy`,
// which never has more than `none`; the invariants of a partition; the same with any number of
// threads.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "analyzer/models_test_util.h"
#include "analyzer/pipeline.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

absl::StatusOr<Report> Analyze(const std::string& file, int threads) {
  absl::StatusOr<Plan> plan = MakePlan({.threads = threads});
  if (!plan.ok()) return plan.status();
  plan->request.parallel_from = 0;
  plan->request.verify = true;
  plan->request.fusions = {{.policy = "none"}, {.policy = "greedy"}, {.policy = "optimal"}};
  return AnalyzeModel(absl::StrCat(kModelFolder, file), *plan);
}

class LeastTrafficTest : public testing::TestWithParam<std::string> {};

TEST_P(LeastTrafficTest, IsNeverMoreThanGreedys) {
  const absl::StatusOr<Report> report = Analyze(GetParam(), 1);
  ASSERT_TRUE(report.ok()) << report.status();
  const Partition* of[3] = {};
  int i = 0;
  for (const char* policy : {"none", "greedy", "optimal"}) {
    of[i] = report->analysis.FindPartition({.policy = policy});
    ASSERT_NE(of[i++], nullptr) << policy;
  }
  EXPECT_LE(of[1]->bytes_fused, of[0]->bytes_fused);
  EXPECT_LE(of[2]->bytes_fused, of[1]->bytes_fused);
  // Greedy's kernels stay whole.
  EXPECT_LE(of[2]->kernels.size(), of[1]->kernels.size());
  for (const Partition::KernelOps& k : of[1]->kernels) {
    for (OpId op : k.ops) {
      EXPECT_EQ(of[2]->kernel_of[op.index], of[2]->kernel_of[k.ops[0].index]) << k.name;
    }
  }
  const absl::StatusOr<Report> again = Analyze(GetParam(), 16);
  ASSERT_TRUE(again.ok()) << again.status();
  const Partition* p = again->analysis.FindPartition({.policy = "optimal"});
  EXPECT_EQ(p->kernel_of, of[2]->kernel_of);
  EXPECT_EQ(p->bytes_fused, of[2]->bytes_fused);
  EXPECT_EQ(p->regions_not_exact, of[2]->regions_not_exact);
}

INSTANTIATE_TEST_SUITE_P(Models, LeastTrafficTest, testing::ValuesIn(ModelFiles()),
                         [](const auto& info) { return TestNameOf(info.param); });

}  // namespace
}  // namespace assay
