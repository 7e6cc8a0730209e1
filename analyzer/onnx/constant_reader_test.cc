#include "analyzer/onnx/constant_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "analyzer/onnx/import_test_util.h"
#include "analyzer/onnx/schema.h"
#include "analyzer/onnx/wire_writer.h"

namespace assay {
namespace {

using TensorP = onnx::TensorProto;

WireWriter Tensor(std::vector<int64_t> dims, int type) {
  WireWriter tensor;
  for (int64_t d : dims) tensor.Int(TensorP::kDimsFieldNumber, d);
  tensor.Int(TensorP::kDataTypeFieldNumber, type);
  tensor.Bytes(TensorP::kNameFieldNumber, "w");
  return tensor;
}

std::string ModelOf(const WireWriter& tensor,
                    int field = onnx::GraphProto::kInitializerFieldNumber) {
  WireWriter graph, model;
  graph.Message(field, tensor);
  model.Message(onnx::ModelProto::kGraphFieldNumber, graph);
  return model.bytes();
}

std::string Elements(const std::string& model) {
  absl::StatusOr<Graph> graph = ImportOnnxBytes(model, "m.onnx", NoOps());
  if (!graph.ok()) return std::string(graph.status().message());
  return ElementsOf(*graph, ConstantId(0));
}

std::string Raw(std::vector<int64_t> dims, int type, absl::string_view bytes) {
  WireWriter tensor = Tensor(dims, type);
  tensor.Bytes(TensorP::kRawDataFieldNumber, bytes);
  return Elements(ModelOf(tensor));
}

std::string Typed(std::vector<int64_t> dims, int type, std::vector<int64_t> values) {
  WireWriter tensor = Tensor(dims, type), packed;
  for (int64_t v : values) packed.Varint(static_cast<uint64_t>(v));
  tensor.Message(TensorP::kInt32DataFieldNumber, packed);
  return Elements(ModelOf(tensor));
}

absl::string_view Bytes(const char* literal, size_t n) { return absl::string_view(literal, n); }

TEST(ConstantReaderTest, RawIntegers) {
  EXPECT_EQ(
      Raw({2}, TensorP::INT64, Bytes("\x05\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", 16)),
      "5 -1");
  EXPECT_EQ(Raw({2}, TensorP::INT32, Bytes("\x05\0\0\0\xfe\xff\xff\xff", 8)), "5 -2");
  EXPECT_EQ(Raw({1}, TensorP::UINT32, "\xfe\xff\xff\xff"), absl::StrCat((int64_t{1} << 32) - 2));
  EXPECT_EQ(Raw({2}, TensorP::INT16, Bytes("\0\x80\x01\0", 4)), "-32768 1");
  EXPECT_EQ(Raw({2}, TensorP::UINT16, Bytes("\0\x80\x01\0", 4)), "32768 1");
  EXPECT_EQ(Raw({2}, TensorP::INT8, "\x80\x7f"), "-128 127");
  EXPECT_EQ(Raw({2}, TensorP::UINT8, "\x80\x7f"), "128 127");
  EXPECT_EQ(Raw({3}, TensorP::BOOL, Bytes("\0\x01\x02", 3)), "0 1 1");
  // Beyond what a dimension holds: not known.
  EXPECT_EQ(Raw({1}, TensorP::UINT64, "\xff\xff\xff\xff\xff\xff\xff\xff"), "?");
}

TEST(ConstantReaderTest, NarrowElementsArePackedFromTheLowBits) {
  EXPECT_EQ(Raw({3}, 21, "\x8f\x07"), "15 8 7");       // uint4
  EXPECT_EQ(Raw({3}, 22, "\x8f\x07"), "-1 -8 7");      // int4
  EXPECT_EQ(Raw({5}, 25, "\xe4\x03"), "0 1 2 3 3");    // uint2: 0xe4 = 3 2 1 0
  EXPECT_EQ(Raw({5}, 26, "\xe4\x01"), "0 1 -2 -1 1");  // int2
  EXPECT_EQ(Raw({4}, 23, "\x10\xf7"), "0 0.5 6 -6");   // float4e2m1: 2^2 * 1.5 = 6
  EXPECT_EQ(Typed({3}, 22, {0x8f, 0x07}), "-1 -8 7");
}

TEST(ConstantReaderTest, Floats) {
  EXPECT_EQ(Raw({2}, TensorP::FLOAT, Bytes("\0\0\x80\x3f\0\0\0\xc0", 8)), "1 -2");
  EXPECT_EQ(Raw({1}, TensorP::DOUBLE, Bytes("\0\0\0\0\0\0\xe0\x3f", 8)), "0.5");
  EXPECT_EQ(Raw({3}, TensorP::FLOAT16, Bytes("\0\x3c\x01\0\0\xfc", 6)),
            absl::StrCat("1 ", std::ldexp(1.0, -24), " -inf"));
  EXPECT_EQ(Raw({2}, TensorP::BFLOAT16, Bytes("\x80\x3f\x40\xc0", 4)), "1 -3");
  EXPECT_EQ(Raw({4}, 17, "\x38\x7e\x01\xff"),  // e4m3fn: 1, 448 = 1.75 * 2^8, 2^-9, NaN
            absl::StrCat("1 ", 1.75 * 256, " ", std::ldexp(1.0, -9), " nan"));
  EXPECT_EQ(Raw({2}, 18, "\x40\x80"), "1 nan");  // e4m3fnuz: bias 8
  EXPECT_EQ(Raw({3}, 19, "\x3c\x7b\x7c"), absl::StrCat("1 ", 1.75 * 32768, " inf"));  // e5m2
  EXPECT_EQ(Raw({2}, 20, "\x40\x80"), "1 nan");        // e5m2fnuz: bias 16
  EXPECT_EQ(Raw({3}, 24, "\x7f\x81\xff"), "1 4 nan");  // e8m0: 2^(x - 127)
}

TEST(ConstantReaderTest, TypedFields) {
  EXPECT_EQ(Typed({2}, TensorP::INT32, {7, -7}), "7 -7");
  EXPECT_EQ(Typed({2}, TensorP::INT8, {7, -7}), "7 -7");
  EXPECT_EQ(Typed({2}, TensorP::FLOAT16, {0x3c00, 0x4000}), "1 2");
  EXPECT_EQ(Typed({2}, TensorP::BOOL, {0, 1}), "0 1");
  WireWriter unpacked = Tensor({2}, TensorP::INT64);  // two fields of their own
  unpacked.Int(TensorP::kInt64DataFieldNumber, 3);
  unpacked.Int(TensorP::kInt64DataFieldNumber, -4);
  EXPECT_EQ(Elements(ModelOf(unpacked)), "3 -4");
  WireWriter real = Tensor({2}, TensorP::FLOAT);
  real.Float(TensorP::kFloatDataFieldNumber, 0.25f);
  real.Float(TensorP::kFloatDataFieldNumber, -1);
  EXPECT_EQ(Elements(ModelOf(real)), "0.25 -1");
}

TEST(ConstantReaderTest, ScalarsAndEmptyTensors) {
  EXPECT_EQ(Raw({}, TensorP::INT8, "\x05"), "5");
  EXPECT_EQ(Elements(ModelOf(Tensor({0, 5}, TensorP::FLOAT))), "");
}

TEST(ConstantReaderTest, ContentsThatDoNotFitAreRefused) {
  EXPECT_EQ(
      Typed({3}, TensorP::INT32, {1, 2}),
      "m.onnx: a stored tensor has contents that do not fit its shape; export the model again");
  EXPECT_EQ(
      Typed({1000000}, TensorP::INT32, {1, 2}),
      "m.onnx: a stored tensor has contents that do not fit its shape; export the model again");
  EXPECT_EQ(Elements(ModelOf(Tensor({2}, TensorP::FLOAT))), "m.onnx: contents are not stored");
}

// values {5, 7} at the places of a 2 x 3 tensor.
std::string Sparse(std::vector<int64_t> index_dims, std::vector<int64_t> indices) {
  WireWriter values = Tensor({2}, TensorP::INT64), at = Tensor(index_dims, TensorP::INT64), sparse;
  values.Int(TensorP::kInt64DataFieldNumber, 5);
  values.Int(TensorP::kInt64DataFieldNumber, 7);
  for (int64_t i : indices) at.Int(TensorP::kInt64DataFieldNumber, i);
  sparse.Message(onnx::SparseTensorProto::kValuesFieldNumber, values);
  sparse.Message(onnx::SparseTensorProto::kIndicesFieldNumber, at);
  sparse.Int(onnx::SparseTensorProto::kDimsFieldNumber, 2);
  sparse.Int(onnx::SparseTensorProto::kDimsFieldNumber, 3);
  return ModelOf(sparse, onnx::GraphProto::kSparseInitializerFieldNumber);
}

TEST(ConstantReaderTest, SparseTensors) {
  EXPECT_EQ(Elements(Sparse({2}, {1, 5})), "0 5 0 0 0 7");
  EXPECT_EQ(Elements(Sparse({2, 2}, {0, 2, 1, 0})), "0 0 5 7 0 0");
  EXPECT_THAT(Elements(Sparse({2}, {1, 6})), testing::HasSubstr("an index lies outside"));
  EXPECT_THAT(Elements(Sparse({2, 2}, {0, 3, 1, 0})), testing::HasSubstr("an index lies outside"));
  EXPECT_THAT(Elements(Sparse({3}, {1, 2, 3})), testing::HasSubstr("do not fit its values"));
  absl::StatusOr<Graph> graph = ImportOnnxBytes(Sparse({2}, {1, 5}), "m.onnx", NoOps());
  ASSERT_TRUE(graph.ok());
  const Constant& c = graph->constant(ConstantId(0));
  EXPECT_TRUE(c.sparse);
  EXPECT_EQ(c.stored_elements, 2);
  EXPECT_EQ(graph->str(c.name), "w");
}

// ---- External data -----------------------------------------------------------------------------

class ExternalTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / absl::StrCat("assay_external_", getpid());
    std::filesystem::create_directories(folder_ / "model");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, absl::string_view bytes) {
    std::ofstream(folder_ / name, std::ios::binary)
        .write(bytes.data(), static_cast<long>(bytes.size()));
  }
  // Two bytes at offset 1 of that file.
  std::string ElementsAt(absl::string_view location, const char* offset = "1") {
    WireWriter tensor = Tensor({2}, TensorP::UINT8);
    tensor.Int(TensorP::kDataLocationFieldNumber, TensorP::EXTERNAL);
    for (auto [key, value] : {std::pair<absl::string_view, absl::string_view>{"location", location},
                              {"offset", offset},
                              {"length", "2"}}) {
      WireWriter entry;
      entry.Bytes(onnx::StringStringEntryProto::kKeyFieldNumber, key);
      entry.Bytes(onnx::StringStringEntryProto::kValueFieldNumber, value);
      tensor.Message(TensorP::kExternalDataFieldNumber, entry);
    }
    Write("model/m.onnx", ModelOf(tensor));
    absl::StatusOr<Graph> graph = ImportOnnx((folder_ / "model/m.onnx").string(), NoOps());
    if (!graph.ok()) return std::string(graph.status().message());
    return ElementsOf(*graph, ConstantId(0));
  }
  std::filesystem::path folder_;
};

