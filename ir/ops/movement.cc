// Movement: operators that rearrange, repeat, join, cut or pad, and compute nothing.
//
// Traffic is the default, every operand read once and every result written once, unless a row says
// otherwise. Sizes are exact over symbols: Concat adds them, Tile multiplies, Pad adds its pads.
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

// Transpose: axis i of the result is axis perm[i] of the operand; reversed when not given.
absl::StatusOr<std::vector<int>> Permutation(OpContext& op) {
  const int rank = op.rank(0);
  std::vector<int> perm(rank);
  for (int i = 0; i < rank; ++i) perm[i] = rank - 1 - i;
  const std::optional<std::vector<int64_t>> given = op.ints_attr("perm");
  if (!given.has_value()) return perm;
  std::vector<bool> seen(rank, false);
  for (int64_t p : *given) {
    const bool fits = p >= 0 && p < rank && !seen[p];
    if (fits) seen[p] = true;
    if (!fits || static_cast<int>(given->size()) != rank) {
      return OpError(absl::StrCat("attribute `perm` is no permutation of ", rank, " axes"));
    }
  }
  perm.assign(given->begin(), given->end());
  return perm;
}

absl::Status TransposeShape(OpContext& op) {
  if (!op.ranked(0)) return Unranked(op, 0, op.dtype(0));
  absl::StatusOr<std::vector<int>> perm = Permutation(op);
  if (!perm.ok()) return perm.status();
  Dims dims;
  for (int axis : *perm) dims.push_back(op.dim(0, axis));
  op.SetOut(0, op.dtype(0), std::move(dims));
  return absl::OkStatus();
}

absl::Status FoldTranspose(OpContext& op) {
  if (!op.may_have_value(0) || !op.ranked(0)) return absl::OkStatus();
  absl::StatusOr<std::vector<int>> perm = Permutation(op);
  if (!perm.ok()) return perm.status();
  std::vector<int64_t> strides;
  if (const auto dims = KnownDims(op.in(0).dims)) {
    const std::vector<int64_t> own = StridesOf(*dims);
    for (int axis : *perm) strides.push_back(own[axis]);
  }
  FoldByIndex(op, 0, [&](absl::Span<const int64_t> index) { return PositionOf(index, strides); });
  return absl::OkStatus();
}

// Expand: broadcasting against a shape.
absl::Status ExpandShape(OpContext& op) {
  std::optional<Dims> target = IntsOperand(op, 1);
  if (!target.has_value() || !op.ranked(0)) return Unranked(op, 0, op.dtype(0));
  const int rank = op.rank(0), out_rank = std::max<int>(rank, static_cast<int>(target->size()));
  std::vector<bool> untold(out_rank, false);
  for (size_t i = 0; i < target->size(); ++i) {
    Dim& d = (*target)[i];
    if (d.is(-1)) d = Dim(1);  // some exporters: keep
    if (d.known() && d.value() < 0) {
      return OpError(
          absl::StrCat("target shape has size ", d.value(), "; it must not be negative"));
    }
    untold[out_rank - target->size() + i] = d.unknown();
  }
  absl::StatusOr<Dims> dims = BroadcastDims(op, op.in(0).dims, *target);
  if (!dims.ok()) return dims.status();
  for (int i = 0; i < out_rank; ++i) {
    if (untold[i]) {
      const Dim own = i < out_rank - rank ? Dim(1) : op.dim(0, i - (out_rank - rank));
      (*dims)[i] =
          OrFresh(op, 0, (*dims)[i], std::min<int64_t>(LowOf(op, own), 1), Dim(), "expanded size");
    }
  }
  op.SetOut(0, op.dtype(0), *std::move(dims));
  return absl::OkStatus();
}

absl::Status FoldExpand(OpContext& op) {
  if (!op.may_have_value(0) || !op.ranked(0) || !op.out(0).ranked) return absl::OkStatus();
  std::vector<int64_t> strides(op.out(0).rank(), 0);
  if (const auto dims = KnownDims(op.in(0).dims)) {
    const std::vector<int64_t> own = StridesOf(*dims);
    const size_t skip = strides.size() - own.size();
    for (size_t i = 0; i < own.size(); ++i) {
      if ((*dims)[i] != 1) strides[skip + i] = own[i];
    }
  }
  FoldByIndex(op, 0, [&](absl::Span<const int64_t> index) { return PositionOf(index, strides); });
  return absl::OkStatus();
}

