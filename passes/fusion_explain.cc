#include "passes/fusion_explain.h"

#include <algorithm>

namespace assay {
namespace {

// The kernel waits for more than one other kernel with these operands.
bool Joins(const FusionInput& in, const Partition& partition, int32_t slot) {
  const int32_t kernel = partition.kernel_of[in.flow.ops[slot].index];
  int32_t before = -1;
  for (const Flow::Access& a : in.flow.reads(slot)) {
    if (in.IsConstant(a.operand)) continue;
    const int32_t w = in.flow.writer(a.value);
    const int32_t from = w < 0 ? -2 - a.value.index : partition.kernel_of[in.flow.ops[w].index];
    if (from == kernel) continue;
    if (before != -1 && before != from) return true;
    before = from;
  }
  return false;
}

}  // namespace

std::vector<Partition::Unfused> ExplainEdges(const FusionInput& in, const Partition& partition,
                                             absl::Span<const absl::string_view> refused) {
  std::vector<Partition::Unfused> out;
  auto kernel_of = [&](int32_t slot) { return partition.kernel_of[in.flow.ops[slot].index]; };
  auto is_heavy = [&](int32_t kernel) { return partition.kernels[kernel].anchor.has_value(); };
  std::vector<int32_t> last(in.graph.num_values(), -1);
  for (size_t k = 0; k < partition.kernels.size(); ++k) {
    for (OpId to : partition.kernels[k].ops) {
      const int32_t s = in.flow.slot[to.index];
      for (const Flow::Access& a : in.flow.reads(s)) {
        const int32_t w = in.flow.writer(a.value);
        if (w < 0 || kernel_of(w) == static_cast<int32_t>(k)) continue;
        if (last[a.value.index] == static_cast<int32_t>(k)) continue;
        last[a.value.index] = static_cast<int32_t>(k);
        auto forks = [&] {
          const absl::Span<const int32_t> readers = in.flow.readers(a.value);
          return std::any_of(readers.begin(), readers.end(),
                             [&](int32_t r) { return kernel_of(r) != static_cast<int32_t>(k); });
        };
        const OpId from = in.flow.ops[w];
        absl::string_view reason = "no-pattern";
        if (in.graph.op(from).region != in.graph.op(to).region) {
          reason = "region";
        } else if (!refused.empty() && !refused[a.value.index].empty()) {
          reason = refused[a.value.index];
        } else if (in.flow.escapes(a.value)) {
          reason = "escapes";
        } else if (forks()) {
          reason = "fork";
        } else if (is_heavy(kernel_of(w)) && is_heavy(static_cast<int32_t>(k))) {
          reason = "anchor-limit";
        } else if (Joins(in, partition, s)) {
          reason = "join";
        }
        out.push_back({.value = a.value, .from = from, .to = to, .reason = reason});
      }
    }
  }
  return out;
}

}  // namespace assay
