// Any bytes as a target's, runtime's and calibration's YAML: no crash, no hang, and what reads
// without a problem prints as YAML that reads the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "hw/library.h"
#include "hw/schema.h"
#include "hw/target_keys.h"
#include "hw/yaml_tree.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace assay;  // NOLINT
  absl::string_view text(reinterpret_cast<const char*>(data), size);
  auto no_base = [](absl::string_view) { return absl::NotFoundError("none"); };
  std::vector<Problem> problems;
  YamlNode file = ParseYaml(text, &problems);
  if (!problems.empty()) return 0;
  std::vector<Problem> ignored;
  ReadRuntime(file, no_base, &ignored);
  ReadCalibration(file, no_base, &ignored);
  Target target = ReadTarget(file, "", no_base, &problems);
  for (const Problem& problem : problems) Describe("file", problem);
  if (!problems.empty()) return 0;
  std::string yaml = ToYaml(target);
  YamlNode again = ParseYaml(yaml, &problems);
  Target second = ReadTarget(again, "", no_base, &problems);
  if (!problems.empty() || ToYaml(second) != yaml) std::abort();
  return 0;
}
