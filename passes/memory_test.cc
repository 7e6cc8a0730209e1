#include "passes/memory.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "passes/passes_test_util.h"

namespace assay {
namespace {

TEST(Memory, AChainHoldsTwoAtATime) {
  Analyzed run(R"(
    arg %x: f32[10]
    %a = Exp(%x)
    %b = Exp(%a)
    %c = Exp(%b)
    return %c
  )");
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->memory->peak_activation_bytes, 2 * 40);
  EXPECT_EQ(run->memory->peak_at, run.op("Exp", 0));
  // x is the caller's: a needs a place of its own, b and c take over a's.
  EXPECT_EQ(run->memory->peak_inplace_bytes, 2 * 40);
  EXPECT_EQ(run->memory->arena_bytes, 2 * 40);
  EXPECT_EQ(run->memory->weights_bytes, 0);
}

TEST(Memory, InPlaceTakesOverOnlyWhatDies) {
  Analyzed run(R"(
    arg %x: f32[10]
    weight %w = f32[10]
    %a = Add(%x, %w)
    %b = Relu(%a)
    %c = Relu(%b)
    %d = Add(%b, %c)
    return %d
  )");
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->memory->weights_bytes, 40);
  EXPECT_EQ(run->memory->peak_activation_bytes, 3 * 40);  // b, c, d
  EXPECT_EQ(run->memory->peak_at, run.op("Add", 1));
  EXPECT_EQ(run->memory->peak_inplace_bytes, 2 * 40);  // b in a's place; c beside b; d in b's
}

TEST(Memory, ViewsShareAndHoldTheirBuffer) {
  Analyzed run(R"(
    arg %x: f32[10, 1]
    weight %shape = i64[1] {10}
    %a = Exp(%x)
    %v = Reshape(%a, %shape)
    %b = Tanh(%x)
    %c = Add(%v, %v)
    return %b, %c
  )");
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->memory->peak_activation_bytes, 3 * 40);  // x a b, then a b c
}

TEST(Memory, WhatALoopReadsLivesToItsEnd) {
  Analyzed run(R"(
    arg %x: f32[10]
    weight %n = i64[] {5}
    weight %yes = bool[] {1}
    %outside = Exp(%x)
    %y = Loop(%n, %yes, %x) {
      body = {
        arg %i: i64[]
        arg %c: bool[]
        arg %s: f32[10]
        %u = Add(%s, %outside)
        %v = Relu(%u)
        %w = Tanh(%v)
        return %c, %w
      }
    }
    return %y
  )");
  ASSERT_TRUE(run.ok());
  // At Tanh: x and outside, v and w, and the loop's result y, which is complete when the loop is.
  EXPECT_EQ(run->memory->peak_activation_bytes, 5 * 40);
  EXPECT_EQ(run->memory->peak_at, run.op("Tanh"));
}

TEST(Memory, NamesWhatIsAliveAtThePeak) {
  Analyzed run(R"(
    arg %x: f32[10]
    %a = Exp(%x)
    %wide = Concat(%a, %x) {axis = 0}
    %s = ReduceSum(%wide) {keepdims = 1}
    return %s
  )");
  ASSERT_TRUE(run.ok());
  const Memory& m = *run->memory;
  EXPECT_EQ(m.live, (std::vector<double>{80, 160, 84}));
  ASSERT_EQ(m.peak_buffers.size(), 3u);
  EXPECT_EQ(m.buffers[m.peak_buffers[0]].value, run.value("wide"));
  EXPECT_EQ(m.buffers[m.peak_buffers[0]].from, 1);
  EXPECT_EQ(m.buffers[m.peak_buffers[0]].to, 2);
  EXPECT_EQ(m.order, (std::vector<int32_t>{0, 1, 2}));
}

// A random program of Exp, Add and Identity; the oracle walks it and frees what nobody reads any
// more.
TEST(Memory, PeakIsThatOfASimulation) {
  std::mt19937 random(11);
  for (int round = 0; round < 200; ++round) {
    const int ops = 1 + static_cast<int>(random() % 12);
    std::string text = "arg %v0: f32[16]\n";
    std::vector<std::vector<int>> operands(1);
    std::vector<int> root = {0};
    for (int i = 1; i <= ops; ++i) {
      const int a = static_cast<int>(random() % i), b = static_cast<int>(random() % i);
      switch (random() % 3) {
        case 0:
          absl::StrAppend(&text, "%v", i, " = Exp(%v", a, ")\n");
          operands.push_back({a});
          root.push_back(i);
          break;
        case 1:
          absl::StrAppend(&text, "%v", i, " = Sub(%v", a, ", %v", b, ")\n");
          operands.push_back({a, b});
          root.push_back(i);
          break;
        default:
          absl::StrAppend(&text, "%v", i, " = Identity(%v", a, ")\n");
          operands.push_back({a});
          root.push_back(root[a]);
      }
    }
    absl::StrAppend(&text, "return %v", ops, "\n");
    // What the result needs.
    std::vector<bool> needed(ops + 1, false);
    needed[ops] = true;
    for (int i = ops; i > 0; --i) {
      if (needed[i]) {
        for (int o : operands[i]) needed[o] = true;
      }
    }
    std::set<int> live;
    if (needed[0]) live.insert(0);
    size_t peak = 0;
    for (int i = 1; i <= ops; ++i) {
      if (!needed[i]) continue;
      const bool runs = root[i] == i;
      if (runs) live.insert(i);
      if (runs) peak = std::max(peak, live.size());
      std::set<int> still = {root[ops]};
      for (int later = i + 1; later <= ops; ++later) {
        if (needed[later]) {
          for (int o : operands[later]) still.insert(root[o]);
        }
      }
      std::set<int> next;
      std::set_intersection(live.begin(), live.end(), still.begin(), still.end(),
                            std::inserter(next, next.begin()));
      live = next;
    }
    if (peak == 0) peak = 1;  // nothing runs: the input is the output
    Analyzed run(text);
    ASSERT_TRUE(run.ok());
    ASSERT_EQ(run->memory->peak_activation_bytes, static_cast<double>(64 * peak)) << text;
    EXPECT_GE(run->memory->arena_bytes, run->memory->peak_activation_bytes);
    EXPECT_LE(run->memory->peak_inplace_bytes, run->memory->peak_activation_bytes);
  }
}

}  // namespace
}  // namespace assay
