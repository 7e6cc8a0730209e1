#!/usr/bin/env python3
"""Times models with ONNX Runtime on the CPU at hand, as a table that `assay calibrate` fits to.

    scripts/measure_onnxruntime.py --target xeon-8480 -o mine.csv --calibrate mine.yaml [--threads 1,2] [MODEL.onnx...]

TARGET: a name of `assay targets`, or a YAML file of your own that describes the machine (see hw/README.md; it may be
three lines that extend a shipped one). Default models: 36 of testdata/zoo and testdata/models. Weights that lie
outside a model's file and are not there are made up: time does not depend on them.

Every model runs in a process of its own, so that one which fails loses no other. With each number of threads it runs
--rounds times in turn for --seconds; a round gives the median of its runs, the table the median, least and largest of
the rounds. Rows are written as they are measured. All optimisations are on, as they are by default. With --calibrate
the table is then fitted (`assay calibrate`); `assay analyze --calibration mine.yaml` uses the file.

Needs Python with numpy, onnx and onnxruntime. Exits 1 when a model fails.
"""
import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import compare_tensors as common

ZOO = os.path.join(common.ROOT, "testdata", "zoo")
MODELS = [os.path.join(ZOO, name + ".onnx") for name in (
    "resnet18 resnet34 resnet50 resnet101 resnext50_32x4d se_resnet50 efficientnet_b0 efficientnet_b2 "
    "efficientnet_lite0 efficientnet_lite3 efficientnetv2_s mobilenet_v1 mobilenet_v2 mnasnet1_0 vgg11 vgg16 alexnet "
    "squeezenet1_0 squeezenet1_1 googlenet xception convnext_tiny convnext_small vit_b_16_224 bert_base distilbert "
    "yolov5n yolov5s yolov8n yolov8s ssd_mobilenet_v1").split()] + [
    os.path.join(common.MODELS, name + ".onnx") for name in (
        "densenet121 inception_v3 swin_t t5_small_encoder whisper_tiny_encoder").split()]
COLUMNS = ["model", "target", "runtime", "software", "precision", "batch", "input", "cores", "latency_ms",
           "latency_ms_min", "latency_ms_max", "source"]


def measure(path, threads, rounds, seconds, dims):
    """In a process of its own: prints milliseconds by threads and round."""
    import numpy as np
    import onnxruntime
    random = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        copy = common.with_weights(path, folder, random)
        sessions = {count: onnxruntime.InferenceSession(copy, common.timing_options(count),
                                                        providers=["CPUExecutionProvider"])
                    for count in threads}
    feeds = common.make_feeds(next(iter(sessions.values())), dims, random)
    taken = {count: [] for count in threads}
    for _ in range(rounds):
        for count, session in sessions.items():
            session.run(None, feeds)
            times, end = [], time.perf_counter() + seconds
            while len(times) < 5 or (time.perf_counter() < end and len(times) < 1000):
                begin = time.perf_counter()
                session.run(None, feeds)
                times.append((time.perf_counter() - begin) * 1000)
            taken[count].append(statistics.median(times))
    print(json.dumps({"ms": taken, "software": "ONNX Runtime " + onnxruntime.__version__}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL.onnx")
    parser.add_argument("--target", required=True)
    parser.add_argument("-o", "--output", required=True, metavar="FILE.csv")
    parser.add_argument("--calibrate", metavar="FILE.yaml", help="also fit the target's efficiencies to the table")
    parser.add_argument("--assay", default=os.path.join(common.ROOT, "scripts", "run"))
    parser.add_argument("--threads", default="", help="numbers of threads, with commas; default: all cores")
    parser.add_argument("--dim", action="append", default=[], metavar="NAME=N", help="size of a symbol; else that of "
                        "manifest.csv beside the model, else 1")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    threads = [int(t) for t in args.threads.split(",") if t] or [len(os.sched_getaffinity(0))]
    if args.measure:
        measure(args.models[0], threads, args.rounds, args.seconds, common.dims_of(args.models[0], args.dim))
        return 0
    failed = 0
    with open(args.output, "w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        for path in args.models or MODELS:
            done = subprocess.run([sys.executable, os.path.abspath(__file__), path, "--measure", "--target", "-", "-o",
                                   "-", "--threads", ",".join(map(str, threads)), "--rounds", str(args.rounds),
                                   "--seconds", str(args.seconds), *("--dim=" + dim for dim in args.dim)],
                                  capture_output=True, text=True, check=False)
            name = os.path.splitext(os.path.basename(path))[0]
            if done.returncode != 0:
                reason = (done.stderr.strip().splitlines() or ["killed"])[-1][:300]
                print(f"{path}: not measured: {reason}", file=sys.stderr, flush=True)
                failed += 1
                continue
            result = json.loads(done.stdout)
            dims = common.dims_of(path, args.dim)
            batch = dims.pop("batch", "")
            for count, rounds in result["ms"].items():
                table.writerow({
                    "model": name if os.path.dirname(os.path.abspath(path)) == ZOO else os.path.relpath(path),
                    "target": args.target, "runtime": "onnxruntime-cpu", "software": result["software"],
                    "batch": batch, "cores": count,
                    "input": ";".join(f"{name}={size}" for name, size in dims.items()),
                    "latency_ms": f"{statistics.median(rounds):.4g}", "latency_ms_min": f"{min(rounds):.4g}",
                    "latency_ms_max": f"{max(rounds):.4g}", "source": "scripts/measure_onnxruntime.py"})
            file.flush()
            print(f"{name}: " + ", ".join(f"{statistics.median(r):.4g} ms with {c}" for c, r in
                                          result["ms"].items()), flush=True)
    if args.calibrate and subprocess.run(
            [args.assay, "calibrate", "--target", args.target, "--runtime", "onnxruntime-cpu", "--measured",
             os.path.abspath(args.output), "--models", ZOO, "-o", os.path.abspath(args.calibrate)], check=False).returncode != 0:
        return 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
