#!/usr/bin/env python3
"""What `assay export --as onnx` writes, read by ONNX itself and by ONNX Runtime.

    scripts/check_export.py [--assay build/release/assay] [--target T] [MODEL.onnx...]

Default: all of testdata/models. For each model:

  same      but for value_info, what outputs did not declare and remarks (assay.*), the two are equal, message by
            message, and every node has the remarks that it should
  report    `assay analyze --format json` of the two is the same, but for diagnostics of what the file declares
  checker   onnx.checker accepts it wherever it accepts the original: the model as it is, and with strict shape
            inference, which compares every inferred type with value_info
  runtime   with zeros for weights that were stripped, ONNX Runtime loads it wherever it loads the original

Needs Python with onnx and onnxruntime. Exits 1 when anything fails.
"""
import argparse
import glob
import json
import os
import subprocess
import sys
import tempfile

import onnx
import onnxruntime

import compare_tensors as common


def without_ours(entries):
    for i in reversed(range(len(entries))):
        if entries[i].key.startswith("assay."):
            del entries[i]


def graphs_of(graph):
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from graphs_of(attribute.g)
            for nested in attribute.graphs:
                yield from graphs_of(nested)


def clean(model):
    """Takes out what an export may change."""
    without_ours(model.metadata_props)
    nested = [g for f in model.functions for n in f.node for a in n.attribute
              for top in ([a.g] if a.HasField("g") else []) + list(a.graphs) for g in graphs_of(top)]
    for graph in list(graphs_of(model.graph)) + nested:
        without_ours(graph.metadata_props)
        for node in graph.node:
            without_ours(node.metadata_props)
        del graph.value_info[:]
        for output in graph.output:
            output.ClearField("type")
    for function in model.functions:
        for node in function.node:
            without_ours(node.metadata_props)


def doubled(model):
    """How many names stand more than once in value_info, inputs and outputs; some exporters do that."""
    count = 0
    for graph in graphs_of(model.graph):
        names = [v.name for v in list(graph.value_info) + list(graph.output) + list(graph.input)]
        count += len(names) - len(set(names))
    return count


def check_same(before, after):
    if doubled(after) > doubled(before):
        return "a tensor is in value_info twice, or an input or output too"
    if not any(e.key == "assay.macs" for e in after.metadata_props):
        return "no remark on the model"
    a, b = onnx.ModelProto(), onnx.ModelProto()
    a.CopyFrom(before)
    b.CopyFrom(after)
    clean(a)
    clean(b)
    return None if a == b else "differs in more than it may"


def check_sums(model):
    """Latencies and MACs of the main graph's nodes add up to the graph's."""
    for key in ("assay.macs", "assay.latency_s"):
        total = [float(e.value) for e in model.graph.metadata_props if e.key == key]
        parts = [float(e.value) for n in model.graph.node for e in n.metadata_props if e.key == key]
        if total and abs(sum(parts) - total[0]) > 1e-9 * abs(total[0]):
            return f"{key} of nodes is {sum(parts)}, of the graph {total[0]}"
    return None


def refused(check, *args, **kwargs):
    try:
        check(*args, **kwargs)
        return None
    except Exception as error:  # whatever they throw
        return str(error).strip().replace("\n", " ")[:200]


def make_weights(model, folder):
    """The files that external tensors lie in, all zero and sparse: what they hold is not looked at."""
    sizes = {}
    for tensor in model.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            entry = {e.key: e.value for e in tensor.external_data}
            end = int(entry.get("offset", 0)) + int(entry["length"])
            sizes[entry["location"]] = max(sizes.get(entry["location"], 0), end)
    for location, size in sizes.items():
        with open(os.path.join(folder, location), "wb") as file:
            file.truncate(size)


def load(model, folder):
    path = os.path.join(folder, "load.onnx")
    onnx.save(model, path)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assay", default=os.path.join(common.ROOT, "build", "release", "assay"))
    parser.add_argument("--target", default="h100-sxm")
    parser.add_argument("--no-runtime", action="store_true", help="leave ONNX Runtime out")
    parser.add_argument("models", nargs="*")
    args = parser.parse_args()
    models = args.models or sorted(glob.glob(os.path.join(common.MODELS, "*.onnx")))
    counts = {"models": 0, "same": 0, "report": 0, "checker": 0, "strict": 0, "runtime": 0}
    refusing = {"checker": 0, "strict": 0, "runtime": 0}
    failures = 0

    def fail(path, what):
        nonlocal failures
        failures += 1
        print(f"{os.path.basename(path)}: {what}", flush=True)

    def report(path):
        out = subprocess.run([args.assay, "analyze", path, "--format", "json", "--ops", "-q", "--target", args.target],
                             capture_output=True, text=True)
        found = json.loads(out.stdout.replace(path, "FILE"))
        found["models"][0].pop("diagnostics")  # types that the file declared wrongly are right now
        return found

    for path in models:
        counts["models"] += 1
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "out.onnx")
            done = subprocess.run([args.assay, "export", path, "-o", out, "--target", args.target, "-q"],
                                  capture_output=True, text=True)
            if done.returncode != 0:
                fail(path, done.stderr.strip())
                continue
            before = onnx.load(path, load_external_data=False)
            after = onnx.load(out, load_external_data=False)
            wrong = check_same(before, after) or check_sums(after)
            if wrong:
                fail(path, wrong)
            else:
                counts["same"] += 1
            if report(path) == report(out):
                counts["report"] += 1
            else:
                fail(path, "another report")
            make_weights(before, folder)
            # Weights of external data are there now; the checker looks for them beside the file.
            checks = {"checker": lambda m: (onnx.save(m, os.path.join(folder, "check.onnx")),
                                            onnx.checker.check_model(os.path.join(folder, "check.onnx"))),
                      "strict": lambda m: onnx.shape_inference.infer_shapes(m, check_type=True, strict_mode=True)}
            if not args.no_runtime:
                checks["runtime"] = lambda m: load(m, folder)
            for name, check in checks.items():
                error = refused(check, after)
                if error is None:
                    counts[name] += 1
                elif refused(check, before) is not None:
                    refusing[name] += 1  # the original too
                else:
                    fail(path, f"{name}: {error}")
    print(", ".join(f"{name} {n}" + (f" (original refused: {refusing[name]})" if refusing.get(name) else "")
                    for name, n in counts.items()))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
