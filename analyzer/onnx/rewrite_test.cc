// What RewriteModel changes and, above all, what it leaves alone.
#include "analyzer/onnx/rewrite.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "analyzer/onnx/import_test_util.h"
#include "analyzer/onnx/model_source.h"
#include "analyzer/onnx/schema.h"
#include "analyzer/onnx/wire_writer.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using GraphP = onnx::GraphProto;
using ModelP = onnx::ModelProto;
using NodeP = onnx::NodeProto;

WireWriter Entry(absl::string_view key, absl::string_view value) {
  WireWriter entry;
  entry.Bytes(1, key);
  entry.Bytes(2, value);
  return entry;
}

// f32 of these sizes; -1 leaves one open, -2 is called "n".
WireWriter Info(absl::string_view name, const std::vector<int>& sizes) {
  WireWriter shape, tensor, type, info;
  for (int size : sizes) {
    WireWriter dim;
    if (size >= 0) dim.Int(1, size);
    if (size == -2) dim.Bytes(2, "n");
    shape.Message(1, dim);
  }
  tensor.Int(1, 1);
  tensor.Message(2, shape);
  type.Message(1, tensor);
  info.Bytes(1, name);
  info.Message(2, type);
  return info;
}

WireWriter Node(absl::string_view type, const std::vector<std::string>& in,
                const std::vector<std::string>& out) {
  WireWriter node;
  for (const std::string& name : in) node.Bytes(NodeP::kInputFieldNumber, name);
  for (const std::string& name : out) node.Bytes(NodeP::kOutputFieldNumber, name);
  node.Bytes(NodeP::kOpTypeFieldNumber, type);
  return node;
}

std::string Model(const WireWriter& graph) {
  WireWriter model, opset;
  opset.Int(2, 17);
  model.Int(ModelP::kIrVersionFieldNumber, 8);
  model.Message(ModelP::kGraphFieldNumber, graph);
  model.Message(ModelP::kOpsetImportFieldNumber, opset);
  return model.bytes();
}

std::string Field(int number, const WireWriter& message) {
  WireWriter out;
  out.Message(number, message);
  return out.bytes();
}

struct Read {
  ModelSource source;
  absl::StatusOr<Graph> graph = absl::UnknownError("");
};

void Import(const std::string& bytes, Read* read) {
  read->graph = ImportOnnxBytes(bytes, "test.onnx", OpTable::BuiltIn(), {.source = &read->source});
  ASSERT_TRUE(read->graph.ok()) << read->graph.status();
}

std::string Rewrite(const ModelSource& source, const Additions& additions) {
  std::string out;
  const absl::Status status =
      RewriteModel(source, "test.onnx", additions, [&](absl::string_view piece) {
        absl::StrAppend(&out, piece);
        return absl::OkStatus();
      });
  EXPECT_TRUE(status.ok()) << status;
  return out;
}

Additions Remark(absl::string_view key, absl::string_view value) {
  Additions a;
  a.prefix = "t.";
  a.on = [key = std::string(key), value = std::string(value)](absl::Span<const ModelSource::Node>) {
    return Remarks{{key, value}};
  };
  return a;
}

