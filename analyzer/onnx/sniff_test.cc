#include "analyzer/onnx/sniff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace assay {
namespace {

TEST(SniffTest, OtherFormatsAreNamed) {
  EXPECT_EQ(RefuseOtherFormats("x.onnx", "\x89PNG\r\n\x1a\n").message(),
            "x.onnx: this is a PNG image, not an ONNX model; give the exported .onnx file");
  EXPECT_EQ(RefuseOtherFormats("x.onnx", "").message(),
            "x.onnx: is empty; export or copy the model again");
  EXPECT_THAT(std::string(RefuseOtherFormats("x.pt", "PK\x03\x04").message()),
              testing::HasSubstr("PyTorch checkpoint"));
  std::string tar(300, 'a');
  tar.replace(257, 5, "ustar");
  EXPECT_THAT(std::string(RefuseOtherFormats("x", tar).message()),
              testing::HasSubstr("tar archive"));
}

TEST(SniffTest, ModelsPass) {
  EXPECT_TRUE(RefuseOtherFormats("x.onnx", "\x08\x08\x3a\x02\x0a\x00").ok());
  EXPECT_TRUE(RefuseOtherFormats("x", "ir_version: 8\n").ok());
  EXPECT_TRUE(RefuseOtherFormats("x", "# a model\ngraph {").ok());
  EXPECT_TRUE(RefuseOtherFormats("x", "<ir_version: 8>").ok());
  EXPECT_TRUE(RefuseOtherFormats("x", "net (float[2] x) => (y) { }").ok());
  // What the ending promises is believed, and the text's reader says what is wrong in it.
  EXPECT_TRUE(RefuseOtherFormats("x.textproto", "Hello, world").ok());
  EXPECT_FALSE(RefuseOtherFormats("x.onnx", "Hello, world").ok());
}

TEST(SniffTest, TheFormShowsInTheContent) {
  EXPECT_EQ(DetectEncoding("x.onnx", "\x08\x08\x3a\x02"), Encoding::kBinary);
  EXPECT_EQ(DetectEncoding("x.textproto", "\x08\x08\x3a\x02"), Encoding::kBinary);
  EXPECT_EQ(DetectEncoding("x", "ir_version: 8"), Encoding::kProtobufText);
  EXPECT_EQ(DetectEncoding("x", "# c\n graph {"), Encoding::kProtobufText);
  EXPECT_EQ(DetectEncoding("x", "# c\n <ir_version: 8>"), Encoding::kOnnxText);
  EXPECT_EQ(DetectEncoding("x", "\"a net\" (float x) => (y) {}"), Encoding::kOnnxText);
  EXPECT_EQ(DetectEncoding("x", "net # c\n (float x)"), Encoding::kOnnxText);
  EXPECT_EQ(DetectEncoding("x.PBTXT", "anything"), Encoding::kProtobufText);
  EXPECT_EQ(DetectEncoding("x.onnxtxt", "anything"), Encoding::kOnnxText);
}

}  // namespace
}  // namespace assay
