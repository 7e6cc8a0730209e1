#include "analyzer/onnx/module_path.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

TEST(ModulePathTest, FromTorchDynamoMetadata) {
  EXPECT_EQ(
      ModuleFromMetadata("pkg.torch.onnx.name_scopes", "['', 'layer1', 'layer1.0', 'conv2d']"),
      "layer1.0");
  EXPECT_EQ(ModuleFromMetadata("pkg.torch.onnx.name_scopes", "['', 'mean']"), "");
  EXPECT_EQ(ModuleFromMetadata("pkg.torch.onnx.name_scopes", "['', 'fc@1', 'linear']"), "fc");
  EXPECT_EQ(ModuleFromMetadata("pkg.torch.onnx.name_scopes", "[]"), "");
  EXPECT_EQ(ModuleFromMetadata("pkg.torch.onnx.name_scopes", "['unclosed"), "");
  EXPECT_EQ(ModuleFromMetadata("namespace",
                               ": M/layer1: torch.nn.modules.container.Sequential/layer1.0: "
                               "torch.nn.modules.conv.Conv2d/conv2d: aten.conv2d.default"),
            "layer1.0");
  EXPECT_EQ(ModuleFromMetadata("namespace", ": M/mean: aten.mean.dim"), "");
  EXPECT_EQ(ModuleFromMetadata("namespace", "encoder/layer0/attention"),
            "encoder.layer0.attention");
  EXPECT_EQ(ModuleFromMetadata("doc", "encoder"), "");
}

TEST(ModulePathTest, NameScopesWinOverNamespace) {
  EXPECT_GT(ModuleKeyRank("pkg.torch.onnx.name_scopes"), ModuleKeyRank("namespace"));
  EXPECT_GT(ModuleKeyRank("namespace"), 0);
  EXPECT_EQ(ModuleKeyRank("pkg.torch.onnx.stack_trace"), 0);
}

TEST(ModulePathTest, FromTorchScriptNodeNames) {
  EXPECT_EQ(ModuleFromNodeName("/layer1/layer1.0/conv1/Conv"), "layer1.0.conv1");
  EXPECT_EQ(ModuleFromNodeName("/conv1/Conv"), "conv1");
  EXPECT_EQ(ModuleFromNodeName("/Flatten"), "");
  EXPECT_EQ(ModuleFromNodeName("/bert/encoder/layer.0/attention/self/query/MatMul"),
            "bert.encoder.layer.0.attention.self.query");
  // A name that merely begins like its parent's is a child of its own.
  EXPECT_EQ(ModuleFromNodeName("/conv/conv_1/Conv"), "conv.conv_1");
  EXPECT_EQ(ModuleFromNodeName("Conv_0"), "");
  EXPECT_EQ(ModuleFromNodeName("/"), "");
  EXPECT_EQ(ModuleFromNodeName(""), "");
}

TEST(ModulePathTest, FromWeightNames) {
  EXPECT_EQ(ModuleFromWeightName("layer1.0.conv1.weight"), "layer1.0.conv1");
  EXPECT_EQ(ModuleFromWeightName("fc.bias"), "fc");
  EXPECT_EQ(ModuleFromWeightName("onnx::MatMul_193"), "");
  EXPECT_EQ(ModuleFromWeightName("weight"), "");
  EXPECT_EQ(ModuleFromWeightName("node.12"), "");
  EXPECT_EQ(ModuleFromWeightName(".weight"), "");
}

}  // namespace
}  // namespace assay
