// Einsum: sums of products written as index letters.
//
//   "bhid,bhjd->bhij"   out[b,h,i,j] = sum_d x[b,h,i,d] * y[b,h,j,d]
//   "ii->"              trace; a letter twice in one operand walks the diagonal
//   "...ij,jk->...ik"   the ellipsis stands for axes that broadcast, aligned at their ends
//   "ij,jk"             no arrow: the letters that occur once, in alphabetical order, after the
//   ellipsis
//
// What it costs, with |S| the product of the sizes of a set of indices:
//
//   one operand      |all| - |out| additions
//   two operands     |all| macs when an index is summed (a contraction), else |all| products
//   more             left to right: the first two make an intermediate of the indices still needed
//
// The nest of a contraction follows from where an index occurs: in both operands and the result
// (batch), in the first and the result (M), in the second and the result (N), not in the result
// (K).
#include "ir/ops/einsum.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "ir/ops/operands.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

// Indices are small numbers: letters first, then the axes of the ellipsis counted from their end.
constexpr int kLetters = 52;
constexpr int kMaxExtent = 64;  // axes of an ellipsis; numpy's limit for a whole tensor
using Term = std::vector<int>;

// One term as written.
struct Written {
  Term before, after;  // letters around the ellipsis; all in `before` when there is none
  bool ellipsis = false;
};

struct Equation {
  std::vector<Term> operands;
  Term out;
  std::vector<Dim> sizes;   // by index
  bool shape_known = true;  // false: an ellipsis of unknown extent
};

int LetterIndex(char c) { return absl::ascii_isupper(c) ? c - 'A' : 26 + (c - 'a'); }

absl::StatusOr<Written> ParseTerm(absl::string_view text) {
  Written w;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (absl::ascii_isspace(c)) continue;
    if (absl::ascii_isalpha(c)) {
      (w.ellipsis ? w.after : w.before).push_back(LetterIndex(c));
    } else if (text.substr(i, 3) == "..." && !w.ellipsis) {
      w.ellipsis = true;
      i += 2;
    } else {
      return OpError(absl::StrCat("the equation's term `", text, "` has an unexpected `",
                                  text.substr(i, 1), "`; use letters and one `...` per term"));
    }
  }
  return w;
}

// Letters that occur exactly once over all operands, in alphabetical order, after the ellipsis.
Written ImplicitResult(const std::vector<Written>& operands) {
  std::array<int, kLetters> count = {};
  Written out;
  for (const Written& w : operands) {
    out.ellipsis |= w.ellipsis;
    for (const Term* t : {&w.before, &w.after}) {
      for (int index : *t) ++count[index];
    }
  }
  Term& letters = out.ellipsis ? out.after : out.before;
  for (int i = 0; i < kLetters; ++i) {
    if (count[i] == 1) letters.push_back(i);
  }
  return out;
}

// Letters and `extent` axes of the ellipsis, of which the last has the lowest index.
Term Flatten(const Written& w, int extent) {
  Term term = w.before;
  for (int i = extent; i > 0; --i) term.push_back(kLetters + i - 1);
  term.insert(term.end(), w.after.begin(), w.after.end());
  return term;
}

std::string Describe(int index) {
  if (index >= kLetters) return "sizes of an axis of the ellipsis";
  return absl::StrCat("sizes of index `",
                      std::string(1, index < 26 ? 'A' + index : 'a' + index - 26), "`");
}

// Sizes of all indices: where operands share one, equal, or 1 broadcasts.
absl::Status ReadSizes(OpContext& op, Equation& eq) {
  std::vector<uint8_t> open(eq.sizes.size(), 0);  // an operand leaves the size unknown
  for (int i = 0; i < op.num_inputs(); ++i) {
    for (size_t axis = 0; axis < eq.operands[i].size(); ++axis) {
      const int index = eq.operands[i][axis];
      const Dim size = op.dim(i, static_cast<int>(axis));
      if (size.unknown()) open[index] = 1;
      if (size.is(1)) continue;
      if (absl::Status s = Merge(op, &eq.sizes[index], size, Describe(index)); !s.ok()) return s;
    }
  }
  for (size_t index = 0; index < eq.sizes.size(); ++index) {
    if (eq.sizes[index].unknown() && !open[index]) eq.sizes[index] = Dim(1);
  }
  return absl::OkStatus();
}

