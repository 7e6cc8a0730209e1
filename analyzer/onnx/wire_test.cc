#include "analyzer/onnx/wire.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "analyzer/onnx/import_test_util.h"
#include "analyzer/onnx/wire_writer.h"

namespace assay {
namespace {

using NodeP = onnx::NodeProto;
using TensorP = onnx::TensorProto;

TEST(WireTest, WhatIsNotAskedForIsSteppedOver) {
  WireWriter node;
  node.Bytes(NodeP::kInputFieldNumber, "x");
  node.Bytes(NodeP::kDocStringFieldNumber, std::string(500000, 'd'));
  node.Bytes(NodeP::kOpTypeFieldNumber, "Relu");
  WireReader in(FromMemory(node.bytes()), "f");
  Message m = in.Whole(Msg::kNode);
  std::vector<std::string> seen;
  while (in.Next(m)) {
    if (m.field != NodeP::kDocStringFieldNumber) seen.emplace_back(in.Bytes(m));
  }
  EXPECT_TRUE(in.ok()) << in.status();
  EXPECT_THAT(seen, testing::ElementsAre("x", "Relu"));
}

TEST(WireTest, RepeatedNumbersPackedOrNot) {
  WireWriter tensor, packed;
  tensor.Int(TensorP::kDimsFieldNumber, 3);
  for (int64_t d : {4, -5}) packed.Varint(static_cast<uint64_t>(d));
  tensor.Message(TensorP::kDimsFieldNumber, packed);
  WireReader in(FromMemory(tensor.bytes()), "f");
  Message m = in.Whole(Msg::kTensor);
  std::vector<int64_t> dims;
  while (in.Next(m)) in.AppendInts(m, &dims);
  EXPECT_TRUE(in.ok());
  EXPECT_THAT(dims, testing::ElementsAre(3, 4, -5));
}

TEST(WireTest, ErrorsStickAndSayWhere) {
  WireReader in(FromMemory(std::string("\x0a\x05hi", 4)), "f.onnx");
  Message m = in.Whole(Msg::kNode);
  EXPECT_FALSE(in.Next(m));
  EXPECT_EQ(in.status().message(),
            "f.onnx: ends inside NodeProto.input at byte 0, which says it has 5 bytes where 2 are "
            "left; the file is truncated: copy or export it again");
  EXPECT_FALSE(in.Next(m));
}

TEST(WireTest, LengthsAreBoundedByTheMessageAround) {
  // A node of two bytes whose input claims three, inside a graph that has them.
  WireReader in(FromMemory(std::string("\x0a\x02\x0a\x03xyz", 7)), "f.onnx");
  Message graph = in.Whole(Msg::kGraph);
  ASSERT_TRUE(in.Next(graph));
  Message node = in.Enter(graph);
  EXPECT_FALSE(in.Next(node));
  EXPECT_THAT(std::string(in.status().message()),
              testing::HasSubstr("where its NodeProto has 0 left"));
}

// A submessage written with a five-byte length reads like any other.
TEST(WireTest, WriterNestsInPlace) {
  WireWriter out;
  const size_t graph = out.Begin(onnx::ModelProto::kGraphFieldNumber);
  const size_t node = out.Begin(onnx::GraphProto::kNodeFieldNumber);
  out.Bytes(NodeP::kNameFieldNumber, std::string(300, 'n'));
  out.End(node);
  out.End(graph);
  WireReader in(FromMemory(out.bytes()), "f");
  Message m = in.Whole(Msg::kModel);
  ASSERT_TRUE(in.Next(m));
  Message g = in.Enter(m);
  ASSERT_TRUE(in.Next(g));
  Message n = in.Enter(g);
  ASSERT_TRUE(in.Next(n));
  EXPECT_EQ(in.Bytes(n).size(), 300u);
  EXPECT_FALSE(in.Next(n));
  EXPECT_FALSE(in.Next(g));
  EXPECT_FALSE(in.Next(m));
  EXPECT_TRUE(in.ok());
}

// Tables of one job: every field once, names told apart, numbers within reach of the index.
TEST(SchemaTest, RowsAreConsistent) {
  for (const FieldRow& row : FieldRows()) {
    SCOPED_TRACE(absl::StrCat(Name(row.message), ".", row.name));
    EXPECT_EQ(FindField(row.message, static_cast<uint32_t>(row.number)), &row);
    EXPECT_EQ(FindField(row.message, row.name), &row);
  }
  EXPECT_EQ(FindField(Msg::kNode, 31u), nullptr);
  EXPECT_EQ(FindField(Msg::kNode, 1000u), nullptr);
  EXPECT_EQ(FindField(Msg::kNode, "inputs"), nullptr);
}

TEST(SchemaTest, ElementTypesAreInOrderOfTheirNumbers) {
  int number = 0;
  for (const ElementTypeRow& row : ElementTypeRows()) {
    EXPECT_EQ(row.number, number++) << row.proto_name;
    EXPECT_EQ(row.dtype == DType::kUndefined, row.number == 0) << row.proto_name;
    EXPECT_EQ(FindElementType(row.number), &row);
  }
  EXPECT_EQ(FindElementType(-1), nullptr);
  EXPECT_EQ(FindElementType(number), nullptr);
}

// ---- A file past 2 GiB -------------------------------------------------------------------------

// Three gigabytes of weights, as a hole in the file, before the node that uses them.
TEST(WireTest, WeightsPastTwoGigabytesAreSteppedOver) {
  const std::string path =
      (std::filesystem::temp_directory_path() / absl::StrCat("assay_wire_", getpid(), ".onnx"))
          .string();
  const uint64_t weight = uint64_t{3} << 30;
  WireWriter tensor, after, node, model, head;
  tensor.Int(TensorP::kDimsFieldNumber, static_cast<int64_t>(weight / 4));
  tensor.Int(TensorP::kDataTypeFieldNumber, TensorP::FLOAT);
  tensor.Bytes(TensorP::kNameFieldNumber, "w");
  tensor.Varint(TensorP::kRawDataFieldNumber << 3 | 2);
  tensor.Varint(weight);
  node.Bytes(NodeP::kInputFieldNumber, "w");
  node.Bytes(NodeP::kOutputFieldNumber, "y");
  node.Bytes(NodeP::kOpTypeFieldNumber, "Relu");
  after.Message(onnx::GraphProto::kNodeFieldNumber, node);
  WireWriter graph;
  graph.Varint(onnx::GraphProto::kInitializerFieldNumber << 3 | 2);
  graph.Varint(tensor.bytes().size() + weight);
  graph.Raw(tensor.bytes().data(), tensor.bytes().size());
  head.Varint(onnx::ModelProto::kGraphFieldNumber << 3 | 2);
  head.Varint(graph.bytes().size() + weight + after.bytes().size());
  head.Raw(graph.bytes().data(), graph.bytes().size());

  const int fd = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
  ASSERT_GE(fd, 0);
  const off_t tail = static_cast<off_t>(head.bytes().size() + weight);
  bool written = pwrite(fd, head.bytes().data(), head.bytes().size(), 0) ==
                     static_cast<ssize_t>(head.bytes().size()) &&
                 pwrite(fd, after.bytes().data(), after.bytes().size(), tail) ==
                     static_cast<ssize_t>(after.bytes().size());
  close(fd);
  if (!written) GTEST_SKIP() << "the file system takes no file of 3 GB";

  absl::StatusOr<Graph> imported = ImportOnnx(path, NoOps());
  std::filesystem::remove(path);
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(imported->num_ops(), 1);
  const Constant& c = imported->constant(ConstantId(0));
  EXPECT_EQ(c.payload.kind, Payload::Kind::kFile);
  EXPECT_EQ(c.payload.offset, head.bytes().size());
  EXPECT_EQ(c.payload.bytes, weight);
}

}  // namespace
}  // namespace assay