TEST(Rewrite, AddsToNodeAndGraphAndKeepsEveryOtherByte) {
  WireWriter node = Node("Relu", {"x"}, {"y"});
  node.Bytes(77, "unknown to us");
  WireWriter weight;
  weight.Int(1, 4);
  weight.Int(2, 1);
  weight.Bytes(8, "w");
  weight.Bytes(9,
               std::string("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f", 16));
  WireWriter graph;
  graph.Message(GraphP::kNodeFieldNumber, node);
  graph.Message(GraphP::kInitializerFieldNumber, weight);
  graph.Message(GraphP::kInputFieldNumber, Info("x", {4}));
  graph.Message(GraphP::kOutputFieldNumber, Info("y", {4}));
  graph.Bytes(99, "also unknown");
  Read read;
  Import(Model(graph), &read);
  ASSERT_EQ(read.source.nodes.size(), 1u);
  EXPECT_EQ(read.source.nodes[0].begin, OpId(0));
  EXPECT_EQ(read.source.nodes[0].end, OpId(1));

  // The same bytes, with the remark at the end of the node and of the graph.
  WireWriter new_node = node;
  new_node.Message(kNodeMetadata, Entry("t.a", "1"));
  WireWriter new_graph;
  new_graph.Message(GraphP::kNodeFieldNumber, new_node);
  new_graph.Message(GraphP::kInitializerFieldNumber, weight);
  new_graph.Message(GraphP::kInputFieldNumber, Info("x", {4}));
  new_graph.Message(GraphP::kOutputFieldNumber, Info("y", {4}));
  new_graph.Bytes(99, "also unknown");
  new_graph.Message(kGraphMetadata, Entry("t.a", "1"));
  const std::string once = Rewrite(read.source, Remark("t.a", "1"));
  EXPECT_EQ(once, Model(new_graph));

  // Again: ours are replaced, so nothing grows.
  Read again;
  Import(once, &again);
  EXPECT_EQ(Rewrite(again.source, Remark("t.a", "1")), once);
}

// y = Relu(x), z = Relu(y), o = Relu(z); what the file says of y, z and o, and what comes out when
// all are known to be f32[n, 4].
std::string Typed(const std::vector<WireWriter>& infos, const WireWriter& output) {
  WireWriter graph;
  graph.Message(GraphP::kNodeFieldNumber, Node("Relu", {"x"}, {"y"}));
  graph.Message(GraphP::kNodeFieldNumber, Node("Relu", {"y"}, {"z"}));
  graph.Message(GraphP::kNodeFieldNumber, Node("Relu", {"z"}, {"o"}));
  graph.Message(GraphP::kInputFieldNumber, Info("x", {-2, 4}));
  for (const WireWriter& info : infos) graph.Message(GraphP::kValueInfoFieldNumber, info);
  graph.Message(GraphP::kOutputFieldNumber, output);
  Read read;
  Import(Model(graph), &read);
  DimPool pool;
  const Type known = Type::Tensor(DType::kF32, {pool.Symbol("n"), Dim(4)});
  Additions a = Remark("t.a", "1");
  a.on = [](absl::Span<const ModelSource::Node>) { return Remarks(); };
  a.type_of = [&](ValueId) -> const Type& { return known; };
  a.pool = &pool;
  return Rewrite(read.source, a);
}

TEST(Rewrite, TypesOfWhatHasNone) {
  const std::string out = Typed({}, Info("o", {-2, 4}));
  EXPECT_TRUE(absl::StrContains(out, Field(GraphP::kValueInfoFieldNumber, Info("y", {-2, 4}))));
  EXPECT_TRUE(absl::StrContains(out, Field(GraphP::kValueInfoFieldNumber, Info("z", {-2, 4}))));
  // Not of the output or the input, which have theirs.
  EXPECT_FALSE(absl::StrContains(out, Field(GraphP::kValueInfoFieldNumber, Info("o", {-2, 4}))));
  EXPECT_FALSE(absl::StrContains(out, Field(GraphP::kValueInfoFieldNumber, Info("x", {-2, 4}))));
}

TEST(Rewrite, AnEntryThatIsThereIsMergedNotDoubled) {
  WireWriter y = Info("y", {-1, -1});
  y.Bytes(3, "said of y");           // its doc_string
  WireWriter z = Info("z", {7, 4});  // a number is more than a name
  const std::string out = Typed({y, z}, Info("o", {-1, 4}));
  WireWriter new_y;
  new_y.Bytes(1, "y");
  new_y.Bytes(3, "said of y");
  const std::string type_of_y = Info("", {-2, 4}).bytes().substr(2);  // behind the empty name
  EXPECT_TRUE(absl::StrContains(out, absl::StrCat(new_y.bytes(), type_of_y)));
  EXPECT_TRUE(absl::StrContains(out, Field(GraphP::kValueInfoFieldNumber, z)));
  // The output's open size is filled in.
  EXPECT_TRUE(absl::StrContains(out, Field(GraphP::kOutputFieldNumber, Info("o", {-2, 4}))));
  Read read;
  Import(out, &read);
}

