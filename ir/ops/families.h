// The families of operators: each is one file of this folder, and gives its rows here.
#ifndef ASSAY_IR_OPS_FAMILIES_H_
#define ASSAY_IR_OPS_FAMILIES_H_

#include "absl/types/span.h"
#include "ir/op_table.h"

namespace assay {

absl::Span<const OpRow> ElementwiseOps();
absl::Span<const OpRow> ReductionOps();
absl::Span<const OpRow> MovementOps();
absl::Span<const OpRow> ViewOps();
absl::Span<const OpRow> IndexingOps();
absl::Span<const OpRow> ResizeOps();
absl::Span<const OpRow> ShapeOps();
absl::Span<const OpRow> ConvolutionOps();
absl::Span<const OpRow> PoolingOps();
absl::Span<const OpRow> MatMulOps();
absl::Span<const OpRow> NormalizationOps();
absl::Span<const OpRow> AttentionOps();
absl::Span<const OpRow> RecurrentOps();
absl::Span<const OpRow> QuantizationOps();
absl::Span<const OpRow> DetectionOps();
absl::Span<const OpRow> ControlOps();
absl::Span<const OpRow> SequenceOps();
absl::Span<const OpRow> RandomOps();
absl::Span<const OpRow> ClassicalOps();
absl::Span<const OpRow> LinearModelOps();
absl::Span<const OpRow> TreeOps();
absl::Span<const OpRow> TrainingOps();
absl::Span<const OpRow> SignalOps();
absl::Span<const OpRow> StringOps();
absl::Span<const OpRow> ContribOps();
absl::Span<const OpRow> ContribAttentionOps();
absl::Span<const OpRow> ContribDecodingOps();
absl::Span<const OpRow> ContribMatMulOps();
absl::Span<const OpRow> ContribMoeOps();
absl::Span<const OpRow> ContribNhwcOps();
absl::Span<const OpRow> ContribNormalizationOps();
absl::Span<const OpRow> ContribQuantizationOps();
absl::Span<const OpRow> ExtensionOps();
absl::Span<const OpRow> InternalNhwcOps();
absl::Span<const OpRow> PluginOps();

}  // namespace assay

#endif  // ASSAY_IR_OPS_FAMILIES_H_
