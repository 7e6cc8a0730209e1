// Classical machine learning (ai.onnx.ml), first part: encoders, scalers and maps. Linear models
// and support vector machines are in classical_linear.cc, trees in classical_trees.cc.
//
// What these operators know (categories, scales, vocabularies) stands in attributes, not in
// operands; it is small, stays in a cache, and counts no traffic.
//
// Lookups: a category is found by hashing, one comparison with what stands there. Looking up
// anything else (a key among floats) is the same.
//
// Where the specification leaves a shape open, it is what ONNX Runtime makes of it: a vector counts
// as a table of one row in ArrayFeatureExtractor, FeatureVectorizer and the models.
#include "ir/ops/classical.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/ops/families.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"

namespace assay {

absl::StatusOr<Table> TableOperand(OpContext& op, int i) {
  if (!op.ranked(i)) return Table{};
  if (op.rank(i) == 1) return Table{.rows = Dim(1), .features = op.dim(i, 0)};
  if (op.rank(i) == 2) return Table{.rows = op.dim(i, 0), .features = op.dim(i, 1)};
  return OpError(absl::StrCat("operand ", i, " has rank ", op.rank(i),
                              "; give a table [rows, features], or a vector of features"));
}

absl::StatusOr<Labels> LabelsOf(OpContext& op, absl::string_view ints, absl::string_view strings) {
  Labels labels;
  const std::optional<std::vector<int64_t>> numbers = op.ints_attr(ints);
  if (numbers.has_value() && !numbers->empty()) {
    labels = {.dtype = DType::kI64, .count = static_cast<int64_t>(numbers->size())};
  } else if (const int64_t n = static_cast<int64_t>(op.strings_attr(strings).size()); n > 0) {
    labels = {.dtype = DType::kString, .count = n};
  } else {
    return OpError(
        absl::StrCat("there are no class labels; give attribute `", ints, "` or `", strings, "`"));
  }
  return labels;
}

int64_t CountOf(OpContext& op, absl::string_view floats, absl::string_view tensor) {
  if (const Attr* list = op.attr(floats); list != nullptr && list->kind == AttrKind::kFloats) {
    return static_cast<int64_t>(list->floats.size());
  }
  const Constant* constant = tensor.empty() ? nullptr : op.tensor_attr(tensor);
  if (constant == nullptr) return 0;
  Dim count(1);
  for (int64_t d : constant->dims) count = op.dims().Mul(count, Dim(d));
  return count.known() ? std::max<int64_t>(count.value(), 0) : 0;
}

absl::Status CountPostTransform(OpContext& op, absl::string_view name, Dim rows, Dim scores) {
  struct Transform {
    absl::string_view name;
    int64_t flops, transcendentals, comparisons;
  };
  static constexpr Transform kTransforms[] = {
      {"NONE", 0, 0, 0},     {"SOFTMAX", 3, 1, 1}, {"SOFTMAX_ZERO", 3, 1, 1},
      {"LOGISTIC", 2, 1, 0}, {"PROBIT", 3, 1, 0},
  };
  for (const Transform& t : kTransforms) {
    if (t.name != name) continue;
    const Size n = Size(op, rows) * scores;
    AddFlops(op, t.flops * n);
    AddTranscendentals(op, t.transcendentals * n);
    AddComparisons(op, t.comparisons * n);
    return absl::OkStatus();
  }
  return OpError(absl::StrCat("post_transform ", name,
                              " is not known; give NONE, SOFTMAX, LOGISTIC, SOFTMAX_ZERO or "
                              "PROBIT"));
}

namespace {

constexpr absl::string_view kMl = "ai.onnx.ml";

// --- ArrayFeatureExtractor: X [..., F], Y of indices -> [..., elements of Y] ---

absl::Status ExtractorShape(OpContext& op) {
  if (!op.ranked(0)) return Unranked(op, 0, op.dtype(0));
  Dims dims = op.in(0).dims;
  if (dims.empty()) {
    return OpError("operand 0 is a scalar; give a vector or a table of features");
  }
  if (dims.size() == 1) dims.insert(dims.begin(), Dim(1));
  dims.back() = op.in_elements(1);
  op.SetOut(0, op.dtype(0), std::move(dims));
  return absl::OkStatus();
}

absl::Status ExtractorWork(OpContext& op) {
  op.work().reads[0] = op.out_elements(0);
  return absl::OkStatus();
}

// --- Same shape, another element type ---

absl::Status AsFloat(OpContext& op) { return RetypeFirst(op, DType::kF32); }

// Integers become strings and the other way round.
absl::Status CategoryMapperShape(OpContext& op) {
  const DType dtype = op.dtype(0) == DType::kString ? DType::kI64
                      : op.dtype(0) == DType::kI64  ? DType::kString
                                                    : DType::kUndefined;
  return RetypeFirst(op, dtype);
}

// From version 2 on the element type is that of whichever list of values is there; version 1 knows
// one list of strings, and goes from integers to strings and back.
absl::Status LabelEncoderShape(OpContext& op) {
  if (op.opset() < 2) return CategoryMapperShape(op);
  DType dtype = DType::kUndefined;
  if (const Constant* values = op.tensor_attr("values_tensor")) dtype = values->dtype;
  if (op.has_attr("values_floats")) dtype = DType::kF32;
  if (op.has_attr("values_int64s")) dtype = DType::kI64;
  if (op.has_attr("values_strings")) dtype = DType::kString;
  if (dtype == DType::kUndefined) {
    return OpError(
        "there are no values to encode as; give attribute `values_strings`, `values_int64s`, "
        "`values_floats` or `values_tensor`");
  }
  return RetypeFirst(op, dtype);
}

// --- OneHotEncoder: X [...] -> [..., categories] ---

absl::Status OneHotEncoderShape(OpContext& op) {
  absl::StatusOr<Labels> categories = LabelsOf(op, "cats_int64s", "cats_strings");
  if (!categories.ok()) return categories.status();
  if (!op.ranked(0)) return Unranked(op, 0, DType::kF32);
  Dims dims = op.in(0).dims;
  dims.push_back(Dim(categories->count));
  op.SetOut(0, DType::kF32, std::move(dims));
  return absl::OkStatus();
}

// --- FeatureVectorizer: tables side by side, each cut or filled up to its stated width ---

absl::Status FeatureVectorizerShape(OpContext& op) {
  const std::optional<std::vector<int64_t>> widths = op.ints_attr("inputdimensions");
  if (widths.has_value() && static_cast<int>(widths->size()) != op.num_inputs()) {
    return OpError(absl::StrCat("attribute `inputdimensions` has ", widths->size(), " entries for ",
                                op.num_inputs(), " operands; give one each"));
  }
  Dim rows;
  Size features(op, 0);
  for (int i = 0; i < op.num_inputs(); ++i) {
    absl::StatusOr<Table> table = TableOperand(op, i);
    if (!table.ok()) return table.status();
    if (op.ranked(i)) {
      if (absl::Status s = Merge(op, &rows, table->rows, "rows of the operands"); !s.ok()) return s;
    }
    if (widths.has_value() && (*widths)[i] < 0) {
      return OpError("attribute `inputdimensions` has a negative size");
    }
    features += widths.has_value() ? Dim((*widths)[i]) : table->features;
  }
  op.SetOut(0, DType::kF32, {rows, features});
  return absl::OkStatus();
}

// --- Normalizer: each row by its largest, its sum, or its length ---

absl::Status NormalizerWork(OpContext& op) {
  absl::StatusOr<Table> table = TableOperand(op, 0);
  if (!table.ok()) return table.status();
  const Size n(op, op.in_elements(0));
  const absl::string_view norm = op.string_attr("norm", "MAX");
  Work& work = op.work();
  if (norm == "MAX") {  // |x|, compare, divide
    work.flops = 2 * n;
    work.comparisons = n;
  } else if (norm == "L1") {  // |x|, add, divide
    work.flops = 3 * n;
  } else if (norm == "L2") {  // square, add, divide; a root per row
    work.flops = 3 * n;
    work.transcendentals = table->rows;
  } else {
    return OpError(absl::StrCat("norm ", norm, " is not known; give MAX, L1 or L2"));
  }
  return absl::OkStatus();
}

// --- Maps: dictionaries, one or a list of them ---

// The map behind operand i, through a sequence.
const Type* MapOf(const Type& type) {
  if (type.kind == TypeKind::kMap) return &type;
  if (type.kind != TypeKind::kSequence || type.element == nullptr) return nullptr;
  return type.element->kind == TypeKind::kMap ? type.element.get() : nullptr;
}

// [1, columns] of one map; a list of maps has a row each.
Dims RowsOfMaps(OpContext& op, Dim columns) {
  const bool many = op.in(0).kind == TypeKind::kSequence;
  return {many ? op.in(0).length : Dim(1), columns};
}

absl::Status DictVectorizerShape(OpContext& op) {
  absl::StatusOr<Labels> vocabulary = LabelsOf(op, "int64_vocabulary", "string_vocabulary");
  if (!vocabulary.ok()) return vocabulary.status();
  const Type* map = MapOf(op.in(0));
  const DType dtype =
      map != nullptr && map->element != nullptr ? map->element->dtype : DType::kUndefined;
  op.SetOut(0, dtype, RowsOfMaps(op, Dim(vocabulary->count)));
  return absl::OkStatus();
}

absl::Status CastMapShape(OpContext& op) {
  const absl::string_view to = op.string_attr("cast_to", "TO_FLOAT");
  DType dtype;
  if (to == "TO_FLOAT") {
    dtype = DType::kF32;
  } else if (to == "TO_STRING") {
    dtype = DType::kString;
  } else if (to == "TO_INT64") {
    dtype = DType::kI64;
  } else {
    return OpError(
        absl::StrCat("cast_to ", to, " is not known; give TO_FLOAT, TO_STRING or TO_INT64"));
  }
  Dim columns;
  if (op.string_attr("map_form", "DENSE") == "SPARSE") {
    const int64_t most = op.int_attr("max_map", 1);
    if (absl::Status s = RequirePositive(op, "max_map", most); !s.ok()) return s;
    columns = Dim(most);
  }
  columns = OrFresh(op, 0, columns, 0, Dim(), "number of entries of the map");
  op.SetOut(0, dtype, RowsOfMaps(op, columns));
  return absl::OkStatus();
}

// A map has no number of elements that could be known; what is made of it is what is read of it.
absl::Status FromMapWork(OpContext& op) {
  op.work().reads[0] = op.out_elements(0);
  op.work().comparisons = op.out_elements(0);
  return absl::OkStatus();
}

// A row of the table becomes a dictionary from labels to its scores.
absl::Status ZipMapShape(OpContext& op) {
  absl::StatusOr<Labels> labels = LabelsOf(op, "classlabels_int64s", "classlabels_strings");
  if (!labels.ok()) return labels.status();
  absl::StatusOr<Table> table = TableOperand(op, 0);
  if (!table.ok()) return table.status();
  if (absl::Status s = Merge(op, &table->features, Dim(labels->count), "columns and class labels");
      !s.ok()) {
    return s;
  }
  op.SetOut(0,
            Type::Sequence(Type::Map(labels->dtype, Type::Tensor(DType::kF32, {})), table->rows));
  return absl::OkStatus();
}

// The scores, and a key beside each.
absl::Status ZipMapWork(OpContext& op) {
  op.work().writes[0] = Size(op, op.in_elements(0)) * 2;
  return absl::OkStatus();
}

constexpr OpRow Ml(OpRow row) {
  row.domain = kMl;
  row.family = Family::kClassical;
  row.source = "ONNX operator specification (ai.onnx.ml); ONNX Runtime where it leaves shapes open";
  return row;
}

constexpr OpRow kRows[] = {
    Ml({.name = "ArrayFeatureExtractor",
        .role = Role::kMovement,
        .shape = ExtractorShape,
        .work = ExtractorWork,
        .formula = "reads the columns taken"}),
    Ml({.name = "Binarizer",
        .role = Role::kPointwise,
        .shape = SameAsFirst,
        .per_element = {.comparisons = 1},
        .inplace = 0,
        .formula = "x > threshold: a comparison"}),
    Ml({.name = "CastMap",
        .shape = CastMapShape,
        .work = FromMapWork,
        .formula = "a comparison of keys per entry written"}),
    Ml({.name = "CategoryMapper",
        .role = Role::kPointwise,
        .shape = CategoryMapperShape,
        .per_element = {.comparisons = 1},
        .formula = "a lookup by hash: a comparison"}),
    Ml({.name = "DictVectorizer",
        .shape = DictVectorizerShape,
        .work = FromMapWork,
        .formula = "a comparison of keys per entry written"}),
    Ml({.name = "FeatureVectorizer",
        .role = Role::kMovement,
        .shape = FeatureVectorizerShape,
        .formula = "moves the operands beside each other"}),
    Ml({.name = "Imputer",
        .role = Role::kPointwise,
        .shape = SameAsFirst,
        .per_element = {.comparisons = 1},
        .inplace = 0,
        .formula = "x == replaced_value ? imputed_value : x: a comparison"}),
    Ml({.name = "LabelEncoder",
        .versions = "1 2 4",
        .role = Role::kPointwise,
        .shape = LabelEncoderShape,
        .per_element = {.comparisons = 1},
        .formula = "a lookup by hash: a comparison"}),
    Ml({.name = "Normalizer",
        .role = Role::kNormalization,
        .shape = AsFloat,
        .work = NormalizerWork,
        .formula = "MAX: 2 flops and a comparison per element; L1: 3 flops; L2: 3 flops, and a "
                   "square root per row"}),
    Ml({.name = "OneHotEncoder",
        .shape = OneHotEncoderShape,
        .per_element = {.comparisons = 1},
        .per = PerElementOf::kInput,
        .formula = "a lookup by hash per element: a comparison; writes all categories"}),
    Ml({.name = "Scaler",
        .role = Role::kPointwise,
        .shape = AsFloat,
        .per_element = {.flops = 2},
        .inplace = 0,
        .formula = "(x - offset) * scale"}),
    Ml({.name = "ZipMap",
        .shape = ZipMapShape,
        .work = ZipMapWork,
        .formula = "writes a key and a score per element"}),
};

}  // namespace

absl::Span<const OpRow> ClassicalOps() { return kRows; }

}  // namespace assay