// Tile: repeats each axis. Opset 1 gives the number and the axis as two scalars.
absl::Status TileShape(OpContext& op) {
  if (!op.ranked(0)) return Unranked(op, 0, op.dtype(0));
  const int rank = op.rank(0);
  std::optional<Dims> repeats = IntsOperand(op, 1);
  if (op.opset() < 6 && op.has(2)) {
    const std::optional<Dims> axis = IntsOperand(op, 2);
    if (!repeats || !axis || repeats->size() != 1 || axis->size() != 1 || !(*axis)[0].known()) {
      return Unranked(op, 0, op.dtype(0));
    }
    absl::StatusOr<int> a = op.Axis((*axis)[0].value(), rank);
    if (!a.ok()) return a.status();
    Dims all(rank, Dim(1));
    all[*a] = (*repeats)[0];
    repeats = all;
  }
  if (!repeats.has_value()) repeats = Dims(rank, Dim());
  if (static_cast<int>(repeats->size()) != rank) {
    return OpError(
        absl::StrCat("there are ", repeats->size(), " repeats for a tensor of rank ", rank));
  }
  Dims dims;
  for (int i = 0; i < rank; ++i) {
    const Dim n = op.dim(0, i), r = (*repeats)[i];
    dims.push_back(r.unknown() ? OrFresh(op, 0, Dim(), 0, Dim(), "tiled size")
                               : op.dims().Mul(n, r));
  }
  op.SetOut(0, op.dtype(0), std::move(dims));
  return absl::OkStatus();
}

absl::Status FoldTile(OpContext& op) {
  if (!op.may_have_value(0) || !op.ranked(0)) return absl::OkStatus();
  std::vector<int64_t> dims, strides;
  if (const auto known = KnownDims(op.in(0).dims)) {
    dims = *known;
    strides = StridesOf(dims);
  }
  FoldByIndex(op, 0, [&](absl::Span<const int64_t> index) {
    int64_t at = 0;
    for (size_t i = 0; i < dims.size(); ++i) at += index[i] % dims[i] * strides[i];
    return at;
  });
  return absl::OkStatus();
}

// Concat: sizes add along the axis and agree along the others.
absl::Status ConcatShape(OpContext& op) {
  Dims dims;
  DType dtype = DType::kUndefined;
  bool ranked = false, whole = true;
  int rank = 0, axis = 0;
  for (int i = 0; i < op.num_inputs(); ++i) {
    if (!op.has(i)) continue;
    if (dtype == DType::kUndefined) dtype = op.dtype(i);
    if (!op.ranked(i)) {
      whole = false;
      continue;
    }
    if (!ranked) {
      ranked = true;
      rank = op.rank(i);
      absl::StatusOr<int> a = op.Axis(op.int_attr("axis", op.opset() < 4 ? 1 : 0), rank);
      if (!a.ok()) return a.status();
      axis = *a;
      dims = op.in(i).dims;
      continue;
    }
    if (op.rank(i) != rank) {
      return OpError(absl::StrCat("operands have ranks ", rank, " and ", op.rank(i)));
    }
    for (int k = 0; k < rank; ++k) {
      if (k == axis) {
        dims[k] = op.dims().Add(dims[k], op.dim(i, k));
        continue;
      }
      absl::Status s = Merge(
          op, &dims[k], op.dim(i, k),
          absl::StrCat("operands are joined along axis ", axis, " and must agree along axis ", k));
      if (!s.ok()) return s;
    }
  }
  if (!ranked) return Unranked(op, 0, dtype);
  if (!whole) dims[axis] = Dim();
  op.SetOut(0, dtype, std::move(dims));
  return absl::OkStatus();
}

