#!/usr/bin/env python3
"""Makes a folder of thousands of ONNX files, as people keep them, for `assay score FOLDER`.

    scripts/make_zoo.py OUT_FOLDER [--files 10000] [--seed 1] [--from DIR...]

Every file is one of the exports in testdata/models and testdata/zoo (or in --from), as it is or varied
by editing its graph; what a variation may do is found out from each graph, so that the result is a
sound model:

  width   channels of all layers times 1/2, 3/4, 5/4, 3/2 or 2; what images, classes and shapes stored
          in the graph fix stays
  depth   residual blocks left out, or repeated with weights of their own
  batch   the batch as a number or under another name
  size    height and width, or the length of the text, as numbers
  opset   another version of the default domain in which all its operators are the same
  names   all nodes and values under a prefix

Of N files 3 % are exact copies of others under other names and 1 % are broken, in the ways of the table
WAYS, under names like those of the others. Weights are in no file (see testdata/models/README.md).
Some 20 files that are no models lie between them. OUT_FOLDER.csv, beside the folder, says of each of
the N files: path, base, variation, way in which it is broken, path of which it is a copy.

The same arguments make the same bytes. Needs Python with onnx and numpy.
"""
import argparse
import collections
import csv
import fractions
import hashlib
import math
import os
import random
import re
import sys

try:
    import numpy as np
    import onnx
    from google.protobuf.message import DecodeError
    from onnx import numpy_helper, shape_inference
except ImportError as error:
    sys.exit("make_zoo.py: this Python lacks the package %s, which edits the models: pip install onnx numpy" %
             error.name)

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
HUGE = 2_000_000  # Bytes: models from here on are no bases.
COPIES, BROKEN = 0.03, 0.01  # Of all files.
STRIPPED = "stripped.bin"  # As in scripts/export_common.py.

# Where models go by their names, and how often they come, sizes aside. The first that fits.
FAMILIES = (
    (r"detr", "vision/detection/detr", 0.5),
    (r"retinanet|ssd_|mask_rcnn", "vision/detection/anchors", 0.7),
    (r"efficientdet", "vision/detection/efficientdet", 0.7),
    (r"yolo(v\d+|x)", "vision/detection/yolo", 0.7),
    (r"sd_", "vision/generation/diffusion", 0.3),
    (r"vit_|swin", "vision/classification/transformer", 0.5),
    (r"(paddle_)?(se_)?resnet|resnext|se_resnext", "vision/classification/cnn/resnet", 1),
    (r"(keras_)?efficientnet", "vision/classification/cnn/efficientnet", 1),
    (r"(keras_|paddle_)?mobilenet|mnasnet|paddle_lcnet", "vision/classification/cnn/mobile", 1),
    (r"vgg|alexnet|squeezenet", "vision/classification/cnn/early", 1),
    (r"convnext|densenet|googlenet|inception|xception|jax_cnn", "vision/classification/cnn/other", 1),
    (r"bert|distilbert", "text/encoder/bert", 0.6),
    (r"t5_", "text/seq2seq/t5", 0.5),
    (r"gpt2|llama", "text/decoder", 0.5),
    (r"whisper", "audio/whisper", 0.5),
    (r"lstm|gru|keras_lstm", "sequence/recurrent", 0.4),
    (r".*transformer|paddle_encoder", "sequence/transformer", 0.4),
    (r"sklearn|lightgbm|xgboost", "tabular/classical", 0.15),
    (r"", "misc", 0.3),
)
WIDTHS = [fractions.Fraction(a, b) for a, b in ((1, 2), (3, 4), (5, 4), (3, 2), (2, 1))]
BATCHES = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256]
BATCH_NAMES = ["N", "B", "n", "bs", "batch_size", "batch_dim", "dynamic_batch", "samples", "images"]
IMAGE_SIZES = [128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 512, 576, 640, 768]
LENGTHS = [8, 16, 32, 48, 64, 96, 128, 192, 256, 384, 512]
WORDS = ["backbone", "model", "net", "encoder", "body", "module", "features", "base", "student",
         "teacher", "ema", "tower", "trunk", "inner", "wrapped", "main", "stage", "export", "core", "m"]


def point(height, width, batch=3, seq=24, past=40):
    return {"batch": batch, "s0": batch, "height": height, "width": width, "s2": 224, "seq": seq,
            "past": past, "total": seq + past}


# Sizes at which a graph is looked at: the first pair that it takes. What holds at both holds at others.
POINTS = tuple((point(a, b), point(c, d, 5, 28, 44))
               for a, b, c, d in ((256, 256, 320, 384), (512, 512, 640, 768), (224, 224, 224, 224)))


# ---- Reading graphs ---------------------------------------------------------------------------

def subgraphs(node):
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def graphs_of(graph):
    yield graph
    for node in graph.node:
        for inner in subgraphs(node):
            yield from graphs_of(inner)


def dims_of(value):
    return value.type.tensor_type.shape.dim


def attribute_of(node, name, default=None):
    for attribute in node.attribute:
        if attribute.name == name:
            return onnx.helper.get_attribute_value(attribute)
    return default


def default_opset(model):
    """The version of the default domain; None where it is not stated once."""
    versions = [o.version for o in model.opset_import if o.domain in ("", "ai.onnx")]
    return versions[0] if len(versions) == 1 else None


def true_inputs(model):
    stored = {t.name for t in model.graph.initializer}
    return [i for i in model.graph.input if i.name not in stored]


def is_stored(tensor):
    return tensor.data_location != onnx.TensorProto.EXTERNAL


def constants_of(graph):
    """Small constants by name."""
    found = {}
    tensors = [(t.name, t) for t in graph.initializer]
    for node in graph.node:
        if node.op_type == "Constant" and node.output:
            value = attribute_of(node, "value")
            if isinstance(value, onnx.TensorProto):
                tensors.append((node.output[0], value))
            elif node.attribute and node.attribute[0].name in ("value_ints", "value_int"):
                found[node.output[0]] = np.array(attribute_of(node, node.attribute[0].name), np.int64)
    for name, tensor in tensors:
        if is_stored(tensor) and math.prod(tensor.dims) <= 64:
            found[name] = numpy_helper.to_array(tensor)
    return found


def small_value(node, values, shapes):
    """What a node that computes with sizes gives, where that is known."""
    op = node.op_type
    if op == "Shape":
        shape = shapes.get(node.input[0])
        if shape is None:
            return None
        start, end = attribute_of(node, "start", 0), attribute_of(node, "end", len(shape[1]))
        return np.array(shape[1][start:end], np.int64)
    if not node.input or any(i and i not in values for i in node.input):
        return None
    x = [values[i] if i else None for i in node.input]
    if op == "Gather":
        return np.take(x[0], x[1], axis=attribute_of(node, "axis", 0))
    if op == "Concat":
        return np.concatenate(x, axis=attribute_of(node, "axis", 0))
    if op == "Unsqueeze":
        axes = x[1].tolist() if len(x) > 1 else attribute_of(node, "axes")
        return np.expand_dims(x[0], tuple(axes))
    if op == "Squeeze":
        axes = x[1].tolist() if len(x) > 1 else attribute_of(node, "axes")
        return np.squeeze(x[0], None if axes is None else tuple(axes))
    if op == "Slice" and len(x) >= 3 and x[0].ndim == 1 and x[1].size == 1:
        step = int(x[4].flat[0]) if len(x) > 4 and x[4] is not None else 1
        return x[0][int(x[1].flat[0]):int(x[2].flat[0]):step]
    if op == "Cast":
        to = attribute_of(node, "to")
        if to in (onnx.TensorProto.INT64, onnx.TensorProto.INT32, onnx.TensorProto.FLOAT):
            return x[0].astype(onnx.helper.tensor_dtype_to_np_dtype(to))
    if op == "Div":
        return x[0] // x[1] if x[0].dtype.kind == "i" else x[0] / x[1]
    easy = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Floor": np.floor, "Identity": np.copy,
            "Neg": np.negative, "Mod": np.mod}
    return np.asarray(easy[op](*x)) if op in easy else None


