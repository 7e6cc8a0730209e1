#!/usr/bin/env python3
"""Makes testdata/zoo: models whose measured times predictions are judged by.

One file per model of the scoreboard of measurements, named as there. Each is
built from its configuration with random weights (nothing is downloaded), goes
the way of scripts/export_models.py (exported by TorchScript, run in ONNX
Runtime, its multiply-accumulates and outputs compared with PyTorch's) and is
written without its weights.

One file serves all inputs: `batch` is symbolic, and `height` and `width` where
the model takes images of any size, `seq` where it takes text. As runtimes that
fold nothing execute BatchNormalization as a kernel, it stays an operator;
whoever folds it can.

The manifest gives the family of each model: the table for predictions that
leave one family out.

  scripts/export_zoo.py            # all: about half an hour, 16 GB
  scripts/export_zoo.py --only resnet50 --out DIR
  scripts/export_zoo.py --check build/assay   # what assay says of the files

What it needs: scripts/export_requirements_zoo.txt.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import functools
import gc
import json
import pathlib
import subprocess
import sys
import warnings
from collections.abc import Callable

# pylint: disable=wrong-import-position
import export_common
import export_models  # First: it tells the libraries to stay offline.
import torch
from torch import nn

from export_common import AGPL3, APACHE2, BSD3, ROOT
from export_models import Row, Spec

DEFAULT_OUT = ROOT / "testdata" / "zoo"
COLUMNS = ("canonical_model", "file", "family", "origin", "versions", "licence",
           "opset", "dims", "parameters", "macs", "macs_by", "notes")
OPSET = 17
# A BatchNormalization has four small tensors; what is kept is for shapes.
STRIP_FLOAT_BYTES = 128


# Images.


def images(module: nn.Module, origin: str, libraries: tuple[str, ...],
           licence: str, height: int, width: int = 0,
           outputs: tuple[str, ...] = ("logits",), fixed: bool = False,
           places: int = 0, trace: int = 0, notes: str = "") -> Spec:
  """A model of `image` [batch, 3, height, width].

  `fixed` sizes are numbers; `places` is the axis of the outputs whose size
  depends on the image's; `trace` is the size to export at, if another.
  """
  width = width or height
  dims, trace_dims = {"batch": 1}, {"batch": 2}
  axes = {"image": {0: "batch"}} | {
      name: {0: "batch"} | ({places: "places"} if places else {})
      for name in outputs}
  if trace:
    trace_dims |= {"height": trace, "width": trace}
  if not fixed:
    dims |= {"height": height, "width": width}
    axes["image"] |= {2: "height", 3: "width"}
  return Spec(
      module=module.eval(),
      inputs=lambda d: {"image": torch.rand(
          d["batch"], 3, d.get("height", height), d.get("width", width))},
      outputs=list(outputs),
      origin=origin,
      licence=licence,
      dims=dims,
      trace_dims=trace_dims,
      axes=axes,
      libraries=libraries,
      notes=notes)


def timm(name: str, size: int = 224, fixed: bool = False) -> Spec:
  import timm as library
  return images(library.create_model(name, pretrained=False),
                f"timm.create_model('{name}', pretrained=False)", ("timm",),
                APACHE2, size, fixed=fixed)


def torchvision(name: str, size: int = 224, **kwargs) -> Spec:
  from torchvision import models
  arguments = "".join(f", {k}={v}" for k, v in kwargs.items())
  return images(models.get_model(name, weights=None, **kwargs),
                f"torchvision.models.{name}(weights=None{arguments})",
                ("torchvision",), BSD3, size)


def without_pool(name: str) -> Spec:
  """AlexNet and VGG: their pool before the first Linear has nothing to do.

  It makes 6x6 of 6x6 (7x7 of 7x7), and TorchScript exports it for a fixed size
  of the image only.
  """
  spec = torchvision(name)
  spec.module.avgpool = nn.Identity()
  spec.origin += ", avgpool = Identity()"
  spec.notes = "takes only images whose features are as large as at 224x224"
  return spec


def resnet50_v1() -> Spec:
  """The first ResNet-50: the stride in the first convolution of a block."""
  spec = timm("resnet50")
  for stage in (spec.module.layer2, spec.module.layer3, spec.module.layer4):
    stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
  spec.origin += ", the stride of each stage moved from conv2 to conv1"
  return spec


# Detectors of torchvision, timm, effdet and transformers.


class Heads(nn.Module):
  """Feature maps, and what a list of heads says of them, one anchor a row."""

  def __init__(self, backbone: nn.Module, *heads: nn.Module):
    super().__init__()
    self.backbone = backbone
    self.heads = nn.ModuleList(heads)

  def forward(self, image):
    maps = self.backbone(image)
    maps = list(maps.values()) if isinstance(maps, dict) else list(maps)
    return tuple(head(maps) for head in self.heads)


def retinanet() -> Spec:
  """RetinaNet's backbone, pyramid and heads, without choosing boxes."""
  from torchvision.models import resnet50
  from torchvision.models.detection import retinanet as library
  from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor
  from torchvision.ops.feature_pyramid_network import LastLevelP6P7
  backbone = _resnet_fpn_extractor(
      resnet50(weights=None), 5, returned_layers=[2, 3, 4],
      extra_blocks=LastLevelP6P7(2048, 256))
  head = library.RetinaNetHead(backbone.out_channels, 9, 80)
  return images(
      Heads(backbone, head.classification_head, head.regression_head),
      "torchvision.models.detection.retinanet.RetinaNetHead(256, 9, 80) on "
      "resnet50 with pyramid P3 to P7",
      ("torchvision",), BSD3, 256, 448, ("scores", "boxes"), places=1,
      notes="the model of MMDeploy's benchmark (ResNet-50, 80 classes), whose "
      "rows have this name; without the choice of boxes")


