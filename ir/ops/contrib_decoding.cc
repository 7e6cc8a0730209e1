// com.microsoft: text generation. BeamSearch and its kin are control flow: they hold the decoder as
// a subgraph and run it once per token, at most max_length times; the generated length itself
// depends on contents. Source: ONNX Runtime's ContribOperators.md.
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/ops/contrib.h"
#include "ir/ops/families.h"
#include "ir/ops/operands.h"
#include "ir/ops/rules.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

// An operand that holds one number of at least 1, or a symbol for it.
absl::StatusOr<Dim> NumberOperand(OpContext& op, int i, absl::string_view what) {
  const std::optional<Dim> value = op.int_value(i);
  if (value.has_value() && value->known() && value->value() < 1) {
    return OpError(absl::StrCat("its ", what, " is ", value->value(), "; give at least 1"));
  }
  return OrFresh(op, 0, value.value_or(Dim()), 1, Dim(), what);
}

// Infers a subgraph from the types that it claims of its own arguments.
absl::Status InferClaimed(OpContext& op, RegionId region) {
  std::vector<Type> args;
  for (ValueId arg : op.graph().region(region).args) {
    args.push_back(op.env().ClaimOf(arg).value_or(Type()));
  }
  return op.env().InferRegion(region, args, {});
}

// Operands input_ids [B, S], max_length; `returned` is where num_return_sequences stands, or -1.
absl::Status SearchShape(OpContext& op, int returned) {
  if (absl::Status s = RequireRank(op, 0, "input_ids", {2, 3}); !s.ok()) return s;
  const RegionId decoder = op.region_attr("decoder");
  if (!decoder.has_value()) return OpError("it has no subgraph `decoder`; export it with one");
  absl::StatusOr<Dim> length = NumberOperand(op, 1, "max_length");
  if (!length.ok()) return length.status();
  // A decoder alone continues the prompt; behind an encoder it starts anew.
  const bool alone = op.int_attr("model_type", 0) == 0;
  const Dim prompt = op.dim(0, 1);
  const Dim steps =
      alone && !prompt.unknown() ? Max(Size(op, *length) - prompt, Dim(0)).dim : *length;
  op.env().SetTrips(op.id(), steps);
  op.Assume(absl::StrCat("its decoder runs ", Text(op, steps),
                         " times: to max_length, and on what its subgraph claims of its inputs"));
  for (absl::string_view once : {"encoder", "init_decoder"}) {
    const RegionId region = op.region_attr(once);
    if (!region.has_value()) continue;
    op.Assume(absl::StrCat("its subgraph `", once, "`, which runs once, is counted at every step"));
    if (absl::Status s = InferClaimed(op, region); !s.ok()) return s;
  }
  if (absl::Status s = InferClaimed(op, decoder); !s.ok()) return s;

  const Dim batch = op.dim(0, 0);
  const int64_t vocab_size = op.int_attr("vocab_size", 0);
  const Dim vocabulary = vocab_size > 0 ? Dim(vocab_size) : Dim();
  if (returned < 0) {
    op.SetOut(0, op.dtype(0), {batch, *length});
    op.SetOut(1, DType::kF32, {batch, vocabulary});
    return absl::OkStatus();
  }
  absl::StatusOr<Dim> sequences = NumberOperand(op, returned, "num_return_sequences");
  if (!sequences.ok()) return sequences.status();
  absl::StatusOr<Dim> beams = NumberOperand(op, 3, "num_beams");
  if (!beams.ok()) return beams.status();
  op.SetOut(0, DType::kI32, {batch, *sequences, *length});
  op.SetOut(1, DType::kF32, {batch, *sequences});
  op.SetOut(2, DType::kF32, {steps, batch, *beams, vocabulary});
  return absl::OkStatus();
}

absl::Status BeamShape(OpContext& op) { return SearchShape(op, 4); }
absl::Status GreedyShape(OpContext& op) { return SearchShape(op, -1); }

// --- NGramRepeatBlock: input_ids [B, S], scores [B, V] ---

absl::Status NGramRepeatShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "input_ids", {2}); !s.ok()) return s;
  if (absl::Status s = RequirePositive(op, "ngram_size", op.int_attr("ngram_size", 0)); !s.ok()) {
    return s;
  }
  op.SetOut(0, op.in(1));
  return absl::OkStatus();
}

absl::Status NGramRepeatWork(OpContext& op) {
  op.work().comparisons = Size(op, op.in_elements(0)) * op.int_attr("ngram_size", 1);
  return absl::OkStatus();
}

// --- BifurcationDetector: src_tokens, cur_tokens, prev_suffix_match_idx, pred_tokens ---

absl::Status BifurcationShape(OpContext& op) {
  op.SetOut(0, op.dtype(0), {OrFresh(op, 0, Dim(), 0, Dim(), "merged tokens")});
  op.SetOut(1, op.dtype(0), {});
  return absl::OkStatus();
}

// --- NGramHashMapping: input_ids [B, S], multipliers, vocab_sizes [hashes], past_ids, head_offsets
// ...; VarlenNGramHashMapping: input_ids [T], multipliers, vocab_sizes, cumulative lengths [B + 1],
// past_ids, head_offsets, ... ---

