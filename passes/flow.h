// The data flow among the ops that run: who writes which buffer, who reads how much of it. Edges
// pass through views and known branches (Execution::root), so what is left are real buffers.
// Fusion, concurrency and memory all start from this.
#ifndef ASSAY_PASSES_FLOW_H_
#define ASSAY_PASSES_FLOW_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "ir/graph.h"
#include "passes/facts.h"

namespace assay {

struct Flow {
  struct Access {
    ValueId value;     // the buffer: a root
    ValueId operand;   // as the op names it
    double bytes = 0;  // one execution, at the point; 0 when not known
  };

  std::vector<OpId> ops;       // that run, in op order; a "slot" is an index into this
  std::vector<int32_t> slot;   // by OpId; -1: does not run
  std::vector<uint8_t> known;  // by slot: all of its accesses are

  absl::Span<const Access> reads(int32_t s) const { return Part(reads_, reads_begin_, s); }
  absl::Span<const Access> writes(int32_t s) const { return Part(writes_, writes_begin_, s); }
  // Slots that read the buffer, ascending, each once.
  absl::Span<const int32_t> readers(ValueId root) const {
    return Part(readers_, readers_begin_, root.index);
  }
  // The slot that writes the buffer; -1 for inputs, weights and what does not run.
  int32_t writer(ValueId root) const { return writer_[root.index]; }
  // Something other than an op that runs needs the contents: the model's caller, the next trip of a
  // loop, or the host, to decide a size.
  bool escapes(ValueId root) const { return escapes_[root.index] != 0; }
  // The buffer that stands for this one: another one where an op that repeats is left out.
  ValueId buffer(ValueId root) const { return as_.empty() ? root : as_[root.index]; }

  static Flow Build(const Graph& graph, const Shapes& shapes, const Execution& execution,
                    const Works& works, const Numbers& numbers);

  // The same where ops that repeat another one (passes/twins.h) are left out: they read and write
  // nothing, and what reads their results reads the first one's.
  Flow WithoutTwins(const std::vector<int32_t>& twin_of) const;

 private:
  void FindReaders();

  template <class T>
  static absl::Span<const T> Part(const std::vector<T>& all, const std::vector<uint32_t>& begin,
                                  int32_t i) {
    return absl::MakeConstSpan(all).subspan(begin[i], begin[i + 1] - begin[i]);
  }
  std::vector<Access> reads_, writes_;
  std::vector<uint32_t> reads_begin_, writes_begin_;  // by slot, one more at the end
  std::vector<int32_t> readers_;
  std::vector<uint32_t> readers_begin_;  // by ValueId, one more at the end
  std::vector<int32_t> writer_;          // by ValueId
  std::vector<uint8_t> escapes_;         // by ValueId
  std::vector<ValueId> as_;              // by ValueId; empty: every buffer stands for itself
};

// The innermost op that runs and has this one in its body: it waits for what the body computes.
// None at the top. A branch that is known is no wall.
OpId RunningOwner(const Graph& graph, const Execution& execution, OpId op);

}  // namespace assay

#endif  // ASSAY_PASSES_FLOW_H_
