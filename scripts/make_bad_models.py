#!/usr/bin/env python3
"""Makes testdata/errors: files that no analyzer can accept, one fault each.

Plain Python; the wire format is written by hand, so that faults can be put where a library would not
let them. analyzer/onnx/errors_test.cc replays the folder against expected.txt, whose lines are FILE,
a tab and the message; "(later)" stands for files that import well and fail in a later stage.

  scripts/make_bad_models.py [FOLDER]
"""
import os
import struct
import sys


# ---- protobuf's wire format -------------------------------------------------------------------

def varint(n):
    n &= (1 << 64) - 1
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def tag(field, wire):
    return varint(field << 3 | wire)


def num(field, value):
    return tag(field, 0) + varint(value)


def msg(field, *parts):
    body = b"".join(p.encode() if isinstance(p, str) else p for p in parts)
    return tag(field, 2) + varint(len(body)) + body


# ---- ONNX's messages; numbers as in onnx.proto -------------------------------------------------

FLOAT, INT64 = 1, 7


def attr_int(name, i):
    return msg(5, msg(1, name), num(3, i), num(20, 2))


def attr_ints(name, *ints):
    return msg(5, msg(1, name), *[num(8, i) for i in ints], num(20, 7))


def attr_graph(name, *graph):
    return msg(5, msg(1, name), msg(6, *graph), num(20, 5))


def node(op, inputs=(), outputs=(), name="", *more):
    return msg(1, *[msg(1, i) for i in inputs], *[msg(2, o) for o in outputs],
               msg(3, name) if name else b"", msg(4, op), *more)


def tensor_fields(name, dims, data_type=FLOAT, raw=b""):
    return (b"".join(num(1, d) for d in dims) + num(2, data_type) + msg(8, name) +
            (msg(9, raw) if raw else b""))


def initializer(name, dims, data_type=FLOAT, raw=b""):
    return msg(5, tensor_fields(name, dims, data_type, raw))


def ints(name, *values):
    return initializer(name, [len(values)], INT64, struct.pack("<%dq" % len(values), *values))


def external(name, location, dims=(4,)):
    entry = msg(13, msg(1, "location"), msg(2, location))
    return msg(5, tensor_fields(name, dims), entry, num(14, 1))


def tensor_type(dims, data_type=FLOAT):
    shape = b"".join(msg(1, num(1, d)) if isinstance(d, int) else msg(1, msg(2, d)) for d in dims)
    return msg(1, num(1, data_type), msg(2, shape))


def value(field, name, dims, data_type=FLOAT):
    return msg(field, msg(1, name), msg(2, tensor_type(dims, data_type)))


def inp(name, dims=(1, 4), data_type=FLOAT):
    return value(11, name, dims, data_type)


def out(name, dims=(1, 4)):
    return value(12, name, dims)


def opset(version=17, domain=""):
    return msg(8, msg(1, domain), num(2, version))


def graph(*parts):
    return msg(7, *parts, msg(2, "g"))


def model(*parts, functions=(), opsets=None):
    return (num(1, 8) + graph(*parts) + b"".join(opsets or [opset(), opset(1, "f")]) +
            b"".join(functions))


def function(name, inputs, outputs, *nodes, domain="f"):
    body = b"".join(tag(7, 2) + n[1:] for n in nodes)  # NodeProto is field 7 of a function
    return msg(25, msg(1, name), *[msg(4, i) for i in inputs], *[msg(5, o) for o in outputs], body,
               msg(9, msg(1, ""), num(2, 17)), msg(9, msg(1, domain), num(2, 1)),
               msg(10, domain))


def call(name, inputs, outputs, label=""):
    return node(name, inputs, outputs, label, msg(7, "f"))


RELU = node("Relu", ["x"], ["y"], "r")
GOOD = model(RELU, node("Gemm", ["y", "w"], ["z"], "gemm"), inp("x"),
             initializer("w", [4, 2], raw=struct.pack("<8f", *range(8))), out("z", (1, 2)))

FILES = {}


def add(name, data):
    assert name not in FILES, name
    FILES[name] = data if isinstance(data, bytes) else data.encode()


def one_op(op, shapes, *more, outputs=("y",), consts=b""):
    """A model of one op on inputs of these shapes."""
    names = ["abcdefgh"[i] for i in range(len(shapes))]
    return model(node(op, names, list(outputs), "bad", *more),
                 *[inp(n, s) for n, s in zip(names, shapes)], consts, msg(12, msg(1, outputs[0])))


