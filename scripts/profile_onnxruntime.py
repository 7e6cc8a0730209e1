#!/usr/bin/env python3
"""Profiles a model with ONNX Runtime on the CPU at hand: a file for `assay validate --profile` and `calibrate`.

    scripts/profile_onnxruntime.py MODEL.onnx -o FILE.json [--threads N] [--runs N] [--dim NAME=N] [--raw]
    scripts/run validate MODEL.onnx --profile FILE.json --target xeon-8480 --runtime onnxruntime-cpu --dim NAME=N

This is the session's own profile (SessionOptions.enable_profiling, all optimisations on) less what assay does not
read; --raw keeps all. Weights that lie outside the model's file and are not there are made up: time does not depend on
them. The first run, which warms up, is in the profile; assay leaves it out.

Needs Python with numpy, onnx and onnxruntime.
"""
import argparse
import json
import os
import sys
import tempfile

import compare_tensors as common

KEPT = ("op_name", "node_index", "output_type_shape")


def profile(path, dims, threads, runs):
    """The events of the session's profile."""
    import numpy
    import onnxruntime
    random = numpy.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        options = common.timing_options(threads)
        options.enable_profiling = True
        options.profile_file_prefix = os.path.join(folder, "profile")
        path = common.with_weights(path, folder, random)
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        feeds = common.make_feeds(session, dims, random)
        for _ in range(runs):
            session.run(None, feeds)
        with open(session.end_profiling()) as file:
            return json.load(file)


def trimmed(events):
    """Kernel times and runs, with what tells one node from another."""
    for event in events:
        kept = {key: event[key] for key in ("cat", "tid", "dur", "ts", "name") if key in event}
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            yield kept | {"args": {key: event["args"][key] for key in KEPT if key in event["args"]}}
        elif event.get("cat") == "Session" and event["name"] == "model_run":
            yield kept


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", metavar="MODEL.onnx")
    parser.add_argument("-o", "--output", required=True, metavar="FILE.json")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="default: all cores")
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--dim", action="append", default=[], metavar="NAME=N", help="size of a symbol; else that of "
                        "manifest.csv beside the model, else 1")
    parser.add_argument("--raw", action="store_true", help="all that ONNX Runtime writes")
    args = parser.parse_args()
    events = profile(args.model, common.dims_of(args.model, args.dim), args.threads, args.runs)
    if not args.raw:
        events = list(trimmed(events))
    with open(args.output, "w") as file:
        file.write("[" + ",\n".join(json.dumps(event, separators=(",", ":")) for event in events) + "]\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
