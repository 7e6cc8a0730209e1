#!/usr/bin/env python3
"""Makes the models of testdata/models from the libraries that define them.

Every model is built from its configuration with random weights (nothing is
downloaded), exported to ONNX, run once in ONNX Runtime to compare its outputs
and its multiply-accumulates with PyTorch's, and written without its weights:
see `strip`. The manifest gives, per file, where the model comes from and two
numbers that do not come from any analysis of the ONNX graph's shapes:

  parameters  elements of the weights stored in the file (read with `onnx`)
  macs        multiply-accumulates of the PyTorch module, counted as it runs

  pip install -r scripts/export_requirements.txt
  scripts/export_models.py            # all models: about half an hour, 16 GB
  scripts/export_models.py --only resnet18 --only bert_base --out DIR
  scripts/export_models.py --list
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import functools
import gc
import inspect
import os
import pathlib
import pydoc
import sys
import tempfile
import warnings
from collections.abc import Callable

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("YOLO_OFFLINE", "true")
os.environ.setdefault("YOLO_AUTOINSTALL", "false")
os.environ.setdefault("YOLO_CONFIG_DIR", tempfile.gettempdir())
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

# pylint: disable=wrong-import-position
import numpy as np
import onnx
import torch
from torch import nn
from torch.utils import flop_counter

import export_convert
from export_common import (AGPL3, APACHE2, BSD3, DEFAULT_OUT, Exported,
                           outputs_differ, run_onnx, update_manifest,
                           write_stripped)

CURRENT_TORCH = "2.15."
OLD_TORCH = "2.5."  # The last exporters that keep modules as functions.
Dims = dict[str, int]
Tensors = dict[str, torch.Tensor]


@dataclasses.dataclass
class Spec:
  """What to export: a module, its inputs at given dimensions, dynamic axes."""

  module: nn.Module
  inputs: Callable[[Dims], Tensors]  # In the order of forward's arguments.
  outputs: list[str]
  origin: str
  licence: str
  dims: Dims = dataclasses.field(default_factory=dict)  # Evaluation point.
  # Symbolic axes of inputs and outputs: {"x": {0: "batch"}}.
  axes: dict[str, dict[int, str]] = dataclasses.field(default_factory=dict)
  libraries: tuple[str, ...] = ()
  # Sizes to trace at, where they differ from `dims` (a traced size of 1 would
  # be taken as a constant).
  trace_dims: Dims = dataclasses.field(default_factory=dict)
  # All MACs of a recurrent model: the counter must agree.
  closed_form: Callable[[Dims], int] | None = None
  count_macs: bool = True
  # Modules whose MACs the notes state where the whole is not counted.
  parts: tuple[str, ...] = ()
  compare: bool = True  # Whether outputs must equal PyTorch's.
  notes: str = ""


@dataclasses.dataclass
class Row:
  """One file: a model, the exporter that makes it, the exporter's options."""

  name: str
  build: Callable[[], Spec]
  exporter: str = "torchscript"
  opset: int = 17
  static: bool = False  # Drops the dynamic axes.
  options: dict = dataclasses.field(default_factory=dict)
  # Rewrites the exported file: (source, target, spec).
  convert: Callable[[pathlib.Path, pathlib.Path, Spec], None] | None = None
  half: bool = False  # Converts the module to float16.
  # Of tensors without data, for weights that fit nowhere: nothing is run.
  meta: bool = False
  tolerance: float = 1e-3  # Of the outputs, relative to the largest.
  torch: str = ""  # The only version of PyTorch that makes the file.
  # The evaluation point by the exporter's own names of the sizes.
  symbols: Dims | None = None
  notes: str = ""


# Convolutional networks and other models of a single image.


def image_spec(module: nn.Module, origin: str, libraries: tuple[str, ...],
               licence: str = BSD3, size: int = 224, **kwargs) -> Spec:
  """A model of `image` [batch, 3, size, size] with one output `logits`."""
  return Spec(
      module=module.eval(),
      inputs=lambda d: {"image": torch.rand(d.get("batch", 1), 3, size, size)},
      outputs=["logits"],
      origin=origin,
      licence=licence,
      dims={"batch": 1},
      trace_dims={"batch": 2},
      axes={"image": {0: "batch"}, "logits": {0: "batch"}},
      libraries=libraries,
      **kwargs)


def mlp() -> Spec:
  """784-512-256-10 with ReLU."""
  module = nn.Sequential(
      nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(),
      nn.Linear(256, 10))
  return Spec(
      module=module.eval(),
      inputs=lambda d: {"input": torch.rand(d["batch"], 784)},
      outputs=["logits"],
      origin="torch.nn.Sequential: Linear 784-512-256-10 with ReLU",
      licence=BSD3,
      dims={"batch": 32},
      axes={"input": {0: "batch"}, "logits": {0: "batch"}})


def torchvision_classifier(name: str, size: int = 224, **kwargs) -> Spec:
  from torchvision import models
  arguments = "".join(f", {k}={v}" for k, v in kwargs.items())
  return image_spec(
      models.get_model(name, weights=None, **kwargs),
      f"torchvision.models.{name}(weights=None{arguments})", ("torchvision",),
      size=size)


def timm_classifier(name: str, size: int = 224) -> Spec:
  import timm
  return image_spec(
      timm.create_model(name, pretrained=False),
      f"timm.create_model('{name}', pretrained=False)", ("timm",),
      licence=APACHE2, size=size)


# Transformers.


