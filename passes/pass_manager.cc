#include "passes/pass_manager.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hw/runtime.h"
#include "ir/suggest.h"
#include "ir/verify.h"
#include "passes/concurrency.h"
#include "passes/evaluate.h"
#include "passes/execution.h"
#include "passes/flow.h"
#include "passes/fusion.h"
#include "passes/kernels.h"
#include "passes/memory.h"
#include "passes/parallel.h"
#include "passes/partition.h"
#include "passes/shapes.h"
#include "passes/work.h"

namespace assay {
namespace {

// Moves a pass's result into its slot.
template <class T>
absl::Status Store(absl::StatusOr<T> fact, std::unique_ptr<const T>* slot) {
  if (!fact.ok()) return fact.status();
  *slot = std::make_unique<const T>(*std::move(fact));
  return absl::OkStatus();
}

absl::Status RunShapes(PassRun& r) {
  return Store(InferShapes(r.graph, r.request.bindings), &r.analysis.shapes);
}

absl::Status RunExecution(PassRun& r) {
  return Store(ClassifyOps(r.graph, *r.analysis.shapes), &r.analysis.execution);
}

absl::Status RunWork(PassRun& r) {
  const Analysis& a = r.analysis;
  return Store(CountWork(r.graph, *a.shapes, *a.execution, r.threads), &r.analysis.works);
}

absl::Status RunEvaluate(PassRun& r) {
  const Analysis& a = r.analysis;
  const Point point = r.request.point.has_value() ? *r.request.point : DefaultPoint(*a.shapes);
  if (point.size() != a.shapes->pool->symbols().size()) {
    return absl::InvalidArgumentError(absl::StrCat("the point has ", point.size(), " numbers for ",
                                                   a.shapes->pool->symbols().size(),
                                                   " symbols; give one for each"));
  }
  return Store(EvaluateAt(r.graph, *a.shapes, *a.execution, *a.works, point), &r.analysis.numbers);
}

absl::Status RunFlow(PassRun& r) {
  const Analysis& a = r.analysis;
  r.analysis.flow = std::make_unique<const Flow>(
      Flow::Build(r.graph, *a.shapes, *a.execution, *a.works, *a.numbers));
  return absl::OkStatus();
}

absl::Status RunFusion(PassRun& r) {
  const Analysis& a = r.analysis;
  absl::Status s = Store(FuseOps(r.graph, *a.shapes, *a.execution, *a.works, *a.numbers, *a.flow,
                                 a.fusion_keys[r.key]),
                         &r.analysis.partitions[r.key]);
  if (s.ok() && r.request.verify) {
    s = VerifyPartition(r.graph, *a.execution, *a.partitions[r.key]);
  }
  return s;
}

absl::Status RunConcurrency(PassRun& r) {
  const Analysis& a = r.analysis;
  r.analysis.concurrency = std::make_unique<const Concurrency>(
      MeasureConcurrency(r.graph, *a.execution, *a.numbers, *a.flow));
  return absl::OkStatus();
}

absl::Status RunMemory(PassRun& r) {
  const Analysis& a = r.analysis;
  r.analysis.memory =
      std::make_unique<const Memory>(PlanMemory(r.graph, *a.execution, *a.numbers, *a.flow));
  return absl::OkStatus();
}

absl::Status RunKernels(PassRun& r) {
  const Analysis& a = r.analysis;
  r.analysis.kernel_plans[r.key] = std::make_unique<const KernelPlan>(PlanKernels(
      r.graph, *a.shapes, *a.execution, *a.works, *a.numbers, *a.flow, *a.partitions[r.key]));
  return absl::OkStatus();
}

int FindKey(const std::vector<FusionKey>& keys, const FusionKey& key) {
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == key) return static_cast<int>(i);
  }
  return -1;
}

absl::Status RunEstimate(PassRun& r) {
  const Analysis& a = r.analysis;
  const EstimateRequest& request = a.estimate_requests[r.key];
  const int partition = FindKey(a.fusion_keys, KeyOf(request));
  absl::StatusOr<ModelEstimate> estimate =
      EstimateModel(r.graph, *a.shapes, *a.execution, *a.works, *a.numbers, *a.flow,
                    *a.partitions[partition], *a.memory, request);
  if (estimate.ok()) {
    estimate->request = r.key;
    estimate->partition = partition;
  }
  return Store(std::move(estimate), &r.analysis.estimates[r.key]);
}

constexpr FactSet kCounted = {Fact::kShapes, Fact::kExecution, Fact::kWorks, Fact::kNumbers};
constexpr FactSet kFlowing = kCounted | FactSet{Fact::kFlow};

}  // namespace

