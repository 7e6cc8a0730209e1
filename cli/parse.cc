// Words to Request. CLI11 does the lexing (`--a=b`, `-ob`, `--`), over the rows of one command
// only: building a parser costs some microseconds per option, which a process that answers in
// milliseconds notices when it does so for every command.
#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cli/command.h"
#include "ir/suggest.h"

namespace assay {
namespace {

absl::Status Usage(const CommandRow& command, absl::string_view message) {
  return absl::InvalidArgumentError(
      absl::StrCat(message, "; see `assay ", command.name, " --help`"));
}

absl::Status UnknownOption(const CommandRow& command, absl::string_view word) {
  absl::string_view name = word.substr(0, word.find('='));
  std::string near = DidYouMean(name, command.options);
  if (near.empty() && FindOption(name) != nullptr) {
    return Usage(command, absl::StrCat("`", command.name, "` has no option `", name, "`"));
  }
  return Usage(command, absl::StrCat("unknown option `", name, "`", near));
}

// A flag with a value, or an option without one.
absl::Status WrongNumberOfValues(const CommandRow& command, absl::Span<const std::string> args) {
  for (const std::string& word : args) {
    absl::string_view name = absl::string_view(word).substr(0, word.find('='));
    const OptionRow* row = FindOption(name);
    if (row == nullptr) continue;
    if (row->value.empty() && name != word) {
      return Usage(command, absl::StrCat("`", name, "` takes no value"));
    }
    if (!row->value.empty() && name == word && (&word == &args.back() || (&word)[1][0] == '-')) {
      return Usage(command,
                   absl::StrCat("`", word, "` needs a value: ", row->name, " ", row->value));
    }
  }
  return Usage(command, "an option lacks its value");
}

bool IsYaml(absl::string_view word) {
  return absl::EndsWith(word, ".yaml") || absl::EndsWith(word, ".yml");
}

// `--ops FILE.yaml` and `--ops=FILE.yaml` become `--op-file=FILE.yaml`; no model ends so. What
// begins with a dash is the next option, whatever it ends in.
std::vector<std::string> ResolveFileOptions(const CommandRow& command,
                                            absl::Span<const std::string> args) {
  std::vector<std::string> words;
  for (size_t i = 0; i < args.size(); ++i) {
    if (args[i] == "--") {
      words.insert(words.end(), args.begin() + static_cast<std::ptrdiff_t>(i), args.end());
      break;
    }
    const size_t equals = args[i].find('=');
    const std::string name = args[i].substr(0, equals);
    const OptionRow* row = FindOption(name);
    const bool joined = equals != std::string::npos;
    const absl::string_view value =
        joined ? absl::string_view(args[i]).substr(equals + 1)
               : (i + 1 < args.size() ? absl::string_view(args[i + 1]) : absl::string_view());
    const bool is_option = !joined && absl::StartsWith(value, "-");
    if (row == nullptr || row->file_option.empty() || !IsYaml(value) || is_option ||
        !absl::c_linear_search(command.options, row->file_option)) {
      words.push_back(args[i]);
      continue;
    }
    words.push_back(absl::StrCat(row->file_option, "=", value));
    if (!joined) ++i;
  }
  return words;
}

}  // namespace

absl::Status OneOf(absl::string_view value, absl::Span<const absl::string_view> known) {
  if (absl::c_linear_search(known, value)) return absl::OkStatus();
  const std::string near = DidYouMean(value, known);
  if (!near.empty()) return absl::InvalidArgumentError(absl::StrCat("unknown name", near));
  return absl::InvalidArgumentError(
      absl::StrCat("unknown name; known are ", absl::StrJoin(known, ", ")));
}

absl::Status ParseArgs(const CommandRow& command, absl::Span<const std::string> args,
                       Request* request) {
  CLI::App app;
  app.set_help_flag();
  std::vector<std::pair<const OptionRow*, CLI::Option*>> options;
  for (absl::string_view name : command.options) {
    const OptionRow* row = FindOption(name);
    std::string spelling(row->name);
    if (!row->letter.empty()) absl::StrAppend(&spelling, ",", row->letter);
    CLI::Option* option = row->value.empty() ? app.add_flag(spelling) : app.add_option(spelling);
    if (row->value.empty()) {
      option->disable_flag_override();  // --ops=3 is an error
    } else {
      option->expected(1)->allow_extra_args(false)->take_all();
    }
    options.emplace_back(row, option);
  }
  CLI::Option* positional = app.add_option("args", request->args)->take_all();
  positional->expected(0, 1 << 20);

  std::vector<std::string> words = ResolveFileOptions(command, args);
  std::reverse(words.begin(), words.end());  // CLI11 takes them last first
  try {
    app.parse(std::move(words));
  } catch (const CLI::ExtrasError&) {
    for (const std::string& word : app.remaining()) {
      if (word.size() > 1 && word[0] == '-') return UnknownOption(command, word);
    }
    return Usage(command, "too many words");
  } catch (const CLI::ArgumentMismatch&) {
    return WrongNumberOfValues(command, args);
  } catch (const CLI::ParseError& error) {
    return Usage(command, error.what());
  }

  for (const auto& [row, option] : options) {
    if (option->count() == 0) continue;
    std::vector<std::string> values = option->results();
    if (row->value.empty()) values = {""};
    if (!row->repeatable) values.erase(values.begin(), values.end() - 1);
    for (const std::string& value : values) {
      absl::Status status = row->closed ? OneOf(value, row->choices()) : absl::OkStatus();
      if (status.ok()) status = row->set(value, *request);
      if (!status.ok()) {
        return Usage(command, absl::StrCat(row->name, " ", value, ": ", status.message()));
      }
    }
  }
  if (command.name != "sweep" && !request->sweep.ranges().empty()) {
    return Usage(command, absl::StrCat(request->sweep.ranges()[0],
                                       ": only `assay sweep` takes a range; name one size"));
  }
  const int given = static_cast<int>(request->args.size());
  if (given < command.min_args) {
    return Usage(command, absl::StrCat("`assay ", command.name, "` needs ", command.args));
  }
  if (command.max_args >= 0 && given > command.max_args) {
    return Usage(command, absl::StrCat("`", request->args[command.max_args],
                                       "` is one word too many for `assay ", command.name, "`"));
  }
  return absl::OkStatus();
}

}  // namespace assay
