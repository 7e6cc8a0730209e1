#include "passes/ranked_order.h"

#include <functional>
#include <queue>

namespace assay {

std::vector<int32_t> RankedOrder(absl::Span<const int32_t> rank,
                                 absl::Span<const std::pair<int32_t, int32_t>> edges) {
  const int32_t n = static_cast<int32_t>(rank.size());
  std::vector<int32_t> waits(n, 0), begin(n + 1, 0), to(edges.size());
  for (auto [u, v] : edges) ++waits[v], ++begin[u + 1];
  for (int32_t i = 0; i < n; ++i) begin[i + 1] += begin[i];
  std::vector<int32_t> next(begin.begin(), begin.end() - 1);
  for (auto [u, v] : edges) to[next[u]++] = v;
  std::priority_queue<std::pair<int32_t, int32_t>, std::vector<std::pair<int32_t, int32_t>>,
                      std::greater<>>
      free;
  for (int32_t i = 0; i < n; ++i) {
    if (waits[i] == 0) free.emplace(rank[i], i);
  }
  std::vector<int32_t> order;
  order.reserve(n);
  while (!free.empty()) {
    const int32_t u = free.top().second;
    free.pop();
    order.push_back(u);
    for (int32_t e = begin[u]; e < begin[u + 1]; ++e) {
      if (--waits[to[e]] == 0) free.emplace(rank[to[e]], to[e]);
    }
  }
  return order;
}

}  // namespace assay
