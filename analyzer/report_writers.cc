// Formats of `analyze` that show a report as a document.
#include <memory>
#include <string>
#include <utility>

#include "analyzer/formats.h"
#include "analyzer/report_document.h"

namespace assay {
namespace {

using MakeDocument = Document (*)(const Report& report, const ReportOptions& options);

class DocumentWriter : public ReportWriter {
 public:
  DocumentWriter(const ReportOptions& options, MakeDocument make,
                 std::unique_ptr<DocumentPrinter> printer)
      : options_(options), make_(make), printer_(std::move(printer)) {}

  void Model(const Report& report) override { printer_->Add(make_(report, options_)); }
  void End() override { printer_->End(); }

 private:
  ReportOptions options_;
  MakeDocument make_;
  std::unique_ptr<DocumentPrinter> printer_;
};

Document Paper(const Report& report, const ReportOptions& options) {
  return MakeReportDocument(report, options, /*page=*/false);
}

Document Page(const Report& report, const ReportOptions& options) {
  return MakeReportDocument(report, options, /*page=*/true);
}

}  // namespace

std::unique_ptr<ReportWriter> MakeCsvWriter(const ReportOptions& options, std::string* out) {
  return std::make_unique<DocumentWriter>(options, MakeOperatorDocument,
                                          MakeCsvPrinter(options.style, out));
}

std::unique_ptr<ReportWriter> MakeMarkdownWriter(const ReportOptions& options, std::string* out) {
  return std::make_unique<DocumentWriter>(options, Paper, MakeMarkdownPrinter(options.style, out));
}

std::unique_ptr<ReportWriter> MakeHtmlWriter(const ReportOptions& options, std::string* out) {
  return std::make_unique<DocumentWriter>(options, Page, MakeHtmlPrinter(options.style, out));
}

}  // namespace assay
