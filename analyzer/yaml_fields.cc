#include "analyzer/yaml_fields.h"

#include <algorithm>
#include <limits>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analyzer/limits.h"
#include "ir/suggest.h"

namespace assay {

YamlFields::YamlFields(const YamlNode& node, std::string where, std::vector<Problem>* problems)
    : node_(node), where_(std::move(where)), problems_(problems) {
  if (node.kind != YamlNode::Kind::kMap) {
    Say(node.place, where_.empty() ? "the file must be a mapping of keys"
                                   : absl::StrCat("`", where_, "` must be a mapping of its keys"));
  }
}

void YamlFields::Allow(absl::Span<const absl::string_view> keys) const {
  for (const YamlEntry& entry : node_.entries) {
    if (where_.empty() && entry.key == "schema") continue;
    if (std::find(keys.begin(), keys.end(), entry.key) != keys.end()) continue;
    const std::string near = DidYouMean(entry.key, keys);
    Say(entry.place,
        absl::StrCat("unknown key `", entry.key, "`",
                     where_.empty() ? "" : absl::StrCat(" in `", where_, "`"),
                     near.empty() ? absl::StrCat("; use one of ", absl::StrJoin(keys, ", "))
                                  : absl::StrCat(near, "; correct or remove it")));
  }
}

YamlFields YamlFields::Inside(absl::string_view key, const YamlNode& node) const {
  return {node, std::string(key), problems_};
}

std::optional<std::string> YamlFields::Text(absl::string_view key, const YamlNode& node) const {
  if (node.kind == YamlNode::Kind::kText && !node.text.empty()) return node.text;
  Say(node.place, absl::StrCat("`", key, "` must be a text"));
  return std::nullopt;
}

std::vector<std::string> YamlFields::Texts(absl::string_view key, const YamlNode& node) const {
  std::vector<std::string> texts;
  if (node.kind != YamlNode::Kind::kList) {
    if (std::optional<std::string> one = Text(key, node)) texts.push_back(*std::move(one));
    return texts;
  }
  for (const YamlNode& item : node.items) {
    if (std::optional<std::string> one = Text(key, item)) texts.push_back(*std::move(one));
  }
  return texts;
}

std::optional<bool> YamlFields::Truth(absl::string_view key, const YamlNode& node) const {
  if (node.kind == YamlNode::Kind::kText && (node.text == "true" || node.text == "false")) {
    return node.text == "true";
  }
  Say(node.place, absl::StrCat("`", key, "` must be true or false"));
  return std::nullopt;
}

std::optional<double> YamlFields::Amount(absl::string_view key, const YamlNode& node,
                                         Quantity quantity, absl::string_view example) const {
  if (node.kind != YamlNode::Kind::kText) {
    Say(node.place, absl::StrCat("`", key, "` must be an amount, like ", example));
    return std::nullopt;
  }
  const absl::StatusOr<double> amount = ParseAmount(node.text, quantity, example);
  if (amount.ok()) return *amount;
  Say(node.place, absl::StrCat("`", key, "`: ", amount.status().message()));
  return std::nullopt;
}

std::optional<std::pair<double, double>> YamlFields::Range(absl::string_view key,
                                                           const YamlNode& node, Quantity quantity,
                                                           absl::string_view example) const {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const absl::string_view text = node.text;
  const size_t dots = text.find("..");
  if (node.kind != YamlNode::Kind::kText || dots == absl::string_view::npos || text == "..") {
    Say(node.place, absl::StrCat("`", key, "` must be a range, like ", example, "..", example,
                                 ", ..", example, " or ", example, ".."));
    return std::nullopt;
  }
  std::pair<double, double> range = {-kInfinity, kInfinity};
  const auto read = [&](absl::string_view end, double* out) {
    end = absl::StripAsciiWhitespace(end);
    if (end.empty()) return true;
    const absl::StatusOr<double> amount = ParseAmount(end, quantity, example);
    if (!amount.ok()) {
      Say(node.place, absl::StrCat("`", key, "`: ", amount.status().message()));
      return false;
    }
    *out = *amount;
    return true;
  };
  if (!read(text.substr(0, dots), &range.first) || !read(text.substr(dots + 2), &range.second)) {
    return std::nullopt;
  }
  if (range.first > range.second) {
    Say(node.place, absl::StrCat("`", key, "`: `", text,
                                 "` begins above where it ends; write the lower end first"));
    return std::nullopt;
  }
  return range;
}

absl::Status ReadYamlText(absl::string_view name, absl::string_view text, absl::string_view schema,
                          absl::FunctionRef<void(const YamlFields&)> read,
                          std::vector<std::string>* errors) {
  std::vector<Problem> problems;
  const YamlNode file = ParseYaml(text, &problems);
  if (problems.empty()) {
    const YamlFields fields(file, "", &problems);
    const YamlNode* said = file.Find("schema");
    if (problems.empty() && said == nullptr) {
      problems.push_back(
          {file.place, absl::StrCat("`schema` is missing; begin with `schema: ", schema, "`")});
    } else if (said != nullptr && said->text != schema) {
      problems.push_back({said->place, absl::StrCat("schema `", said->text, "` is not `", schema,
                                                    "`; write that")});
    }
    if (problems.empty()) read(fields);
  }
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
  });
  if (errors != nullptr) {
    for (const Problem& problem : problems) errors->push_back(Describe(name, problem));
  }
  if (problems.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(Describe(name, problems.front()));
}

absl::Status ReadYamlFields(absl::string_view path, absl::string_view schema,
                            absl::FunctionRef<void(const YamlFields&)> read,
                            std::vector<std::string>* errors) {
  absl::StatusOr<std::string> text = ReadYamlFile(path);
  if (!text.ok()) {
    if (errors != nullptr) errors->emplace_back(text.status().message());
    return text.status();
  }
  return ReadYamlText(path, *text, schema, read, errors);
}

}  // namespace assay
