// Ways to roll operators up, one row each: `assay analyze --by KEY`.
//
// A grouping gives every op a path. Costs of an op count for its path and for each of the path's
// beginnings, so that rows add up at every level; what has no path of its own has a row that says
// so.
#ifndef ASSAY_ANALYZER_GROUPS_H_
#define ASSAY_ANALYZER_GROUPS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace assay {

struct Report;

// Sums over some ops, at the report's point.
struct GroupCost {
  int ops = 0;      // that run
  int unknown = 0;  // of these, with work that is not known
  double macs = 0, flops = 0, bytes = 0;
  double seconds = 0;  // on the first target; see Report::op_seconds
  void Add(const GroupCost& other);
};

struct Group {
  std::string name;  // last part of the path
  std::string path;
  int level = 0;     // 0 is the outermost
  bool own = false;  // what a path with deeper ones keeps for itself
  GroupCost cost;    // includes what stands deeper
};

// Whether x costs more than y: in time, else in FLOPs, else in bytes.
bool Dearer(const Group& x, const Group& y);

// The groups of a report in order of first op, each before those inside it, down to `depth` levels
// (0: as many as keep the list readable). Groups of one level and parent add up to the parent;
// level 0 to the report's totals.
std::vector<Group> RollUp(const Report& report, absl::string_view grouping, int depth);
// The same with seconds of another target (SecondsByOp), or of none.
std::vector<Group> RollUp(const Report& report, absl::string_view grouping, int depth,
                          absl::Span<const double> op_seconds);

std::vector<absl::string_view> GroupingNames();  // "module", "type", ...

}  // namespace assay

#endif  // ASSAY_ANALYZER_GROUPS_H_
