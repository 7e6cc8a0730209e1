// Running the program inside a test.
#ifndef ASSAY_CLI_CLI_TEST_UTIL_H_
#define ASSAY_CLI_CLI_TEST_UTIL_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "cli/command.h"
#include "rapidjson/document.h"

namespace assay {

struct Outcome {
  int exit = 0;
  std::string out, err;
};

// "analyze 'a model.onnx' --top 3": words divided by blanks, 'quoted' ones kept whole.
std::vector<std::string> SplitWords(absl::string_view command);
// The words after `assay`.
Outcome RunWords(const std::vector<std::string>& words);
inline Outcome RunCommand(absl::string_view command) { return RunWords(SplitWords(command)); }

// Strict JSON: valid UTF-8, no number that is infinite or NaN; and what says `"schema":
// "assay.NAME/1"` is as analyzer/schemas/assay.NAME-1.json says. What is not fails the test.
rapidjson::Document ParseJson(const std::string& text);

std::string ReadFile(const std::string& path);
void WriteFile(const std::string& path, absl::string_view text);
// Whether goldens are to be rewritten instead of compared: ASSAY_UPDATE=1.
bool Updating();

}  // namespace assay

#endif  // ASSAY_CLI_CLI_TEST_UTIL_H_
