#!/usr/bin/env python3
"""Kernels of a policy beside those of the runtime that it stands for.

    scripts/compare_fusion.py onnxruntime [--levels basic,extended,layout,all] [MODEL.onnx...]
    scripts/compare_fusion.py counts FILE.csv FOLDER
    scripts/compare_fusion.py inductor [NAME...]

`onnxruntime`: loads each model into the installed ONNX Runtime at each level, saves the optimised graph, and counts
its nodes and its heavy operators beside those of `onnxruntime-cpu-LEVEL`. Which nodes of the saved graph run, assay
says itself, with the same rules: Reshape and other views and arithmetic on shapes are no kernels on either side.
Reorders that change the layout are kernels on both. Weights that were stripped become small random numbers in a
copy. Default: ten models of testdata/models.

`counts`: the same for histograms of operators that were counted before (model, level, nodes, histogram), for every
model of FOLDER that is named as in the file and has as many nodes as the row `source` says.

`inductor`: compiles torchvision models for a CPU with torch.compile and counts the kernels that TorchInductor
generated and the library calls beside them; the same model is exported with TorchScript for assay. Needs Python
with torch and torchvision; the exporter needs onnx.

Needs Python with numpy, onnx and onnxruntime for the first. Exits 1 when a model fails.
"""
import argparse
import collections
import csv
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MODELS = os.path.join(ROOT, "testdata", "models")
DEFAULT = ["resnet50", "mobilenet_v2", "efficientnet_b0", "densenet121", "inception_v3", "googlenet", "convnext_tiny",
           "vit_b_16", "swin_t", "bert_base"]
LEVELS = ["basic", "extended", "layout", "all"]
NETS = ["resnet18", "resnet50", "mobilenet_v2", "efficientnet_b0", "densenet121", "googlenet", "vgg16", "squeezenet1_1",
        "vit_b_16", "convnext_tiny"]
# Names of nodes that rename a buffer, for graphs of which only a histogram is left.
VIEWS = {"Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Dropout", "Constant", "ConstantOfShape", "Shape"}
HEAVY = re.compile(r"(^|::)(Fused)?(Conv|ConvTranspose|Gemm|MatMul|LSTM|GRU|RNN|MatMulInteger|MatMulNBits|"
                   r"QLinearConv|QLinearMatMul|Attention|MultiHeadAttention|QAttention|DynamicQuantizeMatMul|"
                   r"MatMulIntegerToFloat)$")


def analyze(assay, path, policy):
    """The model's entry of the JSON report."""
    run = subprocess.run([assay, "analyze", path, "--fuse", policy, "--format", "json"], capture_output=True, text=True)
    if run.returncode != 0:
        raise RuntimeError(run.stderr.strip())
    return json.loads(run.stdout)["models"][0]


def ours(assay, path, policy):
    """Kernels, inserted ones included, and those that hold a heavy operator."""
    model = analyze(assay, path, policy)
    types = {op["id"]: op["op_type"] for op in model["ops"]}
    kernels = model["fusion"]["kernels"]
    heavy = sum(any(HEAVY.search(types[op]) for op in kernel["ops"]) for kernel in kernels)
    return len(kernels) + len(model["fusion"].get("inserted_kernels", [])), heavy


def is_scale(model, node, sizes):
    """A blocked depthwise 1 x 1 convolution: a BatchNormalization or Mul in disguise."""
    group = next((a.i for a in node.attribute if a.name == "group"), 1)
    dims = sizes.get(node.input[1], [])
    return node.op_type == "Conv" and group > 1 and len(dims) == 4 and list(dims[1:]) == [1, 1, 1]


def theirs(assay, path, level):
    """The same of ONNX Runtime's own optimised graph."""
    import onnx
    import onnxruntime
    import compare_tensors as common
    import numpy
    names = {"basic": "ORT_ENABLE_BASIC", "extended": "ORT_ENABLE_EXTENDED", "layout": "ORT_ENABLE_LAYOUT",
             "all": "ORT_ENABLE_ALL"}
    with tempfile.TemporaryDirectory() as folder:
        model = onnx.load(path, load_external_data=False)
        source, saved = os.path.join(folder, "model.onnx"), os.path.join(folder, "saved.onnx")
        common.restore_weights(model, folder, numpy.random.default_rng(0))
        onnx.save(model, source)
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, names[level])
        options.optimized_model_filepath = saved
        options.log_severity_level = 4
        options.add_session_config_entry("session.optimized_model_external_initializers_file_name", "weights.bin")
        onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        optimised = onnx.load(saved, load_external_data=False)
        sizes = {t.name: t.dims for t in optimised.graph.initializer}
        runs = {op["id"]: op["execution"] == "runs" for op in analyze(assay, saved, "none")["ops"]}
        nodes = list(optimised.graph.node)
        heavy = sum(bool(HEAVY.search(n.op_type)) and not is_scale(optimised, n, sizes) for n in nodes)
        return sum(runs.values()), heavy


