// The manual page, from the rows of commands and options: `assay help --man | man -l -`.
//
// Macros of man(7) alone, so that every reader of manual pages shows it. What comes from a row is
// text: what troff would obey (a backslash, a dot or quote at a line's start) is escaped.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "cli/command.h"

namespace assay {
namespace {

// As it stands in the row, on a line of its own or within one.
std::string Text(absl::string_view text) {
  std::string out = absl::StrReplaceAll(text, {{"\\", "\\e"},
                                               {"-", "\\-"},
                                               {"`", "\\(ga"},
                                               {"'", "\\(aq"},
                                               {"^", "\\(ha"},
                                               {"~", "\\(ti"}});
  if (absl::StartsWith(out, ".")) out.insert(0, "\\&");
  return out;
}

std::string Bold(absl::string_view text) { return absl::StrCat("\\fB", Text(text), "\\fR"); }
std::string Italic(absl::string_view text) { return absl::StrCat("\\fI", Text(text), "\\fR"); }

// "-o, --output FILE"
std::string Spelling(const OptionRow& row) {
  return absl::StrCat(row.letter.empty() ? "" : Bold(row.letter), row.letter.empty() ? "" : ", ",
                      Bold(row.name), row.value.empty() ? "" : " ",
                      row.value.empty() ? "" : Italic(row.value));
}

void AddCommand(const CommandRow& row, std::string* out) {
  absl::StrAppend(out, ".SS assay ", row.name, row.args.empty() ? "" : " ", Text(row.args), "\n",
                  Text(row.summary), ".\n");
  for (absl::string_view paragraph : absl::StrSplit(row.doc, '\n', absl::SkipEmpty())) {
    absl::StrAppend(out, ".PP\n", Text(paragraph), "\n");
  }
  if (row.options.empty()) return;
  std::vector<std::string> names;
  for (absl::string_view name : row.options) names.push_back(Bold(name));
  absl::StrAppend(out, ".PP\nOptions: ", absl::StrJoin(names, ", "), ".\n");
}

}  // namespace

std::string ManPage() {
  std::string out = absl::StrCat(
      ".\\\" Made by `assay help --man`.\n.TH ASSAY 1 \"\" \"", VersionText(),
      "\" \"User Commands\"\n",
      ".SH NAME\nassay \\- what an ONNX model costs, on which hardware, and why\n",
      ".SH SYNOPSIS\n", Bold("assay"), " ", Italic("COMMAND"), " [", Italic("ARGS"), "...] [",
      Italic("OPTIONS"), "]\n", ".SH DESCRIPTION\n",
      Text("Reads exported models and counts their work, traffic, fusion, parallelism and memory; "
           "estimates latency and energy on machines that are described in YAML. No model is run, "
           "no accelerator is needed, no weight is read."),
      "\n.PP\n", Bold("assay"), " ", Italic("COMMAND"), " ", Bold("--help"),
      " explains a command; ", Bold("assay --version"), " prints the version.\n", ".SH COMMANDS\n");
  for (const CommandRow& row : CommandTable()) AddCommand(row, &out);
  absl::StrAppend(&out, ".SH OPTIONS\nAn option means the same in every command that has it.\n");
  for (const OptionRow& row : OptionTable()) {
    absl::StrAppend(&out, ".TP\n", Spelling(row), "\n", Text(DocOf(row)),
                    row.repeatable ? "; may be repeated" : "", ".\n");
  }
  absl::StrAppend(&out, ".SH EXIT STATUS\n");
  for (const ExitRow& row : ExitTable()) {
    absl::StrAppend(&out, ".TP\n", Bold(absl::StrCat(int{row.code})), "\n", Text(row.what), ".\n");
  }
  absl::StrAppend(&out, ".SH ENVIRONMENT\n.TP\n", Bold("NO_COLOR"),
                  "\nNot empty: no colour.\n.TP\n", Bold("TERM"),
                  "\n\\(lqdumb\\(rq: no colour.\n.TP\n", Bold("COLUMNS"),
                  "\nWidth of the terminal, where results go to one; otherwise asked of it.\n",
                  ".SH EXAMPLES\n");
  for (const CommandRow& row : CommandTable()) {
    for (const Example& example : row.examples) {
      absl::StrAppend(&out, ".TP\n", Bold(absl::StrCat("assay ", example.command)), "\n",
                      Text(example.doc), "\n");
    }
  }
  return out;
}

}  // namespace assay
