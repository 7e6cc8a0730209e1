#include "analyzer/zoo/find_models.h"

#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "ir/graph_hash.h"
#include "ir/paths.h"

namespace assay {
namespace {

constexpr size_t kHeadBytes = 4096;
constexpr uint64_t kFirstIrVersion = 1, kLastIrVersion = 64;

// One field of protobuf's wire format; nullopt at the end of the bytes or of sense.
struct Field {
  uint64_t number = 0;
  bool varint = false;      // else of a length
  uint64_t value = 0;       // the varint, or the length
  absl::string_view bytes;  // as many as are there
};

std::optional<uint64_t> TakeVarint(absl::string_view* in) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !in->empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(in->front());
    in->remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

std::optional<Field> TakeField(absl::string_view* in) {
  const std::optional<uint64_t> tag = TakeVarint(in);
  if (!tag.has_value()) return std::nullopt;
  const uint64_t wire = *tag & 7;
  if (wire != 0 && wire != 2) return std::nullopt;  // a ModelProto has no others
  const std::optional<uint64_t> value = TakeVarint(in);
  if (!value.has_value()) return std::nullopt;
  Field field{.number = *tag >> 3, .varint = wire == 0, .value = *value};
  if (!field.varint) {
    field.bytes = in->substr(0, field.value);
    in->remove_prefix(field.bytes.size());
  }
  return field;
}

bool IsText(absl::string_view bytes) {
  return absl::c_all_of(bytes, [](char c) {
    return !absl::ascii_iscntrl(static_cast<unsigned char>(c)) ||
           absl::ascii_isspace(static_cast<unsigned char>(c));
  });
}

bool IsPattern(absl::string_view path) { return path.find_first_of("*?[") != path.npos; }

// Without "./" at its beginning and without double slashes.
std::string Tidy(absl::string_view path) {
  std::string out;
  for (char c : path) {
    if (c != '/' || out.empty() || out.back() != '/') out += c;
  }
  while (absl::StartsWith(out, "./") && out.size() > 2) out.erase(0, 2);
  return out;
}

class Finder {
 public:
  explicit Finder(const FindOptions& options) : options_(options) {
    if (!options_.root.empty())
      root_ = absl::StrCat(Tidy(options_.root), absl::EndsWith(options_.root, "/") ? "" : "/");
  }

  absl::Status Add(const std::string& path) {
    if (path == "-") {
      return AddList(std::string(std::istreambuf_iterator<char>(std::cin), {}));
    }
    struct stat about = {};
    if (stat(path.c_str(), &about) == 0) {
      if (!S_ISDIR(about.st_mode) && absl::EndsWith(path, ".txt")) {
        std::ifstream in(path, std::ios::binary);
        if (!in) return absl::InvalidArgumentError(absl::StrCat(path, ": ", std::strerror(errno)));
        return AddList(std::string(std::istreambuf_iterator<char>(in), {}));
      }
      AddThere(path, about);
      return absl::OkStatus();
    }
    if (IsPattern(path)) return AddMatches(path);
    AddMissing(path);
    return absl::OkStatus();
  }

  FoundModels Take() && { return std::move(out_); }

 private:
  // A folder with all below it, or a file.
  void AddThere(const std::string& path, const struct stat& about) {
    if (!S_ISDIR(about.st_mode)) return AddFile(path, about);
    std::vector<std::pair<dev_t, ino_t>> above;
    Walk(path, about, &above);
  }

  absl::Status AddList(const std::string& text) {
    const char end = absl::StrContains(text, '\0') ? '\0' : '\n';
    for (absl::string_view line : absl::StrSplit(text, end)) {
      if (end == '\n') line = absl::StripSuffix(line, "\r");
      if (line.empty()) continue;
      const std::string path(line);
      struct stat about = {};
      if (stat(path.c_str(), &about) != 0) {
        AddMissing(path);
      } else {
        AddThere(path, about);
      }
    }
    return absl::OkStatus();
  }

  absl::Status AddMatches(const std::string& pattern) {
    glob_t found = {};
    const int status = glob(pattern.c_str(), 0, nullptr, &found);
    std::vector<std::string> paths(found.gl_pathv,
                                   found.gl_pathv + (status == 0 ? found.gl_pathc : 0));
    globfree(&found);
    if (paths.empty()) {
      return absl::NotFoundError(
          absl::StrCat("`", pattern, "`: nothing matches; a folder is searched with all below it"));
    }
    for (const std::string& path : paths) {
      struct stat about = {};
      if (stat(path.c_str(), &about) != 0) continue;
      if (S_ISDIR(about.st_mode) || Wanted(path)) AddThere(path, about);
    }
    return absl::OkStatus();
  }