class TransformersModule(nn.Module):
  """Calls a transformers model with named tensors and returns a tuple.

  The arguments of `forward` are positional, in the order of `names`; the pairs
  after them are the keys and values of the cache, layer by layer.
  """

  def __init__(self, model: nn.Module, names: list[str], outputs: list[str],
               layers: int = 0, **fixed):
    super().__init__()
    self.model = model
    self.names = names
    self.outputs = outputs
    self.layers = layers
    self.fixed = fixed

  def forward(self, *tensors):
    arguments = dict(zip(self.names, tensors)) | self.fixed
    if not self.layers:
      result = self.model(**arguments)
      return tuple(result[name] for name in self.outputs)
    from transformers import DynamicCache
    cache = DynamicCache()
    past = tensors[len(self.names):]
    for layer in range(self.layers):
      cache.update(past[2 * layer], past[2 * layer + 1], layer)
    result = self.model(**arguments, past_key_values=cache, use_cache=True)
    present = [t for layer in cache.layers for t in (layer.keys, layer.values)]
    return tuple(result[name] for name in self.outputs) + tuple(present)


def describe(model_class: type, config) -> str:
  """The constructor calls, with the options that differ from the defaults."""
  defaults = type(config)().to_dict()
  options = ", ".join(
      f"{name}={value}" for name, value in config.to_dict().items()
      if value != defaults.get(name) and not name.startswith("_"))
  return (f"transformers.{model_class.__name__}"
          f"({type(config).__name__}({options}))")


def tokens(batch: int, length: int, vocabulary: int) -> torch.Tensor:
  return torch.randint(0, vocabulary, (batch, length))


def ones(batch: int, length: int) -> torch.Tensor:
  return torch.ones(batch, length, dtype=torch.int64)


def text_model(model_class, config, attention: str, outputs: list[str],
               seq: int = 128) -> Spec:
  """A model of input_ids and attention_mask [batch, seq], without cache."""
  names = ["input_ids", "attention_mask"]
  model = model_class._from_config(config, attn_implementation=attention)
  both = {0: "batch", 1: "seq"}
  return Spec(
      module=TransformersModule(model, names, outputs, use_cache=False)
      if hasattr(config, "use_cache") else
      TransformersModule(model, names, outputs),
      inputs=lambda d: {
          "input_ids": tokens(d["batch"], d["seq"], config.vocab_size),
          "attention_mask": ones(d["batch"], d["seq"]),
      },
      outputs=outputs,
      origin=describe(model_class, config) + f", {attention} attention",
      licence=APACHE2,
      dims={"batch": 1, "seq": seq},
      trace_dims={"batch": 2, "seq": 16},
      axes={n: both for n in names} | {
          n: both if n != "pooler_output" else {0: "batch"} for n in outputs},
      libraries=("transformers",))


def cached_decoder(model_class, config, attention: str, layers: int,
                   kv_heads: int, head_size: int) -> Spec:
  """A decoder step: `seq` new tokens after `past` cached ones."""
  names = ["input_ids", "attention_mask", "position_ids"]
  model = model_class._from_config(config, attn_implementation=attention)
  caches = [f"{kind}.{i}" for i in range(layers) for kind in ("key", "value")]

  def inputs(d: Dims) -> Tensors:
    past, seq = d["past"], d["seq"]
    positions = torch.arange(past, past + seq).expand(d["batch"], seq)
    shape = (d["batch"], kv_heads, past, head_size)
    return {
        "input_ids": tokens(d["batch"], seq, config.vocab_size),
        "attention_mask": ones(d["batch"], past + seq),
        "position_ids": positions.contiguous(),
    } | {f"past_{name}": torch.randn(shape) for name in caches}

  axes = {
      "input_ids": {0: "batch", 1: "seq"},
      "attention_mask": {0: "batch", 1: "total"},
      "position_ids": {0: "batch", 1: "seq"},
      "logits": {0: "batch", 1: "seq"},
  }
  axes |= {f"past_{name}": {0: "batch", 2: "past"} for name in caches}
  axes |= {f"present_{name}": {0: "batch", 2: "total"} for name in caches}
  return Spec(
      module=TransformersModule(model, names, ["logits"], layers),
      inputs=inputs,
      outputs=["logits"] + [f"present_{name}" for name in caches],
      origin=describe(model_class, config) +
      f", {attention} attention, DynamicCache",
      licence=APACHE2,
      dims={"batch": 1, "seq": 1, "past": 128, "total": 129},
      trace_dims={"batch": 2, "seq": 3, "past": 16, "total": 19},
      axes=axes,
      libraries=("transformers",))


def bert_base(attention: str = "eager") -> Spec:
  from transformers import BertConfig, BertModel
  return text_model(BertModel, BertConfig(), attention,
                    ["last_hidden_state", "pooler_output"])


def gpt2(attention: str = "eager") -> Spec:
  from transformers import GPT2Config, GPT2LMHeadModel
  return text_model(GPT2LMHeadModel, GPT2Config(), attention, ["logits"])


