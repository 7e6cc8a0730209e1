#include "passes/fusion_rules.h"

#include <memory>
#include <mutex>

#include "absl/strings/str_split.h"

namespace assay {
namespace {

std::vector<absl::string_view> Words(absl::string_view list) {
  return absl::StrSplit(list, ' ', absl::SkipEmpty());
}

std::vector<FusionRules::Step> StepsOf(absl::string_view names) {
  std::vector<FusionRules::Step> out;
  for (absl::string_view name : Words(names)) {
    const StepRow* row = FindStep(name);
    if (row == nullptr) continue;
    out.push_back({row, FindGuard(row->guard), static_cast<int>(row - FusionSteps().data())});
  }
  return out;
}

void Join(const absl::flat_hash_map<absl::string_view, FusionRules::Kind>& words,
          absl::string_view word, FusionRules::Kind* kind) {
  auto it = words.find(word);
  if (it == words.end()) return;
  kind->starts |= it->second.starts;
  kind->steps |= it->second.steps;
}

}  // namespace

FusionRules::FusionRules(const FusionPolicyRow& p) : policy(p) {
  bool attention = false;  // a pattern starts from one in pieces
  for (absl::string_view name : Words(policy.patterns)) {
    const PatternRow* row = FindPattern(name);
    patterns.push_back({.row = row,
                        .guard = FindGuard(row->guard),
                        .front = StepsOf(row->front),
                        .steps = StepsOf(row->steps),
                        .from_attention = row->start == "<attention>",
                        .from_siblings = row->start == "<siblings>"});
    attention |= patterns.back().from_attention;
  }
  // A class of spellings stands in angle brackets.
  auto kind = [&](absl::string_view word) -> Kind& {
    if (word.size() < 3 || word.front() != '<') return of_operators_[word];
    return of_classes_[word.substr(1, word.size() - 2)];
  };
  for (size_t i = 0; i < patterns.size(); ++i) {
    for (absl::string_view w : Words(patterns[i].row->start)) kind(w).starts |= uint64_t{1} << i;
  }
  for (size_t i = 0; i < FusionSteps().size(); ++i) {
    for (absl::string_view w : Words(FusionSteps()[i].ops)) kind(w).steps |= uint64_t{1} << i;
  }
  // The steps that some pattern of the policy takes.
  uint64_t used = 0;
  for (const Pattern& pattern : patterns) {
    for (const Step& step : pattern.front) used |= uint64_t{1} << step.index;
    for (const Step& step : pattern.steps) used |= uint64_t{1} << step.index;
  }
  for (const SpellingRow& row : Spellings()) {
    const Kind kind = KindOf(row);
    // An attention may be built on a softmax in several ops.
    if (kind.starts != 0 || (kind.steps & used) != 0 || (attention && row.classes == "softmax")) {
      spellings.push_back(&row);
    }
  }
}

FusionRules::Kind FusionRules::KindOf(const OpRow* row) const {
  Kind kind;
  if (row == nullptr) return kind;
  Join(of_operators_, row->name, &kind);
  Join(of_operators_, Name(row->role), &kind);
  return kind;
}

FusionRules::Kind FusionRules::KindOf(const SpellingRow& row) const {
  Kind kind;
  for (absl::string_view c : Words(row.classes)) Join(of_classes_, c, &kind);
  return kind;
}

const FusionRules& RulesOf(const FusionPolicyRow& policy) {
  static std::mutex mutex;
  static auto* const all =
      new absl::flat_hash_map<const FusionPolicyRow*, std::unique_ptr<const FusionRules>>();
  const std::lock_guard<std::mutex> lock(mutex);
  std::unique_ptr<const FusionRules>& rules = (*all)[&policy];
  if (rules == nullptr) rules = std::make_unique<const FusionRules>(policy);
  return *rules;
}

}  // namespace assay