// Operands that are not known leave their part of the result unknown.
absl::Status FoldConcat(OpContext& op) {
  if (FoldableSize(op.out(0)) < 0) return absl::OkStatus();
  bool any = false;
  for (int i = 0; i < op.num_inputs(); ++i) any = any || op.may_have_value(i);
  if (!any) return absl::OkStatus();
  const std::vector<int64_t> dims = *KnownDims(op.out(0).dims);
  absl::StatusOr<int> axis =
      op.Axis(op.int_attr("axis", op.opset() < 4 ? 1 : 0), static_cast<int>(dims.size()));
  if (!axis.ok()) return axis.status();
  // Blocks of an operand: everything from the axis on, for each index before it.
  int64_t outer = 1;
  for (int i = 0; i < *axis; ++i) outer *= dims[i];
  std::vector<const TensorValue*> values;
  std::vector<int64_t> blocks;
  for (int i = 0; i < op.num_inputs(); ++i) {
    if (!op.has(i)) continue;
    const int64_t n = FoldableSize(op.in(i));
    if (n < 0 || outer == 0) return absl::OkStatus();
    blocks.push_back(n / outer);
    values.push_back(op.may_have_value(i) ? op.value(i) : nullptr);
  }
  std::vector<Elem> elems;
  for (int64_t o = 0; o < outer; ++o) {
    for (size_t i = 0; i < values.size(); ++i) {
      for (int64_t k = 0; k < blocks[i]; ++k) {
        elems.push_back(values[i] != nullptr ? values[i]->at(o * blocks[i] + k) : Elem());
      }
    }
  }
  if (static_cast<int64_t>(elems.size()) == FoldableSize(op.out(0))) {
    SetElems(op, 0, std::move(elems));
  }
  return absl::OkStatus();
}

// Split: the parts' sizes are operand 1 or an attribute; else equal parts, of which the last may be
// smaller when `num_outputs` says how many (opset 18).
absl::Status SplitShape(OpContext& op) {
  const int parts = op.num_outputs();
  if (!op.ranked(0) || parts == 0) {
    for (int i = 0; i < parts; ++i) op.SetOut(i, Type::Unranked(op.dtype(0)));
    return absl::OkStatus();
  }
  DimPool& pool = op.dims();
  absl::StatusOr<int> axis = op.Axis(op.int_attr("axis", 0), op.rank(0));
  if (!axis.ok()) return axis.status();
  const Dim n = op.dim(0, *axis);
  Dims sizes(parts, Dim());
  if (op.has(1) || op.has_attr("split")) {
    if (const std::optional<Dims> given = IntsOperand(op, 1, "split")) {
      if (static_cast<int>(given->size()) != parts) {
        return OpError(absl::StrCat("there are ", given->size(), " sizes for ", parts, " parts"));
      }
      sizes = *given;
      Dim sum(0);
      for (Dim d : sizes) sum = pool.Add(sum, d);
      if (!sum.unknown() && !n.unknown()) {
        absl::StatusOr<Dim> same = op.Unify(n, sum, "the parts make up the whole axis");
        if (!same.ok()) return same.status();
      }
    }
    for (int i = 0; i < parts; ++i) sizes[i] = OrFresh(op, i, sizes[i], 0, n, "size of a part");
  } else if (op.has_attr("num_outputs")) {
    const Dim chunk = pool.CeilDiv(n, Dim(parts));
    for (int i = 0; i + 1 < parts; ++i) sizes[i] = chunk;
    sizes[parts - 1] = pool.Sub(n, pool.Mul(chunk, Dim(parts - 1)));
  } else {
    absl::StatusOr<Dim> chunk = DivideWhole(op, n, Dim(parts), "the size of the axis");
    if (!chunk.ok()) return chunk.status();
    sizes = Dims(parts, *chunk);
  }
  for (int i = 0; i < parts; ++i) {
    Dims dims = op.in(0).dims;
    dims[*axis] = sizes[i];
    op.SetOut(i, op.dtype(0), std::move(dims));
  }
  return absl::OkStatus();
}

