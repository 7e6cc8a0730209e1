#include "ir/graph_hash.h"

#include <string>

#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "ir/op_table.h"
#include "ir/text.h"

namespace assay {
namespace {

constexpr absl::string_view kText = R"(assay-ir 1
file "two_layers.onnx"
opset "" 17
graph {
  arg %x: f32[batch, 64]
  weight %w = f32[64, 10] file(184, 2560)
  weight %shape = i64[2] {-1, 10}
  %h: f32[batch, 10] = MatMul(%x, %w) at /fc/MatMul of fc
  %y = Reshape(%h, %shape) {allowzero = 0}
  return %y
}
)";

std::string HashOfText(absl::string_view from, absl::string_view to) {
  const auto graph = ParseGraph(absl::StrReplaceAll(kText, {{from, to}}), OpTable::BuiltIn());
  EXPECT_TRUE(graph.ok()) << graph.status();
  return graph.ok() ? HashOf(*graph) : "";
}

TEST(GraphHash, IsOfTheGraphAlone) {
  const std::string hash = HashOfText("", "");
  EXPECT_EQ(hash.size(), 32u);
  EXPECT_EQ(hash, HashOfText("two_layers.onnx", "copy.onnx"));
  EXPECT_EQ(hash, HashOfText("file(184, 2560)", "file(999, 2560)"));
  EXPECT_EQ(hash, HashOfText("at /fc/MatMul of fc", "at /head/MatMul of head"));
  EXPECT_EQ(hash, HashOfText("%h", "%hidden"));
  EXPECT_EQ(hash, HashOfText("%w", "%weight"));
}

TEST(GraphHash, TellsApartWhatResultsDependOn) {
  const std::string hash = HashOfText("", "");
  EXPECT_NE(hash, HashOfText("{-1, 10}", "{10, -1}"));
  EXPECT_NE(hash, HashOfText("allowzero = 0", "allowzero = 1"));
  EXPECT_NE(hash, HashOfText("[64, 10]", "[64, 11]"));
  EXPECT_NE(hash, HashOfText("f32[64", "f16[64"));
  EXPECT_NE(hash, HashOfText("batch", "n"));
  EXPECT_NE(hash, HashOfText("%x", "%past_key"));
  EXPECT_NE(hash, HashOfText("%y", "%present_key"));
  EXPECT_NE(hash, HashOfText("return %y", "return %h"));
  EXPECT_NE(hash, HashOfText("opset \"\" 17", "opset \"\" 18"));
}

TEST(GraphHash, OfBytesIsXxh3) {
  // Of nothing, as published with xxHash's own sanity checks.
  EXPECT_EQ(HashOf(""), "99aa06d3014798d86001c324468d497f");
}

}  // namespace
}  // namespace assay
