// Every model of testdata/models under every fusion policy: the invariants, and known answers from
// outside.
#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "analyzer/models_test_util.h"
#include "analyzer/pipeline.h"
#include "gtest/gtest.h"
#include "ir/op_table.h"
#include "passes/fusion.h"
#include "passes/work.h"

namespace assay {
namespace {

absl::StatusOr<Report> Analyze(const std::string& file, std::vector<FusionKey> keys,
                               int threads = 1,
                               std::vector<std::pair<std::string, int64_t>> dims = {}) {
  AnalyzeOptions options{.threads = threads};
  options.bindings.dims = std::move(dims);
  absl::StatusOr<Plan> plan = MakePlan(options);
  if (!plan.ok()) return plan.status();
  plan->request.parallel_from = 0;  // the parallel paths, on small models too
  plan->request.verify = true;
  plan->request.fusions = std::move(keys);
  plan->request.wanted = {Fact::kPartitions};
  return AnalyzeModel(absl::StrCat(kModelFolder, file), *plan);
}

std::vector<FusionKey> AllPolicies() {
  std::vector<FusionKey> keys;
  for (const FusionPolicyRow& row : FusionPolicies()) {
    // The policy `optimal` has a test of its own.
    if (row.name != "optimal") keys.push_back({.policy = std::string(row.name)});
  }
  keys.push_back({.policy = "greedy", .scratchpad_bytes = 1 << 18});
  keys.push_back({.policy = "tensorrt", .scratchpad_bytes = 1 << 18});
  keys.push_back({.policy = "greedy", .max_inputs = 4});
  return keys;
}

class FusionModelsTest : public testing::TestWithParam<std::string> {};

TEST_P(FusionModelsTest, InvariantsHoldUnderEveryPolicy) {
  // Each op in one kernel, kernels in order, the traffic identity: `verify` checks them.
  const absl::StatusOr<Report> report = Analyze(GetParam(), AllPolicies());
  ASSERT_TRUE(report.ok()) << report.status();
  const OpNumbers& total = report->analysis.numbers->total;
  for (const auto& p : report->analysis.partitions) {
    SCOPED_TRACE(p->key.policy);
    // What runs without fusion is what every op reads and writes by itself.
    const double unfused = total.bytes();
    if (report->analysis.numbers->unknown_ops == 0) {
      EXPECT_NEAR(p->bytes_unfused, unfused, 1e-9 * unfused);
    }
    EXPECT_LE(p->bytes_fused - p->inserted, p->bytes_unfused);
    double fused = p->inserted;
    for (const Partition::KernelOps& k : p->kernels) {
      for (double bytes : k.read_bytes) fused += bytes * k.multiplicity;
      for (double bytes : k.write_bytes) fused += bytes * k.multiplicity;
      // Trees and support vectors are no operands.
      for (OpId op : k.ops) {
        if (!report->analysis.numbers->of(op).known) continue;
        fused +=
            k.multiplicity * static_cast<double>(NumbersInAttributes(*report->graph, op).bytes);
      }
    }
    EXPECT_NEAR(p->bytes_fused, fused, 1e-9 * fused);
  }
}

TEST_P(FusionModelsTest, TheSameKernelsForAnyNumberOfThreads) {
  const absl::StatusOr<Report> one = Analyze(GetParam(), AllPolicies(), 1);
  ASSERT_TRUE(one.ok()) << one.status();
  for (int threads : {2, 16}) {
    const absl::StatusOr<Report> many = Analyze(GetParam(), AllPolicies(), threads);
    ASSERT_TRUE(many.ok()) << many.status();
    for (size_t i = 0; i < one->analysis.partitions.size(); ++i) {
      const Partition &a = *one->analysis.partitions[i], &b = *many->analysis.partitions[i];
      EXPECT_EQ(a.kernel_of, b.kernel_of) << a.key.policy;
      EXPECT_EQ(a.bytes_fused, b.bytes_fused) << a.key.policy;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, FusionModelsTest, testing::ValuesIn(ModelFiles()),
                         [](const auto& info) { return TestNameOf(info.param); });

int Attentions(const Partition& p) {
  return static_cast<int>(std::count_if(
      p.kernels.begin(), p.kernels.end(),
      [](const Partition::KernelOps& k) { return absl::StartsWith(k.pattern, "attention"); }));
}

TEST(FusionModels, AttentionIsFoundInEveryLayer) {
  // Layers as the architectures have them: DETR 6 in the encoder, 6 + 6 in the decoder; T5 small 6,
  // each with self and cross in the decoder; Whisper tiny 4 likewise; the U-Net two in each of 16
  // transformer blocks; the small ones as scripts/export_*.py build them.
  const std::map<std::string, int> layers = {
      {"bert_base", 12},
      {"bert_base_dynamo", 12},
      {"bert_base_functions", 12},
      {"bert_base_int8", 12},
      {"bert_base_ort", 12},
      {"bert_base_ort_mha", 12},
      {"detr_resnet50", 18},
      {"detr_resnet50_dynamo", 18},
      {"gpt2", 12},
      {"gpt2_dynamo", 12},
      {"gpt2_kv", 12},
      {"gpt2_kv_dynamo", 12},
      {"gpt2_ort", 12},
      {"jax_transformer", 2},
      {"keras_transformer", 1},
      {"llama3_8b_kv", 32},
      {"llama_kv", 4},
      {"llama_kv_dynamo", 4},
      {"llama_kv_fp16_dynamo", 4},
      {"llama_kv_int4", 4},
      {"llama_kv_nbits", 4},
      {"paddle_encoder", 2},
      {"sd_unet", 32},
      {"sd_unet_dynamo", 32},
      {"swin_t", 12},
      {"swin_t_dynamo", 12},
      {"t5_small_decoder", 12},
      {"t5_small_decoder_dynamo", 12},
      {"t5_small_encoder", 6},
      {"t5_small_encoder_dynamo", 6},
      {"vit_b_16", 12},
      {"vit_b_16_dynamo", 12},
      {"vit_b_16_functions", 12},
      {"whisper_tiny_decoder", 8},
      {"whisper_tiny_decoder_dynamo", 8},
      {"whisper_tiny_decoder_kv", 8},
      {"whisper_tiny_decoder_kv_dynamo", 8},
      {"whisper_tiny_encoder", 4},
      {"whisper_tiny_encoder_dynamo", 4},
  };
  for (const std::string& file : ModelFiles()) {
    const std::string name = file.substr(0, file.rfind('.'));
    const auto known = layers.find(name);
    const absl::StatusOr<Report> report =
        Analyze(file, {{.policy = "greedy"}, {.policy = "eager"}, {.policy = "tensorrt"}});
    ASSERT_TRUE(report.ok()) << report.status();
    for (const auto& p : report->analysis.partitions) {
      EXPECT_EQ(Attentions(*p), known == layers.end() ? 0 : known->second)
          << name << " " << p->key.policy;
    }
  }
}

TEST(FusionModels, ResNetAndMobileNetAsPublished) {
  absl::StatusOr<Report> report =
      Analyze("resnet18_bn.onnx", {{.policy = "greedy"}, {.policy = "tensorrt"}});
  ASSERT_TRUE(report.ok()) << report.status();
  const Partition& resnet = *report->analysis.partitions[0];
  EXPECT_EQ(resnet.kernels.size(), 20u + 8 + 2 + 1);  // convolutions, sums, pools, Gemm
  // Results of the stem's and the stages' convolutions, normalisations and sums, in floats.
  EXPECT_EQ(resnet.bytes_internal, 4 * (2 * 802816 + 8 * 200704 + 9 * (100352 + 50176 + 25088)));
  EXPECT_NEAR(2 * resnet.bytes_internal / resnet.bytes_unfused, 0.3278, 5e-5);
  // Eight sums become epilogues.
  EXPECT_EQ(report->analysis.partitions[1]->kernels.size(), 31u - 8);
  report = Analyze("mobilenet_v2_bn.onnx", {{.policy = "greedy"}, {.policy = "tensorrt"}});
  ASSERT_TRUE(report.ok()) << report.status();
  const Partition& mobilenet = *report->analysis.partitions[0];
  EXPECT_EQ(mobilenet.kernels.size(), 52u + 10 + 1 + 1);
  EXPECT_EQ(mobilenet.bytes_internal, 51135616);
  EXPECT_NEAR(2 * mobilenet.bytes_internal / mobilenet.bytes_unfused, 0.5909, 5e-5);
  EXPECT_EQ(report->analysis.partitions[1]->kernels.size(), 64u - 10);
}

TEST(FusionModels, AnEncoderOfViTLosesFortyPercentOfItsTraffic) {
  for (const char* file : {"vit_b_16.onnx", "vit_b_16_dynamo.onnx", "vit_b_16_functions.onnx"}) {
    const absl::StatusOr<Report> report = Analyze(file, {{.policy = "greedy"}});
    ASSERT_TRUE(report.ok()) << report.status();
    const Partition& p = *report->analysis.partitions[0];
    EXPECT_LE(p.bytes_fused, 0.6 * p.bytes_unfused) << file;
  }
}

TEST(FusionModels, ALayerOfBertIsEightKernelsAtMost) {
  const absl::StatusOr<Report> report =
      Analyze("bert_base.onnx", {{.policy = "greedy"}}, 1, {{"batch", 1}, {"seq", 128}});
  ASSERT_TRUE(report.ok()) << report.status();
  const Graph& graph = *report->graph;
  const Partition& p = *report->analysis.partitions[0];
  for (int layer = 0; layer < 12; ++layer) {
    const std::string name = absl::StrCat("/encoder/layer.", layer, "/");
    int ops = 0;
    std::set<int32_t> kernels;
    for (OpId op(0); op.index < graph.num_ops(); ++op.index) {
      if (!absl::StrContains(graph.str(graph.op(op).location.name), name)) continue;
      if (p.kernel_of[op.index] < 0) continue;
      ++ops;
      kernels.insert(p.kernel_of[op.index]);
    }
    EXPECT_GE(ops, 15) << layer;
    EXPECT_LE(kernels.size(), 8u) << layer;
  }
}

// Counts of testdata/fusion/onnxruntime.csv; views are no kernels on either side.
TEST(FusionModels, OnnxRuntimesOwnCounts) {
  const std::set<std::string> views = {"Reshape", "Squeeze",  "Unsqueeze",
                                       "Flatten", "Identity", "Dropout"};
  std::ifstream in("testdata/fusion/onnxruntime.csv");
  std::string line;
  std::getline(in, line);
  int rows = 0;
  while (std::getline(in, line)) {
    const std::vector<std::string> fields = absl::StrSplit(line, ',');
    ASSERT_EQ(fields.size(), 4u) << line;
    int theirs = 0, heavy = 0, norms = 0;
    for (absl::string_view entry : absl::StrSplit(fields[3], ' ')) {
      const std::vector<std::string> op = absl::StrSplit(entry, '=');
      int count = 0;
      ASSERT_TRUE(op.size() == 2 && absl::SimpleAtoi(op[1], &count)) << entry;
      const std::string type = op[0].substr(op[0].rfind(':') + 1);
      if (views.count(type) == 0) theirs += count;
      if (type == "Conv" || type == "FusedConv" || type == "Gemm" || type == "FusedGemm") {
        heavy += count;
      }
    }
    const absl::StatusOr<Report> report =
        Analyze(fields[0] + ".onnx", {{.policy = absl::StrCat("onnxruntime-cpu-", fields[1])}});
    ASSERT_TRUE(report.ok()) << report.status();
    const Partition& p = *report->analysis.partitions[0];
    int anchors = 0;
    for (const Partition::KernelOps& k : p.kernels) {
      anchors += k.anchor.has_value();
      const Op& first = report->graph->op(k.ops[0]);
      norms += report->graph->str(first.type) == "BatchNormalization";
    }
    EXPECT_EQ(p.kernels.size() + p.inserted_kernels.size(), static_cast<size_t>(theirs)) << line;
    // In channel blocks a BatchNormalization runs, and is named, as a depthwise convolution.
    EXPECT_EQ(anchors + (fields[1] == "layout" ? norms : 0), heavy) << line;
    ++rows;
  }
  EXPECT_EQ(rows, 4 * 3);
}

}  // namespace
}  // namespace assay