def show(rows, head):
    rows = [head] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    for row in rows:
        print("  ".join(cell.ljust(width) if i < 2 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))).rstrip())


HEAD = ["model", "level", "theirs", "ours", "off %", "heavy theirs", "heavy ours"]


def row_of(name, level, them, us):
    return [name, level, them[0], us[0], f"{100 * (us[0] / max(1, them[0]) - 1):+.1f}", them[1], us[1]]


def compare_onnxruntime(args):
    failed, rows = False, []
    for path in args.models or [os.path.join(MODELS, name + ".onnx") for name in DEFAULT]:
        name = os.path.splitext(os.path.basename(path))[0]
        for level in args.levels.split(","):
            try:
                rows.append(row_of(name, level, theirs(args.assay, path, level),
                                   ours(args.assay, path, "onnxruntime-cpu-" + level)))
            except Exception as error:  # One model that cannot be loaded does not end the comparison.
                print(f"{name} {level}: {str(error).splitlines()[0][:200]}", file=sys.stderr)
                failed = True
    show(rows, HEAD)
    return failed


def histogram(text):
    out = collections.Counter()
    for part in text.split():
        op, count = part.rsplit("=", 1)
        out[op] += int(count)
    return out


def compare_counts(args):
    """Rows whose model is in the folder and has as many nodes as it had when it was counted."""
    with open(args.file, newline="") as file:
        rows = list(csv.reader(file))[1:]
    sources = {row[0]: int(row[2]) for row in rows if row[1] == "source"}
    out, close, exact, models = [], set(), set(), set()
    for name, level, _, counts in rows:
        path = os.path.join(args.folder, name.replace("light_", "light/light_", 1) + ".onnx")
        if not os.path.exists(path):
            path = os.path.join(args.folder, name + ".onnx")
        if level == "source" or not os.path.exists(path):
            continue
        if len(analyze(args.assay, path, "none")["ops"]) != sources[name]:
            continue
        counts = histogram(counts)
        them = (sum(n for op, n in counts.items() if op not in VIEWS),
                sum(n for op, n in counts.items() if HEAVY.search(op)))
        us = ours(args.assay, path, "onnxruntime-cpu-" + level)
        models.add(name)
        if abs(us[0] - them[0]) > 0.1 * them[0]:
            close.add(name)
        if us[1] != them[1]:
            exact.add(name)
        out.append(row_of(name, level, them, us))
    show(out, HEAD)
    print(f"{len(models)} models: kernels within 10 % at every level on {len(models - close)}, "
          f"heavy operators equal at every level on {len(models - exact)}")
    return not models


def compare_inductor(args):
    import torch
    import torchvision
    from torch._inductor import config, metrics
    config.fx_graph_cache = False
    failed, rows = False, []
    for name in args.names or NETS:
        try:
            options = {"init_weights": True} if name == "googlenet" else {}
            model = getattr(torchvision.models, name)(weights=None, **options).eval()
            image = torch.zeros(1, 3, 224, 224)
            torch._dynamo.reset()
            metrics.reset()
            with torch.no_grad():
                compiled, code = torch._inductor.utils.run_and_get_code(torch.compile(model), image)
            calls = sum(len(re.findall(r"^\s+(?:buf\d+ = )?(?:extern_kernels|torch\.ops|aoti_torch)\S*\(", text, re.M))
                        for text in code)
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, name + ".onnx")
                # As it stands: a BatchNormalization is not merged into a convolution, here or there.
                torch.onnx.export(model, (image,), path, opset_version=17, dynamo=False,
                                  training=torch.onnx.TrainingMode.PRESERVE)
                kernels, heavy = ours(args.assay, path, "inductor")
            them = metrics.generated_kernel_count + calls
            rows.append([name, "inductor", them, kernels, f"{100 * (kernels / max(1, them) - 1):+.1f}", calls, heavy])
        except Exception as error:
            print(f"{name}: {str(error).splitlines()[0][:200]}", file=sys.stderr)
            failed = True
    show(rows, HEAD[:5] + ["library calls", "heavy ours"])
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--assay", default=os.path.join(ROOT, "build", "release", "assay"))
    modes = parser.add_subparsers(dest="mode", required=True)
    mode = modes.add_parser("onnxruntime")
    mode.add_argument("--levels", default=",".join(LEVELS))
    mode.add_argument("models", nargs="*")
    mode = modes.add_parser("counts")
    mode.add_argument("file")
    mode.add_argument("folder")
    mode = modes.add_parser("inductor")
    mode.add_argument("names", nargs="*")
    args = parser.parse_args()
    sys.path.insert(0, os.path.join(ROOT, "scripts"))
    compare = {"onnxruntime": compare_onnxruntime, "counts": compare_counts, "inductor": compare_inductor}
    sys.exit(1 if compare[args.mode](args) else 0)


if __name__ == "__main__":
    main()
