// Sets of the numbers 0 .. n-1 that are joined two at a time (union-find with path halving).
//
//   DisjointSets sets(3);
//   sets.Join(2, 1);
//   sets.Of(2);  // 1: the least member stands for its set
//
// Cost: a join or a look-up takes O(log n) at worst over many, next to nothing in practice.
#ifndef ASSAY_PASSES_DISJOINT_SETS_H_
#define ASSAY_PASSES_DISJOINT_SETS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace assay {

class DisjointSets {
 public:
  explicit DisjointSets(size_t n) : parent_(n) { std::iota(parent_.begin(), parent_.end(), 0); }

  // The least member of the set that holds `i`.
  int32_t Of(int32_t i) {
    while (parent(i) != i) i = parent(i) = parent(parent(i));
    return i;
  }
  void Join(int32_t a, int32_t b) {
    a = Of(a);
    b = Of(b);
    parent(std::max(a, b)) = std::min(a, b);
  }

 private:
  int32_t& parent(int32_t i) { return parent_[static_cast<size_t>(i)]; }
  std::vector<int32_t> parent_;
};

}  // namespace assay

#endif  // ASSAY_PASSES_DISJOINT_SETS_H_
