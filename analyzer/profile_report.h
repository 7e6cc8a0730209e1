// What `assay validate --profile` prints: what the profile holds, how much of it is matched,
// estimates against it class by class, the kernels furthest off, and what is left on either side.
#ifndef ASSAY_ANALYZER_PROFILE_REPORT_H_
#define ASSAY_ANALYZER_PROFILE_REPORT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "analyzer/profile.h"
#include "analyzer/profile_match.h"
#include "analyzer/report.h"
#include "analyzer/text_table.h"

namespace assay {

// `report` has one estimate, which `match` is about; `file` is the profile's.
std::string ProfileReport(absl::string_view file, const Profile& profile, const ProfileMatch& match,
                          const Report& report, const TextStyle& style);

}  // namespace assay

#endif  // ASSAY_ANALYZER_PROFILE_REPORT_H_
