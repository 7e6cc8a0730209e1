// Formats of `analyze` that show a report as a document.
#include <memory>
#include <string>
#include <utility>

#include "analyzer/formats.h"
#include "analyzer/report_document.h"

namespace assay {
namespace {

class DocumentWriter : public ReportWriter {
 public:
  DocumentWriter(const ReportOptions& options, std::unique_ptr<DocumentPrinter> printer)
      : options_(options), printer_(std::move(printer)) {}

  void Begin() override { printer_->Begin(); }
  void Model(const Report& report) override { printer_->Add(MakeReportDocument(report, options_)); }
  void End() override { printer_->End(); }

 private:
  ReportOptions options_;
  std::unique_ptr<DocumentPrinter> printer_;
};

}  // namespace

std::unique_ptr<ReportWriter> MakeCsvWriter(const ReportOptions& options, std::string* out) {
  return std::make_unique<DocumentWriter>(options, MakeCsvPrinter(options.style, out));
}

std::unique_ptr<ReportWriter> MakeMarkdownWriter(const ReportOptions& options, std::string* out) {
  return std::make_unique<DocumentWriter>(options, MakeMarkdownPrinter(options.style, out));
}

std::unique_ptr<ReportWriter> MakeHtmlWriter(const ReportOptions& options, std::string* out) {
  return std::make_unique<DocumentWriter>(options, MakeHtmlPrinter(options.style, out));
}

}  // namespace assay
