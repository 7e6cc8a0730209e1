#include "analyzer/formats.h"

#include <vector>

#include "absl/strings/string_view.h"
#include "ir/rows.h"

namespace assay {
namespace {

constexpr FormatRow kFormats[] = {
    {"text", ".txt", "for reading: aligned tables, the most important first", MakeTextWriter,
     MakeTextPrinter},
    {"json", ".json", "for programs: every number of the report; see analyzer/README.md",
     MakeJsonWriter, MakeJsonPrinter},
    {"csv", ".csv", "for spreadsheets and shell scripts: one table, numbers in base units",
     MakeCsvWriter, MakeCsvPrinter},
    {"markdown", ".md", "for issues and pull requests", MakeMarkdownWriter, MakeMarkdownPrinter},
    {"html", ".html", "for a browser and for paper: one page with drawings, fetching nothing",
     MakeHtmlWriter, MakeHtmlPrinter},
};

}  // namespace

std::vector<absl::string_view> FormatNames() { return NamesOf(kFormats); }
const FormatRow* FindFormat(absl::string_view name) { return FindRow(kFormats, name); }
const FormatRow& FormatForFile(absl::string_view path) { return RowForFile(kFormats, path); }

}  // namespace assay
