// Views: operators that give a buffer another shape and move nothing.
//
// Reshape is where shape chains end. Its target may be partly symbolic and partly unknown; what can
// be inferred is. Sizes that stand on both sides cancel first, so that [b, s, 12, 64] to [b, s, -1]
// is 12 * 64 without dividing by a symbol:
//
//   [b, s, 768] -> [b, -1, 12, 64]    the -1 is s
//   [b, 197, 768] -> [1, 197, 768]    assumes that b is 1
#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/ops/families.h"
#include "ir/ops/fold.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

// Removes from both the sizes that they share.
void Cancel(Dims* a, Dims* b) {
  for (size_t i = 0; i < a->size();) {
    auto it = std::find(b->begin(), b->end(), (*a)[i]);
    if (it != b->end() && !(*a)[i].unknown() && !(*a)[i].overflow() && !(*a)[i].is(0)) {
      b->erase(it);
      a->erase(a->begin() + i);
    } else {
      ++i;
    }
  }
}

absl::Status ReshapeShape(OpContext& op) {
  const std::optional<Dims> target = IntsOperand(op, 1, "shape");
  if (!target.has_value()) return Unranked(op, 0, op.dtype(0));
  DimPool& pool = op.dims();
  const bool ranked = op.ranked(0);
  const bool zero_copies = op.int_attr("allowzero", 0) == 0;
  Dims out = *target;
  Dims from = ranked ? op.in(0).dims : Dims();
  Dims to;  // sizes of the result that stand in the product
  int open = -1, open_count = 0, inferred = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    Dim& d = out[i];
    if (d.is(0) && zero_copies) {
      if (ranked && static_cast<int>(i) >= op.rank(0)) {
        return OpError(absl::StrCat("target size ", i,
                                    " is 0, which copies a size of the operand, but "
                                    "its rank is ",
                                    op.rank(0)));
      }
      d = ranked ? op.dim(0, static_cast<int>(i)) : Dim();
      // An unknown size that is copied cancels with itself.
      if (ranked && d.unknown()) from[i] = Dim(1);
      if (ranked && !d.unknown()) to.push_back(d);
      if (!ranked) ++open_count;
      continue;
    }
    if (d.known() && d.value() < 0) {
      if (d.value() != -1 || ++inferred > 1) {
        return OpError(absl::StrCat("target shape has ",
                                    d.value() == -1 ? "more than one -1" : "size ",
                                    d.value() == -1 ? "" : absl::StrCat(d.value()),
                                    "; only one size may be left open, as -1"));
      }
      d = Dim();
    }
    if (d.unknown()) {
      ++open_count;
      open = static_cast<int>(i);
    } else {
      to.push_back(d);
    }
  }
  Cancel(&from, &to);
  const Dim have = ranked ? pool.Product(from) : Dim(), want = pool.Product(to);
  if (open_count == 1 && open >= 0) {
    // The one open size follows from the others, whether the file says -1 or we do not know it.
    if (want.is(0)) {
      out[open] = have.is(0) ? Dim(0) : Dim();
    } else {
      absl::StatusOr<Dim> size = DivideWhole(op, have, want, "the number of elements");
      if (!size.ok()) return size.status();
      out[open] = *size;
    }
  } else if (open_count == 0 && !have.unknown() && !want.unknown() && have != want) {
    absl::StatusOr<Dim> same = op.Unify(have, want, "a reshape keeps the number of elements");
    if (!same.ok()) return same.status();
    for (Dim& d : out) d = pool.Resolve(d);
  }
  // Sizes that only the target's contents tell are new symbols.
  const int64_t low = ranked && LowOf(op, have) > 0 ? 1 : 0;
  for (size_t i = 0; i < out.size(); ++i) {
    const bool untold = (*target)[i].unknown() || (open_count > 1 && (*target)[i].is(-1));
    if (untold) out[i] = OrFresh(op, 0, out[i], low, have, "size of the reshaped tensor");
  }
  op.SetOut(0, op.dtype(0), std::move(out));
  return absl::OkStatus();
}

// Two dimensions: the product of those before `axis`, and of the others.
absl::Status FlattenShape(OpContext& op) {
  if (!op.ranked(0)) {
    op.SetOut(0, op.dtype(0), {Dim(), Dim()});
    return absl::OkStatus();
  }
  const int rank = op.rank(0);
  const int64_t axis = op.int_attr("axis", 1);
  if (axis < -rank || axis > rank) {
    return OpError(absl::StrCat("axis ", axis, " is outside a tensor of rank ", rank));
  }
  const int at = static_cast<int>(axis < 0 ? axis + rank : axis);
  const Dims& dims = op.in(0).dims;
  op.SetOut(0, op.dtype(0), {ProductOf(op, dims, 0, at), ProductOf(op, dims, at, rank)});
  return absl::OkStatus();
}

