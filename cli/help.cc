// `--help`, from the same rows that parse.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "analyzer/text_table.h"
#include "cli/command.h"

namespace assay {
namespace {

constexpr TextStyle kStyle = {.width = 100};

std::string Paragraphs(absl::string_view text) {
  std::string out;
  for (absl::string_view paragraph : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    absl::StrAppend(&out, Wrap(paragraph, kStyle.width, 0), "\n");
  }
  return out;
}

}  // namespace

std::string HelpText() {
  std::string out =
      "assay: what an ONNX model costs, on which hardware, and why\n"
      "\n"
      "usage: assay COMMAND [ARGS...] [OPTIONS]\n"
      "\n";
  FactList commands;
  for (const CommandRow& row : CommandTable()) {
    commands.Add(absl::StrCat(row.name, row.args.empty() ? "" : " ", row.args),
                 std::string(row.summary));
  }
  commands.Print(kStyle, 2, &out);
  absl::StrAppend(
      &out,
      "\n"
      "`assay COMMAND --help` explains a command. `assay --version` prints the version.\n"
      "Exit status: 0 done, 1 an input failed, 2 the command line is wrong, 3 a limit is "
      "broken.\n");
  return out;
}

std::string HelpText(const CommandRow& command) {
  std::string out =
      absl::StrCat("assay ", command.name, ": ", command.summary, "\n\nusage: assay ", command.name,
                   command.args.empty() ? "" : " ", command.args,
                   command.options.empty() ? "" : " [OPTIONS]", "\n\n", Paragraphs(command.doc));
  if (!command.options.empty()) {
    FactList options;
    for (absl::string_view name : command.options) {
      const OptionRow& row = *FindOption(name);
      options.Add(absl::StrCat(row.letter, row.letter.empty() ? "" : ", ", row.name,
                               row.value.empty() ? "" : " ", row.value),
                  absl::StrCat(row.doc, row.repeatable ? "; may be repeated" : ""));
    }
    absl::StrAppend(&out, "\noptions:\n");
    options.Print(kStyle, 2, &out);
  }
  if (!command.examples.empty()) {
    absl::StrAppend(&out, "\nexamples:\n");
    for (const Example& example : command.examples) {
      absl::StrAppend(&out, "  assay ", example.command, "\n      ", example.doc, "\n");
    }
  }
  return out;
}

}  // namespace assay
