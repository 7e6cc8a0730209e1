#include "analyzer/expect.h"

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "analyzer/pipeline.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/folder_test_util.h"

namespace assay {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

Report Analyzed(const std::string& path, int64_t size = 0) {
  AnalyzeOptions options;
  options.bindings.batch = 1;
  if (size > 0) options.bindings.dims = {{"height", size}, {"width", size}};
  const auto plan = MakePlan(options);
  auto report = AnalyzeModel(path, *plan);
  EXPECT_TRUE(report.ok()) << report.status();
  return *std::move(report);
}

Expectations Profile(absl::string_view name) {
  Expectations out;
  const absl::Status status = AddExpectations(name, &out);
  EXPECT_TRUE(status.ok()) << status;
  return out;
}

std::vector<std::string> Missed(const Report& report, const Expectations& expectations) {
  std::vector<std::string> out;
  for (const ExpectationResult& r : CheckExpectations(report, expectations)) {
    if (!r.met) out.push_back(absl::StrCat(r.entry, " ", r.key, " is ", r.value));
  }
  return out;
}

struct Shipped {
  absl::string_view family, model;
  int64_t size = 0;  // of height and width, where they are free
};

// What is published of a family holds of every model of it that is here, whoever exported it.
TEST(ShippedExpectations, HoldOfTheirFamily) {
  const Shipped kModels[] = {
      {"resnet", "models/resnet18"},
      {"resnet", "models/resnet18_bn"},
      {"resnet", "models/resnet18_int8"},
      {"resnet", "models/resnet18_qoperator"},
      {"resnet", "models/resnet34_dynamo"},
      {"resnet", "models/resnet50"},
      {"resnet", "models/paddle_resnet18"},
      {"resnet", "zoo/resnet18", 224},
      {"resnet", "zoo/resnet34", 224},
      {"resnet", "zoo/resnet50", 224},
      {"resnet", "zoo/resnet50_v1", 224},
      {"resnet", "zoo/resnet50_v2", 224},
      {"resnet", "zoo/resnet101", 224},
      {"resnet", "zoo/resnet152", 224},
      {"mobilenet", "models/mobilenet_v2"},
      {"mobilenet", "models/mobilenet_v2_bn"},
      {"mobilenet", "models/keras_mobilenet_v2"},
      {"mobilenet", "models/paddle_mobilenet_v3_small"},
      {"mobilenet", "zoo/mobilenet_v1", 224},
      {"mobilenet", "zoo/mobilenet_v2", 224},
      {"efficientnet", "models/efficientnet_b0"},
      {"efficientnet", "zoo/efficientnet_b0", 224},
      {"efficientnet", "zoo/efficientnet_b1", 240},
      {"efficientnet", "zoo/efficientnet_b2", 288},
      {"efficientnet", "zoo/efficientnet_b3", 300},
      {"efficientnet", "zoo/efficientnet_b4", 380},
      {"efficientnet", "zoo/efficientnet_b5", 456},
      {"efficientnet", "zoo/efficientnet_b6", 528},
      {"efficientnet", "zoo/efficientnet_b7", 600},
      {"efficientnet", "zoo/efficientnetv2_s", 384},
      {"vgg", "models/vgg16"},
      {"vgg", "zoo/vgg11", 224},
      {"vgg", "zoo/vgg13", 224},
      {"vgg", "zoo/vgg16", 224},
      {"vgg", "zoo/vgg19", 224},
      {"vit", "models/vit_b_16"},
      {"vit", "models/vit_b_16_dynamo"},
      {"vit", "zoo/vit_b_16_224"},
      {"vit", "zoo/vit_b_16_384"},
  };
  for (const Shipped& s : kModels) {
    const Report report = Analyzed(absl::StrCat("testdata/", s.model, ".onnx"), s.size);
    EXPECT_THAT(Missed(report, Profile(s.family)), IsEmpty()) << s.model;
  }
}

// A model of another family meets no entry, whatever its file is called.
TEST(ShippedExpectations, RefuseOtherFamilies) {
  struct Wrong {
    absl::string_view family, model;
  };
  const Wrong kWrong[] = {{"resnet", "mobilenet_v2"},
                          {"resnet", "densenet121"},
                          {"mobilenet", "resnet18"},
                          {"efficientnet", "vit_b_16"},
                          {"vgg", "googlenet"},
                          {"vit", "vgg16"},
                          {"vit", "swin_t"},
                          {"efficientnet", "mobilenet_v2"},
                          {"mobilenet", "efficientnet_b0"}};
  for (const Wrong& w : kWrong) {
    const Report report = Analyzed(absl::StrCat("testdata/models/", w.model, ".onnx"));
    EXPECT_FALSE(Missed(report, Profile(w.family)).empty()) << w.family << " " << w.model;
  }
  // One of the family, but not the one that it is said to be.
  const Report resnet34 = Analyzed("testdata/models/resnet34.onnx");
  EXPECT_THAT(Missed(resnet34, Profile("resnet")), IsEmpty());
  EXPECT_EQ(Missed(resnet34, Profile("resnet:resnet18")).size(), 2U);
}

// 1,814,073,344 multiply-accumulates lie in 1.814G +- 1 % and not in 1.82G and more.
TEST(Expectations, Ranges) {
  const Report report = Analyzed("testdata/models/resnet18.onnx");
  const std::string path = TestFolder() + "expected.yaml";
  std::ofstream(path) << R"(schema: expectations/1
expect:
  resnet:
    files: [resnet*, "other*"]
    macs: 1.814G..1.815G
    flops: 1.82G..3.7G
    parameters: ..11684712
    weight_bytes: 46.7MB..46.8 MB
    ops: 48..48
    kernels: ..30
    peak_memory: 6 MiB..6.2 MiB
)";
  Expectations expectations;
  ASSERT_TRUE(AddExpectations(path, &expectations).ok());
  // 31 kernels are more than 30; 2 x 56 x 56 x 64 x 4 x 4 B (in and out of a ReLU) are
  // 6,422,528 B = 6.125 MiB; 4 x 11,684,712 B = 46.74 MB.
  EXPECT_THAT(Missed(report, expectations), testing::ElementsAre("resnet kernels is 31"));
}