def gpt2_kv(attention: str = "eager") -> Spec:
  from transformers import GPT2Config, GPT2LMHeadModel
  config = GPT2Config()
  return cached_decoder(GPT2LMHeadModel, config, attention, config.n_layer,
                        config.n_head, config.n_embd // config.n_head)


def vit_base() -> Spec:
  return torchvision_classifier("vit_b_16")


def lstm_classifier() -> Spec:
  """Two bidirectional LSTM layers and a linear layer on every step."""

  class Tagger(nn.Module):
    """Scores of 32 tags for each of a sequence of 128-element vectors."""

    def __init__(self):
      super().__init__()
      self.lstm = nn.LSTM(128, 256, num_layers=2, bidirectional=True,
                          batch_first=True)
      self.scores = nn.Linear(512, 32)

    def forward(self, x):
      return self.scores(self.lstm(x)[0])

  both = {0: "batch", 1: "seq"}
  return Spec(
      module=Tagger(),
      inputs=lambda d: {"input": torch.randn(d["batch"], d["seq"], 128)},
      outputs=["scores"],
      origin="torch.nn.LSTM(128, 256, num_layers=2, bidirectional=True, "
      "batch_first=True) and torch.nn.Linear(512, 32)",
      licence=BSD3,
      dims={"batch": 1, "seq": 64},
      trace_dims={"batch": 2, "seq": 16},
      axes={"input": both, "scores": both},
      closed_form=lambda d: d["batch"] * d["seq"] *
      (2 * 4 * 256 * ((128 + 256) + (512 + 256)) + 512 * 32))


def gru_classifier() -> Spec:
  """One GRU layer and a linear layer on its last state."""

  class Classifier(nn.Module):
    """Ten scores for a sequence of 64-element vectors."""

    def __init__(self):
      super().__init__()
      self.gru = nn.GRU(64, 128)
      self.scores = nn.Linear(128, 10)

    def forward(self, x):
      return self.scores(self.gru(x)[1][0])

  return Spec(
      module=Classifier(),
      inputs=lambda d: {"input": torch.randn(d["seq"], d["batch"], 64)},
      outputs=["scores"],
      origin="torch.nn.GRU(64, 128) and torch.nn.Linear(128, 10)",
      licence=BSD3,
      dims={"batch": 1, "seq": 32},
      trace_dims={"batch": 2, "seq": 16},
      axes={"input": {0: "seq", 1: "batch"}, "scores": {0: "batch"}},
      closed_form=lambda d: d["batch"] *
      (d["seq"] * 3 * 128 * (64 + 128) + 128 * 10))


# Detectors.


def yolov8n() -> Spec:
  """The detection model with the export form of its head (no NMS)."""
  from ultralytics.nn.tasks import DetectionModel
  model = DetectionModel("yolov8n.yaml", verbose=False).eval().fuse(
      verbose=False)
  head = model.model[-1]
  head.export, head.dynamic, head.format = True, True, "onnx"
  return Spec(
      module=model,
      inputs=lambda d: {"images": torch.rand(
          d.get("batch", 1), 3, d.get("height", 640), d.get("width", 640))},
      outputs=["output0"],
      origin="ultralytics.nn.tasks.DetectionModel('yolov8n.yaml').fuse(), "
      "head with export=True, dynamic=True",
      licence=AGPL3,
      dims={"batch": 1, "height": 640, "width": 640},
      trace_dims={"batch": 2},
      axes={"images": {0: "batch", 2: "height", 3: "width"},
            "output0": {0: "batch", 2: "anchors"}},
      libraries=("ultralytics",))


def detr_resnet50(attention: str = "eager") -> Spec:
  """DETR of images of one size; the backbone is timm's ResNet-50."""
  from transformers import DetrConfig, DetrForObjectDetection
  config = DetrConfig()
  model = DetrForObjectDetection._from_config(
      config, attn_implementation=attention)
  names = ["pixel_values", "pixel_mask"]
  outputs = ["logits", "pred_boxes"]
  return Spec(
      module=TransformersModule(model, names, outputs),
      inputs=lambda d: {
          "pixel_values": torch.rand(d["batch"], 3, d["height"], d["width"]),
          "pixel_mask": torch.ones(d["batch"], d["height"], d["width"],
                                   dtype=torch.int64),
      },
      outputs=outputs,
      origin="transformers.DetrForObjectDetection(DetrConfig()), "
      f"{attention} attention",
      licence=APACHE2,
      dims={"batch": 1, "height": 800, "width": 1056},
      trace_dims={"batch": 2, "height": 256, "width": 320},
      axes={"pixel_values": {0: "batch", 2: "height", 3: "width"},
            "pixel_mask": {0: "batch", 1: "height", 2: "width"}} |
      {n: {0: "batch"} for n in outputs},
      libraries=("transformers", "timm"))


def mask_rcnn() -> Spec:
  """Mask R-CNN of one image; boxes, masks depend on what is detected."""
  from torchvision import models

  class Detector(nn.Module):
    """Takes one image instead of a list, returns tensors."""

    def __init__(self):
      super().__init__()
      self.model = models.detection.maskrcnn_resnet50_fpn(
          weights=None, weights_backbone=None)

    def forward(self, image):
      found = self.model([image])
      found = found[1] if isinstance(found, tuple) else found
      return tuple(found[0][k] for k in ("boxes", "labels", "scores", "masks"))

  return Spec(
      module=Detector(),
      inputs=lambda d: {"image": torch.rand(3, 800, 800)},
      outputs=["boxes", "labels", "scores", "masks"],
      origin="torchvision.models.detection.maskrcnn_resnet50_fpn("
      "weights=None, weights_backbone=None)",
      licence=BSD3,
      axes={"boxes": {0: "detections"}, "labels": {0: "detections"},
            "scores": {0: "detections"}, "masks": {0: "detections"}},
      libraries=("torchvision",),
      count_macs=False, compare=False,
      parts=("backbone", "rpn"),
      notes="MACs left empty: those of the box and mask heads depend on what "
      "is detected")


# Generators.


def llama_kv(attention: str = "eager") -> Spec:
  """TinyLlama's sizes, four layers of it."""
  from transformers import LlamaConfig, LlamaForCausalLM
  config = LlamaConfig(
      hidden_size=2048, intermediate_size=5632, num_hidden_layers=4,
      num_attention_heads=32, num_key_value_heads=4)
  return cached_decoder(LlamaForCausalLM, config, attention, 4, 4, 64)


def llama3_8b_kv(attention: str = "sdpa") -> Spec:
  """Llama-3-8B's published sizes.

  The rotary frequencies are computed in the graph instead of stored, so that
  what is stored is the weights and nothing else.
  """
  from transformers import LlamaConfig, LlamaForCausalLM
  theta, head_size = 500000.0, 128
  config = LlamaConfig(
      vocab_size=128256, hidden_size=4096, intermediate_size=14336,
      num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=8,
      max_position_embeddings=8192, rope_theta=theta, rms_norm_eps=1e-5)
  spec = cached_decoder(LlamaForCausalLM, config, attention, 32, 8, head_size)
  rotary = spec.module.model.model.rotary_emb

  class Rotary(type(rotary)):

    @property
    def inv_freq(self):
      even = torch.arange(0, head_size, 2, device="meta").float()
      return theta ** -(even / head_size)

  for name in list(rotary._buffers):
    del rotary._buffers[name]
  rotary.__class__ = Rotary
  return spec


class EncoderPart(nn.Module):
  """The encoder of a sequence-to-sequence model."""

  def __init__(self, model: nn.Module):
    super().__init__()
    self.encoder = model.get_encoder()

  def forward(self, *tensors):
    return self.encoder(*tensors).last_hidden_state


class DecoderPart(nn.Module):
  """The decoder and output layer, given the encoder's states, without cache."""

  def __init__(self, model: nn.Module, masked: bool):
    super().__init__()
    self.model = model
    self.masked = masked

  def forward(self, decoder_input_ids, encoder_hidden_states, *mask):
    return self.model(
        decoder_input_ids=decoder_input_ids,
        decoder_attention_mask=torch.ones_like(decoder_input_ids),
        encoder_outputs=(encoder_hidden_states,),
        attention_mask=mask[0] if self.masked else None,
        use_cache=False).logits


class CachedDecoderPart(nn.Module):
  """One step of the decoder with the caches of both attentions.

  `forward` takes the token, then per layer the keys and values of the decoder's
  own attention, then per layer those of the cross-attention.
  """

  def __init__(self, model: nn.Module, layers: int):
    super().__init__()
    self.model = model
    self.layers = layers

  def forward(self, decoder_input_ids, encoder_hidden_states, *past):
    from transformers import DynamicCache, EncoderDecoderCache
    caches = DynamicCache(), DynamicCache()
    for i in range(2 * self.layers):
      caches[i // self.layers].update(past[2 * i], past[2 * i + 1],
                                      i % self.layers)
    cache = EncoderDecoderCache(*caches)
    logits = self.model(
        decoder_input_ids=decoder_input_ids,
        encoder_outputs=(encoder_hidden_states,),
        past_key_values=cache, use_cache=True).logits
    own = cache.self_attention_cache.layers
    return (logits,) + tuple(t for l in own for t in (l.keys, l.values))


def whisper_model(attention: str):
  from transformers import WhisperConfig, WhisperForConditionalGeneration
  config = WhisperConfig()
  model = WhisperForConditionalGeneration._from_config(
      config, attn_implementation=attention)
  return model, config, (
      "transformers.WhisperForConditionalGeneration(WhisperConfig()), "
      f"{attention} attention, ")


def whisper_tiny_encoder(attention: str = "eager") -> Spec:
  model, _, origin = whisper_model(attention)
  return Spec(
      module=EncoderPart(model),
      inputs=lambda d: {"input_features": torch.randn(d["batch"], 80, 3000)},
      outputs=["last_hidden_state"],
      origin=origin + "encoder",
      licence=APACHE2,
      dims={"batch": 1},
      trace_dims={"batch": 2},
      axes={"input_features": {0: "batch"}, "last_hidden_state": {0: "batch"}},
      libraries=("transformers",))


def whisper_tiny_decoder(attention: str = "eager") -> Spec:
  model, config, origin = whisper_model(attention)
  both = {0: "batch", 1: "seq"}
  return Spec(
      module=DecoderPart(model, masked=False),
      inputs=lambda d: {
          "decoder_input_ids": tokens(d["batch"], d["seq"], config.vocab_size),
          "encoder_hidden_states": torch.randn(d["batch"], 1500,
                                               config.d_model),
      },
      outputs=["logits"],
      origin=origin + "decoder",
      licence=APACHE2,
      dims={"batch": 1, "seq": 64},
      trace_dims={"batch": 2, "seq": 16},
      axes={"decoder_input_ids": both, "encoder_hidden_states": {0: "batch"},
            "logits": both},
      libraries=("transformers",))


def whisper_tiny_decoder_kv(attention: str = "eager") -> Spec:
  model, config, origin = whisper_model(attention)
  layers, heads = config.decoder_layers, config.decoder_attention_heads
  size = config.d_model // heads
  kinds = [f"{i}.{part}.{kind}" for part in ("decoder", "encoder")
           for i in range(layers) for kind in ("key", "value")]

  def inputs(d: Dims) -> Tensors:
    caches = {
        f"past_{name}": torch.randn(
            d["batch"], heads, d["past"] if "decoder" in name else 1500, size)
        for name in kinds}
    return {
        "decoder_input_ids": tokens(d["batch"], 1, config.vocab_size),
        "encoder_hidden_states": torch.randn(d["batch"], 1500, config.d_model),
    } | caches

  present = [f"present_{name}" for name in kinds[:2 * layers]]
  axes = {"decoder_input_ids": {0: "batch"},
          "encoder_hidden_states": {0: "batch"}, "logits": {0: "batch"}}
  axes |= {f"past_{name}": {0: "batch", 2: "past"} if "decoder" in name
           else {0: "batch"} for name in kinds}
  axes |= {name: {0: "batch", 2: "total"} for name in present}
  return Spec(
      module=CachedDecoderPart(model, layers),
      inputs=inputs,
      outputs=["logits"] + present,
      origin=origin + "decoder step with EncoderDecoderCache",
      licence=APACHE2,
      dims={"batch": 1, "past": 64},
      trace_dims={"batch": 2, "past": 16},
      axes=axes,
      libraries=("transformers",))


def t5_model(attention: str):
  from transformers import T5Config, T5ForConditionalGeneration
  model = T5ForConditionalGeneration._from_config(
      T5Config(), attn_implementation=attention)
  return model, (f"transformers.T5ForConditionalGeneration(T5Config()), "
                 f"{attention} attention, ")


def t5_small_encoder(attention: str = "eager") -> Spec:
  model, origin = t5_model(attention)
  both = {0: "batch", 1: "seq"}
  return Spec(
      module=EncoderPart(model),
      inputs=lambda d: {
          "input_ids": tokens(d["batch"], d["seq"], model.config.vocab_size),
          "attention_mask": ones(d["batch"], d["seq"]),
      },
      outputs=["last_hidden_state"],
      origin=origin + "encoder",
      licence=APACHE2,
      dims={"batch": 1, "seq": 128},
      trace_dims={"batch": 2, "seq": 16},
      axes={n: both for n in ("input_ids", "attention_mask",
                              "last_hidden_state")},
      libraries=("transformers",))


def t5_small_decoder(attention: str = "eager") -> Spec:
  model, origin = t5_model(attention)
  both = {0: "batch", 1: "seq"}
  source = {0: "batch", 1: "source"}
  return Spec(
      module=DecoderPart(model, masked=True),
      inputs=lambda d: {
          "decoder_input_ids": tokens(d["batch"], d["seq"],
                                      model.config.vocab_size),
          "encoder_hidden_states": torch.randn(d["batch"], d["source"],
                                               model.config.d_model),
          "encoder_attention_mask": ones(d["batch"], d["source"]),
      },
      outputs=["logits"],
      origin=origin + "decoder",
      licence=APACHE2,
      dims={"batch": 1, "seq": 32, "source": 128},
      trace_dims={"batch": 2, "seq": 16, "source": 24},
      axes={"decoder_input_ids": both, "encoder_hidden_states": source,
            "encoder_attention_mask": source, "logits": both},
      libraries=("transformers",))


def sd_unet() -> Spec:
  """The UNet of Stable Diffusion 1.5 at half its width."""
  from diffusers import UNet2DConditionModel
  config = {
      "sample_size": 64,
      "block_out_channels": (160, 320, 640, 640),
      "cross_attention_dim": 768,
      "attention_head_dim": 8,
  }

  class Denoiser(nn.Module):
    """Returns the tensor of the UNet's output."""

    def __init__(self):
      super().__init__()
      self.model = UNet2DConditionModel(**config)

    def forward(self, sample, timestep, encoder_hidden_states):
      return self.model(sample, timestep, encoder_hidden_states,
                        return_dict=False)[0]

  arguments = ", ".join(f"{k}={v}" for k, v in config.items())
  image = {0: "batch", 2: "height", 3: "width"}
  return Spec(
      module=Denoiser(),
      inputs=lambda d: {
          "sample": torch.randn(d["batch"], 4, d["height"], d["width"]),
          "timestep": torch.full((d["batch"],), 500, dtype=torch.int64),
          "encoder_hidden_states": torch.randn(d["batch"], d["seq"], 768),
      },
      outputs=["out_sample"],
      origin=f"diffusers.UNet2DConditionModel({arguments})",
      licence=APACHE2,
      dims={"batch": 1, "height": 64, "width": 64, "seq": 77},
      trace_dims={"batch": 2, "height": 32, "width": 32, "seq": 16},
      axes={"sample": image, "timestep": {0: "batch"},
            "encoder_hidden_states": {0: "batch", 1: "seq"},
            "out_sample": image},
      libraries=("diffusers",))


# The table.


def classifier(name: str, size: int = 224, **kwargs) -> Callable[[], Spec]:
  return functools.partial(torchvision_classifier, name, size, **kwargs)


def resnet18_pruned() -> Spec:
  """Structured pruning that leaves the shortcuts as they are: of what the
  first convolution of each residual block makes, every other channel."""
  spec = torchvision_classifier("resnet18", 224)
  for stage in ("layer1", "layer2", "layer3", "layer4"):
    for block in getattr(spec.module, stage):
      keep = torch.arange(0, block.conv1.out_channels, 2)
      block.conv1.weight = nn.Parameter(block.conv1.weight[keep])
      block.conv1.out_channels = block.bn1.num_features = len(keep)
      for name in ("weight", "bias"):
        setattr(block.bn1, name, nn.Parameter(getattr(block.bn1, name)[keep]))
      for name in ("running_mean", "running_var"):
        setattr(block.bn1, name, getattr(block.bn1, name)[keep])
      block.conv2.weight = nn.Parameter(block.conv2.weight[:, keep])
      block.conv2.in_channels = len(keep)
  return spec


googlenet = classifier("googlenet", aux_logits=False, init_weights=False)
inception_v3 = classifier("inception_v3", 299, aux_logits=False,
                          init_weights=False)

DYNAMO = {"exporter": "dynamo", "opset": 18}
SDPA = "sdpa"
BATCH_NORM = {"static": True, "options": {"keep_batch_norm": True},
              "notes": "BatchNormalization kept apart from Conv"}

MODELS = (
    Row("mlp", mlp),
    Row("mlp_dynamo", mlp, **DYNAMO),
    Row("resnet18", classifier("resnet18")),
    Row("resnet18_bn", classifier("resnet18"), **BATCH_NORM),
    Row("resnet18_int8", classifier("resnet18"), tolerance=0.5,
        convert=export_convert.quantize_static,
        notes="8-bit weights by onnxruntime.quantization.quantize_static"),
    Row("resnet18_qoperator", classifier("resnet18"), tolerance=0.5,
        convert=export_convert.quantize_qoperator,
        notes="onnxruntime.quantization.quantize_static, QOperator format: "
        "QLinearConv and kin"),
    Row("resnet18_pruned", resnet18_pruned,
        notes="half of the channels inside each residual block cut"),
    Row("resnet18_dynamo", classifier("resnet18"), **DYNAMO),
    Row("mobilenet_v2_bn", classifier("mobilenet_v2"), **BATCH_NORM),
    Row("mobilenet_v2", classifier("mobilenet_v2"), opset=13),
    Row("mobilenet_v2_dynamo", classifier("mobilenet_v2"), **DYNAMO),
    Row("bert_base", bert_base),
    Row("bert_base_int8", bert_base, tolerance=0.5,
        convert=export_convert.quantize_dynamic,
        notes="8-bit weights by onnxruntime.quantization.quantize_dynamic"),
    Row("bert_base_ort", bert_base, tolerance=1e-2,
        convert=export_convert.optimize_bert,
        notes="onnxruntime.transformers.optimizer: Attention, "
        "EmbedLayerNormalization, SkipLayerNormalization, BiasGelu of "
        "com.microsoft"),
    Row("bert_base_ort_mha", bert_base, tolerance=1e-2,
        convert=export_convert.optimize_bert_mha,
        notes="onnxruntime.transformers.optimizer: MultiHeadAttention of "
        "com.microsoft"),
    Row("bert_base_dynamo", functools.partial(bert_base, SDPA), **DYNAMO),
    Row("gpt2", gpt2),
    Row("gpt2_ort", gpt2, tolerance=1e-2, convert=export_convert.optimize_gpt2,
        notes="onnxruntime.transformers.optimizer"),
    Row("gpt2_dynamo", functools.partial(gpt2, SDPA), **DYNAMO),
    Row("gpt2_kv", gpt2_kv),
    Row("gpt2_kv_dynamo", functools.partial(gpt2_kv, SDPA), **DYNAMO),
    Row("resnet34", classifier("resnet34"), opset=11, static=True),
    Row("resnet50", classifier("resnet50"), opset=13),
    Row("resnet50_dynamo", classifier("resnet50"), **DYNAMO),
    Row("resnet34_dynamo", classifier("resnet34"), **DYNAMO),
    Row("vgg16", classifier("vgg16"), opset=13),
    Row("vgg16_dynamo", classifier("vgg16"), **DYNAMO),
    Row("efficientnet_b0", classifier("efficientnet_b0")),
    Row("efficientnet_b0_dynamo", classifier("efficientnet_b0"), **DYNAMO),
    Row("densenet121", classifier("densenet121")),
    Row("densenet121_dynamo", classifier("densenet121"), **DYNAMO),
    Row("inception_v3", inception_v3),
    Row("inception_v3_dynamo", inception_v3, **DYNAMO),
    Row("googlenet", googlenet, opset=9, static=True),
    Row("googlenet_dynamo", googlenet, **DYNAMO),
    Row("swin_t", classifier("swin_t")),
    Row("swin_t_dynamo", classifier("swin_t"), **DYNAMO),
    Row("convnext_tiny", functools.partial(timm_classifier, "convnext_tiny")),
    Row("convnext_tiny_dynamo",
        functools.partial(timm_classifier, "convnext_tiny"), **DYNAMO),
    Row("vit_b_16", vit_base),
    Row("vit_b_16_dynamo", vit_base, exporter="dynamo", opset=20),
    Row("yolov8n", yolov8n),
    Row("yolov8n_dynamo", yolov8n, **DYNAMO),
    Row("detr_resnet50", detr_resnet50),
    Row("detr_resnet50_dynamo", functools.partial(detr_resnet50, SDPA),
        **DYNAMO),
    # Not by the second exporter: torch.export stops where torchvision's
    # batched_nms branches on the number of boxes.
    Row("mask_rcnn", mask_rcnn),
    Row("llama_kv", llama_kv),
    Row("llama_kv_dynamo", functools.partial(llama_kv, SDPA),
        exporter="dynamo", opset=23, notes="Attention operator"),
    Row("llama_kv_fp16_dynamo", functools.partial(llama_kv, SDPA), **DYNAMO,
        half=True, tolerance=2e-2),
    Row("llama_kv_int4", llama_kv, opset=21, tolerance=0.5,
        convert=export_convert.quantize_int4,
        notes="4-bit weights by onnxruntime.quantization"),
    Row("llama_kv_nbits", llama_kv, opset=21, tolerance=0.5,
        convert=export_convert.quantize_nbits,
        notes="4-bit weights by onnxruntime.quantization, QOperator format: "
        "MatMulNBits of com.microsoft; a stored byte holds two weights and "
        "counts as one parameter"),
    Row("llama3_8b_kv", llama3_8b_kv, exporter="dynamo", opset=23, half=True,
        meta=True,
        notes="exported without data: ONNX Runtime was not asked; Attention "
        "operator; module paths are the only metadata"),
    Row("whisper_tiny_encoder", whisper_tiny_encoder),
    Row("whisper_tiny_encoder_dynamo",
        functools.partial(whisper_tiny_encoder, SDPA), **DYNAMO),
    Row("whisper_tiny_decoder", whisper_tiny_decoder),
    Row("whisper_tiny_decoder_dynamo",
        functools.partial(whisper_tiny_decoder, SDPA), **DYNAMO),
    Row("whisper_tiny_decoder_kv", whisper_tiny_decoder_kv),
    Row("whisper_tiny_decoder_kv_dynamo",
        functools.partial(whisper_tiny_decoder_kv, SDPA), **DYNAMO),
    Row("t5_small_encoder", t5_small_encoder),
    Row("t5_small_encoder_dynamo", t5_small_encoder, **DYNAMO),
    Row("t5_small_decoder", t5_small_decoder),
    Row("t5_small_decoder_dynamo", t5_small_decoder, **DYNAMO),
    Row("sd_unet", sd_unet),
    Row("sd_unet_dynamo", sd_unet, **DYNAMO),
    Row("lstm", lstm_classifier, opset=14),
    Row("gru", gru_classifier, opset=14),
    Row("gru_dynamo", gru_classifier, **DYNAMO),
    Row("lstm_dynamo", lstm_classifier, **DYNAMO),
    Row("bert_base_functions", bert_base, torch=OLD_TORCH,
        options={"export_modules_as_functions": (
            "transformers.models.bert.modeling_bert.BertLayer",
            "transformers.models.bert.modeling_bert.BertSelfAttention",
            "transformers.activations.GELUActivation",
            "torch.nn.LayerNorm")},
        notes="modules as model-local functions, one within another"),
    Row("resnet18_functions", classifier("resnet18"), exporter="dynamo",
        torch=OLD_TORCH, opset=18, symbols={"s0": 1, "s2": 224},
        notes="torch.onnx.dynamo_export: modules as model-local functions; "
        "the number of channels is the symbol '3'"),
    Row("vit_b_16_functions", vit_base, exporter="dynamo",
        torch=OLD_TORCH, opset=18, symbols={"s0": 1},
        notes="torch.onnx.dynamo_export: modules as model-local functions; "
        "the sizes of the image are the symbols '3' and '224'"),
)


# Export.


def randomize(module: nn.Module) -> None:
  """Makes tensors that start as a constant (biases, norms) differ.

  Otherwise the exporters would store equal tensors once, which does not happen
  with trained weights.
  """
  with torch.no_grad():
    for tensor in module.state_dict().values():
      if (tensor.is_floating_point() and tensor.numel() > 1 and
          (tensor == tensor.flatten()[0]).all()):
        tensor += 0.1 * torch.rand_like(tensor)


def export(row: Row, spec: Spec, path: pathlib.Path) -> None:
  """Writes the ONNX file of `row`, weights included."""
  dims = {} if row.static else spec.dims | spec.trace_dims
  sample = sample_inputs(spec, row, dims or spec.dims, seed=0)
  axes = {} if row.static else spec.axes
  options = dict(row.options)
  if row.exporter == "torchscript":
    if options.pop("keep_batch_norm", False):
      options |= {"training": torch.onnx.TrainingMode.PRESERVE,
                  "do_constant_folding": False}
    if "export_modules_as_functions" in options:
      options["export_modules_as_functions"] = set(map(
          pydoc.locate, options["export_modules_as_functions"]))
    torch.onnx.export(
        spec.module, tuple(sample.values()), path, dynamo=False,
        input_names=list(sample), output_names=spec.outputs,
        dynamic_axes=axes, opset_version=row.opset, **options)
    return
  if row.torch:
    torch.onnx.dynamo_export(
        spec.module, *sample.values(),
        export_options=torch.onnx.ExportOptions(dynamic_shapes=bool(axes)),
    ).save(str(path))
    return
  torch.onnx.export(
      spec.module, tuple(sample.values()), path, dynamo=True, verbose=False,
      input_names=list(sample), output_names=spec.outputs,
      dynamic_shapes=dynamic_shapes(spec, sample) if axes else None,
      opset_version=row.opset, external_data=True, **options)


def dynamic_shapes(spec: Spec, sample: Tensors) -> tuple:
  """The dynamic axes in the form of the arguments of forward."""
  shapes = [spec.axes.get(name, {}) for name in sample]
  parameters = list(inspect.signature(spec.module.forward).parameters.values())
  if parameters[-1].kind == inspect.Parameter.VAR_POSITIONAL:
    named = len(parameters) - 1
    shapes = shapes[:named] + ([tuple(shapes[named:])] if shapes[named:]
                               else [])
  return tuple(shapes)


def export_meta(row: Row, spec: Spec) -> onnx.ModelProto:
  """Exports a module of tensors without data: weights are sizes alone."""
  import onnx_ir
  import onnxscript.optimizer
  import onnxscript.rewriter.onnx_fusions
  sample = sample_inputs(spec, row, spec.dims | spec.trace_dims, seed=0)
  program = torch.onnx.export(
      spec.module, tuple(sample.values()), None, dynamo=True, verbose=False,
      input_names=list(sample), output_names=spec.outputs,
      dynamic_shapes=dynamic_shapes(spec, sample), opset_version=row.opset,
      optimize=False, **row.options)
  for name, value in program.model.graph.initializers.items():
    weight = value.const_value
    if getattr(getattr(weight, "raw", None), "is_meta", False):
      value.const_value = onnx_ir.ExternalTensor(
          "stripped.bin", 0, weight.nbytes, weight.dtype, shape=weight.shape,
          name=name)
  # What program.optimize() does, but frequencies computed in the graph stay so.
  onnxscript.optimizer.optimize_ir(program.model, output_size_limit=32)
  onnxscript.rewriter.onnx_fusions.fuse(program.model)
  model = onnx_ir.to_proto(program.model)
  transpose_weights(model.graph)
  for message in (*model.graph.node, *model.graph.value_info):
    paths = [p for p in message.metadata_props
             if p.key == "pkg.torch.onnx.name_scopes"]
    message.ClearField("metadata_props")
    message.metadata_props.extend(paths)
  return model


def transpose_weights(graph: onnx.GraphProto) -> None:
  """Stores transposed what is only read so, as the exporter does with data."""
  weights = {w.name: w for w in graph.initializer}
  readers = collections.Counter(name for n in graph.node for name in n.input)
  renamed = {}
  for node in list(graph.node):
    weight = weights.get(node.input[0]) if node.op_type == "Transpose" else None
    if weight is not None and readers[weight.name] == 1:
      order = onnx.helper.get_node_attr_value(node, "perm")
      weight.dims[:] = [weight.dims[axis] for axis in order]
      renamed[node.output[0]] = weight.name
      graph.node.remove(node)
  for node in graph.node:
    node.input[:] = [renamed.get(name, name) for name in node.input]
  types = {v.name: v for v in graph.value_info}
  for old, new in renamed.items():
    for name in {old, new} & types.keys():
      graph.value_info.remove(types[name])


# Counting.


def torch_macs(spec: Spec, feeds: Tensors) -> tuple[int, dict[str, int]]:
  """Runs the module under PyTorch's counter; attention as matrix products.

  Returns the MACs of all and by the last part of the names of the modules.
  """
  counter = flop_counter.FlopCounterMode(display=False)
  # oneDNN's recurrent layers are opaque to the counter.
  with (torch.no_grad(), counter,
        torch.backends.mkldnn.flags(enabled=not spec.closed_form),
        torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH)):
    spec.module(*feeds.values())
  if counter.get_total_flops() % 2:
    raise ValueError("odd number of FLOPs")
  by_module = {
      name.split(".")[-1]: sum(flops.values()) // 2
      for name, flops in counter.get_flop_counts().items()}
  return counter.get_total_flops() // 2, by_module


