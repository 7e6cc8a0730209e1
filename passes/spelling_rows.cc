// The table of spellings; passes/spelling.h explains the notation.
#include "passes/spelling.h"

namespace assay {

absl::Span<const SpellingRow> Spellings() {
  static constexpr SpellingRow kRows[] = {
      // 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))): Hendrycks and Gimpel, arXiv 1606.08415.
      {"GeluTanh", "activation gelu",
       "Mul(Mul(x, c), Add(Tanh(Mul(Add(x, Mul(Pow(x, c), c)), c)), c))"},
      {"GeluTanh", "activation gelu",
       "Mul(Mul(x, Add(Tanh(Mul(Add(x, Mul(Pow(x, c), c)), c)), c)), c)"},
      {"GeluTanh", "activation gelu",
       "Mul(Mul(x, c), Add(Tanh(Mul(Add(x, Mul(Mul(Mul(x, x), x), c)), c)), c))"},
      {"GeluTanh", "activation gelu",
       "Mul(x, Mul(Add(Tanh(Mul(Add(x, Mul(Mul(Mul(x, x), x), c)), c)), c), c))"},
      // x / 2 (1 + erf(x / sqrt(2))): the same paper, exactly.
      {"Gelu", "activation gelu", "Mul(Mul(x, Add(Erf(Div(x, c)), c)), c)"},
      {"Gelu", "activation gelu", "Mul(Mul(x, c), Add(Erf(Div(x, c)), c))"},
      {"Gelu", "activation gelu", "Mul(x, Mul(Add(Erf(Div(x, c)), c), c))"},
      {"Gelu", "activation gelu", "Mul(Mul(x, Add(Erf(Mul(x, c)), c)), c)"},
      {"Gelu", "activation gelu", "Mul(Mul(x, c), Add(Erf(Mul(x, c)), c))"},
      {"Gelu", "activation gelu", "Mul(x, Mul(Add(Erf(Mul(x, c)), c), c))"},
      // x relu6(x + 3) / 6: Howard et al., arXiv 1905.02244.
      {"HardSwish", "activation", "Div(Mul(x, Clip(Add(x, c), c, c)), c)"},
      {"HardSwish", "activation", "Mul(Mul(x, Clip(Add(x, c), c, c)), c)"},
      {"HardSwish", "activation", "Mul(x, Div(Clip(Add(x, c), c, c), c))"},
      {"HardSwish", "activation", "Mul(x, Mul(Clip(Add(x, c), c, c), c))"},
      {"HardSwish", "activation", "Mul(x, HardSigmoid(x))"},
      // x tanh(ln(1 + e^x)): Misra, arXiv 1908.08681.
      {"Mish", "activation", "Mul(x, Tanh(Softplus(x)))"},
      {"Mish", "activation", "Mul(x, Tanh(Log(Add(Exp(x), c))))"},
      {"QuickGelu", "activation gelu", "Mul(x, Sigmoid(Mul(x, c)))"},
      {"SiLU", "activation gelu", "Mul(x, Sigmoid(x))"},
      {"SiLU", "activation", "Div(x, Add(Exp(Neg(x)), c))"},
      {"LeakyRelu", "activation", "Max(x, Mul(x, c))"},
      {"Clip", "activation", "Min(Max(x, c), c)"},
      {"Clip", "activation", "Min(Relu(x), c)"},

      // One factor per channel, applied: Hu et al., arXiv 1709.01507.
      {"SqueezeExcite", "gate", "Mul(x, Div(Clip(Add(y, c), c, c), c))"},
      {"SqueezeExcite", "gate", "Mul(x, Mul(Clip(Add(y, c), c, c), c))"},
      {"SqueezeExcite", "gate", "Mul(x, Sigmoid(y))"},
      {"SqueezeExcite", "gate", "Mul(x, HardSigmoid(y))"},
      // After the rows above, which end in it.
      {"HardSigmoid", "activation", "Div(Clip(Add(x, c), c, c), c)"},

      // Ba et al., arXiv 1607.06450: PyTorch before opset 17.
      {"LayerNormalization", "normalization",
       "d = Sub(x, ReduceMean(x, c));"
       "Add?(Mul?(Div(d, Sqrt(Add(ReduceMean(Pow(d, c), c), c))), c), c)"},
      {"LayerNormalization", "normalization",
       "d = Sub(x, ReduceMean(x, c));"
       "Add?(Mul?(Div(d, Sqrt(Add(ReduceMean(Mul(d, d), c), c))), c), c)"},
      {"LayerNormalization", "normalization",
       "d = Sub(x, ReduceMean(x, c));"
       "Add?(Mul?(Mul(d, Reciprocal(Sqrt(Add(ReduceMean(Mul(d, d), c), c)))), c), c)"},
      // JAX: the variance as the second moment less the square of the mean.
      {"LayerNormalization", "normalization",
       "m = ReduceMean(x, c); v = Sub(ReduceMean(Mul(x, x), c), Mul(m, m));"
       "Add?(Mul?(Div(Sub(x, m), Sqrt(Add(Max?(v, c), c))), c), c)"},
      // TensorFlow: x k + (b - m k), where k is the scale over the deviation.
      {"LayerNormalization", "normalization",
       "m = GlobalAveragePool(x); d = Sub(x, m);"
       "k = Mul(Reciprocal(Sqrt(Add(GlobalAveragePool(Mul(d, d)), c))), c);"
       "Add(Mul(x, k), Add(Mul(Neg(m), k), c))"},
      {"LayerNormalization", "normalization",
       "m = ReduceMean(x, c); d = Sub(x, m);"
       "k = Mul(Reciprocal(Sqrt(Add(ReduceMean(Mul(d, d), c), c))), c);"
       "Add(Mul(x, k), Sub(c, Mul(m, k)))"},
      // Wu and He, arXiv 1803.08494: as instances of a reshaped image.
      {"GroupNormalization", "normalization", "Add(Mul(InstanceNormalization(x, c, c), c), c)"},
      // Zhang and Sennrich, arXiv 1910.07467.
      {"RMSNormalization", "normalization",
       "Mul?(Mul(x, Div(c, Sqrt(Add(ReduceMean(Pow(x, c), c), c)))), c)"},
      {"RMSNormalization", "normalization",
       "Mul?(Mul(x, Reciprocal(Sqrt(Add(ReduceMean(Pow(x, c), c), c)))), c)"},
      {"RMSNormalization", "normalization",
       "Mul?(Div(x, Sqrt(Add(ReduceMean(Pow(x, c), c), c))), c)"},
      {"RMSNormalization", "normalization",
       "Mul?(Mul(x, Reciprocal(Sqrt(Add(ReduceMean(Mul(x, x), c), c)))), c)"},
      {"RMSNormalization", "normalization",
       "Mul?(Div(x, Sqrt(Add(ReduceMean(Mul(x, x), c), c))), c)"},

      {"Softmax", "softmax", "e = Exp(Sub(x, ReduceMax(x, c))); Div(e, ReduceSum(e, c))"},
      {"Softmax", "softmax",
       "e = Exp(Sub(x, ReduceMax(x, c))); Mul(e, Reciprocal(ReduceSum(e, c)))"},
      {"Softmax", "softmax", "e = Exp(x); Div(e, ReduceSum(e, c))"},
      {"LogSoftmax", "softmax", "d = Sub(x, ReduceMax(x, c)); Sub(d, Log(ReduceSum(Exp(d), c)))"},

      // Su et al., arXiv 2104.09864: halves of a head, swapped; y and z are cosine and sine.
      {"RotaryEmbedding", "rotary",
       "Add(Mul(x, y), Mul(Concat(Neg(Slice(x, c, c, c, c)), Slice(x, c, c, c, c)), z))"},
      {"RotaryEmbedding", "rotary", "s = Split(x, c); Add(Mul(x, y), Mul(Concat(Neg(s), s), z))"},
  };
  return kRows;
}

}  // namespace assay
