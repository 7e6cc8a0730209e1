// Points per second of a sweep: a model with a free batch on one target, ten thousand batches.
//
//   sweep_benchmark        (from the repository's root)
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "analyzer/pipeline.h"
#include "benchmark/benchmark.h"
#include "hw/runtime.h"
#include "hw/target.h"
#include "passes/resample.h"

namespace assay {
namespace {

void Resample(benchmark::State& state, const char* model, const char* target, const char* runtime) {
  absl::StatusOr<Plan> plan = MakePlan({});
  absl::StatusOr<Report> report = ImportModel(absl::StrCat("testdata/models/", model), *plan);
  if (!report.ok()) {
    state.SkipWithError(std::string(report.status().message()).c_str());
    return;
  }
  auto resampler = Resampler::Make(
      *report->graph, {}, {{.target = *FindTarget(target), .runtime = *FindRuntime(runtime)}});
  if (!resampler.ok()) {
    state.SkipWithError(std::string(resampler.status().message()).c_str());
    return;
  }
  const Point base = DefaultPoint((*resampler)->shapes());
  std::vector<Point> points(10'000, base);
  for (size_t i = 0; i < points.size(); ++i) points[i][0] = static_cast<int64_t>(i) + 1;
  for (auto _ : state) {
    auto samples = (*resampler)->Run(points, static_cast<int>(state.range(0)));
    if (!samples.ok()) state.SkipWithError(std::string(samples.status().message()).c_str());
    benchmark::DoNotOptimize(samples);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(points.size()));
}

#define SWEEP(model, target, runtime)                                              \
  BENCHMARK_CAPTURE(Resample, model##_##runtime, #model ".onnx", target, #runtime) \
      ->Arg(1)                                                                     \
      ->Arg(2)                                                                     \
      ->Unit(benchmark::kMillisecond)                                              \
      ->UseRealTime()

SWEEP(resnet50, "h100-sxm", ideal);
SWEEP(resnet50, "h100-sxm", tensorrt);
SWEEP(mobilenet_v2, "i7-12700k", ideal);
SWEEP(bert_base, "h100-sxm", ideal);

#undef SWEEP

}  // namespace
}  // namespace assay
