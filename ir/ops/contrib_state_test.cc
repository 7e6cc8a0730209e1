// com.microsoft's layers with a state. Shapes were compared with ONNX Runtime's own inference.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/ops/work_cases_test_util.h"

namespace assay {
namespace {

using ::testing::ElementsAre;

TEST(CausalConvWithState, KeepsWhatTheKernelReachesBack) {
  const std::string op = "com.microsoft::CausalConvWithState@1";
  ExpectCases({
      {op, {"f32[b, 16, l]", "f32[16, 1, 4]"}, "", {"f32[b, 16, l]", "f32[b, 16, 3]"}},
      {op,
       {"f32[2, 16, 7]", "f32[16, 1, 4]", "", "f32[2, 16, 6]"},
       "dilation=2",
       {"f32[2, 16, 7]", "f32[2, 16, 6]"}},
      {op,
       {"f32[2, 7, 4, 4]", "f32[16, 1, 4]"},
       "channels_last=1, dilation=2",
       {"f32[2, 7, 4, 4]", "f32[2, 6, 4, 4]"}},
      {op,
       {"f32[2, 16, 5, 7]", "f32[16, 1, 3, 4]"},
       "ndim=2",
       {"f32[2, 16, 5, 7]", "f32[2, 16, 5, 3]"}},
      {op,
       {"f32[2, 16, 7]", "f32[16, 1, 4]"},
       "state_window=3",
       {"f32[2, 16, 7]", "f32[3, 2, 16, 3]"}},
  });
  OpTester t;
  EXPECT_FALSE(t.Run(op, {"f32[2, 16, 7]", "f32[16, 1, 4]", "", "f32[2, 16, 3]"}, "dilation=2",
                     {"y", "state"})
                   .status.ok());
  EXPECT_FALSE(t.Run(op, {"f32[2, 16, 7]", "f32[16, 1, 4]"}, "ndim=2").status.ok());
}

TEST(CausalConvWithState, EachChannelByItself) {
  const int64_t out = 2 * 16 * 7, macs = out * 4;
  ExpectWork({
      {"com.microsoft::CausalConvWithState@1",
       {"f32[2, 16, 7]", "f32[16, 1, 4]"},
       "",
       {.macs = macs, .flops = 2 * macs},
       {"y", "state"}},
      // A bias; x * sigmoid(x).
      {"com.microsoft::CausalConvWithState@1",
       {"f32[2, 7, 16]", "f32[16, 1, 4]", "f32[16]"},
       "channels_last=1, activation=silu",
       {.macs = macs, .flops = 2 * macs + (1 + 3) * out, .transcendentals = out},
       {"y", "state"}},
      {"com.microsoft::CausalConvWithState@1",
       {"f32[2, 16, 5, 7]", "f32[16, 1, 3, 4]"},
       "ndim=2",
       {.macs = 5 * out * 3 * 4, .flops = 2 * 5 * out * 3 * 4},
       {"y", "state"}},
      // Fourteen tokens of two sequences.
      {"com.microsoft::VarlenCausalConvWithState@1",
       {"f32[14, 16]", "f32[16, 1, 4]", "i32[3]", "f32[16]", "f32[2, 16, 3]"},
       "activation=swish",
       {.macs = macs, .flops = 2 * macs + (1 + 3) * out, .transcendentals = out},
       {"y", "state"}},
  });
  OpTester t;
  OpRun r = t.Run("com.microsoft::CausalConvWithState@1", {"f32[2, 16, 7]", "f32[16, 1, 4]"},
                  "dilation=3", {"y", "state"});
  EXPECT_THAT(r.work.nest->dilation, ElementsAre(3));
  EXPECT_EQ(r.work.nest->m, Dim(7));
  EXPECT_EQ(r.work.nest->groups, Dim(16));
}

TEST(VarlenCausalConvWithState, Shapes) {
  const std::string op = "com.microsoft::VarlenCausalConvWithState@1";
  ExpectCases({{op,
                {"f16[t, 16]", "f16[16, 1, 4]", "i32[b + 1]", "", "f16[b, 16, 6]", "i32[b]"},
                "dilation=2, state_update_capacity=2",
                {"f16[t, 16]", "f16[b, 16, 6]", "f16[b, 2, 16]"}}});
  OpTester t;
  EXPECT_FALSE(
      t.Run(op, {"f16[7, 16]", "f16[16, 1, 4]", "i32[4]", "", "f16[3, 16, 5]"}, "", {"y", "state"})
          .status.ok());
}

TEST(GatedDeltaNet, ShapesInEverySpelling) {
  const std::string op = "com.microsoft::GatedDeltaNet@1", state = "f32[3, 4, 8, 16]";
  // 2 heads of 16 for Q and K, 4 of 8 for V: 2 * 2 * 16 + 4 * 8 = 96 columns.
  ExpectCases({
      {op,
       {"f16[t, 2, 16]", "f16[t, 2, 16]", "f16[t, 4, 8]", "i32[4]", "f32[t, 4]", "f32[t, 4]",
        state},
       "",
       {"f16[t, 4, 8]", state}},
      {op,
       {"f16[3, s, 2, 16]", "f16[3, s, 2, 16]", "f16[3, s, 4, 8]", "", "f32[3, s, 4]",
        "f32[3, s, 4]", state},
       "",
       {"f16[3, s, 4, 8]", state}},
      {op,
       {"f16[15, 96]", "", "", "", "f32[15, 4]", "f32[15, 4]", state, "", "", "i32[3]"},
       "state_update_capacity=2",
       {"f16[15, 4, 8]", state, absl::StrCat("f32[3, ", 2 * (4 + 2 * 16 + 4 * 8), "]")}},
  });
  OpTester t;
  EXPECT_FALSE(t.Run(op, {"f16[15, 97]", "", "", "", "", "", state}).status.ok());
  EXPECT_FALSE(t.Run(op, {"f16[15, 96]"}).status.ok());
}

TEST(GatedDeltaNet, ProductsWithAStatePerToken) {
  const std::string op = "com.microsoft::GatedDeltaNet@1", state = "f32[3, 4, 8, 16]";
  const int64_t tokens = 15, values = tokens * 4 * 8, elements = values * 16;
  const std::vector<std::string> operands = {"f32[15, 2, 16]",
                                             "f32[15, 2, 16]",
                                             "f32[15, 4, 8]",
                                             "i32[4]",
                                             "f32[15, 4]",
                                             "f32[15, 4]",
                                             state};
  ExpectWork({
      // S^T q and k (x) v; the result is scaled.
      {op,
       operands,
       "update_rule=linear",
       {.macs = 2 * elements, .flops = 2 * 2 * elements + values},
       {"y", "state"}},
      // exp(g) times the state.
      {op,
       operands,
       "update_rule=gated",
       {.macs = 2 * elements,
        .flops = 2 * 2 * elements + values + elements,
        .transcendentals = tokens * 4},
       {"y", "state"}},
      // S^T k, its difference from v, times beta.
      {op,
       operands,
       "update_rule=delta",
       {.macs = 3 * elements, .flops = 2 * 3 * elements + values + 2 * values},
       {"y", "state"}},
      {op,
       operands,
       "",
       {.macs = 3 * elements,
        .flops = 2 * 3 * elements + values + elements + 2 * values,
        .transcendentals = tokens * 4},
       {"y", "state"}},
  });
  // Everything fused: -exp(a) * softplus(g + bias) is a sum, softplus (1 flop, exp, log) and a
  // product per gate, -exp(a) per head; sigmoid(beta); per vector of Q and K 16 squares and sums, a
  // root, 16 quotients.
  std::vector<std::string> fused = operands;
  fused.insert(fused.end(), {"f32[4]", "f32[4]"});
  const int64_t gates = tokens * 4, vectors = 2 * tokens * 2;
  ExpectWork({{op,
               fused,
               "gate_activation=qwen, beta_activation=sigmoid, qk_l2_norm=1",
               {.macs = 3 * elements,
                .flops = 2 * 3 * elements + values + elements + 2 * values + 3 * gates + 4 +
                         2 * gates + 3 * vectors * 16,
                .transcendentals = gates + 2 * gates + 4 + gates + vectors},
               {"y", "state"}}});
  OpTester t;
  OpRun r = t.Run(op, operands, "", {"y", "state"});
  EXPECT_EQ(r.work.nest->batch, Dim(3));
  EXPECT_EQ(r.work.nest->steps, Dim(5));
  EXPECT_EQ(r.work.nest->groups, Dim(3 * 4));
}

TEST(GatedDeltaNet, AgreesWithLinearAttention) {
  // One value head per query head: the two operators are the same recurrence.
  OpTester t;
  for (absl::string_view rule : {"linear", "gated", "delta", "gated_delta"}) {
    const std::string attrs = absl::StrCat("update_rule=", rule);
    OpRun net = t.Run("com.microsoft::GatedDeltaNet@1",
                      {"f32[2, 5, 4, 16]", "f32[2, 5, 4, 16]", "f32[2, 5, 4, 8]", "",
                       "f32[2, 5, 4, 16]", "f32[2, 5, 4]", "f32[2, 4, 8, 16]"},
                      attrs, {"y", "state"});
    for (absl::string_view domain : {"", "com.microsoft::"}) {
      OpRun linear = t.Run(absl::StrCat(domain, "LinearAttention@27"),
                           {"f32[2, 5, 64]", "f32[2, 5, 64]", "f32[2, 5, 32]", "f32[2, 4, 16, 8]",
                            "f32[2, 5, 64]", "f32[2, 5, 4]"},
                           absl::StrCat("q_num_heads=4, kv_num_heads=4, ", attrs), {"a", "b"});
      ASSERT_TRUE(net.status.ok() && linear.status.ok()) << net.status << linear.status;
      EXPECT_EQ(net.work.macs, linear.work.macs) << rule;
      EXPECT_EQ(net.work.flops, linear.work.flops) << rule;
      EXPECT_EQ(net.work.transcendentals, linear.work.transcendentals) << rule;
    }
  }
}

TEST(AttnLSTM, AnLstmThatLooksAtAMemory) {
  // 5 steps of 2 images with 8 inputs, 16 hidden units; a memory of 7 rows of 12, attention of 10
  // columns, and an attention layer to 6.
  const int64_t steps = 5, batch = 2, h = 16, keys = batch * 7;
  const int64_t units = steps * batch * h;
  const int64_t cell = (4 + 3 * 2) * units;  // three sigmoids of 2 flops; 3 exponentials and 2 tanh
  const std::vector<std::string> tail = {
      "", "", "", "", "", "f32[1, 16, 10]", "f32[1, 12, 10]", "f32[1, 10]", "f32[2, 7, 12]"};
  std::vector<std::string> context = {"f32[5, 2, 8]", "f32[1, 64, 20]", "f32[1, 64, 16]"};
  context.insert(context.end(), tail.begin(), tail.end());
  // The memory's projection once; the query's, V tanh(.) and the sum of values at every step.
  const int64_t attention = keys * 12 * 10 + steps * (batch * h * 10 + keys * 10 + keys * 12);
  const int64_t lstm = steps * batch * 4 * h * (8 + 12 + h);
  // keys + query; tanh; softmax.
  const int64_t beside = steps * keys * (10 + 3);
  std::vector<std::string> layered = context;
  layered[1] = "f32[1, 64, 14]";
  layered.insert(layered.end(), {"i32[2]", "f32[1, 28, 6]"});
  const int64_t shorter = steps * batch * 4 * h * (8 + 6 + h);
  const int64_t layer = steps * batch * (12 + 16) * 6;
  ExpectWork({
      {"com.microsoft::AttnLSTM@1",
       context,
       "hidden_size=16",
       {.macs = lstm + attention,
        .flops = 2 * (lstm + attention) + cell + beside,
        .transcendentals = (3 + 2) * units + steps * keys * (10 + 1),
        .comparisons = steps * keys},
       {"y", "h", "c"}},
      {"com.microsoft::AttnLSTM@1",
       layered,
       "hidden_size=16",
       {.macs = shorter + attention + layer,
        .flops = 2 * (shorter + attention + layer) + cell + beside,
        .transcendentals = (3 + 2) * units + steps * keys * (10 + 1),
        .comparisons = steps * keys},
       {"y", "h", "c"}},
  });
  OpTester t;
  EXPECT_THAT(t.Run("com.microsoft::AttnLSTM@1", context, "hidden_size=16", {"y", "h", "c"}).types,
              ElementsAre("f32[5, 1, 2, 16]", "f32[1, 2, 16]", "f32[1, 2, 16]"));
  context[1] = "f32[1, 64, 21]";  // 8 + 12 are 20
  EXPECT_FALSE(t.Run("com.microsoft::AttnLSTM@1", context, "hidden_size=16").status.ok());
}

}  // namespace
}  // namespace assay