def conv_bn(ins: int, outs: int, kernel: int, stride: int = 1,
            activation: type[nn.Module] = nn.ReLU,
            padding: int | None = None) -> nn.Sequential:
  padding = kernel // 2 if padding is None else padding
  return nn.Sequential(
      nn.Conv2d(ins, outs, kernel, stride, padding, bias=False),
      nn.BatchNorm2d(outs), activation())


class Ssd(nn.Module):
  """SSD: further, smaller maps, and predictors on each map.

  `extras` are (width of the 1x1, width of the 3x3, stride, padding) of each
  further map, `boxes` those of one place of each map.
  """

  def __init__(self, backbone: nn.Module, widths: list[int], extras, boxes,
               classes: int, activation: type[nn.Module], **predictor):
    super().__init__()
    self.backbone, self.classes = backbone, classes
    self.extras = nn.ModuleList()
    for narrow, wide, stride, padding in extras:
      self.extras.append(nn.Sequential(
          conv_bn(widths[-1], narrow, 1, activation=activation),
          conv_bn(narrow, wide, 3, stride, activation, padding)))
      widths = widths + [wide]
    self.scores, self.boxes = (
        nn.ModuleList(nn.Conv2d(width, count * size, **predictor)
                      for width, count in zip(widths, boxes))
        for size in (classes, 4))

  def forward(self, image):
    maps = self.backbone(image)
    maps = list(maps) if isinstance(maps, list) else [maps]
    for extra in self.extras:
      maps.append(extra(maps[-1]))
    return tuple(
        torch.cat([head(x).permute(0, 2, 3, 1).flatten(1).unflatten(1, (-1, n))
                   for head, x in zip(heads, maps)], 1)
        for heads, n in ((self.scores, self.classes), (self.boxes, 4)))


