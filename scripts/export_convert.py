"""Rewrites of exported files with ONNX Runtime's tools: quantization, fusion.

Each function reads the exported file `source`, with its weights, and writes the
rewritten one to `target`. `spec` is the row's `Spec` of export_models.py, from
which static quantization draws its samples.
"""

from __future__ import annotations

import pathlib

import onnx
from onnxruntime import quantization


def calibrate(source: pathlib.Path, target: pathlib.Path, spec,
              **options) -> None:
  """Quantizes weights and activations, with two random samples."""

  class Reader(quantization.CalibrationDataReader):
    """Two random samples."""

    def __init__(self):
      self.samples = [spec.inputs(spec.dims) for _ in range(2)]

    def get_next(self):
      if not self.samples:
        return None
      return {k: v.numpy() for k, v in self.samples.pop().items()}

  quantization.quantize_static(source, target, Reader(), **options)


def quantize_static(source: pathlib.Path, target: pathlib.Path, spec) -> None:
  """8-bit weights and activations, as QuantizeLinear/DequantizeLinear."""
  calibrate(source, target, spec, per_channel=True,
            quant_format=quantization.QuantFormat.QDQ,
            weight_type=quantization.QuantType.QInt8)


def quantize_qoperator(source: pathlib.Path, target: pathlib.Path,
                       spec) -> None:
  """8-bit weights and activations, as operators on integers (QLinearConv)."""
  calibrate(source, target, spec,
            quant_format=quantization.QuantFormat.QOperator,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QUInt8)


def quantize_dynamic(source: pathlib.Path, target: pathlib.Path, spec) -> None:
  """8-bit weights, activations quantized at run time (MatMulInteger)."""
  del spec
  quantization.quantize_dynamic(source, target, per_channel=True)


def quantize_blocks(source: pathlib.Path, target: pathlib.Path,
                    form: quantization.QuantFormat) -> None:
  """4-bit weights in blocks of 32 along the inner axis."""
  from onnxruntime.quantization import matmul_nbits_quantizer as nbits
  config = nbits.DefaultWeightOnlyQuantConfig(
      block_size=32, is_symmetric=True, quant_format=form)
  quantizer = nbits.MatMulNBitsQuantizer(onnx.load(source), algo_config=config)
  quantizer.process()
  onnx.save(quantizer.model.model, target)


def quantize_int4(source: pathlib.Path, target: pathlib.Path, spec) -> None:
  """4-bit weights, as DequantizeLinear with block_size."""
  del spec
  quantize_blocks(source, target, quantization.QuantFormat.QDQ)


def quantize_nbits(source: pathlib.Path, target: pathlib.Path, spec) -> None:
  """4-bit weights, as MatMulNBits of com.microsoft."""
  del spec
  quantize_blocks(source, target, quantization.QuantFormat.QOperator)


def optimize(source: pathlib.Path, target: pathlib.Path, kind: str,
             expected: tuple[str, ...], **switches) -> None:
  """ONNX Runtime's transformer optimizer; fails unless `expected` appear."""
  from onnxruntime.transformers import fusion_options, optimizer
  options = fusion_options.FusionOptions(kind)
  for name, value in switches.items():
    setattr(options, name, value)
  fused = optimizer.optimize_model(
      str(source), model_type=kind, num_heads=12, hidden_size=768,
      optimization_options=options, opt_level=0)
  fused.topological_sort()
  missing = set(expected) - {node.op_type for node in fused.model.graph.node}
  if missing:
    raise ValueError(f"the optimizer made no {', '.join(sorted(missing))}")
  onnx.save(fused.model, target)


def optimize_bert(source: pathlib.Path, target: pathlib.Path, spec) -> None:
  del spec
  optimize(source, target, "bert",
           ("Attention", "EmbedLayerNormalization", "SkipLayerNormalization",
            "BiasGelu"))


def optimize_bert_mha(source: pathlib.Path, target: pathlib.Path,
                      spec) -> None:
  del spec
  optimize(source, target, "bert",
           ("MultiHeadAttention", "SkipLayerNormalization", "BiasGelu"),
           use_multi_head_attention=True)


def optimize_gpt2(source: pathlib.Path, target: pathlib.Path, spec) -> None:
  del spec
  optimize(source, target, "gpt2", ("SkipLayerNormalization", "FastGelu"))
