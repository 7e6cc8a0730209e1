#include "gtest/gtest.h"
#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

TEST(ChannelsLast, CountsAsTheStandardOperator) {
  OpTester t;
  const int64_t macs = 5 * 5 * 4 * 8 * 3 * 3;  // 7 x 7, kernel 3, no padding
  for (absl::string_view op : {"com.microsoft::NhwcConv@1", "com.microsoft::NhwcFusedConv@1",
                               "com.ms.internal.nhwc::Conv@11"}) {
    OpRun r = t.Run(op, {"f32[b, 7, 7, 8]", "f32[4, 8, 3, 3]"});
    ASSERT_TRUE(r.status.ok()) << op << r.status;
    EXPECT_EQ(r.types[0], "f32[b, 5, 5, 4]") << op;
    EXPECT_EQ(r.work.macs, t.pool().Mul(Dim(macs), t.Parse("b"))) << op;
  }
  OpRun r = t.Run("com.microsoft::NhwcMaxPool@1", {"u8[1, 6, 6, 8]"},
                  "kernel_shape=[2, 2], strides=[2, 2]");
  EXPECT_EQ(r.types[0], "u8[1, 3, 3, 8]");
  EXPECT_EQ(r.work.comparisons, Dim(3 * 3 * 8 * (4 - 1)));
  r = t.Run("com.microsoft::QLinearAveragePool@1", {"u8[1, 6, 6, 8]", "f32[]", "u8[]", "f32[]"},
            "kernel_shape=[2, 2], strides=[2, 2], channels_last=1");
  EXPECT_EQ(r.types[0], "u8[1, 3, 3, 8]");
  EXPECT_EQ(r.work.int_ops, Dim(3 * 3 * 8 * 4));
}

TEST(Plugins, FixedNumbersOfDetections) {
  OpTester t;
  OpRun r = t.Run("TRT::EfficientNMS_TRT@1", {"f32[b, 8400, 4]", "f32[b, 8400, 80]"},
                  "max_output_boxes=50", {"n", "boxes", "scores", "classes"});
  ASSERT_TRUE(r.status.ok()) << r.status;
  EXPECT_EQ(r.types[0], "i32[b, 1]");
  EXPECT_EQ(r.types[1], "f32[b, 50, 4]");
  EXPECT_EQ(r.work.comparisons, t.Parse("b * 8400 * 80"));
}

}  // namespace
}  // namespace assay