// The axes, in [0, rank), as flags; nullopt when they are not known.
absl::StatusOr<std::optional<std::vector<bool>>> AxisFlags(OpContext& op, const Dims& axes,
                                                           int rank) {
  std::vector<bool> flags(rank, false);
  for (Dim d : axes) {
    if (!d.known()) return std::optional<std::vector<bool>>();
    absl::StatusOr<int> axis = op.Axis(d.value(), rank);
    if (!axis.ok()) return axis.status();
    flags[*axis] = true;
  }
  return std::optional(std::move(flags));
}

// Takes out axes of size 1: those named, or all of them.
absl::Status SqueezeShape(OpContext& op) {
  if (!op.ranked(0)) return Unranked(op, 0, op.dtype(0));
  const Dims& in = op.in(0).dims;
  Dims out;
  // Present but empty means none; absent means all.
  if (!op.has(1) && !op.has_attr("axes")) {
    for (Dim d : in) {
      if (d.unknown()) return Unranked(op, 0, op.dtype(0));
      if (!d.is(1)) out.push_back(d);
      if (d.symbolic() && op.dims().BoundsOf(d).low <= 1) {
        op.Assume(absl::StrCat(Text(op, d), " is not 1, and is not squeezed"));
      }
    }
    op.SetOut(0, op.dtype(0), std::move(out));
    return absl::OkStatus();
  }
  const std::optional<Dims> axes = IntsOperand(op, 1, "axes");
  if (!axes.has_value()) return Unranked(op, 0, op.dtype(0));
  absl::StatusOr<std::optional<std::vector<bool>>> flags = AxisFlags(op, *axes, op.rank(0));
  if (!flags.ok()) return flags.status();
  if (!flags->has_value()) {
    for (int i = static_cast<int>(axes->size()); i < op.rank(0); ++i) {
      out.push_back(OrFresh(op, 0, Dim(), 0, Dim(), "size after Squeeze"));
    }
    op.SetOut(0, op.dtype(0), std::move(out));
    return absl::OkStatus();
  }
  for (int i = 0; i < op.rank(0); ++i) {
    if (!(**flags)[i]) {
      out.push_back(in[i]);
      continue;
    }
    const std::optional<bool> one = op.dims().Equal(in[i], Dim(1));
    if (one == false) {
      return OpError(absl::StrCat("axis ", i, " has size ", Text(op, in[i]),
                                  "; only axes of size 1 can be squeezed"));
    }
    if (!one.has_value() && in[i].symbolic()) {
      op.Assume(absl::StrCat(Text(op, in[i]), " is 1, to be squeezed"));
    }
  }
  op.SetOut(0, op.dtype(0), std::move(out));
  return absl::OkStatus();
}

// Puts in axes of size 1, at places of the result.
absl::Status UnsqueezeShape(OpContext& op) {
  const std::optional<Dims> axes = IntsOperand(op, 1, "axes");
  if (!axes.has_value() || !op.ranked(0)) return Unranked(op, 0, op.dtype(0));
  const int rank = op.rank(0) + static_cast<int>(axes->size());
  absl::StatusOr<std::optional<std::vector<bool>>> flags = AxisFlags(op, *axes, rank);
  if (!flags.ok()) return flags.status();
  Dims out;
  if (!flags->has_value()) {
    for (int i = 0; i < rank; ++i) {
      out.push_back(OrFresh(op, 0, Dim(), 0, Dim(), "size after Unsqueeze"));
    }
    op.SetOut(0, op.dtype(0), std::move(out));
    return absl::OkStatus();
  }
  int from = 0;
  for (int i = 0; i < rank; ++i) {
    if ((**flags)[i]) {
      out.push_back(Dim(1));
    } else if (from < op.rank(0)) {
      out.push_back(op.dim(0, from++));
    } else {
      return OpError("an axis to insert is named twice; name each once");
    }
  }
  op.SetOut(0, op.dtype(0), std::move(out));
  return absl::OkStatus();
}

constexpr OpRow View(absl::string_view name, absl::string_view versions, Rule shape,
                     absl::string_view formula) {
  return {.name = name,
          .versions = versions,
          .family = Family::kMovement,
          .role = Role::kView,
          .shape = shape,
          .value = SameContents,
          .inplace = 0,
          .formula = formula};
}

constexpr OpRow kRows[] = {
    View("Reshape", "1 5 13 14 19 21 23 24 25", ReshapeShape, "same elements, another shape"),
    View("Flatten", "1 9 11 13 21 23 24 25", FlattenShape, "same elements, as a matrix"),
    View("Squeeze", "1 11 13 21 23 24 25", SqueezeShape, "same elements, without axes of size 1"),
    View("Unsqueeze", "1 11 13 21 23 24 25", UnsqueezeShape, "same elements, with axes of size 1"),
};

}  // namespace

absl::Span<const OpRow> ViewOps() { return kRows; }

}  // namespace assay
