// The table of a target's keys, shared by loader, printer and packer, and the rules between keys.
#ifndef ASSAY_HW_TARGET_KEYS_H_
#define ASSAY_HW_TARGET_KEYS_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "hw/schema.h"
#include "hw/target.h"
#include "hw/yaml_tree.h"

namespace assay {

inline constexpr absl::string_view kTargetSchema = "target/1";
absl::Span<const KeyRow> TargetRows();

// By value of the enum.
absl::Span<const absl::string_view> TargetKindNames();
absl::Span<const absl::string_view> EngineClassNames();
absl::Span<const absl::string_view> MemoryRoleNames();
absl::Span<const absl::string_view> LinkRoleNames();

// Lower case letters, digits and hyphens, a letter or a digit first.
bool IsTargetName(absl::string_view name);

// Rules that no single key can check: names refer to what is there, counts are whole, levels end in
// one DRAM, stated peaks are units x ops/clock x clock within 2 %. `file` is the mapping that the
// target was read from (or the power mode's): texts have no place of their own.
void CheckTarget(const Target& target, const YamlNode& file, std::vector<Problem>* problems);

// After `extends` or a power mode changed units, clocks or rates: stated peaks that were not given
// anew follow in proportion, and say so.
void ScalePeaks(const Target& before, Target* after);

}  // namespace assay

#endif  // ASSAY_HW_TARGET_KEYS_H_
