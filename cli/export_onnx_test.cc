// `export --as onnx`: what comes out is the same model. scripts/check_export.py asks ONNX's checker
// and ONNX Runtime as well.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cli/cli_test_util.h"
#include "gtest/gtest.h"
#include "ir/folder_test_util.h"

namespace assay {
namespace {

std::vector<std::string> Models() {
  std::vector<std::string> models;
  for (const auto& entry : std::filesystem::directory_iterator("testdata/models")) {
    if (entry.path().extension() == ".onnx") models.push_back(entry.path().stem().string());
  }
  std::sort(models.begin(), models.end());
  return models;
}

class RoundTripTest : public testing::TestWithParam<std::string> {};

// The report in full, every operator and kernel, but for the name of the file, and for what it says
// of types that the file declares: those that contradict the operators are corrected.
rapidjson::Document ReportOf(const std::string& file) {
  const Outcome outcome =
      RunWords({"analyze", file, "--format", "json", "--ops", "--quiet", "--target", "h100-sxm"});
  EXPECT_EQ(outcome.exit, kDone) << outcome.err;
  rapidjson::Document json = ParseJson(absl::StrReplaceAll(outcome.out, {{file, "FILE"}}));
  json["models"][0].RemoveMember("diagnostics");
  return json;
}

TEST_P(RoundTripTest, SameReport) {
  const std::string model = absl::StrCat("testdata/models/", GetParam(), ".onnx");
  const std::string file = absl::StrCat(TestFolder(), "round_", GetParam(), ".onnx");
  const Outcome outcome = RunWords({"export", model, "-o", file, "--target", "h100-sxm", "-q"});
  ASSERT_EQ(outcome.exit, kDone) << outcome.err;
  EXPECT_TRUE(ReportOf(file) == ReportOf(model)) << file;
  // Ours are replaced and types are known already: nothing grows.
  const std::string again = absl::StrCat(file, ".again.onnx");
  EXPECT_EQ(RunWords({"export", file, "-o", again, "--target", "h100-sxm", "-q"}).exit, kDone);
  EXPECT_TRUE(ReadFile(again) == ReadFile(file));
  std::remove(again.c_str());
  if (!HasFailure()) std::remove(file.c_str());
}

INSTANTIATE_TEST_SUITE_P(Models, RoundTripTest, testing::ValuesIn(Models()),
                         [](const auto& info) { return info.param; });

int Count(absl::string_view text, absl::string_view what) {
  int n = 0;
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++n;
  return n;
}

// A remark as the wire has it.
std::string Remark(absl::string_view key, absl::string_view value) {
  return absl::StrCat("\n", std::string(1, static_cast<char>(key.size())), key, "\x12",
                      std::string(1, static_cast<char>(value.size())), value);
}

TEST(ExportOnnx, CostsOfNodes) {
  // mlp: Gemm+Relu, Gemm+Relu, Gemm; 784 to 512 to 256 to 10.
  const Outcome outcome =
      RunCommand("export testdata/models/mlp.onnx --as onnx --batch 8 --target h100-sxm");
  ASSERT_EQ(outcome.exit, kDone) << outcome.err;
  const std::string& out = outcome.out;
  EXPECT_EQ(Count(out, Remark("assay.macs", absl::StrCat(8 * 784 * 512))), 1);
  EXPECT_EQ(Count(out, Remark("assay.macs", absl::StrCat(8 * 512 * 256))), 1);
  EXPECT_EQ(Count(out, Remark("assay.macs", absl::StrCat(8 * 256 * 10))), 1);
  // The graph and the model have the sum.
  EXPECT_EQ(Count(out, Remark("assay.macs", absl::StrCat(8 * (784 * 512 + 512 * 256 + 256 * 10)))),
            2);
  EXPECT_EQ(Count(out, Remark("assay.kernel", "#k0 Gemm+Relu")), 2);
  EXPECT_EQ(Count(out, Remark("assay.bound", "overhead")), 5 + 1);
  EXPECT_EQ(Count(out, Remark("assay.sizes", "batch=8")), 1);
  EXPECT_EQ(Count(out, Remark("assay.target", "h100-sxm")), 1);
  // Three kernels, the graph's sum, and the model's.
  EXPECT_EQ(Count(out, "assay.latency_s"), 3 + 1 + 1);
  // The sizes given for the costs are not in the types.
  EXPECT_EQ(Count(out,
                  "\x12\x05"
                  "batch"),
            4 + 2);  // inner tensors, the input and the output
}

TEST(ExportOnnx, FromStandardInputAndFromText) {
  const std::string text = RunCommand("export testdata/golden/skip.onnxtxt --as onnx").out;
  const std::string file = TestFolder() + "from_text.onnx";
  WriteFile(file, text);
  const Outcome outcome = RunWords({"analyze", file, "--quiet"});
  EXPECT_EQ(outcome.exit, kDone) << outcome.err;
  std::remove(file.c_str());
}

// A folder with a model whose weights lie beside it.
class ExternalTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = TestFolder() + "external_test/";
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "in");
    std::filesystem::create_directories(folder_ + "out");
    std::filesystem::copy("testdata/models/mlp.onnx", folder_ + "in/mlp.onnx");
    WriteFile(folder_ + "in/stripped.bin", std::string(2142208, '\0'));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  Outcome Export(const std::string& to) {
    return RunWords({"export", folder_ + "in/mlp.onnx", "-o", folder_ + to});
  }
  std::string folder_;
};

TEST_F(ExternalTest, BesideTheModelItStays) {
  const Outcome outcome = Export("in/costed.onnx");
  EXPECT_EQ(outcome.exit, kDone);
  EXPECT_EQ(outcome.err, "");
  const std::string out = ReadFile(folder_ + "in/costed.onnx");
  EXPECT_EQ(Count(out, "stripped.bin"),
            Count(ReadFile("testdata/models/mlp.onnx"), "stripped.bin"));
}

TEST_F(ExternalTest, FromTheFolderAboveThePathLeadsDown) {
  const Outcome outcome = Export("costed.onnx");
  EXPECT_EQ(outcome.exit, kDone);
  EXPECT_EQ(outcome.err, "");
  EXPECT_GT(Count(ReadFile(folder_ + "costed.onnx"), "\x12\x0fin/stripped.bin"), 0);
  EXPECT_EQ(Count(ReadFile(folder_ + "costed.onnx"), "\x12\x0cstripped.bin"), 0);
}

TEST_F(ExternalTest, ElsewhereItSaysWhatToCopy) {
  const Outcome outcome = Export("out/costed.onnx");
  EXPECT_EQ(outcome.exit, kDone);
  EXPECT_TRUE(absl::StrContains(outcome.err, "in/stripped.bin; readers look for them beside"))
      << outcome.err;
  EXPECT_EQ(Count(outcome.err, "\n"), 1);
  EXPECT_GT(Count(ReadFile(folder_ + "out/costed.onnx"), "\x12\x0cstripped.bin"), 0);
}

}  // namespace
}  // namespace assay
