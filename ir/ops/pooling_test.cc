#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

using ::testing::ElementsAre;

TEST(MaxPool, CountsComparisonsPerWindow) {
  OpTester t;
  OpRun r = t.Run("MaxPool@12", {"f32[1, 64, 112, 112]"},
                  "kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]", {"y", "indices"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_THAT(r.types, ElementsAre("f32[1, 64, 56, 56]", "i64[1, 64, 56, 56]"));
  EXPECT_EQ(r.work.comparisons, Dim(64 * 56 * 56 * (3 * 3 - 1)));
  EXPECT_EQ(r.work.flops, Dim(0));
  EXPECT_THAT(r.work.reads, ElementsAre(Dim(64 * 112 * 112)));
  EXPECT_THAT(r.work.writes, ElementsAre(Dim(64 * 56 * 56), Dim(64 * 56 * 56)));
}

// Brute force: windows whose first element lies in the input or its leading pad, and that, without
// ceil_mode, end within the padded input.
int64_t CountWindows(int64_t in, int64_t kernel, int64_t stride, int64_t begin, int64_t end,
                     int64_t dilation, bool ceil) {
  const int64_t extent = dilation * (kernel - 1) + 1;
  int64_t count = 0;
  for (int64_t start = 0;; start += stride) {
    const int64_t last = start + extent - 1;
    const bool fits = last < begin + in + end;
    if (fits || (ceil && start - stride + extent < begin + in + end && start < begin + in)) {
      ++count;
    } else {
      return count;
    }
  }
}

TEST(MaxPool, CeilModeAgreesWithCountingWindows) {
  for (int64_t in : {4, 5, 6, 7, 13}) {
    for (int64_t kernel : {1, 2, 3}) {
      for (int64_t stride : {1, 2, 3, 4}) {
        for (int64_t begin : {0, 1}) {
          for (int64_t end : {0, 1}) {
            for (int64_t dilation : {1, 2}) {
              for (int ceil : {0, 1}) {
                if (begin >= kernel || end >= kernel) continue;
                if (in + begin + end < dilation * (kernel - 1) + 1) continue;
                OpTester t;
                std::string attrs = absl::StrCat("kernel_shape=[", kernel, "], strides=[", stride,
                                                 "], pads=[", begin, ", ", end, "], dilations=[",
                                                 dilation, "], ceil_mode=", ceil);
                OpRun r = t.Run("MaxPool@12", {absl::StrCat("f32[1, 1, ", in, "]")}, attrs);
                ASSERT_TRUE(r.status.ok()) << attrs << r.status;
                int64_t expected =
                    CountWindows(in, kernel, stride, begin, end, dilation, ceil != 0);
                EXPECT_EQ(r.types[0], absl::StrCat("f32[1, 1, ", expected, "]")) << in << attrs;
                // The same as an expression of a symbolic size, put in afterwards.
                OpRun s = t.Run("MaxPool@12", {"f32[1, 1, n + 3]"}, attrs, {"z"});
                ASSERT_TRUE(s.status.ok()) << attrs << s.status;
                Point point(t.pool().symbols().size(), in - 3);
                absl::StatusOr<int64_t> at = t.pool().Evaluate(s.work.writes[0], point);
                ASSERT_TRUE(at.ok());
                EXPECT_EQ(*at, expected) << in << attrs;
              }
            }
          }
        }
      }
    }
  }
}

TEST(MaxPool, SymbolicCeilModeNeedsNoMinimumWhenWindowsReachFarEnough) {
  OpTester t;
  OpRun r = t.Run("MaxPool@12", {"f32[b, 64, h]"}, "kernel_shape=[3], strides=[2], ceil_mode=1");
  // ceil((h - 3) / 2) + 1
  EXPECT_EQ(r.types[0], "f32[b, 64, " + t.Text(t.Parse("ceildiv(h - 3, 2) + 1")) + "]");
}

TEST(MaxPool, ErrorsSayWhatToGive) {
  OpTester t;
  EXPECT_FALSE(t.Run("MaxPool@12", {"f32[1, 3, 8, 8]"}).status.ok());
  EXPECT_FALSE(t.Run("MaxPool@12", {"f32[3, 8]"}, "kernel_shape=[]").status.ok());
  EXPECT_FALSE(t.Run("MaxPool@12", {"f32[1, 3, 8, 8]"}, "kernel_shape=[9, 1]").status.ok());
  EXPECT_FALSE(t.Run("MaxPool@12", {"f32[1, 3, 8, 8]"}, "kernel_shape=[2, 0]").status.ok());
  EXPECT_EQ(t.Run("MaxPool@12", {"f32[*]"}, "kernel_shape=[2, 2]").types[0], "f32[*]");
}

TEST(AveragePool, OneFlopPerElementOfAWindow) {
  OpTester t;
  OpRun r = t.Run("AveragePool@19", {"f32[2, 8, 6, 6]"}, "kernel_shape=[2, 3], strides=[2, 3]");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[2, 8, 3, 2]");
  EXPECT_EQ(r.work.flops, Dim(2 * 8 * 3 * 2 * (2 * 3)));
  EXPECT_EQ(t.Run("AveragePool@19", {"f32[2, 8, 7, 6]"},
                  "kernel_shape=[3, 3], strides=[2, 4], auto_pad=SAME_LOWER")
                .types[0],
            "f32[2, 8, 4, 2]");
}

TEST(LpPool, PowersSumAndRoot) {
  OpTester t;
  const int64_t outputs = 3 * 4, window = 2 * 2;
  auto run = [&](std::string p) {
    return t.Run("LpPool@18", {"f32[1, 3, 3, 3]"}, "kernel_shape=[2, 2], p=" + p).work;
  };
  EXPECT_EQ(run("1").flops, Dim(outputs * (window + window - 1)));
  EXPECT_EQ(run("1").transcendentals, Dim(0));
  EXPECT_EQ(run("2").flops, Dim(outputs * (window + window - 1)));
  EXPECT_EQ(run("2").transcendentals, Dim(outputs));
  EXPECT_EQ(run("3").flops, Dim(outputs * (window - 1)));
  EXPECT_EQ(run("3").transcendentals, Dim(outputs * (window + 1)));
}

TEST(GlobalPools, TheWindowIsTheImage) {
  OpTester t;
  OpRun r = t.Run("GlobalAveragePool@22", {"f32[b, 512, 7, 7]"});
  EXPECT_EQ(r.types[0], "f32[b, 512, 1, 1]");
  EXPECT_EQ(r.work.flops, t.Parse("b * 512 * 7 * 7"));
  r = t.Run("GlobalMaxPool@1", {"f32[2, 5, 3, 4, 6]"});
  EXPECT_EQ(r.types[0], "f32[2, 5, 1, 1, 1]");
  EXPECT_EQ(r.work.comparisons, Dim(2 * 5 * (3 * 4 * 6 - 1)));
  r = t.Run("GlobalLpPool@2", {"f32[2, 5, 3, 4]"});
  EXPECT_EQ(r.work.flops, Dim(2 * 5 * (2 * 3 * 4 - 1)));
  EXPECT_EQ(r.work.transcendentals, Dim(2 * 5));
  EXPECT_FALSE(t.Run("GlobalMaxPool@1", {"f32[2, 5]"}).status.ok());
}

TEST(MaxUnpool, UndoesThePoolOrTakesTheGivenShape) {
  OpTester t;
  const std::string x = "f32[1, 1, 2, 2]", i = "i64[1, 1, 2, 2]";
  const std::string attrs = "kernel_shape=[2, 2], strides=[2, 2]";
  OpRun r = t.Run("MaxUnpool@11", {x, i}, attrs);
  EXPECT_EQ(r.types[0], "f32[1, 1, 4, 4]");
  EXPECT_THAT(r.work.writes, ElementsAre(Dim(16)));
  EXPECT_EQ(t.Run("MaxUnpool@11", {x, i, "i64[4]{1, 1, 5, 5}"}, attrs).types[0], "f32[1, 1, 5, 5]");
  EXPECT_EQ(t.Run("MaxUnpool@11", {x, i, "i64[4]"}, attrs).types[0], "f32[1, 1, ?, ?]");
  EXPECT_FALSE(t.Run("MaxUnpool@11", {x, i, "i64[3]{1, 5, 5}"}, attrs).status.ok());
  EXPECT_FALSE(t.Run("MaxUnpool@11", {x, i, "i64[4]{1, 1, -5, 5}"}, attrs).status.ok());
}

TEST(MaxRoiPool, OneResultPerRegion) {
  OpTester t;
  OpRun r = t.Run("MaxRoiPool@22", {"f32[1, 16, 20, 30]", "f32[r, 5]"}, "pooled_shape=[7, 6]");
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "f32[r, 16, 7, 6]");
  EXPECT_EQ(r.work.comparisons, t.Parse("r * 16 * 20 * 30"));
  EXPECT_FALSE(t.Run("MaxRoiPool@22", {"f32[1, 16, 20, 30]", "f32[r, 5]"}).status.ok());
}

}  // namespace
}  // namespace assay
