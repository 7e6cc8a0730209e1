// Roll-ups side by side: what several models, or one model on several machines, spend in each
// module (or type, family, ...).
//
//              old        new
//   encoder    17.0 ms    9.1 ms
//     layer1    4.0 ms    2.0 ms
//     layer2   13.0 ms    7.1 ms
//   head        0.1 ms    0.1 ms
//
// Groups of one path stand in one line; a column that lacks a group has nothing there.
#ifndef ASSAY_ANALYZER_GROUP_TABLE_H_
#define ASSAY_ANALYZER_GROUP_TABLE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "analyzer/document.h"
#include "analyzer/groups.h"
#include "analyzer/report.h"

namespace assay {

class GroupTable {
 public:
  struct Line {
    std::string name;
    std::string path;
    int level = 0;
    bool own = false;                             // what a path with deeper ones keeps for itself
    std::vector<std::optional<GroupCost>> costs;  // by column
  };

  // `depth` levels; 0: as many as keep the list readable. An empty grouping has no lines.
  GroupTable(std::string grouping, int depth) : grouping_(std::move(grouping)), depth_(depth) {}

  // The next column: `op_seconds` by OpId, or empty without a target.
  void Add(const Report& report, absl::Span<const double> op_seconds);

  bool asked() const { return !grouping_.empty(); }

  // The lines as a table "by_module": of each column of it the seconds, or the MACs, of one of the
  // columns above. Where titles are too long for a terminal they are numbers, as of rows.
  struct Shown {
    std::string title;
    size_t column;
  };
  Table AsTable(absl::Span<const Shown> shown, bool seconds) const;

  // Each group before those inside it. In every column those of one level under one parent add up
  // to it.
  std::vector<Line> Lines() const;

 private:
  struct Node {
    std::string name, path;
    int level = 0;
    std::vector<int> children;
    std::vector<std::optional<GroupCost>> own, all;  // by column; may be shorter than columns_
  };
  void List(const Node& node, int depth, std::vector<Line>* out) const;

  std::string grouping_;
  int depth_;
  size_t columns_ = 0;
  std::vector<Node> nodes_ = std::vector<Node>(1);
  absl::flat_hash_map<std::pair<int, std::string>, int> index_;
};

}  // namespace assay

#endif  // ASSAY_ANALYZER_GROUP_TABLE_H_