TEST_F(ExternalTest, ReadsBesideTheModel) {
  Write("model/w.bin", "\x01\x02\x03\x04");
  EXPECT_EQ(ElementsAt("w.bin"), "2 3");
  EXPECT_EQ(ElementsAt("./w.bin"), "2 3");
}

TEST_F(ExternalTest, AMissingFileIsNoImportError) {
  EXPECT_THAT(ElementsAt("missing.bin"), testing::HasSubstr("no such file"));
}

TEST_F(ExternalTest, BeyondTheEnd) {
  Write("model/w.bin", "\x01\x02");
  EXPECT_THAT(ElementsAt("w.bin"), testing::HasSubstr("has 1 bytes where its shape needs 2"));
  EXPECT_THAT(ElementsAt("w.bin", "100"), testing::HasSubstr("beyond the end"));
}

TEST_F(ExternalTest, NothingOutsideTheFolderIsRead) {
  Write("secret.bin", "\x01\x02\x03\x04");
  EXPECT_THAT(ElementsAt("../secret.bin"), testing::HasSubstr("lies outside the model's folder"));
  std::filesystem::create_symlink(folder_ / "secret.bin", folder_ / "model/link.bin");
  EXPECT_THAT(ElementsAt("link.bin"), testing::HasSubstr("lies outside the model's folder"));
  Write("model/w.bin", "\x01\x02\x03\x04");
  std::filesystem::create_symlink(folder_ / "model/w.bin", folder_ / "model/inside.bin");
  EXPECT_EQ(ElementsAt("inside.bin"), "2 3");
}

TEST_F(ExternalTest, OnlyRegularFiles) {
  std::filesystem::create_directory(folder_ / "model/sub");
  EXPECT_THAT(ElementsAt("sub"), testing::HasSubstr("sub: is a directory"));
}

}  // namespace
}  // namespace assay
