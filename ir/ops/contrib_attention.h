// Attention operators of com.microsoft; their rows are in contrib_attention.cc.
#ifndef ASSAY_IR_OPS_CONTRIB_ATTENTION_H_
#define ASSAY_IR_OPS_CONTRIB_ATTENTION_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ir/op_context.h"
#include "ir/ops/attention.h"

namespace assay {

// The number of heads that the attribute gives, at least 1.
absl::StatusOr<Dim> Heads(OpContext& op, absl::string_view attr);
// Heads and head sizes by num_heads and, for grouped queries, kv_num_heads: the columns of operand
// 0 are those of Q, with those of K and V beside them when `packed`.
absl::StatusOr<AttentionSizes> ReadHeads(OpContext& op, bool grouped, bool packed);
// Operands [B, heads, past, size] of a cache, where present: past, merged with batch and kv_heads.
absl::Status ReadCache(OpContext& op, int key, int value, AttentionSizes* sizes);
// The length that operand i holds, unknown where its contents are; an error when it is negative.
absl::StatusOr<Dim> LengthOperand(OpContext& op, int i, absl::string_view name);

// An attention that projects its input [..., C] by operand 1, weights [C, Q + K + V], and adds
// operand 2, a bias.
struct Projection {
  AttentionSizes sizes;  // heads and head sizes
  Dim input, columns;    // of the weights
};
absl::StatusOr<Projection> ReadProjection(OpContext& op);
// Adds [rows, input] x [input, columns], and a bias, to the work.
void AddProjection(OpContext& op, Dim rows, Dim input, Dim columns, bool bias);

// In contrib_attention_packed.cc: tokens without padding, caches in blocks, other layouts.
absl::Status DecoderMultiHeadShape(OpContext& op);
absl::Status DecoderMultiHeadWork(OpContext& op);
absl::Status SparseAttentionShape(OpContext& op);
absl::Status SparseAttentionWork(OpContext& op);
absl::Status PackedAttentionShape(OpContext& op);
absl::Status PackedAttentionWork(OpContext& op);
absl::Status PackedMultiHeadShape(OpContext& op);
absl::Status PackedMultiHeadWork(OpContext& op);
absl::Status PagedAttentionShape(OpContext& op);
absl::Status PagedAttentionWork(OpContext& op);
absl::Status DecoderAttentionShape(OpContext& op);
absl::Status DecoderAttentionWork(OpContext& op);
absl::Status LongformerShape(OpContext& op);
absl::Status LongformerWork(OpContext& op);
absl::Status QOrderedLongformerWork(OpContext& op);
absl::Status QOrderedAttentionShape(OpContext& op);
absl::Status QOrderedAttentionWork(OpContext& op);

// In contrib_sparse.cc: attention to selected entries, and what selects them.
absl::Status DynamicSparseShape(OpContext& op);
absl::Status DynamicSparseWork(OpContext& op);
absl::Status SparsePagedShape(OpContext& op);
absl::Status SparsePagedWork(OpContext& op);
absl::Status SparseIndexerShape(OpContext& op);
absl::Status SparseIndexerWork(OpContext& op);
absl::Status PackedIndexerShape(OpContext& op);
absl::Status PackedIndexerWork(OpContext& op);

// In contrib_state.cc: layers that carry a state from call to call.
absl::Status ContribCausalConvShape(OpContext& op);
absl::Status ContribCausalConvWork(OpContext& op);
absl::Status VarlenConvShape(OpContext& op);
absl::Status VarlenConvWork(OpContext& op);
absl::Status GatedDeltaShape(OpContext& op);
absl::Status GatedDeltaWork(OpContext& op);
absl::Status AttnLstmShape(OpContext& op);
absl::Status AttnLstmWork(OpContext& op);

// In contrib_attention_bias.cc: what stands around attention.
absl::Status GatedBiasShape(OpContext& op);
absl::Status GatedBiasWork(OpContext& op);
absl::Status RelativeBiasShape(OpContext& op);
absl::Status RelativeBiasWork(OpContext& op);
absl::Status RemovePaddingShape(OpContext& op);
absl::Status RestorePaddingShape(OpContext& op);
absl::Status GemmaRotaryShape(OpContext& op);
absl::Status GemmaRotaryWork(OpContext& op);

}  // namespace assay

#endif  // ASSAY_IR_OPS_CONTRIB_ATTENTION_H_
