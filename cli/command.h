// The command line as data. A row of the option table says how an option is spelled, what it means
// and what it sets; a row of the command table lists its options by name. Parsing, `--help`, near
// spellings and the tests all read these rows, so that a new option or command is one row (and a
// function).
#ifndef ASSAY_CLI_COMMAND_H_
#define ASSAY_CLI_COMMAND_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "analyzer/compare.h"
#include "analyzer/explain.h"
#include "analyzer/fitness.h"
#include "analyzer/options.h"
#include "analyzer/sweep.h"
#include "analyzer/zoo/score.h"
#include "analyzer/zoo/scorer.h"
#include "analyzer/zoo/zoo_report.h"
#include "cli/io.h"

namespace assay {

// Exit status of the process.
enum ExitCode {
  kDone = 0,
  kInputFailed = 1,  // a model or file could not be used
  kUsage = 2,        // the command line is wrong, unknown names included
  kLimitBroken = 3,  // all inputs were used, and a limit does not hold
};

// A command line, understood.
struct Request {
  std::vector<std::string> words;  // after the command's name, as they came
  std::vector<std::string> args;   // models, or names
  AnalyzeOptions analyze;
  ReportOptions report;
  CompareOptions compare;
  SweepOptions sweep;
  ExplainOptions explain;
  std::string format;    // empty: by the ending of `output`, else text
  std::string as;        // what to export; empty: by the ending of `output`, else the first row
  std::string color_by;  // of a drawing; empty: as suits it
  std::string output;    // empty: standard output
  std::string color = "auto";
  bool quiet = false;
  bool keys = false;
  std::string check;
  std::string measured;                 // CSV of measurements
  std::string profile;                  // JSON of one model's, node by node
  std::string models = "testdata/zoo";  // folder of their models
  std::string leave_out = "none";
  std::string plot;
  FitOptions fit;
  ScoreOptions score;  // what to score, and how; where to is `output`
  std::vector<Weight> score_weights;
  ZooOptions zoo;
  bool man = false;
  std::string completion;  // of which shell
};

struct OptionRow {
  absl::string_view name;    // "--target"
  absl::string_view letter;  // "-o", or nothing
  absl::string_view value;   // "NAME=N"; empty: the option takes none
  absl::string_view doc;
  bool repeatable = false;             // else the last one counts
  absl::string_view file_option = {};  // what it means when a FILE.yaml follows: another option
  // The names that the value may be, for help and shells; `closed`: nothing else is right, and
  // "{choices}" in `doc` stands for them.
  std::vector<absl::string_view> (*choices)() = nullptr;
  bool closed = false;
  // Takes the value (empty when the option has none). An error says what is wrong with the value.
  absl::Status (*set)(absl::string_view value, Request& request);
};

struct Example {
  absl::string_view command;  // after "assay "
  absl::string_view doc;
};

struct CommandRow {
  absl::string_view name;
  absl::string_view args;     // "MODEL..."
  absl::string_view summary;  // one line
  absl::string_view doc;      // paragraphs, divided by "\n"
  int min_args = 0;
  int max_args = 0;  // -1: any number
  absl::Span<const absl::string_view> options;
  absl::Span<const Example> examples;
  ExitCode (*run)(const Request& request, Io& io);
  std::vector<absl::string_view> (*choices)() = nullptr;  // names that an argument may be
};

// "assay 0.1.0"
absl::string_view VersionText();

absl::Span<const OptionRow> OptionTable();
absl::Span<const CommandRow> CommandTable();

// Null when there is none. Options by "--name" or "-n".
const OptionRow* FindOption(absl::string_view name);
const CommandRow* FindCommand(absl::string_view name);

// The words after the command's name. An error is for the user as it stands.
absl::Status ParseArgs(const CommandRow& command, absl::Span<const std::string> args,
                       Request* request);

// An error that lists what is known, or the nearest of it, when `value` is none of them. (An option
// whose row is `closed` is checked so by the parser.)
absl::Status OneOf(absl::string_view value, absl::Span<const absl::string_view> known);

// What `assay --help` and `assay COMMAND --help` print, so many columns wide.
std::string HelpText(int width);
std::string HelpText(const CommandRow& command, int width);
// An option's text, its choices put in.
std::string DocOf(const OptionRow& row);
// "Exit status: 0 done, ...".
struct ExitRow {
  ExitCode code;
  absl::string_view what;
};
absl::Span<const ExitRow> ExitTable();

// The manual page (troff, macros of man(7)), and completion for a shell of `CompletionShells`.
std::string ManPage();
std::vector<absl::string_view> CompletionShells();
std::string Completion(absl::string_view shell);

// The whole program: the words after the program's name.
ExitCode RunAssay(absl::Span<const std::string> args, Io& io);

}  // namespace assay

#endif  // ASSAY_CLI_COMMAND_H_
