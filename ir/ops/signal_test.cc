#include <string>

#include "ir/ops/op_test_util.h"

namespace assay {
namespace {

TEST(SignalTest, Shapes) {
  ExpectCases({
      {"HannWindow@17", {"i64[]{400}"}, "", {"f32[400]"}},
      {"HammingWindow@17", {"i64[]{n}"}, "periodic=0", {"f32[n]"}},
      {"BlackmanWindow@17", {"i32[]{10}"}, "output_datatype=f16", {"f16[10]"}},
      // Real and complex signals; whole, one-sided and inverse.
      {"DFT@17", {"f32[b, 10, 1]"}, "", {"f32[b, 10, 2]"}},
      {"DFT@17", {"f32[b, 10, 7, 2]"}, "axis=2, inverse=1", {"f32[b, 10, 7, 2]"}},
      {"DFT@17", {"f32[b, 10, 1]", "i64[]{16}"}, "onesided=1", {"f32[b, 9, 2]"}},
      {"DFT@20", {"f32[b, 10, s, 1]"}, "", {"f32[b, 10, s, 2]"}},
      {"DFT@20", {"f32[b, 10, 7, 1]", "", "i64[]{1}"}, "onesided=1", {"f32[b, 6, 7, 2]"}},
      {"DFT@20", {"f32[b, 10, 7, 1]", "", "i64[]{-3}"}, "", {"f32[b, 10, 7, 2]"}},
      {"DFT@17", {"f32[b, 6, 2]"}, "onesided=1, inverse=1", {"f32[b, 10, 1]"}},
      {"DFT@20", {"f32[b, 6, 2]"}, "onesided=1, inverse=1", {"f32[b, 10, 1]"}},
      {"DFT@20", {"f32[b, 6, 2]", "i64[]{11}"}, "onesided=1, inverse=1", {"f32[b, 11, 1]"}},
      {"DFT@20", {"f32[b, s, 2]"}, "onesided=1, inverse=1", {"f32[b, 2*s - 2, 1]"}},
      {"DFT@20", {"f32[b, 0, 2]"}, "onesided=1, inverse=1", {"f32[b, 0, 1]"}},
      // (128 - 16) / 8 + 1 = 15 frames of 16 / 2 + 1 bins.
      {"STFT@17", {"f32[b, 128, 1]", "i64[]{8}", "f32[16]"}, "", {"f32[b, 15, 9, 2]"}},
      {"STFT@17",
       {"f32[b, 128, 2]", "i64[]{8}", "", "i64[]{16}"},
       "onesided=0",
       {"f32[b, 15, 16, 2]"}},
      {"STFT@17", {"f32[b, 128]", "i64[]{8}", "f32[16]", "i64[]{16}"}, "", {"f32[b, 15, 9, 2]"}},
      {"STFT@17", {"f32[b, 12, 1]", "i64[]{5}"}, "", {"f32[b, 1, 7, 2]"}},
      {"MelWeightMatrix@17",
       {"i64[]{8}", "i64[]{16}", "i64[]{8192}", "f32[]", "f32[]"},
       "",
       {"f32[9, 8]"}},
  });
}

// A symbolic signal: floor((s - 400) / 160) + 1 frames.
TEST(SignalTest, FramesOfASymbolicSignal) {
  OpTester t;
  t.Symbol("s", 400);
  OpRun r = t.Run("STFT@17", {"f32[b, s, 1]", "i64[]{160}", "f32[400]"});
  const std::string frames = t.Text(t.Parse("floordiv(s - 400, 160) + 1"));
  EXPECT_EQ(r.types[0], absl::StrCat("f32[b, ", frames, ", 201, 2]"));
}

// 5 N log2 N for complex numbers, half of it for real ones.
TEST(SignalTest, FourierWork) {
  OpTester t;
  OpRun r = t.Run("DFT@20", {"f32[b, 1024, 2]"});
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(5 * 1024 * 10) + "*b");
  r = t.Run("DFT@20", {"f32[3, 1024, 7, 1]", "", "i64[]{1}"});
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(3 * 7 * 5 * 1024 * 10 / 2));
  r = t.Run("DFT@20", {"f32[3, 1024, 2]"}, "inverse=1");
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(3 * (5 * 1024 * 10 + 1024 * 2)));
  // log2 1000 = 9.966
  r = t.Run("DFT@20", {"f32[1, 1000, 2]"});
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(5 * 9966));
  // Filled up with zeros to 1024; cut to 16, of which no more are read.
  r = t.Run("DFT@20", {"f32[3, 1000, 2]", "i64[]{1024}"});
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(3 * 5 * 1024 * 10));
  EXPECT_EQ(t.Text(r.work.reads[0]), std::to_string(3 * 1000 * 2));
  r = t.Run("DFT@20", {"f32[3, 1000, 2]", "i64[]{16}"});
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(3 * 5 * 16 * 4));
  EXPECT_EQ(t.Text(r.work.reads[0]), std::to_string(3 * 16 * 2));
  // One point is itself; a symbol has no logarithm.
  r = t.Run("DFT@20", {"f32[3, 1, 2]"});
  EXPECT_EQ(t.Text(r.work.flops), "0");
  r = t.Run("DFT@20", {"f32[3, s, 2]"});
  EXPECT_TRUE(r.work.flops.unknown());
}

