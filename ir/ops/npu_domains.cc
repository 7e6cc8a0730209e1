// Operators of other engines' domains that real exports hold.
//
// TensorRT's plugins (`trt.plugins`; exporters of YOLO write `TRT`): detection heads and deformable
// attention. Their results have fixed sizes, filled up with what is no detection. Work that depends
// on contents is counted as the comparisons that the first step takes. Source: NVIDIA/TensorRT,
// plugin/*/README.md.
//
// ONNX Runtime's extensions (`ai.onnx.contrib`): tokenizers and decoders. Their shapes are known as
// far as here; their work is not, and says so. Source: microsoft/onnxruntime-extensions,
// docs/custom_ops.md.
#include <cstdint>
#include <vector>

#include "ir/ops/contrib.h"
#include "ir/ops/families.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

// --- EfficientNMS_TRT: boxes [B, N, 4], scores [B, N, classes] ---

absl::Status SetDetections(OpContext& op, int64_t most, DType number, DType classes) {
  const Dim batch = op.dim(0, 0);
  op.SetOut(0, number, {batch, Dim(1)});
  op.SetOut(1, op.dtype(0), {batch, Dim(most), Dim(4)});
  op.SetOut(2, op.dtype(1), {batch, Dim(most)});
  op.SetOut(3, classes, {batch, Dim(most)});
  return absl::OkStatus();
}

absl::Status EfficientNmsShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "boxes", {3, 4}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 1, "scores", {3}); !s.ok()) return s;
  const int64_t most = op.int_attr("max_output_boxes", 100);
  if (absl::Status s = RequirePositive(op, "max_output_boxes", most); !s.ok()) return s;
  return SetDetections(op, most, DType::kI32, DType::kI32);
}

// --- BatchedNMS_TRT: boxes [B, N, 1 or classes, 4], scores [B, N, classes] ---

absl::Status BatchedNmsShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "boxes", {4}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 1, "scores", {3, 4}); !s.ok()) return s;
  const int64_t most = op.int_attr("keepTopK", 100);
  if (absl::Status s = RequirePositive(op, "keepTopK", most); !s.ok()) return s;
  return SetDetections(op, most, DType::kI32, op.dtype(1));
}

// Every score meets the threshold; what follows depends on how many pass.
absl::Status NmsWork(OpContext& op) {
  op.work().comparisons = op.in_elements(1);
  return absl::OkStatus();
}

// --- MultiscaleDeformableAttnPlugin_TRT: value [B, S, heads, D], spatial shapes, level starts,
// sampling locations [B, Q, heads, levels, points, 2], weights [B, Q, heads, levels, points] ---

absl::Status DeformableShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "value", {4}); !s.ok()) return s;
  if (absl::Status s = RequireRank(op, 3, "sampling_loc", {6}); !s.ok()) return s;
  Dim heads = op.dim(0, 2), batch = op.dim(0, 0);
  absl::Status s = Merge(op, &heads, op.dim(3, 2), "heads of the value and of the locations");
  if (s.ok()) s = Merge(op, &batch, op.dim(3, 0), "batch of the value and of the locations");
  if (!s.ok()) return s;
  op.SetOut(0, op.dtype(0), {batch, op.dim(3, 1), heads, op.dim(0, 3)});
  return absl::OkStatus();
}

// Per sample and channel: four products and three sums to interpolate, a product and a sum to
// weigh.
absl::Status DeformableWork(OpContext& op) {
  const Size samples = Size(op, op.dim(3, 3)) * op.dim(3, 4);
  op.work().flops = 9 * samples * op.out_elements(0);
  if (op.has(0)) op.work().reads[0] = 4 * samples * op.out_elements(0);
  return absl::OkStatus();
}

constexpr char kInstanceNorm[] = "InstanceNormalization";

OpRow Plugin(absl::string_view name, absl::string_view domain, Family family, Role role, Rule shape,
             Rule work, absl::string_view formula) {
  OpRow row = Contrib(name, family, role, shape, work, formula);
  row.domain = domain;
  row.source = "NVIDIA TensorRT, plugin README";
  return row;
}

// --- ai.onnx.contrib ---

