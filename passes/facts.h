// The fact tables: what passes add to a frozen graph. Each is made once (a keyed one: once per key)
// by one pass, indexed by id, and const from then on. passes/analysis.h holds those of one run;
// passes/pass_manager.h says which pass makes which.
//
// Amounts: an expression (Dim) holds for every value of the model's symbols; a double is a number
// at the run's point (Numbers::point). "One execution" leaves the trip counts of enclosing loops
// out; "x multiplicity" has them in. Bytes come from the element types of the model; a what-if on
// precision re-derives them from the elements that Work counts.
#ifndef ASSAY_PASSES_FACTS_H_
#define ASSAY_PASSES_FACTS_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ir/dim.h"
#include "ir/graph.h"
#include "ir/type.h"
#include "ir/work.h"

namespace assay {

// Something the numbers rest on that the file does not say.
struct Assumption {
  OpId op;  // none: about the model as a whole
  std::string text;
};

// Made by `shapes`. Types of all values, contents of the few that matter, branches taken, trip
// counts.
struct Shapes {
  std::shared_ptr<DimPool> pool;     // the run's symbols; frozen once works are made
  std::vector<Type> types;           // by ValueId
  std::vector<int32_t> value_index;  // by ValueId; -1: contents not known
  std::deque<TensorValue> values;    // by value_index; never move: rules hold pointers to them
  std::vector<int8_t> branch;        // by OpId: 0 then, 1 else, -1 not decided (or no If)
  std::vector<Dim> trips;            // by OpId: how often its regions run per execution; else 1
  // Pairs of sizes that must be equal for the model to make sense and that could not be solved for
  // a symbol. A point at which numbers are given satisfies them.
  std::vector<std::pair<Dim, Dim>> equations;
  std::vector<Assumption> assumptions;
  std::vector<Diagnostic> diagnostics;

  const Type& type(ValueId v) const { return types[v.index]; }
  const TensorValue* value(ValueId v) const {
    int32_t i = value_index[v.index];
    return i < 0 ? nullptr : &values[i];
  }
};

// Exactly one per op. passes/execution.h says how it is decided.
enum class Exec : uint8_t {
  kRuns,
  kFolded,  // depends on constants alone: its result is a weight
  kShape,   // arithmetic on shapes, done on the host in no time
  kView,    // renames a buffer
  kDead,    // nothing that runs needs it, or it stands in a branch not taken
};
inline constexpr int kNumExecs = 5;
absl::string_view Name(Exec exec);  // "runs", "folded", "shape", "view", "dead"

// What a value is known to be before the model runs.
enum class Constancy : uint8_t {
  kNone,    // an activation
  kStored,  // a stored weight, or computed from stored weights alone
  kSized,   // computed from sizes that are numbers: a mask, a table of positions
};

// Made by `execution`.
struct Execution {
  std::vector<Exec> exec;           // by OpId
  std::vector<Dim> multiplicity;    // by OpId: product of the trip counts around it
  std::vector<Constancy> constant;  // by ValueId
  // By ValueId: the value whose buffer this one is. Itself, unless a view (or an If whose branch is
  // known) made it; never the result of a view.
  std::vector<ValueId> root;
  // By OpId, of an If: the branch that counts (0 then, 1 else); the costlier one when inference
  // could not decide, which is an assumption below. -1 for every other op.
  std::vector<int8_t> branch;
  int count[kNumExecs] = {};  // ops by class
  std::vector<Assumption> assumptions;

  bool runs(OpId op) const { return exec[op.index] == Exec::kRuns; }
  // Its bytes count as weights, not as activations.
  bool is_weight(ValueId v) const { return constant[v.index] != Constancy::kNone; }
};

// Made by `work`. Work of one execution of every op that runs; of other ops an empty Work (no
// reads, no writes, all zero). Control flow itself costs nothing: its bodies' ops are counted with
// their multiplicity.
struct Works {
  std::vector<int32_t> slot;     // by OpId: index into the two below; -1: does not run
  std::vector<Work> works;       // of the ops that run, in op order
  std::vector<uint8_t> unknown;  // the op is opaque, or its sizes are not known

  // Totals over what runs and is known, x multiplicity. Bytes count every operand once per op (no
  // fusion), ceil(elements * bits / 8) each.
  Dim macs = Dim(0), flops = Dim(0), transcendentals = Dim(0), int_ops = Dim(0),
      comparisons = Dim(0);
  // Activations read, results written, weights read.
  Dim bytes_in = Dim(0), bytes_out = Dim(0), bytes_weights = Dim(0);
  Dim bytes = Dim(0);   // the three together
  int unknown_ops = 0;  // ops that run and whose work is not known; in no total above

  // Elements and bytes of stored weights: floating, or integer of at most 8 bits; rank 1 and up;
  // every stored tensor once, used or not, in subgraphs too; and of ConstantOfShape nodes that
  // stand for floating weights (old models store them so); and what ops of ai.onnx.ml keep in
  // attributes (NumbersInAttributes).
  int64_t parameters = 0;
  int64_t weight_bytes = 0;

