// YAML text as a plain tree in which every key and value knows its line and column, and a mapping
// keeps its order. A stricter YAML than the standard's: one document; keys are plain texts and may
// not repeat; no anchors, aliases or tags (so that nothing grows when it is read); at most 1 MiB,
// 32 levels and 1000 keys in one mapping.
#ifndef ASSAY_HW_YAML_TREE_H_
#define ASSAY_HW_YAML_TREE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hw/datum.h"

namespace assay {

struct YamlEntry;

struct YamlNode {
  enum class Kind : uint8_t { kNull, kText, kMap, kList };
  Kind kind = Kind::kNull;
  Place place;
  std::string text;                // kText
  std::vector<YamlEntry> entries;  // kMap
  std::vector<YamlNode> items;     // kList

  const YamlNode* Find(absl::string_view key) const;
};

struct YamlEntry {
  std::string key;
  Place place;
  YamlNode value;
};

// What is wrong, and where.
struct Problem {
  Place place;
  std::string message;
};

// A null node and one problem when the text is not such YAML.
YamlNode ParseYaml(absl::string_view text, std::vector<Problem>* problems);

// The bytes of a file; an error that begins with its name.
absl::StatusOr<std::string> ReadYamlFile(absl::string_view path);

// "FILE:LINE:COLUMN: message".
std::string Describe(absl::string_view file, const Problem& problem);

}  // namespace assay

#endif  // ASSAY_HW_YAML_TREE_H_
