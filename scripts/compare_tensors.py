#!/usr/bin/env python3
"""Every tensor's shape and element type, beside those that ONNX Runtime makes when it runs the model.

    scripts/compare_tensors.py [--assay build/release/assay] [MODEL.onnx...]

Default: all of testdata/models, each at the sizes that its row of manifest.csv names; another model at those that
its report assumes. In a copy of the model weights that were stripped become small random numbers and every tensor of
the main graph an output; nothing is optimised away. Each tensor that ONNX Runtime then returns is compared with the
same name in `assay analyze --format json`.

A size that depends on contents (a detector's boxes) is a symbol in the report: such a tensor counts as
`symbolic`, with its rank and type compared, and only models with such symbols have any.

Mask R-CNN cannot be compared: with random weights it finds no box, and its export fails on none.

Needs Python with numpy, onnx and onnxruntime. Exits 1 when a tensor differs, or when fewer than --at-least
models could be compared.
"""
import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnx
import onnxruntime

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MODELS = os.path.join(ROOT, "testdata", "models")
# ONNX Runtime's names of element types, and assay's.
TYPES = {"float": "f32", "double": "f64", "float16": "f16", "bfloat16": "bf16", "int64": "i64", "int32": "i32",
         "int16": "i16", "int8": "i8", "uint64": "u64", "uint32": "u32", "uint16": "u16", "uint8": "u8",
         "bool": "bool", "string": "string"}
# Integer inputs that choose; every other one is an index, for which 0 is always valid.
ONES = ("mask",)


def manifest_dims():
    with open(os.path.join(MODELS, "manifest.csv"), newline="") as file:
        return {row["file"]: dict(item.split("=") for item in row["dims"].split(";") if item)
                for row in csv.DictReader(file)}


def restore_weights(model, folder, random):
    """Writes the files that external tensors lie in: random numbers of a size that no layer makes overflow."""
    sizes = {}
    for tensor in model.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            entry = {e.key: e.value for e in tensor.external_data}
            end = int(entry.get("offset", 0)) + int(entry["length"])
            sizes[entry["location"]] = max(sizes.get(entry["location"], 0), end)
    for location, size in sizes.items():
        with open(os.path.join(folder, location), "wb") as file:
            file.truncate(size)
    for tensor in model.graph.initializer:
        if tensor.data_location != onnx.TensorProto.EXTERNAL:
            continue
        if tensor.data_type != onnx.TensorProto.FLOAT:
            continue  # stays zero
        entry = {e.key: e.value for e in tensor.external_data}
        count = int(entry["length"]) // 4
        fan_in = max(1, int(np.prod(tensor.dims[1:])))
        values = (random.normal(0, (2 / fan_in) ** 0.5, min(count, 1 << 16)) if len(tensor.dims) > 1
                  else random.uniform(0.5, 1.5, count)).astype(np.float32)
        with open(os.path.join(folder, entry["location"]), "r+b") as file:
            file.seek(int(entry.get("offset", 0)))
            file.write(np.resize(values, count).tobytes())


def with_weights(path, folder, random):
    """The model's file, or a copy in `folder` with made-up weights when some lie outside and are not there."""
    model = onnx.load(path, load_external_data=False)
    outside = {e.value for t in model.graph.initializer for e in t.external_data if e.key == "location"}
    if all(os.path.exists(os.path.join(os.path.dirname(path), name)) for name in outside):
        return path
    restore_weights(model, folder, random)
    copy = os.path.join(folder, "model.onnx")
    onnx.save(model, copy)
    return copy


