// What the attention operators of several domains share.
#ifndef ASSAY_IR_OPS_ATTENTION_H_
#define ASSAY_IR_OPS_ATTENTION_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "ir/dim.h"
#include "ir/op_context.h"

namespace assay {

// Sizes of an attention: per image, `q_heads` heads of `queries` rows that look at `keys` rows, of
// which the first `past` come from a cache.
struct AttentionSizes {
  Dim batch, q_heads, kv_heads, queries, past, keys;
  Dim qk_size, v_size;  // of one head
};

// Which keys a query sees. Query i stands at position offset + i and sees the keys j with
// position - left <= j <= position + right; a negative bound is none. Causal is right = 0. Where a
// list of blocks names the pairs, `most_pairs` of a head are seen at most, wherever they stand; the
// nest then has as many keys as they make per query.
struct AttentionMask {
  int64_t left = -1, right = -1;
  Dim offset = Dim(0);
  std::optional<Dim> most_pairs = std::nullopt;
};

// Sets macs, flops, transcendentals, comparisons and the nest. `extra_flops` and
// `extra_transcendentals` are per visible pair, beside scale and softmax (a mask that is added: 1).
void CountAttention(OpContext& op, const AttentionSizes& sizes, const AttentionMask& mask,
                    int64_t extra_flops, int64_t extra_transcendentals);

// hidden / heads; an error when it does not divide.
absl::StatusOr<Dim> HeadSize(OpContext& op, Dim hidden, Dim heads);

}  // namespace assay

#endif  // ASSAY_IR_OPS_ATTENTION_H_
