// What the JSON report lists in full, said in few words: long formulas, long signatures, the point
// at which numbers are given, remarks that repeat themselves. Text in, text out.
//
//   4*batch*seq + ...                  ->  4,278 terms in batch, seq; --format json has them
//   past.0, past.1, ..., past.23       ->  past.0 ... past.23   24 x f32[batch, 12, past, 64]
//   If `a`: takes ..., If `b`: takes   ->  If `a` and 1 other: takes ...
#ifndef ASSAY_ANALYZER_DIGEST_H_
#define ASSAY_ANALYZER_DIGEST_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "analyzer/report.h"

namespace assay {

// Terms of an expression's outermost sum: 2 of "a*(b + c) - 3".
int64_t CountTerms(absl::string_view expression);

// The expression, or when it is wider than `width` how many terms it has, in what, and `whole`: who
// prints it all.
std::string FormulaDigest(absl::string_view expression, const std::vector<std::string>& symbols,
                          size_t width, absl::string_view whole = "--format json");

// "at batch = 8; assumed seq = 1; --dim seq=N sets it". Sizes that depend on the contents of
// tensors can be many, and of few readers' concern: their number and examples.
std::string PointDigest(const std::vector<PointEntry>& point);

struct NameAndType {
  std::string name, type;
};
// Long lists only: neighbours of one type become a row, and the rows an end.
std::vector<NameAndType> SignatureDigest(std::vector<NameAndType> rows);

struct Remark {
  std::string where, text;  // where may be empty
};
// One line per text, by first place; further places are counted.
std::vector<std::string> RemarkDigest(const std::vector<Remark>& remarks);

}  // namespace assay

#endif  // ASSAY_ANALYZER_DIGEST_H_
