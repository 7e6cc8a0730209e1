// A policy's rows made ready: words resolved to bits, so that what an op can do costs two look-ups.
#ifndef ASSAY_PASSES_FUSION_RULES_H_
#define ASSAY_PASSES_FUSION_RULES_H_

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "ir/op_table.h"
#include "passes/fusion_guards.h"
#include "passes/pattern.h"
#include "passes/spelling.h"

namespace assay {

struct FusionRules {
  struct Step {
    const StepRow* row;
    const GuardRow* guard;
    int index;  // of the row: its bit in Kind::steps
  };
  struct Pattern {
    const PatternRow* row;
    const GuardRow* guard;
    std::vector<Step> front, steps;
    bool from_attention = false, from_siblings = false;
  };
  // What the rows say of one operator, or of one spelling.
  struct Kind {
    uint64_t starts = 0;  // patterns of this policy, by their place in it
    uint64_t steps = 0;   // rows of FusionSteps()
  };

  explicit FusionRules(const FusionPolicyRow& policy);

  Kind KindOf(const OpRow* row) const;  // nothing, of an operator without a row
  Kind KindOf(const SpellingRow& row) const;

  const FusionPolicyRow& policy;
  std::vector<Pattern> patterns;
  std::vector<const SpellingRow*> spellings;  // that the policy makes use of

 private:
  // What the rows say of a word: an operator's name or role, and, of spellings, a class.
  absl::flat_hash_map<absl::string_view, Kind> of_operators_, of_classes_;
};

// Made once for each of the shipped policies, for all threads.
const FusionRules& RulesOf(const FusionPolicyRow& policy);

}  // namespace assay

#endif  // ASSAY_PASSES_FUSION_RULES_H_