absl::Status FoldSplit(OpContext& op) {
  if (!Foldable(op, {0}) || !op.ranked(0)) return absl::OkStatus();
  const auto dims = KnownDims(op.in(0).dims);
  if (!dims.has_value()) return absl::OkStatus();
  absl::StatusOr<int> axis = op.Axis(op.int_attr("axis", 0), op.rank(0));
  if (!axis.ok()) return axis.status();
  const std::vector<int64_t> strides = StridesOf(*dims);
  int64_t begin = 0;
  for (int i = 0; i < op.num_outputs(); ++i) {
    if (!op.has_out(i) || !op.out(i).ranked) return absl::OkStatus();
    const Dim size = op.out(i).dims[*axis];
    if (!size.known()) return absl::OkStatus();
    FoldByIndex(op, i, [&](absl::Span<const int64_t> index) {
      return PositionOf(index, strides) + begin * strides[*axis];
    });
    begin += size.value();
  }
  return absl::OkStatus();
}

// Pad: first all pads at the begin, then all at the end, for the axes of operand 3 or for all.
struct Pads {
  Dims before, after;  // per axis of the operand
};

absl::StatusOr<std::optional<Pads>> PadsOf(OpContext& op) {
  const int rank = op.rank(0);
  std::vector<int> axes(rank);
  for (int i = 0; i < rank; ++i) axes[i] = i;
  if (op.has(3)) {
    const std::optional<Dims> given = IntsOperand(op, 3);
    if (!given.has_value()) return std::optional<Pads>();
    axes.clear();
    for (Dim d : *given) {
      if (!d.known()) return std::optional<Pads>();
      absl::StatusOr<int> axis = op.Axis(d.value(), rank);
      if (!axis.ok()) return axis.status();
      axes.push_back(*axis);
    }
  }
  const std::optional<Dims> pads =
      IntsOperand(op, 1, op.has_attr("paddings") ? "paddings" : "pads");
  if (!pads.has_value()) return std::optional<Pads>();
  if (pads->size() != 2 * axes.size()) {
    return OpError(absl::StrCat("there are ", pads->size(), " pads for ", axes.size(),
                                " axes; give two for each"));
  }
  Pads out{Dims(rank, Dim(0)), Dims(rank, Dim(0))};
  for (size_t i = 0; i < axes.size(); ++i) {
    out.before[axes[i]] = (*pads)[i];
    out.after[axes[i]] = (*pads)[i + axes.size()];
  }
  return std::optional(std::move(out));
}

absl::Status PadShape(OpContext& op) {
  if (!op.ranked(0)) return Unranked(op, 0, op.dtype(0));
  absl::StatusOr<std::optional<Pads>> pads = PadsOf(op);
  if (!pads.ok()) return pads.status();
  Dims dims;
  for (int i = 0; i < op.rank(0); ++i) {
    const Dim n = op.dim(0, i);
    Dim before, after;
    if (pads->has_value()) before = (*pads)->before[i], after = (*pads)->after[i];
    if (before.unknown() || after.unknown()) {
      dims.push_back(OrFresh(op, 0, Dim(), 0, Dim(), "padded size"));
      continue;
    }
    const Dim padded = op.dims().Add(op.dims().Add(n, before), after);
    if (padded.known() && padded.value() < 0) {
      return OpError(absl::StrCat("pads ", Text(op, before), " and ", Text(op, after),
                                  " take more than axis ", i, " of size ", Text(op, n), " has"));
    }
    dims.push_back(padded);
  }
  op.SetOut(0, op.dtype(0), std::move(dims));
  return absl::OkStatus();
}

