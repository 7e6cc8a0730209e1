// What ONNX's own shape inference finds, as text: the peer of analyzer/backend_peer_test.cc.
//
//   onnx_shapes < LIST          one model's path per line
//
// What a model declares of outputs and inner values is dropped first: the question is what
// inference finds by itself, with data propagation. Per model, a line `model PATH`, then for every
// value of the main graph that is a tensor of known rank
//
//   NAME <tab> ELEMENT TYPE, ONNX's number <tab> SIZES, as 2,batch,?
//
// and `end`, or `refused REASON`. scripts/compare_inference.py writes the same from Python.
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>
#include <sys/wait.h>
#include <unistd.h>

#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

namespace {

void Strip(onnx::GraphProto* graph) {
  graph->clear_value_info();
  for (onnx::ValueInfoProto& output : *graph->mutable_output()) {
    if (output.type().has_tensor_type()) {
      output.mutable_type()->mutable_tensor_type()->clear_shape();
    } else {
      output.clear_type();
    }
  }
  for (onnx::NodeProto& node : *graph->mutable_node()) {
    for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
      if (attribute.has_g()) Strip(attribute.mutable_g());
    }
  }
}

void Print(const onnx::ValueInfoProto& value, std::ostream& out) {
  const onnx::TypeProto& type = value.type();
  if (!type.has_tensor_type() || !type.tensor_type().has_shape()) return;
  out << value.name() << '\t' << type.tensor_type().elem_type() << '\t';
  const onnx::TensorShapeProto& shape = type.tensor_type().shape();
  for (int i = 0; i < shape.dim_size(); ++i) {
    const onnx::TensorShapeProto::Dimension& d = shape.dim(i);
    if (i > 0) out << ',';
    if (d.has_dim_value()) {
      out << d.dim_value();
    } else if (d.has_dim_param() && !d.dim_param().empty()) {
      out << d.dim_param();
    } else {
      out << '?';
    }
  }
  out << '\n';
}

// The lines of one model after its first.
std::string Infer(const std::string& path) {
  onnx::ModelProto model;
  std::ifstream in(path, std::ios::binary);
  if (!in || !model.ParseFromIstream(&in)) return "refused cannot be parsed\n";
  Strip(model.mutable_graph());
  try {
    onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(),
                                       onnx::ShapeInferenceOptions(false, 0, true));
  } catch (const std::exception& e) {
    const std::string reason = e.what();
    return "refused " + reason.substr(0, reason.find('\n')) + "\n";
  }
  std::ostringstream out;
  for (const onnx::ValueInfoProto& value : model.graph().value_info()) Print(value, out);
  for (const onnx::ValueInfoProto& value : model.graph().output()) Print(value, out);
  out << "end\n";
  return out.str();
}

}  // namespace

int main() {
  std::string path;
  while (std::getline(std::cin, path)) {
    std::cout << "model " << path << std::endl;
    // In a process of its own: old versions of the library crash on operators they do not know.
    const pid_t child = fork();
    if (child == 0) {
      std::cout << Infer(path) << std::flush;
      _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
      std::cout << "refused by a crash" << std::endl;
    }
  }
  return 0;
}
