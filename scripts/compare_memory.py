#!/usr/bin/env python3
"""Peak activation memory beside what ONNX Runtime takes when it runs the model on a CPU.

    scripts/compare_memory.py [--assay build/release/assay] [MODEL.onnx...]

Default: ten models of testdata/models, at the sizes that their rows of manifest.csv name. Each model runs in a
process of its own, with one thread, and without ONNX Runtime's arena, memory patterns and reuse (a dead buffer kept
for a later result of its size), so that every buffer is one allocation that is returned when it dies. Large
allocations come from mmap, so the process's resident memory follows them: what counts is the highest resident size
during a run (VmHWM, reset before it) less the resident size before it, after a first run that pays for what is done
once. It holds the scratch memory of kernels, too.

Without any optimisation that is set beside assay's peak of the operators; with its `extended` level beside that of
the kernels of `onnxruntime-cpu`, where assay has that policy, else of `greedy`. Inputs are the caller's and in
neither. ONNX Runtime's CPU kernels of one operand work in place, those of two (Add, Mul) do not: so is it counted
here, which lies between assay's two peaks.

Needs Python with numpy, onnx and onnxruntime, on Linux. Exits 1 when a model fails.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

import compare_tensors as common

MODELS = ["resnet18", "resnet50", "mobilenet_v2", "googlenet", "densenet121", "efficientnet_b0", "yolov8n", "vit_b_16",
          "bert_base", "t5_small_encoder"]
LEVELS = ("ORT_DISABLE_ALL", "ORT_ENABLE_EXTENDED")


def status(key):
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith(key + ":"):
                return int(line.split()[1]) * 1024
    raise OSError(f"no {key} in /proc/self/status")


def measure(path, level):
    """In a process of its own: prints the bytes that a run takes on top, and the shapes fed."""
    import numpy as np
    import onnx
    import onnxruntime
    dims = common.manifest_dims().get(os.path.basename(path), {})
    random = np.random.default_rng(1)
    model = onnx.load(path, load_external_data=False)
    with tempfile.TemporaryDirectory() as folder:
        common.restore_weights(model, folder, random)
        copy = os.path.join(folder, "model.onnx")
        onnx.save(model, copy)
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
        options.enable_mem_reuse = False
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(copy, options, providers=["CPUExecutionProvider"])
        feeds = common.make_feeds(session, dims, random)
        del model
        for _ in range(2):
            session.run(None, feeds)
        taken = []
        for _ in range(3):
            with open("/proc/self/clear_refs", "w") as file:
                file.write("5")
            before = status("VmRSS")
            session.run(None, feeds)
            taken.append(status("VmHWM") - before)
    print(json.dumps({"bytes": statistics.median(taken), "shapes": {n: v.shape for n, v in feeds.items()}}))


def unary_results(model):
    """Names of what operators with one activation operand give out; the first set: any, the second: those that are
    kernels by themselves."""
    made = {o["name"] for op in model["ops"] if op["execution"] in ("runs", "view") for o in op["outputs"] if o}
    made |= {i["name"] for i in model["inputs"]}
    unary, alone = set(), set()
    for op in model["ops"]:
        if op["execution"] == "runs" and sum(name in made for name in op["inputs"]) == 1:
            names = {o["name"] for o in op["outputs"] if o}
            unary |= names
            if len(model["fusion"]["kernels"][op["kernel"]]["ops"]) == 1:
                alone |= names
    return unary, alone


def peak(memory, inputs, in_place):
    """The most bytes alive at once, without the model's inputs."""
    buffers = memory["buffers"]
    live = [0.0] * (len(memory["steps"]) + 1)
    for b in buffers:
        if b["name"] in inputs:
            continue
        for step in range(b["from"], b["to"] + 1):
            live[step] += b["bytes"]
        if b["takes_over"] is not None and b["name"] in in_place:
            live[b["from"]] -= b["bytes"]
    return max(live)


def analyze(assay, path, shapes):
    command = [assay, "analyze", path, "--format", "json", "--memory", "--quiet"]
    for name, shape in shapes.items():
        if shape:
            command += ["--shape", name + "=" + "x".join(map(str, shape))]
    for policy in ("onnxruntime-cpu", "greedy"):
        done = subprocess.run([*command, "--fuse", policy], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            model = json.loads(done.stdout)["models"][0]
            inputs = {i["name"] for i in model["inputs"]}
            unary, alone = unary_results(model)
            return peak(model["memory"], inputs, unary), peak(model["memory"]["kernels"], inputs, alone)
    raise RuntimeError(done.stderr.strip())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*")
    parser.add_argument("--assay", default=os.path.join(common.ROOT, "build", "release", "assay"))
    parser.add_argument("--measure", choices=LEVELS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        measure(args.models[0], args.measure)
        return 0
    paths = args.models or [os.path.join(common.MODELS, m + ".onnx") for m in MODELS]
    environment = dict(os.environ, MALLOC_MMAP_THRESHOLD_="65536", MALLOC_TRIM_THRESHOLD_="65536", OMP_NUM_THREADS="1")
    print(f"{'model':24}{'operators':>12}{'measured':>12}{'ratio':>8}{'kernels':>12}{'extended':>12}{'ratio':>8}")
    ratios, failed = ([], []), 0
    for path in paths:
        row = []
        try:
            for level in LEVELS:
                done = subprocess.run([sys.executable, os.path.abspath(__file__), path, "--measure", level],
                                      capture_output=True, text=True, check=False, env=environment)
                if done.returncode != 0:
                    raise RuntimeError(done.stderr.strip().splitlines()[-1])
                row.append(json.loads(done.stdout.splitlines()[-1]))
            ours = analyze(args.assay, path, row[0]["shapes"])
        except (RuntimeError, OSError) as error:
            print(f"{os.path.basename(path):24}{error}")
            failed += 1
            continue
        cells = []
        for i in range(2):
            ratio = ours[i] / row[i]["bytes"]
            ratios[i].append(ratio)
            cells.append(f"{ours[i] / 1e6:9.2f} MB{row[i]['bytes'] / 1e6:9.2f} MB{ratio:8.2f}")
        print(f"{os.path.basename(path):24}{cells[0]}{cells[1]}", flush=True)
    if ratios[0]:
        print(f"{'median ratio':24}{statistics.median(ratios[0]):32.2f}{statistics.median(ratios[1]):32.2f}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
