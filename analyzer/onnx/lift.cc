#include "analyzer/onnx/lift.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "analyzer/onnx/schema.h"
#include "ir/dtype.h"

namespace assay {
namespace {

enum class As : uint8_t {
  kInts,   // i64[n]
  kInt,    // i64[]
  kReals,  // f32[n]
  kReal,   // f32[]
};

// An attribute that became an input. Lifted wherever it stands and the input does not, whatever the
// opset: no later version gives the name another meaning.
struct InputRow {
  absl::string_view type;
  absl::string_view attr;
  int input;
  As as;
};

constexpr InputRow kInputs[] = {
    // clang-format off
    {"Reshape",            "shape",    1, As::kInts},   // until opset 5
    {"Tile",               "repeats",  1, As::kInts},   // never standard; seen in early exports
    {"Squeeze",            "axes",     1, As::kInts},   // until 13, as the next two
    {"Unsqueeze",          "axes",     1, As::kInts},
    {"Split",              "split",    1, As::kInts},
    {"Slice",              "starts",   1, As::kInts},   // until 10
    {"Slice",              "ends",     2, As::kInts},
    {"Slice",              "axes",     3, As::kInts},
    {"Pad",                "paddings", 1, As::kInts},   // opset 1
    {"Pad",                "pads",     1, As::kInts},   // until 11
    {"Pad",                "value",    2, As::kReal},
    {"Clip",               "min",      1, As::kReal},   // until 11
    {"Clip",               "max",      2, As::kReal},
    {"Dropout",            "ratio",    1, As::kReal},   // until 12
    {"TopK",               "k",        1, As::kInts},   // until 10
    {"Upsample",           "scales",   1, As::kReals},  // until 9
    {"DFT",                "axis",     2, As::kInt},    // until 20
    {"ReduceSum",          "axes",     1, As::kInts},   // until 13
    {"ReduceL1",           "axes",     1, As::kInts},   // until 18, as the rest
    {"ReduceL2",           "axes",     1, As::kInts},
    {"ReduceLogSum",       "axes",     1, As::kInts},
    {"ReduceLogSumExp",    "axes",     1, As::kInts},
    {"ReduceMax",          "axes",     1, As::kInts},
    {"ReduceMean",         "axes",     1, As::kInts},
    {"ReduceMin",          "axes",     1, As::kInts},
    {"ReduceProd",         "axes",     1, As::kInts},
    {"ReduceSumSquare",    "axes",     1, As::kInts},
    // clang-format on
};

// Integer attributes that hold the number of an ONNX element type.
struct TypeRow {
  absl::string_view type;
  absl::string_view attr;
};

constexpr TypeRow kTypes[] = {
    {"BitCast", "to"},
    {"Cast", "to"},
    {"FlexAttention", "softmax_precision"},
    {"MixedPrecisionScale", "to"},
    {"RandomNormal", "dtype"},
    {"RandomNormalLike", "dtype"},
    {"RandomUniform", "dtype"},
    {"RandomUniformLike", "dtype"},
    {"Bernoulli", "dtype"},
    {"Multinomial", "dtype"},
    {"EyeLike", "dtype"},
    {"SequenceEmpty", "dtype"},
    {"ConstantFill", "dtype"},
    {"GemmFloat8", "dtype"},
    {"HannWindow", "output_datatype"},
    {"HammingWindow", "output_datatype"},
    {"BlackmanWindow", "output_datatype"},
    {"MelWeightMatrix", "output_datatype"},
    {"QuantizeLinear", "output_dtype"},
    {"DequantizeLinear", "output_dtype"},
    {"LayerNormalization", "stash_type"},
    {"SimplifiedLayerNormalization", "stash_type"},
    {"GroupNormalization", "stash_type"},
    {"RMSNormalization", "stash_type"},
    {"Attention", "softmax_precision"},
};

// Before opset 7 these broadcast only when asked (`broadcast = 1`), from `axis` on where it is
// given.
constexpr absl::string_view kLegacyBroadcast[] = {"Add", "Sub", "Mul",   "Div",     "Pow", "And",
                                                  "Or",  "Xor", "Equal", "Greater", "Less"};
constexpr int64_t kNumpyBroadcast = 7;

Attr* Find(PendingOp& op, const GraphBuilder& builder, absl::string_view name) {
  for (PendingAttr& a : op.attrs) {
    if (builder.str(a.name) == name) return &a;
  }
  return nullptr;
}

void Drop(PendingOp& op, const GraphBuilder& builder, absl::string_view name) {
  op.attrs.erase(std::remove_if(op.attrs.begin(), op.attrs.end(),
                                [&](const Attr& a) { return builder.str(a.name) == name; }),
                 op.attrs.end());
}

void SetInput(PendingOp& op, size_t index, ValueId value) {
  if (op.inputs.size() <= index) op.inputs.resize(index + 1);
  op.inputs[index] = value;
}

ValueId AddWeight(PendingOp& op, GraphBuilder& builder, absl::string_view what,
                  std::vector<int64_t> ints, std::vector<double> reals, As as) {
  const std::string name = absl::StrCat(op.label, "/", what);
  const NameId id = builder.Intern(name);
  const bool integer = as == As::kInts || as == As::kInt;
  std::vector<int64_t> dims;
  if (as == As::kInts) dims = {static_cast<int64_t>(ints.size())};
  if (as == As::kReals) dims = {static_cast<int64_t>(reals.size())};
  return builder.AddWeight(
      name, integer ? builder.AddInts(std::move(dims), std::move(ints), DType::kI64, id)
                    : builder.AddReals(std::move(dims), std::move(reals), DType::kF32, id));
}

absl::Status Mistyped(const Attr& attr, absl::string_view name, absl::string_view wanted) {
  return absl::InvalidArgumentError(absl::StrCat("attribute `", name, "` is ", Name(attr.kind),
                                                 ", and the operator takes ", wanted,
                                                 "; correct the node, or export the model again"));
}

absl::Status LiftInput(const InputRow& row, PendingOp& op, GraphBuilder& builder) {
  Attr* attr = Find(op, builder, row.attr);
  if (attr == nullptr) return absl::OkStatus();
  const size_t index = static_cast<size_t>(row.input);
  const bool integer = row.as == As::kInts || row.as == As::kInt;
  const bool scalar = row.as == As::kInt || row.as == As::kReal;
  const AttrKind one = integer ? AttrKind::kInt : AttrKind::kFloat;
  const AttrKind many = integer ? AttrKind::kInts : AttrKind::kFloats;
  if (attr->kind != one && attr->kind != many) {
    return Mistyped(*attr, row.attr, Name(scalar ? one : many));
  }
  std::vector<int64_t> ints = std::move(attr->ints);
  std::vector<double> reals = std::move(attr->floats);
  if (attr->kind == AttrKind::kInt) ints = {attr->i};
  if (attr->kind == AttrKind::kFloat) reals = {attr->f};
  Drop(op, builder, row.attr);
  const bool there = index < op.inputs.size() && op.inputs[index].has_value();
  const size_t given = integer ? ints.size() : reals.size();
  if (there || (scalar && given != 1)) return absl::OkStatus();
  SetInput(op, index, AddWeight(op, builder, row.attr, std::move(ints), std::move(reals), row.as));
  return absl::OkStatus();
}

absl::Status LiftType(const TypeRow& row, PendingOp& op, GraphBuilder& builder) {
  Attr* attr = Find(op, builder, row.attr);
  if (attr == nullptr) return absl::OkStatus();
  const ElementTypeRow* type = nullptr;
  std::string given;
  if (attr->kind == AttrKind::kInt) {
    given = absl::StrCat(attr->i);
    type = FindElementType(attr->i);
  } else if (attr->kind == AttrKind::kString) {  // Cast before opset 6
    given = std::string(builder.str(attr->s));
    for (const ElementTypeRow& r : ElementTypeRows()) {
      if (r.proto_name == given) type = &r;
    }
  } else {
    return Mistyped(*attr, row.attr, "the number of an element type");
  }
  if (type == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("attribute `", row.attr, "` is ", given,
                     ", which is no element type of ONNX; export the model again"));
  }
  if (type->dtype == DType::kUndefined) {
    Drop(op, builder, row.attr);
    return absl::OkStatus();
  }
  attr->kind = AttrKind::kString;
  attr->i = 0;
  attr->s = builder.Intern(Name(type->dtype));
  return absl::OkStatus();
}

void LiftBroadcast(PendingOp& op, const GraphBuilder& builder) {
  const Attr* broadcast = Find(op, builder, "broadcast");
  const bool asked = broadcast != nullptr && broadcast->i == 1;
  Drop(op, builder, "broadcast");
  if (!asked) Drop(op, builder, "axis");
}

// Upsample-1 scales the last two of four axes.
void LiftUpsample(PendingOp& op, GraphBuilder& builder) {
  const Attr* width = Find(op, builder, "width_scale");
  const Attr* height = Find(op, builder, "height_scale");
  if (width == nullptr || height == nullptr || op.inputs.size() > 1) return;
  std::vector<double> scales = {1, 1, height->f, width->f};
  Drop(op, builder, "width_scale");
  Drop(op, builder, "height_scale");
  SetInput(op, 1, AddWeight(op, builder, "scales", {}, std::move(scales), As::kReals));
}

// Resize-10 is (X, scales); since 11 it is (X, roi, scales, sizes).
void LiftResize(PendingOp& op) {
  if (op.opset < 11 && op.inputs.size() == 2) {
    op.inputs.insert(op.inputs.begin() + 1, ValueId());
  }
}

// DFT-17 transforms axis 1 unless told otherwise; since 20 it is axis -2.
void LiftDft(PendingOp& op, GraphBuilder& builder) {
  if (op.opset >= 20 || Find(op, builder, "axis") != nullptr) return;
  SetInput(op, 2, AddWeight(op, builder, "axis", {1}, {}, As::kInt));
}

bool IsLegacyBroadcast(absl::string_view type) {
  return std::find(std::begin(kLegacyBroadcast), std::end(kLegacyBroadcast), type) !=
         std::end(kLegacyBroadcast);
}

}  // namespace

