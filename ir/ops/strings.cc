// Operators on strings, and the n-gram counter.
//
// A string is one element, whatever its length; its characters are not in the file, so neither
// their bytes nor the steps through them can be counted. Counted is one comparison per string
// looked at, and the elements moved.
//
// TfIdfVectorizer looks every n-gram of a row up in its pool. With skips, an n-gram takes every
// (s + 1)-th item, for s = 0 ... max_skip_count; in a row of C items it can begin at
// C - (n - 1) (s + 1) places. A lookup by hash compares the n items; what is found adds one.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "ir/ops/families.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

// --- StringSplit: X [...] -> substrings [..., most of any string], their number [...] ---

absl::Status SplitShape(OpContext& op) {
  if (!op.ranked(0)) {
    op.SetOut(1, Type::Unranked(DType::kI64));
    return Unranked(op, 0, DType::kString);
  }
  Dims dims = op.in(0).dims;
  op.SetOut(1, DType::kI64, dims);
  const int64_t splits = op.int_attr("maxsplit", -1);
  const bool limited = op.has_attr("maxsplit") && splits >= 0;
  const Dim most = limited ? op.dims().Add(Dim(splits), Dim(1)) : Dim();
  dims.push_back(OrFresh(op, 0, Dim(), 0, most, "number of substrings"));
  op.SetOut(0, DType::kString, std::move(dims));
  return absl::OkStatus();
}

absl::Status SplitWork(OpContext& op) {
  op.work().comparisons = op.in_elements(0);
  return absl::OkStatus();
}

// --- StringNormalizer: X [C] or [1, C], without the stopwords ---

absl::Status NormalizerShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "X", {1, 2}); !s.ok()) return s;
  if (!op.ranked(0)) return Unranked(op, 0, DType::kString);
  Dims dims = op.in(0).dims;
  if (dims.size() == 2) {
    absl::Status s = Merge(op, &dims[0], Dim(1), "rows of the input and 1, which it must have");
    if (!s.ok()) return s;
  }
  if (!op.strings_attr("stopwords").empty()) {
    // Where nothing is left there is one empty string.
    dims.back() = OrFresh(op, 0, Dim(), 1, dims.back(), "number of strings that are kept");
  }
  op.SetOut(0, DType::kString, std::move(dims));
  return absl::OkStatus();
}

// Changes case, and looks every string up among the stopwords.
absl::Status NormalizerWork(OpContext& op) {
  const bool looks_up = !op.strings_attr("stopwords").empty();
  const bool changes = op.string_attr("case_change_action", "NONE") != "NONE";
  op.work().comparisons = Size(op, op.in_elements(0)) * (looks_up ? 1 : 0) +
                          Size(op, op.in_elements(0)) * (changes ? 1 : 0);
  return absl::OkStatus();
}

absl::Status MatchShape(OpContext& op) { return RetypeFirst(op, DType::kBool); }

// --- TfIdfVectorizer: X [C] or [N, C] -> [max(ngram_indexes) + 1] of each row ---

absl::Status TfIdfShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "X", {1, 2}); !s.ok()) return s;
  const std::optional<std::vector<int64_t>> indexes = op.ints_attr("ngram_indexes");
  if (!indexes.has_value() || indexes->empty()) {
    return OpError("attribute `ngram_indexes` is missing or empty; give each n-gram its place");
  }
  if (*std::min_element(indexes->begin(), indexes->end()) < 0) {
    return OpError("attribute `ngram_indexes` has a negative place");
  }
  if (!op.ranked(0)) return Unranked(op, 0, DType::kF32);
  const int64_t last = *std::max_element(indexes->begin(), indexes->end());
  Dims dims = op.in(0).dims;
  dims.back() = op.dims().Add(Dim(last), Dim(1));
  op.SetOut(0, DType::kF32, std::move(dims));
  return absl::OkStatus();
}

// Places in a row of `items` where an n-gram with up to `skips` skips can begin.
Size PlacesOf(OpContext& op, Dim items, int64_t n, int64_t skips) {
  const Size row(op, items);
  if (n == 1) return row;
  // Sum over strides k = 1 ... most of max(0, items - (n - 1) k).
  Size most = Size(op, skips) + 1;
  if (items.known()) most = Min(FloorDiv(row, n - 1), most);
  const Size places = most * row - FloorDiv((n - 1) * most * (most + 1), 2);
  return Max(places, Dim(0));
}

absl::Status TfIdfWork(OpContext& op) {
  const std::optional<std::vector<int64_t>> counts = op.ints_attr("ngram_counts");
  const int64_t shortest = op.int_attr("min_gram_length", 1);
  const int64_t skips = op.int_attr("max_skip_count", 0);
  if (shortest < 1 || skips < 0) {
    return OpError("attribute `min_gram_length` is below 1 or `max_skip_count` is negative");
  }
  Work& work = op.work();
  if (!op.ranked(0) || !counts.has_value()) {
    work.comparisons = work.flops = Dim();
    return absl::OkStatus();
  }
  // The pool has n-grams of at most so many lengths.
  const int64_t longest =
      std::min<int64_t>(op.int_attr("max_gram_length", 1), static_cast<int64_t>(counts->size()));
  Size grams(op, 0), items(op, 0);
  for (int64_t n = shortest; n <= longest; ++n) {
    const Size places = PlacesOf(op, op.dim(0, -1), n, skips);
    grams += places;
    items += n * places;
  }
  const Size rows(op, op.rank(0) == 2 ? op.dim(0, 0) : Dim(1));
  const bool weighs = op.string_attr("mode", "TF") != "TF" && op.has_attr("weights");
  work.comparisons = rows * items;
  work.flops = rows * grams + Size(op, op.out_elements(0)) * (weighs ? 1 : 0);
  return absl::OkStatus();
}

constexpr OpRow kRows[] = {
    {.name = "StringConcat",
     .versions = "20",
     .family = Family::kString,
     .role = Role::kPointwise,
     .shape = Broadcast,
     .formula = "joins strings; characters are not counted"},
    {.name = "StringSplit",
     .versions = "20",
     .family = Family::kString,
     .shape = SplitShape,
     .work = SplitWork,
     .formula = "a comparison per string; characters are not counted"},
    {.name = "StringNormalizer",
     .versions = "10",
     .family = Family::kString,
     .shape = NormalizerShape,
     .work = NormalizerWork,
     .formula = "a comparison per string among the stopwords, and one where case is changed; "
                "characters are not counted"},
    {.name = "RegexFullMatch",
     .versions = "20",
     .family = Family::kString,
     .role = Role::kPointwise,
     .shape = MatchShape,
     .per_element = {.comparisons = 1},
     .formula = "a comparison per string; characters are not counted"},
    {.name = "TfIdfVectorizer",
     .versions = "9",
     .family = Family::kString,
     .shape = TfIdfShape,
     .work = TfIdfWork,
     .formula =
         "of each n-gram of a row, at every skip: n comparisons to look it up, an addition to "
         "count it; a product per result for IDF and TFIDF"},
};

}  // namespace

absl::Span<const OpRow> StringOps() { return kRows; }

}  // namespace assay