  const Work& of(OpId op) const;
  bool is_unknown(OpId op) const { return slot[op.index] >= 0 && unknown[slot[op.index]]; }
};

// Numbers at one point of the symbols. Made by `evaluate`, once per point.
struct OpNumbers {
  bool known = false;  // runs, and its work is known at the point; else all else is zero
  double multiplicity = 1;
  double macs = 0, flops = 0, transcendentals = 0, int_ops = 0, comparisons = 0;  // x multiplicity
  double bytes_in = 0, bytes_out = 0, bytes_weights = 0;                          // x multiplicity

  double bytes() const { return bytes_in + bytes_out + bytes_weights; }
  // Adds the amounts; `known` and `multiplicity` stay.
  void Add(const OpNumbers& other);
};

struct Numbers {
  Point point;                      // by symbol index
  std::vector<int32_t> slot;        // by OpId: index into ops; -1: does not run
  std::vector<OpNumbers> ops;       // of the ops that run, in op order
  OpNumbers total;                  // over what runs and is known; multiplicity 1
  int running_ops = 0;              // that run, known or not
  int unknown_ops = 0;              // that run and are not known
  std::vector<double> value_bytes;  // by ValueId: size of the tensor at the point; -1 unknown

  const OpNumbers& of(OpId op) const;  // of an op that does not run: all zero
  // Amounts of several ops together, such as a kernel's; its bytes are those without fusion.
  OpNumbers Sum(absl::Span<const OpId> several) const;
};

// Which fusion, under which limits. Limits of 0 do not bind.
struct FusionKey {
  std::string policy = "greedy";  // a row of FusionPolicies()
  double scratchpad_bytes = 0;    // internal tensors of one kernel
  int max_inputs = 0;             // external operands of one kernel
  // Of a target that lacks others (Target::operators): those share no kernel with these. Empty: it
  // lacks none.
  std::vector<std::string> operators;
  bool explain = false;  // fill Partition::unfused
};
// Of the same kernels: `explain` makes no difference.
bool operator==(const FusionKey& a, const FusionKey& b);

// Made by `fusion`, once per key. Every op that runs is in exactly one kernel; the graph of kernels
// has no cycle; all ops of a kernel stand in one region.
//
// Traffic, to the byte (fields of the same names below, all x multiplicity):
//   bytes_unfused - bytes_fused =
//       internal_writes + internal_reads + shared_reads - extra_reads - inserted
struct Partition {
  struct KernelOps {
    std::string name;           // "Conv+BatchNormalization+Relu"
    absl::string_view pattern;  // row of the pattern table; "single" for an op by itself
    std::vector<OpId> ops;      // ascending
    OpId anchor;                // the heavy op, if any
    // Where the pattern takes several: the product with V of an attention in pieces; siblings of
    // `anchor` that run as one product with its columns side by side.
    std::vector<OpId> more_anchors;
    std::vector<ValueId> reads;   // external tensors (roots), each once, in order of first use
    std::vector<ValueId> writes;  // results that something outside needs, in op order
    std::vector<double> read_bytes, write_bytes;  // of each of the above
    double multiplicity = 1;
    // One execution. bytes_read has activations alone.
    double bytes_read = 0, bytes_written = 0, bytes_weights = 0;
    double bytes_internal = 0;  // size of tensors that never leave the kernel
    bool known = true;          // false: an op's work is not known; its unknown bytes count as 0
    double bytes_external() const { return bytes_read + bytes_written + bytes_weights; }
    // The op that stands for the kernel: its anchor, or else its first.
    OpId main() const { return anchor.has_value() ? anchor : ops.front(); }
  };
  // A kernel that the runtime adds and that holds no op: it copies a tensor into another layout.
  struct Inserted {
    absl::string_view what;  // "ReorderInput"
    ValueId value;           // the tensor (a root)
    OpId after, before;      // stands right behind `after`, or right before `before`; one is none
    double bytes = 0;        // read and written, one execution
    double multiplicity = 1;
  };
  // An edge between two kernels that stayed one, and why: in full, a row of UnfusedReasons().
  struct Unfused {
    ValueId value;             // what passes along the edge (a root)
    OpId from, to;             // its writer and one of its readers
    absl::string_view reason;  // "fork"
  };
  FusionKey key;
  std::vector<KernelOps> kernels;             // in an order in which they can run
  std::vector<int32_t> kernel_of;             // by OpId; -1: does not run
  double bytes_unfused = 0, bytes_fused = 0;  // external traffic of all kernels
  double bytes_internal = 0;                  // size of internal tensors
  double internal_writes = 0;                 // results that never leave their kernel, written
  double internal_reads = 0;                  // reads of results of the same kernel
  double shared_reads = 0;  // reads of an external tensor after the kernel's first
  double extra_reads = 0;   // reads that a pattern's row adds
  double inserted = 0;      // traffic of kernels that hold no op (reorder, cast, copy)
  // Of a policy that searches for the least traffic: sets of kernels in which it had a choice, and
  // those of them where its choice is not proven to be the best.
  int regions = 0, regions_not_exact = 0;
  std::vector<Inserted> inserted_kernels;  // by value
  std::vector<Unfused> unfused;            // by `to`, then `from`; empty unless the key asks for it
};

// How much could run side by side, over real edges (through views and known branches). Made by
// `concurrency` of the ops that run and by `kernels` of a partition's kernels: the nodes. A Loop, a
// Scan or an If that is decided at run time is one node together with its body.
struct Concurrency {
  struct Stage {
    int nodes = 0;
    double macs = 0, flops = 0, bytes = 0;
  };
  // Bounds on the speed-up of so many processors that each do one node at a time, time being FLOPs.
  struct Speedup {
    int processors = 1;
    double at_least = 1;  // of any schedule that leaves no processor idle without need (Graham)
    double at_most = 1;   // min(processors, work / span)
  };
  int nodes = 0;
  int stages = 0;                 // longest chain, in nodes
  int width = -1;                 // most nodes of which none waits for another; -1: not computed
  int width_at_most = 0;          // = width where that is known
  int widest_stage = 0;           // nodes in the fullest stage
  std::vector<int32_t> stage_of;  // by OpId or kernel, from 0; -1: does not run
  std::vector<Stage> profile;     // by stage; its sums are the totals of what runs
  int critical_path_ops = 0;      // = stages
  // The longest chain by FLOPs (then by MACs, then in nodes), in order: indices of ops or kernels.
  std::vector<int32_t> critical_nodes;
  double critical_macs = 0;        // the most MACs on any one chain
  double critical_flops = 0;       // the FLOPs of critical_nodes
  double critical_bytes = 0;       // the most traffic on any one chain
  double average_parallelism = 0;  // total FLOPs / critical_flops; 0 when there are none
  std::vector<Speedup> speedups;   // at 1, 2, 4, ... processors, until width is reached
};

// What has to be in memory at once. Made by `memory` of the ops that run, in file order, and by
// `kernels` of a partition's kernels, whose internal tensors need no buffer: the nodes. Every
// result lives from its node to its last use (graph inputs from the start, graph outputs to the
// end, what a loop's body reads to the loop's end). Views share their root's buffer.
struct Memory {
  // It lives at steps [from, to], both inclusive; a step is an index into `order`.
  struct Buffer {
    ValueId value;
    double bytes = 0;
    int32_t from = 0, to = 0;
    int32_t takes_over = -1;  // the buffer whose place it may take at `from`; -1: none
    double offset = -1;       // in the packed plan; -1: not placed
  };
  // A key-value cache, or another state that one run hands to the next: an input, and the output
  // that continues it (passes/cache.h says how it is recognised).
  struct Cache {
    ValueId past, present;
    double past_bytes = 0, present_bytes = 0;
  };

