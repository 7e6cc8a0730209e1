#include "ir/paths.h"

#include "gtest/gtest.h"

namespace assay {
namespace {

TEST(Paths, FileNameAndFolder) {
  EXPECT_EQ(FileName("a/b/c.onnx"), "c.onnx");
  EXPECT_EQ(FileName("c.onnx"), "c.onnx");
  EXPECT_EQ(FileName("a/"), "");
  EXPECT_EQ(FolderOf("a/b/c.onnx"), "a/b/");
  EXPECT_EQ(FolderOf("/c.onnx"), "/");
  EXPECT_EQ(FolderOf("c.onnx"), "");
}

TEST(Paths, YamlFilesAreNoNames) {
  EXPECT_TRUE(IsYamlPath("npu.yaml"));
  EXPECT_TRUE(IsYamlPath("npu.yml"));
  EXPECT_TRUE(IsYamlPath("./npu"));
  EXPECT_FALSE(IsYamlPath("h100-sxm"));
}

TEST(Paths, Patterns) {
  EXPECT_TRUE(MatchesPattern("resnet*", "resnet18.onnx"));
  EXPECT_TRUE(MatchesPattern("resnet?8.onnx", "resnet18.onnx"));
  EXPECT_TRUE(MatchesPattern("[ab]", "b"));
  EXPECT_TRUE(MatchesPattern("h100-sxm", "h100-sxm"));
  EXPECT_FALSE(MatchesPattern("h100", "h100-sxm"));
}

}  // namespace
}  // namespace assay