TEST(Rewrite, AnOutputKeepsWhatItDeclares) {
  EXPECT_TRUE(absl::StrContains(Typed({}, Info("o", {3, 5})),
                                Field(GraphP::kOutputFieldNumber, Info("o", {3, 5}))));
}

TEST(Rewrite, TypesThatOnnxHas) {
  DimPool pool;
  std::string out;
  EXPECT_FALSE(WriteType(Type(), pool, &out));
  EXPECT_FALSE(WriteType(Type::Sequence(Type()), pool, &out));
  ASSERT_TRUE(WriteType(Type::Sequence(Type::Unranked(DType::kI64)), pool, &out));
  // sequence_type { elem_type { tensor_type { elem_type: INT64 } } }
  EXPECT_EQ(out, std::string("\x22\x06\x0a\x04\x0a\x02\x08\x07", 8));
  ASSERT_TRUE(WriteType(Type::Map(DType::kI64, Type::Unranked(DType::kF32)), pool, &out));
  // map_type { key_type: INT64 value_type { tensor_type { elem_type: FLOAT } } }
  EXPECT_EQ(out, std::string("\x2a\x08\x08\x07\x12\x04\x0a\x02\x08\x01", 10));
}

// Two calls of one function, a call within it, and a body.
TEST(Rewrite, KnowsWhereNodesWent) {
  Read read;
  read.graph = ImportOnnxBytes(
      R"(<ir_version: 8, opset_import: ["": 17, "f": 1]>
         main (float[4] x, bool c) => (float[4] z) {
           a = f.Two (x)
           b = f.Two (a)
           z = If (c) <then_branch = t () => (float[4] p) { p = Relu (b) },
                       else_branch = e () => (float[4] q) { q = f.Two (b) }>
         }
         <domain: "f", opset_import: ["": 17]> Two (u) => (w) { v = Relu (u)  w = Exp (v) })",
      "test.onnxtxt", OpTable::BuiltIn(), {.source = &read.source});
  ASSERT_TRUE(read.graph.ok()) << read.graph.status();
  // Ops: Relu Exp | Relu Exp | If { Relu } { Relu Exp }: 0..8.
  EXPECT_EQ(read.graph->num_ops(), 8);
  std::vector<std::string> ranges;
  int inside = 0;
  for (const ModelSource::Node& n : read.source.nodes) {
    if (n.results_begin == n.results_end) {
      ++inside;  // of a function's body
      continue;
    }
    ranges.push_back(absl::StrCat(n.begin.index, "-", n.end.index));
  }
  EXPECT_EQ(inside, 3 * 2);  // three calls of two nodes
  // In file order: the two calls, the nodes of the branches, the If around them.
  std::sort(ranges.begin(), ranges.end());
  EXPECT_EQ(ranges, (std::vector<std::string>{"0-2", "2-4", "4-8", "5-6", "6-8"}));
}

TEST(Rewrite, MovesTheNamesOfExternalData) {
  WireWriter weight;
  weight.Int(1, 4);
  weight.Int(2, 1);
  weight.Bytes(8, "w");
  weight.Message(13, Entry("location", "w.bin"));
  weight.Message(13, Entry("offset", "0"));
  weight.Int(14, 1);
  WireWriter graph;
  graph.Message(GraphP::kNodeFieldNumber, Node("Add", {"x", "w"}, {"y"}));
  graph.Message(GraphP::kInitializerFieldNumber, weight);
  graph.Message(GraphP::kInputFieldNumber, Info("x", {4}));
  graph.Message(GraphP::kOutputFieldNumber, Info("y", {4}));
  Read read;
  Import(Model(graph), &read);
  Additions a = Remark("t.a", "1");
  a.moved = [](absl::string_view location) { return absl::StrCat("sub/", location); };
  const std::string out = Rewrite(read.source, a);
  EXPECT_TRUE(absl::StrContains(out, Field(13, Entry("location", "sub/w.bin"))));
  EXPECT_TRUE(absl::StrContains(out, Field(13, Entry("offset", "0"))));
  EXPECT_FALSE(absl::StrContains(out, Field(13, Entry("location", "w.bin"))));
}

}  // namespace
}  // namespace assay
