#include "hw/units.h"

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using testing::HasSubstr;

double Parsed(absl::string_view text, Unit unit) {
  absl::StatusOr<double> value = ParseQuantity(text, unit);
  EXPECT_TRUE(value.ok()) << value.status();
  return value.value_or(-1);
}

std::string Refused(absl::string_view text, Unit unit) {
  absl::StatusOr<double> value = ParseQuantity(text, unit);
  EXPECT_FALSE(value.ok()) << text << " read as " << value.value_or(0);
  return std::string(value.status().message());
}

TEST(Units, ReadsPrefixes) {
  EXPECT_EQ(Parsed("3.35 TB/s", Unit::kBytesPerSecond), 3.35e12);
  EXPECT_EQ(Parsed("50 MiB", Unit::kBytes), 50.0 * 1024 * 1024);
  EXPECT_EQ(Parsed("80 GB", Unit::kBytes), 80e9);
  EXPECT_EQ(Parsed("1.83 GHz", Unit::kHertz), 1.83e9);
  EXPECT_EQ(Parsed("2.2 us", Unit::kSeconds), 2.2e-6);
  EXPECT_EQ(Parsed("0 s", Unit::kSeconds), 0);
  EXPECT_DOUBLE_EQ(Parsed("0.65 pJ/op", Unit::kJoulesPerOp), 0.65e-12);
  EXPECT_EQ(Parsed("989 TFLOP/s", Unit::kOpsPerSecond), 989e12);
  EXPECT_EQ(Parsed("1979 TOP/s", Unit::kOpsPerSecond), 1979e12);
  EXPECT_EQ(Parsed("85 %", Unit::kRatio), 0.85);
  EXPECT_EQ(Parsed("132", Unit::kCount), 132);
  EXPECT_EQ(Parsed("1e3 W", Unit::kWatts), 1000);
}

TEST(Units, RefusesWhatIsNotOne) {
  EXPECT_EQ(Refused("2", Unit::kSeconds), "`2` lacks its unit; write time like `2.2 us`");
  EXPECT_EQ(Refused("2 GHz", Unit::kSeconds),
            "`2 GHz` is frequency, not time; write time like `2.2 us`");
  EXPECT_EQ(Refused("60MiB", Unit::kBytes),
            "`60MiB` needs one space between number and unit; write bytes like `50 MiB`");
  EXPECT_THAT(Refused("3 gb/s", Unit::kBytesPerSecond), HasSubstr("did you mean `GB/s`?"));
  EXPECT_THAT(Refused("-1 W", Unit::kWatts), HasSubstr("negative"));
  for (absl::string_view text : {"", " ", "nan W", "inf W", "0x10 W", "1..2 W", "1e W", "--1 W",
                                 "1 ", "1  W", "W", "1e400 W", "1,5 W", "1_0 W", "+ W"}) {
    EXPECT_FALSE(ParseQuantity(text, Unit::kWatts).ok()) << text;
  }
}

TEST(Units, WritesTheShortest) {
  EXPECT_EQ(FormatQuantity(3.35e12, Unit::kBytesPerSecond), "3.35 TB/s");
  EXPECT_EQ(FormatQuantity(50.0 * 1024 * 1024, Unit::kBytes), "50 MiB");
  EXPECT_EQ(FormatQuantity(2.2e-6, Unit::kSeconds), "2.2 us");
  EXPECT_EQ(FormatQuantity(700, Unit::kWatts), "700 W");
  EXPECT_EQ(FormatQuantity(0, Unit::kSeconds), "0 s");
  EXPECT_EQ(FormatQuantity(0.85, Unit::kRatio), "85 %");
}

TEST(Units, WhatIsWrittenReadsTheSame) {
  for (int unit = 0; unit <= static_cast<int>(Unit::kBits); ++unit) {
    for (double mantissa : {1.0, 1.83, 3.3499999, 494.5, 1.0 / 3}) {
      for (int exponent = -14; exponent <= 16; exponent += 3) {
        double value = mantissa * std::pow(10, exponent);
        std::string text = FormatQuantity(value, static_cast<Unit>(unit));
        absl::StatusOr<double> back = ParseQuantity(text, static_cast<Unit>(unit));
        ASSERT_TRUE(back.ok()) << back.status();
        EXPECT_DOUBLE_EQ(*back, value) << text;
      }
    }
  }
}

TEST(Units, ExamplesAreGood) {
  for (int unit = 0; unit <= static_cast<int>(Unit::kBits); ++unit) {
    const UnitRow& row = RowOf(static_cast<Unit>(unit));
    EXPECT_EQ(static_cast<int>(row.unit), unit);
    EXPECT_TRUE(ParseQuantity(row.example, row.unit).ok()) << row.example;
  }
}

}  // namespace
}  // namespace assay
