#include "analyzer/limits.h"

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/folder_test_util.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Written(absl::string_view name, absl::string_view text) {
  std::string path = absl::StrCat(TestFolder(), name);
  std::ofstream(path) << text;
  return path;
}

double Parsed(absl::string_view text, Quantity quantity) {
  const auto amount = ParseAmount(text, quantity, "1");
  EXPECT_TRUE(amount.ok()) << amount.status();
  return amount.value_or(-1);
}

TEST(ParseAmount, NumbersAndUnits) {
  EXPECT_DOUBLE_EQ(Parsed("10ms", Quantity::kSeconds), 0.010);
  EXPECT_DOUBLE_EQ(Parsed("10 ms", Quantity::kSeconds), 0.010);
  EXPECT_DOUBLE_EQ(Parsed("1.5e3us", Quantity::kSeconds), 0.0015);
  EXPECT_DOUBLE_EQ(Parsed("3years", Quantity::kSeconds), 3 * 365.25 * 24 * 3600);
  EXPECT_DOUBLE_EQ(Parsed("100/s", Quantity::kPerSecond), 100);
  EXPECT_DOUBLE_EQ(Parsed("256MiB", Quantity::kBytes), 256.0 * 1024 * 1024);
  EXPECT_DOUBLE_EQ(Parsed("5mJ", Quantity::kJoules), 0.005);
  EXPECT_DOUBLE_EQ(Parsed("15W", Quantity::kWatts), 15);
  EXPECT_DOUBLE_EQ(Parsed("0.5USD", Quantity::kDollars), 0.5);
  EXPECT_DOUBLE_EQ(Parsed("1.8G", Quantity::kCount), 1.8e9);
  EXPECT_DOUBLE_EQ(Parsed("42", Quantity::kCount), 42);
}

TEST(ParseAmount, Errors) {
  EXPECT_EQ(ParseAmount("10", Quantity::kSeconds, "10ms").status().message(),
            "`10` lacks its unit; write it like 10ms");
  EXPECT_EQ(ParseAmount("soon", Quantity::kSeconds, "10ms").status().message(),
            "`soon` is no amount; write it like 10ms");
  EXPECT_THAT(ParseAmount("10GB", Quantity::kSeconds, "10ms").status().message(),
              HasSubstr("`10GB` has the unit `GB`, and s, ms, us,"));
  for (const char* bad : {"", "-1ms", "1..2ms", "1e999s", "nan s", "0x10s", "1,5ms"}) {
    EXPECT_FALSE(ParseAmount(bad, Quantity::kSeconds, "10ms").ok()) << bad;
  }
}

TEST(Requirements, TheModelsCountBeforeTheTargets) {
  const auto read = ReadRequirements(Written("needs.yaml", R"(
schema: requirements/1
max_latency: 20 ms
max_memory: 2 GB
targets:
  "jetson-*": {max_latency: 30 ms, max_power: 15 W}
models:
  "*_large.onnx": {max_latency: 50 ms, require_operators: true}
)"));
  ASSERT_TRUE(read.ok()) << read.status();
  const Limits plain = read->For("models/a.onnx", "h100-sxm");
  EXPECT_DOUBLE_EQ(*plain.of(LimitKind::kLatency), 0.020);
  EXPECT_DOUBLE_EQ(*plain.of(LimitKind::kMemory), 2e9);
  EXPECT_FALSE(plain.of(LimitKind::kPower).has_value());
  const Limits jetson = read->For("models/a.onnx", "jetson-nano");
  EXPECT_DOUBLE_EQ(*jetson.of(LimitKind::kLatency), 0.030);
  EXPECT_DOUBLE_EQ(*jetson.of(LimitKind::kPower), 15);
  EXPECT_DOUBLE_EQ(*jetson.of(LimitKind::kMemory), 2e9);
  Limits large = read->For("models/vit_large.onnx", "jetson-nano");
  EXPECT_DOUBLE_EQ(*large.of(LimitKind::kLatency), 0.050);
  EXPECT_DOUBLE_EQ(*large.of(LimitKind::kPower), 15);
  EXPECT_TRUE(*large.require_operators);
  Limits option;
  option.Set(LimitKind::kLatency, 0.001);
  large.Override(option);
  EXPECT_DOUBLE_EQ(*large.of(LimitKind::kLatency), 0.001);
}

TEST(Requirements, EveryProblemHasItsPlace) {
  std::vector<std::string> errors;
  const std::string path = Written("bad.yaml", R"(schema: requirements/1
max_latencey: 20 ms
max_memory: 2
require_operators: maybe
targets:
  h100-sxm: {max_power: [1, 2], min_power: 3 W}
)");
  const auto read = ReadRequirements(path, &errors);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.status().message(), errors.front());
  EXPECT_THAT(
      errors,
      ElementsAre(
          absl::StrCat(path, ":2:1: unknown key `max_latencey` (did you mean `max_latency`?); ",
                       "correct or remove it"),
          absl::StrCat(path, ":3:13: `max_memory`: `2` lacks its unit; write it like 256MiB"),
          absl::StrCat(path, ":4:20: `require_operators` must be true or false"),
          absl::StrCat(path, ":6:25: `max_power` must be an amount, like 15W"),
          absl::StrCat(path, ":6:33: unknown key `min_power` in `targets.h100-sxm` (did you mean ",
                       "`max_power`?); correct or remove it")));
  EXPECT_THAT(ReadRequirements(Written("other.yaml", "schema: target/1\n")).status().message(),
              HasSubstr(":1:9: schema `target/1` is not `requirements/1`"));
  EXPECT_THAT(ReadRequirements("no/such.yaml").status().message(), HasSubstr("no/such.yaml: "));
}

TEST(Requirements, LimitsAreAboveZero) {
  std::vector<std::string> errors;
  const std::string path =
      Written("zero.yaml",
              "schema: requirements/1\nmax_latency: 0 ms\nlifetime: 0 years\nmax_power: 5 W\n");
  EXPECT_FALSE(ReadRequirements(path, &errors).ok());
  EXPECT_THAT(errors, ElementsAre(HasSubstr(":2:14: `max_latency`: must be above 0, like 10ms"),
                                  HasSubstr(":3:11: `lifetime`: must be above 0, like 3years")));
}

}  // namespace
}  // namespace assay
