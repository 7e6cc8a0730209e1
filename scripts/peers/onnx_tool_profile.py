"""The peer in Python: what onnx-tool's documentation says to do for a model's MACs and memory."""
import sys

import onnx_tool

onnx_tool.model_profile(sys.argv[1])