TEST(SignalTest, ShortTimeWork) {
  OpTester t;
  // 15 frames of 16 points: real transforms, and the window.
  OpRun r = t.Run("STFT@17", {"f32[b, 128, 1]", "i64[]{8}", "f32[16]"});
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(15 * (5 * 16 * 4 / 2 + 16)) + "*b");
  r = t.Run("STFT@17", {"f32[b, 128, 2]", "i64[]{8}", "f32[16]"});
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(15 * (5 * 16 * 4 + 2 * 16)) + "*b");
  r = t.Run("STFT@17", {"f32[b, 128, 1]", "i64[]{8}", "", "i64[]{16}"});
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(15 * (5 * 16 * 4 / 2)) + "*b");
}

TEST(SignalTest, WindowAndMelWork) {
  OpTester t;
  OpRun r = t.Run("HannWindow@17", {"i64[]{400}"});
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(3 * 400));
  EXPECT_EQ(t.Text(r.work.transcendentals), "400");
  r = t.Run("HammingWindow@17", {"i64[]{400}"});
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(3 * 400));
  r = t.Run("BlackmanWindow@17", {"i64[]{400}"});
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(6 * 400));
  EXPECT_EQ(t.Text(r.work.transcendentals), std::to_string(2 * 400));
  // 80 triangles have 82 corners; 400 / 2 + 1 bins.
  r = t.Run("MelWeightMatrix@17",
            {"i64[]{80}", "i64[]{400}", "i64[]{16000}", "f32[]{0.0}", "f32[]{8000.0}"});
  EXPECT_EQ(t.Text(r.work.flops), std::to_string(82 * 8 + 201 * 2 * 2 + 8));
  EXPECT_EQ(t.Text(r.work.transcendentals), std::to_string(82 + 2));
}

// Sizes that are not given become bounded symbols.
TEST(SignalTest, UnknownSizes) {
  OpTester t;
  OpRun r = t.Run("HannWindow@17", {"i64[]"}, "", {"w"});
  EXPECT_EQ(r.types[0], "f32[w]");
  r = t.Run("DFT@17", {"f32[b, 10, 1]", "i64[]"}, "", {"f"});
  EXPECT_EQ(r.types[0], "f32[b, f, 2]");
  EXPECT_TRUE(r.work.flops.unknown());
  r = t.Run("STFT@17", {"f32[b, 128, 1]", "i64[]", "f32[16]"}, "", {"g"});
  EXPECT_EQ(r.types[0], "f32[b, g, 9, 2]");
  const Bounds bounds = t.pool().BoundsOf(t.Parse("g"));
  EXPECT_EQ(bounds.low, 1);
  EXPECT_EQ(bounds.high, 128);
}

TEST(SignalTest, Refusals) {
  const OpCase cases[] = {
      {"HannWindow@17", {"i64[]{-1}"}, ""},
      {"DFT@17", {"f32[b, 10, 3]"}, ""},
      {"DFT@17", {"f32[10]"}, ""},
      {"DFT@17", {"f32[b, 10, 2]"}, "axis=2"},
      {"DFT@20", {"f32[b, 10, 2]", "", "i64[]{-1}"}, ""},
      {"DFT@20", {"f32[b, 10, 2]", "", "i64[]{9}"}, ""},
      {"DFT@20", {"f32[b, 10, 2]", "i64[]{0}"}, ""},
      {"STFT@17", {"f32[b, 10, 1]", "i64[]{0}", "f32[4]"}, ""},
      {"STFT@17", {"f32[b, 10, 1]", "i64[]{2}", "f32[16]"}, ""},
      {"STFT@17", {"f32[b, 10, 1]", "i64[]{2}", "f32[4]", "i64[]{5}"}, ""},
      {"STFT@17", {"f32[b, 10, 1]", "i64[]{2}", "", "i64[]{-5}"}, ""},
      {"MelWeightMatrix@17", {"i64[]{-8}", "i64[]{16}"}, ""},
  };
  for (const OpCase& c : cases) {
    EXPECT_FALSE(OpTester().Run(c.op, c.operands, c.attrs).status.ok())
        << c.op << " {" << c.attrs << "}";
  }
}

}  // namespace
}  // namespace assay
