// Whether a model keeps to its limits on a target, how far it is from each, and what would have to
// change if it does not.
//
//   FAIL     the estimate breaks a limit, or weights and activations do not fit into the target's
//            memory; with `require_operators` also when operators fall back to the host
//   PARTIAL  no limit is broken by the estimate, but
//              - the slow end of its interval breaks one, or
//              - what a limit speaks of is not known of this target (a power, a price), or
//              - operators fall back to the host, or operands are of element types that the target
//                does not list, or the work of operators is not known
//   PASS     everything holds at the slow end of the interval too
//
// The margin of a limit is the share of it that is left: (limit - value) / limit, of a throughput
// (value - limit) / limit; below zero it is broken. The smallest one binds.
//
// What each limit looks at: LimitKind in analyzer/limits.h. The interval is the latency's; at its
// slow end the throughput is less, and the idle power is drawn longer. Where a target lacks some
// energy per operation or byte, its design power counts, which it never exceeds for long. Energy
// and price are per sample, so a batch divides.
//
// Changes: one number of the target at a time (hw/vary.h), the least factor up to 1024 (or down to
// 1/1024) at which no limit is broken by the estimate, found by doubling and halving and then
// bisecting to 1 %; every other precision that the target has and each of its power modes as they
// are. Each trial estimates the kernels of the same partition again and walks no graph otherwise:
// as much work as one estimate of the model, some twenty of them for one number.
#ifndef ASSAY_ANALYZER_ASSESS_H_
#define ASSAY_ANALYZER_ASSESS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "analyzer/limits.h"
#include "ir/graph.h"
#include "passes/analysis.h"
#include "passes/estimate.h"

namespace assay {

enum class Verdict : uint8_t { kPass, kPartial, kFail };
absl::string_view Name(Verdict verdict);  // "PASS"

// One limit. The target's own memory, which every model must fit into, is one more.
struct LimitResult {
  const LimitRow* row = nullptr;  // null: the target's memory
  double allowed = 0;
  double value = 0;   // of the estimate; NaN: not known
  double slow = 0;    // at the slow end of its interval
  double margin = 0;  // NaN: not known
  Verdict verdict = Verdict::kPass;
  std::string why;  // unless it holds: "latency 23.1 ms, limit 10 ms"

  absl::string_view title() const { return row == nullptr ? "target's memory" : row->title; }
};

// Of an estimate, whether a limit is set or not; NaN: not known.
double AmountOf(LimitKind kind, const ModelEstimate& estimate, const Limits& limits,
                bool slow = false);

// An operator or an element type that the target lacks.
struct Lacking {
  // "on the host in all" first, where there is a host's part; "operator TopK", "element type f64".
  std::string what;
  int count = 0;                         // operators that run; of types, kernels
  double mac_share = 0, time_share = 0;  // NaN: of one operator among several
};

struct Assessment {
  Verdict verdict = Verdict::kPass;
  std::vector<LimitResult> limits;     // in the order of LimitRows(); then the target's memory
  const LimitResult* binding() const;  // smallest margin; null: no limit has one
  std::vector<Lacking> lacking;        // operators by first use, then types
  std::vector<std::string> why;        // not PASS: the broken first
};
Assessment Assess(const ModelEstimate& estimate, const Partition& partition, const Limits& limits);

// A change that was tried.
struct Change {
  std::string what;  // "dram.bandwidth", "--precision int8", "power mode 25w"
  // Of a number of the target; NaN of what is none.
  double from = 0, to = 0;
  Quantity quantity = Quantity::kRatio;
  double factor = 0;                 // 0: of none
  Verdict verdict = Verdict::kPass;  // then; FAIL: not even at factors of 1024
  std::string then;                  // "latency 9.98 ms"
};
// Of a FAIL. Those that suffice first, the smallest factor before larger ones; then modes and
// precisions; then those that do not.
std::vector<Change> FindChanges(const Analysis& analysis, const ModelEstimate& estimate,
                                const Limits& limits);

}  // namespace assay

#endif  // ASSAY_ANALYZER_ASSESS_H_
