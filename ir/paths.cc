#include "ir/paths.h"

#include <fnmatch.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace assay {

absl::string_view FileName(absl::string_view path) { return path.substr(path.rfind('/') + 1); }

absl::string_view FolderOf(absl::string_view path) { return path.substr(0, path.rfind('/') + 1); }

bool IsYamlPath(absl::string_view word) {
  return absl::StrContains(word, '/') || absl::EndsWith(word, ".yaml") ||
         absl::EndsWith(word, ".yml");
}

bool MatchesPattern(absl::string_view pattern, absl::string_view name) {
  return fnmatch(std::string(pattern).c_str(), std::string(name).c_str(), 0) == 0;
}

}  // namespace assay
