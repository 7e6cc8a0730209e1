// `--help`, from the same rows that parse.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "analyzer/text_table.h"
#include "cli/command.h"

namespace assay {
namespace {

std::string Paragraphs(absl::string_view text, int width) {
  std::string out;
  for (absl::string_view paragraph : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    absl::StrAppend(&out, Wrap(paragraph, width, 0), "\n");
  }
  return out;
}

constexpr ExitRow kExits[] = {
    {kDone, "done"},
    {kInputFailed, "an input failed"},
    {kUsage, "the command line is wrong"},
    {kLimitBroken, "a limit is broken"},
};

}  // namespace

absl::Span<const ExitRow> ExitTable() { return kExits; }

std::string DocOf(const OptionRow& row) {
  std::string choices;
  if (row.closed) {
    const std::vector<absl::string_view> names = row.choices();
    for (size_t i = 0; i < names.size(); ++i) {
      absl::StrAppend(&choices, i == 0 ? "" : i + 1 < names.size() ? ", " : " or ", names[i]);
    }
  }
  return absl::StrReplaceAll(row.doc, {{"{choices}", choices}});
}

std::string HelpText(int width) {
  const TextStyle style = {.width = width};
  std::string out =
      absl::StrCat(Wrap("assay: what an ONNX model costs, on which hardware, and why", width, 2),
                   "\n\n", Wrap("usage: assay COMMAND [ARGS...] [OPTIONS]", width, 2), "\n\n");
  FactList commands;
  for (const CommandRow& row : CommandTable()) {
    commands.Add(absl::StrCat(row.name, row.args.empty() ? "" : " ", row.args),
                 std::string(row.summary));
  }
  commands.Print(style, 2, &out);
  std::vector<std::string> exits;
  for (const ExitRow& row : kExits) exits.push_back(absl::StrCat(int{row.code}, " ", row.what));
  absl::StrAppend(
      &out, "\n",
      Wrap("`assay COMMAND --help` explains a command. `assay --version` prints the "
           "version.",
           width, 0),
      "\n", Wrap(absl::StrCat("Exit status: ", absl::StrJoin(exits, ", "), "."), width, 0), "\n");
  return out;
}

std::string HelpText(const CommandRow& command, int width) {
  const TextStyle style = {.width = width};
  const std::string usage =
      absl::StrCat("usage: assay ", command.name, command.args.empty() ? "" : " ", command.args,
                   command.options.empty() ? "" : " [OPTIONS]");
  std::string out =
      absl::StrCat(Wrap(absl::StrCat("assay ", command.name, ": ", command.summary), width, 2),
                   "\n\n", Wrap(usage, width, 2), "\n\n", Paragraphs(command.doc, width));
  if (!command.options.empty()) {
    FactList options;
    for (absl::string_view name : command.options) {
      const OptionRow& row = *FindOption(name);
      options.Add(absl::StrCat(row.letter, row.letter.empty() ? "" : ", ", row.name,
                               row.value.empty() ? "" : " ", row.value),
                  absl::StrCat(DocOf(row), row.repeatable ? "; may be repeated" : ""));
    }
    absl::StrAppend(&out, "\noptions:\n");
    options.Print(style, 2, &out);
  }
  if (!command.examples.empty()) {
    absl::StrAppend(&out, "\nexamples:\n");
    for (const Example& example : command.examples) {
      // A shell takes the lines of one command together.
      const std::string lines = absl::StrReplaceAll(
          Wrap(absl::StrCat("assay ", example.command), width - 4, 4), {{"\n", " \\\n"}});
      absl::StrAppend(&out, "  ", lines, "\n      ", Wrap(example.doc, width - 6, 6), "\n");
    }
  }
  return out;
}

}  // namespace assay
