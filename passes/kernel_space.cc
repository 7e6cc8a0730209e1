#include "passes/kernel_space.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "ir/op_table.h"
#include "passes/evaluate.h"
#include "passes/pattern.h"
#include "passes/ranked_order.h"

namespace assay {
namespace {

// Operators over rows, and how their axes are given. An operator that reduces or normalises and is
// not here is alone (sorts, running sums) or, when it pools, a stencil.
struct RowOp {
  enum Axes : uint8_t {
    kReduced,  // attribute or operand `axes`; none: all of them
    kOne,      // attribute `axis`
    kFrom,     // from attribute `axis` on
    kSoftmax,  // kOne; before opset 13 kFrom
    kImage,    // from axis 2 on
    kGroups,   // kImage, and the channels of one group
    kLast,
  };
  absl::string_view name;
  Axes axes;
  int64_t axis = -1;  // what `axis` is when it is not given
};
constexpr RowOp kRowOps[] = {
    {"ReduceSum", RowOp::kReduced},
    {"ReduceMean", RowOp::kReduced},
    {"ReduceMax", RowOp::kReduced},
    {"ReduceMin", RowOp::kReduced},
    {"ReduceProd", RowOp::kReduced},
    {"ReduceL1", RowOp::kReduced},
    {"ReduceL2", RowOp::kReduced},
    {"ReduceSumSquare", RowOp::kReduced},
    {"ReduceLogSum", RowOp::kReduced},
    {"ReduceLogSumExp", RowOp::kReduced},
    {"ArgMax", RowOp::kOne, 0},
    {"ArgMin", RowOp::kOne, 0},
    {"Softmax", RowOp::kSoftmax},
    {"LogSoftmax", RowOp::kSoftmax},
    {"Hardmax", RowOp::kSoftmax},
    {"LpNormalization", RowOp::kOne},
    {"LayerNormalization", RowOp::kFrom},
    {"RMSNormalization", RowOp::kFrom},
    {"SimplifiedLayerNormalization", RowOp::kFrom},
    {"SkipLayerNormalization", RowOp::kLast},
    {"SkipSimplifiedLayerNormalization", RowOp::kLast},
    {"InstanceNormalization", RowOp::kImage},
    {"GroupNormalization", RowOp::kGroups},
    {"GlobalAveragePool", RowOp::kImage},
    {"GlobalMaxPool", RowOp::kImage},
    {"GlobalLpPool", RowOp::kImage},
};

// Movement whose result may be computed as an address by whoever reads it; `permutes`: every
// element of the operand goes to one place of the result, so that whoever writes may as well.
// Movement that is not here (scatters, searches) is alone.
struct MovementOp {
  absl::string_view name;
  bool permutes = false;
};
constexpr MovementOp kMovementOps[] = {
    {"Transpose", true},
    {"DepthToSpace", true},
    {"SpaceToDepth", true},
    {"ReverseSequence", true},
    {"Expand"},
    {"Tile"},
    {"Concat"},
    {"Split"},
    {"Slice"},
    {"Pad"},
    {"Trilu"},
    {"CenterCropPad"},
    {"Gather"},
    {"GatherElements"},
    {"GatherND"},
    {"ConstantOfShape"},
    {"EyeLike"},
    {"Range"},
};

constexpr absl::string_view kConversions[] = {"Cast", "DequantizeLinear"};

template <class Rows>
auto FindRow(const Rows& rows, absl::string_view name) -> decltype(&rows[0]) {
  for (const auto& row : rows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

// What an operator is, whatever its shapes.
struct OpKind {
  KernelKind kind = KernelKind::kAlone;
  const RowOp* row = nullptr;
  const MovementOp* movement = nullptr;
  bool converts = false;
};

OpKind KindOf(const OpRow* row) {
  OpKind out;
  if (row == nullptr || row->random) return out;
  switch (row->role) {
    case Role::kContraction:
    case Role::kAttention:
      out.kind = KernelKind::kAnchor;
      break;
    case Role::kPointwise:
      out.kind = KernelKind::kPointwise;
      for (absl::string_view name : kConversions) out.converts |= row->name == name;
      break;
    case Role::kReduction:
    case Role::kNormalization:
    case Role::kPooling:
      out.row = FindRow(kRowOps, row->name);
      if (out.row != nullptr) {
        out.kind = KernelKind::kRow;
      } else if (row->name == "BatchNormalization") {  // by stored statistics
        out.kind = KernelKind::kPointwise;
      } else if (row->role == Role::kPooling || row->name == "LRN") {
        out.kind = KernelKind::kStencil;
      }
      break;
    case Role::kMovement:
    case Role::kConstant:
      out.movement = FindRow(kMovementOps, row->name);
      if (out.movement != nullptr) {
        out.kind = KernelKind::kMovement;
      } else if (row->name == "Resize" || row->name == "Upsample") {  // may interpolate
        out.kind = KernelKind::kStencil;
      }
      break;
    default:
      break;
  }
  return out;
}

class Builder {
 public:
  Builder(const Graph& graph, const Shapes& shapes, const Execution& execution, const Works& works,
          const Numbers& numbers, const Flow& flow, const Grouping& grouping)
      : graph_(graph),
        shapes_(shapes),
        execution_(execution),
        works_(works),
        numbers_(numbers),
        flow_(flow),
        grouping_(grouping),
        seen_(graph.num_values()) {}

  KernelSpace Build() {
    Order();
    out_.nodes.resize(slots_.size());
    for (size_t n = 0; n < slots_.size(); ++n) {
      KernelNode& node = out_.nodes[n];
      node.group = grouping_.kernel_of[slots_[n][0]];
      node.region = graph_.op(flow_.ops[slots_[n][0]]).region;
      Describe(slots_[n], &node);
      Connect(static_cast<int32_t>(n), &node);
    }
    return std::move(out_);
  }

 private:
  struct Seen {
    int32_t node = -1, at = 0;
  };

  // Numbers the nodes so that each comes after those it waits for; of those that are ready, the one
  // of the smallest op first. What a loop's body computes, the loop waits for.
  void Order() {
    const size_t groups = grouping_.groups.size();
    std::vector<std::vector<int32_t>> slots(groups);
    std::vector<std::pair<int32_t, int32_t>> edges;
    auto add_edge = [&](int32_t from, int32_t to) {
      if (from != to) edges.emplace_back(from, to);
    };
    for (int32_t s = 0; s < static_cast<int32_t>(flow_.ops.size()); ++s) {
      const int32_t g = grouping_.kernel_of[s];
      slots[g].push_back(s);
      for (const Flow::Access& a : flow_.reads(s)) {
        if (const int32_t w = flow_.writer(a.value); w >= 0) add_edge(grouping_.kernel_of[w], g);
      }
      if (const OpId owner = RunningOwner(graph_, execution_, flow_.ops[s]); owner.has_value()) {
        add_edge(g, grouping_.kernel_of[flow_.slot[owner.index]]);
      }
    }
    std::vector<int32_t> rank(groups, -1);
    for (size_t g = 0; g < groups; ++g) {
      if (!slots[g].empty()) rank[g] = slots[g][0];
    }
    std::vector<int32_t> node_of_group(groups, -1);
    for (int32_t g : RankedOrder(rank, edges)) {
      if (slots[g].empty()) continue;
      node_of_group[g] = static_cast<int32_t>(slots_.size());
      slots_.push_back(std::move(slots[g]));
    }
    out_.preds.resize(slots_.size());
    for (auto [from, to] : edges) out_.preds[node_of_group[to]].push_back(node_of_group[from]);
    for (std::vector<int32_t>& p : out_.preds) {
      std::sort(p.begin(), p.end());
      p.erase(std::unique(p.begin(), p.end()), p.end());
    }
    out_.node_of.resize(flow_.ops.size());
    for (size_t s = 0; s < flow_.ops.size(); ++s) {
      out_.node_of[s] = node_of_group[grouping_.kernel_of[s]];
    }
  }

  const OpKind& Kind(int32_t slot) {
    const OpRow* row = graph_.op(flow_.ops[slot]).row;
    const auto [it, added] = kinds_.try_emplace(row);
    if (added) it->second = KindOf(row);
    return it->second;
  }

  // -1 when not known, and of types narrower than a byte, whose bytes do not tell.
  double Elements(ValueId v) const {
    const double bytes = numbers_.value_bytes[v.index];
    const int bits = Bits(shapes_.type(v).dtype);
    return bytes < 0 || bits < 8 ? -1 : bytes * 8 / bits;
  }

  ValueId Result(int32_t slot) const {
    const absl::Span<const ValueId> out = graph_.outputs(flow_.ops[slot]);
    return out.empty() ? ValueId() : out[0];
  }

  // The rows of an op: how many elements one has; `trailing`: they are neighbours in memory.
  struct Rows {
    double length = 0;
    bool trailing = true;
  };

  std::optional<Rows> RowsOf(OpId op, const RowOp& row) const {
    const Type& type = shapes_.type(graph_.inputs(op)[0]);
    const int rank = type.rank();
    std::vector<uint8_t> reduced(rank, 0);
    auto mark = [&](int64_t axis, bool to_end) {
      if (axis < 0) axis += rank;
      if (axis < 0 || axis >= rank) return false;
      std::fill(reduced.begin() + axis, to_end ? reduced.end() : reduced.begin() + axis + 1, 1);
      return true;
    };
    const Attr* attr = graph_.FindAttr(op, "axis");
    const bool old_softmax = row.axes == RowOp::kSoftmax && graph_.op(op).opset < 13;
    const int64_t axis = attr != nullptr ? attr->i : old_softmax ? 1 : row.axis;
    double groups = 1;
    bool ok = true;
    switch (row.axes) {
      case RowOp::kReduced:
        ok = MarkAxes(op, rank, mark);
        break;
      case RowOp::kOne:
        ok = mark(axis, false);
        break;
      case RowOp::kFrom:
        ok = mark(axis, true);
        break;
      case RowOp::kSoftmax:
        ok = mark(axis, old_softmax);
        break;
      case RowOp::kImage:
        ok = mark(2, true);
        break;
      case RowOp::kGroups: {
        const Attr* num = graph_.FindAttr(op, "num_groups");
        ok = num != nullptr && num->i > 0 && mark(1, true);
        if (ok) groups = static_cast<double>(num->i);
        break;
      }
      case RowOp::kLast:
        ok = mark(-1, true);
        break;
    }
    if (!ok) return std::nullopt;
    Rows out{.length = 1 / groups};
    bool kept_behind = false;
    for (int i = rank - 1; i >= 0; --i) {
      const double size = ValueAt(shapes_, numbers_, type.dims[i], -1);
      if (size < 1) return std::nullopt;
      if (reduced[i] != 0) {
        out.length *= size;
        out.trailing &= !kept_behind || size == 1;
      } else {
        kept_behind |= size > 1;
      }
    }
    return out;
  }

  template <class Mark>
  bool MarkAxes(OpId op, int rank, Mark&& mark) const {
    const absl::Span<const ValueId> in = graph_.inputs(op);
    if (const Attr* axes = graph_.FindAttr(op, "axes"); axes != nullptr) {
      for (int64_t a : axes->ints) {
        if (!mark(a, false)) return false;
      }
      return true;
    }
    if (in.size() > 1 && in[1].has_value()) {
      const TensorValue* value = shapes_.value(in[1]);
      if (value == nullptr || value->size() < 0) return false;
      for (int64_t i = 0; i < value->size(); ++i) {
        const Elem& e = value->at(i);
        if (!e.is_int() || !e.num.known() || !mark(e.num.value(), false)) return false;
      }
      return true;
    }
    const Attr* noop = graph_.FindAttr(op, "noop_with_empty_axes");
    return (noop != nullptr && noop->i != 0) || rank == 0 || mark(0, true);
  }

  // Kind and space of a node.
  void Describe(absl::Span<const int32_t> slots, KernelNode* node) {
    barrier_ = -1;
    tiled_ = IsTiled(grouping_.groups[node->group].pattern);
    node->multiplicity = numbers_.of(flow_.ops[slots[0]]).multiplicity;
    int rows = 0, pointwise = 0, movement = 0, anchors = 0, stencils = 0;
    for (int32_t s : slots) {
      const OpId op = flow_.ops[s];
      const OpKind& kind = Kind(s);
      if (flow_.known[s] == 0 || kind.kind == KernelKind::kAlone || ReadsBranch(s)) return;
      if (kind.kind == KernelKind::kAnchor) {
        const Work& work = works_.works[s];
        if (work.nest.has_value() && work.nest->kind == Nest::Kind::kRecurrence) return;
        ++anchors;
      }
      pointwise += kind.kind == KernelKind::kPointwise;
      rows += kind.kind == KernelKind::kRow;
      movement += kind.kind == KernelKind::kMovement;
      stencils += kind.kind == KernelKind::kStencil;
      if (kind.kind != KernelKind::kPointwise) barrier_ = op.index;
    }
    const ValueId result = Result(slots.back());
    if (!result.has_value()) return;
    node->elements = Elements(result);
    if (node->elements < 1) return;
    if (anchors > 0) {
      // Behind the last of them; rows inside (an attention's softmax) are its own.
      node->kind = KernelKind::kAnchor;
    } else if (rows > 0 && movement + stencils == 0) {
      if (DescribeRows(slots, node)) node->kind = KernelKind::kRow;
    } else if (slots.size() == 1 && movement == 1) {
      const OpKind& kind = Kind(slots[0]);
      node->kind = KernelKind::kMovement;
      node->stores = kind.movement->permutes;
    } else if (movement + stencils + rows > 0) {
      node->kind = KernelKind::kStencil;
    } else {
      node->kind = KernelKind::kPointwise;
      node->converts = slots.size() == 1 && Kind(slots[0]).converts;
    }
  }

  static bool IsTiled(absl::string_view pattern) {
    const PatternRow* row = FindPattern(pattern);
    return row != nullptr && row->tiled;
  }

  // What comes out of a branch that is decided at run time waits for the decision too.
  bool ReadsBranch(int32_t slot) const {
    for (const Flow::Access& a : flow_.reads(slot)) {
      const Value& v = graph_.value(a.value);
      if (v.region.index > graph_.op(flow_.ops[slot]).region.index) return true;
    }
    return false;
  }

  // All rows alike, and nothing else but pointwise ops over them or their results.
  bool DescribeRows(absl::Span<const int32_t> slots, KernelNode* node) {
    bool trailing = true;
    double length = -1, elements = -1;
    for (int32_t s : slots) {
      const OpId op = flow_.ops[s];
      const OpKind& kind = Kind(s);
      if (kind.row == nullptr) continue;
      const std::optional<Rows> rows = RowsOf(op, *kind.row);
      const double all = Elements(graph_.inputs(op)[0]);
      if (!rows.has_value() || all < 1 || rows->length < 1) return false;
      if (length >= 0 && (rows->length != length || all != elements)) return false;
      length = rows->length;
      elements = all;
      trailing &= rows->trailing;
    }
    node->elements = elements;
    node->rows = elements / length;
    node->on_chip = trailing && length <= kRowElements;
    for (int32_t s : slots) {
      const double n = Elements(Result(s));
      if (n != node->elements && n != node->rows) return false;
    }
    return true;
  }

  KernelUse UseOf(int32_t slot, const Flow::Access& a, const KernelNode& node) {
    const OpId op = flow_.ops[slot];
    const OpKind& kind = Kind(slot);
    const double n = Elements(a.operand);
    if (kind.kind == KernelKind::kRow || kind.kind == KernelKind::kMovement) {
      return n == node.elements ? KernelUse::kAligned : KernelUse::kAny;
    }
    if (kind.kind != KernelKind::kPointwise) return KernelUse::kAny;
    const bool row = node.kind == KernelKind::kRow;
    if (!row && op.index < barrier_) return KernelUse::kAny;
    const ValueId result = Result(slot);
    const double all = Elements(result);
    if (n == all && (all == node.elements || (row && all == node.rows))) return KernelUse::kAligned;
    return all == node.elements && PerRow(shapes_.type(a.operand), shapes_.type(result))
               ? KernelUse::kRowScalar
               : KernelUse::kAny;
  }

  // [A, B, 1] against [A, B, C]: one element for all of a row.
  static bool PerRow(const Type& operand, const Type& result) {
    if (!operand.ranked || operand.rank() != result.rank()) return false;
    int i = 0;
    while (i < operand.rank() && operand.dims[i] == result.dims[i]) ++i;
    while (i < operand.rank() && operand.dims[i].is(1)) ++i;
    return i == operand.rank();
  }

  // Its reads and writes. A result with more readers than a kernel may have nodes always leaves.
  void Connect(int32_t n, KernelNode* node) {
    for (int32_t s : slots_[n]) {
      for (const Flow::Access& a : flow_.reads(s)) {
        const int32_t slot = flow_.writer(a.value);
        const int32_t writer = slot < 0 ? -1 : out_.node_of[slot];
        if (writer == n || (writer < 0 && a.bytes == 0)) continue;
        const KernelUse use =
            node->kind == KernelKind::kAlone ? KernelUse::kAny : UseOf(s, a, *node);
        Seen& seen = seen_[a.value.index];
        if (seen.node != n) {
          seen = {n, static_cast<int32_t>(node->reads.size())};
          node->reads.push_back({.value = a.value,
                                 .bytes = a.bytes,
                                 .whole = numbers_.value_bytes[a.value.index],
                                 .writer = writer,
                                 .use = use,
                                 .elements = Elements(a.operand),
                                 .weight = execution_.is_weight(a.value)});
          continue;
        }
        KernelNode::Read& read = node->reads[seen.at];
        read.bytes = ReadTogether(read.bytes, a.bytes, read.whole);
        if (read.use != use || read.elements != Elements(a.operand)) read.use = KernelUse::kAny;
      }
      for (const Flow::Access& a : flow_.writes(s)) {
        const absl::Span<const int32_t> readers = flow_.readers(a.value);
        bool outside = false;
        for (size_t r = 0; r < readers.size() && !outside; ++r) {
          outside = out_.node_of[readers[r]] != n;
        }
        const bool escapes = flow_.escapes(a.value) || readers.empty();
        if (outside || escapes) {
          node->writes.push_back({.value = a.value, .bytes = a.bytes, .escapes = escapes});
        } else if (!tiled_) {
          node->internal += a.bytes;
        }
      }
    }
    // All that leaves is of the node's space.
    for (const KernelNode::Write& w : node->writes) {
      const double n_elements = Elements(w.value);
      if (node->kind == KernelKind::kMovement) continue;
      if (n_elements != node->elements &&
          !(node->kind == KernelKind::kRow && n_elements == node->rows)) {
        node->kind = KernelKind::kAlone;
      }
    }
  }

  const Graph& graph_;
  const Shapes& shapes_;
  const Execution& execution_;
  const Works& works_;
  const Numbers& numbers_;
  const Flow& flow_;
  const Grouping& grouping_;
  KernelSpace out_;
  std::vector<std::vector<int32_t>> slots_;  // by node, ascending
  std::vector<Seen> seen_;                   // by ValueId: the node that met it last, and its read
  absl::flat_hash_map<const OpRow*, OpKind> kinds_;
  // Of the node at hand.
  int32_t barrier_ = -1;  // its last op that is not pointwise
  bool tiled_ = false;    // its inner tensors exist a tile at a time
};

}  // namespace

KernelSpace KernelSpace::Build(const Graph& graph, const Shapes& shapes, const Execution& execution,
                               const Works& works, const Numbers& numbers, const Flow& flow,
                               const Grouping& grouping) {
  return Builder(graph, shapes, execution, works, numbers, flow, grouping).Build();
}

}  // namespace assay
