#include "passes/disjoint_sets.h"

#include "gtest/gtest.h"

namespace assay {
namespace {

TEST(DisjointSets, TheLeastMemberStandsForItsSet) {
  DisjointSets sets(6);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(sets.Of(i), i);
  sets.Join(5, 3);
  sets.Join(4, 5);
  EXPECT_EQ(sets.Of(4), 3);
  EXPECT_EQ(sets.Of(2), 2);
  sets.Join(1, 4);
  sets.Join(1, 3);  // one set already
  for (int i : {1, 3, 4, 5}) EXPECT_EQ(sets.Of(i), 1);
  EXPECT_EQ(sets.Of(0), 0);
}

}  // namespace
}  // namespace assay
