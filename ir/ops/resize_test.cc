#include <string>
#include <vector>

#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

TEST(ResizeTest, Shapes) {
  ExpectCases({
      // By scales: floor(size * scale), the scale a 32-bit float.
      {"Resize@13", {"f32[b, 3, h, w]", "", "f32[4]{1, 1, 2, 2}"}, "", {"f32[b, 3, 2*h, 2*w]"}},
      {"Resize@13", {"f32[1, 3, 7, 20]", "", "f32[4]{1, 1, 0.5, 0.35}"}, "", {"f32[1, 3, 3, 7]"}},
      {"Resize@13", {"f32[1, 3, 7, 10]", "", "f32[4]{1, 1, 1.5, 1.1}"}, "", {"f32[1, 3, 10, 11]"}},
      {"Resize@13",
       {"f32[b, 3, h, w]", "", "f32[4]{1, 1, 0.5, 1}"},
       "",
       {"f32[b, 3, floordiv(h, 2), w]"}},
      {"Resize@10", {"f32[b, 3, h, w]", "f32[4]{1, 1, 2, 2}"}, "", {"f32[b, 3, 2*h, 2*w]"}},
      {"Upsample@9", {"f32[b, 3, h, w]", "f32[4]{1, 1, 2, 3}"}, "", {"f32[b, 3, 2*h, 3*w]"}},
      {"Upsample@7", {"f32[b, 3, h]"}, "scales=[1.0, 1.0, 2.0]", {"f32[b, 3, 2*h]"}},
      {"Upsample@1",
       {"f32[b, 3, h, w]"},
       "height_scale=2.0, width_scale=3.0",
       {"f32[b, 3, 2*h, 3*w]"}},
      {"Resize@18",
       {"f32[b, 3, h, w]", "", "f32[2]{2, 3}"},
       "axes=[2, 3]",
       {"f32[b, 3, 2*h, 3*w]"}},
      {"Resize@18",
       {"f32[b, 3, h, w]", "", "f32[2]{2, 3}"},
       "axes=[-1, 2]",
       {"f32[b, 3, 3*h, 2*w]"}},
      // Scales that were computed from sizes cancel.
      {"Resize@13", {"f32[b, 3, h, w]", "", "f32[4]{1, 1, th/h, 64/w}"}, "", {"f32[b, 3, th, 64]"}},
      // By sizes; empty scales do not count.
      {"Resize@13",
       {"f32[b, 3, h, w]", "", "", "i64[4]{b, 3, 64, 2*w}"},
       "",
       {"f32[b, 3, 64, 2*w]"}},
      {"Resize@13",
       {"f32[b, 3, h, w]", "f32[0]{}", "f32[0]{}", "i64[4]{b, 3, 9, 9}"},
       "",
       {"f32[b, 3, 9, 9]"}},
      {"Resize@18",
       {"f32[b, 3, h, w]", "", "", "i64[2]{9, 8}"},
       "axes=[2, 3]",
       {"f32[b, 3, 9, 8]"}},
      // 7 x 6 into 7 x 8, of a picture 2 x 4: scale 7/2 or 2; 3 is half up of 2.5.
      {"Resize@18",
       {"f32[2, 4]", "", "", "i64[2]{7, 8}"},
       "keep_aspect_ratio_policy=not_larger",
       {"f32[4, 8]"}},
      {"Resize@18",
       {"f32[2, 4]", "", "", "i64[2]{7, 8}"},
       "keep_aspect_ratio_policy=not_smaller",
       {"f32[7, 14]"}},
      {"Resize@18",
       {"f32[2, 4]", "", "", "i64[2]{5, 5}"},
       "keep_aspect_ratio_policy=not_larger",
       {"f32[3, 5]"}},
      // A crop: 0.25 .. 0.75 of 8 is 4, twice that is 8.
      {"Resize@13",
       {"f32[8, 8]", "f32[4]{0.25, 0, 0.75, 1}", "f32[2]{2, 0.5}"},
       "coordinate_transformation_mode=tf_crop_and_resize",
       {"f32[8, 4]"}},
      // Not known.
      {"Resize@13", {"f32[b, 3, h, w]", "", "f32[4]"}, "", {"f32[y0, y0.1, y0.2, y0.3]"}},
      {"Resize@18", {"f32[b, 3, h, w]", "", "", "i64[2]"}, "axes=[2, 3]", {"f32[b, 3, y0, y0.1]"}},
      {"Resize@13", {"f32[*]", "", "f32[4]{1, 1, 2, 2}"}, "", {"f32[*]"}},
  });
  EXPECT_FALSE(OpTester().Run("Resize@13", {"f32[2, 2]"}).status.ok());
  EXPECT_FALSE(OpTester().Run("Resize@13", {"f32[2, 2]", "", "f32[3]{1, 1, 1}"}).status.ok());
  EXPECT_FALSE(OpTester().Run("Resize@13", {"f32[2, 2]", "", "", "i64[3]{1, 1, 1}"}).status.ok());
}

TEST(ResizeTest, Work) {
  OpTester t;
  const std::vector<std::string> twice = {"f32[2, 3, 4, 5]", "", "f32[4]{1, 1, 2, 2}"};
  const int64_t in = 2 * 3 * 4 * 5, out = 2 * 3 * 8 * 10;
  OpRun r = t.Run("Resize@13", twice, "mode=nearest");
  EXPECT_EQ(t.Text(r.work.flops), "0");
  EXPECT_EQ(t.Text(r.work.reads[0]), std::to_string(in));
  EXPECT_EQ(t.Text(r.work.writes[0]), std::to_string(out));
  r = t.Run("Resize@13", twice, "mode=linear");  // 4 products, 3 additions
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(out * (4 + 3)));
  r = t.Run("Resize@13", twice, "mode=cubic");
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(out * (16 + 15)));
  r = t.Run("Resize@13", {"f32[2, 3, 4]", "", "f32[3]{1, 1, 2}"}, "mode=linear");
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(2 * 3 * 8 * (2 + 1)));
  r = t.Run("Resize@13", {"f32[2, 3, 4]", "", "f32[3]{1, 1, 1}"}, "mode=linear");
  EXPECT_EQ(t.Text(r.work.flops), "0");
  r = t.Run("Resize@13", {"f32[2, 8]", "", "f32[2]{1, 0.25}"}, "mode=nearest");
  EXPECT_EQ(t.Text(r.work.reads[0]), std::to_string(2 * 2));
}

}  // namespace
}  // namespace assay