def check_outputs(spec: Spec, feeds: Tensors, outputs: list[np.ndarray],
                  tolerance: float) -> list[str]:
  """Compares the outputs with PyTorch's; returns what differs."""
  if not spec.compare:
    return []
  with torch.no_grad():
    expected = spec.module(*feeds.values())
  expected = [expected] if torch.is_tensor(expected) else list(expected)
  return outputs_differ([want.numpy() for want in expected], outputs, tolerance,
                        spec.outputs)


# Manifest.


def sample_inputs(spec: Spec, row: Row, dims: Dims, seed: int) -> Tensors:
  torch.manual_seed(seed)
  tensors = spec.inputs(dims)
  if row.half:
    tensors = {k: v.half() if v.is_floating_point() else v
               for k, v in tensors.items()}
  return tensors


def export_and_run(
    row: Row, spec: Spec,
    feeds: Tensors) -> tuple[onnx.ModelProto, list[np.ndarray], int]:
  """Returns the model with its weights, its outputs and MACs when run."""
  with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    path = folder / f"{row.name}.onnx"
    export(row, spec, path)
    if row.convert:
      source = path.rename(folder / "float.onnx")
      row.convert(source, path, spec)
    arrays = {name: tensor.numpy() for name, tensor in feeds.items()}
    outputs, macs = run_onnx(path, arrays, folder)
    return onnx.load(path), outputs, macs