def ssd_mobilenet_v1() -> Spec:
  """SSD on MobileNet v1, as in TensorFlow's detection models."""
  import timm as library
  backbone = library.create_model(
      "mobilenetv1_100", pretrained=False, features_only=True,
      out_indices=(3, 4))
  extras = [(wide // 2, wide, 2, 1) for wide in (512, 256, 256, 128)]
  return images(
      Ssd(backbone, [512, 1024], extras, [3, 6, 6, 6, 6, 6], 91, nn.ReLU6,
          kernel_size=1),
      "SSD defined in scripts/export_zoo.py on timm.create_model("
      "'mobilenetv1_100', pretrained=False, features_only=True)",
      ("timm",), APACHE2, 300, outputs=("scores", "boxes"), places=1,
      notes="300x300 is the size of the original; without the choice of boxes")


def ssd_resnet34_1200() -> Spec:
  """SSD on three stages of ResNet-34, as in MLPerf: 15130 boxes at 1200."""
  import timm as library
  model = library.create_model("resnet34", pretrained=False)
  first = model.layer3[0]
  first.conv1.stride = first.downsample[0].stride = (1, 1)
  backbone = nn.Sequential(model.conv1, model.bn1, model.act1, model.maxpool,
                           model.layer1, model.layer2, model.layer3)
  extras = [(256, 512, 2, 1), (256, 512, 2, 1), (128, 256, 2, 1),
            (128, 256, 2, 0), (128, 256, 1, 0)]
  return images(
      Ssd(backbone, [256], extras, [4, 6, 6, 6, 4, 4], 81, nn.ReLU,
          kernel_size=3, padding=1, stride=3),
      "SSD defined in scripts/export_zoo.py on timm.create_model('resnet34', "
      "pretrained=False) up to layer3, its stride 1",
      ("timm",), APACHE2, 600, outputs=("scores", "boxes"), places=1,
      notes="1200x1200 is the size of the original; without the choice of "
      "boxes")


def efficientdet_d0() -> Spec:
  """EfficientDet-D0 with symmetric padding, without choosing boxes."""
  import effdet

  class Detector(nn.Module):
    """Returns the maps of both heads as one tuple."""

    def __init__(self):
      super().__init__()
      self.model = effdet.create_model(
          "efficientdet_d0", pretrained=False, pretrained_backbone=False)

    def forward(self, image):
      scores, boxes = self.model(image)
      return tuple(scores) + tuple(boxes)

  names = [f"{kind}{level}" for kind in ("scores", "boxes")
           for level in range(3, 8)]
  return images(
      Detector(), "effdet.create_model('efficientdet_d0', pretrained=False, "
      "pretrained_backbone=False)", ("effdet", "timm"), APACHE2, 512,
      outputs=tuple(names), fixed=True,
      notes="the sizes of its maps are numbers of the configuration; without "
      "the choice of boxes")


def distilbert() -> Spec:
  from transformers import (DistilBertConfig,
                            DistilBertForSequenceClassification)
  spec = export_models.text_model(
      DistilBertForSequenceClassification, DistilBertConfig(), "eager",
      ["logits"])
  spec.axes["logits"] = {0: "batch"}
  return spec


# The YOLO family.


def ultralytics(name: str, size: int = 640) -> Spec:
  """A detection model with the export form of its head (no NMS)."""
  from ultralytics.nn.tasks import DetectionModel
  module = DetectionModel(f"{name}.yaml", verbose=False).eval()
  head = module.model[-1]
  head.export, head.dynamic, head.format = True, True, "onnx"
  notes = ""
  if getattr(head, "one2one_cv2", None) is not None:  # YOLOv10 needs no NMS.
    head.end2end = True
    head.fuse()
    notes = "one-to-one head only, with its choice of 300 boxes"
  spec = images(
      module, f"ultralytics.nn.tasks.DetectionModel('{name}.yaml'), head with "
      "export=True, dynamic=True", ("ultralytics",), AGPL3, size,
      outputs=("output0",), places=0 if notes else 2, trace=128, notes=notes)
  spec.compare = not notes  # Random weights make boxes of equal scores.
  return spec


class AnchorHead(nn.Module):
  """The head of YOLOv5 and YOLOv7: three anchors a place, 80 classes."""

  def __init__(self, widths: list[int], anchors: list[list[tuple[int, int]]]):
    super().__init__()
    self.convs = nn.ModuleList(nn.Conv2d(width, 3 * 85, 1) for width in widths)
    for level, sizes in enumerate(anchors):
      self.register_buffer(
          f"anchors{level}",
          torch.tensor(sizes, dtype=torch.float32).view(1, 3, 1, 1, 2))

  def decode(self, level: int, x):
    """Boxes and scores of all anchors of one map."""
    batch, _, height, width = x.shape
    x = x.view(batch, 3, 85, height, width).permute(0, 1, 3, 4, 2).sigmoid()
    grid = torch.stack(torch.meshgrid(
        torch.arange(width), torch.arange(height), indexing="xy"), -1)
    place = (x[..., :2] * 2 - 0.5 + grid) * (8 << level)
    size = (x[..., 2:4] * 2) ** 2 * getattr(self, f"anchors{level}")
    return torch.cat((place, size, x[..., 4:]), -1).flatten(1, 3)

  def forward(self, maps):
    return torch.cat([self.decode(level, conv(x)) for level, (conv, x)
                      in enumerate(zip(self.convs, maps))], 1)


YOLOV5_ANCHORS = [
    [(10, 13), (16, 30), (33, 23)], [(30, 61), (62, 45), (59, 119)],
    [(116, 90), (156, 198), (373, 326)]]
YOLOV5_P6_ANCHORS = [
    [(19, 27), (44, 40), (38, 94)], [(96, 68), (86, 152), (180, 137)],
    [(140, 301), (303, 264), (238, 542)], [(436, 615), (739, 380), (925, 792)]]
YOLOV7_ANCHORS = [
    [(12, 16), (19, 36), (40, 28)], [(36, 75), (76, 55), (72, 146)],
    [(142, 110), (192, 243), (459, 401)]]


def yolov5(name: str, anchors, size: int = 640) -> Spec:
  """The first form of YOLOv5, with anchors; `ultralytics` has another head."""
  from ultralytics.nn.tasks import DetectionModel
  module = DetectionModel(f"{name}.yaml", verbose=False).eval()
  old = module.model[-1]
  head = AnchorHead([branch[0].conv.in_channels for branch in old.cv2], anchors)
  head.f, head.i = old.f, old.i  # Where its inputs come from.
  module.model[-1] = head
  return images(
      module, f"ultralytics.nn.tasks.DetectionModel('{name}.yaml') with the "
      "head of scripts/export_zoo.py", ("ultralytics",), AGPL3, size,
      outputs=("output0",), places=1, trace=128,
      notes="the head with anchors of YOLOv5 7.0")


def yolox(depth: float, width: float, size: int = 640) -> Spec:
  from yolox import models
  backbone = models.YoloPafpn(depth, width)
  head = models.YoloxHead(80, width)
  head.decode_in_inference = False
  return images(
      models.YoloxModule(backbone, head),
      f"yolox.models.YoloxModule(YoloPafpn({depth}, {width}), YoloxHead(80, "
      f"{width})), head with decode_in_inference=False", ("pixeltable-yolox",),
      APACHE2, size, outputs=("output0",), places=1, trace=128)


silu = functools.partial(conv_bn, activation=nn.SiLU)


class Elan(nn.Module):
  """YOLOv7's block: two 1x1 branches, four 3x3 in a row on the second.

  All branches and every `step`-th of the row are joined by a 1x1.
  """

  def __init__(self, ins: int, wide: int, narrow: int, outs: int, step: int):
    super().__init__()
    self.step = step
    self.branches = nn.ModuleList([silu(ins, wide, 1), silu(ins, wide, 1)])
    self.row = nn.ModuleList(
        silu(narrow if i else wide, narrow, 3) for i in range(4))
    self.join = silu(2 * wide + 4 // step * narrow, outs, 1)

  def forward(self, x):
    parts = [branch(x) for branch in self.branches]
    x = parts[-1]
    for i, conv in enumerate(self.row, 1):
      x = conv(x)
      if i % self.step == 0:
        parts.append(x)
    return self.join(torch.cat(parts[::-1], 1))


class Shrink(nn.Module):
  """YOLOv7's halving of a map: pooled, and by a 3x3 of stride 2; both wide."""

  def __init__(self, ins: int, width: int):
    super().__init__()
    self.pooled = nn.Sequential(nn.MaxPool2d(2, 2), silu(ins, width, 1))
    self.strided = nn.Sequential(silu(ins, width, 1), silu(width, width, 3, 2))

  def forward(self, x, *others):
    return torch.cat((self.strided(x), self.pooled(x)) + others, 1)


class Pyramid(nn.Module):
  """YOLOv7's spatial pyramid pooling with a branch past it (SPPCSPC)."""

  def __init__(self, ins: int, width: int):
    super().__init__()
    self.front = nn.Sequential(
        silu(ins, width, 1), silu(width, width, 3), silu(width, width, 1))
    self.pools = nn.ModuleList(
        nn.MaxPool2d(size, 1, size // 2) for size in (5, 9, 13))
    self.back = nn.Sequential(silu(4 * width, width, 1), silu(width, width, 3))
    self.past = silu(ins, width, 1)
    self.join = silu(2 * width, width, 1)

  def forward(self, x):
    y = self.front(x)
    y = self.back(torch.cat([y] + [pool(y) for pool in self.pools], 1))
    return self.join(torch.cat((y, self.past(x)), 1))


class Yolov7(nn.Module):
  """YOLOv7 as it is deployed: its re-parameterised convolutions are one 3x3."""

  def __init__(self):
    super().__init__()
    self.to_p3 = nn.Sequential(
        silu(3, 32, 3), silu(32, 64, 3, 2), silu(64, 64, 3),
        silu(64, 128, 3, 2), Elan(128, 64, 64, 256, 2),
        Shrink(256, 128), Elan(256, 128, 128, 512, 2))
    self.to_p4 = nn.Sequential(Shrink(512, 256), Elan(512, 256, 256, 1024, 2))
    self.to_p5 = nn.Sequential(Shrink(1024, 512), Elan(1024, 256, 256, 1024, 2),
                               Pyramid(1024, 512))
    self.up = nn.Upsample(scale_factor=2)
    self.p5_to_4, self.side4 = silu(512, 256, 1), silu(1024, 256, 1)
    self.top4 = Elan(512, 256, 128, 256, 1)
    self.p4_to_3, self.side3 = silu(256, 128, 1), silu(512, 128, 1)
    self.top3 = Elan(256, 128, 64, 128, 1)
    self.shrink4, self.low4 = Shrink(128, 128), Elan(512, 256, 128, 256, 1)
    self.shrink5, self.low5 = Shrink(256, 256), Elan(1024, 512, 256, 512, 1)
    self.last = nn.ModuleList(
        nn.Sequential(nn.Conv2d(width, 2 * width, 3, padding=1), nn.SiLU())
        for width in (128, 256, 512))
    self.head = AnchorHead([256, 512, 1024], YOLOV7_ANCHORS)

  def forward(self, image):
    p3 = self.to_p3(image)
    p4 = self.to_p4(p3)
    p5 = self.to_p5(p4)
    p4 = self.top4(torch.cat((self.side4(p4), self.up(self.p5_to_4(p5))), 1))
    p3 = self.top3(torch.cat((self.side3(p3), self.up(self.p4_to_3(p4))), 1))
    p4 = self.low4(self.shrink4(p3, p4))
    p5 = self.low5(self.shrink5(p4, p5))
    return self.head([last(x) for last, x in zip(self.last, (p3, p4, p5))])


def yolov7() -> Spec:
  return images(Yolov7(), "YOLOv7 defined in scripts/export_zoo.py", (),
                APACHE2, 640, outputs=("output0",), places=1, trace=128)


# The table: canonical model, family, what builds it. The families are those
# left out together; a model of no family stands alone. The number is the size
# of the image at which multiply-accumulates are counted: that of the
# measurements where that is quick, a half or less of it for large detectors.


@dataclasses.dataclass
class Model:
  """One file."""

  name: str
  family: str
  build: Callable[[], Spec]
  keep_batch_norm: bool = True


def row(name: str, family: str, build: Callable[..., Spec], *args,
        keep: bool = True, **kwargs) -> Model:
  return Model(name, family, functools.partial(build, *args, **kwargs), keep)


ZOO = (
    row("resnet18", "ResNet", timm, "resnet18"),
    row("resnet34", "ResNet", timm, "resnet34"),
    row("resnet50", "ResNet", timm, "resnet50"),
    row("resnet50_v1", "ResNet", resnet50_v1),
    row("resnet50_v2", "ResNet", timm, "resnetv2_50"),
    row("resnet101", "ResNet", timm, "resnet101"),
    row("resnet152", "ResNet", timm, "resnet152"),
    row("resnext50_32x4d", "ResNeXt", timm, "resnext50_32x4d"),
    row("resnext101_32x4d", "ResNeXt", timm, "resnext101_32x4d"),
    row("resnext101_32x8d", "ResNeXt", timm, "resnext101_32x8d"),
    row("se_resnet50", "SE-ResNe(X)t", timm, "seresnet50"),
    row("se_resnext101_32x4d", "SE-ResNe(X)t", timm, "seresnext101_32x4d"),
    row("efficientnet_b0", "EfficientNet", timm, "efficientnet_b0"),
    row("efficientnet_b1", "EfficientNet", timm, "efficientnet_b1", 240),
    row("efficientnet_b2", "EfficientNet", timm, "efficientnet_b2", 260),
    row("efficientnet_b3", "EfficientNet", timm, "efficientnet_b3", 300),
    row("efficientnet_b4", "EfficientNet", timm, "efficientnet_b4", 380),
    row("efficientnet_b5", "EfficientNet", timm, "efficientnet_b5", 456),
    row("efficientnet_b6", "EfficientNet", timm, "efficientnet_b6", 528),
    row("efficientnet_b7", "EfficientNet", timm, "efficientnet_b7", 600),
    row("efficientnet_lite0", "EfficientNet-Lite", timm, "efficientnet_lite0"),
    row("efficientnet_lite1", "EfficientNet-Lite", timm, "efficientnet_lite1",
        240),
    row("efficientnet_lite2", "EfficientNet-Lite", timm, "efficientnet_lite2",
        260),
    row("efficientnet_lite3", "EfficientNet-Lite", timm, "efficientnet_lite3",
        300),
    row("efficientnet_lite4", "EfficientNet-Lite", timm, "efficientnet_lite4",
        380),
    row("efficientnetv2_s", "EfficientNetV2", timm, "efficientnetv2_s", 384),
    row("mobilenet_v1", "MobileNet", timm, "mobilenetv1_100"),
    row("mobilenet_v2", "MobileNet", timm, "mobilenetv2_100"),
    row("mnasnet1_0", "MnasNet", timm, "mnasnet_100"),
    row("vgg11", "VGG", without_pool, "vgg11"),
    row("vgg13", "VGG", without_pool, "vgg13"),
    row("vgg16", "VGG", without_pool, "vgg16"),
    row("vgg19", "VGG", without_pool, "vgg19"),
    # One column, as in torchvision; ncnn's rows ran the original of two groups.
    row("alexnet", "AlexNet", without_pool, "alexnet"),
    row("squeezenet1_0", "SqueezeNet", torchvision, "squeezenet1_0"),
    row("squeezenet1_1", "SqueezeNet", torchvision, "squeezenet1_1"),
    # The rows are ncnn's, whose benchmark/squeezenet.param is version 1.1.
    row("squeezenet1_x", "SqueezeNet", torchvision, "squeezenet1_1", 227),
    row("googlenet", "GoogLeNet/Inception", torchvision, "googlenet",
        aux_logits=False, init_weights=False),
    row("xception", "Xception", timm, "xception41", 299),
    row("convnext_tiny", "ConvNeXt", timm, "convnext_tiny", keep=False),
    row("convnext_small", "ConvNeXt", timm, "convnext_small", keep=False),
    row("convnext_base", "ConvNeXt", timm, "convnext_base", keep=False),
    row("convnext_large", "ConvNeXt", timm, "convnext_large", keep=False),
    row("vit_b_16_224", "ViT", timm, "vit_base_patch16_224", fixed=True,
        keep=False),
    row("vit_b_16_384", "ViT", timm, "vit_base_patch16_384", 384, fixed=True,
        keep=False),
    row("bert_base", "BERT", export_models.bert_base, keep=False),
    row("distilbert", "BERT", distilbert, keep=False),
    row("yolov5n", "YOLO", yolov5, "yolov5n", YOLOV5_ANCHORS),
    row("yolov5s", "YOLO", yolov5, "yolov5s", YOLOV5_ANCHORS),
    row("yolov5m", "YOLO", yolov5, "yolov5m", YOLOV5_ANCHORS),
    row("yolov5l", "YOLO", yolov5, "yolov5l", YOLOV5_ANCHORS),
    row("yolov5n6", "YOLO", yolov5, "yolov5n-p6", YOLOV5_P6_ANCHORS),
    row("yolov5m6", "YOLO", yolov5, "yolov5m-p6", YOLOV5_P6_ANCHORS),
    row("yolov5l6", "YOLO", yolov5, "yolov5l-p6", YOLOV5_P6_ANCHORS),
    row("yolov5x6", "YOLO", yolov5, "yolov5x-p6", YOLOV5_P6_ANCHORS),
    row("yolov7", "YOLO", yolov7),
    row("yolov8n", "YOLO", ultralytics, "yolov8n"),
    row("yolov8s", "YOLO", ultralytics, "yolov8s"),
    row("yolov8m", "YOLO", ultralytics, "yolov8m", 320),
    row("yolov8l", "YOLO", ultralytics, "yolov8l", 320),
    row("yolov8x", "YOLO", ultralytics, "yolov8x", 320),
    row("yolov9c", "YOLO", ultralytics, "yolov9c", 320),
    row("yolov10n", "YOLO", ultralytics, "yolov10n", 320),
    row("yolov10s", "YOLO", ultralytics, "yolov10s", 320),
    row("yolov10m", "YOLO", ultralytics, "yolov10m", 320),
    row("yolov10b", "YOLO", ultralytics, "yolov10b", 320),
    row("yolov10l", "YOLO", ultralytics, "yolov10l", 320),
    row("yolov10x", "YOLO", ultralytics, "yolov10x", 320),
    row("yolox_tiny", "YOLO", yolox, 0.33, 0.375, 416),
    row("yolox_s", "YOLO", yolox, 0.33, 0.5, 320),
    row("yolox_m", "YOLO", yolox, 0.67, 0.75, 320),
    row("yolox_l", "YOLO", yolox, 1.0, 1.0, 320),
    row("yolox_x", "YOLO", yolox, 1.33, 1.25, 320),
    row("ssd_mobilenet_v1", "SSD", ssd_mobilenet_v1),
    row("ssd_resnet34_1200", "SSD", ssd_resnet34_1200),
    row("retinanet_resnext50_mlperf", "RetinaNet", retinanet),
    row("efficientdet_d0", "EfficientDet", efficientdet_d0),
    row("detr_resnet50", "DETR", export_models.detr_resnet50, keep=False),
)


# The main program.


def make(model: Model, out: pathlib.Path) -> dict[str, str]:
  """Makes one file; returns its row of the manifest."""
  kept = {"options": {"keep_batch_norm": True},
          "notes": "BatchNormalization kept apart from Conv"}
  made = export_models.make(
      Row(model.name, model.build, opset=OPSET,
          **(kept if model.keep_batch_norm else {})), out)
  made |= {"canonical_model": model.name, "family": model.family}
  return {column: made[column] for column in COLUMNS}


def read_manifest(path: pathlib.Path) -> dict[str, dict[str, str]]:
  if not path.exists():
    return {}
  with path.open(newline="") as file:
    return {row["canonical_model"]: row for row in csv.DictReader(file)}


def write_manifest(path: pathlib.Path, rows: dict[str, dict[str, str]]) -> None:
  """All rows, in the order of the table."""
  with path.open("w", newline="") as file:
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows[model.name] for model in ZOO if model.name in rows)


def check(assay: str, out: pathlib.Path) -> int:
  """Compares what `assay` says of each file with the manifest."""
  wrong = 0
  for row in read_manifest(out / "manifest.csv").values():
    words = [word for dim in row["dims"].split(";") for word in ("--dim", dim)]
    run = subprocess.run(
        [assay, "analyze", str(out / row["file"]), "--format", "json", *words],
        capture_output=True, text=True, check=False)
    problems = run.stderr.strip().splitlines()
    if run.returncode:
      problems.append(f"exit status {run.returncode}")
    else:
      model = json.loads(run.stdout)["models"][0]
      for what, got in (("macs", model["totals"]["macs"]),
                        ("parameters", model["parameters"])):
        if got != int(row[what]):
          problems.append(f"{got} {what}, not {row[what]}")
      if unknown := model["totals"]["unknown_ops"]:
        problems.append(f"{unknown} unknown operators")
      if open_sizes := sum(
          value["shape"] is None or
          any(not isinstance(size, int) for size in value["shape"])
          for op in model["ops"] for value in op["outputs"]):
        problems.append(f"{open_sizes} values of unknown size")
    for problem in problems:
      print(f"{row['file']}: {problem}", file=sys.stderr)
    wrong += bool(problems)
  return 1 if wrong else 0


def main() -> int:
  parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
  parser.add_argument("--only", action="append", metavar="NAME",
                      choices=[model.name for model in ZOO])
  parser.add_argument("--out", type=pathlib.Path, default=DEFAULT_OUT)
  parser.add_argument("--check", metavar="ASSAY")
  arguments = parser.parse_args()
  if arguments.check:
    return check(arguments.check, arguments.out)
  warnings.simplefilter("ignore")
  torch.backends.mha.set_fastpath_enabled(False)  # Opaque to the counter.
  export_common.STRIP_FLOAT_BYTES = STRIP_FLOAT_BYTES
  arguments.out.mkdir(parents=True, exist_ok=True)
  manifest = arguments.out / "manifest.csv"
  rows, failed = read_manifest(manifest), []
  for model in ZOO:
    if arguments.only and model.name not in arguments.only:
      continue
    try:
      rows[model.name] = make(model, arguments.out)
    except Exception as error:  # pylint: disable=broad-except
      print(f"{model.name}: FAILED: {type(error).__name__}: {error}",
            file=sys.stderr, flush=True)
      failed.append(model.name)
      continue
    write_manifest(manifest, rows)
    gc.collect()
  if failed:
    print(f"not made: {', '.join(failed)}", file=sys.stderr)
  return 1 if failed else 0


if __name__ == "__main__":
  sys.exit(main())
