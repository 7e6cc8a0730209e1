// The peer in C++: parses a model with ONNX's own library and infers its shapes. No costs, no
// target.
//
//   g++ -O2 -DONNX_ML=1 -DONNX_NAMESPACE=onnx onnx_infer_main.cc -lonnx -lonnx_proto -lprotobuf
//   onnx_infer MODEL
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>

#include <cstdio>
#include <exception>
#include <fstream>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: onnx_infer MODEL\n");
    return 2;
  }
  onnx::ModelProto model;
  std::ifstream in(argv[1], std::ios::binary);
  if (!in || !model.ParseFromIstream(&in)) {
    std::fprintf(stderr, "%s: cannot be parsed\n", argv[1]);
    return 1;
  }
  try {
    onnx::shape_inference::InferShapes(model);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: %s\n", argv[1], e.what());
    return 1;
  }
  std::printf("%d values with a type\n", model.graph().value_info_size());
  return model.graph().value_info_size() > 0 ? 0 : 1;
}