def make(row: Row, out: pathlib.Path) -> dict[str, str]:
  """Makes one file; returns its row of the manifest."""
  torch.manual_seed(0)
  spec = row.build()
  spec.module.eval()
  randomize(spec.module)
  if row.half:
    spec.module.half()
  dims = {} if row.static else spec.dims
  feeds = sample_inputs(spec, row, dims, seed=1)
  model, outputs, onnx_macs = export_and_run(row, spec, feeds)
  problems = check_outputs(spec, feeds, outputs, row.tolerance)

  notes = [note for note in (row.notes, spec.notes) if note]
  macs, by_module = torch_macs(spec, feeds)
  notes += [f"{part}: {by_module[part]} MACs" for part in spec.parts]
  if spec.closed_form and macs != spec.closed_form(dims):
    problems.append(f"{macs} MACs, by closed form {spec.closed_form(dims)}")
  if not spec.count_macs:
    macs = None
  elif macs != onnx_macs:
    problems.append(f"{macs} MACs in PyTorch, {onnx_macs} in ONNX Runtime")

  packages = ("torch",) + spec.libraries + ("onnx",)
  if row.convert:
    packages += ("onnxruntime",)
  counter = "torch.utils.flop_counter on the PyTorch module"
  if spec.closed_form:
    counter += "; equal to a closed form"
  made = Exported(
      model=model, feeds={}, expected=[], origin=spec.origin,
      exporter=row.exporter, packages=packages, licence=spec.licence,
      macs=macs, macs_by="" if macs is None else counter,
      dims=dims if row.symbols is None else row.symbols,
      notes="; ".join(notes))
  return write_stripped(row.name, made, problems, out)