TEST(Expectations, Errors) {
  const auto errors_of = [](absl::string_view text) {
    const std::string path = TestFolder() + "bad_expected.yaml";
    std::ofstream(path) << text;
    Expectations expectations;
    std::vector<std::string> errors;
    EXPECT_FALSE(AddExpectations(path, &expectations, &errors).ok());
    return errors;
  };
  EXPECT_THAT(errors_of("schema: expectations/1\nexpect:\n  a: {macs: 1G}\n"),
              Contains(HasSubstr(":3:13: `macs` must be a range, like 1.8G..1.8G")));
  EXPECT_THAT(errors_of("schema: expectations/1\nexpect:\n  a: {mac: 1G..2G}\n"),
              Contains(HasSubstr(":3:7: unknown key `mac` in `expect.a` (did you mean `macs`?)")));
  EXPECT_THAT(errors_of("schema: expectations/1\nexpect:\n  a: {macs: 2G..1G}\n"),
              Contains(HasSubstr("`2G..1G` begins above where it ends")));
  EXPECT_THAT(errors_of("schema: expectations/1\nexpect:\n  a: {latency: {t4: ..20}}\n"),
              Contains(HasSubstr("`latency.t4`: `20` lacks its unit")));
  EXPECT_THAT(errors_of("schema: expectations/1\nexpect:\n  a: {latency: {h100-xsm: ..20ms}}\n"),
              Contains(HasSubstr(":3:17: unknown target `h100-xsm` (did you mean `h100-sxm`?)")));
  EXPECT_THAT(errors_of("schema: expectations/1\n"), Contains(HasSubstr("`expect` is missing")));
  Expectations expectations;
  EXPECT_EQ(AddExpectations("resnets", &expectations).message(),
            "unknown profile `resnets` (did you mean `resnet`?); use one of efficientnet, "
            "mobilenet, resnet, vgg, vit, or a YAML file");
  EXPECT_THAT(AddExpectations("resnet:resnet19", &expectations).message(),
              HasSubstr("resnet: has no entry `resnet19` (did you mean `resnet18`?)"));
}

}  // namespace
}  // namespace assay