def fold_sizes(graph, shapes):
    """Makes constants of what computes with sizes; whether any was new."""
    values = constants_of(graph)
    folded = False
    for node in graph.node:
        if node.op_type == "Constant" or len(node.output) != 1 or node.output[0] in values:
            continue
        value = small_value(node, values, shapes)
        if value is not None and value.size <= 64:
            name = node.output[0]
            values[name] = value
            node.CopyFrom(onnx.helper.make_node("Constant", [], [name],
                                                value=numpy_helper.from_array(value.copy())))
            folded = True
    return folded


def shapes_at(model, at):
    """Element types and shapes of all values at these sizes, and small values, as far as they are found.

    (None, None) where ONNX or `sizes_agree` finds the graph unsound there.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for value in copy.graph.input:
        for dim in dims_of(value):
            if dim.dim_param:
                dim.dim_value = int(dim.dim_param) if dim.dim_param.isdigit() else at.get(dim.dim_param, 16)
    del copy.graph.value_info[:]
    for value in copy.graph.output:
        value.type.tensor_type.ClearField("shape")
    for _ in range(8):
        try:
            inferred = shape_inference.infer_shapes(copy, strict_mode=True)
        except shape_inference.InferenceError:
            return None, None
        shapes = {t.name: (t.data_type, tuple(t.dims)) for t in copy.graph.initializer}
        for value in (*inferred.graph.value_info, *inferred.graph.input, *inferred.graph.output):
            kind = value.type.tensor_type
            if kind.HasField("shape") and all(d.HasField("dim_value") for d in kind.shape.dim):
                shapes[value.name] = (kind.elem_type, tuple(d.dim_value for d in kind.shape.dim))
        if not fold_sizes(copy.graph, shapes):
            break
    return (shapes, constants_of(copy.graph)) if sizes_agree(model.graph, shapes) else (None, None)


def sizes_agree(graph, shapes):
    """Sizes that must be equal and that ONNX's inference does not look at."""
    for node in graph.node:
        known = [shapes[i][1] if i in shapes else None for i in node.input]
        out = shapes[node.output[0]][1] if node.output and node.output[0] in shapes else None
        if node.op_type == "Conv" and known[0] and known[1]:
            group = attribute_of(node, "group", 1)
            if known[0][1] != known[1][1] * group or known[1][0] % group:
                return False
            if out and min(out) < 1:
                return False
        elif node.op_type == "BatchNormalization" and known[0] and known[1]:
            if any(k and k != (known[0][1],) for k in known[1:]):
                return False
        elif node.op_type == "Gemm" and known[0] and known[1]:
            inner = known[0][0 if attribute_of(node, "transA", 0) else 1]
            if inner != known[1][1 if attribute_of(node, "transB", 0) else 0]:
                return False
        elif node.op_type == "Reshape" and known[0] is not None and out is not None:
            if math.prod(known[0]) != math.prod(out):
                return False
    return True


# ---- Editing ----------------------------------------------------------------------------------

def bytes_of(model):
    return model.SerializeToString(deterministic=True)


def strip(tensor):
    """Leaves a tensor's data out; `number_strips` states the rest."""
    for field in ("raw_data", "float_data", "int32_data", "int64_data", "double_data", "uint64_data",
                  "external_data"):
        tensor.ClearField(field)
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=STRIPPED)


def stored_bytes(tensor):
    count = math.prod(tensor.dims)
    if tensor.data_type in (onnx.TensorProto.INT4, onnx.TensorProto.UINT4):
        return (count + 1) // 2
    return count * onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize


def tensors_of(graph):
    for inner in graphs_of(graph):
        yield from inner.initializer
        for node in inner.node:
            if node.op_type == "Constant":
                yield from (a.t for a in node.attribute if a.HasField("t"))


def number_strips(model):
    """Offsets and lengths of left out data, anew."""
    offset = 0
    for tensor in tensors_of(model.graph):
        if is_stored(tensor):
            continue
        size = stored_bytes(tensor)
        location = next(e.value for e in tensor.external_data if e.key == "location")
        del tensor.external_data[:]
        for key, value in (("location", location), ("offset", offset), ("length", size)):
            tensor.external_data.add(key=key, value=str(value))
        offset += size


def set_symbol(model, symbol, to):
    """A symbol's new name or number, wherever it stands; what was computed from it is then open."""
    token = re.compile(r"(?<![\w.])%s(?![\w.])" % re.escape(symbol))
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        if not value.type.HasField("tensor_type"):
            continue
        for dim in dims_of(value):
            if dim.dim_param == symbol:
                if isinstance(to, int):
                    dim.dim_value = to
                else:
                    dim.dim_param = to
            elif dim.dim_param and token.search(dim.dim_param):
                if isinstance(to, int):
                    dim.ClearField("dim_param")
                else:
                    dim.dim_param = token.sub(to, dim.dim_param)


def set_batch(model, base, to):
    symbol = base.batches[0]
    if isinstance(symbol, str):
        set_symbol(model, symbol, to)
        return
    del model.graph.value_info[:]
    for value in (*true_inputs(model), *model.graph.output):
        dim = dims_of(value)[0]
        dim.Clear()
        if isinstance(to, int):
            dim.dim_value = to
        else:
            dim.dim_param = to


def set_size(model, base, to):
    for symbol in base.size_symbols:
        set_symbol(model, symbol, to)
    if not base.size_symbols:
        del model.graph.value_info[:]
        dims = dims_of(true_inputs(model)[0])
        for axis in image_axes(dims):
            dims[axis].dim_value = to


def set_opset(model, version):
    for entry in model.opset_import:
        if entry.domain in ("", "ai.onnx"):
            entry.version = version
    model.ir_version = max(model.ir_version, onnx.helper.OP_SET_ID_VERSION_MAP[("ai.onnx", version)])


def add_prefix(model, word):
    def renamed(name):
        return name and ("/%s%s" if name.startswith("/") else "%s.%s") % (word, name)

    for graph in graphs_of(model.graph):
        for node in graph.node:
            node.name = renamed(node.name)
            node.input[:] = [renamed(n) for n in node.input]
            node.output[:] = [renamed(n) for n in node.output]
        for value in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
            value.name = renamed(value.name)
        for annotation in graph.quantization_annotation:
            annotation.tensor_name = renamed(annotation.tensor_name)
            for entry in annotation.quant_parameter_tensor_names:
                entry.value = renamed(entry.value)


def drop_unused(graph):
    """Constants and initializers that nothing reads, after nodes were taken out."""
    used = {name for inner in graphs_of(graph) for node in inner.node for name in node.input}
    used |= {value.name for inner in graphs_of(graph) for value in inner.output}
    for i in reversed(range(len(graph.initializer))):
        if graph.initializer[i].name not in used:
            del graph.initializer[i]
    for i in reversed(range(len(graph.node))):
        if graph.node[i].op_type == "Constant" and graph.node[i].output[0] not in used:
            del graph.node[i]
    made = {name for node in graph.node for name in node.output}
    for i in reversed(range(len(graph.value_info))):
        if graph.value_info[i].name not in made:
            del graph.value_info[i]


