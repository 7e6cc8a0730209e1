// Replays the fuzzer's corpus through the fuzzer's own body, which aborts on a finding.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "analyzer/onnx/onnx_import_fuzzer.cc"

namespace {

TEST(OnnxImportCorpusTest, EveryFileIsRefusedOrMakesAGraph) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("testdata/corpora/import")) {
    SCOPED_TRACE(entry.path().string());
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    ++files;
  }
  EXPECT_GE(files, 20);
}

}  // namespace
