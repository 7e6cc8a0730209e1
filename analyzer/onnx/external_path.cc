#include "analyzer/onnx/external_path.h"

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace assay {

bool EscapesFolder(absl::string_view location) {
  if (absl::StartsWith(location, "/") || absl::StartsWith(location, "\\")) return true;
  if (location.size() >= 2 && location[1] == ':') return true;  // "C:..."
  if (absl::StrContains(location, '\0')) return true;
  int depth = 0;
  for (absl::string_view part : absl::StrSplit(location, absl::ByAnyChar("/\\"))) {
    if (part == "..") {
      if (--depth < 0) return true;
    } else if (!part.empty() && part != ".") {
      ++depth;
    }
  }
  return false;
}

}  // namespace assay
