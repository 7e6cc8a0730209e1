#include "ir/op_table.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "ir/ops/families.h"

namespace assay {

absl::string_view Name(Family family) {
  switch (family) {
    case Family::kElementwise:
      return "elementwise";
    case Family::kReduction:
      return "reduction";
    case Family::kMovement:
      return "movement";
    case Family::kShape:
      return "shape";
    case Family::kConvolution:
      return "convolution";
    case Family::kPooling:
      return "pooling";
    case Family::kMatMul:
      return "matmul";
    case Family::kNormalization:
      return "normalization";
    case Family::kAttention:
      return "attention";
    case Family::kRecurrent:
      return "recurrent";
    case Family::kQuantization:
      return "quantization";
    case Family::kDetection:
      return "detection";
    case Family::kControl:
      return "control";
    case Family::kSequence:
      return "sequence";
    case Family::kSignal:
      return "signal";
    case Family::kRandom:
      return "random";
    case Family::kString:
      return "string";
    case Family::kTraining:
      return "training";
    case Family::kClassical:
      return "classical";
    case Family::kCustom:
      return "custom";
  }
  return "?";
}

absl::string_view Name(Role role) {
  switch (role) {
    case Role::kOther:
      return "other";
    case Role::kContraction:
      return "contraction";
    case Role::kPointwise:
      return "pointwise";
    case Role::kReduction:
      return "reduction";
    case Role::kNormalization:
      return "normalization";
    case Role::kPooling:
      return "pooling";
    case Role::kMovement:
      return "movement";
    case Role::kView:
      return "view";
    case Role::kAttention:
      return "attention";
    case Role::kControl:
      return "control";
    case Role::kConstant:
      return "constant";
  }
  return "?";
}

const OpTable& OpTable::BuiltIn() {
  static const OpTable& table = *new OpTable({
      ElementwiseOps(),
      ReductionOps(),
      MovementOps(),
      ViewOps(),
      IndexingOps(),
      ResizeOps(),
      ShapeOps(),
      ConvolutionOps(),
      PoolingOps(),
      MatMulOps(),
      NormalizationOps(),
      AttentionOps(),
      RecurrentOps(),
      QuantizationOps(),
      DetectionOps(),
      ControlOps(),
      SequenceOps(),
      RandomOps(),
      ClassicalOps(),
      LinearModelOps(),
      TreeOps(),
      TrainingOps(),
      SignalOps(),
      StringOps(),
      ContribOps(),
      ContribAttentionOps(),
      ContribDecodingOps(),
      ContribMatMulOps(),
      ContribMoeOps(),
      ContribNhwcOps(),
      ContribNormalizationOps(),
      ContribQuantizationOps(),
      ExtensionOps(),
      InternalNhwcOps(),
      PluginOps(),
  });
  return table;
}

OpTable::OpTable(absl::Span<const absl::Span<const OpRow>> families) {
  size_t n = 0;
  for (absl::Span<const OpRow> family : families) n += family.size();
  rows_.reserve(n);
  index_.reserve(n);
  for (absl::Span<const OpRow> family : families) {
    for (const OpRow& row : family) Add(row);
  }
}

void OpTable::Add(const OpRow& row) {
  rows_.push_back(&row);
  index_.emplace(std::make_pair(row.domain, row.name), &row);
}

const OpRow* OpTable::Find(absl::string_view domain, absl::string_view name) const {
  if (domain == "ai.onnx") domain = "";
  auto it = index_.find(std::make_pair(domain, name));
  return it == index_.end() ? nullptr : it->second;
}

std::vector<const OpRow*> OpTable::rows() const {
  std::vector<const OpRow*> rows = rows_;
  std::sort(rows.begin(), rows.end(), [](const OpRow* a, const OpRow* b) {
    return std::tie(a->domain, a->name) < std::tie(b->domain, b->name);
  });
  return rows;
}

std::vector<absl::string_view> OpTable::names() const {
  std::vector<absl::string_view> names;
  for (const OpRow* row : rows()) names.push_back(row->name);
  return names;
}

}  // namespace assay