def make_meta(row: Row, out: pathlib.Path) -> dict[str, str]:
  """Makes the file of a module without data; its row of the manifest."""
  with torch.device("meta"):
    spec = row.build()
    spec.module.eval()
    if row.half:
      spec.module.half()
    # Whether a mask can be left out depends on its data in the other spelling.
    spec.module.model.set_attn_implementation("eager")
    macs, _ = torch_macs(spec, sample_inputs(spec, row, spec.dims, seed=1))
    spec.module.model.set_attn_implementation("sdpa")
    model = export_meta(row, spec)
  made = Exported(
      model=model, feeds={}, expected=[], origin=spec.origin,
      exporter=row.exporter, packages=("torch",) + spec.libraries + ("onnx",),
      licence=spec.licence, macs=macs,
      macs_by="torch.utils.flop_counter on the PyTorch module, without data",
      dims=spec.dims, notes=row.notes)
  return write_stripped(row.name, made, [], out)


def main() -> int:
  parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
  parser.add_argument("--only", action="append", metavar="NAME")
  parser.add_argument("--out", type=pathlib.Path, default=DEFAULT_OUT)
  parser.add_argument("--list", action="store_true")
  arguments = parser.parse_args()
  if arguments.list:
    for row in MODELS:
      print(f"{row.name:28} {row.exporter:12} opset {row.opset}")
    return 0
  names = set(arguments.only or ())
  unknown = names - {row.name for row in MODELS}
  if unknown:
    parser.error(f"no such model: {', '.join(sorted(unknown))}")
  warnings.simplefilter("ignore")
  torch.backends.mha.set_fastpath_enabled(False)  # Opaque to the counter.
  arguments.out.mkdir(parents=True, exist_ok=True)
  failed = []
  for row in MODELS:
    if names and row.name not in names:
      continue
    if not torch.__version__.startswith(row.torch or CURRENT_TORCH):
      if names:
        print(f"{row.name}: needs torch {row.torch or CURRENT_TORCH}",
              file=sys.stderr)
        failed.append(row.name)
      continue
    try:
      made = (make_meta if row.meta else make)(row, arguments.out)
    except Exception as error:  # pylint: disable=broad-except
      print(f"{row.name}: FAILED: {type(error).__name__}: {error}",
            file=sys.stderr, flush=True)
      failed.append(row.name)
      continue
    update_manifest(arguments.out / "manifest.csv", [made])
    gc.collect()
  if failed:
    print(f"not made: {', '.join(failed)}", file=sys.stderr)
  return 1 if failed else 0


if __name__ == "__main__":
  sys.exit(main())