// Constant mode only: of small index tensors.
absl::Status FoldPad(OpContext& op) {
  if (op.string_attr("mode", "constant") != "constant" || !op.ranked(0) || !Foldable(op, {0}) ||
      FoldableSize(op.out(0)) < 0) {
    return absl::OkStatus();
  }
  absl::StatusOr<std::optional<Pads>> pads = PadsOf(op);
  if (!pads.ok() || !pads->has_value()) return pads.status();
  const auto dims = KnownDims(op.in(0).dims);
  const TensorValue* value = op.value(0);
  if (value == nullptr || !dims.has_value()) return absl::OkStatus();
  Elem fill = IsFloat(op.dtype(0)) ? Elem::Real(0) : Elem::Int(0);
  if (op.has(2)) {
    const TensorValue* given = op.may_have_value(2) ? op.value(2) : nullptr;
    fill = given != nullptr && given->size() == 1 ? given->at(0) : Elem();
  }
  for (Dim d : (*pads)->before) {
    if (!d.known()) return absl::OkStatus();
  }
  const std::vector<int64_t> strides = StridesOf(*dims);
  std::vector<Elem> elems;
  ForEachIndex(*KnownDims(op.out(0).dims), [&](absl::Span<const int64_t> index) {
    int64_t at = 0;
    for (size_t i = 0; i < dims->size(); ++i) {
      const int64_t k = index[i] - (*pads)->before[i].value();
      if (k < 0 || k >= (*dims)[i]) return elems.push_back(fill);
      at += k * strides[i];
    }
    elems.push_back(value->at(at));
  });
  SetElems(op, 0, std::move(elems));
  return absl::OkStatus();
}

// DepthToSpace and SpaceToDepth: [N, C * b * b, H, W] and [N, C, H * b, W * b].
absl::StatusOr<Dim> BlockSize(OpContext& op) {
  const int64_t b = op.int_attr("blocksize", 0);
  absl::Status s = RequirePositive(op, "blocksize", b);
  if (s.ok() && b > (int64_t{1} << 20)) s = OpError("attribute `blocksize` is too large");
  if (!s.ok()) return s;
  s = RequireRank(op, 0, "input", {4});
  if (!s.ok()) return s;
  return Dim(b);
}

absl::Status DepthToSpaceShape(OpContext& op) {
  absl::StatusOr<Dim> b = BlockSize(op);
  if (!b.ok()) return b.status();
  if (!op.ranked(0)) return Unranked(op, 0, op.dtype(0));
  DimPool& pool = op.dims();
  absl::StatusOr<Dim> c = DivideWhole(op, op.dim(0, 1), pool.Mul(*b, *b), "the number of channels");
  if (!c.ok()) return c.status();
  op.SetOut(0, op.dtype(0),
            {op.dim(0, 0), *c, pool.Mul(op.dim(0, 2), *b), pool.Mul(op.dim(0, 3), *b)});
  return absl::OkStatus();
}

absl::Status SpaceToDepthShape(OpContext& op) {
  absl::StatusOr<Dim> b = BlockSize(op);
  if (!b.ok()) return b.status();
  if (!op.ranked(0)) return Unranked(op, 0, op.dtype(0));
  DimPool& pool = op.dims();
  absl::StatusOr<Dim> h = DivideWhole(op, op.dim(0, 2), *b, "the height");
  if (!h.ok()) return h.status();
  absl::StatusOr<Dim> w = DivideWhole(op, op.dim(0, 3), *b, "the width");
  if (!w.ok()) return w.status();
  op.SetOut(0, op.dtype(0), {op.dim(0, 0), pool.Mul(op.dim(0, 1), pool.Mul(*b, *b)), *h, *w});
  return absl::OkStatus();
}

// Trilu: the upper or lower triangle of the last two axes, k above the diagonal; zeros elsewhere.
absl::Status FoldTrilu(OpContext& op) {
  if (!op.ranked(0) || op.rank(0) < 2 || !Foldable(op) || FoldableSize(op.out(0)) < 0) {
    return absl::OkStatus();
  }
  Dim k(0);
  if (op.has(1)) k = op.int_value(1).value_or(Dim());
  const TensorValue* value = op.value(0);
  if (value == nullptr || !k.known()) return absl::OkStatus();
  const bool upper = op.int_attr("upper", 1) != 0;
  const Elem zero = IsFloat(op.dtype(0)) ? Elem::Real(0) : Elem::Int(0);
  std::vector<Elem> elems;
  int64_t at = 0;
  ForEachIndex(*KnownDims(op.out(0).dims), [&](absl::Span<const int64_t> index) {
    const int64_t column = index[index.size() - 1], row = index[index.size() - 2];
    const int64_t above = column - row;
    const bool keep = upper ? above >= k.value() : above <= k.value();
    elems.push_back(keep ? value->at(at) : zero);
    ++at;
  });
  SetElems(op, 0, std::move(elems));
  return absl::OkStatus();
}