def timing_options(threads):
    """Options of a session that is timed: all optimisations, on so many cores."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    # Made-up weights can leave numbers so small that arithmetic with them is slow.
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    return options


def dims_of(path, given=()):
    """Sizes of the model's symbols: as given (NAME=N), else those that its folder's manifest names."""
    manifest = os.path.join(os.path.dirname(os.path.abspath(path)), "manifest.csv")
    dims = {}
    if os.path.exists(manifest):
        with open(manifest, newline="") as file:
            rows = {row["file"]: row.get("dims", "") for row in csv.DictReader(file)}
        dims = dict(item.split("=") for item in rows.get(os.path.basename(path), "").split(";") if item)
    return dims | dict(item.split("=") for item in given)


def make_feeds(session, dims, random):
    feeds = {}
    symbols = {name: int(value) for name, value in dims.items()}
    for info in session.get_inputs():
        if not info.type.startswith("tensor("):
            raise ValueError(f"input {info.name} is a {info.type}")
        shape = []
        for axis, size in enumerate(info.shape):
            if not isinstance(size, int):
                name = size or f"{info.name}.{axis}"
                # Exporters also write sums (`past + seq`); a size that the manifest does not name is 1.
                terms = [t.strip() for t in name.split("+")]
                size = sum(int(t) if t.isdigit() else symbols.get(t, 1) for t in terms)
            shape.append(size)
        kind = info.type[7:-1]
        if kind in ("float", "double", "float16"):
            value = random.uniform(0, 1, shape).astype({"float": "f4", "double": "f8", "float16": "f2"}[kind])
        elif kind == "string":
            value = np.full(shape, "a", dtype=object)
        else:
            value = np.full(shape, int(any(word in info.name for word in ONES)), dtype=kind)
        feeds[info.name] = value
    return feeds


def runtime_tensors(path, dims):
    """{name: (type, shape)} of every tensor that the main graph makes, and the shapes fed."""
    random = np.random.default_rng(1)
    model = onnx.load(path, load_external_data=False)
    have = {o.name for o in model.graph.output}
    for node in model.graph.node:
        for name in node.output:
            if name and name not in have:
                have.add(name)
                model.graph.output.append(onnx.ValueInfoProto(name=name))
    with tempfile.TemporaryDirectory() as folder:
        restore_weights(model, folder, random)
        copy = os.path.join(folder, "model.onnx")
        onnx.save(model, copy)
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(copy, options, providers=["CPUExecutionProvider"])
        feeds = make_feeds(session, dims, random)
        names = [o.name for o in session.get_outputs() if o.type.startswith("tensor(")]
        kinds = {o.name: TYPES.get(o.type[7:-1], o.type) for o in session.get_outputs()}
        values = session.run(names, feeds)
    return ({n: (kinds[n], list(np.shape(v))) for n, v in zip(names, values)},
            {n: v.shape for n, v in feeds.items()})


def report(assay, path, *options):
    """What `assay analyze` says of the model."""
    done = subprocess.run([assay, "analyze", path, "--format", "json", *options], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise ValueError(done.stderr.strip())
    return json.loads(done.stdout)["models"][0]


def assay_tensors(assay, path, shapes):
    options = []
    for name, shape in shapes.items():
        if shape:
            options += ["--shape", name + "=" + "x".join(map(str, shape))]
    tensors = {}
    for op in report(assay, path, *options)["ops"]:
        for output in op["outputs"]:
            if output:
                tensors.setdefault(output["name"], []).append((output.get("dtype"), output.get("shape")))
    return tensors


def agrees(ours, theirs):
    """A symbol may stand for any size; whether one may be there at all is the suite's to say."""
    kind, shape = ours
    return (kind == theirs[0] and isinstance(shape, list) and len(shape) == len(theirs[1]) and
            all(a == b or (isinstance(a, str) and a != "?") for a, b in zip(shape, theirs[1])))


def compare(assay, path, dims):
    """(compared, symbolic, differences) of one model."""
    theirs, fed = runtime_tensors(path, dims)
    ours = assay_tensors(assay, path, fed)
    symbolic, differences = 0, []
    for name, tensor in theirs.items():
        # A function's body may use a name of the main graph again: one of the tensors is the main graph's.
        candidates = [t for t in ours.get(name, []) if agrees(t, tensor)]
        if not candidates:
            found = ", ".join(f"{kind}{shape}" for kind, shape in ours.get(name, [])) or "not in the report"
            differences.append(f"{name}: {found}, ONNX Runtime makes {tensor[0]}{tensor[1]}")
        elif candidates[0][1] != tensor[1]:
            symbolic += 1
    return len(theirs), symbolic, differences


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL.onnx")
    parser.add_argument("--assay", default=os.path.join(ROOT, "build", "release", "assay"))
    parser.add_argument("--at-least", type=int, default=0, metavar="N")
    args = parser.parse_args()
    dims = manifest_dims()
    paths = args.models or [os.path.join(MODELS, name) for name in dims]
    compared = total = total_symbolic = 0
    wrong = 0
    for path in sorted(paths, key=os.path.getsize):
        name = os.path.basename(path)
        begin = time.monotonic()
        try:
            count, symbolic, differences = compare(
                args.assay, path, dims[name] if name in dims else report(args.assay, path)["dims"])
        except Exception as error:  # whatever ONNX Runtime throws: named, not hidden
            print(f"{name}: not compared: {str(error).splitlines()[0][:400]}", flush=True)
            continue
        compared += 1
        total += count
        total_symbolic += symbolic
        wrong += len(differences)
        print(f"{name}: {count} tensors, {symbolic} symbolic, {len(differences)} differ "
              f"({time.monotonic() - begin:.1f} s)", flush=True)
        for line in differences[:10]:
            print(f"    {line}", flush=True)
    print(f"{compared} models, {total} tensors, {total_symbolic} symbolic, {wrong} differ")
    return 1 if wrong or compared < args.at_least else 0


if __name__ == "__main__":
    sys.exit(main())