struct Hashes {
  int64_t orders = 0;  // n-grams of 2 .. max_ngram_size tokens
  int64_t heads = 0;   // hashes of each
};

absl::StatusOr<Hashes> ReadHashes(OpContext& op) {
  const int64_t ngram = op.int_attr("max_ngram_size", 2);
  Hashes h;
  h.heads = op.int_attr("n_head_per_ngram", 1);
  if (ngram < 2) {
    return OpError(absl::StrCat("attribute `max_ngram_size` is ", ngram, "; give at least 2"));
  }
  if (absl::Status s = RequirePositive(op, "n_head_per_ngram", h.heads); !s.ok()) return s;
  h.orders = ngram - 1;
  return h;
}

absl::Status HashMappingShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "input_ids", {2}); !s.ok()) return s;
  absl::StatusOr<Hashes> h = ReadHashes(op);
  if (!h.ok()) return h.status();
  op.SetOut(0, op.dtype(0), {op.dim(0, 0), op.dim(0, 1), Size(op, h->orders) * h->heads});
  op.SetOut(1, op.dtype(0), {op.dim(0, 0), Dim(h->orders)});
  return absl::OkStatus();
}

absl::Status VarlenHashShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "input_ids", {1}); !s.ok()) return s;
  absl::StatusOr<Hashes> h = ReadHashes(op);
  if (!h.ok()) return h.status();
  Dim batch = Size(op, op.dim(3, 0)) - 1;
  absl::Status s = Merge(op, &batch, op.dim(4, 0), "requests by the lengths and by past_ids");
  if (!s.ok()) return s;
  op.SetOut(0, op.dtype(0), {op.dim(0, 0), Size(op, h->orders) * h->heads});
  op.SetOut(1, op.dtype(0), {batch, Dim(h->orders)});
  op.SetOut(2, DType::kI32, {batch, Dim(h->orders)});
  op.SetOut(3, op.dtype(0), {batch, Dim(op.int_attr("state_update_capacity", 0)), Dim(h->orders)});
  return absl::OkStatus();
}

// Per token: a product for each of its max_ngram_size places, an exclusive or to take each but the
// first in, a remainder per hash, and where `offsets` is there a sum.
absl::Status CountHashes(OpContext& op, int offsets) {
  absl::StatusOr<Hashes> h = ReadHashes(op);
  if (!h.ok()) return h.status();
  const Size tokens(op, op.in_elements(0)), hashes(op, op.out_elements(0));
  op.work().int_ops = tokens * (Size(op, h->orders) * 2 + 1) + (op.has(offsets) ? 2 : 1) * hashes;
  return absl::OkStatus();
}

absl::Status HashMappingWork(OpContext& op) { return CountHashes(op, 4); }
absl::Status VarlenHashWork(OpContext& op) { return CountHashes(op, 5); }

// --- Tokenizer: X [C] or [N, C], strings ---

absl::Status TokenizerShape(OpContext& op) {
  if (absl::Status s = RequireRank(op, 0, "X", {1, 2}); !s.ok()) return s;
  if (!op.ranked(0)) return Unranked(op, 0, DType::kString);
  Dims dims = op.in(0).dims;
  dims.push_back(OrFresh(op, 0, Dim(), 0, Dim(), "most tokens of a string"));
  op.SetOut(0, DType::kString, std::move(dims));
  return absl::OkStatus();
}

}  // namespace

absl::Span<const OpRow> ContribDecodingOps() {
  constexpr absl::string_view kSteps =
      "steps x decoder; steps = max_length less the prompt, or max_length behind an encoder";
  static const OpRow kRows[] = {
      Contrib("BeamSearch", Family::kControl, Role::kControl, BeamShape, nullptr, kSteps),
      Contrib("WhisperBeamSearch", Family::kControl, Role::kControl, BeamShape, nullptr, kSteps),
      Contrib("GreedySearch", Family::kControl, Role::kControl, GreedyShape, nullptr, kSteps),
      Contrib("Sampling", Family::kControl, Role::kControl, GreedyShape, nullptr, kSteps),
      Contrib("NGramRepeatBlock", Family::kMovement, Role::kOther, NGramRepeatShape,
              NGramRepeatWork, "comparisons = tokens * ngram_size"),
      Contrib("BifurcationDetector", Family::kMovement, Role::kOther, BifurcationShape, nullptr,
              "reads both sequences; comparisons of tokens depend on contents"),
      Contrib("NGramHashMapping", Family::kMovement, Role::kOther, HashMappingShape,
              HashMappingWork,
              "per token 2 * max_ngram_size - 1 integer operations, and one per hash, 2 with "
              "offsets"),
      Contrib("VarlenNGramHashMapping", Family::kMovement, Role::kOther, VarlenHashShape,
              VarlenHashWork, "as NGramHashMapping, on packed tokens"),
      Contrib("Tokenizer", Family::kString, Role::kOther, TokenizerShape, nullptr,
              "moves characters"),
  };
  return kRows;
}

}  // namespace assay
