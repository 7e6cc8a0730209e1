// What a project expects of its models, in a file that its tests run: `assay fit --expect FILE.yaml
// models/*.onnx` ends with status 3 when a number has left its range.
//
//   schema: expectations/1
//   expect:
//     detector:                       # a name for messages
//       files: ["detector*.onnx"]     # whose these are; without it, "detector*"
//       macs: 4.3G..4.5G
//       parameters: ..3.2M            # at most; 3M.. is at least
//       kernels: ..70
//       peak_memory: ..30 MB
//       latency: {h100-sxm: ..2 ms}
//
// A model is held against the first entry whose `files` match its name; one that no entry claims,
// against that which it comes nearest to (so a file of any name may be tested against the profile
// of a family, and a model of another family fails). NAME:ENTRY asks for one entry.
//
// Profiles of families are shipped under a name each: analyzer/expectations/, compiled into the
// program as they are and read when asked for.
#ifndef ASSAY_ANALYZER_EXPECT_H_
#define ASSAY_ANALYZER_EXPECT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "analyzer/document.h"
#include "analyzer/quantity.h"
#include "analyzer/report.h"

namespace assay {

// A key and the number of a report that it speaks of.
struct ExpectRow {
  absl::string_view key;  // "macs"
  Quantity quantity;
  absl::string_view example;
  absl::string_view doc;
  double (*value)(const Report& report);  // NaN: not known
};
absl::Span<const ExpectRow> ExpectRows();

struct Expectation {
  std::string key;     // of a row, or "latency"
  std::string target;  // of a latency
  Quantity quantity = Quantity::kCount;
  double low = 0, high = 0;  // infinite: open
};

struct ExpectEntry {
  std::string name;                // "resnet18"
  std::string from;                // the file or profile that it stands in
  std::vector<std::string> files;  // patterns
  std::vector<Expectation> expectations;
};

struct Expectations {
  std::vector<ExpectEntry> entries;
  // Targets that latencies are of, each once.
  std::vector<std::string> Targets() const;
};

// Adds a file (anything with a `/` or ending in .yaml or .yml) or a shipped profile by name, either
// with :ENTRY. `errors` gets all that is wrong with a file.
absl::Status AddExpectations(absl::string_view name, Expectations* out,
                             std::vector<std::string>* errors = nullptr);
std::vector<absl::string_view> ShippedExpectations();  // "efficientnet", ...

struct ExpectationResult {
  std::string model;
  std::string entry;
  bool by_name = true;  // else by its numbers
  std::string key, target;
  Quantity quantity = Quantity::kCount;
  double low = 0, high = 0;
  double value = 0;  // NaN: not known, and so not met
  bool met = false;
};
// Empty when there are no entries.
std::vector<ExpectationResult> CheckExpectations(const Report& report,
                                                 const Expectations& expectations);

Table ExpectationTable(const std::vector<ExpectationResult>& results);

// The shipped files, by the build (analyzer/expectations/*.yaml), sorted by name.
struct ShippedText {
  absl::string_view name, text;
};
absl::Span<const ShippedText> ShippedExpectationTexts();

}  // namespace assay

#endif  // ASSAY_ANALYZER_EXPECT_H_