def repeated(nodes, entry, source, result, stored, suffix):
    """A copy of a block that reads `source`, with weights of its own: nodes, weights, its result."""
    names, weights, copies = {entry: source}, [], []
    for node in nodes:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.name = node.name and node.name + suffix
        for i, name in enumerate(node.input):
            tensor = stored.get(name)
            if tensor is not None and name not in names and tensor.dims and tensor.data_type in FLOATS:
                names[name] = name + suffix
                weights.append(onnx.TensorProto())
                weights[-1].CopyFrom(tensor)
                weights[-1].name = names[name]
            copy.input[i] = names.get(name, name)
        for i, name in enumerate(node.output):
            names[name] = copy.output[i] = name and name + suffix
        copies.append(copy)
    return copies, weights, names[result]


def set_depth(model, blocks, times):
    """Of the blocks by their index: 0 leaves one out, 3 puts two copies behind it."""
    graph = model.graph
    stored = {t.name: t for t in graph.initializer}
    instead, nodes, weights, at, copy = {}, [], [], 0, 0

    def take(more):
        for node in more:
            for inner in (graph_node for holder in subgraphs(node) for g in graphs_of(holder)
                          for graph_node in g.node):
                inner.input[:] = [instead.get(n, n) for n in inner.input]
            node.input[:] = [instead.get(n, n) for n in node.input]
            nodes.append(node)

    for index in sorted(times):
        first, last, entry, result = blocks[index]
        take(graph.node[at:first])
        inside, at = graph.node[first:last], last
        entry = instead.get(entry, entry)
        if not times[index]:
            take(n for n in inside if n.op_type == "Constant")
            instead[result] = entry
            continue
        take(inside)
        source = result
        for _ in range(1, times[index]):
            copy += 1
            copies, more, ahead = repeated([n for n in inside if n.op_type != "Constant"], entry, source,
                                           result, stored, "_again%d" % copy)
            nodes += copies
            weights += more
            source = ahead
        instead[result] = source
    take(graph.node[at:])
    nodes = [onnx.NodeProto.FromString(n.SerializeToString()) for n in nodes]
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(weights)
    drop_unused(graph)
    number_strips(model)


# ---- What a graph allows ----------------------------------------------------------------------

FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16,
          onnx.TensorProto.DOUBLE, onnx.TensorProto.INT8, onnx.TensorProto.UINT8)
PRODUCTS = ("Conv", "MatMul", "Gemm", "QLinearConv", "MatMulInteger", "MatMulNBits", "ConvInteger",
            "FusedMatMul", "Attention")
SUMS = ("Add", "Sum", "QLinearAdd", "SkipLayerNormalization")


def image_axes(dims):
    """Height and width of an input of images."""
    if len(dims) != 4:
        return ()
    return (2, 3) if dims[1].dim_value in (1, 3, 4) else (1, 2) if dims[3].dim_value in (1, 3) else ()


def blocks_of(graph, shapes, longest=260):
    """Residual blocks in a row, none in another: [first, last + 1, value in, value out].

    All that nodes between the two values make is read between them only, and the two are of one type and
    shape at all points. Where a graph has no sums, blocks of layers.
    """
    free = {t.name for t in graph.initializer}
    free |= {n.output[0] for n in graph.node if n.op_type == "Constant"}
    nodes, outputs = list(graph.node), {o.name for o in graph.output}
    maker, last_use, readers = {}, {}, collections.defaultdict(list)
    for i, node in enumerate(nodes):
        inner = [n for g in subgraphs(node) for below in graphs_of(g) for m in below.node for n in m.input]
        for name in (*node.input, *inner):
            last_use[name] = i
            readers[name].append(i)
        for name in node.output:
            maker[name] = i
    for name in outputs:
        last_use[name] = len(nodes)
        readers[name].append(len(nodes))
    types = {name: [s.get(name) for s in shapes] for name in maker}
    products = sum(n.op_type in PRODUCTS for n in nodes)

    def shortest(first, residual):
        alive, leaving, entries, sums, layers = 0, collections.Counter(), [], False, 0
        for i in range(first, min(len(nodes), first + longest)):
            node = nodes[i]
            if any(True for _ in subgraphs(node)) or node.domain not in ("", "com.microsoft"):
                return None
            if node.op_type == "Constant":
                continue
            outer = [n for n in node.input if n and n not in free and maker.get(n, -1) < first]
            entries += [n for n in outer if n not in entries]
            if len(entries) > 4:
                return None
            sums = sums or (node.op_type in SUMS and not any(n in free for n in node.input[:2]))
            layers += node.op_type in PRODUCTS and any(n in free for n in node.input)
            for name in node.output:
                if name and last_use.get(name, -1) > i:
                    alive += 1
                    leaving[last_use[name]] += 1
            alive -= leaving.pop(i, 0)
            result = node.output[0]
            if alive != 1 or last_use.get(result, -1) <= i or result in outputs:
                continue
            if layers * 2 > products:
                return None
            # What else comes in must be read elsewhere too: without the block nothing dies.
            alone = any(n in maker and all(first <= r <= i for r in readers[n]) for n in entries[1:])
            if layers and sums >= residual and entries and not alone and all(types[result]) and \
                    types[result] == types.get(entries[0]):
                return [first, i + 1, entries[0], result]
        return None

    for residual in (True, False):
        found, at = [], 0
        while at < len(nodes):
            block = shortest(at, residual) if nodes[at].op_type != "Constant" else None
            if block:
                found.append(block)
            at = block[1] if block else at + 1
        if len(found) >= 2:
            return found
    return []


class Axes:
    """Sizes of values that must be one: sets of (value, axis), and what is known of each set."""

    def __init__(self, model, shapes, values):
        self.graph, self.shapes, self.values = model.graph, shapes, values
        self.constants = constants_of(model.graph)
        self.opset = default_opset(model)
        self.readers = collections.defaultdict(list)
        for node in self.graph.node:
            for name in set(node.input):
                self.readers[name].append(node)
        self.weights = {n for n in shapes} - {n for node in self.graph.node for n in node.output
                                              if node.op_type not in ("Constant", "DequantizeLinear")}
        self.weights -= {i.name for i in true_inputs(model)}
        self.parent = {}
        self.pins, self.layers = set(), set()  # Keys: it stays; a layer's weights make it.
        self.sums, self.ratios = [], []  # (whole, parts); (one, factor, other = one * factor)
        self.entries = []  # (constant, index, key): a number in a constant that is this size

    def find(self, key):
        while (above := self.parent.get(key, key)) != key:
            self.parent[key] = key = self.parent.get(above, above)
        return key

    def size(self, key):
        return self.shapes[key[0]][1][key[1]]

    def rank(self, name):
        return len(self.shapes[name][1])

    def join(self, a, b):
        if self.size(a) == self.size(b):
            self.parent[self.find(a)] = self.find(b)

    def join_all(self, a, b):
        """All axes of two values, counted from the last, as in broadcasting."""
        for k in range(1, min(self.rank(a), self.rank(b)) + 1):
            self.join((a, self.rank(a) - k), (b, self.rank(b) - k))

    def pin(self, *names):
        for name in names:
            if name in self.shapes:
                self.pins |= {(name, k) for k in range(self.rank(name))}


