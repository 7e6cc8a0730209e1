#include "analyzer/sweep_range.h"

#include <vector>

#include "gtest/gtest.h"

namespace assay {
namespace {

std::vector<double> Whole(const char* text) {
  auto steps = ParseSteps(text, StepKind::kWhole);
  EXPECT_TRUE(steps.ok()) << steps.status();
  return steps.ok() ? *steps : std::vector<double>();
}

std::vector<double> Factors(const char* text) {
  auto steps = ParseSteps(text, StepKind::kFactor);
  EXPECT_TRUE(steps.ok()) << steps.status();
  return steps.ok() ? *steps : std::vector<double>();
}

TEST(SweepRange, DoublesByDefaultAndEndsAreIn) {
  EXPECT_EQ(Whole("1..32"), (std::vector<double>{1, 2, 4, 8, 16, 32}));
  EXPECT_EQ(Whole("1..12"), (std::vector<double>{1, 2, 4, 8, 12}));
  EXPECT_EQ(Whole("3..24"), (std::vector<double>{3, 6, 12, 24}));
  EXPECT_EQ(Whole("0..4"), (std::vector<double>{0, 1, 2, 4}));
  EXPECT_EQ(Whole("7..7"), (std::vector<double>{7}));
  EXPECT_EQ(Factors("0.5x..4x"), (std::vector<double>{0.5, 1, 2, 4}));
}

TEST(SweepRange, StepsFactorsAndLists) {
  EXPECT_EQ(Whole("1..10:3"), (std::vector<double>{1, 4, 7, 10}));
  EXPECT_EQ(Whole("1..9:3"), (std::vector<double>{1, 4, 7}));
  EXPECT_EQ(Whole("1..1000*10"), (std::vector<double>{1, 10, 100, 1000}));
  EXPECT_EQ(Whole("16,1,8..32,16"), (std::vector<double>{1, 8, 16, 32}));
  EXPECT_EQ(Factors("0.5x..1.5x:0.5x"), (std::vector<double>{0.5, 1, 1.5}));
  EXPECT_EQ(Factors("1,3x"), (std::vector<double>{1, 3}));
  EXPECT_EQ(Whole("1..10000:1").size(), 10'000u);
  EXPECT_EQ(Factors("0.1x..0.3x:0.1x").size(), 3u);  // 0.1 + 2 * 0.1 is a little more than 0.3
}

TEST(SweepRange, SaysWhatIsWrong) {
  for (const char* text : {"", "a", "4..1", "1..2..3", "1..", "..3", "-1", "1.5", "1..10:0",
                           "1..10*1", "1..10:x", "1,,2", "1..1000000:1", "1e30"}) {
    auto steps = ParseSteps(text, StepKind::kWhole);
    EXPECT_FALSE(steps.ok()) << text;
    EXPECT_NE(steps.status().message().find("; write 1..256"), std::string::npos) << text;
  }
  for (const char* text : {"0x", "-1x", "1x..nan", "2x..1x"}) {
    EXPECT_FALSE(ParseSteps(text, StepKind::kFactor).ok()) << text;
  }
  EXPECT_TRUE(IsRange("1..2"));
  EXPECT_TRUE(IsRange("1,2"));
  EXPECT_FALSE(IsRange("12"));
}

}  // namespace
}  // namespace assay
