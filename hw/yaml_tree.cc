#include "hw/yaml_tree.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "yaml-cpp/eventhandler.h"
#include "yaml-cpp/exceptions.h"
#include "yaml-cpp/mark.h"
#include "yaml-cpp/parser.h"

namespace assay {
namespace {

constexpr size_t kMaxBytes = 1 << 20;
constexpr size_t kMaxDepth = 32;
constexpr size_t kMaxKeys = 1000;  // of one mapping

Place PlaceOf(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

// Builds the tree from the parser's events. yaml-cpp reports errors by exception; ours go the same
// way and all are caught in ParseYaml.
class Builder : public YAML::EventHandler {
 public:
  explicit Builder(YamlNode* root) : root_(root) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (AwaitsKey()) throw YAML::ParserException(mark, "a key is missing before `:`");
    NoAnchor(mark, anchor);
    YamlNode* node = Put(mark, {.kind = YamlNode::Kind::kNull});
    // What is left out behind a key has the mark of what comes next; people look at the key.
    if (open_.empty() || open_.back().node->kind != YamlNode::Kind::kMap) return;
    const Place key = open_.back().node->entries.back().place;
    if (node->place.line > key.line) node->place = key;
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw YAML::ParserException(mark, "aliases are not supported; write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    NoAnchor(mark, anchor);
    NoTag(mark, tag);
    if (AwaitsKey()) {
      YamlNode& map = *open_.back().node;
      for (const YamlEntry& entry : map.entries) {
        if (entry.key == value) {
          throw YAML::ParserException(
              mark, absl::StrCat("duplicate key `", value, "`, first given in line ",
                                 entry.place.line, "; keep one"));
        }
      }
      if (map.entries.size() >= kMaxKeys) {
        throw YAML::ParserException(mark, "more than 1000 keys in one mapping");
      }
      map.entries.push_back({value, PlaceOf(mark), {.place = PlaceOf(mark)}});
      open_.back().has_key = true;
      return;
    }
    Put(mark, {.kind = YamlNode::Kind::kText, .text = value});
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, YamlNode::Kind::kList);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  struct Level {
    YamlNode* node;
    bool has_key = false;  // of a mapping: the last entry waits for its value
  };

  bool AwaitsKey() const {
    return !open_.empty() && open_.back().node->kind == YamlNode::Kind::kMap &&
           !open_.back().has_key;
  }
  static void NoAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) throw YAML::ParserException(mark, "anchors are not supported; remove the `&`");
  }
  static void NoTag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") {
      throw YAML::ParserException(mark, "tags are not supported; remove the `!`");
    }
  }
  // Puts a node where the next value belongs. Pointers into a vector stay good: its owner is only
  // appended to when nothing below it is open.
  YamlNode* Put(const YAML::Mark& mark, YamlNode node) {
    node.place = PlaceOf(mark);
    if (open_.empty()) {
      *root_ = std::move(node);
      return root_;
    }
    Level& level = open_.back();
    if (level.node->kind == YamlNode::Kind::kList) {
      level.node->items.push_back(std::move(node));
      return &level.node->items.back();
    }
    level.has_key = false;
    level.node->entries.back().value = std::move(node);
    return &level.node->entries.back().value;
  }
  void Open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YamlNode::Kind kind) {
    NoAnchor(mark, anchor);
    NoTag(mark, tag);
    if (AwaitsKey()) throw YAML::ParserException(mark, "a key must be plain text");
    if (open_.size() >= kMaxDepth) {
      throw YAML::ParserException(mark, "nested too deeply; no key lies this deep");
    }
    open_.push_back({Put(mark, {.kind = kind})});
  }

  YamlNode* root_;
  std::vector<Level> open_;
};

}  // namespace

const YamlNode* YamlNode::Find(absl::string_view key) const {
  for (const YamlEntry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

YamlNode ParseYaml(absl::string_view text, std::vector<Problem>* problems) {
  if (text.size() > kMaxBytes) {
    problems->push_back({{1, 1}, "the file is larger than 1 MiB; no such description is"});
    return {};
  }
  YamlNode root;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Builder builder(&root);
    if (!parser.HandleNextDocument(builder) || root.kind == YamlNode::Kind::kNull) {
      problems->push_back({{1, 1}, "the file is empty; see `assay targets --keys`"});
      return {};
    }
    YamlNode second;
    Builder extra(&second);
    if (parser.HandleNextDocument(extra)) {
      problems->push_back({second.place, "a second document begins here; keep one per file"});
      return {};
    }
  } catch (const YAML::Exception& e) {
    // Ours say what to do; yaml-cpp's own say only what it met.
    bool ours = absl::StrContains(e.msg, ';') || absl::StrContains(e.msg, "key");
    problems->push_back(
        {PlaceOf(e.mark), ours ? e.msg : absl::StrCat(e.msg, "; correct the YAML")});
    return {};
  }
  return root;
}

absl::StatusOr<std::string> ReadYamlFile(absl::string_view path) {
  std::string name(path);
  struct stat info;
  if (stat(name.c_str(), &info) != 0) {
    return absl::NotFoundError(absl::StrCat(path, ": ", std::strerror(errno), "; check the path"));
  }
  if (S_ISDIR(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": is a directory; give one YAML file in it"));
  }
  std::ifstream in(name, std::ios::binary);
  std::string text(kMaxBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  if (in.bad() || !in.is_open()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": cannot be read; check its permissions"));
  }
  return text;
}

std::string Describe(absl::string_view file, const Problem& problem) {
  // A message may quote the file: keep it one line, and short.
  constexpr size_t kMost = 1000;
  std::string message;
  for (char c : problem.message) {
    if (message.size() >= kMost) {
      message += "...";
      break;
    }
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) {
      absl::StrAppend(&message, "\\x", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
    } else {
      message.push_back(c);
    }
  }
  return absl::StrCat(file, ":", problem.place.line, ":", problem.place.column, ": ", message);
}

}  // namespace assay
