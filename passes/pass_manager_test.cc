#include "passes/pass_manager.h"

#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "passes/passes_test_util.h"

namespace assay {
namespace {

TEST(Passes, RowsStandInAnOrderThatRespectsNeeds) {
  FactSet made;
  for (const PassRow& row : Passes()) {
    EXPECT_TRUE(row.needs <= made) << row.name;
    EXPECT_FALSE(made.has(row.makes)) << row.name;
    EXPECT_FALSE(row.summary.empty());
    EXPECT_EQ(FindPass(row.name), &row);
    made |= FactSet{row.makes};
  }
  EXPECT_TRUE(made == FactSet::All());
  EXPECT_EQ(FindPass("nonsense"), nullptr);
}

constexpr absl::string_view kSmall = "arg %x: f32[n, 4]\n%y = Exp(%x)\nreturn %y";

TEST(Passes, AfterStopsThere) {
  PassRequest request;
  request.timings = true;
  for (const PassRow& row : Passes()) {
    request.after = std::string(row.name);
    Analyzed run(kSmall, request);
    ASSERT_TRUE(run.ok());
    EXPECT_EQ(run->shapes != nullptr, true);
    EXPECT_EQ(run->execution != nullptr, row.name != "shapes");
    EXPECT_EQ(run->memory != nullptr, row.name == "memory" || row.name == "estimate");
    EXPECT_EQ(run->concurrency != nullptr, row.name == "concurrency");
    EXPECT_EQ(!run->partitions.empty(),
              row.name == "fusion" || row.name == "kernels" || row.name == "estimate");
    EXPECT_EQ(!run->kernel_plans.empty(), row.name == "kernels");
  }
  Analyzed shapes(kSmall, {.after = "shapes", .timings = true});
  ASSERT_EQ(shapes->timings.size(), 1u);
  EXPECT_EQ(shapes->timings[0].pass, "shapes");
}

TEST(Passes, OnlyWhatIsWantedIsMade) {
  Analyzed run(kSmall, {.wanted = {Fact::kConcurrency}});
  ASSERT_TRUE(run.ok());
  EXPECT_NE(run->concurrency, nullptr);
  EXPECT_NE(run->numbers, nullptr);
  EXPECT_EQ(run->memory, nullptr);
  EXPECT_TRUE(run->partitions.empty());
}

TEST(Passes, EachKeyIsMadeOnce) {
  PassRequest request;
  request.fusions = {{.policy = "none"}, {.policy = "greedy"}, {.policy = "none"}};
  auto h100 = FindTarget("h100-sxm");
  ASSERT_TRUE(h100.ok());
  request.estimates = {{.target = *h100}, {.target = *h100, .precision = "fp16"}};
  request.timings = true;
  Analyzed run(kSmall, request);
  ASSERT_TRUE(run.ok());
  ASSERT_EQ(run->partitions.size(), 2u);
  EXPECT_EQ(run->FindPartition({.policy = "none"}), run->partitions[0].get());
  EXPECT_EQ(run->FindPartition({.policy = "greedy"}), run->partitions[1].get());
  EXPECT_EQ(run->FindPartition({.policy = "greedy", .max_inputs = 1}), nullptr);
  ASSERT_EQ(run->estimates.size(), 2u);
  EXPECT_EQ(run->estimates[1]->request, 1);
  EXPECT_EQ(run->estimates[1]->partition, 1);
  std::vector<std::string> keys;
  for (const PassTiming& t : run->timings) {
    if (!t.key.empty()) keys.push_back(absl::StrCat(t.pass, ":", t.key));
  }
  EXPECT_EQ(keys, (std::vector<std::string>{"fusion:none", "fusion:greedy", "kernels:none",
                                            "kernels:greedy", "estimate:h100-sxm ideal",
                                            "estimate:h100-sxm ideal fp16"}));
}

TEST(Passes, UnknownNamesOfferTheNearest) {
  std::unique_ptr<const Graph> graph = GraphOf(kSmall);
  absl::StatusOr<Analysis> a = RunPasses(*graph, {.after = "shape"});
  ASSERT_FALSE(a.ok());
  EXPECT_TRUE(absl::StrContains(a.status().message(), "`shapes`")) << a.status();
  a = RunPasses(*graph, {.fusions = {{.policy = "non"}}});
  ASSERT_FALSE(a.ok());
  EXPECT_TRUE(absl::StrContains(a.status().message(), "`none`")) << a.status();
  a = RunPasses(*graph, {.point = Point{1, 2, 3}});
  EXPECT_FALSE(a.ok());
}

TEST(Passes, TheFirstErrorInTableOrderIsReported) {
  std::unique_ptr<const Graph> graph = GraphOf(R"(
    arg %x: f32[2, 3]
    weight %w = f32[4, 5]
    %y = MatMul(%x, %w)
    return %y
  )");
  for (int threads : {1, 4}) {
    absl::StatusOr<Analysis> a = RunPasses(*graph, {.threads = threads, .parallel_from = 0});
    ASSERT_FALSE(a.ok());
    EXPECT_TRUE(absl::StrContains(a.status().message(), "MatMul")) << a.status();
  }
}

// A random net of everything that the passes treat apart.
std::string RandomNet(unsigned seed, int ops) {
  std::mt19937 random(seed);
  std::string text =
      "arg %v0: f32[8, 16]\nweight %w = f32[16, 16]\nweight %b = f32[16]\n"
      "weight %n = i64[] {3}\nweight %yes = bool[] {1}\n";
  auto any = [&](int i) {
    return absl::StrCat("%v", std::max(0, i - 1 - static_cast<int>(random() % 4)));
  };
  for (int i = 1; i <= ops; ++i) {
    const std::string v = absl::StrCat("%v", i, " = "), a = any(i), b = any(i);
    switch (random() % 8) {
      case 0:
      case 1:
        absl::StrAppend(&text, v, "MatMul(", a, ", %w)\n");
        break;
      case 2:
        absl::StrAppend(&text, v, "Add(", a, ", %b)\n");
        break;
      case 3:
        absl::StrAppend(&text, v, "Relu(", a, ")\n");
        break;
      case 4:
        absl::StrAppend(&text, v, "Sigmoid(", a, ")\n");
        break;
      case 5:
        absl::StrAppend(&text, v, "Identity(", a, ")\n");
        break;
      case 6:
        absl::StrAppend(&text, v, "Loop(%n, %yes, ", a, ") { body = { arg %i", i, ": i64[] arg %c",
                        i, ": bool[] arg %s", i, ": f32[8, 16] %t", i, " = Add(%s", i, ", ", b,
                        ") %u", i, " = Relu(%t", i, ") return %c", i, ", %u", i, " } }\n");
        break;
      default:
        absl::StrAppend(&text, v, "Mul(", a, ", ", b, ")\n");
    }
  }
  absl::StrAppend(&text, "return %v", ops);
  return text;
}

// All facts as text, exactly.
std::string Dump(const Analyzed& run) {
  std::string out;
  auto add = [&](const auto&... x) { absl::StrAppend(&out, x..., " "); };
  for (Exec e : run->execution->exec) add(Name(e));
  for (Dim d : {run->works->macs, run->works->flops, run->works->bytes_in}) add(run.text(d));
  for (const OpNumbers& n : run->numbers->ops) {
    add(n.multiplicity, n.macs, n.flops, n.bytes_in, n.bytes_out, n.bytes_weights);
  }
  for (const auto& p : run->partitions) {
    for (const Partition::KernelOps& k : p->kernels) {
      add(k.name, k.pattern, k.bytes_read, k.bytes_written, k.bytes_weights, k.bytes_internal);
      for (OpId op : k.ops) add(op.index);
      for (ValueId v : k.reads) add(v.index);
    }
    add(p->bytes_fused, p->bytes_unfused, p->shared_reads);
  }
  add(run->concurrency->stages, run->concurrency->width, run->concurrency->critical_flops);
  for (int32_t op : run->concurrency->critical_nodes) add(op);
  auto add_memory = [&](const Memory& m) {
    add(m.peak_activation_bytes, m.peak_at.index, m.arena_bytes, m.best_peak_bytes);
    for (const Memory::Buffer& b : m.buffers) add(b.value.index, b.from, b.to, b.offset);
    for (int32_t step : m.best_order) add(step);
  };
  add_memory(*run->memory);
  for (const auto& plan : run->kernel_plans) {
    add(plan->concurrency.stages, plan->concurrency.width);
    add_memory(plan->memory);
  }
  for (const auto& e : run->estimates) {
    char buffer[64];
    for (double x : {e->latency_s, e->latency_low_s, e->latency_high_s, e->utilization}) {
      snprintf(buffer, sizeof(buffer), "%a", x);
      add(buffer);
    }
    for (const Kernel& k : e->kernels) add(ToString(k));
  }
  return out;
}

TEST(Passes, SameFactsForAnyNumberOfThreads) {
  auto h100 = FindTarget("h100-sxm");
  auto cpu = FindTarget("i7-12700k");
  ASSERT_TRUE(h100.ok() && cpu.ok());
  for (unsigned seed : {1u, 2u, 3u}) {
    const std::string net = RandomNet(seed, 1500);
    PassRequest request;
    request.fusions = {{.policy = "greedy"}, {.policy = "none"}, {.max_inputs = 3}};
    request.estimates = {
        {.target = *h100}, {.target = *cpu}, {.target = *h100, .precision = "fp16"}};
    request.verify = true;
    request.threads = 1;
    const std::string serial = Dump(Analyzed(net, request));
    for (int threads : {2, 16}) {
      request.threads = threads;
      request.parallel_from = 0;
      ASSERT_EQ(Dump(Analyzed(net, request)), serial) << "seed " << seed << ", threads " << threads;
    }
  }
}

TEST(Passes, FusedTrafficIsNeverMoreThanUnfused) {
  for (unsigned seed = 10; seed < 30; ++seed) {
    PassRequest request;
    request.fusions = {{.policy = "none"}, {.policy = "greedy"}};
    request.verify = true;
    Analyzed run(RandomNet(seed, 80), request);
    ASSERT_TRUE(run.ok());
    EXPECT_LE(run->partitions[1]->bytes_fused, run->partitions[0]->bytes_fused);
    EXPECT_EQ(run->partitions[1]->bytes_unfused, run->partitions[0]->bytes_unfused);
  }
}

}  // namespace
}  // namespace assay
