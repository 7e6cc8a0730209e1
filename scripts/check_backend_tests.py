#!/usr/bin/env python3
"""Runs the node test cases of the installed `onnx` package through analyzer/backend_test.cc, and their
function bodies through analyzer/function_bodies_test.cc.

    scripts/check_backend_tests.py [--tests build/dev/analyzer_tests] [--keep DIR]

The package makes its cases in Python: models, inputs and the outputs of the reference implementation. They
are written as Debian's libonnx-testdata has them (CASE/model.onnx, CASE/test_data_set_0/*.pb) and the tests
then read that folder instead of Debian's. --keep writes them to DIR, or uses what stands there.

Needs Python with onnx, and the tests built. Exits with the status of the tests.
"""
import argparse
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def serialized(value, info):
    """The bytes of a stored input or output, in the message that its declared type asks for."""
    from onnx import numpy_helper
    if not info.type.HasField("tensor_type") and not hasattr(value, "SerializeToString"):
        for field, make in (("map_type", numpy_helper.from_dict),
                            ("sequence_type", numpy_helper.from_list),
                            ("optional_type", numpy_helper.from_optional)):
            if info.type.HasField(field):
                return make(value, info.name).SerializeToString()
    if not hasattr(value, "SerializeToString"):
        value = numpy_helper.from_array(value, info.name)
    return value.SerializeToString()


def write_cases(folder):
    import numpy
    from onnx.backend.test.case.node import collect_testcases
    numpy.random.seed(1)  # contents decide some sizes: the same ones at every run
    cases = collect_testcases(None)
    for case in cases:
        data = os.path.join(folder, case.name, "test_data_set_0")
        os.makedirs(data, exist_ok=True)
        inputs, outputs = next(iter(case.data_sets))
        graph = case.model.graph
        for kind, values, infos in (("input", inputs, graph.input),
                                    ("output", outputs, graph.output)):
            for i, (value, info) in enumerate(zip(values, infos)):
                with open(os.path.join(data, f"{kind}_{i}.pb"), "wb") as out:
                    out.write(serialized(value, info))
        with open(os.path.join(folder, case.name, "model.onnx"), "wb") as out:
            out.write(case.model.SerializeToString())
    return len(cases)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", default=os.path.join(ROOT, "build", "dev", "analyzer_tests"))
    parser.add_argument("--keep", metavar="DIR")
    args = parser.parse_args()
    import onnx
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.keep or scratch
        if not os.path.isdir(folder) or not os.listdir(folder):
            print(f"{write_cases(folder)} node cases of onnx {onnx.__version__}", flush=True)
        done = subprocess.run([os.path.abspath(args.tests),
                               "--gtest_filter=BackendTest.*:FunctionBodiesTest.*"],
                              cwd=ROOT, env={**os.environ, "ASSAY_BACKEND_CASES":
                                             os.path.abspath(folder)}, check=False)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
