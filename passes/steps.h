// A run as steps and the buffers between them: what concurrency, memory and the search for an order
// work on, whether the steps are operators or the kernels of a partition.
//
//   step   0: Conv    1: Relu    2: Conv         unit  0  1  2
//   buffer x born before 0, used until 0;  a born at 0, used until 1;  ...
//
// A unit is what can be moved as a whole: a step, or a Loop, a Scan or an If that is decided at run
// time together with the steps of its body, which keep their order. The steps of a unit are
// neighbours, and units stand in an order that respects their edges: file order for operators; for
// kernels each as soon as what it reads is there, that of the smallest last operator first.
//
// A loop runs its body many times, so what the body reads from outside, and what the loop was
// given, is in use to the loop's end; what the body gives out is in use to the end of the body;
// what the loop gives out is born at its end. The carried values that a body sees as arguments are
// buffers counted already, as what the loop was given or as what the body gave out.
//
// Cost: linear in ops and operands (kernels: times the logarithm of their number).
#ifndef ASSAY_PASSES_STEPS_H_
#define ASSAY_PASSES_STEPS_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "ir/graph.h"
#include "passes/facts.h"
#include "passes/flow.h"

namespace assay {

struct Steps {
  struct Buffer {
    ValueId value;
    double bytes = 0;    // -1: not known
    int32_t born = -1;   // the step that writes it; -1: there from the start
    bool stays = false;  // to the end of the run
  };

  std::vector<int32_t> node;        // by step: index of the op or kernel
  std::vector<OpId> op;             // by step: the op; of a kernel its anchor or else its first
  std::vector<int32_t> unit;        // by step, ascending from 0
  std::vector<int32_t> unit_begin;  // by unit: its first step; one more at the end
  std::vector<Buffer> buffers;      // by birth, then by value
  // (buffer, buffer whose place it may take when that dies where it is born), by the first
  std::vector<std::pair<int32_t, int32_t>> reuse;

  int size() const { return static_cast<int>(node.size()); }
  int units() const { return static_cast<int>(unit_begin.size()) - 1; }
  // Steps at which uses of the buffer end; in no order, some more than once.
  absl::Span<const int32_t> ends(int32_t buffer) const {
    return absl::MakeConstSpan(ends_).subspan(ends_begin_[buffer],
                                              ends_begin_[buffer + 1] - ends_begin_[buffer]);
  }
  // From each unit that writes to each that reads, ascending, each once.
  std::vector<std::pair<int32_t, int32_t>> UnitEdges() const;

  // Sizes by ValueId, -1 where not known.
  static Steps OfOps(const Graph& graph, const Execution& execution, const Flow& flow,
                     absl::Span<const double> value_bytes);
  static Steps OfKernels(const Graph& graph, const Execution& execution, const Flow& flow,
                         absl::Span<const double> value_bytes, const Partition& partition);

 private:
  friend class StepsBuilder;
  std::vector<int32_t> ends_;
  std::vector<uint32_t> ends_begin_;
};

}  // namespace assay

#endif  // ASSAY_PASSES_STEPS_H_
