// Numbers at a point of the symbols. Evaluation is apart from counting so that a sweep counts once
// and evaluates often: an Evaluator flattens a model's expressions once, each distinct one into one
// slot, and At() evaluates every slot once per point.
#ifndef ASSAY_PASSES_EVALUATE_H_
#define ASSAY_PASSES_EVALUATE_H_

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "ir/graph.h"
#include "passes/facts.h"

namespace assay {

class Evaluator {
 public:
  // A number, or the slot of an expression, or (slot kUnknown) neither.
  struct Amount {
    static constexpr int32_t kNumber = -1, kUnknown = -2;
    double number = 0;
    int32_t slot = kNumber;
  };
  // What the expressions are at a point.
  struct Values {
    std::vector<double> values;      // by slot
    std::vector<uint8_t> overflows;  // by slot: it has no value

    bool known(const Amount& a) const {
      return a.slot == Amount::kNumber || (a.slot >= 0 && overflows[a.slot] == 0);
    }
    double of(const Amount& a) const { return a.slot < 0 ? a.number : values[a.slot]; }
  };

  // Borrows all four; they outlive the evaluator.
  Evaluator(const Graph& graph, const Shapes& shapes, const Execution& execution,
            const Works& works);

  // An error names the first op whose amounts do not fit in 64 bits at the point.
  absl::StatusOr<Numbers> At(const Point& point) const;
  // The same in place: memory that `out` and `values` hold is used again.
  absl::Status At(const Point& point, Values* values, Numbers* out) const;

  // Has At() evaluate this expression too. Not while another thread evaluates.
  Amount AmountOf(Dim d);

 private:
  enum class Kind : uint8_t { kIn, kOut, kWeight };
  struct Traffic {
    Amount elements;
    int16_t bits;
    Kind kind;
  };
  struct RunningOp {
    OpId op;
    bool known;
    Amount multiplicity, macs, flops, transcendentals, int_ops, comparisons;
    uint32_t traffic_begin, traffic_end;
  };
  // A tensor with a symbolic dimension: number x product of the slots' values.
  struct SymbolicValue {
    ValueId value;
    double elements;
    int bits;
    absl::InlinedVector<int32_t, 4> slots;
  };

  void AddValue(ValueId v);

  const Graph& graph_;
  const Shapes& shapes_;
  const Works& works_;
  std::vector<RunningOp> ops_;
  std::vector<Traffic> traffic_;
  std::vector<double> value_bytes_;  // by ValueId, of those whose size is a number; else -1
  std::vector<SymbolicValue> symbolic_values_;
  std::vector<Dim> exprs_;  // by slot
  absl::flat_hash_map<Dim, int32_t> slot_of_;
};

// The numbers of one run.
absl::StatusOr<Numbers> EvaluateAt(const Graph& graph, const Shapes& shapes,
                                   const Execution& execution, const Works& works,
                                   const Point& point);

// A size or an amount at the numbers' point; `otherwise` when it is not known.
double ValueAt(const Shapes& shapes, const Numbers& numbers, Dim d, double otherwise);

// Bytes of that many elements: ceil(elements * bits / 8).
double BytesAt(double elements, int bits);

}  // namespace assay

#endif  // ASSAY_PASSES_EVALUATE_H_