absl::Span<const PassRow> Passes() {
  static constexpr PassRow kRows[] = {
      {.name = "shapes",
       .summary = "types and shapes of all values, contents of those that shapes depend on",
       .needs = {},
       .makes = Fact::kShapes,
       .run = RunShapes},
      {.name = "execution",
       .summary = "what runs, and how often: runs, folded, shape, view or dead",
       .needs = {Fact::kShapes},
       .makes = Fact::kExecution,
       .run = RunExecution},
      {.name = "work",
       .summary = "work of each op and the totals, as expressions; parameters",
       .needs = {Fact::kShapes, Fact::kExecution},
       .makes = Fact::kWorks,
       .run = RunWork},
      {.name = "evaluate",
       .summary = "numbers at one point of the symbols",
       .needs = {Fact::kShapes, Fact::kExecution, Fact::kWorks},
       .makes = Fact::kNumbers,
       .run = RunEvaluate},
      {.name = "flow",
       .summary = "who writes which buffer, and who reads how much of it",
       .needs = kCounted,
       .makes = Fact::kFlow,
       .run = RunFlow},
      {.name = "fusion",
       .summary = "partition of what runs into kernels, and their traffic; once per policy",
       .needs = kFlowing,
       .makes = Fact::kPartitions,
       .run = RunFusion,
       .keyed = true},
      {.name = "concurrency",
       .summary = "stages, width and critical path of the ops on real edges",
       .needs = kFlowing,
       .makes = Fact::kConcurrency,
       .run = RunConcurrency},
      {.name = "memory",
       .summary = "lifetimes of the ops' buffers, peak, packed arena, an order that needs less",
       .needs = kFlowing,
       .makes = Fact::kMemory,
       .run = RunMemory},
      {.name = "kernels",
       .summary = "concurrency and memory of a partition's kernels; once per policy",
       .needs = kFlowing | FactSet{Fact::kPartitions},
       .makes = Fact::kKernelPlans,
       .run = RunKernels,
       .keyed = true},
      {.name = "estimate",
       .summary = "time, energy and fit on each target",
       .needs = kFlowing | FactSet{Fact::kPartitions, Fact::kMemory},
       .makes = Fact::kEstimates,
       .run = RunEstimate,
       .keyed = true},
  };
  return kRows;
}

