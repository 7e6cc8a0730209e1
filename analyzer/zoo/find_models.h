// The model files that a command line means: files, folders, patterns, lists.
//
//   PATH is a folder      all models below it, in order of their names; links are followed, but not
//                         into a folder that they come from
//   PATH is a file        that file, whatever it is
//   PATH ends in .txt     a list: one path per line, or each ended by a zero byte
//   PATH is "-"           such a list on standard input
//   PATH has * ? or [     what matches, as in a shell
//
// In a folder a file is taken for a model by its name (.onnx), or by its first fields, as a
// ModelProto without that name begins with them. So a broken .onnx file is found, and fails where
// it is read.
#ifndef ASSAY_ANALYZER_ZOO_FIND_MODELS_H_
#define ASSAY_ANALYZER_ZOO_FIND_MODELS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assay {

// Part `index` (from 1) of `count`: of each path by itself, so that other files do not move it.
struct Shard {
  int index = 1;
  int count = 1;
  bool Has(absl::string_view name) const;
};
// "3/8".
absl::StatusOr<Shard> ParseShard(absl::string_view text);

struct FindOptions {
  // Patterns (ir/paths.h) for the path as it is shown or for the file's own name; those of
  // `include` count when there are any.
  std::vector<std::string> include, exclude;
  std::string root;  // paths are shown as below this folder; empty: as found
  Shard shard;
};

struct FoundModel {
  std::string path;  // to open
  std::string name;  // to show: its key in tables
  int64_t bytes = -1;
  int64_t modified_ns = -1;  // since 1970; -1 with `bytes`: not there, as far as can be told
};

struct FoundModels {
  std::vector<FoundModel> models;     // in order, each name once
  std::vector<std::string> problems;  // folders that could not be read, each said for people
};

// An error is of the command line: a pattern that nothing matches, a list that cannot be read.
absl::StatusOr<FoundModels> FindModels(const std::vector<std::string>& paths,
                                       const FindOptions& options);

// Whether bytes are the beginning of a ModelProto. Reads a few hundred of them.
bool LooksLikeModel(absl::string_view head);

}  // namespace assay

#endif  // ASSAY_ANALYZER_ZOO_FIND_MODELS_H_