  void Walk(const std::string& folder, const struct stat& about,
            std::vector<std::pair<dev_t, ino_t>>* above) {
    const std::pair<dev_t, ino_t> self(about.st_dev, about.st_ino);
    if (absl::c_linear_search(*above, self)) return;  // a link to where it is
    DIR* opened = opendir(folder.c_str());
    if (opened == nullptr) {
      out_.problems.push_back(
          absl::StrCat(folder, ": ", std::strerror(errno), "; its models are not scored"));
      return;
    }
    std::vector<std::string> names;
    while (const dirent* entry = readdir(opened)) {
      const absl::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    closedir(opened);
    absl::c_sort(names);
    above->push_back(self);
    for (const std::string& name : names) {
      const std::string path = absl::StrCat(folder, absl::EndsWith(folder, "/") ? "" : "/", name);
      struct stat entry = {};
      if (stat(path.c_str(), &entry) != 0) {
        if (absl::EndsWith(name, ".onnx")) AddMissing(path);  // a link to nothing
        continue;
      }
      if (S_ISDIR(entry.st_mode)) {
        Walk(path, entry, above);
      } else if (S_ISREG(entry.st_mode) && Wanted(path)) {
        AddFile(path, entry);
      }
    }
    above->pop_back();
  }

  static bool Wanted(const std::string& path) {
    if (absl::EndsWithIgnoreCase(path, ".onnx")) return true;
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    char head[kHeadBytes];
    const ssize_t n = read(fd, head, sizeof head);
    close(fd);
    return n > 0 && LooksLikeModel({head, static_cast<size_t>(n)});
  }

  void AddFile(const std::string& path, const struct stat& about) {
    constexpr int64_t kNs = 1'000'000'000;
    Keep({.path = path,
          .bytes = about.st_size,
          .modified_ns = about.st_mtim.tv_sec * kNs + about.st_mtim.tv_nsec});
  }
  void AddMissing(const std::string& path) { Keep({.path = path}); }

  void Keep(FoundModel model) {
    model.name = Tidy(model.path);
    if (!root_.empty()) model.name = std::string(absl::StripPrefix(model.name, root_));
    const auto matches = [&](const std::string& pattern) {
      return MatchesPattern(pattern, model.name) || MatchesPattern(pattern, FileName(model.name));
    };
    if (!options_.include.empty() && !absl::c_any_of(options_.include, matches)) return;
    if (absl::c_any_of(options_.exclude, matches)) return;
    if (!options_.shard.Has(model.name)) return;
    if (seen_.insert(model.name).second) out_.models.push_back(std::move(model));
  }

  const FindOptions& options_;
  std::string root_;
  absl::flat_hash_set<std::string> seen_;
  FoundModels out_;
};

}  // namespace

bool Shard::Has(absl::string_view name) const {
  if (count <= 1) return true;
  uint64_t hash = 0;
  (void)absl::SimpleHexAtoi(HashOf(name).substr(0, 15), &hash);
  return hash % static_cast<uint64_t>(count) == static_cast<uint64_t>(index - 1);
}

absl::StatusOr<Shard> ParseShard(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '/');
  Shard shard;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &shard.index) ||
      !absl::SimpleAtoi(parts[1], &shard.count) || shard.count < 1 || shard.index < 1 ||
      shard.index > shard.count) {
    return absl::InvalidArgumentError(
        absl::StrCat("`", text, "` is no shard; write I/N with I from 1 to N, like 3/8"));
  }
  return shard;
}

bool LooksLikeModel(absl::string_view head) {
  // Fields of ModelProto up to its graph: ir_version first, as every writer puts it, then strings
  // and an opset or the graph. TensorFlow's saved models begin alike, but hold no text in field 2.
  constexpr uint64_t kIrVersion = 1, kProducer = 2, kProducerVersion = 3, kDomain = 4,
                     kModelVersion = 5, kDoc = 6, kGraph = 7, kOpset = 8, kMetadata = 14;
  const std::optional<Field> first = TakeField(&head);
  if (!first.has_value() || first->number != kIrVersion || !first->varint ||
      first->value < kFirstIrVersion || first->value > kLastIrVersion) {
    return false;
  }
  while (const std::optional<Field> field = TakeField(&head)) {
    switch (field->number) {
      case kProducer:
      case kProducerVersion:
      case kDomain:
        if (field->varint || field->value > 1024 || !IsText(field->bytes)) return false;
        break;
      case kDoc:
        if (field->varint || !IsText(field->bytes)) return false;
        break;
      case kModelVersion:
        if (!field->varint) return false;
        break;
      case kGraph:
      case kOpset:
        return !field->varint;
      case kMetadata:
        if (field->varint) return false;
        break;
      default:
        return false;
    }
  }
  return false;
}

absl::StatusOr<FoundModels> FindModels(const std::vector<std::string>& paths,
                                       const FindOptions& options) {
  Finder finder(options);
  for (const std::string& path : paths) {
    if (absl::Status status = finder.Add(path); !status.ok()) return status;
  }
  return std::move(finder).Take();
}

}  // namespace assay
