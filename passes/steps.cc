#include "passes/steps.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "ir/op_table.h"
#include "passes/ranked_order.h"

namespace assay {
namespace {

// The op that stands for this one: the outermost op with a body that runs around it, or itself. A
// branch that is known is no wall: its ops stand for themselves.
std::vector<OpId> UnitOps(const Graph& graph, const Execution& execution) {
  std::vector<OpId> unit(graph.num_ops());
  for (OpId op(0); op.index < graph.num_ops(); ++op.index) {
    unit[op.index] = op;
    const OpId owner = graph.region(graph.op(op).region).owner;
    if (!owner.has_value()) continue;
    if (unit[owner.index] != owner || execution.runs(owner)) unit[op.index] = unit[owner.index];
  }
  return unit;
}

// The region around the branches that a value comes out of as the result of its If.
RegionId HomeOf(const Graph& graph, const Execution& execution, RegionId region) {
  for (OpId owner = graph.region(region).owner;
       owner.has_value() && execution.branch[owner.index] >= 0;
       owner = graph.region(region).owner) {
    region = graph.op(owner).region;
  }
  return region;
}

}  // namespace

class StepsBuilder {
 public:
  StepsBuilder(const Graph& graph, const Execution& execution, const Flow& flow,
               absl::Span<const double> value_bytes)
      : graph_(graph),
        execution_(execution),
        flow_(flow),
        value_bytes_(value_bytes),
        unit_op_(UnitOps(graph, execution)) {}

  Steps OfOps() {
    const int32_t n = static_cast<int32_t>(flow_.ops.size());
    step_of_op_ = flow_.slot;
    s_.node.reserve(n);
    s_.op.reserve(n);
    for (OpId op : flow_.ops) AddStep(op.index, op, unit_op_[op.index] == op);
    FindLastSteps();
    AddArgs();
    for (int32_t s = 0; s < n; ++s) {
      for (const Flow::Access& w : flow_.writes(s)) AddBuffer(w.value, last_step_[s_.op[s].index]);
    }
    SortBuffers();
    for (int32_t s = 0; s < n; ++s) {
      const OpId op = s_.op[s];
      const OpRow* row = graph_.op(op).row;
      const absl::Span<const Flow::Access> writes = flow_.writes(s);
      if (row == nullptr || row->inplace < 0 || writes.empty()) continue;
      const absl::Span<const ValueId> in = graph_.inputs(op);
      if (row->inplace >= static_cast<int>(in.size()) || !in[row->inplace].has_value()) continue;
      AddReuse(writes[0].value, execution_.root[in[row->inplace].index]);
    }
    return Finish();
  }

  Steps OfKernels(const Partition& partition) {
    const std::vector<int32_t> order = KernelOrder(partition);
    std::vector<int32_t> step_of(partition.kernels.size(), -1);
    int32_t unit = -1;
    for (int32_t k : order) {
      step_of[k] = s_.size();
      const Partition::KernelOps& kernel = partition.kernels[k];
      AddStep(k, kernel.main(), kernel_unit_[k] != unit);
      unit = kernel_unit_[k];
    }
    step_of_op_.assign(graph_.num_ops(), -1);
    for (OpId op : flow_.ops) step_of_op_[op.index] = step_of[partition.kernel_of[op.index]];
    FindLastSteps();
    AddArgs();
    for (int32_t s = 0; s < s_.size(); ++s) {
      const Partition::KernelOps& kernel = partition.kernels[s_.node[s]];
      for (ValueId v : kernel.writes) AddBuffer(v, last_step_[graph_.value(v).op.index]);
    }
    SortBuffers();
    for (int32_t s = 0; s < s_.size(); ++s) AddReuses(partition.kernels[s_.node[s]]);
    return Finish();
  }

 private:
  void AddStep(int32_t node, OpId op, bool new_unit) {
    if (new_unit || s_.node.empty()) s_.unit_begin.push_back(s_.size());
    s_.node.push_back(node);
    s_.op.push_back(op);
    s_.unit.push_back(static_cast<int32_t>(s_.unit_begin.size()) - 1);
  }

