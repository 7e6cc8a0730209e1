#include <string>

#include "absl/strings/str_cat.h"
#include "cli/cli_test_util.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using testing::HasSubstr;

TEST(SweepCommand, Usage) {
  const std::string resnet = "sweep testdata/models/resnet18.onnx --target t4 ";
  // `--batch` of this model is its symbol `batch`.
  for (const char* ranges :
       {"--dim batch=1..4 --batch 1..8", "--dim batch=1..4 --dim batch=8..16"}) {
    const Outcome o = RunCommand(absl::StrCat(resnet, ranges));
    EXPECT_EQ(o.exit, kUsage) << ranges;
    EXPECT_THAT(o.err, HasSubstr("are of one dimension; leave one out")) << ranges;
  }
  const Outcome o = RunCommand(
      "sweep testdata/models/gpt2_kv_dynamo.onnx --target t4 --tokens 128 --max-latency 5ms");
  EXPECT_EQ(o.exit, kUsage);
  EXPECT_THAT(o.err, HasSubstr("--tokens sweeps alone; leave out --max-latency"));
}

}  // namespace
}  // namespace assay
