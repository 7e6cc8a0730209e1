#include "passes/pattern.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/suggest.h"

namespace assay {

absl::Span<const StepRow> FusionSteps() {
  using Others = StepRow::Others;
  static constexpr StepRow kRows[] = {
      {.name = "bn",
       .ops = "BatchNormalization",
       .what = "a normalisation by stored statistics: scale and shift per channel",
       .tail_operand = 0},
      {.name = "bias", .ops = "Add", .what = "the addition of a weight"},
      {.name = "scale", .ops = "Mul Div", .what = "the multiplication by a weight"},
      {.name = "rescale",
       .ops = "Cast Mul",
       .what = "an integer product back to real numbers, by scales found at run time",
       .others = Others::kSmaller,
       .repeats = true},
      {.name = "act",
       .ops = "Relu Clip LeakyRelu PRelu ThresholdedRelu Elu Selu Celu Sigmoid HardSigmoid Tanh "
              "Softplus Softsign HardSwish Swish Mish Gelu FastGelu QuickGelu <activation>",
       .what = "an activation, in one op or spelled in several"},
      {.name = "act-ort",
       .ops = "Relu Clip LeakyRelu Sigmoid HardSigmoid Tanh",
       .what = "an activation that ONNX Runtime's own convolution and Gemm apply"},
      {.name = "residual",
       .ops = "Add Sum",
       .what = "the addition of a tensor of the same size, which is ready before",
       .others = Others::kEqual},
      {.name = "gate",
       .ops = "Mul",
       .what = "the multiplication by a tensor of the same size, which is ready before",
       .others = Others::kEqual},
      {.name = "excite",
       .ops = "Mul",
       .what = "the multiplication of an image by one number per channel",
       .others = Others::kAny,
       .resizes = true,
       .guard = "per-channel"},
      {.name = "pointwise",
       .ops = "pointwise <activation>",
       .what = "a chain of elementwise ops on weights",
       .repeats = true},
      {.name = "pointwise-any",
       .ops = "pointwise BatchNormalization <activation>",
       .what = "elementwise ops, whatever else they read",
       .others = Others::kAny,
       .repeats = true},
      {.name = "pointwise-or-reduction",
       .ops = "pointwise <activation> reduction <normalization> <softmax> LayerNormalization "
              "RMSNormalization SimplifiedLayerNormalization",
       .what = "elementwise ops and reductions, whatever else they read",
       .others = Others::kAny,
       .repeats = true,
       .resizes = true},
      {.name = "movement", .ops = "Transpose", .what = "the result, written in another order"},
      {.name = "pad", .ops = "Pad", .what = "the padding of the input", .resizes = true},
      {.name = "heads",
       .ops = "Transpose Gather Slice Split Expand Tile",
       .what = "cutting heads out and repeating them",
       .repeats = true,
       .resizes = true},
      {.name = "prescale",
       .ops = "Mul Div Add Cast Where",
       .what = "an elementwise op on weights that is not a product's own epilogue",
       .repeats = true,
       .resizes = true,
       .guard = "not-epilogue"},
      {.name = "dequantize",
       .ops = "DequantizeLinear",
       .what = "operands from a narrower type",
       .others = Others::kAny,
       .repeats = true},
      {.name = "quantize",
       .ops = "QuantizeLinear",
       .what = "the result into a narrower type",
       .tail_operand = 0},
      {.name = "pointwise-conv",
       .ops = "Conv",
       .what = "a convolution with a kernel of 1 x 1",
       .tail_operand = 0,
       .resizes = true,
       .guard = "tile-fits"},
  };
  return kRows;
}

const StepRow* FindStep(absl::string_view name) {
  for (const StepRow& row : FusionSteps()) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

absl::Span<const PatternRow> FusionPatterns() {
  static constexpr PatternRow kRows[] = {
      {.name = "attention",
       .start = "<attention>",
       .front = "dequantize heads prescale",
       .steps = "movement quantize",
       .several = true,
       .tiled = true,
       .what = "QK^T, scale, mask, softmax and PV: scores never leave the kernel",
       .example = "MatMul -> Mul -> Add -> Softmax -> MatMul -> Transpose"},
      {.name = "attention-op",
       .start = "attention",
       .front = "heads prescale",
       .steps = "movement",
       .tiled = true,
       .names_one = true,
       .what = "an operator that is attention already",
       .example = "com.microsoft.GroupQueryAttention"},
      {.name = "qkv-projection",
       .start = "<siblings>",
       .several = true,
       .what = "the projections of one attention that share an input: one product, read once",
       .example = "MatMul+Add, MatMul+Add, MatMul+Add on one tensor"},
      {.name = "dwconv+pwconv",
       .start = "Conv",
       .front = "dequantize pad",
       .steps = "bn bias act quantize pointwise-conv bn bias act residual quantize",
       .guard = "depthwise",
       .must = "pointwise-conv",
       .several = true,
       .tiled = true,
       .what = "a depthwise convolution whose rows stay in the scratchpad for the 1 x 1 one behind "
               "it; only where a scratchpad is stated and holds them",
       .example = "Conv (depthwise) -> Relu -> Conv (1 x 1)"},
      {.name = "conv+bn+act",
       .start = "Conv ConvTranspose ConvInteger",
       .front = "dequantize",
       .steps = "rescale bn bias act quantize",
       .what = "a convolution with normalisation, bias and activation applied to its tile",
       .example = "Conv -> BatchNormalization -> Relu"},
      {.name = "conv+add+act",
       .start = "Conv ConvTranspose ConvInteger",
       .front = "dequantize pad",
       .steps = "rescale bn bias residual act excite quantize",
       .what = "a convolution with the end of its residual block applied to its tile",
       .example = "Conv -> BatchNormalization -> Add -> Relu"},
      {.name = "conv+pointwise",
       .start = "Conv ConvTranspose ConvInteger QLinearConv",
       .front = "dequantize pad",
       .steps = "bn pointwise-any quantize",
       .what = "a convolution with everything elementwise behind it",
       .example = "Conv -> Mul -> Add -> Clip -> Div"},
      {.name = "conv-folded",
       .start = "Conv",
       .front = "pad",
       .steps = "bn scale bias",
       .what = "scale and shift folded into the weights of a convolution",
       .example = "Conv -> BatchNormalization -> Mul -> Add"},
      {.name = "conv-folded+act",
       .start = "Conv",
       .front = "pad",
       .steps = "bn scale bias act-ort",
       .what = "a convolution with folded scale and shift, and an activation",
       .example = "Conv -> BatchNormalization -> Relu"},
      {.name = "pool-padded",
       .start = "MaxPool AveragePool",
       .front = "pad",
       .what = "a pooling with the padding in front of it",
       .example = "Pad -> AveragePool"},
      {.name = "matmul+bias+act",
       .start = "MatMul Gemm MatMulInteger MatMulNBits FusedMatMul FusedGemm",
       .front = "dequantize",
       .steps = "rescale bias bn act quantize movement",
       .what = "a matrix product with bias and activation applied to its tile",
       .example = "MatMul -> Add -> Div, Erf, Add, Mul, Mul (a GELU)"},
      {.name = "matmul+add+act",
       .start = "MatMul Gemm MatMulInteger MatMulNBits FusedMatMul FusedGemm",
       .front = "dequantize",
       .steps = "rescale bias bn residual act gate quantize movement",
       .what = "a matrix product with the end of its residual block applied to its tile",
       .example = "MatMul -> Add -> Add (residual)"},
      {.name = "matmul+pointwise",
       .start = "MatMul Gemm MatMulInteger MatMulNBits QLinearMatMul FusedMatMul FusedGemm",
       .front = "dequantize",
       .steps = "bn pointwise-any quantize movement",
       .what = "a matrix product with everything elementwise behind it",
       .example = "MatMul -> Add -> Mul -> Tanh"},
      {.name = "linear",
       .start = "MatMul Gemm MatMulNBits",
       .steps = "bias",
       .what = "a matrix product and its bias: a linear layer",
       .example = "MatMul -> Add"},
      {.name = "gemm",
       .start = "MatMul",
       .steps = "bias",
       .guard = "weight-matrix",
       .what = "a matrix product with a weight, and its bias: a Gemm",
       .example = "MatMul -> Add"},
      {.name = "gemm+bias+act",
       .start = "MatMul Gemm",
       .steps = "bias act-ort",
       .guard = "weight-matrix",
       .what = "a matrix product with a weight, its bias and an activation",
       .example = "MatMul -> Add -> Relu"},
      {.name = "scaled-matmul",
       .start = "MatMul",
       .front = "prescale",
       .steps = "scale",
       .what = "a matrix product of two activations and the factor before or behind it",
       .example = "MatMul -> Div"},
      {.name = "norm",
       .start = "LayerNormalization RMSNormalization SimplifiedLayerNormalization "
                "SkipLayerNormalization <normalization>",
       .front = "residual",
       .steps = "act movement quantize",
       .what = "a normalisation over a row, with the addition in front of it",
       .example = "Add -> ReduceMean, Sub, Pow, ReduceMean, Add, Sqrt, Div, Mul, Add"},
      {.name = "norm-alone",
       .start = "<normalization>",
       .what = "a normalisation spelled in several ops",
       .example = "Pow, ReduceMean, Add, Sqrt, Div, Mul (an RMSNorm)"},
      {.name = "skip-norm",
       .start = "LayerNormalization <normalization>",
       .front = "residual",
       .guard = "known-sizes",
       .what = "a normalisation with the addition in front of it",
       .example = "Add -> LayerNormalization"},
      {.name = "softmax",
       .start = "Softmax LogSoftmax <softmax>",
       .front = "pointwise",
       .steps = "pointwise",
       .what = "a softmax with what is elementwise around it",
       .example = "ReduceMax, Sub, Exp, ReduceSum, Div"},
      {.name = "softmax-alone",
       .start = "<softmax>",
       .what = "a softmax spelled in several ops",
       .example = "ReduceMax, Sub, Exp, ReduceSum, Div"},
      {.name = "rotary",
       .start = "<rotary>",
       .front = "heads",
       .what = "a rotary position embedding",
       .example = "Slice, Slice, Neg, Concat, Mul, Mul, Add"},
      {.name = "squeeze-excite",
       .start = "<gate>",
       .guard = "small-gate",
       .what = "the end of a squeeze-and-excitation block: one factor per channel, applied",
       .example = "HardSigmoid -> Mul"},
      {.name = "reduction",
       .start = "reduction",
       .front = "pointwise",
       .what = "a reduction with what is elementwise in front of it",
       .example = "Mul -> ReduceSum"},
      {.name = "reduction-any",
       .start = "reduction LayerNormalization RMSNormalization SimplifiedLayerNormalization "
                "<normalization> <softmax>",
       .front = "pointwise-any",
       .steps = "pointwise-or-reduction",
       .what = "reductions over one range with everything elementwise around them",
       .example = "Add -> ReduceMean -> Sub -> Mul -> ReduceMean -> Div"},
      {.name = "add+act",
       .start = "Add Sum",
       .front = "dequantize",
       .steps = "act quantize",
       .what = "the end of a residual block",
       .example = "Add -> Relu"},
      {.name = "act",
       .start = "<activation>",
       .what = "an activation spelled in several ops",
       .example = "Sigmoid, Mul (a SiLU)"},
      {.name = "gelu",
       .start = "<gelu>",
       .front = "bias",
       .what = "a GELU or SiLU spelled in several ops",
       .example = "Add -> Div, Erf, Add, Mul, Mul"},
      {.name = "pointwise",
       .start = "pointwise <activation>",
       .steps = "pointwise",
       .what = "a chain of elementwise ops on weights",
       .example = "Mul -> Add -> Clip"},
      {.name = "pointwise-tree",
       .start = "pointwise BatchNormalization <activation>",
       .front = "pointwise-any",
       .steps = "pointwise-any",
       .what = "elementwise ops that meet",
       .example = "Sigmoid -> Mul <- Tanh"},
      {.name = "repeated",
       .start = "<twins>",
       .several = true,
       .what = "ops that repeat each other: same operator, attributes and operands; computed once",
       .example = "Conv(x, w), Conv(x, w)"},
      {.name = "quantized",
       .start = "pooling movement",
       .front = "dequantize",
       .steps = "quantize",
       .what = "an op that runs on the narrower type around it",
       .example = "DequantizeLinear -> MaxPool -> QuantizeLinear"},
      {.name = "least-traffic",
       .start = "",
       .what = "kernels of other patterns put together by a policy that searches",
       .example = "Conv+Relu, Add+Relu"},
  };
  return kRows;
}

const PatternRow* FindPattern(absl::string_view name) {
  for (const PatternRow& row : FusionPatterns()) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

bool HoldsSeveral(absl::string_view pattern) {
  const PatternRow* row = FindPattern(pattern);
  return row != nullptr && row->several;
}

// What ONNX Runtime does is written down in its documentation ("Graph optimizations in ONNX
// Runtime") and seen in the graphs that it saves; testdata/fusion has counts of both.
absl::Span<const FusionPolicyRow> FusionPolicies() {
  static constexpr absl::string_view kGreedyPatterns =
      "attention attention-op squeeze-excite conv+bn+act norm softmax rotary matmul+bias+act "
      "qkv-projection act add+act reduction pointwise";
  // From ONNX Runtime's level extended on.
  static constexpr absl::string_view kExtendedPatterns =
      "gelu conv-folded+act pool-padded gemm+bias+act scaled-matmul skip-norm norm-alone";
  static constexpr FusionPolicyRow kRows[] = {
      {.name = "none", .patterns = "", .what = "every op is a kernel"},
      {.name = "greedy",
       .patterns = kGreedyPatterns,
       .what = "grow along single-consumer edges, up to a fork, a join or a limit"},
      {.name = "optimal",
       .patterns = kGreedyPatterns,
       .least_traffic = true,
       .what = "greedy's kernels put together for the least traffic, exactly where that can be "
               "searched"},
      {.name = "eager",
       .patterns = "attention attention-op norm-alone softmax-alone act linear",
       .what = "a kernel per operator of an eager framework: what its exporter took apart is put "
               "together again"},
      {.name = "inductor",
       .patterns = "attention attention-op linear reduction-any pointwise-tree",
       .forks = true,
       .what = "TorchInductor: library calls for convolution, product and attention; generated "
               "kernels for everything elementwise and every reduction"},
      {.name = "tensorrt",
       .patterns = "attention attention-op dwconv+pwconv conv+add+act norm matmul+add+act "
                   "qkv-projection reduction-any pointwise-tree quantized",
       .forks = true,
       .what = "TensorRT: residuals are epilogues, projections are merged, elementwise ops meet"},
      {.name = "onnxruntime-cpu-basic",
       .patterns = "conv-folded pool-padded gemm",
       .twins = true,
       .copies = "Transpose",
       .what = "ONNX Runtime on a CPU, level basic: constants folded, scale and shift in weights"},
      {.name = "onnxruntime-cpu-extended",
       .patterns = kExtendedPatterns,
       .twins = true,
       .copies = "Transpose",
       .what = "level extended: activations in convolution and Gemm, GELU, LayerNormalization"},
      {.name = "onnxruntime-cpu-layout",
       .patterns = kExtendedPatterns,
       .layout = "nchwc",
       .twins = true,
       .copies = "Transpose",
       .what = "level layout: convolutions and pools in channel blocks, reorders inserted"},
      {.name = "onnxruntime-cpu-all",
       .patterns = kExtendedPatterns,
       .layout = "nchwc",
       .twins = true,
       .copies = "Transpose",
       .what = "level all: on a CPU the same as layout"},
      {.name = "onnxruntime-cpu",
       .patterns = kExtendedPatterns,
       .layout = "nchwc",
       .twins = true,
       .copies = "Transpose",
       .what = "ONNX Runtime on a CPU as it comes: level all"},
      {.name = "npu",
       .patterns = "attention attention-op dwconv+pwconv conv+pointwise matmul+pointwise "
                   "qkv-projection norm softmax reduction-any pointwise-tree quantized",
       .what = "fixed-function pipelines: convolution or product with everything elementwise "
               "behind it"},
  };
  return kRows;
}

absl::StatusOr<const FusionPolicyRow*> FindFusionPolicy(absl::string_view name) {
  std::vector<absl::string_view> names;
  for (const FusionPolicyRow& row : FusionPolicies()) {
    if (row.name == name) return &row;
    names.push_back(row.name);
  }
  return absl::NotFoundError(absl::StrCat("unknown fusion policy `", name, "`",
                                          DidYouMean(name, names),
                                          "; `assay patterns` lists them"));
}

absl::Span<const ReasonRow> UnfusedReasons() {
  static constexpr ReasonRow kRows[] = {
      {.name = "escapes", .what = "the caller, the next trip of a loop or the host needs it"},
      {.name = "region", .what = "it crosses into or out of a loop or a branch"},
      {.name = "resource-limit", .what = "the scratchpad or the number of inputs is used up"},
      {.name = "cycle", .what = "the kernel would have to wait for its own result"},
      {.name = "anchor-limit", .what = "both ends have a heavy op; a kernel has one"},
      {.name = "fork", .what = "several kernels read it"},
      {.name = "join", .what = "the reader also waits for another kernel"},
      {.name = "no-pattern", .what = "no pattern of the policy has these ops side by side"},
  };
  return kRows;
}

}  // namespace assay
