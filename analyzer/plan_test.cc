// Concurrency and memory of real models: known answers, and what must hold on every one of them.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "analyzer/models_test_util.h"
#include "analyzer/pipeline.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

Report Analyze(const std::string& name, const std::string& fuse = "greedy") {
  AnalyzeOptions options;
  options.fuse = fuse;
  absl::StatusOr<Plan> plan = MakePlan(options);
  EXPECT_TRUE(plan.ok()) << plan.status();
  absl::StatusOr<Report> report = AnalyzeModel(absl::StrCat(kModelFolder, name), *plan);
  EXPECT_TRUE(report.ok()) << report.status();
  return *std::move(report);
}

// Two branches at each residual block that changes size; four in an Inception block.
TEST(Plan, WidthOfKnownNetworks) {
  EXPECT_EQ(Analyze("resnet18_bn.onnx").analysis.concurrency->width, 2);
  EXPECT_EQ(Analyze("resnet18.onnx").analysis.concurrency->width, 2);
  EXPECT_EQ(Analyze("vgg16.onnx").analysis.concurrency->width, 1);
  const Report inception = Analyze("googlenet.onnx");
  EXPECT_EQ(inception.analysis.concurrency->width, 4);
  EXPECT_EQ(inception.plan->concurrency.width, 4);
}

// Its inverted residuals have nothing beside the chain: what a shortcut carries is a tensor, no
// operator.
TEST(Plan, MobileNetHasWidthOne) {
  EXPECT_EQ(Analyze("mobilenet_v2.onnx").analysis.concurrency->width, 1);
  EXPECT_EQ(Analyze("mobilenet_v2_bn.onnx").analysis.concurrency->width, 1);
}

// The first block's sum: both of its operands and its result, 256 x 56 x 56 each.
TEST(Plan, PeakOfResNet50) {
  const Report r = Analyze("resnet50.onnx");
  const double tensor = 4.0 * 256 * 56 * 56;
  EXPECT_EQ(r.analysis.memory->peak_activation_bytes, 3 * tensor);
  EXPECT_EQ(r.analysis.memory->arena_bytes, 3 * tensor);
}

// Weights are apart from activations, and so are states that one run hands to the next.
TEST(Plan, CachesOfDecoders) {
  for (const char* model : {"llama_kv.onnx", "llama_kv_dynamo.onnx", "gpt2_kv.onnx",
                            "gpt2_kv_dynamo.onnx", "whisper_tiny_decoder_kv.onnx"}) {
    const Report r = Analyze(model);
    const std::vector<Memory::Cache>& caches = r.analysis.memory->caches;
    ASSERT_FALSE(caches.empty()) << model;
    EXPECT_EQ(caches.size() % 2, 0u) << model;  // keys and values
    for (const Memory::Cache& c : caches) {
      EXPECT_GE(c.present_bytes, c.past_bytes) << model;
    }
  }
  EXPECT_TRUE(Analyze("resnet18.onnx").analysis.memory->caches.empty());
  EXPECT_TRUE(Analyze("bert_base.onnx").analysis.memory->caches.empty());
}

void ExpectSound(const Graph& graph, const Memory& m, const std::string& model) {
  // What is alive, step by step, from the buffers; and the plan that holds them.
  std::vector<double> live(std::max<size_t>(m.live.size(), 1), 0);
  std::vector<std::vector<int32_t>> at(live.size());
  for (size_t b = 0; b < m.buffers.size(); ++b) {
    for (int32_t s = m.buffers[b].from; s <= m.buffers[b].to; ++s) {
      live[s] += m.buffers[b].bytes;
      at[s].push_back(static_cast<int32_t>(b));
    }
    ASSERT_LE(m.buffers[b].offset + m.buffers[b].bytes, m.arena_bytes) << model;
  }
  EXPECT_EQ(live, m.live) << model;
  EXPECT_EQ(*std::max_element(live.begin(), live.end()), m.peak_activation_bytes) << model;
  for (std::vector<int32_t>& together : at) {
    std::sort(together.begin(), together.end(),
              [&](int32_t a, int32_t b) { return m.buffers[a].offset < m.buffers[b].offset; });
    double top = 0;
    for (int32_t b : together) {
      if (m.buffers[b].bytes == 0) continue;
      ASSERT_GE(m.buffers[b].offset, top)
          << model << ": " << graph.name(m.buffers[b].value) << " overlaps";
      top = m.buffers[b].offset + m.buffers[b].bytes;
    }
  }
  double peak = 0;
  for (int32_t b : m.peak_buffers) peak += m.buffers[b].bytes;
  EXPECT_EQ(peak, m.peak_activation_bytes) << model;
  EXPECT_LE(m.peak_inplace_bytes, m.peak_activation_bytes) << model;
  EXPECT_LE(m.best_peak_bytes, m.peak_activation_bytes) << model;
  std::vector<int32_t> a = m.order, b = m.best_order;
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  EXPECT_EQ(a, b) << model;
}

TEST(Plan, HoldsOnEveryModel) {
  int plans = 0, tight = 0;
  for (const std::string& model : ModelFiles()) {
    const Report r = Analyze(model);
    ASSERT_NE(r.plan, nullptr) << model;
    ExpectSound(*r.graph, *r.analysis.memory, model);
    ExpectSound(*r.graph, r.plan->memory, model);
    EXPECT_LE(r.plan->memory.buffers.size(), r.analysis.memory->buffers.size()) << model;
    for (const Memory* m : {r.analysis.memory.get(), &r.plan->memory}) {
      ++plans;
      tight += m->arena_bytes <= 1.02 * m->arena_lower_bound_bytes;
    }
    for (const Concurrency* c : {r.analysis.concurrency.get(), &r.plan->concurrency}) {
      EXPECT_GE(c->width_at_most, c->widest_stage) << model;
      if (c->width >= 0) {
        EXPECT_EQ(c->width, c->width_at_most) << model;
      }
      EXPECT_EQ(static_cast<int>(c->profile.size()), c->stages) << model;
      double flops = 0;
      int nodes = 0;
      for (const Concurrency::Stage& s : c->profile) flops += s.flops, nodes += s.nodes;
      EXPECT_EQ(nodes, c->nodes) << model;
      EXPECT_NEAR(flops, r.analysis.numbers->total.flops, 1e-9 * flops) << model;
    }
  }
  EXPECT_GT(plans, 100);
  EXPECT_GE(tight, plans * 9 / 10);  // arenas within 2 % of the most bytes alive
}

}  // namespace
}  // namespace assay
