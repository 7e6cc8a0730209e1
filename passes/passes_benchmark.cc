// Each pass, and the whole run, on synthetic nets of 10^3 to 10^6 nodes: cost per node should not
// grow.
//
//   passes_benchmark --benchmark_filter=Fusion
//
// A net is a chain of residual blocks of ten nodes (matrix products, biases, activations, a shape
// chain before a Reshape) over a batch that is a free symbol, or a number where the name ends in
// /bound.
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "hw/target.h"
#include "ir/graph.h"
#include "ir/op_table.h"
#include "passes/concurrency.h"
#include "passes/evaluate.h"
#include "passes/execution.h"
#include "passes/flow.h"
#include "passes/fusion.h"
#include "passes/kernels.h"
#include "passes/memory.h"
#include "passes/pass_manager.h"
#include "passes/shapes.h"
#include "passes/work.h"

namespace assay {
namespace {

constexpr int kNodesPerBlock = 10;

Graph MakeNet(int64_t nodes, bool bound) {
  GraphBuilder b(OpTable::BuiltIn());
  ClaimedType type{.kind = TypeKind::kTensor, .dtype = DType::kF32, .ranked = true};
  type.dims.resize(2);
  type.dims[0] = bound ? ClaimedDim{.value = 8} : ClaimedDim{.symbol = b.Intern("batch")};
  type.dims[1].value = 64;
  ValueId x = b.AddArg("x", type);
  const ValueId w = b.AddWeight(
      "w", b.AddConstant({.dtype = DType::kF32, .dims = {64, 64}, .stored_elements = 64 * 64}));
  const ValueId bias =
      b.AddWeight("b", b.AddConstant({.dtype = DType::kF32, .dims = {64}, .stored_elements = 64}));
  const ValueId zero = b.AddWeight("zero", b.AddInts({1}, {0}));
  const ValueId rest = b.AddWeight("rest", b.AddInts({1}, {-1}));
  int count = 0;
  auto op = [&](absl::string_view type_name, std::initializer_list<ValueId> in, int axis = -1) {
    b.BeginOp(type_name, "", 17, in, {});
    if (axis >= 0) b.AddIntAttr("axis", axis);
    const ValueId out = b.AddResult(absl::StrCat("v", count++));
    b.EndOp();
    return out;
  };
  for (int64_t i = 0; i < nodes / kNodesPerBlock; ++i) {
    const ValueId h = op("Relu", {op("Add", {op("MatMul", {x, w}), bias})});
    const ValueId n = op("Gather", {op("Shape", {h}), zero}, 0);
    const ValueId r = op("Reshape", {h, op("Concat", {n, rest}, 0)});
    x = op("Relu", {op("Add", {op("MatMul", {r, w}), x})});
  }
  return *std::move(b).Finish({x});
}

// The net and all its facts, made once per size.
struct Net {
  Graph graph;
  Analysis facts;
};

const Net& NetOf(int64_t nodes, bool bound) {
  static auto& nets = *new std::map<std::pair<int64_t, bool>, std::unique_ptr<Net>>();
  std::unique_ptr<Net>& net = nets[{nodes, bound}];
  if (net == nullptr) {
    net = std::make_unique<Net>(Net{MakeNet(nodes, bound), {}});
    net->facts = *RunPasses(net->graph, {.threads = 1});
  }
  return *net;
}

void PerNode(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetComplexityN(state.range(0));
}

void BM_Build(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(MakeNet(state.range(0), false));
  PerNode(state);
}

void BM_InferShapes(benchmark::State& state) {
  const Net& net = NetOf(state.range(0), false);
  for (auto _ : state) benchmark::DoNotOptimize(InferShapes(net.graph, {}));
  PerNode(state);
}

void BM_Execution(benchmark::State& state) {
  const Net& net = NetOf(state.range(0), false);
  for (auto _ : state) benchmark::DoNotOptimize(ClassifyOps(net.graph, *net.facts.shapes));
  PerNode(state);
}

void Work(benchmark::State& state, bool bound, int threads) {
  const Net& net = NetOf(state.range(0), bound);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        CountWork(net.graph, *net.facts.shapes, *net.facts.execution, threads));
  }
  PerNode(state);
}
void BM_WorkSymbolic(benchmark::State& state) { Work(state, false, 1); }
void BM_WorkBound(benchmark::State& state) { Work(state, true, 1); }
void BM_WorkBoundAllThreads(benchmark::State& state) { Work(state, true, 0); }