// CenterCropPad: the named axes get the sizes of operand 1.
absl::Status CenterCropPadShape(OpContext& op) {
  if (!op.ranked(0)) return Unranked(op, 0, op.dtype(0));
  Dims dims = op.in(0).dims;
  std::vector<int64_t> all(dims.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int64_t>(i);
  absl::StatusOr<std::vector<int>> axes = op.Axes(op.ints_attr("axes").value_or(all), op.rank(0));
  if (!axes.ok()) return axes.status();
  const Dims sizes = IntsOperand(op, 1).value_or(Dims(axes->size(), Dim()));
  if (sizes.size() != axes->size()) {
    return OpError(absl::StrCat("there are ", sizes.size(), " sizes for ", axes->size(), " axes"));
  }
  for (size_t i = 0; i < sizes.size(); ++i) {
    dims[(*axes)[i]] = OrFresh(op, 0, sizes[i], 0, Dim(), "cropped or padded size");
  }
  op.SetOut(0, op.dtype(0), std::move(dims));
  return absl::OkStatus();
}

// Col2Im: [N, C * block, L] to [N, C, image...]; overlapping columns are added.
absl::Status Col2ImShape(OpContext& op) {
  const std::optional<Dims> image = IntsOperand(op, 1), block = IntsOperand(op, 2);
  if (!image.has_value()) return Unranked(op, 0, op.dtype(0));
  Dims dims = {op.dim(0, 0), Dim()};
  if (block.has_value()) {
    absl::StatusOr<Dim> c =
        DivideWhole(op, op.dim(0, 1), op.dims().Product(*block), "the number of column channels");
    if (!c.ok()) return c.status();
    dims[1] = *c;
  }
  for (Dim d : *image) dims.push_back(OrFresh(op, 0, d, 1, Dim(), "size of the image"));
  op.SetOut(0, op.dtype(0), std::move(dims));
  return absl::OkStatus();
}

constexpr OpRow Movement(absl::string_view name, absl::string_view versions, Rule shape, Rule value,
                         absl::string_view formula, PerElement per = {}) {
  return {.name = name,
          .versions = versions,
          .family = Family::kMovement,
          .role = Role::kMovement,
          .shape = shape,
          .value = value,
          .per_element = per,
          .per = PerElementOf::kInput,
          .formula = formula};
}

constexpr OpRow kRows[] = {
    Movement("Transpose", "1 13 21 23 24 25", TransposeShape, FoldTranspose,
             "axes in another order"),
    Movement("Expand", "8 13", ExpandShape, FoldExpand, "broadcast against a shape: reads x once"),
    Movement("Tile", "1 6 13", TileShape, FoldTile, "repeats along axes: reads x once"),
    Movement("Concat", "1 4 11 13", ConcatShape, FoldConcat, "joined along an axis"),
    Movement("Split", "1 2 11 13 18", SplitShape, FoldSplit, "cut along an axis"),
    Movement("Pad", "1 2 11 13 18 19 21 23 24 25", PadShape, FoldPad, "padded: reads x once"),
    Movement("DepthToSpace", "1 11 13 28", DepthToSpaceShape, nullptr,
             "blocks of channels become blocks of pixels"),
    Movement("SpaceToDepth", "1 13 28", SpaceToDepthShape, nullptr,
             "blocks of pixels become blocks of channels"),
    Movement("Trilu", "14", SameAsFirst, FoldTrilu, "a triangle, zeros elsewhere"),
    Movement("ReverseSequence", "10 28", SameAsFirst, nullptr, "sequences of a batch reversed"),
    Movement("CenterCropPad", "18", CenterCropPadShape, nullptr, "cropped or padded to a size"),
    Movement("Col2Im", "18", Col2ImShape, nullptr,
             "columns added into an image: an addition per column element", {.flops = 1}),
};

}  // namespace

absl::Span<const OpRow> MovementOps() { return kRows; }

}  // namespace assay