def conv_axes(axes, node):
    x, w, y = node.input[0], node.input[1], node.output[0]
    group, inputs = attribute_of(node, "group", 1), axes.size((x, 1))
    if node.op_type == "ConvTranspose" and group == 1:
        axes.join((x, 1), (w, 0))
        axes.join((y, 1), (w, 1))
        axes.layers.add((w, 1))
    elif node.op_type == "ConvTranspose":
        axes.pin(x, w, y)
    else:
        axes.join((y, 1), (w, 0))
        if group == 1:
            axes.join((x, 1), (w, 1))
            axes.layers.add((w, 0))
        elif group == inputs == axes.size((w, 0)):
            axes.join((x, 1), (w, 0))
        elif axes.size((w, 1)) > 1:
            axes.ratios.append(((x, 1), fractions.Fraction(1, group), (w, 1)))
            axes.layers.add((w, 0))
        else:
            axes.pin(x, w)
    if len(node.input) > 2 and node.input[2]:
        axes.join((node.input[2], 0), (y, 1))


def norm_axes(axes, node):
    axes.join_all(node.input[0], node.output[0])
    for name in node.input[1:]:
        if name and node.op_type == "LayerNormalization":
            axes.join_all(name, node.input[0])
        elif name:
            axes.join((name, 0), (node.input[0], 1))


def broadcast_axes(axes, node):
    for name in node.input:
        if name:
            axes.join_all(name, node.output[0])


def same_axes(axes, node):
    axes.join_all(node.input[0], node.output[0])


def pool_axes(axes, node):
    for k in (0, 1):
        axes.join((node.input[0], k), (node.output[0], k))


def resize_axes(axes, node):
    if len(node.input) > 3 and node.input[3]:
        axes.pin(node.input[0], node.output[0])
    pool_axes(axes, node)


def quantize_axes(axes, node):
    axes.join_all(node.input[0], node.output[0])
    axis = attribute_of(node, "axis", 1) % max(1, axes.rank(node.input[0]))
    for name in node.input[1:]:
        if name and axes.rank(name) == 1:
            axes.join((name, 0), (node.input[0], axis))
        elif name and axes.rank(name) > 1:
            axes.pin(node.input[0])


def matmul_axes(axes, node):
    a, b, y = node.input[0], node.input[1], node.output[0]
    if min(axes.rank(a), axes.rank(b)) < 2:
        axes.pin(a, b, y)
        return
    last = axes.rank(y) - 1
    axes.join((a, axes.rank(a) - 1), (b, axes.rank(b) - 2))
    axes.join((a, axes.rank(a) - 2), (y, last - 1))
    axes.join((b, axes.rank(b) - 1), (y, last))
    for name in (a, b):
        for k in range(axes.rank(name) - 2):
            axes.join((name, k), (y, k + last + 1 - axes.rank(name)))
    if b in axes.weights:
        axes.layers.add((b, axes.rank(b) - 1))


def gemm_axes(axes, node):
    a, b, y = node.input[0], node.input[1], node.output[0]
    k, n = (1, 0) if attribute_of(node, "transB", 0) else (0, 1)
    inner, rows = (0, 1) if attribute_of(node, "transA", 0) else (1, 0)
    axes.join((a, inner), (b, k))
    axes.join((a, rows), (y, 0))
    axes.join((b, n), (y, 1))
    if len(node.input) > 2 and node.input[2]:
        axes.join_all(node.input[2], y)
    if b in axes.weights:
        axes.layers.add((b, n))


def concat_axes(axes, node):
    y = node.output[0]
    axis = attribute_of(node, "axis", 0) % axes.rank(y)
    for name in node.input:
        for k in range(axes.rank(y)):
            if k != axis:
                axes.join((name, k), (y, k))
    axes.sums.append(((y, axis), [(name, axis) for name in node.input]))


def split_axes(axes, node):
    x = node.input[0]
    axis = attribute_of(node, "axis", 0) % axes.rank(x)
    stated = node.input[1] if len(node.input) > 1 else ""
    for i, y in enumerate(node.output):
        for k in range(axes.rank(x)):
            if k != axis:
                axes.join((x, k), (y, k))
        part = fractions.Fraction(axes.size((y, axis)), axes.size((x, axis)))
        axes.ratios.append(((x, axis), part, (y, axis)))
        if stated:
            axes.entries.append((stated, i, (y, axis)))
    if attribute_of(node, "split") is not None or stated and stated not in axes.constants:
        axes.pin(x)


def transpose_axes(axes, node):
    x, y = node.input[0], node.output[0]
    for k, source in enumerate(attribute_of(node, "perm", range(axes.rank(x))[::-1])):
        axes.join((y, k), (x, source))


def flatten_axes(axes, node):
    x, y = node.input[0], node.output[0]
    if attribute_of(node, "axis", 1) != 1 or axes.rank(x) < 2:
        axes.pin(x, y)
        return
    axes.pins |= {(x, k) for k in range(2, axes.rank(x))}
    axes.ratios.append(((x, 1), fractions.Fraction(axes.size((y, 1)), axes.size((x, 1))), (y, 1)))


def reshape_axes(axes, node):
    """Where only ones come or go, or all behind the first axis becomes one."""
    x, y = node.input[0], node.output[0]
    before, after = axes.shapes[x][1], axes.shapes[y][1]
    long_x = [k for k, size in enumerate(before) if size != 1]
    long_y = [k for k, size in enumerate(after) if size != 1]
    if [before[k] for k in long_x] == [after[k] for k in long_y]:
        for a, b in zip(long_x, long_y):
            axes.join((x, a), (y, b))
    elif len(after) == 2 and len(before) > 2 and before[0] == after[0]:
        axes.pins |= {(x, k) for k in range(2, len(before))}
        axes.ratios.append(((x, 1), fractions.Fraction(after[1], before[1]), (y, 1)))
        long_y = [1]
    else:
        axes.pin(x, y)
    if node.op_type != "Reshape":
        return
    stated = axes.values.get(node.input[1])
    for k in long_y:
        if stated is None or stated[k] > 0 and node.input[1] not in axes.constants:
            axes.pins.add((y, k))
        elif stated[k] > 0:
            axes.entries.append((node.input[1], k, (y, k)))


def reduce_axes(axes, node):
    x, y = node.input[0], node.output[0]
    stated = attribute_of(node, "axes")
    if stated is None and len(node.input) > 1 and node.input[1]:
        stated = axes.values.get(node.input[1])
    if stated is None:
        axes.pin(x, y)
        return
    gone = {int(k) % axes.rank(x) for k in np.atleast_1d(stated)}
    keep = attribute_of(node, "keepdims", 1)
    rest = [k for k in range(axes.rank(x)) if keep or k not in gone]
    for at, k in enumerate(rest):
        if k not in gone:
            axes.join((x, k), (y, at))


def gather_axes(axes, node):
    x, at, y = node.input[0], node.input[1], node.output[0]
    axis = attribute_of(node, "axis", 0) % axes.rank(x)
    axes.pins.add((x, axis))
    for k in range(axis):
        axes.join((x, k), (y, k))
    for k in range(axes.rank(at)):
        axes.join((at, k), (y, axis + k))
    for k in range(axis + 1, axes.rank(x)):
        axes.join((x, k), (y, k - 1 + axes.rank(at)))


def pad_axes(axes, node):
    x, y = node.input[0], node.output[0]
    pads = attribute_of(node, "pads")
    if pads is None:
        pads = axes.values.get(node.input[1])
    if pads is None or len(pads) != 2 * axes.rank(x):
        axes.pin(x, y)
        return
    for k in range(axes.rank(x)):
        if pads[k] or pads[k + axes.rank(x)]:
            axes.pins |= {(x, k), (y, k)}
        else:
            axes.join((x, k), (y, k))