void BM_EvaluateAgain(benchmark::State& state) {
  const Net& net = NetOf(state.range(0), false);
  const Evaluator evaluator(net.graph, *net.facts.shapes, *net.facts.execution, *net.facts.works);
  Point point = net.facts.numbers->point;
  for (auto _ : state) {
    for (int64_t& p : point) p = 1 + p % 64;
    benchmark::DoNotOptimize(evaluator.At(point));
  }
  PerNode(state);
}

void BM_Flow(benchmark::State& state) {
  const Net& net = NetOf(state.range(0), false);
  const Analysis& a = net.facts;
  for (auto _ : state) {
    benchmark::DoNotOptimize(Flow::Build(net.graph, *a.shapes, *a.execution, *a.works, *a.numbers));
  }
  PerNode(state);
}

void Fusion(benchmark::State& state, const char* policy) {
  const Net& net = NetOf(state.range(0), false);
  const Analysis& a = net.facts;
  for (auto _ : state) {
    benchmark::DoNotOptimize(FuseOps(net.graph, *a.shapes, *a.execution, *a.works, *a.numbers,
                                     *a.flow, {.policy = policy}));
  }
  PerNode(state);
}
void BM_Fusion(benchmark::State& state) { Fusion(state, "greedy"); }
void BM_FusionOptimal(benchmark::State& state) { Fusion(state, "optimal"); }

void BM_Concurrency(benchmark::State& state) {
  const Net& net = NetOf(state.range(0), false);
  const Analysis& a = net.facts;
  for (auto _ : state) {
    benchmark::DoNotOptimize(MeasureConcurrency(net.graph, *a.execution, *a.numbers, *a.flow));
  }
  PerNode(state);
}

void BM_Memory(benchmark::State& state) {
  const Net& net = NetOf(state.range(0), false);
  const Analysis& a = net.facts;
  for (auto _ : state) {
    benchmark::DoNotOptimize(PlanMemory(net.graph, *a.execution, *a.numbers, *a.flow));
  }
  PerNode(state);
}

void BM_Kernels(benchmark::State& state) {
  const Net& net = NetOf(state.range(0), false);
  const Analysis& a = net.facts;
  for (auto _ : state) {
    benchmark::DoNotOptimize(PlanKernels(net.graph, *a.shapes, *a.execution, *a.works, *a.numbers,
                                         *a.flow, *a.partitions[0]));
  }
  PerNode(state);
}

// What the three of them find is not what limits them: blocks of four parallel branches, whose
// order in the file needs more memory than another, so that every search has work to do.
Graph MakeBranches(int64_t nodes) {
  GraphBuilder b(OpTable::BuiltIn());
  ClaimedType type{.kind = TypeKind::kTensor, .dtype = DType::kF32, .ranked = true};
  type.dims = {{.value = 8}, {.value = 16}};
  ValueId x = b.AddArg("x", type);
  auto weight = [&](absl::string_view name, int64_t rows, int64_t columns) {
    return b.AddWeight(name, b.AddConstant({.dtype = DType::kF32,
                                            .dims = {rows, columns},
                                            .stored_elements = rows * columns}));
  };
  const ValueId wide[] = {weight("w0", 16, 64), weight("w1", 16, 96), weight("w2", 16, 32),
                          weight("w3", 16, 128)};
  const ValueId narrow[] = {weight("n0", 64, 16), weight("n1", 96, 16), weight("n2", 32, 16),
                            weight("n3", 128, 16)};
  int count = 0;
  auto op = [&](absl::string_view type_name, std::initializer_list<ValueId> in) {
    b.BeginOp(type_name, "", 17, in, {});
    const ValueId out = b.AddResult(absl::StrCat("v", count++));
    b.EndOp();
    return out;
  };
  for (int64_t i = 0; i < nodes / 13; ++i) {
    ValueId branch[4];
    for (int k = 0; k < 4; ++k) branch[k] = op("MatMul", {x, wide[k]});
    for (ValueId& v : branch) v = op("Relu", {v});
    for (int k = 0; k < 4; ++k) branch[k] = op("MatMul", {branch[k], narrow[k]});
    x = op("Sum", {branch[0], branch[1], branch[2], branch[3], x});
  }
  return *std::move(b).Finish({x});
}

