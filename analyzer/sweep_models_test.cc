// The oracle of passes/resample.h on real models: the slow and obvious full run at each point.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "analyzer/models_test_util.h"
#include "analyzer/pipeline.h"
#include "analyzer/sweep.h"
#include "gtest/gtest.h"
#include "hw/runtime.h"
#include "hw/target.h"
#include "passes/pass_manager.h"
#include "passes/resample.h"

namespace assay {
namespace {

struct Case {
  const char* file;
  std::vector<std::pair<const char*, std::vector<int64_t>>> sizes;  // a grid
};

void PrintTo(const Case& c, std::ostream* os) { *os << c.file; }

const Case kCases[] = {
    {"resnet50.onnx", {{"batch", {1, 2, 3, 7, 8, 15, 16, 17, 64, 100, 255, 1000}}}},
    {"mobilenet_v2.onnx", {{"batch", {1, 2, 5, 32, 129}}}},
    {"resnet18_int8.onnx", {{"batch", {1, 4, 31}}}},
    {"yolov8n.onnx", {{"batch", {1, 3}}, {"height", {320, 640}}, {"width", {320, 96}}}},
    {"bert_base.onnx", {{"batch", {1, 4, 9}}, {"seq", {1, 2, 17, 128, 384}}}},
    {"gpt2.onnx", {{"seq", {1, 2, 63, 512}}}},
    {"llama_kv.onnx", {{"seq", {1, 2, 64}}, {"past", {0, 1, 100}}}},
    {"lstm.onnx", {{"batch", {1, 6}}, {"seq", {1, 10, 33}}}},
    {"efficientnet_b0.onnx", {{"batch", {1, 2, 9}}}},
};

// Of every kind; with a host that falls back, with capture, streams and contexts.
struct Where {
  const char* target;
  const char* runtime;  // "": its own
  const char* precision;
};
constexpr Where kWhere[] = {
    {"h100-sxm", "", ""},
    {"h100-sxm", "tensorrt", "fp16"},
    {"h100-sxm", "torch-inductor", "bf16"},
    {"rtx-4090", "onnxruntime-cuda", ""},
    {"rtx-4090", "paddle-tensorrt", ""},
    {"jetson-orin-nano@15w", "pytorch-eager", "fp16"},
    {"i7-12700k", "onnxruntime-cpu", ""},
    {"epyc-9654", "openvino-cpu", ""},
    {"raspberry-pi-4", "tflite-cpu", "int8"},
    {"tpu-v4", "", "bf16"},
    {"kpu-t64", "", "int8"},
    {"hailo-8", "", ""},
    {"coral-edge-tpu", "", ""},
    {"dpu-vck190", "", ""},
    {"snapdragon-8-elite", "", "int8"},
};

std::vector<EstimateRequest> Requests() {
  std::vector<EstimateRequest> out;
  for (const Where& w : kWhere) {
    EstimateRequest request{.target = *FindTarget(w.target), .precision = w.precision};
    if (w.runtime[0] != 0) request.runtime = *FindRuntime(w.runtime);
    out.push_back(std::move(request));
  }
  return out;
}

void ExpectNear(double a, double b, absl::string_view what) {
  EXPECT_LE(std::abs(a - b), 1e-9 * std::max(std::abs(a), std::abs(b)))
      << what << ": " << a << " and " << b;
}

void ExpectSame(const Sample& fast, const Sample& full) {
  ExpectNear(fast.latency_s, full.latency_s, "latency");
  ExpectNear(fast.latency_low_s, full.latency_low_s, "low");
  ExpectNear(fast.latency_high_s, full.latency_high_s, "high");
  ExpectNear(fast.throughput_per_s, full.throughput_per_s, "throughput");
  ExpectNear(fast.batch, full.batch, "batch");
  ExpectNear(fast.energy_j.value_or(-1), full.energy_j.value_or(-1), "energy");
  ExpectNear(fast.power_w.value_or(-1), full.power_w.value_or(-1), "power");
  ExpectNear(fast.utilization, full.utilization, "utilization");
  EXPECT_EQ(fast.limit, full.limit);
  EXPECT_EQ(fast.bound, full.bound);
  for (int i : {0, 1, 2}) {
    EXPECT_NEAR(fast.time_share[i], full.time_share[i], 1e-9) << "share " << i;
  }
  ExpectNear(fast.weights_bytes, full.weights_bytes, "weights");
  ExpectNear(fast.activation_bytes, full.activation_bytes, "activations");
  ExpectNear(fast.memory_needed_bytes, full.memory_needed_bytes, "memory");
  EXPECT_EQ(fast.fits, full.fits);
  EXPECT_EQ(fast.kernels, full.kernels);
}

std::vector<Point> PointsOf(const Case& c, const Shapes& shapes) {
  std::vector<Point> out = {DefaultPoint(shapes)};
  for (const auto& [name, values] : c.sizes) {
    const size_t s = static_cast<size_t>(shapes.pool->SymbolIndex(*shapes.pool->FindSymbol(name)));
    std::vector<Point> more;
    for (const Point& p : out) {
      for (int64_t v : values) {
        more.push_back(p);
        more.back()[s] = v;
      }
    }
    out = std::move(more);
  }
  return out;
}

class SweepModelsTest : public testing::TestWithParam<Case> {};

TEST_P(SweepModelsTest, FastIsAsFull) {
  absl::StatusOr<Plan> plan = MakePlan({});
  ASSERT_TRUE(plan.ok());
  absl::StatusOr<Report> model = ImportModel(absl::StrCat(kModelFolder, GetParam().file), *plan);
  ASSERT_TRUE(model.ok()) << model.status();
  auto resampler = Resampler::Make(*model->graph, {}, Requests());
  ASSERT_TRUE(resampler.ok()) << resampler.status();
  const std::vector<Point> points = PointsOf(GetParam(), (*resampler)->shapes());
  absl::StatusOr<std::vector<Sample>> samples = (*resampler)->Run(points, 2);
  ASSERT_TRUE(samples.ok()) << samples.status();
  const size_t columns = (*resampler)->requests().size();
  ASSERT_EQ(samples->size(), points.size() * columns);
  for (size_t p = 0; p < points.size(); ++p) {
    absl::StatusOr<Analysis> full = RunPasses(*model->graph, {.point = points[p],
                                                              .fusions = {},
                                                              .estimates = Requests(),
                                                              .wanted = {Fact::kEstimates},
                                                              .threads = 1});
    ASSERT_TRUE(full.ok()) << full.status();
    for (size_t r = 0; r < columns; ++r) {
      SCOPED_TRACE(absl::StrCat("point ", p, " of ", points.size(), " (", points[p][0], " ...) on ",
                                kWhere[r].target, " ", kWhere[r].runtime));
      ExpectSame((*samples)[p * columns + r], SampleOf(*full->estimates[r]));
    }
  }
}

// At batch 1 some sizes of BERT are equal that are not at batch 2, and TensorRT fuses otherwise.
TEST(SweepFlips, AreMarkedOnARealModel) {
  absl::StatusOr<Plan> plan = MakePlan({});
  absl::StatusOr<Report> model = ImportModel(absl::StrCat(kModelFolder, "bert_base.onnx"), *plan);
  ASSERT_TRUE(model.ok()) << model.status();
  auto resampler =
      Resampler::Make(*model->graph, {},
                      {{.target = *FindTarget("h100-sxm"), .runtime = *FindRuntime("tensorrt")}});
  ASSERT_TRUE(resampler.ok());
  const Case sizes = {"", {{"seq", {128}}, {"batch", {1, 2, 8}}}};
  const auto s = (*resampler)->Run(PointsOf(sizes, (*resampler)->shapes()), 1);
  ASSERT_TRUE(s.ok());
  EXPECT_FALSE((*s)[0].redone);
  EXPECT_TRUE((*s)[1].redone);
  EXPECT_TRUE((*s)[2].redone);
  EXPECT_EQ((*s)[1].kernels, (*s)[2].kernels);
  EXPECT_NE((*s)[0].kernels, (*s)[1].kernels);
}

// The numbers of a document's table by the keys of its columns.
double NumberIn(const Document& d, absl::string_view table, size_t row, absl::string_view key) {
  for (const Block& block : d.blocks) {
    const Table* t = std::get_if<Table>(&block);
    if (t == nullptr || t->key != table || row >= t->rows.size()) continue;
    for (size_t c = 0; c < t->columns.size(); ++c) {
      const double* n = t->columns[c].key == key ? t->rows[row].cells[c].number() : nullptr;
      if (n != nullptr) return *n;
    }
  }
  ADD_FAILURE() << "no number " << table << " " << row << " " << key;
  return 0;
}

TEST(SweepTokens, ByHand) {
  AnalyzeOptions analyze;
  analyze.targets = {"h100-sxm"};
  analyze.precision = "fp16";
  SweepOptions options;
  options.tokens = {"tokens", "1024,4096", {1024, 4096}};
  const auto d = SweepTokens(absl::StrCat(kModelFolder, "llama_kv.onnx"), analyze, options);
  ASSERT_TRUE(d.ok()) << d.status();
  // Keys and values of 4 layers, 4 heads of 64, 2 bytes each.
  EXPECT_EQ(NumberIn(*d, "tokens", 0, "cache_bytes"), 2.0 * 4 * 4 * 64 * 1024 * 2);
  EXPECT_EQ(NumberIn(*d, "tokens", 1, "cache_bytes"), 2.0 * 4 * 4 * 64 * 4096 * 2);
  // 307,251,232 parameters of 2 bytes.
  EXPECT_NEAR(NumberIn(*d, "tokens", 0, "weights_bytes"), 307'251'232 * 2.0, 1e6);
  const double decode = NumberIn(*d, "tokens", 0, "decode_s");
  EXPECT_NEAR(NumberIn(*d, "tokens", 0, "decode_tokens_per_s"), 1 / decode, 1e-6 / decode);
  EXPECT_NEAR(NumberIn(*d, "tokens", 1, "prefill_tokens_per_s"),
              4096 / NumberIn(*d, "tokens", 1, "prefill_s"), 1e-3);
  // No faster than the memory brings what is read of the weights: all but the table of 32,000
  // embeddings, of which one row.
  const auto analysed = [&] {
    AnalyzeOptions bound = analyze;
    bound.bindings.dims = {{"seq", 1}, {"past", 1024}, {"total", 1025}};
    absl::StatusOr<Plan> plan = MakePlan(bound);
    return AnalyzeModel(absl::StrCat(kModelFolder, "llama_kv.onnx"), *plan);
  }();
  ASSERT_TRUE(analysed.ok());
  EXPECT_DOUBLE_EQ(decode, analysed->analysis.estimates[0]->latency_s);
  EXPECT_GT(decode, analysed->analysis.numbers->total.bytes_weights / 2 / 3.35e12);
}

TEST(SweepTokens, EightBillionParametersAreReadOncePerToken) {
  AnalyzeOptions analyze;
  analyze.targets = {"l4"};
  analyze.precision = "fp16";
  SweepOptions options;
  options.tokens = {"tokens", "128,8192", {128, 8192}};
  const auto d = SweepTokens(absl::StrCat(kModelFolder, "llama3_8b_kv.onnx"), analyze, options);
  ASSERT_TRUE(d.ok()) << d.status();
  // Keys and values of 32 layers, 8 heads of 128, 2 bytes each.
  EXPECT_EQ(NumberIn(*d, "tokens", 0, "cache_bytes"), 2.0 * 32 * 8 * 128 * 128 * 2);
  EXPECT_EQ(NumberIn(*d, "tokens", 1, "cache_bytes"), 2.0 * 32 * 8 * 128 * 8192 * 2);
  // All parameters but the table of 128,256 embeddings of 4,096, at 300 GB/s; some more for the
  // launches.
  const double least = (8'030'261'248 - 128'256.0 * 4096) * 2 / 300e9;
  EXPECT_GT(NumberIn(*d, "tokens", 0, "decode_s"), least);
  EXPECT_LT(NumberIn(*d, "tokens", 0, "decode_s"), 1.05 * least);
  // The cache is read too.
  EXPECT_GT(NumberIn(*d, "tokens", 1, "decode_s"), least + 2.0 * 32 * 8 * 128 * 8192 * 2 / 300e9);
}

TEST(SweepTokens, NeedsACache) {
  AnalyzeOptions analyze;
  analyze.targets = {"h100-sxm"};
  SweepOptions options;
  options.tokens = {"tokens", "128", {128}};
  for (const char* model : {"bert_base.onnx", "resnet18.onnx", "gpt2.onnx"}) {
    const auto d = SweepTokens(absl::StrCat(kModelFolder, model), analyze, options);
    ASSERT_FALSE(d.ok()) << model;
    EXPECT_NE(d.status().message().find("key-value cache"), std::string::npos) << d.status();
  }
}

TEST(Sweep, AnswersFollowFromTheRows) {
  AnalyzeOptions analyze;
  analyze.targets = {"h100-sxm"};
  analyze.precision = "fp16";
  SweepOptions options;
  options.batch = {"batch", "1..256", {1, 2, 4, 8, 16, 32, 64, 128, 256}};
  options.max_latency_s = 400e-6;
  const auto d = Sweep(absl::StrCat(kModelFolder, "resnet50.onnx"), analyze, options);
  ASSERT_TRUE(d.ok()) << d.status();
  double best = 0, best_at = 0, under = 0, under_at = 0;
  for (size_t i = 0; i < 9; ++i) {
    const double batch = NumberIn(*d, "rows", i, "dim.batch");
    const double latency = NumberIn(*d, "rows", i, "latency_s");
    EXPECT_EQ(batch, std::pow(2, static_cast<double>(i)));
    EXPECT_NEAR(NumberIn(*d, "rows", i, "throughput_per_s"), batch / latency,
                1e-6 * batch / latency);
    if (batch / latency > best) best = batch / latency, best_at = batch;
    if (latency <= 400e-6 && batch / latency > under) under = batch / latency, under_at = batch;
  }
  EXPECT_EQ(NumberIn(*d, "answers", 0, "best"), best_at);
  EXPECT_EQ(NumberIn(*d, "answers", 0, "best_under_limit"), under_at);
  EXPECT_DOUBLE_EQ(NumberIn(*d, "answers", 0, "throughput_under_limit_per_s"), under);
  const double knee = NumberIn(*d, "answers", 0, "knee");
  for (size_t i = 0; i < 9; ++i) {
    const double batch = std::pow(2, static_cast<double>(i));
    const double throughput = NumberIn(*d, "rows", i, "throughput_per_s");
    if (batch <= knee) {
      EXPECT_EQ(throughput >= kKneeShare * best, batch == knee) << batch;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, SweepModelsTest, testing::ValuesIn(kCases),
                         [](const auto& info) { return TestNameOf(info.param.file); });

}  // namespace
}  // namespace assay