def only_slices(axes, name, sliced):
    """Whether all that is computed from a size says where `sliced` is cut."""
    for node in axes.readers[name]:
        if node.op_type == "Slice":
            if node.input[0] != sliced or name == sliced:
                return False
        elif node.op_type not in ("Gather", "Add", "Div", "Mul", "Sub", "Cast", "Floor", "Unsqueeze", "Squeeze",
                                  "Concat", "Identity") or not only_slices(axes, node.output[0], sliced):
            return False
    return True


def shape_axes(axes, node):
    """Pins the sizes that are looked at."""
    x = node.input[0]
    first = attribute_of(node, "start", 0) % max(1, axes.rank(x))
    for reader in axes.readers[node.output[0]]:
        if only_slices(axes, reader.output[0], x) and axes.readers[reader.output[0]]:
            continue
        at = axes.constants.get(reader.input[1]) if len(reader.input) > 1 else None
        if reader.op_type == "Gather" and at is not None:
            looked = np.atleast_1d(at).tolist()
        elif reader.op_type == "Slice" and at is not None and reader.input[2] in axes.constants:
            last = int(axes.constants[reader.input[2]].flat[0])
            looked = range(axes.rank(x))[slice(int(at.flat[0]), last)]
        else:
            looked = axes.values.get(node.output[0], range(axes.rank(x)))
            looked = range(len(looked))
        axes.pins |= {(x, (k + first) % axes.rank(x)) for k in looked}


def slice_axes(axes, node):
    x, y = node.input[0], node.output[0]
    computed = len(node.input) > 2 and not set(node.input[1:3]) <= set(axes.constants)
    for k in range(axes.rank(x)):
        if axes.size((x, k)) == axes.size((y, k)):
            axes.join((x, k), (y, k))
        elif computed and all(n in axes.constants or only_slices(axes, n, x) for n in node.input[1:3]):
            axes.ratios.append(((x, k), fractions.Fraction(axes.size((y, k)), axes.size((x, k))), (y, k)))
        else:
            axes.pins |= {(x, k), (y, k)}


def rules(function, *names):
    return {name: function for name in names}


AXES_OF = {
    **rules(conv_axes, "Conv", "ConvTranspose"),
    **rules(norm_axes, "BatchNormalization", "InstanceNormalization", "LayerNormalization"),
    **rules(broadcast_axes, "Add", "Sub", "Mul", "Div", "Pow", "Sum", "Max", "Min", "Where", "PRelu", "Equal",
            "Less", "Greater"),
    **rules(same_axes, "Relu", "Sigmoid", "HardSwish", "HardSigmoid", "Clip", "LeakyRelu", "Elu", "Erf", "Sqrt",
            "Tanh", "Exp", "Log", "Neg", "Abs", "Identity", "Cast", "Dropout", "Gelu", "Softmax", "LogSoftmax",
            "Softplus", "Reciprocal", "Mish"),
    **rules(pool_axes, "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"),
    **rules(resize_axes, "Resize"),
    **rules(quantize_axes, "QuantizeLinear", "DequantizeLinear"),
    **rules(matmul_axes, "MatMul"),
    **rules(gemm_axes, "Gemm"),
    **rules(concat_axes, "Concat"),
    **rules(split_axes, "Split"),
    **rules(transpose_axes, "Transpose"),
    **rules(flatten_axes, "Flatten"),
    **rules(reshape_axes, "Reshape", "Squeeze", "Unsqueeze"),
    **rules(reduce_axes, "ReduceMean", "ReduceSum", "ReduceMax", "ReduceL2"),
    **rules(gather_axes, "Gather"),
    **rules(pad_axes, "Pad"),
    **rules(shape_axes, "Shape"),
    **rules(slice_axes, "Slice"),
}


def axes_of(model, shapes, values):
    """Reads a graph: which sizes are one, which stay."""
    axes = Axes(model, shapes, values)
    for node in model.graph.node:
        names = [n for n in (*node.input, *node.output) if n]
        if node.op_type == "Constant":
            continue
        rule = AXES_OF.get(node.op_type) if node.domain in ("", "ai.onnx") else None
        optional = node.input[1:] if node.op_type in ("Resize", "Clip", "Dropout") else ()
        if rule and all(n in shapes for n in names if n not in optional):
            rule(axes, node)
        else:
            axes.pin(*names)
    axes.pin(*(v.name for v in (*true_inputs(model), *model.graph.output)))
    axes.pins = {axes.find(key) for key in axes.pins}
    axes.pins |= {axes.find(key) for key in axes.layers if axes.size(key) == 1}
    while True:  # What stays makes others stay.
        more = set()
        for whole, parts in axes.sums:
            if axes.find(whole) in axes.pins:
                more |= {axes.find(part) for part in parts}
        for one, _, other in axes.ratios:
            if {axes.find(one), axes.find(other)} & axes.pins:
                more |= {axes.find(one), axes.find(other)}
        if more <= axes.pins:
            break
        axes.pins |= more
    axes.layers = {axes.find(key) for key in axes.layers} - axes.pins
    # A width of a few side layers is none.
    weights = collections.Counter()
    for tensor in model.graph.initializer:
        if tensor.data_type in FLOATS and len(tensor.dims) > 1:
            free = any(axes.find((tensor.name, k)) not in axes.pins for k in range(len(tensor.dims)))
            weights[free] += math.prod(tensor.dims)
    return axes if weights[True] > weights[False] / 4 else None


def sizes_at_width(axes, factor):
    """The new size of a key, as a function; it raises ValueError where there is none."""
    wholes = {axes.find(whole): parts for whole, parts in axes.sums}
    ratios = {axes.find(other): (one, part) for one, part, other in axes.ratios}
    known = {}

    def new(key):
        top = axes.find(key)
        if top in known:
            if known[top] is None:
                raise ValueError("a size that depends on itself")
            return known[top]
        known[top] = None
        size = axes.size(top)
        if top not in axes.pins:
            if top in wholes:
                size = sum(new(part) for part in wholes[top])
            elif top in ratios:
                one, part = ratios[top]
                size = new(one) * part
                if size.denominator != 1:
                    raise ValueError("a part of a channel")
                size = int(size)
            elif top in axes.layers:
                size = max(1, round(size * factor))
        known[top] = size
        return size

    return new


def set_width(model, axes, factor):
    """Scales the channels; False where that is not possible or changes nothing."""
    new = sizes_at_width(axes, factor)
    graph, changed = model.graph, False
    named = [(t.name, t) for t in graph.initializer]
    named += [(n.output[0], a.t) for n in graph.node if n.op_type == "Constant" for a in n.attribute
              if a.HasField("t")]
    try:
        for name, tensor in named:
            dims = [new((name, k)) if name in axes.shapes else d for k, d in enumerate(tensor.dims)]
            if dims != list(tensor.dims):
                if tensor.data_type not in FLOATS:
                    return False
                tensor.dims[:] = dims
                strip(tensor)
                changed = True
        entries = collections.defaultdict(dict)
        for name, index, key in axes.entries:
            if entries[name].setdefault(index, new(key)) != new(key):
                return False
        for name, tensor in named:
            if name in entries:
                numbers = numpy_helper.to_array(tensor).copy()
                for index, number in entries[name].items():
                    numbers[index] = number
                label = tensor.name
                tensor.CopyFrom(numpy_helper.from_array(numbers, label))
        for node in graph.node:
            if node.op_type == "Conv" and attribute_of(node, "group", 1) > 1 and node.input[0] in axes.shapes:
                for attribute in node.attribute:
                    if attribute.name == "group" and attribute.i == axes.size((node.input[0], 1)):
                        attribute.i = new((node.input[0], 1))
        for value in graph.value_info:
            if value.name in axes.shapes:
                for k, dim in enumerate(dims_of(value)):
                    if dim.dim_value and new((value.name, k)) != axes.size((value.name, k)):
                        dim.dim_value = new((value.name, k))
    except ValueError:
        return False
    number_strips(model)
    return changed


