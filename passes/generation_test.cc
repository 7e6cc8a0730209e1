// com.microsoft's searches hold a decoder and run it once per token: what that multiplies.
#include "gtest/gtest.h"
#include "passes/passes_test_util.h"

namespace assay {
namespace {

// An embedding and a projection to a vocabulary of 100, of 2 x 4 tokens: two prompts, four beams.
constexpr char kDecoder[] = R"(
        arg %ids: i32[8, 1]
        weight %table = f32[100, 16]
        weight %out = f32[16, 100]
        %h = Gather(%table, %ids)
        %logits = MatMul(%h, %out)
        return %logits
)";
constexpr int64_t kStep = 8 * 1 * 16 * 100;

std::string Search(absl::string_view op, absl::string_view prompt, absl::string_view operands,
                   absl::string_view attrs) {
  return absl::StrCat("arg %prompt: ", prompt, R"(
    weight %most = i32[1] {20}
    weight %least = i32[1] {1}
    weight %beams = i32[1] {4}
    weight %returned = i32[1] {2}
    %y = )",
                      op, "<com.microsoft 1>(%prompt, %most, %least", operands, ") {", attrs,
                      "decoder = {", kDecoder, "}}\n    return %y\n");
}

TEST(Generation, ADecoderAloneContinuesThePrompt) {
  // A prompt of 3 leaves 17 steps to max_length.
  for (absl::string_view op : {"GreedySearch", "Sampling"}) {
    Analyzed run(Search(op, "i32[2, 3]", "", "model_type = 0, "));
    ASSERT_TRUE(run.ok()) << op;
    EXPECT_EQ(run.text(run->execution->multiplicity[run.op("MatMul").index]), "17") << op;
    EXPECT_EQ(run->numbers->total.macs, (20 - 3) * kStep) << op;
    EXPECT_EQ(ToString(run->shapes->types[run.value("y").index], *run->shapes->pool), "i32[2, 20]")
        << op;
  }
  Analyzed run(Search("BeamSearch", "i32[2, 3]", ", %beams, %returned", "model_type = 0, "));
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->numbers->total.macs, (20 - 3) * kStep);
  EXPECT_EQ(ToString(run->shapes->types[run.value("y").index], *run->shapes->pool),
            "i32[2, 2, 20]");
}

TEST(Generation, BehindAnEncoderItStartsAnew) {
  Analyzed run(
      Search("WhisperBeamSearch", "f32[2, 80, 3000]", ", %beams, %returned", "model_type = 2, "));
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->numbers->total.macs, 20 * kStep);
  Analyzed beam(Search("BeamSearch", "i32[2, 3]", ", %beams, %returned", "model_type = 1, "));
  EXPECT_EQ(beam->numbers->total.macs, 20 * kStep);
}

TEST(Generation, APromptOfUnknownLengthLeavesAnExpression) {
  Analyzed run(Search("GreedySearch", "i32[2, s]", "", "model_type = 0, "));
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run.text(run->execution->multiplicity[run.op("MatMul").index]), "max(0, 20 - s)");
}

}  // namespace
}  // namespace assay
