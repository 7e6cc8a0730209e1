#include "analyzer/units.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include "gtest/gtest.h"

namespace assay {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(UnitsTest, Count) {
  EXPECT_EQ(Count(0), "0");
  EXPECT_EQ(Count(20), "20");
  EXPECT_EQ(Count(9999), "9999");
  EXPECT_EQ(Count(10000), "10.00 k");
  EXPECT_EQ(Count(1814073344.0), "1.814 G");
  EXPECT_EQ(Count(999999), "1.000 M");  // not "1000.0 k"
  EXPECT_EQ(Count(2.5), "2.500");
  EXPECT_EQ(Count(-20000), "-20.00 k");
  EXPECT_EQ(Count(kNan), "?");
}

TEST(UnitsTest, Bytes) {
  EXPECT_EQ(Bytes(0), "0 B");
  EXPECT_EQ(Bytes(46758056), "46.76 MB");
  EXPECT_EQ(Bytes(0.5), "0.500 B");  // one 4-bit element
  EXPECT_EQ(Bytes(1e21), "1000.0 EB");
}

TEST(UnitsTest, Seconds) {
  EXPECT_EQ(Seconds(0.00213), "2.130 ms");
  EXPECT_EQ(Seconds(1), "1 s");
  EXPECT_EQ(Seconds(3e-6), "3.000 us");
  EXPECT_EQ(Seconds(1e-12), "0.001 ns");
}

TEST(UnitsTest, ShortestText) {
  EXPECT_EQ(ShortestText(1814073344.0), "1814073344");
  EXPECT_EQ(ShortestText(-2), "-2");
  EXPECT_EQ(ShortestText(0.1), "0.1");
  EXPECT_EQ(ShortestText(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(ShortestText(1e300), "1e+300");
}

TEST(UnitsTest, Shares) {
  EXPECT_EQ(Percent(0.327), "32.7 %");
  EXPECT_EQ(Percent(1), "100.0 %");
  EXPECT_EQ(Percent(0), "0.0 %");
  EXPECT_EQ(Percent(0.0001), "<0.1 %");
  EXPECT_EQ(Percent(kNan), "?");
  EXPECT_EQ(PercentDigits(0.327), "32.7");
  EXPECT_EQ(PercentDigits(0.0001), "<0.1");
  EXPECT_EQ(Ratio(0.123456), "0.1235");
  EXPECT_EQ(Ratio(38.2141), "38.21");
  EXPECT_EQ(Ratio(123456), "1.235e+05");
}

TEST(UnitsTest, Plural) {
  EXPECT_EQ(Plural(1, "kernel"), "1 kernel");
  EXPECT_EQ(Plural(0, "kernel"), "0 kernels");
}

TEST(UnitsTest, Exact) {
  EXPECT_EQ(Exact(0), "0");
  EXPECT_EQ(Exact(999), "999");
  EXPECT_EQ(Exact(1000), "1,000");
  EXPECT_EQ(Exact(-1814073344), "-1,814,073,344");
  EXPECT_EQ(Exact(std::numeric_limits<int64_t>::max()), "9,223,372,036,854,775,807");
}

}  // namespace
}  // namespace assay