def opsets_of(model):
    """Versions of the default domain in which every operator is what it is here."""
    version = default_opset(model)
    if version is None or model.functions:
        return []
    used = {n.op_type for g in graphs_of(model.graph) for n in g.node if n.domain in ("", "ai.onnx")}
    newest = min(onnx.defs.onnx_opset_version(), version + 6)

    def since(op, at):
        try:
            return onnx.defs.get_schema(op, max_inclusive_version=at, domain="").since_version
        except onnx.defs.SchemaError:
            return None

    return [v for v in range(max(7, version - 6), newest + 1)
            if v != version and all(since(op, v) == since(op, version) for op in used)]


def sizes_of(model, shapes, at):
    """Sizes of images or lengths of text that the graph can take, and their symbols."""
    inputs = true_inputs(model)
    symbols = {d.dim_param for i in inputs for d in dims_of(i) if d.dim_param}
    if "seq" in symbols and not symbols & {"total", "past"}:
        return LENGTHS, ("seq",)
    ops = {n.op_type for n in model.graph.node}
    names = ("height", "width") if {"height", "width"} <= symbols else ()
    if not shapes or "seq" in symbols:
        return [], ()
    if not names and (len(inputs) != 1 or not image_axes(dims_of(inputs[0])) or
                      not ops & {"GlobalAveragePool", "ReduceMean"} or
                      any(o and o not in shapes for n in model.graph.node for o in n.output)):
        return [], ()

    def sound(size):
        trial = onnx.ModelProto()
        trial.CopyFrom(model)
        if not names:
            dims = dims_of(true_inputs(trial)[0])
            for k in image_axes(dims):
                dims[k].dim_value = size
        then = shapes_at(trial, {**at, "height": size, "width": size} if names else at)[0]
        # A pool over the whole image, or sizes that the exporter left open, let others in.
        return then and (names or len(then) >= len(shapes) and
                         all(then.get(o.name) == shapes.get(o.name) for o in model.graph.output))

    # Odd multiples tell what sizes must be multiples of.
    unit = next((u for u, size in ((32, 288), (64, 320), (128, 640)) if sound(size)), None)
    if unit is None:
        return ([224], names) if names and sound(224) else ([], ())
    least = next((size for size in (128, 256, 512) if sound(size)), None)
    return [s for s in IMAGE_SIZES if least and s >= least and s % unit == 0], names


def batch_of(model, at):
    """The batch's symbol, or 1 where it is that number and another one is as sound; or nothing."""
    inputs = true_inputs(model)
    if any(not i.type.HasField("tensor_type") or not dims_of(i) for i in inputs):
        return ()
    symbols = {d.dim_param for i in inputs for d in dims_of(i)}
    for symbol in ("batch", "s0"):
        if symbol in symbols:
            return (symbol,)
    if any(dims_of(i)[0].dim_value != 1 for i in (*inputs, *model.graph.output) if dims_of(i)):
        return ()
    trial = onnx.ModelProto()
    trial.CopyFrom(model)
    for value in true_inputs(trial):
        dims_of(value)[0].dim_value = 6
    then = shapes_at(trial, at)[0]
    sound = then and all(then.get(o.name, (0, (0,)))[1][0] == 6 for o in model.graph.output)
    return (1,) if sound else ()


# ---- Bases ------------------------------------------------------------------------------------

class Base:
    """An export, and what can be done with it; looked at when it is first used."""

    def __init__(self, path, folder, often, data):
        self.path, self.folder, self.data = path, folder, data
        self.often = often * min(1, 60_000 / len(data))  # Large models are rare.
        self.name = os.path.splitext(os.path.basename(path))[0]
        self.used, self.widths, self.known = set(), {}, False

    def look(self):
        if self.known:
            return
        self.known = True
        model = onnx.ModelProto.FromString(self.data)
        for self.at, other in POINTS:
            self.shapes, values = shapes_at(model, self.at)
            others = shapes_at(model, other)[0] if self.shapes else None
            if others:
                break
        self.blocks = blocks_of(model.graph, [self.shapes, others]) if others else []
        self.axes = axes_of(model, self.shapes, values) if others and not model.functions else None
        self.batches = batch_of(model, self.at)
        self.sizes, self.size_symbols = sizes_of(model, others and self.shapes, self.at)
        self.opsets = opsets_of(model)

    def wide(self, factor):
        """The model at a width, and its blocks whose two ends are as wide; None where it has none."""
        if factor not in self.widths:
            model = onnx.ModelProto.FromString(self.data)
            then = set_width(model, self.axes, factor) and shapes_at(model, self.at)[0]
            sound = then and len(then) >= len(self.shapes) and \
                all(then.get(o.name) == self.shapes.get(o.name) for o in model.graph.output)
            self.widths[factor] = sound and (
                bytes_of(model), [i for i, b in enumerate(self.blocks) if then.get(b[2]) == then.get(b[3])])
        return self.widths[factor]


def bases_in(folders):
    """All models in the folders that are not huge, each content once."""
    found, seen = [], set()
    for folder in folders:
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            if not name.endswith(".onnx") or not os.path.isfile(path) or os.path.getsize(path) > HUGE:
                continue
            with open(path, "rb") as file:
                data = file.read()
            if data in seen:
                continue
            try:
                onnx.ModelProto.FromString(data)
            except DecodeError:
                sys.exit("make_zoo.py: %s: is no ONNX model; take it out of the folder" % path)
            seen.add(data)
            where, often = next((w, o) for pattern, w, o in FAMILIES if re.match(pattern, name))
            inside = os.path.realpath(path).startswith(os.path.realpath(ROOT) + os.sep)
            found.append(Base(os.path.relpath(path, ROOT) if inside else path, where, often, data))
    return found