const PassRow* FindPass(absl::string_view name) {
  for (const PassRow& row : Passes()) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

absl::string_view Name(Fact fact) {
  switch (fact) {
    case Fact::kShapes:
      return "shapes";
    case Fact::kExecution:
      return "execution";
    case Fact::kWorks:
      return "works";
    case Fact::kNumbers:
      return "numbers";
    case Fact::kFlow:
      return "flow";
    case Fact::kPartitions:
      return "partitions";
    case Fact::kConcurrency:
      return "concurrency";
    case Fact::kMemory:
      return "memory";
    case Fact::kKernelPlans:
      return "kernel_plans";
    case Fact::kEstimates:
      return "estimates";
  }
  return "?";
}

const Partition* Analysis::FindPartition(const FusionKey& key) const {
  const int i = FindKey(fusion_keys, key);
  return i < 0 ? nullptr : partitions[i].get();
}

const KernelPlan* Analysis::FindKernelPlan(const FusionKey& key) const {
  const int i = FindKey(fusion_keys, key);
  return i < 0 || i >= static_cast<int>(kernel_plans.size()) ? nullptr : kernel_plans[i].get();
}

std::vector<Assumption> Analysis::assumptions() const {
  std::vector<Assumption> out;
  auto add = [&](const std::vector<Assumption>& more) {
    for (const Assumption& a : more) {
      bool seen = false;
      for (const Assumption& b : out) seen |= a.op == b.op && a.text == b.text;
      if (!seen) out.push_back(a);
    }
  };
  if (shapes != nullptr) add(shapes->assumptions);
  if (execution != nullptr) add(execution->assumptions);
  return out;
}

namespace {

// What to make: the wanted facts and, transitively, what their passes need.
absl::StatusOr<FactSet> FactsToMake(const PassRequest& request) {
  FactSet make = request.wanted;
  if (!request.after.empty()) {
    const PassRow* last = FindPass(request.after);
    if (last == nullptr) {
      std::vector<absl::string_view> names;
      for (const PassRow& row : Passes()) names.push_back(row.name);
      return absl::NotFoundError(absl::StrCat("unknown pass `", request.after, "`",
                                              DidYouMean(request.after, names),
                                              "; `assay passes` lists them"));
    }
    make = FactSet{last->makes};
  }
  const absl::Span<const PassRow> rows = Passes();
  for (size_t i = rows.size(); i-- > 0;) {
    if (make.has(rows[i].makes)) make |= rows[i].needs;
  }
  return make;
}

// Gives every estimate its runtime, and every policy in use its key.
absl::Status ResolveKeys(const PassRequest& request, FactSet make, Analysis* a) {
  auto add = [&](const FusionKey& key) {
    if (FindKey(a->fusion_keys, key) < 0) a->fusion_keys.push_back(key);
  };
  if (make.has(Fact::kPartitions)) {
    for (const FusionKey& key : request.fusions) {
      absl::StatusOr<const FusionPolicyRow*> policy = FindFusionPolicy(key.policy);
      if (!policy.ok()) return policy.status();
      add(key);
    }
  }
  if (make.has(Fact::kKernelPlans)) a->kernel_plans.resize(a->fusion_keys.size());
  if (make.has(Fact::kEstimates)) {
    a->estimate_requests = request.estimates;
    for (EstimateRequest& e : a->estimate_requests) {
      if (e.runtime == nullptr) {
        auto runtime = RuntimeOf(*e.target);
        if (!runtime.ok()) return runtime.status();
        e.runtime = *std::move(runtime);
      }
      if (absl::Status status = PolicyOf(*e.runtime).status(); !status.ok()) return status;
      FusionKey key = KeyOf(e);
      for (const FusionKey& asked : request.fusions) key.explain |= asked.explain;
      add(key);
    }
  }
  a->partitions.resize(a->fusion_keys.size());
  a->estimates.resize(a->estimate_requests.size());
  return absl::OkStatus();
}

int NumKeys(const PassRow& row, const Analysis& a) {
  if (!row.keyed) return 1;
  return static_cast<int>(row.makes == Fact::kPartitions    ? a.fusion_keys.size()
                          : row.makes == Fact::kKernelPlans ? a.kernel_plans.size()
                                                            : a.estimate_requests.size());
}

std::string KeyText(const PassRow& row, const Analysis& a, int key) {
  if (!row.keyed) return "";
  if (row.makes != Fact::kEstimates) return a.fusion_keys[key].policy;
  const EstimateRequest& e = a.estimate_requests[key];
  return absl::StrCat(e.target->name, " ", e.runtime->name,
                      e.precision.empty() ? "" : absl::StrCat(" ", e.precision));
}

// One pass for one key.
struct Job {
  const PassRow* row;
  int key;
  std::vector<int> after;  // jobs that make what it needs
  absl::Status status;
  bool skipped = false;  // one that it needs failed
  double seconds = 0;
};

std::vector<Job> MakeJobs(FactSet make, const Analysis& a) {
  std::vector<Job> jobs;
  for (const PassRow& row : Passes()) {
    if (!make.has(row.makes)) continue;
    const int first = static_cast<int>(jobs.size());
    for (int key = 0; key < NumKeys(row, a); ++key) {
      Job& job = jobs.emplace_back(Job{&row, key});
      for (int i = 0; i < first; ++i) {
        if (row.needs.has(jobs[i].row->makes)) job.after.push_back(i);
      }
    }
  }
  return jobs;
}

}  // namespace

absl::StatusOr<Analysis> RunPasses(const Graph& graph, const PassRequest& request) {
  Analysis analysis;
  analysis.graph = &graph;
  absl::StatusOr<FactSet> make = FactsToMake(request);
  if (!make.ok()) return make.status();
  if (absl::Status s = ResolveKeys(request, *make, &analysis); !s.ok()) return s;
  if (request.verify) {
    if (absl::Status s = VerifyGraph(graph); !s.ok()) return s;
  }

  const int threads = graph.num_ops() < request.parallel_from ? 1 : ResolveThreads(request.threads);
  std::vector<Job> jobs = MakeJobs(*make, analysis);
  std::vector<Task> tasks;
  for (size_t i = 0; i < jobs.size(); ++i) {
    tasks.push_back(
        {[&, i] {
           Job& job = jobs[i];
           for (int before : job.after) {
             if (jobs[before].skipped || !jobs[before].status.ok()) {
               job.skipped = true;
               return;
             }
           }
           const auto start = std::chrono::steady_clock::now();
           PassRun run{graph, request, analysis, job.key, threads};
           job.status = job.row->run(run);
           job.seconds =
               std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
         },
         jobs[i].after});
  }
  RunTasks(tasks, threads);

  for (Job& job : jobs) {
    if (!job.status.ok()) return std::move(job.status);
    if (request.timings) {
      analysis.timings.push_back(
          {job.row->name, KeyText(*job.row, analysis, job.key), job.seconds});
    }
  }
  return analysis;
}

}  // namespace assay