absl::Status UnknownWork(OpContext& op) {
  Work& work = op.work();
  work.flops = work.transcendentals = work.int_ops = work.comparisons = Dim();
  return absl::OkStatus();
}

// Texts to token ids: one axis as long as the longest text, three results of one shape.
absl::Status IdsShape(OpContext& op) {
  const Dim length = op.Fresh(0, {0, Bounds::kNoBound}, "tokens of the longest text");
  Dims dims;
  if (op.ranked(0) && op.rank(0) == 1) dims.push_back(op.dim(0, 0));
  dims.push_back(length);
  for (int i = 0; i < op.num_outputs(); ++i) op.SetOut(i, DType::kI64, dims);
  return absl::OkStatus();
}

// A stream of bytes to pixels [H, W, 3].
absl::Status ImageShape(OpContext& op) {
  const Dim height = op.Fresh(0, {1, Bounds::kNoBound}, "height of the image");
  const Dim width = op.Fresh(0, {1, Bounds::kNoBound}, "width of the image");
  op.SetOut(0, DType::kU8, {height, width, Dim(3)});
  return absl::OkStatus();
}

absl::Status BytesShape(OpContext& op) {
  op.SetOut(0, DType::kU8, {op.Fresh(0, {1, Bounds::kNoBound}, "bytes of the encoded image")});
  return absl::OkStatus();
}

// A stream of bytes to samples [1, n].
absl::Status AudioShape(OpContext& op) {
  op.SetOut(0, DType::kF32, {Dim(1), op.Fresh(0, {0, Bounds::kNoBound}, "samples of the audio")});
  return absl::OkStatus();
}

absl::Status TextsShape(OpContext& op) { return RetypeFirst(op, DType::kString); }

OpRow Extension(absl::string_view name, Rule shape) {
  return {.name = name,
          .domain = "ai.onnx.contrib",
          .family = Family::kString,
          .role = Role::kOther,
          .shape = shape,
          .work = UnknownWork,
          .formula = "not known: it depends on contents",
          .source = "onnxruntime-extensions, docs/custom_ops.md"};
}

}  // namespace

absl::Span<const OpRow> PluginOps() {
  static const std::vector<OpRow>& rows = *[] {
    auto* made = new std::vector<OpRow>();
    for (absl::string_view domain : {"trt.plugins", "TRT"}) {
      made->push_back(Plugin("EfficientNMS_TRT", domain, Family::kDetection, Role::kOther,
                             EfficientNmsShape, NmsWork,
                             "comparisons: one per score; suppression depends on contents"));
      for (absl::string_view name : {"BatchedNMS_TRT", "BatchedNMSDynamic_TRT"}) {
        made->push_back(Plugin(name, domain, Family::kDetection, Role::kOther, BatchedNmsShape,
                               NmsWork,
                               "comparisons: one per score; suppression depends on contents"));
      }
      made->push_back(Plugin("MultiscaleDeformableAttnPlugin_TRT", domain, Family::kAttention,
                             Role::kOther, DeformableShape, DeformableWork,
                             "9 flops per sample and channel: bilinear, then weighed; reads 4 "
                             "elements for each"));
      made->push_back(Plugin("InstanceNormalization_TRT", domain, Family::kNormalization,
                             Role::kNormalization, SameAsFirst, StandardWork<kInstanceNorm>,
                             "as ai.onnx InstanceNormalization"));
    }
    return made;
  }();
  return rows;
}

absl::Span<const OpRow> ExtensionOps() {
  static const OpRow kRows[] = {
      Extension("GPT2Tokenizer", IdsShape),        Extension("CLIPTokenizer", IdsShape),
      Extension("RobertaTokenizer", IdsShape),     Extension("BertTokenizer", IdsShape),
      Extension("BpeDecoder", TextsShape),         Extension("DecodeImage", ImageShape),
      Extension("EncodeImage", BytesShape),        Extension("AudioDecoder", AudioShape),
      Extension("StringUpper", TextsShape),        Extension("StringLower", TextsShape),
      Extension("StringRegexReplace", TextsShape),
  };
  return kRows;
}

}  // namespace assay
