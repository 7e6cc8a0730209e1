// `score`: a row per model, target, runtime and precision.
#include "analyzer/zoo/score.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analyzer/units.h"
#include "analyzer/zoo/scorer.h"
#include "analyzer/zoo/worker.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/progress.h"

namespace assay {
namespace {

volatile std::sig_atomic_t stop_asked = 0;

// Once: the run ends in good order. A second signal ends it at once.
class StopOnSignals {
 public:
  StopOnSignals() {
    stop_asked = 0;
    struct sigaction action = {};
    action.sa_handler = [](int) { stop_asked = 1; };
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, &interrupt_);
    sigaction(SIGTERM, &action, &terminate_);
  }
  ~StopOnSignals() {
    sigaction(SIGINT, &interrupt_, nullptr);
    sigaction(SIGTERM, &terminate_, nullptr);
  }

 private:
  struct sigaction interrupt_ = {}, terminate_ = {};
};

absl::Status CheckOutput(const std::string& output) {
  for (absl::string_view ending : {"", "-", ".db", ".sqlite", ".sqlite3", ".jsonl", ".csv"}) {
    if (ending.size() < 2 ? output == ending : absl::EndsWith(output, ending)) {
      return absl::OkStatus();
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "--output ", output, ": its ending says what it is to be; use .db, .jsonl or .csv"));
}

std::string Named(const std::vector<ScoreSummary::Scored>& list) {
  return absl::StrJoin(list, ", ", [](std::string* out, const ScoreSummary::Scored& s) {
    absl::StrAppend(out, s.name, " (", Ratio(s.score), ")");
  });
}

void SaySummary(const ScoreSummary& s, const Request& request, Io& io) {
  for (const std::string& problem : s.problems) SayError(problem, io);
  const auto count = [](size_t n) { return Exact(static_cast<int64_t>(n)); };
  std::string text =
      absl::StrCat(count(s.finished), " of ", count(s.models), " models in ", Seconds(s.seconds));
  if (s.resumed > 0) {
    absl::StrAppend(&text, ", ", count(s.resumed), " were done before");
    if (s.failed_before > 0)
      absl::StrAppend(&text, ", of which ", count(s.failed_before), " failed");
  }
  if (s.failed > 0) absl::StrAppend(&text, "; ", count(s.failed), " failed");
  if (s.over_limit > 0)
    absl::StrAppend(&text, "; ", Plural(static_cast<int64_t>(s.over_limit), "row"),
                    " of verdict FAIL");
  if (s.stopped) absl::StrAppend(&text, "; stopped, --resume goes on");
  if (!request.quiet || s.failed + s.failed_before > 0 || s.stopped) SayError(text, io);
  std::vector<std::pair<size_t, std::string>> causes;
  for (const auto& [cause, n] : s.causes) causes.emplace_back(n, cause);
  std::stable_sort(causes.begin(), causes.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& [n, cause] : causes) {
    io.Err(Printable(absl::StrCat("  ", count(n), " x ", cause)) + "\n");
  }
  if (request.quiet) return;
  if (!s.slowest.empty() && s.finished > 1) {
    const std::string slowest = absl::StrJoin(
        s.slowest, ", ", [](std::string* out, const std::pair<double, std::string>& p) {
          absl::StrAppend(out, p.second, " (", Seconds(p.first), ")");
        });
    io.Err(Printable(absl::StrCat("  slowest: ", slowest)) + "\n");
  }
  if (s.finished > 1 && !s.best.empty()) {
    io.Err(Printable(absl::StrCat("  best score: ", Named(s.best))) + "\n");
    io.Err(Printable(absl::StrCat("  worst score: ", Named(s.worst))) + "\n");
  }
}

}  // namespace

ExitCode RunScore(const Request& request, Io& io) {
  ScorerOptions what{.analyze = request.analyze,
                     .fit = request.fit,
                     .weights = request.score_weights,
                     .version = std::string(VersionText())};
  absl::StatusOr<Scorer> scorer = Scorer::Make(std::move(what));
  absl::Status status = scorer.status();
  if (status.ok()) status = CheckOutput(request.output);
  if (!status.ok()) {
    SayError(status, io);
    return kUsage;
  }
  if (std::getenv(kWorkerMemory) != nullptr) {
    return static_cast<ExitCode>(RunWorker([&](const std::string& path, const std::string& name) {
      return scorer->Score(path, name);
    }));
  }
  if (!scorer->skipped().empty() && !request.quiet) {
    const size_t more = scorer->skipped().size() - 1;
    SayError(absl::StrCat("left out: ", scorer->skipped()[0],
                          more > 0 ? absl::StrCat("; and ", more, " more") : ""),
             io);
  }
  ScoreOptions options = request.score;
  options.paths = request.args;
  options.output = request.output == "-" ? "" : request.output;
  options.command = {io.program(), "score"};
  options.command.insert(options.command.end(), request.words.begin(), request.words.end());
  if (options.resume && options.output.empty()) {
    SayError("--resume needs to know what was done; name a file with --output", io);
    return kUsage;
  }
  const StopOnSignals signals;
  Progress progress(io, request.quiet);
  const ScoreEvents events{
      .out = [&](absl::string_view text) { return io.Out(text); },
      .progress = [&](size_t done, size_t of, size_t failed) { progress.Show(done, of, failed); },
      .stop = [] { return stop_asked != 0; }};
  absl::StatusOr<ScoreSummary> summary = ScoreModels(*scorer, options, events);
  progress.End();
  if (!summary.ok()) {
    if (absl::IsCancelled(summary.status())) return WriteFailed(summary.status(), io);
    SayError(summary.status(), io);
    return absl::IsNotFound(summary.status()) ? kUsage : kInputFailed;
  }
  if (summary->models == 0) {
    SayError("no model found; a folder's models end in .onnx or begin as a ModelProto does", io);
    return kInputFailed;
  }
  SaySummary(*summary, request, io);
  if (summary->failed + summary->failed_before > 0 || summary->stopped ||
      !summary->problems.empty())
    return kInputFailed;
  return scorer->limited() && summary->over_limit > 0 ? kLimitBroken : kDone;
}

}  // namespace assay
