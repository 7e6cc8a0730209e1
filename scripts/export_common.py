"""What the scripts that export test models share: reading, stripping, running.

Each `export_*.py` builds models in one framework and hands them to `finish`
(or, for PyTorch, uses the parts of it): the file is run in ONNX Runtime, its
outputs are compared with the framework's, its multiply-accumulates are added up
from the shapes of the executed nodes and compared with the number counted
another way, its weights are removed (see `strip`), and its row goes into the
manifest.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import importlib.metadata
import json
import math
import pathlib
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import onnx
import onnx.inliner
import onnxruntime

ROOT = pathlib.Path(__file__).resolve().parent.parent
DEFAULT_OUT = ROOT / "testdata" / "models"
STRIP_FLOAT_BYTES = 1024  # Larger floating-point payloads are removed.
STRIP_OTHER_BYTES = 64 * 1024  # Larger integer payloads are, where allowed.
STRIPPED_FILE = "stripped.bin"
# Metadata the exporters write for debugging: traces and paths of the machine.
DROPPED_METADATA = re.compile(
    r"stack_trace|fx_node|graph_signature|range_constraints|rewriter")
LOCAL_PATH = re.compile("|".join(re.escape(f"{folder}/") for folder in (
    "site-packages", sys.prefix, sys.base_prefix, ROOT,
    tempfile.gettempdir(), pathlib.Path.home())))

BSD3 = "BSD-3-Clause"
APACHE2 = "Apache-2.0"
AGPL3 = "AGPL-3.0"
MIT = "MIT"


# Reading models.


def subgraphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
  for attribute in node.attribute:
    if attribute.type == onnx.AttributeProto.GRAPH:
      yield attribute.g
    yield from attribute.graphs


def all_nodes(nodes) -> Iterator[onnx.NodeProto]:
  for node in nodes:
    yield node
    for graph in subgraphs(node):
      yield from all_nodes(graph.node)


def all_graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
  yield graph
  for node in graph.node:
    for inner in subgraphs(node):
      yield from all_graphs(inner)


def model_nodes(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
  yield from all_nodes(model.graph.node)
  for function in model.functions:
    yield from all_nodes(function.node)


def model_graphs(model: onnx.ModelProto) -> Iterator[onnx.GraphProto]:
  yield from all_graphs(model.graph)
  for function in model.functions:
    for node in all_nodes(function.node):
      yield from subgraphs(node)


def stored_tensors(
    model: onnx.ModelProto) -> Iterator[tuple[str, onnx.TensorProto]]:
  """Every stored tensor with the value name it defines."""
  for graph in model_graphs(model):
    for tensor in graph.initializer:
      yield tensor.name, tensor
  for node in model_nodes(model):
    if node.op_type == "Constant":
      for attribute in node.attribute:
        if attribute.name == "value":
          yield node.output[0], attribute.t


def used_names(model: onnx.ModelProto) -> set[str]:
  names = {name for node in model_nodes(model) for name in node.input}
  for graph in model_graphs(model):
    names |= {output.name for output in graph.output}
  for function in model.functions:
    names |= set(function.output)
  return names


INTEGERS = (onnx.TensorProto.BOOL, onnx.TensorProto.INT32,
            onnx.TensorProto.INT64, onnx.TensorProto.STRING,
            onnx.TensorProto.INT16, onnx.TensorProto.UINT16,
            onnx.TensorProto.UINT32, onnx.TensorProto.UINT64)


def count_parameters(model: onnx.ModelProto) -> tuple[int, int]:
  """Elements of all stored weights, and of those that nothing consumes."""
  used = used_names(model)
  total = unused = 0
  for name, tensor in stored_tensors(model):
    if tensor.data_type in INTEGERS or not tensor.dims:
      continue
    total += math.prod(tensor.dims)
    if name not in used:
      unused += math.prod(tensor.dims)
  return total, unused


# Stripping.


def payload_bytes(tensor: onnx.TensorProto) -> int:
  if onnx.TensorProto.DataType.Name(tensor.data_type) in (
      "INT4", "UINT4", "FLOAT4E2M1"):
    return (math.prod(tensor.dims) + 1) // 2
  dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
  return math.prod(tensor.dims) * dtype.itemsize


def clear_payload(tensor: onnx.TensorProto, offset: int, length: int) -> None:
  for field in ("raw_data", "float_data", "int32_data", "int64_data",
                "double_data", "uint64_data", "external_data"):
    tensor.ClearField(field)
  tensor.data_location = onnx.TensorProto.EXTERNAL
  for key, value in (("location", STRIPPED_FILE), ("offset", offset),
                     ("length", length)):
    tensor.external_data.add(key=key, value=str(value))


def clean(message) -> None:
  """Removes doc strings and debugging metadata from a message and below."""
  for field, value in message.ListFields():
    if field.name == "doc_string":
      message.ClearField("doc_string")
    elif field.name == "metadata_props":
      kept = [(p.key, p.value) for p in value
              if not DROPPED_METADATA.search(p.key)
              and not LOCAL_PATH.search(p.value)]
      message.ClearField("metadata_props")
      for key, text in kept:
        message.metadata_props.add(key=key, value=text)
    elif field.message_type is None or isinstance(message, onnx.TensorProto):
      continue
    elif hasattr(value, "add"):  # Repeated.
      for item in value:
        clean(item)
    else:
      clean(value)


def strip(model: onnx.ModelProto) -> None:
  """Declares large payloads as external data in a file that is not there.

  Floating-point payloads over 1 KiB are removed. Integers and booleans are
  kept, as shapes may depend on them, except for tensors over 64 KiB of rank 2
  and up: masks and index tables, never shapes.
  """
  clean(model)
  offset = 0
  for _, tensor in stored_tensors(model):
    size = payload_bytes(tensor)
    if tensor.data_type in INTEGERS:
      if size <= STRIP_OTHER_BYTES or len(tensor.dims) < 2:
        continue
    elif size <= STRIP_FLOAT_BYTES:
      continue
    clear_payload(tensor, offset, size)
    offset += size


# Counting.

def attention_macs(batch: int, queries: int, keys: int, qk: int, v: int) -> int:
  """QK^T and PV; `qk` and `v` are the widths of all heads together."""
  return batch * queries * keys * (qk + v)


def event_macs(node: onnx.NodeProto, inputs: list[list[int]],
               outputs: list[list[int]]) -> int:
  """Multiply-accumulates of one executed node, from its actual shapes."""
  attributes = {a.name: onnx.helper.get_attribute_value(a)
                for a in node.attribute}
  kind = node.op_type
  if kind in ("Conv", "ConvInteger", "FusedConv"):
    return math.prod(outputs[0]) * math.prod(inputs[1][1:])
  if kind == "QLinearConv":  # x, its scale and zero point, w, ...
    return math.prod(outputs[0]) * math.prod(inputs[3][1:])
  if kind == "ConvTranspose":
    return math.prod(inputs[0]) * math.prod(inputs[1][1:])
  if kind in ("MatMul", "MatMulInteger", "QLinearMatMul", "FusedMatMul",
              "DynamicQuantizeMatMul"):
    inner = -2 if attributes.get("transA") else -1
    return math.prod(outputs[0]) * inputs[0][inner]
  if kind == "MatMulNBits":
    return math.prod(outputs[0]) * attributes["K"]
  if kind in ("Gemm", "QGemm"):
    return math.prod(outputs[0]) * inputs[0][0 if attributes.get("transA")
                                             else 1]
  if kind == "Einsum":
    terms = attributes["equation"].decode().split("->")[0].split(",")
    if len(terms) < 2:
      return 0
    sizes = {}
    for term, shape in zip(terms, inputs):
      sizes |= dict(zip(term.strip(), shape))
    return math.prod(sizes.values())
  if kind in ("LSTM", "GRU", "RNN"):
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[kind]
    hidden = attributes["hidden_size"]
    directions = 2 if attributes.get("direction") == b"bidirectional" else 1
    seq, batch, size = inputs[0]
    return seq * batch * directions * gates * hidden * (size + hidden)
  if kind == "Attention" and node.domain == "com.microsoft":
    # input [batch, seq, width], weights [width, q + k + v] with v = output.
    batch, queries, width = inputs[0]
    projected, v = inputs[1][1], outputs[0][2]
    keys = outputs[1][3] if len(outputs) > 1 else queries
    return (batch * queries * width * projected +
            attention_macs(batch, queries, keys, (projected - v) // 2, v))
  if kind == "MultiHeadAttention":
    q, k, v = inputs[:3]
    keys = outputs[1][2] if len(outputs) > 1 else k[1]
    return attention_macs(q[0], q[1], keys, q[2], v[2])
  if kind == "Attention":
    q, k, v = inputs[:3]
    if len(q) == 3:
      heads = attributes["q_num_heads"]
      return q[0] * q[1] * k[1] * (q[2] + heads * v[2] //
                                   attributes["kv_num_heads"])
    past = inputs[4][2] if len(inputs) > 4 and inputs[4] else 0
    return q[0] * q[1] * q[2] * (k[2] + past) * (q[3] + v[3])
  if kind in ("LinearClassifier", "LinearRegressor"):
    return inputs[0][0] * len(attributes["coefficients"])
  if kind in ("SVMClassifier", "SVMRegressor"):
    return inputs[0][0] * len(attributes.get("support_vectors") or
                              attributes["coefficients"])
  return 0


def run_onnx(path: pathlib.Path, feeds: dict[str, np.ndarray],
             folder: pathlib.Path) -> tuple[list[np.ndarray], int]:
  """Runs the model; returns its outputs and the MACs of the executed nodes."""
  model = onnx.load(path, load_external_data=False)
  if model.functions:
    model = onnx.inliner.inline_local_functions(model)
  nodes = {}
  for index, node in enumerate(all_nodes(model.graph.node)):
    node.name = f"n{index}"
    nodes[node.name] = node
  named = path.with_suffix(".named.onnx")
  onnx.save(model, named)
  options = onnxruntime.SessionOptions()
  options.graph_optimization_level = (
      onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL)
  options.enable_profiling = True
  # A weight that was packed anew is missing from the profile's inputs.
  options.add_session_config_entry("session.disable_prepacking", "1")
  options.log_severity_level = 3
  options.profile_file_prefix = str(folder / "profile")
  session = onnxruntime.InferenceSession(
      named, options, providers=["CPUExecutionProvider"])
  wanted = [i.name for i in session.get_inputs()]
  if not set(wanted) & set(feeds):  # The exporter chose its own names.
    feeds = dict(zip(wanted, feeds.values()))
  outputs = session.run(None, {k: feeds[k] for k in wanted})
  events = json.loads(pathlib.Path(session.end_profiling()).read_text())
  macs = 0
  for event in events:
    arguments = event.get("args", {})
    name = event["name"].removesuffix("_kernel_time")
    if name not in nodes or "input_type_shape" not in arguments:
      continue
    shapes = [[next(iter(s.values())) for s in arguments[key]]
              for key in ("input_type_shape", "output_type_shape")]
    macs += event_macs(nodes[name], *shapes)
  return outputs, macs


# Manifest.

COLUMNS = ("file", "origin", "exporter", "versions", "licence", "opset", "dims",
           "parameters", "parameters_unused", "macs", "macs_by", "notes")


def version(package: str) -> str:
  return f"{package} {importlib.metadata.version(package).split('+')[0]}"

def update_manifest(path: pathlib.Path, made: list[dict[str, str]]) -> None:
  """Replaces rows of the same file in their place, adds the others below."""
  rows = {}
  if path.exists():
    with path.open(newline="") as file:
      rows = {row["file"]: row for row in csv.DictReader(file)}
  rows |= {row["file"]: row for row in made}
  with path.open("w", newline="") as file:
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows.values())


# One model of any framework.


@dataclasses.dataclass
class Exported:
  """A model with its weights, what went in and out, and how to count it."""

  model: onnx.ModelProto
  feeds: dict[str, np.ndarray]  # By the names of the file's inputs.
  expected: list[np.ndarray]  # The framework's outputs, in the file's order.
  origin: str
  exporter: str
  packages: tuple[str, ...]  # Names in the package index.
  licence: str
  macs: int | None  # Counted without looking at the graph.
  macs_by: str = ""
  dims: dict[str, int] = dataclasses.field(default_factory=dict)
  tolerance: float = 1e-3
  notes: str = ""


def as_array(value) -> np.ndarray:
  """A tensor, or the values of a list of maps with equal keys (ZipMap)."""
  if isinstance(value, list) and value and isinstance(value[0], dict):
    return np.array([[row[key] for key in sorted(row)] for row in value])
  return np.asarray(value)


def outputs_differ(expected: list[np.ndarray], outputs: list, tolerance: float,
                   names: list[str] | None = None) -> list[str]:
  """What differs between two lists of outputs, relative to the largest."""
  if len(expected) != len(outputs):
    return [f"{len(outputs)} outputs, not {len(expected)}"]
  problems = []
  names = names or [f"output {i}" for i in range(len(outputs))]
  for name, want, got in zip(names, expected, outputs):
    want, got = as_array(want), as_array(got)
    if want.shape != got.shape:
      problems.append(f"{name}: {got.shape}, not {want.shape}")
    elif want.dtype.kind in "OSU":
      if (want != got).any():
        problems.append(f"{name}: other strings")
    else:
      error = np.abs(want.astype(np.float64) - got).max(initial=0)
      if not error <= tolerance * max(1.0, np.abs(want).max(initial=0)):
        problems.append(f"{name}: differs by {error:.3g}")
  return problems


def attribute_numbers(model: onnx.ModelProto) -> int:
  """Numbers in the float lists and float tensors of ai.onnx.ml nodes.

  Thresholds, leaf weights, coefficients, support vectors: the parameters of
  models that have no stored tensors.
  """
  count = 0
  for node in model_nodes(model):
    if node.domain != "ai.onnx.ml":
      continue
    for attribute in node.attribute:
      count += len(attribute.floats)
      if attribute.HasField("t") and attribute.t.data_type not in INTEGERS:
        count += math.prod(attribute.t.dims)
  return count


def finish(name: str, made: Exported, out: pathlib.Path) -> None:
  """Checks, strips and writes one model, and its row of the manifest."""
  model = made.model
  with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "model.onnx"
    onnx.save(model, path)
    outputs, executed = run_onnx(path, made.feeds, pathlib.Path(folder))
  problems = outputs_differ(made.expected, outputs, made.tolerance)
  if made.macs is not None and made.macs != executed:
    problems.append(f"{made.macs} MACs, {executed} in ONNX Runtime")
  row = write_stripped(name, made, problems, out)
  update_manifest(out / "manifest.csv", [row])


def write_stripped(name: str, made: Exported, problems: list[str],
                   out: pathlib.Path) -> dict[str, str]:
  """Strips and writes one model, unless it has problems; its manifest row."""
  model = made.model
  parameters, unused = count_parameters(model)
  notes = [made.notes] if made.notes else []
  if numbers := attribute_numbers(model):
    parameters += numbers
    notes.append(f"{numbers} parameters in attributes of ai.onnx.ml nodes")

  strip(model)
  data = model.SerializeToString(deterministic=True)
  if LOCAL_PATH.search(data.decode("latin1")):
    problems.append("a local path remains")
  symbols = {dim.dim_param for value in model.graph.input
             for dim in value.type.tensor_type.shape.dim if dim.dim_param}
  # PyTorch 2.5 writes some fixed sizes as symbols such as "3".
  unbound = {s for s in symbols - set(made.dims) if not s.isdigit()}
  if unbound:
    problems.append(f"dims lack {sorted(unbound)}")
  if problems:
    raise ValueError("; ".join(problems))

  opsets = {opset.domain or "": opset.version for opset in model.opset_import}
  out.joinpath(f"{name}.onnx").write_bytes(data)
  print(f"{name}: {len(data)} bytes, {sum(1 for _ in model_nodes(model))} "
        f"nodes, {parameters} parameters, {made.macs} MACs", flush=True)
  return {
      "file": f"{name}.onnx",
      "origin": made.origin,
      "exporter": made.exporter,
      "versions": "; ".join(map(version, made.packages)),
      "licence": made.licence,
      "opset": str(opsets.get("", opsets.get("ai.onnx", ""))),
      "dims": ";".join(f"{k}={v}" for k, v in made.dims.items()),
      "parameters": str(parameters),
      "parameters_unused": str(unused),
      "macs": "" if made.macs is None else str(made.macs),
      "macs_by": made.macs_by,
      "notes": "; ".join(notes),
  }


def name_batch(model: onnx.ModelProto, name: str = "batch") -> None:
  """Gives the unnamed first sizes of inputs and outputs a name."""
  for value in (*model.graph.input, *model.graph.output):
    dims = value.type.tensor_type.shape.dim
    if dims and not dims[0].HasField("dim_value"):
      dims[0].dim_param = name


def run_table(rows: dict[str, Callable[[], Exported]], what: str,
              words: Iterable[str] | None = None) -> int:
  """The main program of a framework's script: makes all rows, or some."""
  parser = argparse.ArgumentParser(description=what)
  parser.add_argument("--only", action="append", metavar="NAME", choices=rows)
  parser.add_argument("--out", type=pathlib.Path, default=DEFAULT_OUT)
  arguments = parser.parse_args(words)
  arguments.out.mkdir(parents=True, exist_ok=True)
  failed = []
  for name, build in rows.items():
    if arguments.only and name not in arguments.only:
      continue
    try:
      finish(name, build(), arguments.out)
    except Exception as error:  # pylint: disable=broad-except
      print(f"{name}: FAILED: {type(error).__name__}: {error}",
            file=sys.stderr, flush=True)
      failed.append(name)
  return 1 if failed else 0