  // Kernels in an order that respects their edges, those of one unit side by side.
  std::vector<int32_t> KernelOrder(const Partition& partition) {
    const int32_t n = static_cast<int32_t>(partition.kernels.size());
    std::vector<int32_t> unit_of_op(graph_.num_ops(), -1), rank(n), unit_rank;
    kernel_unit_.resize(n);
    bool bodies = false;
    for (int32_t k = 0; k < n; ++k) {
      const std::vector<OpId>& ops = partition.kernels[k].ops;
      rank[k] = ops.back().index;
      const OpId stands_for = unit_op_[ops.front().index];
      int32_t& unit = unit_of_op[stands_for.index];
      if (stands_for == ops.front() || unit < 0) {
        unit = static_cast<int32_t>(unit_rank.size());
        unit_rank.push_back(rank[k]);
      } else {
        bodies = true;
      }
      kernel_unit_[k] = unit;
    }
    std::vector<std::pair<int32_t, int32_t>> inside, between;
    for (int32_t s = 0; s < static_cast<int32_t>(flow_.ops.size()); ++s) {
      const int32_t k = partition.kernel_of[flow_.ops[s].index];
      for (const Flow::Access& a : flow_.reads(s)) {
        const int32_t writer = flow_.writer(a.value);
        if (writer < 0) continue;
        const int32_t before = partition.kernel_of[flow_.ops[writer].index];
        if (before == k) continue;
        if (kernel_unit_[before] == kernel_unit_[k]) {
          inside.emplace_back(before, k);
        } else {
          between.emplace_back(kernel_unit_[before], kernel_unit_[k]);
        }
      }
    }
    const std::vector<int32_t> units = RankedOrder(unit_rank, between);
    std::vector<int32_t> place(unit_rank.size(), static_cast<int32_t>(units.size()));
    for (size_t i = 0; i < units.size(); ++i) place[units[i]] = static_cast<int32_t>(i);
    std::vector<int32_t> order;
    if (bodies) {
      order = RankedOrder(rank, inside);
    } else {
      order.resize(n);
      for (int32_t k = 0; k < n; ++k) order[k] = k;
    }
    std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
      return place[kernel_unit_[a]] < place[kernel_unit_[b]];
    });
    return order;
  }

  // The last step in each op and all that is nested in it.
  void FindLastSteps() {
    last_step_ = step_of_op_;
    for (int32_t i = graph_.num_ops() - 1; i >= 0; --i) {
      const OpId owner = graph_.region(graph_.op(OpId(i)).region).owner;
      if (owner.has_value()) {
        last_step_[owner.index] = std::max(last_step_[owner.index], last_step_[i]);
      }
    }
  }

  void AddArgs() {
    index_of_.assign(graph_.num_values(), -1);
    for (ValueId v : graph_.region(Graph::kMain).args) {
      if (!flow_.readers(v).empty() || flow_.escapes(v)) AddBuffer(v, -1);
    }
  }

  void AddBuffer(ValueId v, int32_t born) {
    s_.buffers.push_back({.value = v, .bytes = value_bytes_[v.index], .born = born});
  }

  // What a loop gives out is born after what its body makes.
  void SortBuffers() {
    std::stable_sort(
        s_.buffers.begin(), s_.buffers.end(),
        [](const Steps::Buffer& a, const Steps::Buffer& b) { return a.born < b.born; });
    for (size_t b = 0; b < s_.buffers.size(); ++b) {
      index_of_[s_.buffers[b].value.index] = static_cast<int32_t>(b);
    }
  }

  void AddReuse(ValueId result, ValueId operand) {
    const int32_t fresh = index_of_[result.index], old = index_of_[operand.index];
    if (fresh < 0 || old < 0 || s_.buffers[old].born < 0) return;  // the caller's stays as it is
    if (s_.buffers[old].bytes == s_.buffers[fresh].bytes) s_.reuse.emplace_back(fresh, old);
  }

  // What only ops behind the last one that cannot work in place read may be overwritten: from there
  // on the kernel passes over its elements in step.
  void AddReuses(const Partition::KernelOps& kernel) {
    if (kernel.writes.empty() || graph_.value(kernel.writes.back()).op != kernel.ops.back()) return;
    size_t tail = kernel.ops.size();
    for (; tail > 0; --tail) {
      const OpRow* row = graph_.op(kernel.ops[tail - 1]).row;
      if (row == nullptr || row->inplace < 0) break;
    }
    std::vector<ValueId> before, behind;
    for (size_t i = 0; i < kernel.ops.size(); ++i) {
      for (const Flow::Access& a : flow_.reads(flow_.slot[kernel.ops[i].index])) {
        (i < tail ? before : behind).push_back(a.value);
      }
    }
    for (ValueId v : behind) {
      if (std::find(before.begin(), before.end(), v) == before.end()) {
        AddReuse(kernel.writes.back(), v);
      }
    }
  }

  // The last step of the outermost loop that stands around `op` but not around `outside`: where
  // something that is made outside and read by `op` is needed no more.
  int32_t EndOfUse(OpId op, RegionId outside) const {
    int32_t end = last_step_[op.index];
    for (RegionId r = graph_.op(op).region; r != outside;) {
      const OpId owner = graph_.region(r).owner;
      if (!owner.has_value()) break;
      if (execution_.branch[owner.index] < 0) end = last_step_[owner.index];
      r = graph_.op(owner).region;
    }
    return end;
  }

  Steps Finish() {
    s_.unit_begin.push_back(s_.size());
    s_.ends_begin_.reserve(s_.buffers.size() + 1);
    for (Steps::Buffer& b : s_.buffers) {
      s_.ends_begin_.push_back(static_cast<uint32_t>(s_.ends_.size()));
      const RegionId home = HomeOf(graph_, execution_, graph_.value(b.value).region);
      for (int32_t slot : flow_.readers(b.value)) {
        s_.ends_.push_back(EndOfUse(flow_.ops[slot], home));
      }
      if (!flow_.escapes(b.value)) continue;
      if (const OpId owner = graph_.region(home).owner; owner.has_value()) {
        s_.ends_.push_back(last_step_[owner.index]);
      } else {
        b.stays = true;
      }
    }
    s_.ends_begin_.push_back(static_cast<uint32_t>(s_.ends_.size()));
    return std::move(s_);
  }

  const Graph& graph_;
  const Execution& execution_;
  const Flow& flow_;
  absl::Span<const double> value_bytes_;
  const std::vector<OpId> unit_op_;
  Steps s_;
  std::vector<int32_t> step_of_op_, last_step_;  // by OpId; -1: none
  std::vector<int32_t> kernel_unit_;             // by kernel; numbers of their own
  std::vector<int32_t> index_of_;                // by ValueId: its buffer; -1: none
};

std::vector<std::pair<int32_t, int32_t>> Steps::UnitEdges() const {
  std::vector<std::pair<int32_t, int32_t>> edges;
  edges.reserve(ends_.size());
  for (int32_t b = 0; b < static_cast<int32_t>(buffers.size()); ++b) {
    if (buffers[b].born < 0) continue;
    const int32_t u = unit[buffers[b].born];
    for (int32_t end : ends(b)) {
      if (unit[end] != u) edges.emplace_back(u, unit[end]);
    }
  }
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  return edges;
}

Steps Steps::OfOps(const Graph& graph, const Execution& execution, const Flow& flow,
                   absl::Span<const double> value_bytes) {
  return StepsBuilder(graph, execution, flow, value_bytes).OfOps();
}

Steps Steps::OfKernels(const Graph& graph, const Execution& execution, const Flow& flow,
                       absl::Span<const double> value_bytes, const Partition& partition) {
  return StepsBuilder(graph, execution, flow, value_bytes).OfKernels(partition);
}

}  // namespace assay
