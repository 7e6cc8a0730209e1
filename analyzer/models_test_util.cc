#include "analyzer/models_test_util.h"

#include <dirent.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace assay {

std::vector<std::string> ModelFiles() {
  std::vector<std::string> names;
  DIR* folder = opendir(kModelFolder);
  if (folder == nullptr) return names;
  while (const dirent* entry = readdir(folder)) {
    if (absl::EndsWith(entry->d_name, ".onnx")) names.emplace_back(entry->d_name);
  }
  closedir(folder);
  std::sort(names.begin(), names.end());
  return names;
}

std::string TestNameOf(absl::string_view file) {
  std::string name(file);
  for (char& c : name) c = absl::ascii_isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

}  // namespace assay
