// Every operator that counts something has a test which looks at its count.
//
// OpTester notes what is looked at (seen_work_test_util.h). Since each test may run in a process of
// its own, this one runs all others again in one, which write their notes down at the end:
//
//   ir_tests, ASSAY_SEEN_ROWS=FILE     lines "counted|checked|looked DOMAIN NAME"
//
// A row counts arithmetic when its own per_element says so, or when any test made its rule answer
// some; then a test must look at a count that is not 0. A rule of its own that moves elements only
// must have been looked at too.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ir/folder_test_util.h"
#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

constexpr char kVariable[] = "ASSAY_SEEN_ROWS";

std::string NameOf(const OpRow& row) {
  return absl::StrCat(row.domain.empty() ? "ai.onnx" : row.domain, " ", row.name);
}

class SeenRowsWriter : public ::testing::Environment {
 public:
  void TearDown() override {
    const char* file = std::getenv(kVariable);
    if (file == nullptr) return;
    // Rows of a test's own tables may be gone by now: names only of those that are built in.
    std::ofstream out(file);
    for (const OpRow* row : OpTable::BuiltIn().rows()) {
      if (Seen().counted.count(row) > 0) out << "counted " << NameOf(*row) << "\n";
      if (Seen().checked.count(row) > 0) out << "checked " << NameOf(*row) << "\n";
      if (Seen().looked.count(row) > 0) out << "looked " << NameOf(*row) << "\n";
    }
  }
};
const ::testing::Environment* const kWriter =
    ::testing::AddGlobalTestEnvironment(new SeenRowsWriter());

TEST(WorkCoverage, EveryCountHasATest) {
  ASSERT_NE(kWriter, nullptr);
  const std::string file = TestFolder() + "seen_rows";
  const std::string command =
      absl::StrCat("env -u GTEST_TOTAL_SHARDS -u GTEST_SHARD_INDEX -u GTEST_OUTPUT ", kVariable,
                   "='", file, "' /proc/", ::getpid(),
                   "/exe --gtest_filter='-WorkCoverage.*' --gtest_brief=1 > /dev/null 2>&1");
  // Whether those tests pass is for their own runs to say.
  ASSERT_NE(std::system(command.c_str()), -1);
  std::set<std::string> lines;
  {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) lines.insert(line);
  }
  std::remove(file.c_str());
  ASSERT_GT(lines.size(), 100u) << command;

  for (const OpRow* row : OpTable::BuiltIn().rows()) {
    const std::string name = NameOf(*row);
    const PerElement& per = row->per_element;
    const bool own = per.flops != 0 || per.transcendentals != 0 || per.comparisons != 0;
    if (own || lines.count("counted " + name) > 0) {
      EXPECT_TRUE(lines.count("checked " + name) > 0)
          << name << " counts arithmetic that no test expects; add it to its family's test";
    } else if (row->work != nullptr) {
      EXPECT_TRUE(lines.count("looked " + name) > 0)
          << name << " has a work rule that no test looks at; add it to its family's test";
    }
  }
}

}  // namespace
}  // namespace assay
