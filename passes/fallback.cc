#include "passes/fallback.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "hw/runtime.h"

namespace assay {
namespace {

bool LacksOp(const Graph& graph, const OperatorList& operators, OpId op) {
  const Op& o = graph.op(op);
  return operators.Lacks(graph.str(o.domain), graph.str(o.type));
}

// The name of a kernel that a longer one was cut into.
std::string NameOf(const Graph& graph, const Flow& flow, absl::Span<const int32_t> slots) {
  constexpr size_t kParts = 12;
  std::string out;
  for (size_t i = 0; i < std::min(slots.size(), kParts); ++i) {
    absl::StrAppend(&out, i == 0 ? "" : "+", graph.str(graph.op(flow.ops[slots[i]]).type));
  }
  if (slots.size() > kParts) absl::StrAppend(&out, "+", slots.size() - kParts, "more");
  return out;
}

}  // namespace

void SplitByOperators(const Graph& graph, const Flow& flow, const OperatorList& operators,
                      Grouping* grouping) {
  const auto slots = static_cast<int32_t>(flow.ops.size());
  std::vector<std::vector<int32_t>> held(grouping->groups.size());
  std::vector<uint8_t> lacks(slots), sides(held.size());  // of a group: bit 0 has, bit 1 lacks
  for (int32_t s = 0; s < slots; ++s) {
    lacks[s] = LacksOp(graph, operators, flow.ops[s]) ? 1 : 0;
    const int32_t g = grouping->kernel_of[s];
    held[g].push_back(s);
    sides[g] |= 1 << lacks[s];
  }
  for (size_t g = 0; g < held.size(); ++g) {
    if (sides[g] != 3) continue;
    const absl::Span<const int32_t> all = held[g];
    for (size_t begin = 0, end = 0; begin < all.size(); begin = end) {
      while (end < all.size() && lacks[all[end]] == lacks[all[begin]]) ++end;
      const absl::Span<const int32_t> run = all.subspan(begin, end - begin);
      size_t to = g;  // the first run stays
      if (begin > 0) {
        to = grouping->groups.size();
        grouping->groups.push_back({.pattern = grouping->groups[g].pattern});
      }
      Grouping::Group& group = grouping->groups[to];
      group.name = NameOf(graph, flow, run);
      for (int32_t s : run) grouping->kernel_of[s] = static_cast<int32_t>(to);
    }
  }
  // What is left of a pattern in one op is none.
  std::vector<int> ops(grouping->groups.size());
  for (int32_t s = 0; s < slots; ++s) ++ops[grouping->kernel_of[s]];
  for (size_t g = 0; g < ops.size(); ++g) {
    const bool cut = g >= held.size() || sides[g] == 3;
    if (cut && ops[g] == 1) grouping->groups[g].pattern = "single";
  }
}

HostKernels FindHostKernels(const Graph& graph, const Execution& execution, const Flow& flow,
                            const Partition& partition, const Platform& platform,
                            absl::Span<const double> value_bytes) {
  HostKernels out = FindOnHost(graph, flow, partition, platform);
  SetCrossings(graph, execution, flow, partition, value_bytes, &out);
  return out;
}

HostKernels FindOnHost(const Graph& graph, const Flow& flow, const Partition& partition,
                       const Platform& platform) {
  HostKernels out;
  const OperatorList operators(platform.target->operators);
  const bool rest_too = platform.runtime->after_unsupported == AfterUnsupported::kHost;
  const int kernels = static_cast<int>(partition.kernels.size());
  auto writer_of = [&](ValueId v) {
    const int32_t slot = flow.writer(v);
    return slot < 0 ? -1 : partition.kernel_of[flow.ops[slot].index];
  };
  std::vector<bool> fed(kernels);  // by an input of the model, or of a loop's body
  for (int k = 0; k < kernels; ++k) {
    for (ValueId v : partition.kernels[k].reads) {
      const int w = writer_of(v);
      fed[k] = fed[k] || (w < 0 ? graph.value(v).def == Value::Def::kArg : fed[w]);
    }
    if (!fed[k]) continue;
    bool falls = false;
    for (OpId op : partition.kernels[k].ops) {
      if (!LacksOp(graph, operators, op)) continue;
      falls = true;
      const absl::string_view type = graph.str(graph.op(op).type);
      const auto it = std::find_if(out.lacking.begin(), out.lacking.end(),
                                   [&](const auto& entry) { return entry.first == type; });
      if (it == out.lacking.end()) {
        out.lacking.emplace_back(std::string(type), 1);
      } else {
        ++it->second;
      }
    }
    for (ValueId v : partition.kernels[k].reads) {
      const int w = rest_too && !out.on_host.empty() ? writer_of(v) : -1;
      falls |= w >= 0 && out.on_host[w];
    }
    if (!falls) continue;
    out.on_host.resize(kernels);
    out.on_host[k] = true;
  }
  return out;
}

void SetCrossings(const Graph& graph, const Execution& execution, const Flow& flow,
                  const Partition& partition, absl::Span<const double> value_bytes,
                  HostKernels* host) {
  HostKernels& out = *host;
  if (out.on_host.empty()) return;
  const int kernels = static_cast<int>(partition.kernels.size());
  out.crossings.assign(kernels, Crossing());
  std::vector<bool> crossed(graph.num_values());
  for (int k = 0; k < kernels; ++k) {
    for (ValueId v : partition.kernels[k].reads) {
      const int32_t slot = flow.writer(v);
      const int w = slot < 0 ? -1 : partition.kernel_of[flow.ops[slot].index];
      if (w < 0 || crossed[v.index] || out.on_host[w] == out.on_host[k] || execution.is_weight(v)) {
        continue;
      }
      crossed[v.index] = true;
      const int payer = out.on_host[k] ? k : w;
      const double own = partition.kernels[payer].multiplicity;
      const double other = partition.kernels[payer == k ? w : k].multiplicity;
      if (own <= 0) continue;
      const double times = std::min(own, other) / own;
      out.crossings[payer].bytes += times * std::max(0.0, value_bytes[v.index]);
      out.crossings[payer].tensors += times;
    }
  }
}

}  // namespace assay
