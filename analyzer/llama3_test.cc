// An 8-billion-parameter decoder against arithmetic by hand, from its published sizes: what stands
// in the file is a graph of 454 kB, and the rest follows.
#include <string>

#include "analyzer/models_test_util.h"
#include "analyzer/pipeline.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

constexpr double kLayers = 32, kHidden = 4096, kInner = 14336, kHeads = 32, kKvHeads = 8,
                 kHeadSize = 128, kVocabulary = 128256;

// Weights of one layer's products: Q and output, K and V, and the three of the gated MLP.
constexpr double kPerLayer =
    2 * kHidden * kHeads * kHeadSize + 2 * kHidden * kKvHeads * kHeadSize + 3 * kHidden * kInner;

absl::StatusOr<Report> AtPast(int64_t past) {
  AnalyzeOptions options;
  options.bindings.dims = {{"batch", 1}, {"seq", 1}, {"past", past}, {"total", past + 1}};
  absl::StatusOr<Plan> plan = MakePlan(options);
  if (!plan.ok()) return plan.status();
  return AnalyzeModel(std::string(kModelFolder) + "llama3_8b_kv.onnx", *plan);
}

TEST(Llama3, ParametersAndMacsAreThePublishedSizes) {
  const auto report = AtPast(2048);
  ASSERT_TRUE(report.ok()) << report.status();
  // Embedding and output, products, two norms a layer and one behind all.
  EXPECT_EQ(report->analysis.works->parameters,
            2 * kVocabulary * kHidden + kLayers * (kPerLayer + 2 * kHidden) + kHidden);
  EXPECT_EQ(report->analysis.works->parameters, 8030261248);
  // One token: each product's weights once, the output's, and 2049 keys and values of 32 heads.
  EXPECT_EQ(report->analysis.numbers->total.macs,
            kLayers * kPerLayer + kVocabulary * kHidden + kLayers * 2 * kHeads * kHeadSize * 2049);
}

TEST(Llama3, CacheIsTwoTensorsALayer) {
  const auto report = AtPast(2048);
  ASSERT_TRUE(report.ok()) << report.status();
  const std::vector<Memory::Cache>& caches = report->analysis.memory->caches;
  ASSERT_EQ(caches.size(), 2 * kLayers);
  double bytes = 0;
  for (const Memory::Cache& cache : caches) bytes += cache.past_bytes;
  EXPECT_EQ(bytes, 2 * kLayers * kKvHeads * kHeadSize * 2048 * 2);  // f16: 268 MB
}

}  // namespace
}  // namespace assay
