// Completion for shells, from the rows of commands and options: commands, each one's options, the
// names that a value may be, model files. A script is static: it holds the names as this program
// knows them, and a tabulator key starts no process.
//
//   source <(assay help --completion bash)
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "cli/command.h"
#include "ir/rows.h"

namespace assay {
namespace {

using Names = std::vector<absl::string_view>;

// What a value or an argument is.
enum class Takes { kNothing, kFile, kFolder, kModel, kName, kWord };

Takes TakesOf(const OptionRow& row) {
  if (row.value.empty()) return Takes::kNothing;
  if (row.choices != nullptr) return Takes::kName;
  if (absl::StartsWith(row.value, "FILE")) return Takes::kFile;
  return row.value == "DIR" ? Takes::kFolder : Takes::kWord;
}

Takes TakesOf(const CommandRow& row) {
  if (row.choices != nullptr) return Takes::kName;
  if (absl::StrContains(row.args, "MODEL") || absl::StrContains(row.args, "OLD")) {
    return Takes::kModel;
  }
  return row.args.empty() ? Takes::kNothing : Takes::kWord;
}

// Several in one word: "T[,T]".
bool IsList(const OptionRow& row) { return absl::StrContains(row.value, "[,"); }

// 'as one word of a shell'.
std::string Quoted(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

std::vector<std::string> Spellings(const CommandRow& row) {
  std::vector<std::string> out;
  for (absl::string_view name : row.options) {
    out.emplace_back(name);
    if (const OptionRow* option = FindOption(name); !option->letter.empty()) {
      out.emplace_back(option->letter);
    }
  }
  out.emplace_back("--help");
  return out;
}

// Names with `@` are in the other shells alone: bash divides words there.
std::string BashNames(const Names& names) {
  Names plain;
  for (absl::string_view name : names) {
    if (!absl::StrContains(name, '@')) plain.push_back(name);
  }
  return absl::StrJoin(plain, " ");
}

std::string Bash() {
  std::string out = absl::StrCat(
      "# bash completion of assay; made by `assay help --completion bash`.\n"
      "_assay_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\"); }\n"
      "_assay_list() {\n"
      "  local before=\n"
      "  case $cur in *,*) before=${cur%,*}, ;; esac\n"
      "  mapfile -t COMPREPLY < <(compgen -P \"$before\" -W \"$1\" -- \"${cur##*,}\")\n"
      "  compopt -o nospace 2>/dev/null\n"
      "}\n"
      "_assay_files() {\n"
      "  compopt -o filenames 2>/dev/null\n"
      "  mapfile -t COMPREPLY < <(compgen -f -X \"!*$1\" -- \"$cur\"; compgen -d -- \"$cur\")\n"
      "}\n"
      "_assay() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  COMPREPLY=()\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    _assay_words \"",
      absl::StrJoin(NamesOf(CommandTable()), " "),
      " --help --version\"\n"
      "    return\n"
      "  fi\n"
      "  # --format=json is three words here.\n"
      "  if [ \"$cur\" = = ]; then\n"
      "    cur=\n"
      "  elif [ \"$prev\" = = ]; then\n"
      "    prev=${COMP_WORDS[COMP_CWORD-2]}\n"
      "  fi\n"
      "  case $prev in\n");
  for (const OptionRow& row : OptionTable()) {
    if (row.value.empty()) continue;
    absl::StrAppend(&out, "    ", row.name, row.letter.empty() ? "" : "|", row.letter, ") ");
    switch (TakesOf(row)) {
      case Takes::kName:
        absl::StrAppend(&out, IsList(row) ? "_assay_list" : "_assay_words", " \"",
                        BashNames(row.choices()), "\"");
        break;
      case Takes::kFile:
      case Takes::kFolder:
        absl::StrAppend(&out, "_assay_files ''");
        break;
      default:
        break;
    }
    absl::StrAppend(&out, "; return ;;\n");
  }
  absl::StrAppend(&out, "  esac\n  case ${COMP_WORDS[1]} in\n");
  for (const CommandRow& row : CommandTable()) {
    absl::StrAppend(&out, "    ", row.name, ")\n      case $cur in\n        -*) _assay_words \"",
                    absl::StrJoin(Spellings(row), " "), "\" ;;\n");
    if (TakesOf(row) == Takes::kName) {
      absl::StrAppend(&out, "        *) _assay_words \"", BashNames(row.choices()), "\" ;;\n");
    } else if (TakesOf(row) == Takes::kModel) {
      absl::StrAppend(&out, "        *) _assay_files .onnx ;;\n");
    }
    absl::StrAppend(&out, "      esac ;;\n");
  }
  absl::StrAppend(&out, "  esac\n}\ncomplete -F _assay assay\n");
  // A case without a body is none.
  return absl::StrReplaceAll(out, {{") ; return", ") return"}});
}

// In a specification of _arguments, these divide its parts.
std::string ZshText(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"[", "\\["}, {"]", "\\]"}, {":", "\\:"}});
}

