#include "analyzer/onnx/module_path.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace assay {
namespace {

// torch.export marks further calls of one module: "layer1.0@1".
absl::string_view WithoutCallNumber(absl::string_view path) {
  size_t at = path.rfind('@');
  int64_t call;
  if (at == absl::string_view::npos || !absl::SimpleAtoi(path.substr(at + 1), &call)) return path;
  return path.substr(0, at);
}

// "['', 'layer1', 'layer1.0', 'conv2d']": the last entry is the operation, the one before its
// module.
std::string FromNameScopes(absl::string_view value) {
  std::vector<absl::string_view> scopes;
  size_t pos = 0;
  while (pos < value.size()) {
    size_t open = value.find_first_of("'\"", pos);
    if (open == absl::string_view::npos) break;
    size_t close = value.find(value[open], open + 1);
    if (close == absl::string_view::npos) break;
    scopes.push_back(value.substr(open + 1, close - open - 1));
    pos = close + 1;
  }
  if (scopes.size() < 2) return "";
  return std::string(WithoutCallNumber(scopes[scopes.size() - 2]));
}

// ": M/layer1: torch.nn.Sequential/layer1.0: torch.nn.Conv2d/conv2d: aten.conv2d.default",
// likewise. Without colons it is taken to be the path itself.
std::string FromNamespace(absl::string_view value) {
  if (!absl::StrContains(value, ':')) {
    return absl::StrJoin(absl::StrSplit(value, '/', absl::SkipEmpty()), ".");
  }
  std::vector<absl::string_view> scopes = absl::StrSplit(value, '/');
  if (scopes.size() < 2) return "";
  absl::string_view scope = scopes[scopes.size() - 2];
  scope = scope.substr(0, scope.find(':'));
  return std::string(WithoutCallNumber(absl::StripAsciiWhitespace(scope)));
}

struct KeyRow {
  absl::string_view key;
  int rank;
  std::string (*parse)(absl::string_view value);
};
constexpr KeyRow kKeys[] = {
    {"pkg.torch.onnx.name_scopes", 2, FromNameScopes},
    {"namespace", 1, FromNamespace},
};

const KeyRow* FindKey(absl::string_view key) {
  for (const KeyRow& row : kKeys) {
    if (row.key == key) return &row;
  }
  return nullptr;
}

}  // namespace

int ModuleKeyRank(absl::string_view key) {
  const KeyRow* row = FindKey(key);
  return row == nullptr ? 0 : row->rank;
}

std::string ModuleFromMetadata(absl::string_view key, absl::string_view value) {
  const KeyRow* row = FindKey(key);
  return row == nullptr ? std::string() : row->parse(value);
}

// "/layer1/layer1.0/conv1/Conv": the first is empty, the last the operator. A module of a list
// repeats its list's name ("layer1/layer1.0").
std::string ModuleFromNodeName(absl::string_view name) {
  if (!absl::ConsumePrefix(&name, "/")) return "";
  std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  parts.pop_back();
  std::vector<absl::string_view> path;
  for (absl::string_view part : parts) {
    if (part.empty()) continue;
    if (!path.empty() && part.size() > path.back().size() + 1 &&
        absl::StartsWith(part, path.back()) && part[path.back().size()] == '.') {
      path.pop_back();
    }
    path.push_back(part);
  }
  return absl::StrJoin(path, ".");
}

// "layer1.0.conv1.weight": a dotted path of identifiers, the last naming the weight.
std::string ModuleFromWeightName(absl::string_view name) {
  size_t dot = name.rfind('.');
  if (dot == absl::string_view::npos || dot == 0) return "";
  absl::string_view module = name.substr(0, dot);
  absl::string_view last = name.substr(dot + 1);
  // A number behind the dot is an exporter's numbering ("onnx::Conv.12"), not a weight.
  if (last.empty() || std::all_of(last.begin(), last.end(), absl::ascii_isdigit)) return "";
  bool path = std::all_of(module.begin(), module.end(),
                          [](char c) { return absl::ascii_isalnum(c) || c == '_' || c == '.'; });
  return path ? std::string(module) : std::string();
}

}  // namespace assay