  double weights_bytes = 0;          // stored, and folded ones that something running reads
  double peak_activation_bytes = 0;  // every result has a buffer of its own; caches included
  OpId peak_at;                      // the first op at which the peak is reached; none: no op runs
  // The peak when a result takes over the buffer of an operand that dies there, where the
  // operator's row allows it and the sizes are equal.
  double peak_inplace_bytes = 0;
  std::vector<int32_t> order;  // of steps: indices of ops or kernels
  std::vector<double> live;    // bytes alive at each step
  std::vector<Buffer> buffers;
  std::vector<int32_t> peak_buffers;  // alive at the peak, largest first, as indices of the above
  // A packed plan of `buffers`; -1: not computed.
  double arena_bytes = -1;
  double arena_lower_bound_bytes = -1;  // = peak_activation_bytes
  absl::string_view arena_heuristic;    // the one of several that came out smallest

  // Another order of the same nodes, whose peak is never more than that of file order.
  std::vector<int32_t> best_order;
  std::vector<double> best_live;
  double best_peak_bytes = 0;
  OpId best_peak_at;
  bool best_is_least = false;  // no order has a lower peak; else the search met its bound

  std::vector<Cache> caches;  // by past
  int unknown_values = 0;     // results whose size is not known; in no figure above
};

// Made by `kernels`, once per partition of the report: what Concurrency and Memory are to ops, with
// kernels for nodes.
struct KernelPlan {
  // Results that one execution of a kernel can compute independently of each other, by the axes
  // they lie along; the product is all. 0: not known.
  struct Threads {
    double batch = 0, heads = 0, channel = 0, space = 0;
    double all() const { return batch * heads * channel * space; }
  };
  Concurrency concurrency;
  Memory memory;
  std::vector<Threads> threads;  // by kernel
};

}  // namespace assay

#endif  // ASSAY_PASSES_FACTS_H_