bool MayNeedLift(absl::string_view domain, absl::string_view type) {
  for (const TypeRow& row : kTypes) {
    if (row.type == type) return true;
  }
  if (!domain.empty()) return false;
  for (const InputRow& row : kInputs) {
    if (row.type == type) return true;
  }
  return IsLegacyBroadcast(type) || type == "Gemm" || type == "Resize";
}

absl::Status Lift(PendingOp* op, GraphBuilder* builder) {
  for (const TypeRow& row : kTypes) {
    if (row.type != op->type) continue;
    if (absl::Status s = LiftType(row, *op, *builder); !s.ok()) return s;
  }
  if (!op->domain.empty()) return absl::OkStatus();
  if (op->type == "Upsample") LiftUpsample(*op, *builder);
  if (op->type == "DFT") LiftDft(*op, *builder);
  if (op->type == "Resize") LiftResize(*op);
  for (const InputRow& row : kInputs) {
    if (row.type != op->type) continue;
    if (absl::Status s = LiftInput(row, *op, *builder); !s.ok()) return s;
  }
  if (op->opset < kNumpyBroadcast) {
    if (IsLegacyBroadcast(op->type)) LiftBroadcast(*op, *builder);
    if (op->type == "Gemm") Drop(*op, *builder, "broadcast");
  }
  return absl::OkStatus();
}

}  // namespace assay
