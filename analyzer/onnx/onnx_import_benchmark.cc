// Import of synthetic models of 10^3 to 10^6 nodes: cost per node should not grow.
//
//   onnx_import_benchmark --benchmark_filter=1000$
//
// A model is a chain of residual blocks of four nodes (Conv, Relu, Conv, Add), every convolution
// with a weight of its own that is not stored, names as exporters make them.
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "analyzer/onnx/onnx_import.h"
#include "analyzer/onnx/wire_writer.h"
#include "benchmark/benchmark.h"
#include "ir/op_table.h"
#include "onnx/onnx_pb.h"

namespace assay {
namespace {

using onnx::AttributeProto;
using onnx::GraphProto;
using onnx::ModelProto;
using onnx::NodeProto;
using onnx::TensorProto;
using onnx::ValueInfoProto;

class ModelWriter {
 public:
  std::string Write(int64_t nodes) && {
    WireWriter opset;
    opset.Int(onnx::OperatorSetIdProto::kVersionFieldNumber, 17);
    model_.Int(ModelProto::kIrVersionFieldNumber, 8);
    model_.Message(ModelProto::kOpsetImportFieldNumber, opset);
    const size_t graph = model_.Begin(ModelProto::kGraphFieldNumber);
    AddValueInfo(GraphProto::kInputFieldNumber, "input");
    std::string x = "input";
    for (int64_t i = 0; i < nodes / 4; ++i) {
      const std::string block = absl::StrCat("/layer", i / 100, "/", i % 100);
      const std::string a = AddNode("Conv", block + "/conv1/Conv", x, AddWeight(2 * i));
      const std::string r = AddNode("Relu", block + "/relu/Relu", a, "");
      const std::string b = AddNode("Conv", block + "/conv2/Conv", r, AddWeight(2 * i + 1));
      x = AddNode("Add", block + "/Add", b, x);
    }
    AddValueInfo(GraphProto::kOutputFieldNumber, x);
    model_.End(graph);
    return std::move(model_).Take();
  }

 private:
  void AddValueInfo(int field, const std::string& name) {
    WireWriter dim, shape, tensor, type, value;
    dim.Int(onnx::TensorShapeProto_Dimension::kDimValueFieldNumber, 64);
    for (int i = 0; i < 4; ++i) shape.Message(onnx::TensorShapeProto::kDimFieldNumber, dim);
    tensor.Int(onnx::TypeProto_Tensor::kElemTypeFieldNumber, TensorProto::FLOAT);
    tensor.Message(onnx::TypeProto_Tensor::kShapeFieldNumber, shape);
    type.Message(onnx::TypeProto::kTensorTypeFieldNumber, tensor);
    value.Bytes(ValueInfoProto::kNameFieldNumber, name);
    value.Message(ValueInfoProto::kTypeFieldNumber, type);
    model_.Message(field, value);
  }

  std::string AddWeight(int64_t number) {
    std::string name = absl::StrCat("onnx::Conv_", number);
    const size_t tensor = model_.Begin(GraphProto::kInitializerFieldNumber);
    for (int64_t d : {64, 64, 3, 3}) model_.Int(TensorProto::kDimsFieldNumber, d);
    model_.Int(TensorProto::kDataTypeFieldNumber, TensorProto::FLOAT);
    model_.Bytes(TensorProto::kNameFieldNumber, name);
    model_.Int(TensorProto::kDataLocationFieldNumber, TensorProto::EXTERNAL);
    model_.End(tensor);
    return name;
  }

  // Returns the name of the node's output.
  std::string AddNode(const std::string& type, const std::string& name, const std::string& a,
                      const std::string& b) {
    std::string output = name + "_output_0";
    const size_t node = model_.Begin(GraphProto::kNodeFieldNumber);
    model_.Bytes(NodeProto::kInputFieldNumber, a);
    if (!b.empty()) model_.Bytes(NodeProto::kInputFieldNumber, b);
    model_.Bytes(NodeProto::kOutputFieldNumber, output);
    model_.Bytes(NodeProto::kNameFieldNumber, name);
    model_.Bytes(NodeProto::kOpTypeFieldNumber, type);
    if (type == "Conv") {
      const size_t pads = model_.Begin(NodeProto::kAttributeFieldNumber);
      model_.Bytes(AttributeProto::kNameFieldNumber, "pads");
      model_.Int(AttributeProto::kTypeFieldNumber, AttributeProto::INTS);
      for (int i = 0; i < 4; ++i) model_.Int(AttributeProto::kIntsFieldNumber, 1);
      model_.End(pads);
    }
    model_.End(node);
    return output;
  }

  WireWriter model_;
};

void BM_Import(benchmark::State& state) {
  const std::string bytes = ModelWriter().Write(state.range(0));
  for (auto _ : state) {
    absl::StatusOr<Graph> graph = ImportOnnxBytes(bytes, "synthetic.onnx", OpTable::BuiltIn());
    if (!graph.ok() || graph->num_ops() != state.range(0)) {
      state.SkipWithError(std::string(graph.status().message()).c_str());
      break;
    }
    benchmark::DoNotOptimize(*graph);
  }
  state.counters["ns_per_node"] =
      benchmark::Counter(1e-9 * static_cast<double>(state.iterations() * state.range(0)),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes.size()));
}
BENCHMARK(BM_Import)->RangeMultiplier(10)->Range(1'000, 1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace assay
