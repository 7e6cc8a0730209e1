#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

TEST(RandomTest, Shapes) {
  ExpectCases({
      {"RandomNormal@1", {}, "shape=[2, 3]", {"f32[2, 3]"}},
      {"RandomUniform@1", {}, "shape=[2, 3], dtype=f16", {"f16[2, 3]"}},
      {"RandomNormalLike@1", {"f16[b, 3]"}, "", {"f16[b, 3]"}},
      {"RandomUniformLike@1", {"i64[b, 3]"}, "dtype=f32", {"f32[b, 3]"}},
      {"Bernoulli@15", {"f32[b, 3]"}, "dtype=bool", {"bool[b, 3]"}},
      {"Multinomial@7", {"f32[b, 10]"}, "sample_size=4", {"i32[b, 4]"}},
      {"Multinomial@7", {"f32[b, 10]"}, "dtype=i64", {"i64[b, 1]"}},
  });
  EXPECT_FALSE(OpTester().Run("RandomNormal@1", {}, "shape=[-1]").status.ok());
  EXPECT_FALSE(OpTester().Run("Multinomial@7", {"f32[9]"}).status.ok());
}

TEST(RandomTest, Work) {
  OpTester t;
  OpRun r = t.Run("RandomNormalLike@1", {"f32[b, 10]"});
  EXPECT_EQ(t.Text(r.work.reads[0]), "0");
  EXPECT_EQ(t.Text(r.work.flops), "20*b");
  EXPECT_EQ(t.Text(r.work.transcendentals), "20*b");
  r = t.Run("Multinomial@7", {"f32[3, 10]"}, "sample_size=4");
  EXPECT_EQ(t.Text(r.work.transcendentals), std::to_string(3 * 10));
  EXPECT_EQ(t.Text(r.work.comparisons), std::to_string(3 * 4 * 4));  // 2^4 >= 10
}

TEST(RandomTest, EveryRowIsRandom) {
  for (const OpRow* row : OpTable::BuiltIn().rows()) {
    EXPECT_EQ(row->random, row->family == Family::kRandom) << row->name;
  }
}

}  // namespace
}  // namespace assay
