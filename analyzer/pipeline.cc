#include "analyzer/pipeline.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "analyzer/onnx/model_source.h"
#include "analyzer/onnx/onnx_import.h"
#include "analyzer/report.h"
#include "hw/runtime.h"
#include "hw/target.h"
#include "ir/rows.h"
#include "ir/suggest.h"
#include "passes/fusion.h"
#include "passes/pass_manager.h"

namespace assay {
namespace {

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// An operator's rule says what does not agree ("MatMul `m`: ..."); what to do about it is the same
// for all.
absl::Status WithAdvice(const absl::Status& error, const Bindings& given) {
  if (absl::StrContains(error.message(), "; ")) return error;
  const bool sizes_given = !given.dims.empty() || given.batch.has_value() ||
                           !given.shapes.empty() || !given.values.empty();
  return absl::Status(
      error.code(),
      absl::StrCat(error.message(),
                   sizes_given ? "; the sizes given may not suit the model: try it without them"
                               : "; the model contradicts itself here: export it again"));
}

// Symbols that were fixed by name come first, then those that a number was assumed for.
std::vector<PointEntry> DescribePoint(const Bindings& bindings, const Shapes& shapes,
                                      const Numbers* numbers) {
  std::vector<PointEntry> entries;
  absl::flat_hash_set<std::string> named;
  for (const auto& [name, value] : bindings.dims) {
    if (named.insert(name).second) entries.push_back({name, value, true});
  }
  absl::Span<const SymbolInfo> symbols = shapes.pool->symbols();
  for (size_t i = 0; i < symbols.size(); ++i) {
    const SymbolInfo& s = symbols[i];
    if (!named.insert(s.name).second) continue;
    if (s.definition.known()) {
      entries.push_back({s.name, s.definition.value(), true, s.data_dependent});
    } else if (s.definition.unknown() && numbers != nullptr && i < numbers->point.size()) {
      entries.push_back({s.name, numbers->point[i], false, s.data_dependent});
    }
  }
  if (bindings.batch.has_value() && !named.contains("batch")) {
    bool bound = absl::c_any_of(entries, [](const PointEntry& e) { return e.bound; });
    if (!bound) entries.insert(entries.begin(), {"batch", *bindings.batch, true});
  }
  return entries;
}

std::vector<std::string> Names(absl::string_view list) {
  return absl::StrSplit(list, ',', absl::SkipEmpty());
}

// One estimate per target, runtime and precision, in this order.
absl::Status AddEstimates(const AnalyzeOptions& options, Plan* plan) {
  std::vector<std::shared_ptr<const Runtime>> runtimes;
  for (const std::string& name : Names(options.runtime)) {
    absl::StatusOr<std::shared_ptr<const Runtime>> found = FindRuntime(name);
    if (!found.ok()) return found.status();
    if (absl::Status status = PolicyOf(**found).status(); !status.ok()) return status;
    runtimes.push_back(*std::move(found));
  }
  if (runtimes.empty()) runtimes.push_back(nullptr);  // the target's own
  std::vector<std::string> precisions = Names(options.precision);
  for (const std::string& name : precisions) {
    absl::StatusOr<const Precision*> precision = FindPrecision(name);
    if (!precision.ok()) return precision.status();
  }
  if (precisions.empty()) precisions.emplace_back();  // the runtime's own
  std::shared_ptr<const Calibration> calibration;
  if (!options.calibration.empty()) {
    absl::StatusOr<std::shared_ptr<const Calibration>> found = LoadCalibration(options.calibration);
    if (!found.ok()) return found.status();
    calibration = *std::move(found);
  }
  absl::StatusOr<TargetChoice> targets = ExpandTargets(options.targets);
  if (!targets.ok()) return targets.status();
  const bool skip_impossible = options.skip_impossible || targets->open;
  for (const std::string& name : targets->names) {
    absl::StatusOr<std::shared_ptr<const Target>> target = FindTarget(name);
    if (!target.ok()) return target.status();
    for (const std::shared_ptr<const Runtime>& runtime : runtimes) {
      for (const std::string& precision : precisions) {
        // Says now what a wrong precision or runtime is, before any model has been read.
        absl::StatusOr<Platform> platform = MakePlatform(
            *target, runtime,
            {.precision = precision, .calibration = calibration, .share = options.share});
        if (platform.ok()) {
          plan->request.estimates.push_back({.target = *target,
                                             .runtime = platform->runtime,
                                             .precision = precision,
                                             .calibration = calibration,
                                             .share = options.share,
                                             .fill = options.fill});
        } else if (skip_impossible) {
          plan->skipped.emplace_back(platform.status().message());
        } else {
          return platform.status();
        }
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Plan> MakePlan(const AnalyzeOptions& options) {
  Plan plan;
  plan.ops = &OpTable::BuiltIn();
  if (!options.op_files.empty()) {
    absl::StatusOr<std::shared_ptr<const CustomOps>> custom = CustomOps::Load(options.op_files);
    if (!custom.ok()) return custom.status();
    plan.custom_ops = *std::move(custom);
    plan.ops = &plan.custom_ops->table();
  }
  plan.request.bindings = options.bindings;
  plan.request.threads = options.threads;
  plan.request.after = options.after;
  plan.request.timings = options.timings;

  if (!options.after.empty() && FindPass(options.after) == nullptr) {
    return absl::NotFoundError(absl::StrCat("unknown pass `", options.after, "`",
                                            DidYouMean(options.after, NamesOf(Passes())),
                                            "; `assay passes` lists them"));
  }
  absl::StatusOr<const FusionPolicyRow*> policy = FindFusionPolicy(options.fuse);
  if (!policy.ok()) return policy.status();
  plan.request.fusions = {FusionKey{.policy = options.fuse,
                                    .scratchpad_bytes = options.fuse_scratchpad_bytes,
                                    .max_inputs = options.fuse_max_inputs,
                                    .explain = options.explain_fusion}};

  if (absl::Status status = AddEstimates(options, &plan); !status.ok()) return status;
  if (plan.request.estimates.empty() && !plan.skipped.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--target: none of those named can run so: ", plan.skipped.front()));
  }
  if (options.targets.empty() && options.share.cores > 0) {
    return absl::InvalidArgumentError(absl::StrCat("--cores ", ToString(options.share),
                                                   ": of no machine; name one with --target"));
  }
  return plan;
}

absl::StatusOr<Report> ImportModel(const std::string& path, const Plan& plan) {
  Report report;
  report.file = path;
  const double start = Now();
  ImportOptions options;
  std::shared_ptr<ModelSource> source;
  if (plan.keep_source) {
    source = std::make_shared<ModelSource>();
    options.source = source.get();
  }
  absl::StatusOr<Graph> graph = ImportOnnx(path, *plan.ops, options);
  if (!graph.ok()) {
    // Whatever it was, it was the file; kNotFound is kept for names on the command line.
    return WithFile(path, absl::InvalidArgumentError(graph.status().message()));
  }
  report.graph = std::make_unique<const Graph>(*std::move(graph));
  report.source = std::move(source);
  report.diagnostics = report.graph->diagnostics();
  report.timings.push_back({"import", Now() - start});
  return report;
}

absl::StatusOr<Report> AnalyzeModel(const std::string& path, const Plan& plan) {
  // The file becomes a graph: names resolved, functions inlined, old spellings lifted, verified.
  absl::StatusOr<Report> imported = ImportModel(path, plan);
  if (!imported.ok()) return imported.status();
  // From here on the graph is frozen.
  return AnalyzeImported(*std::move(imported), plan);
}

absl::StatusOr<Report> AnalyzeImported(Report report, const Plan& plan) {
  // Passes add facts: shapes, what runs, work, numbers, kernels, concurrency, memory, estimates.
  const double start = Now();
  absl::StatusOr<Analysis> analysis = RunPasses(*report.graph, plan.request);
  if (!analysis.ok()) {
    return WithFile(report.file, WithAdvice(analysis.status(), plan.request.bindings));
  }
  report.analysis = *std::move(analysis);
  // From here on the facts are frozen too.
  const double analysed = Now();
  for (const PassTiming& t : report.analysis.timings) {
    report.timings.push_back(
        {absl::StrCat("pass ", t.pass, t.key.empty() ? "" : " ", t.key), t.seconds});
  }
  report.timings.push_back({"passes", analysed - start});

  // Summaries that every format shows.
  report.partition = report.analysis.FindPartition(plan.request.fusions.front());
  report.plan = report.analysis.FindKernelPlan(plan.request.fusions.front());
  if (report.analysis.shapes != nullptr) {
    report.point = DescribePoint(plan.request.bindings, *report.analysis.shapes,
                                 report.analysis.numbers.get());
  }
  Summarize(&report);
  report.timings.push_back({"summary", Now() - analysed});
  return report;
}

absl::StatusOr<Analysis> ShapesAtAnySize(const Report& report, const Plan& plan) {
  PassRequest request;
  request.wanted = {Fact::kShapes};
  request.threads = plan.request.threads;
  absl::StatusOr<Analysis> analysis = RunPasses(*report.graph, request);
  if (analysis.ok()) return analysis;
  return WithFile(report.file, analysis.status());
}

}  // namespace assay