def make():
    # No model at all.
    add("empty.onnx", b"")
    add("png.onnx", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0:~\x9bU")
    add("jpeg.onnx", b"\xff\xd8\xff\xe0\0\x10JFIF\0\1")
    add("zip.onnx", b"PK\x03\x04\x14\0\0\0\x08\0archive/data.pkl")
    add("pickle.onnx", b"\x80\x02}q\0X\x05\0\0\0modelq\1.")
    add("hdf5.onnx", b"\x89HDF\r\n\x1a\n\0\0\0\0")
    add("gzip.onnx", b"\x1f\x8b\x08\0\0\0\0\0\0\x03")
    add("tflite.onnx", b"\x1c\0\0\0TFL3\x14\0 \0")
    add("safetensors.onnx", struct.pack("<Q", 24) + b'{"__metadata__":{}}     ')
    add("git_lfs.onnx", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 46\n")
    add("html.onnx", "<!DOCTYPE html><html><title>404</title></html>\n")
    add("openvino.onnx", '<?xml version="1.0"?><net name="a" version="11"></net>\n')
    add("json.onnx", '{"graph": {"node": []}}\n')
    add("script.onnx", "#!/bin/sh\necho model\n")
    add("prose.onnx", "This is no model, but a sentence.\n")
    add("zeros.onnx", bytes(64))
    add("noise.onnx", bytes((i * 73 + 41) % 251 | 0x80 for i in range(64)))
    add("comments_only.textproto", "# nothing\n\n# here\n")
    add("other_protobuf.onnx", msg(100, msg(1, "abc"), num(200, 3)))

    # Cut off.
    for percent in (1, 5, 10, 25, 40, 55, 70, 85):
        add("truncated_%02d.onnx" % percent, GOOD[:max(1, len(GOOD) * percent // 100)])
    add("truncated_last_byte.onnx", GOOD[:-1])
    add("truncated_in_weights.onnx",
        num(1, 8) + tag(7, 2) + varint(5000) + initializer("w", [1000], raw=bytes(4000))[:200])

    # Not the wire types of ONNX.
    add("wire_graph_is_varint.onnx", num(1, 8) + num(7, 5) + opset())
    add("wire_ir_version_is_string.onnx", msg(1, "8") + graph(RELU))
    add("wire_op_type_is_varint.onnx", model(msg(1, msg(1, "x"), num(4, 5))))
    add("wire_group.onnx", num(1, 8) + tag(7, 3) + tag(7, 4))
    add("wire_type_7.onnx", num(1, 8) + b"\x3f\x00")
    add("wire_field_0.onnx", num(1, 8) + b"\x02\x00")
    add("wire_endless_varint.onnx", b"\x08" + b"\xff" * 20 + graph(RELU))
    add("wire_huge_field_number.onnx", num(1, 8) + b"\xff\xff\xff\xff\xff\x7f\x00")
    add("wire_child_longer_than_parent.onnx",
        num(1, 8) + msg(7, tag(1, 2) + varint(50) + b"\x0a\x01x") + opset() * 10)
    add("wire_claims_10e9_nodes.onnx", num(1, 8) + tag(7, 2) + varint(10**12) + RELU)
    add("wire_float_is_double.onnx",
        model(node("Selu", ["x"], ["y"], "s", msg(5, msg(1, "alpha"), tag(2, 1) + bytes(8))),
              inp("x"), out("y")))
    add("wire_packed_floats_cut.onnx",
        model(node("Foo", ["x"], ["y"], "s", msg(5, msg(1, "a"), msg(7, b"\0\0\0\0\0"), num(20, 6))),
              inp("x"), out("y")))
    add("wire_packed_ints_cut.onnx",
        model(RELU, inp("x"), out("y"), msg(5, msg(1, b"\x01\x80"), num(2, 1), msg(8, "w"))))

    # Not a model's structure.
    add("no_graph.onnx", num(1, 8) + msg(2, "pytorch") + opset())
    add("two_graphs.onnx", GOOD + GOOD)
    add("no_op_type.onnx", model(msg(1, msg(1, "x"), msg(2, "y"), msg(3, "nameless")), inp("x"), out("y")))
    add("attribute_without_value.onnx",
        model(node("Constant", [], ["y"], "c", msg(5, msg(1, "value"), num(20, 4))), out("y")))
    add("element_type_99.onnx", model(RELU, inp("x", (1, 4), 99), out("y")))
    add("initializer_type_negative.onnx", model(RELU, inp("x"), initializer("w", [4], -1), out("y")))
    add("cast_to_99.onnx", model(node("Cast", ["x"], ["y"], "c", attr_int("to", 99)), inp("x"), out("y")))
    add("unknown_domain.onnx",
        model(node("Frobnicate", ["x"], ["y"], "frob", msg(7, "com.example.unheard")), inp("x"), out("y")))

    # Names.
    add("undefined_input.onnx", model(node("Relu", ["x_"], ["y"], "r"), inp("x"), out("y")))
    add("undefined_input_misspelt.onnx",
        model(node("Relu", ["hiden_state"], ["y"], "r"), inp("hidden_state"), out("y")))
    add("undefined_output.onnx", model(RELU, inp("x"), out("nowhere")))
    add("undefined_in_branch.onnx",
        model(node("If", ["c"], ["y"], "if",
                   attr_graph("then_branch", node("Relu", ["ghost"], ["t"], "inner"), msg(12, msg(1, "t"))),
                   attr_graph("else_branch", node("Identity", ["x"], ["e"]), msg(12, msg(1, "e")))),
              inp("x"), inp("c", (), 9), out("y")))
    add("defined_in_branch_only.onnx",
        model(node("If", ["c"], ["y"], "if",
                   attr_graph("then_branch", node("Relu", ["x"], ["t"]), msg(12, msg(1, "t"))),
                   attr_graph("else_branch", node("Identity", ["x"], ["e"]), msg(12, msg(1, "e")))),
              node("Add", ["y", "t"], ["z"], "leak"), inp("x"), inp("c", (), 9), out("z")))
    add("defined_twice_by_nodes.onnx",
        model(RELU, node("Sigmoid", ["x"], ["y"], "s"), inp("x"), out("y")))
    add("defined_twice_by_one_node.onnx",
        model(node("Split", ["x"], ["y", "y"], "s"), inp("x"), out("y")))
    add("defined_twice_node_and_input.onnx", model(node("Relu", ["x"], ["x"], "r"), inp("x"), out("x")))
    add("defined_twice_node_and_initializer.onnx",
        model(node("Relu", ["x"], ["w"], "r"), initializer("w", [4]), inp("x"), out("w")))
    add("defined_twice_inputs.onnx", model(RELU, inp("x"), inp("x"), out("y")))
    add("defined_twice_initializers.onnx",
        model(RELU, inp("x"), initializer("w", [4]), initializer("w", [5]), out("y")))
    add("cycle_of_one.onnx", model(node("Add", ["x", "y"], ["y"], "self"), inp("x"), out("y")))
    add("cycle_of_two.onnx",
        model(node("Add", ["x", "b"], ["a"], "first"), node("Relu", ["a"], ["b"], "second"), inp("x"), out("b")))
    add("cycle_of_three_after_chain.onnx",
        model(node("Relu", ["x"], ["p"], "before"), node("Add", ["p", "c"], ["a"], "one"),
              node("Relu", ["a"], ["b"], "two"), node("Neg", ["b"], ["c"], "three"),
              node("Relu", ["c"], ["q"], "after"), inp("x"), out("q")))
    add("cycle_through_branch.onnx",
        model(node("If", ["c"], ["y"], "if",
                   attr_graph("then_branch", node("Relu", ["z"], ["t"]), msg(12, msg(1, "t"))),
                   attr_graph("else_branch", node("Identity", ["x"], ["e"]), msg(12, msg(1, "e")))),
              node("Neg", ["y"], ["z"], "n"), inp("x"), inp("c", (), 9), out("z")))
    add("newline_in_name.onnx", model(node("Relu", ["a\nb\x1b[31m"], ["y"], "r\n\n"), inp("x"), out("y")))

    # Sizes.
    add("negative_weight_size.onnx", model(RELU, inp("x"), initializer("w", [4, -3]), out("y")))
    add("overflowing_weight_size.onnx",
        model(RELU, inp("x"), initializer("w", [1 << 40, 1 << 40]), out("y")))
    add("overflowing_weight_bits.onnx", model(RELU, inp("x"), initializer("w", [1 << 60]), out("y")))
    add("negative_input_size.onnx", model(RELU, inp("x", (1, -5)), out("y")))

    # External data outside the folder.
    add("external_absolute.onnx", model(RELU, inp("x"), external("w", "/etc/passwd"), out("y")))
    add("external_parent.onnx", model(RELU, inp("x"), external("w", "../../secret.bin"), out("y")))
    add("external_parent_inside.onnx",
        model(RELU, inp("x"), external("w", "weights/../../secret.bin"), out("y")))
    add("external_backslash.onnx", model(RELU, inp("x"), external("w", "..\\secret.bin"), out("y")))

    # Depth and growth.
    deep = b""
    for _ in range(10000):
        deep = node("If", ["c"], ["y"], "", attr_graph("b", deep))
    add("deep_subgraphs.onnx", model(deep, inp("c", (), 9), out("y")))
    deep = tensor_type((1,))
    for _ in range(10000):
        deep = msg(4, msg(1, deep))
    add("deep_types.onnx", model(RELU, msg(11, msg(1, "x"), msg(2, deep)), out("y")))
    add("deep_text.onnxtxt",
        '<ir_version: 8, opset_import: ["": 17]>\ng (float x) => (float y) {\n' +
        "y = If <b = g () => () {" * 10000 + "}> (x)" * 10000 + "}\n")
    add("deep_text.textproto", "graph{" + "node{attribute{g{" * 3000 + "}}}" * 3000 + "}")
    add("function_calls_itself.onnx",
        model(call("loop", ["x"], ["y"], "start"), inp("x"), out("y"),
              functions=[function("loop", ["a"], ["b"], call("loop", ["a"], ["b"]))]))
    add("functions_call_each_other.onnx",
        model(call("ping", ["x"], ["y"], "start"), inp("x"), out("y"),
              functions=[function("ping", ["a"], ["b"], call("pong", ["a"], ["b"])),
                         function("pong", ["a"], ["b"], call("ping", ["a"], ["b"]))]))
    doubling = [function("f0", ["a"], ["b"], node("Relu", ["a"], ["b"]))]
    for i in range(1, 41):
        doubling.append(function("f%d" % i, ["a"], ["b"], call("f%d" % (i - 1), ["a"], ["m"]),
                                 call("f%d" % (i - 1), ["m"], ["b"])))
    add("functions_double_40_times.onnx",
        model(call("f40", ["x"], ["y"]), inp("x"), out("y"), functions=doubling))
    for i in range(41, 101):
        doubling.append(function("f%d" % i, ["a"], ["b"], call("f%d" % (i - 1), ["a"], ["m"]),
                                 call("f%d" % (i - 1), ["m"], ["b"])))
    add("functions_double_100_times.onnx",
        model(call("f100", ["x"], ["y"]), inp("x"), out("y"), functions=doubling))
    hollow = [function("h0", ["a"], ["a"])]
    for i in range(1, 51):
        hollow.append(function("h%d" % i, ["a"], ["b"], call("h%d" % (i - 1), ["a"], ["m"]),
                               call("h%d" % (i - 1), ["m"], ["b"])))
    add("functions_double_and_hold_nothing.onnx",
        model(call("h50", ["x"], ["y"]), inp("x"), out("y"), functions=hollow))
    chain = [function("c0", ["a"], ["b"], node("Relu", ["a"], ["b"]))]
    for i in range(1, 1000):
        chain.append(function("c%d" % i, ["a"], ["b"], call("c%d" % (i - 1), ["a"], ["b"])))
    add("functions_1000_deep.onnx",
        model(call("c999", ["x"], ["y"]), inp("x"), out("y"), functions=chain))
    identity = function("same", ["a"], ["b"], node("Relu", ["a"], ["b"]))
    add("function_defined_twice.onnx",
        model(call("same", ["x"], ["y"]), inp("x"), out("y"), functions=[identity, identity]))
    add("function_with_too_many_inputs.onnx",
        model(call("same", ["x", "x"], ["y"], "c"), inp("x"), out("y"), functions=[identity]))
    add("function_without_its_output.onnx",
        model(call("half", ["x"], ["y"], "c"), inp("x"), out("y"),
              functions=[function("half", ["a"], ["b"], node("Relu", ["a"], ["other"]))]))
    add("function_sees_no_outer_value.onnx",
        model(call("peek", ["x"], ["y"], "c"), inp("x"), inp("outer"), out("y"),
              functions=[function("peek", ["a"], ["b"], node("Add", ["a", "outer"], ["b"], "add"))]))

    # Text forms.
    text = 'ir_version: 8\nopset_import { version: 17 }\ngraph {\n  node { %s }\n}\n'
    add("unknown_field.textproto", text % 'inputs: "x" op_type: "Relu"')
    add("string_without_end.textproto", text % 'input: "x op_type: Relu')
    add("string_for_number.textproto", 'ir_version: "eight"\n')
    add("bad_enum.textproto", text % 'attribute { name: "to" type: INTEGER i: 1 }')
    add("brace_missing.textproto", "ir_version: 8\ngraph {\n  name: \"g\"\n")
    add("arrow_missing.onnxtxt", '<ir_version: 8, opset_import: ["": 17]>\ng (float[1] x) (float[1] y) { y = Relu(x) }\n')
    add("unknown_type.onnxtxt", '<ir_version: 8, opset_import: ["": 17]>\ng (float99[1] x) => (float[1] y) { y = Relu(x) }\n')
    add("node_without_end.onnxtxt", '<ir_version: 8, opset_import: ["": 17]>\ng (float[1] x) => (float[1] y) { y = Relu(x\n')
    add("unknown_header.onnxtxt", '<ir_version: 8, flavour: "vanilla">\ng () => () {}\n')
    add("empty_list_without_type.onnxtxt",
        '<ir_version: 8, opset_import: ["": 17]>\ng (float[1] x) => (float[1] y) { y = Foo <a = []> (x) }\n')

    # Well formed, and no model: later stages must say so.
    add("later_overflow.onnx", one_op("Relu", [(1 << 40, 1 << 40)]))
    add("later_overflow_matmul.onnx", one_op("MatMul", [(1 << 31, 1 << 31), (1 << 31, 1 << 31)]))
    add("later_broadcast.onnx", one_op("Add", [(2, 3), (2, 4)]))
    add("later_matmul.onnx", one_op("MatMul", [(2, 3), (4, 5)]))
    add("later_gemm.onnx", one_op("Gemm", [(2, 3), (4, 5)]))
    add("later_conv_channels.onnx", one_op("Conv", [(1, 3, 8, 8), (4, 5, 3, 3)]))
    add("later_conv_window_too_large.onnx", one_op("Conv", [(1, 3, 4, 4), (4, 3, 9, 9)]))
    add("later_concat.onnx", one_op("Concat", [(2, 3), (2, 3, 4)], attr_int("axis", 0)))
    add("later_concat_axis.onnx", one_op("Concat", [(2, 3), (2, 3)], attr_int("axis", 7)))
    add("later_transpose.onnx", one_op("Transpose", [(2, 3)], attr_ints("perm", 0, 5)))
    add("later_reshape.onnx",
        model(node("Reshape", ["x", "s"], ["y"], "bad"), inp("x", (2, 3)), ints("s", 5, 7), out("y", ("?", "?"))))
    add("later_squeeze.onnx",
        model(node("Squeeze", ["x", "s"], ["y"], "bad"), inp("x", (2, 3)), ints("s", 0), msg(12, msg(1, "y"))))
    add("later_expand.onnx",
        model(node("Expand", ["x", "s"], ["y"], "bad"), inp("x", (2, 3)), ints("s", 2, 5), msg(12, msg(1, "y"))))
    add("later_split.onnx",
        model(node("Split", ["x", "s"], ["y", "z"], "bad"), inp("x", (6, 3)), ints("s", 2, 2), msg(12, msg(1, "y"))))
    add("later_gather_axis.onnx",
        model(node("Gather", ["x", "s"], ["y"], "bad", attr_int("axis", 5)), inp("x", (6, 3)), ints("s", 0),
              msg(12, msg(1, "y"))))


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(
        os.path.dirname(os.path.abspath(__file__)), "..", "testdata", "errors")
    os.makedirs(folder, exist_ok=True)
    make()
    for name, data in FILES.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)
    os.makedirs(os.path.join(folder, "directory.onnx"), exist_ok=True)
    with open(os.path.join(folder, "directory.onnx", "README"), "w") as f:
        f.write("A directory named like a model.\n")
    print("%d files, %d bytes, and a directory" %
          (len(FILES), sum(len(d) for d in FILES.values())))


if __name__ == "__main__":
    main()
