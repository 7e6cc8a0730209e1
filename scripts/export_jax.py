#!/usr/bin/env python3
"""Makes the test models of JAX and Flax, converted by jax2onnx.

Multiply-accumulates are those of the `dot_general` and `conv_general_dilated`
equations of the traced JAX program, from the sizes JAX states for them.

  pip install -r scripts/export_requirements_jax.txt
  scripts/export_jax.py [--only NAME] [--out DIR]
"""

from __future__ import annotations

import math
import os
import sys

os.environ.setdefault("JAX_PLATFORMS", "cpu")

# pylint: disable=wrong-import-position
import jax
import jax2onnx
import numpy as np
from flax import nnx
from jax import numpy as jnp

import export_common as common

EQUATIONS = "dot_general and conv_general_dilated of the traced JAX program"


def inner_programs(equation):
  for value in equation.params.values():
    if hasattr(value, "jaxpr"):
      value = value.jaxpr
    if hasattr(value, "eqns"):
      yield value


def program_macs(program) -> int:
  """Multiply-accumulates of a traced program without loops."""
  macs = 0
  for equation in program.eqns:
    kind = equation.primitive.name
    output = math.prod(equation.outvars[0].aval.shape)
    if kind == "dot_general":
      (axes, _), _ = equation.params["dimension_numbers"]
      left = equation.invars[0].aval.shape
      macs += output * math.prod(left[axis] for axis in axes)
    elif kind == "conv_general_dilated":
      numbers = equation.params["dimension_numbers"]
      kernel = equation.invars[1].aval.shape
      macs += output * math.prod(kernel) // kernel[numbers.rhs_spec[0]]
    elif kind in ("scan", "while", "cond"):
      raise ValueError(f"a program with {kind} is not counted")
    else:
      macs += sum(map(program_macs, inner_programs(equation)))
  return macs


def convert(function, sample: np.ndarray, origin: str, free: int,
            packages: tuple[str, ...] = (), opset: int = 18) -> common.Exported:
  """The first `free` axes of the input are `batch` and `seq`."""
  names = ("batch", "seq")[:free]
  proto = jax2onnx.to_onnx(function, [names + sample.shape[free:]]
                           if sample.dtype == np.float32 else
                           [jax.ShapeDtypeStruct(sample.shape, sample.dtype)],
                           opset=opset, model_name="model")
  return common.Exported(
      model=proto, feeds={proto.graph.input[0].name: sample},
      expected=[np.asarray(function(jnp.asarray(sample)))], origin=origin,
      exporter="jax2onnx", packages=("jax",) + packages + ("jax2onnx", "onnx"),
      licence=common.APACHE2,
      macs=program_macs(jax.make_jaxpr(function)(jnp.asarray(sample)).jaxpr),
      macs_by=EQUATIONS, dims=dict(zip(names, sample.shape)))


def random(*shape: int) -> np.ndarray:
  return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def mlp() -> common.Exported:
  """Plain functions: 64-128-128-10 with tanh."""
  keys = jax.random.split(jax.random.key(0), 3)
  sizes = (64, 128, 128, 10)
  layers = [(jax.random.normal(key, (m, n)) / m, 0.1 * jnp.arange(n) / n)
            for key, m, n in zip(keys, sizes, sizes[1:])]

  def function(x):
    for i, (weight, bias) in enumerate(layers):
      x = x @ weight + bias
      if i + 1 < len(layers):
        x = jnp.tanh(x)
    return x

  return convert(function, random(8, 64),
                 "plain JAX: 64-128-128-10 with tanh", free=1)


def transformer() -> common.Exported:
  """Flax NNX: two pre-norm blocks over vectors."""
  width, heads, hidden = 64, 4, 256
  rngs = nnx.Rngs(0)

  class Block(nnx.Module):
    """Attention and two dense layers, each added to its input."""

    def __init__(self):
      self.norm1 = nnx.LayerNorm(width, rngs=rngs)
      self.attention = nnx.MultiHeadAttention(
          heads, width, decode=False, rngs=rngs)
      self.norm2 = nnx.LayerNorm(width, rngs=rngs)
      self.up = nnx.Linear(width, hidden, rngs=rngs)
      self.down = nnx.Linear(hidden, width, rngs=rngs)

    def __call__(self, x):
      x = x + self.attention(self.norm1(x))
      return x + self.down(nnx.gelu(self.up(self.norm2(x))))

  blocks = [Block(), Block()]
  head = nnx.Linear(width, 10, rngs=rngs)

  def function(x):
    for block in blocks:
      x = block(x)
    return head(x.mean(axis=1))

  return convert(
      function, random(2, 24, width),
      "flax.nnx: two blocks of LayerNorm, MultiHeadAttention(4, 64), "
      "Linear(64, 256), gelu, Linear(256, 64); Linear(64, 10)", free=1,
      packages=("flax",))


def convolutions() -> common.Exported:
  """Flax NNX: a small convolutional network, channels last."""
  rngs = nnx.Rngs(0)
  first = nnx.Conv(3, 16, (3, 3), strides=2, rngs=rngs)
  depth = nnx.Conv(16, 16, (3, 3), feature_group_count=16, rngs=rngs)
  point = nnx.Conv(16, 32, (1, 1), rngs=rngs)
  head = nnx.Linear(32, 10, rngs=rngs)

  def function(x):
    x = nnx.relu(first(x))
    x = nnx.relu(point(nnx.relu(depth(x))))
    x = nnx.max_pool(x, window_shape=(2, 2), strides=(2, 2))
    return head(x.mean(axis=(1, 2)))

  return convert(
      function, random(2, 64, 64, 3),
      "flax.nnx: Conv(3, 16) by 2, depthwise Conv(16), Conv(16, 32), max_pool, "
      "Linear(32, 10), channels last", free=1, packages=("flax",))


MODELS = {
    "jax_mlp": mlp,
    "jax_transformer": transformer,
    "jax_cnn": convolutions,
}

if __name__ == "__main__":
  sys.exit(common.run_table(MODELS, __doc__.split("\n", maxsplit=1)[0]))
