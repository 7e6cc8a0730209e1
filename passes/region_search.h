// The cheapest way to put the nodes of a small acyclic graph into groups, such that the graph of
// groups has no cycle either. What a group costs, and whether there may be such a group, the caller
// says; a group hangs together by pairs that the caller lists.
//
//   nodes a b c d     joins a-b b-c c-d     cost of {a}, {a, b}, {a, b, c}, {b, c}, ...
//   after a:  {a                  after b:  {a, b      {a} {b          ("{" is open)
//   after c:  {a, b, c   {a, b} {c   {a} {b, c   {a} {b} {c            -> two of these are dropped
//                                                                         once they only differ in
//                                                                         what is closed
//
// Exact, by dynamic programming over a frontier: nodes are placed in topological order, and two
// ways to place the first ones are the same from there on when their open groups (those that a node
// still to come may join) are the same and wait for each other in the same way; the cheaper is
// kept. A node joins any number of open groups, which then are one. Cycles: every open group knows
// the open groups before it (`before`), and those among them that a finished group stands between
// (`behind`), with which it can never be one.
//
// The number of ways to keep is not bounded by anything but the limits: where they bind, the ways
// that look cheapest go on, and the result is legal but not proven to be the cheapest.
#ifndef ASSAY_PASSES_REGION_SEARCH_H_
#define ASSAY_PASSES_REGION_SEARCH_H_

#include <cstdint>
#include <limits>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/numeric/bits.h"

namespace assay {

using NodeSet = uint64_t;  // of up to 64 nodes

inline NodeSet Bit(int node) { return NodeSet{1} << node; }

// Visits the nodes, ascending.
template <class Visit>
void ForEach(NodeSet set, Visit&& visit) {
  for (; set != 0; set &= set - 1) visit(absl::countr_zero(set));
}

// What a group costs when there may be none such.
inline constexpr double kNoGroup = std::numeric_limits<double>::infinity();

struct RegionProblem {
  // By node, in an order in which every node comes after those it waits for.
  std::vector<NodeSet> preds;      // nodes that it waits for
  std::vector<NodeSet> joins;      // symmetric: these two hang together
  std::vector<NodeSet> conflicts;  // symmetric: these two are never in one group
  // Of a group, or kNoGroup. That of one node is finite.
  absl::FunctionRef<double(NodeSet)> cost;

  int size() const { return static_cast<int>(preds.size()); }
};

struct RegionLimits {
  int ways = 1024;  // kept after each node
  // Placements of one node tried, each counted as often as half the open groups around it.
  int64_t steps = 8192;
};

struct RegionSolution {
  std::vector<NodeSet> groups;  // by smallest node
  double cost = 0;              // of all groups; among equals the one with the fewest groups
  bool exact = true;            // no limit did bind
  int64_t steps = 0;
};

// At most 64 nodes.
RegionSolution SolveRegion(const RegionProblem& problem, const RegionLimits& limits);

}  // namespace assay

#endif  // ASSAY_PASSES_REGION_SEARCH_H_
