// One key of a YAML file, as `assay targets --keys` prints it. Made from the rows that parse the
// file.
#ifndef ASSAY_HW_KEY_DOC_H_
#define ASSAY_HW_KEY_DOC_H_

#include <string>

#include "absl/strings/string_view.h"

namespace assay {

struct KeyDoc {
  std::string path;     // "memory.NAME.bandwidth"
  std::string type;     // "text", "bytes per second", "gpu|cpu|systolic|kpu|npu"
  std::string example;  // "3.35 TB/s"
  bool required = false;
  absl::string_view doc;
};

}  // namespace assay

#endif  // ASSAY_HW_KEY_DOC_H_
