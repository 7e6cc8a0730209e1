// A user's YAML file of settings (requirements, expectations) read strictly: unknown keys are
// refused with the near spelling, every problem has its line and column. The same trees as those of
// hw/ (hw/yaml_tree.h), for values that are no data with sources.
#ifndef ASSAY_ANALYZER_YAML_FIELDS_H_
#define ASSAY_ANALYZER_YAML_FIELDS_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "analyzer/quantity.h"
#include "hw/yaml_tree.h"

namespace assay {

// One mapping of the file. Whatever is wrong is added to the file's problems.
class YamlFields {
 public:
  YamlFields(const YamlNode& node, std::string where, std::vector<Problem>* problems);

  absl::Span<const YamlEntry> entries() const { return node_.entries; }
  const YamlNode* Find(absl::string_view key) const { return node_.Find(key); }
  // The keys that may stand here.
  void Allow(absl::Span<const absl::string_view> keys) const;
  void Say(Place place, std::string message) const { problems_->push_back({place, message}); }

  // Values; `key` for messages.
  YamlFields Inside(absl::string_view key, const YamlNode& node) const;
  std::optional<double> Amount(absl::string_view key, const YamlNode& node, Quantity quantity,
                               absl::string_view example) const;
  // "1.8G..1.9G", "..20 ms", "10.."; an end that is left out is open.
  std::optional<std::pair<double, double>> Range(absl::string_view key, const YamlNode& node,
                                                 Quantity quantity,
                                                 absl::string_view example) const;
  std::optional<bool> Truth(absl::string_view key, const YamlNode& node) const;
  std::optional<std::string> Text(absl::string_view key, const YamlNode& node) const;
  // A text, or a list of texts.
  std::vector<std::string> Texts(absl::string_view key, const YamlNode& node) const;

 private:
  const YamlNode& node_;
  std::string where_;  // "targets.h100-sxm"; "" at the top
  std::vector<Problem>* problems_;
};

// Reads a file that begins with `schema: SCHEMA`. The status has the first problem; `errors`, where
// given, gets all.
absl::Status ReadYamlFields(absl::string_view path, absl::string_view schema,
                            absl::FunctionRef<void(const YamlFields&)> read,
                            std::vector<std::string>* errors);
// The same of a text; `name` stands for the file in messages.
absl::Status ReadYamlText(absl::string_view name, absl::string_view text, absl::string_view schema,
                          absl::FunctionRef<void(const YamlFields&)> read,
                          std::vector<std::string>* errors);

}  // namespace assay

#endif  // ASSAY_ANALYZER_YAML_FIELDS_H_
