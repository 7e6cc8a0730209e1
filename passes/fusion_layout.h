// Channel blocks: what ONNX Runtime's CPU backend does at level `layout`.
//
// Convolutions and pools run on images whose channels lie in blocks (NCHWc, 16 floats with
// AVX-512). Elementwise ops and concatenations between them stay in blocks; where a blocked image
// meets anything else, a kernel is inserted that copies it:
//
//   Conv -> Relu -> LRN -> MaxPool      [Conv+Relu] ReorderOutput LRN ReorderInput MaxPool
//
// On the way, the end of a residual block goes into the convolution in front of it: blocked
// convolutions add to their output.
//
// The rules are those of ONNX Runtime 1.30 as its saved graphs show them (testdata/fusion).
#ifndef ASSAY_PASSES_FUSION_LAYOUT_H_
#define ASSAY_PASSES_FUSION_LAYOUT_H_

#include "passes/fusion_guards.h"
#include "passes/partition.h"

namespace assay {

// Of a grouping in which convolutions have their activations already.
void UseBlockedLayout(const FusionInput& in, Grouping* grouping);

// A runtime copies where these ops (types, separated by spaces) only rename a buffer.
void InsertCopies(const FusionInput& in, absl::string_view types, Grouping* grouping);

}  // namespace assay

#endif  // ASSAY_PASSES_FUSION_LAYOUT_H_
