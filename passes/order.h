// An order of execution that needs less memory at once.
//
// The least peak over all orders is NP-hard to find in general (for trees it is Sethi-Ullman
// numbering), but networks are nearly series-parallel, and only the places where the peak stands
// matter:
//
//   1. A unit that every other one waits for or is waited for by stands at the same place in every
//      order. Such cuts divide the run into stretches that are ordered each by itself.
//   2. No order has a peak below what a single unit needs at once: what it reads and writes and
//   what
//      passes by its stretch. A stretch whose peak in file order is not above the largest such
//      bound is left as it is; most are.
//   3. A stretch is searched, highest first: a list schedule (of the units that are free, the one
//      that adds least) gives a first bound; then sets of units that are done are extended unit by
//      unit, sets with the same members merged, those no better than the bound dropped ("dynamic
//      programming with budgets": Ahn et al., "Ordering Chaos", MLSys 2020). A unit that can run
//      without raising the peak and leaves less behind is run at once: nothing is lost by it. While
//      no more sets stand at one size than the search keeps, what it finds is exact; else it is a
//      beam search.
//
// Never worse than the order given. Cost: linear for what stands still, and the searches share a
// bound on the units they try.
#ifndef ASSAY_PASSES_ORDER_H_
#define ASSAY_PASSES_ORDER_H_

#include <cstdint>
#include <vector>

#include "passes/steps.h"

namespace assay {

struct Order {
  std::vector<int32_t> steps;  // in the order found
  bool least = false;          // no order of the units has a lower peak
};

// At most `effort` units are tried in all searches together, and at most one list schedule made of
// each stretch.
Order FindOrder(const Steps& steps, int64_t effort);

}  // namespace assay

#endif  // ASSAY_PASSES_ORDER_H_