def chosen(rng, base):
    """A variation that this base has not had yet: pairs of kind and value."""
    base.look()
    for attempt in range(100):
        kinds = ["names"] + ["width"] * bool(base.axes) + ["depth"] * bool(base.blocks)
        kinds += ["batch"] * bool(base.batches) + ["size"] * bool(base.sizes) + ["opset"] * bool(base.opsets)
        many = rng.choices((0, 1, 2, 3), (3, 40, 37, 20))[0]
        picked = set(rng.sample(kinds, min(many, len(kinds)))) | ({"names"} if attempt > 50 else set())
        spec = []
        blocks = range(len(base.blocks))
        if "width" in picked:
            spec.append(("width", rng.choice(WIDTHS)))
            if not base.wide(spec[0][1]):
                continue
            blocks = base.wide(spec[0][1])[1]
        if "depth" in picked and blocks:
            count = rng.randint(1, max(1, min(5, len(blocks) // 3)))
            times = {i: rng.choice((0, 0, 2, 2, 3)) for i in rng.sample(blocks, count)}
            spec.append(("depth", tuple(sorted(times.items()))))
        if "opset" in picked:
            spec.append(("opset", rng.choice(base.opsets)))
        if "batch" in picked:
            spec.append(("batch", rng.choice(BATCHES if rng.random() < 0.7 else BATCH_NAMES)))
        if "size" in picked:
            spec.append(("size", rng.choice(base.sizes)))
        if "names" in picked:
            spec.append(("names", rng.choice(WORDS) + rng.choice(("", "", "1", "2", "3", "_a", "_b"))))
        if tuple(spec) not in base.used:
            base.used.add(tuple(spec))
            return spec
    raise ValueError("%s: no more variations" % base.path)


def varied(base, spec):
    """The model with these variations."""
    wanted = dict(spec)
    model = onnx.ModelProto.FromString(base.wide(wanted["width"])[0] if "width" in wanted else base.data)
    for kind, value in spec:
        if kind == "depth":
            set_depth(model, base.blocks, dict(value))
        elif kind == "opset":
            set_opset(model, value)
        elif kind == "batch":
            set_batch(model, base, value)
        elif kind == "size":
            set_size(model, base, value)
        elif kind == "names":
            add_prefix(model, value)
    return model


def in_words(spec):
    """For the manifest, and for a file's name."""
    words, parts = [], []
    for kind, value in spec:
        if kind == "depth":
            less, more = sum(not n for _, n in value), sum(n - 1 for _, n in value if n)
            words.append("depth=" + "".join(["-%d" % less] * bool(less) + ["+%d" % more] * bool(more)))
            parts += ["less%d" % less] * bool(less) + ["more%d" % more] * bool(more)
            continue
        words.append("%s=%s" % (kind, value))
        parts.append("w%03d" % (value * 100) if kind == "width" else "op%d" % value if kind == "opset" else
                     "b%s" % value if kind == "batch" else str(value))
    return ";".join(words), "_".join(parts)


# ---- Broken files -----------------------------------------------------------------------------
# Each way takes a model and a source of chance and gives a file's bytes; None where the model lacks
# what it breaks. `assay analyze` refuses them all.

def weights_for(model, ops, at=1, rank=2):
    """Nodes of these kinds with their stored weights of at least this rank."""
    stored = {t.name: t for t in model.graph.initializer}
    return [(n, stored[n.input[at]]) for n in model.graph.node
            if n.op_type in ops and len(n.input) > at and n.input[at] in stored and
            len(stored[n.input[at]].dims) >= rank]


def chain_node(model, rng):
    """A node with one result that others read, somewhere in the middle."""
    read = {name for node in model.graph.node for name in node.input}
    nodes = [n for n in model.graph.node if n.op_type in ("Conv", "Gemm", "MatMul", "Add", "Mul", "Relu") and
             n.output[0] in read and not any(True for _ in subgraphs(n))]
    return rng.choice(nodes) if nodes else None


def cut_in_head(model, rng):
    return bytes_of(model)[:rng.randint(12, 300)]


def cut_in_middle(model, rng):
    data = bytes_of(model)
    return data[:rng.randint(len(data) * 3 // 10, len(data) * 9 // 10)]


def empty(model, rng):
    return b""


def noise(model, rng):
    return rng.randbytes(rng.randint(1_000, 60_000))


def web_page(model, rng):
    return (b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head>\n"
            b"<body><h1>Not Found</h1><p>The requested file was moved or deleted.</p></body></html>\n")


def lfs_pointer(model, rng):
    data = bytes_of(model)
    return b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n" % (
        hashlib.sha256(data).hexdigest().encode(), len(data))


def wire_type(model, rng):
    """Field 7, the graph, in a wire type that protobuf does not have."""
    data = bytes_of(model)
    return data[:2] + b"\x3f\x00" + data[2:]


def text_for_number(model, rng):
    data = bytes_of(model)
    return b"\x0a\x01%d" % (model.ir_version % 10) + data[2:]


def unknown_value(model, rng):
    node = chain_node(model, rng)
    if node is None:
        return None
    node.input[0] += "_missing"
    return bytes_of(model)


def cycle(model, rng):
    """A node reads its own result through those that read it."""
    node = chain_node(model, rng)
    if node is None:
        return None
    reader = next(n for n in model.graph.node if node.output[0] in n.input)
    node.input[0] = reader.output[0]
    return bytes_of(model)


def defined_twice(model, rng):
    nodes = [n for n in model.graph.node if n.op_type in ("Conv", "Gemm", "MatMul", "Add", "Mul")]
    if len(nodes) < 2:
        return None
    one, two = rng.sample(nodes, 2)
    two.output[0] = one.output[0]
    return bytes_of(model)


def negative_size(model, rng):
    found = weights_for(model, ("Conv", "Gemm", "MatMul", "Gather"))
    if not found:
        return None
    tensor = rng.choice(found)[1]
    tensor.dims[0] = -tensor.dims[0]
    return bytes_of(model)


def element_type(model, rng):
    if not model.graph.initializer:
        return None
    rng.choice(list(model.graph.initializer)).data_type = 99
    return bytes_of(model)


def conv_channels(model, rng):
    found = [(n, t) for n, t in weights_for(model, ("Conv",)) if attribute_of(n, "group", 1) == 1]
    if not found:
        return None
    tensor = rng.choice(found)[1]
    tensor.dims[1] += rng.randint(1, 8)
    strip(tensor)
    number_strips(model)
    return bytes_of(model)


def product_sizes(model, rng):
    found = weights_for(model, ("Gemm", "MatMul"))
    if not found:
        return None
    node, tensor = rng.choice(found)
    tensor.dims[1 if node.op_type == "Gemm" and attribute_of(node, "transB", 0) else 0] += rng.randint(1, 8)
    strip(tensor)
    number_strips(model)
    return bytes_of(model)


def reshape_count(model, rng):
    """A weight reshaped to one row more than it has."""
    found = weights_for(model, ("Conv", "Gemm", "MatMul"))
    if not found:
        return None
    node, tensor = rng.choice(found)
    name = tensor.name + "_reshaped"
    model.graph.initializer.append(numpy_helper.from_array(
        np.array([tensor.dims[0] + 1, *tensor.dims[1:]], np.int64), name + "_shape"))
    at = list(model.graph.node).index(node)
    node.input[1] = name
    nodes = [onnx.NodeProto.FromString(n.SerializeToString()) for n in model.graph.node]
    nodes.insert(at, onnx.helper.make_node("Reshape", [tensor.name, name + "_shape"], [name], name))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return bytes_of(model)


def no_else(model, rng):
    """A node becomes the one branch of an If."""
    node = chain_node(model, rng)
    if node is None:
        return None
    inner = onnx.NodeProto()
    inner.CopyFrom(node)
    result = onnx.ValueInfoProto(name=node.output[0] + "_then")
    inner.output[0] = result.name
    model.graph.initializer.append(numpy_helper.from_array(np.array(True), node.output[0] + "_cond"))
    node.CopyFrom(onnx.helper.make_node("If", [node.output[0] + "_cond"], [node.output[0]], node.name + "_if",
                                        then_branch=onnx.helper.make_graph([inner], "then", [], [result])))
    return bytes_of(model)


def escape(model, rng):
    outside = [t for t in model.graph.initializer if not is_stored(t)]
    if not outside:
        return None
    tensor = rng.choice(outside)
    for entry in tensor.external_data:
        if entry.key == "location":
            entry.value = rng.choice(("../../../weights.bin", "/var/models/weights.bin",
                                      "data/../../weights.bin"))
    return bytes_of(model)


def recursion(model, rng):
    node = chain_node(model, rng)
    if node is None or default_opset(model) is None:
        return None
    opsets = [onnx.helper.make_opsetid("", default_opset(model)), onnx.helper.make_opsetid("local", 1)]
    call = onnx.helper.make_node("Again", ["x"], ["y"], domain="local")
    model.functions.append(onnx.helper.make_function("local", "Again", ["x"], ["y"], [call], opsets))
    model.opset_import.append(opsets[1])
    node.CopyFrom(onnx.helper.make_node("Again", node.input[:1], node.output[:1], node.name, domain="local"))
    model.ir_version = max(8, model.ir_version)
    return bytes_of(model)


def no_nodes(model, rng):
    del model.graph.node[:]
    return bytes_of(model)


WAYS = (
    ("cut off in its head", cut_in_head),
    ("cut off in the middle", cut_in_middle),
    ("empty", empty),
    ("random bytes", noise),
    ("HTML page", web_page),
    ("Git LFS pointer", lfs_pointer),
    ("unknown wire type", wire_type),
    ("text where a number belongs", text_for_number),
    ("no nodes", no_nodes),
    ("value that nothing makes", unknown_value),
    ("cycle", cycle),
    ("value defined twice", defined_twice),
    ("negative size", negative_size),
    ("unknown element type", element_type),
    ("channels unlike the weights", conv_channels),
    ("inner sizes unlike", product_sizes),
    ("reshape to another count", reshape_count),
    ("If without else", no_else),
    ("external data outside the folder", escape),
    ("function that calls itself", recursion),
)


# ---- The folder -------------------------------------------------------------------------------

COPY_FOLDERS = ["archive/2023", "archive/2024", "deploy/production", "deploy/staging", "incoming"]
COPY_ENDINGS = ["_copy", "_final", "-1", "_v2", "_old", "_backup", "_prod", ".latest", "_final2"]


def no_models(rng):
    """Names and contents of files that a look at the content tells from models."""
    labels = "".join("class_%03d\n" % i for i in range(1000)).encode()
    table = b"".join(b"%d,%.4f\n" % (i, rng.random()) for i in range(50))
    picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0:~\x9bU" + rng.randbytes(2000)
    return [
        ("README.md", b"# Models\n\nExported, without weights.\n"), ("README.md", b"# Old ones\n"),
        ("labels.txt", labels), ("labels.txt", labels), ("classes.names", labels[:800]),
        ("weights.bin", rng.randbytes(50_000)), ("weights.bin", rng.randbytes(20_000)),
        ("model.onnx.data", rng.randbytes(80_000)), ("encoder.onnx.data", bytes(30_000)),
        ("decoder.onnx_data", rng.randbytes(10_000)),
        ("config.json", b'{"architectures": ["Model"], "hidden_size": 768}\n'),
        ("preprocessor_config.json", b'{"size": 224, "do_normalize": true}\n'),
        ("tokenizer.json", b'{"version": "1.0", "model": {"vocab": {"a": 0}}}\n'),
        ("preview.png", picture), ("photo.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0\1" + rng.randbytes(3000)),
        ("results.csv", b"step,loss\n" + table), ("export.py", b"#!/usr/bin/env python3\nimport torch\n"),
        ("checkpoint.pt", b"PK\x03\x04\x14\0\0\0\x08\0archive/data.pkl" + rng.randbytes(5000)),
        ("model.safetensors", (24).to_bytes(8, "little") + b'{"__metadata__":{}}     '),
        ("Thumbs.db", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)),
    ]


def shares(rng, bases, count):
    """A base for each of so many files: all come where there are enough files, the likely more often."""
    total = sum(base.often for base in bases)
    least = min(3, count // (2 * len(bases)))
    picked = [base for base in bases for _ in range(least)]
    wanted = [base.often / total * (count - len(picked)) for base in bases]
    picked += [base for base, share in zip(bases, wanted) for _ in range(int(share))]
    rest = sorted(range(len(bases)), key=lambda i: (int(wanted[i]) - wanted[i], i))
    picked += [bases[i] for i in rest[:count - len(picked)]]
    rng.shuffle(picked)
    return picked


def free_path(taken, folder, name, ending=".onnx"):
    """A path that no file has yet; names count as equal whatever the case."""
    for n in range(1, 10_000):
        path = "%s/%s%s%s" % (folder, name, "_%d" % n if n > 1 else "", ending)
        if path.lower() not in taken:
            taken.add(path.lower())
            return path
    raise ValueError("%s/%s: too many files of one name" % (folder, name))


def write(folder, path, data):
    path = os.path.join(folder, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def make(folder, files, seed, bases):
    rng = random.Random(seed)
    copies, broken = round(files * COPIES), round(files * BROKEN)
    taken, contents, rows = set(), set(), []

    def fresh(base):
        spec = chosen(rng, base)
        words, parts = in_words(spec)
        name = "%s_%s" % (base.name, parts) if parts else base.name
        return varied(base, spec), words, "%s/%s" % (base.folder, base.name), name

    for base in shares(rng, bases, files - copies - broken):
        while True:
            model, words, where, name = fresh(base)
            data = bytes_of(model)
            digest = hashlib.sha256(data).digest()
            if digest not in contents:
                break
        contents.add(digest)
        path = free_path(taken, where, name)
        write(folder, path, data)
        rows.append((path, base.path, words, "", ""))
    whole = list(rows)
    for path, base, words, _, _ in rng.sample(whole, copies):
        name = os.path.splitext(os.path.basename(path))[0]
        where = os.path.dirname(path) if rng.random() < 0.5 else rng.choice(COPY_FOLDERS)
        copy = free_path(taken, where, name + rng.choice(COPY_ENDINGS))
        with open(os.path.join(folder, path), "rb") as file:
            write(folder, copy, file.read())
        rows.append((copy, base, words, "", path))
    for i in range(broken):
        way, function = WAYS[i % len(WAYS)]
        data = None
        while data is None:
            base = rng.choices(bases, [base.often for base in bases])[0]
            model, words, where, name = fresh(base)
            data = function(model, rng)
        path = free_path(taken, where, name)
        write(folder, path, data)
        rows.append((path, base.path, words, way, ""))
    leaves = sorted({os.path.dirname(row[0]) for row in rows})
    for name, data in no_models(rng):
        stem, ending = name.split(".", 1)
        write(folder, free_path(taken, rng.choice(leaves), stem, "." + ending), data)
    with open(os.path.abspath(folder) + ".csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("path", "base", "variation", "broken", "copy_of"))
        writer.writerows(sorted(rows))
    sizes = [os.path.getsize(os.path.join(folder, row[0])) for row in rows]
    print("%d files of %d bases, %.1f MB: %d copies, %d broken" %
          (len(rows), len({row[1] for row in rows}), sum(sizes) / 1e6, copies, broken))


def main():
    parser = argparse.ArgumentParser(description="Makes a folder of many ONNX files, as people keep them.")
    parser.add_argument("folder", metavar="OUT_FOLDER", help="new or empty")
    parser.add_argument("--files", type=int, default=10_000, metavar="N", help="how many (10000)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="another folder of the kind (1)")
    parser.add_argument("--from", dest="sources", nargs="+", metavar="DIR",
                        default=[os.path.join(ROOT, "testdata", name) for name in ("models", "zoo")],
                        help="folders of models to vary (testdata/models and testdata/zoo)")
    args = parser.parse_args()
    if os.path.exists(args.folder) and (not os.path.isdir(args.folder) or os.listdir(args.folder)):
        sys.exit("make_zoo.py: %s: is not an empty folder; name a new one" % args.folder)
    for source in args.sources:
        if not os.path.isdir(source):
            sys.exit("make_zoo.py: %s: is no folder; name one that holds models" % source)
    bases = bases_in(args.sources)
    if not bases or args.files < 1:
        sys.exit("make_zoo.py: %s" % ("no file is wanted; give --files a number from 1 on" if bases else
                                      "no models of up to %d bytes in %s" % (HUGE, ", ".join(args.sources))))
    make(args.folder, args.files, args.seed, bases)


if __name__ == "__main__":
    main()
