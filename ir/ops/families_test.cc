// What holds for every row of every family.
#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

TEST(FamiliesTest, RowsAreComplete) {
  std::set<std::pair<std::string, std::string>> seen;
  int64_t newest = 0;
  for (const OpRow* row : OpTable::BuiltIn().rows()) {
    SCOPED_TRACE(std::string(row->name));
    EXPECT_TRUE(seen.insert({std::string(row->domain), std::string(row->name)}).second);
    EXPECT_NE(row->shape, nullptr);
    EXPECT_FALSE(row->formula.empty());
    EXPECT_FALSE(row->source.empty());
    int last = 0;
    for (absl::string_view text : absl::StrSplit(row->versions, ' ')) {
      int version = 0;
      EXPECT_TRUE(absl::SimpleAtoi(text, &version)) << row->versions;
      EXPECT_GT(version, last) << row->versions;
      last = version;
    }
    if (row->domain.empty()) newest = std::max<int64_t>(newest, last);
    EXPECT_EQ(OpTable::BuiltIn().Find(row->domain, row->name), row);
  }
  EXPECT_EQ(newest, kNewestOpset);
}

// A rule may refuse what makes no sense, but it answers: operands of any number, type, rank and
// contents, at the oldest and at the newest opset.
TEST(FamiliesTest, RulesSurviveAnyOperands) {
  const std::vector<std::string> kinds = {
      "",
      "f32[*]",
      "f32[]",
      "f32[b, 3, h, w]",
      "f32[?, 0]",
      "i64[2]{b, -1}",
      "i64[]{0}",
      "i64[1]{-9223372036854775807}",
      "i64[1]{9223372036854775807}",
      "stored f32[4]{1, 0, -1, 1e30}",
      "f32[2]{h/w, ?}",
      "i64[0]{}",
      "i64[n]{7...}",
      "bool[3]{1, 0, ?}",
      "seq<f32[?, 4]>#2",
      "opt<i64[2]>",
      "string[3]",
      "f32[4294967296, 4294967296, 4294967296]",
  };
  const std::vector<std::string> attrs = {
      "",
      "axis=1, keepdims=0, axes=[0], to=i64, mode=linear, num_outputs=2, blocksize=2",
      "axis=-9223372036854775807, axes=[-1, 99], perm=[0, 0], pads=[-1], shape=[-5], blocksize=0",
      "axis=9223372036854775807, batch_dims=7, start=-99, end=99, scales=[1e30, -1.0], to=nonsense",
  };
  int answered = 0;
  for (const OpRow* row : OpTable::BuiltIn().rows()) {
    if (row->family == Family::kControl) continue;  // these want regions
    for (size_t i = 0; i < kinds.size(); ++i) {
      // Five kinds, from a different one each time; three of the same; one alone.
      std::vector<std::string> mixed;
      for (size_t k = 0; k < 5; ++k) mixed.push_back(kinds[(i + k * k) % kinds.size()]);
      const std::vector<std::string> lists[] = {mixed, {3, kinds[i]}, {kinds[i]}};
      for (size_t k = 0; k < 3; ++k) {
        OpTester t;
        t.Symbol("n", 0);
        const std::string domain = row->domain.empty() ? "" : absl::StrCat(row->domain, "::");
        OpRun r = t.Run(absl::StrCat(domain, row->name, i % 2 == 0 ? "@28" : "@1"), lists[k],
                        attrs[(i / 2 + k) % attrs.size()], {"y", "", "z"});
        answered += r.status.ok();
      }
    }
  }
  EXPECT_GT(answered, 1000);
}

}  // namespace
}  // namespace assay