absl::StatusOr<Equation> ReadEquation(OpContext& op) {
  const absl::string_view text = op.string_attr("equation", "");
  const std::pair<absl::string_view, absl::string_view> sides =
      absl::StrSplit(text, absl::MaxSplits("->", 1));
  const bool arrow = text.find("->") != absl::string_view::npos;
  const std::vector<absl::string_view> terms = absl::StrSplit(sides.first, ',');
  if (static_cast<int>(terms.size()) != op.num_inputs()) {
    return OpError(absl::StrCat("the equation `", text, "` has ", terms.size(), " terms for ",
                                op.num_inputs(), " operands; give one term per operand"));
  }
  std::vector<Written> written;
  for (absl::string_view term : terms) {
    absl::StatusOr<Written> w = ParseTerm(term);
    if (!w.ok()) return w.status();
    written.push_back(*std::move(w));
  }

  Equation eq;
  int max_extent = 0;
  for (int i = 0; i < op.num_inputs(); ++i) {
    const Written& w = written[i];
    const int letters = static_cast<int>(w.before.size() + w.after.size());
    int extent = 0;
    if (!op.ranked(i)) {
      eq.shape_known &= !w.ellipsis;
    } else if (op.rank(i) < letters || (op.rank(i) > letters && !w.ellipsis)) {
      return OpError(absl::StrCat("operand ", i, " has rank ", op.rank(i), ", its term `", terms[i],
                                  "` names ", letters, " axes; give one letter per axis"));
    } else {
      extent = op.rank(i) - letters;
    }
    if (extent > kMaxExtent) {
      return OpError(absl::StrCat("the ellipsis of term `", terms[i], "` stands for ", extent,
                                  " axes; at most ", kMaxExtent, " make sense"));
    }
    max_extent = std::max(max_extent, extent);
    eq.operands.push_back(Flatten(w, extent));
  }

  absl::StatusOr<Written> out =
      arrow ? ParseTerm(sides.second) : absl::StatusOr<Written>(ImplicitResult(written));
  if (!out.ok()) return out.status();
  eq.out = Flatten(*out, out->ellipsis ? max_extent : 0);
  if (!out->ellipsis) eq.shape_known = true;

  eq.sizes.resize(kLetters + max_extent);
  std::vector<uint8_t> seen(eq.sizes.size(), 0);
  for (const Term& term : eq.operands) {
    for (int index : term) seen[index] = 1;
  }
  for (int index : eq.out) {
    if (index < kLetters && seen[index] != 1) {
      return OpError(absl::StrCat("the result of the equation `", text, "` names an index ",
                                  seen[index] == 0 ? "that no operand has" : "twice",
                                  "; name each index of the result once"));
    }
    seen[index] = 2;
  }
  if (absl::Status s = ReadSizes(op, eq); !s.ok()) return s;
  return eq;
}

bool Contains(const Term& term, int index) {
  return std::find(term.begin(), term.end(), index) != term.end();
}

Term Union(const Term& a, const Term& b) {
  Term all = a;
  all.insert(all.end(), b.begin(), b.end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

Size SizeOf(OpContext& op, const Equation& eq, const Term& distinct) {
  Size size(op, 1);
  for (int index : distinct) size *= eq.sizes[index];
  return size;
}

Nest ContractionNest(OpContext& op, const Equation& eq, const Term& all) {
  Size batch(op, 1), m(op, 1), n(op, 1), k(op, 1);
  bool shared_b = true;
  for (int index : all) {
    const Dim size = eq.sizes[index];
    if (!Contains(eq.out, index)) {
      k *= size;
    } else if (!Contains(eq.operands[1], index)) {
      m *= size;
    } else if (!Contains(eq.operands[0], index)) {
      n *= size;
    } else {
      batch *= size;
      shared_b = false;
    }
  }
  Nest nest;
  nest.batch = batch;
  nest.m = m;
  nest.n = n;
  nest.k = k;
  nest.shared_b = shared_b;
  nest.multiply = op.dtype(0);
  nest.accumulate = AccumulateType(nest.multiply);
  return nest;
}

}  // namespace

absl::Status EinsumShape(OpContext& op) {
  absl::StatusOr<Equation> eq = ReadEquation(op);
  if (!eq.ok()) return eq.status();
  if (!eq->shape_known) {
    op.SetOut(0, Type::Unranked(op.dtype(0)));
    return absl::OkStatus();
  }
  Dims dims;
  for (int index : eq->out) dims.push_back(eq->sizes[index]);
  op.SetOut(0, op.dtype(0), std::move(dims));
  return absl::OkStatus();
}

absl::Status EinsumWork(OpContext& op) {
  absl::StatusOr<Equation> read = ReadEquation(op);
  if (!read.ok()) return read.status();
  const Equation& eq = *read;
  Work& work = op.work();
  const int operands = op.num_inputs();
  for (int i = 0; i < operands; ++i) {
    if (op.has(i) && op.ranked(i)) continue;
    work.macs = work.flops = Dim();
    return absl::OkStatus();
  }
  // The last operand that needs an index; past the end when the result does.
  std::vector<int> last_use(eq.sizes.size(), 0);
  for (int i = 0; i < operands; ++i) {
    for (int index : eq.operands[i]) last_use[index] = i;
  }
  for (int index : eq.out) last_use[index] = operands;

  Size macs(op, 0), flops(op, 0);
  Term left = Union(eq.operands[0], {});
  if (operands == 1) flops += SizeOf(op, eq, left) - SizeOf(op, eq, eq.out);
  for (int i = 1; i < operands; ++i) {
    const Term all = Union(left, eq.operands[i]);
    Term kept;
    for (int index : all) {
      if (last_use[index] > i) kept.push_back(index);
    }
    const Size size = SizeOf(op, eq, all);
    (kept.size() < all.size() ? macs : flops) += size;
    if (operands == 2 && kept.size() < all.size()) work.nest = ContractionNest(op, eq, all);
    left = std::move(kept);
  }
  work.macs = macs;
  work.flops = 2 * macs + flops;
  return absl::OkStatus();
}

}  // namespace assay
