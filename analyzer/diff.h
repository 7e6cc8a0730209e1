// `assay diff OLD NEW`: what changed in cost between two models, and where.
//
//   NEW needs 31.0 % fewer MACs than OLD; on t4 it takes 22.4 % less time (650.3 us -> 504.6 us)
//   ...
//
// Operators are matched (analyzer/graph_match.h), and every unit of difference stands in one row of
// a ledger: old - removed + added + changed = new, to the unit; of time also what operators that
// are the same gain or lose (fusion, caches), and what is outside of kernels (host, streams).
#ifndef ASSAY_ANALYZER_DIFF_H_
#define ASSAY_ANALYZER_DIFF_H_

#include <string>
#include <vector>

#include "analyzer/document.h"
#include "analyzer/graph_match.h"
#include "analyzer/options.h"
#include "analyzer/report.h"

namespace assay {

// Amounts of some operators, and their seconds by target.
struct DiffCost {
  int ops = 0;
  double macs = 0, flops = 0, transcendentals = 0, int_ops = 0, comparisons = 0, bytes = 0;
  std::vector<double> seconds;
  void Add(const DiffCost& other, double sign);
};

// An operator, or a pair of them.
struct OpChange {
  enum class Kind { kRemoved, kAdded, kChanged, kSame };
  Kind kind = Kind::kSame;
  OpId from, to;
  std::string what;  // "weight 64x3x7x7 -> 32x3x7x7"; of kSame empty, unless its form changed
  DiffCost cost;     // new - old
};

struct Diff {
  GraphMatch match;
  std::vector<OpChange> ops;  // of everything that runs: removed and matched in old's order, added
  DiffCost from, to;          // the totals
  DiffCost removed, added, changed, same;  // sums of ops' costs
  std::vector<double> outside;  // by target: what the latencies differ beyond all kernels
  int rewired = 0;              // pairs that read results of operators that are no pair
  bool equal = false;           // every operator has a partner that is alike, wired alike
};

// Of two reports of one plan.
Diff MakeDiff(const Report& from, const Report& to);

// `all`: every change is listed, not `options.top` of them.
Document MakeDiffDocument(const Report& from, const Report& to, const ReportOptions& options,
                          bool all);

}  // namespace assay

#endif  // ASSAY_ANALYZER_DIFF_H_
