// Formats, one row each: how each writes reports of `analyze`, and how it prints the documents of
// all other commands (analyzer/document.h). A format writes models one after another, so that a
// batch of any length needs the memory of one.
#ifndef ASSAY_ANALYZER_FORMATS_H_
#define ASSAY_ANALYZER_FORMATS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "analyzer/document.h"
#include "analyzer/options.h"

namespace assay {

struct Report;

class ReportWriter {
 public:
  virtual ~ReportWriter() = default;
  // Each call appends to the string given at construction; the caller may send it on and clear it.
  virtual void Begin() {}
  virtual void Model(const Report& report) = 0;
  // A model of which there is no report, and why. A format for reading leaves it to standard error.
  virtual void Failed(absl::string_view file, absl::string_view message) {
    (void)file;
    (void)message;
  }
  virtual void End() {}
};

struct FormatRow {
  absl::string_view name;    // "json"
  absl::string_view ending;  // of file names that mean it: ".json"
  absl::string_view doc;
  std::unique_ptr<ReportWriter> (*make)(const ReportOptions& options, std::string* out);
  std::unique_ptr<DocumentPrinter> (*printer)(const TextStyle& style, std::string* out);
};

std::vector<absl::string_view> FormatNames();
// Null when there is none.
const FormatRow* FindFormat(absl::string_view name);
// By the ending of a file name; text when none fits.
const FormatRow& FormatForFile(absl::string_view path);

// The formats, each in its own file.
std::unique_ptr<ReportWriter> MakeTextWriter(const ReportOptions& options, std::string* out);
std::unique_ptr<ReportWriter> MakeJsonWriter(const ReportOptions& options, std::string* out);
std::unique_ptr<ReportWriter> MakeCsvWriter(const ReportOptions& options, std::string* out);
std::unique_ptr<ReportWriter> MakeMarkdownWriter(const ReportOptions& options, std::string* out);
std::unique_ptr<ReportWriter> MakeHtmlWriter(const ReportOptions& options, std::string* out);

}  // namespace assay

#endif  // ASSAY_ANALYZER_FORMATS_H_
