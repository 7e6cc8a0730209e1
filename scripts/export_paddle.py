#!/usr/bin/env python3
"""Makes the test models of PaddlePaddle, converted by paddle2onnx.

Architectures of paddle.vision and paddle.nn with random weights.
Multiply-accumulates are added up by hooks on the layers as the model runs in
Paddle.

  pip install -r scripts/export_requirements_paddle.txt
  scripts/export_paddle.py [--only NAME] [--out DIR]
"""

from __future__ import annotations

import math
import pathlib
import sys
import tempfile

import numpy as np
import onnx
import paddle

import export_common as common

HOOKS = "hooks on the layers of the Paddle module"


def count_macs(model: paddle.nn.Layer, sample: np.ndarray) -> int:
  """Runs the model; adds up convolutions, dense layers, attention."""
  macs = 0

  def hook(layer, inputs, output):
    nonlocal macs
    if isinstance(layer, paddle.nn.Conv2D):  # weight [out, in / groups, h, w]
      macs += math.prod(output.shape) * math.prod(layer.weight.shape[1:])
    elif isinstance(layer, paddle.nn.Linear):  # weight [in, out]
      macs += math.prod(output.shape) * layer.weight.shape[0]
    elif isinstance(layer, paddle.nn.MultiHeadAttention):
      batch, seq, width = output.shape  # Its projections are Linear layers.
      macs += 2 * batch * seq * seq * width

  for layer in model.sublayers(include_self=True):
    layer.register_forward_post_hook(hook)
  model(paddle.to_tensor(sample))
  return macs


def convert(build, sample: np.ndarray, origin: str, symbols: dict[int, str],
            opset: int = 17) -> common.Exported:
  """`symbols` names the free axes of the input."""
  paddle.seed(0)
  model = build()
  model.eval()
  generator = np.random.default_rng(0)
  for tensor in model.state_dict().values():  # Constants merge; trained differ.
    value = tensor.numpy()
    if value.size > 1 and (value == value.flat[0]).all():
      tensor.set_value(value + 0.1 * generator.random(value.shape,
                                                      dtype=np.float32))
  expected = model(paddle.to_tensor(sample)).numpy()
  shape = [None if axis in symbols else size
           for axis, size in enumerate(sample.shape)]
  with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "model"
    paddle.onnx.export(
        model, str(path), opset_version=opset, input_spec=[
            paddle.static.InputSpec(shape, str(sample.dtype), "input")])
    proto = onnx.load(path.with_suffix(".onnx"))
  for axis, name in symbols.items():
    proto.graph.input[0].type.tensor_type.shape.dim[axis].dim_param = name
  return common.Exported(
      model=proto, feeds={proto.graph.input[0].name: sample},
      expected=[expected], origin=origin, exporter="paddle2onnx",
      packages=("paddlepaddle", "paddle2onnx", "onnx"), licence=common.APACHE2,
      macs=count_macs(model, sample), macs_by=HOOKS,
      dims={name: sample.shape[axis] for axis, name in symbols.items()})


def vision(name: str, **options) -> common.Exported:
  """An image classifier of paddle.vision.models."""
  sample = np.random.default_rng(1).random((1, 3, 224, 224), dtype=np.float32)
  arguments = ", ".join(f"{k}={v}" for k, v in options.items())
  return convert(
      lambda: getattr(paddle.vision.models, name)(pretrained=False, **options),
      sample, f"paddle.vision.models.{name}({arguments})", {0: "batch"})


def lcnet_block(inputs: int, outputs: int, stride: int, squeeze: bool):
  """PP-LCNet's block: depthwise, squeeze-and-excitation, pointwise."""
  nn = paddle.nn

  class Squeeze(nn.Layer):
    """Scales the channels by a gate made of their means."""

    def __init__(self):
      super().__init__()
      self.gate = nn.Sequential(
          nn.AdaptiveAvgPool2D(1), nn.Conv2D(inputs, inputs // 4, 1), nn.ReLU(),
          nn.Conv2D(inputs // 4, inputs, 1), nn.Hardsigmoid())

    def forward(self, x):
      return x * self.gate(x)

  kernel = 5 if squeeze else 3
  return nn.Sequential(
      nn.Conv2D(inputs, inputs, kernel, stride, kernel // 2, groups=inputs,
                bias_attr=False),
      nn.BatchNorm2D(inputs), nn.Hardswish(), Squeeze() if squeeze else
      nn.Identity(), nn.Conv2D(inputs, outputs, 1, bias_attr=False),
      nn.BatchNorm2D(outputs), nn.Hardswish())


def lcnet() -> common.Exported:
  """The layout of PP-LCNet x1.0 (Cui et al., 2021)."""
  nn = paddle.nn
  blocks = [(16, 32, 1), (32, 64, 2), (64, 64, 1), (64, 128, 2), (128, 128, 1),
            (128, 256, 2)] + 5 * [(256, 256, 1)] + [(256, 512, 2),
                                                    (512, 512, 1)]

  def build():
    return nn.Sequential(
        nn.Conv2D(3, 16, 3, 2, 1, bias_attr=False), nn.BatchNorm2D(16),
        nn.Hardswish(),
        *(lcnet_block(*block, squeeze=i >= len(blocks) - 2)
          for i, block in enumerate(blocks)),
        nn.AdaptiveAvgPool2D(1), nn.Conv2D(512, 1280, 1), nn.Hardswish(),
        nn.Flatten(), nn.Linear(1280, 1000))

  sample = np.random.default_rng(1).random((1, 3, 224, 224), dtype=np.float32)
  return convert(build, sample, "paddle.nn layers in the layout of PP-LCNet "
                 "x1.0", {0: "batch"})


def encoder() -> common.Exported:
  sample = np.random.default_rng(1).random((2, 24, 64), dtype=np.float32)
  return convert(
      lambda: paddle.nn.TransformerEncoder(
          paddle.nn.TransformerEncoderLayer(64, 4, 256), 2), sample,
      "paddle.nn.TransformerEncoder(TransformerEncoderLayer(64, 4, 256), 2)",
      {0: "batch", 1: "seq"})


MODELS = {
    "paddle_resnet18": lambda: vision("resnet18"),
    "paddle_lcnet": lcnet,
    "paddle_mobilenet_v3_small": lambda: vision("mobilenet_v3_small"),
    "paddle_encoder": encoder,
}

if __name__ == "__main__":
  sys.exit(common.run_table(MODELS, __doc__.split("\n", maxsplit=1)[0]))
