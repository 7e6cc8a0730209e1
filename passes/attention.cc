#include "passes/attention.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "ir/op_table.h"

namespace assay {
namespace {

// Ops between a product and its softmax, and ops between a projection and its attention: the
// longest seen are 5 (Swin: reshape, bias, mask) and 12 (a rotary embedding with its cache).
constexpr int kReach = 16;
constexpr int kProjectionReach = 48;

class Finder {
 public:
  Finder(const Graph& graph, const Execution& execution, const Flow& flow)
      : graph_(graph), execution_(execution), flow_(flow) {}

  // From a softmax of these ops, which reads `scores`; one without ops when there is no attention.
  AttentionCore Find(absl::Span<const int32_t> softmax, ValueId scores) {
    AttentionCore core;
    found_.assign(softmax.begin(), softmax.end());
    budget_ = kReach;
    core.qk = Up(scores);
    if (core.qk < 0) return {};
    core.pv = Down(softmax.back());
    if (core.pv < 0) return {};
    std::sort(found_.begin(), found_.end());
    found_.erase(std::unique(found_.begin(), found_.end()), found_.end());
    if (!IsClosed(graph_, flow_, found_, core.pv)) return {};
    core.ops.assign(found_.begin(), found_.end());
    return core;
  }

 private:
  const OpRow* RowOf(int32_t slot) const { return graph_.op(flow_.ops[slot]).row; }
  Role RoleOf(int32_t slot) const {
    const OpRow* row = RowOf(slot);
    return row == nullptr ? Role::kOther : row->role;
  }
  bool IsConstant(ValueId v) const { return IsConstantOperand(graph_, execution_, v); }

  // A product of two activations.
  bool IsProduct(int32_t slot) const {
    const OpRow* row = RowOf(slot);
    if (row == nullptr || row->role != Role::kContraction || row->family == Family::kConvolution ||
        row->family == Family::kRecurrent) {
      return false;
    }
    const absl::Span<const ValueId> in = graph_.inputs(flow_.ops[slot]);
    return in.size() >= 2 && in[0].has_value() && in[1].has_value() && !IsConstant(in[0]) &&
           !IsConstant(in[1]);
  }

  // The product behind the scores, through elementwise ops that are taken along; -1: none.
  int32_t Up(ValueId v) {
    const int32_t s = flow_.writer(flow_.buffer(execution_.root[v.index]));
    if (s < 0 || --budget_ < 0) return -1;
    const size_t before = found_.size();
    found_.push_back(s);
    if (IsProduct(s)) return s;
    if (RoleOf(s) == Role::kPointwise) {
      for (ValueId in : graph_.inputs(flow_.ops[s])) {
        if (!in.has_value() || IsConstant(in)) continue;
        if (const int32_t product = Up(in); product >= 0) return product;
      }
    }
    found_.resize(before);
    return -1;
  }

  // The product that the weights go into, through elementwise ops that are taken along.
  int32_t Down(int32_t slot) {
    for (int reach = 0; reach < kReach; ++reach) {
      const absl::Span<const Flow::Access> writes = flow_.writes(slot);
      if (writes.empty() || flow_.escapes(writes[0].value)) return -1;
      const absl::Span<const int32_t> readers = flow_.readers(writes[0].value);
      // IsNaN is read by the Where that reads what IsNaN reads.
      if (readers.empty() || readers.size() > 2) return -1;
      const int32_t next = readers.back();
      found_.insert(found_.end(), readers.begin(), readers.end());
      if (IsProduct(next)) return readers.size() == 1 ? next : -1;
      for (int32_t r : readers) {
        if (RoleOf(r) != Role::kPointwise) return -1;
      }
      slot = next;
    }
    return -1;
  }

  const Graph& graph_;
  const Execution& execution_;
  const Flow& flow_;
  absl::InlinedVector<int32_t, 12> found_;
  int budget_ = 0;
};

}  // namespace

std::vector<AttentionCore> FindAttention(const Graph& graph, const Execution& execution,
                                         const Flow& flow, absl::Span<const Spelled> softmaxes) {
  std::vector<AttentionCore> out;
  Finder finder(graph, execution, flow);
  std::vector<uint8_t> taken(flow.ops.size(), 0);
  auto find = [&](absl::Span<const int32_t> softmax, ValueId scores) {
    AttentionCore core = finder.Find(softmax, scores);
    for (int32_t s : core.ops) {
      if (taken[s]) return;
    }
    if (core.ops.empty()) return;
    for (int32_t s : core.ops) taken[s] = 1;
    out.push_back(std::move(core));
  };
  for (int32_t s = 0; s < static_cast<int32_t>(flow.ops.size()); ++s) {
    const OpRow* row = graph.op(flow.ops[s]).row;
    const absl::Span<const ValueId> in = graph.inputs(flow.ops[s]);
    if (row == nullptr || row->name != "Softmax" || in.empty() || !in[0].has_value()) continue;
    find({s}, in[0]);
  }
  for (const Spelled& softmax : softmaxes) {
    if (softmax.row->name == "Softmax") find(softmax.ops, softmax.inputs[0]);
  }
  std::sort(out.begin(), out.end(),
            [](const AttentionCore& a, const AttentionCore& b) { return a.pv < b.pv; });
  return out;
}

std::vector<std::vector<int32_t>> FindProjections(
    const Graph& graph, const Execution& execution, const Flow& flow,
    absl::Span<const absl::InlinedVector<int32_t, 8>> attention_ops) {
  std::vector<std::vector<int32_t>> out;
  std::vector<int32_t> seen(flow.ops.size(), -1);
  for (size_t i = 0; i < attention_ops.size(); ++i) {
    std::vector<int32_t> projections, open(attention_ops[i].begin(), attention_ops[i].end());
    for (int32_t s : open) seen[s] = static_cast<int32_t>(i);
    for (size_t at = 0;
         at < open.size() && open.size() < attention_ops[i].size() + kProjectionReach; ++at) {
      for (const Flow::Access& a : flow.reads(open[at])) {
        const int32_t w = flow.writer(a.value);
        if (w < 0 || seen[w] == static_cast<int32_t>(i)) continue;
        seen[w] = static_cast<int32_t>(i);
        const OpRow* row = graph.op(flow.ops[w]).row;
        if (row == nullptr) continue;
        if (row->role == Role::kContraction) {
          const absl::Span<const ValueId> in = graph.inputs(flow.ops[w]);
          if (row->family == Family::kMatMul && in.size() >= 2 && in[0].has_value() &&
              in[1].has_value() && !IsConstantOperand(graph, execution, in[0])) {
            projections.push_back(w);
          }
        } else if (row->role == Role::kPointwise || row->role == Role::kMovement ||
                   row->role == Role::kNormalization) {
          open.push_back(w);
        }
      }
    }
    std::sort(projections.begin(), projections.end());
    out.push_back(std::move(projections));
  }
  return out;
}

}  // namespace assay
