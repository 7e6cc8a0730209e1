// Tables of work: an operator on operands, and what it must count, as arithmetic.
//
//   ExpectWork({{"com.microsoft::BiasGelu@1", {"f32[2, 3]", "f32[3]"}, "",
//                {.flops = 5 * 6, .transcendentals = 6}}});
//
// What is left out must be 0. flops include 2 x macs, as everywhere.
#ifndef ASSAY_IR_OPS_WORK_CASES_TEST_UTIL_H_
#define ASSAY_IR_OPS_WORK_CASES_TEST_UTIL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "ir/ops/op_test_util.h"

namespace assay {

struct Counts {
  int64_t macs = 0, flops = 0, transcendentals = 0, int_ops = 0, comparisons = 0;
};

struct WorkCase {
  std::string op;
  std::vector<std::string> operands;
  std::string attrs;
  Counts work;
  std::vector<std::string> results = {"y"};
};

inline void ExpectWork(const std::vector<WorkCase>& cases) {
  for (const WorkCase& c : cases) {
    SCOPED_TRACE(absl::StrCat(c.op, "(", absl::StrJoin(c.operands, "; "), ") {", c.attrs, "}"));
    OpTester t;
    OpRun r = t.Run(c.op, c.operands, c.attrs, c.results);
    EXPECT_TRUE(r.status.ok()) << r.status;
    EXPECT_EQ(t.Text(r.work.macs), std::to_string(c.work.macs)) << "macs";
    EXPECT_EQ(t.Text(r.work.flops), std::to_string(c.work.flops)) << "flops";
    EXPECT_EQ(t.Text(r.work.transcendentals), std::to_string(c.work.transcendentals))
        << "transcendentals";
    EXPECT_EQ(t.Text(r.work.int_ops), std::to_string(c.work.int_ops)) << "int_ops";
    EXPECT_EQ(t.Text(r.work.comparisons), std::to_string(c.work.comparisons)) << "comparisons";
  }
}

}  // namespace assay

#endif  // ASSAY_IR_OPS_WORK_CASES_TEST_UTIL_H_
