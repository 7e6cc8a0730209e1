// `assay score`: every model that a command line means, scored in workers, into a table.
//
// Rows go to standard output as JSON Lines in the order of the models, or into a file by its
// ending: .db and .sqlite are the database itself; .jsonl and .csv are written from one that stands
// beside them (FILE.partial.db) while the run lasts, in the order of the rows' keys.
#ifndef ASSAY_ANALYZER_ZOO_SCORE_H_
#define ASSAY_ANALYZER_ZOO_SCORE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "analyzer/zoo/find_models.h"
#include "analyzer/zoo/scorer.h"

namespace assay {

struct ScoreOptions {
  std::vector<std::string> paths;
  FindOptions find;
  std::string output;  // empty: standard output
  bool resume = false;
  int jobs = 0;                      // 0: as many as the process may have processors
  double time_limit_s = 60;          // of one model
  double memory_bytes = 0;           // of all workers together; 0: half of what is free
  double model_bytes = 0;            // of one model; 0: as much as all may have
  std::vector<std::string> command;  // that is a worker: program and arguments
};

// What a run came to.
struct ScoreSummary {
  size_t models = 0;                     // found
  size_t resumed = 0;                    // of these done before
  size_t failed_before = 0;              // of the resumed
  size_t finished = 0;                   // in this run
  size_t failed = 0;                     // of the finished: no row, or none but errors
  size_t over_limit = 0;                 // rows whose verdict is FAIL, with those of before
  std::map<std::string, size_t> causes;  // of failures, alike ones together
  std::vector<std::pair<double, std::string>> slowest;  // seconds, most first
  struct Scored {
    double score = 0;
    std::string name;  // "resnet18.onnx on t4"
  };
  std::vector<Scored> best, worst;    // by score, one each per model
  std::vector<std::string> problems;  // FoundModels::problems
  double seconds = 0;
  bool stopped = false;  // before its end
};

struct ScoreEvents {
  std::function<absl::Status(absl::string_view)> out;  // lines of rows, where output is empty
  std::function<void(size_t done, size_t of, size_t failed)> progress;  // some times a second
  std::function<bool()> stop;                                           // whether to end early
};

absl::StatusOr<ScoreSummary> ScoreModels(Scorer& scorer, const ScoreOptions& options,
                                         const ScoreEvents& events);

// How many processors, and how many bytes, this process may have by the machine and its cgroup.
int ProcessorsAllowed();
double MemoryAllowed();

}  // namespace assay

#endif  // ASSAY_ANALYZER_ZOO_SCORE_H_
