// `assay zoo DB`: what a table of `assay score` (analyzer/zoo/store.h) says, as a document: how
// many models there are and what became of them, the best and the last by a column, the rows that
// no other beats in two columns, how the values of a column are spread, and why models failed.
//
//   ranked   scored rows that have a number in the column, best first; equal ones by key
//   front    scored rows that no other beats: none is as good in both columns and better in one.
//            Of rows equal in both the first by key is there, and how many more there are (equal)
//   cause    an error up to its first `;`, without what is quoted in it, numbers and paths, so that
//            errors of one kind are one cause
//
// In every column smaller is better, unless ScoreColumn::more_is_better: the front of latency_s and
// macs has what is small and fast, not what does the most work in the time.
//
// Rows are read once, in the order of their keys, and what is not shown is not kept. A million rows
// take the memory of a thousand, but for 8 bytes per distinct graph and some 60 per point of the
// front. Percentiles are by nearest rank (the median of four is the second), of counts in steps of
// 1/120 of a decade: within 1 %. Counts of the histogram are exact. Of the front at most 1,000 rows
// are listed and drawn, and beside them 2,000 of all rows, chosen by a hash of their keys. Its axes
// are logarithmic where no number is negative and most are not 0; those that are 0 are not drawn.
#ifndef ASSAY_ANALYZER_ZOO_ZOO_REPORT_H_
#define ASSAY_ANALYZER_ZOO_ZOO_REPORT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analyzer/document.h"
#include "analyzer/zoo/store.h"

namespace assay {

struct ZooOptions {
  std::string rank;  // a column of numbers; empty: score, or where no row has one macs
  int top = 10;      // rows of the lists; 0: all
  std::vector<std::string> pareto;  // two columns of numbers; empty: latency_s and macs, or where
                                    // no row has a latency macs and memory_bytes
  std::string histogram;            // a column of numbers; empty: latency_s, or macs
  bool failures = false;            // list every model that failed, instead of the causes
  std::string where;                // a condition in SQL over the columns; empty: all rows
};

// Errors: a name that is no column of numbers, a condition that SQLite refuses or that ends the
// query around it (both InvalidArgument); no rows, or none of which the condition is true.
absl::StatusOr<Document> ZooReport(const ScoreStore& store, const std::string& shown_path,
                                   const ZooOptions& options);

}  // namespace assay

#endif  // ASSAY_ANALYZER_ZOO_ZOO_REPORT_H_
