#!/usr/bin/env python3
"""Makes the test models of Keras with TensorFlow, converted by tf2onnx.

Architectures of keras.applications and a few layers of our own, with random
weights. Multiply-accumulates are a closed form over the Keras layers, from the
configuration of each layer and the sizes Keras states for its output: see
`layer_macs`.

  pip install -r scripts/export_requirements_keras.txt
  scripts/export_keras.py [--only NAME] [--out DIR]
"""

from __future__ import annotations

import math
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

# pylint: disable=wrong-import-position
import keras
import numpy as np
import tensorflow as tf
import tf2onnx

import export_common as common

LAYERS_COUNTED = "closed form over the Keras layers and their output sizes"


def layer_macs(layer: keras.layers.Layer) -> int:
  """Multiply-accumulates of one layer for one example."""
  kind = type(layer).__name__
  if not layer.weights or kind == "BatchNormalization":
    return 0
  # Channels last. Kernels: Dense [in, out], Conv2D [height, width, in, out],
  # DepthwiseConv2D [height, width, in, multiplier].
  if kind in ("Dense", "Conv2D", "DepthwiseConv2D"):
    places = math.prod(layer.output.shape[1:-1])
    return places * math.prod(layer.kernel.shape)
  raise ValueError(f"no closed form for the layer {kind}")


def convert(model: keras.Model, sample: np.ndarray, origin: str, macs: int,
            macs_by: str = LAYERS_COUNTED, opset: int = 17) -> common.Exported:
  """Converts by tf2onnx; the first size of every input is `batch`."""
  signature = [tf.TensorSpec((None,) + sample.shape[1:], sample.dtype,
                             name="input")]
  function = tf.function(lambda x: model(x, training=False),
                         input_signature=signature)
  proto, _ = tf2onnx.convert.from_function(
      function, input_signature=signature, opset=opset)
  common.name_batch(proto)
  return common.Exported(
      model=proto, feeds={proto.graph.input[0].name: sample},
      expected=[np.asarray(model(sample, training=False))], origin=origin,
      exporter="tf2onnx",
      packages=("tensorflow-cpu", "keras", "tf2onnx", "onnx"),
      licence=common.APACHE2, macs=macs * len(sample), macs_by=macs_by,
      dims={"batch": len(sample)})


def randomize(model: keras.Model) -> None:
  """Makes weights that start as constants differ, as trained ones do."""
  generator = np.random.default_rng(0)
  for weight in model.weights:
    value = np.asarray(weight)
    if value.size > 1 and (value == value.flat[0]).all():
      weight.assign(value + 0.1 * generator.random(value.shape))


def application(name: str, **options) -> common.Exported:
  """A classifier of keras.applications."""
  keras.utils.set_random_seed(0)
  model = getattr(keras.applications, name)(weights=None, **options)
  randomize(model)
  sample = np.random.default_rng(1).random(
      (1,) + model.input_shape[1:], dtype=np.float32)
  arguments = "".join(f", {k}={v}" for k, v in options.items())
  return convert(model, sample,
                 f"keras.applications.{name}(weights=None{arguments})",
                 sum(map(layer_macs, model.layers)))


def lstm_classifier() -> common.Exported:
  """Words, a bidirectional LSTM, an LSTM and a dense layer.

  Not a GRU: Keras runs it as a loop that ends on counters of its own, whose
  number of turns a reader of the file cannot know for sure.
  """
  keras.utils.set_random_seed(0)
  steps = 32
  model = keras.Sequential([
      keras.Input((steps,), dtype="int32"),
      keras.layers.Embedding(5000, 64),
      keras.layers.Bidirectional(
          keras.layers.LSTM(48, return_sequences=True)),
      keras.layers.LSTM(40),
      keras.layers.Dense(5, activation="softmax")])
  randomize(model)
  macs = (steps * 2 * 4 * 48 * (64 + 48) + steps * 4 * 40 * (96 + 40) + 40 * 5)
  sample = np.random.default_rng(1).integers(0, 5000, (4, steps), np.int32)
  return convert(
      model, sample, "keras.Sequential(Embedding(5000, 64), "
      "Bidirectional(LSTM(48)), LSTM(40), Dense(5)) of 32 words", macs,
      "closed form: 32 x (2 x 4 x 48 x (64 + 48) + 4 x 40 x (96 + 40)) + "
      "40 x 5")


def transformer() -> common.Exported:
  """One encoder block over 32 words."""
  keras.utils.set_random_seed(0)
  steps, width, heads, size, hidden = 32, 64, 4, 16, 128
  words = keras.Input((steps,), dtype="int32")
  x = keras.layers.Embedding(1000, width)(words)
  attended = keras.layers.MultiHeadAttention(heads, size)(x, x)
  x = keras.layers.LayerNormalization()(x + attended)
  inner = keras.layers.Dense(hidden)(x)  # tf2onnx knows no Erfc.
  inner = keras.layers.Activation(
      lambda y: keras.activations.gelu(y, approximate=True))(inner)
  x = keras.layers.LayerNormalization()(x + keras.layers.Dense(width)(inner))
  x = keras.layers.GlobalAveragePooling1D()(x)
  model = keras.Model(words, keras.layers.Dense(5)(x))
  randomize(model)
  macs = (steps * 4 * width * heads * size + 2 * heads * steps * steps * size +
          2 * steps * width * hidden + width * 5)
  sample = np.random.default_rng(1).integers(0, 1000, (4, steps), np.int32)
  return convert(
      model, sample, "keras.Model: Embedding(1000, 64), "
      "MultiHeadAttention(4, 16), LayerNormalization, Dense(128), Dense(64), "
      "GlobalAveragePooling1D, Dense(5) of 32 words", macs,
      "closed form: 32 x 4 x 64 x 64 + 2 x 4 x 32 x 32 x 16 + "
      "2 x 32 x 64 x 128 + 64 x 5")


MODELS = {
    "keras_mobilenet_v2": lambda: application("MobileNetV2"),
    "keras_efficientnet_v2_b0": lambda: application(
        "EfficientNetV2B0", include_preprocessing=False),
    "keras_lstm": lstm_classifier,
    "keras_transformer": transformer,
}

if __name__ == "__main__":
  sys.exit(common.run_table(MODELS, __doc__.split("\n", maxsplit=1)[0]))
