// Replays the fuzzer's corpus through the fuzzer's own body, which aborts on a finding.
#include <dirent.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "ir/text_fuzzer.cc"

namespace {

std::vector<std::string> FilesIn(const std::string& folder) {
  std::vector<std::string> files;
  if (DIR* dir = opendir(folder.c_str())) {
    while (const dirent* entry = readdir(dir)) {
      if (entry->d_name[0] != '.') files.push_back(folder + "/" + entry->d_name);
    }
    closedir(dir);
  }
  return files;
}

TEST(TextCorpusTest, EveryFileIsRefusedOrRoundTrips) {
  const std::vector<std::string> files = FilesIn("testdata/corpora/text");
  ASSERT_GE(files.size(), 8u) << "run in the top folder";
  for (const std::string& file : files) {
    SCOPED_TRACE(file);
    std::ifstream in(file, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    ASSERT_FALSE(bytes.empty());
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  }
}

}  // namespace