std::string ZshAction(Takes takes, bool list, const Names& names) {
  switch (takes) {
    case Takes::kName:
      return list ? absl::StrCat("_sequence compadd - ", absl::StrJoin(names, " "))
                  : absl::StrCat("(", absl::StrJoin(names, " "), ")");
    case Takes::kFile:
      return "_files";
    case Takes::kFolder:
      return "_files -/";
    case Takes::kModel:
      return "_files -g \"*.onnx\"";
    default:
      return " ";
  }
}

std::string Zsh() {
  std::string out =
      "#compdef assay\n# zsh completion of assay; made by `assay help --completion zsh`.\n"
      "_assay() {\n  local -a commands\n  commands=(\n";
  for (const CommandRow& row : CommandTable()) {
    absl::StrAppend(&out, "    ", Quoted(absl::StrCat(row.name, ":", ZshText(row.summary))), "\n");
  }
  absl::StrAppend(&out,
                  "  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n"
                  "  fi\n  local command=$words[2]\n  shift words\n  (( CURRENT-- ))\n"
                  "  case $command in\n");
  for (const CommandRow& row : CommandTable()) {
    absl::StrAppend(&out, "    ", row.name, ")\n      _arguments -s");
    for (absl::string_view name : row.options) {
      const OptionRow& option = *FindOption(name);
      const Takes takes = TakesOf(option);
      const std::string what = absl::StrCat("[", ZshText(DocOf(option)), "]");
      const std::string value =
          takes == Takes::kNothing
              ? ""
              : absl::StrCat(":", ZshText(option.value), ":",
                             ZshAction(takes, IsList(option),
                                       takes == Takes::kName ? option.choices() : Names{}));
      const auto add = [&](absl::string_view spelling, absl::string_view given) {
        // Either spelling, once.
        const std::string once = option.repeatable ? "*"
                                 : option.letter.empty()
                                     ? ""
                                     : absl::StrCat("(", option.letter, " ", name, ")");
        absl::StrAppend(
            &out, " \\\n        ",
            Quoted(absl::StrCat(once, spelling, option.value.empty() ? "" : given, what, value)));
      };
      add(name, "=");
      if (!option.letter.empty()) add(option.letter, "+");
    }
    for (absl::string_view help : {"--help", "-h"}) {
      absl::StrAppend(&out, " \\\n        ", Quoted(absl::StrCat("(- *)", help, "[explain it]")));
    }
    const Takes takes = TakesOf(row);
    if (takes != Takes::kNothing) {
      absl::StrAppend(
          &out, " \\\n        ",
          Quoted(absl::StrCat(
              row.max_args == 1 ? "1:" : "*:", ZshText(row.args), ":",
              ZshAction(takes, false, takes == Takes::kName ? row.choices() : Names{}))));
    }
    absl::StrAppend(&out, " ;;\n");
  }
  absl::StrAppend(&out,
                  "  esac\n}\nif [ \"$funcstack[1]\" = _assay ]; then\n  _assay \"$@\"\nelse\n",
                  "  compdef _assay assay\nfi\n");
  return out;
}

// 'for fish, where a backslash escapes within quotes'.
std::string FishQuoted(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

std::string Fish() {
  std::string out =
      "# fish completion of assay; made by `assay help --completion fish`.\ncomplete -c assay -f\n";
  for (const CommandRow& row : CommandTable()) {
    absl::StrAppend(&out, "complete -c assay -n __fish_use_subcommand -a ", row.name, " -d ",
                    FishQuoted(row.summary), "\n");
    const std::string here =
        absl::StrCat("complete -c assay -n ",
                     FishQuoted(absl::StrCat("__fish_seen_subcommand_from ", row.name)));
    if (TakesOf(row) == Takes::kModel) {
      absl::StrAppend(&out, here, " -k -a '(__fish_complete_suffix .onnx)'\n");
    } else if (TakesOf(row) == Takes::kName) {
      absl::StrAppend(&out, here, " -a ", FishQuoted(absl::StrJoin(row.choices(), " ")), "\n");
    }
    for (absl::string_view name : row.options) {
      const OptionRow& option = *FindOption(name);
      absl::StrAppend(&out, here, " -l ", name.substr(2));
      if (!option.letter.empty()) absl::StrAppend(&out, " -s ", option.letter.substr(1));
      const Takes takes = TakesOf(option);
      if (takes == Takes::kName) {
        absl::StrAppend(&out, " -x -a ", FishQuoted(absl::StrJoin(option.choices(), " ")));
      } else if (takes == Takes::kFile || takes == Takes::kFolder) {
        absl::StrAppend(&out, " -r -F");
      } else if (takes == Takes::kWord) {
        absl::StrAppend(&out, " -x");
      }
      absl::StrAppend(&out, " -d ", FishQuoted(DocOf(option)), "\n");
    }
  }
  return out;
}

struct ShellRow {
  absl::string_view name;
  std::string (*make)();
};
constexpr ShellRow kShells[] = {{"bash", Bash}, {"zsh", Zsh}, {"fish", Fish}};

}  // namespace

std::vector<absl::string_view> CompletionShells() { return NamesOf(kShells); }

std::string Completion(absl::string_view shell) {
  const ShellRow* row = FindRow(kShells, shell);
  return row == nullptr ? "" : row->make();
}

}  // namespace assay