const Net& BranchesOf(int64_t nodes) {
  static auto& nets = *new std::map<int64_t, std::unique_ptr<Net>>();
  std::unique_ptr<Net>& net = nets[nodes];
  if (net == nullptr) {
    net = std::make_unique<Net>(Net{MakeBranches(nodes), {}});
    net->facts = *RunPasses(net->graph, {.threads = 1});
  }
  return *net;
}

void BM_BranchesShapes(benchmark::State& state) {
  const Net& net = BranchesOf(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(InferShapes(net.graph, {}));
  PerNode(state);
}
void BM_BranchesConcurrency(benchmark::State& state) {
  const Net& net = BranchesOf(state.range(0));
  const Analysis& a = net.facts;
  for (auto _ : state) {
    benchmark::DoNotOptimize(MeasureConcurrency(net.graph, *a.execution, *a.numbers, *a.flow));
  }
  PerNode(state);
}
void BM_BranchesMemory(benchmark::State& state) {
  const Net& net = BranchesOf(state.range(0));
  const Analysis& a = net.facts;
  for (auto _ : state) {
    benchmark::DoNotOptimize(PlanMemory(net.graph, *a.execution, *a.numbers, *a.flow));
  }
  PerNode(state);
}

void AllPasses(benchmark::State& state, int threads) {
  const Net& net = NetOf(state.range(0), false);
  PassRequest request{.threads = threads};
  request.estimates = {{.target = *FindTarget("h100-sxm")}};
  for (auto _ : state) benchmark::DoNotOptimize(RunPasses(net.graph, request));
  PerNode(state);
}
void BM_AllPasses(benchmark::State& state) { AllPasses(state, 1); }
void BM_AllPassesAllThreads(benchmark::State& state) { AllPasses(state, 0); }

#define ASSAY_SIZES RangeMultiplier(10)->Range(1000, 1'000'000)->Unit(benchmark::kMicrosecond)
BENCHMARK(BM_Build)->ASSAY_SIZES;
BENCHMARK(BM_InferShapes)->ASSAY_SIZES;
BENCHMARK(BM_Execution)->ASSAY_SIZES;
BENCHMARK(BM_WorkSymbolic)->ASSAY_SIZES;
BENCHMARK(BM_WorkBound)->ASSAY_SIZES;
BENCHMARK(BM_WorkBoundAllThreads)->ASSAY_SIZES->UseRealTime();
BENCHMARK(BM_EvaluateAgain)->ASSAY_SIZES;
BENCHMARK(BM_Flow)->ASSAY_SIZES;
BENCHMARK(BM_Fusion)->ASSAY_SIZES;
BENCHMARK(BM_FusionOptimal)->ASSAY_SIZES;
BENCHMARK(BM_Concurrency)->ASSAY_SIZES;
BENCHMARK(BM_Memory)->ASSAY_SIZES;
BENCHMARK(BM_Kernels)->ASSAY_SIZES;
BENCHMARK(BM_BranchesShapes)->ASSAY_SIZES;
BENCHMARK(BM_BranchesConcurrency)->ASSAY_SIZES;
BENCHMARK(BM_BranchesMemory)->ASSAY_SIZES;
BENCHMARK(BM_AllPasses)->ASSAY_SIZES;
BENCHMARK(BM_AllPassesAllThreads)->ASSAY_SIZES->UseRealTime();

}  // namespace
}  // namespace assay

BENCHMARK_MAIN();
