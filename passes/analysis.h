// One run over one graph: what is asked (PassRequest) and what is found (Analysis).
#ifndef ASSAY_PASSES_ANALYSIS_H_
#define ASSAY_PASSES_ANALYSIS_H_

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "ir/graph.h"
#include "passes/estimate.h"
#include "passes/facts.h"
#include "passes/flow.h"
#include "passes/shapes.h"

namespace assay {

// The kinds of fact. A FactSet is a set of them.
enum class Fact : uint8_t {
  kShapes,
  kExecution,
  kWorks,
  kNumbers,
  kFlow,
  kPartitions,
  kConcurrency,
  kMemory,
  kKernelPlans,
  kEstimates,
};
inline constexpr int kNumFacts = 10;
absl::string_view Name(Fact fact);  // "shapes", "execution", ...

class FactSet {
 public:
  constexpr FactSet() = default;
  constexpr FactSet(std::initializer_list<Fact> facts) {
    for (Fact f : facts) bits_ |= 1u << static_cast<int>(f);
  }
  static constexpr FactSet All() {
    FactSet s;
    s.bits_ = (1u << kNumFacts) - 1;
    return s;
  }
  constexpr bool has(Fact f) const { return (bits_ >> static_cast<int>(f)) & 1; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr FactSet& operator|=(FactSet s) {
    bits_ |= s.bits_;
    return *this;
  }
  friend constexpr FactSet operator|(FactSet a, FactSet b) { return a |= b; }
  friend constexpr bool operator==(FactSet a, FactSet b) { return a.bits_ == b.bits_; }
  // Every member of a is in b.
  friend constexpr bool operator<=(FactSet a, FactSet b) { return (a.bits_ & ~b.bits_) == 0; }

 private:
  uint32_t bits_ = 0;
};

struct PassRequest {
  Bindings bindings;
  // Where numbers are taken; empty: DefaultPoint() (passes/shapes.h).
  std::optional<Point> point;
  // Partitions to make. Those that the estimates' runtimes ask for are added.
  std::vector<FusionKey> fusions = {FusionKey{}};
  std::vector<EstimateRequest> estimates;

  // Facts to make, with all that they need. Facts::All() makes estimates only when some are asked
  // for.
  FactSet wanted = FactSet::All();
  // The last pass to run, a name from Passes(); "": none. It overrides `wanted`: what the pass
  // makes and needs, and no more.
  std::string after;

  int threads = 0;             // 0: as many as the machine has; 1: serial, and TBB is never started
  int parallel_from = 20'000;  // ops; smaller graphs run serially, whatever `threads` says
  bool timings = false;
#ifdef NDEBUG
  bool verify = false;
#else
  bool verify = true;  // check the graph's and the facts' invariants
#endif
};

struct PassTiming {
  absl::string_view pass;
  std::string key;  // "greedy", "h100-sxm ideal"; "" when the pass has no keys
  double seconds = 0;
};

// A fact that was not asked for is absent.
struct Analysis {
  const Graph* graph = nullptr;
  std::unique_ptr<const Shapes> shapes;
  std::unique_ptr<const Execution> execution;
  std::unique_ptr<const Works> works;
  std::unique_ptr<const Numbers> numbers;
  std::unique_ptr<const Flow> flow;
  // By key, in the order of PassRequest::fusions, then those added for runtimes; no key twice.
  std::vector<FusionKey> fusion_keys;
  std::vector<std::unique_ptr<const Partition>> partitions;
  std::unique_ptr<const Concurrency> concurrency;
  std::unique_ptr<const Memory> memory;
  // Of the partitions in PassRequest::fusions, in the same order; runtimes' own have none.
  std::vector<std::unique_ptr<const KernelPlan>> kernel_plans;
  // By request, in the order of PassRequest::estimates.
  std::vector<EstimateRequest> estimate_requests;
  std::vector<std::unique_ptr<const ModelEstimate>> estimates;

  std::vector<PassTiming> timings;  // in table order; empty unless asked for

  // Null when it was not made.
  const Partition* FindPartition(const FusionKey& key) const;
  const KernelPlan* FindKernelPlan(const FusionKey& key) const;
  // Of all passes that ran, in table order, each text once per op.
  std::vector<Assumption> assumptions() const;
};

}  // namespace assay

#endif  // ASSAY_PASSES_ANALYSIS_H_
