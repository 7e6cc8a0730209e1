// The kernels that patterns made, as nodes with an iteration space each: over which elements they
// run, how they take what they read. passes/kernel_rules.h says which of them may be one kernel.
//
//   Conv+Relu      anchor      1 x 64 x 56 x 56 elements
//   Softmax        row         12 x 128 rows of 128 elements
//   Transpose      movement    can happen where its result is read, or its operand written
//
// A node that patterns made of several ops stays as it is: its inside is not judged.
//
// Cost: linear in ops and operands, times the logarithm of the number of nodes that are ready at
// once.
#ifndef ASSAY_PASSES_KERNEL_SPACE_H_
#define ASSAY_PASSES_KERNEL_SPACE_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "ir/graph.h"
#include "passes/facts.h"
#include "passes/flow.h"
#include "passes/partition.h"

namespace assay {

// The longest row that one block of threads keeps: the registers of one multiprocessor hold 65,536
// values of 32 bits on NVIDIA GPUs of compute capability 5.0 and later (CUDA C++ Programming Guide,
// technical specifications per compute capability).
inline constexpr double kRowElements = 65536;

enum class KernelKind : uint8_t {
  kAlone,      // control flow, opaque, sizes not known, recurrences, sorts
  kAnchor,     // holds a contraction or an attention
  kStencil,    // a result needs several elements of an operand, or some from elsewhere
  kRow,        // reduces or normalises rows
  kPointwise,  // the same at every element
  kMovement,   // one op that moves elements: may happen where its result is read
};

// How a node takes what it reads.
enum class KernelUse : uint8_t {
  kAny,        // where it likes
  kAligned,    // the element that it computes
  kRowScalar,  // one element per row
};

struct KernelNode {
  struct Read {
    ValueId value;
    double bytes = 0;     // one execution; of several reads together (ReadTogether)
    double whole = 0;     // size of the tensor; -1 when not known
    int32_t writer = -1;  // node; -1 for inputs and weights
    KernelUse use = KernelUse::kAny;
    double elements = 0;  // of the operand
    bool weight = false;
  };
  struct Write {
    ValueId value;
    double bytes = 0;
    bool escapes = false;  // something that is no node needs it, or nobody
  };
  int32_t group = 0;  // of the grouping
  KernelKind kind = KernelKind::kAlone;
  bool stores = false;    // movement: may happen where its operand is written
  bool converts = false;  // pointwise: may happen where its result is read
  bool on_chip = false;   // row: one block keeps it, so more may follow over the same rows
  RegionId region;
  double multiplicity = 1;
  double elements = 0;      // of its space
  double rows = 0;          // row: how many
  double internal = 0;      // bytes of results that never leave it
  std::vector<Read> reads;  // what comes from outside the node, each value once
  std::vector<Write> writes;
};

struct KernelSpace {
  std::vector<KernelNode> nodes;            // every node after those it waits for
  std::vector<int32_t> node_of;             // by slot
  std::vector<std::vector<int32_t>> preds;  // by node: nodes it waits for, ascending, each once

  static KernelSpace Build(const Graph& graph, const Shapes& shapes, const Execution& execution,
                           const Works& works, const Numbers& numbers, const Flow& flow,
                           const Grouping& grouping);
};

}  // namespace assay

#endif  // ASSAY_PASSES_KERNEL_SPACE_H_
