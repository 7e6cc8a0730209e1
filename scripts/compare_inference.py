#!/usr/bin/env python3
"""Shapes that the installed `onnx` package infers, through analyzer/backend_peer_test.cc: none may contradict
or exceed ours.

    scripts/compare_inference.py [--tests build/dev/analyzer_tests] [MODEL.onnx|FOLDER...]

Default: testdata/models. A folder stands for every .onnx file below it, so the folder that
`check_backend_tests.py --keep` makes gives all node cases. The suite does the same against Debian's libonnx
(scripts/peers/onnx_shapes_main.cc); this is for the newest. What a model declares of outputs and inner values is
dropped before inference, which runs with data propagation.

Needs Python with onnx, and the tests built. Exits with the status of the test.
"""
import argparse
import os
import subprocess
import sys
import tempfile

import onnx

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def strip(graph):
    del graph.value_info[:]
    for output in graph.output:
        if output.type.HasField("tensor_type"):
            output.type.tensor_type.ClearField("shape")
        else:
            output.ClearField("type")
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                strip(attribute.g)


def size_of(dim):
    kind = dim.WhichOneof("value")
    return str(dim.dim_value) if kind == "dim_value" else dim.dim_param or "?"


def lines_of(path):
    """The lines of onnx_shapes_main.cc for one model."""
    try:
        model = onnx.load(path, load_external_data=False)
        strip(model.graph)
        model = onnx.shape_inference.infer_shapes(model, data_prop=True)
    except Exception as error:  # whatever the library throws
        return ["refused " + (str(error).splitlines() or ["?"])[0]]
    lines = []
    for value in list(model.graph.value_info) + list(model.graph.output):
        tensor = value.type.tensor_type
        if value.type.HasField("tensor_type") and tensor.HasField("shape"):
            sizes = ",".join(size_of(d) for d in tensor.shape.dim)
            lines.append(f"{value.name}\t{tensor.elem_type}\t{sizes}")
    return lines + ["end"]


def models_below(path):
    if not os.path.isdir(path):
        return [path]
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(path)
                  for name in names if name.endswith(".onnx"))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL.onnx|FOLDER")
    parser.add_argument("--tests", default=os.path.join(ROOT, "build", "dev", "analyzer_tests"))
    args = parser.parse_args()
    paths = [p for given in args.models or [os.path.join(ROOT, "testdata", "models")]
             for p in models_below(os.path.abspath(given))]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as out:
        for path in paths:
            print(f"model {path}", *lines_of(path), sep="\n", file=out)
        out.flush()
        print(f"{len(paths)} models by onnx {onnx.__version__}", flush=True)
        done = subprocess.run([os.path.abspath(args.tests), "--gtest_filter=BackendPeerTest.*"], cwd=ROOT,
                              env={**os.environ, "ASSAY_PEER_SHAPES": out.name}, check=False)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
