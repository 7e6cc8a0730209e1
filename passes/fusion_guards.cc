#include "passes/fusion_guards.h"

#include <algorithm>

#include "ir/op_table.h"
#include "passes/evaluate.h"

namespace assay {
namespace {

const Nest* NestOf(const FusionInput& in, int32_t slot) {
  const Work& work = in.works.of(in.flow.ops[slot]);
  return work.nest.has_value() ? &*work.nest : nullptr;
}

bool Depthwise(const FusionInput& in, const Candidate& c) {
  const Nest* nest = NestOf(in, c.slot);
  return nest != nullptr && nest->groups.known() && nest->groups.value() > 1 && nest->n.known() &&
         nest->n.value() == 1;
}

// One row of the depthwise result, all channels: what the 1 x 1 convolution behind it consumes.
bool TileFits(const FusionInput& in, const Candidate& c) {
  const Nest* nest = NestOf(in, c.slot);
  if (nest == nullptr || !nest->groups.known() || nest->groups.value() != 1) return false;
  for (int64_t k : nest->kernel) {
    if (k != 1) return false;
  }
  for (int64_t s : nest->stride) {
    if (s != 1) return false;
  }
  const Type& type = in.shapes.type(c.tail);
  const double bytes = in.numbers.value_bytes[c.tail.index];
  if (!type.is_tensor() || !type.ranked || type.rank() < 3 || bytes <= 0) return false;
  double rows = 1;  // of all images
  for (int axis : {0, 2}) {
    const double size = ValueAt(in.shapes, in.numbers, type.dims[axis], -1);
    if (size < 0) return false;
    rows *= size;
  }
  return in.key.scratchpad_bytes > 0 && rows > 0 && bytes / rows <= in.key.scratchpad_bytes;
}

bool KnownSizes(const FusionInput& in, const Candidate& c) {
  const absl::Span<const ValueId> operands = in.graph.inputs(in.flow.ops[c.slot]);
  const ValueId first = c.spelled != nullptr ? c.spelled->inputs[0] : operands[0];
  const Type& type = in.shapes.type(first);
  return type.ranked &&
         std::all_of(type.dims.begin(), type.dims.end(), [](Dim d) { return d.known(); });
}

bool WeightMatrix(const FusionInput& in, const Candidate& c) {
  const absl::Span<const ValueId> operands = in.graph.inputs(in.flow.ops[c.slot]);
  if (operands.size() < 2 || !operands[0].has_value() || !operands[1].has_value() ||
      !in.execution.is_weight(operands[1])) {
    return false;
  }
  const Type &rows = in.shapes.type(operands[0]), &matrix = in.shapes.type(operands[1]);
  return matrix.ranked && matrix.rank() == 2 && rows.ranked &&
         (rows.rank() == 2 || KnownSizes(in, c));
}

bool PerChannel(const FusionInput& in, const Candidate& c) {
  const Type& type = in.shapes.type(c.tail);
  if (!type.is_tensor() || !type.ranked || type.rank() < 3) return false;
  for (size_t axis = 2; axis < type.dims.size(); ++axis) {
    if (!type.dims[axis].known() || type.dims[axis].value() != 1) return false;
  }
  return true;
}

bool NotEpilogue(const FusionInput& in, const Candidate& c) {
  int activations = 0;
  for (const Flow::Access& a : in.flow.reads(c.slot)) {
    if (in.IsConstant(a.operand)) continue;
    ++activations;
    const int32_t writer = in.flow.writer(a.value);
    const OpRow* row = writer < 0 ? nullptr : in.graph.op(in.flow.ops[writer]).row;
    if (row != nullptr && row->role == Role::kContraction) return false;
  }
  return activations <= 1;
}

bool SmallGate(const FusionInput& in, const Candidate& c) {
  if (c.spelled == nullptr || c.spelled->inputs.size() < 2) return false;
  const ValueId image = c.spelled->inputs[0], gate = c.spelled->inputs[1];
  return in.Elements(gate) >= 0 && in.Compare(gate, image) < 0;
}

}  // namespace

double ElementsAt(const Shapes& shapes, const Numbers& numbers, ValueId v) {
  const double bytes = numbers.value_bytes[v.index];
  const int bits = Bits(shapes.type(v).dtype);
  return bytes < 0 || bits <= 0 ? -1 : bytes * 8 / bits;
}

double FusionInput::Elements(ValueId v) const { return ElementsAt(shapes, numbers, v); }

int FusionInput::Compare(ValueId a, ValueId b) const {
  const int order = Order(Elements(a), Elements(b));
  if (compared != nullptr) compared->push_back({a, b, order});
  return order;
}

absl::Span<const GuardRow> FusionGuards() {
  static constexpr GuardRow kRows[] = {
      {.name = "depthwise",
       .what = "a convolution with as many groups as output channels, and more than one",
       .holds = Depthwise},
      {.name = "tile-fits",
       .what = "a 1 x 1 kernel of one group and stride 1, and the stated scratchpad holds a row of "
               "its input in all channels",
       .holds = TileFits},
      {.name = "weight-matrix",
       .what = "the second operand is a stored matrix, the first a matrix or of known sizes",
       .holds = WeightMatrix},
      {.name = "known-sizes",
       .what = "the sizes of its first operand are numbers",
       .holds = KnownSizes},
      {.name = "per-channel",
       .what = "the kernel's result has one element per image and channel",
       .holds = PerChannel},
      {.name = "not-epilogue",
       .what = "it has one operand that is no weight, which comes from no product directly",
       .holds = NotEpilogue},
      {.name = "small-gate", .what = "the gate is smaller than what it scales", .holds = SmallGate},
  };
  return kRows;
}

const GuardRow* FindGuard(absl::string_view name) {
  const absl::Span<const GuardRow> rows = FusionGuards();
  const auto it =
      std::find_if(rows.begin(), rows.end(), [&](const GuardRow& row) { return row.name == name; });
  return it == rows.end() ? nullptr : &*it;
}

}  // namespace assay
