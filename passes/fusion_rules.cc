#include "passes/fusion_rules.h"

#include "absl/strings/str_split.h"

namespace assay {
namespace {

std::vector<absl::string_view> Words(absl::string_view list) {
  return absl::StrSplit(list, ' ', absl::SkipEmpty());
}

// Whether a list of words names the operator: by its type or by its role.
bool Names(absl::string_view list, const OpRow& row) {
  for (absl::string_view w : Words(list)) {
    if (w == row.name || w == Name(row.role)) return true;
  }
  return false;
}

// Or the spelling: by one of its classes, in angle brackets.
bool Names(absl::string_view list, const SpellingRow& row) {
  for (absl::string_view w : Words(list)) {
    if (w.size() < 3 || w.front() != '<') continue;
    w = w.substr(1, w.size() - 2);
    for (absl::string_view c : absl::StrSplit(row.classes, ' ')) {
      if (c == w) return true;
    }
  }
  return false;
}

template <class Row>
FusionRules::Kind MakeKind(const std::vector<FusionRules::Pattern>& patterns, const Row& row) {
  FusionRules::Kind kind;
  for (size_t i = 0; i < patterns.size(); ++i) {
    if (Names(patterns[i].row->start, row)) kind.starts |= uint64_t{1} << i;
  }
  for (size_t i = 0; i < FusionSteps().size(); ++i) {
    if (Names(FusionSteps()[i].ops, row)) kind.steps |= uint64_t{1} << i;
  }
  return kind;
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
  // The steps that some pattern of the policy takes.
  uint64_t used = 0;
  for (const Pattern& pattern : patterns) {
    for (const Step& step : pattern.front) used |= uint64_t{1} << step.index;
    for (const Step& step : pattern.steps) used |= uint64_t{1} << step.index;
  }
  for (const SpellingRow& row : Spellings()) {
    const Kind kind = MakeKind(patterns, row);
    // An attention may be built on a softmax in several ops.
    if (kind.starts != 0 || (kind.steps & used) != 0 || (attention && row.classes == "softmax")) {
      spellings.push_back(&row);
      spelling_kinds_[&row] = kind;
    }
  }
}

const FusionRules::Kind& FusionRules::KindOf(const OpRow* row) const {
  auto [it, added] = kinds_.try_emplace(row);
  if (added && row != nullptr) it->second = MakeKind(patterns, *row);
  return it->second;
}

const FusionRules::Kind& FusionRules::KindOf(const SpellingRow& row) const {
  return spelling_kinds_.at(&row);
}

}  // namespace assay
